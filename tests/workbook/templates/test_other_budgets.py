"""The numbers of the other templates, written out again from first principles."""

from __future__ import annotations

import json
import math
import statistics
from datetime import date

import pytest
from template_files import changed, checks, loaded, named, row_of

import xlcalc
from xlcalc.catalog import prices, tables

pytestmark = pytest.mark.slow
HOURS_A_MONTH = 365 * 24 / 12
DAYS_A_MONTH = 365 / 12


def median_price(accelerator="h100-sxm", least=8):
    rows = [r for r in prices.newest() if r["accelerator"] == accelerator and int(r["accelerators"]) >= least]
    return statistics.median(
        float(r["on_demand_usd_per_hour"]) / int(r["accelerators"]) for r in rows if r["on_demand_usd_per_hour"]
    )


# Hosting


def test_hosting_replicas_and_cost():
    given = {"own_speed": 1500, "own_accelerators": 4, "regions": 2, "spare_replicas": 1, "requests_per_day": 1e6, "growth": 0.1,
             "sizing_month_no": 6, "staff": 3, "usd_per_person": 200_000, "egress_usd_per_gb": 0.09}  # fmt: skip
    report = changed(template="hosting-budget", **given)
    requests = 1e6 * 1.1**6
    peak = requests / 86400 * 2.5 * 300
    each = math.ceil(peak / 2 / (1500 * 0.7)) + 1
    nodes = math.ceil(each * 4 / 8) * 8 * 2
    compute = nodes * median_price() * HOURS_A_MONTH
    network = requests * DAYS_A_MONTH * 300 * 4 / 1e9 * 0.09
    assert report.named("replicas") == 2 * each and report.named("accelerators_paid") == nodes
    assert report.named("total_cost") == pytest.approx((compute + network + 50_000) * 1.1)
    tokens = requests * DAYS_A_MONTH * 2300
    assert report.named("usd_per_million_tokens") == pytest.approx(report.named("total_cost") / tokens * 1e6)
    assert report.named("checks_failed") == 0
    few = changed(template="hosting-budget", **given | {"requests_per_day": 10, "growth": 0, "regions": 1})
    assert few.named("replicas") == 2 and few.named("requests_capacity") > 10


def test_hosting_asks_the_plan_for_its_replica():
    report = changed(template="hosting-budget")
    plan = xlcalc.LLM_SERVE_PLAN("llama-3.3-70b", "h100-sxm", 2000, 300, 2, 0.05, 8, 1)
    row = dict(zip(plan[0], plan[1], strict=True))
    assert (
        report.named("replica_speed") == pytest.approx(row["tokens/s"])
        and report.named("replica_accelerators") == row["accelerators"]
    )
    impossible = changed(template="hosting-budget", tpot_slo=0.001)
    assert impossible.named("checks_ok") == 0 and checks(impossible)["A layout meets the limits"] == 0


def test_hosting_takes_the_fewest_accelerators_without_a_search():
    given = {
        "replica_by": "fewest",
        "model": "qwen3-32b",
        "accelerator": "h200-sxm",
        "cached_share": 0.5,
        "replica_format": "fp8",
    }
    report = changed(template="hosting-budget", **given)
    count = xlcalc.LLM_MIN_GPUS("qwen3-32b", "h200-sxm", 2300, 32, "fp8")
    speed = xlcalc.LLM_THROUGHPUT("qwen3-32b", "h200-sxm", count, 2000, 300, 32, "fp8", cached_share=0.5)
    low = xlcalc.LLM_ESTIMATE_BOUND(
        "LLM_THROUGHPUT", "low", "qwen3-32b", "h200-sxm", count, 2000, 300, 32, "fp8", None, None, 0.5
    )
    assert report.named("replica_accelerators") == count and report.named("replica_slow") == pytest.approx(low)
    assert report.named("replica_listed") == pytest.approx(speed) and report.named("checks_failed") == 0
    assert report.named("replica_tpot") == pytest.approx(32 / speed)  # each of 32 has a token in a step
    waited = xlcalc.LLM_TTFT("qwen3-32b", "h200-sxm", count, 1000, 1, "fp8") + 32 / speed / 2
    assert report.named("replica_ttft") == pytest.approx(waited)
    late = checks(changed(template="hosting-budget", **given, tpot_slo=0.005))
    assert late["The fewest accelerators keep both limits"] == 0
    assert (
        checks(changed(template="hosting-budget", **given, own_accelerators=4))["Own speed has its accelerators"] == 1
    )


def test_hosting_pays_commitments_that_it_does_not_need():
    flat = changed(template="hosting-budget", price_term="1y", growth=0, sizing_month_no=0, usd_per_hour=2)
    shrinking = changed(template="hosting-budget", price_term="1y", growth=-0.3, sizing_month_no=0, usd_per_hour=2)
    assert shrinking.named("first_year") == pytest.approx(flat.named("first_year"))
    assert shrinking.named("paid") < flat.named("paid")


def test_hosting_range_is_the_measured_one_and_latency_that_of_the_load():
    plan = xlcalc.LLM_SERVE_PLAN("llama-3.3-70b", "h100-sxm", 2000, 300, 2, 0.05, 8, 1)
    row = dict(zip(plan[0], plan[1], strict=True))
    report = changed(template="hosting-budget", load_limit=0.9)
    peak = 500_000 * 1.05**12 / 86400 * 2.5
    for end, name in (("low", "total_p90"), ("high", "total_p10")):
        replicas = math.ceil(peak * 300 / (row[f"tokens/s {end}"] * 0.9)) + 1
        nodes = math.ceil(replicas * row["accelerators"] / 8) * 8
        assert report.named(name) == pytest.approx(nodes * median_price() * HOURS_A_MONTH * 1.1)
    each = peak / (report.named("replicas") - 1)
    call = ("llama-3.3-70b", "h100-sxm", 2, 2000, 300, each, 0.95, "tpot", "fp8", None, "tp2")
    assert report.named("peak_tpot") == pytest.approx(xlcalc.LLM_LATENCY_AT_LOAD(*call))
    fleet = xlcalc.LLM_FLEET("llama-3.3-70b", "h100-sxm", peak, 2000, 300, 2, 0.05, 0.95, 0, "fp8", None, 8)
    assert (
        report.named("fleet_accelerators") == dict(zip(*fleet[:2], strict=True))["accelerators"]
    )  # in the replica's format
    assert report.named("peak_tpot") > 0.05 and checks(report)["Further tokens are in time at the peak"] == -1


