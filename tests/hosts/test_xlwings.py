"""The xlwings host: xlwings' own desktop and Office.js code, run with what Excel would pass, against the Python API.

Each route needs a process of its own, because xlwings decides on import which one it serves.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import multiprocessing
import os
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import com_stand_in as com
import pytest
from office_js import OFFICE_ERRORS, from_office

import xlcalc
from xlcalc.hosts.cells import answer, cells
from xlcalc.language.declare import Declaration, functions
from xlcalc.language.errors import CalcError
from xlcalc.language.renderings import example_arguments

HOST = "xlcalc.hosts.excel"
FUNCTIONS = {declaration.name: declaration for declaration in functions()}
# after [MS-VBAL] section 3.3.5.2, reserved identifiers; at the end what the generated wrapper speaks of
VBA_WORDS = """
    abs addressof and any array as attribute boolean byref byte byval call case cbool cbyte ccur cdate cdbl cdec cdecl
    cint circle clng clnglng clngptr close const csng cstr currency cvar cverr date debug decimal declare defbool
    defbyte defcur defdate defdbl defdec defint deflng deflnglng deflngptr defobj defsng defstr defvar dim do doevents
    double each else elseif empty end endif enum eqv erase error event exit false fix for friend function get global
    gosub goto if imp implements in input inputb int integer is lbound len lenb let like line lineinput lock long
    longlong longptr loop lset me mod new next not nothing null on open option optional or paramarray preserve print
    private pset public put raiseevent redim rem resume return rset scale seek select set sgn shared single spc static
    step stop string sub tab then time to true type typeof ubound unlock until variant vba wend while with withevents
    write xor activeworkbook application caller err failed range thisworkbook xlpy
