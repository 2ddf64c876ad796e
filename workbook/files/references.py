"""Which cells a formula refers to, and a formula as it reads in another cell.

A shared formula stands in the file once, for its first cell; a name may refer to cells by their distance. Both are
moved here as Excel moves them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from .addresses import MAX_COLUMNS, MAX_ROWS, Area, column_letters, column_number, parse_area, parse_cell
from .excel_tables import Table, resolve
from .formula_text import Token, bare_function, is_relative, solid_tokens, tokens

_CELL = re.compile(r"(\$?)([A-Za-z]{1,3})(\$?)([1-9]\d{0,6})")
_COLUMN = re.compile(r"(\$?)([A-Za-z]{1,3})")
_ROW = re.compile(r"(\$?)([1-9]\d{0,6})")
_PLAIN_OPERAND = re.compile(
    r"""
    "(?:[^"]|"")*"
    |(?:(?:'((?:[^']|'')+)'|([^\W\d][\w.]*))!)?
    (?:(\$?[A-Za-z]{1,3}\$?\d+|\$?[A-Za-z]{1,3}(?=:)|\$?\d+(?=:))(?::(\$?[A-Za-z]{0,3}\$?\d*))?|([^\W\d][\w.\\?]*))
    (?![\w.(!])
    |[\w.]+\(?
    """,
    re.VERBOSE,
)
_DYNAMIC = frozenset(("INDIRECT", "OFFSET", "GETPIVOTDATA"))
_NOTHING = Token("", "")
_MAX_NESTED = 16


@dataclass
class References:
    """What a formula reads. `dynamic`: other cells too, known only when it is calculated. `anchors`: the cells whose
    array result it reads as a whole (`A1#`)."""

    areas: list[tuple[str, Area]] = field(default_factory=list)
    dynamic: bool = False
    anchors: list[tuple[str, tuple[int, int]]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    """Definitions that were followed already; names of names may fan out."""


@dataclass(frozen=True)
class Book:
    """What the formulas of a workbook may name. Keys are in lower case; names by (sheet, name), sheet "" for all."""

    sheets: Mapping[str, str]
    names: Mapping[tuple[str, str], str]
    tables: Mapping[str, Table]

    def name(self, sheet: str, name: str) -> str | None:
        return self.names.get((sheet.lower(), name.lower()), self.names.get(("", name.lower())))


def moved(text: str, rows: int, columns: int) -> str:
    """A formula as it reads so many rows down and columns right; what leaves the sheet comes in at the other end.

    >>> moved("A1+$B$2*SUM(C:C,$D3)+LOG10(2)", 2, 1)
    'B3+$B$2*SUM(D:D,$D5)+LOG10(2)'
    """
    if not rows and not columns:
        return text
    parts = tokens(text)
    out = []
    for index, token in enumerate(parts):
        written = token.text
        after = parts[index + 1] if index + 1 < len(parts) else _NOTHING
        before = parts[index - 1] if index else _NOTHING
        if token.kind == "word" and after.kind != "open":
            place, bang, local = written.rpartition("!")
            beside = ":" in (before.text, after.text)
            written = place + bang + moved_word(local, rows, columns, beside)
        out.append(written)
    return "".join(out)


def moved_word(word: str, rows: int, columns: int, in_range: bool) -> str:
    """An operand of a formula as it reads there; `in_range`: it stands beside a colon."""
    cell = _CELL.fullmatch(word)
    if cell and column_number(cell[2]) <= MAX_COLUMNS:
        return _letters(cell[1], cell[2], columns) + _digits(cell[3], cell[4], rows)
    if in_range and (column := _COLUMN.fullmatch(word)):
        return _letters(column[1], column[2], columns)
    if in_range and (row := _ROW.fullmatch(word)):
        return _digits(row[1], row[2], rows)
    return word


def _letters(fixed: str, letters: str, columns: int) -> str:
    return fixed + (letters if fixed else column_letters((column_number(letters) - 1 + columns) % MAX_COLUMNS + 1))


def _digits(fixed: str, digits: str, rows: int) -> str:
    return fixed + (digits if fixed else str((int(digits) - 1 + rows) % MAX_ROWS + 1))


@lru_cache(maxsize=65_536)
def any_area(text: str) -> Area | None:
    """
    >>> any_area("$B:C").columns, any_area("3:4").rows, any_area("B2:C3").text(), any_area("Rate")
    (2, 2, 'B2:C3', None)
    """
    area = parse_area(text)
    if area is not None:
        return area
    first, _, last = text.partition(":")
    if (one := _COLUMN.fullmatch(first)) and (two := _COLUMN.fullmatch(last)):
        left, right = sorted((column_number(one[2]), column_number(two[2])))
        return Area(1, left, MAX_ROWS, right) if right <= MAX_COLUMNS else None
    if (one := _ROW.fullmatch(first)) and (two := _ROW.fullmatch(last)):
        top, bottom = sorted((int(one[2]), int(two[2])))
        return Area(top, 1, bottom, MAX_COLUMNS) if bottom <= MAX_ROWS else None
    return None


class Reader:
    """Reads the references of formulas of one workbook."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._of_names: dict[str, References] = {}
        self._tables_by_sheet: dict[str, list[Table]] = {}
        for table in book.tables.values():
            self._tables_by_sheet.setdefault(table.sheet, []).append(table)

    @cached_property
    def has_relative_names(self) -> bool:
        return any(is_relative(definition) for definition in self.book.names.values())

    def references(self, text: str, sheet: str, row: int, column: int) -> References:
        found = References()
        self._read(text, sheet, row, column, found, 0)
        return found

    def plain_operands(self, text: str, sheet: str) -> Iterator[tuple[str, str, str, list[tuple[str, Area]]]]:
        """What a formula reads, if it has addresses and names alone, quicker than `references`: sheet, first and last
        cell as they are written, or the cells that a name means.

        >>> reader = Reader(Book({"s": "S", "t": "T"}, {("", "rate"): "T!$C$3"}, {}))
        >>> [one[:3] for one in reader.plain_operands('LOG10(A1)+"B9"&SUM($B2:C$3,T!D4)', "S")]
        [('S', 'A1', ''), ('S', '$B2', 'C$3'), ('T', 'D4', '')]
        >>> [[(on, area.text()) for on, area in one[3]] for one in reader.plain_operands("2*rate", "S")]
        [[('T', 'C3')]]
        """
        for quoted, plain, first, last, name in _PLAIN_OPERAND.findall(text):
            on = (quoted.replace("''", "'") or plain).lower() or sheet.lower()
            if first:
                if on in self.book.sheets:
                    yield self.book.sheets[on], first, last, []
            elif name and (definition := self.book.name(on, name)) is not None:
                yield "", "", "", self._defined(definition, on).areas

    def _defined(self, definition: str, sheet: str) -> References:
        """What a name without relative references means, which is the same in every cell."""
        if definition not in self._of_names:
            inner = self._of_names[definition] = References()
            self._read(definition, sheet, 1, 1, inner, 1)
        return self._of_names[definition]

    def without_relative_names(self, text: str, sheet: str, row: int, column: int) -> str:
        """A formula with the cells that they mean in place of names that mean others in every cell."""
        if not self.has_relative_names:
            return text
        parts = tokens(text)
        out = []
        for token, after in zip(parts, [*parts[1:], _NOTHING], strict=False):
            place, _, name = token.text.rpartition("!")
            named = token.kind == "word" and after.kind != "open" and parse_cell(name) is None
            definition = self.book.name(place.strip("'") or sheet, name) if named else None
            if definition is not None and is_relative(definition):
                out.append(f"({moved(definition, row - 1, column - 1)})")
            else:
                out.append(token.text)
        return "".join(out)

    def _read(self, text: str, sheet: str, row: int, column: int, found: References, depth: int) -> None:
        parts = solid_tokens(text)
        for index, token in enumerate(parts):
            before = parts[index - 1] if index else _NOTHING
            after = parts[index + 1] if index + 1 < len(parts) else _NOTHING
            if token.kind == "bracket" and before.kind != "word":
                self._own_table(token.text, sheet, row, column, found)
            if token.text == ":" and (before.kind != "word" or after.kind != "word" or self._calls(parts, index + 1)):
                found.dynamic = True
            if token.kind != "word":
                continue
            if after.kind == "open":
                name = bare_function(token.text)
                found.dynamic = found.dynamic or name in _DYNAMIC
                if name == "ANCHORARRAY" and index + 2 < len(parts):
                    self._anchor(parts[index + 2].text, sheet, found)
            elif before.text != ":":
                self._operand(parts, index, sheet, row, column, found, depth)

    @staticmethod
    def _calls(parts: list[Token], index: int) -> bool:
        return index + 1 < len(parts) and parts[index].kind == "word" and parts[index + 1].kind == "open"

    def _operand(
        self, parts: list[Token], index: int, sheet: str, row: int, column: int, found: References, depth: int
    ) -> None:
        word = parts[index].text
        after = parts[index + 1] if index + 1 < len(parts) else _NOTHING
        place, bang, local = word.rpartition("!")
        on = place.strip("'").replace("''", "'") if bang else sheet
        if "[" in place:
            return
        if after.text == ":" and index + 2 < len(parts):
            last = parts[index + 2].text
            if "!" in last:  # Sheet1:Sheet3!A1
                found.dynamic = True
                return
            local = f"{local}:{last}"
        if bang and ":" in on:
            found.dynamic = True
            return
        area = any_area(local)
        if area is not None and (":" in local or parse_cell(local)):
            known = self.book.sheets.get(on.lower())
            if known:
                found.areas.append((known, area))
                if after.text == "#":
                    found.anchors.append((known, (area.top, area.left)))
            return
        table = self.book.tables.get(local.lower())
        if table is not None:
            self._table(table, after.text if after.kind == "bracket" else "[]", row, found)
            return
        definition = self.book.name(on, local)
        if definition is None:
            return
        if depth >= _MAX_NESTED:
            found.dynamic = True
            return
        if definition in found.names:
            return
        found.names.add(definition)
        if is_relative(definition):
            definition = moved(definition, row - 1, column - 1)
            self._read(definition, sheet, row, column, found, depth + 1)
            return
        inner = self._defined(definition, on)
        found.areas += inner.areas
        found.anchors += inner.anchors
        found.dynamic = found.dynamic or inner.dynamic

    def _anchor(self, word: str, sheet: str, found: References) -> None:
        place, bang, local = word.rpartition("!")
        known = self.book.sheets.get((place.strip("'").replace("''", "'") if bang else sheet).lower())
        cell = parse_cell(local)
        if known and cell:
            found.anchors.append((known, cell))

    def _own_table(self, specifier: str, sheet: str, row: int, column: int, found: References) -> None:
        for table in self._tables_by_sheet.get(sheet, []):
            if table.area.holds((row, column)):
                self._table(table, specifier, row, found)

    @staticmethod
    def _table(table: Table, specifier: str, row: int, found: References) -> None:
        cells = resolve(table, specifier, row)
        area = any_area(cells.rpartition("!")[2]) if cells else None
        found.areas.append((table.sheet, area or table.area))
