"""What must follow when a question is changed, over random models, machines and layouts; seeded, some thousand a run.

No number here is known beforehand: twice the layers, a faster link or a longer prompt say which way the answer goes.
"""

from __future__ import annotations

import json
import os
import random
from math import isclose

import pytest

import xlcalc

TIMES = int(os.environ.get("XLCALC_METAMORPHIC", "120"))  # random questions of each kind; `just fuzz` asks for more


def model(rng: random.Random, **change) -> str:
    heads = rng.choice((4, 8, 16, 32, 64))
    fields = {
        "hidden_size": heads * rng.choice((32, 64, 128)), "num_hidden_layers": rng.randint(1, 80),
        "num_attention_heads": heads, "num_key_value_heads": rng.choice([h for h in (1, 2, 4, 8, 16) if heads % h == 0]),
        "intermediate_size": 256 * rng.randint(2, 96), "vocab_size": rng.randint(1000, 260_000),
        "model_type": rng.choice(("llama", "qwen3", "mistral")), "tie_word_embeddings": rng.random() < 0.5,
        "sliding_window": None,
    }  # fmt: skip
    if rng.random() < 0.3:
        fields |= {"model_type": "qwen3_moe", "num_experts": rng.choice((8, 64, 128)), "num_experts_per_tok": rng.randint(1, 8),
                   "moe_intermediate_size": 128 * rng.randint(1, 16), "decoder_sparse_step": 1, "mlp_only_layers": []}  # fmt: skip
    return json.dumps({**fields, **change})


def machine(rng: random.Random, **change) -> dict:
    tera = rng.uniform(50, 3000)
    return {
        "id": "random", "name": "random", "vendor": "NVIDIA", "architecture": "Hopper", "peak_bf16": tera * 1e12,
        "peak_fp16": tera * 1e12, "peak_fp8": 2e12 * tera, "memory": rng.uniform(16, 300) * 1e9,
        "bandwidth": rng.uniform(0.5, 10) * 1e12, "scale_up": rng.uniform(50, 1000) * 1e9,
        "scale_up_domain": rng.choice((4, 8, 16, 72)), "scale_out": rng.uniform(10, 100) * 1e9, "devices_per_node": 8, **change,
    }  # fmt: skip


def layout(rng: random.Random) -> dict:
    tp, pp, dp = rng.choice((1, 2, 4)), rng.choice((1, 2)), rng.choice((1, 2, 8, 32))
    return {"count": tp * pp * dp, "tp": tp, "pp": pp, "zero": rng.choice((0, 1, 2, 3)),
            "recompute": rng.choice(("none", "selective", "full"))}  # fmt: skip


def never_less(high: float, low: float) -> bool:
    return high >= low * (1 - 1e-9)


def parameters_are_linear_in_layers(rng):
    seed, n = rng.random(), rng.randint(1, 20)
    one, two, three = (xlcalc.LLM_PARAMS(model(random.Random(seed), num_hidden_layers=k * n)) for k in (1, 2, 3))
    return three - two == two - one > 0


def cache_is_layers_times_tokens(rng):
    seed, n, context, batch = rng.random(), rng.randint(1, 40), rng.randint(1, 100_000), rng.randint(1, 64)
    one = xlcalc.LLM_KV_CACHE(model(random.Random(seed), num_hidden_layers=1), 1)
    return (
        xlcalc.LLM_KV_CACHE(model(random.Random(seed), num_hidden_layers=n), context, batch)
        == one * n * context * batch
    )


def a_step_is_the_sum_of_its_parts(rng):
    asked = (model(rng, num_hidden_layers=16), machine(rng)), layout(rng)
    parts = ("compute", "memory", "tp", "pp", "dp", "ep", "cp", "bubble", "optimizer")
    found = [step(*asked, part=part) for part in (*parts, "total")]
    return isclose(sum(found[:-1]), found[-1], rel_tol=1e-9) and min(found) >= 0


def step(model_and_machine, how, batch=256.0, seq_len=4096, **more):
    how = dict(how)
    return xlcalc.LLM_STEP_TIME(*model_and_machine, how.pop("count"), batch, seq_len, **how, **more)


def more_sequences_never_take_less(rng):
    asked, how, batch = (model(rng, num_hidden_layers=16), machine(rng)), layout(rng), rng.choice((64, 128, 512))
    return never_less(step(asked, how, 2 * batch), step(asked, how, batch))


