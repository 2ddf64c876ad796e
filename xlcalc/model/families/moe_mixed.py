"""Mixture-of-experts decoders with softmax attention whose layers differ: dense ones first, windows, heads by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture, heads, layer_kinds, windows
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.families.moe import attentions, by_layer, experts, stack, stepped
from xlcalc.model.layers import Block, Vector, attention, indexer, linear, mlp, norm


def sparse_layers(c: Config, first: int = 0, step: int = 1) -> list[bool]:
    """Which layers hold experts: those that `mlp_layer_types` calls sparse, else every `step`-th from `first` on."""
    n_layers, kinds = c["num_hidden_layers"], c.get("mlp_layer_types")
    if kinds is None:
        return [i >= first and i % step == 0 for i in range(n_layers)]
    unknown = sorted(set(kinds) - {"dense", "sparse"})
    if unknown:
        raise ValueError(f"has mlp_layer_types {', '.join(map(str, unknown))}; dense and sparse are known")
    return [kind == "sparse" for kind in by_layer(kinds, n_layers)]


def mixed(
    c: Config, sparse: Block, first: int, *, step: int = 1, d_dense: int | None = None, bias: bool = False
) -> list[Block]:
    """Each layer's feed-forward block: `sparse`, dense before layer `first` or where `mlp_layer_types` says so."""
    flags = sparse_layers(c, first, step)
    if all(flags):
        return [sparse] * len(flags)
    dense = mlp(c["hidden_size"], d_dense or c["intermediate_size"], bias=bias)
    return [sparse if flag else dense for flag in flags]


def with_shared(c: Config, field: str, **options: Any) -> Block:
    """Routed experts and `field` shared ones of the same width."""
    return experts(c, d_shared=c["moe_intermediate_size"] * c.get(field, 0), **options)


def head_gated(block: Block, c: Config, n_heads: int) -> Block:
    """The attention with a projection to one gate a head."""
    return block._replace(linears=(*block.linears, linear("gate", c["hidden_size"], n_heads, matrices.HEAD_GATE)))


@family("llama4_text")
def llama4(c: Config) -> Architecture:
    """Llama 4 (Meta 2025): experts every few layers beside a shared one; attention in chunks but every fourth layer.

    transformers llama4.
    """
    n_layers, step, interval = c["num_hidden_layers"], c["interleave_moe_layer_step"], c["no_rope_layer_interval"]
    chunked = c.get("no_rope_layers") or [(i + 1) % interval != 0 for i in range(n_layers)]
    kinds = layer_kinds(
        c,
        ["chunked_attention" if flag else "full_attention" for flag in by_layer(chunked, n_layers)],
        "chunked_attention",
        "full_attention",
    )
    spans = [c.get("attention_chunk_size") if kind == "chunked_attention" else None for kind in kinds]
    d_expert, at = c["intermediate_size"], c.get("moe_layers")
    at = range(step - 1, n_layers, step) if at is None else at
    sparse, dense = experts(c, d_expert, d_shared=d_expert), mlp(c["hidden_size"], c["intermediate_size_mlp"])
    mixers = attentions(c, spans, bias=c.flag("attention_bias"))
    return stack(c, mixers, [sparse if i in at else dense for i in range(n_layers)])


@family("glm4_moe", "glm4v_moe_text", "sarvam_moe")
def glm4_moe(c: Config) -> Architecture:
    """GLM-4.5 (Zhipu 2025): dense layers first; no bias on the output matrix. transformers glm4_moe, glm4v_moe."""
    qk_norm = "head" if c.flag("use_qk_norm") else ""
    mixers = attentions(c, qkv_bias=c.flag("attention_bias"), qk_norm=qk_norm)
    return stack(c, mixers, mixed(c, with_shared(c, "n_shared_experts"), c["first_k_dense_replace"]))


@family("solar_open")
def solar_open(c: Config) -> Architecture:
    """Solar Open (Upstage 2025): GLM-4.5's layers, all with experts. transformers solar_open."""
    return stack(c, attentions(c, qkv_bias=c.flag("attention_bias")), with_shared(c, "n_shared_experts"))


@family("dots1")
def dots1(c: Config) -> Architecture:
    """dots.llm1 (rednote 2025). transformers dots1."""
    spans = windows(c, lambda i: i >= c["max_window_layers"])
    sparse = with_shared(c, "n_shared_experts")
    mixers = attentions(c, spans, bias=c.flag("attention_bias"), qk_norm="head")
    return stack(c, mixers, mixed(c, sparse, c["first_k_dense_replace"]))


