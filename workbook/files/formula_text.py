"""Formula text as a file holds it, rewritten so that the engine computes what Excel would.

Five things differ. A custom function may carry the mark of the host that wrote it (`[1]!`, `_xldudf_`,
`ORG.XLCALC.ADDIN.`; docs/formula-text.md). The engine turns a skipped argument into 0, so the text `SKIPPED` stands
in for it. Table references become cell ranges. Names that the engine cannot keep (those with functions of ours,
OFFSET, LAMBDA, constant arrays) are put in place of their use. TEXT with an exponent, which it gets wrong, is a
function of ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple

from .excel_tables import Table, resolve
from .range_functions import TAKE_ARRAYS
from .substitutes import FIT, SCIENTIFIC, is_scientific

SKIPPED = "\ue000skipped"
"""Stands for a skipped argument on its way through the engine; a text that no cell holds."""

_PREFIXES = re.compile(
    r"""\A(?:(?:_xlfn\.|_xlws\.|_xlpm\.|_xlop\.|_xludf\.|_xll\.)+
    |(?:_xldudf_(?:\w+_)?|(?:\w+\.)+)(?=LLM_))  # an Office add-in, with or without namespace; any other namespace
    """,
    re.IGNORECASE | re.VERBOSE,
)
_TOKEN = re.compile(
    r"""
    (?P<text>"(?:[^"]|"")*")
    |(?P<error>\#(?:N/A|(?:[A-Z]+(?:/0)?)[!?]))
    |(?P<word>(?:(?:'(?:[^']|'')*'|\[\d+\][^\W\d][\w.]*|\[\d+\]|[^\W\d][\w.\\?]*)!)?[\w.$\\?]+)
    |(?P<bracket>\[(?:[^\[\]']|'.|\[(?:[^\[\]']|'.)*\])*\])
    |(?P<open>\()|(?P<close>\))|(?P<brace>[{}])|(?P<comma>,)|(?P<space>\s+)|(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_STRUCTURE = re.compile(r"""[({,)}]|"[^"]*"|'[^']*'""")
_NAME_AT_END = re.compile(r"[\w.]*\Z")
_CELL = re.compile(r"\$?[A-Za-z]{1,3}\$?[1-9]\d{0,6}")
_FIXED_CELL = re.compile(r"\$[A-Za-z]{1,3}\$\d+")
_MAX_NESTED_NAMES = 16
_MAX_UNFOLDED = 100_000
"""Characters that the names in one formula may unfold to."""
_OPERATORS = frozenset("+-*/^&=<>")
_SKIPPED_MEANS = {
    "ADDRESS": ("0", "0", "1", "1"), "RANDARRAY": ("1", "1", "0", "1"), "SEQUENCE": ("1", "1", "1", "1"),
}  # fmt: skip
"""What a skipped argument means to functions for which the engines take another value."""

NO_FUNCTION = "not a function that the recalculator knows"
NO_TABLE = "no such table, column or row"


class Token(NamedTuple):
    kind: str
    text: str


_NOTHING = Token("", "")


@dataclass(frozen=True)
class Context:
    """What a workbook's formulas may refer to. Keys are in lower case."""

    functions: Collection[str]
    """Custom functions, in upper case."""
    knows: Callable[[str], bool]
    """Does the engine have this function of Excel's own (in upper case, without prefix)?"""
    exact_knows: Callable[[str], bool] = lambda name: False
    """Does the exact engine have it?"""
    tables: Mapping[str, Table] = field(default_factory=dict)
    inlined: Mapping[str, str] = field(default_factory=dict)
    """Names to be replaced by their definitions."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Names that cannot be replaced either, with the reason."""
    for_exact: bool = False
    """Is it the exact engine that reads the result? It needs nothing but its tables resolved."""


class Rewritten(NamedTuple):
    text: str
    problem: str
    """Why the engine cannot calculate it, or nothing."""
    final: bool = False
    """No engine can."""


def tokens(text: str) -> list[Token]:
    return list(_tokens(text))


@lru_cache(maxsize=512)
def _tokens(text: str) -> tuple[Token, ...]:
    """The same, kept: several questions are asked of each formula."""
    new = tuple.__new__  # calling the class takes twice as long
    return tuple([new(Token, (match.lastgroup, match.group())) for match in _TOKEN.finditer(text)])


def solid_tokens(text: str) -> list[Token]:
    """Its parts without the spaces between them."""
    return [token for token in tokens(text) if token.kind != "space"]


def written(parts: Iterable[Token]) -> str:
    """The text of parts of a formula."""
    return "".join(token.text for token in parts)


def closed_up(parts: list[Token]) -> list[Token]:
    """The tokens without the space that a person may put between a function and its parenthesis."""
    if not any(token.kind == "space" for token in parts):
        return parts
    return [
        token
        for index, token in enumerate(parts)
        if not (
            token.kind == "space"
            and 0 < index < len(parts) - 1
            and parts[index - 1].kind == "word"
            and parts[index + 1].kind == "open"
            and _is_function_name(parts[index - 1].text)
        )
    ]


def _is_function_name(word: str) -> bool:
    return word[0].isalpha() and not _CELL.fullmatch(word)


def called(text: str) -> Iterator[tuple[int, int, str]]:
    """Each function that a formula calls: where its name begins and ends, marks included, and how it is written.

    >>> list(called('SUM([1]!LLM_MODEL(A1))&"LLM_MODEL()"'))
    [(0, 3, 'SUM'), (4, 17, '[1]!LLM_MODEL')]
    """
    start = 0
    parts = tokens(text)
    for token, after in zip(parts, [*parts[1:], _NOTHING], strict=False):
        end = start + len(token.text)
        if token.kind == "word" and after.kind == "open":
            yield start, end, token.text
        start = end


def bare_function(word: str) -> str:
    """A function's name without the marks of where it was entered, in upper case.

    >>> bare_function("[1]!LLM_MODEL"), bare_function("_xlfn._xlws.SORT"), bare_function("_xldudf_NS_LLM_MODEL")
    ('LLM_MODEL', 'SORT', 'LLM_MODEL')
    """
    return _PREFIXES.sub("", word.rpartition("!")[2]).upper()


def rewrite(text: str, context: Context, row: int = 0, own_table: Table | None = None) -> Rewritten:
    """`text` (without `=`) for the engine, for a cell in `row`, inside `own_table` if it lies in one."""
    writer = _Writer(context, row, own_table)
    out = fill_skipped(writer.write(text, 0), context.functions)
    return Rewritten(out, writer.problem, writer.final)


def intersected(text: str) -> str:
    """`text` with implicit intersection, as Excel reads a formula that was not entered as an array: `@` before each
    reference that no function takes, and of what is still an array its first value.

    >>> intersected("A1:A5*2+SUM(B1:B5)")
    'XLCALC.FIT(@A1:A5*2+SUM(B1:B5),1,1)'
    """
    parts = tokens(text)
    out, calls = [], []
    previous = ""
    for position, token in enumerate(parts):
        following = parts[position + 1].text if position + 1 < len(parts) else ""
        if token.kind == "open":
            calls.append(bool(position) and parts[position - 1].kind == "word")
        elif token.kind == "close" and calls:
            calls.pop()
        elif token.kind == "brace":
            calls = [*calls, True] if token.text == "{" else calls[:-1]
        elif token.kind == "word" and not any(calls) and following not in ("(", "#") and previous not in (":", "@"):
            is_value = token.text[0].isdigit() or token.text.upper() in ("TRUE", "FALSE")
            out.append("" if is_value else "@")
        if token.kind != "space":
            previous = token.text
        out.append(token.text)
    return f"{FIT}({''.join(out)},1,1)"


def computes_with_ranges(text: str) -> str:
    """The range that an operator takes in `text` outside the functions that take arrays, if there is one.

    >>> computes_with_ranges("SUM(B2:B6*C2:C6)"), computes_with_ranges("SUMPRODUCT(B2:B6*2)+SUM(B2:B6)*2")
    ('B2:B6', '')
    """
    parts = solid_tokens(text)
    calls: list[bool] = []
    for index, token in enumerate(parts):
        before = parts[index - 1] if index else _NOTHING
        if token.kind == "open":
            calls.append(before.kind == "word" and bare_function(before.text) in TAKE_ARRAYS)
        elif token.kind == "close" and calls:
            calls.pop()
        elif token.text == ":" and not any(calls) and index + 1 < len(parts):
            beside = [
                parts[index - 2] if index > 1 else _NOTHING,
                parts[index + 2] if index + 2 < len(parts) else _NOTHING,
            ]
            if any(neighbour.text in _OPERATORS for neighbour in beside):
                return f"{before.text}:{parts[index + 1].text}"
    return ""


def fill_skipped(text: str, functions: Collection[str]) -> str:
    """`text` with `SKIPPED` for each argument that a call of one of `functions` skips, and with what it means where the
    engines take another value.

    >>> fill_skipped("LLM_X(A1,,3)+IF(,1,2)+SEQUENCE(A1,,3)", {"LLM_X"}).replace(SKIPPED, "...")
    'LLM_X(A1,"...",3)+IF(,1,2)+SEQUENCE(A1,1,3)'
    """
    out: list[str] = []
    done = 0
    calls: list[tuple[int, int, int]] = []  # where it opens, where its present argument begins, and its number
    for match in _STRUCTURE.finditer(text):
        mark, at = match[0], match.start()
        if mark in "({":
            calls.append((at, at + 1, 0))
        elif mark in ",)}" and calls:
            opens, begin, number = calls.pop()
            skipped = (mark == "," or text[begin - 1] == ",") and not text[begin:at].strip()
            if skipped:
                name = _name_before(text, opens)
                means = [f'"{SKIPPED}"'] if name in functions else _SKIPPED_MEANS.get(bare_function(name), ())[number:]
                out += text[done:at], *means[:1]
                done = at
            if mark == ",":
                calls.append((opens, at + 1, number + 1))
    out.append(text[done:])
    return "".join(out)


def _name_before(text: str, end: int) -> str:
    match = _NAME_AT_END.search(text, 0, end)
    return match[0].upper() if match else ""


class _Writer:
    def __init__(self, context: Context, row: int, own_table: Table | None) -> None:
        self.context, self.row, self.own_table = context, row, own_table
        self.problem, self.final = "", False
        self._unfolded = 0

    def write(self, text: str, depth: int) -> str:
        parts = closed_up(tokens(text))
        local = local_names(parts) if "LET(" in text.upper() or "LAMBDA(" in text.upper() else set()
        out: list[str] = []
        closings: list[str] = []  # what closes each open parenthesis
        closing = ")"
        befores, afters = [_NOTHING, *parts[:-1]], [*parts[1:], _NOTHING]
        for index, (before, token, after) in enumerate(zip(befores, parts, afters, strict=False)):
            written = token.text
            if token.kind == "open":
                closings.append(closing)
                closing = ")"
            elif token.kind == "close" and closings:
                written = closings.pop()
            elif token.kind == "word" and after.kind == "open" and self._is_scientific(parts[index:]):
                written = SCIENTIFIC
            elif token.kind == "word" and after.kind == "open":
                written, closing = self._function(written, local, depth)
            elif token.kind == "word" and after.kind == "bracket":
                written = self._table(written, after.text)
            elif token.kind == "word":
                written = self._operand(written, local, depth)
            elif token.kind == "bracket":
                written = "" if before.kind == "word" else self._own_table(written)
            out.append(written)
        return "".join(out)

    def _function(self, word: str, local: Collection[str], depth: int) -> tuple[str, str]:
        """The function's name for the engine, and what closes its parenthesis."""
        name = bare_function(word)
        if name in self.context.functions:
            return name, ")"
        if name == "SINGLE":
            return "@", ")"
        if name.lower() in local:
            return word, ")"
        definition = self.context.inlined.get(name.lower())
        if definition is not None and "LAMBDA(" in definition.upper():
            called = f"_xlpm.of_{name.lower()}"
            return f"_xlfn.LET({called},{self._definition(name, definition, depth)},{called}", "))"
        if "!" in word:
            self._refuse(f"{word}: a function of another workbook or add-in", final=True)
        elif name.lower() in self.context.refused:
            self._refuse(self.context.refused[name.lower()])
        elif not self.context.knows(name):
            final = not self.context.exact_knows(name)
            near = get_close_matches(name, self.context.functions, n=1, cutoff=0.8) if name.startswith("LLM") else ()
            offer = f"; did you mean {near[0]}?" if near else ""
            self._refuse(f"{name}: {NO_FUNCTION}{offer}", final)
        return word, ")"

    def _operand(self, word: str, local: Collection[str], depth: int) -> str:
        if word.startswith("[") or (word.startswith("'") and "[" in word.partition("!")[0]):
            self._refuse(f"{word}: a cell of another workbook", final=True)
            return word
        name = word.lower()
        if name in local:
            return word
        if name in self.context.tables:
            return self._table(word, "[]")
        if name in self.context.inlined:
            return f"({self._definition(word, self.context.inlined[name], depth)})"
        if name in self.context.refused:
            self._refuse(self.context.refused[name])
        return word

    def _is_scientific(self, parts: list[Token]) -> bool:
        return not self.context.for_exact and _is_scientific_text(parts)

    def _definition(self, name: str, definition: str, depth: int) -> str:
        self._unfolded += len(definition)
        if depth >= _MAX_NESTED_NAMES:
            self._refuse(f"{name}: a name that is defined by itself", final=True)
            return definition
        if self._unfolded > _MAX_UNFOLDED:
            self._refuse(f"{name}: a name that unfolds to more than {_MAX_UNFOLDED:,} characters", final=True)
            return definition
        return self.write(definition, depth + 1)

    def _table(self, name: str, specifier: str) -> str:
        if "!" in name:
            self._refuse(f"{name}{specifier}: a table of another workbook", final=True)
            return name + specifier
        table = self.context.tables.get(name.rpartition("!")[2].lower())
        cells = resolve(table, specifier, self.row) if table else None
        if cells is None:
            self._refuse(f"{name}{specifier}: {NO_TABLE}", final=True)
        return cells or name + specifier

    def _own_table(self, specifier: str) -> str:
        cells = resolve(self.own_table, specifier, self.row) if self.own_table else None
        if cells is None:
            self._refuse(f"{specifier}: a table reference outside a table", final=True)
        return cells or specifier

    def _refuse(self, problem: str, final: bool = False) -> None:
        if not self.problem or (final and not self.final):
            self.problem, self.final = problem, final


def _is_scientific_text(parts: list[Token]) -> bool:
    """Do these begin with a call of TEXT whose format shows an exponent?"""
    if parts[0].text.upper() != "TEXT":
        return False
    depth, last = 0, _NOTHING
    for token in parts[1:]:
        depth += (token.kind == "open") - (token.kind == "close")
        if depth == 0:
            break
        last = token if token.kind != "space" else last
    return last.kind == "text" and is_scientific(last.text[1:-1])


def local_names(parts: list[Token]) -> set[str]:
    """Words that a LET or LAMBDA in this formula declares: every first of two arguments there, every argument but the
    last here."""
    found: set[str] = set()
    calls: list[tuple[str, int]] = []
    solid = [token for token in parts if token.kind != "space"]
    if not any(token.text.upper().endswith(("LET", "LAMBDA")) for token in solid):
        return found
    for before, token, after in zip([_NOTHING, *solid[:-1]], solid, [*solid[1:], _NOTHING], strict=False):
        if token.kind == "open":
            calls.append((bare_function(before.text) if before.kind == "word" else "", 0))
        elif token.kind == "close" and calls:
            calls.pop()
        elif token.kind == "comma" and calls:
            calls[-1] = (calls[-1][0], calls[-1][1] + 1)
        elif token.kind == "word" and calls and before.kind in ("open", "comma") and after.kind == "comma":
            function, argument = calls[-1]
            if function == "LAMBDA" or (function == "LET" and argument % 2 == 0):
                found |= {token.text.lower(), _PREFIXES.sub("", token.text).lower()}
    return found


def is_relative(definition: str) -> bool:
    """Does a name's definition refer to cells by their distance from the formula that uses the name?

    >>> is_relative("Sheet1!$B$2*2"), is_relative("Sheet1!B2"), is_relative("Sheet1!$B:$B")
    (False, True, False)
    """
    references = (token.text.rpartition("!")[2] for token in tokens(definition) if token.kind == "word")
    return any(_CELL.fullmatch(text) and not _FIXED_CELL.fullmatch(text) for text in references)
