"""The Cover: what the workbook is, how to read it, its contents, and the names of its inputs and key results.

The table of names is the range named `names_listed`: name, kind ("input" or "result"), unit, meaning.
"""

from __future__ import annotations

from collections.abc import Sequence

from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

import xlcalc

from .. import style
from ..book import Book

_WIDTHS: list[float] = [34, 16, 26, 96]


def start(book: Book) -> Worksheet:
    """The empty sheet, so that it stands first."""
    return book.sheet("Cover", str(book.workbook.properties.subject), _WIDTHS, color=style.NAVY, repeated_rows="1:3")


def finish(book: Book, sheet: Worksheet, about: list[str], headlines: list[str], scope: Sequence[str] = ()) -> None:
    """`headlines` are the results to be listed first, in order."""
    row = 5
    for paragraph in [*about, *scope]:
        cell = style.text(sheet, row, 1, paragraph)
        cell.alignment = style.aligned(wrap=True)
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(_WIDTHS))
        sheet.row_dimensions[row].height = 2 + 14 * style.wrapped_lines(paragraph, sum(_WIDTHS))
        row += 1
    version = f"xlcalc {xlcalc.__version__}, catalogs as of {book.as_of.isoformat()}"
    style.text(sheet, row, 1, version, size=9, color=style.GREY)
    row = _changes(sheet, row + 1) if book.listed else row
    row = _legend(sheet, row + 2, bool(book.listed))
    row = _contents(book, sheet, row + 1)
    if book.listed:
        _names(book, sheet, row + 1, headlines)


def _changes(sheet: Worksheet, row: int) -> int:
    """Lines where the user notes what was changed, when and by whom."""
    style.section(sheet, row + 1, "Change log", len(_WIDTHS))
    for column, head in enumerate(["What", "When", "Who", "Why"], 1):
        style.text(sheet, row + 2, column, head, size=9, bold=True, color=style.GREY)
    for line in range(row + 3, row + 8):
        for column in range(1, len(_WIDTHS) + 1):
            cell = style.entry(sheet, line, column, None, style.DATE if column == 2 else style.GENERAL)
            cell.alignment = style.aligned("left")
    return row + 7


def _legend(sheet: Worksheet, row: int, has_inputs: bool) -> int:
    style.section(sheet, row, "Colours", len(_WIDTHS))
    kinds = [
        ("Input", "Blue on light yellow: yours to change.", style.INPUT_FONT, style.YELLOW),
        ("Formula", "Black: calculated, locked.", "000000", style.WHITE),
        ("Link", "Green: fetched unchanged from another place.", style.LINK_FONT, style.WHITE),
        ("Figure", "Black on the catalog sheets: a published figure with its source and date.", "000000", style.WHITE),
    ]
    for label, meaning, color, ground in kinds if has_inputs else kinds[1::2]:
        row += 1
        cell = style.text(sheet, row, 1, label, color=color)
        cell.fill, cell.border = style.fill(ground), style.box()
        style.text(sheet, row, 2, meaning)
    row += 1
    style.text(
        sheet,
        row,
        1,
        "Sheets are protected without a password: Review, Unprotect Sheet opens them.",
        size=9,
        color=style.GREY,
    )
    return row + 1


def _contents(book: Book, sheet: Worksheet, row: int) -> int:
    style.section(sheet, row, "Contents", len(_WIDTHS))
    for other in book.workbook.worksheets[1:]:
        row += 1
        cell = style.text(sheet, row, 1, other.title)
        style.link(cell, location=f"'{other.title}'!A1")
        style.text(sheet, row, 2, other.cell(2, 1).value)
    return row + 1


def _names(book: Book, sheet: Worksheet, row: int, headlines: list[str]) -> None:
    sheet.row_breaks.append(Break(id=row - 1))
    style.section(sheet, row, "Names of inputs and key results", len(_WIDTHS))
    row += 1
    sheet.print_title_rows = f"{row}:{row}"  # from here on: the pages before it have what they are of at their top
    style.headings(sheet, row, ["Name", "Kind", "Unit", "Meaning"], ("Kind", "Unit", "Meaning"))
    first = row + 1
    order = {name: place for place, name in enumerate(headlines)}
    listed_names = sorted(book.listed, key=lambda one: (one.kind, order.get(one.name, len(order))))
    for row, listed in enumerate(listed_names, first):
        name = style.text(sheet, row, 1, listed.name)
        style.link(name, location=book.workbook.defined_names[listed.name].attr_text)
        for column, content in enumerate((listed.kind, listed.unit, listed.meaning), 2):
            style.text(sheet, row, column, content)
        for column in range(1, len(_WIDTHS) + 1):
            sheet.cell(row, column).border = style.underline()
    book.name("names_listed", sheet, first, 1, (row, len(_WIDTHS)))
