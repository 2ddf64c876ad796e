"""Encoders of speech that end in letters (CTC): wav2vec 2.0 and its heirs.

Sources: the paper named at each family, and transformers models/<model type>/modeling_*.py for what it leaves open.
"""

from __future__ import annotations

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture, merged
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.families.encoders import without_cache
from xlcalc.model.families.heads import class_name, classifier, n_labels
from xlcalc.model.layers import Block, Layer, Linear, Vector, attention, linear, mlp, norm


@family("wav2vec2", "hubert", "unispeech", "unispeech-sat", "wavlm", "data2vec-audio")
def wav2vec2(c: Config) -> Architecture:
    """Baevski et al. 2020, Hsu et al. 2021, Chen et al. 2022: convolutions over sound as it is, one over places, BERT's
    layers. WavLM gates relative positions; MMS (Pratap et al. 2023) adapts every layer."""
    d_model, n_heads = c["hidden_size"], c["num_attention_heads"]
    outer, norms, channels = _convolved(c)
    projected = c.model_type != "hubert" or bool(c.get("feat_proj_layer_norm", True))
    norms += [norm(channels, bias=True)] * projected
    outer.append(linear("projection", channels, d_model, matrices.CONVOLVED, bias=True))
    if c.get("mask_time_prob", 0) or c.get("mask_feature_prob", 0):
        norms.append(Vector("masked", d_model, "embedding"))
    mixer = attention(d_model, n_heads, n_heads, d_model // n_heads, qkv_bias=True, o_bias=True)
    blocks = (mixer, mlp(d_model, c["intermediate_size"], gated=False, bias=True))
    each = [norm(d_model, bias=True)] * 2
    first: list[Vector] = []
    if c.model_type == "wavlm":
        each.append(Vector("position_gates", 8 * (d_model // n_heads + 1) + n_heads, "attention"))
        first.append(Vector("relative_positions", c["num_buckets"] * n_heads, "attention"))
    if c.get("adapter_attn_dim") and c.flag("do_stable_layer_norm"):
        blocks, each = (*blocks, _adapter(d_model, c["adapter_attn_dim"])), [*each, norm(d_model, bias=True)]
    layers = [Layer(c["num_hidden_layers"], blocks, tuple(each))]
    own = tuple(merged(without_cache(layers)))
    head, assumed = _head(c, d_model)
    last = norm(d_model, bias=True)
    return Architecture(
        own, tuple(_places(c)), (*outer, *head), (*norms, *first, last), assumed=assumed, n_encoder=len(own)
    )


def _convolved(c: Config) -> tuple[list[Linear], list[Vector], int]:
    """The convolutions over samples and their norms: behind the first, or behind each."""
    convolutions: list[Linear] = []
    norms: list[Vector] = []
    channels = 1
    every = c.model_type == "data2vec-audio" or c.get("feat_extract_norm", "group") == "layer"
    for i, (out, kernel) in enumerate(zip(c["conv_dim"], c["conv_kernel"], strict=True)):
        convolutions.append(
            linear(f"conv{i + 1}", kernel * channels, out, matrices.CONVOLVED, bias=c.flag("conv_bias"))
        )
        norms += [norm(out, bias=True)] * (every or i == 0)
        channels = out
    return convolutions, norms, channels


def _places(c: Config) -> list[Vector]:
    """Where frames stand: a convolution in groups whose weights are a direction and a length, or several plain ones."""
    d_model, per_group = c["hidden_size"], c["hidden_size"] // c["num_conv_pos_embedding_groups"]
    if c.model_type == "data2vec-audio":
        one = Vector("places", d_model * per_group * c["conv_pos_kernel_size"] + d_model, "embedding")
        return [one] * c["num_conv_pos_embeddings"]
    kernel = c["num_conv_pos_embeddings"]
    normed = 2 * d_model if c.flag("conv_pos_batch_norm") else kernel
    return [Vector("places", d_model * per_group * kernel + d_model + normed, "embedding")]


def _adapter(d_model: int, narrow: int) -> Block:
    """Two small matrices behind a layer, of one language."""
    down = linear("adapter_down", d_model, narrow, matrices.MLP.up, bias=True)
    return Block((down, linear("adapter_up", narrow, d_model, matrices.MLP.down, bias=True)), kind="mlp")


def _head(c: Config, d_model: int) -> tuple[list[Linear], tuple[str, ...]]:
    task = class_name(c)[1] or "CTC"
    head: list[Linear] = []
    if c.flag("add_adapter"):
        return head, ("the adapter behind the layers is not counted",)
    if task == "CTC":
        head.append(linear("head", d_model, c["vocab_size"], matrices.HEAD, bias=True))
    elif task == "AudioFrameClassification":
        head.append(classifier(d_model, n_labels(c)))
    elif task == "SequenceClassification":
        narrow = c.get("classifier_proj_size", 256)
        head += [linear("projector", d_model, narrow, matrices.HEAD_INPUT, bias=True), classifier(narrow, n_labels(c))]
    elif task != "Model":
        return head, (f"the head of {c.architectures} is not known and left out",)
    return head, ()
