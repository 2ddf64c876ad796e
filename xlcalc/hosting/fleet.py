"""Fleets: as many replicas as hold limits on latency at a quantile, and what they cost in whole nodes.

Requests spread evenly over replicas that are all alike; or prefill and decoding stand on replicas of their own (Zhong
et al. 2024, DistServe), each kind as many as its own limit asks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from xlcalc.formula.arithmetic import ceil
from xlcalc.hosting.cost import usd_per_million
from xlcalc.hosting.disaggregation import transfer
from xlcalc.hosting.layout import Layout, Split
from xlcalc.hosting.memory import splits
from xlcalc.hosting.plan import counts
from xlcalc.hosting.queueing import Full, Load, at_quantile, full, load, loaded
from xlcalc.hosting.served import Served
from xlcalc.hosting.step import Replica, replica
from xlcalc.hosting.throughput import Traffic, stage_seconds, useful

_MOST_LOADED = 0.95  # of what a replica sustains: beyond, queues have no end that any estimate of its speed could tell
_TURNS = 14  # halvings of the sequences that decode: to a ten-thousandth


class Limits(NamedTuple):
    """The longest time to the first token and per output token (None = any), and the share of requests within them."""

    ttft: float | None
    tpot: float | None
    quantile: float


class Kind(NamedTuple):
    """A replica that keeps the limits up to a rate, with what limits it when it is full."""

    replica: Replica
    traffic: Traffic
    limit: Full
    rate: float

    @property
    def accelerators(self) -> int:
        return self.replica.layout.accelerators

    def count(self, rate: float, scale: float = 1) -> int:
        """Replicas for a rate, each `scale` times as quick as estimated."""
        return max(ceil(rate / (self.rate * scale) - 1e-9), 1)

    def at(self, rate: float) -> Load:
        """The state of each replica when a rate spreads over as many as it needs."""
        return load(self.replica, self.traffic, rate / self.count(rate), self.limit)


class Fleet(NamedTuple):
    """Replicas of one kind, or of two: prefill first, then decoding."""

    of: Served
    kinds: tuple[Kind, ...]
    rate: float  # requests a second that come

    @property
    def replicas(self) -> int:
        return sum(kind.count(self.rate) for kind in self.kinds)

    def accelerators(self, scale: float = 1) -> int:
        """Accelerators of all replicas, each `scale` times as quick as estimated."""
        return sum(kind.count(self.rate, scale) * kind.accelerators for kind in self.kinds)

    def nodes(self, scale: float = 1) -> int:
        """Whole nodes that the replicas stand in: several in a node, or each over several."""
        node = self.of.on.node or 1
        return sum(_nodes(kind.count(self.rate, scale), kind.accelerators, node) for kind in self.kinds)

    def paid(self, scale: float = 1) -> int:
        """Accelerators in those nodes."""
        return self.nodes(scale) * (self.of.on.node or 1)

    @property
    def layout(self) -> Layout | Split:
        if len(self.kinds) == 1:
            return self.kinds[0].replica.layout
        first, later = self.kinds
        return Split(first.count(self.rate), first.replica.layout, later.count(self.rate), later.replica.layout)

    @property
    def utilisation(self) -> float:
        """Of what the replicas sustain for ever, that of the busiest kind."""
        return max(self.rate / kind.count(self.rate) / kind.limit.requests for kind in self.kinds)

    def latencies(self, quantile: float) -> tuple[float, float]:
        """Time to the first token and per output token at the quantile."""
        first, later = self.kinds[0], self.kinds[-1]
        return tuple(
            at_quantile(kind.replica, kind.traffic, kind.at(self.rate), kind.limit, quantile, metric)
            for kind, metric in ((first, "ttft"), (later, "tpot"))
        )  # type: ignore[return-value]

    @property
    def prompts(self) -> float:
        """The share of the accelerators' time that goes to prompts: of steps, at the rate that a replica holds, what a
        prompt adds to them, or of kinds the accelerators that prefill. Idle time is shared alike."""
        if len(self.kinds) == 2:
            first, later = (kind.count(self.rate) * kind.accelerators for kind in self.kinds)
            return first / (first + later)
        (kind,) = self.kinds
        at, pp = kind.at(kind.rate), kind.replica.layout.pp
        return 1 - pp * stage_seconds(kind.replica, kind.traffic, at.decoding / pp, 0, at.decoding) / at.step

    def usd_per_million(self, usd_per_hour: float, traffic: Traffic) -> tuple[float, float]:
        """USD per million tokens of prompts and of answers, each with its share of the time."""
        share = self.prompts
        return (
            usd_per_million(usd_per_hour * share, self.rate * traffic.prompt, 1),
            usd_per_million(usd_per_hour * (1 - share), self.rate * traffic.output, 1),
        )


def _nodes(replicas: int, size: int, node: int) -> int:
    return replicas * ceil(size / node) if size >= node else ceil(replicas / (node // size))


@lru_cache(maxsize=16)  # a sheet asks for one fleet cell by cell
def fleets(of: Served, traffic: Traffic, rate: float, limits: Limits, max_count: int) -> tuple[Fleet, ...]:
    """Fleets of every layout of up to `max_count` accelerators a replica, those in the fewest nodes first, then those
    of the fewest accelerators. Raises ValueError where none holds the limits."""
    found = [Fleet(of, (kind,), rate) for kind in _kinds(of, traffic, limits, max_count)]
    prefill = list(_kinds(of, Traffic(traffic.prompt, 1, traffic.cached_share), limits._replace(tpot=None), max_count))
    decode = list(_kinds(of, traffic._replace(cached_share=1), limits._replace(ttft=None), max_count))
    if prefill and decode:
        handing = (_handed(kind, traffic) for kind in prefill)
        first = min(handing, key=lambda kind: kind.count(rate) * kind.accelerators)
        later = min(decode, key=lambda kind: kind.count(rate) * kind.accelerators)
        found.append(Fleet(of, (first, later), rate))
    if not found:
        raise ValueError(_none(of, traffic, limits, max_count))
    return tuple(sorted(found, key=lambda fleet: (fleet.paid(), fleet.accelerators(), fleet.replicas)))


def _handed(kind: Kind, traffic: Traffic) -> Kind:
    """A prefill replica that hands each cache on before the next: sending one overlaps with computing another."""
    layout = kind.replica.layout
    seconds = transfer(kind.replica, Split(1, layout, 1, layout), traffic)
    return kind._replace(rate=min(kind.rate, 1 / seconds))


def _kinds(of: Served, traffic: Traffic, limits: Limits, max_count: int) -> Iterator[Kind]:
    for count in counts(max_count):
        for layout in splits(of, count):
            places = useful(of, traffic, layout)
            if places:
                kind = held(replica(of, layout), traffic, places, limits)
                if kind.rate > 0:
                    yield kind


def held(r: Replica, traffic: Traffic, places: int, limits: Limits) -> Kind:
    """A replica with the largest rate at which it keeps the limits, 0 where it keeps them at none. Latencies grow with
    load, so it is found by bisection over the sequences that decode."""
    limit = full(r, traffic, places)

    def keeps(decoding: float) -> float:
        at = loaded(r, traffic, decoding, limit)
        for metric, longest in (("tpot", limits.tpot), ("ttft", limits.ttft)):
            if longest is not None and at_quantile(r, traffic, at, limit, limits.quantile, metric) > longest:
                return 0.0
        return min(at.rate, _MOST_LOADED * limit.requests)

    low, high, rate = 0.0, limit.decoding, keeps(limit.decoding)
    if rate:
        return Kind(r, traffic, limit, rate)
    for _ in range(_TURNS):
        middle = (low + high) / 2
        kept = keeps(middle)
        low, high, rate = (middle, high, kept) if kept else (low, middle, rate)
    return Kind(r, traffic, limit, rate)


def _none(of: Served, traffic: Traffic, limits: Limits, max_count: int) -> str:
    """The sentence where no replica keeps the limits."""
    idle = []
    for count in counts(max_count):
        for layout in splits(of, count):
            places = useful(of, traffic, layout)
            if places:
                r, limit = replica(of, layout), full(replica(of, layout), traffic, places)
                at = loaded(r, traffic, limit.decoding * 1e-4, limit)
                idle.append([at_quantile(r, traffic, at, limit, limits.quantile, m) for m in ("ttft", "tpot")])
    if not idle:
        return (
            f"finds no layout of up to {max_count} x {of.on.name} that holds the weights and a sequence of "
            f"{traffic.prompt + traffic.output:g} tokens: take more accelerators"
        )
    first, token = (min(times) for times in zip(*idle, strict=True))
    return (
        f"finds no layout of up to {max_count} x {of.on.name} that keeps the limits for {limits.quantile:.4g} of the "
        f"requests; nearly idle, the shortest TTFT is {first:.3g} s and the shortest TPOT {token:.3g} s"
    )
