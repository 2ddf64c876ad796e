"""Decoders without attention: state spaces, RWKV and xLSTM."""

from __future__ import annotations

from math import ceil

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture, assemble
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.layers import Block, Layer, Vector, linear, mlp, norm
from xlcalc.model.mixers import LINEAR_SCAN, mamba1, mamba2, own


def dt_rank(c: Config, field: str) -> int:
    """The rank of Mamba's step projection: a sixteenth of the width where the configuration says auto."""
    rank = c.get(field, "auto")
    return ceil(c["hidden_size"] / 16) if rank == "auto" else int(rank)


@family("mamba", "falcon_mamba")
def mamba(c: Config) -> Architecture:
    """Gu and Dao 2023; Falcon Mamba 2024 adds norms without weights. transformers mamba."""
    d_model = c["hidden_size"]
    mixer = mamba1(
        d_model,
        int(c["expand"] * d_model),
        c["state_size"],
        c["conv_kernel"],
        dt_rank(c, "time_step_rank"),
        bias=c.flag("use_bias"),
        conv_bias=bool(c.get("use_conv_bias", True)),
    )
    return assemble(c, [Layer(c["num_hidden_layers"], (mixer,), (norm(d_model),))])


@family("mamba2")
def mamba_2(c: Config) -> Architecture:
    """Dao and Gu 2024. transformers mamba2."""
    d_model = c["hidden_size"]
    mixer = mamba2(
        d_model,
        int(c["expand"] * d_model),
        c["num_heads"],
        c["state_size"],
        c["n_groups"],
        c["conv_kernel"],
        bias=c.flag("use_bias"),
        conv_bias=bool(c.get("use_conv_bias", True)),
    )
    return assemble(c, [Layer(c["num_hidden_layers"], (mixer,), (norm(d_model),))])


@family("rwkv")
def rwkv(c: Config) -> Architecture:
    """RWKV-4, Peng et al. 2023: the last token's input is kept twice, and three values a channel. transformers rwkv."""
    d_model, n_layers = c["hidden_size"], c["num_hidden_layers"]
    d, d_ff = c.get("attention_hidden_size") or d_model, c.get("intermediate_size") or 4 * d_model
    time_mix = Block(
        (
            linear("r", d_model, d, matrices.HEAD_GATE),
            linear("k", d_model, d, matrices.K),
            linear("v", d_model, d, matrices.V),
            linear("o", d, d_model, matrices.O),
        ),
        (own("time_decay", d), own("time_first", d), own("time_mix", 3 * d_model)),
        kind="rwkv",
        state=3 * d_model,
        conv_state=d_model,
    )
    channel_mix = Block(
        (
            linear("up", d_model, d_ff, matrices.MLP.up),
            linear("gate", d_model, d_model, matrices.MLP.gate),
            linear("down", d_ff, d_model, matrices.MLP.down),
        ),
        (Vector("time_mix", 2 * d_model, "mlp"),),
        kind="mlp",
        conv_state=d_model,
    )
    norms = (norm(d_model, bias=True),) * 2
    layer = Layer(n_layers, (time_mix, channel_mix), norms)
    return assemble(c, [layer], norm_bias=True, norms=(norm(d_model, bias=True, name="pre_norm"),))


@family("xlstm")
def xlstm(c: Config) -> Architecture:
    """xLSTM 7B, Beck et al. 2025: matrix memories with their normaliser and stabiliser. transformers xlstm."""
    d_model = c.get("hidden_size") or c["embedding_dim"]
    n_layers = c.get("num_hidden_layers") or c["num_blocks"]
    n_heads, bias = c["num_heads"], c.flag("use_bias")
    qk, v = int(d_model * c["qk_dim_factor"]), int(d_model * c["v_dim_factor"])
    multiple = c["ffn_round_up_to_multiple_of"]
    d_ff = int((d_model * c["ffn_proj_factor"] + multiple - 1) // multiple * multiple)
    memory = qk * v // n_heads
    mixer = Block(
        (
            linear("q", d_model, qk, matrices.Q, bias=bias),
            linear("k", d_model, qk, matrices.K, bias=bias),
            linear("v", d_model, v, matrices.V, bias=bias),
            linear("g", d_model, v, matrices.HEAD_GATE, bias=bias),
            linear("input_gate", d_model, n_heads, matrices.STEP, bias=True),
            linear("forget_gate", d_model, n_heads, matrices.STEP, bias=True),
            linear("o", v, d_model, matrices.O, bias=bias),
        ),
        (norm(v, bias=bias),),
        kind="mlstm",
        state=memory + qk + n_heads,
        scan=LINEAR_SCAN * memory,
    )
    layer = Layer(n_layers, (mixer, mlp(d_model, d_ff, bias=bias)), (norm(d_model, bias=bias),) * 2)
    return assemble(c, [layer], tied=False)
