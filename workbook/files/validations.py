"""Data validation: what Excel lets a person type into a cell."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from xlcalc.language.errors import CalcError

from .addresses import parse_area, parse_cell
from .cells_xml import CellValue
from .package import Package
from .prepare import book_of
from .references import Reader
from .xml_text import attribute, unescape

_MAX_OPTIONS = 10_000
_RULE = re.compile(rb"<(?:\w+:)?dataValidation\s([^>]*?)(?:/>|>(.*?)</(?:\w+:)?dataValidation>)", re.DOTALL)
_FORMULA = rb"<(?:\w+:)?formula%d>(?:\s*<(?:\w+:)?f>)?([^<]*)<"
_CELLS = re.compile(rb"<(?:\w+:)?sqref>([^<]*)<")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")

_TESTS: dict[str, tuple[Callable[[float, float, float], bool], str]] = {
    "between": (lambda v, a, b: a <= v <= b, "{0} to {1}"),
    "notBetween": (lambda v, a, b: not a <= v <= b, "below {0} or above {1}"),
    "equal": (lambda v, a, b: v == a, "{0}"),
    "notEqual": (lambda v, a, b: v != a, "anything but {0}"),
    "greaterThan": (lambda v, a, b: v > a, "above {0}"),
    "lessThan": (lambda v, a, b: v < a, "below {0}"),
    "greaterThanOrEqual": (lambda v, a, b: v >= a, "{0} or more"),
    "lessThanOrEqual": (lambda v, a, b: v <= a, "{0} or less"),
}


@dataclass(frozen=True)
class Validation:
    """One rule. `kind`: list, whole, decimal, date, time, textLength, custom or none."""

    kind: str
    operator: str
    formulas: tuple[str, str]
    allows_blank: bool
    stops: bool
    """Excel refuses what breaks it, and does not only warn."""
    message: str

    def options(self, package: Package, sheet: str) -> list[CellValue] | None:
        """The values of a list; None where they would have to be calculated."""
        text = self.formulas[0]
        if text.startswith('"') and text.endswith('"'):
            return [option.strip() for option in text[1:-1].split(",") if option.strip()]
        found = Reader(book_of(package)).references(text, sheet, 1, 1)
        if found.dynamic or len(found.areas) != 1 or "(" in text:
            return None
        on, area = found.areas[0]
        if area.rows * area.columns > _MAX_OPTIONS:
            return None
        xml = package.sheet(on)
        values = [package.cell_value(xml, cell) for cell in xml.cells() if (cell.row, cell.column) in area]
        return [value for value in values if value not in (None, "")]

    def takes(self, value: bool | int | float | str | None, package: Package, sheet: str) -> bool:
        """Does a value obey the rule? What would have to be calculated for that is not judged."""
        if self.kind == "textLength":
            measured: float = len(str(value))
        elif self.kind not in ("whole", "decimal", "date", "time"):
            return True
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        else:
            measured = value
        if self.kind == "whole" and measured != int(measured):
            return False
        limits = self._limits(package, sheet)
        return limits is None or _TESTS[self.operator][0](measured, *limits)

    def said(self, package: Package, sheet: str, day: Callable[[float], str]) -> str:
        """What is allowed, in words; nothing where that would have to be calculated. `day` writes a date."""
        limits = self._limits(package, sheet)
        if limits is None:
            return ""
        if self.kind == "date":
            words = _TESTS[self.operator][1].replace("below", "before").replace("above", "after")
            return words.replace("more", "later").replace("less", "earlier").format(*map(day, limits))
        what = {"whole": "a whole number, ", "textLength": "a number of characters, "}.get(self.kind, "")
        return what + _TESTS[self.operator][1].format(*(f"{limit:,.15g}" for limit in limits))

    def _limits(self, package: Package, sheet: str) -> tuple[float, float] | None:
        if self.operator not in _TESTS:
            return None
        needed = 2 if "etween" in self.operator else 1
        limits = [_number(text, package, sheet) for text in self.formulas[:needed]]
        if any(limit is None for limit in limits):
            return None
        numbers = [limit for limit in limits if limit is not None]
        return numbers[0], numbers[-1]


def validation_of(package: Package, sheet: str, cell: str) -> Validation | None:
    """The rule for a cell, if it has one."""
    place = parse_cell(cell)
    xml = package.read(package.sheets[sheet])
    for match in _RULE.finditer(xml):
        attributes, inner = b" " + match[1], match[2] or b""
        listed = attribute(attributes, b"sqref")
        outside = _CELLS.search(inner)  # as Excel 2010 and later write rules that refer to other sheets
        listed = listed if listed is not None else outside[1] if outside else b""
        areas = [parse_area(part) for part in listed.decode().split()]
        if place is None or not any(area and place in area for area in areas):
            continue
        first, second = (_formula(inner, number) for number in (1, 2))
        return Validation(
            (attribute(attributes, b"type") or b"none").decode(),
            (attribute(attributes, b"operator") or b"between").decode(),
            (first, second),
            attribute(attributes, b"allowBlank") in (b"1", b"true"),
            attribute(attributes, b"showErrorMessage") in (b"1", b"true")
            and attribute(attributes, b"errorStyle") in (None, b"stop"),
            unescape(attribute(attributes, b"error") or b""),
        )
    return None


def _formula(inner: bytes, number: int) -> str:
    found = re.search(_FORMULA % number, inner)
    return unescape(found[1]).strip() if found else ""


def _number(text: str, package: Package, sheet: str) -> float | None:
    if _NUMBER.fullmatch(text):
        return float(text)
    found = Reader(book_of(package)).references(text, sheet, 1, 1)
    single = len(found.areas) == 1 and found.areas[0][1].rows == found.areas[0][1].columns == 1
    if found.dynamic or not single or any(mark in text for mark in "(+-*/^&"):
        return None
    on, area = found.areas[0]
    value = package.value(on, area.text())
    return None if isinstance(value, (bool, str, CalcError)) or value is None else float(value)
