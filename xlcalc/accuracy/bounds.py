"""Low, expected and high of one call, whatever its function: of a step, a token or memory (accuracy/ranges.py), or of a
whole training run (accuracy/whole_runs.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from xlcalc.accuracy import ranges, whole_runs
from xlcalc.accuracy.likeness import FAMILIES
from xlcalc.accuracy.ranges import Bounds
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.language.declare import Declaration

FUNCTIONS = tuple(FAMILIES)
_STATES = ("weights", "gradients", "optimizer")
_COUNTED = {"LLM_SERVE_MEMORY": ("weights", "cache"), "LLM_TRAIN_MEMORY": _STATES, "LLM_FINETUNE_MEMORY": _STATES}
"""Parts of memory that are counted: below them no measurement can lie."""
_BASES = {
    "measured": "constants were calibrated on this machine",
    "borrowed": "constants are those of its architecture, calibrated on other machines",
    "never": "constants are those of other architectures",
}


class Estimate(NamedTuple):
    """What a call gives and the ends of its range, with what they are of it, and the cases behind them."""

    low: float
    expected: float
    high: float
    low_share: float
    high_share: float
    about: str
    source: str


def of(declaration: Declaration, read: Sequence[Any]) -> Bounds | None:
    """The range of one call, its arguments as the formula takes them; None for a function that was not measured."""
    if declaration.name in whole_runs.FUNCTIONS:
        return whole_runs.of(declaration, read)
    return ranges.of(declaration, read) if declaration.name in FAMILIES else None


def around(declaration: Declaration, read: Sequence[Any], result: Any) -> Estimate | None:
    """The result of a call with its range; of a bill its total. None for a function that was not measured."""
    bounds = of(declaration, read)
    if bounds is None:
        return None
    expected, shares = whole_runs.total(result), (bounds.low, bounds.high)
    accelerator = next((value.id for value in read if isinstance(value, AcceleratorSpec)), "")
    about, source = _about(bounds, declaration.name, accelerator)
    ends = (share * expected for share in shares)
    low, high = whole_runs.of_bill(result, shares) if isinstance(result, list) else ends
    return Estimate(max(low, min(_counted(declaration, read), expected)), expected, high, *shares, about, source)


def _counted(declaration: Declaration, read: Sequence[Any]) -> float:
    """How much of a memory is counted."""
    parts = _COUNTED.get(declaration.name, ())
    if not parts:
        return 0.0
    at = next(i for i, argument in enumerate(declaration.arguments) if argument.name == "part")
    counted = parts if read[at] == "total" else {read[at]}.intersection(parts)
    return sum(declaration.compute([*read[:at], part, *read[at + 1 :]]) for part in counted)


def _about(bounds: Bounds, function: str, accelerator: str) -> tuple[str, str]:
    """What a range says, in one sentence, and where its cases stand."""
    here = f", {bounds.here} on {accelerator}" if accelerator else ""
    if function in whole_runs.FUNCTIONS:
        said = f"{bounds.cases} published whole runs of {bounds.sources} organisations{here}, restarts and all"
        return (
            f"four of five whole runs like it lie between low and high: {said}",
            "catalog/training_runs.csv, each run with its source; LLM_TRAIN_RUNS lists them",
        )
    said = f"{bounds.cases} measured cases of {function} from {bounds.sources} sources{here}"
    basis = f"; {_BASES[bounds.basis]}" if accelerator else ""
    return (
        f"four of five measured runs like it lie between low and high: {said}{basis}",
        "catalog/measured.csv, each case with its source; LLM_ACCURACY lists them",
    )
