"""Derivations: trees that an auditor reads, recorded from the calculation itself."""

from __future__ import annotations

import math
import pickle
import re
import subprocess
import sys
from functools import cache
from typing import get_args

import pytest

import xlcalc
from xlcalc.cli.derivations import as_text
from xlcalc.formula.derivation import AT_LEVEL, FOLLOWS, IN_ALL, figure
from xlcalc.language.cells import Number
from xlcalc.language.declare import MOST_ARGUMENTS, Table, find
from xlcalc.language.explain import MORE, explain
from xlcalc.language.renderings import example_arguments
from xlcalc.model.matrices import Role
from xlcalc.model.words import ADAPTED_WORDS

COLUMNS = ["step", "quantity", "formula", "with numbers", "value", "unit", "source"]
EXPLAINED = [f for f in xlcalc.functions() if f.name != "LLM_EXPLAIN"]
each_function = pytest.mark.parametrize("function", EXPLAINED, ids=lambda f: f.name)
# bytes, tokens and joules of larger units, seconds of an hour, a day, a month, hours of a year, and B* of Kaplan et al. 2020
CONSTANTS = {"1,073,741,824", "1,000", "1,000,000", "3,600,000", "3,600", "86,400", "8,760", "2,628,000", "200,000,000"}
# what Python code looks like, and a derivation must not: attributes, subscripts, calls of names, keywords
CODE = re.compile(r"\w\.[a-z_]\w*\(|\[\w|\w_\w+\(|\blambda\b|\bNone\b|\bself\b|==|\*\*|<.*object")


@cache
def explained(function, depth=None):
    arguments = example_arguments(function)
    return arguments, xlcalc.LLM_EXPLAIN(function.name, *used(arguments), depth=depth)


def used(arguments: list) -> list:
    """The arguments without the blanks behind them."""
    return arguments[: max((i for i, value in enumerate(arguments, 1) if value is not None), default=0)]


def value_of(numbers):
    """What a row's numbers give, as a reader with a calculator finds."""
    known = {"min": min, "max": max, "up": math.ceil, "down": math.floor, "root": math.sqrt, "round": round,
             "ln": math.log, "exp": math.exp, "log2": math.log2, "absolute": abs}  # fmt: skip
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", numbers)  # 1,024
    text = text.replace("×", "*").replace("^", "**").replace("mod", "%")
    text = text.replace("round up(", "up(").replace("round down(", "down(").replace("square root(", "root(")
    return eval(text, {"__builtins__": {}}, known)


@each_function
def test_every_function_explains_its_example(function):
    arguments, table = explained(function)
    assert table[0] == COLUMNS and all(len(row) == len(COLUMNS) for row in table)
    result = function(*arguments)
    first = table[1]
    if isinstance(result, (int, float)) and not isinstance(result, bool):
        assert first[1] == function.name and first[4] == pytest.approx(result, rel=1e-12)
    elif not isinstance(result, Table):
        assert first[4] == result


@each_function
def test_a_derivation_is_short(function):
    _, table = explained(function)
    assert len(table) - 1 <= IN_ALL
    _, first = explained(function, depth=1)
    below = [row for row in first[1:] if re.fullmatch(r"\d+\.\d+", row[0])]
    assert len(below) <= AT_LEVEL


@each_function
def test_every_row_says_what_it_is(function):
    _, table = explained(function, depth=0)
    names = [row[1] for row in table[1:] if row[0][:1].isdigit()]
    assert len(set(names)) == len(names)
    for step, quantity, formula, numbers, value, unit, source in table[1:]:
        assert quantity and not any(CODE.search(str(text)) for text in (quantity, formula, numbers)), quantity
        if step == "note":
            continue
        if isinstance(value, (int, float)):
            assert unit, quantity
        assert source or step in ("given", "low", "high"), quantity


@each_function
def test_values_add_up(function):
    check_sums(function, explained(function, depth=0)[1])


