"""What is kept of scenarios: a Pareto front, the best of them, summaries by group. Of parts first, then of those."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy
import pyarrow

from xlcalc import limits
from xlcalc.sweeps.block import EXAMPLE, WRONG
from xlcalc.sweeps.spec import Goal, Spec
from xlcalc.sweeps.store import kinds_of, typed

_SUMS = ("count", "min", "max", "sum")


class Part(NamedTuple):
    """What a part of the scenarios comes to, small enough to travel."""

    rows: int  # that meet the conditions
    wrong: int  # scenarios with an error, whether they meet the conditions or not
    example: str  # of an error
    best: pyarrow.Table | None  # what may be among the best of all
    groups: pyarrow.Table | None


def part(spec: Spec, table: pyarrow.Table) -> Part:
    """What one partition comes to."""
    wrong, example = int(table.schema.metadata[WRONG]), table.schema.metadata[EXAMPLE].decode()
    best = table if spec.pareto or spec.by else None
    if best is not None and spec.pareto:
        best = front(best, spec.pareto)
    if best is not None and spec.by and spec.described["top"]:
        best = ranked(best, spec.by).slice(0, spec.described["top"])
    groups = _groups(spec, table) if spec.described["summary_by"] else None
    return Part(len(table), wrong, example, None if best is None else text_columns(best), groups)


def joined(spec: Spec, parts: Sequence[Part]) -> Part:
    """What parts come to together."""
    best, groups = None, None
    if spec.pareto or spec.by:
        best = together([p.best for p in parts if p.best is not None])
        best = front(best, spec.pareto) if spec.pareto else best
        best = ranked(best, spec.by) if spec.by else best
        best = best.slice(0, spec.described["top"]) if spec.described["top"] else best
    if spec.described["summary_by"]:
        groups = _joined_groups(spec, [p.groups for p in parts if p.groups is not None])
    example = next((p.example for p in parts if p.example), "")
    return Part(sum(p.rows for p in parts), sum(p.wrong for p in parts), example, best, groups)


def front(table: pyarrow.Table, goals: Sequence[Goal]) -> pyarrow.Table:
    """The rows that no other row is at least as good as in every goal and better in one. Rows without a value of a
    goal are none of them."""
    values = numpy.column_stack([goal.sign * _numbers(table, goal) for goal in goals])
    places = numpy.flatnonzero(numpy.isfinite(values).all(axis=1))
    values = values[places]
    order = numpy.lexsort(values.T[::-1])
    values, places = values[order], places[order]
    found: list[Any] = []
    while len(values):
        equal = (values == values[0]).all(axis=1)
        found.append(places[equal])
        better = (values < values[0]).any(axis=1)
        values, places = values[better], places[better]
    return table.take(numpy.sort(numpy.concatenate(found)) if found else pyarrow.array([], pyarrow.int64()))


def ranked(table: pyarrow.Table, goal: Goal) -> pyarrow.Table:
    """The rows that have a value of the goal, best first, equals in their order."""
    values = goal.sign * _numbers(table, goal)
    order = numpy.argsort(values, kind="stable")
    return table.take(order[: int(numpy.isfinite(values).sum())])


def _numbers(table: pyarrow.Table, goal: Goal) -> Any:
    if _is_text(table, goal.column):
        raise ValueError(f"{goal.column} is no number, and nothing can be small or large by it")
    return table.column(goal.column).cast(pyarrow.float64()).to_numpy()


def _is_text(table: pyarrow.Table, name: str) -> bool:
    kind = table.column(name).type
    return bool(pyarrow.types.is_dictionary(kind) or pyarrow.types.is_string(kind))


def text_columns(table: pyarrow.Table) -> pyarrow.Table:
    """Words as text: dictionaries of parts differ."""
    for i, field in enumerate(table.schema):
        if pyarrow.types.is_dictionary(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(pyarrow.string()))
    return table


def together(tables: Sequence[pyarrow.Table]) -> pyarrow.Table:
    """Tables of parts as one."""
    kinds = kinds_of([table.schema for table in tables])
    return pyarrow.concat_tables([typed(table, kinds) for table in tables])


def _groups(spec: Spec, table: pyarrow.Table) -> pyarrow.Table:
    by, of = spec.described["summary_by"], spec.described["summary_of"]
    for name in of:
        if _is_text(table, name):
            raise ValueError(f"{name} is no number, and has no sum in a summary")
    few = typed(text_columns(table.select(list(dict.fromkeys((*by, *of))))), dict.fromkeys(of, pyarrow.float64()))
    made = few.group_by(by).aggregate([([], "count_all"), *((name, how) for name in of for how in _SUMS)])
    if len(made) > limits.GROUPS:
        raise ValueError(f"summary by {', '.join(by)} has over {limits.GROUPS:,} groups")
    return made


def _joined_groups(spec: Spec, groups: Sequence[pyarrow.Table]) -> pyarrow.Table:
    """Groups of all parts, each column's smallest, mean and largest value."""
    by, of = spec.described["summary_by"], spec.described["summary_of"]
    again = {"count": "sum", "sum": "sum", "min": "min", "max": "max"}
    sums = [(f"{name}_{how}", again[how]) for name in of for how in _SUMS]
    made = (
        together(groups)
        .group_by(by)
        .aggregate([("count_all", "sum"), *sums])
        .sort_by([(name, "ascending") for name in by])
    )
    columns = {name: made.column(name) for name in by}
    columns["scenarios"] = made.column("count_all_sum")
    for name in of:
        total, count = (made.column(f"{name}_{how}_sum").to_numpy() for how in ("sum", "count"))
        columns[f"{name} min"] = made.column(f"{name}_min_min")
        with numpy.errstate(all="ignore"):
            columns[f"{name} mean"] = pyarrow.array(numpy.asarray(total / count, dtype=float), from_pandas=True)
        columns[f"{name} max"] = made.column(f"{name}_max_max")
    return pyarrow.table(columns)
