"""What each catalog covers, counted from its files: the page docs/catalogs.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median

from xlcalc.catalog import models, tables
from xlcalc.catalog.prices import TERMS, newest

Row = Mapping[str, str]
_ABOUT = {
    "models": "published configurations, counted exactly",
    "accelerators": "dense peaks, memory, bandwidth, power, links of one device",
    "prices": "what providers list for an hour of an instance",
    "api_prices": "what providers list for a token of a hosted model",
    "storage_prices": "what providers list for a gigabyte and month",
    "grid": "carbon intensity of electricity by country, state and cloud region",
}
_FIGURES = {
    "BF16": "peak_bf16_tflops", "FP8": "peak_fp8_tflops", "FP4": "peak_fp4_tflops", "INT8": "peak_int8_tops",
    "bandwidth": "bandwidth_gb_s", "power": "tdp_w", "link": "scale_up_gb_s", "measured": "achievable_bf16_tflops",
}  # fmt: skip
# what a column holds, by its name or by how that ends
_COLUMNS = {
    "id": "lower case with hyphens, unique; of a price provider/instance/region", "hf_id": "id on Hugging Face",
    "aliases": "other names, with ; between", "released": "YYYY, YYYY-MM or YYYY-MM-DD", "context": "tokens",
    "published_params": "parameters as the publisher states them, for the check", "kind": "gpu, tpu, asic, soc or cpu",
    "sparse_bf16_tflops": "TFLOP/s with sparsity, not used", "accelerator": "id of accelerators.csv",
    "achievable_bf16_tflops": "TFLOP/s that somebody measured", "accelerators": "how many the instance has",
    "achievable_fp8_tflops": "TFLOP/s that somebody measured", "memory_gb": "GB",
    "usable_mib": "MiB as the driver counts",
    "achievable_bandwidth_gb_s": "GB/s that somebody measured", "bandwidth_gb_s": "GB/s of the memory",
    "scale_up_gb_s": "GB/s of a device to the others of its domain, in one direction", "devices_per_node": "devices",
    "scale_up_domain": "devices that these links join", "scale_out_gb_s": "GB/s of a device to other nodes",
    "tdp_w": "W", "usd_per_gb_month": "USD", "kg_co2e_per_kwh": "kg CO2e", "as_of": "the day it was read, YYYY-MM-DD",
    "source": "keys of catalog/sources with ; between, or any text", "year": "of the figure",
    "_source": "as source, for these figures alone", "_tflops": "TFLOP/s, dense", "_tops": "TOP/s, dense",
    "_usd_per_hour": "USD for the whole instance", "_usd_per_token": "USD",
    "name": "as its maker writes it", "organisation": "who published it", "license": "its name",
    "vendor": "who makes it", "architecture": "its generation, such as Hopper", "provider": "who sells it",
    "instance": "the provider's name for it", "region": "the provider's name for the place",
    "service": "the provider's name for it", "class": "of the storage", "vcpus": "virtual CPUs of the whole instance",
}  # fmt: skip

# what people ask for and no public source says, so that it is not in the catalogs; searched again on 2026-11-28
_NOT_FOUND = {
    "AMD MI440X": "AMD has announced the name and no figures",
    "AMD MI430X": "memory and bandwidth are there; no peaks are published",
    "Ling-1T": "no copy of its configuration was found; Ling mini and flash 2.0 are there",
    "Qwen3.8 Flash Next, Qwen3.8 Max": "no copy of their configurations was found; Qwen3.8 27B is there",
    "Llama 3.1 Nemotron Ultra 253B, Hunyuan-A13B, MiniMax-Text-01, Falcon 2, EXAONE 3.5": "configurations of the "
    "general reader are answered (`LLM_PARAMS` of their config.json); no copy to check was found",
    "Encoders, translation and speech models": "answered from their config.json, not listed: the catalog is of models "
    "that generate text",
    "1- and 3-year prices of H200, B200, MI300X": "providers quote discounts on request; none lists these prices by "
    "instance. AWS lists them for eight H100",
    "p5e.48xlarge, p6e-gb200.36xlarge, a4x-highgpu-4g and others": "sold by agreement, or no list was found; the "
    "accelerators in them are known (instances.csv)",
}


def as_markdown() -> str:
    """The page. It counts what the package ships, not what a user adds."""
    shipped = {name: tables.shipped(name) for name in _ABOUT}
    return "\n\n".join([
        "# What the catalogs cover",
        "Every figure carries its source and the day it was read: `LLM_SOURCE(id, field)` says both; a blank means "
        "that no source was found for it. Rows of your own win over these: `xlcalc models add`, `xlcalc hardware add`, "
        "`xlcalc prices add`; `xlcalc prices refresh` fetches newer prices.",
        _table(["catalog", "holds", "rows", "sources", "oldest", "newest"], (
            [f"`{name}`", about, len(shipped[name]), len(_sources(shipped[name])), *_dates(shipped[name])]
            for name, about in _ABOUT.items()
        )),
        "## Accelerators\n\nRows with each figure.",
        _by(shipped["accelerators"], "vendor", _FIGURES),
        "## Models",
        _models(shipped["models"]),
        "## Prices\n\nRows with a price under each term.",
        _by(shipped["prices"], "provider", {term: f"{column}_usd_per_hour" for term, column in TERMS.items()}),
        "Median USD per accelerator and hour of whole nodes: of all instances with eight accelerators or more, or as "
        "many as the largest has, the newest list of each; in brackets of how many.",
        _nodes(shipped["prices"]),
        "## API prices",
        _by(shipped["api_prices"], "provider", {"cached": "cached_usd_per_token", "context": "context"}),
        "## Sought and not found",
        _table(["what", "why it is not there"], _NOT_FOUND.items()),
        "## Columns\n\nA file of your own has as many of these columns as it needs, in any order.",
        *(f"### `{name}.csv`\n\n{_columns(rows)}" for name, rows in shipped.items()),
    ]) + "\n"  # fmt: skip


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join('' if cell is None else str(cell) for cell in line)} |" for line in lines)


def _sources(rows: Sequence[Row]) -> set[str]:
    columns = [column for column in rows[0] if column == "source" or column.endswith("_source")]
    return {key.strip() for row in rows for column in columns for key in row[column].split(";") if key.strip()}


def _dates(rows: Iterable[Row]) -> tuple[str, str]:
    dates = sorted(row["as_of"] for row in rows)
    return dates[0], dates[-1]


def _grouped(rows: Iterable[Row], column: str) -> list[tuple[str, list[Row]]]:
    """Rows by the value of a column, the largest group first."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))


