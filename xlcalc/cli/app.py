"""The command line. Results go to stdout, messages to stderr; 0 all well, 1 an error in the answer, 2 wrong usage."""

from __future__ import annotations

import sys

import typer

from xlcalc.cli import calls, catalogs, health, serve, sweeps, workbooks
from xlcalc.cli.addins import addin
from xlcalc.cli.console import Failure, say
from xlcalc.language.errors import CalcError

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
for subject in (workbooks, calls, sweeps, catalogs, serve, health):
    app.registered_commands += subject.app.registered_commands
app.add_typer(addin, name="addin")


def main() -> None:
    """Run the command line as the `xlcalc` program does."""
    try:
        app()
    except BrokenPipeError:  # whoever read stdout has seen enough
        sys.stderr.close()
    except (Failure, CalcError, OSError, ValueError) as error:
        say(str(error))
        sys.exit(1)


@app.callback()
def _program() -> None:
    """What it takes to train and host large language models: workbooks, reports, single answers.

    Example: xlcalc report training-budget --set model=llama-3.1-70b --set tokens=15e12 -o report.xlsx
    """
