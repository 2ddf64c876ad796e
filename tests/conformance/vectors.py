"""Cases whose answers others printed or counted, or that are arithmetic on a published formula or a catalog's line.

Nothing here calls the functions: published figures stand with the distance that their print leaves open, exact counts
come from tests/oracles (transformers counted them), catalog figures from the catalog's files.
"""

from __future__ import annotations

import csv
import inspect
import json
from collections.abc import Iterator
from datetime import date, timedelta
from math import sqrt
from pathlib import Path
from typing import Any

import xlcalc

from .case import Case

ORACLES = Path(__file__).parents[1] / "oracles"
CATALOG = Path(xlcalc.__file__).parent / "catalog"
DAY = 86400
SHEET_DAY_0 = date(1899, 12, 30).toordinal()
GIB = 2**30
# A model written on a sheet, with a blank row, labels as people write them, numbers stored as text.
LLAMA_BLOCK = [["My model", None], [None, None], ["Model type", "llama"], ["n_layers:", "32"], ["d_model", 4096],
               ["N heads", 32], ["n_kv_heads", " 8 "], ["d_ff", 14336], ["vocab", 128256]]  # fmt: skip
ACCELERATOR_BLOCK = [["name", "Ours"], ["peak_bf16_tflops", 500], ["memory_gb", 96]]
GPT2_CONFIG = '{"model_type": "gpt2"}'
COUNTED = [
    "gpt2",
    "llama-3.1-8b",
    "llama-3.1-70b",
    "bloom-176b",
    "deepseek-v3",
    "mixtral-8x7b",
    "gpt-oss-120b",
    "qwen3-235b-a22b",
]


def vectors() -> Iterator[Case]:
    yield from _counted()
    yield from _model()
    yield from _training()
    yield from _laws_and_failures()
    yield from _hosting()
    yield from _money()
    yield from _catalogs()


def _v(
    name: str, expected: Any, source: str, /, *args: Any, within: float = 0, share: float = 0,
    at: tuple[int, int] | None = None, **named: Any,
) -> Case:  # fmt: skip
    """A case; `share` is how far, as a fraction of the expected value, the answer may be from it."""
    declaration = getattr(xlcalc, name)
    given = inspect.signature(declaration).bind(*args, **named).arguments
    arguments = [given.get(a.name) for a in declaration.arguments]
    return Case(name, arguments, expected, "a vector", source, share * abs(expected) if share else within, at)


def _lines(path: Path, key: str) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {line[key]: line for line in csv.DictReader(file)}


def megatron(n_layers: int, d_model: int, n_heads: int) -> str:
    return json.dumps({"model_type": "gpt2", "n_layer": n_layers, "n_embd": d_model, "n_head": n_heads,
                       "vocab_size": 51200, "n_positions": 2048})  # fmt: skip


def _counted() -> Iterator[Case]:
    source = "counted by transformers: tests/oracles/catalog.csv"
    lines = _lines(ORACLES / "catalog.csv", "file")
    for model in COUNTED:
        line = lines[f"{model}.json"]
        total = int(line["params_text"])
        yield _v("LLM_PARAMS", total, source, model)
        yield _v("LLM_PARAMS", total, source, model, "total")
        for part in ("embedding", "head", "norm", "attention", "mlp", "experts", "router"):
            yield _v("LLM_PARAMS", int(line[part]), source, model, part)
        yield _v("LLM_PARAMS_TABLE", [["total", total, 1]], source, model, at=(-1, 0))
        yield _v("LLM_MODEL", total, source, model, "parameters")
        for optimizer in ("adam",) if model != "gpt2" else ("adam", "none"):
            yield _v("LLM_CHECKPOINT_SIZE", total * (14 if optimizer == "adam" else 2),
                     f"2 bytes a weight, 12 of Adam's states; {source}", model, optimizer)  # fmt: skip
        yield _v("LLM_WEIGHTS", 2 * total, f"2 bytes a weight; {source}", model, "bf16")
        yield _v("LLM_WEIGHTS", 4 * total, f"4 bytes a weight; {source}", model, "fp32")
    source = "2 FLOP a weight of every matrix product; counts as transformers has them"
    line = lines["llama-3.1-8b.json"]
    products = int(line["params_text"]) - int(line["embedding"]) - int(line["norm"])
    yield _v("LLM_FLOPS_PER_TOKEN", 2 * products, source, "llama-3.1-8b")
    yield _v("LLM_FLOPS_PER_TOKEN", 6 * products, source, "llama-3.1-8b", 0, "train")
    yield _v("LLM_FLOPS_PER_TOKEN", 2 * products, source, "llama-3.1-8b", phase="decode")
    gpt2 = lines["gpt2.json"]
    yield _v("LLM_PARAMS", int(gpt2["params_text"]), "counted by transformers", GPT2_CONFIG)
    yield _v("LLM_PARAMS", int(line["params_text"]), "counted by transformers", LLAMA_BLOCK)
    turned = [list(row) for row in zip(*LLAMA_BLOCK, strict=True)]
    yield _v("LLM_PARAMS", int(line["params_text"]), "counted by transformers", turned)


