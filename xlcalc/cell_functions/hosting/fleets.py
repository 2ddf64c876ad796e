"""Cell functions that start from what is at hand: a traffic for which a fleet is wanted, a machine for a model."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Annotated, Any, NamedTuple

from xlcalc import accuracy
from xlcalc.catalog import models, tables
from xlcalc.cell_functions.hosting.served import MEMORY_SOURCE, drafted, held, price, served
from xlcalc.cell_functions.hosting.serving import DraftCost, PositiveRate, Quantile
from xlcalc.formula.arithmetic import chosen, searched, term
from xlcalc.hardware.rates import Host
from xlcalc.hardware.serving import dense_format, host, usable
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.hosting import cost, fleet, host_layers, latency, memory
from xlcalc.hosting.throughput import Traffic, as_written
from xlcalc.language.cells import Number
from xlcalc.language.declare import Table, cell_function
from xlcalc.language.kinds import (
    Accelerator,
    Count,
    DType,
    Generator,
    PositiveSeconds,
    PositiveTokens,
    RequestRate,
    Rows,
    ServingSoftware,
    Share,
    UsdPerHour,
)
from xlcalc.model.dtypes import DType as Format
from xlcalc.model.spec import ModelSpec

HostMemory = Annotated[float, Number("bytes", 0, above=True)]
_FLEET = [
    "layout", "accelerators a replica", "requests/s a replica", "replicas", "accelerators", "nodes", "utilisation",
    "TTFT at the quantile (s)", "TPOT at the quantile (s)", "USD/hour", "USD/M input tokens", "USD/M output tokens",
    "accelerators low", "accelerators high", "USD/hour low", "USD/hour high", "dtype", *cost.PRICE_HEADER,
]  # fmt: skip
_RUNS = [
    "model", "parameters", "dtype", "layout", "memory of an accelerator (bytes)", "TTFT (s)", "tokens/s",
    "tokens/s of a sequence", "in host memory", "host memory (bytes)", "published context",
]  # fmt: skip
_DESKTOP = 89.6e9  # bytes/s: two channels of DDR5-5600, as Intel rates the Core i9-14900K
_NARROWEST = 4  # bits that weights are published in
_LEAST_SHARE = 0.75  # of the published parameters: those of towers may be among them


@cell_function(
    category="Hosting",
    source="LLM_LATENCY_AT_LOAD over all layouts; Zhong et al. 2024 (DistServe); median of listed prices",
)
def LLM_FLEET(
    model: Generator,
    accelerator: Accelerator,
    requests_per_second: RequestRate,
    prompt: PositiveTokens,
    output: PositiveTokens,
    ttft_slo: PositiveSeconds = None,
    tpot_slo: PositiveSeconds = None,
    quantile: Quantile = 0.95,
    cached_share: Share = 0,
    dtype: DType = None,
    kv_dtype: DType = None,
    max_count: Count = 16,
    usd_per_hour: UsdPerHour = None,
    top: Count = 5,
    software: ServingSoftware = None,
    acceptance: Share = None,
    draft_tokens: Count = None,
    draft_cost: DraftCost = 0,
) -> Rows:
    """The cheapest fleets that hold limits on latency at a quantile under random arrivals, cheapest first.

    Of every layout of a replica it finds the largest rate at which that share of the requests keeps both limits, at
    most 95 % of what the replica sustains, and takes as many replicas as the traffic needs; one more candidate has
    replicas that only prefill and others that only decode, written 3xtp2+5xtp4. Whole nodes are paid: USD/hour is
    theirs, and tokens of prompts and answers bear the share of the time that they take in a replica as full as the
    limits let it be. Four of five measured systems like it need accelerators between low and high. A price of your own
    counts first, else the median of the catalog's whole nodes, on demand, with its spread beside it.

    Args:
        requests_per_second: mean rate of requests that arrive at random
        ttft_slo: longest time to the first token; blank = any
        tpot_slo: longest time per output token; blank = any
        quantile: share of the requests that keep the limits
        max_count: most accelerators of a replica
    Example:
        >>> LLM_FLEET("llama-3.1-8b", "h100-sxm", 100, 1000, 200, 0.5, 0.05)[1][3:6]
        [5, 5, 1]
    """
    traffic = Traffic(prompt, output, cached_share, drafted(acceptance, draft_tokens, draft_cost))
    limits = fleet.Limits(ttft_slo, tpot_slo, quantile)
    of = served(model, accelerator, dtype, kv_dtype, software)
    listed = price(accelerator, usd_per_hour)
    asked = {"model": model, "accelerator": accelerator, "prompt": prompt, "output": output, "dtype": dtype}
    table = Table([_FLEET])
    for found in fleet.fleets(of, traffic, requests_per_second, limits, max_count)[:top]:
        size = sum(kind.accelerators for kind in found.kinds)
        likely = accuracy.ranges.of_call("LLM_THROUGHPUT", asked | {"count": size}, software or "")
        few, many = likely.high, likely.low  # of replicas as quick as that

        def usd(scale: float = 1, found: fleet.Fleet = found) -> float | None:
            return found.paid(scale) * listed.usd_per_hour if listed else None

        hourly = usd()
        tokens = found.usd_per_million(hourly, traffic) if hourly else (None, None)
        table.append([
            as_written(of, found.layout), size, min(kind.rate for kind in found.kinds), found.replicas,
            found.accelerators(), found.nodes(), found.utilisation, *found.latencies(quantile), hourly, *tokens,
            found.accelerators(few), found.accelerators(many), usd(few), usd(many), of.dtype, *cost.priced(listed),
        ])  # fmt: skip
    return table


@LLM_FLEET.explained
def _cheapest_fleet(given: SimpleNamespace) -> str:
    """The cheapest fleet: the rate that a replica holds, what it sustains, its latencies."""
    of = served(given.model, given.accelerator, given.dtype, given.kv_dtype, given.software)
    draft = drafted(given.acceptance, given.draft_tokens, given.draft_cost)
    traffic = Traffic(given.prompt, given.output, given.cached_share, draft)
    limits = fleet.Limits(given.ttft_slo, given.tpot_slo, given.quantile)
    best, *others = searched(fleet.fleets, of, traffic, given.requests_per_second, limits, given.max_count)
    first, token = searched(best.latencies, given.quantile)
    kinds = [
        term(f"requests a second that a replica of {kind.replica.layout.text} holds", kind.rate, "requests/s",
             "the largest rate within the limits: searched")
        for kind in best.kinds
    ]  # fmt: skip
    return chosen(
        "fleet",
        f"{best.replicas} x {as_written(of, best.layout)}, {best.nodes()} nodes",
        f"in the fewest nodes of {1 + len(others)} layouts: {', '.join(f'{{{i}}}' for i in range(len(kinds) + 2))}",
        *kinds,
        term("time to the first token at the quantile", first, "seconds", "LLM_LATENCY_AT_LOAD"),
        term("time per output token at the quantile", token, "seconds", "LLM_LATENCY_AT_LOAD"),
    )


@cell_function(category="Hosting", source=f"LLM_TTFT; LLM_TPOT; {MEMORY_SOURCE}; llama.cpp for hosts")
def LLM_RUNS_ON(
    accelerator: Accelerator,
    count: Count = 1,
    context: PositiveTokens = 8192,
    batch: Count = 1,
    dtype: DType = None,
    host_memory: HostMemory = None,
    host_bandwidth: PositiveRate = _DESKTOP,
) -> Rows:
    """The models of the catalog that a machine holds with their cache, largest first, and how fast they run there.

    Weights, cache in 16 bit and the engine's workspace fit as LLM_MIN_GPUS has it, a tenth left empty, in the layout
    that gives tokens soonest. The first token is that of one prompt of the whole context. Models whose published
    context is shorter than the one that is asked for are left out. With `host_memory`, models follow of which llama.cpp
    leaves a part there, computed by the host's processor: experts of mixtures first, else whole layers, as few as
    suffice. Meant for one or a few sequences.

    Args:
        count: accelerators of the machine
        context: tokens of each sequence, prompt and answer together
        batch: sequences that decode together
        dtype: number format of the weights; blank = as each is published
        host_memory: bytes of the host's memory for weights; blank = nothing stays there
        host_bandwidth: rate at which the host's processor reads its memory; blank = two channels of DDR5-5600
    Example:
        >>> LLM_RUNS_ON("rtx-4090", 1, 8192, 1, "q4_k_m")[0][:2]
        ['model', 'parameters']
    """
    asked = _Asked(accelerator, count, context, batch, dtype)
    beside = host(accelerator, host_memory, host_bandwidth) if host_memory else None
    room = count * usable(accelerator) + (host_memory or 0)
    rows = []
    for model in (models.by_id(row["id"]) for row in tables.rows("models") if _may_run(row, asked, room)):
        if model.architecture.kind != "encoder" and context <= (_longest(model) or context):
            row = _runs(model, asked) or (beside and _runs_beside(model, asked, beside))
            if row:
                rows.append(row)
    return Table([_RUNS, *sorted(rows, key=lambda row: (bool(row[8]), -row[1], row[0]))])


class _Asked(NamedTuple):
    accelerator: AcceleratorSpec
    count: int
    context: float
    batch: int
    dtype: Format | None


def _may_run(row: dict[str, str], asked: _Asked, room: float) -> bool:
    """Whether a model of the catalog could fit by its published size, and has the context: before its configuration is
    read."""
    if row["context"] and float(row["context"]) < asked.context:
        return False
    bits = asked.dtype.bits if asked.dtype else _NARROWEST
    return not row["published_params"] or float(row["published_params"]) * _LEAST_SHARE * bits / 8 <= room


def _longest(model: ModelSpec) -> float | None:
    """Tokens that a model is published for; None where nothing says so, as of recurrent ones."""
    return model.context or model.text_config.get("max_position_embeddings")


def _runs(model: ModelSpec, asked: _Asked) -> list[Any] | None:
    """A model's line where the accelerators hold it."""
    accelerator, count, context, batch, dtype = asked
    of = held(model, accelerator, dtype)
    fits = [lay for lay in memory.splits(of, count) if memory.fits_batch(of, context, batch, lay, memory.RESERVE)]
    if not fits:
        return None
    of = served(model, accelerator, dtype, decodes_only=True)
    token, layout = min((latency.tpot(of, lay, context, batch), lay) for lay in fits)
    first = latency.ttft(of, layout, context, 1) if dense_format(accelerator) else None
    device = memory.serve_memory(of, context, batch, layout).total
    speeds = first, batch / token, 1 / token
    return [model.id, model.total, of.dtype, layout.text, device, *speeds, None, None, _longest(model)]


def _runs_beside(model: ModelSpec, asked: _Asked, beside: Host) -> list[Any] | None:
    """A model's line where a part of it stays in the host's memory."""
    accelerator, count, context, batch, dtype = asked
    of = served(model, accelerator, dtype, None, "llama.cpp", decodes_only=True)
    placed = host_layers.place(of, beside, count, context, batch)
    if placed is None:
        return None
    token = host_layers.tpot(of, beside, placed, context, batch)
    first = host_layers.ttft(of, beside, placed, context) if dense_format(accelerator) else None
    speeds = first, batch / token, 1 / token
    where = placed.text, placed.host_bytes, _longest(model)
    return [model.id, model.total, of.dtype, placed.layout.text, placed.device_bytes, *speeds, *where]
