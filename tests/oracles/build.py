"""Build the tables of truth for model families from transformers on PyTorch's meta device.

A development script: nothing of it is imported by the package or its tests. Its environment:

    python -m venv oracle && oracle/bin/pip install torch==2.14.1 transformers==5.24.0 -e .
    oracle/bin/python tests/oracles/build.py defaults   # writes xlcalc/model/families/defaults.json
    oracle/bin/python tests/oracles/build.py vocabulary # writes xlcalc/model/families/vocabulary.json
    oracle/bin/python tests/oracles/build.py configs    # adds configs/default-*.json of families that have none yet
    oracle/bin/python tests/oracles/build.py params     # writes params.csv and params_parts.csv from configs/*.json
    oracle/bin/python tests/oracles/build.py bodies     # writes bodies.csv: encoders, encoder-decoders, other heads
    oracle/bin/python tests/oracles/build.py census     # writes census.csv: what of all types is not counted exactly
    oracle/bin/python tests/oracles/build.py images     # writes image_tokens.csv (with pillow and torchvision)
    oracle/bin/python tests/oracles/build.py towers     # writes towers.csv
    oracle/bin/python tests/oracles/build.py cache      # writes cache.csv from configs/*.json
    oracle/bin/python tests/oracles/build.py catalog    # writes catalog.csv from the catalog's published configurations

`configs/Organisation--Name.json` are published, `default-*` the configuration classes' own defaults, `variant-*`
changes of them that make each field count (a variant lists only the fields in which it differs from the default).
"""

from __future__ import annotations

import csv
import dataclasses
import importlib
import inspect
import json
import os
import re
import sys
import warnings
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
warnings.filterwarnings("ignore")

import torch  # noqa: E402
import transformers  # noqa: E402
import transformers.models.auto.modeling_auto as auto  # noqa: E402
from transformers import PreTrainedConfig, masking_utils  # noqa: E402
from transformers.models.auto.configuration_auto import CONFIG_MAPPING, CONFIG_MAPPING_NAMES  # noqa: E402

from xlcalc.model.config import SPELLINGS, Config  # noqa: E402
from xlcalc.model.families import known  # noqa: E402
from xlcalc.model.spec import ModelSpec  # noqa: E402

HERE = Path(__file__).resolve().parent
CONFIGS = HERE / "configs"
CATALOG = HERE.parents[1] / "xlcalc" / "catalog" / "configs"
DEFAULTS = HERE.parents[1] / "xlcalc" / "model" / "families" / "defaults.json"
VOCABULARY = DEFAULTS.with_name("vocabulary.json")

CAUSAL = auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
MULTIMODAL_LISTS = (auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES, auto.MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES)
MULTIMODAL = {**auto.MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES, **auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES}

# Causal heads of encoders, of the decoder halves of encoder-decoders, and of sound or picture generators.
OF_ENCODERS = """bart bert bert-generation big_bird bigbird_pegasus blenderbot blenderbot-small blt camembert cpmant
data2vec-text electra ernie florence2 git marian mbart megatron-bert moshi musicgen musicgen_melody mvp pegasus plbart
prophetnet reformer rembert roberta roberta-prelayernorm roc_bert roformer trocr whisper xlm xlm-roberta xlm-roberta-xl
xlnet xmod blip pix2struct pp_formulanet"""
DRAFT_HEADS = {"gemma4_assistant", "gemma4_unified_assistant"}  # they run on another model's states
NOT_DECODER_ONLY = set(OF_ENCODERS.split()) | DRAFT_HEADS
# Decoders that stand in neither list of the library, only as the text of others.
ALSO = {"mistral4", "step3p5", "mllama_text_model", "emu3_text_model", "exaone4_5", "t5_gemma_module"}

GENERIC_FIELDS = re.compile(
    r"dropout|pdrop|token_id|initializer|^init_|init_std|_init$|_init_|^embed_init|eps$|epsilon|loss"
    r"|use_cache|^output_|token_index|label_|summary_|classifier|time_step_(min|max|floor|limit|init|scale)|soft_?cap"
    r"|(?<!dim_)multiplier|scaling|^rope_|rotary|(chunkwise|sequence|step)_kernel|pretraining_tp|_aux_|jitter"
    r"|norm_topk_prob"
    r"|swiglu|alpha_factor|beta_factor|linear_(a_log|dt_|allow)|logits_to_keep|use_(mamba|associative)|altup_coef"
    r"|fp32|float32|dtype|layerdrop|(vision|audio)_|image_|projector(?!s_bias)|clip_|^(seed|mode|index_block_size)$"
    r"|query_pre_attn|(route|attn|floor|logit|embedding)_scale|scale_attn|temperature|bidirectional|rescale"
    r"|inference_chunk|return_last|reorder|slow_but|expert_selection|topk_(method|group)|^n_group$|scoring"
)

TEXT_KEYS = ("text_config", "thinker_config")
SOUND_KEYS = {"encoder_config", "decoder_config"}  # the halves of transcribers
LAYER_CONFIGS = ("attn_config", "ffn_config")  # nested, but of the text layers themselves


def decoder_types() -> list[str]:
    """Model types of every decoder-only text family, the wrappers around one, and their text configurations."""
    found = {name for name in [*CAUSAL, *ALSO] if name in CONFIG_MAPPING_NAMES}
    for name in MULTIMODAL:
        subs = CONFIG_MAPPING[name].sub_configs
        text = next((subs[key] for key in TEXT_KEYS if key in subs), None)
        if text is not None and name not in NOT_DECODER_ONLY:
            found |= {name, getattr(text, "model_type", name)}
    return sorted(name for name in found - NOT_DECODER_ONLY if name in CONFIG_MAPPING_NAMES)


def legacy_keys(cls: type) -> dict[str, int | bool]:
    """Defaults of the spellings that only `__post_init__` knows: `kwargs.pop("first_k_dense_replace", 1)`."""
    found: dict[str, int | bool] = {}
    for parent in reversed(cls.__mro__[: cls.__mro__.index(PreTrainedConfig)]):
        source = inspect.getsource(parent.__dict__["__post_init__"]) if "__post_init__" in parent.__dict__ else ""
        for key, value in re.findall(r'kwargs\.(?:pop|get)\(\s*"(\w+)",\s*(\d+|True|False)\)', source):
            found[key] = json.loads(value.lower())
    return found


