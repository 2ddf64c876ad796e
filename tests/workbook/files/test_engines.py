"""Small workbooks of every class in which engines part from Excel. The values are Excel's by its documentation or by
arithmetic; none is taken from an engine. A cell is right, or it is named and keeps what it had."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.workbook.defined_name import DefinedName

from xlcalc.language.errors import CalcError
from xlcalc.workbook import report
from xlcalc.workbook.files import engine
from xlcalc.workbook.files.recalc import Recalculation, recalculate
from xlcalc.workbook.listed import cell_functions

FUNCTIONS = {"LLM_TWICE": lambda x: [[2 * v for v in row] for row in x] if isinstance(x, list) else 2 * x}
COLUMN = {"A1": "AB-gpu", "A2": "CD-gpu", "A3": "CD-net", "A4": "AB-net", "B1": 10, "B2": 20, "B3": 30, "B4": 100}


def book(cells: dict[str, Any], names: dict[str, str] | None = None, title: str = "S", epoch: Any = None) -> bytes:
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = title
    if epoch is not None:
        made.epoch = epoch
    for cell, value in cells.items():
        sheet[cell] = value
    for name, target in (names or {}).items():
        made.defined_names[name] = DefinedName(name, attr_text=target)
    buffer = BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def values(data: bytes, *cells: str) -> list[Any]:
    result = recalculate(data, FUNCTIONS)
    sheet = next(iter(result.package.sheets))
    return [result.value(sheet, cell) for cell in cells]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        # Functions of one value over ranges, in functions that calculate with arrays
        ('=SUMPRODUCT((LEFT(A1:A4,2)="AB")*B1:B4)', 110),
        ('=SUMPRODUCT(ISNUMBER(SEARCH("gpu",A1:A4))*B1:B4)', 30),
        ("=SUMPRODUCT(LEN(A1:A4))", 24),
        ('=SUMPRODUCT(SUMIF(A1:A4,{"AB-gpu","CD-net"},B1:B4))', 40),
        ('=SUM(COUNTIF(A1:A4,{"AB-gpu","AB-net"}))', 2),
        ("=SUMPRODUCT(ROUND(B1:B4/3,0))", 3 + 7 + 10 + 33),
        ('=SUMPRODUCT(--(TEXT(B1:B4,"000")="020"))', 1),
        ("=SUMPRODUCT(MONTH(B1:B4)*0+1)", 4),
        ('=SUMPRODUCT(LLM_TWICE(4)*(RIGHT(A1:A4,3)="net"))', 16),
        ("=SUM(LARGE(B1:B4,{1,2}))", 130),
        # Coercion and text
        ("=LEFT(TRUE,2)", "TR"),
        ('=""&1/3', "0.333333333333333"),  # Excel shows 15 digits
        ('=TEXT(0.25,"# ?/?")', " 1/4"),
        ('="1,000"+1', 1001),
        # Financial functions: a present value of 8,000 over 3 years at 10 %, payment 1/1.1^n by arithmetic
        ("=IPMT(0.1,1,3,8000)", -800),
        ("=PPMT(0.1,1,3,8000)", 800 - 8000 * 0.1 / (1 - 1.1**-3)),
        ("=CUMIPMT(0.1,3,8000,1,1,0)", -800),
        ("=DB(1000000,100000,6,1,7)", 1000000 * 0.319 * 7 / 12),  # Microsoft's example: 186,083.33
        ("=DDB(2400,300,10,1,2)", 480),  # Microsoft's example
        ("=DAYS360(DATE(2011,1,30),DATE(2011,2,1))", 1),  # Microsoft's example
        # Arithmetic
        ("=GCD(0,12)", 12),
        ("=CEILING(0,0)", 0),
        ("=CEILING(-2.5,-2)", -4),  # Microsoft's example
        ("=SUM(INDEX(B1:B4*2,2))", 40),
        ("=MODE(B1,20,B2)", 20),
        ('=LOOKUP(2,1/(A1:A4="AB-net"),B1:B4)', 100),
        ('=SUMPRODUCT(SMALL(B1:B4,ROW(INDIRECT("1:2"))))', 30),
        ('=SUMPRODUCT(MID("12345",ROW(INDIRECT("1:5")),1)*1)', 15),
        ('=SUMPRODUCT(--(MOD(ROW(INDIRECT("1:"&B1)),2)=1))', 5),
        ("=LOOKUP(25,B1:B6,A1:A6)", "CD-gpu"),
        # Numbers that agree in 15 digits are equal, and a difference that is rounding alone is 0
        ("=IF(0.1+0.2=0.3,1,2)", 1),
        ("=0.1+0.2-0.3", 0),
        ("=COUNTIF(B1:B4,0.1+0.2)", 0),
        ('=IF(SUM(0.1,0.2)<=0.3,"fits","no")', "fits"),
        ("=LEN(0.1+0.2)", 3),
        ("=IFERROR(MATCH(0.1+0.2,{0.1,0.3},0),-1)", -1),  # but a search looks at every digit
        # Texts that are numbers, words that are truth values, letters beyond ASCII
        ('=YEAR("2024-05-06")', 2024),
        ('=IFERROR(YEAR("2024-05-06"),0)', 2024),
        ('=ABS("$5")', 5),
        ('=IF("TRUE",1,2)', 1),
        ('=LOWER("É")', "é"),
        ('=LEN("😀")', 2),  # counted in UTF-16
        # Several keys and places at once
        ("=SUMPRODUCT(VLOOKUP(B1:B3,B1:B4,1,FALSE))", 60),
        ("=SUMPRODUCT(SMALL(B1:B4,ROW(A1:A2)))", 30),
        ("=SUMPRODUCT(ROW(A1:A4))", 10),
        ("=SUMPRODUCT(CODE(A1:A4))", 65 + 67 + 67 + 65),
        ("=SUMPRODUCT(RANK(B1:B4,B1:B4))", 10),
        ("=SUMPRODUCT(LOOKUP(B1:B2,B1:B4,B1:B4))", 30),
        ("=SUMPRODUCT(N(OFFSET(B1,{0,1},0)))", 30),
        ('=AGGREGATE(15,6,B1:B4/(RIGHT(A1:A4,3)="net"),1)', 30),
        ('=SUM(_xlfn._xlws.FILTER(B1:B4,RIGHT(A1:A4,3)="net"))', 130),
        # Arguments that are seldom given
        ("=NETWORKDAYS(DATE(2012,10,1),DATE(2013,3,1),DATE(2012,11,22))", 109),  # Microsoft's example
        ("=IFERROR(INDEX(A1:B4,2),-1)", -1),
        ("=IFERROR(DATE(10000,1,1),-1)", -1),
        ('=COUNTIF(A1:A4,"a~~b")', 0),
        (
            '=TEXT(-1/3,"0")&TEXT(-1E-8,"0.00%")',
            "00.00%",
        ),  # without minus, in a workbook of IronCalc's that Excel saved
        # Spelling
        ("=LLM_TWICE (4)", 8),
        ("=SUM(" + ",".join(["1"] * 255) + ")", 255),
    ],
)
def test_formulas_of_one_cell(formula: str, expected: Any) -> None:
    result = recalculate(book({**COLUMN, "D1": formula}), FUNCTIONS)
    value = result.value("S", "D1")
    if any(entry.cell == "D1" for entry in result.not_calculated):
        return
    assert value == (expected if isinstance(expected, str) else pytest.approx(expected, rel=1e-12))


def test_most_of_them_are_calculated() -> None:
    """Naming everything would be no answer."""
    formulas = ["=SUMPRODUCT(LEN(A1:A4))", "=LEFT(TRUE,2)", "=GCD(0,12)", "=IPMT(0.1,1,3,8000)", '=""&1/3']
    data = book({**COLUMN, **{f"D{row}": text for row, text in enumerate(formulas, 1)}})
    assert not recalculate(data, FUNCTIONS).not_calculated


def test_arrays_and_arguments_that_are_left_out() -> None:
    """In one workbook: what the engines take otherwise unless it is written for them, and is never refused."""
    expected = {
        # Microsoft's page of LINEST sums its array in a plain formula; the line through COLUMN is 2 + 3 * 1, 2, 3, 4
        "=SUM(LINEST({5;8;11;14},{1;2;3;4})*{9,1})": 29,
        "=SUM(TREND({5;8;11;14},{1;2;3;4})*1)": 38,
        "=SUM(FREQUENCY(B1:B4,{15,25})*{1;10;100})": 1 + 10 + 200,
        "=SUM(MINVERSE({2,0;0,4})*2)": 1.5,
        "=FREQUENCY(B1:B4,25)": 2,
        "=SUM(FREQUENCY(B1:B4,B1+5))": 4,
        "=SUM(MMULT({1,3;7,2},{2,0;0,2}))": 26,
        '=SUM(VLOOKUP("CD-net",A1:C4,{2,3},FALSE))': 33,
        "=SUM(NPV({0,1},100))": 150,
        '=SUM(CODE({"a","b"}))': 97 + 98,
        "=SUM(_xlfn.SEQUENCE(3,,10))": 33,
        "=ADDRESS(1,2,,FALSE)": "R1C2",
        "=SUM(OFFSET(B1,0,0,COUNTA(A1:A9),1))": 160,
        "=ROW(E1)+COLUMNS($E1:E1)": 2,  # which is no circle
        '=VALUE("$1,000")': 1000,
        "=_xlfn.FLOOR.MATH(-8.1,2)": -10,
        '=SUMPRODUCT((A1:D1048576="AB-gpu")*1)': 1,
    }
    data = {**COLUMN, "C1": 1, "C2": 2, "C3": 3, "C4": 4, **{f"E{row}": text for row, text in enumerate(expected, 1)}}
    result = recalculate(book(data | {"E14": "=ROW(E14)-13+COLUMNS($E14:E14)"}), FUNCTIONS)
    assert not result.not_calculated
    for row, (formula, value) in enumerate(expected.items(), 1):
        assert result.value("S", f"E{row}") == (value if isinstance(value, str) else pytest.approx(value)), formula


def test_arrays_in_calls_need_no_room_beside_the_formula() -> None:
    formulas = [
        "=SUM(LLM_TWICE({1;2}))+1",
        '=TEXTJOIN(";",TRUE,LLM_TWICE({1;3}))',
        "=MAX(LLM_TWICE({1,2}))",
        "=LLM_TWICE(3)",
    ]
    data = book({**{f"D{row}": text for row, text in enumerate(formulas, 1)}, "E3": 1})
    assert values(data, "D1", "D2", "D3", "D4") == [7, "2;6", 4, 6]


def test_what_both_engines_calculate_otherwise_is_named() -> None:
    """In one workbook: sums of other cells than the criterion has, criteria that are errors or formulas, truth values
    in matrices, dates whose day and month may stand in either order, formulas that need themselves."""
    data = {**COLUMN, "C1": True, "C2": "10-12-1999", "G1": "Part", "G2": "gpu", "H1": "Price", "H2": 5,
            "J1": "above", "J2": "=H2>1", "L2": "=L1+1", "M2": 1}  # fmt: skip
    formulas = {
        "E1": '=SUMIF(A1:A4,"AB*",B1)', "E2": '=SUMIF(B1:B4,"<>#N/A")', "E3": '=COUNTIF(B1:B4,"#N/A")',
        "E4": "=SUM(MMULT(C1:C1,B1:B1))", "E5": "=VALUE(C2)", "E6": '=DSUM(G1:H2,"Price",J1:J2)',
        "L1": '=INDIRECT("L2")+1', "M1": "=SUM(OFFSET(M1,0,0,2,1))", "N1": '=COUNT(INDIRECT("places"))',
    }  # fmt: skip
    result = recalculate(book(data | formulas, {"places": "S!$B$1:$B$4"}), FUNCTIONS)
    assert [one.cell for one in result.not_calculated] == ["E1", "L1", "M1", "N1", "E2", "L2", "E3", "E4", "E5", "E6"]


def test_one_cell_of_a_range() -> None:
    cells = {
        "A1": 10,
        "A2": 20,
        "A3": 30,
        "A4": 5,
        "D2": '=IF(Price>15,"big","small")',
        "D4": '=IF(Price>15,"big","small")',
    }
    assert values(book(cells, {"Price": "S!$A$1:$A$4"}), "D2", "D4") == ["big", "small"]


@pytest.mark.parametrize("title", ["sheet1", "SHEET1", "Sheet1"])
def test_sheets_of_any_name(title: str) -> None:
    cells = {"A1": 1, "A2": 2, "B1": "=SUM(A1:A2)*2", "B2": "=LLM_TWICE(B1)"}
    assert values(book(cells, title=title), "B1", "B2") == [6, 12]


def test_a_function_that_is_a_name_too_is_named() -> None:
    cells = {"A1": 45292, "A2": 5, "B1": "=YEAR(A1)", "B2": "=rate*2"}
    result = recalculate(book(cells, {"year": "S!$B$1", "rate": "S!$A$2"}), FUNCTIONS)
    assert [one.cell for one in result.not_calculated] == ["B1"] and result.value("S", "B2") == 10


@pytest.mark.parametrize(
    ("cells", "formula", "expected"),
    [
        ({"A1": "=0.1*3", "B1": 0.3}, "=A1=B1", True),
        ({"A1": "=1-0.9", "B1": 0.1}, '=IF(A1<B1,"below","not")', "not"),
        ({"A1": "=4.1-4", "B1": 0.1}, "=A1-B1", 4.1 - 4 - 0.1),  # 3.6E-16 of 0.1 is no rounding
        ({"A1": 1e23, "A2": 2e23, "A3": 3e23}, "=A1+A2-A3", 0),
        ({"A1": True, "A2": 7, "A3": "5"}, "=SUMPRODUCT(A1:A3)", 7),
        ({"A1": 1e-13, "A2": 2e-13}, "=MATCH(2E-13,A1:A2,0)", 2),
        ({"A1": "ZÜRICH", "B1": "Zürich"}, "=A1=B1", True),
        ({"A1": "1/2/2024"}, "=IFERROR(MONTH(A1),0)", 1),
        ({"A1": "=1/3"}, "=LEN(A1)", 17),
        ({"A1": "=1/0"}, "=IFERROR(YEAR(A1),5)", 5),
    ],
)  # fmt: skip
def test_values_that_need_the_exact_engine(cells: dict[str, Any], formula: str, expected: Any) -> None:
    value = values(book({**cells, "D1": formula}), "D1")[0]
    assert value == (expected if isinstance(expected, str) else pytest.approx(expected, rel=1e-9, abs=1e-30))


def test_lookup_passes_over_blanks() -> None:
    cells = {"A1": 1, "A2": 2, "A4": 4, "A5": 4, "B2": "two", "D1": "=LOOKUP(3,A1:A5,B1:B5)"}
    assert values(book(cells), "D1") == ["two"]


def test_texts_as_dates_since_1904_are_named() -> None:
    cells = {"A1": 45292, "A2": "2028-01-02", "B1": "=A2-A1", "B2": '=COUNTIF(A1,"2028-01-02")', "B3": "=YEAR(A2)"}
    result = recalculate(book(cells, epoch=CALENDAR_MAC_1904), FUNCTIONS)
    assert [one.cell for one in result.not_calculated] == ["B1", "B2"]
    assert result.value("S", "B3") == 2028


def test_dates_since_1904() -> None:
    assert values(book({"A1": 45292, "B1": "=YEAR(A1)"}, epoch=CALENDAR_MAC_1904), "B1") == [2028]


def test_hidden_rows() -> None:
    made = openpyxl.Workbook()
    sheet = made.active
    for row, value in enumerate([100, 200, 300, 400], 1):
        sheet.cell(row, 1, value)
    sheet["C1"], sheet["C2"] = "=SUBTOTAL(109,A1:A4)", "=SUBTOTAL(9,A1:A4)"
    for row in (2, 4):
        sheet.row_dimensions[row].hidden = True
    buffer = BytesIO()
    made.save(buffer)
    assert values(buffer.getvalue(), "C1", "C2") == [400, 1000]


def strict(data: bytes) -> bytes:
    """The same file in the strict format."""
    spaces = (
        ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main"),
        ("http://schemas.openxmlformats.org/officeDocument/2006/relationships",
         "http://purl.oclc.org/ooxml/officeDocument/relationships"),
    )  # fmt: skip
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            text = source.read(name).decode()
            for usual, other in spaces if name != "[Content_Types].xml" else ():
                text = text.replace(usual, other)
            target.writestr(name, text)
    return out.getvalue()


@pytest.mark.parametrize(
    "reference", ["OFFSET(A1,0,0,4,1)", 'INDIRECT("A1:A4")', "A1:INDEX(A1:A4,4)", "INDEX(A1:B4,0,1)"]
)
def test_hidden_rows_behind_a_function_are_named(reference: str) -> None:
    made = openpyxl.Workbook()
    for row in range(1, 5):
        made.active[f"A{row}"] = row
    made.active["C1"] = f"=SUBTOTAL(109,{reference})"
    buffer = BytesIO()
    made.save(buffer)
    assert recalculate(buffer.getvalue(), FUNCTIONS).value("Sheet", "C1") == 10
    made.active.row_dimensions[2].hidden = True
    made.save(buffer := BytesIO())
    assert [one.cell for one in recalculate(buffer.getvalue(), FUNCTIONS).not_calculated] == ["C1"]


def test_strict_files_stay_strict() -> None:
    result = recalculate(strict(book({"A1": 2, "B1": "=A1*3", "B2": "=LEFT(TRUE,2)"})), FUNCTIONS)
    assert (result.value("S", "B1"), result.value("S", "B2")) == (6, "TR")
    assert b"purl.oclc.org" in result.package.read("xl/workbook.xml")


def test_iteration_goes_on_from_the_stored_value() -> None:
    made = openpyxl.load_workbook(BytesIO(book({"A1": "=(A1+10)/2"})))
    made.calculation.iterate, made.calculation.iterateCount, made.calculation.fullCalcOnLoad = True, 1, False
    buffer = BytesIO()
    made.save(buffer)
    data = _with(buffer.getvalue(), b"<f>(A1+10)/2</f><v></v>", b"<f>(A1+10)/2</f><v>4</v>")
    assert recalculate(data, FUNCTIONS, trust="engine").value("S", "A1") == 7


def _with(data: bytes, old: bytes, new: bytes) -> bytes:
    """The file with other bytes in its first sheet."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = content.replace(b"<v />", b"<v></v>").replace(old, new)
                assert new in content
            target.writestr(name, content)
    return out.getvalue()


