"""The headless recalculator: one workbook with all cases."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from xlcalc.workbook.files.recalc import recalculate
from xlcalc.workbook.listed import cell_functions

from .case import Case
from .sheet import answers, workbook


def missing() -> str:
    return ""


def run(cases: Sequence[Case]) -> list[list[list[Any]]]:
    data, places = workbook(cases)
    return answers(recalculate(data, cell_functions()).package.to_bytes(), places)


def versions() -> str:
    return f"formualizer {version('formualizer')}"
