"""Sweeps: each row is what the functions give, choices are right, what was stopped goes on, a lost worker loses nothing."""

from __future__ import annotations

import csv
import itertools
import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from pyarrow import parquet

import xlcalc
from xlcalc.files import FileError
from xlcalc.sweeps import run, spec, sweep
from xlcalc.sweeps.expressions import NO_NUMBER, SpecError
from xlcalc.sweeps.kept import front
from xlcalc.sweeps.spec import Goal
from xlcalc.sweeps.store import Folder

GRID = {
    "model": ["llama-3.1-8b", "qwen3-8b", "nothing"],
    "accelerator": ["h100-sxm", "b200"],
    "count": [8, 12, 16],
    "tokens": [1e9, 1e12],
    "usd": {"from": 1, "to": 3, "steps": 3},
}
RESULTS = {
    "flops": "LLM_TRAIN_FLOPS(model, tokens)",
    "step": "LLM_STEP_TIME(model, accelerator, count, 512, 4096, tp=8)",
    "cost": 'LLM_TRAIN_COST(flops, accelerator, count, usd)["total", "USD"]',
    "days": "step * tokens / (512 * 4096) / 86400",
    "layout": 'LLM_TRAIN_PLAN(model, accelerator, 8, 64, 4096)[1, "recompute"]',
    "planned": 'LLM_TRAIN_PLAN(model, accelerator, 8, 64, 4096)[1, "step seconds"]',
}


def _row(model, accelerator, count, tokens, usd):
    """The same by calls, one after the other."""
    found = {}
    try:
        found["flops"] = xlcalc.LLM_TRAIN_FLOPS(model, tokens)
        found["step"] = xlcalc.LLM_STEP_TIME(model, accelerator, count, 512, 4096, tp=8)
    except xlcalc.CalcError as error:
        return {**found, "error": str(error)}
    found["cost"] = xlcalc.LLM_TRAIN_COST(found["flops"], accelerator, count, usd)[-1][1]
    found["days"] = found["step"] * tokens / (512 * 4096) / 86400
    plan = xlcalc.LLM_TRAIN_PLAN(model, accelerator, 8, 64, 4096)
    best = dict(zip(plan[0], plan[1], strict=True))
    return {**found, "layout": best["recompute"], "planned": best["step seconds"], "error": None}


def test_each_scenario_is_what_the_functions_give():
    found = sweep({"scenarios": GRID, "results": RESULTS})
    rows = found.rows.to_pylist()
    cases = list(itertools.product(GRID["model"], GRID["accelerator"], GRID["count"], GRID["tokens"], (1.0, 2.0, 3.0)))
    assert len(rows) == found.scenarios == len(cases) == 108
    by_case = {tuple(row[name] for name in GRID): row for row in rows}
    for case in cases:
        row, wanted = by_case[case], _row(*case)
        if wanted["error"]:
            assert (
                wanted["error"] in row["error"]
                and row["step"] is None
                and row["cost" if case[0] == "nothing" else "days"] is None
            )
            continue
        assert row["error"] is None and row["layout"] == wanted["layout"]
        for name in ("flops", "step", "cost", "days", "planned"):
            assert row[name] == pytest.approx(wanted[name], rel=1e-12), (case, name)


def test_what_is_kept(tmp_path):
    keep = {"where": ["days < 10000 and cost > 0"], "pareto": ["min cost", "min days"], "top": 3, "by": "min cost"}
    asked = {"scenarios": GRID, "results": RESULTS, "keep": keep, "summary": {"by": "model", "of": ["cost"]}}
    found = sweep(asked)
    rows = found.rows.to_pylist()
    assert rows and all(row["days"] < 10000 for row in rows)

    def dominated(row):
        return any(
            o["cost"] <= row["cost"]
            and o["days"] <= row["days"]
            and (o["cost"], o["days"]) != (row["cost"], row["days"])
            for o in rows
        )

    best = sorted((row for row in rows if not dominated(row)), key=lambda row: row["cost"])[:3]
    head = found.best[0]
    assert [dict(zip(head, row, strict=True)) for row in found.best[1:]] == best
    groups = {row[0]: row[1:] for row in found.groups[1:]}
    for model in ("llama-3.1-8b", "qwen3-8b"):
        costs = [row["cost"] for row in rows if row["model"] == model]
        assert groups[model] == pytest.approx([len(costs), min(costs), sum(costs) / len(costs), max(costs)])


