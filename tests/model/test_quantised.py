"""LLM_WEIGHTS against the published file sizes of quantised checkpoints, and what the formats store."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import xlcalc
from xlcalc.catalog import models
from xlcalc.cell_functions.hosting.served import held as served
from xlcalc.language.errors import CalcError
from xlcalc.model import matrices
from xlcalc.model.checkpoint import PLAIN, checkpoint
from xlcalc.model.dtypes import DTYPES, GGUF, named
from xlcalc.model.gguf import BLOCK_BITS, MIXES
from xlcalc.model.layers import Linear, linear
from xlcalc.model.matrices import Kind, check
from xlcalc.model.modules import Patterns
from xlcalc.model.spec import ModelSpec
from xlcalc.model.storage import stored

ROWS = list(csv.DictReader((Path(__file__).parents[1] / "oracles" / "quantised_sizes.csv").open(encoding="utf-8")))
WHOLE = [row for row in ROWS if not row["holds_besides"]]
LISTED = [row for row in WHOLE if not row["made_with"]]


def error(row):
    return xlcalc.LLM_WEIGHTS(row["model"], row["dtype"]) / int(row["bytes"]) - 1


@pytest.mark.parametrize("row", WHOLE, ids=lambda row: f"{row['published']}-{row['dtype']}")
def test_published_size(row):
    """Within 1 %; an importance matrix lets llama.cpp choose other types for a few tensors of iq4 and q4_0."""
    allowed = 0.011 if row["made_with"] == "importance matrix" else 0.01
    assert abs(error(row)) < allowed
    assert row["source"].startswith("https://") and row["as_of"]


def test_mean_error_is_what_the_help_says():
    errors = [abs(error(row)) for row in WHOLE]
    assert len(LISTED) >= 60 and len({row["dtype"] for row in WHOLE}) >= 20
    assert sum(errors) / len(errors) < 0.0015
    assert max(abs(error(row)) for row in LISTED) < 0.0085
    assert f"{len(WHOLE)} published" in xlcalc.LLM_WEIGHTS.__doc__


def test_exact_bytes_where_the_file_has_no_header():
    """A listing that sums tensors alone gives the very bytes."""
    row = next(row for row in ROWS if row["model"] == "gpt-oss-120b" and row["tolerance"] == "0")
    assert error(row) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(
    "row", [r for r in ROWS if r["holds_besides"] == "tied head"], ids=lambda row: row["published"]
)
def test_files_that_store_a_tied_head_again(row):
    head = models.by_id(row["model"]).architecture.outer[-1]
    own = xlcalc.LLM_WEIGHTS(row["model"], row["dtype"]) + 2 * head.d_in * head.d_out
    assert own == pytest.approx(int(row["bytes"]), rel=0.01)


def test_deepseek_with_its_prediction_layer():
    """The file holds one layer more, with a projection of two streams and copies of embedding and head."""
    row = next(row for row in ROWS if row["holds_besides"] == "multi-token prediction")
    config = dict(models.by_id(row["model"]).config)
    config["num_hidden_layers"] += 1
    d, vocab = config["hidden_size"], config["vocab_size"]
    own = xlcalc.LLM_WEIGHTS(config, row["dtype"]) + 2 * (2 * vocab * d + 2 * d * d)
    assert own == pytest.approx(int(row["bytes"]), rel=0.001)


def test_16_bit_is_two_bytes_a_parameter():
    for model in ("llama-3.1-8b", "gpt-oss-20b", "deepseek-v3", "qwen3-0.6b"):
        assert xlcalc.LLM_WEIGHTS(model, "bf16") == 2 * xlcalc.LLM_PARAMS(model)


def held(spec, dtype):
    """Elements of a model's matrices by part and bits, in a format."""
    found = {}
    for one in spec.weights(DTYPES[dtype]).matrices:
        for layers, bits in one.widths:
            key = one.matrix.part, bits
            found[key] = found.get(key, 0) + layers * one.matrix.elements
    return found


def with_quantization(model, **own):
    return json.dumps({**models.by_id(model).config, "quantization_config": own})


def test_gpt_oss_quantises_its_experts_alone():
    spec = models.by_id("gpt-oss-20b")
    assert {part for part, bits in held(spec, "mxfp4") if bits < 16} == {"experts"}
    assert held(spec, "mxfp4")["experts", 4.25] == sum(
        n * m.elements for n, m in spec.architecture.linears() if m.part == "experts"
    )
    assert spec.weights(DTYPES["mxfp4"]).bytes > stored(spec.architecture, DTYPES["mxfp4"], PLAIN).bytes


