"""The template workbooks: rebuilt as shipped, calculated, traceable, and guarded."""

from __future__ import annotations

import io
import re
from itertools import pairwise

import openpyxl
import pytest
from openpyxl.formula import Tokenizer
from openpyxl.formula.translate import Translator
from template_files import SHIPPED, formula_cells, loaded, named

import xlcalc
from xlcalc.catalog import tables
from xlcalc.workbook.files.package import Package
from xlcalc.workbook.templates import style
from xlcalc.workbook.templates.book import Book
from xlcalc.workbook.templates.build import listed_names, template, template_names

BUDGET_SHEETS = ["Cover", "Inputs", "Hardware", "Prices", "Models", "Calculation", "Estimate", "Timeline", "Dashboard",
                 "Sensitivity", "Checks", "Sources"]  # fmt: skip
TEMPLATES = template_names()
WHOLE_NUMBERS_ALLOWED = {"0", "1"}


@pytest.fixture(scope="module")
def built():
    return {name: template(name) for name in TEMPLATES}


@pytest.fixture(scope="module", params=TEMPLATES)
def formulas(request):
    return loaded(request.param)


@pytest.fixture(scope="module")
def budget():
    return loaded("training-budget")


@pytest.fixture(scope="module")
def budget_values():
    return loaded("training-budget", values=True)


# Building


def test_same_input_same_bytes(built):
    assert template("hardware") == built["hardware"]


def test_nothing_is_dated_by_the_clock(built):
    newest = max(row["as_of"] for name in ("accelerators", "models", "prices") for row in tables.rows(name))
    properties = openpyxl.load_workbook(io.BytesIO(built["training-budget"])).properties
    assert properties.created.date().isoformat() == properties.modified.date().isoformat() == newest
    assert properties.title == "Training budget" and properties.creator == "xlcalc" and properties.subject


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


def test_llm_calls(budget):
    calls = [call for _, content in formula_cells(budget) for call in re.findall(r"LLM_\w+", content)]
    assert len(calls) > 500
    assert len(set(calls)) >= 15
    assert set(calls) <= {declaration.name for declaration in xlcalc.functions()}


