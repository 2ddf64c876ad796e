"""The part of a workbook that some of its cells need: all other formulas stand in it as values.

The engine calculates everything that depends on a changed input, which in a budget is half of the workbook; of most
results a hundredth is needed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .files.dependencies import Node
from .files.exact_stage import ExactStage
from .files.package import Package
from .files.prepare import NOT_CALCULATED, Sheet


def excerpt(package: Package, sheets: Sequence[Sheet], stage: ExactStage, wanted: Collection[Node]) -> Package | None:
    """The workbook with the formulas alone that these cells need; None where that is known only when they are
    calculated. `sheets`: as they were read from `package`."""
    formulas = {(sheet.name, place) for sheet in sheets for place in sheet.places}
    needed = stage.precedents.above(formulas & set(wanted), ())
    if any(stage.references(node).dynamic for node in needed):
        return None
    parts = {}
    for sheet in sheets:
        changed = []
        for index, (place, cell) in enumerate(zip(sheet.places, sheet.cells, strict=True)):
            if (sheet.name, place) not in needed:
                changed.append((cell, sheet.xml.without_formula(cell, NOT_CALCULATED)))
            elif b"si" in cell.formula_attributes:  # another cell may have stated it
                changed.append((cell, sheet.xml.with_formula(cell, sheet.formula(index))))
        parts[sheet.part] = sheet.xml.with_cells(changed)
    return Package(package.copy_with(parts), package.label)
