"""The Timeline sheet: the plan by month, with a real start, for five years or more.

Months run across the columns. A project has one column more, which takes whatever comes later, so that the months
always add up to the total. The same formula stands in every month of a row. Below the payments: inflation, present
value, what was really paid, and the forecast at completion.
"""

from __future__ import annotations

import re

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from .. import style
from ..book import Book
from ..parts import MONTHLY, Template, TimeRow
from . import own_lines
from .calculation import NAME, Calculation, guard, month_index, own_date, own_months, taxed_sum

HEAD, FIRST_MONTH, MONTHS_A_PAGE = 9, 4, 12
_PAYMENT = '"$"#,##0;-"$"#,##0;"–"'
_FIRST = get_column_letter(FIRST_MONTH)


class Timeline:
    """The sheet as it is built: where each row lies."""

    def __init__(self, book: Book, template: Template, steps: Calculation) -> None:
        self.book, self.template, self.steps = book, template, steps
        self.later = template.basis != MONTHLY
        self.last = FIRST_MONTH + template.months - (0 if self.later else 1)
        self.rows: dict[str, int] = {"start": HEAD}
        self.paid: list[tuple[str, int]] = []
        self.sheet = self._sheet()
        self._row = HEAD
        self._build()

    def _sheet(self) -> Worksheet:
        sheet = self.book.sheet(
            "Timeline",
            "What is paid by month in the scenario shown" + ("; last, all that comes later." if self.later else "."),
            [38, 14, 18, *([14.5] * (self.last - FIRST_MONTH + 1))],
            freeze=f"{_FIRST}{HEAD + 1}", repeated_rows=f"1:{HEAD}", pages_wide=-(-self.template.months // MONTHS_A_PAGE),
        )  # fmt: skip
        sheet.print_title_cols = "A:C"
        for row, label, content, name in (
            (5, "First month", f"=DATE(YEAR({self.template.starts}),MONTH({self.template.starts}),1)", "timeline_start"),
            (6, "Plan ends", f"={self.template.ends}", "timeline_end"),
            (7, "Months of the plan", f"={month_index('timeline_end')}-{month_index('timeline_start')}+1", "plan_months"),
        ):  # fmt: skip
            style.text(sheet, row, 1, label)
            number_format = style.DATE if row < 7 else style.WHOLE
            style.formula(sheet, row, 3, content, number_format).alignment = style.aligned("right")
            self.book.name(name, sheet, row, 3)
        style.headings(sheet, HEAD, ["Month beginning", "Unit", "Total", *[""] * (self.last - FIRST_MONTH + 1)])
        return sheet

    def _build(self) -> None:
        sheet = self.sheet
        self.rows["number"] = HEAD + 1
        self._across(HEAD, "DATE(YEAR(timeline_start),MONTH(timeline_start)+{number},1)", style.MONTH)
        for column in range(FIRST_MONTH, self.last + 1):
            cell = sheet.cell(HEAD, column)
            cell.font, cell.fill = style.font(bold=True, color=style.WHITE), style.fill(style.NAVY)
        if self.later:
            sheet.cell(HEAD, self.last).number_format = f'"from" {style.MONTH}'
        self._time(TimeRow("number", "Month", "number", f"COLUMN()-COLUMN(${_FIRST}$1)", style.WHOLE))
        following = "DATE(YEAR(timeline_start),MONTH(timeline_start)+{number}+1,1)"
        later = f"MAX({following},({{number}}=MAX(${_FIRST}{HEAD + 1}:${get_column_letter(self.last)}{HEAD + 1}))*(timeline_end+1))"
        self._time(TimeRow("end", "Ends before", "date", later if self.later else following, style.DATE))
        self.book.name("month_ends", self.sheet, self._row, FIRST_MONTH, (self._row, self.last))
        width = f"{month_index('({end}-1)')}-{month_index('{start}')}+1"
        self._time(TimeRow("width", "Months in the column", "months", width, style.WHOLE))
        for one in self.template.clock:
            self._time(one)
        self._row += 2
        self._payments()
        self._later_money()
        self.book.name("timeline_values", sheet, HEAD, 3, (self._row, self.last))
        self._bars()

    def _time(self, one: TimeRow) -> int:
        self._row += 1
        self.rows[one.name] = self._row
        self._label(self._row, one.label, one.unit)
        if one.formula:
            self._across(self._row, one.formula, one.number_format)
        if one.total:
            style.formula(
                self.sheet, self._row, 3, f"={self._text(one.total, 'C')}", one.total_format or one.number_format
            )
            self.sheet.cell(self._row, 3).alignment = style.aligned("right")
            self.book.name(one.name, self.sheet, self._row, 3)
            if one.result:
                self.book.list_name(one.name, "result", one.total_unit or one.unit, one.result)
        return self._row

    def _payments(self) -> None:
        style.section(self.sheet, self._row, "Payments", self.last)
        head = self._row
        for cost in self.template.costs:
            total = f"SUM({_FIRST}{self._row + 1}:{get_column_letter(self.last)}{self._row + 1})"
            self._time(TimeRow(f"paid_{cost.line.name}", cost.line.label, "USD", cost.month, _PAYMENT, total))
            self.paid.append((cost.line.label, self._row))
        first, last = head + 1, self._row
        for number in range(own_lines.MOST):
            self._own(number, first, last)
        self._row += 1
        guard(self.sheet, self._row, self.last)
        rows = {"contingency": self._row + 2, "tax": self._row + 3}
        subtotal = f"SUM({{m}}{head}:{{m}}{self._row})"
        self._sum("paid_subtotal", "Sum of the lines", subtotal)
        taxed = taxed_sum("paid_subtotal", [f"paid_{cost.line.name}" for cost in self.template.costs if cost.income],
                          f"{{m}}{last + 1}:{{m}}{last + 1 + own_lines.MOST}")  # fmt: skip
        self._sum("paid_contingency", "Contingency", f"{taxed}*contingency_shown")
        self._sum("paid_tax", "Tax", f"({taxed}+{{paid_contingency}})*tax_shown")
        self._sum(
            "paid", "Total", f"{{m}}{rows['contingency'] - 1}+{{m}}{rows['contingency']}+{{m}}{rows['tax']}", bold=True
        )
        self.book.name("monthly_costs", self.sheet, self._row, FIRST_MONTH, (self._row, self.last))
        self.book.list_name("paid", "result", "USD", "Total of all months of Timeline")
        self._sum("so_far", "Paid so far", f"SUM(${_FIRST}{self._row}:{{m}}{self._row})", total="")

    def _own(self, number: int, first: int, last: int) -> None:
        self._row += 1
        row, line = self._row, self.steps.first_own_row + number
        at = f"Calculation!${get_column_letter(NAME)}${line}"
        self._label(row, "", "USD")
        style.formula(self.sheet, row, 1, own_lines.label(at)).border = style.underline()
        begin, finish = ("plan_start", "plan_end") if self.later else ("timeline_start", "timeline_end")
        first_day, last_day = own_date(at, "own_from", begin), own_date(at, "own_to", finish)
        months = own_months(at, begin, finish)
        now = month_index("{start}")
        active = f"MAX(0,MIN({month_index(last_day)}+1,{now}+{{width}})-MAX({month_index(first_day)},{now}))"
        if self.later:
            content = f"IF({own_lines.exists(at)},Calculation!$C${line}*{active}/{months},0)"
        else:
            share = f"INDEX({{m}}${first}:{{m}}${last},MATCH({own_lines.field('own_of', at)},cost_labels,0))"
            amount, kind = own_lines.field("own_amounts", at), own_lines.field("own_kinds_chosen", at)
            kinds = f"IF({kind}=own_share,{share},IF({kind}=own_a_month,1,1/{months}))*{active}"
            content = f"IF({own_lines.exists(at)},IF(N({amount})=0,0,{amount}*{kinds}),0)"
        self._across(row, content, _PAYMENT)
        self._total(row)

    def _later_money(self) -> None:
        self._row += 1
        style.section(self.sheet, self._row, "With inflation, and at today's value", self.last)
        years = "({start}-report_date)/days_per_year"
        self._time(TimeRow("inflation_factor", "Prices on its first day, over the report's", "factor",
                           f"(1+inflation_shown)^MAX(0,{years})", "0.000"))  # fmt: skip
        self._sum(
            "signed", "Of the total, at agreed prices", f"({self.template.signed})*(1+contingency_shown)*(1+tax_shown)"
        )
        self._sum(
            "nominal", "Paid with inflation, agreed prices apart", "{signed}+({paid}-{signed})*{inflation_factor}"
        )
        self.book.list_name("nominal", "result", "USD", "Total with inflation")
        self._time(
            TimeRow(
                "discount_factor",
                "Discount factor of its first day",
                "factor",
                f"1/(1+discount_rate_shown)^MAX(0,{years})",
                "0.000",
            )
        )
        self._sum("present_value", "Value at the report's date", "{nominal}*{discount_factor}")
        self.book.list_name("present_value", "result", "USD", "Discounted to the report's date, inflation included")
        self._row += 1
        style.section(self.sheet, self._row, "Actuals and forecast at completion", self.last)
        self._row += 1
        self.rows["actual"] = self._row
        self._label(self._row, "Actually paid (type it; blank = not yet)", "USD")
        for column in range(FIRST_MONTH, self.last + 1):
            style.entry(self.sheet, self._row, column, None, style.USD)
        rule = DataValidation(type="decimal", operator="between", formula1="-1000000000000", formula2="1000000000000",
                              allow_blank=True, showErrorMessage=True, errorTitle="Actual", error="An amount in USD.")  # fmt: skip
        letter = get_column_letter(self.last)
        rule.add(f"{_FIRST}{self._row}:{letter}{self._row}")
        self.sheet.add_data_validation(rule)
        self.book.name("actuals", self.sheet, self._row, FIRST_MONTH, (self._row, self.last))
        self._total(self._row)
        self._sum("forecast", "Actual, else plan", "IF(ISNUMBER({actual}),{actual},{paid})")
        self.book.list_name(
            "forecast", "result", "USD", "Forecast at completion: actuals, and the plan where there are none"
        )
        self._sum("variance", "Actual against plan", "IF(ISNUMBER({actual}),{actual}-{paid},0)")
        self.book.list_name("variance", "result", "USD", "Actual against plan, of months with actuals")
        if self.template.after:
            self._row += 1
            style.section(self.sheet, self._row, self.template.after_title, self.last)
            for one in self.template.after:
                self._time(one)
        self._row += 1
        for name, label, content, meaning in (
            ("largest_month", "Largest month", f"MAX({_FIRST}{self.rows['paid']}:{get_column_letter(FIRST_MONTH + self.template.months - 1)}"
             f"{self.rows['paid']})", "Largest payment of a single month"),
            ("first_year", "First twelve months", f"SUMPRODUCT(({_FIRST}{self.rows['number']}:{letter}{self.rows['number']}<months_per_year)"
             f"*{_FIRST}{self.rows['paid']}:{letter}{self.rows['paid']})",
             "Payments of the first twelve months"),
        ):  # fmt: skip
            self._row += 1
            self._label(self._row, label, "USD")
            style.formula(self.sheet, self._row, 3, f"={content}", style.USD)
            self.book.name(name, self.sheet, self._row, 3)
            self.book.list_name(name, "result", "USD", meaning)

    def _bars(self) -> None:
        """Two rows for the chart of payments. Its axis of dates ends where they do, so that a plan of five months fills it
        as one of 60 does: months after the last one that pays anything stand upon that one, with nothing to show."""
        self.sheet.print_area = f"A1:{get_column_letter(self.last)}{self._row}"
        self._row += 2
        style.section(self.sheet, self._row, "For the chart on Dashboard", self.last)
        paid, starts = (self._months(self.rows[name]) for name in ("paid", "start"))
        plan = "DATE(YEAR(timeline_end),MONTH(timeline_end),1)"
        last = f"IFERROR(MAX({plan},SUMPRODUCT(MAX(({paid}<>0)*{starts}))),{plan})"
        self._time(TimeRow("chart_last", "Last month to show", "date", "", total=last, total_format=style.MONTH))
        self._time(TimeRow("chart_month", "Month", "date", "MIN({start},chart_last)", style.MONTH))
        lines = "-".join(f"{{m}}{row}" for _, row in self.paid)
        self._time(TimeRow("beside_lines", "Own lines, contingency, tax", "USD", f"{{paid}}-{lines}", _PAYMENT))

    def _months(self, row: int) -> str:
        return f"${_FIRST}{row}:${get_column_letter(self.last)}{row}"

    def _sum(self, name: str, label: str, content: str, *, bold: bool = False, total: str = "sum") -> None:
        self._row += 1
        self.rows[name] = self._row
        self._label(self._row, label, "USD")
        self._across(self._row, content, _PAYMENT)
        if total:
            self._total(self._row)
            self.book.name(name, self.sheet, self._row, 3)
        if bold:
            for column in range(1, self.last + 1):
                self.sheet.cell(self._row, column).font = style.font(bold=True)

    def _total(self, row: int) -> None:
        cell = style.formula(self.sheet, row, 3, f"=SUM({_FIRST}{row}:{get_column_letter(self.last)}{row})", _PAYMENT)
        cell.alignment = style.aligned("right")

    def _label(self, row: int, label: str, unit: str) -> None:
        if label:
            style.text(self.sheet, row, 1, label).border = style.underline()
        style.text(self.sheet, row, 2, unit, color=style.GREY).border = style.underline()

    def _text(self, content: str, letter: str) -> str:
        def place(match: re.Match[str]) -> str:
            if match[1] == "m":
                return letter
            if match[1] == "all":
                return f"{_FIRST}{self._row}:{get_column_letter(self.last)}{self._row}"
            if match[1] == "to_date":
                return f"${_FIRST}{self._row - 1}:{letter}{self._row - 1}"
            return f"{letter}{self.rows[match[1]]}"

        return re.sub(r"\{(\w+)\}", place, content)

    def _across(self, row: int, content: str, number_format: str) -> None:
        for column in range(FIRST_MONTH, self.last + 1):
            text = self._text(content, get_column_letter(column))
            cell = style.formula(self.sheet, row, column, f"={text}", number_format)
            cell.alignment = style.aligned("right")
            cell.border = style.underline()
