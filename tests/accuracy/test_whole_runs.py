"""Published whole training runs beside our estimate, and the range that they give to budgets."""

from __future__ import annotations

from math import log

import pytest

import xlcalc
from xlcalc.accuracy import whole_runs
from xlcalc.catalog import tables


def ends(name, *arguments):
    return [xlcalc.LLM_ESTIMATE_BOUND(name, bound, *arguments) for bound in ("low", "expected", "high")]


def test_every_run_has_a_source_a_date_and_a_reason_where_it_is_not_compared():
    rows = tables.shipped("training_runs")
    assert len(rows) >= 60 and len({row["run"] for row in rows}) == len(rows)
    for row in rows:
        assert row["source"] and row["date"] and row["counted"]
        assert (row["compared"] == "yes") == (not row["why_not"])
        assert row["compared"] == "no" or (row["hours"] and row["kind"] == "pretrain")
        assert "step time" not in row["counted"] or row["compared"] == "no"


def test_hours_are_count_times_days_where_both_are_published():
    for row in tables.shipped("training_runs"):
        if row["compared"] == "yes" and row["count"] and row["days"] and row["hours"]:
            calendar = float(row["count"]) * float(row["days"]) * 24
            assert float(row["hours"]) == pytest.approx(calendar, rel=0.15), row["run"]


@pytest.mark.parametrize(
    ("run", "flops"),  # published elsewhere: 6 N D within its attention
    [("LLaMA-65B", 6 * 65.2e9 * 1.4e12), ("Llama 3.1 405B", 3.8e25), ("Apertus-70B", 6.74e24)],
)
def test_flops_are_those_that_were_published(run, flops):
    found = next(one for one in whole_runs.runs() if one.line["run"] == run)
    assert found.flops == pytest.approx(flops, rel=0.09)  # full attention where the model is known


def test_the_table_has_ours_beside_what_was_published():
    table = xlcalc.LLM_TRAIN_RUNS()
    assert table[0][:13] == [
        "model", "tokens", "accelerator", "count", "hours", "days", "MFU", "kWh", "tCO2", "source", "date", "our hours",
        "ratio",
    ]  # fmt: skip
    (row,) = [dict(zip(table[0], line, strict=True)) for line in table[1:] if line[0] == "Llama 3 70B"]
    flops = xlcalc.LLM_TRAIN_FLOPS("llama-3-70b", 15e12, 8192)
    assert row["our hours"] == pytest.approx(xlcalc.LLM_GPU_HOURS(flops, "h100-sxm", 0.4))
    assert row["hours"] == 6.4e6 and row["ratio"] == pytest.approx(6.4e6 / row["our hours"])
    assert {line[0] for line in xlcalc.LLM_TRAIN_RUNS("starcoder2")[1:]} == {
        "StarCoder2-3B", "StarCoder2-7B", "StarCoder2-15B",
    }  # fmt: skip
    assert len(xlcalc.LLM_TRAIN_RUNS("no such run")) == 1


def test_most_published_runs_lie_inside_the_range_of_their_call():
    inside, widths = [], []
    for run in whole_runs.runs():
        if run.line["compared"] == "yes":
            dtype = "fp16" if run.line["accelerator"].startswith("v100") else "bf16"
            low, _, high = ends("LLM_GPU_HOURS", run.flops, run.line["accelerator"], 0.4, dtype)
            inside.append(low <= float(run.line["hours"]) <= high)
            widths.append(high / low)
    assert 0.7 <= sum(inside) / len(inside) <= 0.93 and sorted(widths)[len(widths) // 2] <= 4


@pytest.mark.parametrize("name", ["DeepSeek-V3", "BLOOM 176B"])
def test_runs_that_no_range_was_made_of_lie_inside(name):
    run = next(one for one in whole_runs.runs() if one.line["run"] == name)
    low, _, high = ends("LLM_GPU_HOURS", run.flops, run.line["accelerator"], 0.4)
    assert run.line["compared"] == "no" and low <= float(run.line["hours"]) <= high


def test_a_hopeful_utilisation_does_not_move_where_published_runs_are():
    usual, hopeful = (ends("LLM_GPU_HOURS", 1e24, "h100-sxm", mfu) for mfu in (0.4, 0.6))
    assert hopeful[1] == pytest.approx(usual[1] * 0.4 / 0.6)
    assert hopeful[2] == pytest.approx(usual[2])  # they took as long as they took
    assert hopeful[0] <= hopeful[1] and usual[0] <= usual[1]


def test_time_and_cost_have_the_range_of_hours():
    low, expected, high = ends("LLM_GPU_HOURS", 1e24, "h100-sxm", 0.4)
    for name, *more in (("LLM_TRAIN_TIME", 1000, 0.4), ("LLM_TRAIN_COST", 1000, 2, 0.4)):
        found = ends(name, 1e24, "h100-sxm", *more)
        assert [log(one / found[1]) for one in found] == pytest.approx(
            [log(one / expected) for one in (low, 1 * expected, high)]
        )


def test_failures_that_a_bill_has_are_not_counted_twice():
    plain = ends("LLM_TRAIN_COST", 1e24, "h100-sxm", 1000, 2, 0.4)
    failing = ends("LLM_TRAIN_COST", 1e24, "h100-sxm", 1000, 2, 0.4, 8, 0.01)
    assert failing[1] > plain[1] and failing[2] == plain[2]
    stored = ends("LLM_TRAIN_COST", 1e24, "h100-sxm", 1000, 2, 0.4, 8, 0, 3600, 3600, 0, 1e15, 0.02)
    assert [b - a for a, b in zip(plain, stored, strict=True)] == pytest.approx([stored[1] - plain[1]] * 3)


def test_a_format_that_no_whole_run_used_reaches_up_to_sixteen_bit():
    low, expected, high = ends("LLM_GPU_HOURS", 1e24, "h100-sxm", 0.4, "fp8")
    sixteen = ends("LLM_GPU_HOURS", 1e24, "h100-sxm", 0.4, "bf16")
    assert expected == pytest.approx(sixteen[1] / 2, rel=1e-3) and high == pytest.approx(sixteen[2], rel=1e-3)
    assert low == pytest.approx(sixteen[0] / 2, rel=1e-3)


def test_a_number_for_a_peak_is_an_accelerator_that_may_be_any():
    known, any_of = ends("LLM_GPU_HOURS", 1e24, "h100-sxm", 0.4), ends("LLM_GPU_HOURS", 1e24, 989.5e12, 0.4)
    assert any_of[1] == pytest.approx(known[1], rel=1e-3)
    assert any_of[2] / any_of[0] > known[2] / known[0]
