"""Inkling's vision tower (Thinking Machines 2026), which merges neighbours layer by layer and has no attention.

Source: transformers models/inkling/modeling_inkling.py (plan_out_scales).
"""

from __future__ import annotations

import itertools
import math

from xlcalc.model.families.vision_towers import Fields


def inkling(c: Fields, v: Fields, d_text: int) -> int:
    """Layers whose sizes grow as evenly as the factors of a patch let them."""
    frames, side, channels = v.get("temporal_patch_size", 2), v.get("patch_size", 40), v.get("num_channels", 3)
    n_layers, out = v.get("n_layers") or v.get("num_hidden_layers", 24), v.get("text_hidden_size") or d_text
    if max(frames, side, n_layers) > 1024:
        raise ValueError("has a patch or layers of a vision tower above 1024, which no model has")
    scales, across, deep = [(1, channels)], 1, 1  # elements that were merged, channels
    for factor in reversed(prime_factors(side)):
        across *= factor
        scales.append((across**2, -(-(across**2) * channels // 64) * 64))
    for factor in reversed(prime_factors(frames)):
        deep *= factor
        scales.append((deep * across**2, across**2 * channels * deep * 64))
    ideal = [math.log(side * side * frames * channels) * i / n_layers for i in range(n_layers + 1)]
    chosen = [
        scales[0],
        *(scales[i] for i in _nearest(ideal, [math.log(size) for size, _ in scales])[1:-1]),
        scales[-1],
    ]
    params = out
    for i, ((before, narrow), (after, wide)) in enumerate(itertools.pairwise(chosen)):
        last = i == n_layers - 1
        params += narrow * (after // before) * (out if last else wide) + (0 if last else wide)
    return params


def _nearest(wanted: list[float], offered: list[float]) -> list[int]:
    """Of each wanted number the nearest that is offered; where there are enough, each offered one at most once."""
    if len(wanted) > len(offered):
        return [min(range(len(offered)), key=lambda j: abs(offered[j] - x)) for x in wanted]
    cost: dict[int, tuple[float, list[int]]] = {-1: (0.0, [])}
    for i, x in enumerate(wanted):  # both rise, so the cheapest choice does
        step: dict[int, tuple[float, list[int]]] = {}
        for j in range(i, len(offered)):
            spent, path = min((own for at, own in cost.items() if at < j), key=lambda own: own[0])
            step[j] = (spent + abs(offered[j] - x), [*path, j])
        cost = step
    return min(cost.values(), key=lambda own: own[0])[1]


def prime_factors(number: int) -> list[int]:
    found, factor = [], 2
    while number > 1:
        while number % factor == 0:
            found.append(factor)
            number //= factor
        factor += 1
    return found
