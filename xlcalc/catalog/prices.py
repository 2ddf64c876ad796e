"""The price catalog: what providers list for an hour of an instance.

A row is provider/instance/region; `@date` behind it marks an older or other list of the same instance, kept as history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import NamedTuple

from xlcalc.catalog import accelerators, instances, tables, user
from xlcalc.catalog.names import Names, NotInCatalog, Reading, key

STALE_AFTER = 90  # days; an older list price may no longer be asked
TERMS = {"on_demand": "on_demand", "spot": "spot", "1y": "one_year", "3y": "three_year"}


@cache
def names() -> Names:
    """What people call an instance in a place, with or without its provider, in any order."""
    places: dict[str, dict[str, str]] = {}
    for row in tables.rows("prices"):
        place, where = instances.place_of(row), f"{row['instance']} {row['region']}"
        places.setdefault(place, {"id": place, "aliases": f"{where};{row['provider']} {where}"})
    return Names(places.values(), (), Reading(organisations=False))


def offers(instance: str) -> list[dict[str, str]]:
    """All price rows of one instance in one region: the user's own first, then the newest.

    Raises NotInCatalog where there is none, or where several regions answer to the name.
    """
    wanted = key(instance)
    rows = _by_name().get(wanted, [])
    if all(wanted == key(row["instance"]) and not user.is_own(row) for row in rows):
        _refuse_accelerator(instance)  # of which some provider's product has the name
    places = list(dict.fromkeys(map(instances.place_of, rows)))
    if len(places) > 1:
        raise NotInCatalog(f"is listed in several places; name one of {', '.join(places[:8])}")
    rows = rows or _by_name()[key(names().find(instance))]
    return sorted(rows, key=lambda row: (user.is_own(row), row["as_of"]), reverse=True)


@cache
def _by_name() -> dict[str, list[dict[str, str]]]:
    """The rows that a name stands for: that of a row, of a place, or of an instance with its provider or without."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in tables.rows("prices"):
        for name in {
            key(text)
            for text in (row["id"], instances.place_of(row), row["instance"], f"{row['provider']}/{row['instance']}")
        }:
            found.setdefault(name, []).append(row)
    return found


def _refuse_accelerator(name: str) -> None:
    """Nobody's price is the price of an accelerator: each provider asks its own."""
    try:
        accelerator = accelerators.names().find(name)
    except NotInCatalog:
        return
    sold = [instances.place_of(row) for row in reversed(newest()) if row["accelerator"] == accelerator]
    if not sold:
        raise NotInCatalog("is an accelerator, and no listed instance has it")
    raise NotInCatalog(
        f"is an accelerator; {len(sold)} listed instances have it, such as {', '.join(sold[:4])}: "
        f'LLM_PRICE_TABLE("{accelerator}") shows them'
    )


def offer(instance: str, term: str) -> dict[str, str]:
    """The newest row of an instance with a price under a term: on_demand, spot, 1y or 3y."""
    rows = offers(instance)
    for row in rows:
        if row[f"{TERMS[term]}_usd_per_hour"]:
            return row
    have = [t for t, column in TERMS.items() if any(row[f"{column}_usd_per_hour"] for row in rows)]
    raise NotInCatalog(f"has no {term} price in the catalog; it has {', '.join(have)}")


def newest(rows: Iterable[Mapping[str, str]] | None = None) -> list[Mapping[str, str]]:
    """The newest list of each instance in each place, of all rows or of these; the user's own where there is one."""
    listed = tables.rows("prices") if rows is None else rows
    oldest_first = sorted(listed, key=lambda row: (user.is_own(row), row["as_of"]))
    return list({instances.place_of(row): row for row in oldest_first}.values())


def usd_per_hour(instance: str, term: str) -> float:
    """USD per hour of a whole instance under a term."""
    return float(offer(instance, term)[f"{TERMS[term]}_usd_per_hour"])


def age(as_of: str | None, today: date) -> int | None:
    """Days since a price was read; None for a price of the user without a date."""
    return (today - date.fromisoformat(as_of)).days if as_of else None


class Typical(NamedTuple):
    """Median on-demand USD of an accelerator-hour over comparable rows, below what a quarter and three quarters of them
    are, how many rows, the middle of their dates, and whether they are the user's own."""

    median: float
    quarter: float
    three_quarters: float
    rows: int
    as_of: str
    own: bool


def typical(accelerator_id: str, node: int) -> Typical | None:
    """The price of comparable offers: the user's own where there are any; else of whole nodes, or of smaller instances
    where no whole node is listed; of each offer its newest list. None where nothing is listed."""
    rows = tables.rows("prices")
    listed = newest(row for row in rows if row["accelerator"] == accelerator_id and row["on_demand_usd_per_hour"])
    own = [row for row in listed if user.is_own(row)]
    whole = [row for row in listed if int(row["accelerators"]) >= node]
    compared = own or whole or listed
    if not compared:
        return None
    usd = sorted(float(row["on_demand_usd_per_hour"]) / float(row["accelerators"]) for row in compared)
    dates = sorted(row["as_of"] for row in compared)
    at = [_percentile(usd, share) for share in (0.5, 0.25, 0.75)]
    return Typical(at[0], at[1], at[2], len(usd), dates[len(dates) // 2], bool(own))


def _percentile(values: list[float], share: float) -> float:
    """As Excel's PERCENTILE has it, of sorted values."""
    place = share * (len(values) - 1)
    low = int(place)
    return values[low] + (place - low) * (values[min(low + 1, len(values) - 1)] - values[low])
