"""Templates and reports in the real LibreOffice, which does not know the LLM_* functions: it shows the cached values."""

from __future__ import annotations

import re
import shutil
import subprocess
from math import isclose

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula

from xlcalc.files import write_atomically
from xlcalc.workbook import report
from xlcalc.workbook.files.convert import convert
from xlcalc.workbook.files.package import Package
from xlcalc.workbook.files.recalc import Recalculation, recalculate
from xlcalc.workbook.listed import cell_functions
from xlcalc.workbook.report_pdf import as_pdf

pytestmark = pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")


def in_libreoffice(folder, *paths):
    """The files as LibreOffice loads and saves them, in a folder of their own."""
    profile = folder / "profile"
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML",
         "--outdir", folder / "out", *paths],
        check=True, capture_output=True, timeout=600,
    )  # fmt: skip
    return folder / "out"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The folder of the templates, and within it that of what LibreOffice makes of them."""
    folder = tmp_path_factory.mktemp("templates")
    paths = [folder / f"{template}.xlsx" for template in report.templates()]
    for path in paths:
        write_atomically(path, report.find(path.stem).to_bytes())
    return folder, in_libreoffice(folder, *paths)


def cells(path):
    """The values of a file by sheet, row and column."""
    book = openpyxl.load_workbook(path, data_only=True, read_only=True)
    return book.sheetnames, {
        (sheet.title, row, column): value
        for sheet in book
        for row, values in enumerate(sheet.iter_rows(values_only=True), 1)
        for column, value in enumerate(values, 1)
        if value not in (None, "")
    }


@pytest.mark.parametrize("template", report.templates())
def test_cached_values_are_shown(template, saved):
    (sheets, ours), (their_sheets, theirs) = (cells(folder / f"{template}.xlsx") for folder in saved)
    assert their_sheets == sheets and len(ours) > 100
    wrong = []
    for place in ours.keys() | theirs.keys():
        value, shown = ours.get(place), theirs.get(place)
        close = isinstance(value, float) and isinstance(shown, (int, float)) and isclose(shown, value, rel_tol=1e-9)
        if not close and shown != value:
            wrong.append((place, value, shown))
    assert not wrong, (len(wrong), wrong[:10])


def test_without_the_functions_most_values_stay(tmp_path):
    """The row of docs/formula-text.md: numbers and texts stay; a truth value and an array formula are calculated anew."""
    path = tmp_path / "book.xlsx"
    book = openpyxl.Workbook()
    book.active["A1"], book.active["A2"] = '=LLM_PARAMS("llama-3.1-8b")', '=LLM_HARDWARE("h100-sxm","vendor")'
    book.active["A3"] = '=LLM_PARAMS("llama-3.1-8b")>1'
    book.active["A4"] = ArrayFormula("A4:A4", '=LLM_PARAMS("llama-3.1-8b")')
    book.save(path)
    assert report.recalculated(path, path).ok
    saved = in_libreoffice(tmp_path, path) / path.name
    shown = [row[0].value for row in openpyxl.load_workbook(saved, data_only=True).active["A1:A4"]]
    assert shown == [8030261248, "NVIDIA", "#NAME?", "#NAME?"]
    assert openpyxl.load_workbook(saved).active["A1"].value == '=llm_params("llama-3.1-8b")'
    assert convert(package := Package.open(saved), {"LLM_PARAMS", "LLM_HARDWARE"}, "").calls == 4
    assert recalculate(package, cell_functions()).ok


def test_a_pdf_of_a_file_that_excel_saved_is_the_board_pack(tmp_path):
    """Excel says neither that a sheet is visible nor which of the first is open, and keeps a chain of formulas."""
    package = report.find("cluster-tco")
    workbook = package.read(package.workbook_part).replace(b' state="visible"', b"")
    package.replace(package.workbook_part, re.sub(rb' activeTab="\d+"', b"", workbook))
    made = report.Report("x", Recalculation(package, 0, 0, 0.0, [], [], [], False), [], [])
    pages = len(re.findall(rb"/Type\s*/Page\b", as_pdf(made)))
    assert 1 <= pages <= 3


def test_a_pdf_of_a_workbook_of_ones_own_has_its_sheets(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "R&D"
    book.active["A1"], book.active["A2"] = 1, "=A1+1"
    book.create_sheet("Checks")["A1"] = "x"
    book.save(tmp_path / "own.xlsx")
    pages = re.findall(rb"/Type\s*/Page\b", as_pdf(report.make(str(tmp_path / "own.xlsx"), {})))
    assert len(pages) == 2
