"""Imports run one way, and the cell path stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

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
    "hosts": FUNCTIONS | {"xlcalc.files", "xlcalc.hosts", "xlcalc.pages"},
    "sweeps": FUNCTIONS | {"xlcalc.sweeps", "xlcalc.files", "xlcalc.workbook"},
    "workbook": FUNCTIONS | {"xlcalc.files", "xlcalc.hosts", "xlcalc.workbook", "xlcalc.templates"},
    "cli": FUNCTIONS
    | {"xlcalc.cli", "xlcalc.files", "xlcalc.hosts", "xlcalc.pages", "xlcalc.sweeps", "xlcalc.workbook"},
    "__init__": FUNCTIONS | {"xlcalc.sweeps", "xlcalc.workbook.warm"},  # imported where one is asked for
}


@cache
def modules():
    """The room and the path of each module, and what it imports, defines and calls."""
    paths = [(p.relative_to(PACKAGE).parts[0].removesuffix(".py"), p) for p in PACKAGE.rglob("*.py")]
    paths += [("workbook", p) for p in Path(xlcalc.workbook.__file__).parent.rglob("*.py")]
    assert len(paths) > 300
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Call)
    return [
        (room, path, [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, kinds)])
        for room, path in paths
    ]


def imports(nodes: list[ast.AST]):
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_imports_run_one_way():
    for room, path, nodes in modules():
        for name in imports(nodes):
            if name.partition(".")[0] == "xlcalc":
                known = MAY_IMPORT[room] | {"xlcalc.limits"}  # numbers alone
                inside = any(name == m or name.startswith(f"{m}.") for m in known if m != "xlcalc")
                of_the_top = "xlcalc" in known and name.count(".") <= 1
                assert inside or of_the_top, f"{path} may not import {name}"


def test_modules_stay_short():
    long = {path: n for _, path, _ in modules() if (n := len(path.read_text("utf-8").splitlines())) > 400}
    assert not long


NUMBERS = {"float", "int", "float | None", "int | None"}
MOST = 6


def many_numbers(node: ast.AST) -> bool:
    """Whether a function or record takes more numbers by their place than a reader can tell apart."""
    if isinstance(node, ast.FunctionDef):
        kinds = [argument.annotation for argument in (*node.args.posonlyargs, *node.args.args)]
    else:
        kinds = [part.annotation for part in node.body if isinstance(part, ast.AnnAssign)]
    return sum(kind is not None and ast.unparse(kind) in NUMBERS for kind in kinds) > MOST


def test_many_numbers_are_told_apart_by_name():
    """Two of more than six numbers in a row are soon swapped: a function takes a record, a record its fields by name. A
    cell function takes them as a sheet gives them."""
    nodes = [(path, node) for room, path, found in modules() if room != "cell_functions" for node in found]
    functions = [f"{path.name}: {node.name}" for path, node in nodes
                 if isinstance(node, ast.FunctionDef) and many_numbers(node)]  # fmt: skip
    assert not functions
    records = {node.name for _, node in nodes if isinstance(node, ast.ClassDef) and many_numbers(node)}
    assert {"StepTime", "Product", "Layout"} <= records
    assert not [
        f"{path.name}, line {node.lineno}: {ast.unparse(node)[:80]}"
        for path, node in nodes
        if isinstance(node, ast.Call) and len(node.args) > MOST and ast.unparse(node.func) in records
    ]


def test_the_cell_path_is_light():
    code = (
        "import sys, xlcalc; xlcalc.LLM_KV_CACHE('llama-3.1-8b', [[1], [2]]); "
        "print([m for m in ('numpy', 'pandas', 'xlwings', 'openpyxl', 'formualizer', 'typer') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
