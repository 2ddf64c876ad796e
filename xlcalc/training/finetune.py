"""Memory of fine-tuning on one accelerator: everything, adapters alone, or adapters over quantised weights."""

from __future__ import annotations

from xlcalc.formula.arithmetic import most, term
from xlcalc.hardware.rates import Framework
from xlcalc.training.memory import Optimizer, TrainMemory, state_bytes

METHODS = ("full", "lora", "qlora")
_HU = "Hu et al. 2021, section 4.2"


def adapter_memory(
    adapters: float, weights: float, frozen: TrainMemory, keeps: Framework, optimizer: Optimizer, offload: str = "none"
) -> TrainMemory:
    """Frozen weights once; weights, gradients and optimizer state of adapters.

        total = weights + (2 a + o) N_a + activations + workspace

    Args:
        adapters: parameters N_a of adapters [parameters]
        weights: bytes of the frozen weights as they are kept [bytes]
        frozen: the step with nothing but adapters to train, whose activations and workspace count
        keeps: what the software keeps: bytes a of an adapter's weight, as many of its gradient
        optimizer: its state, o bytes of a trained parameter
        offload: none, or what stands in the host: optimizer, activations

    Source: Hu et al. 2021, section 4.2 (no optimizer state for frozen weights); Dettmers et al. 2023, section 3, for
    weights kept in nf4.

    >>> import xlcalc
    >>> round(xlcalc.LLM_FINETUNE_MEMORY("llama-3.1-8b", "qlora", 2048, 1, 16, "weights", unit="GB"), 2)
    5.79
    """
    each = keeps.adapter_bytes
    moments = most(keeps.moment_bytes, each)  # those of 32-bit adapters have 32 bits
    state = state_bytes(keeps._replace(moment_bytes=moments), optimizer, optimizer.moments, offload)
    return TrainMemory(
        term("weights", weights + each * adapters, "bytes", "Dettmers et al. 2023, section 3"),
        term("gradients", each * adapters, "bytes", _HU),
        term("optimizer", state * adapters, "bytes", _HU),
        frozen.activations,
        frozen.workspace,
    )
