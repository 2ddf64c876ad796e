"""One formula for every row and word: what the renderings of many calls have in common, and the numbers they differ in.

A rendering is a text with slots: constants and columns. Calls with the same text share a formula, in which a slot is a
constant where all calls have the same number, a number of the words where it follows from them, a column of a catalog
where it follows from its row. What differs by two rows at once has no such formula.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from xlcalc.formula import excel
from xlcalc.formula.symbols import COMPUTE, INPUT, LABELLED, Symbol
from xlcalc.language.declare import Declaration, Table
from xlcalc.language.errors import CalcError
from xlcalc.language.renderings import opened

from .cases import CATALOGS, COUNT, Asked, Case, ids

_BASES = {
    "accelerators": ("h100-sxm", "b200", "a100-sxm-80gb", "mi300x", "rtx-4090"),
    "models": ("llama-3.1-8b", "deepseek-v3"),
}  # fmt: skip
_SLOT = re.compile(r'("[^"]*"|_xlpm\.\w+|(?<![\w.])\d+(?:\.\d+)?(?:E[+-]?\d+)?(?![\w.(]))')
_HEAD = re.compile(r"_xlfn\.LAMBDA\((?:_xlpm\.\w+,)*")
_FACTORS = (1.0, 1.25, 0.6, 3.0)
"""Factors of the numbers with which a formula is tried against its function."""


MOST_SHAPES = 40
"""Formulas of one function."""


class NotClosed(Exception):
    """A function that no formula over columns stands for."""


class Shape(NamedTuple):
    """A text with slots: the pieces between them, and what each slot is."""

    pieces: tuple[str, ...]
    slots: tuple[str, ...]
    """An argument's name; a column's number after `:`, in the order in which they are met; nothing for a constant."""


class Call(NamedTuple):
    """What a call renders to: its shape, what stands in each slot, and what its columns are called."""

    shape: Shape
    values: tuple[Any, ...]
    columns: tuple[str, ...] = ()


Seen: TypeAlias = Call | CalcError
"""What a call renders to, or why it has no result."""


class Rendered(NamedTuple):
    """A function's renderings by case and by the row of each axis that names one: the others at their first row."""

    asked: Asked
    cases: list[Case]
    seen: dict[tuple[int, int, str], Seen]
    """By case, axis (-1 where no row is named) and row."""


def rendered(asked: Asked, rows: Callable[[str], Sequence[str]] = ids) -> Rendered:
    """The renderings of every case and row. Raises NotClosed where one is none."""
    cases: list[Case] = []
    found = Rendered(asked, cases, {})
    shapes: set[Shape] = set()
    catalogs = [CATALOGS[axis.argument.name] for axis in asked.rows]
    for case in list(asked.cases()):
        open_rows = [i for i, axis in enumerate(asked.rows) if case.arguments[asked.axes.index(axis)] is None]
        bases = first_rows(asked, case)
        if not open_rows or cases:
            try:
                render(asked, case, bases)
            except NotClosed:  # a choice of words that has no formula is left out
                if not cases:
                    raise
                continue
        cases.append(case)
        number = len(cases) - 1
        if not open_rows:
            found.seen[number, -1, ""] = render(asked, case, bases)
        for axis in open_rows:
            for row in rows(catalogs[axis]):
                at = tuple(row if i == axis else base for i, base in enumerate(bases))
                found.seen[number, axis, row] = seen = render(asked, case, at)
                shapes |= {seen.shape} if isinstance(seen, Call) else set()
                if len(shapes) > MOST_SHAPES:
                    raise NotClosed(f"{asked.declaration.name} has more than {MOST_SHAPES} formulas")
    return found


def first_rows(asked: Asked, case: Case) -> tuple[str, ...]:
    """Rows with which the call has a result, where there are such."""
    catalogs = [CATALOGS[axis.argument.name] for axis in asked.rows]
    choices = [_BASES.get(catalog, ids(catalog)[:3]) for catalog in catalogs]
    for row in range(max(map(len, choices), default=0)):
        bases = tuple(choice[min(row, len(choice) - 1)] for choice in choices)
        if not isinstance(_outcome(asked.declaration, call(asked, case, bases)), CalcError):
            return bases
    return tuple(choice[0] for choice in choices)


def call(asked: Asked, case: Case, rows: Sequence[str]) -> list[Any]:
    """The arguments of a case with rows named."""
    names = iter(rows)
    given = []
    for axis, value in zip(asked.axes, case.arguments, strict=True):
        row = next(names) if axis.reading == "row" else None
        given.append(row if axis.reading == "row" and value is None else value)
    return given


def render(asked: Asked, case: Case, rows: Sequence[str]) -> Seen:
    """What a call renders to. Raises NotClosed where its formula is not one of open numbers."""
    declaration, arguments = asked.declaration, call(asked, case, rows)
    numbers = [value for axis in asked.numbers if (value := case.arguments[asked.axes.index(axis)]) is not None]
    if numbers:
        try:
            result = opened(declaration, arguments)
            if type(result) is Symbol or (isinstance(result, Table) and _symbols(result)):
                return shape(_text(result), _inputs(result), {axis.argument.name for axis in asked.axes})
        except CalcError as error:
            return error
        except (TypeError, ValueError, AttributeError, RecursionError) as error:
            if numbers != [COUNT]:
                raise NotClosed(f"{declaration.name}: {error}") from None
    outcome = _outcome(declaration, arguments)
    if isinstance(outcome, CalcError):
        return outcome
    if isinstance(outcome, Table) or (numbers and outcome != COUNT):
        raise NotClosed(f"{declaration.name} is no formula of one number")
    return Call(Shape(("", ""), ("model" if outcome == COUNT else "",)), (outcome,))


