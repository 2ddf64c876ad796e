"""One call as a page shows it: its value, its range, its derivation as a tree, and what to type on each host.

    answer("LLM_KV_CACHE", {"model": "llama-3.1-8b", "context": "8192"})["html"]

The pages written to a folder, the server and the browser (Pyodide) all show what this gives.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from itertools import takewhile
from math import inf, isinf
from typing import Any

from xlcalc.accuracy import bounds
from xlcalc.formula.derivation import figure
from xlcalc.language.cells import is_number, shown
from xlcalc.language.declare import Declaration, Table, find
from xlcalc.language.errors import CalcError
from xlcalc.language.explain import GIVEN, HEADERS, NOTE, explain
from xlcalc.language.units import UNITS
from xlcalc.pages.html import Html, joined, prose, sideways, tag

_ROWS_SHOWN = 12
_OPEN_LEVELS = 2  # of a tree, when it comes
_READABLE = {
    "bytes": ("TB", "GB", "MB", "KB"),
    "seconds": ("years", "days", "hours", "minutes", "s", "ms", "us"),
    "FLOP": ("YFLOP", "ZFLOP", "EFLOP", "PFLOP", "TFLOP", "GFLOP"),
    "parameters": ("T", "B", "M"),
    "tokens": ("T", "B", "M"),
    "joules": ("GWh", "MWh", "kWh"),
}  # units that people read, the largest first


def answer(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a form gets for its arguments by name: markup, the formula of a cell, the value as cells take it.

    Texts are what was typed: a blank is left out, lines and tab-separated cells are a range. An error is an answer too.
    """
    declaration = find(name)
    if declaration is None:
        return _refused(CalcError("#NAME?", f"there is no function {name}"))
    unknown = [word for word in given if word not in [a.name for a in declaration.arguments]]
    if unknown:
        return _refused(CalcError("#VALUE!", f"has no argument {unknown[0]!r}", function=declaration.name))
    return _answered(declaration, [_typed_in(given.get(a.name)) for a in declaration.arguments])


def of_formula(formula: str, cells: Mapping[str, list[list[Any]]] | None) -> dict[str, Any]:
    """The same for the first LLM_* call in a cell's formula, given the values of the cells that it reads.

    Without `cells` the answer names them in `needs`, where it reads any.
    """
    from xlcalc.pages import cell_formula  # needs openpyxl, which a browser does not have

    try:
        call = cell_formula.parse(formula)
        needs = list(dict.fromkeys(call.references()))
        if needs and cells is None:
            return {"needs": needs}
        declaration = find(call.name)
        if declaration is None:
            raise CalcError("#NAME?", f"there is no function {call.name}")
        values = call.values(lambda text: _of_range((cells or {}).get(text, [[None]])))
        if len(values) > len(declaration.arguments):
            declaration(*values)  # refuses them
    except CalcError as error:
        return _refused(error)
    except ValueError as error:
        return _refused(CalcError("#VALUE!", str(error)))
    answered = _answered(declaration, [*values, *[None] * (len(declaration.arguments) - len(values))])
    return {**answered, "name": declaration.name}


def _of_range(rows: list[list[Any]]) -> Any:
    """A range as a host hands it over: one cell as its value, blanks as None."""
    read = [[None if value == "" else value for value in row] for row in rows]
    return read[0][0] if len(read) == 1 and len(read[0]) == 1 else read


def _answered(declaration: Declaration, values: list[Any]) -> dict[str, Any]:
    formula = formula_text(declaration, values)
    try:
        result = declaration(*values)
        return {"html": rendered(declaration, values, result), "formula": formula, "value": _cells(result), "error": ""}
    except CalcError as error:
        return {**_refused(error), "formula": formula}


def _refused(error: CalcError) -> dict[str, Any]:
    said = tag("p", tag("code", error.code), " ", str(error), class_="refusal")
    return {"html": said, "formula": "", "value": error.code, "error": str(error)}


def _cells(result: Any) -> Any:
    """Rows of values, errors by their code."""
    rows = result if isinstance(result, list) else [[result]]
    rows = [row if isinstance(row, list) else [row] for row in rows]
    return [[value.code if isinstance(value, CalcError) else value for value in row] for row in rows]


