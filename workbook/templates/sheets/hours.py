"""The sheet Load by hour: the requests of a day hour by hour, what is paid in each, and the same for every month."""

from __future__ import annotations

from openpyxl.chart import Reference
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from .. import charts, style
from ..book import Book
from ..parts import MONTHS
from ..serving_parts import HOURS, HOURS_FIRST, HOURS_SHEET, OWED, accelerators_of, live, replicas_at, requests_of

_REQUESTS = (3, 2.5, 2, 1.5, 1.5, 2, 2.5, 3.5, 4.5, 5.5, 6, 6, 5.5, 5.5, 6, 6, 5.5, 5.5, 5, 5, 4.5, 4, 3.5, 3)
"""Of an office day with an evening after it: an example."""
_LAST = HOURS_FIRST + HOURS - 1
_COLUMNS = [
    ("From", 16, ""),
    ("Requests of the hour", 15, "0.0##"),
    ("Over the mean of the day", 15, style.HUNDREDTHS),
    ("Requests/s", 13, style.HUNDREDTHS),
    ("Output tokens/s", 14, style.WHOLE),
    ("Replicas that it needs", 14, style.WHOLE),
    ("Replicas paid", 13, style.WHOLE),
    ("Accelerators paid", 14, style.TENTHS),
    ("Used", 11, style.SHARE),
    ("USD in the hour", 16, style.USD_CENTS),
]
_CHART = 17
_FIRST_HOUR = 5
_MEAN = _FIRST_HOUR + HOURS


def build(book: Book) -> None:
    sheet = book.sheet(
        HOURS_SHEET,
        "A day of the month that is sized, hour by hour. Type the requests of each hour in any unit: only their proportions count.",
        [*(float(width) for _, width, _ in _COLUMNS), *[9.0] * (_MEAN - len(_COLUMNS)), 13.0],
        color=style.TEAL, freeze=f"B{HOURS_FIRST}", repeated_rows=f"1:{HOURS_FIRST - 1}",
    )  # fmt: skip
    style.headings(sheet, HOURS_FIRST - 1, [heading for heading, _, _ in _COLUMNS])
    for hour in range(HOURS):
        _hour(sheet, hour)
    _mean(book, sheet)
    rule = DataValidation(type="decimal", operator="greaterThanOrEqual", formula1="0", showErrorMessage=True,
                          errorTitle="Requests of the hour", error="A number from 0 on: requests, or their share.")  # fmt: skip
    rule.add(f"B{HOURS_FIRST}:B{_LAST}")
    sheet.add_data_validation(rule)
    book.name("hour_load", sheet, HOURS_FIRST, 3, (_LAST, 3))
    hours, series = (
        Reference(sheet, min_col=1, min_row=HOURS_FIRST, max_row=_LAST),
        [(label, Reference(sheet, min_col=column, min_row=HOURS_FIRST, max_row=_LAST))
         for label, column in (("needed, spares included", 6), ("paid", 7))],
    )  # fmt: skip
    chart = charts.bars(sheet, "Replicas by hour of the day", hours, series, y_title="replicas",
                        number_format=style.WHOLE, gap=40)  # fmt: skip
    charts.place(sheet, chart, f"A{_LAST + 4}", f"J{_LAST + _CHART}")
    sheet.print_area = f"A1:J{_LAST + _CHART}"
    sheet.page_setup.fitToHeight = 1
    _months(book, sheet, _LAST + _CHART + 2)


def _hour(sheet: Worksheet, hour: int) -> None:
    row = HOURS_FIRST + hour
    style.text(sheet, row, 1, f"{hour:02d}:00")
    style.entry(sheet, row, 2, _REQUESTS[hour], _COLUMNS[1][2])
    contents = (
        f"IF(SUM(B${HOURS_FIRST}:B${_LAST})=0,0,N(B{row})/SUM(B${HOURS_FIRST}:B${_LAST})*hours_per_day)",
        f"mean_rate*(1+(C{row}-1)*hour_swing)",
        f"D{row}*served_tokens",
        f"replicas_{hour:02d}",
        f'IF(autoscale_shown="yes",F{row},replicas)',
        f'IF(autoscale_shown="yes",MAX(committed,accelerators_{hour:02d}),accelerators_paid)',
        f"IF(G{row}=0,0,E{row}/(G{row}*replica_speed))",
        f"committed*committed_rate+(H{row}-committed)*flexible_rate",
    )
    for column, content in enumerate(contents, 3):
        style.formula(sheet, row, column, f"={content}", _COLUMNS[column - 1][2]).alignment = style.aligned("right")
    for column in (1, *range(3, len(_COLUMNS) + 1)):
        sheet.cell(row, column).border = style.underline()


