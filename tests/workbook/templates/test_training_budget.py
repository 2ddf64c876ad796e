"""The training budget's numbers, written out again from first principles, and what its checks see."""

from __future__ import annotations

import math
import statistics
from datetime import date

import pytest
from template_files import changed, checks, loaded, named, row_of

import xlcalc
from xlcalc.catalog import prices, tables
from xlcalc.language.errors import CalcError

pytestmark = pytest.mark.slow
HOURS_A_MONTH = 365 * 24 / 12


def listed_prices(accelerator, least=8, column="on_demand_usd_per_hour"):
    rows = [r for r in prices.newest() if r["accelerator"] == accelerator and int(r["accelerators"]) >= least]
    return sorted(float(r[column]) / int(r["accelerators"]) for r in rows if r[column])


def test_the_total_from_first_principles():
    """Llama 3.1 8B on 1,001 H100s: whole nodes, whole-run losses, people as a share of cost with them."""
    report = changed(accelerators=1001, experiment_share=0.5, contingency=0.1)
    flops = xlcalc.LLM_TRAIN_FLOPS("llama-3.1-8b", 15e12, 8192)
    seconds = flops / (989e12 * 1001 * 0.4)
    paid = 126 * 8
    days = seconds * 1.25 / 86400
    hours = days * 24 * paid
    price = statistics.median(listed_prices("h100-sxm"))
    compute, experiments = hours * price, 0.5 * hours * price
    people = 0.39 / 0.61 * (compute + experiments)
    size = (15e12 / 0.25 + 5 * 14 * 8_030_261_248) / 1e9
    storage = size * 0.023 * days / (365 / 12)
    assert report.named("accelerators_paid") == paid
    assert report.named("wall_clock_days") == pytest.approx(days)
    assert report.named("gpu_hours") == pytest.approx(hours)
    assert report.named("price_used") == pytest.approx(price)
    assert report.named("total_cost") == pytest.approx((compute + experiments + people + storage) * 1.1)
    energy = hours * 1.5 * 700 * 0.75 * 1.25 / 1e6
    assert report.named("energy_mwh") == pytest.approx(energy * 1.5)


def test_stops_and_writing_from_first_principles():
    report = changed(node_failures_per_day=0.05, recovery_time=30, checkpoint_interval=60, whole_run_factor=1)
    write = 14 * 8_030_261_248 / 125e9
    lost = 128 * 0.05 * (30 * 60 + 1800) / 86400
    goodput = 3600 / (3600 + write) * (1 - lost)
    assert report.named("goodput") == pytest.approx(goodput)
    assert report.named("loss_factor") == pytest.approx(1 / goodput)
    assert report.named("best_interval_minutes") == pytest.approx(math.sqrt(2 * write * 86400 / (128 * 0.05)) / 60)
    assert report.named("cost_other_losses") == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(("term", "months", "discount"), [("1y", 12, 0.34), ("3y", 36, 0.56)])
def test_a_commitment_is_owed_for_its_term(term, months, discount):
    report = changed(model="llama-3.1-70b", accelerators=4096, price_term=term)
    price = statistics.median(listed_prices("h100-sxm")) * (1 - discount)
    owed = 4096 * months * HOURS_A_MONTH * price
    run = report.named("cost_compute") + report.named("cost_failures") + report.named("cost_other_losses")
    assert run + report.named("cost_unused") == pytest.approx(owed)
    assert report.named("unused_hours") == pytest.approx(4096 * months * HOURS_A_MONTH - report.named("gpu_hours"))
    found = checks(report)
    assert found["Commitments are priced by quotes"] == found["What is owed is used"] == -1
    assert report.named("checks_failed") == 0
    own = changed(model="llama-3.1-70b", accelerators=4096, price_term=term, usd_per_hour=2)
    assert own.named("cost_unused") + own.named("run_usd") == pytest.approx(4096 * months * HOURS_A_MONTH * 2)


def test_an_upfront_share_is_paid_in_the_first_month_of_the_contract():
    spread, upfront = (changed(price_term="1y", upfront_share=share) for share in (0, 1))
    assert spread.named("total_cost") == pytest.approx(upfront.named("total_cost"))
    assert upfront.named("largest_month") > 4 * spread.named("largest_month")


