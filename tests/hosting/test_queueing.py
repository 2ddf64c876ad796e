"""Latency at load against a discrete-event simulation of the same engine."""

from __future__ import annotations

import random
import re
from itertools import pairwise
from statistics import mean

import pytest
from simulation import simulate

import xlcalc
from xlcalc.catalog import accelerators, models
from xlcalc.cell_functions.hosting.served import served
from xlcalc.hosting import latency, queueing
from xlcalc.hosting.layout import Layout
from xlcalc.hosting.step import replica
from xlcalc.hosting.throughput import Traffic, room, useful
from xlcalc.model.dtypes import DTYPES

CASES = [
    ("llama-3.1-8b", Layout(1), "bf16", 1000, 200),
    ("llama-3.1-8b", Layout(1), "bf16", 200, 400),
    ("llama-3.3-70b", Layout(4), "fp8", 2000, 300),
]


@pytest.mark.parametrize("busy", [0.3, 0.6, 0.85])
@pytest.mark.parametrize(("name", "layout", "dtype", "prompt", "output"), CASES)
def test_quantiles(name, layout, dtype, prompt, output, busy):
    model, accelerator = models.find(name), accelerators.find("h100-sxm")
    traffic = Traffic(prompt, output)
    r = replica(served(model, accelerator, DTYPES[dtype]), layout)
    places = room(served(model, accelerator, DTYPES[dtype]), traffic, layout)
    rate = busy * queueing.saturation(r, traffic, places)
    simulated = simulate(r, traffic, rate, places, 2500)
    for metric, times in zip(queueing.METRICS, simulated, strict=True):
        for quantile in (0.5, 0.95):
            got = queueing.latency(r, traffic, rate, places, quantile, metric)
            assert got == pytest.approx(times[int(quantile * len(times))], rel=0.2), (metric, quantile)


