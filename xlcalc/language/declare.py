"""One declaration per cell function: its signature and docstring are all that any host, help page or test reads.

    @cell_function(category="Model", source="Pope et al. 2022, section 3.3")
    def LLM_KV_CACHE(model: Model, context: Tokens, batch: Count = 1, dtype: DType = "bf16") -> Bytes: ...

Annotations carry kinds (`cells.Kind`) that read a cell; defaults are read once, here, at import. A result in bytes,
FLOP, seconds ... gets an optional last argument `unit`; behind it stand those that came later, `later` the first of
them, so that a workbook's calls keep their order. Calls take what a cell can hold, one value or a range.
`*arguments` stands for those of another function: a1 to a24, since no host's sheet knows an open number of them.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, update_wrapper, wraps
from itertools import zip_longest
from math import isfinite
from textwrap import indent
from types import SimpleNamespace
from typing import Any, get_args, get_type_hints

from xlcalc.language.arguments import SHARED
from xlcalc.language.cells import Kind, Refusal, TableKind, UnitOf, clean, propagate
from xlcalc.language.errors import CalcError
from xlcalc.language.ranges import Range, is_range, spread
from xlcalc.language.units import UNITS

_SINGLE = frozenset((int, float, str, bool, type(None)))
CATEGORIES = ("Model", "Training", "Hosting", "Hardware and money", "Audit")
MOST_ARGUMENTS = 24  # of a function that another function takes the arguments of
_UNIT_HELP = "unit of the result; blank = {base}"
_OTHERS_HELP = "argument {n} of that function"


class Table(list[list[Any]]):
    """Rows of a spilled result, the first of them headers: a plain list of lists in every other respect."""

    def _repr_html_(self) -> str:
        """The table as a notebook shows it: numbers to the right, blanks empty, errors by their code."""
        from html import escape

        def cell(value: Any, tag: str = "td") -> str:
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                text, side = f"{value:,}" if isinstance(value, int) else f"{value:,.6g}", "right"
            else:
                text, side = "" if value is None else getattr(value, "code", str(value)), "left"
            return f'<{tag} style="text-align:{side}">{escape(text)}</{tag}>'

        head, *rows = ("".join(cell(v, "td" if i else "th") for v in row) for i, row in enumerate(self))
        rows = rows or [f'<td colspan="{len(self[0])}">Nothing was found.</td>']
        return f"<table><thead><tr>{head}</tr></thead><tbody><tr>{'</tr><tr>'.join(rows)}</tr></tbody></table>"


@dataclass(frozen=True)
class Argument:
    """One argument of a cell function as its declaration gives it."""

    name: str
    kind: Kind
    required: bool
    default: Any  # as declared: what a blank means, in the words of a cell
    blank: Any  # the same, read
    nth: int = 0  # of the arguments of another function

    @property
    def unit(self) -> str:
        return self.kind.unit


class Declaration:
    """A cell function and all that is said of it. Calling it computes; its docstring is its help."""

    def __init__(self, function: Callable[..., Any], category: str, source: str, later: str = "") -> None:
        hints = get_type_hints(function, include_extras=True)
        update_wrapper(self, function)
        self.name, self.category, self.source = function.__name__, category, source
        self.result: Kind = _kind(hints["return"])
        signature, self.formula = _flat(function)
        self.arguments = tuple(_argument(p, hints) for p in signature.parameters.values())
        parameters = list(signature.parameters.values())
        self.unit_at: int | None = None
        if len(UNITS.get(self.result.unit, ())) > 1:
            at = self.unit_at = list(signature.parameters).index(later) if later else len(parameters)
            unit = Argument("unit", UnitOf(self.result.unit), False, None, None)
            self.arguments = (*self.arguments[:at], unit, *self.arguments[at:])
            parameters.insert(at, inspect.Parameter("unit", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None))
        self.__signature__ = signature.replace(parameters=parameters)
        self.derivation = self.formula  # what a derivation follows: the function itself, or `explained` by another
        self._place = {a.name: i for i, a in enumerate(self.arguments)}
        self._plan = tuple((a.name, a.kind.read, a.required, a.blank) for a in self.arguments)
        self._blanks = [a.blank for a in self.arguments]
        self.__doc__ = self._whole_doc()
        required = [i for i, a in enumerate(self.arguments, 1) if a.required]
        self._least = required[-1] if required else 0  # arguments of the shortest call

    @property
    def is_search(self) -> bool:
        """Whether it searches, and what explains it is another function: the formula of what was found."""
        return self.derivation is not self.formula

    def __repr__(self) -> str:
        return f"<cell function {self.name}{self.__signature__}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        values = self._bound(args, kwargs) if kwargs or len(args) > len(self._plan) else args
        for value in values:
            if type(value) not in _SINGLE:
                return self._for_ranges(values)
        return self.compute(self.read(values))

    def _bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        n = len(self._plan)
        if len(args) > n:
            raise CalcError("#VALUE!", f"takes at most {n} arguments; got {len(args)}", function=self.name)
        values = [*args, *[None] * (n - len(args))]
        for name, value in kwargs.items():
            at = self._place.get(name)
            if at is None:
                names = ", ".join(self._place)
                raise CalcError("#VALUE!", f"has no argument {name!r}: {names}", function=self.name)
            if at < len(args):
                raise CalcError("#VALUE!", "is given twice", function=self.name, argument=name)
            values[at] = value
        return values

    def _for_ranges(self, args: Sequence[Any]) -> Any:
        arguments: list[Any] = []
        spreads = False
        for argument, value in zip_longest(self.arguments, args):
            if is_range(value):
                try:
                    value = Range(value)
                except CalcError as error:
                    raise error.placed(self.name, argument.name) from None
                if argument.kind.takes_range(value.rows):
                    value = value.rows
                else:
                    spreads = True
            arguments.append(value)
        if not spreads:
            return self._once(arguments)
        single = all(a.shape == (1, 1) for a in arguments if isinstance(a, Range))
        if single and isinstance(self.result, TableKind):  # a table for one cell, though it was passed as a range
            return self._once([a.at(0, 0) if isinstance(a, Range) else a for a in arguments])
        return spread(self._element, arguments, self._many)

    def _many(self, arguments: Sequence[Any], n: int) -> list[Any] | None:
        """The results for lists of cells; None where there is no NumPy or nothing for it to do."""
        if isinstance(self.result, TableKind):
            return None
        try:
            from xlcalc.language import many
        except ImportError:
            return None
        return many.cells(self, arguments, n)

    def _element(self, values: Any) -> Any:
        result = self._once(values)
        if isinstance(result, Table):
            instead = f"take a cell of it in each row, as INDEX({self.name}(...), 2, 2) does, or run xlcalc sweep"
            raise CalcError(
                "#VALUE!", f"gives a table, and of a range there would be many: {instead}", function=self.name
            )
        return result

    def read(self, values: Sequence[Any]) -> list[Any]:
        """The arguments as the formula takes them, blanks as their defaults, and so what is left out at the end. Raises
        CalcError for what is refused."""
        read: list[Any] = []
        if len(values) < self._least:
            values = [*values, *[None] * (self._least - len(values))]
        try:
            for (name, reader, required, blank), value in zip(self._plan, values, strict=False):
                kind = type(value)
                if kind is int or kind is float:
                    read.append(reader(value))
                elif value is None or (kind is str and (not value or value.isspace())):
                    if required:
                        raise Refusal("#VALUE!", f"is required, and is blank: give {self._about(name)}")
                    read.append(blank)
                else:
                    if kind is CalcError or (kind is str and value[:1] == "#"):
                        propagate(value)
                    read.append(reader(value))
        except Refusal as refusal:
            raise CalcError(refusal.code, refusal.reason, function=self.name, argument=name) from None
        if len(read) < len(self._blanks):
            read += self._blanks[len(read) :]
        return read

    def in_base_unit(self, values: Sequence[Any]) -> list[Any]:
        """The arguments of the same call without the unit that it asks for."""
        return [None if i == self.unit_at else value for i, value in enumerate(values)]

    def asked_unit(self, values: Sequence[Any]) -> Any:
        """The unit that a call asks for, None for the base unit."""
        return values[self.unit_at] if self.unit_at is not None and self.unit_at < len(values) else None

    def explained(self, by: Callable[[SimpleNamespace], Any]) -> Callable[[SimpleNamespace], Any]:
        """Declare what a derivation follows in place of a search: the same result, with its reasons. It takes the
        arguments by their names."""
        names = [a.name for i, a in enumerate(self.arguments) if i != self.unit_at]
        self.derivation = lambda *read: by(SimpleNamespace(**dict(zip(names, read, strict=True))))
        return by

    def compute(self, read: list[Any], function: Callable[..., Any] | None = None) -> Any:
        """The result for arguments as `read` gives them: finite, in the unit asked for."""
        at = self.unit_at
        unit = None if at is None else read[at]
        try:
            result = (function or self.formula)(*(read if at is None else read[:at] + read[at + 1 :]))
            if unit is not None:
                result = result / unit
            if type(result) is float:
                if not isfinite(result):
                    raise OverflowError
            elif type(result) is Table:
                result = self._finite(result)
        except CalcError as error:
            raise error.placed(error.function or self.name, error.argument) from None
        except ValueError as error:
            raise CalcError("#NUM!", str(error), function=self.name) from None
        except ArithmeticError:
            raise CalcError("#NUM!", "has no finite result for these arguments", function=self.name) from None
        return result

    def _finite(self, table: Table) -> Table:
        """The table with an error in each cell that has no finite number."""
        for row in table:
            for cell in row:
                if type(cell) is float and cell - cell != 0.0:  # infinite, or no number
                    return self._with_errors(table)
        return table

    def _with_errors(self, table: Table) -> Table:
        error = CalcError("#NUM!", "has no finite result in this cell", function=self.name)
        return Table([[error if type(cell) is float and not isfinite(cell) else cell for cell in row] for row in table])

    def _once(self, values: Sequence[Any]) -> Any:
        return self.compute(self.read(values))

    def _about(self, name: str) -> str:
        return next(a.kind.about for a in self.arguments if a.name == name)

    @cached_property
    def _doc(self) -> tuple[str, dict[str, str], str]:
        """The docstring's text, its argument lines and its example, split at the headings."""
        doc = inspect.cleandoc(self.formula.__doc__ or "")
        text, _, example = doc.partition("\nExample:\n")
        text, _, arguments = text.partition("\nArgs:\n")
        lines = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", arguments, re.MULTILINE)
        return text.strip(), {name: clean(line) for name, line in lines}, inspect.cleandoc(example)

    def _whole_doc(self) -> str:
        """The docstring with a line for each argument, those too that many functions share."""
        text, own, example = self._doc
        meanings = {a.name: own.get(a.name) or SHARED.get(a.name) for a in self.arguments} | own
        lines = [f"    {name}: {meaning}" for name, meaning in meanings.items() if meaning]
        arguments = "\n".join(["\n\nArgs:", *lines]) if lines else "\n"
        return f"{text}{arguments}\nExample:\n{indent(example, '    ')}\n"

    @property
    def usage(self) -> str:
        """The arguments as a formula bar shows them, optional ones in brackets."""
        return ", ".join(a.name if a.required else f"[{a.name}]" for a in self.arguments)

    @property
    def summary(self) -> str:
        """The help's first sentence."""
        return clean(self._doc[0].partition("\n\n")[0])

    @property
    def help(self) -> str:
        """The whole help text without the arguments."""
        return self._doc[0]

    @property
    def example(self) -> str:
        """A runnable call with its value, as a doctest."""
        return self._doc[2]

    def argument_help(self, name: str) -> str:
        """One line on an argument: what it is, what it may be, what a blank means."""
        argument = next(a for a in self.arguments if a.name == name)
        if isinstance(argument.kind, UnitOf):
            return f"{_UNIT_HELP.format(base=self.result.unit)}; {argument.kind.about}"
        default = "" if argument.default is None else f"; blank = {argument.default}"
        if argument.nth:
            return f"{_OTHERS_HELP.format(n=argument.nth)} ({argument.kind.about})"
        return f"{self._doc[1].get(name) or SHARED[name]} ({argument.kind.about}{default})"


