"""What pruning leaves of a model: non-zero parameters, bytes with what says where they stand, FLOP of a token."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from xlcalc.formula.arithmetic import term
from xlcalc.model.architecture import Architecture
from xlcalc.model.flops import FlopShape, forward_flops
from xlcalc.model.storage import MATRIX_PARTS, Weights
from xlcalc.model.words import COUNTED

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


def pruned(
    weights: Weights, architecture: Architecture, shape: FlopShape, pattern: str, sparsity: float
) -> tuple[Pruned, Pruned]:
    """A model as it is, and what is left when a share of every matrix of attention, MLP and experts is zero; the rest
    stays dense.

        parameters - s elements; bytes of the rest + elements ((1 - s) bits + index) / 8; FLOP - 2 s multiply-adds

    Args:
        weights: the matrices as they are stored
        architecture: the model's layers
        shape: its multiply-adds of a token
        pattern: where zeros may lie
        sparsity: share s of the matrices' elements that is zero [ratio, 0 to 1]

    Source: Mishra et al. 2021, section 3.1.

    >>> import xlcalc
    >>> xlcalc.LLM_PRUNED("llama-3.1-8b", 0.5, "2:4")[2][:3]
    ['bytes', 16060522496.0, 9953615872.0]
    """
    params = sum(n * m.params for n, m in architecture.linears()) + sum(n * v.size for n, v in architecture.vectors())
    params = term("parameters", params, "parameters", COUNTED)
    matrices = [one for one in weights.matrices if one.matrix.part in MATRIX_PARTS]
    elements = sum(one.layers * one.matrix.elements for one in matrices)
    elements = term("elements of attention, MLP and experts", elements, "elements", COUNTED)
    rest = term("bytes of the rest", weights.bytes - sum(m.element_bytes for m in matrices), "bytes", COUNTED)
    widths: defaultdict[float, float] = defaultdict(float)
    for one in matrices:
        for layers, bits in one.widths:
            widths[bits] += layers * one.matrix.elements
    held = {bits: term(f"elements of {bits:g} bits", n, "elements", COUNTED) for bits, n in widths.items()}
    macs = sum(n * matrix.macs for n, matrix in architecture.linears() if matrix.part in MATRIX_PARTS)
    macs = term("multiply-adds of a token in these", macs, "multiply-adds/token", COUNTED)
    flop = forward_flops(shape, 0)

    def left(pattern: str, sparsity: float) -> Pruned:
        sparse = sum(pruned_bytes(n, bits, pattern, sparsity) for bits, n in held.items())
        return Pruned(params - sparsity * elements, rest + sparse, flop - 2 * (sparsity * macs))

    return left("structured", 0), left(pattern, sparsity)
