"""Towers of convolutions: backbones of timm, Florence 2's DaViT (Ding et al. 2022), and Janus with its image codes.

Sources: transformers models/<model type>/modeling_*.py of each wrapper, timm 1.0.31; the defaults are those of the
configuration classes. None where a backbone is not known.
"""

from __future__ import annotations

from itertools import pairwise

from xlcalc.model.families import vision_towers as vision
from xlcalc.model.families.vision_towers import Fields, dense, norms

# parameters of timm's models without their classifier
_TIMM = {"mobilenetv5_300m_enc": 294_126_912, "fastvit_mci3": 122_875_584}
_MERGED = {"fastvit_mci3": 122_714_208}  # branches that training alone needs are one convolution each


def gemma3n(c: Fields, v: Fields, d_text: int) -> int | None:
    """MobileNetV5, and tokens of images."""
    backbone = _TIMM.get(v.get("architecture", "mobilenetv5_300m_enc"))
    return None if backbone is None else backbone + vision.soft_tokens(v, 2048, d_text)


def fast_vlm(c: Fields, v: Fields, d_text: int) -> int | None:
    """FastViT and two matrices."""
    merged = (v.get("model_args") or {"inference_mode": True}).get("inference_mode")
    backbone = (_MERGED if merged else _TIMM).get(v.get("architecture", "fastvit_mci3"))
    bias = bool(c.get("multimodal_projector_bias", True))
    projector = dense(v.get("hidden_size") or v.get("num_features") or 3072, d_text, bias) + dense(d_text, d_text, bias)
    return None if backbone is None else backbone + projector


def florence2(c: Fields, v: Fields, d_text: int) -> int:
    """Stages of fewer and wider patches, in which attention over windows and over channels take turns."""
    widths = v.get("embed_dim") or v.get("dim_embed") or (128, 256, 512, 1024)
    sides, prenorm = v.get("patch_size") or (7, 3, 3, 3), v.get("patch_prenorm") or (False, True, True, True)
    depths, bias, ratio = v.get("depths") or (1, 1, 9, 1), bool(v.get("qkv_bias", True)), v.get("mlp_ratio", 4)
    params = 0
    stages = pairwise((v.get("in_channels", 3), *widths))
    for (d_in, d), side, before, depth in zip(stages, sides, prenorm, depths, strict=True):
        stem = dense(d_in * side * side, d) + norms(1, d_in if before else d)
        one = dense(d, 3 * d, bias) + dense(d, d) + dense(d, int(d * ratio)) + dense(int(d * ratio), d)
        params += stem + 2 * depth * (one + 2 * dense(9, d) + norms(2, d))
    out = v.get("projection_dim", 1024)
    return params + widths[-1] * (out + v.get("max_position_embeddings", 50)) + norms(1, out)


def janus(c: Fields, v: Fields, d_text: int) -> int:
    """SigLIP without its head and MLPs behind it; what draws images stands beside."""
    d, out = v.get("hidden_size", 1024), v.get("projection_dim", 2048)
    one = vision.layer(d, int(d * v.get("mlp_ratio", 4))) - (0 if v.get("attention_bias", True) else 3 * d)
    one += norms(2, d) if v.get("use_qk_norm") else 0
    stem = vision.patches(v, d, 16, bias=True) + vision.grid(v, 384, 16) * d
    aligned = dense(d, out) + (v.get("depth", 2) - 1) * dense(out, out)
    return stem + v.get("num_hidden_layers", 24) * one + norms(1, d) + aligned + _image_codes(c.get("vq_config") or {})


def _image_codes(q: Fields) -> int:
    """An autoencoder of images into codes (Esser et al. 2021), their embedding, and the head that chooses them."""
    width, codes, latent = q.get("embed_dim", 8), q.get("num_embeddings", 16384), q.get("latent_channels", 256)
    n, multiples = q.get("num_res_blocks", 2), q.get("channel_multiplier") or (1, 1, 2, 2, 4)
    base = q.get("base_channels", 128)
    levels = [base * m for m in multiples]
    most = levels[-1]
    attends = norms(1, most) + 4 * dense(most, most)
    middle = 2 * _residual(most, most) + attends
    encoder = dense(9 * q.get("in_channels", 3), base) + middle + (n * attends)
    for i, (d_in, d) in enumerate(pairwise((base, *levels))):
        encoder += _residual(d_in, d) + (n - 1) * _residual(d, d) + (dense(9 * d, d) if i < len(levels) - 1 else 0)
    encoder += norms(1, most) + dense(9 * most, latent * (2 if q.get("double_latent") else 1))
    decoder = dense(9 * latent, most) + middle + (n + 1) * attends
    for i, (d_in, d) in enumerate(pairwise((most, *reversed(levels)))):
        decoder += _residual(d_in, d) + n * _residual(d, d) + (dense(9 * d, d) if i < len(levels) - 1 else 0)
    decoder += norms(1, levels[0]) + dense(9 * levels[0], q.get("out_channels", 3))
    out = q.get("projection_dim", 2048)
    aligned = dense(width, out) + (q.get("num_hidden_layers", 2) - 1) * dense(out, out)
    head = dense(q.get("image_token_embed_dim", 2048), out) + dense(out, codes)
    return encoder + decoder + dense(latent, width) + dense(width, latent) + 2 * codes * width + aligned + head


def _residual(d_in: int, d: int) -> int:
    """Two convolutions, and a third past them where the width changes."""
    return norms(1, d_in) + dense(9 * d_in, d) + norms(1, d) + dense(9 * d, d) + (dense(d_in, d) if d_in != d else 0)
