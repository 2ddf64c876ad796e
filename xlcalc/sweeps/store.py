"""Where a sweep's partitions stand: a folder of Parquet files, each written whole or not at all.

`_sweep.json` beside them says which sweep they are of. What is there already is not calculated again, and a folder of
another sweep is refused.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import parquet

from xlcalc.files import FileError, remove_leftovers, write_atomically

_MANIFEST = "_sweep.json"  # readers of a folder of Parquet files pass over names that begin so


class Folder:
    """The partitions of one sweep."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def claim(self, fingerprint: str, rows: int, block: int) -> int:
        """Take the folder for a sweep of so many rows in blocks; gives the size of its blocks, which stays what it was.

        Raises FileError where it holds something else.
        """
        manifest = self.path / _MANIFEST
        if self.path.exists() and not self.path.is_dir():
            raise FileError(f"{self.path} is a file; a sweep writes a folder of Parquet files")
        if manifest.exists():
            found = self._manifest()
            if (found.get("sweep"), found.get("rows")) == (fingerprint, rows):
                return int(found["block"])
            raise FileError(
                f"{self.path} holds another sweep, or one of other catalogs; name another file or remove it"
            )
        if self.path.is_dir():
            remove_leftovers(manifest)  # of a run that was killed before it had claimed the folder
        if self.path.is_dir() and any(self.path.iterdir()):
            raise FileError(f"{self.path} holds files that are of no sweep; name another file")
        self.path.mkdir(parents=True, exist_ok=True)
        write_atomically(manifest, json.dumps({"sweep": fingerprint, "rows": rows, "block": block}).encode())
        return block

    def check(self, fingerprint: str) -> None:
        """Raise FileError where this process does not see the folder of the sweep."""
        if self._manifest().get("sweep") != fingerprint:
            raise FileError(
                f"{self.path} is not the sweep's folder here: workers write to a folder that all of them see"
            )

    def _manifest(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.path / _MANIFEST).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    def partition(self, start: int) -> Path:
        return self.path / f"part-{start:012d}.parquet"

    def has(self, start: int) -> bool:
        return self.partition(start).is_file()

    def write(self, start: int, table: pyarrow.Table) -> None:
        data = io.BytesIO()
        parquet.write_table(table, data, compression="zstd")
        write_atomically(self.partition(start), data.getvalue())

    def read(self, start: int) -> pyarrow.Table:
        return parquet.read_table(self.partition(start))

    def agree(self) -> None:
        """Give each column one type in all partitions: one of refused scenarios alone knows none of its results."""
        schemas = {path: parquet.read_schema(path) for path in self.partitions()}
        kinds = kinds_of(list(schemas.values()))
        for path, schema in schemas.items():
            if any(field.type != kinds[field.name] for field in schema):
                self.write(int(path.stem[5:]), typed(parquet.read_table(path), kinds))

    def partitions(self) -> list[Path]:
        return sorted(self.path.glob("part-*.parquet"))

    def remove(self) -> None:
        """Remove the partitions and the folder, of which another file has been made."""
        for path in (*self.partitions(), self.path / _MANIFEST):
            path.unlink(missing_ok=True)
        os.rmdir(self.path)


def kinds_of(schemas: Sequence[pyarrow.Schema]) -> dict[str, Any]:
    """The type that each column has in all of them: of texts and numbers texts, of blanks alone numbers."""
    found: dict[str, Any] = {}
    for field in (field for schema in schemas for field in schema):
        kind = pyarrow.float64() if pyarrow.types.is_null(field.type) else field.type
        if field.name not in found or pyarrow.types.is_floating(found[field.name]):
            found[field.name] = kind
    return found


def typed(table: pyarrow.Table, kinds: Mapping[str, Any]) -> pyarrow.Table:
    """Its columns with these types."""
    for i, field in enumerate(table.schema):
        kind = kinds.get(field.name, field.type)
        if kind != field.type:
            column = table.column(i).cast(pyarrow.string() if pyarrow.types.is_dictionary(kind) else kind)
            column = column.dictionary_encode() if pyarrow.types.is_dictionary(kind) else column
            table = table.set_column(i, field.name, column)
    return table
