"""Tests see the catalogs of the repository alone, whatever the machine's user has added to theirs. Which of them start
other programs (`host`), which take long (`slow`), and which have to run in one process, one after another."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import chromium
import pytest
from hypothesis import settings

TESTS = Path(__file__).parent
os.environ["XLCALC_CATALOG"] = str(TESTS / "no-such-folder")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # to compile xlcalc takes a process longer than most answers
sys.dont_write_bytecode = False

HOST = {
    "hosts": "hosts", "conformance": "hosts", "test_libreoffice.py": "hosts", "test_wheel.py": "hosts",
    "test_server.py": "browser", "test_pane.py": "browser", "test_site.py": "browser", "test_browser.py": "browser",
}  # fmt: skip
"""Folders and files whose tests start LibreOffice, Node, a browser, a server, or build the wheel that these take, and the
group that they run in: programs of one group run one after another."""
SLOW = (
    "test_generated.py", "templates", "standalone", "test_style.py", "test_cli.py", "test_convert.py",
    "test_disaggregation.py", "test_explain.py", "test_accuracy_book.py", "test_agreement.py", "test_calibration.py",
    "test_excel.py", "test_first_hour.py", "test_fuzz.py", "test_network.py", "test_plan.py", "test_properties.py",
    "test_quantised.py", "test_queueing.py", "test_user_catalog.py", "test_validation.py",
)  # fmt: skip
"""Folders and files that take many seconds: they build or recalculate whole workbooks, start a process for each
question, search layouts, simulate, or try examples at random. The first four take minutes, and are run in this order."""
settings.register_profile("house", deadline=None)  # a busy machine is no defect
settings.load_profile("house")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real Chromium."""
    yield from chromium.started()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {}
    for item in items:
        host, slow, group = _about(item.path)
        if host:
            item.add_marker(pytest.mark.host)
        if slow is not None:
            item.add_marker(pytest.mark.slow)
        if marked := item.get_closest_marker("xdist_group"):
            group = marked.args[0]
        else:
            item.add_marker(pytest.mark.xdist_group(group))
        place = (group != "hosts", not host, len(SLOW) if slow is None else slow)
        order[group] = min(place, order.get(group, place))
    # the longest groups first, so that no worker is left with one at the end
    items.sort(key=lambda item: order[item.get_closest_marker("xdist_group").args[0]])


@cache
def _about(path: Path) -> tuple[bool, int | None, str]:
    """Whether a file's tests are those of a host, their place among the slow ones, and the group that they run in."""
    parts = path.relative_to(TESTS).parts[::-1] if path.is_relative_to(TESTS) else ()  # the file first
    slow = next((place for place, name in enumerate(SLOW) if name in parts), None)
    host = next((HOST[name] for name in parts if name in HOST), "")
    # a file's fixtures are made once, and the templates are opened once
    return bool(host), slow, host or ("templates" if "templates" in parts else str(path))
