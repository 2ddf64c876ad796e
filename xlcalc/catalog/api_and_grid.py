"""The catalogs of API prices and of grid carbon intensity, by name."""

from __future__ import annotations

import re
from functools import cache

from xlcalc.catalog import tables
from xlcalc.catalog.names import Names, Reading

# claude-opus-4-5 is Claude Opus 4.5
_READING = Reading(lambda name: re.sub(r"(?<![\d.])(\d)-(\d)(?![\d.])", r"\1.\2", name))

# countries that are called otherwise than in the catalog; England's grid is Britain's, of which one figure is known
_CALLED = {
    "usa": "us", "u.s.": "us", "u.s.a.": "us", "united states of america": "us", "uk": "gb", "u.k.": "gb",
    "great britain": "gb", "britain": "gb", "england": "gb", "uae": "ae", "holland": "nl", "czech republic": "cz",
}  # fmt: skip


@cache
def _names(catalog: str, *fields: str) -> Names:
    return Names(tables.rows(catalog), fields, _READING)


def api_model(name: str) -> dict[str, str]:
    """The price row of an API model. Raises NotInCatalog with the nearest names."""
    return tables.by_id("api_prices")[_names("api_prices").find(name)]


def grid_region(name: str) -> dict[str, str]:
    """The carbon row of a country, a state or a cloud region. Raises NotInCatalog with the nearest names."""
    return tables.by_id("grid")[_names("grid", "name").find(_CALLED.get(name.strip().casefold(), name))]