@family("deepseek", "deepseek_ocr2_text", "unlimited_ocr_text")
def deepseek_moe(c: Config) -> Architecture:
    """DeepSeekMoE (Dai et al. 2024) and readers of pages on it. transformers deepseek_ocr2, unlimited_ocr.

    Unlimited-OCR bounds only what it has written; its prompt stays in the cache whole, so no window is counted.
    """
    d_model, n_layers, bias = c["hidden_size"], c["num_hidden_layers"], c.flag("mlp_bias")
    n_heads, n_kv_heads, _ = heads(c)
    all_bias = c.flag("attention_bias")
    mixer = attention(d_model, n_heads, n_kv_heads, d_model // n_heads, qkv_bias=all_bias, o_bias=all_bias)
    sparse = with_shared(c, "n_shared_experts", shared_bias=bias)
    blocks = mixed(c, sparse, c.get("first_k_dense_replace", 0), step=c.get("moe_layer_freq", 1), bias=bias)
    return stack(c, [mixer] * n_layers, blocks)


@family("ernie4_5_moe")
def ernie_moe(c: Config) -> Architecture:
    """ERNIE 4.5 (Baidu 2025): experts between two layers; the routing bias is a weight. transformers ernie4_5_moe."""
    n_layers, bias = c["num_hidden_layers"], c.flag("use_bias")
    first, last, step = c["moe_layer_start_index"], c["moe_layer_end_index"], c["moe_layer_interval"]
    last = n_layers - 1 if last == -1 else last
    sparse = with_shared(c, "moe_num_shared_experts", shared_bias=bias, correction=True)
    dense = mlp(c["hidden_size"], c["intermediate_size"], bias=bias)
    blocks = [sparse if (i + 1) % step == 0 and first <= i <= last else dense for i in range(n_layers)]
    return stack(c, attentions(c, bias=bias), blocks, head_bias=bias)


@family("ernie4_5_vl_moe_text")
def ernie_vl_moe(c: Config) -> Architecture:
    """ERNIE 4.5 VL: experts for text, narrower ones for pictures, idle in text. transformers ernie4_5_vl_moe."""
    bias, widths = c.flag("use_bias"), c.get("moe_intermediate_size") or (1536, 512)
    d_shared = widths[0] * c["moe_num_shared_experts"]
    text = experts(c, widths[0], d_shared=d_shared, shared_bias=bias, correction=True)
    pictures = experts(c, widths[1], correction=True)
    idle = tuple(matrix._replace(active=0) for matrix in pictures.linears)
    sparse = text._replace(linears=text.linears + idle, vectors=text.vectors + pictures.vectors)
    return stack(c, attentions(c, bias=bias), mixed(c, sparse, 1, bias=bias))


@family("hy_v3")
def hy_v3(c: Config) -> Architecture:
    """Hunyuan 3 (Tencent 2026). transformers hy_v3."""
    bias = c.flag("mlp_bias")
    sparse = with_shared(c, "num_shared_experts", shared_bias=bias)
    mixers = attentions(c, bias=c.flag("attention_bias"), qk_norm="head")
    return stack(c, mixers, mixed(c, sparse, 1, bias=bias))


@family("afmoe")
def afmoe(c: Config) -> Architecture:
    """Trinity (Arcee 2025): gated attention, windows on three layers of four, four norms. transformers afmoe."""
    spans = windows(c, lambda i: (i + 1) % c["global_attn_every_n_layers"] != 0)
    sparse = with_shared(c, "num_shared_experts", correction=True)
    mixers = attentions(c, spans, bias=c.flag("attention_bias"), qk_norm="head", gate=True)
    dense = mlp(c["hidden_size"], c["intermediate_size"])
    first = c["num_dense_layers"]
    return stack(c, mixers, [dense if i < first else sparse for i in range(len(mixers))], n_norms=4)


@family("exaone_moe")
def exaone_moe(c: Config) -> Architecture:
    """K-EXAONE (LG 2026): windows on three layers of four. transformers exaone_moe."""
    pattern = c["sliding_window_pattern"]
    spans = windows(c, lambda i: (i + 1) % pattern != 0) if c.get("sliding_window") else None
    blocks = mixed(c, with_shared(c, "num_shared_experts"), c["first_k_dense_replace"])
    return stack(c, attentions(c, spans, qk_norm="head"), blocks)


@family("cohere2_moe")
def cohere2_moe(c: Config) -> Architecture:
    """Command A+ (Cohere 2026): attention and experts side by side after one norm. transformers cohere2_moe."""
    first, step = c["first_k_dense_replace"], c["sliding_window_pattern"]
    first_step = c["prefix_dense_sliding_window_pattern"]
    spans = windows(c, lambda i: (i + 1) % first_step != 0 if i < first else (i - first + 1) % step != 0)
    d_expert = c["intermediate_size"]
    sparse = experts(c, d_expert, d_shared=d_expert * c["num_shared_experts"])
    blocks = mixed(c, sparse, first, d_dense=c.get("prefix_dense_intermediate_size"))
    return stack(c, attentions(c, spans, bias=c.flag("attention_bias")), blocks, n_norms=1)


@family("mimo_v2_flash")
def mimo_v2(c: Config) -> Architecture:
    """MiMo-V2-Flash (Xiaomi 2025): twice the key/value heads and a sink in windowed layers. transformers mimo_v2_flash.

    The published file has its own names: hybrid_layer_pattern, moe_layer_freq, swa_num_key_value_heads.
    """
    n_heads, n_kv_heads, head_dim = heads(c)
    pattern = by_layer(c.get("hybrid_layer_pattern"), c["num_hidden_layers"])
    window = c["sliding_window_size"] + 1 if c.get("sliding_window_size") else None
    spans = windows(
        c, lambda i: (i != 0 and (i + 1) % 6 != 0) if pattern[i] is None else bool(pattern[i]), window=window
    )
    bias = c.flag("attention_bias")
    mixers = [
        attention(
            c["hidden_size"],
            n_heads,
            (c.get("swa_num_key_value_heads") or 2 * n_kv_heads) if span else n_kv_heads,
            head_dim,
            v_dim=c["v_head_dim"],
            qkv_bias=bias,
            window=span,
            sinks=bool(span),
        )
        for span in spans
    ]
    return stack(c, mixers, mixed(c, experts(c), 1))


@family("beam")
def beam(c: Config) -> Architecture:
    """Beam 1.0 (Reflection 2026): gates with a bias a head, windows on five layers of six. transformers beam."""
    last = c["num_hidden_layers"] - 1
    spans = windows(c, lambda i: (i + 1) % 6 != 0 and i != last)
    own = (Vector("gate_bias", c["num_attention_heads"], "attention"),)
    mixers = attentions(c, spans, bias=c.flag("attention_bias"), qk_norm="head", gate=True)
    mixers = [mixer._replace(vectors=mixer.vectors + own) for mixer in mixers]
    return stack(c, mixers, mixed(c, experts(c), 3), n_norms=4)


@family("flint")
def flint(c: Config) -> Architecture:
    """Flint (RecursiveSI 2026): sinks, windows on three layers of four but the first and last. transformers flint."""
    last = c["num_hidden_layers"] - 1
    spans = windows(c, lambda i: i >= 2 and i % 4 != 1 and i != last)
    sparse = experts(c, d_shared=c["shared_expert_intermediate_size"])
    mixers = attentions(c, spans, bias=c.flag("attention_bias"), qk_norm="head", sinks=True)
    return stack(c, mixers, stepped(c, sparse, only=(0, 1)))


@family("kolibri1")
def kolibri(c: Config) -> Architecture:
    """Kolibri 1 (Aleph Alpha 2026): windows on four layers of five, norms around both halves. transformers kolibri1."""
    spans = windows(c, lambda i: (i + 1) % 5 != 0)
    sparse = experts(c, d_shared=c["shared_expert_intermediate_size"])
    return stack(c, attentions(c, spans, qk_norm="head"), sparse, n_norms=4)


@family("mellum")
def mellum(c: Config) -> Architecture:
    """Mellum 2 (JetBrains 2026). transformers mellum."""
    mixers = attentions(c, windows(c, lambda i: False), bias=c.flag("attention_bias"), qk_norm="head")
    return stack(c, mixers, mixed(c, experts(c), 0))


@family("laguna")
def laguna(c: Config) -> Architecture:
    """Laguna (Poolside 2026): heads by layer, a gate for each or for every element. transformers laguna."""
    n_layers, gating = c["num_hidden_layers"], c.get("gating", True)
    n_heads = by_layer(c.get("num_attention_heads_per_layer") or c["num_attention_heads"], n_layers)
    mixers = _gated_by_layer(c, n_heads, windows(c, lambda i: False), full_gate=gating not in (True, "per-head"))
    sparse = experts(c, d_shared=c["shared_expert_intermediate_size"], correction=True)
    return stack(c, mixers, mixed(c, sparse, 1))


@family("step3p5")
def step3p5(c: Config) -> Architecture:
    """Step 3.5 and 3.7 Flash (StepFun 2026): more heads in windowed layers, a gate for each head. transformers step3p7.

    Lists may run on over the layers for multi-token prediction.
    """
    n_layers, bias = c["num_hidden_layers"], c.flag("mlp_bias")
    text = {**c.raw, **{k: v[:n_layers] for k, v in c.raw.items() if k in ("layer_types", "mlp_layer_types") and v}}
    own = Config(text)
    other = (c.get("attention_other_setting") or {}).get("num_attention_heads")
    sliding_heads = c.get("num_sliding_attention_heads") or other or c["num_attention_heads"]
    spans = windows(own, lambda i: False)
    kinds = own.get("layer_types") or [""] * n_layers
    n_heads = [sliding_heads if kind == "sliding_attention" else c["num_attention_heads"] for kind in kinds]
    listed = c.get("moe_layers_enum")
    if listed is not None and own.get("mlp_layer_types") is None:
        at = {int(i) for i in (listed.split(",") if isinstance(listed, str) else listed) if str(i).strip()}
        own = Config({**text, "mlp_layer_types": ["sparse" if i in at else "dense" for i in range(n_layers)]})
    sparse = experts(
        Config({**text, "num_experts": c["moe_num_experts"]}), d_shared=c["share_expert_dim"], shared_bias=bias
    )
    return stack(c, _gated_by_layer(c, n_heads, spans), mixed(own, sparse, 3, bias=bias))


def _gated_by_layer(
    c: Config, n_heads: Sequence[int], spans: Sequence[int | None], *, full_gate: bool = False
) -> list[Block]:
    """Attentions of so many heads with normed queries and keys and a gate on their output."""
    _, n_kv_heads, head_dim = heads(c)
    bias = c.flag("attention_bias")
    blocks = [
        attention(
            c["hidden_size"], n, n_kv_heads, head_dim,
            qkv_bias=bias, o_bias=bias, qk_norm="head", window=span, gate=full_gate,
        )
        for n, span in zip(n_heads, spans, strict=True)
    ]  # fmt: skip
    return blocks if full_gate else [head_gated(block, c, n) for block, n in zip(blocks, n_heads, strict=True)]


@family("muse_spark_text")
def muse_spark(c: Config) -> Architecture:
    """Muse Spark (Meta 2026): experts in a narrower space, gated attention and residuals. transformers muse_spark."""
    d_model, d_latent, last = c["hidden_size"], c["moe_hidden_size"], c["num_hidden_layers"] - 1
    spans = windows(c, lambda i: (last - i) % 4 != 0)
    gate = Vector("residual_gate", d_model, "attention")
    mixers = attentions(c, spans, bias=c.flag("attention_bias"), gate=True)
    mixers = [mixer._replace(vectors=(*mixer.vectors, gate)) for mixer in mixers]
    sparse = experts(c, d_latent=d_latent)._replace(vectors=(norm(d_latent), norm(d_latent)))
    blocks = [block._replace(vectors=(*block.vectors, gate._replace(part="mlp"))) for block in mixed(c, sparse, 0)]
    return stack(c, mixers, blocks, n_norms=3, tied=False)


@family("minimax_m3", "minimax_m3_vl_text")
def minimax_m3(c: Config) -> Architecture:
    """MiniMax-M3 2026: an indexer chooses blocks of keys in sparse layers. transformers minimax_m3_vl.

    The published file says so in sparse_attention_config and moe_layer_freq.
    """
    d_model, n_layers, legacy = c["hidden_size"], c["num_hidden_layers"], c.get("sparse_attention_config") or {}
    freq = legacy.get("sparse_attention_freq") or [0] * n_layers
    assumed = ["minimax_m3_sparse" if flag else "full_attention" for flag in by_layer(freq, n_layers)]
    kinds = layer_kinds(c, assumed, "minimax_m3_sparse", "full_attention")
    n_index = legacy.get("sparse_num_index_heads") or c.get("index_n_heads")
    d_index = legacy.get("sparse_index_dim") or c.get("index_head_dim")
    blocks = legacy.get("sparse_topk_blocks") or c.get("index_topk_blocks")
    size = legacy.get("sparse_block_size") or c.get("index_block_size", 128)
    full = attentions(c, qk_norm="head")[0]
    chosen: tuple[Block, ...] = (full,)
    if "minimax_m3_sparse" in kinds:
        chooser = indexer(d_model, d_model, n_index, d_index, weighted=False)
        chosen = (full._replace(attended=blocks * size), chooser._replace(vectors=(norm(d_index), norm(d_index))))
    mixers = [chosen if kind == "minimax_m3_sparse" else (full,) for kind in kinds]
    sparse = experts(c, c["intermediate_size"], d_shared=c["shared_intermediate_size"])
    dense = mlp(d_model, c["dense_intermediate_size"])
    freq = c.get("moe_layer_freq")
    if freq is None or c.get("mlp_layer_types") is not None:
        flags = sparse_layers(c)
    else:
        flags = [bool(flag) for flag in by_layer(freq, n_layers)]
    return stack(c, mixers, [sparse if flag else dense for flag in flags])