def longer_sequences_never_take_less(rng):
    asked, how, n = (model(rng, num_hidden_layers=16), machine(rng)), layout(rng), rng.choice((512, 2048, 8192))
    return never_less(step(asked, how, 256, 2 * n), step(asked, how, 256, n))


def faster_links_never_slow_a_step_down(rng):
    seed, how, name = rng.random(), layout(rng), model(rng, num_hidden_layers=16)
    slow = machine(random.Random(seed))
    fast = slow | {"scale_up": 2 * slow["scale_up"], "scale_out": 2 * slow["scale_out"]}
    return never_less(step((name, slow), how), step((name, fast), how))


def more_memory_bandwidth_never_slows_a_token_down(rng):
    seed, name, context, batch = rng.random(), model(rng), rng.randint(1, 32_768), rng.randint(1, 64)
    slow = machine(random.Random(seed))
    fast = slow | {"bandwidth": 2 * slow["bandwidth"]}
    return never_less(*(xlcalc.LLM_TPOT(name, m, 1, context, batch) for m in (slow, fast)))


def a_longer_prompt_never_answers_sooner(rng):
    name, chip, n = model(rng), machine(rng), rng.randint(16, 16_384)
    return never_less(xlcalc.LLM_TTFT(name, chip, 1, 2 * n), xlcalc.LLM_TTFT(name, chip, 1, n))


def a_longer_context_never_decodes_quicker(rng):
    name, chip, n = model(rng), machine(rng), rng.randint(16, 16_384)
    return never_less(xlcalc.LLM_TPOT(name, chip, 1, 2 * n, 4), xlcalc.LLM_TPOT(name, chip, 1, n, 4))


def training_memory_grows_with_what_is_kept(rng):
    name, n, b = model(rng, num_hidden_layers=16), rng.choice((512, 2048, 8192)), rng.randint(1, 4)
    tp, zero = rng.choice((1, 2, 4)), rng.choice((0, 1, 2, 3))
    one = xlcalc.LLM_TRAIN_MEMORY(name, n, b, tp, 1, 8, zero)
    return all(
        never_less(xlcalc.LLM_TRAIN_MEMORY(name, n * k, b * m, tp, 1, 8, zero), one) for k, m in ((2, 1), (1, 2))
    )


def zero_never_keeps_more_state(rng):
    name, dp = model(rng, num_hidden_layers=16), rng.choice((2, 8, 64))
    for part in ("weights", "gradients", "optimizer"):
        held = [xlcalc.LLM_TRAIN_MEMORY(name, 2048, 1, 1, 1, dp, zero, part=part) for zero in (0, 1, 2, 3)]
        if held != sorted(held, reverse=True):
            return False
    return True


def the_bill_is_proportional_to_the_price(rng):
    flops, count, usd, k = rng.uniform(1e20, 1e26), rng.randint(1, 30_000), rng.uniform(0.1, 20), rng.uniform(1, 9)
    bills = [
        xlcalc.LLM_TRAIN_COST(flops, 1e15, count, price, 0.4, 8, 1e-5, 600, 1800)[-1][1] for price in (usd, k * usd)
    ]
    return isclose(bills[1], k * bills[0], rel_tol=1e-9)


def twice_the_machines_take_half_the_time(rng):
    flops, count = rng.uniform(1e20, 1e26), rng.randint(1, 30_000)
    one, two = (xlcalc.LLM_TRAIN_TIME(flops, "h100-sxm", n) for n in (count, 2 * count))
    return isclose(one, 2 * two, rel_tol=1e-12)


RULES = [
    parameters_are_linear_in_layers, cache_is_layers_times_tokens, a_step_is_the_sum_of_its_parts,
    more_sequences_never_take_less, longer_sequences_never_take_less, faster_links_never_slow_a_step_down,
    more_memory_bandwidth_never_slows_a_token_down, a_longer_prompt_never_answers_sooner,
    a_longer_context_never_decodes_quicker, training_memory_grows_with_what_is_kept, zero_never_keeps_more_state,
    the_bill_is_proportional_to_the_price, twice_the_machines_take_half_the_time,
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_it_follows(rule):
    broken = [seed for seed in range(TIMES) if not rule(random.Random(seed))]
    assert not broken, (len(broken), broken[:5])