@pytest.mark.parametrize(
    "call", [("LLM_KV_CACHE", "deepseek-v4-pro", 1001), ("LLM_TRAIN_MEMORY", "mixtral-8x7b", 4096, 1, 8, 4, 2)]
)
def test_remainders_and_mixtures_add_up(call):
    check_sums(find(call[0]), xlcalc.LLM_EXPLAIN(*call, depth=0))


def check_sums(function, table):
    """Each row's numbers, as printed, are those of the rows that its formula names, and give its value to the digits
    that are printed. What a search found has a sentence."""
    values = {row[1]: row[4] for row in table[1:] if row[0][:1].isdigit()}
    longest_first = "|".join(map(re.escape, sorted(values, key=len, reverse=True)))
    for step, quantity, formula, numbers, value, _, _ in table[1:]:
        if not numbers:
            continue
        if re.search(r"[a-z]{3,} [a-z]", re.sub(r"round (up|down)|square root", "", numbers)):
            assert function.is_search or isinstance(value, str), (step, quantity)
            continue
        if step[:1].isdigit():
            named = re.sub(rf"(?<!\w)(?:{longest_first})(?!\w)", lambda name: figure(values[name[0]]), formula)
            assert named == re.sub(r"\((-[\d.,e]+)\)", r"\1", numbers), (step, quantity)
        if isinstance(value, (int, float)):
            assert value_of(numbers) == pytest.approx(value, rel=1e-4, abs=1e-4 * largest(numbers)), (step, quantity)


def largest(numbers):
    """The largest figure of a difference, whose digits a difference loses."""
    figures = re.findall(r"[\d.]+e?-?\d*", re.sub(r"(?<=\d),(?=\d{3}\b)", "", numbers))
    return max(map(float, figures), default=0) if " - " in numbers and "/" not in numbers and "×" not in numbers else 0


@each_function
def test_parts_stand_below_what_they_are_part_of(function):
    _, table = explained(function, depth=0)
    rows = {row[0]: row for row in table[1:] if row[0][:1].isdigit()}
    for step, row in rows.items():
        above = rows.get(step.rpartition(".")[0])
        if above:
            assert row[1] in above[2], (step, row[1])


def test_a_step_is_a_handful_of_terms():
    table = xlcalc.LLM_EXPLAIN("LLM_STEP_TIME", "llama-3.1-8b", "h100-sxm", 64, 512, 8192, depth=1)
    assert table[1][2] == "compute + memory traffic + data-parallel communication + optimizer"
    parts = [row for row in table if row[0].startswith("1.")]
    assert [row[1] for row in parts] == table[1][2].split(" + ")
    assert sum(row[4] for row in parts) == pytest.approx(table[1][4])
    parts = {"compute": "compute", "memory": "memory traffic", "dp": "data-parallel communication"}
    for part, name in parts.items():
        seconds = xlcalc.LLM_STEP_TIME("llama-3.1-8b", "h100-sxm", 64, 512, 8192, part=part)
        assert next(row[4] for row in table if row[1] == name) == pytest.approx(seconds)


def test_depth_opens_levels():
    call = ("LLM_STEP_TIME", "llama-3.1-8b", "h100-sxm", 64, 512, 8192)
    deep = [max(row[0].count(".") for row in xlcalc.LLM_EXPLAIN(*call, depth=d)[1:]) for d in (1, 2, 3)]
    assert deep == [1, 2, 3]
    everything = xlcalc.LLM_EXPLAIN(*call, depth=0)
    assert len(everything) > IN_ALL
    assert any("depth 0 shows all" in row[1] for row in xlcalc.LLM_EXPLAIN(*call))
    assert not any("depth 0" in row[1] for row in everything)


def test_figures_come_with_source_and_date():
    rows = {row[1]: row for row in xlcalc.LLM_EXPLAIN("train-time", 1e24, "h100-sxm", 1024)}
    peak = rows["peak bf16 of h100-sxm"]
    assert peak[4:6] == [989e12, "FLOP/s"] and "as of" in peak[6]
    assert rows["mfu"][6] == "default" and rows["flops"][6] == "given"
    assert "Narayanan" in rows["LLM_TRAIN_TIME"][6]