def _typed_in(value: Any) -> Any:
    """What stands in a field of a form as a cell would hold it."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if re.search(r"[\t\n]", value.strip("\n")) and not text.startswith("{"):  # copied from a sheet; no config.json
        return [[_typed_in(cell) for cell in line.split("\t")] for line in value.strip("\n").splitlines()]
    number = float(text) if is_number(text) else inf
    if isinf(number):  # no cell holds 1e400 either
        return text or None
    return int(text) if text.lstrip("+-").isdigit() else number


def rendered(declaration: Declaration, values: Sequence[Any], result: Any) -> Html:
    """A call's value with its range, what to type where, and its derivation."""
    return joined(
        _value(result, str(declaration.asked_unit(values) or declaration.result.unit)),
        _range(declaration, values, result),
        tag("h3", "To copy"),
        _copies(declaration, values),
        tag("h3", "How it is made"),
        derivation(declaration, values),
    )


def _value(result: Any, unit: str) -> Html:
    if isinstance(result, list):
        rows = Table(result if result and isinstance(result[0], list) else [result])
        left_out = len(rows) - 1 - _ROWS_SHOWN
        more = tag("p", f"and {left_out} more rows") if left_out > 0 else Html("")
        return joined(sideways("Value", Html(Table(rows[: _ROWS_SHOWN + 1])._repr_html_())), more)
    if isinstance(result, str):
        return tag("p", tag("data", prose(result), value=result))
    readable = _readable(result, unit)
    return tag(
        "p", tag("data", shown(result), value=shown(result)), f" {unit}" if unit else "",
        tag("span", f" ≈ {readable}", class_="about") if readable else "", class_="value",
    )  # fmt: skip


