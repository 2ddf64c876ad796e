"""Total cost of ownership of an accelerator, a server or a cluster."""

from __future__ import annotations

from xlcalc.formula.arithmetic import term, where

HOURS_PER_YEAR = 8760
_NEARLY_NONE = 1e-6  # interest over the life below which its square is nothing


def capital_recovery(rate: float, years: float) -> float:
    """The share of a purchase that each year pays.

        r / (1 - (1 + r)^-n), or 1 / n without interest; near it (1 + r (n + 1) / 2) / n, where the first loses digits

    Args:
        rate: yearly interest r [ratio]
        years: years of use n [years], above 0

    Source: capital recovery factor.

    >>> capital_recovery(0, 4), round(capital_recovery(0.08, 4), 6)
    (0.25, 0.301921)
    """
    return where(
        rate * (years + 1) < _NEARLY_NONE,
        lambda: (1 + rate * (years + 1) / 2) / years,
        lambda: rate / (1 - (1 + rate) ** -years),
    )


def usd_per_useful_hour(
    *,
    capex: float,
    life_years: float,
    power_watts: float,
    usd_per_kwh: float,
    pue: float,
    opex_share: float,
    utilization: float,
    cost_of_capital: float,
) -> float:
    """Yearly capital, upkeep and energy over the hours in useful work.

        (capex (r / (1 - (1 + r)^-n) + opex) + 8760 P PUE p_kWh / 1000) / (8760 u)

    Energy is drawn in every hour of the year. No residual value.

    Args:
        capex: purchase price [USD]
        life_years: years of use n [years], above 0
        power_watts: average power P [W]
        usd_per_kwh: price of electricity p_kWh [USD/kWh]
        pue: power usage effectiveness of the building [ratio, 1 or more]
        opex_share: yearly upkeep as a share of the purchase [ratio/year]
        utilization: share u of the hours in useful work [ratio, above 0, at most 1]
        cost_of_capital: yearly interest r [ratio/year]

    Source: capital recovery factor; Epoch AI training-cost-trends for the lines.

    >>> hour = usd_per_useful_hour(capex=30000, life_years=4, power_watts=1000, usd_per_kwh=0.10, pue=1.3,
    ...     opex_share=0.05, utilization=1, cost_of_capital=0)
    >>> round(hour, 4)
    1.1574
    """
    share = term(
        "share of the purchase that a year pays",
        capital_recovery(cost_of_capital, life_years),
        "ratio/year",
        "capital recovery factor",
    )
    capital = term("capital of a year", capex * share, "USD/year")
    upkeep = term("upkeep of a year", capex * opex_share, "USD/year")
    energy = term("energy of a year", power_watts / 1000 * pue * usd_per_kwh * HOURS_PER_YEAR, "USD/year")
    return (capital + upkeep + energy) / (HOURS_PER_YEAR * utilization)
