"""What the reference says of each function, and that the pages written by hand leave nothing out."""

from __future__ import annotations

from pathlib import Path

import pytest

import xlcalc
from xlcalc.language.arguments import SHARED
from xlcalc.workbook.templates.build import template_names


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
        assert f"{argument.name}: " in function.__doc__ or argument.nth or argument.name == "unit"


@pytest.mark.parametrize("function", xlcalc.functions(), ids=lambda f: f.name)
def test_what_functions_share_is_said_once(function):
    own = function.formula.__doc__ or ""
    assert not [name for name, meaning in SHARED.items() if f"        {name}: {meaning}\n" in own]


def test_every_template_is_shown():
    page = (Path(__file__).parents[1] / "docs" / "templates.md").read_text("utf-8")
    assert not [name for name in template_names() if f"## {name}\n" not in page]
