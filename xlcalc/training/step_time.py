"""Seconds of one optimizer step, operator by operator.

A matrix product takes the sum of its arithmetic at the achieved rate, the share of its operands' traffic that
arithmetic does not hide, and a kernel's start; everything else is bound by memory, by links or by the host that issues
kernels. Schedules and collectives follow Narayanan et al. 2021 (pipelines), Korthikanti et al. 2022 (sequence
parallelism, recomputation) and Rajbhandari et al. 2020 (ZeRO).
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil
from typing import NamedTuple

from xlcalc.hardware.kernels import Kernels
from xlcalc.training.communication import all_to_all, exposed, ring
from xlcalc.training.layout import Layout
from xlcalc.training.operators import Matmuls, Work

ACTIVATION_BYTES = 2  # bf16
REDUCED_BYTES = 2.0  # a bf16 gradient written before it is reduced (FSDP)
# Adam in mixed precision: fp32 gradient, weights and two moments read, the last three and bf16 weights written (30
# bytes), the gradient read once more for its norm and zeroed (8)
OPTIMIZER_TRAFFIC = 38.0
CAUSAL_BLOCK = 128  # keys of a block that fused attention computes in full on the diagonal
BACKWARD_ATTENTION = 2.5  # matrix products of fused attention backward over forward: 5 to 2 (Dao 2023, section 3.1)
# bytes of scores, softmax, mask and dropout for each query-key pair of unfused attention (Korthikanti et al., figure 3)
UNFUSED_FORWARD, UNFUSED_BACKWARD = 11.0, 17.0
# FLOP of a recurrence for each byte of memory traffic, which bounds its kernels (PyTorch's blog on Mamba-2 kernels): on
# A100, SSD runs as long as attention over 2,000 tokens (Dao and Gu 2024, figure 10)
SCAN_FLOP_PER_BYTE = 46.0


class StepTime(NamedTuple):
    """Seconds of one step by cause; they add up to the step. Communication counts what is not hidden."""

    compute: float
    memory: float
    tp: float
    pp: float
    dp: float
    ep: float
    cp: float
    bubble: float
    optimizer: float

    @property
    def total(self) -> float:
        return sum(self)


class MicroBatch(NamedTuple):
    """Seconds of one micro-batch, forward and backward, through all layers and the head, on one rank of each stage."""

    compute: float
    memory: float
    tp: float
    ep: float
    cp: float
    head_compute: float
    head_memory: float

    @property
    def layers(self) -> float:
        return self.compute + self.memory + self.tp + self.ep + self.cp

    @property
    def head(self) -> float:
        return self.head_compute + self.head_memory


def matmul_time(
    k: Kernels,
    matmuls: Matmuls,
    tokens: float,
    tp: float,
    forwards: int,
    gradient_bytes: float,
    *,
    sixteen_bit: bool = False,
    backwards: int = 1,
) -> tuple[float, float]:
    """Seconds of arithmetic, and of memory traffic beside it, of `forwards` passes and `backwards` ones."""
    weights = matmuls.weights / tp
    elements = tokens * (matmuls.whole + matmuls.split / tp)
    rate, operand, cast = (k.matmul_16bit, 2.0, 0.0) if sixteen_bit else (k.matmul, k.operand, k.quantise)
    passes = forwards + 2 * backwards
    traffic = passes * elements * (operand + ACTIVATION_BYTES) / 2
    traffic += weights * ((forwards + backwards) * operand + backwards * gradient_bytes)
    casts = cast * elements * (forwards + backwards) / 2
    arithmetic = 2 * tokens * weights * passes / rate + matmuls.products * passes * k.launch
    return arithmetic, (k.traffic * traffic + casts) / k.stream


def attention_pairs(work: Work, seq_len: float, width: float = 0) -> float:
    """Multiply-adds of one token's causal attention in a forward pass, averaged over the sequence.

    Heads narrower than `width` count as so wide: their exponentials take as long.
    """
    total = 0.0
    for window, (score, heads) in work.scores.items():
        reach = seq_len / 2 if window is None or window >= seq_len else window - window * window / (2 * seq_len)
        total += max(score, 2 * width * heads) * (reach + CAUSAL_BLOCK / 2)
    return total


def attention_time(
    work: Work, k: Kernels, tokens: float, seq_len: float, tp: float, forwards: int
) -> tuple[float, float]:
    """Seconds of arithmetic and of memory traffic of attention scores and weighted values."""
    flops = 2 * attention_pairs(work, seq_len) * tokens / tp
    io = tokens * work.attention_io / tp * ACTIVATION_BYTES * (forwards + BACKWARD_ATTENTION)
    if work.unfused_heads and k.unfused_attention:  # the full square, in three steps
        square = 2 * flops * (forwards + 2) / (k.matmul_16bit * k.batched)
        io += work.unfused_heads / tp * seq_len * tokens * (UNFUSED_FORWARD * forwards + UNFUSED_BACKWARD)
        return square, io / k.stream
    forward = 2 * attention_pairs(work, seq_len, k.softmax_width) * tokens / tp
    return forward * forwards / k.attention + flops * BACKWARD_ATTENTION / k.attention_backward, io / k.stream


@lru_cache(maxsize=8192)
def micro_batch_time(
    work: Work,
    k: Kernels,
    tokens: float,
    seq_len: float,
    tp: int,
    ep: int,
    cp: int,
    interleaved: bool,
    recompute: str,
    gradient_bytes: float,
) -> MicroBatch:
    """One micro-batch of `tokens` in a tensor-parallel group, its sequences `seq_len` long."""
    own = tokens / tp  # tokens of a rank where the sequence is divided
    forwards = 2 if recompute == "full" else 1
    e = work.experts

    compute, memory = matmul_time(k, work.split, tokens, tp, forwards, gradient_bytes)
    more, moved = matmul_time(k, work.whole, own, 1, forwards, gradient_bytes)
    compute, memory = compute + more, memory + moved
    if e.blocks:
        more, moved = matmul_time(k, e.activations, own, 1, forwards, gradient_bytes)
        each = own * e.per_token * ep / e.n_experts  # tokens of one expert: small products are slow
        compute += more + 2 * own * e.active * (forwards + 2) / k.grouped * (1 + k.grouped_tokens / each)
        memory += moved + k.traffic * e.weights / ep * ((forwards + 1) * k.operand + gradient_bytes) / k.stream
    scores_again = recompute == "full" or (recompute == "selective" and work.unfused_heads and k.unfused_attention)
    attention, moved = attention_time(work, k, tokens, seq_len, tp, 2 if scores_again else 1)
    compute, memory = compute + attention, memory + moved
    memory += 2 * work.scan * tokens / tp * (forwards + 2) / (k.stream * SCAN_FLOP_PER_BYTE)
    streams = (forwards * work.stream_whole + work.stream_whole_backward) * own
    streams += (forwards * work.stream_split + work.stream_split_backward) * tokens / tp
    streams += k.biased_passes * (forwards + 2) / 3 * e.biased * own
    kernels = work.kernels * (forwards + 1.5)
    if recompute == "selective" and not scores_again:
        again = work.again
        more, moved = matmul_time(k, again.latents, tokens, tp, 1, 0, backwards=0)
        compute, memory = compute + more, memory + moved
        streams += again.stream_whole * own + again.stream_split * tokens / tp
        kernels += again.kernels
    memory += ACTIVATION_BYTES * streams / k.stream + kernels * k.launch
    memory += e.blocks * k.moe_fixed

    head, head_memory = matmul_time(k, work.head, tokens, tp, 1, gradient_bytes, sixteen_bit=True)
    head_memory += tokens * work.logits / tp * k.loss_bytes / k.stream

    hidden = tokens * work.d_model * ACTIVATION_BYTES
    t_tp = work.tp_regions * 2 * (forwards + 1) * ring(k, hidden, tp) * k.tp_exposed
    t_ep = t_cp = 0.0
    if e.blocks and ep > 1:
        sent = own * e.dispatched / e.blocks / e.per_token * ACTIVATION_BYTES
        t_ep = e.blocks * 2 * (forwards + 1) * all_to_all(k, sent, ep, e.per_token)
        t_ep *= k.ep_exposed if interleaved and forwards == 1 else 1  # behind another chunk's micro-batch
    if cp > 1:  # keys and values once forward, they and their gradients backward
        exchange = 3 * ring(k, cp * tokens * work.kv / tp * ACTIVATION_BYTES, cp, tp, work.kv_layers)
        t_cp = exposed(exchange, k.cp_exposed, attention)
    products = work.split.products + work.whole.products
    host = (products * (forwards + 1.5) + kernels) * k.host + e.blocks * k.moe_host
    memory += max(0.0, host - compute - memory - t_tp - t_ep - t_cp)
    return MicroBatch(compute, memory, t_tp, t_ep, t_cp, head, head_memory)


def step_time(work: Work, k: Kernels, layout: Layout, global_batch: float, seq_len: float) -> StepTime:
    """Seconds of a step over `global_batch` sequences of `seq_len` tokens."""
    tp, pp, dp, ep, cp, vp, micro_batch, zero, recompute = layout
    sequences = global_batch / dp
    micro_batch = min(micro_batch, sequences)
    m = ceil(sequences / micro_batch - 1e-9)
    tokens = micro_batch * seq_len / cp
    micro = micro_batch_time(
        work,
        k,
        tokens,
        seq_len,
        tp,
        ep,
        cp,
        pp > 1 and vp > 1,
        recompute,
        2 * k.gradient_bytes if zero < 2 else REDUCED_BYTES,  # Megatron reads and writes it for every micro-batch
    )
    layers, head = micro.layers, micro.head

    # parameters of a rank, and the groups that share them
    dense = (work.params_split + work.params_embedding + work.params_head) / tp + work.params_whole
    experts = work.params_experts / ep
    ranks = dp * cp
    ranks_experts = max(1, ranks * tp // ep)

    gather = 0.0
    if zero >= 2 and ranks > 1:  # weights gathered forward, under ZeRO-3 again backward, and gradients reduced
        once = ring(k, dense * ACTIVATION_BYTES, ranks, tp, work.layers)
        once += ring(k, experts * ACTIVATION_BYTES, ranks_experts, ep, work.experts.blocks)
        gather = exposed(zero * once / pp, k.gather_exposed, (layers + head) / pp)

    # the slowest stage sets the pace: the last, where layers divide evenly; else frameworks even out layers and head
    mean = (layers + head) / pp + gather
    even = pp > 1 and work.layers % (pp * vp) == 0
    pace = layers / pp + head + gather if even else mean
    hop = 0.0
    if pp > 1:
        link = k.scale_up if tp * pp * ranks <= k.domain else k.scale_out
        hop = 2 * vp * (tokens / tp * work.d_model * ACTIVATION_BYTES / link + k.latency) * k.pp_exposed
    bubble = (pp - 1) / vp * (mean + hop) + m * (pace - mean)

    reduce = 0.0
    if zero < 2 and ranks > 1:  # gradients reduced, bf16 weights gathered, behind one micro-batch
        reduced, gathered = k.gradient_bytes / pp, ACTIVATION_BYTES / pp
        reduce = ring(k, dense * reduced, ranks, tp) + ring(k, dense * gathered, ranks, tp)
        reduce += ring(k, experts * reduced, ranks_experts, ep) + ring(k, experts * gathered, ranks_experts, ep)
        reduce = exposed(reduce, k.dp_exposed, mean)
    local = dense / ranks + experts / ranks_experts if zero else dense + experts
    each = m / pp
    return StepTime(
        compute=each * (micro.compute + micro.head_compute),
        memory=each * (micro.memory + micro.head_memory),
        tp=each * micro.tp,
        pp=m * hop,
        dp=m * gather + reduce,
        ep=each * micro.ep,
        cp=each * micro.cp,
        bubble=bubble,
        optimizer=OPTIMIZER_TRAFFIC * local / pp / k.stream,
    )
