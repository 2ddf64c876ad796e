"""Tensor parallelism as engines run it: every rank has as many query heads, and whole key/value heads or one of them.

vLLM, SGLang and TensorRT-LLM assert both (vLLM, model_executor/models/llama.py, LlamaAttention). Engines of TPUs and of
Neuron pad heads instead (Pope et al. 2022, section 4: 48 to 64).
"""

from __future__ import annotations

import pytest

import xlcalc
from xlcalc.hosting.layout import Divisible, parse

HEADS = {"qwen2.5-1.5b": (12, 2), "qwen2.5-7b": (28, 4), "phi-4": (40, 10), "falcon-7b": (71, 1), "smollm-135m": (9, 3)}


def runs(model: str, tp: int) -> bool:
    heads, kv_heads = HEADS[model]
    return heads % tp == 0 and (kv_heads % tp == 0 or tp % kv_heads == 0)


@pytest.mark.parametrize("model", HEADS)
def test_plans_propose_only_layouts_that_run(model: str) -> None:
    head, *rows = xlcalc.LLM_SERVE_PLAN(model, "a10g", 1000, 200, max_count=8, top=1000)
    for row in rows:
        text = row[head.index("layout")]
        for part in text.split("+"):
            assert runs(model, parse(part.rpartition("x")[2]).tp), text


@pytest.mark.parametrize("model", HEADS)
@pytest.mark.parametrize("tp", [2, 3, 4, 8])
def test_layouts_given_by_hand_are_refused_with_the_ways_that_work(model: str, tp: int) -> None:
    def calls() -> None:
        xlcalc.LLM_THROUGHPUT(model, "h100-sxm", tp, 2000, 500, layout=f"tp{tp}")
        xlcalc.LLM_SERVE_MEMORY(model, 2000, 1, tp=tp)

    if runs(model, tp):
        calls()
    else:
        with pytest.raises(xlcalc.CalcError, match=f"{HEADS[model][0]} query heads.*tp may be 1(, |$)"):
            calls()
    split = f"1xtp{tp}+1xtp{tp}"
    if not runs(model, tp):
        with pytest.raises(xlcalc.CalcError, match="query heads"):
            xlcalc.LLM_THROUGHPUT(model, "h100-sxm", 2 * tp, 2000, 500, layout=split)


def test_latency_on_a_count_that_heads_do_not_fit_is_of_a_layout_that_runs() -> None:
    """Eight ways do not divide 28 heads, four do: steps as of tp4 in two stages, which no prompt alone fills."""
    four, eight = (xlcalc.LLM_TPOT("qwen2.5-7b", "h100-sxm", count, 1000) for count in (4, 8))
    assert eight >= four * 0.99


@pytest.mark.parametrize("accelerator", ["tpu-v5e", "trainium2"])
def test_engines_that_pad_heads_take_any_count(accelerator: str) -> None:
    assert xlcalc.LLM_THROUGHPUT("qwen2.5-1.5b", accelerator, 8, 1000, 100, layout="tp8") > 0


def test_a_model_without_attention_has_no_heads_to_divide() -> None:
    assert Divisible(24).by_tp(7)
