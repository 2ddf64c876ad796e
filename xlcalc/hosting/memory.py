"""Bytes on each accelerator of a replica: weights, cache, the engine's workspace and its overhead.

Source: Pope et al. 2022, section 3.3, for the cache; the workspace and overhead of vLLM as llm-d-planner measured them
(catalog/serving.csv).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from xlcalc.formula.arithmetic import ceil, floor, given, least, most, remembered, term, where
from xlcalc.formula.records import column, columns
from xlcalc.hardware.rates import Engine
from xlcalc.hosting.layout import Layout, candidates
from xlcalc.hosting.served import Served
from xlcalc.model.cache import CacheShape, growing_bytes, state_cache_bytes
from xlcalc.model.coefficients import Coefficients, Product
from xlcalc.model.words import CACHE_WORDS

_VLLM = "vLLM's workspace as llm-d-planner measured it"
# share that engines leave empty unless they are told, of the memory (vLLM: gpu_memory_utilization 0.9) or of what is
# free beside the weights (TensorRT-LLM: free_gpu_memory_fraction 0.9)
RESERVE = 0.1
_NODES = (*range(1, 65), 128, 256, 512, 1024)  # whole nodes that the fewest accelerators are looked for among
PARTS = ("total", "weights", "cache", "activations", "overhead")


class ServeMemory(NamedTuple):
    """Bytes on one accelerator. `activations` is the workspace that the engine sets aside at its start."""

    weights: float
    cache: float
    activations: float
    overhead: float

    @property
    def total(self) -> float:
        return sum(self)


class Shard(NamedTuple):
    """What one accelerator of a layout holds of a model: weight bytes, the cache of one of its sequences in elements,
    and of all pipeline stages together what of it grows, as the engine keeps it, and the bytes of its states; `stage`
    is the share of the layers that a stage holds, `standing` all bytes that no sequence adds to."""

    weights: float
    cache: CacheShape
    growing: CacheShape
    states: float
    stage: float
    overhead: float
    standing: float


@remembered(512)
def shard(of: Served, layout: Layout) -> Shard:
    """The fullest accelerator's part of a model. Of a call that is recorded the weights have their formula, the cache
    is a column of the model on that layout.

    GPU engines repeat key/value heads on more ranks than there are; on TPUs a cache divides over all chips by sequences
    (Pope et al. 2022, section 3.3).
    """
    model, counted = of.model, of.counted
    stage = ceil(counted.n_layers / layout.pp) / counted.n_layers
    stage = column("stage", stage, "share of the layers in a stage", "ratio", "of the layout")
    cache = rank_cache(counted, layout.tp, even=of.device is not None and of.device.mesh)
    cache = columns(cache, CACHE_WORDS, "of the model on this layout")
    padding = padded_bytes(model, of.engine.expert_tile) / layout.expert_ways * stage
    beside = overhead(of.engine, padding, layout)
    weights = rank_weights(model, layout, stage)
    standing = weights + workspace(of, 0) + beside
    return Shard(weights, cache, _in_blocks(cache, of.engine), _states(of, cache), stage, beside, standing)


def rank_weights(model: Coefficients, layout: Layout, stage: float) -> float:
    """Bytes of weights on the fullest accelerator: towers stand beside the embedding, and engines divide them as it.

        stage (split / tp + replicated + experts / ways) + ends / tp

    Args:
        model: bytes by how parallelism divides them [bytes]
        layout: ways of tensor, pipeline, expert and attention-data parallelism
        stage: share of the layers that a pipeline stage holds [ratio]

    Source: Shoeybi et al. 2019, section 3.

    >>> import xlcalc  # half of the 16-bit weights, and the other half of 65 norms, which stand whole
    >>> llama = xlcalc.LLM_PARAMS.read(["llama-3.1-8b"])[0].coefficients()
    >>> rank_weights(llama, Layout(2, 1, 1, 1), 1) == 8_030_261_248 + 65 * 4096
    True
    """
    layers = model.bytes_split / layout.tp + model.bytes_replicated + model.bytes_experts / layout.expert_ways
    embedding, head = model.bytes_embedding + model.bytes_towers, model.bytes_head
    ends = where(layout.pp > 1, lambda: most(embedding, head), lambda: embedding + head)
    return term("weights", layers * stage + ends / layout.tp, "bytes", "Shoeybi et al. 2019, section 3")


def padded_bytes(model: Coefficients, tile: float) -> float:
    """Bytes by which kernels for 4-bit experts widen one side of a matrix to a whole tile."""
    return sum(where(p.bytes < 1, lambda p=p: _padding(p, tile), 0) for p in model.experts)


def _padding(p: Product, tile: float) -> float:
    """Bytes of one product's experts beside their elements."""
    return p.layers * p.copies * p.d_in * p.d_out * p.bytes * (ceil(p.width / tile) * tile / p.width - 1)


