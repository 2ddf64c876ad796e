"""What attention variants cost: the query-key pairs that each looks at."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from xlcalc.formula.arithmetic import least, log2, sqrt, term, where

_TAY = "Tay et al. 2020, table 1"


class Variant(NamedTuple):
    """One variant: its order as the survey prints it, what its parameter is, that parameter's default, its pairs."""

    order: str
    parameter: str
    default: float
    pairs: Callable[[float, float], float]


# Tay et al. 2020, "Efficient Transformers: A Survey", table 1. The orders are the survey's; its constants are not
# printed, so pairs are the order's expression itself, with the parameter where the order has one.
VARIANTS: dict[str, Variant] = {
    "full": Variant("n^2", "", 0, lambda n, k: n * n),
    "causal": Variant("n^2 / 2", "", 0, lambda n, k: n * (n + 1) / 2),
    "local": Variant("n k", "window", 256, lambda n, k: n * least(k, n)),
    "sparse": Variant("n sqrt(n)", "", 0, lambda n, k: n * sqrt(n)),
    "axial": Variant("n sqrt(n)", "", 0, lambda n, k: n * sqrt(n)),
    "routing": Variant("n sqrt(n)", "", 0, lambda n, k: n * sqrt(n)),
    "longformer": Variant("n k", "window and global tokens", 512, lambda n, k: n * least(k, n)),
    "bigbird": Variant("n k", "window, global and random tokens", 512, lambda n, k: n * least(k, n)),
    "etc": Variant("g^2 + n g", "global tokens", 256, lambda n, g: g * g + n * g),
    "reformer": Variant("n log2(n)", "", 0, lambda n, k: where(n > 1, lambda: n * log2(n), n)),
    "sinkhorn": Variant("b^2", "block", 256, lambda n, b: least(b, n) ** 2),
    "linformer": Variant("n k", "projected length", 256, lambda n, k: n * least(k, n)),
    "nystromformer": Variant("n k", "landmarks", 64, lambda n, k: n * least(k, n)),
    "perceiver": Variant("n k", "latents", 512, lambda n, k: n * k),
    "performer": Variant("n r", "random features", 256, lambda n, r: n * r),
    "linear": Variant("n d", "feature dimension; blank = d", 0, lambda n, r: n * r),
}


def attention_cost(variant: str, n: float, d: float, param: float | None) -> tuple[float, float]:
    """Operations and memory of one head over a sequence.

        4 d pairs (scores and values), pairs elements; full attention has n^2 pairs

    Args:
        variant: one of VARIANTS
        n: tokens of the sequence [tokens], above 0
        d: dimension of a head [elements]
        param: the variant's own size; None = its default

    Linear attention meets d features in place of keys. Source: Tay et al. 2020, table 1.

    >>> attention_cost("full", 1024, 64, None)
    (268435456, 1048576)
    """
    found = VARIANTS[variant]
    pairs = found.pairs(n, (found.default or d) if param is None else param)
    looked_at = term("pairs of queries and keys", pairs, "pairs", lambda: f"{_TAY}: {found.order}")
    operations = term("FLOP", 4 * d * looked_at, "FLOP", _TAY)
    return operations, term("elements of memory", pairs, "elements", _TAY)
