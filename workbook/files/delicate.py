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
from math import frexp
from typing import Any

from .callbacks import is_error
from .cells_xml import CellValue
from .dependencies import Node, Place
from .exact_stage import ExactStage
from .fast_engine import FastEngine
from .package import Package
from .prepare import Sheet
from .sensitive import PLAIN, Sensitive, has_odd_letters

Values = Callable[[Sheet], list[Any]]
"""The fast engine's values of the formulas of a sheet."""

_ERRORS = frozenset(("Value", "Num", "Null"))
"""Errors that the fast engine gives where it does not take a value as Excel does, among others."""
_MAX_SEARCHED = 10_000
"""Cells of a range in which an error is searched for."""
_LONG_INPUT = re.compile(rb"<v>-?[\d.]{17,}|<v>[^<]*[eE]-[1-9]\d")
_LIKE_A_NUMBER = re.compile(
    r"\s*(?:[-+$€£¥(.\s]*\d[-\d.,:/+\s%()$€£¥eE]*(?:[ap]\.?m\.?)?"
    r"|(?=.*\d)[\d\s,./-]*(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?[\d\s,./:-]*|true|false)\s*",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[ ]*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[ ]*%?[ ]*")
_TINY = 1e-11
_LAST_DATE = 2_958_465
_OF_RESULTS = Sensitive.DATES | Sensitive.DIFFERENCE | Sensitive.ALWAYS
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
        for sheet in sheets:
            for flags in set(sheet.sensitive):
                self._asked |= flags

    def found(self, values: Values) -> Iterator[Node]:
        """`values`: what the fast engine has for the formulas of a sheet."""
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
                if few_digits and abs(value) <= self._largest(node) * 2.0**-48:
                    yield node

    @cached_property
    def _has_large_inputs(self) -> bool:
        return any(_LARGE_INPUT.search(self._package.read(part)) for part in self._package.sheets.values())

    def _inherits(self, node: Node) -> bool:
        """Does a formula read an error?"""
        for sheet, area in self._stage.references(node).areas:
            if area.rows * area.columns > _MAX_SEARCHED:
                return True
            if any(is_error(value) for value in self._engine.values(sheet, list(area.places()))):
                return True
        return False

    def _largest(self, node: Node) -> float:
        """The largest number that a formula reads, or 1."""
        numbers = (
            abs(value)
            for sheet, area in self._stage.references(node).areas
            if area.rows * area.columns <= _MAX_SEARCHED
            for value in self._engine.values(sheet, list(area.places()))
            if type(value) in (float, int)
        )
        return max(numbers, default=1.0) + 1.0

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
        found = []
        asked = self._asked | Sensitive.LETTERS * bool(self._asked & Sensitive.SPELLINGS)
        texts = any(_kinds(text) & asked for text in self._package.shared_strings)
        for name, part in self._package.sheets.items():
            content = self._package.read(part)
            if texts or b'"inlineStr"' in content or _LONG_INPUT.search(content):
                xml = self._package.sheet(name)
                given = (cell for cell in xml.cells() if not cell.calculates)
                cells = (((cell.row, cell.column), self._package.cell_value(xml, cell)) for cell in given)
                found += [(name, place, value) for place, value in cells if _kinds(value) & asked]
        return found

    def _reading(self, sheet: Sheet, flag: int, places: dict[str, set[Place]]) -> Iterator[Node]:
        for index, flags in enumerate(sheet.sensitive):
            if not flags & flag:
                continue
            node = sheet.name, sheet.places[index]
            single = flag in (Sensitive.TEXTS, Sensitive.FRACTIONS) and index not in sheet.arrays
            for name, area in self._stage.references(node).areas:
                if name not in places or (single and area.rows * area.columns > 1 and not _takes_each(sheet, index)):
                    continue
                if any(place in area for place in places[name]):
                    yield node
                    break


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
    found = 0 if PLAIN.fullmatch(value) else Sensitive.SIGNS
    if not _NUMBER.fullmatch(value) and _LIKE_A_NUMBER.fullmatch(value):
        found |= Sensitive.TEXTS
    return found | (Sensitive.LETTERS if has_odd_letters(value) else 0)
