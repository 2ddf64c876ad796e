"""The checks that a workbook makes of itself, on a sheet named Checks: those that must hold and do not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

from xlcalc.language.cells import shown
from xlcalc.language.errors import CalcError

from .files.addresses import parse_area
from .files.cells_xml import CellValue
from .files.package import DefinedName
from .listed import range_named


class Values(Protocol):
    """A workbook with the values that its cells hold."""

    @property
    def sheets(self) -> Collection[str]: ...

    @property
    def names(self) -> list[DefinedName]: ...

    def locate(self, name: str) -> tuple[str, str]: ...

    def value(self, sheet: str, cell: str) -> CellValue: ...

    def rows(self, sheet: str) -> Mapping[int, Mapping[int, CellValue]]: ...


_SHEET = "Checks"
_STOP = "stop"
STOPPED, WARNED = "STOP, not met: ", "Warning, not met: "
"""What stands before the name of a check that does not hold, in the light of each sheet and in reports."""


class FailedCheck(NamedTuple):
    """A check that does not hold: its name, what to do, the inputs that the workbook marks as invalid, and whether it
    must hold."""

    name: str
    advice: str
    inputs: list[str]
    stops: bool

    def sentence(self) -> str:
        named = f" Look at {', '.join(self.inputs)}." if self.inputs else ""
        return f"{STOPPED if self.stops else WARNED}{self.name}. {self.advice}{named}".rstrip()

    def as_json(self) -> dict[str, object]:
        return {"said": self.sentence(), "name": self.name, "advice": self.advice, "inputs": self.inputs}


def failed(source: Values, inputs: list[str]) -> list[FailedCheck]:
    """The checks of kind "stop" whose result is 0 or an error. `inputs`: the names of the workbook's inputs."""
    return [
        FailedCheck(name, advice, _invalid(source, inputs) if "nput" in name else [], True)
        for name, advice, kind, result in _checks(source)
        if kind == _STOP and (isinstance(result, CalcError) or result == 0)
    ]


def warned(source: Values) -> list[FailedCheck]:
    """The checks of the other kind that do not hold."""
    return [
        FailedCheck(name, advice, [], False)
        for name, advice, kind, result in _checks(source)
        if kind != _STOP and (isinstance(result, CalcError) or result in (0, -1))
    ]


def unused(source: Values, settings: Iterable[str]) -> list[str]:
    """The inputs, of those that were set, for which the scenario shown has a value of its own, in sentences."""
    names = {entry.name.casefold(): entry.name for entry in source.names}
    said = []
    for setting in settings:
        name, live = names.get(setting.casefold()), names.get(f"{setting.casefold()}_shown")
        if name is None or live is None or "scenario" not in names:
            continue
        given, counted, scenario = (source.value(*source.locate(one)) for one in (name, live, names["scenario"]))
        if given not in (None, counted):
            own = f"the scenario shown, {scenario}, has its own, {shown(counted)}"
            said.append(f"{name}={shown(given)} counts for nothing: {own}")
    return said


def _checks(source: Values) -> Iterator[tuple[str, str, CellValue, CellValue]]:
    """Name, advice, kind and result of each check of the sheet."""
    if _SHEET not in source.sheets:
        return
    rows = source.rows(_SHEET)
    head = next((row for row in sorted(rows) if {"Check", "Kind", "Result"} <= set(map(str, rows[row].values()))), None)
    if head is None:
        return
    columns = {str(title): column for column, title in rows[head].items()}
    last = max(rows[head])
    for row in sorted(number for number in rows if number > head):
        cells = rows[row]
        if columns["Result"] in cells and columns["Kind"] in cells:
            name, advice = str(cells.get(columns["Check"], "")), str(cells.get(last, ""))
            yield name, advice, cells[columns["Kind"]], cells[columns["Result"]]


def _invalid(source: Values, inputs: list[str]) -> list[str]:
    """The inputs that stand in a row where the range named `inputs_valid` holds 0."""
    place = range_named(source.names, "inputs_valid")
    if place is None:
        return []
    marks, area = place
    rows = source.rows(marks)
    wrong = {row for row in range(area.top, area.bottom + 1) if rows.get(row, {}).get(area.left, 1) == 0}
    named = []
    for name in inputs:
        sheet, cell = source.locate(name)
        at = parse_area(cell)
        if sheet == marks and at is not None and at.top in wrong:
            named.append(name)
    return named
