"""What a sweep calculates, as text: calls of cell functions, arithmetic, comparisons, over the columns of a block.

    LLM_STEP_TIME(model, accelerator, count, 1024, 8192, zero=3)
    LLM_TRAIN_COST(flops, accelerator, count, usd_per_hour)["total", "USD"]
    step < 20 and days * 1.1 <= 90

A name is a column of the scenarios or an earlier result; the text is Python's own syntax, of which only this is taken.
Of a table the cell is named by its row (the first cell, or a number from 1) and its header.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import numpy

from xlcalc.language.cells import TableKind, did_you_mean, shown
from xlcalc.language.declare import Declaration, Table, find, functions
from xlcalc.language.errors import CalcError
from xlcalc.language.many import Answers, Words, calculate

_QUEUES = ("LLM_LATENCY_AT_LOAD", "LLM_REPLICAS")  # are solved a row at a time too, a millisecond each
NO_NUMBER = "is no number"  # ends the sentence of what is no number where one is needed


class SpecError(ValueError):
    """What is wrong with the description of a sweep, in one sentence."""


class Values(NamedTuple):
    """One column of a block: `data` as `many.Column`, and the rows that have an error instead with its sentence."""

    data: Any
    errors: Mapping[int, str]

    def at(self, rows: Any) -> Values:
        """These rows alone, numbered anew."""
        data = picked(self.data, rows)
        if not self.errors:
            return Values(data, {})
        found = {new: self.errors[old] for new, old in enumerate(rows.tolist()) if old in self.errors}
        return Values(data, found)


def picked(data: Any, rows: Any) -> Any:
    """A column's values at these rows, which may come more than once; one value for all stays."""
    if isinstance(data, Words):
        return Words(data.values, data.codes[rows])
    return data[rows] if isinstance(data, numpy.ndarray) else data


_ARITHMETIC: dict[type, Callable[..., Any]] = {
    ast.Add: numpy.add, ast.Sub: numpy.subtract, ast.Mult: numpy.multiply, ast.Div: numpy.divide,
    ast.Pow: numpy.float_power, ast.USub: numpy.negative,
    ast.Lt: numpy.less, ast.LtE: numpy.less_equal, ast.Gt: numpy.greater, ast.GtE: numpy.greater_equal,
    ast.Eq: numpy.equal, ast.NotEq: numpy.not_equal,
    ast.And: numpy.logical_and, ast.Or: numpy.logical_or, ast.Not: numpy.logical_not,
}  # fmt: skip


