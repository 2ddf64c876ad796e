"""The commands about the catalogs: models, hardware, prices; what is there, and adding one's own."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from xlcalc.cli import completion
from xlcalc.cli.console import Failure, print_rows, usage_errors
from xlcalc.language.declare import find

app = typer.Typer(add_completion=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_SEARCH = "A word that rows contain, or a name as it is typed elsewhere; all rows without one; or `add`."
Row = Annotated[
    list[str] | None,
    typer.Argument(metavar="[WORD... | ID [COLUMN=VALUE]... | FILE.csv]", help="More words; after `add`: what to add."),
]
Workbook = Annotated[
    Path | None, typer.Option("--workbook", help="After `add`: a standalone workbook that gets its columns too.")
]
Catalog = Annotated[Path | None, typer.Option("--catalog", help="After `add`: the folder of your catalog.")]


@app.command()
def models(
    search: Annotated[str, typer.Argument(help=_SEARCH, autocompletion=completion.models)] = "",
    more: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WORD... | CONFIG_JSON]", help="More words; after `add`: a config.json."),
    ] = None,
    model_id: Annotated[str, typer.Option("--id", help="After `add`: the model's id.")] = "",
    catalog: Catalog = None,
    workbook: Workbook = None,
    as_json: Json = False,
) -> None:
    """The catalog of models, and adding your own.

    `add CONFIG_JSON` puts a model of your own into your catalog, where it wins over ours.

    Example: xlcalc models qwen3 coder
    Example: xlcalc models add config.json --id our-model
    """
    if search != "add":
        _show("LLM_MODELS", [search, *(more or [])], as_json)
        return
    if not more or len(more) > 1:
        got = f"; got {' '.join(more)}" if more else ", as in: xlcalc models add config.json --id our-model"
        raise typer.BadParameter(f"add takes one config.json{got}")
    from xlcalc.catalog import own

    _use(catalog)
    print(own.add_model(Path(more[0]), model_id))
    _into(workbook)


@app.command()
def hardware(
    search: Annotated[str, typer.Argument(help=_SEARCH, autocompletion=completion.hardware)] = "",
    row: Row = None,
    catalog: Catalog = None,
    workbook: Workbook = None,
    as_json: Json = False,
) -> None:
    """The catalog of accelerators, and adding your own.

    `add` puts rows into your own catalog, where they win over ours.

    Example: xlcalc hardware hopper 141gb
    Example: xlcalc hardware add our-chip peak_bf16_tflops=500 memory_gb=96 bandwidth_gb_s=3000
    Example: xlcalc hardware add our-accelerators.csv
    """
    if search == "add":
        _add("accelerators", row, catalog)
        _into(workbook)
    else:
        _show("LLM_HARDWARE_TABLE", [search, *(row or [])], as_json)


@app.command()
def prices(
    search: Annotated[str, typer.Argument(help=_SEARCH, autocompletion=completion.prices)] = "",
    row: Row = None,
    catalog: Catalog = None,
    as_json: Json = False,
) -> None:
    """The catalog of instance prices, and adding your own.

    Prices come with their ages, those over 90 days marked stale. `refresh` fetches newer ones from the providers'
    public lists and keeps the old; `add` puts negotiated ones into your own catalog, where they win.

    Example: xlcalc prices h100 us-east-1
    Example: xlcalc prices refresh
    Example: xlcalc prices add aws/p5.48xlarge/us-east-1 accelerator=h100-sxm accelerators=8 on_demand_usd_per_hour=31.5
    Example: xlcalc prices add contract.csv
    """
    if search == "add":
        _add("prices", row, catalog)
    elif search == "refresh" and not row:
        from xlcalc.catalog.refresh import refresh

        print(refresh())
    else:
        _show("LLM_PRICE_TABLE", [search, *(row or [])], as_json, date.today())


def _add(name: str, row: list[str] | None, catalog: Path | None) -> None:
    from xlcalc.catalog import own

    if not row:
        raise typer.BadParameter("after add come an id and COLUMN=VALUE for each figure, or a file of rows, FILE.csv")
    _use(catalog)
    print(own.add_rows(name, row))


def _into(workbook: Path | None) -> None:
    """Give a standalone workbook the rows and columns of what was added."""
    if workbook is None:
        return
    from xlcalc.workbook import own_catalog
    from xlcalc.workbook.files.package import Package
    from xlcalc.workbook.templates import editions

    with usage_errors():
        package = Package.open(workbook)
        left_out = own_catalog.fill_specifications(package)
        editions.with_own_rows(package).save(workbook)
    print(workbook, *left_out, sep="\n")


def _use(catalog: Path | None) -> None:
    """Take a folder for the user's catalog, before anything is read."""
    if catalog is not None:
        os.environ["XLCALC_CATALOG"] = str(catalog)


def _show(function: str, words: list[str], as_json: bool, *more: Any) -> None:
    declaration = find(function)
    assert declaration is not None
    search = " ".join(words)
    rows = declaration(search, *more)
    if len(rows) == 1:
        raise Failure(f"no row contains {search!r}")
    if as_json:
        print(json.dumps([dict(zip(rows[0], row, strict=True)) for row in rows[1:]], indent=1))
    else:
        print_rows(rows)
