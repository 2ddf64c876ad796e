"""LLM_ESTIMATE_BOUND of whole runs as a formula; of other functions it is looked up among the calls that were made.

The mean of ln(published / estimated hours) is linear in x = ln(FLOP / 1e23), its variance quadratic, and beyond the
runs that were published it grows with the square of the distance (accuracy/ranges.py): five numbers of each
accelerator, read off at three points.
"""

from __future__ import annotations

from math import exp

from xlcalc.accuracy import ranges, whole_runs
from xlcalc.catalog import accelerators
from xlcalc.formula import excel
from xlcalc.formula.excel import number
from xlcalc.language.declare import find

from . import names
from .kit import Kit, Origin

NAME = "LLM_ESTIMATE_BOUND"
_MIDDLE = 1e23
_COLUMNS = ("mean", "slope", "variance", "variance by x", "variance by x^2", "deviations down", "deviations up")
_CALLS = {"LLM_GPU_HOURS": ("a1", "a2", "a3", "a4"), "LLM_TRAIN_TIME": ("a1", "a2", "a3", "a4", "a5")}
_SIXTEEN = ("", "bf16", "fp16", "fp32", "tf32")


def add(kit: Kit) -> tuple[list[list[object]], dict[str, str]]:
    """The line of words for a machine of a given peak, and the names; the columns of each machine go into the kit."""
    columns = kit.of("accelerators")
    by_row = {one: _of(accelerators.find(one)) for one in columns.ids}
    places = [
        columns.add(
            f"whole runs: {label}", {one: found[i] for one, found in by_row.items()}, Origin(NAME, (label,), 0, i)
        )
        for i, label in enumerate(_COLUMNS)
    ]
    least, most = ranges.fitted()["whole runs"].reach["flops whole run"]
    return [[f"{NAME}|number", *_of(None)], [f"{NAME}|name", *places]], {
        "xlcalc_whole_runs": _shares(least, most), NAME: _formula(),
    }  # fmt: skip


def of_row(name: str, place: int) -> float:
    """One number of a machine."""
    return _of(accelerators.find(name))[place]


def _of(accelerator: object) -> tuple[float, ...]:
    fit = ranges.fitted()["whole runs"]
    given = {"accelerator": accelerator, "mfu": whole_runs.UTILISATION}
    step = 0.5
    found = [ranges.moments(fit, "LLM_GPU_HOURS", {**given, "flops": _MIDDLE * exp(x)}) for x in (-step, 0.0, step)]
    (m0, d0, scatter), (m1, d1, _), (m2, d2, _) = found
    v0, v1, v2 = d0 * d0, d1 * d1, d2 * d2
    slope, bend = (v2 - v0) / (2 * step), (v2 - 2 * v1 + v0) / (2 * step * step)
    return m1, (m2 - m0) / (2 * step), v1, slope, bend, scatter.low, scatter.high


def _shares(least: float, most: float) -> str:
    """What whole runs took of the estimate at an end of their range."""
    p = "_xlpm."
    at = f"INDEX(xlcalc_accelerators,{p}row,INDEX(xlcalc_words,{p}named,{{n}}))"
    lets = [("given", f'_xlfn.XMATCH("{NAME}|number",xlcalc_keys)'),
            ("named", f'_xlfn.XMATCH("{NAME}|name",xlcalc_keys)'),
            ("row", f"IF(ISNUMBER({p}accelerator),1,xlcalc_accelerators_row({p}accelerator))")]  # fmt: skip
    for n in range(1, len(_COLUMNS) + 1):
        lets.append((f"k{n}_", f"IF(ISNUMBER({p}accelerator),INDEX(xlcalc_words,{p}given,{n}),{at.format(n=n)})"))
    lets += [
        ("x_", f"LN({p}flops/{number(_MIDDLE)})"),
        ("mean", f"{p}k1_+{p}k2_*{p}x_+LN({p}mfu/{number(whole_runs.UTILISATION)})"),
        ("beyond", f"xlcalc_max(xlcalc_max({number(least)}-{p}x_,{p}x_-{number(most)}),0)"),
        ("deviation", f"SQRT({p}k3_+{p}k4_*{p}x_+{p}k5_*{p}x_*{p}x_+{number(ranges.BEYOND)}*{p}beyond*{p}beyond)"),
    ]
    body = (
        f'IF({p}bound="low",EXP(xlcalc_min({p}mean-{p}k6_*{p}deviation,0)),'
        f'IF({p}bound="high",EXP(xlcalc_max({p}mean+{p}k7_*{p}deviation,0)),IF({p}bound="expected",1,#VALUE!)))'
    )
    text = "".join(f"{p}{name},{content}," for name, content in lets)
    return f"_xlfn.LAMBDA({p}flops,{p}accelerator,{p}mfu,{p}bound,_xlfn.LET({text}{body}))"


def _formula() -> str:
    declaration = find(NAME)
    assert declaration is not None
    p = "_xlpm."
    text = names.searched(declaration)
    head, body = text[: text.index("_xlfn.LET(")], text[text.index("_xlfn.LET(") : -1]
    cases = []
    for function, arguments in _CALLS.items():
        *_, mfu, dtype = own = [f"{p}{excel.name(one)}" for one in arguments]
        sixteen = ",".join(f'"{word}"' for word in _SIXTEEN)
        blank = f'IF(_xlfn.ISOMITTED({dtype}),TRUE,OR(xlcalc_word({dtype},"")={{{sixteen}}}))'
        used = f'IF(_xlfn.ISOMITTED({mfu}),0.4,IF({mfu}="",0.4,{mfu}))'
        given = ",".join(f'IF(_xlfn.ISOMITTED({one}),"",{one})' for one in own)
        called = f"{function}({given})*xlcalc_whole_runs({own[0]},{own[1]},{used},{p}bound)"
        cases.append(f'(xlcalc_word({p}name,"")="{names.word(function)}")*{blank},{called}')
    return f"{head}_xlfn.IFS({','.join(cases)},TRUE,{body}))"
