"""The workbook of `xlcalc report --scenarios`: scenarios beside each other, what they change, what fails, charts.

Its numbers are those that the workbook gave for each scenario; what compares them is a formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from openpyxl.chart import Reference
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from .listed import Listed
from .scenarios import Comparison, Outcome
from .templates import build, charts, style
from .templates.book import Book
from .templates.sheets import cover

_HEAD, _FIRST = 5, 6
_LABEL, _NAME, _UNIT, _VALUES = 1, 2, 3, 4
_WIDTHS: list[float] = [54, 26, 22]
_SCENARIO = 19.0
_CHANGE = "+0.0%;-0.0%;0.0%"
_LARGE = 1000


def as_xlsx(compared: Comparison) -> bytes:
    """The file."""
    return build.build(_book(compared))


def _book(compared: Comparison) -> Book:
    book = Book(f"Scenarios of {compared.source}", compared.title)
    cover_sheet = cover.start(book)
    sheet = _sheet(book, compared, "Comparison", "What each scenario sets and gives. Below: each against the first.")
    plots = book.sheet("Chart", "The scenarios compared.", [14.0] * 12, color=style.GREEN)
    tops = _comparison(sheet, compared)
    _charts(plots, sheet, compared, tops)
    inputs = _sheet(book, compared, "Inputs", "All inputs; where one is not as in the first scenario, it is bold.")
    listed = [one for one in compared.listed if one.kind == "input"]
    _values(inputs, _FIRST, listed, [one.inputs for one in compared.outcomes], bold=True)
    _checks(book, compared)
    about = [
        f"Each scenario is {compared.source} with the inputs of a line of the scenarios' file, recalculated by xlcalc. "
        "Numbers are what it gave; changes against the first scenario are formulas.",
        "A scenario by itself, with all its formulas: xlcalc report with --set NAME=VALUE for each input that differs.",
    ]  # fmt: skip
    cover.finish(book, cover_sheet, about, [])
    book.open_on("Comparison")
    return book


def _sheet(book: Book, compared: Comparison, name: str, purpose: str) -> Worksheet:
    names = [one.scenario.name for one in compared.outcomes]
    sheet = book.sheet(name, purpose, [*_WIDTHS, *[_SCENARIO] * len(names)], freeze=f"D{_FIRST}",
                       repeated_rows=f"1:{_HEAD}")  # fmt: skip
    sheet.print_title_cols = "A:C"
    style.headings(sheet, _HEAD, ["What", "Name", "Unit", *names], ("Name", "Unit"))
    return sheet


def _comparison(sheet: Worksheet, compared: Comparison) -> dict[str, int]:
    """The sheet's blocks; the first rows of results and of lines of cost."""
    outcomes = compared.outcomes
    columns = _VALUES + len(outcomes) - 1
    results = compared.results()
    row = _FIRST
    if changed := compared.changed():
        style.section(sheet, row, "Inputs that differ", columns)
        row = _values(sheet, row + 1, changed, [one.inputs for one in outcomes]) + 1
    style.section(sheet, row, "Checks", columns)
    style.text(sheet, row + 1, _LABEL, "Checks that fail, and cells with errors")
    style.text(sheet, row + 2, _LABEL, "Warnings; the sheet Checks has them")
    for place, one in enumerate(outcomes, _VALUES):
        style.value(sheet, row + 1, place, len(one.failures), style.WHOLE)
        style.value(sheet, row + 2, place, len(one.warnings), style.WHOLE)
    cells = f"{get_column_letter(_VALUES)}{row + 1}"
    rule = FormulaRule(formula=[f"{cells}>0"], font=Font(bold=True, color=style.RED))
    sheet.conditional_formatting.add(f"{cells}:{get_column_letter(columns)}{row + 1}", rule)
    row += 4
    style.section(sheet, row, "Results", columns)
    tops = {"results": row + 1}
    row = _values(sheet, row + 1, results, [one.results for one in outcomes]) + 1
    if all(one.bill for one in outcomes):
        style.section(sheet, row, outcomes[0].bill.title if outcomes[0].bill else "", columns)
        tops["costs"] = row + 1
        row = _costs(sheet, row + 1, outcomes) + 1
    if len(outcomes) > 1:
        style.section(sheet, row, f"Results against {outcomes[0].scenario.name}", columns)
        _changes(sheet, row + 1, results, tops["results"], outcomes)
    return tops


def _values(
    sheet: Worksheet, row: int, listed: Iterable[Listed], columns: Sequence[dict[str, Any]], *, bold: bool = False
) -> int:
    """A line for each name, a column for each scenario; the row after them."""
    for one in listed:
        values = [column[one.name] for column in columns]
        _labels(sheet, row, one)
        number_format = _format(one.unit, values)
        for place, value in enumerate(values, _VALUES):
            shown = _typed(value, one.unit)
            cell = style.value(sheet, row, place, shown, number_format)
            cell.alignment = style.aligned("right")
            if bold and value != values[0]:
                cell.font = style.font(bold=True)
            cell.border = style.underline()
        row += 1
    return row


