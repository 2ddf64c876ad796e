"""Rows of the user's own models and machines: what the formulas of a standalone workbook read of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from xlcalc.catalog import tables
from xlcalc.language.declare import find
from xlcalc.language.errors import CalcError
from xlcalc.language.ranges import is_range

from . import bounds, formats
from .cases import CATALOGS as CATALOG_OF
from .cases import Asked, Case, asked
from .formulas import Call, NotClosed, Seen, first_rows, render
from .stored import TITLES, Stored, shape_text, value

CATALOGS = ("models", "accelerators", formats.MODELS, formats.MACHINES)
"""Those to which users add rows."""
_NO_FORMULA = CalcError("#N/A", "has no formula in this workbook")


def rows(kit: Stored, catalog: str) -> list[list[Any]]:
    """The rows of the catalog that the kit does not have: those of the user's own files."""
    known = set(kit.columns[catalog]["ids"])
    of = {formats.MODELS: "models", formats.MACHINES: "accelerators"}.get(catalog)
    if of:
        theirs = set(kit.columns[of]["ids"])
        own = [one["id"] for one in tables.rows(of) if one["id"] not in theirs]
        return [list(map(value, found)) for one in own for found in formats.rows(catalog, one)]
    return [row(kit, catalog, one["id"]) for one in tables.rows(catalog) if one["id"] not in known]


def missing(rows: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The models and accelerators among a workbook's own rows that no catalog has here: how to add each."""
    add = {
        "models": "`xlcalc models add config.json --id {}`",
        "accelerators": "`xlcalc hardware add {} COLUMN=VALUE ...`",
    }
    return {name: add[of].format(name) for of, name in rows if of in add and name not in tables.by_id(of)}


def noting(function: Callable[..., Any], missing: Mapping[str, str], met: set[str]) -> Callable[..., Any]:
    """A cell function that notes which of the missing it is asked of, with the commands."""

    def called(*arguments: Any) -> Any:
        for given in arguments:
            cells = [cell for row in given for cell in row] if is_range(given) else [given]
            met.update(
                missing[key] for one in cells if isinstance(one, str) and (key := one.strip().casefold()) in missing
            )
        return function(*arguments)

    return called


def row(kit: Stored, catalog: str, name: str) -> list[Any]:
    """The row of a model or machine: its id, its other names, and the columns."""
    record = next(one for one in tables.rows(catalog) if one["id"] == name)
    titles = [record.get(field) or None for field in TITLES.get(catalog, ())]
    seen: dict[tuple[str, tuple[str, ...]], Seen | None] = {}
    return [name, *titles, *(_value(kit, catalog, name, origins, seen) for origins in kit.columns[catalog]["origins"])]


def _value(kit: Stored, catalog: str, name: str, origins: list[Any], seen: dict[Any, Seen | None]) -> Any:
    """A column's value, from whichever formula of it the row takes."""
    for function, words, shape, slot in origins:
        if function == bounds.NAME:
            return bounds.of_row(name, slot)
        key = function, tuple(words)
        if key not in seen:
            seen[key] = _seen(catalog, name, function, tuple(words))
        found = seen[key]
        if isinstance(found, CalcError):
            return value(found)
        if found is None:
            continue
        text = shape_text(found.shape)
        number = kit.shapes[function].index(text) if text in kit.shapes[function] else -1
        if shape == -1:
            return number + 1 if number >= 0 else value(_NO_FORMULA)
        if number == shape:
            return value(found.values[slot])
    return None


def _seen(catalog: str, name: str, function: str, words: tuple[str, ...]) -> Seen | None:
    question, cases = _question(function)
    case = cases.get(words)
    if case is None:
        return None
    catalogs = [CATALOG_OF[axis.argument.name] for axis in question.rows]
    at = [name if one == catalog else base for one, base in zip(catalogs, first_rows(question, case), strict=True)]
    try:
        found = render(question, case, at)
    except NotClosed:
        return None
    return found if isinstance(found, (Call, CalcError)) else None


@cache
def _question(function: str) -> tuple[Asked, dict[tuple[str, ...], Case]]:
    declaration = find(function)
    question = asked(declaration) if declaration else None
    assert question is not None
    return question, {case.words: case for case in question.cases()}
