"""What every budget does when an analyst works with it: scenarios, own lines, actuals, prices, wrong entries."""

from __future__ import annotations

from functools import cache

import pytest
from openpyxl.utils import get_column_letter
from template_files import SHIPPED, changed, checks, loaded, named, row_of

from xlcalc.catalog import tables
from xlcalc.workbook.files.package import Package
from xlcalc.workbook.listed import listed_names
from xlcalc.workbook.templates.build import template_names

BUDGETS = [name for name in template_names() if listed_names(SHIPPED[name])]
pytestmark = [pytest.mark.slow, pytest.mark.parametrize("name", BUDGETS)]
LEGAL, SUPPORT, ACTUAL, INFLATION, DISCOUNT = 120_000, 0.05, 1000.0, 0.03, 0.08


class Shipped:
    """A template as it ships, with the values in its file."""

    def __init__(self, name: str) -> None:
        self.package = Package(SHIPPED[name])

    def named(self, name):
        return self.value(*self.package.locate(name))

    def value(self, sheet, cell):
        return self.package.value(sheet, cell)


@cache
def book(name):
    return loaded(name)


@cache
def plain(name):
    return Shipped(name)


def months(report, name):
    return [report.value("Timeline", cell.coordinate) for cell in named(book(name), "monthly_costs")[0]]


def largest_line(name):
    """The row and the label of the largest line of cost."""
    steps, first = book(name)["Calculation"], named(book(name), "own_totals")[0][0].row
    rows = {}
    for row in range(first - 1, 0, -1):
        if not isinstance(plain(name).value("Calculation", f"C{row}"), (int, float)):
            break
        rows[plain(name).value("Calculation", f"C{row}")] = row
    row = rows[max(rows)]
    return row, steps.cell(row, 1).value


def override_row(name, label="Contingency"):
    """The row of Scenarios where a scenario sets an input of its own: below any result of that name. 0: there is none."""
    sheet = book(name)["Scenarios"]
    return max((row for row in range(1, sheet.max_row + 1) if sheet.cell(row, 1).value == label), default=0)


@cache
def worked(name):
    """An analyst's day: two own lines, an actual, a scenario of one's own, inflation and discount."""
    row = named(book(name), "own_names")[0][0].row
    first = next(place for place, amount in enumerate(months(plain(name), name)) if amount > 0)
    cells = {
        ("Inputs", f"A{row}"): "Legal", ("Inputs", f"B{row}"): LEGAL, ("Inputs", f"C{row}"): "USD a month",
        ("Inputs", f"A{row + 1}"): "Support", ("Inputs", f"B{row + 1}"): SUPPORT,
        ("Inputs", f"C{row + 1}"): "share of a line", ("Inputs", f"G{row + 1}"): largest_line(name)[1],
        ("Timeline", f"{get_column_letter(4 + first)}{named(book(name), 'forecast').row - 1}"): ACTUAL,
        ("Scenarios", f"I{override_row(name)}"): 0.5,
    }  # fmt: skip
    return changed(cells, template=name, inflation=INFLATION, discount_rate=DISCOUNT), first


@pytest.mark.parametrize("place", [0, 2])
def test_the_scenario_shown_is_the_column_of_its_name(name, place):
    heads, totals = (named(book(name), one)[0] for one in ("scenario_list", "total_cost_scenarios"))
    report = changed(template=name, scenario=heads[place].value)
    assert report.ok, report.errors[:3]
    assert report.named("checks_failed") == 0, report.named("checks_light")
    assert report.named("total_cost") == pytest.approx(report.value("Calculation", totals[place].coordinate), rel=1e-12)
    assert plain(name).value("Calculation", totals[place].coordinate) == pytest.approx(report.named("total_cost"))


def test_own_lines_reach_total_months_dashboard_and_scenarios(name):
    report, _ = worked(name)
    assert report.ok and report.named("checks_failed") == 0, report.named("checks_light")
    added = report.named("subtotal") - plain(name).named("subtotal")
    share = SUPPORT * plain(name).value("Calculation", f"C{largest_line(name)[0]}")
    assert added - share >= LEGAL and (added - share) / LEGAL == pytest.approx(round((added - share) / LEGAL))
    marked = 1 + plain(name).named("contingency")
    assert report.named("total_cost") - plain(name).named("total_cost") == pytest.approx(added * marked)
    assert report.named("paid") - plain(name).named("paid") >= LEGAL
    row = row_of(book(name)["Dashboard"], "Own lines", column=6)
    assert report.value("Dashboard", f"H{row}") == pytest.approx(added)
    assert report.value("Scenarios", f"C{row_of(book(name)['Scenarios'], 'Own lines')}") == pytest.approx(added)


def test_a_free_scenario_changes_its_own_column_alone(name):
    row = named(book(name), "subtotal").row
    for cell in named(book(name), "total_cost_scenarios")[0]:
        total, lines = (worked(name)[0].value("Calculation", f"{cell.column_letter}{r}") for r in (cell.row, row))
        contingency = 0.5 if cell.column_letter == "I" else plain(name).named("contingency")
        residual = 0  # what a cluster is sold for is no cost to have a reserve for
        if name == "cluster-tco":
            residual = worked(name)[0].value(
                "Calculation", f"{cell.column_letter}{named(book(name), 'cost_residual').row}"
            )
        assert total == pytest.approx((lines - residual) * (1 + contingency) + residual)


def test_actuals_make_the_forecast(name):
    report, first = worked(name)
    planned = months(report, name)
    assert report.named("variance") == pytest.approx(ACTUAL - planned[first])
    assert report.named("forecast") == pytest.approx(sum(planned) + ACTUAL - planned[first])


