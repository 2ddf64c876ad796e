"""The sheets that the standalone edition adds, listed at the end of the Cover, and the list taken out again."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from ..files.package import Package
from ..files.xml_text import escape_string

_HEADING = "Sheets of the functions in this file: the formulas of LLM_* read them; nothing is to be typed there"
_SHEET = "Cover"


def listed(package: Package, xml: bytes, notes: Mapping[str, str], purposes: Mapping[str, str]) -> bytes:
    """The Cover with the notes and a line a sheet below what it has."""
    if b"</hyperlinks>" not in xml:
        return xml
    lines = package.rows(_SHEET)
    contents = next((row for row, cells in lines.items() if cells.get(1) == "Contents"), 0)
    first = max(lines) + 2
    texts = [(_HEADING, "", "", ""), *purposes.items(), *notes.items()]
    rows = [
        _row(i, one, xml, contents + (i > first), "BB" if one[0] in notes else "ABCD")
        for i, one in enumerate(texts, first)
    ]
    links = "".join(
        f'<hyperlink ref="A{i}" location="\'{title}\'!A1" />' for i, title in enumerate(purposes, first + 1)
    )
    xml = xml.replace(b"</sheetData>", f"{''.join(rows)}</sheetData>".encode(), 1)
    return xml.replace(b"</hyperlinks>", f"{links}</hyperlinks>".encode(), 1)


def without(package: Package, xml: bytes, titles: Collection[str]) -> bytes:
    """The Cover without that list, whichever program saved it since."""
    first = next((row for row, cells in package.rows(_SHEET).items() if cells.get(1) == _HEADING), None)
    if first is None:
        return xml
    ours = [row for row, cells in package.rows(_SHEET).items() if row > first and cells.get(1) in titles]
    for row in [first, *ours]:
        xml = re.sub(rb'<row r="%d"(?:[^>]*/>|.*?</row>)' % row, b"", xml, count=1, flags=re.DOTALL)
        xml = re.sub(rb'<hyperlink [^>]*ref="A%d"[^>]*/>' % row, b"", xml, count=1)
    return xml


def _row(row: int, texts: Sequence[str], xml: bytes, like: int, looks: str) -> str:
    """A line whose cells look like those of another one in these columns."""
    cells = ""
    for column, looked, text in zip("ABCD", looks, texts, strict=False):
        found = re.search(rb'<c r="%b%d"( s="\d+")' % (looked.encode(), like), xml)
        look = found[1].decode() if found else ""
        cells += f'<c r="{column}{row}"{look} t="inlineStr"><is><t>{escape_string(text)}</t></is></c>'
    return f'<row r="{row}">{cells}</row>'
