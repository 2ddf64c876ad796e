"""The exact engine (formulon): slower, without functions of our own, and as Excel 365 calculates.

It calculates single formulas of a workbook whose other cells are given as values. Calls of custom functions in these
formulas are answered from outside: each stands as a name, and names get their values in rounds until nothing changes.
Nothing else here imports formulon.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import formulon
import wasmtime

from xlcalc.language.errors import CalcError

from .addresses import Area
from .callbacks import Callbacks, error_value, passed_error
from .cells_xml import CellValue
from .custom_calls import PLACEHOLDER, CustomCall
from .errors import WorkbookError
from .formula_text import bare_function, tokens

Place = tuple[int, int]

_MAX_ROUNDS = 50
_FREE_COLUMN = 16_000
"""A column, counted from 0, in which an array has room."""
_TAKE_ARRAYS = {
    "INDEX": range(1), "LOOKUP": range(1, 3), "AGGREGATE": range(2, 4),
    **dict.fromkeys(
        ("FILTER", "SORT", "SORTBY", "UNIQUE", "TAKE", "DROP", "HSTACK", "VSTACK", "TOCOL", "TOROW", "CHOOSEROWS",
         "CHOOSECOLS", "WRAPROWS", "WRAPCOLS", "EXPAND", "MAP", "REDUCE", "SCAN", "BYROW", "BYCOL"),
        range(255),
    ),
}  # fmt: skip
"""Arguments, counted from 0, that are calculated as arrays in any formula."""
_GIVE_ARRAYS = frozenset(
    ("FREQUENCY", "GROWTH", "LINEST", "LOGEST", "MINVERSE", "MMULT", "MODE.MULT", "MUNIT", "TRANSPOSE", "TREND")
)
"""Functions whose result is an array in any formula; those that came with dynamic arrays give one value there."""
TO_MEND = ("{", PLACEHOLDER.upper(), *_TAKE_ARRAYS, *_GIVE_ARRAYS)
"""What a formula that is not entered as an array holds, if it may have to be mended."""


class ExactEngine:
    """A workbook for the exact engine, loaded from the bytes of `exact_copy`."""

    def __init__(self, data: bytes, now: datetime | None) -> None:
        _start()
        try:
            self._book = formulon.Workbook.load(data)
        except formulon.FormulonError as error:
            raise WorkbookError(f"the exact engine cannot load the workbook: {error}") from error
        self._sheets = {self._book.sheet_name(index): index for index in range(self._book.sheet_count())}
        if now is not None:
            self._book.set_pinned_now(now.year, now.month, now.day, now.hour, now.minute, now.second)

    def __enter__(self) -> ExactEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self._book.close()

    def calculate(self, calls: list[CustomCall], callbacks: Callbacks) -> dict[tuple[str, Place], list[CalcError]]:
        """Calculate everything. `calls` in the order in which they need each other. Returns what they said in errors,
        by the cell that calls."""
        answered: dict[str, Any] = {}
        said: dict[str, list[CalcError]] = {}
        for _ in range(_MAX_ROUNDS):
            self._recalculate()
            changed = False
            for call in calls:
                arguments = [self._argument(call, text) for text in call.arguments]
                if call.placeholder in answered and answered[call.placeholder] == arguments:
                    continue
                answered[call.placeholder] = arguments
                callbacks.errors.clear()
                answer = callbacks.by_name[call.function](*arguments)
                said[call.placeholder] = list(callbacks.errors)
                self._book.set_defined_name(call.placeholder, _literal(answer))
                changed = True
            if not changed:
                by_cell: dict[tuple[str, Place], list[CalcError]] = {}
                for call in calls:
                    by_cell.setdefault((call.sheet, call.place), []).extend(said[call.placeholder])
                return by_cell
        raise WorkbookError("functions that need each other's answers come to no end")

    def mend(self, sheet: str, row: int, column: int) -> None:
        """In a formula that was not entered as an array the engine takes one value of an array constant, of a name for
        one, of what LINEST gives, or of what INDEX, LOOKUP, FILTER and others take. Excel takes one cell of cells only,
        and calculates with all of an array; it shows the first value."""
        number = self._sheets[sheet]
        text = (self._book.get_formula(number, row - 1, column - 1) or "").removeprefix("=")
        mended = _of_whole_arrays(text) if "@" in text else text
        if mended != text:
            self._book.set_formula(number, row - 1, column - 1, f"=@({mended})")

    def value(self, sheet: str, row: int, column: int) -> CellValue:
        return _cell_value(self._book.get_value(self._sheets[sheet], row - 1, column - 1))

    def evaluated(self, sheet: str, row: int, column: int, text: str) -> list[list[CellValue]]:
        """What a formula would give in this cell, whatever stands beside it."""
        try:
            for at in (column - 1, _FREE_COLUMN):
                found = self._book.evaluate_formula_array(self._sheets[sheet], row - 1, at, f"={text}")
                values = [[_cell_value(value) for value in line] for line in found]
                if not (isinstance(values[0][0], CalcError) and values[0][0].code == "#SPILL!"):
                    break
        except formulon.FormulonError as error:
            raise WorkbookError(f"the exact engine stopped: {error}") from error
        return values

    def needs_itself(self, sheet: str, row: int, column: int) -> bool:
        """Does a formula give something else where its own cell holds something else? The engine gives 0 then."""
        number, at = self._sheets[sheet], (row - 1, column - 1)
        text = self._book.get_formula(number, *at) or ""
        given = []
        for value in (3.25, -7.5):
            self._book.set_number(number, *at, value)
            self._recalculate()
            given.append(self.evaluated(sheet, row, column, text.removeprefix("=")))
        self._book.set_formula(number, *at, text)
        self._recalculate()
        return repr(given[0]) != repr(given[1])

    def spill(self, sheet: str, row: int, column: int) -> Area | None:
        """The cells that the array result in this cell fills."""
        info = self._book.spill_info(self._sheets[sheet], row - 1, column - 1)
        if not info.engaged or (info.anchor_row, info.anchor_col) != (row - 1, column - 1):
            return None
        return Area(row, column, row + info.rows - 1, column + info.cols - 1)

    def _recalculate(self) -> None:
        try:
            self._book.recalc()
        except formulon.FormulonError as error:
            raise WorkbookError(f"the exact engine stopped: {error}") from error

    def _argument(self, call: CustomCall, argument: str | tuple[str, Area] | None) -> Any:
        """The value of an argument as the custom functions take it from the fast engine."""
        if argument is None:
            return call.skipped
        if isinstance(argument, tuple):
            sheet, area = argument
            rows = [
                [self._passed(sheet, row, column) for column in range(area.left, area.right + 1)]
                for row in range(area.top, area.bottom + 1)
            ]
        else:
            rows = [[_as_passed(value) for value in row] for row in self.evaluated(call.sheet, *call.place, argument)]
        return rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else rows

    def _passed(self, sheet: str, row: int, column: int) -> Any:
        return _as_passed(self.value(sheet, row, column))


def _of_whole_arrays(text: str) -> str:
    """
    >>> _of_whole_arrays('SUM(INDEX(@B1:B4*2,@C1:C4),@{1,2})&"@{"')
    'SUM(INDEX(B1:B4*2,@C1:C4),{1,2})&"@{"'
    >>> _of_whole_arrays("SUM(@LINEST(B1:B4,C1:C4)*@D1:D2)")  # Microsoft's page of LINEST has one of these
    'SUM(LINEST(B1:B4,C1:C4)*@D1:D2)'
    """
    parts = tokens(text)
    out = []
    calls: list[tuple[str, int]] = []
    for index, token in enumerate(parts):
        if token.kind == "open":
            calls.append((bare_function(parts[index - 1].text) if index and parts[index - 1].kind == "word" else "", 0))
        elif token.kind == "close" and calls:
            calls.pop()
        elif token.kind == "comma" and calls:
            calls[-1] = calls[-1][0], calls[-1][1] + 1
        after = parts[index + 1].text if index + 1 < len(parts) else ""
        whole = after == "{" or after.startswith(PLACEHOLDER) or bare_function(after) in _GIVE_ARRAYS
        whole = whole or any(argument in _TAKE_ARRAYS.get(function, ()) for function, argument in calls)
        if token.text != "@" or not whole:
            out.append(token.text)
    return "".join(out)


def has_function(name: str) -> bool:
    """
    >>> has_function("MMULT"), has_function("MMULT_OR_SO")
    (True, False)
    """
    _start()
    return formulon.Workbook.function_metadata(name) is not None


def _as_passed(value: CellValue) -> Any:
    if isinstance(value, CalcError):
        return error_value(value.code)
    return float(value) if type(value) is int else value


def _cell_value(value: Any) -> CellValue:
    kind = value.kind
    if kind == formulon.ValueKind.NUMBER:
        number: float = value.number
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    if kind == formulon.ValueKind.TEXT:
        return str(value.text)
    if kind == formulon.ValueKind.BOOL:
        return bool(value.boolean)
    if kind == formulon.ValueKind.BLANK:
        return None
    if kind == formulon.ValueKind.ERROR:
        code = formulon.error_display_name(value.error_code)
        return CalcError(code, f"the formula gives {code}")
    return CalcError("#CALC!", "the formula gives no value but a function")


def _literal(answer: Any) -> str:
    """What a custom function answered, as it is written in a formula."""
    if isinstance(answer, list):
        return "{" + ";".join(",".join(_constant(value) for value in row) for row in answer) + "}"
    return _constant(answer)


def _constant(value: Any) -> str:
    if isinstance(value, dict):
        return passed_error(value).code
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    return repr(float(value)).upper()


_started = False


def _start() -> None:
    """Load the engine's module. Compiling it takes seconds; wasmtime keeps the result in the user's cache folder,
    where it has one."""
    global _started
    if _started:
        return
    with _cached_compilation():
        formulon.library_version()
    _started = True


@contextlib.contextmanager
def _cached_compilation() -> Iterator[None]:
    plain: Callable[..., Any] = wasmtime.Engine

    def cached() -> Any:
        config = wasmtime.Config()
        try:
            config.cache = True
        except wasmtime.WasmtimeError:  # no folder for it
            return plain()
        return plain(config)

    setattr(wasmtime, "Engine", cached)  # noqa: B010 -- the engine makes its own, without a cache
    try:
        yield
    finally:
        setattr(wasmtime, "Engine", plain)  # noqa: B010