def test_spot_is_interrupted_more():
    spot, own = changed(price_term="spot"), changed()
    assert spot.named("failures_used") == pytest.approx(0.0038 + 0.0067) and own.named("failures_used") == 0.0038
    assert spot.named("goodput") < own.named("goodput")
    assert spot.named("price_used") == pytest.approx(
        statistics.median(listed_prices("h100-sxm", column="spot_usd_per_hour"))
    )


def test_a_mix_of_contracts():
    report = changed(price_term="mix", share_1y=0.5, share_spot=0.25)
    demand = statistics.median(listed_prices("h100-sxm"))
    spot = statistics.median(listed_prices("h100-sxm", column="spot_usd_per_hour"))
    assert report.named("committed_1y") == 512
    assert report.named("flexible_rate") == pytest.approx((demand + spot) / 2)
    assert report.named("checks_failed") == 0
    assert changed(price_term="mix", share_1y=0.8, share_spot=0.5).named("checks_failed") >= 1


def test_own_price_on_the_sheet_wins():
    sheet = loaded("training-budget")["Prices"]
    report = changed({("Prices", f"O{row_of(sheet, 'aws/p5.48xlarge/us-east-1')}"): 40.0})
    assert report.named("price_on_demand") == 5.0 and report.named("price_basis") == "your own prices"
    assert report.named("price_age") == 0 and checks(report)["Prices in use are not stale"] == 1


def test_own_prices_and_quotes_do_not_move():
    """Neither with the level of listed prices nor with a discount on them; and a price says where it comes from."""
    sheet = loaded("training-budget")["Prices"]
    with_spot = next(row for row in range(6, 400) if sheet.cell(row, 5).value == "h100-sxm" and sheet.cell(row, 6).value == 8
                     and sheet.cell(row, 10).value)  # fmt: skip
    own = {("Prices", f"O{with_spot}"): 40.0}
    moved = {"price_level": 2, "price_discount": 0.2}
    assert changed(own, **moved).named("price_on_demand") == 5
    listed = changed(own, price_term="spot")  # the own price is on demand; spot is still the row's list
    assert listed.named("price_basis") == "listed spot prices" and listed.named("price_age") > 90
    for term in ("spot", "1y", "3y"):
        quoted = changed(price_term=term, **moved, **{f"usd_per_hour_{term}": 3})
        assert quoted.named("by_contract") == pytest.approx(
            changed(price_term=term, **{f"usd_per_hour_{term}": 3}).named("by_contract")
        )  # experiments before a commitment are on demand, which moves
        assert quoted.named("price_basis") == "your quote"
        aged = term != "spot"  # experiments before a commitment are at listed prices
        assert (quoted.named("price_age") > 90) == aged
    assert changed(price_term="1y", usd_per_hour_1y=3, experiment_share=0).named("price_age") == 0
    assert changed(**moved).named("price_used") == pytest.approx(1.6 * changed().named("price_used"))


def test_a_year_is_paid_in_a_year():
    """Beside a commitment for three years that for one is still paid off after twelve months."""
    report = changed(price_term="mix", share_1y=0.5, share_3y=0.5, usd_per_hour_1y=2, usd_per_hour_3y=1, people_share=0, contingency=0,
                     experiment_share=0, start_date=46143)  # 2026-05-01  # fmt: skip
    row = named(loaded("training-budget"), "monthly_costs")[0][0].row
    by_month = [value for column, value in sorted(report.rows("Timeline")[row].items()) if column > 3]
    first = next(number for number, value in enumerate(by_month) if value)
    year, after = by_month[first + 6], by_month[first + 20]
    assert year == pytest.approx(512 * HOURS_A_MONTH * 3, rel=0.03) and after == pytest.approx(
        512 * HOURS_A_MONTH, rel=0.03
    )


def test_what_is_typed_in_the_wrong_kind_is_named():
    book = loaded("training-budget")
    own, sheet = named(book, "own_names")[0][0].row, book["Prices"]
    line = {("Inputs", f"A{own}"): "Legal", ("Inputs", f"B{own}"): 1e6, ("Inputs", f"C{own}"): "USD a month"}
    numbers = "Own prices and actual payments are numbers"
    cases = [
        ({("Prices", f"O{row_of(sheet, 'aws/p5.48xlarge/us-east-1')}"): "40 USD"} | line
         | {("Inputs", f"D{own}"): "2027-03-01"}, {numbers, "Own lines are complete, and all are read"}),
        ({("Timeline", f"D{named(book, 'actuals')[0][0].row}"): "8 M", ("Scenarios", "E5"): "low"},
         {numbers, "Scenarios have names of their own"}),
    ]  # fmt: skip
    for cells, labels in cases:
        found = checks(changed(cells, scenario="high"))
        assert [found[label] for label in labels] == [0, 0], labels


