"""Measures on the GPU at hand what fine-tuning takes: memory and seconds a step of Hugging Face's Trainer with PEFT.

    python benchmarks/finetuning.py [-o FILE.csv] [--seconds 400] [--models llama-3.2-1b,mistral-7b]

Needs torch, transformers, peft, accelerate and, for nf4, bitsandbytes; no checkpoint and no network: weights are random
in the shape of the catalog's configurations, tokens too. A line a run: what PyTorch allocated and reserved at most,
what the device had in use at the end (what nvidia-smi shows: with the CUDA context), the quicker of two steps after a
first.
"""

from __future__ import annotations

import argparse
import csv
import gc
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
import transformers
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

CONFIGS = Path(__file__).resolve().parents[1] / "xlcalc" / "catalog" / "configs"
COLUMNS = (
    "model", "method", "weights", "targets", "rank", "seq_len", "micro_batch", "recompute", "parameters", "trained",
    "allocated", "reserved", "in_use", "idle", "step_seconds", "device", "torch", "transformers",
)  # fmt: skip
RANK = 16
# the methods that a model of each size has room for, broad first: (method, weights, targets)
LORA, QLORA, ATTENTION = ("lora", "bf16", "all-linear"), ("qlora", "nf4", "all-linear"), ("lora", "bf16", "attention")
FULL, WIDE = ("full", "bf16", ""), ("full", "fp32", "")
RUNS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    ("llama-3.2-1b", (FULL, LORA, WIDE, QLORA)),
    ("mistral-7b", (LORA, QLORA, FULL)),
    ("qwen2.5-0.5b", (FULL, LORA, WIDE, QLORA)),
    ("llama-3.1-8b", (LORA, QLORA, FULL)),
    ("phi-3-mini-4k", (LORA, FULL)),
    ("qwen3-4b", (LORA, FULL, QLORA)),
    ("gemma-2-2b", (LORA, FULL)),
    ("olmoe-1b-7b", (ATTENTION, FULL)),
    ("smollm2-1.7b", (FULL, LORA, WIDE)),
    ("pythia-2.8b", (FULL, LORA)),
    ("gpt2-xl", (FULL, WIDE)),
)
LOADS = (
    (2048, 1, "full"),
    (2048, 1, "none"),
    (2048, 4, "full"),
    (8192, 1, "full"),
    (1024, 4, "none"),
    (512, 1, "none"),
)


class Clock(transformers.TrainerCallback):
    """Seconds of each step, the device at rest at either end."""

    def __init__(self) -> None:
        self.steps: list[float] = []
        self.started = 0.0

    def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
        torch.cuda.synchronize()
        self.started = time.perf_counter()

    def on_step_end(self, *args: Any, **kwargs: Any) -> None:
        torch.cuda.synchronize()
        self.steps.append(time.perf_counter() - self.started)


def in_use() -> int:
    free, total = torch.cuda.mem_get_info()
    return total - free


def built(name: str, method: str, weights: str, targets: str) -> Any:
    """The model with random weights on the device, with its adapters."""
    config = transformers.AutoConfig.for_model(**json.loads((CONFIGS / f"{name}.json").read_text()))
    config.use_cache = False
    kind = transformers.AutoModelForCausalLM
    with torch.device("cuda"):
        model = kind.from_config(config, dtype=torch.float32 if weights == "fp32" else torch.bfloat16)
    if method == "qlora":
        four = transformers.BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            model.save_pretrained(folder)
            del model
            cleared()
            model = kind.from_pretrained(folder, quantization_config=four, device_map={"": 0}, dtype=torch.bfloat16)
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    if method == "full":
        return model
    modules = ["q_proj", "k_proj", "v_proj", "o_proj"] if targets == "attention" else targets
    return get_peft_model(
        model, LoraConfig(r=RANK, lora_alpha=32, lora_dropout=0.0, target_modules=modules, task_type="CAUSAL_LM")
    )


def cleared() -> None:
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()


def run(model: Any, seq_len: int, micro_batch: int, recompute: str) -> dict[str, Any]:
    """Three steps of the Trainer as it comes: bf16 = True, its own optimizer."""
    cleared()
    idle = in_use() - torch.cuda.memory_reserved()
    tokens = torch.randint(0, model.config.vocab_size, (3 * micro_batch, seq_len))
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        trainer = transformers.Trainer(
            model,
            transformers.TrainingArguments(
                output_dir=folder,
                per_device_train_batch_size=micro_batch,
                max_steps=3,
                bf16=True,
                gradient_checkpointing=recompute == "full",
                report_to="none",
                save_strategy="no",
                logging_strategy="no",
                disable_tqdm=True,
                gradient_checkpointing_kwargs={"use_reentrant": False} if recompute == "full" else None,
            ),
            train_dataset=[{"input_ids": line, "labels": line} for line in tokens],
            callbacks=[clock],
        )
        trainer.train()
    measured = {
        "allocated": torch.cuda.max_memory_allocated(),
        "reserved": torch.cuda.max_memory_reserved(),
        "in_use": in_use(),
        "idle": idle,
        "step_seconds": round(min(clock.steps[1:]), 5),
    }
    model.zero_grad(set_to_none=True)
    if recompute == "full":
        model.gradient_checkpointing_disable()
    return measured


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("-o", "--output", default="-")
    arguments.add_argument("--seconds", type=float, default=400)
    arguments.add_argument("--models", default="")
    arguments.add_argument("--loads", type=int, default=len(LOADS))
    said = arguments.parse_args()
    wanted = said.models.split(",") if said.models else [name for name, _ in RUNS]
    out = sys.stdout if said.output == "-" else open(said.output, "w", newline="", encoding="utf-8")  # noqa: SIM115
    lines = csv.DictWriter(out, COLUMNS)
    lines.writeheader()
    ends = time.monotonic() + said.seconds
    about = {
        "device": torch.cuda.get_device_name(), "torch": torch.__version__, "transformers": transformers.__version__
    }  # fmt: skip
    for depth in range(max(len(methods) for _, methods in RUNS)):  # every model with its first method, then the others
        for name, methods in RUNS:
            if name not in wanted or depth >= len(methods):
                continue
            method, weights, targets = methods[depth]
            try:
                model = built(name, method, weights, targets)
            except Exception as error:  # another version's fault says nothing of the other models
                print(f"{name} {method}: {type(error).__name__}: {error}"[:400], file=sys.stderr, flush=True)
                continue
            counts = {
                "parameters": model.num_parameters(),
                "trained": sum(p.numel() for p in model.parameters() if p.requires_grad),
            }
            for seq_len, micro_batch, recompute in LOADS[: said.loads]:
                if time.monotonic() > ends:
                    return
                if seq_len > model.config.max_position_embeddings:
                    continue
                try:
                    measured = run(model, seq_len, micro_batch, recompute)
                except torch.OutOfMemoryError:
                    model.zero_grad(set_to_none=True)
                    continue
                except Exception as error:
                    print(f"{name} {method}: {type(error).__name__}: {error}"[:400], file=sys.stderr, flush=True)
                    break
                load = {"seq_len": seq_len, "micro_batch": micro_batch, "recompute": recompute}
                which = {"model": name, "method": method, "weights": weights, "targets": targets}
                lines.writerow(
                    {**which, "rank": RANK if method != "full" else "", **load, **counts, **measured, **about}
                )
                out.flush()
            del model
            cleared()


if __name__ == "__main__":
    main()
