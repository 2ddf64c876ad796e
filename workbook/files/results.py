"""Calculated values, which formulas could not be calculated, and why a cell shows an error."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from xlcalc.language.errors import CalcError

from .addresses import Area, cell_name
from .callbacks import error_value, is_error
from .cells_xml import CellValue
from .delicate import Delicate
from .dependencies import Node
from .doubt import measured, wrong_in_exact
from .errors import WorkbookError
from .exact_stage import CIRCULAR, Answer, ExactStage
from .fast_engine import FastEngine, Place
from .formula_text import intersected
from .prepare import NOT_CALCULATED, Sheet
from .unknown_names import unknown_reason, unknown_words
from .values import formula_value, gave_up, same_value

_UNKNOWN = "a name or function that does not exist"
_NOT_HELD = "the fast engine has no value for it"
_LONG = 16
_LONG_NUMBER = re.compile(rf"\d[\d.]{{{_LONG - 1},}}")
_MAX_ROUNDS = 20
_MAX_EXACT_ROUNDS = 4

Places = dict[str, set[Place]]
"""Cells by sheet."""


@dataclass
class SheetResults:
    """The values of one sheet after the calculation."""

    values: list[CellValue]
    """One for each formula cell."""
    kept: dict[Place, str] = field(default_factory=dict)
    """Formula cells that keep the value they had, with the reason."""
    areas: dict[int, Area] = field(default_factory=dict)
    """The cells that each array formula fills now, by its place in the sheet's cells."""
    filled: dict[Place, CellValue] = field(default_factory=dict)
    """Values of the cells that array formulas fill; None where one did and no longer does."""
    with_errors: list[int] = field(default_factory=list)
    """Formula cells, by their place in the sheet's cells, that show an error or fill a cell with one."""


