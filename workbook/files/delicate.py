"""Formulas that the fast engine calculates as Excel does, but for a few values that they may meet.

What a formula is sensitive to follows from its text, and which of these values there are, from the workbook. Most
workbooks hold none, and then nothing more is looked at.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from itertools import chain, islice
from math import frexp
from typing import Any, NamedTuple

from xlcalc import limits

from .addresses import Area, column_number
from .alike import Alike, Parts, Reads, reads
from .callbacks import is_error
from .cells_xml import CellValue
from .dependencies import Node, Place
from .exact_stage import ExactStage
from .fast_engine import FastEngine
from .formula_text import solid_tokens
from .package import Package
from .prepare import Sheet
from .sensitive import Sensitive, compared, has_odd_letters, is_like_a_number, measured
from .xml_text import unescape

Values = Callable[[Sheet], list[Any]]
"""The fast engine's values of the formulas of a sheet."""
Changed = Mapping[str, Mapping[Place, Any]]
"""What cells hold now, by sheet."""

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


class _Readers(NamedTuple):
    """The formulas of one shape by what they read: single cells by sheet, and ranges."""

    cells: dict[str, dict[Place, list[int]]]
    ranges: dict[tuple[str, Area], list[int]]


class Delicate:
    """Finds the formulas of one workbook that meet a value that they are sensitive to."""

    def __init__(self, package: Package, sheets: list[Sheet], stage: ExactStage, engine: FastEngine) -> None:
        self._package, self._sheets, self._stage, self._engine = package, sheets, stage, engine
        self._asked = 0
        self._now: dict[tuple[str, Area], list[Any]] = {}
        """The values of areas since the last calculation."""
        self._numbers: dict[tuple[str, Area], tuple[list[Any], dict[str, float] | None]] = {}
        """The numbers in areas by their digits, and the values that these are of."""
        self._shapes: dict[tuple[int, Parts | None], Reads | None] = {}
        self._known: dict[tuple[str, int, Parts | None], list[tuple[str, Area]]] = {}
        self._readers_of: dict[tuple[int, Parts | None], _Readers] = {}
        self._given: dict[Node, CellValue] = {}
        for sheet in sheets:
            for alike in sheet.alike:
                self._asked |= alike.sensitive

    def give(self, inputs: Mapping[Node, CellValue]) -> None:
        """Cells without formulas hold something else than in the file."""
        self._given |= inputs
        self._stage.give(inputs)

    def found(self, values: Values, changed: Changed | None = None) -> Iterator[Node]:
        """`values`: what the fast engine has for the formulas of a sheet. `changed`: all cells that hold something else
        than they did when nothing was found."""
        self._now.clear()
        for sheet in self._sheets:
            of_sheet = values(sheet)
            if self._asked & _OF_RESULTS:
                yield from self._by_result(sheet, of_sheet)
            for index, value in enumerate(of_sheet) if dict in set(map(type, of_sheet)) else ():
                node = sheet.name, sheet.places[index]
                if type(value) is dict and value.get("kind") in _ERRORS and index not in sheet.changing:
                    yield from () if self._inherits(node) else (node,)
        for flag, places in self._cells(values, changed).items():
            for sheet in self._sheets:
                yield from self._reading(sheet, flag, places)

    def _by_result(self, sheet: Sheet, values: list[Any]) -> Iterator[Node]:
        small = 2.0**-48 * max(map(abs, [value for value in values if type(value) is float]), default=1.0)
        small = math.inf if self._has_large_inputs else max(small, _SMALL)
        for alike in sheet.alike:
            flags = alike.sensitive
            for index in alike.members if flags & _OF_RESULTS else ():
                value, node = values[index], (sheet.name, sheet.places[index])
                if flags & Sensitive.ALWAYS:
                    yield node
                elif type(value) is float and value:
                    if flags & Sensitive.DATES and not 0 <= value <= _LAST_DATE:
                        yield node
                    few_digits = (
                        flags & Sensitive.DIFFERENCE and abs(value) <= small and (frexp(value)[0] * 16).is_integer()
                    )
                    if few_digits and abs(value) <= self._largest(sheet, alike, index) * 2.0**-48:
                        yield node

    @cached_property
    def _has_large_inputs(self) -> bool:
        return any(_LARGE_INPUT.search(self._package.read(part)) for part in self._package.sheets.values())

    def _inherits(self, node: Node) -> bool:
        """Does a formula read an error?"""
        for sheet, area in self._stage.references(node).areas:
            if area.rows * area.columns > _MAX_SEARCHED:
                return area.rows * area.columns <= limits.RANGE_CELLS
            if any(is_error(value) for value in self._engine.values(sheet, list(area.places()))):
                return True
        return False

    def _largest(self, sheet: Sheet, alike: Alike, index: int) -> float:
        """A number that none that the formula reads is above."""
        values = self._values_in(self._areas(sheet, alike, index))
        return max((abs(value) for value in values if type(value) in (float, int)), default=1.0) + 1.0

    def _cells(self, values: Values, changed: Changed | None) -> dict[int, dict[str, set[Place]]]:
        """The cells with values of each kind that formulas are sensitive to, by sheet; those that changed, if known: a
        formula that meets no such value can only come to it through one of them."""
        inputs = [one for one in self._inputs if one[:2] not in self._given]
        inputs += [(*node, value) for node, value in self._given.items() if type(value) in (float, str)]
        kinds = self._kinds({value for *_, value in inputs}.union(*map(_special, map(values, self._sheets))))
        found: dict[int, dict[str, set[Place]]] = defaultdict(lambda: defaultdict(set))
        if not kinds:
            return found
        if changed is None:
            of_formulas = ((s.name, *one) for s in self._sheets for one in zip(s.places, values(s), strict=True))
            cells: Iterable[tuple[str, Place, Any]] = chain(inputs, of_formulas)
        else:
            cells = ((name, *one) for name, of_sheet in changed.items() for one in of_sheet.items())
        for name, place, value in cells:
            if (type(value) is float or type(value) is str) and value in kinds:
                for flag in kinds[value]:
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
                digits, kinds = _digits(value)
                key = Sensitive.TIES, digits
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
        parts = compared if flag in (Sensitive.TIES, Sensitive.TINY) else None
        known: dict[tuple[str, Area], bool] = {}

        def holds(where: tuple[str, Area]) -> bool:
            if where not in known:
                known[where] = where[0] in places and _common(where[1], places[where[0]])
            return known[where]

        for alike in sheet.alike:
            if not alike.sensitive & flag:
                continue
            shape = self._reads(sheet, alike, parts)
            if shape and not any(on in places for on, *_ in shape.cells) and not any(map(holds, shape.named)):
                continue
            of_one_cell = flag & _OF_SINGLE_CELLS and b"SUMPRODUCT" not in alike.text.upper()
            of_one_cell = of_one_cell and not sheet.arrays.keys() & set(alike.members[:1])
            readers = self._readers(sheet, alike, parts)
            reading = {
                index
                for on, cells in readers.cells.items() if on in places
                for place in cells.keys() & places[on]
                for index in cells[place]
            }  # fmt: skip
            if not of_one_cell:
                reading.update(chain.from_iterable(found for where, found in readers.ranges.items() if holds(where)))
            for index in reading:
                if self._meets(flag, sheet, alike, index, parts):
                    yield sheet.name, sheet.places[index]

    def _meets(self, flag: int, sheet: Sheet, alike: Alike, index: int, parts: Parts | None) -> bool:
        """Does a formula that reads such a value meet it where that matters?"""
        if flag == Sensitive.TIES:
            return _tie([_written(alike.text), *map(self._numbers_in, self._areas(sheet, alike, index, parts))])
        if flag == Sensitive.DIGITS:
            read = self._values_in(self._areas(sheet, alike, index, measured))
            return any(_kinds(value) & flag for value in read)
        return True

    def _areas(self, sheet: Sheet, alike: Alike, index: int, parts: Parts | None = None) -> list[tuple[str, Area]]:
        """The cells that a formula reads, or that these parts of it do."""
        key = sheet.name, index, parts
        if key not in self._known:
            shape = self._reads(sheet, alike, parts)
            node = sheet.name, sheet.places[index]
            if shape is not None:
                found = shape.areas(*sheet.stated(index))
            elif parts is None:
                found = self._stage.references(node).areas
            else:
                texts = set(parts(solid_tokens(sheet.formula(index))))
                found = [area for t in texts for area in self._stage.reader.references(t, node[0], *node[1]).areas]
            self._known[key] = found
        return self._known[key]

    def _readers(self, sheet: Sheet, alike: Alike, parts: Parts | None) -> _Readers:
        key = id(alike), parts
        if key not in self._readers_of:
            found = self._readers_of[key] = _Readers(defaultdict(lambda: defaultdict(list)), defaultdict(list))
            for index in alike.members:
                for where in self._areas(sheet, alike, index, parts):
                    on, area = where
                    if _is_one_cell(area):
                        found.cells[on][area.top, area.left].append(index)
                    else:
                        found.ranges[where].append(index)
        return self._readers_of[key]

    def _reads(self, sheet: Sheet, alike: Alike, parts: Parts | None) -> Reads | None:
        key = id(alike), parts
        if key not in self._shapes:
            self._shapes[key] = reads(alike, sheet.name, self._stage.reader, parts)
        return self._shapes[key]

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

    def _numbers_in(self, where: tuple[str, Area]) -> dict[str, float] | None:
        """The numbers in an area by their 15 digits; None where two of them agree in these."""
        values = self._values_in([where])
        known = self._numbers.get(where)
        if known is None or known[0] != values:
            known = self._numbers[where] = values, _by_digits(value for value in values if type(value) is float)
        return known[1]


