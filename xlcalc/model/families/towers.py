"""Parameters of vision towers, and of what projects their outputs into the language model.

Sources: transformers models/<model type>/modeling_*.py of each tower and wrapper; the defaults are those of the
configuration classes. Engines keep towers in 16 bit beside the language model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from xlcalc.model.config import Config

Fields = Mapping[str, Any]


def tower_params(config: Mapping[str, Any], text: Config) -> int:
    """Parameters of the towers of a wrapper's configuration and of their projector; 0 where it has none.

    Raises ValueError for a wrapper whose towers are not declared.
    """
    model_type, vision = str(config.get("model_type") or ""), config.get("vision_config")
    if not isinstance(vision, Mapping):
        if model_type in _WRAPPERS or text.towers:
            raise ValueError("has no vision_config here, and its towers are sized by it")
        return 0
    if model_type not in _WRAPPERS or "audio_config" in config:
        raise ValueError(f"is of model_type {model_type[:60]!r}, whose towers are not declared")
    return _WRAPPERS[model_type](config, vision, text["hidden_size"])


def dense(d_in: int, d_out: int, bias: bool = True) -> int:
    """A matrix with its biases."""
    return d_in * d_out + (d_out if bias else 0)


def norms(n: int, d: int, bias: bool = True) -> int:
    return n * d * (2 if bias else 1)


def _layer(d: int, d_ff: int, *, bias: bool = True, gated: bool = False, norm_bias: bool = True) -> int:
    """Attention and MLP of a tower's layer, with a norm before each."""
    forward = (2 if gated else 1) * dense(d, d_ff, bias) + dense(d_ff, d, bias)
    return 4 * dense(d, d, bias) + forward + norms(2, d, norm_bias)


def _patches(v: Fields, d: int, patch: int, *, frames: int = 1, bias: bool = False) -> int:
    side = v.get("patch_size", patch)
    side = side[0] if isinstance(side, (list, tuple)) else side
    channels = v.get("num_channels") or v.get("in_channels") or v.get("in_chans") or 3
    return d * channels * frames * side * side + (d if bias else 0)


def _clip(v: Fields) -> tuple[int, int]:
    """Radford et al. 2021: its parameters, and its width."""
    d, side = v.get("hidden_size", 768), v.get("image_size", 224) // v.get("patch_size", 32)
    layers = v.get("num_hidden_layers", 12) * _layer(d, v.get("intermediate_size", 3072))
    return _patches(v, d, 32) + d + (side**2 + 1) * d + norms(2, d) + layers, d


def _siglip(v: Fields) -> tuple[int, int]:
    """Zhai et al. 2023; a head of attention pools where the configuration has one."""
    d, d_ff = v.get("hidden_size", 768), v.get("intermediate_size", 3072)
    side = v.get("image_size", 224) // v.get("patch_size", 16)
    layers = v.get("num_hidden_layers", 12) * _layer(d, d_ff)
    head = d + 4 * dense(d, d) + norms(1, d) + dense(d, d_ff) + dense(d_ff, d) if v.get("vision_use_head", True) else 0
    return _patches(v, d, 16, bias=True) + side**2 * d + norms(1, d) + layers + head, d


def _pixtral(v: Fields) -> tuple[int, int]:
    """Agrawal et al. 2024: Llama's layers without biases."""
    d = v.get("hidden_size", 1024)
    one = _layer(d, v.get("intermediate_size", 4096), bias=False, gated=True, norm_bias=False)
    return _patches(v, d, 16) + d + v.get("num_hidden_layers", 24) * one, d


_TOWERS: dict[str, Callable[[Fields], tuple[int, int]]] = {
    "clip_vision_model": _clip,
    "siglip_vision_model": _siglip,
    "pixtral": _pixtral,
}


def _tower(v: Fields) -> tuple[int, int]:
    kind = str(v.get("model_type") or "")
    if kind not in _TOWERS:
        raise ValueError(f"has a tower of model_type {kind[:60]!r}, which is not declared")
    return _TOWERS[kind](v)


