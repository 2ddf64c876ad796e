"""A real Chromium for the tests of pages, and axe, Deque's rules for accessibility, to run in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
AXE = Path(__file__).parent / "hosts" / "node" / "node_modules" / "axe-core" / "axe.min.js"


def started() -> Iterator[Any]:
    """The browser, for a fixture; skips where it is missing."""
    if PROGRAM is None:
        pytest.skip("needs the browser Chromium (Debian: apt-get install chromium)")
    api = pytest.importorskip("playwright.sync_api", reason="needs Playwright (pip install playwright)")
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0  # Chromium's sandbox refuses root
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"] if as_root else [])
        yield browser
        browser.close()


def violations(page: Any, *rules: str) -> list[str]:
    """What axe finds on a page, by all of its rules or those named: the rule and the first element that breaks it."""
    if not AXE.is_file():
        pytest.skip("axe is not installed: npm install --no-package-lock --prefix tests/hosts/node")
    page.evaluate(AXE.read_text("utf-8"))
    run = "(rules) => axe.run({preload: false, ...(rules.length && {runOnly: rules})}).then((results) => results.violations)"
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in page.evaluate(run, list(rules))]
