"""What a pass computes, counted another way: pairs of tokens under a causal mask, tiles of experts' rows, stages."""

from __future__ import annotations

import random
from math import ceil

import pytest

from xlcalc.catalog import accelerators, models
from xlcalc.cell_functions.hosting.served import served
from xlcalc.hosting import latency
from xlcalc.hosting.layout import Layout
from xlcalc.hosting.step import alone, replica, step
from xlcalc.hosting.throughput import Traffic
from xlcalc.model.dtypes import DTYPES


def of(model, layout=Layout(), dtype="bf16"):  # noqa: B008
    return replica(served(models.find(model), accelerators.find("h100-sxm"), DTYPES[dtype]), layout)


@pytest.mark.parametrize("cached", [0, 250, 600, 999])
def test_a_prefix_in_the_cache_leaves_the_later_rows_of_the_mask(cached):
    """Token i of a prompt attends to i tokens; those found in the cache are not computed, and are attended to."""
    prompt = 1000
    pairs = sum(i for i in range(cached + 1, prompt + 1))
    traffic = Traffic(prompt, 100, cached / prompt)
    assert traffic.prefilled == pytest.approx(prompt - cached)
    # half a token is left out: a token attends to itself as well
    assert traffic.prefilled * (traffic.reach + 0.5) == pytest.approx(pairs)


def test_attention_after_a_cached_prefix_costs_what_the_whole_costs_more_than_the_prefix():
    r = of("llama-3.1-8b")

    def attention(prompt, cached_share=0.0):
        traffic = Traffic(prompt, 1, cached_share)
        return step(r, 0, 0, traffic.prefilled, traffic.reach).attention

    assert attention(8000, 0.75) == pytest.approx(attention(8000) - attention(6000))


@pytest.mark.parametrize("tokens", [1024, 4096])
def test_rows_of_experts_are_padded_to_whole_tiles(tokens):
    """Against tokens routed at random: each expert's rows rounded up to tiles. Qwen3-30B-A3B: 8 of 128 experts."""
    r = of("qwen3-30b-a3b")
    r = r._replace(rates=r.rates._replace(stream=1e30, epilogue=0.0))
    r = r._replace(experts=tuple(e._replace(stream=1e30) for e in r.experts))  # what is left is arithmetic
    each_row = sum(p.layers * 2 * p.d_in * p.d_out for p in r.model.experts)
    rows = step(r, 0, 0, tokens).experts * r.rates.grouped / each_row
    counts, draw = [0] * 128, random.Random(0)
    for _ in range(tokens):
        for expert in draw.sample(range(128), 8):
            counts[expert] += 1
    tile = min(128, 2 ** ceil(tokens * 8 / 128).bit_length() // 2)  # of 128 rows, or fewer where an expert has fewer
    assert rows == pytest.approx(sum(ceil(count / tile) * tile for count in counts), rel=0.1)
    assert rows > 1.1 * tokens * 8


def test_a_batch_passes_all_stages_one_after_another():
    """On an idle pipeline nothing overlaps: the same layers take as long on one stage as on eight. Between p stages are
    p - 1 hand-overs of hidden states of 16 bit, over links of 450 GB/s at most."""
    tokens = 4000
    within = step(of("llama-3.1-70b"), 0, 0, tokens, tokens / 2).stage
    over = {pp: alone(of("llama-3.1-70b", Layout(1, pp)), 0, 0, tokens, tokens / 2) - within for pp in (1, 2, 4, 8)}
    assert over[1] == pytest.approx(0)
    assert over[2] > 2 * 8192 * tokens / 450e9
    assert [over[pp] / over[2] for pp in (4, 8)] == pytest.approx([3, 7])


@pytest.mark.parametrize("stages", [2, 4, 8])
def test_the_first_token_waits_for_every_stage(stages):
    """A long prompt on an idle replica: no stage's work is saved by having more of them."""
    model, accelerator = models.find("llama-3.3-70b"), accelerators.find("h100-sxm")
    first = [latency.ttft(served(model, accelerator, DTYPES["fp8"]), Layout(4, pp), 8000, 1) for pp in (1, stages)]
    assert first[0] < first[1] < 1.1 * first[0]
