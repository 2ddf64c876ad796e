"""The Sensitivity sheet: how the total moves when one driver at a time goes down and up by a step.

The cases are columns of the Calculation sheet, computed by the same formulas as the scenario shown.
"""

from __future__ import annotations

from openpyxl.chart import Reference
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from .. import charts, style
from ..book import Book
from .calculation import Calculation
from .scenarios import CHANGE

_WIDTHS: list[float] = [40, 18, 18, 18, 18, 18, 12, 10, 10]
_HEAD = 8


def build(book: Book, steps: Calculation, drivers: list[tuple[str, str]]) -> Worksheet:
    sheet = book.sheet("Sensitivity", "What moves the total most: each driver down and up by the same step.",
                       _WIDTHS, color=style.GREEN, freeze="B5")  # fmt: skip
    style.text(sheet, 5, 1, "Each driver down and up by")
    style.entry(sheet, 5, 2, 0.2, style.SHARE)
    style.text(sheet, 5, 3, "share of its value", color=style.GREY)
    book.name("tornado_step", sheet, 5, 2)
    rule = DataValidation(type="decimal", operator="between", formula1="0.01", formula2="0.9", showErrorMessage=True,
                          errorTitle="Step", error="A share from 1 % to 90 %.")  # fmt: skip
    rule.add("B5")
    sheet.add_data_validation(rule)
    heads = ["Driver", "Total, down (USD)", "Total, up (USD)", "Change, down (USD)", "Change, up (USD)", "Swing (USD)",
             "Rank"]  # fmt: skip
    style.headings(sheet, _HEAD, heads)
    first, last = _HEAD + 1, _HEAD + len(drivers)
    for index, (_, label) in enumerate(drivers):
        row = first + index
        style.text(sheet, row, 1, label)
        for column, content in enumerate((
            f"={steps.side('total_cost', 2 * index)}", f"={steps.side('total_cost', 2 * index + 1)}",
            f"=ROUND(B{row}-total_cost,cent_digits)", f"=ROUND(C{row}-total_cost,cent_digits)",
            f"=ROUND(MAX(B{row}:C{row})-MIN(B{row}:C{row}),cent_digits)",  # a driver without effect leaves no error of rounding
        ), 2):  # fmt: skip
            style.formula(sheet, row, column, content, CHANGE if column in (4, 5) else style.USD)
        rank = f"=SUMPRODUCT(--(F${first}:F${last}>F{row}))+SUMPRODUCT(--(F${first}:F{row}=F{row}))"
        style.formula(sheet, row, 7, rank, "0")
        for column in range(1, 8):
            sheet.cell(row, column).border = style.underline()
    _sorted(book, sheet, first, last)
    book.name("sensitivity_values", sheet, first, 2, (last, 7))
    sheet.page_setup.fitToHeight = 1
    return sheet


def _sorted(book: Book, sheet: Worksheet, first: int, last: int) -> None:
    """The drivers by their swing, for the chart, in one unit that its legend names."""
    head = last + 2
    style.headings(sheet, head, ["By swing", "", "", "Rank", "In"])
    unit, word = style.unit_for(f"MAX($F${first}:$F${last})")
    style.formula(sheet, head + 1, 5, f"={unit}", '#,##0" USD"')
    book.name("tornado_unit", sheet, head + 1, 5)
    for column, side in ((2, "down"), (3, "up")):
        cell = style.formula(sheet, head, column, f'="{side}, "&{word}')
        cell.font, cell.alignment = style.font(bold=True, color=style.WHITE), style.aligned("center")
    for row in range(head + 1, head + 2 + last - first):
        style.formula(sheet, row, 4, f"=ROW()-ROW($A${head})", "0")
        for column, source, part in ((1, "A", ""), (2, "D", "/tornado_unit"), (3, "E", "/tornado_unit")):
            content = f"=INDEX({source}${first}:{source}${last},MATCH($D{row},$G${first}:$G${last},0)){part}"
            style.formula(sheet, row, column, content, style.GENERAL if column == 1 else _CHANGE)
    rows = {"min_row": head + 1, "max_row": head + 1 + last - first}
    chart = charts.bars(
        sheet, "What moves the total: each driver one step down, one up",
        Reference(sheet, min_col=1, **rows),
        [(Reference(sheet, min_col=column, min_row=head), Reference(sheet, min_col=column, **rows)) for column in (2, 3)],
        horizontal=True, stacked=True, y_title="Change of the total, USD in the unit of the legend", number_format=style.TENTHS,
    )  # fmt: skip
    charts.place(sheet, chart, f"A{rows['max_row'] + 2}", f"I{rows['max_row'] + 24}")
    sheet.print_area = f"A1:I{rows['max_row'] + 25}"


_CHANGE = "+#,##0.0;-#,##0.0;0.0"
