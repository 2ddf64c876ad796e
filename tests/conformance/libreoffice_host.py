"""LibreOffice Calc with the extension installed: opens the workbook of all cases, recalculates hard, saves it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import calc_session

from .case import Case
from .sheet import answers, workbook

missing = calc_session.missing


def run(cases: Sequence[Case]) -> list[list[list[Any]]]:
    data, places = workbook(cases)
    calc = calc_session.office()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cases.xlsx").write_bytes(data)
        calc.open(path=str(folder / "cases.xlsx"))
        calc.save(path=str(folder / "out.xlsx"), filter="Calc MS Excel 2007 XML")
        return answers((folder / "out.xlsx").read_bytes(), places)


def versions() -> str:
    said = subprocess.run(["soffice", "--version"], capture_output=True, text=True).stdout.split()
    return f"LibreOffice {said[1]}" if len(said) > 1 else "LibreOffice"
