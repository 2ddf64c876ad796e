"""The workbook of the validation: the cases as they are estimated now, their errors as formulas."""

from __future__ import annotations

import openpyxl
import pytest

from xlcalc.accuracy import validation
from xlcalc.workbook import accuracy_book
from xlcalc.workbook.templates import build


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("accuracy") / "accuracy.xlsx"
    path.write_bytes(build.build(accuracy_book.build()))
    return path


def rows(path, sheet, first=6):
    cells = openpyxl.load_workbook(path, data_only=True)[sheet]
    return [row for row in cells.iter_rows(min_row=first, values_only=True) if row[0]]


def test_every_case_stands_with_its_error(path):
    found = {row[:4]: row for row in rows(path, "Cases")}
    assert len(found) == len(validation.results())
    for case in validation.results():
        row = found[case[:4]]
        assert row[4:6] == (pytest.approx(case.measured), pytest.approx(case.estimate))
        assert row[7] == pytest.approx(case.error) and row[8] == pytest.approx(abs(case.error))


def test_the_summary_adds_up_as_the_command_line_says(path):
    found = {row[:3]: row for row in rows(path, "Summary")}
    for summary in validation.summaries():
        row = found[summary[:3]]
        assert row[3] == summary.cases
        assert row[4:7] == pytest.approx((summary.mean, summary.p90, summary.worst))
    whole = [row for row in found.values() if row[2] == "all"]
    assert [row[10] for row in whole] == ["yes"] * len(whole) and len(whole) == len(
        {r[:2] for r in validation.results()}
    )


def test_a_chart_a_function(path):
    charts = openpyxl.load_workbook(path)["Charts"]._charts
    assert len(charts) == len({r.function for r in validation.results()})
    assert all(chart.x_axis.scaling.logBase == chart.y_axis.scaling.logBase == 10 for chart in charts)
    points = sum(len(s.xVal.numRef.f) > 0 for chart in charts for s in chart.series)
    assert points > len(charts)
