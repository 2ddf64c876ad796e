"""Seconds of one optimizer step: its micro-batches, their pipeline, what replicas exchange, and the optimizer.

Schedules and collectives follow Narayanan et al. 2021 (pipelines), Korthikanti et al. 2022 (sequence
parallelism, recomputation) and Rajbhandari et al. 2020 (ZeRO).
"""

from __future__ import annotations

from typing import NamedTuple

from xlcalc.formula.arithmetic import ceil, least, most, term, terms, where
from xlcalc.hardware.rates import TrainRates
from xlcalc.model.coefficients import Coefficients
from xlcalc.training.communication import exposed, ring
from xlcalc.training.layout import Layout
from xlcalc.training.micro_batch import ACTIVATION_BYTES, REDUCED_BYTES, Tuned, micro_batch_time

# Adam in mixed precision: fp32 gradient, weights and two moments read, the last three and bf16 weights written (30
# bytes), the gradient read once more for its norm and zeroed (8)
OPTIMIZER_TRAFFIC = 38.0
_EXCHANGE = "Liu et al. 2025 (arXiv 2504.14960), section 3"
_ZERO = "Rajbhandari et al. 2020, section 5"
_NARAYANAN = "Narayanan et al. 2021, section 2.2"
_ROOFLINE = "Williams et al. 2009; rates in catalog/efficiency.csv"
_HU = "Hu et al. 2021, section 4.1"


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


_SAID = {
    "compute": ("compute", "seconds", _ROOFLINE),
    "memory": ("memory traffic", "seconds", _ROOFLINE),
    "tp": ("tensor-parallel communication", "seconds", "Korthikanti et al. 2022, section 4.2"),
    "pp": ("pipeline hand-over", "seconds", _NARAYANAN),
    "dp": ("data-parallel communication", "seconds", _ZERO),
    "ep": ("expert-parallel communication", "seconds", _EXCHANGE),
    "cp": ("context-parallel communication", "seconds", _EXCHANGE),
    "bubble": ("pipeline bubble", "seconds", _NARAYANAN),
    "optimizer": ("optimizer", "seconds", _ZERO),
}


def accumulated_bytes(k: TrainRates, zero: int) -> float:
    """Written and read of a gradient in every micro-batch: Megatron adds up 32 bits, FSDP writes what it reduces."""
    return 2 * k.gradient_bytes if zero < 2 else REDUCED_BYTES


