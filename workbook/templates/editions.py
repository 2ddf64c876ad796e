"""The editions of a template: as it is, for the functions; and as values, for whoever has none of them."""

from __future__ import annotations

from ..files.errors import WorkbookError
from ..files.package import Package
from ..files.prepare import NOT_CALCULATED

EDITIONS = ("addin", "values")
_NOTE = "Values only: there are no formulas in this copy, and changing an input changes nothing else."
_NOTE_PLACE = ("Cover", "A4")  # between the title and the first paragraph


def edition(package: Package, name: str) -> Package:
    """The workbook in one of `EDITIONS`. In `values` each formula's last value stands in its place, also where the
    formula needs no function of ours: half a model that recalculates would show numbers that do not belong together."""
    if name == "values":
        if any(kind == "calcChain" for kind, _ in package.related(package.workbook_part)):
            raise WorkbookError(f"{package.label} was saved by Excel; only templates have an edition of values")
        for sheet, part in package.sheets.items():
            xml = package.sheet(sheet)
            formulas = xml.formula_cells()
            package.replace(
                part, xml.with_cells((cell, xml.without_formula(cell, NOT_CALCULATED)) for cell in formulas)
            )
        package.set_cell(*_NOTE_PLACE, _NOTE)
    return package
