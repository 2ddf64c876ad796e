"""Seconds of one pass through a model's layers: decoding some sequences, prefilling some tokens, or both together."""

from __future__ import annotations

from typing import NamedTuple

from xlcalc.formula.arithmetic import both, either, is_number, least, most, sqrt, term, where
from xlcalc.formula.records import columns
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.hosting.kept import Kept
from xlcalc.hosting.layout import Layout
from xlcalc.hosting.machine import Machine, machine
from xlcalc.hosting.memory import Shard, kv_bytes, shard
from xlcalc.hosting.operators import Product, Work, work_of
from xlcalc.hosting.words import WORDS
from xlcalc.model.cache import cache_elements
from xlcalc.model.dtypes import DType
from xlcalc.model.spec import ModelSpec

_ROOFLINE, _RATES = "Williams et al. 2009; rates in catalog/serving.csv", "catalog/serving.csv"
_NORM = 4  # how sharply the slower of memory and arithmetic sets a product's time


_SMALLEST_TILE = 8


class Step(NamedTuple):
    """Seconds of a pass by cause."""

    products: float
    experts: float
    attention: float
    stream: float
    kernels: float
    links: float
    handover: float  # from one pipeline stage to the next, once

    @property
    def stage(self) -> float:
        """Seconds of all stages but for the hand-over."""
        return self.products + self.experts + self.attention + self.stream + self.kernels + self.links


class Replica(NamedTuple):
    """A model on a layout of an accelerator, with all that does not depend on the load."""

    work: Work
    rates: Machine
    part: Shard
    layout: Layout
    cache_element: float
    products: tuple[tuple[int, float, float, float, float], ...]  # times, d_in, d_out, bytes, rate
    head: tuple[float, float, float]
    wide: bool  # experts' exchange leaves the scale-up domain
    slow: bool  # stages stand in different domains


_replicas: Kept[Replica] = Kept()


def replica(
    model: ModelSpec, accelerator: AcceleratorSpec, dtype: DType, kv_dtype: DType | None, layout: Layout
) -> Replica:
    """The replica of a model on an accelerator, kept for the last ones asked for."""
    found = _replicas.get((model, accelerator), (dtype, kv_dtype, layout))
    if found is not None:
        return found
    work = columns(work_of(model, dtype), WORDS, "of the model")
    rates = machine(accelerator, dtype)
    made = Replica(
        work,
        rates,
        shard(model, dtype, layout, accelerator),
        layout,
        kv_bytes(kv_dtype),
        tuple(_own(times, product, layout.tp, rates) for times, product in work.products),
        (work.head.d_in, work.head.d_out / layout.tp, work.head.bytes),
        layout.tp * layout.dp > rates.domain,
        layout.accelerators > rates.domain,
    )
    return _replicas.put((model, accelerator), (dtype, kv_dtype, layout), made)


def _own(times: int, product: Product, tp: int, rates: Machine) -> tuple[int, float, float, float, float]:
    """A product as one tensor-parallel rank computes it, at the rate of its format."""
    d_in = product.d_in / tp if product.kind == "row" else product.d_in
    d_out = product.d_out / tp if product.kind == "column" else product.d_out
    rate = where(both(product.bytes < 2, rates.quantised), rates.matmul, rates.half)
    return times, d_in, d_out, product.bytes, rate


def _roofline(bytes_time: float, flop_time: float) -> float:
    """Time of an operator that reads and computes at once: close to the longer of the two.

        (t_bytes^4 + t_flop^4)^(1/4), the longer one where it is more than three times the other

    Args:
        bytes_time, flop_time: either alone [s]

    Source: Williams et al. 2009 (roofline), its corner rounded.
    """
    if is_number(bytes_time) and is_number(flop_time):
        if bytes_time > 3 * flop_time or flop_time > 3 * bytes_time:
            return bytes_time if bytes_time > flop_time else flop_time
        return (bytes_time**_NORM + flop_time**_NORM) ** (1 / _NORM)
    return where(
        either(bytes_time > 3 * flop_time, flop_time > 3 * bytes_time),
        lambda: most(bytes_time, flop_time),
        lambda: (bytes_time**_NORM + flop_time**_NORM) ** (1 / _NORM),
    )


