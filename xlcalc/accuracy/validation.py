"""How well the estimates agree with measurements: every measured case of the catalog, estimated now.

`catalog/measured.csv` holds the published cases as calls of cell functions with what was measured, `catalog/bounds.csv`
the error that each group of them is stated to have. The user's own measurements (catalog/calibration.py) follow as a
group of their own, estimated with the calibration that they give: their error is what it leaves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

from xlcalc.accuracy import measurements as calibration
from xlcalc.catalog import tables
from xlcalc.formula.symbols import unrecorded
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.language.cells import Refusal, UnitOf, shown
from xlcalc.language.declare import Argument, Declaration, find
from xlcalc.language.errors import CalcError
from xlcalc.model.dtypes import DType
from xlcalc.model.spec import ModelSpec

OWN = "your calibration"
SHARE = 0.9  # of a group's cases, whose largest error is told beside the mean
# a quantity this many times beyond the largest one measured is another subject
_BEYOND = 100


class Result(NamedTuple):
    """One measured case and its estimate; `error` is estimate over measurement less 1, None where there is none."""

    function: str
    group: str
    accelerator: str
    case: str
    measured: float
    estimate: float | None
    error: float | None
    source: str
    sentence: str = ""


class Summary(NamedTuple):
    """The errors of a group of cases, as fractions of the measurement."""

    function: str
    group: str
    accelerator: str
    cases: int
    mean: float
    p90: float
    worst: float
    source: str


class Spread(NamedTuple):
    """What was measured over what is estimated: low and high of `cases` on an accelerator or on all, widened to those
    of `apart`, cases that no constant was calibrated on."""

    low: float
    high: float
    cases: int
    accelerator: str
    apart: int
    source: str


@cache
def published() -> tuple[Result, ...]:
    """Every published case with its estimate, which no calibration of the user touches."""
    with calibration.ignored():
        return tuple(map(_published, tables.shipped("measured")))


def _published(row: dict[str, str]) -> Result:
    about = row["function"], row["group"], row["accelerator"], row["case"]
    return _result(*about, json.loads(row["arguments"]), float(row["measured"]), row["source"])


@cache
def own() -> tuple[Result, ...]:
    """The user's measurements with their calibrated estimates. Raises ValueError where their file cannot be read."""
    found = []
    for case in calibration.measurements():
        function = find(case.function)
        if function is None or function.name not in calibration.FUNCTIONS:
            said = f"{case.function} is no estimate that is calibrated; those are {', '.join(calibration.FUNCTIONS)}"
            found.append(Result(case.function, OWN, "", case.case, case.measured, None, None, case.source, said))
        else:
            name = case.arguments.get("accelerator", "")
            kinds = {argument.name: argument.kind for argument in function.arguments}
            with suppress(Refusal):
                name = kinds["accelerator"].read(name).id
            about = function.name, OWN, str(name), case.case
            found.append(_result(*about, case.arguments, case.measured, case.source))
    return tuple(found)


def results() -> tuple[Result, ...]:
    """Every measured case with its estimate, published ones first."""
    return published() + own()


def _result(
    name: str, group: str, accelerator: str, case: str, arguments: dict[str, Any], measured: float, source: str
) -> Result:
    about = name, group, accelerator, case, measured
    function = find(name)
    assert function is not None, name
    try:
        with unrecorded():  # no part of the derivation that asks for it
            estimate = function(**arguments)
    except CalcError as error:
        return Result(*about, None, None, source, str(error))
    return Result(*about, estimate, estimate / measured - 1, source)


def summaries(function: str = "", accelerator: str = "") -> list[Summary]:
    """Mean, 90th percentile and worst error by function and group, then by accelerator, of the cases asked for."""
    chosen = [r for r in results() if function in ("", r.function) and accelerator in ("", r.accelerator)]
    groups = dict.fromkeys((r.function, r.group) for r in chosen)
    found: list[Summary] = []
    for name, group in groups:
        members = [r for r in chosen if (r.function, r.group) == (name, group)]
        machines = sorted({r.accelerator for r in members})
        if len(machines) > 1:
            found.append(_summary(members, "all"))
        found += [_summary([r for r in members if r.accelerator == machine], machine) for machine in machines]
    return found


def _summary(members: Sequence[Result], accelerator: str) -> Summary:
    errors = sorted(abs(r.error) for r in members if r.error is not None) or [float("nan")]
    first = members[0]
    p90 = errors[min(len(errors) - 1, int(SHARE * len(errors)))]
    return Summary(
        first.function, first.group, accelerator, len(members), sum(errors) / len(errors), p90, errors[-1], first.source
    )


