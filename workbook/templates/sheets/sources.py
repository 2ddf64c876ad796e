"""The Sources sheet: every source that a sheet cites, and the formulas behind the functions that are used."""

from __future__ import annotations

import re

from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet

import xlcalc

from .. import style
from ..book import Book

FIRST = 6
_WIDTHS: list[float] = [34, 92, 100, 12, 26]


def build(book: Book) -> Worksheet:
    used = _functions_used(book)
    sheet = book.sheet("Sources",
                       "Where every figure comes from. Keys stand in the Source columns of the catalog sheets.",
                       _WIDTHS, color=style.GREY, freeze="B6", repeated_rows="1:5")  # fmt: skip
    style.headings(sheet, FIRST - 1, ["Source", "What it is", "Address", "Date", "Used on"],
                   ("What it is", "Address", "Date", "Used on"))  # fmt: skip
    row, rows = FIRST, {}
    for key, (source, sheets) in sorted(
        book.cited.items(), key=lambda item: (item[1][1][0] != "Inputs", item[0].lower())
    ):
        style.text(sheet, row, 1, key)
        rows[key] = row
        style.note(sheet, row, 2, source.title)
        style.link(style.text(sheet, row, 3, source.address, size=8), source.address)
        style.text(sheet, row, 4, source.when)
        style.text(sheet, row, 5, ", ".join(sheets))
        for column in range(1, len(_WIDTHS) + 1):
            sheet.cell(row, column).border = style.underline()
        row += 1
    for cell, key in book.source_cells:
        style.link(cell, location=f"Sources!A{rows[key]}")
    if used:
        _formulas(sheet, row + 1, used)
    return sheet


def _formulas(sheet: Worksheet, row: int, used: list[str]) -> None:
    style.section(sheet, row, "Functions used, and where their formulas come from", len(_WIDTHS))
    for declaration in xlcalc.functions():
        if declaration.name not in used:
            continue
        row += 1
        style.text(sheet, row, 1, declaration.name)
        style.note(sheet, row, 2, declaration.summary)
        style.note(sheet, row, 3, declaration.source)
        for column in range(1, len(_WIDTHS) + 1):
            sheet.cell(row, column).border = style.underline()


def _functions_used(book: Book) -> list[str]:
    found: set[str] = set()
    for sheet in book.workbook:
        for cells in sheet.iter_rows():
            for cell in cells:
                content = cell.value.text if isinstance(cell.value, ArrayFormula) else cell.value
                if isinstance(content, str) and cell.data_type == "f":
                    found.update(re.findall(r"LLM_\w+", content))
    return sorted(found)
