"""The Calculation sheet: one line a step, one formula a line.

Lines of the first blocks have one value. Lines of the case blocks have a column for each case: the live one, low, base
and high, and further right the cases of the Sensitivity sheet. The formula of a line is the same in every column:
`{line}` in its text stands for that line in the same column, every other word is a defined name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from .. import style
from ..book import Book
from .inputs import CASES

HEAD, FIRST = 5, 6
_NUMBER = 22.5
_WIDTHS: list[float] = [44, 23, _NUMBER, _NUMBER, _NUMBER, _NUMBER, 27, 76]
LIVE = 3
CASE_COLUMNS = 4
_NAME, _HOW = 7, 8
_SIDE = 9
"""The first column of the sensitivity cases, right of what is printed."""


@dataclass(frozen=True)
class Line:
    """A step of the calculation. `name` is the defined name of its live value, `result` what the Cover says of it."""

    name: str
    label: str
    unit: str
    formula: str
    how: str
    number_format: str = style.HUNDREDTHS
    result: str = ""
    total: bool = False


@dataclass(frozen=True)
class SideCase:
    """A column of the Sensitivity sheet: one driver multiplied by a factor, which is a formula."""

    driver: str
    factor: str


@dataclass(frozen=True)
class Bill:
    """A function that spills a bill, compared line by line with lines of the calculation."""

    formula: str
    rows: int
    lines: list[str] = field(default_factory=list)


Block = tuple[str, list[Line]]


class Calculation:
    """The sheet as it is built: where each line and each sensitivity case lies."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.rows: dict[str, int] = {}
        self._sides = 0
        self.sheet = self._sheet()
        self._row = FIRST

    def _sheet(self) -> Worksheet:
        sheet = self.book.sheet(
            "Calculation",
            "Every step from the inputs to the total. A line has one formula in all its columns; those from I on are "
            "the cases of Sensitivity.",
            _WIDTHS, freeze=f"C{FIRST}", repeated_rows=f"1:{HEAD}",
        )  # fmt: skip
        heads = ["Step", "Unit", "Live case", "Low", "Base", "High", "Name of the live value", "How"]
        style.headings(sheet, HEAD, heads, ("Unit", "Name of the live value", "How"))
        return sheet

    def constants(self, block: Block) -> None:
        """A block whose lines have one value for all cases."""
        self._block(block, [LIVE])

    def cases(self, block: Block) -> None:
        """A block whose lines have a value for each column."""
        self._block(block, self._columns())

    def _block(self, block: Block, columns: list[int]) -> None:
        title, lines = block
        style.section(self.sheet, self._row, title, _HOW)
        for line in lines:
            self._row += 1
            self.rows[line.name] = self._row
        self._row -= len(lines)
        for line in lines:
            self._row += 1
            self._line(line, columns)
        self._row += 2

    def _line(self, line: Line, columns: list[int]) -> None:
        sheet, row = self.sheet, self._row
        style.text(sheet, row, 1, line.label, bold=line.total)
        style.text(sheet, row, 2, line.unit, color=style.GREY)
        for column in columns:
            letter = get_column_letter(column)
            cell = style.formula(sheet, row, column, "=" + self._in_column(line.formula, letter), line.number_format)
            if line.total:
                cell.font = style.font(bold=True)
        style.text(sheet, row, _NAME, line.name, size=9, color=style.GREY)
        style.note(sheet, row, _HOW, line.how)
        for column in range(1, _HOW + 1):
            cell = sheet.cell(row, column)
            cell.border = style.underline(style.NAVY, "medium") if line.total else style.underline()
        self.book.name(line.name, sheet, row, LIVE)
        if line.result:
            self.book.list_name(line.name, "result", line.unit, line.result)

    def _in_column(self, formula: str, letter: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda match: f"{letter}{self.rows[match[1]]}", formula)

    def range_of(self, line: str) -> str:
        """Low, base and high of a line, as a formula refers to them."""
        row = self.rows[line]
        return f"Calculation!${get_column_letter(LIVE + 1)}${row}:${get_column_letter(LIVE + 3)}${row}"

    def cell(self, line: str, case: int = 0) -> str:
        """A line's cell: case 0 live, 1 low, 2 base, 3 high."""
        return f"Calculation!${get_column_letter(LIVE + case)}${self.rows[line]}"

    def side(self, line: str, index: int) -> str:
        """A line's cell in a sensitivity case."""
        return f"Calculation!{get_column_letter(_SIDE + index)}${self.rows[line]}"

    def columns(self, title: str, sides: list[SideCase]) -> None:
        """What each column is: its case, and for the sensitivity's the driver that is changed and by what factor."""
        style.section(self.sheet, self._row, title, _HOW)
        self._sides = len(sides)
        lines: list[tuple[str, str, str, list[str | float]]] = [
            ("case", "Case", "which factors of the Inputs sheet apply",
             ["=scenario", *CASES, *["=scenario"] * len(sides)]),
            ("changed", "Driver changed beside", "one driver at a time, for the Sensitivity sheet",
             [*["none"] * CASE_COLUMNS, *(one.driver for one in sides)]),
            ("factor", "By the factor", "set on the Sensitivity sheet",
             [*[1] * CASE_COLUMNS, *(one.factor for one in sides)]),
        ]  # fmt: skip
        for name, label, how, contents in lines:
            self._row += 1
            self.rows[name] = self._row
            style.text(self.sheet, self._row, 1, label)
            style.note(self.sheet, self._row, _HOW, how)
            for column, content in zip(self._columns(), contents, strict=True):
                self._parameter(column, content)
        self._head_sides()
        self._row += 2

    def _columns(self) -> list[int]:
        return [*range(LIVE, LIVE + CASE_COLUMNS), *range(_SIDE, _SIDE + self._sides)]

    def _parameter(self, column: int, content: str | float) -> None:
        put = style.formula if str(content).startswith("=") else style.value
        cell = put(self.sheet, self._row, column, content)
        cell.alignment = style.aligned("right")

    def _head_sides(self) -> None:
        for index in range(self._sides):
            letter = get_column_letter(_SIDE + index)
            self.sheet.column_dimensions[letter].width = _NUMBER
            head = style.text(self.sheet, HEAD, _SIDE + index, f"Sensitivity {index + 1}", size=9, bold=True,
                              color=style.WHITE)  # fmt: skip
            head.fill, head.alignment = style.fill(style.GREY), style.aligned("center")

    def bill(self, title: str, bill: Bill) -> None:
        """The function's own bill beside the lines above, and the difference.

        Each cell takes its value from the spilled table by INDEX: an array formula over the block would do in Excel,
        but programs without our functions then show errors instead of the values stored in the file.
        """
        sheet, top = self.sheet, self._row
        style.section(sheet, top, title, _HOW)
        for row in range(top + 1, top + 1 + bill.rows):
            for column, number_format in enumerate((style.GENERAL, style.USD_CENTS, style.PERCENT), 1):
                place = f"ROW()-ROW($A${top}),COLUMN({get_column_letter(column)}$1)"
                cell = style.formula(sheet, row, column, f"=INDEX({bill.formula},{place})", number_format)
                cell.font, cell.border = style.font(bold=row == top + 1), style.underline()
                cell.alignment = style.aligned("left" if column == 1 else "right")
        for column, head in ((4, "Lines above"), (5, "Difference")):
            cell = style.text(sheet, top + 1, column, head, bold=True)
            cell.alignment, cell.border = style.aligned("right"), style.underline()
        for row, line in enumerate(bill.lines, top + 2):
            own = style.formula(sheet, row, 4, f"=$C${self.rows[line]}", style.USD_CENTS)
            apart = style.formula(sheet, row, 5, f"=D{row}-B{row}", style.USD_CENTS)
            own.border = apart.border = style.underline()
        function = bill.formula.partition("(")[0]
        style.note(sheet, top + 1, _HOW, f"Columns A to C: the table that {function} gives for the live case.")
        self.book.name("bill_total", sheet, top + bill.rows, 2)
        self.book.name("bill_difference", sheet, top + 2, 5, (top + 1 + len(bill.lines), 5))
        self._row = top + bill.rows + 1

    def finish(self) -> None:
        last = self._row - 1
        self.sheet.print_area = f"A1:H{last}"
        row = self.rows["total_cost"]
        self.book.name("total_cost_cases", self.sheet, row, LIVE + 1, (row, LIVE + 3))
        self.book.name("calculation_values", self.sheet, FIRST, LIVE,
                       (last, _SIDE + self._sides - 1 if self._sides else LIVE + 3))  # fmt: skip
