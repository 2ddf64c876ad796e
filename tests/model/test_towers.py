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
    assert len(rows) >= 18
    for params, config in rows:
        assert tower_params(config, Config(config)) == params, config


def test_text_models_have_none_and_what_is_not_declared_is_refused() -> None:
    assert xlcalc.LLM_PARAMS("llama-3.1-8b", "towers") == 0
    text = {"model_type": "llama", "hidden_size": 64, "intermediate_size": 64, "num_attention_heads": 2,
            "num_hidden_layers": 1, "vocab_size": 100}  # fmt: skip
    odd = {"model_type": "odd_vl", "text_config": text, "vision_config": {"hidden_size": 64}}
    with pytest.raises(CalcError, match="towers"):
        xlcalc.LLM_PARAMS(json.dumps(odd), "towers")
