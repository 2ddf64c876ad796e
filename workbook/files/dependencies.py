"""Which formula cells depend on which, as far as their text says."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from .addresses import Area
from .references import References

Place = tuple[int, int]
Node = tuple[str, Place]
"""A cell: its sheet, its row and column."""

_SMALL_AREA = 64
"""Cells of an area that are listed one by one; what is larger is looked through."""


class Dependencies:
    """`formulas`: what each formula cell reads. `arrays`: the cells that array formulas fill."""

    def __init__(self, formulas: Mapping[Node, References], arrays: Mapping[Node, Area]) -> None:
        self._formulas, self._arrays = formulas, arrays
        self._anchor = {(node[0], place): node for node, area in arrays.items() for place in area.places()}
        self._readers: dict[Node, list[Node]] = defaultdict(list)
        self._large: dict[tuple[str, int], list[tuple[Area, list[Node]]]] = defaultdict(list)
        self._dynamic = [node for node, references in formulas.items() if references.dynamic]
        self._rows: dict[tuple[str, int], list[int]] = defaultdict(list)
        for sheet, (row, column) in sorted({*formulas, *self._anchor}):
            self._rows[sheet, column].append(row)
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
        columns = sorted({column for _, column in self._rows})
        for (sheet, area), nodes in areas.items():
            for column in columns[bisect_left(columns, area.left) : bisect_right(columns, area.right)]:
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
            area = self._arrays.get(node)
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
            for node in self.precedents(waiting.pop()):
                if node in later and node not in between:
                    between.add(node)
                    waiting.append(node)
        return wanted | between

    def precedents(self, node: Node) -> Iterator[Node]:
        """The formula cells that a formula reads directly."""
        references = self._formulas.get(node)
        for sheet, area in references.areas if references else ():
            for column in range(area.left, area.right + 1) if area.columns <= _SMALL_AREA else self._columns(sheet):
                if not area.left <= column <= area.right:
                    continue
                rows = self._rows.get((sheet, column), [])
                for row in rows[bisect_left(rows, area.top) : bisect_right(rows, area.bottom)]:
                    yield self._anchor.get((sheet, (row, column)), (sheet, (row, column)))
        if references:
            yield from references.anchors

    def _columns(self, sheet: str) -> list[int]:
        return [column for on, column in self._rows if on == sheet]

    def _reading(self, cell: Node, done: set[int]) -> Iterator[Node]:
        yield from self._readers.get(cell, ())
        sheet, (row, column) = cell
        near = self._large.get((sheet, column))
        if near is None:  # no formula in this column: an input
            near = [(area, nodes) for (on, area), nodes in self._areas.items() if on == sheet and cell[1] in area]
        for area, nodes in near:
            if id(nodes) not in done and area.top <= row <= area.bottom and area.left <= column <= area.right:
                done.add(id(nodes))
                yield from nodes
