"""Instances that providers let: which accelerators each has, and what a row of the prices is called."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from xlcalc.catalog import tables
from xlcalc.catalog.names import key

# sold as Capacity Blocks or by agreement, without a list price for an hour: docs.aws.amazon.com/AWSEC2, capacity-blocks
_WITHOUT_PRICE: dict[str, tuple[str, int] | None] = {
    "p5e.48xlarge": ("h200-sxm", 8),
    "p6e-gb200.36xlarge": ("gb200", 4),
}


def place_of(row: Mapping[str, str]) -> str:
    """The instance and the region of a row; its id has the date of a later list too."""
    return row["id"].partition("@")[0]


@cache
def _machines() -> dict[str, tuple[str, int] | None]:
    """What each instance has: an accelerator's id and how many; None where providers give one name to several."""
    found = {_short(key(name)): what for name, what in _WITHOUT_PRICE.items()}
    for row in tables.rows("prices"):
        if row["accelerator"] and row["accelerators"]:
            what = (row["accelerator"], int(row["accelerators"]))
            for text in (row["instance"], f"{row['provider']}/{row['instance']}", place_of(row)):
                name = _short(key(text))
                if found.setdefault(name, what) != what:
                    found[name] = None
    return found


def _short(name: str) -> str:
    """An instance's name without what some write before it: ml. on Amazon SageMaker, Standard_ on Azure."""
    return name.removeprefix("ml.").removeprefix("standard")


def machine(instance: str) -> tuple[str, int] | None:
    """The id of an instance's accelerators and how many it has; None for what is no instance of the catalog."""
    return _machines().get(_short(key(instance)))
