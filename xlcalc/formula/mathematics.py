"""Mathematics of an open formula: an equation for the result and for each quantity that its author named.

As LaTeX for papers and pages that typeset it, as MathML for a browser.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any, NamedTuple

from xlcalc.formula.symbols import INPUT, TERM, Symbol

MOST = 12  # equations of a page
_RANK = {"=": 0, "<>": 0, "<": 0, "<=": 0, ">": 0, ">=": 0, "+": 1, "-": 1, "neg": 2, "mod": 2, "*": 3, "/": 4, "^": 5}


class Dialect(NamedTuple):
    """How a notation writes a name, a number and each form of expression."""

    name: Callable[[str], str]
    number: Callable[[str], str]
    row: Callable[[str, str, str], str]  # left, sign, right
    prefix: Callable[[str], str]  # a minus before
    fraction: Callable[[str, str], str]
    power: Callable[[str, str], str]
    fenced: Callable[[str, str, str], str]  # opening, inside, closing
    call: Callable[[str, Sequence[str]], str]
    root: Callable[[str], str]
    cases: Callable[[str, str, str], str]  # condition, value, other value
    signs: dict[str, str]


LATEX = Dialect(
    name=lambda text: rf"\text{{{text.replace('_', ' ').replace('%', chr(92) + '%')}}}",
    number=lambda text: text,
    row=lambda a, sign, b: f"{a} {sign} {b}",
    prefix=lambda a: f"-{a}",
    fraction=lambda a, b: rf"\frac{{{a}}}{{{b}}}",
    power=lambda a, b: f"{{{a}}}^{{{b}}}",
    fenced=lambda opening, a, closing: rf"\left{opening} {a} \right{closing}",
    call=lambda name, parts: rf"\operatorname{{{name}}}\left( {', '.join(parts)} \right)",
    root=lambda a: rf"\sqrt{{{a}}}",
    cases=lambda condition, a, b: (
        rf"\begin{{cases}} {a} & {condition} \\ {b} & \text{{otherwise}} \end{{cases}}"
    ),
    signs={"*": r"\cdot", "<=": r"\le", ">=": r"\ge", "<>": r"\ne", "mod": r"\bmod", "[": r"\lceil", "]": r"\rceil",
           "_": r"\lfloor", "|": r"\rfloor"},
)  # fmt: skip


def _mo(sign: str) -> str:
    return f"<mo>{escape(sign)}</mo>"


def _row(*parts: str) -> str:
    return f"<mrow>{''.join(parts)}</mrow>"


MATHML = Dialect(
    name=lambda text: f"<mi>{escape(text.replace('_', ' '))}</mi>",
    number=lambda text: f"<mn>{text}</mn>",
    row=lambda a, sign, b: _row(a, _mo(sign), b),
    prefix=lambda a: _row(_mo("-"), a),
    fraction=lambda a, b: f"<mfrac>{a}{b}</mfrac>",
    power=lambda a, b: f"<msup>{a}{b}</msup>",
    fenced=lambda opening, a, closing: _row(_mo(opening), a, _mo(closing)),
    call=lambda name, parts: _row(f"<mi>{name}</mi>", _mo("("), _mo(",").join(parts), _mo(")")),
    root=lambda a: f"<msqrt>{a}</msqrt>",
    cases=lambda condition, a, b: _row(
        _mo("{"),
        f"<mtable><mtr><mtd>{a}</mtd><mtd>{condition}</mtd></mtr>"
        f"<mtr><mtd>{b}</mtd><mtd><mtext>otherwise</mtext></mtd></mtr></mtable>",
    ),
    signs={"*": "⋅", "<=": "≤", ">=": "≥", "<>": "≠", "[": "⌈", "]": "⌉", "_": "⌊", "|": "⌋"},
)


def equations(name: str, root: Symbol, dialect: Dialect) -> list[str]:
    """The result's equation, then one for each named quantity that it needs, as many as a page holds.

    >>> from xlcalc.formula.arithmetic import term
    >>> from xlcalc.formula.symbols import labelled, recording
    >>> with recording(open=True) as nodes:
    ...     n = labelled(nodes, INPUT, ("n",), 3, "n", "", "")
    ...     formula = term("half", n / 2, "tokens") ** 2
    >>> for line in equations("result", formula, LATEX): print(line)
    \\text{result} = {\\text{half}}^{2}
    \\text{half} = \\frac{\\text{n}}{2}
    """
    writer = _Writer(dialect)
    inner = root.of[0] if root.op == TERM and type(root.of[0]) is Symbol else root
    lines = [dialect.row(dialect.name(name), "=", writer.of(inner)[0])]
    while writer.waiting and len(lines) < MOST:
        symbol = writer.waiting.pop(0)
        lines.append(dialect.row(dialect.name(symbol.label), "=", writer.of(symbol.of[0])[0]))
    return lines


class _Writer:
    def __init__(self, dialect: Dialect) -> None:
        self.dialect, self.waiting = dialect, list[Symbol]()
        self._met: set[Symbol] = set()

    def of(self, x: Any) -> tuple[str, int]:
        """An expression, and how tightly it binds."""
        d = self.dialect
        if type(x) is not Symbol:
            return d.number(f"{x:.6g}"), 9 if not isinstance(x, (int, float)) or x >= 0 else 2
        if x.op == INPUT:
            return d.name(x.label), 9
        if x.op == TERM:
            if x not in self._met:
                self._met.add(x)
                self.waiting.append(x)
            return d.name(x.label), 9
        parts = [self.of(y) for y in x.of]
        texts = [text for text, _ in parts]
        sign = d.signs.get(x.op, x.op)
        if x.op == "/":
            return d.fraction(*texts), 4
        if x.op == "^":
            return d.power(self._in(parts[0], 6), texts[1]), 5
        if x.op == "neg":
            return d.prefix(self._in(parts[0], 3)), 2
        if x.op in _RANK:
            rank = _RANK[x.op]
            inside = 4 if x.op == "mod" else rank  # no two readers agree on how tightly it binds
            right = self._in(parts[1], inside + (x.op == "-"))
            return d.row(self._in(parts[0], inside), sign, right), rank
        if x.op in ("ceil", "floor"):
            opening, closing = ("[", "]") if x.op == "ceil" else ("_", "|")
            return d.fenced(d.signs[opening], texts[0], d.signs[closing]), 9
        if x.op == "sqrt":
            return d.root(texts[0]), 9
        if x.op == "if":
            refused = type(x.of[2]) is Symbol and x.of[2].op == "refused"
            return (texts[1], parts[1][1]) if refused else (d.cases(*texts), 9)
        return d.call(x.op, texts), 9

    def _in(self, part: tuple[str, int], rank: int) -> str:
        text, own = part
        return text if own >= rank else self.dialect.fenced("(", text, ")")
