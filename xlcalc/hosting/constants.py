"""The serving model's constants, all of them in catalog/serving.csv with unit, source and how they were found."""

from __future__ import annotations

from functools import cache

from xlcalc.catalog import tables


@cache
def _table() -> dict[tuple[str, str], dict[str, str]]:
    return {(row["name"], row["scope"]): row for row in tables.shipped("serving")}


@cache
def constant(name: str, *scopes: str) -> float:
    """One figure: of the first scope (an accelerator's id, its architecture ...) that has a line, else for any."""
    table = _table()
    row = next((table[name, scope] for scope in scopes if (name, scope) in table), table[name, ""])
    return float(row["value"])
