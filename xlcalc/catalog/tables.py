"""Reading the data files: the package's, and the user's own, which win."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from xlcalc.catalog import table_file, user
from xlcalc.catalog.names import NotInCatalog, key
from xlcalc.catalog.table_file import TableError

_ROOT = files("xlcalc.catalog")


def text(name: str) -> str:
    """One of the package's data files as it stands."""
    return (_ROOT / name).read_text("utf-8")


@cache
def shipped(name: str) -> tuple[dict[str, str], ...]:
    """The lines of one of the package's data files as dictionaries by column name."""
    return tuple(row for _, row in table_file.lines((_ROOT / f"{name}.csv").read_bytes(), f"{name}.csv"))


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """The lines of a catalog: the user's first, then the package's whose ids the user does not have.

    Raises TableError, with file, line and column, where a file of the user cannot be used.
    """
    ours = shipped(name)
    accelerators = by_id("accelerators") if name == "prices" else ()
    theirs = tuple({**dict.fromkeys(ours[0], ""), **row} for row in user.rows(name, tuple(ours[0]), accelerators))
    taken = {row["id"] for row in theirs}
    return (*theirs, *(row for row in ours if row["id"] not in taken)) if theirs else ours


@cache
def by_id(name: str) -> dict[str, dict[str, str]]:
    """The lines of a catalog by their ids."""
    return {row["id"]: row for row in rows(name)}


def config(model_id: str) -> dict[str, Any]:
    """The configuration of a model in the catalog: the user's own, or the published one."""
    own = user.config(model_id)
    if own is not None:
        return own
    ours = _ROOT / "configs" / f"{model_id}.json"
    if not ours.is_file():
        raise TableError(f"models.csv has a row {model_id} without its configs/{model_id}.json; use: xlcalc models add")
    published: dict[str, Any] = json.loads(ours.read_text("utf-8"))
    return published


@cache
def sources() -> dict[str, dict[str, str]]:
    """Every source by its key: title, url, date."""
    return {
        row["key"]: row
        for name in ("hardware", "models", "money", "efficiency", "serving", "measured")
        for row in shipped(f"sources/{name}")
    }


def matching(name: str, search: str | None, find: Callable[[str], Any] | None = None) -> list[dict[str, str]]:
    """The lines of a data file that contain all the words of a text, in any order and any column; all without one.

    Case, hyphens and underscores do not count: llama3.1 is found in llama-3.1-8b. Where no line has them, those that
    `find` says the text is a name of: Mac Studio M3 Ultra.
    """
    wanted = [(word, key(word)) for word in (search or "").casefold().split()]
    if not wanted:
        return list(rows(name))
    found = [
        row
        for row, (text, bare) in zip(rows(name), _texts(name), strict=True)
        if all(word in text or (close and close in bare) for word, close in wanted)
    ]
    return found or [by_id(name)[i] for i in _named(search or "", find)]


def _named(search: str, find: Callable[[str], Any] | None) -> tuple[str, ...]:
    """The ids that a text may be a name of."""
    if find is None:
        return ()
    try:
        return (find(search).id,)
    except NotInCatalog as error:
        return error.choices


@cache
def _texts(name: str) -> list[tuple[str, str]]:
    """What each line of a data file says, as it stands and as names are compared."""
    texts = ["\n".join(filter(None, row.values())).casefold() for row in rows(name)]
    return [(text, key(text)) for text in texts]


def cell(text: str) -> str | float | None:
    """A data file's field as a cell holds it: a number, a text, or nothing."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        return text
    return int(value) if value.is_integer() else value


def source_text(keys: str, as_of: str) -> str:
    """Where a figure comes from, in words: titles, addresses, dates."""
    known = sources()
    named = [
        f"{known[k]['title']}, {known[k]['url']} ({known[k]['date']})" if k in known else k
        for k in map(str.strip, keys.split(";"))
        if k
    ]
    return "; ".join(named) + (f"; as of {as_of}" if as_of else "")
