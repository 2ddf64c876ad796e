"""How the workbooks look: colours, fonts, number formats, page set-up. What analysts expect (FAST, ICAEW):
inputs blue on light yellow, formulas black, links to other sheets green."""

from __future__ import annotations

import re
from functools import lru_cache

from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

NAVY, BLUE, TEAL, GREY = "1F3864", "2E75B6", "2A9D8F", "595959"
ORANGE, RED, GREEN, AMBER = "E9A23B", "C0392B", "1E7A43", "955F00"
PALE, LINE, YELLOW, WHITE = "EAF0F8", "D5DCE6", "FFFFCC", "FFFFFF"
SERIES = (NAVY, "9DC3E6", TEAL, ORANGE, RED, "BFBFBF", "5B4A8A", "F4D06F", BLUE, "7FB285", "6E2C00", GREY)
"""Dark and light by turns, so that neighbours differ in grey print too."""

INPUT_FONT, LINK_FONT = "0000FF", "00703C"
FONT = "Arial"

AMOUNT = '[<1000000]"$"#,##0;[<1000000000]"$"#,##0.0,,"M";"$"#,##0.0,,,"B"'
MILLIONS = '"$"#,##0.0,,"M"'
"""Where negative amounts are of millions: one format for both signs, which programs show alike."""
COUNT = '[>=1000000]#,##0.00,,"M";[>=1000]#,##0,"k";0'
USD, USD_CENTS = '"$"#,##0', '"$"#,##0.00'
RATE = '[<0.001]"$"0.00####;[<0.1]"$"0.0000;"$"#,##0.00'
LISTED_RATE = '[>=0.01]"$"0.00;[>0]"$"0.0000;"none"'
"""USD an hour or a use: cents, and more below a cent; where 0 is none, so says it."""
TOKENS = '[>=1000000000000]#,##0.0##,,,," trillion";[>=1000000000]#,##0.0##,,," billion";#,##0'
WHOLE, TENTHS, HUNDREDTHS = "#,##0", "#,##0.0", "#,##0.00"
SCIENTIFIC, PERCENT, SHARE = "0.00E+00", "0.0%", "0%"
ACCELERATORS = '[=1]0 "accelerator";#,##0 "accelerators"'
DATE, MONTH = "yyyy-mm-dd", "mmm yy"
GENERAL, TEXT = "General", "@"

_LINK = re.compile(r"=(?:'?[\w ]+'?!\$?[A-Z]{1,3}\$?\d+|[a-z_][a-z_\d]*)")
OPEN = Protection(locked=False)
_SECTION = 11
_A4_WIDTH, _A4_HEIGHT = 784.0, 516.0
"""Between the margins of a landscape page, in points."""
_LATE = 0.85
_BOLD = 1.1  # how much wider bold letters are
_FORMULA_STARTS = tuple("=+-@")


@lru_cache  # a style is made once: a book has thousands of cells in a few dozen looks
def font(size: float = 10, *, bold: bool = False, italic: bool = False, color: str = "000000") -> Font:
    return Font(name=FONT, size=size, bold=bold, italic=italic, color=color)


@lru_cache
def _link_font(size: float, *, bold: bool) -> Font:
    return Font(name=FONT, size=size, bold=bold, color="0563C1", underline="single")


@lru_cache
def fill(color: str) -> PatternFill:
    return PatternFill("solid", start_color=color, end_color=color)


@lru_cache
def underline(color: str = LINE, style: str = "thin") -> Border:
    return Border(bottom=Side(style=style, color=color))


@lru_cache
def box(color: str = LINE) -> Border:
    side = Side(style="thin", color=color)
    return Border(left=side, right=side, top=side, bottom=side)


@lru_cache
def gap(*, left: bool, right: bool) -> Border:
    """White edges, which part neighbouring fills."""
    side = Side(style="thick", color=WHITE)
    return Border(left=side if left else None, right=side if right else None)


