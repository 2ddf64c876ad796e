"""The derivation of a recorded number: a tree of the quantities that its formulas name.

A row is a quantity with its formula over the quantities one level below it, the same with numbers, its value, unit and
source. Of a branch the side that was taken is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import inf
from typing import Any, NamedTuple

from xlcalc.formula.symbols import INPUT, LABELLED, LEAF, TERM, Symbol, source_of

AT_LEVEL, IN_ALL = 15, 60  # rows of the first level, and rows where no depth is asked for
_GUARD = 1e-9  # that formulas take off before they round up, or add before they round down
FOLLOWS = "follows from its parts"  # the source of a quantity that is no equation of anybody's
_RANK = {"+": 1, "-": 1, "neg": 2, "mod": 2, "*": 3, "/": 3, "^": 5}
_INSIDE = {**_RANK, "mod": 4}  # no two readers agree on how tightly mod binds: what is multiplied stands in parentheses
_SIGN = {"+": " + ", "-": " - ", "*": " × ", "/": " / ", "mod": " mod ", "^": "^"}
_STRICT = frozenset(("-", "/", "^"))
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


def rows(roots: Sequence[tuple[str, Symbol]], depth: int | None, room: int = IN_ALL) -> tuple[list[Row], bool]:
    """The rows of results with their names, and whether there are more.

    `depth` levels below the results, 0 for all; None for as many quantities with their parts, level by level, as there
    is `room` for.
    """
    tree = _Tree([symbol for _, symbol in roots], depth, room)
    found = []
    for i, (name, root) in enumerate(roots, 1):
        steps = str(i)
        for step, symbol in tree.outline(root, steps):
            quantity = name if step == steps else tree.names[symbol]
            formula, numbers = tree.texts.get(symbol, ("", ""))
            source = source_of(symbol) or (FOLLOWS if formula else "")
            found.append(Row(step, quantity, formula, numbers, symbol.value, symbol.unit, source))
    return found, tree.has_more


class _Tree:
    """Results and the quantities below them; each stands below the first that needs it.

    `texts` has the formula of a quantity over the names of those below it, and over their numbers.
    """

    def __init__(self, roots: list[Symbol], depth: int | None, room: int) -> None:
        self.parts: dict[Symbol, list[Symbol]] = {}  # of a quantity, those that are shown
        self.names: dict[Symbol, str] = {}
        self.texts: dict[Symbol, tuple[str, str]] = {}
        self.has_more = False
        self._taken: dict[str, int] = {}
        self._figures: dict[tuple[str, Any], Symbol] = {}
        level = list(dict.fromkeys(roots))
        seen = set(level)
        for root in level:
            self._name(root)
        below = 0
        while level:
            below += 1
            deeper: list[Symbol] = []
            for symbol in level:
                if symbol.op == INPUT or symbol.op == LEAF:
                    continue
                found: dict[Symbol, None] = {}  # the named quantities of its formula, in its order
                self.texts[symbol] = self._formula(symbol, found)
                parts = [part for part in found if part not in seen]
                if not parts:
                    continue
                if len(seen) + len(parts) > room if depth is None else below > depth > 0:
                    self.has_more = True
                    continue
                self.parts[symbol] = parts
                seen.update(parts)
                deeper += parts
            level = deeper

    def _name(self, symbol: Symbol) -> str:
        label = symbol.label
        count = self._taken[label] = self._taken.get(label, 0) + 1
        name = self.names[symbol] = label if count == 1 else f"{label} ({count})"
        return name

    def outline(self, symbol: Symbol, step: str) -> list[tuple[str, Symbol]]:
        """A quantity and what is shown of its parts, numbered."""
        found: list[tuple[str, Symbol]] = []
        waiting = [(step, symbol)]
        while waiting:
            found.append(here := waiting.pop())
            if parts := self.parts.get(here[1]):
                waiting += [(f"{here[0]}.{i}", part) for i, part in enumerate(parts, 1)][::-1]
        return found

    def _formula(self, symbol: Symbol, found: dict[Symbol, None]) -> tuple[str, str]:
        """A formula over names and over numbers; the quantities that are named in it are added to those found."""
        if symbol.op == TERM:
            return self._expression(symbol.of[0], found)[:2]
        because, *terms = symbol.of
        names = [self._expression(x, found)[0] for x in terms]
        numbers = [figure(x.value if type(x) is Symbol else x) for x in terms]
        return because.format(*names), because.format(*numbers)

    def _expression(self, x: Any, found: dict[Symbol, None]) -> tuple[str, str, int]:
        """An operand as a page prints it, with names and with numbers, and how tightly it binds."""
        if type(x) is not Symbol:
            text = _operand(x)
            return text, text, 9
        if x.op in LABELLED:
            if x.op == LEAF:  # the same figure may have been recorded by an earlier derivation and by this one
                x = self._figures.setdefault((x.label, x.value), x)
            found[x] = None
            return self.names.get(x) or self._name(x), _operand(x.value), 9
        return self._arithmetic(x, found)

    def _arithmetic(self, x: Symbol, found: dict[Symbol, None]) -> tuple[str, str, int]:
        op, of = x.op, _printed(x)
        rank = _RANK.get(op)
        a, a_numbers, left = self._expression(of[0], found)
        if rank is None:
            parts = [(a, a_numbers, left), *[self._expression(y, found) for y in of[1:]]]
            word = _WORD.get(op, op)
            return f"{word}({', '.join([p[0] for p in parts])})", f"{word}({', '.join([p[1] for p in parts])})", 9
        if op == "neg":
            return (f"-{a}", f"-{a_numbers}", 2) if left > 2 else (f"-({a})", f"-({a_numbers})", 2)
        b, b_numbers, right = self._expression(of[1], found)
        inside = _INSIDE[op]
        if left < inside or (left == rank and op == "^"):
            a, a_numbers = f"({a})", f"({a_numbers})"
        if right < inside or (right == rank and op in _STRICT):
            b, b_numbers = f"({b})", f"({b_numbers})"
        sign = _SIGN[op]
        return a + sign + b, a_numbers + sign + b_numbers, rank


def _printed(x: Symbol) -> tuple[Any, ...]:
    """The operands as a page prints them: a number of no decimals is no operand of rounding, nor what guards a whole
    number against the last digit of a float."""
    of = x.of
    if x.op == "round" and of[1] == 0:
        return of[:1]
    if (x.op == "ceil" or x.op == "floor") and type(of[0]) is Symbol and of[0].op in ("+", "-"):
        inner = of[0].of
        return inner[:1] if type(inner[1]) is float and inner[1] == _GUARD else of
    return of


@lru_cache(maxsize=4096)
def _operand(value: Any) -> str:
    text = figure(value)
    return f"({text})" if text.startswith("-") else text


@lru_cache(maxsize=4096)
def figure(value: Any) -> str:
    """A number as a derivation prints it: six digits, all those before the point below 1e12, powers of ten short.

    >>> figure(989e12), figure(1024), figure(1/3), figure(45e10), figure(8594703836.2), figure(1024.5)
    ('9.89e14', '1,024', '0.333333', '4.5e11', '8,594,703,836', '1,024.5')
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if value == inf:
        return "unlimited"
    text = f"{value:.6g}"
    size = abs(value)
    if size < 1e12 and not (size >= 1e9 and float(text) == value):
        if size >= 1e5 or value == int(value):
            return f"{value:,.0f}"
        if size >= 1e3:
            return f"{value:,.6g}"
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else text
