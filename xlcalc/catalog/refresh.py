"""Newer prices from providers' public lists, merged beside the older ones: the only thing here to use the network."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

from xlcalc.catalog import accelerators, table_file, tables, user
from xlcalc.catalog.names import NotInCatalog
from xlcalc.files import write_atomically

_SOURCE = "gpuhunt"


def refresh(
    fetch: Callable[[], Iterable[Any]] | None = None, today: date | None = None, place: Path | None = None
) -> str:
    """Fetch offers, add those with known accelerators as rows of today, keep every older row; say what was done.

    Raises ValueError, and changes nothing, where the lists cannot be read or there is no folder to write to.
    """
    folder = place or user.folder()
    if folder is None:
        raise ValueError("there is no folder for refreshed prices here")
    try:
        offers = list((fetch or _gpuhunt)())
    except Exception as error:
        raise ValueError(f"the providers' price lists cannot be read ({error}); nothing was changed") from None
    as_of = (today or date.today()).isoformat()
    new, unknown = _rows(offers, as_of)
    path = folder / user.REFRESHED
    old = [row for _, row in table_file.lines(path.read_bytes(), str(path))] if path.exists() else []
    kept = [row for row in old if row["id"] not in new]
    columns = list(tables.shipped("prices")[0])
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(path, table_file.text(columns, [*new.values(), *kept]).encode())
    done = f"{len(new)} prices as of {as_of}, {len(kept)} older ones kept, {unknown} offers of unknown accelerators"
    return f"{done} left out: {path}"


def _gpuhunt() -> Iterable[Any]:
    try:
        import gpuhunt
    except ImportError:
        raise ImportError('gpuhunt, which reads them, is missing: pip install "xlcalc[prices]"') from None
    logging.getLogger("gpuhunt").setLevel(logging.CRITICAL)
    return gpuhunt.query()


def _rows(offers: Iterable[Any], as_of: str) -> tuple[dict[str, dict[str, str]], int]:
    """Rows by id from offers, on-demand and spot of one instance in one place together; how many were left out."""
    rows: dict[str, dict[str, str]] = {}
    unknown = 0
    for offer in offers:
        accelerator = _accelerator(offer.gpu_name, offer.gpu_memory) if offer.gpu_count else None
        if accelerator is None:
            unknown += 1
            continue
        row_id = f"{offer.provider}/{offer.instance_name}/{offer.location}@{as_of}".casefold()
        row = rows.setdefault(row_id, {
            "id": row_id, "provider": offer.provider, "instance": offer.instance_name, "region": offer.location,
            "accelerator": accelerator, "accelerators": str(offer.gpu_count), "vcpus": f"{offer.cpu or ''}",
            "memory_gb": f"{offer.memory:g}" if offer.memory else "", "source": _SOURCE, "as_of": as_of,
        })  # fmt: skip
        column = "spot_usd_per_hour" if offer.spot else "on_demand_usd_per_hour"
        if not row.get(column) or offer.price < float(row[column]):
            row[column] = f"{offer.price:g}"
    return rows, unknown


def _accelerator(name: str | None, memory_gb: float | None) -> str | None:
    """Our id of a provider's accelerator; None where its name means none of ours, or several."""
    for text in (
        f"{name} {memory_gb:g}GB" if memory_gb else "",
        f"{name} SXM {memory_gb:g}GB" if memory_gb else "",
        name,
    ):
        if text:
            try:
                return accelerators.names().find(text)
            except NotInCatalog:
                continue
    return None
