"""Decoders with short convolutions: instead of attention, or over its queries, keys and values."""

from __future__ import annotations

from collections.abc import Sequence

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture, assemble, heads, layer_kinds
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.families.moe import experts, stack
from xlcalc.model.families.moe_mixed import head_gated, mixed, sparse_layers
from xlcalc.model.layers import Block, Layer, Linear, Vector, attention, linear, mlp, norm
from xlcalc.model.mixers import conv_filter, own, short_conv


@family("lfm2")
def lfm2(c: Config) -> Architecture:
    """LFM2 report 2025: gated short convolutions and attention. transformers lfm2."""
    n_layers, d_ff = c["num_hidden_layers"], c.get("block_ff_dim") or c["intermediate_size"]
    if c.flag("block_auto_adjust_ff_dim"):
        d_ff, factor, multiple = int(2 * d_ff / 3), c.get("block_ffn_dim_multiplier"), c["block_multiple_of"]
        if factor is not None:
            d_ff = -(-int(factor * d_ff) // multiple) * multiple
    softmax = c.get("full_attn_idxs", range(n_layers))
    mixers = _lfm(c, ["full_attention" if i in softmax else "conv" for i in range(n_layers)])
    return stack(c, mixers, mlp(c["hidden_size"], d_ff), tied=_lfm_tied(c))


@family("lfm2_moe")
def lfm2_moe(c: Config) -> Architecture:
    """LFM2 report 2025: the same with experts after the first layers. transformers lfm2_moe."""
    c.require("layer_types")
    return stack(c, _lfm(c, ()), mixed(c, experts(c), c["num_dense_layers"]), tied=_lfm_tied(c))


@family("lfm3")
def lfm3(c: Config) -> Architecture:
    """LFM3 (Liquid AI 2026): sliding and full attention with a gate a head, norms after blocks. transformers lfm3."""
    default = ["full_attention" if i % 4 == 2 else "conv" for i in range(c["num_hidden_layers"])]
    default[4::4] = ["sliding_attention"] * len(default[4::4])
    feed_forward = mlp(c["hidden_size"], c["intermediate_size"])
    return stack(c, _lfm(c, default), feed_forward, n_norms=4 if c.flag("use_sandwich_norm") else 2)


def _lfm(c: Config, default: Sequence[str]) -> list[Block]:
    """Each layer's convolution or attention, the latter with a gate for each head where the configuration has it."""
    bias, windows = c.flag("attention_bias"), {"full_attention": None, "sliding_attention": c.get("sliding_window")}
    blocks = {"conv": short_conv(c["hidden_size"], c["conv_L_cache"], bias=c.flag("conv_bias"))}
    for kind, window in windows.items():
        block = attention(c["hidden_size"], *heads(c), qkv_bias=bias, o_bias=bias, qk_norm="head", window=window)
        gated = c.flag("use_attention_gate")
        blocks[kind] = head_gated(block, c, c["num_attention_heads"]) if gated else block
    return [blocks[kind] for kind in layer_kinds(c, default, *blocks)]


def _lfm_tied(c: Config) -> bool:
    return bool(c.get("tie_embedding", c.flag("tie_word_embeddings")))


@family("zaya")
def zaya(c: Config) -> Architecture:
    """ZAYA1 (Zyphra 2025): convolved queries and keys, half a value a token late, a deep router. transformers zaya."""
    d_model, n_layers, bias = c["hidden_size"], c["num_hidden_layers"], c.flag("attention_bias")
    n_heads, n_kv_heads, head_dim = heads(c)
    channels, early, late = (n_heads + n_kv_heads) * head_dim, c["cca_time0"], c["cca_time1"]
    grouped = Linear(
        "qk_mix", head_dim * late, head_dim, matrices.HEAD_MIX, head_dim, n_heads + n_kv_heads, n_heads + n_kv_heads
    )

    def mixer(kind: str) -> Block:
        window = c.get("sliding_window") if kind == "hybrid_sliding" else None
        block = attention(d_model, n_heads, n_kv_heads, head_dim, qkv_bias=bias, o_bias=bias, window=window)
        vectors = (conv_filter(channels, early, bias=True), own("key_scale", n_kv_heads), own("residual", 4 * d_model))
        return _with(block, (grouped,), vectors)._replace(
            state=n_kv_heads * head_dim // 2,
            conv_state=channels * (early + late - 2),
            scan=channels * early,
        )

    rank, n_experts = c["router_hidden_size"], c["num_experts"]
    routed = experts(c)
    router = (
        linear("router", d_model, rank, matrices.ROUTER, bias=True),
        linear("router", rank, rank, matrices.ROUTER, bias=True),
        linear("router", rank, rank, matrices.ROUTER, bias=True),
        linear("router", rank, n_experts + 1, matrices.ROUTER),  # one choice more: to skip
    )
    vectors = (Vector("residual", 4 * d_model, "mlp"), norm(rank))
    first = routed._replace(linears=(*router, *routed.linears[1:]), vectors=vectors)
    later = first._replace(vectors=(*vectors, Vector("router_states_scale", rank, "router")))
    kinds = layer_kinds(c, ["hybrid"] * n_layers, "hybrid", "hybrid_sliding")
    return stack(
        c,
        [mixer(kind) for kind in kinds],
        [first, *[later] * (n_layers - 1)],
        head_bias=c.flag("lm_head_bias"),
        norms=(own("input_scale", 2 * d_model),),
    )


@family("inkling_text")
def inkling(c: Config) -> Architecture:
    """Inkling (Thinking Machines 2026): convolved keys, values and outputs, learned distances. transformers inkling."""
    d_model, n_layers, width = c["hidden_size"], c["num_hidden_layers"], c["conv_kernel_size"]
    local = c.get("local_layer_ids", [i for i in range(n_layers) if (i + 1) % 6])
    kinds = layer_kinds(c, ["hybrid_sliding" if i in local else "hybrid" for i in range(n_layers)], *_INKLING)
    d_dense = c.get("dense_intermediate_size")  # beside it, intermediate_size is that of the experts
    d_expert, n_shared = c["intermediate_size"] if d_dense else c["moe_intermediate_size"], c["n_shared_experts"]
    routed = experts(c, d_expert, d_shared=n_shared * d_expert)
    router = routed.linears[0]
    sparse = routed._replace(
        linears=(router._replace(d_out=router.d_out + n_shared), *routed.linears[1:]),
        vectors=(Vector("global_scale", 1, "router"),),
    )
    dense = _with(mlp(d_model, d_dense or c["intermediate_size"]), vectors=(Vector("global_scale", 1, "mlp"),))
    return stack(
        c,
        [_inkling_attention(c, kind, qk_norm="head") for kind in kinds],
        [_convolved(sparse if flag else dense, d_model, width) for flag in sparse_layers(c, c.get("dense_mlp_idx", 0))],
        norms=(norm(d_model),),
        tied=False,
    )


@family("inkling2_text")
def inkling2(c: Config) -> Architecture:
    """Inkling 2 (Thinking Machines 2026): gated heads with sinks, residuals by attention. transformers inkling2.

    The head has no rows for the tokens that only fill the vocabulary up, which the file keeps.
    """
    return inkling2_head(c, inkling2_layers(c))


def inkling2_head(c: Config, layers: list[Layer]) -> Architecture:
    """The layers between embedding and head."""
    d_model = c["hidden_size"]
    whole = assemble(c, layers, norms=(norm(d_model), own("residual_query", d_model)), tied=False)
    head = whole.outer[-1]._replace(d_out=c.get("unpadded_vocab_size") or c["vocab_size"])
    return whole._replace(outer=(*whole.outer[:-1], head))


def inkling2_layers(c: Config) -> list[Layer]:
    """Its layers, one by one."""
    d_model, n_layers, width = c["hidden_size"], c["num_hidden_layers"], c["conv_kernel_size"]
    kinds = layer_kinds(c, ["hybrid_sliding" if (i + 1) % 6 else "hybrid" for i in range(n_layers)], *_INKLING)
    feed_forward = _convolved(_with(experts(c), vectors=(Vector("residual_query", d_model, "mlp"),)), d_model, width)

    def mixer(kind: str) -> Block:
        block = _inkling_attention(c, kind)
        n_heads, n_kv_heads, head_dim = _inkling_heads(c, kind)
        linears = [
            linear("gate", d_model, n_heads * head_dim, matrices.HEAD_GATE),
            linear("sink", d_model, n_heads, matrices.HEAD_GATE),
        ]
        if kind == "hybrid":
            linears += [linear("conv_weights", d_model, n_kv_heads * width, matrices.HEAD_GATE)] * 2
        return _with(block, tuple(linears), (norm(n_heads * (head_dim + c["d_rel"]), name="clip_scale"),))

    layers = []
    for i, kind in enumerate(kinds):
        inputs = 3 if kind == "hybrid" else 1  # one for queries, keys and values each, or one for all
        block = _with(mixer(kind), vectors=(own("residual_query", inputs * d_model),) if i else ())
        layers.append(Layer(1, (block, feed_forward), (norm(d_model),) * (inputs + 1)))
    return layers


_INKLING = ("hybrid", "hybrid_sliding")


def _inkling_heads(c: Config, kind: str) -> tuple[int, int, int]:
    prefix = "swa_" if kind == "hybrid_sliding" else ""
    return c[f"{prefix}num_attention_heads"], c[f"{prefix}num_key_value_heads"], c[f"{prefix}head_dim"]


def _inkling_attention(c: Config, kind: str, *, qk_norm: str = "") -> Block:
    """Attention with a bias for each distance, and filters over keys, values and its own output."""
    d_model, width = c["hidden_size"], c["conv_kernel_size"]
    n_heads, n_kv_heads, head_dim = _inkling_heads(c, kind)
    window = c["sliding_window_size"] if kind == "hybrid_sliding" else None
    block = _with(
        attention(d_model, n_heads, n_kv_heads, head_dim, qk_norm=qk_norm, window=window),
        (linear("r", d_model, n_heads * c["d_rel"], matrices.HEAD_GATE),),
        (own("distances", c["d_rel"] * (window or c["rel_extent"])),),
    )
    return _convolved(block, 2 * n_kv_heads * head_dim + d_model, width)


def _convolved(block: Block, channels: int, width: int) -> Block:
    """The block with a filter over so many channels of what goes through it."""
    return _with(block, vectors=(conv_filter(channels, width),))._replace(
        conv_state=block.conv_state + channels * width, scan=block.scan + channels * width
    )


def _with(block: Block, linears: tuple[Linear, ...] = (), vectors: tuple[Vector, ...] = ()) -> Block:
    """The block with further matrices and vectors."""
    return block._replace(linears=block.linears + linears, vectors=block.vectors + vectors)
