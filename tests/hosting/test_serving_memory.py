"""Serving memory against what vLLM reported at its start on H100 80 GB (llm-d-planner), and its own identities."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import xlcalc
from xlcalc.catalog import accelerators, models
from xlcalc.cell_functions.hosting.served import served
from xlcalc.hosting import memory
from xlcalc.hosting.layout import Layout
from xlcalc.hosting.throughput import Traffic, room
from xlcalc.model.dtypes import DTYPES

GIB = 2**30
ORACLES = Path(__file__).parents[1] / "oracles"
with open(ORACLES / "serving_memory_vllm.csv", encoding="utf-8") as file:
    VLLM = list(csv.DictReader(file))


@pytest.mark.parametrize("row", VLLM, ids=lambda r: f"{r['model']}-tp{r['tp']}")
def test_what_vllm_reports(row):
    tp = int(row["tp"])
    cache = float(row["cache_gib"])
    long = 2**20
    context = cache * GIB / (xlcalc.LLM_SERVE_MEMORY(row["model"], long, 1, row["dtype"], None, tp, "cache") / long)
    got = {
        part: xlcalc.LLM_SERVE_MEMORY(row["model"], int(context), 1, row["dtype"], None, tp, part, unit="GiB")
        for part in ("weights", "cache", "activations", "overhead", "total")
    }
    measured = {name: float(row[f"{name}_gib"]) for name in ("weights", "activation", "non_torch", "cache")}
    # vLLM counts what its kernels pad 4-bit experts with among the weights, LLM_SERVE_MEMORY beside the driver's context
    plain = xlcalc.LLM_SERVE_MEMORY("llama-3.1-8b", 1, 1, "bf16", None, tp, "overhead", unit="GiB")
    assert got["weights"] + got["overhead"] - plain + got["cache"] == pytest.approx(
        measured["weights"] + measured["cache"], rel=0.015
    )
    # the workspace of the one model with a tower was measured at less than half of what its language model alone takes
    assert got["total"] == pytest.approx(
        sum(measured.values()), rel=0.04 if row["model"].startswith("mistral") else 0.03
    )
    assert sum(got.values()) == pytest.approx(2 * got["total"])


def test_tokens_of_mistral_small():
    """28.20 GiB held 184,832 tokens."""
    assert xlcalc.LLM_SERVE_MEMORY("mistral-small-3.2-24b", 184_832, 1, part="cache", unit="GiB") == pytest.approx(
        28.20, abs=0.005
    )


def test_tensor_parallelism_divides_heads_but_not_a_latent():
    def cache(model, tp):
        return xlcalc.LLM_SERVE_MEMORY(model, 8192, 1, "bf16", None, tp, "cache")

    assert cache("llama-3.1-70b", 8) == cache("llama-3.1-70b", 1) / 8
    assert cache("llama-3.1-70b", 16) == cache("llama-3.1-70b", 8)
    assert cache("deepseek-v3", 8) == cache("deepseek-v3", 1) == 8192 * 70272


def test_cache_is_that_of_the_model():
    for model in ("gpt-oss-120b", "gemma-3-27b", "nemotron-3-nano-30b-a3b", "qwen3-next-80b-a3b"):
        assert xlcalc.LLM_SERVE_MEMORY(model, 5000, 3, "bf16", None, 1, "cache") == xlcalc.LLM_KV_CACHE(model, 5000, 3)


@pytest.mark.parametrize(
    ("model", "accelerator", "count"),
    [("llama-3.1-8b", "h100-sxm", 1), ("llama-3.1-70b", "h100-sxm", 4), ("deepseek-v3", "h200-sxm", 8)],
)
def test_capacities_agree(model, accelerator, count):
    dtype = "fp8" if model == "deepseek-v3" else "bf16"
    batch = xlcalc.LLM_MAX_BATCH(model, accelerator, count, 4096, dtype)
    assert xlcalc.LLM_MAX_CONTEXT(model, accelerator, count, batch, dtype) >= 4096
    assert xlcalc.LLM_MIN_GPUS(model, accelerator, 4096, batch, dtype) <= count
    with pytest.raises(xlcalc.CalcError, match="narrower format"):
        xlcalc.LLM_MAX_CONTEXT(model, accelerator, count, batch * 8192, dtype)


def test_what_does_not_fit_says_so():
    with pytest.raises(xlcalc.CalcError, match=r"weights in bf16 take 811\.7"):
        xlcalc.LLM_MAX_BATCH("llama-3.1-405b", "h100-sxm", 1, 1024)
    assert xlcalc.LLM_MIN_GPUS("llama-3.1-405b", "h100-sxm", 8192, 1) == 16
    assert xlcalc.LLM_MIN_GPUS("llama-3.1-405b", "h100-sxm", 8192, 1, "fp8") == 8


def test_checkpoints_published_in_four_bits_keep_them():
    """gpt-oss-120b's experts exist in mxfp4 alone, Kimi-K2.5's in int4, a scale for 32 elements (594 GB)."""
    for dtype in ("bf16", "mxfp4"):
        assert xlcalc.LLM_SERVE_MEMORY("gpt-oss-120b", 1, 1, dtype, part="weights") < 75e9
    kimi = xlcalc.LLM_SERVE_MEMORY("kimi-k2.5", 1, 1, "bf16", part="weights")
    assert 560e9 < kimi < 610e9
    assert xlcalc.LLM_SERVE_MEMORY("deepseek-v3", 1, 1, "bf16", part="weights") == pytest.approx(1342e9, rel=0.01)


@pytest.mark.parametrize(("batch", "fullest"), [(1, 1), (8, 1), (9, 2), (16, 2), (17, 3)])
def test_the_fullest_copy_of_attention_counts(batch, fullest):
    """Sequences are whole: nine on eight copies are two on one of them, as many pigeons in as many holes."""
    model, accelerator, layout = models.find("deepseek-v3"), accelerators.find("h200-sxm"), Layout(1, 1, 8, 8)
    of, context = served(model, accelerator, DTYPES["fp8"]), 100_000
    each = context * 70272  # bytes of a sequence's latent, which every copy keeps whole
    assert memory.serve_memory(of, context, batch, layout).cache == fullest * each
    free = memory.free_for_cache(of, memory.shard(of, layout), 0.0)
    for longer, fits in ((0.99, True), (1.01, False)):
        tokens = longer * free / (fullest * 70272)
        assert memory.fits_batch(of, tokens, batch, layout, 0.0) is fits


def test_a_replica_holds_as_many_on_each_copy():
    model, accelerator, layout = models.find("qwen3-30b-a3b"), accelerators.find("h100-sxm"), Layout(1, 1, 8, 8)
    for prompt in (5_000, 9_000, 15_000):
        held = room(served(model, accelerator, DTYPES["fp8"]), Traffic(prompt, 1_000), layout)
        assert held > 0 and held % 8 == 0


def test_each_engine_keeps_the_cache_its_own_way():
    """llama.cpp: sliding layers keep window + 512 tokens (llama-kv-cache-iswa.cpp), contexts come in 256; vLLM in 16."""

    def cache(model, context, software=None):
        return xlcalc.LLM_SERVE_MEMORY(model, context, 1, part="cache", software=software)

    # Gemma 3 27B: of 62 layers 52 slide at 1,024; 2 x 16 heads of 128 in 16 bit
    token = 2 * 16 * 128 * 2
    assert cache("gemma-3-27b", 32768) == token * (10 * 32768 + 52 * 1024)
    assert cache("gemma-3-27b", 32768, "llama.cpp") == token * (10 * 32768 + 52 * (1024 + 512))
    assert cache("llama-3.1-8b", 1000, "vllm") == cache("llama-3.1-8b", 1008)
    assert cache("llama-3.1-8b", 1000, "llama.cpp") == cache("llama-3.1-8b", 1024)
    # its log of gpt-oss-20b at 131,072: 3072 MiB, and 18 MiB of 768 cells for windows of 128
    assert cache("gpt-oss-20b", 131072, "llama.cpp") == (3072 + 18) * 1024**2
    hybrid = "qwen3-next-80b-a3b"
    assert cache(hybrid, 256, "llama.cpp") > cache(hybrid, 256)
    assert xlcalc.LLM_MAX_BATCH("gemma-3-27b", "h200-sxm", 1, 8192, software="llama.cpp") < xlcalc.LLM_MAX_BATCH(
        "gemma-3-27b", "h200-sxm", 1, 8192, software="vllm"
    )