def _labels(sheet: Worksheet, row: int, one: Listed) -> None:
    style.note(sheet, row, _LABEL, one.meaning or one.name).font = style.font()
    style.text(sheet, row, _NAME, one.name, size=9, color=style.GREY)
    style.text(sheet, row, _UNIT, one.unit, color=style.GREY)
    for column in (_LABEL, _NAME, _UNIT):
        sheet.cell(row, column).border = style.underline()


def _costs(sheet: Worksheet, row: int, outcomes: Sequence[Outcome]) -> int:
    bills = [one.bill for one in outcomes if one.bill]
    for line, (label, _) in enumerate(bills[0].lines):
        is_total = line == len(bills[0].lines) - 1
        style.text(sheet, row, _LABEL, label, bold=is_total)
        style.text(sheet, row, _UNIT, bills[0].title.partition(" in ")[2], color=style.GREY)
        for place, bill in enumerate(bills, _VALUES):
            cell = style.value(sheet, row, place, bill.lines[line][1][0], style.USD)
            cell.font = style.font(bold=is_total)
        for column in range(1, _VALUES + len(bills)):
            sheet.cell(row, column).border = style.underline(style.NAVY if is_total else style.LINE)
        row += 1
    return row


def _changes(sheet: Worksheet, row: int, results: Sequence[Listed], top: int, outcomes: Sequence[Outcome]) -> None:
    """Each numeric result over that of the first scenario."""
    first = get_column_letter(_VALUES)
    for place, one in enumerate(results, top):
        if not _compares(one, outcomes) or not outcomes[0].results[one.name]:
            continue
        _labels(sheet, row, one)
        for column in range(_VALUES, _VALUES + len(outcomes)):
            letter = get_column_letter(column)
            cell = style.formula(sheet, row, column, f"={letter}{place}/${first}{place}-1", _CHANGE)
            cell.alignment, cell.border = style.aligned("right"), style.underline()
        row += 1


def _charts(sheet: Worksheet, data: Worksheet, compared: Comparison, tops: dict[str, int]) -> None:
    """The lines of cost on top of each other, without those that are 0; of a workbook without them, one number."""
    columns = {"min_col": _VALUES, "max_col": _VALUES + len(compared.outcomes) - 1}
    heads = Reference(data, min_row=_HEAD, **columns)
    bills = [one.bill for one in compared.outcomes if one.bill]
    if "costs" in tops:
        lines = [
            (label, Reference(data, min_row=tops["costs"] + place, **columns))
            for place, (label, _) in enumerate(bills[0].lines[:-1])
            if any(bill.lines[place][1][0] for bill in bills)
        ]
        chart = charts.bars(
            sheet, bills[0].title, heads, lines, stacked=True, y_title=bills[0].title.partition(" in ")[2]
        )
    else:
        numeric = [
            (place, one, [outcome.results[one.name] for outcome in compared.outcomes])
            for place, one in enumerate(compared.results(), tops["results"])
            if _compares(one, compared.outcomes)
        ]
        if not numeric:
            return
        place, one, values = numeric[0]
        series = [(one.meaning or one.name, Reference(data, min_row=place, **columns))]
        chart = charts.bars(sheet, series[0][0], heads, series, y_title=one.unit, legend=False,
                            number_format=_chart_format(one.unit, values))  # fmt: skip
    charts.place(sheet, chart, f"A{_HEAD}", f"L{_HEAD + 26}")


def _checks(book: Book, compared: Comparison) -> None:
    sheet = book.sheet("Checks", "What fails in which scenario, then what each warns of.", [30, 130], color=style.GREEN)
    style.headings(sheet, _HEAD, ["Scenario", "What fails"], ("What fails",))
    rows = [
        (one.scenario.name, said, style.RED if one.failures else style.GREEN)
        for one in compared.outcomes
        for said in one.failures or ["nothing"]
    ]
    rows += [(names, said, style.AMBER) for names, said in compared.warned]
    for row, (name, said, color) in enumerate(rows, _FIRST):
        style.text(sheet, row, 1, name)
        style.note(sheet, row, 2, said).font = style.font(color=color)


def _compares(one: Listed, outcomes: Sequence[Outcome]) -> bool:
    """Whether a result is a quantity in every scenario."""
    return one.unit != "date" and all(_is_number(outcome.results[one.name]) for outcome in outcomes)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _typed(value: Any, unit: str) -> Any:
    """A value as a cell holds it: a day as a date, a truth value as a word, nothing as a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if unit == "date" and isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value


def _format(unit: str, values: Sequence[Any]) -> str:
    """A number format that fits a line's unit and its largest value."""
    if unit == "date":
        return style.DATE
    if unit.startswith("share"):
        return style.PERCENT
    numbers = [abs(value) for value in values if _is_number(value)]
    sign = '"$"' if unit.startswith("USD") else ""
    if numbers and all(float(one).is_integer() for one in numbers):
        return sign + style.WHOLE
    return sign + (style.WHOLE if max(numbers, default=0) >= _LARGE else "#,##0.00##")


def _chart_format(unit: str, values: Sequence[Any]) -> str:
    return style.AMOUNT if unit.startswith("USD") and max(values) >= _LARGE else _format(unit, values)
