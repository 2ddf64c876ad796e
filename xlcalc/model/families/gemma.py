"""Gemma: GeGLU, wide heads, norms on both sides of a block, and layers that slide in turn with layers that do not.

Sources: the technical report named at each family, and for what it leaves open transformers
models/<model type>/modeling_*.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture, assemble, decoder, heads, layer_kinds, windows
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.layers import Block, Layer, Linear, Vector, attention, linear, mlp, moe, norm

_REQUIRED = ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "intermediate_size")


@family("gemma")
def gemma(c: Config) -> Architecture:
    """Gemma 2024."""
    return decoder(c, attention_bias=c.flag("attention_bias"))


@family("gemma2", "vaultgemma")
def gemma2(c: Config) -> Architecture:
    """Gemma 2 2024: every second layer slides, norms after attention and MLP too, which VaultGemma 2025 has not."""
    own = windows(c, lambda i: (i + 1) % 2 != 0)
    n_norms = 4 if c.model_type == "gemma2" else 2
    return decoder(c, attention_bias=c.flag("attention_bias"), n_norms=n_norms, windows=own)


@family("gemma3_text")
def gemma3(c: Config) -> Architecture:
    """Gemma 3 2025: norms for queries and keys, one layer of six attends to everything."""
    every = c["sliding_window_pattern"]
    own = windows(c, lambda i: (i + 1) % every != 0, window=_window(c, bool(c.get("use_bidirectional_attention"))))
    return decoder(c, attention_bias=c.flag("attention_bias"), qk_norm="head", n_norms=4, windows=own)


@family("gemma3n_text")
def gemma3n(c: Config) -> Architecture:
    """Gemma 3n 2025: the last layers read earlier layers' keys and values; several residual streams updated in turn
    (AltUp, Baykal et al. 2023), a low-rank path beside attention (LAuReL, Menghani et al. 2024), embeddings by layer.
    """
    c.require(*_REQUIRED)
    d_model, n_layers, streams, rank = (
        c[name] for name in ("hidden_size", "num_hidden_layers", "altup_num_inputs", "laurel_rank")
    )
    given = c["intermediate_size"]
    widths = given if isinstance(given, Sequence) else [given] * n_layers
    if len(widths) != n_layers:
        raise ValueError(f"has {len(widths)} entries of intermediate_size for num_hidden_layers = {n_layers}")
    bias, per_layer = c.flag("attention_bias"), _per_layer_input(c)
    side_paths = Block(
        (
            linear("altup_correct", streams, streams, matrices.ALTUP),
            linear("altup_predict", streams, streams**2, matrices.ALTUP),
            linear("altup_router", d_model, streams, matrices.ALTUP)._replace(active=2),
            linear("laurel_left", d_model, rank, matrices.LAUREL_LEFT),
            linear("laurel_right", rank, d_model, matrices.LAUREL_RIGHT),
        ),
        (Vector("altup_scale", d_model, "mlp"), norm(d_model, name="altup_norm"), norm(d_model, name="laurel_norm")),
    )
    layers = []
    for i, (window, width) in enumerate(zip(windows(c, lambda i: (i + 1) % 5 != 0), widths, strict=True)):
        mixer = attention(d_model, *heads(c), qkv_bias=bias, o_bias=bias, qk_norm="head", window=window)
        if i >= n_layers - c["num_kv_shared_layers"]:
            mixer = _reading(mixer)
        layers.append(Layer(1, (mixer, side_paths, mlp(d_model, width), *per_layer.blocks), (norm(d_model),) * 4))
    turns = [
        linear(f"altup_{way}", d_model, d_model, matrices.STREAM_WIDTH)._replace(copies=streams - 1, active=streams - 1)
        for way in ("in", "out")
    ]
    return assemble(c, layers, outer=(*per_layer.outer, *turns), norms=per_layer.norms, embeddings=per_layer.embeddings)


@family("gemma4_text", "gemma4_unified_text", "diffusion_gemma_text")
def gemma4(c: Config) -> Architecture:
    """Gemma 4 2026: layers that attend to everything have heads of their own and may take their keys for values; where
    set, experts beside the MLP, embeddings of each layer, last layers that read earlier layers' keys and values.
    DiffusionGemma conditions on its own last guess by one MLP more.
    """
    c.require(*_REQUIRED)
    d_model, n_layers, bias = c["hidden_size"], c["num_hidden_layers"], c.flag("attention_bias")
    n_heads, n_kv_heads, head_dim = heads(c)
    diffusion = c.model_type == "diffusion_gemma_text"
    keys_are_values = diffusion or c.flag("attention_k_eq_v")
    assumed = ["full_attention" if (i + 1) % 6 == 0 else "sliding_attention" for i in range(n_layers)]
    kinds = layer_kinds(c, assumed, "full_attention", "sliding_attention")
    kinds[-1] = "full_attention"
    own = {int(i): changes for i, changes in c.get("per_layer_config", {}).items()}
    if c.get("per_layer_config") is None:
        n_global = c.get("num_global_key_value_heads") if keys_are_values else None
        wide = {"head_dim": c["global_head_dim"], "num_key_value_heads": n_global or n_kv_heads}
        own = {i: wide for i, kind in enumerate(kinds) if kind == "full_attention"}
    per_layer, experts = _per_layer_input(c), _experts(c) if diffusion or c.get("enable_moe_block") else None
    shared_from = n_layers - c.get("num_kv_shared_layers", 0)

    def layer(i: int, kind: str) -> Layer:
        sliding, shared = kind == "sliding_attention", i >= shared_from
        changes = own.get(i, {})
        mixer = attention(
            d_model,
            n_heads,
            changes.get("num_key_value_heads", n_kv_heads),
            changes.get("head_dim", head_dim),
            qkv_bias=bias,
            o_bias=bias,
            qk_norm="head",
            window=_window(c, c.get("use_bidirectional_attention") == "all") if sliding else None,
        )
        if keys_are_values and not sliding:
            mixer = _without(mixer, "v")
        if shared:
            mixer = _reading(mixer)
        feed_forward = mlp(d_model, c["intermediate_size"] * (2 if shared and c.get("use_double_wide_mlp") else 1))
        blocks = (mixer, feed_forward, *((experts,) if experts else ()), *per_layer.blocks)
        return Layer(1, blocks, (norm(d_model),) * (7 if experts else 4))

    guess = mlp(d_model, c["intermediate_size"]).linears if diffusion else _drafting(c)
    return assemble(
        c,
        [layer(i, kind) for i, kind in enumerate(kinds)],
        outer=(*per_layer.outer, *guess),
        norms=(*per_layer.norms, norm(d_model, name="guess_norm")) if diffusion else per_layer.norms,
        embeddings=per_layer.embeddings,
    )


def _drafting(c: Config) -> tuple[Linear, ...]:
    """What an assistant that drafts for a larger model has around its layers: from that model's states and back."""
    backbone, d_model = c.get("backbone_hidden_size"), c["hidden_size"]
    if not backbone:
        return ()
    turns = (
        linear("draft_in", 2 * backbone, d_model, matrices.STREAM_WIDTH),
        linear("draft_out", d_model, backbone, matrices.STREAM_WIDTH),
    )
    centroids = linear("centroids", d_model, c["num_centroids"], matrices.HEAD_INPUT)
    return (*turns, centroids) if c.flag("use_ordered_embeddings") else turns


