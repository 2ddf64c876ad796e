"""The model catalog: published configurations by name."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

from xlcalc.catalog import tables, user
from xlcalc.catalog.names import Names, NotInCatalog, Reading, key
from xlcalc.model.format_names import FILE, QUANTISED, stated_format
from xlcalc.model.spec import ModelSpec

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
    text = re.sub(r"-v\d:\d$", "", FILE.sub("", name.casefold().rpartition("/")[2]))  # a version on Amazon Bedrock
    text = QUANTISED.sub(" ", text)
    text = re.sub(r"(?<!\d)(\d)_(\d)(?=b?(?![a-z0-9]))", r"\1.\2", text)  # 3_3
    text = re.sub(r"(?<![\d.])(\d)-(\d)(?=-\d)", r"\1.\2", text)  # 3-1-8b
    text = re.sub(r"(?<=\d)(?=vl\b)", "-", text)  # qwen2.5vl
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
    named = ("id", "name", "hf_id", "organisation", "released", "license", "source", "as_of")
    fields: dict[str, Any] = {name: row[name] for name in named}
    fields["context"] = int(float(row["context"])) if row["context"] else None
    fields["config"] = tables.config(model_id)
    model = ModelSpec(**fields)
    if model.context is None and user.is_own(row):  # no card is there that could say less
        return replace(model, context=model.text_config.get("max_position_embeddings"))
    return model


def _sold(name: str) -> NotInCatalog | None:
    """What to say of a model that is known by its price alone; nothing where the name could be another's."""
    if key(name) in _api_models():
        return NotInCatalog("is sold as an API, and its configuration is not in the catalog; LLM_API_COST prices it")
    return None


@cache
def _api_models() -> frozenset[str]:
    return frozenset(key(row["id"].rpartition("/")[2]) for row in tables.rows("api_prices"))


@cache
def _releases() -> dict[str, dict[str, Any]]:
    """Releases whose files leave other matrices out of their format than usual, by what they are called."""
    fields = ((row["hf_id"], json.loads(row["quantization_config"])) for row in tables.shipped("releases"))
    return {name.casefold(): {"quantization_config": own} for name, own in fields}


@lru_cache(maxsize=1024)
def find(name: str) -> ModelSpec:
    """The model that a name means, in the format that the name states (-FP8, -AWQ, Q4_K_M ...), if it states one.

    Raises NotInCatalog with the nearest names.
    """
    try:
        model, stated = by_id(names().find(name)), stated_format(name)
    except NotInCatalog as error:
        raise _sold(name) or error from None
    release = _releases().get(name.strip().casefold())
    if release is not None:
        return replace(model, config={**model.config, **release})
    if not stated or stated == model.checkpoint.dtype.name:
        return model
    return replace(model, stated_format=stated)
