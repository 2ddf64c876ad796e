"""Adding to the user's own catalog."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from pathlib import Path

from xlcalc.catalog import tables, user
from xlcalc.files import write_atomically
from xlcalc.model.spec import ModelSpec

_ID = re.compile(r"[a-z0-9][a-z0-9.-]*")


def add_model(config: Path, model_id: str = "", catalog: Path | None = None) -> str:
    """Put a model's config.json into the user's catalog, and say what was read from it and where it stands now.

    Raises ValueError for a file that configures no model, for an id that is none, or where there is no folder.
    """
    place = catalog or user.folder()
    if place is None:
        raise ValueError("there is no folder for a catalog of your own here; name one with --catalog")
    text = config.read_text("utf-8")
    try:
        spec = ModelSpec.from_json(text)
        total = spec.total
    except ValueError as error:
        raise ValueError(f"{config} {error}") from None
    model_id = model_id or re.sub(r"[^a-z0-9.]+", "-", config.resolve().parent.name.casefold()).strip("-.")
    if not _ID.fullmatch(model_id):
        raise ValueError(
            f"an id has lower-case letters, digits, dots and hyphens; got {model_id!r}: name one with --id"
        )
    (place / "configs").mkdir(parents=True, exist_ok=True)
    write_atomically(place / "configs" / f"{model_id}.json", text.encode())
    row = {"id": model_id, "name": model_id, "source": f"the user's {config.name}", "as_of": date.today().isoformat()}
    write_atomically(place / "models.csv", _with_row(place / "models.csv", row).encode())
    counted = "an estimate" if spec.is_estimate else "exact"
    return f"{model_id}: {total:,} parameters ({counted}), in {place / 'models.csv'}"


def _with_row(path: Path, row: dict[str, str]) -> str:
    """The table with one row more, or with the row of the same id replaced."""
    columns = list(tables.shipped("models")[0])
    old = list(csv.DictReader(io.StringIO(path.read_text("utf-8")))) if path.exists() else []
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows([*(line for line in old if line["id"] != row["id"]), row])
    return out.getvalue()
