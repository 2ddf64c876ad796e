"""What a workbook's file may not be, and what is said of it: one sentence, exit 1 or 2, and nothing written."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import pytest
from workbook_files import UNKNOWN_BYTES, UNKNOWN_PART, add_part, formulas_workbook, rich_workbook

from xlcalc.cli.app import main


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
