"""Comparisons of what a formula calculates, for the fast engine: Excel holds numbers for equal that agree in 15 digits.

Only these are written with a function of ours, which is slow. Where a formula compares cells as they are, `delicate`
looks whether two of them are that close. Nothing is that close to 0, to a text or to a truth value.
"""

from __future__ import annotations

from collections.abc import Iterator

from .formula_text import Token, bare_function, written
from .substitutes import COMPARE

_COMPARISONS = frozenset("=<>")
_ARITHMETIC = frozenset("+-*/^%")
_WHOLE = frozenset("+-*")


def _listed(names: str) -> frozenset[str]:
    return frozenset(names.split())


_WHOLE_NUMBERS = _listed(
    """
    LEN COUNT COUNTA COUNTBLANK COUNTIF COUNTIFS ROW ROWS COLUMN COLUMNS MATCH XMATCH YEAR MONTH DAY HOUR MINUTE SECOND
    WEEKDAY WEEKNUM INT FIND SEARCH CODE SIGN DATE TODAY EDATE EOMONTH FACT GCD LCM SHEET SHEETS
    """
)
_CHOSEN = _listed(
    """
    IF IFERROR IFNA IFS CHOOSE SWITCH INDEX VLOOKUP HLOOKUP LOOKUP XLOOKUP OFFSET INDIRECT MAX MIN MAXIFS MINIFS SMALL
    LARGE N
    """
)
"""Functions that give a value of a cell or of an argument."""
_NO_NUMBERS = _listed(
    """
    LEFT RIGHT MID TRIM UPPER LOWER PROPER TEXT SUBSTITUTE REPLACE CONCATENATE CONCAT TEXTJOIN REPT CHAR T AND OR NOT
    XOR EXACT ISBLANK ISERR ISERROR ISNA ISNUMBER ISTEXT ISLOGICAL ISNONTEXT ISREF ISEVEN ISODD ISFORMULA
    """
)


def compares_calculated(parts: list[Token]) -> bool:
    """Does a formula compare something that it calculates with what may be close to it?"""
    return any(token.text in _COMPARISONS for token in parts) and any(_found(parts))


def compares_cells(parts: list[Token]) -> bool:
    """Does a formula compare cells as they are with what may be close to them?"""
    return any(
        not sides or (not any(map(_calculates, sides)) and not any(map(_is_apart, sides)))
        for *_, sides in _comparisons(parts)
    )


def compared_sides(parts: list[Token]) -> Iterator[list[Token]]:
    """What stands beside the signs of comparison, of several in a row all together."""
    for start, sign, after, end, sides in _comparisons(parts):
        yield from sides or (parts[start:sign], parts[after:end])


def with_calculated_compared(parts: list[Token]) -> list[Token]:
    """The formula, without spaces, with a function of ours for these comparisons.

    >>> from .formula_text import tokens
    >>> compared = lambda text: written(with_calculated_compared(tokens(text)))
    >>> compared('IF(SUM(A1:A9)<=B1,"a"="b",C1-1=0)')
    'IF(XLCALC.COMPARE(SUM(A1:A9),"<=",B1),"a"="b",C1-1=0)'
    >>> compared("A1>2"), compared("ROW()-1=3"), compared("A1+B1=C1")
    ('A1>2', 'ROW()-1=3', 'XLCALC.COMPARE(A1+B1,"=",C1)')
    """
    for start, sign, after, end in sorted(_found(parts), reverse=True):
        comparison = written(parts[sign:after])
        left, right = (with_calculated_compared(side) for side in (parts[start:sign], parts[after:end]))
        parts = [
            *parts[:start], Token("word", COMPARE), Token("open", "("), *left, Token("comma", ","),
            Token("text", f'"{comparison}"'), Token("comma", ","), *right, Token("close", ")"), *parts[end:],
        ]  # fmt: skip
    return parts


def _found(parts: list[Token]) -> Iterator[tuple[int, int, int, int]]:
    """Where each of these comparisons begins, where its sign stands, where that ends, and where the comparison ends;
    none that lies within another."""
    done = 0
    for start, sign, after, end, sides in _comparisons(parts):
        if start >= done and sides and any(map(_calculates, sides)) and not any(map(_is_apart, sides)):
            done = end
            yield start, sign, after, end


def _comparisons(parts: list[Token]) -> Iterator[tuple[int, int, int, int, tuple[list[Token], ...]]]:
    """The same of all comparisons, with their two sides; none where there are several of them in a row."""
    for start, signs, end in sorted(_segments(parts)):
        sides = parts[start : signs[0]], parts[signs[-1] + 1 : end]
        alone = signs[-1] - signs[0] == len(signs) - 1 and all(sides)
        yield start, signs[0], signs[-1] + 1, end, sides if alone else ()


def _segments(parts: list[Token]) -> Iterator[tuple[int, list[int], int]]:
    """Beginning and end of the formula, of each argument, and of what stands between parentheses, and where there are
    signs of comparison in it; nothing where there are none."""
    begun: list[tuple[int, list[int]]] = [(0, [])]
    for index, token in enumerate(parts):
        if token.text in _COMPARISONS:
            begun[-1][1].append(index)
        elif token.kind == "open" or token.text == "{":
            begun.append((index + 1, []))
        elif (token.kind in ("close", "comma") or token.text in ("}", ";")) and len(begun) > 1:
            start, signs = begun.pop()
            if signs:
                yield start, signs, index
            if token.kind == "comma" or token.text == ";":
                begun.append((index + 1, []))
    if begun[0][1]:
        yield *begun[0], len(parts)


def _at_the_top(parts: list[Token], start: int, end: int) -> Iterator[int]:
    """The places between these that lie in no parentheses or braces of their own."""
    depth = 0
    for index in range(start, end):
        token = parts[index]
        depth -= token.kind == "close" or token.text == "}"
        if depth == 0:
            yield index
        depth += token.kind == "open" or token.text == "{"


def _calculates(side: list[Token]) -> bool:
    """May it be a number that no cell holds, and not a whole one?"""
    return not _is_whole(side) and any(
        (token.text in _ARITHMETIC and index > 0)
        or (token.kind == "open"
        and index > 0
        and side[index - 1].kind == "word"
        and bare_function(side[index - 1].text) not in _WHOLE_NUMBERS | _CHOSEN | _NO_NUMBERS)
        for index, token in enumerate(side)
    )  # fmt: skip


def _is_whole(side: list[Token]) -> bool:
    top = [side[index] for index in _at_the_top(side, 0, len(side))]
    return all(
        token.kind in ("open", "close")
        or token.text in _WHOLE
        or token.text.isdigit()
        or (token.kind == "word" and bare_function(token.text) in _WHOLE_NUMBERS)
        for token in top
    ) and not any(token.kind == "open" and (not i or top[i - 1].kind != "word") for i, token in enumerate(top))


def _is_apart(side: list[Token]) -> bool:
    """Is it 0, a text or a truth value?"""
    top = [side[index] for index in _at_the_top(side, 0, len(side))]
    if any(token.kind == "text" or token.text == "&" for token in top):
        return True
    if len(side) == 1:
        return side[0].text.upper() in ("TRUE", "FALSE", "0")
    return side[0].kind == "word" and top[-1].kind == "close" and bare_function(side[0].text) in _NO_NUMBERS
