"""From what a cell names to the numbers that the formulas of serving take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from xlcalc.catalog.prices import typical
from xlcalc.formula.arithmetic import chosen, given, term
from xlcalc.formula.records import columns
from xlcalc.formula.symbols import unrecorded
from xlcalc.hardware.serving import dense_format, device, engine, formats_to_try, serve_rates, usual_software
from xlcalc.hardware.software import check_runs
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.hosting import speculative
from xlcalc.hosting.cost import Price
from xlcalc.hosting.served import Served
from xlcalc.model.coefficients import without_shared_window
from xlcalc.model.dtypes import DType
from xlcalc.model.spec import ModelSpec
from xlcalc.model.words import WORDS

MEMORY_SOURCE = "Pope et al. 2022, section 3.3; vLLM's workspace as llm-d-planner measured it"
RATES_SOURCE = "rates calibrated on published measurements (catalog/serving.csv)"
_SIXTEEN_BIT = 2  # bytes of a cached element where no format is named, as engines keep the cache unless told otherwise


def _once(put_together: Callable[..., Served]) -> Callable[..., Served]:
    """Keep what is put together with its model; the accelerator too, whose id is part of the key."""

    @wraps(put_together)
    def kept(model: ModelSpec, accelerator: AcceleratorSpec | None, *words: Any) -> Served:
        key = put_together.__name__, id(accelerator), words
        return model.once(key, lambda: (put_together(model, accelerator, *words), accelerator))[0]

    return kept


@_once
def held(
    model: ModelSpec,
    accelerator: AcceleratorSpec | None,
    dtype: DType | None,
    kv_dtype: DType | None = None,
    software: str | None = None,
) -> Served:
    """A model on an accelerator for a question about memory: no rates, so that their peaks need not be published.

    A blank software is what the accelerator usually runs. Raises ValueError for one that does not run there.
    """
    if software and accelerator:
        check_runs(software, accelerator.vendor)
    software = software or (usual_software(accelerator) if accelerator else "")
    dtype = dtype or model.published_dtype
    own = engine(accelerator, software)
    counted = model.coefficients(dtype)
    if not own.shared_window:
        counted = without_shared_window(counted)
    numbers = columns(counted, WORDS, "of the model in this format")
    cache_bytes = kv_dtype.bytes if kv_dtype else _SIXTEEN_BIT
    where = device(accelerator) if accelerator else None
    return Served(numbers, dtype.name, cache_bytes, own, where)


@_once
def _timed(
    model: ModelSpec, accelerator: AcceleratorSpec, dtype: DType | None, kv_dtype: DType | None, software: str
) -> Served:
    """`held` with the rates of its format."""
    form = dtype or model.published_dtype
    found = held(model, accelerator, form, kv_dtype, software)
    return found._replace(rates=serve_rates(accelerator, form, software))


def served(
    model: ModelSpec,
    accelerator: AcceleratorSpec,
    dtype: DType | None,
    kv_dtype: DType | None = None,
    software: str | None = None,
    *,
    decodes_only: bool = False,
    kernels: bool = False,
) -> Served:
    """A model on an accelerator with its rates under a software, blank = what the accelerator usually runs; where
    `kernels` alone are asked for, those of vLLM on NVIDIA's, for they were measured of it.

    Raises ValueError for prompts where no 16-bit peak is known.
    """
    if not (decodes_only or dense_format(accelerator)):
        who = accelerator.id or "the accelerator"
        raise ValueError(f"{who} has no published 16-bit peak, without which reading prompts cannot be timed")
    if not software:
        usual = usual_software(accelerator)
        software = "vllm" if kernels and usual == "tensorrt-llm" else usual
    return _timed(model, accelerator, dtype, kv_dtype, software)


def in_formats(
    model: ModelSpec,
    accelerator: AcceleratorSpec,
    software: str | None = None,
    dtype: DType | None = None,
    kv_dtype: DType | None = None,
) -> Sequence[Served]:
    """A model in the format that is given, else in each of those that a plan tries, as plain numbers."""
    formats = [dtype] if dtype else formats_to_try(accelerator)
    with unrecorded():
        return tuple(served(model, accelerator, one, kv_dtype, software) for one in formats)


def drafted(acceptance: float | None, draft_tokens: int | None, draft_cost: float) -> speculative.Draft:
    """What is drafted for each step; nothing where nothing is said of drafts. An acceptance or a cost of 0 is what
    LibreOffice gives for an empty cell."""
    if draft_tokens is None and not given(acceptance) and not given(draft_cost):
        return speculative.UNDRAFTED
    if acceptance is None or draft_tokens is None:
        raise ValueError("needs acceptance and draft_tokens together, for drafts, or none of them nor a draft_cost")
    return speculative.draft(acceptance, draft_tokens, draft_cost)


def price(accelerator: AcceleratorSpec, usd_per_hour: float | None) -> Price | None:
    """The price of an accelerator-hour: what is given; else the user's own rows, or the median of the comparable rows
    of the catalog; None where it lists none."""
    if usd_per_hour is not None:
        return Price(usd_per_hour, "given with the call")
    found = typical(accelerator.id, accelerator.devices_per_node or 1)
    if found is None:
        return None
    whose = "your own prices" if found.own else "listed whole nodes, on demand"
    return Price(found.median, f"median of {whose}", found.as_of, found.rows, found.quarter, found.three_quarters)


def limit(name: str, seconds: float, longest: float | None) -> object:
    """A latency, and whether it keeps its limit."""
    value = term(name, seconds, "seconds", RATES_SOURCE)
    if longest is None:
        return value
    kept = "kept" if value <= longest else "missed"
    return chosen(f"limit on {name}", kept, "{0} against {1}", value, term(f"longest {name}", longest))


def paid(usd: Price) -> float:
    """The price of an accelerator-hour, with the rows that it stands for and their date."""
    dated = f", as of {usd.as_of}, {usd.rows} rows" if usd.as_of else ""
    return term("USD of an accelerator-hour", usd.usd_per_hour, "USD/hour", usd.offer + dated)
