"""What an accelerator with a number format and its software achieves, as plain numbers: all that formulas take of it.

`kernels` looks the rates of training up, `serving` those of serving.
"""

from __future__ import annotations

from typing import NamedTuple


class TrainRates(NamedTuple):
    """One accelerator's achieved rates with one number format of the matrix products.

    FLOP/s: `matmul`, `matmul_16bit`, `grouped` (experts, at half their rate with `grouped_tokens` each), `attention`,
    `attention_backward`; `batched` is a share of matmul. Bytes/s: `stream` (memory), `scale_up`, `scale_out` (one
    direction of an accelerator's links), `exchange`, `exchange_out` (all-to-all over them). Seconds: `launch` (a
    kernel's start), `host` (its issue), `moe_host` and `moe_fixed` (a layer of experts, at least and beside its
    kernels), `latency` (a hop). Accelerators: `domain` of fast links. Bytes: `operand` an element, `quantise` an
    element's cast, `loss_bytes` a logit, `gradient_bytes` an accumulated gradient. Elements: `softmax_width`, of a head
    below which exponentials set the pace of attention. Shares: `traffic` of a product's operands and `*_exposed` of
    collectives that nothing hides. `biased_passes` over the gates of experts with biases, forward and backward.
    """

    matmul: float
    matmul_16bit: float
    grouped: float
    grouped_tokens: float
    biased_passes: float
    batched: float
    attention: float
    attention_backward: float
    softmax_width: float
    gradient_bytes: float
    stream: float
    launch: float
    host: float
    scale_up: float
    scale_out: float
    latency: float
    domain: int
    traffic: float
    operand: float
    quantise: float
    loss_bytes: float
    moe_host: float
    moe_fixed: float
    exchange: float
    exchange_out: float
    ep_exposed: float
    tp_exposed: float
    pp_exposed: float
    dp_exposed: float
    gather_exposed: float
    cp_exposed: float
    unfused_attention: bool
