"""The formulas that the fast engine is not trusted with, calculated by the exact one.

It is given these formulas, those that lie between them, and the values of all cells that they read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import Any

from xlcalc import limits
from xlcalc.language.errors import CalcError

from .addresses import MAX_ROWS, Area
from .callbacks import CODES, Callbacks, is_error
from .cells_xml import CellValue, SheetXml
from .custom_calls import CustomCalls
from .dependencies import Dependencies, Node, Place, Precedents
from .exact_copy import ExactFormula, ExactSheet, exact_copy
from .fast_engine import knows
from .formula_text import Context, bare_function, fill_skipped, rewrite, tokens, written
from .package import Package
from .prepare import Sheet, book_of
from .references import Reader, References
from .sheet_grammar import Cell
from .unsure import indirect, not_calculated, one_by_one, with_bounds, with_whole_rows
from .unsure_cells import CALCULATED, of_dates_and_hidden_rows, of_what_it_reads

_GIVEN_UP = frozenset(("#NAME?", "#GETTING_DATA", "#BLOCKED!", "#CONNECT!", "#EXTERNAL!", "#BUSY!", "#PYTHON!"))
_OTHER_WORKBOOK = re.compile(r"\[\d+\][^\[\]\"]*!")
_LOOK_AT_FORMULAS = ("ISFORMULA(", "FORMULATEXT(", "SUBTOTAL(", "AGGREGATE(")
_OF_HIDDEN_ROWS = (b"SUBTOTAL", b"AGGREGATE")
_MAX_CIRCLES = 100
CIRCULAR = "refers to itself, directly or through other cells"

Values = Callable[[str, Sequence[Place]], list[Any]]
"""The fast engine's values of cells of a sheet."""


@dataclass
class Answer:
    """What the exact engine gives for a formula: its value, and for an array all cells that it fills."""

    value: CellValue
    area: Area | None = None
    filled: dict[Place, CellValue] = field(default_factory=dict)


