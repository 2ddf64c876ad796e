"""Standalone workbooks recalculated by an engine that knows LAMBDA, without a function of ours."""

from __future__ import annotations

import re

import formulon

from xlcalc.formula.excel import typed
from xlcalc.language.errors import CalcError
from xlcalc.workbook.files.exact_engine import _start
from xlcalc.workbook.files.package import Package
from xlcalc.workbook.standalone.edition import _packed

CODES = {1: "#DIV/0!", 2: "#VALUE!", 3: "#REF!", 4: "#NAME?", 5: "#NUM!", 6: "#N/A"}


class Calculated:
    """A workbook in the engine. It reads optional parameters as they are typed alone, `[x]`, not as Excel stores them."""

    def __init__(self, package: Package) -> None:
        _start()
        parts = package.read(package.workbook_part).decode()
        optional = re.compile(r"(<definedName [^>]*>)([^<]*_xlop\.[^<]*)")
        read = optional.sub(lambda found: found[1] + typed(found[2]), parts)
        self.book = formulon.Workbook.load(_packed(package, {package.workbook_part: read.encode()}, {}))
        self._sheets = {self.book.sheet_name(i): i for i in range(self.book.sheet_count())}
        self._package = package

    def set(self, name: str, value: object) -> None:
        sheet, cell = self._package.locate(name)
        place = self._place(cell)
        put = self.book.set_text if isinstance(value, str) else self.book.set_number
        put(self._sheets[sheet], *place, value)

    def answers(self, formulas: list[str], rows: int = 1) -> list[object]:
        """What formulas give in a cell far away from the others, so many rows of each."""
        grids = [self.book.evaluate_formula_array(0, 5_000, 100, formula) for formula in formulas]
        if rows == 1:
            return [_plain(grid[0][0]) for grid in grids]
        return [[_plain(grid[row][0]) if row < len(grid) else None for row in range(rows)] for grid in grids]

    def value(self, sheet: int, row: int, column: int) -> object:
        return _plain(self.book.get_value(sheet, row, column))

    def differences(self, package: Package) -> list[tuple[str, int, int, object, object]]:
        """The formula cells that have another value here than in a workbook calculated with our functions."""
        found = []
        for sheet in package.sheets:
            xml = package.sheet(sheet)
            for cell in xml.formula_cells():
                theirs = package.cell_value(xml, cell)
                ours = self.value(self._sheets[sheet], cell.row - 1, cell.column - 1)
                if not same(ours, theirs):
                    found.append((sheet, cell.row, cell.column, ours, theirs))
        return found

    @staticmethod
    def _place(cell: str) -> tuple[int, int]:
        from xlcalc.workbook.files.addresses import parse_cell

        row, column = parse_cell(cell)
        return row - 1, column - 1


def _plain(found: formulon.Value) -> object:
    kinds = {"NUMBER": found.number, "TEXT": found.text, "BOOL": found.boolean, "BLANK": None}
    if found.kind.name in kinds:
        return kinds[found.kind.name]
    return formulon.error_display_name(found.error_code)


def same(ours: object, theirs: object) -> bool:
    if isinstance(theirs, CalcError):
        return ours == theirs.code
    if isinstance(theirs, (int, float)) and not isinstance(theirs, bool):
        return isinstance(ours, (int, float)) and abs(ours - theirs) <= 1e-12 * abs(theirs) + 1e-300
    return (ours or "") == (theirs or "")
