"""A whole decoder: embedding, layers, last norm and head, as a family's configuration lays them out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from xlcalc.model import matrices
from xlcalc.model.config import Config
from xlcalc.model.layers import Block, Layer, Linear, Vector, attention, mlp, norm

_NO_HEAD = Linear("head", 1, 1, matrices.HEAD, copies=0)


class Architecture(NamedTuple):
    """Layers in order (equal neighbours together), and what stands before and after them.

    `notes` say what was left out (towers, multi-token prediction); `assumed` what no file says and the count rests on,
    which makes it an estimate. The first `n_encoder` of `layers` read the input as a whole and generate nothing.
    """

    layers: tuple[Layer, ...]
    embeddings: tuple[Vector, ...]
    outer: tuple[Linear, ...]
    norms: tuple[Vector, ...]
    notes: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    n_encoder: int = 0

    @property
    def kind(self) -> str:
        """decoder, encoder or encoder-decoder."""
        if self.n_encoder == 0:
            return "decoder"
        return "encoder" if self.n_encoder == len(self.layers) else "encoder-decoder"

    @property
    def head(self) -> Linear:
        """What it ends in; of a body alone one that costs nothing."""
        return self.outer[-1] if self.outer else _NO_HEAD

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader of the count should know: that it is an estimate and why, and what it leaves out."""
        return (*(f"estimate: {text}" for text in self.assumed), *self.notes)

    @property
    def n_layers(self) -> int:
        return sum(layer.times for layer in self.layers)

    def blocks(self) -> Iterator[tuple[int, Block]]:
        """Every block with how often it stands."""
        for layer in self.layers:
            for block in layer.blocks:
                yield layer.times, block

    def linears(self) -> Iterator[tuple[int, Linear]]:
        """Every matrix with how often it stands, the head last."""
        for layer in self.layers:
            for matrix in layer.linears():
                yield layer.times, matrix
        for matrix in self.outer:
            yield 1, matrix

    def vectors(self) -> Iterator[tuple[int, Vector]]:
        """Every parameter outside matrix products with how often it stands."""
        for layer in self.layers:
            for vector in layer.vectors():
                yield layer.times, vector
        for vector in (*self.embeddings, *self.norms):
            yield 1, vector


def assemble(
    c: Config,
    layers: Iterable[Layer],
    *,
    positions: int = 0,
    norm_bias: bool = False,
    final_norm: bool = True,
    head_bias: bool = False,
    tied: bool | None = None,
    d_embedding: int | None = None,
    extra_tokens: int = 0,
    norms: Sequence[Vector] = (),
    embeddings: Sequence[Vector] = (),
    outer: Sequence[Linear] = (),
    notes: Sequence[str] = (),
) -> Architecture:
    """The usual decoder around `layers`: token embedding, a last norm, a head that may be the embedding again.

    `positions` is the number of learned positions, `d_embedding` the width of embedding and head where it is not that
    of the layers, `extra_tokens` those that are embedded but never predicted; `norms`, `embeddings` and `outer` are
    what else stands outside the layers.
    """
    d_model, vocab = c["hidden_size"], c["vocab_size"]
    d_embedding = d_embedding or d_model
    tied = bool(c.get("tie_word_embeddings", False)) if tied is None else tied
    token = (Vector("tokens", (vocab + extra_tokens) * d_embedding, "embedding"),)
    learned = (Vector("positions", positions * d_model, "embedding"),) if positions else ()
    head = Linear("head", d_embedding, vocab, matrices.HEAD, copies=0 if tied else 1)
    last = (norm(d_model, bias=norm_bias),) if final_norm else ()
    if head_bias:  # no tied embedding has one, so it counts however the head is made
        norms = (*norms, Vector("head_bias", vocab, "head"))
    if c.towers:
        notes = (*notes, f"text part only: {', '.join(c.towers)} left out")
    if c.get("num_nextn_predict_layers") or c.get("mtp_num_hidden_layers"):
        notes = (*notes, "multi-token-prediction layers left out")
    return Architecture(
        tuple(merged(layers)), (*token, *learned, *embeddings), (*outer, head), (*last, *norms), tuple(notes)
    )


def merged(layers: Iterable[Layer]) -> list[Layer]:
    """Neighbouring equal layers as one with their counts summed."""
    found: list[Layer] = []
    times: list[int] = []
    for layer in layers:
        if layer.times <= 0:
            continue
        if found and (layer is found[-1] or layer._replace(times=found[-1].times) == found[-1]):
            times[-1] += layer.times
        else:
            found.append(layer)
            times.append(layer.times)
    return [layer._replace(times=n) for layer, n in zip(found, times, strict=True)]


