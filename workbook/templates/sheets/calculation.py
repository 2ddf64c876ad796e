"""The Calculation sheet: one line a step, one formula a line, the same in every column.

Columns: the scenario shown (live), the six scenarios, the three steps of the bridge between two scenarios, and the cases
of the Sensitivity sheet. `{line}` in a formula stands for that line in the same column, every other word is a defined
name.
"""

from __future__ import annotations

import re
from dataclasses import replace

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet

from .. import style
from ..book import Book
from ..parts import GROUPS, MONTHLY, Block, Cost, Input, Line
from . import own_lines

HEAD, FIRST = 5, 6
LIVE, SCENARIOS, BRIDGE = 3, 6, len(GROUPS) - 1
_FIRST_SCENARIO, NAME, _HOW = LIVE + 1, LIVE + SCENARIOS + 1, LIVE + SCENARIOS + 2
_FIRST_BRIDGE = _HOW + 1
_SIDE = _FIRST_BRIDGE + BRIDGE
_NUMBER = 20.0
_WIDTHS: list[float] = [44, 23, *([_NUMBER] * (1 + SCENARIOS)), 27, 76, *([_NUMBER] * BRIDGE)]
_ADDED = [
    Line("contingency_usd", "Contingency", "USD", "{taxed}*{contingency}", "Share of all lines above.", style.USD),
    Line("tax_usd", "Tax", "USD", "({taxed}+{contingency_usd})*{tax}", "On lines and contingency.", style.USD),
    Line("total_cost", "Total", "USD", "{subtotal}+{contingency_usd}+{tax_usd}", "At the prices of the report's date.",
         style.USD, "", True),
    Line("total_in_currency", "Total in your currency", "your currency", "{total_cost}*{currency_per_usd}",
         "At the dated rate of Inputs.", "#,##0", "Total in the currency of Inputs"),
    Line("total_with_currency", "Total with its currency", "text",
         f'IFERROR({style.in_words("{total_in_currency}")}&" "&currency,"not known")', "", style.GENERAL),
]  # fmt: skip


