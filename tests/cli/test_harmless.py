"""What somebody typed or put into a catalog is text on every way out: no formula, no markup, no order to a terminal."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.workbook.defined_name import DefinedName

import xlcalc
from xlcalc.cli import console
from xlcalc.language.declare import Table
from xlcalc.language.harmless import printable, unformulated
from xlcalc.workbook import report
from xlcalc.workbook.files.errors import WorkbookError

EVIL = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\x1b[31mred\x1b[0m",
    "\x9b2J",
    "\u202eabc",
    "a\r\nb",
    "<b>",
]


@settings(max_examples=40)
@given(st.text())
def test_printable_text_tells_a_terminal_nothing(text):
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", printable(text))


@settings(max_examples=40)
@given(st.text(st.sampled_from("=+-@\t\r\n1.%a ")))
def test_a_text_for_a_spreadsheet_is_no_formula(text):
    shown = unformulated(text)
    assert shown[:1] not in ("=", "@", "\t", "\r", "\n")
    assert shown[:1] not in ("+", "-") or re.fullmatch(r"[+-][0-9.,]+ ?%?", shown)


@pytest.mark.parametrize("text", EVIL)
def test_rows_and_messages_are_text(text, capsys):
    console.print_rows([["a", text], [text, 1.5]])
    with pytest.raises(xlcalc.CalcError) as error:
        xlcalc.LLM_PARAMS(text)
    console.say(str(error.value))
    out, err = capsys.readouterr()
    cells = [cell for line in out.split("\n") for cell in line.split("\t")]
    assert len(cells) == 5 and not [cell for cell in cells if cell[:1] in ("=", "@") or cell.startswith(("+c", "-2+"))]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", out + err)


@pytest.mark.parametrize("text", EVIL)
def test_a_notebook_shows_text(text):
    assert "<b>" not in Table([["model"], [text]])._repr_html_()


NASTY = [*EVIL, "<script>alert(1)</script>", "]]>", "a\x00b", "\ud800", "*b* `c` [d](javascript:e) | f", "x" * 40_000]


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A workbook with a text as an input, and as a result that repeats it."""
    made = openpyxl.Workbook()
    made.create_sheet("Cover")
    made.active["A1"], made.active["A2"] = "a", "=A1"
    for name, cell in (("label", "$A$1"), ("shown", "$A$2")):
        made.defined_names[name] = DefinedName(name, attr_text=f"Sheet!{cell}")
    path = tmp_path_factory.mktemp("book") / "a.xlsx"
    made.save(path)
    return str(path)


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_a_report_shows_text(text, book):
    """In every format, or the text is refused in a sentence."""
    try:
        made = report.make(book, {"label": text}, trust="engine")
    except WorkbookError as error:
        assert len(str(error)) <= 500
        return
    written = {kind: report.FORMATS[kind](made) for kind in ("xlsx", "md", "html", "json")}
    (sheet, *_) = openpyxl.load_workbook(io.BytesIO(written["xlsx"])).worksheets
    assert sheet["A1"].data_type == "s" and sheet["A2"].value == "=A1"
    shown = written["html"].decode()
    assert "<script>alert" not in shown and "<b>" not in shown
    assert not re.search(r"(?<!\\)\]\(javascript", written["md"].decode())
    for kind in ("md", "html", "json"):
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e]", written[kind].decode()), kind
