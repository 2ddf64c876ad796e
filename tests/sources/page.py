"""docs/sources.md, written from the figures that the tests beside it check. Run: just regenerate sources"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from published import Figure, Source

PAGE = Path(__file__).parents[2] / "docs" / "sources.md"
# In the order of the origin's reading list: papers, posts, code, videos; the origin itself last.
MODULES = (
    "brown_2020", "chowdhery_2022", "hoffmann_2022", "ivanov_2021", "kaplan_2020", "korthikanti_2022", "pope_2022",
    "sheng_2023", "shoeybi_narayanan", "tay_2020", "bahdanau", "kipply_parameters", "kipply_inference", "eleutherai",
    "lesswrong", "finbarr_timbers", "axelera", "lilian_weng", "jay_mody", "dipkumar", "lequn_chen",
    "nvidia_fastertransformer", "aws", "nanogpt_sizing", "nanogpt_scaling", "niels_rogge", "efficient_nlp", "llm_calc",
)  # fmt: skip

HEAD = """# Sources, and what we give for their figures

Each source of the origin's reading list: what it lets one compute, the call that does it, the figure that it prints and
what xlcalc gives. Written by `just regenerate sources` from the figures that the tests check.
A tolerance is half a unit of the last printed digit, unless the text beside it says otherwise; of figures that were
measured it is the error of a model of the machine.

| Source | Figures | Agree | Largest difference of those |
|---|--:|--:|--:|
"""


def sources() -> list[Source]:
    return [import_module(f"test_{name}").SOURCE for name in MODULES]


def text() -> str:
    """The page."""
    found = sources()
    return HEAD + "\n".join(_summary(s) for s in found) + "\n" + "".join(_section(s) for s in found)


def _difference(source: Source, figure: Figure) -> float:
    return source.value(figure) / figure.given - 1


def _summary(source: Source) -> str:
    agree = [abs(_difference(source, f)) for f in source.figures if not f.differs]
    coarse = max(agree) >= 0.01
    anchor = re.sub(r"[^\w\- ]", "", source.title.casefold()).replace(" ", "-")
    return f"| [{source.title}](#{anchor}) | {len(source.figures)} | {len(agree)} | {_percent(max(agree), coarse)} |"


def _section(source: Source) -> str:
    links = ", ".join(f"<{address}>" for address in source.address.split(", "))
    lines = [f"\n## {source.title}\n", f"{links}\n", f"Lets one compute {source.computes}.\n"]
    if source.remarks:
        lines.append(f"{source.remarks}\n")
    lines += ["| Figure | Where | By | Source | xlcalc | Difference | Tolerance |", "|---|---|---|--:|--:|--:|--:|"]
    lines += [_row(source, figure) for figure in source.figures]
    return "\n".join(lines) + "\n"


def _row(source: Source, figure: Figure) -> str:
    ours, unit = source.value(figure), f" {figure.unit}" if figure.unit else ""
    coarse = figure.tolerance >= 0.05
    digits = 3 if figure.tolerance > 0.02 else 5 if figure.tolerance > 1e-6 else 13
    what = f"{figure.what}. Differs: {figure.differs}" if figure.differs else figure.what
    formula = figure.formula.replace("e+", "e")
    tolerance = "" if figure.differs else _percent(figure.tolerance)
    cells = (what, figure.place, f"`{formula}`", _number(figure.given, max(digits, 7)) + unit, _number(ours, digits) + unit,
             _percent(_difference(source, figure), coarse, "+"), tolerance)  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def _number(value: float, digits: int) -> str:
    """Whole numbers in full where they are exact, else so many digits, from ten million on as a power of ten."""
    if 1e-3 <= abs(value) < (1e15 if digits > 7 else 1e7):
        rounded = float(f"{value:.{digits}g}")
        return f"{rounded:,.0f}" if rounded.is_integer() else f"{rounded:,.{min(digits, 7)}g}"
    return re.sub(r"e\+?(-?)0*", r"e\1", f"{value:.{min(digits, 7)}g}")


def _percent(share: float, coarse: bool = False, sign: str = "") -> str:
    decimals = 0 if coarse else 1 if abs(share) >= 0.01 else 2
    shown = f"{100 * share:{sign}.{decimals}f}"
    return "0 %" if float(shown) == 0 else f"{shown} %"


def made() -> dict[Path, bytes]:
    """The page's file and content."""
    return {PAGE: text().encode()}