def test_blocks_of_fp8_have_a_scale():
    spec = models.by_id("deepseek-v3")
    elements = sum(n * m.elements for n, m in spec.architecture.linears() if m.part in ("attention", "mlp", "experts"))
    scales = spec.weights(DTYPES["fp8"]).bytes - stored(spec.architecture, DTYPES["fp8"], PLAIN).bytes
    assert scales == pytest.approx(elements * 4 / 128**2)


def test_experts_in_four_bits_beside_fp8():
    bits = {key for key in held(models.by_id("deepseek-v4-flash"), "fp8") if key[0] in ("experts", "mlp")}
    assert bits == {("experts", 4.25), ("mlp", 8 + 32 / 128**2)}


PATHS = (
    "model.layers.3.self_attn.q_proj", "model.layers.3.mlp.gate_proj", "model.layers.3.mlp.experts.0.gate_proj",
    "model.layers.3.mlp.shared_experts.up_proj", "model.layers.3.mlp.gate", "lm_head",
)  # fmt: skip


@pytest.mark.parametrize(
    ("named", "covered"),
    [
        ("lm_head", {5}),
        ("gate", {4}),
        ("self_attn", {0}),
        ("model.layers.3.self_attn", {0}),
        ("model.layers.4.self_attn", set()),
        ("language_model.model.layers.3.mlp.gate_proj", {1}),
        ("model.layers.*.self_attn", {0}),
        ("model.layers.[0-3].mlp*", {1, 2, 3, 4}),
        ("*shared_experts*", {3}),
        ("re:.*self_attn.*", {0}),
        ("re:.*mlp\\.(gate|up|gate_up|down)_proj.*", {1}),
        ("re:.*mlp.gate$", {4}),
        ("re:(unclosed", set()),
    ],
)
def test_lists_of_modules(named, covered):
    """Names, parts of paths, wildcards and regular expressions, as compressed-tensors, modelopt and transformers."""
    assert {i for i, path in enumerate(PATHS) if Patterns([named]).covers((path,))} == covered


def test_layers_that_a_list_leaves_out_are_counted_one_by_one():
    """fbgemm_fp8 lists every module that it spares: here attention everywhere and the first layer's MLP."""
    config = models.by_id("llama-3.1-8b").config
    listed = [f"model.layers.{i}.self_attn.{m}_proj" for i in range(32) for m in "qkvo"]
    listed += [f"model.layers.0.mlp.{m}_proj" for m in ("gate", "up", "down")]
    own = {"quant_method": "fbgemm_fp8", "modules_to_not_convert": listed}
    mlp = 31 * 3 * 4096 * 14336
    got = xlcalc.LLM_WEIGHTS(json.dumps({**config, "quantization_config": own}))
    assert got == 2 * xlcalc.LLM_PARAMS("llama-3.1-8b") - mlp


