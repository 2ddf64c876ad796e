"""Configurations of unknown model types: read by their fields, or refused by the name of what is not understood."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import xlcalc
import xlcalc.catalog
from xlcalc.language.errors import CalcError
from xlcalc.model.config import Config
from xlcalc.model.spec import ModelSpec

CATALOG = Path(xlcalc.catalog.__file__).parent / "configs"
ORACLES = Path(__file__).parents[1] / "oracles" / "configs"
MIXTURE = {
    "hidden_size": 4096, "intermediate_size": 14336, "num_attention_heads": 32, "num_hidden_layers": 32,
    "num_key_value_heads": 8, "num_local_experts": 8, "num_experts_per_tok": 2, "vocab_size": 32000,
    "tie_word_embeddings": False, "rms_norm_eps": 1e-5, "hidden_act": "silu",
}  # fmt: skip


def under_another_name(config: dict, **more: object) -> ModelSpec:
    text = {**Config(config).raw, "model_type": "unheard_of", **more}
    text.pop("architectures", None)
    return ModelSpec(config=text)


@pytest.mark.parametrize("folder, read, close", [(CATALOG, 290, 288), (ORACLES, 218, 205)])
def test_configurations_under_another_name(folder: Path, read: int, close: int) -> None:
    """Almost all are read, and nearly all of those within 1 %; what is refused says which fields it cannot read.

    None loses a quarter: with all fields in the file nothing large is left to assume. (A file without the epsilon of
    its norms, as these have it, does not say whether GELU is gated.)
    """
    errors = []
    for path in sorted(folder.glob("*.json" if folder == CATALOG else "default-*.json")):
        config = json.loads(path.read_text("utf-8"))
        try:
            spec = under_another_name(config)
            assert spec.is_estimate and "unheard_of" in spec.architecture.assumed[0]
            errors.append(abs(spec.total / ModelSpec(config=config).total - 1))
        except ValueError as error:
            assert any(word in str(error) for word in ("lacks", "understood", "type", "experts")), error
    assert len(errors) >= read
    assert sum(error < 0.01 for error in errors) >= close
    assert max(errors) < 0.25


def test_experts_are_counted_whatever_the_type() -> None:
    spec = under_another_name(MIXTURE)
    assert spec.total == ModelSpec(config={**MIXTURE, "model_type": "mixtral"}).total == 46702792704
    assert spec.is_estimate


@pytest.mark.parametrize(
    "name, value", [("expert_hidden_dim", 512), ("state_rank", 16), ("lora_ranks", [8, 8]), ("n_memory_heads", 4.0)]
)
def test_a_structural_field_that_is_not_understood_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        _ = under_another_name(MIXTURE, **{name: value}).architecture
    with pytest.raises(ValueError, match=name):
        _ = under_another_name(MIXTURE, group={name: value}).architecture


@pytest.mark.parametrize("name, value", [("router_aux_loss_coef", 0.02), ("shared_thing", False), ("head_note", "x")])
def test_what_shapes_nothing_is_no_reason_to_refuse(name: str, value: object) -> None:
    assert under_another_name(MIXTURE, **{name: value}).total == 46702792704


def test_architectures_name_the_family() -> None:
    config = {**MIXTURE, "model_type": "our_own", "architectures": ["MixtralForCausalLM"]}
    spec = ModelSpec(config=config)
    assert spec.total == 46702792704
    assert "read as mixtral" in spec.architecture.assumed[0]


def test_three_fields_are_an_estimate_that_says_what_it_took_from_the_family() -> None:
    spec = ModelSpec(config={"model_type": "llama", "hidden_size": 2048})
    assert spec.is_estimate
    assert "intermediate_size" in spec.architecture.assumed[0]


def test_an_estimate_is_said_wherever_the_count_goes() -> None:
    text = json.dumps({**MIXTURE, "model_type": "our_own"})
    assert xlcalc.LLM_MODEL(text, "count") == "estimate"
    assert "our_own" in xlcalc.LLM_MODEL(text, "notes")
    assert any("estimate: " in str(row[0]) for row in xlcalc.LLM_PARAMS_TABLE(text))
    derivation = xlcalc.LLM_EXPLAIN("LLM_PARAMS", text)
    assert any("an estimate" in str(cell) for row in derivation for cell in row)


def test_the_refusal_reaches_the_cell() -> None:
    with pytest.raises(CalcError) as refused:
        xlcalc.LLM_PARAMS(json.dumps({**MIXTURE, "model_type": "our_own", "expert_banks": 12}))
    assert "expert_banks" in str(refused.value) and len(str(refused.value)) <= 500
