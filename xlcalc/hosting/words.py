"""What the coefficients of a model are called in a derivation of serving, and their units."""

from __future__ import annotations

from typing import Any

from xlcalc.model.words import CACHE_WORDS

_PRODUCT = {
    "d_in": ("inputs of {}", "elements"),
    "d_out": ("outputs of {}", "elements"),
    "bytes": ("bytes of an element of {}", "bytes"),
    "copies": ("experts of a layer, {}", "count"),
    "active": ("experts of a token, {}", "count"),
}


def _product(path: str, of: str) -> dict[str, Any]:
    return {f"{path}_{name}": (label.format(of), unit) for name, (label, unit) in _PRODUCT.items()}


WORDS: dict[str, tuple[str, str]] = {
    **CACHE_WORDS,
    "scan": ("multiply-adds of recurrences", "multiply-adds/token"),
    "stream": ("elements that memory-bound operators move", "elements/token"),
    "kernels": ("kernels of a pass", "count"),
    "narrow": ("products whose inputs are quantised", "count"),
    "reductions": ("sums over tensor-parallel ranks", "count"),
    "expert_blocks": ("layers with experts", "count"),
    "n_layers": ("layers", "count"),
    "d_model": ("d_model", "elements"),
    "n_experts": ("experts of a layer", "count"),
    "weights": ("weights of an accelerator", "bytes"),
    "stage": ("share of the layers in a stage", "ratio"),
    "state_bytes": ("bytes of an element of a state", "bytes"),
    "vocab": ("vocabulary", "tokens"),
    "split": ("weights that tensor parallelism splits", "bytes"),
    "replicated": ("weights replicated on every accelerator", "bytes"),
    "padding": ("what kernels pad experts with", "bytes"),
    "experts": ("weights of experts", "bytes"),
    "embedding": ("weights of the embedding", "bytes"),
    "head": ("weights of the head", "bytes"),
    **_product("head", "the head"),
    **{f"scores_{i}_prefill": ("attention scores of prefill", "multiply-adds a pair") for i in range(1, 6)},
    **{f"scores_{i}_decode": ("attention scores of decoding", "multiply-adds a pair") for i in range(1, 6)},
    **{f"scores_{i}_reach": ("reach of attention", "tokens") for i in range(1, 6)},
}
for _i in range(1, 41):
    WORDS[f"products_{_i}_1"] = (f"number of products of shape {_i}", "count")
    WORDS[f"experts_{_i}_1"] = (f"number of experts' products of shape {_i}", "count")
    WORDS |= _product(f"products_{_i}_2", f"shape {_i}") | _product(f"experts_{_i}_2", f"experts' shape {_i}")