# The file against the engines


def saved(**cells: tuple[str, Any]) -> bytes:
    """A workbook as a spreadsheet program saves it: formulas with values, or values alone."""
    rows: dict[int, str] = {}
    for cell, (formula, value) in cells.items():
        inner = (f"<f>{formula}</f>" if formula else "") + f"<v>{value}</v>"
        row = int(cell[1:])
        kind = ' t="str"' if isinstance(value, str) else ""
        rows[row] = rows.get(row, "") + f'<c r="{cell}"{kind}>{inner}</c>'
    data = "".join(f'<row r="{row}">{text}</row>' for row, text in sorted(rows.items()))
    made = book({"A1": 1})
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(made)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                start, end = content.index(b"<sheetData>"), content.index(b"</sheetData>")
                content = content[:start] + b"<sheetData>" + data.encode() + content[end:]
            target.writestr(name, content.replace(b' fullCalcOnLoad="1"', b""))
    return out.getvalue()


def reasons(result: Recalculation) -> dict[str, str]:
    return {entry.cell: entry.reason for entry in result.not_calculated}


def test_a_value_that_the_engines_do_not_confirm_is_kept_and_named() -> None:
    data = saved(A1=("", 2), B1=("A1*3", 6), C1=("A1+1", 99), D1=("C1*2", 198))
    result = recalculate(data, FUNCTIONS)
    assert list(reasons(result)) == ["C1"]
    assert (
        "calculated otherwise than by the program that saved this file (there 99, here 3): =A1+1"
        in reasons(result)["C1"]
    )
    assert "S!D1 depends on it" in reasons(result)["C1"]
    assert [result.value("S", cell) for cell in ("B1", "C1", "D1")] == [6, 99, 198]
    trusting = recalculate(data, FUNCTIONS, trust="engine")
    assert [trusting.value("S", cell) for cell in ("B1", "C1", "D1")] == [6, 3, 6] and trusting.ok


