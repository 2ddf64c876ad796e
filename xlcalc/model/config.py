"""Reading a Hugging Face configuration: whatever a family calls a field, and what it leaves to its defaults.

Order: what the file says, under the common or the family's own name; then the family's default; then the caller's.
A null in the file is "not set" and takes no default, as the configuration classes have it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

# common name -> other spellings met in configurations and on sheets
SPELLINGS: dict[str, tuple[str, ...]] = {
    "hidden_size": ("d_model", "n_embd", "n_embed", "dim", "model_dim"),
    "num_hidden_layers": ("n_layers", "n_layer", "num_layers"),
    "num_attention_heads": ("n_heads", "n_head", "num_heads"),
    "num_key_value_heads": ("n_kv_heads", "n_head_kv", "num_kv_heads", "multi_query_group_num", "num_query_groups"),
    "head_dim": ("d_head", "kv_channels", "attention_head_dim"),
    "intermediate_size": ("d_ff", "ffn_dim", "n_inner", "ffn_hidden_size", "inner_dim", "dff"),
    "vocab_size": ("vocab", "n_vocab", "padded_vocab_size"),
    "max_position_embeddings": ("n_ctx", "n_positions", "max_seq_len", "max_sequence_length", "seq_length"),
    "tie_word_embeddings": ("tied_embeddings",),
    "num_experts": ("n_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"),
    "num_experts_per_tok": ("experts_per_token", "moe_topk", "num_experts_per_token", "moe_k", "moe_top_k"),
    "moe_intermediate_size": ("d_expert", "expert_ffn_hidden_size"),
    "sliding_window": ("window",),
}
ACTIVATIONS = ("hidden_act", "activation_function", "hidden_activation", "activation", "afn", "mlp_hidden_act")
_TEXT_PARTS = ("text_config", "llm_config", "language_config", "decoder", "thinker_config")
_LAYERED = ("num_hidden_layers", "num_layers", "n_layers", "layers", "depth", "hidden_size", "d_model")
# Whose tie_word_embeddings decides: the wrapper's, except that these heed the text part's too, ...
_TIED_BY_EITHER = (
    *("glm4v", "glm4v_moe", "glm_ocr", "hunyuan_vl", "kosmos-2", "llava", "llava_next_video", "llava_onevision"),
    *("minimax_m3_vl", "paddleocr_vl", "qwen2_5_vl", "qwen2_vl", "shieldgemma2", "video_llama_3"),
)
# ... these the text part's alone, and these have a head of their own whatever is set.
_TIED_BY_TEXT = (
    *("blip-2", "instructblip", "instructblipvideo", "kosmos-2.5"),
    *("llama4", "qwen2_5_omni", "qwen3_omni_moe"),
)
_NEVER_TIED = (
    *("cosmos3_edge", "inkling2", "inkling_mm_model", "mllama", "molmo2", "muse_spark", "nemo_speechlm"),
    *("nemotron_h_omni", "qwen2_audio", "vibevoice_asr", "voxtral"),
)

# What a wrapper says of its language model itself: heads that draft for a larger model, as transformers defaults it.
_DRAFTS = {"use_ordered_embeddings": False, "num_centroids": 2048}
_OF_WRAPPER: dict[str, dict[str, Any]] = {
    "gemma4_assistant": {"backbone_hidden_size": 1536, **_DRAFTS},
    "gemma4_unified_assistant": {"backbone_hidden_size": 3840, **_DRAFTS},
}

RETRIEVED = "retrieved_numbers"  # of a token's vector, by which retrievers (ColPali) compare


def of_retriever(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """The multimodal model that a retriever stands on, with its class and width; any other configuration itself."""
    inner = raw.get("vlm_config")
    if not isinstance(inner, Mapping) or raw.get("model_type") not in ("colpali", "colqwen2", "colmodernvbert"):
        return raw
    own = {name: raw[name] for name in ("quantization_config", "dtype", "torch_dtype") if name in raw}
    head = {"architectures": raw.get("architectures") or ["ColPaliForRetrieval"]}
    return {**inner, **own, **head, RETRIEVED: raw.get("embedding_dim", 128)}


class Config(Mapping[str, Any]):
    """One text model's configuration with its family's defaults behind it.

    >>> c = Config({"model_type": "gpt2", "n_layer": 24})
    >>> c["num_hidden_layers"], c["hidden_size"], c.get("no_such_field", 7)
    (24, 768, 7)
    """

    def __init__(self, raw: Mapping[str, Any]) -> None:
        part = _text_part(raw)
        self.towers = tuple(k for k, value in raw.items() if value is not None and _is_tower(k, value, raw, part))
        self.halves = _halves(raw)
        self.raw = {name: _plain(value) for name, value in part.items()}
        self.architectures: Any = raw.get("architectures") or self.raw.get("architectures")
        self.model_type = str(self.raw.get("model_type") or "")
        self._defaults = family_defaults().get(self.model_type, {})
        self.seen: set[str] = set()  # fields of the file that a reader asked for

    def __getitem__(self, name: str) -> Any:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Any:
        return iter(self.raw)

    def __len__(self) -> int:
        return len(self.raw)

    def get(self, name: str, default: Any = None) -> Any:
        spellings = _spellings(self.model_type, name)
        self.seen.update(spellings)
        for source in (self.raw, self._defaults):
            for spelling in spellings:
                if spelling in source:
                    value = source[spelling]
                    return default if value is None else value
        return default

    def gives(self, name: str) -> bool:
        """Whether the file itself has a field, under any of its spellings."""
        return any(self.raw.get(spelling) is not None for spelling in _spellings(self.model_type, name))

    def flag(self, name: str) -> bool:
        """A yes-or-no field, no where nothing says otherwise."""
        return bool(self.get(name, False))

    def nested(self, name: str) -> dict[str, Any]:
        """A group of fields that stands in a configuration of its own, with the family's defaults for it."""
        self.seen.add(name)
        return {**self._defaults.get(name, {}), **(self.raw.get(name) or {})}

    def own_name(self, name: str) -> str:
        """What the family itself calls a common field."""
        return str(_own_names(self.model_type).get(name, name))

    def require(self, *names: str) -> None:
        """Raise ValueError naming every one of `names` that is missing."""
        missing = [n for n in names if self.get(n) is None]
        if missing:
            kind = f"model_type {self.model_type!r}" if self.model_type else "a decoder"
            raise ValueError(f"lacks {', '.join(missing)}, needed for {kind}")


