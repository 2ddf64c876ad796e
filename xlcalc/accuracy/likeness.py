"""What makes measured runs alike: the groups that a call belongs to, and how far it lies along what was measured.

The error of an estimate is taken for a sum of what such groups have in common (accuracy/ranges.py). A call knows these
groups; who measured it, and what else its model has, no call knows: variances stand for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import Any, NamedTuple

from xlcalc.hardware.spec import AcceleratorSpec
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
# amounts whose errors may have a slope, each from about the middle of what was measured
_MIDDLE = {"prompt": 1100.0, "output": 400.0, "batch": 8.0, "count": 5.0, "seq_len": 4096.0}
_MODEL_MIDDLE = 3e10  # parameters
_RUN_MIDDLE = 1e23  # FLOP of a whole run
_ANY = "any"
_FORMATS = {
    **dict.fromkeys(("bf16", "fp16", "fp32", "tf32"), "16 bit"),
    **dict.fromkeys(("fp8", "mxfp8", "int8"), "8 bit"),
    **dict.fromkeys(("nvfp4", "fp4"), "4 bit"),
}


class Known(NamedTuple):
    """Accelerators on which constants of a family were calibrated, and their architectures."""

    accelerators: frozenset[str]
    architectures: frozenset[str]

    def basis(self, accelerator: Any) -> str:
        """What an estimate rests on: measurements of this accelerator, of its architecture, or of others."""
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


class Likeness(NamedTuple):
    """The groups of a call, the class by which runs of one source scatter, and the variances of what no call knows: its
    source, its model, and the runs of one source, model and machine."""

    features: list[Feature]
    scatter: str
    unknown: tuple[str, str, str]


def likeness(function: str, given: Mapping[str, Any], known: Known, software: str = "") -> Likeness:
    """What a call has in common with measured ones; `given` are its arguments as the formula takes them.

    What is left out may be anything: its groups are none that was measured.
    """
    family, model = FAMILIES[function], given.get("model")
    features = []
    if family == "whole runs":
        features += _machine("whole run", given, known)
        if given.get("flops"):
            features.append(Feature("flops", "whole run", log(given["flops"] / _RUN_MIDDLE)))
    else:
        features += _of_model(function, given, software)
        if family != "memory":
            features += _machine(function, given, known)
            features.append(Feature("architecture, kind and format", _product(given)))
        for name, middle in _MIDDLE.items():
            amount = given.get(name)
            if isinstance(amount, (int, float)) and amount > 0:
                features.append(Feature(name, function, log(amount / middle)))
    width = "dense" if model is None or model.kinds[0] == "dense" else "experts"
    apart = family in ("training", "serving") and known.basis(given.get("accelerator")) != "measured"
    seen = "other" if apart else "measured"
    scatter = f"{'first token' if function == 'LLM_TTFT' else width}, {seen}"
    return Likeness(features, scatter, (f"source, {width}", f"model, {width}", f"runs, {width}, {seen}"))


def _of_model(function: str, given: Mapping[str, Any], software: str) -> list[Feature]:
    """The groups of the function, its software, its model and its format."""
    model: ModelSpec | None = given.get("model")
    kinds = model.kinds if model else (_ANY,)
    found = [Feature("function", function), Feature("software", software or _ANY)]
    found += [Feature("kind", kind) for kind in kinds]
    found.append(Feature("kind and format", f"{kinds[0]} {_format(given)}"))
    if model:
        found.append(Feature("size", function, log(model.active / _MODEL_MIDDLE)))
    return found


def _machine(function: str, given: Mapping[str, Any], known: Known) -> list[Feature]:
    """The groups of the accelerator: what is known of it, its maker, itself, itself with the function."""
    accelerator = given.get("accelerator")
    basis, name, maker = known.basis(accelerator), _ANY, _ANY
    if isinstance(accelerator, AcceleratorSpec):
        name, maker = accelerator.id or _ANY, accelerator.vendor or _ANY
    return [
        Feature("basis", f"{function} {basis}"),
        Feature("maker", maker),
        Feature(f"accelerator, {basis}", name),
        Feature(f"accelerator and function, {basis}", f"{name} {function}"),
    ]


def _product(given: Mapping[str, Any]) -> str:
    """The kernels of a call: the accelerator's architecture, the kind of model, the format."""
    accelerator, model = given.get("accelerator"), given.get("model")
    architecture = accelerator.architecture if isinstance(accelerator, AcceleratorSpec) else _ANY
    return f"{architecture} {model.kinds[0] if model else _ANY} {_format(given)}"


def _format(given: Mapping[str, Any]) -> str:
    dtype = given.get("dtype")
    return format_of(dtype) if dtype else _ANY


def format_of(dtype: DType) -> str:
    """16, 8 or 4 bit where products run in the format; weight-only where it is unpacked before."""
    return _FORMATS.get(dtype.name, "weight-only")


def model_key(model: ModelSpec) -> str:
    """How runs of one model are told apart: by its name in the catalog, else by its shape."""
    c = model.text_config
    return model.id or f"{c['num_hidden_layers']} layers of {c['hidden_size']}"