def test_an_asked_unit_is_one_step_more():
    table = xlcalc.LLM_EXPLAIN("LLM_TRAIN_TIME", 1e24, "h100-sxm", 1024, None, None, "days")
    assert table[1][4:6] == [xlcalc.LLM_TRAIN_TIME(1e24, "h100-sxm", 1024, unit="days"), "days"]
    assert table[1][2].endswith("/ 86,400")


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        (("LLM_TRAIN_PLAN", "llama-3.1-8b", "h100-sxm", 8, 128, 8192), ["compute", "activations", "MFU", "memory of h100-sxm"]),
        (("LLM_SERVE_PLAN", "llama-3.1-8b", "h100-sxm", 1000, 200, 1, 0.05, 2),
         ["USD of an accelerator-hour", "limit on time to the first token", "longest time per output token", "weights", "cache"]),
        (("LLM_MIN_GPUS", "llama-3.1-70b", "h100-sxm", 8192, 16),
         ["memory to fill", "weights", "cache", "memory to fill (2)", "cache (2)"]),
        (("LLM_FLEET", "llama-3.1-8b", "h100-sxm", 100, 1000, 200, 0.5, 0.05),
         ["limit on time to the first token at the quantile", "longest time per output token at the quantile", "weights",
          "cache", "mean step", "USD of an accelerator-hour"]),
        (("LLM_MAX_CONTEXT", "llama-3.1-8b", "h100-sxm", 1, 16), ["this context", "one token more", "memory to fill"]),
        (("LLM_MAX_BATCH", "llama-3.1-8b", "h100-sxm", 1, 8192), ["left for sequences", "cache of a sequence"]),
        (("LLM_LATENCY_AT_LOAD", "llama-3.1-8b", "h100-sxm", 1, 1000, 200, 10), ["wait beyond the mean at the quantile", "mean step"]),
    ],
    ids=lambda x: x[0] if isinstance(x, tuple) else "",
)  # fmt: skip
def test_searches_explain_what_they_chose(call, wanted):
    names = [row[1] for row in xlcalc.LLM_EXPLAIN(*call, depth=0)]
    assert set(wanted) <= set(names)


def test_the_fewest_accelerators_are_told_from_the_next_fewer():
    """Half of the weights of Llama 3.1 70B in 16 bit and of its cache are more than one of two accelerators has."""
    table = xlcalc.LLM_EXPLAIN("LLM_MIN_GPUS", "llama-3.1-70b", "h100-sxm", 8192, 16, depth=1)
    enough, filled, too_much, at_most = (row[4] for row in table if row[0].startswith("1."))
    half = (70.55e9 + 16 * 8192 * 80 * 2 * 8 * 128) * 2 / 2
    assert enough <= filled < 80e9 * 1.07 and half < too_much < 1.05 * half and too_much > at_most


def test_no_figure_of_a_model_stands_in_a_formula_without_its_name():
    """What a formula has beside names are its author's constants; numbers in names (shapes, widths) are names."""
    for function in EXPLAINED:
        _, table = explained(function, depth=0)
        names = sorted({row[1] for row in table[1:]}, key=len, reverse=True)
        for row in table[1:]:
            bare = re.sub("|".join(map(re.escape, names)), "", row[2])
            assert set(re.findall(r"(?<![\d.])\d{1,3}(?:,\d{3})+", bare)) <= CONSTANTS, (function.name, row[1])