def _model() -> Iterator[Case]:
    source = "Kaplan et al. 2020: 12 n d^2; embeddings V d, positions s d"
    yield _v("LLM_PARAMS_DENSE", 12 * 12 * 768**2, source, 12, 768)
    yield _v("LLM_PARAMS_DENSE", 12 * 12 * 768**2 + 50257 * 768, source, 12, 768, 50257)
    yield _v("LLM_PARAMS_DENSE", 12 * (4 * 768**2 + 2 * 768 * 2048), source, 12, 768, None, 2048)
    for field, value in {"n_layers": 32, "d_model": 4096, "n_kv_heads": 8, "vocab": 128256}.items():
        yield _v("LLM_MODEL", value, "its config.json", "llama-3.1-8b", field)
    yield _v("LLM_MODEL", "exact", "a family that is counted matrix by matrix", "gpt2", "count")
    yield _v("LLM_MODEL", "=1+1", "a name is text, whatever it looks like", [["id", "gpt2"], ["name", "=1+1"]], "name")
    with (CATALOG / "measured.csv").open(encoding="utf-8") as file:
        measured = [(line["function"], line["accelerator"]) for line in csv.DictReader(file)]
    for function, accelerator, is_one in (
        ("LLM_STEP_TIME", None, lambda of, on: of == "LLM_STEP_TIME"),
        ("tpot", "H200", lambda of, on: (of, on) == ("LLM_TPOT", "h200-sxm")),
        ("LLM_TTFT", "a100-sxm-80gb", lambda of, on: (of, on) == ("LLM_TTFT", "a100-sxm-80gb")),
    ):
        cases = sum(is_one(*line) for line in measured)
        yield _v("LLM_ESTIMATE_RANGE", cases, "lines of measured.csv", function, accelerator, "cases")
        yield _v("LLM_ESTIMATE_RANGE", 1, "the estimate itself", function, accelerator, "expected")
    hours = 2.4e23 / (0.3 * 312e12) / 3600
    run = ("LLM_GPU_HOURS", "expected", 2.4e23, 312e12, 0.3)
    yield _v("LLM_ESTIMATE_BOUND", hours, "the function itself: FLOP over peak and utilisation", *run)
    published = {  # model cards and papers, accelerator-hours
        "Llama 3 70B": 6400000, "Llama 3 8B": 1300000, "Llama 2 7B": 184320, "Llama 2 13B": 368640,
        "Llama 2 70B": 1720320, "Llama 4 Scout": 5000000, "Llama 4 Maverick": 2380000, "LLaMA-65B": 1022362,
        "LLaMA-33B": 530432, "StarCoderBase": 320256, "StarCoder2-3B": 97120,
    }  # fmt: skip
    for run_name, of_run in published.items():
        yield _v("LLM_TRAIN_RUNS", [[of_run]], "as its authors published it", run_name, at=(1, 4))
    kept = [["parameters", 8030261248, 8030261248 - 0.5 * 32 * (2 * 4096**2 + 2 * 4096 * 1024 + 3 * 4096 * 14336)]]
    for pattern in (None, "2:4", "structured"):
        yield _v("LLM_PRUNED", kept, "half of each layer's matrices", "llama-3.1-8b", None, pattern, at=(1, 0))
    source = "2 L k h bytes x 2 a token; DeepSeek-V3: its latent and rope"
    for model, token in {"llama-3.1-8b": 131072, "llama-3.1-70b": 327680, "deepseek-v3": 70272,
                         "mistral-small-3.2-24b": 163840}.items():  # fmt: skip
        yield _v("LLM_KV_CACHE", token, source, model, 1)
        yield _v("LLM_KV_CACHE", 3 * 1000 * token / 2, source, model, 1000, 3, "fp8")
    yield _v("LLM_KV_CACHE", 1, source, "llama-3.1-8b", 8192, unit="GiB")
    yield _v("LLM_KV_CACHE", 0, source, "llama-3.1-8b", 0)
    yield _v("LLM_KV_CACHE", 131072, source, LLAMA_BLOCK, 1)
    yield _v("LLM_KV_CACHE", [[131072, 262144], [393216, 786432]], source, "llama-3.1-8b", [[1], [3]], [[1, 2]])
    source = "Tay et al. 2020, table 1: order of each variant, 4 d FLOP a pair"
    for variant, pairs in {
        "full": 1024**2,
        "causal": 1024 * 1025 / 2,
        "sparse": 1024 * 32,
        "reformer": 1024 * 10,
    }.items():
        yield _v("LLM_ATTENTION_COST", [[4 * 64 * pairs, pairs]], source, variant, 1024, 64, at=(1, 2))
    source = "Hu et al. 2021, table 2"
    yield _v("LLM_LORA_PARAMS", 18874368, source, megatron(96, 12288, 96), 4, "q,v")
    yield _v("LLM_LORA_PARAMS", 18874368, source, megatron(96, 12288, 96), 8, "q_proj")


