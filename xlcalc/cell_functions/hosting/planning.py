"""The cell function that finds the cheapest way to serve a model."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

from xlcalc import accuracy
from xlcalc.cell_functions.hosting.served import MEMORY_SOURCE, drafted, in_formats, limit, paid, price, served
from xlcalc.cell_functions.hosting.serving import DraftCost
from xlcalc.formula.arithmetic import chosen, searched, term
from xlcalc.hosting import cost, disaggregation, memory, plan, throughput
from xlcalc.hosting.layout import Split
from xlcalc.hosting.served import Served
from xlcalc.hosting.step import replica
from xlcalc.language.declare import Table, cell_function
from xlcalc.language.kinds import (
    Accelerator,
    Count,
    DType,
    Generator,
    PositiveSeconds,
    PositiveTokens,
    Rows,
    ServingSoftware,
    Share,
    UsdPerHour,
)
from xlcalc.model.dtypes import DTYPES

_PRICED = "full use"


@cell_function(category="Hosting", source="LLM_THROUGHPUT over all layouts; median of comparable prices of the catalog")
def LLM_SERVE_PLAN(
    model: Generator,
    accelerator: Accelerator,
    prompt: PositiveTokens,
    output: PositiveTokens,
    ttft_slo: PositiveSeconds = None,
    tpot_slo: PositiveSeconds = None,
    max_count: Count = 8,
    top: Count = 5,
    cached_share: Share = 0,
    usd_per_hour: UsdPerHour = None,
    software: ServingSoftware = None,
    dtype: DType = None,
    kv_dtype: DType = None,
    acceptance: Share = None,
    draft_tokens: Count = None,
    draft_cost: DraftCost = 0,
) -> Rows:
    """The cheapest ways to serve a model on an accelerator inside limits on latency, cheapest first.

    Tries counts (powers of two), layouts (tensor, pipeline, expert, data-parallel attention; prefill and decoding apart
    on replicas of one layout, written 2xtp2+2xtp2; tp2ep1 of a mixture is tp2 without attention copies) and formats
    that the accelerator computes in, each with the largest batch that keeps the limits. TTFT and TPOT are means: that
    of a prompt among running sequences, without a queue (LLM_FLEET has quantiles); four of five measured systems like
    it give tokens/s between low and high. USD at full use and your own price, else the median of the catalog's whole
    nodes, on demand: of how many rows, how old and how far apart stands beside it; blank where it lists none.

    Args:
        ttft_slo: longest time to the first token; blank = any
        tpot_slo: longest time per output token; blank = any
        max_count: most accelerators of a replica
        dtype: number format of the weights; blank = any that the accelerator computes in
    Example:
        >>> LLM_SERVE_PLAN("llama-3.1-8b", "h100-sxm", 1000, 200, 1, 0.05, 2)[1][:3]
        [1, 'tp1', 'fp8']
    """
    draft = drafted(acceptance, draft_tokens, draft_cost)
    traffic = throughput.Traffic(prompt, output, cached_share, draft)
    table = Table([[*plan.HEADER, "tokens/s low", "tokens/s high", *cost.PRICE_HEADER[3:]]])
    given = {"model": model, "accelerator": accelerator, "prompt": prompt, "output": output}
    formats, usd = in_formats(model, accelerator, software, dtype, kv_dtype), price(accelerator, usd_per_hour)
    for row in plan.plan(formats, traffic, ttft_slo, tpot_slo, max_count, top, usd):
        found = dict(zip(plan.HEADER, row, strict=True))
        asked = {"count": found["accelerators"], "batch": found["batch"], "dtype": dtype or DTYPES[str(found["dtype"])]}
        likely = accuracy.ranges.of_call("LLM_THROUGHPUT", given | asked, software or "")
        ends = (share * float(str(found["tokens/s"])) for share in (likely.low, likely.high))
        table.append([*row, *ends, *cost.priced(usd)[3:]])
    return table


@LLM_SERVE_PLAN.explained
def _cheapest(given: SimpleNamespace) -> str:
    """The cheapest option, its price, its latencies against the limits, its memory."""
    draft = drafted(given.acceptance, given.draft_tokens, given.draft_cost)
    asked = throughput.Traffic(given.prompt, given.output, given.cached_share, draft)
    (option, *_), tried = searched(
        plan.best,
        in_formats(given.model, given.accelerator, given.software, given.dtype, given.kv_dtype),
        asked,
        given.ttft_slo,
        given.tpot_slo,
        given.max_count,
        1,
    )
    return chosen(
        "plan",
        f"{option.text}, {option.of.dtype}, {option.batch} sequences",
        f"the cheapest inside the limits of {tried} layouts and formats, each with its largest batch: "
        "{0}; {1}; {2}; {3}; {4}",
        *_of_option(
            served(
                given.model, given.accelerator, given.dtype or DTYPES[option.of.dtype], given.kv_dtype, given.software
            ),
            asked,
            option,
            given.ttft_slo,
            given.tpot_slo,
            price(given.accelerator, given.usd_per_hour),
        ),
    )


def _of_option(
    of: Served,
    asked: throughput.Traffic,
    option: plan.Option,
    ttft_slo: float | None,
    tpot_slo: float | None,
    usd: cost.Price | None,
) -> Iterator[object]:
    layout, batch = option.layout, term("batch", option.batch, "sequences", "the largest inside the limits: searched")
    if isinstance(layout, Split):
        both = disaggregation.pools(of, layout.accelerators, asked, layout)
        running = disaggregation.split_flow(both, asked.output, batch)
        full = throughput.flow(both.prefill.replica, both.prefill.traffic, both.prefill.places)
        first, held = 1.5 * full.tpot, layout.decode
    else:
        r = replica(of, layout)
        running = throughput.flow(r, asked, batch)
        first, held = plan.first_token(r, asked, running), layout
    rate = term("output tokens a second of an accelerator", running.tokens_per_second / layout.accelerators, "tokens/s")
    yield rate
    if usd:
        yield term("USD per million output tokens", cost.usd_per_million(paid(usd), rate, 1), "USD", _PRICED)
    else:
        yield "not known, for the catalog lists no price"
    yield limit("time to the first token", first, ttft_slo)
    yield limit("time per output token", running.tpot, tpot_slo)
    sequences = batch / layout.decode_replicas if isinstance(layout, Split) else batch
    parts = memory.serve_memory(of, asked.prompt + asked.output, sequences, held)
    yield term("memory of an accelerator", parts.total, "bytes", MEMORY_SOURCE)
