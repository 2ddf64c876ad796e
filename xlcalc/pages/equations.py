"""The mathematics of a function, from its documented example with the numbers left open."""

from __future__ import annotations

from xlcalc.formula.mathematics import LATEX, MATHML, equations
from xlcalc.language.declare import Declaration
from xlcalc.language.renderings import LAYOUT, closed, example_arguments


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
