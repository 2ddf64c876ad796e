"""Families whose code travels with the checkpoint and is not part of transformers; checked against published counts."""

from __future__ import annotations

from typing import Any

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture, assemble, decoder, heads
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.layers import Block, Layer, attention, linear, mlp, norm


@family("internlm2")
def internlm2(c: Config) -> Architecture:
    """internlm/internlm2, modeling_internlm2.py: Llama with one matrix for queries, keys and values."""
    return decoder(c, attention_bias=bool(c.get("bias", False)))


@family("mimo")
def mimo(c: Config) -> Architecture:
    """XiaomiMiMo/MiMo, modeling_mimo.py: Qwen2, with biases of queries, keys and values."""
    return decoder(c, qkv_bias=bool(c.get("attention_bias", True)))


@family("nemotron-nas")
def nemotron_nas(c: Config) -> Architecture:
    """nvidia/Llama-3_3-Nemotron-Super-49B-v1, modeling_decilm.py: a search chose each layer's heads and width, or left
    its attention or MLP out."""
    c.require("hidden_size", "num_attention_heads", "vocab_size", "block_configs")
    chosen = [(*_attention(c, one["attention"]), *_mlp(c, one["ffn"])) for one in c["block_configs"]]
    return assemble(c, [Layer(1, blocks, (norm(c["hidden_size"]),) * len(blocks)) for blocks in chosen])


def _attention(c: Config, chosen: dict[str, Any]) -> tuple[Block, ...]:
    d_model = c["hidden_size"]
    if chosen.get("no_op"):
        return ()
    if chosen.get("replace_with_linear"):
        return (Block((linear("o", d_model, d_model, matrices.O),), kind="linear"),)
    n_heads, _, head_dim = heads(c)
    bias = bool(c.get("attention_bias", False))
    n_kv_heads = n_heads // chosen["n_heads_in_group"]
    window = chosen.get("window_length")
    return (attention(d_model, n_heads, n_kv_heads, head_dim, qkv_bias=bias, o_bias=bias, window=window),)


def _mlp(c: Config, chosen: dict[str, Any]) -> tuple[Block, ...]:
    d_model = c["hidden_size"]
    if chosen.get("no_op"):
        return ()
    if chosen.get("replace_with_linear"):
        return (Block((linear("down", d_model, d_model, matrices.MLP.down),), kind="mlp"),)
    width = int(2 * chosen["ffn_mult"] * d_model / 3)
    return (mlp(d_model, -(-width // 256) * 256),)
