"""A workbook kept open: a changed input is calculated in the engine that holds the workbook already.

A report reads, loads and writes the whole file for each set of inputs; here that happens once. A workbook with formulas
that the fast engine alone is not trusted with is calculated anew for each set: slower, and the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from functools import wraps
from threading import RLock
from types import TracebackType
from typing import Concatenate, ParamSpec, TypeVar

from xlcalc.language.errors import CalcError

from . import report
from .bill import Bill, bill_of
from .checks import FailedCheck, failed, unused, warned
from .excerpt import excerpt
from .files import engine
from .files.addresses import parse_cell
from .files.callbacks import Callbacks
from .files.cells_xml import CellValue
from .files.dependencies import Node, Place
from .files.package import DefinedName, Package
from .files.prepare import Sheet
from .files.recalc import Recalculation, recalculate, without_garbage_collection
from .files.results import Results
from .listed import cell_functions, listed_names
from .problems import problems
from .settings import SettingError, Value, checked, day_zero
from .templates.editions import calculable

Given = ParamSpec("Given")
Result = TypeVar("Result")


def _alone(
    method: Callable[Concatenate[OpenWorkbook, Given], Result],
) -> Callable[Concatenate[OpenWorkbook, Given], Result]:
    """One thread after the other: the engine, which calls our functions, would wait for itself for ever."""

    @wraps(method)
    def alone(book: OpenWorkbook, /, *args: Given.args, **kwargs: Given.kwargs) -> Result:
        with book._lock:
            return method(book, *args, **kwargs)

    return alone


class OpenWorkbook:
    """A template by its name, or a workbook's file, with inputs that are set as `xlcalc report --set` sets them."""

    def __init__(self, source: str, trust: str = "file", now: datetime | None = None) -> None:
        whole, self.left_out = report.opened(source)
        self._package = calculable(whole)
        self._trust = "engine" if report.is_template(source) else trust
        self._now = now or datetime.now().astimezone()
        self.listed = listed_names(self._package)
        self._inputs = [one.name for one in self.listed if one.kind == "input"]
        self._set: dict[tuple[str, str], Value] = {}
        self._held = held(self._package, self._trust, self._now)
        self._excerpts: dict[frozenset[str], Held | None] = {}
        """What some results need, in an engine of its own."""
        self._lock = RLock()
        self._fresh: Recalculation | None = None
        """The workbook calculated anew with the present inputs, where that was necessary."""

    def __enter__(self) -> OpenWorkbook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held = self._fresh = None
        self._excerpts.clear()

    @_alone
    def set(self, settings: Mapping[str, object] | None = None, /, **more: object) -> None:
        """Set inputs by name; those that were set before stay. Raises `SettingError` for one that the workbook does not
        take, and then none is set."""
        self._change(self.check({**(settings or {}), **more}))

    @_alone
    def set_only(self, settings: Mapping[str, object]) -> None:
        """Set these inputs, and let all others be as the file has them."""
        values = self.check(settings)
        as_it_came = {place: self._package.value(*place) for place in self._set if place not in values}
        self._change({place: None if isinstance(v, CalcError) else v for place, v in as_it_came.items()} | values)
        for place in as_it_came:
            del self._set[place]

    def reset(self) -> None:
        """Let all inputs be as the file has them."""
        self.set_only({})

    @_alone
    def check(self, settings: Mapping[str, object]) -> dict[tuple[str, str], Value]:
        """The cells of these settings and what would go into each. Raises `SettingError`."""
        given = {name: _as_text(value) for name, value in settings.items()}
        return checked(self._package, given, self.listed)

    @_alone
    def inputs(self) -> dict[str, float | str | bool | None]:
        """The inputs by name; dates as text."""
        return self._shown("input")

    @_alone
    def results(self, *names: str) -> dict[str, float | str | bool | None]:
        """The key results by name, all or these; dates as text, errors as their code.

        Those that are named are calculated with what they need alone: of most a hundredth of a budget's formulas.
        """
        return self._shown("result", {name.casefold() for name in names})

    @_alone
    def rows(self, sheet: str) -> Mapping[int, Mapping[int, CellValue]]:
        """What the cells of a sheet hold now, by row and column; nothing where there is no such sheet."""
        values = self._values()
        return values.rows(sheet) if sheet in values.sheets else {}

    @_alone
    def bill(self) -> Bill | None:
        """The lines of cost, where the workbook has them."""
        return bill_of(self._values())

    @_alone
    def failures(self) -> list[str]:
        """The checks that must hold and do not, then the cells with an error or without a result, in sentences."""
        found: list[FailedCheck] = failed(self._values(), self._inputs)
        wrong = self._fresh is not None or (self._held is not None and self._held.has_errors)
        return [*(check.sentence() for check in found), *(problems(self._anew()) if wrong else [])]

    @_alone
    def warnings(self) -> list[str]:
        """The other checks that do not hold, in sentences."""
        return [check.sentence() for check in warned(self._values())]

    @_alone
    def unused(self) -> list[str]:
        """The inputs that were set and that the scenario shown does not use, in sentences."""
        given = [one.name for one in self.listed if self._package.locate(one.name) in self._set]
        return unused(self._values(), given)

    def _shown(self, kind: str, names: Collection[str] = ()) -> dict[str, float | str | bool | None]:
        listed = [one for one in self.listed if one.kind == kind and (not names or one.name.casefold() in names)]
        if len(listed) < len(names):
            known = {one.name.casefold() for one in listed}
            raise SettingError(f"there is no result named {sorted({*names} - known)[0]} in the workbook")
        values = self._values_of(frozenset(names)) if names else self._values()
        return {
            one.name: report.shown(values.value(*values.locate(one.name)), one.unit, day_zero(self._package))
            for one in listed
        }

    def _change(self, values: Mapping[tuple[str, str], Value]) -> None:
        self._set |= values
        self._fresh = None
        for one in (self._held, *self._excerpts.values()):
            if one is not None:
                one.give(values)

    def _values(self) -> Package | Held:
        return self._held if self._held is not None and self._held.is_sound() else self._anew().package

    def _values_of(self, names: frozenset[str]) -> Package | Held:
        """What the cells of these results hold, or all cells."""
        if self._held is None or self._fresh is not None:
            return self._values()
        if names not in self._excerpts:
            made = self._held.excerpt(map(self._package.locate, names), self._trust, self._now)
            if made is not None:
                made.give(self._set)
            self._excerpts[names] = made
        found = self._excerpts[names]
        return found if found is not None and found.is_sound() else self._values()

    def _anew(self) -> Recalculation:
        if self._fresh is None:
            package = Package(self._package.copy_with({}), self._package.label)
            for place, value in self._set.items():
                package.set_cell(*place, value)
            self._fresh = recalculate(package, cell_functions(), now=self._now, trust=self._trust)
        return self._fresh


