"""The commands about single functions: call, explain, functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from xlcalc.cli import completion, single
from xlcalc.cli.console import Failure, print_rows, screen
from xlcalc.language.declare import Declaration, closest, find, functions
from xlcalc.language.errors import CalcError

app = typer.Typer(add_completion=False)
_FREE = {"ignore_unknown_options": True}  # negative numbers are arguments, not options

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Function = Annotated[str, typer.Argument(help="A function, with or without LLM_.", autocompletion=completion.functions)]
Arguments = Annotated[
    list[str] | None,
    typer.Argument(help="Values in order, or name=value; '' is a blank.", autocompletion=completion.arguments),
]


@app.command(context_settings=_FREE)
def call(
    function: Function,
    arguments: Arguments = None,
    as_json: Json = False,
    with_range: Annotated[
        bool, typer.Option("--range", help="Low, expected and high: four of five measured runs like it lie between.")
    ] = False,
) -> None:
    """One call of a cell function.

    Example: xlcalc call LLM_KV_CACHE llama-3.1-8b 8192 unit=GiB
    Example: xlcalc call --range LLM_TPOT llama-3.1-8b h100-sxm 1 1024 unit=ms
    """
    declaration = _declared(function)
    values = single.arguments(declaration, arguments or [])
    if with_range:
        _print_range(declaration, values, as_json)
        return
    single.show(declaration(*values), as_json)


def _print_range(declaration: Declaration, values: list[str | None], as_json: bool) -> None:
    from xlcalc.accuracy import bounds

    read = declaration.read(values)
    found = bounds.around(declaration, read, declaration.compute(read))
    if found is None:
        measured = ", ".join(bounds.FUNCTIONS)
        raise CalcError("#N/A", f"has no measured cases and no range; those are {measured}", function=declaration.name)
    if as_json:
        print(json.dumps({"low": found.low, "expected": found.expected, "high": found.high, "about": found.about}))
    else:
        print_rows([["low", found.low], ["expected", found.expected], ["high", found.high], ["range", found.about]])


@app.command(context_settings=_FREE)
def explain(
    function: Function,
    arguments: Arguments = None,
    as_json: Json = False,
    depth: Annotated[int | None, typer.Option(help="Levels below the result, 0 for all; a screenful without.")] = None,
) -> None:
    """How the number of one call is made, with its sources.

    Example: xlcalc explain LLM_KV_CACHE llama-3.1-8b 8192
    Example: xlcalc explain LLM_STEP_TIME llama-3.1-8b h100-sxm 64 512 8192 --depth 2
    """
    from xlcalc.cli import derivations
    from xlcalc.language import explain as derivation

    declaration = _declared(function)
    values = single.arguments(declaration, arguments or [])
    table = derivation.explain(declaration, values, depth)
    if as_json:
        print(json.dumps(table))
    else:
        columns, lines = screen()
        print(derivations.as_text(table, columns, lines if depth is None else 0), end="")


@app.command("functions")
def list_functions(
    words: Annotated[
        list[str] | None, typer.Argument(help="Only what has these words, and questions like them.")
    ] = None,
    format: Annotated[str, typer.Option(help="text, md, json, or html (pages for a browser).")] = "text",
    out: Annotated[Path | None, typer.Option("-o", "--out", metavar="DIR", help="Folder to write, for html.")] = None,
    pyodide: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="For html whose forms calculate in the browser: the npm package pyodide."),
    ] = None,
) -> None:
    """Which function answers a question; without words, all.

    Example: xlcalc functions how many users fit
    Example: xlcalc functions --format md
    Example: xlcalc functions --format html -o reference
    Example: xlcalc functions --format html -o reference --pyodide node_modules/pyodide
    """
    from xlcalc.pages import reference

    if words:
        _print_answers(" ".join(words))
        return
    if (format == "html") != (out is not None):
        raise typer.BadParameter("--format html and -o DIR go together")
    if pyodide is not None and out is None:
        raise typer.BadParameter("--pyodide goes with --format html")
    if out is not None:
        from xlcalc.pages import browser, site

        print(f"{site.write(out, browser.runtime(pyodide) if pyodide else None)} pages: {out / 'index.html'}")
    elif format == "json":
        print(json.dumps([reference.as_data(f) for f in functions()], indent=1))
    elif format == "md":
        print(reference.as_markdown(), end="")
    elif format == "text":
        print_rows([["function", "gives"], *([f"{f.name}({f.usage})", f.summary] for f in functions())])
    else:
        raise typer.BadParameter(f"format is text, md, json or html; got {format!r}")


def _print_answers(words: str) -> None:
    """The likest questions, templates that have most of the words, and functions that have all."""
    from xlcalc.pages import questions
    from xlcalc.workbook import report

    if words.upper().startswith("LLM_") and (named := find(words)):  # a function's own name asks for that one alone
        print(f"{named.help}\n    ={named.name}({named.usage})")
        return
    found = [(question.text, question.formula) for question in questions.like(words)[:10]]
    for name, about in report.templates().items():
        if questions.likeness(words, f"{name} {about}"):
            found.append((f"A workbook: {about}", f"xlcalc new {name} -o {name}.xlsx"))
    typed = words.casefold().split()
    for f in functions():
        text = f"{f.name} {f.usage} {f.help}".casefold()
        if all(word in text for word in typed):
            found.append((f.summary, f"={f.name}({f.usage})"))
    if not found:
        raise Failure(f"no question, template or function is like {words!r}; xlcalc functions lists all")
    for question, formula in found:
        print(f"{question}\n    {formula}")


def _declared(name: str) -> Declaration:
    """The function of a name, with or without its LLM_, in any case."""
    found = find(name)
    if found is None:
        raise typer.BadParameter(f"no function {name}{closest(name)}")
    return found
