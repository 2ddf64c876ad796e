"""What searches answered: the calls that no formula stands for, with their answers, as a workbook keeps them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from xlcalc.language.cells import is_blank
from xlcalc.language.declare import Declaration, functions
from xlcalc.language.errors import CalcError
from xlcalc.language.ranges import is_range

from ..files.errors import WorkbookError
from ..files.package import Package
from ..files.recalc import recalculate
from .cases import ROW, UNUSED
from .cases import asked as asked_of
from .names import NOTHING

_FEW = 10
_UNKNOWN = "is not known to the functions in a file"
Answer = list[Any]
"""The function, its arguments as they are compared, and the rows of its answer."""


class Asked:
    """Cell functions that note what the searches among them are asked and answer."""

    def __init__(self, closed: set[str]) -> None:
        self.answers: dict[tuple[Any, ...], list[list[Any]]] = {}
        self.functions: Mapping[str, Callable[..., Any]] = {
            one.name: one if one.name in closed else self._noted(one.name, one) for one in functions()
        }

    def listed(self) -> list[Answer]:
        """As JSON has them, in its order: the engine asks in another one each time."""
        return sorted(([key[0], list(key[1:]), rows] for key, rows in self.answers.items()), key=json.dumps)

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
    """What the searches of a workbook answer. Scenarios stand in columns of their own, so that none is left out. Raises
    WorkbookError where a formula asks what the functions in a file do not know."""
    asked = Asked(closed)
    known = {**asked.functions, **{one.name: _in_a_file(one) for one in functions() if one.name in closed}}
    found = recalculate(package, known, trust="engine")
    cells = [f"{error.sheet}!{error.cell}" for error in found.errors if error.message.endswith(_UNKNOWN)]
    if cells:
        more = f" and {len(cells) - _FEW} more cells" if len(cells) > _FEW else ""
        raise WorkbookError(
            f"{package.label} is not made standalone: {', '.join(cells[:_FEW])}{more} give a model or an accelerator by"
            " its fields, or an argument that the functions in a file do not have. Give yours a name with `xlcalc"
            " models add` or `hardware add`, and use that."
        )
    return asked.listed()


def _in_a_file(function: Declaration) -> Callable[..., Any]:
    """The function as far as it can stand in a file: by the names of rows, with the arguments that are read there."""
    question = asked_of(function)
    axes = question.axes if question else ()

    def called(*arguments: Any) -> Any:
        for axis, value in zip(axes, arguments, strict=False):
            by_fields = is_range(value) and axis.argument.kind.takes_range(value)
            if (axis.reading == UNUSED and not is_blank(value)) or (axis.reading == ROW and by_fields):
                raise CalcError("#VALUE!", _UNKNOWN, function=function.name, argument=axis.argument.name)
        return function(*arguments)

    return called


def _key(value: Any) -> Any:
    """An argument as the workbook compares it."""
    if is_range(value):
        texts = [one for row in value for one in row if not is_blank(one)]
        return "|".join(f"{one:.15G}" if isinstance(one, float) else str(one) for one in texts) or NOTHING
    return NOTHING if is_blank(value) else value


def _shown(value: Any) -> Any:
    """A value of an answer, errors as a list of their code."""
    return [value.code] if isinstance(value, CalcError) else "" if value is None else value
