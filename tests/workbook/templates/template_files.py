"""Reading the shipped templates in tests."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from functools import cache
from importlib.resources import files

import openpyxl
from openpyxl.worksheet.formula import ArrayFormula

from xlcalc.workbook.files import engine
from xlcalc.workbook.files.addresses import parse_cell
from xlcalc.workbook.files.callbacks import Callbacks
from xlcalc.workbook.files.package import Package
from xlcalc.workbook.files.recalc import recalculate
from xlcalc.workbook.listed import cell_functions
from xlcalc.workbook.templates.build import template_names
from xlcalc.workbook.warm import Held

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


class _Open:
    """A template in the fast engine, for one set of inputs after another."""

    def __init__(self, template: str) -> None:
        self._package = Package(SHIPPED[template])
        self._held = _held(self._package)
        self._moved: set[tuple[str, str]] = set()
        """The cells that hold something else than the file."""

    def with_only(self, values: dict[tuple[str, str], object]) -> Calculated | None:
        """Calculated with these values and all other cells as they came; None where the fast engine alone cannot."""
        if self._held is None:
            return None
        before = {place: self._package.value(*place) for place in self._moved - values.keys()}
        self._moved = {*values}
        self._held.give(before | values)
        return Calculated(self._held, not self._held.has_errors) if self._held.is_sound() else None


def _held(package: Package) -> Held | None:
    """As `xlcalc.workbook.warm.held`, but that the fast engine calculates IRR too: the return of cluster-tco, which a
    Dashboard shows and no test reads, would have every change calculated anew by both engines."""
    callbacks = Callbacks(cell_functions(), None)
    sheets = engine.read(package, callbacks.by_name.keys())
    for sheet in sheets:
        sheet.doubtful = {index: reason for index, reason in sheet.doubtful.items() if reason != "IRR"}
    results = engine.held(package, sheets, callbacks, datetime.now().astimezone(), trust_engine=True)
    return None if results is None else Held(package, sheets, results)


_kept_open = cache(_Open)


@cache
def formula_places(template: str) -> set[tuple[str, str]]:
    return {(cell.parent.title, cell.coordinate) for cell, _ in formula_cells(loaded(template))}


def changed(cells: dict[tuple[str, str], object] | None = None, template: str = "training-budget", **inputs: object):
    """A template calculated with inputs set by name, and cells by sheet and address."""
    package = Package(SHIPPED[template])
    values = {package.locate(name): value for name, value in inputs.items()} | (cells or {})
    overwritten = [place for place in values if place in formula_places(template)]
    opened = _Open(template) if overwritten else _kept_open(template)  # which would not get the formula back
    calculated = opened.with_only(values)
    if calculated is not None:
        return calculated
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
    for row in range(12, 80):
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
