"""The editions of a workbook: with formulas for the functions; with the functions in it; and as values alone."""

from __future__ import annotations

from ..files.errors import WorkbookError
from ..files.package import Package
from ..files.prepare import NOT_CALCULATED

EDITIONS = ("addin", "standalone", "values")
_NOTE = "Values only: there are no formulas in this copy, and changing an input changes nothing else."
_NOTE_PLACE = ("Cover", "D4")  # above the first paragraph, beside the links


def edition(package: Package, name: str, template: str = "") -> Package:
    """The workbook in one of `EDITIONS`; `standalone` keeps the answers of a template's searches. In `values` each formula's last value stands in its place, also where the
    formula needs no function of ours: half a model that recalculates would show numbers that do not belong together."""
    if name == "standalone":
        from ..standalone import edition, stored

        return edition.standalone(package, stored.read().answers.get(template, []))
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
