"""What a decoder is built of: matrices, vectors and the cache that a block keeps.

A family turns a configuration into `Layer`s of `Block`s; parameters, FLOP, cache and weight bytes are sums over them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from xlcalc.model import matrices
from xlcalc.model.matrices import Kind

# tables whose rows are not looked up by a token's number
_SCALED = 128  # elements of an 8-bit cache that share a scale
_OTHER_TABLES = frozenset((
    "positions", "segments", "initial_state", "types", "tasks", "places", "frames", "relative_positions",
    "global_tokens",
))  # fmt: skip


class Linear(NamedTuple):
    """`copies` matrices d_in x d_out with `bias` further elements each, of which a token passes `active`.

    `kind` says what it is part of, how tensor parallelism splits it, and what number formats take it for; a family
    chooses one of `matrices` or declares its own, for there is none by default. A matrix used again elsewhere (a tied
    head, a shared block) has copies = 0 there: it costs FLOP, not parameters.
    """

    name: str
    d_in: int
    d_out: int
    kind: Kind
    bias: int = 0
    copies: int = 1
    active: float = 1

    @property
    def part(self) -> str:
        return self.kind.part

    @property
    def split(self) -> str:
        return self.kind.split

    @property
    def role(self) -> str:
        return self.kind.role

    @property
    def divided(self) -> str:
        """The side that tensor parallelism divides: an expert's as that of any other matrix in its role."""
        return ("row" if self.role in ("down", "o") else "column") if self.split == "experts" else self.split

    @property
    def elements(self) -> int:
        """Elements of all copies, biases left out."""
        return self.copies * self.d_in * self.d_out

    @property
    def params(self) -> int:
        return self.copies * (self.d_in * self.d_out + self.bias)

    @property
    def active_params(self) -> float:
        return min(self.copies, self.active) * (self.d_in * self.d_out + self.bias)

    @property
    def macs(self) -> float:
        """Multiply-adds of one token."""
        return self.active * self.d_in * self.d_out


class Vector(NamedTuple):
    """Parameters that take part in no matrix product: norm weights, filters, gates, decay rates."""

    name: str
    size: int
    part: str = "norm"

    @property
    def by_token(self) -> bool:
        """Whether a token's row is looked up in it, as in the embedding of the vocabulary."""
        return self.part == "embedding" and self.name not in _OTHER_TABLES


class Block(NamedTuple):
    """A mixer (attention, state space, convolution) or an MLP.

    `cache` elements are kept for each token (of the last `window` where there is one), `state` and `conv_state`
    elements for a sequence of any length. `score` is n_heads (d_qk + d_v): multiply-adds of one token with one earlier
    token, `decode_score` where decoding computes them otherwise (in the latent space of MLA); `scan` those of one token
    in filters and recurrences, which stand in no matrix.
    `kv_heads` is how many ways tensor parallelism can split the cache: 0 = not at all (a shared latent).
    Compressed caches keep `cache` elements for every `stride` tokens and `pending` for each that still waits to be
    compressed; sparse attention scores `attended` entries at most. `beside_8bit` bytes are kept of a token beside its
    elements where those take 8 bits: scales, and what stays in 16 bit.
    """

    linears: tuple[Linear, ...] = ()
    vectors: tuple[Vector, ...] = ()
    kind: str = ""
    cache: int = 0
    window: int | None = None
    state: int = 0
    conv_state: int = 0
    score: int = 0
    decode_score: int = 0
    kv_heads: int = 0
    scan: float = 0
    stride: int = 1
    pending: int = 0
    attended: int | None = None
    beside_8bit: int = 0


class Layer(NamedTuple):
    """Blocks and norms that stand together so many `times`."""

    times: int
    blocks: tuple[Block, ...]
    norms: tuple[Vector, ...] = ()

    def linears(self) -> Iterator[Linear]:
        for block in self.blocks:
            yield from block.linears

    def vectors(self) -> Iterator[Vector]:
        yield from self.norms
        for block in self.blocks:
            yield from block.vectors


