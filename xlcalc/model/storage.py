"""How many bytes a matrix takes in a number format, on a rank: the one place that knows.

A format is a plain width of 16 bit or more, a published one with what its checkpoints leave in 16 bit (`checkpoint`),
or one of llama.cpp's mixes (`gguf`). All that asks for bytes of weights sums over `stored`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from xlcalc.formula.arithmetic import term
from xlcalc.model.architecture import Architecture
from xlcalc.model.checkpoint import Checkpoint
from xlcalc.model.dtypes import GGUF, DType
from xlcalc.model.gguf import BLOCK_BITS, Tensors, has_values, tensors
from xlcalc.model.layers import Block, Linear, Vector
from xlcalc.model.modules import HEAD_PATHS, TOKEN_PATHS, paths

OUTSIDE = -1
KEPT_BITS = 16  # of what a quantised checkpoint leaves alone
_FORMAT = "of the model in this format"
MATRIX_PARTS = frozenset(("attention", "mlp", "experts"))


class Stored(NamedTuple):
    """A matrix of a block and the bits an element, scales and zero points included, that so many of its layers have.

    `place` is the number of the block in the model, OUTSIDE for what stands outside the layers.
    """

    matrix: Linear
    widths: tuple[tuple[int, float], ...]  # (layers, bits an element)
    bias_bits: float
    place: int

    @property
    def layers(self) -> int:
        return sum([layers for layers, _ in self.widths])

    @property
    def element_bytes(self) -> float:
        """Bytes of its weights, biases left out, in all layers."""
        return self.matrix.elements * sum([layers * bits for layers, bits in self.widths]) / 8

    @property
    def bytes(self) -> float:
        """Bytes of all its copies in all its layers."""
        matrix = self.matrix
        if not matrix.bias:
            return self.element_bytes
        return self.element_bytes + self.layers * matrix.copies * matrix.bias * self.bias_bits / 8


class StoredVector(NamedTuple):
    """A parameter outside matrix products of so many layers, with so many bits an element."""

    layers: float
    vector: Vector
    bits: float

    @property
    def bytes(self) -> float:
        return self.layers * self.vector.size * self.bits / 8


@dataclass(frozen=True)
class Weights:
    """All that a model stores in a format."""

    matrices: tuple[Stored, ...]
    vectors: tuple[StoredVector, ...]

    @cached_property
    def bytes(self) -> float:
        """Bytes of all of it."""
        return sum([one.bytes for one in self.matrices]) + sum([one.bytes for one in self.vectors])


class RankBytes(NamedTuple):
    """Bytes of a model's weights by what a rank holds of them: those that tensor parallelism splits, those that stand
    whole on every rank, experts, and the two ends of the model."""

    split: float
    replicated: float
    experts: float
    embedding: float
    head: float


def stored(
    architecture: Architecture, dtype: DType, own: Checkpoint, model_type: str = "", *, serving: bool = False
) -> Weights:
    """What a model holds in a format, matrix by matrix; `own` says what its publisher leaves out.

    Below 16 bit the matrices of attention, MLP and experts are quantised; embedding, head, norms, routers and biases
    stay in 16 bit, and so does what the configuration leaves out. MLX quantises embedding and head too, EXL the head.
    Experts that are published narrower than the format stay as they are; in 16 bit and wider only where the model is
    served, since then no other release is there to load.
    """
    held = own.file_bits if dtype == own.dtype else None
    if held or dtype.name in GGUF:
        mix = dtype.name if dtype.name in GGUF else "q8_0"  # which says no more than what is in single precision
        return _of_gguf(architecture, tensors(architecture, mix, model_type), held)
    return _of_checkpoint(architecture, dtype, own, serving=serving)


def _of_checkpoint(architecture: Architecture, dtype: DType, own: Checkpoint, *, serving: bool) -> Weights:
    kept = max(KEPT_BITS, dtype.bits)
    wide = dtype.bits + (own.scale_bits if dtype.name == "fp8" else 0)
    by_layer = any(p.by_layer for p in (own.ignored, own.only, *(o.modules for o in own.overrides)))

    published_of: dict[object, float] = {}

    def end(names: tuple[str, ...]) -> float:
        """Bits of the embedding or the head, which MLX quantises, in some files with bits of their own."""
        if not dtype.name.startswith("mlx"):
            return kept
        return _published_bits(own, names, is_expert=False) if dtype == own.dtype else dtype.bits

    head, tokens = end(HEAD_PATHS), end(TOKEN_PATHS)

    def bits(block: Block | None, matrix: Linear, layer: int) -> float:
        if matrix.role == "head" and dtype == own.dtype and own.head_bits:
            return own.head_bits
        if matrix.part not in MATRIX_PARTS:
            return head if matrix.role == "head" else kept
        if own.dtype.bits >= 16:
            return wide
        is_expert = matrix.part == "experts"
        if dtype.bits >= 16 and not (serving and is_expert):
            return wide
        key = (block and (block.kind, block.score > 0)), matrix.kind, matrix.name, layer if by_layer else 0
        if key not in published_of:
            published_of[key] = _published_bits(own, paths(block, matrix, layer), is_expert=is_expert)
        published = published_of[key]
        if dtype.bits >= 16:
            return published if published < 8 else wide
        if published >= 16:
            return kept
        if is_expert:
            return min(published, wide)
        return published if dtype == own.dtype else wide

    matrices: list[Stored] = []
    start, place = 0, -1
    for layer in architecture.layers:
        for block in layer.blocks:
            place += 1
            for matrix in block.linears:
                if by_layer and dtype.bits < 16:
                    widths = _counted([bits(block, matrix, i) for i in range(start, start + layer.times)])
                else:
                    widths = ((layer.times, bits(block, matrix, start)),)
                matrices.append(Stored(matrix, widths, kept, place))
        start += layer.times
    for matrix in architecture.outer:
        matrices.append(Stored(matrix, ((1, bits(None, matrix, 0)),), kept, OUTSIDE))
    vectors = [StoredVector(n, vector, tokens if vector.by_token else kept) for n, vector in architecture.vectors()]
    return Weights(tuple(matrices), tuple(vectors))


def _counted(bits: list[float]) -> tuple[tuple[int, float], ...]:
    """So many layers of each width."""
    return tuple((bits.count(one), one) for one in dict.fromkeys(bits))


def _published_bits(own: Checkpoint, names: tuple[str, ...], *, is_expert: bool) -> float:
    """Bits an element of a matrix in a quantised checkpoint, 16 where it is left out."""
    if own.ignored and own.ignored.covers(names):
        return KEPT_BITS
    override = next((o.bits for o in own.overrides if o.modules.covers(names)), None)
    if override is not None:
        return override
    if (own.only and not own.only.covers(names)) or (own.experts_alone and not is_expert):
        return KEPT_BITS
    if is_expert and own.expert_bits:
        return own.expert_bits
    return own.dtype.bits + own.scale_bits


def _of_gguf(architecture: Architecture, file: Tensors, held: float | None) -> Weights:
    """What a GGUF file holds; norms, biases and routers are in single precision, the rest has the bits of its block
    type or, where the file itself was read, those that it `held` on average."""
    bits = {name: held if held and name != "f32" else wide for name, wide in BLOCK_BITS.items()}
    matrices: list[Stored] = []
    start, values, place = 0, 0, -1
    for layer in architecture.layers:
        for block in layer.blocks:
            place += 1
            for matrix in block.linears:
                types = file.types(matrix, start, layer.times, values)
                matrices.append(Stored(matrix, _counted([bits[name] for name in types]), 32, place))
        start += layer.times
        values += layer.times if has_values(layer) else 0
    for matrix in architecture.outer:
        matrices.append(Stored(matrix, ((1, bits[file.outer_type(matrix)]),), 32, OUTSIDE))
    vectors = [StoredVector(n, v, bits[file.vector_type(v)]) for n, v in architecture.vectors()]
    return Weights(tuple(matrices), tuple(vectors))


def rank_bytes(architecture: Architecture, weights: Weights) -> RankBytes:
    """Bytes of the weights by how tensor and expert parallelism divide them; what is no matrix stands whole."""
    held = dict.fromkeys(("column", "row", "whole", "experts", "head"), 0.0)
    for one in weights.matrices:
        _, split, role = one.matrix.kind
        held["head" if role == "head" else split] += one.bytes
    outside = set(architecture.embeddings)
    embedding = beside = 0.0
    for vector in weights.vectors:
        if vector.vector in outside:
            embedding += vector.bytes
        else:
            beside += vector.bytes
    return RankBytes(held["column"] + held["row"], held["whole"] + beside, held["experts"], embedding, held["head"])


def by_width(weights: Weights) -> dict[str, float]:
    """Bytes of the weights by part and width, each called as a derivation calls it."""
    found: dict[str, float] = {}
    for one in weights.matrices:
        elements, biases = one.matrix.elements, one.matrix.copies * one.matrix.bias
        for layers, bits in one.widths:
            what = f"{one.matrix.part}, {bits:g} bits an element"
            found[what] = found.get(what, 0) + layers * elements * bits / 8
            if biases:
                what = f"biases, {one.bias_bits:g} bits an element"
                found[what] = found.get(what, 0) + layers * biases * one.bias_bits / 8
    for vector in weights.vectors:
        what = f"{vector.vector.part}, {vector.bits:g} bits an element"
        found[what] = found.get(what, 0) + vector.bytes
    return found


def count_bytes(params: float, dtype: DType) -> float:
    """Bytes of so many parameters, every one of them in one format.

        bytes = N b

    Args:
        params: parameters N [parameters]
        dtype: the format, b bytes an element

    Source: the format's layout (model/dtypes.py).

    >>> count_bytes(70e9, DType("int4", 4))
    35000000000.0
    """
    return term("parameters", params, "parameters") * term("bytes of an element", dtype.bytes, "bytes", dtype.name)


def read_bytes(weights: Weights, tokens: float) -> float:
    """Bytes of weights that one forward pass reads.

        dense + experts (1 - (1 - k / N)^n)

    Of N experts with k a token, that many distinct ones are met when routing is uniform; of the token embedding only n
    rows, left out here.

    Args:
        weights: the matrices as they are stored
        tokens: tokens n of the pass [tokens]

    Source: Pope et al. 2022, section 3.3; uniform routing.

    >>> import xlcalc
    >>> round(xlcalc.LLM_INTENSITY("llama-3.1-8b", 1, 1024), 3)
    1.027
    """
    held: dict[float, float] = {}
    for one in weights.matrices:
        matrix = one.matrix
        copies = matrix.copies or 1
        share = matrix.active / copies
        bits = 0.0
        for layers, width in one.widths:
            bits += layers * width
        held[share] = held.get(share, 0) + copies * matrix.d_in * matrix.d_out * bits / 8
    total = 0.0
    for share, kept in held.items():
        if share >= 1:
            total += term("weights that every token meets", kept, "bytes", _FORMAT)
        else:
            met = term("share of the experts that a token meets", share, "share", "of the model")
            total += term("weights of all experts", kept, "bytes", _FORMAT) * (1 - (1 - met) ** tokens)
    return total