@pytest.mark.parametrize("committed_share", [0, 0.5])
def test_replicas_follow_the_hours(committed_share):
    """Half of the day at half of the mean, half at one and a half: whole nodes in each, what is committed in all."""
    cells = {("Load by hour", f"B{row}"): 1 if row < 19 else 3 for row in range(7, 31)}
    given = {"own_speed": 1500, "own_accelerators": 4, "autoscale": "yes", "requests_per_day": 2e6, "growth": 0, "sizing_month_no": 6,
             "price_term": "mix", "share_1y": committed_share, "usd_per_hour_1y": 2, "usd_per_hour": 5}  # fmt: skip
    report = changed(cells, template="hosting-budget", **given)
    mean = 2e6 / 86400 * 300
    nodes = [math.ceil((math.ceil(mean * load / (1500 * 0.7)) + 1) * 4 / 8) * 8 for load in (0.5, 1.5)]
    committed = math.ceil(committed_share * sum(nodes) / 2 / 8) * 8  # whole nodes are signed for
    beyond = sum(max(0, count - committed) for count in nodes) / 2
    assert report.named("accelerators_paid") == pytest.approx(committed + beyond)
    assert report.named("total_cost") == pytest.approx((committed * 2 + beyond * 5) * HOURS_A_MONTH * 1.1)
    assert report.named("checks_failed") == 0, report.named("checks_light")
    assert report.named("first_year") == pytest.approx(12 * report.named("total_cost"))


def test_hosting_each_contract_is_owed_for_its_own_term():
    """A third of 24 accelerators for a year, a third for three years, in a plan of two years whose load stays."""
    given = {"own_speed": 1500, "own_accelerators": 8, "requests_per_day": 290_000, "growth": 0, "sizing_month_no": 0, "horizon_months": 24,
             "price_term": "mix", "share_1y": 0.3, "share_3y": 0.3, "usd_per_hour": 5, "usd_per_hour_1y": 3, "usd_per_hour_3y": 2,
             "contingency": 0, "start_date": 46096}  # fmt: skip  # 2026-03-15: a service pays calendar months
    report = changed(template="hosting-budget", **given)
    assert report.named("accelerators_paid") == 32 and report.named("plan_months") == 24
    assert [report.named(f"committed_{term}") for term in ("1y", "3y")] == [16, 16]  # whole nodes
    owed = 16 * (12 * 3 + 36 * 2)
    assert report.named("paid") == pytest.approx((owed + 12 * 16 * 5) * HOURS_A_MONTH)
    assert checks(report)["Commitments end with the plan"] == -1
    upfront = changed(template="hosting-budget", **given, upfront_share=1)
    assert upfront.named("paid") == pytest.approx(report.named("paid"))
    assert upfront.named("largest_month") == pytest.approx(owed * HOURS_A_MONTH)


def test_serving_entries_that_cannot_be_are_stopped():
    found = checks(changed(template="hosting-budget", own_accelerators=1, sizing_month_no=40))
    assert found["Own speed has its accelerators"] == found["The month sized lies in the plan"] == 0
    assert (
        checks(changed(template="hosting-budget", price_term="spot"))["Nothing runs on machines that can be taken away"]
        == -1
    )
    half = changed(template="hosting-budget", staff=2, model=3.5)
    assert half.named("checks_light").startswith(
        "STOP, not met: Inputs are within their limits"
    )  # a number has no layers
    assert checks(half)["Staff is typed with its cost"] == 0
    own = named(loaded("hosting-budget"), "own_names")[0][0].row
    early = dict(zip("ABCDE", ("Set-up", 1e6, "USD in all", 45_000, 45_010), strict=True))
    lost = checks(changed({("Inputs", f"{c}{own}"): value for c, value in early.items()}, template="hosting-budget"))
    assert lost["Own lines lie in the plan"] == 0
    large = checks(changed(template="hosting-budget", max_count=32))
    assert large["A replica is no larger than the peak needs"] == large["A replica stays in a node"] == -1
    fast = checks(changed(template="hosting-budget", growth=0.5))
    assert fast["Low, base and high cost in that order"] == -1


# Cluster


def test_cluster_capital_and_hour():
    given = {"accelerators": 1001, "usd_per_system": 300_000, "network_share": 0.2, "spares_share": 0.05, "staff": 4,
             "usd_per_person": 250_000, "life_months": 48, "discount_rate": 0.12, "contingency": 0}  # fmt: skip
    report = changed(template="cluster-tco", **given)
    systems, spares = 126, 7
    bought = (systems + spares) * 300_000
    capex = bought / 0.8
    assert report.named("capex") == pytest.approx(capex)
    worked = 0.95 * 0.7 * 1001 / 1008  # seven are bought that nobody needs
    load = worked * 0.75 + (1 - worked) * 0.3
    power = 1008 * 1050 / 1000 * load * 1.25
    running = (
        power * HOURS_A_MONTH * 0.0929
        + capex * 0.0075 / 12
        + (systems * 300_000 + capex - bought) * 0.1 / 12
        + 1e6 / 12
    )
    assert report.named("power_kw") == pytest.approx(power) and report.named("opex_month") == pytest.approx(running)
    residual = 0.2 * bought
    factor = 0.12 * 1.12**4 / (1.12**4 - 1)
    year = (capex - residual / 1.12**4) * factor + 12 * running
    useful = 1001 * HOURS_A_MONTH * 0.95 * 0.7 * 12
    assert report.named("own_usd_per_hour") == pytest.approx(year / useful)
    reserved = (
        report.named("price_3y") * 1008 / 1001 / 0.7
    )  # every hour of whole instances, whatever the own hall is worth
    assert report.named("reserve_usd_per_hour") == pytest.approx(reserved)
    assert changed(template="cluster-tco", **given, uptime=0.5).named("reserve_usd_per_hour") == pytest.approx(reserved)
    assert report.named("total_cost") == pytest.approx(capex + 48 * running - residual)
    work = 12 * 1001 * 1050 / 1000 * 1.25 * 0.95 * (0.75 - 0.3) * HOURS_A_MONTH * 0.0929  # what full use adds
    at_rent = 1001 * HOURS_A_MONTH * 12 * 0.95 * median_price()
    assert report.named("breakeven_use") == pytest.approx((year - 0.7 * work) / (at_rent - work))
    assert report.named("checks_failed") == 0


def test_owning_and_renting_have_the_same_scope():
    plain, taxed = (changed(template="cluster-tco", residual_share=0, tax=tax) for tax in (0, 0.2))
    for name in ("own_usd_per_hour", "rent_usd_per_hour", "reserve_usd_per_hour"):
        assert taxed.named(name) == pytest.approx(1.2 * plain.named(name))
    assert taxed.named("breakeven_use") == pytest.approx(plain.named("breakeven_use"))
    resold = changed(template="cluster-tco", tax=0.2)  # what comes back is no cost: neither contingency nor tax on it
    assert taxed.named("total_cost") - resold.named("total_cost") == pytest.approx(resold.named("residual_usd"))
    inflated = changed(template="cluster-tco", inflation=0.05)
    assert inflated.named("saving_discounted") > changed(template="cluster-tco").named("saving_discounted")


