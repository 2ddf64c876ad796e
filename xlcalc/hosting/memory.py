"""Bytes on each accelerator of a replica: weights, cache, the engine's workspace and its overhead.

Source: Pope et al. 2022, section 3.3, for the cache; the workspace and overhead of vLLM as llm-d-planner measured them
(catalog/serving.csv).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from xlcalc.formula.arithmetic import ceil, floor, is_number, is_recording, most, term, where
from xlcalc.formula.records import columns
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.hosting.constants import constant
from xlcalc.hosting.kept import Kept
from xlcalc.hosting.layout import Layout, candidates
from xlcalc.hosting.stored import storage
from xlcalc.hosting.words import WORDS
from xlcalc.model.cache import CacheShape, cache_shape, kv_cache_bytes
from xlcalc.model.dtypes import DType
from xlcalc.model.layers import Block
from xlcalc.model.spec import ModelSpec
from xlcalc.model.storage import RankBytes

_VLLM = "vLLM's workspace as llm-d-planner measured it"
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
    """What one accelerator of a layout holds of a model: weight bytes, those that kernels pad experts with, and the
    cache of one of its sequences."""

    weights: float
    padding: float
    cache: CacheShape
    stage: float  # the share of the layers that one pipeline stage holds
    state_bytes: float | None
    vocab: int
    d_model: int


_shards: Kept[Shard] = Kept(of_model=True)


def shard(model: ModelSpec, dtype: DType, layout: Layout, accelerator: AcceleratorSpec | None = None) -> Shard:
    """The fullest accelerator's part of a model, kept for the last ones asked for. Of a call that is recorded the
    weights have their formula, the cache is a column of the model on that layout.

    GPU engines repeat key/value heads on more ranks than there are; on TPUs a cache divides over all chips by sequences
    (Pope et al. 2022, section 3.3).
    """
    even = accelerator is not None and accelerator.is_mesh
    found = _shards.get((model,), (dtype, layout, even))
    if found is None:
        found = _shards.put((model,), (dtype, layout, even), _shard(model, dtype, layout, even))
    if not is_recording():
        return found
    stored = columns(storage(model, dtype)[0], WORDS, "of the model in this format")
    rank = columns(found, WORDS, "of the model on this layout")
    weights = term("weights", rank_weights(stored, layout, rank.stage), "bytes", "Shoeybi et al. 2019, section 3")
    return rank._replace(weights=weights)


def rank_weights(stored: RankBytes, layout: Layout, stage: float) -> float:
    """Bytes of weights on the fullest accelerator.

        stage (split / tp + replicated + experts / ways) + ends / tp

    Args:
        stored: bytes of the model by how parallelism divides them [bytes]
        layout: ways of tensor, pipeline, expert and attention-data parallelism
        stage: share of the layers that a pipeline stage holds [ratio]

    Source: Shoeybi et al. 2019, section 3.
    """
    layers = stored.split / layout.tp + stored.replicated + stored.experts / layout.expert_ways
    ends = most(stored.embedding, stored.head) if layout.pp > 1 else stored.embedding + stored.head
    return layers * stage + ends / layout.tp


def _shard(model: ModelSpec, dtype: DType, layout: Layout, even: bool) -> Shard:
    stored, padded = storage(model, dtype)
    architecture = model.architecture
    stage = math.ceil(architecture.n_layers / layout.pp) / architecture.n_layers
    own = tuple(
        layer._replace(blocks=tuple(_split(block, layout.tp, even) for block in layer.blocks))
        for layer in architecture.layers
    )
    head = architecture.outer[-1]
    cache = cache_shape(architecture._replace(layers=own))
    weights = rank_weights(stored, layout, stage)
    padding = padded / layout.expert_ways * stage
    return Shard(weights, padding, cache, stage, model.state_bytes, head.d_out, head.d_in)


def _split(block: Block, tp: int, even: bool) -> Block:
    """A block's cache on one of `tp` accelerators: whole key/value heads, a share of its states, the whole of a
    latent; or an even share of all.
    """
    heads = block.kv_heads
    own = block.cache // heads * math.ceil(heads / tp) if heads else block.cache
    if even:
        own = math.ceil(block.cache / tp)
    return block._replace(cache=own, state=math.ceil(block.state / tp), conv_state=math.ceil(block.conv_state / tp))


def kv_bytes(kv_dtype: DType | None) -> float:
    """Bytes of one cached element: 16 bit where no format is named, as engines keep the cache unless told otherwise."""
    return kv_dtype.bytes if kv_dtype else 2


def sequence_bytes(part: Shard, context: float, kv_dtype: DType | None) -> float:
    """Bytes of one sequence's cache on an accelerator that holds it."""
    each = part.stage * kv_cache_bytes(part.cache, context, 1, kv_bytes(kv_dtype), part.state_bytes)
    return term("cache of a sequence", each, "bytes", "Pope et al. 2022, section 3.3")


