"""Latency of a replica under Poisson arrivals: queueing in front of and inside continuous batching.

The state is the number of sequences that decode. A step with d of them begins d / output requests on average, and takes
as long as LLM_THROUGHPUT's step; at a rate of requests d is what makes as many begin as arrive. Requests that arrive
during a step are prefilled in the next one, so that steps have random lengths: a gated queue (Takagi 1991, section 5).
Where the cache is full a request waits for one of c places, as in M/G/c.

Every latency grows with load, by construction: a step grows with the sequences in it, sequences with the rate, and a
quantile is a sum of products of quantities that grow with both.
"""

from __future__ import annotations

from math import lgamma
from typing import NamedTuple

from xlcalc.formula.arithmetic import (
    detail,
    exp,
    is_recording,
    least,
    log,
    most,
    remembered,
    searched,
    sqrt,
    term,
    where,
)
from xlcalc.hosting.step import Replica
from xlcalc.hosting.throughput import Traffic, flow, stage_seconds

METRICS = ("ttft", "tpot", "e2e")
_TAKAGI, _ERLANG = "Takagi 1991, section 5", "Erlang 1917"
_TURNS = 7  # halvings, before the chord
_MOST_FEEDBACK = 0.8  # assumed: beyond, sequences under way would have no bound short of the places
_NORMAL = "standard normal distribution"


class Full(NamedTuple):
    """A replica whose places are taken: what flows through it, seconds that a prompt adds to a step, seconds of a
    round through its stages, and the places."""

    requests: float
    prompt: float
    step: float
    decoding: float
    places: int


class Load(NamedTuple):
    """A replica at a rate of requests: sequences decoding, mean seconds of a step, seconds from
    the start of a step to a first token, and the share of the time that prompts take."""

    rate: float
    decoding: float
    step: float
    first: float
    busy: float


@remembered(512)
def full(r: Replica, traffic: Traffic, places: int) -> Full:
    """The replica at saturation: as many sequences decode as flow through it, without those whose prompts hold a place
    meanwhile."""
    most_decoding = flow(r, traffic, places).decoding
    stay = traffic.steps * _step(r, traffic, most_decoding)
    decoding = least(most_decoding, places * stay / (stay + _first(r, traffic, most_decoding)))
    decoding = term("sequences decoding at saturation", decoding, "sequences")
    step = _step(r, traffic, decoding)
    group = decoding / r.layout.pp
    idle = stage_seconds(r, traffic, group, 0, decoding)
    # of the prompts that a stage's step begins each adds as much
    prompt = (step / r.layout.pp - idle) / (group / traffic.steps)
    prompt = term("what a prompt adds at saturation", most(prompt, 0.0), "seconds")
    return Full(decoding / (traffic.steps * step), prompt, step, decoding, places)


def saturation(r: Replica, traffic: Traffic, places: int) -> float:
    """Requests a second that a replica sustains for ever: what flows through it when all its places are taken."""
    return full(r, traffic, places).requests


def load(r: Replica, traffic: Traffic, rate: float, limit: Full) -> Load:
    """The steady state at a rate below saturation: as many sequences decode as make as many requests begin as arrive.

    Raises ValueError past saturation, saying the largest rate.
    """
    if rate >= limit.requests:
        raise ValueError(
            f"is past saturation: {r.layout.text} sustains at most {limit.requests:.4g} requests a second of "
            f"{traffic.prompt:g} + {traffic.output:g} tokens; got {rate:g}"
        )
    decoding = searched(_decoding, r, traffic, rate, limit)
    if is_recording():
        decoding = term("sequences decoding", decoding, "sequences", "as many as begin while one decodes: searched")
    return loaded(r, traffic, decoding, limit)


def loaded(r: Replica, traffic: Traffic, decoding: float, limit: Full) -> Load:
    """The state with so many sequences decoding."""
    step = term("mean step", _step(r, traffic, decoding), "seconds", "LLM_THROUGHPUT's step")
    rate = decoding / (traffic.steps * step)
    first = _first(r, traffic, decoding)
    return Load(rate, decoding, step, first, term("share of the time for prompts", rate * limit.prompt, "ratio"))


