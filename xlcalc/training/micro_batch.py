"""Seconds of one micro-batch, operator by operator.

A matrix product takes the sum of its arithmetic at the achieved rate, the share of its operands' traffic that
arithmetic does not hide, and a kernel's start; everything else is bound by memory, by links or by the host that issues
kernels.
"""

from __future__ import annotations

from typing import NamedTuple

from xlcalc.formula.arithmetic import both, capped, detail, is_number, most, remembered, term, where
from xlcalc.hardware.rates import TrainRates
from xlcalc.model.coefficients import Adapters, Coefficients, Matmuls
from xlcalc.training.communication import all_to_all, exposed, ring

ACTIVATION_BYTES = 2  # bf16
REDUCED_BYTES = 2.0  # a bf16 gradient written before it is reduced (FSDP)
CAUSAL_BLOCK = 128  # keys of a block that fused attention computes in full on the diagonal
BACKWARD_ATTENTION = 2.5  # matrix products of fused attention backward over forward: 5 to 2 (Dao 2023, section 3.1)
# bytes of scores, softmax, mask and dropout for each query-key pair of unfused attention (Korthikanti et al., figure 3)
UNFUSED_FORWARD, UNFUSED_BACKWARD = 11.0, 17.0
# FLOP of a recurrence for each byte of memory traffic, which bounds its kernels (PyTorch's blog on Mamba-2 kernels): on
# A100, SSD runs as long as attention over 2,000 tokens (Dao and Gu 2024, figure 10)
SCAN_FLOP_PER_BYTE = 46.0
_EFFICIENCY = "catalog/efficiency.csv"
_PASSES = "a backward pass counts twice: Kaplan et al. 2020, section 2.1"
_ROOFLINE = "Williams et al. 2009; rates in catalog/efficiency.csv"
_HU = "Hu et al. 2021, section 4.1"
_EAGER = "as PyTorch's dispatcher counts transformers' operators"
_AGAIN = "DeepSeek-V3 2024, sections 3.2.3 and 3.3.3"


class Tuned(NamedTuple):
    """LoRA: adapters of rank 1, their rank, and the bytes of a frozen weight where it is kept in 4 bits (else 0)."""

    adapters: Adapters
    rank: float
    frozen_bytes: float = 0.0


class Passes(NamedTuple):
    """What one forward and one backward pass do."""

    forward: float
    backward: float

    def times(self, forwards: float) -> float:
        """Of so many forward passes and one backward pass."""
        return forwards * self.forward + self.backward


# bytes of an element that transformers' operators move one by one, beside those of fused ones in 16 bit; kernels to one
# of fused layers, of a matrix with an adapter in 32 bit under autocast, of a layer's routing (tests/oracles/eager.csv)
EAGER_NORM, EAGER_ROTATION, EAGER_GATE = Passes(32, 88), Passes(16, 28), Passes(4, 8)
EAGER_EXPERTS = Passes(12, 28)
EAGER_ADAPTED_IN, EAGER_ADAPTED_OUT = Passes(12, 12), Passes(4, 4)
EAGER_KERNELS, ADAPTER_KERNELS, EXPERTS_KERNELS = Passes(3.75, 6.5), Passes(8, 12), Passes(24, 35)


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
    k: TrainRates,
    matmuls: Matmuls,
    tokens: float,
    tp: float,
    forwards: int,
    gradient_bytes: float,
    *,
    sixteen_bit: bool = False,
    backwards: int = 1,
    gradients: int = 2,
) -> tuple[float, float]:
    """Seconds of arithmetic, and of memory traffic beside it, of `forwards` passes and `backwards` ones.

        arithmetic = 2 tokens W / tp passes / rate + products passes launch, a backward pass two forward ones (of frozen
        weights one)
        traffic = share (passes elements (operand + activation) / 2 + W / tp (operand + gradient) + casts) / stream

    Args:
        k: achieved rates of the accelerator
        matmuls: sums over the products: W elements of weights, elements that a token reads and writes, products
        tokens: tokens of the micro-batch on the rank [tokens]
        tp: tensor-parallel ranks [count]
        forwards, backwards: passes [count]
        gradient_bytes: written for each element of the weights [bytes]
        sixteen_bit: whether the products run in 16 bit whatever the format
        gradients: products of a backward pass: of inputs and weights, or of inputs alone where weights are frozen

    Source: Williams et al. 2009 (a product is bound by arithmetic or by memory); shares in catalog/efficiency.csv.

    >>> import xlcalc  # of a step most is arithmetic
    >>> call = "llama-3.1-8b", "h100-sxm", 64, 512, 8192
    >>> 0.8 < xlcalc.LLM_STEP_TIME(*call, part="compute") / xlcalc.LLM_STEP_TIME(*call) < 0.9
    True
    """
    weights = matmuls.weights / tp
    elements = tokens * (matmuls.replicated + matmuls.divided / tp)
    rate, operand, cast = (k.matmul_16bit, 2.0, 0.0) if sixteen_bit else (k.matmul, k.operand, k.quantise)
    passes = term("passes", forwards + gradients * backwards, "count", _PASSES)
    traffic = passes * elements * (operand + ACTIVATION_BYTES) / 2
    traffic += weights * ((forwards + backwards) * operand + backwards * gradient_bytes)
    casts = cast * elements * (forwards + backwards) / 2
    arithmetic = 2 * tokens * weights * passes / rate + matmuls.products * passes * k.launch
    return arithmetic, (k.traffic * traffic + casts) / k.stream


