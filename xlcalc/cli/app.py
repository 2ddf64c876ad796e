"""The command line. Results go to stdout, messages to stderr; 0 all well, 1 an error in the answer, 2 wrong usage."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from xlcalc.cli.addins import addin
from xlcalc.cli.console import Failure, complain, print_rows
from xlcalc.cli.workbooks import app as workbooks
from xlcalc.files import write_atomically
from xlcalc.language.declare import Declaration, Table, find, functions
from xlcalc.language.errors import CalcError

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
app.add_typer(addin, name="addin")
app.registered_commands += workbooks.registered_commands
_FREE = {"ignore_unknown_options": True}  # negative numbers are arguments, not options

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Function = Annotated[str, typer.Argument(help="A function, with or without LLM_.")]
Arguments = Annotated[list[str] | None, typer.Argument(help="Values in order, or name=value; '' is a blank.")]
Search = Annotated[str, typer.Argument(help="Rows that contain this text; all without it.")]


def main() -> None:
    """Run the command line as the `xlcalc` program does."""
    try:
        app()
    except BrokenPipeError:  # whoever read stdout has seen enough
        sys.stderr.close()
    except (Failure, CalcError, OSError, ValueError) as error:
        print(f"xlcalc: {error}", file=sys.stderr)
        sys.exit(1)


@app.callback()
def _program() -> None:
    """What it takes to train and host large language models: workbooks, reports, single answers.

    Example: xlcalc report training-budget --set model=llama-3.1-70b --set tokens=15e12 -o report.xlsx
    """


@app.command(context_settings=_FREE)
def call(
    function: Function,
    arguments: Arguments = None,
    as_json: Json = False,
) -> None:
    """One call of a cell function.

    Example: xlcalc call LLM_KV_CACHE llama-3.1-8b 8192 unit=GiB
    """
    declaration = _declared(function)
    result = declaration(*_arguments(declaration, arguments or []))
    if as_json:
        print(json.dumps(result))
    elif isinstance(result, Table):
        print_rows(result)
    else:
        print(result)


@app.command(context_settings=_FREE)
def explain(
    function: Function,
    arguments: Arguments = None,
    as_json: Json = False,
) -> None:
    """The derivation of one call: what goes in, each formula with its numbers, sources and dates.

    Example: xlcalc explain LLM_KV_CACHE llama-3.1-8b 8192
    """
    from xlcalc.formula import explain as derivation

    declaration = _declared(function)
    table = derivation.explain(declaration, _arguments(declaration, arguments or []))
    print(json.dumps(table) if as_json else derivation.as_text(table), end="\n" if as_json else "")


@app.command("functions")
def list_functions(
    format: Annotated[str, typer.Option(help="text, md, json, or html (pages for a browser).")] = "text",
    out: Annotated[Path | None, typer.Option("-o", "--out", metavar="DIR", help="Folder to write, for html.")] = None,
) -> None:
    """The function reference.

    Example: xlcalc functions --format md
    Example: xlcalc functions --format html -o reference
    """
    from xlcalc.pages import reference

    if (format == "html") != (out is not None):
        raise typer.BadParameter("--format html and -o DIR go together")
    if out is not None:
        from xlcalc.pages import site

        print(f"{site.write(out)} pages: {out / 'index.html'}")
    elif format == "json":
        print(json.dumps([reference.as_data(f) for f in functions()], indent=1))
    elif format == "md":
        print(reference.as_markdown(), end="")
    elif format == "text":
        print_rows([["function", "gives"], *([f"{f.name}({f.usage})", f.summary] for f in functions())])
    else:
        raise typer.BadParameter(f"format is text, md, json or html; got {format!r}")


@app.command()
def models(
    search: Search = "",
    config: Annotated[Path | None, typer.Argument(metavar="CONFIG_JSON", help="After `add`: a config.json.")] = None,
    model_id: Annotated[str, typer.Option("--id", help="After `add`: the model's id.")] = "",
    catalog: Annotated[Path | None, typer.Option("--catalog", help="After `add`: the folder of your catalog.")] = None,
    as_json: Json = False,
) -> None:
    """The catalog of models; `add CONFIG_JSON` puts a model of your own into your catalog, where it wins over ours.

    Example: xlcalc models qwen3
    Example: xlcalc models add config.json --id our-model
    """
    if config is None:
        _catalog("LLM_MODELS", search, as_json)
        return
    if search != "add":
        raise typer.BadParameter(f"models takes a text to search for, or: add CONFIG_JSON; got {search!r}")
    from xlcalc.catalog import own

    print(own.add_model(config, model_id, catalog))


@app.command()
def hardware(search: Search = "", as_json: Json = False) -> None:
    """The catalog of accelerators.

    Example: xlcalc hardware hopper
    """
    _catalog("LLM_HARDWARE_TABLE", search, as_json)


@app.command()
def prices(search: Search = "", as_json: Json = False) -> None:
    """The catalog of instance prices with their ages, those over 90 days marked stale; `refresh` fetches newer ones
    from the providers' public lists and keeps the old.

    Example: xlcalc prices h100
    Example: xlcalc prices refresh
    """
    if search == "refresh":
        from xlcalc.catalog.refresh import refresh

        print(refresh())
        return
    _catalog("LLM_PRICE_TABLE", search, as_json, date.today())


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; beyond this machine only with authentication.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    certfile: Annotated[
        Path | None, typer.Option(help="TLS certificate (PEM); Excel loads add-ins over https.")
    ] = None,
    keyfile: Annotated[Path | None, typer.Option(help="The certificate's private key (PEM).")] = None,
    project: Annotated[
        Path | None, typer.Option(help="A project of xlwings Server with settings and authentication of its own.")
    ] = None,
) -> None:
    """Serve the functions to Excel on Windows, the Mac and the web, with xlwings Server.

    Licence: xlwings Server is not part of xlcalc. Noncommercial use is free (PolyForm Noncommercial License 1.0.0: set
    XLWINGS_LICENSE_KEY=noncommercial); commercial use needs a paid plan of xlwings and its key. Nothing else in xlcalc
    needs xlwings Server. It comes with pip install "xlcalc[server]", on Python 3.11 or newer.

    Example: xlcalc serve --certfile localhost.pem --keyfile localhost-key.pem
    """
    from xlcalc.hosts import server

    try:
        server.serve(host, port, certfile, keyfile, project)
    except server.Refusal as refusal:
        print(f"xlcalc: {refusal}", file=sys.stderr)
        raise typer.Exit(2) from None


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
    from xlcalc.cli import health

    print_rows([["part", "state", "next step"], *health.parts()])


def _catalog(function: str, search: str, as_json: bool, *more: Any) -> None:
    rows = _declared(function)(search, *more)
    if len(rows) == 1:
        raise Failure(f"no row contains {search!r}")
    if as_json:
        print(json.dumps([dict(zip(rows[0], row, strict=True)) for row in rows[1:]], indent=1))
    else:
        print_rows(rows)


def _arguments(declaration: Declaration, texts: Sequence[str]) -> list[str | None]:
    """Arguments in order, from values in order and name=value."""
    names = [argument.name for argument in declaration.arguments]
    values: list[str | None] = []
    named: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if equals and name in names:
            named[name] = value
        else:
            values.append(text)
    for name, value in named.items():
        position = names.index(name)
        if position < len(values) and values[position] is not None:
            raise CalcError("#VALUE!", "is given twice", function=declaration.name, argument=name)
        values += [None] * (position + 1 - len(values))
        values[position] = value
    return values


def _declared(name: str) -> Declaration:
    """The function of a name, with or without its LLM_, in any case."""
    found = find(name)
    if found is None:
        from difflib import get_close_matches

        near = get_close_matches(f"LLM_{name.upper().removeprefix('LLM_')}", [f.name for f in functions()], n=3)
        raise typer.BadParameter(f"no function {name}" + (f"; the closest are {', '.join(near)}" if near else ""))
    return found
