"""The functions of serving whose formulas take a model, a machine and a layout at once: time to the first token, per
output token, bytes of an accelerator.

Each is recorded once over a model and a machine whose numbers all are open (`_model`, `_machine`), the layout included,
and stands for every row: a row of *Model formats* is a model in a format of its weights, one of *Machine formats* an
accelerator that computes in it. A model that has more kinds of layers than the open one is not answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from xlcalc.catalog import accelerators, models
from xlcalc.cell_functions.hosting.served import held, served
from xlcalc.formula import excel
from xlcalc.formula.arithmetic import where
from xlcalc.formula.symbols import INPUT, Recording, Symbol, labelled, node, recording
from xlcalc.hardware.rates import Device, Engine, ServeRates
from xlcalc.hardware.serving import engine
from xlcalc.hosting import latency, memory
from xlcalc.hosting.layout import Divisible, Layout
from xlcalc.hosting.served import Served
from xlcalc.language.declare import find
from xlcalc.language.errors import CalcError
from xlcalc.model.coefficients import Cached, Coefficients, Product, Scores, State
from xlcalc.model.dtypes import DTYPES, DType
from xlcalc.model.flops import FlopShape
from xlcalc.model.spec import ModelSpec

from . import names
from .cases import asked, ids

FUNCTIONS = ("LLM_TTFT", "LLM_TPOT", "LLM_SERVE_MEMORY")
FORMATS = ("bf16", "fp8", "nvfp4", "int4")
"""Formats beside those in which models are published; fp16 is as bf16."""
MODELS, MACHINES = "model_formats", "machine_formats"
MACHINE_REFUSED = ("LLM_TTFT", "LLM_TPOT")
UNKNOWN = CalcError("#N/A", "has no formula in this workbook")
_NUMBERS = (
    "n_layers", "vocab", "head_d_in", "head_bytes", "bytes_split", "bytes_replicated", "bytes_experts",
    "bytes_embedding", "bytes_towers", "bytes_head", "kernels", "narrow", "reductions", "expert_blocks", "stream",
    "scan", "state_bytes",
)  # fmt: skip
_KINDS: tuple[tuple[str, int, Any], ...] = (
    ("products", 16, Product(0, 0, 0, 2, False, False)),
    ("experts", 2, Product(0, 0, 0, 2, False, False, 1, 1, 1)),
    ("scores", 2, Scores(0, 0, 0)),
    ("full", 2, Cached(0, 0, 0, 0, 1, 0)),
    ("windowed", 1, Cached(0, 0, 0, 1, 1, 0)),
    ("states", 1, State(0, 0, 0)),
)
"""How many of a kind the open model has, and one that adds nothing."""
_BESIDE = ("all_windowed", "n_heads", "heads_1", "heads_2", "heads_3", "matmul", "score_all", "score_window", "window")
_FOR_GOOD = 1e15  # tokens of a window that never ends
_LENGTH = 5000  # characters of a part of a formula
_PLAIN = frozenset(("window", "stride", "pending"))  # of a cache that is kept whole


# What a row has


_MODEL_HEADINGS = [
    "refused memory",
    "refused time",
    *_NUMBERS,
    *(f"{kind} {i} {field}" for kind, many, one in _KINDS for i in range(1, many + 1) for field in one._fields),
    *_BESIDE,
]
_MACHINE_HEADINGS = [
    *(f"refused {name}" for name in MACHINE_REFUSED), "ranks", "pads heads", *ServeRates._fields, *Engine._fields
]  # fmt: skip


def _formats(model: ModelSpec) -> list[DType]:
    """The formats of a model that have a row: first the one in which it is published."""
    own = DTYPES["bf16"] if model.published_dtype.name == "fp16" else model.published_dtype
    return list(dict.fromkeys([own, *(DTYPES[name] for name in FORMATS)]))


def _model_row(model: ModelSpec, dtype: DType) -> list[Any]:
    """A model's columns in a format."""
    why = [_why("LLM_SERVE_MEMORY", model.id, 1, 1), _why("LLM_TPOT", model.id, "h100-sxm", 1, 1)]
    if why[0]:
        return why
    found = held(model, None, dtype)
    numbers = found.counted
    by_kind: dict[str, list[Any]] = {
        "products": list(numbers.products),
        "experts": list(numbers.experts),
        "scores": list(numbers.scores),
        "full": [one for one in numbers.cached if not one.window],
        "windowed": [one for one in numbers.cached if one.window],
        "states": list(numbers.states),
    }
    if any(one.stride > 1 for one in numbers.cached) or any(len(by_kind[kind]) > many for kind, many, _ in _KINDS):
        return [UNKNOWN, UNKNOWN]
    row: list[Any] = [*why, *(getattr(numbers, name) for name in _NUMBERS)]
    for kind, many, nothing in _KINDS:
        for one in [*by_kind[kind], *[nothing] * (many - len(by_kind[kind]))]:
            row += map(float, one)
    heads = [*found.divisible.kv_heads, 1, 1, 1][:3]
    shape = model.flop_shape
    windows = [(score, reach) for score, reach in shape.scores if reach is not None]
    if len(windows) > 1:
        return [UNKNOWN, UNKNOWN]
    every = sum(score for score, reach in shape.scores if reach is None)
    row += [float(bool(numbers.cached) and all(one.window for one in numbers.cached)), found.divisible.n_heads, *heads]
    return [*row, shape.matmul, every, *(windows[0] if windows else (0, 1))]