def _by(rows: Sequence[Row], column: str, figures: Mapping[str, str]) -> str:
    counted: Callable[[Sequence[Row]], list[object]] = lambda some: [  # noqa: E731
        len(some), *(sum(bool(row[figure]) for row in some) or None for figure in figures.values()), _dates(some)[1]
    ]  # fmt: skip
    lines = [[name, *counted(some)] for name, some in _grouped(rows, column)]
    return _table([column, "rows", *figures, "newest"], [*lines, ["**all**", *counted(rows)]])


def _models(rows: Sequence[Row]) -> str:
    lines = []
    for organisation, some in _grouped(rows, "organisation"):
        sizes = sorted(models.by_id(row["id"]).total for row in some)
        released = max(row["released"] for row in some)
        lines.append([organisation, len(some), _billions(sizes[0]), _billions(sizes[-1]), released])
    return _table(["publisher", "models", "smallest", "largest", "newest release"], lines)


def _billions(parameters: float) -> str:
    power, letter = next((p, n) for p, n in ((1e12, "T"), (1e9, "B"), (1e6, "M")) if parameters >= p * 0.9995)
    return f"{parameters / power:.3g}{letter}"


def _nodes(rows: Sequence[Row]) -> str:
    lines = []
    for accelerator, some in _grouped(rows, "accelerator"):
        enough = min(8, max(int(row["accelerators"]) for row in some))
        nodes = [row for row in some if int(row["accelerators"]) >= enough]
        cells = []
        for column in (f"{term}_usd_per_hour" for term in TERMS.values()):
            listed = newest(row for row in nodes if row[column])
            usd = [float(row[column]) / int(row["accelerators"]) for row in listed]
            cells.append(f"{median(usd):.2f} ({len(usd)})" if usd else None)
        lines.append([f"`{accelerator}`", enough, *cells, _dates(nodes)[1]])
    return _table(["accelerator", "at least", *TERMS, "newest"], lines)


def _columns(rows: Sequence[Row]) -> str:
    ends = [end for end in _COLUMNS if end.startswith("_")]
    holds = {c: _COLUMNS.get(c) or next((_COLUMNS[end] for end in ends if c.endswith(end)), None) for c in rows[0]}
    return _table(
        ["column", "holds", "rows that have it"],
        ([f"`{column}`", holds[column], sum(bool(row[column]) for row in rows)] for column in rows[0]),
    )
