"""Audits, differences and reports of workbooks, on workbooks that have what they are to find."""

from __future__ import annotations

import io
import json
import re

import openpyxl
import pytest
from chromium import violations

from xlcalc.workbook import report
from xlcalc.workbook.difference import differences
from xlcalc.workbook.files.package import Package
from xlcalc.workbook.files.recalc import Recalculation
from xlcalc.workbook.inspection import findings
from xlcalc.workbook.report_html import as_html
from xlcalc.workbook.templates.build import template_names


def package(cells):
    book = openpyxl.Workbook()
    for place, value in cells.items():
        book.active[place] = value
    buffer = io.BytesIO()
    book.save(buffer)
    return Package(buffer.getvalue())


def test_constants_and_rows_beside_a_sum_are_found():
    column = {f"A{row}": row * 10 for row in range(1, 6)}
    cells = {
        **column,
        "A6": "=SUM(A1:A4)",
        "B1": "=A1*1.25",
        "B2": "=INDEX(A1:A5,3)",
        "B3": "=ROUND(A1,4)",
        "B4": '="2025"',
    }
    found = {(one.kind, one.place) for one in findings(package(cells))}
    assert found == {("sum", "Sheet!A6"), ("constant", "Sheet!B1")}
    whole = {**cells, "A6": "=SUM(A1:A5)", "B1": "=A1*A2"}
    assert not findings(package(whole))


def test_a_number_typed_over_a_formula_is_found():
    rows = {f"{letter}{row}": f"={letter}$9*{letter}8" for letter in "BCDEFG" for row in (1, 2, 3)}
    inputs = {f"{letter}{row}": row for letter in "BCDEFG" for row in (8, 9)}
    series = {"B5": 1, "C5": "=B5+1", "D5": "=C5+1", "E5": "=D5+1"}
    typed = {"B1": 7, "E2": 8}
    assert not [one for one in findings(package({**rows, **inputs, **series})) if one.kind == "typed"]
    found = [one.place for one in findings(package({**rows, **inputs, **series, **typed})) if one.kind == "typed"]
    assert found == ["Sheet!B1", "Sheet!E2"]


def test_formulas_that_nothing_calculates_are_found():
    cells = {
        "A1": 1,
        "A2": '=IFERROR(LLM_KV_CASHE("llama-3.1-8b",8192),0)',
        "A3": "=A4+A1",
        "A4": "=A3",
        "A5": "=SUMM(A1)",
    }
    found = findings(package({**cells, "A6": "=A1+nosuch", "A7": "=Prices[old]", "A8": "=A1/0", "A9": "=A1+A1"}))
    kinds = [(one.kind, one.place.removeprefix("Sheet!")) for one in found]
    assert kinds == [*(("formula", f"A{row}") for row in range(2, 8)), ("error", "A8")]
    assert "did you mean LLM_KV_CACHE" in found[0].said and "itself" in found[1].said


@pytest.mark.slow
def test_a_template_has_no_constant_no_error_and_no_open_sum():
    for name in template_names():
        assert {one.kind for one in findings(report.find(name)) if not one.warns} <= {"price"}, name


def test_differences_are_inputs_results_and_formulas():
    first, second = report.find("fine-tuning"), report.find("fine-tuning")
    second.set_cell(*second.locate("model"), "qwen3-32b")
    own = (
        next(one.definition for one in second.names if one.name == "own_names")
        .rpartition("!")[2]
        .partition(":")[0]
        .replace("$", "")
    )
    second.set_cell("Inputs", own, "Building")  # the first of one's own lines
    found = [tuple(one) for one in differences(first, second)]
    assert found == [("input", "model", "llama-3.1-8b", "qwen3-32b"), ("typed", f"Inputs!{own}", None, "Building")]
    changed = differences(package({"A1": 1, "A2": "=A1+1"}), package({"A1": 1, "A2": "=A1+2"}))
    assert [tuple(one) for one in changed] == [("formula", "Sheet!A2", "=A1+1", "=A1+2")]


def test_a_row_that_was_inserted_is_one_difference():
    lines = {f"A{row}": f"line {row}" for row in range(1, 5)} | {f"B{row}": row for row in range(1, 5)}
    first = {
        **lines,
        "A6": "Total",
        "B6": "=SUM(B1:B5)",
        "A7": "Tax",
        "B7": "=B6*B1",
        "A8": "Free",
        "B8": "=Sheet!B7+$B$2",
    }
    second = {"A1": "line 1", "B1": 1, "A2": "new", "B2": 9, **{f"A{r + 1}": f"line {r}" for r in range(2, 5)},
              **{f"B{r + 1}": r for r in range(2, 5)}, "A7": "Total", "B7": "=SUM(B1:B6)", "A8": "Tax", "B8": "=B7*B1",
              "A9": "Free", "B9": "=Sheet!B8+$B$3"}  # fmt: skip
    there = [tuple(one) for one in differences(package(first), package(second))]
    assert there == [("row", "Sheet!2", None, "new, 9")]
    assert [tuple(one) for one in differences(package(second), package(first))] == [("row", "Sheet!2", "new, 9", None)]
    typed = differences(package(first), package({**second, "B7": 10, "B5": 40}))
    assert [tuple(one)[:2] for one in typed] == [("row", "Sheet!2"), ("typed", "Sheet!B4"), ("formula", "Sheet!B6")]


