"""Sweeps beside a plain loop of calls, measured in one run: python benchmarks/sweeps.py [quick]

Prints seconds of a million scenarios and the memory at most, microseconds of a row of closed formulas as columns and as
calls, what a second worker gives, plans with and without shared work, and a range in a cell. Quote the ratios.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy
import pyarrow
from distributed import wait

import xlcalc
from xlcalc.language.declare import find
from xlcalc.language.many import Words, calculate
from xlcalc.sweeps import run, spec

N = 1_000_000
MODELS = ["llama-3.1-8b", "llama-3.1-70b", "qwen3-8b", "qwen3-32b", "deepseek-v3", "gpt-oss-20b", "mixtral-8x7b",
          "gemma-3-27b", "phi-4", "olmo-2-7b"]  # fmt: skip
ACCELERATORS = ["h100-sxm", "h200-sxm", "b200", "a100-sxm-80gb", "mi300x"]
RESULTS = {
    "step": "LLM_STEP_TIME(model, accelerator, count, batch, 8192, tp=8)",
    "flops": "LLM_TRAIN_FLOPS(model, 1e12)",
    "cost": 'LLM_TRAIN_COST(flops, accelerator, count, usd)["total", "USD"]',
}


def columns_beside_calls(n: int) -> None:
    rng = numpy.random.default_rng(0)

    def whole(low: float, high: float) -> numpy.ndarray:
        return numpy.floor(rng.uniform(low, high, n))

    def words(*values: object) -> Words:
        return Words(list(values), rng.integers(0, len(values), n))

    total = lambda table: table[-1][1]  # noqa: E731
    flops = rng.uniform(1e20, 1e25, n)
    cases = {
        "LLM_KV_CACHE": ([words(*MODELS), whole(1, 131072), whole(1, 64)], None),
        "LLM_TRAIN_FLOPS": ([words(*MODELS), rng.uniform(1e9, 1e13, n)], None),
        "LLM_STEP_TIME": ([words(*MODELS), words(*ACCELERATORS), 8 * whole(1, 64), whole(64, 4096), 8192, 8], None),
        "LLM_TRAIN_COST": ([flops, words(*ACCELERATORS), whole(8, 4096), rng.uniform(1, 5, n)], total),
        "LLM_TPOT": ([words(*MODELS), words(*ACCELERATORS), 8, whole(1, 32768), whole(1, 256)], None),
    }
    for name, (columns, pick) in cases.items():
        declaration = find(name)
        assert declaration is not None
        rows = [[_at(column, row) for column in columns] for row in range(2000)]
        calls = _seconds(lambda rows=rows, f=declaration: [f(*row) for row in rows]) / 2000
        calls = min(calls, _seconds(lambda rows=rows, f=declaration: [f(*row) for row in rows]) / 2000)
        at_once = _seconds(lambda d=declaration, c=columns, p=pick: calculate(d, c, n, p)) / n
        _say(
            name,
            f"{at_once * 1e6:.2f} us a row of {n:,}, {calls * 1e6:.1f} us a call: {calls / at_once:.0f} times",
            "20",
        )


def _at(column: object, row: int) -> object:
    if isinstance(column, Words):
        return column.values[column.codes[row]]
    return float(column[row]) if isinstance(column, numpy.ndarray) else column


def million(n: int) -> None:
    """A grid, and the same number of scenarios drawn at random, of which no two share anything."""
    side = round((n / 50) ** 0.5 / 5) * 5
    grid = {"model": MODELS, "accelerator": ACCELERATORS, "count": [64, 128, 256, 512],
            "batch": {"from": 512, "to": 4096, "steps": side // 2},
            "usd": {"from": 1, "to": 5, "steps": side // 2}}  # fmt: skip
    rng = random.Random(0)
    table = pyarrow.table({
        "model": [rng.choice(MODELS) for _ in range(n)], "accelerator": [rng.choice(ACCELERATORS) for _ in range(n)],
        "count": [8 * rng.randint(1, 512) for _ in range(n)],
        "batch": [float(rng.randint(512, 4096)) for _ in range(n)],
        "usd": [rng.uniform(1, 5) for _ in range(n)],
    })  # fmt: skip
    cases = [table.slice(row, 1).to_pylist()[0] for row in range(1000)]

    def loop() -> None:
        for case in cases:
            try:
                flops = xlcalc.LLM_TRAIN_FLOPS(case["model"], 1e12)
                xlcalc.LLM_STEP_TIME(case["model"], case["accelerator"], case["count"], case["batch"], 8192, tp=8)
                xlcalc.LLM_TRAIN_COST(flops, case["accelerator"], case["count"], case["usd"])
            except xlcalc.CalcError:
                pass

    loop()
    plain = _seconds(loop) / len(cases)
    for name, asked, given in (
        ("grid", spec.read({"scenarios": grid, "results": RESULTS}), None),
        ("table", spec.read({"results": RESULTS}, table.column_names, "benchmark"), table),
    ):
        for workers in (1, 2):
            with tempfile.TemporaryDirectory() as folder:
                begun = time.perf_counter()
                found = run.run(asked, Path(folder) / "s", table=given, workers=workers)
                seconds = time.perf_counter() - begun
            times = plain * found.scenarios / seconds
            done = f"{found.scenarios:,} scenarios, {found.part.wrong:,} refused, {workers} workers"
            _say(name, f"{done}: {seconds:.1f} s with their start, {times:.1f} times the loop", "60 s")
    here, there = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    _say("memory", f"{here:.0f} MB at most here, {there:.0f} MB in a worker", "2,000 MB")


def second_worker(n: int) -> None:
    """What two workers give where every scenario is searched for, without the start of the processes: by their CPU
    time, since others may run beside them."""
    asked = spec.read({
        "scenarios": {"model": ["llama-3.1-8b"], "rate": {"from": 1, "to": 9, "steps": n}},
        "results": {"ttft": "LLM_LATENCY_AT_LOAD(model, 'h100-sxm', 1, 1000, 200, rate)"},
    })  # fmt: skip
    seconds = {}
    for workers in (1, 2, 1, 2):
        with run.client(workers, "") as connected, tempfile.TemporaryDirectory() as folder:
            wait([connected.submit(_warm, i, pure=False, workers=[address]) for i, address in
                  enumerate(connected.scheduler_info()["workers"])])  # fmt: skip
            before = connected.run(time.process_time)
            fingerprint = asked.fingerprint()
            store = run.Folder(Path(folder) / "s")
            store.claim(fingerprint, n, n // 40)
            tasks = run.tasks(asked, fingerprint, store, n, n // 40, None)
            run.distributed(connected, tasks, lambda part: None)
            after = connected.run(time.process_time)
            used = sum(after[worker] - before[worker] for worker in after)
            seconds[workers] = min(seconds.get(workers, 1e9), used)
    one, two = seconds[1], seconds[2]
    done = f"{n:,} scenarios: {one:.1f} s of CPU on one worker, {two:.1f} s on two"
    _say("search", f"{done}: {2 * one / two:.2f} times on free cores", "1.8")


def _warm(i: int) -> float:
    return float(xlcalc.LLM_LATENCY_AT_LOAD("llama-3.1-8b", "h100-sxm", 1, 1000, 200, 1 + i))


def plans(n: int) -> None:
    """Plans of few machines at many prices: what does not depend on the price is done once."""
    asked = spec.read({
        "scenarios": {"model": ["llama-3.1-8b", "llama-3.1-70b"], "accelerator": ["h100-sxm", "b200"],
                      "prompt": {"from": 500, "to": 8000, "steps": 25}, "usd": {"from": 1, "to": 5, "steps": n // 100}},
        "results": {"rate": 'LLM_SERVE_PLAN(model, accelerator, prompt, 200, 1, 0.05)[1, "tokens/s/accelerator"]',
                    "usd_per_million": "LLM_SERVE_COST(usd, rate)"},
    })  # fmt: skip
    one = _seconds(lambda: xlcalc.LLM_SERVE_PLAN("llama-3.1-70b", "b200", 1700, 200, 1, 0.05))
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        found = run.run(asked, Path(folder) / "s", workers=1)
        seconds = time.perf_counter() - begun
    done = f"{found.scenarios:,} scenarios, {found.part.wrong:,} refused: {seconds:.1f} s"
    _say(
        "plans",
        f"{done}; one call {one * 1e3:.0f} ms, so {one * found.scenarios:,.0f} s one by one",
        "once what is shared",
    )


def handing_out(n: int) -> None:
    """What it costs to hand a block out and to hear of it, beside which its work has to be long."""
    with run.client(2, "") as connected:
        wait(connected.map(_nothing, range(200), pure=False))
        begun = time.perf_counter()
        wait(connected.map(_nothing, range(n), pure=False))
        each = (time.perf_counter() - begun) / n
    _say(
        "handing out",
        f"{each * 1e3:.2f} ms a block: workers of 5 s blocks that one scheduler feeds: {5 / each:,.0f}",
        "1,000",
    )


def _nothing(i: int) -> dict[str, int]:
    return {"rows": i}


def cells() -> None:
    rows = [[context] for context in range(1, 10_001)]
    xlcalc.LLM_KV_CACHE("llama-3.1-8b", rows)
    seconds = min(_seconds(lambda: xlcalc.LLM_KV_CACHE("llama-3.1-8b", rows)) for _ in range(5))
    calls = _seconds(lambda: [xlcalc.LLM_KV_CACHE("llama-3.1-8b", row[0]) for row in rows])
    _say(
        "range",
        f"10,000 cells of LLM_KV_CACHE: {seconds * 1e3:.1f} ms, {calls / seconds:.1f} times as fast as calls",
        "20 ms",
    )


def _say(name: str, text: str, goal: str) -> None:
    print(f"{name:16} {text}   (goal: {goal})", flush=True)


def _seconds(work) -> float:  # type: ignore[no-untyped-def]
    """Of this process alone: others may run beside it."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


if __name__ == "__main__":
    quick = sys.argv[1:] == ["quick"]
    cells()
    columns_beside_calls(N // 10 if quick else N)
    million(N // 10 if quick else N)
    second_worker(400 if quick else 4000)
    plans(10_000 if quick else 100_000)
    handing_out(2000)
