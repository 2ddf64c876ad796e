"""Where the exact engine parts from Excel, and no function alone tells: formulas rewritten for it, or refused."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .formula_text import Token, bare_function, tokens
from .range_functions import CRITERIA, TAKE_ARRAYS

_DATE = re.compile(
    r'"?(?:[<>]?=?)\s*(?:\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}|\d{1,2}[- ][A-Za-z]{3,9}[- ]\d{2,4})\b.*', re.DOTALL
)
_READ_DATES_WELL = frozenset(("DATEVALUE", "DAYS", "YEAR", "MONTH", "DAY", "WEEKDAY", "TEXT"))
_READ_DATES = CRITERIA.keys() | frozenset(
    ("EDATE", "EOMONTH", "NETWORKDAYS", "WORKDAY", "YEARFRAC", "DATEDIF", "DAYS360", "WEEKNUM", "ISOWEEKNUM", "SUM")
)
_ARITHMETIC = frozenset("+-*/")
_DATE_AS_TEXT = "a date written as a text, in a workbook whose dates count from 1904"
_NOTHING = Token("", "")


def with_whole_rows(text: str, array: bool) -> str:
    """A formula in which ROW(INDIRECT(...)) is an array wherever Excel calculates with arrays. The engine takes its
    first number, except for INDEX.

    >>> with_whole_rows('SUMPRODUCT(SMALL(A1:A9,ROW(INDIRECT("1:3"))))', False)
    'SUMPRODUCT(SMALL(A1:A9,INDEX(ROW(INDIRECT("1:3")),0)))'
    >>> with_whole_rows('ABS(ROW(INDIRECT("1:3")))', False)
    'ABS(ROW(INDIRECT("1:3")))'
    """
    if "INDIRECT" not in text.upper():
        return text
    out: list[str] = []
    calls: list[tuple[str, bool]] = []  # function, is it a ROW that was wrapped
    parts = tokens(text)
    for index, token in enumerate(parts):
        before = parts[index - 1] if index else _NOTHING
        out.append(token.text)
        if token.kind == "open":
            function = bare_function(before.text) if before.kind == "word" else ""
            inside = bare_function(parts[index + 1].text) if index + 1 < len(parts) else ""
            in_array = array or any(call in TAKE_ARRAYS for call, _ in calls)
            wraps = function in ("ROW", "COLUMN") and inside == "INDIRECT" and in_array
            if wraps:
                out[-2:-1] = ["INDEX(", out[-2]]
            calls.append((function, wraps))
        elif token.kind == "close" and calls and calls.pop()[1]:
            out.append(",0)")
    return "".join(out)


def why_not(text: str, dynamic: bool, hidden: bool, since_1904: bool, read: Iterable[object]) -> str:
    """Why the engine does not give Excel's value, if so. `hidden`: there are rows that are not shown; `read`: what the
    cells that the formula reads hold, in a workbook whose dates count from 1904.

    >>> why_not("SUBTOTAL(109,OFFSET(A1,0,0,B1,1))", True, True, False, ())
    'SUBTOTAL of cells that a function gives, where rows are hidden'
    >>> why_not('A1-"2028-01-02"', False, False, True, ())
    'a date written as a text, in a workbook whose dates count from 1904'
    """
    if not hidden and not since_1904:
        return ""
    parts = [token for token in tokens(text) if token.kind != "space"]
    calls: list[str] = []
    calculates = dated = False
    for index, token in enumerate(parts):
        before = parts[index - 1] if index else _NOTHING
        if token.kind == "open":
            function = bare_function(before.text) if before.kind == "word" else ""
            calculates = calculates or function in _READ_DATES
            subtotal = next((call for call in calls if call in ("SUBTOTAL", "AGGREGATE")), "")
            if hidden and ((subtotal and function) or (dynamic and function in ("SUBTOTAL", "AGGREGATE"))):
                return f"{subtotal or function} of cells that a function gives, where rows are hidden"
            calls.append(function)
        elif token.kind == "close" and calls:
            calls.pop()
        elif token.text in _ARITHMETIC:
            calculates = True
        elif since_1904 and token.kind == "text":
            dated = dated or (_DATE.fullmatch(token.text) is not None and (calls or [""])[-1] not in _READ_DATES_WELL)
    if calculates and not dated:
        dated = any(isinstance(value, str) and _DATE.fullmatch(value) for value in read)
    return _DATE_AS_TEXT if dated else ""