class Held:
    """A workbook in the fast engine, with the values that its cells have now."""

    def __init__(self, package: Package, sheets: list[Sheet], results: Results) -> None:
        self._package, self._results = package, results
        self._sheets = {sheet.name: sheet for sheet in sheets}
        self._places = {sheet.name: {place: at for at, place in enumerate(sheet.places)} for sheet in sheets}
        self._set: dict[str, dict[Place, CellValue]] = {name: {} for name in package.sheets}
        self._constants: dict[str, dict[int, dict[int, CellValue]]] = {}
        self._given: dict[Node, CellValue] = {}
        self._sound = True

    @property
    def sheets(self) -> Collection[str]:
        return self._package.sheets

    @property
    def names(self) -> list[DefinedName]:
        return self._package.names

    def locate(self, name: str) -> tuple[str, str]:
        return self._package.locate(name)

    def give(self, values: Mapping[tuple[str, str], Value]) -> None:
        """Other inputs, with which it calculates when it is asked for something."""
        for (sheet, cell), value in values.items():
            place = parse_cell(cell) or (0, 0)
            self._set[sheet][place] = self._given[sheet, place] = value

    def is_sound(self) -> bool:
        """Calculate with the inputs that were given; False where the fast engine alone cannot."""
        if self._given:
            given, self._given = self._given, {}
            with without_garbage_collection():
                self._sound = self._results.calculate_again(given)
        return self._sound

    def excerpt(self, cells: Iterable[tuple[str, str]], trust: str, now: datetime) -> Held | None:
        """What these cells need, in an engine of its own."""
        wanted = {(sheet, parse_cell(cell) or (0, 0)) for sheet, cell in cells}
        part = excerpt(self._package, [*self._sheets.values()], self._results.engines[1], wanted)
        return None if part is None else held(part, trust, now)

    @property
    def has_errors(self) -> bool:
        return any(
            isinstance(value, CalcError)
            for sheet in self._sheets.values()
            for value in self._results.fast_values(sheet)
        )

    def value(self, sheet: str, cell: str) -> CellValue:
        place = parse_cell(cell) or (0, 0)
        at = self._places.get(sheet, {}).get(place)
        if at is not None:
            return self._results.fast_value(self._sheets[sheet], at)
        return self._set[sheet][place] if place in self._set[sheet] else self._package.value(sheet, cell)

    def rows(self, sheet: str) -> dict[int, dict[int, CellValue]]:
        if sheet not in self._constants:
            self._constants[sheet] = self._package.rows(sheet)
        rows = {row: dict(columns) for row, columns in self._constants[sheet].items()}
        held = self._sheets.get(sheet)
        calculated = zip(held.places, self._results.fast_values(held), strict=True) if held else ()
        for (row, column), value in [*self._set[sheet].items(), *calculated]:
            rows.setdefault(row, {})[column] = value
        return rows


def held(package: Package, trust: str, now: datetime) -> Held | None:
    """The workbook in the fast engine; None where that one alone cannot calculate it."""
    callbacks = Callbacks(cell_functions(), None)
    with without_garbage_collection():
        sheets = engine.read(package, callbacks.by_name.keys())
        results = engine.held(package, sheets, callbacks, now, trust == "engine")
    return None if results is None else Held(package, sheets, results)


def _as_text(value: object) -> str:
    """A setting as a person would write it."""
    return "" if value is None else str(value)
