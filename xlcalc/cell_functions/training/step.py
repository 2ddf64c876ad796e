"""Cell functions about one training step: its memory and its time."""

from __future__ import annotations

from functools import cache
from typing import Annotated

from xlcalc.accuracy.calibration import calibrated
from xlcalc.cell_functions.training.kinds import Method, OptimizerName, Recompute, Targets, Zero, adapted
from xlcalc.formula.records import columns
from xlcalc.hardware.kernels import framework, kernels
from xlcalc.hardware.software import check_runs, usual_training
from xlcalc.language.cells import Choice
from xlcalc.language.declare import cell_function
from xlcalc.language.kinds import (
    Accelerator,
    Bytes,
    Count,
    DType,
    Model,
    Positive,
    PositiveTokens,
    Seconds,
    TrainingSoftware,
)
from xlcalc.model.dtypes import DTYPES
from xlcalc.model.dtypes import DType as Format
from xlcalc.model.spec import ModelSpec
from xlcalc.model.words import WORDS
from xlcalc.training import memory
from xlcalc.training.layout import Layout, check, spread
from xlcalc.training.micro_batch import Tuned
from xlcalc.training.step_time import StepTime, step_time

_MemoryPart = Annotated[str, Choice("weights", "gradients", "optimizer", "activations", "total")]
_TimePart = Annotated[str, Choice(*StepTime._fields, "total")]


@cache
def weight_bytes(dtype: Format) -> float:
    """Bytes of a weight in training: matrix products below 16 bit still keep weights in bf16."""
    return max(dtype.bytes, 2)


@cache
def operand_bytes(dtype: Format) -> float:
    """Bytes of an element that a matrix product reads, and keeps for its backward pass."""
    return min(dtype.bytes, 2)


@cell_function(
    category="Training",
    source="Korthikanti et al. 2022, section 4; Rajbhandari et al. 2020 (ZeRO), section 3",
    later="software",
)
def LLM_TRAIN_MEMORY(
    model: Model,
    seq_len: PositiveTokens,
    micro_batch: Positive,
    tp: Count = 1,
    pp: Count = 1,
    dp: Count = 1,
    zero: Zero = 0,
    recompute: Recompute = "none",
    optimizer: OptimizerName = "adam",
    ep: Count = 1,
    cp: Count = 1,
    vp: Count = 1,
    dtype: DType = "bf16",
    part: _MemoryPart = "total",
    software: TrainingSoftware = None,
) -> Bytes:
    """Bytes on the fullest accelerator of a training step: of the first pipeline stage or the last.

    Weights and gradients take 2 bytes a parameter, Adam 12; ZeRO 1, 2 and 3 divide optimizer, gradients and weights
    over the ranks that share them. Experts divide over ep, the rest over tp. Activations are s b h (34 + 5 a s / h)
    for a GPT, generalised to grouped heads, gated MLPs, experts and latent attention; a model that trains with
    attention dropout (GPT-2, GPT-3) keeps its scores, others run fused attention and sequence parallelism.
    Selective recomputation drops scores where they are kept (Korthikanti et al. 2022), else what is as cheap: outputs
    of norms and activation functions, heads expanded from latents (DeepSeek-V3 2024, sections 3.2.3 and 3.3.3);
    torchtitan keeps every second product. The total adds what is no part: the copies of logits that the software's loss
    writes or a recomputed layer, layers gathered under ZeRO-3, whole weights and gradients of FSDP in a pipeline, the
    allocator's slack, CUDA context and communication buffers.

    Args:
        dp: data-parallel replicas
        recompute: what is computed again in the backward pass; selective = what is cheap to compute, as above
        optimizer: what stands in memory besides weights and gradients, as in LLM_FINETUNE_MEMORY
        dtype: number format of the matmuls
        part: the part that is asked for
        software: training software; blank = PyTorch FSDP from ZeRO 2 on, else Megatron-LM
    Example:
        >>> round(LLM_TRAIN_MEMORY("llama-3.1-8b", 8192, 1, dp=8, zero=3, unit="GB"), 1)
        74.4
    """
    counted = model.trained
    numbers = columns(counted, WORDS, "of the model")
    layout = Layout(tp=tp, pp=pp, dp=dp, ep=ep, cp=cp, vp=vp, micro_batch=micro_batch, zero=zero, recompute=recompute)
    held = memory.train_memory(
        numbers,
        check(layout, counted.n_layers, counted.n_experts, counted.n_heads),
        seq_len,
        framework(software or usual_training(zero)),
        optimizer=memory.OPTIMIZERS[optimizer],
        weight_bytes=weight_bytes(dtype),
        operand_bytes=operand_bytes(dtype),
    )
    return getattr(held, part)


@cell_function(
    category="Training",
    source="Narayanan et al. 2021; Korthikanti et al. 2022; achieved rates in catalog/efficiency.csv",
    later="method",
)
@calibrated()
def LLM_STEP_TIME(
    model: Model,
    accelerator: Accelerator,
    count: Count,
    global_batch: Positive,
    seq_len: PositiveTokens,
    tp: Count = 1,
    pp: Count = 1,
    micro_batch: Positive = 1,
    zero: Zero = 1,
    recompute: Recompute = "none",
    dtype: DType = "bf16",
    ep: Count = 1,
    cp: Count = 1,
    vp: Count = 1,
    part: _TimePart = "total",
    method: Method = "full",
    rank: Count = 16,
    targets: Targets = None,
    software: TrainingSoftware = None,
) -> Seconds:
    """Seconds of one optimizer step, from the model's matrices and the rates that accelerator and links achieve.

    Parts: `compute` (arithmetic), `memory` (memory-bound operators and waiting for the host), what communication of
    `tp`, `pp`, `dp`, `ep` and `cp` adds, the pipeline's `bubble`, and the `optimizer`. It does not check memory.
    LLM_ESTIMATE_BOUND of it speaks of steps; that of LLM_TRAIN_TIME of whole runs, with all that interrupts them.

    Args:
        count: accelerators
        dtype: number format of the matmuls
        part: the part that is asked for
        method: full trains every weight; lora adapters alone; qlora adapters over weights in nf4
        software: training software; blank = what usually runs such a layout on that accelerator
    Example:
        >>> round(LLM_STEP_TIME("llama-3.1-8b", "h100-sxm", 8, 128, 8192, zero=3), 1)
        18.2
    """
    counted = model.trained
    numbers = columns(counted, WORDS, "of the model")
    layout = Layout(tp=tp, pp=pp, dp=1, ep=ep, cp=cp, vp=vp, micro_batch=micro_batch, zero=zero, recompute=recompute)
    layout = spread(count, layout, counted.n_layers, counted.n_experts, counted.n_heads)
    check_runs(software or "", accelerator.vendor)
    rates = kernels(accelerator, dtype.name, software or usual_training(zero, accelerator.vendor))
    what = adapted(method, targets, software)
    tuned = _tuned(model, method, rank, what) if what else None
    return getattr(step_time(numbers, rates, layout, global_batch, seq_len, tuned), part)


def _tuned(model: ModelSpec, method: str, rank: int, targets: frozenset[str]) -> Tuned:
    """Adapters as a step of LoRA has them."""
    found = columns(model.adapters(targets), {}, f"of the model: {', '.join(sorted(targets))}", "adapters")
    return Tuned(found, rank, DTYPES["nf4"].bytes if method == "qlora" else 0.0)
