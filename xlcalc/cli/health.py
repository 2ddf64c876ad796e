"""The commands about the program itself: how well it estimates (validate), what is installed (doctor)."""

from __future__ import annotations

import json
import platform
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xlcalc.cli.console import complain, print_rows
from xlcalc.files import write_atomically

if TYPE_CHECKING:
    from xlcalc.accuracy.validation import Result, Summary

app = typer.Typer(add_completion=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def validate(
    file: Annotated[
        Path | None, typer.Argument(metavar="CASES_CSV", help="Your own measured cases; blank = the published ones.")
    ] = None,
    as_json: Json = False,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Workbook (.xlsx) to write instead.")] = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="What the ranges hold of cases whose group had no part in them.")
    ] = False,
) -> None:
    """Every measured case beside its estimate.

    Measured, estimated, error, range; exit 1 where a stated error is exceeded. The published cases and those of your
    calibration.csv, or those of a file like it: a case a line, with function, arguments (JSON, or a column each),
    measured, unit, source, date, software. Constants were calibrated on a group or it only tests them: `used`.

    Example: xlcalc validate
    Example: xlcalc validate --coverage
    Example: xlcalc validate -o accuracy.xlsx
    """
    from xlcalc.accuracy import left_out, measurements, validation

    if coverage:
        print_rows(left_out.table())
        return
    if out is not None:
        from xlcalc.workbook import accuracy_book
        from xlcalc.workbook.templates import build

        write_atomically(out, build.build(accuracy_book.build()))
        print(out)
        complain(validation.broken())
        return
    results = validation.of(measurements.of_file(file)) if file else validation.results()
    if as_json:
        print(json.dumps(validation.as_data(results), indent=1))
    else:
        print_rows([_CASE_COLUMNS, *map(_case, results)])
        print()
        print_rows([_SUMMARY_COLUMNS, *map(_sums, validation.summaries(of_these=results))])
        if waiting := [] if file else validation.waiting():
            print()
            print_rows([["function", "measured on", "cases not asked", "since it has no argument"], *waiting])
    complain(validation.broken(results))


_CASE_COLUMNS = ["function", "measured on", "accelerator", "case", "measured", "estimated", "error", "low", "high"]
_SUMMARY_COLUMNS = ["function", "measured on", "accelerator", "cases", "mean", "p90", "worst", "inside", "used"]

_USED = {True: "calibrates", False: "tests only", None: ""}


def _case(result: Result) -> list[object]:
    return [*result[:6], None if result.error is None else f"{result.error:+.1%}", result.low, result.high]


def _sums(summary: Summary) -> list[object]:
    from xlcalc.accuracy.validation import calibrates

    return [*summary[:4], *(f"{share:.1%}" for share in (summary.mean, summary.p90, summary.worst)),
            f"{summary.inside:.0%}", _USED[calibrates(summary.function, summary.group)]]  # fmt: skip


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
        ("tables as DataFrames", *_package("pandas", 'optional: pip install "xlcalc[pandas]"')),
        ("newer prices", *_package("gpuhunt", 'optional: pip install "xlcalc[prices]", then xlcalc prices refresh')),
        ("Excel (desktop)", *_excel()),
        ("Excel (Office.js)", *_package("xlwings-server", 'optional: pip install "xlcalc[server]", then xlcalc serve')),
        ("LibreOffice", *_program("soffice", "install LibreOffice to look at reports without Excel")),
    ]


def _package(name: str, step: str = "") -> tuple[str, str]:
    from importlib.metadata import PackageNotFoundError, version  # and the package email with it

    try:
        return f"{name} {version(name)}", ""
    except PackageNotFoundError:
        return f"{name} is missing", step or f"pip install {name}"


def _program(name: str, missing: str) -> tuple[str, str]:
    path = shutil.which(name)
    return (path, "") if path else ("not found", missing)


def _excel() -> tuple[str, str]:
    state, step = _package("xlwings", 'optional: pip install "xlcalc[excel]", then xlcalc addin excel --install')
    if step or sys.platform in ("win32", "darwin"):
        return state, step or "xlcalc addin excel --install, then restart Excel"
    return f"{state}; Excel does not run on {platform.system()}", "use reports and xlcalc recalc here"
