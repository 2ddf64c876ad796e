"""Sweeps: each row is what the functions give, choices are right, what was stopped goes on, a lost worker loses nothing."""

from __future__ import annotations

import csv
import itertools
import json
import math
import os
import random
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from pyarrow import parquet

import xlcalc
from xlcalc.files import FileError
from xlcalc.language.declare import find
from xlcalc.sweeps import block, export, expressions, run, spec, sweep
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


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"model,n\ngpt2\n", "t.csv, line 2: has 1 values for 2 columns"),
     ("model,n\n\xfc,1\n".encode("latin-1"), "t.csv, line 2: is not UTF-8"),
     (b"model,n\ngpt2,-9007199254740993\n", "t.csv: n has a whole number of 9007199254740992 or more")],
)  # fmt: skip
def test_a_table_that_is_none_is_refused_with_its_line(tmp_path, data, said):
    (tmp_path / "t.csv").write_bytes(data)
    with pytest.raises(SpecError, match=re.escape(said)):
        export.scenarios(tmp_path / "t.csv")


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
        ({"scenarios": {"a": [2**53 + 1]}}, "a whole number of 9007199254740992 or more"),
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


@pytest.mark.slow
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
    read = spec.read(asked)
    with ThreadPoolExecutor(3) as pool:  # as in a worker of several threads
        parts = [*pool.map(lambda start: block.of_grid(read, start, start + 6).to_pylist(), (0, 6, 12))]
    assert [row for part in parts for row in part] == rows


def test_refused_scenarios_are_counted_whatever_the_conditions():
    """A mistyped name in a grid does not vanish: a condition drops its rows, not what is said of them."""
    asked = {"scenarios": {"model": ["llama-3.1-8c", "gpt2"], "context": [1, 2]}, "keep": {"where": "cache > 0"}}
    found = sweep({**asked, "results": {"cache": "LLM_KV_CACHE(model, context)"}})
    assert (found.scenarios, found.kept, found.wrong) == (4, 2, 2) and "llama-3.1-8c" in found.example


def test_functions_that_give_one_figure_of_a_table():
    results = {"memory": "LLM_HARDWARE(h, 'memory')", "layers": "LLM_MODEL(model, field=what)"}
    rows = sweep({"scenarios": {"h": ["h100-sxm"], "model": ["gpt2"], "what": ["n_layers", None]}, "results": results})
    first, second = rows.rows.to_pylist()
    assert first["memory"] == xlcalc.LLM_HARDWARE("h100-sxm", "memory") and first["layers"] == 12
    assert second["layers"] is None and second["error"] == "layers: #VALUE! gives a table where its field is blank"


def test_a_column_has_one_type_in_all_partitions(tmp_path):
    """A partition of refused scenarios alone does not know whether others have texts or numbers; truth values are such."""
    results = {
        "kind": "LLM_MODEL(model, 'model_type')",
        "n": "LLM_PARAMS(model)",
        "large": "n > 1e9",
        "as_given": "is_it",
    }
    grid = {"model": ["nothing", "gpt2", "qwen3-8b"], "is_it": [True, False]}
    asked = spec.read({"scenarios": grid, "results": results, "keep": {"top": 5, "by": "max n"}})
    found = run.run(asked, tmp_path / "s", block=1, workers=1)
    rows = parquet.read_table(tmp_path / "s").to_pylist()
    assert [(row["kind"], row["n"]) for row in rows[::2]] == [(None, None), ("gpt2", 124439808), ("qwen3", 8190735360)]
    assert [(row["large"], row["as_given"]) for row in rows] == [
        (None, True), (None, False), (False, True), (False, False), (True, True), (True, False),
    ]  # fmt: skip
    assert found.part.best["kind"].to_pylist() == ["qwen3", "qwen3", "gpt2", "gpt2"]


def test_partitions_of_searches_are_small():
    """Progress, other workers and what is lost go by partitions; scenarios that share a search stay in one."""
    search = "LLM_LATENCY_AT_LOAD(model, 'h100-sxm', 1, 1000, 200, 1)"
    grid = {
        "model": ["gpt2", "qwen3-8b"],
        "usd": {"from": 1, "to": 2, "steps": 10},
        "n": {"from": 1, "to": 9, "steps": 9},
    }
    closed = spec.read({"scenarios": grid, "results": {"p": "LLM_PARAMS(model) * usd * n"}})
    shared = spec.read({"scenarios": grid, "results": {"s": search, "c": "s * usd * n"}})
    table = spec.read({"results": {"s": search}}, ["model"], "a table")
    assert all(map(find, expressions._QUEUES))
    assert (closed.alike, shared.alike, table.alike) == (0, 90, 1)
    assert run.rows_of_block(closed, 10**6) == run.BLOCK == run.rows_of_block(table, 10**9)
    assert run.rows_of_block(table, 20_000) < 1000 < run.rows_of_block(shared, 20_000) < run.BLOCK


def test_a_workbook_is_known():
    asked = {"scenarios": {"model": ["gpt2"]}, "workbook": {"name": "hosting-budget", "results": ["total_cos"]}}
    with pytest.raises(SpecError, match="did you mean total_cost"):
        spec.read(asked)
    with pytest.raises(SpecError, match="named after an input"):
        spec.read({"scenarios": {"x": [1]}, "workbook": {"name": "hosting-budget", "results": ["total_cost"]}})
    asked = {"scenarios": {"Model": ["gpt2"]}, "workbook": {"name": "hosting-budget", "results": ["total_cost"]}}
    assert spec.read(asked).described["inputs"] == ["Model"]  # in any case, as --set takes them
    with pytest.raises(SpecError, match="two columns of scenarios are one input"):
        spec.read({**asked, "scenarios": {"Model": ["gpt2"], "model": ["gpt2"]}})


def test_the_example_of_the_page_is_a_sweep(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "sweep.md").read_text("utf-8")
    (tmp_path / "sweep.toml").write_text(page.partition("```toml\n")[2].partition("```")[0])
    described = dict(spec.load(tmp_path / "sweep.toml"))
    described["scenarios"] |= {"tokens": [1e12, 3e12], "usd_per_hour": [2], "count": [256, 512]}
    found = sweep(described)
    assert found.scenarios == 36 and found.kept and not found.wrong and len(found.best) > 1 and len(found.groups) > 1
