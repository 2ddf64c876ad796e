"""Speed and agreement of the estimates beside other calculators, in one run: python benchmarks/estimates.py [CALCULON]

LLM_STEP_TIME against calculon and llm-analysis on the published steps of Korthikanti et al. (table 5), then
microseconds of a serving estimate and layouts a second of the plan. Absolute times are this machine's: quote ratios.

llm-analysis comes with `pip install llm-analysis`. calculon is no package: `git clone
https://github.com/calculon-ai/calculon`, `pip install numpy pandas psutil`, and name its folder here. What is missing
is skipped.
"""

from __future__ import annotations

import json
import logging
import sys
import timeit
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import cycle
from pathlib import Path
from statistics import mean, median
from typing import Any

import xlcalc
from xlcalc.catalog import accelerators, models, tables
from xlcalc.hardware.kernels import framework, kernels
from xlcalc.training import plan
from xlcalc.training.micro_batch import micro_batch_time

Estimate = Callable[[], float]
GROUP = "Megatron-LM, Korthikanti table 5"
# the names of the four models in calculon's own validation of this table
_CALCULON_NAMES = {"22B": "megatron-22B", "175B": "gpt3-175B", "530B": "turing-530B", "1T": "megatron-1T"}


def cases() -> list[tuple[str, dict[str, Any], float]]:
    """The published steps: name, arguments, seconds."""
    return [
        (row["case"], json.loads(row["arguments"]), float(row["measured"]))
        for row in tables.shipped("measured")
        if row["group"] == GROUP
    ]


def ours() -> list[Estimate]:
    """LLM_STEP_TIME as a cell calls it, the model as the text of its configuration."""

    def estimate(arguments: dict[str, Any]) -> Estimate:
        values = [json.dumps(arguments["model"]), *(v for name, v in arguments.items() if name != "model")]
        return lambda: xlcalc.LLM_STEP_TIME(*values)

    return [estimate(arguments) for _, arguments, _ in cases()]


def calculon(folder: Path) -> list[Estimate]:
    """calculon with the files of its own validation, read once. Raises ImportError where it is not there."""
    sys.path.insert(0, str(folder))
    io, llm = import_module("calculon.io"), import_module("calculon.llm.llm").Llm
    machine = import_module("calculon.system").System(io.read_json_file(str(folder / "systems/a100_80g.json")))
    silent = logging.getLogger("calculon")

    def estimate(case: str) -> Estimate:
        name, recompute = case.split()
        model = _CALCULON_NAMES[name]
        mode = "full" if recompute == "full" else "seqsel"
        application = llm.Application(io.read_json_file(str(folder / f"models/{model}.json")))
        execution = llm.Execution.from_json(
            io.read_json_file(str(folder / f"validation/seqsel/tab5/{model}_{mode}.json"))
        )

        def run() -> float:
            made = llm(application, silent)
            made.compile(machine, execution)
            made.run(machine)
            return made.get_total_time()

        return run

    return [estimate(case) for case, _, _ in cases()]


def llm_analysis() -> list[Estimate]:
    """llm-analysis at its default efficiencies. Raises ImportError where it is not installed."""
    analysis, config = import_module("llm_analysis.analysis"), import_module("llm_analysis.config")
    import_module("llm_analysis.logger").logger.setLevel(logging.CRITICAL)
    gpu = config.get_gpu_config_by_name("a100-sxm-80gb")

    def estimate(a: dict[str, Any]) -> Estimate:
        m = a["model"]
        model = config.ModelConfig(
            name="gpt", num_layers=m["n_layer"], n_head=m["n_head"], hidden_dim=m["n_embd"],
            vocab_size=m["vocab_size"], max_seq_len=m["n_positions"],
        )  # fmt: skip
        dp = a["count"] // (a["tp"] * a["pp"])
        layout = config.ParallelismConfig(tp_size=a["tp"], pp_size=a["pp"], dp_size=dp)
        recompute = analysis.ActivationRecomputation[a["recompute"].upper()]

        def run() -> float:
            made = analysis.LLMAnalysis(model, gpu, config.DtypeConfig(), layout)
            found = made.training(
                batch_size_per_gpu=a["micro_batch"], global_batch_size=a["global_batch"], seq_len=a["seq_len"],
                activation_recomputation=recompute, flash_attn=False,
            )  # fmt: skip
            return found["latency_per_iter"]

        return run

    return [estimate(arguments) for _, arguments, _ in cases()]


