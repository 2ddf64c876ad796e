"""Reading the shipped templates in tests."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from functools import cache
from importlib.resources import files

import openpyxl
from openpyxl.worksheet.formula import ArrayFormula

from xlcalc.workbook.files.addresses import parse_cell
from xlcalc.workbook.files.package import Package
from xlcalc.workbook.files.recalc import recalculate
from xlcalc.workbook.listed import cell_functions
from xlcalc.workbook.templates.build import template_names
from xlcalc.workbook.warm import Held, held

SHIPPED = {name: (files("xlcalc.templates") / f"{name}.xlsx").read_bytes() for name in template_names()}


@cache
def loaded(name: str, *, values: bool = False):
    return openpyxl.load_workbook(io.BytesIO(SHIPPED[name]), data_only=values)


class Calculated:
    """What the cells of a template held when it was calculated."""

    def __init__(self, book: Package | Held, ok: bool) -> None:
        self._book, self.ok = book, ok
        self._rows = {sheet: book.rows(sheet) for sheet in book.sheets}

    def rows(self, sheet):
        return self._rows[sheet]

    def value(self, sheet, cell):
        row, column = parse_cell(cell)
        return self._rows[sheet].get(row, {}).get(column)

    def named(self, name):
        return self.value(*self._book.locate(name))


@cache
def _kept_open(template: str) -> Held | None:
    return held(Package(SHIPPED[template]), "engine", datetime.now().astimezone())


def changed(cells: dict[tuple[str, str], object] | None = None, template: str = "training-budget", **inputs: object):
    """A template calculated with inputs set by name, and cells by sheet and address.

    One that the fast engine holds is kept open, and is as it came again afterwards.
    """
    package, book = Package(SHIPPED[template]), _kept_open(template)
    values = {package.locate(name): value for name, value in inputs.items()} | (cells or {})
    if book is not None:
        found = Calculated(book, not book.has_errors) if book.change(values) else None
        assert book.change({place: package.value(*place) for place in values})
        if found:
            return found
    for place, value in values.items():
        package.set_cell(*place, value)
    report = recalculate(package, cell_functions(), trust="engine")
    return Calculated(report.package, report.ok)


def parts(data: bytes) -> list[tuple[str, tuple[int, ...], bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(entry.filename, entry.date_time, archive.read(entry)) for entry in archive.infolist()]


def checks(report) -> dict[str, object]:
    """The results of the Checks sheet by label."""
    found = {}
    for row in range(12, 60):
        label = report.value("Checks", f"A{row}")
        if label is None:
            return found
        found[label] = report.value("Checks", f"E{row}")
    return found


def formula_cells(workbook):
    for sheet in workbook:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    yield cell, cell.value.text if isinstance(cell.value, ArrayFormula) else cell.value


def named(workbook, name):
    sheet, area = next(iter(workbook.defined_names[name].destinations))
    return workbook[sheet][area.replace("$", "")]


def row_of(sheet, text, column=1):
    return next(r for r in range(1, sheet.max_row + 1) if sheet.cell(r, column).value == text)
