"""What is kept between calls."""

from __future__ import annotations

import pytest

import xlcalc
from xlcalc.language.keeping import kept


def test_a_few_more_than_there_is_room_for_are_mostly_still_known():
    calls = []
    read = kept(100)(lambda text: calls.append(text) or text.upper())
    for _ in range(10):
        for n in range(104):
            assert read(f"a{n}") == f"A{n}"
    assert len(calls) < 104 + 9 * 20  # keeping the newest, each of 1040 would be read anew


def test_a_table_over_a_range_says_what_to_use_instead():
    cells = xlcalc.LLM_TRAIN_COST([1e22, 1e23], "h100-sxm", 64, 2.5)
    assert all("INDEX(LLM_TRAIN_COST(...), 2, 2)" in str(cell) and "xlcalc sweep" in str(cell) for cell in cells)


def test_a_derivation_forgets_nothing(monkeypatch):
    from xlcalc.model.spec import ModelSpec

    xlcalc.LLM_PARAMS('{"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, '
                      '"intermediate_size": 64, "vocab_size": 99}')  # fmt: skip
    read = []
    from_json = ModelSpec.from_json
    monkeypatch.setattr(ModelSpec, "from_json", classmethod(lambda cls, text: read.append(text) or from_json(text)))
    xlcalc.LLM_EXPLAIN("LLM_STEP_TIME", "llama-3.1-8b", "h100-sxm", 8, 64, 4096)
    xlcalc.LLM_PARAMS('{"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, '
                      '"intermediate_size": 64, "vocab_size": 99}')  # fmt: skip
    assert not read


@pytest.mark.parametrize("name", ["llama-3.1-8x", "nothing", "h100"])
def test_an_unknown_name_is_looked_for_once(name, monkeypatch):
    from xlcalc.catalog.names import Names

    with pytest.raises(xlcalc.CalcError) as first:
        xlcalc.LLM_PARAMS(name)
    monkeypatch.setattr(Names, "_near", None)
    with pytest.raises(xlcalc.CalcError) as again:
        xlcalc.LLM_PARAMS(name)
    assert str(first.value) == str(again.value)