def _decoding(r: Replica, traffic: Traffic, rate: float, limit: Full) -> float:
    """By bisection, and within what is left along the chord: of two rates the larger never finds fewer."""

    def over(decoding: float, step: float) -> float:
        return decoding - rate * traffic.steps * step

    low, high = 0.0, limit.decoding
    below, above = over(0.0, _step(r, traffic, 0.0)), over(high, limit.step)
    for _ in range(_TURNS):
        middle = (low + high) / 2
        found = over(middle, _step(r, traffic, middle))
        if found >= 0:
            high, above = middle, found
        else:
            low, below = middle, found
    return low + (high - low) * below / (below - above)


def _step(r: Replica, traffic: Traffic, decoding: float) -> float:
    """Mean seconds of a round through all stages in which so many sequences decode and prompts follow them: chunks of
    prompts come to a step at random, to a share 1 - exp(-n) of the steps where n come to each on average."""
    pp = r.layout.pp
    group = decoding / pp
    prompts = group * traffic.begun

    def mixed() -> float:
        share = 1 - exp(-prompts / _chunk(r, traffic))
        share = term("share of steps with prompts", share, "ratio", "Poisson arrivals")
        without = detail("a step without prompts", stage_seconds(r, traffic, group, 0, decoding), "seconds")
        beside = detail("a step with prompts", stage_seconds(r, traffic, group, prompts / share, decoding), "seconds")
        return without + share * (beside - without)

    return pp * where(prompts > 0, mixed, lambda: stage_seconds(r, traffic, group, prompts, decoding))


def _chunk(r: Replica, traffic: Traffic) -> float:
    """Prompt tokens that a step takes in: a whole prompt, or what the token budget leaves at saturation."""
    begun = r.of.engine.step_tokens * r.layout.dp * traffic.begun / (traffic.checked + traffic.begun)
    return detail("prompt tokens of a chunk", least(traffic.prefilled, begun), "tokens", "Agrawal et al. 2023")


def _first(r: Replica, traffic: Traffic, decoding: float) -> float:
    """Seconds in which a prompt among the decoding sequences passes all stages, chunk after chunk."""
    pp, chunk = r.layout.pp, _chunk(r, traffic)
    chunks = where(chunk > 0, lambda: traffic.prefilled / chunk, 1.0)
    together = stage_seconds(r, traffic, decoding / pp, most(chunk, 1.0), decoding)
    together = term("a step with a chunk of the prompt", together, "seconds")
    return term("shortest time to the first token", (chunks + (pp - 1)) * together, "seconds")


def latency(
    r: Replica, traffic: Traffic, rate: float, places: int, quantile: float, metric: str, length_cv: float = 0
) -> float:
    """A quantile over requests of time to the first token, time per output token, or time to the last one.

    `length_cv` is the standard deviation over the mean of the lengths of prompts and answers.
    """
    limit = full(r, traffic, places)
    return at_quantile(r, traffic, load(r, traffic, rate, limit), limit, quantile, metric, length_cv)


def at_quantile(
    r: Replica, traffic: Traffic, at: Load, limit: Full, quantile: float, metric: str, length_cv: float = 0
) -> float:
    """A quantile of latency in a steady state."""
    if metric == "ttft":
        return _ttft(traffic, at, limit, quantile, length_cv)
    if metric == "tpot":
        return _tpot(r, traffic, at, limit, quantile)
    first, typical = _ttft(traffic, at, limit, 0.5, length_cv), _tpot(r, traffic, at, limit, 0.5)
    # late for one cause at a time: a late first token, slow steps, or a long answer
    late = _ttft(traffic, at, limit, quantile, length_cv) + typical * (traffic.output - 1)
    slow = first + _tpot(r, traffic, at, limit, quantile) * (traffic.output - 1)
    if length_cv:
        length = gamma_quantile(traffic.output, (length_cv * traffic.output) ** 2, quantile)
        long = first + typical * most(length - 1, 0.0)
        slow = most(slow, long) if quantile >= 0.5 else least(slow, long)
    return most(late, slow) if quantile >= 0.5 else least(late, slow)