def test_a_page_loads_nothing_and_escapes_what_it_shows():
    book = report.find("training-budget")
    book.set_cell(*book.locate("model"), "<b>&model\x1b[31m")
    made = report.Report("x", Recalculation(book, 0, 0, 0.0, [], [], [], False), report.named_cells(book), [])
    page = as_html(made).decode()
    assert "&lt;b&gt;&amp;model" in page and "<b>" not in page
    assert not re.search(r"(?:src|href)\s*=|@import|url\(", page)
    assert page.count("<rect") > 5 and page.count("<svg") == 3 and "prefers-color-scheme:dark" in page
    order = [page.index(part) for part in (">Warnings<", "<dl>", ">Range of total", ">Cost in USD<", ">Results<")]
    assert order == sorted(order)
    text = report.as_markdown(made).decode()
    assert text.count(r"\<b\>\&model") == 1 and "\x1b" not in page + text, "an order to a terminal"


def test_a_program_reads_numbers_and_why_there_is_none():
    book = report.find("cluster-tco")
    book.set_cell(*book.locate("currency"), "EUR")
    made = report.Report("x", Recalculation(book, 0, 0, 0.0, [], [], [], False), report.named_cells(book), [], ["said"])
    read = json.loads(report.as_json(made))
    results = {one["name"]: one for one in read["results"]}
    assert results["total_in_currency"]["unit"] == "EUR" and read["notes"] == ["said"]
    assert results["saving_irr"]["value"] > 1 and "reason" not in results["saving_irr"]
    assert report.quantity("never", "month") == {"value": None, "reason": "never"}
    assert report.quantity("#N/A", "") == {"value": None, "reason": "#N/A"}
    assert report.quantity("llama-3.1-8b", "name") == {"value": "llama-3.1-8b"}


def test_every_report_has_the_lines_that_add_up_to_the_total_own_ones_by_name():
    book = report.find("fine-tuning")
    for cell, value in (
        ("A81", "Licences | all"),
        ("B81", 500_000),
        ("C81", "USD in all"),
        ("A82", "Later"),
        ("B82", 0),
    ):
        book.set_cell("Inputs", cell, value)
    book.set_cell(*book.locate("contingency"), 0.1)
    book.set_cell(*book.locate("tax"), 0.2)
    book.set_cell(*book.locate("currency"), "EUR")
    book.set_cell(*book.locate("currency_per_usd"), 0.9)
    book = report.calculated(book)
    made = report.Report("x", Recalculation(book, 0, 0, 0.0, [], [], [], False), report.named_cells(book), [])
    read = json.loads(report.as_json(made))
    amounts = {one["name"]: one["values"][0] for one in read["cost"]["lines"]}
    total = next(one["value"] for one in read["results"] if one["name"] == "total_cost")
    assert amounts.pop("Total") == pytest.approx(total) == pytest.approx(sum(amounts.values()))
    assert (
        amounts["Licences | all"] == 500_000 and amounts["Later"] == 0 and amounts["Tax"] > amounts["Contingency"] > 0
    )
    assert "\n| Licences \\| all | 500,000 |" in report.as_markdown(made).decode()
    page = as_html(made).decode()
    assert "<td>Licences | all</td>" in page and " EUR</small></dd>" in page


def test_a_page_fits_a_phone_and_breaks_no_rule_of_accessibility(browser):
    book = report.find("cluster-tco")
    made = report.Report("x", Recalculation(book, 0, 0, 0.0, [], [], [], False), report.named_cells(book), [])
    for scheme, rules in (("light", ()), ("dark", ("color-contrast",))):
        page = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme=scheme).new_page()
        page.set_content(as_html(made).decode())
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert violations(page, *rules) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a|b `c` $1 &amp;", r"a\|b \`c\` \$1 \&amp;"), ("- a - b", r"\- a - b"), ("12. a", r"12\. a"), ("-5 a", "-5 a")],
)
def test_markdown_shows_a_text_as_it_is(text, shown):
    assert report.escaped(text) == shown


def test_markdown_writes_numbers_that_can_be_read():
    row = report.row_of_markdown([144_544_702_464_000_000_000_000, 1.5e23, 12_345.6, 7.25, True])
    assert row == "| 1.44545e+23 | 1.5e+23 | 12,346 | 7.25 | True |"
