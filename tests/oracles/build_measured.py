"""Restates the tables beside this file as lines of xlcalc/catalog/measured.csv: just regenerate measured.

The tables keep the publishers' columns; the catalog keeps one form for all (accuracy/measurements.py). Lines of other
groups, which were read from their sources as calls, stay as they stand.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "training"), str(HERE.parent / "sources")]

import measured as training  # noqa: E402
from test_chowdhery_2022 import PALM  # noqa: E402

import xlcalc  # noqa: E402

COLUMNS = (
    "function", "group", "accelerator", "case", "arguments", "measured", "unit", "source", "date", "software",
)  # fmt: skip
UNITS = {"LLM_SERVE_MEMORY": "bytes", "LLM_THROUGHPUT": "tokens/s"}  # the others: seconds
# what ran, and when it was published, by source; the newest of several releases
ABOUT = {
    "korthikanti-2022": ("megatron", "2022-05"),
    "llm-foundry-mpt": ("llm-foundry", ""),
    "megatron-bridge-performance": ("megatron", ""),
    "megatron-core-moe": ("megatron", "2024"),
    "narayanan-2021": ("megatron", "2021"),
    "smith-2022": ("deepspeed", "2022-02"),
    "deepseek-v3-2024": ("deepseek", "2024-12"),
    "aiconfigurator-kernels": ("vllm", ""),
    "tensorrt-llm-perf": ("tensorrt-llm", "2025"),
    "llm-analysis-ft": ("fastertransformer", ""),
    "tensorrt-llm-2023": ("tensorrt-llm", "2023"),
    "rocm-vllm-mi300x": ("vllm", "2025-09"),
    "pope-2022": ("palm", "2022-11"),
    "llm-d-planner-vllm": ("vllm", ""),
}
SYSTEMS = {
    "a100_sxm": "a100-sxm-80gb", "h100_sxm": "h100-sxm", "h200_sxm": "h200-sxm", "b200_sxm": "b200", "gb200": "gb200",
    "l40s": "l40s",
}  # fmt: skip
GPUS = {"B200": "b200", "GB200": "gb200", "H200": "h200-sxm", "H100": "h100-sxm", "RTX-PRO-6000-SE": "rtx-pro-6000"}
MODELS = {
    "Llama-4-Scout-17B-16E": "llama-4-scout", "Llama-3.3-70B": "llama-3.3-70b", "Qwen3-30B-A3B": "qwen3-30b-a3b",
    "Llama-3.1-8B": "llama-3.1-8b",
}  # fmt: skip


def table(name: str) -> list[dict[str, str]]:
    with (HERE / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def steps(group: str, source: str, cases):
    for case in cases:
        at = case.layout
        arguments = {
            "model": case.model, "accelerator": case.accelerator, "count": case.count, "global_batch": case.global_batch,
            "seq_len": case.seq_len, "tp": at.tp, "pp": at.pp, "micro_batch": at.micro_batch, "zero": at.zero,
            "recompute": at.recompute, "dtype": case.dtype, "ep": at.ep, "cp": at.cp, "vp": at.vp,
        }  # fmt: skip
        yield "LLM_STEP_TIME", group, case.accelerator, case.name, arguments, case.seconds, source


def kernels():
    for r in table("serving_measured_kernels"):
        accelerator = SYSTEMS[r["system"]]
        dtype = (
            "nvfp4" if "NVFP4" in r["model"] else "fp8" if "FP8" in r["model"] or "DeepSeek" in r["model"] else "bf16"
        )
        batch, prompt, output = int(r["batch"]), int(r["isl"]), int(r["osl"])
        common = {
            "model": r["model"],
            "accelerator": accelerator,
            "count": int(r["tp"]),
            "batch": batch,
            "dtype": dtype,
        }
        name = f"{r['model'].rpartition('/')[2]} tp{r['tp']} batch {batch} prompt {prompt}"
        group, source = "measured kernels", "aiconfigurator-kernels"
        yield "LLM_TTFT", group, accelerator, name, {**common, "prompt": prompt}, float(r["ttft_ms"]) / 1e3, source
        context = prompt + output // 2
        yield "LLM_TPOT", group, accelerator, name, {**common, "context": context}, float(r["tpot_ms"]) / 1e3, source


def throughput():
    for r in table("serving_measured_throughput"):
        layout = (f"tp{r['tp']}" if r["tp"] != "1" or r["pp"] == "1" else "") + (
            f"pp{r['pp']}" if r["pp"] != "1" else ""
        )
        arguments = {
            "model": MODELS[r["model"]], "accelerator": GPUS[r["gpu"]], "count": int(r["gpus"]), "prompt": int(r["isl"]),
            "output": int(r["osl"]), "dtype": r["dtype"], "kv_dtype": "fp8", "layout": layout,
        }  # fmt: skip
        name = f"{r['model']} {r['gpus']} {layout} {r['dtype']} {r['isl']}/{r['osl']}"
        measured = float(r["output_tokens_per_s"])
        yield "LLM_THROUGHPUT", "whole system", arguments["accelerator"], name, arguments, measured, "tensorrt-llm-perf"


GPT_J = {
    "model_type": "gptj", "n_layer": 28, "n_embd": 4096, "n_head": 16, "rotary_dim": 64, "vocab_size": 50400,
    "n_positions": 2048,
}  # fmt: skip


def tensorrt_2023():
    """Releases 0.5 (first token; L40S) and 0.6.1, static batches.

    Throughput of models with grouped heads is left out: kernels that read a group's cache once came later, and so is
    the one row that does not fit by our account (LLaMA 7B, 60 sequences of 2,176 tokens on an A100, which holds 57).
    """
    models = {"GPT-J 6B": GPT_J, "LLaMA 7B": "llama-2-7b", "LLaMA 70B": "llama-2-70b", "Falcon 180B": "falcon-180b"}
    gpus = {"h100": "h100-sxm", "l40s": "l40s", "a100": "a100-sxm-80gb"}
    for r in table("serving_measured_tensorrt_2023"):
        accelerator, count, batch, prompt = gpus[r["gpu"]], int(r["tp"]), int(r["batch"]), int(r["isl"])
        about = "TensorRT-LLM of 2023", accelerator
        common = {"model": models[r["model"]], "accelerator": accelerator, "count": count, "prompt": prompt,
                  "batch": batch, "dtype": r["dtype"]}  # fmt: skip
        name = f"{r['model']} tp{count} {r['dtype']} batch {batch} {prompt}/{r['osl'] or 1}"
        if r["ttft_ms"]:
            yield "LLM_TTFT", *about, name, common, float(r["ttft_ms"]) / 1e3, "tensorrt-llm-2023"
        elif (r["gpu"], batch) != ("a100", 60) or prompt != 128:
            arguments = {**common, "output": int(r["osl"]), "kv_dtype": r["dtype"], "layout": f"tp{count}"}
            measured = count * float(r["output_tokens_per_s_per_gpu"])
            yield "LLM_THROUGHPUT", *about, name, arguments, measured, "tensorrt-llm-2023"


def mi300x():
    """vLLM 0.10.1: output tokens/s of all sequences at once, seconds of a batch of 128 + 2,048 tokens.

    Of that latency the prompt takes a hundredth, so its share of a token is the time per output token. Where memory does
    not hold so many sequences the engine keeps some waiting, and the batch is left to the estimate.
    """
    for r in table("serving_measured_mi300x"):
        prompt, output, batch = int(r["isl"]), int(r["osl"]), int(r["sequences"])
        about = "vLLM on MI300X", "mi300x", f"{r['model']} tp{r['tp']} fp8 batch {batch} {prompt}/{output}"
        common = {
            "model": r["model"],
            "accelerator": "mi300x",
            "count": int(r["tp"]),
            "dtype": "fp8",
            "kv_dtype": "fp8",
        }
        if r["latency_s"]:
            context = prompt + output // 2
            measured = float(r["latency_s"]) / output
            yield "LLM_TPOT", *about, {**common, "context": context, "batch": batch}, measured, "rocm-vllm-mi300x"
        else:
            held = xlcalc.LLM_MAX_BATCH(r["model"], "mi300x", int(r["tp"]), prompt + output, "fp8", "fp8")
            arguments = {**common, "prompt": prompt, "output": output, "layout": f"tp{r['tp']}"}
            arguments |= {"batch": batch} if batch <= held else {}
            measured = float(r["output_tokens_per_s"])
            yield "LLM_THROUGHPUT", *about, arguments, measured, "rocm-vllm-mi300x"


def pope():
    """PaLM 540B on 64 TPU v4: prefill of 2,048 tokens, and steps after as many."""
    common = {"model": PALM, "accelerator": "tpu-v4", "count": 64}
    for batch, dtype, seconds in ((1, "int8", 0.29), (512, "bf16", 85.2)):
        about = "PaLM 540B, Pope", "tpu-v4", f"batch {batch} {dtype} prompt 2048"
        yield "LLM_TTFT", *about, {**common, "prompt": 2048, "batch": batch, "dtype": dtype}, seconds, "pope-2022"
    for batch, dtype, seconds in ((64, "int8", 28.5e-3), (64, "bf16", 36.9e-3), (512, "bf16", 6.0 / 64)):
        about = "PaLM 540B, Pope", "tpu-v4", f"batch {batch} {dtype} context 2048"
        yield "LLM_TPOT", *about, {**common, "context": 2048, "batch": batch, "dtype": dtype}, seconds, "pope-2022"


def memory():
    """What vLLM reports at its start: bytes of the weights, and of all that stands in memory before the cache."""
    for r in table("serving_memory_vllm"):
        common = {"model": r["model"], "context": 1, "batch": 1, "dtype": r["dtype"], "tp": int(r["tp"])}
        weights, rest = float(r["weights_gib"]), float(r["activation_gib"]) + float(r["non_torch_gib"])
        for part, measured in (("weights", weights), ("total", weights + rest)):
            name = f"{r['model']} tp{r['tp']} {part}" + (" without the cache" if part == "total" else "")
            value = measured * 2**30
            group, source = "what vLLM reports", "llm-d-planner-vllm"
            yield "LLM_SERVE_MEMORY", group, "h100-sxm", name, {**common, "part": part}, value, source


def fastertransformer():
    """kipply, Transformer Inference Arithmetic: 13B on A100 40 GB, context 512, batch 1, fp16."""
    model = training.gpt2({"n_layers": 40, "d_model": 5120, "n_heads": 40, "vocab": 50257, "seq_len": 2048})
    for count, prefill, decode in ((1, 63.17e-3, 22.0e-3), (2, 45.45e-3, 13.5e-3)):
        common = {"model": model, "accelerator": "a100-sxm-40gb", "count": count, "batch": 1, "dtype": "fp16"}
        about = "FasterTransformer, 13B", "a100-sxm-40gb", f"13B tp{count} batch 1 context 512"
        yield "LLM_TTFT", *about, {**common, "prompt": 512}, prefill, "llm-analysis-ft"
        yield "LLM_TPOT", *about, {**common, "context": 512}, decode, "llm-analysis-ft"


def made() -> dict[Path, bytes]:
    """The file with all cases."""
    cases = [
        *steps("Megatron-LM, Korthikanti table 5", "korthikanti-2022", training.korthikanti()),
        *steps("MPT under FSDP", "llm-foundry-mpt", training.mpt()),
        *steps("Megatron-Bridge releases", "megatron-bridge-performance", training.bridge()),
        *steps("Megatron-Core, Mixtral", "megatron-core-moe", training.mixtral()),
        *steps("Megatron-LM, Narayanan table 1", "narayanan-2021", training.megatron_2021("narayanan")),
        *steps("MT-NLG with DeepSpeed", "smith-2022", training.megatron_2021("mt_nlg")),
        *steps("DeepSeek-V3", "deepseek-v3-2024", training.deepseek()),
        *kernels(),
        *throughput(),
        *fastertransformer(),
        *tensorrt_2023(),
        *mi300x(),
        *pope(),
        *memory(),
    ]
    path = HERE.parents[1] / "xlcalc" / "catalog" / "measured.csv"
    with path.open(encoding="utf-8") as file:
        standing = list(csv.DictReader(file))
    lines = []
    for function, group, accelerator, name, arguments, measured, source in cases:
        call, unit = json.dumps(arguments, separators=(",", ":")), UNITS.get(function, "s")
        software, date = ABOUT[source]
        fields = (function, group, accelerator, name, call, f"{measured:.8g}", unit, source, date, software)
        lines.append(dict(zip(COLUMNS, fields, strict=True)))
    restated = {line["group"] for line in lines}
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines + [line for line in standing if line["group"] not in restated])
    return {path: text.getvalue().encode()}
