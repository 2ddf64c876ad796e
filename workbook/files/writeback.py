"""Results into the sheet's XML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .cells_xml import CellValue, SheetXml
from .fast_engine import Place
from .prepare import Sheet
from .results import SheetResults
from .sheet_grammar import Cell


def write_results(sheet: Sheet, results: SheetResults, confirmed: Mapping[Place, CellValue]) -> bytes:
    """The sheet part with each result as the cached value of its formula and array results in the cells they fill.
    Cells that already hold their result keep their bytes, and so does everything else. `confirmed` is what the engines
    made of the file as it came, whose own values may have other last digits."""
    changed = sheet.xml.with_results(_results(sheet, results, confirmed))
    return SheetXml(changed, sheet.name).place(results.filled) if results.filled else changed


def _results(
    sheet: Sheet, results: SheetResults, confirmed: Mapping[Place, CellValue]
) -> Iterator[tuple[Cell, CellValue, str]]:
    for index, (cell, value) in enumerate(zip(sheet.cells, results.values, strict=True)):
        if results.kept and (cell.row, cell.column) in results.kept:
            continue
        reference = _new_reference(sheet, results, index) if results.areas else ""
        if confirmed and type(value) is float and confirmed.get((cell.row, cell.column)) == value and not reference:
            continue
        yield cell, value, reference


def _new_reference(sheet: Sheet, results: SheetResults, index: int) -> str:
    """The range of a dynamic array formula whose result has another size than before."""
    area = results.areas.get(index)
    return "" if area is None or area == sheet.arrays[index].area else area.text()
