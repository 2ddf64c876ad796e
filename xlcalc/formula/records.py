"""Records of numbers, such as a model's coefficients or an accelerator's rates, as symbols: each field a column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from xlcalc.formula.symbols import ACTIVE, INPUT, LEAF, Recording, Symbol, active, labelled

Record = TypeVar("Record")
LEFT = frozenset(("all_layers",))  # what other coefficients are counted from, and no column itself
Words = Mapping[str, tuple[str, str]]  # of a field: what it is called, and its unit


def columns(record: Record, words: Words, source: str | Callable[[], str]) -> Record:
    """The record itself; while something is recorded, with a symbol for each of its numbers.

    Of one call, a field that is zero stays a plain zero: what a model does not have is no part of its derivation.
    """
    if not ACTIVE or (nodes := active()) is None:
        return record
    return _Columns(nodes, words, source).of(record, "")


class _Columns:
    def __init__(self, nodes: Recording, words: Words, source: str | Callable[[], str]) -> None:
        self.nodes, self.words, self.source = nodes, words, source

    def of(self, value: Any, path: str) -> Any:
        if type(value) is float or type(value) is int:
            return self._number(value, path)
        if path in LEFT:
            return value
        if is_dataclass(value) and not isinstance(value, type):
            made = object.__new__(type(value))
            made.__dict__.update(
                {f.name: self.of(getattr(value, f.name), _inside(path, f.name)) for f in fields(value)}
            )
            return made
        if isinstance(value, tuple):
            if hasattr(value, "_fields"):
                return type(value)(*(self.of(v, _inside(path, n)) for n, v in zip(value._fields, value, strict=True)))
            return tuple(self.of(v, f"{path}_{i}") for i, v in enumerate(value, 1))
        if isinstance(value, dict):
            return {
                self.of(k, f"{path}_reach_{i}"): self.of(v, f"{path}_{i}") for i, (k, v) in enumerate(value.items(), 1)
            }
        return value

    def _number(self, value: float, path: str) -> float | Symbol:
        known = self.words.get(path) or self.words.get(path.partition("_")[2])
        label, unit = known or (path.replace("_", " "), "count")
        if self.nodes.is_open:
            return labelled(self.nodes, INPUT, (path,), value, label, unit, self.source)
        return labelled(self.nodes, LEAF, (), value, label, unit, self.source) if value else value


def _inside(path: str, name: str) -> str:
    return f"{path}_{name}" if path else name