def norm(size: int, *, bias: bool = False, name: str = "norm") -> Vector:
    """A normalisation's weight, and its bias where it has one."""
    return Vector(name, size * (2 if bias else 1))


def linear(name: str, d_in: int, d_out: int, kind: Kind, *, bias: bool = False) -> Linear:
    """One matrix of a layer, with a bias for each output where it has one."""
    return Linear(name, d_in, d_out, kind, d_out if bias else 0)


def reused(block: Block) -> Block:
    """The block once more with the same weights: it costs FLOP and keeps a cache of its own, but no parameters."""
    return block._replace(linears=tuple(matrix._replace(copies=0) for matrix in block.linears), vectors=())


def attention(
    d_model: int,
    n_heads: int,
    n_kv_heads: int,
    head_dim: int,
    *,
    v_dim: int | None = None,
    qkv_bias: bool = False,
    o_bias: bool = False,
    qk_norm: str = "",
    qk_norm_bias: bool = False,
    window: int | None = None,
    d_out: int | None = None,
    shared_cache: bool = False,
    gate: bool = False,
    sinks: bool = False,
) -> Block:
    """Softmax attention with grouped key/value heads (MHA where n_kv_heads = n_heads, MQA where it is 1).

    `qk_norm`: "" none; "head" one weight of head_dim for queries and one for keys; "full" over all heads at once.
    `shared_cache`: this layer reads another layer's keys and values and keeps none. `gate`: a matrix whose outputs
    scale those of the heads. `sinks`: a learned logit for each head.
    """
    v_dim = v_dim or head_dim
    q, k, v = n_heads * head_dim, n_kv_heads * head_dim, n_kv_heads * v_dim
    norms: tuple[Vector, ...] = ()
    if qk_norm:
        sizes = (head_dim, head_dim) if qk_norm == "head" else (q, k)
        norms = tuple(norm(s, bias=qk_norm_bias, name=n) for s, n in zip(sizes, ("q_norm", "k_norm"), strict=True))
    if sinks:
        norms += (Vector("sinks", n_heads, "attention"),)
    return Block(
        (
            linear("q", d_model, q, matrices.Q, bias=qkv_bias),
            linear("k", d_model, k, matrices.K, bias=qkv_bias),
            linear("v", d_model, v, matrices.V, bias=qkv_bias),
            linear("o", n_heads * v_dim, d_out or d_model, matrices.O, bias=o_bias),
            *((linear("output_gate", d_model, n_heads * v_dim, matrices.HEAD_GATE),) if gate else ()),
        ),
        norms,
        kind="sliding" if window else "attention",
        cache=0 if shared_cache else k + v,
        window=window,
        score=n_heads * (head_dim + v_dim),
        kv_heads=n_kv_heads,
    )


