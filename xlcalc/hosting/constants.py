"""The serving model's constants, all of them in catalog/serving.csv with unit, source and how they were found."""

from __future__ import annotations

from functools import cache

from xlcalc.catalog import tables
from xlcalc.formula.arithmetic import is_recording, term


@cache
def _table() -> dict[tuple[str, str], dict[str, str]]:
    return {(row["name"], row["scope"]): row for row in tables.shipped("serving")}


def constant(name: str, *scopes: str) -> float:
    """One figure: of the first scope (an accelerator's id, its architecture ...) that has a line, else for any."""
    value = _value(name, *scopes)
    if not is_recording():
        return value
    row = _line(name, *scopes)
    return term(f"constant {name.replace('_', ' ')}", value, row["unit"], lambda: _said(row))


@cache
def _value(name: str, *scopes: str) -> float:
    return float(_line(name, *scopes)["value"])


def _line(name: str, *scopes: str) -> dict[str, str]:
    table = _table()
    return next((table[name, scope] for scope in scopes if (name, scope) in table), table[name, ""])


def _said(row: dict[str, str]) -> str:
    """How a figure was found, and its source."""
    return "; ".join(filter(None, [row["how"], tables.source_text(row["source"], "")]))
