"""Training memory against published figures."""

from __future__ import annotations

import measured
import pytest

import xlcalc
from xlcalc.catalog import tables
from xlcalc.training.memory import in_flight

GIB = 2**30


def held(case, **changes):
    of = case.layout._replace(**changes)
    return xlcalc.LLM_TRAIN_MEMORY(
        case.model, case.seq_len, of.micro_batch, of.tp, of.pp, of.dp, of.zero, of.recompute, "adam", of.ep, of.cp,
        of.vp, case.dtype, software="llm-foundry",
    )  # fmt: skip


@pytest.mark.parametrize("row", measured.rows("korthikanti"), ids=lambda r: r["model"])
@pytest.mark.parametrize(("recompute", "column"), [("none", "none_gib"), ("selective", "selective_gib")])
def test_korthikanti_figure_1(row, recompute, column):
    found = xlcalc.LLM_TRAIN_MEMORY(
        measured.gpt2(row), 2048, int(row["micro_batch"]), int(row["tp"]), int(row["pp"]), recompute=recompute,
        vp=int(row["vp"]), part="activations",
    )  # fmt: skip
    assert found / GIB == pytest.approx(float(row[column]), rel=0.001)


# ZeRO (Rajbhandari et al. 2020), figure 1: 7.5B parameters over 64 ranks. This GPT has 7.5B.
GPT_7B5 = {"model_type": "gpt2", "n_layer": 36, "n_embd": 4096, "n_head": 32, "vocab_size": 50257, "n_positions": 1024}


@pytest.mark.parametrize(("zero", "gigabytes"), [(0, 120), (1, 31.4), (2, 16.6), (3, 1.9)])
def test_zero_divides_model_states(zero, gigabytes):
    parts = [
        xlcalc.LLM_TRAIN_MEMORY(GPT_7B5, 1024, 1, dp=64, zero=zero, part=part, unit="GB")
        for part in ("weights", "gradients", "optimizer")
    ]
    assert sum(parts) == pytest.approx(gigabytes * xlcalc.LLM_PARAMS(GPT_7B5) / 7.5e9, rel=0.02)


def test_every_measured_mpt_row_fits():
    capacity = {name: xlcalc.LLM_HARDWARE(name, "memory") for name in measured.MPT_GPUS.values()}
    cases = list(measured.mpt())
    # CUDA reports 39.4 and 79.2 GiB of 40 and 80 GB: 42.3e9 and 85e9 bytes
    assert [case.name for case in cases if held(case) > 1.03 * capacity[case.accelerator]] == []
    # those without recomputation were run with about the largest micro-batch that fits
    plain = [case for case in cases if case.layout.recompute == "none" and case.layout.micro_batch > 1]
    twice = [held(case, micro_batch=2 * case.layout.micro_batch) <= capacity[case.accelerator] for case in plain]
    assert sum(twice) / len(plain) <= 0.17


def test_gradients_divide_by_tensor_and_pipeline_ranks_under_zero_1():
    found = xlcalc.LLM_TRAIN_MEMORY("gpt3-175b", 2048, 1, 8, 8, 4, 1, part="gradients", unit="GB")
    assert found == pytest.approx(2 * 174.6 / 64, rel=0.03)


def test_experts_have_their_own_divisors():
    """Routed experts stand on ep ranks, and their optimizer divides over the ranks that share them."""
    base = {"seq_len": 4096, "micro_batch": 1, "dp": 64, "zero": 1}

    def part(name, **layout):
        return xlcalc.LLM_TRAIN_MEMORY("qwen3-30b-a3b", part=name, **(base | layout))

    experts = xlcalc.LLM_PARAMS("qwen3-30b-a3b", "experts")
    assert part("weights", ep=1) - part("weights", ep=8) == pytest.approx(2 * experts * 7 / 8)
    assert part("optimizer", ep=1) == pytest.approx(part("optimizer", ep=8))
    assert part("activations", ep=1) == part("activations", ep=8)


def test_latent_attention_keeps_expanded_heads():
    """DeepSeek-V3: queries, keys and values of 128 heads of 192 and 128, latents, eight experts of 2,048 a token."""
    per_layer = xlcalc.LLM_TRAIN_MEMORY("deepseek-v3", 4096, 1, ep=1, part="activations") / 4096 / 62
    attention = 2 * (128 * 192 * 2 + 128 * 128 * 2) + 2 * (2 * 1536 + 512 * 2 + 64 + 7168)
    experts = 8 * 2 * (7168 * 2 + 3 * 2048)
    assert per_layer == pytest.approx(attention + experts + 2 * 7168 * 3 + 6 * 2048, rel=0.1)


def test_selective_recomputation_drops_what_is_cheap_to_run_again():
    """Llama's layers keep 2 norms' outputs of 4,096 and gate x up of 14,336 less; one layer's stand there at a time."""
    model = ("llama-3.1-8b", 8192, 1)
    kept = {r: xlcalc.LLM_TRAIN_MEMORY(*model, recompute=r, part="activations") for r in ("none", "selective", "full")}
    assert kept["none"] - kept["selective"] == pytest.approx(2 * 8192 * 32 * (2 * 4096 + 14336))
    assert kept["full"] < kept["selective"]
    again = xlcalc.LLM_TRAIN_MEMORY("deepseek-v3", 4096, 1, recompute="selective", part="activations") / 4096 / 62
    none = xlcalc.LLM_TRAIN_MEMORY("deepseek-v3", 4096, 1, part="activations") / 4096 / 62
    expanded = 2 * (128 * 192 * 2 + 128 * 128)  # queries, keys and values of 128 heads
    assert none - again == pytest.approx(expanded + 2 * (2 * 7168 + 9 * 2048), rel=0.03)


