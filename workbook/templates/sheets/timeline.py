"""The Timeline sheet: the budget as monthly payments with their dates.

Months run across the columns; the last column takes whatever comes later, so that the months always add up to the
total. The same formula stands in every month of a line.
"""

from __future__ import annotations

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from .. import style
from ..book import Book

HEAD, FIRST_MONTH, MONTHS = 9, 4, 25
LAST_MONTH = FIRST_MONTH + MONTHS - 1
_FIRST, _LAST = get_column_letter(FIRST_MONTH), get_column_letter(LAST_MONTH)
_DATES = [
    ("experiments_start", "Experiments start", "=EDATE(start_date,-experiment_months)"),
    ("timeline_start", "First month shown", "=DATE(YEAR(experiments_start),MONTH(experiments_start),1)"),
    ("last_period", "Columns after the first", f"=MAX({_FIRST}10:{_LAST}10)"),
]
# row -> label, unit, formula of a month; {m} is the month's column
_CLOCK = {
    10: ("Column", "number", f"=COLUMN()-COLUMN(${_FIRST}$1)", style.WHOLE),
    11: ("Ends before", "date",
         "=MAX(DATE(YEAR(timeline_start),MONTH(timeline_start)+{m}10+1,1),({m}10=last_period)*end_date)", style.DATE),
    12: ("Run done at the start", "share", "=MAX(0,MIN(1,({m}9-start_date)/wall_clock_days))", style.PERCENT),
    13: ("Run done at the end", "share", "=MAX(0,MIN(1,({m}11-start_date)/wall_clock_days))", style.PERCENT),
    14: ("Experiments done in the month", "share",
         "=MAX(0,MIN({m}11,start_date)-MAX({m}9,experiments_start))/(start_date-experiments_start)", style.PERCENT),
    15: ("Checkpoint storage paid at the start", "share", "", style.PERCENT),
    16: ("Checkpoint storage paid at the end", "share", "", style.PERCENT),
}  # fmt: skip
_PAID = {
    19: ("Run: compute and failures", "=cost_compute+cost_downtime+cost_recomputation", "$C19*({m}13-{m}12)"),
    20: ("Experiments", "=cost_experiments", "$C20*{m}14"),
    21: ("Storage of the dataset", "=cost_dataset", "$C21*({m}13-{m}12)"),
    22: ("Storage of checkpoints", "=cost_checkpoints", "$C22*({m}16-{m}15)"),
    23: ("Energy not in the price", "=cost_energy", "$C23*({m}13-{m}12)"),
}
TOTAL, CUMULATIVE = 24, 25
SERIES = list(_PAID)


def build(book: Book) -> Worksheet:
    sheet = book.sheet(
        "Timeline",
        "What is paid in which month: experiments first, then the run. The last column is for what comes later.",
        [36, 9, 16, *([14.5] * MONTHS)],
        freeze=f"{_FIRST}{HEAD + 1}", repeated_rows=f"1:{HEAD}", paper=Worksheet.PAPERSIZE_A3,
    )  # fmt: skip
    sheet.print_title_cols = "A:C"
    for row, (name, label, content) in enumerate(_DATES, 5):
        style.text(sheet, row, 1, label)
        style.formula(sheet, row, 3, content, style.WHOLE if name == "last_period" else style.DATE)
        book.name(name, sheet, row, 3)
    _head(sheet)
    for row, (label, unit, content, number_format) in _CLOCK.items():
        _label(sheet, row, label, unit)
        _across(sheet, row, content or _checkpoint_share(row), number_format)
    style.section(sheet, 18, "Payments", LAST_MONTH)
    for row, (label, total, content) in _PAID.items():
        _label(sheet, row, label, "USD")
        style.formula(sheet, row, 3, total, style.USD)
        _across(sheet, row, f"={content}", _PAYMENT)
    _totals(book, sheet)
    book.name("last_month_shown", sheet, HEAD, LAST_MONTH)
    book.name("timeline_values", sheet, HEAD, 3, (CUMULATIVE, LAST_MONTH))
    return sheet


_PAYMENT = '"$"#,##0;-"$"#,##0;"–"'


def _head(sheet: Worksheet) -> None:
    style.headings(sheet, HEAD, ["Month beginning", "Unit", "Total", *[""] * MONTHS])
    content = "=DATE(YEAR(timeline_start),MONTH(timeline_start)+{m}10,1)"
    _across(sheet, HEAD, content, style.MONTH)
    for column in range(FIRST_MONTH, LAST_MONTH + 1):
        cell = sheet.cell(HEAD, column)
        cell.font, cell.fill = style.font(bold=True, color=style.WHITE), style.fill(style.NAVY)
    sheet.cell(HEAD, LAST_MONTH).number_format = f'"from" {style.MONTH}'


def _checkpoint_share(row: int) -> str:
    """Share of the checkpoint storage that is paid when a share of the run is done: they pile up to those kept, then
    stay. With x the smaller of the share done and r = kept / written, x (done - x/2) over r (1 - r/2)."""
    done = "{m}" + str(row - 3)
    kept = "checkpoints_stored/checkpoints"
    reached = f"MIN({done},{kept})"
    return f"={reached}*({done}-half*{reached})/({kept}*(1-half*{kept}))"


def _totals(book: Book, sheet: Worksheet) -> None:
    first, last = SERIES[0], SERIES[-1]
    for row, label, content in (
        (TOTAL, "Total", f"=SUM({{m}}{first}:{{m}}{last})"),
        (CUMULATIVE, "Paid so far", f"=SUM(${_FIRST}{TOTAL}:{{m}}{TOTAL})"),
    ):
        _label(sheet, row, label, "USD")
        _across(sheet, row, content, _PAYMENT)
        for column in range(1, LAST_MONTH + 1):
            sheet.cell(row, column).font = style.font(bold=True)
    style.formula(sheet, TOTAL, 3, f"=SUM(C{first}:C{last})", style.USD).font = style.font(bold=True)
    style.formula(sheet, CUMULATIVE, 3, f"={_LAST}{CUMULATIVE}", style.USD).font = style.font(bold=True)
    book.name("monthly_costs", sheet, TOTAL, FIRST_MONTH, (TOTAL, LAST_MONTH))
    style.text(sheet, CUMULATIVE + 1, 1, "Largest month")
    style.text(sheet, CUMULATIVE + 1, 2, "USD", color=style.GREY)
    shown = f"{_FIRST}{TOTAL}:{get_column_letter(LAST_MONTH - 1)}{TOTAL}"
    style.formula(sheet, CUMULATIVE + 1, 3, f"=MAX({shown})", style.USD)
    book.name("largest_month", sheet, CUMULATIVE + 1, 3)
    book.list_name("largest_month", "result", "USD", "Largest payment of a single month shown on Timeline")


def _label(sheet: Worksheet, row: int, label: str, unit: str) -> None:
    style.text(sheet, row, 1, label).border = style.underline()
    style.text(sheet, row, 2, unit, color=style.GREY).border = style.underline()


def _across(sheet: Worksheet, row: int, content: str, number_format: str) -> None:
    for column in range(FIRST_MONTH, LAST_MONTH + 1):
        letter = get_column_letter(column)
        cell = style.formula(sheet, row, column, content.replace("{m}", letter), number_format)
        cell.alignment = style.aligned("right")
        cell.border = style.underline()
