"""A page for each model and each accelerator of the catalogs.

Every figure on them is what a cell function gives; the formula stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from xlcalc.catalog import accelerators, models, prices, tables
from xlcalc.cell_functions.hosting.capacity import LLM_MIN_GPUS
from xlcalc.cell_functions.hosting.serving import LLM_TPOT
from xlcalc.cell_functions.model import LLM_INTENSITY, LLM_KV_CACHE, LLM_PARAMS_TABLE, LLM_WEIGHTS
from xlcalc.formula.derivation import figure
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.language.errors import CalcError
from xlcalc.model.spec import ModelSpec
from xlcalc.pages import charts
from xlcalc.pages.answers import formula_text
from xlcalc.pages.frame import file_of, page
from xlcalc.pages.html import Html, grid, joined, prose, section, tag

_MACHINES = ("h100-sxm", "h200-sxm", "b200", "mi300x", "l40s", "rtx-5090", "rtx-4090", "apple-m3-ultra")
_MODELS = (
    "llama-3.1-8b",
    "gpt-oss-20b",
    "qwen3-32b",
    "llama-3.3-70b",
    "gpt-oss-120b",
    "qwen3-235b-a22b",
    "deepseek-r1",
)
_CONTEXTS = (8192, 32768, 131072)
_FORMATS = ("bf16", "fp8", "int4")
_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_CONTEXT, _MONTH = 8192, 730  # tokens of the examples; hours
_OFFERS = 12  # bars of a chart of prices


def _tried(function: Callable[..., Any], *values: Any) -> Any:
    """What a function gives, None where it refuses: a page leaves that row out."""
    try:
        return function(*values)
    except CalcError:
        return None


def model_page(model_id: str, edition: str) -> str:
    """What is known of a model, its parameters by part, its memory, the smallest machines, its speed."""
    model = models.by_id(model_id)
    row = tables.by_id("models")[model.id]
    facts = [
        ("In a formula", tag("code", f'"{model.id}"')),
        ("Publisher", row["organisation"]),
        ("Released", row["released"]),
        ("Licence", row["license"]),
        ("Context", f"{int(float(row['context'])):,} tokens" if row["context"] else ""),
        ("Published as", f"{model.checkpoint.dtype.name} ({model.checkpoint.why})"),
        ("Hugging Face", row["hf_id"]),
        ("Source", prose(tables.source_text(row["source"], ""))),
        ("Read", row["as_of"]),
    ]
    main = joined(
        _breadcrumb("models.html", "Models"),
        tag("h1", row["name"]),
        _inserts(model.id, "LLM_MODELS", "LLM_MODEL", "model"),
        _facts(facts),
        section("Parameters", *_parameters(model)),
        section("Memory", *_memory(model, row["context"])),
        _smallest(model),
        _speed(model),
    )
    return page(f"{row['name']} · xlcalc", f"{row['name']}: parameters, cache, memory, machines", main, edition)


def machine_page(machine_id: str, edition: str) -> str:
    """What is known of an accelerator, its roofline, what runs on it, what it costs."""
    machine = accelerators.by_id(machine_id)
    row = tables.by_id("accelerators")[machine.id]
    keys = {key: None for name in ("peak", "device", "link", "achievable") for key in row[f"{name}_source"].split(";")}
    sources = [prose(tables.source_text(key.strip(), "")) for key in keys if key.strip()]
    facts = [
        ("In a formula", tag("code", f'"{machine.id}"')),
        ("Maker", row["vendor"]),
        ("Architecture", row["architecture"]),
        ("Released", row["released"]),
        *((name, quantity(row[column], unit)) for name, column, unit in _FIGURES),
        ("Also called", row["aliases"].replace(";", ",")),
        ("Read", row["as_of"]),
    ]
    main = joined(
        _breadcrumb("machines.html", "Accelerators"),
        tag("h1", row["name"]),
        _inserts(machine.id, "LLM_HARDWARE_TABLE", "LLM_HARDWARE", "accelerator"),
        _facts(facts),
        _roofline(machine),
        _runs(machine),
        _rented(machine),
        section("Sources", tag("ul", *(tag("li", source) for source in sources))),
    )
    return page(f"{row['name']} · xlcalc", f"{row['name']}: peaks, memory, links, prices", main, edition)


_FIGURES = (
    ("Dense peak, bf16", "peak_bf16_tflops", "TFLOP/s"),
    ("Dense peak, fp8", "peak_fp8_tflops", "TFLOP/s"),
    ("Dense peak, fp4", "peak_fp4_tflops", "TFLOP/s"),
    ("Reached, bf16", "achievable_bf16_tflops", "TFLOP/s"),
    ("Memory", "memory_gb", "GB"),
    ("Bandwidth", "bandwidth_gb_s", "GB/s"),
    ("Power", "tdp_w", "W"),
    ("Links in a node, each way", "scale_up_gb_s", "GB/s"),
    ("Links between nodes, each way", "scale_out_gb_s", "GB/s"),
    ("In a node", "devices_per_node", ""),
)


def quantity(text: str, unit: str) -> str:
    """A catalog's figure with its unit; nothing where it is blank."""
    return f"{figure(float(text))} {unit}".rstrip() if text else ""