def most_held(pp, vp, micro_batches, rank):
    """Most micro-batches' activations that a rank holds in Megatron-LM's schedules, step by step: forward passes until
    the first comes back (`num_warmup_microbatches`, schedules.py), then one forward, one backward, in chunks of 1 / vp."""
    warm_up = pp - rank - 1 if vp == 1 else 2 * (pp - rank - 1) + (vp - 1) * pp
    chunks = micro_batches * vp
    held = most = 0
    for forward in range(chunks):
        held += 1
        most = max(most, held)
        if forward >= warm_up:
            held -= 1
    return most / vp


@pytest.mark.parametrize("micro_batches", [24, 64])
@pytest.mark.parametrize(("pp", "vp"), [(2, 1), (8, 1), (8, 3), (4, 5), (12, 2)])
def test_in_flight_micro_batches(pp, vp, micro_batches):
    for rank in (0, pp - 1):
        assert in_flight(pp, vp, rank) == pytest.approx(most_held(pp, vp, micro_batches, rank))
    assert in_flight(8, 3) == pytest.approx(8 * (1 + 7 / 24))  # Korthikanti et al. 2022, section 4.2.3


def test_the_last_stage_holds_most_chunks_of_an_interleaved_pipeline():
    """A narrow model with a wide vocabulary: its head and logits make the last of 4 stages the fullest. Of 4 chunks it
    holds (4 - 1) 4 + 1, which are 3.25 micro-batches; without interleaving it holds one."""
    narrow = {"model_type": "llama", "hidden_size": 1024, "intermediate_size": 2816, "num_hidden_layers": 16,
              "num_attention_heads": 16, "vocab_size": 256000, "tie_word_embeddings": False}  # fmt: skip
    kept = {vp: xlcalc.LLM_TRAIN_MEMORY(narrow, 4096, 1, pp=4, vp=vp, part="activations") for vp in (1, 4)}
    whole = xlcalc.LLM_TRAIN_MEMORY(narrow, 4096, 1, part="activations")
    assert kept[1] == pytest.approx(whole / 4, rel=0.01)
    assert kept[4] == pytest.approx(3.25 * whole / 4, rel=0.01)


def test_first_stage_is_the_fullest_and_full_recomputation_keeps_inputs():
    model = ("llama-3.1-70b", 8192, 1)
    none = xlcalc.LLM_TRAIN_MEMORY(*model, tp=8, pp=4, part="activations")
    full = xlcalc.LLM_TRAIN_MEMORY(*model, tp=8, pp=4, recompute="full", part="activations")
    assert full == pytest.approx(2 * 8192 * 8192 * 80 / 8)
    assert none > 8 * full


@pytest.mark.parametrize("part", ["weights", "gradients", "optimizer", "activations", "total"])
def test_parts_are_within_the_total(part):
    total = xlcalc.LLM_TRAIN_MEMORY("llama-3.1-8b", 4096, 1)
    assert 0 < xlcalc.LLM_TRAIN_MEMORY("llama-3.1-8b", 4096, 1, part=part) <= total


def test_narrow_formats_keep_narrow_operands():
    bf16 = xlcalc.LLM_TRAIN_MEMORY("llama-3.1-8b", 4096, 1, part="activations")
    fp8 = xlcalc.LLM_TRAIN_MEMORY("llama-3.1-8b", 4096, 1, dtype="fp8", part="activations")
    assert 0.6 * bf16 < fp8 < bf16
    same = [xlcalc.LLM_TRAIN_MEMORY("llama-3.1-8b", 4096, 1, dtype=d, part="weights") for d in ("bf16", "fp8")]
    assert same[0] == same[1]


def test_fsdp_in_a_pipeline_keeps_weights_and_gradients_whole():
    """torchtitan does not reshard between micro-batches of a pipeline: 2 bytes of weights and 4 of summed gradients of
    every parameter of a stage, beside a data-parallel rank's share."""
    layout = {"tp": 8, "pp": 8, "dp": 8, "recompute": "full", "software": "torchtitan"}
    sharded, one = (xlcalc.LLM_TRAIN_MEMORY("llama-3.1-405b", 8192, 1, zero=z, **layout) for z in (3, 1))
    states = [
        sum(
            xlcalc.LLM_TRAIN_MEMORY("llama-3.1-405b", 8192, 1, zero=z, part=p, **layout)
            for p in ("weights", "gradients")
        )
        for z in (3, 1)
    ]
    whole = states[1] / 4
    assert sharded - states[0] - (one - states[1]) == pytest.approx(6 * whole, rel=0.02)


def test_the_loss_takes_what_each_framework_writes():
    """8,192 tokens of 128,256 logits: PyTorch writes three 32-bit copies, torchtune's chunks 7.3 GiB in all."""
    of = {
        s: xlcalc.LLM_TRAIN_MEMORY("llama-3.1-8b", 8192, 1, recompute="full", software=s)
        for s in ("fsdp", "llm-foundry")
    }
    assert of["fsdp"] - of["llm-foundry"] == pytest.approx(1.07 * 10 * 8192 * 128256)
    chunked = tables.rows("efficiency")
    each = next(float(r["value"]) for r in chunked if (r["name"], r["stack"]) == ("logit_bytes", "torchtune"))
    assert each * 8192 * 128256 / GIB == pytest.approx(7.3, rel=0.01)
