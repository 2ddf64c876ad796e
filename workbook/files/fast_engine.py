"""The calculation engine (formualizer) holding a workbook, with our functions registered in it.

Nothing else here imports formualizer: what the engine calls things, and what it leaves out, ends in this module.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import formualizer

from .addresses import MAX_COLUMNS, MAX_ROWS, Area, cell_name, parse_area, quoted, split_sheet
from .callbacks import Callbacks
from .errors import WorkbookError
from .substitutes import COMPARE, FIT, POWER, SCIENTIFIC, SHOWN, compare, fit, power, scientific, shown

Place = tuple[int, int]

_WRONG = frozenset(("FORMULATEXT", "ISFORMULA"))
"""Functions that the engine has but answers from its own rewriting of the formulas."""

_SMALL_BLOCK = 10_000
"""Cells that are read as a block even if few of them are wanted."""


class FastEngine:
    """A workbook loaded from the bytes of an .xlsx file."""

    def __init__(self, data: bytes, callbacks: Callbacks, now: datetime | None) -> None:
        try:
            self._book = formualizer.Workbook.from_bytes(data)
        except Exception as error:  # the engine raises its parser's errors, of many types
            raise WorkbookError(f"the calculation engine cannot load the workbook: {error}") from error
        self._book.set_temporal_egress("serial")
        if now is not None:
            self._book.set_deterministic_clock(now)
        for name, function in callbacks.by_name.items():
            self._book.register_function(name, function)
        ours = ((FIT, fit), (SCIENTIFIC, scientific), (POWER, power), (SHOWN, shown), (COMPARE, compare))
        for name, substitute in ours:
            self._book.register_function(name, substitute)

    def evaluate(self) -> str:
        """Calculate what is not up to date. Returns what the engine says if a formula stops it altogether."""
        try:
            self._book.evaluate_all()
        except formualizer.ExcelEvaluationError as error:
            return str(error)
        return ""

    def stops_at(self, sheet: str, row: int, column: int) -> bool:
        """Does this cell stop the engine altogether?"""
        try:
            self._book.evaluate_cell(sheet, row, column)
        except formualizer.ExcelEvaluationError:
            return True
        return False

    def value(self, sheet: str, row: int, column: int) -> Any:
        """The value of one cell: None, float, str, bool or an error as a dictionary."""
        return self._book.get_value(sheet, row, column)

    def values(self, sheet: str, places: Sequence[Place]) -> list[Any]:
        """The values of many cells."""
        if not places:
            return []
        top, left, block = self._block(sheet, places)
        if block is None:
            return [self._book.get_value(sheet, row, column) for row, column in places]
        return [block[row - top][column - left] for row, column in places]

    def reader(self, sheet: str, places: Sequence[Place]) -> Callable[[int, int], Any]:
        """Gives values by row and column, for these places and those one to the right or below."""
        top, left, block = self._block(sheet, places)
        if block is None:
            return lambda row, column: self._book.get_value(sheet, row, column)
        bottom, right = top + len(block) - 1, left + len(block[0]) - 1
        return lambda row, column: block[row - top][column - left] if row <= bottom and column <= right else None

    def _block(self, sheet: str, places: Sequence[Place]) -> tuple[int, int, list[list[Any]] | None]:
        """First row and column of the values of these places and those one to the right or below; no values where the
        places are few of them."""
        rows, columns = [row for row, _ in places], [column for _, column in places]
        top, left = min(rows), min(columns)
        bottom, right = min(max(rows) + 1, MAX_ROWS), min(max(columns) + 1, MAX_COLUMNS)
        if (bottom - top + 1) * (right - left + 1) > 4 * len(places) + _SMALL_BLOCK:
            return top, left, None
        address = formualizer.RangeAddress(sheet, top, left, bottom, right)
        return top, left, self._book.sheet(sheet).get_values(address)

    def formula(self, sheet: str, row: int, column: int) -> str:
        """The formula without `=`, as the engine understood it."""
        return (self._book.get_formula(sheet, row, column) or "").removeprefix("=")

    def set_formula(self, sheet: str, row: int, column: int, text: str) -> None:
        self._book.set_formula(sheet, row, column, f"={text}")

    def set_value(self, sheet: str, row: int, column: int, value: Any) -> None:
        """Put a value, or an error kind as a dictionary, where a formula was."""
        if isinstance(value, dict):
            value = formualizer.LiteralValue.error(value["kind"], None)
        self._book.set_value(sheet, row, column, value)

    def evaluate_cell(self, sheet: str, row: int, column: int) -> Any:
        return self._book.evaluate_cell(sheet, row, column)

    def spill(self, sheet: str, row: int, column: int) -> Area | None:
        """The cells that an array result fills, if the formula in this cell has one of more than one cell."""
        report = self._book.inspect_cell(f"{quoted(sheet)}!{cell_name(row, column)}", include_values=False)
        role = report.cell.spill
        if role is None or role.kind != formualizer.SpillRoleKind.Anchor or not role.extent:
            return None
        target = split_sheet(role.extent)
        return parse_area(target[1]) if target else None

    def precedents(self, sheet: str, row: int, column: int) -> list[tuple[str, Area]]:
        """The cells and ranges that a formula names."""
        report = self._book.precedents(f"{quoted(sheet)}!{cell_name(row, column)}")
        found = []
        for precedent in report.precedents:
            target = split_sheet(precedent.reference.resolved or precedent.reference.address or "")
            area = parse_area(target[1]) if target else None
            if target and area:
                found.append((target[0], area))
        return found


def holds(sheet: str) -> bool:
    """Does the engine take in a sheet of this name? It has a Sheet1 of its own, in which one spelled otherwise is lost.

    >>> holds("Sheet1"), holds("SHEET1"), holds("Costs")
    (True, False, True)
    """
    return sheet.lower() != "sheet1" or sheet == "Sheet1"


@cache
def knows(function: str) -> bool:
    """Does the engine have this function of Excel's own?

    >>> knows("XLOOKUP"), knows("MMULT_OR_SO")
    (True, False)
    """
    if function in _WRONG:
        return False
    book = formualizer.Workbook()
    book.add_sheet("Probe")
    try:
        book.set_formula("Probe", 1, 1, f"={function}()")
        value = book.evaluate_cell("Probe", 1, 1)
    except Exception:  # a text that is no function name at all
        return False
    return not (isinstance(value, dict) and value.get("kind") in ("Name", "Error"))
