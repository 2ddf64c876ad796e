"""The description of a sweep: its scenarios, its results, what is kept of them. Read from TOML, JSON or Python.

    [scenarios]                 # each a list, {from, to, steps}, or one value: the grid is all their combinations
    model = ["llama-3.1-8b", "llama-3.1-70b"]
    accelerator = ["h100-sxm", "b200"]
    count = [64, 128, 256]
    tokens = { from = 1e12, to = 15e12, steps = 15 }

    [results]                   # in order; later ones may read earlier ones
    flops = "LLM_TRAIN_FLOPS(model, tokens)"
    cost = 'LLM_TRAIN_COST(flops, accelerator, count, 2.5)["total", "USD"]'
    days = "LLM_TRAIN_TIME(flops, accelerator, count, unit='days')"

    [keep]
    where = ["days <= 90"]
    pareto = ["min cost", "min days"]
    top = 20                    # of them, by
    by = "min cost"

    [summary]
    by = ["model"]
    of = ["cost", "days"]

`scenarios = "table.csv"` (or .parquet) has a scenario a row instead. `workbook = { name = "hosting-budget", results =
["total_cost"] }` sets the inputs of a template or a file that columns are named after, and gives its results by name;
the other results may read them.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy

from xlcalc import limits
from xlcalc.files import read_file
from xlcalc.language.cells import EXACT, did_you_mean
from xlcalc.sweeps.expressions import Expression, SpecError, Values

_SECTIONS = ("scenarios", "workbook", "results", "keep", "summary")
_KEEP, _SUMMARY = ("where", "pareto", "top", "by"), ("by", "of")


class Goal(NamedTuple):
    """A column to be small (`sign` 1) or large (-1)."""

    column: str
    sign: int


@dataclass(frozen=True)
class Spec:
    """A sweep as it was asked for; `described` is all of it as plain data, which travels to workers."""

    described: Mapping[str, Any]

    @cached_property
    def grid(self) -> dict[str, list[Any]]:
        """The values of each dimension, those that most results depend on first: they vary slowest, so that a block
        has few of them, and what is calculated of them alone is calculated once."""
        grid: dict[str, list[Any]] = self.described["grid"]
        weights = dict.fromkeys(grid, 0)
        for name in self.calculated:
            for dimension in self.depends[name]:
                weights[dimension] += 100 if self._is_slow(name) else 1
        return dict(sorted(grid.items(), key=lambda item: -weights[item[0]]))

    def _is_slow(self, name: str) -> bool:
        """Whether a result is searched for, or a workbook's."""
        return name not in self.results or self.results[name].is_search

    @cached_property
    def alike(self) -> int:
        """How many scenarios that follow each other share all that is slow; 0 where nothing is."""
        slow = [self.depends[name] for name in self.calculated if self._is_slow(name)]
        grid = self.described["grid"]
        return math.prod(len(grid[name]) for name in set(grid).difference(*slow)) if slow else 0

    @cached_property
    def columns(self) -> list[str]:
        """The scenarios' columns."""
        return list(self.described["grid"] or self.described["columns"])

    @cached_property
    def results(self) -> dict[str, Expression]:
        return {name: Expression(name, text) for name, text in self.described["results"].items()}

    @property
    def calculated(self) -> list[str]:
        """Every result by name, those of a workbook first."""
        return [*self.described["outputs"], *self.results]

    @cached_property
    def conditions(self) -> list[Expression]:
        return [Expression(f"where {text!r}", text) for text in self.described["where"]]

    @cached_property
    def depends(self) -> dict[str, set[str]]:
        """The dimensions that each result depends on."""
        found: dict[str, set[str]] = {name: set(self.described["inputs"]) for name in self.described["outputs"]}
        for name, expression in self.results.items():
            found[name] = set()
            for read in expression.names:
                found[name] |= found.get(read, {read})
        return found

    @cached_property
    def pareto(self) -> list[Goal]:
        return [Goal(*goal) for goal in self.described["pareto"]]

    @property
    def by(self) -> Goal | None:
        return Goal(*self.described["by"]) if self.described["by"] else None

    @cached_property
    def size(self) -> int:
        """Scenarios in all, of a grid."""
        return math.prod(map(len, self.grid.values()))

    def scenarios(self, start: int, stop: int) -> tuple[dict[str, Values], dict[str, Any]]:
        """The columns of a part of the grid, and the place of each row in its dimensions."""
        shape = [len(values) for values in self.grid.values()]
        places = numpy.unravel_index(numpy.arange(start, stop), shape)
        return {
            name: column(values, codes) for (name, values), codes in zip(self.grid.items(), places, strict=True)
        }, dict(zip(self.grid, places, strict=True))

    def fingerprint(self) -> str:
        """What tells this sweep from others: what is asked, and all that answers it, its catalogs and its version."""
        import xlcalc
        from xlcalc.catalog import tables, user

        digest = hashlib.sha256(f"{xlcalc.__version__} {json.dumps(self.described, sort_keys=True)}".encode())
        for folder in (Path(tables.__file__).parent, user.folder()):
            for path in sorted(folder.rglob("*")) if folder and folder.is_dir() else ():
                if path.suffix in (".csv", ".json"):
                    digest.update(path.name.encode() + path.read_bytes())
        return digest.hexdigest()[:16]