def _by_digits(values: Iterable[float]) -> dict[str, float] | None:
    numbers = set(values)
    found = {f"{value:.15g}": value for value in numbers}
    return found if len(found) == len(numbers) else None


def _tie(several: list[dict[str, float] | None]) -> bool:
    """Are two of these numbers equal in 15 digits alone?"""
    largest: dict[str, float] = {}
    together: dict[str, float] = {}
    for numbers in several:
        if numbers is None:
            return True
        largest, numbers = (numbers, largest) if len(numbers) > len(largest) else (largest, numbers)
        for digits, value in numbers.items():
            if together.setdefault(digits, value) != value:
                return True
    return any(largest.get(digits, value) != value for digits, value in together.items())


def _common(area: Area, places: set[Place]) -> bool:
    if area.rows * area.columns < len(places):
        return any(place in places for place in area.places())
    return any(area.holds(place) for place in places)


def _special(values: list[Any]) -> set[Any]:
    """The texts and the numbers with a fraction among the values of formulas."""
    kinds = set(map(type, values))
    found = {value for value in values if type(value) is float} if float in kinds else set()
    return {v for v in found if not v.is_integer()} | ({v for v in values if type(v) is str} if str in kinds else set())


def _is_one_cell(area: Area) -> bool:
    return area.top == area.bottom and area.left == area.right


