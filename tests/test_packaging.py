"""What the package says of itself, and what it does without its extras."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

import xlcalc

ROOT = Path(__file__).parents[1]
WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name in {names} else found(name, *more)
"""


def without(names: set[str], code: str) -> subprocess.CompletedProcess[str]:
    script = WITHOUT.format(names=names) + code
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)


@pytest.mark.parametrize(
    ("names", "arguments", "extra"),
    [({"gpuhunt"}, ["prices", "refresh"], "xlcalc[prices]"), ({"xlwings"}, ["addin", "excel"], "xlcalc[excel]"),
     ({"pyopenvba"}, ["addin", "excel"], "xlcalc[excel]")],
)  # fmt: skip
def test_a_missing_extra_is_said(names, arguments, extra):
    done = without(names, f"sys.argv[1:] = {arguments}\nfrom xlcalc.cli import main\nmain()")
    assert done.returncode == 1 and f'pip install "{extra}"' in done.stderr and "Traceback" not in done.stderr


def test_a_frame_without_pandas_is_said():
    done = without({"pandas"}, "import xlcalc; xlcalc.frame([['a'], [1]])")
    assert 'pip install "xlcalc[pandas]"' in done.stderr.splitlines()[-1]


@pytest.mark.slow
def test_the_main_job_needs_no_extra(tmp_path):
    names = {"pandas", "numpy", "gpuhunt", "xlwings", "pyopenvba", "matplotlib"}
    arguments = ["report", "training-budget", "-o", str(tmp_path / "report.xlsx")]
    done = without(names, f"sys.argv[1:] = {arguments}\nfrom xlcalc.cli import main\nmain()")
    assert (tmp_path / "report.xlsx").exists() and "Traceback" not in done.stderr, done.stderr


@pytest.mark.parametrize("path", sorted((ROOT / "templates").glob("*.xlsx")), ids=lambda path: path.stem)
def test_every_cover_names_the_version(path):
    cover = openpyxl.load_workbook(path, read_only=True)["Cover"]
    texts = [str(cell.value) for row in cover.iter_rows() for cell in row]
    assert any(text.startswith(f"xlcalc {xlcalc.__version__}, catalogs as of ") for text in texts)


def test_doctor_names_the_version():
    done = without(set(), "sys.argv[1:] = ['doctor']\nfrom xlcalc.cli import main\nmain()")
    assert f"xlcalc\t{xlcalc.__version__}," in done.stdout


def test_linters_are_the_same_everywhere():
    """pre-commit runs the ruff that the tests run; both are pinned, since a new one finds new things."""
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    pinned = re.search(r'"ruff==([\d.]+)"', project)
    assert pinned and re.search(r'"mypy==[\d.]+"', project)
    assert f"rev: v{pinned[1]}\n" in (ROOT / ".pre-commit-config.yaml").read_text("utf-8")


def test_what_contributing_names_is_there():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    justfile = (ROOT / "Justfile").read_text("utf-8")
    for recipe in set(re.findall(r"just ([a-z]+)", text)):
        assert re.search(rf"^{recipe}\b", justfile, re.MULTILINE), recipe
    rooms = set(re.findall(r"`((?:xlcalc|workbook|tests|templates|benchmarks)/[\w./]*)`", text))
    assert rooms and all((ROOT / name).exists() for name in rooms)
