"""What a model's coefficients are called in a derivation, and their units."""

from __future__ import annotations

CACHE_WORDS = {
    "full": ("cache elements of a token", "elements/token"),
    "conv_state": ("elements of convolution states", "elements"),
    "state": ("elements of recurrent states", "elements"),
    **{f"sliding_{i}_1": ("cache elements of a token in a window", "elements/token") for i in range(1, 5)},
    **{f"sliding_{i}_2": ("window", "tokens") for i in range(1, 5)},
    **{f"compressed_{i}_1": ("cache elements of a stride", "elements") for i in range(1, 5)},
    **{f"compressed_{i}_2": ("stride", "tokens") for i in range(1, 5)},
    **{f"compressed_{i}_3": ("cache elements of a pending token", "elements/token") for i in range(1, 5)},
}
FLOP_WORDS = {
    "matmul": ("multiply-adds of a token in matrices", "multiply-adds/token"),
    **{f"scores_{i}_1": ("multiply-adds of a pair of tokens", "multiply-adds a pair") for i in range(1, 6)},
    **{f"scores_{i}_2": ("reach of attention", "tokens") for i in range(1, 6)},
}
