"""Audio encoders of multimodal models, and what projects their outputs into the language model.

Sources: transformers models/<model type>/modeling_*.py of each; the defaults are those of the configuration classes.
"""

from __future__ import annotations

from xlcalc.model.families.vision_towers import Fields, dense, layer, norms, soft_tokens


def _size(a: Fields, name: str, own: str, default: int) -> int:
    return int(a.get(name) or a.get(own) or default)


def _whisper(a: Fields) -> tuple[int, int]:
    """Two convolutions over the spectrum, 1,500 positions, layers without a bias of keys."""
    d, d_ff = _size(a, "d_model", "hidden_size", 1280), _size(a, "encoder_ffn_dim", "intermediate_size", 5120)
    stem = dense(3 * a.get("num_mel_bins", 128), d) + dense(3 * d, d) + a.get("max_source_positions", 1500) * d
    layers = _size(a, "encoder_layers", "num_hidden_layers", 32) * (layer(d, d_ff) - d)
    return stem + layers + norms(1, d), d


def qwen2_audio(c: Fields, a: Fields, d_text: int) -> int:
    """Whisper's encoder and one matrix."""
    params, d = _whisper(a)
    return params + dense(d, d_text)


def voxtral(c: Fields, a: Fields, d_text: int) -> int:
    """Four frames of Whisper's encoder become one token."""
    params, _ = _whisper(a)
    return params + _size(a, "intermediate_size", "encoder_ffn_dim", 5120) * d_text + d_text * d_text


def audio_flamingo(c: Fields, a: Fields, d_text: int) -> int:
    """Whisper's encoder and two matrices."""
    params, d = _whisper(a)
    bias = bool(c.get("projector_bias", True))
    return params + dense(d, d_text, bias) + dense(d_text, d_text, bias)


def qwen3_asr(c: Fields, a: Fields, d_text: int) -> int:
    """Three convolutions that each halve the spectrum, then Whisper's layers."""
    return _convolved(a, 1024, 24, 4096)


def qwen3_omni(c: Fields, a: Fields, d_text: int) -> int:
    """The same with other sizes."""
    return _convolved(a, 1280, 32, 5120)


def qwen2_5_omni(c: Fields, a: Fields, d_text: int) -> int:
    """Whisper's encoder without its table of positions, and the two ends of a sound."""
    params, d = _whisper({**a, "max_source_positions": 0})
    out = a.get("output_dim", 3584)
    return params + dense(d, out) + 2 * out


def gemma4(c: Fields, a: Fields, d_text: int) -> int:
    """A Conformer (Gulati et al. 2020) over two convolutions of the spectrum."""
    d, n_layers, out = a.get("hidden_size", 1024), a.get("num_hidden_layers", 12), a.get("output_proj_dims", 1536)
    first, second = a.get("subsampling_conv_channels") or (128, 32)
    stem = 9 * first + first + 9 * first * second + second + first // 4 * second * d
    one = _conformer(d, a.get("num_attention_heads", 8), a.get("conv_kernel_size", 5))
    return stem + n_layers * one + dense(d, out) + out * d_text


def _conformer(d: int, n_heads: int, kernel: int) -> int:
    """A layer of Gemma's: two MLPs, attention with places between them, a convolution over time."""
    forward = 2 * (2 * d * 4 * d + norms(2, d, False))
    convolution = 3 * d * d + d * kernel + norms(2, d, False)
    return forward + convolution + 5 * d * d + d // n_heads + norms(3, d, False)


def gemma3n(c: Fields, a: Fields, d_text: int) -> int:
    """Gemma 4's Conformer, and tokens of sounds."""
    d, channels = a.get("hidden_size", 1536), 1
    params, rows = 0, a.get("input_feat_size", 128)
    convolutions = zip(
        a.get("sscp_conv_channel_size") or (128, 32),
        a.get("sscp_conv_kernel_size") or ((3, 3), (3, 3)),
        a.get("sscp_conv_stride_size") or ((2, 2), (2, 2)),
        strict=True,
    )
    for out, (high, wide), (_, stride) in convolutions:
        params += channels * out * high * wide + out
        channels, rows = out, (rows + 2 - wide) // stride + 1
    one = _conformer(d, a.get("conf_num_attention_heads", 8), a.get("conf_conv_kernel_size", 5))
    return params + rows * channels * d + a.get("conf_num_hidden_layers", 12) * one + soft_tokens(a, 1536, d_text)


