"""Scenarios of a file in one workbook; and a workbook of somebody else as a template, by its named cells."""

from __future__ import annotations

import datetime
import io
import json

import openpyxl
import pytest
import xlsxwriter
from typer.testing import CliRunner

from xlcalc import sweeps
from xlcalc.cli.app import app
from xlcalc.workbook import comparison_book, report, scenarios
from xlcalc.workbook.listed import listed_names
from xlcalc.workbook.settings import SettingError, checked

CSV = "name,hours,start,price\nas it is,,,\nlong,400,2027-03-01,\ncheap,,,1.5\n"
YAML = "as it is:\nlong:\n  hours: 400\n  start: 2027-03-01\ncheap: {price: 1.5}\n"


@pytest.fixture
def plan(tmp_path):
    """Somebody's workbook: named cells, their labels beside them, a sheet of checks; no list of names."""
    path = tmp_path / "plan.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet, checks = book.add_worksheet("My plan"), book.add_worksheet("Checks")
        day = book.add_format({"num_format": "d mmm yyyy"})
        sheet.write_row(0, 0, ["Hours", 10, "h"])
        sheet.write_row(1, 0, ["Price", 2.5, "a remark that is much longer than a unit"])
        sheet.write(2, 0, "Start")
        sheet.write_datetime(2, 1, datetime.datetime(2026, 12, 1), day)
        sheet.write(4, 0, "Cost")
        sheet.write_formula(4, 1, "=hours*price", None, 25)
        sheet.write_formula(5, 1, "=start+hours", day, 46367)
        checks.write_row(0, 0, ["Check", "Kind", "Result", "Advice"])
        checks.write_row(1, 0, ["Cost is below 900", "stop"])
        checks.write_formula("C2", "=IF(cost<900,1,0)", None, 1)
        checks.write("D2", "Fewer hours.")
        checks.write_row("A3", ["Price is usual", "warning"])
        checks.write_formula("C3", "=IF(price<3,1,0)", None, 1)
        for name, cell in {"hours": "B1", "price": "B2", "start": "B3", "cost": "B5", "ends": "B6"}.items():
            book.define_name(name, f"='My plan'!$B${cell[1]}")
        book.define_name("block", "='My plan'!$A$1:$B$3")
    return str(path)


