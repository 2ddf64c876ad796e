"""The examples in docstrings print what stands beneath them."""

from __future__ import annotations

import doctest
import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = [
    ".".join((package, *path.relative_to(ROOT / folder).with_suffix("").parts))
    for folder, package in (("workbook", "xlcalc.workbook"), ("xlcalc", "xlcalc"))
    for path in sorted((ROOT / folder).rglob("*.py"))
    if re.search(r"^ *>>> ", path.read_text("utf-8"), re.MULTILINE)
]


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name):
    tried = doctest.testmod(import_module(name))
    assert tried.attempted and not tried.failed
