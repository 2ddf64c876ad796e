"""What makes measured runs alike: the groups that a call belongs to, and how far it lies along what was measured.

The error of an estimate is taken for a sum of what such groups have in common (accuracy/ranges.py). A call knows these
groups; who measured it, and the rest of its model, no call knows: `unknown` names the variances that stand for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import log
from typing import Any, NamedTuple

from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.model.architecture import Architecture
from xlcalc.model.dtypes import DType
from xlcalc.model.spec import ModelSpec

# functions whose errors have causes in common
FAMILIES = {
    "LLM_STEP_TIME": "training",
    "LLM_TTFT": "serving",
    "LLM_TPOT": "serving",
    "LLM_THROUGHPUT": "serving",
    "LLM_TRAIN_MEMORY": "memory",
    "LLM_FINETUNE_MEMORY": "memory",
    "LLM_SERVE_MEMORY": "memory",
    "LLM_GPU_HOURS": "whole runs",
    "LLM_TRAIN_TIME": "whole runs",
    "LLM_TRAIN_COST": "whole runs",
}
RATES = frozenset(("LLM_THROUGHPUT",))  # more is quicker: their errors count the other way round
FEW_EXPERTS = 16  # Mixtral has 8, Llama 4 Scout 16; DeepSeek, Qwen3 and GPT-OSS have 32 to 512
# amounts whose errors may have a slope, each from about the middle of what was measured
_MIDDLE = {"prompt": 1100.0, "output": 400.0, "batch": 8.0, "count": 5.0, "seq_len": 4096.0}
_MODEL_MIDDLE = 3e10
_RUN_MIDDLE = 1e23  # FLOP of a whole run
ANY = "any"
_FORMATS = {"bf16": "16 bit", "fp16": "16 bit", "fp32": "16 bit", "tf32": "16 bit"}
_EIGHT = frozenset(("fp8", "mxfp8", "int8"))
_FOUR = frozenset(("nvfp4", "fp4"))


class Known(NamedTuple):
    """Accelerators on which constants of a family were calibrated, and their architectures."""

    accelerators: frozenset[str]
    architectures: frozenset[str]

    def basis(self, accelerator: Any) -> str:
        """What an estimate on this accelerator rests on: its own measurements, its architecture's, or those of others."""
        if not isinstance(accelerator, AcceleratorSpec):
            return "never"
        if accelerator.id in self.accelerators:
            return "measured"
        return "borrowed" if accelerator.architecture in self.architectures else "never"


class Feature(NamedTuple):
    """One group that a call is in, or a slope along which it lies `amount` from the middle."""

    component: str
    level: str
    amount: float = 1.0


def features(function: str, given: Mapping[str, Any], known: Known, software: str = "") -> list[Feature]:
    """The groups of a call; `given` are its arguments as the formula takes them. What is left out may be anything: its
    groups are none that was measured."""
    if FAMILIES[function] == "whole runs":
        return [Feature("function", "whole run"), *_machine("whole run", given, known), *_amount(given)]
    return list(_features(function, given, known, software))


def _amount(given: Mapping[str, Any]) -> Iterator[Feature]:
    if given.get("flops"):
        yield Feature("flops", "whole run", log(given["flops"] / _RUN_MIDDLE))


def _machine(function: str, given: Mapping[str, Any], known: Known) -> Iterator[Feature]:
    """The groups of a call's accelerator: its maker, itself, itself with the function."""
    accelerator = given.get("accelerator")
    seen, name, maker = _seen(known.basis(accelerator)), ANY, ANY
    if isinstance(accelerator, AcceleratorSpec):
        name, maker = accelerator.id or ANY, accelerator.vendor or ANY
    yield Feature("basis", f"{function} {known.basis(accelerator)}")
    yield Feature("maker", maker)
    yield Feature(f"accelerator, {seen}", name)
    yield Feature(f"accelerator and function, {seen}", f"{name} {function}")


def _features(function: str, given: Mapping[str, Any], known: Known, software: str) -> Iterator[Feature]:
    model, accelerator, dtype = given.get("model"), given.get("accelerator"), given.get("dtype")
    kinds, form = (kinds_of(model) if model else (ANY,)), (format_of(dtype) if dtype else ANY)
    yield Feature("function", function)
    yield from (Feature("kind", kind) for kind in kinds)
    if model:
        yield Feature("size", function, log(model.active / _MODEL_MIDDLE))
    yield Feature("kind and format", f"{kinds[0]} {form}")
    yield Feature("software", software or ANY)
    if FAMILIES[function] != "memory":
        yield from _machine(function, given, known)
        architecture = accelerator.architecture if isinstance(accelerator, AcceleratorSpec) else ANY
        yield Feature("architecture, kind and format", f"{architecture} {kinds[0]} {form}")
    for name, middle in _MIDDLE.items():
        amount = given.get(name)
        if isinstance(amount, (int, float)) and amount > 0:
            yield Feature(name, function, log(amount / middle))


def scatter(function: str, given: Mapping[str, Any], known: Known) -> str:
    """The class of a call by which runs of one source scatter: dense or experts, on a measured accelerator or not."""
    if FAMILIES[function] in ("memory", "whole runs"):
        return "dense, measured"
    return f"{_width(given)}, {_seen(known.basis(given.get('accelerator')))}"


def unknown(function: str, given: Mapping[str, Any], known: Known) -> tuple[str, str, str]:
    """The variances of what no call knows: its source, its model, and the runs of one source, model and machine."""
    width = _width(given)
    return f"source, {width}", f"model, {width}", f"runs, {scatter(function, given, known)}"


def _width(given: Mapping[str, Any]) -> str:
    model = given.get("model")
    return "experts" if model and kinds_of(model)[0] != "dense" else "dense"


def _seen(basis: str) -> str:
    return "measured" if basis == "measured" else "other"


def format_of(dtype: DType) -> str:
    """16, 8 or 4 bit where products run in the format; weight-only where it is unpacked before."""
    if dtype.name in _EIGHT:
        return "8 bit"
    if dtype.name in _FOUR:
        return "4 bit"
    return _FORMATS.get(dtype.name, "weight-only")


def kinds_of(model: ModelSpec) -> tuple[str, ...]:
    """What a model is: dense, few or many experts first; then hybrid where some layers keep a state instead of a cache,
    and latent where its attention caches latents."""
    return _kinds(model.architecture) if model.count is None else ("dense",)


@lru_cache(maxsize=512)
def _kinds(architecture: Architecture) -> tuple[str, ...]:
    experts = max((matrix.copies for _, matrix in architecture.linears() if matrix.part == "experts"), default=0)
    blocks = [block for _, block in architecture.blocks()]
    kinds = ["dense" if experts <= 1 else "few experts" if experts <= FEW_EXPERTS else "many experts"]
    kinds += ["hybrid"] if any(block.state for block in blocks) else []
    kinds += ["latent"] if any(block.decode_score for block in blocks) else []
    return tuple(kinds)


def model_key(model: ModelSpec) -> str:
    """How runs of one model are told apart: by its name in the catalog, else by its shape."""
    c = model.text_config
    return model.id or f"{c['num_hidden_layers']} layers of {c['hidden_size']}"
