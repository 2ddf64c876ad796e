"""Vision encoders of multimodal models: parameters, and the width of their outputs.

Sources: transformers models/<model type>/modeling_*.py of each; the defaults are those of the configuration classes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

Fields = Mapping[str, Any]
Encoder = tuple[int, int]  # parameters, width


def dense(d_in: int, d_out: int, bias: bool = True) -> int:
    """A matrix with its biases."""
    return d_in * d_out + (d_out if bias else 0)


def norms(n: int, d: int, bias: bool = True) -> int:
    return n * d * (2 if bias else 1)


def layer(
    d: int,
    d_ff: int,
    *,
    bias: bool = True,
    attention_bias: bool | None = None,
    gated: bool = False,
    norm_bias: bool = True,
) -> int:
    """Attention and MLP of a tower's layer, with a norm before each; `attention_bias` where it differs from `bias`."""
    forward = (2 if gated else 1) * dense(d, d_ff, bias) + dense(d_ff, d, bias)
    return 4 * dense(d, d, bias if attention_bias is None else attention_bias) + forward + norms(2, d, norm_bias)


def first(side: Any) -> int:
    """A side that may be given for both directions."""
    return int(side[0] if isinstance(side, (list, tuple)) else side)


def grid(v: Fields, image: int, patch: int) -> int:
    """Patches of a square image."""
    return (first(v.get("image_size") or image) // first(v.get("patch_size") or patch)) ** 2


def patches(v: Fields, d: int, patch: int, *, frames: int = 1, bias: bool = False) -> int:
    side = first(v.get("patch_size") or patch)
    channels = v.get("num_channels") or v.get("in_channels") or v.get("in_chans") or 3
    return d * channels * frames * side * side + (d if bias else 0)


def soft_tokens(v: Fields, width: int, d_text: int) -> int:
    """Gemma 3n's way of a tower's outputs into the text: tokens of its own, a norm for either, and a matrix."""
    d = v.get("hidden_size", width)
    return v.get("vocab_size", 128) * d + norms(2, d, False) + d * d_text


def clip(v: Fields) -> Encoder:
    """Its parameters, and its width."""
    d = v.get("hidden_size", 768)
    layers = v.get("num_hidden_layers", 12) * layer(d, v.get("intermediate_size", 3072))
    return patches(v, d, 32) + d + (grid(v, 224, 32) + 1) * d + norms(2, d) + layers, d


def siglip(v: Fields) -> Encoder:
    d, d_ff = v.get("hidden_size", 768), v.get("intermediate_size", 3072)
    layers = v.get("num_hidden_layers", 12) * layer(d, d_ff)
    head = d + 4 * dense(d, d) + norms(1, d) + dense(d, d_ff) + dense(d_ff, d) if v.get("vision_use_head", True) else 0
    return patches(v, d, 16, bias=True) + grid(v, 224, 16) * d + norms(1, d) + layers + head, d


def pixtral(v: Fields) -> Encoder:
    """Llama's layers without biases."""
    d = v.get("hidden_size", 1024)
    one = layer(d, v.get("intermediate_size", 4096), bias=False, gated=True, norm_bias=False)
    return patches(v, d, 16) + d + v.get("num_hidden_layers", 24) * one, d


def idefics(v: Fields) -> Encoder:
    """SigLIP without its head."""
    sized = {"hidden_size": 1152, "patch_size": 32, **v}
    return siglip({**sized, "vision_use_head": False})


def siglip2(v: Fields) -> Encoder:
    """SigLIP with as many positions as an image has patches."""
    d = v.get("hidden_size", 768)
    return siglip(v)[0] + (v.get("num_patches", 256) - grid(v, 224, 16)) * d, d


def internvl(v: Fields) -> Encoder:
    """Each half of a layer is scaled; some have norms of queries and keys."""
    d, biased = v.get("hidden_size", 1024), bool(v.get("attention_bias", False))
    norm_bias = v.get("norm_type", "layer_norm") == "layer_norm"
    one = layer(d, v.get("intermediate_size", 4096), attention_bias=False, norm_bias=norm_bias) + d + 2 * d
    one += 3 * d * biased + 2 * d * bool(v.get("use_qk_norm", False))
    places = (grid(v, 448, 14) + 1) * d if v.get("use_absolute_position_embeddings", True) else 0
    pooled = 0 if v.get("use_mean_pooling", True) else norms(1, d)
    return patches(v, d, 14, bias=True) + d + places + v.get("num_hidden_layers", 24) * one + pooled, d


def gemma4(v: Fields) -> Encoder:
    """Gemma's layers of four norms, and tables of places for rows and for columns."""
    d, d_ff, head = v.get("hidden_size", 768), v.get("intermediate_size", 3072), v.get("head_dim", 64)
    n_heads = v.get("num_attention_heads", 12)
    one = 2 * d * head * (n_heads + (v.get("num_key_value_heads") or n_heads))  # never a bias
    one += 2 * head + 3 * d * d_ff + norms(4, d, False)
    stem = patches(v, d, 16) + 2 * v.get("position_embedding_size", 10240) * d
    return stem + v.get("num_hidden_layers", 16) * one, d


def llama4(v: Fields) -> Encoder:
    """CLIP's layers, and an adapter after four patches are merged."""
    d, wide = v.get("hidden_size", 768), v.get("projector_input_dim", 4096)
    d_ff, out = v.get("intermediate_size", 5632), v.get("projector_output_dim", 4096)
    layers = v.get("num_hidden_layers", 34) * layer(d, d_ff)
    around = patches(v, d, 14) + d + (grid(v, 448, 14) + 1) * d + norms(2, d)
    return around + layers + d_ff * wide + wide * out, v.get("vision_output_dim", 7680)


def mllama(v: Fields) -> Encoder:
    """Positions of tiles, and gated layers over all of them."""
    d, d_ff, tiles = v.get("hidden_size", 1280), v.get("intermediate_size", 5120), v.get("max_num_tiles", 4)
    shapes, cells = len(v.get("supported_aspect_ratios") or [0] * 8) + 1, grid(v, 448, 14) + 1
    one = layer(d, d_ff, attention_bias=False)
    tables = cells * d + shapes * tiles * cells * d + 2 * shapes * tiles * d + 3
    layers = v.get("num_hidden_layers", 32) * one + v.get("num_global_layers", 8) * (one + 2)
    return patches(v, d, 14) + d + tables + norms(2, d) + layers, v.get("vision_output_dim", 7680)


def glm4v(v: Fields) -> Encoder:
    """Gated layers without biases, a convolution that merges patches, and a gated merger."""
    d, out = v.get("hidden_size", 1536), v.get("out_hidden_size", 4096)
    biased = 3 * d if v.get("attention_bias") else 0
    layers = v.get("depth", 24) * (layer(d, out, bias=False, gated=True, norm_bias=False) + biased)
    merged = out * d * v.get("spatial_merge_size", 2) ** 2 + out
    merger = out * out + norms(1, out) + 3 * out * v.get("intermediate_size", 13696)
    stem = patches(v, d, 14, frames=v.get("temporal_patch_size", 2), bias=True) + grid(v, 336, 14) * d
    return stem + norms(2, d, False) + layers + merged + merger, out


def glm_ocr(v: Fields) -> Encoder:
    """GLM-4.1V's encoder with biases and norms of heads, without a table of positions."""
    d, out, d_ff = v.get("hidden_size", 1024), v.get("out_hidden_size", 1536), v.get("intermediate_size", 4096)
    one = layer(d, d_ff, bias=bool(v.get("attention_bias", True)), gated=True, norm_bias=False)
    one += 2 * (d // v.get("num_heads", 16))
    merged = out * d * v.get("spatial_merge_size", 2) ** 2 + out
    wide = v.get("projection_intermediate_size") or out * v.get("in_channels", 3)
    merger = out * out + norms(1, out) + 3 * out * wide
    stem = patches(v, d, 14, frames=v.get("temporal_patch_size", 2), bias=True)
    return stem + d + v.get("depth", 24) * one + merged + merger, out


def moonvit(v: Fields) -> Encoder:
    """SigLIP's layers and a table of positions that is interpolated."""
    d = v.get("hidden_size", 1152)
    places = v.get("pos_emb_height", 64) * v.get("pos_emb_width", 64) * d
    layers = v.get("num_hidden_layers", 27) * layer(d, v.get("intermediate_size", 4304))
    return patches(v, d, 14, bias=True) + places + layers + norms(1, d), d


def step3(v: Fields) -> Encoder:
    """Scaled halves of layers, and two convolutions that each halve the sides and double the width."""
    d = v.get("hidden_size", 1536)
    d_ff = int(d * v["mlp_ratio"]) if v.get("mlp_ratio") else v.get("intermediate_size", 8960)
    layers = v.get("num_hidden_layers", 47) * (layer(d, d_ff) + 2 * d)
    places = v.get("max_position_embeddings") or grid(v, 728, 14)
    down = 9 * d * 2 * d + 2 * d + 9 * 2 * d * 4 * d + 4 * d
    return patches(v, d, 14) + places * d + norms(1, d) + layers + down, 4 * d


def aimv2(v: Fields, *, d_table: int) -> Encoder:
    """AIMv2's gated layers, and a vocabulary of visual words with their embeddings."""
    d, vocab = v.get("hidden_size", 1024), v.get("vocab_size", 16384)
    one = layer(d, v.get("intermediate_size", 2816), bias=bool(v.get("mlp_bias", False)),
                attention_bias=bool(v.get("qkv_bias", False)), gated=True, norm_bias=False)  # fmt: skip
    words = vocab - v.get("num_visual_indicator_tokens", 5)
    head = d * v.get("hidden_stride", 1) ** 2 * words + norms(1, words)
    stem = patches(v, d, 14, bias=True) + grid(v, 224, 14) * d + 2 * d
    return stem + v.get("num_hidden_layers", 24) * one + head + vocab * d_table, d


def neck(d: int, out: int) -> int:
    """Two convolutions that narrow SAM's states, each with a norm."""
    return d * out + 9 * out * out + norms(2, out)


def sam(v: Fields) -> Encoder:
    """Tables of relative positions for windows and for the layers that see all; a neck."""
    d, n_layers, places = v.get("hidden_size", 768), v.get("num_hidden_layers", 12), grid(v, 1024, 16)
    layers = n_layers * layer(d, v.get("mlp_dim") or int(d * v.get("mlp_ratio", 4)))
    layers -= 0 if v.get("qkv_bias", True) else 3 * d * n_layers
    if v.get("use_rel_pos", True):
        n_wide = sum(0 <= i < n_layers for i in v.get("global_attn_indexes") or (2, 5, 8, 11))
        reach = n_wide * (2 * math.isqrt(places) - 1) + (n_layers - n_wide) * (2 * v.get("window_size", 14) - 1)
        layers += 2 * reach * (d // v.get("num_attention_heads", 12))
    out = v.get("output_channels", 256)
    return patches(v, d, 16, bias=True) + places * d * bool(v.get("use_abs_pos", True)) + layers + neck(d, out), out


def radio(v: Fields) -> Encoder:
    """Scaled halves of layers, registers, patches of images and of films."""
    d = v.get("hidden_size", 1280)
    one = layer(d, int(d * v.get("mlp_ratio", 4)), attention_bias=bool(v.get("qkv_bias", True))) + 2 * d
    one += 0 if v.get("qkv_bias", True) else d
    size = v.get("patch_size", 16)
    places = (v.get("max_img_size", 2048) // size) ** 2 + v.get("num_cls_tokens", 3) + v.get("num_registers", 7)
    stems = patches(v, d, 16) * (1 + v.get("video_temporal_patch_size", 2))
    return places * d + stems + v.get("num_hidden_layers", 32) * one, d


def muse(v: Fields) -> Encoder:
    """A norm before and after layers, a table of positions."""
    d = v.get("hidden_size", 1536)
    stem = patches(v, d, 14, frames=v.get("patch_temporal", 2)) + v.get("max_position_embeddings", 1024) * d
    return stem + norms(2, d) + v.get("num_hidden_layers", 50) * layer(d, v.get("intermediate_size", 8960)), d


def eva(v: Fields) -> Encoder:
    d, n_layers = v.get("hidden_size", 1408), v.get("num_hidden_layers", 39)
    layers = n_layers * layer(d, v.get("intermediate_size", 6144)) - (
        0 if v.get("qkv_bias", True) else 3 * d * n_layers
    )
    return patches(v, d, 14, bias=True) + d + (grid(v, 224, 14) + 1) * d + layers + norms(1, d), d


def inkling2(v: Fields) -> Encoder:
    """Scaled halves of layers, a table of positions and one for the class."""
    d, side = v.get("hidden_size", 1024), v.get("posemb_grid_size", 32)
    d_ff = v.get("intermediate_size") or int(d * v.get("mlp_ratio", 4))
    layers = v.get("num_hidden_layers", 23) * (layer(d, d_ff) + 2 * d)
    return patches(v, d, 20) + 2 * d + side * side * d + norms(1, d) + layers, d


_ENCODERS: dict[str, Callable[[Fields], Encoder]] = {
    "clip_vision_model": clip,
    "siglip_vision_model": siglip,
    "pixtral": pixtral,
    **dict.fromkeys(("idefics3_vision", "smolvlm_vision", "idefics2_vision"), idefics),
    **dict.fromkeys(("internvl_vision", "qianfan_ocr_vision"), internvl),
    "siglip2_vision_model": siglip2,
    **dict.fromkeys(("blip_2_vision_model", "instructblip_vision_model", "instructblipvideo_vision_model"), eva),
}


def encoder(v: Fields, usual: str = "") -> Encoder:
    """The encoder that a vision_config names, the `usual` one where it names none. Raises ValueError if undeclared."""
    kind = str(v.get("model_type") or usual)
    if kind not in _ENCODERS:
        raise ValueError(f"has a tower of model_type {kind[:60]!r}, which is not declared")
    return _ENCODERS[kind](v)
