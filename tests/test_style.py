"""The code as the linter, the formatter and the type checker see it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import type_check

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("command", ["ruff check", "ruff format --check"])
def test_style(command):
    done = subprocess.run([sys.executable, "-m", *command.split()], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_types():
    done = type_check.run()
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