class Calculation:
    """The sheet as it is built: where each line and each sensitivity case lies."""

    def __init__(self, book: Book, drivers: list[tuple[str, str]]) -> None:
        self.book = book
        self.rows: dict[str, int] = {}
        self.drivers = [name for name, _ in drivers]
        self.costs: list[str] = []
        self.first_own_row = 0
        self.sheet = self._sheet()
        self._row = FIRST

    @property
    def _sides(self) -> int:
        return 2 * len(self.drivers)

    @property
    def _columns(self) -> list[int]:
        return [*range(LIVE, NAME), *range(_FIRST_BRIDGE, _SIDE + self._sides)]

    def _sheet(self) -> Worksheet:
        sheet = self.book.sheet(
            "Calculation",
            "Every step from the inputs to the total: a line has one formula in all its columns. From L on: the bridge "
            "and the cases of Sensitivity.",
            _WIDTHS, freeze=f"C{FIRST}", repeated_rows=f"1:{HEAD}",
        )  # fmt: skip
        heads = ["Step", "Unit", "Shown", *[""] * SCENARIOS, "Name of the shown value", "How"]
        heads += [f"Bridge {number + 1}" for number in range(BRIDGE)]
        style.headings(sheet, HEAD, heads, ("Unit", "Name of the shown value", "How"))
        for number in range(SCENARIOS):
            cell = style.formula(sheet, HEAD, _FIRST_SCENARIO + number, f"={scenario_head(number)}")
            cell.font, cell.fill = style.font(bold=True, color=style.WHITE), style.fill(style.NAVY)
            cell.alignment = style.aligned("center")
        for index in range(self._sides):
            letter = get_column_letter(_SIDE + index)
            sheet.column_dimensions[letter].width = _NUMBER
            head = style.text(sheet, HEAD, _SIDE + index, f"Sensitivity {index + 1}", size=9, bold=True,
                              color=style.WHITE)  # fmt: skip
            head.fill, head.alignment = style.fill(style.GREY), style.aligned("center")
        return sheet

    def columns(self) -> None:
        """Which scenario each column takes its inputs from, by group, and which driver it changes by what factor."""
        style.section(self.sheet, self._row, "Columns: the scenario of each, and the driver changed beside", _HOW)
        sides: list[tuple[str, str]] = []
        for driver in self.drivers:
            sides += [(driver, "=1-tornado_step"), (driver, "=1+tornado_step")]
        self._row += 1
        style.text(self.sheet, self._row, 1, "Number of the scenario shown")
        style.text(self.sheet, self._row, 2, "number", color=style.GREY)
        cell = style.formula(self.sheet, self._row, LIVE, "=MATCH(scenario,scenario_list,0)", style.WHOLE)
        cell.alignment = style.aligned("right")
        self.book.name("scenario_no", self.sheet, self._row, LIVE)
        for place, group in enumerate(GROUPS):
            bridge = ["=bridge_to_no" if place <= step else "=bridge_from_no" for step in range(BRIDGE)]
            contents = ["=scenario_no", *range(1, SCENARIOS + 1), *bridge, *["=scenario_no"] * self._sides]
            self._parameters(f"case_{group}", f"Scenario of inputs of {group}", "number", contents)
        no_change = 1 + SCENARIOS + BRIDGE
        self._parameters("changed", "Driver changed beside", "", [*["none"] * no_change, *(d for d, _ in sides)])
        self._parameters("factor", "By the factor", "factor", [*[1] * no_change, *(f for _, f in sides)])
        self._row += 2

    def _parameters(self, name: str, label: str, unit: str, contents: list[str | int]) -> None:
        self._row += 1
        self.rows[name] = self._row
        style.text(self.sheet, self._row, 1, label)
        style.text(self.sheet, self._row, 2, unit, color=style.GREY)
        for column, content in zip(self._columns, contents, strict=True):
            put = style.formula if str(content).startswith("=") else style.value
            put(self.sheet, self._row, column, content).alignment = style.aligned("right")

    def inputs(self, inputs: list[Input], override_rows: dict[str, int]) -> None:
        """The inputs as each column has them: the scenario's own where it has one, else that of Inputs."""
        lines = []
        for one in inputs:
            given = f"INDEX(Scenarios!$D{override_rows[one.name]}:$I{override_rows[one.name]},{{case_{one.group}}})"
            plain = f'IF({one.name}="","–",{one.name})' if one.blank else one.name
            formula = f'IF({given}="",{plain},{given})'
            if one.name in self.drivers:
                moved = f"({formula})*{{factor}}"
                if one.name == "accelerators":  # by the node, as they are rented
                    node = f"MIN({{node_size}},{formula})"
                    moved = f"MAX(1,ROUND({moved}/{node},0))*{node}"
                elif one.whole:
                    moved = f"ROUND({moved},0)"
                row = int(str(self.book.workbook.defined_names[one.name].attr_text).rpartition("$")[2])
                moved = f"MAX(Inputs!$D${row},MIN(Inputs!$E${row},{moved}))"
                formula = f'IF({{changed}}="{one.name}",{moved},{formula})'
            lines.append(Line(one.name, one.label, one.unit, formula, "", one.number_format))
        self._block("Inputs of each scenario", lines, shown="_shown")

    def block(self, block: Block) -> None:
        self._block(*block)

    def _block(self, title: str, lines: list[Line], *, shown: str = "") -> None:
        style.section(self.sheet, self._row, title, _HOW)
        for offset, line in enumerate(lines, 1):
            self.rows[line.name] = self._row + offset
        for line in lines:
            self._row += 1
            self._line(line, shown)
        self._row += 2

    def _line(self, line: Line, shown: str = "") -> None:
        sheet, row = self.sheet, self._row
        label = style.text(sheet, row, 1, line.label, bold=line.total)
        if shown:  # an input: its line leads to where it is typed, and that to its source
            style.link(label, location=str(self.book.workbook.defined_names[line.name].attr_text))
        style.unit(sheet, row, 2, line.unit)
        for column in self._columns:
            self._put(line, column)
        style.text(sheet, row, NAME, line.name + shown, size=9, color=style.GREY)
        style.note(sheet, row, _HOW, line.how)
        for column in range(1, _HOW + 1):
            cell = sheet.cell(row, column)
            cell.border = style.underline(style.NAVY, "medium") if line.total else style.underline()
        self.book.name(line.name + shown, sheet, row, LIVE)
        if line.result:
            self.book.list_name(line.name, "result", line.unit, line.result)

    def _put(self, line: Line, column: int) -> None:
        row, letter = self._row, get_column_letter(column)
        text = "=" + self.in_column(line.formula, letter)
        content: object = text
        if line.fact and column >= _SIDE:
            content = f"=$C{row}"
        elif line.array:
            content = ArrayFormula(f"{letter}{row}", text)
        cell = style.formula(self.sheet, row, column, content, line.number_format)
        cell.alignment = style.aligned("right", shrink=line.number_format == style.GENERAL)
        if line.total:
            cell.font = style.font(bold=True)

    def in_column(self, formula: str, letter: str) -> str:
        """A formula with the cells of a column put in; `{@line}` are all scenarios of a line."""
        text = re.sub(r"\{@(\w+)\}", lambda match: self.across(match[1]).partition("!")[2], formula)
        return re.sub(r"\{(\w+)\}", lambda match: f"{letter}{self.rows[match[1]]}", text)

    def bill(self, costs: list[Cost], basis: str, total: str) -> None:
        """The lines of cost, the own lines, and the total; a guard row keeps what is inserted inside the sum."""
        sheet, head = self.sheet, self._row
        style.section(sheet, head, "Cost" if basis != MONTHLY else "Cost of a month", _HOW)
        self.costs = [cost.line.name for cost in costs]
        for offset, cost in enumerate(costs, 1):
            self.rows[cost.line.name] = head + offset
        for cost in costs:
            self._row += 1
            self._line(cost.line)
        first_cost, last_cost = head + 1, self._row
        for number in range(1, own_lines.MOST + 1):
            self._row += 1
            self._own_line(number, first_cost, last_cost, basis)
        self.first_own_row = last_cost + 1
        self.book.name("own_totals", sheet, last_cost + 1, LIVE, (self._row, LIVE))
        self._row += 1
        guard(sheet, self._row, _HOW)
        letter_sum = "SUM({top}:{guard})"
        self.rows |= {"top": head, "own": last_cost + 1, "guard": self._row}
        lines = [Line("subtotal", "Sum of the lines", "USD", letter_sum, "From the heading down to the guard row.",
                      style.USD), *_ADDED,
                 Line("beside", "Own lines, contingency, tax", "USD", "SUM({own}:{guard})+{contingency_usd}+{tax_usd}",
                      "What the total has beside the lines above.", style.USD)]  # fmt: skip
        unit = "USD" if basis != MONTHLY else "USD/month"
        taxed = taxed_sum("subtotal", [cost.line.name for cost in costs if cost.income], "{own}:{guard}")
        lines = [replace(line, unit=unit if line.unit == "USD" else line.unit, formula=line.formula.replace("{taxed}", taxed))
                 for line in lines]  # fmt: skip
        for offset, line in enumerate(lines, 1):
            self.rows[line.name] = self.rows["guard"] + offset
        for line in lines:
            self._row += 1
            self._line(line)
        self.book.list_name("total_cost", "result", unit, total)
        self._row += 2

    def _own_line(self, number: int, first: int, last: int, basis: str) -> None:
        sheet, row = self.sheet, self._row
        at = f"${get_column_letter(NAME)}{row}"
        style.formula(sheet, row, 1, own_lines.label(at)).alignment = style.aligned("left")
        style.text(sheet, row, 2, "USD" if basis != MONTHLY else "USD/month", color=style.GREY)
        named = style.value(sheet, row, NAME, number, '"own line "0')
        named.font, named.alignment = style.font(9, color=style.GREY), style.aligned("left", indent=1)
        amount, kind, of = (own_lines.field(name, at) for name in ("own_amounts", "own_kinds_chosen", "own_of"))
        for column in self._columns:
            letter = get_column_letter(column)
            months = own_months(at, self.in_column("{plan_start}", letter), self.in_column("{plan_end}", letter))
            whole, month = "1", months
            if basis == MONTHLY:
                active = own_active(at, self.in_column("{sizing_month}", letter))
                whole, month = f"{active}/{months}", active
            line = f"INDEX({letter}${first}:{letter}${last},MATCH({of},cost_labels,0))"
            share = line if basis != MONTHLY else f"{line}*{month}"
            kinds = f"IF({kind}=own_share,{share},IF({kind}=own_a_month,{month},{whole}))"
            content = f"=IF({own_lines.exists(at)},IF(N({amount})=0,0,{amount}*{kinds}),0)"
            style.formula(sheet, row, column, content, style.USD).alignment = style.aligned("right")
        style.note(sheet, row, _HOW, "From the block of own lines on Inputs." if number == 1 else "")
        for column in range(1, _HOW + 1):
            sheet.cell(row, column).border = style.underline()

    def cell(self, line: str, scenario: int | None = None) -> str:
        """A line's cell: of the scenario shown, or of one by its number from 0."""
        column = LIVE if scenario is None else _FIRST_SCENARIO + scenario
        return f"Calculation!${get_column_letter(column)}${self.rows[line]}"

    def across(self, line: str) -> str:
        """The cells of all scenarios of a line."""
        first, last = get_column_letter(_FIRST_SCENARIO), get_column_letter(NAME - 1)
        return f"Calculation!${first}${self.rows[line]}:${last}${self.rows[line]}"

    def bridge(self, line: str, step: int) -> str:
        return f"Calculation!${get_column_letter(_FIRST_BRIDGE + step)}${self.rows[line]}"

    def side(self, line: str, index: int) -> str:
        return f"Calculation!${get_column_letter(_SIDE + index)}${self.rows[line]}"

    def finish(self) -> None:
        last = self._row - 1
        self.sheet.print_area = f"A1:K{last}"
        style.keep_headings(self.sheet, _HOW, last, HEAD)
        row = self.rows["total_cost"]
        self.book.name("total_cost_scenarios", self.sheet, row, _FIRST_SCENARIO, (row, NAME - 1))
        self.book.name("calculation_values", self.sheet, FIRST, LIVE, (last, NAME - 1))
        self.book.name("sensitivity_columns", self.sheet, FIRST, _FIRST_BRIDGE, (last, _SIDE + self._sides - 1))


