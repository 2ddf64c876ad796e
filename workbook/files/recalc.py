"""Recalculate a workbook without a spreadsheet program: every formula's result becomes its cached value in the file.

The file is left as it is but for those values (and the cells that an array result fills): formulas, styles, charts,
names, comments and parts that nothing here knows are not rewritten. The workbook's own setting for recalculation on
opening is left alone too, so that a program which lacks our functions shows the values.
"""

from __future__ import annotations

import contextlib
import gc
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from . import engine
from .addresses import cell_name
from .callbacks import Callbacks
from .cells_xml import CellValue
from .package import Package
from .prepare import Sheet
from .reasons import Explainer
from .writeback import write_results

PROGRESS_EVERY = 500


class CellError(NamedTuple):
    """A cell whose value is an error: Excel's code, and in words what is wrong."""

    sheet: str
    cell: str
    code: str
    message: str


class Note(NamedTuple):
    """Something that deserves to be known of a cell, or (sheet and cell empty) of the whole file."""

    sheet: str
    cell: str
    message: str


class NotCalculated(NamedTuple):
    """A formula cell that kept the value it had, and what the engine does not know."""

    sheet: str
    cell: str
    reason: str


@dataclass(frozen=True)
class Recalculation:
    """What a recalculation did. `package` holds the recalculated workbook."""

    package: Package
    formulas: int
    custom_calls: int
    seconds: float
    errors: list[CellError]
    not_calculated: list[NotCalculated]
    notes: list[Note]
    without_values: bool = False
    """The file had no values of a spreadsheet program to compare with."""

    @property
    def ok(self) -> bool:
        """Every formula was calculated and none gives an error."""
        return not self.errors and not self.not_calculated

    def value(self, sheet: str, cell: str) -> CellValue:
        """What a cell holds now, an input or a result; an error as a `CalcError`."""
        return self.package.value(sheet, cell)

    def named(self, name: str) -> CellValue:
        """What the cell with this defined name holds now."""
        return self.package.value(*self.package.locate(name))


def recalculate(
    source: Package | str | os.PathLike[str] | bytes,
    functions: Mapping[str, Callable[..., Any]],
    out: str | os.PathLike[str] | None = None,
    *,
    progress: Callable[[str, int], None] | None = None,
    now: datetime | None = None,
    trust: str = "file",
) -> Recalculation:
    """Recalculate a workbook and write it to `out`, if given; the file it came from is only written if `out` names it.

    `functions` are called with cell values: None for a blank or skipped argument, a number, text, True or False, and a
    list of rows for a range (errors in it as `CalcError`; a single error as an argument is the result). They return a
    cell value or a list of rows, and raise or return `CalcError`. `progress` gets what is being done and how many
    custom calls were made. `now` is what TODAY and NOW give (with a time zone), instead of the clock. `trust`: where
    the engines do not give the values that the file came with, "file" keeps and names such cells, "engine" takes the
    engines' values.

    A `Package` given as `source` holds the results afterwards. Raises `WorkbookError` where the file cannot be read or
    written; what is wrong in single cells is in the result.
    """
    started = time.perf_counter()
    with without_garbage_collection():
        return _recalculate(source, functions, out, progress, now, started, trust)


def _recalculate(
    source: Package | str | os.PathLike[str] | bytes,
    functions: Mapping[str, Callable[..., Any]],
    out: str | os.PathLike[str] | None,
    progress: Callable[[str, int], None] | None,
    now: datetime | None,
    started: float,
    trust: str,
) -> Recalculation:
    report = progress or (lambda stage, calls: None)
    report("reading", 0)
    package = source if isinstance(source, Package) else Package.open(source)
    now = now or datetime.now().astimezone()
    callbacks = Callbacks(functions, _every(PROGRESS_EVERY, report) if progress else None)
    sheets = engine.read(package, callbacks.by_name.keys())
    verdict = engine.Verdict(without_values=not engine.has_values(package, sheets))
    if trust == "file" and sheets:
        as_it_came = package.as_it_came() if package.edited else package
        compared = engine.read(as_it_came, callbacks.by_name.keys()) if package.edited else sheets
        verdict = engine.check(as_it_came, compared, callbacks.by_name.keys(), now)
    errors: list[CellError] = []
    not_calculated: list[NotCalculated] = []
    calls = 0
    if sheets:
        results = engine.calculate(package, sheets, callbacks, now, verdict, package.edited, trust == "engine")
        calls = callbacks.count
        report("writing", calls)
        explainer = Explainer(*results.engines)
        for sheet in sheets:
            values = results.of(sheet)
            for place, reason in values.kept.items():
                if reason:
                    not_calculated.append(NotCalculated(sheet.name, cell_name(*place), reason))
            for place, error in explainer.explained(sheet, values, callbacks):
                errors.append(CellError(sheet.name, cell_name(*place), error.code, str(error)))
            package.replace(sheet.part, write_results(sheet, values, verdict.confirmed(sheet.name)))
    if out is not None:
        package.save(out)
    return Recalculation(
        package,
        sum(len(sheet.cells) for sheet in sheets),
        calls,
        time.perf_counter() - started,
        errors,
        not_calculated,
        [
            *(Note("", "", note) for note in _of_the_file(package, sheets)),
            *(
                Note(sheet.name, cell_name(*sheet.places[index]), note)
                for sheet in sheets
                for index, note in sheet.notes.items()
            ),
        ],
        bool(sheets) and verdict.without_values,
    )


def _of_the_file(package: Package, sheets: list[Sheet]) -> list[str]:
    """What is to be known of the whole file."""
    found = []
    if any(part.lower().startswith("_xmlsignatures/") for part in package.parts):
        found.append("the workbook is digitally signed, and the signature no longer fits what is written")
    if package.linked_files:
        files = ", ".join(sorted({name or "an unnamed file" for name in package.linked_files}))
        found.append(f"cells of other workbooks keep the values they had: {files}")
    volatile = sum(sheet.volatile for sheet in sheets)
    if volatile:
        found.append(f"{volatile:,} formulas ask the clock or chance, and change at every calculation")
    return found


@contextlib.contextmanager
def without_garbage_collection() -> Iterator[None]:
    """No search for reference cycles meanwhile: it would walk all cells of the workbook again and again, and a quarter
    of the time would go there. Nothing here makes cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _every(step: int, report: Callable[[str, int], None]) -> Callable[[int], None]:
    def on_call(count: int) -> None:
        if count % step == 0:
            report("calculating", count)

    return on_call
