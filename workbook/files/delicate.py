"""Formulas that the fast engine calculates as Excel does, but for a few values that they may meet.

What a formula is sensitive to follows from its text, and which of these values there are, from the workbook. Most
workbooks hold none, and then nothing more is looked at.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import islice
from math import frexp
from typing import Any

from .addresses import Area, column_number
from .callbacks import is_error
from .cells_xml import CellValue
from .dependencies import Node, Place
from .exact_stage import MAX_CELLS, ExactStage
from .fast_engine import FastEngine
from .formula_text import solid_tokens
from .package import Package
from .prepare import Sheet
from .sensitive import Sensitive, compared, has_odd_letters, is_like_a_number, measured
from .xml_text import unescape

Values = Callable[[Sheet], list[Any]]
"""The fast engine's values of the formulas of a sheet."""

_ERRORS = frozenset(("Value", "Num", "Null"))
"""Errors that the fast engine gives where it does not take a value as Excel does, among others."""
_MAX_SEARCHED = 10_000
"""Cells of a range in which an error is searched for."""
_LONG_NUMBER = re.compile(
    rb'<c r="([A-Z]{1,3})([0-9]+)"(?: s="[0-9]+")?(?: t="n")?><v>(-?[0-9.]{17,}|[^<]*[eE]-[1-9][0-9])</v>'
)
_TEXT_CELL = re.compile(rb'<c r="([A-Z]{1,3})([0-9]+)"[^<>]* t="s"[^<>]*><v>([0-9]+)</v>')
_INLINE_CELL = re.compile(
    rb'<c r="([A-Z]{1,3})([0-9]+)"[^<>]* t="inlineStr"[^<>]*><is><t(?: [^<>]*)?>([^<]*)</t></is></c>'
)
_TINY = 1e-11
_LAST_DATE = 2_958_465
_OF_RESULTS = Sensitive.DATES | Sensitive.DIFFERENCE | Sensitive.ALWAYS
_OF_SINGLE_CELLS = Sensitive.TEXTS | Sensitive.FRACTIONS | Sensitive.DIGITS
_WRITTEN = re.compile(r"(?<![\w.$])(?:\d+\.?\d*|\.\d+)")
_OF_NUMBERS = Sensitive.TIES | Sensitive.TINY | Sensitive.FRACTIONS | Sensitive.DIGITS
_SMALL = 2.0**-10
_LARGE_INPUT = re.compile(rb"<v>-?\d{12,}|<v>[^<]*[eE]\+?[1-9]\d")
"""A number of which what is left of a difference may be larger than that."""
_FLAGS = [value for name, value in vars(Sensitive).items() if name.isupper()]


