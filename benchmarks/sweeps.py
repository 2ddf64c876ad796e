"""Sweeps beside a plain loop of calls, measured in one run: python benchmarks/sweeps.py [PART...] [--quick]

cells      a range of 10,000 cells against as many calls
columns    microseconds of a row of closed formulas as columns and as calls
million    seconds of a million scenarios, on one worker and on two, and the memory at most
workers    what 2, 4, 8 ... workers give, as far as this machine has cores, of searches and of rows drawn at random
plans      plans with and without shared work
handing    what it costs to hand a block to a worker

All parts without a name, in about two minutes; a tenth of the rows with --quick. Quote the ratios.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import tempfile
import time
from collections.abc import Callable
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


def _drawn(n: int) -> pyarrow.Table:
    rng = random.Random(0)
    return pyarrow.table({
        "model": [rng.choice(MODELS) for _ in range(n)], "accelerator": [rng.choice(ACCELERATORS) for _ in range(n)],
        "count": [8 * rng.randint(1, 512) for _ in range(n)],
        "batch": [float(rng.randint(512, 4096)) for _ in range(n)],
        "usd": [rng.uniform(1, 5) for _ in range(n)],
    })  # fmt: skip


def million(n: int) -> None:
    """A grid, and the same number of scenarios drawn at random, of which no two share anything."""
    side = round((n / 50) ** 0.5 / 5) * 5
    grid = {"model": MODELS, "accelerator": ACCELERATORS, "count": [64, 128, 256, 512],
            "batch": {"from": 512, "to": 4096, "steps": side // 2},
            "usd": {"from": 1, "to": 5, "steps": side // 2}}  # fmt: skip
    table = _drawn(n)
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


def more_workers(n: int) -> None:
    """What more workers give where every scenario is searched for, and for rows drawn at random."""
    searches = spec.read({
        "scenarios": {"model": ["llama-3.1-8b"], "rate": {"from": 1, "to": 9, "steps": n}},
        "results": {"ttft": "LLM_LATENCY_AT_LOAD(model, 'h100-sxm', 1, 1000, 200, rate)"},
    })  # fmt: skip
    _split("searches", searches, None, n)
    table = _drawn(100 * n)
    _split("random rows", spec.read({"results": RESULTS}, table.column_names, "benchmark"), table, 100 * n)


def _split(name: str, asked: spec.Spec, table: pyarrow.Table | None, n: int) -> None:
    """Twenty blocks on 1, 2 ... workers that are started and have calculated before: by the clock, and by the processor
    time that they use together, which others on the same cores change less."""
    cores = os.cpu_count() or 1
    clock: dict[int, float] = {}
    used: dict[int, list[float]] = {}
    for workers in 2 * [count for count in (1, 2, 4, 8, 16) if count <= max(2, cores)]:
        with run.client(workers, "") as connected, tempfile.TemporaryDirectory() as folder:
            fingerprint = asked.fingerprint()
            warm, store = run.Folder(Path(folder) / "warm"), run.Folder(Path(folder) / "s")
            for each in (warm, store):
                each.claim(fingerprint, n, n // 20)
            connected.run(run.calculate, next(run.tasks(asked, fingerprint, warm, n, n // 20, table)))
            before = connected.run(time.process_time)
            begun = time.perf_counter()
            run.distributed(connected, run.tasks(asked, fingerprint, store, n, n // 20, table), lambda part: None)
            seconds = time.perf_counter() - begun
            after = connected.run(time.process_time)
        clock[workers] = min(clock.get(workers, 1e9), seconds)
        used[workers] = min([after[one] - before[one] for one in after], used.get(workers, [1e9]), key=sum)
    for workers, each in used.items():
        seconds = f"{clock[workers]:.1f} s, {clock[1] / clock[workers]:.2f} times one by the clock"
        shares = f"{min(each):.2f} to {max(each):.2f} s of processor time each"
        _say(f"{name}, {workers}", f"{n:,}: {seconds}; {shares}, {sum(used[1]) / max(each):.2f} times one by that",
             "1.8" if workers == 2 else "")  # fmt: skip


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
    print(f"{name:16} {text}" + (f"   (goal: {goal})" if goal else ""), flush=True)


def _seconds(work) -> float:  # type: ignore[no-untyped-def]
    """Of this process alone: others may run beside it."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


PARTS: dict[str, Callable[[int], None]] = {
    "cells": lambda part: cells(),
    "columns": lambda part: columns_beside_calls(N // part),
    "million": lambda part: million(N // part),
    "workers": lambda part: more_workers(8000 // part),
    "plans": lambda part: plans(100_000 // part),
    "handing": lambda part: handing_out(2000),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all without")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    asked = parser.parse_args()
    if unknown := [name for name in asked.parts if name not in PARTS]:
        parser.error(f"{unknown[0]} is none of {', '.join(PARTS)}")
    for name in asked.parts or PARTS:
        PARTS[name](10 if asked.quick else 1)


if __name__ == "__main__":
    main()
