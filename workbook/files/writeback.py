"""Results into the sheet's XML."""

from __future__ import annotations

from collections.abc import Iterator

from .cells_xml import Cell, SheetXml
from .prepare import Sheet
from .results import SheetResults


def write_results(sheet: Sheet, results: SheetResults) -> bytes:
    """The sheet part with each result as the cached value of its formula and array results in the cells they fill.
    Cells that already hold their result keep their bytes, and so does everything else."""
    changed = sheet.xml.with_cells(_changed_cells(sheet, results))
    return SheetXml(changed, sheet.name).place(results.filled) if results.filled else changed


def _changed_cells(sheet: Sheet, results: SheetResults) -> Iterator[tuple[Cell, bytes]]:
    for index, (cell, value) in enumerate(zip(sheet.cells, results.values, strict=True)):
        if results.kept and (cell.row, cell.column) in results.kept:
            continue
        new = sheet.xml.with_value(cell, value, _new_reference(sheet, results, index) if results.areas else "")
        if new is not None:
            yield cell, new


def _new_reference(sheet: Sheet, results: SheetResults, index: int) -> str:
    """The range of a dynamic array formula whose result has another size than before."""
    area = results.areas.get(index)
    return "" if area is None or area == sheet.arrays[index].area else area.text()
