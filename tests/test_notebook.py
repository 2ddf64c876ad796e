"""The notebook in the docs, and tables as it shows them."""

from __future__ import annotations

import json
from pathlib import Path

import xlcalc
from xlcalc.language.declare import Table

NOTEBOOK = Path(__file__).parents[1] / "docs" / "scenario-sweep.ipynb"


def test_the_notebook_has_a_picture_and_no_failure() -> None:
    outputs = [o for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"] for o in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not any(output["output_type"] == "error" for output in outputs)


def test_a_table_shows_itself() -> None:
    html = xlcalc.LLM_PARAMS_TABLE("llama-3.1-8b")._repr_html_()
    assert "<th" in html and ">8,030,261,248<" in html and html.count("<tr>") == html.count("</tr>")


def test_a_table_shows_text_as_text() -> None:
    error = xlcalc.CalcError("#N/A", "is not in the catalog")
    html = Table([["a<b", "n"], [None, 0.5], [True, error]])._repr_html_()
    assert "a&lt;b" in html and ">0.5<" in html and ">True<" in html and ">#N/A<" in html and "None" not in html
    assert "<tbody>" in Table([["only", "headers"]])._repr_html_()