def step_time(
    model: Coefficients,
    k: TrainRates,
    layout: Layout,
    global_batch: float,
    seq_len: float,
    tuned: Tuned | None = None,
) -> StepTime:
    """Seconds of a step by cause.

        m = ceil(ceil(B / dp) / b) micro-batches of the fullest rank
        compute, memory, tp, ep, cp: m / pp times those of a micro-batch
        bubble = (pp - 1) / vp (mean stage + hop) + m (slowest stage - mean stage)
        optimizer = 38 bytes a parameter of the rank over memory bandwidth, and what ends a step whatever it computes

    Args:
        model: what a token does in the model's layers and head
        k: achieved rates of the accelerator
        layout: tp, pp, dp, ep, cp, vp, micro-batch, ZeRO stage, recomputation
        global_batch: sequences B of a step [sequences], above 0
        seq_len: tokens of a sequence [tokens], above 0
        tuned: adapters over frozen weights; None = every weight is trained

    Source: Narayanan et al. 2021, section 2.2; Korthikanti et al. 2022; Rajbhandari et al. 2020.

    >>> import xlcalc
    >>> f"{xlcalc.LLM_STEP_TIME('llama-3.1-8b', 'h100-sxm', 64, 512, 8192):.1f} s"
    '6.4 s'
    """
    tp, pp, dp, ep, cp, vp, micro_batch, zero, recompute = layout
    sequences = term("sequences of the fullest rank", ceil(global_batch / dp - 1e-9), "sequences", "whole ones")
    micro_batch = term("sequences of a micro-batch", least(micro_batch, sequences), "sequences")
    m = term("micro-batches of a step", ceil(sequences / micro_batch - 1e-9), "count")
    tokens = term("tokens of a micro-batch", micro_batch * seq_len / cp, "tokens")
    micro = micro_batch_time(
        model,
        k,
        tokens,
        seq_len,
        tp,
        ep,
        cp,
        pp > 1 and vp > 1,
        recompute,
        accumulated_bytes(k, zero),
        tuned,
    )
    layers = term("layers of a micro-batch", micro.layers, "seconds")
    head = term("head of a micro-batch", micro.head, "seconds")

    # parameters of a rank, and the groups that share them
    dense = (model.params_split + model.params_embedding + model.params_head) / tp + model.params_replicated
    dense = term("parameters of a rank outside experts", dense, "parameters")
    experts = term("parameters of a rank's experts", model.params_experts / ep, "parameters")
    ranks = term("ranks that share parameters", dp * cp, "count", "of the layout")
    ranks_experts = term("ranks that share experts", most(1, ranks * tp // ep), "count")
    trained, trained_experts = dense, experts
    if tuned is not None:
        trained = term("parameters of a rank's adapters", tuned.rank * tuned.adapters.params / tp, "parameters", _HU)
        trained_experts = 0.0

    gather: float = 0.0
    inside = least(ranks, most(1, k.domain // tp)) if k.shards_inside else ranks
    if zero >= 2 and ranks > 1:  # weights gathered forward, under ZeRO-3 again backward, and gradients reduced
        once = ring(k, dense * ACTIVATION_BYTES, inside, tp, model.n_layers)
        once += ring(k, experts * ACTIVATION_BYTES, ranks_experts, ep, model.train_expert_blocks)
        once = term("one gathering of all parameters", once, "seconds", _ZERO)
        gather = exposed(zero * once / pp, k.gather_exposed, (layers + head) / pp)
        gather = term("gathering that nothing hides", gather, "seconds", _ZERO)

    # the slowest stage sets the pace: the last, where layers divide evenly; else frameworks even out layers and head
    mean = (layers + head) / pp + gather
    bubble: float = 0.0
    hop: float = 0.0
    if pp > 1:
        link = where(tp * pp * ranks <= k.domain, k.scale_up, k.scale_out)
        hop = 2 * vp * (tokens / tp * model.d_model * ACTIVATION_BYTES / link + k.latency) * k.pp_exposed
        hop = term("hand-over between stages", hop, "seconds", _NARAYANAN)
        mean = term("mean stage", mean, "seconds")
        pace = term(
            "slowest stage", where(model.n_layers % (pp * vp) == 0, layers / pp + head + gather, mean), "seconds"
        )
        bubble = (pp - 1) / vp * (mean + hop) + m * (pace - mean)

    reduce: float = 0.0
    if zero < 2 and ranks > 1:  # gradients reduced, bf16 weights gathered, behind one micro-batch
        reduced, gathered = k.gradient_bytes / pp, ACTIVATION_BYTES / pp
        scatter, collect = ring(k, trained * reduced, ranks, tp), ring(k, trained * gathered, ranks, tp)
        scatter += where(trained_experts > 0, lambda: ring(k, trained_experts * reduced, ranks_experts, ep), 0.0)
        collect += where(trained_experts > 0, lambda: ring(k, trained_experts * gathered, ranks_experts, ep), 0.0)
        reduce = term("reducing gradients", scatter, "seconds", _ZERO)
        reduce += term("gathering weights", collect, "seconds", _ZERO)
        reduce = exposed(reduce, k.dp_exposed, mean)
    elif inside < ranks:  # gradients summed between domains, each shard over the links of its ranks
        between = 2 * trained * ACTIVATION_BYTES / inside * (1 - inside / ranks) / pp / k.scale_out
        between = term("summing gradients between domains", between, "seconds", "Thakur et al. 2005, section 4")
        reduce = exposed(between, k.dp_exposed, mean)
    local = trained / ranks + trained_experts / ranks_experts if zero else trained + trained_experts
    local = term("parameters that a rank updates", local, "parameters", _ZERO)
    traffic = term("memory traffic of Adam", OPTIMIZER_TRAFFIC, "bytes/parameter", "fp32 state read and written")
    each = term("micro-batches a stage", m / pp, "count")
    step = StepTime(
        compute=each * (micro.compute + micro.head_compute),
        memory=each * (micro.memory + micro.head_memory),
        tp=each * micro.tp,
        pp=m * hop,
        dp=m * gather + reduce,
        ep=each * micro.ep,
        cp=each * micro.cp,
        bubble=bubble,
        optimizer=traffic * local / pp / k.stream + k.step_fixed,
    )
    return terms(step, _SAID)
