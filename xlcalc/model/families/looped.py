"""Decoders that run some of their layers several times with the same weights, each pass with a cache of its own."""

from __future__ import annotations

from collections.abc import Sequence

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture, assemble, heads, windows
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.families.convolution import inkling2_head, inkling2_layers
from xlcalc.model.layers import Block, Layer, Vector, attention, linear, mlp, reused
from xlcalc.model.mixers import own


@family("hrm_text")
def hrm_text(c: Config) -> Architecture:
    """Wang et al. 2025: a slow and a fast stack run in cycles, each pass with its own cache; norms without weights."""
    c.require("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "intermediate_size")
    d_model, (n_heads, _, head_dim) = c["hidden_size"], heads(c)
    n_layers = c.get("num_layers_per_stack") or c["num_hidden_layers"]
    passes = c["H_cycles"] * (c["L_cycles"] + 1)
    bias = c.flag("attention_bias")
    mixer = attention(d_model, n_heads, n_heads, head_dim, qkv_bias=bias, o_bias=bias, gate=True)
    gate_bias = Block((), (Vector("gate_bias", n_heads * head_dim, "attention"),) if bias else ())
    feed_forward = mlp(d_model, c["intermediate_size"], bias=c.flag("mlp_bias"))
    layers = [
        Layer(2 * n_layers, (mixer, gate_bias, feed_forward)),
        Layer((passes - 2) * n_layers, (reused(mixer), reused(feed_forward))),
    ]
    return assemble(c, layers, final_norm=False, embeddings=(Vector("initial_state", d_model, "embedding"),))


@family("dory")
def dory(c: Config) -> Architecture:
    """Dory (2026): nGPT's unit-norm states (Loshchilov et al. 2024), a middle section that loops. transformers dory.

    Files list attention and MLP as layers of their own, and count them so.
    """
    c.require("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "intermediate_size")
    kinds, halves = c.get("layer_types"), 1
    if kinds and "mlp" in kinds:
        kinds, halves = list(kinds[::2]), 2
    n_layers = c["num_hidden_layers"] // halves
    sized = Config({**c.raw, "num_hidden_layers": n_layers, "layer_types": kinds})
    d_model, (n_heads, n_kv_heads, head_dim), d_ff = c["hidden_size"], heads(c), c["intermediate_size"]
    bias, scales = (
        c.flag("attention_bias"),
        (own("query_scale", n_heads * head_dim), own("gate_scale", n_heads * head_dim)),
    )
    rates = (Vector("rate", d_model), Vector("rate", d_model))
    forward = mlp(d_model, d_ff, bias=c.flag("mlp_bias"))
    forward = forward._replace(vectors=(Vector("up_scale", d_ff, "mlp"), Vector("gate_scale", d_ff, "mlp")))
    layers = []
    for window in windows(sized, lambda i: (i + 1) % 4 != 0):
        mixer = attention(d_model, n_heads, n_kv_heads, head_dim, qkv_bias=bias, o_bias=bias, window=window, gate=True)
        layers.append(Layer(1, (mixer._replace(vectors=scales), forward), rates))
    first, last = c["n_input_layers"] // halves, n_layers - c["n_output_layers"] // halves
    passes = c["n_recurrent_loops"]
    if c.get("recurrent_kv_cache_mode") == "last_loop":
        again = _again([_without_cache(layer) for layer in layers[first:last]], passes)
    else:
        again = _again(layers[first:last], passes)
    head_scale = Vector("logit_scale", c["vocab_size"], "head")
    return assemble(c, [*layers[:last], *again, *layers[last:]], final_norm=False, norms=(head_scale,))


@family("inkling2_loop_text")
def inkling2_loop(c: Config) -> Architecture:
    """Inkling 2 Mini (Thinking Machines 2026): layers in the middle loop, and hear of the pass before by gates.

    transformers inkling2_loop.
    """
    d_model, layers, loop = c["hidden_size"], inkling2_layers(c), c.nested("loop_config")
    first = loop.get("core_start", c["loop_layer_index_start"])
    last = loop.get("core_end", c["loop_layer_index_end"])
    rank = loop.get("gate_rank", c["loop_gate_rank"])
    gate = (
        linear("message_down", 2 * d_model, rank, matrices.RESIDUAL),
        *(linear("message_gate", rank, d_model, matrices.RESIDUAL),) * 2,
    )
    message = Block(gate * 4, (own("message_query", 4 * d_model),), kind="residual")
    hearing = [layer._replace(blocks=(*layer.blocks, message)) for layer in layers[first:last]]
    passes = loop.get("num_passes", c["loop_num_passes"])
    silent = _again(layers[first:last], min(passes, 2))  # the first pass hears nothing; its messages are the second's
    return inkling2_head(c, [*layers[:first], *hearing, *silent, *_again(hearing, passes - 1), *layers[last:]])


def _again(layers: Sequence[Layer], passes: int) -> list[Layer]:
    """These layers as often again as there are further passes; by kinds, so that none costs time."""
    once = [Layer(1, tuple(map(reused, layer.blocks))) for layer in layers]
    return (
        [layer._replace(times=once.count(layer) * (passes - 1)) for layer in dict.fromkeys(once)] if passes > 1 else []
    )


def _without_cache(layer: Layer) -> Layer:
    return layer._replace(blocks=tuple(block._replace(cache=0) for block in layer.blocks))
