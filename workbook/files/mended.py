"""Formulas for the fast engine, with functions of ours for what it is known to do otherwise than Excel: powers of zero
and roots of negative numbers, TEXT of a truth value, numbers written as texts, comparisons of what is calculated."""

from __future__ import annotations

import re
from typing import NamedTuple

from .comparisons import with_calculated_compared
from .formula_text import Token, bare_function, tokens, written
from .substitutes import POWER, SHOWN


class _Mended(NamedTuple):
    """A function's name for the fast engine, and what comes around how many of its arguments."""

    name: str
    around: str
    arguments: int


MENDED = {
    "TEXT": _Mended("TEXT", f"{SHOWN}(", 1),
    "POWER": _Mended(POWER, "1*(", 2),
    "PMT": _Mended("PMT", "1*(", 5),  # it does not take a number that is written as a text
}
_NOTHING, _CLOSE = Token("", ""), Token("close", ")")
_SIGNS = frozenset("+-")
_OPERATORS = frozenset("+-*/^&=<>")
_BEGINNINGS = ("open", "comma", "brace")
_ENDS_OF_CELLS = ("word", "close", "bracket")
_UNFINISHED = re.compile(r"[\d.]+[eE]")
"""What comes before the sign of 1E-3."""


def mended(text: str) -> str:
    """
    >>> mended("-A1^(B1-2^C1)*3^2")
    'XLCALC.POWER(1*(-A1),1*((B1-XLCALC.POWER(1*(2),1*(C1)))))*3^2'
    >>> mended('TEXT(SUM(A1,2),"0")'), mended("PMT(A1/2,3,,4)")
    ('TEXT(XLCALC.SHOWN(SUM(A1,2)),"0")', 'PMT(1*(A1/2),1*(3),,1*(4))')
    """
    powers = "^" in text or any(f"{name}(" in text.upper() for name in MENDED)
    if not powers and not any(sign in text for sign in "=<>"):
        return text
    parts = tokens(text)
    for before, token, after in zip(parts, parts[1:], parts[2:], strict=False):
        if token.kind == "space" and before.kind in _ENDS_OF_CELLS and after.kind in ("word", "open"):
            return text  # cells that two ranges have in common
    solid = [token for token in parts if token.kind != "space"]
    compared = with_calculated_compared(solid)
    if not powers:
        return text if compared is solid else written(compared)
    return written(_powers(_wrapped(compared)))


def is_mended(parts: list[Token], index: int) -> bool:
    """Is the power at this place of a formula without spaces written with a function of ours?"""
    return _left(parts, index) is not None and _right(parts, index) is not None


def by_a_number(parts: list[Token], index: int) -> bool:
    """Is the exponent after this place a plain number other than 0? The fast engine does that well."""
    exponent = parts[index + 1].text if index + 1 < len(parts) else ""
    try:
        return exponent[:1].isdigit() and float(exponent) != 0
    except ValueError:
        return False


def _wrapped(parts: list[Token]) -> list[Token]:
    """The calls of `MENDED` with what comes around their arguments."""
    out: list[Token] = []
    calls: list[tuple[str, int]] = []  # what comes around an argument, and around how many more
    befores, afters = [_NOTHING, *parts], [*parts[1:], _NOTHING]
    open_now: list[bool] = []
    for before, token, after in zip(befores, parts, afters, strict=False):
        if token.kind in ("comma", "close") and open_now and open_now[-1]:
            out.append(_CLOSE)
            open_now[-1] = False
        name = bare_function(token.text) if token.kind == "word" and after.kind == "open" else ""
        out.append(Token("word", MENDED[name].name) if name in MENDED else token)
        if token.kind == "open":
            called = MENDED.get(bare_function(before.text)) if before.kind == "word" else None
            calls.append((called.around, called.arguments) if called else ("", 0))
            open_now.append(False)
        elif token.text == "{":
            calls.append(("", 0))
            open_now.append(False)
        elif (token.kind == "close" or token.text == "}") and calls:
            calls.pop()
            open_now.pop()
            continue
        begins = token.kind in ("open", "comma") and calls and calls[-1][1] > 0
        if begins:
            around, arguments = calls[-1]
            calls[-1] = around, arguments - 1
            if after.kind not in ("comma", "close"):
                out += tokens(around)
                open_now[-1] = True
    return out


def _powers(parts: list[Token]) -> list[Token]:
    parts = list(parts)
    at = 0
    while at < len(parts):
        start, end = None, None
        if parts[at].text == "^" and not by_a_number(parts, at):
            start, end = _left(parts, at), _right(parts, at)
        if start is None or end is None:
            at += 1
            continue
        base = written(parts[start:at])
        exponent = written(_powers(parts[at + 1 : end]))
        parts[start:end] = [Token("word", f"{POWER}(1*({base}),1*({exponent}))")]
        at = start
    return parts


def _left(parts: list[Token], at: int) -> int | None:
    """Where the base of the power at this place begins, if it is one value."""
    first = at - 1
    while first >= 0 and parts[first].text == "%":
        first -= 1
    if first < 0 or parts[first].kind not in ("word", "text", "error", "close"):
        return None
    if parts[first].kind == "close":
        opening = _opening(parts, first)
        if opening is None:
            return None
        first = opening - (opening > 0 and parts[opening - 1].kind == "word")
    if first and parts[first - 1].text in (":", "#", "@"):
        return None
    while first and parts[first - 1].text in _SIGNS:
        if first > 1 and _UNFINISHED.fullmatch(parts[first - 2].text):
            return None
        if first > 1 and parts[first - 2].kind not in _BEGINNINGS and parts[first - 2].text not in _OPERATORS:
            break
        first -= 1
    if first and parts[first - 1].text == "^":  # 2^3^2 is (2^3)^2
        return _left(parts, first - 1)
    return first


def _right(parts: list[Token], at: int) -> int | None:
    """Where the exponent of the power at this place has ended, if it is one value."""
    last = at + 1
    while last < len(parts) and parts[last].text in _SIGNS:
        last += 1
    if last >= len(parts) or parts[last].kind not in ("word", "text", "error", "open"):
        return None
    if _UNFINISHED.fullmatch(parts[last].text):
        return None
    if parts[last].kind == "word" and last + 1 < len(parts) and parts[last + 1].kind == "open":
        last += 1
    if parts[last].kind == "open":
        closing = _closing(parts, last)
        if closing is None:
            return None
        last = closing
    last += 1
    while last < len(parts) and parts[last].text == "%":
        last += 1
    is_area = last < len(parts) and (parts[last].text in (":", "#") or parts[last].kind == "bracket")
    return None if is_area else last


def _opening(parts: list[Token], closing: int) -> int | None:
    depth = 0
    for index in range(closing, -1, -1):
        depth += (parts[index].kind == "close") - (parts[index].kind == "open")
        if depth == 0:
            return index
    return None


def _closing(parts: list[Token], opening: int) -> int | None:
    depth = 0
    for index in range(opening, len(parts)):
        depth += (parts[index].kind == "open") - (parts[index].kind == "close")
        if depth == 0:
            return index
    return None