@lru_cache
def aligned(horizontal: str | None = None, *, wrap: bool = False, indent: int = 0, shrink: bool = False) -> Alignment:
    return Alignment(
        horizontal=horizontal, vertical="center", wrap_text=wrap, indent=indent, shrink_to_fit=shrink or None
    )


def in_words(amount: str) -> str:
    """A formula's amount as text, in a magnitude that people say: 15.2 M."""
    shown = (
        (unit, f'TEXT({amount}/{unit},"#,##0.0")&" {letter}"') for unit, letter in (("billion", "B"), ("million", "M"))
    )
    return "".join(f"IF({amount}>={unit},{text}," for unit, text in shown) + f'TEXT({amount},"#,##0")))'


def unit_for(amount: str) -> tuple[str, str]:
    """What a chart's amounts are divided by, and what its legend calls them, as formulas: one unit for all of an axis."""
    return f"IF({amount}>=million,million,1)", f'IF({amount}>=million,"million USD","USD")'


def decimals(number: float) -> str:
    """A number format with as many decimals as a published figure has."""
    return WHOLE if float(number).is_integer() else "#,##0.0###"


def text(sheet: Worksheet, row: int, column: int, content: object, **look: object) -> Cell:
    """A text that stays text, whatever it begins with; `look` as for `font`."""
    cell = sheet.cell(row, column)
    cell.value = None if content is None else str(content)
    if isinstance(cell.value, str):
        cell.data_type = "s"
        cell.quotePrefix = cell.value.startswith(_FORMULA_STARTS)
    cell.font = font(**look)
    cell.alignment = aligned("left", indent=int(column > 1))
    return cell


def unit(sheet: Worksheet, row: int, column: int, content: object) -> None:
    """A unit in grey, whole however narrow its column."""
    text(sheet, row, column, content, color=GREY).alignment = aligned("left", indent=1, shrink=True)


def value(sheet: Worksheet, row: int, column: int, number: object, number_format: str = GENERAL) -> Cell:
    """A figure of a catalog, or a constant: black, locked. Text goes through `text`."""
    if isinstance(number, str):
        return text(sheet, row, column, number)
    cell = sheet.cell(row, column, number)
    cell.font, cell.number_format, cell.alignment = font(), number_format, aligned()
    return cell


def formula(sheet: Worksheet, row: int, column: int, content: object, number_format: str = GENERAL) -> Cell:
    """A formula (text from `=` on, or an ArrayFormula): black, or green where it only fetches another cell."""
    cell = sheet.cell(row, column)
    cell.value = content
    link = isinstance(content, str) and _LINK.fullmatch(content)
    cell.font = font(color=LINK_FONT if link else "000000")
    cell.number_format, cell.alignment = number_format, aligned("left" if number_format == GENERAL else "right")
    return cell


def entry(sheet: Worksheet, row: int, column: int, content: object, number_format: str = GENERAL) -> Cell:
    """A cell that the user fills: blue on light yellow, not locked."""
    cell = sheet.cell(row, column)
    cell.value = content
    if isinstance(content, str):
        cell.data_type = "s"
    cell.font, cell.fill, cell.border = font(color=INPUT_FONT), fill(YELLOW), box("E0D98A")
    cell.number_format, cell.alignment = number_format, aligned("right")
    cell.protection = OPEN
    return cell


def headings(sheet: Worksheet, row: int, labels: list[str], left: tuple[str, ...] = ()) -> None:
    """A row of column headings, centred but for the first and those in `left`."""
    lines = 1
    for column, label in enumerate(labels, 1):
        cell = text(sheet, row, column, label, bold=True, color=WHITE)
        cell.fill = fill(NAVY)
        if column > 1 and label not in left:
            cell.alignment = aligned("center", wrap=True)
        width = sheet.column_dimensions[cell.column_letter].width
        lines = max(lines, wrapped_lines(label, width / _BOLD))
    sheet.row_dimensions[row].height = 4 + 13.5 * lines


