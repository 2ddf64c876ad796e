"""Estimates that the user's own measurements adjust: by function and accelerator, from calibration.csv."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, wraps
from inspect import signature
from math import exp, log
from typing import Any, NamedTuple

from xlcalc.accuracy.measurements import (
    FUNCTIONS,
    LEAST,
    MOST,
    Measurement,
    has_no,
    ignored,
    is_ignored,
    measurements,
)
from xlcalc.formula.arithmetic import term
from xlcalc.formula.symbols import unrecorded
from xlcalc.language.declare import find
from xlcalc.language.errors import CalcError

Formula = Callable[..., float]


class Factor(NamedTuple):
    """What the estimates of a function are multiplied by on an accelerator, and the measurements behind it."""

    value: float
    cases: int
    sources: str


def calibrated(*, unless: str = "") -> Callable[[Formula], Formula]:
    """Adjust an estimate by the user's measurements on its accelerator, but where the argument `unless` is given.

    Without measurements the estimate is what the formula gives.
    """

    def declare(formula: Formula) -> Formula:
        names = list(signature(formula).parameters)
        accelerator = names.index("accelerator")
        given = names.index(unless) if unless else None
        FUNCTIONS.append(formula.__name__)

        @wraps(formula)
        def _formula(*read: Any) -> float:
            estimate = formula(*read)
            if is_ignored() or (given is not None and read[given]):
                return estimate
            factor = factors(formula.__name__).get(read[accelerator].id)
            if not factor:
                return estimate
            source = f"calibration.csv, {factor.cases} measurements: {factor.sources}"
            return estimate * term("calibration factor", trusted(factor, "calibration.csv"), "ratio", source)

        return _formula

    return declare


def trusted(factor: Factor, place: str) -> float:
    """The value of a factor. Raises CalcError where it says that something else than efficiency differs."""
    if LEAST <= factor.value <= MOST:
        return factor.value
    raise CalcError(
        "#VALUE!",
        f"is not calibrated: {place} measured {factor.value:.3g} times the estimate on this accelerator, which "
        f"is outside {LEAST:g} to {MOST:g}; check its arguments and units, or remove its lines",
    )


@cache
def factors(function: str) -> dict[str, Factor]:
    """The factors of a function by accelerator, from all of the user's measurements of it in their file.

    Raises CalcError for a line that is no call of the function.
    """
    return factors_of([(m, *estimated(m, "calibration.csv")) for m in measurements() if is_of(m, function)])


def is_of(measurement: Measurement, function: str) -> bool:
    declaration = find(measurement.function)
    return declaration is not None and declaration.name == function


def factors_of(found: Iterable[tuple[Measurement, str, float]]) -> dict[str, Factor]:
    """Factors by accelerator of measurements with their accelerators and estimates."""
    ratios: dict[str, list[tuple[float, str]]] = {}
    for measurement, accelerator, estimate in found:
        ratios.setdefault(accelerator, []).append((measurement.measured / estimate, measurement.source))
    return {
        accelerator: Factor(
            exp(sum(log(ratio) for ratio, _ in pairs) / len(pairs)), len(pairs), "; ".join({s: s for _, s in pairs})
        )
        for accelerator, pairs in ratios.items()
    }


def estimated(measurement: Measurement, place: str) -> tuple[str, float]:
    """The accelerator of a measured call and its estimate as the formula gives it, in the unit of the call."""
    with unrecorded():  # no part of the derivation of the call that made it necessary
        return _estimated(measurement, place)


def _estimated(measurement: Measurement, place: str) -> tuple[str, float]:
    declaration = find(measurement.function)
    assert declaration is not None
    names = [argument.name for argument in declaration.arguments]
    where = f"{place}, {measurement.case}"
    if unknown := sorted(measurement.arguments.keys() - set(names)):
        raise CalcError("#VALUE!", f"{where}: it {has_no(declaration, unknown)}")
    try:
        read = declaration.read([measurement.arguments.get(name) for name in names])
        with ignored():
            estimate = declaration.compute(read)
    except CalcError as error:
        named = f"{error.argument} " if error.argument else ""
        raise CalcError(error.code, f"{where}: {named}{error.reason}") from None
    accelerator = read[names.index("accelerator")].id
    if not accelerator:
        raise CalcError("#VALUE!", f"{where}: the accelerator needs an id, by which it is found again")
    return accelerator, estimate
