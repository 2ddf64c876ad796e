"""Records of numbers, such as a model's coefficients or an accelerator's rates, as symbols: each field a column."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import is_dataclass
from functools import cache, cached_property, wraps
from typing import Any, TypeVar, cast

from xlcalc.formula.symbols import ACTIVE, INPUT, LEAF, Recording, Symbol, active, labelled, unrecorded

FINITE = sys.float_info.max
_KEPT = 256  # formats, accelerators and software of a record
Record = TypeVar("Record")
Result = TypeVar("Result")
Words = Mapping[str, tuple[str, str]]  # of a field: what it is called, and its unit


def checked_number(field: str, value: Any, *, least: float = 0, most: float = FINITE, whole: bool = False) -> Any:
    """A field of a record as a number, also where it is a text; None stays. Raises ValueError naming the field.

    >>> checked_number("tdp", "700"), checked_number("context", 8192.0, whole=True), checked_number("tdp", None)
    (700.0, 8192, None)
    """
    if value is None:
        return None
    try:
        number = float(value) if type(value) is not bool else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not least <= number <= most or (whole and not number.is_integer()):
        limits = f"above 0, at most {most:g}" if least > 0 else f"from {least:g} to {most:g}"
        noun = "a whole number" if whole else "a number"
        raise ValueError(f"has a {field} that is not {noun} {limits}; got {str(value)[:60]!r}")
    return int(value) if whole else number


def columns(record: Record, words: Words, source: str | Callable[[], str], within: str = "") -> Record:
    """The record itself; while something is recorded, one that gives a symbol for each of its numbers.

    A field is named by the path to it, `split_weights`, after what it stands `within`. Of one call, a field that is
    zero stays a plain zero: what a model does not have is no part of its derivation.
    """
    if not ACTIVE or (nodes := active()) is None or nodes.guards is not None:
        return record
    if nodes.is_open or not isinstance(record, Keeping):
        return cast(Record, Columns(record, within, nodes, words, source))
    return cast(Record, record.kept((Columns, source, within), lambda: Columns(record, within, nodes, words, source)))


def column(name: str, value: Any, label: str, unit: str, source: str | Callable[[], str]) -> Any:
    """One figure of a model or machine: a number, while something is recorded a symbol."""
    if not ACTIVE or (nodes := active()) is None or nodes.guards is not None or type(value) is Symbol or not value:
        return value
    if nodes.is_open:
        return labelled(nodes, INPUT, (name,), value, label, unit, source)
    return labelled(nodes, LEAF, (), value, label, unit, source)


def reduced(reduce: Callable[..., Result]) -> Callable[..., Result]:
    """Mark a function that reduces an accelerator to rates: where arguments are kept open, plain rates are columns."""

    @wraps(reduce)
    def reducing(*arguments: Any) -> Result:
        if not ACTIVE or (nodes := active()) is None or not nodes.is_open:
            return reduce(*arguments)
        with unrecorded():
            rates = reduce(*arguments)
        return columns(rates, {}, "of the accelerator", "machine")

    return reducing


class Keeping:
    """A record that keeps what was put together of it, for the next call."""

    @cached_property
    def looked_up(self) -> dict[Any, Any]:
        return {}

    def __getstate__(self) -> dict[str, Any]:
        """Another process puts together what it needs."""
        return {name: value for name, value in self.__dict__.items() if name != "looked_up"}

    def once(self, key: Any, put_together: Callable[[], Result]) -> Result:
        """What is put together of the record alone, kept under a key: as numbers, and as the symbols of a derivation.
        Where arguments are kept open it is put together anew."""
        if not ACTIVE or (nodes := active()) is None:
            return self.kept(key, put_together)
        return put_together() if nodes.is_open else self.kept((Symbol, key), put_together)

    def kept(self, key: Any, put_together: Callable[[], Result]) -> Result:
        """The same for what is the same plain numbers whether something is recorded or not."""
        found = self.looked_up.get(key)
        if found is None:
            if len(self.looked_up) >= _KEPT:
                self.looked_up.clear()
            found = self.looked_up[key] = put_together()
        return found


@cache
def _derived(record: type[Any], name: str) -> Callable[[Any], Any] | None:
    """What computes an attribute that is no field of a record."""
    derived = getattr(record, name, None)
    return derived.func if isinstance(derived, cached_property) else getattr(derived, "fget", None)


class Columns:
    """A record whose fields become symbols when they are asked for."""

    def __init__(self, record: Any, path: str, nodes: Recording, words: Words, source: str | Callable[[], str]) -> None:
        self.record, self._path, self._of = record, path, (nodes, words, source)

    def __getattr__(self, name: str) -> Any:
        compute = _derived(self.record.__class__, name)
        if compute:  # of columns, and no column itself
            value = compute(self)
        else:
            value = self._symbols(getattr(self.record, name), f"{self._path}_{name}" if self._path else name)
        self.__dict__[name] = value
        return value

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, name) for name in self.record._fields)

    def _replace(self, **fields: Any) -> Columns:
        made = Columns(self.record, self._path, *self._of)
        made.__dict__.update(fields)
        return made

    def _symbols(self, value: Any, path: str) -> Any:
        kind = type(value)
        if kind is float or kind is int:
            return self._number(value, path)
        if hasattr(value, "_fields") or is_dataclass(value):
            return Columns(value, path, *self._of)
        if kind is tuple:
            return tuple(self._symbols(v, f"{path}_{i}") for i, v in enumerate(value, 1))
        if kind is dict:
            pairs = enumerate(value.items(), 1)
            return {self._symbols(k, f"{path}_reach_{i}"): self._symbols(v, f"{path}_{i}") for i, (k, v) in pairs}
        return value

    def _number(self, value: float, path: str) -> float | Symbol:
        nodes, words, source = self._of
        label, unit = words.get(path) or words.get(path.partition("_")[2]) or (path.replace("_", " "), "count")
        if nodes.is_open:
            return labelled(nodes, INPUT, (path,), value, label, unit, source)
        return labelled(nodes, LEAF, (), value, label, unit, source) if value else value
