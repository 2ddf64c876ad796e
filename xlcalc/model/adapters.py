"""What LoRA adds to a model: sums over the matrices that it adapts (Hu et al. 2021, section 4.1)."""

from __future__ import annotations

from collections.abc import Iterator

from xlcalc.model.architecture import Architecture
from xlcalc.model.coefficients import Adapters
from xlcalc.model.layers import Linear

# groups of matrices that can be adapted, and the parts that each stands for
PARTS = {
    "all": frozenset(("attention", "dense", "shared", "experts")),
    "attention": frozenset(("attention",)),
    "mlp": frozenset(("dense", "shared", "experts")),
    "dense": frozenset(("dense",)),
    "shared": frozenset(("shared",)),
    "experts": frozenset(("experts",)),
    "router": frozenset(("router",)),
}
MATRICES = frozenset(("q", "k", "v", "o", "q_a", "q_b", "kv_a", "kv_b", "gate", "up", "down", "in", "out"))


def adapters(architecture: Architecture, targets: frozenset[str]) -> Adapters:
    """Adapters of rank 1: r of them are r times as large. Raises ValueError where the model has none of the targets.

    `targets` are names of matrices, or parts: attention, router, experts (routed), shared, dense.
    """
    params = active = inputs = outputs = products = kept = 0.0
    for times, block_kept, matrices in _adapted(architecture, targets):
        kept += times * block_kept
        for m in matrices:
            params += times * m.copies * (m.d_in + m.d_out)
            active += times * m.active * (m.d_in + m.d_out)
            inputs += times * m.active * m.d_in
            outputs += times * m.active * m.d_out
            products += times
    if not products:
        raise ValueError(f"finds no matrix of {', '.join(sorted(targets))} in the model")
    return Adapters(int(params), active, inputs, outputs, products, kept)


def _adapted(architecture: Architecture, targets: frozenset[str]) -> Iterator[tuple[int, float, list[Linear]]]:
    """Each block with how often it stands, the elements of a token that its adapters keep beside what attention keeps
    in any case, and the matrices that are adapted."""
    for times, block in architecture.blocks():
        apart = {"mlp": "shared" if block.kind == "moe" else "dense"}
        matrices = [m for m in block.linears if m.name in targets or apart.get(m.part, m.part) in targets]
        if matrices:
            shared = {(m.split, m.d_in, m.active) for m in matrices if m.role not in ("o", "down")}
            own = sum(m.active * m.d_in for m in matrices if m.role == "down")
            yield times, own + sum(active * d_in for _, d_in, active in shared), matrices
