"""Configurations that no model has are refused with the field's name, in words; formats that are not understood are
not taken for 16 bit."""

from __future__ import annotations

import json
from typing import Any

import pytest

import xlcalc
from xlcalc.language.errors import CalcError

LLAMA = {
    "model_type": "llama", "hidden_size": 1024, "num_hidden_layers": 8, "num_attention_heads": 16,
    "num_key_value_heads": 4, "intermediate_size": 4096, "vocab_size": 32000,
}  # fmt: skip
PYTHON = ("operand", "object", "instance", "'int'", "'list'", "NoneType", "attribute", "subscript")


def text(**changes: Any) -> str:
    return json.dumps({**LLAMA, **changes})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"num_key_value_heads": 5}, "16 query heads, which 5 key/value heads"),
        ({"model_type": "mixtral", "num_local_experts": 4, "num_experts_per_tok": 8}, "8 experts a token of 4"),
        ({"model_type": "mistral", "sliding_window": -1}, "sliding_window"),
        ({"model_type": "mistral", "sliding_window": "4096"}, "sliding_window"),
        ({"model_type": "mixtral", "num_local_experts": "8"}, "num_experts"),
        ({"num_attention_heads": [16] * 8}, "num_attention_heads"),
        ({"head_dim": [64]}, "head_dim"),
        ({"tie_word_embeddings": "no"}, "tie_word_embeddings that is neither true nor false; got 'no'"),
        ({"model_type": "helium", "head_dim": 32}, "16 heads of 32"),
        ({"model_type": "foo", "architectures": ["LlamaForCausalLM"], "memory_slots_dim": 9}, "memory_slots_dim"),
    ],
)  # fmt: skip
def test_fields_of_no_model_are_refused_by_name_and_in_words(changes, words):
    for function, more in (("LLM_PARAMS", ()), ("LLM_KV_CACHE", (100,)), ("LLM_FLOPS_PER_TOKEN", (100,))):
        with pytest.raises(CalcError) as refused:
            getattr(xlcalc, function)(text(**changes), *more)
        assert words in str(refused.value)
        assert not any(word in str(refused.value) for word in PYTHON)


@pytest.mark.parametrize(
    "unknown",
    [{"quant_method": "zzz"}, {"quant_method": "gptq", "bits": 99}, {"quant_method": "quark"}, {"bits": "four"}],
)
def test_an_unknown_quantisation_is_not_taken_for_16_bit(unknown):
    config = text(quantization_config=unknown)
    with pytest.raises(CalcError, match="name a dtype"):
        xlcalc.LLM_WEIGHTS(config)
    with pytest.raises(CalcError, match="name a dtype"):
        xlcalc.LLM_SERVE_MEMORY(config, 100, 1)
    assert xlcalc.LLM_WEIGHTS(config, "bf16") == 2 * xlcalc.LLM_PARAMS(config)
    assert "not understood" in xlcalc.LLM_MODEL(config, "published_dtype_from")


@pytest.mark.parametrize("plain", [{}, None, {"quant_method": None}, {"quant_method": "bitsandbytes"}])
def test_no_quantisation_is_the_type_that_the_file_names(plain):
    config = text(quantization_config=plain, torch_dtype="float16")
    assert xlcalc.LLM_WEIGHTS(config) == 2 * xlcalc.LLM_PARAMS(config)
    assert xlcalc.LLM_MODEL(config, "published_dtype") == "fp16"


@pytest.mark.parametrize(
    "config, words",
    [
        ({"model_type": "qwen3_moe", "head_dim": 10**9, "num_key_value_heads": [1, 2]}, "head_dim"),
        ({"model_type": "mistral", "num_key_value_heads": [8, 8]}, "num_key_value_heads"),
        ({"model_type": "llama", "hidden_size": 2}, "leaves them no width"),
        ({"model_type": "t5", "d_kv": 0}, "no width"),
        ({"model_type": "deepseek_v3", "n_routed_experts": 0, "num_experts": 0}, "0 experts"),
        ({"model_type": "longcat_flash", "qk_head_dim": 100}, "qk_head_dim of 100"),
        ({"model_type": "bert", "num_attention_heads": 7}, "7 heads cannot share"),
        ({"model_type": "mobilebert", "true_hidden_size": 100}, "true_hidden_size of 100"),
        ({"model_type": "mvp", "use_prompt": True}, "use_prompt"),
        (
            {"model_type": "fsmt", "tie_word_embeddings": True, "src_vocab_size": 9, "tgt_vocab_size": 8},
            "src_vocab_size",
        ),
    ],
)
def test_sizes_that_random_calls_found(config, words):
    plain = {"hidden_size": 512, "num_hidden_layers": 4, "num_attention_heads": 8, "intermediate_size": 64}
    with pytest.raises(CalcError, match=words):
        xlcalc.LLM_PARAMS(json.dumps({**plain, "vocab_size": 99, **config}))


def test_texts_of_a_sheet_are_yes_and_no():
    assert xlcalc.LLM_PARAMS(text(tie_word_embeddings="FALSE")) == xlcalc.LLM_PARAMS(text(tie_word_embeddings=False))
    assert xlcalc.LLM_PARAMS(text(attention_bias="true")) > xlcalc.LLM_PARAMS(text(attention_bias="false"))


