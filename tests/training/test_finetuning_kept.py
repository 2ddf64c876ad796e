"""Activations of fine-tuning against what PyTorch keeps of transformers' own layers (tests/oracles/count_kept.py)."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import xlcalc

COUNTED = Path(__file__).parents[1] / "oracles" / "finetuning_kept.csv"
# Formulas of norms and gates are Llama's. Others keep more (Gemma's norms, OLMo's without weights, the composite gelu of
# Phi-2) or less (fused gelu without a gate); qlora's estimate takes every value beside the adapters' inputs as 32 bit.
WITHIN = {"gemma-2-2b": 0.25, "phi-3-mini-4k": 0.25, "pythia-2.8b": 0.4, "phi-2": 0.45, "olmo-1b": 0.2}


def _rows() -> list[dict[str, str]]:
    with COUNTED.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", _rows(), ids=lambda row: f"{row['model']} {row['method']}")
def test_what_layers_keep_is_what_pytorch_keeps(row):
    def activations(layers: int) -> float:
        model = json.dumps({**json.loads(row["config"]), "num_hidden_layers": layers})
        return xlcalc.LLM_FINETUNE_MEMORY(
            model,
            row["method"],
            128,
            1,
            1,
            "activations",
            recompute="none",
            targets=None if row["method"] == "full" else "all",
            software="peft",
        )

    estimated = (activations(3) - activations(2)) / 128
    allowed = WITHIN.get(row["model"], 0.02 if row["method"] != "qlora" else 0.1)
    assert estimated == pytest.approx(float(row["bytes_per_token_and_layer"]), rel=allowed)
