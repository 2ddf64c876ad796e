"""The command about many scenarios: sweep."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xlcalc.cli.console import Failure, print_rows, remark, say

if TYPE_CHECKING:
    from xlcalc.sweeps.run import Progress

app = typer.Typer(add_completion=False)


@app.command()
def sweep(
    spec: Annotated[Path, typer.Argument(help="The sweep's description, .toml or .json.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="OUT.parquet (a folder of all scenarios), .csv or .xlsx.")
    ] = None,
    cluster: Annotated[str, typer.Option(help="Address of a Dask scheduler, such as tcp://10.0.0.1:8786.")] = "",
    workers: Annotated[int | None, typer.Option(help="Processes here; as many as pay without.", min=1)] = None,
) -> None:
    """Many scenarios at once, from a grid or a table.

    What the file SPEC may say: docs/sweep.md. Started again, a sweep goes on where it was.

    Example: xlcalc sweep sweep.toml -o sweep.parquet
    Example: xlcalc sweep sweep.toml -o best.xlsx --workers 2
    """
    try:
        from xlcalc import sweeps
    except ImportError as error:
        raise Failure(f'{error.name}, which sweeps need, is missing: pip install "xlcalc[sweep]"') from None
    try:
        found = sweeps.sweep(spec, out, workers=workers, cluster=cluster, progress=_progress())
    except sweeps.SpecError as error:
        say(str(error))
        raise typer.Exit(2) from None
    for table in filter(None, (found.best, found.groups)):
        print_rows(table)
        print()
    if out is not None:
        print(out)
    notes = [f"{found.scenarios:,} scenarios, {found.kept:,} kept"]
    if found.wrong:
        notes.append(f"{found.wrong:,} of all have an error and no number, such as {found.example}")
    remark([*found.unused, *notes])
    if found.wrong == found.scenarios:
        raise typer.Exit(1)


def _progress() -> Progress | None:
    """Shows on one line of a terminal how far a sweep is."""
    if not sys.stderr.isatty():
        return None

    def show(done: int, size: int, wrong: int) -> None:
        end = "\n" if done == size else "\r"
        print(f"\r\x1b[K{done:,} of {size:,} scenarios ({done / size:.0%}), {wrong:,} with an error", end=end,
              file=sys.stderr, flush=True)  # fmt: skip

    return show
