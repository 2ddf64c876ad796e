"""Shoeybi et al. 2019 and Narayanan et al. 2021, the Megatron-LM papers."""

from __future__ import annotations

from published import Figure, Source, gpt, rounding

# Shoeybi et al. 2019, table 1: parameters, width, heads, layers; vocabulary padded to 51,200, 1,024 positions.
SHOEYBI = [("1.2", 1536, 16, 40), ("2.5", 1920, 20, 54), ("4.2", 2304, 24, 64), ("8.3", 3072, 32, 72)]
# Narayanan et al. 2021, table 1, as NVIDIA/Megatron-LM's README showed it in 2021 too: billions of parameters, width,
# heads, layers, tensor and pipeline ranks, GPUs, batch, TFLOP/s a GPU, percent of peak. Chunks of a stage and sequences
# of a micro-batch, after the ranks, are those of its script (examples/academic_paper_scripts/sc21/run_table_1.sh).
TABLE_1 = [
    ("1.7", 2304, 24, 24, 1, 1, 1, 16, 32, 512, 137, 44), ("3.6", 3072, 32, 30, 2, 1, 1, 16, 64, 512, 138, 44),
    ("7.5", 4096, 32, 36, 4, 1, 1, 16, 128, 512, 142, 46), ("18.4", 6144, 48, 40, 8, 1, 1, 8, 256, 1024, 135, 43),
    ("39.1", 8192, 64, 48, 8, 2, 1, 4, 512, 1536, 138, 44), ("76.1", 10240, 80, 60, 8, 4, 3, 2, 1024, 1792, 140, 45),
    ("145.6", 12288, 96, 80, 8, 8, 2, 2, 1536, 2304, 148, 47),
    ("310.1", 16384, 128, 96, 8, 16, 2, 1, 1920, 2160, 155, 50),
    ("529.6", 20480, 128, 105, 8, 35, 3, 1, 2520, 2520, 163, 52),
    ("1008.0", 25600, 160, 128, 8, 64, 1, 1, 3072, 3072, 163, 52),
]  # fmt: skip
# Table 2 and section 5.1: billions, tokens, GPUs, TFLOP/s each, days. Those TFLOP/s count the recomputed forward pass.
DAYS = [
    ("174.6", 300, 384, 153, 84), ("174.6", 300, 768, 149, 43), ("174.6", 300, 1536, 141, 23), ("529.6", 300, 560, 171, 156),
    ("529.6", 300, 1120, 167, 80), ("529.6", 300, 2240, 159, 42), ("1008.0", 450, 3072, 163, 84),
]  # fmt: skip


def _name(billions: str) -> str:
    return "GPT_" + billions.replace(".", "_") + "B"


def _formula(layers: int, d: int) -> float:
    """Equation 3 for one token of 2,048: 96 s l h^2 (1 + s / 6 h + V / 16 l h), its forward pass run twice."""
    return 96 * layers * d**2 * (1 + 2048 / (6 * d) + 51200 / (16 * layers * d))


FIGURES = (
    *(
        Figure(
            f"{b}B, parameters", "Shoeybi, table 1", float(b), f'LLM_PARAMS(GPT2_{b.replace(".", "_")}B, unit="B")',
            rounding(b), "B",
        )
        for b, *_ in SHOEYBI
    ),
    *(
        Figure(f"{b}B, parameters", "Narayanan, table 1", float(b), f'LLM_PARAMS({_name(b)}, unit="B")', rounding(b), "B")
        for b, *_ in TABLE_1
    ),
    *(
        Figure(
            f"{b}B, FLOP of a token", "Narayanan, equation 3", _formula(layers, d),
            f'LLM_TRAIN_FLOPS({_name(b)}, 1, 2048, "full")', 0.05 if d < 8192 else 0.007, "FLOP",
        )
        for b, d, _, layers, *_ in TABLE_1
    ),
    *(
        Figure(
            f"{b}B, share of an A100's peak", "Narayanan, table 1", percent,
            f'100 * {tflops}e12 / LLM_HARDWARE("a100-sxm-80gb", "peak_fp16")', 0.5 / percent + 1e-9, "%",
        )
        for b, *_, tflops, percent in TABLE_1[::3]
    ),
    *(
        Figure(
            f"{b}B, TFLOP/s of a GPU", "Narayanan, table 1", tflops,
            f'LLM_TRAIN_FLOPS({_name(b)}, 2048 * {batch}, 2048, "full") / {gpus}e12 '
            f'/ LLM_STEP_TIME({_name(b)}, "a100-sxm-80gb", {gpus}, {batch}, 2048, {tp}, {pp}, {mb}, 0, "full", vp={vp})',
            0.16, "TFLOP/s",
        )
        for b, _, _, _, tp, pp, vp, mb, gpus, batch, tflops, _ in TABLE_1
    ),
    *(
        Figure(
            f"{b}B on {gpus} GPUs", "Narayanan, table 2 and section 5.1", days,
            f'LLM_TRAIN_TIME(LLM_TRAIN_FLOPS({_name(b)}, {tokens}e9, 2048, "full"), {tflops}e12, {gpus}, 1, unit="days")',
            0.02, "days",
        )
        for b, tokens, gpus, tflops, days in DAYS
    ),
    Figure("bubble of 8 stages, 64 micro-batches", "Narayanan, section 2.2", 7 / 64, "LLM_PIPELINE_BUBBLE(8, 64)", 1e-9),
    Figure("share of a V100's peak, 39 TFLOP/s", "Shoeybi, abstract", 0.30,
           '39e12 / LLM_HARDWARE("v100-sxm-32gb", "peak_fp16")', 0.05),
    Figure("scaling of 15.1 PFLOP/s on 512", "Shoeybi, abstract", 0.76, "15.1e15 / (512 * 39e12)", 0.007),
    Figure(
        "8.3B, days of an epoch (68,507 steps of 512 sequences) at 15.1 PFLOP/s", "Shoeybi, table 2", 2.10,
        'LLM_TRAIN_TIME(LLM_TRAIN_FLOPS(GPT2_8_3B, 68507 * 512 * 1024, 1024, "full"), 15.1e15, 1, 1, unit="days")',
        0.1, "days",
    ),
)  # fmt: skip

SOURCE = Source(
    "Shoeybi et al. 2019 and Narayanan et al. 2021, Megatron-LM",
    "https://arxiv.org/abs/1909.08053, https://arxiv.org/abs/2104.04473",
    "parameters and FLOP of a GPT, days of a run from the FLOP/s that each GPU achieves, the pipeline's bubble",
    FIGURES,
    {
        **{f"GPT2_{b.replace('.', '_')}B": gpt(layers, d, heads, n_ctx=1024) for b, d, heads, layers in SHOEYBI},
        **{_name(b): gpt(layers, d, heads) for b, d, heads, layers, *_ in TABLE_1},
        "GPT_174_6B": gpt(96, 12288, 96),
    },
    "The GPTs are blocks of the tables' dimensions. Their TFLOP/s are hardware FLOP/s: they count the forward pass that "
    "is run again. Ours runs the output layer again as well, where equation 3 does not: up to 5 % in the smallest model. "
    "An epoch took 2.10 days; at the rate of the scaling test it would be shorter. TFLOP/s of a GPU are predicted by a "
    "model of the machine that these rows had no part in, and whose software is a year younger.",
)

test_published = SOURCE.test()
