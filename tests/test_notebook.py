"""The notebook in the docs: it runs, and what stands in it is what it gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import xlcalc
from xlcalc.language.declare import Table

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
pytest.importorskip("matplotlib")

NOTEBOOK = Path(__file__).parents[1] / "docs" / "scenario-sweep.ipynb"


def _shown(notebook: Any) -> list[tuple[str, str]]:
    """Every output as its kind and text; a picture by its kind alone."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data") or {"text/plain": output.get("text", output.get("traceback", ""))}
            if "image/png" in data:
                found.append(("image/png", ""))
            else:
                found.append(("text/html" if "text/html" in data else "text/plain", data["text/plain"]))
    return found


def test_the_notebook_gives_what_stands_in_it() -> None:
    stored = nbformat.read(NOTEBOOK, 4)
    run = nbformat.read(NOTEBOOK, 4)
    for cell in run.cells:
        cell.pop("outputs", None)
        if cell.cell_type == "code":
            cell.outputs = []
    nbclient.NotebookClient(run, timeout=60, record_timing=False).execute(cwd=str(NOTEBOOK.parent))
    assert _shown(run) == _shown(stored), "run: jupyter execute --inplace docs/scenario-sweep.ipynb"
    assert ("image/png", "") in _shown(run)


def test_a_table_shows_itself() -> None:
    html = xlcalc.LLM_PARAMS_TABLE("llama-3.1-8b")._repr_html_()
    assert "<th" in html and ">8,030,261,248<" in html and html.count("<tr>") == html.count("</tr>")


def test_a_table_shows_text_as_text() -> None:
    error = xlcalc.CalcError("#N/A", "is not in the catalog")
    html = Table([["a<b", "n"], [None, 0.5], [True, error]])._repr_html_()
    assert "a&lt;b" in html and ">0.5<" in html and ">True<" in html and ">#N/A<" in html and "None" not in html
    assert "<tbody>" in Table([["only", "headers"]])._repr_html_()
