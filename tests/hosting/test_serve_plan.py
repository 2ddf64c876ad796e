"""Layouts, throughput's arguments, plans, cost and the modifiers."""

from __future__ import annotations

import pytest

import xlcalc
from xlcalc.hosting.layout import Layout, parse


@pytest.mark.parametrize("text", ["tp8", "tp4pp2", "dp8ep8", "tp2dp4ep8", "TP4 PP2", "tp4-pp2", "pp2,tp4"])
def test_layouts_read_as_written(text):
    layout = parse(text)
    assert layout.accelerators == 8
    assert parse(layout.text) == layout


@pytest.mark.parametrize("text", ["8", "tp", "tp4tp2", "xp4", "tp0", "dp4ep3"])
def test_layouts_that_are_none(text):
    with pytest.raises(xlcalc.CalcError, match="layout"):
        xlcalc.LLM_THROUGHPUT("llama-3.1-8b", "h100-sxm", 8, 100, 100, layout=text)


def test_layout_must_fill_the_count():
    assert Layout().text == "tp1"
    with pytest.raises(xlcalc.CalcError, match="tp4 for 4 accelerators and a count of 8"):
        xlcalc.LLM_THROUGHPUT("llama-3.1-8b", "h100-sxm", 8, 100, 100, layout="tp4")


def test_blank_layout_is_the_fastest():
    def tokens(layout):
        return xlcalc.LLM_THROUGHPUT("qwen3-235b-a22b", "h200-sxm", 8, 1000, 1000, None, "fp8", "fp8", layout)

    assert tokens(None) == pytest.approx(
        max(map(tokens, ("tp8", "tp4pp2", "pp2dp4ep4", "tp8ep8", "dp8ep8", "tp2dp4ep8"))), rel=0.05
    )
    assert tokens(None) >= tokens("tp8") == max(tokens("tp8ep1"), tokens("dp8ep8")) > tokens("tp8ep1")


def test_batch_and_prefix_cache():
    def tokens(batch=None, cached=0):
        return xlcalc.LLM_THROUGHPUT("llama-3.1-8b", "h100-sxm", 1, 2000, 200, batch, cached_share=cached)

    assert tokens(1) < tokens(16) < tokens()
    assert tokens() < tokens(cached=0.5) < tokens(cached=0.9)
    with pytest.raises(xlcalc.CalcError, match="it holds"):
        tokens(100_000)


def test_plan_meets_its_limits_and_is_sorted():
    header, *rows = xlcalc.LLM_SERVE_PLAN("llama-3.3-70b", "h100-sxm", 2000, 500, 0.5, 0.03, 8, 50)
    column = {name: i for i, name in enumerate(header)}
    assert rows
    for row in rows:
        assert row[column["TTFT (s)"]] <= 0.5 and row[column["TPOT (s)"]] <= 0.03
        assert parse(row[column["layout"]]).accelerators == row[column["accelerators"]] <= 8
        usd = row[column["accelerators"]] * row[column["USD/accelerator-hour"]]
        assert row[column["USD/M output tokens"]] == pytest.approx(xlcalc.LLM_SERVE_COST(usd, row[column["tokens/s"]]))
    costs = [row[column["USD/M output tokens"]] for row in rows]
    assert costs == sorted(costs)
    loose = xlcalc.LLM_SERVE_PLAN("llama-3.3-70b", "h100-sxm", 2000, 500)[1][column["USD/M output tokens"]]
    assert loose <= costs[0]


def test_plan_says_what_would_be_possible():
    with pytest.raises(xlcalc.CalcError, match="shortest TPOT"):
        xlcalc.LLM_SERVE_PLAN("llama-3.3-70b", "h100-sxm", 2000, 500, 1, 0.001)
    with pytest.raises(xlcalc.CalcError, match="holds the weights"):
        xlcalc.LLM_SERVE_PLAN("llama-3.1-405b", "h100-sxm", 2000, 500, None, None, 2)


@pytest.mark.parametrize("model", ["deepseek-v3", "llama-3.1-405b", "gpt-oss-120b", "nemotron-3-nano-30b-a3b"])
def test_large_models_have_a_plan(model):
    assert len(xlcalc.LLM_SERVE_PLAN(model, "b300", 4000, 500, 2, 0.05)) > 1