class Delicate:
    """Finds the formulas of one workbook that meet a value that they are sensitive to."""

    def __init__(self, package: Package, sheets: list[Sheet], stage: ExactStage, engine: FastEngine) -> None:
        self._package, self._sheets, self._stage, self._engine = package, sheets, stage, engine
        self._asked = 0
        self._known: dict[tuple[str, int], list[tuple[str, Area]]] = {}
        self._areas: list[tuple[str, Area]] = []
        self._numbers: dict[tuple[str, Area], int] = {}
        self._now: dict[tuple[str, Area], list[Any]] = {}
        """The values of areas since the last calculation."""
        self._compares: dict[tuple[str, int], tuple[set[float], list[tuple[str, Area]]]] = {}
        self._readers: dict[tuple[str, int], list[tuple[int, list[int]]]] = {}
        for sheet in sheets:
            for flags in set(sheet.sensitive):
                self._asked |= flags

    def found(self, values: Values) -> Iterator[Node]:
        """`values`: what the fast engine has for the formulas of a sheet."""
        self._now.clear()
        for sheet in self._sheets:
            of_sheet = values(sheet)
            if self._asked & _OF_RESULTS:
                yield from self._by_result(sheet, of_sheet)
            for index, value in enumerate(of_sheet) if dict in set(map(type, of_sheet)) else ():
                node = sheet.name, sheet.places[index]
                if type(value) is dict and value.get("kind") in _ERRORS and index not in sheet.changing:
                    yield from () if self._inherits(node) else (node,)
        for flag, places in self._cells(values).items():
            for sheet in self._sheets:
                yield from self._reading(sheet, flag, places)

    def _by_result(self, sheet: Sheet, values: list[Any]) -> Iterator[Node]:
        small = 2.0**-48 * max((abs(v) for v in values if type(v) is float), default=1.0)
        small = math.inf if self._has_large_inputs else max(small, _SMALL)
        for index, flags in enumerate(sheet.sensitive):
            if not flags & _OF_RESULTS:
                continue
            value, node = values[index], (sheet.name, sheet.places[index])
            if flags & Sensitive.ALWAYS:
                yield node
            elif type(value) is float and value:
                if flags & Sensitive.DATES and not 0 <= value <= _LAST_DATE:
                    yield node
                few_digits = (
                    flags & Sensitive.DIFFERENCE and abs(value) <= small and (frexp(value)[0] * 16).is_integer()
                )
                if few_digits and abs(value) <= self._largest(sheet, index) * 2.0**-48:
                    yield node

    @cached_property
    def _has_large_inputs(self) -> bool:
        return any(_LARGE_INPUT.search(self._package.read(part)) for part in self._package.sheets.values())

    def _inherits(self, node: Node) -> bool:
        """Does a formula read an error?"""
        for sheet, area in self._stage.references(node).areas:
            if area.rows * area.columns > _MAX_SEARCHED:
                return area.rows * area.columns <= MAX_CELLS
            if any(is_error(value) for value in self._engine.values(sheet, list(area.places()))):
                return True
        return False

    def _largest(self, sheet: Sheet, index: int) -> float:
        """A number that none that the formula reads is above."""
        values = self._values_in(self._areas_of(sheet, index))
        return max((abs(value) for value in values if type(value) in (float, int)), default=1.0) + 1.0

    def _cells(self, values: Values) -> dict[int, dict[str, set[Place]]]:
        """The cells with values of each kind that formulas are sensitive to, by sheet."""
        kinds = self._kinds({value for _, _, value in self._inputs}.union(*map(_special, map(values, self._sheets))))
        found: dict[int, dict[str, set[Place]]] = defaultdict(lambda: defaultdict(set))
        if kinds:
            calculated = ((s.name, *pair) for s in self._sheets for pair in zip(s.places, values(s), strict=True))
            for name, place, value in (*calculated, *self._inputs):
                for flag in kinds.get(value, ()) if type(value) in (float, str) else ():
                    found[flag][name].add(place)
        return found

    def _kinds(self, values: set[Any]) -> dict[Any, list[int]]:
        """Those of these values that formulas are sensitive to."""
        found: dict[Any, list[int]] = defaultdict(list)
        alike: dict[tuple[int, str], Any] = {}
        numbers, spellings = self._asked & _OF_NUMBERS, self._asked & Sensitive.SPELLINGS
        for value in values:
            key = (0, "")
            if type(value) is float:
                if not numbers:
                    continue
                key = Sensitive.TIES, f"{value:.15g}"
                kinds = _kinds_of_number(value, float(key[1]))
            else:
                kinds = _kinds_of_text(value)
                if spellings and kinds & Sensitive.LETTERS:
                    key = Sensitive.SPELLINGS, value.upper()
            if kinds & self._asked:
                found[value] += [flag for flag in _FLAGS if kinds & self._asked & flag]
            if key[0] & self._asked and alike.setdefault(key, value) != value:
                found[value].append(key[0])
                found[alike[key]].append(key[0])
        return found

    @cached_property
    def _inputs(self) -> list[tuple[str, Place, CellValue]]:
        """The cells without formulas that may matter."""
        found: list[tuple[str, Place, CellValue]] = []
        asked = self._asked | Sensitive.LETTERS * bool(self._asked & Sensitive.SPELLINGS)
        strings = self._package.shared_strings
        texts = {b"%d" % number: text for number, text in enumerate(strings) if _kinds(text) & asked}
        for name, part in self._package.sheets.items():
            content = self._package.read(part)
            if b"<c " not in content:
                xml = self._package.sheet(name)
                given = (cell for cell in xml.cells() if not cell.calculates)
                cells = (((cell.row, cell.column), self._package.cell_value(xml, cell)) for cell in given)
                found += [(name, place, value) for place, value in cells if _kinds(value) & asked]
                continue
            written: list[tuple[tuple[bytes, bytes, bytes], CellValue]] = []
            if texts:
                written += [(one, texts[one[2]]) for one in _TEXT_CELL.findall(content) if one[2] in texts]
            if b"inlineStr" in content:
                inline = [(one, unescape(one[2])) for one in _INLINE_CELL.findall(content)]
                written += [(one, text) for one, text in inline if _kinds(text) & asked]
            written += [(one, float(one[2])) for one in _LONG_NUMBER.findall(content)]
            found += [(name, (int(row), column_number(column)), value) for (column, row, _), value in written]
        return found

    def _reading(self, sheet: Sheet, flag: int, places: dict[str, set[Place]]) -> Iterator[Node]:
        holding: dict[int, bool] = {}
        for index, areas in self._sensitive_to(sheet, flag):
            for area in areas:
                if area not in holding:
                    name, cells = self._areas[area]
                    holding[area] = name in places and _common(cells, places[name])
                if holding[area]:
                    if self._meets(flag, sheet, index, places):
                        yield sheet.name, sheet.places[index]
                    break

    def _sensitive_to(self, sheet: Sheet, flag: int) -> list[tuple[int, list[int]]]:
        """The formulas of a sheet that are, and what they read of which it matters, by its number."""
        if (sheet.name, flag) not in self._readers:
            found = self._readers[sheet.name, flag] = []
            for index, flags in enumerate(sheet.sensitive):
                if flags & flag:
                    areas = self._areas_of(sheet, index)
                    if flag & _OF_SINGLE_CELLS and index not in sheet.arrays and not _takes_each(sheet, index):
                        areas = [(name, area) for name, area in areas if area.rows * area.columns == 1]
                    found.append((index, [self._number(area) for area in areas]))
        return self._readers[sheet.name, flag]

    def _number(self, area: tuple[str, Area]) -> int:
        number = self._numbers.setdefault(area, len(self._areas))
        if number == len(self._areas):
            self._areas.append(area)
        return number

    def _areas_of(self, sheet: Sheet, index: int) -> list[tuple[str, Area]]:
        known = self._known.get((sheet.name, index))
        if known is None:
            known = self._known[sheet.name, index] = self._areas_read(sheet, index)
        return known

    def _areas_read(self, sheet: Sheet, index: int) -> list[tuple[str, Area]]:
        if sheet.sensitive[index] & Sensitive.PLAIN and not self._stage.reader.has_relative_names:
            return self._stage.reader.plain_areas(sheet.stated(index)[0], sheet.name, *sheet.stated(index)[1:])
        return self._stage.references((sheet.name, sheet.places[index])).areas

    def _meets(self, flag: int, sheet: Sheet, index: int, places: dict[str, set[Place]]) -> bool:
        """Does a formula that reads such a value meet it where that matters?"""
        if flag in (Sensitive.TIES, Sensitive.TINY):
            written, areas = self._compared(sheet, index)
            if not any(name in places and _common(area, places[name]) for name, area in areas):
                return False
            numbers = written.union(value for value in self._values_in(areas) if type(value) is float)
            return flag == Sensitive.TINY or len({f"{value:.15g}" for value in numbers}) < len(numbers)
        if flag == Sensitive.DIGITS:
            node, parts = (sheet.name, sheet.places[index]), solid_tokens(sheet.formula(index))
            return any(_kinds(value) & flag for text in measured(parts) for value in self._read(text, node))
        return True

    def _compared(self, sheet: Sheet, index: int) -> tuple[set[float], list[tuple[str, Area]]]:
        """What a formula compares, or looks for and through: the numbers written in it, and areas."""
        if (sheet.name, index) not in self._compares:
            texts = set(compared(solid_tokens(sheet.formula(index))))
            self._compares[sheet.name, index] = (
                {float(written) for text in texts for written in _WRITTEN.findall(text)},
                [area for text in texts for area in self._areas_in(text, (sheet.name, sheet.places[index]))],
            )
        return self._compares[sheet.name, index]

    def _read(self, text: str, node: Node) -> list[Any]:
        """The values of the cells that a formula in this place would read."""
        return self._values_in(self._areas_in(text, node))

    def _areas_in(self, text: str, node: Node) -> list[tuple[str, Area]]:
        return self._stage.reader.references(text, node[0], *node[1]).areas

    def _values_in(self, areas: list[tuple[str, Area]]) -> list[Any]:
        found = []
        for where in areas:
            if where not in self._now:
                sheet, area = where
                if area.rows * area.columns == 1:
                    self._now[where] = [self._engine.value(sheet, area.top, area.left)]
                else:
                    self._now[where] = self._engine.values(sheet, list(islice(area.places(), _MAX_SEARCHED)))
            found += self._now[where]
        return found