def test_a_front_of_random_points_is_that_of_its_definition():
    import pyarrow

    rng = random.Random(3)
    for _ in range(20):
        points = [tuple(rng.randint(0, 6) for _ in range(3)) for _ in range(60)]
        table = pyarrow.table({name: [p[i] for p in points] for i, name in enumerate("abc")})
        got = [tuple(row.values()) for row in front(table, [Goal("a", 1), Goal("b", -1), Goal("c", 1)]).to_pylist()]
        better = [(a, -b, c) for a, b, c in points]
        wanted = [
            p for p, v in zip(points, better, strict=True)
            if not any(all(x <= y for x, y in zip(o, v, strict=True)) and o != v for o in better)
        ]  # fmt: skip
        assert got == wanted


def test_files_hold_no_formula(tmp_path):
    models = ["=1+1", "@SUM(A1)", "llama-3.1-8b", "\x1b[31m", "<b>"]
    asked = {"scenarios": {"model": models}, "results": {"n": "LLM_PARAMS(model)"}}
    sweep(asked, tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as stream:
        texts = [cell for row in csv.reader(stream) for cell in row]
    assert "'=1+1" in texts and "8030261248" in texts and not [t for t in texts if t[:1] in tuple("=+-@")]
    assert "\\x1b[31m" in texts and not [t for t in texts if "\x1b" in t]
    sweep(asked, tmp_path / "a.xlsx")
    cells = [cell for row in openpyxl.load_workbook(tmp_path / "a.xlsx").active.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"} and "=1+1" in [cell.value for cell in cells]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.xlsx"]


def test_what_is_no_number_has_a_sentence(tmp_path):
    """A text, a blank and an infinity cost their cell; a condition that none can meet, and a sum of texts, are refused."""
    (tmp_path / "t.csv").write_text("model,x\ngpt2,1\n,inf\nqwen3-8b,\n")
    asked = {"scenarios": tmp_path / "t.csv"}
    results = {"twice": "model * 2", "sum": "x + 1", "less": "x < 2", "named": "model == 'gpt2'"}
    rows = sweep({**asked, "results": results}).rows.to_pylist()
    assert [row["sum"] for row in rows] == [2, None, None] and [row["less"] for row in rows] == [True, None, None]
    assert [row["named"] for row in rows] == [True, False, False] and not any(row["twice"] for row in rows)
    assert rows[0]["error"] == 'twice: #VALUE! "gpt2" is no number'
    rows = sweep({**asked, "results": {"sum": "x + 1"}}).rows.to_pylist()
    assert [row["error"] for row in rows] == [
        None,
        "sum: #NUM! an infinity is no number",
        "sum: #VALUE! a blank is no number",
    ]
    with pytest.raises(SpecError, match="where 'model > 3': #VALUE!"):
        sweep({**asked, "results": results, "keep": {"where": "model > 3"}})
    with pytest.raises(ValueError, match="model is no number, and has no sum"):
        sweep({**asked, "results": results, "summary": {"by": "x", "of": "model"}})
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(SpecError, match="is a folder"):
        sweep({**asked, "results": results}, tmp_path / "out.csv")


def test_a_table_of_scenarios(tmp_path):
    (tmp_path / "cases.csv").write_text("model,context,dtype\nllama-3.1-8b,4096,\nqwen3-8b,8192,fp8\nqwen3-8b,0.5,\n")
    (tmp_path / "sweep.json").write_text(
        json.dumps({"scenarios": "cases.csv", "results": {"cache": "LLM_KV_CACHE(model, context, 1, dtype)"}})
    )
    rows = sweep(tmp_path / "sweep.json").rows.to_pylist()
    wanted = [xlcalc.LLM_KV_CACHE("llama-3.1-8b", 4096), xlcalc.LLM_KV_CACHE("qwen3-8b", 8192, 1, "fp8")]
    assert [row["cache"] for row in rows[:2]] == wanted


def test_a_number_that_is_left_out_is_the_default_and_columns_have_names_of_their_own(tmp_path):
    (tmp_path / "cases.csv").write_text("context,batch\n4096,16\n4096,\n")
    described = {"scenarios": tmp_path / "cases.csv", "results": {"cache": "LLM_KV_CACHE('gpt2', context, batch)"}}
    rows = sweep(described).rows.to_pylist()
    assert [(row["batch"], row["cache"]) for row in rows] == [
        (16, xlcalc.LLM_KV_CACHE("gpt2", 4096, 16)), (None, xlcalc.LLM_KV_CACHE("gpt2", 4096)),
    ]  # fmt: skip
    (tmp_path / "cases.csv").write_text("context,context\n4096,16\n")
    with pytest.raises(SpecError, match="two columns of scenarios are named context"):
        sweep(described)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"scenarios": {}}, "scenarios has a line"),
        ({"scenarios": {"a": {"from": 1, "to": 2}}}, "a is a range"),
        ({"scenarios": {"a": [1, math.inf]}}, "a is a list of finite numbers"),
        ({"scenarios": {"error": [1]}}, "no name of a column"),
        ({"results": {}}, "results has a line"),
        ({"results": {"x": "LLM_PARAM(model)"}}, "did you mean LLM_PARAMS?"),
        ({"results": {"x": "LLM_PARAMS(modle)"}}, "did you mean model?"),
        ({"results": {"x": "__import__('os')"}}, "no function"),
        ({"results": {"x": "model.__class__"}}, "is not taken"),
        ({"results": {"x": "[m for m in model]"}}, "is not taken"),
        ({"results": {"x": "LLM_PARAMS_TABLE(model)"}}, "gives a table"),
        ({"results": {"x": "("}}, "no expression"),
        ({"keep": {"top": 3}}, "by says what for"),
        ({"keep": {"pareto": ["least x"]}}, "min COLUMN"),
        ({"keep": {"where": 5}}, "a list of texts"),
        ({"keep": {"top": 3, "by": 5}}, "min COLUMN"),
        ({"results": {"x": "LLM_TRAIN_COST(1e20, model, 8, 2)[1]"}}, "a cell is named"),
        ({"scenarios": {"model": ["gpt2"], "token": [1]}}, "token is read by no result"),
        (
            {
                "scenarios": {"model": ["gpt2"], "token": [1], "tokens": [1]},
                "workbook": {"name": "training-budget", "results": ["total_cost"]},
            },
            "did you mean tokens?",
        ),
        ({"sumary": {}}, "did you mean summary?"),
    ],
)
def test_what_is_wrong_is_said(change, said):
    with pytest.raises(SpecError, match=said.replace("?", r"\?")):
        spec.read({"scenarios": {"model": ["gpt2"]}, "results": {"n": "LLM_PARAMS(model)"}, **change})


