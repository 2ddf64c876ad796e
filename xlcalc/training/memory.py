"""Bytes on the fullest accelerator of a training step.

Model states divide as in ZeRO (Rajbhandari et al. 2020, section 3): 2 bytes of weights, 2 of gradients and the
optimizer's state a parameter. Activations are those of `activations.py`; what the loss, the allocator and the runtime
take is the software's (`Framework`, with sources in catalog/efficiency.csv).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from xlcalc.formula.arithmetic import ceil, is_number, least, most, term, terms, where
from xlcalc.hardware.rates import Framework
from xlcalc.model.coefficients import Coefficients
from xlcalc.training.activations import ELEMENT, kept_bytes
from xlcalc.training.layout import Layout

OFFLOADS = ("none", "optimizer", "activations")
_ZERO, _KORTHIKANTI = "ZeRO (Rajbhandari et al. 2020), section 3", "Korthikanti et al. 2022, section 4"
_FSDP, _KEPT = "Zhao et al. 2023 (PyTorch FSDP), section 3.3", "catalog/efficiency.csv"
GATHERED_LAYERS = 3  # under ZeRO-3: the layer at work, the next one on its way, and one layer's whole gradient
LAYERS_ON_THEIR_WAY = 2  # of activations that go to the host: one layer's out, one's back


class Optimizer(NamedTuple):
    """State of a parameter: moments in the software's format, those of embedding and head, and further bytes. `wide`:
    weights and gradients are 32 bit themselves, and there is no other copy."""

    moments: float
    outer_moments: float
    bytes: float = 0.0
    wide: bool = False


# 8-bit moments: Dettmers et al. 2022; paged ones stand in the host; Muon keeps one moment of matrices and Adam's two of
# the rest (Jordan et al. 2024); Adafactor keeps rows and columns (Shazeer and Stern 2018)
OPTIMIZERS = {
    "adam": Optimizer(2, 2),
    "adam_fp32": Optimizer(2, 2, wide=True),
    "adam_8bit": Optimizer(0, 0, 2),
    "adam_bf16": Optimizer(0, 0, 4),
    "paged": Optimizer(0, 0),
    "momentum": Optimizer(1, 1),
    "sgd": Optimizer(0, 0),
    "muon": Optimizer(1, 2),
    "adafactor": Optimizer(0, 0),
}


class TrainMemory(NamedTuple):
    """Bytes on the fullest accelerator; `workspace`: logits, gathered parameters, a recomputed layer, what the
    allocator and the runtime hold."""

    weights: float
    gradients: float
    optimizer: float
    activations: float
    workspace: float

    @property
    def total(self) -> float:
        return sum(self)


_SAID = {
    "weights": ("weights", "bytes", _ZERO),
    "gradients": ("gradients", "bytes", _ZERO),
    "optimizer": ("optimizer", "bytes", _ZERO),
    "activations": ("activations", "bytes", _KORTHIKANTI),
    "workspace": ("workspace", "bytes", ""),
}


def state_bytes(keeps: Framework, optimizer: Optimizer, moments: float, offload: str = "none") -> float:
    """Bytes a parameter of the optimizer's state: the 32-bit copy of its weight and so many moments."""
    if offload == "optimizer":
        return 0.0
    master = 0.0 if optimizer.wide else keeps.master_bytes
    return master + moments * (4.0 if optimizer.wide else keeps.moment_bytes) + optimizer.bytes


def in_flight(pp: int, vp: int, rank: int = 0) -> float:
    """Micro-batches whose activations a stage holds, of at least as many as fill the pipeline.

        p - r under 1F1B; interleaved (2 (p - r - 1) + (v - 1) p + 1) / v

    Interleaved stages hold chunks, v of which are one micro-batch: the first p + (p - 1) / v.

    Args:
        pp: stages p [count]
        vp: chunks v of a stage [count]
        rank: the stage r, from 0 [count]

    Source: Narayanan et al. 2021, section 2.2; Megatron-LM, core/pipeline_parallel/schedules.py.

    >>> in_flight(4, 1), in_flight(4, 1, rank=3), in_flight(4, 2)
    (4.0, 1.0, 5.5)
    """
    held = (2 * (pp - rank - 1) + (vp - 1) * pp + 1) / vp if vp > 1 else 1.0 * (pp - rank)
    return term("micro-batches in flight", held, "count", "Narayanan et al. 2021, section 2.2")


