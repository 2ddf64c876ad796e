"""Tests see the catalogs of the repository alone, whatever the machine's user has added to theirs. Which of them start
other programs (`host`), which take long (`slow`), and which have to run in one process, one after another."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chromium
import pytest
from hypothesis import settings

TESTS = Path(__file__).parent
os.environ["XLCALC_CATALOG"] = str(TESTS / "no-such-folder")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # to compile xlcalc takes a process longer than most answers

HOST = {"hosts", "conformance", "test_libreoffice.py", "test_site.py", "test_browser.py"}
"""Folders and files whose tests start LibreOffice, Node, a browser, a server."""
SLOW = {
    "test_accuracy_book.py", "test_agreement.py", "test_calibration.py", "test_cli.py", "test_convert.py",
    "test_disaggregation.py", "test_explain.py", "test_generated.py", "test_plan.py", "test_properties.py",
    "test_excel.py", "test_quantised.py", "test_queueing.py", "test_style.py", "test_user_catalog.py",
    "test_validation.py", "test_wheel.py", "templates",
}  # fmt: skip
"""Folders and files that take many seconds: they build or recalculate whole workbooks, start a process for each
question, search layouts, simulate, or try examples at random."""
settings.register_profile("house", deadline=None)  # a busy machine is no defect
settings.load_profile("house")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real Chromium."""
    yield from chromium.started()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        parts = {*item.path.relative_to(TESTS).parts} if item.path.is_relative_to(TESTS) else set()
        if parts & HOST:
            item.add_marker(pytest.mark.host)
        if parts & SLOW:
            item.add_marker(pytest.mark.slow)
        # a file's fixtures are made once, and the templates are opened once; programs such as LibreOffice run once at a
        # time
        if not item.get_closest_marker("xdist_group"):
            group = "hosts" if parts & HOST else "templates" if "templates" in parts else str(item.path)
            item.add_marker(pytest.mark.xdist_group(group))
    # the longest groups first, so that no worker is left with one at the end
    items.sort(key=lambda item: (not item.get_closest_marker("host"), not item.get_closest_marker("slow")))
