"""Models as their makers and engines write them down, read as a Hugging Face configuration would be.

`params.json` of Meta's and Mistral's own releases, the configuration of DeepSeek's inference code, the index of a
sharded checkpoint, and the headers of safetensors and GGUF files. Sources: meta-llama/llama-models, models/llama3/
args.py and model.py; mistralai/mistral-inference, args.py; deepseek-ai/DeepSeek-V3, inference/model.py (ModelArgs);
the safetensors format description; ggml-org/ggml, docs/gguf.md.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from math import prod
from mmap import mmap
from typing import Any

_MOST = 100_000_000  # bytes of a JSON text
_LARGEST = 10**12  # of any of its numbers
_META = ("multiple_of", "ffn_dim_multiplier")
_DEEPSEEK = ("moe_inter_dim", "n_activated_experts")
_MISTRAL_TYPES = ("transformer", "mamba")  # what its own files call a model_type
_FLOATS = {"F32": "fp32", "F16": "fp16", "BF16": "bf16", "F8_E4M3": "fp8", "F8_E5M2": "fp8"}
_SCALES = ("F8_E8M0",)
_UNPACKED = ("I8", "BOOL")  # whole numbers of which a tensor holds one for each parameter

# fields of a maker's file that change no count
_IRRELEVANT = {
    "norm_eps", "rms_norm_eps", "rope_theta", "rope_factor", "use_scaled_rope", "rope_scaling_factor", "causal", "yarn",
    "rope_high_freq_factor", "max_batch_size", "max_seq_len", "original_seq_len", "max_position_embeddings", "mscale",
    "llama_4_scaling", "torch_dtype", "score_func", "scale_fmt", "beta_fast", "beta_slow", "rms_norm",
    "residual_in_fp32", "fused_add_norm", "pad_vocab_size_multiple", "expert_parallel", "expert_model_parallel",
}  # fmt: skip


def translated(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration that a file's fields mean: as they are, or in the common names where a maker has its own.

    Raises ValueError for files that say less than a count needs, or more than is understood.
    """
    if "weight_map" in fields:
        raise ValueError(_of_index(fields))
    of_mistral = fields.get("model_type") in _MISTRAL_TYPES
    if "dim" not in fields or "architectures" in fields or ("model_type" in fields and not of_mistral):
        return dict(fields)
    if any(name in fields for name in _DEEPSEEK):
        return _deepseek(fields)
    if fields.get("model_type") == "mamba":
        return _codestral_mamba(fields)
    if "hidden_dim" in fields:
        return _mistral(fields)
    return _meta(fields) if any(name in fields for name in _META) else dict(fields)


def _checked(f: Any, needed: str, optional: str = "", of: str = "") -> dict[str, Any]:
    """The fields that are set. Raises ValueError for those that are no sizes, are missing, or are not understood."""
    what = f"a params.json{of}"
    if not isinstance(f, Mapping):
        raise ValueError(f"is {what} that is no group of fields but {str(f)[:60]}")
    known = {name: value for name, value in f.items() if value is not None}
    if missing := [name for name in needed.split() if name not in known]:
        raise ValueError(f"is {what} without {', '.join(missing)}: give the config.json of this model")
    if unread := sorted(known.keys() - {*needed.split(), *optional.split()} - _IRRELEVANT):
        strange = ", ".join(unread)[:120]
        raise ValueError(f"is {what} with {strange}, which is not understood: give the config.json of this model")
    for name in (*needed.split(), "n_kv_heads", "head_dim"):
        value = known.get(name, 1)
        none = (name, value) == ("n_dense_layers", 0)
        if type(value) is not int or not (none or 0 < value <= _LARGEST):
            raise ValueError(f"has a {name} that is not a whole number above 0; got {str(value)[:60]!r}")
    return known