def _breadcrumb(file: str, name: str) -> Html:
    return tag("nav", tag("a", name, href=file), aria_label="Breadcrumb")


def _inserts(row: str, table: str, block: str, argument: str) -> Html:
    """What the task pane offers to put on the sheet; hidden elsewhere."""
    return tag("div", "", class_="inserts", hidden="", data_name=row, data_row=table, data_block=block,
               data_argument=argument)  # fmt: skip


def _facts(facts: Iterable[tuple[str, object]]) -> Html:
    return tag(
        "dl", *(part for name, text in facts if text for part in (tag("dt", name), tag("dd", text))), class_="facts"
    )


def _parameters(model: ModelSpec) -> list[Html]:
    _, *rows = LLM_PARAMS_TABLE(model.id)
    notes = [tag("p", f"{str(name).removeprefix('note: ').capitalize()}.") for name, count, _ in rows if count is None]
    counted = [(str(name), count, share) for name, count, share in rows if count is not None]
    parts = [(name, float(count)) for name, count, _ in counted if name != "total"]
    return [
        _formula("LLM_PARAMS_TABLE", [model.id]),
        charts.bars(f"Parameters of {model.id} by part", "parameters", parts) if parts else Html(""),
        grid(
            ["Part", "Parameters", "Share"], [[name, figure(count), f"{share:.2%}"] for name, count, share in counted]
        ),
        *notes,
    ]


def _memory(model: ModelSpec, context: str) -> list[Html]:
    weights = [(f"weights in {dtype}", [model.id, dtype, "GB"]) for dtype in _FORMATS]
    lengths = [n for n in _CONTEXTS if not context or n <= float(context)]
    caches = [(f"cache of {n:,} tokens", [model.id, n, None, None, "GB"]) for n in lengths]
    rows = [
        [what, f"{figure(value)} GB", tag("code", formula_text(function, values))]
        for function, listed in ((LLM_WEIGHTS, weights), (LLM_KV_CACHE, caches))
        for what, values in listed
        if (value := _tried(function, *values)) is not None
    ]
    return [grid(["What", "Memory", "Formula"], rows)]


def _needed(model: str, machine: str, link: Html) -> list[list[Any]]:
    """A line with how many accelerators hold a model, none where no number of them does."""
    values = [model, machine, _CONTEXT, 1]
    count = _tried(LLM_MIN_GPUS, *values)
    return [] if count is None else [[link, figure(count), tag("code", formula_text(LLM_MIN_GPUS, values))]]


def _smallest(model: ModelSpec) -> Html:
    rows = []
    for machine in _MACHINES:
        name = tables.by_id("accelerators")[machine]["name"]
        rows += _needed(model.id, machine, tag("a", name, href=file_of("machine", machine)))
    if not rows:
        return Html("")
    about = tag("p", f"Accelerators that hold the weights as published and one sequence of {_CONTEXT:,} tokens.")
    return section("Smallest machines", about, grid(["Accelerator", "Number", "Formula"], rows))


