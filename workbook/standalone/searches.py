"""What searches answered: the calls that no formula stands for, with their answers, as a workbook keeps them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from xlcalc.language.cells import is_blank
from xlcalc.language.declare import Declaration, functions
from xlcalc.language.errors import CalcError
from xlcalc.language.kinds import AcceleratorKind, ModelKind
from xlcalc.language.ranges import is_range

from ..files.errors import WorkbookError
from ..files.package import Package
from ..files.recalc import recalculate
from .names import NOTHING

Answer = list[Any]
"""The function, its arguments as they are compared, and the rows of its answer."""


class Asked:
    """Cell functions that note what the searches among them are asked and answer, and what asks the others about a
    block of fields, which formulas do not know."""

    def __init__(self, closed: set[str]) -> None:
        self.answers: dict[tuple[Any, ...], list[list[Any]]] = {}
        self.of_blocks: set[str] = set()
        self.functions: Mapping[str, Callable[..., Any]] = {
            one.name: self._watched(one) if one.name in closed else self._noted(one.name, one) for one in functions()
        }

    def listed(self) -> list[Answer]:
        """As JSON has them, in its order: the engine asks in another one each time."""
        return sorted(([key[0], list(key[1:]), rows] for key, rows in self.answers.items()), key=json.dumps)

    def _watched(self, function: Declaration) -> Callable[..., Any]:
        def watched(*arguments: Any) -> Any:
            for argument, value in zip(function.arguments, arguments, strict=False):
                if isinstance(argument.kind, (ModelKind, AcceleratorKind)) and _is_block(argument.kind, value):
                    self.of_blocks.add(function.name)
            return function(*arguments)

        return watched

    def _noted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any) -> Any:
            try:
                found = function(*arguments)
            except CalcError as error:
                self._note(name, arguments, error)
                raise
            self._note(name, arguments, found)
            return found

        return noted

    def _note(self, name: str, arguments: tuple[Any, ...], found: Any) -> None:
        keys = [_key(value) for value in arguments]
        while keys and keys[-1] == NOTHING:
            keys.pop()
        rows = found if is_range(found) else [[found]]
        key = (name, *keys)
        self.answers[key] = [[_shown(value) for value in row] for row in rows]


def of_workbook(package: Package, closed: set[str]) -> list[Answer]:
    """What the searches of a workbook answer. Scenarios stand in columns of their own, so that none is left out.
    Raises WorkbookError where a formula would have to read a block."""
    asked = Asked(closed)
    recalculate(package, asked.functions, trust="engine")
    if asked.of_blocks:
        raise WorkbookError(
            f"{package.label} asks {', '.join(sorted(asked.of_blocks))} about a block of fields or the text of a "
            "configuration, which the standalone edition does not know: name a model or an accelerator; your own get a "
            "row in the file with xlcalc models add --workbook"
        )
    return asked.listed()


def _is_block(kind: ModelKind | AcceleratorKind, value: Any) -> bool:
    if is_range(value):
        return kind.takes_range(value)
    return isinstance(value, str) and value.lstrip().startswith("{")


def _key(value: Any) -> Any:
    """An argument as the workbook compares it."""
    if is_range(value):
        texts = [one for row in value for one in row if not is_blank(one)]
        return "|".join(f"{one:.15G}" if isinstance(one, float) else str(one) for one in texts) or NOTHING
    return NOTHING if is_blank(value) else value


def _shown(value: Any) -> Any:
    """A value of an answer, errors as a list of their code."""
    return [value.code] if isinstance(value, CalcError) else "" if value is None else value