def _meta(f: Mapping[str, Any]) -> dict[str, Any]:
    """Meta's params.json: the MLP is 2/3 of 4 dim, times a factor, rounded up to a multiple.

    It does not say that the small ones of Llama 3.2 embed and predict with one matrix, as their model card does.
    """
    if type(f.get("vocab_size")) is int and f["vocab_size"] <= 0:
        raise ValueError("is a params.json whose vocab_size is left to the tokenizer; put the number there (32000)")
    f = _checked(f, "dim n_layers n_heads vocab_size multiple_of", "n_kv_heads ffn_dim_multiplier tie_word_embeddings")
    factor = f.get("ffn_dim_multiplier", 1)
    if type(factor) not in (int, float) or not 0 < factor < 1000:
        raise ValueError(f"has an ffn_dim_multiplier that is no factor; got {str(factor)[:60]!r}")
    width, step = int(int(2 * 4 * f["dim"] / 3) * factor), f["multiple_of"]
    small = f["vocab_size"] == 128256 and f["dim"] < 4096
    return {
        "model_type": "llama",
        "hidden_size": f["dim"],
        "num_hidden_layers": f["n_layers"],
        "num_attention_heads": f["n_heads"],
        "num_key_value_heads": f.get("n_kv_heads") or f["n_heads"],
        "intermediate_size": -(-width // step) * step,
        "vocab_size": f["vocab_size"],
        "tie_word_embeddings": bool(f.get("tie_word_embeddings", small)),
        "torch_dtype": "bfloat16",
    }


def _mistral(f: Mapping[str, Any]) -> dict[str, Any]:
    """Mistral's params.json: Llama's shape, or Mixtral's where it has `moe`."""
    f = _checked(
        f, "dim n_layers n_heads hidden_dim vocab_size",
        "n_kv_heads head_dim moe sliding_window _sliding_window tied_embeddings vision_encoder multimodal quantization "
        "model_type",
    )  # fmt: skip
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
    for tower, name in (("vision_encoder", "vision_config"), ("multimodal", "audio_config")):
        if f.get(tower):
            if not isinstance(f[tower], Mapping):
                raise ValueError(f"has a {tower} that is no group of fields but {str(f[tower])[:60]}")
            common[name] = dict(f[tower])
    if quantised := f.get("quantization"):
        if not isinstance(quantised, Mapping) or quantised.get("qformat_weight") != "fp8_e4m3":
            raise ValueError(f"is a params.json with a quantization that is not known: {str(quantised)[:80]}")
        # as the config.json beside such files has it
        common["quantization_config"] = {"quant_method": "fp8", "modules_to_not_convert": ["lm_head"]}
    if "moe" not in f:
        return {"model_type": "mistral", **common}
    moe = _checked(f["moe"], "num_experts num_experts_per_tok", of="'s moe")
    return {
        "model_type": "mixtral",
        **common,
        "num_local_experts": moe["num_experts"],
        "num_experts_per_tok": moe["num_experts_per_tok"],
    }


def _codestral_mamba(f: Mapping[str, Any]) -> dict[str, Any]:
    """Mistral's params.json of a Mamba: the second, with the sizes that mamba_ssm's Mamba2 assumes."""
    f = _checked(f, "dim n_layers vocab_size n_groups", "model_type tie_embeddings tied_embeddings")
    return {
        "model_type": "mamba2",
        "hidden_size": f["dim"],
        "num_hidden_layers": f["n_layers"],
        "vocab_size": f["vocab_size"],
        "n_groups": f["n_groups"],
        **{"expand": 2, "head_dim": 64, "state_size": 128, "conv_kernel": 4, "num_heads": 2 * f["dim"] // 64},
        "tie_word_embeddings": bool(f.get("tie_embeddings", f.get("tied_embeddings", True))),
        "torch_dtype": "bfloat16",
    }


def _windows(pattern: list[Any], n_layers: int) -> dict[str, Any]:
    """Windows that take turns over the layers, null where a layer attends to everything."""
    if not pattern or any(type(size) not in (int, type(None)) for size in pattern):
        raise ValueError(f"has a sliding_window that is no list of numbers; got {str(pattern)[:60]}")
    sizes = {size for size in pattern if size is not None}
    if len(sizes) > 1 or n_layers % len(pattern):
        raise ValueError(f"is a params.json of {n_layers} layers with a sliding_window of {str(pattern)[:80]}")
    kinds = ["full_attention" if size is None else "sliding_attention" for size in pattern]
    return {"sliding_window": next(iter(sizes), None), "layer_types": kinds * (n_layers // len(pattern))}


def _deepseek(f: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of DeepSeek's inference code."""
    f = _checked(
        f, "dim inter_dim moe_inter_dim n_layers n_dense_layers n_heads n_routed_experts n_activated_experts "
        "kv_lora_rank qk_nope_head_dim qk_rope_head_dim v_head_dim vocab_size",
        "q_lora_rank n_shared_experts n_expert_groups n_limited_groups route_scale dtype index_n_heads index_head_dim "
        "index_topk",
        of=" of DeepSeek's inference code",
    )  # fmt: skip
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


def counted(header: Mapping[str, Any]) -> tuple[int, str]:
    """Elements of all tensors of a safetensors header, and the format that most of them have.

    Raises ValueError for packed weights, of whose parameters several share a number of the tensor, and for no tensors.
    """
    params: Counter[str] = Counter()
    for name, tensor in header.items():
        if name == "__metadata__":
            continue
        shape, dtype = tensor["shape"], tensor["dtype"]
        sides = shape[:9] if isinstance(shape, list) else [None]
        sized = len(sides) < 9 and all(type(side) is int and 0 <= side <= _LARGEST for side in sides)
        if not sized or not isinstance(dtype, str):
            raise ValueError(
                f"is a header whose tensor {name[:60]} has a shape of {str(shape)[:40]}, {str(dtype)[:20]}"
            )
        n = prod(sides)
        if dtype not in (*_FLOATS, *_SCALES, *_UNPACKED) and n > 1 and len(sides) > 1:
            raise ValueError(
                f"is a header with packed weights ({name[:60]}, {dtype[:20]}), of which it does not say how many "
                "parameters they hold: give the config.json beside it"
            )
        is_scale = dtype in _SCALES or name.endswith(("weight_scale", "weight_scale_inv", "input_scale"))
        params[_FLOATS.get(dtype, "int8")] += 0 if is_scale else n
    if not 0 < (total := params.total()) <= _LARGEST * 1000:
        raise ValueError(f"is a header of {total:.3g} parameters")
    return total, params.most_common(1)[0][0]


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
    twice: list[str] = []

    def fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice.extend(
                f"{name[:60]} twice, as {str(value)[:40]} and as {str(found[name])[:40]}"
                for name, value in pairs
                if found[name] != value
            )
        return found

    try:
        found = json.loads(text, object_pairs_hook=fields)
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)[:120]
        raise ValueError(f"is not the text of a config.json: {reason}") from None
    if not isinstance(found, dict):
        raise ValueError("is not the text of a config.json: an object is needed")
    if twice:
        raise ValueError(f"gives {twice[0]}")
    return found


def from_text(text: str) -> dict[str, Any]:
    """The fields in a JSON text. Raises ValueError saying what is wrong with it."""
    return _object(text)
