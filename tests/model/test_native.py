"""Files that makers and engines write in their own ways: read as the configuration they mean, or refused with why."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

import xlcalc
from xlcalc.language.errors import CalcError
from xlcalc.model.spec import ModelSpec

META_8B = {"dim": 4096, "n_layers": 32, "n_heads": 32, "n_kv_heads": 8, "vocab_size": 128256, "multiple_of": 1024,
           "ffn_dim_multiplier": 1.3, "norm_eps": 1e-05, "rope_theta": 500000.0}  # fmt: skip
MISTRAL_7B = {"dim": 4096, "n_layers": 32, "head_dim": 128, "hidden_dim": 14336, "n_heads": 32, "n_kv_heads": 8,
              "norm_eps": 1e-05, "vocab_size": 32000}  # fmt: skip
DEEPSEEK_V3 = {
    "vocab_size": 129280, "dim": 7168, "inter_dim": 18432, "moe_inter_dim": 2048, "n_layers": 61, "n_dense_layers": 3,
    "n_heads": 128, "n_routed_experts": 256, "n_shared_experts": 1, "n_activated_experts": 8, "n_expert_groups": 8,
    "n_limited_groups": 4, "route_scale": 2.5, "score_func": "sigmoid", "q_lora_rank": 1536, "kv_lora_rank": 512,
    "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128, "dtype": "fp8",
}  # fmt: skip


@pytest.mark.parametrize(
    "fields, params",
    [
        (META_8B, 8030261248),
        (MISTRAL_7B, 7241732096),
        ({**MISTRAL_7B, "moe": {"num_experts_per_tok": 2, "num_experts": 8}}, 46702792704),
        (DEEPSEEK_V3, 671026404352),
    ],
    ids=["Meta", "Mistral", "Mixtral", "DeepSeek"],
)
def test_makers_own_formats(fields: dict, params: int) -> None:
    spec = ModelSpec.from_json(json.dumps(fields))
    assert spec.total == params
    assert not spec.is_estimate


def test_fp8_of_deepseeks_own_configuration_is_its_published_format() -> None:
    assert xlcalc.LLM_MODEL(json.dumps(DEEPSEEK_V3), "published_dtype") == "fp8"


def test_a_vocabulary_that_is_left_to_the_tokenizer_is_asked_for() -> None:
    with pytest.raises(CalcError, match="vocab_size"):
        xlcalc.LLM_PARAMS(json.dumps({**META_8B, "vocab_size": -1}))


def test_an_index_says_how_large_and_no_more() -> None:
    index = {"metadata": {"total_size": 16060522496}, "weight_map": {"model.norm.weight": "a.safetensors"}}
    with pytest.raises(CalcError, match="16,060,522,496 bytes"):
        xlcalc.LLM_PARAMS(json.dumps(index))


def test_a_safetensors_header_is_a_number_of_parameters(tmp_path: Path) -> None:
    header = {"__metadata__": {"format": "pt"}, "w": {"dtype": "BF16", "shape": [3, 5], "data_offsets": [0, 30]}}
    text = json.dumps(header)
    assert xlcalc.LLM_PARAMS(text) == 15
    file = tmp_path / "model.safetensors"
    file.write_bytes(struct.pack("<Q", len(text)) + text.encode() + bytes(30))
    assert xlcalc.LLM_PARAMS(file) == 15
    with pytest.raises(CalcError, match="layers"):
        xlcalc.LLM_KV_CACHE(file, 8)


def test_a_header_says_in_which_format(tmp_path: Path) -> None:
    scale = {"dtype": "F32", "shape": [1, 2], "data_offsets": [128, 136]}
    header = {"w": {"dtype": "F8_E4M3", "shape": [8, 16], "data_offsets": [0, 128]}, "w.weight_scale_inv": scale}
    assert xlcalc.LLM_PARAMS(json.dumps(header)) == xlcalc.LLM_WEIGHTS(json.dumps(header)) == 128
    whole = json.dumps({"w": {**header["w"], "dtype": "F32"}})
    assert xlcalc.LLM_WEIGHTS(whole) == 4 * 128


LLAMA_1B = {"dim": 2048, "n_layers": 16, "n_heads": 32, "n_kv_heads": 8, "vocab_size": 128256,
            "ffn_dim_multiplier": 1.5, "multiple_of": 256}  # fmt: skip
MAMBA = {"dim": 4096, "n_layers": 64, "vocab_size": 32768, "n_groups": 8, "rms_norm": True, "residual_in_fp32": True,
         "fused_add_norm": True, "pad_vocab_size_multiple": 1, "tie_embeddings": False, "model_type": "mamba"}  # fmt: skip


@pytest.mark.parametrize("fields, model", [(LLAMA_1B, "llama-3.2-1b"), (MAMBA, "mamba-codestral-7b")])
def test_what_makers_files_leave_to_their_code(fields: dict, model: str) -> None:
    """The head that Llama 3.2's card says is the embedding, and the sizes that mamba_ssm assumes."""
    assert xlcalc.LLM_PARAMS(json.dumps(fields)) == xlcalc.LLM_PARAMS(model)


