"""A single call as it is typed: its arguments, and what is printed of its result."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from xlcalc.cli.console import print_rows
from xlcalc.language.declare import Declaration, Table, find
from xlcalc.language.errors import CalcError
from xlcalc.language.harmless import printable


def answered(words: Sequence[str]) -> bool:
    """Answer `call FUNCTION ARGUMENT...` where there is such a function and no option: the parser of commands takes as
    long to start as all the rest of such a call. False = it is for the parser."""
    if len(words) < 2 or words[0] != "call" or any(word.startswith("--") for word in words):
        return False
    declaration = find(words[1])
    if declaration is None:
        return False
    show(declaration(*arguments(declaration, words[2:])))
    return True


def arguments(declaration: Declaration, texts: Sequence[str]) -> list[str | None]:
    """Arguments in order, from values in order and name=value."""
    names = [argument.name for argument in declaration.arguments]
    values: list[str | None] = []
    named: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if equals and name in names:
            named[name] = value
        else:
            values.append(text)
    for name, value in named.items():
        position = names.index(name)
        if position < len(values) and values[position] is not None:
            raise CalcError("#VALUE!", "is given twice", function=declaration.name, argument=name)
        values += [None] * (position + 1 - len(values))
        values[position] = value
    return values


def show(result: Any, as_json: bool = False) -> None:
    """Print a result as text, or as JSON."""
    if as_json:
        print(json.dumps(result, default=str))
    elif isinstance(result, Table):
        print_rows(result)
        if len(result) == 1:
            print("nothing was found", file=sys.stderr)
    else:
        print(printable(result) if isinstance(result, str) else result)
