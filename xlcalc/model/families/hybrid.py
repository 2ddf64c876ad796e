"""Decoders that mix state-space or gated-recurrent layers with attention."""

from __future__ import annotations

from typing import Any

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture, assemble, heads, layer_kinds
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.families.moe import experts, stack
from xlcalc.model.families.recurrent import dt_rank
from xlcalc.model.layers import Block, Layer, attention, linear, mlp, norm, reused
from xlcalc.model.mixers import mamba1, mamba2, rg_lru


@family("jamba")
def jamba(c: Config) -> Architecture:
    """Lieber et al. 2024: every eighth layer attention, every second a mixture of experts. transformers jamba."""
    layers, d_ff = range(c["num_hidden_layers"]), c["intermediate_size"]
    mixer, softmax = _mamba1(c, dbc_norms=True), attention(c["hidden_size"], *heads(c))
    dense = mlp(c["hidden_size"], d_ff)
    sparse = experts(c, d_ff) if c["num_experts"] > 1 else dense
    return stack(
        c,
        [softmax if i % c["attn_layer_period"] == c["attn_layer_offset"] else mixer for i in layers],
        [sparse if i % c["expert_layer_period"] == c["expert_layer_offset"] else dense for i in layers],
    )


@family("bamba")
def bamba(c: Config) -> Architecture:
    """IBM 2024: Mamba-2, and attention where the configuration lists it. transformers bamba."""
    at, mixer, softmax = c.get("attn_layer_indices") or (), _mamba2(c), _attention(c)
    feed_forward = mlp(c["hidden_size"], c["intermediate_size"], bias=c.flag("mlp_bias"))
    return stack(c, [softmax if i in at else mixer for i in range(c["num_hidden_layers"])], feed_forward)


@family("falcon_h1")
def falcon_h1(c: Config) -> Architecture:
    """Falcon-H1 report 2025: attention and Mamba-2 side by side in every layer. transformers falcon_h1."""
    mixer = _mamba2(
        c,
        d_inner=c.get("mamba_d_ssm"),
        out_bias=c.flag("projectors_bias"),
        gated_norm=c.flag("mamba_rms_norm"),
    )
    feed_forward = mlp(c["hidden_size"], c["intermediate_size"], bias=c.flag("mlp_bias"))
    return stack(c, [(mixer, _attention(c))] * c["num_hidden_layers"], feed_forward)


@family("granitemoehybrid")
def granite_hybrid(c: Config) -> Architecture:
    """Granite 4 (IBM 2025): Mamba-2, attention, a shared MLP and experts or none. transformers granitemoehybrid."""
    mixers, d_shared = {"linear_attention": _mamba2(c), "full_attention": _attention(c)}, c["shared_intermediate_size"]
    sparse = c.get("num_local_experts", 0) > 0
    feed_forward = experts(c, c["intermediate_size"], d_shared=d_shared) if sparse else mlp(c["hidden_size"], d_shared)
    kinds = layer_kinds(c, ["linear_attention"] * c["num_hidden_layers"], *mixers)
    return stack(c, [mixers[kind] for kind in kinds], feed_forward)


@family("nemotron_h")
def nemotron_h(c: Config) -> Architecture:
    """Nemotron-H and Nemotron 3 (NVIDIA 2025): one block a layer, of four kinds. transformers nemotron_h."""
    d_model, bias, mlp_bias = c["hidden_size"], c.flag("use_bias"), c.flag("mlp_bias")
    n_heads = c["mamba_num_heads"]
    blocks = {
        "linear_attention": mamba2(
            d_model,
            n_heads * c["mamba_head_dim"],
            n_heads,
            c["ssm_state_size"],
            c.get("mamba_n_groups") or c["n_groups"],
            c.get("mamba_d_conv") or c["conv_kernel"],
            bias=bias,
            conv_bias=bool(c.get("mamba_conv_bias", c.get("use_conv_bias", True))),
        ),
        "full_attention": attention(d_model, *heads(c)),
        "mlp": mlp(d_model, c["intermediate_size"], gated=False, bias=mlp_bias),
        "moe": _latent_moe(c, mlp_bias),
    }
    kinds = _nemotron_layers(c, *blocks)
    return assemble(c, (Layer(1, (blocks[kind],), (norm(d_model),)) for kind in kinds), tied=False)


