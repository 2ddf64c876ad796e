"""The Excel add-in's file, read back with oletools and openpyxl; the command that builds it; its session in Python."""

from __future__ import annotations

import io
import logging
import re
import sys
import zipfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import openpyxl
import pytest
from test_xlwings import FUNCTIONS
from typer.testing import CliRunner

import xlcalc
from xlcalc.cli.addins import addin as command
from xlcalc.hosts import addin_excel
from xlcalc.language.errors import EXCEL_ERRORS

XLWINGS = version("xlwings")
SHIPPED = Path(find_spec("xlwings").origin).parent  # to import it takes two seconds, in each process of the tests
PYTHON = r"C:\Program Files\Python & more\python.exe"


@pytest.fixture(scope="module")
def addin() -> bytes:
    return addin_excel.build(PYTHON)


@pytest.fixture(scope="module")
def vba(addin: bytes) -> dict[str, str]:
    """The modules as oletools reads them."""
    from oletools.olevba import VBA_Parser

    found = VBA_Parser("xlcalc.xlam", data=addin).extract_macros()
    return {name.rpartition(".")[0]: code.replace("\r\n", "\n") for _, _, name, code in found}


def _carried() -> dict[str, str]:
    from oletools.olevba import VBA_Parser

    data = (SHIPPED / "quickstart_addin_ribbon.xlam").read_bytes()
    return {n.rpartition(".")[0]: c.replace("\r\n", "\n") for *_, n, c in VBA_Parser("x", data=data).extract_macros()}


# What is in the file


def test_oletools_reads_back_our_source(vba: dict[str, str]) -> None:
    assert set(vba) == {"Bridge", "Dictionary", "Notices", "Sheet2", "ThisWorkbook", "xlwings", "xlwings_udfs"}
    for name, text in addin_excel.modules().items():
        body = re.sub(r"^(Attribute VB_.*\n)+", "", vba[name])
        assert body.rstrip() == text.rstrip()


def test_every_function_is_there_with_its_arguments(vba: dict[str, str]) -> None:
    lines = vba["xlwings_udfs"].splitlines()
    for f in FUNCTIONS.values():
        declared = ", ".join(a.name if a.required else f"Optional {a.name}" for a in f.arguments)
        assert f"Public Function {f.name}({declared})" in lines
        values = ", ".join(a.name for a in f.arguments)
        assert f'    {f.name} = CallPython("xlcalc.hosts.excel", "{f.name}", Array({values}))' in lines
    assert lines.count("End Function") == len(FUNCTIONS)
    assert max(len(line) for text in addin_excel.modules().values() for line in text.splitlines()) < 1023


def test_every_error_of_ours_is_one_of_excels(vba: dict[str, str]) -> None:
    assert set(re.findall(r'Case "(#[^"]*)": ErrorOr = CVErr', vba["Bridge"])) == EXCEL_ERRORS


def test_what_it_carries_of_others_is_unchanged_and_named(vba: dict[str, str]) -> None:
    carried = _carried()
    assert vba["Dictionary"] == carried["Dictionary"]
    before, after = carried["xlwings"].splitlines(), vba["xlwings"].splitlines()
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 3
    assert "BSD 3-clause" in vba["xlwings"] and f'XLWINGS_VERSION As String = "{XLWINGS}"' in vba["xlwings"]
    for owner in ("Zoomer Analytics", "Tim Hall", "the xlcalc authors"):
        assert owner in vba["Notices"]


def test_a_workbook_cannot_choose_the_program_that_runs(vba: dict[str, str]) -> None:
    get_config = vba["xlwings"].partition("Function GetConfig(")[2].partition("\nEnd Function")[0]
    lines = [line.strip() for line in get_config.splitlines()]
    assert lines.count("If False Then 'changed by xlcalc") == 2
    assert 'If SheetExists(ThisWorkbook, PROJECT_NAME & ".conf") = True Then' in lines


