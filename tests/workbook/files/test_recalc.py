"""The headless recalculator: results as cached values, and nothing else in the file changed."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from openpyxl.worksheet.formula import ArrayFormula
from workbook_files import formulas_workbook, members, rich_workbook, sheet_workbook

from xlcalc.files import FileError
from xlcalc.language.errors import CalcError
from xlcalc.workbook.files import prepare
from xlcalc.workbook.files.cells_xml import SheetXml
from xlcalc.workbook.files.formula_text import Rewritten
from xlcalc.workbook.files.package import Package
from xlcalc.workbook.files.recalc import Recalculation, recalculate

SHEET = "xl/worksheets/sheet1.xml"


def show(*arguments: Any) -> str:
    return "|".join(str(argument) for argument in arguments)


def double(value: Any) -> Any:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise CalcError("#VALUE!", f"must be a number; got {value!r}", function="LLM_DOUBLE", argument="value")
    return value * 2


def model(name: Any) -> Any:
    raise CalcError("#N/A", f"is not in the catalog: {name}", function="LLM_MODEL", argument="model")


def each(rows: Any) -> Any:
    result = []
    for (value,) in rows:
        result.append(
            [value * 2 if value else CalcError("#NUM!", f"must be above 0; got {value}", function="LLM_EACH")]
        )
    return result


FUNCTIONS = {
    "LLM_SHOW": show,
    "LLM_DOUBLE": double,
    "LLM_MODEL": model,
    "LLM_EACH": each,
    "LLM_TABLE": lambda: [["part", "n"], ["a", 1], ["b", None]],
    "LLM_ROWS": lambda n: [[float(i)] for i in range(int(n))],
    "LLM_BROKEN": lambda: 1 / 0,
    "LLM_NAN": lambda: float("nan"),
    "LLM_NONE": lambda: None,
    "LLM_TEXT": lambda: "ünï <&> 日本",
    "LLM_LONG": lambda: "x" * 40_000,
    "LLM_BIG": lambda: 2**60,
}


def recalc_formulas(
    tmp_path: Path, *formulas: str, inputs: dict[str, object] | None = None
) -> tuple[list[Any], Recalculation]:
    """Values of the formulas by openpyxl, and the report."""
    out = tmp_path / "out.xlsx"
    report = recalculate(formulas_workbook(tmp_path / "in.xlsx", *formulas, inputs=inputs), FUNCTIONS, out)
    sheet = openpyxl.load_workbook(out, data_only=True)["S"]
    return [sheet.cell(row, 1).value for row in range(1, len(formulas) + 1)], report


def values_of(rows: str, names: str = "") -> tuple[Recalculation, bytes]:
    report = recalculate(sheet_workbook(rows, names), FUNCTIONS, trust="engine")
    return report, report.package.read(SHEET)


# The file


def test_only_cached_values_change(tmp_path: Path) -> None:
    path, out = rich_workbook(tmp_path / "rich.xlsx"), tmp_path / "out.xlsx"
    original = path.read_bytes()
    report = recalculate(path, FUNCTIONS, out, trust="engine")
    assert path.read_bytes() == original
    before, after = members(original), members(out)
    assert list(before) == list(after)
    assert {"xl/charts/chart1.xml", "xl/comments1.xml", "xl/media/image1.png", "xl/unknown/part.bin"} <= set(before)
    assert [name for name in before if before[name] != after[name]] == ["xl/worksheets/sheet2.xml"]
    values = re.compile(rb"<v>[^<]*</v>| t=\"\w+\"")
    assert values.sub(b"", before["xl/worksheets/sheet2.xml"]) == values.sub(b"", after["xl/worksheets/sheet2.xml"])
    sheet, formulas = openpyxl.load_workbook(out, data_only=True)["Calc"], openpyxl.load_workbook(out)["Calc"]
    assert [sheet[f"A{row}"].value for row in range(1, 6)] == [10, 10.5, "big", True, "#DIV/0!"]
    assert formulas["A2"].value == "=SUM(amounts)"
    assert formulas["A1"].font.color == openpyxl.load_workbook(path)["Calc"]["A1"].font.color
    assert (report.formulas, report.custom_calls, report.ok) == (5, 0, False)
    assert [(error.sheet, error.cell, error.code) for error in report.errors] == [("Calc", "A5", "#DIV/0!")]


def test_writes_the_right_types() -> None:
    rows = (
        '<row r="1"><c r="A1" s="3" t="str"><f>1+1</f><v>old</v></c><c r="B1"><f>"a"&amp;"&lt;b"</f></c>'
        '<c r="C1" t="n"><f>TRUE</f><v>9</v></c><c r="D1" vm="1"><f>1/0</f><v/></c><c r="E1"><f>""</f><v>1</v></c>'
        "<c r='F1'><f>0.1+0.2</f></c></row>"
    )
    _, xml = values_of(rows)
    assert (
        b'<c r="A1" s="3"><f>1+1</f><v>2</v></c><c r="B1" t="str"><f>"a"&amp;"&lt;b"</f><v>a&lt;b</v></c>'
        b'<c r="C1" t="b"><f>TRUE</f><v>1</v></c><c r="D1" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
        b'<c r="E1" t="str"><f>""</f><v></v></c>'
        b"<c r='F1'><f>0.1+0.2</f><v>0.30000000000000004</v></c>"
    ) in xml


def test_what_is_right_already_is_not_touched() -> None:
    rows = '<row r="1"><c r="A1" ><f>1+1</f><v>2.0</v></c>\n <c r="B1" t="str" ><f>"x"</f><v>x</v></c></row>'
    data = sheet_workbook(rows)
    assert recalculate(data, FUNCTIONS).package.to_bytes() == data
    once = recalculate(sheet_workbook(rows.replace("2.0", "7")), FUNCTIONS, trust="engine").package.to_bytes()
    assert recalculate(once, FUNCTIONS).package.to_bytes() == once


def test_equal_input_gives_equal_bytes(tmp_path: Path) -> None:
    path = rich_workbook(tmp_path / "rich.xlsx")
    recalculate(path, FUNCTIONS, tmp_path / "a.xlsx")
    recalculate(path, FUNCTIONS, tmp_path / "b.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_may_write_where_it_read(tmp_path: Path) -> None:
    path = rich_workbook(tmp_path / "rich.xlsx")
    recalculate(path, FUNCTIONS, path)
    assert openpyxl.load_workbook(path, data_only=True)["Calc"]["A2"].value == 10.5


def test_a_target_that_cannot_be_written_loses_nothing(tmp_path: Path) -> None:
    path = rich_workbook(tmp_path / "rich.xlsx")
    before = path.read_bytes()
    with pytest.raises(FileError, match="there is no folder"):
        recalculate(path, FUNCTIONS, tmp_path / "nowhere" / "out.xlsx")
    assert path.read_bytes() == before and [entry.name for entry in tmp_path.iterdir()] == ["rich.xlsx"]


def test_inputs_set_before_are_used(tmp_path: Path) -> None:
    package = Package.open(rich_workbook(tmp_path / "rich.xlsx"))
    package.set_cell(*package.locate("rate"), 50)
    report = recalculate(package, FUNCTIONS)
    assert report.value("Calc", "A1") == 500
    assert (report.named("rate"), report.value("In put", "A2"), report.value("Calc", "A4")) == (50, "a", True)


def test_files_of_openpyxl(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "S"
    sheet["B1"] = datetime(2025, 3, 1)
    sheet["B2"], sheet["B3"] = 4, "x"
    sheet["A1"], sheet["A2"], sheet["A3"] = "=B1+1", "=LLM_DOUBLE(B2)", "=LLM_SHOW(B1,B3,B4)"
    sheet["D1"] = ArrayFormula("D1:E4", "=LLM_TABLE()")
    book.save(tmp_path / "in.xlsx")
    report = recalculate(tmp_path / "in.xlsx", FUNCTIONS, tmp_path / "out.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx", data_only=True)["S"]
    assert [sheet[cell].value for cell in ("A1", "A2", "A3")] == [45718, 8, "45717.0|x|None"]
    assert [[cell.value for cell in row] for row in sheet["D1:E4"]] == [
        ["part", "n"], ["a", 1], ["b", None], ["#N/A", "#N/A"]]  # fmt: skip
    assert (report.formulas, report.custom_calls) == (4, 3)
    assert [error.cell for error in report.errors] == ["D4", "E4"]


# Custom functions


def test_arguments_arrive_as_cells_hold_them(tmp_path: Path) -> None:
    inputs = {"B1": 0, "B3": "", "C1": "5", "C2": True, "D1": "a", "D2": 1.5}
    cases = {
        "=LLM_SHOW(B1,B2,C1,C2)": "0.0|None|5|True",
        "=LLM_SHOW(B1,,3)": "0.0|None|3.0",
        "=LLM_SHOW(,)": "None|None",
        "=LLM_SHOW(1, )": "1.0|None",
        "=LLM_SHOW()": None,
        '=LLM_SHOW("a,,b",,"(,")': "a,,b|None|(,",
        "=LLM_SHOW(IF(FALSE,,2),,SUM(,1))": "2.0|None|1.0",
        "=LLM_SHOW({1,2;3,4},,5)": "[[1.0, 2.0], [3.0, 4.0]]|None|5.0",
        "=LLM_SHOW(D1:D3)": "[['a'], [1.5], [None]]",
        "=LLM_SHOW(C1:D1)": "[['5', 'a']]",
        "=LLM_SHOW(D:D)": "[['a'], [1.5]]",
        "=LLM_SHOW(1E10,-3%,1=1)": "10000000000.0|-0.03|True",
        "=LLM_SHOW(LLM_DOUBLE(LLM_DOUBLE(1)),LLM_NONE())": "4.0|",
        "=LLM_SHOW(DATE(2025,3,1))": "45717.0",
        "=llm_show(1,,2)": "1.0|None|2.0",
    }
    values, report = recalc_formulas(tmp_path, *cases, inputs=inputs)
    assert dict(zip(cases, values, strict=True)) == cases
    assert not report.not_calculated and not report.errors


@pytest.mark.parametrize(
    "written",
    [
        "LLM_SHOW",
        "_xludf.LLM_SHOW",
        "_xll.LLM_SHOW",
        "[1]!LLM_SHOW",
        "xlcalc.xlam!LLM_SHOW",
        "'C:\\My Add-ins\\xlcalc.xlam'!LLM_SHOW",
    ],
)
def test_functions_are_known_by_every_name_that_files_hold(written: str) -> None:
    text = written.replace("'", "&apos;")
    report, xml = values_of(f'<row r="1"><c r="A1"><f>{text}(1,,2)&amp;"!"</f></c></row>')
    assert report.value("S", "A1") == "1.0|None|2.0!" and report.ok
    assert text.encode() in xml


def test_results_of_every_kind(tmp_path: Path) -> None:
    formulas = [
        "=LLM_TEXT()",
        "=LLM_NONE()",
        "=LLM_BIG()",
        "=LLM_NAN()",
        "=LLM_BROKEN()",
        "=LLM_LONG()",
        '=LLM_MODEL("q")',
    ]
    values, report = recalc_formulas(tmp_path, *formulas)
    assert values == ["ünï <&> 日本", None, 2**60, "#NUM!", "#VALUE!", "#VALUE!", "#N/A"]
    messages = {error.cell: error.message for error in report.errors}
    assert messages == {
        "A4": "LLM_NAN: the answer is not a finite number",
        "A5": "LLM_BROKEN: ZeroDivisionError: division by zero",
        "A6": "LLM_LONG: the answer has 40,000 characters; a cell takes 32,767",
        "A7": "LLM_MODEL: model is not in the catalog: q",
    }
    assert report.custom_calls == 7


def test_errors_say_why_and_where_from(tmp_path: Path) -> None:
    values, report = recalc_formulas(
        tmp_path,
        '=LLM_DOUBLE("x")', "=A1+1", "=LLM_DOUBLE(A2)", "=IFERROR(LLM_MODEL(1),7)", "=SUM(A1:A2)", "=LLM_SHOW(B1:B2)",
        "=NA()", inputs={"B1": 1, "B2": "=1/0"},
    )  # fmt: skip
    assert values == ["#VALUE!"] * 3 + [
        7,
        "#VALUE!",
        "[[1.0], [CalcError('the cell holds the error #DIV/0!')]]",
        "#N/A",
    ]
    messages = {error.cell: error.message for error in report.errors}
    assert messages == {
        "A1": "LLM_DOUBLE: value must be a number; got 'x'",
        "A2": "a value of the wrong kind, from S!A1",
        "A3": "a value of the wrong kind, from S!A2",
        "A5": "a value of the wrong kind, from S!A1",
        "A7": "a value is not available",
        "B2": "a division by zero",
    }


# Excel's own functions


def test_the_usual_functions(tmp_path: Path) -> None:
    inputs = {"B1": "a", "B2": "b", "B3": "c", "C1": 1, "C2": 2.5, "C3": 7}
    cases: dict[str, Any] = {
        "=_xlfn.LET(_xlpm.x,3,_xlpm.y,_xlpm.x*2,_xlpm.x+_xlpm.y)": 9,
        "=_xlfn.LET(_xlpm.f,_xlfn.LAMBDA(_xlpm.x,_xlpm.x+1),_xlpm.f(2))": 3,
        '=_xlfn.XLOOKUP("b",B1:B3,C1:C3)': 2.5,
        '=_xlfn.XLOOKUP("q",B1:B3,C1:C3,"none")': "none",
        "=SUM(_xlfn._xlws.FILTER(C1:C3,C1:C3>2))": 9.5,
        '=SUMIFS(C1:C3,B1:B3,"<>a",C1:C3,">3")': 7,
        '=INDEX(C1:C3,MATCH("c",B1:B3,0))': 7,
        '=CHOOSE(2,"x","y")': "y",
        "=SUM(C:C)": 10.5,
        "=DATE(2025,3,1)": 45717,
        '=TEXT(DATE(2025,3,1),"yyyy-mm-dd")': "2025-03-01",
        '=TEXT(1.5E+24,"0.00E+00")': "1.50E+24",
        '=TEXT(C3*1000,"##0.0E+0")&" FLOP"': "7.0E+3 FLOP",
        '=TEXT(1234.5,"#,##0.00")': "1,234.50",
        "=SUMPRODUCT((B1:B3=\"b\")*C1:C3)": 2.5,
        "=OFFSET(C1,1,0)": 2.5,
        '=INDIRECT("C2")': 2.5,
        "=IF(,1,2)": 2,
        "=B9": 0,
        "=B9&\"\"": None,
        "=NOT(ISBLANK(B9))": False,
    }  # fmt: skip
    values, report = recalc_formulas(tmp_path, *cases, inputs=inputs)
    assert dict(zip(cases, values, strict=True)) == cases
    assert not report.not_calculated


def test_names_that_the_engine_does_not_keep() -> None:
    names = (
        '<definedName name="rate">S!$B$1</definedName><definedName name="doubled">LLM_DOUBLE(S!$B$1)</definedName>'
        '<definedName name="skipping">LLM_SHOW(S!$B$1,,2)</definedName>'
        '<definedName name="block">OFFSET(S!$B$1,0,0,2,1)</definedName>'
        '<definedName name="twice">doubled*2</definedName>'
        '<definedName name="column_b">S!$B:$B</definedName><definedName name="list">{1,2,3}</definedName>'
        '<definedName name="ADD">_xlfn.LAMBDA(_xlpm.a,_xlpm.b,_xlpm.a+_xlpm.b*rate)</definedName>'
        '<definedName name="beside">S!B1</definedName><definedName name="loop">loop+1</definedName>'
    )
    formulas = ["doubled", "skipping", "SUM(block)", "twice+1", "SUM(list)", "ADD(1,ADD(1,1))"]
    rows = "".join(
        f'<row r="{row}"><c r="A{row}"><f>{text}</f></c></row>' for row, text in enumerate(formulas, start=3)
    )
    inputs = '<row r="1"><c r="B1"><v>5</v></c></row><row r="2"><c r="B2"><v>6</v></c></row>'
    last = '<row r="20"><c r="A20"><f>beside</f><v>8</v></c><c r="B20"><f>loop</f><v>9</v></c></row>'
    report, _ = values_of(inputs + rows + last, names)
    values = [report.value("S", f"A{row}") for row in range(3, 9)]
    assert values == [10, "5.0|None|2.0", 11, 21, 6, 31]
    reasons = {entry.cell: entry.reason for entry in report.not_calculated}
    assert reasons == {
        "B20": "loop: a name that is defined by itself",
    }
    assert (report.value("S", "A20"), report.value("S", "B20")) == (9, 9)


def test_tables_and_structured_references(tmp_path: Path) -> None:
    path = tmp_path / "in.xlsx"
    book = xlsxwriter.Workbook(str(path))
    data, sheet = book.add_worksheet("It's data"), book.add_worksheet("S")
    columns = [
        {"header": "id"},
        {"header": "usd [per] hour"},
        {"header": "twice", "formula": "=[@[usd '[per'] hour]]*2"},
    ]
    data.add_table(
        "B2:D6", {"name": "Prices", "columns": columns, "data": [["x", 2], ["y", 3], ["z", 4]], "total_row": True}
    )
    formulas = [
        "=SUM(Prices[usd '[per'] hour])", "=INDEX(Prices[id],2)", '=_xlfn.XLOOKUP("z",Prices[id],Prices[twice])',
        "=ROWS(Prices[])", "=ROWS(Prices[#All])", "=COUNTA(Prices[[#Headers],[id]:[twice]])", "=SUM(Prices)",
        "=LLM_SHOW(Prices[[id]:[usd '[per'] hour]])", "=SUM(Prices[nothing])", "=SUM(Absent[id])",
    ]  # fmt: skip
    for row, formula in enumerate(formulas):
        sheet.write_formula(row, 0, formula, None, "before")
    book.close()
    report = recalculate(path, FUNCTIONS)
    assert [report.value("S", f"A{row}") for row in range(1, 11)] == [
        9, "y", 8, 3, 5, 3, 27, "[['x', 2.0], ['y', 3.0], ['z', 4.0]]", "before", "before"]  # fmt: skip
    assert [report.value("It's data", f"D{row}") for row in (3, 4, 5)] == [4, 6, 8]
    assert [entry.reason for entry in report.not_calculated] == [
        "Prices[nothing]: no such table, column or row",
        "Absent[id]: no such table, column or row",
    ]


def test_shared_formulas() -> None:
    rows = (
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><f t="shared" ref="B1:B3" si="0">LLM_SHOW(A1,,$A$1)</f></c></row>'
        '<row r="2"><c r="A2"><v>2</v></c><c r="B2"><f t="shared" si="0"/><v>9</v></c></row>'
        '<row r="3"><c r="A3"><v>3</v></c><c r="B3"><f t="shared" si="0"></f></c></row>'
        '<row r="4"><c r="C4"><f t="shared" ref="C4:C5" si="1">NOSUCH(A1)+A1</f><v>4</v></c></row>'
        '<row r="5"><c r="C5"><f t="shared" si="1"/><v>5</v></c><c r="D5"><f>C4+C5</f></c></row>'
    )
    report, xml = values_of(rows)
    assert [report.value("S", f"B{row}") for row in (1, 2, 3)] == ["1.0|None|1.0", "2.0|None|1.0", "3.0|None|1.0"]
    assert [entry.cell for entry in report.not_calculated] == ["C4", "C5"]
    assert [report.value("S", cell) for cell in ("C4", "C5", "D5")] == [4, 5, 9]
    assert xml.count(b'si="0"') == 3 and b'<f t="shared" si="0"></f>' in xml and report.formulas == 6


# Arrays


def test_dynamic_arrays_fill_their_range() -> None:
    rows = (
        '<row r="1"><c r="A1" cm="1"><f t="array" ref="A1:B3">LLM_TABLE()</f><v>0</v></c>'
        '<c r="B1" s="2"><v>7</v></c></row>'
        '<row r="2"><c r="A2" t="s"><v>0</v></c><c r="C2"><v>5</v></c></row>'
    )
    report, xml = values_of(rows)
    assert [[report.value("S", f"{c}{r}") for c in "ABC"] for r in (1, 2, 3)] == [
        ["part", "n", None], ["a", 1, 5], ["b", "", None]]  # fmt: skip
    assert b'<c r="B1" s="2" t="str"><v>n</v></c>' in xml
    assert b'<c r="B2"><v>1</v></c><c r="C2">' in xml and b'<row r="3"><c r="A3" t="str"><v>b</v></c>' in xml
    assert report.ok


def test_dynamic_arrays_grow_and_shrink() -> None:
    def rows(wanted: int) -> str:
        return (
            '<row r="1"><c r="A1" cm="1"><f t="array" ref="A1:A2">LLM_ROWS(D1)</f><v>8</v></c>'
            f'<c r="D1"><v>{wanted}</v></c>'
            '<c r="E1"><f>SUM(_xlfn.ANCHORARRAY(A1))</f></c></row><row r="2"><c r="A2" s="4"><v>9</v></c></row>'
        )

    report, xml = values_of(rows(4))
    assert [report.value("S", f"A{row}") for row in range(1, 6)] == [0, 1, 2, 3, None]
    assert b'<f t="array" ref="A1:A4">' in xml and report.value("S", "E1") == 6
    report, xml = values_of(rows(1))
    assert [report.value("S", f"A{row}") for row in range(1, 3)] == [0, None]
    assert b'<f t="array" ref="A1">' in xml and b'<c r="A2" s="4"/>' in xml


def test_a_blocked_array_is_an_error() -> None:
    rows = (
        '<row r="1"><c r="A1" cm="1"><f t="array" ref="A1">LLM_ROWS(3)</f></c></row>'
        '<row r="2"><c r="A2"><v>5</v></c></row>'
    )
    report, xml = values_of(rows)
    assert [(error.cell, error.code) for error in report.errors] == [("A1", "#SPILL!")]
    assert b't="e"><f t="array" ref="A1">LLM_ROWS(3)</f><v>#VALUE!</v>' in xml
    assert report.value("S", "A2") == 5


def test_legacy_array_formulas_fill_their_own_range() -> None:
    rows = (
        '<row r="1"><c r="A1"><f t="array" ref="A1:C4">LLM_TABLE()</f></c><c r="E1"><v>2</v></c></row>'
        '<row r="2"><c r="E2"><v>3</v></c></row>'
        '<row r="6"><c r="A6"><f t="array" ref="A6:A7">E1:E2*10</f></c><c r="B6"><f t="array" ref="B6:B7">E1+1</f></c>'
        '<c r="C6"><f t="array" ref="C6">SUM(IF(E1:E2&gt;2,E1:E2,0))</f></c></row>'
        '<row r="7"><c r="A7"/><c r="D7"><f>A7</f></c></row><row r="8"><c r="A8"><v>1</v></c></row>'
    )
    report, _ = values_of(rows)
    shown = [[report.value("S", f"{column}{row}") for column in "ABC"] for row in (1, 2, 3, 4)]
    codes = [[cell.code if isinstance(cell, CalcError) else cell for cell in row] for row in shown]
    assert codes == [["part", "n", "#N/A"], ["a", 1, "#N/A"], ["b", "", "#N/A"], ["#N/A"] * 3]
    assert [report.value("S", cell) for cell in ("A6", "A7", "B6", "B7", "C6", "D7", "A8")] == [20, 30, 3, 3, 3, 30, 1]
    assert [error.cell for error in report.errors] == ["C1", "C2", "C3", "A4", "B4", "C4"]


def test_errors_in_an_array_are_explained_one_by_one() -> None:
    rows = (
        '<row r="1"><c r="A1" cm="1"><f t="array" ref="A1:A4">LLM_EACH(B1:B4)</f></c><c r="B1"><v>0</v></c></row>'
        '<row r="2"><c r="B2"><v>4</v></c></row><row r="3"/><row r="4"><c r="B4"><v>5</v></c></row>'
    )
    report, _ = values_of(rows)
    assert {error.cell: error.message for error in report.errors} == {
        "A1": "LLM_EACH: must be above 0; got 0.0",
        "A3": "LLM_EACH: must be above 0; got None",
    }
    assert [report.value("S", cell) for cell in ("A2", "A4")] == [8, 10]


def test_ordinary_formulas_give_one_value_and_leave_their_neighbours_alone() -> None:
    rows = (
        '<row r="1"><c r="A1"><f>LLM_TABLE()</f></c><c r="D1"><v>1</v></c><c r="E1"><f>D1:D3</f></c></row>'
        '<row r="2"><c r="D2"><v>2</v></c><c r="E2"><f>D1:D3*10</f></c><c r="F2"><f>_xlfn.SEQUENCE(3)</f></c></row>'
        '<row r="3"><c r="D3"><v>3</v></c><c r="F3"><v>77</v></c></row><row r="9"><c r="E9"><f>D1:D3</f></c></row>'
    )
    report, xml = values_of(rows)
    assert [report.value("S", cell) for cell in ("A1", "E1", "E2", "F2", "F3")] == ["part", 1, 20, 1, 77]
    assert [report.value("S", cell) for cell in ("A2", "B1", "E3", "E10")] == [None] * 4
    assert [(error.cell, error.code) for error in report.errors] == [("E9", "#VALUE!")]
    assert xml.count(b"<c ") == rows.count("<c ")


def test_notes_formulas_that_excel_would_intersect() -> None:
    rows = (
        '<row r="1"><c r="A1"><f>SUM(B1:B3*2)</f></c><c r="B1"><v>1</v></c>'
        '<c r="C1"><f>SUMPRODUCT((B1:B3&gt;0)*B1:B3)</f></c>'
        '<c r="D1"><f>SUM(B1:B3)*2</f></c><c r="E1" cm="1"><f t="array" ref="E1">SUM(B1:B3*2)</f></c></row>'
    )
    report, _ = values_of(rows)
    assert [note.cell for note in report.notes] == ["A1"] and "B1:B3" in report.notes[0].message
    assert report.ok


def test_arrays_that_are_intersected_on_purpose() -> None:
    rows = "".join(f'<row r="{row}"><c r="A{row}"><f>_xlfn.SINGLE(B1:B2)*2</f></c><c r="B{row}"><v>{row}</v></c></row>'
                   for row in (1, 2))  # fmt: skip
    report, _ = values_of(rows)
    assert [report.value("S", "A1"), report.value("S", "A2")] == [2, 4]


def test_an_array_that_cannot_be_calculated_keeps_all_its_cells() -> None:
    rows = (
        '<row r="1"><c r="A1"><f t="array" ref="A1:A2">NOSUCH(B1:B2)</f><v>4</v></c><c r="C1"><f>A2+1</f></c></row>'
        '<row r="2"><c r="A2"><v>5</v></c></row>'
    )
    report, xml = values_of(rows)
    assert [entry.cell for entry in report.not_calculated] == ["A1"]
    assert [report.value("S", cell) for cell in ("A1", "A2", "C1")] == [4, 5, 6]
    assert b'<c r="A2"><v>5</v></c>' in xml


# What is not known


def test_unknown_functions_keep_the_old_value(tmp_path: Path) -> None:
    values, report = recalc_formulas(
        tmp_path,
        "=NOSUCH(1)", "=_xlfn.NOSUCH2(1)+1", "=IFERROR(NOSUCH(1),0)", "=A1&\"!\"", "=NONAME+1", "=[1]Other!A1",
        "=ISFORMULA(A1)", "=SUM((A1:A2,B1))", "=A9", "=A10+1", "=A9&\"?\"", "=1+1",
    )  # fmt: skip
    old = "before"
    assert values == [old, old, old, "before!", old, old, True, old, old, old, "before?", 2]
    reasons = {entry.cell: entry.reason for entry in report.not_calculated}
    assert reasons["A1"] == reasons["A3"] == "NOSUCH: not a function that the recalculator knows"
    assert reasons["A2"] == "NOSUCH2: not a function that the recalculator knows"
    assert reasons["A5"] == "NONAME: no such name or function"
    assert reasons["A6"] == "[1]Other!A1: a cell of another workbook"
    assert "union or intersection of references" in reasons["A8"]
    assert reasons["A9"] == reasons["A10"] == "refers to itself, directly or through other cells"
    assert set(reasons) == {"A1", "A2", "A3", "A5", "A6", "A8", "A9", "A10"}


def test_what_was_never_calculated_is_not_taken_for_nothing() -> None:
    rows = (
        '<row r="1"><c r="A1"><f>NOSUCH(1)</f></c><c r="B1"><f>A1+1</f></c><c r="C1"><f>B1*2</f><v>6</v></c>'
        '<c r="D1"><f>C1+1</f></c></row>'
    )
    report, xml = values_of(rows)
    reasons = {entry.cell: entry.reason for entry in report.not_calculated}
    assert reasons["A1"] == "NOSUCH: not a function that the recalculator knows"
    assert reasons["B1"] == "needs S!A1, which was never calculated"
    assert reasons["C1"] == "needs S!B1, which was never calculated"
    assert report.value("S", "D1") == 7 and report.value("S", "C1") == 6
    assert b'<c r="A1"><f>NOSUCH(1)</f></c><c r="B1"><f>A1+1</f></c>' in xml


def test_a_formula_that_stops_the_engine_stops_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = '<row r="1"><c r="A1"><f>[1]Other!A1</f><v>5</v></c><c r="B1"><f>A1+1</f></c><c r="C1"><f>2+2</f></c></row>'

    def unguarded(text: str, *rest: object) -> Rewritten:
        return Rewritten(text, "")

    monkeypatch.setattr(prepare, "rewrite", unguarded)
    report, _ = values_of(rows)
    assert [entry.cell for entry in report.not_calculated] == ["A1"]
    assert [report.value("S", cell) for cell in ("A1", "B1", "C1")] == [5, 6, 4]


def test_data_tables_and_unreadable_formulas_stay() -> None:
    rows = (
        '<row r="1"><c r="A1"><f t="dataTable" ref="A1:A2" dt2D="1" dtr="1" r1="B1" r2="B2"/><v>5</v></c>'
        '<c r="C1"><f>1+</f><v>6</v></c><c r="D1"><f>A1+1</f></c></row>'
    )
    report, _ = values_of(rows)
    reasons = {entry.cell: entry.reason for entry in report.not_calculated}
    assert reasons["A1"] == "a what-if data table" and reasons["C1"].startswith("a formula that the engine cannot read")
    assert [report.value("S", cell) for cell in ("A1", "C1", "D1")] == [5, 6, 6]


# Around it


def test_progress_and_clock(tmp_path: Path) -> None:
    seen: list[tuple[str, int]] = []
    path = formulas_workbook(tmp_path / "in.xlsx", *["=LLM_DOUBLE(1)"] * 1200, "=TODAY()", "=YEAR(NOW())")
    noon = datetime(2024, 2, 29, 12, tzinfo=timezone.utc)
    report = recalculate(path, FUNCTIONS, progress=lambda stage, calls: seen.append((stage, calls)), now=noon)
    assert seen == [("reading", 0), ("calculating", 500), ("calculating", 1000), ("writing", 1200)]
    assert (report.value("S", "A1201"), report.value("S", "A1202")) == (45351, 2024)


def test_a_workbook_without_formulas(tmp_path: Path) -> None:
    data = sheet_workbook('<row r="1"><c r="A1"><v>1</v></c></row>')
    report = recalculate(data, FUNCTIONS, tmp_path / "out.xlsx")
    assert (report.formulas, report.custom_calls, report.ok) == (0, 0, True)
    assert (tmp_path / "out.xlsx").read_bytes() == data


def test_cells_without_addresses_and_with_a_prefix() -> None:
    data = sheet_workbook("<x:row><x:c><x:v>2</x:v></x:c><x:c><x:f>A1*4</x:f></x:c></x:row>", prefix="x")
    report = recalculate(data, FUNCTIONS)
    assert b"<x:row><x:c><x:v>2</x:v></x:c><x:c><x:f>A1*4</x:f><x:v>8</x:v></x:c></x:row>" in report.package.read(SHEET)


def test_quick_and_exact_ways_of_finding_formulas_agree(tmp_path: Path) -> None:
    path = rich_workbook(tmp_path / "rich.xlsx")
    package = Package.open(path)
    for name in package.sheets:
        xml = SheetXml(package.read(package.sheets[name]), name)
        found = [cell._replace(is_usual=False) for cell in xml.formula_cells()]
        assert found == [cell for cell in xml.cells() if cell.has_formula]


@pytest.mark.host
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_shows_the_cached_values(tmp_path: Path) -> None:
    """LibreOffice 7.4, as it is installed, trusts cached numbers always, and cached text in files that say they come
    from Excel (docProps/app.xml). Errors, TRUE and FALSE, empty text and array formulas it calculates anew; without our
    functions that gives #NAME?.
    """
    formulas = ["=LLM_DOUBLE(B1)", "=LLM_TEXT()", '=LLM_MODEL("q")', "=A1+1", "=B1*3"]
    path = formulas_workbook(tmp_path / "in.xlsx", *formulas, inputs={"B1": 21})
    recalculate(path, FUNCTIONS, tmp_path / "out.xlsx")
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76"]
    subprocess.run(
        [*command, "--outdir", str(tmp_path), str(tmp_path / "out.xlsx")], check=True, capture_output=True, timeout=120
    )
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as stream:
        shown = [row[0] for row in csv.reader(stream)]
    assert shown[:2] + shown[3:] == ["42", "ünï <&> 日本", "43", "63"]
    assert shown[2] in ("#N/A", "#NAME?")