def _mean(book: Book, sheet: Worksheet) -> None:
    row = _LAST + 1
    style.text(sheet, row, 1, "Mean", bold=True)
    for column in range(3, len(_COLUMNS) + 1):
        letter = get_column_letter(column)
        shown = style.TENTHS if column in (6, 7) else _COLUMNS[column - 1][2]  # of whole replicas
        cell = style.formula(sheet, row, column, f"=AVERAGE({letter}{HOURS_FIRST}:{letter}{_LAST})", shown)
        cell.font, cell.alignment = style.font(bold=True), style.aligned("right")
    style.text(sheet, row + 1, 1, "Hours filled")
    filled = style.formula(sheet, row + 1, 2, f'=COUNTIF(B{HOURS_FIRST}:B{_LAST},">=0")', style.WHOLE)
    filled.alignment = style.aligned("right")
    book.name("hours_accelerators", sheet, row, 8)
    book.name("hours_filled", sheet, row + 1, 2)


def _months(book: Book, sheet: Worksheet, head: int) -> None:
    """Accelerators by month and hour, for Timeline."""
    style.section(
        sheet,
        head,
        "Each month: type its requests a day where growth is not even; then accelerators in each hour, where replicas follow the load",
        _MEAN + 1,
    )
    style.headings(sheet, head + 1, ["Month", "Requests a day, typed", "Requests a day", "Mean output, tokens/s", *(f"{hour:02d}:00" for hour in range(HOURS)), "Mean",
                                     "Beyond committed"])  # fmt: skip
    first = head + 2
    for month in range(MONTHS):
        row = first + month
        style.formula(sheet, row, 1, f"=ROW()-ROW($A${first - 1})-1", style.WHOLE)
        style.entry(sheet, row, 2, None, style.WHOLE)
        requests = requests_of("requests_per_day_shown", "growth_shown", f"B{row}", f"A{row}")
        style.formula(sheet, row, 3, f"={requests}", style.WHOLE)
        style.formula(sheet, row, 4, f"=C{row}/seconds_per_day*served_tokens", style.WHOLE)
        for hour in range(HOURS):
            load = f"$C${HOURS_FIRST + hour}"
            replicas = replicas_at(load, f"$D{row}", "replica_holds", live)
            style.formula(sheet, row, _FIRST_HOUR + hour, f"={accelerators_of(f'({replicas})', live)}", style.WHOLE)
        hours = f"{get_column_letter(_FIRST_HOUR)}{row}:{get_column_letter(_MEAN - 1)}{row}"
        owed = f"({OWED.replace('{number}', f'$A{row}')})"
        style.formula(sheet, row, _MEAN, f"=AVERAGE({hours})", style.TENTHS)
        beyond = f"=SUMPRODUCT(({hours}>{owed})*({hours}-{owed}))/hours_per_day"
        style.formula(sheet, row, _MEAN + 1, beyond, style.TENTHS)
    last = first + MONTHS - 1
    rule = DataValidation(type="decimal", operator="greaterThanOrEqual", formula1="0", showErrorMessage=True,
                          errorTitle="Requests a day", error="A number from 0 on; blank: as growth has it.")  # fmt: skip
    rule.add(f"B{first}:B{last}")
    sheet.add_data_validation(rule)
    book.name("requests_typed", sheet, first, 2, (last, 2))
    book.name("requests_by_month", sheet, first, 3, (last, 3))
    book.name("month_accelerators", sheet, first, _MEAN, (last, _MEAN))
    book.name("month_beyond", sheet, first, _MEAN + 1, (last, _MEAN + 1))