@cache
def spread(function: str, accelerator: str) -> Spread | None:
    """Measured over estimated, 10th to 90th percentile (of less than ten cases: lowest to highest), 1 included.

    Of the cases on that accelerator, of all cases of the function where there is none; wider where the cases that no
    constant knows are wider, since the others had a part in what is estimated. None for a function without cases.
    """
    every = [r for r in published() if r.function == function and r.estimate]
    if not every:
        return None
    here = [r for r in every if r.accelerator == accelerator] or every
    stated = bounds()
    apart = [r for r in every if stated[r.function, r.group]["calibrated"] == "no"]
    ends = [_ends(members) for members in (here, apart) if members]
    return Spread(
        min(low for low, _ in ends),
        max(high for _, high in ends),
        len(here),
        "all accelerators" if here is every else accelerator,
        len(apart),
        "; ".join(dict.fromkeys(r.source for r in (*here, *apart))),
    )


def _ends(members: Sequence[Result]) -> tuple[float, float]:
    ratios = sorted(r.measured / r.estimate for r in members if r.estimate)
    beyond = len(ratios) // 10
    return min(ratios[beyond], 1.0), max(ratios[-1 - beyond], 1.0)


def bounds() -> dict[tuple[str, str], dict[str, str]]:
    """What is stated of each group of cases, by function and group: its errors, and whether a constant knows it."""
    return {(row["function"], row["group"]): row for row in tables.shipped("bounds")}


def unit(function: str) -> str:
    """What the cases of a function are measured in."""
    declaration = find(function)
    return (declaration.result.unit if declaration else "") or "tokens/s"


def outside(declaration: Declaration, read: Sequence[Any]) -> list[str]:
    """A sentence for each argument, as the formula takes it, that lies outside what the measured cases cover."""
    covered = _covered(declaration)
    if not covered:
        return []
    given = [(a, v) for a, v in zip(declaration.arguments, read, strict=True) if not isinstance(a.kind, UnitOf)]
    return [said for argument, value in given if (said := _outside(argument, value, covered.get(argument.name)))]


def _outside(argument: Argument, value: Any, known: set[Any] | None) -> str:
    """What is outside the measured values of one argument; nothing for a blank."""
    name, value = argument.name, _comparable(value)
    if known is None:
        return "" if value == _comparable(argument.blank) else f"no measured case gives {name}"
    if isinstance(value, (int, float)) and value > _BEYOND * max(known):
        return f"{name} {shown(value)} is more than {_BEYOND} times the largest measured, {shown(max(known))}"
    if isinstance(value, str) and value not in known:
        return f"no measured case has {name} {value or 'of the user'}; measured were {', '.join(sorted(known))}"
    return ""


@cache
def _covered(declaration: Declaration) -> dict[str, set[Any]]:
    """The values of each argument in the measured cases of a function; blanks stand for nothing measured."""
    rows = [json.loads(row["arguments"]) for row in tables.shipped("measured") if row["function"] == declaration.name]
    kinds = {argument.name: argument.kind for argument in declaration.arguments}
    distinct = {(name, json.dumps(value)): value for row in rows for name, value in row.items()}
    covered: dict[str, set[Any]] = {}
    for (name, _), value in distinct.items():
        covered.setdefault(name, set()).add(_comparable(kinds[name].read(value)))
    return covered


def _comparable(value: Any) -> Any:
    """What is compared of an argument: a model's type, an accelerator's id, a format's name, else itself."""
    if isinstance(value, ModelSpec):
        return "" if value.count is not None else value.text_config.model_type
    if isinstance(value, AcceleratorSpec):
        return value.id
    return value.name if isinstance(value, DType) else value


def broken() -> list[str]:
    """A sentence for each group whose error is above what is stated, and for each case that gives no estimate."""
    bound = bounds()
    said = [f"{r.function}, {r.group}, {r.case}: {r.sentence}" for r in results() if r.error is None]
    for (name, group), members in _by_group(results()).items():
        if group == OWN:
            continue
        stated, found = bound[name, group], _summary(members, "all")
        for figure, value in (("mean", found.mean), ("p90", found.p90), ("worst", found.worst)):
            if not value <= float(stated[figure]):
                said.append(f"{name}, {group}: {figure} error {value:.1%}, stated {float(stated[figure]):.1%}")
    return said


def _by_group(members: Iterable[Result]) -> dict[tuple[str, str], list[Result]]:
    groups: dict[tuple[str, str], list[Result]] = {}
    for member in members:
        groups.setdefault((member.function, member.group), []).append(member)
    return groups


def as_data() -> dict[str, Any]:
    """Cases, summaries and broken bounds as plain data."""
    return {
        "cases": [r._asdict() for r in results()],
        "summary": [s._asdict() for s in summaries()],
        "broken": broken(),
    }