class Results:
    """The results of all sheets, taken from the engine."""

    def __init__(self, engine: FastEngine, sheets: list[Sheet], stage: ExactStage, trust_exact: bool = False) -> None:
        self._engine, self._sheets, self._stage, self._trust_exact = engine, sheets, stage, trust_exact
        self._index = {sheet.name: {place: index for index, place in enumerate(sheet.places)} for sheet in sheets}
        self._by_name = {sheet.name: sheet for sheet in sheets}
        self._kept: dict[str, dict[Place, str]] = {
            sheet.name: {
                sheet.places[index]: reason
                for index, reason in {**sheet.doubtful, **sheet.problems, **sheet.fixed}.items()
            }
            for sheet in sheets
        }
        self._delicate = Delicate(sheets[0].package, sheets, stage, engine)
        self._exact: dict[Node, Answer] = {}
        self._tried: set[Node] = {
            (sheet.name, sheet.places[index]) for sheet in sheets for index in (*sheet.final, *sheet.fixed)
        }
        self._read: dict[str, list[Any]] = {}
        self._sound: dict[str, list[Any]] | None = None
        """The values with which the fast engine alone was last right."""
        self._results: dict[str, SheetResults] = {}

    def of(self, sheet: Sheet) -> SheetResults:
        return self._results[sheet.name]

    def calculated(self, name: str) -> dict[Place, CellValue]:
        """The values of the formulas of a sheet that do not keep the one they had."""
        sheet, found = self._by_name.get(name), self._results.get(name)
        if sheet is None or found is None:
            return {}
        return {
            place: value for place, value in zip(sheet.places, found.values, strict=True) if place not in found.kept
        }

    def calculate(self) -> None:
        self.calculate_fast()
        self.calculate_exactly([])
        self.collect()

    def calculate_fast(self) -> None:
        self._evaluate()
        self._name_not_held()
        if self._intersect():
            self._evaluate()
        for _ in range(_MAX_ROUNDS):
            failing = self._failing()
            if not any(failing.values()):
                break
            for sheet, place in self._roots(failing):
                self._keep(sheet, place, self._reason(sheet, place))
            self._evaluate()
        else:
            for sheet, places in self._failing().items():
                for place in sorted(places):
                    self._keep(sheet, place, self._reason(sheet, place))

    def calculate_exactly(self, more: Collection[Node], *, again: bool = False) -> None:
        """Have the exact engine calculate what the fast one did not, and `more`."""
        if again:
            self._tried -= set(more)
        for _ in range(_MAX_EXACT_ROUNDS):
            unanswered = {(sheet, place) for sheet, kept in self._kept.items() for place in kept}
            nodes = {*more, *unanswered, *self._long_numbers(), *self._delicate.found(self._values)} - self._tried
            if not nodes:
                return
            self._tried |= nodes
            self._take(nodes)
            self.calculate_fast()

    def calculate_again(self, changed: Mapping[Node, CellValue]) -> bool:
        """Calculate with other contents of cells that hold no formula, where every formula has been calculated so far:
        those that the exact engine has answered by it, the others by the fast one. False where that no longer does."""
        if any(self._kept.values()):
            return False
        for (sheet, place), value in changed.items():
            self._engine.set_value(sheet, *place, value)
        self._delicate.give(changed)
        before, self._sound, self._read = self._sound, None, {}
        if self._engine.evaluate():
            return False
        if self._exact:
            self._take(set(self._exact))
        if any(self._kept.values()) or self._engine.evaluate() or any(self._failing().values()):
            return False
        since = None if before is None else self._since(before, changed)
        if (self._long_numbers() | set(self._delicate.found(self._values, since))) - self._exact.keys():
            return False
        self._sound = self._read
        return True

    def _since(self, before: Mapping[str, list[Any]], changed: Mapping[Node, CellValue]) -> dict[str, dict[Place, Any]]:
        """What the cells hold that are not as they were before."""
        found: dict[str, dict[Place, Any]] = defaultdict(dict)
        for sheet in self._sheets:
            cells = zip(sheet.places, before[sheet.name], self._values(sheet), strict=True)
            found[sheet.name] = {place: new for place, old, new in cells if old != new}
        for (name, place), value in changed.items():
            found[name][place] = value
        return found

    def collect(self) -> None:
        self._results = {sheet.name: self._collect(sheet) for sheet in self._sheets}

    def restore(self, node: Node, reason: str) -> str:
        """Let a formula keep the value that the file has, for a reason, which is returned."""
        self._exact.pop(node, None)
        self._tried.add(node)
        self._keep(*node, reason)
        self._read.clear()
        return reason

    def rename(self, node: Node, reason: str) -> None:
        """State the reason why a formula keeps its value."""
        self._kept[node[0]][node[1]] = reason

    def kept(self, sheet: Sheet) -> dict[Place, str]:
        """The formulas of a sheet that keep the value they had, with the reason."""
        return self._kept[sheet.name]

    def is_exact(self, node: Node) -> bool:
        return node in self._exact

    def fast_values(self, sheet: Sheet) -> list[CellValue]:
        """What the formula cells of a sheet hold so far, one for each."""
        return [formula_value(value) for value in self._values(sheet)]

    def fast_value(self, sheet: Sheet, index: int) -> CellValue:
        """What one of the formula cells of a sheet holds so far."""
        return formula_value(self._values(sheet)[index])

    @property
    def engines(self) -> tuple[FastEngine, ExactStage]:
        """What the values were calculated with."""
        return self._engine, self._stage

    # Calculation

    def _long_numbers(self) -> set[Node]:
        """Formulas whose text holds more digits than Excel shows of a number."""
        return {
            (sheet.name, place)
            for sheet in self._sheets
            for place, value in zip(sheet.places, self._values(sheet), strict=True)
            if type(value) is str and len(value) >= _LONG and _LONG_NUMBER.search(value)
        }

    def _name_not_held(self) -> None:
        """A sheet whose formulas have no value at all is one that the fast engine did not take in."""
        for sheet in self._sheets:
            kept = self._kept[sheet.name]
            if len(kept) < len(sheet.cells) and all(
                value is None
                for place, value in zip(sheet.places, self._values(sheet), strict=True)
                if place not in kept
            ):
                kept.update((place, _NOT_HELD) for place in sheet.places if place not in kept)

    def _take(self, nodes: set[Node]) -> None:
        """Put the exact engine's answers for these formulas in place of what the fast one has."""
        fixed = {(sheet, place) for sheet, kept in self._kept.items() for place in kept} - nodes
        try:
            answers = self._stage.calculate(nodes, fixed, self._engine.values)
        except WorkbookError as error:
            answers = {}
            self._stage.refused |= dict.fromkeys(nodes, str(error))
        for node in sorted(nodes):
            name, place = node
            sheet, index = self._by_name[name], self._index[name][place]
            answer = answers.get(node)
            reason = self._disbelieved(sheet, index, answer)
            if answer is None or reason:
                kept = (
                    reason or self._stage.refused.get(node) or sheet.problems.get(index) or self._kept[name].get(place)
                )
                if place not in self._kept[name]:
                    self._keep(name, place, kept or _UNKNOWN)
                elif index in sheet.doubtful and index not in sheet.problems and not reason:
                    self._kept[name][place] = self._stage.refused.get(node) or unknown_reason(sheet, index)
                else:
                    self._kept[name][place] = kept or _UNKNOWN
                continue
            self._kept[name].pop(place, None)
            self._exact[node] = answer
            for cell in sheet.arrays[index].area.places() if answer.area else ():
                if cell not in answer.filled:
                    self._engine.set_value(name, *cell, None)
            for cell, value in {**answer.filled, place: answer.value}.items():
                self._engine.set_value(name, *cell, error_value(value.code) if isinstance(value, CalcError) else value)

    def _disbelieved(self, sheet: Sheet, index: int, answer: Answer | None) -> str:
        """Why the exact engine's answer is not taken: it is known to err there, and this is not the value that the
        file has already."""
        if answer is None or self._trust_exact or same_value(sheet.cached(index), answer.value):
            return ""
        is_error = isinstance(answer.value, CalcError)
        for feature in wrong_in_exact(sheet.doubtful.get(index, "").split(", "), is_error):
            found = measured().get(feature)
            if found is None:
                return f"{feature}: calculated otherwise than by Excel"
            differs = found.exact_differs + found.exact_gives_up
            return f"{feature}: calculated otherwise than by Excel in {differs} of {found.exact_cells} measured cells"
        return ""

    def _evaluate(self) -> None:
        self._read.clear()
        for _ in range(_MAX_ROUNDS):
            reason = self._engine.evaluate()
            if not reason:
                return
            stopping: Places = {
                sheet.name: {
                    place
                    for place in sheet.places
                    if place not in self._kept[sheet.name] and self._engine.stops_at(sheet.name, *place)
                }
                for sheet in self._sheets
            }
            for name, place in self._roots(stopping):
                self._keep(name, place, reason)
        raise WorkbookError(f"the calculation engine stopped: {reason}")

    def _values(self, sheet: Sheet) -> list[Any]:
        """The engine's values of the formula cells since the last calculation."""
        if sheet.name not in self._read:
            self._read[sheet.name] = self._engine.values(sheet.name, sheet.places)
        return self._read[sheet.name]

    def _intersect(self) -> bool:
        """Give formulas that were not entered as arrays their single value, where the engine made an array of it."""
        changed = []
        for sheet in self._sheets:
            if not sheet.spreading:
                continue
            value = self._engine.reader(sheet.name, sheet.places)
            own = self._index[sheet.name]
            for index in sheet.spreading:
                row, column = sheet.places[index]
                result = value(row, column)
                blocked = type(result) is dict and result["kind"] == "Spill"
                spread = (value(row, column + 1) is not None and (row, column + 1) not in own) or (
                    value(row + 1, column) is not None and (row + 1, column) not in own
                )
                if not (blocked or spread) or index in sheet.arrays or index in sheet.problems:
                    continue
                if blocked or self._engine.spill(sheet.name, row, column) is not None:
                    changed.append((sheet.name, (row, column)))
        for name, place in changed:
            self._engine.set_formula(name, *place, intersected(self._engine.formula(name, *place)))
        return bool(changed)

    def _failing(self) -> Places:
        """Cells at which the engine gave up, or that need one."""
        failing: Places = {}
        for sheet in self._sheets:
            kept, values = self._kept[sheet.name], self._values(sheet)
            failing[sheet.name] = set()
            if dict in set(map(type, values)):  # an error, which few sheets hold
                failing[sheet.name] = {
                    place
                    for place, value in zip(sheet.places, values, strict=True)
                    if type(value) is dict and gave_up(value["kind"]) and place not in kept
                }
        return failing

    def _roots(self, failing: Places) -> list[tuple[str, Place]]:
        """Those of the failing cells that do not need another of them; all of them where each needs another."""
        cells = [(sheet, place) for sheet, places in failing.items() for place in sorted(places)]
        return [cell for cell in cells if not self._needs(*cell, failing)] or cells

    def _needs(self, sheet: str, place: Place, failing: Places) -> bool:
        for other, area in self._engine.precedents(sheet, *place):
            if any((other, needed) != (sheet, place) for needed in _common(area, failing.get(other, set()))):
                return True
        return False

    def _keep(self, name: str, place: Place, reason: str) -> None:
        """The cell goes on with the value it had, so that what needs it can be calculated; so do the cells it fills."""
        self._kept[name][place] = reason
        sheet, index = self._by_name[name], self._index[name][place]
        value = sheet.cached(index)
        cells: list[tuple[Place, CellValue]] = [(place, NOT_CALCULATED if value is None else value)]
        if index in sheet.arrays:
            cells += sheet.filled_by(index)
        for cell, old in cells:
            self._engine.set_value(name, *cell, error_value(old.code) if isinstance(old, CalcError) else old)

    def _reason(self, sheet: str, place: Place) -> str:
        value = self._engine.value(sheet, *place)
        kind = value["kind"] if is_error(value) else ""
        formula = self._engine.formula(sheet, *place)
        if kind == "Circ":
            self._stage.circles.add((sheet, place))
            return CIRCULAR
        if kind == "Name":
            for other, area in self._engine.precedents(sheet, *place):
                for needed in _common(area, self._kept.get(other, {})):
                    if is_error(self._engine.value(other, *needed)):
                        return f"needs {other}!{cell_name(*needed)}, which was never calculated"
            unknown = unknown_words(formula)
            return f"{unknown[0]}: no such name or function" if unknown else _UNKNOWN
        if kind == "NImpl":
            return f"a kind of formula that the engine does not calculate: {formula}"
        return f"a formula that the engine cannot read: {formula}"

    # Values

    def _collect(self, sheet: Sheet) -> SheetResults:
        places = sheet.places
        values = [
            value if type(value) is float and value - value == 0 else formula_value(value)
            for value in self._values(sheet)
        ]
        results = SheetResults(values, dict(sorted(self._kept[sheet.name].items())))
        calculated = [index for index in sheet.arrays if places[index] not in results.kept]
        for index in calculated:
            results.filled |= dict.fromkeys(sheet.arrays[index].area.places())
        for index in calculated:
            array = sheet.arrays[index]
            area = array.area
            exact = self._exact.get((sheet.name, places[index]))
            if exact is not None:
                area = exact.area or area
            elif array.dynamic:
                single = Area(*places[index], *places[index])
                area = self._engine.spill(sheet.name, *places[index]) or single
            results.areas[index] = area
        wrong = {index for index, value in enumerate(values) if isinstance(value, CalcError)}
        for index, area in results.areas.items():
            members = list(area.places())
            taken = [formula_value(value) for value in self._engine.values(sheet.name, members)]
            results.filled |= zip(members, taken, strict=True)
            if any(isinstance(value, CalcError) for value in taken):
                wrong.add(index)
        if results.filled:
            for place in places:
                results.filled.pop(place, None)
        results.with_errors = sorted(index for index in wrong if places[index] not in results.kept)
        return results


def _common(area: Area, places: Collection[Place]) -> Iterator[Place]:
    """The places that lie in the area, found by way of the smaller of the two."""
    if area.rows * area.columns < len(places):
        return (place for place in area.places() if place in places)
    return (place for place in places if area.holds(place))
