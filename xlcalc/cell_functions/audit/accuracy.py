"""Cell functions that say how far the estimates hold: errors on measured cases, and ranges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from xlcalc import accuracy
from xlcalc.catalog import tables
from xlcalc.formula.arithmetic import searched, term
from xlcalc.language.cells import Choice, shown
from xlcalc.language.declare import Declaration, Table, cell_function, closest, find
from xlcalc.language.errors import CalcError
from xlcalc.language.kinds import Accelerator, Anything, Name, Real, Rows, Search

_Bound = Annotated[str, Choice("low", "expected", "high")]
_BoundOrCases = Annotated[str, Choice("low", "expected", "high", "cases")]
_MEASURED = "the published measurements of catalog/measured.csv"


@cell_function(category="Audit", source=_MEASURED)
def LLM_ACCURACY(name: Name = None, accelerator: Accelerator = None) -> Rows:
    """How well the estimates agree with published measurements: errors, source, the share inside their ranges.

    Mean, 90th percentile and worst error are fractions of the measurement. The constants of the models were calibrated
    on some of these cases (docs/accuracy.md says on which); the others had no part in any constant. Your own
    calibration.csv adds a group of its own: what is left of the error on your cases once they calibrate the estimates.

    Args:
        name: a function, with or without LLM_; blank = all that were measured
        accelerator: an accelerator; blank = all that were measured
    Example:
        >>> LLM_ACCURACY("LLM_STEP_TIME")[0][:4]
        ['function', 'measured on', 'accelerator', 'cases']
    """
    function = _function(name).name if name else ""
    found = accuracy.validation.summaries(function, accelerator.id if accelerator else "")
    if not found:
        raise CalcError("#N/A", "no measured case of this function and accelerator is known")
    headers = [
        "function", "measured on", "accelerator", "cases", "mean error", "p90 error", "worst error", "source",
        "inside its range",
    ]  # fmt: skip
    return Table([headers, *([*s[:7], tables.source_text(s.source, ""), s.inside] for s in found)])


def _function(name: str) -> Declaration:
    found = find(name)
    if found is None:
        raise CalcError("#N/A", f"{shown(name)} is not a function{closest(name)}", argument="name")
    return found


def _not_measured(name: str) -> CalcError:
    known = ", ".join(accuracy.bounds.FUNCTIONS)
    return CalcError("#N/A", f"must be a function that was measured: {known}; got {shown(name)}", argument="name")


@cell_function(category="Audit", source=_MEASURED)
def LLM_ESTIMATE_RANGE(name: Name, accelerator: Accelerator = None, bound: _BoundOrCases = "low") -> Real:
    """What to multiply an estimate by for the ends of its range, whatever is run on that accelerator.

    Four of five measured runs lie between low and high times their estimates, of models and formats that may be any;
    where the call is known, LLM_ESTIMATE_BOUND gives its own range, which is narrower. `expected` is 1, `cases` says
    how many were measured on the accelerator.

    Args:
        name: a function that was measured, with or without LLM_
        accelerator: the accelerator; blank = any
        bound: low, expected, high or cases
    Example:
        >>> LLM_ESTIMATE_RANGE("LLM_STEP_TIME", "h100-sxm", "expected")
        1
    """
    declaration = find(name)
    if declaration is None or declaration.name not in accuracy.bounds.FUNCTIONS:
        raise _not_measured(name)
    found = accuracy.ranges.of_accelerator(declaration.name, accelerator)
    return {"low": found.low, "expected": 1, "high": found.high, "cases": found.here if accelerator else found.cases}[
        bound
    ]


@cell_function(category="Audit", source=f"{_MEASURED}; whole runs: catalog/training_runs.csv")
def LLM_ESTIMATE_BOUND(
    name: Name,
    bound: _Bound,
    *arguments: Anything,
) -> Real:
    """Low, expected or high of exactly that call: four of five measured runs like it lie between low and high.

    `expected` is what the function itself gives. The range knows what is known of the call: whether constants were
    calibrated on this accelerator, on its architecture or on neither, the software, the kind of model, the number
    format, scale, batch and lengths; unknown means wider, by as much as runs that were left out of its making err
    (docs/accuracy.md). In the function's base unit.

    A range holds what its function gives: one step, first token, token, throughput or memory of one machine, which is
    never below what is counted of it (weights and cache; weights, gradients and optimizer). Of
    LLM_GPU_HOURS, LLM_TRAIN_TIME and LLM_TRAIN_COST (the total) it speaks of whole published training runs with all
    that interrupts them: restarts, evaluation, software of their day (LLM_TRAIN_RUNS lists them); the utilisation that
    the call gives is then one opinion among theirs.

    Args:
        name: a function that was measured, with or without LLM_
        bound: low, expected or high
        arguments: its arguments, in order
    Example:
        >>> round(LLM_ESTIMATE_BOUND("LLM_GPU_HOURS", "expected", 2.4e23, 312e12, 0.3), 1)
        712250.7
    """
    declaration = _function(name)
    if declaration.name not in accuracy.bounds.FUNCTIONS:
        raise _not_measured(name)
    found, unit = searched(_around, declaration, arguments), declaration.result.unit
    expected = term(f"{declaration.name}, as called", found.expected, unit, "LLM_EXPLAIN of that call")
    if bound == "expected":
        return expected
    end, share = (found.low, found.low_share) if bound == "low" else (found.high, found.high_share)
    if end == found.expected * share:  # of a bill not all is scaled
        end = expected * term(f"measured over estimated, {bound}", share, "ratio", found.about)
    return term(f"{declaration.name}, {bound}", end, unit, found.about)


def _around(declaration: Declaration, given: Sequence[Any]) -> accuracy.bounds.Estimate:
    """A call of a function that was measured, with its range, in the function's base unit."""
    n = len(declaration.arguments)
    if any(value is not None for value in given[n:]):
        raise CalcError("#VALUE!", f"takes at most {n} arguments", function=declaration.name)
    read = declaration.read(declaration.in_base_unit(given[:n]))
    found = accuracy.bounds.around(declaration, read, declaration.compute(read))
    assert found is not None
    return found


@cell_function(category="Training", source="catalog/training_runs.csv, each run with its source")
def LLM_TRAIN_RUNS(search: Search = "") -> Rows:
    """Published whole training runs with our estimate of their accelerator-hours and the ratio of both.

    Our hours are LLM_GPU_HOURS at a utilisation of 0.4 of LLM_TRAIN_FLOPS, with attention where the model is known; the
    ratio is published over ours. Fine-tuning, partial and doubtful accounts are listed as such and have no part in
    LLM_ESTIMATE_BOUND.

    Args:
        search: a text that the row contains: an organisation, a model, an accelerator; blank = all
    Example:
        >>> LLM_TRAIN_RUNS("Llama 3 70B")[1][:5]
        ['Llama 3 70B', 15000000000000, 'h100-sxm', None, 6400000]
    """
    return Table([list(accuracy.whole_runs.HEADER), *accuracy.whole_runs.listed(search)])