def test_cluster_own_lines_are_in_the_hour():
    row = named(loaded("cluster-tco"), "own_names")[0][0].row
    cells = {("Inputs", f"A{row}"): "Building", ("Inputs", f"B{row}"): 5e6, ("Inputs", f"C{row}"): "USD in all"}
    before, after = changed(template="cluster-tco"), changed(cells, template="cluster-tco")
    assert after.named("own_year") - before.named("own_year") == pytest.approx(1.1e6)
    assert after.named("breakeven_use") > before.named("breakeven_use")
    assert before.named("operating_result") - after.named("operating_result") == pytest.approx(5e6)
    granted = changed(
        {**cells, ("Inputs", f"B{row}"): -5e6}, template="cluster-tco"
    )  # no contingency on what comes back
    assert before.named("own_year") - granted.named("own_year") == pytest.approx(1e6)


def test_the_price_of_a_system_is_that_of_its_accelerator():
    label = "The price of a system is that of this one"
    assert checks(changed(template="cluster-tco"))[label] == 1
    assert checks(changed(template="cluster-tco", accelerator="b200"))[label] == 0
    assert checks(changed(template="cluster-tco", accelerator="b200", usd_per_system=500_000))[label] == 1


def test_offers_by_their_eight_lines():
    """Two offers of 1,024 accelerators: one with everything in its price, one that is cheaper by the hour."""
    sheet = loaded("cluster-tco")["Offers"]
    rows = {sheet.cell(row, 1).value: row for row in range(6, 16)}
    first = {"Accelerators": 2.5, "Useful part of the hours": 0.98, "Term": 12}
    second = {"Accelerators": 2.2, "Storage": 20_000, "Network and traffic": 5_000, "Support": 0.1,
              "Useful part of the hours": 0.9, "Set-up": 240_000, "Debugging": 15_000, "Term": 12}  # fmt: skip
    cells = {("Offers", f"{column}{rows[label]}"): value
             for column, offer in (("C", first), ("E", second)) for label, value in offer.items()}  # fmt: skip
    report = changed(cells, template="cluster-tco")
    found = {row[1]: row for row in report.rows("Offers").values() if 1 in row}
    hours = 1024 * HOURS_A_MONTH
    plain = 2.2 * hours + 25_000
    dear = plain * (1 + 0.1 + 1 / 0.9 - 1) + 20_000 + 15_000
    cheap = 2.5 * hours / 0.98
    assert [found["In all"][column] for column in (3, 5)] == pytest.approx([cheap, dear])
    assert [found["Against the best"][column] for column in (3, 4, 5)] == [1, "–", pytest.approx(dear / cheap)]
    assert found["A useful accelerator-hour"][5] == pytest.approx(dear / hours)
    assert report.named("checks_failed") == 0
    lacking = changed({("Offers", f"C{rows['Accelerators']}"): 2, ("Offers", f"C{rows['Set-up']}"): 5e6,
                       ("Offers", f"C{rows['Useful part of the hours']}"): 1}, template="cluster-tco")  # fmt: skip
    said = {row[1]: row[3] for row in lacking.rows("Offers").values() if 3 in row}
    assert said["In all"] == "term missing" and said["Against the best"] == "–"
    typed = changed({**cells, ("Offers", f"C{rows['Debugging']}"): "20,000"}, template="cluster-tco")
    assert checks(typed)["Offers are numbers within limits"] == 0
    whole = report.named("own_usd_per_hour") * report.named(
        "utilisation_shown"
    )  # with contingency of a tenth, as the offer
    assert found["Against owning, as calculated"][5] == pytest.approx(dear / hours * 1.1 / whole)
    best = cheap / hours * 1.1 / report.named("utilisation_shown")
    row = row_of(loaded("cluster-tco")["Dashboard"], "Best offer, a useful hour")
    assert report.named("best_offer_usd_per_hour") == report.value("Dashboard", f"C{row}") == pytest.approx(best)
    compared = "Renting is compared at the offers"
    assert checks(report)[compared] == -1 and lacking.named("best_offer_usd_per_hour") == "–"
    assert checks(changed({**cells}, template="cluster-tco", usd_per_hour_3y=2.5))[compared] == 1


@pytest.mark.parametrize(("kind", "errors"), [("share of a line", 1), (None, 0)])
def test_an_own_line_that_lacks_something_is_named_alone(kind, errors):
    """A share of no line leaves no total, which the check of own lines says, and none that compares with the total."""
    cell = named(loaded("training-budget"), "own_names")[0][0]
    typed = zip("ABC", ("Egress", 0.02, kind), strict=True)
    report = changed({("Inputs", f"{column}{cell.row}"): content for column, content in typed})
    stopped = [label for label, result in checks(report).items() if result == 0]
    assert stopped == ["Own lines are complete, and all are read", "No cell shows an error"][: 1 + errors]
    assert report.named("checks_light").startswith("STOP, not met: Own lines are complete")


def test_cluster_range_is_that_of_the_prices():
    """P5 and P95 of a lognormal price at a half and twice it: P10 and P90 lie 1.2816 of 1.6449 of the way."""
    sure = {"energy_price_low": 1, "energy_price_high": 1}
    report = changed(template="cluster-tco", **sure)
    for name, end in (("total_p10", 0.5), ("total_p90", 2)):
        price = 255_237 * end ** (1.2816 / 1.6449)
        moved = changed(template="cluster-tco", usd_per_system=price, **sure).named("total_cost")
        assert report.named(name) == pytest.approx(moved, rel=1e-4)


def months_of(report, label):
    """The row of Timeline that begins so, month by month."""
    row = next(row for row in report.rows("Timeline").values() if str(row.get(1, "")).startswith(label))
    return [row[column] for column in sorted(row) if column > 3]


def test_cluster_loan_and_declining_depreciation():
    report = changed(
        template="cluster-tco", financed_share=0.5, loan_rate=0.12, loan_months=24, depreciation="declining"
    )
    owed, interest = 0.5 * report.named("capex"), 0.0
    for month in range(24):
        interest += 0.5 * report.named("capex") * (1 - month / 24) * 0.01
    assert report.named("cost_interest") == pytest.approx(interest) and report.named("loan_usd") == owed
    assert report.named("checks_failed") == 0
    whole = changed(template="cluster-tco", life_months=72, residual_share=0, depreciation="declining")
    written_off = months_of(whole, "Depreciation")[:73]
    book, expected = whole.named("capex"), []
    for month in range(72):  # twice the even rate, until an even rest is more: after half of the life
        expected.append(max(book * 2 / 72, book / (72 - month)))
        book -= expected[-1]
    assert written_off == pytest.approx([*expected, 0]) and whole.named("checks_failed") == 0


