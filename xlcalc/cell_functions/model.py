"""Cell functions about a model: its parameters, bytes, FLOP and cache."""

from __future__ import annotations

from typing import Annotated

from xlcalc.catalog import models as catalog
from xlcalc.catalog.tables import matching
from xlcalc.formula.arithmetic import is_number, is_open, is_recording, term
from xlcalc.formula.records import column, columns
from xlcalc.language import blocks
from xlcalc.language.cells import Choice, shown
from xlcalc.language.declare import Table, cell_function
from xlcalc.language.errors import CalcError
from xlcalc.language.kinds import (
    Bytes,
    Cell,
    Count,
    CountOrNone,
    DType,
    Flop,
    Intensity,
    Model,
    ModelOrCount,
    Name,
    Params,
    Positive,
    PositiveTokens,
    Real,
    Rows,
    Search,
    Share,
    Tokens,
)
from xlcalc.model import flops, images
from xlcalc.model.attention_cost import VARIANTS, attention_cost
from xlcalc.model.cache import kv_cache_bytes
from xlcalc.model.dtypes import GGUF
from xlcalc.model.params import PARTS, dense_params
from xlcalc.model.pruning import PATTERNS, pruned
from xlcalc.model.storage import by_width, count_bytes, read_bytes
from xlcalc.model.words import CACHE_WORDS, COUNTED, FLOP_WORDS

_POPE = "Pope et al. 2022, section 3.3"
_PRUNED = "Mishra et al. 2021, section 3.1"
_Part = Annotated[str, Choice("total", "active", "non_embedding", "towers", *PARTS)]
_Phase = Annotated[str, Choice("forward", "train", "decode")]
_Attention = Annotated[str, Choice(*VARIANTS)]
_Pattern = Annotated[str, Choice(*PATTERNS)]
_ServingPhase = Annotated[str, Choice("decode", "prefill")]


@cell_function(category="Model", source="Kaplan et al. 2020, table 1; counted as each family's own code builds it")
def LLM_PARAMS(model: ModelOrCount, part: _Part = "total") -> Params:
    """Parameters of a model, counted from the layers that its configuration builds.

    Counted from the configuration, matrix by matrix; tied embeddings count once. Vision and audio towers and
    multi-token-prediction layers are left out. `towers` gives those where they are known (Qwen2-VL to Qwen3.5 and their
    audio and omni models, Gemma 3, Llama 3.2 and 4, LLaVA's kin, InternVL, Mistral, Kimi, GLM-4.1V, Voxtral and more)
    and the file has its vision_config or audio_config. `active` is what one token meets;
    `non_embedding` leaves out embeddings and an untied head. The parts embedding, attention, mlp (shared experts
    with it), experts, router, norm and head sum to the total. An unknown family is an estimate from the fields that
    its configuration has, and LLM_MODEL and LLM_PARAMS_TABLE say what it assumes; fields that may hold parameters and
    are not understood are refused by name.

    Args:
        part: which parameters
    Example:
        >>> LLM_PARAMS("llama-3.1-8b")
        8030261248
    """
    if part == "active" and not (is_recording() and model.count is None and not is_open()):
        return column("params_active", model.active, "active parameters", "parameters", COUNTED)
    if part == "active":
        met = {"experts": "parameters of the experts that a token is sent to"}
        labelled = ((met.get(name, f"parameters of {name}"), n) for name, n in model.active_parts.items())
        return sum(term(label, n, "parameters", COUNTED) for label, n in labelled)
    if part == "towers":
        return column("params_towers", model.towers, "parameters of towers", "parameters", COUNTED)
    if part not in ("total", "non_embedding"):
        return column(f"params_{part}", model.parts[part], f"parameters of {part}", "parameters", COUNTED)
    if is_recording() and model.count is None:
        parts = {name: n for name, n in model.parts.items() if part == "total" or name not in ("embedding", "head")}
        return sum(column(f"params_{p}", n, f"parameters of {p}", "parameters", COUNTED) for p, n in parts.items())
    return model.total if part == "total" else model.total - model.parts["embedding"] - model.parts["head"]


