"""The fastest layouts of a training step that fit, out of all that divide the machine.

Left out without computing: ZeRO 0, which is never faster nor smaller than ZeRO 1; recomputation where the layout fits
without it; ZeRO 2 and 3 together with pipelines, which gather every micro-batch anew; tensor parallelism across
scale-up domains.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from itertools import accumulate, product
from math import inf
from typing import NamedTuple

from xlcalc import limits
from xlcalc.hardware.rates import Framework, TrainRates
from xlcalc.model.coefficients import Coefficients
from xlcalc.training.compute import RECOMPUTE
from xlcalc.training.layout import Layout
from xlcalc.training.memory import TrainMemory, train_memory
from xlcalc.training.micro_batch import micro_batch_time
from xlcalc.training.step_time import StepTime, accumulated_bytes, step_time

MIN_SEQUENCE_SHARD = 1024  # tokens of a sequence that a context-parallel rank gets at least
MAX_MICRO_BATCH = 256
_MOST_PRIME, _MOST_DIVIDED = 10**6, 10**12  # primes to 1e6 find every divisor of a number up to 1e12
_BEYOND = "has numbers of layers, accelerators or sequences beyond 1e12, which nobody divides"
_ROUNDED = 1 - 1e-9  # of a floor, for sums in another order
MOST_COMPUTED = 100_000  # of them in full, since their floor does not tell that they are slower than what is asked for


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
    """Divisors of n up to `most`, ascending. Raises ValueError where n has a prime beyond 1e6 that may divide twice.

    >>> divisors(280, 40)
    [1, 2, 4, 5, 7, 8, 10, 14, 20, 28, 35, 40]
    """
    if min(n, most) > _MOST_DIVIDED:
        raise ValueError(_BEYOND)
    found, rest = _products(int(n))
    if rest > _MOST_DIVIDED and most > _MOST_PRIME:
        raise ValueError(_BEYOND)
    return [d for d in found if d <= most]


@lru_cache(maxsize=64)
def _products(n: int) -> tuple[list[int], int]:
    """Divisors of n by its primes, and the last of them: a prime, or beyond 1e12 what no prime to 1e6 divides."""
    found, prime, rest = [1], 2, n
    while prime * prime <= rest and prime <= _MOST_PRIME:
        powers = [1]
        while rest % prime == 0:
            rest //= prime
            powers.append(powers[-1] * prime)
        found = [d * power for d in found for power in powers]
        prime += 1 if prime == 2 else 2
    return sorted({d * last for d in found for last in (1, rest)}), rest


def _chunks(layers: int, pp: int) -> list[int]:
    """Model chunks that a stage may have: divisors of its layers, powers of two where layers are spread unevenly."""
    if pp == 1:
        return [1]
    if layers % pp == 0:
        return divisors(layers // pp, layers)
    return [1 << i for i in range((layers // pp).bit_length())]


class Ways(NamedTuple):
    """How ranks are divided, and the chunks, ZeRO stages and micro-batches that this allows, each ascending."""

    tp: int
    pp: int
    dp: int
    ep: int
    cp: int
    chunks: list[int]
    zeros: tuple[int, ...]
    micro_batches: list[int]

    @property
    def n_layouts(self) -> int:
        return len(self.chunks) * len(self.zeros) * len(self.micro_batches)

    def layout(self, vp: int, micro_batch: int, zero: int, recompute: str) -> Layout:
        return Layout(self.tp, self.pp, self.dp, self.ep, self.cp, vp, micro_batch, zero, recompute)


def ways(job: Job, machine: Machine) -> Iterator[Ways]:
    """Every way to divide the machine."""
    model, count = job.model, machine.accelerators
    for tp in divisors(count, machine.replicated.domain):
        if model.n_heads % tp:
            continue
        for pp in divisors(count // tp, model.n_layers):
            chunks = _chunks(model.n_layers, pp)
            for cp in divisors(count // (tp * pp), max(1.0, job.seq_len / MIN_SEQUENCE_SHARD)):
                dp = count // (tp * pp * cp)
                if job.global_batch % dp:
                    continue
                micro_batches = divisors(job.global_batch // dp, MAX_MICRO_BATCH)
                ranks = tp * cp * dp
                experts = [ep for ep in divisors(ranks, model.n_experts) if model.n_experts % ep == 0]
                zeros = (1, 2, 3) if pp == 1 and dp * cp > 1 else (1,)
                for ep in experts or [1]:
                    yield Ways(tp, pp, dp, ep, cp, chunks, zeros, micro_batches)


def more_than(most: int, job: Job, machine: Machine) -> bool:
    """Whether the layouts with their micro-batches are more than so many."""
    return any(found > most for found in accumulate(of.n_layouts for of in ways(job, machine)))


def memory_of(job: Job, machine: Machine, layout: Layout) -> float:
    """Bytes on the fullest accelerator."""
    return _memory(job, machine, layout).total


def _memory(job: Job, machine: Machine, layout: Layout) -> TrainMemory:
    return train_memory(
        job.model,
        layout,
        job.seq_len,
        machine.keeps(layout.zero),
        weight_bytes=job.weight_bytes,
        operand_bytes=job.operand_bytes,
    )


def _timed(job: Job, machine: Machine, layout: Layout, held: float | None = None) -> Candidate:
    time = step_time(job.model, machine.rates(layout.zero), layout, job.global_batch, job.seq_len)
    return Candidate(layout, time, memory_of(job, machine, layout) if held is None else held)


class _Floors:
    """Seconds that a step takes at least: a lower bound that costs a fraction of the step.

    Its micro-batches, without recomputation unless it is known to need all of it, the pipeline's bubble, and the
    latencies of the rings that share parameters beyond what hides them; the rest of `step_time` is nothing or more.
    """

    def __init__(self, job: Job, machine: Machine) -> None:
        self._job, self._machine = job, machine
        self._pace = cache(self._micro_batch)
        self.most = min(job.global_batch, MAX_MICRO_BATCH)

    def _micro_batch(
        self, tp: int, ep: int, cp: int, micro_batch: int, interleaved: bool, zero: int, recompute: str
    ) -> float:
        job, k = self._job, self._machine.rates(zero)
        tokens = micro_batch * job.seq_len / cp
        gradient = accumulated_bytes(k, zero)
        micro = micro_batch_time(job.model, k, tokens, job.seq_len, tp, ep, cp, interleaved, recompute, gradient)
        return micro.layers + micro.head

    def step(self, of: Ways, vp: int, zero: int, first: int, steady: int, recompute: str = "none") -> float:
        """The floor of layouts whose micro-batches have `first` to `steady` sequences.

        A micro-batch takes no less for more sequences, and a sequence no more in a larger micro-batch: each part is a
        start and a share of the tokens, or what of the first outlasts the second.
        """
        tp, pp, dp, ep, cp = of[:5]
        interleaved, stage = pp > 1 and vp > 1, min(zero, 2)
        m = self._job.global_batch / dp / steady
        recompute = "full" if recompute == "full" else "none"  # what is selected costs little, and its shape varies
        pace = self._pace(tp, ep, cp, steady, interleaved, stage, recompute)
        seconds = m * pace
        start = pace if first == steady else self._pace(tp, ep, cp, first, interleaved, stage, recompute)
        bubble = (pp - 1) / vp * start
        k, ranks = self._machine.rates(zero), dp * cp
        if zero < 2:  # gradients reduced and weights gathered behind one micro-batch
            waiting = 2 * (ranks - 1) * k.latency - pace / pp
        else:  # behind every one
            inside = min(ranks, max(1, k.domain // tp)) if k.shards_inside else ranks
            waiting = m * zero * (inside - 1) * self._job.model.n_layers * k.latency - seconds
        return ((seconds + bubble) / pp + max(0.0, waiting)) * _ROUNDED

    def ways(self, of: Ways) -> float:
        """The floor of all layouts of one way to divide the machine."""
        ends = {of.chunks[0], of.chunks[-1]}
        return min(self.step(of, vp, zero, 1, self.most) for vp in ends for zero in of.zeros)


def fitting(job: Job, machine: Machine, slowest: Callable[[], float] = lambda: inf) -> Iterator[Candidate]:
    """The layouts that fit with their times, each with as little recomputation as it can do with.

    Left out are those that cannot be as fast as `slowest` says when it is their turn; what can be fastest comes first.
    """
    floors = _Floors(job, machine)
    for least_seconds, _, of in sorted((floors.ways(of), n, of) for n, of in enumerate(ways(job, machine))):
        if least_seconds > slowest():
            return
        for vp, zero in product(of.chunks, of.zeros):
            least = 0  # recomputation that a smaller micro-batch could not do without: nor can a larger one
            for micro_batch in of.micro_batches:
                if floors.step(of, vp, zero, micro_batch, floors.most, RECOMPUTE[least]) > slowest():
                    break
                while least < len(RECOMPUTE):
                    recompute = RECOMPUTE[least]
                    if floors.step(of, vp, zero, micro_batch, micro_batch, recompute) > slowest():
                        break
                    candidate = of.layout(vp, micro_batch, zero, recompute)
                    held = _memory(job, machine, candidate)
                    if held.total <= machine.memory:
                        yield _timed(job, machine, candidate, held.total)
                        break
                    states = held.weights + held.gradients + held.optimizer
                    least = len(RECOMPUTE) if states > machine.memory else least + 1
                if least == len(RECOMPUTE):
                    break


@lru_cache(maxsize=16)  # a sheet asks for one plan cell by cell
def plan(job: Job, machine: Machine, top: int, own: Layout | None = None) -> Plan:
    """The `top` fastest layouts that fit, best first, and where `own` stands among all. Raises ValueError where none
    fits, and where there are more than limits.LAYOUTS to try."""
    if more_than(limits.LAYOUTS, job, machine):
        raise ValueError(
            f"has more than {limits.LAYOUTS:,} layouts of {machine.accelerators:,} accelerators and "
            f"{job.global_batch:,} sequences to try: take numbers with fewer divisors, or a shorter seq_len"
        )
    ranked = None if own is None else _timed(job, machine, own)
    pace = 0.0 if ranked is None or ranked.memory > machine.memory else ranked.seconds
    best: list[tuple[tuple[float, ...], Candidate]] = []  # the fastest so far, ascending
    faster = 0

    def slowest() -> float:
        return inf if len(best) < top else max(pace, best[-1][1].seconds)

    for n, candidate in enumerate(fitting(job, machine, slowest)):
        if n == MOST_COMPUTED:
            raise ValueError(
                f"asks for more than {MOST_COMPUTED:,} layouts that could be among the {top:,} fastest or as fast as "
                "the layout to compare: take a smaller top, or a faster layout"
            )
        faster += candidate.seconds < pace
        insort(best, (_place(candidate), candidate))
        del best[top:]
    if not best:
        raise ValueError(
            f"finds no layout of {machine.accelerators} accelerators that divides {job.global_batch} sequences and "
            f"fits in {machine.memory / 1e9:.4g} GB each: take more accelerators or another batch"
        )
    return Plan([candidate for _, candidate in best], ranked, 1 + faster)


def _place(candidate: Candidate) -> tuple[float, ...]:
    """Faster ones first, of equals those that are divided in fewer ways."""
    of = candidate.layout
    return candidate.seconds, of.tp, of.pp, of.cp, of.ep, of.vp, of.zero, of.micro_batch
