"""Decoders without attention: state spaces, RWKV and xLSTM."""

from __future__ import annotations

from math import ceil

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture, assemble
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.layers import Block, Layer, Linear, Vector, linear, mlp, norm
from xlcalc.model.mixers import DELTA_SCAN, LINEAR_SCAN, mamba1, mamba2, own


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
        int(c.raw.get("intermediate_size") or c["expand"] * d_model),
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


@family("rwkv7")
def rwkv7(c: Config) -> Architecture:
    """Peng et al. 2025, Goose (flash-linear-attention, rwkv7.py): decays, rates and gates through low ranks.

    The first layer has a norm of its own before it and takes its values as they are.
    """
    d, n_layers, head = c["hidden_size"], c["num_hidden_layers"], c.get("head_dim", 64)
    d_ff = c.get("intermediate_size") or int(d * c.get("hidden_ratio", 4))
    wide = head / 64
    ranks = {
        name: c.get(f"{field}_low_rank_dim") or max(32, round(usual * d**0.5 * by / 32) * 32)
        for name, field, usual, by in (
            ("w", "decay", 2.5, wide),
            ("a", "a", 2.5, wide),
            ("v", "v", 1.7, wide),
            ("g", "gate", 5, 1),
        )
    }

    def pair(name: str) -> tuple[Linear, Linear]:
        return (
            linear(f"{name}_a", d, ranks[name], matrices.STEP),
            linear(f"{name}_b", ranks[name], d, matrices.STEP, bias=name != "g"),
        )

    def time_mix(*, first: bool) -> Block:
        return Block(
            (
                linear("r", d, d, matrices.Q), linear("k", d, d, matrices.K), linear("v", d, d, matrices.V),
                linear("o", d, d, matrices.O), *pair("w"), *(() if first else pair("v")), *pair("a"), *pair("g"),
            ),
            (own("time_mix", 6 * d), own("keys", 3 * d), norm(d, bias=True, name="ln_x")),
            kind="rwkv",
            state=d * head,
            conv_state=d,
            scan=DELTA_SCAN * d * head,
        )  # fmt: skip

    channel_mix = Block(
        (linear("up", d, d_ff, matrices.MLP.up), linear("down", d_ff, d, matrices.MLP.down)),
        (Vector("time_mix", d, "mlp"),),
        kind="mlp",
        conv_state=d,
    )
    norms = (norm(d, bias=True),) * 2
    layers = [
        Layer(1, (time_mix(first=True), channel_mix), norms),
        Layer(n_layers - 1, (time_mix(first=False), channel_mix), norms),
    ]
    return assemble(c, layers, norm_bias=True, norms=(norm(d, bias=True, name="first_norm"),), tied=False)


@family("xlstm")
def xlstm(c: Config) -> Architecture:
    """xLSTM 7B, Beck et al. 2025: matrix memories with their normaliser and stabiliser. transformers xlstm."""
    d_model = c.get("hidden_size") or c["embedding_dim"]
    if (width := c.get("embedding_dim") or d_model) != d_model:
        raise ValueError(f"has an embedding_dim of {width} and a hidden_size of {d_model}, which are the same width")
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
