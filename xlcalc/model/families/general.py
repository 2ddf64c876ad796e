"""The general reader: a decoder of any model type, from the vocabulary that configurations share.

It is told by nothing but the fields. What they leave open it assumes in the Llama manner and says so; a field that
looks structural and that it does not understand is refused by name, for ignoring it could lose most of a model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from xlcalc.model.architecture import Architecture, assemble, layer_types, windows
from xlcalc.model.config import ACTIVATIONS, Config, vocabulary
from xlcalc.model.families.indexed import dsa_indexer
from xlcalc.model.families.latent import mla
from xlcalc.model.families.moe import by_layer
from xlcalc.model.layers import Block, Layer, attention, mlp, moe, norm
from xlcalc.model.mixers import gated_delta, mamba2

_STRUCTURAL = re.compile(r"expert|moe|lora|rank|head|layer|dim|size|state|conv|share|group|router")
_AGAIN = re.compile(r"(layer|block)s?_shar|shar\w*_(layer|block)")  # yes to layers that run again
# groups of fields that say nothing about sizes, or that speak of a tower or of layers that predict further tokens
_ELSEWHERE = re.compile(
    r"^(rope|quantization|compression|generation|auto_map|id2label|label2id|task_specific|.*(vision|audio|visual)"
    r"|.*(token|rope|special|mtp).*|pruned_heads|dtype|speculat)"
)
# how a model is run, and which of its experts may be chosen together
_DEPLOYED = frozenset((
    "ep_size", "tp_size", "chunk_size_feed_forward", "max_batch_size", "micro_batch_size", "attention_chunk_size",
    "num_expert_group",
))  # fmt: skip
_SHARED_WIDTHS = (
    "shared_expert_intermediate_size", "moe_shared_expert_intermediate_size", "shared_intermediate_size",
    "share_expert_dim",
)  # fmt: skip
_SHARED_COUNTS = ("n_shared_experts", "num_shared_experts", "moe_num_shared_experts", "num_shared_expert")
_FIRST_DENSE = ("first_k_dense_replace", "num_dense_layers", "n_dense_layers", "moe_layer_start_index")
_EVERY = (
    "moe_layer_freq", "moe_layer_frequency", "decoder_sparse_step", "moe_layer_interval", "interleave_moe_layer_step",
    "moe_every_n_layers",
)  # fmt: skip
_UNGATED = ("gelu_new", "gelu_fast", "relu", "relu2", "squared_relu", "quick_gelu", "xielu")
_EITHER = ("", "gelu", "gelu_pytorch_tanh")  # gated beside RMS norms, plain beside layer norms
_SLIDING = ("sliding_attention", "chunked_attention", "local_attention")


def general(c: Config) -> Architecture:
    """The decoder that the fields describe. Raises ValueError naming fields that are missing or not understood."""
    c.require("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size")
    if c.flag("is_encoder_decoder"):
        raise ValueError(
            f"is an encoder-decoder of model_type {c.model_type[:60]!r}, which is unknown: only decoders are read by "
            "their fields alone"
        )
    assumed = [f"model type {c.model_type!r} is unknown and read by its fields alone"]
    norm_bias = bool(_layer_norm(c))
    biases = _biases(c)
    mixers, forward = _mixers(c, biases), _feed_forwards(c, biases, assumed)
    norms = (norm(c["hidden_size"], bias=norm_bias),) * 2
    layers = [Layer(1, (*one, two), norms) for one, two in zip(mixers, forward, strict=True)]
    positions = _positions(c, assumed)
    if c.get("tie_word_embeddings") is None:
        assumed.append("a head that is the embedding again: files leave tie_word_embeddings out where it is true")
    tied, head_bias = bool(c.get("tie_word_embeddings", True)), c.flag("lm_head_bias")
    whole = assemble(c, layers, positions=positions, norm_bias=norm_bias, head_bias=head_bias, tied=tied)
    refuse_unknown(c)
    return whole._replace(assumed=tuple(assumed))


def refuse_unknown(c: Config) -> None:
    """Raise ValueError naming the structural fields of the file that no reader asked for."""
    unknown = sorted(structural(c) - c.seen)
    if unknown:
        listed = ", ".join(unknown[:8]) + (f" and {len(unknown) - 8} more" if len(unknown) > 8 else "")
        raise ValueError(
            f"has model_type {c.model_type[:60]!r}, which is unknown, and fields that may hold parameters and are not "
            f"understood: {listed}"
        )


def structural(c: Config) -> set[str]:
    """The file's fields that look as if they shaped the model, and are not known to shape none."""
    return set(_structural(c.raw)) - _DEPLOYED - vocabulary()["irrelevant"]