def train_memory(
    model: Coefficients,
    layout: Layout,
    seq_len: float,
    keeps: Framework,
    *,
    optimizer: Optimizer = OPTIMIZERS["adam"],
    weight_bytes: float = 2.0,
    operand_bytes: float = 2.0,
    offload: str = "none",
    adapted: float | None = None,
    element: float = ELEMENT,
) -> TrainMemory:
    """Bytes on the fuller of the first stage (embedding, most micro-batches in flight) and the last (head, logits).

        weights, gradients, optimizer: bytes a parameter times the rank's parameters, over dp under ZeRO 3, 2, 1
        activations: share of the layers times s b times bytes a token times micro-batches in flight
        workspace: (1 + slack) of logits or a recomputed layer and of gathered layers, slack of activations, the runtime

    Models that train attention with dropout keep its scores unless they are recomputed; the others run fused attention
    in any case.

    Args:
        model: what a token does in the model's layers and head
        layout: tp, pp, dp, ep, cp, vp, micro-batch, ZeRO stage, recomputation
        seq_len: tokens of a sequence [tokens]
        keeps: what the software keeps
        optimizer: its state
        weight_bytes, operand_bytes: bytes of a weight, of an element that a product reads [bytes]
        offload: none, or what stands in the host: optimizer, activations
        adapted: what adapters of frozen weights keep [bytes/token]; None = all is trained
        element: bytes of an element that is no operand [bytes]

    Source: Rajbhandari et al. 2020, section 3; Korthikanti et al. 2022, section 4.

    >>> import xlcalc
    >>> s, h, a, t, layers = 2048, 12288, 96, 8, 96  # GPT-3
    >>> held = xlcalc.LLM_TRAIN_MEMORY("gpt3-175b", s, 1, t, part="activations")
    >>> held == layers * s * h * (10 + 24 / t + 5 * a * s / (h * t))
    True
    """
    tp, pp, ep, zero = layout.tp, layout.pp, layout.ep, layout.zero
    ranks = layout.dp * layout.cp
    ranks_experts = most(1.0, ranks * tp / ep)
    stage_layers = term("layers of a stage", ceil(model.n_layers / pp), "count")
    share = stage_layers / model.n_layers
    dense = share * (model.params_split / tp + model.params_replicated)
    experts = term("parameters of a rank's experts", share * model.params_experts / ep, "parameters", _ZERO)
    tokens = term("tokens of a micro-batch", layout.micro_batch * seq_len / layout.cp, "tokens")
    weight_bytes = 4.0 if optimizer.wide else weight_bytes
    gradient = 4.0 if optimizer.wide and keeps.gradient_held else keeps.gradient_held

    operand = operand_bytes if keeps.narrow_kept else most(operand_bytes, ELEMENT)
    recompute, selective, eager = layout.recompute, keeps.selective_kept, keeps.eager
    kept, again = kept_bytes(
        model, seq_len, tp, operand, recompute, selective, adapted=adapted, element=element, eager=eager
    )
    if offload == "activations":
        kept = kept * least(1.0, LAYERS_ON_THEIR_WAY / model.train_layers)
    kept = term("activations of a token, all layers", kept, "bytes/token", _KORTHIKANTI)
    layer = term("recomputed layer", again / model.train_layers * tokens, "bytes", _KORTHIKANTI)
    a_layer = (dense + experts) / most(1, stage_layers)
    gathered: float = 0.0
    gathers = zero == 3 and ranks > 1 and pp == 1
    if gathers:
        gathered = term("layers gathered", GATHERED_LAYERS * weight_bytes * a_layer, "bytes", _FSDP)
    elif adapted is None and gradient == 0:
        gathered = term("a gradient on its way", weight_bytes * most(a_layer, model.params_head), "bytes", _KEPT)
    bytes_each = state_bytes(keeps, optimizer, optimizer.moments, offload)
    more: float = 0.0  # of embedding and head
    if optimizer.outer_moments != optimizer.moments:
        more = state_bytes(keeps, optimizer, optimizer.outer_moments, offload) - bytes_each
    runtime = keeps.context_bytes + (keeps.communication_bytes if ranks * tp * pp > 1 else 0.0)

    def stage(outer: float, micro: float, logits: float, head: float) -> Sequence[float]:
        outer = outer / tp
        held = term("parameters of a rank outside experts", dense + outer, "parameters", _ZERO)
        divided = held / ranks + experts / ranks_experts if zero else 0.0  # over the ranks that share them
        whole = held + experts
        standing: float = 0.0  # FSDP in a pipeline gathers once and reduces once
        if zero >= 2 and pp > 1:
            standing = (weight_bytes * (zero - 2) + keeps.pipeline_gradient) * whole
            standing = term("weights and gradients whole", standing, "bytes", _KEPT)
        states = divided if zero >= 1 else whole
        activations = term("activations", share * kept * tokens * micro, "bytes", _KORTHIKANTI)
        moving = gathered + most(layer, logits + (weight_bytes * head / tp if gathers else 0.0))
        slack = term("slack of the allocator", keeps.slack * (activations + moving), "bytes", _KEPT)
        return (
            weight_bytes * (divided if zero >= 3 else whole),
            gradient * (divided if zero >= 2 else whole),
            bytes_each * states + (more * (outer / ranks if zero else outer) if more else 0.0),
            activations,
            runtime + standing + moving + slack,
        )

    logits = term(
        "logits", where(tp > 1, keeps.logit_bytes_split, keeps.logit_bytes) * tokens * model.vocab / tp, "bytes", _KEPT
    )
    head = where(model.params_head > 0, model.params_head, model.vocab * model.d_model)
    if pp == 1:
        fullest = stage(model.params_embedding + model.params_head, 1.0, logits, head)
    else:
        first = stage(model.params_embedding, in_flight(pp, layout.vp, 0), 0.0, 0.0)
        last = stage(head, in_flight(pp, layout.vp, pp - 1), logits, head)
        fuller = sum(first) >= sum(last)
        if is_number(fuller):
            fullest = first if fuller else last
        else:
            fullest = [where(fuller, one, other) for one, other in zip(first, last, strict=True)]
    return terms(TrainMemory(*fullest), _SAID)
