"""Conformers over a spectrum (Gulati et al. 2020): FastConformer under letters, a transducer or a decoder; LASR.

Sources: Rekesh et al. 2023 (FastConformer), and transformers models/<model type>/modeling_*.py for what it leaves open.
"""

from __future__ import annotations

from math import log2
from typing import NamedTuple

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture, merged
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.families.encoder_decoders import both, cross, renamed
from xlcalc.model.families.encoders import table, without_cache
from xlcalc.model.families.heads import class_name
from xlcalc.model.layers import Block, Layer, Linear, Vector, attention, linear, mlp, norm
from xlcalc.model.mixers import conv_filter


class Stack(NamedTuple):
    """An encoder of sound: its layers, and what stands outside them."""

    d_model: int
    layers: list[Layer]
    outer: list[Linear]
    norms: list[Vector]


def _encoder(c: Config, model_type: str) -> Stack:
    """The encoder of a wrapper, read by its own model type where it names one."""
    # Cohere's class completes what a file's group leaves out; the others assume theirs where there is no group at all
    group = c.nested("encoder_config") if c.model_type == "cohere_asr" else c.get("encoder_config", {})
    e = Config({"model_type": model_type, **group})
    return _lasr(e) if e.model_type == "lasr_encoder" else _fast_conformer(e)


