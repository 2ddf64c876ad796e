"""Calculated values, which formulas could not be calculated, and why a cell shows an error."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from xlcalc.language.errors import CalcError

from .addresses import Area, cell_name, parse_cell
from .callbacks import CODES, Callbacks, error_value, is_error
from .cells_xml import CellValue
from .engine import Engine, Place
from .errors import WorkbookError
from .formula_text import bare_function, intersected, tokens
from .prepare import NOT_CALCULATED, Sheet

_MEANING = {
    "#DIV/0!": "a division by zero",
    "#N/A": "a value is not available",
    "#VALUE!": "a value of the wrong kind",
    "#REF!": "a reference to cells that are not there",
    "#NUM!": "a number that is out of range",
    "#NULL!": "two ranges that do not meet",
    "#SPILL!": "the result does not fit: cells in its way are not empty",
    "#CALC!": "an array without any value",
}
_MAX_ROUNDS = 20
_MAX_SEARCHED = 10_000
"""Cells of a range that are searched for where an error comes from."""

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

    def __init__(self, engine: Engine, sheets: list[Sheet]) -> None:
        self._engine, self._sheets = engine, sheets
        self._index = {sheet.name: {place: index for index, place in enumerate(sheet.places)} for sheet in sheets}
        self._by_name = {sheet.name: sheet for sheet in sheets}
        self._kept: dict[str, dict[Place, str]] = {
            sheet.name: {sheet.places[index]: reason for index, reason in sheet.problems.items()} for sheet in sheets
        }
        self._read: dict[str, list[Any]] = {}
        self._results: dict[str, SheetResults] = {}

    def of(self, sheet: Sheet) -> SheetResults:
        return self._results[sheet.name]

    def calculate(self) -> None:
        self._evaluate()
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
        self._results = {sheet.name: self._collect(sheet) for sheet in self._sheets}

    def explained(self, sheet: Sheet, callbacks: Callbacks) -> Iterator[tuple[Place, CalcError]]:
        """The cells of a sheet that show an error, with its reason, in the order of the sheet. It calculates cells
        again, so all values must have been taken before."""
        results = self.of(sheet)
        found: dict[Place, CalcError] = {}
        for index in results.with_errors:
            place = sheet.places[index]
            area = results.areas.get(index)
            shown = {cell: results.filled.get(cell) for cell in area.places()} if area else {}
            shown[place] = results.values[index]
            wrong = {cell: value for cell, value in shown.items() if isinstance(value, CalcError)}
            found.update(self._reasons(sheet, place, wrong, callbacks))
        yield from sorted(found.items())

    # Calculation

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
            value = self._engine.reader(sheet.name, sheet.places)
            own = self._index[sheet.name]
            for index, (row, column) in enumerate(sheet.places):
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
            kept = self._kept[sheet.name]
            failing[sheet.name] = {
                place
                for place, value in zip(sheet.places, self._values(sheet), strict=True)
                if type(value) is dict and _gave_up(value["kind"]) and place not in kept
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
            return "refers to itself, directly or through other cells"
        if kind == "Name":
            for other, area in self._engine.precedents(sheet, *place):
                for needed in _common(area, self._kept.get(other, {})):
                    if is_error(self._engine.value(other, *needed)):
                        return f"needs {other}!{cell_name(*needed)}, which was never calculated"
            unknown = _unknown_words(formula)
            return f"{unknown[0]}: no such name or function" if unknown else "a name or function that does not exist"
        if kind == "NImpl":
            return f"a kind of formula that the engine does not calculate: {formula}"
        return f"a formula that the engine cannot read: {formula}"

    # Values

    def _collect(self, sheet: Sheet) -> SheetResults:
        places = sheet.places
        values = [
            value if type(value) is float and value - value == 0 else _formula_value(value)
            for value in self._values(sheet)
        ]
        results = SheetResults(values, dict(sorted(self._kept[sheet.name].items())))
        for index, array in sheet.arrays.items():
            if places[index] in results.kept:
                continue
            area = array.area
            if array.dynamic:
                single = Area(*places[index], *places[index])
                area = self._engine.spill(sheet.name, *places[index]) or single
            results.areas[index] = area
            results.filled |= dict.fromkeys(array.area.places())
        wrong = {index for index, value in enumerate(values) if isinstance(value, CalcError)}
        for index, area in results.areas.items():
            members = list(area.places())
            taken = [_formula_value(value) for value in self._engine.values(sheet.name, members)]
            results.filled |= zip(members, taken, strict=True)
            if any(isinstance(value, CalcError) for value in taken):
                wrong.add(index)
        if results.filled:
            for place in places:
                results.filled.pop(place, None)
        results.with_errors = sorted(index for index in wrong if places[index] not in results.kept)
        return results

    # Reasons of errors

    def _reasons(
        self, sheet: Sheet, place: Place, wrong: dict[Place, Any], callbacks: Callbacks
    ) -> dict[Place, CalcError]:
        said: dict[str, list[CalcError]] = {}
        formula = self._engine.formula(sheet.name, *place)
        if any(bare_function(token.text) in callbacks.by_name for token in tokens(formula) if token.kind == "word"):
            callbacks.errors.clear()
            self._engine.set_formula(sheet.name, *place, formula)
            self._engine.evaluate_cell(sheet.name, *place)
            for error in callbacks.errors:
                said.setdefault(error.code, []).append(error)
        reasons = {}
        for cell, error in wrong.items():
            sentences = said.get(error.code)
            if sentences:
                reasons[cell] = sentences.pop(0) if len(sentences) > 1 else sentences[0]
            else:
                reasons[cell] = self._inherited(sheet.name, place, error.code)
        return reasons

    def _inherited(self, sheet: str, place: Place, code: str) -> CalcError:
        for other, area in self._engine.precedents(sheet, *place):
            places = list(area.places()) if area.rows * area.columns <= _MAX_SEARCHED else []
            for source, value in zip(places, self._engine.values(other, places), strict=True):
                if is_error(value) and CODES.get(value["kind"]) == code and (other, source) != (sheet, place):
                    return CalcError(code, f"{_MEANING.get(code, 'an error')}, from {other}!{cell_name(*source)}")
        return CalcError(code, _MEANING.get(code, "an error"))


def _gave_up(kind: str) -> bool:
    return kind == "Name" or kind not in CODES


def _formula_value(value: Any) -> CellValue:
    """A value as a formula cell shows it: blank is 0."""
    if value is None:
        return 0
    if is_error(value):
        code = CODES.get(value["kind"], "#VALUE!")
        return CalcError(code, _MEANING.get(code, "an error"))
    if isinstance(value, float) and value - value != 0:  # infinite or no number
        return CalcError("#NUM!", _MEANING["#NUM!"])
    return value


def _common(area: Area, places: Collection[Place]) -> Iterator[Place]:
    """The places that lie in the area, found by way of the smaller of the two."""
    if area.rows * area.columns < len(places):
        return (place for place in area.places() if place in places)
    return (place for place in places if place in area)


def _unknown_words(formula: str) -> list[str]:
    """Words in a formula that are neither cells nor numbers nor truth values: names."""
    parts = tokens(formula)
    found = []
    for token, following in zip(parts, [*parts[1:], None], strict=True):
        word = token.text.rpartition("!")[2]
        if token.kind != "word" or (following and following.kind == "open") or word.upper() in ("TRUE", "FALSE"):
            continue
        if word and not word[0].isdigit() and parse_cell(word) is None and not word.startswith("$"):
            found.append(token.text)
    return found
