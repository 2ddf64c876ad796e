"""What a browser needs to calculate: Python itself (Pyodide, from its npm package), pydantic, and xlcalc.

    npm install pyodide
    xlcalc functions --format html -o site --pyodide node_modules/pyodide

All of it becomes files of the site, so that nothing is fetched from anywhere else.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xlcalc

_PYTHON = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
_NEEDED = ("pydantic",)  # of the registry, with what they need themselves
_LEFT_OUT = frozenset(("__pycache__", "cli", "hosts", "templates", "workbook"))  # rooms that no page needs


def runtime(pyodide: Path) -> dict[str, bytes]:
    """The files that make a site calculate, by name. Raises ValueError where Pyodide or a wheel is not to be had."""
    missing = [name for name in _PYTHON if not (pyodide / name).is_file()]
    if missing:
        raise ValueError(f"{pyodide} is not the npm package pyodide: it lacks {missing[0]}; npm install pyodide")
    made = {name: (pyodide / name).read_bytes() for name in _PYTHON}
    with TemporaryDirectory() as folder:
        download(pyodide, Path(folder), _NEEDED)
        wheels = {path.name: path.read_bytes() for path in sorted(Path(folder).glob("*.whl"))}
    wheels["xlcalc.zip"] = _package()
    fetched = [*_PYTHON[2:4], *wheels]
    record = {
        "pyodide": _PYTHON[2:4],
        "wheels": list(wheels),
        "sizes": {name: len(data) for name, data in (made | wheels).items() if name in fetched},
    }
    return {**made, **wheels, "runtime.json": json.dumps(record).encode()}


def download(pyodide: Path, folder: Path, packages: Sequence[str]) -> None:
    """Fetch the wheels of packages for the Python in a Pyodide, with pip."""
    built = json.loads((pyodide / "pyodide-lock.json").read_text("utf-8"))["info"]
    version = "".join(built["python"].split(".")[:2])
    command = [
        sys.executable, "-m", "pip", "download", "-q", "-d", str(folder), "--only-binary", ":all:",
        f"--platform=pyemscripten_{built['abi_version']}_wasm32", f"--python-version={built['python']}",
        "--implementation=cp", f"--abi=cp{version}", *packages,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"pip finds no wheels of {', '.join(packages)} for Pyodide: {done.stderr.strip()[-300:]}")


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
