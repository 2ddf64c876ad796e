"""`xlcalc convert`: the names of our functions rewritten for another host, and nothing else."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from workbook_files import formulas_workbook, members, sheet_workbook

import xlcalc
from xlcalc.workbook import report
from xlcalc.workbook.files.convert import HOSTS, Converted, convert, mark
from xlcalc.workbook.files.package import Package, WorkbookError
from xlcalc.workbook.files.recalc import recalculate
from xlcalc.workbook.listed import cell_functions
from xlcalc.workbook.templates import editions

XLCALC = Path(sys.executable).with_name("xlcalc")
FUNCTIONS = {function.name for function in xlcalc.functions()}
MARKS = sorted({*HOSTS.values(), mark("xlwings-server", "fin.team")})
SHEET, WORKBOOK, TABLE = "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/tables/table1.xml"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"

CELLS = (
    '<row r="1"><c r="A1"><f>LLM_KV_CACHE(&quot;llama-3.1-8b&quot;,1)&amp;"""LLM_PARAMS(1)"</f><v>5</v></c>'
    '<c r="B1"><f t="shared" ref="B1:B2" si="0">llm_params(C1)+1</f><v>6</v></c></row>'
    '<row r="2"><c r="A2"><f t="array" ref="A2:A3">SUM(LLM_PARAMS(C1:C2),LLM_PARAMS( "ä" ))</f><v>1</v></c>'
    '<c r="B2"><f t="shared" si="0"/><v>6</v></c><c r="C2" t="inlineStr"><is><t>LLM_PARAMS(1)</t></is></c></row>'
)  # 4 calls
AFTER_CELLS = (
    '<conditionalFormatting sqref="A1"><cfRule type="expression" priority="1"><formula>LLM_PARAMS(A1)&gt;1</formula>'
    '</cfRule><cfRule type="colorScale" priority="2"><colorScale><cfvo type="formula" val="LLM_PARAMS(&quot;a&quot;)"/>'
    "<cfvo type='formula' val='LLM_PARAMS(A1)'/><color rgb=\"FFFFFFFF\"/></colorScale></cfRule></conditionalFormatting>"
    '<dataValidations count="1"><dataValidation type="custom" prompt="=LLM_PARAMS(1)" sqref="A1">'
    "<formula1>LLM_PARAMS(A1)&gt;0</formula1><formula2>LLM_PARAMS(A2)</formula2></dataValidation></dataValidations>"
    '<extLst><ext xmlns:x="x" xmlns:m="m" uri="u"><x:formula1><m:f>LLM_PARAMS(A1)</m:f></x:formula1></ext></extLst>'
)  # 6 calls
TABLE_XML = (
    '<table xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" id="1" name="T" displayName="T" '
    'ref="E1:F3" totalsRowCount="1"><tableColumns count="2"><tableColumn id="1" name="LLM_PARAMS(">'
    "<calculatedColumnFormula>LLM_PARAMS(T[[#This Row],[b]])</calculatedColumnFormula></tableColumn>"
    '<tableColumn id="2" name="b"><totalsRowFormula array="1">SUM(LLM_PARAMS(T[b]))</totalsRowFormula></tableColumn>'
    "</tableColumns></table>"
)  # 2 calls
NAMES = '<definedName name="kv" comment="LLM_PARAMS(1) > 0">LLM_PARAMS(S!$C$1)</definedName>'  # 1 call
ALL_CALLS = 13