def _structural(fields: Mapping[str, Any]) -> list[str]:
    """Names of numbers, lists and yeses that look as if they shaped the model, those of inner groups too."""
    found = []
    for name, value in fields.items():
        if not isinstance(name, str) or _ELSEWHERE.search(name):
            continue
        if isinstance(value, Mapping):
            found += _structural(value)
            continue
        looks = _AGAIN if value is True else _STRUCTURAL
        if value and not isinstance(value, str) and looks.search(name.casefold()):
            found.append(name)
    return found


def _layer_norm(c: Config) -> bool | None:
    """Whether norms are layer norms with biases, by the epsilon that a file names; None where it names none.

    A file in GPT-2's words (n_embd), or with biases everywhere, has them too.
    """
    if any(c.get(f) for f in ("rms_norm_eps", "rms_norm", "rms_norm_epsilon")):
        return False
    named = ("layer_norm_eps", "layer_norm_epsilon", "layernorm_epsilon", "norm_epsilon", "n_embd", "use_bias")
    return True if any(c.get(f) for f in named) else None


def _biases(c: Config) -> dict[str, bool]:
    """Biases of queries, keys and values, of the output, and of MLPs, as any of the usual switches says."""
    every = any(c.flag(name) for name in ("bias", "use_bias", "add_bias_linear")) or c.get("no_bias") is False
    all_attention = every or c.flag("attention_bias")
    inputs = any(c.flag(name) for name in ("qkv_bias", "use_qkv_bias", "add_qkv_bias", "attention_qkv_bias"))
    return {
        "qkv_bias": all_attention or inputs,
        "o_bias": all_attention or c.flag("attention_out_bias") or c.flag("attention_o_bias"),
        "mlp_bias": every or c.flag("mlp_bias"),
    }


def _mixers(c: Config, biases: dict[str, bool]) -> list[tuple[Block, ...]]:
    """Each layer's attention: softmax with its heads, latent where there is a latent rank, or what its type names."""
    n_layers, kinds = c["num_hidden_layers"], layer_types(c)
    if c.get("kv_lora_rank"):
        known = set(kinds or ()) - {"full_attention", *_SLIDING}
        if known:
            raise ValueError(f"has layers of type {', '.join(sorted(known))}, unknown beside latent attention")
        return [_latent(c)] * n_layers
    queries = by_layer(c.get("num_attention_heads_per_layer") or c["num_attention_heads"], n_layers)
    keys = by_layer(1 if c.flag("multi_query") else c.get("num_key_value_heads") or queries, n_layers)
    qk_norm = "head" if any(c.flag(f) for f in ("use_qk_norm", "qk_layernorm", "qk_norm", "use_qk_layernorm")) else ""
    span = c.get("sliding_window")
    spans = windows(c) if kinds is None else [span if kind in _SLIDING else None for kind in kinds]
    if c.get("use_sliding_window") is False:
        spans = [None] * n_layers
    d_model = c["hidden_size"]
    options: dict[str, Any] = {"qkv_bias": biases["qkv_bias"], "o_bias": biases["o_bias"], "qk_norm": qk_norm}
    options |= {"v_dim": c.get("v_head_dim"), "gate": c.flag("attn_output_gate")}
    mixers: list[tuple[Block, ...]] = []
    for layer in range(n_layers):
        kind = kinds[layer] if kinds else "full_attention"
        if kind in ("full_attention", "attention", "global_attention", *_SLIDING):
            head_dim = c.get("head_dim") or d_model // c["num_attention_heads"]
            mixers.append((attention(d_model, queries[layer], keys[layer], head_dim, window=spans[layer], **options),))
        else:
            mixers.append((_other_mixer(c, kind),))
    return mixers


def _latent(c: Config) -> tuple[Block, ...]:
    chooser = (dsa_indexer(c, c.get("q_lora_rank") or c["hidden_size"]),) if c.get("index_n_heads") else ()
    return (mla(c, attended=c.get("index_topk") if chooser else None), *chooser)


def _other_mixer(c: Config, kind: str) -> Block:
    """A layer without softmax: a gated delta rule or Mamba-2, where its sizes are all there."""
    if kind == "linear_attention" and c.get("linear_num_value_heads"):
        delta = ("num_key_heads", "num_value_heads", "key_head_dim", "value_head_dim", "conv_kernel_dim")
        return gated_delta(c["hidden_size"], *(c[f"linear_{size}"] for size in delta))
    if kind == "mamba" and c.get("mamba_n_heads"):
        d_inner = c.get("mamba_d_ssm") or int(c["mamba_expand"] * c["hidden_size"])
        sizes = ("n_heads", "d_state", "n_groups", "d_conv")
        return mamba2(c["hidden_size"], d_inner, *(c[f"mamba_{size}"] for size in sizes))
    raise ValueError(f"has layers of type {kind!r}, which model_type {c.model_type[:60]!r} is not known to have")


