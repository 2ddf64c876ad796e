"""Speculative decoding: a draft proposes tokens, the model verifies them in one pass."""

from __future__ import annotations

from typing import NamedTuple

from xlcalc.formula.arithmetic import term, where


class Draft(NamedTuple):
    """What is proposed for each pass: tokens, the time of one over that of the model's, and how many tokens a pass
    gives."""

    tokens: int
    cost: float
    given: float


UNDRAFTED = Draft(tokens=0, cost=0, given=1)
"""Nothing is proposed: a pass gives its one token."""


def draft(acceptance: float, draft_tokens: int, draft_cost: float) -> Draft:
    """The draft of an acceptance; arguments as `speedup` has them."""
    return Draft(draft_tokens, draft_cost, _given(acceptance, draft_tokens))


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
    cost = term("cost of a pass", draft_tokens * draft_cost + 1, "passes of the model")
    return _given(acceptance, draft_tokens) / cost


def _given(acceptance: float, draft_tokens: int) -> float:
    series = where(
        acceptance == 1, lambda: draft_tokens + 1, lambda: (1 - acceptance ** (draft_tokens + 1)) / (1 - acceptance)
    )
    return term("tokens of a pass", series, "tokens", "Leviathan et al. 2023, equation 1")
