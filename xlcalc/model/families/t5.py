"""Encoder-decoders of Google's: T5 and its heirs, from relative positions to Gemma's layers in both stacks.

Sources: the paper named at each family, and transformers models/<model type>/modeling_*.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from xlcalc.model.architecture import Architecture, merged, windows
from xlcalc.model.config import Config, family_defaults
from xlcalc.model.families import family
from xlcalc.model.families.encoder_decoders import both, cross, renamed
from xlcalc.model.families.encoders import table, without_cache
from xlcalc.model.families.heads import class_name, classifier, n_labels
from xlcalc.model.layers import Block, Layer, Vector, attention, mlp, moe, norm, reused


@family("t5", "mt5", "umt5", "longt5")
def t5(c: Config) -> Architecture:
    """Raffel et al. 2019, Xue et al. 2020, Chung et al. 2023 (UMT5: positions in each layer), Guo et al. 2021."""
    gated = str(c.get("feed_forward_proj", "relu")).startswith("gated")
    n_encoder, n_decoder = c["num_layers"], c.get("num_decoder_layers") or c["num_layers"]
    mixer, forward = _t5_attention(c), mlp(c["hidden_size"], c["d_ff"], gated=gated)
    every = c.model_type == "umt5"
    local = [_t5_norm(c, "global")] if c.get("encoder_attention_type") == "transient-global" else []
    encoder = _t5_layers(c, n_encoder, (mixer, forward), every, local)
    decoder = _t5_layers(c, n_decoder, (mixer, renamed(cross(mixer)), forward), every)
    if local:  # one more table of positions, for the global tokens
        encoder = [encoder[0]._replace(norms=(*encoder[0].norms, _positions(c))), *encoder[1:]]
    return _t5(c, encoder, decoder)


def _t5(c: Config, encoder: Sequence[Layer], decoder: Sequence[Layer]) -> Architecture:
    d_model = c["hidden_size"]
    last = [norm(d_model)] * (1 if class_name(c)[1] == "EncoderModel" else 2)
    tokens = [Vector("tokens", c["vocab_size"] * d_model, "embedding")]
    if class_name(c)[1] == "TokenClassification":
        whole = both(_encoder_only(c), encoder, decoder, tables=tokens, norms=last[:1])
        return whole._replace(outer=(classifier(d_model, n_labels(c)),))
    return both(c, encoder, decoder, tables=tokens, norms=last)


def _encoder_only(c: Config) -> Config:
    return Config({**c.raw, "architectures": ["T5EncoderModel"]})


def _t5_attention(c: Config) -> Block:
    n_heads = c["num_heads"]
    return attention(c["hidden_size"], n_heads, n_heads, c["d_kv"])


def _t5_norm(c: Config, name: str) -> Vector:
    return norm(c["hidden_size"], name=name)


def _positions(c: Config) -> Vector:
    return Vector("relative_positions", c["relative_attention_num_buckets"] * c["num_heads"], "attention")


def _t5_layers(
    c: Config, times: int, blocks: tuple[Block, ...], every: bool, more: Sequence[Vector] = ()
) -> list[Layer]:
    """Layers with a norm before each block; the first, or each, holds the table of relative positions."""
    norms = (*(norm(c["hidden_size"]),) * len(blocks), *more)
    first = Layer(1, blocks, (*norms, _positions(c)))
    if every:
        return [first._replace(times=times)]
    return [first, *([Layer(times - 1, blocks, norms)] if times > 1 else [])]


@family("switch_transformers")
def switch(c: Config) -> Architecture:
    """Fedus et al. 2021: T5 with experts, one for each token, in some layers."""
    d_model = c["hidden_size"]
    dense = mlp(d_model, c["d_ff"], gated=False)
    sparse = moe(d_model, c["num_experts"], 1, c["d_ff"], gated=False, router_bias=c.flag("router_bias"))
    mixer = _t5_attention(c)
    stacks = []
    for name, n_layers, blocks in (
        ("encoder", c["num_layers"], (mixer,)),
        ("decoder", c.get("num_decoder_layers") or c["num_layers"], (mixer, renamed(cross(mixer)))),
    ):
        n_sparse = c.get(f"num_sparse_{name}_layers", 3)
        step = c.get(f"{name}_sparse_step") or (n_layers // n_sparse if n_sparse else 0)
        layers: list[Layer] = []
        for i in range(n_layers):
            experts = bool(step) and (i % step == 1 or step == 1)
            (layer,) = _t5_layers(c, 1, (*blocks, sparse if experts else dense), every=i == 0)
            layers.append(layer if i == 0 else layer._replace(norms=layer.norms[:-1]))
        stacks.append(layers)
    whole = _t5(c, *stacks)
    if c.get("tie_word_embeddings", True):
        return whole
    return whole._replace(embeddings=(*whole.embeddings, table("tokens", 2 * c["vocab_size"] * c["hidden_size"], 1)))


@family("t5gemma")
def t5gemma(c: Config) -> Architecture:
    """Zhang et al. 2025: Gemma 2's layers in both stacks, each with an embedding of its own; its encoder alone."""
    stacks, tables, norms = [], [], []
    task = class_name(c)[1]
    sorts = task in ("SequenceClassification", "TokenClassification")
    alone = task == "EncoderModel" or (sorts and not c.get("is_encoder_decoder", True))
    for name in ("encoder",) if alone else ("encoder", "decoder"):
        own = Config({**c.nested(name), "model_type": "gemma2"})
        d_model, n_heads = own["hidden_size"], own["num_attention_heads"]
        shape = (d_model, n_heads, own.get("num_key_value_heads") or n_heads, own["head_dim"])
        mixer, forward = attention(*shape, qkv_bias=own.flag("attention_bias")), mlp(d_model, own["intermediate_size"])
        blocks = (mixer, forward) if name == "encoder" else (mixer, renamed(cross(mixer)), forward)
        stacks.append([Layer(own["num_hidden_layers"], blocks, (norm(d_model),) * (2 * len(blocks)))])
        tables.append(Vector("tokens", own["vocab_size"] * d_model, "embedding"))
        norms.append(norm(d_model))
        vocab = own["vocab_size"]
    sized = Config({**c.raw, "vocab_size": vocab, "hidden_size": d_model})
    sized.architectures = c.architectures
    ends = (classifier(d_model, n_labels(c)),) if sorts else ()
    if alone:
        layers = tuple(merged(without_cache(stacks[0])))
        return Architecture(layers, tuple(tables), ends, tuple(norms), n_encoder=len(layers))
    if not sorts:
        return both(sized, *stacks, tables=tables, norms=norms)
    sized.architectures = ["T5GemmaModel"]
    return both(sized, *stacks, tables=tables, norms=norms)._replace(outer=ends)


