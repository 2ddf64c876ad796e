"""Paying by the token against owning: API bills, break-even points."""

from __future__ import annotations

from xlcalc.formula.arithmetic import allowed, ceil, term


def api_cost(
    *,
    prompt: float,
    output: float,
    requests: float,
    cached_share: float,
    usd_input: float,
    usd_output: float,
    usd_cached: float,
) -> float:
    """USD of so many requests at listed prices a token.

        cost = requests (prompt ((1 - cached) p_in + cached p_cached) + output p_out)

    Args:
        prompt: tokens of each prompt [tokens]
        output: tokens of each answer [tokens]
        requests: requests [count]
        cached_share: share of each prompt that is billed at the cached price [ratio, 0 to 1]
        usd_input, usd_output, usd_cached: listed prices [USD/token]

    Source: tokens x the provider's listed prices.

    >>> cost = api_cost(prompt=1000, output=500, requests=10, cached_share=0.5, usd_input=2e-6, usd_output=8e-6,
    ...     usd_cached=0.0)
    >>> round(cost, 6)
    0.05
    """
    prompt_usd = term(
        "USD of a prompt", prompt * ((1 - cached_share) * usd_input + cached_share * usd_cached), "USD/request"
    )
    output_usd = term("USD of an answer", output * usd_output, "USD/request")
    return requests * (prompt_usd + output_usd)


def own_share(own_usd_per_month: float, api_usd_per_million: float, tokens_per_month: float | None) -> float:
    """Tokens a month above which owning is always cheaper than the API.

        tokens = ceil(own / (T p - own)) own / p

    One replica costs `own` and serves at most T tokens; more tokens need more whole replicas, so the cost of owning is
    a staircase, the API's a straight line. n replicas stay cheaper for good once n full ones save enough to pay the
    next: n T p >= (n + 1) own. Without a capacity one replica serves everything, and the answer is own / p.

    Args:
        own_usd_per_month: what a replica costs [USD/month]
        api_usd_per_million: price p of the API [USD/million tokens], above 0
        tokens_per_month: what a replica can serve, T [tokens/month]; None = as many as come

    Raises ValueError where a full replica costs more than its tokens at the API. Source: a straight line (API)
    against a staircase (whole replicas).

    >>> own_share(10_000, 2, None) / 1e9, own_share(10_000, 2, 7e9) / 1e9
    (5.0, 15.0)
    """
    usd_per_token = term("API price of a token", api_usd_per_million / 1e6, "USD/token")
    one = term("tokens that pay a replica", own_usd_per_month / usd_per_token, "tokens/month")
    if tokens_per_month is None:
        return one
    api_usd = term("a full replica's tokens at the API", tokens_per_month * usd_per_token, "USD/month")
    saving = term("saving of a full replica", api_usd - own_usd_per_month, "USD/month")
    full = allowed(
        saving > 0,
        lambda: term("full replicas that pay the next", ceil(own_usd_per_month / saving), "count"),
        lambda: "owning is never cheaper: a full replica costs more than its tokens at the API",
    )
    return full * one


def breakeven_hours(capex: float, own_usd_per_hour: float, rent_usd_per_hour: float) -> float:
    """Hours of use after which a purchase has paid for itself.

        hours = capex / (rent - own)

    Args:
        capex: purchase price [USD]
        own_usd_per_hour: what an hour of running it costs [USD/hour]
        rent_usd_per_hour: what the same costs to rent [USD/hour], above own

    Raises ValueError where renting costs no more than running what is owned. Source: capex over the difference of
    hourly costs.

    >>> breakeven_hours(30000, 0.5, 3.5)
    10000.0
    """
    return allowed(
        rent_usd_per_hour > own_usd_per_hour,
        lambda: capex / term("saving of an hour", rent_usd_per_hour - own_usd_per_hour, "USD/hour"),
        lambda: "buying never pays: renting costs no more by the hour than running what is owned",
    )
