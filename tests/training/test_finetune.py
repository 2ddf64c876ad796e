"""Fine-tuning memory: what is trained, what is frozen, what is quantised."""

from __future__ import annotations

import pytest

import xlcalc

FINETUNE = xlcalc.LLM_FINETUNE_MEMORY


def test_full_is_sixteen_bytes_a_parameter():
    """ZeRO (Rajbhandari et al. 2020), section 3.1; accelerate's estimate of 8 takes the largest part for the sum."""
    states = sum(FINETUNE("llama-3.1-8b", "full", 2048, 1, None, p) for p in ("weights", "gradients", "optimizer"))
    assert states == 16 * xlcalc.LLM_PARAMS("llama-3.1-8b")
    assert FINETUNE("llama-3.1-8b", "full", 2048, 1) == pytest.approx(
        xlcalc.LLM_TRAIN_MEMORY("llama-3.1-8b", 2048, 1, recompute="full", software="fsdp"), rel=1e-9
    )


def test_adapters_alone_have_gradients_and_moments():
    trained = xlcalc.LLM_LORA_PARAMS("llama-3.1-8b", 16)
    assert FINETUNE("llama-3.1-8b", "lora", 2048, 1, 16, "gradients") == 2 * trained
    assert FINETUNE("llama-3.1-8b", "lora", 2048, 1, 16, "optimizer") == 12 * trained
    frozen = FINETUNE("llama-3.1-8b", "lora", 2048, 1, 16, "weights") - 2 * trained
    assert frozen == xlcalc.LLM_WEIGHTS("llama-3.1-8b")


def test_lora_of_a_7b_is_not_177_gb():
    """gpu_poor printed 177 GB for LoRA of a 7B where about 16 GB is real (its issue 1)."""
    assert 13e9 < FINETUNE("llama-2-7b", "lora", 512, 1, 8) < 20e9


def test_qlora_keeps_weights_in_nf4():
    """Dettmers et al. 2023, abstract: a 65B model fine-tunes on one 48 GB GPU."""
    assert FINETUNE("llama-65b", "qlora", 512, 1, 64) < 48 * 2**30
