"""xlwings Server: the real one on loopback, over TLS, one request a call."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from http.client import HTTPSConnection
from importlib.metadata import version
from pathlib import Path
from typing import Any

import server_process
from office_js import body, from_office

from .case import Case
from .differences import FIRST_DAY

missing = server_process.missing


def run(cases: Sequence[Case]) -> list[list[list[Any]]]:
    with tempfile.TemporaryDirectory() as folder:
        files = server_process.certificate(Path(folder))
        with server_process.running(Path(folder), files) as server, closing(server.connection()) as connection:
            return [_answer(connection, case) for case in cases]


def versions() -> str:
    return f"xlwings-server {version('xlwings-server')}, xlwings {version('xlwings')}"


def arguments(case: Case) -> list[Any]:
    """As Office.js passes them: rows, "" for an empty cell, null for what was left out, a date as its number."""
    return [None if v is None else [[_cell(c) for c in row] for row in _rows(v)] for v in case.arguments]


def _rows(value: Any) -> list[list[Any]]:
    return value if isinstance(value, list) else [[value]]


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        if "date" in value:
            return (date.fromisoformat(value["date"]) - FIRST_DAY).days
        return {"type": "Error", "basicType": "Error", "basicValue": value["error"]} if "error" in value else ""
    return "" if value is None else value


def _answer(connection: HTTPSConnection, case: Case) -> list[list[Any]]:
    sent = json.dumps(body(case.function, arguments(case)))
    request = "POST", "/xlwings/custom-functions-call", sent, {"Content-Type": "application/json"}
    try:
        connection.request(*request)
        response = connection.getresponse()
    except ConnectionError:  # the server closes a connection that is quiet for seconds: a busy machine is no defect
        connection.close()
        connection.request(*request)
        response = connection.getresponse()
    said = response.read()
    if response.status != 200:
        return [[f"status {response.status}"]]
    rows: list[list[Any]] = from_office(json.loads(said)["result"])
    return rows