def _readable(value: Any, unit: str) -> str:
    """A large or small quantity in the unit that a person would say.

    >>> _readable(1073741824, "bytes"), _readable(12, "bytes")
    ('1.07 GB', '')
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    for name in _READABLE.get(unit, ()):
        size = UNITS[unit][name]
        if abs(value) >= size and size != 1:
            return f"{value / size:,.3g} {name}"
        if size == 1 and abs(value) >= 1:
            return ""
    return ""


def _range(declaration: Declaration, values: Sequence[Any], result: Any) -> Html:
    """Low to high, of a function that was measured."""
    if declaration.name not in bounds.FUNCTIONS or any(isinstance(value, list) for value in values):
        return Html("")
    found = bounds.around(declaration, declaration.read(values), result)
    if found is None:
        return Html("")
    ends = tag("strong", f"{figure(found.low)} to {figure(found.high)}")
    return tag("p", "Range ", ends, f": {found.about} ({found.source}).", class_="range")


def _copies(declaration: Declaration, values: Sequence[Any]) -> Html:
    """The call as each host has it, to be copied."""
    texts = [
        ("Excel, xlwings, LibreOffice", formula_text(declaration, values)),
        ("The same where decimals have a comma", formula_text(declaration, values, "; ")),
        ("Python", python_text(declaration, values)),
        ("Command line", command_text("call", declaration, values)),
    ]
    if any(isinstance(value, list) for value in values):
        texts = texts[:3]
    rows = [
        (
            tag("dt", host),
            tag("dd", tag("code", text), tag("button", "Copy", type="button", class_="copy", hidden="",
                                             aria_label=f"Copy for {host}")),
        )
        for host, text in texts
    ]  # fmt: skip
    return tag("dl", *(part for row in rows for part in row), class_="copies")


def formula_text(declaration: Declaration, values: Sequence[Any], separator: str = ", ") -> str:
    """A call as it is typed into a cell; a separator of its own means a comma for the decimals."""
    last = max((i for i, value in enumerate(values, 1) if value is not None), default=0)
    decimal = "." if separator == ", " else ","
    return f"={declaration.name}({separator.join(_in_cell(v, decimal) for v in values[:last])})"


def _in_cell(value: Any, decimal: str) -> str:
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    if isinstance(value, list):
        across, down = (",", ";") if decimal == "." else ("\\", ";")
        return "{" + down.join(across.join(_in_cell(cell, decimal) or '""' for cell in row) for row in value) + "}"
    return "" if value is None else shown(value).upper().replace(".", decimal)


def python_text(declaration: Declaration, values: Sequence[Any]) -> str:
    """A call in Python, named from the first argument that is left out on."""
    first = list(takewhile(lambda value: value is not None, values))
    named = zip(declaration.arguments[len(first) :], values[len(first) :], strict=True)
    words = [*map(repr, first), *(f"{a.name}={v!r}" for a, v in named if v is not None)]
    return f"xlcalc.{declaration.name}({', '.join(words)})"


def command_text(command: str, declaration: Declaration, values: Sequence[Any]) -> str:
    """A call on the command line."""
    first = list(takewhile(lambda value: value is not None, values))
    named = zip(declaration.arguments[len(first) :], values[len(first) :], strict=True)
    words = [*map(plain, first), *(f"{a.name}={plain(v)}" for a, v in named if v is not None)]
    return shlex.join(["xlcalc", command, declaration.name, *words])


def plain(value: Any) -> str:
    return value if isinstance(value, str) else shown(value)


def derivation(declaration: Declaration, values: Sequence[Any]) -> Html:
    """The calculation of a call as it ran: a tree of quantities; what was given; notes."""
    try:
        table = explain(declaration, values)
    except CalcError:
        return tag("p", "A call over a range has a derivation for each of its values: give one value.")
    rows = [dict(zip(HEADERS, row, strict=True)) for row in table[1:]]
    steps = [row for row in rows if str(row["step"])[0].isdigit()]
    given = [row for row in rows if row["step"] == GIVEN]
    if not any(row["formula"] for row in steps):
        return tag("p", "It runs no formula: it looks up what is recorded.")
    rest = [_remark(row) for row in rows if row not in steps and row not in given]
    return joined(
        _tree(steps),
        tag("ul", *map(_known, given), *rest, class_="known") if given or rest else Html(""),
    )


def _tree(steps: Sequence[Mapping[str, Any]]) -> Html:
    """Steps numbered as an outline (1, 1.1, 1.1.1) as lists in lists; each branch can be closed."""
    below: dict[str, list[Mapping[str, Any]]] = {}
    for row in steps:
        below.setdefault(str(row["step"]).rpartition(".")[0], []).append(row)

    def items(parent: str) -> list[Html]:
        found = []
        for row in below.get(parent, ()):
            step = str(row["step"])
            deeper = items(step)
            if deeper:
                parts = tag("summary", _equation(row)), _source(row), tag("ul", *deeper)
                found.append(tag("li", tag("details", *parts, open="" if step.count(".") < _OPEN_LEVELS else None)))
            else:
                found.append(tag("li", _equation(row), _source(row)))
        return found

    return tag("ul", *items(""), class_="steps")


def _equation(row: Mapping[str, Any]) -> Html:
    """One step: quantity = formula = the same with numbers = value."""
    value = f"{figure(row['value'])} {row['unit']}".rstrip()
    sides = list(dict.fromkeys((row["formula"], row["with numbers"], value)))
    lines = [tag("span", "= ", side) for side in sides if side]
    return tag("span", tag("span", row["quantity"], class_="quantity"), tag("span", *lines), class_="equation")


def _source(row: Mapping[str, Any]) -> Html:
    return tag("p", prose(row["source"]), class_="about") if row["source"] else Html("")


def _known(row: Mapping[str, Any]) -> Html:
    about = "; ".join(filter(None, [row["formula"], row["source"]]))
    return tag("li", tag("code", row["quantity"]), " = ", plain(row["value"]), ": " if about else "", prose(about))


def _remark(row: Mapping[str, Any]) -> Html:
    """A note, or what a measured estimate may be."""
    if row["step"] == NOTE:
        return tag("li", prose(row["quantity"]))
    return tag("li", tag("span", f"{row['step']} "), _equation(row), _source(row))
