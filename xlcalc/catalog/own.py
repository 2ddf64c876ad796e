"""Adding to the user's own catalog: a model from its config.json, rows of accelerators and of prices."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from xlcalc.catalog import table_file, tables, user
from xlcalc.catalog.table_file import Row, TableError
from xlcalc.files import FileError, held, read_file, write_atomically
from xlcalc.model.spec import ModelSpec

_ID = re.compile(r"[a-z0-9][a-z0-9.-]*")
_NUMBER = re.compile(r"[\d.]+(e-?\d+)?")  # which would be read as so many parameters
_ADDING = ".adding"  # ends the name of a mark that stands while a configuration has no row yet
_PLACE = ("provider", "instance", "region")  # what the id of a price row consists of


def add_model(config: Path, model_id: str = "") -> str:
    """Put a model's file (config.json, params.json, GGUF) into the user's catalog, and say what was read from it.

    Raises ValueError for a file that configures no model, for an id that is none, or where there is no folder.
    """
    place = _folder()
    try:
        spec = ModelSpec.from_path(config)
        if spec.count is not None:
            raise ValueError(f"has {spec.count:,} parameters and names no layers: give the config.json beside it")
        total, text = spec.total, json.dumps(spec.config, indent=1)
    except FileError:
        raise
    except ValueError as error:
        raise ValueError(f"{config} {error}") from None
    model_id = model_id or re.sub(r"[^a-z0-9.]+", "-", config.resolve().parent.name.casefold()).strip("-.")
    if not _ID.fullmatch(model_id) or _NUMBER.fullmatch(model_id):
        raise ValueError(
            f"an id has lower-case letters, digits, dots and hyphens, and is no number; got {model_id!r}: name one "
            "with --id"
        )
    row = {"id": model_id, "name": model_id, "source": f"the user's {config.name}", "as_of": date.today().isoformat()}
    (place / "configs").mkdir(parents=True, exist_ok=True)
    _settle(place)
    with held(place / "configs" / f".{model_id}{_ADDING}"):
        write_atomically(place / "configs" / f"{model_id}.json", text.encode())
        merged, _ = _merged(place / "models.csv", "models", [row])
        write_atomically(place / "models.csv", merged.encode())
    assumed = "; ".join(spec.architecture.assumed)
    counted = f"an estimate: {assumed}" if assumed else "exact"
    return f"{model_id}: {total:,} parameters ({counted}), in {place / 'models.csv'}"


def _settle(place: Path) -> None:
    """Remove the configurations of runs that were killed before they wrote the row."""
    for mark in (place / "configs").glob(f".*{_ADDING}"):
        with held(mark) as is_mine:
            if not is_mine:  # another run is at it
                continue
            model_id = mark.name[1:].removesuffix(_ADDING)
            if model_id not in {row["id"] for row in user.rows("models", tuple(tables.shipped("models")[0]))}:
                (place / "configs" / f"{model_id}.json").unlink(missing_ok=True)


def add_rows(name: str, given: Sequence[str]) -> str:
    """Put rows into the user's accelerators or prices: those of a CSV file, or an id with COLUMN=VALUE for each figure.

    A row wins over ours and over an earlier one of the same id. Raises ValueError, and changes nothing, for a figure
    that cannot be.
    """
    path = _folder() / f"{name}.csv"
    first, *pairs = given
    if first.casefold().endswith(".csv") and not pairs:
        where, lines = first, table_file.lines(read_file(first), first)
    else:
        values = {"id": first.strip()}
        for column, value in map(_pair, pairs):
            if column in values:
                raise TableError(f"the row: column {column} is given twice, as {values[column]} and as {value}")
            values[column] = value
        where, lines = "the row", [(1, {"as_of": date.today().isoformat(), **values})]
    rows = [_whole(name, row) for row in _checked(name, lines, where)]
    if not rows:
        raise TableError(f"{where}: has no rows")
    merged, replaced = _merged(path, name, rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, merged.encode())
    return f"{len(rows) - replaced} added, {replaced} replaced: {path}{_hidden(name, rows)}"


def _hidden(name: str, rows: Sequence[Row]) -> str:
    """Which rows take the place of ours, and how many of our figures nobody sees then."""
    ours = {row["id"]: row for row in tables.shipped(name)}
    blank = {row["id"]: [c for c, value in ours.get(row["id"], {}).items() if value and not row.get(c)] for row in rows}
    told = [
        f"{id_} takes the place of ours, of which {len(lost)} fields are blank now"
        for id_, lost in blank.items()
        if lost
    ]
    return "".join(f"\n{text}" for text in told[:10])


def _folder() -> Path:
    place = user.folder()
    if place is None:
        raise ValueError("there is no folder for a catalog of your own here; name one with --catalog")
    return place


def _pair(text: str) -> tuple[str, str]:
    column, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"after the id come COLUMN=VALUE; got {text!r}")
    return column.strip(), value.strip()


def _checked(name: str, lines: Iterable[tuple[int, Row]], where: str) -> list[Row]:
    known = tables.by_id("accelerators") if name == "prices" else ()
    return table_file.checked(lines, where, tuple(tables.shipped(name)[0]), known)


def _whole(name: str, row: Row) -> Row:
    """A row with what its id says, and with a figure at least, of no day that is still to come."""
    if row.get("as_of", "") > (date.today() + timedelta(1)).isoformat():  # a day later where clocks are ahead
        raise TableError(f"{row['id']}: as_of must not be in the future; got {row['as_of']}")
    if name == "prices":
        if not any(value for column, value in row.items() if column.endswith("_usd_per_hour")):
            raise TableError(f"{row['id']}: has no price, such as on_demand_usd_per_hour=31.5")
        parts = row["id"].partition("@")[0].split("/")
        if len(parts) != len(_PLACE):
            raise TableError(f"{row['id']}: the id of a price is provider/instance/region")
        return dict(zip(_PLACE, parts, strict=True)) | {column: value for column, value in row.items() if value}
    if not _ID.fullmatch(row["id"]):
        raise TableError(f"{row['id']}: an id has lower-case letters, digits, dots and hyphens, as our-chip")
    if not any(value for column, value in row.items() if column.endswith(table_file.UNITS)):
        raise TableError(f"{row['id']}: has no figure, such as memory_gb=80")
    return {"name": row["id"], **row}


def _merged(path: Path, name: str, rows: Sequence[Mapping[str, str]]) -> tuple[str, int]:
    """The user's table with these rows, and how many of its own they replace."""
    old = _checked(name, table_file.lines(path.read_bytes(), str(path)), str(path)) if path.exists() else []
    new = {row["id"] for row in rows}
    kept = [row for row in old if row["id"] not in new]
    return table_file.text(tuple(tables.shipped(name)[0]), [*kept, *rows]), len(old) - len(kept)