def test_one_instance_and_its_term():
    report = changed(instance="gcp/a3-highgpu-8g/us-central1", price_term="spot")
    row = next(r for r in tables.rows("prices") if r["id"] == "gcp/a3-highgpu-8g/us-central1")
    assert report.named("price_used") == pytest.approx(float(row["spot_usd_per_hour"]) / 8)
    other = changed(instance="aws/p4d.24xlarge/us-east-1")
    assert checks(other)["The instance carries the chosen accelerator"] == 0


def test_stale_is_the_price_in_use():
    row = prices.offer("aws/p5.48xlarge/us-east-1", "on_demand")
    listed = (date.fromisoformat(row["as_of"]) - date(1899, 12, 30)).days  # as Excel counts days
    for age, result in ((90, 1), (91, -1)):
        report = changed(instance="aws/p5.48xlarge/us-east-1", report_date=listed + age, start_date=listed + 200)
        assert (report.named("price_age"), checks(report)["Prices in use are not stale"]) == (age, result)


def test_missing_is_never_zero():
    report = changed(accelerator="rtx-4090")
    assert isinstance(report.named("total_cost"), CalcError)
    assert report.named("checks_ok") == 0 and report.named("checks_light").startswith("STOP")
    assert changed(accelerator="rtx-4090", usd_per_hour=0.4).named("checks_failed") == 0
    for template in ("training-budget", "fine-tuning"):  # which has an fp16 peak and no bf16 one
        light = changed(template=template, accelerator="v100-sxm-16gb", usd_per_hour=1).named("checks_light")
        assert light.startswith("STOP, not met: A peak is known for the number format")
    shown = changed(accelerator="tpu-v6e", usd_per_hour=1)
    assert shown.named("energy_mwh") == "not known" and checks(shown)["Power is known"] == -1


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        (
            {"model": "llama-3.1-405b", "accelerators": 64, "checkpoint_interval": 0.1, "node_failures_per_day": 1, "mfu": 0.9,
             "recovery_time": 240, "whole_run_factor": 4, "seq_len": 262144, "people_share": 0},
            {"The interval is longer than a write": 0, "Stops leave time to train": 0, "Utilisation has been reached before": 0,
             "Model states fit in the accelerators": 0, "The run is not too long": -1, "Sequences fit the model's context": -1,
             "People are in the total": -1, "Stops leave enough time": -1},
        ),
        (
            {"whole_run_factor": 1, "mfu": 0.6, "tokens": 1e9, "accelerators": 8, "checkpoints_kept": 100000, "experiment_share": 0,
             "people_share": 0},
            {"Hours are within published runs, below": -1, "Storage is a small part": -1, "The run is not too long": 1},
        ),
        ({"whole_run_factor": 4}, {"Hours are within published runs, above": -1, "Utilisation has been reached before": 1}),
    ],
)  # fmt: skip
def test_checks_see_it(inputs, expected):
    found = checks(changed(**inputs))
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"price_term": "1y", "tokens": 15e13},  # P90 outlasts the year that is owed
        {"price_term": "mix", "share_3y": 0.5, "researchers": 3, "energy_in_price": "no", "experiment_gpu_hours": 1e6},
    ],
)
def test_the_budget_at_the_hours_of_p90_costs_its_total(given):
    report = changed(**given)
    factor = report.named("loss_factor") * report.named("hours_p90") / report.named("gpu_hours")
    longer = changed(**given, whole_run_factor=factor)
    assert longer.named("gpu_hours") == pytest.approx(report.named("hours_p90"))
    assert longer.named("total_cost") == pytest.approx(report.named("total_p90"), rel=1e-9)


def test_sensitivity_takes_whole_nodes():
    """And a step that is no share stops."""
    book, report = loaded("training-budget"), changed()
    row = named(book, "accelerators_shown").row
    columns = [cell.column_letter for cell in named(book, "sensitivity_columns")[0]]
    counts = {report.value("Calculation", f"{letter}{row}") for letter in columns}
    assert counts == {816, 1024, 1232}
    assert checks(changed(tornado_step=0.95))["The step of Sensitivity is a share"] == 0


