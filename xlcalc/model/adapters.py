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
    for times, matrices in _adapted(architecture, targets):
        kept += times * _kept([m for _, m in matrices])
        for _, m in matrices:
            params += times * m.copies * (m.d_in + m.d_out)
            active += times * m.active * (m.d_in + m.d_out)
            inputs += times * m.active * m.d_in
            outputs += times * m.active * m.d_out
            products += times
    if not products:
        raise ValueError(f"finds no matrix of {', '.join(sorted(targets))} in the model")
    return Adapters(int(params), active, inputs, outputs, products, kept)


def adapted_matrices(architecture: Architecture, targets: frozenset[str]) -> dict[tuple[str, int, int], int]:
    """How many matrices of each name, inputs and outputs are adapted."""
    found: dict[tuple[str, int, int], int] = {}
    for times, matrices in _adapted(architecture, targets):
        for part, m in matrices:
            name = m.name if part == "attention" else f"{m.name}, {part}"
            key = name, m.d_in, m.d_out
            found[key] = found.get(key, 0) + times * m.copies
    return found


def _adapted(architecture: Architecture, targets: frozenset[str]) -> Iterator[tuple[int, list[tuple[str, Linear]]]]:
    """The adapted matrices of each block with their parts, and how often the block stands."""
    for times, block in architecture.blocks():
        apart = {"mlp": "shared" if block.kind == "moe" else "dense"}
        parts = [(apart.get(m.part, m.part), m) for m in block.linears]
        matrices = [(part, m) for part, m in parts if m.name in targets or part in targets]
        if matrices:
            yield times, matrices


def _kept(matrices: list[Linear]) -> float:
    """Elements of a token that the adapters of a block keep, beside attention's outputs, which it keeps itself: those
    with the same input keep it once."""
    shared = {(m.split, m.d_in, m.active) for m in matrices if m.role not in ("o", "down")}
    own = sum(m.active * m.d_in for m in matrices if m.role == "down")
    return own + sum(active * d_in for _, d_in, active in shared)
