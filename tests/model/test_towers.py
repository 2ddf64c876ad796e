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
