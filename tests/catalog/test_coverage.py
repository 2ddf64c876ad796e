"""The page that says what the catalogs cover is counted from them."""

from __future__ import annotations

import re

from xlcalc.catalog import coverage, tables


def test_it_counts_every_catalog_vendor_and_column():
    page = coverage.as_markdown()
    for name in ("models", "accelerators", "prices", "api_prices", "storage_prices", "grid"):
        rows = tables.shipped(name)
        assert re.search(rf"^\| `{name}` \| [^|]+ \| {len(rows)} \| ", page, re.MULTILINE)
        assert all(f"| `{column}` | " in page for column in rows[0])
    for row in tables.shipped("accelerators"):
        assert f"| {row['vendor']} | " in page
    for row in tables.shipped("prices"):
        assert f"| {row['provider']} | " in page and f"| `{row['accelerator']}` | " in page


def test_a_median_of_whole_nodes_is_of_whole_nodes():
    """H100 SXM: every row with eight of them, by hand."""
    usd = sorted(
        float(row["on_demand_usd_per_hour"]) / int(row["accelerators"])
        for row in tables.shipped("prices")
        if row["accelerator"] == "h100-sxm" and int(row["accelerators"]) >= 8 and row["on_demand_usd_per_hour"]
    )
    middle = (usd[len(usd) // 2] + usd[(len(usd) - 1) // 2]) / 2
    assert f"| `h100-sxm` | 8 | {middle:.2f} ({len(usd)}) |" in coverage.as_markdown()