@cell_function(category="Model", source="Kaplan et al. 2020, table 1; counted as each family's own code builds it")
def LLM_PARAMS_TABLE(model: Model) -> Rows:
    """Parameters of a model part by part, with shares, what the count leaves out or assumes, and the total.

    Example:
        >>> LLM_PARAMS_TABLE("llama-3.1-8b")[-1]
        ['total', 8030261248, 1.0]
    """
    whole = model.total
    parts = [
        [part, term(f"parameters of {part}", n, "parameters", COUNTED), n / whole]
        for part, n in model.parts.items()
        if n
    ]
    notes = [[f"note: {note}", None, None] for note in model.architecture.remarks]
    total = term("total", sum([n for _, n, _ in parts]), "parameters", COUNTED)
    return Table([["component", "parameters", "share"], *parts, *notes, ["total", total, 1.0]])


@cell_function(category="Model", source="Kaplan et al. 2020, table 1")
def LLM_PARAMS_DENSE(
    n_layers: Count, d_model: Count, vocab: CountOrNone = 0, d_ff: Real = None, n_ctx: CountOrNone = 0
) -> Params:
    """Weights of a textbook GPT from its dimensions alone: 12 n_layers d_model^2 when the rest is blank.

    Biases and norms are left out, and the head is the embedding again; LLM_PARAMS counts a real model exactly.

    Args:
        n_layers: layers
        d_model: width of the residual stream
        vocab: tokens in the vocabulary
        d_ff: width of the MLP; blank = 4 d_model
        n_ctx: learned positions
    Example:
        >>> LLM_PARAMS_DENSE(96, 12288)
        173946175488
    """
    return dense_params(n_layers, d_model, vocab, 4 * d_model if d_ff is None else d_ff, n_ctx)


@cell_function(category="Model", source="the configuration that the model's publisher gives, as the catalog records it")
def LLM_MODEL(model: Model, field: Name = None) -> Cell:
    """One field of a model, or all of them as a two-column block that can be edited and used as a model again.

    `count` says whether the parameters are exact or an estimate, `notes` what they leave out.

    Args:
        field: a field of the block; blank = the whole block
    Example:
        >>> LLM_MODEL("llama-3.1-8b", "n_layers")
        32
    """
    rows = blocks.model_rows(model)
    if field is None:
        return Table([["field", "value"], *([name, value] for name, value in rows.items())])
    return blocks.pick(rows, field, "a field of the model")


@cell_function(category="Model", source="the catalog of models")
def LLM_MODELS(search: Search = None) -> Rows:
    """The catalog of models: id, name, publisher, date, context, parameters, active parameters, source.

    Args:
        search: rows that contain all these words, in any order and any column; blank = all
    Example:
        >>> LLM_MODELS("llama-3.1-8b")[1][:2]
        ['llama-3.1-8b', 'Llama 3.1 8B']
    """
    columns = ("id", "name", "hf_id", "organisation", "released", "context")
    rows = []
    for row in matching("models", search, catalog.find):
        model = catalog.by_id(row["id"])
        values = [model.context if c == "context" else row[c] for c in columns]
        rows.append([*values, model.total, model.active, row["source"], row["as_of"]])
    return Table([[*columns, "parameters", "active_parameters", "source", "as_of"], *rows])


@cell_function(
    category="Model",
    source="OCP MX 1.0; NVIDIA NVFP4; Dettmers et al. 2023, section 3; ggml-org/llama.cpp, src/llama-quant.cpp",
)
def LLM_WEIGHTS(model: ModelOrCount, dtype: DType = None) -> Bytes:
    """Bytes of a model's weights in a number format, as checkpoints in it hold them, scales and zero points included.

    A blank format is the one that the model is published in (LLM_MODEL's published_dtype says which, and from what).
    Below 16 bit the matrices of attention, MLP and experts are quantised; embedding, head, norms, routers and biases
    stay in 16 bit, and so does what the model's own quantization_config leaves out, layer by layer (gpt-oss quantises
    only experts). Experts that are published narrower than the format stay as they are, but in 16 bit and wider, where
    LLM_SERVE_MEMORY alone keeps them: the sum of its weights over the ranks is otherwise this and the copies of what
    stands whole on each. `gptq` and `awq` are 4 bits in groups of 128, `gptq_g32` and `int4_g32` in groups of 32,
    `mlx_4bit` and `mlx_8bit` in groups of 64 with embedding and head; plain `int4`, `int8` and `fp8` count no scales
    but those of blocks that a configuration names. A GGUF type gives each tensor what llama.cpp's mix gives it by role,
    layer and width, without an importance matrix. For a bare number of parameters every one of them is in the format.
    Left out: tokenizer and header, vision and audio towers (LLM_SERVE_MEMORY has them), multi-token-prediction layers,
    a tied head that a file stores again, the order of GPTQ's inputs. Against 97 published file sizes the mean error is
    0.1 %, the worst 0.8 %; GGUF files made with an importance matrix differ by up to 1.1 %.

    Example:
        >>> LLM_WEIGHTS("llama-3.1-8b", "bf16", "GB")
        16.060522496
    """
    if model.count is not None:
        return count_bytes(model.count, dtype or model.published_dtype)
    weights = model.weights(dtype or model.published_dtype)
    if not is_recording():
        return weights.bytes
    return sum(term(f"bytes of {what}", held, "bytes", COUNTED) for what, held in by_width(weights).items())


