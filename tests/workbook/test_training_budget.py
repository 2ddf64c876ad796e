"""What the training budget answers when its inputs, prices and cases change."""

from __future__ import annotations

from datetime import date

import pytest
from openpyxl.utils import get_column_letter
from template_files import changed, loaded, named, row_of

import xlcalc
from xlcalc.catalog import tables
from xlcalc.language.errors import CalcError


@pytest.fixture(scope="module")
def budget():
    return loaded("training-budget")


def test_own_price_on_the_sheet_wins(budget):
    prices = budget["Prices"]
    row = row_of(prices, "aws/p5.48xlarge/us-east-1")
    report = changed({("Prices", f"O{row}"): 40.0})
    assert report.ok
    assert report.named("price_instance") == "aws/p5.48xlarge/us-east-1"
    assert report.named("price_selected") == 5.0
    assert report.named("price_source") == "own price"
    assert report.named("price_age") == 0
    assert report.named("checks_warned") == 0


def test_price_on_inputs_wins_over_all(budget):
    row = row_of(budget["Prices"], "aws/p5.48xlarge/us-east-1")
    report = changed({("Prices", f"O{row}"): 40.0}, usd_per_hour=1.25)
    assert report.named("price_selected") == 1.25
    assert report.named("price_instance") == report.named("price_source") == "own price"
    free = changed(usd_per_hour=0)
    assert free.ok and free.named("cost_compute") == 0


def test_instance_and_term():
    report = changed(instance="gcp/a3-highgpu-8g/us-central1", price_term="spot")
    row = next(r for r in tables.rows("prices") if r["id"] == "gcp/a3-highgpu-8g/us-central1")
    assert report.named("price_selected") == pytest.approx(float(row["spot_usd_per_hour"]) / 8)
    other = changed(instance="aws/p4d.24xlarge/us-east-1")
    assert other.ok and other.named("checks_failed") == 1


def test_default_price_is_the_cheapest_whole_node():
    offers = [r for r in tables.rows("prices") if r["accelerator"] == "h100-sxm" and int(r["accelerators"]) >= 8]
    cheapest = min(
        float(r["on_demand_usd_per_hour"]) / int(r["accelerators"]) for r in offers if r["on_demand_usd_per_hour"]
    )
    assert changed().named("price_selected") == pytest.approx(cheapest, rel=1e-12)


def test_missing_price_is_an_error_not_zero():
    report = changed(accelerator="rtx-4090")
    assert isinstance(report.named("total_cost"), CalcError)
    assert report.named("checks_ok") == 0
    assert "FAILED" in report.named("checks_light")
    assert changed(accelerator="rtx-4090", usd_per_hour=0.4).named("checks_failed") == 0


def test_cases_change_the_total():
    totals = {case: changed(scenario=case).named("total_cost") for case in ("low", "base", "high")}
    assert totals["low"] < totals["base"] < totals["high"]
    report = changed()
    assert totals["base"] == report.named("total_cost")
    row = row_of(loaded("training-budget")["Calculation"], "Total")
    compared = [report.value("Calculation", f"{column}{row}") for column in "DEF"]
    assert compared == pytest.approx([totals["low"], totals["base"], totals["high"]], rel=1e-12)


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"model": "llama-3.1-70b", "accelerators": 4096},
        {"accelerators": 64, "checkpoints_kept": 5},
        {"model": "deepseek-v3", "tokens": 14.8e12, "accelerators": 2048, "experiment_gpu_hours": 5000},
        {"energy_in_price": "no", "recompute": "full", "scenario": "high"},
        {"node_failures_per_day": 0, "experiment_share": 0, "mfu": 1},
        {"accelerator": "H200", "model": "Qwen/Qwen3-235B-A22B", "seq_len": 4096, "price_term": "spot"},
    ],
)
def test_months_and_checks_hold(inputs):
    report = changed(**inputs)
    assert report.ok, report.errors[:3]
    months = [report.value("Timeline", f"{get_column_letter(column)}24") for column in range(4, 29)]
    assert sum(months) == pytest.approx(report.named("total_cost"), rel=1e-12)
    assert min(months) >= 0
    assert report.named("checks_failed") == 0, [
        report.value("Checks", f"A{row}") for row in range(11, 32) if report.value("Checks", f"E{row}") == 0
    ]


def test_months_follow_the_dates():
    report = changed(start_date=46143, experiment_months=2, accelerators=256)  # 2026-05-01
    columns = [get_column_letter(column) for column in range(4, 29)]
    months = {report.value("Timeline", f"{column}9"): report.value("Timeline", f"{column}24") for column in columns}
    days = sorted(months)
    assert days[0] == 46082 and days[1] - days[0] == 31  # 2026-03-01
    half = report.named("cost_experiments")
    assert months[days[0]] + months[days[1]] == pytest.approx(half)
    end = report.named("end_date")
    assert all(spent == 0 for day, spent in months.items() if day > end)
    assert all(spent > 0 for day, spent in months.items() if day < end)


