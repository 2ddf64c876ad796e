"""One block of scenarios, calculated: an Arrow table of its columns, its results and what is wrong with a row."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy
import pyarrow

import xlcalc
from xlcalc.language.cells import shown
from xlcalc.language.errors import EXCEL_ERRORS, CalcError
from xlcalc.language.many import Answers, Words, at
from xlcalc.sweeps.expressions import NO_NUMBER, SpecError, Values, answered, as_numbers, picked
from xlcalc.sweeps.spec import Spec

ERROR = "error"
WRONG, EXAMPLE = b"scenarios with an error", b"an error"  # of a partition, kept with it
_TURN = Lock()  # of the threads that a worker may have, at the book that they share
_WORTH = 0.7  # share of rows that differ, below which what is alike is calculated once


def of_grid(spec: Spec, start: int, stop: int) -> pyarrow.Table:
    """The scenarios of a part of the grid that meet the conditions."""
    columns, places = spec.scenarios(start, stop)
    return _calculated(spec, columns, places, stop - start, None)


def of_table(spec: Spec, table: pyarrow.Table) -> pyarrow.Table:
    """The same for rows of a table of scenarios."""
    given = {name: _plain(table.column(name)) for name in spec.columns}
    return _calculated(spec, {name: _read(column) for name, column in given.items()}, {}, len(table), given)


def _calculated(
    spec: Spec, columns: dict[str, Values], places: Mapping[str, Any], n: int, given: Mapping[str, pyarrow.Array] | None
) -> pyarrow.Table:
    """`given`: the columns as they came, where they came from a table."""
    if spec.described["workbook"]:
        columns |= _of_workbook(spec, columns, places, n)
    tables: dict[Any, dict[str, Answers]] = {}  # of searches, by the rows that they were made for
    for name, expression in spec.results.items():
        rows, back = _different(spec.depends[name], spec, places, n)
        read = {column: columns[column] for column in expression.names}
        if rows is None:
            columns[name] = expression.over(read, n, tables.setdefault(None, {}))
        else:
            few = {column: values.at(rows) for column, values in read.items()}
            key = tuple(sorted(spec.depends[name]))
            columns[name] = _spread(expression.over(few, len(rows), tables.setdefault(key, {})), back)
    made = pyarrow.table({
        **(given or {name: _as_arrow(columns[name], n) for name in spec.columns}),
        **{name: _as_arrow(columns[name], n) for name in spec.calculated},
        ERROR: _sentences({name: columns[name] for name in spec.calculated}, n),
    })  # fmt: skip
    wrong, example = _first_of(made.column(ERROR))
    made = made.replace_schema_metadata({WRONG: str(wrong), EXAMPLE: example})  # of all rows: conditions drop them
    met = numpy.ones(n, dtype=bool)
    for condition in spec.conditions:
        values = condition.over(columns, n, {})
        truth, texts = as_numbers(values.data, n)
        met &= numpy.nan_to_num(truth).astype(bool)
        refused = {**values.errors, **texts}
        met[list(refused)] = False
        if len(refused) == n and all(sentence.endswith(NO_NUMBER) for sentence in refused.values()):
            raise SpecError(f"{condition.name}: {refused[0]}")
    return made if met.all() else made.filter(met)


def _of_workbook(spec: Spec, columns: Mapping[str, Values], places: Mapping[str, Any], n: int) -> dict[str, Values]:
    """The results of a template or a file, its inputs set row by row."""
    inputs, outputs = spec.described["inputs"], spec.described["outputs"]
    rows, back = _different(set(inputs), spec, places, n)
    few = {name: columns[name] if rows is None else columns[name].at(rows) for name in inputs}
    size = n if rows is None else len(rows)
    book = _opened(spec.described["workbook"])
    answers = {name: Answers(size) for name in outputs}
    known = [one.name for one in book.listed if one.kind == "result" and one.name in outputs]
    for row in range(size):
        found: Mapping[str, Any] = {}
        error = CalcError("#VALUE!", "is no result of the workbook")
        try:
            with _TURN:
                book.set({name: at(values.data, row) for name, values in few.items()})
                found = book.results(*known)
        except ValueError as refused:
            error = CalcError(getattr(refused, "code", "#VALUE!"), str(refused))
        for name in outputs:
            value = found.get(name, error)
            is_code = isinstance(value, str) and value in EXCEL_ERRORS
            answers[name].put(row, CalcError(value, "in the workbook") if is_code else value)
    made = {name: answered(answers[name], size, None, {}) for name in outputs}
    return made if rows is None else {name: _spread(values, back) for name, values in made.items()}


def unused(spec: Spec, table: pyarrow.Table | None) -> list[str]:
    """The inputs of the first scenario that count for nothing in the workbook, in sentences."""
    if not spec.described["workbook"]:
        return []
    book = _opened(spec.described["workbook"])
    with _TURN:
        try:
            names = spec.described["inputs"]
            book.set({name: spec.grid[name][0] if table is None else table.column(name)[0].as_py() for name in names})
        except ValueError:  # its row says why
            return []
        return [f"of the first scenario {said}" for said in book.unused()]


@lru_cache(1)
def _opened(name: str) -> Any:
    return xlcalc.open_workbook(name)


def _different(depends: set[str], spec: Spec, places: Mapping[str, Any], n: int) -> tuple[Any, Any]:
    """The first row of each combination of what a result depends on, and of each row the place of its own."""
    if not places:
        return None, None
    keys = numpy.zeros(n, dtype=numpy.int64)
    for name in depends:
        keys = keys * len(spec.grid[name]) + places[name]
    _, rows, back = numpy.unique(keys, return_index=True, return_inverse=True)
    return (rows, back) if len(rows) < _WORTH * n else (None, None)


def _spread(values: Values, back: Any) -> Values:
    """What was calculated for different rows, for all rows."""
    data = picked(values.data, back)
    if not values.errors:
        return Values(data, {})
    wrong = numpy.flatnonzero(numpy.isin(back, list(values.errors)))
    return Values(data, {row: values.errors[int(back[row])] for row in wrong.tolist()})


def _as_arrow(values: Values, n: int) -> pyarrow.Array:
    data = values.data
    if isinstance(data, Words):
        if {bool} <= set(map(type, data.values)) <= {bool, type(None)}:
            wrong = numpy.isin(data.codes, [code for code, v in enumerate(data.values) if v is None])
            return pyarrow.array(numpy.array(data.values, dtype=bool)[data.codes], mask=wrong)
        texts = ["" if v is None else v if isinstance(v, str) else shown(v) for v in data.values]
        blank = numpy.isin(data.codes, [code for code, v in enumerate(data.values) if v is None])
        blank[list(values.errors)] = True
        codes = pyarrow.array(data.codes, pyarrow.int32(), mask=blank)
        return pyarrow.DictionaryArray.from_arrays(codes, pyarrow.array(texts, pyarrow.string()))
    column = numpy.broadcast_to(data, (n,))
    is_truth = column.dtype == bool
    wrong = numpy.zeros(n, dtype=bool) if is_truth else ~numpy.isfinite(numpy.asarray(column, dtype=float))
    wrong[list(values.errors)] = True
    if not is_truth and wrong.all():
        return pyarrow.nulls(n)  # numbers or texts: other partitions tell
    return pyarrow.array(column, None if is_truth else pyarrow.float64(), mask=wrong)


def _sentences(results: Mapping[str, Values], n: int) -> pyarrow.Array:
    """What is wrong with each row: of its first result that has an error."""
    first: dict[int, str] = {}
    for name, values in results.items():
        for row, sentence in values.errors.items():
            first.setdefault(row, f"{name}: {sentence}")
    if not first:
        return pyarrow.nulls(n, pyarrow.string())
    return pyarrow.array([first.get(row) for row in range(n)], pyarrow.string())


def _first_of(sentences: pyarrow.Array) -> tuple[int, str]:
    """How many rows have an error, and the first."""
    found = sentences.drop_null()
    return len(found), str(found[0]) if len(found) else ""


def _plain(column: Any) -> pyarrow.Array:
    """A column of an Arrow table as numbers, truth values or few different texts."""
    column = column.combine_chunks() if isinstance(column, pyarrow.ChunkedArray) else column
    kind = column.type
    if pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind):
        return column.cast(pyarrow.float64())
    known = pyarrow.types.is_dictionary(kind) or pyarrow.types.is_boolean(kind)
    return column if known else column.cast(pyarrow.string()).dictionary_encode()


def _read(column: pyarrow.Array) -> Values:
    """The same as expressions take it, what is blank as None."""
    infinite: dict[int, str] = {}
    if pyarrow.types.is_floating(column.type):
        numbers = column.to_numpy(zero_copy_only=False)
        infinite = dict.fromkeys(numpy.flatnonzero(numpy.isinf(numbers)).tolist(), "#NUM! an infinity is no number")
        if not column.null_count:
            return Values(numbers, infinite)
    if not pyarrow.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    values = column.dictionary.to_pylist()
    codes = column.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
    return Values(Words([*values, None], codes), infinite)
