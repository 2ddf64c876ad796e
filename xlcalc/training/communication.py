"""Seconds of collectives among the ranks of a layout, over the links inside and outside the scale-up domain.

Volumes are those of rings: an all-gather or a reduce-scatter of n ranks passes (n - 1) / n of its bytes through each
rank (Thakur et al. 2005; Narayanan et al. 2021, section 3.2).
"""

from __future__ import annotations

from xlcalc.formula.arithmetic import is_number, least, most, term, where
from xlcalc.hardware.rates import TrainRates


def group_rate(k: TrainRates, ranks: int, stride: int) -> float:
    """Bytes/s a rank of a ring over `ranks` accelerators that stand `stride` apart.

        scale_up inside the domain; outside min(scale_up, members scale_out), members = max(1, domain // stride)

    A group that leaves its domain has one ring for each of its members in a node, so their links to the outside add up.

    Args:
        k: rates of the links [bytes/s], accelerators of a domain [count]
        ranks: accelerators of the ring [count]
        stride: distance between two of them [accelerators]

    Source: Thakur et al. 2005, section 4, over the links of NVLink or torus domains.

    >>> from types import SimpleNamespace
    >>> node = SimpleNamespace(scale_up=450e9, scale_out=50e9, domain=8)
    >>> group_rate(node, 8, 1), group_rate(node, 16, 1), group_rate(node, 2, 8)
    (450000000000.0, 400000000000.0, 50000000000.0)
    """
    inside = ranks * stride <= k.domain
    if is_number(inside) and inside:
        rate = k.scale_up
    else:
        rate = where(inside, k.scale_up, least(k.scale_up, most(1, k.domain // stride) * k.scale_out))
    return term("rate of a ring", rate, "bytes/s", "Thakur et al. 2005")


def ring(k: TrainRates, size: float, ranks: int, stride: int = 1, times: float = 1) -> float:
    """Seconds of all-gathers or reduce-scatters.

        size (n - 1) / n / rate + times (n - 1) latency

    Args:
        k: rates of the links [bytes/s], latency of a step [s]
        size: bytes in all [bytes]
        ranks: accelerators n of the ring [count]; 1 has nothing to send
        stride: distance between two of them [accelerators]
        times: collectives that the bytes come in [count]

    Source: Thakur et al. 2005, section 4.

    >>> from types import SimpleNamespace
    >>> ring(SimpleNamespace(scale_up=450e9, domain=8, latency=0), 9e9, 2)
    0.01
    """
    if ranks <= 1:
        return 0.0
    return size * (ranks - 1) / ranks / group_rate(k, ranks, stride) + times * (ranks - 1) * k.latency


def all_to_all(k: TrainRates, size: float, ranks: int, copies: float) -> float:
    """Seconds of sending tokens to the ranks of their experts among `ranks` neighbours.

        size (n - 1) (1 - (1 - 1/n)^copies) / exchange + latency

    A rank gets one copy for all its experts; from outside its domain one comes for the domain and is passed on inside.

    Args:
        k: rates of the exchange inside and outside a domain [bytes/s], latency [s]
        size: bytes of a rank's tokens, one copy each [bytes]
        ranks: accelerators n [count]
        copies: experts that a token meets [count]

    Source: DeepSeek-V3 2024, section 3.2.2 (one copy a domain, passed on inside); uniform routing.

    >>> from types import SimpleNamespace
    >>> node = SimpleNamespace(exchange=400e9, exchange_out=40e9, domain=8, latency=0)
    >>> all_to_all(node, 4e9, 8, 1), all_to_all(node, 4e9, 16, 1)  # of eight and of two domains all but one send
    (0.00875, 0.05)
    """
    if ranks <= 1:
        return 0.0
    inside = size * (ranks - 1) * (1 - (1 - 1 / ranks) ** copies) / k.exchange

    def beyond() -> float:
        domains = ranks / k.domain
        return most(inside, size * (domains - 1) * (1 - (1 - 1 / domains) ** copies) / k.exchange_out)

    return where(ranks <= k.domain, inside, beyond) + k.latency


def exposed(seconds: float, share: float, hidden_behind: float) -> float:
    """What a collective adds to the step: a share that never overlaps, and what compute is too short to hide.

        t share + max(0, t (1 - share) - compute)

    Args:
        seconds: the collective alone, t [s]
        share: of it that never overlaps [ratio, 0 to 1]
        hidden_behind: compute beside it [s]

    Source: arithmetic; the share is measured (catalog/efficiency.csv).

    >>> exposed(2.0, 0.25, 1.0)
    1.0
    """
    return seconds * share + most(0.0, seconds * (1 - share) - hidden_behind)
