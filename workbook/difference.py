"""`xlcalc diff A B`: what differs between two workbooks: inputs and results by name, and formulas by cell."""

from __future__ import annotations

from typing import Any, NamedTuple

from .files.addresses import cell_name
from .files.package import Package
from .files.xml_text import unescape
from .report import named_cells
from .templates.editions import calculable


class Difference(NamedTuple):
    """What differs: "input", "result" or "formula"; its name or cell; what the first has and what the second."""

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
    here, there = _formulas(first), _formulas(second)
    for place in dict.fromkeys([*here, *there]):
        if here.get(place) != there.get(place):
            found.append(Difference("formula", place, here.get(place), there.get(place)))
    return found


def _formulas(package: Package) -> dict[str, str]:
    return {
        f"{sheet}!{cell_name(cell.row, cell.column)}": f"={unescape(cell.formula_text)}"
        for sheet in package.sheets
        for cell in package.sheet(sheet).formula_cells()
    }
