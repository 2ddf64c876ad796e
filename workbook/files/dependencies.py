"""Which formula cells depend on which, as far as their text says."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from .addresses import Area
from .references import References

Place = tuple[int, int]
Node = tuple[str, Place]
"""A cell: its sheet, its row and column."""

_SMALL_AREA = 64
"""Cells of an area that are listed one by one; what is larger is looked through."""


class Precedents:
    """Which formula cells a formula reads. `nodes`: all formula cells; `arrays`: the cells that array formulas fill;
    `references`: what one of them reads, asked for as late as can be."""

    def __init__(
        self, nodes: Iterable[Node], arrays: Mapping[Node, Area], references: Callable[[Node], References]
    ) -> None:
        self.arrays, self._references = arrays, references
        self._anchor = {(node[0], place): node for node, area in arrays.items() for place in area.places()}
        self._rows: dict[tuple[str, int], list[int]] = defaultdict(list)
        for sheet, (row, column) in sorted({*nodes, *self._anchor}):
            self._rows[sheet, column].append(row)
        self._columns: dict[str, list[int]] = defaultdict(list)
        for sheet, column in sorted(self._rows):
            self._columns[sheet].append(column)

    def of(self, node: Node) -> Iterator[Node]:
        """The formula cells that a formula reads directly."""
        references = self._references(node)
        for sheet, area in references.areas:
            for column, rows in self.columns(sheet, area):
                for row in rows[bisect_left(rows, area.top) : bisect_right(rows, area.bottom)]:
                    yield self._at(sheet, row, column)
        yield from references.anchors

    def above(self, nodes: Collection[Node], but: Collection[Node]) -> set[Node]:
        """These formula cells and those that they need, directly or through others, without going through `but`."""
        found = set(nodes)
        waiting = list(nodes)
        unseen: dict[tuple[str, int], list[int]] = {}  # for each row of a column, the next one that was not looked at
        while waiting:
            references = self._references(waiting.pop())
            needed = list(references.anchors)
            for sheet, area in references.areas:
                for column, rows in self.columns(sheet, area):
                    following = unseen.setdefault((sheet, column), list(range(len(rows) + 1)))
                    at = _last(following, bisect_left(rows, area.top))
                    while at < len(rows) and rows[at] <= area.bottom:
                        needed.append(self._at(sheet, rows[at], column))
                        following[at] = at + 1
                        at = _last(following, at + 1)
            for node in needed:
                if node not in found and node not in but:
                    found.add(node)
                    waiting.append(node)
        return found

    def columns(self, sheet: str, area: Area) -> Iterator[tuple[int, list[int]]]:
        """The columns of an area that have formulas, and in which rows."""
        columns = self._columns.get(sheet, [])
        for column in columns[bisect_left(columns, area.left) : bisect_right(columns, area.right)]:
            yield column, self._rows[sheet, column]

    def has_formulas(self, sheet: str, column: int) -> bool:
        return (sheet, column) in self._rows

    def _at(self, sheet: str, row: int, column: int) -> Node:
        return self._anchor.get((sheet, (row, column)), (sheet, (row, column)))


def _last(following: list[int], at: int) -> int:
    """Where a chain of `following` ends; it is shortened on the way."""
    while following[at] != at:
        following[at] = at = following[following[at]]
    return at


class Dependencies:
    """Which formula cells depend on which others. `formulas`: what each of them reads."""

    def __init__(self, formulas: Mapping[Node, References], precedents: Precedents) -> None:
        self._formulas, self._precedents = formulas, precedents
        self._readers: dict[Node, list[Node]] = defaultdict(list)
        self._large: dict[tuple[str, int], list[tuple[Area, list[Node]]]] = defaultdict(list)
        self._dynamic = [node for node, references in formulas.items() if references.dynamic]
        areas: dict[tuple[str, Area], list[Node]] = defaultdict(list)
        for node, references in formulas.items():
            for sheet, area in references.areas:
                if area.rows * area.columns > _SMALL_AREA:
                    areas[sheet, area].append(node)
                else:
                    for place in area.places():
                        self._readers[sheet, place].append(node)
            for anchor in references.anchors:
                self._readers[anchor].append(node)
        for (sheet, area), nodes in areas.items():
            for column, _ in precedents.columns(sheet, area):
                self._large[sheet, column].append((area, nodes))
        self._areas = areas

    def dependents(self, sources: Iterable[Node]) -> set[Node]:
        """The formula cells that depend on any of these cells, directly or through others."""
        found: set[Node] = set()
        done: set[int] = set()
        waiting = list(sources)
        if waiting:
            found.update(self._dynamic)
            waiting += self._dynamic
        while waiting:
            node = waiting.pop()
            area = self._precedents.arrays.get(node)
            for place in area.places() if area else (node[1],):
                for reader in self._reading((node[0], place), done):
                    if reader not in found:
                        found.add(reader)
                        waiting.append(reader)
        return found

    def with_between(self, nodes: Collection[Node]) -> set[Node]:
        """These formula cells, and those that depend on one of them and are needed by another."""
        wanted = set(nodes)
        later = self.dependents(wanted) - wanted
        if not later:
            return wanted
        if any(self._formulas[node].dynamic for node in wanted if node in self._formulas):
            return wanted | later
        between: set[Node] = set()
        waiting = list(wanted)
        while waiting:
            for node in self._precedents.of(waiting.pop()):
                if node in later and node not in between:
                    between.add(node)
                    waiting.append(node)
        return wanted | between

    def _reading(self, cell: Node, done: set[int]) -> Iterator[Node]:
        yield from self._readers.get(cell, ())
        sheet, (row, column) = cell
        near = self._large.get((sheet, column), [])
        if not self._precedents.has_formulas(sheet, column):  # an input
            near = [(area, nodes) for (on, area), nodes in self._areas.items() if on == sheet and area.holds(cell[1])]
        for area, nodes in near:
            if id(nodes) not in done and area.top <= row <= area.bottom and area.left <= column <= area.right:
                done.add(id(nodes))
                yield from nodes