def test_storage_keeps_the_last_checkpoints():
    few, many = changed(accelerators=64), changed(accelerators=64, checkpoints_kept=50)
    assert few.named("cost_storage") < 0.01 * few.named("total_cost")
    assert many.named("storage_tb") - few.named("storage_tb") == pytest.approx(45 * 14 * 8_030_261_248 / 1e12)


def test_phases_add_up():
    report = changed(long_tokens=1e12, post_tokens=1e11)
    flops = sum(xlcalc.LLM_TRAIN_FLOPS("llama-3.1-8b", tokens, length)
                for tokens, length in ((15e12, 8192), (1e12, 131072), (1e11, 8192)))  # fmt: skip
    assert report.named("training_flops") == pytest.approx(flops)


@pytest.mark.parametrize("shares", [(0, 0), (0.25, 0.5)])
def test_each_phase_has_its_accelerators_and_its_start(shares):
    """504 paid of 500, a wait of ten weeks before the last phase; commitments used by no more than a phase has."""
    begun = 46569  # 2027-07-01
    report = changed(long_tokens=1e12, long_accelerators=500, post_tokens=2e11, post_accelerators=64, post_start=begun, data_usd=1e6,
                     researchers=6, usd_per_researcher=600_000, people_months=10, experiment_share=0, contingency=0, usd_per_hour=5,
                     price_term="mix", share_1y=shares[0], share_3y=shares[1])  # fmt: skip
    days, hours = [], []
    for tokens, length, count, paid in ((15e12, 8192, 1024, 1024), (1e12, 131072, 500, 504), (2e11, 8192, 64, 64)):
        flops = xlcalc.LLM_TRAIN_FLOPS("llama-3.1-8b", tokens, length)
        days.append(flops / (989e12 * count * 0.4) / 86400 * 1.25)
        hours.append((paid, days[-1] * 24 * paid))
    assert report.named("gpu_hours") == pytest.approx(sum(used for _, used in hours))
    start = report.named("start_date_shown")
    assert report.named("end_date") == pytest.approx(begun + days[2])
    months = (begun + days[2] - start) * 12 / 365
    committed = [1024 * share for share in shares]
    used = sum(min(sum(committed), paid) / paid * one for paid, one in hours)
    owed = sum(count * max(term, months) * HOURS_A_MONTH for count, term in zip(committed, (12, 36), strict=True))
    storage = (16.2e12 / 0.25 + 5 * 14 * 8_030_261_248) / 1e9 * 0.023 * months
    total = (sum(one for _, one in hours) - used + owed) * 5 + storage + 1e6 + 6 * 600_000 * 10 / 12
    assert report.named("total_cost") == pytest.approx(total) == pytest.approx(report.named("paid"))
    assert report.named("checks_failed") == 0 and checks(report)["Hours computed another way"] == 1


def test_a_phase_that_is_not_as_typed_is_told():
    for given in ({"long_start": 46600}, {"long_tokens": 1e12, "long_start": 46100}, {"post_accelerators": 8}):
        assert checks(changed(**given))["Later phases are as they are typed"] == -1


def test_delivery_falls_within_the_plan():
    report = changed(ramp_months=6)
    assert report.named("paid") == pytest.approx(report.named("total_cost")) and report.named("checks_failed") == 0


def test_months_follow_the_dates():
    report = changed(start_date=46143, experiment_months=2, accelerators=256)  # 2026-05-01
    book = loaded("training-budget")
    row = named(book, "monthly_costs")[0][0].row
    assert report.value("Timeline", "D9") == 46082  # 2026-03-01
    first, second = (report.value("Timeline", f"{column}{row}") for column in "DE")
    assert first == pytest.approx(second, rel=0.1) and first > 0


def test_energy_is_charged_once():
    shown, charged = changed(), changed(energy_in_price="no")
    assert shown.named("cost_energy") == 0 < shown.named("energy_usd")
    assert charged.named("cost_energy") == pytest.approx(shown.named("energy_usd"))


def test_own_accelerator():
    sheet = loaded("training-budget")["Hardware"]
    row = next(r for r in range(7, 400) if not sheet.cell(r, 1).protection.locked)
    heads = {
        sheet.cell(6, column).value: sheet.cell(6, column).column_letter for column in range(1, sheet.max_column + 1)
    }
    cells = {("Hardware", f"A{row}"): "my-chip", ("Hardware", f"{heads['bf16']}{row}"): 500,
             ("Hardware", f"{heads['Memory, GB']}{row}"): 96}  # fmt: skip
    report = changed(cells, accelerator="my-chip", usd_per_hour=1, watts=600)
    assert report.ok and report.named("peak_flops") == 5e14 and report.named("checks_failed") == 0


