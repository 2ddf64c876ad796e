"""The derivation of one call as rows of a sheet: the result, what it is made of, what was given, what is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

from xlcalc.catalog import tables
from xlcalc.formula.arithmetic import plain
from xlcalc.formula.derivation import IN_ALL, Row, figure, rows
from xlcalc.formula.symbols import CHOSEN, INPUT, LEAF, TERM, Symbol, labelled, recording
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.language.cells import Number
from xlcalc.language.declare import Argument, Declaration, Table
from xlcalc.language.errors import CalcError
from xlcalc.language.kinds import AcceleratorKind
from xlcalc.model.dtypes import DType
from xlcalc.model.spec import ModelSpec

HEADERS = ["step", "quantity", "formula", "with numbers", "value", "unit", "source"]
# rows that others add below a result: of the function, its arguments as read, the result and its unit
Remark = Callable[[Declaration, Sequence[Any], Any, str], list[list[Any]]]
REMARKS: list[Remark] = []
NOTE, GIVEN = "note", "given"
MORE = "more rows below these: depth 0 shows all"


def explain(declaration: Declaration, arguments: Sequence[Any], depth: int | None = None) -> Table:
    """Rows of the derivation of exactly this call, with headers: `depth` levels below the result, 0 for all of them.

    Without a depth there are at most 60 rows. Raises CalcError as the call itself does, and
    for a call over a range, which has many derivations.
    """
    arguments = _as_long_as(declaration, arguments)
    read = declaration.read(arguments)
    with recording() as nodes:
        given = [_input(nodes, *of) for of in zip(declaration.arguments, read, arguments, strict=True)]
        unit, asked = declaration.asked_unit(read), str(declaration.asked_unit(arguments))
        result = declaration.compute(declaration.in_base_unit(given), declaration.derivation)
        roots = _roots(declaration, result, unit, asked, nodes)
    below = [row for of in zip(declaration.arguments, read, arguments, strict=True) if (row := _given(*of))]
    below += _published(declaration, read)
    below += _said(declaration, read, result, roots[0][1] if roots else None)
    if isinstance(roots and roots[0][1].value, float) and not isfinite(roots[0][1].value):
        declaration.compute(read)  # refuses it
    found, more = rows(roots, depth, IN_ALL - len(below) - 1)
    if not found:
        found = [_looked_up(declaration, result)]
    if more:
        below.append([NOTE, MORE, *[""] * 5])
    return Table([HEADERS, *map(list, found), *below])


def _input(nodes: Any, argument: Argument, value: Any, given: Any) -> Any:
    """An argument as the formula takes it: a number as a symbol."""
    if type(value) not in (int, float) or not isinstance(argument.kind, (Number, AcceleratorKind)):
        return value
    source = "default" if given is None or given == "" else "given"
    return labelled(
        nodes, INPUT, (argument.name,), value, argument.name.replace("_", " "), _unit_of(argument, value), source
    )


def _unit_of(argument: Argument, value: Any) -> str:
    return argument.unit or getattr(argument.kind, "figure", "") or _plain_unit(argument.kind, value)


def _plain_unit(kind: Any, value: Any) -> str:
    """What a number without a unit is: a count or a ratio."""
    whole = kind.whole if isinstance(kind, Number) else isinstance(value, int)
    return "count" if whole else "ratio"


def _roots(
    declaration: Declaration, result: Any, unit: float | None, asked: str, nodes: Any
) -> list[tuple[str, Symbol]]:
    """The results with their names: of a table those of its cells that its author named."""
    if isinstance(result, Table):
        cells = [cell for row in result for cell in row if type(cell) is Symbol and cell.label]
        return [(cell.label, cell) for cell in dict.fromkeys(cells)]
    if type(result) is Symbol and result.op == CHOSEN:
        unit_of = result.unit or ("" if isinstance(result.value, str) else declaration.result.unit)
        source = result.source or declaration.source
        return [(declaration.name, Symbol(nodes, CHOSEN, result.of, result.value, declaration.name, unit_of, source))]
    if isinstance(result, bool) or not isinstance(result, (int, float, Symbol)):
        return []
    base = declaration.result.unit
    if unit is not None:  # the result in its base unit, and one row above it
        result, base = result / unit, asked
    value = result.value if type(result) is Symbol else result
    if type(result) is not Symbol or result.op == LEAF:
        kept = result if type(result) is Symbol else None
        base = (kept.unit if kept else "") or base or _plain_unit(declaration.result, value)
        source = (kept.source if kept else "") or declaration.source
        return [(declaration.name, Symbol(nodes, LEAF, (), value, declaration.name, base, source))]
    of, own, source = (result,), base, declaration.source
    if result.op == TERM:
        of, own, source = result.of, result.unit or base, result.source or source
    return [
        (
            declaration.name,
            Symbol(nodes, TERM, of, value, declaration.name, own or _plain_unit(declaration.result, value), source),
        )
    ]


def _looked_up(declaration: Declaration, result: Any) -> Row:
    """A result that nothing was computed for: a text, a table of a catalog."""
    value = f"a table of {len(result) - 1} rows" if isinstance(result, Table) else result
    return Row("1", declaration.name, "", "", value, "", declaration.source)


def _as_long_as(declaration: Declaration, arguments: Sequence[Any]) -> list[Any]:
    if len(arguments) > len(declaration.arguments):
        raise CalcError("#VALUE!", f"takes at most {len(declaration.arguments)} arguments", function=declaration.name)
    return [*arguments, *[None] * (len(declaration.arguments) - len(arguments))]


def _said(declaration: Declaration, read: Sequence[Any], result: Any, root: Symbol | None) -> list[list[Any]]:
    """What others say of the result, and what the model leaves out."""
    said = []
    if root is not None and isinstance(root.value, (int, float)):
        whole = [[*map(plain, row)] for row in result] if isinstance(result, Table) else root.value
        said += [row for remark in REMARKS for row in remark(declaration, read, whole, root.unit)]
    for value in read:
        if isinstance(value, ModelSpec) and value.count is None:
            said += [[NOTE, note, "", "", "", "", ""] for note in value.architecture.remarks]
        if isinstance(value, AcceleratorSpec) and value.remark:
            said.append([NOTE, value.remark, "", "", "", "", ""])
    return said


def _given(argument: Argument, value: Any, given: Any) -> list[Any] | None:
    """An argument that is no number: what it was read as, with a catalog row's source and date."""
    if value is None or type(value) in (int, float) or argument.name == "unit":
        return None
    source = "default" if given is None or given == "" else "given"
    about = ""
    if isinstance(value, ModelSpec):
        if value.count is not None:
            about, named = "parameters as given", figure(value.count)
        else:
            about, named = _counted(value), value.id or "a configuration of the user"
        source = tables.source_text(value.source, value.as_of) if value.source else "given with the call"
    elif isinstance(value, AcceleratorSpec):
        named, source = value.id or value.name, "its figures above"
    elif isinstance(value, DType):
        named, about = value.name, f"{value.bits:g} bits an element"
    elif isinstance(value, frozenset):
        named = ", ".join(sorted(value))
    else:
        named = getattr(value, "text", None) or str(value)
    return [GIVEN, argument.name.replace("_", " "), about, "", named, "", source]


def _published(declaration: Declaration, read: Sequence[Any]) -> list[list[Any]]:
    """The format that a blank one of weights stands for, and what it is taken from."""
    model = next((value for value in read if isinstance(value, ModelSpec) and value.count is None), None)
    blank = any(a.name == "dtype" and value is None for a, value in zip(declaration.arguments, read, strict=True))
    if model is None or not blank or "as published" not in declaration.argument_help("dtype"):
        return []
    dtype = model.checkpoint.dtype
    return [
        [GIVEN, "dtype", f"{dtype.bits:g} bits an element", "", dtype.name, "", f"published: {model.checkpoint.why}"]
    ]


def _counted(model: ModelSpec) -> str:
    """A model's type and how sure its count is."""
    assumed = "; ".join(model.architecture.assumed)
    return f"{model.text_config.model_type}, {f'an estimate: {assumed}' if assumed else 'counted exactly'}"