@cell_function(
    category="Model",
    source="Mishra et al. 2021, Accelerating Sparse Deep Neural Networks; PyTorch, torch/sparse/semi_structured.py",
)
def LLM_PRUNED(model: Model, sparsity: Share = 0.5, pattern: _Pattern = "unstructured", dtype: DType = None) -> Rows:
    """What pruning leaves: non-zero parameters, bytes and FLOP of a token, dense and pruned, and their ratio.

    A share of every matrix of attention, MLP and experts is zero; embedding, head, norms and routers stay. `2:4` (half
    of every four values) keeps 2 bits a value that is left to say where it stands, `unstructured` a bit for each
    element, `structured` (whole rows or heads) nothing. FLOP count non-zero weights: dense hardware saves none of them
    unless whole rows go, and 2:4 runs at up to LLM_HARDWARE's sparse_bf16 where the accelerator has it. Quality is
    another matter, and no GGUF type stores zeros apart. Multiply LLM_WEIGHTS, or a decoding time that memory limits, by
    the ratio of bytes.

    Args:
        sparsity: share of the matrices' elements that is zero; 2:4 is 0.5
        pattern: where zeros may lie
        dtype: number format of the values that are kept; blank = as published
    Example:
        >>> LLM_PRUNED("llama-3.1-8b", 0.5, "2:4")[2]
        ['bytes', 16060522496.0, 9953615872.0, 0.619756665729837]
    """
    if pattern == "2:4" and is_number(sparsity) and sparsity != 0.5:
        raise CalcError("#NUM!", f"must be 0.5 where the pattern is 2:4; got {shown(sparsity)}", argument="sparsity")
    dtype = dtype or model.published_dtype
    if dtype.name in GGUF:
        raise CalcError("#NUM!", f"must be no GGUF type, which stores every zero; got {dtype.name}", argument="dtype")
    shape = columns(model.flop_shape, FLOP_WORDS, "of the model")
    dense, left = pruned(model.weights(dtype), model.architecture, shape, pattern, sparsity)
    units = zip(("parameters", "bytes", "FLOP a token"), ("parameters", "bytes", "FLOP"), dense, left, strict=True)
    rows = [
        [name, term(f"{name}, dense", a, unit, _PRUNED), term(f"{name}, pruned", b, unit, _PRUNED), b / a]
        for name, unit, a, b in units
    ]
    return Table([["quantity", "dense", "pruned", "ratio"], *rows])


@cell_function(category="Model", source="Kaplan et al. 2020, table 1; Chowdhery et al. 2022, appendix B")
def LLM_FLOPS_PER_TOKEN(model: Model, context: Tokens = 0, phase: _Phase = "forward") -> Flop:
    """FLOP of one token: 2 for each weight it passes, and its attention where a context is given.

    `forward` is a token of a sequence of `context` tokens; attention is the full square (no causal saving), as PaLM
    and Megatron-LM count, and a window caps it. `train` is three times that. `decode` is one new token that attends to
    `context` earlier ones, in the latent space where attention is latent (MLA). Norms, rotations, softmax and state
    updates are not counted, routers are.

    Args:
        context: tokens attended to; 0 leaves attention out
        phase: forward, train or decode
    Example:
        >>> LLM_FLOPS_PER_TOKEN("llama-3.1-8b")
        15009316864
    """
    shape = model.decode_flop_shape if phase == "decode" else model.flop_shape
    forward = flops.forward_flops(columns(shape, FLOP_WORDS, "of the model"), context)
    return 3 * forward if phase == "train" else forward


