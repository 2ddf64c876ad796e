"""What one cell value can be read as: numbers, choices, texts.

A kind turns a cell's value into what a function works with, or refuses it with a reason. Kinds that need a catalog
(`Model`, `Accelerator`) stand beside the functions; they build on the same base.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from difflib import get_close_matches
from typing import Any

from xlcalc import limits
from xlcalc.language import units
from xlcalc.language.errors import EXCEL_ERRORS, CalcError
from xlcalc.language.harmless import printable

EXACT = 2**53  # integers up to here are the same number as a float and as an int
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_MAX_SHOWN = 60
_MOST_BITS = 1024  # of an int that a float can hold
_LARGEST = sys.float_info.max


class Refusal(Exception):
    """A value that a kind does not take: an Excel error code and what is allowed instead, as `CalcError` takes it."""

    def __init__(self, code: str, reason: str | Callable[[], str]) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason

    def __reduce__(self) -> tuple[type[Refusal], tuple[str, str]]:
        return Refusal, (self.code, self.reason if isinstance(self.reason, str) else self.reason())


def shown(value: Any) -> str:
    """A value as an error message shows it: short, in quotes where it is text.

    >>> shown("abc"), shown(1.0), shown(True)
    ('"abc"', '1', 'TRUE')
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        text = printable(value if len(value) <= _MAX_SHOWN else value[:_MAX_SHOWN] + "...")
        return f'"{text}"'
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return str(int(value))
    if isinstance(value, (date, time)):
        return f"the date {value}" if isinstance(value, date) else f"the time {value}"
    if isinstance(value, (list, tuple)):
        return "a range"
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return "a number of over 300 digits"
    text = str(value)
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "..."


def clean(text: str) -> str:
    """Text as it was meant: no-break and repeated spaces become one, none at the ends."""
    return " ".join(text.split())


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of an error message that offers the nearest known word; nothing where none is near."""
    near = get_close_matches(word[:_MAX_SHOWN], list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def is_blank(value: Any) -> bool:
    """A blank cell, or text without a visible character. Zero and FALSE are not blank."""
    return value is None or (isinstance(value, str) and (not value or value.isspace()))


def is_number(text: str) -> bool:
    """True where a text is a number stored as text.

    >>> is_number(" 7e9 "), is_number("7b"), is_number("nan")
    (True, False, False)
    """
    return _NUMBER.fullmatch(clean(text)) is not None


def propagate(value: Any) -> None:
    """Raise where the value is itself an error: an error cell passed on, as Excel's own functions do."""
    if isinstance(value, CalcError):
        raise Refusal(value.code, f"is an error: {value}")
    if isinstance(value, str) and value in EXCEL_ERRORS:
        raise Refusal(value, f"is the error {value}")


class Kind:
    """How one argument or result is read; `about` is its line in help texts, `unit` what it is counted in."""

    unit = ""
    about = ""

    def read(self, value: Any) -> Any:
        raise NotImplementedError

    def takes_range(self, rows: list[list[Any]]) -> bool:
        """True where a range is one value of this kind (a model block) rather than many values."""
        return False


class Number(Kind):
    """A finite number between `low` and `high` in the base unit of its quantity; integral values come as int.

    TRUE is not a number, nor is a date; a number stored as text is one. `whole` refuses fractions.
    """

    def __init__(
        self, unit: str = "", low: float = 0, high: float = math.inf, *, whole: bool = False, above: bool = False
    ) -> None:
        self.unit, self.low, self.high, self.whole, self.above = unit, low, high, whole, above
        # the bounds themselves: the smallest and the largest that is allowed
        self.least, self.most = max(math.nextafter(low, math.inf) if above else low, -_LARGEST), min(high, _LARGEST)
        noun = f"{'a whole number' if whole else 'a number'}{' of ' + unit if unit else ''}"
        if high < math.inf:
            limits = f"{'above' if above else 'from'} {low:g} {'and at most' if above else 'to'} {high:g}"
        elif low > -math.inf:
            limits = f"above {low:g}" if above else f"of at least {low:g}" if not unit else f"{low:g} or more"
        else:
            limits = ""
        self.about = f"{noun}, {limits}" if limits else noun

    def read(self, value: Any) -> float:
        kind = type(value)
        if kind is int and self.least <= value <= self.most:
            return value
        if kind is float and not self.whole and self.least <= value <= self.most and not value.is_integer():
            return value
        if kind is str:
            value = self._from_text(value)
        elif kind is not int and kind is not float:
            value = self._from_other(value)
        if type(value) is float and value.is_integer() and -EXACT < value < EXACT:
            value = int(value)
        if not self.least <= value <= self.most:
            raise Refusal("#NUM!", f"must be {self.about}; got {shown(value)}")
        if self.whole and type(value) is not int:
            raise Refusal("#NUM!", f"must be {self.about}; got {shown(value)}")
        return value

    def _from_text(self, value: str) -> float:
        text = clean(value)
        if not is_number(text):
            raise Refusal("#VALUE!", f"must be {self.about}; got {shown(value)}")
        if len(text) > limits.DIGITS:
            raise Refusal("#NUM!", f"must be {self.about}; got {shown(value)}")
        return int(text) if text.lstrip("+-").isdigit() else float(text)

    def _from_other(self, value: Any) -> Any:
        if not isinstance(value, (bool, date, time)):
            item = getattr(value, "item", None)  # a NumPy scalar
            value = item() if callable(item) else value
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return value
            if hasattr(value, "as_integer_ratio") and not isinstance(value, bool):  # Decimal, Fraction
                try:
                    return float(value)
                except (ValueError, OverflowError):  # a signalling NaN, or beyond what a cell holds
                    raise Refusal("#NUM!", f"must be {self.about}; got {shown(value)}") from None
        raise Refusal("#VALUE!", f"must be {self.about}; got {shown(value)}")


