"""Random calls of every cell function: each gives a value or a CalcError, at once, and never NaN or infinity.

    python benchmarks/fuzz.py [CALLS] [SEED] [SECONDS]

Arguments are drawn from what sheets, notebooks and files may hold: plausible values of the argument's kind, edges of
its domain, and things that are no value at all. It ends after so many calls or seconds. What breaks the rule is printed
with its call; exit status 1 if anything did. A call's seconds are the processor's, as they would be had it the
processor for itself: other programs on the same core leave a call more of them, by a share that a fixed piece of work
measures.
"""

from __future__ import annotations

import contextlib
import gc
import json
import math
import random
import statistics
import sys
import time
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import xlcalc
from xlcalc.language.cells import Choice, Day, Number, Parsed, Text, UnitOf
from xlcalc.language.declare import Declaration
from xlcalc.language.kinds import AcceleratorKind, DTypeKind, ModelKind
from xlcalc.language.units import UNITS

SLOW = 1.0  # seconds
TOO_LONG = 500  # characters of a message
MODELS = ("llama-3.1-8b", "gpt2", "deepseek-v3", "gpt-oss-20b", "qwen3-30b-a3b", "mamba-130m", "gemma-3-1b", "8e9", 7e9)
ACCELERATORS = ("h100-sxm", "a100-sxm-80gb", "mi300x", "tpu-v5p", "dgx-spark", "apple-m3-ultra", "b200", 1e15)
DTYPES = ("bf16", "fp8", "int4", "mxfp4", "q4_k_m", "awq", 4, 4.5, "fp32", "none")
NUMBERS = (0, 1, 2, 3, 7, 8, 64, 512, 4096, 131072, 1e6, 1e9, 1e10, 1e15, 1e100, 1e300, 0.1, 0.5, 0.9, 1e-3, 1e-300, -1)
ODD: tuple[Any, ...] = (
    None, "", " ", True, False, "abc", "nan", "inf", ";;;", "#N/A", "#VALUE!", "=1+1", "'1", "1e400", "9" * 5000,
    10**400, -(10**400), float("nan"), float("inf"), -float("inf"), Decimal("NaN"), Decimal("sNaN"), Decimal("1e999"),
    Fraction(1, 3), Fraction(10**400, 3), date(2026, 1, 1), datetime(1900, 1, 1), [], [[]], [1, 2], [["a"], [1, 2]],
    {}, {"a": 1}, object(), "[" * 10000, '{"a":' * 10000, "{", '{"model_type": 3}', "\x00", "𝔪", b"x", 1j,
)  # fmt: skip
FIELDS = (
    "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "intermediate_size", "vocab_size",
    "head_dim", "num_experts", "num_experts_per_tok", "moe_intermediate_size", "kv_lora_rank", "q_lora_rank",
    "layer_types", "sliding_window", "quantization_config", "architectures", "tie_word_embeddings", "n_embd",
    "torch_dtype",
    "text_config", "vision_config", "first_k_dense_replace", "mlp_only_layers", "id2label",
)  # fmt: skip
TYPES = (
    "llama", "mixtral", "deepseek_v3", "gpt2", "qwen3_moe", "bert", "t5", "whisper", "jamba", "gemma3_text", "dory",
    "rwkv7", "xlnet", "led", "llava", "qwen2_5_vl", "blip-2", "inkling_mm_model", "odd", "",
)  # fmt: skip
TOWER = ("hidden_size", "num_hidden_layers", "depth", "intermediate_size", "patch_size", "image_size", "n_layers")


_STRANGE: tuple[Any, ...] = (
    1, 2, 8, 64, 1000, 10**9, 10**30, -1, 0, 0.5, "x", None, True, [1, 2], [], {}, "8",
)  # fmt: skip


def config(rng: random.Random) -> str:
    """The text of a configuration, some of whose fields are strange."""
    fields: dict[str, Any] = {"model_type": rng.choice(TYPES)}
    plausible = {"hidden_size": 512, "num_hidden_layers": 4, "num_attention_heads": 8, "intermediate_size": 1024}
    if rng.random() < 0.7:
        fields |= {**plausible, "vocab_size": 1000}
    for name in rng.sample(FIELDS, rng.randint(0, 4)):
        fields[name] = rng.choice(_STRANGE)
    if rng.random() < 0.2:
        tower = {name: rng.choice(_STRANGE) for name in rng.sample(TOWER, rng.randint(0, 4))}
        fields = {"model_type": fields["model_type"], "text_config": fields, "vision_config": tower}
    return json.dumps(fields)