@pytest.mark.parametrize(
    ("own", "name", "bits"),
    [
        ({"quant_method": "fp8"}, "fp8", 8),
        ({"quant_method": "fbgemm_fp8", "modules_to_not_convert": None}, "fp8", 8),
        ({"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": True}, "awq", 4 + 20 / 128),
        ({"quant_method": "gptq", "bits": 4, "group_size": 32, "desc_act": True}, "gptq_g32", 4 + 20 / 32),
        ({"quant_method": "gptq", "bits": 8, "group_size": 128}, "gptq_8bit", 8 + 24 / 128),
        ({"quant_method": "gptq", "bits": 3, "group_size": 128}, "gptq_3bit_g128", 3 + 19 / 128),
        ({"quant_method": "gptq", "bits": 4, "group_size": -1}, "gptq_4bit_weights", 4),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_use_double_quant": True}, "nf4", 4.127),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "int8_weights", 8),
        ({"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 4, "group_size": 64}}}, "hqq_4bit", 4.5),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4", "exclude_modules": ["lm_head"]}, "nvfp4", 4.5),
        ({"quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": "FP8"}}, "fp8", 8),
        ({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp4", "group_size": 32}}}, "mxfp4", 4.25),
        ({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp8_e4m3"}}}, "fp8", 8),
        ({"quant_method": "mxfp4", "modules_to_not_convert": None}, "mxfp4", 4.25),
        (
            {"quant_method": "compressed-tensors", "ignore": ["lm_head"], "config_groups": {
                "group_0": {"targets": ["Linear"], "weights": {"num_bits": 4, "type": "float", "group_size": 16}}}},
            "nvfp4", 4.5,
        ),
        (
            {"quant_method": "compressed-tensors", "config_groups": {"group_0": {"targets": ["Linear"],
                "weights": {"num_bits": 8, "type": "int"}, "input_activations": {"num_bits": 8}}}},
            "int8", 8,
        ),
        (
            {"quant_method": "compressed-tensors", "config_groups": {"group_0": {"targets": ["Linear"],
                "weights": {"num_bits": 4, "type": "int", "group_size": 32}, "input_activations": None}}},
            "int4_g32", 4.5,
        ),
    ],
)  # fmt: skip
def test_every_kind_of_quantization_config(own, name, bits):
    found = checkpoint({"torch_dtype": "float16", "quantization_config": own}).dtype
    assert found.name == name and found.bits == pytest.approx(bits, abs=1e-3)


def test_groups_with_formats_of_their_own():
    """Experts in 4 bits, attention in 8, as mixed recipes of compressed-tensors have them."""
    own = {
        "quant_method": "compressed-tensors",
        "ignore": ["lm_head", "re:.*mlp.gate$"],
        "config_groups": {
            "a": {"targets": ["re:.*experts.*"], "weights": {"num_bits": 4, "type": "int", "group_size": 128}},
            "b": {"targets": ["re:.*self_attn.*"], "weights": {"num_bits": 8, "type": "float"}},
        },
    }
    spec = ModelSpec.from_json(with_quantization("qwen3-30b-a3b", **own))
    found = {one.matrix.part: one.widths[0][1] for one in spec.weights(spec.published_dtype).matrices}
    assert found == {"attention": 8, "experts": 4.125, "router": 16, "head": 16}


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("Qwen/Qwen3-32B-AWQ", "awq"),
        ("Qwen3-30B-A3B-FP8", "fp8"),
        ("Qwen/Qwen2.5-7B-Instruct-GPTQ-Int8", "gptq_8bit"),
        ("nvidia/Llama-3.3-70B-Instruct-NVFP4", "nvfp4"),
        ("nvidia/Llama-3.3-70B-Instruct-FP4", "nvfp4"),
        ("unsloth/Llama-3.2-1B-bnb-4bit", "nf4"),
        ("RedHatAI/Meta-Llama-3.1-8B-quantized.w8a8", "int8"),
    ],
)
def test_a_name_that_states_its_format(name, dtype):
    assert checkpoint({"torch_dtype": "bfloat16"}, name=name).dtype.name == dtype
    assert (
        checkpoint({"torch_dtype": "bfloat16", "quantization_config": {"quant_method": "hqq"}}, dtype).dtype.name
        == dtype
    )


def test_a_format_asked_for_by_name_counts_before_the_publishers():
    assert xlcalc.LLM_WEIGHTS("Qwen/Qwen3-32B-AWQ") == xlcalc.LLM_WEIGHTS("qwen3-32b", "awq")
    assert xlcalc.LLM_MODEL("DeepSeek-V3-AWQ", "published_dtype") == "awq"
    assert xlcalc.LLM_WEIGHTS("DeepSeek-V3-FP8") == xlcalc.LLM_WEIGHTS("deepseek-v3")


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ({"torch_dtype": "float32"}, "fp32"),
        ({"dtype": "bfloat16", "torch_dtype": None}, "bf16"),
        ({"torch_dtype": "torch.float16"}, "fp16"),
        ({"text_config": {"dtype": "float16"}, "torch_dtype": "float32"}, "fp16"),
        ({"text_config": None, "torch_dtype": "float16", "quantization_config": None}, "fp16"),
        ({"torch_dtype": "auto"}, "bf16"),
        ({}, "bf16"),
        ({"quantization_config": {"quant_method": "fp8"}, "text_config": {"dtype": "float16"}}, "fp8"),
    ],
)
def test_else_the_torch_dtype_and_else_bf16(config, name):
    assert checkpoint(config).dtype.name == name


def test_blank_is_as_published_and_says_so():
    assert xlcalc.LLM_WEIGHTS("deepseek-v3") == xlcalc.LLM_WEIGHTS("deepseek-v3", "fp8")
    assert xlcalc.LLM_WEIGHTS("gpt-oss-20b") == xlcalc.LLM_WEIGHTS("gpt-oss-20b", "mxfp4")
    assert xlcalc.LLM_MODEL("kimi-k2.5", "published_dtype") == "int4_g32"
    assert "compressed-tensors" in xlcalc.LLM_MODEL("kimi-k2.5", "published_dtype_from")
    block = xlcalc.LLM_MODEL("devstral-2-123b")
    assert xlcalc.LLM_WEIGHTS(block[1:]) == xlcalc.LLM_WEIGHTS("devstral-2-123b")
    rows = xlcalc.LLM_EXPLAIN("LLM_WEIGHTS", "deepseek-v3")
    assert any(row[1] == "dtype" and row[4] == "fp8" and row[6].startswith("published: ") for row in rows)


