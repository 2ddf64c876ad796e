"""Cell addresses as Excel writes them: `B5`, `$B$5`, `'In put'!B5`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384

_CELL = re.compile(r"\$?([A-Za-z]{1,3})\$?([1-9][0-9]{0,6})")
_QUALIFIED = re.compile(r"(?:'((?:[^']|'')+)'|([^'!\[\]]+))!(.+)", re.DOTALL)


@dataclass(frozen=True)
class Area:
    """A rectangle of cells, rows and columns counted from 1, both ends included."""

    top: int
    left: int
    bottom: int
    right: int

    def holds(self, place: tuple[int, int]) -> bool:
        return self.top <= place[0] <= self.bottom and self.left <= place[1] <= self.right

    @property
    def rows(self) -> int:
        return self.bottom - self.top + 1

    @property
    def columns(self) -> int:
        return self.right - self.left + 1

    def places(self) -> Iterator[tuple[int, int]]:
        """Every row and column in it, row by row."""
        return itertools.product(range(self.top, self.bottom + 1), range(self.left, self.right + 1))

    def text(self) -> str:
        first = cell_name(self.top, self.left)
        return first if self.rows == self.columns == 1 else f"{first}:{cell_name(self.bottom, self.right)}"


@lru_cache(maxsize=MAX_COLUMNS)
def column_number(letters: str | bytes) -> int:
    """
    >>> column_number("A"), column_number(b"XFD")
    (1, 16384)
    """
    number = 0
    for code in (letters.encode() if isinstance(letters, str) else letters).upper():
        number = number * 26 + code - 64
    return number


@lru_cache(maxsize=MAX_COLUMNS)
def column_letters(number: int) -> str:
    """
    >>> column_letters(1), column_letters(16384)
    ('A', 'XFD')
    """
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell_name(row: int, column: int) -> str:
    return f"{column_letters(column)}{row}"


def parse_cell(text: str) -> tuple[int, int] | None:
    """Row and column of `B5` or `$B$5`; None where the text is not one cell.

    >>> parse_cell("$B$5"), parse_cell("XFE1"), parse_cell("B5:B6")
    ((5, 2), None, None)
    """
    match = _CELL.fullmatch(text)
    if not match:
        return None
    row, column = int(match[2]), column_number(match[1])
    return (row, column) if row <= MAX_ROWS and column <= MAX_COLUMNS else None


def parse_area(text: str) -> Area | None:
    """
    >>> parse_area("B2:C5").text(), parse_area("B2"), parse_area("B:B")
    ('B2:C5', Area(top=2, left=2, bottom=2, right=2), None)
    """
    first, _, last = text.partition(":")
    start, end = parse_cell(first), parse_cell(last or first)
    if start is None or end is None:
        return None
    rows, columns = sorted((start[0], end[0])), sorted((start[1], end[1]))
    return Area(rows[0], columns[0], rows[1], columns[1])


def split_sheet(text: str) -> tuple[str, str] | None:
    """Sheet and the rest of `Sheet!rest`; None where no sheet is named.

    >>> split_sheet("'It''s'!$B$5"), split_sheet("B5")
    (("It's", '$B$5'), None)
    """
    match = _QUALIFIED.fullmatch(text)
    if not match:
        return None
    return (match[1].replace("''", "'") if match[1] else match[2]), match[3]


def quoted(sheet: str) -> str:
    """A sheet name as it stands before `!` in a formula; quotes are always allowed."""
    return "'" + sheet.replace("'", "''") + "'"
