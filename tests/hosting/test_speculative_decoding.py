"""Drafts in serving, against LLM_SPECULATIVE_SPEEDUP: theirs where memory sets the pace, less where arithmetic does."""

from __future__ import annotations

import pytest

import xlcalc
from xlcalc.language.errors import CalcError

GOOD = {"acceptance": 0.8, "draft_tokens": 4, "draft_cost": 0.05}
SPEEDUP = xlcalc.LLM_SPECULATIVE_SPEEDUP(*GOOD.values())


def tpot(**draft):
    one = {"cached_share": 1, "layout": "tp4", **draft}
    return xlcalc.LLM_LATENCY_AT_LOAD("llama-3.1-70b", "h100-sxm", 4, 1000, 1000, 1e-3, 0.5, "tpot", **one)


def replicas(batch, **draft):
    asked = (100_000, 1000, 1000, "llama-3.1-70b", "h100-sxm", 4, batch)
    return xlcalc.LLM_REPLICAS(*asked, layout="tp4", cached_share=1, **draft)


def test_alone_a_sequence_gains_what_the_theorem_says():
    assert tpot() / tpot(**GOOD) == pytest.approx(SPEEDUP, rel=0.05)
    assert replicas(1) / replicas(1, **GOOD) == pytest.approx(SPEEDUP, rel=0.05)


def test_the_more_sequences_the_less_they_gain():
    gains = [replicas(batch) / replicas(batch, **GOOD) for batch in (8, 64, 256)]
    assert gains == sorted(gains, reverse=True)
    assert 1 < gains[-1] < 1.3 < SPEEDUP


def test_drafts_that_are_all_refused_cost_their_check():
    refused = {"acceptance": 0, "draft_tokens": 4}
    assert 1 <= tpot(**refused) / tpot() < 1.05  # free where memory sets the pace
    assert replicas(256, **refused) > 1.5 * replicas(256)


def test_experts_are_met_by_each_token_that_is_checked():
    def at(**draft):
        return xlcalc.LLM_REPLICAS(
            1e5, 1000, 1000, "deepseek-v3", "h200-sxm", 8, 1, layout="tp8", cached_share=1, **draft
        )

    assert 1 < at() / at(**GOOD) < 0.9 * SPEEDUP


@pytest.mark.parametrize("count", [2, 4])
def test_plans_and_fleets_take_them(count):
    asked, limits = ("llama-3.1-8b", "h100-sxm"), {"ttft_slo": 1, "tpot_slo": 0.01, "usd_per_hour": 2}
    for rows, column in (
        (
            lambda **d: xlcalc.LLM_SERVE_PLAN(*asked, 1000, 200, max_count=count, top=1, **limits, **d),
            "USD/M output tokens",
        ),
        (lambda **d: xlcalc.LLM_FLEET(*asked, 500, 1000, 200, max_count=count, top=1, **limits, **d), "USD/hour"),
    ):
        with_drafts, without = (dict(zip(*rows(**d), strict=True))[column] for d in (GOOD, {}))
        assert with_drafts < without


@pytest.mark.parametrize("half", [{"acceptance": 0.8}, {"draft_tokens": 4}, {"draft_cost": 0.3}])
def test_half_a_draft_is_refused(half):
    with pytest.raises(CalcError, match="acceptance and draft_tokens together"):
        tpot(**half)
