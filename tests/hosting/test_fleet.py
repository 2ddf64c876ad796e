"""Fleets against what each replica of them does at its load, and the models that a machine holds."""

from __future__ import annotations

from math import ceil

import pytest

import xlcalc

ASKED = ("llama-3.3-70b", "h100-sxm", 40, 1500, 300, 1.0, 0.05)


def table(rows):
    header, *lines = rows
    return [dict(zip(header, line, strict=True)) for line in lines]


@pytest.fixture(scope="module")
def fleets():
    return table(xlcalc.LLM_FLEET(*ASKED, dtype="fp8", max_count=8, usd_per_hour=2, top=40))


@pytest.mark.parametrize("metric", ["ttft", "tpot"])
def test_each_replica_keeps_the_limits_at_its_share_of_the_traffic(fleets, metric):
    model, accelerator, rate, prompt, output, *limits = ASKED
    for row in fleets:
        assert row[f"{metric.upper()} at the quantile (s)"] <= limits[metric == "tpot"]
        if "+" not in row["layout"]:
            said = xlcalc.LLM_LATENCY_AT_LOAD(
                model, accelerator, row["accelerators a replica"], prompt, output, rate / row["replicas"], 0.95, metric,
                "fp8", None, row["layout"],
            )  # fmt: skip
            assert said == pytest.approx(row[f"{metric.upper()} at the quantile (s)"])


def test_replicas_nodes_and_money(fleets):
    rate, prompt, output = ASKED[2:5]
    assert [row["USD/hour"] for row in fleets] == sorted(row["USD/hour"] for row in fleets)
    for row in fleets:
        if "+" not in row["layout"]:
            assert row["replicas"] == ceil(rate / row["requests/s a replica"])
            assert row["accelerators"] == row["replicas"] * row["accelerators a replica"]
            assert row["nodes"] == ceil(row["accelerators"] / 8)  # every size divides a node of eight
        assert row["USD/hour"] == row["nodes"] * 8 * 2
        hourly = 3600 * rate * (prompt * row["USD/M input tokens"] + output * row["USD/M output tokens"]) / 1e6
        assert hourly == pytest.approx(row["USD/hour"])
        assert row["accelerators low"] <= row["accelerators"] <= row["accelerators high"]
        assert 0 < row["utilisation"] <= 0.95 + 1e-9


def test_a_higher_quantile_and_tighter_limits_never_take_fewer():
    def needed(ttft, quantile):
        rows = table(xlcalc.LLM_FLEET(*ASKED[:5], ttft, 0.05, quantile, dtype="fp8", max_count=8, top=40))
        return min(row["accelerators"] for row in rows)

    assert needed(1.0, 0.5) <= needed(1.0, 0.95) <= needed(1.0, 0.99) <= needed(0.3, 0.99)


def test_limits_that_nothing_keeps_say_what_is_near():
    with pytest.raises(xlcalc.CalcError, match=r"shortest TTFT is .* s and the shortest TPOT"):
        xlcalc.LLM_FLEET(*ASKED[:5], 1e-4, 1e-4, dtype="fp8")
    with pytest.raises(xlcalc.CalcError, match="holds the weights"):
        xlcalc.LLM_FLEET("llama-3.1-405b", "t4", 1, 1000, 100, max_count=1)


def test_the_price_is_the_median_of_whole_nodes_and_says_of_which():
    rows = {row["instance"]: row for row in table(xlcalc.LLM_PRICE_TABLE("h100-sxm"))}
    assert rows
    (row,) = table(xlcalc.LLM_FLEET("llama-3.1-8b", "h100-sxm", 10, 500, 100, top=1))
    own = table(xlcalc.LLM_FLEET("llama-3.1-8b", "h100-sxm", 10, 500, 100, top=1, usd_per_hour=1.5))[0]
    assert row["a quarter below"] <= row["USD/accelerator-hour"] <= row["a quarter above"]
    assert row["price rows"] > 5 and row["price as of"] >= "2026" and "median" in row["price from"]
    assert own["USD/accelerator-hour"] == 1.5 and own["price rows"] is None
    plan = table(xlcalc.LLM_SERVE_PLAN("llama-3.1-8b", "h100-sxm", 500, 100, None, None, 1, 1))[0]
    assert plan["USD/accelerator-hour"] == row["USD/accelerator-hour"]


def test_models_that_a_machine_runs():
    rows = table(xlcalc.LLM_RUNS_ON("h100-sxm", 1, 8192, 1))
    found = {row["model"]: row for row in rows}
    assert "gpt-oss-120b" in found and "llama-3.1-70b" not in found  # 63 GB as published; 141 GB
    eight = found["llama-3.1-8b"]
    assert eight["tokens/s"] == pytest.approx(1 / xlcalc.LLM_TPOT("llama-3.1-8b", "h100-sxm", 1, 8192))
    assert eight["TTFT (s)"] == pytest.approx(xlcalc.LLM_TTFT("llama-3.1-8b", "h100-sxm", 1, 8192))
    assert [row["parameters"] for row in rows] == sorted((row["parameters"] for row in rows), reverse=True)
    assert all(xlcalc.LLM_MIN_GPUS(row["model"], "h100-sxm", 8192, 1) == 1 for row in rows[::17])
