"""Latency of a replica under Poisson arrivals: queueing in front of and inside continuous batching.

Requests that arrive during a step are prefilled in the next one, so steps have random lengths S = s + K t, with K
Poisson arrivals in the step before, s the step of the decoding sequences alone and t what a prompt adds: a gated
queue (Takagi 1991, section 5), whose moments are closed. Where the cache is full a request waits for one of c places,
as in M/D/c.
"""

from __future__ import annotations

from math import exp, lgamma, log
from typing import NamedTuple

from xlcalc.formula.arithmetic import is_recording, least, most, searched, sqrt, term
from xlcalc.hosting.step import Replica
from xlcalc.hosting.throughput import Traffic, flow, stage_seconds

METRICS = ("ttft", "tpot", "e2e")
_TAKAGI, _WILSON = "Takagi 1991, section 5", "Wilson and Hilferty 1931"
_TURNS = 40
_MOST_FEEDBACK = 0.8


class Load(NamedTuple):
    """A replica at a rate of requests: sequences decoding, seconds of a step without prompts, and what a prompt
    adds.
    """

    decoding: float
    alone: float
    prompt: float
    places: int

    def step(self, rate: float) -> float:
        """Mean seconds of a step, that is of an output token: s / (1 - rate t)."""
        return self.alone / (1 - rate * self.prompt)


def saturation(r: Replica, traffic: Traffic, places: int) -> float:
    """Requests a second that a replica sustains for ever: what flows through it when all its places are taken."""
    at = _at(r, traffic, places, places)
    limit = places / (traffic.output * at.alone + at.prompt * (places + 1))
    return least(flow(r, traffic, places).tokens_per_second / traffic.output, limit)


def load(r: Replica, traffic: Traffic, rate: float, places: int) -> Load:
    """The steady state at a rate below saturation: the decoding sequences are those that arrive while one decodes.

    Raises ValueError past saturation, saying the largest rate.
    """
    decoding = searched(_decoding, r, traffic, rate, places)
    if is_recording():
        decoding = term("sequences decoding", decoding, "sequences", "those that arrive while one decodes: searched")
    return _at(r, traffic, decoding, places)


def _decoding(r: Replica, traffic: Traffic, rate: float, places: int) -> float:
    largest = saturation(r, traffic, places)
    if rate >= largest:
        raise ValueError(
            f"is past saturation: {r.layout.text} sustains at most {largest:.4g} requests a second of "
            f"{traffic.prompt:g} + {traffic.output:g} tokens; got {rate:g}"
        )
    low, high = 0.0, float(places)
    found = _at(r, traffic, high, places)
    for _ in range(_TURNS):
        middle = (low + high) / 2
        found = _at(r, traffic, middle, places)
        busy = rate * found.prompt
        if busy < 1 and rate * traffic.output * found.step(rate) < middle:
            high = middle
        else:
            low = middle
        if high - low < 1e-3 * high:
            break
    return found.decoding


def _at(r: Replica, traffic: Traffic, decoding: float, places: int) -> Load:
    pp = r.layout.pp
    group = decoding / pp
    budget = most(r.of.engine.step_tokens * r.layout.dp - group, 1.0)
    tokens = most(least(traffic.prefilled, budget), 1.0)
    alone = term("a step without prompts", stage_seconds(r, traffic, group, 0, decoding), "seconds")
    together = term("a step with a prompt", stage_seconds(r, traffic, group, tokens, decoding), "seconds")
    # a prompt longer than a step's budget takes several, each with the decoding sequences in it
    chunks = most(traffic.prefilled / tokens, 1.0)
    prompt = term("what a prompt adds", chunks * (together - alone) + (chunks - 1) * alone, "seconds")
    # prompts of p groups pass the stages one behind another: a stage's seconds count for throughput
    return Load(decoding, alone * pp, prompt, places)


def latency(r: Replica, traffic: Traffic, rate: float, places: int, quantile: float, metric: str) -> float:
    """A quantile over requests of time to the first token, time per output token, or time to the last one."""
    at = load(r, traffic, rate, places)
    if metric == "ttft":
        return _ttft(r, traffic, at, rate, quantile)
    tpot = _tpot(r, traffic, at, rate, quantile)
    if metric == "tpot":
        return tpot
    # both are high together when the system is full, but not by as much as the sum of both quantiles
    first, typical = _ttft(r, traffic, at, rate, 0.5), _tpot(r, traffic, at, rate, 0.5)
    spread = sqrt((_ttft(r, traffic, at, rate, quantile) - first) ** 2 + ((tpot - typical) * traffic.output) ** 2)
    return first + typical * (traffic.output - 1) + (spread if quantile >= 0.5 else -spread)


