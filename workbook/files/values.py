"""Values of engines and of files: what they mean, and when two are the same."""

from __future__ import annotations

from typing import Any

from xlcalc.language.errors import CalcError

from .callbacks import CODES, is_error
from .cells_xml import CellValue
from .xml_text import FILE_ERRORS

MEANING = {
    "#DIV/0!": "a division by zero",
    "#N/A": "a value is not available",
    "#VALUE!": "a value of the wrong kind",
    "#REF!": "a reference to cells that are not there",
    "#NUM!": "a number that is out of range",
    "#NULL!": "two ranges that do not meet",
    "#SPILL!": "the result does not fit: cells in its way are not empty",
    "#CALC!": "an array without any value",
}
_TOLERANCE = 1e-9
_NOTHING_LEFT = 1e-12
"""What may be left of a difference of numbers about as large as 1."""


def same_value(old: CellValue, new: CellValue) -> bool:
    """Is a value the one that a file holds already, but for the last digits of a number?"""
    if isinstance(old, CalcError) or isinstance(new, CalcError):
        return isinstance(old, CalcError) and isinstance(new, CalcError) and _file_code(old) == _file_code(new)
    if isinstance(old, bool) or isinstance(new, bool) or isinstance(old, str) or isinstance(new, str):
        return type(old) is type(new) and (old == new or str(old).replace("\r\n", "\n") == new)
    if old is None or new is None:
        return old is new
    return old == new or abs(old - new) <= max(_TOLERANCE * max(abs(old), abs(new)), _NOTHING_LEFT)


def _file_code(error: CalcError) -> str:
    return error.code if error.code in FILE_ERRORS else "#VALUE!"


def gave_up(kind: str) -> bool:
    return kind == "Name" or kind not in CODES


def formula_value(value: Any) -> CellValue:
    """A value as a formula cell shows it: blank is 0."""
    if value is None:
        return 0
    if is_error(value):
        code = CODES.get(value["kind"], "#VALUE!")
        return CalcError(code, MEANING.get(code, "an error"))
    if isinstance(value, float) and value - value != 0:  # infinite or no number
        return CalcError("#NUM!", MEANING["#NUM!"])
    return value
