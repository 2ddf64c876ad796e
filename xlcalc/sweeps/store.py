"""Where a sweep's partitions stand: a folder of Parquet files, each written whole or not at all.

`_sweep.json` beside them says which sweep they are of. What is there already is not calculated again, and a folder of
another sweep is refused.
"""

from __future__ import annotations

import io
import json
import os
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

    def partitions(self) -> list[Path]:
        return sorted(self.path.glob("part-*.parquet"))

    def remove(self) -> None:
        """Remove the partitions and the folder, of which another file has been made."""
        for path in (*self.partitions(), self.path / _MANIFEST):
            path.unlink(missing_ok=True)
        os.rmdir(self.path)
