"""`xlcalc convert`: a workbook's formulas for another host."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from xlcalc.declare import functions

from .convert import HOSTS, convert, mark
from .package import Package

_HOSTS = ", ".join(HOSTS)


def convert_command(
    file: Annotated[Path, typer.Argument(help="A workbook.")],
    to: Annotated[str, typer.Option("--to", help=f"Where it is to calculate: {_HOSTS}.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="File to write; without it FILE itself.")] = None,
    namespace: Annotated[str, typer.Option(help="The namespace of your xlwings Server, if it has one.")] = "",
) -> None:
    """Write the LLM_* function names in a workbook's formulas as another host has them in its files.

    plain is how templates and reports have them, for the Excel add-in, LibreOffice with the extension and xlcalc
    itself. xlwings-server and xlwings-lite are how Excel saves the functions of Office add-ins, and needs them to find
    such a function again; libreoffice is how LibreOffice saves them. Only those names change, in cells, names,
    conditional formats, data validations and tables; converting to plain again gives back the same formulas.

    Example: xlcalc convert budget.xlsx --to xlwings-lite -o budget-lite.xlsx
    """
    try:
        new = mark(to, namespace)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    package = Package.open(file)
    converted = convert(package, {function.name for function in functions()}, new)
    package.save(out or file)
    print(f"{converted.calls} LLM_* calls written as {new}LLM_...: {out or file}")
    for number in converted.unused_links:
        print(
            f"xlcalc: no formula uses link {number}, to {package.linked_files[number - 1]}, any more; it stays in the "
            "file until Excel's Data > Workbook Links (Edit Links) > Break Links removes it",
            file=sys.stderr,
        )
