"""Pruned weights: counted from dimensions, and by what stores them."""

from __future__ import annotations

import pytest

import xlcalc
from xlcalc.model.pruning import pruned_bytes

# Llama 3.1 8B, a layer: query and output, key and value, three matrices of the MLP
MATRICES = 32 * (2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14336)
ALL = 8030261248


def ratio(quantity, *arguments):
    return next(row[3] for row in xlcalc.LLM_PRUNED(*arguments) if row[0] == quantity)


@pytest.mark.parametrize(("bits", "sixteenths"), [(16, 9), (8, 10)])
def test_2_to_4_takes_what_pytorch_stores(bits, sixteenths):
    """torch/sparse/semi_structured.py: compression factors of 16-bit and 8-bit tensors, in sixteenths."""
    assert pruned_bytes(1000, bits, "2:4", 0.5) == pytest.approx(1000 * bits / 8 * sixteenths / 16)


@pytest.mark.parametrize(
    ("sparsity", "pattern", "bits"), [(0.5, "2:4", 9), (0.6, "unstructured", 7.4), (0.25, "structured", 12)]
)
def test_counted_from_dimensions(sparsity, pattern, bits):
    (_, params, size, flop) = xlcalc.LLM_PRUNED("llama-3.1-8b", sparsity, pattern)
    assert params[1:3] == [ALL, pytest.approx(ALL - sparsity * MATRICES)]
    assert size[1:3] == [2 * ALL, pytest.approx(2 * (ALL - MATRICES) + MATRICES * bits / 8)]
    assert flop[1] - flop[2] == pytest.approx(2 * sparsity * MATRICES)


def test_nothing_pruned_is_the_model_itself():
    for dtype in ("bf16", "fp32", "fp8", "int4_g32"):
        _, params, size, flop = xlcalc.LLM_PRUNED("deepseek-v3", 0, "structured", dtype)
        assert size[1] == size[2] == pytest.approx(xlcalc.LLM_WEIGHTS("deepseek-v3", dtype))
        assert params[1:] == [xlcalc.LLM_PARAMS("deepseek-v3")] * 2 + [1]
        assert flop[1] == flop[2] == xlcalc.LLM_FLOPS_PER_TOKEN("deepseek-v3")


def test_a_mask_costs_more_than_it_saves_where_little_is_pruned():
    assert ratio("bytes", "llama-3.1-8b", 0.05, "unstructured") > 0.99
    assert ratio("bytes", "llama-3.1-8b", 0.05, "structured") < 0.97


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("llama-3.1-8b", 0.4, "2:4"), "sparsity must be 0.5"),
        (("llama-3.1-8b", 0.5, "2:4", "q4_k_m"), "dtype must be no GGUF type"),
        (("llama-3.1-8b", 1.5), "sparsity must be"),
        (("llama-3.1-8b", 0.5, "1:4"), "pattern must be one of"),
    ],
)
def test_what_cannot_be_is_refused(arguments, words):
    with pytest.raises(xlcalc.CalcError, match=words):
        xlcalc.LLM_PRUNED(*arguments)