def glmasr(c: Fields, a: Fields, d_text: int) -> int:
    """Whisper's encoder without its table of positions, four frames merged."""
    params, _ = _whisper({**a, "max_source_positions": 0})
    return params + dense(a.get("intermediate_size", 5120), 2 * d_text) + dense(2 * d_text, d_text)


def moss(c: Fields, a: Fields, d_text: int) -> int:
    """Whisper's encoder, four frames merged."""
    sized = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_mel_bins": 80, **a}
    params, d = _whisper(sized)
    bias = bool(c.get("projector_bias", True))
    return (
        params + dense(d * c.get("audio_merge_size", 4), d_text, bias) + dense(d_text, d_text, bias) + norms(1, d_text)
    )


def voxtral_realtime(c: Fields, a: Fields, d_text: int) -> int:
    """A causal encoder with gated MLPs and norms without biases, four frames merged."""
    d, d_ff, mels = a.get("hidden_size", 1280), a.get("intermediate_size", 5120), a.get("num_mel_bins", 128)
    inner = a.get("num_attention_heads", 32) * a.get("head_dim", 64)
    one = 2 * dense(d, inner) + d * inner + dense(inner, d) + 2 * d * d_ff + dense(d_ff, d) + 2 * d
    stem = dense(3 * mels, d) + dense(3 * d, d)
    merged = d * c.get("downsample_factor", 4) * d_text + d_text * d_text
    return stem + a.get("num_hidden_layers", 32) * one + d + merged


def omniasr(c: Fields, a: Fields, d_text: int) -> int:
    """Wav2vec 2.0 (Baevski et al. 2020) with a norm behind each convolution."""
    d, wide, kernels = a.get("hidden_size", 1024), a.get("conv_dim") or [512] * 7, a.get("conv_kernel")
    params, channels, bias = 0, 1, bool(a.get("conv_bias", True))
    for out, kernel in zip(wide, kernels or (10, 3, 3, 3, 3, 2, 2), strict=True):
        params += dense(channels * kernel, out, bias) + norms(1, out)
        channels = out
    params += norms(1, channels) + dense(channels, d)
    grouped = d // a.get("num_conv_pos_embedding_groups", 16)
    params += dense(grouped * a.get("num_conv_pos_embeddings", 128), d)
    layers = a.get("num_hidden_layers", 24) * layer(d, a.get("intermediate_size", 4096))
    return params + layers + norms(1, d) + dense(d, d_text)


def fun_asr(c: Fields, a: Fields, d_text: int) -> int:
    """Attention with a memory over frames, and layers that adapt its outputs."""
    d, d_ff, n_layers = a.get("hidden_size", 512), a.get("intermediate_size", 2048), a.get("num_hidden_layers", 70)
    stacked = a.get("num_mel_bins", 80) * a.get("num_stacked_frames", 7)
    one = layer(d, d_ff) + d * a.get("fsmn_kernel_size", 11)
    wider = 3 * (stacked - d) * d + norms(1, stacked - d)
    own: Fields = c.get("adaptor_config") or {}
    inner = own.get("projector_hidden_size", 2048)
    adapting = own.get("num_hidden_layers", 2) * layer(d_text, own.get("intermediate_size", 256))
    return n_layers * one + wider + norms(2, d) + dense(d, inner) + dense(inner, d_text) + adapting


def phi4(c: Fields, a: Fields, d_text: int) -> int:
    """A Conformer, and a pair of matrices for sound alone and one beside images."""
    d, d_ff, wide = a.get("hidden_size", 1024), a.get("intermediate_size", 1536), a.get("ext_pw_out_channel", 1024)
    channels, out = a.get("nemo_conv_channels", 1024), a.get("depthwise_separable_out_channel", 1024)
    stem = dense(9, channels)
    stem += (a.get("time_reduction", 8).bit_length() - 2) * (dense(9, channels) + dense(channels, channels))
    stem += dense(channels * a.get("nemo_final_size", 10), d)
    reach = a.get("bias_max_distance", 1000) * (1 if a.get("bias_symmetric", False) else 2)
    forward = norms(1, d) + dense(d, 2 * d_ff) + dense(d_ff, d)
    filtered = d * a.get("depthwise_multiplier", 1)
    convolution = norms(1, d) + 2 * wide + dense(d, 2 * wide) + dense(a.get("kernel_size", 3), filtered)
    convolution += dense(filtered, out) + dense(out, wide)
    one = 2 * forward + 4 * dense(d, d) + convolution + norms(2, d)
    pairs = 2 * (dense(d * a.get("downsample_rate", 1), d_text) + dense(d_text, d_text))
    return stem + reach * a.get("num_attention_heads", 16) + a.get("num_blocks", 24) * one + pairs