def written(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    return tmp_path / name


def test_named_cells_make_a_template(plan):
    found = report.named_cells(report.find(plan))
    assert found == [
        ("hours", "input", "h", "Hours", 10), ("price", "input", "", "Price", 2.5),
        ("start", "input", "date", "Start", "2026-12-01"), ("cost", "result", "", "Cost", 25),
        ("ends", "result", "date", "", "2026-12-11"),
    ]  # fmt: skip
    made = report.make(plan, {"hours": "1k", "start": "2027-01-01"})
    assert {one.name: one.value for one in made.results} == {"cost": 2500, "ends": "2029-09-27"}
    assert [check.name for check in made.failed] == ["Cost is below 900"]


@pytest.mark.parametrize(("name", "text"), [("s.csv", CSV), ("s.yaml", YAML)])
def test_each_scenario_is_the_workbook_with_its_inputs_and_no_others(plan, tmp_path, name, text):
    compared = scenarios.calculate(plan, scenarios.read(written(tmp_path, name, text)), {"price": "$2"}, iter)
    assert [(one.scenario.name, one.results) for one in compared.outcomes] == [
        ("as it is", {"cost": 20, "ends": "2026-12-11"}),
        ("long", {"cost": 800, "ends": "2028-04-04"}),
        ("cheap", {"cost": 15, "ends": "2026-12-11"}),
    ]
    assert compared.failures == [] and [one.name for one in compared.changed()] == ["hours", "price", "start"]
    assert json.loads(scenarios.as_json(compared))["scenarios"][2]["settings"] == {"price": "1.5"}
    assert "| cost | 20 | 800 | 15 |  | Cost |" in scenarios.as_markdown(compared).decode()


def test_the_day_of_a_report_is_the_day_of_its_formulas(tmp_path):
    path = tmp_path / "age.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet().write_formula("A1", "=TODAY()-A2")
        book.define_name("age", "=Sheet1!$A$1")
        book.define_name("since", "=Sheet1!$A$2")
    day = datetime.date(2027, 1, 31)
    assert report.make(str(path), {"since": "46000"}, day=day).results[0].value == 46418 - 46000
    compared = scenarios.calculate(str(path), [scenarios.Scenario("a", {"since": "46400"}, "")], {}, iter, day=day)
    assert compared.outcomes[0].results == {"age": 18}
    assert report.dated(report.find("fine-tuning"), {}, day)[0] == {"report_date": "2027-01-31"}


def test_an_input_that_the_scenario_shown_does_not_use_is_named(tmp_path):
    path = tmp_path / "cases.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("S")
        sheet.write_row("A1", ["base", 2])
        sheet.write_formula("A2", '=IF(A1="high",9,B1)', None, 2)
        sheet.write_formula("B2", "=A2*10", None, 20)
        for name, cell in {"scenario": "A$1", "price": "B$1", "price_shown": "A$2", "cost": "B$2"}.items():
            book.define_name(name, f"=S!${cell}")
    said = "price=3 counts for nothing: the scenario shown, high, has its own, 9"
    assert report.make(str(path), {"Price": "3"}).unused == []
    assert report.make(str(path), {"Price": "3", "scenario": "high"}).notes[0] == said
    file = written(tmp_path, "s.csv", "name,scenario\na,\nb,high\n")
    assert scenarios.calculate(str(path), scenarios.read(file), {"price": "3"}, iter).warnings == [f"b: {said}"]
    swept = {
        "scenarios": {"scenario": ["high", "base"], "price": [3]},
        "workbook": {"name": str(path), "results": ["cost"]},
    }
    assert sweeps.sweep(swept).unused == [f"of the first scenario {said}"]


def test_the_workbook_compares_them_by_formulas(plan, tmp_path):
    compared = scenarios.calculate(plan, scenarios.read(written(tmp_path, "s.csv", CSV)), {"price": "5"}, iter)
    assert compared.failures == ["long: STOP, not met: Cost is below 900. Fewer hours."]
    data = comparison_book.as_xlsx(compared)
    values, formulas = (openpyxl.load_workbook(io.BytesIO(data), data_only=kind) for kind in (True, False))
    rows = {row[1].value: row for row in values["Comparison"].iter_rows(min_row=6) if row[1].value}
    assert [cell.value for cell in rows["cost"][3:6]] == [0, pytest.approx(39), pytest.approx(-0.7)]
    assert formulas["Comparison"][rows["cost"][4].coordinate].value.startswith("=E")
    counts = {row[0].value: [cell.value for cell in row[3:6]] for row in values["Comparison"].iter_rows(min_row=6)}
    assert counts["Warnings; the sheet Checks has them"] == [1, 1, 0]
    said = {row[0]: row[1] for row in values["Checks"].iter_rows(min_row=6, values_only=True)}
    assert compared.warnings == ["as it is, long: Warning, not met: Price is usual."]
    assert said["as it is, long"] == "Warning, not met: Price is usual."
    assert said["cheap"] == "nothing" and "Cost is below 900" in said["long"]


@pytest.mark.slow
def test_the_lines_of_cost_of_a_template_stand_beside_each_other(tmp_path):
    file = written(tmp_path, "s.yml", "once:\ntwice: {requests_per_day: 1M}\n")
    compared = scenarios.calculate("hosting-budget", scenarios.read(file), {"requests_per_day": "500k"}, iter)
    for one in compared.outcomes:
        label, values = one.bill.lines[-1]
        assert label == "Total" and values[0] == pytest.approx(one.results["total_cost"])
        assert sum(amounts[0] for _, amounts in one.bill.lines[:-1]) == pytest.approx(values[0])
    assert compared.outcomes[1].results["total_cost"] > compared.outcomes[0].results["total_cost"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,hour\na,1\n", "plan.xlsx has no name hour. Did you mean hours?"),
        ("name,hours\na,1\nb,many\n", "s.csv, line 3, b: hours must be a number"),
        ("name,hours\na,1\nA,2\n", "s.csv, line 3 is the second scenario named A"),
        ("name,hours\na,1,2\n", "s.csv, line 2: has 3 values for 2 columns"),
        ("name,hours\n", "s.csv has 0 scenarios; 1 to 500"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_calculated(plan, tmp_path, text, said):
    with pytest.raises(SettingError) as refused:
        scenarios.calculate(plan, scenarios.read(written(tmp_path, "s.csv", text)), {}, iter)
    assert said in str(refused.value)


def test_of_a_workbook_that_lists_its_inputs_these_alone_are_set(plan):
    book, own = report.find("training-budget"), report.find(plan)
    listed = listed_names(book)
    for name, said in {
        "hours_per_day": r"training-budget has no input hours_per_day\. Did you mean node_failures_per_day\?",
        "own_in_all": r"no input own_in_all\. xlcalc templates --names lists",
        "modle": r"Did you mean model\?",
        "total_cost": "total_cost is no input: .* holds a formula",
        "Inputs!$B$97": "is a cell, .* own lines, people, offers",
    }.items():
        with pytest.raises(SettingError, match=said):
            checked(book, {name: "5"}, listed)
    assert checked(book, {"MFU": "0.3"}, listed) == {book.locate("mfu"): 0.3}
    with pytest.raises(SettingError, match=r"B1 is a cell, .* give the cell a name"):
        checked(own, {"B1": "5"}, listed_names(own))


def test_a_scenario_that_stands_twice_in_yaml_is_refused(tmp_path):
    for text in ("a: {hours: 1}\na: {hours: 2}\n", "a:\n  hours: 1\n  hours: 2\n"):
        with pytest.raises(SettingError, match=r"s\.yaml, line [23]: (a|hours) stands there twice"):
            scenarios.read(written(tmp_path, "s.yaml", text))


def test_the_command_writes_one_workbook_and_says_what_fails(plan, tmp_path):
    file, out = written(tmp_path, "s.csv", CSV), tmp_path / "compared.xlsx"
    done = CliRunner().invoke(app, ["report", plan, "--scenarios", str(file), "--set", "price=5", "-o", str(out)])
    assert done.exit_code == 1 and "long: STOP, not met" in done.output
    assert openpyxl.load_workbook(out).sheetnames == ["Cover", "Comparison", "Chart", "Inputs", "Checks"]
    file.write_text("name,hours\na,x\n")
    refused = CliRunner().invoke(app, ["report", plan, "--scenarios", str(file), "-o", str(tmp_path / "no.xlsx")])
    assert refused.exit_code == 2 and not (tmp_path / "no.xlsx").exists()