def _training() -> Iterator[Case]:
    # Brown et al. 2020, table D.1: parameters in millions, FLOP, each for 300 billion tokens
    for millions, flop in [(125, 2.25e20), (356, 6.41e20), (760, 1.37e21), (1320, 2.38e21), (2650, 4.77e21),
                           (6660, 1.20e22), (12850, 2.31e22), (174600, 3.14e23)]:  # fmt: skip
        yield _v("LLM_TRAIN_FLOPS", flop, "Brown et al. 2020, table D.1", millions * 1e6, 300e9, share=0.005)
    yield _v("LLM_TRAIN_FLOPS", 6 * 70e9 * 1e12, "6 N D", "70e9", 1e12)
    hours = 2.4e23 / (312e12 * 0.3) / 3600
    yield _v("LLM_GPU_HOURS", hours, "FLOP over FLOP/s", 2.4e23, 312e12, 0.3)
    yield _v("LLM_GPU_HOURS", 1e21 / (989e12 * 0.4) / 3600, "FLOP over FLOP/s", 1e21, "h100-sxm")
    yield _v("LLM_TRAIN_TIME", hours * 3600 / 300, "FLOP over FLOP/s", 2.4e23, 312e12, 300, 0.3)
    yield _v("LLM_TRAIN_TIME", 625000, "FLOP over FLOP/s", 1e21, ACCELERATOR_BLOCK, 8)
    yield _v("LLM_TRAIN_TIME", 1e21 / (989e12 * 0.4 * 8), "FLOP over FLOP/s", 1e21, "NVIDIA H100 80GB HBM3", 8)
    palm = 540.35e9 + 2 * 118 * 48 * 256 * 2048
    yield _v("LLM_MFU", 0.462, "Chowdhery et al. 2022, appendix B", palm, 238.3e3, "tpu-v4", 6144, within=0.0005)
    yield _v("LLM_MFU", 0.457, "Chowdhery et al. 2022, appendix B", 540.35e9, 238.3e3, 275e12, 6144, within=0.001)
    yield _v("LLM_MFU", "#NUM!", "above the peak", 70e9, 1e9, "h100-sxm", 1)
    yield _v("LLM_PIPELINE_BUBBLE", 7 / 192, "Narayanan et al. 2021", 8, 64, 3)
    yield _v("LLM_PIPELINE_BUBBLE", 0, "Narayanan et al. 2021", 1, 64)
    for row in _lines(ORACLES / "training_measured_korthikanti.csv", "model").values():
        model = megatron(int(row["n_layers"]), int(row["d_model"]), int(row["n_heads"]))
        of = {name: int(row[name]) for name in ("tp", "pp", "vp", "micro_batch")}
        for recompute, column in (("none", "none_gib"), ("selective", "selective_gib")):
            yield _v("LLM_TRAIN_MEMORY", float(row[column]), "Korthikanti et al. 2022, figure 1", model, 2048,
                     recompute=recompute, part="activations", unit="GiB", share=0.001, **of)  # fmt: skip
        for recompute, column in (("full", "full_seconds"), ("selective", "selective_seconds")):
            yield _v("LLM_STEP_TIME", float(row[column]), "Korthikanti et al. 2022, table 5", model, "a100-sxm-80gb",
                     int(row["gpus"]), int(row["global_batch"]), 2048, recompute=recompute, share=0.1,
                     **of)  # fmt: skip
    n = 8030261248
    for part, each in (("weights", 2), ("gradients", 2), ("optimizer", 12)):
        yield _v("LLM_FINETUNE_MEMORY", each * n, "ZeRO (Rajbhandari et al. 2020), section 3.1", "llama-3.1-8b", "full",
                 2048, 1, part=part)  # fmt: skip
        yield _v("LLM_TRAIN_MEMORY", each * n, "ZeRO (Rajbhandari et al. 2020), section 3.1", "llama-3.1-8b", 2048, 1,
                 part=part)  # fmt: skip


