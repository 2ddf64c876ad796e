"""Sweeps: cell functions over a grid or a table of many scenarios, in blocks, on as many workers as there are."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from xlcalc.sweeps import block, export, kept, run, spec
from xlcalc.sweeps.expressions import SpecError

__all__ = ["SpecError", "sweep"]


def sweep(
    described: Mapping[str, Any] | str | PathLike[str],
    out: str | PathLike[str] | None = None,
    *,
    workers: int | None = None,
    cluster: str = "",
    progress: run.Progress | None = None,
) -> export.Answer:
    """Calculate a sweep, a mapping or a file as `spec` describes it, into OUT.parquet, .csv or .xlsx.

    Without `out` all scenarios are kept in memory. A sweep that was stopped goes on where it was.
    """
    folder_of: Path | None = None
    if not isinstance(described, Mapping):
        path = Path(described)
        described, folder_of = spec.load(path), path.parent
    table = None
    columns: list[str] = []
    digest = ""
    if isinstance(described.get("scenarios"), (str, PathLike)):
        named = Path(described["scenarios"])
        table, digest = export.scenarios(named if folder_of is None else folder_of / named)
        columns = table.column_names
    asked = spec.read(described, columns, digest)
    if out is None:
        with tempfile.TemporaryDirectory() as folder:
            found = run.run(asked, Path(folder) / "sweep", table=table, workers=workers, cluster=cluster,
                            progress=progress)  # fmt: skip
            rows = kept.together(list(export.tables(found.folder)))
            return export.answer(found, rows, block.unused(asked, table))
    export.refuse(Path(out))
    found = run.run(asked, export.folder(Path(out)), table=table, workers=workers, cluster=cluster, progress=progress)
    made = export.answer(found, None, block.unused(asked, table))
    export.write(Path(out), found, made)
    return made
