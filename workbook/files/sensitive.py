"""What a formula is sensitive to, beside what the fast engine calculates as Excel does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from .call_features import arguments_of
from .comparisons import compared_sides, compares_cells
from .formula_text import Token, bare_function, solid_tokens, written
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
    """Texts that Excel takes for a number ($5, 1/2, 2026-11-28), where the error that they give instead is hidden."""
    LETTERS = 16
    """Letters beyond ASCII, of which the engine knows no capitals, and characters that count twice."""
    SPELLINGS = 32
    """Texts that differ in capitals beyond ASCII alone, which are equal."""
    DIGITS = 64
    """Numbers of more than 15 digits, taken as text."""
    DIFFERENCE = 128
    """A result that is the error of rounding alone, of which Excel makes 0."""
    DATES = 256
    """A result that is no date."""
    ALWAYS = 512
    """Such a value is written in the formula."""
    PLAIN = 1024
    """No value: the formula reads nothing but cells by their addresses and names."""


_LOOKUPS = frozenset(("MATCH", "VLOOKUP", "HLOOKUP"))
_EQUALITY = _LOOKUPS | CRITERIA.keys() | frozenset(("SWITCH", "MODE", "MODE.SNGL", "RANK", "RANK.EQ"))
_KEYS_AND_PLACES = (0, 1)
"""The arguments that lookups compare."""
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
_HIDE = frozenset(("IFERROR", "ISERROR", "ISERR", "ISNUMBER", "COUNT", "ERROR.TYPE", "TYPE"))
_DYNAMIC = frozenset(("INDIRECT", "OFFSET"))
_ARITHMETIC = frozenset("+-*/^%")
_LONG = re.compile(r"(?=(?:\D*\d){13})[\d.]+(?:[eE]\d*)?|[\d.]+[eE]")
"""A number with more digits than the fast engine looks at, or the beginning of one with an exponent."""
_PLAIN = re.compile(r"[A-Za-z0-9 ]*")
_LIKE_A_NUMBER = re.compile(
    r"\s*(?:[-+$€£¥(.\s]*\d[-\d.,:/+\s%()$€£¥eE]*(?:[ap]\.?m\.?)?"
    r"|(?=.*\d)[\d\s,./-]*(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?[\d\s,./:-]*|true|false)\s*",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[ ]*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[ ]*%?[ ]*")
_NOTHING = Token("", "")


def sensitive(text: str) -> int:
    """What a formula is sensitive to.

    >>> sensitive("SUM(A1:A9)"), sensitive("UPPER(A1)"), sensitive("A1-B1")
    (1024, 1040, 1152)
    """
    parts = solid_tokens(text)
    called = {
        bare_function(token.text) for token, after in pairwise(parts) if token.kind == "word" and after.kind == "open"
    }
    signs = {token.text for token in parts if token.kind == "other"}
    found = 0
    compares = signs & {"=", "<", ">"}
    found |= Sensitive.SPELLINGS if compares or called & _EQUALITY else 0
    found |= Sensitive.TIES if called & _EQUALITY or (compares and compares_cells(parts)) else 0
    if called & _LOOKUPS:
        found |= Sensitive.TINY | (Sensitive.FRACTIONS if _calculates_in(parts, dict.fromkeys(_LOOKUPS, (0,))) else 0)
    if called & _HIDE and (signs & _ARITHMETIC or called - _TAKE_TEXTS):
        found |= Sensitive.TEXTS
    for functions, flag in (
        (_LETTERS, Sensitive.LETTERS), (_MEASURE, Sensitive.DIGITS), (_DATED, Sensitive.DATES),
    ):  # fmt: skip
        found |= flag if called & functions else 0
    if signs & {"<", ">"} and _orders_text(parts):
        found |= Sensitive.ALWAYS
    if found & (Sensitive.LETTERS | Sensitive.SPELLINGS) and has_odd_letters(text):
        found |= Sensitive.ALWAYS
    if found & Sensitive.TIES and any(_LONG.fullmatch(token.text) for token in parts if token.kind == "word"):
        found |= Sensitive.ALWAYS
    if found & Sensitive.TEXTS and any(token.kind == "text" and is_like_a_number(token.text[1:-1]) for token in parts):
        found |= Sensitive.ALWAYS
    if found & Sensitive.DIGITS and _calculates_in(parts, _MEASURED):
        found |= Sensitive.ALWAYS
    found |= Sensitive.DIFFERENCE if _is_difference(parts) else 0
    return found | (Sensitive.PLAIN if _is_plain(parts) else 0)


def has_odd_letters(text: str) -> bool:
    """Has it letters beyond ASCII that have a capital, or characters that count twice?

    >>> has_odd_letters("Zürich"), has_odd_letters("2 µm, 北京"), has_odd_letters("😀"), has_odd_letters("Zurich")
    (True, True, True, False)
    """
    return not text.isascii() and any(
        letter > "\uffff" or (letter > "\x7f" and letter.lower() != letter.upper()) for letter in text
    )


def is_like_a_number(text: str) -> bool:
    """Does Excel take this text for a number that is written otherwise than in a formula?

    >>> [is_like_a_number(text) for text in ("$5", "2026-11-28", "(3)", "7:45 PM", "5 March 2026", "1.5", "gpt-4", "")]
    [True, True, True, True, True, False, False, False]
    """
    return _NUMBER.fullmatch(text) is None and _LIKE_A_NUMBER.fullmatch(text) is not None


def _is_plain(parts: list[Token]) -> bool:
    """Does the formula read nothing but cells by their addresses and names?"""
    for before, token, after in zip([_NOTHING, *parts], parts, [*parts[1:], _NOTHING], strict=False):
        if "[" in token.text or token.text == "#" or (token.text == ":" and before.kind != "word"):
            return False
        if token.kind == "word" and (
            (after.kind == "open" and bare_function(token.text) in _DYNAMIC) or "[" in token.text
        ):
            return False
    return True


def _orders_text(parts: list[Token]) -> bool:
    """Is a text with more than letters, digits and spaces, which has its own order, compared by < or >?"""
    padded = [_NOTHING, _NOTHING, *parts, _NOTHING, _NOTHING]
    for index, token in enumerate(padded):
        if token.kind == "text" and not _PLAIN.fullmatch(token.text[1:-1]):
            before = padded[index - 2].text + padded[index - 1].text
            after = padded[index + 1].text + padded[index + 2].text
            if before[-2:] in ("<=", ">=") or (before[-1:] in ("<", ">") and before[-2:] != "<>"):
                return True
            if after[:1] in ("<", ">") and after[:2] != "<>":
                return True
    return False


def _calculates_in(parts: list[Token], arguments: dict[str, tuple[int, ...]]) -> bool:
    """Does the formula calculate a number for one of these arguments of functions?"""
    calls: list[tuple[str, int]] = []
    for index, token in enumerate(parts):
        if token.kind == "open":
            calls.append((bare_function(parts[index - 1].text) if index else "", 0))
        elif token.kind == "close" and calls:
            calls.pop()
        elif token.kind == "comma" and calls:
            calls[-1] = calls[-1][0], calls[-1][1] + 1
        elif calls and token.text in _ARITHMETIC and calls[-1][1] in arguments.get(calls[-1][0], ()):
            return True
    return False


def measured(parts: list[Token]) -> Iterator[str]:
    """The texts whose characters functions look at."""
    for index, token in enumerate(parts):
        looked_at = _MEASURED.get(bare_function(parts[index - 1].text), ()) if index and token.kind == "open" else ()
        for number, argument in enumerate(arguments_of(parts, index)) if looked_at else ():
            if number in looked_at:
                yield written(argument)


def compared(parts: list[Token]) -> Iterator[str]:
    """What the formula compares: the sides of its comparisons, and what functions look for and where."""
    for side in compared_sides(parts):
        yield written(side)
    for index, token in enumerate(parts):
        called = bare_function(parts[index - 1].text) if index and token.kind == "open" else ""
        if called in _EQUALITY:
            for number, argument in enumerate(arguments_of(parts, index)):
                if called not in _LOOKUPS or number in _KEYS_AND_PLACES:
                    yield written(argument)


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
