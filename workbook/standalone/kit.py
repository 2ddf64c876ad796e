"""The kit that makes a workbook standalone: columns of the catalogs, numbers of words, and what names stand for.

Slots of a shape are shared out as follows: what is the same in all calls is typed into the formula; what follows from
the words stands in a line of words; what follows from a row, in a column of its catalog, and the line of words says in
which column where words choose it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from xlcalc.language.declare import Declaration, functions
from xlcalc.language.errors import CalcError

from .cases import CATALOGS, Asked, asked, ids
from .formulas import Call, NotClosed, Rendered, Shape, first_rows, holds, render, rendered

Value = Any
"""What a column holds: a number, a text, TRUE or FALSE, an error; None where the formula does not read it."""


class Given(NamedTuple):
    """Where a slot takes its number from: a constant, a word's number, or a column of a catalog."""

    kind: str
    """"constant", "words", or the catalog."""
    value: Any
    """The constant, or the place among the numbers of the words; of a column its number, or -1 and the place among the
    numbers of the words that says which column."""
    place: int = -1
    name: str = ""


class Origin(NamedTuple):
    """Where a column's values come from: a function, the words of its case, the number of its formula and of the slot
    in it; -1 and -1 where the column says which formula a row takes."""

    function: str
    words: tuple[str, ...]
    shape: int
    slot: int


@dataclass
class Columns:
    """The columns of a catalog: a heading and a value for each row."""

    ids: tuple[str, ...]
    headings: list[str] = field(default_factory=list)
    values: list[list[Value]] = field(default_factory=list)
    origins: list[list[Origin]] = field(default_factory=list)

    def copy(self) -> Columns:
        return Columns(self.ids, [*self.headings], [*self.values], [[*one] for one in self.origins])

    def add(self, heading: str, by_row: dict[str, Value], origin: Origin) -> int:
        """The number of the column, from 1, that holds these values; an existing one where it does not contradict."""
        wanted = [by_row.get(row) for row in self.ids]
        for number, have in enumerate(self.values):
            if _agree(wanted, have):
                self.values[number] = [b if a is None else a for a, b in zip(wanted, have, strict=True)]
                self.origins[number].append(origin)
                return number + 1
        self.headings.append(heading)
        self.values.append(wanted)
        self.origins.append([origin])
        return len(self.values)


@dataclass
class Formula:
    """A function's formulas: a shape and the sources of its slots for each, and how one is chosen."""

    asked: Asked
    shapes: list[tuple[Shape, list[Given]]]
    chooser: Given
    """The number of the shape, from 1."""
    lines: list[tuple[tuple[str, ...], list[Value]]]
    """The words of each case with their numbers."""


@dataclass
class Kit:
    columns: dict[str, Columns] = field(default_factory=dict)
    formulas: dict[str, Formula] = field(default_factory=dict)

    def of(self, catalog: str) -> Columns:
        return self.columns.setdefault(catalog, Columns(ids(catalog)))


def build(declarations: Sequence[Declaration] | None = None) -> Kit:
    """The kit of every function that is a formula over columns."""
    kit = Kit()
    for declaration in declarations or functions():
        question = asked(declaration)
        if question is None:
            continue
        before = {catalog: columns.copy() for catalog, columns in kit.columns.items()}
        try:
            kit.formulas[declaration.name] = _Sharing(kit, _checked(question)).formula()
        except NotClosed:
            kit.columns = before
    return kit


