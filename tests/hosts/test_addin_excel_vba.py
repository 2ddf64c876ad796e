"""The Excel add-in's VBA, run in two runtimes over xlwings' own COM server.

pyOpenVBA's interpreter with its model of Excel runs every function; LibreOffice runs the VBA of the file itself. In the
place of xlwings' DLL stands a bridge to a process in which xlwings is what it is on Windows.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import com_server
import com_stand_in as com
import pytest
from pyopenvba import ExcelFile, VBAModuleKind
from pyopenvba.apps.excel import Application, ExcelApplication, Range
from pyopenvba.interpreter import MISSING, VBAArray, VBAErrorValue, VBAObject, VBARuntimeError, member, method
from test_xlwings import EXAMPLES, FUNCTIONS

import xlcalc
from xlcalc.hosts import addin_excel
from xlcalc.hosts.cells import cells
from xlcalc.language.errors import CalcError

PYTHON = r"C:\Program Files\Python & more\python.exe"
N = 131072.0  # bytes of a token of llama-3.1-8b's cache
ERRORS = {code: VBAErrorValue(number) for code, number in com.ERROR_CELL.items()}


Call = Callable[..., Any]


@pytest.fixture(scope="module")
def windows() -> Iterator[Call]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), com_server.start) as pool:
        yield lambda function, *arguments: pool.submit(function, *arguments).result(timeout=60)


def _for_com(value: Any) -> Any:
    if value is MISSING:
        return com.MISSING
    if isinstance(value, VBAErrorValue):
        return value.number - 2**32 + 0x800A0000
    if isinstance(value, VBAArray):
        (rows, columns) = [upper - lower + 1 for lower, upper in value.bounds]
        items = [_for_com(v) for v in value.items]
        return tuple(tuple(items[row + rows * column] for column in range(columns)) for row in range(rows))
    return value if isinstance(value, (str, bool, float, type(None))) else float(value)


def _for_vba(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    if not isinstance(value[0], list):
        return VBAArray([(0, len(value) - 1)], items=list(value))
    rows, columns = len(value), len(value[0])
    items = [value[row][column] for column in range(columns) for row in range(rows)]
    return VBAArray([(0, rows - 1), (0, columns - 1)], items=items)


def _rows(value: Any) -> list[list[Any]]:
    if not isinstance(value, VBAArray):
        return [[value]]
    if len(value.bounds) == 1:
        return [value.items]
    rows = value.bounds[0][1] - value.bounds[0][0] + 1
    return [value.items[row::rows] for row in range(rows)]


class Server(VBAObject):
    """What XLPy gives: xlwings' COM server."""

    vba_type_name = "XLPython"
    windows: Call
    starts = 0
    fails: str = ""

    @method
    def CallUDF(self, host: Any, name: Any, arguments: Any) -> Any:
        if Server.fails == "once":
            Server.fails = ""
            raise VBARuntimeError(462, "The remote server machine does not exist")
        if Server.fails:
            raise VBARuntimeError(1000, Server.fails)
        return _for_vba(Server.windows(com_server.call, host, name, tuple(map(_for_com, arguments.items))))

    @method
    def Exec(self, text: Any) -> None:
        if Server.fails == "import":
            raise VBARuntimeError(1000, "ModuleNotFoundError: No module named 'xlcalc'")
        if text.endswith("s.forget()"):
            Server.windows(com_server.session, "forget")

    @method
    def Module(self, name: Any) -> Any:
        return name

    @method
    def Tuple(self, first: Any, second: Any) -> Any:
        return [first, second]

    @method
    def Call(self, module: Any, function: Any, arguments: Any = MISSING) -> Any:
        return Server.windows(com_server.session, function, *([] if arguments is MISSING else arguments))

    @method
    def Str(self, value: Any) -> Any:
        return value


XLWINGS = f"""
Public Const XLWINGS_VERSION As String = "{version("xlwings")}"
Public Const PROJECT_NAME As String = "xlcalc"
Public server As Object
Public starts As Long
Public Sub SetServer(given)
    Set server = given
End Sub
Function XLPy()
    starts = starts + 1
    Set XLPy = server
End Function
Function CountStarts()
    CountStarts = starts
End Function
Function IsFullName(sFile As String) As Boolean
    IsFullName = InStr(sFile, "\\") > 0
End Function
Function FileExists(ByVal FileSpec As String) As Boolean
    FileExists = False
End Function
Function GetConfig(configKey As String, Optional fallback As String = "", Optional source As String = "") As Variant
    GetConfig = fallback
End Function
Function GetConfigFromFile(sFile As String, sName As String, Optional sValue As String) As Boolean
End Function
"""


