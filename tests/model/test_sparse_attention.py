"""Compressed caches and chosen tokens: DeepSeek-V3.2's indexer and DeepSeek-V4's entries at long context."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import xlcalc.catalog
from xlcalc.model.cache import cache_elements, kv_cache_bytes
from xlcalc.model.flops import attention_flops
from xlcalc.model.spec import ModelSpec

CONFIGS = Path(xlcalc.catalog.__file__).parent / "configs"


def model(name: str) -> ModelSpec:
    return ModelSpec(config=json.loads((CONFIGS / f"{name}.json").read_text("utf-8")))


def cache_gib(name: str, context: int) -> float:
    return kv_cache_bytes(model(name).cache_shape, context, 1, 2, None) / 2**30


def test_a_million_tokens_as_vllm_states_them() -> None:
    """9.62 GiB a sequence of DeepSeek-V4-Pro in bf16, 8.7 times less than V3.2's layers (vllm.ai/blog/deepseek-v4)."""
    assert cache_gib("deepseek-v4-pro", 2**20) == pytest.approx(9.62, abs=0.005)
    assert cache_gib("deepseek-v3.2", 2**20) / cache_gib("deepseek-v4-pro", 2**20) == pytest.approx(8.7, abs=0.05)


def test_waiting_tokens_leave_when_their_entry_is_made() -> None:
    """What transformers keeps of one layer of 4:1 and one of 128:1 entries, after 96, 127, 128 and 130 tokens."""
    config = {"model_type": "deepseek_v4", "num_hidden_layers": 1}
    kept = {
        "compressed_sparse_attention": (69632, 97664, 90624, 95744),
        "heavily_compressed_attention": (147456, 195072, 65536, 67584),
    }
    for kind, expected in kept.items():
        shape = ModelSpec(config={**config, "layer_types": [kind]}).cache_shape
        # a window of 128 holds 127 earlier tokens in transformers and 128 here
        spare = [0, 0, 512, 512]
        counted = [cache_elements(shape, n) + shape.conv_state for n in (96, 127, 128, 130)]
        assert [c - s for c, s in zip(counted, spare, strict=True)] == list(expected)


def test_chosen_tokens_bound_the_scores_and_not_the_indexer() -> None:
    spec = model("deepseek-v3.2")
    shape, c = spec.flop_shape, spec.text_config
    indexer, heads = c["index_n_heads"] * c["index_head_dim"], c["num_attention_heads"]
    latent = heads * (c["qk_nope_head_dim"] + c["qk_rope_head_dim"] + c["v_head_dim"])
    within, beyond = c["index_topk"], 100_000
    assert attention_flops(shape, beyond + 1) - attention_flops(shape, beyond) == 2 * 61 * indexer
    assert attention_flops(shape, within) - attention_flops(shape, within - 1) == 2 * 61 * (indexer + latent)


@pytest.mark.parametrize(("element", "each"), [(1, 656 + 132), (2, 2 * (576 + 128))])
def test_an_8_bit_cache_of_sparse_attention_keeps_scales_and_a_16_bit_rotary_key(element, each):
    """deepseek-ai/FlashMLA, README: 512 elements, 4 scales in fp32, 64 in bf16; the indexer's key and its scale. A
    dense latent has no such format."""
    assert kv_cache_bytes(model("deepseek-v3.2").cache_shape, 1, 1, element, None) == 61 * each
    assert kv_cache_bytes(model("deepseek-v3").cache_shape, 1, 1, element, None) == 61 * 576 * element


def test_what_stands_beside_an_8_bit_cache_is_in_serving_too():
    """43.67 GiB measured for 975,424 tokens (sgl-project/sglang, issue 11309), whole on each tensor-parallel rank."""
    for tp in (1, 8):
        kept = xlcalc.LLM_SERVE_MEMORY("deepseek-v3.2", 975424, 1, "fp8", "fp8", tp, "cache")
        assert kept == xlcalc.LLM_KV_CACHE("deepseek-v3.2", 975424, 1, "fp8") == pytest.approx(43.67 * 2**30, rel=1e-3)
