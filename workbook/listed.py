"""What a workbook says of itself: its inputs and key results, and the functions it calls.

The Cover of a template lists the defined names of its inputs and key results, in the range named `names_listed`: name,
kind ("input" or "result"), unit, meaning. What a program shows of a template comes from the template. Any other
workbook is read by its defined names: one of a cell with a formula is a result, one of another cell an input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import xlcalc

from .files.addresses import Area, cell_name, parse_area, parse_cell, split_sheet
from .files.number_formats import dates, style_of
from .files.package import DefinedName, Package
from .files.sheet_grammar import Cell

_LIST = "names_listed"
_MOST_OF_A_UNIT = 24
"""Characters: what stands at the right of a number and is longer is a remark."""


class Listed(NamedTuple):
    """An input or a key result by its defined name."""

    name: str
    kind: str
    unit: str
    meaning: str


def cell_functions() -> dict[str, Callable[..., Any]]:
    """The cell functions by name, as the recalculator takes them."""
    return {declaration.name: declaration for declaration in xlcalc.functions()}


def listed_names(source: Package | bytes | str | Path) -> list[Listed]:
    """The inputs and key results of a workbook."""
    package = source if isinstance(source, Package) else Package.open(source)
    if not lists_names(package):
        return _by_their_cells(package)
    place = range_named(package.names, _LIST)
    if place is None:
        return []
    sheet, area = place
    held = package.rows(sheet)
    rows = [held.get(row, {}) for row in range(area.top, area.bottom + 1)]
    return [Listed(*(str(row.get(column) or "") for column in range(1, 5))) for row in rows]


def lists_names(package: Package) -> bool:
    """Whether a workbook says itself which names are its inputs and results."""
    return any(entry.name == _LIST for entry in package.names)


def range_named(names: Iterable[DefinedName], name: str) -> tuple[str, Area] | None:
    """The sheet and the cells that a name stands for; None where it stands for no cells, or is not there."""
    target = split_sheet(next((entry.definition for entry in names if entry.name == name), ""))
    area = parse_area(target[1]) if target else None
    return (target[0], area) if target and area else None


def _by_their_cells(package: Package) -> list[Listed]:
    """Each name of the whole workbook that stands for one cell, inputs first. Its meaning is its comment, else the text
    at its left; its unit "date", or the short text at its right."""
    days = dates(package)
    sheets: dict[str, dict[tuple[int, int], Cell]] = {}
    found = []
    for entry in package.names:
        target = split_sheet(entry.definition)
        place = parse_cell(target[1]) if target else None
        if target is None or place is None or target[0] not in package.sheets or entry.sheet or entry.hidden:
            continue
        sheet = target[0]
        if sheet not in sheets:
            sheets[sheet] = {(cell.row, cell.column): cell for cell in package.sheet(sheet).cells()}
        found.append(_of_cell(package, entry, sheets[sheet], sheet, place, days))
    return sorted(found, key=lambda one: one.kind)


def _of_cell(
    package: Package, entry: DefinedName, cells: dict[tuple[int, int], Cell], sheet: str, place: tuple[int, int],
    days: set[int],
) -> Listed:  # fmt: skip
    def text(column: int) -> str:
        value = package.value(sheet, cell_name(place[0], column)) if (place[0], column) in cells else None
        return value.strip() if isinstance(value, str) else ""

    cell = cells.get(place)
    meaning = next((found for column in range(place[1] - 1, 0, -1) if (found := text(column))), "")
    unit = text(place[1] + 1)
    value = package.value(sheet, cell_name(*place))
    if isinstance(value, (str, bool)) or len(unit) > _MOST_OF_A_UNIT:
        unit = ""
    if cell is not None and style_of(cell) in days:
        unit = "date"
    kind = "result" if cell is not None and cell.calculates else "input"
    return Listed(entry.name, kind, unit, entry.comment or meaning)