class _More(Application):
    """What pyOpenVBA's model of Excel lacks and the add-in asks for."""

    described: list[tuple[Any, ...]] = []

    @member
    def OperatingSystem(self) -> str:
        return "Windows (64-bit) NT 10.00"

    @member
    def UserControl(self) -> bool:
        return True

    @member
    def Visible(self) -> bool:
        return True

    @method
    def MacroOptions(
        self, Macro: Any = MISSING, Description: Any = MISSING, Category: Any = MISSING,
        ArgumentDescriptions: Any = MISSING,
    ) -> None:  # fmt: skip
        _More.described.append((Macro, Description, Category, ArgumentDescriptions))


class Excel:
    """The add-in's VBA in pyOpenVBA's interpreter, beside a workbook."""

    def __init__(self, folder: Path, python: str) -> None:
        path = folder / "xlcalc.xlam"
        path.write_bytes(addin_excel.build(python))
        self.app = ExcelApplication.open(path, with_vba=False)
        self.app.add_module(XLWINGS, name="xlwings")
        with ExcelFile(path) as book:
            for name in ("Bridge", "xlwings_udfs"):
                self.app.add_module(book.get_module(name), name=name)
        self.run("SetServer", Server())
        Server.fails = ""

    def run(self, name: str, *arguments: Any) -> Any:
        return self.app.interpreter.run(name, list(arguments))

    @property
    def said(self) -> list[str]:
        return [text for _, text, *_ in self.app.dialogs]


@pytest.fixture
def excel(windows: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Excel:
    Server.windows = staticmethod(windows)  # type: ignore[assignment]
    monkeypatch.setattr(Application, "_vba_members", {**Application._vba_members, **_More._vba_members})
    return Excel(tmp_path, "")


def _expected(result: Any) -> list[list[Any]]:
    rows = cells(result)
    rows = rows if isinstance(rows, list) else [[rows]]
    return [["" if v is None else ERRORS.get(v, v) if isinstance(v, str) else v for v in row] for row in rows]


def test_every_function_answers_through_vba(excel: Excel) -> None:
    for name, arguments in EXAMPLES:
        given = [float(v) if type(v) is int else v for v in arguments]
        while given and given[-1] is None:
            given.pop()
        given = [MISSING if v is None else v for v in given]
        assert _rows(excel.run(name, *given)) == _expected(FUNCTIONS[name](*arguments)), name


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["llama-3.1-8b", 1.0, MISSING, MISSING, MISSING], [[N]]),
        (["llama-3.1-8b", 1.0], [[N]]),
        (["lama-3.1-8b", 1.0], [[ERRORS["#N/A"]]]),
        (["llama-3.1-8b", -1.0], [[ERRORS["#NUM!"]]]),
        (["llama-3.1-8b", True], [[ERRORS["#VALUE!"]]]),
        (["llama-3.1-8b", ERRORS["#REF!"]], [[ERRORS["#REF!"]]]),
        (["llama-3.1-8b", _for_vba([[1.0], [-1.0], [ERRORS["#DIV/0!"]]])], [[N], [ERRORS["#NUM!"]], [ERRORS["#DIV/0!"]]]),
        (["llama-3.1-8b", _for_vba([[1.0, -1.0]])], [[N, ERRORS["#NUM!"]]]),
        (["llama-3.1-8b", _for_vba([[1.0], [2.0]]), _for_vba([[1.0, "x"]])],
         [[N, ERRORS["#VALUE!"]], [2 * N, ERRORS["#VALUE!"]]]),
    ],
)  # fmt: skip
def test_errors_reach_the_cell_as_errors(excel: Excel, arguments: list[Any], expected: list[list[Any]]) -> None:
    assert _rows(excel.run("LLM_KV_CACHE", *arguments)) == expected


def test_ranges_go_along_as_values(excel: Excel) -> None:
    excel.app.add_workbook()
    sheet = excel.app.sheet(1)
    for cell, value in (("A1", "llama-3.1-8b"), ("A2", 1.0), ("A3", -2.0), ("A4", 3.0)):
        sheet.set_value(cell, value)
    excel.app.add_module('Function Test()\nTest = LLM_KV_CACHE(Range("A1"), Range("A2:A4"), , , "KiB")\nEnd Function')
    assert _rows(excel.run("Test")) == [[N / 1024], [ERRORS["#NUM!"]], [3 * N / 1024]]


def test_many_calls_start_python_once(excel: Excel) -> None:
    for _ in range(5):
        excel.run("LLM_KV_CACHE", "llama-3.1-8b", 1.0)
    assert excel.run("CountStarts") == 1


