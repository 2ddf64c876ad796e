"""Decoders that mix linear attention (delta rules, lightning attention) with softmax or latent attention."""

from __future__ import annotations

import itertools
import math
from functools import cache

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture, heads, layer_kinds
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.families.indexed import dsa_indexer, full_indexers, hyper_connection
from xlcalc.model.families.latent import mla, shared_experts
from xlcalc.model.families.moe import experts, stack
from xlcalc.model.families.moe_mixed import mixed, with_shared
from xlcalc.model.layers import Block, Vector, attention, linear, mlp, norm
from xlcalc.model.mixers import conv_filter, gated_delta, kimi_delta, lightning, low_rank, own


@family("qwen3_next")
def qwen3_next(c: Config) -> Architecture:
    """Qwen3-Next 2025: three Gated DeltaNets to a gated attention, experts. transformers qwen3_next."""
    step, dense, any_experts = c["decoder_sparse_step"], c.get("mlp_only_layers", ()), c.get("num_experts", 0) > 0
    return _qwen(c, [any_experts and i not in dense and (i + 1) % step == 0 for i in range(c["num_hidden_layers"])])


@family("qwen3_5_text")
def qwen3_5(c: Config) -> Architecture:
    """Qwen3.5 2026: the same with an MLP in each layer. transformers qwen3_5."""
    return _qwen(c, [False] * c["num_hidden_layers"])


@family("qwen3_5_moe_text")
def qwen3_5_moe(c: Config) -> Architecture:
    """Qwen3.5 2026: the same with experts in each layer. transformers qwen3_5_moe."""
    return _qwen(c, [True] * c["num_hidden_layers"])


@family("lara_mini")
def lara_mini(c: Config) -> Architecture:
    """Lara 4 Mini (Translated 2026): Gated DeltaNet, windows and full attention, experts. transformers lara_mini."""
    bias, shape = c.flag("attention_bias"), (c["hidden_size"], *heads(c))
    full = attention(*shape, qkv_bias=bias, o_bias=bias, qk_norm="head")
    slides = attention(*shape, qkv_bias=bias, o_bias=bias, qk_norm="head", window=c["sliding_window"])
    mixers = {"linear_attention": _delta_net(c), "sliding_attention": slides, "full_attention": full}
    period = ("linear_attention", "sliding_attention", "linear_attention", "full_attention", "sliding_attention")
    kinds = layer_kinds(c, [period[i % 5] for i in range(c["num_hidden_layers"])], *mixers)
    return stack(c, [mixers[kind] for kind in kinds], experts(c, d_shared=c["shared_expert_intermediate_size"]))


def _qwen(c: Config, sparse: list[bool]) -> Architecture:
    mixers = {"linear_attention": _delta_net(c), "full_attention": _gated_attention(c)}
    some = _qwen_experts(c) if any(sparse) else Block()
    dense = Block() if all(sparse) else mlp(c["hidden_size"], c["intermediate_size"])
    kinds = layer_kinds(c, every(c["full_attention_interval"], len(sparse)), *mixers)
    return stack(c, [mixers[kind] for kind in kinds], [some if flag else dense for flag in sparse])


def _delta_net(c: Config) -> Block:
    return gated_delta(
        c["hidden_size"],
        c["linear_num_key_heads"],
        c["linear_num_value_heads"],
        c["linear_key_head_dim"],
        c["linear_value_head_dim"],
        c["linear_conv_kernel_dim"],
    )


def _gated_attention(c: Config) -> Block:
    """Attention whose query matrix has twice the outputs: the other half gates the heads."""
    bias = c.flag("attention_bias")
    block = attention(c["hidden_size"], *heads(c), qkv_bias=bias, o_bias=bias, qk_norm="head")
    q = block.linears[0]
    return block._replace(linears=(q._replace(d_out=2 * q.d_out, bias=2 * q.bias), *block.linears[1:]))


def _qwen_experts(c: Config) -> Block:
    return experts(c, d_shared=c["shared_expert_intermediate_size"], shared_gate=True)


@family("qwen4_exp_text")
def qwen4_exp(c: Config) -> Architecture:
    """Qwen4-Exp (2026): Gated DeltaNet, attention to chosen blocks, mixed residual streams. transformers qwen4_exp.

    Layers in `ple_layer_ids` look n-grams of tokens up in large tables.
    """
    d_model, n_layers, streams = c["hidden_size"], c["num_hidden_layers"], c["hc_count"]
    mixers = {"linear_attention": (_delta_net(c),), "indexed_attention": _chosen_attention(c)}
    mixers["full_attention"] = mixers["indexed_attention"]  # as the checkpoint calls them
    kinds = layer_kinds(c, every(c.get("full_attention_interval", 4), n_layers), *mixers)
    mix = low_rank("mix", streams * d_model, c["hc_lowrank"], streams * d_model, *(matrices.RESIDUAL,) * 2)
    last = Block(mix, (norm(streams * d_model),), kind="residual")
    residual = last._replace(linears=(*mix, linear("inject", streams * d_model, streams, matrices.RESIDUAL)))
    looking = sorted(set(c.get("ple_layer_ids", ())))
    ngrams = [(_ngrams(c, looking.index(i + 1)),) if i + 1 in looking else () for i in range(n_layers)]
    blocks = [(*mixers[kind], *more, residual, residual) for kind, more in zip(kinds, ngrams, strict=True)]
    return stack(c, blocks, _qwen_experts(c), n_norms=0, final_norm=False, outer=last.linears, norms=last.vectors)


