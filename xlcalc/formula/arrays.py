"""Formulas over NumPy columns: a recorded formula, evaluated for many rows at once.

`recording(open=True, guards=[])` follows the formula once, with the numbers of one row; what the formula asked of open
numbers on its way stands in the guards. Of other rows those that give the same answers take the same way, and the
recorded operators hold for them. NumPy is imported here and by those who import this module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy

from xlcalc.formula.symbols import INPUT, TERM, Guard, Symbol

BLOCK = 8192  # rows at a time: their columns stay in a processor's cache
_MOST_ROUNDED = 2.0**52


def _round(x: Any, digits: float) -> Any:
    """Rounded to so many decimals, but where a number is so large that it has none."""
    return numpy.where(numpy.abs(x) * 10.0**digits < _MOST_ROUNDED, numpy.round(x, int(digits)), x)


_COMPUTE: dict[str, Callable[..., Any]] = {
    "+": numpy.add, "-": numpy.subtract, "*": numpy.multiply, "/": numpy.divide, "^": numpy.power,
    "mod": numpy.mod, "min": numpy.minimum, "max": numpy.maximum, "ceil": numpy.ceil, "floor": numpy.floor,
    "round": _round, "abs": numpy.abs, "sqrt": numpy.sqrt, "ln": numpy.log, "log2": numpy.log2, "exp": numpy.exp,
    "neg": numpy.negative, "<": numpy.less, "<=": numpy.less_equal, ">": numpy.greater, ">=": numpy.greater_equal,
    "=": numpy.equal, "<>": numpy.not_equal, "and": numpy.logical_and, "or": numpy.logical_or, "if": numpy.where,
    "refused": lambda condition: numpy.full(numpy.shape(condition), numpy.nan),
}  # fmt: skip


class Program:
    """Recorded formulas as steps over columns, each operator once."""

    def __init__(self, roots: Sequence[Any]) -> None:
        order = _in_order([root for root in roots if type(root) is Symbol])
        self._symbols = order  # kept alive: they are known by their identity
        self.inputs = list(dict.fromkeys(symbol.of[0] for symbol in order if symbol.op == INPUT))
        self._place: dict[int, int] = {}  # of a node, the column that holds it
        self._steps: list[tuple[Callable[..., Any], list[tuple[bool, Any]], bool]] = []
        for symbol in order:
            if symbol.op == INPUT:
                place = self.inputs.index(symbol.of[0])
            elif symbol.op == TERM:
                place = self._place[id(symbol.of[0])]
            else:
                place = len(self.inputs) + len(self._steps)
                self._steps.append((_COMPUTE[symbol.op], [*map(self._operand, symbol.of)], symbol.op == "if"))
            self._place[id(symbol)] = place
        self._roots = [self._operand(root) for root in roots]

    def __call__(self, columns: Mapping[str, Any], n: int) -> tuple[list[Any], Any]:
        """The column of each root, and where all of them are what the formula gives.

        A row where something on its way is not finite is marked, since plain numbers would have raised there.
        """
        found = [numpy.empty(n) for _ in self._roots]
        sound = numpy.ones(n, dtype=bool)
        for start in range(0, n, BLOCK):
            part = slice(start, min(start + BLOCK, n))
            given = [columns[name][part] for name in self.inputs]
            size = part.stop - start
            try:
                with numpy.errstate(divide="raise", over="raise", invalid="raise", under="ignore"):
                    values, broken = self._run(given, size), None
            except FloatingPointError:
                with numpy.errstate(all="ignore"):
                    values, broken = self._run_marked(given, size)
            for column, (is_place, of) in zip(found, self._roots, strict=True):
                column[part] = values[of] if is_place else of
                sound[part] &= numpy.isfinite(column[part])
                if broken is not None and is_place:
                    sound[part] &= ~broken[of]
        return found, sound

    def _run(self, given: list[Any], size: int) -> list[Any]:
        values = list(given)
        for compute, of, _ in self._steps:
            values.append(compute(*[values[x] if is_place else x for is_place, x in of]))
        return values

    def _run_marked(self, given: list[Any], size: int) -> tuple[list[Any], list[Any]]:
        """The same with a mark for each row where an operand has no finite value; a branch not taken is none."""
        values, broken = list(given), [numpy.zeros(size, dtype=bool) for _ in given]
        clean = numpy.zeros(size, dtype=bool)
        for compute, of, is_branch in self._steps:
            operands = [values[x] if is_place else x for is_place, x in of]
            marks = [broken[x] if is_place else clean for is_place, x in of]
            value = compute(*operands)
            if is_branch:
                mark = marks[0] | numpy.where(operands[0], marks[1], marks[2])
            else:
                mark = numpy.logical_or.reduce(marks) | ~numpy.isfinite(value)
            values.append(value)
            broken.append(mark)
        return values, broken

    def _operand(self, x: Any) -> tuple[bool, Any]:
        if type(x) is Symbol:
            return True, self._place[id(x)]
        return False, x if isinstance(x, bool) else float(x)


def _in_order(roots: Sequence[Symbol]) -> list[Symbol]:
    """The nodes of formulas, operands before what is made of them."""
    order: list[Symbol] = []
    seen: set[int] = set()
    waiting = [(root, False) for root in roots]
    while waiting:
        symbol, is_done = waiting.pop()
        if is_done:
            order.append(symbol)
        elif id(symbol) not in seen:
            seen.add(id(symbol))
            waiting.append((symbol, True))
            waiting += [(x, False) for x in symbol.of if type(x) is Symbol]
    return order


def hold(guards: Sequence[Guard], columns: Mapping[str, Any], n: int) -> Any:
    """Where the numbers of a row give the answers that were given when the formula was recorded."""
    if not guards:
        return numpy.ones(n, dtype=bool)
    found, same = Program([symbol for symbol, _ in guards])(columns, n)
    for values, (_, answer) in zip(found, guards, strict=True):
        same &= (values != 0) == answer if isinstance(answer, bool) else values == answer
    return same
