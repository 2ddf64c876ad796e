"""The workbook of `xlcalc validate -o`: every measured case beside its estimate, errors by group, scatter charts."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from openpyxl.chart import Reference
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from xlcalc.accuracy import validation
from xlcalc.catalog import tables

from .templates import charts, style
from .templates.book import Book
from .templates.sheets import cover, sources

ABOUT = [
    "Every published measurement that xlcalc can state as a call, the estimate of that call, and the error: "
    "estimate / measurement - 1.",
    "Constants of the estimates were calibrated on some of these cases, as the column Calibrated? says: other models, "
    "machines and software err as the others do. Lines named "
    f'"{validation.OWN}" are your own measurements, with what is left of the error once you are calibrated.',
    'The same on the command line: xlcalc validate. In a cell: LLM_ACCURACY("LLM_TPOT","h100-sxm").',
]
_CASES = [
    ("Function", 20), ("Measured on", 32), ("Accelerator", 17), ("Case", 66), ("Measured", 13), ("Estimated", 13),
    ("Unit", 10), ("Error", 10), ("Size of error", 10), ("Source", 26),
]  # fmt: skip
_SUMMARY = [
    ("Function", 20), ("Measured on", 32), ("Accelerator", 17), ("Cases", 8), ("Mean error", 9), ("90 % are within", 9),
    ("Worst error", 9), ("Stated mean", 9), ("Stated for 90 %", 9), ("Stated worst", 9), ("As stated?", 10),
    ("Calibrated?", 11), ("Source", 26),
]  # fmt: skip
_HEAD, _FIRST = 5, 6
_ERROR = "+0.0%;-0.0%;0.0%"


class Lines(NamedTuple):
    """Rows of the sheet Cases that belong together."""

    function: str
    group: str
    accelerator: str
    first: int
    last: int
    source: str

    def of(self, column: str) -> str:
        return f"Cases!${column}${self.first}:${column}${self.last}"


def build() -> Book:
    book = Book("Accuracy of the estimates", "How well xlcalc's estimates agree with published measurements")
    cover_sheet = cover.start(book)
    summary = book.sheet("Summary", "Errors by function, measurement and accelerator, beside what is stated of them.",
                         [width for _, width in _SUMMARY], color=style.BLUE, freeze=f"B{_FIRST}",
                         repeated_rows=f"1:{_HEAD}")  # fmt: skip
    plots = book.sheet("Charts", "Estimate against measurement on logarithmic axes; on the line they are equal.",
                       [20, *[14] * 17], color=style.GREEN)  # fmt: skip
    groups = _cases(book)
    _summary(book, summary, groups)
    _charts(plots, groups)
    sources.build(book)
    cover.finish(book, cover_sheet, ABOUT, [])
    return book


def _cases(book: Book) -> list[Lines]:
    """The sheet of all cases, those of a group and an accelerator together; which rows are whose."""
    sheet = book.sheet("Cases", "Each call stands in xlcalc's catalog file measured.csv, or in your calibration.csv.",
                       [width for _, width in _CASES], color=style.TEAL, freeze=f"B{_FIRST}",
                       repeated_rows=f"1:{_HEAD}")  # fmt: skip
    style.headings(sheet, _HEAD, [label for label, _ in _CASES],
                   ("Measured on", "Accelerator", "Case", "Unit", "Source"))  # fmt: skip
    results = validation.results()
    functions, groups = list(dict.fromkeys(r.function for r in results)), list(dict.fromkeys(r.group for r in results))
    found = []
    row = _FIRST
    for key, members in groupby(
        sorted(results, key=lambda r: (functions.index(r.function), groups.index(r.group), r.accelerator)),
        key=lambda r: (r.function, r.group, r.accelerator),
    ):
        first = row
        for result in members:
            _case(book, sheet, row, result)
            row += 1
        found.append(Lines(*key, first, row - 1, result.source))
    sheet.auto_filter.ref = f"A{_HEAD}:{sheet.cell(_HEAD, len(_CASES)).column_letter}{row - 1}"
    return found


def _case(book: Book, sheet: Worksheet, row: int, result: validation.Result) -> None:
    unit = validation.unit(result.function)
    for column, content in enumerate((result.function, result.group, result.accelerator, result.case), 1):
        style.text(sheet, row, column, content)
    figures = style.SCIENTIFIC if unit == "bytes" else "#,##0.0###"
    style.value(sheet, row, 5, result.measured, figures)
    if result.estimate is None:
        style.text(sheet, row, 6, result.sentence, color=style.RED)
    else:
        style.value(sheet, row, 6, result.estimate, figures)
        style.formula(sheet, row, 8, f"=F{row}/E{row}-1", _ERROR)
        style.formula(sheet, row, 9, f"=ABS(H{row})", "0.0%")
    style.text(sheet, row, 7, unit)
    _source(book, sheet, row, len(_CASES), result.source)


def _source(book: Book, sheet: Worksheet, row: int, column: int, key: str) -> None:
    cell = style.text(sheet, row, column, key)
    if key in tables.sources():
        book.cite_catalog(cell)
    for each in range(1, column + 1):
        sheet.cell(row, each).border = style.underline()


def _summary(book: Book, sheet: Worksheet, groups: list[Lines]) -> None:
    style.text(sheet, 3, 1, "Share of the cases that the column beside the mean covers")
    style.value(sheet, 3, 4, validation.SHARE, style.PERCENT)
    book.name("share_covered", sheet, 3, 4)
    style.headings(sheet, _HEAD, [label for label, _ in _SUMMARY], ("Measured on", "Accelerator", "Source"))
    stated = validation.bounds()
    row = _FIRST
    for key, found in groupby(groups, key=lambda lines: (lines.function, lines.group)):
        members = list(found)
        _errors(book, sheet, row, members[0]._replace(accelerator="all", last=members[-1].last))
        if key in stated:
            _stated(sheet, row, stated[key])
        for lines in members:
            row += 1
            _errors(book, sheet, row, lines)
        row += 1
    for text, color in (("yes", style.GREEN), ("NO", style.RED)):
        rule = FormulaRule(formula=[f'$K{_FIRST}="{text}"'], font=Font(bold=True, color=color))
        sheet.conditional_formatting.add(f"K{_FIRST}:K{row}", rule)


def _errors(book: Book, sheet: Worksheet, row: int, lines: Lines) -> None:
    is_whole = lines.accelerator == "all"
    for column, content in enumerate((lines.function, lines.group, lines.accelerator), 1):
        style.text(sheet, row, column, content, bold=is_whole)
    errors = lines.of("I")
    covered = f"MIN(COUNT({errors}),INT(share_covered*COUNT({errors}))+1)"
    for column, (content, number_format) in enumerate([
        (f"=COUNT({errors})", style.WHOLE), (f"=AVERAGE({errors})", "0.0%"),
        (f"=SMALL({errors},{covered})", "0.0%"), (f"=MAX({errors})", "0.0%"),
    ], 4):  # fmt: skip
        style.formula(sheet, row, column, content, number_format).font = style.font(bold=is_whole)
    _source(book, sheet, row, len(_SUMMARY), lines.source)


def _stated(sheet: Worksheet, row: int, bound: dict[str, str]) -> None:
    for column, figure in enumerate(("mean", "p90", "worst"), 8):
        style.value(sheet, row, column, float(bound[figure]), "0.0%")
    kept = style.formula(sheet, row, 11, f'=IF(AND(E{row}<=H{row},F{row}<=I{row},G{row}<=J{row}),"yes","NO")')
    kept.alignment = style.aligned("center")
    style.text(sheet, row, 12, bound["calibrated"]).alignment = style.aligned("center")


def _charts(sheet: Worksheet, groups: list[Lines]) -> None:
    """A chart a function: a series for each source of its measurements, or of one source for each accelerator."""
    style.section(sheet, 4, "Ends of the line of equality", 18)
    cases = sheet.parent["Cases"]
    top = 11
    for place, (function, found) in enumerate(groupby(groups, key=lambda lines: lines.function)):
        members = list(found)
        row = 5 + place
        both = f"Cases!$E${members[0].first}:$F${members[-1].last}"
        style.text(sheet, row, 1, function)
        for column, content in ((2, f"=MIN({both})"), (3, f"=MAX({both})")):
            style.formula(sheet, row, column, content, style.SCIENTIFIC)
        by_group = {g: list(rows) for g, rows in groupby(members, key=lambda lines: lines.group)}
        if len(by_group) > 1:
            parts = [(group, rows[0].first, rows[-1].last) for group, rows in by_group.items()]
        else:
            parts = [(lines.accelerator, lines.first, lines.last) for lines in members]
        series = [
            (label, *(Reference(cases, min_col=column, min_row=first, max_row=last) for column in (5, 6)))
            for label, first, last in parts
        ]
        ends = Reference(sheet, min_col=2, max_col=3, min_row=row)
        chart = charts.scatter(f"{function}, {validation.unit(function)}", series, ends)
        first = top + 25 * (place // 3)
        charts.place(sheet, chart, f"{'AGM'[place % 3]}{first}", f"{'EKQ'[place % 3]}{first + 23}")
