"""Mixers whose memory does not grow with the sequence: state spaces, delta rules, recurrences, short convolutions.

`state` and `conv_state` are what transformers' own caches keep of each for a sequence. `scan` counts what stands in no
matrix: the filter (width multiply-adds a channel) and the recurrence. Sources of the latter: Megatron-LM's
training.py takes 7 FLOP an element of a Mamba state and 4 multiply-adds an element of a delta rule's; a plain linear
recurrence (decay, outer product, read) takes 5 FLOP.
"""

from __future__ import annotations

from xlcalc.model import matrices
from xlcalc.model.layers import Block, Linear, Vector, linear, norm
from xlcalc.model.matrices import Kind

MAMBA_SCAN, LINEAR_SCAN, DELTA_SCAN = 3.5, 2.5, 4  # multiply-adds a token for each element of the state


def own(name: str, size: int) -> Vector:
    """A parameter of the mixer outside its matrices: decay rates, skips, biases of steps."""
    return Vector(name, size, "attention")


def conv_filter(channels: int, width: int, *, bias: bool = False) -> Vector:
    """A causal filter for each channel."""
    return own("conv", channels * (width + bias))


def mamba1(
    d_model: int,
    d_inner: int,
    d_state: int,
    d_conv: int,
    dt_rank: int,
    *,
    n_heads: int = 1,
    bias: bool = False,
    conv_bias: bool = True,
    dbc_norms: bool = False,
) -> Block:
    """Selective state space (Gu and Dao 2023); `n_heads` splits inner projections, `dbc_norms` norms step, B and C."""
    head = d_inner // n_heads
    x = linear("x", head, dt_rank + 2 * d_state, matrices.STEP_ROW)
    dt = linear("dt", dt_rank, head, matrices.STEP, bias=True)
    norms = tuple(norm(size, name=f"{name}_norm") for name, size in (("dt", dt_rank), ("b", d_state), ("c", d_state)))
    return Block(
        (
            linear("in", d_model, 2 * d_inner, matrices.SCAN_IN, bias=bias),
            x._replace(copies=n_heads, active=n_heads),
            dt._replace(copies=n_heads, active=n_heads),
            linear("out", d_inner, d_model, matrices.SCAN_OUT, bias=bias),
        ),
        (
            conv_filter(d_inner, d_conv, bias=conv_bias),
            own("A_log", d_inner * d_state),
            own("D", d_inner),
            *(norms if dbc_norms else ()),
        ),
        kind="mamba",
        state=d_inner * d_state,
        conv_state=d_inner * d_conv,
        scan=d_inner * d_conv + MAMBA_SCAN * d_inner * d_state,
    )


def mamba2(
    d_model: int,
    d_inner: int,
    n_heads: int,
    d_state: int,
    n_groups: int,
    d_conv: int,
    *,
    bias: bool = False,
    out_bias: bool | None = None,
    conv_bias: bool = True,
    gated_norm: bool = True,
) -> Block:
    """State space duality (Dao and Gu 2024): one decay a head, B and C shared within each of `n_groups`."""
    channels = d_inner + 2 * n_groups * d_state
    return Block(
        (
            linear("in", d_model, d_inner + channels + n_heads, matrices.SCAN_IN, bias=bias),
            linear("out", d_inner, d_model, matrices.SCAN_OUT, bias=bias if out_bias is None else out_bias),
        ),
        (
            conv_filter(channels, d_conv, bias=conv_bias),
            own("A_log", n_heads),
            own("dt_bias", n_heads),
            own("D", n_heads),
            *((norm(d_inner),) if gated_norm else ()),
        ),
        kind="mamba2",
        state=d_inner * d_state,
        conv_state=channels * d_conv,
        scan=channels * d_conv + MAMBA_SCAN * d_inner * d_state,
    )


