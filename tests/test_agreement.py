"""Derivations of measured estimates: low, expected, high, and what of a call was never measured."""

from __future__ import annotations

import json

import pytest

import xlcalc
from xlcalc.accuracy import validation
from xlcalc.catalog import tables

STEP = ("LLM_STEP_TIME", "llama-3-8b", "h100-sxm", 8, 128, 8192)


def explained(*call):
    return xlcalc.LLM_EXPLAIN(*call)


def row(table, name):
    return table[1] if name == "expected" else next(r for r in reversed(table) if r[0] == name)


def notes(table):
    return [r[1] for r in table if r[0] == "note" and r[1].startswith("outside what was measured")]


def ratios(function, accelerator=None):
    of = [r for r in validation.results() if r.function == function and accelerator in (None, r.accelerator)]
    return sorted(r.measured / r.estimate for r in of)


def test_the_range_is_that_of_the_measured_cases_on_the_accelerator_or_of_those_no_constant_knows():
    table = explained(*STEP)
    low, expected, high = (row(table, name)[4] for name in ("low", "expected", "high"))
    assert expected == xlcalc.LLM_STEP_TIME(*STEP[1:])
    measured = ratios("LLM_STEP_TIME", "h100-sxm")
    assert low / expected == pytest.approx(measured[len(measured) // 10])  # ten per cent are quicker
    unknown = {row["group"] for row in tables.shipped("bounds") if row["calibrated"] == "no"}
    apart = sorted(
        r.measured / r.estimate for r in validation.results() if r.function == "LLM_STEP_TIME" and r.group in unknown
    )
    assert apart[-2] > measured[-1 - len(measured) // 10]
    assert high / expected == pytest.approx(apart[-2])  # one of fourteen takes longer
    assert f"{len(measured)} cases on h100-sxm, or of {len(apart)} that no constant knows" in row(table, "low")[6]
    assert "LLM_ACCURACY names their sources" in row(table, "high")[6]
    assert notes(table) == []


def test_few_cases_give_their_lowest_and_highest():
    table = explained("LLM_TPOT", "llama-3.1-70b", "a100-sxm-80gb", 8, 1152)
    measured = ratios("LLM_TPOT", "a100-sxm-80gb")
    expected = row(table, "expected")[4]
    assert len(measured) < 10 and "highest of 3 cases" in row(table, "high")[6]
    assert row(table, "low")[4] == pytest.approx(expected * min(1, measured[0]))
    assert row(table, "high")[4] == pytest.approx(expected * max(1, measured[-1]))


def test_an_accelerator_without_cases_takes_all_and_says_so():
    table = explained("LLM_TPOT", "llama-3.1-8b", "mi250x", 1, 1024)
    assert f"{len(ratios('LLM_TPOT'))} cases on all accelerators" in row(table, "low")[6]
    (note,) = notes(table)
    assert "no measured case has accelerator mi250x; measured were a100-sxm-40gb, a100-sxm-80gb" in note


def test_the_range_is_in_the_unit_asked_for():
    seconds = explained("LLM_TPOT", "llama-3.1-8b", "h200-sxm", 1, 1024)
    mapped = explained("LLM_TPOT", "llama-3.1-8b", "h200-sxm", 1, 1024, None, None, None, None, "ms")
    for name in ("low", "expected", "high"):
        assert row(mapped, name)[4] == pytest.approx(1000 * row(seconds, name)[4])
        assert row(mapped, name)[5] == "ms"


def test_a_model_type_never_measured_is_said():
    (note,) = notes(explained("LLM_TPOT", "mistral-7b", "h100-sxm", 1, 1024))
    assert "no measured case has model mistral; measured were gpt2, gpt_oss, llama" in note


def test_many_more_accelerators_than_measured_is_said():
    most = max(int(r["count"]) for r in measured_arguments("LLM_STEP_TIME"))
    at, beyond = (explained("LLM_STEP_TIME", "llama-3-8b", "h100-sxm", n, n, 8192) for n in (100 * most, 200 * most))
    assert not any("count" in note for note in notes(at))
    assert any(f"count {200 * most} is more than 100 times the largest measured, {most}" in n for n in notes(beyond))


def measured_arguments(function):
    return [json.loads(r["arguments"]) for r in tables.shipped("measured") if r["function"] == function]


def test_arguments_that_no_case_gives_and_formats_that_no_case_has_are_said():
    (part,) = notes(explained(*STEP, 1, 1, 1, 1, "none", "bf16", 1, 1, 1, "compute"))
    assert part.endswith("no measured case gives part")
    (form,) = notes(explained("LLM_TPOT", "llama-3.1-8b", "h100-sxm", 1, 1024, 1, "int4"))
    assert "no measured case has dtype int4; measured were bf16" in form


def test_functions_without_measured_cases_have_no_range():
    table = explained("LLM_KV_CACHE", "llama-3.1-8b", 8192)
    assert not {"low", "high"} & {r[0] for r in table}


def test_every_measured_case_lies_inside_what_was_measured():
    for name in {r.function for r in validation.results()}:
        function = getattr(xlcalc, name)
        for arguments in measured_arguments(name):
            read = function.read([arguments.get(a.name) for a in function.arguments])
            assert validation.outside(function, read) == []


@pytest.mark.parametrize("name", sorted({r.function for r in validation.published()}))
def test_a_derivation_is_whole_however_often_it_was_computed(name):
    function = getattr(xlcalc, name)
    arguments = measured_arguments(name)[0]
    values = [arguments.get(a.name) for a in function.arguments]
    derivations = []
    for _ in range(2):
        function(*values)
        derivations.append(explained(name, *[json.dumps(v) if isinstance(v, dict) else v for v in values]))
    assert derivations[0] == derivations[1]
    assert sum(1 for r in derivations[0] if r[3]) > 5
