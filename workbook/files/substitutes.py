"""Functions of our own that formulas for the engine call where it lacks something."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

FIT = "XLCALC.FIT"
SCIENTIFIC = "XLCALC.SCIENTIFIC"
POWER = "XLCALC.POWER"
SHOWN = "XLCALC.SHOWN"
COMPARE = "XLCALC.COMPARE"

NOT_AVAILABLE = {"type": "Error", "kind": "Na"}
_OUT_OF_RANGE = {"type": "Error", "kind": "Num"}
_DIVISION_BY_ZERO = {"type": "Error", "kind": "Div"}

_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip
_SCIENTIFIC_FORMAT = re.compile(r"([#0]+)(?:\.([#0]*))?E([+-])(0+)")


def fit(value: Any, rows: float, columns: float) -> list[list[Any]]:
    """A value in a block of a fixed size, as a legacy array formula shows it: a single value, row or column is
    repeated, what does not fit is cut off, what is missing is #N/A.

    >>> fit([[1.0], [2.0]], 3, 2)[1:]
    [[2.0, 2.0], [{'type': 'Error', 'kind': 'Na'}, {'type': 'Error', 'kind': 'Na'}]]
    """
    block = value if isinstance(value, list) else [[value]]
    height, width = int(rows), int(columns)
    if len(block) == 1:
        block = block * height
    fitted = []
    for row in block[:height]:
        full = row * width if len(row) == 1 else row[:width]
        fitted.append(full + [NOT_AVAILABLE] * (width - len(full)))
    return fitted + [[NOT_AVAILABLE] * width] * (height - len(fitted))


def is_scientific(pattern: str) -> bool:
    """Is this a format of TEXT that shows an exponent? The engine leaves the exponent out.

    >>> is_scientific("0.00E+00"), is_scientific("#,##0.00")
    (True, False)
    """
    return _SCIENTIFIC_FORMAT.fullmatch(pattern) is not None


def scientific(value: Any, pattern: str) -> Any:
    """TEXT with a format such as `0.00E+00`, or `##0.0E+0` for exponents that are multiples of three.

    >>> scientific(1.2345e24, "0.00E+00"), scientific(0.05, "##0.0E+0"), scientific(9.999, "0.0E+00")
    ('1.23E+24', '50.0E-3', '1.0E+01')
    """
    if isinstance(value, list):
        return [[scientific(item, pattern) for item in row] for row in value]
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (str, dict)):
        return value
    match = _SCIENTIFIC_FORMAT.fullmatch(pattern)
    if match is None:
        return {"type": "Error", "kind": "Value"}
    places, decimals, sign, width = len(match[1]), match[2] or "", match[3], len(match[4])
    number = Decimal(repr(float(value or 0)))
    step = Decimal(1).scaleb(-len(decimals))
    exponent = number.adjusted() // places * places if number else 0
    digits = abs(number).scaleb(-exponent).quantize(step, ROUND_HALF_UP)
    if digits >= 10**places:
        exponent += places
        digits = abs(number).scaleb(-exponent).quantize(step, ROUND_HALF_UP)
    shown = f"{digits:f}"
    for placeholder in reversed(decimals):
        if placeholder != "#" or not shown.endswith("0"):
            break
        shown = shown[:-1]
    whole, point, fraction = shown.partition(".")
    whole = whole.zfill(match[1].count("0"))
    point = "." if match[2] is not None else ""
    minus = "-" if number < 0 and digits else ""
    exponent_sign = "-" if exponent < 0 else "+" if sign == "+" else ""
    return f"{minus}{whole}{point}{fraction}E{exponent_sign}{abs(exponent):0{width}d}"


def power(base: Any, exponent: Any) -> Any:
    """A power as Excel calculates it: 0^0 is #NUM!, 0^-1 #DIV/0!, and of a negative number there are odd roots.

    >>> power(2.0, 0.5) == 2**0.5, power(-32.0, 0.2), power(0.0, 0.0)["kind"], power(0.0, -1.0)["kind"]
    (True, -2.0, 'Num', 'Div')
    """
    if isinstance(base, list) or isinstance(exponent, list):
        return _each(power, base, exponent)
    wrong = [value for value in (base, exponent) if isinstance(value, dict)]
    if wrong:  # #VALUE! comes of a text more often than from a cell, and Excel looks at a text last
        return next((value for value in wrong if value["kind"] != "Value"), wrong[0])
    base, exponent = float(base or 0), float(exponent or 0)
    if base == 0 and exponent <= 0:
        return _OUT_OF_RANGE if exponent == 0 else _DIVISION_BY_ZERO
    try:
        if base < 0 and not exponent.is_integer():
            root = round(1 / exponent)
            return -((-base) ** exponent) if root % 2 and exponent == 1 / root else _OUT_OF_RANGE
        return base**exponent
    except OverflowError:
        return _OUT_OF_RANGE


def compare(left: Any, sign: str, right: Any) -> Any:
    """A comparison as Excel makes it: numbers are equal that agree in 15 digits, texts in any case of their letters;
    numbers come before texts, and these before truth values.

    >>> compare(0.1 + 0.2, "=", 0.3), compare(0.1 + 0.2, ">", 0.3), compare("a", "<", "B"), compare("1", ">", 2.0)
    (True, False, True, True)
    """
    if isinstance(left, list) or isinstance(right, list):
        return _each(lambda one, other: compare(one, sign, other), left, right)
    for value in (left, right):
        if isinstance(value, dict):
            return value
    one, other = _order(left, right), _order(right, left)
    if one[0] == other[0] == 0 and one != other and f"{one[1]:.15g}" == f"{other[1]:.15g}":
        one = other
    return _SIGNS[sign](one, other)


def _order(value: Any, beside: Any) -> tuple[int, Any]:
    """Where a value stands among all values; a blank cell is 0, no text or FALSE, by what it is compared with."""
    if value is None:
        value = "" if isinstance(beside, str) else False if isinstance(beside, bool) else 0.0
    if isinstance(value, str):
        return 1, value.lower()
    return (2 if isinstance(value, bool) else 0), value


def shown(value: Any) -> Any:
    """A truth value as the word that TEXT gives for it in any format; what else there is, as it is.

    >>> shown(True), shown(2.0)
    ('TRUE', 2.0)
    """
    if isinstance(value, list):
        return [[shown(item) for item in row] for row in value]
    return ("TRUE" if value else "FALSE") if isinstance(value, bool) else value


def _each(function: Callable[[Any, Any], Any], one: Any, other: Any) -> Any:
    """A function of two values over arrays; what is missing in one of them is #N/A."""
    blocks = [value if isinstance(value, list) else [[value]] for value in (one, other)]
    rows, columns = max(len(block) for block in blocks), max(len(block[0]) for block in blocks)
    first, second = (
        fit(block, rows, columns) if len(block) * len(block[0]) > 1 else [block[0] * columns] * rows for block in blocks
    )
    return [[function(a, b) for a, b in zip(*pair, strict=True)] for pair in zip(first, second, strict=True)]
