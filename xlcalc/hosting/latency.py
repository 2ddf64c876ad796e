"""Time to the first token and per output token of a batch that runs alone: the sum over operators of one pass."""

from __future__ import annotations

from xlcalc.formula.arithmetic import allowed, both, first, floor, given, least, stays_open, term
from xlcalc.hosting.layout import Layout
from xlcalc.hosting.memory import sequence_bytes
from xlcalc.hosting.served import Served
from xlcalc.hosting.step import alone, replica
from xlcalc.model.flops import FlopShape, attention_flops

# assumed: ways of tensor parallelism on GPUs; beyond, heads run out and sums over ranks cost more than they save
_WIDEST = 16


def latency_layout(of: Served, count: int) -> Layout:
    """Tensor parallel inside the scale-up domain, pipeline stages beyond; on TPUs over a whole slice. Raises ValueError
    where layers are too few.
    """
    domain = of.on.domain if given(of.on.domain) else of.on.node or 1
    widest = domain if of.on.mesh else least(domain, _WIDEST)
    divisible, n_layers = of.divisible, of.counted.n_layers
    ways = range(_WIDEST if stays_open(count) else int(min(count, widest)), 0, -1)
    tp = first(ways, lambda n: both(both(n <= widest, count % n == 0), divisible.by_tp(n)))
    pp = floor(count / tp)
    refused = lambda: f"cannot spread {n_layers} layers over {pp} groups of {tp}"  # noqa: E731
    return Layout(tp, allowed(pp <= n_layers, lambda: pp, refused))


def tpot(of: Served, layout: Layout, context: float, batch: float) -> float:
    """Seconds of one decoding step.

        sum over operators of their bytes over bandwidth or FLOP over rate, whichever is longer, + collectives + starts

    Args:
        of: model, formats of weights and cache, accelerator with its rates, engine
        layout: ways of tensor, pipeline, expert and attention-data parallelism
        context: tokens of each sequence, on average [tokens]
        batch: sequences that decode together [count]

    Source: Pope et al. 2022, section 3; Williams et al. 2009; rates in catalog/serving.csv.

    >>> import xlcalc
    >>> f"{xlcalc.LLM_TPOT('llama-3.1-8b', 'h100-sxm', 1, 1024, unit='ms'):.0f} ms"
    '6 ms'
    """
    return alone(replica(of, layout), batch, context)


def ttft(of: Served, layout: Layout, prompt: float, batch: float) -> float:
    """Seconds to prefill prompts together; causal masking halves the scores.

        sum over operators of their bytes over bandwidth or FLOP over rate, whichever is longer, + collectives + starts

    Args:
        of: model, formats of weights and cache, accelerator with its rates, engine
        layout: ways of tensor, pipeline, expert and attention-data parallelism
        prompt: tokens of each prompt [tokens]
        batch: prompts [count]

    Source: Pope et al. 2022, section 3; Williams et al. 2009; rates in catalog/serving.csv.

    >>> import xlcalc
    >>> f"{xlcalc.LLM_TTFT('llama-3.1-8b', 'h100-sxm', 1, 1024, unit='ms'):.0f} ms"
    '25 ms'
    """
    return alone(replica(of, layout), 0, 0, batch * prompt, (prompt + 1) / 2)


def ttft_at(of: Served, shape: FlopShape, count: int, prompt: float, batch: float, mfu: float) -> float:
    """Seconds to prefill at a share of peak; the head runs for the last token of each prompt alone.

        b (s (2 N + attention) + 2 N_head) / (n P mfu)

    Args:
        of: model and accelerator, of peak P [FLOP/s]
        shape: multiply-adds of a token, N without the head
        count: accelerators n [count]
        prompt: tokens s of each prompt [tokens]
        batch: prompts b [count]
        mfu: share of the peak that is reached [ratio, above 0, at most 1]

    Source: Pope et al. 2022, section 3; Chowdhery et al. 2022, appendix B.

    >>> import xlcalc
    >>> f"{xlcalc.LLM_TTFT('llama-3.1-8b', 'h100-sxm', 1, 1024, mfu=0.5, unit='ms'):.1f} ms"
    '29.5 ms'
    """
    head = of.model.head_d_in * of.model.vocab
    matrices = term("multiply-adds of a token without the head", shape.matmul - head, "multiply-adds", "of the model")
    sampled = term("multiply-adds of the head", head, "multiply-adds", "of the model")
    each = term("FLOP of a prompt token", 2 * matrices + attention_flops(shape, (prompt + 1) / 2), "FLOP")
    return batch * (prompt * each + 2 * sampled) / (count * of.speed.peak * mfu)


def tpot_at(of: Served, layout: Layout, context: float, batch: float, mbu: float) -> float:
    """Seconds of a decoding step at a share of memory bandwidth.

        (weights met + cache read) / (B mbu)

    Args:
        of: model, formats of weights and cache, accelerator of bandwidth B [bytes/s]
        layout: ways of tensor, pipeline, expert and attention-data parallelism
        context: tokens of each sequence, on average [tokens]
        batch: sequences that decode together [count]
        mbu: share of the bandwidth that is reached [ratio, above 0, at most 1]

    Source: Pope et al. 2022, section 3.3.

    >>> import xlcalc
    >>> f"{xlcalc.LLM_TPOT('llama-3.1-8b', 'h100-sxm', 1, 1024, mbu=0.5, unit='ms'):.1f} ms"
    '9.0 ms'
    """
    r = replica(of, layout)
    weights = sum(layers * stored for layers, _, _, stored, *_ in r.products)
    weights += r.head[0] * r.head[1] * r.head[2]
    for p in r.model.experts:
        met = p.copies * (1 - (1 - p.active / p.copies) ** batch)
        weights += p.layers * met * p.d_in * p.d_out * p.bytes / layout.expert_ways
    weights = term("weights that a step reads", weights, "bytes", "Pope et al. 2022, section 3.3")
    cache = batch / layout.dp * sequence_bytes(of, r.part, context) * layout.pp
    cache = term("cache that a step reads", cache, "bytes", "Pope et al. 2022, section 3.3")
    return (weights + cache) / (of.speed.bandwidth * mbu)