@pytest.mark.parametrize("busy", [0.2, 0.5])
def test_a_request_waits_for_half_a_step(busy):
    """Of one token of prompt the wait is what there is: an arrival at random finds half of a step still to run."""
    model, accelerator = models.find("llama-3.1-8b"), accelerators.find("h100-sxm")
    traffic = Traffic(1, 400)
    r = replica(served(model, accelerator, DTYPES["bf16"]), Layout(1))
    rate = busy * queueing.saturation(r, traffic, 256)
    simulated, *_ = simulate(r, traffic, rate, 256, 3000)
    at = queueing.load(r, traffic, rate, queueing.full(r, traffic, 256))
    assert mean(simulated) == pytest.approx(at.first + at.step / 2, rel=0.05)
    got = queueing.latency(r, traffic, rate, 256, 0.5, "ttft")
    assert got == pytest.approx(simulated[len(simulated) // 2], rel=0.05)


@pytest.mark.parametrize("stages", [1, 4, 8])
def test_a_prompt_alone_passes_every_stage(stages):
    """With hardly a request at a time the first token comes when the prompt has passed all stages, one after another."""
    model, accelerator = models.find("llama-3.3-70b"), accelerators.find("h100-sxm")
    layout, traffic = Layout(4, stages), Traffic(8000, 10)
    r = replica(served(model, accelerator, DTYPES["fp8"]), layout)
    idle = latency.ttft(served(model, accelerator, DTYPES["fp8"]), layout, 8000, 1)
    got = queueing.latency(r, traffic, 1e-6, 64, 0.5, "ttft")
    assert idle < got < 1.25 * idle  # the engine's own work, and half a step


def test_few_places_make_a_queue():
    """Long prompts on little memory: the wait for a place in the cache dominates near saturation."""
    model, accelerator = models.find("llama-3.3-70b"), accelerators.find("h100-sxm")
    traffic = Traffic(6000, 600)
    layout = Layout(2)
    r = replica(served(model, accelerator, DTYPES["fp8"]), layout)
    places = room(served(model, accelerator, DTYPES["fp8"]), traffic, layout)
    rate = 0.97 * queueing.saturation(r, traffic, places)
    simulated = mean(simulate(r, traffic, rate, places, 1500, seed)[0][int(0.95 * 1200)] for seed in (1, 2))
    assert simulated / 4 < queueing.latency(r, traffic, rate, places, 0.95, "ttft") < simulated * 4


def test_simulation_reaches_the_stated_throughput():
    """With more requests than it can serve, the simulated engine produces what LLM_THROUGHPUT says."""
    model, accelerator = models.find("llama-3.1-8b"), accelerators.find("h100-sxm")
    traffic = Traffic(500, 200)
    r = replica(served(model, accelerator, DTYPES["bf16"]), Layout(1))
    places = room(served(model, accelerator, DTYPES["bf16"]), traffic, Layout(1))
    said = xlcalc.LLM_THROUGHPUT("llama-3.1-8b", "h100-sxm", 1, 500, 200, layout="tp1")
    *_, last = simulate(r, traffic, 3 * said / 200, places, 6000)
    span = 6000 / (3 * said / 200)  # the last arrival; the queue then drains at the engine's own rate
    assert 6000 * 200 / (span + last[-1]) == pytest.approx(said, rel=0.1)


def test_past_saturation_the_error_says_the_largest_rate():
    call = ("llama-3.1-8b", "h100-sxm", 1, 1000, 200)
    with pytest.raises(xlcalc.CalcError, match="at most") as caught:
        xlcalc.LLM_LATENCY_AT_LOAD(*call, 1000)
    assert caught.value.code == "#NUM!"
    largest = float(re.search(r"at most ([\d.]+) requests", str(caught.value)).group(1))
    assert largest * 200 == pytest.approx(xlcalc.LLM_THROUGHPUT(*call), rel=0.03)
    assert 0 < xlcalc.LLM_LATENCY_AT_LOAD(*call, 0.99 * largest) < 60


def test_latency_grows_with_load_and_quantile():
    def at(rate, quantile=0.95, metric="ttft"):
        return xlcalc.LLM_LATENCY_AT_LOAD("llama-3.1-8b", "h100-sxm", 1, 1000, 200, rate, quantile, metric)

    for metric in queueing.METRICS:
        times = [at(rate, 0.95, metric) for rate in (1, 5, 10, 15, 20, 24)]
        assert times == sorted(times)
        assert at(15, 0.5, metric) < at(15, 0.9, metric) < at(15, 0.99, metric)
    idle = xlcalc.LLM_TTFT("llama-3.1-8b", "h100-sxm", 1, 1000)
    assert idle < at(0.01, 0.5) < 2.5 * idle


@pytest.mark.parametrize("seed", range(25))
def test_latency_never_falls_with_load(seed):
    """Of random models, machines, lengths and quantiles, and with lengths that spread."""
    draw = random.Random(seed)
    model = draw.choice(["llama-3.1-8b", "qwen3-30b-a3b", "llama-3.3-70b", "gpt-oss-120b", "mixtral-8x7b"])
    of = served(models.find(model), accelerators.find(draw.choice(["h100-sxm", "h200-sxm", "b200", "mi300x"])), None)
    traffic = Traffic(draw.choice([50, 1000, 12000]), draw.choice([20, 300, 3000]), draw.choice([0, 0.7]))
    layout = draw.choice([Layout(4), Layout(2, 2), Layout(8)])
    r, places = replica(of, layout), useful(of, traffic, layout)
    largest, spread = queueing.saturation(r, traffic, places), draw.choice([0, 0.5, 1.5])
    for metric in queueing.METRICS:
        quantile = draw.choice([0.05, 0.5, 0.7, 0.95, 0.99])
        times = [
            queueing.latency(r, traffic, largest * load / 60, places, quantile, metric, spread) for load in range(1, 60)
        ]
        assert all(b >= a * (1 - 1e-9) for a, b in pairwise(times)), (metric, quantile)


def test_lengths_that_spread_make_tails_longer():
    """Against the simulation with prompts and answers of exponential length."""
    model, accelerator = models.find("llama-3.1-8b"), accelerators.find("h100-sxm")
    traffic, r = Traffic(1000, 200), replica(served(model, accelerator, DTYPES["bf16"]), Layout(1))
    rate = 0.6 * queueing.saturation(r, traffic, 370)
    ttft, _, last = simulate(r, traffic, rate, 370, 2500, spread=True)
    for metric, times in (("ttft", ttft), ("e2e", last)):
        alike, apart = (queueing.latency(r, traffic, rate, 370, 0.95, metric, spread) for spread in (0, 1))
        assert alike < apart == pytest.approx(times[int(0.95 * len(times))], rel=0.25)


def test_erlang_and_gamma_against_tables():
    # Erlang C: 10 servers, 8 Erlang (tables of Hillier and Lieberman); chi-squared with 4 degrees of freedom
    assert queueing.erlang_c(10, 8) == pytest.approx(0.409, abs=0.001)
    assert 2 * queueing.gamma_quantile(2, 2, 0.95) == pytest.approx(9.488, rel=0.01)
    assert queueing.gamma_quantile(0.1, 0.1, 0.95) == pytest.approx(0.5804, rel=0.02)
