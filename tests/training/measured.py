"""The measured training tables as calls of the cell functions."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import xlcalc
from xlcalc.training.layout import Layout

ORACLES = Path(__file__).parents[1] / "oracles"
MPT_GPUS = {"h100_80gb": "h100-sxm", "a100_80gb": "a100-sxm-80gb", "a100_40gb": "a100-sxm-40gb"}
BRIDGE_GPUS = {
    "DGX-H100": "h100-sxm",
    "DGX-B200": "b200",
    "DGX-B300": "b300",
    "DGX-GB200": "gb200",
    "DGX-GB300": "gb300",
}
BRIDGE_MODELS = {
    "DeepSeekV3": "deepseek-v3", "GPT OSS 120B": "gpt-oss-120b", "Qwen3_30B_a3B": "qwen3-30b-a3b",
    "Nemotron_3_Nano": "nemotron-3-nano-30b-a3b", "LLAMA3_70B": "llama-3-70b", "LLAMA3-8B": "llama-3-8b",
    "LLAMA2-7B": "llama-2-7b", "LLAMA2-70B": "llama-2-70b", "GPT3-175B": "gpt3-175b",
}  # fmt: skip


class Case(NamedTuple):
    """One measured step: what was trained on what, how, and its seconds."""

    name: str
    model: object
    accelerator: str
    count: int
    global_batch: int
    seq_len: int
    layout: Layout
    dtype: str
    seconds: float


def rows(name):
    with (ORACLES / f"training_measured_{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def gpt2(row):
    return {
        "model_type": "gpt2",
        "n_layer": int(row["n_layers"]),
        "n_embd": int(row["d_model"]),
        "n_head": int(row["n_heads"]),
        "vocab_size": int(row["vocab"]),
        "n_positions": int(row["seq_len"]),
    }


def korthikanti():
    for r in rows("korthikanti"):
        gpus, tp, pp, vp, mb, batch, seq_len = (
            int(r[k]) for k in ("gpus", "tp", "pp", "vp", "micro_batch", "global_batch", "seq_len")
        )
        for recompute in ("full", "selective"):
            layout = Layout(tp, pp, gpus // (tp * pp), 1, 1, vp, mb, 0, recompute)
            name, seconds = f"{r['model']} {recompute}", float(r[f"{recompute}_seconds"])
            yield Case(name, gpt2(r), "a100-sxm-80gb", gpus, batch, seq_len, layout, "bf16", seconds)


def mpt():
    for r in rows("mpt"):
        model = {
            "model_type": "mpt",
            "d_model": int(r["d_model"]),
            "n_heads": int(r["n_heads"]),
            "n_layers": int(r["n_layers"]),
            "expansion_ratio": 4,
            "vocab_size": 50368,
            "max_seq_len": int(r["seq_len"]),
            "no_bias": False,
            "attn_config": {"alibi": False},
            "tie_word_embeddings": True,
        }
        count, batch, seq_len = int(r["gpus"]), int(r["global_batch"]), int(r["seq_len"])
        zero = 3 if r["sharding"] == "FULL_SHARD" else 2
        recompute = "full" if r["activation_checkpointing"] == "True" else "none"
        layout = Layout(dp=count, micro_batch=int(r["micro_batch"]), zero=zero, recompute=recompute)
        name, dtype = f"{r['model']} {r['gpu']} {count} {seq_len}", "fp8" if "fp8" in r["precision"] else "bf16"
        seconds = batch * seq_len / count / float(r["tokens_per_s_per_gpu"])
        yield Case(name, model, MPT_GPUS[r["gpu"]], count, batch, seq_len, layout, dtype, seconds)


def megatron_2021(table):
    """Narayanan's table 1 with the layouts of its scripts, where equation 3 makes seconds of FLOP/s; MT-NLG's steps."""
    for r in rows(table):
        n_layers, d_model, vocab, seq_len, gpus, tp, pp, vp, mb, batch = (
            int(r[k]) for k in ("n_layers", "d_model", "vocab", "seq_len", "gpus", "tp", "pp", "vp", "micro_batch",
                                "global_batch")
        )  # fmt: skip
        flop = 96 * batch * seq_len * n_layers * d_model**2
        flop *= 1 + seq_len / (6 * d_model) + vocab / (16 * n_layers * d_model)
        seconds = float(r["seconds"] or flop / (gpus * float(r["tflops_per_gpu"]) * 1e12))
        layout = Layout(tp, pp, gpus // (tp * pp), 1, 1, vp, mb, 0, "full")
        yield Case(f"{r['model']} {gpus}", gpt2(r), "a100-sxm-80gb", gpus, batch, seq_len, layout, "bf16", seconds)


def mixtral():
    """Megatron-Core, bf16 on H100: TFLOP/s that count attention's full square; 49.3 % of 989 for Mixtral 8x22B."""
    for r in rows("mixtral"):
        gpus, seq_len, batch, mb, tp, pp, vp, ep = (
            int(r[k]) for k in ("gpus", "seq_len", "global_batch", "micro_batch", "tp", "pp", "vp", "ep")
        )
        flop = xlcalc.LLM_TRAIN_FLOPS(r["model"], batch * seq_len, seq_len)
        seconds = flop / (gpus * float(r["tflops_per_gpu"]) * 1e12)
        layout = Layout(tp, pp, gpus // (tp * pp), ep, 1, vp, mb, 1)
        yield Case(f"{r['model']} {gpus}", r["model"], "h100-sxm", gpus, batch, seq_len, layout, "bf16", seconds)


def deepseek():
    """DeepSeek-V3 2024, sections 1 and 3.2: 180,000 hours of an H800 a trillion tokens, at the final batch.

    DualPipe gives each rank two chunks; a micro-batch of one sequence is assumed.
    """
    layout = Layout(1, 16, 128, 64, 1, 2, 1, 1, "selective")
    seconds = 15360 * 4096 / (1e12 / (180e3 * 3600) * 2048)
    yield Case("DeepSeek-V3", "deepseek-v3", "h800-sxm", 2048, 15360, 4096, layout, "fp8", seconds)


def bridge():
    for r in rows("megatron_bridge"):
        if r["task"] != "pre-training":
            continue
        count, batch, seq_len, tp, pp, ep, cp, vp, mb = (
            int(r[k]) for k in ("gpus", "global_batch", "seq_len", "tp", "pp", "ep", "cp", "vp", "micro_batch")
        )
        layout = Layout(tp, pp, count // (tp * pp * cp), ep, cp, vp, mb, 3 if int(r["fsdp"]) > 1 else 1)
        name = f"{r['model']} {r['system']} {r['precision']} mb{mb} ep{ep} {r['release']}"
        seconds = batch * seq_len / count / float(r["tokens_per_s_per_gpu"])
        model, accelerator = BRIDGE_MODELS[r["model"]], BRIDGE_GPUS[r["system"]]
        yield Case(name, model, accelerator, count, batch, seq_len, layout, r["precision"], seconds)
