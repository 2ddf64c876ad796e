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

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel():
    return pyodide_process.wheel()


def test_one_import_name_and_all_data(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"xlcalc"}
    for needed in ("py.typed", "catalog/models.csv", "catalog/configs/llama-3.1-8b.json", "catalog/sources/hardware.csv",
                   "model/families/defaults.json", "templates/training-budget.xlsx", "workbook/files/recalc.py"):  # fmt: skip
        assert f"xlcalc/{needed}" in names
    packaged = {name for name in names if name.endswith(".py")}
    for folder, prefix in (("xlcalc", "xlcalc"), ("workbook", "xlcalc/workbook"), ("templates", "xlcalc/templates")):
        for path in (ROOT / folder).rglob("*.py"):
            assert f"{prefix}/{path.relative_to(ROOT / folder).as_posix()}" in packaged


def test_the_source_distribution_makes_the_same_wheel(wheel, tmp_path):
    """Complete, but for what a build does not need: tests, docs, benchmarks."""
    command = [sys.executable, "-m", "build", "-o", tmp_path, ROOT]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)  # a folder build/ here would hide the module
    (source,), (built,) = (
        tmp_path.glob("*.tar.gz"),
        tmp_path.glob("*.whl"),
    )  # the wheel is made from the source's archive
    with tarfile.open(source) as archive:
        folders = {name.split("/")[1] for name in archive.getnames() if "/" in name}
    assert not folders & {"tests", "docs", "benchmarks"} and {"README.md", "LICENSE", "pyproject.toml"} <= folders
    assert sorted(zipfile.ZipFile(built).namelist()) == sorted(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_is_small(wheel):
    assert wheel.stat().st_size < 3_900_000  # two thirds of it are the seven workbooks


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
