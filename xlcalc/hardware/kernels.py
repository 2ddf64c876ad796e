"""What kernels and links achieve of an accelerator's data-sheet figures.

All shares and seconds stand in catalog/efficiency.csv with unit, source and how they were found. A line's scope is an
accelerator's id, its architecture, or blank for any; the narrowest that fits counts. A line's dtype works
alike, and its stack is a training software (hardware/software.py) or what that is like.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product

from xlcalc.catalog import tables
from xlcalc.formula.arithmetic import is_recording, plain, term
from xlcalc.formula.records import reduced
from xlcalc.hardware.rates import Framework, TrainRates
from xlcalc.hardware.software import lineage
from xlcalc.hardware.spec import AcceleratorSpec


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
    kind = row["basis"] if row["basis"] in ("assumed", "calibrated", "counted", "measured") else "constant"
    basis = " on ".join(filter(None, [row["basis"], row["calibrated_on"]]))
    source = "; ".join(filter(None, [basis, tables.source_text(row["source"], row["as_of"])]))
    return f"{kind} {name.replace('_', ' ')}", float(row["value"]), row["unit"], source


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
    found = None if is_recording() else accelerator.looked_up.get((dtype, stack))
    if not isinstance(found, TrainRates):
        found = _kernels(accelerator, dtype, stack)
        if not is_recording():
            accelerator.looked_up[dtype, stack] = found
    return found


def _kernels(accelerator: AcceleratorSpec, dtype: str, stack: str) -> TrainRates:

    def share(name: str, form: str = "") -> float:
        return constant(name, accelerator, form, stack)

    # a chip under sustained load runs at the clock that its power limit allows
    power = 1.0
    if accelerator.tdp:
        allowed = accelerator.figure("tdp") / share("power_reference", dtype)
        power = term("clock that power allows", allowed ** share("power_exponent"), "ratio")
    sixteen = power * accelerator.peak("bf16" if accelerator.peak_bf16 else "fp16")
    matmul = power * accelerator.peak(dtype) * _matmul(accelerator, dtype, stack)
    bandwidth = accelerator.figure("bandwidth")
    scale_out = accelerator.figure("scale_out") if accelerator.scale_out else share("host_link")
    scale_up = accelerator.figure("scale_up") if accelerator.scale_up else scale_out
    return TrainRates(
        matmul=term("rate of matrix products", matmul, "FLOP/s"),
        matmul_16bit=term("rate of matrix products in 16 bit", sixteen * _matmul(accelerator, "", stack), "FLOP/s"),
        grouped=term("rate of experts' products", matmul * share("grouped", dtype), "FLOP/s"),
        grouped_tokens=share("grouped_tokens"),
        biased_passes=share("biased_passes", dtype),
        batched=share("batched"),
        attention=term("rate of attention", sixteen * _attention("attention", accelerator, stack), "FLOP/s"),
        attention_backward=term(
            "rate of attention backward", sixteen * _attention("attention_backward", accelerator, stack), "FLOP/s"
        ),
        softmax_width=share("softmax_width"),
        gradient_bytes=share("gradient_bytes"),
        stream=term("achieved memory bandwidth", bandwidth * share("stream"), "bytes/s"),
        launch=share("launch"),
        host=share("host"),
        scale_up=term("rate of links inside the domain", scale_up * share("scale_up"), "bytes/s"),
        scale_out=term("rate of links outside the domain", scale_out * share("scale_out"), "bytes/s"),
        latency=share("latency"),
        domain=accelerator.scale_up_domain or 1,
        traffic=share("matmul_traffic"),
        operand=share("operand_bytes", dtype),
        quantise=share("quantise_bytes", dtype),
        loss_bytes=share("loss_bytes"),
        moe_host=share("moe_host"),
        moe_fixed=share("moe_fixed"),
        exchange=term("rate of exchanges inside the domain", scale_up * share("exchange"), "bytes/s"),
        exchange_out=term("rate of exchanges outside the domain", scale_out * share("exchange_out"), "bytes/s"),
        ep_exposed=share("ep_exposed"),
        tp_exposed=share("tp_exposed"),
        pp_exposed=share("pp_exposed"),
        dp_exposed=share("dp_exposed"),
        gather_exposed=share("gather_exposed"),
        cp_exposed=share("cp_exposed"),
        step_fixed=share("step_fixed"),
        unfused_attention=bool(share("unfused_attention")),
        shards_inside=bool(share("shards_inside")),
    )


def framework(software: str) -> Framework:
    """What a training software keeps in memory, with the sources of its figures while something is recorded."""
    return _framework(software, term) if is_recording() else _plain_framework(software)


def _framework(software: str, said: Callable[..., float]) -> Framework:
    def held(name: str) -> float:
        return said(*_labelled(name, "", "", "", software))

    return Framework(
        logit_bytes=held("logit_bytes"),
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
    )


@cache
def _plain_framework(software: str) -> Framework:
    return _framework(software, lambda label, value, unit, source: value)
