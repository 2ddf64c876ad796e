"""The number format of the weights that a name of a file or a repository states: -FP8, -AWQ, -GPTQ-Int4, Q4_K_M ..."""

from __future__ import annotations

import re
from functools import lru_cache

from xlcalc.model.dtypes import named

# what files and repositories of quantised weights add to a model's name: llama.cpp types, formats, bits, tools
_LLAMA_CPP = r"i?q[1-8](?:_[0-9ksml]|_xs|_xxs|_xl|_nl){0,3}|tq[12]_0"
_FORMATS = (
    r"gptq|awq|nvfp4|mxfp4|mxfp8|(?:nf|fp|int)4|(?:fp|int)8|bf16|fp16|f16|fp32|f32|float16|bfloat16"
    r"|w[48]a(?:4|8|16)|[2-8]-?bits?|\d+(?:\.\d+)?bpw|exl[23]|g(?:32|64|128)|(?:32|64|128)g"
)
QUANTISED = re.compile(rf"(?<![a-z0-9])(?:{_LLAMA_CPP}|{_FORMATS})(?![a-z0-9])")
FILE = re.compile(r"(?:-\d{5}-of-\d{5})?\.(?:gguf|ggml|safetensors|bin)$")
_STATED = {
    "f16": "fp16", "f32": "fp32", "float16": "fp16", "bfloat16": "bf16", "w4a16": "int4_g128", "w8a16": "int8",
    "w8a8": "int8", "fp4": "nvfp4",
}  # fmt: skip


def bits_per_weight(said: str) -> float:
    """The number before bpw, as EXL2 and EXL3 name their files; 0 where there is none."""
    return float(said.removesuffix("bpw")) if said.endswith("bpw") else 0.0


@lru_cache(maxsize=1024)
def stated_format(name: str) -> str:
    """The number format of the weights that a name of a file or a repository states; empty where it states none.

    >>> stated_format("bartowski/Llama-3.1-8B-Instruct-GGUF:Q4_K_M"), stated_format("Qwen3-32B-AWQ")
    ('q4_k_m', 'awq')
    >>> stated_format("mlx-community/Qwen3-4B-4bit"), stated_format("turboderp/Llama-3.1-8B-exl2:4.25bpw")
    ('mlx_4bit', '4.25bpw')
    """
    own = FILE.sub("", name.casefold().rpartition("/")[2])
    said = QUANTISED.findall(own)
    if "gptq" in said:
        return "gptq_8bit" if {"int8", "8bit", "8-bit"} & set(said) else "gptq_g32" if "32g" in said else "gptq"
    if "bnb" in own and {"4bit", "4-bit"} & set(said):
        return "nf4"
    if "mlx" in name.casefold():
        return "mlx_4bit" if {"4bit", "4-bit"} & set(said) else "mlx_8bit" if {"8bit", "8-bit"} & set(said) else ""
    if exact := [text for text in said if text.endswith("bpw")]:
        return f"{bits_per_weight(exact[0]):g}bpw"
    known = {found.name for text in said if (found := named(_STATED.get(text, text)))}
    return "awq" if "awq" in known else known.pop() if len(known) == 1 else ""
