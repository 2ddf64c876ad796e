"""The cheapest layouts that meet limits on latency: counts, layouts and formats tried in full, batches by bisection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from xlcalc.formula.arithmetic import least, most, term
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.hosting.constants import constant
from xlcalc.hosting.cost import lowest_price, usd_per_million
from xlcalc.hosting.disaggregation import pools, split_flow
from xlcalc.hosting.layout import Layout, Split
from xlcalc.hosting.memory import splits
from xlcalc.hosting.step import Replica, replica
from xlcalc.hosting.throughput import Flow, Traffic, flow, room, stage_seconds
from xlcalc.model.dtypes import DTYPES, DType
from xlcalc.model.spec import ModelSpec

HEADER = [
    "accelerators", "layout", "dtype", "batch", "TTFT (s)", "TPOT (s)", "tokens/s", "tokens/s/accelerator",
    "USD/M output tokens", "USD/accelerator-hour", "price from", "price as of",
]  # fmt: skip


class Option(NamedTuple):
    """A layout with the largest batch that meets the limits."""

    layout: Layout | Split
    dtype: DType
    batch: int
    ttft: float
    flow: Flow

    @property
    def per_accelerator(self) -> float:
        return self.flow.tokens_per_second / self.layout.accelerators


def first_token(r: Replica, traffic: Traffic, running: Flow) -> float:
    """Seconds to the first token in a running replica without a queue: half a step of waiting, then the prompt among
    the decoding sequences, in chunks of the token budget."""
    group = running.decoding / r.layout.pp
    budget = most(constant("step_tokens") * r.layout.dp - group, 1.0)
    tokens = least(traffic.prefilled, budget) or 1.0
    chunks = most(traffic.prefilled / tokens, 1.0)
    shared = term("a step with the prompt", stage_seconds(r, traffic, group, tokens, running.sequences), "seconds")
    return term("half a step of waiting", running.tpot / 2, "seconds") + (chunks + r.layout.pp - 1) * shared


def formats(model: ModelSpec, accelerator: AcceleratorSpec) -> list[DType]:
    """The formats of weights to try: 16 bit and those narrower ones that the accelerator computes in."""
    found = [DTYPES["fp16" if accelerator.peak_fp16 and not accelerator.peak_bf16 else "bf16"]]
    found += [DTYPES["fp8"]] if accelerator.peak_fp8 else []
    found += [DTYPES["nvfp4"]] if accelerator.peak_fp4 and accelerator.vendor == "NVIDIA" else []
    return found


def counts(max_count: int) -> list[int]:
    """Powers of two up to the largest count, and that itself."""
    powers = [1 << i for i in range(max_count.bit_length()) if 1 << i <= max_count]
    return sorted({*powers, max_count})


def options(
    model: ModelSpec,
    accelerator: AcceleratorSpec,
    traffic: Traffic,
    ttft_limit: float | None,
    tpot_limit: float | None,
    max_count: int,
) -> Iterator[Option]:
    """Every layout and format with its largest batch inside the limits, or where none is, with batch 1; then prefill
    and decoding apart, on replicas of one kind."""
    for count in counts(max_count):
        yield from _splits(model, accelerator, traffic, tpot_limit, count)
        for layout in splits(model, accelerator, count):
            for dtype in formats(model, accelerator):
                most = room(model, accelerator, traffic, dtype, None, layout)
                if most:
                    r = replica(model, accelerator, dtype, None, layout)
                    yield _largest(r, traffic, dtype, most, ttft_limit, tpot_limit)


def _splits(
    model: ModelSpec,
    accelerator: AcceleratorSpec,
    traffic: Traffic,
    tpot_limit: float | None,
    count: int,
) -> Iterator[Option]:
    """Disaggregated options of `count` accelerators, all replicas of one layout. TTFT is half a step of waiting and a
    step, on a prefill replica whose steps are full."""
    later = traffic._replace(cached_share=1)
    for size in (size for size in range(1, count // 2 + 1) if count % size == 0):
        for layout in splits(model, accelerator, size):
            for dtype in formats(model, accelerator):
                most = room(model, accelerator, later, dtype, None, layout)
                if not most:
                    continue
                decode = _largest(
                    replica(model, accelerator, dtype, None, layout), later, dtype, most, None, tpot_limit
                )
                replicas = count // size
                for prefill in range(1, replicas):
                    split = Split(prefill, layout, replicas - prefill, layout)
                    both = pools(model, accelerator, count, traffic, dtype, None, split)
                    batch = decode.batch * split.decode_replicas
                    first = 1.5 * flow(both.prefill.replica, both.prefill.traffic, both.prefill.places).tpot
                    yield Option(split, dtype, batch, first, split_flow(both, traffic.output, batch))


def _largest(
    r: Replica, traffic: Traffic, dtype: DType, most: int, ttft_limit: float | None, tpot_limit: float | None
) -> Option:
    def at(batch: int) -> Option:
        running = flow(r, traffic, batch)
        return Option(r.layout, dtype, batch, first_token(r, traffic, running), running)

    best = at(most)
    if meets(best, ttft_limit, tpot_limit):
        return best
    low, high = 1, most
    best = at(low)
    if not meets(best, ttft_limit, tpot_limit):
        return best
    while high - low > max(low // 50, 1):
        middle = (low + high) // 2
        tried = at(middle)
        if meets(tried, ttft_limit, tpot_limit):
            low, best = middle, tried
        else:
            high = middle
    return best


def meets(option: Option, ttft_limit: float | None, tpot_limit: float | None) -> bool:
    """Whether an option keeps both limits; None is no limit."""
    first = ttft_limit is None or option.ttft <= ttft_limit
    return first and (tpot_limit is None or option.flow.tpot <= tpot_limit)


def plan(
    model: ModelSpec,
    accelerator: AcceleratorSpec,
    traffic: Traffic,
    ttft_limit: float | None,
    tpot_limit: float | None,
    max_count: int,
    top: int,
) -> list[list[object]]:
    """The cheapest options as rows under HEADER. Raises ValueError where none meets the limits."""
    price = lowest_price(accelerator.id)
    rows: list[list[object]] = []
    for o in best(model, accelerator, traffic, ttft_limit, tpot_limit, max_count)[:top]:
        usd = usd_per_million(price.usd_per_hour, o.per_accelerator, 1) if price else None
        rows.append([
            o.layout.accelerators, o.layout.text, o.dtype.name, o.batch, o.ttft, o.flow.tpot, o.flow.tokens_per_second,
            o.per_accelerator, usd, *((price.usd_per_hour, price.offer, price.as_of) if price else (None, None, None)),
        ])  # fmt: skip
    return rows


def best(
    model: ModelSpec,
    accelerator: AcceleratorSpec,
    traffic: Traffic,
    ttft_limit: float | None,
    tpot_limit: float | None,
    max_count: int,
) -> list[Option]:
    """The options inside the limits, cheapest first. All accelerators of a kind cost the same, so the cheapest is the
    one with most tokens a second for each. Raises ValueError where none meets the limits, saying what comes nearest."""
    found = list(options(model, accelerator, traffic, ttft_limit, tpot_limit, max_count))
    if not found:
        raise ValueError(
            f"finds no layout of up to {max_count} x {accelerator.id or 'the accelerator'} that holds the weights and "
            f"a sequence of {traffic.prompt + traffic.output:g} tokens: take more accelerators"
        )
    good = [option for option in found if meets(option, ttft_limit, tpot_limit)]
    if not good:
        first, token = min(o.ttft for o in found), min(o.flow.tpot for o in found)
        raise ValueError(
            f"finds no layout of up to {max_count} x {accelerator.id or 'the accelerator'} that meets both limits; at "
            f"batch 1 the shortest TTFT is {first:.3g} s and the shortest TPOT {token:.3g} s"
        )
    good.sort(key=lambda option: -option.per_accelerator)
    return good
