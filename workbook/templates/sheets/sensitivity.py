"""The Sensitivity sheet: how the total and the duration move with what is least certain.

The cases themselves are columns of the Calculation sheet, computed by the same formulas as the live one.
"""

from __future__ import annotations

from openpyxl.cell import Cell
from openpyxl.chart import Reference
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from .. import charts, style
from ..book import Book
from .calculation import Calculation, SideCase

_STEPS = (0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3)
_COUNT_STEPS = (0.25, 0.5, 0.75, 1, 1.5, 2, 4)
_DRIVERS = [
    ("price", "Price of an accelerator-hour"), ("mfu", "Utilisation (MFU)"), ("tokens", "Training tokens"),
    ("experiments", "Experiments"), ("accelerators", "Accelerators"), ("failures", "Failures of nodes"),
    ("recovery", "Recovery time"), ("storage", "Storage price"),
]  # fmt: skip
_WIDTHS: list[float] = [28, 15, 15, 17, 17, *([15] * 7)]
_GRID, _AXIS, _FIRST = 5, 7, 9
_DAYS = _FIRST + len(_STEPS) + 2
_DAYS_FIRST = _DAYS + 5
_TORNADO = _DAYS_FIRST + len(_STEPS) + 2
_TORNADO_FIRST = _TORNADO + 3


def side_cases() -> list[SideCase]:
    """The columns that the Calculation sheet needs: steps of utilisation, then each driver down and up."""
    steps = [SideCase("mfu", f"=Sensitivity!$A${_FIRST + index}") for index in range(len(_STEPS))]
    for driver, _ in _DRIVERS:
        steps += [SideCase(driver, "=1-tornado_step"), SideCase(driver, "=1+tornado_step")]
    return steps


def build(book: Book, steps: Calculation) -> Worksheet:
    sheet = book.sheet(
        "Sensitivity", "What moves the total most. Change the yellow steps; the live case stands at factor 1.",
        _WIDTHS, color=style.GREEN, repeated_rows="1:3",
    )  # fmt: skip
    _cost_grid(book, sheet, steps)
    _days_grid(book, sheet)
    _tornado(book, sheet, steps)
    sheet.page_setup.fitToHeight = 1
    _refuse(sheet, f"A{_FIRST}:A{_FIRST + len(_STEPS) - 1} F{_AXIS}:L{_AXIS} C{_DAYS + 2}:I{_DAYS + 2}")
    book.name("sensitivity_values", sheet, _AXIS, 1, (_TORNADO_FIRST + len(_DRIVERS) * 2 + 4, len(_WIDTHS)))
    return sheet


def _head(sheet: Worksheet, row: int, labels: list[str], across: str) -> None:
    """Headings of the columns before a block, and one for all columns of the block."""
    style.headings(sheet, row, [*labels, *[""] * len(_STEPS)])
    style.text(sheet, row, len(labels) + 1, across, bold=True, color=style.WHITE).fill = style.fill(style.NAVY)


def _cost_grid(book: Book, sheet: Worksheet, steps: Calculation) -> None:
    style.section(sheet, _GRID, "Total cost (USD) over utilisation and price", len(_WIDTHS))
    _head(sheet, _GRID + 1, ["Factor on utilisation", "Utilisation", "Days", "Accelerator-hours", "Storage, energy"],
          "Price of an accelerator-hour: factor, USD")  # fmt: skip
    columns = range(6, 6 + len(_STEPS))
    for column, step in zip(columns, _STEPS, strict=True):
        letter = get_column_letter(column)
        style.entry(sheet, _AXIS, column, step, "0.00")
        style.formula(sheet, _AXIS + 1, column, f"=price_used*{letter}{_AXIS}", '"$"0.00##').font = style.font(
            bold=True
        )
    for index, step in enumerate(_STEPS):
        row = _FIRST + index
        style.entry(sheet, row, 1, step, "0.00")
        hours = f"{steps.side('gpu_hours', index)}+{steps.side('experiment_hours', index)}"
        other = f"{steps.side('cost_storage', index)}+{steps.side('cost_energy', index)}"
        style.formula(sheet, row, 2, f"={steps.side('mfu_used', index)}", style.PERCENT)
        style.formula(sheet, row, 3, f"={steps.side('wall_clock_days', index)}", style.TENTHS)
        style.formula(sheet, row, 4, f"={hours}", style.WHOLE)
        style.formula(sheet, row, 5, f"={other}", style.USD)
        for column, factor in zip(columns, _STEPS, strict=True):
            letter = get_column_letter(column)
            content = f"=$D{row}*{letter}${_AXIS + 1}+$E{row}"
            _cell(style.formula(sheet, row, column, content, style.USD), step == factor == 1)
    middle = _STEPS.index(1)
    book.name("grid_centre", sheet, _FIRST + middle, columns[middle])


