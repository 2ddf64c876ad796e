"""The quick tests on every Python that is here, each with an environment of its own: python tests/pythons.py [VERSION]..."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
NEEDED = (".[pandas]", "hypothesis", "numpy", "pytest", "pytest-xdist", "xlsxwriter")
QUICK = ("tests/language", "tests/catalog/test_table_file.py", "tests/money", "tests/hosting/test_step.py",
         "tests/model/test_hybrids.py", "tests/test_files.py", "tests/workbook/files/test_package.py")  # fmt: skip
"""Those that need no package beside these."""


def found(version: str) -> str | None:
    """The interpreter of a version: among pyenv's, whose names on PATH start one that is switched on, or on PATH."""
    home = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    there = sorted((home / "versions").glob(f"{version}.*/bin/python"))
    return str(there[-1]) if there else shutil.which(f"python{version}")


def main() -> int:
    failed = False
    for version in sys.argv[1:] or VERSIONS:
        python, place = found(version), ROOT / "build" / "pythons" / version
        if python is None:
            print(f"{version}: not here")
            continue
        subprocess.run([python, "-m", "venv", "--clear", place], check=True)
        programs = place / ("Scripts" if sys.platform == "win32" else "bin")
        subprocess.run([programs / "python", "-m", "pip", "install", "-q", *NEEDED], check=True, cwd=ROOT)
        # not `python -m pytest`, which would import xlcalc/ of the folder in place of the package that was installed
        done = subprocess.run([programs / "pytest", "-q", "-p", "no:cacheprovider", *QUICK], cwd=ROOT)
        print(f"{version}: {'passed' if done.returncode == 0 else 'FAILED'}", flush=True)
        failed |= done.returncode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
