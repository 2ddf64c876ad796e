"""Cell functions about hardware, prices, ownership and energy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from xlcalc.catalog import accelerators, api_and_grid, prices, tables
from xlcalc.catalog.names import NotInCatalog
from xlcalc.formula.arithmetic import allowed, is_number, is_recording, term
from xlcalc.formula.arithmetic import term as label
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.language import blocks
from xlcalc.language.cells import Choice, shown
from xlcalc.language.declare import Table, cell_function
from xlcalc.language.errors import CalcError
from xlcalc.language.kinds import (
    Accelerator,
    AcceleratorOrPower,
    AtLeastOne,
    Carbon,
    Cell,
    Count,
    Fraction,
    Hours,
    Joules,
    Name,
    PositiveTokens,
    Real,
    Requests,
    Rows,
    Search,
    Seconds,
    Share,
    Today,
    Tokens,
    Usd,
    UsdPerHour,
    UsdPerKwh,
    UsdPerMillion,
    Watts,
    Years,
)
from xlcalc.money import tco
from xlcalc.money.api import api_cost, breakeven_hours, own_share
from xlcalc.money.energy import JOULES_PER_KWH, energy

_API_COLUMNS = {
    "input": "input_usd_per_token",
    "output": "output_usd_per_token",
    "cached": "cached_usd_per_token",
    "context": "context",
    "as_of": "as_of",
}
_ApiField = Annotated[str, Choice(*_API_COLUMNS)]
_Term = Annotated[str, Choice(*prices.TERMS)]


@cell_function(category="Hardware and money", source="the maker's data sheets, as the catalog records them")
def LLM_HARDWARE(accelerator: Accelerator, field: Name = None) -> Cell:
    """One figure of an accelerator in base units (FLOP/s, bytes, bytes/s, watts), or all of them as a block.

    Peaks are dense, never the sparse figure; links are per direction. A figure that nobody published is #N/A.

    Args:
        field: a field of the block, such as peak_bf16, memory, bandwidth or tdp; blank = the whole block
    Example:
        >>> LLM_HARDWARE("h100-sxm", "bandwidth")
        3350000000000
    """
    rows = blocks.accelerator_rows(accelerator)
    if field is None:
        return Table([["field", "value"], *([n, v] for n, v in rows.items() if v not in (None, ""))])
    value = blocks.pick(rows, field, "a field of the accelerator")
    if is_recording() and isinstance(value, (int, float)):
        return accelerator.figure(blocks.label(field))
    return value


@cell_function(category="Hardware and money", source="the catalog of accelerators")
def LLM_HARDWARE_TABLE(search: Search = None) -> Rows:
    """The catalog of accelerators: peaks in TFLOP/s, memory in GB, bandwidths in GB/s, power in watts, sources, dates.

    Args:
        search: rows that contain all these words, in any order and any column; blank = all
    Example:
        >>> LLM_HARDWARE_TABLE("h100-sxm")[1][0]
        'h100-sxm'
    """
    return _table("accelerators", search, accelerators.find)


@cell_function(
    category="Hardware and money", source="the provider's price list, as the catalog records it with its date"
)
def LLM_PRICE(instance: Name, term: _Term = "on_demand") -> UsdPerHour:
    """USD per hour of an instance as its provider lists it; #N/A where the catalog has no such price.

    Args:
        instance: the provider's instance name, or provider/instance/region where it stands in several
        term: on_demand, spot, 1y or 3y
    Example:
        >>> LLM_PRICE("aws/p5.48xlarge/us-east-1") > 0
        True
    """
    with _listed(instance, "instance"):
        usd = prices.usd_per_hour(instance, term)
        return label(f"{term} price of {instance}", usd, "USD per hour", lambda: _source(prices.offer(instance, term)))


@cell_function(category="Hardware and money", source="the catalog of prices")
def LLM_PRICE_TABLE(search: Search = None, today: Today = None) -> Rows:
    """The catalog of instance prices in USD per hour, with regions, sources and dates.

    With `today` each row also says how many days old it is, and `stale` beyond 90: LLM_PRICE_TABLE("h100", TODAY()).

    Args:
        search: rows that contain all these words, in any order and any column; blank = all
        today: the day that ages are counted to; blank = no ages
    Example:
        >>> LLM_PRICE_TABLE("aws/p5.48xlarge/us-east-1", "2027-01-31")[1][-2:]
        [195, 'stale']
    """
    table = _table("prices", search)
    if today:
        as_of = table[0].index("as_of")
        table[0] += ["age_days", "stale"]
        for row in table[1:]:
            age = prices.age(row[as_of], today)
            row += [age, "stale" if age is not None and age > prices.STALE_AFTER else None]
    return table


@cell_function(
    category="Hardware and money", source="capital recovery factor; Epoch AI training-cost-trends for the lines"
)
def LLM_TCO(
    capex: Usd,
    life_years: Years,
    power_watts: Watts,
    usd_per_kwh: UsdPerKwh,
    pue: AtLeastOne = 1.3,
    opex_share: Real = 0.05,
    utilization: Fraction = 1,
    cost_of_capital: Real = 0,
) -> UsdPerHour:
    """USD per useful hour of something owned: capital, upkeep and energy over the hours in use.

    Energy is drawn all year at the average power given. Nothing is left at the end of its life.

    Args:
        capex: purchase price with what is bought beside it (server, network, installation)
        life_years: years of use
        power_watts: average power
        usd_per_kwh: price of electricity
        pue: power usage effectiveness of the building
        opex_share: yearly upkeep, staff and space as a share of the purchase
        utilization: share of the hours in useful work
        cost_of_capital: yearly interest as a fraction
    Example:
        >>> round(LLM_TCO(30000, 4, 1000, 0.10), 4)
        1.1574
    """
    return tco.usd_per_useful_hour(
        capex=capex,
        life_years=life_years,
        power_watts=power_watts,
        usd_per_kwh=usd_per_kwh,
        pue=pue,
        opex_share=opex_share,
        utilization=utilization,
        cost_of_capital=cost_of_capital,
    )


@cell_function(
    category="Hardware and money", source="power x time x load x PUE; thermal design power from the data sheet"
)
def LLM_ENERGY(
    seconds: Seconds, count: Count, accelerator: AcceleratorOrPower, load: Share = 0.8, pue: AtLeastOne = 1.3
) -> Joules:
    """Joules at the meter of so many accelerators for so long.

    Measured 8-GPU H100 nodes draw 76 % of their rated power in training; the server around the accelerators is not
    in their thermal design power: give watts in place of a name to count it.

    Args:
        seconds: running time
        count: accelerators
        accelerator: the accelerator, or its watts
        load: average share of the thermal design power
        pue: power usage effectiveness of the building
    Example:
        >>> LLM_ENERGY(3600, 8, "h100-sxm", unit="kWh")
        5.824
    """
    watts = accelerator.figure("tdp") if isinstance(accelerator, AcceleratorSpec) else term("power", accelerator)
    return energy(seconds, term("accelerators", count), watts, load, pue)


@cell_function(
    category="Hardware and money", source="the provider's API price list, as the catalog records it with its date"
)
def LLM_API_PRICE(api_model: Name, field: _ApiField = "input") -> Cell:
    """One listed figure of a hosted model: USD per token of input, output or cached input, its context, the date.

    Args:
        api_model: the model as the catalog of API prices names it
        field: input, output, cached, context or as_of
    Example:
        >>> 0 < LLM_API_PRICE("gpt-4o") < LLM_API_PRICE("gpt-4o", "output") < 1e-3
        True
    """
    row = _api_row(api_model)
    value = tables.cell(row[_API_COLUMNS[field]])
    if value is None:
        raise CalcError("#N/A", f"{row['id']} lists no {field} price", argument="field")
    unit = "tokens" if field == "context" else "USD/token"
    return term(f"{field} of {row['id']}", value, unit, lambda: _source(row))


@cell_function(category="Hardware and money", source="tokens x the provider's listed prices")
def LLM_API_COST(
    api_model: Name, prompt: Tokens, output: Tokens, requests: Requests = 1, cached_share: Share = 0
) -> Usd:
    """USD of so many requests to a hosted model at its listed prices.

    Args:
        api_model: the model as the catalog of API prices names it
        requests: requests
        cached_share: share of the prompt billed at the cached price
    Example:
        >>> LLM_API_COST("gpt-4o", 1000, 0, 2) == 2000 * LLM_API_PRICE("gpt-4o")
        True
    """
    row = _api_row(api_model)
    if not row["cached_usd_per_token"] and is_number(cached_share) and cached_share:
        raise CalcError("#N/A", f"asks for a cached price, which {row['id']} does not list", argument="cached_share")
    listed = {f"usd_{f}": _listed_price(row, f) for f in ("input", "output", "cached")}
    usd = api_cost(prompt=prompt, output=output, requests=requests, cached_share=cached_share, **listed)
    if row["cached_usd_per_token"] or is_number(cached_share):
        return usd
    return allowed(cached_share == 0, lambda: usd, lambda: "")


@cell_function(category="Hardware and money", source="a straight line (API) against a staircase (whole replicas)")
def LLM_OWN_SHARE(
    own_usd_per_month: Usd, api_usd_per_million: UsdPerMillion, tokens_per_month: PositiveTokens = None
) -> Tokens:
    """Tokens a month above which owning is always cheaper than an API.

    Owned capacity comes in whole replicas, so just above a replica's limit the API can be cheaper again; the answer is
    where that ends.

    Args:
        own_usd_per_month: monthly cost of one replica
        api_usd_per_million: price of a million tokens at the API, input and output in your mix
        tokens_per_month: tokens that one replica can serve in a month; blank = as many as come
    Example:
        >>> LLM_OWN_SHARE(10000, 2, 7e9, "B")
        15.0
    """
    return own_share(own_usd_per_month, api_usd_per_million, tokens_per_month)


@cell_function(category="Hardware and money", source="capex over the difference of hourly costs")
def LLM_BREAKEVEN(capex: Usd, own_usd_per_hour: UsdPerHour, rent_usd_per_hour: UsdPerHour) -> Hours:
    """Hours of use after which a purchase has paid for itself against renting.

    Args:
        capex: purchase price
        own_usd_per_hour: what an hour of running it costs (energy, space, upkeep)
        rent_usd_per_hour: what the same costs to rent
    Example:
        >>> LLM_BREAKEVEN(30000, 0.5, 3.5)
        10000.0
    """
    return breakeven_hours(capex, own_usd_per_hour, rent_usd_per_hour)


@cell_function(
    category="Hardware and money", source="energy x the grid's average carbon intensity (codecarbon's tables)"
)
def LLM_CARBON(joules: Joules, region: Name) -> Carbon:
    """Kilograms of CO2 equivalent of electricity from a grid, at its yearly average.

    Args:
        joules: energy at the meter, as LLM_ENERGY gives it
        region: a country, a state such as us-ca, or a cloud region such as aws/us-east-1
    Example:
        >>> 0.2 < LLM_CARBON(3.6e6, "us") < 0.6
        True
    """
    with _listed(region, "region"):
        grid = api_and_grid.grid_region(region)
    intensity = term(f"grid of {region}", float(grid["kg_co2e_per_kwh"]), "kg CO2e/kWh", lambda: _source(grid))
    return term("energy in kWh", joules / JOULES_PER_KWH, "kWh") * intensity


def _source(row: dict[str, str]) -> str:
    """Where a catalog's line comes from, with its date."""
    return tables.source_text(row["source"], row["as_of"])


def _listed_price(row: dict[str, str], field: str) -> float:
    usd = float(row[_API_COLUMNS[field]] or 0)
    if not is_recording():
        return usd
    return term(f"{field} price of {row['id']}", usd, "USD/token", lambda: _source(row))


@contextmanager
def _listed(name: str, argument: str) -> Iterator[None]:
    """What is in no catalog is #N/A, with the names that are near."""
    try:
        yield
    except NotInCatalog as error:
        raise CalcError("#N/A", f"{shown(name)} {error}", argument=argument) from None


def _api_row(name: str) -> dict[str, str]:
    with _listed(name, "api_model"):
        return api_and_grid.api_model(name)


def _table(name: str, search: str | None, find: Callable[[str], Any] | None = None) -> Table:
    """A catalog's lines as they stand in its file, numbers as numbers."""
    columns = list(tables.shipped(name)[0])
    return Table([columns, *([tables.cell(row[c]) for c in columns] for row in tables.matching(name, search, find))])
