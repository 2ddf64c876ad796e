"""The user's own measurements: `calibration.csv` in the folder of the user's catalog.

One measurement a line: `function`, `measured` (in the function's own unit) and the arguments of the call, each in a
column of its name or together as JSON in a column `arguments`; `case`, `source` and `as_of` say what and whose it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, NamedTuple

from xlcalc.catalog import table_file, user

# the mean of measured over estimated is trusted between these; beyond, something else than efficiency differs
LEAST, MOST = 0.5, 2.0
# functions whose estimates are calibrated; their declarations put them here
FUNCTIONS: list[str] = []
_ABOUT = ("function", "measured", "arguments", "group", "case", "source", "as_of")
_ignored: ContextVar[bool] = ContextVar("calibration_ignored", default=False)


class Measurement(NamedTuple):
    """What the user measured of one call, and where it stands."""

    function: str
    arguments: dict[str, Any]
    measured: float
    case: str
    source: str


@cache
def measurements() -> tuple[Measurement, ...]:
    """The user's measurements; none where there is no file. Raises ValueError naming the line that cannot be read."""
    folder = user.folder()
    path = folder / "calibration.csv" if folder else None
    if path is None or not path.is_file():
        return ()
    lines = table_file.lines(path.read_bytes(), path.name)
    return tuple(_of_file(number, line) for number, line in lines)


def _of_file(number: int, line: dict[str, str]) -> Measurement:
    if not line.get("function"):
        raise ValueError(f"calibration.csv, line {number}: needs a function")
    return measurement(line, "calibration.csv", f"line {number}")


def measurement(line: Mapping[str, Any], place: str, row: str) -> Measurement:
    """One measurement from its columns. Raises ValueError naming the place and the row where it cannot be read."""
    where = f"{place}, {row}"
    try:
        measured = float(line.get("measured", ""))
        together = json.loads(line.get("arguments") or "{}")
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: measured is a number and arguments are JSON ({error})") from None
    if not 0 < measured < float("inf") or not isinstance(together, dict):
        raise ValueError(f"{where}: measured is a number above 0 and arguments are a JSON object")
    plain = {name: value for name, value in line.items() if name not in _ABOUT and value not in ("", None)}
    source = str(line.get("source") or f"the user's {place}")
    dated = f"{source}, {line['as_of']}" if line.get("as_of") else source
    return Measurement(str(line["function"]), plain | together, measured, str(line.get("case") or row), dated)


@contextmanager
def ignored() -> Iterator[None]:
    """Estimates inside are as they are without the user's measurements."""
    token = _ignored.set(True)
    try:
        yield
    finally:
        _ignored.reset(token)


def is_ignored() -> bool:
    """Whether estimates are asked for without the user's measurements."""
    return _ignored.get()
