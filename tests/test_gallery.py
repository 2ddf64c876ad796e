"""The gallery: every job is made from its data, every workbook recalculates, and figures agree with arithmetic by hand."""

from __future__ import annotations

import runpy

import pytest
from generated import DOCS, ROOT
from openpyxl import load_workbook

from xlcalc.workbook.files.recalc import recalculate
from xlcalc.workbook.listed import cell_functions

MADE = runpy.run_path(str(DOCS / "gallery" / "make.py"))
JOBS = {job.name: job for job in MADE["JOBS"]}


def figures(name):
    """A job's results, and its table by the first column without the headers."""
    calculated = MADE["workbook"](JOBS[name])
    return MADE["results"](JOBS[name], calculated), {
        row[0]: row[1:] for row in MADE["table"](JOBS[name], calculated)[1:]
    }


def test_there_are_enough_of_them():
    assert len(JOBS) >= 15 and all(job.picture.columns for job in JOBS.values())


@pytest.mark.parametrize("name", JOBS)
def test_what_is_kept_recalculates_to_what_it_says(name):
    """Each cell's value in the file is compared with what the engines make of it."""
    path = DOCS / "gallery" / f"{name}.xlsx"
    kept = {c.coordinate: c.value for row in load_workbook(path, data_only=True)["Job"].iter_rows() for c in row}
    done = recalculate(path, cell_functions())
    assert done.ok, [*done.errors, *done.not_calculated]
    assert not [value for value in kept.values() if isinstance(value, str) and value.startswith("#")]
    for cell, value in kept.items():
        if value not in (None, ""):
            assert done.package.value("Job", cell) == (pytest.approx(value) if isinstance(value, float) else value), (
                cell
            )


def test_by_hand():
    (hours, months), _ = figures("break-even-of-a-purchase")
    assert hours == pytest.approx(300_000 / (24 - 3)) and months == pytest.approx(hours / (730 * 0.7))
    (own, api, tokens), table = figures("self-host-or-api")
    assert own == 12 * 730 and tokens == pytest.approx(own / api * 1e6)
    assert table[4][0] == pytest.approx(4000 * api)
    layer = (
        2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14336 + 2 * 4096
    )  # q and o, k and v, the three of SwiGLU, norms
    (billions, cache, _), _ = figures("a-model-of-your-own")
    assert billions == pytest.approx((36 * layer + 2 * 128256 * 4096 + 4096) / 1e9)
    assert cache == pytest.approx(2 * 36 * 8 * 128 * 2 * 32768 / 1e9)
    results, table = figures("somebody-elses-workbook")
    assert results == [1, 1, 1] and table[131072] == [16]  # 2 x 32 x 8 x 128 x 2 bytes a token
    (_, megawatt_hours), table = figures("carbon-by-region")
    days = 6 * 8030261248 * 15e12 / (1024 * 989e12 * 0.4) / 86400
    assert megawatt_hours == pytest.approx(days * 24 * 1024 * 700 * 1.2 / 1e6, rel=0.01)
    assert table["Norway"][0] < table["Germany"][0] < table["Poland"][0]
    (seconds,), _ = figures("failures-of-a-long-run")[0][1:], None
    assert seconds == pytest.approx(14 * 70553706496 / 100e9)  # 14 bytes a parameter: weights and Adam's state


def test_the_page_shows_each_job_with_its_files():
    page = (DOCS / "gallery" / "README.md").read_text("utf-8")
    for job in JOBS.values():
        assert f"## {job.title}" in page and f"({job.name}.xlsx)" in page
        assert (ROOT / "docs" / "gallery" / f"{job.name}.svg").exists() and f"({job.name}.svg)" in page
