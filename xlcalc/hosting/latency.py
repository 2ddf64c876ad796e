"""Time to the first token and per output token of a batch that runs alone: the sum over operators of one pass."""

from __future__ import annotations

from xlcalc.formula.arithmetic import term
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.hosting.layout import Layout
from xlcalc.hosting.machine import compute_format
from xlcalc.hosting.memory import sequence_bytes, shard
from xlcalc.hosting.step import alone, replica
from xlcalc.model.dtypes import DType
from xlcalc.model.flops import attention_flops
from xlcalc.model.spec import ModelSpec

# ways of tensor parallelism on GPUs; beyond, heads run out and sums over ranks cost more than they save
_WIDEST = 16


def latency_layout(model: ModelSpec, accelerator: AcceleratorSpec, count: int) -> Layout:
    """Tensor parallel inside the scale-up domain, pipeline stages beyond; on TPUs over a whole slice. Raises ValueError
    where layers are too few.
    """
    domain = accelerator.scale_up_domain or accelerator.devices_per_node or 1
    widest = domain if accelerator.is_mesh else min(domain, _WIDEST)
    tp = next(n for n in range(min(count, widest), 0, -1) if count % n == 0)
    layout = Layout(tp, int(count) // tp)
    if layout.pp > model.architecture.n_layers:
        raise ValueError(f"cannot spread {model.architecture.n_layers} layers over {layout.pp} groups of {tp}")
    return layout


def tpot(
    model: ModelSpec,
    accelerator: AcceleratorSpec,
    layout: Layout,
    context: float,
    batch: float,
    dtype: DType,
    kv_dtype: DType | None,
) -> float:
    """Seconds of one decoding step of `batch` sequences that have `context` tokens on average."""
    return alone(replica(model, accelerator, dtype, kv_dtype, layout), batch, context)


def ttft(
    model: ModelSpec,
    accelerator: AcceleratorSpec,
    layout: Layout,
    prompt: float,
    batch: float,
    dtype: DType,
    kv_dtype: DType | None = None,
) -> float:
    """Seconds to prefill `batch` prompts together; causal masking halves the scores."""
    return alone(replica(model, accelerator, dtype, kv_dtype, layout), 0, 0, batch * prompt, (prompt + 1) / 2)


def ttft_at(
    model: ModelSpec, accelerator: AcceleratorSpec, count: int, prompt: float, batch: float, dtype: DType, mfu: float
) -> float:
    """Seconds to prefill at a share of peak: (2 N + attention) tokens / (count peak mfu), without the head's
    product.
    """
    head = model.architecture.outer[-1]
    shape = model.flop_shape
    matrices = term(
        "multiply-adds of a token without the head", shape.matmul - head.macs, "multiply-adds", "of the model"
    )
    sampled = term("multiply-adds of the head", head.macs, "multiply-adds", "of the model")
    each = term("FLOP of a prompt token", 2 * matrices + attention_flops(shape, (prompt + 1) / 2), "FLOP")
    peak = accelerator.peak(compute_format(accelerator, dtype))
    return batch * (prompt * each + 2 * sampled) / (count * peak * mfu)


def tpot_at(
    model: ModelSpec,
    accelerator: AcceleratorSpec,
    layout: Layout,
    context: float,
    batch: float,
    dtype: DType,
    kv_dtype: DType | None,
    mbu: float,
) -> float:
    """Seconds of a decoding step at a share of memory bandwidth: weights met and cache read over bandwidth."""
    r = replica(model, accelerator, dtype, kv_dtype, layout)
    weights = sum(times * d_in * d_out * element for times, d_in, d_out, element, _ in r.products)
    weights += r.head[0] * r.head[1] * r.head[2]
    for times, p in r.work.experts:
        met = p.copies * (1 - (1 - p.active / p.copies) ** batch)
        weights += times * met * p.d_in * p.d_out * p.bytes / layout.expert_ways
    weights = term("weights that a step reads", weights, "bytes", "Pope et al. 2022, section 3.3")
    cache = batch / layout.dp * sequence_bytes(shard(model, dtype, layout, accelerator), context, kv_dtype) * layout.pp
    cache = term("cache that a step reads", cache, "bytes", "Pope et al. 2022, section 3.3")
    return (weights + cache) / (accelerator.figure("bandwidth") * mbu)
