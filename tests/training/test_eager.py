"""What operators that run one by one move and launch, against PyTorch's count of transformers' own
(tests/oracles/count_eager.py)."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from xlcalc.cell_functions.training.kinds import TargetsKind
from xlcalc.language.kinds import ModelKind
from xlcalc.model.dtypes import DTYPES
from xlcalc.training.micro_batch import ADAPTER_KERNELS, EAGER_KERNELS, EXPERTS_KERNELS, eager_bytes

COUNTED = Path(__file__).parents[1] / "oracles" / "eager.csv"
WITHIN = {"olmoe-1b-7b": 0.15}  # its routing is counted with what goes to experts


def _rows() -> list[dict[str, str]]:
    with COUNTED.open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if (row["model"], row["method"]) != ("olmoe-1b-7b", "lora")]


@pytest.mark.parametrize("row", _rows(), ids=lambda row: f"{row['model']} {row['method']}")
def test_eager_operators_move_and_launch_what_pytorch_counts(row):
    model = ModelKind().read(json.dumps({**json.loads(row["config"]), "num_hidden_layers": 1}))
    counted = model.coefficients(DTYPES["bf16"])
    adapters = model.adapters(TargetsKind().read("all")) if row["method"] == "lora" else None
    within = WITHIN.get(row["model"], 0.08)

    backward = eager_bytes(counted, adapters, 0)
    forward = eager_bytes(counted, adapters, 1) - backward
    fused = 2 * (counted.stream_whole + counted.stream_split)  # 16 bit
    fused_backward = 2 * (counted.stream_whole_backward + counted.stream_split_backward)
    if adapters is not None:  # sums of outputs, of gradients of inputs
        fused, fused_backward = fused + 6 * adapters.outputs, fused_backward + 6 * adapters.inputs
    assert forward + fused == pytest.approx(float(row["forward_bytes"]), rel=within)
    assert backward + fused_backward == pytest.approx(float(row["backward_bytes"]), rel=within)

    products = sum(linear.active > 0 for layer in model.architecture.layers for linear in layer.linears()) + 1
    forward_kernels = counted.train_kernels * EAGER_KERNELS.forward + products
    backward_kernels = counted.train_kernels * EAGER_KERNELS.backward + (1 if adapters else 2) * products
    forward_kernels += counted.train_expert_blocks * EXPERTS_KERNELS.forward
    backward_kernels += counted.train_expert_blocks * EXPERTS_KERNELS.backward
    if adapters is not None:
        forward_kernels += adapters.products * ADAPTER_KERNELS.forward
        backward_kernels += adapters.products * ADAPTER_KERNELS.backward
    assert forward_kernels == pytest.approx(float(row["forward_kernels"]), rel=0.22)
    assert backward_kernels == pytest.approx(float(row["backward_kernels"]), rel=0.22)