def gated_delta(d_model: int, n_k_heads: int, n_v_heads: int, d_k: int, d_v: int, d_conv: int) -> Block:
    """Gated DeltaNet (Yang et al. 2024): a decay and a step for each value head, an output gate, one norm."""
    k, v = n_k_heads * d_k, n_v_heads * d_v
    return Block(
        (
            linear("q", d_model, k, matrices.Q),
            linear("k", d_model, k, matrices.K),
            linear("v", d_model, v, matrices.V),
            linear("g", d_model, v, matrices.HEAD_GATE),
            linear("b", d_model, n_v_heads, matrices.STEP),
            linear("a", d_model, n_v_heads, matrices.STEP),
            linear("o", v, d_model, matrices.O),
        ),
        (conv_filter(2 * k + v, d_conv), own("A_log", n_v_heads), own("dt_bias", n_v_heads), norm(d_v)),
        kind="delta",
        state=n_v_heads * d_k * d_v,
        conv_state=(2 * k + v) * d_conv,
        scan=(2 * k + v) * d_conv + DELTA_SCAN * n_v_heads * d_k * d_v,
    )


def kimi_delta(
    d_model: int, n_heads: int, head_dim: int, d_conv: int, *, decay_rank: int = 0, gate_rank: int = 0
) -> Block:
    """Kimi Delta Attention (Kimi Linear report 2025): a decay for each channel. Ranks of 0 are full rank."""
    d = n_heads * head_dim
    return Block(
        (
            linear("q", d_model, d, matrices.Q),
            linear("k", d_model, d, matrices.K),
            linear("v", d_model, d, matrices.V),
            *low_rank("f", d_model, decay_rank, d, matrices.SCAN_LATENT, matrices.SCAN_IN),
            linear("b", d_model, n_heads, matrices.STEP),
            *low_rank("g", d_model, gate_rank, d, matrices.SCAN_LATENT, matrices.HEAD_GATE),
            linear("o", d, d_model, matrices.O),
        ),
        (conv_filter(3 * d, d_conv), own("A_log", n_heads), own("dt_bias", d), norm(head_dim)),
        kind="delta",
        state=d * head_dim,
        conv_state=3 * d * d_conv,
        scan=3 * d * d_conv + DELTA_SCAN * d * head_dim,
    )


def low_rank(name: str, d_in: int, rank: int, d_out: int, down: Kind, up: Kind) -> tuple[Linear, ...]:
    """One projection of kind `up`, through `rank` where that is not 0 by a matrix of kind `down`."""
    if not rank:
        return (linear(name, d_in, d_out, up),)
    return linear(f"{name}_a", d_in, rank, down), linear(f"{name}_b", rank, d_out, up)


def lightning(d_model: int, n_heads: int, head_dim: int) -> Block:
    """Lightning attention (MiniMax-01 report 2025): linear attention with fixed decay, normed and gated."""
    d = n_heads * head_dim
    kinds = {"q": matrices.Q, "k": matrices.K, "v": matrices.V, "g": matrices.HEAD_GATE, "o": matrices.O}
    return Block(
        tuple(
            linear(name, d, d_model, kind) if name == "o" else linear(name, d_model, d, kind)
            for name, kind in kinds.items()
        ),
        (norm(d),),
        kind="linear",
        state=d * head_dim,
        scan=LINEAR_SCAN * d * head_dim,
    )


def short_conv(d_model: int, width: int, *, bias: bool = False) -> Block:
    """A gated convolution over the last `width` tokens (LFM2 report 2025): no recurrence."""
    return Block(
        (
            linear("in", d_model, 3 * d_model, matrices.SCAN_IN, bias=bias),
            linear("out", d_model, d_model, matrices.SCAN_OUT, bias=bias),
        ),
        (conv_filter(d_model, width, bias=bias),),
        kind="conv",
        conv_state=d_model * width,
        scan=d_model * width,
    )


def rg_lru(d_model: int, d_rnn: int, n_heads: int, d_conv: int) -> Block:
    """Griffin's recurrent block (De et al. 2024): two branches, a filter, and gates with a matrix for each head."""
    head = d_rnn // n_heads
    gate = linear("input_gate", head, head, matrices.SCAN_IN, bias=True)._replace(copies=n_heads, active=n_heads)
    return Block(
        (
            linear("y", d_model, d_rnn, matrices.SCAN_IN, bias=True),
            linear("x", d_model, d_rnn, matrices.SCAN_IN, bias=True),
            gate,
            gate._replace(name="recurrent_gate"),
            linear("out", d_rnn, d_model, matrices.SCAN_OUT, bias=True),
        ),
        (conv_filter(d_rnn, d_conv, bias=True), own("decay", d_rnn)),
        kind="rg_lru",
        state=d_rnn,
        conv_state=d_rnn * (d_conv - 1),
        scan=d_rnn * (d_conv + 2),
    )
