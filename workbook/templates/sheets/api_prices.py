"""The API prices sheet: what hosted models cost a million tokens, as listed, and rows for the user's own contracts."""

from __future__ import annotations

from datetime import date

from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from xlcalc.catalog import tables

from .. import style
from ..book import Book
from ..parts import EFFICIENCY, Input, Line

HEAD, FIRST, OWN_ROWS = 5, 6, 8
_PRICE = '"$"0.00####'
_COLUMNS = [
    ("id", "Hosted model", 46, style.GENERAL),
    ("provider", "Provider", 16, style.GENERAL),
    ("input_usd_per_token", "Input, USD/million tokens", 14, _PRICE),
    ("output_usd_per_token", "Output, USD/million tokens", 14, _PRICE),
    ("cached_usd_per_token", "Cached input, USD/million tokens", 14, _PRICE),
    ("context", "Context, tokens", 12, style.WHOLE),
    ("source", "Source", 26, style.GENERAL),
    ("as_of", "As of", 12, style.DATE),
]
_MILLION = 10**6
CACHED = Input(
    "api_cached_share", "Prompt billed as cached", None, "share", "Of prompt tokens, at the hosted model's cached price.", None, style.PERCENT,
    0, 1, blank="as much as own machines find in their cache", group=EFFICIENCY,
)  # fmt: skip
LINES = [
    Line("api_row", "Place on API prices", "row of the list", "MATCH({api_model},api_list,0)", "", style.WHOLE),
    Line("api_input_price", "Input", "USD/million tokens", "INDEX(api_input,{api_row})", "As listed.", _PRICE),
    Line("api_output_price", "Output", "USD/million tokens", "INDEX(api_output,{api_row})", "", _PRICE),
    Line("api_cached_price", "Cached input", "USD/million tokens",
         "IF(ISNUMBER(INDEX(api_cached,{api_row})),INDEX(api_cached,{api_row}),{api_input_price})", "As input where none is listed.", _PRICE),
    Line("api_cached_part", "Prompt billed as cached", "share", "IF(ISNUMBER({api_cached_share}),{api_cached_share},{cached_share})",
         "Yours, else as on own machines.", style.PERCENT),
]  # fmt: skip
"""Where the hosted model stands on the sheet, and what it asks."""


def build(book: Book) -> Worksheet:
    sheet = book.sheet(
        "API prices",
        "USD per million tokens as listed on the date given; blank = none listed. Your contracts go into the yellow rows at the end.",
        [width for _, _, width, _ in _COLUMNS], color=style.TEAL, freeze=f"B{FIRST}", repeated_rows=f"1:{HEAD}",
    )  # fmt: skip
    style.headings(sheet, HEAD, [heading for _, heading, _, _ in _COLUMNS], ("Provider", "Source"))
    rows = tables.rows("api_prices")
    for row, record in enumerate(rows, FIRST):
        for column, (name, _, _, number_format) in enumerate(_COLUMNS, 1):
            content: object = record[name] or None
            if name.endswith("_per_token") and record[name]:
                content = round(float(record[name]) * _MILLION, 9)
            elif name == "as_of":
                content = date.fromisoformat(record[name])
            elif name == "context":
                content = tables.cell(record[name])
            cell = style.value(sheet, row, column, content, number_format)
            cell.border = style.underline()
            if name == "source":
                book.cite_catalog(cell)
    last = FIRST + len(rows) + OWN_ROWS - 1
    for row in range(FIRST + len(rows), last + 1):
        for column, (_, _, _, number_format) in enumerate(_COLUMNS, 1):
            cell = style.entry(sheet, row, column, None, number_format)
            cell.alignment = style.aligned("left" if number_format == style.GENERAL else "right")
    rule = DataValidation(type="decimal", operator="between", formula1="0", formula2="100000", allow_blank=True,
                          showErrorMessage=True, errorTitle="Price", error="USD per million tokens.")  # fmt: skip
    rule.add(f"C{FIRST + len(rows)}:E{last}")
    sheet.add_data_validation(rule)
    sheet.auto_filter.ref = f"A{HEAD}:H{FIRST + len(rows) - 1}"
    for name, column in (
        ("api_list", 1),
        ("api_input", 3),
        ("api_output", 4),
        ("api_cached", 5),
        ("api_source", 7),
        ("api_as_of", 8),
    ):
        book.name(name, sheet, FIRST, column, (last, column))
    return sheet
