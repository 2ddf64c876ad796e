"""What one token does in each pass of training: matrix products, memory-bound operators, attention, scans.

Reduced once per model to sums over its layers, divided by how tensor parallelism splits them (Shoeybi et al. 2019;
Korthikanti et al. 2022, section 4.2): `column` matrices split their outputs, `row` matrices their inputs, the others
stand whole on every rank and run on its own share of the sequence.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from xlcalc.model.architecture import Architecture
from xlcalc.model.layers import Block, Layer, Linear
from xlcalc.model.spec import ModelSpec

_DROPOUT = {"gpt2": 0.1}  # what transformers' configuration classes assume for attn_pdrop
SCANS = frozenset(("mamba", "mamba2", "delta", "linear", "conv", "rg_lru"))


@dataclass(eq=False)
class Matmuls:
    """Sums over matrix products of one kind: `weights` elements, elements a token reads and writes, products."""

    weights: float = 0
    whole: float = 0  # elements of inputs and outputs a token that are as wide on every rank
    split: float = 0  # those that tensor parallelism divides
    products: float = 0

    def add(self, times: float, d_in: int, d_out: int, kind: str, weights: float) -> None:
        self.weights += times * weights
        self.products += times
        inputs, outputs = times * d_in, times * d_out
        if kind == "column":
            self.whole, self.split = self.whole + inputs, self.split + outputs
        elif kind == "row":
            self.whole, self.split = self.whole + outputs, self.split + inputs
        else:
            self.whole += inputs + outputs


@dataclass(eq=False)
class Again:
    """What selective recomputation runs once more where no scores are kept: norms, activation functions, and the
    expansion of latents into heads (DeepSeek-V3 2024, sections 3.2.3 and 3.3.3)."""

    latents: Matmuls = field(default_factory=Matmuls)
    stream_whole: float = 0
    stream_split: float = 0
    kernels: float = 0


@dataclass(eq=False)
class Experts:
    """Sums over mixtures of experts: what a token meets, and what stands in memory."""

    blocks: float = 0
    weights: float = 0  # elements of all experts
    active: float = 0  # elements that a token passes
    activations: Matmuls = field(default_factory=Matmuls)  # inputs and outputs of a token's experts, without weights
    dispatched: float = 0  # elements a token sends to one of its experts
    biased: float = 0  # elements of a token's gates where experts have biases
    n_experts: int = 0
    per_token: float = 0


@dataclass(eq=False)
class Work:
    """A model's layers as sums (`layers` of them), and its head.

    `stream_*` are elements that memory-bound operators move for a token, forward and backward: `whole` ones stand in
    the region that sequence parallelism divides, `split` ones in the one that tensor parallelism divides.
    """

    layers: int = 0
    d_model: int = 0
    split: Matmuls = field(default_factory=Matmuls)
    whole: Matmuls = field(default_factory=Matmuls)
    head: Matmuls = field(default_factory=Matmuls)
    experts: Experts = field(default_factory=Experts)
    again: Again = field(default_factory=Again)
    stream_whole: float = 0
    stream_whole_backward: float = 0
    stream_split: float = 0
    stream_split_backward: float = 0
    scores: dict[int | None, tuple[float, float]] = field(default_factory=dict)  # by reach: multiply-adds a pair, heads
    attention_io: float = 0  # elements of q, k, v and the output a token
    kv: float = 0  # of these the keys and values
    kv_layers: float = 0
    scan: float = 0  # multiply-adds of recurrences and filters a token
    tp_regions: float = 0  # pairs of all-gather and reduce-scatter in a forward pass
    kernels: float = 0  # launched for a forward pass besides the matrix products
    vocab: int = 0
    n_heads: int = 0
    logits: float = 0  # computed a token, with those of multi-token prediction
    unfused_heads: float = 0  # query heads of all layers where attention trains with dropout, as GPT-2 and GPT-3 do
    params_split: float = 0
    params_whole: float = 0
    params_experts: float = 0
    params_embedding: float = 0
    params_head: float = 0
    all_layers: tuple[Layer, ...] = ()


def _add_matrices(work: Work, times: int, block: Block) -> None:
    """The products outside routed experts; matrices with the same input run as one, as frameworks fuse them."""
    columns: dict[int, list[Linear]] = {}
    split = False
    for matrix in block.linears:
        kind = matrix.split
        if kind == "experts":
            continue
        split = split or kind != "whole"
        if kind == "column":
            columns.setdefault(matrix.d_in, []).append(matrix)
        else:
            (work.split if kind == "row" else work.whole).add(times, matrix.d_in, matrix.d_out, kind, matrix.macs)
    for d_in, fused in columns.items():
        expanded = [m for m in fused if m.role in ("q_up", "kv_up")]
        for sums, matrices in ((work.split, fused), (work.again.latents, expanded)):
            if matrices:
                sums.add(times, d_in, sum(m.d_out for m in matrices), "column", sum(m.macs for m in matrices))
    work.tp_regions += times if split else 0
    work.stream_split_backward += times * sum(m.bias for m in block.linears)  # a bias's gradient reads the output's


def _add_experts(work: Work, times: int, block: Block) -> None:
    """Routed experts, and what they give back weighted and summed: one copy of what is sent in either pass.

    Dispatchers permute tokens as they send them (DeepEP's hybrid kernels), which costs no pass of its own.
    """
    e = work.experts
    inputs = 0.0
    for matrix in block.linears:
        if matrix.split != "experts":
            continue
        e.weights += times * matrix.copies * matrix.d_in * matrix.d_out
        e.active += times * matrix.macs
        e.n_experts = max(e.n_experts, matrix.copies)
        e.per_token = max(e.per_token, matrix.active)
        e.activations.whole += times * matrix.active * matrix.d_out
        if matrix.role == "down":
            e.blocks += times
            e.dispatched += times * matrix.active * matrix.d_out
            e.activations.whole += times * matrix.active * matrix.d_in
            e.activations.products += 2 * times
            work.stream_whole += times * matrix.active * matrix.d_out
            work.stream_whole_backward += times * matrix.active * matrix.d_out
        else:
            inputs = matrix.active * matrix.d_in
            e.biased += times * matrix.active * matrix.d_out if matrix.bias else 0
    e.activations.whole += times * inputs


def _add_activation_function(work: Work, times: int, block: Block) -> None:
    """Gated or not: forward reads the gates and writes the hidden width, backward reads both and writes gates."""
    mlp = [m for m in block.linears if m.role in ("gate", "up", "down")]
    hidden = sum(m.active * m.d_in for m in mlp if m.role == "down")
    gates = sum(m.active * m.d_out for m in mlp if m.role != "down")
    if hidden:
        work.stream_split += times * (gates + hidden)
        work.again.stream_split += times * (gates + hidden)
        work.again.kernels += times
        work.stream_split_backward += times * (2 * gates + hidden)
        work.kernels += times


def _add_attention(work: Work, times: int, block: Block) -> None:
    """Scores and values, norms of queries and keys, and their rotation (or the split of fused outputs in its place)."""
    outputs = {m.role: m.d_out for m in block.linears}
    queries = outputs.get("q", outputs.get("q_up", 0))
    keys = outputs.get("k", outputs.get("kv_up", 0))
    values = outputs.get("v", 0)
    out = next((m.d_in for m in block.linears if m.role == "o"), queries)
    work.attention_io += times * (queries + keys + values + out)
    work.kv += times * (keys + values)
    work.kv_layers += times
    reach = block.window if block.attended is None else block.attended * block.stride
    score, heads = work.scores.get(reach, (0.0, 0.0))
    work.scores[reach] = score + times * block.score / block.stride, heads + times * work.n_heads / block.stride
    work.stream_split += 2 * times * (queries + keys)
    work.stream_split_backward += 2 * times * (queries + keys)
    work.kernels += 3 * times
    if "q" in outputs and any(vector.part == "norm" for vector in block.vectors):
        width = outputs["q"] + outputs.get("k", 0)
        work.stream_split += 2 * times * width
        work.stream_split_backward += 3 * times * width
        work.kernels += 2 * times


def _add_scan(work: Work, times: int, block: Block) -> None:
    """Filter, activation, chunked scan and gated norm, each reading and writing its input's width."""
    width = sum(m.d_out for m in block.linears if m.split == "column" and m.role != "step")
    work.scan += times * block.scan
    work.stream_split += 8 * times * width
    work.stream_split_backward += 16 * times * width
    work.kernels += 6 * times


def _add_layer(work: Work, layer: Layer) -> None:
    for block in layer.blocks:
        _add_matrices(work, layer.times, block)
        _add_experts(work, layer.times, block)
        _add_activation_function(work, layer.times, block)
        if block.score:
            _add_attention(work, layer.times, block)
        if block.kind in SCANS:
            _add_scan(work, layer.times, block)
    # a norm reads and writes, backward reads input and gradient and writes one; each branch ends in a residual sum
    passes = layer.times * len(layer.norms) * work.d_model
    work.stream_whole += (2 + 3) * passes
    work.stream_whole_backward += (3 + 3) * passes
    work.kernels += 2 * layer.times * len(layer.norms)
    work.again.stream_whole += 2 * passes
    work.again.kernels += layer.times * len(layer.norms)
    work.params_whole += layer.times * sum(vector.size for vector in layer.vectors())
    for matrix in layer.linears():
        params = layer.times * matrix.params
        if matrix.part == "experts":
            work.params_experts += params
        elif matrix.split == "whole":
            work.params_whole += params
        else:
            work.params_split += params


def _prediction_layer(architecture: Architecture) -> Layer:
    """A multi-token-prediction layer: the last attention and feed-forward blocks (DeepSeek-V3 2024, section 2.2)."""
    blocks = [block for layer in architecture.layers for block in layer.blocks]
    mixers = [block for block in blocks if block.score]
    feed_forwards = [block for block in blocks if block.kind in ("mlp", "moe")]
    return Layer(1, (*mixers[-1:], *feed_forwards[-1:]), architecture.layers[-1].norms)


def _reduce(model: ModelSpec) -> Work:
    architecture, c = model.architecture, model.text_config
    head = architecture.outer[-1]
    work = Work(layers=architecture.n_layers, d_model=c.get("hidden_size") or head.d_in, vocab=head.d_out)
    work.n_heads = c.get("num_attention_heads") or 0
    for layer in architecture.layers:
        _add_layer(work, layer)
    work.all_layers = architecture.layers
    depth = c.get("num_nextn_predict_layers") or c.get("mtp_num_hidden_layers") or 0
    for _ in range(depth):
        work.all_layers += (_prediction_layer(architecture),)
        _add_layer(work, work.all_layers[-1])
        work.whole.add(1, 2 * work.d_model, work.d_model, "whole", 2 * work.d_model**2)
        work.params_whole += 2 * work.d_model**2
    for matrix in architecture.outer:
        work.head.add(
            1 + depth, matrix.d_in, matrix.d_out, "column", (1 + depth) * matrix.active * matrix.d_in * matrix.d_out
        )
        work.params_head += matrix.params
    work.logits = (1 + depth) * work.vocab
    work.params_embedding = sum(vector.size for vector in architecture.embeddings)
    work.params_whole += sum(vector.size for vector in architecture.norms)
    if c.get("attn_pdrop", _DROPOUT.get(c.model_type, 0)) > 0:
        work.unfused_heads = c["num_attention_heads"] * work.kv_layers
    return work


_KEPT = 256
_works: OrderedDict[int, tuple[Architecture, Work]] = OrderedDict()


def work_of(model: ModelSpec) -> Work:
    """The sums of a model, kept for the last models asked for."""
    architecture = model.architecture
    kept = _works.get(id(architecture))
    if kept is not None and kept[0] is architecture:
        return kept[1]
    work = _reduce(model)
    _works[id(architecture)] = architecture, work
    while len(_works) > _KEPT:
        _works.popitem(last=False)
    return work
