"""Vision towers and projectors against the tensors that transformers builds for the same configurations."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import xlcalc
from xlcalc.language.errors import CalcError
from xlcalc.model.config import Config
from xlcalc.model.families.towers import tower_params

ORACLE = Path(__file__).parents[1] / "oracles" / "towers.csv"


def test_parameters() -> None:
    with open(ORACLE, newline="") as file:
        rows = [(int(row["params"]), json.loads(row["config"])) for row in csv.DictReader(file)]
    assert len(rows) >= 68
    for params, config in rows:
        assert tower_params(config, Config(config)) == params, config


def test_text_models_have_none_and_what_is_not_declared_is_refused() -> None:
    assert xlcalc.LLM_PARAMS("llama-3.1-8b", "towers") == 0
    text = {"model_type": "llama", "hidden_size": 64, "intermediate_size": 64, "num_attention_heads": 2,
            "num_hidden_layers": 1, "vocab_size": 100}  # fmt: skip
    odd = {"model_type": "odd_vl", "text_config": text, "vision_config": {"hidden_size": 64}}
    with pytest.raises(CalcError, match="towers"):
        xlcalc.LLM_PARAMS(json.dumps(odd), "towers")


def test_published_totals() -> None:
    """Text and towers together are the tensors of the published files, as Hugging Face's pages count them: Llama 3.2
    11B Vision 10.7B, Qwen3-VL-8B 8.77B, Gemma 3 27B 27.4B, Mistral Small 3.1 24.0B."""
    published = {"llama-3.2-11b-vision": 10.7e9, "qwen3-vl-8b": 8.77e9, "gemma-3-27b": 27.4e9,
                 "mistral-small-3.1-24b": 24.0e9}  # fmt: skip
    for name, params in published.items():
        assert xlcalc.LLM_PARAMS(name) + xlcalc.LLM_PARAMS(name, "towers") == pytest.approx(params, rel=0.004)


def test_engines_load_towers_in_16_bit_and_blocks_keep_them() -> None:
    towers = xlcalc.LLM_PARAMS("gemma-3-27b", "towers")
    block = xlcalc.LLM_MODEL("gemma-3-27b")
    for model, dtype in (("gemma-3-27b", None), ("gemma-3-27b", "q4_k_m"), (block, "fp8")):
        loaded = xlcalc.LLM_SERVE_MEMORY(model, 8192, 1, dtype, part="weights")
        assert loaded == pytest.approx(xlcalc.LLM_WEIGHTS(model, dtype) + 2 * towers)
    halved = xlcalc.LLM_SERVE_MEMORY(block, 8192, 1, tp=2, part="weights")
    assert halved < xlcalc.LLM_SERVE_MEMORY(block, 8192, 1, part="weights") / 1.99
