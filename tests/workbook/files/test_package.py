"""Workbook files: opened safely, changed in one place only, written whole or not at all."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from workbook_files import (
    UNKNOWN_BYTES,
    UNKNOWN_PART,
    add_part,
    formulas_workbook,
    members,
    rich_workbook,
    sheet_workbook,
)

from xlcalc import files as atomic
from xlcalc import limits
from xlcalc.files import FileError
from xlcalc.language.errors import CalcError
from xlcalc.workbook.files import number_formats
from xlcalc.workbook.files.package import Package, WorkbookError


@pytest.fixture
def rich(tmp_path: Path) -> Path:
    return rich_workbook(tmp_path / "rich.xlsx")


def sentence(error: pytest.ExceptionInfo[WorkbookError]) -> str:
    text = str(error.value)
    assert "\n" not in text and "Traceback" not in text
    return text


# Opening


def test_lists_sheets_names_and_tables(rich: Path) -> None:
    package = Package.open(rich)
    assert package.sheets == {"In put": "xl/worksheets/sheet1.xml", "Calc": "xl/worksheets/sheet2.xml"}
    names = {(entry.name, entry.definition, entry.sheet) for entry in package.names}
    assert ("rate", "'In put'!$B$2", None) in names
    assert ("local", "Calc!$A$1", "Calc") in names
    (table,) = package.tables
    assert (table.name, table.sheet, table.area.text()) == ("Prices", "In put", "E1:F4")
    assert table.columns == ("id", "usd per hour")


def test_reads_every_kind_of_value(rich: Path) -> None:
    package = Package.open(rich)
    values = [package.value("In put", cell) for cell in ("A2", "B3", "B5", "C2", "C3", "C4", "A6", "Z99")]
    assert values == ["a", 2.5, None, True, False, "5", "ünï & <é>", None]
    assert isinstance(values[3], bool)


def test_reads_an_error_as_an_error() -> None:
    package = Package.open(sheet_workbook('<row r="1"><c r="A1" t="e"><v>#DIV/0!</v></c></row>'))
    value = package.value("S", "A1")
    assert isinstance(value, CalcError) and value.code == "#DIV/0!"


def test_finds_the_cell_of_a_name(rich: Path) -> None:
    package = Package.open(rich)
    assert package.locate("rate") == ("In put", "B2")
    assert package.locate("RATE") == ("In put", "B2")
    with pytest.raises(FileError, match=r"no name raet\. Did you mean rate\?"):
        package.locate("raet")
    with pytest.raises(FileError, match="not for one cell"):
        package.locate("amounts")


def test_refuses_what_is_no_workbook(tmp_path: Path, rich: Path) -> None:
    text = tmp_path / "text.xlsx"
    text.write_text("name,value\n")
    cut = tmp_path / "cut.xlsx"
    cut.write_bytes(rich.read_bytes()[:3000])
    empty = tmp_path / "empty.xlsx"
    empty.write_bytes(b"")
    plain_zip = tmp_path / "zip.xlsx"
    with zipfile.ZipFile(plain_zip, "w") as archive:
        archive.writestr("readme.txt", "hello")
    document = tmp_path / "ods.xlsx"
    with zipfile.ZipFile(document, "w") as archive:
        archive.writestr("content.xml", "<x/>")
    protected = tmp_path / "protected.xlsx"
    protected.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504) + "EncryptedPackage".encode("utf-16-le"))
    old = tmp_path / "old.xlsx"
    old.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504))
    expected = {
        text: "is not an .xlsx workbook",
        cut: "is cut off or damaged",
        empty: "is empty",
        plain_zip: "without a workbook in it",
        document: "is an OpenDocument file",
        protected: "is password-protected",
        old: "old .xls format",
        tmp_path: "is a folder",
        tmp_path / "missing.xlsx": "there is no file",
    }
    for path, reason in expected.items():
        with pytest.raises(FileError) as error:
            Package.open(path)
        assert reason in sentence(error) and str(path) in str(error.value)


def test_refuses_a_missing_sheet_part(rich: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.xlsx"
    with zipfile.ZipFile(broken, "w") as archive:
        for name, content in members(rich).items():
            if name != "xl/worksheets/sheet2.xml":
                archive.writestr(name, content)
    with pytest.raises(FileError, match="the part of sheet Calc is missing"):
        Package.open(broken)


def test_refuses_a_damaged_part(rich: Path) -> None:
    data = bytearray(rich.read_bytes())
    with zipfile.ZipFile(rich) as archive:
        info = archive.getinfo("xl/worksheets/sheet1.xml")
    start = info.header_offset + 30 + len(info.filename)
    data[start + 20 : start + 60] = bytes(40)
    package = Package.open(bytes(data))
    with pytest.raises(FileError, match=r"damaged: its part xl/worksheets/sheet1\.xml cannot be read"):
        package.value("In put", "A1")


def test_refuses_a_zip_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", bytes(100 * 2**20))
    with pytest.raises(FileError, match="would expand from"):
        Package.open(bomb)
    monkeypatch.setattr(limits, "PARTS", 3)
    with pytest.raises(FileError, match="holds 5 parts"):
        Package.open(sheet_workbook(""))


def test_refuses_entities_of_its_own() -> None:
    content = members(sheet_workbook(""))
    content["xl/workbook.xml"] = b'<!DOCTYPE a [<!ENTITY b "c">]>' + content["xl/workbook.xml"]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, part in content.items():
            archive.writestr(name, part)
    with pytest.raises(FileError, match="declares entities"):
        Package.open(buffer.getvalue())


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_refuses_a_part_that_is_there_twice(rich: Path) -> None:
    add_part(rich, UNKNOWN_PART, b"again")
    with pytest.raises(FileError, match="twice"):
        Package.open(rich)


# Setting inputs


def test_sets_inputs_and_leaves_all_else(rich: Path, tmp_path: Path) -> None:
    package, out = Package.open(rich), tmp_path / "out.xlsx"
    edits = {"B2": 12.5, "B5": 3, "A3": "=1+1", "C2": False, "B3": None, "D9": "new row", "C12": True, "A4": " ü<&> "}
    for cell, value in edits.items():
        package.set_cell("In put", cell, value)
    package.save(out)
    before, after = members(rich), members(out)
    assert list(before) == list(after)
    assert [name for name in before if before[name] != after[name]] == ["xl/worksheets/sheet1.xml"]
    assert after[UNKNOWN_PART] == UNKNOWN_BYTES
    sheet, original = openpyxl.load_workbook(out)["In put"], openpyxl.load_workbook(rich)["In put"]
    for row in range(1, 14):
        for column in "ABCDEF":
            cell = f"{column}{row}"
            expected = edits[cell] if cell in edits else original[cell].value
            assert sheet[cell].value == expected, cell
            assert sheet[cell].number_format == original[cell].number_format
            assert sheet[cell].font.color == original[cell].font.color
    assert sheet["A3"].data_type != "f"
    assert [package.value("In put", cell) for cell in edits] == list(edits.values())


def test_members_that_did_not_change_are_the_same_compressed_bytes(rich: Path, tmp_path: Path) -> None:
    package, out = Package.open(rich), tmp_path / "out.xlsx"
    package.set_cell("In put", "B2", 9)
    package.save(out)
    assert zipfile.ZipFile(out).testzip() is None
    for name in members(rich):
        assert _stored(rich, name)[0] == _stored(out, name)[0], "the date of the member"
        if name != "xl/worksheets/sheet1.xml":
            assert _stored(rich, name) == _stored(out, name)


def _stored(path: Path, name: str) -> tuple[tuple[int, ...], int, bytes]:
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(name)
    data = path.read_bytes()
    lengths = data[info.header_offset + 26 : info.header_offset + 30]
    start = info.header_offset + 30 + int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
    return info.date_time, info.compress_type, data[start : start + info.compress_size]


def test_an_unchanged_package_keeps_every_member(rich: Path) -> None:
    assert members(Package.open(rich).to_bytes()) == members(rich)


def test_reads_archives_written_as_a_stream(rich: Path) -> None:
    """Sizes after the content instead of before it, as programs write that cannot go back."""

    class OneWay(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    stream = OneWay()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members(rich).items():
            archive.writestr(name, content)
    package = Package.open(stream.getvalue())
    package.set_cell("In put", "B2", 9)
    again = Package.open(package.to_bytes())
    assert again.value("In put", "B2") == 9
    assert members(again.to_bytes())[UNKNOWN_PART] == UNKNOWN_BYTES


@pytest.mark.parametrize(
    ("rows", "cell", "expected"),
    [
        ("", "B2", '<row r="2"><c r="B2"><v>5</v></c></row>'),
        ('<row r="1"/><row r="3"/>', "B2", '<row r="1"/><row r="2"><c r="B2"><v>5</v></c></row><row r="3"/>'),
        ('<row r="2" ht="9"/>', "B2", '<row r="2" ht="9"><c r="B2"><v>5</v></c></row>'),
        ('<row r="2"><c r="A2"/><c r="C2"/></row>', "B2",
         '<row r="2"><c r="A2"/><c r="B2"><v>5</v></c><c r="C2"/></row>'),
        ('<row r="2"><c r="B2" s="4"/></row>', "B2", '<row r="2"><c r="B2" s="4"><v>5</v></c></row>'),
        ('<row r="2"><c s="4" r="B2" t="s"><v>0</v></c></row>', "B2", '<row r="2"><c s="4" r="B2"><v>5</v></c></row>'),
        ("<row><c><v>1</v></c></row>\n<row>\n <c/>\n <c/>\n</row>", "B2",
         "<row><c><v>1</v></c></row>\n<row>\n <c/>\n <c><v>5</v></c>\n</row>"),
    ],
)  # fmt: skip
def test_finds_the_place_of_a_cell(rows: str, cell: str, expected: str) -> None:
    package = Package.open(sheet_workbook(rows))
    package.set_cell("S", cell, 5)
    assert f"<sheetData>{expected}</sheetData>".encode() in package.read("xl/worksheets/sheet1.xml")
    assert package.value("S", cell) == 5


def test_prefixed_xml_and_an_empty_sheet() -> None:
    package = Package.open(sheet_workbook('<x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c></x:row>', prefix="x"))
    package.set_cell("S", "A1", "t")
    package.set_cell("S", "B2", 2)
    assert (package.value("S", "A1"), package.value("S", "B2")) == ("t", 2)
    data = sheet_workbook("")
    empty = Package.open(data)
    empty.replace("xl/worksheets/sheet1.xml", empty.read("xl/worksheets/sheet1.xml").replace(
        b"<sheetData></sheetData>", b"<sheetData/>"))  # fmt: skip
    empty.set_cell("S", "A1", None)
    assert b"<sheetData/>" in empty.read("xl/worksheets/sheet1.xml")
    empty.set_cell("S", "C3", 1)
    assert empty.value("S", "C3") == 1


def test_text_survives_as_it_is(tmp_path: Path) -> None:
    package = Package.open(sheet_workbook(""))
    texts = [
        "=SUM(A1)",
        "+1",
        "@x",
        "a\nb",
        "tab\t",
        "  ",
        "<b>&amp;</b>",
        "日本語 🙂",
        "bell\x07",
        "_x0041_",
        "5",
        "TRUE",
    ]
    for row, text in enumerate(texts, start=1):
        package.set_cell("S", f"A{row}", text)
    assert [package.value("S", f"A{row}") for row in range(1, len(texts) + 1)] == texts
    package.save(tmp_path / "out.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx")["S"]
    assert [sheet.cell(row, 1).value for row in range(1, 9)] == texts[:8]
    assert all(sheet.cell(row, 1).data_type != "f" for row in range(1, 13))


def test_refuses_cells_that_are_no_inputs(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1"><f>1+1</f><v>2</v></c>'
        '<c r="B1"><f t="array" ref="B1:B2">A1:A2</f><v>2</v></c></row><row r="2"><c r="B2"><v>0</v></c></row>'
    )
    package = Package.open(sheet_workbook(rows))
    for cell, reason in {
        "A1": "holds a formula",
        "B2": "belongs to the array formula in B1",
        "A0": "not the address",
    }.items():
        with pytest.raises(FileError, match=reason):
            package.set_cell("S", cell, 1)
    with pytest.raises(FileError, match="has no sheet T; it has S"):
        package.set_cell("T", "A1", 1)
    for value, reason in {"x" * 32_768: "32,768 characters", float("nan"): "finite", float("inf"): "finite"}.items():
        with pytest.raises(FileError, match=reason):
            package.set_cell("S", "C3", value)  # type: ignore[arg-type]
    assert package.read("xl/worksheets/sheet1.xml").count(b"<c ") == 3


def test_refuses_sheet_xml_it_cannot_change_safely() -> None:
    package = Package.open(sheet_workbook('<row r="1"><!-- note --><c r="A1"><v>1</v></c></row>'))
    with pytest.raises(FileError, match="cannot be changed safely"):
        package.set_cell("S", "A1", 2)


# Writing


def test_writes_whole_or_not_at_all(rich: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = rich.read_bytes()
    package = Package.open(rich)
    package.set_cell("In put", "B2", 9)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(FileError, match="the disk is full") as error:
        package.save(rich)
    assert str(rich) in sentence(error)
    assert rich.read_bytes() == before
    assert [path.name for path in rich.parent.iterdir()] == [rich.name]
    monkeypatch.undo()
    package.save(rich)
    assert Package.open(rich).value("In put", "B2") == 9
    assert [path.name for path in rich.parent.iterdir()] == [rich.name]


def test_a_disk_that_is_really_full(rich: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small disk is not permitted here")
    try:
        target = small / "out.xlsx"
        target.write_bytes(b"what was there")
        (small / "filler").write_bytes(bytes(12_000))
        with pytest.raises(FileError, match="the disk is full"):
            Package.open(rich).save(target)
        assert target.read_bytes() == b"what was there"
        assert sorted(path.name for path in small.iterdir()) == ["filler", "out.xlsx"]
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_targets_that_cannot_be_written(rich: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = Package.open(rich)
    (tmp_path / "file").write_text("x")
    for target, reason in {
        tmp_path / "nowhere" / "out.xlsx": "there is no folder",
        tmp_path: "it is a folder",
        tmp_path / "file" / "out.xlsx": "there is no folder",
        Path("/dev/null"): "not an ordinary file",
    }.items():
        with pytest.raises(FileError) as error:
            package.save(target)
        assert reason in sentence(error)

    def denied(source: str, target: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    target = tmp_path / "out.xlsx"
    target.write_text("x")
    monkeypatch.setattr(atomic.os, "replace", denied)
    with pytest.raises(FileError, match="another program has it open"):
        package.save(target)
    assert target.read_text() == "x"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "out.xlsx", "rich.xlsx"]


def test_a_read_only_file_is_not_replaced(rich: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out.xlsx"
    target.write_text("x")
    target.chmod(0o444)
    if os.access(target, os.W_OK):  # the administrator may write anywhere
        monkeypatch.setattr(atomic.os, "access", lambda path, mode: False)
    with pytest.raises(FileError, match="read-only"):
        Package.open(rich).save(target)
    assert target.read_text() == "x"


def test_permissions_and_links_stay(rich: Path, tmp_path: Path) -> None:
    target, link = tmp_path / "real.xlsx", tmp_path / "link.xlsx"
    target.write_bytes(rich.read_bytes())
    target.chmod(0o640)
    link.symlink_to(target)
    package = Package.open(link)
    package.set_cell("In put", "B2", 9)
    package.save(link)
    assert link.is_symlink() and Package.open(target).value("In put", "B2") == 9
    assert target.stat().st_mode & 0o777 == 0o640
    fresh = tmp_path / "fresh.xlsx"
    package.save(fresh)
    plain = tmp_path / "plain"
    plain.touch()
    assert fresh.stat().st_mode == plain.stat().st_mode


def test_equal_edits_give_equal_bytes(tmp_path: Path) -> None:
    path = formulas_workbook(tmp_path / "f.xlsx", "=B1", inputs={"B1": 1})
    results = []
    for _ in range(2):
        package = Package.open(path)
        package.set_cell("S", "B1", 7)
        results.append(package.to_bytes())
    assert results[0] == results[1]


def test_formats_that_show_dates_are_those_of_another_reader():
    own = ['[Red]0.0" days"', "[$-409]d mmm yy", "[h]:mm", "[mm]:ss", r"0\d", "0_d", "#,##0;[Red]-d", '"$"0.0,,"M"']
    for number, code in {**BUILTIN_FORMATS, **dict(enumerate(own, 200))}.items():
        assert number_formats.is_date(code) == is_date_format(code), code
        assert number >= 200 or (number in number_formats._BUILT_IN_DATES) == is_date_format(code), number
