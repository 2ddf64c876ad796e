"""Formula texts from host to host and back: only the names of our functions change."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.formula import ArrayFormula
from typer.testing import CliRunner

from xlcalc.cli import app
from xlcalc.workbook import build, report, spellings
from xlcalc.workbook.package import Package

NAMES = build.cell_functions()
KV = 'LLM_KV_CACHE("llama-3.1-8b",8192)'


def saved(book) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["A1"] = f"={KV}"
    sheet["A2"] = f'=IF(A1>0,"LLM_KV_CACHE(1)&amp; ""LLM_PARAMS(""",{KV}/2)+SUM(LLM_PARAMS(B1:B2))'
    sheet["A3"] = "LLM_KV_CACHE(1)"  # text
    sheet["A4"] = "=MY_LLM_KV_CACHE(1)+LLM_KV_CACHE_OLD(2)+LLM_UNKNOWN(3)"
    sheet["A5"] = ArrayFormula("A5:B6", "=LLM_PARAMS_TABLE(B1)")
    book.defined_names["kv"] = DefinedName("kv", attr_text=KV)
    rule = DataValidation(type="custom", formula1=f"{KV}>0")
    rule.add("C1")
    sheet.add_data_validation(rule)
    sheet.conditional_formatting.add("A1", FormulaRule(formula=[f"{KV}>1"], font=Font(bold=True)))
    return saved(book)


@pytest.mark.parametrize("spelling", ["officejs", "libreoffice"])
@pytest.mark.parametrize(
    "data", [workbook(), report.find("training-budget").to_bytes()], ids=["small", "training-budget"]
)
def test_there_and_back_is_the_same_file(spelling, data):
    package = Package(data)
    there = spellings.convert(package, NAMES, spelling)
    changed = package.to_bytes()
    back = Package(changed)
    assert spellings.convert(back, NAMES, "plain") == there > 5
    assert parts(back.to_bytes()) == parts(data) != parts(changed)


def test_every_formula_is_respelled_and_no_text():
    package = Package(workbook())
    assert spellings.convert(package, NAMES, "officejs") == 7
    book = openpyxl.load_workbook(io.BytesIO(package.to_bytes()))
    sheet = book.active
    assert sheet["A1"].value == f"=_xldudf_{KV}"
    assert (
        '"LLM_KV_CACHE(1)&amp; ""LLM_PARAMS("""' in sheet["A2"].value and "SUM(_xldudf_LLM_PARAMS(" in sheet["A2"].value
    )
    assert sheet["A3"].value == "LLM_KV_CACHE(1)"
    assert sheet["A4"].value == "=MY_LLM_KV_CACHE(1)+LLM_KV_CACHE_OLD(2)+LLM_UNKNOWN(3)"
    assert sheet["A5"].value.text == "=_xldudf_LLM_PARAMS_TABLE(B1)"
    assert book.defined_names["kv"].attr_text == f"_xldudf_{KV}"
    assert sheet.data_validations.dataValidation[0].formula1 == f"_xldudf_{KV}>0"
    (rules,) = sheet.conditional_formatting
    assert rules.rules[0].formula == [f"_xldudf_{KV}>1"]


@pytest.mark.parametrize(
    "before",
    [
        "[1]!",
        "xlcalc.xlam!",
        "'C:\\add-ins\\xlcalc.xlam'!",
        "_xludf.",
        "_xldudf_",
        "_xldudf_TEAM_",
        "ORG.XLCALC.ADDIN.",
    ],
)
def test_what_hosts_write_becomes_plain_and_is_calculated(before, tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"] = f"=1+{before}{KV}"
    (tmp_path / "book.xlsx").write_bytes(saved(book))
    recalculated = report.recalculated(tmp_path / "book.xlsx", tmp_path / "out.xlsx")
    assert recalculated.ok and recalculated.package.value("Sheet", "A1") == 1 + 2**30
    package = Package.open(tmp_path / "book.xlsx")
    assert spellings.convert(package, NAMES, "plain") == 1
    assert openpyxl.load_workbook(io.BytesIO(package.to_bytes())).active["A1"].value == f"=1+{KV}"


def test_command_line(tmp_path):
    run = CliRunner()
    path = tmp_path / "book.xlsx"
    path.write_bytes(workbook())
    done = run.invoke(app, ["convert", str(path), "--to", "libreoffice", "-o", str(tmp_path / "other.xlsx")])
    assert done.exit_code == 0 and done.stdout.startswith("7 LLM_* calls")
    assert openpyxl.load_workbook(path).active["A1"].value == f"={KV}"
    assert openpyxl.load_workbook(tmp_path / "other.xlsx").active["A1"].value == f"=ORG.XLCALC.ADDIN.{KV}"
    assert run.invoke(app, ["convert", str(path), "--to", "lotus"]).exit_code == 2
    assert run.invoke(app, ["convert", str(tmp_path / "none.xlsx")]).exit_code != 0


def test_the_edition_of_values_has_the_values_and_no_formula(tmp_path):
    run = CliRunner()
    for edition in ("addin", "values"):
        done = run.invoke(
            app, ["new", "training-budget", "--edition", edition, "-o", str(tmp_path / f"{edition}.xlsx")]
        )
        assert done.exit_code == 0, done.output
    live, frozen = (openpyxl.load_workbook(tmp_path / f"{e}.xlsx", data_only=True) for e in ("addin", "values"))
    formulas = openpyxl.load_workbook(tmp_path / "values.xlsx")
    for sheet in live:
        assert [[c.value for c in row] for row in sheet] == [[c.value for c in row] for row in frozen[sheet.title]]
        assert not [c for row in formulas[sheet.title] for c in row if c.data_type == "f"]
    assert (
        run.invoke(app, ["new", "training-budget", "--edition", "standalone", "-o", str(tmp_path / "x.xlsx")]).exit_code
        == 2
    )
