"""Where the exact engine parts from Excel by how a formula is written: it is rewritten for it, or refused."""

from __future__ import annotations

from collections.abc import Iterator

from .call_features import arguments_of
from .formula_text import Token, bare_function, solid_tokens, tokens, written
from .range_functions import CRITERIA, TAKE_ARRAYS, TAKE_RANGES

_ONE_BY_ONE = {"CODE": 0, "RANK": 0, "RANK.EQ": 0, "RANK.AVG": 0, "LOOKUP": 0, "NPV": 0, "VLOOKUP": 2, "HLOOKUP": 2}
"""Functions that the engine calculates for one value of this argument, counted from 0."""
_EACH = "xlcalc_each"
_MOVE = ("OFFSET", "INDIRECT")
_OF_FIELDS = ("DCOUNT", "DCOUNTA")
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
    parts = tokens(text)
    for index, token, function, around in walked(parts):
        if token.kind == "open" and function in ("ROW", "COLUMN") and (array or _with_arrays(around)):
            inside = bare_function(parts[index + 1].text) if index + 1 < len(parts) else ""
            if inside == "INDIRECT":
                end = index + 1 + sum(map(len, arguments_of(parts, index)))
                parts[index - 1] = Token("word", f"INDEX({parts[index - 1].text}")
                parts[end] = Token("close", "),0)")
    return written(parts)


def one_by_one(text: str, array: bool) -> str:
    """A formula in which functions that the engine calculates for one value alone get each value of an array, where
    Excel calculates with arrays.

    >>> one_by_one("SUMPRODUCT(CODE(A1:A9)*1)", False), one_by_one("SUM(RANK(A1:A3,B1:B9))", False)
    ('SUMPRODUCT(MAP(A1:A9,LAMBDA(xlcalc_each,CODE(xlcalc_each)))*1)', 'SUM(RANK(A1:A3,B1:B9))')
    """
    if not any(f"{function}(" in text.upper() for function in _ONE_BY_ONE):
        return text
    parts = tokens(text)
    found = [
        (index, function, array or _with_arrays(around))
        for index, token, function, around in walked(parts)
        if token.kind == "open" and function in _ONE_BY_ONE
    ]
    for index, function, in_array in reversed(found):
        arguments = list(arguments_of(parts, index))
        each = arguments[_ONE_BY_ONE[function] :][:1]
        several = (":", "{") if in_array else ("{",)
        if any(token.text in several or (in_array and token.kind == "bracket") for given in each for token in given):
            end = index + len(arguments) + sum(map(len, arguments))
            given = written(each[0])
            arguments[_ONE_BY_ONE[function]] = [Token("word", _EACH)]
            inner = ",".join(map(written, arguments))
            call = f"MAP({given},LAMBDA({_EACH},{parts[index - 1].text}({inner})))"
            parts = [*parts[: index - 1], Token("word", call), *parts[end + 1 :]]
    return written(parts)


def with_bounds(text: str) -> str:
    """A formula in which FREQUENCY gets a single bound as an array. The engine takes only cells and arrays for it.

    >>> with_bounds("FREQUENCY(A1:A9,B1+2)"), with_bounds("FREQUENCY(A1:A9,B1:B2)")
    ('FREQUENCY(A1:A9,{1}*(B1+2))', 'FREQUENCY(A1:A9,B1:B2)')
    """
    if "FREQUENCY" not in text.upper():
        return text
    parts = tokens(text)
    for index, _, function, _ in walked(parts):
        values, *bounds = arguments_of(parts, index) if function == "FREQUENCY" else [[]]
        if bounds and bounds[0] and not any(token.text in (":", "{", "[") for token in bounds[0]):
            first = index + 2 + len(values)
            last = first + len(bounds[0]) - 1
            parts[first] = Token("other", f"{{1}}*({parts[first].text}")
            parts[last] = Token("other", f"{parts[last].text})")
    return written(parts)


def not_calculated(text: str, array: bool) -> str:
    """What the engine does not calculate, or not as Excel does, by the formula alone.

    >>> not_calculated("SUMPRODUCT(N(OFFSET(A1,{0,1},0)))", False), not_calculated("DCOUNT(A1:B9,,D1:D2)", False)
    ('OFFSET by several values at once', 'DCOUNT of no field')
    >>> not_calculated("SUM(OFFSET(A1,0,0,COUNTA(A:A),1))", False)
    ''
    """
    parts = solid_tokens(text)
    for index, token, function, around in walked(parts):
        if token.kind != "open":
            continue
        arguments = list(arguments_of(parts, index)) if function in (*_MOVE, *_OF_FIELDS, *CRITERIA) else []
        in_array = array or "SUM" in around or _with_arrays(around)
        given = arguments[1:] if function == "OFFSET" else arguments[: function == "INDIRECT"]
        if in_array and any(map(_is_several, given)):
            return f"{function} by several values at once"
        if function in _OF_FIELDS and len(arguments) > 1 and not arguments[1]:
            return f"{function} of no field"
        if any("~~" in token.text for argument in arguments for token in argument if token.kind == "text"):
            return f"{function} by a text with ~~"
    return ""


def indirect(text: str) -> list[str]:
    """The texts of which INDIRECT makes references in a formula.

    >>> indirect('SUM(INDIRECT("B"&A1))')
    ['"B"&A1']
    """
    if "INDIRECT" not in text.upper():
        return []
    parts = solid_tokens(text)
    return [
        written(next(arguments_of(parts, index))) for index, _, function, _ in walked(parts) if function == "INDIRECT"
    ]


def _is_several(argument: list[Token]) -> bool:
    """Is it an array, or cells that nothing makes one value of?"""
    reduces = TAKE_RANGES - {"ROW", "COLUMN", "N", "T", "TRANSPOSE"}
    ranges = (around for _, token, _, around in walked(argument) if token.text == ":")
    return any(token.text == "{" for token in argument) or any(not reduces.intersection(around) for around in ranges)


def walked(parts: list[Token]) -> Iterator[tuple[int, Token, str, list[str]]]:
    """Each part with its place, the function whose parenthesis it opens, and the functions around it, outermost
    first."""
    around: list[str] = []
    for index, token in enumerate(parts):
        before = parts[index - 1] if index else _NOTHING
        function = bare_function(before.text) if token.kind == "open" and before.kind == "word" else ""
        yield index, token, function, around
        if token.kind == "open":
            around.append(function)
        elif token.kind == "close" and around:
            around.pop()


def _with_arrays(around: list[str]) -> bool:
    """Does one of these functions calculate with arrays?"""
    return any(function in TAKE_ARRAYS for function in around)