@pytest.mark.parametrize(
    ("expression", "values", "error"),
    [
        ("model * 2", [None, None], NO_NUMBER),
        ("-model", [None, None], NO_NUMBER),
        ("not model", [None, None], NO_NUMBER),
        ("model > 3", [None, None], NO_NUMBER),
        ("model > 'h'", [False, True], None),
        ("model == 'gpt2'", [True, False], None),
        ("model != 3", [True, True], None),
    ],
)
def test_texts_are_compared_and_not_calculated_with(expression, values, error):
    rows = sweep({"scenarios": {"model": ["gpt2", "qwen3-8b"]}, "results": {"x": expression}}).rows.to_pylist()
    assert [row["x"] for row in rows] == values
    assert [row["error"] for row in rows] == [error and f'x: #VALUE! "{name}" {error}' for name in ("gpt2", "qwen3-8b")]


SLOW_GRID = {
    "scenarios": {"model": ["llama-3.1-8b", "qwen3-8b"], "count": {"from": 1, "to": 40, "steps": 40},
                  "usd": {"from": 1, "to": 2, "steps": 10}},
    "results": {"n": "LLM_PARAMS(model)", "cost": "n * count * usd"},
}  # fmt: skip


def test_it_goes_on_where_it_was(tmp_path):
    asked = spec.read(SLOW_GRID)
    seen = []

    class Stopped(Exception):
        pass

    def stop(done, size, wrong):
        seen.append(done)
        if len(seen) == 3:
            raise Stopped

    with pytest.raises(Stopped):
        run.run(asked, tmp_path / "a.parquet", block=100, workers=1, progress=stop)
    made = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "a.parquet").glob("part-*")}
    assert len(made) == 3
    found = run.run(asked, tmp_path / "a.parquet", block=50, workers=1)  # blocks stay what they were
    after = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "a.parquet").glob("part-*")}
    assert found.part.rows == 800 and len(after) == 8 and made.items() <= after.items()
    assert len(parquet.read_table(tmp_path / "a.parquet")) == 800
    other = {**SLOW_GRID, "results": {"n": "LLM_PARAMS(model) * count * usd * 2"}}
    with pytest.raises(FileError, match="another sweep"):
        run.run(spec.read(other), tmp_path / "a.parquet")


def test_a_killed_program_goes_on(tmp_path):
    (tmp_path / "s.json").write_text(json.dumps(SLOW_GRID))
    code = (
        "import sys, os; from xlcalc.sweeps import run, sweep; run.BLOCK = 100; from xlcalc.sweeps import store\n"
        "write = store.write_atomically; n = [0]\n"
        "def dying(path, data):\n"
        "    n[0] += 1\n"
        "    if n[0] == 4: os.kill(os.getpid(), 9)\n"
        "    write(path, data)\n"
        "store.write_atomically = dying\n"
        "sweep(sys.argv[1], sys.argv[2], workers=1)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "s.json", tmp_path / "a.csv"], capture_output=True)
    assert done.returncode == -signal.SIGKILL and not (tmp_path / "a.csv").exists()
    found = sweep(tmp_path / "s.json", tmp_path / "a.csv", workers=1)
    assert found.kept == 800 and len((tmp_path / "a.csv").read_text().splitlines()) == 801
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "s.json"]