def _ttft(traffic: Traffic, at: Load, limit: Full, quantile: float, length_cv: float) -> float:
    """A wait for the step under way and for the prompts beside one's own, and one for a place.

    The deviation above the mean wait is that of an exponential tail, sqrt((k sd)^2 + place^2) with k = -ln(1 - q) - 1;
    below it the rest of the step is uniform, and what prompts add a Weibull variable of shape 1/2, for they come in
    bursts.
    """
    again = 1 + length_cv * length_cv
    each = limit.prompt * limit.prompt * again  # second moment of what a prompt adds
    longer = each * at.rate / (1 - at.busy * at.busy)  # variance of a step over its mean
    met = term("mean step that an arrival meets", at.step + longer, "seconds", _TAKAGI)
    wait = term("mean wait", met / 2 + limit.prompt * at.rate * met, "seconds", _TAKAGI)
    met_variance = longer * at.step + longer * longer
    spread = met * met / 12 + each * at.rate * met + (0.5 + at.busy) ** 2 * met_variance
    spread += (length_cv * limit.prompt) ** 2
    spread = term("variance of the wait", spread, "seconds^2", _TAKAGI)
    place = _place(traffic, at, limit, quantile, again)
    deviations = -log(1 - quantile) - 1
    if deviations < 0:  # where a step that waits is met by chance, and prompts in it seldom
        early = least(quantile, 0.5) * at.step
        return at.first + early + (deviations + 1) ** 2 * (wait - at.step / 2) + place
    later = sqrt(deviations * deviations * spread + place * place)
    return at.first + wait + term("wait beyond the mean at the quantile", later, "seconds", "exponential tail")


def _place(traffic: Traffic, at: Load, limit: Full, quantile: float, again: float) -> float:
    """Quantile of the wait for a place in the cache: M/M/c's, its delay halved where lengths are all equal.

    Nothing where more than the quantile find a place at once; else delay ln(waits / (1 - quantile)).
    """
    stay = traffic.steps * at.step + at.first
    offered = least(at.rate * stay, limit.places * 0.999)
    waits = searched(erlang_c, limit.places, offered)
    if waits <= 1 - quantile:
        return 0.0
    waits = term("chance to wait for a place", waits, "ratio", _ERLANG) if is_recording() else waits
    delay = stay * again / (2 * (limit.places - offered))
    return term("wait for a place at the quantile", delay * log(waits / (1 - quantile)), "seconds", _ERLANG)


def _tpot(r: Replica, traffic: Traffic, at: Load, limit: Full, quantile: float) -> float:
    """The step of as many sequences as are under way at the quantile.

    Those under way are a Poisson number, whose mean over one sequence's stay has two thirds of the variance. More of
    them make steps longer, and longer steps make more of them.
    """
    from statistics import NormalDist  # slow to import, and few cells ask for a quantile

    normal = NormalDist().inv_cdf(float(quantile))
    normal = term("normal quantile", normal, "ratio", _NORMAL) if is_recording() else normal
    deviation = sqrt(2 * at.decoding / 3)
    if normal < 0:
        return traffic.token(_step(r, traffic, most(at.decoding + normal * deviation, 0.0)))
    one = _step(r, traffic, least(1.0, limit.decoding / 2))
    slope = (limit.step - one) / (limit.decoding - least(1.0, limit.decoding / 2))
    feedback = term("feedback", least(at.rate * traffic.steps * slope, _MOST_FEEDBACK), "ratio")
    under_way = least(at.decoding + normal * deviation / (1 - feedback), limit.decoding)
    under_way = term("sequences decoding at the quantile", under_way, "sequences", _NORMAL)
    return traffic.token(term("step at the quantile", _step(r, traffic, under_way), "seconds"))


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