def _machine_row(name: str, dtype: DType) -> list[Any]:
    """An accelerator's columns in a format, and why it does not answer: as another model's call says."""
    accelerator, model = accelerators.find(name), models.find("llama-3.1-8b")
    why = [_why("LLM_TTFT", model.id, name, 1, 1), _why("LLM_TPOT", model.id, name, 1, 1)]
    if accelerator.is_mesh:
        return [one or UNKNOWN for one in why]
    if why[1]:
        return why
    of = served(model, accelerator, dtype, None, None, decodes_only=True, kernels=True)
    ranks = of.on.domain or of.on.node or 1
    return [*why, *(min(float(x), excel.LARGEST) for x in (ranks, of.on.pads_heads, *of.speed, *of.engine))]


def columns() -> dict[str, dict[str, Any]]:
    """The rows of all models and accelerators, as the kit keeps those of catalogs."""
    found = {
        MODELS: [row for one in ids("models") for row in rows(MODELS, one)],
        MACHINES: [row for one in ids("accelerators") for row in rows(MACHINES, one)],
    }
    named = {MODELS: (2, _MODEL_HEADINGS), MACHINES: (0, _MACHINE_HEADINGS)}
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
        return [[f"{name}|{one.name}", name, one.name, *_model_row(model, one)] for one in _formats(model)]
    return [[f"{name}|{one}", *_machine_row(name, DTYPES[one])] for one in _published()]


@cache
def _published() -> tuple[str, ...]:
    """The formats of the catalog's models, and those that any model may be asked in."""
    own = [one.name for name in ids("models") for one in _formats(models.find(name))]
    return tuple(dict.fromkeys([*FORMATS, *own]))


@cache
def _why(function: str, *arguments: Any) -> CalcError | None:
    declaration = find(function)
    assert declaration is not None
    try:
        declaration(*arguments)
    except CalcError as error:
        return error
    return None


# What the formulas read: a model and a machine of open numbers


class _Open:
    """Columns as symbols that a formula reads by their place."""

    def __init__(self, nodes: Recording, letter: str, headings: list[str]) -> None:
        self._nodes, self._letter = nodes, letter
        self._places = {heading: place for place, heading in enumerate(headings, 1)}

    def __call__(self, heading: str, value: float = 2.0) -> Any:
        name = f"{self._letter}_{self._places[heading]}"
        return labelled(self._nodes, INPUT, (name,), value, name, "", "")


def _model(of: _Open) -> tuple[dict[str, Any], Divisible, FlopShape]:
    kinds: dict[str, tuple[Any, ...]] = {}
    for kind, many, one in _KINDS:
        plain = _PLAIN - ({"window"} if kind == "windowed" else set()) if kind in ("full", "windowed") else ()
        kinds[kind] = tuple(
            one._replace(**{field: of(f"{kind} {i} {field}") for field in one._fields if field not in plain})
            for i in range(1, many + 1)
        )
    heads = (of("heads_1"), of("heads_2"), of("heads_3"))
    divisible = Divisible(of("n_layers"), 0, of("n_heads"), heads)
    flops = FlopShape(of("matmul"), ((of("score_all"), None), (of("score_window"), of("window"))))
    return {**{name: of(name) for name in _NUMBERS}, **kinds}, divisible, flops