def _symbols(result: Any) -> list[Symbol]:
    """The symbol, or those of a table."""
    return [cell for cell in _cells(result) if type(cell) is Symbol]


def _inputs(result: Any) -> dict[str, Symbol]:
    """What a result reads, by the names that its text has."""
    return {excel.name(n): symbol for root in _symbols(result) for n, symbol in excel.inputs(root).items()}


def _text(result: Any) -> str:
    """A result as Excel text: a LAMBDA's body. Of a table its cells stand in rows, what they share is computed once."""
    if isinstance(result, Table):
        nodes = _symbols(result)[0].nodes
        rows = [Symbol(nodes, "row", tuple("" if one is None else one for one in row), 0) for row in result]
        result = Symbol(nodes, "rows", tuple(rows), 0)
    text = excel.lambda_text(result, [excel.Parameter(name) for name in excel.inputs(result)])
    return _HEAD.sub("", text, count=1)[:-1]


def shape(body: str, inputs: dict[str, Symbol], arguments: set[str]) -> Call:
    """A formula's text with its slots open."""
    pieces: list[str] = []
    slots: list[str] = []
    values: list[Any] = []
    own: dict[str, str] = {}
    columns: dict[str, str] = {}
    piece = ""
    for i, part in enumerate(_SLOT.split(body)):
        name = part.removeprefix("_xlpm.") if i % 2 else ""
        if not i % 2 or part.startswith('"'):
            piece += part
        elif name != part and name not in inputs:  # a name of a LET: numbered, since labels differ by call
            piece += f"_xlpm.{own.setdefault(name, f'n{len(own) + 1}_')}"
        else:
            symbol = inputs.get(name) if name != part else None
            value = float(part) if symbol is None else symbol.value
            if value == COUNT:
                slot = "model"
            elif symbol is None or symbol.of[0] in arguments:
                slot = "" if symbol is None else symbol.of[0]
            else:
                slot = columns.setdefault(symbol.of[0], f":{len(columns)}")
            pieces.append(piece)
            piece = ""
            slots.append(slot)
            values.append(value)
    return Call(Shape((*pieces, piece), tuple(slots)), tuple(values), tuple(columns))


def holds(asked: Asked, case: Case, rows: Sequence[str]) -> bool:
    """Does the formula give what the function gives, also with other numbers? A search in it would choose again."""
    declaration, arguments = asked.declaration, call(asked, case, rows)
    try:
        result = opened(declaration, arguments)
    except (CalcError, ValueError, TypeError, RecursionError):
        return True
    if not _symbols(result):
        return True
    for factor in _FACTORS:
        changed = list(arguments)
        for i, axis in enumerate(asked.axes):
            value, kind = changed[i], axis.argument.kind
            if axis in asked.numbers and type(value) in (int, float) and value != COUNT:
                value = value * factor if value * factor <= getattr(kind, "high", 1e300) else value / factor
                changed[i] = max(1, round(value)) if getattr(kind, "whole", False) else value
        outcome = _outcome(declaration, changed)
        if isinstance(outcome, CalcError):
            continue
        numbers = {a.name: v for a, v in zip(declaration.arguments, declaration.read(changed), strict=True)}
        if not all(_same(one, other, numbers) for one, other in zip(_cells(result), _cells(outcome), strict=True)):
            return False
    return True


def _cells(result: Any) -> list[Any]:
    return [cell for row in result for cell in row] if isinstance(result, Table) else [result]


def _same(formula: Any, value: Any, numbers: dict[str, Any]) -> bool:
    found = evaluate(formula, numbers) if type(formula) is Symbol else formula
    if isinstance(found, (int, float)) and isinstance(value, (int, float)):
        return abs(found - value) <= 1e-12 * abs(value)
    return bool(found == value)


def evaluate(root: Symbol, numbers: dict[str, Any]) -> Any:
    """A formula's value with other numbers in its arguments."""
    known: dict[int, Any] = {}

    def value(x: Any) -> Any:
        if type(x) is not Symbol:
            return x
        if id(x) not in known:
            if x.op == INPUT:
                found = numbers.get(x.of[0])
                known[id(x)] = found if isinstance(found, (int, float)) else x.value
            elif x.op in LABELLED:
                known[id(x)] = value(x.of[0]) if x.of else x.value
            elif x.op == "if":  # the other side may have no value
                known[id(x)] = value(x.of[1] if value(x.of[0]) else x.of[2])
            else:
                known[id(x)] = COMPUTE[x.op](*map(value, x.of))
        return known[id(x)]

    return value(root)


def _outcome(declaration: Declaration, arguments: Sequence[Any]) -> Any:
    try:
        return declaration(*arguments)
    except CalcError as error:
        return error
