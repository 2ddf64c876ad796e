"""What an accelerator and its links achieve while serving: rates for `operators`, from catalog/serving.csv.

Products in 16 bit reach a share of what was measured on the device (the catalog's achievable figure), and narrower
formats are as much faster as their peaks are, times a share of their own.
"""

from __future__ import annotations

from typing import NamedTuple

from xlcalc.formula.arithmetic import term
from xlcalc.formula.records import reduced
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


@reduced
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
    achieved = accelerator.figure("achievable_bf16") if accelerator.achievable_bf16 else half_peak * share("achievable")
    reached = term("rate that large products reach", achieved, "FLOP/s")
    half = reached * share("half")
    quantised = form != half_form
    half = term("rate of products in 16 bit", half, "FLOP/s")
    matmul = half
    if quantised:
        narrow = accelerator.peak(form) * reached / half_peak * share("quantised", form)
        matmul = term("rate of products in the weights' format", narrow, "FLOP/s")
    pcie = constant("pcie_below")
    out = accelerator.figure("scale_out") if accelerator.scale_out else pcie / 2
    scale_up = accelerator.figure("scale_up") if accelerator.scale_up else out
    outside = accelerator.figure("scale_out") if accelerator.scale_out else scale_up
    slow = scale_up <= pcie
    bandwidth = accelerator.figure("bandwidth")
    return Machine(
        matmul,
        half,
        term("rate of experts' products", matmul * share("grouped", form), "FLOP/s"),
        term("rate of experts' products of widened weights", half * share("grouped", "weight_only"), "FLOP/s"),
        term("rate of attention", half * share("attention"), "FLOP/s"),
        term("achieved memory bandwidth", bandwidth * share("stream"), "bytes/s"),
        term("achieved memory bandwidth of the cache", bandwidth * share("cache"), "bytes/s"),
        share("launch"),
        term("rate of links inside the domain", scale_up * share("pcie" if slow else "link"), "bytes/s"),
        share("pcie_latency" if slow else "link_latency"),
        term("rate of links outside the domain", outside * share("scale_out"), "bytes/s"),
        max(accelerator.scale_up_domain or 1, 1),
        quantised,
        share("tile"),
        share("wave"),
        share("host"),
        share("evenness"),
        accelerator.is_mesh,
    )
