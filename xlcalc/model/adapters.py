"""What LoRA adds to a model: sums over the matrices that it adapts (Hu et al. 2021, section 4.1)."""

from __future__ import annotations

from typing import get_args

from xlcalc.model.architecture import Architecture
from xlcalc.model.coefficients import Adapters
from xlcalc.model.layers import Linear
from xlcalc.model.matrices import Role
from xlcalc.model.words import ADAPTED_WORDS

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
# roles under the names that model files give their matrices
_SPELT = {"q_a": "q_down", "q_b": "q_up", "kv_a": "kv_down", "kv_b": "kv_up", "in": "scan_in", "out": "scan_out"}


def target(name: str) -> frozenset[str]:
    """The parts or the role that a name stands for; nothing where no matrix is declared with such a role.

    >>> sorted(target("mlp")), sorted(target("kv_a_proj")), sorted(target("w"))
    (['dense', 'experts', 'shared'], ['kv_down'], [])
    """
    name = name.removesuffix("_proj")
    role = _SPELT.get(name, name)
    return PARTS.get(name) or frozenset((role,) if role in get_args(Role) else ())


def adapters(architecture: Architecture, targets: frozenset[str]) -> Adapters:
    """Adapters of rank 1: r of them are r times as large. Raises ValueError where the model has none of the targets.

    `targets` are roles of matrices, or parts: attention, router, experts (routed), shared, dense.
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
    return Adapters(int(params), active, inputs, outputs, products, kept)


def adapted_matrices(architecture: Architecture, targets: frozenset[str]) -> dict[tuple[str, int, int], int]:
    """How many matrices of each role and part, inputs and outputs are adapted."""
    found: dict[tuple[str, int, int], int] = {}
    for times, matrices in _adapted(architecture, targets):
        for part, m in matrices:
            name = ADAPTED_WORDS[m.role] if part == "attention" else f"{ADAPTED_WORDS[m.role]}, {part}"
            key = name, m.d_in, m.d_out
            found[key] = found.get(key, 0) + times * m.copies
    return found


def _adapted(architecture: Architecture, targets: frozenset[str]) -> list[tuple[int, list[tuple[str, Linear]]]]:
    """The adapted matrices of each block with their parts, and how often the block stands."""
    found = []
    for times, block in architecture.blocks():
        apart = {"mlp": "shared" if block.kind == "moe" else "dense"}
        parts = [(apart.get(m.part, m.part), m) for m in block.linears]
        matrices = [(part, m) for part, m in parts if m.role in targets or part in targets]
        if matrices:
            found.append((times, matrices))
    if not found:
        raise ValueError(f"finds no matrix of {', '.join(sorted(targets))} in the model")
    return found


def _kept(matrices: list[Linear]) -> float:
    """Elements of a token that the adapters of a block keep, beside attention's outputs, which it keeps itself: those
    with the same input keep it once."""
    shared = {(m.split, m.d_in, m.active) for m in matrices if m.role not in ("o", "down")}
    own = sum(m.active * m.d_in for m in matrices if m.role == "down")
    return own + sum(active * d_in for _, d_in, active in shared)
