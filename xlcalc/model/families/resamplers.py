"""Towers whose outputs a fixed number of learned queries read: BLIP-2's Q-Former and its kin.

Sources: transformers models/<model type>/modeling_*.py of each wrapper; the defaults are those of the configuration
classes.
"""

from __future__ import annotations

from xlcalc.model.config import Config
from xlcalc.model.families import vision_towers as vision
from xlcalc.model.families.vision_towers import Fields, dense, encoder, norms


def q_former(q: Fields, *, reads_text: bool = False) -> tuple[int, int]:
    """Li et al. 2023: BERT's layers for queries, some of which attend to the tower; parameters, and its width.

    With `reads_text` (InstructBLIP) it embeds the instruction, which has MLPs of its own.
    """
    d, d_ff, n_layers = q.get("hidden_size", 768), q.get("intermediate_size", 3072), q.get("num_hidden_layers", 12)
    attends = 4 * dense(d, d) + norms(1, d)
    forward = dense(d, d_ff) + dense(d_ff, d) + norms(1, d)
    crossing = 2 * dense(d, d) + 2 * dense(q.get("encoder_hidden_size", 1408), d) + norms(1, d)
    n_crossing = -(-n_layers // q.get("cross_attention_frequency", 2))
    tables = (q.get("vocab_size", 30522) + q.get("max_position_embeddings", 512)) * d if reads_text else 0
    halves = n_layers * (attends + forward * (2 if reads_text else 1)) + n_crossing * crossing
    return halves + tables + norms(1, d), d


def blip2(c: Fields, v: Fields, d_text: int) -> int:
    params, _ = encoder(v, "blip_2_vision_model")
    own: Fields = c.get("qformer_config") or {}
    reads_text = str(c.get("model_type")).startswith("instructblip") or bool(own.get("use_qformer_text_input"))
    former, d = q_former(own, reads_text=reads_text)
    return params + c.get("num_query_tokens", 32) * d + former + dense(d, d_text)


def granite4(c: Fields, v: Fields, d_text: int) -> int:
    """IBM 2026: a Q-Former of one layer for each layer of the tower that is read, and for each part of the image."""
    params, d = encoder(v, "clip_vision_model")
    former, width = q_former({"num_hidden_layers": 1, "cross_attention_frequency": 1, "encoder_hidden_size": d,
                              **(c.get("qformer_config") or {})})  # fmt: skip
    query, window = (int(side) for side in str(c["downsample_rate"]).split("/"))
    one = former + (query**2 + window**2) * width + norms(1, width) + dense(width, d_text)
    places = c.get("spatial_target_layers") or (12, 15, 18, 21)
    return params + (len(c["deepstack_layer_map"]) + len(places)) * one + d_text


def granite_speech(c: Fields, e: Fields, d_text: int) -> int:
    """IBM 2025: a Conformer (Gulati et al. 2020) that predicts letters on the way, and a Q-Former over windows."""
    d, n_heads, head = e.get("hidden_dim", 1024), e.get("num_heads", 8), e.get("dim_head", 128)
    inner, wide, out = n_heads * head, d * e.get("feedforward_mult", 4), e.get("output_dim", 42)
    forward = norms(1, d) + dense(d, wide) + dense(wide, d)
    attends = norms(1, d) + 3 * d * inner + dense(inner, d) + (2 * e.get("max_pos_emb", 512) + 1) * head
    filtered = d * e.get("conv_expansion_factor", 2)
    convolution = norms(1, d) + dense(d, 2 * filtered) + filtered * e.get("conv_kernel_size", 15) + norms(1, filtered)
    one = 2 * forward + attends + convolution + dense(filtered, d) + norms(1, d)
    ends = dense(e.get("input_dim", 160), d) + dense(d, out) + dense(out, d)
    former, width = q_former(c.get("projector_config") or {})
    queries = c.get("window_size", 15) // c.get("downsample_rate", 5)
    return ends + e.get("num_layers", 10) * one + queries * width + former + dense(width, d_text)


def idefics2(c: Fields, v: Fields, d_text: int) -> int:
    """Laurencon et al. 2024: SigLIP without its head, a gated MLP, and a perceiver with grouped keys and values."""
    params, d = vision.idefics({"hidden_size": 768, **v})
    p: Fields = c.get("perceiver_config") or {}
    wide, n_heads, n_keys = d_text, p.get("resampler_n_heads", 16), p.get("num_key_value_heads", 4)
    head = p.get("resampler_head_dim", 96)
    one = norms(3, wide, False) + 2 * wide * head * (n_heads + n_keys) + 3 * wide * 4 * wide
    modality = 2 * d * Config(c)["intermediate_size"] + Config(c)["intermediate_size"] * d_text
    return params + modality + p.get("resampler_n_latents", 64) * wide + p.get("resampler_depth", 3) * one + wide


def aria(c: Fields, v: Fields, d_text: int) -> int:
    """Li et al. 2024: one layer of attention from learned queries, and an MLP."""
    params, d = encoder(v, "idefics3_vision")
    queries = max((c.get("projector_patch_to_query_dict") or {"4900": 256}).values())
    crossing = 3 * d * d + 5 * dense(d, d) + norms(3, d)
    return params + queries * d + crossing + d * d_text + d_text * d_text


def molmo2(c: Fields, v: Fields, d_text: int) -> int:
    """Ai2 2025: attention pools patches of the layers that are read; later layers are left out."""
    a: Fields = c.get("adapter_config") or {}
    d, n_layers = v.get("hidden_size", 1152), v.get("num_hidden_layers", 25)
    read = a.get("vision_feature_layer") or a.get("vit_layers") or (24, 18)
    n_layers = max(i % n_layers for i in read) + 1
    one = vision.layer(d, v.get("intermediate_size", 4304), attention_bias=bool(v.get("attention_bias", True)))
    stem = dense(3 * int(v.get("patch_size", 14)) ** 2, d) + v.get("num_position_embeddings", 729) * d
    width, inner = a.get("hidden_size", 1152), a.get("num_attention_heads", 16) * a.get("head_dim", 72)
    keys, bias = a.get("num_key_value_heads", 16) * a.get("head_dim", 72), bool(a.get("attention_bias", True))
    pooled = len(read) * d
    pooling = dense(pooled, inner, bias) + 2 * dense(pooled, keys, bias) + dense(inner, width)
    d_ff, out = a.get("intermediate_size", 18944), a.get("text_hidden_size") or d_text
    return stem + n_layers * one + pooling + 2 * width * d_ff + d_ff * out
