"""What was measured: one case a line, in one form for the published cases and for the user's own.

`function`, `measured` and the arguments of the call, each in a column of its name or together as JSON in `arguments`;
`unit` of what was measured where it is not the function's own, `source`, `date`, `software` (the engine or framework
that ran), `group` and `case`. `args` and `engine` are read as `arguments` and `software`; beside JSON, columns that
the function does not take are notes. `accelerator` says where it ran, also of a function that takes none. A list in
`count` means the best of replicas of these sizes, each divided by its size: what one accelerator gave.

Published: catalog/measured.csv, whose `source` is a key of sources/. The user's own: `calibration.csv` in the folder of
the user's catalog, or any file that `xlcalc validate` is given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from xlcalc.catalog import table_file, tables, user
from xlcalc.files import read_file
from xlcalc.hardware.software import SOFTWARE
from xlcalc.language.cells import did_you_mean
from xlcalc.language.declare import Declaration, find
from xlcalc.language.errors import CalcError

# the mean of measured over estimated is trusted between these; beyond, something else than efficiency differs
LEAST, MOST = 0.5, 2.0
# functions whose estimates are calibrated; their declarations put them here
FUNCTIONS: list[str] = []
_ABOUT = ("function", "measured", "arguments", "group", "case", "source", "date", "as_of", "software")
_ALSO = {"args": "arguments", "engine": "software"}
_WHERE = ("accelerator", "unit")  # said of every case, though not every function takes them
_ignored: ContextVar[bool] = ContextVar("calibration_ignored", default=False)


class Measurement(NamedTuple):
    """What was measured of one call, with what software, and where it stands."""

    function: str
    arguments: dict[str, Any]
    measured: float
    case: str
    source: str
    group: str = ""
    accelerator: str = ""
    software: str = ""
    date: str = ""

    @property
    def missing(self) -> list[str]:
        """Arguments that the function does not take (yet)."""
        declaration = find(self.function)
        return sorted(self.arguments.keys() - {a.name for a in declaration.arguments}) if declaration else []


@cache
def every_published() -> tuple[Measurement, ...]:
    """The published cases, those too whose function does not take all their arguments yet."""
    found = []
    for number, line in enumerate(tables.shipped("measured"), 2):
        one = measurement(line, "measured.csv", f"line {number}")
        found.append(one._replace(source=line["source"]))
    return tuple(found)


@cache
def published() -> tuple[Measurement, ...]:
    """The published cases that can be estimated."""
    return tuple(one for one in every_published() if not one.missing)


@cache
def measurements() -> tuple[Measurement, ...]:
    """The user's measurements; none where there is no file. Raises ValueError naming the line that cannot be read."""
    folder = user.folder()
    path = folder / "calibration.csv" if folder else None
    return of_file(path) if path and path.is_file() else ()


def of_file(path: Path) -> tuple[Measurement, ...]:
    """The measurements of a file. Raises ValueError naming the line that cannot be read."""
    found = []
    for number, line in table_file.lines(read_file(path), path.name):
        for column in ("function", "measured"):
            if not line.get(column):
                lacks = "" if column in line else f", and no column is called so{did_you_mean(column, line)}"
                raise ValueError(f"{path.name}, line {number}: needs a {column}{lacks}")
        found.append(measurement(line, path.name, f"line {number}"))
    return tuple(found)


def measurement(line: Mapping[str, Any], place: str, row: str) -> Measurement:
    """One measurement from its columns. Raises ValueError naming the place and the row where it cannot be read."""
    where = f"{place}, {row}"
    line = {_ALSO.get(name, name): value for name, value in line.items()}
    try:
        measured = float(line.get("measured", ""))
    except (TypeError, ValueError):
        measured = 0.0
    if not 0 < measured < float("inf"):
        raise ValueError(f"{where}, column measured: must be a number above 0; got {line.get('measured')!r:.60}")
    try:
        together = json.loads(line.get("arguments") or "{}")
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}, column arguments: must be a JSON object ({error})") from None
    if not isinstance(together, dict):
        raise ValueError(f"{where}, column arguments: must be a JSON object; got {line['arguments'][:60]}")
    declaration = find(str(line["function"]))
    takes = {argument.name for argument in declaration.arguments} if declaration else set()
    plain = {name: value for name, value in line.items() if name not in _ABOUT and value not in ("", None)}
    told = {name: value for name, value in plain.items() if name in takes or (name not in _WHERE and not together)}
    software = str(line.get("software") or "")
    if software in SOFTWARE and "software" in takes:
        told["software"] = software
    source, date = str(line.get("source") or f"the user's {place}"), str(line.get("date") or line.get("as_of") or "")
    return Measurement(
        declaration.name if declaration else str(line["function"]),
        told | together,
        measured,
        str(line.get("case") or row),
        f"{source}, {date}" if date else source,
        str(line.get("group") or ""),
        str(line.get("accelerator") or together.get("accelerator") or ""),
        software,
        date,
    )


def has_no(declaration: Declaration, names: list[str]) -> str:
    """The end of a sentence about arguments that a function does not take."""
    near = did_you_mean(names[0], [argument.name for argument in declaration.arguments])
    return f"has no argument {', '.join(names)}{near}"


def calls(arguments: Mapping[str, Any]) -> list[tuple[dict[str, Any], float]]:
    """The calls that a case stands for, each with what its result is divided by: one, or one a size of replica."""
    count = arguments.get("count")
    if not isinstance(count, list):
        return [(dict(arguments), 1)]
    return [({**arguments, "count": size}, float(size)) for size in count]


def estimated(declaration: Declaration, case: Measurement) -> tuple[float, list[Any]]:
    """The estimate of a case, the best of its calls, and that call's arguments as the formula takes them.

    Raises CalcError as the function does where none of the calls has a result.
    """
    found: list[tuple[float, list[Any]]] = []
    refusal: CalcError | None = None
    for arguments, share in calls(case.arguments):
        try:
            read = declaration.read([arguments.get(a.name) for a in declaration.arguments])
            found.append((declaration.compute(read) / share, read))
        except CalcError as error:
            refusal = error
    if not found:
        assert refusal is not None
        raise refusal
    return max(found, key=lambda pair: pair[0])


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