def test_what_depends_on_it_is_named_where_its_inputs_change() -> None:
    from xlcalc.workbook.files.package import Package

    package = Package(saved(A1=("", 2), B1=("A1*3", 6), C1=("A1+1", 99), D1=("C1*2", 198)))
    package.set_cell("S", "A1", 5)
    result = recalculate(package, FUNCTIONS)
    assert set(reasons(result)) == {"C1", "D1"} and "depends on S!C1" in reasons(result)["D1"]
    assert [result.value("S", cell) for cell in ("B1", "C1", "D1")] == [15, 99, 198]


def test_last_digits_are_the_files_own_until_the_value_changes() -> None:
    """What is left of a difference is noise, of which Excel's own last digits (here those of 0.1+0.2-0.3) stay."""
    from xlcalc.workbook.files.package import Package

    data = saved(
        A1=("", 0.3), B1=("0.1+0.2-A1", 2.775557562e-17), C1=("A1/3", 0.1000000000000001), D1=("NOW()*0+A1", 9)
    )
    assert [recalculate(data, FUNCTIONS).value("S", cell) for cell in ("B1", "C1")] == [
        2.775557562e-17,
        0.1000000000000001,
    ]
    assert recalculate(data, FUNCTIONS, trust="engine").value("S", "C1") == 0.3 / 3
    package = Package(data)
    package.set_cell("S", "A1", 0.6)
    assert recalculate(package, FUNCTIONS).value("S", "C1") == 0.6 / 3