@family("t5gemma2")
def t5gemma2(c: Config) -> Architecture:
    """Zhang et al. 2025: Gemma 3's layers in both stacks; the decoder's one attention reads its own tokens and the
    source with the same matrices. The embedding is shared, and has a row beside it for the end of an image."""
    assumed = family_defaults()["t5gemma2"]["decoder"]  # both stacks' classes assume the same
    encoder = Config({**assumed, **(c.nested("encoder").get("text_config") or {}), "model_type": "t5gemma2_text"})
    decoder = Config({**c.nested("decoder"), "model_type": "t5gemma2_decoder"})
    stacks = _gemma3_layers(encoder, is_decoder=False), _gemma3_layers(decoder, is_decoder=True)
    d_model, vocab = decoder["hidden_size"], decoder["vocab_size"]
    tables = [Vector("tokens", vocab * d_model, "embedding"), table("image_end", 1, d_model)]
    sized = Config({**c.raw, "vocab_size": vocab, "hidden_size": d_model})
    classified = class_name(c)[1] in ("SequenceClassification", "TokenClassification")
    sized.architectures = ["T5Gemma2Model"] if classified else c.architectures
    whole = both(sized, *stacks, tables=tables, norms=[norm(d_model)] * 2)
    whole = whole._replace(outer=(classifier(d_model, n_labels(c)),)) if classified else whole
    return whole._replace(notes=(*whole.notes, "text part only: the encoder's vision_config left out"))


def _gemma3_layers(c: Config, *, is_decoder: bool) -> list[Layer]:
    d_model, n_heads = c["hidden_size"], c["num_attention_heads"]
    every = c.get("sliding_window_pattern", 6)
    layers = []
    for window in windows(c, lambda i: (i + 1) % every != 0):
        mixer = attention(
            d_model, n_heads, c.get("num_key_value_heads") or n_heads, c["head_dim"],
            qkv_bias=c.flag("attention_bias"), o_bias=c.flag("attention_bias"), qk_norm="head", window=window,
        )  # fmt: skip
        blocks = (mixer, *((_source(mixer),) if is_decoder else ()), mlp(d_model, c["intermediate_size"]))
        layers.append(Layer(1, blocks, (norm(d_model),) * 4))
    return layers


def _source(mixer: Block) -> Block:
    """The reading of the source by the matrices of self-attention: its keys and values are kept beside, all of them."""
    again = reused(mixer)
    return cross(again._replace(linears=tuple(m for m in again.linears if m.name in ("k", "v")), window=None))
