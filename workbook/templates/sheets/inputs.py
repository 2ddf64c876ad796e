"""The Inputs sheet: every assumption with its unit, its limits, its defined name and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from openpyxl.formatting.rule import FormulaRule
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from .. import style
from ..book import Book, Source

FIRST = 5
_COLUMNS: list[float] = [40, 23, 26, 11, 11, 9, 27, 66, 28]
_LABEL, _VALUE, _UNIT, _FROM, _TO, _OK, _NAME, _NOTE, _SOURCE = range(1, 10)
_LEFT = ("Unit", "Name in formulas", "Meaning", "Source")
_LONGEST = 60  # characters of a text
CASES = ("low", "base", "high")


@dataclass(frozen=True)
class Input:
    """One assumption. A number lies between `least` and `most`; a choice comes from the range named `among`; a text is
    valid where `known` says so."""

    name: str
    label: str
    value: float | str | date | None
    unit: str
    note: str
    source: Source | None = None
    number_format: str = style.GENERAL
    least: float | date | None = None
    most: float | date | None = None
    whole: bool = False
    among: str = ""
    known: str = ""
    """When an entry is valid: of a text, or of a choice that takes more than the list (aliases, the user's own)."""
    blank: str = ""
    """What a blank means, where it is allowed."""


@dataclass(frozen=True)
class Driver:
    """An assumption that the cases change, by factors for low, base and high cost."""

    name: str
    label: str
    low: float
    base: float
    high: float
    note: str


@dataclass(frozen=True)
class Constant:
    name: str
    label: str
    value: float | str
    unit: str
    note: str
    number_format: str = style.WHOLE


Section = tuple[str, list[Input]]


def build(
    book: Book, sections: list[Section], drivers: list[Driver], constants: list[Constant], lists: dict[str, list[str]]
) -> Worksheet:
    sheet = book.sheet(
        "Inputs",
        "Fill the yellow cells; everything else is calculated from them. Blank means what the note says.",
        _COLUMNS, color=style.ORANGE, freeze=f"B{FIRST + 1}", repeated_rows=f"1:{FIRST}",
    )  # fmt: skip
    labels = ["Input", "Value", "Unit", "Allowed from", "to", "Valid?", "Name in formulas", "Meaning", "Source"]
    style.headings(sheet, FIRST, labels, _LEFT)
    row = FIRST + 1
    first_input = row
    for title, inputs in sections:
        style.section(sheet, row, title, len(_COLUMNS))
        row += 1
        for one in inputs:
            _input(book, sheet, row, one)
            row += 1
    book.name("inputs_valid", sheet, first_input, _OK, (row - 1, _OK))
    row = _drivers(book, sheet, row + 1, drivers)
    row = _constants(book, sheet, row + 1, constants)
    _lists(book, sheet, row + 1, lists)
    rule = FormulaRule(formula=[f"AND(ISNUMBER($F{first_input}),$F{first_input}=0)"], fill=style.fill("F5B7B1"))
    sheet.conditional_formatting.add(f"B{first_input}:F{row}", rule)
    return sheet


def _input(book: Book, sheet: Worksheet, row: int, one: Input) -> None:
    style.text(sheet, row, _LABEL, one.label)
    cell = style.entry(sheet, row, _VALUE, one.value, one.number_format)
    if one.among or one.known:
        cell.alignment = style.aligned("left")
    style.text(sheet, row, _UNIT, one.unit)
    for column, limit in ((_FROM, one.least), (_TO, one.most)):
        large = isinstance(limit, (int, float)) and limit >= 1e6
        limit_cell = style.value(sheet, row, column, limit, "0E+00" if large else one.number_format)
        limit_cell.font = style.font(9, color=style.GREY)
    if one.among or one.known:
        allowed = "from the list" if one.among else "as Meaning says"
        style.text(sheet, row, _FROM, allowed, size=9, color=style.GREY)
    style.formula(sheet, row, _OK, _valid(row, one), '[=1]"yes";[=0]"NO"').alignment = style.aligned("center")
    style.text(sheet, row, _NAME, one.name, size=9, color=style.GREY)
    style.note(sheet, row, _NOTE, f"{one.note} Blank: {one.blank}." if one.blank else one.note)
    if one.source:
        style.link(style.text(sheet, row, _SOURCE, one.source.key, size=9), one.source.address)
        book.cite("Inputs", one.source)
    else:
        style.text(sheet, row, _SOURCE, "your choice", size=9, color=style.GREY)
    for column in range(1, len(_COLUMNS) + 1):
        if column != _VALUE:
            sheet.cell(row, column).border = style.underline()
    book.name(one.name, sheet, row, _VALUE)
    book.list_name(one.name, "input", one.unit, one.label)
    sheet.add_data_validation(_validation(row, one))


def _valid(row: int, one: Input) -> str:
    if one.known:
        test = one.known
    elif one.among:
        test = f"COUNTIF({one.among},B{row})>0"
    else:
        test = f"AND(ISNUMBER(B{row}),B{row}>=D{row},B{row}<=E{row})"
        if one.whole:
            test = f"AND(ISNUMBER(B{row}),B{row}>=D{row},B{row}<=E{row},INT(B{row})=B{row})"
    if one.blank:
        return f'=IF(B{row}="",1,IF({test},1,0))'
    return f"=IF({test},1,0)"


def _validation(row: int, one: Input) -> DataValidation:
    if one.among:
        rule = DataValidation(type="list", formula1=one.among, allow_blank=bool(one.blank))
        rule.error = f"Choose {one.label.lower()} from the list."
        if one.known:
            rule.errorStyle = "warning"
            rule.error = f"{one.label}: not in the list. Other names that the functions know work too."
    elif one.known:
        rule = DataValidation(type="textLength", operator="lessThanOrEqual", formula1=str(_LONGEST), allow_blank=True)
        rule.error = f"{one.label}: at most {_LONGEST} characters. {one.note}"[:225]
    else:
        kind = "date" if isinstance(one.least, date) else "whole" if one.whole else "decimal"
        rule = DataValidation(type=kind, operator="between", formula1=f"$D${row}", formula2=f"$E${row}")
        rule.allow_blank = bool(one.blank)
        rule.error = f"{one.label}: allowed from {_shown(one.least)} to {_shown(one.most)} {one.unit}."[:225]
    rule.errorTitle, rule.showErrorMessage = one.label[:32], True
    rule.promptTitle, rule.prompt, rule.showInputMessage = one.label[:32], _prompt(one), True
    rule.add(f"B{row}")
    return rule


def _prompt(one: Input) -> str:
    words = f"{one.note} Blank: {one.blank}." if one.blank else one.note
    return words if len(words) <= 255 else words[:254].rpartition(" ")[0] + " …"


def _shown(limit: float | date | None) -> str:
    if isinstance(limit, date) or limit is None:
        return str(limit)
    return f"{limit:,.10g}"


def _drivers(book: Book, sheet: Worksheet, row: int, drivers: list[Driver]) -> int:
    style.section(sheet, row, "Cases: factors on the inputs above (low, base and high cost)", len(_COLUMNS))
    row += 1
    headings = ["What the case changes", "Live factor", "Unit", *CASES, "Name in formulas", "Meaning", "Source"]
    style.headings(sheet, row, headings, _LEFT)
    book.name("scenario_list", sheet, row, _FROM, (row, _OK))
    for one in drivers:
        row += 1
        style.text(sheet, row, _LABEL, one.label)
        style.formula(sheet, row, _VALUE, f"=INDEX({one.name}_cases,scenario_no)", "0.00")
        style.text(sheet, row, _UNIT, "factor")
        for column, factor in zip((_FROM, _TO, _OK), (one.low, one.base, one.high), strict=True):
            style.entry(sheet, row, column, factor, "0.00")
        style.text(sheet, row, _NAME, f"{one.name}_cases", size=9, color=style.GREY)
        style.note(sheet, row, _NOTE, one.note)
        style.text(sheet, row, _SOURCE, "assumption: set your own", size=9, color=style.GREY)
        book.name(f"{one.name}_cases", sheet, row, _FROM, (row, _OK))
    first = row - len(drivers) + 1
    rule = DataValidation(type="decimal", operator="between", formula1="0", formula2="100", showErrorMessage=True,
                          errorTitle="Case factor",
                          error="A factor from 0 to 100; 1 leaves the input as it is.")  # fmt: skip
    rule.add(f"D{first}:F{row}")
    sheet.add_data_validation(rule)
    return row + 1


def _constants(book: Book, sheet: Worksheet, row: int, constants: list[Constant]) -> int:
    style.section(sheet, row, "Units and constants: formulas use these names, never bare numbers", len(_COLUMNS))
    for one in constants:
        row += 1
        style.text(sheet, row, _LABEL, one.label)
        put = style.formula if isinstance(one.value, str) else style.value
        put(sheet, row, _VALUE, one.value, one.number_format).alignment = style.aligned("right")
        style.text(sheet, row, _UNIT, one.unit)
        style.text(sheet, row, _NAME, one.name, size=9, color=style.GREY)
        style.note(sheet, row, _NOTE, one.note)
        book.name(one.name, sheet, row, _VALUE)
    return row + 1


def _lists(book: Book, sheet: Worksheet, row: int, lists: dict[str, list[str]]) -> None:
    """Short lists for drop-downs, one a row."""
    style.section(sheet, row, "Lists for the drop-downs", len(_COLUMNS))
    for name, items in lists.items():
        row += 1
        style.text(sheet, row, _LABEL, name.replace("_", " ").removesuffix(" list"))
        for column, item in enumerate(items, _VALUE):
            style.text(sheet, row, column, item, size=9)
        book.name(name, sheet, row, _VALUE, (row, _VALUE + len(items) - 1))
