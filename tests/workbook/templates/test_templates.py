"""The template workbooks: rebuilt as shipped, calculated, traceable, and guarded."""

from __future__ import annotations

import io
import re
from itertools import pairwise

import openpyxl
import pytest
from openpyxl.formula import Tokenizer
from openpyxl.utils import column_index_from_string
from openpyxl.worksheet.formula import ArrayFormula
from template_files import SHIPPED, formula_cells, loaded, named

import xlcalc
from xlcalc.catalog import tables
from xlcalc.workbook.files.package import Package
from xlcalc.workbook.listed import listed_names
from xlcalc.workbook.templates import style
from xlcalc.workbook.templates.book import Book
from xlcalc.workbook.templates.build import template_names

TEMPLATES = template_names()
BUDGETS = [name for name in TEMPLATES if listed_names(SHIPPED[name])]  # those with inputs
WHOLE_NUMBERS_ALLOWED = {"0", "1"}


@pytest.fixture(scope="module", params=TEMPLATES)
def formulas(request):
    return loaded(request.param)


@pytest.fixture(scope="module", params=BUDGETS)
def budget(request):
    return loaded(request.param)


@pytest.fixture(scope="module", params=BUDGETS)
def budget_values(request):
    return loaded(request.param, values=True)


# Building


@pytest.mark.parametrize("name", TEMPLATES)
def test_nothing_is_dated_by_the_clock(name):
    newest = max(row["as_of"] for name in ("accelerators", "models", "prices") for row in tables.rows(name))
    properties = openpyxl.load_workbook(io.BytesIO(SHIPPED[name])).properties
    assert properties.created.date().isoformat() == properties.modified.date().isoformat() == newest
    assert properties.title and properties.creator == "xlcalc" and properties.subject


# Values


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_formula_has_its_value(name):
    values = loaded(name, values=True)
    cells = list(formula_cells(loaded(name)))
    assert len(cells) > 400
    for cell, content in cells:
        value = values[cell.parent.title][cell.coordinate].value
        assert value is not None and value != "", (cell.parent.title, cell.coordinate, content)
        assert not str(value).startswith("#"), (cell.parent.title, cell.coordinate, content, value)


def test_llm_calls_are_facts(budget):
    """A handful of facts a scenario; arithmetic of time, cost and energy is Excel's own, so that it can be traced."""
    calls = {call for _, content in formula_cells(budget) for call in re.findall(r"LLM_\w+", content)}
    assert calls <= {declaration.name for declaration in xlcalc.functions()}
    assert not any("LLM_" in content for cell, content in formula_cells(budget) if cell.parent.title == "Timeline")
    steps = budget["Calculation"]
    lines = {cell.row for cell, content in formula_cells(budget) if cell.parent is steps and "LLM_" in content}
    assert 1 <= len(lines) <= 20
    arithmetic = {cell.row for cell, content in formula_cells(budget) if cell.parent is steps} - lines
    assert len(arithmetic) > 3 * len(lines)


def test_checks_pass_as_shipped(budget_values):
    assert named(budget_values, "checks_ok").value == 1
    assert named(budget_values, "checks_failed").value == 0
    results = [budget_values["Checks"].cell(row, 5).value for row in range(12, budget_values["Checks"].max_row + 1)]
    assert len(results) >= 10 and set(results) <= {1, -1}


# Names


def test_defined_names_lead_to_cells(formulas):
    assert formulas.defined_names
    for name, defined in formulas.defined_names.items():
        for sheet, area in defined.destinations:
            cells = formulas[sheet][area.replace("$", "")]
            assert cells, name


@pytest.mark.parametrize("name", BUDGETS)
def test_cover_lists_inputs_and_results(name):
    listed = {one.name: one for one in listed_names(SHIPPED[name])}
    inputs, results = ({name for name, one in listed.items() if one.kind == kind} for kind in ("input", "result"))
    assert inputs >= {"accelerator", "scenario", "usd_per_hour", "instance", "start_date", "contingency"}
    assert ("price_term" in inputs) == (name != "cluster-tco")  # where all ways of renting stand side by side
    assert results >= {"total_cost", "present_value", "forecast", "checks_ok", "checks_light"}
    assert all(one.meaning for one in listed.values())
    package = Package(SHIPPED[name])
    for one in listed:
        package.locate(one)


