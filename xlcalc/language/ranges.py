"""Ranges in, ranges out: how one-value functions answer for many cells, as Excel's own do.

A row against a column gives a table; where shapes do not fit, the cells outside the smaller range are #N/A.
A list, a NumPy array, a pandas Series or DataFrame comes back as the same kind. Neither library is imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from xlcalc.language import deadline
from xlcalc.language.cells import is_blank
from xlcalc.language.errors import CalcError

_MANY = 2_000  # cells that are worth NumPy, where it is installed
_LARGE = 100_000  # cells: a larger range is a whole column or row, and is cut after its last filled cell


class Range:
    """One argument's cells as rows; cells beyond the filled part of a large range are blank."""

    def __init__(self, value: Any) -> None:
        self.source = value
        self.flat = _is_flat(value)
        rows = [list(value)] if self.flat else _nested(value)
        if not rows or not rows[0]:
            raise CalcError("#VALUE!", "is an empty range")
        if len(set(map(len, rows))) > 1:
            raise CalcError("#VALUE!", "is a range whose rows differ in length")
        self.full_shape = len(rows), len(rows[0])
        self.rows = [list(row) for row in (_filled(rows) if len(rows) * len(rows[0]) > _LARGE else rows)]
        self.shape = len(self.rows), len(self.rows[0])

    def at(self, row: int, column: int) -> Any:
        """The value met at a place of the result: a single row, column or cell repeats, as in Excel."""
        row = 0 if self.full_shape[0] == 1 else row
        column = 0 if self.full_shape[1] == 1 else column
        if row >= self.full_shape[0] or column >= self.full_shape[1]:
            return CalcError("#N/A", "is a range that does not reach as far as the others")
        inside = row < self.shape[0] and column < self.shape[1]
        value = self.rows[row][column] if inside else None
        return CalcError("#VALUE!", "has a list in one of its cells") if isinstance(value, (list, tuple)) else value

    def flattened(self, n_rows: int, n_columns: int) -> list[Any]:
        """The values met in the rows and columns of a result, row by row."""
        if self.shape == (n_rows, n_columns):
            values = list(chain.from_iterable(self.rows))
            if not {list, tuple} & set(map(type, values)):
                return values
        return [self.at(row, column) for row in range(n_rows) for column in range(n_columns)]


class Cells(list[Any]):
    """The values of one argument, one for each element of a result."""


def is_range(value: Any) -> bool:
    """True for a list, a tuple, an array, a Series or a DataFrame; False for a single value."""
    return isinstance(value, (list, tuple)) or bool(getattr(value, "shape", ()))


def spread(
    one: Callable[[Sequence[Any]], Any],
    arguments: Sequence[Any],
    many: Callable[[Sequence[Any], int], list[Any] | None],
) -> Any:
    """Call `one` for each element of the ranges among `arguments` (Range objects) and give the results their shape.

    Of many elements the lists of them, an argument each, are handed to `many` first, which may answer all at once.
    """
    ranges = [a for a in arguments if isinstance(a, Range)]
    n_rows = max(r.shape[0] for r in ranges)
    n_columns = max(r.shape[1] for r in ranges)
    n = n_rows * n_columns
    if n >= _MANY:
        flat = [Cells(a.flattened(n_rows, n_columns)) if isinstance(a, Range) else a for a in arguments]
        found = many(flat, n)
        if found is not None:
            return _as_came([found[start : start + n_columns] for start in range(0, n, n_columns)], ranges)

    def element(row: int, column: int) -> Any:
        deadline.check()
        try:
            return one([a.at(row, column) if isinstance(a, Range) else a for a in arguments])
        except CalcError as error:
            return error

    rows = [[element(r, c) for c in range(n_columns)] for r in range(n_rows)]
    return _as_came(rows, ranges)


def _is_flat(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return not any(isinstance(v, (list, tuple)) for v in value)
    return len(value.shape) == 1


def _nested(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return [v if isinstance(v, (list, tuple)) else [v] for v in value]
    if len(value.shape) > 2:
        raise CalcError("#VALUE!", "has more than two dimensions")
    return list((value if hasattr(value, "tolist") else value.values).tolist())


def _filled(rows: list[list[Any]]) -> list[list[Any]]:
    """The rows down to the last filled one, and their cells up to the last filled column."""
    end, empty = len(rows), type(rows[0])([None] * len(rows[0]))
    while end > 1 and (rows[end - 1] == empty or all(map(is_blank, rows[end - 1]))):
        end -= 1
    rows = rows[:end]
    width = max((c + 1 for row in rows for c in range(len(row) - 1, -1, -1) if not is_blank(row[c])), default=1)
    return rows if width == len(rows[0]) else [row[:width] for row in rows]


def _as_came(rows: list[list[Any]], ranges: list[Range]) -> Any:
    """Rows of results as the kind of container that the first rich argument was, shape permitting."""
    flat = all(r.flat for r in ranges) and len(rows) == 1
    like = next((r.source for r in ranges if not isinstance(r.source, (list, tuple))), None)
    values: Any = rows[0] if flat else rows
    if like is None:
        return values
    shape = (len(rows[0]),) if flat else (len(rows), len(rows[0]))
    if hasattr(like, "index") and like.shape == shape:  # pandas
        labels = {"index": like.index, "name": like.name} if flat else {"index": like.index, "columns": like.columns}
        return type(like)(values, **labels)
    import numpy

    broken = any(isinstance(v, (CalcError, str)) for row in rows for v in row)
    return numpy.array(values, dtype=object if broken else None)
