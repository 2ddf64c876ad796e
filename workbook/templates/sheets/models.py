"""The Models sheet: the model catalog, with parameters counted live by LLM_PARAMS.

Each row has its own formulas rather than one array formula over the column: Excel can then filter and sort the rows,
an unknown id spoils one cell only, and an auditor sees in each cell what it is made of.
"""

from __future__ import annotations

from openpyxl.worksheet.worksheet import Worksheet

from xlcalc.catalog import tables

from .. import style
from ..book import Book

HEAD, FIRST = 5, 6

_COLUMNS = [
    ("id", "Model", 32),
    ("name", "Name", 34),
    ("hf_id", "Hugging Face name", 50),
    ("organisation", "Publisher", 22),
    ("released", "Released", 11),
    ("context", "Context, tokens", 12),
    ("parameters", "Parameters", 19),
    ("active", "Active a token", 19),
    ("share", "Active share", 9),
    ("license", "License", 36),
    ("source", "Source of configuration", 28),
    ("as_of", "As of", 12),
]
_LEFT = ("Name", "Hugging Face name", "Publisher", "Released", "License", "Source of configuration", "As of")


def build(book: Book) -> Worksheet:
    sheet = book.sheet(
        "Models",
        "Published models; LLM_PARAMS counts parameters from each configuration, without vision and audio towers.",
        [width for _, _, width in _COLUMNS],
        color=style.TEAL, freeze=f"B{FIRST}", repeated_rows=f"1:{HEAD}",
    )  # fmt: skip
    style.headings(sheet, HEAD, [heading for _, heading, _ in _COLUMNS], _LEFT)
    rows = tables.rows("models")
    for row, record in enumerate(rows, FIRST):
        for column, (name, _, _) in enumerate(_COLUMNS, 1):
            if name == "context":
                cell = style.value(sheet, row, column, tables.cell(record["context"]), style.WHOLE)
            elif name == "parameters":
                cell = style.formula(sheet, row, column, f"=LLM_PARAMS($A{row})", style.WHOLE)
            elif name == "active":
                cell = style.formula(sheet, row, column, f'=LLM_PARAMS($A{row},"active")', style.WHOLE)
            elif name == "share":
                cell = style.formula(sheet, row, column, f"=H{row}/G{row}", style.PERCENT)
            elif name == "license":
                cell = style.note(sheet, row, column, record[name])
            else:
                cell = style.text(sheet, row, column, record[name] or None)
            if name == "source":
                book.cite_catalog(cell)
            cell.border = style.underline()
    last = FIRST + len(rows) - 1
    sheet.auto_filter.ref = f"A{HEAD}:{sheet.cell(HEAD, len(_COLUMNS)).column_letter}{last}"
    book.name("models_list", sheet, FIRST, 1, (last, 1))
    book.name("models_parameters", sheet, FIRST, 7, (last, 8))
    return sheet
