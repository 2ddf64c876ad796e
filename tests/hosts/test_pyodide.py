"""xlwings Lite: the built wheel in Pyodide under Node, registered and called through xlwings' own Office.js code."""

from __future__ import annotations

from email.parser import Parser
from itertools import chain
from math import isclose
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from office_js import as_excel_passes, body, from_office
from packaging.requirements import Requirement
from pyodide_process import missing, run, wheel
from test_xlwings import CASES, EXAMPLES, FUNCTIONS, _expected

ROOT = Path(__file__).parents[2]


AWKWARD = [(name, args) for name, args, _ in CASES.values()]


@pytest.fixture(scope="module")
def lite() -> dict[str, Any]:
    """What Pyodide says of our wheel: modules, metadata, and the answer to every call."""
    if reason := missing():
        pytest.skip(reason)
    return run([body(name, [*map(as_excel_passes, args)]) for name, args in [*EXAMPLES, *AWKWARD]])


def test_the_wheel_carries_the_project_of_xlwings_server() -> None:
    project = ROOT / "xlcalc" / "hosts" / "server_project"
    files = {p.relative_to(ROOT).as_posix() for p in project.rglob("*.*") if "__pycache__" not in p.parts}
    assert len(files) >= 5 and files <= set(ZipFile(wheel()).namelist())


def test_nothing_is_asked_for_in_a_browser() -> None:
    """By the wheel's own metadata, as a browser's installer evaluates it; xlwings is there already."""
    archive = ZipFile(wheel())
    metadata = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    needs = map(Requirement, Parser().parsestr(archive.read(metadata).decode()).get_all("Requires-Dist") or ())
    there = {"sys_platform": "emscripten", "platform_system": "Emscripten", "python_version": "3.14", "extra": ""}
    assert {need.name for need in needs if need.marker is None or need.marker.evaluate(there)} == set()


def test_nothing_heavy_is_imported(lite: dict[str, Any]) -> None:
    assert "xlwings" in lite["modules"]
    assert not {"pydantic", "numpy", "pandas", "openpyxl", "formualizer", "typer"}.intersection(lite["modules"])


def test_one_import_line_registers_every_function(lite: dict[str, Any]) -> None:
    shown = {f["name"]: f for f in lite["metadata"]["functions"]}
    assert set(shown) == set(FUNCTIONS)
    for name, function in shown.items():
        assert function["description"] == FUNCTIONS[name].summary
        assert [(p["name"], p.get("optional", False)) for p in function["parameters"]] == [
            (a.name, not a.required) for a in FUNCTIONS[name].arguments
        ]


def _close(given: list[list[Any]], expected: list[list[Any]]) -> bool:
    """Equal but for the last digits of a power or logarithm, which WebAssembly takes from another C library (musl)."""
    return [len(row) for row in given] == [len(row) for row in expected] and all(
        isclose(a, b, rel_tol=1e-12) if isinstance(a, float) and isinstance(b, float) else a == b
        for a, b in zip(chain(*given), chain(*expected), strict=True)
    )


@pytest.mark.parametrize("index", range(len(EXAMPLES)), ids=[name for name, _ in EXAMPLES])
def test_examples_give_what_they_give_here(lite: dict[str, Any], index: int) -> None:
    name, args = EXAMPLES[index]
    given, expected = from_office(lite["results"][index]), _expected(FUNCTIONS[name](*args))
    assert _close(given, expected), (given, expected)


@pytest.mark.parametrize("case", CASES)
def test_arguments_as_cells_hold_them(lite: dict[str, Any], case: str) -> None:
    index = len(EXAMPLES) + list(CASES).index(case)
    assert from_office(lite["results"][index]) == CASES[case][2]


def test_the_import_line_brings_in_functions_only(lite: dict[str, Any]) -> None:
    assert set(lite["brought"]) == set(FUNCTIONS)
