"""The Dashboard: the answer in a minute. Every number is a link to the calculation."""

from __future__ import annotations

from openpyxl.chart import Reference
from openpyxl.worksheet.worksheet import Worksheet

from .. import charts, style
from ..book import Book
from . import timeline
from .calculation import Calculation

_COLUMNS = 12
_TILES = [
    ("Total cost", "total_cost", style.USD, "USD"),
    ("Duration of the run", "wall_clock_days", '#,##0.0 "days"', "with failures"),
    ("Accelerator-hours", "gpu_hours", style.WHOLE, "paid, main run"),
    ("Ends on", "end_date", style.DATE, "main run"),
    ("A billion tokens", "usd_per_billion_tokens", style.USD, "USD, all costs"),
    ("Per month of the run", "cost_per_month", style.USD, "USD, all costs"),
    ("Largest month", "largest_month", style.USD, "USD, see Timeline"),
    ("Energy", "energy_mwh", '#,##0 "MWh";;"not known"', "at the meter"),
]
_FACTS = [
    ("Model", "model_id", style.GENERAL),
    ("Parameters", "parameters", '0.00,,, "billion"'),
    ("Training tokens", "tokens_used", '#,##0,,, "billion"'),
    ("Accelerator", "accelerator_id", style.GENERAL),
    ("Accelerators", "accelerators_used", style.WHOLE),
    ("Utilisation of the peak", "mfu_used", style.PERCENT),
    ("Useful share of the time", "goodput", style.PERCENT),
    ("Price in use", "price_used", '"$"0.00## "per accelerator-hour"'),
    ("Priced as", "price_instance", style.GENERAL),
    ("Source of that price", "price_source", style.GENERAL),
    ("Age of that price", "price_age", '#,##0 "days"'),
]
_COSTS = ["cost_compute", "cost_downtime", "cost_recomputation", "cost_storage", "cost_experiments", "cost_energy"]
_LABELS = [
    "Compute",
    "Failures: downtime",
    "Failures: repeated work",
    "Storage",
    "Experiments",
    "Energy not in the price",
]
_BLOCK = 13
_FIRST_COST = _BLOCK + 2
_TOTAL = _FIRST_COST + len(_COSTS)


