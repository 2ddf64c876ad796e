"""Parameters by part, exact: sums over the matrices and vectors that a configuration builds."""

from __future__ import annotations

from xlcalc.model.architecture import Architecture

PARTS = ("embedding", "attention", "mlp", "experts", "router", "norm", "head")


def params_by_part(architecture: Architecture) -> dict[str, int]:
    """Parameters of each part; a tied head counts once, under `embedding`. The values sum to the total."""
    return {part: int(params) for part, params in _by_part(architecture).items()}


def active_by_part(architecture: Architecture) -> dict[str, float]:
    """Parameters of each part that one token meets: of the routed experts only those it is sent to."""
    return _by_part(architecture, met=True)


def _by_part(architecture: Architecture, *, met: bool = False) -> dict[str, float]:
    """Parameters of each part: copies (inputs x outputs + biases) of each matrix, and the sizes of the vectors."""
    found: dict[str, float] = dict.fromkeys(PARTS, 0)
    for count, matrix in architecture.linears():
        found[matrix.part] += count * (matrix.active_params if met else matrix.params)
    for count, vector in architecture.vectors():
        found[vector.part] += count * vector.size
    return found


def dense_params(n_layers: float, d_model: float, vocab: float, d_ff: float, n_ctx: float) -> float:
    """Weights of a textbook GPT: attention and MLP of its layers, embeddings of tokens and positions.

        N = n_layer (4 d^2 + 2 d d_ff) + (n_vocab + n_ctx) d

    Args:
        n_layers: layers n_layer [count]
        d_model: width d [elements]
        vocab: tokens of the vocabulary n_vocab [count]; 0 leaves their embedding out
        d_ff: width of the MLP [elements]
        n_ctx: learned positions [count]; 0 for none

    Biases and norms are left out. Source: Kaplan et al. 2020, table 1.

    >>> dense_params(96, 12288, 0, 4 * 12288, 0)
    173946175488
    """
    return n_layers * (4 * d_model**2 + 2 * d_model * d_ff) + (vocab + n_ctx) * d_model
