"""Tokens of an image against transformers' own image processors."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import xlcalc
from xlcalc.language.errors import CalcError
from xlcalc.model.images import image_tokens

ORACLE = Path(__file__).parents[1] / "oracles" / "image_tokens.csv"
VISION = {
    "qwen2_5_vl": {"patch_size": 14}, "qwen3_vl": {"patch_size": 16}, "internvl": {"image_size": [448, 448]},
    "mistral3": {"image_size": 1540, "patch_size": 14}, "gemma4": {"default_output_length": 280},
    "kimi_k25": {"patch_size": 14}, "muse_glimmer": {"patch_size": 14, "merge_size": 2},
}  # fmt: skip
TEXT = {"model_type": "llama", "hidden_size": 64, "intermediate_size": 64, "num_attention_heads": 2,
        "num_hidden_layers": 1, "vocab_size": 100}  # fmt: skip


def test_as_the_processors_count() -> None:
    with open(ORACLE, newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 420
    for row in rows:
        config = {"model_type": row["model_type"], "vision_config": VISION[row["model_type"]], "spatial_merge_size": 2}
        assert image_tokens(config, int(row["width"]), int(row["height"])) == int(row["tokens"]), row


def test_fixed_numbers() -> None:
    assert xlcalc.LLM_IMAGE_TOKENS("gemma-3-27b", 4000, 100) == 256
    llava = {"model_type": "llava", "text_config": TEXT, "vision_config": {"image_size": 336, "patch_size": 14}}
    assert xlcalc.LLM_IMAGE_TOKENS(json.dumps(llava), 640, 480) == 576
    with_class = {**llava, "vision_feature_select_strategy": "full"}
    assert xlcalc.LLM_IMAGE_TOKENS(json.dumps(with_class), 640, 480) == 577


@pytest.mark.parametrize(
    "model_type, field, value",
    [("qwen2_vl", "patch_size", -14), ("qwen2_vl", "spatial_merge_size", "a"), ("llava", "patch_size", 1000),
     ("gemma4", "default_output_length", -5), ("gemma4", "default_output_length", "x"), ("internvl", "image_size", [])],
)  # fmt: skip
def test_sizes_of_a_tower_that_are_none_are_refused_by_name(model_type: str, field: str, value: object) -> None:
    with pytest.raises(ValueError, match=field):
        image_tokens({"model_type": model_type, "vision_config": {field: value}}, 448, 448)
    assert image_tokens({"model_type": "qwen2_vl", "vision_config": {"patch_size": [14, 14]}}, 448, 448) == 256


@pytest.mark.parametrize("width, height", [(10**7, 10), (0, 10), (1.5, 2), (100000, 10)])
def test_sizes_that_no_picture_has(width: float, height: float) -> None:
    with pytest.raises(CalcError):
        xlcalc.LLM_IMAGE_TOKENS("qwen2.5-vl-7b", width, height)


def test_a_side_that_shrinks_to_nothing_is_refused() -> None:
    with pytest.raises(CalcError, match="1540"):
        xlcalc.LLM_IMAGE_TOKENS("mistral-small-3.1-24b", 1_000_000, 1)


def test_models_without_a_rule_are_refused() -> None:
    with pytest.raises(CalcError, match="images"):
        xlcalc.LLM_IMAGE_TOKENS("llama-3.1-8b", 640, 480)
    strange = {"model_type": "odd_vl", "text_config": TEXT, "vision_config": {"patch_size": 14}}
    with pytest.raises(CalcError, match="rule for images"):
        xlcalc.LLM_IMAGE_TOKENS(json.dumps(strange), 640, 480)
