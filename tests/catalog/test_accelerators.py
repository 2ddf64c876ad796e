"""Peaks of accelerators against figures that their makers print elsewhere: dense, never sparse."""

from __future__ import annotations

import re

import pytest

from xlcalc.catalog import accelerators, tables

# NVIDIA's "AI TOPS" of its product pages, read where public comparisons quote them on 2026-11-27; they count sparsity, of
# FP4 for Blackwell and of INT8 for Ada
FP4_TOPS = {"rtx-5090": 3352, "rtx-5080": 1801, "rtx-5070-ti": 1406, "rtx-5070": 988, "rtx-5060-ti-16gb": 759,
            "rtx-5060-ti-8gb": 759, "rtx-5060": 614, "rtx-5050": 421,
            "rtx-pro-4500": 1687, "rtx-pro-5000": 2064}  # fmt: skip
INT8_TOPS = {"rtx-4090": 1321, "rtx-4080-super": 836, "rtx-4080": 780, "rtx-4070-ti-super": 706, "rtx-4070-ti": 641,
             "rtx-4070-super": 568, "rtx-4070": 466, "rtx-4060-ti-8gb": 353, "rtx-4060": 242}  # fmt: skip
# dense BF16 with FP32 accumulation of NVIDIA's data sheets and white papers, likewise
BF16 = {"rtx-a4000": 76.7, "rtx-a4500": 94.6, "rtx-a5000": 111.1, "a6000": 154.8, "rtx-3080-10gb": 59.5, "rtx-3060": 25.5,
        "rtx-3090-ti": 80.0, "rtx-6000-ada": 364.2, "rtx-4060-ti-16gb": 44.1, "rtx-5070-ti": 87.9, "a10": 125, "a40": 149.7,
        "h100-sxm": 989, "b200": 2250, "mi300x": 1307.4, "mi100": 92.3, "ascend-910b2": 353.9}  # fmt: skip
# the most that a lower precision may be of BF16 on hardware that exists; beyond it a sparse figure stands among dense ones
MOST = {"fp8": 2.05, "int8": 4.05, "fp16": 1.1, "fp4": 8.1}
# rubin: FP8 and FP4 as NVIDIA announces them, dense; mi100 and gaudi3: BF16 and FP16 at different rates; trainium3 as
# AWS documents it
UNLIKE = {"rubin", "mi100", "gaudi3", "trainium3"}


@pytest.mark.parametrize(("name", "tops"), FP4_TOPS.items())
def test_advertised_fp4_tops_are_twice_the_dense_peak(name, tops):
    assert accelerators.by_id(name).peak("fp4") * 2 == pytest.approx(tops * 1e12, rel=0.003)


@pytest.mark.parametrize(("name", "tops"), INT8_TOPS.items())
def test_advertised_int8_tops_are_twice_the_dense_peak(name, tops):
    assert accelerators.by_id(name).peak("int8") * 2 == pytest.approx(tops * 1e12, rel=0.003)


@pytest.mark.parametrize(("name", "tflops"), BF16.items())
def test_dense_bf16(name, tflops):
    assert accelerators.by_id(name).peak("bf16") == pytest.approx(tflops * 1e12, rel=0.003)


def test_no_sparse_figure_stands_among_dense_ones():
    for row in tables.shipped("accelerators"):
        spec = accelerators.by_id(row["id"])
        if not spec.peak_bf16 or spec.id in UNLIKE:
            continue
        for dtype, most in MOST.items():
            peak = getattr(spec, f"peak_{dtype}")
            if peak:
                assert peak <= most * spec.peak_bf16, (spec.id, dtype)
        if spec.sparse_bf16:
            assert spec.sparse_bf16 / spec.peak_bf16 == pytest.approx(4 if spec.vendor == "AWS" else 2, rel=0.1), (
                spec.id
            )


def test_ids_kinds_dates():
    for row in tables.shipped("accelerators"):
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", row["id"])
        assert row["kind"] in {"gpu", "tpu", "asic", "soc", "cpu"} and row["vendor"] and row["name"]
        assert re.fullmatch(r"(20\d\d(-\d\d)?)?", row["released"]), row["id"]


def test_what_nobody_published_is_blank():
    """Cerebras prints a sparse figure alone, Apple and makers of servers none of matrix products."""
    for name in ("cerebras-wse-3", "apple-m5", "apple-m3-ultra", "2x-epyc-9654", "2x-epyc-9005", "2x-xeon-6980p"):
        with pytest.raises(ValueError, match="has no published bf16 peak"):
            accelerators.by_id(name).peak("bf16")
