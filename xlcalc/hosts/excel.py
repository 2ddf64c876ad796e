"""Excel through xlwings: every cell function, registered with xlwings' own decorators.

One module serves the desktop (COM), xlwings Server and xlwings Lite (Office.js); which of them the decorators speak to,
xlwings decides when it is imported. Point xlwings at `xlcalc.hosts.excel` as a UDF module, or let a module of your own
say

    from xlcalc.hosts.excel import *

An error is handed over as its code ("#NUM!"). Office.js makes an Excel error of it. The COM server cannot: pywin32
turns every VT_ERROR it is given into "missing argument" (PythonOleArgHelper::MakeObjToVariant in
https://github.com/mhammond/pywin32/blob/main/com/win32com/src/oleargs.cpp), so there the code arrives as text and the
VBA wrapper has to put CVErr in its place.
"""

from __future__ import annotations

from inspect import Parameter, Signature
from textwrap import shorten
from typing import Any

import xlwings as xw
from xlwings.conversion import Accessor, ConversionContext, Pipeline, ValueAccessor

from xlcalc.hosts.cells import answer
from xlcalc.language.declare import Declaration, functions

_MAX_HELP = 255  # characters, as Excel's Application.MacroOptions takes them
_LARGE = 10_000  # cells: from here on it is worth asking Excel which part of the sheet is in use
# Excel's error numbers as COM hands over an error cell: https://learn.microsoft.com/en-us/office/vba/api/excel.xlcverror
_ERROR = -2146828288  # 0x800A0000
_ERRORS = range(_ERROR + 2000, _ERROR + 2100)
_UNKNOWN_TO_XLWINGS = {_ERROR + 2045: "#SPILL!", _ERROR + 2050: "#CALC!"}


class _Cells(Accessor):
    """Reads an argument for a cell function: one value, or rows; a blank cell as None, an error cell as its code."""

    @classmethod
    def reader(cls, options: dict[str, Any]) -> Pipeline:
        as_rows = {**options, "ndim": 2, "err_to_str": True}
        pipeline: Pipeline = ValueAccessor.reader(as_rows)  # type: ignore[no-untyped-call]
        pipeline.insert(0, _leave_unused)
        pipeline.append(_finish)
        return pipeline


def _leave_unused(context: ConversionContext) -> None:
    """Of a large range read only what lies in the used part of its sheet: a whole column has a million blank cells."""
    if context.range is None:
        return
    n_rows, n_columns = context.range.shape
    if n_rows * n_columns < _LARGE:
        return
    context.meta["shape"] = n_rows, n_columns
    asked, used = context.range, context.range.sheet.used_range
    last_row = min(asked.row + n_rows, max(asked.row + 1, used.row + used.shape[0])) - 1
    last_column = min(asked.column + n_columns, max(asked.column + 1, used.column + used.shape[1])) - 1
    context.range = asked.sheet.range((asked.row, asked.column), (last_row, last_column))


def _finish(context: ConversionContext) -> None:
    """The rows as they stand on the sheet: what was left unread blank, every error its code; one cell as its value."""
    rows = [[_error(v) if type(v) is int else v for v in row] for row in context.value]
    if "shape" in context.meta:
        n_rows, n_columns = context.meta["shape"]
        rows = [row + [None] * (n_columns - len(row)) for row in rows]
        rows += [[None] * n_columns] * (n_rows - len(rows))
    context.value = rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else rows


def _error(value: int) -> int | str:
    """The code of an error that xlwings left as a number; a whole number that VBA code passed stays one."""
    return _UNKNOWN_TO_XLWINGS.get(value, "#VALUE!") if value in _ERRORS else value


def _registered(declaration: Declaration) -> Any:
    """The function that xlwings calls, with the declaration's name, arguments and help."""

    def function(*values: Any) -> Any:
        return answer(declaration, values)

    registered: Any = function
    registered.__name__ = registered.__qualname__ = declaration.name
    registered.__doc__ = _help(declaration.summary)
    registered.__annotations__ = {}  # xlwings takes annotations for converters
    registered.__signature__ = Signature([
        Parameter(a.name, Parameter.POSITIONAL_OR_KEYWORD, default=Parameter.empty if a.required else None)
        for a in declaration.arguments
    ])  # fmt: skip
    for a in declaration.arguments:
        registered = xw.arg(a.name, _Cells, doc=_help(declaration.argument_help(a.name)))(registered)
    return xw.func(category="LLM Calculator")(registered)  # last: xw.arg sets the category back


def _help(text: str) -> str:
    return shorten(text, _MAX_HELP, placeholder="...")


__all__ = [declaration.name for declaration in functions()]

globals().update({declaration.name: _registered(declaration) for declaration in functions()})
