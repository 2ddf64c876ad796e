"""Models as their makers and engines write them down, read as a Hugging Face configuration would be.

`params.json` of Meta's and Mistral's own releases, the configuration of DeepSeek's inference code, the index of a
sharded checkpoint, and the headers of safetensors and GGUF files. Sources: meta-llama/llama-models, models/llama3/
args.py and model.py; mistralai/mistral-inference, args.py; deepseek-ai/DeepSeek-V3, inference/model.py (ModelArgs);
the safetensors format description; ggml-org/ggml, docs/gguf.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from mmap import mmap
from typing import Any

_MOST = 100_000_000  # bytes of a JSON text
_META = ("multiple_of", "ffn_dim_multiplier")
_DEEPSEEK = ("moe_inter_dim", "n_activated_experts")
_BITS = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F4": 4, "U8": 8, "I8": 8,
    "I16": 16, "U16": 16, "I32": 32, "U32": 32, "I64": 64, "U64": 64, "BOOL": 8,
}  # fmt: skip


def translated(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration that a file's fields mean: as they are, or in the common names where a maker has its own.

    Raises ValueError for files that say less than a count needs.
    """
    if "weight_map" in fields:
        raise ValueError(_of_index(fields))
    if "model_type" in fields or "architectures" in fields or "dim" not in fields:
        return dict(fields)
    if any(name in fields for name in _DEEPSEEK):
        return _deepseek(fields)
    if "hidden_dim" in fields:
        return _mistral(fields)
    return _meta(fields) if any(name in fields for name in _META) else dict(fields)