def test_plans_explain_their_first_row():
    plan = xlcalc.LLM_SERVE_PLAN("llama-3.1-8b", "h100-sxm", 1000, 200, 1, 0.05, 2)
    best = dict(zip(plan[0], plan[1], strict=True))
    rows = {
        row[1]: row[4]
        for row in xlcalc.LLM_EXPLAIN("LLM_SERVE_PLAN", "llama-3.1-8b", "h100-sxm", 1000, 200, 1, 0.05, 2, depth=0)
    }
    assert rows["LLM_SERVE_PLAN"] == f"{best['layout']}, {best['dtype']}, {best['batch']} sequences"
    assert rows["USD per million output tokens"] == pytest.approx(best["USD/M output tokens"])
    assert rows["time to the first token"] == pytest.approx(best["TTFT (s)"])
    plan = xlcalc.LLM_TRAIN_PLAN("llama-3.1-8b", "h100-sxm", 8, 128, 8192)
    best = dict(zip(plan[0], plan[1], strict=True))
    rows = {
        row[1]: row[4]
        for row in xlcalc.LLM_EXPLAIN("LLM_TRAIN_PLAN", "llama-3.1-8b", "h100-sxm", 8, 128, 8192, depth=0)
    }
    assert rows["seconds of a step"] == pytest.approx(best["step seconds"])
    assert rows["MFU"] == pytest.approx(best["MFU"])
    assert rows["memory of the fullest accelerator"] == pytest.approx(best["memory bytes"])


@pytest.mark.parametrize("call", [("LLM_FLEET", "llama-3.1-8b", "h100-sxm", 100, 1000, 200, 0.5, 0.05),
                                  ("LLM_FLEET", "llama-3.3-70b", "h100-sxm", 20, 2000, 300)])  # fmt: skip
def test_a_fleet_explains_its_first_row(call):
    head, first, *_ = xlcalc.LLM_FLEET(*call[1:])
    best = dict(zip(head, first, strict=True))
    rows = {row[1]: row for row in xlcalc.LLM_EXPLAIN(*call, depth=0)}
    layout, held = best["layout"], best["requests/s a replica"]
    assert rows[f"replicas of {layout}"][4] == best["replicas"] == math.ceil(call[3] / held)
    assert rows["nodes"][4] == best["nodes"] == math.ceil(best["replicas"] * best["accelerators a replica"] / 8)
    assert rows["USD of an hour"][4] == pytest.approx(best["USD/hour"])
    assert rows["time to the first token at the quantile"][4] == pytest.approx(best["TTFT at the quantile (s)"])
    assert rows["time per output token at the quantile"][4] == pytest.approx(best["TPOT at the quantile (s)"])


def test_a_format_that_was_searched_for_is_not_called_the_published_one():
    rows = xlcalc.LLM_EXPLAIN("LLM_SERVE_PLAN", "llama-3.3-70b", "h100-sxm", 2000, 300)
    assert "fp8" in rows[1][4] and not any(row[:2] == ["given", "dtype"] for row in rows)
    assert any(row[:2] == ["given", "dtype"] for row in xlcalc.LLM_EXPLAIN("LLM_WEIGHTS", "llama-3.3-70b"))


def test_an_estimate_says_so():
    config = {"model_type": "never-heard-of", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
              "intermediate_size": 128, "vocab_size": 1000}  # fmt: skip
    table = xlcalc.LLM_EXPLAIN("LLM_PARAMS", config)
    assert any("estimate" in str(cell) for row in table for cell in row)


def test_measured_range_stands_below_an_estimate():
    rows = {row[0]: row for row in xlcalc.LLM_EXPLAIN("LLM_STEP_TIME", "llama-3.1-8b", "h100-sxm", 8, 128, 8192)}
    estimate = xlcalc.LLM_STEP_TIME("llama-3.1-8b", "h100-sxm", 8, 128, 8192)
    assert rows["low"][4] <= estimate <= rows["high"][4] and rows["high"][5] == "seconds"