def attention_pairs(model: Coefficients, seq_len: float, width: float | None = None) -> float:
    """Multiply-adds of one token's causal attention in a forward pass, averaged over the sequence.

        sum over reaches of max(pair, 2 width heads) (w - w^2 / (2 s) + 64), w = min(s, window): s / 2 without a window

    Heads narrower than `width` count as so wide: their exponentials take as long.

    Args:
        model: multiply-adds of a token with an earlier one, heads and window, by reach
        seq_len: tokens s of a sequence [tokens]
        width: elements that a head counts for at least [elements]; None = each as wide as it is

    Source: Dao 2023, section 3.1 (causal masks, in blocks).

    >>> from types import SimpleNamespace
    >>> attention_pairs(SimpleNamespace(train_scores=((256, 1, 0),)), 8192) == 256 * (8192 / 2 + 64)
    True
    """
    total = 0.0
    for pair, heads, window in model.train_scores:
        if is_number(window) and not window:
            reach = seq_len / 2
        else:  # a sequence shorter than the window sees half of itself
            seen = capped(seq_len, window)
            reach = seen - seen * seen / (2 * seq_len)
        total += (pair if width is None else most(pair, 2 * width * heads)) * (reach + CAUSAL_BLOCK / 2)
    return total


def attention_time(
    model: Coefficients, k: TrainRates, tokens: float, seq_len: float, tp: float, forwards: float
) -> tuple[float, float]:
    """Seconds of arithmetic and of memory traffic of attention scores and weighted values.

        fused: 2 pairs tokens / tp (forwards / rate_forward + 2.5 / rate_backward)
        unfused: the full square in three steps, its scores, softmax, mask and dropout read and written

    Args:
        model: multiply-adds of a token with an earlier one, elements read and written
        k: achieved rates of the accelerator
        tokens: tokens of the micro-batch on the rank [tokens]
        seq_len: tokens of a sequence [tokens]
        tp: tensor-parallel ranks [count]
        forwards: forward passes, those that are computed again counted [count]

    Source: Dao 2023, section 3.1; Korthikanti et al. 2022, figure 3, for the bytes of unfused attention.

    >>> from types import SimpleNamespace  # 2 pairs forward and 5 backward at a rate of one FLOP a second
    >>> model = SimpleNamespace(train_scores=((1, 1, 0),), attention_io=0, unfused_heads=0)
    >>> k = SimpleNamespace(attention=1, attention_backward=1, stream=1, softmax_width=0, unfused_attention=False)
    >>> attention_time(model, k, 1, 128, 1, 1)
    (896.0, 0.0)
    """
    flops = 2 * attention_pairs(model, seq_len) * tokens / tp
    flops = term("FLOP of causal attention, forward", flops, "FLOP", "Dao 2023, section 3.1")
    io = tokens * model.attention_io / tp * ACTIVATION_BYTES * (forwards + BACKWARD_ATTENTION)

    slowed = 2 * attention_pairs(model, seq_len, k.softmax_width) * tokens / tp
    fused = slowed * forwards / k.attention + flops * BACKWARD_ATTENTION / k.attention_backward
    square = is_unfused(model, k)
    if is_number(square) and not square:
        return fused, io / k.stream
    unfused = 2 * flops * (forwards + 2) / (k.matmul_16bit * k.batched)
    scores = model.unfused_heads / tp * seq_len * tokens * (UNFUSED_FORWARD * forwards + UNFUSED_BACKWARD)
    return where(square, unfused, fused), (io + where(square, scores, 0.0)) / k.stream


def is_unfused(model: Coefficients, k: TrainRates) -> bool:
    """Whether attention runs in three steps: with dropout, where nothing fuses it."""
    return both(model.unfused_heads > 0, k.unfused_attention)