def test_energy_is_charged_once():
    shown, charged = changed(), changed(energy_in_price="no")
    assert shown.named("cost_energy") == 0 < shown.named("energy_usd")
    assert charged.named("total_cost") - shown.named("total_cost") == pytest.approx(shown.named("energy_usd"))


def test_stale_prices_are_flagged():
    row = tables.by_id("prices")["aws/p5.48xlarge/us-east-1"]
    listed = (date.fromisoformat(row["as_of"]) - date(1899, 12, 30)).days  # as Excel counts days
    for age, warned in ((90, 0), (91, 1)):
        report = changed(instance=row["id"], report_date=listed + age, start_date=listed + 200)
        assert (report.named("price_age"), report.named("checks_warned")) == (age, warned)
        assert (report.named("checks_light") == "Checks: all pass") is not warned


def test_memory_that_does_not_fit_fails():
    report = changed(model="llama-3.1-405b", accelerators=64)
    assert report.named("checks_ok") == 0
    assert changed(model="llama-3.1-405b", accelerators=256).named("checks_ok") == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("tokens", -1), ("mfu", 1.5), ("accelerators", 10.5), ("recompute", "some"), ("model", "no-such-model"),
     ("accelerator", "no-such-accelerator"), ("scenario", "worst"), ("start_date", "soon"), ("price_term", "2y")],
)  # fmt: skip
def test_input_outside_its_limits_is_seen(budget, name, value):
    report = changed(**{name: value})
    row = named(budget, name).row
    assert report.value("Inputs", f"F{row}") == 0
    assert report.named("checks_ok") == 0


def test_own_accelerator(budget):
    sheet = budget["Hardware"]
    row = next(r for r in range(7, 400) if not sheet.cell(r, 1).protection.locked)
    heads = {sheet.cell(6, column).value: get_column_letter(column) for column in range(1, sheet.max_column + 1)}
    cells = {("Hardware", f"A{row}"): "my-chip", ("Hardware", f"{heads['bf16']}{row}"): 500,
             ("Hardware", f"{heads['Memory, GB']}{row}"): 96}  # fmt: skip
    report = changed(cells, accelerator="my-chip", usd_per_hour=1, watts=600)
    assert report.ok and report.named("peak_flops") == 5e14 and report.named("checks_failed") == 0


def test_sensitivity_follows_the_inputs(budget):
    report = changed(accelerators=2000, node_size=16)
    assert report.ok and report.named("checks_failed") == 0
    first = row_of(budget["Sensitivity"], "Driver") + 1
    rows = range(first, first + 8)
    assert sorted(report.value("Sensitivity", f"G{row}") for row in rows) == list(range(1, 9))
    swings = [report.value("Sensitivity", f"F{row}") for row in rows]
    ranked = [abs(report.value("Sensitivity", f"B{row}") - report.value("Sensitivity", f"C{row}"))
              for row in range(first + 10, first + 18)]  # fmt: skip
    # the sorted table holds changes of the total, the first one signed: their distance is the swing
    assert ranked[:4] == pytest.approx(sorted(swings, reverse=True)[:4])


def test_own_runs_calibrate_the_estimate(budget):
    plain = changed({})
    head = next(row for row in range(1, 80) if budget["Estimate"].cell(row, 1).value == "model")
    columns = {budget["Estimate"].cell(head, column).value: get_column_letter(column) for column in range(1, 17)}
    run = {"model": "llama-3.1-8b", "accelerator": "H100", "count": 8, "global_batch": 128, "seq_len": 8192, "zero": 3}
    estimate = xlcalc.LLM_STEP_TIME("llama-3.1-8b", "h100-sxm", 8, 128, 8192, zero=3)
    cells = {("Estimate", f"{columns[name]}{head + 1}"): value for name, value in run.items()}
    cells["Estimate", f"{columns['measured']}{head + 1}"] = 1.25 * estimate
    report = changed(cells)
    assert plain.named("estimate_calibration") == 1 and report.named("estimate_calibration") == pytest.approx(1.25)
    assert report.named("estimate_days") == pytest.approx(1.25 * plain.named("estimate_days"))
    assert report.named("estimate_mfu") == pytest.approx(plain.named("estimate_mfu") / 1.25)
    assert plain.named("estimate_days_quick") < plain.named("estimate_days") < plain.named("estimate_days_slow")
    assert report.named("total_cost") == plain.named("total_cost")  # the budget keeps its own assumption


def test_a_layout_of_ones_own_is_estimated_with_its_rank():
    fastest, own = changed({}), changed({}, layout="tp8 pp2")
    too_large = changed({}, layout="tp1", model="llama-3.1-70b")
    assert fastest.named("plan_rank") == 1 < own.named("plan_rank")
    assert too_large.named("plan_rank") == "does not fit"
    assert own.named("plan_step_time") > fastest.named("plan_step_time")
    assert own.named("estimate_days") > fastest.named("estimate_days")
    assert too_large.named("estimate_days") == "not estimated" and too_large.named("checks_failed") == 0


def test_a_machine_without_an_estimate_keeps_its_budget():
    report = changed({}, seq_len=0)
    assert report.ok and report.named("estimate_mfu") == "not estimated" and report.named("checks_failed") == 0
