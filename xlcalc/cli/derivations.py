"""A derivation as a page of text: a screenful of it, or all."""

from __future__ import annotations

from textwrap import fill, shorten
from typing import Any

from xlcalc.formula.derivation import FOLLOWS, figure
from xlcalc.language.declare import Table
from xlcalc.language.explain import GIVEN, MORE, NOTE

_BESIDE = frozenset(("given", "default", "of the model", "its figures above"))  # sources that stand beside the value
_DEEPER = "deeper levels and whole sources: --depth 2 and on, --depth 0 for all"
_LINE = 100  # columns of a line where no terminal says how many it has


def as_text(table: Table, width: int = 0, height: int = 0) -> str:
    """Each quantity with its formula and numbers, indented by its level; below them what was given, and the sources.

    A page that has a `height` gets as many levels as fit, and the first in any case. Lines longer than `width` are
    broken between words, and sources of a page with a height cut there; 0 is no limit.
    """
    levels = max((step.count(".") for step, *_ in table[1:]), default=0)
    page = _Page(table, levels, width, height)
    while height and len(page.lines) > height and levels > 1:
        levels -= 1
        page = _Page(table, levels, width, height)
    return "\n".join(page.lines) + "\n"


class _Page:
    """The lines of as many levels of a derivation as are asked for."""

    def __init__(self, table: Table, levels: int, width: int, height: int) -> None:
        self.lines: list[str] = []
        self._width = width
        self._sources: dict[str, int] = {}
        below: dict[str, list[str]] = {GIVEN: [], "default": []}
        notes, has_more = [], False
        for step, name, formula, numbers, value, unit, source in table[1:]:
            if name == MORE or step.count(".") > levels:
                has_more = True
            elif step == NOTE:
                notes.append(f"note: {name}")
            elif not step[0].isdigit():
                kind = source if source == "default" else GIVEN if step == GIVEN else f"range, {formula}"
                about = formula if step == GIVEN else numbers
                shown = self._shown(value, unit, "" if kind == "default" else source, about)
                below.setdefault(kind, []).append(f"{name if step == GIVEN else step} = {shown}")
            else:
                self._quantity(step, f"{name} = {self._shown(value, unit, source)}", formula, numbers)
        for kind, items in below.items():
            if items:
                self._add(f"{kind}: {'; '.join(items)}")
        for note in notes:
            self._add(note)
        sources = [f"[{n}] {source}" for source, n in self._sources.items()]
        cut = [shorten(source, width, placeholder=" …") for source in sources] if width and height else sources
        if has_more or cut != sources:
            self._add(f"note: {_DEEPER}")
        for source in cut:
            self._source(source, height)

    def _quantity(self, step: str, shown: str, formula: str, numbers: str) -> None:
        indent = "  " * step.count(".")
        self._add(f"{indent}{step} {shown}")
        sides = [f"= {side}" for side in dict.fromkeys((formula, numbers)) if side]
        together = f"{indent}  {' '.join(sides)}"
        if len(together) <= (self._width or _LINE):
            sides = [" ".join(sides)] if sides else []
        for side in sides:
            self._add(f"{indent}  {side}")

    def _shown(self, value: Any, unit: str, source: str, about: str = "") -> str:
        """A value with its unit, what is said of it, and where it is from."""
        shown = figure(value) if unit in ("count", "ratio") else f"{figure(value)} {unit}".rstrip()
        if about:
            shown += f", {about}"
        if source in _BESIDE:
            return f"{shown} ({source})"
        if source and source != FOLLOWS:
            shown += f" [{self._sources.setdefault(source, len(self._sources) + 1)}]"
        return shown

    def _source(self, line: str, height: int) -> None:
        """Short sources share a line of a page that has a height."""
        if height and self.lines[-1].startswith("[") and len(self.lines[-1]) + 2 + len(line) <= self._width:
            line = f"{self.lines.pop()}  {line}"
        self._add(line)

    def _add(self, line: str) -> None:
        """A line on as many as it needs, the later ones further in."""
        if not self._width:
            self.lines.append(line)
            return
        further = " " * (len(line) - len(line.lstrip()) + 4)
        broken = fill(line, self._width, subsequent_indent=further, break_long_words=False, break_on_hyphens=False)
        self.lines += broken.split("\n")