def _chosen_attention(c: Config) -> tuple[Block, Block]:
    """Attention to the tokens of the blocks that an indexer with one key for each token prefers."""
    n_heads, n_keys, d_index = c["indexer_n_heads"], c["indexer_kv_heads"], c["indexer_head_dim"]
    indexer = Block(
        (
            linear("index_q", c["hidden_size"], n_heads * d_index, matrices.INDEXER),
            linear("index_k", c["hidden_size"], n_keys * d_index, matrices.INDEXER),
        ),
        (norm(d_index, name="q_norm"), norm(d_index, name="k_norm")),
        kind="indexer",
        cache=n_keys * d_index,
        score=n_heads * d_index // c["indexer_compress_ratio"],
    )
    return _gated_attention(c)._replace(attended=c["indexer_budget"]), indexer


def _ngrams(c: Config, index: int) -> Block:
    """Rows of hash tables, one table a head, each of a different prime size; keys and values from them, convolved."""
    d, streams, span = c.get("ple_embed_dim") or c["hidden_size"], c["hc_count"] * c["hidden_size"], c["ngram_size"]
    n_tables, multiple = (span - 1) * c["heads_per_ngram"], c["make_ngram_vocab_size_divisible_by"]
    rows = sum(_primes_from(c["ngram_vocab_size_base"], (index + 1) * n_tables)[index * n_tables :])
    width = c["ple_conv_kernel_size"]
    return Block(
        (linear("ngram_k", d, streams, matrices.NGRAM), linear("ngram_v", d, c["hidden_size"], matrices.NGRAM)),
        (
            Vector("ngrams", -(-rows // multiple) * multiple * (d // n_tables), "embedding"),
            *(norm(streams),) * 3,
            conv_filter(streams, width),
        ),
        kind="ngrams",
        conv_state=streams * (width - 1) * span,  # the filter takes every span-th token
        scan=streams * width,
    )


@cache
def _primes_from(start: int, count: int) -> list[int]:
    """The first `count` primes from `start` on."""
    odd = (n for n in itertools.count(start | 1, 2) if all(n % k for k in range(3, math.isqrt(n) + 1, 2)))
    return list(itertools.islice(odd, count))


@family("minimax", "minimax_text_01", "minimax_m1")
def minimax(c: Config) -> Architecture:
    """MiniMax-01 and M1 reports 2025: lightning and softmax attention, all with experts. transformers minimax."""
    n_heads, n_kv_heads, head_dim = heads(c)
    mixers = {
        "linear_attention": lightning(c["hidden_size"], n_heads, head_dim),
        "full_attention": attention(c["hidden_size"], n_heads, n_kv_heads, head_dim),
    }
    # the list is what MiniMax's own code reads
    softmax = c.get("attn_type_list") or [1 - i % 2 for i in range(c["num_hidden_layers"])]
    kinds = layer_kinds(c, ["full_attention" if at else "linear_attention" for at in softmax], *mixers)
    return stack(c, [mixers[kind] for kind in kinds], experts(c, c["intermediate_size"]))


@family("olmo_hybrid")
def olmo_hybrid(c: Config) -> Architecture:
    """OLMo Hybrid (Ai2 2026): three Gated DeltaNets to an attention. transformers olmo_hybrid."""
    d_model, n_layers, bias = c["hidden_size"], c["num_hidden_layers"], c.flag("attention_bias")
    n_heads, n_kv_heads, head_dim = heads(c)
    n_k = c.get("linear_num_key_heads") or n_heads
    d_k = c.get("linear_key_head_dim") or int(0.75 * d_model / n_k)
    mixers = {
        "linear_attention": gated_delta(
            d_model,
            n_k,
            c.get("linear_num_value_heads") or n_heads,
            d_k,
            c.get("linear_value_head_dim") or 2 * d_k,
            c["linear_conv_kernel_dim"],
        ),
        "full_attention": attention(d_model, n_heads, n_kv_heads, head_dim, qkv_bias=bias, o_bias=bias, qk_norm="full"),
    }
    default = every(4, n_layers)
    if "full_attention" not in default:
        default[-1] = "full_attention"
    kinds = layer_kinds(c, default, *mixers)
    return stack(c, [mixers[kind] for kind in kinds], mlp(d_model, c["intermediate_size"]))


@family("kimi_linear")
def kimi_linear(c: Config) -> Architecture:
    """Kimi Linear report 2025, and Kimi K3 (2026): Kimi Delta Attention and latent attention. transformers kimi_linear.

    K3's experts in a latent, its output gates and its residuals chosen by attention are in the checkpoint's tensors.
    """
    d_model, n_layers, nested = c["hidden_size"], c["num_hidden_layers"], c.nested("linear_attn_config")
    softmax = nested.get("full_attn_layers")  # counted from 1
    at = [i + 1 in softmax if softmax is not None else i > 0 and i % 4 == 0 for i in range(n_layers)]
    mixers = {
        "linear_attention": _kimi_delta(c, full_rank_gate=bool(nested.get("use_full_rank_gate"))),
        "full_attention": _gated(mla(c), c, c["v_head_dim"] if c.flag("mla_use_output_gate") else 0),
    }
    kinds = layer_kinds(c, ["full_attention" if flag else "linear_attention" for flag in at], *mixers)
    d_latent = c.get("routed_expert_hidden_size", 0)
    sparse = with_shared(c, "n_shared_experts", d_latent=d_latent)
    if c.flag("latent_moe_use_norm"):
        sparse = sparse._replace(vectors=(norm(d_latent),))
    residual = Block((linear("residual", d_model, 1, matrices.RESIDUAL),), (norm(d_model),), kind="residual")
    residuals = (residual, residual) if c.get("attn_res_block_size") else ()
    last = residual if residuals else Block()
    return stack(
        c,
        [(mixers[kind], *residuals) for kind in kinds],
        mixed(c, sparse, c["first_k_dense_replace"]),
        outer=last.linears,
        norms=last.vectors,
        tied=False,
    )


@family("bailing_hybrid")
def bailing_hybrid(c: Config) -> Architecture:
    """Ling 3 (Ant 2026): Kimi Delta Attention of full rank, gated latent attention. transformers bailing_hybrid."""
    delta = kimi_delta(
        c["hidden_size"],
        c.get("linear_num_heads") or c["num_attention_heads"],
        c.get("linear_head_dim") or c["head_dim"],
        c.get("linear_conv_kernel_dim") or c["short_conv_kernel_size"],
    )
    mixers = {"linear_attention": delta, "full_attention": _gated(mla(c), c, 1)}
    kinds = layer_kinds(c, every(c["layer_group_size"], c["num_hidden_layers"]), *mixers)
    blocks = shared_experts(c, c["first_k_dense_replace"])
    return stack(c, [mixers[kind] for kind in kinds], blocks, tied=False)


@family("glm5_next_text")
def glm5_next(c: Config) -> Architecture:
    """GLM-5.3-Flash (Z.ai 2026): Kimi Delta Attention, sparse latent attention, mHC. transformers glm5_next."""
    latent, chooser, streams = mla(c, attended=c["index_topk"]), _pooled_indexer(c), c["hc_mult"]
    residual = hyper_connection(c, (2 + streams) * streams, 3)
    known = ("linear_attention", "full_attention", "indexed_attention")
    kinds = layer_kinds(c, every(4, c["num_hidden_layers"]), *known)
    mixers = [
        (_kimi_delta(c),) if kind == "linear_attention" else (latent, chooser) if chooses else (latent,)
        for kind, chooses in zip(kinds, full_indexers(c), strict=True)
    ]
    return stack(c, [(*mixer, residual, residual) for mixer in mixers], shared_experts(c, 3))


def _kimi_delta(c: Config, *, full_rank_gate: bool = False) -> Block:
    """Kimi Delta Attention as a group of fields of its own or the configuration itself describes it."""
    nested = c.nested("linear_attn_config")
    head_dim = nested.get("head_dim", c["linear_head_dim"])
    return kimi_delta(
        c["hidden_size"],
        nested.get("num_heads", c["linear_num_heads"]),
        head_dim,
        nested.get("short_conv_kernel_size", c["linear_conv_kernel_dim"]),
        decay_rank=head_dim,
        gate_rank=0 if full_rank_gate else head_dim,
    )


def _pooled_indexer(c: Config) -> Block:
    """Chooses by pools of `index_kpool` keys; kept are each token's key, its weights in the pool and a mark."""
    d_model, d, pool = c["hidden_size"], c["index_head_dim"], c["index_kpool"]
    block = dsa_indexer(c)
    return block._replace(
        linears=(*block.linears, linear("index_pool", d_model, d, matrices.INDEXER)),
        vectors=(*block.vectors, own("pool_positions", pool * d)),
        cache=2 * d + 1,
        score=block.score // pool,
    )


def _gated(block: Block, c: Config, d_gate: int) -> Block:
    """The attention with a gate of `d_gate` outputs a head."""
    gate = (linear("g", c["hidden_size"], c["num_attention_heads"] * d_gate, matrices.HEAD_GATE),) if d_gate else ()
    return block._replace(linears=(*block.linears, *gate))


def every(period: int, n_layers: int) -> list[str]:
    """Linear attention, but softmax attention in each `period`-th layer."""
    return ["linear_attention" if (i + 1) % period else "full_attention" for i in range(n_layers)]
