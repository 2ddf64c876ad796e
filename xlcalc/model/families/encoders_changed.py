"""Encoders that change BERT's attention, its tables or its layers.

Sources: the paper named at each family, and transformers models/<model type>/modeling_*.py for what it leaves open.
"""

from __future__ import annotations

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.families.encoders import BERT, Ends, bert_layers, encoder, table, tables_of
from xlcalc.model.families.heads import class_name
from xlcalc.model.layers import Block, Layer, Linear, Vector, attention, linear, mlp, norm

_DENSE = ("SequenceClassification",)


def _more(c: Config, *more: Linear, vectors: tuple[Vector, ...] = ()) -> list[Layer]:
    """BERT's layers with further matrices and vectors in their attention."""
    (layer,) = bert_layers(c)
    mixer, forward = layer.blocks
    mixer = mixer._replace(linears=(*mixer.linears, *more), vectors=(*mixer.vectors, *vectors))
    return [layer._replace(blocks=(mixer, forward))]


@family("big_bird")
def big_bird(c: Config) -> Architecture:
    """Zaheer et al. 2020: blocks that see their neighbours, some at random and the first; every class pools."""
    d = c["hidden_size"]
    (layer,) = bert_layers(c)
    mixer, forward = layer.blocks
    if not c.get("use_bias", True):
        mixer = mixer._replace(linears=tuple(m if m.name == "o" else m._replace(bias=0) for m in mixer.linears))
    layers = [layer._replace(blocks=(mixer, forward))]
    task = class_name(c)[1]
    pooled = task != "QuestionAnswering"
    ends = Ends((*BERT, "MaskedLM", "CausalLM", "TokenClassification") if pooled else (), dense=_DENSE)
    whole = encoder(c, layers, ends, tables=tables_of(c, d), norms=[norm(d, bias=True)])
    if pooled:
        return whole
    own = mlp(d, c["intermediate_size"], gated=False, bias=True).linears
    last = norm(d, bias=True, name="answer_norm")._replace(part="head")
    return whole._replace(outer=(*own, *whole.outer), norms=(*whole.norms, last))


@family("longformer")
def longformer(c: Config) -> Architecture:
    """Beltagy et al. 2020: windows, and matrices of their own for tokens that see everything."""
    d = c["hidden_size"]
    own = {"q": matrices.Q, "k": matrices.K, "v": matrices.V}
    everywhere = (linear(f"global_{name}", d, d, kind, bias=True) for name, kind in own.items())
    ends = Ends(("Model", "MultipleChoice"), dense=_DENSE)
    return encoder(c, _more(c, *everywhere), ends, tables=tables_of(c, d), norms=[norm(d, bias=True)])


@family("nystromformer", "mra", "yoso")
def approximated(c: Config) -> Architecture:
    """Xiong et al. 2021, Zeng et al. 2022, Zeng et al. 2021: attention by landmarks, by resolutions, by hashing."""
    d, width = c["hidden_size"], c.get("conv_kernel_size") or c.get("conv_window")
    filters = (Vector("conv", c["num_attention_heads"] * width, "attention"),) if width else ()
    tables = tables_of(Config({**c.raw, "max_position_embeddings": c["max_position_embeddings"] + 2}), d)
    types = c.get("type_vocab_size", 0)
    tables = [tables[0], *([table("types", types, d)] if types else [])]
    ends = Ends(dense=("SequenceClassification", "MultipleChoice"))
    return encoder(c, _more(c, vectors=filters), ends, tables=tables, norms=[norm(d, bias=True)])


