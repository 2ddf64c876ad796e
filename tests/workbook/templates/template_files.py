"""Reading the shipped templates in tests."""

from __future__ import annotations

import io
import zipfile
from importlib.resources import files

import openpyxl
from openpyxl.worksheet.formula import ArrayFormula

from xlcalc.workbook.files.package import Package
from xlcalc.workbook.files.recalc import recalculate
from xlcalc.workbook.listed import cell_functions
from xlcalc.workbook.templates.build import template_names

SHIPPED = {name: (files("xlcalc.templates") / f"{name}.xlsx").read_bytes() for name in template_names()}


def loaded(name: str, *, values: bool = False):
    return openpyxl.load_workbook(io.BytesIO(SHIPPED[name]), data_only=values)


def changed(cells: dict[tuple[str, str], object] | None = None, template: str = "training-budget", **inputs: object):
    """A template recalculated with inputs set by name, and cells by sheet and address."""
    package = Package(SHIPPED[template])
    for name, value in inputs.items():
        package.set_cell(*package.locate(name), value)
    for (sheet, cell), value in (cells or {}).items():
        package.set_cell(sheet, cell, value)
    return recalculate(package, cell_functions(), trust="engine")


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
