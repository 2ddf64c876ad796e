"""Seconds of one pass through a model's layers: decoding some sequences, prefilling some tokens, or both together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from xlcalc.formula.arithmetic import (
    both,
    capped,
    detail,
    either,
    given,
    is_number,
    is_open,
    least,
    log,
    most,
    remembered,
    sqrt,
    term,
    terms,
    where,
)
from xlcalc.hardware.rates import ServeRates
from xlcalc.hosting.layout import Layout
from xlcalc.hosting.memory import Shard, shard
from xlcalc.hosting.served import Served
from xlcalc.model.cache import growing_bytes
from xlcalc.model.coefficients import Coefficients, Product

_ROOFLINE, _RATES = "Williams et al. 2009; rates in catalog/serving.csv", "catalog/serving.csv"
_MOVED, _COMPUTED = "their weights and tokens moved", "their arithmetic"
_NORM = 4  # assumed: how sharply the slower of memory and arithmetic sets a product's time
_SMALLEST_TILE = 8  # rows: NVIDIA/TensorRT-LLM, get_tile_tokens_dim (8 to 64, the next power of two of an expert's)


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


_SAID = {
    "products": ("matrix products", "seconds", _ROOFLINE),
    "experts": ("experts", "seconds", _ROOFLINE),
    "attention": ("attention", "seconds", "Pope et al. 2022, section 3.3"),
    "stream": ("norms, activations, copies", "seconds", _ROOFLINE),
    "kernels": ("starts of kernels", "seconds", _RATES),
    "links": ("collectives", "seconds", "Pope et al. 2022, section 3.2"),
    "handover": ("hand-over between stages", "seconds", _RATES),
}


class Expert(NamedTuple):
    """Products of experts on one of the accelerators that share them: a token meets `active` of `copies`."""

    layers: float
    copies: float
    active: float
    d_in: float
    d_out: float
    bytes: float
    rate: float
    stream: float


class Replica(NamedTuple):
    """A model on a layout of an accelerator, with all that does not depend on the load."""

    of: Served
    model: Coefficients
    rates: ServeRates
    part: Shard
    layout: Layout
    products: tuple[tuple[float, float, float, float, float, float], ...]  # layers, d_in, d_out, bytes, FLOP/s, bytes/s
    experts: tuple[Expert, ...]
    head: tuple[float, float, float]
    wide: bool  # experts' exchange leaves the scale-up domain
    slow: bool  # stages stand in different domains
    timed: Callable[..., Any] | None = None  # what gives seconds of a stage instead, where their formula has a name


@remembered(512)
def replica(of: Served, layout: Layout) -> Replica:
    """The replica of what is served on a layout."""
    model, rates = of.model, of.speed
    return Replica(
        of,
        model,
        rates,
        shard(of, layout),
        layout,
        products=tuple(_own(product, layout.tp, rates) for product in model.products),
        experts=tuple(_expert(product, layout, rates) for product in model.experts),
        head=(model.head_d_in, model.vocab / layout.tp, model.head_bytes),
        wide=layout.tp * layout.dp > rates.domain,
        slow=layout.accelerators > rates.domain,
    )


def _own(product: Product, tp: int, rates: ServeRates) -> tuple[float, float, float, float, float, float]:
    """A product as one tensor-parallel rank computes it, at the rates of its format."""
    d_in = where(product.row > 0, product.d_in / tp, product.d_in)
    d_out = where(product.column > 0, product.d_out / tp, product.d_out)
    narrow = where(rates.quantised, rates.matmul, rates.widened)
    rate = where(product.bytes < 2, narrow, rates.half)
    return product.layers, d_in, d_out, d_in * d_out * product.bytes, rate, _reading(product, rates)


def _reading(product: Product, rates: ServeRates) -> float:
    """Rate at which weights are read: slower where a kernel unpacks them to the wider format that it computes in."""
    return where(both(product.bytes < 2, rates.quantised <= 0), rates.unpacked, rates.stream)


def _expert(product: Product, layout: Layout, rates: ServeRates) -> Expert:
    """A product of experts as one of the accelerators that share them computes it, at the rate of its format."""
    split = where(layout.ep > 1, lambda: layout.expert_ways // layout.ep, layout.expert_ways)
    return Expert(
        layers=product.layers,
        copies=product.copies,
        active=product.active,
        d_in=where(product.row > 0, product.d_in / split, product.d_in),
        d_out=where(product.column > 0, product.d_out / split, product.d_out),
        bytes=product.bytes,
        rate=where(either(product.bytes >= 2, rates.quantised), rates.grouped, rates.weight_only),
        stream=_reading(product, rates),
    )


def _roofline(bytes_time: float, flop_time: float) -> float:
    """Time of an operator that reads and computes at once: close to the longer of the two.

        (t_bytes^4 + t_flop^4)^(1/4), the longer one where it is more than three times the other

    Args:
        bytes_time, flop_time: either alone [s]

    Source: Williams et al. 2009 (roofline), its corner rounded.
    """
    if is_number(bytes_time):  # a rate is a symbol where anything is
        if bytes_time > 3 * flop_time or flop_time > 3 * bytes_time:
            return bytes_time if bytes_time > flop_time else flop_time
        return (bytes_time**_NORM + flop_time**_NORM) ** (1 / _NORM)
    return where(
        either(bytes_time > 3 * flop_time, flop_time > 3 * bytes_time),
        lambda: most(bytes_time, flop_time),
        lambda: (bytes_time**_NORM + flop_time**_NORM) ** (1 / _NORM),
    )


def step(
    r: Replica,
    decoding: float,
    context: float,
    prefilling: float = 0,
    reach: float = 0,
    skew: float = 0,
    drafted: float = 0,
) -> Step:
    """A pass of the whole model over `decoding` sequences of `context` tokens and `prefilling` prompt tokens, each of
    which attends to `reach` tokens on average; both counted on all attention copies together.

    `skew` says how unevenly tokens choose experts, as standard deviation over mean; `drafted` how many tokens each
    decoding sequence has checked beside its own: its cache is read once for all of them.
    """
    rates, model, layout = r.rates, r.model, r.layout
    decoding, prefilling = decoding / layout.dp, prefilling / layout.dp
    checked = (
        decoding if is_number(drafted) and not drafted else term("tokens checked", decoding * (drafted + 1), "tokens")
    )
    tokens = detail("tokens of the pass", checked + prefilling, "tokens")
    products: float = 0.0
    stream, wave = rates.stream, rates.wave
    plain, moving = is_number(rates.stream), 2 * tokens / stream
    for layers, d_in, d_out, weights, rate, reading in r.products:
        moved = weights / reading + moving * (d_in + d_out)
        outputs = tokens * d_out
        idle = least(outputs, wave)  # the last wave of tiles leaves units without work
        computed = 2 * (outputs + idle) * d_in / rate
        if plain:
            products += layers * _roofline(moved, computed)
        else:
            each = _roofline(detail(_MOVED, moved, "seconds"), detail(_COMPUTED, computed, "seconds"))
            products += term(_shape("products", d_in, d_out, layers), layers * each, "seconds", _ROOFLINE)
    d_in, d_out, element = r.head
    sampled = 1 if is_number(decoding) and not decoding else checked
    sampling = _roofline(d_in * d_out * element / stream, 2 * sampled * d_in * d_out / rates.half)
    products += term("product of the head", sampling, "seconds", _ROOFLINE)
    experts: float = 0
    for e in r.experts:
        seconds = e.layers * _experts(r, e, tokens * layout.dp, skew)
        experts += (
            seconds if plain else detail(_shape("experts", e.d_in, e.d_out, e.layers), seconds, "seconds", _ROOFLINE)
        )
    attention = _decode_attention(r, decoding, checked, context) + _prefill_attention(r, prefilling, reach)
    copied = 2 * tokens * model.stream / layout.tp / stream
    handover = where(
        layout.pp > 1,
        lambda: rates.link_latency + 2 * model.head_d_in * tokens / where(r.slow, rates.scale_out, rates.link),
        0.0,
    )
    kernels = (model.kernels + where(rates.quantised, model.narrow, 0)) * rates.launch
    passed = Step(
        products=products,
        experts=experts,
        attention=attention,
        stream=copied,
        kernels=kernels,
        links=_links(r, tokens),
        handover=handover,
    )
    return terms(passed, _SAID)


def _shape(what: str, d_in: float, d_out: float, layers: float) -> str:
    """What a derivation calls products of one shape on an accelerator."""
    return f"{what} of one shape" if is_open() else f"{what} {d_in:,.0f} × {d_out:,.0f} in {layers:,.0f} layers"


def alone(r: Replica, decoding: float, context: float, prefilling: float = 0, reach: float = 0) -> float:
    """Seconds of a pass through all pipeline stages, one after another."""
    passed = step(r, decoding, context, prefilling, reach)
    return passed.stage + (r.layout.pp - 1) * passed.handover


def _experts(r: Replica, e: Expert, tokens: float, skew: float) -> float:
    """Seconds of one product of all experts that `tokens` tokens meet, on the fullest of the accelerators that share
    them.

    Of accelerators that hold n experts each, with loads that differ by `skew` of their mean from expert to expert, the
    fullest one of ep has about 1 + skew sqrt(2 ln(ep) / n) of the mean: the largest of ep normal numbers.
    """
    rates, ep = r.rates, r.layout.ep
    met = e.copies * (1 - (1 - e.active / e.copies) ** tokens) / ep
    met = term("experts met on an accelerator", met, "count", "uniform routing: N (1 - (1 - k/N)^tokens)")
    pairs = tokens * e.active / ep
    if given(skew):
        pairs = where(ep > 1, lambda: _fullest(pairs, skew, ep, e.copies), pairs)
    # each expert's last tile is half empty; engines choose tiles of the experts' rows up to the largest
    rows = pairs + least(met * rates.tile, met * _SMALLEST_TILE + pairs) / 2
    rows = detail("rows that they compute, half tiles included", rows, "count")
    moved = met * e.d_in * e.d_out * e.bytes / e.stream + 2 * pairs * (e.d_in + e.d_out) / rates.stream
    moved = detail(_MOVED, moved, "seconds")
    return _roofline(moved, detail(_COMPUTED, rows * e.d_out * (2 * e.d_in / e.rate + rates.epilogue), "seconds"))


def _fullest(pairs: float, skew: float, ep: float, copies: float) -> float:
    return term("pairs on the fullest accelerator", pairs * (1 + skew * sqrt(2 * log(ep) * ep / copies)), "count")


def _decode_attention(r: Replica, decoding: float, checked: float, context: float) -> float:
    if is_number(decoding) and not decoding:
        return 0.0
    cache = r.part.cache
    growing = growing_bytes(cache, context, r.of.cache_bytes)
    states = 2 * (
        cache.conv_state * 2 + cache.state * where(r.model.state_bytes > 0, r.model.state_bytes, 2)
    )  # read and written
    moved = (growing + states) * decoding
    flops = sum([2 * s.decode * capped(context, s.reach) for s in r.model.scores])
    moved = term("cache and states that are read", moved, "bytes", "Pope et al. 2022, section 3.3")
    flops = term("FLOP of a sequence's attention", flops, "FLOP")
    return _roofline(moved / r.rates.cache, checked * flops / r.layout.tp / r.rates.attention)


def _prefill_attention(r: Replica, prefilling: float, reach: float) -> float:
    if is_number(prefilling) and not prefilling:
        return 0.0
    flops = sum([2 * s.prefill * capped(reach, s.reach) for s in r.model.scores])
    flops = term("FLOP of a prompt token's attention", flops, "FLOP")
    return prefilling * (flops + 2 * r.model.scan) / r.layout.tp / r.rates.attention


def _links(r: Replica, tokens: float) -> float:
    """Seconds in collectives: sums over tensor-parallel ranks after each block, and the exchange of tokens with the
    experts of other attention copies."""
    rates, model, layout = r.rates, r.model, r.layout
    hidden = 2 * model.head_d_in * tokens
    bandwidth = where(r.wide, rates.scale_out, rates.link)
    exchanged = both(layout.dp > 1, layout.ep > 1)

    def summed() -> float:
        n = layout.tp
        sums = model.reductions - where(exchanged, model.expert_blocks, 0)
        moved = sums * 2 * (n - 1) / n * hidden
        if rates.mesh:  # weights in two dimensions, or gathered by every chip (Pope et al. 2022, sections 3.2.2, 3.2.3)
            moved = least(least(moved, sums * 4 / sqrt(n) * hidden), (n - 1) * r.part.weights)
        return sums * rates.link_latency + moved / bandwidth

    def gathered() -> float:
        n = layout.tp * layout.dp
        moved = (n - 1) / n * hidden * layout.dp  # all tokens of all copies come to every accelerator
        return 2 * model.expert_blocks * (rates.link_latency + moved / bandwidth)

    return where(layout.tp > 1, summed, 0.0) + where(exchanged, gathered, 0.0)
