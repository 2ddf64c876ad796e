"""The pages that are generated are the ones in the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

import xlcalc
from xlcalc.pages import reference

DOCS = Path(__file__).parents[1] / "docs"


def test_function_reference_is_current():
    assert (DOCS / "functions.md").read_text("utf-8") == reference.as_markdown(), (
        "run: xlcalc functions --format md > docs/functions.md"
    )


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