_registry: dict[str, Declaration] = {}


def cell_function(*, category: str, source: str, later: str = "") -> Callable[[Callable[..., Any]], Declaration]:
    """Declare a cell function; `source` names where its formula comes from, `later` the first argument behind unit."""

    def declare(function: Callable[..., Any]) -> Declaration:
        declaration = Declaration(function, category, source, later)
        _registry[declaration.name] = declaration
        return declaration

    return declare


def find(name: str) -> Declaration | None:
    """The function of a name, with or without its LLM_, in any case."""
    wanted = name.strip().upper().replace("-", "_").replace(" ", "_")
    return _registry.get(wanted) or _registry.get(f"LLM_{wanted}")


def closest(name: str) -> str:
    """The end of a sentence about a function that does not exist: those whose names are like it."""
    from difflib import get_close_matches

    near = get_close_matches(f"LLM_{name.upper().removeprefix('LLM_')}"[:60], list(_registry), n=3)
    return f"; the closest are {', '.join(near)}" if near else ""


def functions() -> list[Declaration]:
    """All declared cell functions in the order of the reference: by category, then as they are written."""
    return sorted(_registry.values(), key=lambda declaration: CATEGORIES.index(declaration.category))


def _kind(hint: Any) -> Kind:
    for part in (hint, *get_args(hint)):  # before Python 3.11 a default of None wraps the hint
        for extra in getattr(part, "__metadata__", ()):
            if isinstance(extra, Kind):
                return extra
    raise TypeError(f"{hint!r} is not annotated with a kind")


