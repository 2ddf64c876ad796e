"""Formulas of one shape, which differ in the cells that they name alone: what they read is found once for all.

In the shape of a formula marks stand for these cells (`CELLS` finds them in the file's text): cells at the end of a
sheet, where nothing is.
"""

from __future__ import annotations

import itertools
import re
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .addresses import Area
from .formula_text import Token, solid_tokens
from .references import Reader, any_area, moved_word
from .sensitive import Sensitive
from .xml_text import unescape

CELLS = re.compile(rb"(?<![\w.'\" ])\$?[A-Z]{1,3}\$?[0-9]+(?![\w.(!'])")
_MARK, _MARKS = b"XFD1048", 576

Parts = Callable[[list[Token]], Iterable[str]]
"""The parts of a formula that matter, as they are written."""


@dataclass
class Alike:
    """The formulas of one shape in a sheet. `text`: the first of them, as the file holds it."""

    text: bytes
    doubt: str = ""
    volatile: bool = False
    ours: bool = False
    spreads: bool = False
    sensitive: int = 0
    members: array[int] = field(default_factory=lambda: array("I"))
    """Their places among the formulas of the sheet."""


class Reads:
    """What formulas of one shape read in a part of them, or anywhere."""

    def __init__(self, alike: Alike, sheet: str, reader: Reader, parts: Parts | None) -> None:
        number = itertools.count()
        shape = unescape(CELLS.sub(lambda _: b"%b%03d" % (_MARK, next(number)), alike.text))
        self.named: list[tuple[str, Area]] = []
        """The cells that names mean."""
        self.cells: list[tuple[str, str | int, str | int]] = []
        """Sheet, first cell and last cell of the others, if there is a last one: as written, or which of `CELLS`."""
        for text in [shape] if parts is None else set(parts(solid_tokens(shape))):
            for on, first, last, areas in reader.plain_operands(text, sheet):
                self.named += areas
                if first:
                    self.cells.append((on, _which(first), _which(last)))

    def areas(self, text: bytes, rows: int, columns: int) -> list[tuple[str, Area]]:
        """The same of one of the formulas, which the file states so many rows above and columns to the left."""
        found = self.named.copy()
        names = CELLS.findall(text) if self.cells else []
        for on, start, end in self.cells:
            first = names[start].decode() if isinstance(start, int) else start
            last = names[end].decode() if isinstance(end, int) else end
            if rows or columns:
                first, last = (word and moved_word(word, rows, columns, bool(last)) for word in (first, last))
            area = any_area(f"{first}:{last}" if last else first)
            if area is not None:
                found.append((on, area))
        return found


def reads(alike: Alike, sheet: str, reader: Reader, parts: Parts | None) -> Reads | None:
    """What formulas that are alike read; None where more than addresses and names tells it."""
    plain = alike.sensitive & Sensitive.PLAIN and not reader.has_relative_names
    if not plain or _MARK in alike.text or len(CELLS.findall(alike.text)) > _MARKS:
        return None
    return Reads(alike, sheet, reader, parts)


def _which(word: str) -> str | int:
    mark = _MARK.decode()
    return int(word.removeprefix(mark)) if word.startswith(mark) else word
