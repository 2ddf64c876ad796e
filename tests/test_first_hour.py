"""docs/first-hour.md: every command, run in a shell as it stands, prints what the page says."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "first-hour.md").read_text("utf-8")
TASKS = re.findall(r"^## \d+\. (.+?)\n.*?```console\n\$ (.+?)\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)


def test_there_are_ten():
    assert len(TASKS) == len(re.findall("^## ", PAGE, re.MULTILINE)) == 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("hour")
    (made / "docs").symlink_to(DOCS)
    return made


@pytest.mark.parametrize(("command", "printed"), [t[1:] for t in TASKS], ids=[t[0] for t in TASKS])
def test_a_command_prints_what_the_page_says(folder, command, printed):
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = {**os.environ, "PATH": path, "XLCALC_CATALOG": str(folder / "own")}
    done = subprocess.run(command, shell=True, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    wanted = re.escape(printed).replace("…", ".*")
    assert re.fullmatch(wanted, done.stdout, re.DOTALL), done.stdout


def test_the_readme_s_example_and_every_link_of_the_pages():
    readme = DOCS.parent / "README.md"
    assert doctest.testfile(str(readme), module_relative=False).attempted > 0
    assert doctest.testfile(str(readme), module_relative=False).failed == 0
    for page in (readme, DOCS.parent / "CONTRIBUTING.md", *DOCS.rglob("*.md")):
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
            if not re.match(r"https?:|#|mailto:", link):
                assert (page.parent / link.partition("#")[0]).exists(), f"{page.name}: {link}"


def test_every_page_stands_on_the_map():
    mapped = re.findall(r"\]\(([^)]+)\)", (DOCS / "index.md").read_text("utf-8"))
    assert {p.name for p in DOCS.glob("*.md")} - {"index.md"} <= {*mapped}
