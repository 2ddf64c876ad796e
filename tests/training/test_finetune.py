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


def test_lora_of_a_mixture_without_its_routed_experts():
    """PEFT leaves experts out that stand in one tensor. Counted by hand from the configurations: Mixtral's attention and
    router; DeepSeek-V3's latents, three dense MLPs of 18,432 and 58 shared experts of 2,048."""
    attention = (4096 + 4096) * 2 + (4096 + 1024) * 2
    assert xlcalc.LLM_LORA_PARAMS("mixtral-8x7b", 16, "attention,router") == 16 * 32 * (attention + 4096 + 8)
    latent = (7168 + 1536) + (1536 + 24576) + (7168 + 576) + (512 + 32768) + (16384 + 7168)
    mlps = 3 * 3 * (7168 + 18432) + 58 * 3 * (7168 + 2048)
    assert xlcalc.LLM_LORA_PARAMS("deepseek-v3", 1, "attention,shared,dense") == 61 * latent + mlps
    everything = xlcalc.LLM_LORA_PARAMS("deepseek-v3", 1, "attention,shared,dense,experts")
    assert (
        everything
        == xlcalc.LLM_LORA_PARAMS("deepseek-v3", 1)
        == xlcalc.LLM_LORA_PARAMS("deepseek-v3", 1, "attention,mlp")
    )
    with pytest.raises(xlcalc.CalcError, match="finds no matrix of experts"):
        xlcalc.LLM_FINETUNE_MEMORY("llama-3.1-8b", "lora", 2048, 1, targets="experts")


@pytest.mark.parametrize(
    ("optimizer", "bytes_each"),
    # weights, gradients, optimizer: 32-bit copy and moments by each optimizer's paper
    [("adam", (2, 2, 12)), ("adam_fp32", (4, 4, 8)), ("adam_8bit", (2, 2, 6)), ("adam_bf16", (2, 2, 8)),
     ("paged", (2, 2, 4)), ("momentum", (2, 2, 8)), ("sgd", (2, 2, 4)), ("adafactor", (2, 2, 4))],
)  # fmt: skip
def test_bytes_of_a_parameter_by_optimizer(optimizer, bytes_each):
    n = xlcalc.LLM_PARAMS("llama-3.1-8b")
    for part, each in zip(("weights", "gradients", "optimizer"), bytes_each, strict=True):
        assert FINETUNE("llama-3.1-8b", "full", 2048, 1, None, part, optimizer=optimizer) == each * n


def test_muon_keeps_one_moment_of_matrices_and_two_of_embedding_and_head():
    n, outer = xlcalc.LLM_PARAMS("llama-3.1-8b"), 2 * 128256 * 4096
    found = FINETUNE("llama-3.1-8b", "full", 2048, 1, None, "optimizer", optimizer="muon")
    assert found == pytest.approx(8 * n + 4 * outer)


def test_the_host_takes_what_is_offloaded():
    model = ("llama-3.1-8b", "full", 8192, 1, None)
    assert FINETUNE(*model, "optimizer", offload="optimizer") == 0
    kept, offloaded = (FINETUNE(*model, "activations", recompute="none", offload=o) for o in ("none", "activations"))
    assert offloaded == pytest.approx(kept * 2 / 32)  # two layers' of 32 are on their way


def test_full_fine_tuning_of_8b_in_torchtune_fits_a_24_gb_card():
    """torchtune's 8B_full_single_device (paged 8-bit Adam within the backward pass, two sequences) takes 18.9 GiB of an
    RTX 4090; sequences of Alpaca are a few hundred tokens long."""
    found = FINETUNE("llama-3.1-8b", "full", 512, 2, optimizer="paged", software="torchtune", unit="GiB")
    assert found == pytest.approx(18.9, rel=0.1)


def test_qlora_by_framework():
    """PEFT casts embeddings, head and norms to 32 bit: 2 bytes more of each of 1.05e9 parameters; torchtune's loss in
    chunks takes less than PyTorch's."""
    each = {
        s: FINETUNE("llama-3.1-8b", "qlora", 2048, 1, 8, "weights", targets="q,v", software=s)
        for s in ("peft", "torchtune")
    }
    adapters = xlcalc.LLM_LORA_PARAMS("llama-3.1-8b", 8, "q,v")
    assert each["peft"] - each["torchtune"] == pytest.approx(2 * 2 * 128256 * 4096 + 2 * adapters)
    total = {s: FINETUNE("llama-3.1-8b", "qlora", 2048, 1, 8, software=s) for s in ("peft", "fsdp", "torchtune")}
    assert total["torchtune"] < total["fsdp"] < total["peft"]


def test_targets_of_full_training_are_refused():
    asked = {"method": "full", "targets": "q,v"}
    with pytest.raises(xlcalc.CalcError, match="full trains all; got q, v"):
        xlcalc.LLM_FINETUNE_MEMORY("llama-3.1-8b", seq_len=2048, micro_batch=1, **asked)
    with pytest.raises(xlcalc.CalcError, match="full trains all; got q, v"):
        xlcalc.LLM_STEP_TIME("llama-3.1-8b", "h100-sxm", 8, 8, 2048, **asked)


def test_lora_keeps_less_than_full_and_more_with_more_targets():
    kept = [FINETUNE("llama-3.1-8b", "full", 2048, 1, 8, "activations", recompute="none")]
    kept += [
        FINETUNE("llama-3.1-8b", "lora", 2048, 1, 8, "activations", recompute="none", targets=t) for t in ("all", "q,v")
    ]
    assert kept[0] >= kept[1] > kept[2]
