"""mypy on the package as it is installed: xlcalc with workbook/ and templates/ inside it. Run: python tests/type_check.py"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLACES = {"xlcalc": "xlcalc", "workbook": "xlcalc/workbook", "templates": "xlcalc/templates"}


def run() -> subprocess.CompletedProcess[str]:
    """Type-check a copy, beside which mypy keeps what it knows of files that have not changed."""
    stage = ROOT / ".mypy_cache" / "typed"
    shutil.rmtree(stage / "xlcalc", ignore_errors=True)
    for folder, place in PLACES.items():
        shutil.copytree(ROOT / folder, stage / place, ignore=shutil.ignore_patterns("__pycache__", "*.csv", "*.json"))
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), "-p", "xlcalc"]
    return subprocess.run(command, cwd=stage, capture_output=True, text=True)


if __name__ == "__main__":
    done = run()
    print(done.stdout + done.stderr, end="")
    sys.exit(done.returncode)
