"""How a training step is spread over accelerators."""

from __future__ import annotations

import re
from typing import NamedTuple

from xlcalc.formula.arithmetic import term

_PART = re.compile(r"(tp|pp|cp|ep|vp|mb|zero)(\d+)|(none|selective|full)")


class Layout(NamedTuple):
    """`dp` replicas of `tp` x `cp` x `pp` ranks; experts over `ep` ranks of a pipeline stage; `vp` chunks a stage.

    `micro_batch` in sequences; `zero` the ZeRO stage, 3 = FSDP; `recompute` none, selective or full.
    """

    tp: int = 1
    pp: int = 1
    dp: int = 1
    ep: int = 1
    cp: int = 1
    vp: int = 1
    micro_batch: float = 1
    zero: int = 1
    recompute: str = "none"


def parse(text: str) -> Layout:
    """A layout from text such as "tp8pp4vp5mb2zero1full"; what is left out is one way, ZeRO 1, no recomputation.

    Replicas follow from the accelerators (`spread`). Raises ValueError saying how one is written.

    >>> parse("tp8 pp4 mb2 full")
    Layout(tp=8, pp=4, dp=1, ep=1, cp=1, vp=1, micro_batch=2, zero=1, recompute='full')
    """
    compact = re.sub(r"[\s,x*+_-]", "", text.casefold())
    parts = list(_PART.finditer(compact))
    ways = {part[1]: int(part[2]) for part in parts if part[1]}
    words = [part[3] for part in parts if part[3]]
    zero = ways.pop("zero", 1)
    if (
        "".join(part[0] for part in parts) != compact
        or len({part[1] or "recompute" for part in parts}) < max(1, len(parts))
        or 0 in ways.values()
        or zero > 3
    ):
        raise ValueError(f'must be a layout such as "tp8pp4mb2", "zero3mb1full" or "tp8pp16cp2ep8vp2"; got "{text}"')
    micro_batch = ways.pop("mb", 1)
    return Layout(**ways, micro_batch=micro_batch, zero=zero, recompute=words[0] if words else "none")


def layout_text(layout: Layout) -> str:
    """A layout as a cell holds it, with its replicas.

    >>> layout_text(Layout(tp=8, dp=4, micro_batch=2, zero=1))
    'tp8 dp4 mb2 zero1 none'
    """
    names = ("tp", "pp", "dp", "ep", "cp", "vp")
    parts = [f"{name}{getattr(layout, name)}" for name in names if getattr(layout, name) > 1] or ["tp1"]
    return " ".join([*parts, f"mb{layout.micro_batch:g}", f"zero{layout.zero}", layout.recompute])


def spread(count: int, layout: Layout, n_layers: int, n_experts: int, n_heads: int) -> Layout:
    """The layout with as many replicas as `count` accelerators give; `n_heads` is 0 where a model has none.

    Raises ValueError where something does not divide.

    >>> spread(64, Layout(tp=8, pp=4), 32, 0, 32).dp
    2
    """
    replica = layout.tp * layout.pp * layout.cp
    if count % replica:
        raise ValueError(f"has count = {count}, which tp x pp x cp = {replica} does not divide")
    replicas = term("data-parallel replicas", count // replica, "count")
    return check(Layout._make((*layout[:2], replicas, *layout[3:])), n_layers, n_experts, n_heads)


def check(layout: Layout, n_layers: int, n_experts: int, n_heads: int) -> Layout:
    """The layout itself; `n_heads` is 0 where a model has none. Raises ValueError where something does not divide."""
    tp, pp, dp, ep, cp, vp, *_ = layout
    if pp * vp > n_layers:
        raise ValueError(f"has pp x vp = {pp * vp} parts of a pipeline for {n_layers} layers")
    if n_heads % tp:
        works = [ways for ways in range(1, n_heads + 1) if n_heads % ways == 0]
        listed = ", ".join(map(str, works[:10])) + (", ..." if len(works) > 10 else "")
        raise ValueError(f"has tp = {tp}, over which {n_heads} query heads do not divide; tp may be {listed}")
    if ep > 1 and n_experts % ep:
        raise ValueError(f"has ep = {ep}, which does not divide {n_experts} experts")
    if ep > 1 and not n_experts:
        raise ValueError(f"has ep = {ep} for a model without experts")
    if ep > 1 and tp * dp * cp % ep:
        raise ValueError(f"has ep = {ep}, which does not divide the {tp * dp * cp} ranks of a pipeline stage")
    return layout
