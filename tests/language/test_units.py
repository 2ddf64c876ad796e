"""Units against their definitions."""

from __future__ import annotations

import pytest

import xlcalc

# A commercial year has 365 days (8,760 hours); a week seven; the rest is SI and IEC 80000-13.
SECONDS = {"s": 1, "hours": 3600, "days": 86400, "weeks": 7 * 86400, "years": 8760 * 3600}
BYTES = {"bytes": 1, "GB": 1e9, "GiB": 1024**3, "TB": 1e12, "TiB": 1024**4}


@pytest.mark.parametrize(("unit", "seconds"), SECONDS.items())
def test_times(unit, seconds):
    asked = xlcalc.LLM_TRAIN_TIME(1e24, "h100-sxm", 1024, 0.4, None, unit)
    assert asked * seconds == pytest.approx(1e24 / (1024 * 989e12 * 0.4), rel=1e-12)


@pytest.mark.parametrize(("unit", "size"), BYTES.items())
def test_sizes(unit, size):
    assert xlcalc.LLM_KV_CACHE("llama-3.1-8b", 8192, unit=unit) * size == pytest.approx(2**30, rel=1e-12)


def test_a_year_of_storage_is_twelve_months():
    """1 TB for 365 days at 0.02 USD per GB and month: 12 x 20 USD."""
    flops = 365 * 86400 * 989e12 * 0.4
    terms = {"mfu": 0.4, "dataset_bytes": 1e12, "storage_usd_per_gb_month": 0.02}
    bill = {row[0]: row[1] for row in xlcalc.LLM_TRAIN_COST(flops, "h100-sxm", 1, 1, **terms)[1:]}
    assert bill["compute"] == pytest.approx(8760)
    assert bill["storage"] == pytest.approx(240)
