"""Derivations of measured estimates: low, expected, high, and what of a call was never measured."""

from __future__ import annotations

import json

import pytest

import xlcalc
from xlcalc.accuracy import measurements, scope

STEP = ("LLM_STEP_TIME", "llama-3-8b", "h100-sxm", 8, 128, 8192)


def explained(*call):
    return xlcalc.LLM_EXPLAIN(*call)


def row(table, name):
    return table[1] if name == "expected" else next(r for r in reversed(table) if r[0] == name)


def notes(table):
    return [r[1] for r in table if r[0] == "note" and r[1].startswith("outside what was measured")]


def cases(function, accelerator=None):
    of = [one for one in measurements.published() if one.function == function]
    return len([one for one in of if accelerator in (None, one.accelerator)])


def test_the_range_is_that_of_the_call_and_says_what_is_behind_it():
    table = explained(*STEP)
    ends = [xlcalc.LLM_ESTIMATE_BOUND(STEP[0], bound, *STEP[1:]) for bound in ("low", "expected", "high")]
    assert [row(table, name)[4] for name in ("low", "expected", "high")] == pytest.approx(ends)
    assert ends[1] == xlcalc.LLM_STEP_TIME(*STEP[1:])
    sources = len({one.group for one in measurements.published() if one.function == "LLM_STEP_TIME"})
    said = f"{cases('LLM_STEP_TIME')} measured cases of LLM_STEP_TIME from {sources} sources"
    assert f"{said}, {cases('LLM_STEP_TIME', 'h100-sxm')} on h100-sxm" in row(table, "low")[6]
    assert "constants were calibrated on this machine" in row(table, "high")[6]
    assert "LLM_ACCURACY lists them" in row(table, "high")[6]
    assert notes(table) == []


def test_an_accelerator_without_cases_says_so():
    table = explained("LLM_TPOT", "llama-3.1-8b", "mi250x", 1, 1024)
    assert f"{cases('LLM_TPOT')} measured cases" in row(table, "low")[6]
    assert "0 on mi250x; constants are those of other architectures" in row(table, "low")[6]
    (note,) = notes(table)
    assert "no measured case has accelerator mi250x; measured were a100-sxm-40gb, a100-sxm-80gb" in note


def test_whole_runs_say_so():
    table = explained("LLM_GPU_HOURS", 1e24, "h100-sxm")
    assert "published whole runs of" in row(table, "high")[6] and "LLM_TRAIN_RUNS" in row(table, "high")[6]
    assert row(table, "high")[4] == xlcalc.LLM_ESTIMATE_BOUND("LLM_GPU_HOURS", "high", 1e24, "h100-sxm")


def test_the_range_is_in_the_unit_asked_for():
    seconds = explained("LLM_TPOT", "llama-3.1-8b", "h200-sxm", 1, 1024)
    mapped = explained("LLM_TPOT", "llama-3.1-8b", "h200-sxm", 1, 1024, None, None, None, None, "ms")
    for name in ("low", "expected", "high"):
        assert row(mapped, name)[4] == pytest.approx(1000 * row(seconds, name)[4])
        assert row(mapped, name)[5] == "ms"


def test_a_model_type_never_measured_is_said():
    (note,) = notes(explained("LLM_TPOT", "gemma-2-9b", "h100-sxm", 1, 1024))
    assert "no measured case has model gemma2; measured were gpt2, gpt_oss, llama" in note


def test_many_more_accelerators_than_measured_is_said():
    most = max(int(r["count"]) for r in measured_arguments("LLM_STEP_TIME"))
    at, beyond = (explained("LLM_STEP_TIME", "llama-3-8b", "h100-sxm", n, n, 8192) for n in (100 * most, 200 * most))
    assert not any("count" in note for note in notes(at))
    assert any(f"count {200 * most} is more than 100 times the largest measured, {most}" in n for n in notes(beyond))


def measured_arguments(function):
    of = [one for one in measurements.published() if one.function == function]
    return [arguments for one in of for arguments, _ in measurements.calls(one.arguments)]


def test_arguments_that_no_case_gives_and_formats_that_no_case_has_are_said():
    (part,) = notes(explained(*STEP, 1, 1, 1, 1, "none", "bf16", 1, 1, 1, "compute"))
    assert part.endswith("no measured case gives part")
    (form,) = notes(explained("LLM_TPOT", "llama-3.1-8b", "h100-sxm", 1, 1024, 1, "int4"))
    assert "no measured case has dtype int4; measured were bf16" in form


def test_functions_without_measured_cases_have_no_range():
    table = explained("LLM_KV_CACHE", "llama-3.1-8b", 8192)
    assert not {"low", "high"} & {r[0] for r in table}


def test_every_measured_case_lies_inside_what_was_measured():
    for name in {one.function for one in measurements.published()}:
        function = getattr(xlcalc, name)
        for arguments in measured_arguments(name):
            read = function.read([arguments.get(a.name) for a in function.arguments])
            assert scope.outside(function, read) == []


@pytest.mark.parametrize("name", sorted({one.function for one in measurements.published()}))
def test_a_derivation_is_whole_however_often_it_was_computed(name):
    function = getattr(xlcalc, name)
    arguments = measured_arguments(name)[0]
    values = [arguments.get(a.name) for a in function.arguments]
    derivations = []
    for _ in range(2):
        function(*values)
        derivations.append(explained(name, *[json.dumps(v) if isinstance(v, dict) else v for v in values]))
    assert derivations[0] == derivations[1]
    assert sum(1 for r in derivations[0] if r[3]) > 3