def seconds(call: Callable[[], Any]) -> float:
    """The shortest time of a call over several rounds."""
    call()
    number = max(1, int(0.02 / max(timeit.timeit(call, number=1), 1e-6)))
    return min(timeit.repeat(call, number=number, repeat=5)) / number


def forgetting(call: Callable[[], Any]) -> Callable[[], Any]:
    """The call without what earlier ones left of a step's times, and of plans."""

    def run() -> Any:
        micro_batch_time.cache_clear()
        plan.plan.cache_clear()
        return call()

    return run


def others(folder: Path | None) -> Iterator[tuple[str, float, list[Estimate]]]:
    """The calculators that are there, with the ratio that is aimed at; a sentence for one that is not."""
    for name, goal, make in (
        ("calculon", 50, lambda: calculon(folder) if folder else None),
        ("llm-analysis", 5, llm_analysis),
    ):
        try:
            made = make()
        except (ImportError, OSError) as error:
            print(f"{name} is skipped: {error}")
            continue
        if made is None:
            print(f"{name} is skipped: name the folder of its clone (https://github.com/calculon-ai/calculon)")
        else:
            yield name, goal, made


def step_time(folder: Path | None) -> None:
    measured = [step for _, _, step in cases()]
    mine = ours()
    repeated = median(map(seconds, mine))
    own = [seconds(forgetting(estimate)) for estimate in mine]

    def agreement(estimates: list[Estimate]) -> str:
        errors = [abs(estimate() / step - 1) for estimate, step in zip(estimates, measured, strict=True)]
        return f"mean error {mean(errors):6.1%}, worst {max(errors):6.1%}"

    again = f"{repeated * 1e6:.1f} us where it repeats one"
    print(f"{'LLM_STEP_TIME':15} {median(own) * 1e6:9.1f} us a call, {again:30} {agreement(mine)}")
    for name, goal, estimates in others(folder):
        theirs = [seconds(estimate) for estimate in estimates]
        times = median(t / o for t, o in zip(theirs, own, strict=True))
        ratio = f"{times:6.1f} times ours (goal {goal:2})"
        print(f"{name:15} {median(theirs) * 1e6:9.1f} us a call, {ratio}, {agreement(estimates)}")


def serving() -> None:
    """Calls that differ in their tokens, so that none repeats the one before."""
    tokens = cycle(range(1024, 4096))
    for function, batch in ((xlcalc.LLM_TTFT, 1), (xlcalc.LLM_TPOT, 16)):
        for model in ("llama-3.1-8b", "qwen3-30b-a3b", "deepseek-v3"):
            spent = seconds(lambda f=function, m=model, b=batch: f(m, "h200-sxm", 8, next(tokens), b))
            print(f"{function.name:15} {spent * 1e6:9.1f} us a call of {model:15}              (goal: 50 us)")


def layouts() -> None:
    """The plan of the published Megatron-Bridge run that has most layouts to search."""
    rows = [json.loads(r["arguments"]) for r in tables.shipped("measured") if r["group"] == "Megatron-Bridge releases"]
    searched, a = max(((_layouts(row), row) for row in rows), key=lambda pair: pair[0])
    call = (a["model"], a["accelerator"], a["count"], a["global_batch"], a["seq_len"], a["dtype"])
    spent = seconds(forgetting(lambda: xlcalc.LLM_TRAIN_PLAN(*call)))
    about = f"{searched} of {a['model']} on {a['count']} {a['accelerator']}"
    print(f"{'LLM_TRAIN_PLAN':15} {searched / spent:9.0f} layouts a second, {about}   (goal: 10,000)")


def _layouts(a: dict[str, Any]) -> int:
    accelerator = accelerators.find(a["accelerator"])
    rates = (kernels(accelerator, a["dtype"], stack) for stack in ("megatron", "fsdp"))
    kept = (framework(stack) for stack in ("megatron", "fsdp"))
    machine = plan.Machine(a["count"], accelerator.figure("memory"), *rates, *kept)
    job = plan.Job(models.find(a["model"]).coefficients(), a["global_batch"], a["seq_len"])
    return sum(way.n_layouts for way in plan.ways(job, machine))


if __name__ == "__main__":
    step_time(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    serving()
    layouts()