"""


# What the processes of the two routes run


def _desktop(name: str, args: tuple[Any, ...]) -> Any:
    from xlwings.udfs import call_udf

    cell = com.CellRange(com.Sheet([[None]]), 9, 9)
    return call_udf(HOST, name, args, None, cell)


def _desktop_reads(name: str, sheet: list[list[Any]], places: list[tuple[int, ...] | None]) -> tuple[Any, int]:
    """A call on ranges of a sheet (None for an argument left out), and how many cells it read."""
    on = com.Sheet(sheet)
    args = tuple(com.MISSING if place is None else com.CellRange(on, *place) for place in places)
    return _desktop(name, args), on.cells_read


def _desktop_registers() -> tuple[str, dict[str, dict[str, Any]]]:
    """Import the functions as the button of the add-in does: the VBA text, and what Excel is told of each function."""
    import xlwings
    from xlwings.udfs import get_udf_module

    get_udf_module(HOST, None)
    workbook, modules = MagicMock(Name="xlcalc.xlam"), []
    workbook.Application.Version = "16.0"
    workbook.VBProject.VBComponents.Import = lambda path: modules.append(Path(path).read_text())
    xlwings.import_udfs(HOST, workbook)
    told = [(call.args[0].rpartition("!")[2], call.kwargs) for call in workbook.Application.MacroOptions.call_args_list]
    return modules[0], dict(told)


def _use_office() -> None:
    os.environ |= {"XLWINGS_ON_SERVER": "true", "XLWINGS_LICENSE_KEY": "noncommercial"}


def _office(name: str, args: list[Any], runtime: str = "1.4") -> Any:
    """A call as the browser posts it; the result goes through JSON, which knows no NaN."""
    import xlwings
    from xlwings.server import custom_functions_call

    body = {"func_name": name, "args": json.loads(json.dumps(args)), "client": "Office.js", "runtime": runtime,
            "version": xlwings.__version__, "caller_address": "[Book1.xlsx]Sheet1!J9", "session_id": "1",
            "culture_info_name": "en-US", "date_format": "m/d/yyyy"}  # fmt: skip
    result = asyncio.run(custom_functions_call(body, importlib.import_module(HOST)))
    return json.loads(json.dumps(result, allow_nan=False))


def _office_metadata() -> dict[str, Any]:
    """What a module of one line shows Excel."""
    from xlwings.server import custom_functions_meta

    module = types.ModuleType("custom_functions")
    exec(f"from {HOST} import *", module.__dict__)
    return custom_functions_meta(module)


Route = Callable[..., Any]


def _process(start: Callable[[], None]) -> Iterator[Route]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), start) as pool:
        yield lambda function, *args: pool.submit(function, *args).result(timeout=60)


@pytest.fixture(scope="module")
def desktop() -> Iterator[Route]:
    yield from _process(com.install)


@pytest.fixture(scope="module")
def office() -> Iterator[Route]:
    yield from _process(_use_office)


def _expected(result: Any) -> list[list[Any]]:
    rows = cells(result)
    rows = rows if isinstance(rows, list) else [[rows]]
    return [["" if v is None else v for v in row] for row in rows]


EXAMPLES = [(name, tuple(example_arguments(declaration))) for name, declaration in FUNCTIONS.items()]
"""The call in the example of every function."""


def _as_cell(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@pytest.mark.parametrize(("name", "args"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_examples_give_the_same_on_every_route(desktop: Route, office: Route, name: str, args: tuple[Any, ...]) -> None:
    args = tuple(_as_cell(v) for v in args)
    expected = _expected(FUNCTIONS[name](*args))
    assert desktop(_desktop, name, tuple(com.MISSING if v is None else v for v in args)) == expected
    assert from_office(office(_office, name, [None if v is None else [[v]] for v in args])) == expected


# Arguments as a sheet has them: the model, and then contexts, down a column


KV = "LLM_KV_CACHE"
N = 131072.0  # bytes of a token of llama-3.1-8b's cache
CASES = {
    "a left-out optional argument": (KV, ["llama-3.1-8b", 1.0, ..., ..., ...], [[N]]),
    "a blank cell is the default": (KV, ["llama-3.1-8b", 1.0, [[None]], None, None], [[N]]),
    "empty text is blank": (KV, ["llama-3.1-8b", 1.0, "", ..., ...], [[N]]),
    "a blank required argument": (KV, ["llama-3.1-8b", [[None]], ..., ..., ...], [["#VALUE!"]]),
    "zero is not blank": (KV, ["llama-3.1-8b", 0.0, ..., ..., ...], [[0.0]]),
    "one-cell ranges": (KV, [[["llama-3.1-8b"]], [[1.0]], ..., ..., ...], [[N]]),
    "a column": (KV, ["llama-3.1-8b", [[1.0], [2.0]], ..., ..., ...], [[N], [2 * N]]),
    "a row": (KV, ["llama-3.1-8b", [[1.0, 2.0]], ..., ..., ...], [[N, 2 * N]]),
    "a row and a column": (KV, ["llama-3.1-8b", [[1.0], [2.0]], [[1.0, 3.0]], ..., ...], [[N, 3 * N], [2 * N, 6 * N]]),
    "bad elements": (KV, ["llama-3.1-8b", [[1.0], [-1.0], [None]], ..., ..., ...], [[N], ["#NUM!"], ["#VALUE!"]]),
    "an unknown model": (KV, ["lama-3.1-8b", 1.0, ..., ..., ...], [["#N/A"]]),
    "out of domain": (KV, ["llama-3.1-8b", -1.0, ..., ..., ...], [["#NUM!"]]),
    "TRUE as a number": (KV, ["llama-3.1-8b", True, ..., ..., ...], [["#VALUE!"]]),
    "a number as text": (KV, ["llama-3.1-8b", "1", ..., ..., ...], [[N]]),
    "a model block": ("LLM_MODEL", [[["id", "llama-3.1-8b"], ["name", "=1+1"]], "name"], [["=1+1"]]),
    "text that looks like a formula": ("LLM_MODEL", [[["id", "llama-3.1-8b"], ["name", "@x"]], "name"], [["@x"]]),
    "a table of a one-cell range": ("LLM_MODEL", [[["llama-3.1-8b"]], "name"], [["Llama 3.1 8B"]]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_arguments_as_cells_hold_them(desktop: Route, office: Route, case: str) -> None:
    name, args, expected = CASES[case]

    def for_com(value: Any) -> Any:
        if isinstance(value, list):
            return tuple(map(tuple, value))
        return com.MISSING if value is ... else value

    def for_office(value: Any) -> Any:
        rows = value if isinstance(value, list) else [[value]]
        return None if value is ... else [["" if v is None else v for v in row] for row in rows]

    assert desktop(_desktop, name, tuple(map(for_com, args))) == expected
    assert from_office(office(_office, name, list(map(for_office, args)))) == expected


@pytest.mark.parametrize("code", sorted(com.ERROR_CELL))
def test_an_error_cell_is_passed_on_by_the_desktop(desktop: Route, code: str) -> None:
    error = com.com_error(code)
    assert desktop(_desktop, KV, ("llama-3.1-8b", error, com.MISSING, com.MISSING, com.MISSING)) == [[code]]
    sheet = [["llama-3.1-8b", error], [None, 1.0]]
    given, _ = desktop(_desktop_reads, KV, sheet, [(1, 1), (1, 2, 2, 1), None, None, None])
    assert given == [[code], [N]]


@pytest.mark.parametrize("code", sorted(OFFICE_ERRORS.values()))
def test_an_error_cell_is_passed_on_by_office_js(office: Route, code: str) -> None:
    error = {"type": "Error", "basicValue": code, "basicType": "Error"}
    assert from_office(office(_office, KV, [[["llama-3.1-8b"]], [[error]], None, None, None])) == [[code]]
    given = office(_office, KV, [[["llama-3.1-8b"]], [[error], [1]], [[""]], None, None])
    assert from_office(given) == [[code], [N]]


def test_an_excel_without_error_types_shows_the_code(office: Route) -> None:
    assert office(_office, KV, [[["lama"]], [[1]], None, None, None], "1.3") == [["#N/A"]]


def test_cells_of_a_sheet(desktop: Route) -> None:
    sheet = [["model", "llama-3.1-8b"], ["context", 1.0], ["date", datetime(2026, 1, 1)], ["blank", None], ["", "1 "]]
    given, _ = desktop(_desktop_reads, KV, sheet, [(1, 2), (2, 2), (4, 2), None, None])
    assert given == [[N]]
    given, _ = desktop(_desktop_reads, KV, sheet, [(1, 2), (2, 2, 4, 1), None, None, None])
    assert given == [[N], ["#VALUE!"], ["#VALUE!"], [N]]


def test_a_whole_column_is_read_only_where_the_sheet_is_used(desktop: Route) -> None:
    sheet = [[None, 4.0], [None, 8.0], [None, None], [None, 12.0], ["x", None]]
    given, read = desktop(_desktop_reads, "LLM_DATASET_SIZE", sheet, [(1, 2, 2**20, 1), None, None])
    assert given == [[16.0], [32.0], ["#VALUE!"], [48.0]]
    assert read == 5


def test_a_large_range_beside_the_used_part_is_blank(desktop: Route) -> None:
    given, read = desktop(_desktop_reads, KV, [["llama-3.1-8b", 1.0]], [(1, 1), (1, 2), (7, 5, 2**19, 2), None, None])
    assert (given, read) == ([[N]], 3)


def test_whole_numbers_reach_com_as_doubles(desktop: Route) -> None:
    """A Python int becomes VT_I8 or VT_UI4 in pywin32, which VBA and cells do not hold."""
    for name in ("LLM_PARAMS", "LLM_PARAMS_TABLE"):
        result = desktop(_desktop, name, ("llama-3.1-8b", com.MISSING)[: len(FUNCTIONS[name].arguments)])
        assert not [v for row in result for v in row if isinstance(v, int)]


def test_vba_declares_every_function(desktop: Route) -> None:
    vba, told = desktop(_desktop_registers)
    lines = [line.strip() for line in vba.splitlines()]
    assert max(map(len, lines)) < 1023, "longer than a line of VBA may be"
    for declaration in FUNCTIONS.values():
        names = [a.name for a in declaration.arguments]
        declared = ", ".join(a.name if a.required else f"Optional {a.name}" for a in declaration.arguments)
        assert f"Function {declaration.name}({declared})" in lines
        passed = f"Array({', '.join(names)}), ActiveWorkbook, Application.Caller"
        assert f'{declaration.name} = XLPy.CallUDF("{HOST}", "{declaration.name}", {passed})' in lines
        assert not set(VBA_WORDS.split()).intersection(names)
    assert vba.count("End Function") == len(FUNCTIONS)
    assert set(told) == set(FUNCTIONS)
    for name, options in told.items():
        assert options["Category"] == "LLM Calculator"
        assert options["Description"] == FUNCTIONS[name].summary
        assert options["ArgumentDescriptions"] == _argument_help(name)


def _argument_help(name: str) -> list[str] | None:
    return [FUNCTIONS[name].argument_help(a.name) for a in FUNCTIONS[name].arguments] or None


def test_help_fits_into_excel() -> None:
    """255 characters a description; nothing of ours has to be cut."""
    for declaration in FUNCTIONS.values():
        assert len(declaration.summary) <= 255
        assert all(len(text) <= 255 for text in _argument_help(declaration.name) or [])


def test_office_js_metadata(office: Route) -> None:
    metadata = office(_office_metadata)
    assert metadata["allowErrorForDataTypeAny"], "without it an error in an argument never reaches the function"
    shown = {f["name"]: f for f in metadata["functions"]}
    assert set(shown) == set(FUNCTIONS)
    for name, function in shown.items():
        assert function["description"] == FUNCTIONS[name].summary
        parameters = function["parameters"]
        assert [p["name"] for p in parameters] == [a.name for a in FUNCTIONS[name].arguments]
        assert [p.get("optional", False) for p in parameters] == [not a.required for a in FUNCTIONS[name].arguments]
        assert [p["description"] for p in parameters] == (_argument_help(name) or [])
        assert {(p["type"], p["dimensionality"]) for p in parameters} <= {("any", "matrix")}


# What needs no xlwings


def test_importing_the_package_imports_no_host() -> None:
    code = "import sys, xlcalc; print(sorted({'xlwings', 'numpy', 'pandas', 'formualizer'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_tables_become_rectangles_of_doubles() -> None:
    error = CalcError("#NUM!", "is negative")
    assert cells([["a"], [2**60 + 1, True], [error]]) == [["a", None], [2.0**60, True], ["#NUM!", None]]
    assert cells([1, 2]) == [[1.0, 2.0]]
    assert cells([float("nan"), float("inf"), 10**400]) == [["#NUM!"] * 3]
    assert [type(v) for v in cells([1, True, "1"])[0]] == [float, bool, str]


def test_the_sentence_behind_an_error_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "xlcalc")
    assert answer(xlcalc.LLM_KV_CACHE, ("llama-3.1-8b", [[1.0], [-5.0]])) == [[N], ["#NUM!"]]
    assert answer(xlcalc.LLM_KV_CACHE, ("llama-3.1-8b", -7.0)) == "#NUM!"
    first, second = (record.getMessage() for record in caplog.records)
    assert first.startswith("LLM_KV_CACHE: context must be") and first.endswith("got -5")
    assert second.endswith("got -7")


def test_a_bug_is_an_error_in_the_cell_and_a_traceback_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def LLM_BROKEN() -> xlcalc.cell_functions.audit.sources.Rows:
        raise KeyError("no such key")

    assert answer(Declaration(LLM_BROKEN, "Model", "none"), ()) == "#VALUE!"
    assert "LLM_BROKEN" in caplog.text and "KeyError: 'no such key'" in caplog.text