def _opened(addin: bytes) -> openpyxl.Workbook:
    """openpyxl takes no add-ins: the same parts as a workbook with macros."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(addin)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"ms-excel.addin.macroEnabled", b"ms-excel.sheet.macroEnabled"))
    return openpyxl.load_workbook(out, keep_vba=True)


def test_settings_and_help_stand_on_its_sheet(addin: bytes) -> None:
    book = _opened(addin)
    assert book.sheetnames == ["xlcalc.conf"]
    sheet = book["xlcalc.conf"]
    settings = {a: b for a, b in sheet.iter_rows(max_col=2, values_only=True) if a}
    assert sheet["A1"].value == "Interpreter_Win" and sheet["B1"].value == PYTHON
    assert settings["Built with Python"] == PYTHON
    assert settings["Built with xlcalc"] == xlcalc.__version__
    assert settings["ADD_WORKBOOK_TO_PYTHONPATH"] is False
    help_ = {row[0]: row[1:] for row in sheet.iter_rows(min_col=4, values_only=True) if row[0]}
    assert list(help_) == list(FUNCTIONS)
    for name, (summary, count, *arguments) in help_.items():
        f = FUNCTIONS[name]
        assert (summary, count) == (f.summary, len(f.arguments))
        assert [text for text in arguments if text] == [f.argument_help(a.name) for a in f.arguments]


def test_the_package_is_whole(addin: bytes) -> None:
    base = zipfile.ZipFile(SHIPPED / "quickstart_addin_ribbon.xlam")
    archive = zipfile.ZipFile(io.BytesIO(addin))
    assert archive.testzip() is None and archive.namelist() == base.namelist()
    for name in archive.namelist():
        if name.endswith((".xml", ".rels")):
            ElementTree.fromstring(archive.read(name))
    same = set(archive.namelist()) - {
        "xl/vbaProject.bin", "xl/worksheets/sheet1.xml", "xl/workbook.xml", "customUI/customUI.xml", "docProps/core.xml",
    }  # fmt: skip
    assert all(archive.read(name) == base.read(name) for name in same)
    actions = re.findall(r'onAction="Bridge\.(\w+)"', archive.read("customUI/customUI.xml").decode())
    assert set(actions) == {"RibbonExplainError", "RibbonCheckSetup"}
    assert all(f"Public Sub {action}(ByVal control As IRibbonControl)" in addin_excel.modules()["Bridge"]
               for action in actions)  # fmt: skip


def test_the_same_input_gives_the_same_file(addin: bytes) -> None:
    again = zipfile.ZipFile(io.BytesIO(addin_excel.build(PYTHON)))
    archive = zipfile.ZipFile(io.BytesIO(addin))
    assert {n: archive.read(n) for n in archive.namelist()} == {n: again.read(n) for n in again.namelist()}


def test_an_xlwings_with_another_addin_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addin_excel, "_CHANGES", (("what xlwings will say one day", ""),))
    with pytest.raises(addin_excel.BuildError, match=f"xlwings {XLWINGS}.*what xlwings will say one day"):
        addin_excel.build("")
    with pytest.raises(addin_excel.BuildError, match="call of every function"):
        addin_excel._udfs("Function LLM_PARAMS(model)\nEnd Function\n")


def test_nothing_of_windows_is_left_behind() -> None:
    addin_excel.modules()
    if sys.platform != "win32":
        assert not {"pythoncom", "win32com", "xlwings.udfs"} & set(sys.modules)


# The command


def test_command_writes_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(command, ["excel"])
    assert run.exit_code == 0 and run.stdout.strip() == "xlcalc.xlam"
    assert _opened(Path("xlcalc.xlam").read_bytes())["xlcalc.conf"]["A1"].value == "Interpreter_Win"
    again = CliRunner().invoke(command, ["excel"])
    assert again.exit_code == 1 and "exists; name the file to write with -o" in str(again.exception)


@pytest.mark.parametrize(("platform", "says"), [("linux", "XLSTART"), ("darwin", "xlwings Lite")])
def test_install_elsewhere_says_what_to_do(monkeypatch: pytest.MonkeyPatch, platform: str, says: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(addin_excel.BuildError, match=says):
        addin_excel.install(b"")


def test_install_on_windows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("APPDATA", str(tmp_path))
    for data in (b"one", b"two"):
        path = addin_excel.install(data)
        assert path == tmp_path / "Microsoft/Excel/XLSTART/xlcalc.xlam" and path.read_bytes() == data
    assert [p.name for p in path.parent.iterdir()] == ["xlcalc.xlam"]

    def in_use(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("os.replace", in_use)
    with pytest.raises(addin_excel.BuildError, match="Close Excel"):
        addin_excel.install(b"three")
    assert path.read_bytes() == b"two" and [p.name for p in path.parent.iterdir()] == ["xlcalc.xlam"]


def test_the_dll_has_to_be_beside_python(tmp_path: Path) -> None:
    python = tmp_path / "Scripts" / "python.exe"
    assert f"xlwings=={XLWINGS}" in addin_excel.warning(str(python))
    (tmp_path / f"xlwings64-{XLWINGS}.dll").touch()
    assert addin_excel.warning(str(python)) == ""


# The session in Python


@pytest.fixture
def session() -> ModuleType:
    from xlcalc.hosts import addin_session

    return addin_session


def test_reasons_are_kept_until_forgotten(session: ModuleType) -> None:
    session.start(XLWINGS, xlcalc.__version__)
    session.forget()
    log = logging.getLogger("xlcalc.hosts.cells")
    for i in (1, 2, 1, 3, 4, 5, 6):
        log.info("sentence %d", i)
    lines = session.told().splitlines()
    assert lines == ["sentence 2", "sentence 1", "sentence 3", "sentence 4", "sentence 5", "... and 1 more"]
    session.forget()
    assert session.told() == ""


def test_a_differing_xlwings_is_told(session: ModuleType) -> None:
    assert session.start(XLWINGS, xlcalc.__version__) == ""
    told = session.start("0.1.2", xlcalc.__version__)
    assert told.startswith(f"xlwings {XLWINGS} in Python, 0.1.2 in the add-in")
    assert "xlcalc addin excel --install" in told
    report = session.report(XLWINGS, "0.0.0")
    assert f"{len(FUNCTIONS)} functions" in report and "0.0.0 in the add-in" in report
