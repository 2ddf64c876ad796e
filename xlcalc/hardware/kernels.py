"""What kernels and links achieve of an accelerator's data-sheet figures.

All shares and seconds stand in catalog/efficiency.csv with unit, source and how they were found. A line's scope is an
accelerator's id, its architecture, or blank for any; the narrowest that fits counts. A line's dtype works
alike, and its stack is a training software (hardware/software.py) or what that is like.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from itertools import product
from typing import Any, cast

from xlcalc.catalog import tables
from xlcalc.formula.arithmetic import is_open, is_recording, plain, term
from xlcalc.formula.records import reduced
from xlcalc.hardware.rates import Framework, TrainRates
from xlcalc.hardware.software import lineage
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.hardware.words import TRAINING


@cache
def _constants() -> dict[tuple[str, str, str, str], dict[str, str]]:
    return {(r["name"], r["scope"], r["dtype"], r["stack"]): r for r in tables.shipped("efficiency")}


def constant(name: str, accelerator: AcceleratorSpec, dtype: str = "", stack: str = "") -> float:
    """One figure of catalog/efficiency.csv, the narrowest line that fits. Raises KeyError where none does."""
    return term(*_labelled(name, accelerator.id, accelerator.architecture, dtype, stack))


@cache
def _labelled(name: str, accelerator: str, architecture: str, dtype: str, stack: str) -> tuple[str, float, str, str]:
    """A figure with its label, its unit, and where it comes from: what it was calibrated on, its source and date."""
    row = _line(name, accelerator, architecture, dtype, stack)
    basis = " on ".join(filter(None, [row["basis"], row["calibrated_on"]]))
    source = "; ".join(filter(None, [basis, tables.source_text(row["source"], row["as_of"])]))
    return TRAINING[name], float(row["value"]), row["unit"], source


def _line(name: str, accelerator: str, architecture: str, dtype: str, stack: str) -> dict[str, str]:
    table = _constants()
    for key in product((name,), (accelerator, architecture, ""), (dtype, ""), lineage(stack)):
        if key in table:
            return table[key]
    raise KeyError(name)


def _matmul(accelerator: AcceleratorSpec, dtype: str, stack: str) -> float:
    """The share of its peak that matrix products reach in training; without a line of its own, by what products alone
    were measured to reach on that accelerator, in eight bits where somebody measured those."""
    if _is_own("matmul", accelerator, dtype, stack):
        return constant("matmul", accelerator, dtype, stack)
    if accelerator.achievable_fp8 and accelerator.peak_fp8 and dtype in ("fp8", "mxfp8"):
        share = accelerator.figure("achievable_fp8") / accelerator.peak("fp8")
    elif accelerator.achievable_bf16 and (accelerator.peak_bf16 or accelerator.peak_fp16):
        sixteen = accelerator.peak("bf16" if accelerator.peak_bf16 else "fp16")
        share = accelerator.figure("achievable_bf16") / sixteen
    else:
        return constant("matmul", accelerator, dtype, stack)
    return share * constant("matmul_reached", accelerator, dtype, stack)


def _is_own(name: str, accelerator: AcceleratorSpec, dtype: str, stack: str) -> bool:
    """Whether a figure was found for this accelerator or its architecture."""
    return bool(_line(name, accelerator.id, accelerator.architecture, dtype, stack)["scope"])


def _attention(name: str, accelerator: AcceleratorSpec, stack: str) -> float:
    """The share of its 16-bit peak that attention reaches; a borrowed one falls short as the chip's products do."""
    share = constant(name, accelerator, "", stack)
    if _is_own(name, accelerator, "", stack) or not accelerator.achievable_bf16:
        return share
    usual = float(_line("matmul", "", "", "", "")["value"])
    return share * term("products against the usual share", _matmul(accelerator, "", stack) / usual, "ratio")


@reduced
def kernels(accelerator: AcceleratorSpec, dtype: str, stack: str = "megatron") -> TrainRates:
    """The achieved rates of an accelerator. Raises ValueError where a peak or its bandwidth is not published."""

    def look_up() -> TrainRates:
        if is_recording():  # looked up as the formula asks for them
            return cast(TrainRates, _Recorded(_rates(accelerator, dtype, stack)))
        return TrainRates(**{name: look() for name, look in _rates(accelerator, dtype, stack).items()})

    return accelerator.once((TrainRates, dtype, stack), look_up)


class _Recorded:
    """Rates that a formula asks for one by one: those that it does not are no part of its derivation."""

    def __init__(self, looked_up: dict[str, Callable[[], Any]]) -> None:
        self._looked_up = looked_up

    def __getattr__(self, name: str) -> Any:
        value = self.__dict__[name] = self._looked_up[name]()
        return value


