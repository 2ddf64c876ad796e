"""What a workbook says of itself: its inputs and key results, by the list on its Cover; and the functions it calls.

The Cover of a template lists the defined names of its inputs and key results, in the range named `names_listed`: name,
kind ("input" or "result"), unit, meaning. What a program shows of a template comes from the template.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import xlcalc

from .files.addresses import cell_name, parse_area, split_sheet
from .files.package import Package


class Listed(NamedTuple):
    """A defined name that the Cover lists."""

    name: str
    kind: str
    unit: str
    meaning: str


def cell_functions() -> dict[str, Callable[..., Any]]:
    """The cell functions by name, as the recalculator takes them."""
    return {declaration.name: declaration for declaration in xlcalc.functions()}


def listed_names(source: Package | bytes | str | Path) -> list[Listed]:
    """The inputs and key results that a workbook's Cover lists; none where it has no such list."""
    package = source if isinstance(source, Package) else Package.open(source)
    place = next((name.definition for name in package.names if name.name == "names_listed"), None)
    target = split_sheet(place) if place else None
    area = parse_area(target[1]) if target else None
    if target is None or area is None:
        return []
    rows = [
        [package.value(target[0], cell_name(row, column)) for column in range(1, 5)]
        for row in range(area.top, area.bottom + 1)
    ]
    return [Listed(*(str(content or "") for content in row)) for row in rows]