def test_a_python_that_was_ended_is_started_anew(excel: Excel) -> None:
    excel.run("LLM_KV_CACHE", "llama-3.1-8b", 1.0)
    Server.fails = "once"
    assert excel.run("LLM_KV_CACHE", "llama-3.1-8b", 1.0) == N
    assert excel.run("CountStarts") == 2 and excel.said == []


def test_a_failure_in_xlwings_is_an_error_in_the_cell(excel: Excel) -> None:
    Server.fails = "TypeError: something in xlwings"
    assert excel.run("LLM_KV_CACHE", "llama-3.1-8b", 1.0) == ERRORS["#VALUE!"]


def test_a_missing_package_is_told_once_with_what_to_run(excel: Excel) -> None:
    Server.fails = "import"
    for _ in range(20):
        assert excel.run("LLM_KV_CACHE", "llama-3.1-8b", 1.0) == ERRORS["#VALUE!"]
    assert excel.run("CountStarts") == 1, "a failing start is slow: 5,000 cells must not each try one"
    assert len(excel.said) == 1 and '"python" -m pip install --upgrade xlcalc' in excel.said[0]


def test_a_missing_interpreter_is_told_once_with_what_to_run(windows: Call, excel: Excel, tmp_path: Path) -> None:
    elsewhere = tmp_path / "second"
    elsewhere.mkdir()
    second = Excel(elsewhere, PYTHON)
    assert [second.run("LLM_MODELS", "x") for _ in range(3)] == [ERRORS["#VALUE!"]] * 3
    assert len(second.said) == 1
    assert PYTHON in second.said[0] and "xlcalc addin excel --install" in second.said[0]


@pytest.mark.parametrize(
    ("variable", "xlcalc_conf", "there", "xlwings_conf", "chosen"),
    [
        ("V:\\python.exe", "U:\\python.exe", True, "X:\\python.exe", "V:\\python.exe"),
        ("", "U:\\python.exe", True, "X:\\python.exe", "U:\\python.exe"),
        ("", "", True, "X:\\python.exe", PYTHON),
        ("", "", False, "X:\\python.exe", "X:\\python.exe"),
        ("", "", False, "", PYTHON),
    ],
)
def test_which_python(
    excel: Excel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    variable: str, xlcalc_conf: str, there: bool, xlwings_conf: str, chosen: str,
) -> None:  # fmt: skip
    source = XLWINGS + "Function Environ(name)\nEnd Function\n"
    in_conf = f'sValue = "{xlwings_conf}"\n' if xlwings_conf else ""
    for name, body in (
        ("Environ", f'If name = "XLCALC_PYTHON" Then Environ = "{variable}"'),
        ("FileExists", f"FileExists = {there}"),
        ("GetConfig", f'If source = "user" Then GetConfig = "{xlcalc_conf}"'),
        ("GetConfigFromFile", in_conf),
    ):
        head, _, rest = source.partition(f"Function {name}(")
        signature, _, rest = rest.partition("\n")
        source = f"{head}Function {name}({signature}\n{body}\nEnd Function{rest.partition('End Function')[2]}"
    monkeypatch.setitem(globals(), "XLWINGS", source)
    folder = tmp_path / "chosen"
    folder.mkdir()
    opened = Excel(folder, PYTHON)
    opened.run("UseInterpreter")
    assert opened.app.sheet(1).value("B1") == chosen


def test_excel_is_told_of_every_function(excel: Excel) -> None:
    _More.described.clear()
    excel.run("DescribeFunctions")
    assert [macro for macro, *_ in _More.described] == [f"'xlcalc.xlam'!{name}" for name in FUNCTIONS]
    for (_, description, category, arguments), f in zip(_More.described, FUNCTIONS.values(), strict=True):
        assert (description, category) == (f.summary, "LLM Calculator")
        given = [] if arguments is MISSING else arguments.items
        assert given == [f.argument_help(a.name) for a in f.arguments]


def test_explain_shows_the_sentence(excel: Excel, monkeypatch: pytest.MonkeyPatch) -> None:
    class Cell(Range):
        @method
        def Dirty(self) -> None:
            excel.run("LLM_KV_CACHE", "llama-3.1-8b", -7.0)

        @method
        def Calculate(self) -> None: ...

    monkeypatch.setattr(Range, "_vba_members", {**Range._vba_members, **Cell._vba_members})
    excel.app.add_workbook()
    excel.run("ExplainError")
    with pytest.raises(CalcError) as refused:
        xlcalc.LLM_KV_CACHE("llama-3.1-8b", -7.0)
    assert excel.said == [str(refused.value)]


# The file's own VBA in LibreOffice


