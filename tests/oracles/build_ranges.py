"""Fits the ranges of the estimates to the measured cases: python tests/generated.py ranges (half a minute; needs NumPy)

Run it whenever an estimate or catalog/measured.csv has changed. It writes catalog/ranges.json (the effects of groups,
which accuracy/ranges.py reads) and catalog/left_out.csv (each case that no constant knows, and its ranges from fits that
left out its accelerator, its model, its source, its software, or its runs on that machine: by them the form of the
model was chosen, and by them coverage is stated). python tests/oracles/build_ranges.py prints how simpler ranges do on
the same groups left out.

The model: ln(measured / estimated) is the sum of the effects of groups (xlcalc/accuracy/likeness.py), all normal with
mean 0 and a variance for each kind of group, and of scatter. Variances are found by expectation and maximisation, each
with a weak prior; rows far out weigh less (Student's t with 4 degrees of freedom). How many deviations a range reaches
is found on the errors left out, by interval score.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

import xlcalc  # noqa: F401 (declares the functions)
from xlcalc.accuracy import likeness, measurements, ranges, validation, whole_runs
from xlcalc.accuracy.likeness import FAMILIES, RATES, Known
from xlcalc.accuracy.ranges import Fitted, Scatter
from xlcalc.catalog import accelerators
from xlcalc.hardware import serving
from xlcalc.hardware.software import lineage
from xlcalc.language.declare import find
from xlcalc.language.errors import CalcError

CATALOG = Path(measurements.__file__).parents[1] / "catalog"
PRIOR = 4.0  # groups that the prior of a variance is worth
FREEDOM = 4.0  # of Student's t
# prior variance of an effect on ln(measured / estimated), by the score left out: memory is counted, whole runs stop and
# start again; that of a slope is half of it, that of scatter twice
EFFECT = {"training": 0.005, "serving": 0.005, "memory": 0.0025, "whole runs": 0.02}
SLOPES = ("prompt", "output", "batch", "count", "seq_len", "size", "flops")
ROUNDS = 40
DEVIATIONS = np.arange(1.1, 2.25, 0.1)  # fewer, or more, were an accident of the cases
PENALTY = 2 / (1 - ranges.SHARE)  # of the interval score, for what lies outside
ENOUGH = 25  # cases of a class for deviations of its own
LEFT_OUT: dict[str, Callable[[Row], Any]] = {}


@dataclass
class Row:
    """A measured case: what is known of its call, and its error."""

    case: measurements.Measurement
    given: dict[str, Any]
    error: float  # ln(measured / estimated), of a rate the other way round
    calibrated: bool
    model: str
    withheld: bool = False  # estimated as if no constant knew its accelerator

    @property
    def family(self) -> str:
        return FAMILIES[self.case.function]


LEFT_OUT |= {
    "runs": lambda r: (r.case.group, r.model, r.case.accelerator),
    "accelerator": lambda r: r.case.accelerator,
    "model": lambda r: r.model,
    "source": lambda r: r.case.group,
    "software": lambda r: r.case.software,
}


def rows() -> list[Row]:
    """Every published case with its estimate as it is now."""
    stated = validation.bounds()
    found = []
    with measurements.ignored():
        for case in measurements.published():
            declaration = find(case.function)
            assert declaration is not None
            estimate, read = measurements.estimated(declaration, case)
            given = dict(zip((a.name for a in declaration.arguments), read, strict=True))
            calibrated = stated[case.function, case.group]["calibrated"] == "yes"
            found.append(Row(case, given, error(case, estimate), calibrated, likeness.model_key(given["model"])))
        found += withheld(found)
    return found + whole()


def error(case: measurements.Measurement, estimate: float) -> float:
    """ln(measured / estimated), of a rate the other way round."""
    return math.log(case.measured / estimate) * (-1 if case.function in RATES else 1)


def withheld(known: Sequence[Row]) -> list[Row]:
    """The calibrated cases of serving again, with the lines of serving.csv that rest on their accelerator alone left
    out: what an estimate errs on an accelerator that no constant knows."""
    cases = [r for r in known if r.calibrated and r.family == "serving"]
    named: dict[str, set[str]] = {}  # the accelerators that a scope was calibrated on
    for r in cases:
        a = r.given["accelerator"]
        for part in (a.id, a.architecture, a.kind, *lineage(r.case.software)):
            named.setdefault(part, set()).add(a.id)
    every, found = serving._table(), []
    for accelerator in dict.fromkeys(r.given["accelerator"].id for r in cases):
        own = {part for part, ids in named.items() if part and ids == {accelerator}}
        kept = {key: line for key, line in every.items() if not own & set(key[1].split("@"))}
        if len(kept) == len(every):
            continue
        with lines(kept, cases):
            for r in cases:
                if r.given["accelerator"].id != accelerator:
                    continue
                declaration = find(r.case.function)
                assert declaration is not None
                try:
                    estimate, _ = measurements.estimated(declaration, r.case)
                except CalcError:  # a constant that only it has
                    continue
                found.append(replace(r, error=error(r.case, estimate), calibrated=False, withheld=True))
    return found


@contextmanager
def lines(table: dict[tuple[str, str], dict[str, str]], cases: Sequence[Row]) -> Iterator[None]:
    """Estimates of these cases inside know these lines of serving.csv alone."""
    whole_table = serving._table
    _forget(cases)
    serving._table = lambda: table
    try:
        yield
    finally:
        serving._table = whole_table
        _forget(cases)


def _forget(cases: Sequence[Row]) -> None:
    """Rates that were looked up are looked up again."""
    serving._labelled.cache_clear()
    serving._plain_engine.cache_clear()
    for r in cases:
        r.given["accelerator"].looked_up.clear()
        r.given["model"].looked_up.clear()


def whole() -> list[Row]:
    """The published whole runs that are compared; an organisation stands for a source."""
    found = []
    for run in whole_runs.runs():
        if run.line["compared"] == "yes":
            assert run.ratio is not None, run.line["run"]
            given = {"flops": run.flops, "accelerator": accelerators.find(run.line["accelerator"])}
            case = measurements.Measurement(
                "LLM_GPU_HOURS", {}, run.ratio * run.hours, run.line["run"], run.line["source"],
                run.line["organisation"], run.line["accelerator"], "", run.line["date"],
            )  # fmt: skip
            found.append(Row(case, given, math.log(run.ratio), False, run.line["model"] or run.line["run"]))
    return found


class Fit:
    """The mixed model of one family's rows."""

    def __init__(self, members: Sequence[Row], known: Known) -> None:
        self.rows, self.known = members, known
        self.likenesses = [self._like(r) for r in members]
        self.y = np.array([r.error for r in members])
        self.groups: dict[tuple[str, str], int] = {}
        entries = []
        for i, like in enumerate(self.likenesses):
            entries += [(i, self._group(f.component, f.level), f.amount) for f in like.features]
        self.effects = len(self.groups)  # those that a call knows stand first
        for i, r in enumerate(members):
            source, model, runs = self.likenesses[i].unknown
            together = f"{r.case.group} {r.model} {r.case.accelerator} {r.case.function}"
            for component, level in ((source, r.case.group), (model, r.model), (runs, together)):
                entries.append((i, self._group(component, level), 1.0))
        self.x = np.zeros((len(members), len(self.groups)))
        for i, j, amount in entries:
            self.x[i, j] += amount
        self.components = sorted({component for component, _ in self.groups})
        self.component = np.array([self.components.index(component) for component, _ in self.groups])
        self.effect = EFFECT[members[0].family]
        self.prior = self.effect * np.array([0.5 if c in SLOPES else 1.0 for c in self.components])
        classes = [like.scatter for like in self.likenesses]
        self.classes = sorted(set(classes))
        self.scatter_class = np.array([self.classes.index(c) for c in classes])
        self.variances, self.scatter = self.prior.copy(), np.full(len(self.classes), 2 * self.effect)
        self.weights = np.ones(len(members))

    def _like(self, r: Row) -> likeness.Likeness:
        return likeness.likeness(r.case.function, r.given, known_for(r, self.known), r.case.software)

    def _reach(self, kept: np.ndarray) -> dict[str, tuple[float, float]]:
        """Least and most of each amount along which errors may have a slope."""
        found: dict[str, list[float]] = {}
        for like in compress(self.likenesses, kept):
            for f in like.features:
                if f.component in SLOPES:
                    found.setdefault(f"{f.component} {f.level}", []).append(f.amount)
        return {name: (min(amounts), max(amounts)) for name, amounts in sorted(found.items())}

    def _group(self, component: str, level: str) -> int:
        return self.groups.setdefault((component, level), len(self.groups))

    def posterior(self, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Means and covariances of all effects given the rows that are kept."""
        precision = kept * self.weights / self.scatter[self.scatter_class]
        inverse = (self.x * precision[:, None]).T @ self.x + np.diag(1 / self.variances[self.component])
        covariance = np.linalg.inv(inverse)
        return covariance @ (self.x.T @ (precision * self.y)), covariance

    def improve(self, rounds: int) -> Fit:
        """Variances and weights by expectation and maximisation."""
        for _ in range(rounds):
            mean, covariance = self.posterior(np.ones(len(self.y)))
            squares = mean**2 + np.diag(covariance)
            for c in range(len(self.components)):
                own = squares[self.component == c]
                self.variances[c] = (PRIOR * self.prior[c] + own.sum()) / (PRIOR + len(own))
            left = (self.y - self.x @ mean) ** 2 + np.einsum("ij,ij->i", self.x @ covariance, self.x)
            for c in range(len(self.classes)):
                own = self.scatter_class == c
                self.scatter[c] = (PRIOR * 2 * self.effect + (self.weights * left)[own].sum()) / (PRIOR + own.sum())
            self.weights = (FREEDOM + 1) / (FREEDOM + left / self.scatter[self.scatter_class])
        return self

    def fitted(self, kept: np.ndarray, deviations: dict[str, tuple[float, float]]) -> Fitted:
        """What a call needs, from the rows that are kept."""
        mean, covariance = self.posterior(kept)
        present = (np.abs(self.x) * kept[:, None]).sum(axis=0) > 0
        used = [j for j in range(self.effects) if present[j]]
        names = list(self.groups)
        widest = float(max(self.scatter))  # of a class without rows
        scatter = {
            name: Scatter(
                float(self.scatter[self.classes.index(name)]) if name in self.classes else widest,
                *deviations.get(name, (0.0, 0.0)),
            )
            for name in _all_classes()
        }
        return Fitted(
            self.known,
            {names[j]: (i, float(mean[j])) for i, j in enumerate(used)},
            [line[: i + 1] for i, line in enumerate(covariance[np.ix_(used, used)].tolist())],
            {name: float(v) for name, v in zip(self.components, self.variances, strict=True)},
            scatter,
            self._reach(kept),
            _counted(compress(self.rows, kept)),
        )


def _counted(members: Iterable[Row]) -> dict[str, tuple[int, int]]:
    found: dict[str, list[str]] = {}
    for r in members:
        if r.withheld:
            continue
        for name in (r.case.function, f"{r.case.function} {r.case.accelerator}"):
            found.setdefault(name, []).append(r.case.group)
    return {name: (len(groups), len(set(groups))) for name, groups in sorted(found.items())}


def known_of(members: Iterable[Row]) -> Known:
    """Accelerators that some constant of the family was calibrated on; of whole runs those that some run used."""
    found = [
        r.given["accelerator"]
        for r in members
        if (r.calibrated or r.family == "whole runs") and r.given.get("accelerator")
    ]
    return Known(frozenset(a.id for a in found), frozenset(a.architecture for a in found))


def known_for(r: Row, known: Known) -> Known:
    """What constants know where one is estimated: not its own accelerator where that was withheld, and of the
    architecture what others of it tell."""
    if not r.withheld:
        return known
    others = known.accelerators - {r.given["accelerator"].id}
    return Known(others, frozenset(accelerators.find(one).architecture for one in others))


def score(error: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Interval score (Gneiting and Raftery 2007, section 6.2): width, and a penalty for what lies outside."""
    return high - low + PENALTY * (np.maximum(low - error, 0) + np.maximum(error - high, 0))


Moments = dict[tuple[int, str], tuple[float, float]]
Deviations = dict[str, tuple[float, float]]


def left_out(fit: Fit) -> Moments:
    """Mean and deviation of each row that no constant knows, by the group of it that was left out; as of a call that
    names its software."""
    found = {}
    for name, group in LEFT_OUT.items():
        keys = [group(r) for r in fit.rows]
        for key in dict.fromkeys(k for k, r in zip(keys, fit.rows, strict=True) if k and not r.calibrated):
            effects = fit.fitted(np.array([k != key for k in keys], float), {})
            for i, r in enumerate(fit.rows):
                if keys[i] == key and not r.calibrated:
                    seen = effects._replace(known=known_for(r, effects.known))
                    found[i, name] = ranges.moments(seen, r.case.function, r.given, r.case.software)[:2]
    return found


def deviations_of(fit: Fit, moments: Moments) -> Deviations:
    """How far ranges reach down and up in each class of scatter, with the least score on what was left out."""
    chosen: dict[str | None, tuple[float, float]] = {}
    for c in (*fit.classes, None):
        used = [
            (fit.y[i], *m) for (i, name), m in moments.items() if c in (None, fit.classes[fit.scatter_class[i]])
        ]  # fmt: skip
        if c is not None and len(used) < len(LEFT_OUT) * ENOUGH:
            continue
        error, mean, deviation = np.array(used).T
        down = {z: np.minimum(mean - z * deviation, 0) for z in DEVIATIONS}
        up = {z: np.maximum(mean + z * deviation, 0) for z in DEVIATIONS}
        chosen[c] = min(
            ((float(a), float(b)) for a in DEVIATIONS for b in DEVIATIONS),
            key=lambda z: score(error, down[z[0]], up[z[1]]).mean(),
        )
    return {c: chosen.get(c, chosen[None]) for c in _all_classes()}


def _all_classes() -> list[str]:
    return [f"{width}, {seen}" for width in ("dense", "experts", "first token") for seen in ("measured", "other")]


def fits() -> dict[str, tuple[Fit, Moments, Deviations]]:
    """Each family's model, what it says of each row whose group was left out, and how far ranges reach."""
    every, found = rows(), {}
    for family in dict.fromkeys(FAMILIES.values()):
        members = [r for r in every if r.family == family]
        fit = Fit(members, known_of(members)).improve(ROUNDS)
        moments = left_out(fit)
        found[family] = fit, moments, deviations_of(fit, moments)
    return found


def made() -> dict[Path, bytes]:
    """The two files."""
    found = fits()
    families = {name: fit.fitted(np.ones(len(fit.rows)), z) for name, (fit, _, z) in found.items()}
    return {CATALOG / "ranges.json": _effects(families), CATALOG / "left_out.csv": _left_out(found.values())}


def _effects(families: dict[str, Fitted]) -> bytes:
    """The effects as JSON, a group a line."""
    data = {
        family: {
            "accelerators": sorted(fit.known.accelerators),
            "architectures": sorted(fit.known.architectures),
            "cases": fit.cases,
            "reach": {name: [_short(v) for v in ends] for name, ends in fit.reach.items()},
            "variances": {name: _short(v) for name, v in fit.variances.items()},
            "scatter": {name: [_short(v) for v in values] for name, values in sorted(fit.scatter.items())},
            "effects": [[*group, _short(mean)] for group, (_, mean) in fit.effects.items()],
            "covariances": [[_short(v) for v in line] for line in fit.covariances],
        }
        for family, fit in families.items()
    }
    text = json.dumps({"share": ranges.SHARE, "families": data}, separators=(",", ":"))
    return (text.replace('],["', '],\n["').replace("],[", "],\n[").replace('"},"', '"},\n"') + "\n").encode()


def _left_out(found: Iterable[tuple[Fit, Moments, Deviations]]) -> bytes:
    """The cases that no constant knows with their ranges as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["function", "group", "machine", "case", "withheld", "measured_over_estimated", *LEFT_OUT])
    for fit, moments, deviations in found:
        for i, r in enumerate(fit.rows):
            if r.calibrated:
                continue
            z = deviations[fit.classes[fit.scatter_class[i]]]
            ends = (ranges.ends(r.case.function, *moments[i, n], *z) if (i, n) in moments else () for n in LEFT_OUT)
            told = (" ".join(f"{end:.3f}" for end in both) for both in ends)
            ratio = math.exp(-r.error if r.case.function in RATES else r.error)
            about = r.case.function, r.case.group, r.case.accelerator, r.case.case, "yes" if r.withheld else ""
            writer.writerow([*about, f"{ratio:.4f}", *told])
    return text.getvalue().encode()


def _short(value: float) -> float:
    return float(f"{value:.4g}") if abs(value) >= 1e-6 else 0


def compare() -> Iterator[tuple[str, str, float, float, float]]:
    """How ranges of several kinds do on the groups left out: kind, what was left out, share inside, score, width."""
    tried: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    for fit, moments, deviations in fits().values():
        classes = [fit.classes[c] for c in fit.scatter_class]
        for name, group in LEFT_OUT.items():
            keys = [group(r) for r in fit.rows]
            crude = _crude(fit, classes, keys)
            for i in (i for i, of in moments if of == name):
                r, (mean, deviation) = fit.rows[i], moments[i, name]
                low, high = ranges.ends("", mean, deviation, *deviations[classes[i]])
                for kind, ends in (
                    ("one width a function", crude[keys[i], r.case.function, ""]),
                    ("a width a function and class", crude[keys[i], r.case.function, classes[i]]),
                    ("mixed model, normal", (mean - 1.2816 * deviation, mean + 1.2816 * deviation)),
                    ("mixed model, as stored", (math.log(low), math.log(high))),
                ):
                    tried.setdefault((kind, name), []).append((r.error, *ends))
    for (kind, name), ranged in tried.items():
        error, low, high = np.array(ranged).T
        inside = ((low <= error) & (error <= high)).mean()
        yield kind, name, inside, score(error, low, high).mean(), math.exp(np.median(high - low))


def _crude(fit: Fit, classes: list[str], keys: list[Any]) -> dict[tuple[Any, str, str], tuple[float, float]]:
    """Percentiles of the errors that no constant knows without a group: of a function, and of it and a class."""
    found = {}
    known = np.array([r.calibrated for r in fit.rows])
    functions = np.array([r.case.function for r in fit.rows])
    for key in dict.fromkeys(keys):
        others = ~known & np.array([k != key for k in keys])
        for function in set(functions):
            same = others & (functions == function)
            for c in ("", *set(classes)):
                alike = same & np.array([c in ("", one) for one in classes])
                used = next((m for m in (alike, same, others) if m.sum() > 1), ~known)
                found[key, function, c] = tuple(np.quantile(fit.y[used], (0.1, 0.9)))
    return found


if __name__ == "__main__":
    for kind, name, inside, mean, width in compare():
        print(f"{kind:30} {name:12} {inside:4.0%} inside, score {mean:.2f}, width {width:.2f}")