def workspace(part: Shard, sequences: float) -> float:
    """Bytes that an engine sets aside before it sizes its cache: sampling for all sequences over the vocabulary, in
    single precision with sorted copies, and the hidden states of its token budget."""
    sampling = constant("sampling_bytes") * sequences * part.vocab
    return sampling + constant("hidden_bytes") * constant("token_budget") * part.d_model


def engine_sequences(accelerator: AcceleratorSpec | None) -> float:
    """Sequences that the engine prepares for: fewer on accelerators of small memory."""
    if accelerator is None:
        return constant("sequences")
    small = usable(accelerator) < constant("large_memory")
    if is_number(small):
        return constant("sequences_small" if small else "sequences")
    return where(small, lambda: constant("sequences_small"), lambda: constant("sequences"))


def overhead(part: Shard, layout: Layout) -> float:
    """Bytes of the driver's context, of communication buffers where a replica is spread, and of what pads experts."""
    return part.padding + constant("context_bytes" if layout.accelerators == 1 else "communication_bytes")


def serve_memory(
    model: ModelSpec,
    context: float,
    batch: float,
    dtype: DType,
    kv_dtype: DType | None,
    layout: Layout,
    accelerator: AcceleratorSpec | None = None,
) -> ServeMemory:
    """Bytes on the fullest accelerator of a replica.

        weights + ceil(batch / dp) cache of a sequence + workspace + overhead

    Args:
        model: the model
        context: tokens of each sequence [tokens]
        batch: sequences on the replica [count]
        dtype, kv_dtype: formats of weights and cache
        layout: ways of tensor, pipeline, expert and attention-data parallelism
        accelerator: None = one with large memory, linked as GPUs are

    Source: Pope et al. 2022, section 3.3; vLLM's workspace as llm-d-planner measured it.
    """
    part = shard(model, dtype, layout, accelerator)
    each = sequence_bytes(part, context, kv_dtype)
    return ServeMemory(
        term("weights", part.weights, "bytes", "Shoeybi et al. 2019, section 3"),
        term("cache", ceil(batch / layout.dp) * each, "bytes", "Pope et al. 2022, section 3.3"),
        term("workspace of the engine", workspace(part, engine_sequences(accelerator)), "bytes", _VLLM),
        term("driver and communication", overhead(part, layout), "bytes", _VLLM),
    )


def usable(accelerator: AcceleratorSpec) -> float:
    """Bytes that software can allocate: as the driver reports them, else the nominal figure."""
    if accelerator.usable and not is_recording():
        return accelerator.usable
    return accelerator.figure("usable" if accelerator.usable else "memory")


def free_for_cache(
    model: ModelSpec, accelerator: AcceleratorSpec, dtype: DType, layout: Layout, reserve: float
) -> float:
    """Bytes left for the cache on each accelerator; below zero where the weights do not fit."""
    part = shard(model, dtype, layout, accelerator)
    used = part.weights + workspace(part, engine_sequences(accelerator)) + overhead(part, layout)
    return term("left for the cache", to_fill(accelerator, reserve) - used, "bytes")


def to_fill(accelerator: AcceleratorSpec, reserve: float) -> float:
    """Bytes of an accelerator that may be filled: all but a share in reserve."""
    return term("memory to fill", usable(accelerator) * (1 - reserve), "bytes")


def capacity(
    model: ModelSpec,
    accelerator: AcceleratorSpec,
    context: float,
    dtype: DType,
    kv_dtype: DType | None,
    layout: Layout,
    reserve: float,
) -> float:
    """Sequences of `context` tokens that a replica's cache holds; below zero where the weights do not fit."""
    part = shard(model, dtype, layout, accelerator)
    free = free_for_cache(model, accelerator, dtype, layout, reserve)
    each = sequence_bytes(part, context, kv_dtype)
    return layout.dp * (free / each if is_number(each) and each else where(each > 0, lambda: free / each, free))


def splits(model: ModelSpec, accelerator: AcceleratorSpec, count: int) -> list[Layout]:
    """The layouts of `count` accelerators that memory questions consider."""
    domain = max(accelerator.devices_per_node or 1, accelerator.scale_up_domain or 1)
    return candidates(count, domain, model.architecture.n_layers, n_experts(model))