def _fast_conformer(e: Config) -> Stack:
    """Convolutions that halve time and spectrum, all but the first separable; positions relative to each other."""
    d, n_heads, channels = e["hidden_size"], e["num_attention_heads"], e["subsampling_conv_channels"]
    kernel, stride, mels = e["subsampling_conv_kernel_size"], e["subsampling_conv_stride"], e["num_mel_bins"]
    n_halvings = int(log2(e["subsampling_factor"]))
    if e.model_type == "nemotron_asr_streaming_encoder":  # which pads on the side of what is past
        for _ in range(n_halvings):
            mels = (mels - 1 + stride - 1) // stride + 1
    else:
        mels //= stride**n_halvings
    outer = [linear("conv1", kernel**2, channels, matrices.CONVOLVED, bias=True)]
    pointwise = linear("pointwise", channels, channels, matrices.CONVOLVED, bias=True)
    outer += [pointwise._replace(name=f"conv{i + 2}") for i in range(n_halvings - 1)]
    outer.append(linear("projection", channels * mels, d, matrices.CONVOLVED, bias=True))
    filters = [conv_filter(channels, kernel**2, bias=True)] * (n_halvings - 1)
    bias = e.flag("attention_bias")
    mixer = attention(d, n_heads, n_heads, d // n_heads, qkv_bias=bias, o_bias=bias, window=e.get("sliding_window"))
    places = linear("position_k", d, d, matrices.K)
    mixer = mixer._replace(linears=(*mixer.linears, places), vectors=(Vector("position_biases", 2 * d, "attention"),))
    layers = [Layer(e["num_hidden_layers"], _conformer(e, mixer), (norm(d, bias=True),) * 5)]
    return Stack(d, layers, outer, filters)


def _lasr(e: Config) -> Stack:
    """Two convolutions over time between two matrices; rotary positions, norms without biases."""
    d, kernel, channels = e["hidden_size"], e["subsampling_conv_kernel_size"], e["subsampling_conv_channels"]
    sizes = [("input", e["num_mel_bins"], d), ("conv1", kernel * d, d), ("conv2", kernel * d, channels)]
    outer = [linear(*size, matrices.CONVOLVED, bias=True) for size in (*sizes, ("projection", channels, d))]
    n_heads, bias = e["num_attention_heads"], e.flag("attention_bias")
    mixer = attention(d, n_heads, n_heads, d // n_heads, qkv_bias=bias, o_bias=bias)
    layers = [Layer(e["num_hidden_layers"], _conformer(e, mixer), (norm(d),) * 5)]
    return Stack(d, layers, outer, [norm(d)])


def _conformer(e: Config, mixer: Block) -> tuple[Block, ...]:
    """Attention and a gated convolution over time between two halves of an MLP."""
    d, bias = e["hidden_size"], e.flag("convolution_bias")
    forward = mlp(d, e["intermediate_size"], gated=False, bias=e.flag("attention_bias"))
    again = forward._replace(linears=tuple(m._replace(name=f"second_{m.name}") for m in forward.linears))
    filtered = Block(
        (
            linear("in", d, 2 * d, matrices.SCAN_IN, bias=bias),
            linear("out", d, d, matrices.SCAN_OUT, bias=bias),
        ),
        (conv_filter(d, e["conv_kernel_size"], bias=bias), norm(d, bias=True)),
        kind="conv",
        scan=d * e["conv_kernel_size"],
    )  # fmt: skip
    return forward, mixer, filtered, again


@family("parakeet_ctc", "lasr_ctc")
def ctc(c: Config) -> Architecture:
    """NVIDIA's Parakeet and Google's MedASR: a matrix from states to letters."""
    encoder = _encoder(c, "parakeet_encoder" if c.model_type == "parakeet_ctc" else "lasr_encoder")
    return _alone(encoder, [], [linear("head", encoder.d_model, c["vocab_size"], matrices.HEAD, bias=True)])


def _alone(encoder: Stack, tables: list[Vector], ends: list[Linear]) -> Architecture:
    layers = tuple(merged(without_cache(encoder.layers)))
    outer = (*encoder.outer, *ends)
    return Architecture(layers, tuple(tables), outer, tuple(encoder.norms), n_encoder=len(layers))


@family("parakeet_rnnt", "parakeet_tdt", "nemotron_asr_streaming", "nemotron3_5_asr")
def transducer(c: Config) -> Architecture:
    """Graves 2012: an LSTM over what was written, joined with each frame; Xu et al. 2023 (TDT) predict how long it
    lasts too. Nemotron 3.5 joins the language that is asked for with the states."""
    streams = c.model_type.startswith("nemotron")
    encoder = _encoder(c, "nemotron_asr_streaming_encoder" if streams else "parakeet_encoder")
    d, width, vocab = encoder.d_model, c["decoder_hidden_size"], c["vocab_size"]
    ends = [linear("joined_states", d, width, matrices.HEAD_INPUT, bias=True)]
    if prompts := c.get("num_prompts", 0):
        inner = c["prompt_intermediate_size"]
        ends.append(linear("prompt_in", d + prompts, inner, matrices.HEAD_INPUT, bias=True))
        ends.append(linear("prompt_out", inner, d, matrices.HEAD_INPUT, bias=True))
    gates = linear("lstm", 2 * width, 4 * width, matrices.HEAD_INPUT, bias=True)
    n_lstm = c["num_decoder_layers"]
    ends.append(gates._replace(copies=n_lstm, active=n_lstm, bias=2 * gates.bias))
    ends.append(linear("joined_tokens", width, width, matrices.HEAD_INPUT, bias=True))
    durations = len(c["durations"]) if c.model_type == "parakeet_tdt" else 0
    ends.append(linear("head", width, vocab + durations, matrices.HEAD, bias=True))
    return _alone(encoder, [Vector("tokens", vocab * width, "embedding")], ends)


@family("canary", "cohere_asr")
def attending(c: Config) -> Architecture:
    """Puvvada et al. 2024 (Canary) and Cohere's Transcribe: a decoder whose second attention reads the frames."""
    encoder, own = _encoder(c, "parakeet_encoder"), c
    if c.model_type == "canary":
        own = Config({"model_type": "canary_decoder", **c.nested("decoder_config")})
    d, n_heads, bias = own["hidden_size"], own["num_attention_heads"], own.flag("attention_bias")
    n_kv_heads, head_dim = own.get("num_key_value_heads") or n_heads, own.get("head_dim") or d // n_heads
    mixer = attention(d, n_heads, n_kv_heads, head_dim, qkv_bias=bias, o_bias=bias)
    forward = mlp(d, own["intermediate_size"], gated=False, bias=True)
    blocks = (mixer, renamed(cross(mixer)), forward)
    decoder = [Layer(own["num_hidden_layers"], blocks, (norm(d, bias=True),) * 3)]
    tables, outer = [Vector("tokens", c["vocab_size"] * d, "embedding")], [*encoder.outer]
    norms = [*encoder.norms, norm(d, bias=True), norm(d, bias=True)]
    if class_name(c)[1] != "Model":
        norms.append(Vector("head_bias", c["vocab_size"], "head"))
    if c.model_type == "cohere_asr":
        tables.append(table("positions", c["max_position_embeddings"], d))
        outer.append(linear("frames", encoder.d_model, d, matrices.CONVOLVED, bias=True))
    return both(c, encoder.layers, decoder, tables=tables, norms=norms, outer=outer, d_model=d)
