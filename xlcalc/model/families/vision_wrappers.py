"""Vision towers of wrappers: an encoder, and what projects its outputs into the language model.

Sources: transformers models/<model type>/modeling_*.py of each wrapper; the defaults are those of the configuration
classes. Each takes the wrapper's fields, those of its encoder, and the width of the language model.
"""

from __future__ import annotations

from xlcalc.model.families import vision_towers as vision
from xlcalc.model.families.vision_towers import Fields, dense, encoder, grid, layer, norms, patches


def qwen2(c: Fields, v: Fields, d_text: int) -> int:
    """Wang et al. 2024: layers with norms and biases, four patches merged into one token."""
    d = v.get("embed_dim", 1280)
    wide = d * v.get("spatial_merge_size", 2) ** 2
    layers = v.get("depth", 32) * layer(d, int(d * v.get("mlp_ratio", 4)))
    merger = norms(1, d) + dense(wide, wide) + dense(wide, v.get("hidden_size", 3584))
    return patches(v, d, 14, frames=v.get("temporal_patch_size", 2)) + layers + merger


def qwen2_5(c: Fields, v: Fields, d_text: int) -> int:
    """Qwen2.5-VL report 2025: gated MLPs, norms without biases."""
    d = v.get("hidden_size", 3584)
    wide = d * v.get("spatial_merge_size", 2) ** 2
    one = layer(d, v.get("intermediate_size", 3420), gated=True, norm_bias=False)
    if keys := v.get("num_key_value_heads"):  # of EXAONE 4.5
        one -= 2 * (dense(d, d) - dense(d, d // v.get("num_heads", 16) * keys))
    layers = v.get("depth", 32) * one
    merger = norms(1, d, False) + dense(wide, wide) + dense(wide, v.get("out_hidden_size", 3584))
    return patches(v, d, 14, frames=v.get("temporal_patch_size", 2)) + layers + merger


def qwen3(c: Fields, v: Fields, d_text: int) -> int:
    """Qwen3-VL report 2025: learned positions, and a merger for each layer that is read early."""
    d, out = v.get("hidden_size", 1152), v.get("out_hidden_size", 3584)
    wide = d * v.get("spatial_merge_size", 2) ** 2
    layers = v.get("depth", 27) * layer(d, v.get("intermediate_size", 4304))
    early = v.get("deepstack_visual_indexes")
    none = str(c.get("model_type")).startswith(("qwen3_5", "qwen4"))
    early = [8, 16, 24] if early is None and not none else early or []
    mergers = (1 + len(early)) * (dense(wide, wide) + dense(wide, out)) + norms(1, d) + len(early) * norms(1, wide)
    stem = patches(v, d, 16, frames=v.get("temporal_patch_size", 2), bias=True)
    return stem + v.get("num_position_embeddings", 2304) * d + layers + mergers


def gemma3(c: Fields, v: Fields, d_text: int) -> int:
    params, d = vision.siglip(v)
    return params + d * d_text + d


def paligemma(c: Fields, v: Fields, d_text: int) -> int:
    params, d = vision.siglip(v)
    return params + dense(d, c.get("projection_dim", 2048))


def llava(c: Fields, v: Fields, d_text: int) -> int:
    """Liu et al. 2023: two matrices from the layers that are read to the language model."""
    params, d = encoder(v, "clip_vision_model")
    read, bias = c.get("vision_feature_layer", -2), c.get("multimodal_projector_bias", True)
    width = d * (len(read) if isinstance(read, (list, tuple)) else 1)
    return params + dense(width, d_text, bias) + dense(d_text, d_text, bias)


def mistral3(c: Fields, v: Fields, d_text: int) -> int:
    """Mistral Small 3.1: four patches merged into one token."""
    params, d = encoder(v, "pixtral")
    bias = c.get("multimodal_projector_bias", False)
    merged = d * c.get("spatial_merge_size", 2) ** 2 * d
    return params + d + merged + dense(d, d_text, bias) + dense(d_text, d_text, bias)


def llava_next(c: Fields, v: Fields, d_text: int) -> int:
    """Liu et al. 2024, Li et al. 2024: and a learned end of a row."""
    return llava(c, v, d_text) + d_text


def vipllava(c: Fields, v: Fields, d_text: int) -> int:
    """Cai et al. 2023: five layers are read, through a norm."""
    read = c.get("vision_feature_layers") or c.get("vision_feature_layer") or [-2, -5, -8, -11, 6]
    own = {**c, "vision_feature_layer": read, "multimodal_projector_bias": True}
    return llava(own, v, d_text) + norms(1, encoder(v, "clip_vision_model")[1] * len(read))


def video_llava(c: Fields, v: Fields, d_text: int) -> int:
    """Lin et al. 2023: an encoder for images and one for films."""
    return llava(c, v, d_text) + encoder(v, "clip_vision_model")[0]


def idefics3(c: Fields, v: Fields, d_text: int) -> int:
    params, d = encoder(v, "idefics3_vision")
    return params + d * c.get("scale_factor", 2) ** 2 * d_text


def internvl(c: Fields, v: Fields, d_text: int) -> int:
    params, d = encoder(v, "internvl_vision")
    wide = d * int(1 / c.get("downsample_ratio", 0.5)) ** 2
    return params + norms(1, wide) + dense(wide, d_text) + dense(d_text, d_text)


def cohere2(c: Fields, v: Fields, d_text: int) -> int:
    """Cohere 2025: a gated projector over four patches."""
    params, d = encoder(v, "siglip_vision_model")
    wide, inner = d * c.get("downsample_factor", 2) ** 2, c.get("alignment_intermediate_size") or 36864
    return params + dense(wide, inner) + dense(inner // 2, d_text)


def aya(c: Fields, v: Fields, d_text: int) -> int:
    params, d = encoder(v, "siglip_vision_model")
    wide, inner = d * c.get("downsample_factor", 2) ** 2, c.get("alignment_intermediate_size") or d_text
    return params + norms(1, wide) + dense(wide, inner) + dense(inner // 2, d_text)


def llama4(c: Fields, v: Fields, d_text: int) -> int:
    params, width = vision.llama4(v)
    return params + width * d_text


def mllama(c: Fields, v: Fields, d_text: int) -> int:
    params, width = vision.mllama(v)
    return params + dense(width, d_text)


def glm4v(c: Fields, v: Fields, d_text: int) -> int:
    return vision.glm4v(v)[0]


def kimi(c: Fields, v: Fields, d_text: int) -> int:
    params, d = vision.moonvit(v)
    high, wide = v.get("merge_kernel_size") or (2, 2)
    return params + norms(1, d) + dense(d * high * wide, d * high * wide) + dense(d * high * wide, d_text)


def step3(c: Fields, v: Fields, d_text: int) -> int:
    params, d = vision.step3(v)
    return params + dense(d, d_text, bool(c.get("projector_bias", False)))


def ovis2(c: Fields, v: Fields, d_text: int) -> int:
    return vision.aimv2(v, d_table=c.get("hidden_size") or 1536)[0]


def lfm2(c: Fields, v: Fields, d_text: int) -> int:
    """Liquid AI 2025: SigLIP 2 and two matrices over four patches."""
    params, d = encoder(v, "siglip2_vision_model")
    wide, inner = d * c.get("downsample_factor", 2) ** 2, c.get("projector_hidden_size", 2560)
    bias, normed = bool(c.get("projector_bias", True)), c.get("projector_use_layernorm", True)
    return params + normed * norms(1, wide) + dense(wide, inner, bias) + dense(inner, d_text, bias)


def deepseek_vl(c: Fields, v: Fields, d_text: int) -> int:
    """Lu et al. 2024."""
    params, d = encoder(v, "siglip_vision_model")
    return params + dense(d, d_text) + dense(d_text, d_text)


def gemma4(c: Fields, v: Fields, d_text: int) -> int:
    params, d = vision.gemma4(v)
    return params + d * d_text


def ernie(c: Fields, v: Fields, d_text: int) -> int:
    """ERNIE 4.5 report 2025: patches merged in space and in time."""
    d, wide = v.get("hidden_size", 1280), v.get("hidden_size", 1280) * v.get("spatial_merge_size", 2) ** 2
    layers = v.get("depth", 32) * layer(d, v.get("intermediate_size", 5120))
    later = wide * v.get("temporal_merge_size", 2)
    mergers = 3 * dense(wide, wide) + dense(later, wide) + norms(2, wide) + dense(wide, d_text) + d_text
    return patches(v, d, 14) + layers + norms(1, d) + mergers


def exaone4_5(c: Fields, v: Fields, d_text: int) -> int:
    """LG 2026: Qwen2.5-VL's with grouped keys and values."""
    return qwen2_5(c, {"num_key_value_heads": 8, **v}, d_text)


def hyperclovax(c: Fields, v: Fields, d_text: int) -> int:
    """Naver 2026: Qwen2.5-VL's, and one matrix."""
    return qwen2_5(c, v, d_text) + dense(v.get("out_hidden_size", 3584), d_text)


def glm5(c: Fields, v: Fields, d_text: int) -> int:
    return vision.glm_ocr({"projection_intermediate_size": 10240, **v})[0]


def cosmos3_edge(c: Fields, v: Fields, d_text: int) -> int:
    """NVIDIA 2026: SigLIP 2 without its head, four patches merged."""
    sized = {"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27, **v, "vision_use_head": False}
    params, d = vision.siglip2(sized)
    inner = c.get("projector_hidden_size", 11520)
    return params + norms(1, d) + dense(d * v.get("spatial_merge_size", 2) ** 2, inner) + dense(inner, d_text)


def minicpm_v(c: Fields, v: Fields, d_text: int) -> int:
    """MiniCPM-V 4.6 (OpenBMB 2026): SigLIP without its head; windows merge patches inside it, an MLP behind it."""
    sized = {"hidden_size": 768, "intermediate_size": 3072, **v, "vision_use_head": False}
    params, d = vision.siglip(sized)
    high, across = v.get("window_kernel_size") or (2, 2)
    inside, inner = d * high * across, sized["intermediate_size"] * high * across
    merger = 4 * dense(d, d) + norms(1, d) + norms(1, inside) + dense(inside, inner) + dense(inner, d)
    high, across = c.get("merge_kernel_size") or (2, 2)
    wide, times = d * high * across, c.get("merger_times", 1)
    return (
        params
        + merger
        + times * (norms(1, wide) + dense(wide, wide))
        + (times - 1) * dense(wide, d)
        + dense(wide, d_text)
    )


def minimax_m3(c: Fields, v: Fields, d_text: int) -> int:
    """MiniMax-M3 2026: CLIP's layers without positions; two MLPs, before and after four patches are merged."""
    d, inner = v.get("hidden_size", 1280), c.get("projector_hidden_size", 6144)
    wide = c.get("merged_hidden_size") or d_text * v.get("spatial_merge_size", 2) ** 2
    stem = patches(v, d, 14, frames=v.get("temporal_patch_size", 2)) + norms(1, d)
    layers = v.get("num_hidden_layers", 32) * layer(d, v.get("intermediate_size", 5120))
    return stem + layers + dense(d, inner) + dense(inner, d_text) + dense(wide, inner) + dense(inner, d_text)


def muse_glimmer(c: Fields, v: Fields, d_text: int) -> int:
    """Meta 2026: three matrices over four patches."""
    params, d = vision.muse(v)
    inner = c.get("projector_hidden_size", 4096)
    merged = c.get("out_hidden_size") or d * v.get("merge_size", 2) ** 2
    return params + merged * inner + inner * inner + inner * d_text


def nemotron_omni(c: Fields, v: Fields, d_text: int) -> int:
    """NVIDIA 2025: RADIO, and two matrices over four patches."""
    params, d = vision.radio(v)
    wide, inner = d * int(1 / c.get("downsample_ratio", 0.5)) ** 2, c.get("projector_hidden_size", 4096)
    return params + wide + wide * inner + inner * d_text


def video_llama3(c: Fields, v: Fields, d_text: int) -> int:
    """Zhang et al. 2025: SigLIP without its positions and its head."""
    params, d = vision.siglip({**v, "vision_use_head": False})
    return params - grid(v, 224, 16) * d + dense(d, d_text) + dense(d_text, d_text)


def lfm3(c: Fields, v: Fields, d_text: int) -> int:
    """Liquid AI 2026: LFM2's layers over an image, convolutions in two directions, four patches merged."""
    d, d_ff, n_heads = v.get("hidden_size", 1024), v.get("intermediate_size", 2560), v.get("num_attention_heads", 16)
    head, inner = d // n_heads, c.get("projector_hidden_size", 4096)
    kinds = v.get("layer_types") or ["conv", *["conv", "full_attention"] * 6, "conv"]
    softmax = 2 * d * d + 2 * d * head * v.get("num_key_value_heads", 8) + 2 * head
    filtered = 4 * d * d + d * v.get("conv_kernel_size", 3) ** 2
    layers = sum(softmax if kind == "full_attention" else filtered for kind in kinds)
    layers += len(kinds) * (3 * d * d_ff + norms(2, d, False))
    bias, wide = bool(c.get("projector_bias", True)), d * v.get("spatial_merge_size", 2) ** 2
    stem = patches(v, d, 16, frames=v.get("temporal_patch_size", 2)) + d
    return stem + layers + norms(1, d) + dense(wide, inner, bias) + dense(inner, d_text, bias)


def hunyuan(c: Fields, v: Fields, d_text: int) -> int:
    """Tencent 2025: a convolution merges patches; marks for the image's beginning, end, rows and parts."""
    d, out = v.get("hidden_size", 1152), v.get("text_hidden_size") or v.get("out_hidden_size", 4096)
    places = (v.get("max_image_size", 2048) // v.get("patch_size", 16)) ** 2 + 1
    layers = v.get("num_hidden_layers", 27) * layer(d, v.get("intermediate_size", 4304))
    merged = d * v.get("spatial_merge_size", 2) ** 2 * 2 * d + 2 * d
    merger = merged + dense(2 * d, 4 * d) + dense(4 * d, out) + 4 * d + 3 * out + d + out
    return patches(v, d, 16, frames=v.get("temporal_patch_size", 1), bias=True) + places * d + layers + merger


def inkling2(c: Fields, v: Fields, d_text: int) -> int:
    params, d = vision.inkling2(v)
    inner, bias = v.get("projection_hidden_dim", 4096), bool(v.get("projector_bias", False))
    merged = d * v.get("spatial_merge_size", 2) ** 2
    return params + dense(merged, inner, bias) + dense(inner, v.get("text_hidden_size") or d_text, bias)


def hunyuan4(c: Fields, v: Fields, d_text: int) -> int:
    """Tencent 2026: the same with a shorter merger."""
    d, out = v.get("hidden_size", 1536), v.get("out_hidden_size", 6144)
    places = (v.get("max_image_size", 2048) // v.get("patch_size", 16)) ** 2 + 1
    layers = v.get("num_hidden_layers", 40) * layer(d, v.get("intermediate_size", 6144))
    merger = dense(d * v.get("spatial_merge_size", 2) ** 2, out) + dense(out, out) + out + d
    return patches(v, d, 16, bias=True) + places * d + layers + merger


def modernvbert(c: Fields, v: Fields, d_text: int) -> int:
    """Teiletche et al. 2025: SigLIP, patches merged, one matrix."""
    params, d = encoder(v, "siglip_vision_model")
    return params + d * c.get("pixel_shuffle_factor", 4) ** 2 * d_text


def fuyu(c: Fields, v: Fields, d_text: int) -> int:
    """Adept 2023: pixels of a patch by one matrix."""
    side = c.get("patch_size", 30)
    return dense(side * side * c.get("num_channels", 3), d_text)


def phi4(c: Fields, v: Fields, d_text: int) -> int:
    """Phi-4-Multimodal report 2025: SigLIP with its head, two matrices, marks of the whole image and of its parts."""
    sized = {
        "hidden_size": 1152,
        "intermediate_size": 4304,
        "num_hidden_layers": 27,
        "image_size": 448,
        "patch_size": 14,
    }
    params, d = vision.siglip({**sized, **v})
    return params + 2 * d + dense(d, d_text) + dense(d_text, d_text)


def dots3(c: Fields, v: Fields, d_text: int) -> int:
    """rednote 2026: gated layers with norms of heads; the last have experts, each layer more."""
    d, n_layers, out = v.get("hidden_size", 1536), v.get("num_hidden_layers", 42), v.get("adapter_out_dim", 5120)
    by_layer: Fields = {str(i): one["num_local_experts"] for i, one in (v.get("per_layer_config") or {}).items()}
    kinds, usual = v.get("mlp_layer_types"), [*[0] * 25, *range(4, 65, 4), 64]
    listed = v.get("pyramid_num_routed") or (None if kinds else usual)
    every = v.get("num_local_experts", 64)
    if listed is None:
        listed = [by_layer.get(str(i), every) if kind == "sparse" else 0 for i, kind in enumerate(kinds or ())]
    bias, mlp_bias = bool(v.get("attention_bias", False)), bool(v.get("mlp_bias", False))
    d_ff, d_expert = v.get("intermediate_size", 4224), v.get("moe_intermediate_size", 2112)
    shared = 4 * dense(d, d, bias) + 2 * (d // v.get("num_attention_heads", 24)) + norms(2, d, False)
    forward = 2 * dense(d, d_ff, mlp_bias) + dense(d_ff, d, mlp_bias)
    layers = n_layers * shared + sum(n * (3 * d * d_expert + d) if n > 0 else forward for n in listed)
    wide = d * v.get("spatial_merge_size", 2) ** 2
    return patches(v, d, 14, bias=True) + d + layers + d + norms(1, d) + dense(wide, wide) + dense(wide, out)
