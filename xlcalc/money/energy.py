"""Energy of a run."""

from __future__ import annotations

JOULES_PER_KWH = 3.6e6


def energy(seconds: float, count: float, watts: float, load: float, pue: float) -> float:
    """Joules at the meter: so many accelerators at a share of their power, and the building around them.

        E = t n P load PUE

    Args:
        seconds: running time t [s]
        count: accelerators n [count]
        watts: thermal design power P of one [W]
        load: average share of that power [ratio, 0 to 1]
        pue: power usage effectiveness of the building, its energy over that of its computers [ratio, 1 or more]

    Source: power x time x load x PUE; thermal design power from the data sheet.

    >>> energy(3600, 8, 700, 0.8, 1.3) / JOULES_PER_KWH
    5.824
    """
    return seconds * count * watts * load * pue
