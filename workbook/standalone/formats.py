"""Models and machines in a format: the rows that the formulas of serving read, each with why it has no answer.

A row of *Model formats* is a model in a format of its weights, one of *Machine formats* an accelerator that computes in
it, under the engine that latencies are told of and under the one that usually serves there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from xlcalc.catalog import accelerators, models
from xlcalc.cell_functions.hosting.served import held, served
from xlcalc.formula import excel
from xlcalc.hardware.rates import Engine, ServeRates
from xlcalc.hardware.serving import formats_to_try
from xlcalc.hosting.layout import Divisible
from xlcalc.language.declare import find
from xlcalc.language.errors import CalcError
from xlcalc.model.coefficients import Cached, Product, Scores, State
from xlcalc.model.dtypes import DTYPES, DType
from xlcalc.model.spec import ModelSpec

from . import names
from .cases import ids

FORMATS = ("bf16", "fp8", "nvfp4", "int4")
"""Formats beside those in which models are published; fp16 is as bf16."""
MODELS, MACHINES = "model_formats", "machine_formats"
UNKNOWN = CalcError("#N/A", "has no formula in this workbook")
NUMBERS = (
    "n_layers", "n_experts", "vocab", "head_d_in", "head_bytes", "bytes_split", "bytes_replicated", "bytes_experts",
    "bytes_embedding", "bytes_towers", "bytes_head", "kernels", "narrow", "reductions", "expert_blocks", "stream",
    "scan", "state_bytes",
)  # fmt: skip
KINDS: tuple[tuple[str, int, Any], ...] = (
    ("products", 16, Product(0, 0, 0, 2, False, False)),
    ("experts", 2, Product(0, 0, 0, 2, False, False, width=1)),
    ("scores", 2, Scores(0, 0, 0)),
    ("full", 2, Cached(0, 0, 0, 0, 1, 0)),
    ("windowed", 1, Cached(0, 0, 0, 1, 1, 0)),
    ("states", 1, State(0, 0, 0)),
)
"""How many of a kind a row has, and one that adds nothing. A model that has more is not answered."""
BESIDE = ("all_windowed", "n_heads", "heads_1", "heads_2", "heads_3", "matmul", "score_all", "score_window", "window")
MODEL_HEADINGS = [
    "refused memory",
    "refused time",
    "refused layouts",
    *NUMBERS,
    *(f"{kind} {i} {field}" for kind, many, one in KINDS for i in range(1, many + 1) for field in one._fields),
    *BESIDE,
]
SOFTWARE = ("alone", "usual")
MACHINE_HEADINGS = [
    *(f"refused {what}" for what in ("prompts", "time", "memory", "load")),
    "planned",
    *("ranks", "pads heads", "node", "splits", "memory"),
    *(f"{software} {name}" for software in SOFTWARE for name in (*ServeRates._fields, *Engine._fields)),
]
_MOST_WAYS = 128


def columns() -> dict[str, dict[str, Any]]:
    """The rows of all models and accelerators, as the kit keeps those of catalogs."""
    found = {
        MODELS: [row for one in ids("models") for row in rows(MODELS, one)],
        MACHINES: [row for one in ids("accelerators") for row in rows(MACHINES, one)],
    }
    named = {MODELS: (2, MODEL_HEADINGS), MACHINES: (0, MACHINE_HEADINGS)}
    return {
        catalog: {
            "ids": [row[0] for row in found[catalog]],
            "titles": [row[1 : 1 + titles] for row in found[catalog]],
            "headings": headings,
            "rows": [[one or None for one in row[1 + titles :]] for row in found[catalog]],
            "origins": [],
        }
        for catalog, (titles, headings) in named.items()
    }


def words() -> list[list[Any]]:
    """Bytes of an element of a cache by its format."""
    return [[f"cache|{names.word(one.name)}", one.bytes] for one in DTYPES.values()]


def rows(catalog: str, name: str) -> list[list[Any]]:
    """The rows of a model or an accelerator in its formats: the key, of a model its id and the format, and the
    columns."""
    if catalog == MODELS:
        model = models.find(name)
        return [[f"{name}|{one.name}", name, one.name, *_model(model, one)] for one in _formats(model)]
    return [[f"{name}|{one}", *_machine(name, DTYPES[one])] for one in _published()]


@cache
def ways() -> tuple[int, ...]:
    """The ways of tensor parallelism that some model of the catalog can be split in."""
    shared = {_divisible(name) for name in ids("models")}
    return tuple(n for n in range(1, _MOST_WAYS + 1) if any(one.n_heads and one.by_tp(n) for one in shared))


@cache
def _divisible(name: str) -> Divisible:
    model = models.find(name)
    return held(model, None, model.published_dtype).divisible


def _formats(model: ModelSpec) -> list[DType]:
    """The formats of a model that have a row: first the one in which it is published."""
    own = DTYPES["bf16"] if model.published_dtype.name == "fp16" else model.published_dtype
    return list(dict.fromkeys([own, *(DTYPES[name] for name in FORMATS)]))


@cache
def _published() -> tuple[str, ...]:
    """The formats of the catalog's models, and those that any model may be asked in."""
    own = [one.name for name in ids("models") for one in _formats(models.find(name))]
    return tuple(dict.fromkeys([*FORMATS, *own]))


