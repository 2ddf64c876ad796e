"""Charts as SVG that a page carries in itself: it follows the page's colours, light and dark, and scales to its width.

A chart is a picture with a sentence for who cannot see it; the numbers stand in a table or a formula beside it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from xlcalc.formula.derivation import figure
from xlcalc.pages.html import Html, joined, tag

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 640, 320, 64, 46, 14, 24
_LOOK = """<style>
svg { background: #ffffff } text { fill: #55606b } polyline { fill: none; stroke: #d5dbe1 } .line { stroke-width: 2.5 }
.c1 { stroke: #1f6feb } .c2 { stroke: #b4530a } .c3 { stroke: #1a7f4b } .bar, .dot { stroke: none }
.bar.c1, .dot.c1 { fill: #1f6feb } .dot.c2 { fill: #b4530a } .dot.c3 { fill: #1a7f4b }
@media (prefers-color-scheme: dark) { svg { background: #14181c } text { fill: #a3afba } polyline { stroke: #36404a } }
</style>"""
_ROW, _NAMES = 30, 250  # a bar with its space, the room for its name


class Line(NamedTuple):
    """Points of one line, joined or not, each perhaps with a word beside it."""

    name: str
    points: Sequence[tuple[float, float]]
    labels: Sequence[str] = ()
    joined: bool = True


class Axis(NamedTuple):
    """What an axis counts, and whether equal steps are equal ratios."""

    name: str
    log: bool = False


def lines(about: str, x: Axis, y: Axis, drawn: Sequence[Line]) -> Html:
    """Lines over two axes; `about` says in a sentence what they show."""
    xs, ys = ([p[i] for line in drawn for p in line.points] for i in (0, 1))
    across, up = _scale(x, xs, _LEFT, _WIDTH - _RIGHT), _scale(y, ys, _HEIGHT - _BOTTOM, _TOP)
    parts: list[Html] = []
    for value in across.ticks:
        at = across.at(value)
        parts.append(_path([(at, _TOP), (at, _HEIGHT - _BOTTOM)], "rule"))
        parts.append(_text(at, _HEIGHT - _BOTTOM + 16, short(value), "middle"))
    for value in up.ticks:
        at = up.at(value)
        parts.append(_path([(_LEFT, at), (_WIDTH - _RIGHT, at)], "rule"))
        parts.append(_text(_LEFT - 6, at + 4, short(value), "end"))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 8, x.name, "middle"))
    for n, line in enumerate(drawn, 1):
        places = [(across.at(a), up.at(b)) for a, b in line.points]
        if line.joined:
            parts.append(_path(places, f"line c{n}"))
        if line.labels or not line.joined:
            parts += [tag("circle", cx=f"{a:.1f}", cy=f"{b:.1f}", r=4, class_=f"dot c{n}") for a, b in places]
        under = any(other.labels and other.points[-1][1] > line.points[-1][1] for other in drawn)
        parts += [_beside(a, b, word, under) for (a, b), word in zip(places, line.labels, strict=False) if word]
    return tag("figure", _svg(_HEIGHT, about, parts), _legend([y.name, *(line.name for line in drawn)]))


def picture(chart: Html) -> str:
    """A chart as a file of its own, in the page's colours, light and dark; what is counted stands below it."""
    found = re.search(r"<svg .*</svg>", chart, re.DOTALL)
    assert found is not None
    return (
        found[0]
        .replace('class="chart"', 'font-family="sans-serif" font-size="13"', 1)
        .replace("</svg>", f"{_LOOK}</svg>")
    )


def bars(about: str, unit: str, rows: Sequence[tuple[str, float]]) -> Html:
    """Amounts under each other with their names and figures, from nought."""
    most = max(value for _, value in rows)
    names = min(_NAMES, 8 * max(len(name) for name, _ in rows) + 16)
    room = _WIDTH - names - 90
    parts: list[Html] = []
    for n, (name, value) in enumerate(rows):
        top = n * _ROW + 6
        long = f"{name[:30]}…" if len(name) > 31 else name
        width = max(room * value / most, 1)
        parts.append(_text(names - 8, top + 14, long, "end"))
        parts.append(tag("rect", x=names, y=top, width=f"{width:.1f}", height=18, class_="bar c1"))
        parts.append(_text(names + width + 6, top + 14, short(value, unit), "start"))
    return tag("figure", _svg(len(rows) * _ROW + 6, about, parts), _legend([unit]))


class _Scale(NamedTuple):
    low: float
    high: float
    start: float
    end: float
    log: bool
    ticks: list[float]

    def at(self, value: float) -> float:
        low, high, value = (math.log10(v) if self.log else v for v in (self.low, self.high, value))
        return self.start + (value - low) / ((high - low) or 1) * (self.end - self.start)


def _scale(axis: Axis, values: Sequence[float], start: float, end: float) -> _Scale:
    """A scale that holds all values, from nought where steps are equal, with round numbers marked."""
    if axis.log:
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        high += high == low
        step = max(1, (high - low) // 5)
        return _Scale(10.0**low, 10.0**high, start, end, True, [10.0**k for k in range(low, high + 1, step)])
    most = max(values) or 1
    size = 10 ** math.floor(math.log10(most / 4))
    step = next(size * k for k in (1, 2, 2.5, 5, 10) if most / (size * k) <= 5)
    count = math.ceil(most / step)
    return _Scale(0, step * count, start, end, False, [step * k for k in range(count + 1)])


def short(value: float, unit: str = "") -> str:
    """A number in a few characters; parameters are counted in billions, B.

    >>> short(9.89e14), short(2500), short(0.05), short(8030261248, "parameters")
    ('989T', '2.5K', '0.05', '8.03B')
    """
    billion = "B" if unit == "parameters" else "G"
    for size, letter in ((1e15, "P"), (1e12, "T"), (1e9, billion), (1e6, "M"), (1e3, "K")):
        if size <= abs(value) < size * 1000:
            return f"{value / size:.3g}{letter}"
    return figure(float(f"{value:.3g}"))


def _svg(height: float, about: str, parts: Sequence[Html]) -> Html:
    return tag("svg", *parts, viewBox=f"0 0 {_WIDTH} {height}", role="img", aria_label=about,
               class_="chart", xmlns="http://www.w3.org/2000/svg")  # fmt: skip


def _path(points: Sequence[tuple[float, float]], class_: str) -> Html:
    return tag("polyline", points=" ".join(f"{a:.1f},{b:.1f}" for a, b in points), class_=class_)


def _beside(x: float, y: float, word: str, under: bool) -> Html:
    """A word below a point; to its left where the picture ends, above the highest line and below the others."""
    if x <= _WIDTH - 120:
        return _text(x + 7, y + 15, word, "start")
    return _text(x - 4, y + (18 if under else -9), word, "end")


def _text(x: float, y: float, text: str, side: str) -> Html:
    return tag("text", text, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=side)


def _legend(names: Sequence[str]) -> Html:
    """What is counted upwards, then each line beside its colour."""
    first, *rest = names
    keys = [tag("span", tag("span", "", class_=f"key c{n}"), name) for n, name in enumerate(rest, 1)]
    return tag("figcaption", joined(tag("span", first), *keys))
