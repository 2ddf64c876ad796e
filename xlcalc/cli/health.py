"""What is installed here, and which hosts can serve the functions."""

from __future__ import annotations

import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version


def parts() -> list[tuple[str, str, str]]:
    """Each part of an installation with its state and the next step, if one is needed."""
    from xlcalc import __version__
    from xlcalc.catalog import tables
    from xlcalc.language.declare import functions

    newest = max(row["as_of"] for row in tables.rows("prices"))
    return [
        ("xlcalc", f"{__version__}, {len(functions())} functions", ""),
        ("Python", f"{platform.python_version()} ({sys.executable})", ""),
        ("catalogs", f"{len(tables.rows('models'))} models, {len(tables.rows('accelerators'))} accelerators", ""),
        ("prices", f"{len(tables.rows('prices'))} rows, the newest of {newest}", ""),
        ("headless workbooks", *_package("formualizer")),
        ("tables", *_package("pandas")),
        ("Excel (desktop)", *_excel()),
        ("Excel (Office.js)", *_package("xlwings-server", 'optional: pip install "xlcalc[server]", then xlcalc serve')),
        ("LibreOffice", *_program("soffice", "install LibreOffice to look at reports without Excel")),
    ]


def _package(name: str, step: str = "") -> tuple[str, str]:
    try:
        return f"{name} {version(name)}", ""
    except PackageNotFoundError:
        return f"{name} is missing", step or f"pip install {name}"


def _program(name: str, missing: str) -> tuple[str, str]:
    path = shutil.which(name)
    return (path, "") if path else ("not found", missing)


def _excel() -> tuple[str, str]:
    state, step = _package("xlwings")
    if step or sys.platform in ("win32", "darwin"):
        return state, step or "xlcalc addin excel --install, then restart Excel"
    return f"{state}; Excel does not run on {platform.system()}", "use reports and xlcalc recalc here"
