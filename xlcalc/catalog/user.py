"""The user's own catalog: a folder with files like ours, whose rows win over ours by their id.

`models.csv` with `configs/<id>.json`, `accelerators.csv`, `prices.csv` ... with as many of our columns as are needed.
The folder is the one that XLCALC_CATALOG names, or `xlcalc` in the user's configuration folder.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from xlcalc.catalog import table_file

REFRESHED = "prices-refreshed.csv"  # what `xlcalc prices refresh` fetched; the user's own prices.csv wins over it
_OWN = "the user's "


def folder() -> Path | None:
    """Where the user's files stand; None where there is no such place (a browser)."""
    named = os.environ.get("XLCALC_CATALOG")
    if named:
        return Path(named)
    if sys.platform == "emscripten":
        return None
    return _usual()


@cache
def _usual() -> Path:
    from platformdirs import user_config_path

    return user_config_path("xlcalc", appauthor=False)


def rows(name: str, columns: Sequence[str], accelerators: Collection[str] = ()) -> list[dict[str, str]]:
    """The user's lines of a data file; none where there is no file. Raises TableError for a file with a fault."""
    own = _lines(f"{name}.csv", columns, accelerators)
    own = [{**line, "source": _own(line.get("source", ""), name)} for line in own]
    refreshed = _lines(REFRESHED, columns, accelerators) if name == "prices" else []
    return list({line["id"]: line for line in reversed([*own, *refreshed])}.values())[::-1]


def _own(source: str, name: str) -> str:
    """The source of a row that the user wrote, which says so."""
    if source.startswith(_OWN):
        return source
    return f"{_OWN}{name}.csv: {source}" if source else f"{_OWN}{name}.csv"


def is_own(row: Mapping[str, str]) -> bool:
    """True for a row that the user wrote, not one that was fetched."""
    return row["source"].startswith(_OWN)


def _lines(file: str, columns: Sequence[str], accelerators: Collection[str]) -> list[dict[str, str]]:
    path = _file(file)
    if path is None:
        return []
    return table_file.checked(table_file.lines(path.read_bytes(), str(path)), str(path), columns, accelerators)


def config(model_id: str) -> dict[str, Any] | None:
    """The user's configuration of a model, if there is one. Raises TableError for a file that holds none."""
    path = _file(f"configs/{model_id}.json")
    if path is None:
        return None
    try:
        found = json.loads(path.read_bytes().decode("utf-8-sig"))
    except ValueError as error:
        raise table_file.TableError(f"{path}: is no JSON in UTF-8: {error}") from None
    if not isinstance(found, dict):
        raise table_file.TableError(f"{path}: is no configuration: an object of JSON in braces is needed")
    return found


def _file(name: str) -> Path | None:
    place = folder()
    path = place / name if place else None
    return path if path and path.is_file() else None
