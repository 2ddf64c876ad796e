"""The Models sheet: the model catalog, with the parameters that LLM_PARAMS counts.

In the workbook of the catalogs they are counted live, in each row by its own formulas rather than by one array formula
over the column: Excel can then filter and sort the rows, an unknown id spoils one cell only, and an auditor sees in
each cell what it is made of. A budget, in which nothing reads them, has their values: 560 calls at each opening would
be most of its calculation.
"""

from __future__ import annotations

from openpyxl.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

import xlcalc
from xlcalc.catalog import tables
from xlcalc.model.spec import ModelSpec

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
    ("license", "Licence", 36),
    ("source", "Source of configuration", 28),
    ("as_of", "As of", 12),
]
_COUNTED: dict[str, tuple[str, ...]] = {"parameters": (), "active": ("active",)}
"""The columns that LLM_PARAMS counts, and its arguments after the model."""
_LEFT = ("Name", "Hugging Face name", "Publisher", "Released", "Licence", "Source of configuration", "As of")


def build(book: Book, *, live: bool) -> Worksheet:
    sheet = book.sheet(
        "Models",
        "Published models; parameters as LLM_PARAMS counts them from each configuration, without vision and audio towers"
        + (", live." if live else "."),
        [width for _, _, width in _COLUMNS],
        color=style.TEAL, freeze=f"B{FIRST}", repeated_rows=f"1:{HEAD}",
    )  # fmt: skip
    style.headings(sheet, HEAD, [heading for _, heading, _ in _COLUMNS], _LEFT)
    rows = tables.rows("models")
    for row, record in enumerate(rows, FIRST):
        for column, (name, _, _) in enumerate(_COLUMNS, 1):
            if name == "context":
                cell = style.value(sheet, row, column, tables.cell(record["context"]), style.WHOLE)
            elif name in _COUNTED:
                cell = _counted(sheet, row, column, record["id"], name, live)
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
    book.name("models_source", sheet, FIRST, 11, (last, 11))
    book.name("models_parameters", sheet, FIRST, 7, (last, 8))
    return sheet


def own_row(model: ModelSpec) -> list[str | float | None]:
    """What the columns hold of a model of the user's own."""
    total, active = model.total, model.active
    fields = vars(model) | {"parameters": total, "active": active, "share": active / total}
    return [fields[name] or None for name, _, _ in _COLUMNS]


def _counted(sheet: Worksheet, row: int, column: int, model: str, name: str, live: bool) -> Cell:
    more = _COUNTED[name]
    if not live:
        return style.value(sheet, row, column, xlcalc.LLM_PARAMS(model, *more), style.WHOLE)
    arguments = ",".join([f"$A{row}", *(f'"{word}"' for word in more)])
    return style.formula(sheet, row, column, f"=LLM_PARAMS({arguments})", style.WHOLE)
