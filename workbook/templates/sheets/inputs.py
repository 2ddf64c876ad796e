"""The Inputs sheet: every assumption with its unit, its limits, its defined name and where it comes from."""

from __future__ import annotations

from datetime import date

from openpyxl.formatting.rule import FormulaRule
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from .. import style
from ..book import Book
from ..parts import Constant, Input, Section
from . import own_lines

FIRST = 5
_COLUMNS: list[float] = [42, 24, 25, 13, 13, 9, 27, 72, 30, 14]
LABEL, VALUE, UNIT, FROM, TO, OK, NAME, NOTE, SOURCE, GIVEN = range(1, 11)
TYPED = "typed"
"""Where a value comes from that is not the one the workbook came with."""
_LEFT = ("Unit", "Name in formulas", "Meaning", "Source")
_LONGEST = 60  # characters of a text


def build(
    book: Book, sections: list[Section], constants: list[Constant], lists: dict[str, list[str]], costs: list[str]
) -> Worksheet:
    sheet = book.sheet(
        "Inputs",
        "Fill the yellow cells; everything else is calculated from them. Blank means what the note says.",
        _COLUMNS, color=style.ORANGE, freeze=f"B{FIRST + 1}", repeated_rows=f"1:{FIRST}",
    )  # fmt: skip
    labels = [
        "Input",
        "Value",
        "Unit",
        "Allowed from",
        "to",
        "Valid?",
        "Name in formulas",
        "Meaning",
        "Source",
        "As it came",
    ]
    style.headings(sheet, FIRST, labels, _LEFT)
    row = FIRST + 1
    first_input = row
    for title, inputs in sections:
        style.section(sheet, row, title, len(_COLUMNS))
        row += 1
        for one in inputs:
            _input(book, sheet, row, one)
            row += 1
    row = own_lines.build(book, sheet, row + 1, len(_COLUMNS))
    book.name("inputs_valid", sheet, first_input, OK, (row - 1, OK))
    book.name("inputs_source", sheet, first_input, SOURCE, (row - 1, SOURCE))
    row = _constants(book, sheet, row + 1, constants)
    sheet.print_area = f"A1:J{row - 1}"  # the lists behind the drop-downs are not for readers
    style.keep_headings(sheet, len(_COLUMNS), row - 1, FIRST)
    _lists(book, sheet, row + 1, {**lists, "cost_labels": costs})
    rule = FormulaRule(formula=[f"AND(ISNUMBER($F{first_input}),$F{first_input}=0)"], fill=style.fill("F5B7B1"))
    sheet.conditional_formatting.add(f"B{first_input}:F{row}", rule)
    return sheet


def _input(book: Book, sheet: Worksheet, row: int, one: Input) -> None:
    style.text(sheet, row, LABEL, one.label)
    cell = style.entry(sheet, row, VALUE, one.value, one.number_format)
    if one.among or one.known:
        cell.alignment = style.aligned("left")
    style.text(sheet, row, UNIT, one.unit)
    for column, limit in ((FROM, one.least), (TO, one.most)):
        large = isinstance(limit, (int, float)) and limit >= 1e6
        limit_cell = style.value(sheet, row, column, limit, "0E+00" if large else one.number_format)
        limit_cell.font = style.font(9, color=style.GREY)
    if one.among or one.known:
        allowed = "from the list" if one.among else "see Meaning"
        style.text(sheet, row, FROM, allowed, size=9, color=style.GREY)
    style.formula(sheet, row, OK, valid(row, one), '[=1]"yes";[=0]"NO"').alignment = style.aligned("center")
    style.text(sheet, row, NAME, one.name, size=9, color=style.GREY)
    style.note(sheet, row, NOTE, f"{one.note} Blank: {one.blank}." if one.blank else one.note)
    given = style.value(sheet, row, GIVEN, one.value, one.number_format)
    given.font, given.alignment = style.font(9, color=style.GREY), style.aligned("right", shrink=True)
    basis = one.source.key if one.source else one.basis
    origin = style.formula(sheet, row, SOURCE, f'=IF(B{row}=J{row},"{basis}","{TYPED}")')
    origin.font, origin.alignment = style.font(9, color=style.GREY), style.aligned("left", indent=1)
    if one.source:
        style.link(origin, one.source.address)
        book.cite("Inputs", one.source)
    for column in range(1, len(_COLUMNS) + 1):
        if column != VALUE:
            sheet.cell(row, column).border = style.underline()
    book.name(one.name, sheet, row, VALUE)
    book.list_name(one.name, "input", one.unit, one.label)
    rule = validation(one, f"$D${row}", f"$E${row}")
    rule.add(f"B{row}")
    sheet.add_data_validation(rule)


