"""Data validation: what Excel lets a person type into a cell."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from xlcalc.language.errors import CalcError

from .addresses import Area, parse_area, parse_cell
from .cells_xml import CellValue
from .package import Package
from .prepare import book_of
from .references import Reader, moved
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


Calculate = Callable[[str], CellValue]
"""What a formula gives where the new value is in its cell; None where that is not known."""


@dataclass(frozen=True)
class Validation:
    """One rule, its formulas as they read in the cell. `kind`: list, whole, decimal, date, time, textLength, custom or
    none."""

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
        values = [package.cell_value(xml, cell) for cell in xml.cells() if area.holds((cell.row, cell.column))]
        return [value for value in values if value not in (None, "")]

    def takes(self, value: bool | int | float | str | None, package: Package, sheet: str, calculate: Calculate) -> bool:
        """Does a value obey the rule? A rule that cannot be calculated is not judged."""
        if self.kind == "custom":
            found = None if self._refers_to_blank(package, sheet) else calculate(self.formulas[0])
            return found is None or (isinstance(found, (bool, int, float)) and bool(found))
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
        limits = self._limits(package, sheet, calculate)
        return limits is None or _TESTS[self.operator][0](measured, *limits)

    def said(self, package: Package, sheet: str, calculate: Calculate, day: Callable[[float], str]) -> str:
        """What is allowed, in words, where the rule tells. `day` writes a date."""
        limits = self._limits(package, sheet, calculate)
        if limits is None:
            return ""
        if self.kind == "date":
            words = _TESTS[self.operator][1].replace("below", "before").replace("above", "after")
            return words.replace("more", "later").replace("less", "earlier").format(*map(day, limits))
        what = {"whole": "a whole number, ", "textLength": "a number of characters, "}.get(self.kind, "")
        return what + _TESTS[self.operator][1].format(*(f"{limit:,.15g}" for limit in limits))

    def _refers_to_blank(self, package: Package, sheet: str) -> bool:
        """Excel lets anything in then, where the rule ignores blanks."""
        found = Reader(book_of(package)).references(self.formulas[0], sheet, 1, 1)
        single = [(on, area) for on, area in found.areas if area.rows * area.columns == 1]
        return self.allows_blank and any(package.value(on, area.text()) is None for on, area in single)

    def _limits(self, package: Package, sheet: str, calculate: Calculate) -> tuple[float, float] | None:
        if self.operator not in _TESTS:
            return None
        numbers = []
        for text in self.formulas[: 2 if "etween" in self.operator else 1]:
            limit = _number(text, package, sheet)
            found = calculate(text) if limit is None and text else limit
            if isinstance(found, (bool, str, CalcError)) or found is None:
                return None
            numbers.append(float(found))
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
        if place is None or not any(area and area.holds(place) for area in areas):
            continue
        corner = areas[0] or Area(*place, *place)
        away = place[0] - corner.top, place[1] - corner.left
        first, second = (moved(_formula(inner, number), *away) for number in (1, 2))
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
