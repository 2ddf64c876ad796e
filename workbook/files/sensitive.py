"""What a formula is sensitive to, beside what the fast engine calculates as Excel does."""

from __future__ import annotations

import re
from itertools import pairwise

from .formula_text import Token, bare_function, tokens
from .range_functions import CRITERIA, TAKE_RANGES


class Sensitive:
    """Kinds of values, as bits of a number: 100,000 formulas have one each."""

    TIES = 1
    """Numbers that agree in 15 digits, which Excel holds for equal."""
    TINY = 2
    """Numbers close to 0, which the fast engine does not tell apart when it looks for one."""
    FRACTIONS = 4
    """Numbers with a fraction: the key that is looked for is calculated of them."""
    TEXTS = 8
    """Texts that Excel takes for a number: $5, 1/2, 2026-11-28."""
    LETTERS = 16
    """Letters beyond ASCII, of which the engine knows no capitals, and characters that count twice."""
    SPELLINGS = 32
    """Texts that differ in capitals beyond ASCII alone, which are equal."""
    SIGNS = 64
    """Texts of more than letters, digits and spaces, which have their own order."""
    DIGITS = 128
    """Numbers of more than 15 digits, taken as text."""
    DIFFERENCE = 256
    """A result that is the error of rounding alone, of which Excel makes 0."""
    DATES = 512
    """A result that is no date."""
    ALWAYS = 1024
    """Such a value is written in the formula."""


_LOOKUPS = frozenset(("MATCH", "VLOOKUP", "HLOOKUP"))
_EQUALITY = _LOOKUPS | CRITERIA.keys() | frozenset(("SWITCH", "MODE", "MODE.SNGL", "RANK", "RANK.EQ"))
_MEASURED = {
    "LEN": (0,),
    "MID": (0,),
    "FIND": (0, 1),
    "SEARCH": (0, 1),
    "SUBSTITUTE": (0,),
    "REPLACE": (0,),
    "EXACT": (0, 1),
}
"""The texts among the arguments of functions that look at each character."""
_MEASURE = frozenset(_MEASURED)
_LETTERS = _MEASURE | frozenset(("UPPER", "LOWER", "PROPER", "LEFT", "RIGHT"))
_TAKE_TEXTS = (
    _LETTERS
    | TAKE_RANGES
    | frozenset(("TRIM", "CONCATENATE", "REPT", "CLEAN", "CODE", "SWITCH", "CHOOSE", "IFERROR", "ISNUMBER", "ISTEXT",
                 "ISBLANK", "ISERROR", "ISNA", "ISLOGICAL"))
)  # fmt: skip
_DATED = frozenset(("DATE", "EDATE", "EOMONTH"))
_ARITHMETIC = frozenset("+-*/^%")
_LONG = re.compile(r"(?=(?:\D*\d){13})[\d.]+(?:[eE]\d*)?|[\d.]+[eE]")
"""A number with more digits than the fast engine looks at, or the beginning of one with an exponent."""
PLAIN = re.compile(r"[A-Za-z0-9 ]*")
_NOTHING = Token("", "")


def sensitive(text: str) -> int:
    """What a formula is sensitive to.

    >>> sensitive("SUM(A1:A9)"), sensitive("UPPER(A1)"), sensitive("A1-B1")
    (0, 16, 264)
    """
    parts = [token for token in tokens(text) if token.kind != "space"]
    called = {
        bare_function(token.text) for token, after in pairwise(parts) if token.kind == "word" and after.kind == "open"
    }
    signs = {token.text for token in parts if token.kind == "other"}
    found = 0
    if signs & {"=", "<", ">"} or called & _EQUALITY:
        found |= Sensitive.TIES | Sensitive.SPELLINGS
    if called & _LOOKUPS:
        found |= Sensitive.TINY | (Sensitive.FRACTIONS if signs & _ARITHMETIC else 0)
    if signs & _ARITHMETIC or called - _TAKE_TEXTS:
        found |= Sensitive.TEXTS
    for functions, flag in (
        (_LETTERS, Sensitive.LETTERS), (_MEASURE, Sensitive.DIGITS), (_DATED, Sensitive.DATES),
    ):  # fmt: skip
        found |= flag if called & functions else 0
    if signs & {"<", ">"}:
        found |= _orders(parts)
    if found & (Sensitive.LETTERS | Sensitive.SPELLINGS) and has_odd_letters(text):
        found |= Sensitive.ALWAYS
    if found & Sensitive.TIES and any(_LONG.fullmatch(token.text) for token in parts if token.kind == "word"):
        found |= Sensitive.ALWAYS
    if found & Sensitive.DIGITS and _measures_calculated(parts):
        found |= Sensitive.ALWAYS
    return found | (Sensitive.DIFFERENCE if _is_difference(parts) else 0)


def has_odd_letters(text: str) -> bool:
    """Has it letters beyond ASCII that have a capital, or characters that count twice?

    >>> has_odd_letters("Zürich"), has_odd_letters("2 µm, 北京"), has_odd_letters("😀"), has_odd_letters("Zurich")
    (True, True, True, False)
    """
    return not text.isascii() and any(
        letter > "\uffff" or (letter > "\x7f" and letter.lower() != letter.upper()) for letter in text
    )


def _orders(parts: list[Token]) -> int:
    """Are two cells compared by < or >, or a cell with a text?"""
    found = 0
    for index, token in enumerate(parts):
        first = index and parts[index - 1].text in ("<", ">")
        if token.text not in ("<", ">") or first or (token.text == "<" and _at(parts, index + 1).text == ">"):
            continue
        after = index + 1 + (_at(parts, index + 1).text == "=")
        sides = _at(parts, index - 1), _at(parts, after)
        if all(side.kind in ("word", "bracket", "text") and not side.text[0].isdigit() for side in sides):
            written = any(side.kind == "text" and not PLAIN.fullmatch(side.text[1:-1]) for side in sides)
            found |= Sensitive.ALWAYS if written else Sensitive.SIGNS
    return found


def _measures_calculated(parts: list[Token]) -> bool:
    """Is the text that LEN and the like take a number that the formula calculates?"""
    calls: list[tuple[str, int]] = []
    for index, token in enumerate(parts):
        if token.kind == "open":
            calls.append((bare_function(parts[index - 1].text) if index else "", 0))
        elif token.kind == "close" and calls:
            calls.pop()
        elif token.kind == "comma" and calls:
            calls[-1] = calls[-1][0], calls[-1][1] + 1
        elif calls and token.text in _ARITHMETIC and calls[-1][1] in _MEASURED.get(calls[-1][0], ()):
            return True
    return False


def _at(parts: list[Token], index: int) -> Token:
    return parts[index] if 0 <= index < len(parts) else _NOTHING


def _is_difference(parts: list[Token]) -> bool:
    """Is the formula a sum or a difference?"""
    depth = 0
    found = False
    for before, token in zip([_NOTHING, *parts], parts, strict=False):
        depth += (token.kind == "open" or token.text == "{") - (token.kind == "close" or token.text == "}")
        if depth == 0 and token.text in ("=", "<", ">", "&"):
            return False
        binary = before.kind in ("word", "close", "bracket") or before.text == "%"
        found = found or (depth == 0 and token.text in ("+", "-") and binary)
    return found
