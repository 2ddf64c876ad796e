"""What llama.cpp's quantised files hold: the mixes give each tensor a type by its role, layer and width.

Source: llama_tensor_get_type_impl and the fallbacks for odd widths in ggml-org/llama.cpp, src/llama-quant.cpp, without
an importance matrix; block layouts in ggml/src/ggml-common.h (read 2026-11-24).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from xlcalc.model.architecture import Architecture
from xlcalc.model.layers import Layer, Linear, Vector

# bits an element of each block type, scales and minima included
BLOCK_BITS = {
    "f32": 32, "f16": 16, "q8_0": 8.5, "q5_1": 6, "q5_0": 5.5, "q4_1": 5, "q4_0": 4.5, "iq4_nl": 4.5, "iq4_xs": 4.25,
    "q6_k": 6.5625, "q5_k": 5.5, "q4_k": 4.5, "q3_k": 3.4375, "q2_k": 2.625, "q8_k": 9.125, "bf16": 16, "mxfp4": 4.25,
    "iq3_s": 3.4375, "iq3_xxs": 3.0625, "iq2_s": 2.5625, "iq2_xs": 2.3125, "iq2_xxs": 2.0625, "iq1_m": 1.75,
    "iq1_s": 1.5625, "tq1_0": 1.6875, "tq2_0": 2.0625,
}  # fmt: skip
# super-blocks of 256 need rows that they divide; these, of 32, stand in where they do not
_FALLBACK = {"iq4_xs": "iq4_nl", "q2_k": "q4_0", "q3_k": "q4_0", "q4_k": "q5_0", "q5_k": "q5_1", "q6_k": "q8_0"}
# families whose files keep queries, keys and values in one tensor
_FUSED = frozenset(("bloom", "dbrx", "falcon", "gpt2", "gpt_bigcode", "gpt_neox", "mpt", "phi", "phi3", "qwen"))

Where = Callable[[int, int], bool]


class Rule(NamedTuple):
    """A type for those of n tensors of a role whose position it covers."""

    type: str
    where: Where


def _everywhere(i: int, n: int) -> bool:
    return True


def _more_bits(i: int, n: int) -> bool:
    """The first and last eighth of the layers and every third between."""
    return i < n // 8 or i >= 7 * n // 8 or (i - n // 8) % 3 == 2


def _first(count: int) -> Where:
    return lambda i, n: i < count


def _first_part(parts: int) -> Where:
    return lambda i, n: i < n // parts


class Mix(NamedTuple):
    """The type of most tensors, and rules for some roles, the first that covers a tensor deciding.

    `v_grouped` is the type of values where at least four query heads share one key/value head; `o_of_8` that of
    attention's output in models of eight experts, which get q8_0 for keys and values besides.
    """

    base: str
    v: tuple[Rule, ...] = ()
    down: tuple[Rule, ...] = ()
    o: str = ""
    qkv: str = ""
    v_grouped: str = ""
    o_of_8: str = ""


_MORE_Q6 = (Rule("q6_k", _more_bits),)
_ALL_Q5, _ALL_Q3 = (Rule("q5_k", _everywhere),), (Rule("q3_k", _everywhere),)
_EIGHTH_Q5 = (Rule("q5_k", _first_part(8)),)

MIXES = {
    "q4_0": Mix("q4_0"), "q4_1": Mix("q4_1"), "q5_0": Mix("q5_0"), "q5_1": Mix("q5_1"), "q8_0": Mix("q8_0"),
    "q2_k": Mix("q2_k", v=_ALL_Q3, down=_ALL_Q3, o="q3_k", v_grouped="q4_k", o_of_8="q5_k"),
    "q3_k_s": Mix("q3_k", o_of_8="q5_k"),
    "q3_k_m": Mix(
        "q3_k", v=(Rule("q5_k", _first(2)), Rule("q4_k", _everywhere)),
        down=(Rule("q5_k", _first_part(16)), Rule("q4_k", _everywhere)), o="q4_k", qkv="q4_k", o_of_8="q5_k",
    ),
    "q3_k_l": Mix("q3_k", v=_ALL_Q5, down=_ALL_Q5, o="q5_k", qkv="q4_k"),
    "q4_k_s": Mix("q4_k", v=(Rule("q5_k", _first(4)),), down=_EIGHTH_Q5, o_of_8="q5_k"),
    "q4_k_m": Mix("q4_k", v=_MORE_Q6, down=_MORE_Q6, qkv="q5_k", o_of_8="q5_k"),
    "q5_k_s": Mix("q5_k"),
    "q5_k_m": Mix("q5_k", v=_MORE_Q6, down=_MORE_Q6, qkv="q6_k"),
    "q6_k": Mix("q6_k"),
    "iq4_nl": Mix("iq4_nl", down=_EIGHTH_Q5, v_grouped="q5_k", o_of_8="q5_k"),
    "iq4_xs": Mix("iq4_xs", down=_EIGHTH_Q5, v_grouped="q5_k", o_of_8="q5_k"),
}  # fmt: skip


class Tensors(NamedTuple):
    """What of a model the mixes look at, and how each of its tensors is stored: eight experts, query heads for each of
    keys and values, layers, the width of the ends, a tied head, queries, keys and values in one tensor."""

    mix: Mix
    of_eight: bool
    heads_per_group: float
    n_layers: int
    n_values: int
    width: int
    tied: bool
    fused: bool

    def types(self, matrix: Linear, layer: int, times: int, values: int) -> list[str]:
        """The type of a matrix in each of `times` layers from `layer` on, before which `values` have had values."""
        role = "qkv" if self.fused and matrix.role in ("q", "k", "v") else matrix.role
        first, n = (values, self.n_values) if role == "v" else (layer, self.n_layers)
        if role not in ("v", "down"):
            return [_fitting(self._type(role, first, n), matrix.d_in)] * times
        return [_fitting(self._type(role, i, n), matrix.d_in) for i in range(first, first + times)]

    def outer_type(self, matrix: Linear) -> str:
        """The type of a matrix outside the layers."""
        return _fitting(self._output_type(), matrix.d_in)

    def vector_type(self, vector: Vector) -> str:
        """Rows looked up by token take the head's type where they are the head; the rest is in single precision."""
        if not vector.by_token:
            return "f32"
        return _fitting(self._output_type() if self.tied else self.mix.base, self.width)

    def _type(self, role: str, i: int, n: int) -> str:
        """The type that the mix means for a tensor, before its width is looked at."""
        mix = self.mix
        if role in ("router", "shared_gate"):
            return "f32"
        if role in ("v", "k") and self.of_eight:
            return "q8_0"
        if role == "o":
            return (mix.o_of_8 if self.of_eight else mix.o) or mix.base
        if role == "qkv":
            return mix.qkv or mix.base
        if role == "v" and mix.v_grouped and self.heads_per_group >= 4:
            return mix.v_grouped
        rules = mix.v if role == "v" else mix.down if role == "down" else ()
        chosen = next((rule.type for rule in rules if rule.where(i, n)), mix.base)
        if role == "v" and chosen in ("q3_k", "q4_k") and self.n_layers == 80 and self.heads_per_group > 1:
            return "q5_k"  # the 70B models: eight heads share the values, so that more bits cost little
        return chosen

    def _output_type(self) -> str:
        blocks = 256 if self.mix.base in _FALLBACK else 32
        return "q8_0" if self.mix.base == "q8_0" or self.width % blocks else "q6_k"


