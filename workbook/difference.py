"""`xlcalc diff A B`: what differs between two workbooks: inputs and results by name, formulas and what else is
typed by cell."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any, NamedTuple

from .files.addresses import cell_name
from .files.package import Package
from .files.xml_text import unescape
from .report import named_cells
from .templates.editions import calculable


class Difference(NamedTuple):
    """What differs: "input", "result", "typed" or "formula"; its name or cell; what the first has, what the second."""

    kind: str
    name: str
    before: Any
    after: Any


def differences(first: Package, second: Package) -> list[Difference]:
    """Everything that differs. Editions of one workbook differ in nothing: their formulas read alike."""
    first, second = calculable(first), calculable(second)
    found = []
    before, after = ({(n.kind, n.name): n.value for n in named_cells(one)} for one in (first, second))
    for key in dict.fromkeys([*before, *after]):
        if before.get(key) != after.get(key):
            found.append(Difference(*key, before.get(key), after.get(key)))
    named = {one.locate(n.name) for one in (first, second) for n in named_cells(one)}
    both = [sheet for sheet in first.sheets if sheet in second.sheets]
    for kind, cells in (("typed", lambda one: _typed(one, both, named)), ("formula", _formulas)):
        here, there = cells(first), cells(second)
        for place in dict.fromkeys([*here, *there]):
            if here.get(place) != there.get(place):
                found.append(Difference(kind, place, here.get(place), there.get(place)))
    return found


def _typed(package: Package, sheets: Iterable[str], named: Container[tuple[str, str]]) -> dict[str, Any]:
    """Values of cells that have neither formula nor name: own lines, actual payments, offers."""
    found = {}
    for sheet in sheets:
        calculated = {(cell.row, cell.column) for cell in package.sheet(sheet).formula_cells()}
        for row, values in package.rows(sheet).items():
            for column, value in values.items():
                place = cell_name(row, column)
                if (row, column) not in calculated and (sheet, place) not in named:
                    found[f"{sheet}!{place}"] = value
    return found


def _formulas(package: Package) -> dict[str, str]:
    return {
        f"{sheet}!{cell_name(cell.row, cell.column)}": f"={unescape(cell.formula_text)}"
        for sheet in package.sheets
        for cell in package.sheet(sheet).formula_cells()
    }
