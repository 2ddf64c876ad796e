"""Excel tables and the structured references to them: `Prices[usd per hour]` as the cells it means."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .addresses import Area, column_letters, quoted

_ITEM = re.compile(r"\[((?:[^\[\]']|'.)*)\]", re.DOTALL)
_ESCAPE = re.compile(r"'(.)", re.DOTALL)


@dataclass(frozen=True)
class Table:
    """A table: where it lies, header and totals rows included, and what its columns are called."""

    name: str
    sheet: str
    area: Area
    columns: tuple[str, ...]
    header_rows: int
    totals_rows: int

    @property
    def data(self) -> tuple[int, int]:
        """First and last row of the data."""
        return self.area.top + self.header_rows, self.area.bottom - self.totals_rows


def resolve(table: Table, specifier: str, row: int) -> str | None:
    """The cells that the bracketed `specifier` means to a formula in `row`; None where it means none.

    >>> prices = Table("Prices", "Deep", Area(1, 1, 4, 2), ("inst", "usd"), 1, 0)
    >>> resolve(prices, "[usd]", 9), resolve(prices, "[[#This Row],[usd]]", 3), resolve(prices, "[#All]", 9)
    ("'Deep'!$B$2:$B$4", "'Deep'!$B3", "'Deep'!$A$1:$B$4")
    """
    sections, columns = _parts(specifier)
    if sections is None:
        return None
    span = _column_span(table, columns)
    if span is None:
        return None
    left, right = (column_letters(table.area.left + index) for index in span)
    first, last = table.data
    if sections == {"#this row"}:
        if not first <= row <= last:
            return None
        cells = f"${left}{row}" if left == right else f"${left}{row}:${right}{row}"
        return f"{quoted(table.sheet)}!{cells}"
    rows = _row_span(table, sections)
    if rows is None:
        return None
    return f"{quoted(table.sheet)}!${left}${rows[0]}:${right}${rows[1]}"


def _parts(specifier: str) -> tuple[set[str] | None, list[str]]:
    """The `#` sections and the column names (one, or both ends of a run) in a specifier; None where it is malformed."""
    inner = specifier[1:-1].strip()
    sections: set[str] = set()
    if inner.startswith("@"):
        sections.add("#this row")
        inner = inner[1:].strip()
    if not inner:
        return sections or {"#data"}, []
    if inner.startswith("["):
        if _ITEM.sub("", inner).strip(" ,:"):
            return None, []
        items = _ITEM.findall(inner)
    else:
        items = [inner]
    columns = []
    for item in items:
        if item.startswith("#"):
            sections.add(item.lower())
        else:
            columns.append(_ESCAPE.sub(r"\1", item))
    return sections or {"#data"}, columns


def _column_span(table: Table, columns: list[str]) -> tuple[int, int] | None:
    if not columns:
        return 0, len(table.columns) - 1
    folded = [name.lower() for name in table.columns]
    places = [folded.index(name.lower()) for name in columns if name.lower() in folded]
    if len(places) != len(columns) or len(places) > 2:
        return None
    return min(places), max(places)


def _row_span(table: Table, sections: set[str]) -> tuple[int, int] | None:
    first, last = table.data
    top, bottom = table.area.top, table.area.bottom
    spans = {
        "#all": (top, bottom),
        "#data": (first, last),
        "#headers": (top, first - 1),
        "#totals": (last + 1, bottom),
    }
    if not sections <= spans.keys():
        return None
    chosen = [spans[section] for section in sections]
    start, end = min(span[0] for span in chosen), max(span[1] for span in chosen)
    return (start, end) if start <= end else None
