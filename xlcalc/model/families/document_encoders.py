"""Encoders of documents: text and where it stands on a page, or in a table.

Sources: the paper named at each family, and transformers models/<model type>/modeling_*.py for what it leaves open.
"""

from __future__ import annotations

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.families.encoders import BERT, Ends, bert_layers, encoder, table, tables_of
from xlcalc.model.families.heads import class_name, classifier, n_labels
from xlcalc.model.layers import Vector, attention, linear, mlp, norm

_DENSE = ("SequenceClassification",)


@family("tapas")
def tapas(c: Config) -> Architecture:
    """Herzig et al. 2020: BERT over a table's cells; an answer is a cell, a column, and what is done with them."""
    d_model, n_aggregations = c["hidden_size"], c.get("num_aggregation_labels", 0)
    tables = [*tables_of(c, d_model), table("types", sum(c["type_vocab_sizes"]), d_model)]
    outer = []
    if class_name(c)[1] == "QuestionAnswering":
        c = Config({**c.raw, "num_labels": 2})
        outer = [classifier(d_model, n_aggregations, name="aggregation")] if n_aggregations else []
    ends = Ends((*BERT, "QuestionAnswering"))
    return encoder(c, bert_layers(c), ends, tables=tables, norms=[norm(d_model, bias=True)], outer=outer)


@family("lilt")
def lilt(c: Config) -> Architecture:
    """Wang et al. 2022: beside RoBERTa's layers narrow ones over where words stand."""
    d_model, n_heads, narrow = c["hidden_size"], c["num_attention_heads"], c["hidden_size"] // c["channel_shrink_ratio"]
    tables = [*tables_of(c, d_model), table("places", 4 * c["max_2d_position_embeddings"], d_model // 6)]
    tables.append(table("box_positions", c["max_position_embeddings"], narrow))
    d_ff = c["intermediate_size"] // c["channel_shrink_ratio"]
    mixer = attention(narrow, n_heads, n_heads, narrow // n_heads, qkv_bias=True, o_bias=True)
    layers = [
        layer._replace(
            blocks=(*layer.blocks, mixer, mlp(narrow, d_ff, gated=False, bias=True)),
            norms=(*layer.norms, *[norm(narrow, bias=True)] * 2),
        )
        for layer in bert_layers(c)
    ]
    boxes = linear("boxes", d_model, narrow, matrices.EMBEDDING_WIDTH, bias=True)
    norms = [norm(d_model, bias=True), norm(narrow, bias=True)]
    return encoder(c, layers, Ends(("Model",), dense=_DENSE), tables=tables, norms=norms, outer=[boxes])


@family("layoutlmv3")
def layoutlmv3(c: Config) -> Architecture:
    """Huang et al. 2022: RoBERTa over words and patches of their page, with biases of where both stand."""
    d_model, n_heads, labels = c["hidden_size"], c["num_attention_heads"], n_labels(c)
    if not c.flag("text_embed"):
        raise ValueError("has a text_embed of false: a body of patches alone is not counted")
    places = 2 * c["max_2d_position_embeddings"] * (c["coordinate_size"] + c["shape_size"])
    tables = [*tables_of(c, d_model), table("places", places, 1)]
    norms, outer = [norm(d_model, bias=True)], []
    if c.flag("visual_embed"):
        side = c["patch_size"]
        outer.append(linear("patches", c["num_channels"] * side * side, d_model, matrices.CONVOLVED, bias=True))
        tables.append(table("patch_positions", (c["input_size"] // side) ** 2 + 2, d_model))
        norms += [norm(d_model, bias=True)] * 2
    bins = c["rel_pos_bins"] * c.flag("has_relative_attention_bias")
    bins += 2 * c["rel_2d_pos_bins"] * c.flag("has_spatial_attention_bias")
    norms.append(Vector("relative_positions", bins * n_heads, "attention"))
    dense = (*_DENSE, "QuestionAnswering", *(("TokenClassification",) if labels >= 10 else ()))
    return encoder(c, bert_layers(c), Ends(dense=dense), tables=tables, norms=norms, outer=outer)
