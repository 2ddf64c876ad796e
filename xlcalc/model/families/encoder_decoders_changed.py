"""Encoder-decoders that change BART's attention, tables or ends: for long texts, for sound, for pictures of text.

Sources: the paper named at each family, and transformers models/<model type>/modeling_*.py for what it leaves open.
"""

from __future__ import annotations

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.families.encoder_decoders import bart_like, both, cross, renamed, without_bias
from xlcalc.model.families.encoders import table
from xlcalc.model.families.heads import class_name
from xlcalc.model.layers import Block, Layer, Vector, attention, linear, mlp, norm


@family("led")
def led(c: Config) -> Architecture:
    """Beltagy et al. 2020: BART whose encoder is Longformer's, with positions for longer sources."""
    d = c["d_model"]
    tables = [table("positions", c[f"max_{stack}_position_embeddings"], d) for stack in ("encoder", "decoder")]
    whole = bart_like(c, learned=False, embedding_norm=True, tables=tables)
    own = {"q": matrices.Q, "k": matrices.K, "v": matrices.V}
    everywhere = tuple(linear(f"global_{name}", d, d, kind, bias=True) for name, kind in own.items())
    first = []
    for layer in whole.layers[: whole.n_encoder]:
        mixer, forward = layer.blocks
        first.append(layer._replace(blocks=(mixer._replace(linears=(*mixer.linears, *everywhere)), forward)))
    return whole._replace(layers=(*first, *whole.layers[whole.n_encoder :]))


@family("bigbird_pegasus")
def bigbird_pegasus(c: Config) -> Architecture:
    """Zaheer et al. 2020: Pegasus with BigBird's encoder and a norm after embedding."""
    whole = bart_like(c, embedding_norm=True)
    if class_name(c)[1] == "CausalLM":  # the one decoder of these whose head is its own
        whole = whole._replace(outer=tuple(m._replace(copies=1) for m in whole.outer))
    return whole if c.flag("use_bias") else whole._replace(layers=tuple(map(without_bias, whole.layers)))


@family("fsmt")
def fsmt(c: Config) -> Architecture:
    """Ng et al. 2019: source and target embed apart, and the body has the head's matrix too."""
    d, target = c["d_model"], c["tgt_vocab_size"]
    tied = c.flag("tie_word_embeddings")
    if tied and c["src_vocab_size"] != target:
        raise ValueError("has tie_word_embeddings, and a src_vocab_size that is not its tgt_vocab_size")
    sized = Config({**c.raw, "vocab_size": target, "tie_word_embeddings": tied})
    sized.architectures = ["FSMTForConditionalGeneration"]
    source = [] if tied else [table("sources", c["src_vocab_size"], d)]
    positions = table("positions", 2 * (c["max_position_embeddings"] + 2), d)
    return bart_like(sized, learned=False, tables=[*source, positions], n_tables=0)


@family("prophetnet")
def prophetnet(c: Config) -> Architecture:
    """Qi et al. 2020: a decoder that predicts several tokens at once, with biases of distances from its states."""
    d, alone = c["hidden_size"], class_name(c)[1] == "CausalLM"
    stacks: dict[str, list[Layer]] = {}
    for name in ("encoder", "decoder"):
        n_heads, d_ff = c[f"num_{name}_attention_heads"], c[f"{name}_ffn_dim"]
        mixer = attention(d, n_heads, n_heads, d // n_heads, qkv_bias=True, o_bias=True)
        forward = mlp(d, d_ff, gated=False, bias=True)
        blocks: tuple[Block, ...] = (mixer, forward)
        if name == "decoder":
            distances = linear("distances", d, c["num_buckets"] * n_heads, matrices.HEAD_GATE, bias=True)
            own = mixer._replace(linears=(*mixer.linears, distances))
            second = (renamed(cross(mixer)),) if c.get("add_cross_attention", True) else ()
            blocks = (own, *second, forward)
        stacks[name] = [Layer(c[f"num_{name}_layers"], blocks, (norm(d, bias=True),) * len(blocks))]
    n_stacks = 1 if alone else 2
    n_tables = 1 if c.get("tie_word_embeddings", True) else 1 + n_stacks  # each stack's own beside the common one
    tables = [Vector("tokens", n_tables * c["vocab_size"] * d, "embedding"), table("ngrams", c["ngram"], d)]
    positions = table("positions", n_stacks * c["max_position_embeddings"], d)
    first = [] if alone else stacks["encoder"]
    return both(c, first, stacks["decoder"], tables=[*tables, positions], norms=[norm(d, bias=True)] * n_stacks)


@family("speech_to_text")
def speech_to_text(c: Config) -> Architecture:
    """Wang et al. 2020: convolutions with gates over the spectrum, computed positions, a norm at the end."""
    d, kernels, wide = c["d_model"], c["conv_kernel_sizes"], c["conv_channels"]
    channels, convolutions = c["input_feat_per_channel"] * c["input_channels"], []
    for i, kernel in enumerate(kernels):
        out = 2 * d if i == len(kernels) - 1 else wide
        convolutions.append(linear(f"conv{i + 1}", kernel * channels, out, matrices.CONVOLVED, bias=True))
        channels = wide // 2
    return bart_like(c, learned=False, last_norm=True, outer=convolutions, n_tables=0)


@family("trocr")
def trocr(c: Config) -> Architecture:
    """Li et al. 2021: BART's decoder alone, which reads a picture's states."""
    alone = Config(c.raw)
    alone.architectures = ["TrOCRForCausalLM"]
    learned, normed = c.get("use_learned_position_embeddings", True), c.get("layernorm_embedding", True)
    whole = bart_like(alone, offset=2, learned=bool(learned), embedding_norm=bool(normed))
    read = c.get("cross_attention_hidden_size") or c["d_model"]
    layers = []
    for layer in whole.layers:
        sized = (
            b._replace(
                linears=tuple(m._replace(d_in=read) if m.name in ("cross_k", "cross_v") else m for m in b.linears)
            )
            for b in layer.blocks
        )
        layers.append(layer._replace(blocks=tuple(sized)))
    return whole._replace(layers=tuple(layers))
