"""The cheapest layouts that meet limits on latency: counts, layouts and formats tried in full, batches by bisection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from xlcalc.formula.arithmetic import least, most, term, where
from xlcalc.hosting.cost import PRICE_HEADER, Price, priced, usd_per_million
from xlcalc.hosting.disaggregation import pools, split_flow
from xlcalc.hosting.layout import Layout, Split
from xlcalc.hosting.memory import splits
from xlcalc.hosting.served import Served
from xlcalc.hosting.step import Replica, replica
from xlcalc.hosting.throughput import Flow, Traffic, as_written, flow, stage_seconds, useful

HEADER = [
    "accelerators", "layout", "dtype", "batch", "TTFT (s)", "TPOT (s)", "tokens/s", "tokens/s/accelerator",
    "USD/M output tokens", *PRICE_HEADER[:3],
]  # fmt: skip

_LARGEST = 1024  # accelerators of a replica that a plan looks at


class Option(NamedTuple):
    """A layout with the largest batch that meets the limits and still helps; tokens a second never fall with it."""

    layout: Layout | Split
    of: Served
    batch: int
    ttft: float
    flow: Flow

    @property
    def text(self) -> str:
        return as_written(self.of, self.layout)

    @property
    def per_accelerator(self) -> float:
        return self.flow.tokens_per_second / self.layout.accelerators


def first_token(r: Replica, traffic: Traffic, running: Flow) -> float:
    """Seconds to the first token in a running replica without a queue: half a step of waiting, then the prompt among
    the decoding sequences, in chunks of the token budget."""
    group = running.decoding / r.layout.pp
    budget = most(r.of.engine.step_tokens * r.layout.dp - group * traffic.checked, 1.0)
    tokens = where(traffic.prefilled > 0, least(traffic.prefilled, budget), 1.0)
    chunks = most(traffic.prefilled / tokens, 1.0)
    shared = term("a step with the prompt", stage_seconds(r, traffic, group, tokens, running.sequences), "seconds")
    return (
        term("half a step of waiting", traffic.given(running.tpot) / 2, "seconds")
        + (chunks + (r.layout.pp - 1)) * shared
    )


def counts(max_count: int) -> list[int]:
    """Powers of two up to the largest count, and that itself."""
    if max_count > _LARGEST:
        raise ValueError(f"plans replicas of at most {_LARGEST} accelerators; got a max_count of {max_count}")
    powers = [1 << i for i in range(max_count.bit_length()) if 1 << i <= max_count]
    return sorted({*powers, max_count})


class Candidate(NamedTuple):
    """A layout and format before its batch is searched: the most tokens a second for each accelerator that it could
    give within any limits, and the search."""

    at_most: float
    search: Callable[[], Option]


def candidates(
    formats: Sequence[Served],
    traffic: Traffic,
    ttft_limit: float | None,
    tpot_limit: float | None,
    max_count: int,
) -> Iterator[Candidate]:
    """Every layout and format; and prefill and decoding apart, on replicas of one kind."""
    for count in counts(max_count):
        yield from _splits(formats, traffic, tpot_limit, count)
        for layout in splits(formats[0], count):
            for of in formats:
                most = useful(of, traffic, layout)
                if most:
                    r = replica(of, layout)
                    full = flow(r, traffic, most)
                    search = partial(_largest, r, traffic, most, full, ttft_limit, tpot_limit)
                    yield Candidate(full.tokens_per_second / count, search)


def _splits(formats: Sequence[Served], traffic: Traffic, tpot_limit: float | None, count: int) -> Iterator[Candidate]:
    """Disaggregated candidates of `count` accelerators, all replicas of one layout."""
    later = traffic._replace(cached_share=1)
    for size in (size for size in range(1, count // 2 + 1) if count % size == 0):
        for layout in splits(formats[0], size):
            for of in formats:
                most = useful(of, later, layout)
                if most:
                    r = replica(of, layout)
                    full = flow(r, later, most)
                    decode = partial(_largest, r, later, most, full, None, tpot_limit)
                    at_most = full.tokens_per_second * (count // size - 1) / count
                    yield Candidate(at_most, partial(_apart, of, traffic, layout, count // size, decode))


def _apart(of: Served, traffic: Traffic, layout: Layout, replicas: int, search: Callable[[], Option]) -> Option:
    """As many of the replicas prefill as give most tokens. TTFT is half a step of waiting and a step, on a prefill
    replica whose steps are full."""
    decode = search()
    both = pools(of, replicas * layout.accelerators, traffic, Split(1, layout, replicas - 1, layout))
    begun = both.prefill_rate * traffic.output

    def tokens(prefill: int) -> float:
        return min(begun * prefill, decode.flow.tokens_per_second * (replicas - prefill))

    prefill = max(range(1, replicas), key=tokens)
    split = Split(prefill, layout, replicas - prefill, layout)
    both = pools(of, split.accelerators, traffic, split)
    batch = decode.batch * split.decode_replicas
    first = 1.5 * flow(both.prefill.replica, both.prefill.traffic, both.prefill.places).tpot
    return Option(split, of, batch, first, split_flow(both, traffic.output, batch))


def _largest(
    r: Replica, traffic: Traffic, most: int, full: Flow, ttft_limit: float | None, tpot_limit: float | None
) -> Option:
    """The largest batch inside the limits, by bisection: both latencies grow with it. Where none is, that of 1."""

    def at(batch: int, running: Flow) -> Option | None:
        if tpot_limit is not None and running.tpot > tpot_limit:
            return None
        option = Option(r.layout, r.of, batch, first_token(r, traffic, running), running)
        return option if meets(option, ttft_limit, tpot_limit) else None

    found = at(most, full)
    if found:
        return found
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        option = at(middle, flow(r, traffic, middle))
        low, high, found = (middle, high, option) if option else (low, middle, found)
    if found:
        return found
    running = flow(r, traffic, 1)
    return Option(r.layout, r.of, 1, first_token(r, traffic, running), running)


def meets(option: Option, ttft_limit: float | None, tpot_limit: float | None) -> bool:
    """Whether an option keeps both limits; None is no limit."""
    first = ttft_limit is None or option.ttft <= ttft_limit
    return first and (tpot_limit is None or option.flow.tpot <= tpot_limit)


def plan(
    formats: Sequence[Served],
    traffic: Traffic,
    ttft_limit: float | None,
    tpot_limit: float | None,
    max_count: int,
    top: int,
    price: Price | None,
) -> list[list[object]]:
    """The cheapest options as rows under HEADER. Raises ValueError where none meets the limits."""
    rows: list[list[object]] = []
    for o in best(formats, traffic, ttft_limit, tpot_limit, max_count, top)[0]:
        usd = usd_per_million(price.usd_per_hour, o.per_accelerator, 1) if price else None
        rows.append([
            o.layout.accelerators, o.text, o.of.dtype, o.batch, o.ttft, o.flow.tpot, o.flow.tokens_per_second,
            o.per_accelerator, usd, *priced(price)[:3],
        ])  # fmt: skip
    return rows


def best(
    formats: Sequence[Served],
    traffic: Traffic,
    ttft_limit: float | None,
    tpot_limit: float | None,
    max_count: int,
    top: int,
) -> tuple[list[Option], int]:
    """The cheapest options inside the limits, and how many layouts and formats there were to choose from.

    All accelerators of a kind cost the same, so the cheapest is the one with most tokens a second for each; what could
    not be among the best at any batch is not searched. Raises ValueError where none meets the limits, saying what comes
    nearest.
    """
    tried = sorted(candidates(formats, traffic, ttft_limit, tpot_limit, max_count), key=lambda c: -c.at_most)
    good: list[Option] = []
    missed: list[Option] = []
    for candidate in tried:
        if len(good) >= top and candidate.at_most <= good[top - 1].per_accelerator:
            break
        option = candidate.search()
        (good if meets(option, ttft_limit, tpot_limit) else missed).append(option)
        good.sort(key=lambda option: -option.per_accelerator)
    if good:
        return good[:top], len(tried)
    if not missed:
        tried_in = " or ".join(of.dtype for of in formats)
        raise ValueError(
            f"finds no layout of up to {max_count} x {formats[0].on.name} that holds the weights in {tried_in} and "
            f"a sequence of {traffic.prompt + traffic.output:g} tokens: take more accelerators"
        )
    first, token = min(o.ttft for o in missed), min(o.flow.tpot for o in missed)
    raise ValueError(
        f"finds no layout of up to {max_count} x {formats[0].on.name} that meets both limits; at "
        f"batch 1 the shortest TTFT is {first:.3g} s and the shortest TPOT {token:.3g} s"
    )
