"""Dense decoders in the Llama manner: RMS norms, rotary positions, gated MLP, grouped heads.

Sources: the paper named at each family, and for what it leaves open transformers models/<model type>/modeling_*.py.
"""

from __future__ import annotations

from xlcalc.model import matrices
from xlcalc.model.architecture import Architecture, assemble, decoder, heads, windows
from xlcalc.model.config import Config
from xlcalc.model.families import family
from xlcalc.model.families.heads import class_name
from xlcalc.model.layers import Block, Layer, Vector, attention, linear, mlp, norm


@family(
    "llama",
    "emu3_text_model",
    "exaone",
    "granite",
    "granite_docling_text",
    "granite4_vision_text",
    "internlm3",
    "iquestcoder",
)
def llama(c: Config) -> Architecture:
    """Touvron et al. 2023; biases only where the configuration asks for them."""
    return decoder(c, attention_bias=c.flag("attention_bias"), mlp_bias=c.flag("mlp_bias"))


@family("arcee", "cosmos3_edge_text")
def arcee(c: Config) -> Architecture:
    """Arcee AFM 2025: Llama with a squared-ReLU MLP that has no gate."""
    bias, mlp_bias = c.flag("attention_bias"), c.flag("mlp_bias")
    return decoder(c, attention_bias=bias, mlp_bias=mlp_bias, gated=False)


@family("mistral", "ministral", "ministral3", "phi3", "phi4_multimodal")
def mistral(c: Config) -> Architecture:
    """Jiang et al. 2023, Phi-3 (Abdin et al. 2024): a sliding window on every layer where the configuration has one."""
    return decoder(c, windows=windows(c))


@family("voxtral_realtime_text")
def voxtral_realtime(c: Config) -> Architecture:
    """Mistral whose second norm is scaled from the transcription delay through a bottleneck of 32."""
    d_model, bottleneck = c["hidden_size"], 32
    scale = (
        linear("ada_in", d_model, bottleneck, matrices.NORM_SCALE),
        linear("ada_out", bottleneck, d_model, matrices.NORM_SCALE),
    )
    return decoder(c, blocks=(Block(scale),), windows=windows(c))


@family("cwm")
def cwm(c: Config) -> Architecture:
    """Code World Model 2025: every fourth layer from the first attends to everything."""
    return decoder(c, mlp_bias=c.flag("mlp_bias"), windows=windows(c, lambda i: i % 4 != 0))


@family("qwen2", "qwen2_vl_text", "qwen2_5_vl_text", "qwen2_5_omni_text")
def qwen2(c: Config) -> Architecture:
    """Qwen2 technical report 2024: biases on queries, keys and values."""
    return decoder(c, qkv_bias=True, windows=qwen_windows(c))


@family("qwen3", "qwen3_vl_text")
def qwen3(c: Config) -> Architecture:
    """Qwen3 technical report 2025: one norm a head for queries and keys."""
    bias = c.flag("attention_bias")
    return decoder(c, attention_bias=bias, qk_norm="head", windows=qwen_windows(c))


def qwen_windows(c: Config) -> list[int | None] | None:
    """Qwen slides from `max_window_layers` on, and only where `use_sliding_window` says so."""
    if not c.get("use_sliding_window"):
        return None
    return windows(c, lambda i: i >= c["max_window_layers"])


@family("molmo2_text")
def molmo2(c: Config) -> Architecture:
    """Molmo 2 2025: Qwen3 or OLMo norms on queries and keys, and embedded tokens that are never predicted."""
    kind = c.get("qk_norm_type", "qwen3")
    if kind not in ("qwen3", "olmo"):
        raise ValueError(f"has qk_norm_type = {kind!r}, which model_type 'molmo2_text' is not known to have")
    return decoder(
        c,
        qkv_bias=c.flag("attention_bias"),
        qk_norm="head" if kind == "qwen3" else "full",
        extra_tokens=c.get("additional_vocab_size", 0),
        tied=False,
    )


@family("smollm3")
def smollm3(c: Config) -> Architecture:
    """SmolLM3 2025: layers without rotary positions slide, where `use_sliding_window` says so."""
    rotary = c.get("no_rope_layers")

    def slides(layer: int) -> bool:
        return not (rotary[layer] if rotary else (layer + 1) % c["no_rope_layer_interval"])

    bias, mlp_bias = c.flag("attention_bias"), c.flag("mlp_bias")
    own = windows(c, slides) if c.get("use_sliding_window") else None
    return decoder(c, attention_bias=bias, mlp_bias=mlp_bias, windows=own)


@family("seed_oss")
def seed_oss(c: Config) -> Architecture:
    """Seed-OSS 2025: biases on inputs and on the output of attention are chosen apart."""
    return decoder(
        c,
        qkv_bias=c.flag("attention_bias"),
        o_bias=c.flag("attention_out_bias"),
        mlp_bias=c.flag("mlp_bias"),
    )


@family("ernie4_5", "paddleocr_vl_text")
def ernie4_5(c: Config) -> Architecture:
    """ERNIE 4.5 technical report 2025: `use_bias` on every matrix of a layer."""
    bias = c.flag("use_bias")
    return decoder(c, attention_bias=bias, mlp_bias=bias)


