"""What a model's publisher says of the number formats of its weights: the one reader of `quantization_config`.

Fields as transformers (utils/quantization_config.py), compressed-tensors, modelopt, AutoGPTQ, GPTQModel, AutoRound, HQQ
and Quark write them, and DeepSeek-V4's `expert_dtype` (read 2026-11-27).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from xlcalc.model.dtypes import DTYPES, DType, named
from xlcalc.model.format_names import bits_per_weight, stated_format
from xlcalc.model.gguf import file_bits
from xlcalc.model.modules import Patterns

_TEXT_PARTS = ("text_config", "llm_config", "language_config", "thinker_config")
# lists of modules that stay as they are
_IGNORED = ("modules_to_not_convert", "ignore", "ignored_layers", "exclude_modules", "exclude", "llm_int8_skip_modules",
            "skip_modules", "modules_to_not_quantize")  # fmt: skip
_WIDEST = 32  # bits of an element
_EXL_HEAD_BITS = 6  # of EXL2 and EXL3 where nothing else is asked (exllamav2, exllamav3: convert.py, head_bits)
_FP8_SCALE_BITS = 32  # of a block, where the configuration names one (DeepSeek-V3, README_WEIGHTS.md)
_TORCH = {
    "float32": "fp32", "float": "fp32", "float16": "fp16", "half": "fp16", "bfloat16": "bf16", "float8_e4m3fn": "fp8",
    "float8_e5m2": "fp8", "float8_e4m3fnuz": "fp8", "float8_e5m2fnuz": "fp8", "auto": "bf16",
}  # fmt: skip


class Override(NamedTuple):
    """Modules that a checkpoint stores with other bits than the rest."""

    modules: Patterns
    bits: float


class Checkpoint(NamedTuple):
    """The format that a model is published in, why it is taken for that, and which matrices differ from it.

    `ignored` modules stay in 16 bit; `only` those are quantised where it is set; of `overrides` the first that covers a
    matrix counts. `scale_bits` are those of blocks of fp8, an element; `expert_bits` those of experts where they have
    a format of their own. `head_bits` are those of the head where a publisher quantises it too, `file_bits` those of
    a GGUF file's tensors that are not in single precision, on average. `is_unknown` where a
    quantization_config names a method that is not understood: nobody can say then how wide the weights are.
    """

    dtype: DType
    why: str
    ignored: Patterns = Patterns(())
    only: Patterns = Patterns(())
    overrides: tuple[Override, ...] = ()
    scale_bits: float = 0
    expert_bits: float | None = None
    experts_alone: bool = False
    head_bits: float | None = None
    file_bits: float | None = None
    is_unknown: bool = False


PLAIN = Checkpoint(DTYPES["bf16"], "16 bit")  # of a model that somebody else quantises anew


def checkpoint(config: Mapping[str, Any], stated: str = "", name: str = "") -> Checkpoint:
    """What a Hugging Face configuration (or its text part) says of its format.

    A format `stated` by the name that was asked for counts before it, one that the model's own `name` states after its
    quantization_config.
    """
    text = next((found for part in _TEXT_PARTS if (found := _group(config, part))), {})
    own = _group(config, "quantization_config") or _group(text, "quantization_config")
    own = own or _group(config, "compression_config") or _group(text, "compression_config")
    own = own or _group(config, "quantization") or _group(text, "quantization")  # as MLX writes it
    rules = _quantised(own) if own else None
    said = stated or (stated_format(name) if rules is None else "")
    if said and (rules is None or rules.dtype.name != said):
        if bits := bits_per_weight(said):
            return Checkpoint(DType(said, bits), f"the name states {said}", head_bits=_EXL_HEAD_BITS)
        return Checkpoint(DTYPES[said], f"the name states {said}")
    if rules is None and (types := _group(config, "gguf_types")):
        return _of_gguf(types, str(config.get("gguf_file_type", "")))
    if rules is None:
        torch = next((t for part in (text, config) for f in ("dtype", "torch_dtype") if (t := part.get(f))), None)
        if own and _names_method(own):
            return PLAIN._replace(why=f"quantization_config: {_method(own)}, which is not understood", is_unknown=True)
        if torch is None:
            return PLAIN._replace(why="no format is named: bf16")
        plain = DTYPES.get(_TORCH.get(str(torch).removeprefix("torch."), str(torch)))
        if plain is None:
            return PLAIN._replace(why=f"torch_dtype: {str(torch)[:40]}, which is not understood", is_unknown=True)
        return Checkpoint(plain, f"torch_dtype: {torch}")
    expert = _FORMS.get(str((text or config).get("expert_dtype") or config.get("expert_dtype") or ""))
    why = f"quantization_config: {_method(own)}"
    return rules._replace(why=why, expert_bits=expert.bits if expert else rules.expert_bits)


def _of_gguf(types: Mapping[str, Any], file_type: str) -> Checkpoint:
    """What the tensors of a GGUF file say, by the name of its mix, or without one of the type of most elements."""
    bits, commonest = file_bits(types), max(types, key=lambda name: types[name])
    if bits is None:
        why = f"types of the GGUF file's tensors: {', '.join(types)[:80]}, which are not all understood"
        return PLAIN._replace(why=why, is_unknown=True)
    if mix := DTYPES.get(file_type):
        return Checkpoint(mix, f"general.file_type of the GGUF file: {mix.name}", file_bits=bits)
    dtype = named(commonest) or DType(commonest, bits)
    return Checkpoint(dtype, f"most of the GGUF file's tensors: {commonest}", file_bits=bits)


_FORMS = {"fp4": DTYPES["mxfp4"], "mxfp4": DTYPES["mxfp4"], "nvfp4": DTYPES["nvfp4"], "fp8": DTYPES["fp8"]}


def _method(own: Mapping[str, Any]) -> str:
    return str(own.get("quant_method") or own.get("quant_algo") or "unnamed")[:40]


def _names_method(own: Mapping[str, Any]) -> bool:
    """Whether weights are said to be quantised, by whatever method; bitsandbytes may be there and load 16 bit."""
    own = _group(own, "quantization") or own
    said = own.get("quant_method") or own.get("quant_algo") or own.get("bits") or own.get("w_bit")
    return bool(said) and str(said).casefold() not in ("bitsandbytes", "none")


def _group(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = fields.get(name)
    return found if isinstance(found, Mapping) else {}


def _names(fields: Mapping[str, Any], *keys: str) -> list[str]:
    """The texts of all lists of modules under these keys."""
    found: list[str] = []
    for key in keys:
        value = fields.get(key)
        if isinstance(value, (list, tuple)):
            found += [name for name in value if isinstance(name, str)]
    return found


_OF_GPTQ = frozenset(("desc_act", "sym", "damp_percent", "zero_point", "q_group_size", "w_bit"))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0 else 0.0


def _width(value: Any) -> float:
    """Bits of an element; 0 where there are none that weights could have."""
    bits = _number(value)
    return bits if bits <= _WIDEST else 0.0


def grouped(bits: float, group: float, *, zero_point: bool) -> float:
    """Bits of an element with a 16-bit scale for each group, and a zero point as wide as an element where there is one.

    A group of 0 is a whole row, whose scale is no more than noise.
    """
    return bits + ((16 + (bits if zero_point else 0)) / group if group > 0 else 0)


def _weights(weights: Mapping[str, Any], *, activations: bool) -> DType | None:
    """The format of a group of compressed-tensors, modelopt or Quark: bits, integers or floats, groups."""
    bits, kind = _width(weights.get("num_bits")), str(weights.get("type") or "int")
    group = _number(weights.get("group_size"))
    if not bits:
        return None
    if kind == "float" and bits == 4:
        return DTYPES["nvfp4" if group == 16 else "mxfp4"]
    if kind == "float" and bits == 8:
        return DTYPES["mxfp8"] if group == 32 else DTYPES["fp8"]
    if activations and bits == 8:
        return DTYPES["int8"]
    asymmetric = weights.get("symmetric") is False
    return _integers(f"int{bits:g}", bits, group, zero_point=asymmetric)


def _integers(name: str, bits: float, group: float, *, zero_point: bool) -> DType:
    """A format of integers, under the name of a known one where it is the same."""
    wide = grouped(bits, group, zero_point=zero_point)
    known = next((d for d in DTYPES.values() if d.name.startswith(name) and d.bits == wide and d.name != "int8"), None)
    label = name if name.endswith(f"{bits:g}") else f"{name}_{bits:g}bit"
    return known or DType(f"{label}_g{group:g}" if group else f"{label}_weights", wide)


def _quantised(own: Mapping[str, Any]) -> Checkpoint | None:
    """The rules of a quantization_config; None where it says nothing that is known, or 16 bit."""
    own = _group(own, "quantization") or own  # hf_quant_config.json
    method = str(own.get("quant_method") or "").casefold().replace("_", "-")
    algorithm = str(own.get("quant_algo") or "").upper()
    ignored = _names(own, *_IGNORED)
    quant_config = _group(own, "quant_config")
    ignored += _names(quant_config, *_IGNORED)
    if str(_group(own, "sparsity_config").get("format") or "dense") != "dense":
        return None
    if isinstance(own.get("dynamic"), Mapping):
        ignored += [f"re:{name[2:]}" for name in own["dynamic"] if str(name).startswith("-:")]
    base = Checkpoint(DTYPES["bf16"], "", Patterns(ignored))
    groups = [g for g in _group(own, "config_groups").values() if isinstance(g, Mapping)]
    if groups:
        found = _of_groups(base, groups)
        if found:
            return found
    if _group(own, "quantized_layers"):
        return _of_layers(base, _group(own, "quantized_layers"))
    dtype = _dtype(own, method, algorithm, quant_config)
    if dtype is None:
        return None
    block = own.get("weight_block_size")
    sides = [_number(side) for side in block] if isinstance(block, (list, tuple)) else []
    scale = _FP8_SCALE_BITS / (sides[0] * sides[1]) if len(sides) == 2 and all(sides) else 0
    overrides = tuple(_overrides(own))
    head = _width(own.get("head_bits")) or _EXL_HEAD_BITS if method in ("exl2", "exl3") else None
    if dtype.name.startswith("mlx"):
        overrides += tuple(_mlx_overrides(own))
        base = base._replace(ignored=Patterns([*ignored, *(name for name, how in own.items() if how is False)]))
    return base._replace(
        dtype=dtype, scale_bits=scale, overrides=overrides, experts_alone=method == "mxfp4", head_bits=head
    )


def _dtype(own: Mapping[str, Any], method: str, algorithm: str, inner: Mapping[str, Any]) -> DType | None:
    """The one format of a configuration without groups."""
    given = own.get("bits") or own.get("num_bits") or own.get("w_bit")
    bits, group = _width(given), _number(own.get("group_size"))
    if given and not bits:
        return None
    if "NVFP4" in algorithm or algorithm.startswith("W4A4") or method == "modelopt-fp4":
        return DTYPES["nvfp4"]
    if algorithm.startswith("MXFP8"):
        return DTYPES["mxfp8"]
    if algorithm.startswith("FP8") or method in ("fp8", "fbgemm-fp8", "modelopt"):
        return DTYPES["fp8"]
    if algorithm.startswith(("W4A16", "W4A8", "INT4")):
        return _integers("awq", 4, group or 128, zero_point=False)
    if method == "mxfp4":
        return DTYPES["mxfp4"]
    if not method and not algorithm and bits and group and not _OF_GPTQ & set(own):
        return _mlx(own, bits, group)
    if method == "awq":
        return _integers("awq", bits or 4, group or 128, zero_point=own.get("zero_point") is not False)
    if method in ("gptq", "gptq-marlin", "auto-round", "autoround", "intel/auto-round"):
        return _integers("gptq", bits or 4, group or (0 if own.get("group_size") else 128), zero_point=True)
    if method == "bitsandbytes":
        four = own.get("load_in_4bit") or own.get("_load_in_4bit")
        eight = own.get("load_in_8bit") or own.get("_load_in_8bit")
        double = own.get("bnb_4bit_use_double_quant")
        nf4 = DTYPES["nf4"] if double else DType("nf4_single", 4 + 32 / 64)  # a scale in single precision for 64
        return nf4 if four else DType("int8_weights", 8) if eight else None
    if method == "hqq":
        weights = _group(inner, "weight_quant_params")
        bits, group = _number(weights.get("nbits") or own.get("nbits")), _number(weights.get("group_size"))
        return DType(f"hqq_{bits:g}bit", bits + (32 / group if group else 0)) if bits else None
    if method == "quark":
        return _quark(_group(_group(own, "global_quant_config"), "weight"))
    if method == "torchao":
        return _torchao(own)
    if method == "compressed-tensors" and bits:
        return _weights({"num_bits": bits, "group_size": group}, activations=bool(own.get("activations")))
    return DType(f"{method or 'weights'}_{bits:g}bit", grouped(bits, group, zero_point=False)) if bits else None


def _mlx(own: Mapping[str, Any], bits: float, group: float) -> DType:
    """MLX's formats: a 16-bit scale and a 16-bit offset for each group, or a block format by its mode.

    ml-explore/mlx, python/mlx/nn/layers/quantized.py.
    """
    mode = str(own.get("mode") or "affine")
    wide = DTYPES[mode].bits if mode in ("mxfp4", "mxfp8", "nvfp4") else bits + 32 / group
    return DType(f"mlx_{bits:g}bit", wide)


def _mlx_overrides(own: Mapping[str, Any]) -> list[Override]:
    """Modules that an MLX file stores with other bits than the rest."""
    named: dict[float, list[str]] = {}
    for name, how in own.items():
        bits, group = (_width(how.get("bits")), _number(how.get("group_size"))) if isinstance(how, Mapping) else (0, 0)
        if bits and group:
            named.setdefault(_mlx(how, bits, group).bits, []).append(str(name))
    return [Override(Patterns(names), bits) for bits, names in named.items()]


def _quark(weight: Mapping[str, Any]) -> DType | None:
    kind, group = str(weight.get("dtype") or ""), _number(weight.get("group_size"))
    if kind.startswith("fp4"):
        return DTYPES["nvfp4" if group == 16 else "mxfp4"]
    if kind.startswith("fp8"):
        return DTYPES["fp8"]
    found = re.fullmatch(r"u?int(\d)", kind)
    return _integers("int", float(found[1]), group, zero_point=weight.get("symmetric") is False) if found else None


def _torchao(own: Mapping[str, Any]) -> DType | None:
    kind = str(own.get("quant_type") or "").casefold()
    if "float8" in kind or "fp8" in kind:
        return DTYPES["fp8"]
    group = re.search(r"group_size\D+(\d+)", kind)
    if "int4" in kind or "uintx" in kind:
        return _integers("int4", 4, float(group[1]) if group else 128, zero_point=True)
    return DType("int8_weights", 8) if "int8" in kind else None


def _of_groups(base: Checkpoint, groups: list[Mapping[str, Any]]) -> Checkpoint | None:
    """Groups of modules, each with a format of its own; the one for all matrices, else the first, is the model's."""
    formats = []
    for group in groups:
        activations = _number(_group(group, "input_activations").get("num_bits")) == 8
        dtype = _weights(_group(group, "weights"), activations=activations)
        if dtype:
            formats.append((_names(group, "targets"), dtype))
    if not formats:
        return None
    everywhere = next((dtype for targets, dtype in formats if not targets or "Linear" in targets), None)
    overrides = tuple(
        Override(Patterns(targets), dtype.bits) for targets, dtype in formats if targets and "Linear" not in targets
    )
    only = Patterns([]) if everywhere else Patterns([name for targets, _ in formats for name in targets])
    return base._replace(dtype=everywhere or formats[0][1], only=only, overrides=overrides)