def _qwen2(c: Fields, v: Fields, d_text: int) -> int:
    """Wang et al. 2024: layers with norms and biases, four patches merged into one token."""
    d = v.get("embed_dim", 1280)
    wide = d * v.get("spatial_merge_size", 2) ** 2
    layers = v.get("depth", 32) * _layer(d, int(d * v.get("mlp_ratio", 4)))
    merger = norms(1, d) + dense(wide, wide) + dense(wide, v.get("hidden_size", 3584))
    return _patches(v, d, 14, frames=v.get("temporal_patch_size", 2)) + layers + merger


def _qwen2_5(c: Fields, v: Fields, d_text: int) -> int:
    """Qwen2.5-VL report 2025: gated MLPs, norms without biases."""
    d = v.get("hidden_size", 3584)
    wide = d * v.get("spatial_merge_size", 2) ** 2
    layers = v.get("depth", 32) * _layer(d, v.get("intermediate_size", 3420), gated=True, norm_bias=False)
    merger = norms(1, d, False) + dense(wide, wide) + dense(wide, v.get("out_hidden_size", 3584))
    return _patches(v, d, 14, frames=v.get("temporal_patch_size", 2)) + layers + merger


def _qwen3(c: Fields, v: Fields, d_text: int) -> int:
    """Qwen3-VL report 2025: learned positions, and a merger for each layer that is read early."""
    d, out = v.get("hidden_size", 1152), v.get("out_hidden_size", 3584)
    wide = d * v.get("spatial_merge_size", 2) ** 2
    layers = v.get("depth", 27) * _layer(d, v.get("intermediate_size", 4304))
    early = v.get("deepstack_visual_indexes")
    early = [8, 16, 24] if early is None and not str(c.get("model_type")).startswith("qwen3_5") else early or []
    mergers = (1 + len(early)) * (dense(wide, wide) + dense(wide, out)) + norms(1, d) + len(early) * norms(1, wide)
    patches = _patches(v, d, 16, frames=v.get("temporal_patch_size", 2), bias=True)
    return patches + v.get("num_position_embeddings", 2304) * d + layers + mergers


def _gemma3(c: Fields, v: Fields, d_text: int) -> int:
    params, d = _siglip(v)
    return params + d * d_text + d


def _paligemma(c: Fields, v: Fields, d_text: int) -> int:
    params, d = _siglip(v)
    return params + dense(d, c.get("projection_dim", 2048))


def _llava(c: Fields, v: Fields, d_text: int) -> int:
    """Liu et al. 2023: two matrices from the layers that are read to the language model."""
    params, d = _tower({"model_type": "clip_vision_model", **v})
    read, bias = c.get("vision_feature_layer", -2), c.get("multimodal_projector_bias", True)
    width = d * (len(read) if isinstance(read, (list, tuple)) else 1)
    return params + dense(width, d_text, bias) + dense(d_text, d_text, bias)


def _mistral3(c: Fields, v: Fields, d_text: int) -> int:
    """Mistral Small 3.1: four patches merged into one token."""
    params, d = _tower({"model_type": "pixtral", **v})
    bias = c.get("multimodal_projector_bias", False)
    merged = d * c.get("spatial_merge_size", 2) ** 2 * d
    return params + d + merged + dense(d, d_text, bias) + dense(d_text, d_text, bias)


_WRAPPERS: dict[str, Callable[[Fields, Fields, int], int]] = {
    "qwen2_vl": _qwen2,
    "qwen2_5_vl": _qwen2_5,
    **dict.fromkeys(("qwen3_vl", "qwen3_vl_moe", "qwen3_5", "qwen3_5_moe"), _qwen3),
    "gemma3": _gemma3,
    "paligemma": _paligemma,
    "llava": _llava,
    "mistral3": _mistral3,
}
