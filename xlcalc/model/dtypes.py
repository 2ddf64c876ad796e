"""Number formats and the bits that one element takes, scales included."""

from __future__ import annotations

from typing import NamedTuple


class DType(NamedTuple):
    """A number format: its name and effective bits an element."""

    name: str
    bits: float

    @property
    def bytes(self) -> float:
        return int(self.bits) // 8 if self.bits % 8 == 0 else self.bits / 8


# Block formats carry scales: mxfp4 and mxfp8 8 bits for 32 elements, nvfp4 8 bits for 16 (OCP MX specification 1.0;
# NVIDIA NVFP4), nf4 with double quantisation 8 bits for 64 and 32 for 64 x 256 (Dettmers et al. 2023, section 3).
# GPTQ and AWQ have a 16-bit scale and a zero point as wide as an element for a group of 128 (g32: 32), the int4 groups
# of compressed-tensors the scale alone. MLX has a 16-bit scale and a 16-bit offset for a group of 64, in embeddings and
# heads too (ml-explore/mlx-lm, mlx_lm/convert.py).
_BITS = {
    "fp32": 32, "tf32": 32, "bf16": 16, "fp16": 16, "fp8": 8, "int8": 8, "fp4": 4, "int4": 4,
    "nvfp4": 4.5, "mxfp4": 4.25, "mxfp8": 8.25, "nf4": 4 + 8 / 64 + 32 / (64 * 256),
    "gptq": 4 + 20 / 128, "gptq_g32": 4 + 20 / 32, "gptq_8bit": 8 + 24 / 128, "awq": 4 + 20 / 128,
    "int4_g128": 4 + 16 / 128, "int4_g32": 4 + 16 / 32, "mlx_4bit": 4 + 32 / 64, "mlx_8bit": 8 + 32 / 64,
}  # fmt: skip
# llama.cpp block formats, by their block layouts (ggml-common.h), and mixes of them, by the bits a weight of
# Llama-3.1-8B that its quantisation guide lists (ggml-org/llama.cpp, tools/quantize/README.md, read 2026-11-24; q3_k_m,
# which it leaves out, by the rules in gguf.py).
_GGUF_BITS = {
    "q4_0": 4.5, "q4_1": 5, "q5_0": 5.5, "q5_1": 6, "q8_0": 8.5,
    "q2_k": 3.1593, "q3_k_s": 3.6429, "q3_k_m": 3.996, "q3_k_l": 4.2979, "q4_k_s": 4.6672, "q4_k_m": 4.8944,
    "q5_k_s": 5.5704, "q5_k_m": 5.7036, "q6_k": 6.5633, "iq4_nl": 4.6818, "iq4_xs": 4.4597,
}  # fmt: skip

DTYPES = {name: DType(name, bits) for name, bits in (_BITS | _GGUF_BITS).items()}
GGUF = frozenset(_GGUF_BITS)
_OTHER_NAMES = {
    "float32": "fp32", "float16": "fp16", "half": "fp16", "bfloat16": "bf16", "e4m3": "fp8", "e5m2": "fp8",
    "fp8_e4m3": "fp8", "fp8_e5m2": "fp8", "q4_k": "q4_k_m", "q5_k": "q5_k_m",
}  # fmt: skip


def named(name: str) -> DType | None:
    """The format of a name in lower case with underscores, or None."""
    return DTYPES.get(_OTHER_NAMES.get(name, name))
