"""Towers of models that read documents: convolutions and several ways through an image before the language model.

Sources: transformers models/<model type>/modeling_*.py of each wrapper; the defaults are those of the configuration
classes.
"""

from __future__ import annotations

from xlcalc.model.families import vision_towers as vision
from xlcalc.model.families.vision_towers import Fields, dense, encoder, norms, patches


def paddle_ocr(c: Fields, v: Fields, d_text: int) -> int:
    """PaddleOCR-VL report 2025: SigLIP without its head, four patches merged."""
    params, d = vision.siglip({"hidden_size": 1152, "image_size": 384, "patch_size": 14, **v, "vision_use_head": False})
    wide = d * v.get("spatial_merge_size", 2) ** 2
    return params + norms(1, d) + dense(wide, wide) + dense(wide, d_text)


def glm_ocr(c: Fields, v: Fields, d_text: int) -> int:
    return vision.glm_ocr(v)[0]


def got_ocr2(c: Fields, v: Fields, d_text: int) -> int:
    """Wei et al. 2024: SAM, and two convolutions that each halve the sides."""
    params, out = vision.sam(v)
    return params + 9 * out * 2 * out + 9 * 2 * out * d_text + dense(d_text, d_text)


def deepseek_ocr2(c: Fields, v: Fields, d_text: int) -> int:
    """Wei et al. 2026: SAM, and a Qwen2 whose queries read its states."""
    params, _ = _sam_and_more(v, (512, 896))
    e: Fields = v.get("encoder_config") or {}
    d, n_heads, d_ff = e.get("hidden_size", 4096), e.get("num_attention_heads", 32), e.get("intermediate_size", 22016)
    keys = d // n_heads * (e.get("num_key_value_heads") or n_heads)
    one = dense(d, d) + 2 * dense(d, keys) + d * d + 3 * d * d_ff + 2 * d
    queries = (12 * 12 + 16 * 16) * d  # of images of 768 and of 1,024 pixels
    return params + e.get("num_hidden_layers", 32) * one + d + queries + dense(d, d_text) + d_text


def unlimited_ocr(c: Fields, v: Fields, d_text: int) -> int:
    """DeepSeek-OCR's (Wei et al. 2025): SAM, and CLIP without its stem over SAM's states."""
    params, wide = _sam_and_more(v, (512, 1024))
    e: Fields = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "patch_size": 14,
                 **(v.get("encoder_config") or {})}  # fmt: skip
    own, d = vision.clip(e)
    return params + own - patches(e, d, 14) - norms(1, d) + dense(d + wide, d_text) + 2 * d_text


def _sam_and_more(v: Fields, channels: tuple[int, int]) -> tuple[int, int]:
    """SAM with two convolutions behind it: parameters, and the channels of the last."""
    own: Fields = v.get("sam_config") or {}
    params, out = vision.sam(own)
    first, last = own.get("downsample_channels") or channels
    return params + 9 * out * first + 9 * first * last, last


def deepseek_vl_hybrid(c: Fields, v: Fields, d_text: int) -> int:
    """Lu et al. 2024: SigLIP, and SAM for details."""
    high: Fields = c.get("high_res_vision_config") or {}
    (params, d), (more, out) = encoder(v, "siglip_vision_model"), vision.sam(high)
    again = vision.neck(high.get("hidden_size", 768), out) + 9 * out * 2 * out + 9 * 2 * out * 4 * out
    half = d_text // 2
    return params + more + 1 + again + dense(d, half) + dense(4 * out, half) + dense(d_text, d_text)


def kosmos2_5(c: Fields, v: Fields, d_text: int) -> int:
    """Lv et al. 2023: Pix2Struct's encoder with tables of rows and columns."""
    d, inner = v.get("hidden_size", 1536), v.get("num_attention_heads", 24) * v.get("head_dim", 64)
    one = 4 * d * inner + 3 * d * v.get("intermediate_size", 3968) + norms(2, d, False)
    stem = dense(v.get("patch_embed_hidden_size", 768), d) + 2 * v.get("max_num_patches", 4096) * d
    return stem + v.get("num_hidden_layers", 18) * one + d + latents(c, d, d_text, 2048)


def kosmos2(c: Fields, v: Fields, d_text: int) -> int:
    """Peng et al. 2023."""
    sized = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "patch_size": 14, **v}
    params, d = vision.clip(sized)
    return params + latents(c, d, d_text, 64)


def latents(c: Fields, d: int, d_text: int, usual: int) -> int:
    """Kosmos's queries, which read an image's states."""
    return dense(d, d_text) + c.get("latent_query_num", usual) * d_text + 4 * dense(d_text, d_text)


def granite_docling(c: Fields, v: Fields, d_text: int) -> int:
    """IBM 2026: SigLIP without its head; a coarse and a fine way, each with a merger for layers that are read early."""
    params, d = vision.siglip({"image_size": 512, **v, "vision_use_head": False})
    out, scale, early = v.get("out_hidden_size", 1024), v.get("scale_factor", 4), v.get("deepstack_visual_indexes")
    n_early = 3 if early is None else len(early)
    ways = 0
    for side in (scale, scale // 2) if v.get("use_fine_route", True) else (scale,):
        wide = d * side * side
        ways += wide * out + n_early * (norms(1, wide) + dense(wide, out) + dense(out, out))
    return params + ways + norms(1, d) + norms(2, out) + out * out
