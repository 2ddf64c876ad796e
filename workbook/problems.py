"""What a recalculation could not do, in sentences: every cell, or the causes first and how many cells follow."""

from __future__ import annotations

from collections import Counter

from .files.recalc import CellError, Recalculation
from .files.values import MEANING

_FEW = 10
"""Cells with an error that are named one by one."""


def each_cell(recalculation: Recalculation) -> list[str]:
    """Each cell with an error or without a result, in a sentence."""
    return [*(_sentence(error) for error in recalculation.errors), *_kept(recalculation)]


def problems(recalculation: Recalculation) -> list[str]:
    """The cells with an error, where there are many by what is wrong and only counted where the error came from another
    cell; then each cell without a result, in sentences."""
    errors = recalculation.errors
    if len(errors) <= _FEW:
        return each_cell(recalculation)
    alike: dict[tuple[str, str], list[CellError]] = {}
    for error in errors:
        if not _came_from_a_cell(error):
            alike.setdefault((error.code, error.message), []).append(error)
    causes = sorted(alike.values(), key=lambda these: these[0].message == MEANING.get(these[0].code))
    said = [_sentence(these[0], len(these) - 1) for these in causes]
    followers = Counter(error.sheet for error in errors if _came_from_a_cell(error))
    if followers:
        sheets = ", ".join(f"{count:,} on {sheet}" for sheet, count in followers.most_common())
        said.append(f"errors that follow from other cells: {sheets}")
    return [*said, *_kept(recalculation)]


def _came_from_a_cell(error: CellError) -> bool:
    return error.message.startswith(f"{MEANING.get(error.code, 'an error')}, from ")


def _sentence(error: CellError, more: int = 0) -> str:
    others = f" and {more:,} more cell{'s' * (more > 1)} are" if more else " is"
    return f"{error.sheet}!{error.cell}{others} {error.code}: {error.message}"


def _kept(recalculation: Recalculation) -> list[str]:
    return [f"{one.sheet}!{one.cell} keeps its old value: {one.reason}" for one in recalculation.not_calculated]