def _served(of: _Open, machine: _Open | None, cache_bytes: Any) -> tuple[Served, FlopShape]:
    """A model on a machine, both open; without a machine on the engine that questions without one take."""
    kinds, divisible, flops = _model(of)
    full, windowed = kinds.pop("full"), kinds.pop("windowed")
    if machine is None:
        own, device, rates = engine(None, ""), None, None
    else:
        own = Engine(*(machine(name) for name in Engine._fields))
        pads = machine("pads heads")
        device = Device(0, 0, machine("ranks"), False, "")
        rates = ServeRates(*(machine(name) for name in ServeRates._fields))._replace(mesh=False)
        divisible = divisible._replace(
            n_heads=where(pads > 0, 0, divisible.n_heads),
            kv_heads=tuple(where(pads > 0, 1, heads) for heads in divisible.kv_heads),
        )
        endless = of("all_windowed") > own.shared_window  # an engine that keeps to no window where all layers have one
        kinds["scores"] = tuple(one._replace(reach=where(endless, 0, one.reach)) for one in kinds["scores"])
        windowed = tuple(one._replace(window=where(endless, _FOR_GOOD, one.window)) for one in windowed)
    blank = dict.fromkeys(Coefficients._fields, 0)
    model = Coefficients(**{**blank, **kinds, "cached": (*full, *windowed)})  # type: ignore[arg-type]
    found = Served(model, "", cache_bytes, own, device, rates)
    found.__dict__["divisible"] = divisible
    return found, flops


def _recorded(function: str) -> dict[str, Any]:
    """The results of a function over open numbers, by the part that is asked for."""
    declaration = find(function)
    assert declaration is not None
    with recording(open=True) as nodes:
        read = {
            argument.name: labelled(nodes, INPUT, (argument.name,), 2.0, argument.name, "", "")
            for argument in declaration.arguments
        }
        of = _Open(nodes, "m", _MODEL_HEADINGS)
        cache_bytes = labelled(nodes, INPUT, ("cache",), 2.0, "cache", "", "")
        if function == "LLM_SERVE_MEMORY":
            served_, _ = _served(of, None, cache_bytes)
            parts = memory.serve_memory(served_, read["context"], read["batch"], Layout(read["tp"]))
            shared = served_.divisible.by_tp(read["tp"])
            found = {"total": parts.total, **parts._asdict()}
            return {part: where(shared, amount, node("refused", shared)) for part, amount in found.items()}
        served_, flops = _served(of, _Open(nodes, "a", _MACHINE_HEADINGS), cache_bytes)
        layout, share = latency.latency_layout(served_, read["count"]), read["batch"]
        if function == "LLM_TTFT":
            prompt, mfu = read["prompt"], read["mfu"]
            at = latency.ttft_at(served_, flops, read["count"], prompt, share, mfu)
            result = where(mfu > 0, at, latency.ttft(served_, layout, prompt, share))
        else:
            context, mbu = read["context"], read["mbu"]
            at = latency.tpot_at(served_, layout, context, share, mbu)
            result = where(mbu > 0, at, latency.tpot(served_, layout, context, share))
        return {"": result}


# The names


def formulas() -> dict[str, str]:
    """The functions, and the parts that their formulas are cut into."""
    found: dict[str, str] = {}
    for function in FUNCTIONS:
        found |= _Function(function).names()
    return found


