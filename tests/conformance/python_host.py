"""Python itself: the functions as `import xlcalc` gives them."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

import xlcalc
from xlcalc.hosts.cells import answer

from .case import Case, rows_of
from .cases import all_cases


def missing() -> str:
    return ""


def run(cases: Sequence[Case]) -> list[list[list[Any]]]:
    return _all() if cases is all_cases() else [answer_to(case, case.arguments) for case in cases]


@cache
def _all() -> list[list[list[Any]]]:
    """Every host is compared with these, and two make their sheet by their sizes."""
    return [answer_to(case, case.arguments) for case in all_cases()]


def answer_to(case: Case, arguments: list[Any]) -> list[list[Any]]:
    """The rows of a case's function for these arguments."""
    return rows_of(answer(getattr(xlcalc, case.function), [*map(_argument, arguments)]))


def versions() -> str:
    return f"Python {platform.python_version()}"


def _argument(value: Any) -> Any:
    if isinstance(value, list):
        return [[_argument(v) for v in row] for row in value]
    if isinstance(value, dict):
        return date.fromisoformat(value["date"]) if "date" in value else value.get("error")
    return value