def _laws_and_failures() -> Iterator[Case]:
    eq10 = "Hoffmann et al. 2022, equation 10"
    for n, d in ((280e9, 300e9), (70e9, 1.4e12)):
        yield _v("LLM_LOSS", 1.69 + 406.4 / n**0.34 + 410.7 / d**0.28, eq10, n, d)
    yield _v("LLM_LOSS", (6.4e13 / 1e9) ** 0.076, "Kaplan et al. 2020", 1e9, 1e30, "kaplan", share=1e-6)
    for n, flop, second in ((1e9, 1.21e20, 1.20e20), (10e9, 1.23e22, 1.32e22), (67e9, 5.76e23, 6.88e23)):
        table = "Hoffmann et al. 2022, tables 3 and A3"
        yield _v("LLM_OPTIMAL_PARAMS", n, table, flop, "chinchilla_1", share=0.0203)
        yield _v("LLM_OPTIMAL_PARAMS", n, table, second, "chinchilla_2", share=0.0194)
    yield _v("LLM_OPTIMAL_PARAMS", 1.3e9, "Kaplan et al. 2020", 8.64e19, "kaplan")
    for flop, billions in ((1.21e20, 20.2), (1.23e22, 205.1), (5.76e23, 1500), (1.27e26, 21200)):
        yield _v("LLM_OPTIMAL_TOKENS", billions, "Hoffmann et al. 2022, table 3", flop, unit="B", share=0.06)
    for loss in (2.0, 2.5, 3.0):
        yield _v("LLM_CRITICAL_BATCH", 2e8 / loss ** (1 / 0.21), "Kaplan et al. 2020: 2e8 / L^(1/0.21)", loss)
    yield _v("LLM_CHECKPOINT_INTERVAL", sqrt(2 * 120 * 14400), "Young 1974: sqrt(2 w m)", 120, 14400)
    yield _v("LLM_CHECKPOINT_SIZE", 2.3, "BLOOM 176B", 176e9, unit="TB", share=0.08)
    yield _v("LLM_TRAIN_TIME_ACTUAL", 54 * DAY / 0.90, "Llama 3: 419 stops in 54 days, above 90 % effective", 54 * DAY,
             2048, 419 / 54 / 2048, 600, 1020, share=0.006)  # fmt: skip
    yield _v("LLM_TRAIN_TIME_ACTUAL", DAY, "no failures", DAY, 100, 0, 1800, 3600)
    yield _v("LLM_TRAIN_TIME_ACTUAL", "#NUM!", "a run that never finishes", DAY, 10000, 0.002, 7200, 7200)
    compute = 2.4e23 / (312e12 * 0.3) / 3600 * 4.09
    yield _v("LLM_TRAIN_COST", [["compute", compute]], "hours x price", 2.4e23, 312e12, 300, 4.09, 0.3, at=(1, 0))
    yield _v("LLM_TRAIN_COST", [["total", compute]], "hours x price", 2.4e23, 312e12, 300, 4.09, 0.3, at=(-1, 0))
    yield _v("LLM_DATASET_SIZE", 15e12 / 0.3, "tokens over tokens a byte", 15e12, 0.3)


