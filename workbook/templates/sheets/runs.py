"""The Published runs sheet: whole training runs as their authors state them, and where the budget lies among them."""

from __future__ import annotations

from collections.abc import Sequence

from openpyxl.worksheet.worksheet import Worksheet

import xlcalc

from .. import style
from ..book import Book, Source

HEAD, FIRST = 14, 15
_COLUMNS = [
    ("model", "Model", 30, style.GENERAL),
    ("organisation", "Organisation", 20, style.GENERAL),
    ("tokens", "Tokens", 20, style.TOKENS),
    ("accelerator", "Accelerator", 17, style.GENERAL),
    ("count", "Accelerators", 13, style.WHOLE),
    ("days", "Days", 9, style.TENTHS),
    ("hours", "Hours stated", 15, style.WHOLE),
    ("our hours", "Hours at a utilisation of 40 %", 15, style.WHOLE),
    ("ratio", "Stated over those", 11, "0.00"),
    ("compared", "In the statistic?", 26, style.GENERAL),
    ("counted", "What is counted", 40, style.GENERAL),
    ("source", "Source", 70, style.GENERAL),
    ("date", "Date", 11, style.GENERAL),
]
_LEFT = ("Organisation", "Accelerator", "What is counted", "Source", "Date")
_STATISTIC = [
    ("reference_p10", "A tenth of the runs is below", "=PERCENTILE(runs_ratio,tenth)", "0.00"),
    ("reference_p50", "Half of the runs are below", "=PERCENTILE(runs_ratio,half)", "0.00"),
    ("reference_p90", "Nine tenths are below", "=PERCENTILE(runs_ratio,1-tenth)", "0.00"),
    ("runs_compared", "Runs compared", "=COUNT(runs_ratio)", style.WHOLE),
    ("budget_over_reference", "This budget over a utilisation of 40 %", "=gpu_hours/reference_hours", "0.00"),
    (
        "budget_rank",
        "Runs that paid less than this budget does",
        "=SUMPRODUCT((runs_ratio<budget_over_reference)*1)",
        style.WHOLE,
    ),
    ("budget_rank_shown", "In words", '=budget_rank&" of "&runs_compared', style.GENERAL),
]
SOURCE = Source(
    "Published whole runs",
    "xlcalc's table of published whole training runs (LLM_TRAIN_RUNS): each row names the page it was read from",
    "https://github.com/meta-llama/llama-models",
    "2026-11-27",
)


def statistic(book: Book, sheet: Worksheet, figures: Sequence[tuple[str, str, str, str]], column: int) -> None:
    """Named figures above a table: their names, labels, formulas and formats."""
    for row, (name, label, content, number_format) in enumerate(figures, 6):
        style.text(sheet, row, 1, label)
        style.formula(sheet, row, column, content, number_format).alignment = style.aligned("right")
        book.name(name, sheet, row, column)


def build(book: Book) -> Worksheet:
    sheet = book.sheet(
        "Published runs",
        "Whole training runs as their authors state them: what was paid, restarts and all, over what a utilisation of 40 % needs.",
        [width for _, _, width, _ in _COLUMNS], color=style.TEAL, freeze=f"B{FIRST}", repeated_rows=f"1:{HEAD}",
    )  # fmt: skip
    statistic(book, sheet, _STATISTIC, 3)
    book.list_name(
        "budget_rank", "result", "runs", "Published runs that paid fewer hours, for their size, than this budget does"
    )
    style.headings(sheet, HEAD, [heading for _, heading, _, _ in _COLUMNS], _LEFT)
    table = xlcalc.LLM_TRAIN_RUNS()
    places = [table[0].index(name) for name, *_ in _COLUMNS]
    rows = sorted(table[1:], key=lambda row: (row[table[0].index("compared")] != "yes", str(row[0]).lower()))
    compared = 0
    for row, record in enumerate(rows, FIRST):
        for column, (place, (name, _, _, number_format)) in enumerate(zip(places, _COLUMNS, strict=True), 1):
            if name == "ratio":
                cell = style.formula(sheet, row, column, f'=IF(N(G{row})*N(H{row})>0,G{row}/H{row},"–")', number_format)
                cell.alignment = style.aligned("right")
            elif name in ("source", "counted", "compared"):
                cell = style.note(sheet, row, column, str(record[place] or ""))
            else:
                cell = style.value(sheet, row, column, record[place], number_format)
            cell.border = style.underline()
        compared += record[table[0].index("compared")] == "yes"
    last = FIRST + len(rows) - 1
    sheet.auto_filter.ref = f"A{HEAD}:{sheet.cell(HEAD, len(_COLUMNS)).column_letter}{last}"
    book.name("runs_ratio", sheet, FIRST, 9, (FIRST + compared - 1, 9))
    book.name("runs_values", sheet, 6, 3, (11, 3))
    book.cite("Published runs", SOURCE)
    return sheet