@cell_function(category="Model", source="Pope et al. 2022, section 3.3, generalised to what each layer stores")
def LLM_KV_CACHE(model: Model, context: Tokens, batch: Count = 1, dtype: DType = "bf16") -> Bytes:
    """Bytes of key/value cache of `batch` sequences of `context` tokens, layer by layer as it is stored.

    MHA, GQA and MQA keep keys and values of their key/value heads, MLA its latent and rotary part, a sliding window
    its last tokens, and linear or state-space layers a state of constant size (in the precision the configuration
    names, else in `dtype`, at least 16 bit). An encoder-decoder caches what it has written and, for its second
    attention, a source of as many tokens (Whisper: its 1,500 frames of sound); an encoder has no cache and is refused.

    Args:
        batch: sequences
        dtype: number format of the cache
    Example:
        >>> LLM_KV_CACHE("llama-3.1-8b", 8192)
        1073741824
    """
    shape = columns(model.cache_shape, CACHE_WORDS, "of the model")
    return kv_cache_bytes(
        shape, context, batch, term("bytes of an element", dtype.bytes, "bytes", dtype.name), model.state_bytes
    )


@cell_function(category="Model", source="transformers, image processors and processors of each family")
def LLM_IMAGE_TOKENS(model: Model, width: Count, height: Count) -> Tokens:
    """Tokens that one image takes in the context, by the model's own rule: patches, merging, tiles, or a fixed number.

    Known for Qwen2-VL to Qwen3.5, Mistral 3 and Pixtral, InternVL, Gemma 3 and 4, PaliGemma, Kimi K2.5 and LLaVA, with
    the pixel limits of their published preprocessor_config.json; other models that see are refused, and so are those
    that do not.

    Args:
        width: pixels across
        height: pixels down
    Example:
        >>> LLM_IMAGE_TOKENS("qwen2.5-vl-7b", 1024, 768)
        999
    """
    return images.image_tokens(model.config, width, height)


@cell_function(category="Model", source="Williams et al. 2009 (roofline); Pope et al. 2022, section 3")
def LLM_INTENSITY(
    model: Model, batch: Count, context: PositiveTokens, phase: _ServingPhase = "decode", dtype: DType = None
) -> Intensity:
    """Arithmetic intensity: FLOP for each byte of weights and cache moved; below the accelerator's peak over its
    bandwidth (the ridge point) memory limits.

    `decode` is one step of all sequences, `prefill` the prompts at once. Of a mixture's experts only those are read
    that the tokens meet under uniform routing. Activations are left out.

    Args:
        batch: sequences
        context: tokens of each sequence
        phase: decode or prefill
        dtype: number format of weights and cache; blank = weights as published, the cache in 16 bit
    Example:
        >>> round(LLM_INTENSITY("llama-3.1-8b", 1, 1024), 3)
        1.027
    """
    tokens = batch if phase == "decode" else term("tokens of the prompts", batch * context, "tokens")
    element = dtype.bytes if dtype else 2
    shape = columns(model.cache_shape, CACHE_WORDS, "of the model")
    cache = term("cache", kv_cache_bytes(shape, context, batch, element, model.state_bytes), "bytes", _POPE)
    weights = read_bytes(model.weights(dtype or model.published_dtype), tokens)
    weights = term("weights that are read", weights, "bytes", _POPE)
    done = model.decode_flop_shape if phase == "decode" else model.flop_shape
    each = term(
        "FLOP of a token", flops.forward_flops(columns(done, FLOP_WORDS, "of the model"), context), "FLOP/token"
    )
    return tokens * each / term("bytes moved", weights + cache, "bytes")


@cell_function(category="Model", source="Tay et al. 2020, Efficient Transformers: A Survey, table 1")
def LLM_ATTENTION_COST(attention: _Attention, n: PositiveTokens, d: Positive = 64, param: Positive = None) -> Rows:
    """Operations and memory of one head of an attention variant over a sequence, and its share of full attention's.

    4 d FLOP and one element of memory for each query-key pair that the variant looks at. The orders are the survey's,
    their constants taken as 1: compare variants, do not budget with them.

    Args:
        attention: the variant
        n: tokens of the sequence
        d: dimension of a head
        param: the variant's own size (window, block, projected length, features) where it has one; blank = a usual one
    Example:
        >>> LLM_ATTENTION_COST("local", 4096, 64, 256)[1]
        ['local', 'n k', 268435456, 1048576, 0.0625]
    """
    operations, memory = attention_cost(attention, n, d, param)
    full, _ = attention_cost("full", n, d, None)
    row = [attention, VARIANTS[attention].order, operations, memory, operations / full]
    return Table([["attention", "order", "FLOP", "elements", "share of full"], row])