def _rates(accelerator: AcceleratorSpec, dtype: str, stack: str) -> dict[str, Callable[[], Any]]:
    """How each rate is found."""

    def share(name: str, form: str = "") -> float:
        return constant(name, accelerator, form, stack)

    @cache
    def power() -> float:  # a chip under sustained load runs at the clock that its power limit allows
        if not accelerator.tdp:
            return 1.0
        allowed = accelerator.figure("tdp") / share("power_reference", dtype)
        return term("clock that power allows", allowed ** share("power_exponent"), "ratio")

    @cache
    def sixteen() -> float:
        return power() * accelerator.peak("bf16" if accelerator.peak_bf16 else "fp16")

    @cache
    def matmul() -> float:
        rate = power() * accelerator.peak(dtype) * _matmul(accelerator, dtype, stack)
        return term("rate of matrix products", rate, "FLOP/s")

    def attention(name: str) -> float:
        return term(f"rate of {name.replace('_', ' ')}", sixteen() * _attention(name, accelerator, stack), "FLOP/s")

    def scale_out() -> float:
        return accelerator.figure("scale_out") if accelerator.scale_out else share("host_link")

    def scale_up() -> float:
        return accelerator.figure("scale_up") if accelerator.scale_up else scale_out()

    def link(label: str, rate: Callable[[], float], name: str) -> Callable[[], float]:
        return lambda: term(label, rate() * share(name), "bytes/s")

    return {
        "matmul": matmul,
        "matmul_16bit": lambda: term(
            "rate of matrix products in 16 bit", sixteen() * _matmul(accelerator, "", stack), "FLOP/s"
        ),
        "grouped": lambda: term("rate of experts' products", matmul() * share("grouped", dtype), "FLOP/s"),
        "attention": lambda: attention("attention"),
        "attention_backward": lambda: attention("attention_backward"),
        "stream": lambda: term(
            "achieved memory bandwidth", accelerator.figure("bandwidth") * share("stream"), "bytes/s"
        ),
        "scale_up": link("rate of links inside the domain", scale_up, "scale_up"),
        "scale_out": link("rate of links outside the domain", scale_out, "scale_out"),
        "exchange": link("rate of exchanges inside the domain", scale_up, "exchange"),
        "exchange_out": link("rate of exchanges outside the domain", scale_out, "exchange_out"),
        "domain": lambda: accelerator.scale_up_domain or 1,
        "traffic": lambda: share("matmul_traffic"),
        "operand": lambda: share("operand_bytes", dtype),
        "quantise": lambda: share("quantise_bytes", dtype),
        "unfused_attention": lambda: bool(share("unfused_attention")),
        "shards_inside": lambda: bool(plain(share("shards_inside"))),
        "eager": lambda: bool(plain(share("eager"))),
        "biased_passes": lambda: share("biased_passes", dtype),
        **{name: partial(share, name) for name in _SHARES},
    }


_SHARES = (
    "grouped_tokens", "batched", "softmax_width", "gradient_bytes", "launch", "host", "latency", "loss_bytes",
    "moe_host", "moe_fixed", "ep_exposed", "tp_exposed", "pp_exposed", "dp_exposed", "gather_exposed", "cp_exposed",
    "step_fixed",
)  # fmt: skip


def framework(software: str) -> Framework:
    """What a training software keeps in memory, with the sources of its figures while something is recorded."""
    if not is_recording() or is_open():
        return _plain_framework(software)
    return _recorded_framework(software)


def _framework(software: str, said: Callable[..., float]) -> Framework:
    def held(name: str) -> float:
        return said(*_labelled(name, "", "", "", software))

    return Framework(
        logit_bytes=held("logit_bytes"),
        logit_bytes_split=held("logit_bytes_split"),
        master_bytes=held("master_bytes"),
        moment_bytes=held("moment_bytes"),
        gradient_held=held("gradient_held"),
        pipeline_gradient=held("pipeline_gradient"),
        adapter_bytes=held("adapter_bytes"),
        unquantised_bytes=held("unquantised_bytes"),
        context_bytes=held("context_bytes"),
        communication_bytes=held("communication_bytes"),
        selective_kept=plain(held("selective_kept")),
        slack=held("slack"),
        narrow_kept=bool(plain(held("narrow_kept"))),
        eager=bool(plain(held("eager"))),
    )


@cache
def _recorded_framework(software: str) -> Framework:
    return _framework(software, term)


@cache
def _plain_framework(software: str) -> Framework:
    return _framework(software, lambda label, value, unit, source: value)