def _window(c: Config, bidirectional: bool) -> int | None:
    """The sliding window; half of it lies ahead where attention looks both ways."""
    window: int | None = c.get("sliding_window")
    return window // 2 + 1 if bidirectional and window else window


def _without(block: Block, *names: str) -> Block:
    """A block without the matrices and vectors of these names."""
    return block._replace(
        linears=tuple(matrix for matrix in block.linears if matrix.name not in names),
        vectors=tuple(vector for vector in block.vectors if vector.name not in names),
    )


def _reading(block: Block) -> Block:
    """Attention that reads the keys and values of an earlier layer and has none of its own."""
    return _without(block, "k", "v", "k_norm")._replace(cache=0)


def _experts(c: Config) -> Block:
    """Routed experts beside the MLP, their router with a learned scale of its input and one of each expert."""
    c.require("num_experts", "top_k_experts", "moe_intermediate_size")
    routed = moe(c["hidden_size"], c["num_experts"], c["top_k_experts"], c["moe_intermediate_size"])
    scales = (Vector("scale", c["hidden_size"], "router"), Vector("per_expert_scale", c["num_experts"], "router"))
    return routed._replace(vectors=scales)


class PerLayerInput(NamedTuple):
    """What embeddings for each layer add: a gated way into every layer, and outside the layers the rest."""

    blocks: tuple[Block, ...] = ()
    outer: tuple[Linear, ...] = ()
    norms: tuple[Vector, ...] = ()
    embeddings: tuple[Vector, ...] = ()


def _per_layer_input(c: Config) -> PerLayerInput:
    """Per-layer embeddings, where the configuration gives them a width."""
    d_model, width = c["hidden_size"], c.get("hidden_size_per_layer_input")
    if not width:
        return PerLayerInput()
    widths = c["num_hidden_layers"] * width
    gate = linear("per_layer_gate", d_model, width, matrices.PER_LAYER)
    back = linear("per_layer_out", width, d_model, matrices.PER_LAYER)
    return PerLayerInput(
        blocks=(Block((gate, back), (norm(d_model, name="per_layer_norm"),)),),
        outer=(linear("per_layer_in", d_model, widths, matrices.STREAM_WIDTH),),
        norms=(norm(width, name="per_layer_norm"),),
        embeddings=(Vector("per_layer_tokens", c["vocab_size_per_layer_input"] * widths, "embedding"),),
    )
