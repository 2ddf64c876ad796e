"""The command line `xlcalc`, its commands by subject.

Results go to stdout, messages to stderr; 0 all well, 1 an error in the answer, 2 wrong usage.
"""

from __future__ import annotations

import sys

from xlcalc.cli import single
from xlcalc.cli.console import Failure, say
from xlcalc.language.errors import CalcError


def main() -> None:
    """Run the command line as the `xlcalc` program does."""
    words = sys.argv[1:]
    try:
        if not single.answered(words):
            from xlcalc.cli import app

            app.run(words)
    except BrokenPipeError:  # whoever read stdout has seen enough
        sys.stderr.close()
    except OSError as error:
        say(_sentence(error))
        sys.exit(1)
    except (Failure, CalcError, ValueError) as error:
        say(str(error))
        sys.exit(1)


def _sentence(error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and not error.filename:
        return "the folder that this was started in is there no more: change to another one"
    return f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
