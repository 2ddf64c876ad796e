"""xlwings Lite: the built wheel in Pyodide under Node, called through xlwings' own Office.js code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyodide_process
from office_js import body, from_office

from .case import Case
from .server_host import arguments

missing = pyodide_process.missing


def run(cases: Sequence[Case]) -> list[list[list[Any]]]:
    answer = pyodide_process.run([body(case.function, arguments(case)) for case in cases])
    return [from_office(result) for result in answer["results"]]


def versions() -> str:
    package = json.loads((pyodide_process.NODE / "node_modules" / "pyodide" / "package.json").read_text("utf-8"))
    xlwings = next(pyodide_process.WHEELS.glob("xlwings-*.whl")).name.split("-")[1]
    return f"Pyodide {package['version']}, xlwings {xlwings}"
