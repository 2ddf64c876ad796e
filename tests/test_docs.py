"""What the reference says of each function, and that the pages written by hand leave nothing out."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import xlcalc
from xlcalc import limits
from xlcalc.language.arguments import SHARED
from xlcalc.workbook.templates.build import template_names

ROOT = Path(__file__).parents[1]


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
    page = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    assert len(stated) > 10 and stated == re.findall(r"(?m)^\| (.*) \| ([\d,]+) \|$", page)


def formulas():
    """The public functions in the rooms of formulas whose docstring prints an equation."""
    for room in ("model", "training", "hosting", "money"):
        for path in sorted((ROOT / "xlcalc" / room).glob("*.py")):
            for node in ast.parse(path.read_text("utf-8")).body:
                named = isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
                said = named and ast.get_docstring(node)
                if said and re.search(r"\n\n    \S", said.partition("Args:")[0]):
                    yield pytest.param(said, id=f"{path.stem}.{node.name}")


@pytest.mark.parametrize("said", [*formulas()])
def test_a_formula_says_all_of_itself(said):
    """Beside its equation what goes in with its unit, its source, and an example that runs."""
    assert re.search(r"Args:(\n    .*)*\[", said), "no argument with its unit"
    assert "Source: " in said and ">>> " in said


def test_every_template_is_shown():
    page = (ROOT / "docs" / "templates.md").read_text("utf-8")
    assert not [name for name in template_names() if f"## {name}\n" not in page]
