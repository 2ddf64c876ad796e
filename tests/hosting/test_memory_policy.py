"""What fits for one function fits for all: random models, machines, formats and lengths."""

from __future__ import annotations

import random

import pytest

import xlcalc
from xlcalc.catalog import accelerators
from xlcalc.hardware.serving import engine, usable, usual_software
from xlcalc.hardware.software import SERVING, SOFTWARE, names

MODELS = [
    "llama-3.1-8b",
    "gpt-oss-120b",
    "qwen3-30b-a3b",
    "llama-3.3-70b",
    "deepseek-v3",
    "gemma-3-27b",
    "mixtral-8x7b",
]
MACHINES = [
    "h100-sxm",
    "h200-sxm",
    "l40s",
    "a100-sxm-80gb",
    "b200",
    "mi300x",
    "rtx-4090",
    "trainium2",
    "tpu-v5p",
    "gaudi3",
]


def software(draw, machine):
    """One that runs there, or none."""
    maker = accelerators.find(machine).vendor
    return draw.choice([None, *(name for name in names(SERVING) if maker in (SOFTWARE[name].makers or [maker]))])


def test_gpt_oss_120b_runs_on_one_h100():
    """As its publisher says: it fits into a single 80 GB GPU (openai/gpt-oss, README)."""
    assert xlcalc.LLM_MIN_GPUS("gpt-oss-120b", "h100-sxm", 4096, 1) == 1
    assert xlcalc.LLM_MAX_BATCH("gpt-oss-120b", "h100-sxm", 1, 4096) >= 1
    assert xlcalc.LLM_THROUGHPUT("gpt-oss-120b", "h100-sxm", 1, 2048, 2048) > 0


@pytest.mark.parametrize("seed", range(40))
def test_one_policy(seed):
    draw = random.Random(seed)
    model, machine = draw.choice(MODELS), draw.choice(MACHINES)
    prompt, output, count = draw.choice([100, 1000, 6000]), draw.choice([50, 500, 2000]), draw.choice([1, 2, 4, 8])
    dtype, kv_dtype = draw.choice([None, "bf16", "fp8"]), draw.choice([None, "fp8"])
    formats = {"dtype": dtype, "kv_dtype": kv_dtype, "software": software(draw, machine)}
    context = prompt + output
    try:
        most = xlcalc.LLM_MAX_BATCH(model, machine, count, context, **formats)
    except xlcalc.CalcError:
        with pytest.raises(xlcalc.CalcError, match="leave no room"):
            xlcalc.LLM_THROUGHPUT(model, machine, count, prompt, output, **formats)
        return
    assert xlcalc.LLM_MAX_CONTEXT(model, machine, count, most, **formats) >= context
    assert xlcalc.LLM_MIN_GPUS(model, machine, context, most, **formats) <= count
    assert xlcalc.LLM_THROUGHPUT(model, machine, count, prompt, output, min(most, 4096), **formats) > 0
    if most < 4096:  # the engine's own limit
        with pytest.raises(xlcalc.CalcError, match=f"it holds {most}:"):
            xlcalc.LLM_THROUGHPUT(model, machine, count, prompt, output, most + 1, **formats)
    free = xlcalc.LLM_THROUGHPUT(model, machine, count, prompt, output, **formats)
    for batch in {1, min(max(most // 3, 1), 4096), min(most, 4096)}:  # no batch beats as many as help
        assert xlcalc.LLM_THROUGHPUT(model, machine, count, prompt, output, batch, **formats) <= free * 1.005


@pytest.mark.parametrize("seed", range(12))
def test_a_plan_is_what_throughput_says_of_its_layout_and_batch(seed):
    draw = random.Random(seed)
    model, machine, output = draw.choice(MODELS), draw.choice(MACHINES), draw.choice([100, 1000])
    kept = {"kv_dtype": draw.choice([None, "fp8"]), "software": software(draw, machine)}
    try:
        header, *rows = xlcalc.LLM_SERVE_PLAN(
            model, machine, 1000, output, None, draw.choice([None, 0.05]), 4, 50, usd_per_hour=2, **kept
        )
    except xlcalc.CalcError:
        return
    for row in (dict(zip(header, line, strict=True)) for line in rows):
        said = xlcalc.LLM_THROUGHPUT(
            model, machine, row["accelerators"], 1000, output, row["batch"], row["dtype"], layout=row["layout"], **kept
        )
        assert said == pytest.approx(row["tokens/s"]), row["layout"]


@pytest.mark.parametrize("seed", range(60))
def test_what_fits_on_one_is_what_serve_memory_says(seed):
    draw = random.Random(seed)
    model, machine = draw.choice(["gemma-2-2b", "mamba-1.4b", "olmoe-1b-7b", *MODELS]), draw.choice(["a10", *MACHINES])
    context, batch, reserve = draw.choice([100, 4096, 50_000]), draw.choice([1, 2, 16, 256]), draw.choice([0, 0.1, 0.3])
    formats = {"dtype": draw.choice([None, "bf16", "fp8", "int4"]), "kv_dtype": draw.choice([None, "fp8"])}
    device, runs = accelerators.find(machine), software(draw, machine)
    runs = runs or usual_software(device)

    def held(part, sequences):
        return xlcalc.LLM_SERVE_MEMORY(model, context, batch, **formats, part=part, software=runs, sequences=sequences)

    taken, none, most = held("total", batch), 2 * held("activations", 1) - held("activations", 2), usable(device)
    standing = taken - held("cache", batch) - held("activations", batch) + none
    left_empty = reserve * (most - standing if engine(device, runs).reserve_of_free else most)
    fits, of = taken <= most - left_empty, {**formats, "reserve": reserve, "software": runs}
    assert (xlcalc.LLM_MIN_GPUS(model, machine, context, batch, **of) == 1) == fits
    for ask, asked, least in ((xlcalc.LLM_MAX_BATCH, context, batch), (xlcalc.LLM_MAX_CONTEXT, batch, context)):
        try:
            found = ask(model, machine, 1, asked, **of)
        except xlcalc.CalcError as error:
            found = float("inf") if "any context fits" in str(error) else 0
        assert (found >= least) == fits
