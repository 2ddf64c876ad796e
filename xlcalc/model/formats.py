"""What quantised checkpoints store: which matrices take how many bits, and what stays in 16 bit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from xlcalc.model.architecture import Architecture
from xlcalc.model.dtypes import DTYPES, DType
from xlcalc.model.layers import Linear

_KEPT_BITS = 16  # what a quantised checkpoint leaves alone
MATRIX_PARTS = frozenset(("attention", "mlp", "experts"))
_FP8_SCALE_BITS = 32  # of a block, where the configuration names one (DeepSeek-V3, README_WEIGHTS.md)
_SPARED = ("modules_to_not_convert", "ignore")
_TEXT_PARTS = ("text_config", "llm_config", "language_config", "thinker_config")


class Stored(NamedTuple):
    """Elements that stand in a file with so many bits each, scales and zero points included."""

    kind: str
    elements: int
    bits: float


class Exceptions(NamedTuple):
    """How a model's own quantisation differs from its format's: parts left in 16 bit, blocks of fp8, 4-bit experts."""

    kept: frozenset[str] = frozenset()
    fp8_block: int = 0
    expert_bits: float | None = None


def stored(architecture: Architecture, dtype: DType, config: Mapping[str, Any] | None = None) -> list[Stored]:
    """What a checkpoint in `dtype` holds, format by format.

    Matrices of attention, MLP and experts are quantised; embedding, head, norms, routers and biases stay in 16 bit, and
    so does what the model's own configuration leaves out.
    """
    own = exceptions(config or {}, architecture.n_layers)
    bits = dtype.bits + (_FP8_SCALE_BITS / own.fp8_block if dtype.name == "fp8" and own.fp8_block else 0)
    expert_bits = min(bits, own.expert_bits or bits)
    taken = [(n, m) for n, m in architecture.linears() if m.part in MATRIX_PARTS - own.kept]
    experts = sum(n * _elements(m) for n, m in taken if m.part == "experts")
    matrices = sum(n * _elements(m) for n, m in taken if m.part != "experts")
    total = sum(n * m.params for n, m in architecture.linears()) + sum(n * v.size for n, v in architecture.vectors())
    found = [
        Stored("matrices", matrices, bits),
        Stored("experts", experts, expert_bits),
        Stored("kept", total - matrices - experts, max(_KEPT_BITS, dtype.bits)),
    ]
    return [group for group in found if group.elements]


def exceptions(config: Mapping[str, Any], n_layers: int) -> Exceptions:
    """What the quantization_config of a Hugging Face configuration, or of its text part, makes different."""
    text = next((found for part in _TEXT_PARTS if (found := _group(config, part))), {})
    own = _group(config, "quantization_config") or _group(text, "quantization_config")
    block = _list(own, "weight_block_size")
    return Exceptions(
        _parts([str(name) for key in _SPARED for name in _list(own, key)], n_layers),
        block[0] * block[1] if [type(side) for side in block] == [int, int] else 0,
        DTYPES["mxfp4"].bits if (text or config).get("expert_dtype") == "fp4" else None,
    )


def _group(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = fields.get(name)
    return found if isinstance(found, Mapping) else {}


def _list(fields: Mapping[str, Any], name: str) -> list[Any]:
    found = fields.get(name)
    return list(found) if isinstance(found, (list, tuple)) else []


def _parts(modules: list[str], n_layers: int) -> frozenset[str]:
    """The parts that a list of module names or patterns covers in every layer."""
    layers: dict[str, set[str]] = {}
    for name in modules:
        part = _part(name)
        if part:
            number = re.search(r"layers\.(\d+)", name)
            layers.setdefault(part, set()).add(number.group(1) if number else "all")
    return frozenset(part for part, found in layers.items() if "all" in found or len(found) >= n_layers)


def _part(module: str) -> str:
    if "attn" in module or "attention" in module:
        return "attention"
    if "shared_expert" in module or ("mlp" in module and "_proj" in module):
        return "mlp"
    return ""


def _elements(matrix: Linear) -> int:
    return matrix.copies * matrix.d_in * matrix.d_out
