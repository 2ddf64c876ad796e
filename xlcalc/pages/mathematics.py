"""The mathematics of a function, from its documented example with the numbers left open."""

from __future__ import annotations

import ast
from doctest import DocTestParser
from typing import Any

from xlcalc.formula.mathematics import LATEX, MATHML, equations
from xlcalc.language.declare import Declaration
from xlcalc.language.renderings import LAYOUT, closed


def mathematics(declaration: Declaration) -> dict[str, list[str]]:
    """The formula of the documented example with its arguments open, as equations; nothing where there is none."""
    name, arguments = declaration.name, example_arguments(declaration)
    try:
        try:
            found = closed(declaration, arguments)
        except TypeError:  # one that a layout's whole numbers lay out
            found = closed(declaration, arguments, LAYOUT)
    except (ValueError, TypeError):  # a search, a lookup
        return {}
    return {
        "latex": equations(name, found.root, LATEX),
        "mathml": [f"<math>{line}</math>" for line in equations(name, found.root, MATHML)],
    }


def example_arguments(declaration: Declaration) -> list[Any]:
    """The arguments of the call in a function's documented example, None for those that it leaves blank.

    >>> from xlcalc.language.declare import functions
    >>> example_arguments(functions()[0])
    ['llama-3.1-8b', None, None]
    """
    for example in DocTestParser().get_examples(declaration.example):
        for node in ast.walk(ast.parse(example.source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == declaration.name:
                given = dict(zip([a.name for a in declaration.arguments], node.args, strict=False))
                given |= {str(keyword.arg): keyword.value for keyword in node.keywords}
                return [ast.literal_eval(given[a.name]) if a.name in given else None for a in declaration.arguments]
    raise ValueError(f"the example of {declaration.name} does not call it")
