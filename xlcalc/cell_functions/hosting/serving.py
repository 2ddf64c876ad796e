"""Cell functions about serving: latency, throughput, load, plans, cost."""

from __future__ import annotations

from typing import Annotated

from xlcalc.accuracy.calibration import calibrated
from xlcalc.cell_functions.hosting.served import RATES_SOURCE, drafted, served
from xlcalc.hosting import cost, disaggregation, latency, offload, queueing, speculative, throughput
from xlcalc.hosting.layout import Layout, Split, parse
from xlcalc.hosting.served import Served
from xlcalc.hosting.step import replica
from xlcalc.language.cells import Choice, Number, Parsed
from xlcalc.language.declare import cell_function
from xlcalc.language.kinds import (
    Accelerator,
    CostPerMillion,
    Count,
    DType,
    Fraction,
    Generator,
    PositiveTokenRate,
    PositiveTokens,
    Real,
    RequestRate,
    Seconds,
    ServingSoftware,
    Share,
    TokenRate,
    Tokens,
    UsdPerHour,
)

LayoutText = Annotated[
    Layout | Split, Parsed("a layout such as tp8, tp4pp2, dp8ep8, or 2xtp4+1xtp8 (prefill + decode)", parse)
]
PositiveRate = Annotated[float, Number("bytes/s", 0, above=True)]
Rate = Annotated[float, Number("bytes/s")]
_Metric = Annotated[str, Choice(*queueing.METRICS)]
Quantile = Annotated[float, Number("", 0.001, 0.9999)]
LengthCv = Annotated[float, Number("", 0, 10)]
DraftCost = Annotated[float, Number("", 0)]


@cell_function(category="Hosting", source=f"Pope et al. 2022, section 3; {RATES_SOURCE}", later="software")
@calibrated(unless="mfu")
def LLM_TTFT(
    model: Generator,
    accelerator: Accelerator,
    count: Count,
    prompt: PositiveTokens,
    batch: Count = 1,
    dtype: DType = None,
    mfu: Fraction = None,
    software: ServingSoftware = None,
) -> Seconds:
    """Seconds to the first token of prompts that are prefilled together on an idle replica.

    The sum over operators of one pass: products at the rate that their size reaches, attention over the causal half,
    memory-bound operators, kernels, collectives. Tensor parallel inside the scale-up domain, pipeline stages beyond.
    With `mfu` it is FLOP over count x peak x mfu instead. No engine and no queue: LLM_LATENCY_AT_LOAD adds
    them. Memory is not checked: LLM_MIN_GPUS does.

    Args:
        batch: prompts in the pass
        mfu: fraction of peak to assume; blank = what was measured of operators
        software: engine; blank = what the accelerator usually runs, on NVIDIA's vLLM; not used with mfu
    Example:
        >>> round(LLM_TTFT("llama-3.1-8b", "h200-sxm", 1, 1024, unit="ms"), 1)
        24.6
    """
    of = served(model, accelerator, dtype, None, software, kernels=True)
    if mfu:
        return latency.ttft_at(of, model.flop_shape, count, prompt, batch, mfu)
    return latency.ttft(of, latency.latency_layout(of, count), prompt, batch)


@cell_function(category="Hosting", source=f"Pope et al. 2022, section 3; {RATES_SOURCE}", later="software")
@calibrated(unless="mbu")
def LLM_TPOT(
    model: Generator,
    accelerator: Accelerator,
    count: Count,
    context: Tokens,
    batch: Count = 1,
    dtype: DType = None,
    kv_dtype: DType = None,
    mbu: Fraction = None,
    software: ServingSoftware = None,
) -> Seconds:
    """Seconds for each output token of a batch that decodes on a replica of its own.

    Every step reads the weights that its tokens meet (of N experts N (1 - (1 - k/N)^batch)) and the cache of every
    sequence. Tensor parallel inside the scale-up domain, up to 16 ways (TPUs: over the slice), pipeline stages beyond.
    With `mbu` it is those bytes over bandwidth x mbu instead. No engine and no prompts beside it: LLM_LATENCY_AT_LOAD
    adds them. Memory is not checked: LLM_MIN_GPUS does.

    Args:
        context: tokens that each sequence has so far, on average
        batch: sequences decoding together
        mbu: fraction of memory bandwidth to assume; blank = what was measured of operators
        software: engine; blank = what the accelerator usually runs, on NVIDIA's vLLM; not used with mbu
    Example:
        >>> round(LLM_TPOT("llama-3.1-8b", "h200-sxm", 1, 1024, unit="ms"), 2)
        4.81
    """
    of = served(model, accelerator, dtype, kv_dtype, software, decodes_only=True, kernels=True)
    layout = latency.latency_layout(of, count)
    if mbu:
        return latency.tpot_at(of, layout, context, batch, mbu)
    return latency.tpot(of, layout, context, batch)