def test_errors_are_those_of_the_call():
    with pytest.raises(xlcalc.CalcError, match="LLM_KV_CACHE: context must be"):
        xlcalc.LLM_EXPLAIN("LLM_KV_CACHE", "llama-3.1-8b", -1)
    with pytest.raises(xlcalc.CalcError, match='"LLM_NO" is not a function'):
        xlcalc.LLM_EXPLAIN("LLM_NO")
    with pytest.raises(xlcalc.CalcError, match="takes at most"):
        xlcalc.LLM_EXPLAIN("LLM_LOSS", 1, 2, None, 4, 5)
    for call in (
        ("LLM_BREAKEVEN", 1, 2, 1),
        ("LLM_MFU", "llama-3.1-8b", 1e9, "h100-sxm", 1),
        ("LLM_TRAIN_TIME", 1e308, 1e-300, 1, 0.1),
        ("LLM_LORA_PARAMS", "mamba-2.8b", 8, "mlp"),
    ):
        with pytest.raises(xlcalc.CalcError) as plain:
            next(f for f in EXPLAINED if f.name == call[0])(*call[1:])
        with pytest.raises(xlcalc.CalcError) as derived:
            xlcalc.LLM_EXPLAIN(*call)
        assert str(derived.value) == str(plain.value)


@each_function
def test_a_derivation_leaves_nothing_behind(function):
    """What formulas remember stays plain numbers: the same call gives a plain number before and after. What is kept of
    a model and a machine from an earlier derivation changes none of a later one."""
    arguments, before = explained(function)
    assert xlcalc.LLM_EXPLAIN(function.name, *used(arguments)) == before
    result = function(*arguments)
    cells = [cell for row in result for cell in row] if isinstance(result, Table) else [result]
    assert {type(cell) for cell in cells} <= {int, float, str, bool, type(None)}


def test_a_model_that_was_explained_can_be_sent_to_another_process():
    xlcalc.LLM_EXPLAIN("LLM_TPOT", "llama-3.1-8b", "h100-sxm", 1, 1024)
    model, accelerator, *_ = find("LLM_TPOT").read(["llama-3.1-8b", "h100-sxm", 1, 1024])
    assert pickle.loads(pickle.dumps((model, accelerator, model.coefficients()))) == (
        model,
        accelerator,
        model.coefficients(),
    )


NUMBERS = [f for f in EXPLAINED if isinstance(f.result, Number) and not f.is_search]


@pytest.mark.parametrize("function", NUMBERS, ids=lambda f: f.name)
def test_a_derivation_costs_at_most_fifty_times_the_calculation(function):
    """Counted in calls of Python and C functions, of numbers that no earlier call had: where a call looks up what one
    before it computed, its derivation computes all the same."""
    arguments = used(example_arguments(function))

    def work(compute, n):
        values = [
            x * (1 + n / 1e6) if type(x) is float else x + n if type(x) is int and x > 99 else x for x in arguments
        ]
        events = 0

        def count(*_):
            nonlocal events
            events += 1

        sys.setprofile(count)
        try:
            compute(values)
        except xlcalc.CalcError:  # some numbers go with one another alone
            return work(compute, 0)
        finally:
            sys.setprofile(None)
        return events

    called, derived = (lambda values: function(*values)), (lambda values: explain(function, values))
    for n in (1, 2):  # what is read of a model and a machine is kept
        work(called, n), work(derived, n)
    assert work(derived, 3) <= 50 * work(called, 4)


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-c", "from xlcalc.cli import main; main()", "explain", *arguments],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


def test_command_line_fits_on_a_screen():
    shown = run("LLM_STEP_TIME", "llama-3.1-8b", "h100-sxm", "64", "512", "8192")
    assert "compute + memory traffic + data-parallel communication + optimizer" in shown
    assert len(shown.splitlines()) <= 40
    assert len(run("LLM_STEP_TIME", "llama-3.1-8b", "h100-sxm", "64", "512", "8192", "--depth", "0").splitlines()) > 100
    assert "28.5" in run("LLM_TRAIN_TIME", "1e24", "h100-sxm", "1024", "unit=days")


