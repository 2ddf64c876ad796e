"""A small discrete-event simulation of continuous batching, to compare the queueing formulas with.

Requests arrive at random. Each step, the engine decodes a token for every running sequence and fills its token budget
with waiting prompts, first come, first served, as long as the cache has places; the step takes what the step model
says.
"""

from __future__ import annotations

import random
from collections import deque

from xlcalc.hosting.throughput import stage_seconds


class Request:
    def __init__(self, arrival, prompt, output):
        self.arrival, self.left, self.tokens, self.asked = arrival, prompt, output, output
        self.first = self.last = 0.0


def poisson(rate, requests, seed=0):
    """Times of arrivals at random."""
    rng, now = random.Random(seed), 0.0
    for _ in range(requests):
        now += rng.expovariate(rate)
        yield now


def simulate(r, traffic, rate, places, requests, seed=0, spread=False):
    """Sorted times to first token, per output token and end to end, of requests after the start has settled; with
    lengths that are all alike, or `spread` exponentially."""
    done = run(r, traffic, poisson(rate, requests, seed), places, random.Random(seed) if spread else None)
    settled = sorted(done, key=lambda q: q.arrival)[requests // 5 :]
    ttft = sorted(q.first - q.arrival for q in settled)
    tpot = sorted((q.last - q.first) / max(q.asked - 1, 1) for q in settled)
    return ttft, tpot, sorted(q.last - q.arrival for q in settled)


def run(r, traffic, times, places, lengths=None):
    """The requests that arrive at `times`, served; as long as the traffic's, or as `lengths` draws."""

    def length(mean):
        return max(round(lengths.expovariate(1 / mean)), 1) if lengths else mean

    arrivals = deque(Request(time, length(traffic.prefilled), length(traffic.output)) for time in times)
    now, waiting, running, done = 0.0, deque(), [], []
    budget = r.of.engine.step_tokens * r.layout.dp
    while arrivals or waiting or running:
        if not waiting and not running:
            now = max(now, arrivals[0].arrival)
        while arrivals and arrivals[0].arrival <= now:
            waiting.append(arrivals.popleft())
        room, prompts, filled = budget - len(running), 0.0, []
        for request in waiting:
            if room <= 0 or len(running) + len(filled) >= places:
                break
            taken = min(room, request.left)
            request.left -= taken
            room, prompts = room - taken, prompts + taken
            filled.append(request)
        now += stage_seconds(r, traffic, len(running), prompts, len(running) + len(filled))
        for request in running:
            request.tokens -= 1
            request.last = now
        for request in filled:
            if request.left <= 0:
                waiting.remove(request)
                request.first = request.last = now
                request.tokens -= 1
                running.append(request)
        done += [request for request in running if request.tokens <= 0]
        running = [request for request in running if request.tokens > 0]
    return done
