"""What the reference says of each function."""

from __future__ import annotations

import pytest

import xlcalc


@pytest.mark.parametrize("function", xlcalc.functions(), ids=lambda f: f.name)
def test_every_function_is_documented(function):
    assert function.summary.endswith((".", ":")) or "." in function.summary
    assert function.source and function.example.startswith(">>> ")
    assert len({a.name for a in function.arguments}) == len(function.arguments)
    for argument in function.arguments:
        assert argument.name.isidentifier() and argument.name not in {
            "function",
            "variant",
            "date",
            "in",
            "out",
            "inout",
        }
        assert function.argument_help(argument.name)