def test_a_loan_is_in_the_hour_as_in_the_total():
    """Month by month: what is repaid and the interest on what is owed, each at its value at the start."""
    loan = {"financed_share": 0.5, "loan_rate": 0.3, "loan_months": 24, "discount_rate": 0.08}
    bought, lent = changed(template="cluster-tco", discount_rate=0.08), changed(template="cluster-tco", **loan)
    capex, owed, today = bought.named("capex"), bought.named("capex") / 2, 0.0
    part = owed / 24
    for month in range(24):
        today += (part + owed * 0.3 / 12) / 1.08 ** (month / 12)
        owed -= part
    assert lent.named("capital_today") == pytest.approx(capex / 2 + today) and bought.named("capital_today") == capex
    dearer = (capex / 2 + today - capex) * bought.named("recovery_factor") * 1.1  # contingency
    hour = dearer / (bought.named("useful_hours") * 12)
    assert lent.named("own_usd_per_hour") - bought.named("own_usd_per_hour") == pytest.approx(hour)
    assert lent.named("breakeven_use") > bought.named("breakeven_use")
    even = changed(template="cluster-tco", **{**loan, "discount_rate": 0})
    assert even.named("loan_today") == pytest.approx(capex / 2 + even.named("cost_interest"))


@pytest.mark.parametrize(
    ("label", "inputs"),
    [
        ("The report is not dated before its prices", {"report_date": date(2016, 11, 28)}),
        ("The start is the first of a month", {"start_date": date(2027, 3, 31)}),
        ("The loan is repaid within the life", {"financed_share": 0.1, "loan_months": 36, "life_months": 24}),
        ("Power is known", {"accelerator": "tpu-v5e", "usd_per_system": 1e5}),
        ("Owning beats a commitment for three years", {"usd_per_hour_3y": 1}),
        ("People who are typed are paid", {"usd_per_person": 0}),
    ],
)
def test_a_check_of_a_cluster_trips_and_is_named(label, inputs):
    """In a plan that no check has a word about."""
    quiet = {
        "usd_per_hour": 11,
        "usd_per_hour_1y": 8,
        "usd_per_hour_3y": 6,
        "staff": 2,
        "usd_per_person": 2e5,
        "storage_usd": 1e6,
    }
    report = changed(template="cluster-tco", **(quiet | inputs))
    assert checks(report)[label] in (0, -1) and f"not met: {label}" in report.named("checks_light")


def test_what_is_typed_has_no_source_of_ours():
    book, typed = loaded("cluster-tco"), changed(template="cluster-tco", usd_per_kwh=0.3)
    place = f"I{named(book, 'usd_per_kwh').row}"
    assert changed(template="cluster-tco").value("Inputs", place) == "EIA, as YCharts shows it"
    assert typed.value("Inputs", place) == "typed"
    used = {row.get(1): row.get(5) for row in typed.rows("Sources").values()}
    assert used["EIA, as YCharts shows it"].startswith("none") and used["Latif et al. (2024)"] == "Inputs"


def test_cluster_break_even_is_where_both_cost_the_same():
    plain = changed(template="cluster-tco")
    again = changed(template="cluster-tco", utilisation=plain.named("breakeven_use"))
    assert again.named("own_usd_per_hour") == pytest.approx(again.named("rent_usd_per_hour"))
    assert again.named("breakeven_use") == pytest.approx(plain.named("breakeven_use"))
    for use in (30, 90):  # with the electricity of that use
        at = changed(template="cluster-tco", utilisation=use / 100)
        assert plain.named(f"own_at_{use}") == pytest.approx(at.named("own_usd_per_hour"))


# Self-host or API


def test_api_bill():
    given = {"api_model": "gpt-4o", "requests_per_day": 1e5, "growth": 0, "prompt_tokens": 1000, "output_tokens": 200,
             "api_cached_share": 0.5, "batch_share": 0.4, "batch_discount": 0.5, "volume_discount": 0.1, "api_erosion": 0.2}  # fmt: skip
    report = changed(template="self-host-vs-api", **given)
    request = (500 * 2.5 + 500 * 1.25 + 200 * 10) / 1e6
    billed = 1e5 * DAYS_A_MONTH * request * 0.8 * 0.9 * 0.8
    assert report.named("api_usd") == pytest.approx(billed * 1.1)  # contingency as on the own service
    assert report.named("saved_month") == pytest.approx(report.named("api_usd") - report.named("total_cost"))


