"""What the commands of the command line share: results on stdout in columns, problems on stderr, files to write."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, chain, count
from pathlib import Path
from shutil import get_terminal_size
from typing import Any

from xlcalc.files import write_atomically
from xlcalc.language.cells import EXACT, shown
from xlcalc.language.harmless import printable, unformulated

_LEAST_COLUMNS = 3  # of a table, however narrow the terminal
_SCREEN = 40  # lines of what is read at a glance where no terminal says
_NO_DECIMALS = 1000  # from here on a rounded number has none


class Failure(Exception):
    """A command that cannot do what was asked: one sentence, exit status 1."""


def print_rows(rows: Sequence[Sequence[Any]]) -> None:
    """Rows in aligned columns, numbers to the right and rounded, as many columns as the terminal has room for; as
    tab-separated text with all columns and digits where stdout is no terminal. The first row is the headers."""
    on_a_terminal = sys.stdout.isatty()
    number = _rounded if on_a_terminal else shown
    texts = [["" if v is None else _text(v) if isinstance(v, str) else number(v) for v in row] for row in rows]
    if not on_a_terminal:
        print("\n".join("\t".join(map(_in_a_pipe, row, values)) for row, values in zip(texts, rows, strict=True)))
        return
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    room = get_terminal_size().columns
    ends = accumulate(widths, lambda end, width: end + 2 + width)
    columns = max(_LEAST_COLUMNS, sum(end <= room for end in ends))
    for n, (row, values) in enumerate(zip(texts, rows, strict=True)):
        cells = [
            text.rjust(width) if isinstance(value, (int, float)) else text.ljust(width)
            for text, width, value in zip(row[:columns], widths, values, strict=False)
        ]
        line = "  ".join(cells).rstrip()
        print(line if n or os.environ.get("NO_COLOR") else f"\x1b[1m{line}\x1b[0m")
    if len(widths) > columns:
        print(
            f"xlcalc: {len(widths) - columns} more columns: a wider window, | less -S or > FILE shows them",
            file=sys.stderr,
        )


def screen() -> tuple[int, int]:
    """Columns and lines of the terminal above the prompt; where stdout is none, any number of columns."""
    columns, lines = get_terminal_size((0, _SCREEN))
    return (columns, lines - 1) if sys.stdout.isatty() else (0, _SCREEN)


def _rounded(value: Any) -> str:
    """A number with as many digits as a person reads.

    >>> _rounded(256176865.1396), _rounded(0.96785774), _rounded(4096), _rounded(True)
    ('256,176,865', '0.967858', '4,096', 'TRUE')
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return shown(value)
    whole = isinstance(value, int) or abs(value) >= _NO_DECIMALS
    return f"{value:,.0f}" if whole and abs(value) < EXACT else f"{value:,.6g}"


def _text(text: str) -> str:
    """A text in one line that tells a terminal nothing."""
    return printable(" ".join(text.splitlines()).replace("\t", " "))


def _in_a_pipe(text: str, value: Any) -> str:
    return unformulated(text) if isinstance(value, str) else text


def say(*texts: str) -> None:
    """Print a message to stderr as text alone."""
    print(printable(f"xlcalc: {': '.join(texts)}"), file=sys.stderr)


def complain(problems: Sequence[str]) -> None:
    """Print every cell that holds an error or could not be calculated; exit with 1 where there is one."""
    import typer

    for problem in problems:
        say(problem)
    if problems:
        raise typer.Exit(1)


def remark(notes: Sequence[str]) -> None:
    """Print what deserves to be known; the exit status stays."""
    for note in notes:
        say("note", note)


@contextlib.contextmanager
def usage_errors() -> Iterator[None]:
    """A setting or a file's name that is refused is wrong usage: one sentence, exit status 2, nothing written."""
    import typer

    from xlcalc.workbook.files.endings import EndingError
    from xlcalc.workbook.settings import SettingError

    try:
        yield
    except (EndingError, SettingError) as error:
        say(str(error))
        raise typer.Exit(2) from None


def target_file(out: Path | None, default: str) -> Path:
    """The file to write: the one named, or a default that must not exist yet."""
    if out is not None:
        return out
    target = Path(default)
    if target.exists():
        raise Failure(f"{target} exists; name the file to write with -o")
    return target


def fresh_file(out: Path | None, default: str) -> Path:
    """The file to write: the one named, or the default with the first number that no file has."""
    target = out or Path(default)
    if out is None:
        numbered = (target.with_stem(f"{target.stem}-{number}") for number in count(2))
        target = next(path for path in chain([target], numbered) if not path.exists())
    return target


def write_file(out: Path | None, default: str, data: bytes) -> Path:
    """Write the file that was named, or the default, whole or not at all; gives its path."""
    target = target_file(out, default)
    write_atomically(target, data)
    return target


def progress() -> Callable[[str, int], None] | None:
    """Shows on one line of a terminal what a recalculation is doing; nothing where stderr is none."""
    if not sys.stderr.isatty():
        return None

    def show(doing: str, calls: int) -> None:
        print(f"\r\x1b[K{doing}, {calls} calls\r", end="", file=sys.stderr, flush=True)

    return show
