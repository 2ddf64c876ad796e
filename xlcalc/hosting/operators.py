"""What a step of serving does, operator by operator: matrix products, attention, streams of memory, kernels,
collectives.

A model is reduced once for each number format; rates come from `machine`. Pope et al. 2022, section 3, gives the
roofline of products and cache; Shoeybi et al. 2019 how tensor parallelism splits matrices.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from xlcalc.hosting.kept import Kept
from xlcalc.model.dtypes import DType
from xlcalc.model.layers import Block, Linear
from xlcalc.model.spec import ModelSpec
from xlcalc.model.storage import OUTSIDE, Stored

_SIXTEEN = 2  # bytes


class Product(NamedTuple):
    """Matrix products of one shape, so many in a pass: `copies` experts of which a token meets `active`; copies 1 =
    dense.

    `bytes` an element as stored; `kind` says what tensor parallelism splits: column, row or whole.
    """

    d_in: int
    d_out: int
    bytes: float
    kind: str
    copies: int = 1
    active: float = 1


class Scores(NamedTuple):
    """Attention of layers with one reach (None = all earlier tokens): multiply-adds of a pair of tokens as prefill
    computes them and as decoding does (a latent is read once for all heads), heads that share what is read."""

    prefill: float
    decode: float
    reach: int | None


class Work(NamedTuple):
    """A model's layers and head in sums for one number format."""

    products: tuple[tuple[int, Product], ...]
    experts: tuple[tuple[int, Product], ...]
    head: Product
    scores: tuple[Scores, ...]
    scan: float  # multiply-adds of recurrences and filters for a token
    stream: float  # elements that memory-bound operators move for a token
    kernels: int
    narrow: int  # products whose inputs a kernel of its own brings into a narrower format
    reductions: int  # sums over tensor-parallel ranks in a pass
    expert_blocks: int
    n_layers: int
    d_model: int
    n_experts: int


_works: Kept[Work] = Kept(of_model=True)


def work_of(model: ModelSpec, dtype: DType) -> Work:
    """The sums of a model, kept for the last models asked for."""
    found = _works.get((model,), dtype)
    return found if found is not None else _works.put((model,), dtype, _reduce(model, dtype))


def _reduce(model: ModelSpec, dtype: DType) -> Work:
    architecture = model.architecture
    products: Counter[Product] = Counter()
    experts: Counter[Product] = Counter()
    scores: dict[int | None, tuple[float, float]] = {}
    scan = stream = 0.0
    kernels = narrow = reductions = expert_blocks = 0
    head = architecture.outer[-1]
    d_model = head.d_in
    held = _by_place(model, dtype)
    for place, (times, block) in enumerate(architecture.blocks()):
        found = _products(held.get(place, []))
        for count, product in found:
            (experts if product.copies > 1 else products)[product] += count
        routed = any(product.copies > 1 for _, product in found)
        reductions += times * any(product.kind == "row" or product.copies > 1 for _, product in found)
        expert_blocks += times * routed
        scan += times * block.scan
        stream += times * _stream(block, d_model)
        kernels += times * _EXTRA_KERNELS["moe" if routed else "attention" if block.score else "mlp"]
        kernels += sum(count for count, _ in found)
        narrow += sum(count for count, product in found if product.bytes < _SIXTEEN)
        if block.score:
            reach = block.window if block.attended is None else block.attended * block.stride
            before = scores.get(reach, (0.0, 0.0))
            each = block.score / block.stride
            scores[reach] = (
                before[0] + times * each,
                before[1] + times * (block.decode_score or block.score) / block.stride,
            )
    *outer, last = held[OUTSIDE]
    for one in outer:
        products[_product([(one.matrix, one.widths[0][1])])] += 1
    return Work(
        tuple((times, product) for product, times in products.items()),
        tuple((times, product) for product, times in experts.items()),
        _product([(last.matrix, last.widths[0][1])]),
        tuple(Scores(prefill, decode, reach) for reach, (prefill, decode) in scores.items()),
        scan,
        stream,
        kernels,
        narrow,
        reductions,
        expert_blocks,
        architecture.n_layers,
        d_model,
        max((product.copies for product in experts), default=0),
    )


# kernels of a block beside its products: norm and residual; rotation, attention and its reduction; routing,
# permutation, # activation, weighted sum
_EXTRA_KERNELS = {"attention": 4, "mlp": 2, "moe": 6}


def _by_place(model: ModelSpec, dtype: DType) -> dict[int, list[Stored]]:
    """The stored matrices block by block."""
    held: dict[int, list[Stored]] = {}
    for one in model.weights(dtype, serving=True).matrices:
        held.setdefault(one.place, []).append(one)
    return held


def _products(stored: list[Stored]) -> list[tuple[int, Product]]:
    """A block's products with the layers that have them; matrices that read the same input are one, as engines fuse
    them: those with inputs as wide, but that split inputs have inputs of their own.

    Where a format differs from layer to layer, those that it leaves in 16 bit are products of their own.
    """
    fused: dict[tuple[int, str, str, str, bool, int], list[tuple[Linear, float]]] = {}
    for one in stored:
        matrix = one.matrix
        for quantised in (False, True):
            widths = [(layers, bits) for layers, bits in one.widths if (bits < 16) is quantised]
            if widths:
                times = sum(layers for layers, _ in widths)
                bits = sum(layers * bits for layers, bits in widths) / times
                own = matrix.role if matrix.divided == "row" else ""
                key = matrix.d_in, matrix.divided, matrix.part, own, quantised, times
                fused.setdefault(key, []).append((matrix, bits))
    return [(key[-1], _product(matrices)) for key, matrices in fused.items()]


def _product(matrices: list[tuple[Linear, float]]) -> Product:
    """Matrices with so many bits an element as one product."""
    first = matrices[0][0]
    routed = first.split == "experts"
    d_out = sum(matrix.d_out for matrix, _ in matrices)
    return Product(
        first.d_in,
        d_out,
        sum(matrix.d_out * bits for matrix, bits in matrices) / d_out / 8,
        first.divided,
        max(first.copies, 1) if routed else 1,
        first.active if routed else 1,
    )


def _stream(block: Block, d_model: int) -> float:
    """Elements that a token's memory-bound operators read and write: norm and residual, rotation and copies of queries,
    keys and values, activation; in a mixture the copies sent to experts and their weighted sum."""
    moved = 6.0 * d_model
    for matrix in block.linears:
        if matrix.role == "down":
            moved += 3 * matrix.active * matrix.d_in + (3 * matrix.active * matrix.d_out if matrix.copies > 1 else 0)
        elif matrix.part == "attention" and matrix.split != "row":
            moved += 2 * matrix.d_out
    return moved


def weight_elements(work: Work) -> float:
    """Elements of all matrices, experts counted in full."""
    return sum(times * p.copies * p.d_in * p.d_out for times, p in (*work.products, *work.experts))