def latent_attention(
    d_model: int,
    n_heads: int,
    *,
    q_rank: int | None,
    kv_rank: int,
    d_nope: int,
    d_rope: int,
    d_v: int,
    bias: bool = False,
    window: int | None = None,
    attended: int | None = None,
) -> Block:
    """Multi-head latent attention (DeepSeek-V2, 2024, section 2.1): a token's cache is one latent and one rotary key.

    Queries pass a bottleneck of q_rank where it is set. `d_nope` and `d_rope` are a head's widths without and with
    positions, `d_v` its values'. Scores count the heads as expanded, as training and prefill compute them; decoding
    absorbs the expansion into queries and outputs, so that each head meets the latent itself. Kernels of sparse
    attention keep an 8-bit latent with a scale in single precision for every 128 elements, and the rotary key in 16
    bit: 656 bytes for DeepSeek-V3.2 (deepseek-ai/FlashMLA, README, FP8 KV cache).
    """
    q = n_heads * (d_nope + d_rope)
    queries: tuple[Linear, ...] = (linear("q", d_model, q, matrices.Q),)
    norms: tuple[Vector, ...] = (norm(kv_rank, name="kv_norm"),)
    if q_rank:
        queries = (linear("q_a", d_model, q_rank, matrices.Q_DOWN, bias=bias), linear("q_b", q_rank, q, matrices.Q_UP))
        norms = (norm(q_rank, name="q_norm"), *norms)
    return Block(
        (
            *queries,
            linear("kv_a", d_model, kv_rank + d_rope, matrices.KV_DOWN, bias=bias),
            linear("kv_b", kv_rank, n_heads * (d_nope + d_v), matrices.KV_UP),
            linear("o", n_heads * d_v, d_model, matrices.O, bias=bias),
        ),
        norms,
        kind="latent",
        cache=kv_rank + d_rope,
        window=window,
        score=n_heads * (d_nope + d_rope + d_v),
        decode_score=n_heads * (kv_rank + d_rope + kv_rank),
        attended=attended,
        beside_8bit=4 * -(-kv_rank // _SCALED) + d_rope if attended else 0,
    )


def indexer(d_model: int, d_query: int, n_heads: int, d_head: int, *, weighted: bool = True) -> Block:
    """What chooses tokens for sparse attention (DeepSeek-V3.2, 2025, section 2.1): heads that score one key a token.

    `d_query` is the width that its queries come from; `weighted` where a token also weighs its heads.
    """
    weights = (linear("index_weights", d_model, n_heads, matrices.INDEXER),) if weighted else ()
    return Block(
        (
            linear("index_q", d_query, n_heads * d_head, matrices.INDEXER),
            linear("index_k", d_model, d_head, matrices.INDEXER),
            *weights,
        ),
        (norm(d_head, bias=True, name="k_norm"),),
        kind="indexer",
        cache=d_head,
        score=n_heads * d_head,
        beside_8bit=4 * -(-d_head // _SCALED),
    )


def mlp(
    d_model: int,
    d_ff: int,
    *,
    gated: bool = True,
    bias: bool = False,
    kinds: matrices.FeedForward = matrices.MLP,
) -> Block:
    """A feed-forward block: up and down, and a gate where it is gated (SwiGLU, GeGLU)."""
    gate = (linear("gate", d_model, d_ff, kinds.gate, bias=bias),) if gated else ()
    return Block(
        (*gate, linear("up", d_model, d_ff, kinds.up, bias=bias), linear("down", d_ff, d_model, kinds.down, bias=bias)),
        kind="mlp",
    )


def moe(
    d_model: int,
    n_experts: int,
    experts_per_token: int,
    d_expert: int,
    *,
    gated: bool = True,
    bias: bool = False,
    router_bias: bool = False,
    correction: bool = False,
    d_shared: int = 0,
    shared_bias: bool = False,
    shared_gate: bool = False,
    d_latent: int = 0,
    latent_bias: bool = False,
) -> Block:
    """Routed experts and their router; `d_shared` is the summed width of experts that every token passes.

    `correction` is a stored bias for each expert that only routing reads; `shared_gate` scales the shared experts.
    With `d_latent` the routed experts work in that width, between a projection into it and one out of it.
    """
    expert = [
        layer._replace(copies=n_experts, active=experts_per_token)
        for layer in mlp(d_latent or d_model, d_expert, gated=gated, bias=bias, kinds=matrices.EXPERTS).linears
    ]
    router = linear("router", d_model, n_experts, matrices.ROUTER, bias=router_bias)
    vectors = (Vector("router_correction", n_experts, "router"),) if correction else ()
    shared = (
        mlp(d_model, d_shared, gated=gated, bias=shared_bias, kinds=matrices.SHARED_EXPERTS).linears if d_shared else ()
    )
    gate = (linear("shared_gate", d_model, 1, matrices.SHARED_GATE),) if shared_gate else ()
    latent = (
        linear("latent_in", d_model, d_latent, matrices.EXPERT_LATENT, bias=latent_bias),
        linear("latent_out", d_latent, d_model, matrices.EXPERT_LATENT, bias=latent_bias),
    )
    return Block((router, *expert, *shared, *gate, *(latent if d_latent else ())), vectors, kind="moe")
