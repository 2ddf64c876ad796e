"""The key/value cache as it is stored, layer by layer."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from xlcalc.formula.arithmetic import is_number, least, most, term, where
from xlcalc.model.architecture import Architecture

_POPE = "Pope et al. 2022, section 3.3"
_SPARSE = "deepseek-ai/FlashMLA, README, FP8 KV cache"


class CacheShape(NamedTuple):
    """What one sequence keeps, in elements: `full` a token, each of `sliding` a token up to its window, states.

    Each of `compressed` keeps its elements for every `stride` tokens, and `pending` ones for each token after the last.
    `beside_8bit` bytes of a token stand beside `full` elements of 8 bits: scales, and what stays in 16 bit.
    """

    full: int
    sliding: tuple[tuple[int, float], ...]  # (elements a token, window)
    conv_state: int
    state: int
    compressed: tuple[tuple[int, int, int], ...] = ()  # (elements a stride, stride, pending elements a token)
    beside_8bit: int = 0


def cache_shape(architecture: Architecture) -> CacheShape:
    """Sum the caches of all layers: keys and values (GQA), latents (MLA), windows, constant states."""
    full = conv_state = state = beside = 0
    sliding: Counter[int] = Counter()
    compressed: Counter[tuple[int, int, int]] = Counter()
    for count, block in architecture.blocks():
        if block.stride > 1:
            compressed[block.cache, block.stride, block.pending] += count
        elif block.window:
            sliding[block.window] += count * block.cache
        else:
            full += count * block.cache
            beside += count * block.beside_8bit if block.cache else 0
        conv_state += count * block.conv_state
        state += count * block.state
    windows = tuple((elements, window) for window, elements in sorted(sliding.items()))
    strides = tuple((n * elements, stride, n * pending) for (elements, stride, pending), n in compressed.items())
    return CacheShape(full, windows, conv_state, state, strides, beside)


def cache_elements(shape: CacheShape, context: float) -> float:
    """Elements of one sequence that grow with its context.

        full context + sliding min(context, window) + compressed floor(context / stride) + pending (context mod stride)

    Args:
        shape: what one sequence keeps
        context: tokens of the sequence [tokens]

    Source: Pope et al. 2022, section 3.3, generalised to what each layer stores.

    >>> cache_elements(CacheShape(2, ((4, 8),), 0, 0, ((6, 4, 1),)), 10)
    66
    """
    growing = shape.full * context
    if shape.sliding:
        growing += sum([elements * least(context, window) for elements, window in shape.sliding])
    for_strides = [n * (context // stride) + pending * (context % stride) for n, stride, pending in shape.compressed]
    return growing + sum(for_strides) if for_strides else growing


def growing_bytes(shape: CacheShape, context: float, bytes_per_element: float) -> float:
    """Bytes of one sequence that grow with its context: its elements, and what stands beside those of 8 bits.

    Args:
        shape: what one sequence keeps
        context: tokens of the sequence [tokens]
        bytes_per_element: of the cache's format [bytes]

    >>> latent = CacheShape(576, (), 0, 0, (), 80)
    >>> growing_bytes(latent, 1, 1), growing_bytes(latent, 1, 2)
    (656, 1152)
    """
    elements = term("elements of a sequence", cache_elements(shape, context), "elements", _POPE)
    if is_number(shape.beside_8bit) and not shape.beside_8bit:
        return elements * bytes_per_element
    beside = where(bytes_per_element > 1, 0, shape.beside_8bit * context)
    return elements * bytes_per_element + term("scales and 16-bit parts of an 8-bit cache", beside, "bytes", _SPARSE)


def kv_cache_bytes(
    shape: CacheShape, context: float, batch: float, bytes_per_element: float, state_bytes: float | None
) -> float:
    """Bytes of the cache of some sequences.

        batch (bytes elements(context) + beside them + constant states); a GPT has 2 n_layers d_model elements a token

    Recurrent states take `state_bytes` an element; where that is None they and the convolution states are kept in the
    cache's type, at least 16 bit.

    Args:
        shape: what one sequence keeps, in elements
        context: tokens of each sequence [tokens]
        batch: sequences [count]
        bytes_per_element: of the cache's format [bytes]
        state_bytes: of a recurrent state's element [bytes]; None or 0 = as the cache, at least 2

    Source: Pope et al. 2022, section 3.3, generalised to what each layer stores.

    >>> kv_cache_bytes(CacheShape(2 * 96 * 12288, (), 0, 0, ()), 2048, 1, 2, None)  # GPT-3: 4.8 GB
    9663676416
    """
    growing = growing_bytes(shape, context, bytes_per_element)
    return batch * (growing + state_cache_bytes(shape, bytes_per_element, state_bytes))


def state_cache_bytes(shape: CacheShape, bytes_per_element: float, state_bytes: float | None) -> float:
    """Bytes of one sequence's constant states; arguments as in `kv_cache_bytes`."""
    at_least_16_bit = most(bytes_per_element, 2)
    element = where(state_bytes > 0, state_bytes, at_least_16_bit) if state_bytes is not None else at_least_16_bit
    states = shape.conv_state * at_least_16_bit + shape.state * element
    return term("states of a sequence", states, "bytes", _POPE)
