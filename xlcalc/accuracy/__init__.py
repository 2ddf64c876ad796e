"""What was measured, how far estimates are from it, and how a user's own measurements correct them.

What only audits need is loaded when it is first asked for as `accuracy.bounds` ...: a first answer should come soon.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xlcalc.accuracy import bounds as bounds
    from xlcalc.accuracy import ranges as ranges
    from xlcalc.accuracy import scope as scope
    from xlcalc.accuracy import validation as validation
    from xlcalc.accuracy import whole_runs as whole_runs

_LATER = frozenset(("bounds", "ranges", "scope", "validation", "whole_runs"))


def __getattr__(name: str) -> ModuleType:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
