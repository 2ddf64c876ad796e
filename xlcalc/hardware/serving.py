"""What an accelerator, its links and an engine achieve while serving, looked up in catalog/serving.csv.

Products in 16 bit reach a share of what was measured on the device (the catalog's achievable figure), and narrower
formats are as much faster as their peaks are, times a share of their own. Every constant has unit, source and how it
was found; of its scopes (an accelerator's id, its architecture, its kind, blank for any) the narrowest counts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import inf

from xlcalc.catalog import tables
from xlcalc.formula.arithmetic import is_number, is_recording, least, term, where
from xlcalc.formula.records import reduced
from xlcalc.hardware.rates import Device, Engine, Host, ServeRates
from xlcalc.hardware.software import lineage
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.hardware.words import SERVING
from xlcalc.model.dtypes import DTYPES, DType

# what serves on the accelerators of a maker
_USUAL = {"Apple": "llama.cpp", "AWS": "neuron", "Intel": "vllm", "AMD": "vllm"}


@cache
def _table() -> dict[tuple[str, str], dict[str, str]]:
    return {(row["name"], row["scope"]): row for row in tables.shipped("serving")}


def constant(name: str, *scopes: str) -> float:
    """One figure: of the first scope (an accelerator's id, its architecture ...) that has a line, else for any."""
    return term(*_labelled(name, *scopes))


@cache
def _labelled(name: str, *scopes: str) -> tuple[str, float, str, str]:
    """A figure with its label, its unit, and how it was found, with its source."""
    table = _table()
    row = next((table[name, scope] for scope in scopes if (name, scope) in table), table[name, ""])
    source = "; ".join(filter(None, [row["how"], tables.source_text(row["source"], "")]))
    return SERVING[name], float(row["value"]), row["unit"], source


def engine(accelerator: AcceleratorSpec | None = None, software: str = "") -> Engine:
    """What the engine sets aside and takes time for; it prepares for fewer sequences on accelerators of small memory.

    None is an accelerator of large memory; a blank software one that keeps no more than the model asks for.
    """
    if is_recording():
        return _engine(True if accelerator is None else usable(accelerator) >= constant("large_memory"), software)
    return _plain_engine(accelerator is None or usable(accelerator) >= constant("large_memory"), software)


def _engine(large: bool, software: str) -> Engine:
    own = lineage(software)
    prepared = where(large, lambda: constant("sequences"), lambda: constant("sequences_small"))
    return Engine(**{name: constant(name, *own) for name in Engine._fields if name != "prepared"}, prepared=prepared)


@cache
def _plain_engine(large: bool, software: str) -> Engine:
    return _engine(large, software)


def usable(accelerator: AcceleratorSpec) -> float:
    """Bytes that software can allocate: as the driver reports them, else the nominal figure."""
    return accelerator.figure("usable" if accelerator.usable else "memory")


def device(accelerator: AcceleratorSpec) -> Device:
    """Where a replica stands. Raises ValueError where the accelerator's memory is not published."""

    def look_up() -> Device:
        return Device(
            usable(accelerator), accelerator.devices_per_node or 0, accelerator.scale_up_domain or 0,
            accelerator.is_mesh, accelerator.id or "the accelerator", accelerator.pads_heads,
        )  # fmt: skip

    return accelerator.once(Device, look_up)


def host(accelerator: AcceleratorSpec, memory: float, bandwidth: float) -> Host:
    """The host of an accelerator under llama.cpp, of so many bytes and bytes/s; its link is the accelerator's PCIe.

    Raises ValueError for an accelerator that has no memory of its own.
    """
    if accelerator.kind in ("soc", "cpu"):
        raise ValueError(f"has a meaning where accelerators have memory of their own; {accelerator.id} has not")
    scopes = _scopes(accelerator, "llama.cpp")
    stream = bandwidth * constant("stream", "llama.cpp")
    link = least(accelerator.scale_up or inf, constant("pcie_below")) * constant("pcie", *scopes)
    return Host(memory, stream, stream * constant("unpacked", "llama.cpp"), link)


def dense_format(accelerator: AcceleratorSpec) -> str:
    """The format of products that are not quantised: the 16-bit one with a published peak, empty where none has."""
    return "bf16" if accelerator.peak_bf16 else "fp16" if accelerator.peak_fp16 else ""


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


def formats_to_try(accelerator: AcceleratorSpec) -> list[DType]:
    """Formats of weights for a plan: 16 bit and those narrower ones that the accelerator computes in."""
    found = [DTYPES["fp16" if accelerator.peak_fp16 and not accelerator.peak_bf16 else "bf16"]]
    found += [DTYPES["fp8"]] if accelerator.peak_fp8 else []
    found += [DTYPES["nvfp4"]] if accelerator.peak_fp4 and accelerator.vendor == "NVIDIA" else []
    return found


def usual_software(accelerator: AcceleratorSpec) -> str:
    """What usually serves on an accelerator: the engine of its maker, or the one that its published measurements ran
    on."""
    if accelerator.vendor == "NVIDIA":
        return "llama.cpp" if "GeForce" in accelerator.name else "tensorrt-llm"
    return _USUAL.get(accelerator.vendor, "vllm")


@reduced
def serve_rates(accelerator: AcceleratorSpec, dtype: DType, software: str = "") -> ServeRates:
    """The rates of an accelerator for weights of a format under a software, blank = constants that hold for any.

    Raises ValueError where a peak or its bandwidth is not published.
    """
    return accelerator.once((ServeRates, dtype, software), lambda: _serve_rates(accelerator, dtype, software))


def _scopes(accelerator: AcceleratorSpec, software: str) -> list[str]:
    """The scopes of a constant from the narrowest on: those of a software, `software@scope` before itself, come before
    those of the accelerator."""
    own = [accelerator.id, accelerator.architecture, accelerator.kind]
    found = []
    for name in lineage(software):
        found += [*(f"{name}@{scope}" for scope in own), name] if name else own
    return found


def _part(rate: float, share: Callable[[], float]) -> float:
    """A share of a rate; of one that nothing limits, the same."""
    return inf if is_number(rate) and rate == inf else rate * share()


def _rate(label: str, rate: float) -> float:
    """A rate as a derivation shows it; one that nothing limits is no figure of anybody's."""
    return inf if is_number(rate) and rate == inf else term(label, rate, "FLOP/s")


def _serve_rates(accelerator: AcceleratorSpec, dtype: DType, software: str) -> ServeRates:
    scopes = _scopes(accelerator, software)

    def share(name: str, *more: str) -> float:
        narrow = [f"{form}@{scope}" for form in more for scope in scopes]
        return constant(name, *narrow, *more, *scopes)

    form = compute_format(accelerator, dtype)
    half_form = dense_format(accelerator)
    half_peak = accelerator.peak(half_form) if half_form else inf  # memory alone limits what is told then
    achieved = (
        accelerator.figure("achievable_bf16")
        if accelerator.achievable_bf16
        else _part(half_peak, lambda: share("achievable"))
    )
    reached = _rate("rate that large products reach", achieved)
    quantised = form != half_form
    half = _rate("rate of products in 16 bit", _part(reached, lambda: share("half")))
    matmul = half
    peak = half_peak
    if quantised:
        peak = accelerator.peak(form)
        narrow = peak * (reached / half_peak if half_form else share("achievable")) * share("quantised", form)
        matmul = term("rate of products in the weights' format", narrow, "FLOP/s")
    pcie = constant("pcie_below")
    out = accelerator.figure("scale_out") if accelerator.scale_out else pcie / 2
    scale_up = accelerator.figure("scale_up") if accelerator.scale_up else out
    outside = accelerator.figure("scale_out") if accelerator.scale_out else scale_up
    slow = scale_up <= pcie
    bandwidth = accelerator.figure("bandwidth")
    stream = term("achieved memory bandwidth", bandwidth * share("stream"), "bytes/s")
    wide = half  # rate of products whose other side 4-bit experts are widened to
    if dtype.name == "mxfp4" and accelerator.peak_fp8 and share("expert_bits") == 8:
        wide = accelerator.peak("fp8") * (reached / half_peak) * share("quantised", "fp8")
    return ServeRates(
        matmul=matmul,
        half=half,
        grouped=_rate("rate of experts' products", _part(matmul, lambda: share("grouped", form))),
        weight_only=_rate(
            "rate of experts' products of widened weights", _part(wide, lambda: share("grouped", "weight_only"))
        ),
        widened=_rate("rate of products of widened weights", _part(half, lambda: share("widened"))),
        attention=_rate("rate of attention", _part(half, lambda: share("attention"))),
        stream=stream,
        unpacked=term("rate at which weights are read and unpacked", stream * share("unpacked"), "bytes/s"),
        cache=term("achieved memory bandwidth of the cache", bandwidth * share("cache"), "bytes/s"),
        launch=share("launch"),
        link=term("rate of links inside the domain", scale_up * share("pcie" if slow else "link"), "bytes/s"),
        link_latency=share("pcie_latency" if slow else "link_latency"),
        scale_out=term("rate of links outside the domain", outside * share("scale_out"), "bytes/s"),
        domain=max(accelerator.scale_up_domain or 1, 1),
        quantised=quantised,
        epilogue=share("epilogue"),
        tile=share("tile"),
        wave=share("wave"),
        host=share("host"),
        skew=share("skew"),
        mesh=accelerator.is_mesh,
        peak=peak,
        bandwidth=bandwidth,
    )
