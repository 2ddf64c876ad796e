"""Every family against the tables of truth in tests/oracles, which transformers made from the same configurations.

params.csv and params_parts.csv count the tensors that the library builds, cache.csv the elements that its cache objects
hold after 32 and 64 tokens, flops.csv what PyTorch's FlopCounterMode counts in a forward pass. catalog.csv counts the
catalog's own configurations by part.
"""

from __future__ import annotations

import csv
import json
from functools import cache
from pathlib import Path

import pytest

import xlcalc.catalog
from xlcalc.model.cache import cache_elements
from xlcalc.model.families import known
from xlcalc.model.flops import forward_flops
from xlcalc.model.params import PARTS
from xlcalc.model.spec import ModelSpec

ORACLES = Path(__file__).parents[1] / "oracles"
FOLDERS = (ORACLES / "configs", Path(xlcalc.catalog.__file__).parent / "configs")
Row = dict[str, str]

# Text model types whose layers nobody has declared yet.
MISSING: frozenset[str] = frozenset()

# Files where we knowingly count otherwise than transformers, and why.
OTHER_COUNT = {
    "variant-mpt-3.json": "transformers ignores no_bias, positions, qk_ln and expansion_ratio; llm-foundry does not",
    "step-3.7-flash.json": "its fields lie flat; transformers' wrapper reads only a text_config and takes its defaults",
    "longcat-flash.json": "transformers has matrices for its idle experts; the published 560 billion have none",
    "variant-diffusion_gemma-2.json": "untied, transformers builds encoder and decoder apart; the model is one network",
}
OTHER_CACHE = {
    "variant-falcon-2.json": "transformers repeats the few key/value heads for every query head before it stores them",
    "variant-falcon-4.json": "as variant-falcon-2",
    "variant-falcon-5.json": "as variant-falcon-2",
}


def table(name: str, without: dict[str, str] | None = None) -> list[object]:
    with open(ORACLES / name, newline="") as file:
        return [pytest.param(row, id=row["file"]) for row in csv.DictReader(file) if row["file"] not in (without or {})]


@cache
def model(file: str) -> ModelSpec:
    path = next(folder / file for folder in FOLDERS if (folder / file).exists())
    return ModelSpec(config=json.loads(path.read_text("utf-8")))


def exact(row: Row) -> ModelSpec:
    """The row's model, where its family is declared."""
    spec = model(row["file"])
    model_type = spec.text_config.model_type
    if model_type in MISSING:
        pytest.skip(f"{model_type} is known to be missing")
    assert model_type in known(), f"{model_type} has no reader"
    return spec


def test_the_list_of_missing_types_is_current() -> None:
    assert not MISSING & set(known())


@pytest.mark.parametrize("row", table("params.csv", OTHER_COUNT))
def test_parameters(row: Row) -> None:
    assert exact(row).total in (int(row["params_text"]), int(row["params_total"]))


@pytest.mark.parametrize("row", table("params_parts.csv", OTHER_COUNT) + table("catalog.csv", OTHER_COUNT))
def test_parameters_by_part(row: Row) -> None:
    """The oracle's `other` (residual mixers, low-rank side paths) is no part of its own here: some part has it more."""
    parts = exact(row).parts
    more = {part: parts[part] - int(row[part]) for part in PARTS}
    assert min(more.values()) >= 0, more
    assert sum(more.values()) == int(row["other"]), more
    assert more["experts"] == 0, more


@pytest.mark.parametrize("row", table("params.csv", OTHER_COUNT))
def test_embedding_holds_the_token_embedding(row: Row) -> None:
    spec = exact(row)
    assert spec.architecture.embeddings[0].size == int(row["embedding_params"])
    assert spec.parts["embedding"] >= int(row["embedding_params"])


@pytest.mark.parametrize("row", table("cache.csv", OTHER_CACHE))
def test_cache(row: Row) -> None:
    grows, constant = int(row["elements_per_token"]), int(row["constant_state_elements"])
    if not grows and not constant:
        pytest.skip("transformers has no cache object for this family")
    shape = exact(row).cache_shape
    kept = shape.state + shape.conv_state
    windows = [window for _, window in shape.sliding]
    # a window that fills between 32 and 64 tokens bends the oracle's straight line, but not at its first point
    assert cache_elements(shape, 32) + kept == 32 * grows + constant
    if min(windows, default=65) > 64:
        assert kept == constant
        sliding = sum(elements for elements, _ in shape.sliding)
        full = (cache_elements(shape, 64) - cache_elements(shape, 32)) / 32 - sliding
        assert (full, sliding) == (int(row["elements_full"]), int(row["elements_sliding"]))
        assert "+".join(str(window) for window in sorted(set(windows))) == row["window"]


@pytest.mark.parametrize("row", table("flops.csv"))
def test_forward_flop(row: Row) -> None:
    shape, tokens = exact(row).flop_shape, int(row["seq_len"])
    matmul, scores = float(row["matmul_flop_forward"]), float(row["attention_flop_forward_noncausal"])
    assert forward_flops(shape, 0) * tokens == pytest.approx(matmul, rel=0.005)
    assert forward_flops(shape, tokens) * tokens == pytest.approx(matmul + scores, rel=0.005)


def test_unknown_layer_types_are_refused() -> None:
    spec = ModelSpec(config={"model_type": "gemma2", "layer_types": ["full_attention", "telepathy"] * 13})
    with pytest.raises(ValueError, match="telepathy"):
        _ = spec.architecture


def test_missing_fields_are_named() -> None:
    with pytest.raises(ValueError, match="num_experts, top_k_experts"):
        _ = ModelSpec(config={"model_type": "gemma4_text", "enable_moe_block": True}).architecture


def test_a_flat_file_of_a_wrapper_is_its_text_model() -> None:
    """Qwen2-VL's files have the text model's fields beside vision_config, tied or not as they say."""
    text = {"hidden_size": 1536, "intermediate_size": 8960, "num_hidden_layers": 28, "num_attention_heads": 12}
    text |= {"num_key_value_heads": 2, "vocab_size": 151936, "tie_word_embeddings": True}
    flat = ModelSpec(config={"model_type": "qwen2_vl", **text, "vision_config": {"depth": 32}})
    nested = ModelSpec(config={"model_type": "qwen2_vl", "text_config": text, "tie_word_embeddings": False})
    alone = ModelSpec(config={"model_type": "qwen2", **text})
    assert flat.parts == nested.parts == alone.parts
    assert flat.parts["head"] == 0
    assert flat.architecture.notes == ("text part only: vision_config left out",)


def test_passes_with_the_same_weights_cost_flop_and_cache_but_no_parameters() -> None:
    one, two = (ModelSpec(config={"model_type": "hrm_text", "H_cycles": cycles}) for cycles in (1, 2))
    assert one.total == two.total
    assert two.cache_shape.full == 2 * one.cache_shape.full
    head = one.architecture.outer[-1].macs
    assert two.flop_shape.matmul - head == 2 * (one.flop_shape.matmul - head)


def test_layers_that_read_others_caches_keep_none() -> None:
    own = ModelSpec(config={"model_type": "gemma4_text", "num_hidden_layers": 12})
    shared = ModelSpec(config={"model_type": "gemma4_text", "num_hidden_layers": 12, "num_kv_shared_layers": 6})
    assert 2 * shared.cache_shape.full == own.cache_shape.full
    assert shared.flop_shape.scores == own.flop_shape.scores
