"""Excel text of an open formula: `_xlfn.LAMBDA` over its parameters, what is used twice or has a name in `_xlfn.LET`.

The text is what a workbook stores in a defined name, without a leading `=`: parameters and names are `_xlpm.x`, an
optional parameter is declared `_xlop.x`. Numbers have the 15 digits that Excel keeps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from xlcalc.formula.symbols import INPUT, TERM, Symbol

LARGEST = 9.99999999999999e307  # a number that Excel takes: where nothing limits
LIMIT, NESTING, NAMES = 8192, 64, 120  # characters of a formula, levels of nesting, names of a LET (253 arguments)
_RANK = {"=": 1, "<>": 1, "<": 1, "<=": 1, ">": 1, ">=": 1, "+": 2, "-": 2, "*": 3, "/": 3, "^": 4, "neg": 5}
_CALL = {"min": "MIN", "max": "MAX", "abs": "ABS", "sqrt": "SQRT", "ln": "LN", "exp": "EXP", "if": "IF", "and": "AND",
         "or": "OR", "mod": "MOD", "round": "ROUND", "floor": "INT",
         "row": "_xlfn.HSTACK", "rows": "_xlfn.VSTACK"}  # fmt: skip
_DEEP = 20  # levels after which an expression gets a name of its own
_CELL = re.compile(r"[a-z]{1,3}\d+|[rc]\d*|r\d*c\d*")


class Parameter(NamedTuple):
    """A parameter of the LAMBDA; `default` is what a blank or missing one means, None where it is required."""

    name: str
    default: float | str | None = None


def lambda_text(root: Symbol, parameters: Sequence[Parameter]) -> str:
    """The text of a formula. Raises ValueError where it is longer than Excel takes."""
    for terms in (True, False):  # names for what the author named, or for what is used twice alone
        text = _Text(root, parameters, terms).lambda_text()
        if len(text) <= LIMIT:
            return text
    raise ValueError(f"takes {len(text):,} characters, more than Excel's {LIMIT:,}")


def steps(root: Symbol, taken: Iterable[str]) -> tuple[list[tuple[str, str]], str]:
    """A formula of any length as the names of LET, none of those taken, with their texts, and the text of the
    result."""
    return _Text(root, [Parameter(one) for one in taken], terms=False).steps()


def inputs(root: Any) -> dict[str, Symbol]:
    """What a formula reads: arguments and columns by name, in the order in which they are met."""
    found: dict[str, Symbol] = {}
    seen: set[int] = set()
    stack = [root]
    while stack:
        x = stack.pop()
        if type(x) is Symbol and id(x) not in seen:
            seen.add(id(x))
            if x.op == INPUT:
                if found.setdefault(x.of[0], x) is not x:
                    raise ValueError(f"reads two columns of the name {x.of[0]}")
            else:
                stack.extend(reversed(x.of))
    return found


@lru_cache(maxsize=4096)  # a formula has hundreds of labels, and a kit thousands of formulas of the same
def name(label: str) -> str:
    """A label as LET and LAMBDA take it: nothing that looks like a cell.

    >>> name("tokens of a micro-batch"), name("tp"), name("tp8"), name("r"), name("2:4")
    ('tokens_of_a_micro_batch', 'tp', 'tp8_', 'r_', 'n_2_4')
    """
    text = re.sub(r"\W+", "_", label.lower(), flags=re.ASCII).strip("_") or "value"
    text = f"n_{text}" if not text[0].isalpha() else text
    return f"{text}_" if _CELL.fullmatch(text) else text


def number(value: Any) -> str:
    """A constant as it is typed.

    >>> number(0.1), number(8.64e19), number(3), number(True)
    ('0.1', '8.64E+19', '3', 'TRUE')
    """
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, str):  # of a table
        return f'"{value}"'
    return f"{value:.15g}".upper()


class _Text:
    """One rendering of a formula: which nodes have names, and the text of each."""

    def __init__(self, root: Symbol, parameters: Sequence[Parameter], terms: bool) -> None:
        self._root, self._parameters, self._terms = root, parameters, terms
        self._taken = {name(p.name) for p in parameters}
        self._names: dict[Symbol, str] = {}
        self._lets: list[tuple[str, str]] = []
        self._uses: dict[Symbol, int] = {}
        self._count(root)

    def steps(self) -> tuple[list[tuple[str, str]], str]:
        """The names of LET with their texts, each of which reads those before it, and the text of the result."""
        body = self._of(self._root, inline=True)[0]
        return self._lets, body

    def lambda_text(self) -> str:
        for p in self._parameters:
            if p.default is not None:
                own = f"_xlpm.{name(p.name)}"
                blank = number(p.default) if not isinstance(p.default, str) else f'"{p.default}"'
                used = self._fresh(f"{p.name}_or_default")
                text = f'IF(_xlfn.ISOMITTED({own}),{blank},IF({own}="",{blank},{own}))'
                self._lets.append((used, text))
                self._defaulted[p.name] = f"_xlpm.{used}"
        body = self._of(self._root, inline=True)[0]
        declared = [f"{'_xlpm' if p.default is None else '_xlop'}.{name(p.name)}" for p in self._parameters]
        while self._lets:  # a LET takes so many names; what is beyond stands in one inside it
            last = self._lets[-NAMES:]
            del self._lets[-NAMES:]
            body = f"_xlfn.LET({''.join(f'_xlpm.{n},{text},' for n, text in last)}{body})"
        return f"_xlfn.LAMBDA({','.join([*declared, body])})"

    @property
    def _defaulted(self) -> dict[str, str]:
        return self.__dict__.setdefault("defaulted", {})

    def _count(self, root: Symbol) -> None:
        stack = [root]
        while stack:
            for y in stack.pop().of:
                if type(y) is Symbol:
                    if y not in self._uses:
                        stack.append(y)
                    self._uses[y] = self._uses.get(y, 0) + 1

    def _fresh(self, label: str) -> str:
        wanted = candidate = name(label)
        n = 1
        while candidate in self._taken:
            n += 1
            candidate = f"{wanted}_{n}" if not wanted.endswith("_") else f"{wanted}{n}_"
        self._taken.add(candidate)
        return candidate

    def _of(self, x: Any, inline: bool = False) -> tuple[str, int, int]:
        """The text of a node, how tightly it binds, and how deep it is."""
        if type(x) is not Symbol:
            text = number(x)
            return text, 5 if text.startswith("-") else 9, 0
        if x in self._names:
            return self._names[x], 9, 0
        if x.op == INPUT:
            return self._defaulted.get(x.of[0], f"_xlpm.{name(x.of[0])}"), 9, 0
        if x.op == TERM:
            inner = x.of[0]
            found = self._of(inner, inline=True)
            wanted = self._terms or self._uses.get(x, 0) > 1
            if inline or not wanted or type(inner) is not Symbol or inner in self._names or inner.op == INPUT:
                return found
            return self._named(x, x.label, found[0])
        text, rank, depth = self._expression(x)
        shared = self._uses.get(x, 0) > 1 and len(text) > 12
        if not inline and (shared or depth > _DEEP):
            return self._named(x, "part", text)
        return text, rank, depth

    def _named(self, x: Symbol, label: str, text: str) -> tuple[str, int, int]:
        own = self._fresh(label)
        self._lets.append((own, text))
        self._names[x] = f"_xlpm.{own}"
        return self._names[x], 9, 0

    def _expression(self, x: Symbol) -> tuple[str, int, int]:
        op = x.op
        parts = [self._of(y) for y in x.of]
        depth = 1 + max((d for _, _, d in parts), default=0)
        if op in ("ceil", "neg"):
            text, rank, _ = parts[0]
            if op == "ceil":  # INT goes down, also below zero
                return f"-INT(-{text if rank > 5 else f'({text})'})", 5, depth + 1
            return f"-{text if rank > 5 else f'({text})'}", 5, depth
        if op == "refused" or op.startswith("#"):
            return "#NUM!" if op == "refused" else op, 9, 0
        if op == "log2":
            return f"LOG({parts[0][0]},2)", 9, depth
        if op in _RANK:
            rank = _RANK[op]
            (a, left, _), (b, right, _) = parts
            a = f"({a})" if left < rank or (op in ("^", "=", "<>", "<", "<=", ">", ">=") and left <= 5) else a
            tight = op in ("-", "/", "^", "=", "<>", "<", "<=", ">", ">=")
            b = f"({b})" if right < rank or right == 5 or (right == rank and tight) else b
            return f"{a}{op}{b}", rank, depth
        return f"{_CALL.get(op, op)}({','.join(text for text, _, _ in parts)})", 9, depth


def typed(text: str) -> str:
    """The stored text as it is typed into the name manager: without prefixes, optional parameters in brackets.

    >>> typed("_xlfn.LAMBDA(_xlpm.a,_xlop.b,_xlpm.a+_xlpm.b)")
    'LAMBDA(a,[b],a+b)'
    """
    return re.sub(r"_xlop\.(\w+)", r"[\1]", text).replace("_xlfn.", "").replace("_xlpm.", "")


def parameters_of(arguments: Sequence[tuple[str, Any]], columns: Mapping[str, Any]) -> list[Parameter]:
    """Arguments with their defaults, then columns: a required parameter cannot follow an optional one in Excel, so
    columns come first where there are defaults."""
    wanted = [Parameter(n) for n in columns]
    required = [Parameter(n) for n, default in arguments if default is None]
    return [*required, *wanted, *(Parameter(n, default) for n, default in arguments if default is not None)]
