"""The kit as `templates/standalone.json.gz` keeps it: `just regenerate templates` writes it, `edition` reads it."""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from xlcalc.catalog import tables
from xlcalc.language.declare import functions
from xlcalc.language.errors import CalcError
from xlcalc.language.units import UNITS

from . import bounds, formats, names, serve_plan, serving
from .kit import Kit

NAME = "standalone.json.gz"
TITLES = {"models": ("name", "hf_id"), "accelerators": ("name",)}


class Stored(NamedTuple):
    """What a standalone workbook holds beside its own sheets."""

    columns: dict[str, dict[str, Any]]
    """By catalog: `ids`, `titles` (other names of each row), `headings`, `rows` of values, `origins` of the columns."""
    words: list[list[Any]]
    """Lines of words: key, then numbers."""
    names: dict[str, str]
    """What each name stands for."""
    shapes: dict[str, list[str]]
    """The formulas of each function, as text with open slots."""
    answers: dict[str, list[Any]]
    """What the searches of each template answer."""

    @property
    def closed(self) -> set[str]:
        """The functions whose answer never is one that was kept."""
        return set(self.shapes)

    @property
    def answered(self) -> set[str]:
        """Those that other inputs have an answer of too: what of it is not known says so."""
        return {*self.closed, serve_plan.NAME}


def made(kit: Kit, answers: dict[str, list[Any]]) -> bytes:
    """The file of a kit."""
    lines, bound = bounds.add(kit)
    columns = {}
    for catalog, held in kit.columns.items():
        rows = {row["id"]: row for row in tables.rows(catalog)}
        titles = [[rows[one].get(field) or None for field in TITLES.get(catalog, ())] for one in held.ids]
        values = [[value(column[i]) for column in held.values] for i in range(len(held.ids))]
        columns[catalog] = {
            "ids": held.ids, "titles": titles, "headings": held.headings, "rows": values, "origins": held.origins,
        }  # fmt: skip
    words = [
        ["|".join([name, *map(names.word, line)]), *map(value, numbers)]
        for name, formula in kit.formulas.items()
        for line, numbers in formula.lines
        if numbers or formula.asked.words
    ]
    columns |= {
        catalog: {**held, "rows": [[value(one) for one in row] for row in held["rows"]]}
        for catalog, held in formats.columns().items()
    }
    words += [*lines, *formats.words()]
    words += [[f"unit|{of}|{unit}", factor, unit] for of, units in UNITS.items() for unit, factor in units.items()]
    named = names.shared()
    for declaration in functions():
        formula = kit.formulas.get(declaration.name)
        named |= names.function(formula) if formula else {declaration.name: names.searched(declaration)}
    named |= bound | serving.formulas() | serve_plan.formulas()
    shapes = {name: [shape_text(shape) for shape, _ in formula.shapes] for name, formula in kit.formulas.items()}
    shapes |= {name: [] for name in serving.REFUSED}
    content = json.dumps([columns, words, named, shapes, answers], separators=(",", ":"), ensure_ascii=False)
    return gzip.compress(content.encode(), 9, mtime=0)


def shape_text(shape: Any) -> str:
    """A shape as one text."""
    return "".join(piece + f"{{{slot}}}" for piece, slot in zip(shape.pieces, (*shape.slots, ""), strict=True))


@cache
def read() -> Stored:
    """The kit that came with xlcalc."""
    return Stored(*json.loads(gzip.decompress((files("xlcalc.templates") / NAME).read_bytes())))


def value(value: Any) -> Any:
    """A value as JSON has it: errors as a list of their code."""
    return [value.code] if isinstance(value, CalcError) else value
