"""The fastest layouts of a training step that fit, out of all that divide the machine.

Left out without computing: ZeRO 0, which is never faster nor smaller than ZeRO 1; recomputation where the layout fits
without it; ZeRO 2 and 3 together with pipelines, which gather every micro-batch anew; tensor parallelism across
scale-up domains.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from heapq import nsmallest
from itertools import accumulate
from math import inf, isqrt
from typing import NamedTuple

from xlcalc.hardware.rates import Framework, TrainRates
from xlcalc.model.coefficients import Coefficients
from xlcalc.training.compute import RECOMPUTE
from xlcalc.training.layout import Layout
from xlcalc.training.memory import train_memory
from xlcalc.training.step_time import StepTime, step_time

MIN_SEQUENCE_SHARD = 1024  # tokens of a sequence that a context-parallel rank gets at least
MAX_MICRO_BATCH = 256
MOST_LAYOUTS = 1_000_000  # that one search tries, each with its micro-batches


class Machine(NamedTuple):
    """What a plan has to spend: accelerators, bytes on each, their rates under the software that runs ZeRO 0 and 1 and
    under that of ZeRO 2 and 3, and what either keeps in memory."""

    accelerators: int
    memory: float
    replicated: TrainRates
    sharded: TrainRates
    replicated_keeps: Framework
    sharded_keeps: Framework

    def rates(self, zero: int) -> TrainRates:
        """The rates of the software that runs this ZeRO stage."""
        return self.sharded if zero >= 2 else self.replicated

    def keeps(self, zero: int) -> Framework:
        """What the software that runs this ZeRO stage keeps."""
        return self.sharded_keeps if zero >= 2 else self.replicated_keeps


class Job(NamedTuple):
    """What is trained: sequences of a step, their tokens, bytes of weights and of operands that are kept."""

    model: Coefficients
    global_batch: int
    seq_len: float
    weight_bytes: float = 2.0
    operand_bytes: float = 2.0


class Candidate(NamedTuple):
    """A layout that fits, with its step and its bytes on the fullest accelerator."""

    layout: Layout
    time: StepTime
    memory: float

    @property
    def seconds(self) -> float:
        return self.time.total

    @property
    def limit(self) -> str:
        """The largest cause of the step's time."""
        return StepTime._fields[self.time.index(max(self.time))]


class Plan(NamedTuple):
    """The fastest layouts that fit; a layout of one's own, fitting or not, and its rank among those that fit."""

    best: list[Candidate]
    own: Candidate | None
    rank: int


def divisors(n: int, most: float) -> list[int]:
    """Divisors of n up to `most`, ascending, found by their partners below the root. Raises ValueError past 1e12.

    >>> divisors(280, 40)
    [1, 2, 4, 5, 7, 8, 10, 14, 20, 28, 35, 40]
    """
    most = int(min(n, most))
    if min(most, n) > 10**12:
        raise ValueError("has numbers of layers, accelerators or sequences beyond 1e12, which nobody divides")
    low = [d for d in range(1, min(most, isqrt(n)) + 1) if n % d == 0]
    return sorted({*low, *(n // d for d in low if n // d <= most)}) if most > isqrt(n) else low


def _chunks(layers: int, pp: int) -> list[int]:
    """Model chunks that a stage may have: divisors of its layers, powers of two where layers are spread unevenly."""
    if pp == 1:
        return [1]
    if layers % pp == 0:
        return divisors(layers // pp, layers)
    return [1 << i for i in range((layers // pp).bit_length())]


def layouts(job: Job, machine: Machine) -> Iterator[tuple[Layout, list[int]]]:
    """Every layout that divides the machine, without recomputation, and its micro-batches, ascending."""
    model, count = job.model, machine.accelerators
    for tp in divisors(count, machine.replicated.domain):
        if model.n_heads % tp:
            continue
        for pp in divisors(count // tp, model.n_layers):
            for cp in divisors(count // (tp * pp), max(1.0, job.seq_len / MIN_SEQUENCE_SHARD)):
                dp = count // (tp * pp * cp)
                if job.global_batch % dp:
                    continue
                micro_batches = divisors(job.global_batch // dp, MAX_MICRO_BATCH)
                ranks = tp * cp * dp
                experts = [ep for ep in divisors(ranks, model.n_experts) if model.n_experts % ep == 0]
                zeros = (1, 2, 3) if pp == 1 and dp * cp > 1 else (1,)
                for ep in experts or [1]:
                    for vp in _chunks(model.n_layers, pp):
                        for zero in zeros:
                            yield Layout(tp, pp, dp, ep, cp, vp, 1, zero), micro_batches


def more_than(most: int, job: Job, machine: Machine) -> bool:
    """Whether the layouts with their micro-batches are more than so many."""
    return any(found > most for found in accumulate(len(micro_batches) for _, micro_batches in layouts(job, machine)))


def memory_of(job: Job, machine: Machine, layout: Layout) -> float:
    """Bytes on the fullest accelerator."""
    return train_memory(
        job.model,
        layout,
        job.seq_len,
        machine.keeps(layout.zero),
        weight_bytes=job.weight_bytes,
        operand_bytes=job.operand_bytes,
    ).total


def _timed(job: Job, machine: Machine, layout: Layout, held: float | None = None) -> Candidate:
    time = step_time(job.model, machine.rates(layout.zero), layout, job.global_batch, job.seq_len)
    return Candidate(layout, time, memory_of(job, machine, layout) if held is None else held)


def fitting(job: Job, machine: Machine) -> Iterator[Candidate]:
    """The layouts that fit with their times, each with as little recomputation as it can do with."""
    for layout, micro_batches in layouts(job, machine):
        least = 0  # recomputation that a smaller micro-batch could not do without: nor can a larger one
        for micro_batch in micro_batches:
            for recompute in RECOMPUTE[least:]:
                candidate = layout._replace(micro_batch=micro_batch, recompute=recompute)
                held = memory_of(job, machine, candidate)
                if held <= machine.memory:
                    yield _timed(job, machine, candidate, held)
                    break
                least += 1
            else:
                break


@lru_cache(maxsize=16)  # a sheet asks for one plan cell by cell
def plan(job: Job, machine: Machine, top: int, own: Layout | None = None) -> Plan:
    """The `top` fastest layouts that fit, best first, and where `own` stands among all. Raises ValueError where none
    fits, and where there are more than MOST_LAYOUTS to try."""
    if more_than(MOST_LAYOUTS, job, machine):
        raise ValueError(
            f"has more than {MOST_LAYOUTS:,} layouts of {machine.accelerators:,} accelerators and {job.global_batch:,} "
            "sequences to try: take numbers with fewer divisors, or a shorter seq_len"
        )
    ranked = None if own is None else _timed(job, machine, own)
    pace = inf if ranked is None else ranked.seconds
    faster = 0

    def counted() -> Iterator[Candidate]:
        nonlocal faster
        for candidate in fitting(job, machine):
            faster += candidate.seconds < pace
            yield candidate

    best = nsmallest(top, counted(), key=lambda candidate: candidate.seconds)
    if not best:
        raise ValueError(
            f"finds no layout of {machine.accelerators} accelerators that divides {job.global_batch} sequences and "
            f"fits in {machine.memory / 1e9:.4g} GB each: take more accelerators or another batch"
        )
    return Plan(best, ranked, 1 + faster)
