"""How a workbook is calculated: by a fast engine what it is known to calculate as Excel does, by an exact one the rest.

The fast engine (formualizer) holds the whole workbook and calls our functions. What it is not known to do as Excel does
(`doubt`), what it cannot do, and what it calculates otherwise than the program that saved the file, goes to the exact
engine (formulon), which is slower. What neither can answer for keeps the value it has and is named.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from xlcalc.language.cells import shown
from xlcalc.language.errors import CalcError

from .addresses import cell_name
from .callbacks import Callbacks
from .cells_xml import CellValue
from .dependencies import Node
from .exact_stage import ExactStage
from .fast_engine import FastEngine, Place, holds, knows
from .package import Package
from .prepare import Sheet, engine_copy, prepare
from .results import Results
from .values import same_value

__all__ = ["Verdict", "calculate", "check", "held", "read"]

_MAX_ROUNDS = 5
_LISTED = 5
_LONGEST = 120


@dataclass
class Verdict:
    """What the comparison of a file's own values with the engines' says of its formulas."""

    without_values: bool = False
    """The file has no values that a spreadsheet program calculated."""
    exact: set[Node] = field(default_factory=set)
    """Formulas that the exact engine alone calculates as the program that saved the file."""
    otherwise: dict[Node, str] = field(default_factory=dict)
    """Formulas that both calculate otherwise, with what each says."""
    changing: set[Node] = field(default_factory=set)
    """Formulas that call our functions, the clock or chance: what they give now may be something else than before."""
    results: Results | None = None
    """The values of the comparison, which are the file's where nothing can have changed."""

    def confirmed(self, name: str) -> dict[Place, CellValue]:
        """What the engines made of the formulas of a sheet that hold this value, but for its last digits."""
        return self.results.calculated(name) if self.results else {}


def read(package: Package, functions: Collection[str]) -> list[Sheet]:
    """The worksheets of a file that have formulas."""
    sheets = prepare(package, functions, knows)
    iterates = package.calculation.get("iterate", "0") in ("1", "true")
    for sheet in sheets:
        if iterates or not holds(sheet.name):
            reason = "iterative calculation" if iterates else "a sheet that the fast engine does not take in"
            everything = dict.fromkeys(set(range(len(sheet.cells))) - sheet.final, reason)
            sheet.doubtful = {**everything, **sheet.doubtful}
    return sheets


def calculate(
    package: Package, sheets: list[Sheet], callbacks: Callbacks, now: datetime | None, verdict: Verdict,
    changed: Collection[Node], trust_engine: bool,
) -> Results:  # fmt: skip
    """Calculate a workbook. `changed`: cells whose content is another than when the file was saved."""
    if verdict.results is not None and not changed and not verdict.changing:
        return verdict.results
    stage = ExactStage(package, sheets, callbacks, now)
    for sheet in sheets:
        for index, place in enumerate(sheet.places if verdict.otherwise or verdict.exact else ()):
            node = sheet.name, place
            if node in verdict.otherwise:
                sheet.fixed[index] = verdict.otherwise[node]
            elif node in verdict.exact:
                sheet.doubtful.setdefault(index, "")
    results = _results(package, sheets, callbacks, now, stage, trust_engine)
    results.calculate()
    if verdict.otherwise:
        _name_dependents(sheets, stage, results, verdict, changed)
    return results


def held(
    package: Package, sheets: list[Sheet], callbacks: Callbacks, now: datetime | None, trust_engine: bool
) -> Results | None:
    """A workbook calculated and ready to be calculated again with other inputs; None where that may give something else
    than calculating it anew."""
    several = any(
        array.dynamic or array.area.rows * array.area.columns > 1 for s in sheets for array in s.arrays.values()
    )
    if several or any(sheet.problems for sheet in sheets):
        return None
    if not trust_engine:
        verdict = check(package, sheets, callbacks.by_name.keys(), now)
        if verdict.exact or verdict.otherwise:
            return None
    results = _results(package, sheets, callbacks, now, ExactStage(package, sheets, callbacks, now), trust_engine)
    results.calculate_fast()
    results.calculate_exactly([])
    return results if results.calculate_again({}) else None


