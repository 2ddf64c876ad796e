"""What an analyst and an auditor found in the first training budget, class by class: each must stay gone.

Figures of truth: Meta's model cards (accelerator-hours), the catalog's rows counted again, arithmetic by hand.
"""

from __future__ import annotations

import statistics

import pytest
from template_files import formula_cells, loaded, named

import xlcalc
from xlcalc.catalog import prices
from xlcalc.workbook.settings import SettingError

HOURS_A_MONTH = 365 * 24 / 12
PUBLISHED = {  # model card of Llama 3.1: tokens of the run, accelerators of ours, accelerator-hours stated
    "llama-3.1-8b": (15e12, 1024, 1.46e6),
    "llama-3.1-70b": (15e12, 4096, 7.0e6),
    "llama-3.1-405b": (15.6e12, 16384, 30.84e6),
}


@pytest.fixture(scope="module")
def book():
    with xlcalc.open_workbook("training-budget") as book:
        yield book


@pytest.fixture(scope="module")
def formulas():
    return loaded("training-budget")


def results(book, **inputs):
    book.set_only(inputs)
    return book.results()


def test_1_hours_are_those_of_whole_runs(book):
    for model, (tokens, accelerators, stated) in PUBLISHED.items():
        found = results(book, model=model, tokens=tokens, accelerators=accelerators)
        low, high = (found[name] * accelerators * 24 for name in ("days_p10", "days_p90"))
        assert low < stated < high and low < found["gpu_hours"] < high, model
    assert 0 < found["budget_rank"] < len(xlcalc.LLM_TRAIN_RUNS())
    quick = results(book, whole_run_factor=1, mfu=0.6)
    assert quick["gpu_hours"] < 0.8 * quick["reference_hours_p50"] and quick["checks_warned"] > 1


def test_2_a_contract_is_an_obligation(book):
    for term, months in (("1y", 12), ("3y", 36)):
        owed = 4096 * months * HOURS_A_MONTH * 2
        found = results(book, accelerators=4096, price_term=term, **{f"usd_per_hour_{term}": 2})
        lines = sum(found[f"cost_{name}"] for name in ("compute", "failures", "other_losses", "unused"))
        assert lines == pytest.approx(owed) and found["unused_hours"] > 0
    calm, spot = (results(book, price_term=term, usd_per_hour=2, usd_per_hour_spot=2) for term in ("on_demand", "spot"))
    assert spot["failures_total"] > 2 * calm["failures_total"]
    lost = 1 / spot["goodput"] - 1 / calm["goodput"]  # on top of what whole runs lose on machines that stay
    assert spot["gpu_hours"] / calm["gpu_hours"] == pytest.approx((1.25 + lost) / 1.25)


def test_2_experiments_come_before_the_contract(book):
    demand, committed = (results(book, price_term=term) for term in ("on_demand", "3y"))
    assert committed["price_used"] < demand["price_used"]
    assert committed["cost_experiments"] == pytest.approx(demand["cost_experiments"])


def test_2_shares_of_a_mix_are_no_more_than_the_whole(book):
    found = results(book, accelerators=8, tokens=1e11, price_term="mix", share_1y=0.5, share_3y=0.5, usd_per_hour=5)
    owed = 8 * 36 * HOURS_A_MONTH * 5  # a node is not parted: three years of it
    assert found["cost_unused"] + found["gpu_hours"] * 5 == pytest.approx(owed)


def test_2_delivery_costs_the_same_hours_under_a_contract(book):
    long = {"tokens": 300e12, "usd_per_hour": 5, "ramp_months": 12}
    demand, year = (results(book, **long, price_term=term)["total_cost"] for term in ("on_demand", "1y"))
    assert year == pytest.approx(demand)  # at the same price, for a run that outlasts the year


def test_3_the_price_is_the_median_and_stale_is_the_row_in_use(book):
    rows = [r for r in prices.newest() if r["accelerator"] == "h100-sxm" and int(r["accelerators"]) >= 8]
    each = [float(r["on_demand_usd_per_hour"]) / int(r["accelerators"]) for r in rows if r["on_demand_usd_per_hour"]]
    assert results(book)["price_used"] == pytest.approx(statistics.median(each))
    assert "stale" in book.results()["checks_light"]
    assert "stale" not in results(book, usd_per_hour=3)["checks_light"]


@pytest.mark.parametrize(
    ("entry", "used"),
    [({"usd_per_hour": "$2.10"}, 2.1), ({"usd_per_hour": "2,10"}, None), ({"usd_per_hour": "abc"}, None),
     ({"mfu": "50"}, None), ({"energy_in_price": "maybe"}, None), ({"tokens": "15T", "usd_per_hour": "2.10"}, 2.1)],
)  # fmt: skip
def test_4_an_entry_is_used_or_refused(book, entry, used):
    if used is None:
        with pytest.raises(SettingError):
            results(book, **entry)
    else:
        assert results(book, **entry)["price_used"] == used and not book.failures()


@pytest.mark.parametrize(
    ("entries", "said"),
    [({"currency": "EUR"}, "exchange rate"), ({"currency_per_usd": 0.9}, "exchange rate"), ({"researchers": 20}, "People who are typed"),
     ({"tokens_done": 2e13}, "tokens are done"), ({"share_1y": 1, "share_3y": 1}, "Shares of the mix")],
)  # fmt: skip
def test_4_entries_that_contradict_each_other_are_named(book, entries, said):
    results(book, **entries)
    warned = said == "Shares of the mix"  # a scenario may have them for another contract
    assert any(said in one for one in book.failures()) or (warned and book.results()["checks_warned"] == 2)