def rank_cache(model: Coefficients, tp: int, *, even: bool) -> CacheShape:
    """What a sequence keeps on one of `tp` accelerators: whole key/value heads, a share of its states, the whole of a
    latent; or an even share of all."""
    full = beside = 0
    sliding: Counter[float] = Counter()
    compressed: Counter[tuple[int, float, float]] = Counter()
    for layers, elements, heads, window, stride, pending, beside_8bit in model.cached:
        own = where(heads > 0, lambda e=elements, h=heads: e // h * ceil(h / tp), elements)
        if even:
            own = ceil(elements / tp)
        if stride > 1:
            compressed[own, stride, pending] += int(layers)
        elif given(window):
            sliding[window] += floor(layers * own)
        else:
            full += floor(layers * own)
            beside += floor(layers * (ceil(beside_8bit / tp) if even else beside_8bit))
    windows = tuple((elements, floor(window)) for window, elements in sorted(sliding.items()))
    strides = tuple((n * own, int(stride), int(n * pending)) for (own, stride, pending), n in compressed.items())
    convolution = floor(sum(layers * ceil(kept / tp) for layers, _, kept in model.states))
    recurrent = floor(sum(layers * ceil(kept / tp) for layers, kept, _ in model.states))
    return CacheShape(full, windows, convolution, recurrent, strides, beside)


def _in_blocks(cache: CacheShape, engine: Engine) -> CacheShape:
    """A cache with its windows as the engine keeps them: in whole blocks of tokens, with more beside them."""
    beside, block = engine.window_beside, engine.block

    def kept(window: float) -> float:
        return where(beside > 0, lambda: ceil((window + beside) / block) * block, window)

    return cache._replace(sliding=tuple((elements, kept(window)) for elements, window in cache.sliding))


def _states(of: Served, cache: CacheShape) -> float:
    """Bytes of a sequence's constant states, where the engine has a format of its own the convolutions' too in it."""
    return where(
        of.engine.state_bytes > 0,
        lambda: (cache.state + cache.conv_state) * of.engine.state_bytes,
        lambda: state_cache_bytes(cache, of.cache_bytes, of.model.state_bytes),
    )


def sequence_bytes(of: Served, part: Shard, context: float) -> float:
    """Bytes of one sequence's cache on an accelerator that holds it, as the engine keeps it: in whole blocks of tokens,
    windows in whole blocks with what it keeps beside them, states in its own format."""
    block = of.engine.block
    context = where(block > 1, lambda: term("tokens of whole blocks", ceil(context / block) * block, "tokens"), context)
    each = part.stage * (growing_bytes(part.growing, context, of.cache_bytes) + part.states)
    return term("cache of a sequence", each, "bytes", "Pope et al. 2022, section 3.3")


def workspace(of: Served, sequences: float) -> float:
    """Bytes that an engine sets aside before it sizes its cache: sampling for so many sequences over the vocabulary, in
    single precision with sorted copies, and the hidden states of its token budget."""
    return _sampling(of) * sequences + of.engine.hidden_bytes * of.engine.token_budget * of.model.head_d_in


def _sampling(of: Served) -> float:
    return of.engine.sampling_bytes * of.model.vocab


def overhead(engine: Engine, padding: float, layout: Layout) -> float:
    """Bytes of the driver's context, of communication buffers where a replica is spread, and of what pads experts."""
    return padding + where(layout.accelerators == 1, engine.context_bytes, engine.communication_bytes)


def serve_memory(
    of: Served, context: float, batch: float, layout: Layout, sequences: float | None = None
) -> ServeMemory:
    """Bytes on the fullest accelerator of a replica.

        weights + ceil(batch / dp) cache of a sequence + workspace + overhead

    The workspace is for as many sequences as the engine is told to prepare for; None = those of the batch, and of
    these no more than it prepares for by itself.

    Args:
        of: model, formats of weights and cache, engine
        context: tokens of each sequence [tokens]
        batch: sequences on the replica [count]
        layout: ways of tensor, pipeline, expert and attention-data parallelism
        sequences: largest batch that the engine prepares for on each attention copy [count]

    Source: Pope et al. 2022, section 3.3; vLLM's workspace as llm-d-planner measured it.

    >>> import xlcalc
    >>> xlcalc.LLM_SERVE_MEMORY("llama-3.1-8b", 8192, 16, part="cache", unit="GiB")
    16.0
    """
    part = shard(of, layout)
    each = sequence_bytes(of, part, context)
    own = ceil(batch / layout.dp)
    prepared = least(own, of.engine.prepared) if sequences is None else sequences
    return ServeMemory(
        part.weights,
        term("cache", own * each, "bytes", "Pope et al. 2022, section 3.3"),
        term("workspace of the engine", workspace(of, prepared), "bytes", _VLLM),
        term("driver and communication", part.overhead, "bytes", _VLLM),
    )


def free_for_cache(of: Served, part: Shard, reserve: float) -> float:
    """Bytes left on each accelerator for sequences, their cache and sampling; below zero where the weights do not
    fit."""
    return term("left for sequences", to_fill(of, part, reserve) - part.standing, "bytes")


def to_fill(of: Served, part: Shard, reserve: float) -> float:
    """Bytes of an accelerator that may be filled: all but a share in reserve, of the memory (vLLM) or of what stands
    beside weights and workspace (TensorRT-LLM).

        M - r M, or M - r (M - standing)

    Args:
        of: the engine, and the accelerator of M bytes
        part: what stands on it before the cache [bytes]
        reserve: share r that stays empty [ratio, 0 to 1]

    Source: vLLM, gpu_memory_utilization; TensorRT-LLM, free_gpu_memory_fraction.

    >>> import xlcalc
    >>> xlcalc.LLM_MAX_BATCH("llama-3.1-8b", "h100-sxm", 1, 8192, reserve=0.1)
    57
    """
    whole = of.on.memory
    kept = where(of.engine.reserve_of_free > 0, lambda: whole - part.standing, whole) * reserve
    return term("memory to fill", whole - kept, "bytes")


def capacity(of: Served, context: float, layout: Layout, reserve: float) -> float:
    """Sequences of `context` tokens that a replica's cache holds; below zero where the weights do not fit."""
    part = shard(of, layout)
    free = free_for_cache(of, part, reserve)
    each, sampling = sequence_bytes(of, part, context), _sampling(of)
    prepared = of.engine.prepared  # for more sequences than these it sets no more aside
    few = free / (each + sampling)
    return layout.dp * where(few > prepared, lambda: _many(free - prepared * sampling, each), few)


def _many(free: float, each: float) -> float:
    return where(each > 0, lambda: free / each, free)


def splits(of: Served, count: int) -> Sequence[Layout]:
    """The layouts of `count` accelerators that memory questions consider."""
    domain = max(of.on.node or 1, of.on.domain or 1)
    return candidates(count, domain, of.divisible)


def max_batch(of: Served, count: int, context: float, reserve: float) -> tuple[int, Layout]:
    """Most sequences of `context` tokens that `count` accelerators hold, and the layout that does. Raises ValueError if
    none.
    """
    layouts = splits(of, count)
    held = [whole_capacity(of, context, layout, reserve) for layout in layouts]
    best = max(held, default=0)
    if best < 1:
        raise ValueError(_too_small(of, count, reserve, f"a sequence of {context:g} tokens"))
    return best, layouts[held.index(best)]


def whole_capacity(of: Served, context: float, layout: Layout, reserve: float) -> int:
    """Whole sequences of `context` tokens that a replica's cache holds, as many on each attention copy."""
    held = capacity(of, context, layout, reserve)
    return layout.dp * floor(held / layout.dp + 1e-9)


def max_context(of: Served, count: int, batch: int, reserve: float) -> tuple[int, Layout]:
    """Longest context that `batch` sequences can have, and the layout that holds it. Raises ValueError where not even
    one token each fits."""
    layouts = splits(of, count)

    def fits(context: int) -> bool:
        return any(map(held(context), layouts))

    def held(context: int) -> Callable[[Layout], bool]:
        return lambda layout: fits_batch(of, context, batch, layout, reserve)

    if not fits(1):
        raise ValueError(_too_small(of, count, reserve, f"{batch} sequences of one token"))
    low, high = 1, 2
    while fits(high):
        low, high = high, high * 2
        if high > 2**50:
            raise ValueError("keeps a state of constant size only: any context fits")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low, next(filter(held(low), layouts))


def fits_batch(of: Served, context: float, batch: float, layout: Layout, reserve: float) -> bool:
    """Whether `batch` sequences of `context` tokens fit, the fullest attention copy included."""
    part, own = shard(of, layout), ceil(batch / layout.dp)
    sampling = least(own, of.engine.prepared) * _sampling(of)
    return own * sequence_bytes(of, part, context) + sampling <= free_for_cache(of, part, reserve)


def roomiest_below(of: Served, context: float, batch: int, count: int) -> Layout | None:
    """Of the layouts of the next fewer accelerators that are tried the one that takes the least of each; None where
    there are none."""
    fewer = takewhile(lambda tried: tried < count, _counts(of))
    layouts = next(filter(None, (splits(of, tried) for tried in [*fewer][::-1])), ())
    return min(layouts, key=lambda layout: serve_memory(of, context, batch, layout).total, default=None)


def min_layout(of: Served, context: float, batch: int, reserve: float) -> Layout:
    """A layout of the fewest accelerators that hold weights and `batch` sequences: powers of two up to a node, then
    whole nodes.

    Raises ValueError where those that one replica can be split over are too few, saying what they hold.
    """
    layouts: Sequence[Layout] = ()
    for count in _counts(of):
        layouts = splits(of, count) or layouts
        for layout in layouts:
            if fits_batch(of, context, batch, layout, reserve):
                return layout
    held = max(whole_capacity(of, context, layout, reserve) for layout in layouts)
    room = f"which hold {held:,} sequences of {context:g} tokens: lower batch or context, or take more replicas"
    short = "whose memory its weights fill: take a narrower format or accelerators with more memory"
    most = f"{layouts[-1].accelerators} of {of.on.name}, over more of which no layout splits a replica"
    raise ValueError(f"needs more than {most}, {room if held > 0 else short}")


def _counts(of: Served) -> Iterator[int]:
    """Counts of accelerators that are looked among for the fewest: powers of two up to a node, then whole nodes."""
    node = of.on.node or of.on.domain or 1
    yield from (1 << i for i in range(node.bit_length()))
    yield from (node * n for n in _NODES if n > 1 or node & (node - 1))


def _too_small(of: Served, count: int, reserve: float, what: str) -> str:
    need = min((shard(of, layout).weights for layout in splits(of, count)), default=None)
    if need is None:
        raise ValueError(f"has no layout that splits the model over {count} accelerators")
    aside = f"{reserve:.0%} of {'what is left' if of.engine.reserve_of_free else 'it'} stays empty"
    return (
        f"finds no room for {what}: of the {of.on.memory / 1e9:.4g} GB on each of {count} accelerators, weights "
        f"in {of.dtype} take {need / 1e9:.4g} GB and the engine its workspace, and {aside}; take more accelerators or "
        "a narrower format"
    )
