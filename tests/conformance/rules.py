"""Cases that follow from the declarations and the rules of every function, for each argument by its kind.

A base, a call with a known answer, is changed in one argument. What that does stands in the rules (a blank is the
default, text for a number is #VALUE!, ...), so the expected value is the base's own or an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from math import inf
from typing import Any

from xlcalc.language.cells import Choice, Kind, Number, Text, UnitOf
from xlcalc.language.declare import Argument, Declaration
from xlcalc.language.kinds import AcceleratorKind, AnythingKind, DTypeKind, ModelKind

from .case import Case

_SOURCE = "the rules of every function"
_BLANK = {"blank": True}
_DATE = {"date": "2026-11-24"}
_ERRORS = cycle(["#N/A", "#DIV/0!", "#NUM!", "#VALUE!"])
# quantity -> units as the rules and the SI have them, the first one to convert to; and a unit of another quantity
_UNITS: dict[str, dict[str, float]] = {
    "parameters": {"B": 1e9}, "tokens": {"M": 1e6, "B": 1e9, "T": 1e12}, "bytes": {"GiB": 2**30, "GB": 1e9, "TB": 1e12},
    "FLOP": {"PF-days": 8.64e19, "TFLOP": 1e12}, "FLOP/s": {"TFLOP/s": 1e12}, "bytes/s": {"GB/s": 1e9},
    "seconds": {"hours": 3600, "days": 86400, "ms": 1e-3}, "joules": {"kWh": 3.6e6}, "watts": {"kW": 1e3},
    "kg CO2e": {"t": 1e3},
}  # fmt: skip
_OTHER_UNIT = {quantity: "GB" if quantity == "seconds" else "days" for quantity in _UNITS}
# text arguments that name something: a text that names nothing
_NO_SUCH = {"instance": "#N/A", "api_model": "#N/A", "region": "#N/A", "id": "#N/A", "name": "#N/A"}
_ANY_TEXT = {"search"}


def of(declaration: Declaration, base: Case) -> Iterator[Case]:
    """The cases of a function, from a call of it whose answer is known."""
    made = _Made(declaration, base)
    yield from made.blanks()
    yield from made.dates()
    for index, argument in enumerate(declaration.arguments):
        yield from made.wrong(index, argument)
        yield from made.alike(index, argument)
        yield from made.ranges(index, argument)
    yield from made.units()
    yield from made.tables()


class _Made:
    def __init__(self, declaration: Declaration, base: Case) -> None:
        self.arguments = declaration.arguments
        self.quantity = declaration.result.unit
        self.base = base
        self.values = base.arguments
        self.is_scalar = base.at is None and not isinstance(base.expected, list)

    def case(self, changes: dict[int, Any], expected: Any, rule: str) -> Case:
        given = [changes.get(i, value) for i, value in enumerate(self.values)]
        return replace(self.base, arguments=given, expected=expected, rule=rule, source=_SOURCE, within=0, at=None)

    def same(self, changes: dict[int, Any], rule: str) -> Case:
        given = [changes.get(i, value) for i, value in enumerate(self.values)]
        return replace(self.base, arguments=given, rule=rule, source=f"{_SOURCE}; {self.base.source}")

    def rows(self, changes: dict[int, Any], expected: list[list[Any]], rule: str) -> Case:
        """A result of a range, where None stands for the base's answer."""
        rows = [[self.base.expected if value is None else value for value in row] for row in expected]
        case = self.case(changes, rows, rule)
        return replace(case, within=self.base.within, source=f"{_SOURCE}; {self.base.source}")

    def blanks(self) -> Iterator[Case]:
        left_out = [i for i, a in enumerate(self.arguments) if not a.required and self.values[i] is None]
        for i in left_out:
            if type(self.arguments[i].kind) is not AnythingKind:
                yield self.same({i: _BLANK}, "an empty cell is the default")
        if left_out:
            yield self.same(dict.fromkeys(left_out, ""), "empty text is blank")
            yield self.same(dict.fromkeys(left_out, "  "), "spaces are blank")
        defaults = {i: self.arguments[i].default for i in left_out if self.arguments[i].default is not None}
        if defaults:
            yield self.same(defaults, "the default, given")

    def dates(self) -> Iterator[Case]:
        numbers = [i for i, argument in enumerate(self.arguments) if isinstance(argument.kind, Number)]
        for index in numbers[:1]:
            yield self.case({index: _DATE}, "#VALUE!", "a date for a number")

    def wrong(self, index: int, argument: Argument) -> Iterator[Case]:
        error = next(_ERRORS)
        yield self.case({index: {"error": error}}, error, "an error cell comes out as it is")
        if argument.required:
            yield self.case({index: _BLANK}, "#VALUE!", "a required argument that is empty")
        if type(argument.kind) is not AnythingKind:
            yield self.case({index: True}, "#VALUE!", f"TRUE for {_what(argument.kind)}")
        for value, code, rule in _refused(argument):
            yield self.case({index: value}, code, rule)

    def alike(self, index: int, argument: Argument) -> Iterator[Case]:
        """The same value in another writing."""
        value = self._value(index)
        if isinstance(argument.kind, Number) and value is not None:
            yield self.same({index: f" {value!r} "}, "a number stored as text")
        elif isinstance(value, str) and isinstance(argument.kind, (Choice, ModelKind, AcceleratorKind, DTypeKind)):
            yield self.same({index: f" {value.upper()}\u00a0"}, "capitals and spaces")

    def ranges(self, index: int, argument: Argument) -> Iterator[Case]:
        value = self._value(index)
        if value is None or not self.is_scalar or type(argument.kind) is AnythingKind:
            return
        yield self.rows({index: [[value]]}, [[None]], "a range of one cell")
        bad, code, _ = next(_refused(argument), (True, "#VALUE!", ""))
        yield self.rows({index: [[value], [bad], [value]]}, [[None], [code], [None]], "a column with a bad element")
        yield self.rows({index: [[value, bad, value]]}, [[None, code, None]], "a row with a bad element")
        with_error = [[value], [{"error": "#REF!"}]]
        yield self.rows({index: with_error}, [[None], ["#REF!"]], "an error cell in a range")
        blank = "#VALUE!" if argument.required else None
        if argument.required or value == argument.default:
            yield self.rows({index: [[value], [None]]}, [[None], [blank]], "an empty cell in a range")

    def units(self) -> Iterator[Case]:
        """The answer in another unit, and a unit of another quantity."""
        index = next((i for i, a in enumerate(self.arguments) if isinstance(a.kind, UnitOf)), None)
        if index is None:
            return
        units = _UNITS[self.quantity]
        yield self.case({index: _OTHER_UNIT[self.quantity]}, "#VALUE!", "a unit of another kind")
        yield self.case({index: 5}, "#VALUE!", "a number for a unit")
        if not self.is_scalar:
            return
        asked = self.values[index]
        factor = units[asked] if asked is not None else 1
        for unit, other in units.items():
            expected, within = self.base.expected * factor / other, self.base.within * factor / other
            yield replace(self.same({index: unit}, "another unit"), expected=expected, within=within)

    def tables(self) -> Iterator[Case]:
        """A row against a column; and a range where a table is the answer."""
        several = [
            i for i, a in enumerate(self.arguments) if type(a.kind) is not AnythingKind and self._value(i) is not None
        ]
        if not self.is_scalar:
            for i in several[:1]:
                column = [[self._value(i)]] * 2
                yield self.case({i: column}, [["#VALUE!"]] * 2, "a range where the answer is a table")
        elif len(several) > 1:
            down, across = several[:2]
            column, row = [[self._value(down)]] * 3, [[self._value(across)] * 2]
            yield self.rows({down: column, across: row}, [[None] * 2] * 3, "a row against a column")
            column, row = [[self._value(down)]] * 3, [[self._value(across)]] * 2
            yield self.rows({down: column, across: row}, [[None], [None], ["#N/A"]], "columns of different lengths")

    def _value(self, index: int) -> Any:
        """The argument as it is given; where it is left out, its default. None where that is a range."""
        value = self.values[index]
        value = self.arguments[index].default if value is None else value
        return None if isinstance(value, (list, dict)) else value