def column(values: Sequence[Any], codes: Any) -> Values:
    """A dimension's values as a column: numbers as an array, anything else as words."""
    from xlcalc.language.many import Words

    if all(type(value) in (int, float) for value in values):
        return Values(numpy.array(values, dtype=float)[codes], {})
    return Values(Words(list(values), codes), {})


def read(described: Mapping[str, Any], columns: Sequence[str] = (), table: str = "") -> Spec:
    """A sweep from its sections; a table of scenarios has `columns`, and `table` tells its content from another's.

    Raises SpecError naming what is wrong.
    """
    _known(described, _SECTIONS, "a sweep")
    keep, summary = described.get("keep") or {}, described.get("summary") or {}
    _known(keep, _KEEP, "keep")
    _known(summary, _SUMMARY, "summary")
    scenarios, results = described.get("scenarios"), described.get("results")
    if not isinstance(results or {}, Mapping) or not (results or described.get("workbook")):
        raise SpecError("results has a line NAME = EXPRESSION for each result")
    results = dict(results or {})
    grid = {} if columns else _grid(scenarios)
    names = [*(columns or grid)]
    for name in names:
        if not name.isidentifier() or name == "error":
            raise SpecError(f"{name[:60]!r} is no name of a column: letters, digits and _, and not error")
        if names.count(name) > 1:
            raise SpecError(f"two columns of scenarios are named {name[:60]}")
    workbook, inputs, outputs, possible = _workbook(described.get("workbook"), names)
    for name in (*outputs, *results):
        if name in names or name == "error" or not str(name).isidentifier():
            raise SpecError(f"{str(name)[:60]!r} is no name of a result: letters, digits and _, and no column's")
        names.append(name)
    for name, text in results.items():
        if not isinstance(text, str):
            raise SpecError(f"{name} is no expression: {text!r}")
    top, by = keep.get("top"), keep.get("by")
    if top is not None and (type(top) is not int or top < 1 or not by):
        raise SpecError('top is a whole number above 0, and by says what for, as "min cost"')
    spec = Spec({
        "grid": grid, "columns": list(columns), "table": table, "results": results,
        "workbook": workbook, "inputs": inputs, "outputs": outputs,
        "where": list(_texts(keep.get("where"))),
        "pareto": [_goal(text, names) for text in _texts(keep.get("pareto"))], "top": top,
        "by": _goal(by, names) if by else None, "summary_by": list(_texts(summary.get("by"))),
        "summary_of": list(_texts(summary.get("of"))),
    })  # fmt: skip
    before = [*(columns or grid), *outputs]
    for name, expression in spec.results.items():
        _read(expression, before, name)
        before.append(name)
    for condition in spec.conditions:
        _read(condition, names, condition.name)
    _used(spec, possible)
    for name in (*spec.described["summary_by"], *spec.described["summary_of"]):
        _column_of(name, names, "summary")
    if not columns and not 0 < spec.size <= limits.SCENARIOS:
        raise SpecError(f"the grid has {spec.size:.3g} scenarios; at most {limits.SCENARIOS:.0e} are taken")
    return spec


def load(path: Path) -> Mapping[str, Any]:
    """The sections of a file, .toml or .json. Raises SpecError."""
    text = str(read_file(path), "utf-8-sig")
    try:
        if path.suffix.casefold() == ".json":
            found = json.loads(text)
        else:
            try:
                import tomllib
            except ImportError:  # before Python 3.11
                import tomli as tomllib
            found = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise SpecError(f"{path.name} cannot be read: {str(error)[:200]}") from None
    if not isinstance(found, dict):
        raise SpecError(f"{path.name} holds no sections")
    return found


