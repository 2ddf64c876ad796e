"""Derivations: they come from the calculation, and their rows add up to it."""

from __future__ import annotations

import doctest
import subprocess
import sys

import pytest

import xlcalc
from xlcalc.formula.trace import recompute

COLUMNS = ["step", "quantity", "formula", "with numbers", "value", "unit", "what it is", "source"]


def example_arguments(function):
    """The arguments of a function's documented example."""
    caught = []

    def spy(*args, **kwargs):
        caught.append((args, kwargs))
        return function(*args, **kwargs)

    names = {f.name: f for f in xlcalc.functions()} | {function.name: spy}
    example = doctest.DocTestParser().get_examples(function.example)[0]
    eval(example.source, names)
    args, kwargs = caught[0]
    values = [*args, *[None] * (len(function.arguments) - len(args))]
    for name, value in kwargs.items():
        values[[a.name for a in function.arguments].index(name)] = value
    return values


EXPLAINED = [f for f in xlcalc.functions() if f.name != "LLM_EXPLAIN"]


@pytest.mark.parametrize("function", EXPLAINED, ids=lambda f: f.name)
def test_every_function_explains_its_example(function):
    arguments = example_arguments(function)
    table = xlcalc.LLM_EXPLAIN(function.name, *arguments)
    assert table[0] == COLUMNS and all(len(row) == len(COLUMNS) for row in table)
    result = function(*arguments)
    if isinstance(result, (int, float)) and not isinstance(result, bool):
        final = [row for row in table if row[1] == function.name][-1]
        assert final[4] == result


@pytest.mark.parametrize("function", EXPLAINED, ids=lambda f: f.name)
def test_every_row_recomputes_from_its_own_numbers(function):
    for row in xlcalc.LLM_EXPLAIN(function.name, *example_arguments(function))[1:]:
        numbers = row[3].replace("×", "*").replace("^", "**")
        if numbers and "in the unit" not in numbers:
            assert recompute(numbers) == pytest.approx(row[4], rel=1e-9), row


def test_a_derivation_shows_its_formula_numbers_and_sources():
    rows = {row[1]: row for row in xlcalc.LLM_EXPLAIN("train-time", 1e24, "h100-sxm", 1024)}
    assert rows["train_time"][2:5] == [
        "flops / (count × peak × mfu)", "1e+24 / (1024 × 989000000000000.0 × 0.4)", pytest.approx(2468560.4),
    ]  # fmt: skip
    assert "as of" in rows["peak_bf16"][7] and "Narayanan" in rows["train_time"][7]


def test_loops_are_written_out_as_sums_of_their_terms():
    rows = xlcalc.LLM_EXPLAIN("LLM_TPOT", "llama-3.1-8b", "h100-sxm", 1, 1024)
    at = next(i for i, row in enumerate(rows) if row[1] == "products" and row[2].startswith("sum("))
    terms = rows[at][3].split(" + ")
    assert rows[at][4] == pytest.approx(sum(map(recompute, (term.replace("×", "*") for term in terms))))
    assert [term.split(" ")[0] for term in terms] == ["32"] * 4  # qkv, o, gate and up, down of 32 layers
    moved = [row for row in rows[:at] if row[1] == "moved"]
    assert moved and all(recompute(row[3].replace("×", "*")) == row[4] for row in moved)
    assert rows[at + 1][1] == "sampled" and any(row[1] == "roofline" and row[5] == "seconds" for row in rows)


@pytest.mark.parametrize(
    "call",
    [("LLM_TPOT", "llama-3.1-8b", "h100-sxm", 1, 1024), ("LLM_STEP_TIME", "gpt2", "a100-sxm-80gb", 8, 64, 1024)],
    ids=lambda call: call[0],
)
def test_figures_come_with_unit_and_source(call):
    looked_up = {row[1]: row for row in xlcalc.LLM_EXPLAIN(*call)[1:] if row[4] != "" and not row[2]}
    assert "bandwidth" in looked_up["stream"][5] and "calibrated" in looked_up["stream"][6]
    assert looked_up["bandwidth"][5] == "bytes/s" and looked_up["peak_bf16"][5] == "FLOP/s"
    assert all(looked_up[name][7] for name in ("stream", "bandwidth", "peak_bf16"))


@pytest.mark.parametrize("name", ["LLM_TRAIN_PLAN", "LLM_SERVE_PLAN"])
def test_a_search_is_not_written_out(name):
    function = next(f for f in EXPLAINED if f.name == name)
    assert len(xlcalc.LLM_EXPLAIN(name, *example_arguments(function))) < 1000


def test_an_estimate_says_so():
    config = {"model_type": "never-heard-of", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
              "intermediate_size": 128, "vocab_size": 1000}  # fmt: skip
    table = xlcalc.LLM_EXPLAIN("LLM_PARAMS", config)
    assert any("estimate" in str(row[6]) for row in table)


def test_errors_are_those_of_the_call():
    with pytest.raises(xlcalc.CalcError, match="LLM_KV_CACHE: context must be"):
        xlcalc.LLM_EXPLAIN("LLM_KV_CACHE", "llama-3.1-8b", -1)
    with pytest.raises(xlcalc.CalcError, match='"LLM_NO" is not a function'):
        xlcalc.LLM_EXPLAIN("LLM_NO")
    with pytest.raises(xlcalc.CalcError, match="takes at most"):
        xlcalc.LLM_EXPLAIN("LLM_LOSS", 1, 2, None, 4, 5)


def test_tracing_leaves_nothing_behind():
    before = sys.gettrace()
    xlcalc.LLM_EXPLAIN("LLM_PARAMS", "llama-3.1-8b")
    assert sys.gettrace() is before


def test_command_line():
    done = subprocess.run(
        [sys.executable, "-c", "from xlcalc.cli import main; main()", "explain", "LLM_TRAIN_TIME", "1e24", "h100-sxm",
         "1024", "unit=days"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "train_time = flops / (count × peak × mfu)" in done.stdout and "28.5" in done.stdout