class Day(Kind):
    """A day: a date where the host has dates, else the number that a sheet keeps for one, or 2026-11-24 as text."""

    about = "a date"
    _FIRST = 693594  # ordinal of a sheet's day 0; days before March 1900 are one off in Excel and no date of ours
    _LAST = date.max.toordinal() - _FIRST

    def _day(self, value: date) -> date:
        if value != value:  # pandas' NaT is a datetime and no date
            raise Refusal("#VALUE!", f"must be {self.about}; got {shown(value)}")
        return value.date() if isinstance(value, datetime) else value

    def read(self, value: Any) -> date:
        if isinstance(value, date):
            return self._day(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 61 <= value <= self._LAST:
            return date.fromordinal(self._FIRST + int(value))
        try:
            return date.fromisoformat(clean(value))
        except (TypeError, ValueError, AttributeError):
            raise Refusal("#VALUE!", f"must be {self.about}, such as 2026-11-24; got {shown(value)}") from None


class Text(Kind):
    """Any text, spaces tidied; a number is taken as its text."""

    def __init__(self, about: str = "a text") -> None:
        self.about = about

    def read(self, value: Any) -> str:
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Refusal("#VALUE!", f"must be {self.about}; got {shown(value)}")
        return shown(value)


class Parsed(Text):
    """A text that `parse` makes a value of; it raises ValueError where it cannot."""

    def __init__(self, about: str, parse: Callable[[str], Any]) -> None:
        super().__init__(about)
        self._parse = parse

    def read(self, value: Any) -> Any:
        try:
            return self._parse(super().read(value))
        except ValueError as error:
            raise Refusal("#VALUE!", str(error)) from None


class Choice(Kind):
    """One of a few words; case, spaces and hyphens do not matter."""

    def __init__(self, *options: str) -> None:
        self.options = options
        self._options = {self._key(o): o for o in options}
        self.about = "one of " + ", ".join(options)

    @staticmethod
    def _key(text: str) -> str:
        return clean(text).casefold().replace(" ", "_").replace("-", "_")

    def read(self, value: Any) -> str:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = shown(value)
        if not isinstance(value, str):
            raise Refusal("#VALUE!", f"must be {self.about}; got {shown(value)}")
        found = self._options.get(value) or self._options.get(self._key(value))
        if found is None:
            hint = did_you_mean(self._key(value), self._options.values())
            raise Refusal("#VALUE!", f"must be {self.about}; got {shown(value)}{hint}")
        return found


class UnitOf(Kind):
    """A unit of one quantity, read as the factor to divide a result in base units by."""

    def __init__(self, quantity: str) -> None:
        self._quantity = quantity
        self.options = tuple(units.UNITS[quantity])
        self.about = "one of " + ", ".join(self.options)

    def read(self, value: Any) -> float:
        if not isinstance(value, str):
            raise Refusal("#VALUE!", f"must be a unit of {self._quantity} as text; got {shown(value)}")
        try:
            return units.factor(self._quantity, clean(value))
        except ValueError as error:
            raise Refusal("#VALUE!", str(error)) from None


class TableKind(Kind):
    """What spills: a table with headers, or a value where a function says so."""

    def __init__(self, about: str = "a table with headers") -> None:
        self.about = about