@pytest.mark.parametrize("model", ["deepseek-v4-pro", "mixtral-8x7b"])
def test_weights_that_a_pass_reads_are_one_sum_however_many_matrices_there_are(model):
    """Experts that differ from layer to layer made a formula of a thousand terms, too deep to be written down."""
    head, *rows = xlcalc.LLM_EXPLAIN("LLM_INTENSITY", model, 8, 4096)
    by_name = {row[head.index("quantity")]: row for row in rows}
    read = by_name["weights that are read"]
    assert len(read[head.index("formula")]) < 200
    assert rows[0][head.index("value")] == xlcalc.LLM_INTENSITY(model, 8, 4096)


@pytest.mark.parametrize("dtype", [None, "q4_k_m", "awq"])
@pytest.mark.parametrize("model", ["gpt-oss-20b", "deepseek-v3", "gemma-3-1b", "gpt2", "mamba-130m"])
def test_bytes_of_weights_are_shown_part_by_part_with_their_widths(model, dtype):
    head, *rows = xlcalc.LLM_EXPLAIN("LLM_WEIGHTS", model, dtype)
    parts = [row for row in rows if str(row[0]).startswith("1.")]
    shown = [row[head.index("value")] for row in parts]
    assert len(shown) > 2
    assert sum(shown) == pytest.approx(xlcalc.LLM_WEIGHTS(model, dtype), rel=1e-12) == rows[0][head.index("value")]
    assert all("bits an element" in row[head.index("quantity")] for row in parts)


@pytest.mark.parametrize(
    "call",
    [
        ("LLM_TRAIN_FLOPS", 8e9, 1e12),
        ("LLM_TRAIN_FLOPS", 8e9, 1e12, 0, "full"),
        ("LLM_MFU", 8e9, 1e4, "h100-sxm", 8),
        ("LLM_TPOT", "gemma-3-1b", "dgx-spark", 1, 4096),
        ("LLM_TPOT", "gpt-oss-20b", "dgx-spark", 1, 4096),
    ],
    ids=lambda call: " ".join(map(str, call)),
)
def test_what_is_calculated_is_explained_too(call):
    """A number of parameters alone; an accelerator without a 16-bit peak, of which no infinite rate is shown."""
    head, *rows = xlcalc.LLM_EXPLAIN(*call, depth=0)
    assert rows[0][head.index("value")] == pytest.approx(getattr(xlcalc, call[0])(*call[1:]), rel=1e-12)
    for row in rows:
        assert not isinstance(row[head.index("value")], xlcalc.CalcError), row
        assert not re.search(r"\binf\b", f"{row[head.index('with numbers')]}"), row


def test_every_function_can_be_the_subject_of_another():
    assert max(len(f.arguments) for f in EXPLAINED if not any(a.nth for a in f.arguments)) <= MOST_ARGUMENTS


def test_products_are_told_apart_by_their_shape():
    """Llama 3.1 8B (d_model 4,096, MLP 14,336) on two accelerators: gate and up are one product, and each rank has half."""
    head, *rows = xlcalc.LLM_EXPLAIN("LLM_TPOT", "llama-3.1-8b", "h100-sxm", 2, 1024)
    names = {row[head.index("quantity")] for row in rows}
    assert {"products 4,096 × 14,336 in 32 layers", "products 7,168 × 4,096 in 32 layers"} <= names


@pytest.mark.parametrize("call", [("LLM_TPOT", "deepseek-v3", "h200-sxm", 8, 2048, 16),
                                  ("LLM_STEP_TIME", "mixtral-8x7b", "h100-sxm", 64, 512, 8192, 1, 1, 1, 1, "none", "bf16", 8)])  # fmt: skip
def test_no_row_of_the_first_levels_is_a_wall_of_text(call):
    head, *rows = xlcalc.LLM_EXPLAIN(*call)
    assert max(len(row[head.index("formula")]) for row in rows if str(row[0]).count(".") < 2) < 420


