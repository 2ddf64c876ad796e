"""Encoders: BERT and its heirs, as embedding models, rerankers and classifiers are served.

Sources: the paper named at each family, and transformers models/<model type>/modeling_*.py for what it leaves open.
Which head stands on the body is said by `architectures`; without it the body with its pooler is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture, heads, merged, windows
from xlcalc.model.config import RETRIEVED, Config
from xlcalc.model.families import family
from xlcalc.model.families.heads import class_name, classifier, n_labels
from xlcalc.model.layers import Block, Layer, Linear, Vector, attention, linear, mlp, norm, reused


class Ends(NamedTuple):
    """What classes of a family put on its body: `pooled` ones have a pooler; a language-model head is a dense matrix to
    `lm_width` with a norm, and the tied embedding; `dense` classifiers have a matrix of their own before the last.

    Most heads keep a bias of the vocabulary beside that of their matrix, which is the same where the matrix is tied."""

    pooled: tuple[str, ...] = ()
    lm_width: int = 0
    lm_bias: bool = True
    lm_norm_bias: bool = True
    lm_dense: bool = True
    vocab_biases: int = 2
    dense: tuple[str, ...] = ()
    dense_bias: bool = True
    dense_norm: bool = False
    pooler_width: int = 0
    own_head: bool = False


BERT = ("Model", "SequenceClassification", "NextSentencePrediction", "MultipleChoice", "PreTraining")
_TASKS = ("Model", "MaskedLM", "SequenceClassification", "TokenClassification", "QuestionAnswering", "PreTraining",
          "NextSentencePrediction", "MultipleChoice", "CausalLM", "Retrieval")  # fmt: skip


def table(name: str, size: int, width: int) -> Vector:
    """A table of embeddings beside that of the tokens."""
    return Vector(name, size * width, "embedding")


def encoder(
    c: Config,
    layers: Iterable[Layer],
    ends: Ends,
    *,
    tables: Sequence[Vector] = (),
    width: int = 0,
    norms: Sequence[Vector] = (),
    outer: Sequence[Linear] = (),
) -> Architecture:
    """Tokens and `tables`, layers, `norms`, and the head that the class has; `width` is that of the embedding."""
    d_model, vocab = c["hidden_size"], c["vocab_size"]
    width = width or d_model
    own = tuple(merged(without_cache(layers)))
    head, vectors, note = _head(c, ends, width)
    tokens = Vector("tokens", vocab * width, "embedding")
    return Architecture(
        own, (tokens, *tables), (*outer, *head), (*norms, *vectors), (note,) if note else (), n_encoder=len(own)
    )


def without_cache(layers: Iterable[Layer]) -> list[Layer]:
    """Layers that read their input at once and keep nothing of it."""
    return [layer._replace(blocks=tuple(b._replace(cache=0) for b in layer.blocks)) for layer in layers]


def _head(c: Config, ends: Ends, width: int) -> tuple[list[Linear], list[Vector], str]:
    task = class_name(c)[1] or "Model"
    d_model = c["hidden_size"]
    if task not in _TASKS:
        return [], [], f"the head of {c.architectures} is not known and left out"
    head: list[Linear] = []
    vectors: list[Vector] = []
    if task in ends.pooled:
        pooled = ends.pooler_width or d_model
        head.append(linear("pooler", pooled, pooled, matrices.HEAD_INPUT, bias=True))
    if task in ("MaskedLM", "PreTraining", "CausalLM"):
        lm_width = ends.lm_width or width
        if ends.lm_dense:
            head.append(linear("lm_dense", d_model, lm_width, matrices.HEAD_INPUT, bias=ends.lm_bias))
            vectors.append(norm(lm_width, bias=ends.lm_norm_bias, name="lm_norm")._replace(part="head"))
        tied = bool(c.get("tie_word_embeddings", True)) and not ends.own_head
        head.append(Linear("head", lm_width, c["vocab_size"], matrices.HEAD, copies=0 if tied else 1))
        biases = min(ends.vocab_biases, 1 if c.get("tie_word_embeddings", True) else 2)
        vectors.append(Vector("head_bias", biases * c["vocab_size"], "head"))
    if task in ends.dense:
        head.append(linear("classifier_dense", d_model, d_model, matrices.HEAD_INPUT, bias=ends.dense_bias))
        if ends.dense_norm:
            vectors.append(norm(d_model, bias=ends.lm_norm_bias, name="classifier_norm")._replace(part="head"))
    labels = dict.fromkeys(("SequenceClassification", "TokenClassification", "QuestionAnswering"), n_labels(c))
    labels |= {"MultipleChoice": 1, "PreTraining": 2, "NextSentencePrediction": 2, "Retrieval": c.get(RETRIEVED, 0)}
    if task in labels:
        head.append(classifier(d_model, labels[task]))
    return head, vectors, ""


def bert_layers(c: Config, *, bias: bool = True, gated: bool = False) -> list[Layer]:
    """Devlin et al. 2018: attention and MLP, each with a norm after it, biases everywhere; the decoder half of a pair
    (`is_decoder`, `add_cross_attention`) has a second attention, to the other half's states."""
    d_model, n_heads = c["hidden_size"], c["num_attention_heads"]
    if d_model % n_heads:
        raise ValueError(f"has a hidden_size of {d_model}, which {n_heads} heads cannot share evenly")
    mixer = attention(d_model, n_heads, n_heads, d_model // n_heads, qkv_bias=bias, o_bias=bias)
    blocks: tuple[Block, ...] = (mixer, mlp(d_model, c["intermediate_size"], gated=gated, bias=bias))
    if c.flag("is_decoder") and c.flag("add_cross_attention"):
        blocks = (mixer, mixer._replace(kind="cross_attention", score=0), blocks[1])
    return [Layer(c["num_hidden_layers"], blocks, (norm(d_model, bias=True),) * len(blocks))]


def tables_of(c: Config, width: int, *, positions: bool = True) -> list[Vector]:
    """Learned positions and token types, as many as the configuration has."""
    found = [table("positions", c["max_position_embeddings"], width)] if positions else []
    types = c.get("type_vocab_size", 0)
    return [*found, *([table("types", types, width)] if types else [])]


@family("bert", "ernie", "layoutlm")
def bert(c: Config) -> Architecture:
    """Devlin et al. 2018; ERNIE may embed tasks, LayoutLM (Xu et al. 2019) embeds where words stand."""
    d_model = c["hidden_size"]
    tables = tables_of(c, d_model)
    if c.flag("use_task_id"):
        tables.append(table("tasks", c["task_type_vocab_size"], d_model))
    if c.model_type == "layoutlm":
        tables.append(table("places", 4 * c["max_2d_position_embeddings"], d_model))
    pooled = (*BERT, "MaskedLM", "TokenClassification", "QuestionAnswering") if c.model_type == "layoutlm" else BERT
    return encoder(c, bert_layers(c), Ends(pooled), tables=tables, norms=[norm(d_model, bias=True)])


_DENSE = ("SequenceClassification",)
_POOLED = ("Model", "MultipleChoice")


@family("roberta", "xlm-roberta", "camembert", "data2vec-text", "ibert")
def roberta(c: Config) -> Architecture:
    """Liu et al. 2019, Conneau et al. 2019: classifiers with a matrix of their own and no pooler."""
    d_model = c["hidden_size"]
    tables = tables_of(c, d_model)
    return encoder(c, bert_layers(c), Ends(_POOLED, dense=_DENSE), tables=tables, norms=[norm(d_model, bias=True)])


@family("xlm-roberta-xl", "roberta-prelayernorm")
def roberta_xl(c: Config) -> Architecture:
    """Goyal et al. 2021, Ott et al. 2019: norms before each half and at the end."""
    d_model = c["hidden_size"]
    last = [norm(d_model, bias=True)] * (1 if c.model_type == "xlm-roberta-xl" else 2)
    return encoder(c, bert_layers(c), Ends(_POOLED, dense=_DENSE), tables=tables_of(c, d_model), norms=last)


@family("megatron-bert")
def megatron_bert(c: Config) -> Architecture:
    """Shoeybi et al. 2019: norms before each half and one at the end, none after the embedding."""
    d_model = c["hidden_size"]
    return encoder(c, bert_layers(c), Ends(BERT), tables=tables_of(c, d_model), norms=[norm(d_model, bias=True)])


@family("clip_text_model")
def clip_text(c: Config) -> Architecture:
    """Radford et al. 2021: the half of CLIP that reads, whose last token stands for the text."""
    d_model = c["hidden_size"]
    tables = tables_of(c, d_model)
    return encoder(c, bert_layers(c), Ends(), tables=tables, norms=[norm(d_model, bias=True)])


@family("mpnet")
def mpnet(c: Config) -> Architecture:
    """Song et al. 2020: one table of relative positions for all layers."""
    d_model = c["hidden_size"]
    relative = Vector("relative_positions", c["relative_attention_num_buckets"] * c["num_attention_heads"], "attention")
    ends = Ends(_POOLED, dense=_DENSE)
    return encoder(c, bert_layers(c), ends, tables=tables_of(c, d_model), norms=[norm(d_model, bias=True), relative])


@family("distilbert")
def distilbert(c: Config) -> Architecture:
    """Sanh et al. 2019: half of BERT's layers, no pooler, no token types."""
    d_model = c["hidden_size"]
    layers = bert_layers(Config({**c.raw, "intermediate_size": c["hidden_dim"]}))
    ends = Ends(dense=("SequenceClassification", "MultipleChoice"), vocab_biases=1)
    tables = [table("positions", c["max_position_embeddings"], d_model)]
    return encoder(c, layers, ends, tables=tables, norms=[norm(d_model, bias=True)])


@family("electra")
def electra(c: Config) -> Architecture:
    """Clark et al. 2020: an embedding that may be narrower, and a discriminator that judges each token."""
    d_model, width = c["hidden_size"], c["embedding_size"]
    projection = linear("embedding_projection", width, d_model, matrices.EMBEDDING_WIDTH, bias=True)
    wider = [projection] if width != d_model else []
    whole = encoder(
        c, bert_layers(c), Ends(("MultipleChoice",), dense=_DENSE, vocab_biases=1), tables=tables_of(c, width),
        width=width, norms=[norm(width, bias=True)], outer=wider,
    )  # fmt: skip
    if class_name(c)[1] != "PreTraining":
        return whole
    dense = linear("judge_dense", d_model, d_model, matrices.HEAD_INPUT, bias=True)
    judge = (dense, classifier(d_model, 1, name="judge"))
    return whole._replace(
        outer=(*wider, *judge), norms=tuple(vector for vector in whole.norms if vector.part != "head")
    )


@family("albert")
def albert(c: Config) -> Architecture:
    """Lan et al. 2019: a narrow embedding, and layers that share their weights in `num_hidden_groups` groups."""
    d_model, width = c["hidden_size"], c["embedding_size"]
    n_layers, n_groups, inner = c["num_hidden_layers"], c["num_hidden_groups"], c["inner_group_num"]
    (layer,) = bert_layers(c)
    again = Layer(n_layers * inner - n_groups * inner, tuple(map(reused, layer.blocks)))
    layers = [layer._replace(times=n_groups * inner), *([again] if again.times > 0 else [])]
    wider = linear("embedding_projection", width, d_model, matrices.EMBEDDING_WIDTH, bias=True)
    return encoder(
        c, layers, Ends(BERT, lm_width=width), tables=tables_of(c, width), width=width,
        norms=[norm(width, bias=True)], outer=[wider],
    )  # fmt: skip


@family("rembert")
def rembert(c: Config) -> Architecture:
    """Chung et al. 2020: a narrow embedding and a wider head of its own."""
    d_model, width = c["hidden_size"], c["input_embedding_size"]
    wider = linear("embedding_projection", width, d_model, matrices.EMBEDDING_WIDTH, bias=True)
    ends = Ends(BERT, lm_width=c.get("output_embedding_size", 1664), own_head=True, vocab_biases=1)
    return encoder(
        c, bert_layers(c), ends, tables=tables_of(c, width), width=width, norms=[norm(width, bias=True)], outer=[wider]
    )


@family("deberta")
def deberta(c: Config) -> Architecture:
    """He et al. 2020: attention to content and to relative positions, which one table holds for all layers."""
    d_model = c["hidden_size"]
    kinds = c.get("pos_att_type") or ()
    kinds = kinds.split("|") if isinstance(kinds, str) else list(kinds)
    d = d_model
    base = attention(d_model, c["num_attention_heads"], c["num_attention_heads"], d_model // c["num_attention_heads"])
    linears = [m._replace(bias=d if m.name in ("q", "v", "o") else 0) for m in base.linears]
    norms: list[Vector] = [norm(d_model, bias=True)]
    if c.flag("relative_attention"):
        linears += [linear("position_k", d, d, matrices.K)] if "c2p" in kinds else []
        linears += [linear("position_q", d, d, matrices.Q, bias=True)] if "p2c" in kinds else []
        norms.append(table("relative_positions", 2 * _reach(c), d))
    if c.flag("talking_head"):
        raise ValueError("has talking_head, whose matrices are not declared")
    forward = mlp(d_model, c["intermediate_size"], gated=False, bias=True)
    layers = [
        Layer(c["num_hidden_layers"], (base._replace(linears=tuple(linears)), forward), (norm(d, bias=True),) * 2)
    ]
    return _deberta(c, layers, norms)


@family("deberta-v2")
def deberta_v2(c: Config) -> Architecture:
    """He et al. 2021: DeBERTa with shared or separate position matrices, and a convolution in the first layer."""
    d = c["hidden_size"]
    kinds = c.get("pos_att_type") or ()
    kinds = kinds.split("|") if isinstance(kinds, str) else list(kinds)
    (layer,) = bert_layers(c)
    norms: list[Vector] = [norm(d, bias=True)]
    if c.flag("relative_attention"):
        buckets = c.get("position_buckets", -1)
        norms.append(table("relative_positions", 2 * (buckets if buckets > 0 else _reach(c)), d))
        if "layer_norm" in str(c.get("norm_rel_ebd", "none")):
            norms.append(norm(d, bias=True))
        if not c.flag("share_att_key"):
            of = {"c2p": matrices.K, "p2c": matrices.Q}
            own = [linear(f"position_{kind}", d, d, of[kind], bias=True) for kind in kinds if kind in of]
            layer = layer._replace(blocks=(*layer.blocks, Block(tuple(own))))
    if c.get("conv_kernel_size", 0):
        size = d * (d // c.get("conv_groups", 1)) * c["conv_kernel_size"] + d
        norms += [Vector("conv", size, "attention"), norm(d, bias=True)]
    return _deberta(c, [layer], norms)


def _reach(c: Config) -> int:
    """How far relative positions reach."""
    reach = int(c.get("max_relative_positions", -1))
    return reach if reach >= 1 else int(c["max_position_embeddings"])


def _deberta(c: Config, layers: list[Layer], norms: list[Vector]) -> Architecture:
    d, width = c["hidden_size"], c.get("embedding_size") or c["hidden_size"]
    positions = c.get("position_biased_input", True)
    wider = [linear("embedding_projection", width, d, matrices.EMBEDDING_WIDTH)] if width != d else []
    ends = Ends(
        ("SequenceClassification", "MultipleChoice"), pooler_width=c.get("pooler_hidden_size") or d, lm_width=width
    )
    return encoder(
        c, layers, ends, tables=tables_of(c, width, positions=positions), width=width, norms=norms, outer=wider
    )


@family("modernbert")
def modernbert(c: Config) -> Architecture:
    """Warner et al. 2024: gated MLPs, windows on two layers of three, no norm before the first attention."""
    d_model, n_heads = c["hidden_size"], c["num_attention_heads"]
    bias, norm_bias = c.flag("attention_bias"), c.flag("norm_bias")
    forward, one = mlp(d_model, c["intermediate_size"], bias=c.flag("mlp_bias")), norm(d_model, bias=norm_bias)
    every = c.get("global_attn_every_n_layers", 3)
    layers = []
    for i, window in enumerate(windows(c, lambda i: i % every != 0, window=c.get("local_attention", 128))):
        mixer = attention(d_model, n_heads, n_heads, d_model // n_heads, qkv_bias=bias, o_bias=bias, window=window)
        layers.append(Layer(1, (mixer, forward), (one,) * (2 if i else 1)))
    ends = Ends(
        dense=("SequenceClassification", "TokenClassification", "QuestionAnswering", "MultipleChoice"),
        dense_bias=c.flag("classifier_bias"), dense_norm=True, lm_bias=c.flag("classifier_bias"),
        lm_norm_bias=norm_bias, vocab_biases=int(c.get("decoder_bias", True)),
    )  # fmt: skip
    return encoder(c, layers, ends, norms=[one, one])


@family("nomic_bert")
def nomic_bert(c: Config) -> Architecture:
    """Nussbaum et al. 2024: rotary positions, gated MLPs, no biases; the published file has GPT-2's names."""
    d_model = c["hidden_size"]
    if c.get("n_inner") and c.get("qkv_proj_bias"):
        raise ValueError("has qkv_proj_bias, and nomic_bert is known without biases alone")
    (layer,) = bert_layers(c, bias=False, gated=True)
    layers = [layer._replace(blocks=(attention(d_model, *heads(c)), layer.blocks[1]))]
    ends = Ends(("SequenceClassification",))
    tables = tables_of(c, d_model, positions=False)
    return encoder(c, layers, ends, tables=tables, norms=[norm(d_model, bias=True)])


@family("eurobert")
def eurobert(c: Config) -> Architecture:
    """Boizard et al. 2025: Llama's layers without a mask."""
    d_model, n_heads = c["hidden_size"], c["num_attention_heads"]
    n_kv_heads, head_dim = c.get("num_key_value_heads") or n_heads, c.get("head_dim") or d_model // n_heads
    bias = c.flag("attention_bias")
    mixer = attention(d_model, n_heads, n_kv_heads, head_dim, qkv_bias=bias, o_bias=bias)
    blocks = (mixer, mlp(d_model, c["intermediate_size"], bias=c.flag("mlp_bias")))
    ends = Ends(lm_dense=False, vocab_biases=int(c.flag("mlp_bias")), dense=_DENSE)
    return encoder(c, [Layer(c["num_hidden_layers"], blocks, (norm(d_model),) * 2)], ends, norms=[norm(d_model)])


@family("gte", "new")
def gte(c: Config) -> Architecture:
    """Zhang et al. 2024 (mGTE; model type "new" in its own files): rotary positions, gated MLPs biased at the end."""
    d_model = c["hidden_size"]
    (layer,) = bert_layers(c, gated=True)
    mixer, forward = layer.blocks
    forward = forward._replace(
        linears=tuple(m._replace(bias=d_model if m.name == "down" else 0) for m in forward.linears)
    )
    ends = Ends(("SequenceClassification",), vocab_biases=1)
    tables = tables_of(c, d_model, positions=False)
    return encoder(c, [layer._replace(blocks=(mixer, forward))], ends, tables=tables, norms=[norm(d_model, bias=True)])


@family("jina_embeddings_v3")
def jina(c: Config) -> Architecture:
    """Sturua et al. 2024: XLM-RoBERTa with rotary positions; adapters left out."""
    d_model = c["hidden_size"]
    tables = tables_of(c, d_model, positions=False)
    return encoder(c, bert_layers(c), Ends(("Model",), dense=_DENSE), tables=tables, norms=[norm(d_model, bias=True)])


@family("fnet")
def fnet(c: Config) -> Architecture:
    """Lee-Thorp et al. 2021: Fourier transforms in the place of attention, without parameters."""
    d_model = c["hidden_size"]
    forward = mlp(d_model, c["intermediate_size"], gated=False, bias=True)
    layers = [Layer(c["num_hidden_layers"], (forward,), (norm(d_model, bias=True),) * 2)]
    mixed = linear("embedding_projection", d_model, d_model, matrices.EMBEDDING_WIDTH, bias=True)
    pooled = (*BERT, "TokenClassification", "QuestionAnswering", "MaskedLM")
    return encoder(
        c, layers, Ends(pooled), tables=tables_of(c, d_model), norms=[norm(d_model, bias=True)], outer=[mixed]
    )