def _ttft(r: Replica, traffic: Traffic, at: Load, rate: float, quantile: float) -> float:
    s, t = at.alone, at.prompt
    mean = term("mean step", at.step(rate), "seconds", _TAKAGI)
    variance = t * t * rate * mean / (1 - (rate * t) ** 2)
    met = mean + variance / mean  # mean length of the step that an arrival meets
    met_variance = variance * (1 + variance / mean**2)
    shortest = term("shortest time to the first token", s + t * r.layout.pp, "seconds")
    met = term("mean step that an arrival meets", met, "seconds", _TAKAGI)
    wait = term("mean wait", met / 2 + t * rate * met, "seconds", _TAKAGI)
    spread = met * met / 12 + t * t * rate * met + (0.5 + t * rate) ** 2 * met_variance
    queue, queue_variance = _places(traffic, at, rate)
    spread = term("variance of the wait", spread, "seconds^2", _TAKAGI)
    later = gamma_quantile(wait + queue, spread + queue_variance, quantile)
    return shortest + term("wait at the quantile", later, "seconds", _WILSON)


def _places(traffic: Traffic, at: Load, rate: float) -> tuple[float, float]:
    """Mean and variance of the wait for a place in the cache: M/M/c's, its delay halved for lengths that are all
    equal.
    """
    stay = traffic.output * at.step(rate) + at.prompt
    offered = rate * stay
    if offered >= at.places:
        offered = at.places * 0.999
    waits = searched(erlang_c, at.places, offered)
    waits = term("chance to wait for a place", waits, "ratio", "Erlang 1917") if is_recording() else waits
    delay = stay / (2 * (at.places - offered))
    mean = term("mean wait for a place", waits * delay, "seconds", "Erlang 1917, halved for equal lengths")
    return mean, waits * (2 - waits) * delay * delay


def _tpot(r: Replica, traffic: Traffic, at: Load, rate: float, quantile: float) -> float:
    """Sequences under way are a Poisson number, whose mean over one sequence's stay has two thirds of the variance.
    More of them make steps longer, and longer steps make more of them."""
    mean = at.step(rate)
    more = least(at.decoding * 1.1 + 1, at.places)
    slower = (_at(r, traffic, more, at.places).alone - at.alone) / (more - at.decoding) if more > at.decoding else 0.0
    each = slower + at.prompt / traffic.output  # what one sequence more adds to the time per token
    each = term("what one sequence more adds", each, "seconds")
    feedback = term("feedback", least(rate * traffic.output * each, _MOST_FEEDBACK), "ratio")
    deviation = each * sqrt(2 * at.decoding / 3) / (1 - feedback)
    full = _at(r, traffic, at.places, at.places).alone / (1 - rate * at.prompt)
    mean, full = term("mean step", mean, "seconds", _TAKAGI), term("full step", full, "seconds")
    deviation = term("deviation of the step", deviation, "seconds")
    reached = term("step at the quantile", gamma_quantile(mean, deviation**2, quantile), "seconds", _WILSON)
    return most(least(reached, most(full, mean)), at.alone)


def erlang_c(places: int, offered: float) -> float:
    """Probability that an arrival finds all places taken and waits (Erlang 1917).

    >>> round(erlang_c(2, 1), 4)
    0.3333
    """
    blocked = 1.0
    for n in range(1, places + 1):
        blocked = offered * blocked / (n + offered * blocked)
    return places * blocked / (places - offered * (1 - blocked))


def gamma_quantile(mean: float, variance: float, quantile: float) -> float:
    """Quantile of the gamma distribution of a mean and a variance.

        mean (1 - 1 / (9 a) + z / (3 sqrt(a)))^3, a = mean^2 / variance, z the normal quantile

    Args:
        mean, variance: of the distribution
        quantile: share of it below [ratio, above 0, below 1]

    Source: Wilson and Hilferty 1931; below a = 0.3 the series of the incomplete gamma function.

    >>> round(gamma_quantile(1, 1, 0.95), 2)
    2.97
    """
    if variance <= 0 or mean <= 0:
        return most(mean, 0.0)
    shape = mean * mean / variance
    if shape < 0.3:  # nearly always nothing, seldom much: the tail alone
        found = searched(_small_shape, mean / shape, shape, quantile)
        return term("quantile of a small shape", found, "seconds", "incomplete gamma function, searched")
    from statistics import NormalDist  # slow to import, and few cells ask for a quantile

    normal = NormalDist().inv_cdf(float(quantile))
    normal = term("normal quantile", normal, "ratio", "standard normal distribution") if is_recording() else normal
    return mean * most(1 - 1 / (9 * shape) + normal / (3 * sqrt(shape)), 0.0) ** 3


def _small_shape(scale: float, shape: float, quantile: float) -> float:
    """By bisection on the series of the incomplete gamma function."""
    low, high = 0.0, 60.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _gamma_share(shape, middle) < quantile else (low, middle)
    return high * scale


def _gamma_share(shape: float, x: float) -> float:
    term = total = 1 / shape
    n = shape
    while term > 1e-12 * total:
        n += 1
        term *= x / n
        total += term
    return total * exp(-x + shape * log(x) - lgamma(shape)) if x > 0 else 0.0