def plain(value):
    """A configuration value as JSON: nested configurations as their fields, tuples as lists."""
    if isinstance(value, PreTrainedConfig):
        return {k: plain(getattr(value, k, v)) for k, v in architecture_fields(type(value), value).items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    return value


def architecture_fields(cls: type, instance: PreTrainedConfig) -> dict:
    generic = {field.name for field in dataclasses.fields(PreTrainedConfig)}
    kept: dict = legacy_keys(cls)
    for field in dataclasses.fields(cls):
        name, value = field.name, field.default
        if name in generic or GENERIC_FIELDS.search(name) or (name.endswith("_config") and name not in LAYER_CONFIGS):
            continue
        if field.default_factory is not dataclasses.MISSING:
            value = field.default_factory()
        computed = instance.__dict__.get(name)
        if value is None and isinstance(computed, (dict, PreTrainedConfig)):
            value = computed
        if value is dataclasses.MISSING or value is None:
            continue
        kept[name] = plain(value)
    return kept


def completed_by_wrapper(cls: type, key: str) -> dict:
    """What a wrapper adds to a text part that leaves it out, before the text model's own defaults."""
    if f"init_kwargs, **self.{key}" not in inspect.getsource(cls):
        return {}
    return {k: v for k, v in cls.sub_configs_defaults[key].init_kwargs.items() if not GENERIC_FIELDS.search(k)}


def family_defaults(name: str) -> dict:
    """What a `config.json` of this model type may leave out. Fields whose default is null (derived) are not listed."""
    cls = CONFIG_MAPPING[name]
    instance = cls()
    entry = architecture_fields(cls, instance)
    for key in TEXT_KEYS:
        if key in cls.sub_configs:
            entry = {k: v for k, v in entry.items() if k == "tie_word_embeddings"}
            entry[key] = {"model_type": getattr(instance, key).model_type, **completed_by_wrapper(cls, key)}
    for key in sorted(SOUND_KEYS & cls.sub_configs.keys()) if name in BODIES else ():
        own = getattr(cls.sub_configs_defaults[key], "init_kwargs", {})
        entry[key] = {k: v for k, v in own.items() if not GENERIC_FIELDS.search(k)}
    spellings = {k: v for k, v in (getattr(cls, "attribute_map", None) or {}).items() if not GENERIC_FIELDS.search(k)}
    if spellings:
        entry["attribute_map"] = spellings
    return entry


def write_defaults() -> None:
    lines = [f'"_source": "transformers {transformers.__version__} configuration classes"']
    for name in sorted({*decoder_types(), *BODIES, *HALVES}):
        lines.append(f"{json.dumps(name)}: {json.dumps(family_defaults(name))}")
    DEFAULTS.write_text("{\n" + ",\n".join(lines) + "\n}\n")


# What the class defaults lack to be a model: values of a published model of the family, or the smallest that work.
INCOMPLETE_DEFAULTS = {
    "aya_vision": {
        "vision_config": {"model_type": "siglip_vision_model", "num_attention_heads": 16, "hidden_size": 1152}
    },
    "cohere_compass_text": {"rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 10000.0}}},
    "dbrx": {"attn_config": {"kv_n_heads": 8, "clip_qkv": 8, "rope_theta": 500000.0}},
    "deepseek_ocr2_text": {"mlp_layer_types": ["dense"] + ["sparse"] * 31, "num_experts_per_tok": 6},
    "dots1": {"n_routed_experts": 128, "n_shared_experts": 2, "num_experts_per_tok": 6, "first_k_dense_replace": 1},
    "diffusion_gemma_text": {"num_experts": 128, "top_k_experts": 8, "moe_intermediate_size": 704},
    "granite4_vision": {"downsample_rate": "1/4", "deepstack_layer_map": [[-2, 0], [-3, 4]]},
    "hunyuan_v1_dense": {"head_dim": 128},
    "hunyuan_v1_moe": {"head_dim": 128},
    "hunyuan_vl_text": {"head_dim": 128},
    "lfm2_moe": {"layer_types": (["conv"] * 3 + ["full_attention"]) * 8},
    "ministral": {"head_dim": 128},
    "nemotron": {"num_key_value_heads": 8},
    "qwen3_omni_moe": {"enable_audio_output": False},  # the talker's own defaults lack a field
    "qwen4_exp_text": {
        "indexer_n_heads": 16,
        "indexer_kv_heads": 1,
        "indexer_head_dim": 256,
        "indexer_budget": 2048,
        "indexer_compress_ratio": 4,
    },
}


def trimmed(config: dict) -> dict:
    """A configuration without what has no bearing on sizes; towers left out, their own defaults apply."""
    generic = {field.name for field in dataclasses.fields(PreTrainedConfig)} | {"_name_or_path"}
    kept = {}
    for key, value in config.items():
        if key in TEXT_KEYS:
            kept[key] = trimmed(value)
            continue
        general = key in generic or GENERIC_FIELDS.search(key) or isinstance(value, dict)
        if key in (*LAYER_CONFIGS, "rope_parameters", "per_layer_config") or not general:
            kept[key] = value
    return kept


# What looks like structure and is read, but only bounds attention (where windows begin) or repeats what others say.
NO_SIZES = {"max_window_layers", "qk_head_dim"}
STRUCTURAL = re.compile(r"expert|moe|lora|rank|head|layer|dim|size|state|conv|share|group|router")
MODEL_CLASS = re.compile(r"(ForCausalLM|ForConditionalGeneration|LMHeadModel|Model|ForMaskedLM)$")


def write_vocabulary() -> None:
    """Fields of the library's text configurations that look structural and that no reader asks for, though the tables of
    truth hold the readers to the library's counts; and the model type of each class that `architectures` may name."""
    readers = known()
    names, spellings, classes, of_class = set(), set(), {}, {}
    for name in sorted(set(readers) & set(CONFIG_MAPPING_NAMES)):
        cls = CONFIG_MAPPING[name]
        of_class[name] = {field.name for field in dataclasses.fields(cls)}
        names |= of_class[name]
        spellings |= set((getattr(cls, "attribute_map", None) or {}).values())
    asked, by_type = fields_read()
    irrelevant = {n for n in names - spellings - asked if STRUCTURAL.search(n)} | NO_SIZES
    for mapping in (auto.MODEL_MAPPING_NAMES, auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES, CAUSAL):
        for model_type, of_type in mapping.items():
            for one in [of_type] if isinstance(of_type, str) else of_type:
                name = MODEL_CLASS.sub("", one)
                if model_type in readers and (classes.get(name) is None or spelled(model_type) == spelled(name)):
                    classes[name] = model_type
    common = {name for names in SPELLINGS.items() for name in (names[0], *names[1])} | irrelevant
    own = {
        t: sorted(n for n in (by_type.get(t, set()) | of_class.get(t, set())) - common if STRUCTURAL.search(n))
        for t in readers
    }
    own = {t: names for t, names in sorted(own.items()) if names}
    source = f"transformers {transformers.__version__}: tests/oracles/build.py vocabulary"
    data = {"_source": source, "irrelevant": sorted(irrelevant), "classes": dict(sorted(classes.items())), "own": own}
    write_json(VOCABULARY, data)


def spelled(name: str) -> str:
    return re.sub("[-_]", "", name).casefold()


def fields_read() -> tuple[set[str], dict[str, set[str]]]:
    """Fields that readers ask for: all, from the tables' configurations and the readers' code, and by model type."""
    asked: dict[str, set[str]] = {}
    get = Config.get

    def recorded(self: Config, name: str, default: object = None) -> object:
        asked.setdefault(self.model_type, set()).update({name, self.own_name(name), *SPELLINGS.get(name, ())})
        return get(self, name, default)

    specs = [ModelSpec(config=json.loads(path.read_text())) for path in [*config_files(), *CATALOG.glob("*.json")]]
    for spec in specs:
        _ = spec.text_config  # what is checked of every configuration is not what its reader asks for
    Config.get = recorded
    for spec in specs:
        _ = spec.architecture
    Config.get = get
    code = "".join(path.read_text() for path in DEFAULTS.parent.rglob("*.py"))
    return set(re.findall(r'"(\w+)"', code)).union(*asked.values()), asked


def write_json(path: Path, config: dict) -> None:
    path.write_text("{\n" + ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in config.items()) + "\n}\n")


def write_default_configs() -> None:
    for name in decoder_types():
        path = CONFIGS / f"default-{name}.json"
        if path.exists() or model_class(name) is None:
            continue
        changes = {**INCOMPLETE_DEFAULTS.get(name, {}), **text_completed(name)}
        config = trimmed(plain_dict(CONFIG_MAPPING[name](**changes)))
        config |= {k: v for k, v in changes.items() if k not in config}
        try:
            build_model(config)
        except Exception as error:  # the library's own defaults fail in many ways; the list is the result
            print(f"{name}: {type(error).__name__}: {str(error).strip()[:150]!r}")
        else:
            write_json(path, config)


def text_completed(name: str) -> dict:
    """The text part of a wrapper with what its class defaults lack to be a model."""
    text = getattr(CONFIG_MAPPING[name](), "text_config", None)
    if text is None or text.model_type not in INCOMPLETE_DEFAULTS:
        return {}
    return {"text_config": {"model_type": text.model_type, **INCOMPLETE_DEFAULTS[text.model_type]}}


def plain_dict(config: PreTrainedConfig) -> dict:
    return json.loads(json.dumps(config.to_dict(), default=str))


def model_class(name: str):
    """The constructor that transformers offers for text from this model type, or None."""
    if name in CAUSAL:
        return transformers.AutoModelForCausalLM.from_config
    if name in auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
        return transformers.AutoModelForImageTextToText.from_config
    if name in MULTIMODAL:
        return transformers.AutoModelForMultimodalLM.from_config
    cls = CONFIG_MAPPING[name]
    modeling = importlib.import_module(cls.__module__.replace("configuration_", "modeling_"))
    named = [c for n, c in vars(modeling).items() if n.endswith("ForCausalLM") and c.config_class is cls]
    return named[0] if named else None


def build_model(config: dict, **options):
    config = {k: v for k, v in config.items() if k != "quantization_config"}
    made = CONFIG_MAPPING[config["model_type"]].from_dict(config)
    for key, value in options.items():
        setattr(made, key, value)
    with torch.device("meta"):
        return model_class(config["model_type"])(made)


def text_parameters(model) -> dict[str, torch.nn.Parameter]:
    """Name and tensor of each parameter of the text model: decoder, token embedding and output head, no towers."""
    model = getattr(model, "thinker", model)
    decoder = model.get_decoder()
    if not isinstance(decoder, transformers.PreTrainedModel):
        decoder = model
    heads = (decoder, model.get_input_embeddings(), model.get_output_embeddings())
    wanted = {id(p) for module in heads if module is not None for p in module.parameters()}
    return {n: p for n, p in model.named_parameters() if id(p) in wanted and "embed_tokens_extend" not in n}


# Encoders and encoder-decoders that have a reader, with changes of their defaults that make each field count.
BODIES: dict[str, list[dict]] = {
    "bert": [{"type_vocab_size": 3, "id2label": {"0": "a", "1": "b", "2": "c"}}, {"tie_word_embeddings": False}],
    "ernie": [{"use_task_id": True}],
    "layoutlm": [{}],
    "tapas": [{"num_aggregation_labels": 4, "type_vocab_sizes": [3, 64, 64], "num_labels": 3}],
    "lilt": [{"channel_shrink_ratio": 2, "max_2d_position_embeddings": 512}],
    "layoutlmv3": [
        {"num_labels": 12, "coordinate_size": 96, "patch_size": 32},
        {"visual_embed": False, "has_relative_attention_bias": False},
        {"has_spatial_attention_bias": False, "rel_pos_bins": 16},
    ],
    "roberta": [{"num_labels": 1}],
    "xlm-roberta": [{"hidden_size": 1024, "num_attention_heads": 16, "type_vocab_size": 1, "vocab_size": 250002}],
    "camembert": [{}],
    "data2vec-text": [{}],
    "ibert": [{}],
    "xlm-roberta-xl": [{}],
    "roberta-prelayernorm": [{}],
    "megatron-bert": [{"is_decoder": True, "add_cross_attention": True}],
    "mpnet": [{"relative_attention_num_buckets": 16}],
    "distilbert": [{"dim": 1536, "hidden_dim": 4096, "n_layers": 3}],
    "electra": [{"embedding_size": 256}, {"embedding_size": 512}],
    "albert": [{"num_hidden_groups": 3, "inner_group_num": 2}, {"embedding_size": 64}],
    "rembert": [{"tie_word_embeddings": True, "output_embedding_size": 256}],
    "deberta": [
        {"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "max_relative_positions": 100},
        {"relative_attention": True, "pos_att_type": ["c2p"], "position_biased_input": False, "type_vocab_size": 2},
    ],
    "deberta-v2": [
        {"relative_attention": True, "pos_att_type": "p2c|c2p", "position_buckets": 256, "norm_rel_ebd": "layer_norm"},
        {"relative_attention": True, "share_att_key": True, "pos_att_type": "p2c|c2p", "conv_kernel_size": 3},
        {"embedding_size": 512, "position_biased_input": False, "type_vocab_size": 1},
    ],
    "modernbert": [{"classifier_bias": True, "norm_bias": True, "attention_bias": True, "mlp_bias": True}],
    "nomic_bert": [{"head_dim": 48, "tie_word_embeddings": False}],
    "eurobert": [{"num_key_value_heads": 4, "attention_bias": True, "mlp_bias": True}],
    "gte": [{"type_vocab_size": 2}],
    "jina_embeddings_v3": [{}],
    "fnet": [{}],
    "big_bird": [{"use_bias": False, "type_vocab_size": 3}],
    "longformer": [{"max_position_embeddings": 4098, "type_vocab_size": 1}],
    "nystromformer": [{"conv_kernel_size": 33}],
    "mra": [{}],
    "yoso": [{"type_vocab_size": 2}, {"conv_window": 9}],
    "roformer": [{"embedding_size": 128}],
    "convbert": [{"embedding_size": 128, "head_ratio": 4, "num_groups": 2}],
    "squeezebert": [{"q_groups": 2, "output_groups": 4}],
    "luke": [{"use_entity_aware_attention": False, "entity_emb_size": 768}, {"tie_word_embeddings": False}],
    "roc_bert": [{"enable_shape": False}, {"concat_input": False}],
    "xmod": [{"languages": ["a", "b", "c"], "adapter_layer_norm": True, "pre_norm": True}],
    "bert-generation": [{}],
    "mobilebert": [
        {"use_bottleneck_attention": True},
        {"key_query_shared_bottleneck": False, "trigram_input": False, "num_feedforward_networks": 2},
        {"tie_word_embeddings": False},
    ],
    "xlnet": [{"d_inner": 2048, "n_head": 8, "d_head": 128}],
    "funnel": [{"block_sizes": [4, 3], "block_repeats": [1, 2], "num_decoder_layers": 3}],
    "xlm": [{"n_langs": 15, "emb_dim": 1024}],
    "flaubert": [{"pre_norm": True}],
    "t5": [
        {"feed_forward_proj": "gated-gelu", "num_decoder_layers": 3},
        {"d_kv": 128, "relative_attention_num_buckets": 16},
    ],
    "mt5": [{"num_decoder_layers": 4}],
    "umt5": [{"feed_forward_proj": "relu"}],
    "longt5": [{"encoder_attention_type": "transient-global"}],
    "switch_transformers": [
        {"num_experts": 4, "num_sparse_encoder_layers": 6, "num_layers": 6},
        {"tie_word_embeddings": False, "encoder_sparse_step": 2},
    ],
    "t5gemma": [{"is_encoder_decoder": False}],
    "t5gemma2": [{"decoder": {"sliding_window_pattern": 3}}],
    "bart": [{"encoder_layers": 3, "decoder_ffn_dim": 512, "tie_word_embeddings": False}],
    "mbart": [{}],
    "m2m_100": [{"encoder_layers": 24, "encoder_ffn_dim": 8192}],
    "nllb-moe": [{"num_experts": 4, "encoder_sparse_step": 3}],
    "pegasus": [{}],
    "pegasus_x": [{"num_global_tokens": 16}, {"tie_word_embeddings": False}],
    "marian": [{"share_encoder_decoder_embeddings": False, "decoder_vocab_size": 60000}],
    "plbart": [{}],
    "blenderbot": [{}],
    "blenderbot-small": [{}],
    "mvp": [{}],
    "whisper": [{"num_mel_bins": 128, "encoder_layers": 32, "encoder_attention_heads": 8}],
    "moonshine": [{"attention_bias": True}],
    "led": [{"encoder_layers": 3, "max_encoder_position_embeddings": 4096}, {"tie_word_embeddings": False}],
    "bigbird_pegasus": [{"use_bias": True}],
    "fsmt": [{"src_vocab_size": 31640, "tgt_vocab_size": 31232, "decoder_layers": 1}, {"tie_word_embeddings": True}],
    "prophetnet": [{"num_encoder_layers": 3, "ngram": 3}, {"tie_word_embeddings": False, "add_cross_attention": False}],
    "speech_to_text": [
        {"conv_kernel_sizes": [5, 5, 3], "num_conv_layers": 3, "d_model": 512},
        {"tie_word_embeddings": False},
    ],
    "trocr": [{"cross_attention_hidden_size": 768, "layernorm_embedding": False}],
    "wav2vec2": [
        {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "adapter_attn_dim": 16, "conv_bias": True},
        {"mask_time_prob": 0.0, "num_conv_pos_embeddings": 64, "num_conv_pos_embedding_groups": 8},
    ],
    "hubert": [{"feat_proj_layer_norm": False, "conv_pos_batch_norm": True, "hidden_size": 1536}],
    "unispeech": [{"conv_dim": [256, 512], "conv_kernel": [10, 4], "conv_stride": [5, 2]}],
    "unispeech-sat": [],
    "wavlm": [{"num_buckets": 640, "hidden_size": 1024, "num_attention_heads": 16}],
    "data2vec-audio": [{"conv_pos_kernel_size": 9, "num_conv_pos_embeddings": 3}],
    "parakeet_ctc": [
        {"encoder_config": {"attention_bias": False, "convolution_bias": False, "num_hidden_layers": 42}},
        {"encoder_config": {"subsampling_factor": 4, "num_mel_bins": 128, "subsampling_conv_kernel_size": 5}},
    ],
    "parakeet_rnnt": [{"num_decoder_layers": 1, "decoder_hidden_size": 512}],
    "parakeet_tdt": [{"durations": [0, 1, 2], "vocab_size": 1025}],
    "nemotron_asr_streaming": [{"encoder_config": {"num_mel_bins": 128, "subsampling_conv_stride": 3}}],
    "nemotron3_5_asr": [{"num_prompts": 64, "prompt_intermediate_size": 512}],
    "lasr_ctc": [{"encoder_config": {"attention_bias": True, "convolution_bias": True, "conv_kernel_size": 9}}],
    "canary": [
        {"decoder_config": {"num_hidden_layers": 2, "num_key_value_heads": 2, "attention_bias": False}},
        {"encoder_config": {"hidden_size": 512, "num_hidden_layers": 17}, "tie_word_embeddings": False},
    ],
    "cohere_asr": [{"encoder_config": {"num_hidden_layers": 17}, "max_position_embeddings": 512, "head_dim": 64}],
}
# Halves of these and of others, which have configuration classes of their own.
HALVES = ("clip_text_model", "parakeet_encoder", "nemotron_asr_streaming_encoder", "lasr_encoder", "canary_decoder")
SPEECH = {"wav2vec2", "hubert", "unispeech", "unispeech-sat", "wavlm", "data2vec-audio"}
BODY_CLASSES = [
    "MODEL_FOR_CAUSAL_LM",
    "MODEL",
    "MODEL_FOR_MASKED_LM",
    "MODEL_FOR_SEQUENCE_CLASSIFICATION",
    "MODEL_FOR_TOKEN_CLASSIFICATION",
    "MODEL_FOR_QUESTION_ANSWERING",
    "MODEL_FOR_TABLE_QUESTION_ANSWERING",
    "MODEL_FOR_PRETRAINING",
    "MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM",
    "MODEL_FOR_SPEECH_SEQ_2_SEQ",
    "MODEL_FOR_CTC",
    "MODEL_FOR_RNNT",
    "MODEL_FOR_TDT",
    "MODEL_FOR_AUDIO_CLASSIFICATION",
    "MODEL_FOR_AUDIO_FRAME_CLASSIFICATION",
    "MODEL_FOR_MULTIPLE_CHOICE",
    "MODEL_FOR_TEXT_ENCODING",
]


def body_classes(name: str) -> list[type]:
    """The classes of a model type: the body, and one for each kind of head."""
    found: dict[str, type] = {}
    for mapping in BODY_CLASSES:
        named = getattr(auto, f"{mapping}_MAPPING_NAMES").get(name)
        for one in [named] if isinstance(named, str) else named or ():
            if hasattr(transformers, one):
                found[one] = getattr(transformers, one)
    return list(found.values())


def write_bodies() -> None:
    rows = []
    decoders = [n for n in decoder_types() if n in known() and n in CAUSAL and n != "phi4_multimodal"]
    for name, changes in [*BODIES.items(), *((name, []) for name in decoders)]:
        for change in [{}, *changes] if changes != [{}] else [{}]:
            config = {"model_type": name, **INCOMPLETE_DEFAULTS.get(name, {}), **change}
            for cls in body_classes(name):
                if name in decoders and cls.__name__.endswith(("ForCausalLM", "LMHeadModel")):
                    continue
                if name in SPEECH and cls.__name__.endswith("ForPreTraining"):  # its head is no part of what is served
                    continue
                try:
                    with torch.device("meta"):
                        model = cls(CONFIG_MAPPING[name].from_dict(dict(config)))
                except Exception as error:  # as in write_default_configs
                    print(f"{cls.__name__}: {type(error).__name__}: {str(error).strip()[:150]!r}")
                    continue
                text = (p.numel() for n, p in model.named_parameters() if not re.search("vision_tower|multi_modal", n))
                rows.append([cls.__name__, sum(text), json.dumps(config)])
    write_csv("bodies.csv", "class params config", rows)


# Wrappers whose towers have a reader, with changes of their vision part or their own that make each field count.
TOWERS: dict[str, list[dict]] = {
    "qwen2_vl": [{"vision_config": {"depth": 2, "embed_dim": 640, "hidden_size": 1536, "mlp_ratio": 3}}],
    "qwen2_5_vl": [{"vision_config": {"depth": 2, "hidden_size": 1280, "out_hidden_size": 2048}}],
    "qwen3_vl": [{"vision_config": {"depth": 2, "deepstack_visual_indexes": [0], "out_hidden_size": 4096}}],
    "qwen3_vl_moe": [],
    "qwen3_5": [{"vision_config": {"depth": 2, "intermediate_size": 1000}}],
    "qwen3_5_moe": [],
    "gemma3": [{"vision_config": {"vision_use_head": False, "image_size": 896, "patch_size": 14}}],
    "paligemma": [{"vision_config": {"hidden_size": 768, "num_attention_heads": 12, "image_size": 448}}],
    "llava": [{"vision_config": {"num_hidden_layers": 2}, "multimodal_projector_bias": False}],
    "mistral3": [{"vision_config": {"num_hidden_layers": 2}, "spatial_merge_size": 1}],
    "llava_next": [{"vision_feature_layer": [-2, -5]}],
    "llava_onevision": [{"vision_config": {"vision_use_head": True}}],
    "vipllava": [],
    "video_llava": [],
    "lighton_ocr": [],
    "mistral_large4": [],
    "idefics3": [{"vision_config": {"patch_size": 14, "image_size": 364}, "scale_factor": 4}],
    "smolvlm": [{"vision_config": {"hidden_size": 768, "num_attention_heads": 12}}],
    "internvl": [
        {"vision_config": {"attention_bias": True, "use_qk_norm": True, "norm_type": "rms_norm"}},
        {"vision_config": {"use_mean_pooling": False, "use_absolute_position_embeddings": False}},
    ],
    "qianfan_ocr": [],
    "cohere2_vision": [{"alignment_intermediate_size": 1024}],
    "aya_vision": [],
    "llama4": [{"vision_config": {"num_hidden_layers": 3, "intermediate_size": 4096, "image_size": 336}}],
    "mllama": [{"vision_config": {"num_hidden_layers": 3, "num_global_layers": 2, "image_size": 560}}],
    "glm4v": [{"vision_config": {"depth": 2, "attention_bias": True, "out_hidden_size": 2048}}],
    "glm4v_moe": [],
    "glm_ocr": [{"vision_config": {"depth": 2, "num_heads": 8}}],
    "kimi_k25": [{"vision_config": {"num_hidden_layers": 2, "pos_emb_height": 32}}],
    "step3p7": [{"projector_bias": True}],
    "ovis2": [{"vision_config": {"qkv_bias": True, "mlp_bias": True, "hidden_stride": 2}}],
    "lfm2_vl": [{"projector_use_layernorm": False, "vision_config": {"vision_use_head": False, "num_patches": 1024}}],
    "paddleocr_vl": [],
    "deepseek_vl": [{"vision_config": {"hidden_size": 1152}}],
    "ernie4_5_vl_moe": [{"vision_config": {"depth": 2, "temporal_merge_size": 4}}],
    "qwen2_5_omni_thinker": [],
    "qwen3_omni_moe_thinker": [{"audio_config": {"encoder_layers": 2}}],
    "qwen2_audio": [{"audio_config": {"encoder_layers": 2, "num_mel_bins": 80}}],
    "voxtral": [],
    "audioflamingo3": [],
    "gemma4": [
        {"audio_config": {"num_hidden_layers": 2, "hidden_size": 512}, "vision_config": {"attention_bias": True}}
    ],
    "qwen3_asr": [{"audio_config": {"downsample_hidden_size": 240, "num_mel_bins": 80}}],
    "exaone4_5": [{"vision_config": {"depth": 2, "num_key_value_heads": 4}}],
    "hyperclovax_vision_v2": [],
    "cohere_compass": [],
    "qwen4_exp": [],
    "diffusion_gemma": [],
    "glm5_next": [{"vision_config": {"depth": 2, "projection_intermediate_size": 4096}}],
    "cosmos3_edge": [{"vision_config": {"num_hidden_layers": 2, "spatial_merge_size": 4}}],
    "minicpmv4_6": [{"vision_config": {"num_hidden_layers": 2, "intermediate_size": 1024}, "merger_times": 2}],
    "minicpmv4_7": [],
    "minicpm_ocr": [],
    "minimax_m3_vl": [{"vision_config": {"num_hidden_layers": 2, "hidden_size": 1024}}],
    "muse_glimmer": [{"vision_config": {"intermediate_size": 4096}, "projector_hidden_size": 1024}],
    "muse_spark": [{"audio_config": {"depths": [1, 2, 3, 1], "conv_kernel_size": 5}}],
    "nemotron_h_omni": [{"vision_config": {"num_hidden_layers": 2, "num_registers": 4, "max_img_size": 1024}}],
    "video_llama_3": [{"vision_config": {"num_hidden_layers": 2}}],
    "lfm3_vl": [{"vision_config": {"conv_kernel_size": 5, "num_key_value_heads": 4}}],
    "hunyuan_vl": [{"vision_config": {"num_hidden_layers": 2, "max_image_size": 1024, "spatial_merge_size": 4}}],
    "hy_v4_vl": [{"vision_config": {"num_hidden_layers": 2}}],
    "granite_docling": [{"vision_config": {"use_fine_route": False, "deepstack_visual_indexes": [3]}}],
    "modernvbert": [{"pixel_shuffle_factor": 2}],
    "got_ocr2": [{"vision_config": {"num_hidden_layers": 3, "global_attn_indexes": [1], "image_size": 512}}],
    "pp_chart2table": [],
    "deepseek_ocr2": [],
    "unlimited_ocr": [],
    "deepseek_vl_hybrid": [],
    "kosmos-2": [{"vision_config": {"num_hidden_layers": 2}, "latent_query_num": 32}],
    "kosmos-2.5": [{"vision_config": {"num_hidden_layers": 2, "max_num_patches": 1024}}],
    "inkling2": [{"vision_config": {"num_hidden_layers": 2, "projector_bias": True}}],
    "inkling2_loop": [],
    "inkling_mm_model": [
        {"vision_config": {"num_hidden_layers": 4}},
        {"vision_config": {"num_hidden_layers": 5, "patch_size": 28, "temporal_patch_size": 4}},
    ],
    "phi4_multimodal": [{"audio_config": {"num_blocks": 2, "time_reduction": 4, "kernel_size": 5}}],
    "dots3_note": [],
    "blip-2": [{"vision_config": {"num_hidden_layers": 2, "qkv_bias": False}}],
    "instructblip": [{"vision_config": {"num_hidden_layers": 2}}],
    "granite4_vision": [],
    "granite_speech": [{"encoder_config": {"num_layers": 2, "conv_expansion_factor": 3}, "window_size": 20}],
    "idefics2": [{"vision_config": {"num_hidden_layers": 2, "patch_size": 14, "image_size": 980}}],
    "aria": [{"vision_config": {"num_hidden_layers": 2}}],
    "molmo2": [],
    "fuyu": [{"patch_size": 20}],
    "glmasr": [{"audio_config": {"num_hidden_layers": 2}}],
    "moss_transcribe_diarize": [{"audio_merge_size": 2}],
    "voxtral_realtime": [{"audio_config": {"num_hidden_layers": 2}, "downsample_factor": 2}],
    "omniasr": [{"audio_config": {"num_hidden_layers": 2, "conv_bias": False}}],
    "gemma3n": [
        {"vision_config": {"vocab_size": 64}},
        {
            "audio_config": {
                "conf_num_hidden_layers": 2,
                "hidden_size": 512,
                "input_feat_size": 80,
                "conf_conv_kernel_size": 7,
                "sscp_conv_channel_size": [64, 16],
                "sscp_conv_stride_size": [[2, 2], [1, 1]],
            }
        },
    ],
    "fast_vlm": [{"multimodal_projector_bias": False}, {"vision_config": {"model_args": {"inference_mode": False}}}],
    "florence2": [
        {
            "vision_config": {
                "embed_dim": [256, 512, 1024, 2048],
                "num_heads": [8, 16, 32, 64],
                "num_groups": [8, 16, 32, 64],
                "projection_dim": 768,
                "max_position_embeddings": 40,
            }
        },
        {
            "vision_config": {
                "depths": [1, 2, 3, 1],
                "patch_prenorm": [True, False, True, False],
                "qkv_bias": False,
                "mlp_ratio": 3.0,
                "patch_size": [5, 3, 3, 1],
            }
        },
    ],
    "janus": [
        {
            "vision_config": {"num_hidden_layers": 2, "attention_bias": False, "use_qk_norm": True, "depth": 3},
            "vq_config": {
                "base_channels": 64,
                "channel_multiplier": [1, 2, 3],
                "num_res_blocks": 3,
                "double_latent": True,
                "embed_dim": 16,
                "num_hidden_layers": 3,
            },
        },
    ],
    "vibevoice_asr": [
        {"semantic_tokenizer_encoder_config": {"depths": [2, 3, 1], "downsampling_ratios": [4, 5], "num_filters": 16}},
    ],
    "fun_asr_nano": [{"audio_config": {"num_hidden_layers": 30, "num_timestamp_prediction_layers": 10}}],
}
ENCODERS = ("vision_config", "audio_config", "encoder_config", "acoustic_tokenizer_encoder_config")
BESIDE = ("qformer_config", "projector_config", "perceiver_config", "adapter_config", "adaptor_config",
          "high_res_vision_config", "vq_config")  # fmt: skip


def write_towers() -> None:
    rows = []
    for name, changes in TOWERS.items():
        for change in [{}, *changes]:
            change = {**INCOMPLETE_DEFAULTS.get(name, {}), **change}
            made = CONFIG_MAPPING[name](**text_completed(name), **INCOMPLETE_DEFAULTS.get(name, {}))
            parts = {part: getattr(made, part, None) for part in (*ENCODERS, *BESIDE)}
            if name == "gemma4":  # whose defaults have none
                parts = {f"{part}_config": CONFIG_MAPPING[f"gemma4_{part}"]() for part in ("vision", "audio")}
            parts = {
                part: {**plain_dict(own), **change.get(part, {})} for part, own in parts.items() if own is not None
            }
            wrapper = CONFIG_MAPPING[name].from_dict({**plain_dict(made), **change, **parts})
            with torch.device("meta"):
                model = tower_class(name)(wrapper)
            language = {id(p) for p in text_parameters(model).values()}
            of_text = {
                id(p) for n, p in model.named_parameters() if re.search("rotary_emb|projection_head|language_model", n)
            }
            towers = sum(p.numel() for p in model.parameters() if id(p) not in language | of_text)
            generic = {field.name for field in dataclasses.fields(PreTrainedConfig)} | {"_name_or_path"}
            sizes = {
                part: {k: v for k, v in own.items() if k not in generic and v is not None and v != {}}
                for part, own in parts.items()
            }
            own = {k: v for k, v in change.items() if k not in ENCODERS}
            inner = getattr(wrapper, "text_config", wrapper)
            text = {"hidden_size": inner.hidden_size, "intermediate_size": getattr(inner, "intermediate_size", None)}
            rows.append([towers, json.dumps({"model_type": name, **own, "text_config": text, **sizes})])
    write_csv("towers.csv", "params config", rows)


CENSUS = ["CAUSAL_LM", "IMAGE_TEXT_TO_TEXT", "MULTIMODAL_LM", "SEQ_TO_SEQ_CAUSAL_LM", "SPEECH_SEQ_2_SEQ", "MASKED_LM",
          "TEXT_ENCODING", "CTC", "RNNT", "TDT", "RETRIEVAL"]  # fmt: skip


def write_census() -> None:
    """Every class of the library that reads or writes text, with its defaults: those that we do not count exactly."""
    rows, n_exact = [], 0
    for mapping in CENSUS:
        for name, named in getattr(auto, f"MODEL_FOR_{mapping}_MAPPING_NAMES").items():
            for cls in [named] if isinstance(named, str) else named:
                try:
                    made = CONFIG_MAPPING[name](**text_completed(name), **INCOMPLETE_DEFAULTS.get(name, {}))
                    with torch.device("meta"):
                        model = getattr(transformers, cls)(made)
                    total = sum(p.numel() for p in model.parameters())
                except Exception as error:  # as in write_default_configs
                    print(f"{cls}: {type(error).__name__}: {str(error).strip()[:150]!r}")
                    continue
                row = census_row(cls, total, {**plain_dict(made), "model_type": name, "architectures": [cls]})
                n_exact += row is None
                rows += [row] if row and row not in rows else []
    print(f"{n_exact} classes are counted exactly, {len(rows)} not")
    write_csv("census.csv", "class params config", rows)


def census_row(cls: str, total: int, config: dict) -> list | None:
    """The row of a class, None where its parameters are counted exactly, those of towers with them."""
    spec = ModelSpec(config=config)
    try:
        if not spec.is_estimate and total in (spec.total, spec.total + spec.towers):
            return None
    except ValueError:
        pass
    return [cls, total, json.dumps(sizes_of(config))]


def sizes_of(value):
    """A configuration without what every one has, its groups of fields too."""
    generic = {field.name for field in dataclasses.fields(PreTrainedConfig)} - {"tie_word_embeddings", "architectures"}
    generic |= {"_name_or_path", "rope_parameters"}
    if not isinstance(value, dict):
        return value
    return {
        k: sizes_of(v) for k, v in value.items() if (k not in generic or k == "is_encoder_decoder") and v is not None
    }


def tower_class(name: str):
    """The class of a wrapper, by whichever list of the library has it."""
    speech = (auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES, auto.MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES)
    for mapping in (*MULTIMODAL_LISTS, *speech, auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES, CAUSAL):
        if name in mapping:
            named = mapping[name]
            return getattr(transformers, named if isinstance(named, str) else named[0])
    raise KeyError(name)


def write_image_tokens() -> None:
    """Tokens of images of random sizes (seeded), by the image processors themselves."""
    import random

    import numpy
    from transformers.models.gemma4.image_processing_pil_gemma4 import get_aspect_ratio_preserving_size
    from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil
    from transformers.models.kimi_k25.image_processing_kimi_k25 import Kimi_K25ImageProcessor
    from transformers.models.muse_glimmer.image_processing_muse_glimmer import MuseGlimmerImageProcessor
    from transformers.models.pixtral.image_processing_pil_pixtral import get_resize_output_image_size
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

    rng, rows = random.Random(0), []
    kimi, muse = Kimi_K25ImageProcessor(), MuseGlimmerImageProcessor()
    tiles = GotOcr2ImageProcessorPil(size={"height": 448, "width": 448})
    several = {"crop_to_patches": True, "min_patches": 1, "max_patches": 12}
    for _ in range(60):
        width, height = rng.randint(30, 3000), rng.randint(30, 3000)
        for name, patch, least, most in (("qwen2_5_vl", 14, 3136, 12845056), ("qwen3_vl", 16, 65536, 16777216)):
            high, wide = smart_resize(height, width, 2 * patch, least, most)
            rows.append([name, width, height, high * wide // (2 * patch) ** 2])
        rows.append(["internvl", width, height, 2 + 256 * tiles.get_number_of_image_patches(height, width, several)])
        fitted = get_resize_output_image_size(numpy.zeros((height, width, 3)), size=(1540, 1540), patch_size=(28, 28))
        rows.append(["mistral3", width, height, (fitted[1] // 28 + 1) * (fitted[0] // 28)])
        high, wide = get_aspect_ratio_preserving_size(height, width, 16, 280 * 9, 3)
        rows.append(["gemma4", width, height, high * wide // 48**2])
        rows.append(["muse_glimmer", width, height, muse.get_number_of_image_patches(height, width, {}) // 4])
        rows.append(["kimi_k25", width, height, kimi.get_number_of_image_patches(height, width) // 4])
    write_csv("image_tokens.csv", "model_type width height tokens", sorted(rows))


PART_PATTERNS = [
    ("other", r"_hc\.|hyper_connection|altup|laurel|per_layer_(input|model|proj)|norm\.mlp\.|message_gate"),
    ("norm", r"(^|\.)(\w*norm\w*|ln(_?\d|_\w+)?|\w+_ln)\.(\d+\.)?(weight|bias|scale)$|\.\w*norm_weight$"),
    ("experts", r"mlp\.(up|down)_embed\."),
    ("embedding", r"(^|\.)(wte|wpe|embeddings?|embed_\w+|\w+_embed(ding)?s?|\w*embed)\.(\d+\.)?weight$"),
    ("router", r"router|\.gate\.|shared_expert_gate|(correction|expert)_bias"),
    ("mlp", r"shared_(expert|mlp)|mixer\.(up|down|gate|fc\d_latent)_proj"),
    ("experts", r"experts?\b|\.(input|output)_linear\.weight$"),
    ("attention", r"attn|attention|mixer|mamba|ssm|conv|temporal_block|mlstm|\.linear_attn|short_conv"),
    ("mlp", r"mlp|feed_?forward|ffn|\.(fc\d|dense_\w+|fc_(in|out)|c_fc|c_proj|linear_v)\."),
]
PARTS = ("embedding", "head", "norm", "attention", "mlp", "experts", "router", "other")


def part_of(name: str) -> str:
    return next((part for part, pattern in PART_PATTERNS if re.search(pattern, name)), "other")


def parts(model) -> dict[str, int]:
    """Parameters by part. Every normalisation weight is `norm`, that of queries and keys too; shared experts are `mlp`,
    state-space and linear mixers `attention`; `other` are residual mixers, low-rank side paths and the like."""
    core = getattr(model, "thinker", model)
    output = output_head(core)
    head = {id(p) for p in output.parameters()} if output is not None else set()
    embedding = id(core.get_input_embeddings().weight)
    sums = dict.fromkeys(PARTS, 0)
    for name, parameter in text_parameters(model).items():
        part = "embedding" if id(parameter) == embedding else "head" if id(parameter) in head else part_of(name)
        sums[part] += parameter.numel()
    return sums


def output_head(model):
    return model.get_output_embeddings() or model.get_decoder().get_output_embeddings()


def kind(path: Path) -> str:
    return {"default": "family default", "variant": "variant"}.get(path.stem.split("-")[0], "published")


def write_params() -> None:
    totals, sums = [], []
    for path in config_files():
        config = json.loads(path.read_text())
        model = build_model(config)
        by_part = parts(model)
        core = getattr(model, "thinker", model)
        embedding, output = core.get_input_embeddings().weight, output_head(core)
        totals.append(
            [
                path.name,
                config["model_type"],
                sum(p.numel() for p in model.parameters()),
                sum(by_part.values()),
                embedding.numel(),
                output is not None and output.weight is embedding,
                kind(path),
            ]
        )
        sums.append([path.name, *by_part.values()])
    write_csv("params.csv", "file model_type params_total params_text embedding_params tied_embeddings kind", totals)
    write_csv("params_parts.csv", "file " + " ".join(PARTS), sums)


def write_catalog() -> None:
    rows = []
    for path in sorted(CATALOG.glob("*.json")):
        config = json.loads(path.read_text())
        try:
            rows.append([path.name, config["model_type"], *parts(build_model(config)).values()])
        except (KeyError, AttributeError) as error:  # a model type or a spelling that this library does not know
            print(f"{path.name}: {type(error).__name__}: {str(error).strip()[:150]!r}")
    totals = [[name, kind, sum(by_part), *by_part] for name, kind, *by_part in rows]
    write_csv("catalog.csv", "file model_type params_text " + " ".join(PARTS), totals)


def tensors(value, depth: int = 0) -> dict[int, torch.Tensor]:
    """Every tensor that a cache object holds, by identity; counters left out."""
    if isinstance(value, torch.Tensor):
        return {id(value): value} if value.dim() and value.is_floating_point() else {}
    if isinstance(value, (torch.nn.Module, PreTrainedConfig)) or depth > 6:
        return {}
    inner = (
        value.values()
        if isinstance(value, dict)
        else value
        if isinstance(value, (list, tuple))
        else (vars(value).values() if hasattr(value, "__dict__") else ())
    )
    return {key: tensor for item in inner for key, tensor in tensors(item, depth + 1).items()}


CACHE_OUTPUTS = ("past_key_values", "cache_params", "state")


def forward_without_values() -> None:
    """Let what looks at values pass on the meta device: padding and packing checks of masks, argument validation."""
    masking_utils.find_packed_sequence_indices = lambda position_ids: None
    masking_utils.fast_all = lambda mask: True
    torch.distributions.Distribution.set_default_validate_args(False)
    torch.set_default_dtype(torch.bfloat16)


def cache_layers(model, tokens: int) -> list[tuple[int, int, int]]:
    """Of each layer's cache after one forward pass: elements kept, those of them in a window, and the window or 0."""
    core = getattr(model, "thinker", model)
    decoder = core.get_decoder()
    if not isinstance(decoder, transformers.PreTrainedModel):
        decoder = core
    for module in decoder.modules():
        if type(module).__name__.endswith("Experts"):  # they dispatch by value, and keep nothing
            module.forward = lambda hidden, *args, **kwargs: hidden
    inputs = {"input_ids": torch.zeros((1, tokens), dtype=torch.long, device="meta"), "use_cache": True}
    with torch.device("meta"), torch.no_grad():
        out = decoder(**inputs)
        kept = next((out[key] for key in CACHE_OUTPUTS if out.get(key) is not None), None)
        if kept is None:  # RecurrentGemma keeps states in its modules and does not hand out the cache it makes
            kept = transformers.DynamicCache(config=decoder.config)
            decoder(past_key_values=kept, **inputs)
            names = ("recurrent_states", "conv1d_state")
            kept.layers.append([vars(m)[name] for m in decoder.modules() for name in names if name in vars(m)])
    rows = []
    for layer in getattr(kept, "layers", [kept]):
        window = (getattr(layer, "sliding_window", 0) or 0) if getattr(layer, "is_sliding", False) else 0
        within = sum(t.numel() for t in tensors([layer.keys, layer.values]).values()) if window else 0
        rows.append((sum(t.numel() for t in tensors(layer).values()), within, window))
    beside = sum(t.numel() for t in tensors(kept).values()) - sum(elements for elements, *_ in rows)
    rows.append((beside, 0, 0))  # MiniMax keeps the states of its linear layers outside the list of layers
    if not any(elements for elements, *_ in rows):
        raise ValueError("no cache")
    return rows


def write_cache() -> None:
    rows = []
    forward_without_values()
    for path in config_files():
        try:
            model = build_model(json.loads(path.read_text()))
            short, long = cache_layers(model, 32), cache_layers(model, 64)
        except Exception as error:  # some forwards look at values, which the meta device has not
            print(f"{path.name}: {type(error).__name__}: {str(error).strip()[:150]!r}")
            continue
        before, after = (sum(elements for elements, *_ in layers) for layers in (short, long))
        growth = (after - before) // 32
        sliding = sum(b - a for (_, a, _), (_, b, _) in zip(short, long, strict=True)) // 32
        windows = "+".join(str(w) for w in sorted({window for _, within, window in long if within}))
        rows.append([path.name, growth, before - 32 * growth, growth - sliding, sliding, windows])
    header = "file elements_per_token constant_state_elements elements_full elements_sliding window"
    write_csv("cache.csv", header, rows)


def config_files() -> list[Path]:
    return sorted(CONFIGS.glob("*.json"), key=lambda p: (p.name.startswith(("default-", "variant-")), p.name))


def write_csv(name: str, header: str, rows: list[list]) -> None:
    with open(HERE / name, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header.split(), *rows])


COMMANDS = {
    "defaults": write_defaults,
    "configs": write_default_configs,
    "vocabulary": write_vocabulary,
    "params": write_params,
    "bodies": write_bodies,
    "census": write_census,
    "images": write_image_tokens,
    "towers": write_towers,
    "cache": write_cache,
    "catalog": write_catalog,
}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        sys.exit(f"usage: build.py {'|'.join(COMMANDS)}")
    COMMANDS[sys.argv[1]]()
