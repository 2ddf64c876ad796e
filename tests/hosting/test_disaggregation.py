"""Prefill and decoding apart: pools that follow from the replicas, queues that follow a simulation."""

from __future__ import annotations

from math import ceil

import pytest
from simulation import poisson, run

import xlcalc
from xlcalc.catalog import accelerators
from xlcalc.cell_functions.hosting.served import served
from xlcalc.hosting import disaggregation
from xlcalc.hosting.layout import parse
from xlcalc.hosting.throughput import Traffic
from xlcalc.language.kinds import ModelKind
from xlcalc.model.dtypes import DTYPES

CALL = ("llama-3.1-70b", "h200-sxm", 8, 4000, 500)


def throughput(layout, **more):
    return xlcalc.LLM_THROUGHPUT(*CALL, dtype="fp8", layout=layout, **more)


def pools(text="4xtp1+4xtp1", accelerator="h200-sxm"):
    model, count = ModelKind().read(CALL[0]), parse(text).accelerators
    traffic = Traffic(*CALL[3:])
    return disaggregation.pools(
        served(model, accelerators.find(accelerator), DTYPES["fp8"]), count, traffic, parse(text)
    )


def test_the_slower_pool_sets_the_pace():
    by_prefill, balanced, by_decode = map(throughput, ("2xtp1+6xtp1", "4xtp1+4xtp1", "6xtp1+2xtp1"))
    assert by_prefill == pytest.approx(2 * throughput("1xtp1+7xtp1"))  # twice the prefill replicas, twice the tokens
    assert by_prefill < balanced > by_decode
    both = pools()
    assert balanced == pytest.approx(min(both.prefill_rate * 500, both.decode.requests_per_second * 500), rel=0.02)


def test_decoding_apart_is_not_held_up_by_prompts():
    tpot = {
        layout: xlcalc.LLM_LATENCY_AT_LOAD(*CALL, 4, 0.95, "tpot", "fp8", layout=layout)
        for layout in ("tp8", "1xtp4+1xtp4")
    }
    assert tpot["1xtp4+1xtp4"] < tpot["tp8"]


def test_the_cache_crosses_the_link_that_the_layout_leaves():
    inside, outside = pools(), pools("16xtp1+16xtp1")
    cache = xlcalc.LLM_KV_CACHE("llama-3.1-70b", 4000)
    link = xlcalc.LLM_HARDWARE("h200-sxm", "scale_out")
    assert outside.transfer > 5 * inside.transfer
    assert cache / link < outside.transfer < 1.5 * cache / link
    split = pools("1xtp4+1xtp4")
    assert split.transfer == pytest.approx(inside.transfer / 4, rel=0.2)  # four accelerators send a quarter each


@pytest.mark.parametrize("share", [0.3, 0.6, 0.8])
def test_quantiles_follow_a_simulation_of_both_queues(share):
    both = pools("1xtp4+1xtp4")
    rate = share * min(both.prefill_rate, both.decode.requests_per_second)
    requests = 1500
    first = run(both.prefill.replica, both.prefill.traffic, poisson(rate, requests, 1), both.prefill.places)
    first.sort(key=lambda q: q.last)
    second = run(both.decode.replica, both.decode.traffic, [q.last + both.transfer for q in first], both.decode.places)
    second.sort(key=lambda q: q.arrival)
    settled = list(zip(first, second, strict=True))[requests // 5 :]
    simulated = {
        "ttft": sorted(a.last - a.arrival for a, _ in settled),
        "tpot": sorted((b.last - b.first) / (500 - 1) for _, b in settled),
        "e2e": sorted(b.last - a.arrival for a, b in settled),
    }
    for metric, tolerance in (("ttft", 0.25), ("tpot", 0.1), ("e2e", 0.15)):
        for quantile in (0.5, 0.95):
            seen = simulated[metric][ceil(quantile * len(settled)) - 1]
            estimate = disaggregation.split_latency(both, 500, rate, quantile, metric)
            assert estimate == pytest.approx(seen, rel=tolerance), (metric, quantile)


def test_past_saturation_the_slower_pool_is_named():
    with pytest.raises(xlcalc.CalcError, match=r"the prefill replicas sustain at most [\d.]+ requests") as error:
        xlcalc.LLM_LATENCY_AT_LOAD(*CALL, 1000, dtype="fp8", layout="1xtp1+7xtp1")
    assert error.value.code == "#NUM!"
    with pytest.raises(xlcalc.CalcError, match="the decoding replicas"):
        xlcalc.LLM_LATENCY_AT_LOAD(*CALL, 1000, dtype="fp8", layout="7xtp1+1xtp1")


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        ("2xtp4+1xtp8", "for 16 accelerators and a count of 8"),
        ("0xtp4+1xtp8", "prefill and decoding replicas"),
        ("2xtp2+wp4", "must be a layout such as"),
        ("1xpp100+1xtp1", "accelerators and a count of 8"),
    ],
)
def test_layouts_that_cannot_be(layout, words):
    with pytest.raises(xlcalc.CalcError, match=words):
        throughput(layout)


def test_more_sequences_than_fit_are_refused():
    with pytest.raises(xlcalc.CalcError, match="sequences on its decoding replicas"):
        throughput("4xtp1+4xtp1", batch=100_000)
    assert throughput("4xtp1+4xtp1", batch=8) < throughput("4xtp1+4xtp1")


def test_the_plan_names_them():
    table = xlcalc.LLM_SERVE_PLAN("llama-3.1-70b", "h200-sxm", 4000, 500, 3, 0.03, 8, 200)
    head = table[0]
    apart = [row for row in table[1:] if "+" in row[head.index("layout")]]
    assert apart
    for row in apart[:3]:
        given = dict(zip(head, row, strict=True))
        again = xlcalc.LLM_THROUGHPUT(
            "llama-3.1-70b", "h200-sxm", given["accelerators"], 4000, 500, given["batch"], given["dtype"],
            layout=given["layout"],
        )  # fmt: skip
        assert again == pytest.approx(given["tokens/s"])
        assert given["TTFT (s)"] <= 3 and given["TPOT (s)"] <= 0.03
