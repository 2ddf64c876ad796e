"""Models of which a part stays in the host's memory, as llama.cpp runs them.

Layers that do not fit are computed by the host's processor, which reads their weights from its own memory; of mixtures
the experts alone are left there first (--n-cpu-moe), so that attention and its cache stay on the accelerators; whole
layers with their cache follow where that is not enough (--n-gpu-layers). Batches of 32 tokens and more, prompts among
them, are computed on the accelerators, to which the weights are copied once for every 512 tokens.

Source: llama.cpp, common/arg.cpp (n-cpu-moe, n-gpu-layers; n_ubatch 512) and ggml-cuda.cu (offload_op, from 32 tokens).
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from xlcalc.hardware.rates import Host
from xlcalc.hosting import latency
from xlcalc.hosting.layout import Layout
from xlcalc.hosting.memory import RESERVE, free_for_cache, sequence_bytes, shard, to_fill, workspace
from xlcalc.hosting.served import Served
from xlcalc.hosting.step import Replica, replica, step

_COPIED_FROM = 32  # tokens of a batch
_COPIED_EACH = 512  # tokens: n_ubatch


class Placed(NamedTuple):
    """What stays in the host's memory: experts of so many layers, or whole layers; bytes there and on the fullest
    accelerator."""

    experts_alone: bool
    outside: int
    layers: int
    host_bytes: float
    device_bytes: float
    layout: Layout

    @property
    def share(self) -> float:
        return self.outside / self.layers

    @property
    def text(self) -> str:
        """As a cell holds it: experts of 20 of 36 layers."""
        return f"{'experts of ' if self.experts_alone else ''}{self.outside} of {self.layers} layers"


def place(of: Served, host: Host, count: int, context: float, batch: int) -> Placed | None:
    """The fewest layers, or experts of layers, that must stay in the host's memory for the rest to fit on `count`
    accelerators in 90 % of their memory; None where the host cannot hold them.
    """
    model, layout = of.model, Layout(1, count)
    if count > model.n_layers:
        return None
    part = shard(of, layout)
    cache = batch * sequence_bytes(of, part, context)
    free = free_for_cache(of, part, RESERVE) - (workspace(of, min(batch, of.engine.prepared)) - workspace(of, 0))
    short = cache - free
    whole = model.bytes_split + model.bytes_replicated + model.bytes_experts + cache / part.stage
    for experts_alone, layers, held in (
        (True, model.expert_blocks, model.bytes_experts),
        (False, model.n_layers, whole),
    ):
        if not layers:
            continue
        outside = ceil(short / (part.stage * held / layers))
        moved = held * outside / layers
        if outside <= layers and moved <= host.memory:
            device = to_fill(of, part, RESERVE) + short - part.stage * moved
            return Placed(experts_alone, outside, int(layers), moved, device, layout)
    return None


def tpot(of: Served, host: Host, placed: Placed, context: float, batch: int) -> float:
    """Seconds of a decoding step: the accelerators' part and then the host's, one after another.

    The host's is its weights, those of experts that tokens meet, over the rate at which it reads them: of one or a few
    sequences, for which a processor multiplies as fast as it reads.
    """
    r = replica(of, placed.layout)
    passed = step(r, batch, context)
    everything = passed.stage + (placed.layout.pp - 1) * passed.handover
    head = r.head[0] * r.head[1] * r.head[2] / r.rates.stream
    outside = passed.experts if placed.experts_alone else everything - head
    return everything - placed.share * outside + placed.share * _host_seconds(r, host, placed, context, batch)


def _host_seconds(r: Replica, host: Host, placed: Placed, context: float, batch: int) -> float:
    """Seconds in which the host would read all that could stay there."""
    read = [(e.layers * e.d_in * e.d_out * e.bytes * e.copies * (1 - (1 - e.active / e.copies) ** batch), e.bytes)
            for e in r.experts]  # fmt: skip
    if not placed.experts_alone:
        read += [(p.layers * p.d_in * p.d_out * p.bytes, p.bytes) for p in r.model.products]
        read += [(batch * sequence_bytes(r.of, r.part, context) / r.part.stage, 2)]
    if batch >= _COPIED_FROM:
        return sum(size for size, _ in read) / host.link
    return sum(size / (host.unpacked if element < 2 else host.stream) for size, element in read)


def ttft(of: Served, host: Host, placed: Placed, prompt: float) -> float:
    """Seconds to the first token of one prompt, computed on the accelerators; weights of the host come once for every
    512 tokens, and of shorter prompts than 32 are read by the host."""
    computed = latency.ttft(of, placed.layout, prompt, 1)
    if prompt < _COPIED_FROM:
        return computed + placed.host_bytes / host.stream
    return computed + ceil(prompt / _COPIED_EACH) * placed.host_bytes / host.link
