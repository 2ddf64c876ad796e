"""Refreshed prices: merged with their date, the old ones kept, nothing changed where the network is out of reach."""

from __future__ import annotations

import csv
from datetime import date

import pytest
from gpuhunt import CatalogItem

from xlcalc.catalog import refresh, tables, user


def offer(price, spot=False, name="H100", memory=80.0, instance="p5.48xlarge"):
    return CatalogItem(
        provider="aws", instance_name=instance, location="us-east-1", price=price, cpu=192, memory=2048.0, gpu_count=8,
        gpu_name=name, gpu_memory=memory, spot=spot, disk_size=None, gpu_vendor="nvidia",
    )  # fmt: skip


def rows(folder):
    with (folder / user.REFRESHED).open(encoding="utf-8") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def test_offers_become_dated_rows_and_history_is_kept(tmp_path):
    said = refresh.refresh(lambda: [offer(50), offer(20, spot=True), offer(1, name="Imaginary", memory=7.0)],
                           date(2026, 11, 1), tmp_path)  # fmt: skip
    assert "1 prices as of 2026-11-01, 0 older ones kept, 1 offers of unknown accelerators" in said
    refresh.refresh(lambda: [offer(48)], date(2026, 11, 8), tmp_path)
    found = rows(tmp_path)
    old, new = found["aws/p5.48xlarge/us-east-1@2026-11-01"], found["aws/p5.48xlarge/us-east-1@2026-11-08"]
    assert (old["on_demand_usd_per_hour"], old["spot_usd_per_hour"], new["on_demand_usd_per_hour"]) == (
        "50",
        "20",
        "48",
    )
    assert old["accelerator"] == "h100-sxm" and old["accelerators"] == "8"


def test_without_network_nothing_changes(tmp_path):
    def unreachable():
        raise OSError("no route to host")

    with pytest.raises(ValueError, match=r"cannot be read .*no route to host.*; nothing was changed"):
        refresh.refresh(unreachable, place=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_users_own_price_wins_over_a_refreshed_one(tmp_path, monkeypatch):
    refresh.refresh(lambda: [offer(48)], date(2026, 11, 8), tmp_path)
    own = (
        "id,provider,instance,region,on_demand_usd_per_hour,as_of\n"
        "aws/p5.48xlarge/us-east-1,aws,p5.48xlarge,us-east-1,31,2026-01-01\n"
    )
    (tmp_path / "prices.csv").write_text(own)
    monkeypatch.setenv("XLCALC_CATALOG", str(tmp_path))
    found = user.rows("prices", list(tables.shipped("prices")[0]), tables.by_id("accelerators"))
    assert [user.is_own(row) for row in found] == [True, False]
