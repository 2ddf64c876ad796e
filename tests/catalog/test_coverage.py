"""The page that says what the catalogs cover is counted from them."""

from __future__ import annotations

import re

import pytest

from xlcalc.catalog import coverage, prices, tables


def test_it_counts_every_catalog_vendor_and_column():
    page = coverage.as_markdown()
    for name in ("models", "accelerators", "prices", "api_prices", "storage_prices", "grid"):
        rows = tables.shipped(name)
        assert re.search(rf"^\| `{name}` \| [^|]+ \| {len(rows)} \| ", page, re.MULTILINE)
        assert all(re.search(rf"^\| `{column}` \| \w", page, re.MULTILINE) for column in rows[0])
    for row in tables.shipped("accelerators"):
        assert f"| {row['vendor']} | " in page
    for row in tables.shipped("prices"):
        assert f"| {row['provider']} | " in page and f"| `{row['accelerator']}` | " in page


def test_a_median_of_whole_nodes_is_of_whole_nodes():
    """H100 SXM: the newest list of every instance with eight of them, by hand; the median that budgets use."""
    newest = {}
    for row in sorted(tables.shipped("prices"), key=lambda row: row["as_of"]):
        if row["accelerator"] == "h100-sxm" and int(row["accelerators"]) >= 8 and row["on_demand_usd_per_hour"]:
            newest[row["id"].partition("@")[0]] = float(row["on_demand_usd_per_hour"]) / int(row["accelerators"])
    usd = sorted(newest.values())
    middle = (usd[len(usd) // 2] + usd[(len(usd) - 1) // 2]) / 2
    assert f"| `h100-sxm` | 8 | {middle:.2f} ({len(usd)}) |" in coverage.as_markdown()
    assert (typical := prices.typical("h100-sxm", 8)) and (typical.median, typical.rows) == (
        pytest.approx(middle),
        len(usd),
    )
