"""A call of a cell function and the answer that every host has to give."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import chain
from math import isclose
from typing import Any

RELATIVE = 1e-9  # an expected value is the decimal text of a double, or arithmetic in another order


@dataclass(frozen=True)
class Case:
    """One call.

    An argument is None where it is left out, a number, text, TRUE or FALSE, rows of a range (None in it is an empty
    cell), or one of {"blank": true}, a reference to an empty cell; {"error": "#N/A"}, an error cell; {"date":
    "2026-11-24"}, a cell with a date.

    `expected` is a value, the code of an error, or rows. Where `at` is given it is the block of the result that begins
    at that row and column, counted from the end where negative. `within` is what a published figure leaves open: how
    far the answer may be from it.
    """

    function: str
    arguments: list[Any]
    expected: Any
    rule: str
    """What the call shows, the same words wherever the same thing is shown."""
    source: str
    """Where the expected value comes from."""
    within: float = 0
    at: tuple[int, int] | None = None

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(_shown, self.arguments))}), {self.rule}"

    def failure(self, rows: list[list[Any]]) -> str:
        """What is wrong with a result; nothing where it is right."""
        expected = self.expected if isinstance(self.expected, list) else [[self.expected]]
        block = rows if self.at is None else _block(rows, self.at, len(expected), len(expected[0]))
        if same(block, expected, self.within):
            return ""
        return f"{self} gives {_shown(rows)[:200]}, not {_shown(self.expected)[:200]}"


def same(rows: list[list[Any]], others: list[list[Any]], within: float = 0, relative: float = RELATIVE) -> bool:
    """Rows that a sheet shows alike: numbers by value, an empty cell as empty text."""
    return list(map(len, rows)) == list(map(len, others)) and all(
        isclose(a, b, rel_tol=relative, abs_tol=within)
        if isinstance(a, (int, float)) and isinstance(b, (int, float))
        else ("" if a is None else a) == ("" if b is None else b)
        for a, b in zip(chain(*rows), chain(*others), strict=True)
    )


def rows_of(answer: Any) -> list[list[Any]]:
    """What a host put in cells, as rows."""
    return answer if isinstance(answer, list) else [[answer]]


def as_json(cases: list[Case]) -> str:
    """The table for a host that is not Python, one case a line."""
    return "[\n" + ",\n".join(json.dumps(asdict(case), allow_nan=False) for case in cases) + "\n]\n"


def _block(rows: list[list[Any]], at: tuple[int, int], height: int, width: int) -> list[list[Any]]:
    top, left = (at[0] % len(rows), at[1] % len(rows[0])) if rows else (0, 0)
    return [row[left : left + width] for row in rows[top : top + height]]


def _shown(value: Any) -> str:
    return "" if value is None else json.dumps(value)
