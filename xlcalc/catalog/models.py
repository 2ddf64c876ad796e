"""The model catalog: published configurations by name."""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache

from xlcalc.catalog import tables
from xlcalc.catalog.names import Names, Reading
from xlcalc.model.dtypes import named
from xlcalc.model.spec import ModelSpec

# what files and repositories of quantised weights add to a model's name: llama.cpp types, formats, bits, tools
_LLAMA_CPP = r"i?q[1-8](?:_[0-9ksml]|_xs|_xxs|_xl|_nl){0,3}|tq[12]_0"
_FORMATS = (
    r"gptq|awq|nvfp4|mxfp4|mxfp8|(?:nf|fp|int)4|(?:fp|int)8|bf16|fp16|f16|fp32|f32|float16|bfloat16"
    r"|w[48]a(?:4|8|16)|[2-8]-?bits?|\d+(?:\.\d+)?bpw|exl[23]|g(?:32|64|128)|(?:32|64|128)g"
)
_QUANTISED = re.compile(rf"(?<![a-z0-9])(?:{_LLAMA_CPP}|{_FORMATS})(?![a-z0-9])")
_FILE = re.compile(r"(?:-\d{5}-of-\d{5})?\.(?:gguf|ggml|safetensors|bin)$")
_STATED = {
    "f16": "fp16", "f32": "fp32", "float16": "fp16", "bfloat16": "bf16", "w4a16": "int4_g128", "w8a16": "int8",
}  # fmt: skip
_PACKAGED = """
    gguf ggml mlx bnb unsloth ud imat imatrix i1 quantized quantised quant quants dynamic static marlin qat autoround
    autoawq torchao hqq aqlm onnx openvino ov turbomind smoothquant block per tensor channel kv latest
    model meta nvidia mistralai google microsoft openai facebook ibm cohere
"""
_TUNED = "instruct chat it base pt hf text"
_SIZE = re.compile(r"(?:\d+x)?\d+(?:\.\d+)?[bmt]")


def _plain(name: str) -> str:
    """A model's name without organisation, file ending and quantisation, its version with a dot.

    >>> _plain("unsloth/Llama-3_3-70B-Instruct-Q4_K_M.gguf").strip(" -")
    'llama-3.3-70b-instruct'
    """
    text = re.sub(r"-v\d:\d$", "", _FILE.sub("", name.casefold().rpartition("/")[2]))  # a version on Amazon Bedrock
    text = _QUANTISED.sub(" ", text)
    text = re.sub(r"(?<!\d)(\d)_(\d)(?=b?(?![a-z0-9]))", r"\1.\2", text)  # 3_3
    text = re.sub(r"(?<![\d.])(\d)-(\d)(?=-\d)", r"\1.\2", text)  # 3-1-8b
    return re.sub(r"(?<![a-z])v(\d+)(?:p(\d))?(?![a-z0-9])", lambda v: v[1] + (f".{v[2]}" if v[2] else ""), text)


def _told(typed: frozenset[str], missing: frozenset[str]) -> bool:
    """A size and a version were typed, and only words without figures are missing: deepseek r1 32b, of Qwen."""
    figures = [word for word in typed if any(map(str.isdigit, word))]
    return len(figures) > 1 and any(map(_SIZE.fullmatch, figures)) and all(map(str.isalpha, missing))


_READING = Reading(
    _plain,
    dropped=(frozenset(_PACKAGED.split()), frozenset(f"{_PACKAGED} {_TUNED}".split())),
    optional=re.compile(r"a\d+(?:\.\d+)?b"),  # the parameters that a token meets: qwen3:30b is qwen3-30b-a3b
    told=_told,
)


@cache
def names() -> Names:
    """What people call the models of the catalog."""
    return Names(tables.rows("models"), ("name", "hf_id"), _READING)


@cache
def by_id(model_id: str) -> ModelSpec:
    """The model of an id of the catalog, its derived counts kept between calls."""
    row = tables.by_id("models")[model_id]
    fields = {k: row[k] for k in ("id", "name", "hf_id", "organisation", "released", "license", "source", "as_of")}
    context = int(float(row["context"])) if row["context"] else None
    return ModelSpec.model_validate({**fields, "context": context, "config": json.loads(tables.config_text(model_id))})


def find(name: str) -> ModelSpec:
    """The model that a name means. Raises NotInCatalog with the nearest names."""
    model = by_id(names().find(name))
    stated = stated_format(name)
    return model.model_copy(update={"stated_format": stated}) if stated else model


@lru_cache(maxsize=1024)
def stated_format(name: str) -> str:
    """The number format of the weights that a name of a file or a repository states; empty where it states none.

    >>> stated_format("bartowski/Llama-3.1-8B-Instruct-GGUF:Q4_K_M"), stated_format("Qwen3-32B-AWQ")
    ('q4_k_m', 'awq')
    """
    said = _QUANTISED.findall(_FILE.sub("", name.casefold().rpartition("/")[2]))
    if "gptq" in said:
        return "gptq_8bit" if {"int8", "8bit", "8-bit"} & set(said) else "gptq_g32" if "32g" in said else "gptq"
    known = {found.name for text in said if (found := named(_STATED.get(text, text)))}
    return "awq" if "awq" in known else known.pop() if len(known) == 1 else ""
