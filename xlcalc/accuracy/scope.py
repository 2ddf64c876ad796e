"""What of a call was never measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from xlcalc.accuracy import measurements
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.language.cells import UnitOf, shown
from xlcalc.language.declare import Argument, Declaration
from xlcalc.model.dtypes import DType
from xlcalc.model.spec import ModelSpec

# a quantity this many times beyond the largest one measured is another subject
_BEYOND = 100


class Measured(NamedTuple):
    """The values of an argument in measured cases, and the largest of them."""

    values: set[Any]
    largest: Any


def outside(declaration: Declaration, read: Sequence[Any]) -> list[str]:
    """A sentence for each argument, as the formula takes it, that lies outside what the measured cases cover."""
    covered = _covered(declaration)
    if not covered:
        return []
    given = [(a, v) for a, v in zip(declaration.arguments, read, strict=True) if not isinstance(a.kind, UnitOf)]
    return [said for argument, value in given if (said := _outside(argument, value, covered.get(argument.name)))]


def _outside(argument: Argument, value: Any, known: Measured | None) -> str:
    """What is outside the measured values of one argument; nothing for a blank."""
    name, value = argument.name, _comparable(value)
    if known is None:
        return "" if value == _comparable(argument.blank) else f"no measured case gives {name}"
    if isinstance(value, (int, float)) and value > _BEYOND * known.largest:
        return f"{name} {shown(value)} is more than {_BEYOND} times the largest measured, {shown(known.largest)}"
    if isinstance(value, str) and value not in known.values:
        return f"no measured case has {name} {value or 'of the user'}; measured were {', '.join(sorted(known.values))}"
    return ""


@cache
def _covered(declaration: Declaration) -> dict[str, Measured]:
    """The values of each argument in the measured cases of a function, its default where a case leaves it out."""
    cases = [one for one in measurements.published() if one.function == declaration.name]
    rows = [arguments for one in cases for arguments, _ in measurements.calls(one.arguments)]
    kinds = {argument.name: argument.kind for argument in declaration.arguments}
    distinct = {(name, json.dumps(value)): value for row in rows for name, value in row.items()}
    covered: dict[str, set[Any]] = {}
    for (name, _), value in distinct.items():
        covered.setdefault(name, set()).add(_comparable(kinds[name].read(value)))
    for argument in declaration.arguments:
        if argument.blank is not None and any(argument.name not in row for row in rows):
            covered.get(argument.name, set()).add(_comparable(argument.blank))
    return {name: Measured(values, max(values)) for name, values in covered.items()}


def _comparable(value: Any) -> Any:
    """What is compared of an argument: a model's type, an accelerator's id, a format's name, else itself."""
    if isinstance(value, ModelSpec):
        return "" if value.count is not None else value.text_config.model_type
    if isinstance(value, AcceleratorSpec):
        return value.id
    return value.name if isinstance(value, DType) else value
