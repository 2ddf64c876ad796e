"""What is special about a call of one of Excel's functions, by its arguments: features for `doubt`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from .addresses import Area
from .formula_text import Token, bare_function, written
from .range_functions import CRITERIA

_LOOKUPS = {"MATCH": 2, "VLOOKUP": 3, "HLOOKUP": 3}
"""Functions that look for the nearest value unless this argument, counted from 0, says otherwise."""
_CHOOSE_A_VALUE = frozenset(("IF", "IFS", "IFERROR", "CHOOSE", "SWITCH"))
_ODD_PLACE = re.compile(r"-[\d.]+|\d*\.\d+")
_USUAL_FORMAT = re.compile(
    r"[$€£]?[#,]*0(?:\.0+)?%?|0+|(?:yyyy|yy|mmmm|mmm|mm|m|dddd|ddd|dd|d|[-/. ,])+|hh?:mm(?::ss)?"
)
_NOTHING = Token("", "")
OF_TWO_SIZES = "a sum of other cells than the criterion has"
BY_ERROR = "a criterion that is an error"
NEITHER = frozenset((OF_TWO_SIZES, BY_ERROR))
"""What both engines do otherwise than Excel."""


def call_features(name: str, arguments: list[list[Token]], area: Callable[[list[Token]], Area | None]) -> Iterator[str]:
    """`area` gives the cells that an argument names, if it is a plain reference."""
    if name in CRITERIA:
        first, step = CRITERIA[name]
        for number, argument in enumerate(arguments):
            if number >= first and (number - first) % step == 0 and not (step == 3 and number > first):
                kind = _criterion(argument)
                yield kind if kind == BY_ERROR else f"{name} by {kind}"
        ranges = [arguments[0], *(arguments[2::2] if first == 1 else arguments[1::2])]
        sizes = {(found.rows, found.columns) for found in map(area, ranges) if found is not None}
        if len(sizes) > 1:
            yield OF_TWO_SIZES if step == 3 else f"{name} of ranges of different sizes"
        return
    if name == "TEXT":
        yield _text_format(arguments)
    elif name in _LOOKUPS:
        position = _LOOKUPS[name]
        given = written(arguments[position]).upper() if len(arguments) > position else ""
        yield name if given in ("0", "FALSE") else f"{name} of the nearest value"
    elif name == "INDEX":
        yield _index(arguments, area(arguments[0]))
    elif name == "SUMPRODUCT" and len(arguments) == 1:
        yield f"{name} of cells" if area(arguments[0]) is not None else f"{name} of one array"
    elif name in ("NETWORKDAYS", "WORKDAY") and len(arguments) > 2:
        yield f"{name} with holidays"
    else:
        yield name
        if name == "IF" and arguments[0] and bare_function(arguments[0][0].text) in _CHOOSE_A_VALUE:
            yield "IF on a value that was chosen"


def arguments_of(parts: list[Token], opening: int) -> Iterator[list[Token]]:
    """The arguments of the call whose parenthesis opens here, without that one's own parentheses and commas."""
    depth = 0
    argument: list[Token] = []
    for token in parts[opening:]:
        depth += (token.kind == "open" or token.text == "{") - (token.kind == "close" or token.text == "}")
        if depth == 0:
            break
        if token.kind == "comma" and depth == 1:
            yield argument
            argument = []
        elif depth > 1 or token.kind != "open":
            argument.append(token)
    yield argument


def _index(arguments: list[list[Token]], area: Area | None) -> str:
    if any(_ODD_PLACE.fullmatch(written(argument)) for argument in arguments[1:]):
        return "INDEX of a negative or broken place"
    if len(arguments) == 2 and area is not None and area.rows > 1 and area.columns > 1:
        return "INDEX by one place in rows and columns"
    return "INDEX"


def _text_format(arguments: list[list[Token]]) -> str:
    """Of what kind the format of TEXT is."""
    token = arguments[1][0] if len(arguments) > 1 and len(arguments[1]) == 1 else _NOTHING
    if token.kind != "text":
        return "TEXT by a format in a cell"
    return "TEXT" if _USUAL_FORMAT.fullmatch(token.text[1:-1]) else "TEXT by an unusual format"


def _criterion(argument: list[Token]) -> str:
    """Of what kind a criterion is."""
    if len(argument) == 2 and argument[0].text in "+-":
        argument = argument[1:]
    if len(argument) != 1:
        return "expression"
    token = argument[0]
    if token.kind == "text":
        inner = token.text[1:-1]
        if not inner:
            return "empty text"
        if inner.lstrip("<>=").startswith("#"):
            return BY_ERROR
        if inner[0] in "<>=":
            return "comparison"
        return "pattern" if any(mark in inner for mark in "*?~") else "text"
    return "number" if token.text[0].isdigit() else "cell"
