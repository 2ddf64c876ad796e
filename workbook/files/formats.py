"""Number formats: which cells of a workbook show a date."""

from __future__ import annotations

import re

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format

from .package import Package
from .sheet_grammar import Cell
from .xml_text import attribute, unescape

_FORMAT = re.compile(rb"<(?:\w+:)?numFmt\s[^>]*>")
_LOOKS = re.compile(rb"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", re.DOTALL)
_LOOK = re.compile(rb"<(?:\w+:)?xf\s[^>]*>")


def dates(package: Package) -> set[int]:
    """The numbers of the styles (the `s` of a cell) that show a number as a date."""
    part = next((part for kind, part in package.related(package.workbook_part) if kind == "styles"), None)
    if part is None:
        return set()
    content = package.read(part)
    formats = dict(BUILTIN_FORMATS)
    for found in _FORMAT.findall(content):
        number, code = attribute(found, b"numFmtId"), attribute(found, b"formatCode")
        if number and code:
            formats[int(number)] = unescape(code)
    looks = _LOOKS.search(content)
    numbers = [int(attribute(one, b"numFmtId") or 0) for one in _LOOK.findall(looks[0])] if looks else []
    return {place for place, number in enumerate(numbers) if is_date_format(formats.get(number))}


def style_of(cell: Cell) -> int:
    """The number of a cell's style."""
    return int(attribute(cell.attributes, b"s") or 0)
