"""A bounded store of work done once for a model and an accelerator.

Specifications hold dictionaries and cannot be hashed; they are known by identity, and kept alive as long as the entry.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from xlcalc.formula.arithmetic import is_recording

Value = TypeVar("Value")
_SIZE = 512


class Kept(Generic[Value]):
    """The last results by the objects and plain values that they follow from."""

    def __init__(self, *, of_model: bool = False) -> None:
        """`of_model`: values follow from a model alone and are plain numbers, also while a call is recorded."""
        self._of_model = of_model
        self._entries: OrderedDict[Hashable, tuple[tuple[object, ...], Value]] = OrderedDict()

    def get(self, objects: tuple[object, ...], key: Hashable) -> Value | None:
        """What was put for exactly these objects and this key, or None."""
        if not self._of_model and is_recording():
            return None
        entry = self._entries.get((tuple(map(id, objects)), key))
        return entry[1] if entry else None

    def put(self, objects: tuple[object, ...], key: Hashable, value: Value) -> Value:
        """Keep a value, and let go of the oldest beyond the bound."""
        if not self._of_model and is_recording():
            return value
        self._entries[tuple(map(id, objects)), key] = objects, value
        while len(self._entries) > _SIZE:
            self._entries.popitem(last=False)
        return value
