"""Cell function about the layouts of a training step: the fastest that fit."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Annotated

from xlcalc import accuracy
from xlcalc.cell_functions.training.step import operand_bytes, weight_bytes
from xlcalc.formula.arithmetic import chosen, plain, searched, term
from xlcalc.formula.records import columns
from xlcalc.formula.symbols import unrecorded
from xlcalc.hardware.kernels import framework, kernels
from xlcalc.hardware.software import usual_training
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.language.cells import Parsed
from xlcalc.language.declare import Table, cell_function
from xlcalc.language.kinds import (
    Accelerator,
    Count,
    DType,
    Model,
    PositiveTokens,
    Rows,
)
from xlcalc.model.dtypes import DType as Format
from xlcalc.model.flops import attention_flops
from xlcalc.model.spec import ModelSpec
from xlcalc.model.words import FLOP_WORDS, WORDS
from xlcalc.training import compute, memory, plan
from xlcalc.training.layout import Layout, layout_text, parse, spread
from xlcalc.training.step_time import step_time

LayoutText = Annotated[Layout, Parsed("a layout such as tp8pp4mb2 or zero3mb1full", parse)]
_STEP = "Narayanan et al. 2021; Korthikanti et al. 2022; achieved rates in catalog/efficiency.csv"


def _job(
    model: ModelSpec,
    accelerator: AcceleratorSpec,
    count: int,
    global_batch: int,
    seq_len: float,
    dtype: Format,
    layout: Layout | None,
) -> tuple[plan.Job, plan.Machine, Layout | None]:
    """What a plan is about, as plain numbers."""
    numbers = model.trained
    with unrecorded():
        one = accelerator.once((plan.Machine, dtype.name), lambda: _machine(accelerator, dtype))
    machine = one._replace(accelerators=count)
    own = None if layout is None else spread(count, layout, numbers.n_layers, numbers.n_experts, numbers.n_heads)
    return plan.Job(numbers, global_batch, seq_len, weight_bytes(dtype), operand_bytes(dtype)), machine, own


def _machine(accelerator: AcceleratorSpec, dtype: Format) -> plan.Machine:
    """One accelerator with what usually trains on it."""
    low, high = (usual_training(zero, accelerator.vendor) for zero in (1, 2))
    rates = kernels(accelerator, dtype.name, low), kernels(accelerator, dtype.name, high)
    return plan.Machine(1, accelerator.figure("memory"), *rates, framework(low), framework(high))


PLAN_COLUMNS = (
    "rank", "tp", "pp", "cp", "ep", "dp", "vp", "micro_batch", "zero", "recompute", "step seconds", "tokens/s", "MFU",
    "memory bytes", "limited by", "step seconds low", "step seconds high", "software",
)  # fmt: skip


@cell_function(
    category="Training", source="LLM_STEP_TIME and LLM_TRAIN_MEMORY on every layout that divides the machine"
)
def LLM_TRAIN_PLAN(
    model: Model,
    accelerator: Accelerator,
    count: Count,
    global_batch: Count,
    seq_len: PositiveTokens,
    dtype: DType = "bf16",
    top: Count = 5,
    layout: LayoutText = None,
) -> Rows:
    """The fastest layouts of a training step that fit in memory, best first.

    Searches tensor, pipeline, context, expert and data parallelism, ZeRO stages, interleaving, micro-batches and
    recomputation. MFU counts as LLM_MFU does; `limited by` names the largest part of the step. Four of five measured
    steps like it lie between low and high (LLM_ESTIMATE_BOUND). A `layout` of your own comes last, with its rank among
    all that fit; the rank is blank where it does not fit itself. `software` is what usually runs such a layout on the
    accelerator, whose memory LLM_TRAIN_MEMORY tells by that name.

    Args:
        count: accelerators
        dtype: number format of the matmuls
        top: layouts that are shown
        layout: one to compare, such as tp8pp4vp5mb2zero1full; what is left out is 1, no recomputation
    Example:
        >>> LLM_TRAIN_PLAN("llama-3.1-8b", "h100-sxm", 8, 128, 8192)[0][:4]
        ['rank', 'tp', 'pp', 'cp']
    """
    job, machine, own = _job(model, accelerator, count, global_batch, seq_len, dtype, layout)
    found = plan.plan(job, machine, top, own)
    flops = compute.train_flops(model.active, 1, attention_flops(model.flop_shape, seq_len), "none")
    peak = accelerator.peak(dtype.name)
    likely = _likely(model, accelerator, count, seq_len, dtype)

    def row(rank: int | None, candidate: plan.Candidate) -> list[object]:
        of, seconds = candidate.layout, candidate.seconds
        rate = global_batch * seq_len / seconds
        shape = (of.tp, of.pp, of.cp, of.ep, of.dp, of.vp, of.micro_batch, of.zero, of.recompute)
        limit = "memory: does not fit" if rank is None else candidate.limit
        mfu = compute.mfu(flops, rate, peak, count)
        ends = seconds * likely.low, seconds * likely.high
        software = usual_training(of.zero, accelerator.vendor)
        return [rank, *shape, seconds, rate, mfu, candidate.memory, limit, *ends, software]

    table = Table([list(PLAN_COLUMNS), *(row(rank, candidate) for rank, candidate in enumerate(found.best, 1))])
    if found.own:
        table.append(row(found.rank if found.own.memory <= machine.memory else None, found.own))
    return table


def _likely(
    model: ModelSpec, accelerator: AcceleratorSpec, count: int, seq_len: float, dtype: Format
) -> accuracy.ranges.Bounds:
    """The range of a step, kept with the model: a sheet asks for one plan cell by cell."""
    key = (_likely, accelerator.id, accelerator.vendor, accelerator.architecture, count, seq_len, dtype.name)
    given = {"model": model, "accelerator": accelerator, "count": count, "seq_len": seq_len, "dtype": dtype}
    return model.once(key, lambda: accuracy.ranges.of_call("LLM_STEP_TIME", given))


@LLM_TRAIN_PLAN.explained
def _fastest(given: SimpleNamespace) -> str:
    """The fastest layout that fits: its step by part, its memory by part against what there is, its utilisation."""
    job, machine, own = _job(
        given.model,
        given.accelerator,
        plain(given.count),
        plain(given.global_batch),
        plain(given.seq_len),
        given.dtype,
        given.layout,
    )
    best = searched(plan.plan, job, machine, plain(given.top), own).best[0].layout
    numbers = columns(job.model, WORDS, "of the model")
    software = usual_training(best.zero, given.accelerator.vendor)
    rates = kernels(given.accelerator, given.dtype.name, software)
    step = term(
        "seconds of a step", step_time(numbers, rates, best, given.global_batch, given.seq_len).total, "seconds", _STEP
    )
    held = memory.train_memory(
        numbers,
        best,
        given.seq_len,
        framework(software),
        weight_bytes=job.weight_bytes,
        operand_bytes=job.operand_bytes,
    )
    shape = columns(given.model.flop_shape, FLOP_WORDS, "of the model")
    flops = compute.train_flops(term("active parameters", given.model.active, "parameters", "of the model"), 1,
                                attention_flops(shape, given.seq_len), "none")  # fmt: skip
    rate = term("tokens a second", given.global_batch * given.seq_len / step, "tokens/s")
    used = compute.mfu(
        term("FLOP of a token", flops, "FLOP/token"), rate, given.accelerator.peak(given.dtype.name), given.count
    )
    return chosen(
        "plan",
        layout_text(best),
        "the fastest of the layouts that divide the machine and fit: {0}; {1} of {2}; {3}",
        step,
        term(
            "memory of the fullest accelerator", held.total, "bytes", "Korthikanti et al. 2022; Rajbhandari et al. 2020"
        ),
        given.accelerator.figure("memory"),
        term("MFU", used, "ratio", "Chowdhery et al. 2022, appendix B"),
    )
