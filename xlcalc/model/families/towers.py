"""Parameters of the towers of multimodal models: encoders, and what projects their outputs into the language model.

Engines keep towers in 16 bit beside the language model. What a wrapper's towers are is declared in `vision_wrappers`,
`resamplers` and `audio_towers`; those of a wrapper that is not declared are estimated by the sizes that it names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from xlcalc.model.config import Config
from xlcalc.model.families import audio_towers as audio
from xlcalc.model.families import convolution_towers as convolutions
from xlcalc.model.families import document_towers as documents
from xlcalc.model.families import resamplers
from xlcalc.model.families import vision_wrappers as wrap
from xlcalc.model.families.inkling_tower import inkling
from xlcalc.model.families.vision_towers import Fields, dense, layer


class Towers(NamedTuple):
    """Parameters of a wrapper's towers, None where nothing says how many.

    `assumed` says what an estimate rests on; `note` what the file itself leaves out.
    """

    params: int | None
    assumed: str = ""
    note: str = ""


def towers(config: Fields, text: Config) -> Towers:
    """What stands beside the language model of this configuration, whose text part is `text`."""
    model_type = str(config.get("model_type") or "")
    if isinstance(thinker := config.get("thinker_config"), Mapping):
        named = {"model_type": f"{model_type}_thinker", **thinker}
        return towers(named, Config(named))
    if model_type == "t5gemma2" and isinstance(half := config.get("encoder"), Mapping):
        inner = half.get("text_config") or {}
        config = {"vision_config": half.get("vision_config"), "hidden_size": inner.get("hidden_size", 2304)}
        text = Config({"hidden_size": config["hidden_size"]})
    parts = {kind: config.get(f"{kind}_config") for kind in _WRAPPERS}
    own = {kind: wrappers[model_type] for kind, wrappers in _WRAPPERS.items() if model_type in wrappers}
    given = {
        kind: part for kind, part in parts.items() if isinstance(part, Mapping) and (kind in own or kind != "encoder")
    }
    beside = set(text.towers) - {f"{kind}_config" for kind in given}
    if model_type in _WITHOUT_CONFIG:
        return Towers(_WITHOUT_CONFIG[model_type](config, {}, text["hidden_size"]))
    if not given and not beside and (not own or model_type in _OPTIONAL):
        return Towers(0)
    if not given:
        if not own:
            return Towers(None, f"what {', '.join(sorted(beside))[:80]} adds to the language model is not declared")
        return Towers(None, note=f"towers left out, as it has no {' or '.join(own)}_config")
    if set(given) - set(own) or beside - set(_BESIDE) - set(_SPEAKING):
        return _estimated(model_type, given, text["hidden_size"])
    counted = [own[kind](config, part, text["hidden_size"]) for kind, part in given.items()]
    known = [params for params in counted if params is not None]
    return Towers(sum(known)) if known == counted else _estimated(model_type, given, text["hidden_size"])


_WIDTHS = ("embed_dim", "hidden_size", "d_model", "width", "hidden_dim", "vt_hidden_size")
_DEPTHS = ("num_hidden_layers", "depth", "layers", "num_layers", "n_layers", "encoder_layers", "num_blocks",
           "vt_num_hidden_layers")  # fmt: skip
_INNER = ("intermediate_size", "mlp_dim", "encoder_ffn_dim", "ffn_dim", "vt_intermediate_size")


_MOST = 10**7  # of any size of a tower


def _of_stages(name: str, value: Any) -> list[Any]:
    """A size, or those of the stages of a hierarchical tower."""
    return list(value) if name in ("embed_dim", "num_heads", "num_groups") and isinstance(value, list) else [value]


def odd_size(fields: Fields) -> str:
    """What is odd about the sizes of a tower: no number, or larger than any; "" where nothing is."""
    for name, value in ((key, one) for key, given in fields.items() for one in _of_stages(key, given)):
        sized = name in (*_WIDTHS, *_DEPTHS, *_INNER) or name.startswith(("num_", "n_", "out_"))
        if sized and not isinstance(value, int | float | None):
            return f"the {str(name)[:60]} of its towers is no number but {str(value)[:60]}"
        if isinstance(value, (int, float)) and not abs(value) <= _MOST:
            return f"the {str(name)[:60]} of its towers is beyond {_MOST:.0e}"
    return ""


def _estimated(model_type: str, given: Mapping[str, Fields], d_text: int) -> Towers:
    """A transformer encoder of the sizes that each group names, and a projector of two matrices."""
    params = 0
    for fields in given.values():
        d, n_layers = (next((fields[n] for n in names if fields.get(n)), 0) for names in (_WIDTHS, _DEPTHS))
        if type(d) is not int or type(n_layers) is not int or not d or not n_layers:
            return Towers(None, f"the towers of model type {model_type[:60]!r} are not declared")
        d_ff = next((fields[n] for n in _INNER if fields.get(n)), 0) or int(d * fields.get("mlp_ratio", 4))
        gated = "silu" in str(fields.get("hidden_act"))
        params += n_layers * layer(d, d_ff, gated=gated) + dense(d, d_text) + dense(d_text, d_text)
    named = " and ".join(f"{kind}_config" for kind in given)
    return Towers(
        params, f"towers of {params:.3g} parameters, by the sizes in {named} alone: {model_type[:60]} is not declared"
    )


_WRAPPERS: dict[str, dict[str, Callable[[Fields, Fields, int], int | None]]] = {
    "vision": {
        "qwen2_vl": wrap.qwen2,
        "qwen2_5_vl": wrap.qwen2_5,
        **dict.fromkeys(
            ("qwen3_vl", "qwen3_vl_moe", "qwen3_5", "qwen3_5_moe", "cosmos3_omni", "cohere_compass", "qwen4_exp"),
            wrap.qwen3,
        ),
        **dict.fromkeys(("gemma3", "shieldgemma2", "t5gemma2"), wrap.gemma3),
        "paligemma": wrap.paligemma,
        "llava": wrap.llava,
        **dict.fromkeys(("llava_next", "llava_next_video", "llava_onevision"), wrap.llava_next),
        "vipllava": wrap.vipllava,
        "video_llava": wrap.video_llava,
        **dict.fromkeys(("mistral3", "lighton_ocr", "mistral_large4"), wrap.mistral3),
        **dict.fromkeys(("idefics3", "smolvlm"), wrap.idefics3),
        **dict.fromkeys(("internvl", "qianfan_ocr"), wrap.internvl),
        "cohere2_vision": wrap.cohere2,
        "aya_vision": wrap.aya,
        "llama4": wrap.llama4,
        "mllama": wrap.mllama,
        **dict.fromkeys(("glm4v", "glm4v_moe", "glm46v", "glmga"), wrap.glm4v),
        "kimi_k25": wrap.kimi,
        "step3p7": wrap.step3,
        "ovis2": wrap.ovis2,
        "lfm2_vl": wrap.lfm2,
        "paddleocr_vl": documents.paddle_ocr,
        "deepseek_vl": wrap.deepseek_vl,
        "glm_ocr": documents.glm_ocr,
        "ernie4_5_vl_moe": wrap.ernie,
        **dict.fromkeys(("gemma4", "diffusion_gemma"), wrap.gemma4),
        "exaone4_5": wrap.exaone4_5,
        "hyperclovax_vision_v2": wrap.hyperclovax,
        "glm5_next": wrap.glm5,
        "cosmos3_edge": wrap.cosmos3_edge,
        **dict.fromkeys(("minicpmv4_6", "minicpmv4_7", "minicpm_ocr"), wrap.minicpm_v),
        "minimax_m3_vl": wrap.minimax_m3,
        **dict.fromkeys(("muse_glimmer", "muse_spark"), wrap.muse_glimmer),
        "nemotron_h_omni": wrap.nemotron_omni,
        "video_llama_3": wrap.video_llama3,
        "lfm3_vl": wrap.lfm3,
        "hunyuan_vl": wrap.hunyuan,
        "hy_v4_vl": wrap.hunyuan4,
        "modernvbert": wrap.modernvbert,
        "granite_docling": documents.granite_docling,
        **dict.fromkeys(("got_ocr2", "pp_chart2table"), documents.got_ocr2),
        "deepseek_ocr2": documents.deepseek_ocr2,
        "unlimited_ocr": documents.unlimited_ocr,
        "deepseek_vl_hybrid": documents.deepseek_vl_hybrid,
        "kosmos-2": documents.kosmos2,
        "kosmos-2.5": documents.kosmos2_5,
        **dict.fromkeys(("inkling2", "inkling2_loop"), wrap.inkling2),
        "inkling_mm_model": inkling,
        "phi4_multimodal": wrap.phi4,
        "dots3_note": wrap.dots3,
        **dict.fromkeys(("blip-2", "instructblip", "instructblipvideo"), resamplers.blip2),
        "granite4_vision": resamplers.granite4,
        "idefics2": resamplers.idefics2,
        "aria": resamplers.aria,
        "molmo2": resamplers.molmo2,
        "gemma3n": convolutions.gemma3n,
        "fast_vlm": convolutions.fast_vlm,
        "florence2": convolutions.florence2,
        "janus": convolutions.janus,
        "qwen2_5_omni_thinker": wrap.qwen2_5,
        "qwen3_omni_moe_thinker": wrap.qwen3,
    },
    "audio": {
        "qwen2_audio": audio.qwen2_audio,
        "voxtral": audio.voxtral,
        **dict.fromkeys(("audioflamingo3", "musicflamingo"), audio.audio_flamingo),
        "qwen3_asr": audio.qwen3_asr,
        "glmasr": audio.glmasr,
        "moss_transcribe_diarize": audio.moss,
        "voxtral_realtime": audio.voxtral_realtime,
        "omniasr": audio.omniasr,
        "fun_asr_nano": audio.fun_asr,
        "phi4_multimodal": audio.phi4,
        "muse_spark": audio.muse_spark,
        "dots3_note": audio.dots3,
        "inkling_mm_model": audio.inkling,
        "gemma3n": audio.gemma3n,
        "gemma4": audio.gemma4,
        "qwen2_5_omni_thinker": audio.qwen2_5_omni,
        "qwen3_omni_moe_thinker": audio.qwen3_omni,
    },
    "encoder": dict.fromkeys(("granite_speech", "granite_speech_plus"), resamplers.granite_speech),
    "acoustic_tokenizer_encoder": {"vibevoice_asr": audio.vibevoice_asr},
}
_OPTIONAL = ("gemma4", "t5gemma2")  # whose files may be of the language model alone
_WITHOUT_CONFIG = {"fuyu": wrap.fuyu}
# groups of fields that a wrapper's towers read beside their own
_BESIDE = ("qformer_config", "projector_config", "perceiver_config", "adapter_config", "adaptor_config",
           "high_res_vision_config", "vq_config", "semantic_tokenizer_encoder_config")  # fmt: skip
# what Qwen's omni models speak with: engines that answer in text do not load it
_SPEAKING = ("talker_config", "token2wav_config", "code2wav_config")