def _meta(f: Mapping[str, Any]) -> dict[str, Any]:
    """Meta's params.json: the MLP is 2/3 of 4 dim, times a factor, rounded up to a multiple."""
    if f.get("vocab_size", -1) <= 0:
        raise ValueError("is a params.json whose vocab_size is left to the tokenizer; put the number there (32000)")
    width = int(int(2 * 4 * f["dim"] / 3) * (f.get("ffn_dim_multiplier") or 1))
    step = f.get("multiple_of", 256)
    return {
        "model_type": "llama",
        "hidden_size": f["dim"],
        "num_hidden_layers": f["n_layers"],
        "num_attention_heads": f["n_heads"],
        "num_key_value_heads": f.get("n_kv_heads") or f["n_heads"],
        "intermediate_size": -(-width // step) * step,
        "vocab_size": f["vocab_size"],
        "tie_word_embeddings": bool(f.get("tie_word_embeddings", False)),
        "torch_dtype": "bfloat16",
    }


def _mistral(f: Mapping[str, Any]) -> dict[str, Any]:
    """Mistral's params.json: Llama's shape, or Mixtral's where it has `moe`."""
    moe = f.get("moe") or {}
    strange = sorted({"q_lora_rank", "kv_lora_rank", "first_k_dense_replace", "n_shared_experts"} & {*f, *moe})
    if strange:
        raise ValueError(f"is a params.json with {', '.join(strange)}; give the config.json of this model")
    window = f.get("sliding_window") or f.get("_sliding_window")
    common = {
        "hidden_size": f["dim"],
        "num_hidden_layers": f["n_layers"],
        "num_attention_heads": f["n_heads"],
        "num_key_value_heads": f.get("n_kv_heads") or f["n_heads"],
        "head_dim": f.get("head_dim") or f["dim"] // f["n_heads"],
        "intermediate_size": f["hidden_dim"],
        "vocab_size": f["vocab_size"],
        **({"sliding_window": window} if not isinstance(window, list) else _windows(window, f["n_layers"])),
        "tie_word_embeddings": bool(f.get("tied_embeddings", False)),
        "torch_dtype": "bfloat16",
    }
    if f.get("vision_encoder"):
        common["vision_config"] = dict(f["vision_encoder"])
    if not moe:
        return {"model_type": "mistral", **common}
    return {
        "model_type": "mixtral",
        **common,
        "num_local_experts": moe["num_experts"],
        "num_experts_per_tok": moe["num_experts_per_tok"],
    }


def _windows(pattern: list[Any], n_layers: int) -> dict[str, Any]:
    """Windows that take turns over the layers, null where a layer attends to everything."""
    sizes = {size for size in pattern if size is not None}
    if len(sizes) > 1 or n_layers % len(pattern):
        raise ValueError(f"is a params.json of {n_layers} layers with a sliding_window of {str(pattern)[:80]}")
    kinds = ["full_attention" if size is None else "sliding_attention" for size in pattern]
    return {"sliding_window": next(iter(sizes), None), "layer_types": kinds * (n_layers // len(pattern))}


def _deepseek(f: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of DeepSeek's inference code."""
    indexed = "index_n_heads" in f
    names = {
        "dim": "hidden_size", "inter_dim": "intermediate_size", "moe_inter_dim": "moe_intermediate_size",
        "n_layers": "num_hidden_layers", "n_dense_layers": "first_k_dense_replace", "n_heads": "num_attention_heads",
        "n_activated_experts": "num_experts_per_tok", "n_expert_groups": "n_group", "n_limited_groups": "topk_group",
        "route_scale": "routed_scaling_factor",
    }  # fmt: skip
    own = {names.get(name, name): value for name, value in f.items() if name not in ("dtype", "scale_fmt")}
    own["q_lora_rank"] = f.get("q_lora_rank") or None
    quantised = {"quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]}}
    return {
        "model_type": "deepseek_v32" if indexed else "deepseek_v3" if f.get("q_lora_rank") else "deepseek_v2",
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        **own,
        **(quantised if f.get("dtype") == "fp8" else {}),
    }


def _of_index(fields: Mapping[str, Any]) -> str:
    """What the index of a sharded checkpoint says, and what it does not."""
    meta = fields.get("metadata")
    size = meta.get("total_size") if isinstance(meta, Mapping) else None
    bytes_ = f" of {size:,} bytes" if isinstance(size, (int, float)) else ""
    return (
        f"is the index of a checkpoint of {len(fields['weight_map'])} tensors{bytes_}, which names no sizes of layers: "
        "give the config.json beside it"
    )


def is_header(fields: Mapping[str, Any]) -> bool:
    tensors = [value for name, value in fields.items() if name != "__metadata__"]
    return bool(tensors) and all(
        isinstance(t, Mapping) and {"dtype", "shape", "data_offsets"} <= t.keys() for t in tensors
    )


def counted(header: Mapping[str, Any]) -> tuple[int, int]:
    """Elements and bytes of all tensors of a safetensors header."""
    params = size = 0
    for name, tensor in header.items():
        if name == "__metadata__":
            continue
        n = 1
        for side in tensor["shape"]:
            n *= side
        params += n
        size += n * _BITS.get(tensor["dtype"], 8) // 8
    return params, size


def from_file(data: bytes | mmap) -> dict[str, Any]:
    """The fields in a file: a JSON text's, a GGUF file's metadata, the header of a safetensors file.

    Raises ValueError where there are none.
    """
    if bytes(data[:4]) == b"GGUF":
        from xlcalc.model import gguf_file

        return gguf_file.configuration(data)
    head = int.from_bytes(data[:8], "little") if len(data) > 8 else 0
    if bytes(data[8:9]) == b"{" and 0 < head <= len(data) - 8:
        return _object(data[8 : 8 + head].decode("utf-8", "replace"))
    try:
        text = data[:_MOST].decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("is neither JSON nor a GGUF or safetensors file") from None
    return _object(text)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)[:120]
        raise ValueError(f"is not the text of a config.json: {reason}") from None
    if not isinstance(found, dict):
        raise ValueError("is not the text of a config.json: an object is needed")
    return found


def from_text(text: str) -> dict[str, Any]:
    """The fields in a JSON text. Raises ValueError saying what is wrong with it."""
    return _object(text)