FORMATS = ("", "fp32", "bf16", "fp8", "int8", "mxfp8", "int4", "nvfp4", "mxfp4", "nf4", "awq", "gptq", "int4_g32", "q4_k_m",
           "q8_0", "q2_k")  # fmt: skip


@pytest.mark.parametrize("dtype", FORMATS)
def test_serving_holds_what_the_file_holds(dtype):
    """Over the ranks of tensor parallelism LLM_SERVE_MEMORY's weights are LLM_WEIGHTS, towers in 16 bit, and once more for each further
    rank what stands whole on each. But a checkpoint with experts of 4 bits keeps them when 16 bit is asked for, since
    no other release is there to load (LLM_SERVE_MEMORY's help says so)."""
    for row in models.tables.rows("models"):
        model, spec = row["id"], models.by_id(row["id"])
        asked = DTYPES[dtype] if dtype else spec.published_dtype
        bits = [bits for one in spec.weights(asked, serving=True).matrices for _, bits in one.widths]
        if asked.bits >= 16 and min(bits) < 8:
            assert spec.parts["experts"]
            continue
        whole = sum(one.bytes for one in spec.weights(asked).matrices if one.matrix.split == "whole")
        whole += sum(one.bytes for one in spec.weights(asked).vectors if one.vector not in spec.architecture.embeddings)
        for tp in filter(served(spec, None, asked).divisible.by_tp, (1, 2, 3, 4, 8)):
            ranks = tp * xlcalc.LLM_SERVE_MEMORY(model, 1, 1, dtype or None, None, tp, "weights")
            ranks -= max(2, asked.bits / 8) * (spec.known_towers or 0)
            assert ranks == pytest.approx(xlcalc.LLM_WEIGHTS(model, dtype or None) + (tp - 1) * whole, rel=1e-12), model


def test_a_matrix_cannot_be_declared_without_its_kind():
    """A family with a new matrix has to say its part, its split and its role: there is no default to fall back on."""
    with pytest.raises(TypeError):
        linear("new", 8, 8)
    with pytest.raises(TypeError):
        Linear("new", 8, 8)
    for given in (("attention",), ("attention", "column")):
        with pytest.raises(TypeError):
            Kind(*given)
    for words in (("mixer", "column", "q"), ("attention", "rows", "q"), ("attention", "row", "query")):
        with pytest.raises(ValueError, match="is none of"):
            check(Kind(*words))


def test_all_families_build_with_known_kinds():
    kinds = {m.kind for row in models.tables.rows("models") for _, m in models.by_id(row["id"]).architecture.linears()}
    assert {check(kind) for kind in kinds} == kinds
    declared = {kind for kind in vars(matrices).values() if isinstance(kind, Kind)}
    declared |= {kind for group in (matrices.MLP, matrices.EXPERTS) for kind in group}
    assert kinds <= declared


@pytest.mark.parametrize(
    "own", ["text", 7, ["x"], None, {"ignore": 3, "weight_block_size": "128"}, {"weight_block_size": [0, 0]},
            {"quant_method": "awq", "bits": None, "config_groups": None, "modules_to_not_convert": [None, 3]}]
)  # fmt: skip
def test_a_strange_quantization_config_is_passed_over(own):
    config = {**models.by_id("llama-3.2-1b").config, "quantization_config": own}
    plain = xlcalc.LLM_WEIGHTS("llama-3.2-1b", "fp8")
    assert xlcalc.LLM_WEIGHTS(json.dumps(config), "fp8") == plain


def test_every_gguf_type_has_a_mix():
    assert set(MIXES) == GGUF


@pytest.mark.parametrize("mix", sorted(GGUF))
def test_gguf_of_the_reference_model_has_the_bits_of_its_guide(mix):
    spec = models.by_id("llama-3.1-8b")
    assert spec.weights(DTYPES[mix]).bytes * 8 / spec.total == pytest.approx(DTYPES[mix].bits, rel=0.05)


def block_types(model, mix):
    """Elements of a GGUF file by bits an element."""
    weights, found = models.by_id(model).weights(DTYPES[mix]), {}
    for one in weights.matrices:
        for layers, bits in one.widths:
            found[bits] = found.get(bits, 0) + layers * one.matrix.elements
        found[32] = found.get(32, 0) + one.layers * one.matrix.copies * one.matrix.bias
    for one in weights.vectors:
        found[one.bits] = found.get(one.bits, 0) + one.layers * one.vector.size
    return found