def _checked(question: Asked) -> Rendered:
    """The renderings of a function that holds with other numbers too."""
    cases = list(question.cases())
    for case in [cases[0], *cases[1 :: max(1, len(cases) // 3)]]:
        rows = first_rows(question, case)
        try:
            seen = render(question, case, rows)
        except NotClosed:
            if case is cases[0]:
                raise
            continue
        if isinstance(seen, Call) and not holds(question, case, rows):
            raise NotClosed(f"{question.declaration.name} searches")
    return rendered(question)


class _Sharing:
    """One function's slots, shared out."""

    def __init__(self, kit: Kit, found: Rendered) -> None:
        self._kit, self._found = kit, found
        self._catalogs = [CATALOGS[axis.argument.name] for axis in found.asked.rows]
        self._function = found.asked.declaration.name
        self._lines: list[list[Value]] = [[] for _ in found.cases]
        self._of_others: dict[str, Given] = {}  # columns of the rows that vary for the first formula alone

    def formula(self) -> Formula:
        found = self._found
        calls = {key: seen for key, seen in found.seen.items() if isinstance(seen, Call)}
        shapes = list(dict.fromkeys(call.shape for call in calls.values()))
        if not shapes:
            raise NotClosed(f"{found.asked.declaration.name} answers nothing")
        shared: list[tuple[Shape, list[Given]]] = []
        for shape in shapes:
            own = {key: call for key, call in calls.items() if call.shape == shape}
            shared.append((shape, self._slots(len(shared), shape, own)))
        return Formula(
            found.asked,
            shared,
            self._chooser(calls, shapes, shared),
            [(c.words, n) for c, n in zip(found.cases, self._lines, strict=True)],
        )

    @cached_property
    def _errors(self) -> dict[tuple[int, int, str], CalcError]:
        return {key: seen for key, seen in self._found.seen.items() if isinstance(seen, CalcError)}

    def _chooser(
        self, calls: dict[tuple[int, int, str], Call], shapes: list[Shape], shared: list[tuple[Shape, list[Given]]]
    ) -> Given:
        """Which formula a call takes; an error where it has none and no column of the formula would say so."""
        numbers: dict[tuple[int, int, str], Value] = {key: shapes.index(call.shape) + 1 for key, call in calls.items()}
        read: dict[int, set[str]] = {}
        for (case, _, _), call in calls.items():
            kinds = {given.kind for given in shared[shapes.index(call.shape)][1]}
            read[case] = read.get(case, kinds) & kinds
        for (case, axis, row), error in self._errors.items():
            if case not in read or axis < 0 or self._catalogs[axis] not in read[case]:
                numbers[case, axis, row] = error
        return self._given(numbers, "formula")

    def _slots(self, number: int, shape: Shape, calls: dict[tuple[int, int, str], Call]) -> list[Given]:
        example = next(iter(calls.values()))
        columns: dict[str, Given] = {}
        slots = []
        for i, slot in enumerate(shape.slots):
            if slot and not slot.startswith(":"):
                slots.append(Given("argument", slot))
                continue
            if slot in columns:
                slots.append(columns[slot])
                continue
            name = example.columns[int(slot[1:])] if slot else ""
            given = self._of_others.get(name) if number else None
            given = given or self._given({key: call.values[i] for key, call in calls.items()}, name, (number, i))
            slots.append(given)
            if slot:
                columns[slot] = given
                if not number and given.kind in self._catalogs[1:]:
                    self._of_others[name] = given
        return slots

    def _given(self, values: dict[tuple[int, int, str], Value], name: str, at: tuple[int, int] = (-1, -1)) -> Given:
        """Where a slot's number comes from, its column added to the catalog and its numbers to the words."""
        by_case: dict[int, dict[int, dict[str, Value]]] = {}
        for (case, axis, row), value in values.items():
            by_case.setdefault(case, {}).setdefault(axis, {})[row] = value
        varies = {axis for axes in by_case.values() for axis, rows in axes.items() if axis >= 0 and _differ(rows)}
        if len(varies) > 1:
            raise NotClosed(f"{self._found.asked.declaration.name}: {name or 'a number'} follows from two rows at once")
        if not varies:
            first = {case: next(iter(next(iter(axes.values())).values())) for case, axes in by_case.items()}
            if len({_key(value) for value in first.values()}) == 1 and len(first) == len(self._found.cases):
                return Given("constant", next(iter(first.values())))
            return Given("words", None, self._put(first), name)
        (axis,) = varies
        catalog = self._catalogs[axis]
        places: dict[int, Value] = {}
        for case, axes in by_case.items():
            rows = axes.get(axis) or dict.fromkeys(ids(catalog), next(iter(next(iter(axes.values())).values())))
            with_errors = {row: seen for (c, a, row), seen in self._errors.items() if (c, a) == (case, axis)}
            places[case] = self._kit.of(catalog).add(
                self._heading(name, case),
                {**with_errors, **rows},
                Origin(self._function, self._found.cases[case].words, *at),
            )
        if len(set(places.values())) == 1:
            return Given(catalog, next(iter(places.values())), name=name)
        return Given(catalog, -1, self._put(places), name)

    def _put(self, values: dict[int, Value]) -> int:
        """The place of a number among those of the words."""
        for case, line in enumerate(self._lines):
            line.append(values.get(case))
        return len(self._lines[0]) - 1

    def _heading(self, name: str, case: int) -> str:
        asked = self._found.asked
        words = " ".join(word for word in self._found.cases[case].words if word and word != "name")
        return f"{name or asked.declaration.name} {words}".strip()


def _agree(column: list[Value], other: list[Value]) -> bool:
    """Whether two columns hold the same in some rows, and nothing else in any."""
    agrees = False
    for a, b in zip(column, other, strict=True):
        if a is not None and b is not None:
            if _key(a) != _key(b):
                return False
            agrees = True
    return agrees


def _differ(rows: dict[str, Value]) -> bool:
    first = _key(next(iter(rows.values())))
    return any(_key(value) != first for value in rows.values())


def _key(value: Value) -> Any:
    return ("error", value.code) if isinstance(value, CalcError) else (type(value) is str, value)