def test_stable_names_of_the_training_budget():
    listed = {one.name for one in listed_names(SHIPPED["training-budget"])}
    assert listed >= {
        "model", "tokens", "seq_len", "accelerator", "accelerators", "mfu", "usd_per_hour", "price_term", "instance",
        "node_failures_per_day", "recovery_time", "checkpoint_interval", "scenario", "start_date",
        "total_cost", "wall_clock_days", "gpu_hours", "cost_per_month", "usd_per_billion_tokens", "energy_mwh",
        "end_date", "checks_ok",
    }  # fmt: skip
    assert listed_names(SHIPPED["hardware"]) == []


# Form


def test_opens_on_the_dashboard_in_reading_order(budget):
    names = budget.sheetnames
    assert names[:4] == ["Cover", "Dashboard", "Inputs", "Scenarios"] and names[-1] == "Sources"
    assert budget.active.title == "Dashboard"
    assert [sheet.title for sheet in budget if sheet.sheet_view.tabSelected] == ["Dashboard"]


def test_no_constant_inside_a_formula(formulas):
    for cell, content in formula_cells(formulas):
        if WHOLE_NUMBERS_ALLOWED.issuperset(re.findall(r"(?<![\w.$])\d[\d.]*", content)):
            continue  # most formulas, which need not be taken apart
        for token in Tokenizer(content).items:
            if token.subtype == "NUMBER":
                assert token.value in WHOLE_NUMBERS_ALLOWED, (cell.parent.title, cell.coordinate, content)


@pytest.mark.parametrize(("sheet", "first"), [("Calculation", 4), ("Timeline", 4)])
def test_one_formula_a_row(budget, sheet, first):
    """Scenarios and months have one formula a row; the rows that say what a column is are what columns differ in."""
    checked = 0
    for row in budget[sheet].iter_rows(min_col=first, max_col=9 if sheet == "Calculation" else 63):
        cells = [cell for cell in row if cell.data_type == "f"]
        if len(cells) < 6 or row[0].row < 6 or budget[sheet].cell(row[0].row, 1).value is None:
            continue
        texts = [cell.value.text if isinstance(cell.value, ArrayFormula) else cell.value for cell in cells]
        for (left, text), (right, other) in pairwise(zip(cells, texts, strict=True)):
            assert relative(text, left.column) == relative(other, right.column), (left.coordinate, right.coordinate)
        checked += 1
    assert checked >= 15


def relative(text, column):
    """A formula with its references as columns to the right of its own, as Excel's R1C1 has them."""

    def moved(found):
        fixed, letters, row = found.groups()
        return found[0] if fixed else f"C[{column_index_from_string(letters) - column}]{row}"

    return re.sub(r"(?<![\w.$])(\$?)([A-Z]{1,3})(\$?\d+)(?![\w(])", moved, text)


def test_sums_end_in_a_guard_row(budget):
    """A row inserted above the guard row is inside the sum: the sum runs from the heading to the guard."""
    for name, column, totals in (("Calculation", "C", "subtotal"), ("Timeline", "D", "paid_subtotal")):
        sheet = budget[name]
        guards = [
            row for row in range(1, sheet.max_row + 1) if sheet.cell(row, 1).value == "insert rows above this line"
        ]
        assert len(guards) == 1
        total = named(budget, totals).row
        assert total == guards[0] + 1 and sheet[f"{column}{guards[0]}"].value is None
        first, last = re.search(r"SUM\([A-Z]+(\d+):[A-Z]+(\d+)\)", sheet[f"{column}{total}"].value).groups()
        assert int(last) == guards[0] and sheet[f"{column}{first}"].value is None
        assert all(sheet[f"{column}{row}"].data_type == "f" for row in range(int(first) + 1, guards[0]))


def test_inputs_are_open_and_guarded_and_nothing_else(budget):
    names = named(budget, "names_listed")
    inputs = [row[0].value for row in names if row[1].value == "input"]
    sheet = budget["Inputs"]
    guarded = {cell for rule in sheet.data_validations.dataValidation for cell in str(rule.sqref).split()}
    for name in inputs:
        cell = named(budget, name)
        assert not cell.protection.locked and cell.coordinate in guarded, name
        assert cell.font.color.rgb.endswith(style.INPUT_FONT) and cell.fill.start_color.rgb.endswith(style.YELLOW)
        unit, note, source = (sheet.cell(cell.row, column).value for column in (3, 8, 9))
        assert note and source, name
        assert unit or cell.data_type == "s" or cell.value is None, name
    for rule in sheet.data_validations.dataValidation:
        assert rule.showErrorMessage and rule.error and len(rule.error) <= 225 and len(rule.prompt or "") <= 255
    for cell, _ in formula_cells(budget):
        assert cell.protection.locked, (cell.parent.title, cell.coordinate)
    for sheet in budget:
        assert sheet.protection.sheet and not sheet.protection.password