def test_gguf_holds_every_element_once():
    for model in ("llama-3.1-70b", "mixtral-8x7b", "gemma-3-1b", "deepseek-v2-lite", "nemotron-3-nano-30b-a3b", "gpt2"):
        for mix in MIXES:
            assert sum(block_types(model, mix).values()) == models.by_id(model).total, (model, mix)


def test_gguf_rows_of_odd_width_take_smaller_blocks():
    """gemma-3-1b is 1152 wide, which 256 does not divide: no tensor but its MLP's output is in super-blocks."""
    kinds = {bits for bits, elements in block_types("gemma-3-1b", "q4_k_m").items() if elements}
    assert kinds == {BLOCK_BITS[name] for name in ("q8_0", "q5_0", "q4_k", "q6_k", "f32")}


def test_a_tied_embedding_takes_the_type_of_the_head():
    assert block_types("llama-3.2-1b", "q4_k_s")[BLOCK_BITS["q6_k"]] == models.by_id("llama-3.2-1b").parts["embedding"]


def test_bare_counts_are_wholly_in_the_format():
    assert xlcalc.LLM_WEIGHTS(70e9, "int4") == 35e9
    assert xlcalc.LLM_WEIGHTS(8e9, "gptq") == 8e9 * 4.15625 / 8


def test_bits_of_groups():
    """A 16-bit scale for a group, and a zero point of an element's width where the format has them."""
    assert named("gptq").bits == named("awq").bits == 4 + 20 / 128
    assert named("gptq_8bit").bits == 8 + 24 / 128
    assert named("int4_g32").bits == 4 + 16 / 32


def test_a_release_that_leaves_most_of_its_attention_in_16_bit():
    """Meta's own FP8 of Llama 3.1 405B: 57.75 GiB were measured on each of eight GPUs."""
    name = "meta-llama/Llama-3.1-405B-Instruct-FP8"
    assert xlcalc.LLM_SERVE_MEMORY(name, 8192, 1, tp=8, part="weights", unit="GiB") == pytest.approx(57.75, rel=0.02)
    assert xlcalc.LLM_WEIGHTS("nvidia/Llama-3.1-405B-Instruct-FP8") < 411e9


def test_an_unknown_torch_dtype_is_refused_by_name_where_its_bytes_matter():
    text = json.dumps({**models.by_id("llama-3.1-8b").config, "torch_dtype": "float6_e3m2"})
    assert xlcalc.LLM_PARAMS(text) == 8030261248
    with pytest.raises(CalcError, match="float6_e3m2"):
        xlcalc.LLM_WEIGHTS(text)


@pytest.mark.parametrize(
    "own, more",
    [
        ({}, 0),
        ({"model.embed_tokens": {"bits": 6, "group_size": 64}, "lm_head": {"bits": 6, "group_size": 64}}, 2 * 2),
        ({"lm_head": False}, 16 - 4.5),
    ],
)
def test_embedding_and_head_of_an_mlx_file_have_bits_of_their_own(own: dict, more: float) -> None:
    """mlx-lm's mixed recipes: bits that a module has more than the rest, with a scale and an offset for 64."""
    quantization = {"bits": 4, "group_size": 64, **own}
    assert weights(quantization=quantization) - weights(quantization={"bits": 4, "group_size": 64}) == (
        more / 8 * 128256 * 4096
    )


def test_half_of_the_values_left_out_is_no_dense_file() -> None:
    """Red Hat's Sparse-Llama 2of4-FP8: sparse-24-bitmask keeps half of the values and a bit for each."""
    group = {"targets": ["Linear"], "weights": {"num_bits": 8, "type": "float", "strategy": "channel"}}
    own = {"quant_method": "compressed-tensors", "config_groups": {"group_0": group}, "ignore": ["lm_head"]}
    assert weights(quantization_config={**own, "sparsity_config": {"format": "dense"}}) > 0
    with pytest.raises(CalcError, match="not understood"):
        weights(quantization_config={**own, "sparsity_config": {"format": "sparse-24-bitmask"}})


def weights(**more: object) -> float:
    llama = {
        "model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336, "num_attention_heads": 32,
        "num_hidden_layers": 32, "num_key_value_heads": 8, "vocab_size": 128256, "tie_word_embeddings": False,
    }  # fmt: skip
    return xlcalc.LLM_WEIGHTS(json.dumps({**llama, **more}))
