"""A model as one flat record of numbers, and how its matrices are split, against what engines do."""

from __future__ import annotations

import json
import pickle

import pytest

import xlcalc
from xlcalc.catalog import models, tables
from xlcalc.hosting.memory import rank_cache
from xlcalc.model.cache import kv_cache_bytes
from xlcalc.model.dtypes import DTYPES

MODELS = [row["id"] for row in tables.rows("models")]


def numbers(value):
    """Every number of a record, however deep."""
    return [n for inner in value for n in numbers(inner)] if isinstance(value, tuple) else [value]


def test_a_record_is_plain_numbers_that_travel():
    for model in MODELS:
        record = models.by_id(model).coefficients()
        assert {type(n) for n in numbers(record)} <= {int, float, bool, type(None)}, model
        assert pickle.loads(pickle.dumps(record)) == record
        assert json.loads(json.dumps(record)) == json.loads(json.dumps(tuple(record)))


@pytest.mark.parametrize("model", ["llama-3.1-8b", "deepseek-v3", "gpt-oss-120b", "gemma-3n-e4b", "jamba-v0.1"])
def test_its_parameters_are_those_of_the_model(model):
    record, spec = models.by_id(model).coefficients(), models.by_id(model)
    counted = record.params_split + record.params_replicated + record.params_experts
    depth = spec.text_config.get("num_nextn_predict_layers") or 0
    if not depth:
        assert counted + record.params_embedding + record.params_head == xlcalc.LLM_PARAMS(model)
    else:  # training has the multi-token-prediction layers, the checkpoint's count has not
        assert counted + record.params_embedding + record.params_head > xlcalc.LLM_PARAMS(model)


def test_formats_change_bytes_alone():
    spec = models.by_id("deepseek-v3")
    wide, narrow = spec.coefficients(DTYPES["bf16"]), spec.coefficients(DTYPES["fp8"])
    changed = {name for name in wide._fields if getattr(wide, name) != getattr(narrow, name)}
    assert changed <= {"products", "experts", "narrow", "bytes_split", "bytes_replicated", "bytes_experts"}
    assert narrow.bytes_experts == pytest.approx(wide.bytes_experts / 2, rel=1e-3)


def test_a_rank_keeps_what_the_model_keeps():
    """On one rank the cache by kinds is the model's own, whatever mixture of layers it has."""
    for model in MODELS:
        spec = models.by_id(model)
        alone = rank_cache(spec.coefficients(), 1, even=False)
        for context in (1, 100, 5000, 123_456):
            own = kv_cache_bytes(spec.cache_shape, context, 1, 2, spec.state_bytes)
            assert kv_cache_bytes(alone, context, 1, 2, spec.state_bytes) == own, model


# what vLLM's and Megatron-Core's model code does with a matrix (sources beside the kinds in model/matrices.py)
SPLITS = [
    ("deepseek-v3.2", "index_q", "whole"), ("deepseek-v3.2", "q_a", "whole"), ("deepseek-v3.2", "kv_b", "column"),
    ("deepseek-v4-pro", "o_a", "column"), ("deepseek-v4-pro", "compress", "whole"),
    ("kimi-linear-48b-a3b", "f_a", "whole"), ("kimi-linear-48b-a3b", "f_b", "column"), ("kimi-linear-48b-a3b", "b", "column"),
    ("qwen3-next-80b-a3b", "a", "column"), ("qwen3-next-80b-a3b", "shared_gate", "whole"),
    ("mamba-2.8b", "x", "row"), ("mamba-2.8b", "dt", "column"), ("mamba-2.8b", "out", "row"),
    ("gemma-3n-e4b", "laurel_left", "column"), ("gemma-3n-e4b", "laurel_right", "row"),
    ("gemma-3n-e4b", "per_layer_out", "whole"), ("gemma-3n-e4b", "altup_predict", "whole"),
    ("nemotron-3-ultra", "latent_in", "whole"),
]  # fmt: skip


@pytest.mark.parametrize(("model", "matrix", "split"), SPLITS)
def test_splits_are_those_of_engines(model, matrix, split):
    found = {m.split for _, m in models.by_id(model).architecture.linears() if m.name == matrix}
    assert found == {split}
