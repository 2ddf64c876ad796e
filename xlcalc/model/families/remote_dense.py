"""Families of 2023 and 2024 that people still meet and whose code travels with the checkpoint; checked against the
parameter counts that their files have (tests/model/test_remote.py names each)."""

from __future__ import annotations

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture, assemble, decoder, heads
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.families.moe import attentions, by_layer, experts, stack
from xlcalc.model.families.moe_mixed import mixed
from xlcalc.model.layers import Block, Layer, Linear, Vector, attention, linear, mlp, moe, norm
from xlcalc.model.mixers import LINEAR_SCAN, own


@family("Yi", "aquila", "skywork", "xverse")
def llamas(c: Config) -> Architecture:
    """Llama under another name: 01-ai/Yi, BAAI/Aquila, Skywork, xverse/XVERSE (modeling_xverse.py)."""
    return decoder(c, attention_bias=c.flag("attention_bias"), mlp_bias=c.flag("mlp_bias"))


@family("qwen")
def qwen(c: Config) -> Architecture:
    """Bai et al. 2023, modeling_qwen.py: an MLP half as wide as intermediate_size says, biases on inputs."""
    n_heads, bias = c["num_attention_heads"], not c.get("no_bias", True)
    return decoder(c, n_kv_heads=n_heads, qkv_bias=True, o_bias=bias, mlp_bias=bias, d_ff=c["intermediate_size"] // 2)


@family("baichuan")
def baichuan(c: Config) -> Architecture:
    """Yang et al. 2023, modeling_baichuan.py: one matrix for queries, keys and values; a normed head in the second."""
    return decoder(c)


@family("internlm")
def internlm(c: Config) -> Architecture:
    """internlm/internlm-7b, modeling_internlm.py: Llama with biases in attention."""
    return decoder(c, attention_bias=bool(c.get("bias", True)))


@family("orion")
def orion(c: Config) -> Architecture:
    """OrionStarAI/Orion-14B, modeling_orion.py: Llama with layer norms."""
    return decoder(c, attention_bias=c.flag("attention_bias"), norm_bias=True)


@family("minicpm")
def minicpm(c: Config) -> Architecture:
    """Hu et al. 2024, modeling_minicpm.py: Llama with scaled residuals, tied unless the file says no."""
    if c.get("num_experts"):
        raise ValueError("has experts, and model_type 'minicpm' is known without them alone")
    return decoder(c, attention_bias=c.flag("attention_bias"), tied=bool(c.get("tie_word_embeddings", True)))


@family("chatglm")
def chatglm(c: Config) -> Architecture:
    """Zeng et al. 2022, modeling_chatglm.py of ChatGLM2, ChatGLM3 and GLM-4: few key/value heads, biases on them."""
    if c.get("inner_hidden_size"):
        raise ValueError("is ChatGLM-6B of the first generation, whose layers are not declared")
    bias = c.flag("add_bias_linear")
    n_kv_heads = c["multi_query_group_num"] if c.flag("multi_query_attention") else c["num_attention_heads"]
    return decoder(
        c,
        n_kv_heads=n_kv_heads,
        qkv_bias=bias or c.flag("add_qkv_bias"),
        o_bias=bias,
        mlp_bias=bias,
        norm_bias=not c.get("rmsnorm", True),
        tied=False,
    )


@family("deci")
def deci(c: Config) -> Architecture:
    """Deci/DeciLM-7B, modeling_decilm.py: Llama whose layers have different numbers of key/value heads."""
    n_heads, _, head_dim = heads(c)
    d_model, n_layers = c["hidden_size"], c["num_hidden_layers"]
    n_kv_heads = by_layer(c.get("num_key_value_heads_per_layer") or c["num_key_value_heads"], n_layers)
    mixers = [attention(d_model, n_heads, n, head_dim) for n in n_kv_heads]
    return stack(c, mixers, mlp(d_model, c["intermediate_size"]))


@family("plamo")
def plamo(c: Config) -> Architecture:
    """PLaMo-13B (Preferred Networks 2023; mitmul/mlx-plamo, plamo.py): one norm before both halves of a layer, keys and
    values for every `n_shared_head` heads."""
    return decoder(c, n_kv_heads=-(-c["num_attention_heads"] // c.get("n_shared_head", 8)), n_norms=1)


@family("step3_text")
def step3(c: Config) -> Architecture:
    """Step3 (StepFun 2025; vLLM, step3_text.py): queries through a shared width with a norm, one key and value."""
    d_model, n_heads, n_layers = c["hidden_size"], c["num_attention_heads"], c["num_hidden_layers"]
    d_head, shared = c.get("head_dim", 256), c.get("share_q_dim") or c.get("head_dim", 256)
    mixer = attention(d_model, n_heads, 1, d_head)
    queries = (
        linear("q_a", d_model, shared, matrices.Q_DOWN),
        linear("q_b", shared, n_heads * d_head, matrices.Q_UP),
    )
    mixer = mixer._replace(linears=(*queries, *mixer.linears[1:]), vectors=(norm(shared, name="q_norm"),))
    listed = c.get("moe_layers_enum")
    at = set(range(1, n_layers)) if listed is None else {int(i) for i in str(listed).split(",") if i.strip().isdigit()}
    sparse = moe(
        d_model, c["moe_num_experts"], c["moe_top_k"], c["moe_intermediate_size"], d_shared=c["share_expert_dim"]
    )
    dense = mlp(d_model, c["intermediate_size"])
    return stack(c, [mixer] * n_layers, [sparse if i in at else dense for i in range(n_layers)])


@family("bailing_moe", "bailing_moe_v2")
def bailing_moe(c: Config) -> Architecture:
    """Ling and Ling 2.0 (inclusionAI 2025), modeling_bailing_moe.py: DeepSeekMoE's layers with grouped heads."""
    bias = c.flag("use_bias")
    shared = c.get("num_shared_experts", 0) * c["moe_intermediate_size"]
    qk_norm = "head" if c.flag("use_qk_norm") else ""
    mixers = attentions(c, qkv_bias=c.flag("use_qkv_bias") or bias, o_bias=bias, qk_norm=qk_norm)
    return stack(c, mixers, mixed(c, experts(c, d_shared=shared), c.get("first_k_dense_replace", 0)))


@family("arctic")
def arctic(c: Config) -> Architecture:
    """Snowflake Arctic 2024 (vLLM, arctic.py): experts beside an MLP as wide as the model, behind a norm of its own."""
    d_model, every = c["hidden_size"], c.get("moe_layer_frequency", 2)
    sparse, dense = experts(c, c["intermediate_size"]), mlp(d_model, c["intermediate_size"])
    if c.flag("use_residual") or c.flag("parallel_attn_mlp_res"):
        beside = mlp(d_model, d_model, kinds=matrices.SHARED_EXPERTS)
        sparse = sparse._replace(linears=(*sparse.linears, *beside.linears), vectors=(*sparse.vectors, norm(d_model)))
    blocks = [sparse if (i + 1) % every == 0 else dense for i in range(c["num_hidden_layers"])]
    return stack(c, attentions(c), blocks)


@family("rwkv5", "rwkv6")
def rwkv(c: Config) -> Architecture:
    """Peng et al. 2024, Eagle and Finch: a matrix of state a head; Finch decides mixes and decays by token."""
    d, n_layers, head = c["hidden_size"], c["num_hidden_layers"], c.get("head_size", 64)
    d_ff = c.get("intermediate_size") or int(d * 3.5) // 32 * 32
    mixed_in = 4
    low_ranks: tuple[Linear, ...] = ()
    if c.model_type == "rwkv6":
        mix, decay = (64, 128) if d >= 4096 else (32, 64)
        mixed_in = 6
        low_ranks = (
            linear("mix_a", d, 5 * mix, matrices.STEP),
            linear("mix_b", mix, d, matrices.STEP)._replace(copies=5, active=5),
            linear("decay_a", d, decay, matrices.STEP), linear("decay_b", decay, d, matrices.STEP),
        )  # fmt: skip
    time_mix = Block(
        (
            linear("r", d, d, matrices.Q), linear("k", d, d, matrices.K), linear("v", d, d, matrices.V),
            linear("g", d, d, matrices.HEAD_GATE), linear("o", d, d, matrices.O), *low_ranks,
        ),
        (own("time_mix", mixed_in * d), own("time_decay", d), own("time_first", d), norm(d, bias=True, name="ln_x")),
        kind="rwkv",
        state=d * head,
        conv_state=d,
        scan=LINEAR_SCAN * d * head,
    )  # fmt: skip
    channel_mix = Block(
        (
            linear("up", d, d_ff, matrices.MLP.up),
            linear("gate", d, d, matrices.MLP.gate),
            linear("down", d_ff, d, matrices.MLP.down),
        ),
        (Vector("time_mix", 2 * d, "mlp"),),
        kind="mlp",
        conv_state=d,
    )
    layer = Layer(n_layers, (time_mix, channel_mix), (norm(d, bias=True),) * 2)
    return assemble(c, [layer], norm_bias=True, norms=(norm(d, bias=True, name="first_norm"),), tied=False)
