"""Audio encoders of multimodal models, and what projects their outputs into the language model.

Sources: transformers models/<model type>/modeling_*.py of each; the defaults are those of the configuration classes.
"""

from __future__ import annotations

from xlcalc.model.families.vision_towers import Fields, dense, layer, norms


def _size(a: Fields, name: str, own: str, default: int) -> int:
    return int(a.get(name) or a.get(own) or default)


def _whisper(a: Fields) -> tuple[int, int]:
    """Radford et al. 2022: two convolutions over the spectrum, 1,500 positions, layers without a bias of keys."""
    d, d_ff = _size(a, "d_model", "hidden_size", 1280), _size(a, "encoder_ffn_dim", "intermediate_size", 5120)
    stem = dense(3 * a.get("num_mel_bins", 128), d) + dense(3 * d, d) + a.get("max_source_positions", 1500) * d
    layers = _size(a, "encoder_layers", "num_hidden_layers", 32) * (layer(d, d_ff) - d)
    return stem + layers + norms(1, d), d


def qwen2_audio(c: Fields, a: Fields, d_text: int) -> int:
    """Chu et al. 2024: Whisper's encoder and one matrix."""
    params, d = _whisper(a)
    return params + dense(d, d_text)


def voxtral(c: Fields, a: Fields, d_text: int) -> int:
    """Liu et al. 2025: four frames of Whisper's encoder become one token."""
    params, _ = _whisper(a)
    return params + _size(a, "intermediate_size", "encoder_ffn_dim", 5120) * d_text + d_text * d_text


def audio_flamingo(c: Fields, a: Fields, d_text: int) -> int:
    """Goel et al. 2025: Whisper's encoder and two matrices."""
    params, d = _whisper(a)
    bias = bool(c.get("projector_bias", True))
    return params + dense(d, d_text, bias) + dense(d_text, d_text, bias)


def qwen3_asr(c: Fields, a: Fields, d_text: int) -> int:
    """Qwen3-ASR report 2026: three convolutions that each halve the spectrum, then Whisper's layers."""
    return _convolved(a, 1024, 24, 4096)


def qwen3_omni(c: Fields, a: Fields, d_text: int) -> int:
    """Qwen3-Omni report 2025: the same with other sizes."""
    return _convolved(a, 1280, 32, 5120)


def qwen2_5_omni(c: Fields, a: Fields, d_text: int) -> int:
    """Qwen2.5-Omni report 2025: Whisper's encoder without its table of positions, and the two ends of a sound."""
    params, d = _whisper({**a, "max_source_positions": 0})
    out = a.get("output_dim", 3584)
    return params + dense(d, out) + 2 * out


def gemma4(c: Fields, a: Fields, d_text: int) -> int:
    """Gemma 4 (Google 2026): a Conformer (Gulati et al. 2020) over two convolutions of the spectrum."""
    d, n_heads, out = a.get("hidden_size", 1024), a.get("num_attention_heads", 8), a.get("output_proj_dims", 1536)
    first, second = a.get("subsampling_conv_channels") or (128, 32)
    stem = 9 * first + first + 9 * first * second + second + first // 4 * second * d
    forward = 2 * (2 * d * 4 * d + norms(2, d, False))
    convolution = 3 * d * d + d * a.get("conv_kernel_size", 5) + norms(2, d, False)
    one = forward + convolution + 5 * d * d + d // n_heads + norms(3, d, False)
    return stem + a.get("num_hidden_layers", 12) * one + dense(d, out) + out * d_text


def _convolved(a: Fields, d: int, n_layers: int, d_ff: int) -> int:
    """The encoder of Qwen3's audio models with its defaults."""
    d, wide, mels = a.get("d_model", d), a.get("downsample_hidden_size", 480), a.get("num_mel_bins", 128)
    for _ in range(3):
        mels = (mels + 1) // 2
    stem = dense(9, wide) + 2 * dense(9 * wide, wide) + wide * mels * d
    layers = a.get("encoder_layers", n_layers) * layer(d, a.get("encoder_ffn_dim", d_ff))
    return stem + layers + norms(1, d) + dense(d, d) + dense(d, a.get("output_dim", 3584))