@cell_function(
    category="Hosting", source=f"Agrawal et al. 2023 (chunked prefill); Zhong et al. 2024 (DistServe); {RATES_SOURCE}"
)
@calibrated()
def LLM_THROUGHPUT(
    model: Generator,
    accelerator: Accelerator,
    count: Count,
    prompt: PositiveTokens,
    output: PositiveTokens,
    batch: Count = None,
    dtype: DType = None,
    kv_dtype: DType = None,
    layout: LayoutText = None,
    cached_share: Share = 0,
    software: ServingSoftware = None,
) -> TokenRate:
    """Output tokens a second of a whole replica under continuous batching, with requests always waiting.

    Every step gives each decoding sequence a token and prefills prompts / outputs as many prompt tokens. Running
    sequences are bound by the cache in what memory is free (90 %), by 4,096 and by 8,192 tokens a step. The engine's
    own time is counted. With `tp` alone a mixture of experts may run data-parallel attention, whichever is faster, with
    `tp4ep1` not; all other layouts are run as written.
    `2xtp4+1xtp8` is two replicas that only prefill and one that only decodes, the cache sent from those to this over
    the accelerators' links: the slower pool sets the pace.

    Args:
        batch: running sequences; blank = as many as fit and still help
    Example:
        >>> round(LLM_THROUGHPUT("llama-3.1-8b", "h100-sxm", 1, 1000, 1000, dtype="fp8"), -2)
        8400.0
    """
    of = served(model, accelerator, dtype, kv_dtype, software)
    return _tokens_per_second(of, count, throughput.Traffic(prompt, output, cached_share), batch, layout)


def _tokens_per_second(
    of: Served, count: int, traffic: throughput.Traffic, batch: int | None, layout: Layout | Split | None
) -> float:
    """Output tokens a second of a replica of one pool or of two."""
    if isinstance(layout, Split):
        both = disaggregation.pools(of, count, traffic, layout)
        return disaggregation.split_flow(both, traffic.output, batch).tokens_per_second
    _, running = throughput.best_flow(of, count, traffic, batch, layout)
    return running.tokens_per_second


@cell_function(
    category="Hosting", source="Takagi 1991 (gated queues); Erlang 1917; LLM_THROUGHPUT's steps", later="cached_share"
)
def LLM_LATENCY_AT_LOAD(
    model: Generator,
    accelerator: Accelerator,
    count: Count,
    prompt: PositiveTokens,
    output: PositiveTokens,
    requests_per_second: RequestRate,
    quantile: Quantile = 0.95,
    metric: _Metric = "ttft",
    dtype: DType = None,
    kv_dtype: DType = None,
    layout: LayoutText = None,
    cached_share: Share = 0,
    length_cv: LengthCv = 0,
    software: ServingSoftware = None,
    acceptance: Share = None,
    draft_tokens: Count = None,
    draft_cost: DraftCost = 0,
) -> Seconds:
    """A quantile of latency when requests arrive at random (Poisson) at one replica, queueing included.

    `ttft` is the time to the first token, `tpot` per output token, `e2e` to the last one; each grows with the rate.
    Past saturation there is no answer: the error says the largest rate that the replica sustains. Prompts and answers
    are as long as given on average; how far their lengths spread is `length_cv`, which makes the tails longer.

    Args:
        requests_per_second: mean rate of arrivals
        quantile: share of the requests that are served at least as quickly
        metric: which latency
        layout: how the replica is spread: tp8, tp4pp2, dp8ep8, 2xtp4+1xtp8; blank = the one with the largest throughput
        length_cv: standard deviation over mean of the lengths of prompts and answers; 0 = all alike
    Example:
        >>> round(LLM_LATENCY_AT_LOAD("llama-3.1-8b", "h100-sxm", 1, 1000, 200, 10, unit="ms"))
        76
    """
    of = served(model, accelerator, dtype, kv_dtype, software)
    draft = drafted(acceptance, draft_tokens, draft_cost)
    traffic = throughput.Traffic(prompt, output, cached_share, draft)
    if isinstance(layout, Split):
        both = disaggregation.pools(of, count, traffic, layout)
        return disaggregation.split_latency(both, output, requests_per_second, quantile, metric, length_cv)
    chosen, full = throughput.best_flow(of, count, traffic, None, layout)
    r, places = replica(of, chosen), int(full.sequences)
    return queueing.latency(r, traffic, requests_per_second, places, quantile, metric, length_cv)