def check(package: Package, sheets: list[Sheet], functions: Collection[str], now: datetime | None) -> Verdict:
    """Compare the values in a file with what the engines make of it, formulas with our functions, the clock and chance
    left as they are."""
    verdict = Verdict(without_values=not has_values(package, sheets))
    if verdict.without_values:
        return verdict
    callbacks = Callbacks(dict.fromkeys(functions, _not_called), None)
    stage = ExactStage(package, sheets, callbacks, now)
    by_name = {sheet.name: sheet for sheet in sheets}
    for sheet in sheets:
        verdict.changing |= {(sheet.name, sheet.places[index]) for index in sheet.changing}
        sheet.fixed |= dict.fromkeys(sheet.changing, "")
    results = verdict.results = _results(package, sheets, callbacks, now, stage, False)
    results.calculate_fast()
    differing = set(_differing(sheets, results))
    results.calculate_exactly(differing)
    for _ in range(_MAX_ROUNDS):
        wrong = _differing(sheets, results)
        if not wrong:
            break
        needs = stage.precedents.of
        roots = {node for node in wrong if not any(other in wrong and other != node for other in needs(node))} or wrong
        for node in roots:
            verdict.otherwise[node] = results.restore(node, _said(by_name[node[0]], node, wrong[node]))
        results.calculate_exactly({node for node in wrong if node not in roots and results.is_exact(node)}, again=True)
    else:
        for node, value in _differing(sheets, results).items():
            verdict.otherwise[node] = results.restore(node, _said(by_name[node[0]], node, value))
    verdict.exact = {node for node in differing if node not in verdict.otherwise and results.is_exact(node)}
    for sheet in sheets:
        sheet.fixed.clear()
    _count_dependents(stage, results, verdict.otherwise)
    results.collect()
    return verdict


def _results(
    package: Package, sheets: list[Sheet], callbacks: Callbacks, now: datetime | None, stage: ExactStage, trust: bool
) -> Results:
    return Results(FastEngine(engine_copy(package, sheets), callbacks, now), sheets, stage, trust)


def _not_called(*_: object) -> None:
    raise AssertionError("formulas with our functions keep their values while a file is checked")


def has_values(package: Package, sheets: list[Sheet]) -> bool:
    """Has a spreadsheet program calculated the file? Writers of files leave values out, or put 0 everywhere."""
    if package.calculation.get("fullCalcOnLoad", "0") in ("1", "true"):
        return False
    return any(cell.value not in (None, b"", b"0") for sheet in sheets for cell in sheet.cells)


def _differing(sheets: list[Sheet], results: Results) -> dict[Node, CellValue]:
    """The formulas that were calculated to another value than the file has, and that value."""
    found: dict[Node, CellValue] = {}
    for sheet in sheets:
        kept = results.kept(sheet)
        for index, (place, new) in enumerate(zip(sheet.places, results.fast_values(sheet), strict=True)):
            compared = place not in kept and sheet.cells[index].value is not None
            if compared and not same_value(sheet.cached(index), new):
                found[sheet.name, place] = new
    return found


def _said(sheet: Sheet, node: Node, value: CellValue) -> str:
    index = sheet.places.index(node[1])
    here = value.code if isinstance(value, CalcError) else shown(value)
    old = sheet.cached(index)
    there = old.code if isinstance(old, CalcError) else shown(old)
    return (
        f"calculated otherwise than by the program that saved this file (there {there}, here {here}): "
        f"={_short(sheet.formula(index))}"
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _count_dependents(stage: ExactStage, results: Results, otherwise: dict[Node, str]) -> None:
    """Say of each of these formulas what depends on it."""
    for node, said in otherwise.items():
        later = sorted(stage.dependencies.dependents([node]) - otherwise.keys())
        if later:
            first = ", ".join(f"{sheet}!{cell_name(*place)}" for sheet, place in later[:_LISTED])
            more = f" and {len(later) - _LISTED:,} more" if len(later) > _LISTED else ""
            otherwise[node] = f"{said}; {first}{more} depend{'s' if len(later) == 1 else ''} on it"
            results.rename(node, otherwise[node])


def _name_dependents(
    sheets: list[Sheet], stage: ExactStage, results: Results, verdict: Verdict, changed: Collection[Node]
) -> None:
    """Where what such a formula needs has changed, its old value is no longer right, nor is what depends on it."""
    sources = {*changed}
    for sheet in sheets:
        for index, (place, new) in enumerate(zip(sheet.places, results.fast_values(sheet), strict=True)):
            node = sheet.name, place
            if node in verdict.changing and not same_value(sheet.cached(index), new):
                sources.add(node)
    affected = stage.dependencies.dependents(sources) & verdict.otherwise.keys()
    for node in sorted(affected):
        name = f"{node[0]}!{cell_name(*node[1])}"
        for other in sorted(stage.dependencies.dependents([node]) - verdict.otherwise.keys()):
            results.restore(
                other, f"depends on {name}, which is calculated otherwise than by the program that saved it"
            )
    if affected:
        results.collect()
