"""Where the exact engine parts from Excel because of what the cells hold that a formula reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from .addresses import Area
from .call_features import arguments_of
from .formula_text import Token, solid_tokens
from .range_functions import CRITERIA
from .unsure import walked

CALCULATED = object()
"""Stands for the value of a cell with a formula."""
_DATE = re.compile(
    r'"?(?:[<>]?=?)\s*(?:\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}|\d{1,2}[- ][A-Za-z]{3,9}[- ]\d{2,4})\b.*', re.DOTALL
)
_READ_DATES_WELL = frozenset(("DATEVALUE", "DAYS", "YEAR", "MONTH", "DAY", "WEEKDAY", "TEXT"))
_READ_DATES = CRITERIA.keys() | frozenset(
    ("EDATE", "EOMONTH", "NETWORKDAYS", "WORKDAY", "YEARFRAC", "DATEDIF", "DAYS360", "WEEKNUM", "ISOWEEKNUM", "SUM")
)
_ARITHMETIC = frozenset("+-*/")
_DATE_AS_TEXT = "a date written as a text, in a workbook whose dates count from 1904"
_DAY_OR_MONTH = re.compile(r"(0?[1-9]|1[0-2])[-/.](0?[1-9]|1[0-2])[-/.](?:\d{2}|\d{4})")

Cells = list[tuple[str, Area]]
Areas = Callable[[list[Token]], Cells]
"""The cells that an argument names."""
Held = Callable[[str], Mapping[tuple[int, int], object]]
"""What the cells of a sheet hold, by row and column; empty ones are left out."""


def of_what_it_reads(text: str, areas: Areas, held: Held) -> str:
    """Why the engine does not give Excel's value, if so, by the arguments of single functions.

    >>> cells = {(1, 1): 2.0, (1, 2): True}
    >>> of_what_it_reads("MMULT(A1:B1,A1)", lambda argument: [("S", Area(1, 1, 1, 2))], lambda sheet: cells)
    'MMULT of truth values'
    """
    if not any(f"{function}(" in text.upper() for function in _CHECKS):
        return ""
    parts = solid_tokens(text)
    for index, _, function, _ in walked(parts):
        if function in _CHECKS:
            found = _CHECKS[function](list(arguments_of(parts, index)), areas, held)
            if found:
                return f"{function} {found}"
    return ""


def _read(cells: Cells, held: Held) -> Iterator[object]:
    """What these cells hold."""
    return (value for sheet, area in cells for place, value in held(sheet).items() if area.holds(place))


def _of_matrices(arguments: list[list[Token]], areas: Areas, held: Held) -> str:
    """Which are no numbers to Excel, and make an error."""
    values = _read([one for argument in arguments for one in areas(argument)], held)
    return "of truth values" if any(isinstance(value, bool) for value in values) else ""


def _of_a_text(arguments: list[list[Token]], areas: Areas, held: Held) -> str:
    """Which comes first in a date, day or month, is a setting of the computer."""
    texts = [token.text[1:-1] for token in arguments[0] if token.kind == "text"]
    texts += [value for value in _read(areas(arguments[0]), held) if isinstance(value, str)]
    dates = map(_DAY_OR_MONTH.match, texts)
    return "of a date that may begin with the day or the month" if any(d and d[1] != d[2] for d in dates) else ""


def _of_criteria(arguments: list[list[Token]], areas: Areas, held: Held) -> str:
    """A heading that is no field's stands above criteria that are formulas, which the engine does not take as such."""
    found = [areas(argument) for argument in (arguments[0], arguments[-1])]
    if len(arguments) != 3 or any(len(one) != 1 for one in found):
        return ""
    fields, headings = (
        [held(sheet).get((area.top, column)) for column in range(area.left, area.right + 1)]
        for ((sheet, area),) in found
    )
    known = {str(field).casefold() for field in fields}
    if CALCULATED in fields or all(name is CALCULATED or str(name).casefold() in known for name in headings):
        return ""
    return "by criteria that are formulas"


_CHECKS = {
    "MMULT": _of_matrices,
    "VALUE": _of_a_text,
    **dict.fromkeys(
        ("DAVERAGE", "DCOUNT", "DCOUNTA", "DGET", "DMAX", "DMIN", "DPRODUCT", "DSTDEV", "DSTDEVP", "DSUM", "DVAR",
         "DVARP"),
        _of_criteria,
    ),
}  # fmt: skip


def of_dates_and_hidden_rows(text: str, dynamic: bool, hidden: bool, since_1904: bool, read: Iterable[object]) -> str:
    """Why the engine does not give Excel's value, if so. `hidden`: there are rows that are not shown; `read`: what the
    cells that the formula reads hold, in a workbook whose dates count from 1904.

    >>> of_dates_and_hidden_rows("SUBTOTAL(109,OFFSET(A1,0,0,B1,1))", True, True, False, ())
    'SUBTOTAL of cells that a function gives, where rows are hidden'
    >>> of_dates_and_hidden_rows('A1-"2028-01-02"', False, False, True, ())
    'a date written as a text, in a workbook whose dates count from 1904'
    """
    if not hidden and not since_1904:
        return ""
    calculates = dated = False
    for _, token, function, around in walked(solid_tokens(text)):
        if token.kind == "open":
            calculates = calculates or function in _READ_DATES
            subtotal = next((call for call in around if call in ("SUBTOTAL", "AGGREGATE")), "")
            if hidden and ((subtotal and function) or (dynamic and function in ("SUBTOTAL", "AGGREGATE"))):
                return f"{subtotal or function} of cells that a function gives, where rows are hidden"
        elif token.text in _ARITHMETIC:
            calculates = True
        elif since_1904 and token.kind == "text":
            dated = dated or (_DATE.fullmatch(token.text) is not None and (around or [""])[-1] not in _READ_DATES_WELL)
    if calculates and not dated:
        dated = any(isinstance(value, str) and _DATE.fullmatch(value) for value in read)
    return _DATE_AS_TEXT if dated else ""
