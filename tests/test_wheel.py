"""The built wheel in an environment of its own: what a user installs is what the repository shows."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pyodide_process
import pytest
import type_check

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel():
    return pyodide_process.wheel()


def test_one_import_name_and_all_files(wheel):
    """The wheel is made from the source's archive: neither lacks a file."""
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info" not in name}
    needed = {
        f"{place}/{path.relative_to(ROOT / folder).as_posix()}"
        for folder, place in type_check.PLACES.items()
        for path in (ROOT / folder).rglob("*.*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name.split("/")[0] for name in names} == {"xlcalc"}
    assert names == needed


def test_the_source_distribution_has_what_a_build_needs_alone():
    with tarfile.open(pyodide_process.built()[0]) as archive:
        folders = {name.split("/")[1] for name in archive.getnames() if "/" in name}
    assert not folders & {"tests", "docs", "benchmarks"} and {"README.md", "LICENSE", "pyproject.toml"} <= folders


def test_the_wheel_is_small(wheel):
    assert wheel.stat().st_size < 4_000_000  # two thirds of it are the seven workbooks


def test_the_main_job_in_a_clean_environment(wheel, tmp_path):
    venv.create(tmp_path / "env")
    programs = tmp_path / "env" / ("Scripts" if sys.platform == "win32" else "bin")
    into = [sys.executable, "-m", "pip", "--python", programs / "python", "install", "-q", "--no-compile"]
    subprocess.run([*into, wheel], check=True, capture_output=True)
    answer = subprocess.run(
        [programs / "xlcalc", "call", "LLM_KV_CACHE", "llama-3.1-8b", "8192"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == "1073741824\n"
    out = tmp_path / "report.xlsx"
    report = subprocess.run(
        [programs / "xlcalc", "report", "training-budget", "--set", "model=llama-3.1-70b", "-o", out],
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert report.returncode == 0 and out.exists(), report.stderr