class Expression:
    """A text that was read and found to be allowed; `names` are the columns that it reads."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text
        try:
            self._tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise SpecError(f"{name} is no expression: {text[:80]}") from None
        self.names: set[str] = set()
        self.functions: set[Declaration] = set()
        self._check(self._tree)

    @property
    def is_search(self) -> bool:
        """Whether it calls a function that searches, row by row."""
        return any(f.is_search or f.name in _QUEUES for f in self.functions)

    def over(self, columns: Mapping[str, Values], n: int, tables: dict[str, Answers]) -> Values:
        """Its value for each row; `tables` keeps those of searches, of which several cells are taken."""
        return _Evaluation(columns, n, tables).of(self._tree)

    def _check(self, node: ast.AST, *, is_inside: bool = False) -> None:
        if isinstance(node, ast.Name):
            self.names.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str, bool, type(None))):
            pass
        elif isinstance(node, ast.Call):
            declaration = self._function(node)
            self.functions.add(declaration)
            given = {a.name for a, _ in zip(declaration.arguments, node.args, strict=False)}
            given |= {str(keyword.arg) for keyword in node.keywords}
            if isinstance(declaration.result, TableKind) and not is_inside and "field" not in given:
                self._refuse(f'{declaration.name} gives a table: name one of its cells, {declaration.name}(...)["row", '
                             '"header"]')  # fmt: skip
            for part in (*node.args, *(keyword.value for keyword in node.keywords)):
                self._check(part)
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Call):
            _cell(node)
            self._check(node.value, is_inside=True)
        elif isinstance(node, (ast.BinOp, ast.UnaryOp)) and type(node.op) in _ARITHMETIC:
            for part in (node.left, node.right) if isinstance(node, ast.BinOp) else (node.operand,):
                self._check(part)
        elif isinstance(node, ast.BoolOp):
            for part in node.values:
                self._check(part)
        elif isinstance(node, ast.Compare) and all(type(op) in _ARITHMETIC for op in node.ops):
            for part in (node.left, *node.comparators):
                self._check(part)
        else:
            self._refuse(f"{ast.unparse(node)[:60]} is not taken; calls of LLM_* functions, names, numbers, texts, "
                         "+ - * / ** and comparisons are")  # fmt: skip

    def _function(self, node: ast.Call) -> Declaration:
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        declaration = find(name)
        if declaration is None:
            raise SpecError(
                f"{self.name}: no function {name[:60]}{did_you_mean(name.upper(), [f.name for f in functions()])}"
            )
        names = [argument.name for argument in declaration.arguments]
        if len(node.args) > len(names):
            self._refuse(f"{declaration.name} takes at most {len(names)} arguments")
        for keyword in node.keywords:
            if keyword.arg not in names[len(node.args) :]:
                self._refuse(f"{declaration.name} has no argument {keyword.arg} to be named here")
        return declaration

    def _refuse(self, sentence: str) -> None:
        raise SpecError(f"{self.name}: {sentence}")


def _cell(node: ast.Subscript) -> tuple[Any, Any]:
    """The row and the header that a cell of a table is named by."""
    try:
        named = ast.literal_eval(node.slice)
    except ValueError:
        named = None
    if not isinstance(named, tuple) or len(named) != 2:
        raise SpecError(f'{ast.unparse(node)[:80]}: a cell is named ["row", "header"] or [1, "header"]')
    return named


def _pick(row: Any, header: Any) -> Callable[[Any], Any]:
    """What takes a cell of a table."""

    def pick(table: Any) -> Any:
        if not isinstance(table, Table):
            raise CalcError("#VALUE!", f"gives no table to take {row}, {header} of")
        if header not in table[0]:
            raise CalcError("#VALUE!", f"its table has no column {header}: {', '.join(map(str, table[0]))}")
        column = table[0].index(header)
        if type(row) is int:
            found = table[row] if 0 < row < len(table) else None
        else:
            found = next((cells for cells in table[1:] if cells[0] == row), None)
        if found is None:
            raise CalcError("#N/A", f"its table has no row {row}")
        if isinstance(found[column], CalcError):
            raise found[column]
        return found[column]

    return pick


def _value(result: Any) -> Any:
    """A result that is no table: of a function with a field, the row that has none has one."""
    if isinstance(result, Table):
        raise CalcError("#VALUE!", "gives a table where its field is blank")
    return result


class _Evaluation:
    def __init__(self, columns: Mapping[str, Values], n: int, tables: dict[str, Answers]) -> None:
        self.columns, self.n, self.tables = columns, n, tables

    def of(self, node: ast.AST) -> Values:
        if isinstance(node, ast.Name):
            return self.columns[node.id]
        if isinstance(node, ast.Constant):
            return Values(node.value, {})
        if isinstance(node, ast.Subscript):
            assert isinstance(node.value, ast.Call)
            return self._call(node.value, _cell(node))
        if isinstance(node, ast.Call):
            return self._call(node, None)
        if isinstance(node, ast.BinOp):
            return self._operator(node.op, [self.of(node.left), self.of(node.right)])
        if isinstance(node, ast.UnaryOp):
            return self._operator(node.op, [self.of(node.operand)])
        if isinstance(node, ast.BoolOp):
            found = self.of(node.values[0])
            for part in node.values[1:]:
                found = self._operator(node.op, [found, self.of(part)])
            return found
        assert isinstance(node, ast.Compare)
        sides = [self.of(side) for side in (node.left, *node.comparators)]
        found = self._operator(node.ops[0], sides[:2])
        for op, left, right in zip(node.ops[1:], sides[1:], sides[2:], strict=False):
            found = self._operator(ast.And(), [found, self._operator(op, [left, right])])
        return found

    def _operator(self, op: ast.AST, sides: list[Values]) -> Values:
        apply = _ARITHMETIC[type(op)]
        found, errors = None, {}
        with numpy.errstate(all="ignore"):
            if isinstance(op, ast.cmpop):
                operands = [_as_operand(side.data) for side in sides]
                if isinstance(op, (ast.Eq, ast.NotEq)) or all(map(_is_text, operands)):
                    with suppress(TypeError):  # a text below a blank
                        found = apply(*operands)
            if found is None:
                numbers = [as_numbers(side.data, self.n) for side in sides]
                found = apply(*[data for data, _ in numbers])
                errors = {row: text for _, texts in numbers for row, text in texts.items()}
        errors |= {row: text for side in sides for row, text in side.errors.items()}
        if found.dtype == float:
            found = numpy.broadcast_to(found, (self.n,))
            for row in numpy.flatnonzero(~numpy.isfinite(found)).tolist():
                errors.setdefault(row, "#NUM! has no finite result")
        return Values(found, errors)

    def _call(self, node: ast.Call, cell: tuple[Any, Any] | None) -> Values:
        assert isinstance(node.func, ast.Name)
        declaration = find(node.func.id)
        assert declaration is not None
        names = [argument.name for argument in declaration.arguments]
        given = {**dict(zip(names, node.args, strict=False)), **{str(k.arg): k.value for k in node.keywords}}
        values = {name: self.of(part) for name, part in given.items()}
        errors = {row: text for value in values.values() for row, text in value.errors.items()}
        rows = None
        if errors:  # an error is passed on as it is, and nothing is calculated of it
            rows = numpy.setdiff1d(numpy.arange(self.n), numpy.fromiter(errors, dtype=numpy.int64))
            values = {name: value.at(rows) for name, value in values.items()}
        n = self.n if rows is None else len(rows)
        arguments = [values[name].data if name in values else None for name in names]
        if cell is None:
            return answered(calculate(declaration, arguments, n, _value), self.n, rows, errors)
        pick = _pick(*cell)
        if not declaration.is_search:
            return answered(calculate(declaration, arguments, n, pick), self.n, rows, errors)
        key = ast.dump(node)
        if key not in self.tables:
            self.tables[key] = calculate(declaration, arguments, n)
        picked = Answers(n)
        for row, table in self.tables[key].others.items():
            try:
                picked.put(row, table if isinstance(table, CalcError) else pick(table))
            except CalcError as error:
                picked.put(row, error)
        return answered(picked, self.n, rows, errors)


def answered(answers: Answers, n: int, rows: Any, errors: dict[int, str]) -> Values:
    """Answers for some rows (None: all of them) as a column for all, beside rows that have an error already."""
    place = (lambda row: row) if rows is None else rows.tolist().__getitem__
    texts: dict[int, Any] = {}
    said: dict[int, str] = {}  # of an error that many rows share
    for row, value in answers.others.items():
        if isinstance(value, CalcError):
            errors[place(row)] = said.get(id(value)) or said.setdefault(id(value), f"{value.code} {value}")
        elif isinstance(value, (int, float)):  # TRUE, FALSE, and whole numbers beyond 2^53
            answers.floats[row] = float(value)
        else:
            texts[place(row)] = value
    floats = answers.floats
    if rows is not None:
        floats = numpy.full(n, numpy.nan)
        floats[rows] = answers.floats
    if not texts:
        return Values(floats, errors)
    texts |= {row: shown(float(floats[row])) for row in numpy.flatnonzero(numpy.isfinite(floats)).tolist()}
    values = list(dict.fromkeys(map(str, texts.values())))
    place_of = {text: code for code, text in enumerate(values)}
    codes = numpy.full(n, len(values))
    for row, text in texts.items():
        codes[row] = place_of[str(text)]
    return Values(Words([*values, None], codes), errors)


def _as_operand(data: Any) -> Any:
    """A column as arithmetic and comparisons take it."""
    if isinstance(data, Words):
        is_text = any(isinstance(value, str) for value in data.values)
        return numpy.array(data.values, dtype=object if is_text else float)[data.codes]
    return data if isinstance(data, (numpy.ndarray, str)) else numpy.float64(data)


def _is_text(operand: Any) -> bool:
    return isinstance(operand, str) or operand.dtype == object


def as_numbers(data: Any, n: int) -> tuple[Any, dict[int, str]]:
    """A column of n rows as numbers, and the sentence of each row that has a text or nothing instead."""
    if isinstance(data, str):
        data = Words([data], numpy.zeros(n, dtype=numpy.int64))
    if not isinstance(data, Words):
        return _as_operand(data), {}
    is_number = [isinstance(value, (int, float)) for value in data.values]
    values = numpy.array([value if is_one else numpy.nan for value, is_one in zip(data.values, is_number, strict=True)])
    said = ["a blank" if value is None else shown(value) for value in data.values]
    rows = numpy.flatnonzero(~numpy.array(is_number)[data.codes]).tolist()
    return values[data.codes], {row: f"#VALUE! {said[data.codes[row]]} {NO_NUMBER}" for row in rows}
