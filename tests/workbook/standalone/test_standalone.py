"""The standalone edition gives what the add-in gives, in an engine that has no function of ours."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys

import openpyxl
import pytest
from standalone_books import Calculated, same

import xlcalc
from xlcalc.language.declare import find
from xlcalc.language.errors import CalcError
from xlcalc.language.renderings import example_arguments
from xlcalc.workbook import report
from xlcalc.workbook.files.package import Package
from xlcalc.workbook.files.recalc import recalculate
from xlcalc.workbook.listed import cell_functions
from xlcalc.workbook.standalone import added_sheets, stored
from xlcalc.workbook.templates import editions

KIT = stored.read()
BLANK = "ZZ1"

UNKNOWN = (
    "–",
    "not estimated",
    "no range",
    "Shown: ",
    "P10 to P90: not known",
    "too much load, or not known",
    "none, or not known",
)
"""What a cell says of a search that was not made; the light, which names what cannot be checked then."""


def typed(value):
    if value is None:
        return ""
    if isinstance(value, str):
        return f'"{value}"'
    return f"{value:.17G}" if isinstance(value, float) else str(value)


def asked(name, *arguments):
    """A call as a cell has it, and what Python answers."""
    while arguments and arguments[-1] is None:
        arguments = arguments[:-1]
    try:
        expected = getattr(xlcalc, name)(*arguments)
    except CalcError as error:
        expected = error
    expected = expected[0][0] if isinstance(expected, list) else expected  # of a table the first cell
    return f"={name}({','.join(map(typed, arguments))})", expected


CALLS = [
    *(asked(name, *example_arguments(find(name))) for name in sorted(KIT.closed)),
    *(asked("LLM_PARAMS", model, part) for model in ("deepseek-v3", "qwen3-30b-a3b", "gpt-oss-120b", "mamba-2.8b")
      for part in (None, "active", "experts", "non-embedding", "embeding")),
    asked("LLM_PARAMS", "no-such"),
    *(asked("LLM_KV_CACHE", model, 8192, batch, dtype) for model in ("deepseek-v3", "gemma-3-27b", "llama-3.1-8b")
      for batch in (None, 3) for dtype in (None, "fp8", "FP8 ")),
    *(asked("LLM_TRAIN_FLOPS", model, 15e12, length, again) for model in ("llama-3.1-405b", 70e9, "gemma-3-27b")
      for length in (None, 8192) for again in (None, "selective", "full")),
    *(asked("LLM_GPU_HOURS", 1e24, machine, mfu, dtype) for machine in ("h100-sxm", "mi300x", 989e12, "rtx-4090", "none-such")
      for mfu in (None, 0.35, 1.2) for dtype in (None, "fp8")),
    *(asked("LLM_WEIGHTS", "llama-3.3-70b", dtype, unit) for dtype in (None, "int4", "q4_k_m") for unit in (None, "GiB", "gib", "Gb")),
    *(asked("LLM_FINETUNE_MEMORY", "llama-3.1-8b", method, 2048, 1, rank, part) for method in ("full", "lora", "qlora")
      for rank in (None, 64) for part in (None, "weights", "activations")),
    *(asked("LLM_MODEL", "llama-3.1-8b", field) for field in ("id", "license", "context", "released", "n_layers")),
    *(asked("LLM_HARDWARE", "h200-sxm", field) for field in ("id", "bandwidth", "tdp", "memory", "peak_fp4")),
    *(asked("LLM_ESTIMATE_BOUND", "LLM_GPU_HOURS", bound, flops, machine, mfu) for bound in ("low", "high", "expected")
      for flops in (1e21, 3e24, 1e29) for machine in ("h100-sxm", 989e12, "tpu-v5e") for mfu in (0.4, 0.55)),
    *(asked("LLM_TTFT", *call) for call in (("deepseek-v3", "h200-sxm", 16, 4096, 2, "fp8"), ("gemma-3-27b", "rtx-4090", 6, 900),
      ("mistral-7b", "rtx-4090", 1, 9000), ("qwen3-32b", "trainium2", 16, 500), ("llama-3.1-8b", "h100-sxm", 1, 500, 1, None, 0.4),
      ("llama-3.1-8b", "h100-sxm", 1024, 500), ("bert-base", "h100-sxm", 1, 500))),
    *(asked("LLM_TPOT", *call) for call in (("gpt-oss-120b", "b200", 2, 4096, 64), ("mamba-2.8b", "mi300x", 1, 500, 8, "fp16"),
      ("qwen3-30b-a3b", "gb200", 24, 9000, 300, "nvfp4", "fp8"), ("llama-3.1-8b", "h100-sxm", 8, 0, 4, None, None, 0.7))),
    *(asked("LLM_SERVE_MEMORY", *call) for call in (("deepseek-v3", 8192, 16, None, "fp8", 8), ("gemma-3-27b", 9000, 3, "int4", None, 2, "cache"),
      ("llama-3.1-8b", 8192, 1, None, None, 3), ("llama-3.1-8b", 8192, 1, None, None, 1, "rest"))),
    *(asked("LLM_MAX_BATCH", *call) for call in (("deepseek-v3", "h200-sxm", 16, 4000, "fp8"), ("llama-3.1-405b", "h100-sxm", 1, 4000))),
    *(asked("LLM_THROUGHPUT", "qwen3-30b-a3b", "h100-sxm", 4, 1000, 200, batch, None, None, layout, 0.5)
      for batch, layout in ((16, "TP2 pp2"), (None, "dp4ep4"), (16, "tp4tp1"))),
    *(asked("LLM_BREAKEVEN", *numbers) for numbers in ((30000, 3.5, 0.5), (30000, -1, 2), ("x", 1, 2), (0, 1, 2))),
    *(asked("LLM_OWN_SHARE", 10000, 2, most, unit) for most in (None, 7e9) for unit in (None, "B")),
    *(asked("LLM_PARAMS_DENSE", 96, 12288, vocab, width) for vocab in (None, 50257, 1.5) for width in (None, 1000)),
]  # fmt: skip


@pytest.fixture(scope="module")
def book():
    return Calculated(editions.edition(report.find("hardware"), "standalone", "hardware"))


def test_calls_answer_as_the_add_in_does(book):
    answers = book.answers([formula for formula, _ in CALLS])
    wrong = [
        (formula, ours, theirs)
        for (formula, theirs), ours in zip(CALLS, answers, strict=True)
        if not same(ours, theirs)
    ]
    assert not wrong


def test_a_blank_cell_means_the_default_as_an_omitted_argument_does(book):
    formulas = [f'=LLM_KV_CACHE("llama-3.1-8b",8192,{BLANK},{BLANK},{BLANK})', f"=LLM_KV_CACHE({BLANK},8192)",
                f'=LLM_KV_CACHE("llama-3.1-8b",{BLANK})', "=LLM_KV_CACHE(1/0,8192)"]  # fmt: skip
    cache, no_model, no_context, error = book.answers(formulas)
    assert cache == xlcalc.LLM_KV_CACHE("llama-3.1-8b", 8192)
    assert (no_model, no_context, error) == ("#VALUE!", "#VALUE!", "#DIV/0!")


def test_a_range_gives_a_range(book):
    lists = ['{"llama-3.1-8b";"qwen3-32b";"no-such"}', "{4096;8192;-1}", '{"lora";"full";"none"}']
    calls = [
        (f"=LLM_PARAMS({lists[0]})", xlcalc.LLM_PARAMS([["llama-3.1-8b"], ["qwen3-32b"], ["no-such"]])),
        (f'=LLM_KV_CACHE("gemma-3-27b",{lists[1]})', xlcalc.LLM_KV_CACHE("gemma-3-27b", [[4096], [8192], [-1]])),
        (f'=LLM_FINETUNE_MEMORY("llama-3.1-8b",{lists[2]},2048,1)',
         xlcalc.LLM_FINETUNE_MEMORY("llama-3.1-8b", [["lora"], ["full"], ["none"]], 2048, 1)),
    ]  # fmt: skip
    for answers, (formula, expected) in zip(book.answers([f for f, _ in calls], 3), calls, strict=True):
        assert all(same(ours, theirs) for ours, (theirs,) in zip(answers, expected, strict=True)), (formula, answers)


PLANS = [
    ("deepseek-v2-lite", "h20", 3000, 100, None, 0.03, 2),  # experts spread over copies of attention are tried too
    ("llama-3.1-8b", "a100-sxm-80gb", 8000, 300, 5, 0.02, 2),  # prefill and decoding apart: 1xtp1+1xtp1
    ("llama-3.1-8b", "t4", 1000, 100, None, None, 2, 1, 0.5),  # computes in fp16
    ("llama-3.1-70b", "t4", 1000, 100, None, None, 2),  # none fits
]


def test_the_best_plan_is_searched_in_the_file(book):
    """Not its price nor the range of the estimate; nor more options than the best."""
    calls = [(*call, 1)[: max(8, len(call))] for call in PLANS]
    plans = [f"=TAKE(TRANSPOSE(INDEX(LLM_SERVE_PLAN({','.join(map(typed, call))}),2,0)),9)" for call in calls]
    for call, ours in zip(calls, book.answers(plans, 9), strict=True):
        try:
            expected = xlcalc.LLM_SERVE_PLAN(*call)[1][:8]
        except CalcError as error:
            expected = [error]
        assert all(same(a, b) for a, b in zip(ours, expected, strict=False)), (call, ours, expected)
        assert ours[8] in ("–", None)
    more = "1000,200,1,0.05,2,{}"
    formulas = [
        f'=LLM_SERVE_PLAN("llama-3.1-8b","h100-sxm",{more.format(end)})' for end in ("", "1,,2.5", '1,,,,"fp8"')
    ]
    assert book.answers(formulas) == ["#N/A"] * 3


def test_a_search_answers_the_calls_that_were_made_and_no_other(book):
    assert book.answers(['=LLM_MAX_CONTEXT("llama-3.1-70b","h100-sxm",4,16)']) == ["#N/A"]


def test_what_serving_does_not_know_is_not_answered(book):
    """TPUs, a model of more kinds of layers than a row has, drafts, prefill and decoding apart, another format."""
    formulas = ['=LLM_TPOT("llama-3.1-8b","tpu-v5e",4,1024)', '=LLM_TTFT("deepseek-v4-flash","h100-sxm",8,1024)',
                '=LLM_REPLICAS(100,1000,200,"llama-3.1-8b","h100-sxm",1,64,,,,,,,0.8,4)',
                '=LLM_TTFT("llama-3.1-8b","h100-sxm",1,1024,,"q4_k_m")']  # fmt: skip
    assert book.answers(formulas) == ["#N/A"] * len(formulas)
    assert book.answers(['=LLM_THROUGHPUT("llama-3.1-8b","h100-sxm",3,1000,200,,,,"2xtp1+1xtp1")']) == ["#VALUE!"]


def test_formulas_keep_their_text_and_searches_are_marked():
    plain = report.find("hosting-budget")
    made = editions.edition(plain, "standalone", "hosting-budget")
    for sheet in plain.sheets:
        theirs, ours = plain.sheet(sheet).formula_cells(), made.sheet(sheet).formula_cells()
        assert [(c.row, c.column, c.formula_text, c.value) for c in ours] == [
            (c.row, c.column, c.formula_text, c.value) for c in theirs
        ]
        for cell in ours:  # a dynamic array formula, which Excel shows without @
            calls = b"LLM_" in cell.formula_text
            assert (b'cm="1"' in cell.attributes) == calls and (not calls or b't="array"' in cell.formula_attributes)
    calculation = made.read(made.sheets["Calculation"])
    marked = re.search(rb'sqref="([^"]*)"><cfRule [^>]*><formula>xlcalc_searched', calculation)
    lines = 2 + 2 + 3  # that call LLM_ESTIMATE_BOUND, LLM_LATENCY_AT_LOAD and LLM_FLEET, each in eleven columns
    assert marked and len(marked[1].split()) == lines * 11
    assert "LAMBDA" in str(made.value("Cover", "D4"))


@pytest.mark.parametrize("name", ["hardware", "training-budget"])
def test_back_to_the_add_in_edition_to_the_byte(name):
    plain = report.find(name)
    back = editions.converted(editions.edition(plain, "standalone", name), "addin")
    assert back.parts == plain.parts
    assert all(back.read(part) == plain.read(part) for part in plain.parts)


def test_a_file_that_another_program_saved_goes_back_and_is_made_again():
    """Parts, keys and styles have other names then, and Excel's own dynamic arrays may stay beside ours."""
    plain, made, saved = report.find("hardware"), editions.edition(report.find("hardware"), "standalone"), io.BytesIO()
    for title in added_sheets.TITLES:  # their cells would only take time
        made.replace(made.sheets[title], re.sub(b"<row .*</row>", b"", made.read(made.sheets[title]), flags=re.DOTALL))
    openpyxl.load_workbook(io.BytesIO(made.to_bytes())).save(saved)
    back = editions.converted(Package.open(saved.getvalue()), "addin")
    assert [*back.sheets] == [*plain.sheets] and {one.name for one in back.names} == {one.name for one in plain.names}
    assert back.value("Cover", "D4") is None and not any(b"xlcalc_searched" in back.read(part) for part in back.parts)
    again = editions.edition(back, "standalone")
    titles = re.findall(rb'<sheet [^>]*?name="([^"]*)"', again.read(again.workbook_part))
    assert [one.decode() for one in titles] == [*plain.sheets, *added_sheets.TITLES]


