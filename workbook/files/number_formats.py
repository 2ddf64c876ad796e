"""Number formats: which cells of a workbook show a date."""

from __future__ import annotations

import re

from .package import Package
from .sheet_grammar import Cell
from .xml_text import attribute, unescape

_BUILT_IN_DATES = frozenset((*range(14, 23), *range(45, 48)))
"""Formats of a number alone that show a date or a time: ECMA-376, Part 1, 18.8.30."""
_NO_PLACES = re.compile(r'"[^"]*"|[\\_*].|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
"""What of a format stands for no digit or date: texts, single characters, colours, languages and conditions."""
_DATE = re.compile("[dmyhs]", re.IGNORECASE)

_FORMAT = re.compile(rb"<(?:\w+:)?numFmt\s[^>]*>")
_LOOKS = re.compile(rb"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", re.DOTALL)
_LOOK = re.compile(rb"<(?:\w+:)?xf\s[^>]*>")


def dates(package: Package) -> set[int]:
    """The numbers of the styles (the `s` of a cell) that show a number as a date."""
    part = next((part for kind, part in package.related(package.workbook_part) if kind == "styles"), None)
    if part is None:
        return set()
    content = package.read(part)
    shown = dict.fromkeys(_BUILT_IN_DATES, True)
    for found in _FORMAT.findall(content):
        number, code = attribute(found, b"numFmtId"), attribute(found, b"formatCode")
        if number and code:
            shown[int(number)] = is_date(unescape(code))
    looks = _LOOKS.search(content)
    numbers = [int(attribute(one, b"numFmtId") or 0) for one in _LOOK.findall(looks[0])] if looks else []
    return {place for place, number in enumerate(numbers) if shown.get(number)}


def is_date(code: str) -> bool:
    """Whether a number format shows positive numbers as dates or times.

    >>> is_date("d mmm yyyy"), is_date("[h]:mm"), is_date('[Red]0.0" days"'), is_date("[$-409]mmm yy")
    (True, True, False, True)
    """
    return bool(_DATE.search(_NO_PLACES.sub("", code).partition(";")[0]))


def style_of(cell: Cell) -> int:
    """The number of a cell's style."""
    return int(attribute(cell.attributes, b"s") or 0)
