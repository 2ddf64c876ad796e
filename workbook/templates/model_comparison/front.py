"""The sheet Cost and quality: the candidates as points, and which of them no other beats in both (the Pareto front)."""

from __future__ import annotations

from openpyxl.chart import Reference
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from .. import charts, style
from ..book import Book
from ..sheets.calculation import LIVE, SCENARIOS, scenario_head

_HEAD, _FIRST = 5, 6
_SHOWN = 'IFERROR({cell},"does not fit")'
_COLUMNS = [
    ("Quality, yours", "quality_points", style.HUNDREDTHS, _SHOWN),
    ("Own, USD a solved task", "usd_per_solved", style.RATE, _SHOWN),
    ("Hosted, USD a solved task", "api_usd_per_solved", style.RATE, _SHOWN),
    ("Weighted score", "score", "0.00", _SHOWN),
    ("Not beaten in both", "pareto", '[=1]"yes";"no"', _SHOWN),
    ("Left out, for", "left_out", style.GENERAL, _SHOWN),
    ("Place on the chart", "quality_points", style.HUNDREDTHS, "IF(COUNT({scores})=0,ROW()-ROW({head}),N({cell}))"),
]  # fmt: skip


def build(book: Book) -> Worksheet:
    sheet = book.sheet(
        "Cost and quality", "The candidates by your scores on Scenarios and by what a solved task costs on own machines.",
        [30, *[18.0] * (len(_COLUMNS) + 1)], color=style.TEAL, freeze=f"B{_FIRST}",
    )  # fmt: skip
    style.headings(sheet, _HEAD, ["Candidate", *(head for head, *_ in _COLUMNS)])
    last = _FIRST + SCENARIOS - 1
    ends = [get_column_letter(LIVE + number) for number in (1, SCENARIOS)]
    scores = f"Calculation!${ends[0]}${{row}}:${ends[1]}${{row}}"
    for number, row in enumerate(range(_FIRST, last + 1)):
        style.formula(sheet, row, 1, f"={scenario_head(number)}").border = style.underline()
        letter = get_column_letter(LIVE + 1 + number)
        for column, (_, name, number_format, content) in enumerate(_COLUMNS, 2):
            line = str(book.workbook.defined_names[name].attr_text).rpartition("$")[2]
            cell = style.formula(
                sheet, row, column, "=" + content.format(cell=f"Calculation!{letter}{line}", head=f"$A${_HEAD}", scores=scores.format(row=line)), number_format
            )  # fmt: skip
            cell.alignment, cell.border = style.aligned("right"), style.underline()
    book.name("front_values", sheet, _FIRST, 2, (last, 1 + len(_COLUMNS)))
    points = [
        tuple(Reference(sheet, min_col=column, min_row=row) for column in (1, len(_COLUMNS) + 1, 3))
        for row in range(_FIRST, last + 1)
    ]
    chart = charts.points(
        "Cost against quality: lower right is better",
        points,
        "Quality, your points (until some are typed: the candidates in their order; without one: at 0)",
        "USD a solved task, own",
    )
    charts.place(sheet, chart, f"A{last + 2}", f"I{last + 26}")
    sheet.print_area = f"A1:I{last + 27}"
    sheet.page_setup.fitToHeight = 1
    return sheet