def test_models_and_accelerators_of_one_s_own_get_their_columns(tmp_path):
    config = json.loads((report.files("xlcalc.catalog") / "configs/llama-3.1-8b.json").read_text())
    model, target, own = json.dumps({**config, "num_hidden_layers": 40}), tmp_path / "book.xlsx", tmp_path / "own"
    (tmp_path / "config.json").write_text(model)
    editions.edition(report.find("hardware"), "standalone", "hardware").save(target)
    for words in (
        ["hardware", "add", "our-chip", "peak_bf16_tflops=500", "memory_gb=96", "bandwidth_gb_s=3000"],
        ["models", "add", tmp_path / "config.json", "--id", "our-40", "--workbook", target],
    ):
        command = [sys.executable, "-c", "from xlcalc.cli import main; main()", *map(str, words), "--catalog", own]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    cache, flops, step, hours = Calculated(Package.open(target)).answers(
        [
            '=LLM_KV_CACHE("our-40",8192,2)',
            '=LLM_TRAIN_FLOPS("our-40",1E12,4096)',
            '=LLM_TPOT("our-40","h100-sxm",2,9000)',
            '=LLM_GPU_HOURS(1E24,"our-chip",0.4)',
        ]
    )
    assert step == pytest.approx(xlcalc.LLM_TPOT(model, "h100-sxm", 2, 9000), rel=1e-12)
    assert cache == xlcalc.LLM_KV_CACHE(model, 8192, 2)
    assert flops == pytest.approx(xlcalc.LLM_TRAIN_FLOPS(model, 1e12, 4096), rel=1e-12)
    assert hours == pytest.approx(1e24 / (500e12 * 0.4) / 3600, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "first", "other"),
    [("training-budget", "base", "high"), ("fine-tuning", "LoRA", "QLoRA"), ("hosting-budget", "base", "")],
)
def test_every_cell_is_the_add_in_s_in_scenarios_and_after_changes(name, first, other):
    """The Estimate of a training budget searches: it has no answer for other inputs, nor has the check of it. The steps
    of fine-tuning are searched too: a utilisation is typed where they are not known, and their range is not that of
    other inputs. A replica has neither range nor latencies under load then."""
    plain = report.find(name)
    ours = Calculated(editions.edition(plain, "standalone", name))
    ours.book.recalc()
    assert not ours.differences(plain)
    changes = {
        "model": "qwen3-32b", "accelerator": "h200-sxm", "tokens": 2e12, "accelerators": 512, "mfu": 0.3, "max_count": 2,
    }  # fmt: skip
    known = {entry.name for entry in plain.names}
    changed = {"scenario": first, **{k: v for k, v in changes.items() if k in known}}
    for inputs in [{"scenario": other}, changed] if other else [changed]:
        package = report.find(name)
        for key, value in inputs.items():
            package.set_cell(*package.locate(key), value)
            ours.set(key, value)
        ours.book.recalc()
        theirs = recalculate(package, cell_functions(), trust="engine").package
        searched = ("Estimate", "Checks") if "model" in inputs else ()
        found = [one for one in ours.differences(theirs) if one[0] not in searched]
        assert not [one for one in found if not str(one[3]).startswith(UNKNOWN)]
