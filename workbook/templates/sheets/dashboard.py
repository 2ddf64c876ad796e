"""The Dashboard: the answer in a minute. Every number is a link to the calculation."""

from __future__ import annotations

from openpyxl.cell import Cell
from openpyxl.chart import Reference
from openpyxl.worksheet.worksheet import Worksheet

from .. import charts, style
from ..book import Book
from ..parts import MONTHLY, MONTHS, PROJECT, Figure, Picture, Template
from .calculation import HEAD, LIVE, SCENARIOS, Calculation, scenario_head
from .timeline import FIRST_MONTH, Timeline

_COLUMNS = 12
_BLOCK = 14
_HEIGHT, _QUARTER = 14, 3


def start(book: Book) -> Worksheet:
    return book.sheet("Dashboard", "The answer in a minute. Every figure is a formula, and every label leads to its line.",
                      [15.5] * _COLUMNS, color=style.GREEN, repeated_rows="1:3")  # fmt: skip


def finish(book: Book, sheet: Worksheet, template: Template, steps: Calculation, months: Timeline) -> None:
    for index, tile in enumerate(template.tiles):
        _tile(book, sheet, 5 + 4 * (index // 4), 1 + 3 * (index % 4), tile)
    _facts(book, sheet, template)
    end = _costs(book, sheet, template, steps)
    if template.rows:
        end = _rows(book, sheet, template, steps, end + 2)
    end = max(end, _BLOCK + len(template.facts) + 1) + 2
    end = _charts(sheet, template, steps, months, end)
    book.name("dashboard_values", sheet, 5, 1, (end, _COLUMNS))
    sheet.print_area = f"A1:L{end}"
    sheet.page_setup.fitToHeight = 1


def _tile(book: Book, sheet: Worksheet, row: int, column: int, tile: Figure) -> None:
    looks = [
        (style.text(sheet, row, column, tile.label, size=9, color=style.GREY), 16),
        (style.formula(sheet, row + 1, column, f"={tile.name}", tile.number_format), 26),
        (_remark(sheet, row + 2, column, _said(tile)), 28 if row == 5 else 16),
    ]
    style.link(looks[0][0], location=_place(book, tile.name))
    last = column + 2
    for offset, (cell, height) in enumerate(looks):
        for across in range(column, last + 1):
            sheet.cell(row + offset, across).fill = style.fill(style.PALE)
            sheet.cell(row + offset, across).border = style.gap(left=across == column, right=across == last)
        sheet.merge_cells(start_row=row + offset, end_row=row + offset, start_column=column, end_column=last)
        cell.alignment = style.aligned("center", wrap=offset == 2)
        sheet.row_dimensions[row + offset].height = height
    looks[1][0].font = style.font(17, bold=True, color=style.NAVY)


def _remark(sheet: Worksheet, row: int, column: int, remark: str) -> Cell:
    if remark.startswith("="):
        cell = style.formula(sheet, row, column, remark)
        cell.font = style.font(9, color=style.GREY)
        return cell
    return style.text(sheet, row, column, remark, size=9, color=style.GREY)


def _said(tile: Figure) -> str:
    """The remark of a tile; that of the total begins with it in the reader's currency."""
    if tile.name != "total_cost":
        return tile.remark
    remark = tile.remark[1:] if tile.remark.startswith("=") else f'"{tile.remark}"'
    return f'=IF(currency="USD","",total_with_currency&" · ")&{remark}'


def _place(book: Book, name: str) -> str:
    return str(book.workbook.defined_names[name].attr_text)


def _facts(book: Book, sheet: Worksheet, template: Template) -> None:
    style.section(sheet, _BLOCK, "What this is", 5)
    for row, fact in enumerate([*template.facts, Figure("Total in your currency", "total_with_currency")], _BLOCK + 1):
        style.link(style.text(sheet, row, 1, fact.label), location=_place(book, fact.name))
        cell = style.formula(sheet, row, 3, f"={fact.name}", fact.number_format)
        cell.alignment = style.aligned("left")
        sheet.merge_cells(start_row=row, end_row=row, start_column=3, end_column=5)
        for column in range(1, 6):
            sheet.cell(row, column).border = style.underline()


def _costs(book: Book, sheet: Worksheet, template: Template, steps: Calculation) -> int:
    for column in range(6, _COLUMNS + 1):
        sheet.cell(_BLOCK, column).fill = style.fill(style.PALE)
        sheet.cell(_BLOCK, column).border = style.underline(style.BLUE)
    title = "Cost in USD" if template.basis == PROJECT else "Cost in USD a month"
    style.text(sheet, _BLOCK, 6, title, size=11, bold=True, color=style.NAVY)
    heads = ["Shown", "Share", *([] if template.rows else template.given)]
    for column, head in enumerate(heads, 8):
        cell = style.text(sheet, _BLOCK + 1, column, head, bold=True, color=style.GREY)
        if column > 9:
            cell = style.formula(sheet, _BLOCK + 1, column, f"={scenario_head(column - 10)}")
            cell.font = style.font(bold=True, color=style.GREY)
        cell.alignment = style.aligned("right")
    row = _BLOCK + 1
    lines = [(cost.line.label, cost.line.name) for cost in template.costs]
    income = {cost.line.name for cost in template.costs if cost.income}
    extra = [("Own lines", ""), ("Contingency", "contingency_usd"), ("Tax", "tax_usd"), ("Total", "total_cost")]
    for label, name in [*lines, *extra]:
        row += 1
        total = name == "total_cost"
        cell = style.text(sheet, row, 6, label, bold=total)
        style.link(cell, location=_place(book, name or "own_totals"))
        for column in (8, *range(10, 8 + len(heads))):
            scenario = None if column == 8 else column - 10
            value = f"={steps.cell(name, scenario)}" if name else own(steps, scenario)
            look = template.amounts if name in income else style.AMOUNT
            content = style.formula(sheet, row, column, f"={name}" if name and column == 8 else value, look)
            content.alignment = style.aligned("right")
            content.font = style.font(bold=total, color=content.font.color.rgb[-6:])
        share = style.formula(sheet, row, 9, f"=IF(total_cost=0,0,H{row}/total_cost)", style.PERCENT)
        share.alignment = style.aligned("right")
        for column in range(6, _COLUMNS + 1):
            sheet.cell(row, column).border = style.underline(style.NAVY if total else style.LINE)
    return row


def _rows(book: Book, sheet: Worksheet, template: Template, steps: Calculation, top: int) -> int:
    """Each scenario as a row, where there are more than the bill has columns for."""
    heads = [template.scenario_word, "", *(figure.label for figure in template.rows)]
    for column, head in enumerate(heads, 6):
        cell = style.text(sheet, top, column, head, size=9, bold=True, color=style.GREY)
        if column > 7:
            cell.alignment = style.aligned("right")
            style.link(cell, location=_place(book, template.rows[column - 8].name))
    for scenario in range(SCENARIOS):
        row = top + 1 + scenario
        style.formula(sheet, row, 6, f"={scenario_head(scenario)}").alignment = style.aligned("left", indent=1)
        for column, figure in enumerate(template.rows, 8):
            content = f'=IFERROR({steps.cell(figure.name, scenario)},"does not fit")'
            style.formula(sheet, row, column, content, figure.number_format).alignment = style.aligned("right")
        for column in range(6, _COLUMNS + 1):
            sheet.cell(row, column).border = style.underline()
    return top + SCENARIOS


def own(steps: Calculation, scenario: int | None) -> str:
    """The own lines of a scenario: what the sum of the lines has beyond the template's."""
    costs = [steps.cell(cost, scenario) for cost in steps.costs]
    return f"={steps.cell('subtotal', scenario)}-SUM({costs[0]}:{costs[-1].partition('!')[2]})"


def _charts(sheet: Worksheet, template: Template, steps: Calculation, months: Timeline, top: int) -> int:
    count = len(template.costs)
    costs = {"min_row": _BLOCK + 2, "max_row": _BLOCK + 1 + count + 3}
    unit = "USD" if template.basis == PROJECT else "USD a month"
    parts = charts.bars(
        sheet, f"Cost by line, {unit}", Reference(sheet, min_col=6, **costs),
        [("USD", Reference(sheet, min_col=8, **costs))], horizontal=True, legend=False, labels=True, y_title=unit,
        number_format=template.amounts,
    )  # fmt: skip
    charts.income(parts, [index for index, cost in enumerate(template.costs) if cost.income])
    height = max(_HEIGHT, count + 5)
    charts.place(sheet, parts, f"A{top}", f"F{top + height - 1}")
    lines = [*(cost.line.name for cost in template.costs), "beside"]
    word = template.scenario_word.lower()
    one = next(iter(template.pictures), Picture(f"The {word}s compared", unit, lines, stacked=True))
    # the scenario shown and the given ones; the free ones only where the template fills them
    columns = {"min_col": LIVE, "max_col": LIVE + len(template.given)}
    if set(template.free) & set(template.overrides):
        columns = {"min_col": LIVE + 1, "max_col": LIVE + SCENARIOS}
    calculation = steps.sheet
    series = [(str(calculation.cell(steps.rows[name], 1).value), Reference(calculation, min_row=steps.rows[name], **columns))
              for name in one.lines]  # fmt: skip
    compared = charts.bars(sheet, one.title, Reference(calculation, min_row=HEAD, **columns), series, stacked=one.stacked,
                           y_title=one.y_title, number_format=one.number_format, legend=len(series) > 1, labels=not one.stacked)  # fmt: skip
    charts.place(sheet, compared, f"G{top}", f"L{top + height - 1}")
    return _paid(sheet, months, top + height + 1, from_zero=template.basis == MONTHLY)


def _paid(sheet: Worksheet, months: Timeline, top: int, *, from_zero: bool) -> int:
    def of(row: int) -> Reference:
        return Reference(months.sheet, min_row=row, min_col=FIRST_MONTH, max_col=months.last)

    dates = of(months.rows["chart_month"])
    lines = [*months.paid, ("Own lines, contingency, tax", months.rows["beside_lines"])]
    monthly = charts.bars(
        sheet, "Payments by month", dates, [(label, of(row)) for label, row in lines], stacked=True, y_title="USD in a month",
        gap=40, number_format=months.template.amounts,
    )  # fmt: skip
    template = months.template
    charts.by_month(monthly, 1 if template.basis == PROJECT and template.months == MONTHS else _QUARTER)
    if from_zero:  # months that hardly differ would start their bars elsewhere; a project may be paid back at its end
        monthly.y_axis.scaling.min = 0
    charts.line_over(
        monthly, dates, ("Paid so far (right axis)", of(months.rows["so_far"])), "USD so far", template.amounts
    )
    charts.place(sheet, monthly, f"A{top}", f"L{top + _HEIGHT - 1}")
    return top + _HEIGHT
