"""What the cells part of a sheet (`<sheetData>`) holds, as ECMA-376 has it (18.3.1.4, 18.3.1.73): rows and cells."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple


class Cell(NamedTuple):
    """One `<c>`: where it stands in the sheet and in the XML (nowhere: 0), and pieces of it as they are written."""

    row: int
    column: int
    start: int
    end: int
    attributes: bytes
    """Those after the place, if it begins with that."""
    has_formula: bool
    """Has it an `<f>`?"""
    is_usual: bool
    """Nothing stands in it but `<f>` and `<v>`, without spaces."""
    formula_attributes: bytes
    formula_text: bytes
    value: bytes | None
    """Text of `<v>`."""
    inline: bytes | None
    """The whole `<is>` element."""

    @property
    def calculates(self) -> bool:
        """Has it a formula? Excel writes an empty one in cells that an array formula with the clock or chance fills."""
        return bool(self.formula_text) or b"si" in self.formula_attributes or b"t=" in self.formula_attributes


NEW = tuple.__new__
"""Makes a cell of its parts; a workbook has 100,000 of them, and calling the class takes twice as long."""


def cell_at(match: re.Match[bytes], row: int, column: int) -> Cell:
    """The cell that `token` has matched."""
    attributes, formula, formula_attributes, text, value, inline = match.group(4, 5, 6, 7, 8, 9)
    place = (row, column, *match.span(1))
    stated = formula is not None, False, formula_attributes or b"", text or b""
    return NEW(Cell, (*place, attributes, *stated, value, inline))


class Grammar(NamedTuple):
    prefix: bytes
    data: re.Pattern[bytes]
    token: re.Pattern[bytes]
    """A cell (groups 1 to 9), the beginning of a row (10, 11) or its end (12), and the space after it."""
    usual: re.Pattern[bytes]
    """A cell with a formula as programs write it (groups 1 to 7), or several cells without one and ends of rows."""


@lru_cache(maxsize=8)
def grammar(prefix: bytes) -> Grammar:
    p = re.escape(prefix)
    data = rb"<%bsheetData\s*/>|<%bsheetData(?:\s[^<>]*)?>(.*)</%bsheetData\s*>" % (p, p, p)
    cell = (
        rb'(<%bc(?:\s+r="([A-Z]{1,3})([0-9]{1,7})")?((?:\s[^<>]*?)?)'
        rb"(?:/>|>\s*"
        rb"(?:(<%bf)(\s[^<>]*?)?(?:/>|>([^<]*)</%bf\s*>)\s*)?"
        rb"(?:<%bv(?:\s[^<>]*?)?(?:/>|>([^<]*)</%bv\s*>)\s*)?"
        rb"(?:(<%bis\s*/>|<%bis(?:\s[^<>]*)?>.*?</%bis\s*>)\s*)?"
        rb"(?:<%bextLst(?:\s[^<>]*)?>.*?</%bextLst\s*>\s*)?"
        rb"</%bc\s*>))"
    ) % ((p,) * 11)
    token = rb"(?:%b|<%brow((?:\s[^<>]*?)?)(/?)>|(</%brow\s*>))\s*" % (cell, p, p)
    usual = (
        rb'(<%bc r="([A-Z]{1,3})([0-9]{1,7})"(|\s[^<>]*)(?<!/)>'
        rb"<%bf(|\s[^<>]*)(?:/>|(?<!/)>([^<]*)</%bf>)(?:<%bv\s*/>|<%bv>([^<]*)</%bv>)?</%bc>)\s*"
        rb"|(?:(?:<%bc(?:\s[^<>]*)?(?:/>|(?<!/)>(?:<%bv>[^<]*</%bv>|<%bis><%bt>[^<]*</%bt></%bis>)?</%bc>)"
        rb"|</?%brow(?:\s[^<>]*)?>)\s*){1,64}"
    ) % ((p,) * 16)
    return Grammar(prefix, *(re.compile(text, re.DOTALL) for text in (data, token, usual)))