@family("helium")
def helium(c: Config) -> Architecture:
    """Helium 2025: no bias on the output of attention, which is square."""
    n_heads, _, head_dim = heads(c)
    if n_heads * head_dim != c["hidden_size"]:
        raise ValueError(f"has {n_heads} heads of {head_dim}, which are not hidden_size = {c['hidden_size']} in all")
    return decoder(c, qkv_bias=c.flag("attention_bias"), mlp_bias=c.flag("mlp_bias"))


@family("hyperclovax")
def hyperclovax(c: Config) -> Architecture:
    """HyperCLOVA X SEED 2025: Granite, with norms after attention and MLP too."""
    bias, mlp_bias = c.flag("attention_bias"), c.flag("mlp_bias")
    return decoder(c, attention_bias=bias, mlp_bias=mlp_bias, n_norms=4 if c.get("use_post_norm") else 2)


@family("granite_swa")
def granite_swa(c: Config) -> Architecture:
    """Granite with an attention sink a head; every fourth layer from the first attends to everything."""
    sinks = Vector("sinks", c["num_attention_heads"], "attention")
    bias, mlp_bias = c.flag("attention_bias"), c.flag("mlp_bias")
    own = windows(c, lambda i: i % 4 != 0)
    return decoder(c, attention_bias=bias, mlp_bias=mlp_bias, vectors=(sinks,), windows=own)


@family("hunyuan_v1_dense", "hunyuan_vl_text")
def hunyuan(c: Config) -> Architecture:
    """Hunyuan dense 2025: norms for queries and keys as Qwen3 has them."""
    return decoder(c, attention_bias=c.flag("attention_bias"), qk_norm="head")


@family("olmo")
def olmo(c: Config) -> Architecture:
    """Groeneveld et al. 2024: norms without weights."""
    return decoder(c, attention_bias=c.flag("attention_bias"), n_norms=0, final_norm=False)


@family("olmo2", "olmo3")
def olmo2(c: Config) -> Architecture:
    """OLMo 2 2025: norms over all queries and over all keys. OLMo 3 slides on three layers of four."""
    own = windows(c, lambda i: (i + 1) % 4 != 0) if c.model_type == "olmo3" else None
    return decoder(c, attention_bias=c.flag("attention_bias"), qk_norm="full", windows=own)


@family("exaone4")
def exaone4(c: Config) -> Architecture:
    """EXAONE 4.0 2025: one layer of `sliding_window_pattern` attends to everything, or those at its letters G."""
    pattern = c.get("sliding_window_pattern")

    def slides(layer: int) -> bool:
        if isinstance(pattern, str):
            return pattern[layer % len(pattern)] == "L"
        return bool(pattern) and (layer + 1) % pattern != 0

    return decoder(c, qk_norm="head", windows=windows(c, slides))


@family("glm")
def glm(c: Config) -> Architecture:
    """GLM-4 (Zeng et al. 2024): biases on queries, keys and values."""
    return decoder(c, qkv_bias=c.flag("attention_bias"))


@family("glm4")
def glm4(c: Config) -> Architecture:
    """GLM-4-0414: norms after attention and MLP too."""
    return decoder(c, qkv_bias=c.flag("attention_bias"), n_norms=4)


