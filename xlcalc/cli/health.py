"""The commands about the program itself: how well it estimates (validate), what is installed (doctor)."""

from __future__ import annotations

import json
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from xlcalc.cli.console import complain, print_rows
from xlcalc.files import write_atomically

app = typer.Typer(add_completion=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def validate(
    as_json: Json = False,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Workbook (.xlsx) to write instead.")] = None,
) -> None:
    """Every published and measured case: measured, estimated, error; exit 1 where a stated error is exceeded.

    Example: xlcalc validate
    Example: xlcalc validate -o accuracy.xlsx
    """
    from xlcalc.accuracy import validation

    if out is not None:
        from xlcalc.workbook import accuracy_book
        from xlcalc.workbook.templates import build

        write_atomically(out, build.build(accuracy_book.build()))
        print(out)
    elif as_json:
        print(json.dumps(validation.as_data(), indent=1))
    else:
        rows = [[*r[:6], None if r.error is None else f"{r.error:+.1%}"] for r in validation.results()]
        print_rows([["function", "measured on", "accelerator", "case", "measured", "estimated", "error"], *rows])
        print()
        sums = [[*s[:4], f"{s.mean:.1%}", f"{s.p90:.1%}", f"{s.worst:.1%}"] for s in validation.summaries()]
        print_rows([["function", "measured on", "accelerator", "cases", "mean", "p90", "worst"], *sums])
    complain(validation.broken())


@app.command()
def doctor() -> None:
    """What is installed, which hosts are ready, what to do next.

    Example: xlcalc doctor
    """
    print_rows([["part", "state", "next step"], *parts()])


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
