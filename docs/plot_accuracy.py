"""The figures of docs/accuracy.md from the measured cases: just regenerate accuracy

One scatter plot a function, docs/accuracy-<function>.svg, and the tables of groups and of coverage in the page. It
needs Matplotlib: pip install -e ".[docs]".
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from xlcalc.accuracy import left_out, validation
from xlcalc.catalog import tables

DOCS = Path(__file__).parent
PAGE = DOCS / "accuracy.md"
_MARKS = "osv^D<>Pp*hH8XdsovPD^<>"  # one an accelerator: colour alone does not tell them apart for everybody


def functions() -> list[str]:
    """The functions with measured cases, in the order of the catalog."""
    return list(dict.fromkeys(r.function for r in validation.published()))


def table() -> str:
    """Groups with their errors and what is stated of them, as Markdown."""
    stated = validation.bounds()
    lines = [
        "| Function | Measured on | Accelerator | Cases | Mean | 90 % within | Worst | In range "
        "| Stated: mean, 90 %, worst | Calibrated |",
        "|---|---|---|---:|---:|---:|---:|---:|---|---|",
    ]
    seen = set()
    for s in (s for s in validation.summaries() if s.group != validation.OWN):
        bound, title = stated[s.function, s.group], tables.sources()[s.source]
        first = (s.function, s.group) not in seen
        seen.add((s.function, s.group))
        limits = ", ".join(f"{float(bound[figure]):.1%}" for figure in ("mean", "p90", "worst")) if first else ""
        calibrated = bound["calibrated"] if first else ""
        group = f"[{s.group}]({title['url']})" if first else s.group
        figures = f"{s.mean:.1%} | {s.p90:.1%} | {s.worst:.1%} | {s.inside:.0%}"
        lines.append(
            f"| `{s.function}` | {group} | {s.accelerator} | {s.cases} | {figures} | {limits} | {calibrated} |"
        )
    return "\n".join(lines) + "\n"


_LEFT_OUT = {
    "runs": "its runs on that machine", "accelerator": "its accelerator", "model": "its model",
    "source": "its source", "software": "its software",
}  # fmt: skip


def covered() -> str:
    """What the ranges hold of cases whose group was left out, as Markdown."""
    rows = left_out.table()[1:]
    lines = ["| Function | Left out of the fit | Cases | Inside | Score | Of one width | Median high / low |",
             "|---|---|---:|---:|---:|---:|---:|"]  # fmt: skip
    for function, name, cases, inside, score, pooled, width in rows:
        label = "all" if function == left_out.ALL else f"`{function}`"
        lines.append(
            f"| {label} | {_LEFT_OUT[str(name)]} | {cases} | {inside} | {score:.2f} | {pooled:.2f} | {width:.2f} |"
        )
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page with its tables as they are now."""
    text = PAGE.read_text("utf-8")
    for name, made in (("groups", table()), ("coverage", covered())):
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}{made}{end}{after}"
    return text


def plot(function: str) -> bytes:
    """Estimate against measurement of every case of a function, on logarithmic axes, with the bisector.

    The picture's description is a digest of its points, by which to tell whether it is of today's estimates.
    """
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "xlcalc", "font.size": 9})
    from matplotlib import pyplot

    cases = [r for r in validation.published() if r.function == function and r.estimate is not None]
    figure, axes = pyplot.subplots(figsize=(5, 5), layout="constrained")
    ends = [
        min(min(r.measured, r.estimate) for r in cases) / 1.3,
        max(max(r.measured, r.estimate) for r in cases) * 1.3,
    ]
    axes.plot(ends, ends, color="0.4", linewidth=0.8, label="exact")
    for factor in (0.8, 1.25):
        axes.plot(ends, [factor * end for end in ends], color="0.7", linewidth=0.6, linestyle="--")
    for mark, accelerator in zip(_MARKS, sorted({r.accelerator for r in cases}), strict=False):
        points = [(r.measured, r.estimate) for r in cases if r.accelerator == accelerator]
        axes.plot(*zip(*points, strict=True), mark, markersize=4, markerfacecolor="none", label=accelerator)
    unit = validation.unit(function)
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends, xlabel=f"measured, {unit}", ylabel=f"estimated, {unit}")
    axes.set_aspect("equal")
    axes.set_title(f"{function}, {len(cases)} cases; dashed: 20 % under, 25 % over", fontsize=9)
    axes.legend(frameon=False, fontsize=8)
    points = ";".join(f"{r.accelerator} {r.measured:.6g} {r.estimate:.6g}" for r in cases)
    digest = hashlib.sha256(points.encode()).hexdigest()
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None, "Description": digest})
    pyplot.close(figure)
    return drawn.getvalue()


def made() -> dict[Path, bytes]:
    """The page and its plots."""
    plots = {DOCS / f"accuracy-{name.removeprefix('LLM_').lower()}.svg": plot(name) for name in functions()}
    return {PAGE: page().encode(), **plots}