def file(cells: str = "", names: str = "", after: str = "", links: tuple[str, ...] = (), table: str = "") -> bytes:
    """A workbook with one sheet, and with links to other files."""
    parts = members(sheet_workbook(cells, names))
    parts[SHEET] = parts[SHEET].replace(b"</sheetData>", f"</sheetData>{after}".encode())
    books = "".join(f'<externalReference r:id="e{n}"/>' for n in range(len(links)))
    parts[WORKBOOK] = parts[WORKBOOK].replace(
        b"</sheets>", f"</sheets><externalReferences>{books}</externalReferences>".encode()
    )
    for n, target in enumerate(links):
        add_relation(parts, WORKBOOK, f"e{n}", "externalLink", f"externalLinks/externalLink{n}.xml")
        link = f"xl/externalLinks/externalLink{n}.xml"
        parts[link] = f'<externalLink><externalBook xmlns:r="{RELATIONS}" r:id="r"/></externalLink>'.encode()
        add_relation(parts, link, "r", "externalLinkPath", target, ' TargetMode="External"')
    if table:
        parts[TABLE] = table.encode()
        add_relation(parts, SHEET, "t", "table", "../tables/table1.xml")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def add_relation(parts: dict[str, bytes], part: str, key: str, kind: str, target: str, more: str = "") -> None:
    folder, _, name = part.rpartition("/")
    relations = f"{folder}/_rels/{name}.rels"
    empty = f'<Relationships xmlns="{PACKAGE}"></Relationships>'.encode()
    one = f'<Relationship Id="{key}" Type="{RELATIONS}/{kind}" Target="{target}"{more}/></Relationships>'
    parts[relations] = parts.get(relations, empty).replace(b"</Relationships>", one.encode())


def formulas(*texts: str) -> str:
    return "".join(f'<row r="{n}"><c r="A{n}"><f>{text}</f><v>1</v></c></row>' for n, text in enumerate(texts, 1))


def written(package: Package) -> list[str]:
    return [cell.formula_text.decode() for cell in package.sheet("S").formula_cells()]


def converted(data: bytes, new_mark: str) -> tuple[Package, Converted]:
    package = Package.open(data)
    return package, convert(package, FUNCTIONS, new_mark)


@pytest.mark.parametrize("new_mark", MARKS)
def test_every_place_of_a_formula_and_back(new_mark: str) -> None:
    """Each call everywhere gets the mark, and only that is put in; taken out again the parts are what they were."""
    data = file(CELLS, NAMES, AFTER_CELLS, table=TABLE_XML)
    package, result = converted(data, new_mark)
    assert result.calls == ALL_CALLS
    there = members(package.to_bytes())
    before = members(data)
    assert sum(there[part].count(new_mark.encode()) for part in before) >= ALL_CALLS
    for part, content in before.items():
        if part in (SHEET, WORKBOOK, TABLE):
            assert there[part].replace(new_mark.encode(), b"") == content
        else:
            assert there[part] == content, part
    for kept in (b'"""LLM_PARAMS(1)"', b"<t>LLM_PARAMS(1)</t>", b'prompt="=LLM_PARAMS(1)"', b'si="0"/>'):
        assert kept in there[SHEET]
    assert b'name="LLM_PARAMS("' in there[TABLE] and b'comment="LLM_PARAMS(1) > 0"' in there[WORKBOOK]
    back, result = converted(package.to_bytes(), "")
    assert result.calls == ALL_CALLS and members(back.to_bytes()) == before


@pytest.mark.parametrize(
    ("template", "new_mark"),
    [*(("training-budget", mark) for mark in MARKS), *((name, MARKS[-1]) for name in report.templates())],
)
def test_templates_there_and_back(template: str, new_mark: str) -> None:
    data = report.find(template).to_bytes()
    there, result = converted(data, new_mark)
    assert result.calls >= 10
    back, again = converted(there.to_bytes(), "")
    assert again.calls == result.calls and members(back.to_bytes()) == members(data)


@pytest.mark.parametrize("new_mark", [*MARKS, "[1]!", "_xludf.", "XLWINGS."])
def test_the_recalculator_reads_every_spelling(new_mark: str) -> None:
    call = f'{new_mark}LLM_KV_CACHE("llama-3.1-8b",1'
    data = file(
        formulas(f"{call})", f"{call},,)", f"SUM({call}),1)", "kv+1"), f'<definedName name="kv">{call})</definedName>'
    )
    result = recalculate(data, cell_functions())
    assert result.ok and [result.value("S", f"A{n}") for n in range(1, 5)] == [131072, 131072, 131073, 131073]


