"""Pope et al. 2022, Efficiently Scaling Transformer Inference: sections 2 and 4, tables 1 and 2."""

from __future__ import annotations

from published import Figure, Source
from test_chowdhery_2022 import palm

# 64 TPU v4 of 32 GiB, 30 % of the memory for the cache (table 1). Heads are padded from 48 to 64 so that 64 chips
# divide them; baseline multiquery keeps its one head on every chip.
BUDGET = 0.3 * 64 * 32 * 2**30
TABLE_1 = [
    ("multihead", "MULTIHEAD", 64, 1), ("baseline multiquery", "PALM", 1, 64), ("optimized multiquery", "PALM", 1, 1),
]  # fmt: skip
LONGEST = {"multihead": (1320, 330), "baseline multiquery": (660, 165), "optimized multiquery": (43000, 10700)}
# Table 2: phase, batch, tokens of a sequence in that phase, seconds, MFU. The abstract has 76 % and 29 ms (1.82 s / 64).
TABLE_2 = [
    ("prefill, low latency", 1, 2048, 0.29, 0.43), ("decode, low latency", 64, 64, 1.82, 0.14),
    ("prefill, throughput", 512, 2048, 85.2, 0.76), ("decode, throughput", 512, 64, 6.0, 0.33),
]  # fmt: skip

FIGURES = (
    Figure(
        "cache of a 500B multihead model, batch 512, 2,048 tokens", "section 2", 3,
        'LLM_KV_CACHE(MULTIHEAD_48, 2048, 512, unit="TB")', 0.02, "TB",
    ),
    Figure(
        "cache over weights", "section 2", 3,
        'LLM_KV_CACHE(MULTIHEAD_48, 2048, 512) / LLM_WEIGHTS(PALM)', 0.17,
    ),
    Figure(
        "parameters added by padding 48 heads to 64", "section 4", 18e9, "LLM_PARAMS(PALM_64) - LLM_PARAMS(PALM)", 0.028,
    ),
    *(
        Figure(
            f"{name}, batch {batch}: longest context", "table 1", LONGEST[name][i],
            f"BUDGET / {copies} / LLM_KV_CACHE({model}, 1, {batch})", 0.02, "tokens",
        )
        for name, model, _, copies in TABLE_1
        for i, batch in enumerate((128, 512))
    ),
    *(
        Figure(
            f"{phase}: MFU", "table 2", mfu,
            f'LLM_MFU(LLM_PARAMS(PALM) / 3, {batch * tokens} / {seconds}, "tpu-v4", 64)', 0.5 / (100 * mfu) + 0.01,
        )
        for phase, batch, tokens, seconds, mfu in TABLE_2
    ),
    *(
        Figure(
            f"{phase}: seconds at that MFU", "table 2", seconds,
            f'LLM_TTFT(PALM, "tpu-v4", 64, 2048, {batch}, "{dtype}", {mfu})', 0.5 / (100 * mfu) + 0.01, "s",
        )
        for (phase, batch, _, seconds, mfu), dtype in zip(TABLE_2[::2], ("int8", "bf16"), strict=True)
    ),
    *(
        Figure(
            f"{phase}: seconds as estimated", "table 2", seconds,
            f'LLM_TTFT(PALM, "tpu-v4", 64, 2048, {batch}, "{dtype}")', 0.16, "s",
        )
        for (phase, batch, _, seconds, _), dtype in zip(TABLE_2[::2], ("int8", "bf16"), strict=True)
    ),
    *(
        Figure(
            f"decode of {batch} sequences in {dtype}", where, given,
            f'LLM_TPOT(PALM, "tpu-v4", 64, 2048, {batch}, "{dtype}", unit="ms")', 0.12, "ms",
        )
        for batch, dtype, given, where in (
            (64, "int8", 28.5, "section 4.4"), (64, "bf16", 36.9, "section 4.4"), (512, "bf16", 6000 / 64, "table 2")
        )
    ),
)  # fmt: skip

SOURCE = Source(
    "Pope et al. 2022, Efficiently Scaling Transformer Inference",
    "https://arxiv.org/abs/2211.05102",
    "bytes of the cache by kind of attention, the longest context that fits, utilisation of a serving step",
    FIGURES,
    {
        "PALM": palm(118, 48, 18432),
        "PALM_64": palm(118, 64, 18432),
        "MULTIHEAD": palm(118, 64, 18432, 64, 128),
        "MULTIHEAD_48": palm(118, 48, 18432, 48, 128),
        "BUDGET": BUDGET,
    },
    "LLM_MFU counts training, 6 N a token; a forward pass is a third of it, hence a third of the parameters. "
    "`MULTIHEAD` has heads of 128 as section 4.2 says, padded to 64; `BUDGET` is 30 % of 64 x 32 GiB. Estimates divide weights "
    "in two dimensions, or gather them, whichever moves less (sections 3.2.2 and 3.2.3), and the cache by sequences "
    "(section 3.3); one constant, of collectives, was calibrated on these rows.",
)

test_published = SOURCE.test()
