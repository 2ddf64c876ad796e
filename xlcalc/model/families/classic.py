"""Dense decoders in the GPT manner and their heirs: layer norms with biases, MLPs without gate, learned positions.

Sources: the paper named at each family, and for what it leaves open transformers models/<model type>/modeling_*.py.
"""

from __future__ import annotations

from typing import Any

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture, decoder, windows
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.layers import Vector, attention, linear, norm


def gpt(
    c: Config, *, qkv_bias: bool = True, o_bias: bool = True, norm_bias: bool = True, **options: Any
) -> Architecture:
    """Radford et al. 2019: heads share the width, the MLP is four times as wide unless the configuration differs.

    `add_cross_attention` gives every layer a second attention, to an encoder's states, as decoder halves have it.
    """
    c.require("hidden_size", "num_attention_heads")
    d_model, n_heads = c["hidden_size"], c["num_attention_heads"]
    settings: dict[str, Any] = {
        "head_dim": d_model // n_heads,
        "n_kv_heads": n_heads,
        "d_ff": c.get("intermediate_size") or 4 * d_model,
        "gated": False,
        "mlp_bias": True,
    }
    if c.get("add_cross_attention"):
        cross = attention(d_model, n_heads, n_heads, d_model // n_heads, qkv_bias=qkv_bias, o_bias=o_bias)
        options["blocks"] = (cross._replace(kind="cross_attention", cache=0, score=0),)
        options["vectors"] = (*options.get("vectors", ()), norm(d_model, bias=norm_bias, name="cross_norm"))
    return decoder(c, qkv_bias=qkv_bias, o_bias=o_bias, norm_bias=norm_bias, **(settings | options))


@family("gpt2", "gpt-sw3", "gpt_bigcode")
def gpt2(c: Config) -> Architecture:
    """Radford et al. 2019. SantaCoder and StarCoder (Li et al. 2023) have one key/value head."""
    few = c.get("multi_query") or c.get("attention_head_type") == "multiquery"  # as SantaCoder's first files have it
    n_kv_heads = 1 if few else c["num_attention_heads"]
    return gpt(c, n_kv_heads=n_kv_heads, positions=c["max_position_embeddings"])


@family("openai-gpt")
def openai_gpt(c: Config) -> Architecture:
    """Radford et al. 2018: norms after the blocks, so none at the end, an MLP always four times as wide."""
    return gpt(c, d_ff=4 * c["hidden_size"], positions=c["max_position_embeddings"], final_norm=False)


@family("gpt_neo")
def gpt_neo(c: Config) -> Architecture:
    """Black et al. 2021: no biases on queries, keys and values; local layers keep those of the whole context too."""
    return gpt(c, qkv_bias=False, positions=c["max_position_embeddings"])


@family("gptj", "codegen")
def gptj(c: Config) -> Architecture:
    """Wang and Komatsuzaki 2021: attention and MLP behind one norm, no biases in attention, one on the head."""
    return gpt(c, qkv_bias=False, o_bias=False, n_norms=1, head_bias=True)


@family("gpt_neox")
def gpt_neox(c: Config) -> Architecture:
    """Black et al. 2022."""
    return gpt(c, qkv_bias=c.flag("attention_bias"), o_bias=c.flag("attention_bias"))


@family("gpt_neox_japanese")
def gpt_neox_japanese(c: Config) -> Architecture:
    """ABEJA 2022: no biases but one, on the last layer's attention."""
    return gpt(
        c,
        qkv_bias=False,
        o_bias=False,
        mlp_bias=False,
        d_ff=int(c["hidden_size"] * c["intermediate_multiple_size"]),
        norms=(Vector("last_attention_bias", c["hidden_size"], "attention"),),
    )


@family("ctrl")
def ctrl(c: Config) -> Architecture:
    """Keskar et al. 2019: computed positions, a bias on the head."""
    d_model, n_heads = c["hidden_size"], c["num_attention_heads"]
    if d_model % n_heads:
        raise ValueError(f"has a hidden_size of {d_model}, which {n_heads} heads cannot share evenly")
    return gpt(c, head_bias=True)


@family("bloom")
def bloom(c: Config) -> Architecture:
    """Le Scao et al. 2022: a norm after the embedding, no positions (ALiBi), an MLP always four times as wide."""
    return gpt(c, d_ff=4 * c["hidden_size"], norms=(norm(c["hidden_size"], bias=True, name="embedding_norm"),))


@family("mpt")
def mpt(c: Config) -> Architecture:
    """MosaicML 2023, read as llm-foundry does: transformers leaves out what no published MPT has, biases, learned
    positions, norms for queries and keys, shared key/value heads.
    """
    own = c.get("attn_config", {})
    shared = 1 if own.get("attn_type") == "multiquery_attention" else own.get("kv_n_heads")
    bias = not c.get("no_bias", True)
    return gpt(
        c,
        qkv_bias=bias,
        o_bias=bias,
        norm_bias=bias,
        mlp_bias=bias,
        qk_norm="full" if own.get("qk_ln") else "",
        qk_norm_bias=bias,
        n_kv_heads=shared or c["num_attention_heads"],
        d_ff=int(c.get("expansion_ratio", 4) * c["hidden_size"]),
        positions=c["max_position_embeddings"] if c.get("learned_pos_emb") and not own.get("alibi", True) else 0,
    )


@family("opt")
def opt(c: Config) -> Architecture:
    """Zhang et al. 2022: two positions more than are used; 350M has a narrower embedding and norms after the blocks."""
    d_model, bias = c["hidden_size"], c.flag("enable_bias")
    d_embedding = c.get("word_embed_proj_dim") or d_model
    shapes = (("project_in", d_embedding, d_model), ("project_out", d_model, d_embedding))
    affine = c.flag("layer_norm_elementwise_affine")
    return gpt(
        c,
        qkv_bias=bias,
        o_bias=bias,
        mlp_bias=bias,
        n_norms=2 if affine else 0,
        final_norm=affine and c.flag("do_layer_norm_before") and not c.flag("_remove_final_layer_norm"),
        positions=c["max_position_embeddings"] + 2,
        d_embedding=d_embedding,
        outer=[linear(*shape, matrices.EMBEDDING_WIDTH) for shape in shapes] if d_embedding != d_model else (),
    )


@family("xglm")
def xglm(c: Config) -> Architecture:
    """Lin et al. 2021: computed positions."""
    return gpt(c)


@family("biogpt")
def biogpt(c: Config) -> Architecture:
    """Luo et al. 2022: two positions more than are used."""
    return gpt(c, positions=c["max_position_embeddings"] + 2)


@family("kosmos_2_text_model", "kosmos_2_5_text_model")
def kosmos(c: Config) -> Architecture:
    """Peng et al. 2023: norms inside the MLP and, before 2.5, attention; 2.5 embeds whether a token is of the image."""
    d_model = c["hidden_size"]
    inner = [norm(c["intermediate_size"], bias=True, name="ffn_norm")]
    if c.model_type == "kosmos_2_text_model":
        return gpt(c, vectors=(*inner, norm(d_model, bias=True, name="attention_norm")))
    return gpt(c, vectors=inner, embeddings=(Vector("segments", 2 * d_model, "embedding"),))


@family("falcon")
def falcon(c: Config) -> Architecture:
    """Almazrouei et al. 2023: attention and MLP side by side behind one norm or two, one or a few key/value heads."""
    n_heads, new = c["num_attention_heads"], c.flag("new_decoder_architecture")
    n_norms = 2 if (c.get("num_ln_in_parallel_attn") or (2 if new else 1)) == 2 else 1
    grouped = (c.get("num_key_value_heads") or n_heads) if new else 1 if c.get("multi_query") else n_heads
    bias = c.flag("bias")
    return gpt(
        c,
        qkv_bias=bias,
        o_bias=bias,
        mlp_bias=bias,
        n_kv_heads=grouped,
        n_norms=n_norms if c.get("parallel_attn") else 2,
    )


@family("persimmon")
def persimmon(c: Config) -> Architecture:
    """Adept 2023: norms with biases for queries and keys."""
    return gpt(c, qk_norm="head" if c.get("qk_layernorm") else "", qk_norm_bias=True)


@family("phi")
def phi(c: Config) -> Architecture:
    """Li et al. 2023, phi-1 to phi-2: attention and MLP behind one norm, biases everywhere."""
    return decoder(
        c,
        attention_bias=True,
        qk_norm="head" if c.get("qk_layernorm") else "",
        qk_norm_bias=True,
        gated=False,
        mlp_bias=True,
        n_norms=1,
        norm_bias=True,
        head_bias=True,
    )


@family("stablelm")
def stablelm(c: Config) -> Architecture:
    """Bellagamba et al. 2024: gated MLP, norms with biases; one norm a head for queries and keys where set."""
    return decoder(
        c,
        head_dim=c["hidden_size"] // c["num_attention_heads"],
        qkv_bias=c.flag("use_qkv_bias"),
        qk_norm="full" if c.get("qk_layernorm") else "",
        n_norms=1 if c.get("use_parallel_residual") else 2,
        norm_bias=True,
    )


@family("starcoder2")
def starcoder2(c: Config) -> Architecture:
    """Lozhkov et al. 2024: GPT with rotary positions, grouped heads and a sliding window on every layer."""
    bias = c.flag("use_bias")
    return decoder(c, attention_bias=bias, gated=False, mlp_bias=bias, norm_bias=True, windows=windows(c))


@family("nemotron")
def nemotron(c: Config) -> Architecture:
    """Parmar et al. 2024: squared ReLU without gate, layer norms with biases."""
    bias, mlp_bias = c.flag("attention_bias"), c.flag("mlp_bias")
    return decoder(c, attention_bias=bias, gated=False, mlp_bias=mlp_bias, norm_bias=True)


@family("jais2")
def jais2(c: Config) -> Architecture:
    """Jais 2 2025: Llama's shape with squared ReLU, biases and layer norms."""
    bias, mlp_bias = c.flag("attention_bias"), c.flag("mlp_bias")
    return decoder(c, attention_bias=bias, gated=False, mlp_bias=mlp_bias, norm_bias=True)


@family("cohere")
def cohere(c: Config) -> Architecture:
    """Command R 2024: attention and MLP behind one norm without bias; Command R+ norms every query and key head."""
    qk_norm = "full" if c.get("use_qk_norm") else ""
    return decoder(c, attention_bias=c.flag("attention_bias"), qk_norm=qk_norm, n_norms=1)


@family("cohere2", "cohere_compass_text")
def cohere2(c: Config) -> Architecture:
    """Command R7B 2024: every fourth layer attends to everything, the others slide. In Compass none does by default."""
    every = c["sliding_window_pattern"] if c.model_type == "cohere2" else 1
    return decoder(
        c,
        head_dim=c.raw.get("head_dim") or c["hidden_size"] // c["num_attention_heads"],
        attention_bias=c.flag("attention_bias"),
        n_norms=1,
        windows=windows(c, lambda i: (i + 1) % every != 0),
    )
