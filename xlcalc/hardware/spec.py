"""AcceleratorSpec: one accelerator's figures in base units, blank where nobody published one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from sys import float_info
from typing import Any

from xlcalc.catalog import tables
from xlcalc.formula.arithmetic import is_recording
from xlcalc.formula.records import Keeping, checked_number, column

_PEAK_OF = {
    "fp32": "peak_fp32", "tf32": "peak_tf32", "bf16": "peak_bf16", "fp16": "peak_fp16", "fp8": "peak_fp8",
    "mxfp8": "peak_fp8", "int8": "peak_int8", "fp4": "peak_fp4", "nvfp4": "peak_fp4", "mxfp4": "peak_fp4",
    "int4": "peak_int4",
}  # fmt: skip
# the first word of a figure's name -> the field with its sources
_SOURCE_OF = {
    "peak": "peak_source", "sparse": "peak_source", "achievable": "achievable_source", "scale": "link_source",
    "devices": "link_source",
}  # fmt: skip
# the last word of a figure's name, else the first -> its unit
_UNIT_OF = {
    "bandwidth": "bytes/s", "peak": "FLOP/s", "sparse": "FLOP/s", "achievable": "FLOP/s", "memory": "bytes",
    "usable": "bytes", "scale": "bytes/s", "tdp": "watts",
}  # fmt: skip
_WHOLE = ("scale_up_domain", "devices_per_node")
# a column's unit suffix -> (base units in one, digits kept)
_SUFFIXES = {"_tflops": 1e12, "_tops": 1e12, "_gb_s": 1e9, "_gb": 1e9, "_mib": 2**20, "_w": 1}


@dataclass(frozen=True)
class AcceleratorSpec(Keeping):
    """Dense peaks in FLOP/s (or operations/s) per number format, bytes, bytes/s per direction, watts.

    `achievable_*` were measured by somebody and are not peaks. A row is one device as software sees it.
    """

    id: str = ""
    name: str = ""
    vendor: str = ""
    kind: str = ""
    released: str = ""
    architecture: str = ""
    peak_fp32: float | None = None
    peak_tf32: float | None = None
    peak_bf16: float | None = None
    peak_fp16: float | None = None
    peak_fp8: float | None = None
    peak_int8: float | None = None
    peak_fp4: float | None = None
    peak_int4: float | None = None
    sparse_bf16: float | None = None
    achievable_bf16: float | None = None
    achievable_fp8: float | None = None
    achievable_bandwidth: float | None = None
    memory: float | None = None
    usable: float | None = None
    bandwidth: float | None = None
    tdp: float | None = None
    scale_up: float | None = None
    scale_up_domain: int | None = None
    scale_out: float | None = None
    devices_per_node: int | None = None
    peak_source: str = ""
    achievable_source: str = ""
    device_source: str = ""
    link_source: str = ""
    as_of: str = ""
    remark: str = ""  # what the name that was given leaves to be said

    def __post_init__(self) -> None:
        for name in FIGURES:
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, checked_number(name, value, least=float_info.min, whole=name in _WHOLE))

    @classmethod
    def from_columns(cls, columns: Mapping[str, Any]) -> AcceleratorSpec:
        """From a catalog row or a sheet's block, whose names may carry a unit (`peak_bf16_tflops`, `memory_gb`)."""
        values: dict[str, Any] = {}
        for name, value in columns.items():
            suffix = next((s for s in _SUFFIXES if name.endswith(s) and name not in FIELDS), "")
            field = name.removesuffix(suffix)
            if value in ("", None) or field not in FIELDS:
                continue
            if suffix:
                value = round(checked_number(name, value, least=float_info.min) * _SUFFIXES[suffix], 6)
            values[field] = value if field in FIGURES else str(value)
        return cls(**values)

    @staticmethod
    def source_field(figure: str) -> str:
        """The field that names where a figure comes from."""
        return _SOURCE_OF.get(figure.partition("_")[0], "device_source")

    @staticmethod
    def unit(figure: str) -> str:
        """The unit of a figure: FLOP/s, bytes, bytes/s, watts; nothing for a count."""
        return _UNIT_OF.get(figure.rpartition("_")[2]) or _UNIT_OF.get(figure.partition("_")[0], "")

    @property
    def is_mesh(self) -> bool:
        """Whether its chips are linked to their neighbours alone, and one program divides a model over all of a slice:
        TPUs, as Pope et al. 2022 describe their serving."""
        return self.kind == "tpu"

    @property
    def pads_heads(self) -> bool:
        """Whether its engines add empty attention heads until the ranks divide them: those of TPUs (Pope et al. 2022,
        section 4) and of Neuron (aws-neuron, neuronx_distributed, parallel_layers/pad.py); others refuse."""
        return self.is_mesh or self.vendor == "AWS"

    def peak(self, dtype: str) -> float:
        """Dense peak for a number format, FLOP/s. Raises ValueError where the maker publishes none."""
        field = _PEAK_OF.get(dtype)
        value = getattr(self, field) if field else None
        if value is None:
            have = [d for d, f in _PEAK_OF.items() if getattr(self, f) is not None]
            raise ValueError(
                f"{self.id or 'the accelerator'} has no published {dtype} peak; it has {', '.join(have) or 'none'}"
            )
        assert field is not None
        return self._sourced(field, float(value))

    def figure(self, field: str) -> float:
        """One figure that must be there. Raises ValueError where nobody published it."""
        value = getattr(self, field)
        if value is None:
            raise ValueError(f"{self.id or 'the accelerator'} has no published {field}")
        return self._sourced(field, float(value))

    def _sourced(self, field: str, value: float) -> float:
        """A figure as a derivation shows it."""
        if not is_recording():
            return value
        label = f"{field.replace('_', ' ')} of {self.id or self.name or 'the accelerator'}"
        return column(field, value, label, self.unit(field) or "count", lambda: self._source(field))

    def _source(self, field: str) -> str:
        keys = getattr(self, self.source_field(field))
        return tables.source_text(keys, self.as_of) if keys else "given with the call"


FIELDS = {field.name: field.type for field in fields(AcceleratorSpec)}
FIGURES = frozenset(name for name, kind in FIELDS.items() if kind != "str")
