"""A cell function for many rows at once, its numbers as NumPy columns: the same answers as row by row, errors included.

Rows that share their words (model, accelerator, format ...) are one group. Its formula is recorded once with the first
row's numbers and evaluated for all rows that take the same way through it (`formula/arrays.py`); the first row is
also calculated as any call is, and the group only taken where both agree. What is refused, has no finite result, or
cannot be recorded, such as a search, is called row by row and says so in its own words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy

from xlcalc.formula.arrays import Program, hold
from xlcalc.formula.symbols import INPUT, Guard, Symbol, labelled, recording
from xlcalc.language import deadline
from xlcalc.language.cells import EXACT, Number
from xlcalc.language.declare import Argument, Declaration
from xlcalc.language.errors import CalcError
from xlcalc.language.ranges import Cells

LEAST = 128  # rows of a group that are worth recording its formula
_MOST_WAYS = 24  # recordings of one group; the rows of further ways are called one by one
_CLOSE = 1e-9  # how closely a recorded formula must meet the call that it was recorded from
# small whole numbers that choose between formulas: rows are grouped by them
_CHOOSING = frozenset(("tp", "pp", "ep", "cp", "vp", "zero"))


_WORDS, _NUMBERS = (str, bool, type(None)), (int, float, Symbol)


class Words(NamedTuple):
    """A column of few different values, such as names: the values, and which of them each row has."""

    values: list[Any]
    codes: Any


# of an argument: one value for all rows, words, numbers as an array of floats, or such with exceptions
Column: TypeAlias = Any
Pick: TypeAlias = Callable[[Any], Any]


class Numbers(NamedTuple):
    """A column of numbers some of whose rows hold something else: not a number among the floats, and here by row."""

    floats: Any
    others: dict[int, Any]


class Answers:
    """What rows give: floats, of rows with something else (a text, an error) that."""

    def __init__(self, n: int) -> None:
        self.floats = numpy.full(n, numpy.nan)
        self.others: dict[int, Any] = {}
        self.is_whole = numpy.zeros(n, dtype=bool)  # where the call gives a whole number as such

    def put(self, row: int, value: Any) -> None:
        kind = type(value)
        if kind is float:
            self.floats[row] = value
        elif kind is int and abs(value) < EXACT:
            self.floats[row], self.is_whole[row] = value, True
        else:
            self.others[row] = value

    def as_list(self) -> list[Any]:
        """The answers as calls give them, whole numbers as int."""
        values: list[Any] = self.floats.tolist()
        whole = self.is_whole & (numpy.abs(self.floats) < EXACT) & (self.floats == numpy.floor(self.floats))
        if whole.all():
            values = self.floats.astype(numpy.int64).tolist()
        elif whole.any():
            for row in numpy.flatnonzero(whole).tolist():
                values[row] = int(values[row])
        for row, value in self.others.items():
            values[row] = value
        return values


def calculate(declaration: Declaration, columns: Sequence[Column], n: int, pick: Pick | None = None) -> Answers:
    """The answers of a function for `n` rows, a column an argument; of a table the cell that `pick` takes."""
    return _Calculation(declaration, columns, n, pick or (lambda result: result)).answers


def cells(declaration: Declaration, arguments: Sequence[Any], n: int) -> list[Any]:
    """The same for what ranges hold: `Cells` for an argument that differs, one value for all rows otherwise."""
    columns = [
        _column(argument, value) if isinstance(value, Cells) else value
        for argument, value in zip(declaration.arguments, arguments, strict=True)
    ]
    return calculate(declaration, columns, n).as_list()


def _column(argument: Argument, values: Cells) -> Column:
    if not isinstance(argument.kind, Number) or argument.name in _CHOOSING:
        found: dict[tuple[type, Any], int] = {}
        codes = [found.setdefault((type(v), v if v.__hash__ else id(v)), len(found)) for v in values]
        first = dict(zip(reversed(codes), reversed(values), strict=True))
        return Words([first[code] for code in range(len(found))], numpy.array(codes))
    others: dict[int, Any] = {}
    if not set(map(type, values)) <= {int, float}:
        others = {row: v for row, v in enumerate(values) if type(v) is not int and type(v) is not float}
    numbers: list[float] = [math.nan if row in others else v for row, v in enumerate(values)] if others else values
    try:
        return Numbers(numpy.array(numbers, dtype=float), others)
    except OverflowError:
        return Numbers(numpy.full(len(values), math.nan), dict(enumerate(values)))


class _Calculation:
    def __init__(self, declaration: Declaration, columns: Sequence[Column], n: int, pick: Pick) -> None:
        self.declaration, self.pick, self.answers = declaration, pick, Answers(n)
        self.columns = [*columns, *[None] * (len(declaration.arguments) - len(columns))]
        self.is_search = declaration.is_search
        self.open: dict[int, Argument] = {}
        self.numbers: dict[int, Any] = {}
        keys = numpy.zeros(n, dtype=numpy.int64)
        for i, (argument, column) in enumerate(zip(declaration.arguments, self.columns, strict=True)):
            if isinstance(column, Numbers):
                self.open[i], self.numbers[i] = argument, column.floats
            elif isinstance(column, numpy.ndarray):
                if isinstance(argument.kind, Number) and argument.name not in _CHOOSING:
                    self.open[i], self.numbers[i] = argument, column
                    continue
                values, codes = numpy.unique(column, return_inverse=True)
                column = self.columns[i] = Words(values.tolist(), codes)
            if isinstance(column, Words):
                keys = keys * len(column.values) + column.codes
        for rows in _groups(keys):
            self._group(rows)

    def _call(self, row: int) -> Any:
        """One row as any call, its error as a value."""
        deadline.check()
        try:
            value = self.pick(self.declaration(*self._row(row)))
        except CalcError as error:
            value = error
        self.answers.put(row, value)
        return value

    def _row(self, row: int) -> list[Any]:
        return [at(column, row) for column in self.columns]

    def _calls(self, rows: Any) -> None:
        for row in rows.tolist():
            self._call(row)

    def _group(self, rows: Any) -> None:
        if len(rows) < LEAST or self.is_search:
            return self._calls(rows)
        fit = numpy.ones(len(rows), dtype=bool)
        for i, argument in self.open.items():
            kind, values = argument.kind, self.numbers[i][rows]
            assert isinstance(kind, Number)
            fit &= (values >= kind.least) & (values <= kind.most)
            if kind.whole:
                fit &= (values == numpy.floor(values)) & (numpy.abs(values) < EXACT)
        self._calls(rows[~fit])
        rows = rows[fit]
        for _ in range(_MOST_WAYS):
            if len(rows) < LEAST:
                break
            left = self._way(rows)
            if len(rows) - len(left) < LEAST // 4:  # each row its own way: a search
                rows = left
                break
            rows = left
        self._calls(rows)

    def _way(self, rows: Any) -> Any:
        """Answer the rows that take the way of the first; gives those that do not."""
        first = int(rows[0])
        value = self._call(first)
        try:
            read = self.declaration.read(self._row(first))
        except CalcError:  # of a word: all numbers are within their bounds
            self.answers.others.update(dict.fromkeys(rows.tolist(), value))
            return rows[:0]
        guards: list[Guard] = []
        try:
            root = self._recorded(read, guards)
        except CalcError:
            root = None  # refused: so are the rows that take the same way, each with its own sentence
        except (TypeError, KeyError, AttributeError, IndexError):
            return rows[1:]  # asks something that only a number answers
        columns = {argument.name: self.numbers[i][rows] for i, argument in self.open.items()}
        same = hold(guards, columns, len(rows))
        same[0] = True
        taken = rows[same]
        if root is None:
            self._calls(taken[1:])
            return rows[~same]
        if type(root) in _WORDS and root == value:  # a text: what none of the numbers changes
            self.answers.others.update(dict.fromkeys(taken.tolist(), value))
            return rows[~same]
        if type(root) not in _NUMBERS or type(value) not in _NUMBERS:
            self._calls(taken[1:])
            return rows[~same]
        (found,), sound = Program([root])({name: column[same] for name, column in columns.items()}, len(taken))
        if not sound[0] or not math.isclose(found[0], value, rel_tol=_CLOSE):
            self._calls(taken[1:])
            return rows[~same]
        answered = taken[sound]
        self.answers.floats[answered] = found[sound]
        self.answers.is_whole[answered] = type(value) is int
        self._calls(taken[~sound])
        return rows[~same]

    def _recorded(self, read: list[Any], guards: list[Guard]) -> Any:
        """The formula with the numbers of a row open."""
        with recording(open=True, guards=guards) as nodes:
            for i, argument in self.open.items():
                read[i] = labelled(nodes, INPUT, (argument.name,), read[i], argument.name, argument.unit, "")
            return self.pick(self.declaration.compute(read))


def at(column: Column, row: int) -> Any:
    """The value that a row has in a column."""
    if isinstance(column, Words):
        return column.values[column.codes[row]]
    if isinstance(column, Numbers):
        return column.others[row] if row in column.others else float(column.floats[row])
    return float(column[row]) if isinstance(column, numpy.ndarray) else column


def _groups(keys: Any) -> list[Any]:
    """The rows of each key, those of one key in their order."""
    if len(keys) == 0:
        return []
    if (keys == keys[0]).all():
        return [numpy.arange(len(keys))]
    order = numpy.argsort(keys, kind="stable")
    ends = numpy.flatnonzero(numpy.diff(keys[order])) + 1
    return numpy.split(order, ends)
