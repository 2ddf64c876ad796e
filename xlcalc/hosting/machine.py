"""What an accelerator and its links achieve while serving: rates for `operators`, from catalog/serving.csv.

Products in 16 bit reach a share of what was measured on the device (the catalog's achievable figure), and narrower
formats are as much faster as their peaks are, times a share of their own.
"""

from __future__ import annotations

from typing import NamedTuple

from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.hosting.constants import constant
from xlcalc.hosting.kept import Kept
from xlcalc.model.dtypes import DType


class Machine(NamedTuple):
    """FLOP/s of products (`matmul` quantised, `half` in 16 bit), of experts' (`grouped`; `weight_only` where 4-bit
    weights are widened for 16-bit products) and attention; bytes/s; seconds. `mesh`: each chip is linked to its
    neighbours alone."""

    matmul: float
    half: float
    grouped: float
    weight_only: float
    attention: float
    stream: float
    cache: float
    launch: float
    link: float
    link_latency: float
    scale_out: float
    domain: int
    quantised: bool
    tile: float
    wave: float
    host: float
    evenness: float
    mesh: bool


_machines: Kept[Machine] = Kept()


def machine(accelerator: AcceleratorSpec, dtype: DType) -> Machine:
    """The rates of an accelerator for weights of a format, kept for the last ones asked for."""
    found = _machines.get((accelerator,), dtype)
    return found if found is not None else _machines.put((accelerator,), dtype, _machine(accelerator, dtype))


def dense_format(accelerator: AcceleratorSpec) -> str:
    """The format of products that are not quantised: 16 bit, or 32 where no peak of a narrower one is published."""
    return "bf16" if accelerator.peak_bf16 else "fp16" if accelerator.peak_fp16 else "fp32"


def compute_format(accelerator: AcceleratorSpec, dtype: DType) -> str:
    """The format that products compute in: the weights' own where the accelerator has a peak for it, else the dense.

    4-bit formats other than nvfp4 are widened first, as engines do.
    """
    dense = dense_format(accelerator)
    if dtype.bits >= 16 or dtype.name in ("mxfp4", "int4", "nf4"):
        return dense
    try:
        accelerator.peak(dtype.name)
    except ValueError:
        return dense
    return dtype.name


def _machine(accelerator: AcceleratorSpec, dtype: DType) -> Machine:
    def share(name: str, *more: str) -> float:
        narrow = [f"{form}@{where}" for form in more for where in (accelerator.id, accelerator.architecture)]
        return constant(name, *narrow, *more, accelerator.id, accelerator.architecture, accelerator.kind)

    form = compute_format(accelerator, dtype)
    half_form = dense_format(accelerator)
    half_peak = accelerator.peak(half_form)
    reached = accelerator.achievable_bf16 or half_peak * share("achievable")
    half = reached * share("half")
    quantised = form != half_form
    matmul = accelerator.peak(form) * reached / half_peak * share("quantised", form) if quantised else half
    pcie = constant("pcie_below")
    scale_up = accelerator.scale_up or accelerator.scale_out or pcie / 2
    slow = scale_up <= pcie
    return Machine(
        matmul,
        half,
        matmul * share("grouped", form),
        half * share("grouped", "weight_only"),
        half * share("attention"),
        accelerator.figure("bandwidth") * share("stream"),
        accelerator.figure("bandwidth") * share("cache"),
        share("launch"),
        scale_up * share("pcie" if slow else "link"),
        share("pcie_latency" if slow else "link_latency"),
        (accelerator.scale_out or scale_up) * share("scale_out"),
        max(accelerator.scale_up_domain or 1, 1),
        quantised,
        share("tile"),
        share("wave"),
        share("host"),
        share("evenness"),
        accelerator.is_mesh,
    )
