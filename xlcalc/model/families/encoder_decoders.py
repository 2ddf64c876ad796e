"""Encoder-decoders: BART and its heirs, Whisper and Moonshine, and what all encoder-decoders are assembled from.

The decoder's second attention keeps keys and values of the source: as many as the source has tokens, or Whisper's
frames. Sources: the paper named at each family, and transformers models/<model type>/modeling_*.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture, merged
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.families.encoders import table, without_cache
from xlcalc.model.families.heads import class_name, classifier, n_labels
from xlcalc.model.layers import Block, Layer, Linear, Vector, attention, linear, mlp, moe, norm

_BOTH = "a token of a forward pass is one that is read and one that is written"
_SECOND = "the decoder alone, with its attention to a source"


def both(
    c: Config,
    encoder: Sequence[Layer],
    decoder: Sequence[Layer],
    *,
    tables: Sequence[Vector],
    norms: Sequence[Vector] = (),
    outer: Sequence[Linear] = (),
    d_model: int = 0,
    tied: bool | None = None,
) -> Architecture:
    """Both stacks over one token embedding, and the class's head: none for a body, a classifier, or the vocabulary.

    A body has both stacks, an EncoderModel the first alone, and a class ForCausalLM the second alone, with its
    attention to a source: `encoder` is empty then.
    """
    task, d_model = class_name(c)[1], d_model or c["hidden_size"]
    first = tuple(merged(without_cache(encoder)))
    layers = first if task == "EncoderModel" else (*first, *merged(decoder))
    tied = bool(c.get("tie_word_embeddings", True)) if tied is None else tied
    head: list[Linear] = []
    if task in ("", "ConditionalGeneration", "SpeechSeq2Seq") or (task == "CausalLM" and not encoder):
        head = [Linear("head", d_model, c["vocab_size"], matrices.HEAD, copies=0 if tied else 1)]
    elif task == "SequenceClassification":
        dense = linear("classifier_dense", d_model, d_model, matrices.HEAD_INPUT, bias=True)
        head = [dense, classifier(d_model, n_labels(c))]
    elif task == "QuestionAnswering":
        head = [classifier(d_model, 2)]
    elif task not in ("Model", "EncoderModel"):
        raise ValueError(f"names the class {str(c.architectures)[:80]}, which is not known for {c.model_type}")
    notes = (_BOTH if encoder else _SECOND,)
    return Architecture(layers, tuple(tables), (*outer, *head), tuple(norms), notes, n_encoder=len(first))


def cross(block: Block, *, frames: int = 0) -> Block:
    """The attention to the source: its cache has a place for each token of it, or for so many frames of sound."""
    block = block._replace(kind="cross_attention")
    return block._replace(cache=0, conv_state=frames * block.cache) if frames else block


def renamed(block: Block) -> Block:
    """A second attention of a layer, its matrices told apart from those of the first."""
    return block._replace(linears=tuple(m._replace(name=f"cross_{m.name}") for m in block.linears))


def bart_like(
    c: Config,
    *,
    offset: int = 0,
    learned: bool = True,
    embedding_norm: bool = False,
    last_norm: bool = False,
    key_bias: bool = True,
    frames: int = 0,
    tables: Sequence[Vector] = (),
    outer: Sequence[Linear] = (),
    experts: bool = False,
    n_tables: int = 2,
) -> Architecture:
    """Lewis et al. 2019: GPT's layers in both stacks; heirs differ in positions and in norms outside the layers.

    `n_tables`: stacks that embed tokens for themselves, beside the common table, where that is not the head.
    """
    d_model = c["d_model"]
    stacks: dict[str, list[Layer]] = {}
    norms: list[Vector] = []
    for name in ("decoder",) if _is_decoder(c) else ("encoder", "decoder"):
        n_heads = c[f"{name}_attention_heads"]
        mixer = attention(d_model, n_heads, n_heads, d_model // n_heads, qkv_bias=True, o_bias=True)
        if not key_bias:
            mixer = mixer._replace(
                linears=tuple(m._replace(bias=0 if m.name == "k" else m.bias) for m in mixer.linears)
            )
        dense = mlp(d_model, c[f"{name}_ffn_dim"], gated=False, bias=True)
        step = c.get(f"{name}_sparse_step", 0) if experts else 0
        layers = []
        for i in range(c[f"{name}_layers"]):
            forward = _routed(c, c[f"{name}_ffn_dim"]) if step and (i + 1) % step == 0 else dense
            blocks = (mixer, forward) if name == "encoder" else (mixer, renamed(cross(mixer, frames=frames)), forward)
            layers.append(Layer(1, blocks, (norm(d_model, bias=True),) * len(blocks)))
        stacks[name] = layers
        norms += [norm(d_model, bias=True)] * (embedding_norm + last_norm)
    positions = []
    if learned:
        positions = [table("positions", len(stacks) * (c["max_position_embeddings"] + offset), d_model)]
    tokens = Vector("tokens", c["vocab_size"] * d_model, "embedding")
    shared = c.get("tie_word_embeddings", True) or not n_tables or _is_decoder(c)
    apart = [] if shared else [table("tokens", n_tables * c["vocab_size"], d_model)]
    tables = [tokens, *positions, *apart, *tables]
    encoder, decoder = stacks.get("encoder", ()), stacks["decoder"]
    return both(c, encoder, decoder, tables=tables, norms=norms, outer=outer, d_model=d_model)


def _is_decoder(c: Config) -> bool:
    """Whether the class is the decoder alone."""
    return class_name(c)[1] == "CausalLM"


def _routed(c: Config, d_ff: int) -> Block:
    return moe(c["d_model"], c["num_experts"], 2, d_ff, gated=False, bias=True, router_bias=c.flag("router_bias"))


@family("bart", "plbart", "mvp")
def bart(c: Config) -> Architecture:
    """Lewis et al. 2019, Ahmad et al. 2021, Tang et al. 2022: two positions more than used, a norm after embedding."""
    if c.flag("use_prompt"):
        raise ValueError("has use_prompt, and the prompts of MVP, which stand before each attention, are not declared")
    return bart_like(c, offset=2, embedding_norm=True)


@family("mbart")
def mbart(c: Config) -> Architecture:
    """Liu et al. 2020: norms before each half, so one at the end too."""
    return bart_like(c, offset=2, embedding_norm=True, last_norm=True)


@family("blenderbot-small")
def blenderbot_small(c: Config) -> Architecture:
    """Roller et al. 2020, 90M."""
    return bart_like(c, embedding_norm=True)


@family("pegasus", "blenderbot")
def pegasus(c: Config) -> Architecture:
    """Zhang et al. 2019, Roller et al. 2020: a table of positions (fixed ones in Pegasus), a norm at the end."""
    return bart_like(c, last_norm=True)


@family("pegasus_x")
def pegasus_x(c: Config) -> Architecture:
    """Phang et al. 2022: computed positions, and tokens in the encoder that all others attend to."""
    tokens = table("global_tokens", c["num_global_tokens"], c["d_model"])
    whole = bart_like(c, learned=False, last_norm=True, tables=[tokens])
    own = norm(c["d_model"], bias=True, name="global_norm")
    first = tuple(layer._replace(norms=(*layer.norms, own)) for layer in whole.layers[: whole.n_encoder])
    bare = tuple(without_bias(layer) for layer in (*first, *whole.layers[whole.n_encoder :]))
    return whole._replace(layers=bare)


def without_bias(layer: Layer) -> Layer:
    blocks = tuple(
        b._replace(linears=tuple(m._replace(bias=0) if m.part == "attention" else m for m in b.linears))
        for b in layer.blocks
    )
    return layer._replace(blocks=blocks)


@family("marian")
def marian(c: Config) -> Architecture:
    """Junczys-Dowmunt et al. 2018: fixed positions, norms after each half; source and target may embed apart."""
    apart = not c.get("share_encoder_decoder_embeddings", True)
    vocab = c.get("decoder_vocab_size") or c["vocab_size"]
    if _is_decoder(c):
        own = Config({**c.raw, "vocab_size": vocab})
        own.architectures = c.architectures
        return bart_like(own)
    tables = [table("targets", vocab, c["d_model"])] if apart else []
    whole = bart_like(c, tables=tables, n_tables=0 if apart else 2)
    if not apart or vocab == c["vocab_size"]:
        return whole
    outer = tuple(m._replace(d_out=vocab) if m.name == "head" else m for m in whole.outer)
    return whole._replace(outer=outer)


@family("m2m_100")
def m2m_100(c: Config) -> Architecture:
    """Fan et al. 2020; NLLB (Costa-jussa et al. 2022): computed positions, a norm at the end."""
    return bart_like(c, learned=False, last_norm=True)


@family("nllb-moe")
def nllb_moe(c: Config) -> Architecture:
    """Costa-jussa et al. 2022: NLLB with experts, two for each token, in every few layers."""
    return bart_like(c, learned=False, last_norm=True, experts=True)


@family("whisper")
def whisper(c: Config) -> Architecture:
    """Radford et al. 2022: two convolutions over 30 seconds of sound, whose 1,500 frames the decoder attends to."""
    d_model, frames = c["d_model"], c["max_source_positions"]
    convolutions = [
        linear("conv1", 3 * c["num_mel_bins"], d_model, matrices.CONVOLVED, bias=True),
        linear("conv2", 3 * d_model, d_model, matrices.CONVOLVED, bias=True),
    ]
    tables = [table("frames", frames, d_model), table("positions", c["max_target_positions"], d_model)]
    if _is_decoder(c):
        convolutions, tables = [], tables[1:]
    return bart_like(
        c, learned=False, last_norm=True, key_bias=False, frames=frames, tables=tables, outer=convolutions, n_tables=0
    )


@family("moonshine")
def moonshine(c: Config) -> Architecture:
    """Jeffries et al. 2024: three convolutions over sound as it is, rotary positions, a gated decoder."""
    d, d_ff, bias = c["hidden_size"], c["intermediate_size"], c.flag("attention_bias")
    stacks: list[list[Layer]] = []
    for name in ("encoder", "decoder"):
        n_heads = c[f"{name}_num_attention_heads"]
        n_kv_heads = c.get(f"{name}_num_key_value_heads") or n_heads
        mixer = attention(d, n_heads, n_kv_heads, d // n_heads, qkv_bias=bias)
        forward = mlp(d, d_ff, gated=name == "decoder", bias=True)
        blocks: tuple[Block, ...] = (mixer, forward)
        blocks = blocks if name == "encoder" else (mixer, renamed(cross(mixer)), forward)
        stacks.append([Layer(c[f"{name}_num_hidden_layers"], blocks, (norm(d),) * len(blocks))])
    convolutions: list[Any] = [
        linear("conv1", 127, d, matrices.CONVOLVED),
        linear("conv2", 7 * d, 2 * d, matrices.CONVOLVED, bias=True),
        linear("conv3", 6 * d, d, matrices.CONVOLVED, bias=True),
    ]  # fmt: skip
    tokens = [Vector("tokens", c["vocab_size"] * d, "embedding")]
    return both(c, *stacks, tables=tokens, norms=[norm(d), norm(d), norm(d, bias=True)], outer=convolutions)