def test_without_a_price_usd_is_blank():
    accelerator = {"id": "made-up", "vendor": "NVIDIA", "peak_bf16": 1e15, "bandwidth": 4e12, "memory": 100e9}
    header, *rows = xlcalc.LLM_SERVE_PLAN("llama-3.1-8b", accelerator, 1000, 200, max_count=1)
    assert rows[0][header.index("USD/M output tokens")] is None
    assert rows[0][header.index("tokens/s/accelerator")] > 0


def test_cost_and_replicas():
    # 3,148 tokens/s of an accelerator at 2.21 USD an hour: 0.195 USD a million (InferenceX, DeepSeek on GB200 NVL72)
    assert xlcalc.LLM_SERVE_COST(2.21, 3148) == pytest.approx(0.195, abs=5e-4)
    assert xlcalc.LLM_SERVE_COST(2.21, 3148, 0.5) == pytest.approx(0.39, abs=1e-3)
    one = xlcalc.LLM_THROUGHPUT("llama-3.1-8b", "h100-sxm", 1, 1000, 200, 64)
    rate = one / 200
    assert xlcalc.LLM_REPLICAS(rate, 1000, 200, "llama-3.1-8b", "h100-sxm", 1, 64, 1) == 1
    assert xlcalc.LLM_REPLICAS(rate, 1000, 200, "llama-3.1-8b", "h100-sxm", 1, 64, 0.7) == 2
    assert xlcalc.LLM_REPLICAS(9.9 * rate, 1000, 200, "llama-3.1-8b", "h100-sxm", 1, 64, 1) == 10


def test_speculative_speedup():
    # Leviathan et al. 2023, figure 2's curves at a free draft: 1 / (1 - a) in the limit
    assert xlcalc.LLM_SPECULATIVE_SPEEDUP(0.8, 100, 0) == pytest.approx(5)
    assert xlcalc.LLM_SPECULATIVE_SPEEDUP(1, 4, 0) == 5
    assert xlcalc.LLM_SPECULATIVE_SPEEDUP(0, 4, 0.25) == 0.5


def test_offload():
    """FlexGen (Sheng et al. 2023, table 2): OPT-30B on a T4 with 208 GB of host memory, prompt 512, 32 tokens: 7.32
    tokens/s. Their host also computes attention; ours fetches the cache, so the same order is what can be asked for."""
    call = ("opt-30b", "t4", 12e9, 0, 512, 32, 144, 0.2, 0)
    assert xlcalc.LLM_OFFLOAD_THROUGHPUT(*call) == pytest.approx(7.32, rel=0.35)
    slow = xlcalc.LLM_OFFLOAD_THROUGHPUT("opt-30b", "t4", 12e9, 2e9, 512, 32, 144, 0.2, 0)
    assert slow < xlcalc.LLM_OFFLOAD_THROUGHPUT(*call) / 3
    # one sequence without a cache outside: the link alone sets the pace, 2 bytes of 80 % of 30B parameters a token
    weights = xlcalc.LLM_SERVE_MEMORY("opt-30b", 0, 1, "fp16", part="weights")
    link = 12e9 / (0.8 * weights)
    assert xlcalc.LLM_OFFLOAD_THROUGHPUT("opt-30b", "t4", 12e9, 0, 1, 1000, 1, 0.2, 1) == pytest.approx(link, rel=0.01)
    with pytest.raises(xlcalc.CalcError, match=r"keeps 42\.\d+ GB .* which holds 25\.\d+ GB"):
        xlcalc.LLM_OFFLOAD_THROUGHPUT("llama-3.1-70b", "rtx-4090", 25e9, 0, 512, 32, 1, 1, 1, "q4_k_m")


def test_a_prefix_cache_makes_it_cheaper():
    plain, cached = (
        xlcalc.LLM_SERVE_PLAN("llama-3.1-8b", "h100-sxm", 4000, 200, 1, 0.05, 1, 1, share)[1] for share in (None, 0.8)
    )
    assert cached[7] > 1.5 * plain[7] and cached[4] < plain[4]


def test_a_plan_of_given_formats_has_the_throughput_of_its_rows():
    call = ("llama-3.1-70b", "h100-sxm", 1000, 200, 1, 0.05, 2, 3)
    header, *rows = xlcalc.LLM_SERVE_PLAN(*call, dtype="awq", kv_dtype="fp8")
    for row in (dict(zip(header, row, strict=True)) for row in rows):
        asked = (*call[:2], row["accelerators"], *call[2:4], row["batch"], "awq", "fp8", row["layout"])
        assert row["dtype"] == "awq" and row["tokens/s"] == pytest.approx(xlcalc.LLM_THROUGHPUT(*asked))
