"""Formulas as mathematics on the functions' pages."""

from __future__ import annotations

from functools import cache
from xml.etree import ElementTree

import xlcalc
from xlcalc.formula.mathematics import MOST
from xlcalc.language.declare import find
from xlcalc.pages.reference import as_data


@cache
def data(name):
    return as_data(find(name))["mathematics"]


def test_equations_are_well_formed():
    found = {function.name: data(function.name) for function in xlcalc.functions()}
    typeset = {name for name, said in found.items() if said}
    assert len(typeset) >= 34 and {"LLM_TRAIN_TIME", "LLM_KV_CACHE", "LLM_STEP_TIME", "LLM_TPOT"} <= typeset
    for name in typeset:
        assert 1 <= len(found[name]["latex"]) == len(found[name]["mathml"]) <= MOST, name
        for line in found[name]["mathml"]:
            ElementTree.fromstring(line)
        for line in found[name]["latex"]:
            assert line.count("{") == line.count("}") and line.count(r"\left") == line.count(r"\right"), name
            assert line.count(r"\begin{cases}") == line.count(r"\end{cases}"), name


def test_an_equation_reads_as_the_paper_prints_it():
    assert data("LLM_TRAIN_TIME")["latex"] == [
        r"\text{LLM TRAIN TIME} = \frac{\text{flops}}{\text{accelerators} \cdot \text{peak} \cdot \text{mfu}}"
    ]
    assert data("LLM_CHECKPOINT_INTERVAL")["latex"] == [
        r"\text{LLM CHECKPOINT INTERVAL} = \sqrt{2 \cdot \text{write time} \cdot \text{mtbf}}"
    ]
    assert data("LLM_LOSS")["latex"][0] == (
        r"\text{LLM LOSS} = 1.69 + \text{loss of finite parameters} + \text{loss of finite data}"
    )
    assert data("LLM_SERVE_PLAN") == {}
