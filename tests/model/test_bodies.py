"""Encoders, encoder-decoders and the heads that `architectures` names, against transformers and published files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import xlcalc
from xlcalc.language.errors import CalcError
from xlcalc.model.spec import ModelSpec

ORACLE = Path(__file__).parents[1] / "oracles" / "bodies.csv"
LLAMA = {
    "model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336, "num_attention_heads": 32,
    "num_hidden_layers": 32, "num_key_value_heads": 8, "vocab_size": 128256, "tie_word_embeddings": False,
}  # fmt: skip
T5 = {"model_type": "t5", "d_model": 768, "d_ff": 3072, "num_heads": 12, "num_layers": 12, "d_kv": 64,
      "vocab_size": 32128, "is_encoder_decoder": True, "feed_forward_proj": "relu"}  # fmt: skip
BERT = {"model_type": "bert", "hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12,
        "num_hidden_layers": 12, "vocab_size": 30522, "max_position_embeddings": 512}  # fmt: skip


def rows() -> list[object]:
    with open(ORACLE, newline="") as file:
        return [
            pytest.param(row["class"], int(row["params"]), row["config"], id=f"{row['class']}-{i}")
            for i, row in enumerate(csv.DictReader(file))
        ]


@pytest.mark.parametrize("name, params, config", rows())
def test_parameters(name: str, params: int, config: str) -> None:
    spec = ModelSpec(config={**json.loads(config), "architectures": [name]})
    assert spec.total == params
    assert sum(spec.parts.values()) == params


def count(config: dict, name: str) -> int:
    return ModelSpec(config={**config, "architectures": [name]}).total


def test_published_files_whose_head_is_their_own() -> None:
    """flan-t5-base holds 247,577,856 parameters (tanganke/fusion_bench, docs), mt5-small 300,176,768 (asahi417/lm-vocab-trimmer,
    model sizes): an untied head, which transformers 5 ties all the same."""
    flan = {**T5, "d_ff": 2048, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}
    assert count(flan, "T5ForConditionalGeneration") == 247577856
    small = {**flan, "model_type": "mt5", "d_model": 512, "d_ff": 1024, "num_heads": 6, "num_layers": 8}
    assert count({**small, "num_decoder_layers": 8, "vocab_size": 250112}, "MT5ForConditionalGeneration") == 300176768


@pytest.mark.parametrize(
    "name, labels, params",
    [
        ("LlamaForCausalLM", 2, 8030261248),
        ("LlamaModel", 2, 7504924672),
        ("LlamaForSequenceClassification", 1, 7504928768),
        ("LlamaForTokenClassification", 3, 7504924672 + 3 * 4097),
        ("Qwen2ForRewardModel", 1, 7504924672 + 4096 * 4097 + 4097),
        ("InternLM2ForRewardModel", 1, 7504924672 + 4096),
    ],
)
def test_a_decoder_ends_in_what_its_class_says(name: str, labels: int, params: int) -> None:
    assert count({**LLAMA, "num_labels": labels}, name) == params


def test_a_head_that_nobody_knows_is_an_estimate() -> None:
    spec = ModelSpec(config={**LLAMA, "architectures": ["LlamaForTelepathy"]})
    assert spec.is_estimate and "Telepathy" in spec.architecture.assumed[0]


def test_an_encoder_has_no_cache_and_generates_nothing() -> None:
    text = json.dumps(BERT)
    assert xlcalc.LLM_FLOPS_PER_TOKEN(text, 512) > 2 * 85e6
    for call in (
        lambda: xlcalc.LLM_KV_CACHE(text, 512),
        lambda: xlcalc.LLM_FLOPS_PER_TOKEN(text, 512, "decode"),
        lambda: xlcalc.LLM_TPOT(text, "h100-sxm", 1, 512),
    ):
        with pytest.raises(CalcError, match="encoder"):
            call()


def test_an_encoder_decoder_caches_both_attentions_and_decodes_with_one_stack() -> None:
    spec = ModelSpec(config=T5)
    assert spec.architecture.kind == "encoder-decoder"
    assert spec.cache_shape.full == 12 * (2 + 2) * 768
    assert spec.decode_flop_shape.matmul < spec.flop_shape.matmul
    whisper = ModelSpec(config={"model_type": "whisper", "d_model": 384, "encoder_layers": 4, "decoder_layers": 4})
    assert whisper.cache_shape.full == 4 * 2 * 384
    assert whisper.cache_shape.conv_state == 4 * 2 * 384 * 1500


def test_albert_computes_with_layers_that_it_stores_once() -> None:
    albert = ModelSpec(config={"model_type": "albert", "num_hidden_layers": 12})
    deeper = ModelSpec(config={"model_type": "albert", "num_hidden_layers": 24})
    assert albert.total == deeper.total
    assert deeper.flop_shape.matmul > 1.9 * albert.flop_shape.matmul


def test_two_whole_models_are_not_counted_by_one_of_them() -> None:
    pair = {"model_type": "encoder-decoder", "encoder": BERT, "decoder": {**BERT, "is_decoder": True}}
    for model_type in ("encoder-decoder", "vision-encoder-decoder", "some-new-pair"):
        with pytest.raises(ValueError, match="two whole models, an encoder"):
            _ = ModelSpec(config={**pair, "model_type": model_type}).total


def test_the_first_releases_of_t5_name_a_class_with_both_stacks() -> None:
    assert count(T5, "T5WithLMHeadModel") == count(T5, "T5ForConditionalGeneration")
    with pytest.raises(ValueError, match="T5ForCausalLM"):
        count(T5, "T5ForCausalLM")


def test_a_block_keeps_the_class_and_so_the_head() -> None:
    text = json.dumps({**LLAMA, "architectures": ["LlamaForSequenceClassification"], "num_labels": 3})
    block = xlcalc.LLM_MODEL(text)
    assert xlcalc.LLM_PARAMS(block) == xlcalc.LLM_PARAMS(text) == 7504924672 + 3 * 4096
