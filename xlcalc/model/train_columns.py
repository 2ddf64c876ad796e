"""What one token does in each pass of training, as sums over a model's layers: columns of `coefficients`.

Matrices with the same input run as one, as frameworks fuse them (Korthikanti et al. 2022, section 4.2). Activations
are those of the same paper, generalised from s b h (34 + 5 a s / h) to what each block keeps for its backward pass: the
inputs of its matrices, and the outputs that a nonlinear operator reads.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from xlcalc.model.architecture import Architecture
from xlcalc.model.coefficients import TrainScores
from xlcalc.model.config import Config
from xlcalc.model.layers import Block, Layer, Linear

SCANS = frozenset(("mamba", "mamba2", "delta", "linear", "conv", "rg_lru"))
_DROPOUT = {"gpt2": 0.1}  # what transformers' configuration classes assume for attn_pdrop
_NUMBERS = frozenset((
    *(f"{kind}_{field}" for kind in ("split", "replicated", "head", "latents")
      for field in ("weights", "replicated", "divided", "products")),
    "params_split", "params_replicated", "params_experts", "params_embedding", "params_head", "n_experts",
    "experts_per_token", "experts_weights", "experts_active", "experts_replicated", "experts_products",
    "experts_dispatched", "experts_biased", "stream_whole", "stream_whole_backward", "stream_split",
    "stream_split_backward", "again_stream_whole", "again_stream_split", "again_kernels", "attention_io", "kv",
    "kv_layers", "tp_regions", "logits", "unfused_heads", "train_layers", "train_expert_blocks", "train_kernels",
    "train_scan", "saved_inputs_whole", "saved_inputs_split", "saved_values_whole", "saved_values_split",
    "saved_attended", "saved_again_inputs_whole", "saved_again_inputs_split", "saved_again_values_split",
    "saved_mask", "saved_norms", "saved_gated", "n_heads",
))  # fmt: skip
Sums = defaultdict[str, float]


def train_columns(architecture: Architecture, c: Config) -> dict[str, Any]:
    """The columns of training. `c` says what layers do not: heads, dropout, multi-token-prediction layers."""
    sums: Sums = defaultdict(float)
    scores: dict[int | None, tuple[float, float]] = {}
    head = architecture.outer[-1]
    d_model, n_heads = c.get("hidden_size") or head.d_in, c.get("num_attention_heads") or 0
    sums["n_heads"] = n_heads
    depth = c.get("num_nextn_predict_layers") or c.get("mtp_num_hidden_layers") or 0
    layers = _merged(*architecture.layers, *(_prediction_layer(architecture),) * depth)
    for layer in layers:
        _add_layer(sums, scores, layer, d_model, n_heads)
    for _ in range(depth):
        _add_product(sums, "replicated", 1, 2 * d_model, d_model, "whole", 2 * d_model**2)
        sums["params_replicated"] += 2 * d_model**2
    for matrix in architecture.outer:
        macs = (1 + depth) * matrix.active * matrix.d_in * matrix.d_out
        _add_product(sums, "head", 1 + depth, matrix.d_in, matrix.d_out, "column", macs)
        sums["params_head"] += matrix.params
    sums["logits"] = (1 + depth) * head.d_out
    sums["params_embedding"] = sum(vector.size for vector in architecture.embeddings)
    sums["params_replicated"] += sum(vector.size for vector in architecture.norms)
    dropout = c.get("attn_pdrop", _DROPOUT.get(c.model_type, 0)) > 0
    if dropout:
        sums["unfused_heads"] = c["num_attention_heads"] * sums["kv_layers"]
    for layer in layers:
        _save_layer(sums, layer, d_model, dropout=dropout)
    by_reach = tuple(TrainScores(pair, heads, reach or 0) for reach, (pair, heads) in scores.items())
    return {**dict.fromkeys(_NUMBERS, 0), **sums, "d_model": d_model, "train_scores": by_reach}


def _merged(*layers: Layer) -> list[Layer]:
    """Layers with those that are alike as one, wherever they stand: all that follows are sums over them."""
    times: Counter[Layer] = Counter()
    for layer in layers:
        times[layer._replace(times=0)] += layer.times
    return [layer._replace(times=n) for layer, n in times.items()]


def _prediction_layer(architecture: Architecture) -> Layer:
    """A multi-token-prediction layer: the last attention and feed-forward blocks (DeepSeek-V3 2024, section 2.2)."""
    blocks = [block for layer in architecture.layers for block in layer.blocks]
    mixers = [block for block in blocks if block.score]
    feed_forwards = [block for block in blocks if block.kind in ("mlp", "moe")]
    return Layer(1, (*mixers[-1:], *feed_forwards[-1:]), architecture.layers[-1].norms)


def _add_product(sums: Sums, kind: str, times: float, d_in: int, d_out: int, split: str, weights: float) -> None:
    sums[f"{kind}_weights"] += times * weights
    sums[f"{kind}_products"] += times
    inputs, outputs = times * d_in, times * d_out
    divided = {"column": outputs, "row": inputs}.get(split, 0)
    sums[f"{kind}_replicated"] += inputs + outputs - divided
    sums[f"{kind}_divided"] += divided


def _add_layer(
    sums: Sums, scores: dict[int | None, tuple[float, float]], layer: Layer, d_model: int, n_heads: int
) -> None:
    times = layer.times
    sums["train_layers"] += times
    for block in layer.blocks:
        _add_matrices(sums, times, block)
        _add_experts(sums, times, block)
        _add_activation_function(sums, times, block)
        if block.score:
            _add_attention(sums, times, block)
            reach = block.window if block.attended is None else block.attended * block.stride
            pair, heads = scores.get(reach, (0.0, 0.0))
            scores[reach] = pair + times * block.score / block.stride, heads + times * n_heads / block.stride
        if block.kind in SCANS:
            _add_scan(sums, times, block)
    # a norm reads and writes, backward reads input and gradient and writes one; each branch ends in a residual sum
    passes = times * len(layer.norms) * d_model
    sums["stream_whole"] += (2 + 3) * passes
    sums["stream_whole_backward"] += (3 + 3) * passes
    sums["train_kernels"] += 2 * times * len(layer.norms)
    sums["again_stream_whole"] += 2 * passes
    sums["again_kernels"] += times * len(layer.norms)
    sums["params_replicated"] += times * sum(vector.size for vector in layer.vectors())
    for matrix in layer.linears():
        held = {"experts": "params_experts", "whole": "params_replicated"}.get(matrix.split, "params_split")
        sums[held] += times * matrix.params


def _add_matrices(sums: Sums, times: int, block: Block) -> None:
    """The products outside routed experts; matrices with the same input run as one, as frameworks fuse them."""
    columns: dict[int, list[Linear]] = {}
    is_split = False
    for matrix in block.linears:
        if matrix.split == "experts":
            continue
        is_split = is_split or matrix.split != "whole"
        if matrix.split == "column":
            columns.setdefault(matrix.d_in, []).append(matrix)
        else:
            kind = "split" if matrix.split == "row" else "replicated"
            _add_product(sums, kind, times, matrix.d_in, matrix.d_out, matrix.split, matrix.macs)
    for d_in, fused in columns.items():
        expanded = [m for m in fused if m.role in ("q_up", "kv_up")]
        for kind, matrices in (("split", fused), ("latents", expanded)):
            if matrices:
                d_out, macs = sum(m.d_out for m in matrices), sum(m.macs for m in matrices)
                _add_product(sums, kind, times, d_in, d_out, "column", macs)
    sums["tp_regions"] += times if is_split else 0
    sums["stream_split_backward"] += times * sum(m.bias for m in block.linears)  # a bias's gradient reads the output's


def _add_experts(sums: Sums, times: int, block: Block) -> None:
    """Routed experts, and what they give back weighted and summed: one copy of what is sent in either pass.

    Dispatchers permute tokens as they send them (DeepEP's hybrid kernels), which costs no pass of its own.
    """
    inputs = 0.0
    for matrix in block.linears:
        if matrix.split != "experts":
            continue
        sums["experts_weights"] += times * matrix.elements
        sums["experts_active"] += times * matrix.macs
        sums["n_experts"] = max(sums["n_experts"], matrix.copies)
        sums["experts_per_token"] = max(sums["experts_per_token"], matrix.active)
        outputs = times * matrix.active * matrix.d_out
        sums["experts_replicated"] += outputs
        if matrix.role == "down":
            sums["train_expert_blocks"] += times
            sums["experts_dispatched"] += outputs
            sums["experts_replicated"] += times * matrix.active * matrix.d_in
            sums["experts_products"] += 2 * times
            sums["stream_whole"] += outputs
            sums["stream_whole_backward"] += outputs
        else:
            inputs = matrix.active * matrix.d_in
            sums["experts_biased"] += outputs if matrix.bias else 0
    sums["experts_replicated"] += times * inputs


def _add_activation_function(sums: Sums, times: int, block: Block) -> None:
    """Gated or not: forward reads the gates and writes the hidden width, backward reads both and writes gates."""
    mlp = [m for m in block.linears if m.role in ("gate", "up", "down")]
    hidden = sum(m.active * m.d_in for m in mlp if m.role == "down")
    gates = sum(m.active * m.d_out for m in mlp if m.role != "down")
    if hidden:
        sums["stream_split"] += times * (gates + hidden)
        sums["again_stream_split"] += times * (gates + hidden)
        sums["again_kernels"] += times
        sums["stream_split_backward"] += times * (2 * gates + hidden)
        sums["train_kernels"] += times


def _add_attention(sums: Sums, times: int, block: Block) -> None:
    """Scores and values, norms of queries and keys, and their rotation (or the split of fused outputs in its place)."""
    outputs = {m.role: m.d_out for m in block.linears}
    queries = outputs.get("q", outputs.get("q_up", 0))
    keys = outputs.get("k", outputs.get("kv_up", 0))
    values = outputs.get("v", 0)
    out = next((m.d_in for m in block.linears if m.role == "o"), queries)
    sums["attention_io"] += times * (queries + keys + values + out)
    sums["kv"] += times * (keys + values)
    sums["kv_layers"] += times
    sums["stream_split"] += 2 * times * (queries + keys)
    sums["stream_split_backward"] += 2 * times * (queries + keys)
    sums["train_kernels"] += 3 * times
    if "q" in outputs and any(vector.part == "norm" for vector in block.vectors):
        width = outputs["q"] + outputs.get("k", 0)
        sums["stream_split"] += 2 * times * width
        sums["stream_split_backward"] += 3 * times * width
        sums["train_kernels"] += 2 * times


def _add_scan(sums: Sums, times: int, block: Block) -> None:
    """Filter, activation, chunked scan and gated norm, each reading and writing its input's width."""
    width = sum(m.d_out for m in block.linears if m.split == "column" and m.role != "step")
    sums["train_scan"] += times * block.scan
    sums["stream_split"] += 8 * times * width
    sums["stream_split_backward"] += 16 * times * width
    sums["train_kernels"] += 6 * times


def _save_layer(sums: Sums, layer: Layer, d_model: int, *, dropout: bool) -> None:
    """Norms keep their inputs, blocks what `_save_block` says, dropout a byte an element."""
    for kept in ("saved_values_whole", "saved_norms"):
        sums[kept] += layer.times * len(layer.norms) * d_model
    for block in layer.blocks:
        _save_block(sums, layer.times, block, d_model)
        sums["saved_mask"] += layer.times * d_model if dropout else 0


def _save_block(sums: Sums, times: int, block: Block, d_model: int) -> None:
    whole_inputs = {m.d_in for m in block.linears if m.split in ("column", "whole") and m.active}
    if any(m.role == "gate" for m in block.linears):
        sums["saved_gated"] += times * sum(m.active * m.d_in for m in block.linears if m.role == "down")
    sums["saved_inputs_whole"] += times * sum(whole_inputs)
    sums["saved_again_inputs_whole"] += times * d_model if d_model in whole_inputs else 0  # a norm's output
    for matrix in block.linears:
        inputs, outputs = times * matrix.active * matrix.d_in, times * matrix.active * matrix.d_out
        if matrix.split == "row":
            sums["saved_inputs_split"] += times * matrix.d_in
            if matrix.role == "down":
                sums["saved_again_inputs_split"] += times * matrix.d_in
            if block.score:
                sums["saved_attended"] += times * matrix.d_in
        elif matrix.split == "column":
            sums["saved_values_split"] += outputs
        elif matrix.split == "experts":  # a rank's tokens are its share of the sequence, whatever stands on it
            sums["saved_values_whole"] += outputs
            if matrix.role == "down":
                sums["saved_inputs_whole"] += inputs
                sums["saved_again_inputs_whole"] += inputs
        elif matrix.part == "attention":  # latents, read by a norm
            for kept in ("saved_values_whole", "saved_norms"):
                sums[kept] += times * matrix.d_out
    first = next((m for m in block.linears if m.split == "experts"), None)
    if first:
        sums["saved_inputs_whole"] += times * first.active * first.d_in
    if block.kind == "latent":  # keys and values as expanded for the heads
        up = {m.role: m.d_out for m in block.linears if m.role in ("q_up", "kv_up")}
        repeated = max(0, block.score - up.get("kv_up", 0))
        sums["saved_values_split"] += times * repeated
        sums["saved_again_values_split"] += times * (repeated + sum(up.values()))
    if block.kind in SCANS:  # what the filter hands to the scan, and the scan to the gate
        handed = sum(m.d_in for m in block.linears if m.split == "row" and m.role != "step")
        sums["saved_values_split"] += 2 * times * handed
    if any(vector.name in ("q_norm", "k_norm") for vector in block.vectors) and block.kind != "latent":
        for kept in ("saved_values_split", "saved_norms"):
            sums[kept] += times * sum(m.d_out for m in block.linears if m.role in ("q", "k"))