def test_mistrals_files_in_8_bit_and_with_ears() -> None:
    quantised = json.dumps({**MISTRAL_7B, "quantization": {"qformat_weight": "fp8_e4m3", "qscheme_act": "TENSOR"}})
    assert xlcalc.LLM_MODEL(quantised, "published_dtype") == "fp8"
    hears = json.dumps({**MISTRAL_7B, "multimodal": {"whisper_model_args": {"encoder_args": {"dim": 1280}}}})
    assert xlcalc.LLM_MODEL(hears, "count") == "estimate"
    with pytest.raises(CalcError, match="towers"):
        xlcalc.LLM_PARAMS(hears, "towers")


TENSOR = {"dtype": "BF16", "shape": [4, 4], "data_offsets": [0, 32]}


@pytest.mark.parametrize(
    "fields, said",
    [
        ({**META_8B, "moe_args": {"num_experts": 16}, "nope_layer_interval": 4}, "moe_args, nope_layer_interval"),
        ({**META_8B, "vision_num_cross_attention_layers": 8}, "vision_num_cross_attention_layers"),
        ({**META_8B, "dim": "x"}, "dim"),
        ({**META_8B, "dim": 10**29}, "dim"),
        ({**META_8B, "n_layers": None}, "n_layers"),
        ({**META_8B, "multiple_of": 0}, "multiple_of"),
        ({**META_8B, "ffn_dim_multiplier": float("nan")}, "ffn_dim_multiplier"),
        ({**MISTRAL_7B, "moe": "x"}, "moe"),
        ({**MISTRAL_7B, "moe": {"num_experts": 8, "num_experts_per_tok": 2, "route_every_n": 2}}, "route_every_n"),
        ({**MISTRAL_7B, "vision_encoder": [1]}, "vision_encoder"),
        ({**MISTRAL_7B, "quantization": {"qformat_weight": "nvfp4"}}, "quantization"),
        ({**MISTRAL_7B, "_sliding_window": ["a"]}, "sliding_window"),
        ({**DEEPSEEK_V3, "compress_ratios": [4, 128], "hc_mult": 4}, "compress_ratios, hc_mult"),
        ({"w": {**TENSOR, "shape": ["a", 4]}}, "shape"),
        ({"w": {**TENSOR, "shape": 5}}, "shape"),
        ({"w": {**TENSOR, "dtype": ["BF16"]}}, "BF16"),
        ({"w": {**TENSOR, "shape": [0]}}, "0 parameters"),
        ({"w.qweight": {**TENSOR, "dtype": "I32"}}, "packed weights"),
        ({"w": {**TENSOR, "dtype": "U8"}}, "packed weights"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(fields: dict, said: str) -> None:
    with pytest.raises(CalcError, match=said):
        xlcalc.LLM_PARAMS(json.dumps(fields))


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def gguf(tied: bool = False, more: int = 0, *, block: int = 12, mix: int | None = 15) -> bytes:
    """A Llama of one layer as docs/gguf.md lays a file out: magic, version, counts, metadata, tensors; no data."""
    meta = {"block_count": 1, "embedding_length": 64, "feed_forward_length": 128, "attention.head_count": 4,
            "attention.head_count_kv": 2}  # fmt: skip
    values = [text("general.architecture") + struct.pack("<I", 8) + text("llama")]
    values += [text("general.file_type") + struct.pack("<II", 4, mix)] if mix is not None else []
    values += [text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b")]
    values += [text(f"llama.{name}") + struct.pack("<II", 4, n) for name, n in meta.items()]
    shapes = {"token_embd.weight": (64, 1000), "output_norm.weight": (64,), "rope_freqs.weight": (8,)}
    shapes |= {} if tied else {"output.weight": (64, 1000)}
    layer = {"attn_q": (64, 64), "attn_k": (64, 32), "attn_v": (64, 32), "attn_output": (64, 64), "ffn_gate": (64, 128),
             "ffn_up": (64, 128), "ffn_down": (128, 64), "attn_norm": (64,), "ffn_norm": (64 + more,)}  # fmt: skip
    shapes |= {f"blk.0.{name}.weight": shape for name, shape in layer.items()}
    tensors = [
        text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0 if len(shape) == 1 else block, 0)
        for name, shape in shapes.items()
    ]
    return b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(values)) + b"".join(values + tensors)


@pytest.mark.parametrize("tied", [True, False])
def test_a_gguf_file_gives_shape_count_and_format(tmp_path: Path, tied: bool) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(gguf(tied))
    layer = 64 * (64 + 32 + 32 + 64) + 3 * 64 * 128 + 2 * 64
    assert xlcalc.LLM_PARAMS(file) == 64000 * (1 if tied else 2) + layer + 64
    spec = ModelSpec.from_path(file)
    assert not spec.is_estimate
    assert spec.published_dtype.name == "q4_k_m"


@pytest.mark.parametrize(
    "block, mix, name, bits",
    [(8, None, "q8_0", 8.5), (13, 15, "q4_k_m", 5.5), (30, None, "bf16", 16), (18, None, "iq3_xxs", 3.0625)],
)
def test_a_gguf_file_weighs_what_its_tensors_do(
    tmp_path: Path, block: int, mix: int | None, name: str, bits: float
) -> None:
    """Bits of block types as in gguf-py/gguf/constants.py; norms, and here the head, stand in the file too."""
    file = tmp_path / "model.gguf"
    file.write_bytes(gguf(block=block, mix=mix))
    matrices = 2 * 64000 + 64 * (64 + 32 + 32 + 64) + 3 * 64 * 128
    assert xlcalc.LLM_MODEL(file, "published_dtype") == name
    assert xlcalc.LLM_WEIGHTS(file) == matrices * bits / 8 + 3 * 64 * 4


def test_windows_that_take_turns_in_mistrals_own_file() -> None:
    """Ministral 8B, whose card gives the pattern 128k, 32k, 32k, 32k: 9 of its 36 layers keep all tokens."""
    shape = {"dim": 4096, "n_layers": 36, "head_dim": 128, "hidden_dim": 12288, "n_heads": 32, "n_kv_heads": 8}
    fields = {**shape, "vocab_size": 131072, "_sliding_window": [None, 32768, 32768, 32768]}
    kept = (9 * 131072 + 27 * 32768) * 2 * 8 * 128 * 2
    assert xlcalc.LLM_KV_CACHE(json.dumps(fields), 131072) == xlcalc.LLM_KV_CACHE("ministral-8b", 131072) == kept
    with pytest.raises(CalcError, match="sliding_window"):
        xlcalc.LLM_KV_CACHE(json.dumps({**fields, "_sliding_window": [1024, 2048]}), 131072)


def test_tensors_that_do_not_sum_to_the_layers_make_an_estimate(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(gguf(more=1))
    assert "tensors hold" in ModelSpec.from_path(file).architecture.assumed[0]


@pytest.mark.parametrize("cut", [4, 20, 60, 300, -3])
def test_a_gguf_file_that_is_cut_off_says_so(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(gguf()[:cut])
    with pytest.raises(CalcError, match=r"GGUF|nothing|empty"):
        xlcalc.LLM_PARAMS(file)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"not json", b"[1]", b"GGUF\xff\xff\xff\xff" + b"\xff" * 32])
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "model.bin"
    file.write_bytes(content)
    with pytest.raises(CalcError) as refused:
        xlcalc.LLM_PARAMS(file)
    assert len(str(refused.value)) <= 500


def test_an_adapter_is_no_model(tmp_path: Path) -> None:
    file = tmp_path / "lora.gguf"
    values = [text("general.architecture") + struct.pack("<I", 8) + text("llama")]
    values += [text("general.type") + struct.pack("<I", 8) + text("adapter")]
    tensor = text("blk.0.attn_q.weight.lora_a") + struct.pack("<IQQIQ", 2, 64, 8, 1, 0)
    file.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 1, 2) + b"".join(values) + tensor)
    with pytest.raises(CalcError, match="adapter"):
        xlcalc.LLM_PARAMS(file)