def test_5_defaults_do_not_explode_and_physics_is_checked(book):
    small = results(book, accelerators=64)
    assert small["cost_storage"] < 0.01 * small["total_cost"]
    results(book, model="llama-3.1-405b", checkpoint_interval=0.1, checkpoint_gb_per_second=10)
    assert any("longer than a write" in said for said in book.failures())
    slow, quick = (results(book, checkpoint_gb_per_second=speed)["goodput"] for speed in (1, 1000))
    assert slow < quick


def test_6_the_budget_is_more_than_accelerator_hours(book):
    plain = results(book)
    assert 0.29 < plain["cost_people"] / (plain["total_cost"] / 1.1) < 0.49  # Cottier et al. (2024)
    assert plain["cost_experiments"] == pytest.approx(plain["gpu_hours"] * plain["price_used"])
    results(book, usd_per_researcher=300000)
    assert any("People who are typed" in said for said in book.failures())
    assert results(book, usd_per_hour=2)["checks_light"].endswith("People do not follow an own price")
    taxed = results(book, contingency=0.2, tax=0.1)
    assert taxed["total_cost"] / plain["total_cost"] == pytest.approx(1.2 * 1.1 / 1.1)


def test_7_power_is_the_servers_and_missing_is_not_zero(book):
    found = results(book)
    hours = found["gpu_hours"] + found["experiment_hours"]
    assert found["energy_mwh"] == pytest.approx(hours * 700 * 1.5 * 0.75 * 1.25 / 1e6)
    runs = loaded("training-budget", values=True)["Published runs"]
    assert all(runs.cell(row, 9).value != 0 for row in range(14, runs.max_row + 1))
    unknown = results(book, accelerator="tpu-v6e", energy_in_price="no", usd_per_hour=1)
    assert unknown["energy_mwh"] == "not known" and unknown["total_cost"] == "#N/A" and book.failures()


def test_8_ratios_have_the_same_scope_above_and_below(book):
    found = results(book)
    assert found["usd_per_gpu_hour"] == pytest.approx(
        found["total_cost"] / (found["gpu_hours"] + found["experiment_hours"])
    )
    for inputs in ({"price_term": "1y"}, {"ramp_months": 12}, {}):
        found = results(book, **inputs)
        assert found["cost_per_month"] <= found["largest_month"] <= found["total_cost"] == pytest.approx(found["paid"])
    wasted = results(book, recompute="full")  # what others paid does not depend on how this run computes
    assert wasted["reference_hours_p50"] == pytest.approx(found["reference_hours_p50"])
    assert wasted["reference_ratio"] > 1.25 * found["reference_ratio"]
    assert found["total_p10"] < found["total_p50"] < found["total_p90"]


def test_9_rows_can_be_added_and_are_in_the_sum(formulas):
    sheet = formulas["Calculation"]
    assert not sheet.protection.insertRows  # allowed
    formula = sheet[named(formulas, "subtotal").coordinate].value
    first, last = (int(cell.strip("C)")) for cell in formula.split("(")[1].split(":"))
    assert sheet.cell(last, 1).value == "insert rows above this line" and sheet.cell(last, 3).value is None
    assert sheet.cell(first, 1).value == "Cost"


def test_10_arithmetic_is_traceable_without_the_functions(formulas):
    lines = {cell.row for cell, text in formula_cells(formulas)
             if cell.parent.title == "Calculation" and "LLM_" in text}  # fmt: skip
    for name in ("wall_clock_days", "gpu_hours", "total_cost", "energy_mwh", "best_interval_minutes", "goodput"):
        assert named(formulas, name).row not in lines, name


def test_11_everyday_jobs(book):
    plain, other = results(book), results(book, currency="EUR", currency_per_usd=0.9, inflation=0.03)
    assert other["total_in_currency"] == pytest.approx(0.9 * plain["total_cost"])
    assert other["nominal"] > other["paid"] > other["present_value"]
    assert results(book, accelerators=1001)["accelerators_paid"] == 1008
    assert results(book, usd_per_hour=2, scenario="low")["price_used"] == 2  # a contract does not move with a case
    discounted = results(book, price_discount=0.2)["price_used"]
    assert discounted == pytest.approx(0.8 * plain["price_used"])
    assert results(book, report_date="2027-01-31")["present_value"] > plain["present_value"]


def test_12_look(formulas):
    assert formulas.active.title == "Dashboard"
    for name in ("Dashboard", "Sensitivity", "Checks"):  # a board pack of three pages
        assert formulas[name].page_setup.fitToHeight == 1
    for sheet in formulas:
        room = (sheet.page_margins.bottom - sheet.page_margins.footer) * 72
        assert room > 1.5 * sheet.oddFooter.right.size  # a footer's letters are whole
        assert str(sheet.page_setup.paperSize) == "9" and sheet.print_title_rows, sheet.title
        links = {cell.hyperlink.location for row in (4, 5) for cell in sheet[row] if cell.hyperlink}
        assert {"'Dashboard'!A1", "'Inputs'!A1", "'Checks'!A1"} <= links, sheet.title
        if sheet.title in ("Inputs", "Calculation", "Timeline", "Sensitivity", "Checks"):
            assert len(links) >= 9, sheet.title
        assert isinstance(sheet["A3"].value, str) and "checks_light" in sheet["A3"].value, sheet.title
    names = named(formulas, "names_listed")[0][0].row
    assert formulas["Cover"].print_title_rows == f"${names - 1}:${names - 1}"
    assert [pagebreak.id for pagebreak in formulas["Cover"].row_breaks.brk] == [names - 3]
