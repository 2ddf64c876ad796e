"""Prefill and decoding on accelerators of their own (Zhong et al. 2024, DistServe; Patel et al. 2024, Splitwise).

Each prefill replica takes prompts alone and gives their first token; the cache then moves to a decoding replica over
the accelerators' links. The pools are queues one behind the other, and requests spread evenly inside each.
"""

from __future__ import annotations

from typing import NamedTuple

from xlcalc.formula.arithmetic import least, most, searched, term, where
from xlcalc.hosting.layout import Split, check, fills
from xlcalc.hosting.memory import sequence_bytes
from xlcalc.hosting.queueing import latency, saturation
from xlcalc.hosting.served import Served
from xlcalc.hosting.step import Replica, replica
from xlcalc.hosting.throughput import Flow, Traffic, flow, no_room, room


class Pool(NamedTuple):
    """Replicas of one kind: what each is, what it is asked for, and how many sequences it holds."""

    replicas: int
    replica: Replica
    traffic: Traffic
    places: int

    @property
    def requests_per_second(self) -> float:
        """The largest rate that the pool sustains."""
        most = self.replicas * saturation(self.replica, self.traffic, self.places)
        return term("largest rate of the pool", most, "requests/s")


class Pools(NamedTuple):
    """Prefill, decoding, and the seconds in which a prompt's cache goes from one to the other."""

    prefill: Pool
    decode: Pool
    transfer: float

    @property
    def prefill_rate(self) -> float:
        """Requests a second that are prefilled and handed on: sending one cache overlaps with computing the next."""
        handed = term("caches sent", self.prefill.replicas / self.transfer, "requests/s")
        return least(self.prefill.requests_per_second, handed)


def pools(of: Served, count: int, traffic: Traffic, split: Split) -> Pools:
    """Both pools of a split. Raises ValueError where it does not fill the count, or a sequence does not fit."""
    fills(split, count)
    first = Traffic(traffic.prompt, 1, traffic.cached_share)
    later = traffic._replace(cached_share=1)
    found = []
    for replicas, layout, asked in (
        (split.prefill_replicas, split.prefill, first),
        (split.decode_replicas, split.decode, later),
    ):
        check(layout, of.divisible)
        places = searched(room, of, asked, layout)
        if not places:
            raise ValueError(no_room(of, layout.accelerators, asked, 1, 0))
        found.append(Pool(replicas, replica(of, layout), asked, places))
    prefill, decode = found
    return Pools(prefill, decode, transfer(prefill.replica, split, traffic))


def transfer(r: Replica, split: Split, traffic: Traffic) -> float:
    """Seconds in which a prompt's cache leaves a prefill replica, each accelerator sending its part over its link."""
    link = where(split.accelerators <= r.rates.domain, r.rates.link, r.rates.scale_out)
    seconds = r.rates.link_latency + sequence_bytes(r.of, r.part, traffic.prompt) / link
    return term("transfer of a prompt's cache", seconds, "seconds", "Zhong et al. 2024 (DistServe)")


def split_flow(both: Pools, output: float, batch: int | None) -> Flow:
    """Output tokens a second with requests always waiting: the slower pool's. Raises ValueError where `batch` sequences
    do not fit the decoding pool."""
    decode = both.decode
    sequences = batch / decode.replicas if batch else decode.places
    if sequences > decode.places:
        raise ValueError(
            f"has room for {decode.places * decode.replicas} sequences on its decoding replicas; got {batch}"
        )
    full = flow(decode.replica, decode.traffic, sequences)
    begun = term("output tokens of what is prefilled", both.prefill_rate * output, "tokens/s")
    tokens = least(begun, term("output tokens decoded", decode.replicas * full.tokens_per_second, "tokens/s"))
    return Flow(tokens, sequences * decode.replicas, full.decoding * decode.replicas, full.tpot)


def split_latency(both: Pools, output: float, rate: float, quantile: float, metric: str, length_cv: float = 0) -> float:
    """A quantile of latency at a rate of requests. Raises ValueError past saturation, saying the largest rate."""
    largest = least(both.prefill_rate, both.decode.requests_per_second)
    if rate >= largest:
        slower = "prefill" if both.prefill_rate <= both.decode.requests_per_second else "decoding"
        raise ValueError(
            f"is past saturation: the {slower} replicas sustain at most {largest:.4g} requests a second; got {rate:g}"
        )

    def at(pool: Pool, share: float, what: str) -> float:
        return latency(pool.replica, pool.traffic, rate / pool.replicas, pool.places, share, what, length_cv)

    if metric == "ttft":
        return at(both.prefill, quantile, "ttft")
    if metric == "tpot":
        return at(both.decode, quantile, "tpot")
    (first, late), (rest, slow) = (
        [at(pool, share, what) for share in (0.5, quantile)]
        for pool, what in ((both.prefill, "ttft"), (both.decode, "e2e"))
    )
    later = most(late + rest, first + slow) if quantile >= 0.5 else least(late + rest, first + slow)
    return later + both.transfer
