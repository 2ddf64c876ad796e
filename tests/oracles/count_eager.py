"""Counts what transformers' operators move and launch when they run one by one: writes eager.csv beside it.

    python tests/oracles/count_eager.py

Needs torch, transformers and peft, no accelerator: a dispatch mode sees every operator of a forward and of a backward
pass under autocast in 16 bit. Matrix products and fused attention are left out; of the others each tensor that is read
or written counts with its bytes, views do not. Two and three layers at 32 and 64 tokens give bytes of a token and
layer, and operators of a layer, products among them.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import peft
import torch
import transformers
from count_kept import narrow
from torch.utils._python_dispatch import TorchDispatchMode

HERE = Path(__file__).parent
MODELS = ("tinyllama-1.1b", "qwen2.5-0.5b", "qwen3-4b", "falcon3-1b", "olmoe-1b-7b")
PRODUCTS = ("mm", "addmm", "bmm", "_grouped_mm", "_scaled_dot_product_flash_attention_for_cpu",
            "_scaled_dot_product_flash_attention_for_cpu_backward")  # fmt: skip
EMPTY = ("empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided")


class Counted(TorchDispatchMode):
    """Bytes that operators move, and operators."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()

    def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = operator(*args, **(kwargs or {}))
        name = operator.overloadpacket.__name__
        read, written = _tensors(args), _tensors(given)
        places = {tensor.untyped_storage().data_ptr() for tensor in read}
        is_view = written and all(t.untyped_storage().data_ptr() in places for t in written) and name[-1] != "_"
        if not is_view and name not in EMPTY:
            self.found["kernels"] += 1
            if name not in PRODUCTS:
                self.found["bytes"] += sum(_bytes(tensor) for tensor in (*read, *written))
        return given


def _tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    return [tensor for one in value for tensor in _tensors(one)] if isinstance(value, (list, tuple)) else []


def _bytes(tensor: torch.Tensor) -> int:
    """What a tensor has in memory: less than its elements where it is expanded."""
    return min(tensor.numel() * tensor.element_size(), tensor.untyped_storage().nbytes())


def passes(config: dict[str, Any], method: str, layers: int, tokens: int) -> dict[str, int]:
    """What both passes of a batch of tokens move and launch."""
    shape = transformers.AutoConfig.for_model(**config, num_hidden_layers=layers, use_cache=False)
    model = transformers.AutoModelForCausalLM.from_config(shape, dtype=torch.bfloat16)
    if method != "full":
        model = peft.get_peft_model(
            model, peft.LoraConfig(r=1, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM")
        )
    model.train()
    ids = torch.randint(0, config["vocab_size"], (1, tokens))
    forward, backward = Counted(), Counted()
    with torch.autocast("cpu", torch.bfloat16), forward:
        loss = model(input_ids=ids, labels=ids).loss
    with backward:
        loss.backward()
    both = (("forward", forward), ("backward", backward))
    return {f"{way}_{what}": one.found[what] for way, one in both for what in ("bytes", "kernels")}


def main() -> None:
    with (HERE / "eager.csv").open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        fields = ("forward_bytes", "backward_bytes", "forward_kernels", "backward_kernels")
        lines.writerow(("model", "method", "config", *fields))
        for name in MODELS:
            config = narrow(name)
            config |= {key: max(64, config[key] // 4) for key in ("hidden_size", "intermediate_size")}
            config |= {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": config["hidden_size"] // 2}
            for method in ("full", "lora"):
                seen = {(n, t): passes(config, method, n, t) for n in (2, 3) for t in (32, 64)}
                layer = {t: {f: seen[3, t][f] - seen[2, t][f] for f in fields} for t in (32, 64)}
                moved = ((layer[64][f] - layer[32][f]) / 32 for f in fields[:2])
                told = json.dumps(config, separators=(",", ":"))
                lines.writerow((name, method, told, *moved, *(layer[64][f] for f in fields[2:])))


if __name__ == "__main__":
    main()