def _hosting() -> Iterator[Case]:
    yield _v("LLM_SERVE_MEMORY", 28.20, "llm-d-planner: 28.20 GiB held 184,832 tokens", "mistral-small-3.2-24b",
             184_832, 1, part="cache", unit="GiB", within=0.005)  # fmt: skip
    for tp in (1, 8):
        yield _v("LLM_SERVE_MEMORY", 8192 * 70272, "a latent is not divided", "deepseek-v3", 8192, 1, "bf16", None, tp,
                 "cache")  # fmt: skip
    yield _v("LLM_SERVE_MEMORY", 8192 * 327680 / 8, "8 heads over 8", "llama-3.1-70b", 8192, 1, tp=8, part="cache")
    yield _v("LLM_MIN_GPUS", 16, "812 GB of weights in 80 GB each", "llama-3.1-405b", "h100-sxm", 8192, 1)
    yield _v("LLM_MIN_GPUS", 8, "406 GB of weights in 80 GB each", "llama-3.1-405b", "h100-sxm", 8192, 1, "fp8")
    yield _v("LLM_MAX_BATCH", "#NUM!", "812 GB of weights in 80 GB", "llama-3.1-405b", "h100-sxm", 1, 1024)
    yield _v("LLM_MAX_CONTEXT", "#NUM!", "812 GB of weights in 80 GB", "llama-3.1-405b", "h100-sxm", 1, 1)


def _money() -> Iterator[Case]:
    hours = 8760 * 4
    yield _v("LLM_TCO", 1, "capital over hours", hours, 4, 0, 0, opex_share=0)
    yield _v("LLM_TCO", 1.2, "capital and upkeep over hours", hours, 4, 0, 0)
    yield _v("LLM_TCO", 0.13, "1 kW x 1.3 x 0.10", 0, 4, 1000, 0.10)
    yield _v("LLM_TCO", 2.66, "half the hours in use", hours, 4, 1000, 0.10, utilization=0.5)
    yield _v("LLM_TCO", 301.92 / 8760, "any annuity table: 1,000 at 8 % over 4 years", 1000, 4, 0, 0, opex_share=0,
             cost_of_capital=0.08, share=2e-5)  # fmt: skip
    yield _v("LLM_ENERGY", 3.6e6, "a kilowatt-hour", 3600, 1, 1000, 1, 1)
    yield _v("LLM_ENERGY", 3600 * 8 * 700 * 0.8 * 1.3, "time x count x TDP x load x PUE", 3600, 8, "h100-sxm")
    yield _v("LLM_ENERGY", "#NUM!", "a share, not a percentage", 3600, 1, "h100-sxm", 80)
    yield _v("LLM_OWN_SHARE", 5e9, "one replica's cost over the price", 10000, 2)
    yield _v("LLM_BREAKEVEN", 8760, "capital over the difference", 8760 * 3, 1, 4)
    prices = _lines(CATALOG / "prices.csv", "id")
    for name in ("aws/p5.48xlarge/us-east-1", "aws/g4dn.xlarge/us-east-1", "aws/g4dn.2xlarge/us-east-1"):
        yield _v("LLM_PRICE", float(prices[name]["on_demand_usd_per_hour"]), "its line of prices.csv", name)
        yield _v("LLM_PRICE_TABLE", [[name]], "prices.csv", name, at=(1, 0))
        listed = date.fromisoformat(prices[name]["as_of"])
        for day in (listed + timedelta(91), (listed + timedelta(91)).toordinal() - SHEET_DAY_0):
            today = day.isoformat() if isinstance(day, date) else day
            yield _v("LLM_PRICE_TABLE", [[91, "stale"]], "its date, 91 days on", name, today, at=(1, -2))
    yield _v("LLM_PRICE", "#N/A", "never invented", "aws/g4dn.xlarge/us-east-1", "3y")
    yield _v("LLM_PRICE", "#N/A", "listed in several places", "a2-highgpu-8g")
    for name, line in _lines(CATALOG / "api_prices.csv", "id").items():
        if name == "gpt-4o":
            given, answered = float(line["input_usd_per_token"]), float(line["output_usd_per_token"])
            yield _v("LLM_API_PRICE", given, "its line of api_prices.csv", name)
            yield _v("LLM_API_PRICE", answered, "its line of api_prices.csv", name, "output")
            yield _v("LLM_API_PRICE", int(line["context"]), "its line of api_prices.csv", name, "context")
            yield _v("LLM_API_PRICE", line["as_of"], "its line of api_prices.csv", name, "as_of")
            yield _v("LLM_API_COST", 1000 * given, "tokens x prices", name, 1000, 0)
            yield _v("LLM_API_COST", 3 * (1000 * given + 500 * answered), "tokens x prices", name, 1000, 500, 3)
    for region, line in list(_lines(CATALOG / "grid.csv", "id").items())[:3]:
        yield _v("LLM_CARBON", float(line["kg_co2e_per_kwh"]), "its line of grid.csv: a kilowatt-hour", 3.6e6, region)


