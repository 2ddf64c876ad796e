"""FLOP of a forward pass, from the same matrices as the parameters."""

from __future__ import annotations

from typing import NamedTuple

from xlcalc.formula.arithmetic import least, term
from xlcalc.model.architecture import Architecture


class FlopShape(NamedTuple):
    """Multiply-adds of one token: `matmul` in matrices and recurrences, each of `scores` with every token in its reach
    (None = all)."""

    matmul: float
    scores: tuple[tuple[float, int | None], ...]


def flop_shape(architecture: Architecture, *, decode: bool = False) -> FlopShape:
    """Sum the matrices a token passes (k of the experts, the head always) and its scores, or those of decoding.

    What is decoded passes the decoder alone.
    """
    if decode:
        architecture = architecture._replace(layers=architecture.layers[architecture.n_encoder :])
    matmul = sum(count * matrix.macs for count, matrix in architecture.linears())
    scores: dict[int | None, float] = {}
    for count, block in architecture.blocks():
        matmul += count * block.scan
        if block.score:
            reach = block.window if block.attended is None else block.attended * block.stride
            score = (decode and block.decode_score) or block.score
            scores[reach] = scores.get(reach, 0) + count * (score if block.stride == 1 else score / block.stride)
    return FlopShape(matmul, tuple((score, window) for window, score in scores.items()))


def attention_flops(shape: FlopShape, context: float) -> float:
    """FLOP of one token's scores and weighted values.

        2 n_heads (d_qk + d_v) min(context, window), summed over layers

    The full square, as PaLM and Megatron-LM count: causal masking saves nothing here. A sliding window and the choice
    of sparse attention cap the context.

    Args:
        shape: multiply-adds of a token with each token in its reach
        context: tokens attended to [tokens]

    Source: Chowdhery et al. 2022, appendix B.

    >>> attention_flops(FlopShape(100, ((8, None), (8, 4))), 10)
    224
    """
    pairs = sum(score * (context if window is None else least(context, window)) for score, window in shape.scores)
    return term("FLOP of a token in attention scores", 2 * pairs, "FLOP/token", "Chowdhery et al. 2022, appendix B")


def forward_flops(shape: FlopShape, context: float) -> float:
    """FLOP of one token's forward pass.

        2 multiply-adds in matrices + attention

    Args:
        shape: multiply-adds of a token
        context: tokens attended to [tokens]; 0 leaves attention out

    Source: Kaplan et al. 2020, table 1.

    >>> forward_flops(FlopShape(100, ((8, None), (8, 4))), 10)
    424
    """
    matrices = term("FLOP of a token in matrices", 2 * shape.matmul, "FLOP/token", "Kaplan et al. 2020, table 1")
    return matrices + attention_flops(shape, context)