def test_our_own_functions_may_have_become_better_since() -> None:
    result = recalculate(saved(A1=("", 2), B1=("LLM_TWICE(A1)", 5), C1=("B1+1", 6)), FUNCTIONS)
    assert result.ok and [result.value("S", cell) for cell in ("B1", "C1")] == [4, 5]


def test_a_file_without_values_is_said_to_be_one() -> None:
    assert recalculate(book({"A1": 2, "B1": "=A1*3"}), FUNCTIONS).without_values
    assert not recalculate(saved(A1=("", 2), B1=("A1*3", 6)), FUNCTIONS).without_values


def test_shrinking_spills_leave_their_neighbours() -> None:
    """Two dynamic arrays; the first shrinks, and the second grows into the cells that it leaves."""
    rows = (
        '<row r="1"><c r="A1" cm="1"><f t="array" ref="A1:A3">_xlfn.SEQUENCE(D1)</f><v>1</v></c><c r="D1"><v>1</v></c></row>'
        '<row r="2"><c r="A2"><v>2</v></c></row><row r="3"><c r="A3"><v>3</v></c></row>'
        '<row r="4"><c r="A4"><v>44</v></c></row>'
    )
    data = saved(A1=("", 1))
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                start, end = content.index(b"<sheetData>"), content.index(b"</sheetData>")
                content = content[:start] + b"<sheetData>" + rows.encode() + content[end:]
            target.writestr(name, content)
    result = recalculate(out.getvalue(), FUNCTIONS, trust="engine")
    assert [result.value("S", cell) for cell in ("A1", "A2", "A3", "A4")] == [1, None, None, 44]


