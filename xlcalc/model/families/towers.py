"""Parameters of the towers of multimodal models: encoders, and what projects their outputs into the language model.

Sources: transformers models/<model type>/modeling_*.py of each wrapper; the defaults are those of the configuration
classes. Engines keep towers in 16 bit beside the language model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xlcalc.model.config import Config
from xlcalc.model.families import audio_towers as audio
from xlcalc.model.families import vision_towers as vision
from xlcalc.model.families.vision_towers import Fields, dense, encoder, layer, norms, patches


def tower_params(config: Fields, text: Config) -> int:
    """Parameters of the towers of a wrapper's configuration and of their projectors; 0 where it has none.

    Raises ValueError for a wrapper whose towers are not declared.
    """
    model_type = str(config.get("model_type") or "")
    if isinstance(thinker := config.get("thinker_config"), Mapping):  # of Qwen's omni models; their talker is no tower
        return tower_params({"model_type": f"{model_type}_thinker", **thinker}, text)
    parts = {kind: config.get(f"{kind}_config") for kind in ("vision", "audio")}
    given = {kind: part for kind, part in parts.items() if isinstance(part, Mapping)}
    own = {kind: wrappers[model_type] for kind, wrappers in _WRAPPERS.items() if model_type in wrappers}
    if not given and (own or text.towers):
        raise ValueError(f"has no {' or '.join(own or parts)}_config here, and its towers are sized by it")
    if not given:
        return 0
    if set(given) - set(own) or set(text.towers) - {f"{kind}_config" for kind in own}:
        raise ValueError(f"is of model_type {model_type[:60]!r}, whose towers are not declared")
    return sum(own[kind](config, part, text["hidden_size"]) for kind, part in given.items())


def _qwen2(c: Fields, v: Fields, d_text: int) -> int:
    """Wang et al. 2024: layers with norms and biases, four patches merged into one token."""
    d = v.get("embed_dim", 1280)
    wide = d * v.get("spatial_merge_size", 2) ** 2
    layers = v.get("depth", 32) * layer(d, int(d * v.get("mlp_ratio", 4)))
    merger = norms(1, d) + dense(wide, wide) + dense(wide, v.get("hidden_size", 3584))
    return patches(v, d, 14, frames=v.get("temporal_patch_size", 2)) + layers + merger


def _qwen2_5(c: Fields, v: Fields, d_text: int) -> int:
    """Qwen2.5-VL report 2025: gated MLPs, norms without biases."""
    d = v.get("hidden_size", 3584)
    wide = d * v.get("spatial_merge_size", 2) ** 2
    layers = v.get("depth", 32) * layer(d, v.get("intermediate_size", 3420), gated=True, norm_bias=False)
    merger = norms(1, d, False) + dense(wide, wide) + dense(wide, v.get("out_hidden_size", 3584))
    return patches(v, d, 14, frames=v.get("temporal_patch_size", 2)) + layers + merger


def _qwen3(c: Fields, v: Fields, d_text: int) -> int:
    """Qwen3-VL report 2025: learned positions, and a merger for each layer that is read early."""
    d, out = v.get("hidden_size", 1152), v.get("out_hidden_size", 3584)
    wide = d * v.get("spatial_merge_size", 2) ** 2
    layers = v.get("depth", 27) * layer(d, v.get("intermediate_size", 4304))
    early = v.get("deepstack_visual_indexes")
    early = [8, 16, 24] if early is None and not str(c.get("model_type")).startswith("qwen3_5") else early or []
    mergers = (1 + len(early)) * (dense(wide, wide) + dense(wide, out)) + norms(1, d) + len(early) * norms(1, wide)
    stem = patches(v, d, 16, frames=v.get("temporal_patch_size", 2), bias=True)
    return stem + v.get("num_position_embeddings", 2304) * d + layers + mergers


def _gemma3(c: Fields, v: Fields, d_text: int) -> int:
    params, d = vision.siglip(v)
    return params + d * d_text + d


def _paligemma(c: Fields, v: Fields, d_text: int) -> int:
    params, d = vision.siglip(v)
    return params + dense(d, c.get("projection_dim", 2048))


def _llava(c: Fields, v: Fields, d_text: int) -> int:
    """Liu et al. 2023: two matrices from the layers that are read to the language model."""
    params, d = encoder(v, "clip_vision_model")
    read, bias = c.get("vision_feature_layer", -2), c.get("multimodal_projector_bias", True)
    width = d * (len(read) if isinstance(read, (list, tuple)) else 1)
    return params + dense(width, d_text, bias) + dense(d_text, d_text, bias)


def _mistral3(c: Fields, v: Fields, d_text: int) -> int:
    """Mistral Small 3.1: four patches merged into one token."""
    params, d = encoder(v, "pixtral")
    bias = c.get("multimodal_projector_bias", False)
    merged = d * c.get("spatial_merge_size", 2) ** 2 * d
    return params + d + merged + dense(d, d_text, bias) + dense(d_text, d_text, bias)


def _llava_next(c: Fields, v: Fields, d_text: int) -> int:
    """Liu et al. 2024, Li et al. 2024: and a learned end of a row."""
    return _llava(c, v, d_text) + d_text


def _vipllava(c: Fields, v: Fields, d_text: int) -> int:
    """Cai et al. 2023: five layers are read, through a norm."""
    read = c.get("vision_feature_layers") or c.get("vision_feature_layer") or [-2, -5, -8, -11, 6]
    own = {**c, "vision_feature_layer": read, "multimodal_projector_bias": True}
    return _llava(own, v, d_text) + norms(1, encoder(v, "clip_vision_model")[1] * len(read))


def _video_llava(c: Fields, v: Fields, d_text: int) -> int:
    """Lin et al. 2023: an encoder for images and one for films."""
    return _llava(c, v, d_text) + encoder(v, "clip_vision_model")[0]


def _idefics3(c: Fields, v: Fields, d_text: int) -> int:
    params, d = encoder(v, "idefics3_vision")
    return params + d * c.get("scale_factor", 2) ** 2 * d_text


def _internvl(c: Fields, v: Fields, d_text: int) -> int:
    params, d = encoder(v, "internvl_vision")
    wide = d * int(1 / c.get("downsample_ratio", 0.5)) ** 2
    return params + norms(1, wide) + dense(wide, d_text) + dense(d_text, d_text)


def _cohere2(c: Fields, v: Fields, d_text: int) -> int:
    """Cohere 2025: a gated projector over four patches."""
    params, d = encoder(v, "siglip_vision_model")
    wide, inner = d * c.get("downsample_factor", 2) ** 2, c.get("alignment_intermediate_size") or 36864
    return params + dense(wide, inner) + dense(inner // 2, d_text)


def _aya(c: Fields, v: Fields, d_text: int) -> int:
    params, d = encoder(v, "siglip_vision_model")
    wide, inner = d * c.get("downsample_factor", 2) ** 2, c.get("alignment_intermediate_size") or d_text
    return params + norms(1, wide) + dense(wide, inner) + dense(inner // 2, d_text)


def _llama4(c: Fields, v: Fields, d_text: int) -> int:
    params, width = vision.llama4(v)
    return params + width * d_text


def _mllama(c: Fields, v: Fields, d_text: int) -> int:
    params, width = vision.mllama(v)
    return params + dense(width, d_text)


def _glm4v(c: Fields, v: Fields, d_text: int) -> int:
    return vision.glm4v(v)[0]


def _kimi(c: Fields, v: Fields, d_text: int) -> int:
    params, d = vision.moonvit(v)
    high, wide = v.get("merge_kernel_size") or (2, 2)
    return params + norms(1, d) + dense(d * high * wide, d * high * wide) + dense(d * high * wide, d_text)


def _step3(c: Fields, v: Fields, d_text: int) -> int:
    params, d = vision.step3(v)
    return params + dense(d, d_text, bool(c.get("projector_bias", False)))


def _ovis2(c: Fields, v: Fields, d_text: int) -> int:
    return vision.aimv2(v, d_table=c.get("hidden_size") or 1536)[0]


def _lfm2(c: Fields, v: Fields, d_text: int) -> int:
    """Liquid AI 2025: SigLIP 2 and two matrices over four patches."""
    params, d = encoder(v, "siglip2_vision_model")
    wide, inner = d * c.get("downsample_factor", 2) ** 2, c.get("projector_hidden_size", 2560)
    bias, normed = bool(c.get("projector_bias", True)), c.get("projector_use_layernorm", True)
    return params + normed * norms(1, wide) + dense(wide, inner, bias) + dense(inner, d_text, bias)


def _paddle_ocr(c: Fields, v: Fields, d_text: int) -> int:
    """PaddleOCR-VL report 2025: SigLIP without its head, four patches merged."""
    params, d = vision.siglip({"hidden_size": 1152, "image_size": 384, "patch_size": 14, **v, "vision_use_head": False})
    wide = d * v.get("spatial_merge_size", 2) ** 2
    return params + norms(1, d) + dense(wide, wide) + dense(wide, d_text)


def _deepseek_vl(c: Fields, v: Fields, d_text: int) -> int:
    """Lu et al. 2024."""
    params, d = encoder(v, "siglip_vision_model")
    return params + dense(d, d_text) + dense(d_text, d_text)


def _glm_ocr(c: Fields, v: Fields, d_text: int) -> int:
    return vision.glm_ocr(v)[0]


def _gemma4(c: Fields, v: Fields, d_text: int) -> int:
    params, d = vision.gemma4(v)
    return params + d * d_text


def _ernie(c: Fields, v: Fields, d_text: int) -> int:
    """ERNIE 4.5 report 2025: patches merged in space and in time."""
    d, wide = v.get("hidden_size", 1280), v.get("hidden_size", 1280) * v.get("spatial_merge_size", 2) ** 2
    layers = v.get("depth", 32) * layer(d, v.get("intermediate_size", 5120))
    later = wide * v.get("temporal_merge_size", 2)
    mergers = 3 * dense(wide, wide) + dense(later, wide) + norms(2, wide) + dense(wide, d_text) + d_text
    return patches(v, d, 14) + layers + norms(1, d) + mergers


_WRAPPERS: dict[str, dict[str, Callable[[Fields, Fields, int], int]]] = {
    "vision": {
        "qwen2_vl": _qwen2,
        "qwen2_5_vl": _qwen2_5,
        **dict.fromkeys(("qwen3_vl", "qwen3_vl_moe", "qwen3_5", "qwen3_5_moe", "cosmos3_omni"), _qwen3),
        **dict.fromkeys(("gemma3", "shieldgemma2"), _gemma3),
        "paligemma": _paligemma,
        "llava": _llava,
        **dict.fromkeys(("llava_next", "llava_next_video", "llava_onevision"), _llava_next),
        "vipllava": _vipllava,
        "video_llava": _video_llava,
        **dict.fromkeys(("mistral3", "lighton_ocr", "mistral_large4"), _mistral3),
        **dict.fromkeys(("idefics3", "smolvlm"), _idefics3),
        **dict.fromkeys(("internvl", "qianfan_ocr"), _internvl),
        "cohere2_vision": _cohere2,
        "aya_vision": _aya,
        "llama4": _llama4,
        "mllama": _mllama,
        **dict.fromkeys(("glm4v", "glm4v_moe", "glm46v", "glmga"), _glm4v),
        "kimi_k25": _kimi,
        "step3p7": _step3,
        "ovis2": _ovis2,
        "lfm2_vl": _lfm2,
        "paddleocr_vl": _paddle_ocr,
        "deepseek_vl": _deepseek_vl,
        "glm_ocr": _glm_ocr,
        "ernie4_5_vl_moe": _ernie,
        "gemma4": _gemma4,
        "qwen2_5_omni_thinker": _qwen2_5,
        "qwen3_omni_moe_thinker": _qwen3,
    },
    "audio": {
        "qwen2_audio": audio.qwen2_audio,
        "voxtral": audio.voxtral,
        **dict.fromkeys(("audioflamingo3", "musicflamingo"), audio.audio_flamingo),
        "qwen3_asr": audio.qwen3_asr,
        "gemma4": audio.gemma4,
        "qwen2_5_omni_thinker": audio.qwen2_5_omni,
        "qwen3_omni_moe_thinker": audio.qwen3_omni,
    },
}