def n_experts(model: ModelSpec) -> int:
    """Routed experts of a layer, 0 for a dense model."""
    return max((m.copies for _, m in model.architecture.linears() if m.part == "experts"), default=0)


def max_batch(
    model: ModelSpec,
    accelerator: AcceleratorSpec,
    count: int,
    context: float,
    dtype: DType,
    kv_dtype: DType | None,
    reserve: float,
) -> tuple[int, Layout]:
    """Most sequences of `context` tokens that `count` accelerators hold, and the layout that does. Raises ValueError if
    none.
    """
    layouts = splits(model, accelerator, count)
    held = [whole_capacity(model, accelerator, context, dtype, kv_dtype, layout, reserve) for layout in layouts]
    best = max(held, default=0)
    if best < 1:
        raise ValueError(_too_small(model, accelerator, count, dtype, reserve, f"a sequence of {context:g} tokens"))
    return best, layouts[held.index(best)]


def whole_capacity(
    model: ModelSpec,
    accelerator: AcceleratorSpec,
    context: float,
    dtype: DType,
    kv_dtype: DType | None,
    layout: Layout,
    reserve: float,
) -> int:
    """Whole sequences of `context` tokens that a replica's cache holds, as many on each attention copy."""
    held = capacity(model, accelerator, context, dtype, kv_dtype, layout, reserve)
    return layout.dp * floor(held / layout.dp + 1e-9)


def max_context(
    model: ModelSpec,
    accelerator: AcceleratorSpec,
    count: int,
    batch: int,
    dtype: DType,
    kv_dtype: DType | None,
    reserve: float,
) -> tuple[int, Layout]:
    """Longest context that `batch` sequences can have, and the layout that holds it. Raises ValueError where not even
    one token each fits."""
    layouts = splits(model, accelerator, count)

    def fits(context: int) -> bool:
        return any(map(held(context), layouts))

    def held(context: int) -> Callable[[Layout], bool]:
        return lambda layout: fits_batch(model, accelerator, context, batch, dtype, kv_dtype, layout, reserve)

    if not fits(1):
        raise ValueError(_too_small(model, accelerator, count, dtype, reserve, f"{batch} sequences of one token"))
    low, high = 1, 2
    while fits(high):
        low, high = high, high * 2
        if high > 2**50:
            raise ValueError("keeps a state of constant size only: any context fits")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low, next(filter(held(low), layouts))


def fits_batch(
    model: ModelSpec,
    accelerator: AcceleratorSpec,
    context: float,
    batch: float,
    dtype: DType,
    kv_dtype: DType | None,
    layout: Layout,
    reserve: float,
) -> bool:
    """Whether `batch` sequences of `context` tokens fit, the fullest attention copy included."""
    part = shard(model, dtype, layout, accelerator)
    free = free_for_cache(model, accelerator, dtype, layout, reserve)
    return ceil(batch / layout.dp) * sequence_bytes(part, context, kv_dtype) <= free


def min_layout(
    model: ModelSpec,
    accelerator: AcceleratorSpec,
    context: float,
    batch: int,
    dtype: DType,
    kv_dtype: DType | None,
    reserve: float,
) -> Layout:
    """A layout of the fewest accelerators that hold weights and `batch` sequences: powers of two up to a node, then
    whole nodes.

    Raises ValueError where a thousand nodes are too few.
    """
    node = accelerator.devices_per_node or accelerator.scale_up_domain or 1
    inside: list[int] = [1 << i for i in range(node.bit_length()) if 1 << i <= node]
    nodes = [node * n for n in (*range(1, 17), 32, 64, 128, 256, 512, 1024)]
    for count in [*inside, *(n for n in nodes if n > inside[-1])]:
        for layout in splits(model, accelerator, count):
            if fits_batch(model, accelerator, context, batch, dtype, kv_dtype, layout, reserve):
                return layout
    raise ValueError(f"needs more than {nodes[-1]} of {accelerator.id or 'the accelerator'}: lower batch or context")


def _too_small(
    model: ModelSpec, accelerator: AcceleratorSpec, count: int, dtype: DType, reserve: float, what: str
) -> str:
    layouts = splits(model, accelerator, count)
    need = min(shard(model, dtype, layout).weights for layout in layouts)
    have = usable(accelerator) * (1 - reserve)
    return (
        f"finds no room for {what}: of the {have / 1e9:.4g} GB to be filled on each of {count} accelerators, weights "
        f"in {dtype.name} take {need / 1e9:.4g} GB and the engine its workspace; take more accelerators or a "
        "narrower format"
    )
