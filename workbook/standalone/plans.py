"""The sheet of what *Calculation* asks LLM_SERVE_PLAN: each question is searched once for all cells that ask it, and
again when an input changes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from xlcalc.language.cells import is_blank

from ..files.addresses import column_letters
from ..files.package import Package
from ..files.xml_text import escape, unescape
from .names import NOTHING, let
from .searches import Answer
from .serve_plan import HEADER, NAME

SHEET, TITLE = "Calculation", "Plans"
PURPOSE = "What Calculation asks of LLM_SERVE_PLAN, a row a question: the same one is searched once, above."
_ASKED = re.compile(rb"\b" + NAME.encode() + rb"\(([^()]*)\)")
_CELL = re.compile(r"\$?[A-Z]{1,3}\$?\d+")
ARGUMENTS = 16


def questions(package: Package) -> list[list[str]]:
    """The arguments of each call whose arguments are cells and numbers, in the order of the cells."""
    if SHEET not in package.sheets:
        return []
    found = dict.fromkeys(
        unescape(asked) for cell in package.sheet(SHEET).formula_cells() for asked in _ASKED.findall(cell.formula_text)
    )
    listed = [text.split(",") for text in found]
    return [one for one in listed if all(_CELL.fullmatch(part) or part.isdigit() for part in one)]


WIDTH = len(HEADER)


def head() -> list[str]:
    return ["key", *(f"argument {i}" for i in range(1, ARGUMENTS + 1)), *HEADER]


def rows(package: Package, answers: Sequence[Answer], first: int) -> list[list[Any]]:
    """A row a question, its cells formulas with their values."""
    known = {"|".join(map(_text, _padded(arguments))): found[-1] for name, arguments, found in answers if name == NAME}
    made: list[list[Any]] = []
    last_argument, left = column_letters(1 + ARGUMENTS), column_letters(2 + ARGUMENTS)
    right = column_letters(1 + ARGUMENTS + WIDTH)
    for row, asked in enumerate(questions(package), first):
        refs = [f"{SHEET}!{part}" if _CELL.fullmatch(part) else part for part in asked]
        values = [package.value(SHEET, part.replace("$", "")) if "!" in ref else float(part)
                  for part, ref in zip(asked, refs, strict=True)]  # fmt: skip
        keys = _padded([NOTHING if is_blank(one) else one for one in values])
        key = "|".join(map(_text, keys))
        cells: list[Any] = [Formula(f'_xlfn.TEXTJOIN("|",FALSE,B{row}:{last_argument}{row})', key)]
        cells += [Formula(f"xlcalc_key({ref})", value) for ref, value in zip(refs, keys, strict=False)]
        cells += [NOTHING] * (ARGUMENTS - len(asked))
        call = f"INDEX({NAME}_asked_({','.join(refs)}),2,0)"
        if row > first:
            above = f"_xlfn.XMATCH(A{row},A${first}:A{row - 1})"
            line = f"INDEX({left}${first}:{right}{row - 1},_xlpm.line_,0)"
            call = let([("line_", above)], f"IF(ISNUMBER(_xlpm.line_),{line},{call})")
        answer = known.get(key) or [None] * WIDTH
        answer = [*answer, *[None] * (WIDTH - len(answer))]
        cells += [Formula(call, answer[0], f"{left}{row}:{right}{row}"), *answer[1:]]
        made.append(cells)
    return made


class Formula:
    """A formula of a sheet that is added, with its value; over a range where it gives several."""

    def __init__(self, text: str, value: Any, area: str = "") -> None:
        self.text, self.value, self.area = text, value, area

    def xml(self, place: str) -> str:
        """As a cell of a dynamic array, which Excel shows without `@`."""
        text = f'<f t="array" ref="{self.area or place}">{escape(self.text)}</f>'
        if isinstance(self.value, (int, float)):
            return f'<c r="{place}" cm="1">{text}<v>{self.value!r}</v></c>'
        if self.value is None:
            return f'<c r="{place}" cm="1">{text}</c>'
        if isinstance(self.value, list):
            return f'<c r="{place}" t="e" cm="1">{text}<v>{self.value[0]}</v></c>'
        return f'<c r="{place}" t="str" cm="1">{text}<v>{escape(str(self.value))}</v></c>'


def _padded(values: Sequence[Any]) -> list[Any]:
    return [*values, *[NOTHING] * (ARGUMENTS - len(values))]


def _text(value: Any) -> str:
    """As TEXTJOIN writes it."""
    return f"{value:.15G}" if isinstance(value, (int, float)) else str(value)
