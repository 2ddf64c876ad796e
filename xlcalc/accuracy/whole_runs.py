"""Published whole training runs, with all that interrupts them, beside what we estimate of their compute.

`catalog/training_runs.csv` has a run a line: what was trained, on what, its accelerator-hours as published (or count
times days), what they count, and where that was read. Those that are `compared` are whole pre-trainings whose account
can be trusted; the range of LLM_GPU_HOURS, LLM_TRAIN_TIME and LLM_TRAIN_COST is that of their ratios.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import log
from typing import Any, NamedTuple

from xlcalc.accuracy import ranges
from xlcalc.accuracy.likeness import FAMILIES, format_of
from xlcalc.accuracy.ranges import Bounds
from xlcalc.catalog import tables
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.language.declare import Declaration, find
from xlcalc.language.errors import CalcError

FUNCTIONS = tuple(name for name, family in FAMILIES.items() if family == "whole runs")
UTILISATION = 0.4  # at which published hours are compared with ours
_SEQUENCE = 2048.0  # where a run's length of sequences was not read
HEADER = (
    "model", "tokens", "accelerator", "count", "hours", "days", "MFU", "kWh", "tCO2", "source", "date", "our hours",
    "ratio", "organisation", "counted", "compared",
)  # fmt: skip


class Run(NamedTuple):
    """A published run and what we estimate of it: FLOP and accelerator-hours; None where too little was published."""

    line: dict[str, str]
    flops: float | None
    hours: float | None

    @property
    def ratio(self) -> float | None:
        """Published hours over ours."""
        return float(self.line["hours"]) / self.hours if self.hours and self.line["hours"] else None


@cache
def runs() -> tuple[Run, ...]:
    """Every published run with our estimate."""
    return tuple(_run(line) for line in tables.shipped("training_runs"))


def _run(line: dict[str, str]) -> Run:
    flops = _flops(line)
    if flops is None or not line["accelerator"]:
        return Run(line, flops, None)
    dtype = "fp16" if line["accelerator"].startswith("v100") else "bf16"
    return Run(line, flops, _value("LLM_GPU_HOURS", flops, line["accelerator"], UTILISATION, dtype))


def _flops(line: dict[str, str]) -> float | None:
    """FLOP of a run: with attention where the model is known, else of its parameters, else as published."""
    if line["tokens"] and line["model"]:
        found = _value("LLM_TRAIN_FLOPS", line["model"], line["tokens"], line["seq_len"] or _SEQUENCE)
        if found is not None:
            return found
    if line["tokens"] and line["params"]:
        return _value("LLM_TRAIN_FLOPS", float(line["params"]), line["tokens"])
    return float(line["flops"]) if line["flops"] else None


def _value(name: str, *arguments: Any) -> float | None:
    function = find(name)
    assert function is not None
    try:
        return float(function(*arguments))
    except CalcError:
        return None


def listed(search: str) -> list[list[Any]]:
    """Rows of the runs that contain a text, newest first."""
    wanted = (search or "").casefold()
    found = [run for run in runs() if not wanted or any(wanted in value.casefold() for value in run.line.values())]
    return [_row(run) for run in sorted(found, key=lambda run: run.line["date"], reverse=True)]


def _row(run: Run) -> list[Any]:
    line = run.line
    figures = [tables.cell(line[name]) for name in ("count", "hours", "days", "mfu", "kwh", "tco2e")]
    compared = line["compared"] if line["compared"] == "yes" else f"no: {line['why_not']}"
    told = [line["source"], line["date"], run.hours, run.ratio, line["organisation"], line["counted"], compared]
    return [line["run"], tables.cell(line["tokens"]), line["accelerator"] or None, *figures, *told]


def of(declaration: Declaration, read: Sequence[Any]) -> Bounds:
    """The range of whole runs around one call, its arguments as the formula takes them.

    The ratios are those to a utilisation of 0.4; another one that the call gives is one opinion, and the range stays
    where published runs are, widened to hold it. Nothing is known of whole runs in less than 16 bit: their range
    reaches up to what they would take in 16 bit.
    """
    names = (argument.name for argument in declaration.arguments)
    given = dict(zip(names, read, strict=False))
    fit = ranges.fitted()["whole runs"]
    found = ranges.predicted(fit, declaration.name, given, shift=log(given["mfu"] / UTILISATION))
    cases, sources = fit.cases["LLM_GPU_HOURS"]
    accelerator = given["accelerator"]
    name = accelerator.id if isinstance(accelerator, AcceleratorSpec) else ""
    here, _ = fit.cases.get(f"LLM_GPU_HOURS {name}", (0, 0))
    return found._replace(high=found.high * _narrower(given), cases=cases, sources=sources, here=here)


def _narrower(given: dict[str, Any]) -> float:
    """How many times the 16-bit peak the peak of the call's format is."""
    accelerator, dtype = given["accelerator"], given.get("dtype")
    if not isinstance(accelerator, AcceleratorSpec) or dtype is None or format_of(dtype) == "16 bit":
        return 1.0
    sixteen = accelerator.peak_bf16 or accelerator.peak_fp16
    return max(1.0, accelerator.peak(dtype.name) / sixteen) if sixteen else 1.0


def total(result: Any) -> float:
    """What a function of whole runs gives: its value, or the last line of a bill."""
    return float(result[-1][1]) if isinstance(result, list) else float(result)


def of_bill(bill: list[list[Any]], shares: tuple[float, float]) -> tuple[float, float]:
    """Low and high of a bill's total: its compute at what whole runs took, failures in it, and the rest as it is."""
    costs = {line[0]: float(line[1]) for line in bill[1:]}
    expected, compute = costs.pop("total"), costs.pop("compute")
    rest = sum(usd for item, usd in costs.items() if not item.startswith("failures"))
    low, high = (share * compute + rest for share in shares)
    return min(low, expected), max(high, expected)
