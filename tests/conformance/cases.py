"""The table of cases. As a program, writes it as JSON for hosts that are not Python:

python tests/conformance --cases > cases.json
"""

from __future__ import annotations

import sys
from functools import cache

from xlcalc.language.declare import functions

from . import rules
from .case import Case, as_json
from .examples import examples
from .vectors import vectors


@cache
def all_cases() -> tuple[Case, ...]:
    """Every case, function by function: what others printed first, then what follows from the declarations."""
    known = [*examples(), *vectors()]
    found: list[Case] = []
    for declaration in functions():
        own = [case for case in known if case.function == declaration.name]
        bases = [case for case in own if not str(case.expected).startswith("#")]
        found += own
        if bases:
            found += rules.of(declaration, bases[0])
    return tuple(found)


if __name__ == "__main__":
    sys.stdout.write(as_json(list(all_cases())))
