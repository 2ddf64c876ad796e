"""Every case on every host that can run here: `python tests/conformance` shows the same as a matrix."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from xlcalc.language.declare import functions

from .case import Case, as_json, same
from .cases import all_cases
from .hosts import HOSTS
from .matrix import PAGE, column


@pytest.mark.parametrize("host", HOSTS)
def test_every_case(host: str) -> None:
    found = column(host)
    if found.missing:
        pytest.skip(found.missing)
    assert not found.failures, f"{len(found.failures)} differ:\n" + "\n".join(found.failures[:40])
    assert not found.stale, "listed as different, and is not"


def test_there_are_ten_cases_a_function() -> None:
    counts = Counter(case.function for case in all_cases())
    few = [d.name for d in functions() if d.arguments and counts[d.name] < 10]
    assert not few, f"give {few} vectors: their examples print no value to start from"
    assert all(counts[d.name] for d in functions())


def test_cases_are_json() -> None:
    cases = [
        Case(**{**line, "at": tuple(line["at"]) if line["at"] else None})
        for line in json.loads(as_json([*all_cases()]))
    ]
    assert cases == [*all_cases()]


def test_expected_values_are_not_all_errors() -> None:
    """An argument that is refused for another reason than the one meant would go unseen among errors."""
    for declaration in functions():
        good = [c for c in all_cases() if c.function == declaration.name and not str(c.expected).startswith("#")]
        assert good, declaration.name


def test_rows_are_compared_cell_by_cell() -> None:
    assert same([[1.0, None, "x"]], [[1 + 1e-12, "", "x"]])
    assert not same([[1.0]], [[1 + 1e-8]])
    assert not same([[1.0]], [["1"]])
    assert not same([[1.0]], [[1.0], [1.0]])
    assert not same([["#N/A"]], [["#NUM!"]])


def test_the_page_shows_every_function_on_every_host() -> None:
    page = PAGE.read_text("utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:1] == "|"]
    matrix = {row[0]: row for row in rows}
    assert matrix["function"][2:] == list(HOSTS)
    assert [d.name for d in functions() if d.name not in matrix] == [], "run: just regenerate conformance"
    assert not [row for row in rows if "-" in row[2:]], "it was written where a host is missing"