def test_names_that_fan_out_and_arrays_over_sheets_are_named_soon(tmp_path: Path) -> None:
    names = {f"fan_{i}": f"fan_{i + 1}+fan_{i + 1}" for i in range(40)} | {"fan_40": "1+RAND()*0"}
    result = recalculate(book({"A1": "=fan_0"}, names), FUNCTIONS)
    assert "A1" in reasons(result)


def test_another_workbooks_table_is_not_a_local_one() -> None:
    result = recalculate(saved(A1=("SUM([1]Other!A1:A2)", 7)), FUNCTIONS, trust="engine")
    assert result.value("S", "A1") == 7 and "another workbook" in reasons(result)["A1"]


def test_errors_are_excels() -> None:
    value = values(book({"A1": "=MATCH(5,{1,2,3},0)"}), "A1")[0]
    assert isinstance(value, CalcError) and value.code == "#N/A"


@pytest.mark.slow
@pytest.mark.parametrize("template", report.templates())
def test_budgets_need_the_fast_engine_alone(template: str) -> None:
    """What makes their reports quick, and what an open workbook needs. The rate of return is the one exception: what
    IRR gives where it comes to no end differs between the engines."""
    sheets = engine.read(report.find(template), {name.upper() for name in cell_functions()})
    needs = {reason for sheet in sheets for reason in (*sheet.doubtful.values(), *sheet.problems.values())}
    assert needs <= {"IRR"}
