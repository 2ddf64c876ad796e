"""What pruning leaves of a model: non-zero parameters, bytes with what says where they stand, FLOP of a token."""

from __future__ import annotations

from typing import NamedTuple

from xlcalc.model.architecture import Architecture
from xlcalc.model.flops import FlopShape, forward_flops
from xlcalc.model.formats import MATRIX_PARTS, Stored

PATTERNS = ("unstructured", "2:4", "structured")


class Pruned(NamedTuple):
    """Non-zero parameters, bytes of the weights, FLOP of a token's forward pass without attention scores."""

    params: float
    bytes: float
    flop: float


def index_bits(pattern: str, sparsity: float) -> float:
    """Bits an element of the dense matrix that say where the kept values stand.

    2 for each kept value of a 2:4 group, a bit mask where zeros lie anywhere, none where whole rows or heads go.

    Source: Mishra et al. 2021, Accelerating Sparse Deep Neural Networks, section 3.1 (2:4)
    """
    return {"2:4": 2 * (1 - sparsity), "unstructured": 1.0, "structured": 0.0}[pattern]


def pruned_bytes(elements: float, bits: float, pattern: str, sparsity: float) -> float:
    """Bytes of a matrix of so many elements once a share of them is zero: values kept, and where they stand."""
    return elements * ((1 - sparsity) * bits + index_bits(pattern, sparsity)) / 8


def pruned_macs(architecture: Architecture, sparsity: float) -> float:
    """Multiply-adds of a token that fall away: those of zeros in attention, MLP and experts."""
    return sparsity * sum(n * matrix.macs for n, matrix in architecture.linears() if matrix.part in MATRIX_PARTS)


def pruned(groups: list[Stored], architecture: Architecture, shape: FlopShape, pattern: str, sparsity: float) -> Pruned:
    """What is left when a share of every matrix of attention, MLP and experts is zero; the rest stays dense.

    `groups` are the weights as the format stores them, those that stay in 16 bit under `kept`.
    """
    dense = sum(group.elements for group in groups if group.kind == "kept")
    matrices = sum(group.elements for group in groups if group.kind != "kept")
    stored = sum(
        pruned_bytes(group.elements, group.bits, pattern, sparsity)
        if group.kind != "kept"
        else group.elements * group.bits / 8
        for group in groups
    )
    flop = forward_flops(shape, 0) - 2 * pruned_macs(architecture, sparsity)
    return Pruned(dense + matrices * (1 - sparsity), stored, flop)
