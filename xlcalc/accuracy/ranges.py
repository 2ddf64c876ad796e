"""The range of an estimate: what runs like it measured over what is estimated of them, four of five between the ends.

The logarithm of measured over estimated is taken for a sum of effects of the groups that a call is in
(accuracy/likeness.py), of its unknown source and model, and of scatter: a mixed model, whose effects and variances
catalog/ranges.json holds as tests/oracles/build_ranges.py found them. What was measured has a known effect; what was
not adds the whole variance of its kind: unknown means wider, by as much as groups that were left out really err.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from math import exp, sqrt
from typing import Any, NamedTuple

from xlcalc.accuracy.likeness import FAMILIES, RATES, Feature, Known, likeness
from xlcalc.catalog import tables
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.language.declare import Declaration
from xlcalc.model.dtypes import GGUF, DType

SHARE = 0.8  # of the measured runs that a range is to hold
BEYOND = 0.01  # variance that each factor of e beyond what was measured adds, squared: a tenth, then two


class Scatter(NamedTuple):
    """How runs of one class scatter, and how many standard deviations below and above four of five runs reach."""

    variance: float
    low: float
    high: float


class Fitted(NamedTuple):
    """One family's effects, each with its place among the covariances, and the variance of each kind of group."""

    known: Known
    effects: Mapping[tuple[str, str], tuple[int, float]]
    covariances: Sequence[Sequence[float]]  # of the groups in their order, up to each one's own
    variances: Mapping[str, float]
    scatter: Mapping[str, Scatter]
    reach: Mapping[str, tuple[float, float]]  # least and most of each amount that was measured, as likeness.py has it
    cases: Mapping[str, tuple[int, int]]  # measured cases and sources by function, and by function and accelerator


class Bounds(NamedTuple):
    """Measured over estimated, low and high with 1 between them, and the cases and sources behind it: those of the
    function, and those of them on the accelerator."""

    low: float
    high: float
    cases: int
    sources: int
    here: int
    basis: str


def of(declaration: Declaration, read: Sequence[Any]) -> Bounds:
    """The range of one call of a function that was measured, its arguments as the formula takes them."""
    names = (argument.name for argument in declaration.arguments)
    return of_call(declaration.name, dict(zip(names, read, strict=False)))


def of_call(function: str, given: Mapping[str, Any], software: str = "") -> Bounds:
    """The range of a call of a function that was measured, from those of its arguments that are known."""
    return predicted(fitted()[FAMILIES[function]], function, given, software or str(given.get("software") or ""))


@lru_cache(maxsize=256)
def of_accelerator(function: str, accelerator: AcceleratorSpec | None) -> Bounds:
    """The range of a function that was measured, whatever is run on an accelerator; None is any."""
    return of_call(function, {"accelerator": accelerator} if accelerator else {})


def predicted(fit: Fitted, function: str, given: Mapping[str, Any], software: str = "", shift: float = 0.0) -> Bounds:
    """The range that a family's effects give for a call, `shift` added to their mean."""
    mean, deviation, scatter = moments(fit, function, given, software)
    low, high = ends(function, mean + shift, deviation, scatter.low, scatter.high)
    accelerator = given.get("accelerator")
    cases, sources = fit.cases.get(function, (0, 0))
    here, _ = fit.cases.get(f"{function} {_id(accelerator)}", (0, 0))
    return Bounds(low, high, cases, sources, here, fit.known.basis(accelerator))


def ends(function: str, mean: float, deviation: float, down: float, up: float) -> tuple[float, float]:
    """Low and high of measured over estimated so many deviations from the mean, with the estimate between them."""
    slow, quick = max(mean + up * deviation, 0.0), min(mean - down * deviation, 0.0)
    return (exp(-slow), exp(-quick)) if function in RATES else (exp(quick), exp(slow))


def moments(fit: Fitted, function: str, given: Mapping[str, Any], software: str = "") -> tuple[float, float, Scatter]:
    """Mean and standard deviation of ln(measured / estimated) of a run like the call, of a rate the other way round,
    and how runs like it scatter."""
    like = likeness(function, given, fit.known, software or _only_software(given))
    mean, variance = _effects(fit, like.features)
    scatter = fit.scatter[like.scatter]
    variance += scatter.variance + sum([fit.variances.get(part, 0.0) for part in like.unknown])
    variance += sum([BEYOND * _beyond(fit, feature) ** 2 for feature in like.features if feature.amount != 1.0])
    return mean, sqrt(variance), scatter


def _beyond(fit: Fitted, feature: Feature) -> float:
    """How far an amount lies outside what was measured, as a logarithm."""
    least, most = fit.reach.get(f"{feature.component} {feature.level}", (feature.amount, feature.amount))
    return max(least - feature.amount, feature.amount - most, 0.0)


def _only_software(given: Mapping[str, Any]) -> str:
    """What reads the format where only one software does; else a call that names none may run any."""
    dtype = given.get("dtype")
    return "llama.cpp" if isinstance(dtype, DType) and dtype.name in GGUF else ""


def _id(accelerator: Any) -> str:
    return accelerator.id if isinstance(accelerator, AcceleratorSpec) else ""


def _effects(fit: Fitted, features: Sequence[Feature]) -> tuple[float, float]:
    """Mean and variance of the summed effects of groups: known ones with their covariances, others with all of their
    kind's variance."""
    mean = variance = 0.0
    found: list[tuple[int, float]] = []
    for component, level, amount in features:
        effect = fit.effects.get((component, level))
        if effect is None:
            variance += amount * amount * fit.variances.get(component, 0.0)
        else:
            mean += amount * effect[1]
            found.append((effect[0], amount))
    found.sort()
    for i, (place, amount) in enumerate(found):
        own = fit.covariances[place]
        with_others = sum([own[other] * weight for other, weight in found[:i]])
        variance += amount * (amount * own[place] + 2 * with_others)
    return mean, max(variance, 0.0)


@cache
def fitted() -> dict[str, Fitted]:
    """The effects of every family, as catalog/ranges.json holds them."""
    return {family: _read(data) for family, data in json.loads(tables.text("ranges.json"))["families"].items()}


def _read(data: dict[str, Any]) -> Fitted:
    return Fitted(
        Known(frozenset(data["accelerators"]), frozenset(data["architectures"])),
        {(component, level): (i, mean) for i, (component, level, mean) in enumerate(data["effects"])},
        data["covariances"],
        data["variances"],
        {name: Scatter(*values) for name, values in data["scatter"].items()},
        {name: tuple(ends) for name, ends in data["reach"].items()},
        {name: tuple(counts) for name, counts in data["cases"].items()},
    )
