"""Decoders with multi-head latent attention (MLA) in every layer, dense or with DeepSeek-V3's mixture of experts."""

from __future__ import annotations

from typing import Any

from xlcalc.model.architecture import Architecture, assemble
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.families.moe import experts, stack
from xlcalc.model.families.moe_mixed import mixed, with_shared
from xlcalc.model.layers import Block, Layer, latent_attention, mlp, norm


def mla(c: Config, **options: Any) -> Block:
    """The latent attention that the configuration describes in DeepSeek's names."""
    c.require("num_attention_heads", "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim")
    width, both = c.get("qk_head_dim"), c["qk_nope_head_dim"] + c["qk_rope_head_dim"]
    if width not in (None, both):
        raise ValueError(
            f"has a qk_head_dim of {str(width)[:20]}, where qk_nope_head_dim and qk_rope_head_dim are {both}"
        )
    if c.get("q_lora_rank") == 0:
        raise ValueError("has a q_lora_rank of 0: leave it out where queries have no bottleneck")
    options = {
        "q_rank": c.get("q_lora_rank"),
        "d_nope": c["qk_nope_head_dim"],
        "d_rope": c["qk_rope_head_dim"],
        "bias": c.flag("attention_bias"),
        **options,
    }
    return latent_attention(
        c["hidden_size"], c["num_attention_heads"], kv_rank=c["kv_lora_rank"], d_v=c["v_head_dim"], **options
    )


def shared_experts(c: Config, first: int, *, bias: bool = False) -> list[Block]:
    """Each layer's experts with `n_shared_experts` shared ones, dense MLPs before layer `first`."""
    return mixed(c, with_shared(c, "n_shared_experts", shared_bias=bias), first, bias=bias)


@family("deepseek_v2")
def deepseek_v2(c: Config) -> Architecture:
    """DeepSeek-V2 2024, section 2; the Lite model has no bottleneck for queries. transformers deepseek_v2."""
    notes: tuple[str, ...] = ()
    if c.get("num_experts_per_tok") is None:
        c = Config({**c.raw, "num_experts_per_tok": 6})
        notes = ("num_experts_per_tok is not given: 6 as in both published models",)
    blocks = shared_experts(c, c["first_k_dense_replace"], bias=c.flag("mlp_bias"))
    return stack(c, [mla(c)] * len(blocks), blocks, notes=notes)


@family("deepseek_v3", "kimi_k2", "mistral4", "sarvam_mla")
def deepseek_v3(c: Config) -> Architecture:
    """DeepSeek-V3 2024, section 2; Kimi K2 2025; Mistral Small 4 2026. transformers deepseek_v3, mistral4."""
    blocks = shared_experts(c, c["first_k_dense_replace"])
    return stack(c, [mla(c)] * len(blocks), blocks)


@family("glm4_moe_lite")
def glm4_moe_lite(c: Config) -> Architecture:
    """GLM-4.7-Flash (Zhipu 2026): one dense layer. transformers glm4_moe_lite."""
    blocks = shared_experts(c, 1)
    return stack(c, [mla(c)] * len(blocks), blocks)


@family("axk1")
def axk1(c: Config) -> Architecture:
    """A.X K1 (SK Telecom 2026): a norm after the experts. transformers axk1."""
    first, step = c["first_k_dense_replace"], c["moe_layer_freq"]
    sparse = with_shared(c, "n_shared_experts")
    blocks = mixed(c, sparse._replace(vectors=(norm(c["hidden_size"]),)), first, step=step)
    return stack(c, [mla(c)] * len(blocks), blocks)


@family("minicpm3")
def minicpm3(c: Config) -> Architecture:
    """MiniCPM3 (OpenBMB 2024): dense. transformers minicpm3."""
    d_v = c.get("v_head_dim") or c["hidden_size"] // c["num_attention_heads"]
    feed_forward = mlp(c["hidden_size"], c["intermediate_size"], bias=c.flag("mlp_bias"))
    return stack(c, [mla(Config({**c.raw, "v_head_dim": d_v}))] * c["num_hidden_layers"], feed_forward)


@family("youtu")
def youtu(c: Config) -> Architecture:
    """Youtu-LLM (Tencent 2025): dense. transformers youtu."""
    return stack(c, [mla(c)] * c["num_hidden_layers"], mlp(c["hidden_size"], c["intermediate_size"]))


@family("longcat_flash")
def longcat_flash(c: Config) -> Architecture:
    """LongCat-Flash report (Meituan 2025): each layer two attentions, two MLPs and experts, some of which do nothing.

    A token meets the real experts in proportion to their number. transformers longcat_flash gives the idle ones gate
    and up matrices too; they count unless the configuration says, as the published one does, that these experts are
    the identity.
    """
    n_layers = (
        c["num_hidden_layers"] // 2 if c.raw.get("num_hidden_layers") else c["num_layers"]
    )  # a layer has two halves
    d_model, n_real, n_idle = c["hidden_size"], c["num_experts"], c.get("zero_expert_num", 0)
    n_all = n_real + n_idle
    n_given = n_real if c.get("zero_expert_type", "") == "identity" else n_all
    met = c["num_experts_per_tok"] * n_real / n_all
    sparse = experts(c, router_bias=c.flag("router_bias"))
    linears = []
    for matrix in sparse.linears:
        if matrix.part == "router":
            bias = n_all if matrix.bias else 0
            linears.append(matrix._replace(d_out=n_all, bias=bias))
        else:
            linears.append(matrix._replace(copies=n_real if matrix.name == "down" else n_given, active=met))
    blocks = (mla(c), mla(c), *(mlp(d_model, c["intermediate_size"]),) * 2, sparse._replace(linears=tuple(linears)))
    unused = n_layers * (n_given - n_real) * 2 * d_model * c["moe_intermediate_size"]
    note = f"{unused:,} parameters belong to idle experts in transformers' code and not to the checkpoint"
    return assemble(c, [Layer(n_layers, blocks, (norm(d_model),) * 4)], notes=(note,) if unused else ())
