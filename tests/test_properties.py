"""What must hold for every model and every number."""

from __future__ import annotations

from math import lcm

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xlcalc
from xlcalc.catalog import tables
from xlcalc.language.kinds import ModelKind
from xlcalc.language.units import UNITS, factor
from xlcalc.model.cache import cache_shape
from xlcalc.model.params import PARTS

MODELS = st.sampled_from([row["id"] for row in tables.rows("models")])
CONTEXT = st.integers(0, 2**21)


@given(MODELS, st.floats(1, 1e15))
def test_twice_the_tokens_is_twice_the_flop(model, tokens):
    once, twice = (xlcalc.LLM_TRAIN_FLOPS(model, n) for n in (tokens, 2 * tokens))
    assert twice == pytest.approx(2 * once)


@given(MODELS)
def test_parts_sum_to_the_total(model):
    assert sum(xlcalc.LLM_PARAMS(model, part) for part in PARTS) == xlcalc.LLM_PARAMS(model)
    table = xlcalc.LLM_PARAMS_TABLE(model)
    assert sum(row[1] or 0 for row in table[1:-1]) == table[-1][1]


@given(MODELS, CONTEXT, CONTEXT)
def test_more_context_is_never_less_cache(model, one, other):
    """Whole strides of it where a cache is compressed: tokens that wait for the rest of theirs take more."""
    strides = [stride for _, stride, _ in cache_shape(ModelKind().read(model).architecture).compressed]
    low, high = (lcm(1, *strides) * context for context in sorted((one, other)))
    assert xlcalc.LLM_KV_CACHE(model, low) <= xlcalc.LLM_KV_CACHE(model, high)


@given(MODELS, CONTEXT, st.integers(1, 1000))
def test_cache_grows_with_the_batch(model, context, batch):
    assert xlcalc.LLM_KV_CACHE(model, context, batch) == batch * xlcalc.LLM_KV_CACHE(model, context)


@given(MODELS)
def test_fewer_bits_are_never_more_bytes(model):
    sizes = [xlcalc.LLM_WEIGHTS(model, dtype) for dtype in ("fp32", "bf16", "fp8", "nvfp4", "mxfp4", "int4")]
    assert sizes == sorted(sizes, reverse=True)


@given(MODELS, CONTEXT)
def test_attention_never_makes_a_token_cheaper(model, context):
    assert xlcalc.LLM_FLOPS_PER_TOKEN(model, context) >= xlcalc.LLM_FLOPS_PER_TOKEN(model)
    assert xlcalc.LLM_FLOPS_PER_TOKEN(model, context, "train") == 3 * xlcalc.LLM_FLOPS_PER_TOKEN(model, context)


@given(st.sampled_from([(q, u) for q, units in UNITS.items() for u in units]), st.floats(1e-6, 1e12))
def test_units_go_round(unit, value):
    quantity, name = unit
    assert value / factor(quantity, name) * factor(quantity, name) == pytest.approx(value)


@given(st.sampled_from(xlcalc.functions()), st.data())
@settings(max_examples=300)
def test_any_argument_gives_a_number_or_a_sentence(function, data):
    """Whatever a cell holds, the answer is a finite value or a CalcError that names the function."""
    anything = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
        st.sampled_from(["llama-3.1-8b", "h100-sxm", "bf16", "8192", "#N/A", "aws/p5.48xlarge/us-east-1"]),
        st.dates(), st.lists(st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=5)), max_size=3), max_size=3),
    )  # fmt: skip
    arguments = [data.draw(anything, label=a.name) for a in function.arguments]
    try:
        result = function(*arguments)
    except xlcalc.CalcError as error:
        assert function.name in str(error) and error.code.startswith("#")
        return
    rows = result if isinstance(result, list) else [[result]]
    for row in rows:
        for value in row if isinstance(row, list) else [row]:
            assert value is None or isinstance(value, (bool, int, str, xlcalc.CalcError)) or abs(value) < float("inf")