@remembered(8192)
def micro_batch_time(
    model: Coefficients,
    k: TrainRates,
    tokens: float,
    seq_len: float,
    tp: int,
    ep: int,
    cp: int,
    interleaved: bool,
    recompute: str,
    gradient_bytes: float,
    tuned: Tuned | None = None,
) -> MicroBatch:
    """One micro-batch of `tokens` in a tensor-parallel group, its sequences `seq_len` long."""
    own = tokens / tp  # tokens of a rank where the sequence is divided
    forwards = 2 if recompute == "full" else 1
    unfused = is_unfused(model, k)
    gradients = 2 if tuned is None else 1
    gradient_bytes = gradient_bytes if tuned is None else 0.0

    split, traffic = matmul_time(k, model.split_matmuls, tokens, tp, forwards, gradient_bytes, gradients=gradients)
    whole, moved = matmul_time(k, model.replicated_matmuls, own, 1, forwards, gradient_bytes, gradients=gradients)
    compute = term("matrix products", split + whole, "seconds", _ROOFLINE)
    memory = term("traffic of matrix products", traffic + moved, "seconds", _ROOFLINE)
    if not is_number(model.train_expert_blocks) or model.train_expert_blocks:
        more, moved = _experts(model, k, own, ep, forwards, gradient_bytes, gradients)
        compute, memory = compute + more, memory + moved
    scores = 2 if recompute == "full" else where(unfused, 2, 1) if recompute == "selective" else 1
    attention, moved = attention_time(model, k, tokens, seq_len, tp, scores)
    attention = term("attention", attention, "seconds", "Dao 2023, section 3.1")
    compute, memory = compute + attention, memory + term("traffic of attention", moved, "seconds", _ROOFLINE)
    scan = 2 * model.train_scan * tokens / tp * (forwards + 2) / (k.stream * SCAN_FLOP_PER_BYTE)
    memory += term("recurrences", scan, "seconds", "Dao and Gu 2024, figure 10")
    streams = (forwards * model.stream_whole + model.stream_whole_backward) * own
    streams += (forwards * model.stream_split + model.stream_split_backward) * tokens / tp
    if tuned is not None:
        more, moved, added = _adapters(tuned, k, tokens, tp, forwards, model)
        compute = compute + term("products of adapters", more, "seconds", _HU)
        memory = memory + term("traffic of adapters and of 4-bit weights", moved, "seconds", _HU)
        streams += added
    streams += k.biased_passes * (forwards + 2) / 3 * model.experts_biased * own
    kernels = model.train_kernels * (forwards + 1.5)
    if k.eager:
        more = eager_bytes(model, tuned.adapters if tuned else None, forwards) * tokens / tp
        streams += term("operators that run one by one", more, "bytes", _EAGER) / ACTIVATION_BYTES
        kernels = model.train_kernels * EAGER_KERNELS.times(forwards)
        kernels += model.train_expert_blocks * EXPERTS_KERNELS.times(forwards)
        if tuned is not None:
            kernels += tuned.adapters.products * ADAPTER_KERNELS.times(forwards)
    if recompute == "selective":  # norms, activation functions and latents, where scores are not what runs again
        runs = where(unfused, 0, 1)
        more, moved = matmul_time(k, model.latents_matmuls, tokens, tp, 1, 0, backwards=0)
        compute = compute + term("latents expanded again", runs * more, "seconds", _AGAIN)
        memory = memory + term("traffic of latents expanded again", runs * moved, "seconds", _AGAIN)
        streams += runs * (model.again_stream_whole * own + model.again_stream_split * tokens / tp)
        kernels += runs * model.again_kernels
    kernels = term("kernels launched", kernels, "count")
    memory += term("norms, activations, residual sums", ACTIVATION_BYTES * streams / k.stream, "seconds", _ROOFLINE)
    memory += term("starts of kernels", kernels * k.launch, "seconds", _EFFICIENCY)
    memory += model.train_expert_blocks * k.moe_fixed

    head, head_memory = matmul_time(
        k, model.head_matmuls, tokens, tp, 1, gradient_bytes, sixteen_bit=True, gradients=gradients
    )
    head = term("products of the head", head, "seconds", _ROOFLINE)
    head_memory += tokens * model.logits / tp * k.loss_bytes / k.stream
    head_memory = term("traffic of head and loss", head_memory, "seconds", _ROOFLINE)

    hidden = tokens * model.d_model * ACTIVATION_BYTES
    t_tp = model.tp_regions * 2 * (forwards + 1) * ring(k, hidden, tp) * k.tp_exposed
    t_ep: float = 0.0
    if ep > 1:  # the layout of a model with experts
        sent = own * model.experts_dispatched / model.train_expert_blocks / model.experts_per_token * ACTIVATION_BYTES
        sent = detail("bytes of a rank's tokens, one copy each", sent, "bytes")
        exchange = detail("one exchange of tokens", all_to_all(k, sent, ep, model.experts_per_token), "seconds")
        t_ep = model.train_expert_blocks * 2 * (forwards + 1) * exchange
        t_ep *= k.ep_exposed if interleaved and forwards == 1 else 1  # behind another chunk's micro-batch
    t_cp: float = 0.0
    if cp > 1:  # keys and values once forward, they and their gradients backward
        exchange = 3 * ring(k, cp * tokens * model.kv / tp * ACTIVATION_BYTES, cp, tp, model.kv_layers)
        t_cp = exposed(exchange, k.cp_exposed, attention)
    products = model.split_products + model.replicated_products
    host = (products * (forwards + 1.5) + kernels) * k.host + model.train_expert_blocks * k.moe_host
    memory += term(
        "waiting for the host", most(0.0, host - compute - memory - t_tp - t_ep - t_cp), "seconds", _EFFICIENCY
    )
    return MicroBatch(
        compute=compute, memory=memory, tp=t_tp, ep=t_ep, cp=t_cp, head_compute=head, head_memory=head_memory
    )


