"""Custom functions as the engine calls them: cell values in, cell values out, errors with their sentence.

The engine hands over a blank as None, a range as a list of rows and an error as a dictionary, and takes the same back;
it keeps no error's text, so the sentences are noted here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from xlcalc import limits
from xlcalc.language.errors import CalcError

from .formula_text import SKIPPED

_KINDS = {
    "#VALUE!": "Value",
    "#NUM!": "Num",
    "#N/A": "Na",
    "#REF!": "Ref",
    "#DIV/0!": "Div",
    "#NAME?": "Name",
    "#NULL!": "Null",
    "#SPILL!": "Spill",
    "#CALC!": "Calc",
}
CODES = {kind: code for code, kind in _KINDS.items()}
"""Excel's error code for the engine's error kind. Kinds beyond these mean that the engine gave up."""


class Callbacks:
    """The custom functions of one recalculation: how often they were called, and what they said in errors."""

    def __init__(self, functions: Mapping[str, Callable[..., Any]], on_call: Callable[[int], None] | None) -> None:
        self.count = 0
        self.errors: list[CalcError] = []
        """Errors since this list was last emptied, in the order in which they arose."""
        self._on_call = on_call
        self.by_name = {name.upper(): self._wrapped(name.upper(), function) for name, function in functions.items()}

    def _wrapped(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.count += 1
            if self._on_call is not None:
                self._on_call(self.count)
            for value in arguments:
                if type(value) is dict:
                    return value
            try:
                result = function(*map(_argument, arguments))
            except CalcError as error:
                return self._error(error)
            except Exception as error:  # the function is not ours to trust: whatever it raises is this cell's error
                return self._error(CalcError("#VALUE!", f"{type(error).__name__}: {error}", function=name))
            if type(result) is float and result - result == 0:  # finite, as most are
                return result
            return self._block(name, result) if _is_range(result) else self._value(name, result)

        return call

    def _block(self, name: str, rows: Any) -> Any:
        """A table for the engine, which takes no uneven one: short rows are filled with #N/A, as Excel does."""
        width = max(map(len, rows), default=0)
        if not width:
            return self._error(CalcError("#CALC!", "the answer is an empty table", function=name))
        missing = CalcError("#N/A", "the answer has no value here", function=name)
        return [[self._value(name, value) for value in (*row, *[missing] * (width - len(row)))] for row in rows]

    def _value(self, name: str, value: Any) -> Any:
        if value is None:
            return ""  # an empty result shows nothing, as it does through xlwings; the engine would make it 0
        if isinstance(value, CalcError):
            return self._error(value)
        if isinstance(value, (bool, str)):
            if isinstance(value, str) and len(value) > limits.CELL_TEXT:
                reason = f"the answer has {len(value):,} characters; a cell takes {limits.CELL_TEXT:,}"
                return self._error(CalcError("#VALUE!", reason, function=name))
            return value
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            reason = f"the answer is no cell value but {type(value).__name__}"
            return self._error(CalcError("#VALUE!", reason, function=name))
        if not math.isfinite(number):
            return self._error(CalcError("#NUM!", "the answer is not a finite number", function=name))
        return number

    def _error(self, error: CalcError) -> dict[str, str]:
        self.errors.append(error)
        return error_value(error.code)


def error_value(code: str) -> dict[str, str]:
    """An error as the engine takes it."""
    return {"type": "Error", "kind": _KINDS.get(code, "Value")}


def is_error(value: Any) -> bool:
    return type(value) is dict


def _is_range(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(row, (list, tuple)) for row in value)


def _argument(value: Any) -> Any:
    """An argument as functions take it: None where it was skipped, errors in a range as `CalcError` values."""
    kind = type(value)
    if kind is list:
        return _range(value)
    return None if kind is str and value == SKIPPED else value


def _range(rows: list[list[Any]]) -> list[list[Any]]:
    if not any(type(value) is dict for row in rows for value in row):
        return rows
    return [[passed_error(value) if type(value) is dict else value for value in row] for row in rows]


def passed_error(value: dict[str, str]) -> CalcError:
    code = CODES.get(value.get("kind", ""), "#VALUE!")
    return CalcError(code, f"the cell holds the error {code}")