def test_total_is_the_arithmetic_of_the_origin(budget_values):
    """Written out again from the cell functions alone, without the workbook."""

    def at(name):
        return named(budget_values, name).value

    flops = xlcalc.LLM_TRAIN_FLOPS(at("model"), at("tokens"), at("seq_len"), at("recompute"))
    hours = flops / (at("peak_flops") * at("mfu")) / 3600
    nodes = at("accelerators") / 8
    lost = nodes * at("node_failures_per_day") * (at("recovery_time") + at("checkpoint_interval") / 2) / (24 * 60)
    assert at("gpu_hours") == pytest.approx(hours / (1 - lost), rel=1e-12)
    wall = hours / (1 - lost) / at("accelerators")
    written = -(-wall * 60 // at("checkpoint_interval"))
    stored = at("tokens") / at("tokens_per_byte") + written / 2 * 14 * at("parameters")
    storage = stored / 1e9 * at("storage_usd_per_gb_month") * wall / (365 * 24 / 12)
    total = hours / (1 - lost) * at("price_used") + storage + at("experiment_share") * hours * at("price_used")
    assert at("total_cost") == pytest.approx(total, rel=1e-12)
    assert at("wall_clock_days") == pytest.approx(wall / 24, rel=1e-12)
    assert at("usd_per_billion_tokens") == pytest.approx(total / 15e3, rel=1e-12)
    assert at("energy_run_mwh") == pytest.approx(wall * 1024 * 700 * 0.8 * 1.3 / 1e6, rel=1e-12)


def test_checks_pass_as_shipped(budget_values):
    assert named(budget_values, "checks_ok").value == 1
    assert named(budget_values, "checks_failed").value == 0
    results = [budget_values["Checks"].cell(row, 5).value for row in range(11, budget_values["Checks"].max_row + 1)]
    assert len(results) >= 15 and set(results) <= {1, -1}


# Names


def test_defined_names_lead_to_cells(formulas):
    assert formulas.defined_names
    for name, defined in formulas.defined_names.items():
        for sheet, area in defined.destinations:
            cells = formulas[sheet][area.replace("$", "")]
            assert cells, name


def test_cover_lists_inputs_and_results():
    listed = {one.name: one for one in listed_names(SHIPPED["training-budget"])}
    inputs, results = ({name for name, one in listed.items() if one.kind == kind} for kind in ("input", "result"))
    assert inputs >= {
        "model", "tokens", "seq_len", "accelerator", "accelerators", "mfu", "usd_per_hour", "price_term", "instance",
        "node_failures_per_day", "recovery_time", "checkpoint_interval", "scenario", "start_date",
    }  # fmt: skip
    assert results >= {
        "total_cost", "wall_clock_days", "gpu_hours", "cost_per_month", "usd_per_billion_tokens", "energy_mwh",
        "end_date", "checks_ok",
    }  # fmt: skip
    assert all(one.meaning for one in listed.values())
    package = Package(SHIPPED["training-budget"])
    for name in listed:
        package.locate(name)
    assert listed_names(SHIPPED["hardware"]) == []


# Form


def test_sheets_in_reading_order(budget):
    assert budget.sheetnames == BUDGET_SHEETS
    assert loaded("hardware").sheetnames == [
        "Cover", "Hardware", "Prices", "Models", "Sources"]  # fmt: skip


def test_no_constant_inside_a_formula(formulas):
    for cell, content in formula_cells(formulas):
        for token in Tokenizer(content).items:
            if token.subtype == "NUMBER":
                assert token.value in WHOLE_NUMBERS_ALLOWED, (cell.parent.title, cell.coordinate, content)


@pytest.mark.parametrize(("sheet", "first"), [("Calculation", 3), ("Timeline", 4)])
def test_one_formula_a_row(budget, sheet, first):
    """The bill's rows have two blocks side by side; the case rows' own parameters are what columns differ in."""
    checked = 0
    for row in budget[sheet].iter_rows(min_col=first):
        cells = [cell for cell in row if cell.data_type == "f"]
        label = budget[sheet].cell(row[0].row, 1).value
        if len(cells) < 4 or label in ("Case", "By the factor"):
            continue
        for left, right in pairwise(cells):
            moved = Translator(left.value, origin=left.coordinate).translate_formula(right.coordinate)
            assert moved == right.value, (left.coordinate, right.coordinate)
        checked += 1
    assert checked >= 15


def test_inputs_are_open_and_guarded_and_nothing_else(budget):
    inputs = [one.name for one in listed_names(SHIPPED["training-budget"]) if one.kind == "input"]
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
    assert {"models_list", "hardware_list", "prices_list", "scenario_list"} <= set(lists)
    for reference in lists:
        cells = named(budget, reference)
        values = [cell.value for row in cells for cell in row]
        assert sum(value is not None for value in values) >= 2, reference
    assert [c.value for c in named(budget, "scenario_list")[0]] == ["low", "base", "high"]
    assert [c.value for c in named(budget, "price_terms")[0]] == ["on_demand", "spot", "1y", "3y"]


def test_pages_and_panes(formulas):
    for sheet in formulas:
        assert sheet.page_setup.orientation == "landscape" and sheet.page_setup.fitToWidth == 1
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
    charts = {name: budget[name]._charts for name in ("Dashboard", "Sensitivity")}
    assert [len(found) for found in charts.values()] == [3, 1]
    for chart in [*charts["Dashboard"], *charts["Sensitivity"]]:
        assert chart.title.tx.rich.p[0].r[0].t
        assert "USD" in chart.y_axis.title.tx.rich.p[0].r[0].t


def test_contents_lead_to_the_sheets(budget):
    locations = {cell.hyperlink.location for row in budget["Cover"].iter_rows() for cell in row if cell.hyperlink}
    assert {f"'{name}'!A1" for name in BUDGET_SHEETS[1:]} <= locations


def test_every_source_is_on_the_sources_sheet(formulas):
    sources = formulas["Sources"]
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
