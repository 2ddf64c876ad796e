"""What the reference says of each function."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import xlcalc
from xlcalc import limits
from xlcalc.language.arguments import SHARED


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


def test_the_page_on_reliability_has_the_limits():
    text = Path(limits.__file__).read_text("utf-8")
    stated = [(said, f"{getattr(limits, name):,}") for name, said in re.findall(r"(?m)^(\w+) = .*?  # (.*)$", text)]
    page = (Path(__file__).parents[1] / "docs" / "reliability.md").read_text("utf-8")
    assert len(stated) > 10 and stated == re.findall(r"(?m)^\| (.*) \| ([\d,]+) \|$", page)