def step(
    r: Replica, decoding: float, context: float, prefilling: float = 0, reach: float = 0, evenness: float = 1
) -> Step:
    """A pass of the whole model over `decoding` sequences of `context` tokens and `prefilling` prompt tokens, each of
    which attends to `reach` tokens on average; both counted on all attention copies together.

    `evenness` is the share of their rate that experts' products keep where requests come as they may.
    """
    rates, work, layout = r.rates, r.work, r.layout
    decoding, prefilling = decoding / layout.dp, prefilling / layout.dp
    tokens = decoding + prefilling
    products: float = 0.0
    for times, d_in, d_out, element, rate in r.products:
        moved = d_in * d_out * element + 2 * tokens * (d_in + d_out)
        outputs = tokens * d_out
        idle = least(outputs, rates.wave)  # the last wave of tiles leaves units without work
        seconds = times * _roofline(moved / rates.stream, 2 * (outputs + idle) * d_in / rate)
        products += term("products of one shape", seconds, "seconds", _ROOFLINE)
    d_in, d_out, element = r.head
    sampled = 1 if is_number(decoding) and not decoding else decoding
    sampling = _roofline(d_in * d_out * element / rates.stream, 2 * sampled * d_in * d_out / rates.half)
    products += term("product of the head", sampling, "seconds", _ROOFLINE)
    experts = sum(times * _experts(r, product, tokens * layout.dp, evenness) for times, product in work.experts)
    attention = _decode_attention(r, decoding, context) + _prefill_attention(r, prefilling, reach)
    stream = 2 * tokens * work.stream / layout.tp / rates.stream
    handover: float = 0.0
    if layout.pp > 1:
        handover = rates.link_latency + 2 * work.d_model * tokens / where(r.slow, rates.scale_out, rates.link)
    kernels = (work.kernels + (work.narrow if rates.quantised else 0)) * rates.launch
    return Step(
        term("matrix products", products, "seconds", _ROOFLINE),
        term("experts", experts, "seconds", _ROOFLINE),
        term("attention", attention, "seconds", "Pope et al. 2022, section 3.3"),
        term("norms, activations, copies", stream, "seconds", _ROOFLINE),
        term("starts of kernels", kernels, "seconds", _RATES),
        term("collectives", _links(r, tokens), "seconds", "Pope et al. 2022, section 3.2"),
        term("hand-over between stages", handover, "seconds", _RATES),
    )


def alone(r: Replica, decoding: float, context: float, prefilling: float = 0, reach: float = 0) -> float:
    """Seconds of a pass through all pipeline stages, one after another."""
    passed = step(r, decoding, context, prefilling, reach)
    return passed.stage + (r.layout.pp - 1) * passed.handover


def _experts(r: Replica, product: Product, tokens: float, evenness: float) -> float:
    """Seconds of one product of all experts that `tokens` tokens meet, on one of the accelerators that share them."""
    rates, layout = r.rates, r.layout
    split = layout.expert_ways // layout.ep
    width_in = product.d_in / split if product.kind == "row" else product.d_in
    width_out = product.d_out / split if product.kind != "row" else product.d_out
    share = product.active / product.copies
    met = product.copies * (1 - (1 - share) ** tokens) / layout.ep
    met = term("experts met on an accelerator", met, "count", "uniform routing: N (1 - (1 - k/N)^tokens)")
    pairs = tokens * product.active / layout.ep
    # each expert's last tile is half empty; engines choose tiles of the experts' rows up to the largest
    rows = pairs + least(met * rates.tile, met * _SMALLEST_TILE + pairs) / 2
    moved = met * width_in * width_out * product.bytes + 2 * pairs * (width_in + width_out)
    rate = where(either(product.bytes >= 2, rates.quantised), rates.grouped, rates.weight_only)
    return _roofline(moved / rates.stream, 2 * rows * width_in * width_out / (rate * evenness))


def _decode_attention(r: Replica, decoding: float, context: float) -> float:
    if is_number(decoding) and not decoding:
        return 0.0
    cache = r.part.cache
    growing = cache_elements(cache, context) * r.cache_element
    states = 2 * (cache.conv_state * 2 + cache.state * (r.part.state_bytes or 2))  # read and written
    moved = (growing + states) * decoding
    flops = sum(2 * s.decode * (context if s.reach is None else least(context, s.reach)) for s in r.work.scores)
    moved = term("cache and states that are read", moved, "bytes", "Pope et al. 2022, section 3.3")
    flops = term("FLOP of a sequence's attention", flops, "FLOP")
    return _roofline(moved / r.rates.cache, decoding * flops / r.layout.tp / r.rates.attention)


def _prefill_attention(r: Replica, prefilling: float, reach: float) -> float:
    if is_number(prefilling) and not prefilling:
        return 0.0
    flops = sum(2 * s.prefill * (reach if s.reach is None else least(reach, s.reach)) for s in r.work.scores)
    flops = term("FLOP of a prompt token's attention", flops, "FLOP")
    return prefilling * (flops + 2 * r.work.scan) / r.layout.tp / r.rates.attention


def _links(r: Replica, tokens: float) -> float:
    """Seconds in collectives: sums over tensor-parallel ranks after each block, and the exchange of tokens with the
    experts of other attention copies."""
    rates, work, layout = r.rates, r.work, r.layout
    hidden = 2 * work.d_model * tokens
    seconds: float = 0.0
    bandwidth = where(r.wide, rates.scale_out, rates.link)
    if layout.tp > 1:
        n = layout.tp
        sums = work.reductions - (work.expert_blocks if layout.ep > 1 and layout.dp > 1 else 0)
        moved = sums * 2 * (n - 1) / n * hidden
        if rates.mesh:  # weights in two dimensions, or gathered by every chip (Pope et al. 2022, sections 3.2.2, 3.2.3)
            moved = least(least(moved, sums * 4 / sqrt(n) * hidden), (n - 1) * r.part.weights)
        seconds += sums * rates.link_latency + moved / bandwidth
    if layout.dp > 1 and layout.ep > 1:
        n = layout.tp * layout.dp
        gathered = (n - 1) / n * hidden * layout.dp  # all tokens of all copies come to every accelerator
        seconds += 2 * work.expert_blocks * (rates.link_latency + gathered / bandwidth)
    return seconds
