"""What a host puts in a cell: one call of a cell function, answered with values that a sheet can hold."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import islice
from math import isfinite
from reprlib import repr as briefly
from typing import Any

from xlcalc.language.declare import Declaration
from xlcalc.language.errors import CalcError

_log = logging.getLogger(__name__)
_SAID = 20  # errors of one answer whose sentences are logged: a sentence may look for near names


def answer(function: Declaration, arguments: Sequence[Any]) -> Any:
    """The value of a call, its rows where it spills, or the Excel error code that it ends in. Nothing is raised.

    The sentence behind an error goes to the log, as information; an error of ours goes there with its traceback, and
    the cell shows #VALUE!.
    """
    try:
        return cells(function(*arguments))
    except CalcError as error:
        _log.info("%s", error)
        return error.code
    except Exception:
        _log.exception("%s failed on %s", function.name, briefly(arguments))
        return "#VALUE!"


def cells(result: Any) -> Any:
    """A result as cells take it: one value, or rows of equal length with None in the empty cells.

    >>> cells([["a", 2**53 + 1], [CalcError("#N/A", "is not in the catalog")]])
    [['a', 9007199254740992.0], ['#N/A', None]]
    """
    is_one = not isinstance(result, list)
    rows = [[result]] if is_one else result if any(isinstance(row, list) for row in result) else [result]
    for error in islice((value for row in rows for value in row if isinstance(value, CalcError)), _SAID):
        _log.info("%s", error)
    if is_one:
        return _cell(result)
    width = max(map(len, rows), default=0)
    return [[*map(_cell, row), *[None] * (width - len(row))] for row in rows]


def _cell(value: Any) -> Any:
    """A number as the double that a cell holds, an error as its code; text, TRUE, FALSE and None as they are."""
    if isinstance(value, CalcError):
        return value.code
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            return "#NUM!"
        return number if isfinite(number) else "#NUM!"
    return value
