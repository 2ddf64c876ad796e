"""How a replica is spread over accelerators: tensor, pipeline, expert and attention-data parallel; prefill and decoding
together, or on accelerators of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from xlcalc.formula.arithmetic import both, either, floor, plain, remembered, where

_PART = re.compile(r"(tp|pp|dp|ep)(\d+)")
_MOST_TP = 1024
UNSAID = 0  # ways of experts in a text of tp alone, which leaves open whether attention runs in copies
_SPLIT = re.compile(r"(\d+)[x*](.+?)\+(\d+)[x*](.+)")


class Layout(NamedTuple):
    """`tp` ways of every matrix, `pp` stages of layers, `dp` copies of attention with requests of their own, `ep`
    ways of the experts among the tp x dp accelerators of a stage (1 = each expert is split like any other matrix)."""

    tp: int = 1
    pp: int = 1
    dp: int = 1
    ep: int = 1

    @property
    def accelerators(self) -> int:
        return self.tp * self.pp * self.dp

    @property
    def text(self) -> str:
        """As a cell holds it: tp4pp2; tp1 where nothing is split."""
        parts = [f"{name}{ways}" for name, ways in zip(self._fields, self, strict=True) if ways > 1]
        return "".join(parts) or "tp1"

    @property
    def expert_ways(self) -> int:
        """Accelerators that share the experts of a layer."""
        return where(self.ep > 1, self.tp * self.dp, self.tp)


class Split(NamedTuple):
    """Replicas that only prefill, and others that only decode: disaggregated serving (Zhong et al. 2024, DistServe)."""

    prefill_replicas: int
    prefill: Layout
    decode_replicas: int
    decode: Layout

    @property
    def accelerators(self) -> int:
        return self.prefill_replicas * self.prefill.accelerators + self.decode_replicas * self.decode.accelerators

    @property
    def text(self) -> str:
        """As a cell holds it, prefill first: 2xtp4+1xtp8."""
        return f"{self.prefill_replicas}x{self.prefill.text}+{self.decode_replicas}x{self.decode.text}"


def parse(text: str) -> Layout | Split:
    """A layout from text such as tp8, tp4pp2 or dp8ep8; or prefill and decoding apart, such as 2xtp4+1xtp8. Raises
    ValueError saying how one is written.

    >>> parse("dp8ep8")
    Layout(tp=1, pp=1, dp=8, ep=8)
    >>> parse("2 x tp4 + 1 x tp8").accelerators
    16
    """
    apart = _SPLIT.fullmatch(re.sub(r"\s", "", text.casefold()))
    if apart is None:
        one = _layout(text)
        return one._replace(ep=UNSAID) if one.tp == one.accelerators and "ep" not in text.casefold() else one
    replicas = int(apart[1]), int(apart[3])
    if 0 in replicas:
        raise ValueError(f'must have prefill and decoding replicas, such as "2xtp4+1xtp8"; got "{text}"')
    return Split(replicas[0], _layout(apart[2]), replicas[1], _layout(apart[4]))


def _layout(text: str) -> Layout:
    compact = re.sub(r"[\s,x*+_-]", "", text.casefold())
    found = _PART.findall(compact)
    ways = {name: int(number) for name, number in found}
    if "".join(name + number for name, number in found) != compact or len(ways) < len(found) or 0 in ways.values():
        raise ValueError(
            f'must be a layout such as "tp8", "tp4pp2", "dp8ep8" or "2xtp4+1xtp8" (prefill + decode); got "{text}"'
        )
    layout = Layout(**ways)
    if (layout.tp * layout.dp) % layout.ep:
        raise ValueError(f"has a layout {layout.text} whose ep does not divide tp x dp = {layout.tp * layout.dp}")
    return layout


def fills(layout: Layout | Split, count: int) -> None:
    """Raises ValueError where a layout does not fill `count` accelerators."""
    if layout.accelerators != count:
        raise ValueError(f"has a layout {layout.text} for {layout.accelerators} accelerators and a count of {count}")


class Divisible(NamedTuple):
    """What layouts share out of a model: layers, experts, query heads and the key/value heads of its kinds of layers.
    Numbers of heads are 0, or none stand there, where a model has no heads or they are unknown."""

    n_layers: int
    n_experts: int = 0
    n_heads: int = 0
    kv_heads: tuple[int, ...] = ()

    def by_tp(self, tp: int) -> bool:
        """Whether each of `tp` ranks has as many query heads, and as many whole key/value heads or one of them.

        >>> [tp for tp in range(1, 13) if Divisible(28, 0, 12, (2,)).by_tp(tp)]
        [1, 2, 4, 6, 12]
        """
        shared = self.n_heads % tp == 0
        for heads in self.kv_heads:
            shared = both(shared, either(heads % tp == 0, tp % heads == 0))
        return shared

    def tp_that_work(self) -> str:
        """The ways of tensor parallelism that engines run, as text; the first ten where there are more."""
        counts = [tp for tp in range(1, min(self.n_heads, _MOST_TP) + 1) if self.by_tp(tp)]
        return ", ".join(map(str, counts[:10])) + (", ..." if len(counts) > 10 else "")


def check(layout: Layout, of: Divisible) -> Layout:
    """The layout itself where the model has enough to split. Raises ValueError if not."""
    if layout.pp > of.n_layers:
        raise ValueError(f"has {layout.pp} pipeline stages for {of.n_layers} layers")
    if layout.ep > max(of.n_experts, 1):
        raise ValueError(f"has a layout {layout.text} for a model of {of.n_experts} experts")
    if not of.by_tp(layout.tp):
        of_cache = "".join(f", {heads} key/value heads" for heads in sorted(set(of.kv_heads)))
        raise ValueError(
            f"has a layout {layout.text} for {of.n_heads} query heads{of_cache}, which {layout.tp} tensor-parallel "
            f"ranks cannot share evenly; tp may be {of.tp_that_work()}"
        )
    return layout


@remembered(4096)
def candidates(count: int, node: int, of: Divisible) -> tuple[Layout, ...]:
    """The layouts worth trying on so many accelerators: tensor parallel inside a node where it divides the heads,
    pipeline stages, and for mixtures of experts attention copies with the experts spread over all."""
    found = []
    count, node = plain((count, node))
    for tp in range(1, min(count, node) + 1):
        if count % tp == 0 and of.by_tp(tp):
            found += [layout for condition, layout in ways(count, tp, of) if condition]
    return tuple(found)


def ways(count: int, tp: int, of: Divisible) -> Iterator[tuple[bool, Layout]]:
    """The layouts of so many accelerators with so many ways of tensor parallelism, and when each of them works."""
    rest = floor(count / tp)
    staged = rest <= of.n_layers
    yield staged, Layout(tp, rest)
    spread = both(both(tp > 1, of.n_experts > 0), of.n_experts % tp == 0)
    yield both(spread, count == tp), Layout(tp, ep=tp)
    yield both(both(spread, count > tp), staged), Layout(1, rest, tp, tp)
    yield both(both(of.n_experts > 0, rest > 1), of.n_experts % count == 0), Layout(tp, dp=rest, ep=count)
