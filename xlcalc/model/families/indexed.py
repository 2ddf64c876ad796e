"""Decoders with sparse attention over latents: DeepSeek's indexer (DSA) and the compressed caches of DeepSeek-V4."""

from __future__ import annotations

from typing import Any

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture, layer_kinds
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.families.latent import mla, shared_experts
from xlcalc.model.families.moe import by_layer, experts, stack
from xlcalc.model.families.moe_mixed import mixed
from xlcalc.model.layers import Block, Vector, indexer, linear, norm


def dsa_indexer(c: Config, d_query: int | None = None) -> Block:
    """The indexer of the configuration; its queries come from the bottleneck, else from `d_query`."""
    c.require("index_n_heads", "index_head_dim")
    return indexer(c["hidden_size"], d_query or c["q_lora_rank"], c["index_n_heads"], c["index_head_dim"])


def full_indexers(c: Config) -> list[bool]:
    """Which layers choose tokens anew, others taking the last choice: `indexer_types`, a pattern, or every so many."""
    n_layers, kinds = c["num_hidden_layers"], c.get("indexer_types") or c.get("index_topk_pattern")
    if kinds is None:
        every, offset = max(c.get("index_topk_freq", 1), 1), c.get("index_skip_topk_offset", 2)
        return [max(i - offset + 1, 0) % every == 0 for i in range(n_layers)]
    kinds = [{"F": "full", "S": "shared"}.get(kind, kind) for kind in by_layer(list(kinds), n_layers)]
    unknown = sorted(set(kinds) - {"full", "shared"})
    if unknown:
        raise ValueError(f"has indexer types {', '.join(map(str, unknown))}; full and shared are known")
    return [kind == "full" for kind in kinds]


@family("deepseek_v32", "glm_moe_dsa")
def deepseek_v32(c: Config) -> Architecture:
    """DeepSeek-V3.2 2025, section 2.1; GLM-5 2026 shares choices. transformers deepseek_v32, glm_moe_dsa."""
    attention, chooser = mla(c, attended=c["index_topk"]), dsa_indexer(c)
    chooses = full_indexers(c) if c.model_type == "glm_moe_dsa" else [True] * c["num_hidden_layers"]
    mixers = [(attention, chooser) if flag else (attention,) for flag in chooses]
    return stack(c, mixers, shared_experts(c, c["first_k_dense_replace"]))


@family("axk2")
def axk2(c: Config) -> Architecture:
    """A.X K2 (SK Telecom 2026): gated heads, low-rank gates in norms, an indexer in every layer. transformers axk2."""
    d_model, rank, n_heads = c["hidden_size"], c["gated_norm_rank"], c["num_attention_heads"]
    block = mla(c, attended=c["index_topk"])
    wide = 2 * c["q_lora_rank"]  # queries and gates come from the bottleneck before and after its norm
    linears = [matrix._replace(d_in=wide) if matrix.name == "q_b" else matrix for matrix in block.linears]
    gate = linear("gate", wide, n_heads * c["v_head_dim"], matrices.HEAD_GATE)
    norm_gate = (
        linear("norm_a", d_model, rank, matrices.NORM_GATE),
        linear("norm_b", rank, d_model, matrices.NORM_GATE),
    )
    mixers = (block._replace(linears=(*linears, gate, *norm_gate)), dsa_indexer(c))
    sparse = experts(c, d_shared=c["moe_intermediate_size"] * c["n_shared_experts"])
    sparse = sparse._replace(linears=(*sparse.linears, *norm_gate))
    blocks = mixed(c, sparse, c["first_k_dense_replace"], step=c["moe_layer_freq"])
    return stack(c, [mixers] * len(blocks), blocks)


