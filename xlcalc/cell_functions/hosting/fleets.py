"""Cell functions that start from what is at hand: a traffic for which a fleet is wanted, a machine for a model."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from xlcalc import accuracy
from xlcalc.catalog import models, tables
from xlcalc.cell_functions.hosting.served import MEMORY_SOURCE, held, price, served
from xlcalc.cell_functions.hosting.serving import Quantile
from xlcalc.formula.arithmetic import chosen, searched, term
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.hosting import cost, fleet, latency, memory
from xlcalc.hosting.throughput import Traffic
from xlcalc.language.declare import Table, cell_function
from xlcalc.language.kinds import (
    Accelerator,
    Count,
    DType,
    Generator,
    Positive,
    PositiveSeconds,
    PositiveTokens,
    Rows,
    ServingSoftware,
    Share,
    UsdPerHour,
)
from xlcalc.model.dtypes import DType as Format
from xlcalc.model.spec import ModelSpec

_FLEET = [
    "layout", "accelerators a replica", "requests/s a replica", "replicas", "accelerators", "nodes", "utilisation",
    "TTFT at the quantile (s)", "TPOT at the quantile (s)", "USD/hour", "USD/M input tokens", "USD/M output tokens",
    "accelerators low", "accelerators high", "USD/hour low", "USD/hour high", "dtype", *cost.PRICE_HEADER,
]  # fmt: skip
_RUNS = [
    "model", "parameters", "dtype", "layout", "memory of an accelerator (bytes)", "TTFT (s)", "tokens/s",
    "tokens/s of a sequence",
]  # fmt: skip


@cell_function(
    category="Hosting",
    source="LLM_LATENCY_AT_LOAD over all layouts; Zhong et al. 2024 (DistServe); median of listed prices",
)
def LLM_FLEET(
    model: Generator,
    accelerator: Accelerator,
    requests_per_second: Positive,
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
) -> Rows:
    """The cheapest fleets that hold limits on latency at a quantile under random arrivals, cheapest first.

    Of every layout of a replica it finds the largest rate at which that share of the requests keeps both limits, at
    most 95 % of what the replica sustains, and takes as many replicas as the traffic needs; one more candidate has
    replicas that only prefill and others that only decode, written 3xtp2+5xtp4. Whole nodes are paid: USD/hour is
    theirs, and tokens of prompts and answers bear the share of the time that they take. Four of five measured systems
    like it need accelerators between low and high. A price of your own counts first, else the median of the catalog's
    whole nodes, on demand, with its spread beside it.

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
    traffic = Traffic(prompt, output, cached_share)
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
            found.layout.text, size, min(kind.rate for kind in found.kinds), found.replicas, found.accelerators(),
            found.nodes(), found.utilisation, *found.latencies(quantile), hourly, *tokens, found.accelerators(few),
            found.accelerators(many), usd(few), usd(many), of.dtype, *cost.priced(listed),
        ])  # fmt: skip
    return table


@LLM_FLEET.explained
def _cheapest_fleet(given: SimpleNamespace) -> str:
    """The cheapest fleet: the rate that a replica holds, what it sustains, its latencies."""
    of = served(given.model, given.accelerator, given.dtype, given.kv_dtype, given.software)
    traffic, limits = (
        Traffic(given.prompt, given.output, given.cached_share),
        fleet.Limits(given.ttft_slo, given.tpot_slo, given.quantile),
    )
    best, *others = searched(fleet.fleets, of, traffic, given.requests_per_second, limits, given.max_count)
    first, token = searched(best.latencies, given.quantile)
    kinds = [
        term(f"requests a second that a replica of {kind.replica.layout.text} holds", kind.rate, "requests/s",
             "the largest rate within the limits: searched")
        for kind in best.kinds
    ]  # fmt: skip
    return chosen(
        "fleet",
        f"{best.replicas} x {best.layout.text}, {best.nodes()} nodes",
        f"in the fewest nodes of {1 + len(others)} layouts: {', '.join(f'{{{i}}}' for i in range(len(kinds) + 2))}",
        *kinds,
        term("time to the first token at the quantile", first, "seconds", "LLM_LATENCY_AT_LOAD"),
        term("time per output token at the quantile", token, "seconds", "LLM_LATENCY_AT_LOAD"),
    )


@cell_function(category="Hosting", source=f"LLM_TTFT; LLM_TPOT; {MEMORY_SOURCE}")
def LLM_RUNS_ON(
    accelerator: Accelerator,
    count: Count = 1,
    context: PositiveTokens = 8192,
    batch: Count = 1,
    dtype: DType = None,
) -> Rows:
    """The models of the catalog that a machine holds with their cache, largest first, and how fast they run there.

    Weights, cache in 16 bit and the engine's workspace fit in 90 % of the memory, as LLM_MIN_GPUS has it, in the layout
    that gives tokens soonest. The first token is that of one prompt of the whole context.

    Args:
        count: accelerators of the machine
        context: tokens of each sequence, prompt and answer together
        batch: sequences that decode together
        dtype: number format of the weights; blank = as each is published
    Example:
        >>> LLM_RUNS_ON("rtx-4090", 1, 8192, 1, "q4_k_m")[0][:2]
        ['model', 'parameters']
    """
    rows = []
    for model in (models.by_id(row["id"]) for row in tables.rows("models")):
        if model.architecture.kind != "encoder":
            row = _runs(model, accelerator, count, context, batch, dtype)
            if row:
                rows.append(row)
    return Table([_RUNS, *sorted(rows, key=lambda row: (-row[1], row[0]))])


def _runs(
    model: ModelSpec, accelerator: AcceleratorSpec, count: int, context: float, batch: int, dtype: Format | None
) -> list[Any] | None:
    """A model's line where it fits."""
    of = held(model, accelerator, dtype)
    fits = [lay for lay in memory.splits(of, count) if memory.fits_batch(of, context, batch, lay, memory.RESERVE)]
    if not fits:
        return None
    of = served(model, accelerator, dtype, decodes_only=True)
    token, layout = min((latency.tpot(of, lay, context, batch), lay) for lay in fits)
    try:
        first: float | None = latency.ttft(served(model, accelerator, dtype), layout, context, 1)
    except ValueError:  # no peak is published, without which prompts cannot be timed
        first = None
    bytes_each = memory.serve_memory(of, context, batch, layout, sized=True).total
    return [model.id, model.total, of.dtype, layout.text, bytes_each, first, batch / token, 1 / token]
