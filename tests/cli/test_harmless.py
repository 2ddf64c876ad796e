"""What somebody typed or put into a catalog is text on every way out: no formula, no markup, no order to a terminal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xlcalc
from xlcalc.cli import console
from xlcalc.language.declare import Table
from xlcalc.language.harmless import printable, unformulated

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
