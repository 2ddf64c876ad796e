"""Counts what transformers' layers keep for their backward pass under PEFT: writes finetuning_kept.csv beside it.

    python tests/oracles/count_kept.py

Needs torch, transformers, peft and bitsandbytes, no accelerator: PyTorch's saved_tensors_hooks see every tensor that
autograd keeps, here of two and of three layers at 128 and 256 tokens, whose differences are bytes of a token and layer.
The configurations are the catalog's, a quarter as wide. On an H100, Mistral 7B took 52.9 d_model bytes under LoRA where
53.05 are counted (benchmarks/finetuning.py).
"""

from __future__ import annotations

import csv
import json
import tempfile
from pathlib import Path
from typing import Any

import peft
import torch
import transformers

HERE = Path(__file__).parent
CONFIGS = HERE.parents[1] / "xlcalc" / "catalog" / "configs"
MODELS = (
    "mistral-7b", "tinyllama-1.1b", "qwen2.5-0.5b", "qwen3-4b", "falcon3-1b", "phi-3-mini-4k", "gemma-2-2b", "olmo-1b",
    "pythia-2.8b", "phi-2",
)  # fmt: skip
FOUR = {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_compute_dtype": torch.bfloat16}


def narrow(name: str) -> dict[str, Any]:
    """A configuration a quarter as wide, with few tokens."""
    config = json.loads((CONFIGS / f"{name}.json").read_text())
    widths = ("hidden_size", "intermediate_size", "num_attention_heads", "num_key_value_heads")
    left_out = ("layer_types", "rope_scaling", "rope_parameters", "bos_token_id", "eos_token_id", "num_hidden_layers")
    kept = {key: max(1, value // 4) if key in widths else value for key, value in config.items() if key not in left_out}
    return {**kept, "vocab_size": 256, "pad_token_id": 0}


def saved(config: dict[str, Any], method: str, layers: int, tokens: int) -> int:
    """Bytes that are kept of a batch of tokens, weights and buffers aside."""
    shape = transformers.AutoConfig.for_model(**config, num_hidden_layers=layers, use_cache=False)
    kind = transformers.AutoModelForCausalLM
    model = kind.from_config(shape, dtype=torch.bfloat16)
    if method == "qlora":
        with tempfile.TemporaryDirectory() as folder:
            model.save_pretrained(folder)
            four = transformers.BitsAndBytesConfig(**FOUR)
            model = kind.from_pretrained(folder, quantization_config=four, device_map={"": "cpu"}, dtype=torch.bfloat16)
        model = peft.prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    if method != "full":
        model = peft.get_peft_model(
            model, peft.LoraConfig(r=1, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM")
        )
    model.train()
    fixed = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}
    found: dict[int, tuple[int, Any]] = {}

    def keep(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in fixed:
            found.setdefault(storage.data_ptr(), (storage.nbytes(), tensor))  # held, so that no address comes twice
        return tensor

    base = (model if method == "full" else model.get_base_model()).base_model
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), torch.autocast("cpu", torch.bfloat16):
        base(torch.randint(0, config["vocab_size"], (1, tokens)))
    return sum(size for size, _ in found.values())


def main() -> None:
    with (HERE / "finetuning_kept.csv").open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(("model", "method", "config", "bytes_per_token_and_layer"))
        for name in MODELS:
            config = narrow(name)
            for method in ("full", "lora", "qlora"):
                two, three = (
                    (saved(config, method, n, 256) - saved(config, method, n, 128)) / 128 for n in (2, 3)
                )  # fmt: skip
                lines.writerow((name, method, json.dumps(config, separators=(",", ":")), three - two))


if __name__ == "__main__":
    main()