def _nemotron_layers(c: Config, *allowed: str) -> list[str]:
    """The types of Nemotron's layers; their number is the length of the list, whatever num_hidden_layers says."""
    letters = {"M": "linear_attention", "E": "moe", "*": "full_attention", "-": "mlp"}
    pattern = c.get("hybrid_override_pattern")
    kinds = c.get("layer_types")
    if kinds is None:
        kinds = [letters.get(x, x) for x in pattern] if pattern else ["mamba", "moe", "attention", "mlp"]
    counted = Config({"model_type": c.model_type, "layer_types": kinds, "num_hidden_layers": len(kinds)})
    return layer_kinds(counted, kinds, *allowed)


def _latent_moe(c: Config, bias: bool) -> Block:
    """Experts of two matrices without biases, in `moe_latent_size` where it is set, and one shared expert."""
    return experts(
        c,
        gated=False,
        d_shared=c["moe_shared_expert_intermediate_size"],
        shared_bias=bias,
        d_latent=c.get("moe_latent_size", 0),
        latent_bias=bias,
    )


@family("zamba")
def zamba(c: Config) -> Architecture:
    """Glorioso et al. 2024: one attention block, its weights shared by all its places. transformers zamba."""
    d_model, d_attention = c["hidden_size"], c.get("attention_hidden_size") or 2 * c["hidden_size"]
    head_dim = c.get("attention_head_dim") or 2 * d_model // c["num_attention_heads"]
    softmax = attention(d_attention, c["num_attention_heads"], c["num_key_value_heads"], head_dim, d_out=d_model)
    period, offset = c["attn_layer_period"], c["attn_layer_offset"]
    rest = ("hybrid" if i % period == offset else "linear_attention" for i in range(c["num_hidden_layers"] - 3))
    kinds = layer_kinds(c, ["linear_attention", "linear_attention", "hybrid", *rest], "linear_attention", "hybrid")
    mixer = _mamba1(c, n_heads=c["n_mamba_heads"])
    return _zamba(c, kinds, mixer, softmax, mlp(d_model, c["intermediate_size"]), d_attention, 1)


@family("zamba2")
def zamba2(c: Config) -> Architecture:
    """Glorioso et al. 2024: Mamba-2, shared blocks taking turns, adapters at each place. transformers zamba2."""
    d_model, n_heads = c["hidden_size"], c["num_attention_heads"]
    d_ff, d_attention, rank = c.get("intermediate_size") or 4 * d_model, 2 * d_model, c["adapter_rank"]
    bias = c.flag("add_bias_linear")
    softmax = attention(
        d_attention, n_heads, c.get("num_key_value_heads") or n_heads, d_attention // n_heads, d_out=d_model
    )
    default = [*["linear_attention"] * 6, "hybrid", *(["linear_attention"] * 5 + ["hybrid"]) * 6]
    default += ["linear_attention"] * 4 + ["hybrid"] + ["linear_attention"] * 3 + ["hybrid"] + ["linear_attention"] * 2
    mixer = mamba2(
        d_model,
        int(c["mamba_expand"] * d_model),
        c["n_mamba_heads"],
        c["mamba_d_state"],
        c["mamba_ngroups"],
        c["mamba_d_conv"],
        bias=bias,
    )
    adapters = [
        linear("adapter_a", d_model, rank, matrices.MLP_ADAPTER),
        linear("adapter_b", rank, 2 * d_ff, matrices.MLP_ADAPTER),
    ]
    if c.flag("use_shared_attention_adapter"):
        adapters += [
            linear("adapter_a", d_attention, rank, matrices.ATTENTION_ADAPTER),
            linear("adapter_b", rank, d_attention, matrices.ATTENTION_ADAPTER),
        ] * 3
    return _zamba(
        c,
        layer_kinds(c, default, "linear_attention", "hybrid"),
        mixer,
        softmax,
        mlp(d_model, d_ff, bias=bias),
        d_attention,
        c["num_mem_blocks"],
        Block(tuple(adapters), kind="adapter"),
    )


