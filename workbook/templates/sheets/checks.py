"""The Checks sheet: what must hold, what deserves a look, and one light for the whole workbook."""

from __future__ import annotations

from dataclasses import dataclass

from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from .. import style
from ..book import Book

HEAD, FIRST = 10, 11
_WIDTHS: list[float] = [58, 22, 22, 10, 10, 84]
STOP, WARN = "stop", "warning"
EQUAL, AT_MOST, AT_LEAST, SAME = "equal", "at most", "at least", "same"
_TESTS = {
    EQUAL: "ABS(B{row}-C{row})<=tolerance*MAX(1,ABS(C{row}))",
    AT_MOST: "B{row}<=C{row}",
    AT_LEAST: "B{row}>=C{row}",
    SAME: "B{row}=C{row}",
}


@dataclass(frozen=True)
class Check:
    """`value` and `limit` are formulas; a check that fails stops the answer, or warns."""

    label: str
    value: str
    test: str
    limit: str
    severity: str
    advice: str
    number_format: str = style.GENERAL


def build(book: Book, checks: list[Check]) -> Worksheet:
    sheet = book.sheet(
        "Checks",
                       "What must hold (stop), what deserves a look (warning), and the light of all sheets.",
        _WIDTHS, color=style.RED, freeze=f"B{FIRST}", repeated_rows=f"1:{HEAD}",
    )  # fmt: skip
    style.headings(sheet, HEAD, ["Check", "Value", "Against", "Kind", "Result", "What it means, and what to do"],
                   ("Kind", "What it means, and what to do"))  # fmt: skip
    last = FIRST + len(checks) - 1
    for row, check in enumerate(checks, FIRST):
        style.text(sheet, row, 1, check.label)
        for column, content in ((2, check.value), (3, check.limit)):
            cell = style.formula(sheet, row, column, f"={content}", check.number_format)
            cell.alignment = style.aligned("right")
        style.text(sheet, row, 4, check.severity, color=style.GREY)
        test = _TESTS[check.test].format(row=row)
        failed = "0" if check.severity == STOP else "-1"
        guarded = f"=IF(ISERROR(B{row}),{failed},IF(ISERROR(C{row}),{failed},IF({test},1,{failed})))"
        result = style.formula(sheet, row, 5, guarded, '[=1]"pass";[=0]"FAIL";"look"')
        result.alignment = style.aligned("center")
        style.note(sheet, row, 6, check.advice, 18)
        for column in range(1, 7):
            sheet.cell(row, column).border = style.underline()
    _light(book, sheet, last)
    results = f"E{FIRST}:E{last}"
    for condition, color in (
        (f"$E{FIRST}=1", style.GREEN),
        (f"$E{FIRST}<0", style.AMBER),
        (f"$E{FIRST}=0", style.RED),
    ):
        rule = FormulaRule(formula=[condition], font=Font(bold=True, color=color), stopIfTrue=True)
        sheet.conditional_formatting.add(results, rule)
    return sheet


def _light(book: Book, sheet: Worksheet, last: int) -> None:
    results = f"E{FIRST}:E{last}"
    rows = [
        ("checks_failed", "Checks that fail", f"=COUNTIF({results},0)", "0", "result", "Checks that fail"),
        ("checks_warned", "Warnings", f"=COUNTIF({results},-1)", "0", "result", "Checks that warn"),
        ("checks_ok", "All that must hold, holds", "=IF(checks_failed=0,1,0)", '[=1]"yes";[=0]"NO"', "result",
         "1 where every check that must hold passes"),
        ("checks_light", "The light",
         '=IF(checks_failed>0,"Checks: "&checks_failed&" FAILED",IF(checks_warned>0,"Checks pass, "&checks_warned'
         '&" to look at","Checks: all pass"))', style.GENERAL, "", ""),
    ]  # fmt: skip
    for row, (name, label, content, number_format, kind, meaning) in enumerate(rows, 5):
        style.text(sheet, row, 1, label, bold=True)
        cell = style.formula(sheet, row, 2, content, number_format)
        cell.font, cell.alignment = style.font(bold=True), style.aligned("left")
        book.name(name, sheet, row, 2)
        if kind:
            book.list_name(name, kind, "", meaning)