def test_drop_downs_point_to_filled_lists(budget):
    lists = [rule.formula1 for rule in budget["Inputs"].data_validations.dataValidation if rule.type == "list"]
    assert {"hardware_list", "prices_list", "scenario_list"} <= set(lists)
    assert ("term_list" in lists) == ("price_term" in budget.defined_names)
    for reference in lists:
        cells = named(budget, reference)
        values = [cell.value for row in cells for cell in row]
        assert sum(value is not None for value in values) >= 2, reference
    assert len({c.value for c in named(budget, "scenario_list")[0]}) == 6
    assert [c.value for c in named(budget, "price_terms")[0]] == ["on_demand", "spot", "1y", "3y"]


def test_pages_and_panes(formulas):
    for sheet in formulas:
        assert sheet.page_setup.orientation == "landscape"
        years = -(-(sheet.max_column - 3) // 13)  # a page a year of Timeline, and what comes later
        wide = {"Timeline": years, "Prices": 2, "Hardware": 2}  # small print is no print
        assert sheet.page_setup.fitToWidth == wide.get(sheet.title, 1)
        assert str(sheet.page_setup.paperSize) == "9"  # A4
        assert sheet.sheet_properties.pageSetUpPr.fitToPage and sheet.print_title_rows
        assert sheet.oddFooter.right.text == "Page &P of &N"
    for name in ("Hardware", "Prices", "Models"):
        assert formulas[name].freeze_panes and formulas[name].auto_filter.ref


def test_numbers_fit_their_columns(budget_values):
    """Text may run over its neighbours, a number may not: it would show as ####."""
    for sheet in budget_values:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, (int, float)) and cell.coordinate not in sheet.merged_cells:
                    shown = f"{cell.value:,.0f}" if cell.number_format in (style.WHOLE, style.USD) else ""
                    width = sheet.column_dimensions[cell.column_letter].width
                    assert len(shown) + 1 <= width, (sheet.title, cell.coordinate, shown, width)


def test_charts_say_what_they_show(budget):
    # openpyxl reads charts back with their titles
    charts = {sheet.title: sheet._charts for sheet in budget if sheet._charts}
    assert len(charts["Dashboard"]) == 3 and len(charts["Sensitivity"]) == len(charts["Scenarios"]) == 1
    for sheet, found in charts.items():
        for chart in found:
            assert chart.title.tx.rich.p[0].r[0].t
            assert ("replicas" if sheet == "Load by hour" else "USD") in chart.y_axis.title.tx.rich.p[0].r[0].t


def test_contents_lead_to_the_sheets(budget):
    locations = {cell.hyperlink.location for row in budget["Cover"].iter_rows() for cell in row if cell.hyperlink}
    assert {f"'{name}'!A1" for name in budget.sheetnames[1:]} <= locations


def test_every_source_is_on_the_sources_sheet(formulas):
    sources = formulas["Catalog sources" if "Catalog sources" in formulas.sheetnames else "Sources"]
    rows = {sources.cell(row, 1).value: row for row in range(6, sources.max_row + 1)}
    cited = set()
    for name, columns in (
        ("Hardware", [c for c in range(1, 40) if str(formulas["Hardware"].cell(6, c).value).startswith("Source")]),
        ("Prices", [13]),
        ("Models", [11]),
    ):
        sheet = formulas[name]
        for row in range(sheet.auto_filter.ref and 7, sheet.max_row + 1):
            for column in columns:
                cited |= {key.strip() for key in (sheet.cell(row, column).value or "").split(";") if key.strip()}
    assert len(cited) > 20 and cited <= rows.keys()
    for key in cited:
        address, when = sources.cell(rows[key], 3).value, sources.cell(rows[key], 4).value
        assert address.startswith("https://") and re.fullmatch(r"\d{4}-\d{2}-\d{2}", when), key


def test_text_of_a_catalog_is_never_a_formula():
    book = Book("Trial", "trial")
    sheet = book.workbook.create_sheet("Trial")
    for row, content in enumerate(["=1+1", "+1", "-2", "@SUM(A1)", '=HYPERLINK("x")'], 1):
        style.text(sheet, row, 1, content)
        style.value(sheet, row, 2, content)
    buffer = io.BytesIO()
    book.workbook.save(buffer)
    again = openpyxl.load_workbook(io.BytesIO(buffer.getvalue()))["Trial"]
    for row in again.iter_rows():
        for cell in row:
            assert cell.data_type == "s" and cell.quotePrefix