def _what(kind: Kind) -> str:
    return "a number" if isinstance(kind, Number) else "text"


def _refused(argument: Argument) -> Iterator[tuple[Any, str, str]]:
    """Values that an argument refuses, the most telling first: value, code, rule."""
    kind = argument.kind
    if isinstance(kind, Number):
        yield "some", "#VALUE!", "text for a number"
        if kind.low > -inf:
            yield (kind.low if kind.above else kind.low - 1), "#NUM!", "a number that is too small"
        if kind.high < inf:
            yield kind.high + 1, "#NUM!", "a number that is too large"
        if kind.whole:
            yield kind.low + 1.5, "#NUM!", "a fraction for a whole number"
    elif isinstance(kind, Choice):
        yield "no such choice", "#VALUE!", "none of the choices"
    elif isinstance(kind, ModelKind):
        yield "no-such-model-9b", "#N/A", "a name that is in no catalog"
    elif isinstance(kind, AcceleratorKind):
        yield "no-such-accelerator", "#N/A", "a name that is in no catalog"
    elif isinstance(kind, DTypeKind):
        yield "no such format", "#VALUE!", "none of the formats"
        yield -1, "#NUM!", "a number that is too small"
    elif isinstance(kind, Text) and argument.name in _NO_SUCH:
        yield "no such thing at all", _NO_SUCH[argument.name], "a name that is in no catalog"
    elif not isinstance(kind, (AnythingKind, UnitOf)) and argument.name not in _ANY_TEXT:
        yield "no such thing at all", "#VALUE!", "a text that means nothing here"