def test_inflation_and_discount_by_month(name):
    report, _ = worked(name)
    paid, today = months(report, name), report.value("Inputs", named(book(name), "report_date").coordinate)
    days = [report.value("Timeline", f"{get_column_letter(4 + place)}9") for place in range(len(paid))]
    nominal = [amount * (1 + INFLATION) ** max(0, (day - today) / 365) for amount, day in zip(paid, days, strict=True)]
    value = [amount / (1 + DISCOUNT) ** max(0, (day - today) / 365) for amount, day in zip(nominal, days, strict=True)]
    assert report.named("nominal") == pytest.approx(sum(nominal))
    assert report.named("present_value") == pytest.approx(sum(value))


def test_wrong_entries_stop_and_each_is_marked(name):
    """Nothing that is typed is left unused in silence.

    Text where a number belongs, and no scenario, have the whole book calculated by both engines: in a project and in a
    month, which the other books are laid out like; their own line has a wrong period.
    """
    wrong = {"price_term": "2y", "contingency": 50}
    if name == "cluster-tco":  # where all ways of renting stand side by side
        del wrong["price_term"]
    amount, period = 2.1, "USD a year"
    if name in ("training-budget", "hosting-budget"):
        wrong |= {"scenario": "worst", "usd_per_hour": "$2.10", "start_date": "soon"}
        amount, period = "2,10", "USD a month"
    row = named(book(name), "own_names")[0][0].row
    cells = {("Inputs", f"A{row}"): "Legal", ("Inputs", f"B{row}"): amount, ("Inputs", f"C{row}"): period,
             ("Scenarios", f"I{override_row(name)}"): 50}  # fmt: skip
    report = changed(cells, template=name, **wrong)
    for entry in wrong:
        assert report.value("Inputs", f"F{named(book(name), entry).row}") == 0, entry
    assert report.value("Inputs", f"F{row}") == 0
    assert report.named("checks_ok") == 0 and report.named("checks_light").startswith("STOP, not met: Inputs")
    assert checks(report)["Scenarios are within the limits"] == 0


def test_an_analysts_choices_reach_every_sheet(name):
    """Another model, a price typed over a listed one, a year's commitment, another scenario."""
    sheet = book(name)["Prices"]
    listed = next(
        row for row in range(6, 400) if sheet.cell(row, 5).value == "h100-sxm" and sheet.cell(row, 6).value == 8
    )
    scenario = named(book(name), "scenario_list")[0][-1].value  # one of its own, which changes nothing
    choices = {"scenario": scenario}
    if name != "cluster-tco":  # where all ways of renting stand side by side
        choices["price_term"] = "1y"
    if "model" in book(name).defined_names:
        choices["model"] = "qwen3-32b"
    report = changed({("Prices", f"O{listed}"): 3.0 * 8}, template=name, **choices)
    assert report.ok and report.named("checks_failed") == 0, report.named("checks_light")
    assert report.named("price_on_demand") == 3 and report.named("price_1y") == pytest.approx(3 * (1 - 0.34))
    board = report.rows("Dashboard")
    moved = "total_cost" if "model" in choices else "rent_usd_per_hour"  # a cluster of one's own costs what it cost
    assert any(report.named("total_cost") in row.values() for row in board.values())
    assert report.named(moved) != plain(name).named(moved)
    assert all(scenario in report.rows(one)[3][1] for one in ("Dashboard", "Timeline", "Checks"))
    assert checks(report).get("Commitments are priced by quotes", -1) == -1
    used = {row.get(1) for row in report.rows("Sources").values()}
    sources = {row["id"]: row["source"] for row in tables.rows("models")}
    if "model" in choices and name != "model-comparison":  # whose scenarios are models
        assert report.named("model_id") == "qwen3-32b" and sources["qwen3-32b"] in used


def test_own_prices_do_not_move_and_listed_ones_are_the_median(name):
    assert changed(template=name, usd_per_hour=3, price_level=2).named("price_on_demand") == 3
    assert plain(name).named("price_on_demand") == pytest.approx(plain(name).named("price_median"))


def test_the_bridge_leads_from_one_total_to_the_other(name):
    """Between two scenarios of other volume, contracts, use and prices."""
    sheet, cells = book(name)["Scenarios"], {}
    own = {"Contingency": 0.3, "Tax that is not recovered": 0.1, "Accelerator": "a100-sxm-80gb", "Contract": "1y"}
    for label, value in own.items():
        if row := override_row(name, label):
            cells["Scenarios", f"G{row}"] = value
    places = [named(book(name), place).coordinate for place in ("bridge_from", "bridge_to")]
    row = row_of(sheet, "=bridge_from")
    names = [cell.value for cell in named(book(name), "scenario_list")[0]]
    chosen = names[0], names[3]
    ends = {("Scenarios", place): scenario for place, scenario in zip(places, chosen, strict=True)}
    report = changed({**cells, **ends}, template=name)
    changes = [report.value("Scenarios", f"C{r}") for r in range(row, row + 6)]
    columns = [named(book(name), "total_cost_scenarios")[0][names.index(one)].coordinate for one in chosen]
    totals = [report.value("Calculation", column) for column in columns]
    assert changes[0] == totals[0] and sum(changes) == pytest.approx(totals[1])
    labels = [sheet.cell(r, 1).value for r in range(row + 1, row + 6)]
    assert labels == ["More or less volume", "Mix of contracts and machines", "Efficiency", "Prices", "Everything else"]
    assert changes[labels.index("Everything else") + 1] and changes[labels.index("Prices") + 1]
    if name != "cluster-tco":  # which pays for systems, whatever they are called
        assert changes[labels.index("Mix of contracts and machines") + 1]
