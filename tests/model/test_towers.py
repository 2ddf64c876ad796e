"""Vision towers and projectors against the tensors that transformers builds for the same configurations."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import xlcalc
from xlcalc.language.errors import CalcError
from xlcalc.model.config import Config
from xlcalc.model.families.towers import towers
from xlcalc.model.spec import ModelSpec

ORACLE = Path(__file__).parents[1] / "oracles" / "towers.csv"


def test_parameters() -> None:
    with open(ORACLE, newline="") as file:
        rows = [(int(row["params"]), json.loads(row["config"])) for row in csv.DictReader(file)]
    assert len(rows) >= 140
    for params, config in rows:
        assert towers(config, Config(config)) == (params, "", ""), config


TEXT = {"model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008, "num_attention_heads": 32,
        "num_hidden_layers": 32, "vocab_size": 32000, "tie_word_embeddings": False}  # fmt: skip


def test_text_models_have_none_and_what_nothing_is_said_of_is_refused() -> None:
    assert xlcalc.LLM_PARAMS("llama-3.1-8b", "towers") == 0
    odd = {"model_type": "odd_vl", "text_config": TEXT, "vision_config": {"hidden_size": 64}}
    with pytest.raises(CalcError, match="towers of model type 'odd_vl' are not declared"):
        xlcalc.LLM_PARAMS(json.dumps(odd), "towers")
    assert xlcalc.LLM_PARAMS(json.dumps(odd)) == ModelSpec(config=TEXT).total
    assert xlcalc.LLM_MODEL(json.dumps(odd), "count") == "estimate"
    assert "not declared" in xlcalc.LLM_MODEL(json.dumps(odd), "notes")


@pytest.mark.parametrize("name", ["llama-4-scout", "step-3.7-flash"])
def test_a_block_knows_as_little_of_towers_as_the_name(name: str) -> None:
    for model in (name, xlcalc.LLM_MODEL(name)):
        with pytest.raises(CalcError, match="towers that cannot be counted: towers left out"):
            xlcalc.LLM_PARAMS(model, "towers")


def test_a_backbone_that_is_not_known_is_not_counted_as_another() -> None:
    given = {"model_type": "gemma3n", "text_config": TEXT, "vision_config": {"architecture": "odd", "hidden_size": 64}}
    assert towers(given, Config(given)).params is None


def test_towers_of_an_unknown_wrapper_are_estimated_and_weighed() -> None:
    """By the sizes that they name: of the wrappers that are declared half within 10 %, three of four within 25 %."""
    first: dict[str, tuple[int, dict]] = {}
    with open(ORACLE, newline="") as file:
        for row in csv.DictReader(file):
            config = json.loads(row["config"])
            first.setdefault(config["model_type"], (int(row["params"]), config))
    errors = []
    for params, config in first.values():
        found = towers({**config, "model_type": "odd_vl"}, Config(config))
        if found.params:
            assert "odd_vl is not declared" in found.assumed
            errors.append(abs(found.params / params - 1))
    errors.sort()
    assert len(errors) >= 80
    assert errors[len(errors) // 2] < 0.1
    assert errors[len(errors) * 3 // 4] < 0.25
    odd = {"model_type": "odd_vl", "text_config": TEXT, "vision_config": {"hidden_size": 1024, "num_hidden_layers": 24}}
    text, wrapped = json.dumps(TEXT), json.dumps(odd)
    towered = xlcalc.LLM_PARAMS(wrapped, "towers")
    assert towered == pytest.approx(304e6, rel=0.1)  # CLIP's ViT-L (Radford et al. 2021, table 20), and a projector
    for call in (xlcalc.LLM_SERVE_MEMORY(m, 1, 1, part="weights") for m in (text, wrapped)):
        assert call >= 2 * ModelSpec(config=TEXT).total
    weighed = xlcalc.LLM_SERVE_MEMORY(wrapped, 1, 1, part="weights") - xlcalc.LLM_SERVE_MEMORY(
        text, 1, 1, part="weights"
    )
    assert weighed == pytest.approx(2 * towered)
    assert xlcalc.LLM_MODEL(wrapped, "count") == "estimate"


@pytest.mark.parametrize("value", ["x", [1, 2], {}, -3, 0.5, 10**13, True])
@pytest.mark.parametrize("model_type", ["llava", "blip-2", "inkling_mm_model", "dots3_note", "odd_vl"])
def test_towers_with_odd_fields_are_counted_or_refused(model_type: str, value: object) -> None:
    vision = {"hidden_size": value, "num_hidden_layers": 2, "patch_size": value, "n_layers": value}
    config = {"model_type": model_type, "text_config": TEXT, "vision_config": vision}
    try:
        assert ModelSpec(config=config).towers >= 0
    except ValueError as error:
        assert "tower" in str(error) or "above 0" in str(error) or "1e12" in str(error)


def test_weights_that_vllm_loads() -> None:
    """44.76 GiB of Mistral Small 3.2 24B (llm-d-planner, in serving_memory_vllm.csv): its text alone is 43.9."""
    loaded = xlcalc.LLM_SERVE_MEMORY("mistral-small-3.2-24b", 1, 1, "bf16", part="weights", unit="GiB")
    assert loaded == pytest.approx(44.76, rel=0.002)


def test_engines_load_towers_in_16_bit_and_blocks_keep_them() -> None:
    towers = xlcalc.LLM_PARAMS("gemma-3-27b", "towers")
    block = xlcalc.LLM_MODEL("gemma-3-27b")
    for model, dtype in (("gemma-3-27b", None), ("gemma-3-27b", "q4_k_m"), (block, "fp8")):
        loaded = xlcalc.LLM_SERVE_MEMORY(model, 8192, 1, dtype, part="weights")
        assert loaded == pytest.approx(xlcalc.LLM_WEIGHTS(model, dtype) + 2 * towers)
    halved = xlcalc.LLM_SERVE_MEMORY(block, 8192, 1, tp=2, part="weights")
    assert halved < xlcalc.LLM_SERVE_MEMORY(block, 8192, 1, part="weights") / 1.99
