"""A workbook kept open gives what a report made anew gives."""

from __future__ import annotations

from threading import Thread

import pytest
import xlsxwriter

import xlcalc
from xlcalc.workbook import report
from xlcalc.workbook.settings import SettingError

EXACT_ONLY = "=SUMPRODUCT(LEN(A2:A2))&LEFT(TRUE,2)"  # what the fast engine is not trusted with


@pytest.fixture(params=["", EXACT_ONLY], ids=["fast engine", "exact engine too"])
def plan(request, tmp_path):
    """Hours, a price with limits, and their product; a check that it stays below 1,000."""
    path = tmp_path / "plan.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        cover, inputs, checks = (book.add_worksheet(name) for name in ("Cover", "Inputs", "Checks"))
        for row, listed in enumerate((("hours", "input", "h", "Hours"), ("price", "input", "USD", "Price"),
                                      ("start", "input", "date", "Start"), ("cost", "result", "USD", "Cost"),
                                      ("end", "result", "date", "End"))):  # fmt: skip
            cover.write_row(row, 0, listed)
        inputs.write_column(0, 0, [10, 2.5, 46023])
        inputs.data_validation("A2", {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 500})
        inputs.write_formula("A4", "=hours*price", None, 25)
        inputs.write_formula("A5", "=start+hours", None, 46033)
        if request.param:
            inputs.write_formula("B1", request.param, None, "3TR")
        checks.write_row(0, 0, ["Check", "Kind", "Result", "Advice"])
        checks.write_row(1, 0, ["Cost is below 1,000", "stop"])
        checks.write_formula("C2", "=IF(cost<1000,1,0)", None, 1)
        checks.write("D2", "Fewer hours.")
        book.define_name("names_listed", "=Cover!$A$1:$D$5")
        for row, name in enumerate(("hours", "price", "start", "cost", "end"), 1):
            book.define_name(name, f"=Inputs!$A${row}")
    return str(path)


def test_inputs_are_set_and_results_follow(plan):
    with xlcalc.open_workbook(plan) as book:
        assert book.results() == {"cost": 25, "end": "2026-01-11"} and book.failures() == []
        book.set(hours=20)
        book.set({"price": "$3.00"}, start="2026-03-01")
        assert book.results() == {"cost": 60, "end": "2026-03-21"}
        book.set(hours="1k")
        (failure,) = book.failures()
        assert failure.startswith("STOP, not met: Cost is below 1,000") and book.results()["cost"] == 3000
        book.reset()
        assert book.results() == {"cost": 25, "end": "2026-01-11"} and book.failures() == []


def test_results_by_name_are_those_of_the_whole(plan):
    with xlcalc.open_workbook(plan) as book:
        for hours in (20, "1k", ""):
            book.set(hours=hours)
            assert book.results("COST") == {"cost": book.results()["cost"]}
        book.set_only({"price": "3"})
        assert book.results("cost", "end") == {"cost": 30, "end": "2026-01-11"} == book.results()
        with pytest.raises(SettingError, match="no result named hours"):
            book.results("cost", "hours")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cluster-tco", "training-budget"])
def test_results_of_a_template_by_name_are_those_of_the_whole(name):
    with xlcalc.open_workbook(name) as book:
        money = [one.name for one in book.listed if one.kind == "result" and "cost" in one.name][:3]
        for share in ("7%", "31%"):
            book.set(contingency=share)
            few, whole = book.results(*money), book.results()
            assert few == {name: whole[name] for name in money} and len(few) == 3
        assert all(part is not None for part in book._excerpts.values())


def test_what_a_report_refuses_is_refused_and_changes_nothing(plan):
    with xlcalc.open_workbook(plan) as book:
        for refused in ({"price": "501"}, {"cost": "5"}, {"hour": "5"}, {"hours": "3", "price": "much"}):
            with pytest.raises(SettingError):
                book.set(refused)
        assert book.results()["cost"] == 25


@pytest.mark.parametrize("hours", [10**400, "1" * 5000, True, "x" * 40_000])
def test_what_no_cell_holds_is_refused_at_once(plan, hours):
    with xlcalc.open_workbook(plan) as book, pytest.raises(SettingError, match=r"hours|start"):
        book.set(start="2026-03-01", hours=hours)


def test_threads_take_turns(plan):
    found = []
    with xlcalc.open_workbook(plan) as book:

        def ask(hours):
            for _ in range(20):
                book.set_only({"hours": hours})
                found.append(book.results()["cost"])

        threads = [Thread(target=ask, args=(hours,), daemon=True) for hours in (10, 20, 30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert len(found) == 60 and {*found} <= {25, 50, 75}


def test_an_error_is_told_as_a_report_tells_it(plan):
    with xlcalc.open_workbook(plan) as book:
        book.set(hours="")
        book.set(hours="1e308", price="500")
        made = report.make(plan, {"hours": "1e308", "price": "500"})
        assert book.failures() == report.failures(made) and book.results()["cost"] == "#NUM!"


@pytest.mark.parametrize("plan", [EXACT_ONLY], indirect=True)
def test_what_the_exact_engine_alone_calculates_follows_its_inputs(plan):
    with xlcalc.open_workbook(plan) as book:
        for price, length in (("1.125", 5), ("7", 1), ("2.5", 3)):
            book.set(price=price)
            assert book.rows("Inputs")[1][2] == f"{length}TR"


@pytest.mark.slow
def test_a_template_gives_what_its_report_gives():
    name = "cluster-tco"  # which has a formula for the exact engine
    settings = {"contingency": "5%", "report_date": "2027-01-31"}
    with xlcalc.open_workbook(name) as book:
        book.set(contingency="20%")
        book.set(settings)
        made = report.make(name, settings)
        assert book._held.is_sound()
        assert book.results() == {one.name: one.value for one in made.results}
        assert book.failures() == report.failures(made)