@cell_function(category="Hosting", source="USD per hour over tokens per hour")
def LLM_SERVE_COST(
    usd_per_hour: UsdPerHour, tokens_per_second: PositiveTokenRate, utilization: Fraction = 1
) -> CostPerMillion:
    """USD per million tokens of a replica.

    Args:
        usd_per_hour: price of the whole replica for an hour
        tokens_per_second: what it produces when it is busy
        utilization: share of the time that it is busy
    Example:
        >>> round(LLM_SERVE_COST(2.21, 3148), 3)
        0.195
    """
    return cost.usd_per_million(usd_per_hour, tokens_per_second, utilization)


@cell_function(category="Hosting", source="LLM_THROUGHPUT; requests x output over tokens per second")
def LLM_REPLICAS(
    requests_per_second: RequestRate,
    prompt: PositiveTokens,
    output: PositiveTokens,
    model: Generator,
    accelerator: Accelerator,
    count: Count,
    batch: Count,
    utilization: Fraction = 0.7,
    dtype: DType = None,
    kv_dtype: DType = None,
    layout: LayoutText = None,
    cached_share: Share = 0,
    software: ServingSoftware = None,
    acceptance: Share = None,
    draft_tokens: Count = None,
    draft_cost: DraftCost = 0,
) -> Count:
    """Replicas that a traffic needs, each loaded to a share of its throughput at that batch.

    Args:
        requests_per_second: mean rate of requests
        count: accelerators of one replica
        batch: running sequences on one replica
        utilization: share of a replica's throughput to plan with
    Example:
        >>> LLM_REPLICAS(100, 1000, 200, "llama-3.1-8b", "h100-sxm", 1, 64)
        9
    """
    tokens = _tokens_per_second(
        served(model, accelerator, dtype, kv_dtype, software),
        count,
        throughput.Traffic(prompt, output, cached_share, drafted(acceptance, draft_tokens, draft_cost)),
        batch,
        layout,
    )
    return cost.replicas(requests_per_second, output, tokens, utilization)


@cell_function(category="Hosting", source="Leviathan et al. 2023, theorem 3.8")
def LLM_SPECULATIVE_SPEEDUP(acceptance: Share, draft_tokens: Count, draft_cost: Real) -> Real:
    """How many times quicker decoding gets when a draft model proposes tokens.

    (1 - a^(g+1)) / (1 - a) tokens of a pass over its cost g c + 1; below 1 the draft costs more than it gives. Divide
    LLM_TPOT by it; a full batch gains less, since checking g + 1 tokens a sequence is then no longer free: LLM_REPLICAS
    and LLM_LATENCY_AT_LOAD take the same arguments and count that.

    Args:
        acceptance: chance that a proposed token is accepted
        draft_tokens: tokens proposed for each pass of the model
        draft_cost: time of the draft for one token over that of the model
    Example:
        >>> round(LLM_SPECULATIVE_SPEEDUP(0.8, 4, 0.05), 2)
        2.8
    """
    return speculative.speedup(acceptance, draft_tokens, draft_cost)


@cell_function(category="Hosting", source="Sheng et al. 2023 (FlexGen), section 4.3")
def LLM_OFFLOAD_THROUGHPUT(
    model: Generator,
    accelerator: Accelerator,
    host_bytes_per_second: PositiveRate,
    disk_bytes_per_second: Rate,
    prompt: PositiveTokens,
    output: PositiveTokens,
    batch: Count,
    weights_gpu: Share,
    kv_gpu: Share,
    dtype: DType = None,
) -> TokenRate:
    """Output tokens a second of one accelerator that holds a share of weights and cache and fetches the rest.

    The rest lies in host memory, or where a disk rate is given on disk, and crosses the host's link in every pass; a
    pass takes as long as the slowest of computing and fetching. Shares that the accelerator's memory does not hold are
    refused; what passes need beside weights and cache is not counted.

    Args:
        host_bytes_per_second: rate between host memory and the accelerator (PCIe)
        disk_bytes_per_second: rate from disk; 0 = nothing lies there
        batch: sequences that share each fetch of the weights
        weights_gpu: share of the weights on the accelerator
        kv_gpu: share of the cache on the accelerator
    Example:
        >>> round(LLM_OFFLOAD_THROUGHPUT("opt-30b", "t4", 12e9, 0, 512, 32, 144, 0.2, 0), 1)
        9.3
    """
    return offload.offload_throughput(
        served(model, accelerator, dtype),
        host_rate=host_bytes_per_second,
        disk_rate=disk_bytes_per_second,
        prompt=prompt,
        output=output,
        batch=batch,
        weights_share=weights_gpu,
        cache_share=kv_gpu,
    )