_SAID = {"true": True, "false": False}  # as sheets and CSV files write them


def _plain(value: Any) -> Any:
    """A value with its texts of yes and no as such, groups without those that are null, which are not set."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, str):
        return _SAID.get(value.casefold(), value)
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _is_tower(name: str, value: Any, raw: Mapping[str, Any], text: Mapping[str, Any]) -> bool:
    """Whether a group of fields is a part beside the text model: by its name, or in a wrapper by its type or layers."""
    if name in ("visual", "vision") and isinstance(value, Mapping):
        return True
    if not name.endswith("_config") or name in _TEXT_PARTS:
        return False
    if name.split("_")[0] in ("vision", "audio", "visual"):
        return True
    wraps = any(isinstance(raw.get(part), Mapping) for part in _TEXT_PARTS) and text.get("model_type") is not None
    return wraps and isinstance(value, Mapping) and any(value.get(size) for size in (*_LAYERED, "model_type"))


def _halves(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """The model types of two whole models that are put together, where no family reads them as one."""
    both = [raw.get(half) for half in ("encoder", "decoder")]
    if str(raw.get("model_type") or "") in family_defaults() or not all(isinstance(half, Mapping) for half in both):
        return ()
    return tuple(str(half.get("model_type") or "of no type") for half in both if isinstance(half, Mapping))


def _text_part(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The language model's part of a configuration with vision or audio towers.

    Older files have its fields flat beside the towers' parts.
    """
    outer = str(raw.get("model_type") or "")
    defaults = family_defaults().get(outer, {})
    for part in _TEXT_PARTS:
        if part == "decoder" and outer in family_defaults():  # one half of an encoder-decoder that we read whole
            continue
        inner, assumed = raw.get(part), defaults.get(part)
        if not inner and assumed:
            inner = {**raw, **assumed} if "num_hidden_layers" in raw else assumed
        if isinstance(inner, Mapping) and inner:
            text = _text_part({**(assumed or {}), **inner})
            if not text.get("model_type"):
                text["model_type"] = f"{outer}_text" if f"{outer}_text" in family_defaults() else outer
            text["tie_word_embeddings"] = _tied(raw, text)
            text |= {RETRIEVED: raw[RETRIEVED]} if RETRIEVED in raw else {}
            return {**text, **{name: raw.get(name, usual) for name, usual in _OF_WRAPPER.get(outer, {}).items()}}
    return dict(raw)


def _tied(raw: Mapping[str, Any], text: Mapping[str, Any]) -> bool:
    """Whether the head of a wrapper's text model is its embedding."""
    outer, field = str(raw.get("model_type") or ""), "tie_word_embeddings"
    inside = bool(text.get(field, family_defaults().get(text["model_type"], {}).get(field)))
    outside = raw.get(field, family_defaults().get(outer, {}).get(field))
    if outer in _NEVER_TIED:
        return False
    if outer in _TIED_BY_TEXT or (outside is None and outer not in family_defaults()):
        return inside
    return bool(outside or (outer in _TIED_BY_EITHER and inside))


@cache
def family_defaults() -> dict[str, dict[str, Any]]:
    """What each family's configuration class assumes for fields that a file leaves out."""
    path = files("xlcalc.model.families") / "defaults.json"
    defaults: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return defaults


@cache
def vocabulary() -> dict[str, Any]:
    """`irrelevant`: fields that look structural and change no count; `classes`: model types by their classes' names;
    `own`: by model type the structural fields that its reader or its class has beside the common ones."""
    path = files("xlcalc.model.families") / "vocabulary.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return {**found, "irrelevant": frozenset(found["irrelevant"])}


def _own_names(model_type: str) -> dict[str, str]:
    """What a family calls common fields."""
    names: dict[str, str] = family_defaults().get(model_type, {}).get("attribute_map", {})
    return names


@lru_cache(maxsize=4096)
def _spellings(model_type: str, name: str) -> tuple[str, ...]:
    """The names that a field may have in a configuration of a family, in the order in which they count."""
    own = _own_names(model_type)
    aliases = [alias for alias, called in own.items() if called == name]
    return (name, *filter(None, (own.get(name), *aliases)), *SPELLINGS.get(name, ()))
