"""Encoders of the Transformer-XL kind, whose attention has matrices for distances, and XLM's.

Sources: the paper named at each family, and transformers models/<model type>/modeling_*.py for what it leaves open.
"""

from __future__ import annotations

from collections.abc import Sequence

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture, merged
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.families.encoders import Ends, encoder, table, without_cache
from xlcalc.model.families.heads import class_name, classifier, n_labels
from xlcalc.model.layers import Block, Layer, Linear, Vector, attention, linear, mlp, norm, reused


def _distant(d: int, n_heads: int, head: int) -> Block:
    """Dai et al. 2019: a matrix of distances, biases of content, position and segment for each head."""
    mixer = attention(d, n_heads, n_heads, head)
    distance = linear("r", d, n_heads * head, matrices.K)
    own = (Vector("biases", 3 * n_heads * head, "attention"), Vector("segments", 2 * n_heads * head, "attention"))
    return mixer._replace(linears=(*mixer.linears, distance), vectors=own)


@family("xlnet")
def xlnet(c: Config) -> Architecture:
    """Yang et al. 2019: one table of tokens, a vector for what is hidden, a summary for classifiers."""
    d, n_heads = c["d_model"], c["n_head"]
    mixer = _distant(d, n_heads, c.get("d_head") or d // n_heads)
    layers = [Layer(c["n_layer"], (mixer, mlp(d, c["d_inner"], gated=False, bias=True)), (norm(d, bias=True),) * 2)]
    summary = linear("summary", d, d, matrices.HEAD_INPUT, bias=True)
    heads = {
        "SequenceClassification": [summary, classifier(d, n_labels(c))],
        "MultipleChoice": [summary, classifier(d, 1)],
    }
    return _summed(c, d, layers, heads, embeddings=[Vector("mask", d, "embedding")])


@family("funnel")
def funnel(c: Config) -> Architecture:
    """Dai et al. 2020: blocks that halve the sequence, and a decoder of a few layers that restores it."""
    d, n_heads, head = c["d_model"], c["n_head"], c["d_head"]
    mixer = _distant(d, n_heads, head)
    q, k, v, o, r = mixer.linears
    mixer = mixer._replace(linears=(q, k._replace(bias=k.d_out), v._replace(bias=v.d_out), o._replace(bias=d), r))
    sizes, repeats = c["block_sizes"], c.get("block_repeats") or [1] * len(c["block_sizes"])
    task = class_name(c)[1] or "Model"
    base = task in ("SequenceClassification", "MultipleChoice") or class_name(c)[0] == "FunnelBase"
    n_layers = sum(sizes) + (0 if base else c["num_decoder_layers"])
    one = Layer(n_layers, (mixer, mlp(d, c["d_inner"], gated=False, bias=True)), (norm(d, bias=True),) * 2)
    again = sum(size * (repeat - 1) for size, repeat in zip(sizes, repeats, strict=True))
    layers = [one, *([Layer(again, tuple(map(reused, one.blocks)))] if again else [])]
    named = Config({**c.raw, "hidden_size": d})
    named.architectures = c.architectures
    whole = encoder(named, layers, Ends(lm_dense=False, vocab_biases=1), norms=[norm(d, bias=True)])
    if base and task != "Model":
        labels = 1 if task == "MultipleChoice" else n_labels(c)
        head = (linear("classifier_dense", d, d, matrices.HEAD_INPUT, bias=True), classifier(d, labels))
        return whole._replace(outer=head)
    if task == "PreTraining":
        judge = (linear("judge_dense", d, d, matrices.HEAD_INPUT, bias=True), classifier(d, 1, name="judge"))
        return whole._replace(outer=judge, norms=tuple(v for v in whole.norms if v.part != "head"))
    return whole


@family("xlm", "flaubert")
def xlm(c: Config) -> Architecture:
    """Lample and Conneau 2019, Le et al. 2019: learned positions, a vector for each language, MLPs of four widths."""
    d, n_heads, n_langs = c["emb_dim"], c["n_heads"], c.get("n_langs", 1)
    mixer = attention(d, n_heads, n_heads, d // n_heads, qkv_bias=True, o_bias=True)
    blocks = (mixer, mlp(d, 4 * d, gated=False, bias=True))
    layers = [Layer(c["n_layers"], blocks, (norm(d, bias=True),) * 2)]
    tables = [table("positions", c["max_position_embeddings"], d)]
    if n_langs > 1 and c.get("use_lang_emb", True):
        tables.append(table("languages", n_langs, d))
    summary = classifier(d, n_labels(c))
    heads = {
        "SequenceClassification": [summary],
        "MultipleChoice": [summary, classifier(n_labels(c), 1, name="choice")],
    }
    return _summed(c, d, layers, heads, embeddings=tables, norms=[norm(d, bias=True)])


def _summed(
    c: Config,
    d: int,
    layers: list[Layer],
    heads: dict[str, list[Linear]],
    *,
    embeddings: list[Vector],
    norms: Sequence[Vector] = (),
) -> Architecture:
    """Tokens, layers, and the head of the class: the tied embedding with a bias, or one of `heads`."""
    task, vocab, own = class_name(c)[1], c["vocab_size"], tuple(merged(without_cache(layers)))
    tokens, head, vectors = Vector("tokens", vocab * d, "embedding"), heads.get(task, []), list(norms)
    if task in ("CausalLM", "ConditionalGeneration"):  # as XLMWithLMHeadModel is read
        head = [Linear("head", d, vocab, matrices.HEAD, copies=0 if c.get("tie_word_embeddings", True) else 1)]
        vectors.append(Vector("head_bias", vocab, "head"))
    elif task in ("TokenClassification", "QuestionAnsweringSimple"):
        head = [classifier(d, n_labels(c))]
    whole = Architecture(own, (tokens, *embeddings), tuple(head), tuple(vectors), n_encoder=len(own))
    if head or task in ("", "Model"):
        return whole
    return whole._replace(assumed=(f"the head of {str(c.architectures)[:80]} is not known and left out",))
