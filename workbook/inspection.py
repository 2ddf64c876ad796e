"""`xlcalc check`: what an auditor would find wrong in a workbook, as it is saved.

Checks of its own that fail, cells with errors, stale prices in use, constants inside formulas, functions and names that
are nowhere, formulas that refer to themselves, numbers typed over formulas, and rows that stand at the edge of a sum
and are not in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from xlcalc.language.errors import CalcError

from .checks import failed, warned
from .files.addresses import cell_name, column_number
from .files.exact_stage import CIRCULAR
from .files.formula_text import NO_FUNCTION, NO_TABLE, tokens
from .files.package import Package
from .files.prepare import Sheet
from .files.recalc import recalculate
from .files.references import moved
from .files.sheet_grammar import Cell
from .files.unknown_names import NO_NAME
from .files.xml_text import attribute, unescape
from .listed import cell_functions, listed_names
from .templates.editions import calculable

_HARMLESS = {"0", "1", "2", "12", "100"}
"""Numbers that say how a formula works (a column of INDEX, a percentage), not what is assumed."""
_SUM = re.compile(r"(?<![\w.])SUM\(\$?([A-Z]{1,3})\$?(\d+):\$?([A-Z]{1,3})\$?(\d+)\)", re.IGNORECASE)
_NUMBER = re.compile(r"\d+\.?\d*(?:[eE][+-]?\d+)?")
_DIGITS = re.compile(rf"(?<![\w.$]){_NUMBER.pattern}")
_POSITION = frozenset((
    "INDEX", "CHOOSE", "OFFSET", "ROUND", "MATCH", "XMATCH", "VLOOKUP", "XLOOKUP", "DATE", "EDATE", "TEXT", "LEFT",
    "RIGHT", "MID", "LARGE", "SMALL", "PERCENTILE", "ROUNDUP", "ROUNDDOWN", "MOD",
))  # fmt: skip
"""Functions whose numbers say which, not how much."""

_WRONG = (CIRCULAR, NO_FUNCTION, NO_NAME, NO_TABLE)
"""What is said of formulas that no spreadsheet program calculates."""


class Finding(NamedTuple):
    """Something found: its kind, where, and a sentence; a warning alone does not fail a workbook, stale prices do."""

    kind: str
    place: str
    said: str
    warns: bool = False


def findings(package: Package) -> list[Finding]:
    """Everything found in a workbook, failing checks first. One without values is calculated."""
    package = calculable(package)
    calculated = recalculate(Package(package.to_bytes(), package.label), cell_functions(), trust="engine")
    if calculated.without_values:
        package = calculated.package
    inputs = [one.name for one in listed_names(package) if one.kind == "input"]
    found = [Finding("check", "Checks", one.sentence()) for one in failed(package, inputs)]
    for one in warned(package):
        stale = "stale" in one.name
        found.append(Finding("price" if stale else "warning", "Checks", one.sentence(), not stale))
    for kept in calculated.not_calculated:
        if any(said in kept.reason for said in _WRONG):
            found.append(Finding("formula", f"{kept.sheet}!{kept.cell}", kept.reason))
    causes = {f"{one.sheet}!{one.cell}": f"is {one.code}: {one.message}" for one in calculated.errors}
    for sheet in package.sheets:
        xml = package.sheet(sheet)
        cells = {(cell.row, cell.column): cell for cell in xml.cells()}
        formulas = xml.formula_cells()
        read = Sheet(package, sheet, package.sheets[sheet], xml, [cell for cell in formulas if cell.calculates])
        for place, number in _typed_over(read, cells):
            said = f"holds the number {number} among formulas that are alike"
            found.append(Finding("typed", f"{sheet}!{place}", said))
        for cell in formulas:
            value, place = package.cell_value(xml, cell), f"{sheet}!{cell_name(cell.row, cell.column)}"
            if isinstance(value, CalcError):
                found.append(Finding("error", place, causes.get(place, f"is {value.code}")))
            text = unescape(cell.formula_text)
            found += [
                Finding("constant", place, f"has the constant {number} in its formula: ={_short(text)}")
                for number in dict.fromkeys(_constants(text))
            ]
            found += [Finding("sum", place, said) for said in _left_out(text, cell, cells)]
    return found


def _constants(text: str) -> Iterator[str]:
    """Numbers typed into a formula that are no position, width or count of digits."""
    if _HARMLESS.issuperset(_DIGITS.findall(text)):  # most formulas, which need not be taken apart then
        return
    calls: list[str] = []
    word = ""
    for token in tokens(text):
        if token.kind == "open":
            calls.append(word.rpartition(".")[2].upper())
        elif token.kind == "close" and calls:
            calls.pop()
        elif token.kind == "word" and _NUMBER.fullmatch(token.text) and token.text not in _HARMLESS:
            inside = calls[-1] if calls else ""
            if inside not in _POSITION and not inside.startswith("LLM_"):
                yield token.text
        word = token.text if token.kind == "word" else "" if token.kind != "space" else word


def _left_out(text: str, cell: Cell, cells: dict[tuple[int, int], Cell]) -> Iterator[str]:
    """Sums over part of the column above them whose next cell, above or below, is a number that looks as theirs do:
    a row that was added at the edge of the sum."""
    for left, first, right, last in _SUM.findall(text):
        column, top, bottom = column_number(left.upper()), int(first), int(last)
        inside = cells.get((bottom, column))
        if left.upper() != right.upper() or column != cell.column or bottom - top < 2 or inside is None:
            continue
        for row in (top - 1, bottom + 1):
            other = cells.get((row, column))
            if other is not None and row < cell.row and _is_number(other) and _style(other) == _style(inside):
                yield f"sums {left}{first}:{left}{last} and leaves out {left}{row}, which holds a number beside it"


def _typed_over(sheet: Sheet, cells: dict[tuple[int, int], Cell]) -> Iterator[tuple[str, str]]:
    """Numbers between two formulas that are alike, or before three that are alike and do not begin with it."""
    texts = {place: index for index, place in enumerate(sheet.places)}

    def shape(row: int, column: int) -> str | None:
        at = texts.get((row, column))
        return None if at is None else moved(sheet.formula(at), 1 - row, 1 - column)

    typed = {place for place, cell in cells.items() if place not in texts and _is_number(cell)}
    for row, column in sorted(typed):
        in_a_row = {(row, column - 1), (row, column + 1)} & typed
        for down, right in ((0, 1), (1, 0)) if not in_a_row else ((0, 1),):
            after = shape(row + down, column + right)
            if after is None:
                continue
            begins = cell_name(row, column) in sheet.formula(texts[row + down, column + right])
            alike = all(after == shape(row + down * far, column + right * far) for far in (2, 3))
            if after == shape(row - down, column - right) or (alike and not begins):
                yield cell_name(row, column), (cells[row, column].value or b"").decode()
                break


def _style(cell: Cell) -> bytes | None:
    return attribute(cell.attributes, b"s")


def _is_number(cell: Cell) -> bool:
    return bool(cell.value) and attribute(cell.attributes, b"t") in (None, b"n")


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:80]}..."