def _flat(function: Callable[..., Any]) -> tuple[inspect.Signature, Callable[..., Any]]:
    """Signature and function with a1, a2 ... in place of `*arguments`, and what stands behind them in line."""
    signature = inspect.signature(function)
    given = list(signature.parameters.values())
    others = next((p for p in given if p.kind is p.VAR_POSITIONAL), None)
    if others is None:
        return signature, function
    at = given.index(others)
    behind = [p.replace(kind=p.POSITIONAL_OR_KEYWORD) for p in given[at + 1 :]]
    one = others.replace(kind=others.POSITIONAL_OR_KEYWORD, default=None)
    many = [one.replace(name=f"a{n}") for n in range(1, MOST_ARGUMENTS + 1)]

    @wraps(function)
    def flat(*values: Any) -> Any:
        last = at + MOST_ARGUMENTS
        return function(*values[:last], **{p.name: v for p, v in zip(behind, values[last:], strict=True)})

    return signature.replace(parameters=[*given[:at], *many, *behind]), flat


def _argument(parameter: inspect.Parameter, hints: dict[str, Any]) -> Argument:
    required = parameter.default is inspect.Parameter.empty
    default = None if required else parameter.default
    nth = 0 if parameter.name in hints else int(parameter.name[1:])
    kind = _kind(hints["arguments" if nth else parameter.name])
    return Argument(parameter.name, kind, required, default, None if default is None else kind.read(default), nth)