def _catalogs() -> Iterator[Case]:
    accelerators = _lines(CATALOG / "accelerators.csv", "id")
    for name in ("h100-sxm", "tpu-v4"):
        line = accelerators[name]
        for field, column, scale in (("peak_bf16", "peak_bf16_tflops", 1e12), ("memory", "memory_gb", 1e9),
                                     ("bandwidth", "bandwidth_gb_s", 1e9)):  # fmt: skip
            figure = float(line[column]) * scale
            yield _v("LLM_HARDWARE", figure, "its line of accelerators.csv", name, field)
        yield _v("LLM_HARDWARE_TABLE", [[name, line["name"]]], "accelerators.csv", line["name"], at=(1, 0))
    yield _v("LLM_HARDWARE", "#N/A", "nobody published it", "h100-sxm", "peak_fp4")
    yield _v("LLM_HARDWARE", "#N/A", "ambiguous: it could be the 40 GB or the 80 GB one", "A100", "memory")
    yield _v("LLM_HARDWARE", 96e9, "the block itself", ACCELERATOR_BLOCK, "memory")
    models, prices = (_lines(CATALOG / f"{name}.csv", "id") for name in ("models", "prices"))
    sources = {kind: _lines(CATALOG / "sources" / f"{kind}.csv", "key") for kind in ("models", "money")}
    for name, line, kind in (
        ("llama-2-7b", models["llama-2-7b"], "models"),
        ("aws/g4dn.xlarge/us-east-1", prices["aws/g4dn.xlarge/us-east-1"], "money"),
    ):
        of = sources[kind][line["source"]]
        text = f"{of['title']}, {of['url']} ({of['date']}); as of {line['as_of']}"
        yield _v("LLM_SOURCE", text, "its line of the catalog", name)
    for name, file in (("LLM_MODELS", models), ("LLM_HARDWARE_TABLE", accelerators), ("LLM_PRICE_TABLE", prices)):
        first, *_, last = file
        yield _v(name, [["id"]], "a header", at=(0, 0))
        yield _v(name, [["id"]], "a header", first, at=(0, 0))
        yield _v(name, [[first]], "the first line of the file", at=(1, 0))
        yield _v(name, [[last]], "the last line of the file", at=(-1, 0))
        yield _v(name, [[last]], "the last line of the file", last, at=(-1, 0))
        yield _v(name, [[last]], "capitals do not matter", last.upper(), at=(-1, 0))
        yield _v(name, [["id"]], "a text that is nowhere: the header alone", "no such text at all", at=(-1, 0))
    yield _v("LLM_EXPLAIN", [[10000]], "the call's own answer", "LLM_BREAKEVEN", 30000, 0.5, 3.5, at=(1, 4))
    yield _v("LLM_EXPLAIN", [[131072]], "the call's own answer", "KV_CACHE", LLAMA_BLOCK, 1, at=(1, 4))
    yield _v("LLM_EXPLAIN", "#NUM!", "the call's own error", "LLM_KV_CACHE", "llama-3.1-8b", -1)