class ExactStage:
    """Calculates formulas of one workbook exactly."""

    def __init__(self, package: Package, sheets: list[Sheet], callbacks: Callbacks, now: datetime | None) -> None:
        self._package, self._callbacks, self._now = package, callbacks, now
        self._sheets = {sheet.name: sheet for sheet in sheets}
        self._known: dict[Node, References] = {}
        self._cells_of: dict[str, list[Cell]] = {}
        self._used_of: dict[str, Area] = {}
        self._values_of: dict[str, dict[Place, object]] = {}
        self._inputs: dict[Node, CellValue] = {}
        self._wanted_for: dict[frozenset[Node], set[Node]] = {}
        self.refused: dict[Node, str] = {}
        """Formulas that this engine cannot calculate either, with the reason."""
        self.circles: set[Node] = set()
        """Formulas that need themselves, as the fast engine has it."""
        self.said: dict[Node, list[CalcError]] = {}
        """What the custom functions in a formula said."""

    def give(self, inputs: Mapping[Node, CellValue]) -> None:
        """Cells without formulas hold something else than in the file."""
        self._inputs |= inputs
        self._values_of.clear()

    @property
    def iterates(self) -> bool:
        """Does the workbook ask for formulas that need each other in a circle to be calculated?"""
        return self._package.calculation.get("iterate", "0") in ("1", "true")

    @cached_property
    def _index(self) -> dict[Node, int]:
        return {
            (sheet.name, place): index for sheet in self._sheets.values() for index, place in enumerate(sheet.places)
        }

    @cached_property
    def reader(self) -> Reader:
        return Reader(book_of(self._package))

    @cached_property
    def precedents(self) -> Precedents:
        arrays = {
            (sheet.name, sheet.places[index]): array.area
            for sheet in self._sheets.values()
            for index, array in sheet.arrays.items()
        }
        return Precedents(self._index, arrays, self.references)

    @cached_property
    def dependencies(self) -> Dependencies:
        """Of all formulas, which takes long where there are many."""
        return Dependencies({node: self.references(node) for node in self._index}, self.precedents)

    def references(self, node: Node) -> References:
        """The cells that a formula reads."""
        if node not in self._known:
            text = self._sheets[node[0]].formula(self._index[node]) if node in self._index else ""
            self._known[node] = self.reader.references(text, node[0], *node[1])
        return self._known[node]

    def _with_between(self, nodes: Collection[Node], constants: Collection[Node]) -> set[Node]:
        """These formulas, and those that depend on one of them and are needed by another."""
        if any(self.references(node).dynamic for node in nodes):
            return self.dependencies.with_between(nodes) - set(constants)
        needed = self.precedents.above(nodes, constants)
        return Dependencies({node: self.references(node) for node in needed}, self.precedents).with_between(nodes)

    def calculate(self, nodes: set[Node], constants: Collection[Node], values: Values) -> dict[Node, Answer]:
        """The answers for `nodes`; those that cannot be calculated are in `refused`. `constants` keep the values
        that the fast engine has for them."""
        wanted = self._wanted_for.get(frozenset(nodes)) if not constants else None
        if wanted is None:
            wanted = self._with_between(nodes, constants)
            wanted |= self._anchors(wanted)
        if not constants:
            self._wanted_for[frozenset(nodes)] = wanted
        formulas = self._formulas(wanted)
        calls = formulas.calls
        sheets = self._given(formulas.texts, values)
        data = exact_copy(self._package, list(sheets.values()), [(call.placeholder, "#N/A") for call in calls.calls])
        from .exact_engine import TO_MEND, ExactEngine

        answers = {}
        with ExactEngine(data, self._now) as engine:
            for node, formula in formulas.texts.items():
                if formula.area is None and any(mark in formula.text.upper() for mark in TO_MEND):
                    engine.mend(node[0], *node[1])
            errors = engine.calculate(calls.calls, self._callbacks)
            for node, said in errors.items():
                self.said[node] = said
            for node in nodes & formulas.texts.keys():
                answer = self._answer(engine, node)
                if self._names_by_text(engine, node, formulas.texts[node].text):
                    self.refused[node] = "INDIRECT of a name or table"
                elif answer is not None:
                    answers[node] = answer
                    self.refused.pop(node, None)
            for node in self._circular(engine, answers):
                self.refused[node] = CIRCULAR
                del answers[node]
        return answers

    def _names_by_text(self, engine: Any, node: Node, text: str) -> bool:
        """Does INDIRECT get a name or table there? The engine makes no reference of one."""
        book = self.reader.book
        for argument in indirect(text):
            for value in (value for line in engine.evaluated(node[0], *node[1], argument) for value in line):
                name = str(value).partition("[")[0].rpartition("!")[2]
                if book.name(node[0], name) is not None or name.lower() in book.tables:
                    return True
        return False

    def _circular(self, engine: Any, answers: dict[Node, Answer]) -> set[Node]:
        """Those of the answered formulas that need themselves, of which the engine says 0 or an error."""
        circles = self.circles & answers.keys()
        if self.iterates or len(circles) > _MAX_CIRCLES:
            return set() if self.iterates else circles
        zeros = {node for node, answer in answers.items() if answer.value == 0}
        suspects = {node for node in zeros if self._may_need_itself(node)} | circles
        found = {node for node in suspects if engine.needs_itself(node[0], *node[1])}
        return found | {node for node in zeros - suspects if found and engine.needs_itself(node[0], *node[1])}

    def _may_need_itself(self, node: Node) -> bool:
        found = self.references(node)
        return found.dynamic or any(node[0] == sheet and area.holds(node[1]) for sheet, area in found.areas)

    def _anchors(self, nodes: Collection[Node]) -> set[Node]:
        """The array formulas whose whole result these formulas read, and the formulas that they look at as such."""
        found: set[Node] = set()
        waiting = list(nodes)
        while waiting:
            node = waiting.pop()
            looked_at = list(self.references(node).anchors)
            text = self._sheets[node[0]].formula(self._index[node]).upper()
            if any(name in text for name in _LOOK_AT_FORMULAS):
                looked_at += self.precedents.of(node)
            for anchor in looked_at:
                if anchor in self._index and anchor not in found and anchor not in nodes:
                    found.add(anchor)
                    waiting.append(anchor)
        return found

    def _formulas(self, nodes: Collection[Node]) -> _Formulas:
        calls = CustomCalls(self._callbacks.by_name.keys(), self.reader, self._used)
        texts: dict[Node, ExactFormula] = {}
        for node in sorted(nodes):
            sheet, index = self._sheets[node[0]], self._index[node]
            text = self.reader.without_relative_names(self._without_tables(sheet, index), node[0], *node[1])
            text, problem = calls.taken_out(text, *node)
            if _OTHER_WORKBOOK.search(text):
                problem = "a cell of another workbook"
            array = sheet.arrays.get(index)
            problem = problem or self._why_not(text, node) or not_calculated(text, array is not None)
            if problem:
                self.refused[node] = problem
                continue
            text = with_bounds(fill_skipped(text, ()))
            text = one_by_one(with_whole_rows(text, array is not None), array is not None)
            texts[node] = ExactFormula(text, array.area, array.dynamic) if array else ExactFormula(text)
        return _Formulas(texts, calls)

    @cached_property
    def _rows_hidden(self) -> bool:
        return any(self._xml(name).hidden_rows() for name in self._package.sheets)

    def _why_not(self, text: str, node: Node) -> str:
        """Why this engine does not give Excel's value, as far as the formula and what it reads tell."""
        parts = tokens(text)
        for token, after in pairwise(parts):
            called = bare_function(token.text) if token.kind == "word" and after.kind == "open" else ""
            definition = self.reader.book.name(node[0], called) if called else None
            if definition is not None and "LAMBDA(" not in definition.upper() and knows(called):
                return f"{called} is a function, and a name in this workbook too"
        references = self.references(node)
        hidden = any(name in text.upper().encode() for name in _OF_HIDDEN_ROWS) and self._rows_hidden
        since_1904 = self._package.date1904
        inputs = [(self._held(sheet), area) for sheet, area in references.areas] if since_1904 else []
        read = (value for held, area in inputs for place, value in held.items() if area.holds(place))
        found = of_dates_and_hidden_rows(text, references.dynamic, hidden, since_1904, read)
        return found or of_what_it_reads(
            text, lambda argument: self.reader.references(written(argument), node[0], *node[1]).areas, self._held
        )

    def _held(self, sheet: str) -> dict[Place, object]:
        """What the cells of a sheet hold."""
        if sheet not in self._values_of:
            xml = self._xml(sheet)
            values = {
                (cell.row, cell.column): CALCULATED if cell.calculates else self._package.cell_value(xml, cell)
                for cell in self._cells(sheet)
            }
            values |= {place: value for (name, place), value in self._inputs.items() if name == sheet}
            self._values_of[sheet] = {place: value for place, value in values.items() if value is not None}
        return self._values_of[sheet]

    def _without_tables(self, sheet: Sheet, index: int) -> str:
        """A formula with cells in place of references to tables, which the engine does not read all."""
        tables = self.reader.book.tables
        text = sheet.formula(index)
        if not tables:
            return text
        place = sheet.places[index]
        own = next((table for table in tables.values() if table.sheet == sheet.name and table.area.holds(place)), None)
        return rewrite(text, Context((), lambda name: True, tables=tables, for_exact=True), place[0], own).text

    def _given(self, formulas: dict[Node, ExactFormula], values: Values) -> dict[str, ExactSheet]:
        """What the exact engine needs of each sheet."""
        needed = _Needed()
        hidden = False
        for node, formula in formulas.items():
            references = self.references(node)
            needed.everything |= references.dynamic
            for on, area in references.areas:
                needed.add(on, area)
            if formula.dynamic:
                needed.whole.add(node[0])  # what stands in the way of the result
            hidden = hidden or any(name in formula.text.upper().encode() for name in _OF_HIDDEN_ROWS)
        given: dict[str, ExactSheet] = {}
        for name in self._package.sheets:
            sheet = given[name] = ExactSheet(name)
            if needed.none_of(name):
                continue
            xml = self._xml(name)
            if hidden:
                sheet.hidden = xml.hidden_rows()
            calculated: list[Place] = []
            filled = self._filled(name)
            for cell in self._cells(name):
                place = cell.row, cell.column
                if (name, place) in formulas or not needed.has(name, place):
                    continue
                if cell.calculates or place in filled:
                    calculated.append(place)
                else:
                    sheet.values[place] = self._package.cell_value(xml, cell)
            for place, value in zip(calculated, values(name, calculated), strict=True):
                sheet.values[place] = as_cell_value(value)
            own = {place: value for (on, place), value in self._inputs.items() if on == name}
            sheet.values |= {place: value for place, value in own.items() if needed.has(name, place)}
        for node, formula in formulas.items():
            sheet = given[node[0]]
            sheet.formulas[node[1]] = formula
            sheet.before[node[1]] = self._sheets[node[0]].cached(self._index[node])
            for place in formula.area.places() if formula.area else ():
                sheet.values.pop(place, None)
        return given

    def _xml(self, name: str) -> SheetXml:
        return self._sheets[name].xml if name in self._sheets else self._package.sheet(name)

    def _cells(self, name: str) -> list[Cell]:
        """The cells of a sheet, read once."""
        if name not in self._cells_of:
            self._cells_of[name] = list(self._xml(name).cells())
        return self._cells_of[name]

    def _used(self, name: str) -> Area | None:
        """The smallest area from A1 that holds every cell of a sheet with formulas."""
        if name not in self._sheets:
            return None
        if name not in self._used_of:
            cells = self._cells(name)
            rows, columns = max(cell.row for cell in cells), max(cell.column for cell in cells)
            self._used_of[name] = Area(1, 1, rows, columns)
        return self._used_of[name]

    def _filled(self, name: str) -> set[Place]:
        """The cells of a sheet that array formulas fill."""
        sheet = self._sheets.get(name)
        return {place for array in sheet.arrays.values() for place in array.area.places()} if sheet else set()

    def _answer(self, engine: Any, node: Node) -> Answer | None:
        value = engine.value(node[0], *node[1])
        if isinstance(value, CalcError) and value.code in _GIVEN_UP:
            self.refused.setdefault(node, "")
            return None
        largest = max((area.rows * area.columns for _, area in self.references(node).areas), default=0)
        if isinstance(value, CalcError) and value.code == "#NUM!" and largest > limits.RANGE_CELLS:
            self.refused[node] = f"a formula over {largest:,} cells at once"
            return None
        array = self._sheets[node[0]].arrays.get(self._index[node])
        if array is None and isinstance(value, CalcError) and value.code == "#SPILL!":
            self.refused[node] = "an array for which the exact engine finds no room"
            return None
        if array is None:
            return Answer(0 if value is None else value)
        area = array.area
        if array.dynamic:
            area = engine.spill(node[0], *node[1]) or Area(*node[1], *node[1])
        filled = {place: engine.value(node[0], *place) for place in area.places()}
        return Answer(0 if value is None else value, area, filled)