def test_what_is_not_a_call_of_ours_stays() -> None:
    texts = ["S!LLM_PARAMS(1)", "[2]!LLM_PARAMS(1)", "[9]!LLM_PARAMS(1)", "[0]!LLM_PARAMS(1)", "LLM_PARAMS+1",
             "_xlfn.LAMBDA(_xlpm.LLM_PARAMS,_xlpm.LLM_PARAMS(1))", "LLM_NONE(1)", "XLLM_PARAMS(1)", "_xldudf_OTHER(1)",
             "'LLM_PARAMS('!A1", "T[LLM_PARAMS]", "'C:\\LLM_PARAMS(\\other.xlam'!LLM_PARAMS(1)"]  # fmt: skip
    data = file(formulas(*texts), links=("xlcalc.xlam", "file:///C:/acme/other.xlam"))
    package, result = converted(data, "_xldudf_")
    assert result.calls == 0 and written(package) == texts


def test_a_function_that_the_workbook_defines_is_its_own() -> None:
    names = '<definedName name="llm_params">_xlfn.LAMBDA(_xlpm.m,1)</definedName>'
    package, result = converted(file(formulas("LLM_PARAMS(1)", "LLM_KV_CACHE(1)"), names), "_xldudf_")
    assert result.calls == 1
    assert written(package) == ["LLM_PARAMS(1)", "_xldudf_LLM_KV_CACHE(1)"]


@pytest.mark.parametrize("target", ["file:///C:/Users/a%20b/XLSTART/xlcalc.xlam", "C:\\x\\XLCALC.xlam", "xlcalc.xlam"])
def test_the_link_to_the_excel_addin(target: str) -> None:
    """Excel saves its add-in's functions by a link: read as ours, the link itself left alone and named once unused."""
    data = file(
        formulas("[2]!LLM_PARAMS(1)+[1]!LLM_PARAMS(1)", "xlcalc.xlam!LLM_PARAMS(1)", "[1]Sheet!A1"),
        links=("other.xlam", target),
    )
    package, result = converted(data, "")
    assert written(package) == ["LLM_PARAMS(1)+[1]!LLM_PARAMS(1)", "LLM_PARAMS(1)", "[1]Sheet!A1"]
    assert result == (2, [2])
    before, after = members(data), members(package.to_bytes())
    assert {part for part in before if before[part] != after[part]} == {SHEET} and before.keys() == after.keys()
    still_used = file(formulas("[1]!LLM_PARAMS(1)+[1]!OTHER(1)"), links=(target,))
    assert converted(still_used, "")[1] == (1, [])


def test_an_office_addins_name_behind_a_wrong_link_is_mended() -> None:
    data = file(formulas("[1]!_xldudf_LLM_PARAMS(1)", "[1]!_xldudf_NS_LLM_PARAMS(1)"), links=("SOLVER.XLAM",))
    package, _ = converted(data, "_xldudf_")
    assert written(package) == ["_xldudf_LLM_PARAMS(1)", "_xldudf_LLM_PARAMS(1)"]


@pytest.mark.parametrize("after", ["<!-- <formula>LLM_PARAMS(1)</formula> -->", "<x><![CDATA[LLM_PARAMS(1)]]></x>"])
def test_xml_that_cannot_be_changed_safely_is_refused(after: str) -> None:
    data = file(formulas("LLM_PARAMS(1)"), after=after)
    with pytest.raises(WorkbookError, match=f"its part {SHEET} holds comments or CDATA"):
        converted(data, "_xldudf_")
    assert converted(file(formulas("1"), after="<!-- about -->"), "_xldudf_")[1].calls == 0


def test_the_page_tells_of_every_host() -> None:
    page = (Path(__file__).parents[3] / "docs" / "formula-text.md").read_text("utf-8")
    assert all(f"`{host}`" in page and f"{HOSTS[host]}LLM_PARAMS(" in page for host in HOSTS)


# The command


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([XLCALC, *map(str, arguments)], capture_output=True, text=True)


