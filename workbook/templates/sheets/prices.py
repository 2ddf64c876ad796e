"""The Prices sheet: what providers list for an hour of an instance.

In a budget it also has a column for the user's own price, which wins over the listed one, and USD per accelerator-hour by
term. Which rows are compared with which, and what price comes of them, stands on the Calculation sheet.
"""

from __future__ import annotations

from datetime import date

from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from xlcalc.catalog import instances, prices, tables

from .. import style
from ..book import Book

HEAD, FIRST = 5, 6
OWN_ROWS = 10

_HOURLY = '[>=0.01]0.00;[>0]0.0000;"–"'
RECORD = [
    ("id", "Instance", 46, style.GENERAL),
    ("provider", "Provider", 12, style.GENERAL),
    ("instance", "Instance type", 34, style.GENERAL),
    ("region", "Region", 16, style.GENERAL),
    ("accelerator", "Accelerator", 17, style.GENERAL),
    ("accelerators", "Accelerators", 13, style.WHOLE),
    ("vcpus", "vCPUs", 8, style.WHOLE),
    ("memory_gb", "Memory, GB", 9, style.WHOLE),
]
TERMS = [(f"{column}_usd_per_hour", term, 11, "0.00##") for term, column in prices.TERMS.items()]
ORIGIN = [("source", "Source", 24, style.GENERAL), ("as_of", "As of", 11, style.DATE)]
COLUMNS = [*RECORD, *TERMS, *ORIGIN]
OWN_COLUMN = len(COLUMNS) + 1
"""Of the user's own price."""
_SOURCE = len(RECORD) + len(TERMS) + 1
_LEFT = ("Provider", "Instance type", "Region", "Accelerator", "Source")
_EACH = "=IF(N(F{row})>0,N({column}{row})/F{row},0)"
_CHOICE = [
    ("Your own price, USD/h", 12, "0.00##", None),
    ("On demand, USD per accelerator-hour", 12, _HOURLY, "=IF(N(F{row})>0,IF(ISNUMBER(O{row}),O{row},N(I{row}))/F{row},0)"),
    ("Spot, USD per accelerator-hour", 12, _HOURLY, _EACH.replace("{column}", "J")),
    ("1 year, USD per accelerator-hour", 12, _HOURLY, _EACH.replace("{column}", "K")),
    ("3 years, USD per accelerator-hour", 12, _HOURLY, _EACH.replace("{column}", "L")),
    ("Age of price, days", 9, style.WHOLE, "=IF(ISNUMBER(N{row}),report_date-N{row},0)"),
    ("Stale?", 8, '[=1]"stale";[=0]"–"', "=IF(AND(NOT(ISNUMBER(O{row})),T{row}>price_age_limit),1,0)"),
]  # fmt: skip


def build(book: Book, *, choosing: bool) -> Worksheet:
    """`choosing`: with own prices and the columns that pick the budget's price."""
    columns = [(heading, width) for _, heading, width, _ in COLUMNS]
    columns += [(heading, width) for heading, width, _, _ in _CHOICE] if choosing else []
    sheet = book.sheet(
        "Prices",
        "USD per hour of a whole instance, as listed on the date given; blank = none found, none is derived."
        + (" Your own price, in the yellow column, wins over every listed one." if choosing else ""),
        [width for _, width in columns],
        color=style.TEAL, freeze=f"B{FIRST}", repeated_rows=f"1:{HEAD}", pages_wide=2,
    )  # fmt: skip
    style.headings(sheet, HEAD, [heading for heading, _ in columns], _LEFT)
    # budgets compare offers as they stand, as LLM_SERVE_PLAN does; the catalog's own sheet keeps former lists too
    rows = tables.rows("prices")
    if choosing:
        newest = ({**row, "id": instances.place_of(row)} for row in prices.newest())
        rows = tuple(sorted(newest, key=lambda row: row["id"]))
    for row, record in enumerate(rows, FIRST):
        _record(sheet, row, record)
        book.cite_catalog(sheet.cell(row, _SOURCE))
    last = FIRST + len(rows) - 1
    if choosing:
        for row in range(last + 1, last + 1 + OWN_ROWS):
            _own_row(sheet, row)
        for row in range(FIRST, last + 1 + OWN_ROWS):
            _choice(sheet, row)
        _mark(sheet, last + OWN_ROWS)
    width = len(columns)
    sheet.auto_filter.ref = f"A{HEAD}:{sheet.cell(HEAD, width).column_letter}{last}"
    _names(book, sheet, last + (OWN_ROWS if choosing else 0), choosing)
    return sheet


def _record(sheet: Worksheet, row: int, record: dict[str, str]) -> None:
    for column, (name, _, _, number_format) in enumerate(COLUMNS, 1):
        if name == "as_of":
            content: object = date.fromisoformat(record[name])
        else:
            content = record[name] or None if number_format == style.GENERAL else tables.cell(record[name])
        cell = style.value(sheet, row, column, content, number_format)
        cell.border = style.underline()
        if name == "id":  # as people type it, so whole
            cell.alignment = style.aligned("left", shrink=True)


def _own_row(sheet: Worksheet, row: int) -> None:
    for column, (_, _, _, number_format) in enumerate(COLUMNS, 1):
        cell = style.entry(sheet, row, column, None, number_format)
        cell.alignment = style.aligned("left" if number_format == style.GENERAL else "right")


def _choice(sheet: Worksheet, row: int) -> None:
    for column, (_, _, number_format, content) in enumerate(_CHOICE, OWN_COLUMN):
        if content is None:
            style.entry(sheet, row, column, None, number_format)
        else:
            style.formula(sheet, row, column, content.format(row=row), number_format).border = style.underline()


def _mark(sheet: Worksheet, last: int) -> None:
    """Show the rows in use and the stale prices; refuse own prices that are no amounts."""
    used = FormulaRule(formula=[f"AND($E{FIRST}=accelerator_id,$F{FIRST}>=price_least_size,$P{FIRST}>0)"],
                       fill=style.fill("D6EAD7"))  # fmt: skip
    sheet.conditional_formatting.add(f"A{FIRST}:N{last}", used)
    stale = FormulaRule(formula=[f"$U{FIRST}=1"], font=Font(color=style.AMBER))
    sheet.conditional_formatting.add(f"T{FIRST}:U{last}", stale)
    amount = DataValidation(type="decimal", operator="greaterThan", formula1="0", allow_blank=True)
    amount.errorTitle, amount.error = "Own price", "Give USD per hour of the whole instance, above 0, or leave blank."
    amount.showErrorMessage = True
    amount.add(f"O{FIRST}:O{last}")
    sheet.add_data_validation(amount)


def _names(book: Book, sheet: Worksheet, last: int, choosing: bool) -> None:
    book.name("prices_list", sheet, FIRST, 1, (last, 1))
    book.name("price_terms", sheet, HEAD, len(RECORD) + 1, (HEAD, len(RECORD) + len(TERMS)))
    if choosing:
        for name, column in (
            ("prices_source", "M"), ("prices_accelerator", "E"), ("prices_count", "F"), ("prices_own", "O"), ("prices_on_demand", "P"),
            ("prices_spot", "Q"), ("prices_1y", "R"), ("prices_3y", "S"), ("prices_age", "T"),
        ):  # fmt: skip
            number = sheet[f"{column}1"].column
            book.name(name, sheet, FIRST, number, (last, number))