@dataclass
class _Formulas:
    texts: dict[Node, ExactFormula]
    calls: CustomCalls


class _Needed:
    """The cells that formulas read."""

    def __init__(self) -> None:
        self.everything = False
        self.whole: set[str] = set()
        self._cells: dict[str, set[Place]] = defaultdict(set)
        self._areas: dict[str, set[Area]] = defaultdict(set)

    def add(self, sheet: str, area: Area) -> None:
        if area.rows * area.columns <= 100:
            self._cells[sheet].update(area.places())
        elif area.rows == MAX_ROWS and area.columns > 1:
            self.whole.add(sheet)
        else:
            self._areas[sheet].add(area)

    def none_of(self, sheet: str) -> bool:
        return not (self.everything or sheet in self.whole or sheet in self._cells or sheet in self._areas)

    def has(self, sheet: str, place: Place) -> bool:
        if self.everything or sheet in self.whole or place in self._cells.get(sheet, ()):
            return True
        return any(area.holds(place) for area in self._areas.get(sheet, ()))


def as_cell_value(value: Any) -> CellValue:
    """A value of the fast engine as a file holds it."""
    if is_error(value):
        code = CODES.get(value["kind"], "#VALUE!")
        return CalcError(code, f"the cell holds the error {code}")
    return value