def _model(model: ModelSpec, dtype: DType) -> list[Any]:
    why = [_why("LLM_SERVE_MEMORY", model.id, 1, 1), _why("LLM_TPOT", model.id, "h100-sxm", 1, 1)]
    if why[0]:
        return [*why, why[0]]
    found = held(model, None, dtype)
    numbers, shape, shared = found.counted, model.flop_shape, found.divisible
    by_kind: dict[str, list[Any]] = {
        "products": list(numbers.products),
        "experts": list(numbers.experts),
        "scores": list(numbers.scores),
        "full": [one for one in numbers.cached if not one.window],
        "windowed": [one for one in numbers.cached if one.window],
        "states": list(numbers.states),
    }
    windows = [(score, reach) for score, reach in shape.scores if reach is not None]
    more = any(len(by_kind[kind]) > many for kind, many, _ in KINDS) or len(windows) > 1 or len(shared.kv_heads) > 3
    if more or any(one.stride > 1 for one in numbers.cached):
        return [UNKNOWN] * 3
    others = not shared.n_heads or any(shared.by_tp(n) and n not in ways() for n in range(1, _MOST_WAYS + 1))
    row: list[Any] = [*why, UNKNOWN if others else None, *(getattr(numbers, name) for name in NUMBERS)]
    for kind, many, nothing in KINDS:
        for one in [*by_kind[kind], *[nothing] * (many - len(by_kind[kind]))]:
            row += map(float, one)
    every = sum(score for score, reach in shape.scores if reach is None)
    row += [float(bool(numbers.cached) and all(one.window for one in numbers.cached)), shared.n_heads]
    return [*row, *[*shared.kv_heads, 1, 1, 1][:3], shape.matmul, every, *(windows[0] if windows else (0, 1))]


def _machine(name: str, dtype: DType) -> list[Any]:
    accelerator, model = accelerators.find(name), models.find("llama-3.1-8b")
    in_memory = _tried(lambda: held(model, accelerator, dtype).on)
    alone = _tried(lambda: served(model, accelerator, dtype, decodes_only=True, kernels=True))
    usual = _tried(lambda: served(model, accelerator, dtype))
    why = [_why("LLM_TTFT", model.id, name, 1, 1), *map(_error, (alone, in_memory, usual))]
    tried = [one.name for one in formats_to_try(accelerator)]
    planned = "fp16" if dtype.name == "bf16" and "fp16" in tried else dtype.name if dtype.name in tried else None
    if accelerator.is_mesh:
        return [*(one or UNKNOWN for one in why), planned]
    if why[1] or why[2]:
        return [*why, planned]
    if accelerator.pads_heads:
        why = [*why[:2], UNKNOWN, UNKNOWN]
    usual = held(model, accelerator, dtype) if _error(usual) else usual
    on = in_memory
    numbers = [on.domain or on.node or 1, on.pads_heads, on.node or on.domain or 1, max(on.node or 1, on.domain or 1)]
    numbers.append(on.memory)
    for of in (alone, usual):
        numbers += [*(of.rates or [0] * len(ServeRates._fields)), *of.engine]
    return [*why, planned, *(min(float(one), excel.LARGEST) for one in numbers)]


def _tried(look_up: Callable[[], Any]) -> Any:
    """What is looked up, or the error that says why it is not there."""
    try:
        return look_up()
    except CalcError as error:
        return error
    except ValueError as error:
        return CalcError("#NUM!", str(error))


def _error(found: Any) -> CalcError | None:
    return found if isinstance(found, CalcError) else None


@cache
def _why(function: str, *arguments: Any) -> CalcError | None:
    declaration = find(function)
    assert declaration is not None
    return _error(_tried(lambda: declaration(*arguments)))