def valid(row: int, one: Input) -> str:
    if one.known:
        test = one.known
    elif one.among:
        test = f"ISNUMBER(MATCH(B{row},{one.among},0))"
    else:
        test = f"AND(ISNUMBER(B{row}),B{row}>=D{row},B{row}<=E{row})"
        if one.whole:
            test = f"AND(ISNUMBER(B{row}),B{row}>=D{row},B{row}<=E{row},INT(B{row})=B{row})"
    if one.blank:
        return f'=IF(B{row}="",1,IF({test},1,0))'
    return f"=IF({test},1,0)"


def validation(one: Input, least: str, most: str, *, blank: bool = False) -> DataValidation:
    """The entries that Excel accepts; `least` and `most` are the cells with the limits."""
    blank = blank or bool(one.blank)
    if one.among:
        rule = DataValidation(type="list", formula1=one.among, allow_blank=blank)
        rule.error = f"Choose {one.label.lower()} from the list."
        if one.known:
            rule.errorStyle = "warning"
            rule.error = f"{one.label}: not in the list. Other names that the functions know work too."
    elif one.known:
        rule = DataValidation(type="textLength", operator="lessThanOrEqual", formula1=str(_LONGEST), allow_blank=True)
        rule.error = f"{one.label}: at most {_LONGEST} characters. {one.note}"[:225]
    else:
        kind = "date" if isinstance(one.least, date) else "whole" if one.whole else "decimal"
        rule = DataValidation(type=kind, operator="between", formula1=least, formula2=most)
        rule.allow_blank = blank
        rule.error = f"{one.label}: allowed from {_shown(one.least)} to {_shown(one.most)} {one.unit}."[:225]
    rule.errorTitle, rule.showErrorMessage = one.label[:32], True
    rule.promptTitle, rule.prompt, rule.showInputMessage = one.label[:32], _prompt(one), True
    return rule


def _prompt(one: Input) -> str:
    words = f"{one.note} Blank: {one.blank}." if one.blank else one.note
    return words if len(words) <= 255 else words[:254].rpartition(" ")[0] + " …"


def _shown(limit: float | date | None) -> str:
    if isinstance(limit, date) or limit is None:
        return str(limit)
    return f"{limit:,.10g}"


def _constants(book: Book, sheet: Worksheet, row: int, constants: list[Constant]) -> int:
    style.section(sheet, row, "Units and constants: formulas use these names, never bare numbers", len(_COLUMNS))
    for one in constants:
        row += 1
        style.text(sheet, row, LABEL, one.label)
        put = style.formula if isinstance(one.value, str) else style.value
        put(sheet, row, VALUE, one.value, one.number_format).alignment = style.aligned("right")
        style.text(sheet, row, UNIT, one.unit)
        style.text(sheet, row, NAME, one.name, size=9, color=style.GREY)
        style.note(sheet, row, NOTE, one.note)
        book.name(one.name, sheet, row, VALUE)
    return row + 1


def _lists(book: Book, sheet: Worksheet, row: int, lists: dict[str, list[str]]) -> None:
    """Short lists for drop-downs, one below another."""
    style.section(sheet, row, "Lists for the drop-downs", len(_COLUMNS))
    for name, items in lists.items():
        for place, item in enumerate(items):
            row += 1
            label = name.replace("_", " ").removesuffix(" list") if place == 0 else None
            style.text(sheet, row, LABEL, label, color=style.GREY)
            style.text(sheet, row, VALUE, item, size=9)
        book.name(name, sheet, row - len(items) + 1, VALUE, (row, VALUE))
