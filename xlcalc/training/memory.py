"""Bytes on the fullest accelerator of a training step.

Model states divide as in ZeRO (Rajbhandari et al. 2020, section 3): 2 bytes of weights, 2 of gradients and the
optimizer's state a parameter. Activations are those of Korthikanti et al. 2022 (section 4), generalised from
s b h (34 + 5 a s / h) to what each block keeps for its backward pass: the inputs of its matrices, and the outputs that
a nonlinear operator reads.
"""

from __future__ import annotations

from typing import NamedTuple

from xlcalc.formula.arithmetic import both, ceil, least, most, term, where
from xlcalc.model.coefficients import Coefficients
from xlcalc.training.layout import Layout

# Bytes a parameter of optimizer state in mixed precision: an fp32 copy of the weights (4) and moments (4 or 1 each).
OPTIMIZER_BYTES = {"adam": 12.0, "adam_8bit": 6.0, "momentum": 8.0, "sgd": 4.0}
GRADIENT_BYTES = 2.0
LOGIT_BYTES = 4.0  # fp32 logits, Korthikanti et al. 2022, section 4.3
# CUDA context and libraries (0.65 GB, RahulSChand/gpu_poor), NCCL's buffers (0.35 GB, aiconfigurator h200_sxm.yaml)
FRAMEWORK_BYTES = 1.0e9
_ZERO, _KORTHIKANTI = "ZeRO (Rajbhandari et al. 2020), section 3", "Korthikanti et al. 2022, section 4"
GATHERED_LAYERS = 3  # under ZeRO-3: the layer at model, the next one on its way, and one layer's whole gradient


class TrainMemory(NamedTuple):
    """Bytes on the fullest accelerator; `workspace`: logits, gathered parameters, a recomputed layer, the framework."""

    weights: float
    gradients: float
    optimizer: float
    activations: float
    workspace: float

    @property
    def total(self) -> float:
        return sum(self)


def again_bytes(model: Coefficients, tp: int, operand: float) -> float:
    """Of `layer_bytes` without scores, what selective recomputation does not keep [bytes/token]."""
    inputs = model.saved_again_inputs_whole + model.saved_again_inputs_split
    return (inputs * operand + model.saved_again_values_split * 2) / tp


def layer_bytes(model: Coefficients, seq_len: float, tp: int, operand: float, keeps_scores: bool) -> float:
    """Bytes a token of all layers on one rank of a tensor-parallel group.

        GPT: s b h (10 + 24 / t + 5 a s / (h t)) with scores, s b h 34 / t without, a layer

    With scores kept these are the paper's baseline, which has no sequence parallelism; without them its present model,
    which has.

    Args:
        model: elements that the layers keep of a token
        seq_len: tokens s of a sequence [tokens]
        tp: tensor-parallel ranks t [count]
        operand: bytes of an element that a matrix product reads [bytes]
        keeps_scores: whether scores, softmax and dropout are kept

    Source: Korthikanti et al. 2022, equations 2 and 4: s b h (34 + 5 a s / h) on one rank.
    """
    whole = model.saved_inputs_whole * operand + model.saved_values_whole * 2 + model.saved_mask
    split = model.saved_inputs_split * operand + model.saved_values_split * 2
    return where(
        keeps_scores,
        lambda: whole + (split + 5 * model.unfused_heads * seq_len) / tp,
        lambda: (whole + split) / tp,
    )


def in_flight(pp: int, vp: int, micro_batches: float | None, rank: int = 0) -> float:
    """Micro-batches whose activations a stage holds.

        p - r under 1F1B; interleaved (2 (p - r - 1) + (v - 1) p + 1) / v; no more than there are

    Interleaved stages hold chunks, v of which are one micro-batch: the first p + (p - 1) / v.

    Args:
        pp: stages p [count]
        vp: chunks v of a stage [count]
        micro_batches: of a step on one pipeline [count]; None = enough to fill it
        rank: the stage r, from 0 [count]

    Source: Narayanan et al. 2021, section 2.2; Megatron-LM, core/pipeline_parallel/schedules.py.
    """
    held = (2 * (pp - rank - 1) + (vp - 1) * pp + 1) / vp if vp > 1 else 1.0 * (pp - rank)
    return held if micro_batches is None else least(held, micro_batches)