def _uno_python() -> str | None:
    for python in ("/usr/bin/python3", "/opt/libreoffice/program/python", sys.executable):
        if Path(python).exists() and subprocess.run([python, "-c", "import uno"], capture_output=True).returncode == 0:
            return python
    return None


STAND_IN = """Function CallUDF(host, function_name, arguments)
    Dim rows, table(), i As Long, j As Long
    rows = server.callFunction(function_name, arguments)
    If Not IsArray(rows) Then
        CallUDF = rows
        Exit Function
    End If
    If Not IsArray(rows(0)) Then
        CallUDF = rows
        Exit Function
    End If
    ReDim table(UBound(rows), UBound(rows(0)))
    For i = 0 To UBound(rows)
        For j = 0 To UBound(rows(0))
            table(i, j) = rows(i)(j)
        Next j
    Next i
    CallUDF = table
End Function
Function Exec(text)
End Function
Function Str(value)
    Str = ""
End Function
Function Module(value)
End Function
Function Tuple(a, b)
End Function
Function Call_(a, b, c)
End Function
"""


def _for_libreoffice(addin: bytes, path: Path) -> None:
    """The add-in as a workbook that LibreOffice can run.

    Its Basic takes `output` and `Call` for keywords, has no Value2, and cannot read two modules of xlwings (one for
    the Mac, one that speaks to Windows); XLPy gives an object of VBA there.
    """
    with zipfile.ZipFile(io.BytesIO(addin)) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "[Content_Types].xml":
                content = content.replace(b"ms-excel.addin.macroEnabled", b"ms-excel.sheet.macroEnabled")
            new.writestr(name, content.replace(b' visibility="hidden"', b""))
    with ExcelFile(path) as book:
        project = book.vba_project()
        bridge = book.get_module("Bridge").replace(".Call(", ".Call_(").replace(".Value2", ".Value")
        book.set_module("Bridge", bridge)
        book.set_module("xlwings_udfs", re.sub(r"\boutput\b", "output_", book.get_module("xlwings_udfs")))
        book.set_module("xlwings", XLWINGS.replace("Set XLPy = server", "Set XLPy = New StandIn"))
        project.delete_module("Dictionary")
        project.add_module("StandIn", STAND_IN, kind=VBAModuleKind.other)
        book.save()


def _from_json(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(tuple, value))
    return com.MISSING if value is None else value


def test_vba_of_the_file_calculates_in_libreoffice(windows: Call, tmp_path: Path) -> None:
    python = _uno_python()
    if python is None or not shutil.which("soffice"):
        pytest.skip("LibreOffice, or its uno module for Python, is not installed")
    path = tmp_path / "addin.xlsm"
    _for_libreoffice(addin_excel.build(""), path)
    cases: dict[str, Any] = {
        '=LLM_KV_CACHE("llama-3.1-8b";8192)': 8192 * N,
        "=LLM_KV_CACHE(B200;A200)": 8192 * N,
        '=LLM_KV_CACHE("llama-3.1-8b";2;3;"fp32";"MiB")': 2 * 3 * 2 * N / 2**20,
        '=LLM_KV_CACHE("lama-3.1-8b";1)': "Error 2042",  # as LibreOffice shows what CVErr(xlErrNA) gave
        '=LLM_KV_CACHE("llama-3.1-8b";-1)': "Error 2036",
        '{=LLM_KV_CACHE("llama-3.1-8b";A200:C200)': [[8192 * N, "Error 2015", 16384 * N]] * 3,
        '{=LLM_PARAMS_TABLE("llama-3.1-8b")': [row[:3] for row in xlcalc.LLM_PARAMS_TABLE("llama-3.1-8b")[:3]],
        '=LLM_PARAMS("llama-3.1-8b")/2': 8030261248 / 2,
    }
    command = [
        python,
        str(Path(__file__).with_name("vba_in_libreoffice.py")),
        str(tmp_path / "profile"),
        str(path),
        *cases,
    ]
    calls: list[dict[str, Any]] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdin and client.stdout
        shown: list[Any] = []
        for line in client.stdout:
            message = json.loads(line)
            if "shown" in message:
                shown = message["shown"]
                continue
            calls.append(message)
            arguments = tuple(_from_json(v) for v in message["arguments"])
            answer = windows(com_server.call, "xlcalc.hosts.excel", message["call"], arguments)
            client.stdin.write(json.dumps(answer) + "\n")
            client.stdin.flush()
    assert dict(zip(cases, shown, strict=True)) == {
        formula: pytest.approx(value) if isinstance(value, float) else value for formula, value in cases.items()
    }
    assert calls[0] == {"call": "LLM_KV_CACHE", "arguments": ["llama-3.1-8b", 8192, None, None, None]}