def _feed_forwards(c: Config, biases: dict[str, bool], assumed: list[str]) -> list[Block]:
    """Each layer's MLP or experts."""
    n_layers, d_model, bias = c["num_hidden_layers"], c["hidden_size"], biases["mlp_bias"]
    act = str(next((c.get(name) for name in ACTIVATIONS if c.get(name)), ""))
    layer_norm = _layer_norm(c)
    plain = act in _UNGATED or (layer_norm and act in _EITHER) or (layer_norm is None and act == "gelu")
    gated = not plain
    assumed.append(f"{'gated' if gated else 'plain'} MLPs{f', as the activation is {act}' if act else ''}")
    flags = _sparse(c)
    sparse = _experts(c, gated, bias, assumed) if any(flags) else Block()
    width = c.get("dense_intermediate_size") or c.get("intermediate_size")
    if not all(flags) and not width:
        if c.get("n_positions") is None:
            c.require("intermediate_size")
        width = 4 * d_model
        assumed.append("MLPs four times as wide as the model")
    widths = by_layer(width, n_layers)
    return [
        sparse if flag else mlp(d_model, int(wide), gated=gated, bias=bias)
        for flag, wide in zip(flags, widths, strict=True)
    ]


def _experts(c: Config, gated: bool, bias: bool, assumed: list[str]) -> Block:
    d_expert = c.get("moe_intermediate_size") or c.get("expert_intermediate_size") or c.get("intermediate_size")
    if not d_expert:
        c.require("moe_intermediate_size")
    c.require("num_experts_per_tok")
    given = next((c.get(name) for name in _SHARED_WIDTHS if c.get(name)), 0)
    counts = [c.get(name) for name in _SHARED_COUNTS if c.get(name)]
    shared = given * (counts[0] if counts and "shared_expert_intermediate_size" in c.raw else 1)
    if not given and counts:
        shared = counts[0] * d_expert
        assumed.append(f"shared experts as wide as the routed ones ({d_expert})")
    for value in (c["num_experts"], c["num_experts_per_tok"], d_expert, shared):
        if type(value) is not int:
            raise ValueError(f"has a size of its experts that is not one whole number; got {str(value)[:60]}")
    return moe(
        c["hidden_size"],
        c["num_experts"],
        c["num_experts_per_tok"],
        d_expert,
        gated=gated,
        bias=bias,
        d_shared=shared,
        d_latent=c.get("moe_latent_size") or 0,
    )


def _sparse(c: Config) -> list[bool]:
    """Which layers hold experts: by a list of them, of dense ones or of types, else by first layer and frequency."""
    n_layers, n_experts = c["num_hidden_layers"], c.get("num_experts") or 0
    if False in (c.get("is_moe"), c.get("enable_moe_block"), c.get("use_moe")):
        return [False] * n_layers
    kinds, listed, dense = c.get("mlp_layer_types"), c.get("moe_layers_enum"), c.get("mlp_only_layers")
    listed = listed if listed is not None else c.get("moe_layers")
    firsts = [c.get(name) for name in _FIRST_DENSE if c.get(name)]
    steps = [c.get(name) for name in _EVERY if c.get(name) is not None]
    last = c.get("moe_layer_end_index", -1)
    period, offset = c.get("expert_layer_period"), c.get("expert_layer_offset", 0)
    if isinstance(n_experts, (list, tuple)) or type(n_experts) is not int or n_experts < 2:
        if n_experts not in (0, 1):
            raise ValueError(f"has a num_experts that is not one whole number; got {str(n_experts)[:60]}")
        return [False] * n_layers
    if kinds is not None:
        return [kind in ("sparse", "moe") for kind in by_layer(kinds, n_layers)]
    if listed is not None:
        at = {int(i) for i in (listed.split(",") if isinstance(listed, str) else listed) if str(i).strip()}
        return [i in at for i in range(n_layers)]
    if period:
        return [i % period == offset for i in range(n_layers)]
    first, step = (firsts or [0])[0], (steps or [1])[0]
    last = n_layers - 1 if last in (-1, None) else last
    if isinstance(step, (list, tuple)):
        return [bool(flag) and i >= first for i, flag in enumerate(by_layer(list(step), n_layers))]
    if step < 1:
        return [False] * n_layers
    phase = 1 if c.get("moe_layer_freq") is None else 0  # the others count layers from one
    return [first <= i <= last and (i + phase) % step == 0 and i not in (dense or ()) for i in range(n_layers)]


def _positions(c: Config, assumed: list[str]) -> int:
    """Learned positions, where a file is in the GPT manner and names no rotary ones."""
    rotary: Sequence[str] = [name for name in c.raw if "rope" in name or "rotary" in name or "alibi" in name]
    if "n_positions" not in c.raw or rotary:
        return 0
    assumed.append(f"{c['n_positions']} learned positions, as no rotary ones are named")
    return int(c["n_positions"])
