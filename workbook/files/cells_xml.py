"""The cells of a sheet part, found and changed in its XML without rewriting anything else.

The whole of `<sheetData>` must be rows and cells in the form that ECMA-376 gives them (18.3.1.4, 18.3.1.73); anything
else there (comments, CDATA) is refused rather than guessed at. Everything outside `<sheetData>` is never looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple, TypeAlias

from xlcalc.language.errors import CalcError

from .addresses import cell_name, column_number, parse_cell
from .errors import WorkbookError
from .sheet_grammar import NEW, Cell, cell_at, grammar
from .xml_text import (
    attribute,
    cached_value,
    constant_value,
    escape,
    is_utf8,
    number_text,
    rich_text,
    unescape,
    unescape_string,
)

CellValue: TypeAlias = bool | int | float | str | CalcError | None

"""Characters that a cell holds (Excel's limit)."""

_ROOT = re.compile(rb"<(?:([A-Za-z_][\w.-]*):)?worksheet[\s>]")
_TYPE = re.compile(rb"""\st\s*=\s*(?:"[^"]*"|'[^']*')""")
_METADATA = re.compile(rb"""\s[cv]m\s*=\s*(?:"[^"]*"|'[^']*')""")
_VALUE_METADATA = re.compile(rb"""\svm\s*=\s*(?:"[^"]*"|'[^']*')""")
_REFERENCE = re.compile(rb"""\bref\s*=\s*(?:"[^"]*"|'[^']*')""")


class _Row(NamedTuple):
    """A `<row>`: where it opens; `end` is where its last cell may go, or where it ends if it has none (`<row/>`)."""

    start: int
    end: int
    attributes: bytes
    is_empty: bool
    cells: list[Cell]


class SheetXml:
    """A sheet part whose cells can be listed and changed. `label` names the sheet in errors."""

    def __init__(self, xml: bytes, label: str) -> None:
        root = _ROOT.search(xml, 0, 4096)
        if not root or not is_utf8(xml):
            raise WorkbookError(f"sheet {label} cannot be read: it is not a worksheet in UTF-8.")
        self.xml, self._label = xml, label
        self._grammar = grammar(root[1] + b":" if root[1] else b"")
        data = self._grammar.data.search(xml, root.end())
        if not data:
            raise WorkbookError(f"sheet {label} cannot be read: it has no cells part (sheetData).")
        self._element = data.span()
        self._body = data.span(1) if data[1] is not None else (data.end(), data.end())

    def cells(self) -> Iterator[Cell]:
        """Every cell, in the order of the file."""
        for match, row, column in self._places():
            if column:
                yield cell_at(match, row, column)

    def formula_cells(self) -> list[Cell]:
        """The cells with a formula, in the order of the file."""
        return self._formula_cells

    @cached_property
    def _formula_cells(self) -> list[Cell]:
        if b"<%bf" % self._grammar.prefix not in self.xml:
            return []
        found = []
        same: dict[bytes, bytes] = {b"": b""}  # thousands of cells have the attributes of a few styles
        row, last = 0, b""
        position, end = self._bounds()
        while position < end:
            for match in self._grammar.usual.finditer(self.xml, position, end):
                if match.start() != position:
                    break
                position = match.end()
                letters, digits, styles, rest, text, value = match.group(2, 3, 4, 5, 6, 7)
                if letters is not None:
                    start, stop = match.span(1)
                    styles = same.setdefault(styles, styles)
                    if digits != last:
                        row, last = int(digits), digits
                    found.append(
                        NEW(Cell, (row, column_number(letters), start, stop, styles, True, True, rest,
                                    text or b"", value, None))
                    )  # fmt: skip
            if position < end:
                other = self._grammar.token.match(self.xml, position, end)
                if other is None:
                    raise self._unreadable()
                if other[1] is not None and other[2] is None:  # no program leaves the place out, the format allows it
                    return [cell for cell in self.cells() if cell.has_formula]
                if other[5] is not None:
                    found.append(cell_at(other, int(other[3]), column_number(other[2])))
                position = other.end()
        return found

    def hidden_rows(self) -> set[int]:
        """The rows that are not shown, by a filter or by hand."""
        if b"hidden" not in self.xml:
            return set()
        return {
            row
            for match, row, column in self._places()
            if not column and match[10] and attribute(match[10], b"hidden") in (b"1", b"true")
        }

    def find(self, row: int, column: int) -> Cell | None:
        """The cell at a place. Where it is not written as programs write cells, all are looked through."""
        opening = b'<%bc r="%b"' % (self._grammar.prefix, cell_name(row, column).encode())
        start = self.xml.find(opening, *self._body)
        match = self._grammar.token.match(self.xml, start, self._body[1]) if start >= 0 else None
        if match is not None and match.start(1) >= 0:
            return cell_at(match, row, column)
        return self._by_place.get((row, column))

    @cached_property
    def _by_place(self) -> dict[tuple[int, int], Cell]:
        return {(cell.row, cell.column): cell for cell in self.cells()}

    def value(self, cell: Cell, shared_strings: Callable[[], list[str]]) -> CellValue:
        """What a cell holds; for a formula, what was calculated last."""
        kind = attribute(cell.attributes, b"t") or b"n"
        if kind == b"inlineStr":
            return unescape_string(rich_text(cell.inline or b""))
        if cell.value is None:  # Excel leaves the value out where a formula gives an empty text
            return "" if kind == b"str" and cell.has_formula else None
        text = unescape(cell.value)
        if kind == b"e":
            return CalcError(text, f"the cell holds the error {text}")
        if kind in (b"str", b"d"):
            return unescape_string(text)
        try:
            if kind == b"s":
                return shared_strings()[int(text)]
            if kind == b"b":
                return text.strip() in ("1", "true")
            number = float(text) if text.strip() else None
        except (ValueError, IndexError) as error:
            place = cell_name(cell.row, cell.column)
            raise WorkbookError(f"cell {place} of sheet {self._label} holds {text!r}, which is no value.") from error
        return int(number) if number is not None and number.is_integer() and abs(number) <= 2**53 else number

    def with_cells(self, replacements: Iterable[tuple[Cell, bytes]]) -> bytes:
        """The part with some cells' XML replaced; `replacements` in the order of the file."""
        pieces: list[bytes] = []
        done = 0
        for cell, new in replacements:
            pieces += self.xml[done : cell.start], new
            done = cell.end
        pieces.append(self.xml[done:])
        return b"".join(pieces)

    def with_results(self, results: Iterable[tuple[Cell, CellValue, str]]) -> bytes:
        """The part with other results in formula cells, in the order of the file; the array ranges of those that have a
        new one with them. Cells that hold their result keep their bytes."""
        xml, closing = self.xml, len(b"</%bv></%bc>" % (self._grammar.prefix, self._grammar.prefix))
        made, view = bytearray(), memoryview(xml)
        done = 0
        for cell, value, reference in results:
            start, end, old, attributes = cell.start, cell.end, cell.value, cell.attributes
            if (
                type(value) is float and cell.is_usual and old and not reference
                and b"t" not in attributes and b"m" not in attributes
            ):  # fmt: skip
                if _is_number(old, value):
                    continue
                new = number_text(value).encode()
                end -= closing  # the text of <v> alone is replaced
                start = end - len(old)
            else:
                changed = self.with_value(cell, value, reference)
                if changed is None:
                    continue
                new = changed
            made += view[done:start]
            made += new
            done = end
        made += view[done:]
        return bytes(made)

    def with_value(self, cell: Cell, value: CellValue, reference: str = "") -> bytes | None:
        """The cell's XML with another result, or None where it already holds that one. A formula stays where there is
        one; `reference` is its new array range."""
        kind, text = cached_value(value)
        formula, attributes, prefix = self._formula(cell), cell.attributes, self._grammar.prefix
        if reference:
            formula = _REFERENCE.sub(b'ref="%b"' % reference.encode(), formula, count=1)
        elif _holds(cell, value, kind, text):
            return None
        if b"t" in attributes or b"m" in attributes:
            attributes = _VALUE_METADATA.sub(b"", _TYPE.sub(b"", attributes))
        written = b"%b%b%b>%b" % (self._opening(cell), attributes.rstrip(), b' t="%b"' % kind if kind else b"", formula)
        if text is None:
            return b"%b</%bc>" % (written, prefix) if formula else written[:-1] + b"/>"
        return b"%b<%bv>%b</%bv></%bc>" % (written, prefix, text, prefix, prefix)

    def _formula(self, cell: Cell) -> bytes:
        """The `<f>` element of a cell, as it is written."""
        if not cell.has_formula:
            return b""
        start = self.xml.index(b"<%bf" % self._grammar.prefix, cell.start)
        end = self.xml.index(b">", start)
        if self.xml[end - 1 : end] != b"/":
            end = self.xml.index(b">", self.xml.index(b"</", end))
        return self.xml[start : end + 1]

    def with_constant(self, cell: Cell, value: CellValue) -> bytes:
        """The cell's XML with a value that was typed in: text as an inline string."""
        return self._cell(
            self._opening(cell) + _TYPE.sub(b"", cell.attributes), *constant_value(value, self._grammar.prefix)
        )

    def without_formula(self, cell: Cell, otherwise: CalcError) -> bytes:
        """The cell's XML with its last value alone, or the error `otherwise` where none was calculated yet."""
        if not cell.value and cell.inline is None and attribute(cell.attributes, b"t") != b"str":
            return self.with_constant(cell, otherwise)
        prefix = self._grammar.prefix
        value = b"" if cell.inline is not None else b"<%bv>%b</%bv>" % (prefix, cell.value or b"", prefix)
        return self._cell(self._opening(cell) + _METADATA.sub(b"", cell.attributes), b"", value + (cell.inline or b""))

    def emptied(self, cell: Cell) -> bytes:
        """The cell's XML without a value, its style kept."""
        return self._cell(self._opening(cell) + _TYPE.sub(b"", cell.attributes), b"", b"")

    def with_formula(self, cell: Cell, text: str, attributes: bytes = b"") -> bytes:
        """The cell's XML with another formula, without value and metadata; `attributes` of `<f>` begin with a space."""
        prefix = self._grammar.prefix
        formula = b"<%bf%b>%b</%bf>" % (prefix, attributes, escape(text).encode(), prefix)
        return self._cell(self._opening(cell) + _METADATA.sub(b"", _TYPE.sub(b"", cell.attributes)), b"", formula)

    def place(self, values: Mapping[tuple[int, int], CellValue], *, constants: bool = False) -> bytes:
        """The part with `values` by (row, column), results or (`constants`) typed in: each in the cell where there is
        one, else in a new one, in a new row where there is none."""
        if self._body[0] == self._element[1]:  # <sheetData/>
            given = any(value is not None for value in values.values())
            return self._opened().place(values, constants=constants) if given else self.xml
        by_row: dict[int, dict[int, CellValue]] = {}
        for (row, column), value in sorted(values.items(), key=lambda item: item[0]):
            by_row.setdefault(row, {})[column] = value
        splices: list[tuple[int, int, bytes]] = []
        found, starts = self._rows(by_row)
        prefix = self._grammar.prefix
        for row, columns in by_row.items():
            if row not in found:
                cells = b"".join(self._new_cell(row, column, value, constants) for column, value in columns.items())
                later = [start for number, start in starts if number > row]
                at = later[0] if later else self._body[1]
                splices.append((at, at, b'<%brow r="%d">%b</%brow>' % (prefix, row, cells, prefix) if cells else b""))
                continue
            slot = found[row]
            changes = [self._splice(slot, row, column, value, constants) for column, value in columns.items()]
            if slot.is_empty:
                inner = b"".join(new for _, _, new in changes)
                opened = b"<%brow%b>%b</%brow>" % (prefix, slot.attributes, inner, prefix)
                changes = [(slot.start, slot.end, opened)]
            splices += changes
        pieces: list[bytes] = []
        done = 0
        for start, end, new in splices:
            pieces += self.xml[done:start], new
            done = end
        pieces.append(self.xml[done:])
        return b"".join(pieces)

    def _splice(self, slot: _Row, row: int, column: int, value: CellValue, constant: bool) -> tuple[int, int, bytes]:
        for cell in slot.cells:
            if cell.column == column:
                new = self.with_constant(cell, value) if constant else self.with_value(cell, value)
                return cell.start, cell.end, self.xml[cell.start : cell.end] if new is None else new
            if cell.column > column:
                return cell.start, cell.start, self._new_cell(row, column, value, constant)
        return slot.end, slot.end, self._new_cell(row, column, value, constant)

    def _rows(self, wanted: Collection[int]) -> tuple[dict[int, _Row], list[tuple[int, int]]]:
        """The wanted rows that exist, with their cells, and (number, start) of every row."""
        found: dict[int, _Row] = {}
        starts: list[tuple[int, int]] = []
        slot: _Row | None = None
        for match, row, column in self._places():
            if match[12] is not None:
                if slot is not None:
                    found[row] = slot._replace(end=match.start())
                slot = None
            elif match[10] is not None:
                starts.append((row, match.start()))
                slot = _Row(match.start(), match.end(), match[10], bool(match[11]), []) if row in wanted else None
                if slot is not None and slot.is_empty:
                    found[row], slot = slot, None
            elif slot is not None:
                slot.cells.append(cell_at(match, row, column))
        return found, starts

    def _opened(self) -> SheetXml:
        """The same sheet with `<sheetData></sheetData>` for `<sheetData/>`."""
        start, end = self._element
        prefix = self._grammar.prefix
        element = b"<%bsheetData></%bsheetData>" % (prefix, prefix)
        return SheetXml(self.xml[:start] + element + self.xml[end:], self._label)

    def _places(self) -> Iterator[tuple[re.Match[bytes], int, int]]:
        """Every token with its row and column; column 0 for the beginning and end of a row."""
        row = column = 0
        for match in self._tokens():
            letters, digits = match.group(2, 3)
            if letters is not None:
                row, column = int(digits), column_number(letters)
                yield match, row, column
            elif match[10] is not None:
                number = attribute(match[10], b"r") or b""
                row, column = int(number) if number.isdigit() else row + 1, 0
                yield match, row, 0
            elif match[12] is not None:
                yield match, row, 0
            else:
                row, column = _own_place(match[4], row, column + 1)
                yield match, row, column

    def _tokens(self) -> Iterator[re.Match[bytes]]:
        """The rows and cells, one directly after the other: anything between them is not understood."""
        position, end = self._bounds()
        for match in self._grammar.token.finditer(self.xml, position, end):
            start, stop = match.span()
            if start != position:
                raise self._unreadable()
            position = stop
            yield match
        if position != end:
            raise self._unreadable()

    def _bounds(self) -> tuple[int, int]:
        """Where the first row begins and the last one ends."""
        position, end = self._body
        while position < end and self.xml[position : position + 1].isspace():
            position += 1
        return position, end

    def _unreadable(self) -> WorkbookError:
        return WorkbookError(
            f"sheet {self._label} is written in a way that cannot be changed safely;"
            " open and save it in Excel or LibreOffice first."
        )

    def _cell(self, opening: bytes, kind: bytes, body: bytes) -> bytes:
        head = b'%b t="%b"' % (opening.rstrip(), kind) if kind else opening.rstrip()
        return b"%b>%b</%bc>" % (head, body, self._grammar.prefix) if body else head + b"/>"

    def _opening(self, cell: Cell) -> bytes:
        """What of a cell is written before its other attributes: `<c r="B5"`."""
        if not cell.end:
            return b'<%bc r="%b"' % (self._grammar.prefix, cell_name(cell.row, cell.column).encode())
        head = self.xml[cell.start : self.xml.index(b">", cell.start)].removesuffix(b"/")
        return head.removesuffix(cell.attributes)

    def _new_cell(self, row: int, column: int, value: CellValue, constant: bool) -> bytes:
        if value is None:
            return b""
        empty = Cell(row, column, 0, 0, b"", False, False, b"", b"", None, None)
        return self.with_constant(empty, value) if constant else self.with_value(empty, value) or b""


def _holds(cell: Cell, value: CellValue, kind: bytes, text: bytes | None) -> bool:
    """Does the cell hold what is to be written (`kind`, `text`), perhaps as another spelling of the same number?"""
    old = cell.value
    if cell.inline is not None or text is None:
        return cell.inline is None and old is text
    if (attribute(cell.attributes, b"t") or b"n") != (kind or b"n"):
        return False
    if old is None:
        return not text and kind == b"str"
    return old == text or (isinstance(value, (int, float)) and not kind and _is_number(old, value))


def _is_number(text: bytes, value: float) -> bool:
    try:
        return float(text) == value
    except ValueError:
        return False


def _own_place(attributes: bytes, row: int, column: int) -> tuple[int, int]:
    """Row and column by the `r` attribute; a cell without a readable one stands next to the one before it."""
    place = attribute(attributes, b"r")
    return (parse_cell(place.decode("ascii", "replace")) if place else None) or (row, column)
