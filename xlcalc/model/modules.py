"""What checkpoints call a matrix, and the lists of names and patterns by which they leave some out of a format.

Lists name modules in full, by a part of their path, with wildcards, or as regular expressions after `re:`
(compressed-tensors); transformers, vLLM and modelopt read each of them so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import translate
from itertools import product

from xlcalc.model.layers import Block, Linear

# what families call the modules that hold a block's matrices, and the matrices themselves
_ATTENTION = ("self_attn", "attn", "attention", "self_attention")
_SCANS = ("linear_attn", "mamba", "mixer", "self_attn", "conv", "short_conv", "temporal_block", "attn")
_MLP = ("mlp", "feed_forward", "ffn", "mixer", "block_sparse_moe")
_LEAVES = {
    "q": ("q_proj", "qkv_proj", "query_key_value", "Wqkv", "in_proj_qkv", "in_proj_qkvz"),
    "k": ("k_proj", "qkv_proj", "query_key_value", "Wqkv", "in_proj_qkv", "in_proj_qkvz"),
    "v": ("v_proj", "qkv_proj", "query_key_value", "Wqkv", "in_proj_qkv", "in_proj_qkvz"),
    "o": ("o_proj", "out_proj", "dense"),
    "q_down": ("q_a_proj", "wq_a", "fused_qkv_a_proj"),
    "q_up": ("q_b_proj", "wq_b"),
    "kv_down": ("kv_a_proj_with_mqa", "wkv", "fused_qkv_a_proj"),
    "kv_up": ("kv_b_proj",),
    "o_down": ("wo_a",),
    "head_gate": ("gate_proj", "g_proj", "in_proj_z"),
    "indexer": ("indexer.wq_b", "indexer.wk", "indexer.weights_proj"),
    "compressor": ("compressor",),
    "gate": ("gate_proj", "gate_up_proj", "w1"),
    "up": ("up_proj", "gate_up_proj", "w3", "fc1", "c_fc", "dense_h_to_4h"),
    "down": ("down_proj", "w2", "fc2", "c_proj", "dense_4h_to_h"),
    "router": ("gate", "router"),
    "shared_gate": ("shared_expert_gate",),
    "scan_in": ("in_proj",),
    "scan_out": ("out_proj",),
    "step": ("in_proj_ba", "in_proj_a", "in_proj_b", "x_proj", "dt_proj"),
    "latent": ("fc1_latent_proj", "fc2_latent_proj"),
    "head": ("lm_head",),
}  # fmt: skip
_WRAPPER = re.compile(r"(?:model\\?\.)?language_model\\?\.(?:model\\?\.)?")  # around the text model of others
HEAD_PATHS = ("lm_head",)
TOKEN_PATHS = ("model.embed_tokens", "model.tok_embeddings", "transformer.wte", "backbone.embeddings")
_SHARED = ("shared_experts", "shared_expert", "shared_mlp")


class Patterns:
    """A list of modules by names, parts of paths, wildcards and regular expressions."""

    def __init__(self, given: Iterable[str]) -> None:
        plain, expressions = set(), []
        for name in (_WRAPPER.sub("model.", name) for name in given):
            if name.startswith("re:"):
                expressions.append(name[3:])
            elif any(mark in name for mark in "*?["):
                wild = translate(name).removesuffix(r"\Z").removesuffix(r"\z")
                expressions.append(rf"(?:.*\.)?{wild}(?:\..*)?\Z")
            else:
                plain.add(name.removesuffix(".weight").strip("."))
        self._plain = frozenset(plain)
        self._expressions = tuple(compiled for one in expressions if (compiled := _compiled(one)))
        self.by_layer = any(re.search(r"\d", name) for name in (*plain, *expressions))

    def __bool__(self) -> bool:
        return bool(self._plain or self._expressions)

    def covers(self, paths: tuple[str, ...]) -> bool:
        """Whether the list means a matrix that goes by one of these paths."""
        return any(self._is_named(path) or any(one.match(path) for one in self._expressions) for path in paths)

    def _is_named(self, path: str) -> bool:
        """Whether a name of the list is the path, or any whole pieces of it."""
        pieces = path.split(".")
        n = len(pieces)
        return any(".".join(pieces[i:j]) in self._plain for i in range(n) for j in range(i + 1, n + 1))


def _compiled(expression: str) -> re.Pattern[str] | None:
    try:
        return re.compile(expression)
    except re.error:  # a list that cannot be read leaves nothing out
        return None


def paths(block: Block | None, matrix: Linear, layer: int) -> tuple[str, ...]:
    """What files may call a matrix of a layer's block, or of what stands outside the layers."""
    leaves = _LEAVES.get(matrix.role, (matrix.name,))
    if block is None:
        return leaves
    if matrix.part == "experts":
        holders: tuple[str, ...] = tuple(f"{m}.experts{n}" for m, n in product(_MLP, (".0", "")))
    elif block.kind == "moe" and matrix.part == "mlp" and matrix.role in ("gate", "up", "down"):
        holders = tuple(f"{m}.{shared}" for m, shared in product(_MLP, _SHARED))
    elif matrix.part in ("mlp", "router"):
        holders = _MLP
    else:
        holders = _ATTENTION if block.score or block.kind == "indexer" else _SCANS
    return tuple(f"model.layers.{layer}.{holder}.{leaf}" for holder, leaf in product(holders, leaves))
