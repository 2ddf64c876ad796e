"""Runs the cases on the hosts and shows function by function how many pass."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from xlcalc.language.declare import functions

from .case import Case, as_json, same
from .cases import all_cases
from .differences import DIFFERENCES, Difference, listed
from .hosts import HOSTS

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
_PRECISION = 1e-12  # hosts give the same number as Python but for the last digits of another C library's power and log


@dataclass
class Column:
    """What one host made of the cases."""

    host: str
    missing: str = ""
    versions: str = ""
    seconds: float = 0
    passed: dict[str, int] = field(default_factory=dict)
    differing: dict[str, int] = field(default_factory=dict)
    """Calls by function that differ for a listed reason."""
    seen: set[Difference] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)

    @property
    def stale(self) -> list[Difference]:
        """Listed differences that are none."""
        return [d for d in DIFFERENCES if d.host == self.host and d not in self.seen]


@cache
def column(name: str) -> Column:
    """Run every case on a host, once."""
    host = HOSTS[name]
    found = Column(name, host.missing())
    if found.missing:
        return found
    cases = all_cases()
    started = time.perf_counter()
    answers = host.run(cases)
    found.seconds, found.versions = time.perf_counter() - started, host.versions()
    for case, rows, here in zip(cases, answers, HOSTS["Python"].run(cases), strict=True):
        failure = case.failure(rows) or _differs(case, rows, here)
        difference = listed(name, case) if failure else None
        if not failure:
            found.passed[case.function] = found.passed.get(case.function, 0) + 1
        elif difference is not None and difference.explains(case, rows):
            found.seen.add(difference)
            found.differing[case.function] = found.differing.get(case.function, 0) + 1
        else:
            found.failures.append(failure)
    return found


def _differs(case: Case, rows: list[list[Any]], here: list[list[Any]]) -> str:
    return "" if same(rows, here, relative=_PRECISION) else f"{case} gives {rows!r:.200}, in Python {here!r:.200}"


def table(columns: list[Column]) -> Iterator[list[str]]:
    """Rows of the matrix, a header first: of the cases of a function how many pass, + those that a reason is listed
    for."""
    yield ["function", "cases", *(c.host for c in columns)]
    names = [declaration.name for declaration in functions()]
    counts = {name: sum(case.function == name for case in all_cases()) for name in names}
    for name in names:
        yield [name, str(counts[name]), *(_entry(c, c.passed.get(name, 0), c.differing.get(name, 0)) for c in columns)]
    passed = (_entry(c, sum(c.passed.values()), sum(c.differing.values())) for c in columns)
    yield ["all", str(sum(counts.values())), *passed]


def _entry(column: Column, passed: int, differing: int) -> str:
    if column.missing:
        return "-"
    return f"{passed} + {differing}" if differing else str(passed)


def as_text(columns: list[Column]) -> str:
    rows = list(table(columns))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def as_page(columns: list[Column]) -> str:
    """The page in the docs."""
    head, *rows = table(columns)
    ran = [f"| {c.host} | {c.versions} |" for c in columns if not c.missing]
    differences = [f"| {d.host} | {d.rule} | {d.reason} |" for d in DIFFERENCES]
    return "\n".join([
        "# Conformance: the same answer on every host",
        "",
        "Each function is called in the ways that a sheet can call it, on every host, and has to give the answer that "
        "others printed or counted (the examples, published tables, transformers' own counts, the catalogs' lines) or "
        "that follows from the rules (a blank is the default, text for a number is `#VALUE!`, a range gives a range). "
        "All hosts have to give the same number as Python to 12 digits. A number is the cases that pass; `+ 2` are "
        "two that differ for a reason listed below.",
        "",
        "`python tests/conformance` prints this table, `--cases` writes the cases as JSON; `just regenerate conformance` "
        "writes this page. "
        "The cases: [tests/conformance](../tests/conformance).",
        "",
        "| host | ran on |",
        "|---|---|",
        *ran,
        "",
        "## Passed",
        "",
        f"| {' | '.join(head)} |",
        f"|---|{'---:|' * (len(head) - 1)}",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
        "## What differs, and why",
        "",
        "| host | case | reason |",
        "|---|---|---|",
        *differences,
        "",
    ])  # fmt: skip


def page() -> str:
    """The page as it is now, for which every host has to be here."""
    return as_page([column(name) for name in HOSTS])


def comparable(text: str, other: str) -> list[list[str]]:
    """A page without the versions of its hosts and without the columns of the hosts that another page lacks."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    matrix = [[cell.strip() for cell in line.strip("|").split("|")] for line in other.splitlines() if line[:1] == "|"]
    lacking = next(([i for i, cell in enumerate(row) if cell == "-"] for row in matrix if row[0] == "all"), [])
    width = len(HOSTS) + 2
    return [
        [cell for i, cell in enumerate(row) if len(row) != width or i not in lacking]
        for row in rows
        if not (len(row) == 2 and row[0] in HOSTS)
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python tests/conformance", description=__doc__)
    parser.add_argument("hosts", nargs="*", choices=[[], *HOSTS], help="the hosts to run on; all without any")
    parser.add_argument("--cases", action="store_true", help="write the cases as JSON and run nothing")
    given = parser.parse_args()
    if given.cases:
        print(as_json(list(all_cases())), end="")
        return 0
    columns = []
    for name in given.hosts or HOSTS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        columns.append(column(name))
    print(as_text(columns))
    for c in columns:
        print(f"{c.host}: not run, {c.missing}" if c.missing else f"{c.host}: {c.versions}; {c.seconds:.0f} s")
        for failure in c.failures:
            print(f"{c.host}: {failure}")
        for difference in c.stale if not c.missing else []:
            print(f"{c.host}: is listed as different and is not: {difference.rule}")
    return int(any(c.failures or (c.stale and not c.missing) for c in columns))
