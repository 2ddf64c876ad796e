"""How well the estimates agree with measurements: every measured case of the catalog, estimated now.

`catalog/measured.csv` holds the published cases as calls of cell functions with what was measured, `catalog/bounds.csv`
the error that each group of them is stated to have. The user's own measurements follow as a group of their own,
estimated with the calibration that they give: their error is what it leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from math import isnan
from typing import Any, NamedTuple

from xlcalc.accuracy import measurements, ranges
from xlcalc.accuracy.likeness import FAMILIES
from xlcalc.accuracy.measurements import Measurement
from xlcalc.catalog import tables
from xlcalc.formula.symbols import unrecorded
from xlcalc.language.cells import Refusal
from xlcalc.language.declare import find
from xlcalc.language.errors import CalcError

OWN = "your calibration"
_MEASURED = [name for name, family in FAMILIES.items() if family != "whole runs"]
SHARE = 0.9  # of a group's cases, whose largest error is told beside the mean


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
    low: float | None = None
    high: float | None = None

    @property
    def inside(self) -> bool:
        """Whether the range of the estimate holds what was measured."""
        return self.low is not None and self.high is not None and self.low <= self.measured <= self.high


class Summary(NamedTuple):
    """The errors of a group of cases, as fractions of the measurement, and the share of them inside their ranges."""

    function: str
    group: str
    accelerator: str
    cases: int
    mean: float
    p90: float
    worst: float
    source: str
    inside: float


@cache
def published() -> tuple[Result, ...]:
    """Every published case with its estimate, which no calibration of the user touches."""
    with measurements.ignored():
        return tuple(_result(case) for case in measurements.published())


@cache
def own() -> tuple[Result, ...]:
    """The user's measurements with their calibrated estimates. Raises ValueError where their file cannot be read."""
    return of(measurements.measurements())


def of(cases: Iterable[Measurement]) -> tuple[Result, ...]:
    """The user's measurements with their estimates."""
    found = []
    for case in cases:
        about = case._replace(group=OWN)
        function = find(case.function)
        if function is None or FAMILIES.get(function.name, "whole runs") == "whole runs":
            said = f"{case.function} is no estimate that is measured; those are {', '.join(_MEASURED)}"
            found.append(_refused(about, said))
            continue
        kinds = {argument.name: argument.kind for argument in function.arguments}
        if "accelerator" in kinds:
            with suppress(Refusal):
                about = about._replace(accelerator=kinds["accelerator"].read(case.accelerator).id)
        found.append(_result(about))
    return tuple(found)


def results() -> tuple[Result, ...]:
    """Every measured case with its estimate, published ones first."""
    return published() + own()


def _result(case: Measurement) -> Result:
    function = find(case.function)
    assert function is not None, case.function
    if case.missing:
        return _refused(case, f"{function.name} {measurements.has_no(function, case.missing)}")
    try:
        with unrecorded():  # no part of the derivation that asks for it
            estimate, read = measurements.estimated(function, case)
    except CalcError as error:
        return _refused(case, str(error))
    given = dict(zip((a.name for a in function.arguments), read, strict=True))
    likely = ranges.of_call(function.name, given, case.software)
    about = case.function, case.group, case.accelerator, case.case, case.measured
    off = estimate / case.measured - 1
    return Result(*about, estimate, off, case.source, "", likely.low * estimate, likely.high * estimate)


def _refused(case: Measurement, sentence: str) -> Result:
    about = case.function, case.group, case.accelerator, case.case, case.measured
    return Result(*about, None, None, case.source, sentence)


def waiting() -> list[list[Any]]:
    """Published cases that cannot be asked: function, group, how many, the arguments that it does not take yet."""
    found: dict[tuple[str, str, str], int] = {}
    for case in measurements.every_published():
        if case.missing:
            key = case.function, case.group, ", ".join(case.missing)
            found[key] = found.get(key, 0) + 1
    return [[function, group, cases, names] for (function, group, names), cases in found.items()]


def summaries(function: str = "", accelerator: str = "", of_these: Sequence[Result] | None = None) -> list[Summary]:
    """Mean, 90th percentile and worst error by function and group, then by accelerator, of the cases asked for.

    Cases without an estimate count only beside others that have one.
    """
    chosen = [
        r
        for r in (results() if of_these is None else of_these)
        if function in ("", r.function) and accelerator in ("", r.accelerator)
    ]
    found: list[Summary] = []
    for members in _by_group(chosen).values():
        of_machine: dict[str, list[Result]] = {}
        for result in members:
            of_machine.setdefault(result.accelerator, []).append(result)
        if len(of_machine) > 1:
            found.append(_summary(members, "all"))
        found += [_summary(of_machine[machine], machine) for machine in sorted(of_machine)]
    return [summary for summary in found if not isnan(summary.mean)]


def _summary(members: Sequence[Result], accelerator: str) -> Summary:
    estimated = [r for r in members if r.error is not None]
    errors = sorted([abs(r.error) for r in estimated if r.error is not None]) or [float("nan")]
    first = members[0]
    p90 = errors[min(len(errors) - 1, int(SHARE * len(errors)))]
    inside = sum([r.inside for r in estimated]) / len(estimated) if estimated else float("nan")
    about = first.function, first.group, accelerator, len(members)
    return Summary(*about, sum(errors) / len(errors), p90, errors[-1], first.source, inside)


def bounds() -> dict[tuple[str, str], dict[str, str]]:
    """What is stated of each group of cases, by function and group: its errors, and whether a constant knows it."""
    return {(row["function"], row["group"]): row for row in tables.shipped("bounds")}


def calibrates(function: str, group: str) -> bool | None:
    """Whether constants were calibrated on a group of cases; None for the user's own."""
    stated = bounds().get((function, group))
    return stated["calibrated"] == "yes" if stated else None


def unit(function: str) -> str:
    """What the cases of a function are measured in."""
    declaration = find(function)
    return (declaration.result.unit if declaration else "") or "tokens/s"


def broken(of_these: Sequence[Result] | None = None) -> list[str]:
    """A sentence for each group whose error is above what is stated, and for each case that gives no estimate."""
    stated, members = bounds(), results() if of_these is None else of_these
    said = [f"{r.function}, {r.group}, {r.case}: {r.sentence}" for r in members if r.error is None]
    for (name, group), cases in _by_group(members).items():
        if group == OWN:
            continue
        found, bound = _summary(cases, "all"), stated[name, group]
        for figure, value in (("mean", found.mean), ("p90", found.p90), ("worst", found.worst)):
            if bound[figure] and not value <= float(bound[figure]):
                said.append(f"{name}, {group}: {figure} error {value:.1%}, stated {float(bound[figure]):.1%}")
    return said


def _by_group(members: Iterable[Result]) -> dict[tuple[str, str], list[Result]]:
    groups: dict[tuple[str, str], list[Result]] = {}
    for member in members:
        groups.setdefault((member.function, member.group), []).append(member)
    return groups


def as_data(of_these: Sequence[Result]) -> dict[str, Any]:
    """Cases, summaries and broken bounds as plain data."""
    return {
        "cases": [r._asdict() for r in of_these],
        "summary": [s._asdict() for s in summaries(of_these=of_these)],
        "broken": broken(of_these),
    }
