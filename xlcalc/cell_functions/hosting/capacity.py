"""Cell functions about the memory that serving takes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Annotated

from xlcalc.cell_functions.hosting.served import MEMORY_SOURCE, held
from xlcalc.formula.arithmetic import chosen, searched, term
from xlcalc.hosting import memory
from xlcalc.hosting.layout import Layout, check
from xlcalc.language.cells import Choice, Number
from xlcalc.language.declare import cell_function
from xlcalc.language.kinds import (
    Accelerator,
    Bytes,
    Count,
    DType,
    Generator,
    Model,
    PositiveTokens,
    ServingSoftware,
    Tokens,
)

_MemoryPart = Annotated[str, Choice(*memory.PARTS)]
_Reserve = Annotated[float, Number("", 0, 0.99)]


@cell_function(category="Hosting", source=MEMORY_SOURCE, later="software")
def LLM_SERVE_MEMORY(
    model: Model,
    context: Tokens,
    batch: Count,
    dtype: DType = None,
    kv_dtype: DType = None,
    tp: Count = 1,
    part: _MemoryPart = "total",
    software: ServingSoftware = None,
    sequences: Count = None,
) -> Bytes:
    """Bytes on each accelerator that serves a model: weights, cache, the engine's workspace and its overhead.

    Tensor parallelism divides weights and key/value heads; a shared latent (MLA) stays whole. A checkpoint published
    with 4-bit experts keeps them when 16 bit is asked for; in any other format the weights on one accelerator are
    LLM_WEIGHTS, and on several each further one has norms, routers and latents once more. Vision and audio towers are
    in, in 16 bit, where LLM_PARAMS knows them; an engine that loads the language model alone saves them. What kernels
    pad 4-bit experts with counts as overhead. vLLM keeps the cache in blocks of 16 tokens; llama.cpp in 256, with 512
    tokens beside each window and states in 32 bit. The workspace is what vLLM sets aside for 8,192 tokens a step and
    for the largest batch that it is told to expect, as measured of it under any software: it grows with the vocabulary.
    LLM_MIN_GPUS, LLM_MAX_BATCH and LLM_MAX_CONTEXT have it for the batch, as with `sequences` = `batch`.

    Args:
        tp: tensor-parallel accelerators; they share the heads evenly
        part: which bytes
        software: engine; blank = the cache as the model asks for it
        sequences: largest batch that the engine is told to expect (vLLM's max_num_seqs); blank = 1,024, its default
    Example:
        >>> round(LLM_SERVE_MEMORY("llama-3.1-8b", 8192, 16, unit="GiB"), 2)
        35.85
    """
    of = held(model, None, dtype, kv_dtype, software)
    expected = of.engine.prepared if sequences is None else sequences
    parts = memory.serve_memory(of, context, batch, check(Layout(tp), of.divisible), expected)
    return parts.total if part == "total" else getattr(parts, part)


@cell_function(category="Hosting", source=MEMORY_SOURCE)
def LLM_MIN_GPUS(
    model: Model,
    accelerator: Accelerator,
    context: Tokens,
    batch: Count,
    dtype: DType = None,
    kv_dtype: DType = None,
    reserve: _Reserve = memory.RESERVE,
    software: ServingSoftware = None,
) -> Count:
    """The smallest number of accelerators that holds a model and the cache of its sequences.

    Powers of two inside a node, whole nodes beyond; the best of the layouts that tensor, pipeline and expert
    parallelism allow. The engine's workspace is for the batch, and for no more sequences than vLLM expects by default
    (1,024; 256 below 70 GiB): LLM_SERVE_MEMORY has it with `sequences`.

    Example:
        >>> LLM_MIN_GPUS("llama-3.1-70b", "h100-sxm", 8192, 16)
        4
    """
    return memory.min_layout(held(model, accelerator, dtype, kv_dtype, software), context, batch, reserve).accelerators


@LLM_MIN_GPUS.explained
def _fewest(given: SimpleNamespace) -> int:
    of = held(given.model, given.accelerator, given.dtype, given.kv_dtype, given.software)
    layout = searched(memory.min_layout, of, given.context, given.batch, given.reserve)
    fewer = searched(memory.roomiest_below, of, given.context, given.batch, layout.accelerators)

    def taken(layout: Layout) -> float:
        total = memory.serve_memory(of, given.context, given.batch, layout).total
        return term(f"bytes on each accelerator, {layout.text}", total, "bytes", MEMORY_SOURCE)

    fits = "the smallest count tried where {0} is at most {1}"
    decided = [taken(layout), memory.to_fill(of, memory.shard(of, layout), given.reserve)]
    if fewer:
        fits += f"; {fewer.accelerators} would have to hold {{2}}, at most {{3}}"
        decided += [taken(fewer), memory.to_fill(of, memory.shard(of, fewer), given.reserve)]
    return chosen("count", layout.accelerators, fits, *decided, unit="count", source=MEMORY_SOURCE)


@cell_function(category="Hosting", source=MEMORY_SOURCE)
def LLM_MAX_BATCH(
    model: Generator,
    accelerator: Accelerator,
    count: Count,
    context: PositiveTokens,
    dtype: DType = None,
    kv_dtype: DType = None,
    reserve: _Reserve = memory.RESERVE,
    software: ServingSoftware = None,
) -> Count:
    """The most sequences of a context that fit beside the weights, in the layout that leaves most room.

    Example:
        >>> LLM_MAX_BATCH("llama-3.1-8b", "h100-sxm", 1, 8192)
        57
    """
    return memory.max_batch(held(model, accelerator, dtype, kv_dtype, software), count, context, reserve)[0]


@LLM_MAX_BATCH.explained
def _most_sequences(given: SimpleNamespace) -> int:
    of = held(given.model, given.accelerator, given.dtype, given.kv_dtype, given.software)
    _, layout = searched(memory.max_batch, of, given.count, given.context, given.reserve)
    most = memory.whole_capacity(of, given.context, layout, given.reserve)
    return term("sequences", most, "sequences", f"{layout.text}, the layout that leaves most room; {MEMORY_SOURCE}")


@cell_function(category="Hosting", source=MEMORY_SOURCE)
def LLM_MAX_CONTEXT(
    model: Generator,
    accelerator: Accelerator,
    count: Count,
    batch: Count,
    dtype: DType = None,
    kv_dtype: DType = None,
    reserve: _Reserve = memory.RESERVE,
    software: ServingSoftware = None,
) -> Count:
    """The longest context that every sequence of a batch can have beside the weights.

    Memory alone: what the model was trained for is a field of LLM_MODEL.

    Example:
        >>> LLM_MAX_CONTEXT("llama-3.1-8b", "h100-sxm", 1, 16)
        29672
    """
    return memory.max_context(held(model, accelerator, dtype, kv_dtype, software), count, batch, reserve)[0]


@LLM_MAX_CONTEXT.explained
def _longest(given: SimpleNamespace) -> int:
    of = held(given.model, given.accelerator, given.dtype, given.kv_dtype, given.software)
    context, layout = searched(memory.max_context, of, given.count, given.batch, given.reserve)

    def filled_by(tokens: float, label: str) -> float:
        sequences = term(label, tokens, "tokens", "searched")
        total = memory.serve_memory(of, sequences, given.batch, layout).total
        return term(f"bytes on each accelerator with {label}, {layout.text}", total, "bytes", MEMORY_SOURCE)

    here, beyond = filled_by(context, "this context"), filled_by(context + 1, "one token more")
    fits = "the longest context where {0} is at most {1}; one token more takes {2}"
    filled = memory.to_fill(of, memory.shard(of, layout), given.reserve)
    return chosen("context", context, fits, here, filled, beyond, unit="tokens", source=MEMORY_SOURCE)
