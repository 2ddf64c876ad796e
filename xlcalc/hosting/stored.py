"""Bytes of a model's weights as an engine holds them, by how parallelism divides them."""

from __future__ import annotations

import math
from math import ceil
from typing import NamedTuple

from xlcalc.hosting.constants import constant
from xlcalc.hosting.kept import Kept
from xlcalc.model.dtypes import DTYPES, GGUF, DType
from xlcalc.model.layers import Linear
from xlcalc.model.spec import ModelSpec

_KEPT_BYTES = 2  # what a quantised checkpoint leaves alone stays in 16 bit
_QUANTISED = ("attention", "mlp", "experts")
# matrices that stand whole on every accelerator: their outputs are norms' or routers' inputs
_WHOLE = frozenset(("q_a", "kv_a", "router", "shared_gate", "index_k", "index_weights"))


class Storage(NamedTuple):
    """Bytes that tensor parallelism splits, that stand whole, of experts, and of the two ends of the model."""

    split: float
    whole: float
    experts: float
    embedding: float
    head: float


def checkpoint_format(model: ModelSpec) -> tuple[DType | None, bool]:
    """The format that a checkpoint is published in for its experts alone, and whether its attention stays in 16 bit."""
    quantised = model.text_config.get("quantization_config") or {}
    method = quantised.get("quant_method", "")
    spared = [str(name) for name in (*quantised.get("modules_to_not_convert", ()), *quantised.get("ignore", ()))]
    keeps_attention = any("self_attn" in name for name in spared)
    if method == "mxfp4":
        return DTYPES["mxfp4"], keeps_attention
    groups = quantised.get("config_groups") or {}
    for group in groups.values():
        weights = group.get("weights") or {}
        if weights.get("num_bits") == 4:  # a 16-bit scale for each group of elements
            return DType("int4", 4 + 16 / (weights.get("group_size") or math.inf)), keeps_attention
    return None, keeps_attention


def matrix_bytes(model: ModelSpec, matrix: Linear, dtype: DType) -> float:
    """Bytes of one element of a matrix when the model is served in `dtype`.

    Attention, MLP and experts take the format, the rest stays in 16 bit. A checkpoint published with its experts in
    four bits keeps them so when 16 bit is asked for, for no wider one exists.
    """
    if dtype.name in GGUF:
        return dtype.bytes
    own, keeps_attention = checkpoint_format(model)
    if matrix.part == "experts" and own and own.bits < dtype.bits:
        return own.bytes
    if dtype.bits >= 16:
        return dtype.bytes
    if matrix.part not in _QUANTISED or (matrix.part == "attention" and keeps_attention):
        return _KEPT_BYTES
    return dtype.bytes


def is_whole(matrix: Linear) -> bool:
    """Whether tensor parallelism leaves a matrix whole on every accelerator."""
    return matrix.name in _WHOLE


def padded(matrix: Linear, element_bytes: float) -> float:
    """Elements of a matrix of which kernels for 4-bit experts widen one side to a whole tile."""
    elements = matrix.copies * matrix.d_in * matrix.d_out
    if matrix.part != "experts" or element_bytes > 1:
        return elements
    tile = int(constant("expert_tile"))
    side = matrix.d_in if matrix.name == "down" else matrix.d_out
    return elements * ceil(side / tile) * tile / side


_storages: Kept[Storage] = Kept(of_model=True)


def storage(model: ModelSpec, dtype: DType) -> Storage:
    """The bytes of a model's weights, kept for the last models asked for."""
    found = _storages.get((model,), dtype)
    return found if found is not None else _storages.put((model,), dtype, _storage(model, dtype))


def _storage(model: ModelSpec, dtype: DType) -> Storage:
    architecture = model.architecture
    sums = dict.fromkeys(("split", "whole", "experts", "head"), 0.0)
    for times, matrix in architecture.linears():
        if not matrix.copies:
            continue
        element = matrix_bytes(model, matrix, dtype)
        kind = matrix.part if matrix.part in ("experts", "head") else "whole" if is_whole(matrix) else "split"
        sums[kind] += times * (padded(matrix, element) * element + matrix.copies * matrix.bias * _kept(dtype))
    embedding = sum(vector.size for vector in architecture.embeddings) * _kept(dtype)
    vectors = sum(times * vector.size for times, vector in architecture.vectors()) * _kept(dtype) - embedding
    return Storage(sums["split"], sums["whole"] + vectors, sums["experts"], embedding, sums["head"])


def _kept(dtype: DType) -> float:
    return dtype.bytes if dtype.bits >= 16 or dtype.name in GGUF else _KEPT_BYTES