def _zamba(
    c: Config,
    kinds: list[str],
    mixer: Block,
    softmax: Block,
    feed_forward: Block,
    d_attention: int,
    n_shared: int,
    *each: Block,
) -> Architecture:
    """Layers of `mixer`, some with one of `n_shared` blocks of attention and MLP before it, and `each` for itself.

    transformers ties the shared blocks only where it ties the embedding: else each place has its own block, which holds
    the adapters of all the places that would have shared it.
    """
    d_model = c["hidden_size"]
    out = Block((linear("shared_out", d_model, d_model, matrices.SHARED_BLOCK_OUT),), kind="linear")
    shared, norms = (softmax, feed_forward), (norm(d_attention), norm(d_model))
    again = tuple(reused(block) for block in shared)
    layers, n_hybrid, total, tied = [], 0, kinds.count("hybrid"), c.flag("tie_word_embeddings")
    for kind in kinds:
        if kind != "hybrid":
            layers.append(Layer(1, (mixer,), (norm(d_model),)))
            continue
        first = n_hybrid < n_shared or not tied
        copies = 1 if tied else len(range(n_hybrid % n_shared, total, n_shared))
        blocks = (*(shared if first else again), *(_copied(block, copies) for block in each), out, mixer)
        layers.append(Layer(1, blocks, (*(norms if first else ()), norm(d_model))))
        n_hybrid += 1
    return assemble(c, layers)


def _copied(block: Block, copies: int) -> Block:
    """A block's matrices so many times over, of which a token passes one."""
    return block._replace(linears=tuple(matrix._replace(copies=copies) for matrix in block.linears))


@family("recurrent_gemma")
def recurrent_gemma(c: Config) -> Architecture:
    """Botev et al. 2024 (Griffin): gated linear recurrences and local attention. transformers recurrent_gemma."""
    d_model, n_heads = c["hidden_size"], c["num_attention_heads"]
    blocks = {
        "recurrent": rg_lru(d_model, c.get("lru_width") or d_model, n_heads, c["conv1d_width"]),
        "attention": attention(
            d_model,
            n_heads,
            c.get("num_key_value_heads") or n_heads,
            d_model // n_heads,
            qkv_bias=c.flag("attention_bias"),
            o_bias=True,
            window=c["attention_window_size"],
        ),
    }
    kinds, n_layers = c["block_types"], c["num_hidden_layers"]
    unknown = set(kinds) - set(blocks)
    if unknown:
        raise ValueError(f"has block_types {', '.join(sorted(unknown))}; recurrent and attention are known")
    feed_forward = mlp(d_model, c["intermediate_size"] // 2, bias=True)
    return stack(c, [blocks[kinds[i % len(kinds)]] for i in range(n_layers)], feed_forward)


def _attention(c: Config) -> Block:
    bias = c.flag("attention_bias")
    return attention(c["hidden_size"], *heads(c), qkv_bias=bias, o_bias=bias)


def _mamba1(c: Config, **options: Any) -> Block:
    """Mamba as Jamba's and Zamba's configurations spell it."""
    return mamba1(
        c["hidden_size"],
        int(c["mamba_expand"] * c["hidden_size"]),
        c["mamba_d_state"],
        c["mamba_d_conv"],
        dt_rank(c, "mamba_dt_rank"),
        bias=c.flag("mamba_proj_bias"),
        conv_bias=bool(c.get("mamba_conv_bias", True)),
        **options,
    )


def _mamba2(c: Config, *, d_inner: int | None = None, **options: Any) -> Block:
    """Mamba-2 as the configurations of Bamba and its kin spell it."""
    return mamba2(
        c["hidden_size"],
        d_inner or int(c["mamba_expand"] * c["hidden_size"]),
        c["mamba_n_heads"],
        c["mamba_d_state"],
        c["mamba_n_groups"],
        c["mamba_d_conv"],
        bias=c.flag("mamba_proj_bias"),
        conv_bias=bool(c.get("mamba_conv_bias", True)),
        **options,
    )
