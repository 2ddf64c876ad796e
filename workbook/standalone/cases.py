"""What a cell function may be asked: its arguments sorted into rows of a catalog, words and numbers, and every choice
of words as a call."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any, NamedTuple

from xlcalc.catalog import accelerators, models, tables
from xlcalc.language import blocks
from xlcalc.language.cells import Choice, Number, Text, UnitOf
from xlcalc.language.declare import Argument, Declaration
from xlcalc.language.kinds import AcceleratorKind, DTypeKind, ModelKind
from xlcalc.language.renderings import example_arguments
from xlcalc.model.dtypes import DTYPES

ROW, WORD, NUMBER, UNIT, GIVEN, UNUSED = "row", "word", "number", "unit", "given", "unused"
"""How an argument is read: as the name of a catalog's row, a word, a number, a unit, a number that may be left out, or
not at all: it must be blank."""
CATALOGS = {
    "model": "models", "accelerator": "accelerators", "api_model": "api_prices", "region": "grid",
    "instance": "prices",
}  # fmt: skip
"""The catalog of an argument that names a row."""
MOST = 400
"""Calls of one function with other words; of one with more, words of two arguments vary together, others one by one."""
COUNT = 7_000_001_233.0
"""A number of parameters that is no model's, by which it is known in a formula."""
_FEW = ("bf16", "fp16", "fp8", "int8", "int4", "nvfp4", "mxfp4", "nf4", "q4_k_m", "q8_0")
_BLANK = ""


class Axis(NamedTuple):
    """An argument with how it is read, and the words that it may be, a blank where it may be left out."""

    argument: Argument
    reading: str
    words: tuple[str, ...] = ()


class Case(NamedTuple):
    """A call: the words of its axes, and the arguments; None stands where a catalog's row goes."""

    words: tuple[str, ...]
    arguments: tuple[Any, ...]


class Asked(NamedTuple):
    """A function with its axes and an example of each number."""

    declaration: Declaration
    axes: tuple[Axis, ...]
    example: tuple[Any, ...]

    @property
    def words(self) -> list[Axis]:
        """The axes that choose between formulas."""
        return [axis for axis in self.axes if len(axis.words) > 1]

    @property
    def rows(self) -> list[Axis]:
        return [axis for axis in self.axes if axis.reading == ROW]

    @property
    def numbers(self) -> list[Axis]:
        return [axis for axis in self.axes if axis.reading in (NUMBER, GIVEN) or axis.words[:2] == ("name", "number")]

    def cases(self) -> Iterator[Case]:
        """Every choice of words; of a function with too many, those with at most one that is not the first."""
        axes = [axis.words or (_BLANK,) for axis in self.axes]
        count = 1
        for words in axes:
            count *= len(words)
        for chosen in product(*axes):
            if count > MOST and not _is_near(chosen, axes):
                continue
            words = tuple(w for w, axis in zip(chosen, self.axes, strict=True) if len(axis.words) > 1)
            yield Case(words, tuple(map(self._argument, self.axes, chosen, self.example)))

    def _argument(self, axis: Axis, word: str, example: Any) -> Any:
        if axis.reading == ROW:
            return example if word == "number" else None
        if axis.reading == WORD:
            return word or None
        if axis.reading == GIVEN:
            return example if word else None
        return example if axis.reading == NUMBER else None


def _is_near(chosen: tuple[str, ...], axes: list[tuple[str, ...]]) -> bool:
    """Is at most one word not the first, or only words of the first two axes that have a choice?"""
    several = [i for i, words in enumerate(axes) if len(words) > 1]
    others = [i for i in several if chosen[i] != axes[i][0]]
    return len(others) < 2 or set(others) <= set(several[:2])


def asked(declaration: Declaration) -> Asked | None:
    """How a function is asked; None where it needs an argument that a workbook cannot tell apart."""
    axes = [_axis(declaration, argument) for argument in declaration.arguments]
    if any(axis.reading == UNUSED and axis.argument.required for axis in axes):
        return None
    try:
        given = example_arguments(declaration)
    except ValueError:
        return None
    example = tuple(_example(axis, value) for axis, value in zip(axes, given, strict=True))
    return Asked(declaration, tuple(axes), example)


@cache
def ids(catalog: str) -> tuple[str, ...]:
    """The rows of a catalog."""
    return tuple(row["id"] for row in tables.rows(catalog))


def _axis(declaration: Declaration, argument: Argument) -> Axis:
    kind, blank = argument.kind, argument.default
    if isinstance(kind, UnitOf):
        return Axis(argument, UNIT)
    if isinstance(kind, (ModelKind, AcceleratorKind)):
        number = kind.count if isinstance(kind, ModelKind) else bool(kind.figure)
        return Axis(argument, ROW if argument.required else UNUSED, ("name", "number") if number else ())
    if isinstance(kind, Choice):
        words = kind.options if argument.required else _first(kind.options, blank)
        return Axis(argument, UNUSED) if argument.name == "software" else Axis(argument, WORD, words)
    if isinstance(kind, DTypeKind):
        counts = any(isinstance(other.kind, Number) for other in declaration.arguments)
        few = _FEW if counts else tuple(DTYPES)
        return Axis(argument, WORD, few if argument.required else _first(few, blank))
    if isinstance(kind, Number):
        return (
            Axis(argument, NUMBER) if argument.required or blank is not None else Axis(argument, GIVEN, ("", "given"))
        )
    if type(kind) is Text and argument.name in CATALOGS:
        return Axis(argument, ROW)
    if type(kind) is Text and argument.name == "field":
        return Axis(argument, WORD, _fields(declaration.arguments[0].name))
    return Axis(argument, UNUSED)


@cache
def _fields(of: str) -> tuple[str, ...]:
    """The fields of a model's block that most models have, or of an accelerator's."""
    if of == "model":
        return (*blocks.model_rows(models.find("llama-3.1-8b")), "license", "n_experts", "experts_per_token")
    return tuple(blocks.accelerator_rows(accelerators.find("h100-sxm")))


def _first(words: tuple[str, ...], default: Any) -> tuple[str, ...]:
    """The words with the one first that a blank means; a blank first where it means something else."""
    first = "" if default is None else str(default)
    return (first, *(word for word in words if word != first))


def _example(axis: Axis, value: Any) -> Any:
    """A number to follow the formula with."""
    if axis.words[:2] == ("name", "number"):
        return COUNT if isinstance(axis.argument.kind, ModelKind) else 3e14
    if value is not None and not isinstance(value, str):
        return value
    if axis.reading == NUMBER and not axis.argument.required:
        return axis.argument.blank
    if axis.reading in (GIVEN, NUMBER):
        return 0.5 if getattr(axis.argument.kind, "high", 2) <= 1 else 1000
    return None
