"""All commands with their parser."""

from __future__ import annotations

from copy import copy
from inspect import cleandoc

import typer
from typer.main import get_command_name

from xlcalc.cli import calls, catalogs, health, serve, sweeps, workbooks
from xlcalc.cli.addins import addin

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
for subject in (workbooks, calls, sweeps, catalogs, serve, health):
    app.registered_commands += subject.app.registered_commands
for command in app.registered_commands:  # examples stand on lines of their own: \b keeps a paragraph as it is typed
    command.help = cleandoc(command.callback.__doc__ or "").replace("Example:", "\b\nExample:", 1)
app.add_typer(addin, name="addin")


def run(words: list[str]) -> None:
    """Run the command that the words name."""
    _asked(words[:1])()


def _asked(words: list[str]) -> typer.Typer:
    """The program with the one command that is asked for: the parsers of all take longer than most answers."""
    commands = (
        (one, one.name or get_command_name(getattr(one.callback, "__name__", ""))) for one in app.registered_commands
    )
    found = [one for one, name in commands if words == [name]]
    if not found:
        return app
    program = copy(app)
    program.registered_commands, program.registered_groups = found, []
    return program


@app.callback()
def _program() -> None:
    """What it takes to train and host large language models: workbooks, reports, single answers.

    \b
    Example: xlcalc report training-budget --set model=llama-3.1-70b --set tokens=15e12 -o report.xlsx
    """
