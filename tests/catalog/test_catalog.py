"""Every figure of the catalogs has a source and a date, and is a sane one."""

from __future__ import annotations

import datetime
import statistics

import pytest

import xlcalc
from xlcalc.catalog import accelerators, models, tables
from xlcalc.catalog.names import NotInCatalog, key

PEAKS = ("fp32", "tf32", "bf16", "fp16", "fp8", "int8", "fp4", "int4")
CATALOGS = {"models": 150, "accelerators": 60, "prices": 150, "api_prices": 50, "grid": 60, "storage_prices": 6}


@pytest.mark.parametrize(("name", "least"), CATALOGS.items())
def test_rows_ids_sources_dates(name, least):
    rows = tables.rows(name)
    assert len(rows) >= least
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert datetime.date(2020, 1, 1) < datetime.date.fromisoformat(row["as_of"]), row["id"]
        for column, value in row.items():
            assert not str(value).startswith(("=", "+", "-", "@")), row["id"]
            if column == "source" or column.endswith("_source"):
                for source in filter(None, map(str.strip, value.split(";"))):
                    assert source in tables.sources(), (row["id"], source)


@pytest.mark.parametrize("name", ["models", "prices", "api_prices", "grid", "storage_prices"])
def test_every_row_has_a_source(name):
    assert all(row["source"] for row in tables.rows(name))


def test_every_source_has_an_address():
    for source in tables.sources().values():
        assert source["url"].startswith("https://") and source["title"] and source["date"], source


@pytest.mark.parametrize("row", tables.rows("accelerators"), ids=lambda row: row["id"])
def test_accelerator_figures(row):
    groups = {
        "peak_source": [c for c in row if c.startswith("peak_") and c != "peak_source"] + ["sparse_bf16_tflops"],
        "achievable_source": [c for c in row if c.startswith("achievable_") and c != "achievable_source"],
        "device_source": ["memory_gb", "usable_mib", "bandwidth_gb_s", "tdp_w"],
        "link_source": ["scale_up_gb_s", "scale_up_domain", "scale_out_gb_s", "devices_per_node"],
    }
    for source, figures in groups.items():
        assert row[source] or not any(row[f] for f in figures), f"{source} is missing"
    spec = accelerators.by_id(row["id"])
    assert spec.memory and spec.memory > 0
    if spec.sparse_bf16:
        assert spec.peak_bf16 and spec.peak_bf16 < spec.sparse_bf16
    peaks = [p for d in PEAKS if (p := getattr(spec, f"peak_{d}"))]
    middle = statistics.median(peaks) if peaks else 0
    assert all(middle / 100 < p < middle * 100 for p in peaks)
    for dtype in ("bf16", "fp8"):
        achievable, peak = getattr(spec, f"achievable_{dtype}"), getattr(spec, f"peak_{dtype}")
        assert not (achievable and peak) or achievable < peak
    assert not (spec.achievable_bandwidth and spec.bandwidth) or spec.achievable_bandwidth < spec.bandwidth
    assert not (spec.usable and spec.memory) or 0.85 < spec.usable / spec.memory < 1.1


def test_prices_are_sane():
    known = {row["id"] for row in tables.rows("accelerators")}
    providers = set()
    for row in tables.rows("prices"):
        providers.add(row["provider"])
        assert row["accelerator"] in known, row["id"]
        count = int(row["accelerators"])
        terms = {t: float(row[f"{t}_usd_per_hour"]) for t in ("on_demand", "spot", "one_year", "three_year")
                 if row[f"{t}_usd_per_hour"]}  # fmt: skip
        assert terms, row["id"]
        assert all(0.01 < usd / count < 100 for usd in terms.values()), row["id"]
        on_demand = terms.get("on_demand")
        assert on_demand is None or all(usd <= on_demand for usd in terms.values()), row["id"]
    assert len(providers) >= 8


@pytest.mark.parametrize("name", ["models", "accelerators"])
def test_aliases_lead_to_one_row(name):
    seen: dict[str, str] = {}
    for row in tables.rows(name):
        names = [row["id"], row["name"], *row["aliases"].split(";")] + ([row["hf_id"]] if name == "models" else [])
        for text in filter(None, map(key, names)):
            assert seen.setdefault(text, row["id"]) == row["id"], text


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [("H100", "h100-sxm"), ("h100_sxm", "h100-sxm"), ("NVIDIA H100 80GB HBM3", "h100-sxm"),
     ("A100-80GB", "a100-sxm-80gb"), ("B200", "b200"), ("mi300x", "mi300x"),
     ("RTX PRO 6000", "rtx-pro-6000"), ("TPU v5p", "tpu-v5p")],
)  # fmt: skip
def test_what_people_type_for_hardware(typed, wanted):
    assert accelerators.find(typed).id == wanted


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [("Llama 3.1 8B", "llama-3.1-8b"), ("meta-llama/Meta-Llama-3.1-8B-Instruct", "llama-3.1-8b"), ("GPT-2", "gpt2"),
     ("deepseek-ai/DeepSeek-V3", "deepseek-v3"), ("Qwen/Qwen3-235B-A22B", "qwen3-235b-a22b")],
)  # fmt: skip
def test_what_people_type_for_models(typed, wanted):
    assert models.find(typed).id == wanted


@pytest.mark.parametrize("row", tables.rows("models"), ids=lambda row: row["id"])
def test_catalog_models_count(row):
    """Each model of the catalog is counted exactly, within the rounding of what its publisher states.

    But for the towers of configurations that have none of them, which are left out and said to be.
    """
    model = models.by_id(row["id"])
    assert not model.is_estimate or model.known_towers is None, model.text_config.model_type
    assert model.context or not row["context"]
    if row["published_params"]:
        published = float(row["published_params"])
        partial = any("left out" in note for note in model.architecture.notes)
        assert model.total <= published * 1.02 if partial else model.total == pytest.approx(published, rel=0.02)
    assert 0 < model.active <= model.total


def test_unknown_names():
    with pytest.raises(NotInCatalog, match="closest are"):
        models.find("lama-3.1-8b")
    assert xlcalc.LLM_MODELS("no such thing") == [xlcalc.LLM_MODELS("gpt2")[0]]


NEWEST = max(datetime.date.fromisoformat(row["as_of"]) for row in tables.rows("prices"))
DAY = NEWEST + datetime.timedelta(7)
SERIAL = (DAY - datetime.date(1899, 12, 30)).days  # as Excel counts days


@pytest.mark.parametrize("today", [DAY.isoformat(), DAY, datetime.datetime.combine(DAY, datetime.time(9)), SERIAL])
def test_prices_say_their_age_and_are_stale_after_90_days(today):
    plain, aged = xlcalc.LLM_PRICE_TABLE(), xlcalc.LLM_PRICE_TABLE(None, today)
    assert aged[0] == [*plain[0], "age_days", "stale"]
    as_of = plain[0].index("as_of")
    for before, row in zip(plain[1:], aged[1:], strict=True):
        age = (DAY - datetime.date.fromisoformat(before[as_of])).days
        assert row == [*before, age, "stale" if age > 90 else None]
    assert min(row[-2] for row in aged[1:]) == 7


@pytest.mark.parametrize("today", ["tomorrow", True, 0.5, -1, 1e9])
def test_a_day_is_a_day(today):
    with pytest.raises(xlcalc.CalcError, match="today must be a date"):
        xlcalc.LLM_PRICE_TABLE("h100", today)