@family("roformer")
def roformer(c: Config) -> Architecture:
    """Su et al. 2021: rotary positions, kept as a table; an embedding that may be narrower."""
    d, width = c["hidden_size"], c.get("embedding_size") or c["hidden_size"]
    wider = [linear("embedding_projection", width, d, matrices.EMBEDDING_WIDTH, bias=True)] if width != d else []
    rotary = table("positions", c["max_position_embeddings"], d // c["num_attention_heads"])
    tables = [*tables_of(c, width, positions=False), rotary]
    ends = Ends(dense=_DENSE, lm_width=width)
    return encoder(c, bert_layers(c), ends, tables=tables, width=width, norms=[norm(width, bias=True)], outer=wider)


@family("convbert")
def convbert(c: Config) -> Architecture:
    """Jiang et al. 2020: half of the heads attend, the other half is a convolution that the tokens choose."""
    d, n_heads, width = c["hidden_size"], c["num_attention_heads"], c.get("embedding_size") or c["hidden_size"]
    n_kept = max(1, n_heads // c["head_ratio"])
    head = d // n_kept // 2
    kept, kernel, groups = n_kept * head, c["conv_kernel_size"], c.get("num_groups", 1)
    mixer = attention(d, n_kept, n_kept, head, qkv_bias=True, o_bias=True)
    q, k, v, o = mixer.linears
    own = (
        linear("pointwise", d, kept, matrices.CONVOLVED, bias=True),
        linear("kernel", kept, n_kept * kernel, matrices.CONVOLVED, bias=True),
        linear("conv_out", d, kept, matrices.CONVOLVED, bias=True),
    )
    mixer = mixer._replace(
        linears=(q, k, v, o._replace(d_in=d, d_out=d), *own),
        vectors=(Vector("depthwise", d * kernel, "attention"),),
    )
    d_ff = c["intermediate_size"]
    forward = mlp(d, d_ff, gated=False, bias=True)
    if groups > 1:
        forward = forward._replace(linears=tuple(m._replace(d_in=m.d_in // groups) for m in forward.linears))
    layers = [Layer(c["num_hidden_layers"], (mixer, forward), (norm(d, bias=True),) * 2)]
    wider = [linear("embedding_projection", width, d, matrices.EMBEDDING_WIDTH, bias=True)] if width != d else []
    ends = Ends(dense=_DENSE, lm_width=width, vocab_biases=1)
    return encoder(
        c, layers, ends, tables=tables_of(c, width), width=width, norms=[norm(width, bias=True)], outer=wider
    )


@family("squeezebert")
def squeezebert(c: Config) -> Architecture:
    """Iandola et al. 2020: BERT's matrices in groups."""
    d = c["hidden_size"]
    (layer,) = bert_layers(c)
    named = {"q": "q", "k": "k", "v": "v", "o": "post_attention", "up": "intermediate", "down": "output"}
    usual = {"o": 1}
    groups = {name: c.get(f"{own}_groups", usual.get(name, 4)) for name, own in named.items()}
    blocks = tuple(
        block._replace(linears=tuple(m._replace(d_in=m.d_in // groups[m.name]) for m in block.linears))
        for block in layer.blocks
    )
    ends = Ends((*BERT, "MaskedLM", "TokenClassification", "QuestionAnswering"))
    return encoder(c, [layer._replace(blocks=blocks)], ends, tables=tables_of(c, d), norms=[norm(d, bias=True)])


@family("luke")
def luke(c: Config) -> Architecture:
    """Yamada et al. 2020: entities beside words, with queries of their own between the two."""
    d, width = c["hidden_size"], c["entity_emb_size"]
    apart = ("words_to_entities", "entities_to_words", "entities_to_entities")
    aware = c.get("use_entity_aware_attention", True)
    queries = [linear(f"q_{name}", d, d, matrices.Q, bias=True) for name in apart] if aware else []
    entities = [
        table("entities", c["entity_vocab_size"], width),
        *(t._replace(name=f"entity_{t.name}") for t in tables_of(c, d)),
    ]
    wider = [linear("entity_projection", width, d, matrices.EMBEDDING_WIDTH)] if width != d else []
    task = class_name(c)[1]
    ends = Ends(("Model", "MultipleChoice", "MaskedLM", "SequenceClassification"), own_head=True)
    layers = _more(c, *queries)
    last = [norm(d, bias=True)] * 2
    whole = encoder(c, layers, ends, tables=[*tables_of(c, d), *entities], norms=last, outer=wider)
    if task != "MaskedLM":
        return whole
    judge = [linear("entity_dense", d, width, matrices.HEAD_INPUT, bias=True)]
    if not c.get("tie_word_embeddings", True):
        judge.append(linear("entity_head", width, c["entity_vocab_size"], matrices.HEAD))
    more = (norm(width, bias=True, name="entity_norm"), Vector("entity_bias", c["entity_vocab_size"], "head"))
    return whole._replace(outer=(*whole.outer, *judge), norms=(*whole.norms, *more))


@family("roc_bert")
def roc_bert(c: Config) -> Architecture:
    """Su et al. 2022: how a character sounds and looks beside what it is."""
    d = c["hidden_size"]
    tables, read = tables_of(c, d), d
    for name in ("pronunciation", "shape"):
        tables.append(table(name, c[f"{name}_vocab_size"], c[f"{name}_embed_dim"]))
        read += c[f"{name}_embed_dim"] if c.get(f"enable_{name}", True) else 0
    joined = [linear("join", read, d, matrices.EMBEDDING_WIDTH, bias=True)] if c.get("concat_input", True) else []
    whole = encoder(c, bert_layers(c), Ends(BERT), tables=tables, norms=[norm(d, bias=True)], outer=joined)
    return whole._replace(
        outer=tuple(m for m in whole.outer if class_name(c)[1] != "PreTraining" or m.name != "classifier")
    )


@family("xmod")
def xmod(c: Config) -> Architecture:
    """Pfeiffer et al. 2022: a pair of matrices for each language in each layer, of which one takes part."""
    d, inner = c["hidden_size"], c["hidden_size"] // c["adapter_reduction_factor"]
    n = len(c.get("languages") or ("en_XX",))
    pair = (linear("down", d, inner, matrices.MLP.up, bias=True), linear("up", inner, d, matrices.MLP.down, bias=True))
    own = norm(d, bias=True, name="adapter_norm")
    adapter = Block(tuple(m._replace(copies=n) for m in pair), (own,) if c.flag("adapter_layer_norm") else ())
    (layer,) = bert_layers(c)
    last = [norm(d, bias=True)] * (2 if c.flag("pre_norm") else 1)
    ends = Ends(("Model", "MultipleChoice"), dense=_DENSE)
    return encoder(c, [layer._replace(blocks=(*layer.blocks, adapter))], ends, tables=tables_of(c, d), norms=last)


@family("bert-generation")
def bert_generation(c: Config) -> Architecture:
    """Rothe et al. 2019: BERT without token types and pooler; its head is the embedding and a bias."""
    d = c["hidden_size"]
    ends = Ends(lm_dense=False)
    tables = [table("positions", c["max_position_embeddings"], d)]
    return encoder(c, bert_layers(c), ends, tables=tables, norms=[norm(d, bias=True)])


@family("mobilebert")
def mobilebert(c: Config) -> Architecture:
    """Sun et al. 2020: layers in a narrower width than what goes between them, with several MLPs each."""
    d, width, embedded = c["hidden_size"], c["hidden_size"], c["embedding_size"]
    inner = c["intra_bottleneck_size"] if c.get("use_bottleneck", True) else d
    if c.get("true_hidden_size", inner) != inner:
        raise ValueError(f"has a true_hidden_size of {c['true_hidden_size']}, where its other fields make it {inner}")
    n_heads, d_ff = c["num_attention_heads"], c["intermediate_size"]
    narrow, wide = norm(inner, bias=True), norm(width, bias=True)
    mixer = attention(inner, n_heads, n_heads, inner // n_heads, qkv_bias=True, o_bias=True)
    forward = [mlp(inner, d_ff, gated=False, bias=True)] * max(1, c["num_feedforward_networks"])
    norms, squeeze = [narrow] * (1 + len(forward)), Block()
    if c.get("use_bottleneck", True):
        shared = c.get("key_query_shared_bottleneck", True)
        d_v = inner if c.flag("use_bottleneck_attention") else d
        mixer = mixer._replace(linears=tuple(m._replace(d_in=d_v if m.name == "v" else m.d_in) for m in mixer.linears))
        down = linear("bottleneck_down", d, inner, matrices.EMBEDDING_WIDTH, bias=True)
        up = linear("bottleneck_up", inner, d, matrices.EMBEDDING_WIDTH, bias=True)
        squeeze = Block((*((down,) * (2 if shared else 1)), up))
        norms += [narrow] * (2 if shared else 1) + [wide]
    layers = [Layer(c["num_hidden_layers"], (mixer, *forward, squeeze), tuple(norms))]
    three = 3 * embedded if c.get("trigram_input", True) else embedded
    tables = tables_of(c, d)
    outer = [linear("embedding_projection", three, d, matrices.EMBEDDING_WIDTH, bias=True)]
    if three == d and embedded == d:
        outer = []
    pooled = BERT if c.get("classifier_activation", True) else ()
    whole = encoder(c, layers, Ends(pooled), tables=tables, width=embedded, norms=[wide], outer=outer)
    if class_name(c)[1] not in ("MaskedLM", "PreTraining"):
        return whole
    beside = d - embedded if c.get("tie_word_embeddings", True) else 0  # the embedding, which is narrower
    rest = Vector("head_rest", beside * c["vocab_size"], "head")
    head = tuple(m._replace(d_in=d) if m.name == "head" else m for m in whole.outer)
    fitted = tuple(m._replace(d_out=d, bias=d) if m.name == "lm_dense" else m for m in head)
    vectors = tuple(
        norm(d, bias=True, name="lm_norm")._replace(part="head") if v.name == "lm_norm" else v for v in whole.norms
    )
    return whole._replace(outer=fitted, norms=(*vectors, rest))
