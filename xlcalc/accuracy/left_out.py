"""What the ranges hold of runs that had no part in them: from catalog/left_out.csv, which the fit of the ranges writes.

Every case that no constant of the models knows, and those that one knows as they are estimated without the constants
that rest on their accelerator alone (`withheld`), with its range from a fit without its runs on that machine, its
accelerator, its model, its source (of a whole run: its organisation) or its software.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import exp, log
from statistics import mean, median
from typing import NamedTuple

from xlcalc.accuracy.ranges import SHARE
from xlcalc.catalog import tables

PENALTY = 2 / (1 - SHARE)  # of the interval score (Gneiting and Raftery 2007, section 6.2)
ALL = "all"
HEADER = ("function", "left out", "cases", "inside", "score", "score of one pooled width", "median width")


class Case(NamedTuple):
    """A case as it was when the ranges were fitted: measured over estimated, and its range by the group left out."""

    function: str
    group: str
    accelerator: str
    case: str
    withheld: bool
    ratio: float
    ends: dict[str, tuple[float, float]]


@cache
def cases() -> tuple[Case, ...]:
    """The cases of catalog/left_out.csv."""
    found = []
    for row in tables.shipped("left_out"):
        ratio = float(row["measured_over_estimated"])
        told = {name: value.split() for name, value in row.items() if name in left_out() and value}
        ends = {name: (float(low), float(high)) for name, (low, high) in told.items()}
        about = row["function"], row["group"], row["machine"], row["case"], row["withheld"] == "yes"
        found.append(Case(*about, ratio, ends))
    return tuple(found)


@cache
def left_out() -> tuple[str, ...]:
    """The kinds of group that were left out."""
    return tuple(tables.shipped("left_out")[0])[6:]


class Coverage(NamedTuple):
    """How ranges did: the share inside, the mean interval score (lower is better), the median of high over low."""

    cases: int
    inside: float
    score: float
    width: float


def covered(ratios: Sequence[float], ends: Sequence[tuple[float, float]]) -> Coverage:
    """The coverage of ranges, of measured over estimated as they are."""
    both = list(zip(ratios, ends, strict=True))
    return Coverage(
        len(both),
        mean(low <= ratio <= high for ratio, (low, high) in both),
        mean(score(ratio, low, high) for ratio, (low, high) in both),
        median(high / low for low, high in ends),
    )


def score(ratio: float, low: float, high: float) -> float:
    """The interval score of ln(measured / estimated): the width, and ten times what lies outside (of 80 %)."""
    return log(high / low) + PENALTY * (max(0.0, log(low / ratio)) + max(0.0, log(ratio / high)))


def pooled(members: Sequence[Case]) -> dict[str, tuple[float, float]]:
    """One width a function: the 10th and 90th percentile of its own cases, these same ones."""
    found = {}
    for function in {case.function for case in members}:
        errors = sorted(log(case.ratio) for case in members if case.function == function)
        ends = (errors[min(len(errors) - 1, int(share * len(errors)))] for share in ((1 - SHARE) / 2, (1 + SHARE) / 2))
        low, high = map(exp, ends)
        found[function] = low, high
    return found


def table() -> list[list[object]]:
    """Coverage by function and by what was left out, with headers."""
    rows: list[list[object]] = [list(HEADER)]
    functions = list(dict.fromkeys(case.function for case in cases()))
    for function in (ALL, *functions):
        for name in left_out():
            members = [case for case in cases() if function in (ALL, case.function) and name in case.ends]
            if members:
                found = covered([case.ratio for case in members], [case.ends[name] for case in members])
                one = pooled(members)
                plain = covered([case.ratio for case in members], [one[case.function] for case in members])
                scores = (round(found.score, 2), round(plain.score, 2))
                rows.append([function, name, found.cases, f"{found.inside:.0%}", *scores, round(found.width, 2)])
    return rows
