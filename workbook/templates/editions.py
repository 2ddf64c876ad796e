"""The editions of a workbook: with formulas for the functions; with the functions in it; and as values alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime

from ..files.convert import HOSTS, convert
from ..files.errors import WorkbookError
from ..files.package import Package
from ..files.prepare import NOT_CALCULATED
from ..files.recalc import Recalculation, recalculate
from ..listed import cell_functions

EDITIONS = ("addin", "standalone", "values")
_NOTE = "Values only: there are no formulas in this copy, and changing an input changes nothing else."
_NOTE_PLACE = ("Cover", "D4")  # above the first paragraph, beside the links


def calculable(package: Package) -> Package:
    """The workbook as the engines take it: a standalone one without the functions that are in it."""
    if not _is_standalone(package):
        return package
    from ..standalone import edition

    return edition.addin(package)


def recalculated(
    whole: Package,
    package: Package,
    progress: Callable[[str, int], None] | None,
    trust: str,
    now: datetime | None = None,
) -> Recalculation:
    """Recalculate `package`, which is `whole` as the engines take it and may have other inputs. Of a standalone workbook
    the searches are asked again, and what they answer is put back with the functions."""
    if whole is package:
        return recalculate(package, cell_functions(), progress=progress, now=now, trust=trust)
    from ..standalone import added_sheets, edition, own, searches, stored

    asked = searches.Asked(stored.read().closed)
    missing, met = own.missing(added_sheets.own_rows(whole)), set[str]()
    known = {name: own.noting(one, missing, met) for name, one in asked.functions.items()}
    found = recalculate(package, known if missing else asked.functions, progress=progress, now=now, trust=trust)
    _refuse(whole, met)
    return replace(found, package=edition.standalone(found.package, asked.listed(), added_sheets.own_rows(whole)))


def refuse_missing(package: Package, texts: Iterable[str]) -> None:
    """Raise WorkbookError where a text names a model or accelerator that a standalone workbook has and no catalog here."""
    if _is_standalone(package):
        from ..standalone import added_sheets, own

        missing = own.missing(added_sheets.own_rows(package))
        _refuse(package, {missing[text.strip().casefold()] for text in texts if text.strip().casefold() in missing})


def _refuse(package: Package, met: Collection[str]) -> None:
    if met:
        raise WorkbookError(
            f"{package.label} asks of rows of one's own that Excel finds in the file, and xlcalc not in your catalog: first"
            f" {' and '.join(sorted(met))}. Nothing is written."
        )


def converted(package: Package, name: str) -> Package:
    """A workbook with formulas in another edition, its searches asked anew where they are to stay in the file."""
    if name == "addin":
        return calculable(package)
    if _is_standalone(package):
        return package
    from ..standalone import edition, searches, stored

    convert(package, cell_functions(), HOSTS["plain"])  # as the names in the file are spelled
    return edition.standalone(package, searches.of_workbook(Package(package.to_bytes()), stored.read().closed))


def with_own_rows(package: Package) -> Package:
    """A standalone workbook with the columns of the user's own models and machines, the rest of it as it was."""
    if not _is_standalone(package):
        raise WorkbookError(f"{package.label} is no standalone workbook: the add-in finds your models in your catalog")
    from ..standalone import edition

    return edition.with_own_rows(package)


def _is_standalone(package: Package) -> bool:
    return any(entry.name == "xlcalc_searched" for entry in package.names)


def edition(package: Package, name: str, template: str = "") -> Package:
    """The workbook in one of `EDITIONS`; `standalone` keeps the answers of a template's searches. In `values` each formula's last value stands in its place, also where the
    formula needs no function of ours: half a model that recalculates would show numbers that do not belong together."""
    if name == "standalone":
        from ..standalone import edition, stored

        return edition.standalone(package, stored.read().answers.get(template, []))
    if name == "values":
        if any(kind == "calcChain" for kind, _ in package.related(package.workbook_part)):
            raise WorkbookError(f"{package.label} was saved by Excel; only templates have an edition of values")
        freeze(package)
        package.set_cell(*_NOTE_PLACE, _NOTE)
    return package


def freeze(package: Package) -> None:
    """Put the last value of each formula in its place."""
    for sheet, part in package.sheets.items():
        xml = package.sheet(sheet)
        formulas = xml.formula_cells()
        package.replace(part, xml.with_cells((cell, xml.without_formula(cell, NOT_CALCULATED)) for cell in formulas))
