"""Lilian Weng, Large Transformer Model Inference Optimization (2023)."""

from __future__ import annotations

import pytest
from published import Figure, Source
from test_chowdhery_2022 import palm

import xlcalc

FIGURES = (
    Figure("cache at batch 512 and 2,048 tokens", "introduction, from Pope et al.", 3,
           'LLM_KV_CACHE(MULTIHEAD, 2048, 512, unit="TB")', 0.02, "TB"),
    Figure("cache over model size", "introduction", 3, 'LLM_KV_CACHE(MULTIHEAD, 2048, 512) / LLM_WEIGHTS(PALM)', 0.17),
    Figure("parameters that DistilBERT saves", "distillation", 0.40,
           "1 - LLM_PARAMS_DENSE(6, 768, 30522, 3072, 512) / LLM_PARAMS_DENSE(12, 768, 30522, 3072, 512)", 0.03),
    Figure("OPT-175B in 4 bits over 16 (GPTQ)", "quantization", 0.25, 'LLM_WEIGHTS(175e9, 4) / LLM_WEIGHTS(175e9, "fp16")',
           1e-9),
    Figure("OPT-175B in 3 bits over 16 (GPTQ)", "quantization", 3 / 16, 'LLM_WEIGHTS(175e9, 3) / LLM_WEIGHTS(175e9, "fp16")',
           1e-9),
    Figure("int8 over fp16 (LLM.int8, SmoothQuant)", "quantization", 0.5,
           'LLM_WEIGHTS("opt-175b", "int8") / LLM_WEIGHTS("opt-175b", "fp16")', 0.01),
    Figure("weights of OPT-175B that 60 % sparsity ignores: more than", "Frantar and Alistarh 2023 (SparseGPT), abstract",
           100e9, '0 - (LLM_PRUNED("opt-175b", 0.6)[1][2] - LLM_PRUNED("opt-175b", 0.6)[1][1])', 0.05),
    Figure("2:4 in 16 bit: bytes of a matrix over dense", "PyTorch, torch/sparse/semi_structured.py", 9 / 16,
           '(LLM_PRUNED(MATRICES, 0.5, "2:4")[2][2] - KEPT) / (LLM_PRUNED(MATRICES, 0.5, "2:4")[2][1] - KEPT)', 1e-9),
    Figure("peak of an A100 with 2:4 sparsity over dense", "sparsity", 2,
           'LLM_HARDWARE("a100-sxm-80gb", "sparse_bf16") / LLM_HARDWARE("a100-sxm-80gb", "peak_bf16")', 1e-9),
)  # fmt: skip

SOURCE = Source(
    "Lilian Weng, Large Transformer Model Inference Optimization",
    "https://lilianweng.github.io/posts/2023-01-10-inference-optimization/",
    "what quantisation, distillation, pruning and sparsity do to bytes, parameters and FLOP/s",
    FIGURES,
    {
        "PALM": palm(118, 48, 18432),
        "MATRICES": "llama-3.1-8b",
        "KEPT": 2 * (2 * 128256 + 65) * 4096,
        "MULTIHEAD": palm(118, 48, 18432, 48, 128),
    },
    "Quantisation is the argument dtype (and kv_dtype), a number of bits too; distillation is a smaller model; 2:4 sparsity "
    "the field sparse_bf16; what pruning leaves is LLM_PRUNED. Accuracy is not computed.",
)

test_published = SOURCE.test()


def test_attention_grows_with_the_square():
    def attention(n):
        return n * (xlcalc.LLM_FLOPS_PER_TOKEN("gpt3-175b", n) - xlcalc.LLM_FLOPS_PER_TOKEN("gpt3-175b"))

    assert attention(4096) / attention(2048) == pytest.approx(4)


def test_quantised_weights_speed_up_decoding_by_their_bytes():
    wide, narrow = (xlcalc.LLM_TPOT("opt-13b", "a100-sxm-80gb", 1, 1, 1, dtype, mbu=1) for dtype in ("fp16", "int8"))
    assert wide / narrow == pytest.approx(2, rel=0.03)
