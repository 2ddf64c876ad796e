"""Mixture-of-experts decoders whose layers are all alike, and what every decoder with experts is assembled from.

Buffers are no parameters: a routing bias counts only where the code stores it among the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture, assemble, heads, windows
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.layers import Block, Layer, Linear, Vector, attention, linear, mlp, moe, norm


def attentions(
    c: Config, spans: Sequence[int | None] | None = None, *, bias: bool = False, **options: Any
) -> list[Block]:
    """Each layer's attention, alike but for their windows; `bias` is on queries, keys, values and output."""
    c.require("hidden_size", "num_hidden_layers", "num_attention_heads")
    options = {"qkv_bias": bias, "o_bias": bias, **options}
    return [
        attention(c["hidden_size"], *heads(c), window=span or None, **options)
        for span in spans or [None] * c["num_hidden_layers"]
    ]


def experts(c: Config, d_expert: int | None = None, **options: Any) -> Block:
    """The routed experts that the configuration describes under the common names."""
    c.require("hidden_size", "num_experts", "num_experts_per_tok")
    n_experts, k = c["num_experts"], c["num_experts_per_tok"]
    if not (isinstance(n_experts, int) and isinstance(k, int)):
        raise ValueError(f"has numbers of experts that are not whole; got {n_experts!r} and {k!r}")
    return moe(c["hidden_size"], n_experts, k, d_expert or c["moe_intermediate_size"], **options)


def stack(
    c: Config,
    mixers: Sequence[Block | tuple[Block, ...]],
    feed_forwards: Block | Sequence[Block],
    *,
    n_norms: int = 2,
    norm_bias: bool = False,
    **around: Any,
) -> Architecture:
    """Layers of a mixer (one block or several), a feed-forward block (one for all, or a list) and `n_norms` norms."""
    if isinstance(feed_forwards, Block):
        feed_forwards = [feed_forwards] * len(mixers)
    norms = (norm(c["hidden_size"], bias=norm_bias),) * n_norms
    layers = [
        Layer(1, ((mixer,) if isinstance(mixer, Block) else mixer) + (feed_forward,), norms)
        for mixer, feed_forward in zip(mixers, feed_forwards, strict=True)
    ]
    return assemble(c, layers, norm_bias=norm_bias, **around)


@family("mixtral")
def mixtral(c: Config) -> Architecture:
    """Jiang et al. 2024. transformers mixtral."""
    return stack(c, attentions(c, windows(c)), experts(c, c["intermediate_size"]))


@family("grok-1")
def grok_1(c: Config) -> Architecture:
    """xAI 2024 (github.com/xai-org/grok-1, model.py; SGLang, grok.py): norms before and after each half of a layer.

    Grok-2 has an MLP beside its experts (`residual_moe`).
    """
    d_model, d_ff = c["hidden_size"], c["intermediate_size"]
    sparse = experts(c, c.get("moe_intermediate_size") or d_ff)
    if c.flag("residual_moe"):
        beside = mlp(d_model, d_ff, kinds=matrices.SHARED_EXPERTS)
        sparse = sparse._replace(linears=(*sparse.linears, *beside.linears))
    return stack(c, attentions(c), sparse, n_norms=4)


@family("qwen2_moe")
def qwen2_moe(c: Config) -> Architecture:
    """Qwen1.5-MoE 2024: a gated shared expert; some layers may be dense. transformers qwen2_moe."""
    slides = c.flag("use_sliding_window")
    spans = windows(c, lambda i: i % 2 == 0 and i < c["max_window_layers"]) if slides else None
    sparse = experts(c, d_shared=c["shared_expert_intermediate_size"], shared_gate=True)
    return stack(c, attentions(c, spans, qkv_bias=c.flag("qkv_bias")), stepped(c, sparse))


@family("qwen3_moe", "qwen3_vl_moe_text", "qwen3_omni_moe_text")
def qwen3_moe(c: Config) -> Architecture:
    """Qwen3 technical report 2025: no shared expert, one norm a head. transformers qwen3_moe, _vl_moe, _omni_moe."""
    spans = windows(c) if c.flag("use_sliding_window") else None
    return stack(c, attentions(c, spans, bias=c.flag("attention_bias"), qk_norm="head"), stepped(c, experts(c)))


def stepped(c: Config, sparse: Block, only: Sequence[int] = ()) -> list[Block]:
    """Experts in every `decoder_sparse_step`-th layer outside `mlp_only_layers` (else `only`), dense MLPs elsewhere."""
    given, step = c.get("mlp_only_layers"), c["decoder_sparse_step"]
    only = only if given is None else given
    dense = mlp(c["hidden_size"], c["intermediate_size"])
    return [
        sparse if i not in only and c["num_experts"] > 0 and (i + 1) % step == 0 else dense
        for i in range(c["num_hidden_layers"])
    ]


@family("olmoe")
def olmoe(c: Config) -> Architecture:
    """Muennighoff et al. 2024: norms over all query and all key heads. transformers olmoe."""
    return stack(c, attentions(c, bias=c.flag("attention_bias"), qk_norm="full"), experts(c, c["intermediate_size"]))


@family("flex_olmo")
def flex_olmo(c: Config) -> Architecture:
    """FlexOlmo 2025: OLMoE with its norms after each half of a layer. transformers flex_olmo."""
    return olmoe(c)


@family("granitemoe", "granitemoeshared")
def granitemoe(c: Config) -> Architecture:
    """Granite 3.0 MoE (IBM 2024), and with a shared MLP. transformers granitemoe, granitemoeshared."""
    sparse = experts(c, c["intermediate_size"], d_shared=c.get("shared_intermediate_size", 0))
    return stack(c, attentions(c, bias=c.flag("attention_bias")), sparse)