def tensors(architecture: Architecture, mix_name: str, model_type: str = "") -> Tensors:
    """How a file in one of the MIXES stores a model."""
    of_eight = any(m.part == "experts" and m.copies == 8 for _, m in architecture.linears())
    widths = {m.role: (m.d_in, m.d_out) for _, m in architecture.linears() if m.role in ("v", "o")}
    grouped = widths["o"][0] / widths["v"][1] if len(widths) == 2 else 1
    head = architecture.head
    return Tensors(
        MIXES[mix_name],
        of_eight,
        grouped,
        architecture.n_layers,
        sum(layer.times for layer in architecture.layers if has_values(layer)),
        head.d_in,
        not head.copies,
        model_type in _FUSED,
    )


def file_bits(types: Mapping[str, int]) -> float | None:
    """Bits an element of a file's tensors, by how many elements are in which type, those in single precision left out;
    None where a type is not known."""
    packed = {name: n for name, n in types.items() if name != "f32"}
    if not packed or not packed.keys() <= BLOCK_BITS.keys():
        return None
    return sum(BLOCK_BITS[name] * n for name, n in packed.items()) / sum(packed.values())


def has_values(layer: Layer) -> bool:
    """Whether a layer has a matrix for values, by whose number among its like some mixes choose."""
    return any(matrix.role == "v" for matrix in layer.linears())


def _fitting(name: str, width: int) -> str:
    """The type itself, or what stands in for it in rows that its blocks do not divide."""
    if name in _FALLBACK and width % 256:
        name = _FALLBACK[name]
    return name if name == "f32" or not width % 32 else "f16"