def eager_bytes(model: Coefficients, adapters: Adapters | None, forwards: float) -> float:
    """Bytes of a token that operators move which run one by one, beside what fused ones do, through all layers.

        32 n + 16 r + 4 g + 12 e forward, 88 n + 28 r + 8 g + 28 e backward; adapters 12 in + 4 out in either

    Norms read n elements, r of queries and keys are rotated, g come out of gated activation functions, e go to experts;
    norms, and inputs of adapters, are cast to 32 bit and back.

    Args:
        model: elements n, 2 r, g and e of a token
        adapters: inputs and outputs of adapted matrices; None where all weights are trained
        forwards: forward passes, those that are computed again counted [count]

    Source: Hugging Face transformers, models/llama/modeling_llama.py; PEFT, tuners/lora/layer.py; as PyTorch's
    dispatcher counts them.

    >>> from types import SimpleNamespace
    >>> model = SimpleNamespace(saved_norms=1, attention_io=0, saved_gated=0, experts_dispatched=0)
    >>> eager_bytes(model, None, 1)
    120.0
    """
    moved = model.saved_norms * EAGER_NORM.times(forwards) + model.attention_io / 2 * EAGER_ROTATION.times(forwards)
    moved += model.saved_gated * EAGER_GATE.times(forwards) + model.experts_dispatched * EAGER_EXPERTS.times(forwards)
    if adapters is not None:
        moved += adapters.inputs * EAGER_ADAPTED_IN.times(forwards)
        moved += adapters.outputs * EAGER_ADAPTED_OUT.times(forwards)
    return moved


def _experts(
    model: Coefficients, k: TrainRates, own: float, ep: float, forwards: int, gradient_bytes: float, gradients: int
) -> tuple[float, float]:
    """Products of routed experts, slow where few tokens meet one: half their rate at `grouped_tokens` each."""
    more, moved = matmul_time(k, model.experts_matmuls, own, 1, forwards, gradient_bytes, gradients=gradients)
    slower = where(
        model.n_experts > 0, lambda: k.grouped_tokens / (own * model.experts_per_token * ep / model.n_experts), 0.0
    )
    slower = term("slower by few tokens of an expert", slower, "ratio", _EFFICIENCY)
    more += 2 * own * model.experts_active * (forwards + gradients) / k.grouped * (1 + slower)
    moved += k.traffic * model.experts_weights / ep * ((forwards + 1) * k.operand + gradient_bytes) / k.stream
    return (
        term("products of experts", more, "seconds", _ROOFLINE),
        term("traffic of experts", moved, "seconds", _ROOFLINE),
    )


def _adapters(
    tuned: Tuned, k: TrainRates, tokens: float, tp: float, forwards: int, model: Coefficients
) -> tuple[float, float, float]:
    """Products of adapters in 16 bit, their traffic with that of widening 4-bit weights, and the elements of sums.

    An adapter's output is added to its matrix's, and its input's gradient to that of the matrix.
    """
    of, rank = tuned.adapters, tuned.rank
    both = Matmuls(rank * of.active, of.inputs + of.outputs + 2 * rank * of.products, 0, 2 * of.products)
    more, moved = matmul_time(k, both, tokens / tp, 1, forwards, REDUCED_BYTES, sixteen_bit=True)
    if tuned.frozen_bytes:  # read as they are stored, written in 16 bit, in each pass
        weights = (model.params_split / tp + model.params_replicated) * (forwards + 1)
        moved += weights * (tuned.frozen_bytes + ACTIVATION_BYTES) / k.stream
    return more, moved, (3 * forwards * of.outputs + 3 * of.inputs) * tokens / tp