def _days_grid(book: Book, sheet: Worksheet) -> None:
    title = "Duration (days, with failures) over utilisation and accelerators"
    style.section(sheet, _DAYS, title, len(_WIDTHS))
    _head(sheet, _DAYS + 1, ["Factor on utilisation", "Utilisation"], "Accelerators: factor, number, nodes")
    counts, nodes = _DAYS + 3, _DAYS + 4
    columns = range(3, 3 + len(_COUNT_STEPS))
    for column, step in zip(columns, _COUNT_STEPS, strict=True):
        letter = get_column_letter(column)
        style.entry(sheet, _DAYS + 2, column, step, "0.00")
        number = style.formula(sheet, counts, column, f"=MAX(1,ROUND(accelerators*{letter}{_DAYS + 2},0))", style.WHOLE)
        number.font = style.font(bold=True)
        style.formula(sheet, nodes, column, f"=ROUNDUP({letter}{counts}/node_size,0)", '#,##0 "nodes"')
    for index, step in enumerate(_STEPS):
        row = _DAYS_FIRST + index
        style.formula(sheet, row, 1, f"=A{_FIRST + index}", "0.00")
        style.formula(sheet, row, 2, f"=B{_FIRST + index}", style.PERCENT)
        for column, count in zip(columns, _COUNT_STEPS, strict=True):
            letter = get_column_letter(column)
            content = _DURATION.format(count=f"{letter}${counts}", mfu=f"$B{row}", nodes=f"{letter}${nodes}")
            _cell(style.formula(sheet, row, column, content, style.TENTHS), step == count == 1)
    first, last = (columns[0], columns[-1])
    end = _DAYS_FIRST + len(_STEPS) - 1
    book.name("days_counts", sheet, counts, first, (counts, last))
    book.name("days_nodes", sheet, nodes, first, (nodes, last))
    book.name("days_mfus", sheet, _DAYS_FIRST, 2, (end, 2))
    book.name("days_grid", sheet, _DAYS_FIRST, first, (end, last))


_DURATION = (
    "=LLM_TRAIN_TIME_ACTUAL(LLM_TRAIN_TIME(training_flops,peak_flops,{count},{mfu},dtype),{nodes},failures_used,"
    'recovery_seconds,interval_seconds,"days")'
)
# the whole block in one call: a column of utilisations against a row of counts
DURATIONS = _DURATION.format(count="days_counts", mfu="days_mfus", nodes="days_nodes").lstrip("=")


def _cell(cell: Cell, live: bool) -> None:
    cell.alignment, cell.border = style.aligned("right"), style.box()
    if live:
        cell.fill, cell.font = style.fill("D6EAD7"), style.font(bold=True)


def _tornado(book: Book, sheet: Worksheet, steps: Calculation) -> None:
    style.section(sheet, _TORNADO, "One driver at a time: change of the total (USD)", len(_WIDTHS))
    style.text(sheet, _TORNADO + 1, 1, "Each driver down and up by")
    style.entry(sheet, _TORNADO + 1, 2, 0.2, style.SHARE)
    book.name("tornado_step", sheet, _TORNADO + 1, 2)
    step = DataValidation(type="decimal", operator="between", formula1="0.01", formula2="0.9", showErrorMessage=True,
                          errorTitle="Step", error="A share from 1 % to 90 %.")  # fmt: skip
    step.add(f"B{_TORNADO + 1}")
    sheet.add_data_validation(step)
    style.headings(
        sheet, _TORNADO + 2, ["Driver", "Total, down", "Total, up", "Change, down", "Change, up", "Swing", "Rank"]
    )
    first, last = _TORNADO_FIRST, _TORNADO_FIRST + len(_DRIVERS) - 1
    for index, (_, label) in enumerate(_DRIVERS):
        row = first + index
        down = len(_STEPS) + 2 * index
        style.text(sheet, row, 1, label)
        for column, content in enumerate((
            f"={steps.side('total_cost', down)}", f"={steps.side('total_cost', down + 1)}",
            f"=B{row}-total_cost", f"=C{row}-total_cost", f"=MAX(B{row}:C{row})-MIN(B{row}:C{row})",
        ), 2):  # fmt: skip
            style.formula(sheet, row, column, content, _CHANGE if column in (4, 5) else style.USD)
        rank = f"=SUMPRODUCT(--(F${first}:F${last}>F{row}))+SUMPRODUCT(--(F${first}:F{row}=F{row}))"
        style.formula(sheet, row, 7, rank, "0")
    _sorted(sheet, first, last)


_CHANGE = '+"$"#,##0;-"$"#,##0;"$"0'


def _sorted(sheet: Worksheet, first: int, last: int) -> None:
    """The drivers by their swing, for the chart."""
    head = last + 2
    style.headings(sheet, head, ["By swing", "Down", "Up", "Rank"])
    for index in range(len(_DRIVERS)):
        row = head + 1 + index
        style.formula(sheet, row, 4, f"=ROW()-ROW($A${head})", "0")
        for column, source in ((1, "A"), (2, "D"), (3, "E")):
            content = f"=INDEX({source}${first}:{source}${last},MATCH($D{row},$G${first}:$G${last},0))"
            style.formula(sheet, row, column, content, style.GENERAL if column == 1 else _CHANGE)
    rows = {"min_row": head + 1, "max_row": head + len(_DRIVERS)}
    chart = charts.bars(
        sheet, "What moves the total: one step down, one up",
        Reference(sheet, min_col=1, **rows),
        [("down", Reference(sheet, min_col=2, **rows)), ("up", Reference(sheet, min_col=3, **rows))],
        horizontal=True, stacked=True, y_title="Change of the total, USD", number_format='"$"#,##0',
    )  # fmt: skip
    charts.place(sheet, chart, f"H{_TORNADO + 3}", f"L{head + len(_DRIVERS)}")


def _refuse(sheet: Worksheet, cells: str) -> None:
    rule = DataValidation(type="decimal", operator="between", formula1="0.01", formula2="100", showErrorMessage=True,
                          errorTitle="Factor", error="A factor from 0.01 to 100.")  # fmt: skip
    rule.sqref = type(rule.sqref)(cells)
    sheet.add_data_validation(rule)
