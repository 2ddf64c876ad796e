"""`xlcalc addin`: the files that bring the cell functions into a spreadsheet program."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from xlcalc.cli.console import write_file

addin = typer.Typer(no_args_is_help=True, help="Build the add-in of a spreadsheet program.")

Out = Annotated[Path | None, typer.Option("-o", "--out", help="File to write.")]
Install = Annotated[bool, typer.Option("--install", help="Install it for the current user as well.")]


@addin.command()
def excel(
    out: Out = None,
    install: Install = False,
    python: Annotated[
        str | None, typer.Option(help="Python that the add-in calls; this one on Windows, else the one on PATH.")
    ] = None,
) -> None:
    """The add-in for Excel on Windows (.xlam), built on any system.

    Example: xlcalc addin excel --install
    Example: xlcalc addin excel -o xlcalc.xlam --python C:\\Python312\\python.exe
    """
    from xlcalc.hosts import addin_excel

    try:
        data = addin_excel.build(python)
        if out or not install:
            print(write_file(out, addin_excel.NAME, data))
        if install:
            print(addin_excel.install(data))
            print("xlcalc: start Excel anew; Formulas > LLM Calculator > Check set-up says whether Python answers",
                  file=sys.stderr)  # fmt: skip
        if sys.platform == "win32" and (problem := addin_excel.warning(python or sys.executable)):
            print(f"xlcalc: {problem}", file=sys.stderr)
    except addin_excel.BuildError as error:
        print(f"xlcalc: {error}", file=sys.stderr)
        raise typer.Exit(1) from None


@addin.command()
def libreoffice(
    out: Out = None,
    install: Install = False,
    python: Annotated[str | None, typer.Option(help="Python that the extension calls first; this one.")] = None,
) -> None:
    """The extension for LibreOffice Calc (.oxt), built on any system for LibreOffice on the same system.

    Example: xlcalc addin libreoffice --install
    Example: xlcalc addin libreoffice -o xlcalc.oxt
    """
    from xlcalc.hosts import addin_libreoffice

    try:
        data = addin_libreoffice.build(python or sys.executable)
        if out or not install:
            print(write_file(out, addin_libreoffice.NAME, data))
        if install:
            print(addin_libreoffice.install(data))
            print("xlcalc: start LibreOffice anew, and type =LLM_FUNCTIONS() in a cell", file=sys.stderr)
    except addin_libreoffice.BuildError as error:
        print(f"xlcalc: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
