"""The derivation of a recorded number: a tree of the quantities that its formulas name.

A row is a quantity with its formula over the quantities one level below it, the same with numbers, its value, unit and
source. Of a branch the side that was taken is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from xlcalc.formula.symbols import CHOSEN, INPUT, LABELLED, LEAF, TERM, Symbol, source_of

AT_LEVEL, IN_ALL = 15, 60  # rows of the first level, and rows where no depth is asked for
_RANK = {"+": 1, "-": 1, "neg": 2, "*": 3, "/": 3, "mod": 3, "^": 5}
_SIGN = {"+": " + ", "-": " - ", "*": " × ", "/": " / ", "mod": " mod ", "^": "^"}
_WORD = {"ceil": "round up", "floor": "round down", "sqrt": "square root", "abs": "absolute"}


class Row(NamedTuple):
    """A quantity of a derivation. `step` numbers it as an outline does: 1.2.1 is part of 1.2."""

    step: str
    quantity: str
    formula: str
    numbers: str
    value: Any
    unit: str
    source: str


def rows(roots: Sequence[tuple[str, Symbol]], depth: int | None, room: int = IN_ALL) -> tuple[list[Row], int]:
    """The rows of results with their names, and how many more there are.

    `depth` levels below the results, 0 for all; None for as many whole levels, and of the next as many quantities with
    their parts, as there is `room` for.
    """
    tree = _Tree([symbol for _, symbol in roots])
    shown = tree.within(depth, room)
    found = []
    for i, (name, root) in enumerate(roots, 1):
        steps = str(i)
        for step, symbol in tree.outline(root, steps, shown):
            quantity = name if step == steps else tree.name(symbol)
            formula, numbers = (
                ("", "") if symbol.op in (INPUT, LEAF) else (tree.text(symbol), tree.text(symbol, numbers=True))
            )
            found.append(Row(step, quantity, formula, numbers, symbol.value, symbol.unit, source_of(symbol)))
    return found, len(tree.parts) - len(shown)


class _Tree:
    """Results and the quantities below them; each stands below the first that needs it."""

    def __init__(self, roots: list[Symbol]) -> None:
        self.roots = roots
        self.parts: dict[Symbol, list[Symbol]] = {}
        self.levels: list[list[Symbol]] = []
        self._names: dict[Symbol, str] = {}
        taken: dict[str, int] = {}
        level = list(dict.fromkeys(roots))
        seen = set(level)
        while level:
            self.levels.append(level)
            below = []
            for symbol in level:
                own = _quantities(symbol)
                self.parts[symbol] = [part for part in own if part not in seen]
                seen.update(own)
                below += self.parts[symbol]
            level = below
        for level in self.levels:
            for symbol in level:
                count = taken[symbol.label] = taken.get(symbol.label, 0) + 1
                self._names[symbol] = symbol.label if count == 1 else f"{symbol.label} ({count})"

    def name(self, symbol: Symbol) -> str:
        return self._names[symbol]

    def within(self, depth: int | None, room: int) -> set[Symbol]:
        """The quantities to show: whole levels, or families of parts as far as there is room."""
        if depth is not None:
            return {symbol for level in (self.levels[: depth + 1] if depth else self.levels) for symbol in level}
        shown = set(self.levels[0])
        for level in self.levels:
            for symbol in level:
                parts = self.parts[symbol]
                if symbol in shown and parts and len(shown) + len(parts) <= room:
                    shown.update(parts)
        return shown

    def outline(self, symbol: Symbol, step: str, shown: set[Symbol]) -> list[tuple[str, Symbol]]:
        """A quantity and what is shown of its parts, numbered."""
        found = [(step, symbol)]
        for i, part in enumerate((p for p in self.parts[symbol] if p in shown), 1):
            found += self.outline(part, f"{step}.{i}", shown)
        return found

    def text(self, symbol: Symbol, *, numbers: bool = False) -> str:
        """The formula of a quantity over the names, or the numbers, of those below it."""

        def name(part: Symbol) -> str:
            return figure(part.value) if numbers else self._names[part]

        if symbol.op == CHOSEN:
            because, *terms = symbol.of
            return because.format(*(name(x) if type(x) is Symbol else figure(x) for x in terms))
        inner = symbol.of[0] if symbol.op == TERM else symbol
        if type(inner) is Symbol and inner.op in LABELLED:
            return name(inner)
        return _expression(inner, name)[0]


def _quantities(symbol: Symbol) -> list[Symbol]:
    """The named quantities that a quantity's formula is over, in its order."""
    found: dict[Symbol, None] = {}
    seen: set[int] = set()

    def visit(x: Any) -> None:
        if type(x) is not Symbol or id(x) in seen:
            return
        seen.add(id(x))
        if x.op in LABELLED:
            found[x] = None
            return
        for y in _taken(x):
            visit(y)

    for x in symbol.of:
        visit(x)
    return list(found)


def _taken(x: Symbol) -> tuple[Any, ...]:
    return x.of


def _expression(x: Any, name: Any) -> tuple[str, int]:
    """Arithmetic as a page prints it, and how tightly it binds."""
    if type(x) is not Symbol:
        return figure(x), 9 if not (isinstance(x, (int, float)) and x < 0) else 2
    if x.op in LABELLED:
        text = name(x)
        return text, 9 if not text.startswith("-") else 2
    if x.op == "neg":
        inner, rank = _expression(x.of[0], name)
        return f"-{inner if rank >= 3 else f'({inner})'}", 2
    if x.op in _RANK:
        rank = _RANK[x.op]
        (a, left), (b, right) = (_expression(y, name) for y in x.of)
        a = a if left >= rank and not (x.op == "^" and left <= 5) else f"({a})"
        strict = x.op in ("-", "/", "mod", "^")
        b = b if right > rank or (right == rank and not strict) else f"({b})"
        return f"{a}{_SIGN[x.op]}{b}", rank
    inside = ", ".join(_expression(y, name)[0] for y in x.of)
    return f"{_WORD.get(x.op, x.op)}({inside})", 9


def figure(value: Any) -> str:
    """A number as a derivation prints it: six digits, powers of ten short.

    >>> figure(989e12), figure(1024), figure(1/3), figure(8030261248), figure(45e10), figure(12345678.9)
    ('9.89e14', '1,024', '0.333333', '8,030,261,248', '4.5e11', '1.23457e7')
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    text = f"{value:.6g}"
    if abs(value) < 1e12 and value == int(value) and not (abs(value) >= 1e9 and float(text) == value):
        return f"{int(value):,}"
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else text
