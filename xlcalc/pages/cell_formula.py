"""The LLM_* call in a cell's formula: which function, with which values, references and calls as its arguments.

    parse("=ROUND(LLM_KV_CACHE(A1, 8192) / 2, 0)")  Call("LLM_KV_CACHE", (Reference("A1"), 8192))

A call is found under the name that any host saves it by. What is no value, reference or LLM_* call is an expression
that only the sheet can calculate, and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from openpyxl.formula import Tokenizer
from openpyxl.formula.tokenizer import Token, TokenizerError

from xlcalc.language.declare import find
from xlcalc.language.errors import CalcError

_NAME = re.compile(r"LLM_[A-Z0-9_]+(?=\($)", re.IGNORECASE)


class Reference(NamedTuple):
    """Cells of the sheet."""

    text: str


class Call(NamedTuple):
    """An LLM_* call with its arguments, None where one is left out."""

    name: str
    arguments: tuple[Any, ...]

    def references(self) -> Iterator[str]:
        """The cells that it reads, those of calls inside it too."""
        for argument in self.arguments:
            if isinstance(argument, Call):
                yield from argument.references()
            elif isinstance(argument, Reference):
                yield argument.text

    def values(self, cells: Callable[[str], Any]) -> list[Any]:
        """The arguments with what stands in the cells, calls inside it calculated. Raises CalcError as they do."""
        return [
            cells(a.text) if isinstance(a, Reference) else a.value(cells) if isinstance(a, Call) else a
            for a in self.arguments
        ]

    def value(self, cells: Callable[[str], Any]) -> Any:
        declaration = find(self.name)
        if declaration is None:
            raise CalcError("#NAME?", f"there is no function {self.name}")
        return declaration(*self.values(cells))


def parse(formula: str) -> Call:
    """The first LLM_* call of a formula. Raises ValueError where there is none, or one of its arguments is arithmetic.

    >>> parse('=IFERROR(LLM_PARAMS("llama-3.1-8b", , B2), 0)').arguments
    ('llama-3.1-8b', None, Reference(text='B2'))
    """
    text = formula.strip()
    if not text.startswith("="):
        raise ValueError("the cell holds no formula")
    try:
        tokens = [token for token in Tokenizer(text).items if token.type != Token.WSPACE]
    except (TokenizerError, IndexError) as error:  # a text left open, a bracket too many
        raise ValueError("the cell's formula has a quote or a bracket too few or too many") from error
    for place, token in enumerate(tokens):
        if token.type == Token.FUNC and token.subtype == Token.OPEN and _NAME.search(token.value):
            return _call(tokens, place)[0]
    raise ValueError("the cell's formula has no LLM_ function")


def _call(tokens: list[Token], place: int) -> tuple[Call, int]:
    """The call that opens at a place, and the place behind its closing bracket."""
    named = _NAME.search(tokens[place].value)
    assert named is not None
    arguments: list[Any] = [None]
    place += 1
    while place < len(tokens):
        token = tokens[place]
        if token.type == Token.FUNC and token.subtype == Token.CLOSE:
            return Call(named[0].upper(), tuple(arguments) if arguments != [None] else ()), place + 1
        if token.type == Token.SEP and token.subtype == Token.ARG:
            arguments.append(None)
            place += 1
            continue
        if arguments[-1] is not None:
            break
        if token.type == Token.FUNC and token.subtype == Token.OPEN and _NAME.search(token.value):
            arguments[-1], place = _call(tokens, place)
            continue
        sign = ""
        if token.type == Token.OP_PRE:
            sign, place = token.value, place + 1
            token = tokens[place] if place < len(tokens) else token
        if token.type != Token.OPERAND or (sign and token.subtype != Token.NUMBER):
            break
        arguments[-1], place = _operand(token, sign), place + 1
    raise ValueError(
        f"argument {len(arguments)} of {named[0].upper()} is an expression: put it into a cell of its own to explain it"
    )


def _operand(token: Token, sign: str) -> Any:
    text = token.value
    if token.subtype == Token.TEXT:
        return text[1:-1].replace('""', '"')
    if token.subtype == Token.NUMBER:
        number = float(f"{sign if sign == '-' else ''}{text}")
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    if token.subtype == Token.LOGICAL:
        return text.upper() == "TRUE"
    return Reference(text) if token.subtype == Token.RANGE else text
