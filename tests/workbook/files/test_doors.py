"""What a workbook's file may not be, and what is said of it: one sentence, exit 1 or 2, and nothing written."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from workbook_files import UNKNOWN_BYTES, UNKNOWN_PART, add_part, formulas_workbook, rich_workbook

from xlcalc.cli import main
from xlcalc.workbook import report, settings


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The command line in this process: its exit status and what it says on stderr."""

    def called(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["xlcalc", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), capsys.readouterr().err

    return called


def refused(run, out: Path, *arguments: object) -> str:
    status, said = run(*arguments, "-o", out)
    assert status in (1, 2) and not out.exists() and "Traceback" not in said
    return said


def test_a_part_that_does_not_fit_its_checksum_is_not_copied_on(run, tmp_path: Path) -> None:
    path = rich_workbook(tmp_path / "in.xlsx")
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(UNKNOWN_PART)
    data = bytearray(path.read_bytes())
    at = data.rindex(info.CRC.to_bytes(4, "little"))  # in the directory of the archive
    data[at : at + 4] = (info.CRC ^ 1).to_bytes(4, "little")
    path.write_bytes(data)
    assert f"is damaged: its part {UNKNOWN_PART} cannot be read" in refused(run, tmp_path / "out.xlsx", "recalc", path)


def test_devices_and_pipes_are_not_read(run, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.xlsx"
    os.mkfifo(pipe)
    for source in (pipe, "/dev/zero", tmp_path):
        for command in ("recalc", "report"):
            said = refused(run, tmp_path / "out.xlsx", command, source)
            assert "not an ordinary file" in said or "is a folder" in said, said
        for command in (["models", "add", "--id", "m"], ["validate"], ["sweep"]):
            status, said = run(*command, source)
            assert status in (1, 2) and ("not an ordinary file" in said or "is a folder" in said), said


def test_budgets_of_size(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = formulas_workbook(tmp_path / "in.xlsx", "=1+1")
    add_part(path, "xl/large.bin", UNKNOWN_BYTES * 3000)  # 2.2 MiB
    for setting, value, expected in (
        ("XLCALC_MAX_PART_MIB", "2", "its part xl/large.bin would expand to"),
        ("XLCALC_MAX_TOTAL_MIB", "2", "more than 2 MiB are not read (XLCALC_MAX_TOTAL_MIB sets another limit)"),
        ("XLCALC_MAX_TOTAL_MIB", "two", "must be a whole number of MiB; got 'two'"),
    ):
        with monkeypatch.context() as environment:
            environment.setenv(setting, value)
            assert expected in refused(run, tmp_path / "out.xlsx", "recalc", path)


@pytest.mark.parametrize("name", ["out.xlsm", "out.csv", "out.pdf", "out.ods", "out"])
def test_endings_tell_what_is_inside(run, tmp_path: Path, name: str) -> None:
    path = formulas_workbook(tmp_path / "in.xlsx", "=1+1")
    for command in ("recalc", "report")[: 1 if name == "out.pdf" else 2]:  # a report can be a PDF
        said = refused(run, tmp_path / name, command, path)
        assert "out.xlsx" in said or "format is one of" in said or "has no ending" in said, said


def test_notes_are_printed(run, tmp_path: Path) -> None:
    path = formulas_workbook(tmp_path / "in.xlsx", "=B1:B3*2", "=NOW()", inputs={"B1": 1, "B2": 2, "B3": 3})
    add_part(path, "_xmlsignatures/sig1.xml", b"<Signature/>")
    status, said = run("recalc", path, "-o", tmp_path / "out.xlsx")
    for expected in ("S!A1 takes one cell of B1:B3", "1 formulas ask the clock", "the signature no longer fits"):
        assert expected in said
    assert status == 0


XLCALC = Path(sys.executable).with_name("xlcalc")


@pytest.mark.skipif(os.name != "posix", reason="needs sh and env")
@pytest.mark.parametrize(
    ("surroundings", "arguments", "status", "said"),
    [
        ("LC_ALL=C", ["recalc", "in.xlsx", "-o", "ünï.xlsx"], 0, ""),
        ("LC_ALL=C", ["call", "LLM_PARAMS", "ünï"], 1, '"ünï" is not in the catalog'),
        ("LC_ALL=C PYTHONIOENCODING=ascii", ["call", "LLM_PARAMS", "ünï"], 1, "is not in the catalog"),
        ("-u HOME", ["recalc", "in.xlsx", "-o", "out.xlsx"], 0, ""),
        ("gone", ["recalc", "in.xlsx", "-o", "out.xlsx"], 1, "there is no file in.xlsx"),
        ("gone", ["new", "training-budget"], 1, "the folder that this was started in is there no more"),
    ],
)
def test_odd_surroundings(tmp_path: Path, surroundings: str, arguments: list[str], status: int, said: str) -> None:
    """A plain locale, no home, a working folder that was removed: real processes."""
    formulas_workbook(tmp_path / "in.xlsx", "=B1*2", inputs={"B1": 1})
    begin = 'mkdir gone && cd gone && rmdir "$PWD" && exec "$@"' if surroundings == "gone" else 'exec "$@"'
    changed = ["env", *surroundings.split()] if surroundings != "gone" else []
    command = ["sh", "-c", begin, "sh", *changed, XLCALC, *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert done.returncode == status and said in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert not status or done.stderr.count("\n") == 1


def test_dates_and_money_are_of_the_workbooks_kind(tmp_path: Path) -> None:
    """A workbook whose dates count from 1904; a rule for dates; a price in another currency."""
    path = tmp_path / "own.xlsx"
    made = openpyxl.Workbook()
    made.epoch = CALENDAR_MAC_1904
    sheet = made.active
    sheet["B1"], sheet["B2"], sheet["B3"], sheet["C3"] = 45000, "=YEAR(B1)", 2.5, "USD/hour"
    sheet["B4"] = "=B3*2"
    sheet["B1"].number_format = "yyyy-mm-dd"
    rule = DataValidation(type="date", operator="greaterThan", formula1="45000", showErrorMessage=True)
    rule.add("B1")
    sheet.add_data_validation(rule)
    for name, cell in {"day": "$B$1", "made_in": "$B$2", "price": "$B$3", "twice": "$B$4"}.items():
        made.defined_names[name] = DefinedName(name, attr_text=f"Sheet!{cell}")
    made.save(path)
    done = report.make(str(path), {"day": "2030-05-06"})
    assert {one.name: one.value for one in done.inputs + done.results}.items() >= {
        "day": "2030-05-06",
        "made_in": 2030,
    }.items()
    for name, text, said in (("day", "2020-01-01", "after 2027-03-16"), ("price", "€2.50", "USD/hour")):
        with pytest.raises(settings.SettingError, match=said):
            report.make(str(path), {name: text})


def test_rules_that_are_formulas(tmp_path: Path) -> None:
    """Rules of validation that must be calculated, with the new value in its cell; relative to the first cell."""
    made = openpyxl.Workbook()
    sheet = made.active
    for cell, value in {"B1": 10, "B2": 20, "B3": "x", "C1": 100, "C2": "=C1/2", "D1": "x", "D2": "y"}.items():
        sheet[cell] = value
    sheet["A9"] = "=B1+B2+B4&B3"
    for cells, rule in {
        "B1:B2": {"type": "custom", "formula1": "AND(MOD(B1,5)=0,SUM($B$1:$B$2)<=$C$1)"},
        "B3": {"type": "list", "formula1": "OFFSET($D$1,0,0,2,1)"},
        "B4": {"type": "decimal", "operator": "between", "formula1": "C1/100", "formula2": "C2"},
        "B5": {"type": "custom", "formula1": "B5>$E$1", "allow_blank": True},
    }.items():
        validation = DataValidation(showErrorMessage=True, **rule)
        validation.add(cells)
        sheet.add_data_validation(validation)
    for name, cell in {"one": "$B$1", "two": "$B$2", "word": "$B$3", "much": "$B$4"}.items():
        made.defined_names[name] = DefinedName(name, attr_text=f"Sheet!{cell}")
    path = tmp_path / "own.xlsx"
    made.save(path)
    for name, text in (("one", "15"), ("two", "85"), ("word", "y"), ("much", "50")):
        report.make(str(path), {name: text})
    for name, text, said in (
        ("one", "13", r"its rule is =AND\(MOD\(B1"),
        ("two", "95", r"its rule is =AND\(MOD\(B2"),
        ("word", "z", "none of the list OFFSET"),
        ("much", "51", "allowed is 1 to 50"),
    ):
        with pytest.raises(settings.SettingError, match=said):
            report.make(str(path), {name: text})


@pytest.mark.parametrize(("setting", "near"), [("model=405b", "llama-3.1-405b"), ("accelerator=A100", "a100-sxm-80gb")])
def test_names_that_no_catalog_has_are_refused(run, tmp_path: Path, setting: str, near: str) -> None:
    assert near in refused(run, tmp_path / "out.xlsx", "report", "training-budget", "--set", setting)
    with pytest.raises(settings.SettingError) as error:
        report.make("training-budget", dict([setting.split("=")]))
    assert error.value.code == "#N/A"  # as a sweep's row has it


def test_times_are_parts_of_a_day(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active["B1"], made.active["B2"] = 0.25, "=B1*24"
    for name, cell in {"begins": "$B$1", "hours": "$B$2"}.items():
        made.defined_names[name] = DefinedName(name, attr_text=f"Sheet!{cell}")
    path = tmp_path / "own.xlsx"
    made.save(path)
    for text, hours in (("09:15", 9.25), ("1:30:00", 1.5), ("9:15 PM", 21.25), ("36:00", 36)):
        (result,) = report.make(str(path), {"begins": text}).results
        assert result.value == pytest.approx(hours)
    for text in ("9:75", "13:00 PM"):
        with pytest.raises(settings.SettingError, match="must be a time"):
            report.make(str(path), {"begins": text})
