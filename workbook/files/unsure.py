"""Where the exact engine parts from Excel, and no function alone tells: formulas rewritten for it, or refused."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .call_features import arguments_of
from .formula_text import Token, bare_function, solid_tokens, tokens, written
from .range_functions import CRITERIA, TAKE_ARRAYS

_DATE = re.compile(
    r'"?(?:[<>]?=?)\s*(?:\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}|\d{1,2}[- ][A-Za-z]{3,9}[- ]\d{2,4})\b.*', re.DOTALL
)
_READ_DATES_WELL = frozenset(("DATEVALUE", "DAYS", "YEAR", "MONTH", "DAY", "WEEKDAY", "TEXT"))
_READ_DATES = CRITERIA.keys() | frozenset(
    ("EDATE", "EOMONTH", "NETWORKDAYS", "WORKDAY", "YEARFRAC", "DATEDIF", "DAYS360", "WEEKNUM", "ISOWEEKNUM", "SUM")
)
_ONE_BY_ONE = frozenset(("CODE", "RANK", "RANK.EQ", "RANK.AVG", "LOOKUP"))
_EACH = "xlcalc_each"
_MOVE = ("OFFSET", "INDIRECT")
_OF_FIELDS = ("DCOUNT", "DCOUNTA")
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


def one_by_one(text: str, array: bool) -> str:
    """A formula in which functions that the engine calculates for one value alone get each value of an array, where
    Excel calculates with arrays.

    >>> one_by_one("SUMPRODUCT(CODE(A1:A9)*1)", False), one_by_one("SUM(RANK(A1:A3,B1:B9))", False)
    ('SUMPRODUCT(MAP(A1:A9,LAMBDA(xlcalc_each,CODE(xlcalc_each)))*1)', 'SUM(RANK(A1:A3,B1:B9))')
    """
    if not any(f"{function}(" in text.upper() for function in _ONE_BY_ONE):
        return text
    parts = tokens(text)
    calls: list[str] = []
    found = []
    for index, token in enumerate(parts):
        if token.kind == "open":
            function = bare_function(parts[index - 1].text) if index and parts[index - 1].kind == "word" else ""
            if function in _ONE_BY_ONE and (array or any(call in TAKE_ARRAYS for call in calls)):
                found.append(index)
            calls.append(function)
        elif token.kind == "close" and calls:
            calls.pop()
    for index in reversed(found):
        first, *others = arguments_of(parts, index)
        if any(token.text in (":", "{") or token.kind == "bracket" for token in first):
            end = index + 1 + len(first) + sum(map(len, others)) + len(others)
            rest = "".join(f",{written(argument)}" for argument in others)
            given = written(first)
            call = f"MAP({given},LAMBDA({_EACH},{parts[index - 1].text}({_EACH}{rest})))"
            parts = [*parts[: index - 1], Token("word", call), *parts[end + 1 :]]
    return written(parts)


def not_calculated(text: str, array: bool) -> str:
    """What the engine does not calculate, or not as Excel does, by the formula alone.

    >>> not_calculated("SUMPRODUCT(N(OFFSET(A1,{0,1},0)))", False), not_calculated("DCOUNT(A1:B9,,D1:D2)", False)
    ('OFFSET by several values at once', 'DCOUNT of no field')
    """
    parts = solid_tokens(text)
    calls: list[str] = []
    for index, token in enumerate(parts):
        if token.kind == "open":
            function = bare_function(parts[index - 1].text) if index and parts[index - 1].kind == "word" else ""
            in_array = array or any(call in TAKE_ARRAYS or call == "SUM" for call in calls)
            arguments = list(arguments_of(parts, index)) if function in (*_MOVE, *_OF_FIELDS, *CRITERIA) else []
            if function in _MOVE and in_array:
                several = any(token.text in ("{", ":") for argument in arguments[1:] for token in argument)
                if several or (arguments and function == "INDIRECT" and any(t.text in "{:" for t in arguments[0])):
                    return f"{function} by several values at once"
            if function in _OF_FIELDS and len(arguments) > 1 and not arguments[1]:
                return f"{function} of no field"
            if any("~~" in token.text for argument in arguments for token in argument if token.kind == "text"):
                return f"{function} by a text with ~~"
            calls.append(function)
        elif token.kind == "close" and calls:
            calls.pop()
    return ""


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
    parts = solid_tokens(text)
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