@pytest.mark.parametrize("width", [80, 120])
def test_a_screenful_is_whole_rows_of_as_many_levels_as_fit(width):
    """On a terminal of 40 lines, of which the prompt takes one; the six sums of a bill take one or two more."""
    for function in EXPLAINED:
        _, table = explained(function)
        lines = as_text(table, width, 39).splitlines()
        assert len(lines) <= (41 if function.name == "LLM_TRAIN_COST" else 39), function.name
        assert all(len(line) <= width or len(line.split()) == 1 for line in lines)
        text = " ".join(" ".join(lines).split())
        hidden = table[-1][1] == MORE
        for step, quantity, formula, numbers, *_ in table[1:]:
            if step[0].isdigit() and not all(part in text for part in (f"{step} {quantity} = ", formula, numbers)):
                assert step.count(".") > 1, (function.name, step)
                hidden = True
        assert ("--depth 0 for all" in text) >= (hidden or "…" in text), function.name


def test_lines_are_broken_where_a_terminal_ends_and_nothing_is_left_out():
    table = xlcalc.LLM_EXPLAIN("LLM_TPOT", "deepseek-v3", "h200-sxm", 8, 2048, 16)
    broken, whole = as_text(table, 80), as_text(table)
    assert all(len(line) <= 80 or len(line.split()) == 1 for line in broken.splitlines())
    assert any(len(line) > 80 for line in whole.splitlines())
    for text in (broken, whole):
        words = " ".join(text.split())
        for step, quantity, formula, numbers, _, unit, source in table[1:-1]:
            said = (quantity if step[0].isdigit() else step, formula, numbers, unit, source)
            assert all(part in words or part in (FOLLOWS, "count", "ratio") for part in said), step


@pytest.mark.parametrize(
    ("call", "quantity", "unit"),
    [
        (("LLM_HARDWARE", "h100-sxm", "bandwidth"), "LLM_HARDWARE", "bytes/s"),
        (
            ("LLM_ESTIMATE_BOUND", "LLM_TPOT", "low", "llama-3.1-8b", "h100-sxm", 1, 1024),
            "LLM_ESTIMATE_BOUND",
            "seconds",
        ),
        (("LLM_TCO", 30000, 4, 700, 0.1), "life years", "years"),
        (("LLM_MFU", "llama-3.1-8b", 8e4, "h100-sxm", 8), "tokens per second", "tokens/s"),
        (("LLM_INTENSITY", "llama-3.1-8b", 1, 1024), "LLM_INTENSITY", "FLOP/byte"),
        (("LLM_OWN_SHARE", 1e4, 2), "api usd per million", "USD per million tokens"),
        (("LLM_LOSS", 8e9, 1e12), "LLM_LOSS", "nats/token"),
    ],
)
def test_a_number_has_the_unit_of_what_it_counts(call, quantity, unit):
    assert next(row[5] for row in xlcalc.LLM_EXPLAIN(*call) if row[1] == quantity) == unit


def test_a_bill_s_range_is_that_of_its_total():
    call = ("LLM_TRAIN_COST", 2.4e23, "h100-sxm", 300, 4.09, 0.3, 8, 0.01, 3600, 3600, 1e12, 1e13, 0.02, 1000)
    rows = {row[0]: row[4] for row in xlcalc.LLM_EXPLAIN(*call)}
    for bound in ("low", "high"):
        assert rows[bound] == xlcalc.LLM_ESTIMATE_BOUND(call[0], bound, *call[1:])


def test_adapted_matrices_have_the_fields_words():
    """Every role of a matrix has one."""
    assert set(ADAPTED_WORDS) == set(get_args(Role))
    names = {row[1] for row in xlcalc.LLM_EXPLAIN("LLM_LORA_PARAMS", "deepseek-v3", 8, "attention", depth=0)}
    assert "number of key/value down-projection" in names


def test_a_misspelt_function_is_offered_the_closest():
    with pytest.raises(xlcalc.CalcError, match="is not a function; the closest are LLM_KV_CACHE"):
        xlcalc.LLM_EXPLAIN("LLM_KVCACHE", "gpt2", 8)
