"""`xlcalc diff A B`: what differs between two workbooks: inputs and results by name, rows, formulas and what else is
typed by cell."""

from __future__ import annotations

from collections.abc import Iterable
from math import isclose
from typing import Any, NamedTuple

from .files.addresses import cell_name, parse_cell
from .files.package import Package
from .files.prepare import Sheet
from .matching_rows import Formula, Place, as_before, matching
from .report import named_cells
from .templates.editions import calculable

_DIGITS = 5e-15


class Difference(NamedTuple):
    """What differs: "input", "result", "row", "typed" or "formula"; its name or cell; what the first has, what the
    second."""

    kind: str
    name: str
    before: Any
    after: Any


def differences(first: Package, second: Package) -> list[Difference]:
    """Everything that differs. Editions of one workbook differ in nothing: their formulas read alike, and where one has
    none, values are compared. A row that was inserted differs itself and moves nothing."""
    first, second = calculable(first), calculable(second)
    found = []
    before, after = ({(n.kind, n.name): n.value for n in named_cells(one)} for one in (first, second))
    for key in dict.fromkeys([*before, *after]):
        if not _same(before.get(key), after.get(key)):
            found.append(Difference(*key, before.get(key), after.get(key)))
    sheets = [sheet for sheet in first.sheets if sheet in second.sheets]
    formulas = [_formulas(one) for one in (first, second)]
    if not all(formulas):
        formulas = [{}, {}]
    here, there = ({**_values(one, sheets), **texts} for one, texts in zip((first, second), formulas, strict=True))
    rows = {sheet: match for sheet in sheets if (match := matching(sheet, here, there)) is not None}
    named = _named(first, (name for _, name in before))
    for (sheet, row), text in _texts(there).items():
        if row not in rows.get(sheet, {row: row}):
            found.append(Difference("row", f"{sheet}!{row}", None, text))
    kept = {(sheet, row) for sheet, match in rows.items() for row in match.values()}
    gone = {key: text for key, text in _texts(here).items() if key[0] in rows and key not in kept}
    found += [Difference("row", f"{sheet}!{row}", text, None) for (sheet, row), text in gone.items()]
    there = as_before(there, rows)
    for place in dict.fromkeys([*here, *there]):
        old, new = here.get(place), there.get(place)
        is_formula = isinstance(old, Formula) or isinstance(new, Formula)
        if not _same(old, new) and place[:2] not in gone and (is_formula or place not in named):
            name = f"{place[0]}!{cell_name(*place[1:])}"
            found.append(Difference("formula" if is_formula else "typed", name, old, new))
    return found


def _same(old: object, new: object) -> bool:
    """Numbers are the same in the 15 digits that some programs save."""
    if isinstance(old, Formula):
        return old.same(new)
    if isinstance(old, (int, float)) and isinstance(new, (int, float)) and bool not in (type(old), type(new)):
        return isclose(old, new, rel_tol=_DIGITS)
    return old == new and type(old) is type(new)


def _values(package: Package, sheets: Iterable[str]) -> dict[Place, Any]:
    return {
        (sheet, row, column): value
        for sheet in sheets
        for row, values in package.rows(sheet).items()
        for column, value in values.items()
        if value not in (None, "")
    }


def _formulas(package: Package) -> dict[Place, Any]:
    found: dict[Place, Any] = {}
    for name, part in package.sheets.items():
        xml = package.sheet(name)
        sheet = Sheet(package, name, part, xml, [cell for cell in xml.formula_cells() if cell.calculates])
        found |= {(name, *place): Formula(f"={sheet.formula(index)}") for index, place in enumerate(sheet.places)}
    return found


def _named(package: Package, names: Iterable[str]) -> set[Place]:
    places = (package.locate(name) for name in names if any(entry.name == name for entry in package.names))
    return {(sheet, *(parse_cell(cell) or (0, 0))) for sheet, cell in places}


def _texts(cells: dict[Place, Any]) -> dict[tuple[str, int], str]:
    """What stands in each row, formulas apart."""
    found: dict[tuple[str, int], list[str]] = {}
    for (sheet, row, _), value in cells.items():
        found.setdefault((sheet, row), []).extend([] if isinstance(value, Formula) else [str(value)])
    return {key: ", ".join(texts) for key, texts in found.items()}