def _common(area: Area, places: set[Place]) -> bool:
    if area.rows * area.columns < len(places):
        return any(place in places for place in area.places())
    return any(place in area for place in places)


def _special(values: list[Any]) -> set[Any]:
    """The texts and the numbers with a fraction among the values of formulas."""
    kinds = set(map(type, values))
    found = {value for value in values if type(value) is float} if float in kinds else set()
    return {v for v in found if not v.is_integer()} | ({v for v in values if type(v) is str} if str in kinds else set())


def _takes_each(sheet: Sheet, index: int) -> bool:
    return "SUMPRODUCT" in sheet.formula(index).upper()


def _kinds(value: CellValue) -> int:
    """What a formula may be sensitive to in this value of a cell."""
    if type(value) is float:
        return _kinds_of_number(value, float(f"{value:.15g}"))
    return _kinds_of_text(value) if type(value) is str else 0


def _kinds_of_number(value: float, shown: float) -> int:
    found = 0 if value.is_integer() else Sensitive.FRACTIONS
    if 0 < abs(value) < _TINY:
        found |= Sensitive.TINY
    if shown != value:
        found |= Sensitive.DIGITS
        if abs(value - float(f"{value:.12g}")) < 5e-15 * abs(value):
            found |= Sensitive.TIES
    return found


def _kinds_of_text(value: str) -> int:
    found = Sensitive.LETTERS if has_odd_letters(value) else 0
    return found | (Sensitive.TEXTS if is_like_a_number(value) else 0)