@pytest.mark.parametrize(
    "given",
    [
        {"own_accelerators": 8, "usd_per_hour": 4.8},
        {"own_accelerators": 2, "regions": 2, "spare_replicas": 0, "operations_share": 0.3, "min_replicas": 100},
        {"own_accelerators": 16, "spare_replicas": 3, "contingency": 0.1, "sizing_month_no": 0, "migration_usd": 1e6},
        {"own_accelerators": 3, "whole_nodes": "no", "token_factor": 1.4},
        {"own_accelerators": 2, "usd_per_hour": 60},
        {"own_accelerators": 8, "api_commitment": 40_000},
    ],
)
def test_own_stays_cheaper_from_the_last_crossing_of_staircase_and_line(given):
    given = {"api_model": "gpt-4o", "own_speed": 1500, "usd_per_hour": 2, "staff": 1, "usd_per_person": 120_000, "growth": 0.03,
             "contingency": 0, "regions": 1, "spare_replicas": 1, "min_replicas": 1, "whole_nodes": "yes", "token_factor": 1} | given  # fmt: skip
    report = changed(template="self-host-vs-api", **given)
    assert report.named("checks_failed") == 0 and checks(report)["Both cost the same where they cross"] == 1
    each, regions, spare = given["own_accelerators"], given["regions"], given["spare_replicas"]
    fill = (
        regions * 1500 * 0.7 / (2.5 * 300 * given["token_factor"]) * 86400
    )  # requests a day of a replica in each region
    added = 1 + given["contingency"]
    api = DAYS_A_MONTH * (2000 * 2.5 + 300 * 10) / 1e6 * added

    def own(replicas):  # that serve, in each region
        count = max(given["min_replicas"], replicas + spare)
        paid = (
            count * each
            if given["whole_nodes"] == "no"
            else math.ceil(count / (8 // each) if each <= 8 else count * each / 8) * 8
        )
        return (
            regions * paid * given["usd_per_hour"] * HOURS_A_MONTH * (1 + given.get("operations_share", 0)) + 10_000
        ) * added

    crossings = [
        own(n) / api for n in range(1, 3000) if (n - 1) * fill < own(n) / api <= n * fill
    ]  # an own bill is flat between full replicas
    owed = given.get("api_commitment", 0)
    crossings = [volume if volume * api > owed else 0 for volume in crossings]
    if crossings and own(2999) < api * 2998 * fill:
        assert report.named("breakeven_requests") == pytest.approx(crossings[-1])
        assert report.named("cheaper_from") == pytest.approx(0 if own(1) < owed else crossings[0])
    else:
        assert report.named("breakeven_requests") == "never"


def test_api_commitment_is_owed_in_each_month_and_a_cache_saves_on_both_sides():
    plain = changed(template="self-host-vs-api", growth=0, horizon_months=12)
    owed = changed(template="self-host-vs-api", growth=0, horizon_months=12, api_commitment=50_000)
    assert plain.named("api_usd") < owed.named("api_usd") == pytest.approx(55_000)  # with contingency
    assert owed.named("api_month") == pytest.approx(12 * 55_000)
    assert (
        checks(owed)["What is committed at the API is used"] == -1
        and checks(owed)["API bill computed another way"] == 1
    )
    cached = changed(template="self-host-vs-api", cached_share=0.5)
    assert cached.named("api_usd") == pytest.approx(
        changed(template="self-host-vs-api", api_cached_share=0.5).named("api_usd")
    )


def test_requests_typed_for_a_month():
    sheet = loaded("hosting-budget")["Load by hour"]
    first = named(loaded("hosting-budget"), "requests_typed")
    row = first[0][0].row
    assert sheet.cell(row - 1, 2).value == "Requests a day, typed"
    typed = {("Load by hour", f"B{row + 12}"): 2e6, ("Load by hour", f"B{row + 13}"): 0}
    given = {"usd_earned_per_request": 0.01, "requests_per_day": 1e6, "growth": 0.1}
    report = changed(typed, template="hosting-budget", **given)
    assert report.named("requests_day") == 2e6 and report.named("checks_failed") == 0
    months = [2e6 if n == 12 else 0 if n == 13 else 1e6 * 1.1**n for n in range(36)]
    assert report.named("earned") == pytest.approx(sum(months) * DAYS_A_MONTH * 0.01)
    assert report.named("margin_plan") == pytest.approx(report.named("earned") - report.named("paid"))
    low = changed(typed | {("Scenarios", _override("hosting-budget", "Requests a day at the start", "D")): 5e5}, template="hosting-budget",
                  **given, scenario="low")  # fmt: skip
    assert low.named("requests_day") == 1e6  # a scenario moves typed months by as much as the start
    wrong = changed({("Load by hour", f"B{row + 3}"): "2e6"}, template="hosting-budget")
    assert checks(wrong)["Requests typed for a month are numbers"] == 0


def test_requests_longer_than_the_context_are_stopped():
    report = changed(template="hosting-budget", output_tokens=200_000, ttft_slo=60)
    assert checks(report)["Requests fit the context"] == 0


def _override(template, label, column):
    sheet = loaded(template)["Scenarios"]
    return f"{column}{max(r for r in range(1, sheet.max_row + 1) if sheet.cell(r, 1).value == label)}"


# Model comparison


def test_a_context_or_a_licence_leaves_a_candidate_out():
    given = {("Scenarios", _override("model-comparison", "Licence allows your use", "I")): "no"}
    row = named(loaded("model-comparison"), "left_out").row

    def reasons(report):
        return [report.value("Calculation", f"{column}{row}") for column in "DEFGHI"]

    assert reasons(changed(given, template="model-comparison")) == ["–"] * 5 + ["its licence"]
    longer = changed(given, template="model-comparison", prompt_tokens=131_000, ttft_slo=600)  # 131,072 with the answer
    assert set(reasons(longer)) <= {"its context", "no replica holds it"} and longer.named("best") == "none"
    assert checks(longer)["Requests fit the context"] == 0


def test_training_a_candidate_again_is_paid_at_the_utilisation_of_published_runs():
    report = changed(template="model-comparison", scenario="llama-3.1-8b", usd_per_hour=2)
    hours = 15e12 * xlcalc.LLM_TRAIN_FLOPS("llama-3.1-8b", 1) / (989.4e12 * 0.32) / 3600
    assert report.named("training_usd") == pytest.approx(hours * 2, rel=1e-3)
    assert hours == pytest.approx(1_460_000, rel=0.6)  # the model card's
    assert changed(template="model-comparison", scenario="gpt-oss-20b").named("training_usd") == "not known"


def test_comparison_columns_are_models():
    report = changed(template="model-comparison")
    assert report.named("parameters") == xlcalc.LLM_PARAMS("llama-3.3-70b")
    other = changed(template="model-comparison", scenario="gpt-oss-120b")
    assert other.named("parameters") == xlcalc.LLM_PARAMS("gpt-oss-120b") and other.named("license") == "Apache-2.0"
    assert other.named("weights_gb") == pytest.approx(xlcalc.LLM_WEIGHTS("gpt-oss-120b", None, "GB"))
    assert report.named("best") == report.named("cheapest")  # no quality is typed


def test_own_quality_decides_with_cost():
    sheet = loaded("model-comparison")["Scenarios"]
    row = max(r for r in range(1, sheet.max_row + 1) if sheet.cell(r, 1).value == "Quality")
    points = {"D": 80, "E": 70, "F": 60, "G": 75, "H": 20, "I": 30}
    report = changed(
        {("Scenarios", f"{c}{row}"): p for c, p in points.items()}, template="model-comparison", cost_weight=0
    )
    assert report.named("best") == "llama-3.3-70b" and report.named("best_score") == 1


def test_a_candidate_without_a_score_has_no_rank():
    sheet = loaded("model-comparison")["Scenarios"]
    row = max(r for r in range(1, sheet.max_row + 1) if sheet.cell(r, 1).value == "Quality")
    report = changed({("Scenarios", f"D{row}"): 80, ("Scenarios", f"E{row}"): 90}, template="model-comparison")
    scores = [report.value("Calculation", f"{c}{named(loaded('model-comparison'), 'score').row}") for c in "DEFGHI"]
    front = [report.value("Calculation", f"{c}{named(loaded('model-comparison'), 'pareto').row}") for c in "DEFGHI"]
    assert report.named("best") == "gpt-oss-120b" and scores[1] == 1 and scores[2:] == ["not scored"] * 4
    assert front == [0, 1, *["not scored"] * 4] and checks(report)["Quality is scored"] == -1


def test_a_candidate_that_does_not_fit_leaves_the_others_compared():
    report = changed(template="model-comparison", accelerator="tpu-v6e", usd_per_hour=2)
    row = named(loaded("model-comparison"), "fits").row
    fits = [report.value("Calculation", f"{c}{row}") for c in "DEFGHI"]
    assert 0 < fits.count(0) < 6 and report.named("cheapest") != "none" and 0 < report.named("best_score") <= 1
    said = ["does not fit" in report.rows("Cost and quality")[6 + place].values() for place in range(6)]
    assert said == [one == 0 for one in fits]
    assert checks(report)["Every candidate has a cost"] == 0
    assert report.named("kwh_per_million") == "not known"  # no power is published


def test_columns_are_called_by_their_models():
    sheet = loaded("model-comparison")["Scenarios"]
    row = max(r for r in range(1, sheet.max_row + 1) if sheet.cell(r, 1).value == "Model")
    assert {checks(changed(template="model-comparison"))[name] for name in (
        "Candidates are called by their own model", "Hosted twins are the same models")} == {1}  # fmt: skip
    found = checks(changed({("Scenarios", f"E{row}"): "llama-3.1-405b"}, template="model-comparison"))
    assert found["Candidates are called by their own model"] == 0 and found["Hosted twins are the same models"] == -1


def test_what_a_cache_saves_is_on_both_sides():
    """Half of the prompt at the cached price; DeepInfra lists none for this one, gpt-4o at a half."""
    row = max(r for r in range(1, 200) if loaded("model-comparison")["Scenarios"].cell(r, 1).value == "Hosted twin")
    cells = {("Scenarios", f"D{row}"): "gpt-4o"}
    for given, share in (({"cached_share": 0.5}, 0.5), ({"cached_share": 0.5, "api_cached_share": 0.2}, 0.2)):
        report = changed(cells, template="model-comparison", **given)
        request = (2000 * (1 - share) * 2.5 + 2000 * share * 1.25 + 300 * 10) / 2300 * 1.1
        assert report.named("api_usd_per_million") == pytest.approx(request)


def test_equal_candidates_are_told_and_none_that_does_not_fit():
    report = changed(template="model-comparison")
    totals = [report.value("Calculation", cell.coordinate) for cell in named_cells("total_cost_scenarios")]
    equals = totals.count(min(totals)) - 1
    assert equals == 2 and report.named("cheapest") == "gpt-oss-120b and 2 equal"
    none = changed(template="model-comparison", least_context=2_000_000)
    assert [none.named(name) for name in ("cheapest", "cheapest_api", "best")] == ["none"] * 3


def test_a_solved_task_is_what_is_scored():
    sheet = loaded("model-comparison")["Scenarios"]
    row = max(r for r in range(1, sheet.max_row + 1) if sheet.cell(r, 1).value == "Tasks solved")
    report = changed({("Scenarios", f"{c}{row}"): 0.4 for c in "EHI"}, template="model-comparison")
    assert report.named("best") == "qwen3-32b" and report.named("cheapest") == "gpt-oss-120b and 2 equal"


def test_what_no_candidate_has_is_said():
    for given, met in (({"model": "llama-3.1-405b"}, -1), ({"api_model": "gpt-5"}, -1), ({"model": "llama-3.1-8b"}, 1)):
        assert checks(changed(template="model-comparison", **given))["Inputs are used by a scenario"] == met, given


def named_cells(name):
    return named(loaded("model-comparison"), name)[0]


def test_hosted_and_own_have_the_same_scope():
    plain, taxed = (changed(template="model-comparison", tax=tax) for tax in (0, 0.2))
    for name in ("usd_per_million_tokens", "api_usd_per_million", "api_usd_per_solved"):
        assert taxed.named(name) == pytest.approx(1.2 * plain.named(name)), name


def test_a_commitment_stays_in_the_range_of_hosting():
    """What is committed is owed where replicas are quick; where they are slow, more is rented on demand."""
    report = changed(template="hosting-budget", price_term="1y", usd_per_hour_1y=2, usd_per_hour=5, contingency=0)
    plan = xlcalc.LLM_SERVE_PLAN("llama-3.3-70b", "h100-sxm", 2000, 300, 2, 0.05, 8, 1)
    row = dict(zip(plan[0], plan[1], strict=True))
    peak = 500_000 * 1.05**12 / 86400 * 2.5
    slow = math.ceil((math.ceil(peak * 300 / (row["tokens/s low"] * 0.7)) + 1) * row["accelerators"] / 8) * 8
    assert report.named("total_p10") == pytest.approx(report.named("total_cost"))
    beyond = (slow - report.named("accelerators_paid")) * 5 * HOURS_A_MONTH
    assert report.named("total_p90") == pytest.approx(report.named("total_cost") + beyond)


@pytest.mark.parametrize(
    ("template", "line", "given", "check"),
    [
        ("training-budget", "pre_ideal_days", {}, "Hours computed another way"),
        ("training-budget", "accelerators_paid", {}, "Hours computed another way"),
        ("fine-tuning", "run_flops", {}, "Hours computed another way"),
        ("self-host-vs-api", "api_discount", {"batch_share": 0.5}, "API bill computed another way"),
        ("self-host-vs-api", "api_cached_price", {"api_model": "gpt-4o", "api_cached_share": 0.5}, "API bill computed another way"),
    ],
)  # fmt: skip
def test_the_second_way_does_not_use_the_first(template, line, given, check):
    """A line overwritten by another number is seen."""
    place = "Calculation", named(loaded(template), line).coordinate
    whole = changed(template=template, **given)
    assert checks(whole)[check] == 1
    assert checks(changed({place: whole.named(line) * 1.5}, template=template, **given))[check] == 0


# Fine-tuning


def test_fine_tuning_hours_and_cost():
    given = {
        "examples": 50_000,
        "tokens_per_example": 800,
        "epochs": 2,
        "label_usd": 1.5,
        "usd_per_person": 260_000,
        "contingency": 0,
        "mfu": 0.3,
    }
    report = changed(template="fine-tuning", **given)
    tokens = 50_000 * 800 * 2 / 0.9
    hours = tokens * xlcalc.LLM_TRAIN_FLOPS("llama-3.1-8b", 1, 4096) * 2 / 3 / (989e12 * 0.3) / 3600
    assert report.named("run_hours") == pytest.approx(hours)
    swept = 6 * hours * 1.2 + 6 * 4
    refreshed = 2 * (hours * 1.2 + 4)
    data = 50_000 * 1.5
    price = median_price(least=1)
    storage = 41_943_040 * 2 / 1e9 * 5 * 0.023 * 12
    total = (swept + refreshed) * price + data * 1.4 + (12 + 2 * 2) * 5000 + storage
    assert report.named("total_cost") == pytest.approx(total)
    assert report.named("checks_failed") == 0


def test_fine_tuning_range_is_that_of_measured_steps():
    report = changed(template="fine-tuning")
    step = (
        "llama-3.1-8b",
        "h100-sxm",
        1,
        1,
        4096,
        None,
        None,
        1,
        3,
        None,
        "bf16",
        None,
        None,
        None,
        None,
        None,
        "lora",
        16,
    )
    assert report.named("total_p10") < report.named("total_cost") < report.named("total_p90")
    for end, name in (("low", "total_p10"), ("high", "total_p90")):
        hours = 20_000 * 1000 * 3 / 0.9 / 4096 * xlcalc.LLM_ESTIMATE_BOUND("LLM_STEP_TIME", end, *step) / 3600
        moved = (hours - report.named("run_hours")) * (6 + 2) * 1.2 * median_price(least=1) * 1.1
        assert report.named(name) == pytest.approx(report.named("total_cost") + moved)


def test_fine_tuning_stands_beside_measured_runs():
    """MLPerf's and others' steps: tokens a second times FLOP of a token, over the dense peaks of the data sheets."""
    peaks = {("h100-sxm", "fp8"): 1979e12, ("h200-sxm", "fp8"): 1979e12, ("h100-sxm", None): 989e12,
             ("mi300x", "fp8"): 2614.9e12, ("gb200", "fp8"): 5e15, ("gb300", "fp8"): 5e15, ("gb200", "nvfp4"): 1e16,
             ("gb300", "nvfp4"): 1.5e16}  # fmt: skip
    reached = []
    for row in tables.shipped("measured"):
        call = json.loads(row["arguments"])
        if row["function"] == "LLM_STEP_TIME" and ("LoRA" in row["group"] or row["group"] == "Trainer with PEFT"):
            share = 1 if call.get("method", "full") == "full" else 2 / 3
            flops = (
                xlcalc.LLM_TRAIN_FLOPS(call["model"], call["global_batch"] * call["seq_len"], call["seq_len"]) * share
            )
            peak = peaks[call["accelerator"], call.get("dtype")]
            reached.append(flops / float(row["measured"]) / call["count"] / peak)
    report = changed(template="fine-tuning")
    assert report.named("measured_runs") == len(reached) > 80
    assert report.named("measured_mfu_p50") == pytest.approx(statistics.median(reached), rel=1e-3)
    slow = changed(template="fine-tuning", mfu=0.2)
    assert slow.named("hours_over_measured") == pytest.approx(statistics.median(reached) / 0.2, rel=1e-3)
    assert slow.named("mfu_rank") == sum(one < 0.2 for one in reached)
    assert checks(changed(template="fine-tuning", mfu=0.7))["Utilisation has been reached before"] == 0


def test_fine_tuning_owes_a_commitment_for_its_term():
    report = changed(template="fine-tuning", price_term="1y", usd_per_hour_1y=2, node_size=8)
    runs = sum(report.named(f"cost_{name}") for name in ("sweep", "failed", "evaluation", "refresh", "unused"))
    assert runs == pytest.approx(8 * 12 * HOURS_A_MONTH * 2) and checks(report)["What is owed is used"] == -1
    assert report.named("checks_failed") == 0
    given = {"price_term": "mix", "usd_per_hour": 5, "usd_per_hour_1y": 3, "usd_per_hour_3y": 2, "contingency": 0}
    for shares, owed in (
        ((0.1, 0), 12 * 3),
        ((0.5, 0.5), 36 * 2),
    ):  # one accelerator is committed once, and takes all runs
        report = changed(template="fine-tuning", **given, share_1y=shares[0], share_3y=shares[1])
        assert report.named("total_cost") - report.named("cost_storage") == pytest.approx(owed * HOURS_A_MONTH), shares


def test_fine_tuning_at_the_hours_of_p90_costs_its_total():
    """Also under a commitment, of which longer runs use more."""
    for given in ({}, {"price_term": "1y", "usd_per_hour_1y": 2}):
        report = changed(template="fine-tuning", **given)
        at = changed(
            template="fine-tuning",
            mfu=report.named("mfu_used") * report.named("run_hours") / report.named("hours_p90"),
            **given,
        )
        assert at.named("total_cost") == pytest.approx(report.named("total_p90")), given


def test_fine_tuning_methods():
    small, whole = changed(template="fine-tuning", scenario="QLoRA"), changed(template="fine-tuning", scenario="full")
    assert small.named("memory_gb") < changed(template="fine-tuning").named("memory_gb") < whole.named("memory_gb")
    assert whole.named("trained_parameters") == xlcalc.LLM_PARAMS("llama-3.1-8b")
    parts = {part: xlcalc.LLM_FINETUNE_MEMORY("llama-3.1-8b", "full", 4096, 1, 16, part, "GB")
             for part in ("weights", "gradients", "optimizer", "activations", "workspace")}  # fmt: skip
    own = parts.pop("activations") + parts.pop("workspace")  # of each accelerator, however many share the rest
    assert whole.named("tuning_accelerators") == math.ceil(sum(parts.values()) / (80 * 0.9 - own)) == 3
    crowded = changed(template="fine-tuning", micro_batch=64)
    assert crowded.named("checks_failed") == 1 and checks(crowded)["Memory fits in the machine"] == 0
    for unused in ({"extra_prompt": 0}, {"uses_per_month": 0}):
        assert changed(template="fine-tuning", **unused).named("breakeven_months") == "never"


def test_fine_tuning_hours_are_those_of_the_model_and_the_method():
    """Unless a utilisation is typed: a mixture of experts is slower than dense models, and quantised weights cost time."""
    hours = {}
    for name, given in {"dense": {}, "mixture": {"model": "mixtral-8x7b"}, "qlora": {"scenario": "QLoRA"}}.items():
        report = changed(template="fine-tuning", **given)
        assert report.named("total_p10") < report.named("total_cost") < report.named("total_p90"), name
        assert report.named("hours_over_measured") == pytest.approx(
            report.named("measured_mfu_p50") / report.named("mfu_used")
        )
        hours[name] = report.named("run_hours")
    assert hours["qlora"] > hours["dense"] and hours["mixture"] > 2 * hours["dense"]
    assert changed(template="fine-tuning", mfu=0.2, speed_factor=2).named("mfu_used") == pytest.approx(0.4)


def test_fine_tuning_pays_for_machines_that_hold_a_run():
    report = changed(template="fine-tuning", scenario="full", model="llama-3.1-70b")
    used = report.named("tuning_accelerators")
    assert used > 8 and report.named("paid_accelerators") == math.ceil(used / 8) * 8
    assert report.named("price_used") == pytest.approx(median_price(least=8))
    assert changed(template="fine-tuning", scenario="full").named("price_used") == pytest.approx(median_price(least=3))


def test_fine_tuning_plan_is_the_project_and_a_year_of_use():
    report, long = (changed(template="fine-tuning", project_months=months) for months in (3, 24))
    assert report.named("total_cost") == pytest.approx(long.named("total_cost"))
    assert report.named("plan_months") == 15 and long.named("plan_months") == 36
    assert long.named("first_year") == pytest.approx(long.named("once_usd") * 1.1 / 2, rel=0.01)


def test_fine_tuning_pays_where_prompts_cost_more_than_serving():
    given = {"uses_per_month": 5e6, "serving_usd_per_month": 2000, "api_model": "gpt-4o-mini", "tax": 0.2}
    report = changed(template="fine-tuning", **given)
    saved = (5e6 * (2000 * 0.15 + 300 * 0.6) / 1e6 - 2000) * 1.1 * 1.2
    assert report.named("breakeven_months") == pytest.approx(report.named("total_cost") / saved)
    plain = changed(template="fine-tuning", **given | {"tax": 0})
    assert report.named("breakeven_uses") == pytest.approx(plain.named("breakeven_uses"))
    assert changed(template="fine-tuning").named("serving_month") == pytest.approx(
        median_price(least=1) * HOURS_A_MONTH
    )
    assert changed(template="fine-tuning").named("breakeven_uses") == "never"  # a machine of its own for few uses


def test_hosted_tuning_has_the_scope_of_the_total():
    few, more = (changed(template="fine-tuning", hosted_usd_per_million=25, refreshes=number) for number in (2, 12))
    for report, runs in ((few, 8), (more, 18)):
        assert report.named("hosted_usd") == pytest.approx(runs * 1.2 * 60 * 25 * 1.1)
        own = runs * 1.2 * report.named("run_hours") * report.named("price_used") * 1.1
        assert report.named("hosted_total") - report.named("hosted_usd") == pytest.approx(
            report.named("total_cost") - own
        )
        assert report.named("year_hosted") == "–"  # without a price of its uses
    served = changed(template="fine-tuning", hosted_usd_per_million=25, hosted_input_usd=0.3, hosted_output_usd=1.2)
    uses = 1.2e6 * (500 * 0.3 + 300 * 1.2) / 1e6 * 1.1
    assert served.named("year_hosted") == pytest.approx(served.named("hosted_total") + uses)


# What comes back


@pytest.mark.parametrize("template", ["fine-tuning", "hosting-budget"])
def test_what_comes_back_carries_no_contingency_and_a_wrong_sign_is_told(template):
    """A grant lowers the total by its amount; a payment below zero that the plan does not have is named."""
    row = named(loaded(template), "own_names")[0][0].row
    grant = {("Inputs", f"A{row}"): "Grant", ("Inputs", f"B{row}"): -100, ("Inputs", f"C{row}"): "USD in all"}
    if template == "hosting-budget":
        grant[("Inputs", f"C{row}")] = "USD a month"
    before, after = changed(template=template, tax=0.2), changed(grant, template=template, tax=0.2)
    assert before.named("total_cost") - after.named("total_cost") == pytest.approx(100)
    months = before.named("plan_months") if template == "hosting-budget" else 1
    assert before.named("paid") - after.named("paid") == pytest.approx(100 * months)
    assert after.named("checks_failed") == 0 and checks(after)["The total is a cost"] == 1
    rich = changed(grant | {("Inputs", f"B{row}"): -1e8}, template=template)
    assert rich.named("total_cost") < 0 and checks(rich)["The total is a cost"] == -1
    cell = named(loaded(template), "actuals")[0][1].coordinate
    for paid, found in ((-500, -1), (500, 1)):
        report = changed({("Timeline", cell): paid}, template=template)
        assert checks(report)["Actual payments are no income"] == found


@pytest.mark.parametrize(("each", "nodes"), [(5, 13), (3, 7), (8, 13)])
def test_no_replica_lies_in_two_nodes_that_one_holds(each, nodes):
    """Thirteen replicas of an own speed: a node of eight holds one of five or of eight, two of three."""
    report = changed(template="hosting-budget", own_speed=1000, own_accelerators=each)
    assert report.named("replicas") == 13 and report.named("accelerators_paid") == 8 * nodes


def test_accelerators_beyond_those_needed_save_nothing():
    whole, more = (
        changed(template="cluster-tco", node_size=72, usd_per_system=3e6, accelerator="gb200-nvl72", accelerators=count)
        for count in (72, 73)
    )
    assert more.named("useful_hours") == pytest.approx(whole.named("useful_hours") * 73 / 72)
    assert more.named("own_usd_per_hour") > whole.named("own_usd_per_hour")
    assert more.named("saving_discounted") < whole.named("saving_discounted")


def test_a_service_that_falls_behind_again_never_pays_back():
    """Two years of a contract without income follow a plan of one."""
    given = {"requests_per_day": 5e6, "api_model": "gpt-5", "horizon_months": 12, "sizing_month_no": 5}
    report = changed(template="self-host-vs-api", price_term="3y", **given)
    assert report.named("saved") < 0 and report.named("payback_month") == "never"


def test_inflation_does_not_raise_what_is_agreed():
    """A commitment and a loan are paid at their face; what is bought later, at the prices of the day."""
    rise = {}
    for term in ("on_demand", "3y"):
        book = changed(template="hosting-budget", price_term=term, inflation=0.1, horizon_months=36, growth=0)
        rise[term] = book.named("nominal") / book.named("paid")
    assert rise["on_demand"] > 1.15 and rise["3y"] == pytest.approx(1)
    loan = changed(template="cluster-tco", financed_share=1, loan_rate=0.1, loan_months=60, inflation=0.1)
    running = 1.1 * sum(loan.named(f"cost_{one}") for one in ("power", "insurance", "maintenance"))  # with contingency
    begin, end = 1.1 ** (94 / 365), 1.1 ** (94 / 365 + 5)  # of the plan, after the report
    mean = (end - begin) / (5 * math.log(1.1)) - 1
    rises = running * mean + loan.named("cost_residual") * (end - 1)
    assert loan.named("nominal") - loan.named("paid") == pytest.approx(rises, rel=0.05)


def test_both_sides_of_a_comparison_have_inflation():
    plain, dearer = (changed(template="self-host-vs-api", inflation=rate) for rate in (0, 0.2))
    ratio = dearer.named("nominal") / plain.named("nominal")
    assert dearer.named("saved") / plain.named("saved") == pytest.approx(ratio, rel=0.01) and ratio > 1.2
