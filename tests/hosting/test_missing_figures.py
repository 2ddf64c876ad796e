"""A figure that nobody published is not replaced by another quantity."""

from __future__ import annotations

import pytest

import xlcalc
from xlcalc.language.errors import CalcError


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
