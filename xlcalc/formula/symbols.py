"""Symbols: numbers that remember how they came about.

A symbol is a node of an expression with its value. Nodes are interned: the same operator over the same operands is one
node, so that what is used twice is computed, named and shown once. Symbols exist inside `recording` alone, of one
thread; numbers elsewhere are plain.

Three ways to record. `recording()` follows one call: every symbol has its value, and a branch takes the side that the
value says. `recording(open=True)` keeps what is asked for open: both sides of a branch are recorded, and a truth value
cannot be asked for. With `guards` it can: what the formula asked of open numbers, and what it was told, is written down
there, and the formula that is recorded holds wherever the same answers would be given (`arrays.py`). Records of numbers
then stay plain.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import get_ident
from typing import Any, TypeAlias

COMPUTE: dict[str, Callable[..., Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "^": operator.pow,
    "mod": operator.mod, "min": min, "max": max, "ceil": math.ceil, "floor": math.floor, "round": round,
    "abs": abs, "sqrt": math.sqrt, "ln": math.log, "log2": math.log2, "exp": math.exp, "neg": operator.neg,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "<>": operator.ne,
    "and": lambda *all_of: all(all_of), "or": lambda *any_of: any(any_of),
    "refused": lambda condition: math.nan,
    "if": lambda condition, yes, no: yes if condition else no,
}  # fmt: skip
INPUT, LEAF, TERM, CHOSEN = "input", "leaf", "term", "chosen"
LABELLED = frozenset((INPUT, LEAF, TERM, CHOSEN))


MOST_GUARDS = 256
Guard: TypeAlias = "tuple[Symbol, Any]"  # what was asked, and the answer: a truth value, or a number


class Recording(dict[Any, "Symbol"]):
    """The nodes of one recording by operator and operands. A symbol is hashed by what it is, so that no comparison of
    two of them is recorded here."""

    def __init__(self, *, is_open: bool, guards: list[Guard] | None = None) -> None:
        super().__init__()
        self.is_open, self.guards = is_open, guards

    def ask(self, symbol: Symbol, answer: Any) -> Any:
        """The answer, written down among the guards."""
        assert self.guards is not None
        if len(self.guards) >= MOST_GUARDS:
            raise TypeError(f"asks more than {MOST_GUARDS} things of its numbers: a search")
        self.guards.append((symbol, answer))
        return answer


class Symbol:
    """A node: its operator, its operands (symbols, numbers), its value; a label, unit and source where it has them.

    An `input` is an argument or a column, its name as operand; a `leaf` a figure with its source; a `term` a quantity
    that its author named; `chosen` what a search found, its first operand a sentence that says why.
    """

    __slots__ = ("label", "nodes", "of", "op", "source", "unit", "value")

    def __init__(
        self,
        nodes: Recording,
        op: str,
        of: tuple[Any, ...],
        value: Any,
        label: str = "",
        unit: str = "",
        source: str | Callable[[], str] = "",
    ) -> None:
        self.nodes = nodes
        self.op = op
        self.of = of
        self.value = value
        self.label = label
        self.unit = unit
        self.source = source

    def __repr__(self) -> str:
        return f"<{self.op} {self.label} {self.value!r}>"

    def __add__(self, other: Number) -> Symbol:
        return self if type(other) is not Symbol and other == 0 else _two("+", self, other)

    def __radd__(self, other: Number) -> Symbol:
        return self if other == 0 else _two("+", other, self)

    def __sub__(self, other: Number) -> Symbol:
        return self if type(other) is not Symbol and other == 0 else _two("-", self, other)

    def __rsub__(self, other: Number) -> Symbol:
        return _two("-", other, self)

    def __mul__(self, other: Number) -> Any:
        if type(other) is not Symbol and (other == 1 or other == 0):
            return self if other == 1 else 0
        return _two("*", self, other)

    def __rmul__(self, other: Number) -> Any:
        if other == 1 or other == 0:
            return self if other == 1 else 0
        return _two("*", other, self)

    def __truediv__(self, other: Number) -> Symbol:
        return self if type(other) is not Symbol and other == 1 else _two("/", self, other)

    def __rtruediv__(self, other: Number) -> Any:
        return 0 if other == 0 else _two("/", other, self)

    def __floordiv__(self, other: Number) -> Symbol:
        return node("floor", node("/", self, other))

    def __rfloordiv__(self, other: Number) -> Symbol:
        return node("floor", node("/", other, self))

    def __mod__(self, other: Number) -> Symbol:
        return node("mod", self, other)

    def __rmod__(self, other: Number) -> Symbol:
        return node("mod", other, self)

    def __pow__(self, other: Number) -> Symbol:
        return self if type(other) is not Symbol and other == 1 else _two("^", self, other)

    def __rpow__(self, other: Number) -> Symbol:
        return node("^", other, self)

    def __neg__(self) -> Symbol:
        return node("neg", self)

    def __abs__(self) -> Symbol:
        return node("abs", self)

    def __ceil__(self) -> Symbol:
        return node("ceil", self)

    def __floor__(self) -> Symbol:
        return node("floor", self)

    def __round__(self, digits: int = 0) -> Symbol:
        return node("round", self, digits)

    def __lt__(self, other: Number) -> Any:
        return _compared("<", self, other)

    def __le__(self, other: Number) -> Any:
        return _compared("<=", self, other)

    def __gt__(self, other: Number) -> Any:
        return _compared(">", self, other)

    def __ge__(self, other: Number) -> Any:
        return _compared(">=", self, other)

    def __eq__(self, other: object) -> Any:
        if self is other:
            return True
        return _compared("=", self, other) if isinstance(other, (int, float, Symbol)) else NotImplemented

    def __ne__(self, other: object) -> Any:
        if self is other:
            return False
        return _compared("<>", self, other) if isinstance(other, (int, float, Symbol)) else NotImplemented

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        return self.nodes.ask(self, bool(self.value)) if self.nodes.guards is not None else bool(self._known())

    def __int__(self) -> int:
        return int(self._known())

    def __float__(self) -> float:
        return float(self._known())

    def __index__(self) -> int:
        return operator.index(self._known())

    def __format__(self, specification: str) -> str:
        return format(self.value, specification)

    def _known(self) -> Any:
        if self.nodes.guards is not None:
            return self.nodes.ask(self, self.value)
        if self.nodes.is_open:
            raise TypeError(f"{self!r} is open: a closed formula asks no symbol for its value; write where()")
        return self.value


Number: TypeAlias = "int | float | Symbol"


def _compared(op: str, a: Symbol, b: Any) -> Any:
    if a.nodes.is_open:
        return node(op, a, b)
    return COMPUTE[op](a.value, b.value if type(b) is Symbol else b)


def node(op: str, *of: Any) -> Symbol:
    """The node of an operator over operands, one of which is a symbol.

    It is interned where this thread records now: symbols of a model or a machine are kept from one recording to the
    next.
    """
    nodes = active()
    if nodes is None:
        nodes = next(x.nodes for x in of if type(x) is Symbol)
    found = nodes.get(key := (op, *of))
    if found is None:
        values = [x.value if type(x) is Symbol else x for x in of]
        found = nodes[key] = Symbol(nodes, op, of, _value(op, values, nodes))
    return found


def _two(op: str, a: Any, b: Any) -> Symbol:
    """`node` of two operands, which most are."""
    nodes = ACTIVE.get(get_ident())
    if nodes is None:
        nodes = a.nodes if type(a) is Symbol else b.nodes
    found = nodes.get(key := (op, a, b))
    if found is None:
        x, y = a.value if type(a) is Symbol else a, b.value if type(b) is Symbol else b
        value = _value(op, (x, y), nodes) if nodes.is_open else COMPUTE[op](x, y)
        found = nodes[key] = Symbol(nodes, op, (a, b), value)
    return found


def _value(op: str, values: Sequence[Any], nodes: Recording) -> Any:
    """The value; of an open formula not a number where the side not taken has none."""
    if not nodes.is_open:
        return COMPUTE[op](*values)
    try:
        return COMPUTE[op](*values)
    except (ArithmeticError, ValueError):
        return math.nan


def labelled(
    nodes: Recording, op: str, of: tuple[Any, ...], value: Any, label: str, unit: str, source: str | Callable[[], str]
) -> Symbol:
    """A node with a label."""
    key = (op, label, value) if op == LEAF else (op, label, of, value if op == INPUT else None)
    found = nodes.get(key)
    if found is None:
        found = nodes[key] = Symbol(nodes, op, of, value, label, unit, source)
    return found


ACTIVE: dict[int, Recording] = {}  # by thread; empty, and so false, unless somebody records


def active() -> Recording | None:
    """The recording of this thread."""
    return ACTIVE.get(get_ident())


@contextmanager
def recording(*, open: bool = False, guards: list[Guard] | None = None) -> Iterator[Recording]:
    """Record what formulas do in this thread."""
    thread, nodes = get_ident(), Recording(is_open=open, guards=guards)
    before = ACTIVE.get(thread)
    ACTIVE[thread] = nodes
    try:
        yield nodes
    finally:
        if before is None:
            del ACTIVE[thread]
        else:
            ACTIVE[thread] = before
        nodes.clear()  # nodes know their recording: without this the two would keep each other alive


@contextmanager
def unrecorded() -> Iterator[None]:
    """Calls inside are no part of what is recorded."""
    before = ACTIVE.pop(get_ident(), None)
    try:
        yield
    finally:
        if before is not None:
            ACTIVE[get_ident()] = before


def operands(symbol: Symbol) -> list[Symbol]:
    """The symbols among a node's operands."""
    return [x for x in symbol.of if type(x) is Symbol]


def source_of(symbol: Symbol) -> str:
    """A node's source as text."""
    return symbol.source if isinstance(symbol.source, str) else symbol.source()
