"""Which rows of two versions of a sheet are the same, where rows were inserted or taken out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Any

from .files.formula_text import tokens

Place = tuple[str, int, int]
"""A cell: its sheet, row and column."""
_NUMBERS = re.compile(r"\d+")
_CELL = re.compile(r"(\$?[A-Za-z]{1,3}\$?)([1-9]\d*)")


class Formula(str):
    """A formula, which is no text that somebody typed."""

    def same(self, other: object) -> bool:
        """Is it the same but for small and capital letters of names, which LibreOffice changes?"""
        return isinstance(other, Formula) and (str(self) == str(other) or _capital(self) == _capital(other))


def _capital(formula: str) -> list[str]:
    return [token.text if token.kind == "text" else token.text.upper() for token in tokens(formula)]


def matching(sheet: str, before: Mapping[Place, Any], after: Mapping[Place, Any]) -> dict[int, int] | None:
    """Which row of the first each row of the second is, without those that were inserted; None where both end in the
    same row. Rows are alike by their labels and the shape of their formulas, not by what was typed into them."""
    here, there = _shapes(sheet, before), _shapes(sheet, after)
    if len(here) == len(there):
        return None
    found: dict[int, int] = {}
    for kind, top, end, other_top, other_end in SequenceMatcher(None, here, there, False).get_opcodes():
        if kind in ("equal", "replace"):
            found |= {other_top + i + 1: top + i + 1 for i in range(min(end - top, other_end - other_top))}
    return found


def as_before(cells: Mapping[Place, Any], rows: Mapping[str, Mapping[int, int]]) -> dict[Place, Any]:
    """Cells of the second where they were in the first, and their formulas as they read there."""
    if not rows:
        return dict(cells)
    return {
        (sheet, rows[sheet][row] if sheet in rows else row, column): (
            _moved(value, sheet, rows) if isinstance(value, Formula) else value
        )
        for (sheet, row, column), value in cells.items()
        if sheet not in rows or row in rows[sheet]
    }


def _shapes(sheet: str, cells: Mapping[Place, Any]) -> list[str]:
    rows: dict[int, list[str]] = {}
    for (on, row, column), value in cells.items():
        if on == sheet:
            shape = rows.setdefault(row, [])
            if isinstance(value, Formula):
                shape.append(f"{column} {_NUMBERS.sub('', value)}")
            elif column == 1 and isinstance(value, str):
                shape.append(value)
    return [" ".join(sorted(rows.get(row, ()))) for row in range(1, max(rows, default=0) + 1)]


def _moved(formula: Formula, sheet: str, rows: Mapping[str, Mapping[int, int]]) -> Formula:
    out, on, before = [], sheet, ""
    for token in tokens(formula):
        text = token.text
        if token.kind == "word":
            place, bang, local = text.rpartition("!")
            if before != ":":  # the second end of a range is on the sheet of the first
                on = place.strip("'").replace("''", "'") if bang else sheet
            cell = _CELL.fullmatch(local)
            if cell and on in rows:
                text = f"{place}{bang}{cell[1]}{rows[on].get(int(cell[2]), cell[2])}"
        out.append(text)
        before = token.text
    return Formula("".join(out))