def _workbook(section: Any, columns: Sequence[str]) -> tuple[str, list[str], list[str], list[str]]:
    """The workbook, those of its inputs that the scenarios set, the results that are asked of it, all its inputs."""
    if section is None:
        return "", [], [], []
    _known(section, ("name", "results"), "workbook")
    from xlcalc.workbook import report

    name, outputs = str(section.get("name") or ""), list(_texts(section.get("results")))
    try:
        known = {cell.name: cell.kind for cell in report.named_cells(report.find(name))}
    except (ValueError, OSError) as error:
        raise SpecError(str(error)) from None
    for output in outputs:
        _column_of(output, [named for named, kind in known.items() if kind == "result"], f"results of {name}")
    possible = [named for named, kind in known.items() if kind == "input"]
    folded = {input_name.casefold() for input_name in possible}
    inputs = [column for column in columns if column.casefold() in folded]  # as --set takes them
    if len({column.casefold() for column in inputs}) < len(inputs):
        raise SpecError(f"two columns of scenarios are one input of {name}: {', '.join(inputs)[:80]}")
    if not inputs or not outputs:
        raise SpecError(
            f"workbook has a list of results, and a column of the scenarios is named after an input of {name}"
        )
    return name, inputs, outputs, possible


def _grid(scenarios: Any) -> dict[str, list[Any]]:
    if not isinstance(scenarios, Mapping) or not scenarios:
        raise SpecError("scenarios has a line NAME = VALUES for each dimension, or is the name of a table")
    return {name: _values(name, values) for name, values in scenarios.items()}


def _values(name: str, values: Any) -> list[Any]:
    if isinstance(values, Mapping):
        _known(values, ("from", "to", "steps", "log"), name)
        given: list[Any] = [values.get(key) for key in ("from", "to", "steps", "log")]
        low, high, steps, is_log = given
        if not _is_range(low, high, steps) or (is_log and min(low, high) <= 0):
            raise SpecError(f"{name} is a range from a number to a number in steps, above 0 where it is log")
        return list((numpy.geomspace if is_log else numpy.linspace)(low, high, steps).tolist())
    found = list(values) if isinstance(values, (list, tuple, numpy.ndarray)) else [values]
    found = [value.item() if isinstance(value, numpy.generic) else value for value in found]
    if not found or not all(isinstance(value, (str, int, float, bool, type(None))) for value in found):
        raise SpecError(f"{name} is a list of numbers or texts, or one of them")
    if any(isinstance(value, float) and not math.isfinite(value) for value in found):
        raise SpecError(f"{name} is a list of finite numbers or texts, or one of them")
    if any(type(value) is int and abs(value) >= EXACT for value in found):
        raise SpecError(f"{name} has a whole number of {EXACT:.0f} or more, which cells and columns do not hold")
    return found


def _is_range(low: Any, high: Any, steps: Any) -> bool:
    numbers = all(type(x) in (int, float) and math.isfinite(x) for x in (low, high))
    return numbers and type(steps) is int and 1 < steps <= 10**7


def _texts(given: Any) -> Sequence[str]:
    found = [given] if isinstance(given, str) else [] if given is None else given
    if not isinstance(found, (list, tuple)) or not all(isinstance(text, str) for text in found):
        raise SpecError(f"a text or a list of texts is needed; got {str(given)[:60]}")
    return list(dict.fromkeys(found))


def _goal(text: Any, names: Sequence[str]) -> list[Any]:
    way, _, name = str(text).strip().partition(" ")
    if way not in ("min", "max") or not name:
        raise SpecError(f'a goal is "min COLUMN" or "max COLUMN"; got {str(text)[:60]!r}')
    return [_column_of(name.strip(), names, "keep"), 1 if way == "min" else -1]


def _column_of(name: str, names: Sequence[str], where: str) -> str:
    if name not in names:
        raise SpecError(f"{where}: no column {name[:60]}{did_you_mean(name, names)}")
    return name


def _read(expression: Expression, names: Sequence[str], where: str) -> None:
    for name in sorted(expression.names):
        _column_of(name, names, where)


def _used(spec: Spec, inputs: Sequence[str]) -> None:
    """Refuse a dimension that nothing asked for reads, and a column of a table that is nearly an input's name."""
    goals = [goal.column for goal in (*spec.pareto, *([spec.by] if spec.by else []))]
    read = {*spec.described["inputs"], *goals, *spec.described["summary_by"], *spec.described["summary_of"]}
    for expression in (*spec.results.values(), *spec.conditions):
        read |= expression.names
    for name in (name for name in spec.columns if name not in read):
        near = did_you_mean(name, inputs)
        if near or not spec.described["columns"]:
            raise SpecError(f"scenarios: {name} is read by no result{near}")


def _known(section: Any, keys: Sequence[str], where: str) -> None:
    if not isinstance(section, Mapping):
        raise SpecError(f"{where} is a section of lines NAME = VALUE")
    for key in section:
        if key not in keys:
            raise SpecError(f"{where} has no {str(key)[:60]}: {', '.join(keys)}{did_you_mean(str(key), keys)}")