def muse_spark(c: Fields, a: Fields, d_text: int) -> int:
    """Four stages of one-dimensional ConvNeXt (Liu et al. 2022), each over merged patches of the last."""
    params, before, ratio = 0, 1, a.get("mlp_ratio", 4)
    stages = (a.get("patch_sizes") or (16, 6, 5, 4), a.get("hidden_sizes") or (256, 512, 1024, 2048),
              a.get("depths") or (2, 2, 2, 2))  # fmt: skip
    for patch, d, depth in zip(*stages, strict=True):
        inner = int(d * ratio)
        block = dense(a.get("conv_kernel_size", 7), d) + d + dense(d, inner) + dense(inner, d)
        params += dense(patch * before, d) + d + depth * block
        before = d
    out = a.get("out_hidden_size", 8192)
    return params + before + dense(before, out) + out


def dots3(c: Fields, a: Fields, d_text: int) -> int:
    """Convolutions over the spectrum, gated layers with norms without biases, an MLP."""
    d, d_ff, wide = a.get("hidden_size", 1280), a.get("intermediate_size", 5120), a.get("downsample_hidden_size", 480)
    mels = a.get("feature_size", 128)
    for _ in range(3):
        mels = (mels + 1) // 2
    stem = dense(9, wide) + 2 * dense(9 * wide, wide) + wide * mels * d
    one = layer(d, d_ff, gated=True, norm_bias=False) - d  # keys have no bias
    own, out = a.get("adapter_input_size", 1280), a.get("adapter_out_dim", 5120)
    return stem + a.get("num_hidden_layers", 32) * one + d + norms(1, own) + dense(own, out) + dense(out, out)


def vibevoice_asr(c: Fields, a: Fields, d_text: int) -> int:
    """Two stacks of one-dimensional ConvNeXt over sound as it is, of its tone and of its words, an MLP behind each."""
    params = 0
    for own in (a, c.get("semantic_tokenizer_encoder_config") or {"hidden_size": 128}):
        d, kernel, wider = own.get("num_filters", 32), own.get("kernel_size", 7), own.get("ffn_expansion", 4)
        strides, latent = own.get("downsampling_ratios") or (2, 2, 4, 5, 5, 8), own.get("hidden_size", 64)
        depths, before, reach = own.get("depths") or (3, 3, 3, 3, 3, 3, 8), own.get("channels", 1), kernel
        for depth, stride in zip(depths, (*strides, 0), strict=True):
            block = dense(d, wider * d) + dense(wider * d, d) + dense(kernel, d) + 4 * d
            params += dense(before * reach, d) + depth * block
            before, d, reach = d, 2 * d, 2 * stride
        params += dense(before * kernel, latent) + dense(latent, d_text) + d_text + dense(d_text, d_text)
    return params


def inkling(c: Fields, a: Fields, d_text: int) -> int:
    """A row for each level of each band of the spectrum."""
    d = a.get("text_hidden_size", 6144)
    return a.get("n_mel_bins", 80) * a.get("mel_vocab_size", 256) * d + d


def _convolved(a: Fields, d: int, n_layers: int, d_ff: int) -> int:
    """The encoder of Qwen3's audio models with its defaults."""
    d, wide, mels = a.get("d_model", d), a.get("downsample_hidden_size", 480), a.get("num_mel_bins", 128)
    for _ in range(3):
        mels = (mels + 1) // 2
    stem = dense(9, wide) + 2 * dense(9 * wide, wide) + wide * mels * d
    layers = a.get("encoder_layers", n_layers) * layer(d, a.get("encoder_ffn_dim", d_ff))
    return stem + layers + norms(1, d) + dense(d, d) + dense(d, a.get("output_dim", 3584))
