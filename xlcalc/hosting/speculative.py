"""Speculative decoding: a draft proposes tokens, the model verifies them in one pass."""

from __future__ import annotations

from xlcalc.formula.arithmetic import term, where


def speedup(acceptance: float, draft_tokens: int, draft_cost: float) -> float:
    """Tokens of a verifying pass over its cost.

        (1 - a^(g+1)) / ((1 - a) (g c + 1))

    Args:
        acceptance: chance a that a proposed token is accepted [ratio, 0 to 1]; at 1 the pass gives g + 1 tokens
        draft_tokens: tokens g proposed for each pass [tokens], 1 or more
        draft_cost: time c of the draft for one token over that of the model [ratio]

    Source: Leviathan et al. 2023, equation 1 and theorem 3.8.

    >>> round(speedup(0.8, 4, 0.05), 2)
    2.8
    """
    series = where(
        acceptance == 1, lambda: draft_tokens + 1, lambda: (1 - acceptance ** (draft_tokens + 1)) / (1 - acceptance)
    )
    tokens = term("tokens of a pass", series, "tokens", "Leviathan et al. 2023, equation 1")
    return tokens / term("cost of a pass", draft_tokens * draft_cost + 1, "passes of the model")
