"""A figure that nobody published is not replaced by another quantity."""

from __future__ import annotations

import pytest

import xlcalc
from xlcalc.catalog import tables
from xlcalc.language.errors import CalcError


def test_no_row_without_a_16_bit_peak_is_timed_by_its_fp32_one() -> None:
    without = [
        row["id"] for row in tables.rows("accelerators") if not row["peak_bf16_tflops"] + row["peak_fp16_tflops"]
    ]
    assert {"p40", "rtx-2080-ti", "arc-b580", "dgx-spark"} <= set(without)
    for accelerator in without:
        with pytest.raises(CalcError):
            xlcalc.LLM_TTFT("llama-3.2-1b", accelerator, 1, 1024)


@pytest.mark.parametrize("accelerator", ["dgx-spark", "apple-m3-ultra"])
def test_without_a_16_bit_peak_prompts_cannot_be_timed(accelerator: str) -> None:
    for call in (
        lambda: xlcalc.LLM_TTFT("llama-3.1-8b", accelerator, 1, 1024),
        lambda: xlcalc.LLM_THROUGHPUT("llama-3.1-8b", accelerator, 1, 1000, 100),
    ):
        with pytest.raises(CalcError, match="16-bit peak"):
            call()


def test_decoding_needs_bandwidth_alone() -> None:
    """819 GB/s read the 4.9 GB of Llama 3.1 8B in Q4_K_M in 6 ms at best."""
    assert 0.006 < xlcalc.LLM_TPOT("llama-3.1-8b", "apple-m3-ultra", 1, 1024, 1, "q4_k_m") < 0.025