@family("glm4v_text", "glm_ocr_text")
def glm4v(c: Config) -> Architecture:
    """GLM-4.1V 2025: GLM-4-0414 with heads that share the width; GLM-OCR has no biases."""
    if c.model_type == "glm_ocr_text":
        return decoder(c, n_norms=4)
    return decoder(c, qkv_bias=True, n_norms=4, head_dim=c["hidden_size"] // c["num_attention_heads"])


@family("apertus", "apertus1p5_text")
def apertus(c: Config) -> Architecture:
    """Apertus 2025: xIELU, an activation with two learned numbers, and norms for queries and keys."""
    learned = (Vector("xielu", 2, "mlp"),) if c.get("hidden_act") == "xielu" else ()
    return decoder(c, attention_bias=c.flag("attention_bias"), qk_norm="head", gated=False, vectors=learned)


@family("bitnet")
def bitnet(c: Config) -> Architecture:
    """Ma et al. 2025: norms before the last matrix of attention and of the MLP."""
    inner = (norm(c["hidden_size"], name="attn_sub_norm"), norm(c["intermediate_size"], name="ffn_sub_norm"))
    return decoder(c, attention_bias=c.flag("attention_bias"), vectors=inner)


@family("nanochat")
def nanochat(c: Config) -> Architecture:
    """Karpathy's nanochat 2025: norms without weights, an MLP without gate."""
    bias = c.flag("attention_bias")
    return decoder(c, attention_bias=bias, gated=False, n_norms=0, final_norm=False)


@family("muse_glimmer_text")
def muse_glimmer(c: Config) -> Architecture:
    """Muse Glimmer: gated attention, four norms, every fourth layer back from the last attends to everything."""
    last = c["num_hidden_layers"] - 1
    return decoder(
        c,
        attention_bias=c.flag("attention_bias"),
        attention_gate=True,
        n_norms=4,
        windows=windows(c, lambda i: (last - i) % 4 != 0),
    )


@family("diffllama")
def diffllama(c: Config) -> Architecture:
    """Ye et al. 2024, differential attention: every head weighs values of twice its width."""
    c.require("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "intermediate_size")
    d_model, (n_heads, n_kv_heads, head_dim) = c["hidden_size"], heads(c)
    bias = c.flag("attention_bias")
    mixer = attention(d_model, n_heads, n_kv_heads, head_dim, qkv_bias=bias, o_bias=bias)
    mixer = mixer._replace(score=3 * n_heads * head_dim, vectors=(Vector("lambdas", 4 * head_dim, "attention"),))
    blocks = (mixer, mlp(d_model, c["intermediate_size"]))
    return assemble(c, [Layer(c["num_hidden_layers"], blocks, (norm(d_model),) * 2)])


@family("doge")
def doge(c: Config) -> Architecture:
    """Shi et al. 2024: dynamic masks computed from values, scaled residuals, many tiny experts beside the MLP."""
    c.require("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "intermediate_size")
    d_model, (n_heads, n_kv_heads, head_dim) = c["hidden_size"], heads(c)
    bias, mlp_bias = c.flag("attention_bias"), c.flag("mlp_bias")
    mask = Block(
        (linear("dt", n_kv_heads * head_dim, n_kv_heads, matrices.STEP_ROW, bias=bias),),
        (Vector("A", n_kv_heads, "attention"), Vector("residuals", 2 * d_model, "attention")),
    )
    blocks = [mask, mlp(d_model, c["intermediate_size"], bias=mlp_bias)]
    if c.get("is_moe"):
        n_experts, active = c["num_experts"], c["num_experts_per_tok"]
        n_keys = 2 * int(n_experts**0.5)
        expert = mlp(d_model, 1, gated=False, kinds=matrices.EXPERTS).linears
        routed = (matrix._replace(copies=n_experts, active=active) for matrix in expert)
        blocks.append(Block((linear("router", d_model, n_keys, matrices.ROUTER), *routed), kind="moe"))
    mixers = (
        attention(d_model, n_heads, n_kv_heads, head_dim, qkv_bias=bias, o_bias=bias, qk_norm="head", window=w)
        for w in windows(c)
    )
    return assemble(c, (Layer(1, (mixer, *blocks), (norm(d_model),) * 2) for mixer in mixers))


@family("mllama_text_model")
def mllama(c: Config) -> Architecture:
    """Llama 3.2 Vision (Grattafiori et al. 2024, section 7): gated layers among the others attend to the image only."""
    c.require("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "intermediate_size")
    d_model, (n_heads, n_kv_heads, _) = c["hidden_size"], heads(c)
    shape = (d_model, n_heads, n_kv_heads, d_model // n_heads)
    feed_forward, norms = mlp(d_model, c["intermediate_size"]), (norm(d_model),) * 2
    image = attention(*shape, qk_norm="head")._replace(kind="cross_attention", cache=0, score=0)
    gates = (Vector("attention_gate", 1, "attention"), Vector("mlp_gate", 1, "attention"))
    plain = Layer(1, (attention(*shape), feed_forward), norms)
    cross = Layer(1, (image, feed_forward), (*norms, *gates))
    crossing = set(c.get("cross_attention_layers", (3, 8, 13, 18, 23, 28, 33, 38)))
    layers = (cross if layer in crossing else plain for layer in range(c["num_hidden_layers"]))
    return assemble(c, layers, extra_tokens=8, tied=False, notes=("image tokens and their cache left out",))


@family("modernbert-decoder")
def modernbert_decoder(c: Config) -> Architecture:
    """Ettin (Weller et al. 2025): no norm before the first attention, one after the embedding, a dense head."""
    c.require("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "intermediate_size")
    d_model, n_heads = c["hidden_size"], c["num_attention_heads"]
    bias, norm_bias = c.flag("attention_bias"), c.flag("norm_bias")
    feed_forward = mlp(d_model, c["intermediate_size"], bias=c.flag("mlp_bias"))
    one, every = norm(d_model, bias=norm_bias), c["global_attn_every_n_layers"]
    own = windows(c, lambda i: i % every != 0, window=c.get("local_attention", 0) // 2)
    layers = []
    for i, window in enumerate(own):
        mixer = attention(d_model, n_heads, n_heads, d_model // n_heads, qkv_bias=bias, o_bias=bias, window=window)
        layers.append(Layer(1, (mixer, feed_forward), (one,) * (2 if i else 1)))
    body = class_name(c)[1] == "Model"
    dense = linear("dense", d_model, d_model, matrices.HEAD_INPUT, bias=c.flag("classifier_bias"))
    return assemble(
        c,
        layers,
        norm_bias=norm_bias,
        norms=(one,) if body else (one, one),
        outer=() if body else (dense,),
        head_bias=c.flag("decoder_bias"),
    )