def heads(c: Config) -> tuple[int, int, int]:
    """n_heads, n_kv_heads and head_dim, the last two derived where the configuration leaves them out."""
    n_heads = c["num_attention_heads"]
    head_dim = c.get("head_dim") or c["hidden_size"] // n_heads
    n_kv_heads = c.get("num_key_value_heads") or n_heads
    for count in (n_heads, n_kv_heads, head_dim):
        if type(count) is not int:
            raise TypeError(f"{c.model_type} has heads of one number in all layers; got {str(count)[:40]}")
    return n_heads, n_kv_heads, head_dim


def windows(
    c: Config, slides: Callable[[int], bool] = lambda layer: True, *, window: int | None = None
) -> list[int | None]:
    """Each layer's attention window, None = unbounded: by `layer_types`, or where there are none by `slides(layer)`."""
    window = window or c.get("sliding_window")
    assumed = ["sliding_attention" if slides(layer) else "full_attention" for layer in range(c["num_hidden_layers"])]
    kinds = layer_kinds(c, assumed, "sliding_attention", "full_attention")
    return [window if kind == "sliding_attention" else None for kind in kinds]


def layer_types(c: Config) -> list[str] | None:
    """The configuration's own list of layer types, one a layer, if it has one."""
    types = c.get("layer_types")
    if types is None:
        return None
    if len(types) != c["num_hidden_layers"]:
        raise ValueError(f"has {len(types)} layer_types for num_hidden_layers = {c['num_hidden_layers']}")
    return list(types)


# names that configurations of earlier releases of transformers have
_LAYER_NAMES = {
    "mamba": "linear_attention",
    "attention": "full_attention",
    "deepseek_sparse_attention": "indexed_attention",
    "qwen_sparse_attention": "indexed_attention",
}


def layer_kinds(c: Config, default: Sequence[str], *allowed: str) -> list[str]:
    """Each layer's type in today's names: the configuration's list, else `default`. Refuses others than `allowed`."""
    kinds = [_LAYER_NAMES.get(kind, kind) for kind in layer_types(c) or default]
    if len(kinds) != c["num_hidden_layers"]:
        raise ValueError(f"has a pattern of {len(kinds)} layers for num_hidden_layers = {c['num_hidden_layers']}")
    unknown = sorted(set(kinds) - set(allowed))
    if unknown:
        raise ValueError(f"has layers of type {', '.join(unknown)}, unknown for model_type {c.model_type!r}")
    return kinds


def decoder(
    c: Config,
    *,
    head_dim: int | None = None,
    n_kv_heads: int | None = None,
    attention_bias: bool = False,
    qkv_bias: bool | None = None,
    o_bias: bool | None = None,
    qk_norm: str = "",
    qk_norm_bias: bool = False,
    attention_gate: bool = False,
    d_ff: int | None = None,
    gated: bool = True,
    mlp_bias: bool = False,
    n_norms: int = 2,
    norm_bias: bool = False,
    blocks: Sequence[Block] = (),
    vectors: Sequence[Vector] = (),
    windows: Sequence[int | None] | None = None,
    **around: Any,
) -> Architecture:
    """A decoder whose layers are one attention and one MLP with `n_norms` norms; families differ in the options.

    `attention_bias` stands for both `qkv_bias` and `o_bias`; `blocks` and `vectors` are what else every layer has;
    `around` is handed to `assemble`.
    """
    c.require("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size")
    if d_ff is None:
        c.require("intermediate_size")
    d_model = c["hidden_size"]
    n_heads, given_kv_heads, given_head_dim = heads(c)
    feed_forward = mlp(d_model, d_ff or c["intermediate_size"], gated=gated, bias=mlp_bias)
    norms = (*(norm(d_model, bias=norm_bias),) * n_norms, *vectors)

    def layer(window: int | None) -> Layer:
        mixer = attention(
            d_model,
            n_heads,
            n_kv_heads or given_kv_heads,
            head_dim or given_head_dim,
            qkv_bias=attention_bias if qkv_bias is None else qkv_bias,
            o_bias=attention_bias if o_bias is None else o_bias,
            qk_norm=qk_norm,
            qk_norm_bias=qk_norm_bias,
            window=window,
            gate=attention_gate,
        )
        return Layer(1, (mixer, *blocks, feed_forward), norms)

    reaches = windows or [None] * c["num_hidden_layers"]
    made = {reach: layer(reach) for reach in set(reaches)}
    return assemble(c, [made[reach] for reach in reaches], norm_bias=norm_bias, **around)