@lru_cache(maxsize=4096)
def _written(text: bytes) -> dict[str, float] | None:
    """The numbers that formulas of a shape compare, or look for, as they are written, by their 15 digits."""
    parts = compared(solid_tokens(unescape(text)))
    return _by_digits(float(number) for part in parts for number in _WRITTEN.findall(part))


def _kinds(value: CellValue) -> int:
    """What a formula may be sensitive to in this value of a cell."""
    if type(value) is float:
        return _digits(value)[1]
    return _kinds_of_text(value) if type(value) is str else 0


@lru_cache(maxsize=4096)  # most numbers of an open workbook stay as they are
def _digits(value: float) -> tuple[str, int]:
    """A number's 15 digits, and what a formula may be sensitive to in it."""
    digits = f"{value:.15g}"
    shown = float(digits)
    found = 0 if value.is_integer() else Sensitive.FRACTIONS
    if 0 < abs(value) < _TINY:
        found |= Sensitive.TINY
    if shown != value:
        found |= Sensitive.DIGITS
        if abs(value - float(f"{value:.12g}")) < 5e-15 * abs(value):
            found |= Sensitive.TIES
    return digits, found


@lru_cache(maxsize=4096)
def _kinds_of_text(value: str) -> int:
    found = Sensitive.LETTERS if has_odd_letters(value) else 0
    return found | (Sensitive.TEXTS if is_like_a_number(value) else 0)