def test_the_command(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(file(formulas("[1]!LLM_PARAMS(1)"), links=("C:\\x\\xlcalc.xlam",)))
    done = run("convert", path, "--to", "xlwings-server", "--namespace", "fin", "-o", tmp_path / "out.xlsx")
    assert done.returncode == 0 and done.stdout.startswith("1 LLM_* calls written as _xldudf_FIN_LLM_...")
    assert "link 1, to C:\\x\\xlcalc.xlam" in done.stderr and "Break Links" in done.stderr
    assert written(Package.open(path)) == ["[1]!LLM_PARAMS(1)"]
    assert run("convert", tmp_path / "out.xlsx", "--to", "plain").returncode == 0
    assert written(Package.open(tmp_path / "out.xlsx")) == ["LLM_PARAMS(1)"]


def test_wrong_use(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(file(formulas("LLM_PARAMS(1)")))
    for arguments, said in [
        (["--to", "gnumeric"], "libreoffice"),
        (["--to", "plain", "--namespace", "a"], "only xlwings-server"),
        (["--to", "xlwings-server", "--namespace", "a b"], "'a b'"),
    ]:
        done = run("convert", path, *arguments)
        assert done.returncode == 2 and said in " ".join(done.stderr.split()), done.stderr
    assert run("convert", tmp_path / "none.xlsx", "--to", "plain").returncode == 1
    assert written(Package.open(path)) == ["LLM_PARAMS(1)"]


def test_standalone_is_written_from_any_spelling_and_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    path = formulas_workbook(tmp_path / "lite.xlsx", '=_xldudf_LLM_PARAMS("gpt2")')
    assert run("convert", path, "--to", "standalone").returncode == 0
    assert written(Package.open(path))[0] == 'LLM_PARAMS("gpt2")'
    block = {"B1": "model_type", "C1": "gpt2", "B2": "n_layer", "C2": 12}
    path = formulas_workbook(tmp_path / "block.xlsx", "=LLM_PARAMS(B1:C2)", inputs=block)
    done = run("convert", path, "--to", "standalone")
    assert done.returncode == 1 and "A1 give a model or an accelerator by its fields" in " ".join(done.stderr.split())
    assert written(Package.open(path)) == ["LLM_PARAMS(B1:C2)"]


def test_new_writes_values_alone(tmp_path: Path) -> None:
    """The edition for readers without functions: every cell shows what the live one shows, and none has a formula."""
    done = run("new", "training-budget", "--edition", "values", "-o", tmp_path / "values.xlsx")
    assert done.returncode == 0, done.stderr
    live, values = report.find("training-budget"), Package.open(tmp_path / "values.xlsx")
    for sheet in live.sheets:
        theirs, ours = live.sheet(sheet), values.sheet(sheet)
        assert not ours.formula_cells()
        shown = {(c.row, c.column): values.cell_value(ours, c) for c in ours.cells()}
        if sheet == "Cover":
            assert "no formulas" in str(shown.pop((4, 4)))
        assert shown == {
            (c.row, c.column): live.cell_value(theirs, c) for c in theirs.cells() if (c.row, c.column) in shown
        }
        assert shown.keys() >= {(c.row, c.column) for c in theirs.formula_cells()}
    done = run("new", "training-budget", "--edition", "printed", "-o", tmp_path / "s.xlsx")
    assert done.returncode == 2 and "the editions are addin, standalone, values" in done.stderr
    assert not (tmp_path / "s.xlsx").exists()


def test_a_workbook_of_another_host_is_made_standalone_by_the_names_in_it():
    """And one that asks what they do not know is refused by its cells."""
    gallery = Path(__file__).parents[3] / "docs" / "gallery"
    lite = Package.open(gallery / "somebody-elses-workbook.xlsx")
    convert(lite, FUNCTIONS, mark("xlwings-lite"))
    made = editions.converted(lite, "standalone")
    written = b"".join(made.read(part) for part in made.sheets.values())
    assert b"LLM_" in written and b"_xldudf_" not in written
    with pytest.raises(WorkbookError, match=r"Job!B9, .*by its fields"):
        editions.converted(Package.open(gallery / "a-model-of-your-own.xlsx"), "standalone")
