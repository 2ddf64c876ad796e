"""The command line as a user runs it: a subprocess, its output, its exit status, its files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from xlcalc.workbook import report
from xlcalc.workbook.files.package import Package

XLCALC = Path(sys.executable).with_name("xlcalc")


def run(*arguments, cwd=None):
    return subprocess.run([XLCALC, *map(str, arguments)], capture_output=True, text=True, cwd=cwd)


def fails(status, *arguments, cwd=None):
    """The one sentence of a call that must fail, without a traceback."""
    done = run(*arguments, cwd=cwd)
    assert done.returncode == status, done
    assert "Traceback" not in done.stderr
    return done.stderr


def test_one_call():
    done = run("call", "LLM_KV_CACHE", "llama-3.1-8b", "8192")
    assert (done.stdout, done.returncode) == ("1073741824\n", 0)


def test_named_arguments_blanks_and_json():
    assert run("call", "kv-cache", "llama-3.1-8b", "8192", "", "unit=GiB").stdout == "1.0\n"
    table = json.loads(run("call", "LLM_PARAMS_TABLE", "llama-3.1-8b", "--json").stdout)
    assert table[-1][:2] == ["total", 8030261248]


def test_wrong_calls():
    assert "context must be a number of tokens, 0 or more; got -5" in fails(
        1, "call", "LLM_KV_CACHE", "llama-3.1-8b", "-5"
    )
    assert "closest are llama-3.1-8b" in fails(1, "call", "LLM_PARAMS", "llama-3.1-8c").replace("llama-3-8b, ", "")
    assert "no function LLM_KV" in fails(2, "call", "LLM_KV")
    fails(2, "nonsense")


def test_catalogs():
    rows = json.loads(run("hardware", "h100-sxm", "--json").stdout)
    assert rows[0]["id"] == "h100-sxm" and rows[0]["peak_bf16_tflops"] == 989
    assert "llama-3.1-8b" in run("models", "Llama 3.1 8B").stdout
    assert "p5.48xlarge" in run("prices", "p5.48").stdout
    assert "no row contains" in fails(1, "prices", "zzz")
    assert "COLUMN=VALUE" in fails(2, "prices", "add") and "config.json" in fails(2, "models", "add")
    assert "none.json: No such file" in fails(1, "models", "add", "none.json")


def test_reference():
    functions = json.loads(run("functions", "--format", "json").stdout)
    kv = next(f for f in functions if f["name"] == "LLM_KV_CACHE")
    assert [a["name"] for a in kv["arguments"]] == ["model", "context", "batch", "dtype", "unit"]
    assert kv["result"]["unit"] == "bytes" and "1073741824" in kv["example"]
    assert "### LLM_KV_CACHE" in run("functions", "--format", "md").stdout


@pytest.mark.parametrize("command", ["call", "functions", "models", "hardware", "prices", "templates", "new", "recalc", "convert",
                                     "report", "doctor"])  # fmt: skip
def test_every_help_has_an_example(command):
    assert f"xlcalc {command}" in run(command, "--help").stdout.split("Example:")[1]


@pytest.mark.parametrize(("words", "formula"), [
    ("how many users fit", "=LLM_MAX_BATCH("), ("what does training cost", "=LLM_TRAIN_COST("), ("buy or rent", "=LLM_BREAKEVEN("),
    ("roi", "=LLM_BREAKEVEN("), ("fine-tuning cost", "xlcalc new fine-tuning "),
])  # fmt: skip
def test_plain_words_lead_to_a_formula(words, formula):
    assert formula in run("functions", *words.split()).stdout


def test_words_that_lead_nowhere_and_a_name_that_leads_to_one_function():
    assert "no question, template or function" in fails(1, "functions", "zzz")
    assert run("functions", "LLM_FLEET").stdout.count("=LLM_") == 1  # a function's own name asks for that one alone


@pytest.mark.parametrize(("typed", "offered"), [
    ("call KV_", {"KV_CACHE"}), ("explain llm_kv", {"llm_kv_cache"}), ("call kv-cache llama-3.1-8", {"llama-3.1-8b"}),
    ("call LLM_KV_CACHE llama-3.1-8b 1 dt", {"dtype="}), ("call LLM_LOSS 1 2 kap", {"kaplan"}), ("hardware h200", {"h200-sxm"}),
    ("call LLM_KV_CACHE llama-3.1-8b 1 unit=Gi", {"unit=GiB"}), ("new train", {"training-budget"}), ("rep", {"report"}),
])  # fmt: skip
def test_the_shell_completes(typed, offered):
    words = typed.split(" ")
    asked = {"_XLCALC_COMPLETE": "complete_bash", "COMP_WORDS": f"xlcalc {typed}", "COMP_CWORD": str(len(words))}
    done = subprocess.run([XLCALC], capture_output=True, text=True, env={**os.environ, **asked})
    assert offered <= set(done.stdout.split()) and all(
        word.lower().startswith(words[-1][:3].replace("-", "_").lower()) for word in done.stdout.split()
    )


def test_a_table_on_a_terminal_has_the_columns_that_fit_and_says_so():
    """Through a pseudo-terminal of 80 columns, as a person sees it; a pipe gets every column."""
    pty = pytest.importorskip("pty", reason="pseudo-terminals are Unix's")
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    done = subprocess.run(
        [XLCALC, "hardware", "h100-sxm"], stdout=theirs, stderr=subprocess.PIPE, text=True, env=environment
    )
    os.close(theirs)
    shown = os.read(ours, 100_000).decode().splitlines()
    assert all(len(line) <= 80 for line in shown) and shown[0].split()[:2] == ["id", "name"]
    everything = run("hardware", "h100-sxm").stdout.splitlines()[0].split("\t")
    assert f"{len(everything) - len(shown[0].split())} more columns" in done.stderr


def test_a_new_workbook_has_the_users_own_accelerators_and_prices(tmp_path, monkeypatch):
    own = tmp_path / "own"
    own.mkdir()
    chips = [f"chip-{number},96,600,500" for number in range(12)]
    (own / "accelerators.csv").write_text("\n".join(["id,memory_gb,tdp_w,peak_bf16_tflops", *chips]))
    (own / "prices.csv").write_text(
        "id,accelerator,accelerators,on_demand_usd_per_hour\nus/a/x,h100-sxm,8,16\nus/a/y,chip-0,8,8\n"
    )
    monkeypatch.setenv("XLCALC_CATALOG", str(own))
    made = run("new", "fine-tuning", "-o", "new.xlsx", cwd=tmp_path)
    assert made.returncode == 0
    assert "2 accelerators of your own have no room in the yellow rows of Hardware: chip-10, chip-11" in made.stderr
    new = Package.open(tmp_path / "new.xlsx")
    assert new.value(*new.locate("price_used")) == 2  # 16 USD over 8: it wins over what is listed
    done = run("report", "fine-tuning", "--set", "accelerator=chip-0", "-o", "r.json", cwd=tmp_path)
    results = {one["name"]: one["value"] for one in json.loads((tmp_path / "r.json").read_text())["results"]}
    assert done.returncode == 0 and results["price_used"] == 1 and results["tuning_accelerators"] == 1


def test_doctor():
    assert "xlcalc" in run("doctor").stdout


class TestWorkbooks:
    def test_the_main_job(self, tmp_path):
        out = tmp_path / "report.xlsx"
        done = run("report", "training-budget", "--set", "model=llama-3.1-70b", "--set", "tokens=15e12",
                   "--set", "accelerators=4096", "-o", out)  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "total_cost" in done.stdout
        formulas, values = openpyxl.load_workbook(out), openpyxl.load_workbook(out, data_only=True)
        count = calls = 0
        for sheet in formulas:
            for row in sheet.iter_rows():
                for cell in row:
                    text = getattr(cell.value, "text", cell.value)
                    if isinstance(text, str) and text.startswith("="):
                        value = values[sheet.title][cell.coordinate].value
                        assert value is not None and not str(value).startswith("#"), (sheet.title, cell.coordinate)
                        count, calls = count + 1, calls + text.count("LLM_")
        assert count > 100 and calls >= 15

    def test_results_follow_the_inputs(self, tmp_path):
        def results(*settings):
            out = tmp_path / "r.json"
            pairs = [part for setting in settings for part in ("--set", setting)]
            assert run("report", "training-budget", *pairs, "-o", out).returncode == 0
            return {r["name"]: r["value"] for r in json.loads(out.read_text())["results"]}

        one, two = results("tokens=1e12"), results("tokens=2e12")
        assert two["gpu_hours"] == pytest.approx(2 * one["gpu_hours"])

    def test_markdown(self, tmp_path):
        out = tmp_path / "r.md"
        done = run("report", "fine-tuning", "-o", out)
        page = out.read_text()
        assert done.returncode == 0 and r"| total\_cost |" in page  # an underscore is no emphasis
        warned = re.findall(r"Warning, not met: (Data costs something|Staff is in the total)", done.stderr)
        assert len(warned) == 2 and all(name in page.partition("## Results")[0] for name in warned)

    def test_new_and_recalc_round_trip(self, tmp_path):
        fresh, again = tmp_path / "fresh.xlsx", tmp_path / "again.xlsx"
        assert run("new", "hardware", "-o", fresh).returncode == 0
        before = fresh.read_bytes()
        done = run("recalc", fresh, "-o", again)
        assert done.returncode == 0 and "LLM_* calls" in done.stdout
        assert fresh.read_bytes() == before
        assert "libreoffice; or standalone" in fails(2, "convert", fresh, "--to", "foo")

    def test_a_default_name_never_overwrites(self, tmp_path):
        (tmp_path / "hardware.xlsx").write_text("mine")
        assert "exists" in fails(1, "new", "hardware", cwd=tmp_path)
        assert (tmp_path / "hardware.xlsx").read_text() == "mine"

    def test_unknown_template_and_name(self, tmp_path):
        assert "training-budget" in fails(1, "new", "training-budgets", cwd=tmp_path)
        assert "did you mean" in fails(2, "report", "training-budget", "--set", "tokns=1", cwd=tmp_path).lower()
        assert "NAME=VALUE" in fails(2, "report", "training-budget", "--set", "tokens", cwd=tmp_path)
        assert os.listdir(tmp_path) == []

    def test_a_model_that_no_catalog_has_is_said_before_what_follows_from_it(self, tmp_path):
        """Where it was typed into the workbook; as a setting it is refused."""
        package = report.find("training-budget")
        package.set_cell(*package.locate("model"), "no-such-model")
        package.save(tmp_path / "typed.xlsx")
        said = fails(1, "report", "typed.xlsx", "--trust", "engine", "-o", "r.xlsx", cwd=tmp_path)
        assert 'model "no-such-model" is not in the catalog' in said.partition("STOP, not met: ")[0]
        assert said.count("\n") < 30 and "Traceback" not in said
        assert "follow from other cells" in said  # thousands do

    def test_text_can_never_become_a_formula(self, tmp_path):
        out = tmp_path / "r.xlsx"
        run("report", "training-budget", "--set", "layout==HYPERLINK(A1)", "-o", out)
        book = openpyxl.load_workbook(out)
        target = book.defined_names["layout"].attr_text.replace("$", "").replace("'", "").split("!")
        cell = book[target[0]][target[1]]
        assert cell.value == "=HYPERLINK(A1)" and cell.data_type == "s"

    def test_a_text_file_named_xlsx(self, tmp_path):
        false = tmp_path / "false.xlsx"
        false.write_text("not a workbook")
        message = fails(1, "recalc", false)
        assert "false.xlsx" in message and message.count("\n") == 1
        assert false.read_text() == "not a workbook"

    def test_an_unwritable_target(self, tmp_path):
        message = fails(1, "new", "hardware", "-o", tmp_path / "no-such-folder" / "x.xlsx")
        assert message.count("\n") == 1

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting needs root")
    def test_a_disk_that_fills(self, tmp_path):
        mount = tmp_path / "small"
        mount.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", mount], capture_output=True).returncode:
            pytest.skip("mounting is not allowed here")
        try:
            existing = mount / "r.xlsx"
            existing.write_text("mine")
            message = fails(1, "report", "hardware", "-o", existing)
            assert "disk is full" in message and message.count("\n") == 1
            assert existing.read_text() == "mine" and os.listdir(mount) == ["r.xlsx"]
        finally:
            subprocess.run(["umount", mount], check=True)