def section(sheet: Worksheet, row: int, title: str, columns: int) -> None:
    """A band that begins a block of rows."""
    for column in range(1, columns + 1):
        sheet.cell(row, column).fill = fill(PALE)
        sheet.cell(row, column).border = underline(BLUE)
    text(sheet, row, 1, title, size=_SECTION, bold=True, color=NAVY)
    sheet.row_dimensions[row].height = 18


def wrapped_lines(content: str, width: float) -> int:
    """How many lines a text takes in a column, generously: fonts differ between programs."""
    lines, room = 1, width
    for word in content.split(" "):
        if len(word) > room and room < width:
            lines, room = lines + 1, width
        lines += int((len(word) - 1) // width)  # a word longer than the column is broken
        room -= len(word) + 1
    return lines


def note(sheet: Worksheet, row: int, column: int, content: str, least: float = 15) -> Cell:
    """A wrapped grey remark; the row grows to hold it."""
    cell = text(sheet, row, column, content, size=9, color="595959")
    cell.alignment = aligned("left", wrap=True, indent=int(column > 1))
    lines = wrapped_lines(content, sheet.column_dimensions[cell.column_letter].width * 1.2)
    row_height = sheet.row_dimensions[row].height or least
    sheet.row_dimensions[row].height = max(row_height, 3 + 12 * lines)
    return cell


def link(cell: Cell, address: str = "", location: str = "") -> None:
    """Make a cell a hyperlink to a page or to a place in the workbook."""
    cell.hyperlink = Hyperlink(ref=cell.coordinate, target=address or None, location=location or None)
    cell.font = _link_font(cell.font.size, bold=cell.font.bold)


def widths(sheet: Worksheet, sizes: list[float], column: int = 1) -> None:
    for offset, size in enumerate(sizes):
        sheet.column_dimensions[get_column_letter(column + offset)].width = size


def print_setup(sheet: Worksheet, title: str, repeated_rows: str, pages_wide: int) -> None:
    """A4 landscape, as many pages wide as are said, titles repeated, sheet and page in the footer."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = pages_wide, 0
    if pages_wide > 1:
        sheet.print_title_cols = "A:A"
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_options.horizontalCentered = True
    sheet.print_title_rows = repeated_rows
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top, sheet.page_margins.bottom = 0.5, 0.6
    sheet.page_margins.footer = 0.3  # a line of text below the sheet: less room cuts its letters
    sheet.oddFooter.left.text, sheet.oddFooter.center.text = title, "&A"
    sheet.oddFooter.right.text = "Page &P of &N"
    for part in (sheet.oddFooter.left, sheet.oddFooter.center, sheet.oddFooter.right):
        part.size = 8


def keep_headings(sheet: Worksheet, columns: int, last: int, repeated: int) -> None:
    """Break pages before a section that would begin in the last part of one: programs differ in where exactly it ends."""
    points = sum((sheet.column_dimensions[get_column_letter(n)].width * 7 + 5) * 0.75 for n in range(1, columns + 1))
    room = _A4_HEIGHT / min(1, _A4_WIDTH / points)
    heights = {row: sheet.row_dimensions[row].height or 15 for row in range(1, last + 1)}
    room -= sum(heights[row] for row in range(1, repeated + 1))
    used = 0.0
    for row in range(repeated + 1, last + 1):
        if used > room:
            used = 0.0
        if sheet.cell(row, 1).font.size == _SECTION and used > _LATE * room:
            sheet.row_breaks.append(Break(id=row - 1))
            used = 0.0
        used += heights[row]


def protect(sheet: Worksheet) -> None:
    """Locked cells cannot be changed; no password. Filters, column widths, hidden and
    inserted rows stay the user's."""
    protection = sheet.protection
    protection.sheet = True
    for allowed in ("autoFilter", "sort", "formatColumns", "formatRows", "insertRows", "objects", "scenarios"):
        setattr(protection, allowed, False)
