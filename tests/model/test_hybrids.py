"""What the tables of truth do not show of hybrid decoders: spellings, shared blocks, recurrences, n-gram tables."""

from __future__ import annotations

from typing import Any

import pytest

from xlcalc.model.mixers import gated_delta, mamba1, mamba2, short_conv
from xlcalc.model.spec import ModelSpec


def model(model_type: str, **fields: Any) -> ModelSpec:
    return ModelSpec(config={"model_type": model_type, **fields})


def test_nemotron_layers_in_letters_old_names_and_new_ones() -> None:
    letters = model("nemotron_h", hybrid_override_pattern="ME*-", num_hidden_layers=99)
    old = model("nemotron_h", layers_block_type=["mamba", "moe", "attention", "mlp"])
    new = model("nemotron_h", layers_block_type=["linear_attention", "moe", "full_attention", "mlp"])
    assert letters.architecture.layers == old.architecture.layers == new.architecture.layers
    assert letters.architecture.n_layers == 4


def test_latent_experts_pay_two_projections_and_are_narrower() -> None:
    plain, narrow = (model("nemotron_h", moe_latent_size=size) for size in (None, 1024))
    assert plain.parts["experts"] == 4 * narrow.parts["experts"]
    assert narrow.parts["mlp"] - plain.parts["mlp"] == 2 * 4096 * 1024


def test_shared_block_counts_once_but_costs_everywhere() -> None:
    """Zamba's attention stands in 13 of 76 layers: its parameters once, its cache and FLOP 13 times."""
    shape = model("zamba").flop_shape
    assert model("zamba").cache_shape.full == 13 * 2 * 7424
    assert shape.scores == ((13 * 2 * 7424, None),)
    placed = model("zamba", num_hidden_layers=3, layers_block_type=["mamba", "mamba", "hybrid"])
    twice = model("zamba", num_hidden_layers=4, layers_block_type=["mamba", "mamba", "hybrid", "hybrid"])
    mamba_layer = model("zamba", num_hidden_layers=4, layers_block_type=["mamba", "mamba", "hybrid", "mamba"])
    assert twice.total - mamba_layer.total == 3712 * 3712  # the second place's own way out
    assert twice.flop_shape.scores[0][0] == 2 * placed.flop_shape.scores[0][0]


def test_granite_without_experts_is_dense() -> None:
    dense = model("granitemoehybrid", num_local_experts=0)
    assert dense.parts["experts"] == dense.parts["router"] == 0
    assert dense.parts["mlp"] == 32 * 3 * 4096 * 1024


def test_recurrences_count_in_flop() -> None:
    """7 FLOP an element of a Mamba state, 4 multiply-adds one of a delta rule's (Megatron-LM), and the filters."""
    assert mamba1(64, 128, 16, 4, 4).scan == 128 * 4 + 3.5 * 128 * 16
    assert mamba2(64, 128, 2, 16, 1, 4).scan == 160 * 4 + 3.5 * 128 * 16
    assert gated_delta(64, 2, 4, 16, 32, 4).scan == 192 * 4 + 4 * 4 * 16 * 32
    assert short_conv(64, 3).scan == 64 * 3
    matrices = sum(count * matrix.macs for count, matrix in model("mamba2").architecture.linears())
    scans = 64 * (10240 * 4 + 3.5 * 8192 * 128)
    assert model("mamba2").flop_shape.matmul == matrices + scans


def test_ngram_tables_have_prime_sizes() -> None:
    """transformers 5.23 builds 5,130,362,176 parameters of this Qwen4-Exp, 561,991,680 of them embeddings."""
    spec = model(
        "qwen4_exp_text",
        hidden_size=1024, num_hidden_layers=7, num_attention_heads=8, num_key_value_heads=1, head_dim=128,
        vocab_size=248384, linear_conv_kernel_dim=5, linear_key_head_dim=64, linear_value_head_dim=64,
        linear_num_key_heads=8, linear_num_value_heads=16, moe_intermediate_size=768, num_experts=256,
        shared_expert_intermediate_size=768, hc_count=5, hc_lowrank=160, indexer_n_heads=16, indexer_kv_heads=1,
        indexer_head_dim=256, indexer_budget=2048, indexer_compress_ratio=4, ple_layer_ids=[2, 5], ple_embed_dim=768,
        ngram_size=4, ngram_vocab_size_base=200000, eos_token_id=3,
    )  # fmt: skip
    assert (spec.total, spec.parts["embedding"]) == (5_130_362_176, 561_991_680)


def test_minimax_text_01() -> None:
    """456 B parameters, 45.9 B of them for a token without embedding and head (MiniMax-01 report 2025)."""
    spec = model(
        "minimax_text_01",
        hidden_size=6144, num_hidden_layers=80, num_attention_heads=64, num_key_value_heads=8, head_dim=128,
        intermediate_size=9216, num_local_experts=32, num_experts_per_tok=2, vocab_size=200064,
        attn_type_list=([0] * 7 + [1]) * 10,
    )  # fmt: skip
    assert round(spec.total / 1e9) == 456
    assert round((spec.active - spec.parts["embedding"] - spec.parts["head"]) / 1e9, 1) == 45.9
    assert spec.cache_shape.state == 70 * 64 * 128 * 128


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"model_type": "zamba2", "num_hidden_layers": 10}, "54 layers for num_hidden_layers = 10"),
        ({"model_type": "lfm2_moe"}, "lacks layer_types"),
        ({"model_type": "nemotron_h", "hybrid_override_pattern": "M?"}, r"layers of type \?"),
        ({"model_type": "recurrent_gemma", "block_types": ["memory"]}, "memory"),
        ({"model_type": "kimi_linear", "mlp_layer_types": ["dense"]}, "1 values for num_hidden_layers = 27"),
    ],
)
def test_impossible_patterns_are_named(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        _ = ModelSpec(config=fields).architecture