def train_memory(
    model: Coefficients,
    layout: Layout,
    seq_len: float,
    *,
    weight_bytes: float = 2.0,
    operand_bytes: float = 2.0,
    optimizer_bytes: float = 12.0,
    micro_batches: float | None = None,
    fused_attention: bool = False,
) -> TrainMemory:
    """Bytes on the fuller of the first stage (embedding, most micro-batches in flight) and the last (head, logits).

        weights, gradients, optimizer: bytes a parameter times the rank's parameters, over dp under ZeRO 3, 2, 1
        activations: share of the layers times s b times bytes a token times micro-batches in flight

    Models that train attention with dropout keep its scores unless they are recomputed or `fused_attention` is there;
    the others run fused attention in any case.

    Args:
        model: what a token does in the model's layers and head
        layout: tp, pp, dp, ep, cp, vp, micro-batch, ZeRO stage, recomputation
        seq_len: tokens of a sequence [tokens]
        weight_bytes, operand_bytes, optimizer_bytes: bytes of a weight, of an element that a product reads, of a
            parameter's optimizer state [bytes]
        micro_batches: of a step on one pipeline [count]; None = enough to fill it
        fused_attention: whether scores are never kept

    Source: Rajbhandari et al. 2020, section 3; Korthikanti et al. 2022, section 4.
    """
    tp, pp, ep, zero, recompute = layout.tp, layout.pp, layout.ep, layout.zero, layout.recompute
    ranks = layout.dp * layout.cp
    ranks_experts = most(1.0, ranks * tp / ep)
    stage_layers = term("layers of a stage", ceil(model.n_layers / pp), "count")
    share = stage_layers / model.n_layers
    dense = share * (model.params_split / tp + model.params_replicated)
    experts = term("parameters of a rank's experts", share * model.params_experts / ep, "parameters", _ZERO)
    tokens = term("tokens of a micro-batch", layout.micro_batch * seq_len / layout.cp, "tokens")

    unfused = both(model.unfused_heads > 0, not fused_attention)
    kept = layer_bytes(model, seq_len, tp, operand_bytes, unfused if recompute == "none" else False)
    again: float = 0.0  # of this, what is there for one layer at a time
    if recompute == "full":  # all but the input of each layer
        again = kept
        kept = 2 * model.d_model * model.train_layers / where(unfused, 1, tp)
    elif recompute == "selective":
        again = where(unfused, 0.0, lambda: again_bytes(model, tp, operand_bytes))
        kept = kept - again
    kept = term("activations of a token, all layers", kept, "bytes/token", _KORTHIKANTI)
    layer = term("recomputed layer", again / model.train_layers * tokens, "bytes", _KORTHIKANTI)
    gathered: float = 0.0
    if zero == 3:
        gathered = GATHERED_LAYERS * weight_bytes * (dense + experts) / most(1, stage_layers)
        gathered = term("layers gathered", gathered, "bytes", "Zhao et al. 2023 (PyTorch FSDP), section 3.3")
    framework = term("CUDA context and communication buffers", FRAMEWORK_BYTES, "bytes", "gpu_poor; aiconfigurator")

    def stage(outer: float, micro: float, logits: float) -> TrainMemory:
        held = term("parameters of a rank outside experts", dense + outer / tp, "parameters", _ZERO)
        divided = held / ranks + experts / ranks_experts if zero else 0.0  # over the ranks that share them
        whole = held + experts
        return TrainMemory(
            term("weights", weight_bytes * (divided if zero >= 3 else whole), "bytes", _ZERO),
            term("gradients", GRADIENT_BYTES * (divided if zero >= 2 else whole), "bytes", _ZERO),
            term("optimizer", optimizer_bytes * (divided if zero >= 1 else whole), "bytes", _ZERO),
            term("activations", share * kept * tokens * micro, "bytes", _KORTHIKANTI),
            term("workspace", framework + gathered + most(layer, logits), "bytes"),
        )

    logits = term("logits", LOGIT_BYTES * tokens * model.vocab / tp, "bytes", "Korthikanti et al. 2022, section 4.3")
    if pp == 1:
        return stage(model.params_embedding + model.params_head, 1.0, logits)
    first = stage(model.params_embedding, _held(pp, layout.vp, micro_batches, 0), 0.0)
    head = where(model.params_head > 0, model.params_head, lambda: model.vocab * model.d_model)
    last = stage(head, _held(pp, layout.vp, micro_batches, pp - 1), logits)
    fuller = first.total >= last.total
    return TrainMemory(*(where(fuller, one, other) for one, other in zip(first, last, strict=True)))


def _held(pp: int, vp: int, micro_batches: float | None, rank: int) -> float:
    count = in_flight(pp, vp, micro_batches, rank)
    return term("micro-batches in flight", count, "count", "Narayanan et al. 2021, section 2.2")