def plausible(kind: Any, rng: random.Random) -> Any:
    """A value that this kind may well take."""
    if isinstance(kind, ModelKind):
        return config(rng) if rng.random() < 0.3 else rng.choice(MODELS)
    if isinstance(kind, AcceleratorKind):
        return rng.choice(ACCELERATORS)
    if isinstance(kind, DTypeKind):
        return rng.choice(DTYPES)
    if isinstance(kind, Choice):
        return rng.choice(kind.about.removeprefix("one of ").split(", "))
    if isinstance(kind, UnitOf):
        return rng.choice([None, rng.choice([unit for units in UNITS.values() for unit in units])])
    if isinstance(kind, Number):
        return rng.choice(NUMBERS) if rng.random() < 0.8 else rng.uniform(0, 10) ** rng.randint(1, 12)
    if isinstance(kind, Day):
        return rng.choice((46000, "2026-11-24", date(2026, 11, 24)))
    if isinstance(kind, Parsed):
        return rng.choice(("tp8", "tp4pp2", "dp8ep8", "tp3", "all", "q,v", "tp0", "tp999999999999"))
    return (
        rng.choice(("", "h100", "aws", "n_layers", "LLM_PARAMS", "input", "LLM_KV_CACHE"))
        if isinstance(kind, Text)
        else 1
    )


def arguments(declaration: Declaration, rng: random.Random) -> list[Any]:
    values: list[Any] = []
    for argument in declaration.arguments:
        draw = rng.random()
        if not argument.required and draw < 0.4:
            values.append(None)
        elif draw < 0.85:
            values.append(plausible(argument.kind, rng))
        elif draw < 0.93:
            values.append(rng.choice(ODD))
        else:
            values.append(rng.choice(NUMBERS))
    if values and rng.random() < 0.05:
        place = rng.randrange(len(values))
        values[place] = [[values[place], rng.choice(ODD)], [rng.choice(NUMBERS), None]]
    return values


class Pace:
    """How long the processor takes now for a fixed piece of work, beside the least it took in this run."""

    def __init__(self) -> None:
        self.least = math.inf
        for _ in range(50):
            self.now()

    def now(self) -> float:
        start = time.thread_time()
        sorted({str(n): n / 3 for n in range(4_000)}.items())
        seconds = time.thread_time() - start
        self.least = min(self.least, seconds)
        return seconds

    def undisturbed(self, seconds: float) -> float:
        return seconds * self.least / statistics.median(self.now() for _ in range(20))


def fault(declaration: Declaration, values: list[Any], pace: Pace) -> str:
    """What is wrong with the answer to this call, if anything."""
    start = time.thread_time()
    try:
        result = declaration(*values)
    except xlcalc.CalcError as error:
        result = error
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:160]}"
    seconds = time.thread_time() - start
    if seconds > SLOW and pace.undisturbed(seconds) > SLOW:
        return f"{seconds:.1f} s"
    for cell in cells(result):
        if isinstance(cell, xlcalc.CalcError) and len(str(cell)) > TOO_LONG:
            return f"a message of {len(str(cell))} characters"
        if isinstance(cell, float) and not math.isfinite(cell):
            return f"gives {cell}"
    return ""


def cells(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from cells(one)
    else:
        yield value


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else math.inf
    declarations = xlcalc.functions()
    found: Counter[str] = Counter()
    for declaration in declarations:  # what is read once is read before anything is timed
        with contextlib.suppress(xlcalc.CalcError):
            declaration()
    xlcalc.LLM_RUNS_ON("h100-sxm")  # every model
    pace = Pace()
    gc.disable()  # a collection over all that is kept takes a second and belongs to no call
    ends, done = time.monotonic() + seconds, 0
    while done < calls and time.monotonic() < ends:
        done += 1
        if done % 1_000 == 0:
            gc.collect()
            pace.now()
        declaration = rng.choice(declarations)
        values = arguments(declaration, rng)
        wrong = fault(declaration, values, pace)
        if wrong:
            key = f"{declaration.name}: {wrong.split(':')[0]}"
            found[key] += 1
            if found[key] <= 2:
                print(f"{declaration.name}({', '.join(repr(v)[:80] for v in values)}): {wrong}", flush=True)
    print(f"{done} calls, {sum(found.values())} faults of {len(found)} kinds")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