class _Function:
    def __init__(self, name: str) -> None:
        declaration = find(name)
        question = asked(declaration) if declaration else None
        assert question is not None
        self._name, self._asked = name, question
        self._axes = {axis.argument.name: axis for axis in question.axes}

    def names(self) -> dict[str, str]:
        results = _recorded(self._name)
        lets = list(self._lets({name for result in results.values() for name in excel.inputs(result)}))
        parts: dict[str, str] = {}
        bodies = [self._cut(result, [name for name, _ in lets], parts) for result in results.values()]
        result = bodies[0] if len(bodies) == 1 else f"CHOOSE({self._part(list(results))},{','.join(bodies)})"
        for refused in self._refusals():
            result = f"IF(ISERROR({refused}),{refused},{result})"
        return {**parts, self._name: names.lambda_of(self._asked, lets, result)}

    def _lets(self, read: set[str]) -> Iterator[tuple[str, str]]:
        """The rows of the model and of the machine in their format, and the numbers that the formulas read."""
        dtype = self._word("dtype")
        yield "id_", "INDEX(xlcalc_models_ids,xlcalc_models_row(_xlpm.model))"
        yield "format_", f'IF({dtype}="fp16","bf16",{dtype})'
        published = f"_xlfn.XMATCH(_xlpm.id_,xlcalc_{MODELS}_titles)"
        named = f'_xlfn.XMATCH(_xlpm.id_&"|"&_xlpm.format_,xlcalc_{MODELS}_ids)'
        yield "line_", f'IF(_xlpm.format_="",{published},{named})'
        yield "m_", f"INDEX(xlcalc_{MODELS},_xlpm.line_,0)"
        if "accelerator" in self._axes:
            which = "INDEX(xlcalc_accelerators_ids,xlcalc_accelerators_row(_xlpm.accelerator))"
            found = f'_xlfn.XMATCH({which}&"|"&INDEX(xlcalc_{MODELS}_others,_xlpm.line_),xlcalc_{MACHINES}_ids)'
            yield "a_", f"INDEX(xlcalc_{MACHINES},{found},0)"
        for name, axis in self._axes.items():
            if name in read:
                yield names.value_name(name), names.number_read(axis, f"_xlpm.{excel.name(name)}")
        if "cache" in read:
            word = self._word("kv_dtype") if "kv_dtype" in self._axes else '""'
            found = f'INDEX(xlcalc_words,_xlfn.XMATCH("cache|"&{word},xlcalc_keys),1)'
            yield names.value_name("cache"), f'IF({word}="",2,{found})'

    def _word(self, argument: str) -> str:
        own = f"_xlpm.{excel.name(argument)}"
        return f'IF(_xlfn.ISOMITTED({own}),"",xlcalc_word({own},""))'

    def _part(self, parts: list[str]) -> str:
        listed = ",".join(f'"{part}"' for part in parts)
        own = f'IF(_xlfn.ISOMITTED(_xlpm.part),"{parts[0]}",xlcalc_word(_xlpm.part,"{parts[0]}"))'
        return f"_xlfn.IFNA(_xlfn.XMATCH({own},{{{listed}}}),#VALUE!)"

    def _refusals(self) -> Iterator[str]:
        """Where rows say why they have no answer; the model's is looked at first."""
        on_machine = "accelerator" in self._axes
        if on_machine:
            yield f"INDEX(_xlpm.a_,{1 + MACHINE_REFUSED.index(self._name)})"
        yield f"INDEX(_xlpm.m_,{1 + on_machine})"

    def _cut(self, result: Symbol, given: list[str], parts: dict[str, str]) -> str:
        """The call of the first part of a formula, each of which ends with the call of the next."""
        steps, body = excel.steps(result, self._axes)
        pieces: list[list[tuple[str, str]]] = [[]]
        for name, text in ((name, self._in_sheet(text)) for name, text in steps):
            if sum(len(n) + len(t) + 8 for n, t in pieces[-1]) + len(text) > _LENGTH:
                pieces.append([])
            pieces[-1].append((name, text))
        ended = self._in_sheet(body)
        read: set[str] = set()
        for i, piece in reversed(list(enumerate(pieces))):
            own = names.let(piece, ended) if piece else ended
            read |= set(re.findall(r"_xlpm\.(\w+)", own))
            before = [*given, *(name for earlier in pieces[:i] for name, _ in earlier)]
            listed = ",".join(f"_xlpm.{name}" for name in before if name in read)
            part = f"{self._name}_{len(parts) + 1}_"
            parts[part] = f"_xlfn.LAMBDA({listed},{own})"
            ended = f"{part}({listed})"
        return ended

    def _in_sheet(self, text: str) -> str:
        """A formula that reads its columns where they stand, and its arguments as they were read."""

        def read(found: re.Match[str]) -> str:
            if found[2]:
                return f"INDEX(_xlpm.{found[2]}_,{found[3]})"
            known = found[1] in self._axes or found[1] == "cache"
            return f"_xlpm.{names.value_name(found[1])}" if known else found[0]

        return names.elementwise(re.sub(r"_xlpm\.(([ma])_(\d+)|\w+)", read, text))
