"""Imports run one way, and the cell path stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import xlcalc.workbook

PACKAGE = Path(xlcalc.__file__).parent
# Each room and what it may import of xlcalc, from the bottom up. `catalog.tables` reads data files and imports nothing:
# measured constants stand there with their sources, and `hardware` looks them up. Of `formula` the
# formulas know what they write with, and none of its readings.
ARITHMETIC = {"xlcalc.formula.arithmetic", "xlcalc.formula.records"}
# what formulas take: a model and a machine reduced to numbers, and the words for their columns; no specification, no
# catalog, no file
RECORDS = {
    "xlcalc.model.cache", "xlcalc.model.coefficients", "xlcalc.model.flops", "xlcalc.model.words",
    "xlcalc.hardware.rates",
}  # fmt: skip
FORMULAS = {"xlcalc.model", "xlcalc.hardware", "xlcalc.training", "xlcalc.hosting", "xlcalc.money"}
CATALOG = {"xlcalc.catalog", "xlcalc.model", "xlcalc.hardware", "xlcalc.files"}
LANGUAGE = {"xlcalc.language", "xlcalc.catalog", "xlcalc.model", "xlcalc.hardware", "xlcalc.formula"}
FUNCTIONS = LANGUAGE | FORMULAS | {"xlcalc.cell_functions", "xlcalc.accuracy", "xlcalc"}
MAY_IMPORT = {
    "files": set(),
    "limits": set(),
    "formula": {"xlcalc.formula"},
    "model": {"xlcalc.model", "xlcalc.files.check_ordinary"} | ARITHMETIC,  # a path given as a model
    "hardware": {"xlcalc.hardware", "xlcalc.catalog.tables", "xlcalc.model.dtypes"} | ARITHMETIC,
    "training": {"xlcalc.training"} | RECORDS | ARITHMETIC,
    "hosting": {"xlcalc.hosting"} | RECORDS | ARITHMETIC,
    "money": {"xlcalc.money"} | ARITHMETIC,
    "catalog": CATALOG,
    "language": LANGUAGE,
    "accuracy": LANGUAGE | {"xlcalc.accuracy", "xlcalc.files.read_file"},
    "cell_functions": FUNCTIONS,
    "pages": FUNCTIONS | {"xlcalc.pages", "xlcalc.files"},
    "hosts": FUNCTIONS | {"xlcalc.hosts", "xlcalc.pages"},
    "sweeps": FUNCTIONS | {"xlcalc.sweeps", "xlcalc.files", "xlcalc.workbook"},
    "workbook": FUNCTIONS | {"xlcalc.files", "xlcalc.hosts", "xlcalc.workbook", "xlcalc.templates"},
    "cli": FUNCTIONS
    | {"xlcalc.cli", "xlcalc.files", "xlcalc.hosts", "xlcalc.pages", "xlcalc.sweeps", "xlcalc.workbook"},
    "__init__": FUNCTIONS | {"xlcalc.sweeps", "xlcalc.workbook.warm"},  # imported where one is asked for
}


def imports(path: Path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules():
    yield from ((p.relative_to(PACKAGE).parts[0].removesuffix(".py"), p) for p in PACKAGE.rglob("*.py"))
    yield from (("workbook", p) for p in Path(xlcalc.workbook.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize(("room", "path"), list(modules()), ids=lambda v: v.stem if isinstance(v, Path) else v)
def test_imports_run_one_way(room, path):
    for name in imports(path):
        if name.partition(".")[0] == "xlcalc":
            known = MAY_IMPORT[room] | {"xlcalc.limits"}  # numbers alone
            inside = any(name == m or name.startswith(f"{m}.") for m in known if m != "xlcalc")
            of_the_top = "xlcalc" in known and name.count(".") <= 1
            assert inside or of_the_top, f"{path.name} may not import {name}"


@pytest.mark.parametrize(("room", "path"), list(modules()), ids=lambda v: v.stem if isinstance(v, Path) else v)
def test_modules_stay_short(room, path):
    assert len(path.read_text("utf-8").splitlines()) <= 400


def test_the_cell_path_is_light():
    code = (
        "import sys, xlcalc; xlcalc.LLM_KV_CACHE('llama-3.1-8b', [[1], [2]]); "
        "print([m for m in ('numpy', 'pandas', 'xlwings', 'openpyxl', 'formualizer', 'typer') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