def _slowly(task):
    """A block that takes its time, so that a worker can be lost in the middle of one."""
    time.sleep(0.3)
    return run.calculate(task)


@pytest.mark.slow
def test_a_run_that_was_killed_at_its_first_write_holds_no_folder(tmp_path):
    (tmp_path / "._sweep.json.abcdefgh.tmp").write_bytes(b"{")
    assert Folder(tmp_path).claim("a sweep", 10, 5) == 5
    assert [path.name for path in tmp_path.iterdir()] == ["_sweep.json"]


def test_a_lost_worker_costs_its_partition_only(tmp_path, monkeypatch):
    asked = spec.read(SLOW_GRID)
    folder = run.Folder(tmp_path / "a.parquet")
    folder.claim(asked.fingerprint(), asked.size, 50)
    tasks = run.tasks(asked, asked.fingerprint(), folder, asked.size, 50, None)
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.setattr(run, "calculate", __import__("test_sweep")._slowly if __name__ != "test_sweep" else _slowly)
    parts, killed = [], []
    with run.client(2, "") as connected:
        pids = connected.run(os.getpid)
        assert len(set(pids.values()) | {os.getpid()}) == 3

        def count(part):
            parts.append(part)
            if len(parts) == 3:
                killed.append(next(iter(pids.values())))
                os.kill(killed[0], signal.SIGKILL)

        run.distributed(connected, tasks, count)
    assert killed and len(parts) == 16 and sum(part.rows for part in parts) == 800
    monkeypatch.undo()
    found = run.run(asked, folder.path, block=50, workers=1)
    costs = sorted(
        row["cost"]
        for path in folder.partitions()
        for row in run.Folder(path.parent).read(int(path.stem[5:])).to_pylist()
    )
    wanted = sorted(
        xlcalc.LLM_PARAMS(model) * count * (1 + i / 9)
        for model in SLOW_GRID["scenarios"]["model"] for count in range(1, 41) for i in range(10)
    )  # fmt: skip
    assert found.part.rows == 800 and all(math.isclose(a, b) for a, b in zip(costs, wanted, strict=True))


def test_a_workbook_gives_its_results_by_name(tmp_path):
    file = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet("One")
        sheet.write_row("A1", ["llama-3.1-8b", 4096])
        sheet.write_formula("A2", "=LLM_KV_CACHE(A1,B1)/1024^3")
        cover = book.add_worksheet("Cover")
        for row, (name, kind, cell) in enumerate(
            (("model", "input", "A$1"), ("context", "input", "B$1"), ("cache", "result", "A$2"))
        ):
            book.define_name(name, f"=One!${cell}")
            cover.write_row(row, 0, [name, kind, "GiB" if kind == "result" else "", "what it is"])
        book.define_name("names_listed", "=Cover!$A$1:$D$3")
    asked = {
        "scenarios": {"model": ["llama-3.1-8b", "qwen3-8b", "nothing"], "context": [4096, 8192], "factor": [2, 3, 4]},
        "workbook": {"name": str(file), "results": ["cache"]},
        "results": {"more": "cache * factor"},
    }
    rows = sweep(asked).rows.to_pylist()
    assert len(rows) == 18
    for row in rows:
        if row["model"] == "nothing":
            assert row["error"].startswith("cache: #N/A") and row["cache"] is None and row["more"] is None
        else:
            wanted = xlcalc.LLM_KV_CACHE(row["model"], row["context"], unit="GiB")
            assert row["error"] is None and row["cache"] == pytest.approx(wanted)
            assert row["more"] == pytest.approx(wanted * row["factor"])


def test_a_workbook_is_known():
    asked = {"scenarios": {"model": ["gpt2"]}, "workbook": {"name": "hosting-budget", "results": ["total_cos"]}}
    with pytest.raises(SpecError, match="did you mean total_cost"):
        spec.read(asked)
    with pytest.raises(SpecError, match="named after an input"):
        spec.read({"scenarios": {"x": [1]}, "workbook": {"name": "hosting-budget", "results": ["total_cost"]}})


def test_the_example_of_the_page_is_a_sweep(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "sweep.md").read_text("utf-8")
    (tmp_path / "sweep.toml").write_text(page.partition("```toml\n")[2].partition("```")[0])
    described = dict(spec.load(tmp_path / "sweep.toml"))
    described["scenarios"] |= {"tokens": [1e12, 3e12], "usd_per_hour": [2], "count": [256, 512]}
    found = sweep(described)
    assert found.scenarios == 36 and found.kept and not found.wrong and len(found.best) > 1 and len(found.groups) > 1