@family("mistral_large4_text")
def mistral_large4(c: Config) -> Architecture:
    """Mistral Large 4 (2026): layers without positions, caches that others reuse. transformers mistral_large4."""
    n_layers, d_model, n_heads = c["num_hidden_layers"], c["hidden_size"], c["num_attention_heads"]
    rotary = c.get("no_rope_layers")
    if rotary is None:
        rotary = [(i + 1) % c["no_rope_layer_interval"] != 0 for i in range(n_layers)]
    rotary = by_layer(rotary, n_layers)
    sources = by_layer(c.get("kv_source_layers") or list(range(n_layers)), n_layers)
    d_nope, d_rope = c["qk_nope_head_dim"], c["qk_rope_head_dim"]
    chooser = dsa_indexer(c, d_model)
    scaling = Vector("softmax_scaling", 2 * c["index_n_heads"], "attention")
    chooser = chooser._replace(vectors=(*chooser.vectors, norm(d_model, bias=True), scaling))
    mixers = []
    for i, chooses in enumerate(full_indexers(c)):
        widths = {"d_nope": d_nope, "d_rope": d_rope} if rotary[i] else {"d_nope": d_nope + d_rope, "d_rope": 0}
        block = mla(c, q_rank=None, attended=c["index_topk"], **widths)
        if sources[i] != i:
            kept = tuple(matrix for matrix in block.linears if matrix.name != "kv_a")
            block = block._replace(linears=kept, vectors=(), cache=0)
        block = block._replace(vectors=(*block.vectors, scaling._replace(size=2 * n_heads)))
        mixers.append((block, chooser) if chooses else (block,))
    rotary_scale = Vector("rotary_scale", d_rope // 2, "attention")
    return stack(c, mixers, shared_experts(c, c["first_k_dense_replace"]), norms=(rotary_scale,))


@family("dots3_note_text")
def dots3_note(c: Config) -> Architecture:
    """dots3 note (rednote 2026): indexed or full layers, and windowed ones of other widths. transformers dots3_note."""
    n_layers, given = c["num_hidden_layers"], c.get("per_layer_config")
    windowed = c.flag("use_sliding_window")
    kinds = layer_kinds(
        c,
        ["sliding_attention" if windowed and i >= 2 and i % 4 != 1 else "indexed_attention" for i in range(n_layers)],
        "full_attention", "indexed_attention", "sliding_attention",
    )  # fmt: skip
    use_dsa = c.get("use_dsa", None if given else True)
    if use_dsa is not None:
        chosen = "indexed_attention" if use_dsa else "full_attention"
        kinds = [kind if kind == "sliding_attention" else chosen for kind in kinds]
    widths = {int(i): fields for i, fields in (given or {}).items()}
    if not given:
        widths = {i: _dots3_window(c) for i, kind in enumerate(kinds) if kind == "sliding_attention"}
    mixers = [_dots3_attention(Config({**c.raw, **widths.get(i, {})}), kind) for i, kind in enumerate(kinds)]
    freq, first = c["moe_layer_freq"], c["first_k_dense_replace"]
    d_shared = c.get("moe_shared_expert_intermediate_size") or c["shared_experts_intermediate_size"]
    sparse = experts(c, d_shared=d_shared * c["n_shared_experts"])
    if isinstance(freq, (list, tuple)) and c.get("mlp_layer_types") is None:
        kinds = ["sparse" if i >= first and flag else "dense" for i, flag in enumerate(by_layer(freq, n_layers))]
        c, freq = Config({**c.raw, "mlp_layer_types": kinds}), 1
    return stack(c, mixers, mixed(c, sparse, first, step=freq))


def _dots3_window(c: Config) -> dict[str, Any]:
    """What windowed layers have for themselves, in fields that begin with swa_."""
    assumed = {"num_attention_heads": 64, "q_lora_rank": 1024, "kv_lora_rank": 1024, "v_head_dim": 128}
    d_nope = c.get("swa_qk_nope_head_dim", 192)
    d_rope = c.get("swa_qk_rope_head_dim", c.get("swa_head_dim", 256) - d_nope)
    own = {name: c.get(f"swa_{name}", value) for name, value in assumed.items()}
    return own | {"qk_nope_head_dim": d_nope, "qk_rope_head_dim": d_rope}


def _dots3_attention(c: Config, kind: str) -> tuple[Block, ...]:
    """Latent attention with a gate for each head and a norm on the rotary key."""
    indexed = kind == "indexed_attention"
    window = (c.get("sliding_window") or c.get("sliding_window_size", 512)) if kind == "sliding_attention" else None
    block = mla(c, window=window, attended=c["index_topk"] if indexed else None)
    gate = linear("gate", c["hidden_size"], c["num_attention_heads"], matrices.HEAD_GATE)
    block = block._replace(
        linears=(*block.linears, gate), vectors=(*block.vectors, norm(c["qk_rope_head_dim"], name="k_norm"))
    )
    return (block, dsa_indexer(c)) if indexed else (block,)


def hyper_connection(c: Config, n_out: int, n_scales: int) -> Block:
    """What mixes `hc_mult` residual streams around a block (Xie et al. 2025, mHC; Zhu et al. 2024)."""
    streams = c["hc_mult"] * c["hidden_size"]
    return Block(
        (linear("streams", streams, n_out, matrices.RESIDUAL),),
        (Vector("streams", n_out + n_scales, "attention"),),
        kind="residual",
    )


@family("hy_v4", "hy_v4_vl_text")
def hy_v4(c: Config) -> Architecture:
    """Hunyuan 4 preview (Tencent 2026): sinks, gated heads, hyper-connections. transformers hy_v4."""
    n_heads, streams = c["num_attention_heads"], c["hc_mult"]
    block = mla(c, attended=c["index_topk"])
    block = block._replace(
        linears=(*block.linears, linear("gate", c["hidden_size"], n_heads * c["v_head_dim"], matrices.HEAD_GATE)),
        vectors=(*block.vectors, Vector("sinks", n_heads, "attention")),
    )
    residual, last = hyper_connection(c, 2 * streams, 2), hyper_connection(c, streams, 1)
    chooses = [i == 0 or (i - 1) % 4 == 0 for i in range(c["num_hidden_layers"])]
    if c.get("indexer_types") is not None:
        chooses = full_indexers(c)
    chooser = (dsa_indexer(c),)
    mixers = [(block, *(chooser if flag else ()), residual, residual) for flag in chooses]
    return stack(c, mixers, shared_experts(c, 1), outer=last.linears, norms=last.vectors)


@family("deepseek_v4")
def deepseek_v4(c: Config) -> Architecture:
    """DeepSeek-V4 2026, section 2: one shared key and value head, windows, compressed entries, hyper-connections.

    transformers deepseek_v4. Hash layers route by table, which is no parameter.
    """
    streams, d_expert = c["hc_mult"], c["moe_intermediate_size"]
    residual, last = hyper_connection(c, (2 + streams) * streams, 3), hyper_connection(c, streams, 1)
    rates = _v4_rates(c)
    blocks = {kind: (*_v4_attention(c, kind, rates), residual, residual) for kind in ("sliding_attention", *rates)}
    mixers = [blocks[kind] for kind in _v4_kinds(c, *blocks)]
    sparse = experts(c, d_expert, d_shared=d_expert, shared_bias=c.flag("mlp_bias"))
    return stack(c, mixers, sparse, outer=last.linears, norms=last.vectors)


_CSA, _HCA = "compressed_sparse_attention", "heavily_compressed_attention"


def _v4_rates(c: Config) -> dict[str, int]:
    """Tokens to one compressed entry, by type of layer."""
    rates = dict(c["compress_rates"])
    for kind, field in ((_CSA, "compress_rate_csa"), (_HCA, "compress_rate_hca")):
        rates[kind] = c.get(field) or rates[kind]
    return rates


def _v4_kinds(c: Config, *allowed: str) -> list[str]:
    """Each layer's type: `layer_types`, or the published file's compression ratios; either may run on over MTP."""
    n_layers, ratios = c["num_hidden_layers"], c.get("compress_ratios")
    kinds = [_CSA if i > 1 and i % 2 else _HCA for i in range(n_layers)]
    if ratios is not None:
        kinds = [{0: "sliding_attention", 4: _CSA, 128: _HCA}.get(ratio, f"ratio {ratio}") for ratio in ratios]
    if c.get("layer_types") is not None:
        kinds = list(c["layer_types"])
    listed = Config({"model_type": c.model_type, "num_hidden_layers": n_layers, "layer_types": kinds[:n_layers]})
    return layer_kinds(listed, (), *allowed)


def _v4_attention(c: Config, kind: str, rates: dict[str, int]) -> tuple[Block, ...]:
    """Attention to one vector a token, key and value, in a window, and to compressed entries where there are any."""
    d_model, n_heads, d, q_rank = c["hidden_size"], c["num_attention_heads"], c["head_dim"], c["q_lora_rank"]
    groups, o_rank = c["o_groups"], c["o_lora_rank"]
    score = n_heads * 2 * d
    window = Block(
        (
            linear("q_a", d_model, q_rank, matrices.Q_DOWN),
            linear("q_b", q_rank, n_heads * d, matrices.Q_UP),
            linear("kv_a", d_model, d, matrices.KV_DOWN),
            linear("o_a", n_heads * d // groups, groups * o_rank, matrices.O_DOWN),
            linear("o", groups * o_rank, d_model, matrices.O),
        ),
        (norm(q_rank), norm(d), Vector("sinks", n_heads, "attention")),
        kind="sliding",
        cache=2 * d if kind == "sliding_attention" else d,  # transformers keeps two copies in layers that only slide
        window=c["sliding_window"],
        score=score,
    )
    if kind == "sliding_attention":
        return (window,)
    overlapping = kind == _CSA
    entries = _compressor(d_model, d, rates[kind], overlapping)._replace(score=score)
    if not overlapping:
        return window, entries
    n_index, d_index = c["index_n_heads"], c["index_head_dim"]
    keys = _compressor(d_model, d_index, rates[kind], True)
    chooser = keys._replace(
        linears=(
            *keys.linears,
            linear("index_q", q_rank, n_index * d_index, matrices.INDEXER),
            linear("index_weights", d_model, n_index, matrices.INDEXER),
        ),
        kind="indexer",
        score=n_index * d_index,
    )
    return window, entries._replace(attended=c["index_topk"]), chooser


def _compressor(d_model: int, d: int, rate: int, overlapping: bool) -> Block:
    """Pools `rate` tokens, or twice as many that overlap, to an entry of width d; those waiting keep both."""
    width = 2 * d if overlapping else d
    return Block(
        (
            linear("compress", d_model, width, matrices.COMPRESSOR),
            linear("compress_gate", d_model, width, matrices.COMPRESSOR),
        ),
        (Vector("positions", rate * width, "attention"), norm(d)),
        kind="compressed",
        cache=d,
        stride=rate,
        pending=2 * width,
        conv_state=2 * rate * d if overlapping else 0,
    )
