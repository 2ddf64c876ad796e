"""The header of a GGUF file: its metadata as a configuration, its tensors as a count and a format.

Source: ggml-org/ggml, docs/gguf.md (version 3), and gguf-py/gguf/constants.py for the numbers of types.
"""

from __future__ import annotations

import struct
from collections import Counter
from mmap import mmap
from typing import Any

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_MOST = 1_000_000  # entries of any list, and bytes of any text
_TYPES = {
    0: "f32", 1: "f16", 2: "q4_0", 3: "q4_1", 6: "q5_0", 7: "q5_1", 8: "q8_0", 10: "q2_k", 11: "q3_k", 12: "q4_k",
    13: "q5_k", 14: "q6_k", 15: "q8_k", 20: "iq4_nl", 23: "iq4_xs", 30: "bf16", 39: "mxfp4",
    16: "iq2_xxs", 17: "iq2_xs", 18: "iq3_xxs", 19: "iq1_s", 21: "iq3_s", 22: "iq2_s", 29: "iq1_m", 34: "tq1_0",
    35: "tq2_0",
}  # fmt: skip
# general.file_type as llama.cpp's quantize names the mixes (llama.h, enum llama_ftype)
_MIXES = {
    0: "fp32", 1: "fp16", 2: "q4_0", 3: "q4_1", 7: "q8_0", 8: "q5_0", 9: "q5_1", 10: "q2_k", 11: "q3_k_s", 12: "q3_k_m",
    13: "q3_k_l", 14: "q4_k_s", 15: "q4_k_m", 16: "q5_k_s", 17: "q5_k_m", 18: "q6_k", 25: "iq4_nl", 30: "iq4_xs",
    32: "bf16", 38: "mxfp4",
}  # fmt: skip
# architectures of llama.cpp as model types; others are read by their fields alone
_FAMILIES = {
    "llama": "llama", "qwen2": "qwen2", "qwen3": "qwen3", "qwen2moe": "qwen2_moe", "qwen3moe": "qwen3_moe",
    "gemma": "gemma", "gemma2": "gemma2", "gemma3": "gemma3_text", "phi3": "phi3", "gptneox": "gpt_neox",
    "gpt2": "gpt2",
    "starcoder2": "starcoder2", "stablelm": "stablelm", "command-r": "cohere", "cohere2": "cohere2",
    "olmo2": "olmo2",
    "mistral3": "mistral", "deepseek2": "deepseek_v3", "gpt-oss": "gpt_oss", "granite": "granite",
    "glm4": "glm4",
    "smollm3": "smollm3", "ernie4_5": "ernie4_5", "exaone4": "exaone4", "internlm2": "internlm2",
    "seed_oss": "seed_oss",
}  # fmt: skip
_FIELDS = {
    "block_count": "num_hidden_layers", "embedding_length": "hidden_size", "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads", "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim", "attention.sliding_window": "sliding_window", "expert_count": "num_experts",
    "expert_used_count": "num_experts_per_tok", "expert_feed_forward_length": "moe_intermediate_size",
    "expert_shared_count": "n_shared_experts", "leading_dense_block_count": "first_k_dense_replace",
    "expert_shared_feed_forward_length": "shared_expert_intermediate_size", "attention.kv_lora_rank": "kv_lora_rank",
    "attention.q_lora_rank": "q_lora_rank", "context_length": "max_position_embeddings",
}  # fmt: skip


class _Reader:
    """Little-endian values in order. Raises ValueError where the file ends early or is no GGUF."""

    def __init__(self, data: bytes | mmap) -> None:
        self._data, self._at = data, 0

    def take(self, size: int) -> bytes:
        if size < 0 or self._at + size > len(self._data):
            raise ValueError("is a GGUF file whose header is cut off")
        self._at += size
        return self._data[self._at - size : self._at]

    def number(self, code: str) -> Any:
        return struct.unpack(f"<{code}", self.take(struct.calcsize(code)))[0]

    def text(self) -> str:
        size = self.number("Q")
        if size > _MOST:
            raise ValueError("is a GGUF file with a text longer than any")
        return self.take(size).decode("utf-8", "replace")

    def value(self, kind: int) -> Any:
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == _STRING:
            return self.text()
        if kind != _ARRAY:
            raise ValueError(f"is a GGUF file with a value of type {kind}, which the format does not have")
        inner, n = self.number("I"), self.number("Q")
        if n > _MOST or inner == _ARRAY:
            raise ValueError("is a GGUF file with a list longer or deeper than any")
        return [self.value(inner) for _ in range(n)]


def configuration(data: bytes | mmap) -> dict[str, Any]:
    """The configuration that a GGUF file's metadata gives, with the count and the format of its tensors beside it.

    `gguf_parameters` is what the tensors hold, `gguf_types` how many elements are in which type. Raises ValueError for
    a file that is cut off or no model.
    """
    reader = _Reader(data)
    reader.take(4)
    version = reader.number("I")
    if version not in (2, 3):
        raise ValueError(f"is a GGUF file of version {version}; 2 and 3 are read")
    n_tensors, n_values = reader.number("Q"), reader.number("Q")
    if n_tensors > _MOST or n_values > _MOST:
        raise ValueError("is a GGUF file with more entries than any")
    meta = {reader.text(): reader.value(reader.number("I")) for _ in range(n_values)}
    shapes: dict[str, list[int]] = {}
    types: Counter[str] = Counter()
    for _ in range(n_tensors):
        name, sides = reader.text(), reader.number("I")
        shape = [reader.number("Q") for _ in range(min(sides, 8))]
        kind, _offset = reader.number("I"), reader.number("Q")
        shapes[name] = shape
        types[_TYPES.get(kind, f"type {kind}")] += _product(shape)
    return _configuration(meta, shapes, types)


def _product(shape: list[int]) -> int:
    n = 1
    for side in shape:
        n *= side
    return n


def _configuration(meta: dict[str, Any], shapes: dict[str, list[int]], types: Counter[str]) -> dict[str, Any]:
    architecture = str(meta.get("general.architecture", ""))
    if not architecture:
        raise ValueError("is a GGUF file that names no general.architecture")
    if (kind := str(meta.get("general.type") or "model")) != "model":
        raise ValueError(f"is a GGUF file of type {kind[:40]!r}, not of a model")
    own = {
        name: meta[f"{architecture}.{field}"] for field, name in _FIELDS.items() if f"{architecture}.{field}" in meta
    }
    if "token_embd.weight" in shapes:
        own["vocab_size"] = shapes["token_embd.weight"][-1]
    model_type = _FAMILIES.get(architecture, architecture)
    if model_type == "llama" and own.get("num_experts"):
        model_type = "mixtral"
    if architecture == "deepseek2" and "q_lora_rank" not in own:  # V2-Lite, whose queries have no latent
        model_type, own["q_lora_rank"] = "deepseek_v2", None
    mix = _MIXES.get(int(meta.get("general.file_type", -1)))
    return {
        "model_type": model_type,
        **own,
        "tie_word_embeddings": "output.weight" not in shapes,
        "attention_bias": "blk.0.attn_q.bias" in shapes,
        "gguf_parameters": sum(_product(shape) for name, shape in shapes.items() if not name.startswith("rope_")),
        "gguf_types": dict(types.most_common()),
        **({"gguf_file_type": mix} if mix else {}),
    }
