"""What a pass of serving does, operator by operator, and what a sequence keeps: columns of `coefficients`.

Weights are those of one number format (`storage`). Shoeybi et al. 2019 say how tensor parallelism splits matrices.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from xlcalc.model.architecture import Architecture
from xlcalc.model.coefficients import Cached, Product, Scores, State
from xlcalc.model.layers import Block, Linear
from xlcalc.model.storage import KEPT_BITS, OUTSIDE, Stored, Weights, rank_bytes

# kernels of a block beside its products: norm and residual; rotation, attention and its reduction; routing,
# permutation, activation, weighted sum
_EXTRA_KERNELS = {"attention": 4, "mlp": 2, "moe": 6}


def serve_columns(architecture: Architecture, weights: Weights, state_bytes: float | None) -> dict[str, Any]:
    """The columns of serving with weights as they are stored."""
    products: Counter[tuple[Any, ...]] = Counter()  # how many layers have a product, by all else of it
    scores: dict[int | None, tuple[float, float]] = {}
    sums = dict.fromkeys(("kernels", "narrow", "reductions", "expert_blocks", "stream", "scan"), 0.0)
    head = architecture.head
    held: dict[int, list[Stored]] = {}
    for one in weights.matrices:
        held.setdefault(one.place, []).append(one)
    alike: dict[tuple[Any, ...], list[Product]] = {}  # a family builds blocks that are alike once
    for place, (times, block) in enumerate(architecture.blocks()):
        matrices = held.get(place, [])
        key = id(block.linears), *[one.widths for one in matrices]
        found = alike[key] if key in alike else alike.setdefault(key, _products(matrices))
        routed = reduces = False
        for product in found:
            products[product[1:]] += int(product.layers)
            routed = routed or product.copies > 1
            reduces = reduces or product.row
            sums["kernels"] += product.layers
            sums["narrow"] += product.layers if product.bytes < 2 else 0
        sums["reductions"] += times * (reduces or routed)
        sums["expert_blocks"] += times * routed
        sums["scan"] += times * block.scan
        sums["stream"] += times * _stream(block, head.d_in)
        sums["kernels"] += times * _EXTRA_KERNELS["moe" if routed else "attention" if block.score else "mlp"]
        if block.score:
            reach = block.window if block.attended is None else block.attended * block.stride
            prefill, decode = scores.get(reach, (0.0, 0.0))
            each = times * block.score / block.stride
            scores[reach] = prefill + each, decode + times * (block.decode_score or block.score) / block.stride
    *outer, last = held.get(OUTSIDE) or [Stored(head, ((1, KEPT_BITS),), KEPT_BITS, OUTSIDE)]
    for one in outer:
        products[_product([(one.matrix, one.widths[0][1])], 0)[1:]] += 1
    counted = [Product(times, *product) for product, times in products.items()]
    rank = rank_bytes(architecture, weights)
    return {
        **sums,
        **{f"bytes_{part}": value for part, value in rank._asdict().items()},
        "head_bytes": last.widths[0][1] / 8,
        "state_bytes": state_bytes or 0,
        "products": tuple(product for product in counted if product.copies == 1),
        "experts": tuple(product for product in counted if product.copies > 1),
        "scores": tuple(Scores(prefill, decode, reach or 0) for reach, (prefill, decode) in scores.items()),
        **_cached(architecture),
    }


def _products(stored: list[Stored]) -> list[Product]:
    """A block's products with the layers that have them; matrices that read the same input are one, as engines fuse
    them: those with inputs as wide, but that split inputs have inputs of their own.

    Where a format differs from layer to layer, those that it leaves in 16 bit are products of their own.
    """
    fused: dict[tuple[int, str, str, str, bool, int], list[tuple[Linear, float]]] = {}
    for one in stored:
        matrix = one.matrix
        divided = matrix.divided
        own = matrix.role if divided == "row" else ""
        for quantised in (False, True):
            widths = [width for width in one.widths if (width[1] < 16) is quantised]
            if widths:
                times = sum([layers for layers, _ in widths])
                bits = sum([layers * bits for layers, bits in widths]) / times
                key = matrix.d_in, divided, matrix.part, own, quantised, times
                fused.setdefault(key, []).append((matrix, bits))
    return [_product(matrices, key[-1]) for key, matrices in fused.items()]


def _product(matrices: list[tuple[Linear, float]], layers: int) -> Product:
    """Matrices with so many bits an element as one product."""
    first = matrices[0][0]
    divided, routed = first.divided, first.split == "experts"
    row = divided == "row"
    d_out = sum([matrix.d_out for matrix, _ in matrices])
    return Product(
        layers=layers,
        d_in=first.d_in,
        d_out=d_out,
        bytes=sum([matrix.d_out * bits for matrix, bits in matrices]) / d_out / 8,
        row=row,
        column=divided == "column",
        width=(first.d_in if row else first.d_out) if routed else 0,
        copies=max(first.copies, 1) if routed else 1,
        active=first.active if routed else 1,
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


def _cached(architecture: Architecture) -> dict[str, Any]:
    """What a sequence keeps, kind by kind: caches that grow, and states of constant size."""
    growing: Counter[Cached] = Counter()
    states: Counter[State] = Counter()
    for times, block in architecture.blocks():
        if block.cache or block.pending:
            kept = Cached(
                layers=0,
                elements=block.cache,
                heads=block.kv_heads,
                window=0 if block.stride > 1 else block.window or 0,
                stride=max(block.stride, 1),
                pending=block.pending,
                beside_8bit=block.beside_8bit if block.cache else 0,
            )
            growing[kept] += times
        if block.state or block.conv_state:
            states[State(0, block.state, block.conv_state)] += times
    return {
        "cached": tuple(kind._replace(layers=times) for kind, times in growing.items()),
        "states": tuple(kind._replace(layers=times) for kind, times in states.items()),
    }