@family("granitemoe_swa")
def granitemoe_swa(c: Config) -> Architecture:
    """Granite MoE with attention sinks and windows on three layers of four. transformers granitemoe_swa."""
    spans = windows(c, lambda i: i % 4 != 0)
    sparse = experts(c, c["intermediate_size"], d_shared=c.get("shared_intermediate_size", 0))
    return stack(c, attentions(c, spans, bias=c.flag("attention_bias"), sinks=True), sparse)


@family("gpt_oss")
def gpt_oss(c: Config) -> Architecture:
    """gpt-oss model card (OpenAI 2025): biases, sinks, a window on every other layer. transformers gpt_oss."""
    spans = windows(c, lambda i: i % 2 == 0)
    sparse = experts(c, c["intermediate_size"], bias=True, router_bias=True)
    return stack(c, attentions(c, spans, bias=c.flag("attention_bias"), sinks=True), sparse)


@family("phimoe")
def phimoe(c: Config) -> Architecture:
    """Phi-3.5-MoE (Abdin et al. 2024): layer norms with biases. transformers phimoe."""
    mixers = attentions(c, windows(c), bias=c.flag("attention_bias"))
    sparse = experts(c, c["intermediate_size"])
    return stack(c, mixers, sparse, norm_bias=True, head_bias=c.flag("lm_head_bias"))


@family("dbrx")
def dbrx(c: Config) -> Architecture:
    """DBRX (Databricks 2024): sizes stand in attn_config and ffn_config. transformers dbrx."""
    n_kv_heads, ffn = c.nested("attn_config")["kv_n_heads"], c.nested("ffn_config")
    d_model, n_heads, n_layers = c["hidden_size"], c["num_attention_heads"], c["num_hidden_layers"]
    mixer = attention(d_model, n_heads, n_kv_heads, d_model // n_heads)
    sparse = moe(d_model, ffn["moe_num_experts"], ffn["moe_top_k"], ffn["ffn_hidden_size"])
    return stack(c, [mixer] * n_layers, sparse, tied=False)


@family("aria_text")
def aria(c: Config) -> Architecture:
    """Aria (Li et al. 2024): shared experts beside the routed ones. transformers aria."""
    d_expert = c["intermediate_size"]
    sparse = experts(c, d_expert, d_shared=d_expert * c["moe_num_shared_experts"], shared_bias=c.flag("mlp_bias"))
    return stack(c, attentions(c, bias=c.flag("attention_bias")), sparse)


@family("minimax_m2")
def minimax_m2(c: Config) -> Architecture:
    """MiniMax-M2 2025: norms over all query and all key heads. transformers minimax_m2."""
    return stack(c, attentions(c, qk_norm="full"), experts(c, c["intermediate_size"]))


@family("hunyuan_v1_moe", "hunyuan")
def hunyuan_moe(c: Config) -> Architecture:
    """Hunyuan-Large, A13B (Tencent 2024): one shared MLP; numbers may be by layer. transformers hunyuan_v1_moe.

    Where layers share keys and values (`use_cla`) those that read another's have none (vLLM, hunyuan_v1.py).
    """
    d_model, d_ff, n_layers = c["hidden_size"], c["intermediate_size"], c["num_hidden_layers"]
    counts = zip(by_layer(c["num_experts"], n_layers), by_layer(c["num_experts_per_tok"], n_layers), strict=True)
    feed_forwards = [moe(d_model, n, k, d_ff, d_shared=d_ff) for n, k in counts]
    mixers = attentions(c, bias=c.flag("attention_bias"), qk_norm="head")
    every = c.get("cla_share_factor", 1) if c.flag("use_cla") else 1
    for i, mixer in enumerate(mixers):
        if i % every:
            kept = tuple(matrix for matrix in mixer.linears if matrix.name not in ("k", "v"))
            mixers[i] = mixer._replace(linears=kept, cache=0)
    return stack(c, mixers, feed_forwards)


def by_layer(value: Any, n_layers: int) -> list[Any]:
    """A field that is one value for all layers, or a list of one a layer."""
    if not isinstance(value, (list, tuple)):
        return [value] * n_layers
    if len(value) != n_layers:
        raise ValueError(f"has a list of {len(value)} values for num_hidden_layers = {n_layers}")
    return list(value)


@family("jetmoe")
def jetmoe(c: Config) -> Architecture:
    """JetMoE (Shen et al. 2024): experts for queries and outputs too, shared keys and values. transformers jetmoe."""
    d_model, n_experts, k = c["hidden_size"], c["num_experts"], c["num_experts_per_tok"]
    n_kv_heads, head_dim = c["num_key_value_heads"], c["head_dim"]
    d_kv = n_kv_heads * head_dim
    base = attention(d_model, k * n_kv_heads, n_kv_heads, head_dim)
    mixer = base._replace(
        linears=(
            Linear("q", d_model, d_kv, matrices.EXPERT_Q, copies=n_experts, active=k),
            linear("k", d_model, d_kv, matrices.K),
            linear("v", d_model, d_kv, matrices.V),
            Linear("o", d_kv, d_model, matrices.EXPERT_O, copies=n_experts, active=k),
            linear("router", d_model, n_experts, matrices.ROUTER),
        ),
        vectors=(Vector("bias", d_model, "experts"),),
    )
    sparse = experts(c, c["intermediate_size"])._replace(vectors=(Vector("bias", d_model, "mlp"),))
    return stack(c, [mixer] * c["num_hidden_layers"], sparse)
