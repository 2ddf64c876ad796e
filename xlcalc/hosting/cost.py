"""What serving costs: USD per million tokens, replicas for a traffic."""

from __future__ import annotations

from typing import NamedTuple

from xlcalc.formula.arithmetic import ceil, most, rounded, term, where


class Price(NamedTuple):
    """USD of one accelerator for an hour, where it comes from, its date, and of a median how many rows it is of and
    below what a quarter and three quarters of them are."""

    usd_per_hour: float
    offer: str
    as_of: str | None = None
    rows: int | None = None
    quarter: float | None = None
    three_quarters: float | None = None


PRICE_HEADER = [
    "USD/accelerator-hour", "price from", "price as of", "price rows", "a quarter below", "a quarter above"
]  # fmt: skip


def priced(price: Price | None) -> tuple[object, ...]:
    """A price as cells under PRICE_HEADER; blank where there is none."""
    return tuple(price) if price else (None,) * len(PRICE_HEADER)


def usd_per_million(usd_per_hour: float, tokens_per_second: float, utilization: float) -> float:
    """USD per million tokens of a replica that is busy for a share of the time.

        p / (3600 r u) 10^6

    Args:
        usd_per_hour: price p of the whole replica [USD/hour]
        tokens_per_second: what it produces when it is busy, r [tokens/s], above 0
        utilization: share u of the time that it is busy [ratio, above 0, at most 1]

    Source: USD per hour over tokens per hour.

    >>> round(usd_per_million(2.21, 3148, 1), 3)
    0.195
    """
    tokens = term("tokens of an hour", tokens_per_second * 3600 * utilization, "tokens/hour")
    return usd_per_hour / tokens * 1e6


def replicas(requests_per_second: float, output: float, tokens_per_second: float, utilization: float) -> int:
    """Replicas for a traffic, each loaded to a share of what it sustains.

        ceil(R output / (r u)), at least one where there is traffic

    Args:
        requests_per_second: mean rate R of requests [1/s]
        output: tokens of each answer [tokens]
        tokens_per_second: what a replica sustains, r [tokens/s], above 0
        utilization: share u of it to plan with [ratio, above 0, at most 1]

    Source: requests x output over tokens per second.

    >>> replicas(100, 200, 5000, 0.8)
    5
    """
    planned = term("planned tokens of a replica", tokens_per_second * utilization, "tokens/s")
    asked = term("tokens asked for", requests_per_second * output, "tokens/s")
    return where(asked > 0, most(1, ceil(rounded(asked / planned, 9))), 0)
