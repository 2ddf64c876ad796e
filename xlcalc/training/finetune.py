"""Memory of fine-tuning on one accelerator: everything, adapters alone, or adapters over quantised weights."""

from __future__ import annotations

from xlcalc.formula.arithmetic import term
from xlcalc.training.memory import TrainMemory

METHODS = ("full", "lora", "qlora")


def finetune_memory(
    trained_params: float, weights: float, activations: float, workspace: float, optimizer_bytes: float
) -> TrainMemory:
    """Frozen and trained weights once, gradients and optimizer state for trained parameters alone.

        total = weights + 2 N_t + o N_t + activations + workspace

    Args:
        trained_params: parameters N_t that are trained [parameters]
        weights: bytes of all weights as they are kept [bytes]
        activations: kept for the backward pass [bytes]
        workspace: logits, a recomputed layer, the framework [bytes]
        optimizer_bytes: optimizer state o of a trained parameter [bytes/parameter]

    Source: Hu et al. 2021, section 4.2 (no optimizer state for frozen weights); Dettmers et al. 2023, section 3, for
    weights kept in nf4.

    >>> finetune_memory(8e9, 16e9, 0, 0, 12).total / 8e9
    16.0
    """
    hu = "Hu et al. 2021, section 4.2"
    return TrainMemory(
        term("weights", weights, "bytes", "Dettmers et al. 2023, section 3"),
        term("gradients", 2 * trained_params, "bytes", hu),
        term("optimizer", optimizer_bytes * trained_params, "bytes", hu),
        term("activations", activations, "bytes"),
        term("workspace", workspace, "bytes"),
    )