def _of_layers(base: Checkpoint, layers: Mapping[str, Any]) -> Checkpoint | None:
    """modelopt's mixed precision: each module with its algorithm. The commonest is the model's format."""
    of_format: dict[DType, list[str]] = {}
    for name, how in layers.items():
        fields = how if isinstance(how, Mapping) else {}
        dtype = _dtype(fields, "", str(fields.get("quant_algo") or "").upper(), {})
        if dtype:
            of_format.setdefault(dtype, []).append(str(name))
    if not of_format:
        return None
    overrides = tuple(Override(Patterns(names), dtype.bits) for dtype, names in of_format.items())
    only = Patterns([name for names in of_format.values() for name in names])
    return base._replace(dtype=max(of_format, key=lambda d: len(of_format[d])), only=only, overrides=overrides)


def _overrides(own: Mapping[str, Any]) -> list[Override]:
    """Bits of single modules: GPTQModel's `dynamic`, AutoRound's `extra_config`, Quark's `layer_quant_config`."""
    found = []
    dynamic = _group(own, "dynamic")
    positive = {f"re:{str(n).removeprefix('+:')}": how for n, how in dynamic.items() if not str(n).startswith("-:")}
    for name, how in (positive | dict(_group(own, "extra_config"))).items():
        fields = how if isinstance(how, Mapping) else {}
        bits = _number(fields.get("bits"))
        if bits:
            group = _number(fields.get("group_size") or own.get("group_size"))
            found.append(Override(Patterns([name]), bits if bits >= 16 else grouped(bits, group, zero_point=True)))
    for name, how in _group(own, "layer_quant_config").items():
        dtype = _quark(_group(how, "weight")) if isinstance(how, Mapping) else None
        if dtype:
            found.append(Override(Patterns([name]), dtype.bits))
    return found