def build(book: Book, steps: Calculation) -> Worksheet:
    sheet = book.sheet("Dashboard", "The answer in a minute. Every figure is a formula that leads back to the inputs.",
                       [15] * _COLUMNS, color=style.GREEN, repeated_rows="1:3")  # fmt: skip
    for index, tile in enumerate(_TILES):
        _tile(sheet, 5 + 4 * (index // 4), 1 + 3 * (index % 4), *tile)
    _facts(sheet)
    _costs(sheet, steps)
    _charts(book, sheet)
    book.name("dashboard_values", sheet, 5, 1, (_TOTAL + 4, _COLUMNS))
    return sheet


def _tile(sheet: Worksheet, row: int, column: int, label: str, name: str, number_format: str, unit: str) -> None:
    looks = [
        (style.text(sheet, row, column, label, size=9, color=style.GREY), 16),
        (style.formula(sheet, row + 1, column, f"={name}", number_format), 26),
        (style.text(sheet, row + 2, column, unit, size=9, color=style.GREY), 16),
    ]
    last = column + 2
    for offset, (cell, height) in enumerate(looks):
        for across in range(column, last + 1):
            sheet.cell(row + offset, across).fill = style.fill(style.PALE)
            sheet.cell(row + offset, across).border = style.gap(left=across == column, right=across == last)
        sheet.merge_cells(start_row=row + offset, end_row=row + offset, start_column=column, end_column=last)
        cell.alignment = style.aligned("center")
        sheet.row_dimensions[row + offset].height = height
    looks[1][0].font = style.font(17, bold=True, color=style.NAVY)


def _facts(sheet: Worksheet) -> None:
    style.section(sheet, _BLOCK, "What is trained, on what, at what price", 5)
    for row, (label, name, number_format) in enumerate(_FACTS, _BLOCK + 1):
        style.text(sheet, row, 1, label)
        cell = style.formula(sheet, row, 3, f"={name}", number_format)
        cell.alignment = style.aligned("left")
        sheet.merge_cells(start_row=row, end_row=row, start_column=3, end_column=5)
        for column in range(1, 6):
            sheet.cell(row, column).border = style.underline()


def _costs(sheet: Worksheet, steps: Calculation) -> None:
    for column in range(6, _COLUMNS + 1):
        sheet.cell(_BLOCK, column).fill = style.fill(style.PALE)
        sheet.cell(_BLOCK, column).border = style.underline(style.BLUE)
    style.text(sheet, _BLOCK, 6, "Cost in USD", size=11, bold=True, color=style.NAVY)
    for column, head in enumerate(["Live case", "Share", "Low", "Base", "High"], 8):
        cell = style.text(sheet, _BLOCK + 1, column, head, bold=True, color=style.GREY)
        cell.alignment = style.aligned("right")
    for row, (label, line) in enumerate([*zip(_LABELS, _COSTS, strict=True), ("Total", "total_cost")], _FIRST_COST):
        total = line == "total_cost"
        style.text(sheet, row, 6, label, bold=total)
        contents = [
            f"={line}",
            f"=IF(total_cost=0,0,{line}/total_cost)",
            *(f"={steps.cell(line, case)}" for case in (1, 2, 3)),
        ]
        for column, content in enumerate(contents, 8):
            cell = style.formula(sheet, row, column, content, style.PERCENT if column == 9 else style.USD)
            cell.alignment = style.aligned("right")
            if total:
                cell.font = style.font(bold=True)
        for column in range(6, _COLUMNS + 1):
            sheet.cell(row, column).border = style.underline(style.NAVY if total else style.LINE)
    for row, (label, line, number_format) in enumerate(
        [("Duration, days", "wall_clock_days", style.TENTHS), ("Accelerator-hours", "gpu_hours", style.WHOLE)],
        _TOTAL + 1,
    ):
        style.text(sheet, row, 6, label)
        for column, case in ((8, 0), (10, 1), (11, 2), (12, 3)):
            content = f"={line}" if case == 0 else f"={steps.cell(line, case)}"
            style.formula(sheet, row, column, content, number_format).alignment = style.aligned("right")
        for column in range(6, _COLUMNS + 1):
            sheet.cell(row, column).border = style.underline()


_CHARTS = _TOTAL + 5
_HEIGHT = 13


def _charts(book: Book, sheet: Worksheet) -> None:
    costs = {"min_row": _FIRST_COST, "max_row": _TOTAL - 1}
    parts = charts.bars(
        sheet, "Cost by line, live case", Reference(sheet, min_col=6, **costs),
        [("USD", Reference(sheet, min_col=8, **costs))], horizontal=True, legend=False, labels=True, y_title="USD",
    )  # fmt: skip
    charts.place(sheet, parts, f"A{_CHARTS}", f"F{_CHARTS + _HEIGHT - 1}")
    cases = {"min_col": 10, "max_col": 12}
    lines = [(label, Reference(sheet, min_row=row, **cases)) for row, label in enumerate(_LABELS, _FIRST_COST)]
    heads = Reference(sheet, min_row=_BLOCK + 1, **cases)
    compared = charts.bars(sheet, "Total in the low, base and high case", heads, lines, stacked=True, y_title="USD")
    charts.place(sheet, compared, f"G{_CHARTS}", f"L{_CHARTS + _HEIGHT - 1}")
    months = book.workbook["Timeline"]
    span = {"min_col": timeline.FIRST_MONTH, "max_col": timeline.LAST_MONTH - 1}
    dates = Reference(months, min_row=timeline.HEAD, **span)
    paid = [(str(months.cell(row, 1).value), Reference(months, min_row=row, **span)) for row in timeline.SERIES]
    title = f"Payments in the first {timeline.MONTHS - 1} months"
    monthly = charts.bars(sheet, title, dates, paid, stacked=True, y_title="USD in the month", gap=40)
    monthly.x_axis.number_format = style.MONTH
    so_far = ("Paid so far (right axis)", Reference(months, min_row=timeline.CUMULATIVE, **span))
    charts.line_over(monthly, dates, so_far, "USD so far", style.AMOUNT)
    below = _CHARTS + _HEIGHT + 1
    charts.place(sheet, monthly, f"A{below}", f"L{below + _HEIGHT - 1}")
    sheet.print_area = f"A1:L{below + _HEIGHT}"
    sheet.page_setup.fitToHeight = 1
