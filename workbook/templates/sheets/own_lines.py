"""The block of own lines on Inputs: ten costs that the template does not have, which reach the total, the months, the
Dashboard and the checks."""

from __future__ import annotations

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from .. import style
from ..book import Book

COUNT, MOST = 10, 15
"""Rows of the block, and lines that read it: rows inserted into the block are read by those left."""
IN_ALL, A_MONTH, PERCENT = KINDS = ("USD in all", "USD a month", "share of a line")
_AMOUNT, _KIND, _OF, _BEGIN, _END, _VALID = 2, 3, 7, 4, 5, 6


def build(book: Book, sheet: Worksheet, row: int, columns: int) -> int:
    """The block from `row` on; gives the row after it."""
    style.section(sheet, row, f"Own lines: costs that this workbook does not have; insert rows above the last if {COUNT} "
                  f"are too few, up to {MOST}", columns)  # fmt: skip
    row += 1
    heads = ["Name", "Amount, or share", "Kind", "From", "To", "Valid?", "Share of which line", "", ""]
    for column, head in enumerate(heads, 1):
        cell = style.text(sheet, row, column, head or None, size=9, bold=True, color=style.GREY)
        cell.border = style.underline(style.BLUE)
    first, last = row + 1, row + COUNT
    for row in range(first, last + 1):
        _row(sheet, row)
    note = "Blank dates: all months of the plan. A share of 5 % is 0.05; it is of the line of the scenario shown."
    style.note(sheet, first, 8, note)
    rules = [
        (_AMOUNT, DataValidation(type="decimal", operator="between", formula1="-1000000000000", formula2="1000000000000"),
         "A number of USD, or a share: 0.05 for 5 %."),
        (_KIND, DataValidation(type="list", formula1="own_kinds"), f"One of: {', '.join(KINDS)}."),
        (_OF, DataValidation(type="list", formula1="cost_labels"), "A line of cost from the list."),
        (_BEGIN, DataValidation(type="date", operator="greaterThan", formula1="36526"), "A date, or blank."),
        (_END, DataValidation(type="date", operator="greaterThan", formula1="36526"), "A date, or blank."),
    ]  # fmt: skip
    for column, rule, error in rules:
        letter = get_column_letter(column)
        rule.allow_blank, rule.showErrorMessage = True, True
        rule.errorTitle, rule.error = "Own line", error
        rule.add(f"{letter}{first}:{letter}{last}")
        sheet.add_data_validation(rule)
    for name, column in (("own_names", 1), ("own_amounts", _AMOUNT), ("own_kinds_chosen", _KIND), ("own_of", _OF),
                         ("own_from", _BEGIN), ("own_to", _END), ("own_valid", _VALID)):  # fmt: skip
        book.name(name, sheet, first, column, (last, column))
    return last + 1


def field(name: str, number: str) -> str:
    """What the own line of that number has in a column of the block, by the column's name; `number` is a cell."""
    return f"INDEX({name},{number})"


def exists(number: str) -> str:
    """Is there a row of that number in the block?"""
    return f"{number}<=ROWS(own_names)"


def label(number: str) -> str:
    """The name of an own line, as a formula."""
    none, name = '"Own line, not used"', field("own_names", number)
    return f'=IF({exists(number)},IF({name}="",{none},{name}),{none})'


def name_kinds(book: Book, sheet: Worksheet) -> None:
    """Names for two of the kinds, for the formulas that tell them apart."""
    area = str(book.workbook.defined_names["own_kinds"].attr_text).rpartition("!")[2].replace("$", "")
    cells = [row[0] for row in sheet[area]]
    for name, cell in zip(("own_in_all", "own_a_month", "own_share"), cells, strict=True):
        book.name(name, sheet, cell.row, cell.column)


def _row(sheet: Worksheet, row: int) -> None:
    formats = {1: style.GENERAL, _AMOUNT: "#,##0.00", _KIND: style.GENERAL, _OF: style.GENERAL,
               _BEGIN: style.DATE, _END: style.DATE}  # fmt: skip
    for column, number_format in formats.items():
        cell = style.entry(sheet, row, column, None, number_format)
        if number_format == style.GENERAL:
            cell.alignment = style.aligned("left", indent=int(column > 1))
    whole = (
        f"AND(A{row}<>\"\",ISNUMBER(B{row}),ISNUMBER(MATCH(C{row},own_kinds,0)),"
        f"OR(C{row}<>INDEX(own_kinds,ROWS(own_kinds)),ISNUMBER(MATCH(G{row},cost_labels,0))),"
        f"COUNTA(D{row}:E{row})=COUNT(D{row}:E{row}),OR(D{row}=\"\",E{row}=\"\",N(E{row})>=N(D{row})))"
    )  # fmt: skip
    blank = f'AND(A{row}="",B{row}="")'
    cell = style.formula(sheet, row, _VALID, f"=IF({blank},1,IF({whole},1,0))", '[=1]"yes";[=0]"NO"')
    cell.alignment = style.aligned("center")
