"""A cell function's formula with its arguments open: as Excel text, and as mathematics.

    closed(LLM_STEP_TIME, ["llama-3.1-8b", "h100-sxm", 64, ...])  the formula over its open numbers
    closed(...).excel        its LAMBDA, for a defined name
    closed(...).parameters   what to pass it, in order
    closed(...).columns      those of them that are columns of model and machine

Numbers that are arguments stay open; words (a model, an accelerator, a format, a choice) and the numbers named in
`fixed` are those of the call, and so is the layout that a search chose. Of model and accelerator the formula reads
columns: numbers of a row of the Models or Hardware sheet, named by the fields of the records that formulas take (those
of an accelerator's rates begin with `machine_`), so that one LAMBDA serves every row with as many slots. A workbook
passes them by lookup. Excel evaluates LAMBDA from Microsoft 365 and 2024 on; LibreOffice 7.4 has neither LET nor LAMBDA
(LET came with 24.8).
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence
from doctest import DocTestParser
from functools import cached_property
from typing import Any

from xlcalc.formula import excel
from xlcalc.formula.symbols import INPUT, Symbol, labelled, recording
from xlcalc.language.cells import Number
from xlcalc.language.declare import Argument, Declaration, Table
from xlcalc.language.kinds import AcceleratorKind

# whole numbers that choose between formulas, and stay as given where a function is laid out over accelerators
LAYOUT = frozenset(("tp", "pp", "dp", "ep", "cp", "vp", "zero", "count", "micro_batch"))


class Closed:
    """The formula of a function over its open arguments and the columns of its model and machine."""

    def __init__(self, declaration: Declaration, root: Symbol) -> None:
        self.declaration, self.root = declaration, root

    @cached_property
    def inputs(self) -> dict[str, Symbol]:
        """What the formula reads, arguments first in their order, then columns as they are met."""
        found = excel.inputs(self.root)
        arguments = [a.name for a in self.declaration.arguments if a.name in found]
        return {name: found[name] for name in (*arguments, *found)}

    @property
    def columns(self) -> list[str]:
        """The columns of model and machine that it reads."""
        arguments = {a.name for a in self.declaration.arguments}
        return [name for name in self.inputs if name not in arguments]

    @property
    def parameters(self) -> list[excel.Parameter]:
        """The parameters of the LAMBDA in order, with what a blank means."""
        defaults = {a.name: None if a.required else a.blank for a in self.declaration.arguments}
        arguments = [(name, defaults[name]) for name in self.inputs if name in defaults]
        return excel.parameters_of(arguments, dict.fromkeys(self.columns))

    @cached_property
    def excel(self) -> str:
        """The text of a defined name. Raises ValueError where it is longer than Excel takes."""
        return excel.lambda_text(self.root, self.parameters)


def closed(declaration: Declaration, arguments: Sequence[Any], fixed: Collection[str] = (), cell: int = 0) -> Closed:
    """The formula of a call with its numbers open, but those named in `fixed`; of a table the named quantity `cell`.

    Raises TypeError where the formula asks an open number for its value, ValueError where nothing is computed.
    """
    result = opened(declaration, arguments, fixed)
    if isinstance(result, Table):
        found = [value for row in result for value in row if type(value) is Symbol and value.label]
        result = next(iter(list(dict.fromkeys(found))[cell:]), None)
    if type(result) is not Symbol:
        raise ValueError(f"{declaration.name} computes nothing of open numbers")
    return Closed(declaration, result)


def opened(declaration: Declaration, arguments: Sequence[Any], fixed: Collection[str] = ()) -> Any:
    """The result of a call with its numbers open: a symbol, or a table of them. Raises as `closed` does."""
    given = [*arguments, *[None] * (len(declaration.arguments) - len(arguments))]
    read = declaration.in_base_unit(declaration.read(given))
    with recording(open=True) as nodes:
        given_open = [
            labelled(nodes, INPUT, (argument.name,), value, argument.name, argument.unit, "")
            if _is_open(argument, value, fixed)
            else value
            for argument, value in zip(declaration.arguments, read, strict=True)
        ]
        return declaration.compute(given_open, declaration.derivation)


def _is_open(argument: Argument, value: Any, fixed: Collection[str]) -> bool:
    kind = argument.kind
    return type(value) in (int, float) and isinstance(kind, (Number, AcceleratorKind)) and argument.name not in fixed


def example_arguments(declaration: Declaration) -> list[Any]:
    """The arguments of the call in a function's documented example, None for those that it leaves blank.

    >>> from xlcalc.language.declare import functions
    >>> example_arguments(functions()[0])
    ['llama-3.1-8b', None, None]
    """
    for example in DocTestParser().get_examples(declaration.example):
        for node in ast.walk(ast.parse(example.source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == declaration.name:
                given = dict(zip([a.name for a in declaration.arguments], node.args, strict=False))
                given |= {str(keyword.arg): keyword.value for keyword in node.keywords}
                return [ast.literal_eval(given[a.name]) if a.name in given else None for a in declaration.arguments]
    raise ValueError(f"the example of {declaration.name} does not call it")
