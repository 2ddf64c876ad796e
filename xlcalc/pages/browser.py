"""What a browser needs to calculate: Python itself (Pyodide, from its npm package) and xlcalc.

    npm install pyodide
    xlcalc functions --format html -o site --pyodide node_modules/pyodide

All of it becomes files of the site, so that nothing is fetched from anywhere else.
"""

from __future__ import annotations

import io
import json
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import xlcalc

_PYTHON = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
_LEFT_OUT = frozenset(("__pycache__", "cli", "hosts", "templates", "workbook"))  # rooms that no page needs


def runtime(pyodide: Path) -> dict[str, bytes]:
    """The files that make a site calculate, by name. Raises ValueError where Pyodide is not to be had."""
    missing = [name for name in _PYTHON if not (pyodide / name).is_file()]
    if missing:
        raise ValueError(f"{pyodide} is not the npm package pyodide: it lacks {missing[0]}; npm install pyodide")
    made = {name: (pyodide / name).read_bytes() for name in _PYTHON}
    made["xlcalc.zip"] = _package()
    fetched = [*_PYTHON[2:4], "xlcalc.zip"]
    record = {
        "pyodide": _PYTHON[2:4],
        "wheels": ["xlcalc.zip"],
        "sizes": {name: len(data) for name, data in made.items() if name in fetched},
    }
    return {**made, "runtime.json": json.dumps(record).encode()}


def _package() -> bytes:
    """The cell functions, their data and what the pages ask of them, packed like a wheel."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in sorted(_files(files(xlcalc), "xlcalc").items()):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _files(folder: Any, name: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for entry in folder.iterdir():
        if entry.is_dir():
            if entry.name not in _LEFT_OUT:
                found |= _files(entry, f"{name}/{entry.name}")
        elif not entry.name.endswith(".pyc"):
            found[f"{name}/{entry.name}"] = entry.read_bytes()
    return found
