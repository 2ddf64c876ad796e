"""Cell functions for the auditor: where figures come from, and what functions there are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated, Any

from xlcalc import accuracy
from xlcalc.accuracy.calibration import factors
from xlcalc.catalog import accelerators, models, prices, tables
from xlcalc.catalog.names import NotInCatalog
from xlcalc.formula.derivation import figure
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.language.blocks import accelerator_fields, label, model_fields
from xlcalc.language.cells import Number, Text, did_you_mean, shown
from xlcalc.language.declare import Declaration, Table, cell_function, closest, find, functions
from xlcalc.language.errors import CalcError
from xlcalc.language.explain import NOTE, REMARKS, explain
from xlcalc.language.kinds import Anything, Name, Rows

_Words = Annotated[str, Text("a text")]
_Depth = Annotated[int, Number("", 0, 99, whole=True)]


@cell_function(category="Audit", source="the catalogs")
def LLM_SOURCE(id: Name, field: Name = None) -> _Words:
    """Where a catalog figure comes from and its date: title, address, date, and when it was read.

    Args:
        id: a model, an accelerator or an instance of the catalog
        field: the figure: peak_bf16, scale_up ... of an accelerator, the term of a price; blank = the row
    Example:
        >>> "as of" in LLM_SOURCE("h100-sxm", "peak_bf16")
        True
    """
    for look in (_of_accelerator, _of_model, _of_price):
        try:
            return look(id, label(field or ""))
        except NotInCatalog as error:
            last = error
    raise CalcError("#N/A", f"as a model, an accelerator or an instance, {shown(id)} {last}", argument="id")


def _of_accelerator(name: str, field: str) -> str:
    row = tables.by_id("accelerators")[accelerators.names().find(name)]
    _check(field, accelerator_fields(), "an accelerator, such as peak_bf16 or memory")
    return tables.source_text(row[AcceleratorSpec.source_field(field)], row["as_of"])


def _of_model(name: str, field: str) -> str:
    row = tables.by_id("models")[models.names().find(name)]
    _check(field, model_fields(), "a model, such as n_layers or context")
    return tables.source_text(row["source"], row["as_of"])


def _of_price(name: str, field: str) -> str:
    row = prices.offer(name, field) if field in prices.TERMS else prices.offers(name)[0]
    _check(field, {*prices.TERMS, *row}, f"a price: {', '.join(prices.TERMS)}")
    return tables.source_text(row["source"], row["as_of"])


def _check(field: str, known: Collection[str], what: str) -> None:
    if field and field not in known:
        hint = did_you_mean(field, known)
        raise CalcError("#VALUE!", f"must be a field of {what}; got {shown(field)}{hint}", argument="field")


def _agreement(declaration: Declaration, read: Sequence[Any], result: Any, unit: str) -> list[list[Any]]:
    """Rows of a derivation: low, expected and high by what was measured, and what of the call was never measured."""
    found = accuracy.bounds.around(declaration, read, result)
    if found is None:
        return []
    accelerator = next((value.id for value in read if isinstance(value, AcceleratorSpec)), "")
    rows: list[list[Any]] = []
    for name, value, share in (("low", found.low, found.low_share), ("high", found.high, found.high_share)):
        formula, numbers = "result × measured / estimated", f"{figure(found.expected)} × {figure(share)}"
        if value != found.expected * share:  # of a bill not all is scaled; a memory is at least what is counted of it
            formula, numbers = ("", "") if isinstance(result, list) else ("what is counted", figure(value))
        quantity = f"{declaration.name}, {name} by what was measured"
        rows.append([name, quantity, formula, numbers, value, unit, f"{found.about}; {found.source}"])
    notes = [f"outside what was measured: {sentence}" for sentence in accuracy.scope.outside(declaration, read)]
    if factor := factors(declaration.name).get(accelerator):
        notes.append(
            f"calibration in use on {accelerator}: {factor.cases} measurements of the user (calibration.csv: "
            f"{factor.sources}) are {factor.value:.4g} times the estimate; low and high are of the published cases"
        )
    return rows + [[NOTE, sentence, *[""] * 5] for sentence in notes]


REMARKS.append(_agreement)


@cell_function(category="Audit", source="the declarations of the functions themselves")
def LLM_FUNCTIONS() -> Rows:
    """Every function: category, arguments, unit of the result, what it gives, and where its formula comes from.

    Example:
        >>> LLM_FUNCTIONS()[0]
        ['function', 'category', 'arguments', 'unit', 'gives', 'source']
    """
    rows = [[f.name, f.category, f.usage, f.result.unit or None, f.summary, f.source] for f in functions()]
    return Table([["function", "category", "arguments", "unit", "gives", "source"], *rows])


@cell_function(category="Audit", source="the calculation itself, recorded by its own formulas")
def LLM_EXPLAIN(
    name: Name,
    *arguments: Anything,
    depth: _Depth = None,
) -> Rows:
    """The derivation of exactly one call, as a tree: the result, what it is made of, and each of that one level deeper.

    Every row has a quantity, its formula, the numbers put in, value, unit and source; steps number them as an outline
    does (1.2.1 is part of 1.2). Then what was given, and of an estimate that was measured what it may be, low and high,
    and what of the call lies outside the measurements. A search explains what it chose.

    Args:
        name: the function to explain, with or without LLM_
        arguments: its arguments, in order
        depth: levels below the result, 0 for all; blank = at most 60 rows
    Example:
        >>> LLM_EXPLAIN("LLM_KV_CACHE", "llama-3.1-8b", 8192)[1][4:6]
        [1073741824, 'bytes']
    """
    declaration = find(name)
    if declaration is None:
        raise CalcError("#N/A", f"{shown(name)} is not a function{closest(name)}", argument="name")
    used = max((i for i, value in enumerate(arguments, 1) if value is not None), default=0)
    return explain(declaration, arguments[:used], depth)
