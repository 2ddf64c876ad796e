"""Cases from the examples in the docstrings: the call and the value printed beneath it."""

from __future__ import annotations

import ast
import doctest
import inspect
from collections.abc import Iterator
from typing import Any

from xlcalc.language.declare import Declaration, functions

from .case import Case

_SOURCE = "the example in its help"


def examples() -> Iterator[Case]:
    """Every example that prints a value of its call: F(...), round(F(...), n), F(...)[row], F(...)[row][columns].

    An example of another shape (a comparison) is no case; its function has a vector instead.
    """
    for declaration in functions():
        for example in doctest.DocTestParser().get_examples(declaration.example):
            case = _case(declaration, ast.parse(example.source, mode="eval").body, ast.literal_eval(example.want))
            if case is not None:
                yield case


def _case(declaration: Declaration, shown: ast.expr, printed: Any) -> Case | None:
    within, places = 0.0, []
    if isinstance(shown, ast.Call) and ast.unparse(shown.func) == "round":
        within = 0.5 * 10.0 ** -(ast.literal_eval(shown.args[1]) if len(shown.args) > 1 else 0)
        shown = shown.args[0]
    while isinstance(shown, ast.Subscript):
        places.insert(0, shown.slice)
        shown = shown.value
    if not isinstance(shown, ast.Call) or ast.unparse(shown.func) != declaration.name:
        return None
    given = inspect.signature(declaration).bind(
        *map(ast.literal_eval, shown.args), **{k.arg: ast.literal_eval(k.value) for k in shown.keywords if k.arg}
    )
    arguments = [given.arguments.get(a.name) for a in declaration.arguments]
    at = (ast.literal_eval(places[0]), _first(places[1:])) if places else None
    expected = [printed] if isinstance(printed, list) else printed
    return Case(declaration.name, arguments, expected, "the example", _SOURCE, within, at)


def _first(columns: list[ast.expr]) -> int:
    """The first column that an example shows of a row."""
    if not columns:
        return 0
    place = columns[0].lower if isinstance(columns[0], ast.Slice) else columns[0]
    return 0 if place is None else ast.literal_eval(place)
