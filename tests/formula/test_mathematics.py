"""Formulas as mathematics on the functions' pages."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

import xlcalc
from xlcalc.formula.mathematics import MOST
from xlcalc.pages.reference import as_data

DATA = {f.name: as_data(f)["mathematics"] for f in xlcalc.functions()}
TYPESET = [name for name, found in DATA.items() if found]


def test_most_formulas_are_typeset():
    assert len(TYPESET) >= 34 and {"LLM_TRAIN_TIME", "LLM_KV_CACHE", "LLM_STEP_TIME", "LLM_TPOT"} <= set(TYPESET)


@pytest.mark.parametrize("name", TYPESET)
def test_equations_are_well_formed(name):
    found = DATA[name]
    assert 1 <= len(found["latex"]) == len(found["mathml"]) <= MOST
    for line in found["mathml"]:
        ElementTree.fromstring(line)
    for line in found["latex"]:
        assert line.count("{") == line.count("}") and line.count(r"\left") == line.count(r"\right")
        assert line.count(r"\begin{cases}") == line.count(r"\end{cases}")


def test_an_equation_reads_as_the_paper_prints_it():
    assert DATA["LLM_TRAIN_TIME"]["latex"] == [
        r"\text{LLM TRAIN TIME} = \frac{\text{flops}}{\text{accelerators} \cdot \text{peak} \cdot \text{mfu}}"
    ]
    assert DATA["LLM_CHECKPOINT_INTERVAL"]["latex"] == [
        r"\text{LLM CHECKPOINT INTERVAL} = \sqrt{2 \cdot \text{write time} \cdot \text{mtbf}}"
    ]
    assert DATA["LLM_LOSS"]["latex"][0] == (
        r"\text{LLM LOSS} = 1.69 + \text{loss of finite parameters} + \text{loss of finite data}"
    )
    assert DATA["LLM_SERVE_PLAN"] == {}
