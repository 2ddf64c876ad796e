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


def test_models_beyond_their_published_context_are_left_out():
    for context in (8192, 8193):
        found = {row["model"] for row in table(xlcalc.LLM_RUNS_ON("h100-sxm", 1, context, 1))}
        assert ("gemma-2-9b" in found) is (context == 8192)  # max_position_embeddings
        assert "mamba-2.8b" in found  # a state of one size, for which no length is published


# tokens/s of llama.cpp on an RTX 2080 of 8 GB whose host reads 102 GB/s, the rest of the model there; Q4_K_M, gpt-oss in
# MXFP4: AlexsJones/llmfit, pull requests 755, 774, 775 and 778 (July 2026)
_RTX_2080 = [
    ["id", "rtx-2080"], ["vendor", "NVIDIA"], ["name", "GeForce RTX 2080"], ["kind", "gpu"], ["memory_gb", 8],
    ["bandwidth_gb_s", 448], ["peak_fp16_tflops", 80.5], ["scale_up_gb_s", 16],
]  # fmt: skip
_BESIDE = {
    "qwen3-30b-a3b": 36.7, "mistral-small-24b": 5.2, "gemma-3-12b": 26.1, "qwen3-14b": 16.9, "phi-4": 16.7,
    "gemma-2-9b": 23.7, "qwen2.5-14b": 20.8, "deepseek-v2-lite": 49.6,
}  # fmt: skip


def test_models_that_leave_a_part_in_the_hosts_memory():
    rows = table(xlcalc.LLM_RUNS_ON(_RTX_2080, 1, 4096, 1, "q4_k_m", 60e9, 102e9))
    found = {row["model"]: row for row in rows}
    ratios = [found[name]["tokens/s"] / measured for name, measured in _BESIDE.items()]
    assert all(1 / 1.8 < ratio < 1.8 for ratio in ratios)
    assert sum(abs(ratio - 1) for ratio in ratios) / len(ratios) < 0.35
    assert found["qwen3-30b-a3b"]["in host memory"].startswith("experts of ")
    assert found["qwen3-14b"]["in host memory"].endswith(" of 40 layers")
    outside = [bool(row["in host memory"]) for row in rows]
    assert outside == sorted(outside)  # those that fit come first
    assert "llama-3.1-70b" in found and "llama-3.1-405b" not in found  # 43 and 243 GB
    by_hand = found["llama-3.1-70b"]["host memory (bytes)"] / (102e9 * 0.844 * 0.839)  # rates in catalog/serving.csv
    assert by_hand < 1 / found["llama-3.1-70b"]["tokens/s"] < 1.1 * by_hand + 8e9 / 300e9
    with pytest.raises(xlcalc.CalcError, match="memory of their own"):
        xlcalc.LLM_RUNS_ON("apple-m4", 1, 4096, 1, "q4_k_m", 60e9)


def test_gpt_oss_120b_with_its_experts_in_the_hosts_memory():
    # 25.6 tokens/s, and 134 prompt tokens/s of 12,717, with 8 GB used of the card: a Core i9-14900K (89.6 GB/s as Intel
    # rates it), https://gokawiil.com/article/74814
    card = [*_RTX_2080[:-1], ["scale_up_gb_s", 32]]  # PCIe 4.0 x16
    rows = table(xlcalc.LLM_RUNS_ON(card, 1, 12717, 1, None, 96e9))
    (row,) = [row for row in rows if row["model"] == "gpt-oss-120b"]
    assert row["in host memory"].startswith("experts of 3")
    assert row["tokens/s"] == pytest.approx(25.6, rel=0.35)
    assert 12717 / row["TTFT (s)"] == pytest.approx(134, rel=0.35)


def test_what_prompts_and_answers_pay_of_idle_time_is_shared():
    """At any load the price of a prompt's token is the same part of an answer's."""
    parts = []
    for rate in (1e-6, 1, 10):
        (row,) = table(xlcalc.LLM_FLEET("llama-3.1-8b", "h100-sxm", rate, 1000, 200, top=1))
        parts.append(row["USD/M input tokens"] / row["USD/M output tokens"])
    assert parts == pytest.approx([parts[0]] * 3)


def test_no_traffic_is_too_little_for_a_replica_and_a_price_of_nothing_is_a_price():
    assert xlcalc.LLM_REPLICAS(1e-9, 1000, 200, "llama-3.1-8b", "h100-sxm", 1, 64) == 1
    (row,) = table(xlcalc.LLM_FLEET("llama-3.1-8b", "h100-sxm", 10, 1000, 200, top=1, usd_per_hour=0))
    assert (row["USD/hour"], row["price from"]) == (0, "given with the call")