def test_experts_are_not_lost_behind_a_name():
    """Whether a class is named, as Mixtral's file counts them, or the family has none, which the count then says.

    XVERSE-MoE-A4.2B is published with 25.8 billion parameters, 4.2 of them active (xverse-ai/XVERSE-MoE-A4.2B)."""
    sparse = {"num_local_experts": 8, "num_experts_per_tok": 2, "tie_word_embeddings": False}
    mixtral = xlcalc.LLM_PARAMS(text(model_type="mixtral", **sparse))
    assert xlcalc.LLM_PARAMS(text(model_type="foo", architectures=["LlamaForCausalLM"], **sparse)) == mixtral
    assert "experts, without which llama is known" in xlcalc.LLM_MODEL(text(**sparse), "notes")
    xverse = {"hidden_size": 2560, "intermediate_size": 1728, "num_attention_heads": 32, "num_hidden_layers": 28,
              "num_key_value_heads": None, "vocab_size": 100534, "num_experts": 64, "moe_top_k": 6,
              "num_shared_experts": 2, "tie_word_embeddings": False, "hidden_act": "silu"}  # fmt: skip
    mixture = text(model_type="xverse", **xverse)
    assert round(xlcalc.LLM_PARAMS(mixture) / 1e9, 1) == 25.8
    assert round(xlcalc.LLM_PARAMS(mixture, "active") / 1e9, 1) == 4.2
    with pytest.raises(xlcalc.CalcError, match="experts"):
        xlcalc.LLM_PARAMS(text(model_type="skywork", num_experts=[16]))


def test_parts_beside_the_language_model_that_nobody_declares():
    """The tower of Qwen-VL stands in a group without a name for it, the pooling of NV-Embed in one without sizes."""
    assert xlcalc.LLM_MODEL(text(model_type="qwen", visual={"layers": 48, "width": 1664}), "count") == "estimate"
    inner = json.loads(text(model_type="mistral", architectures=["MistralModel"]))
    outer = {"model_type": "nvembed", "architectures": ["NVEmbedModel"], "text_config": inner}
    embeds = json.dumps({**outer, "latent_attention_config": {"model_type": "latent_attention"}})
    assert "latent_attention_config" in xlcalc.LLM_MODEL(embeds, "notes")
    assert xlcalc.LLM_PARAMS(embeds) == xlcalc.LLM_PARAMS(json.dumps(inner))


def test_santacoder_has_one_head_of_keys_and_values():
    """bigcode/santacoder's own config.json; its checkpoint holds 1,124,886,528 parameters."""
    fields = {"n_embd": 2048, "n_head": 16, "n_inner": 8192, "n_layer": 24, "n_positions": 2048, "vocab_size": 49280}
    own = {"model_type": "gpt2", "architectures": ["GPT2LMHeadCustomModel"], "attention_head_type": "multiquery"}
    assert xlcalc.LLM_PARAMS(json.dumps({**own, **fields})) == 1124886528


def test_bodies_without_a_head_and_one_layer_of_a_kind_are_served():
    plain = {"hidden_size": 512, "num_attention_heads": 8, "intermediate_size": 64, "vocab_size": 99}
    for config in ({"model_type": "xlnet", "num_hidden_layers": 2}, {"model_type": "rwkv7", "num_hidden_layers": 1}):
        text_of = json.dumps({**plain, **config})
        assert xlcalc.LLM_WEIGHTS(text_of, "bf16") == 2 * xlcalc.LLM_PARAMS(text_of)
        assert xlcalc.LLM_SERVE_MEMORY(text_of, 1, 1, "bf16", part="weights") == xlcalc.LLM_WEIGHTS(text_of, "bf16")


def test_layers_that_run_again_are_refused_by_name():
    """MobileLLM-LS (Liu et al. 2024, section 3) runs each block twice, with twice the FLOP and the cache."""
    own = {"model_type": "mobilellm", "num_key_value_heads": 4}
    with pytest.raises(xlcalc.CalcError, match="layer_sharing"):
        xlcalc.LLM_KV_CACHE(text(**own, layer_sharing=True), 1000)
    assert xlcalc.LLM_KV_CACHE(text(**own, layer_sharing=False), 1000) > 0


def test_a_field_that_a_text_gives_twice_is_refused_by_its_name():
    fields = '"model_type": "llama", "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 1000, "intermediate_size": 128'
    for doubled in ('"hidden_size": 64, "hidden_size": 128', '"hidden_size": 64, "rope": {"a": 1, "a": 2}'):
        with pytest.raises(xlcalc.CalcError, match=r"gives (hidden_size|a) twice, as (64 and as 128|1 and as 2)"):
            xlcalc.LLM_PARAMS(f"{{{fields}, {doubled}}}")
    assert xlcalc.LLM_PARAMS(f'{{{fields}, "hidden_size": 64, "hidden_size": 64}}') > 0


def test_a_field_with_capital_letters_can_be_asked_for():
    assert xlcalc.LLM_MODEL("lfm3-1.7b", "conv_L_cache") == dict(xlcalc.LLM_MODEL("lfm3-1.7b"))["conv_L_cache"] == 7