def taxed_sum(lines: str, income: list[str], own: str) -> str:
    """What contingency and tax are taken on: the sum of the lines without what comes back, own lines below zero too."""
    return f"({{{lines}}}{''.join(f'-{{{name}}}' for name in income)}-SUMPRODUCT(({own}<0)*{own}))"


def scenario_head(number: int) -> str:
    """The cell with the name of a scenario."""
    from .scenarios import NAMES_ROW

    return f"Scenarios!${get_column_letter(_FIRST_SCENARIO + number)}${NAMES_ROW}"


def guard(sheet: Worksheet, row: int, columns: int) -> None:
    """A thin row that ends a sum: rows inserted above it are inside."""
    for column in range(1, columns + 1):
        sheet.cell(row, column).fill = style.fill(style.PALE)
    style.text(sheet, row, 1, "insert rows above this line", size=7, italic=True, color=style.GREY)
    sheet.row_dimensions[row].height = 9


def own_date(number: str, name: str, otherwise: str) -> str:
    """A date of an own line, or otherwise."""
    cell = own_lines.field(name, number)
    return f"IF(ISNUMBER({cell}),{cell},{otherwise})"


def own_months(number: str, start: str, end: str) -> str:
    """In how many months an own line is paid; `number` is the cell with its number."""
    first, last = own_date(number, "own_from", start), own_date(number, "own_to", end)
    return f"MAX(1,{month_index(last)}-{month_index(first)}+1)"


def own_active(number: str, month: str) -> str:
    """1 where an own line is paid in a month."""
    first, last = own_date(number, "own_from", month), own_date(number, "own_to", month)
    return f"AND({month_index(first)}<={month_index(month)},{month_index(last)}>={month_index(month)})*1"


def month_index(day: str) -> str:
    return f"(YEAR({day})*months_per_year+MONTH({day}))"