def _speed(model: ModelSpec) -> Html:
    """Throughput against the time that a user waits for each token, by the batch."""
    machine = _MACHINES[0]
    count = _tried(LLM_MIN_GPUS, model.id, machine, _CONTEXT, 1)
    if count is None:
        return Html("")
    points = []
    for batch in _BATCHES:
        seconds = _tried(LLM_TPOT, model.id, machine, count, _CONTEXT, batch)
        if seconds is None:
            break
        points.append((batch, seconds * 1e3, batch / seconds))
    if len(points) < 2:
        return Html("")
    about = f"Tokens a second of {count} {machine} against milliseconds a token, for batches of 1 to {points[-1][0]}"
    line = charts.Line("by batch", [(ms, speed) for _, ms, speed in points], [str(b) for b, *_ in points])
    chart = charts.lines(about, charts.Axis("milliseconds a token"), charts.Axis("tokens a second", log=True), [line])
    said = tag("p", f"Decoding on {count} of {machine} at {_CONTEXT:,} tokens of context; beside each point its batch.")
    return section(
        "Throughput against latency", said, chart, _formula("LLM_TPOT", [model.id, machine, count, _CONTEXT, 8])
    )


def _roofline(machine: AcceleratorSpec) -> Html:
    """Attainable FLOP/s over arithmetic intensity (Williams et al. 2009), decoding marked on it."""
    row = tables.by_id("accelerators")[machine.id]
    if not row["bandwidth_gb_s"] or not row["peak_bf16_tflops"]:
        return Html("")
    bandwidth = float(row["bandwidth_gb_s"]) * 1e9
    drawn = []
    for name in ("bf16", "fp8"):
        if row[f"peak_{name}_tflops"]:
            peak = float(row[f"peak_{name}_tflops"]) * 1e12
            ridge = peak / bandwidth
            drawn.append(charts.Line(f"{name}, flat from {figure(float(f'{ridge:.3g}'))} FLOP/byte",
                                     [(0.1, 0.1 * bandwidth), (ridge, peak), (10_000, peak)]))  # fmt: skip
    marks = []
    for batch in (1, 16, 256):
        intensity = LLM_INTENSITY("llama-3.1-8b", batch, 2048)
        marks.append((intensity, min(intensity * bandwidth, float(row["peak_bf16_tflops"]) * 1e12)))
    drawn.append(charts.Line("llama-3.1-8b decoding in batches of 1, 16, 256", marks, ("1", "16", "256"), joined=False))
    about = f"Roofline of {machine.id}: the FLOP/s that it reaches at most, by FLOP for each byte moved"
    chart = charts.lines(
        about, charts.Axis("FLOP for each byte moved", log=True), charts.Axis("FLOP/s", log=True), drawn
    )
    return section("Roofline", chart, _formula("LLM_INTENSITY", ["llama-3.1-8b", 16, 2048]))


def _runs(machine: AcceleratorSpec) -> Html:
    rows = []
    for model in _MODELS:
        name = tables.by_id("models")[model]["name"]
        rows += _needed(model, machine.id, tag("a", name, href=file_of("model", model)))
    if not rows:
        return Html("")
    about = tag("p", f"How many hold the weights as published and one sequence of {_CONTEXT:,} tokens.")
    return section("What runs on it", about, grid(["Model", "Number", "Formula"], rows))


def _rented(machine: AcceleratorSpec) -> Html:
    """What providers list for it: a month of one accelerator by offer and term."""
    lowest: dict[tuple[str, str], float] = {}
    for row in prices.newest():
        if row["accelerator"] == machine.id and row["accelerators"]:
            for term, column in prices.TERMS.items():
                if row[f"{column}_usd_per_hour"]:
                    month = float(row[f"{column}_usd_per_hour"]) / float(row["accelerators"]) * _MONTH
                    offer = row["provider"], term.replace("_", " ")
                    lowest[offer] = min(month, lowest.get(offer, month))
    if not lowest:
        return Html("")
    cheapest = sorted((usd, f"{provider}, {term}") for (provider, term), usd in lowest.items())[:_OFFERS]
    about = f"USD a month ({_MONTH} hours) of one {machine.id}: the lowest that each provider lists in any region"
    chart = charts.bars(about, about, [(name, usd) for usd, name in cheapest])
    return section("Cost by month", chart, _formula("LLM_PRICE_TABLE", [machine.id]))


def _formula(name: str, values: Sequence[Any]) -> Html:
    arguments = ", ".join(f'"{v}"' if isinstance(v, str) else figure(v).replace(",", "") for v in values)
    return tag("p", tag("code", f"={name}({arguments})"), class_="usage")
