"""Bytes of a model's weights as an engine holds them, by how parallelism divides them."""

from __future__ import annotations

from math import ceil

from xlcalc.hosting.constants import constant
from xlcalc.hosting.kept import Kept
from xlcalc.model.dtypes import DType
from xlcalc.model.spec import ModelSpec
from xlcalc.model.storage import RankBytes, Stored, rank_bytes

_storages: Kept[tuple[RankBytes, float]] = Kept(of_model=True)


def storage(model: ModelSpec, dtype: DType) -> tuple[RankBytes, float]:
    """The bytes of a model's weights, and what kernels pad experts with; kept for the last models asked for."""
    found = _storages.get((model,), dtype)
    return found if found is not None else _storages.put((model,), dtype, _storage(model, dtype))


def _storage(model: ModelSpec, dtype: DType) -> tuple[RankBytes, float]:
    weights = model.weights(dtype, serving=True)
    return rank_bytes(model.architecture, weights), sum(map(padding, weights.matrices))


def padding(one: Stored) -> float:
    """Bytes by which kernels for 4-bit experts widen one side of a matrix to a whole tile."""
    matrix = one.matrix
    narrow = sum(layers * bits for layers, bits in one.widths if bits < 8)
    if matrix.split != "experts" or not narrow:
        return 0.0
    tile = int(constant("expert_tile"))
    side = matrix.d_in if matrix.divided == "row" else matrix.d_out
    return matrix.elements * (ceil(side / tile) * tile / side - 1) * narrow / 8