def test_own_runs_calibrate_the_estimate():
    sheet = loaded("training-budget")["Estimate"]
    plain = changed()
    head = next(row for row in range(1, 80) if sheet.cell(row, 1).value == "model")
    columns = {sheet.cell(head, column).value: sheet.cell(head, column).column_letter for column in range(1, 17)}
    run = {"model": "llama-3.1-8b", "accelerator": "H100", "count": 8, "global_batch": 128, "seq_len": 8192, "zero": 3}
    estimate = xlcalc.LLM_STEP_TIME("llama-3.1-8b", "h100-sxm", 8, 128, 8192, zero=3)
    cells = {("Estimate", f"{columns[name]}{head + 1}"): value for name, value in run.items()}
    cells["Estimate", f"{columns['measured']}{head + 1}"] = 1.25 * estimate
    report = changed(cells)
    assert plain.named("estimate_calibration") == 1 and report.named("estimate_calibration") == pytest.approx(1.25)
    assert report.named("estimate_days") == pytest.approx(1.25 * plain.named("estimate_days"))
    assert report.named("total_cost") == plain.named("total_cost")  # the budget keeps its own assumption


def test_a_layout_of_ones_own_is_estimated_with_its_rank():
    fastest, own = changed(), changed(layout="tp8 pp2")
    too_large = changed(layout="tp1", model="llama-3.1-70b")
    assert fastest.named("plan_rank") == 1 < own.named("plan_rank")
    assert own.named("estimate_days") > fastest.named("estimate_days")
    assert too_large.named("plan_rank") == "does not fit" and checks(too_large)["A layout fits"] == -1
    none = changed(seq_len=0)
    assert none.ok and none.named("estimate_mfu") == "not estimated" and none.named("checks_failed") == 0


def test_an_analysts_day_reaches_dashboard_checks_timeline_and_sources():
    """Another model and machine, a price typed over a listed one, a commitment, an own line, another scenario."""
    book = loaded("training-budget")
    listed = next(row for row in range(6, 400) if book["Prices"].cell(row, 5).value == "b200")
    count = book["Prices"].cell(listed, 6).value
    own, actual = named(book, "own_names")[0][0].row, named(book, "forecast").row - 1
    cells = {("Prices", f"O{listed}"): 3.0 * count, ("Timeline", f"D{actual}"): 8e6, ("Timeline", f"E{actual}"): 4e6,
             ("Inputs", f"A{own}"): "Legal", ("Inputs", f"B{own}"): 1e6, ("Inputs", f"C{own}"): "USD in all"}  # fmt: skip
    choices = {"model": "llama-3.3-70b", "accelerator": "b200", "price_term": "1y", "scenario": "high"}
    report = changed(cells, **choices, node_size=count, tokens_done=3e12)
    assert report.ok and report.named("checks_failed") == 0, report.named("checks_light")
    total = report.named("total_cost")
    board = report.rows("Dashboard")
    assert board[6][1] == total and "llama-3.3-70b" in board[15].values()
    assert report.named("price_used") == pytest.approx(3 * (1 - 0.34))  # no quote for a year: Epoch's mean discount
    assert report.named("paid") == pytest.approx(total) and report.named("checks_warned") > 0
    bill = {row.get(6): row.get(8) for row in board.values()}
    assert bill["Own lines"] == pytest.approx(1e6) and bill["Committed hours not used"] > 0
    assert "high" in report.rows("Timeline")[3][1]
    before, after = report.named("planned_before"), report.named("planned_after")
    assert after > 0  # of the year that is owed, the months after the run
    earned = before + 3 / 15 * (total - before - after)
    assert report.named("variance_by_tokens") == pytest.approx(12e6 - earned)
    assert report.named("forecast_by_tokens") == pytest.approx(after + (total - after) * 12e6 / earned)
    used = {row.get(1) for row in report.rows("Sources").values()}
    models = {row["id"]: row["source"] for row in tables.rows("models")}
    chips = {row["id"]: row["peak_source"].split(";") for row in tables.rows("accelerators")}
    assert {models["llama-3.3-70b"], *chips["b200"]} <= used
    assert models["llama-3.1-8b"] not in used and not set(chips["h100-sxm"]) - set(chips["b200"]) & used
