"""The derivation of one call: what went in, every formula that ran with its numbers, the result."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from functools import _lru_cache_wrapper
from types import FrameType
from typing import Any

from xlcalc.catalog import tables
from xlcalc.formula.trace import Step, watch
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.language.declare import Declaration, Table
from xlcalc.language.errors import CalcError
from xlcalc.model.dtypes import DType
from xlcalc.model.spec import ModelSpec

HEADERS = ["step", "quantity", "formula", "with numbers", "value", "unit", "what it is", "source"]
# rows that others add below a result: of the function, its arguments as read, the result and its unit
Remark = Callable[[Declaration, Sequence[Any], float, str], list[list[Any]]]
REMARKS: list[Remark] = []
_FORMULAS = (
    "xlcalc.accuracy.",
    "xlcalc.model.",
    "xlcalc.training.",
    "xlcalc.hosting.",
    "xlcalc.money.",
    "xlcalc.cell_functions.",
)
# modules that read configurations and cells; what they do is not arithmetic of the subject
_READERS = (
    "xlcalc.model.families", "xlcalc.model.architecture", "xlcalc.model.config", "xlcalc.model.layers",
    "xlcalc.model.mixers", "xlcalc.model.spec", "xlcalc.model.dtypes", "xlcalc.model.checkpoint",
    "xlcalc.model.modules", "xlcalc.model.storage", "xlcalc.model.gguf", "xlcalc.hosting.constants",
    "xlcalc.language.blocks", "xlcalc.language.kinds",
)  # fmt: skip
_PRIVATE = re.compile(r"(?<![\w.])_(?=[A-Za-z])")
_PLAIN = re.compile(r"-?[\w.]+")
# how the docstring of a formula begins, and the unit that this says
_UNITS = {
    "Seconds": "seconds", "seconds": "seconds", "Time": "seconds", "Bytes": "bytes", "Bytes/s": "bytes/s",
    "FLOP": "FLOP", "FLOP/s": "FLOP/s", "Elements": "elements", "Parameters": "parameters", "parameters": "parameters",
    "Tokens": "tokens", "USD": "USD", "Joules": "joules", "Hours": "hours", "Layers": "layers",
}  # fmt: skip
_REMEMBER = ("xlcalc.hardware.", "xlcalc.model.", "xlcalc.training.", "xlcalc.hosting.", "xlcalc.money.")


def explain(declaration: Declaration, arguments: Sequence[Any]) -> Table:
    """Rows of the derivation of exactly this call, with headers.

    Raises CalcError as the call itself does, and for a call over a range, which has many derivations.
    """
    read = declaration.read(_as_long_as(declaration, arguments))
    fresh = list(map(_fresh, read))
    _forget()
    result, steps = watch(lambda: declaration.compute(fresh), _is_formula, _figure)
    inputs = (_input_row(a.name, value, a.unit) for a, value in zip(declaration.arguments, read, strict=True))
    rows = [row for row in inputs if row is not None]
    rows += _published(declaration, read)
    last = _last(declaration, steps)
    shown = (step for step in steps if _says_something(step) and step.name != declaration.name and step is not last)
    rows += map(_step_row, shown)
    if isinstance(result, (int, float)) and not isinstance(result, bool):
        rows.append(_result_row(declaration, result, last))
        rows += [row for remark in REMARKS for row in remark(declaration, read, result, rows[-1][5])]
    for value in read:
        if isinstance(value, ModelSpec) and value.count is None:
            rows += [["", "note", "", "", "", "", note, ""] for note in value.architecture.notes]
    return Table([HEADERS, *([i if row[0] is None else row[0], *row[1:]] for i, row in enumerate(rows, 1))])


def _published(declaration: Declaration, read: Sequence[Any]) -> list[list[Any]]:
    """The format that a blank one of weights stands for, and what it is taken from."""
    model = next((value for value in read if isinstance(value, ModelSpec)), None)
    blank = any(a.name == "dtype" and value is None for a, value in zip(declaration.arguments, read, strict=True))
    if model is None or not blank:
        return []
    dtype, why = model.checkpoint.dtype, model.checkpoint.why
    return [[None, "dtype", "", "", dtype.name, "", f"as published ({why}): {dtype.bits:g} bits an element", ""]]


def _fresh(value: Any) -> Any:
    """A specification that nothing was derived from yet; anything else as it is."""
    if not isinstance(value, (ModelSpec, AcceleratorSpec)):
        return value
    return type(value).model_construct(**{name: getattr(value, name) for name in type(value).model_fields})


def _forget() -> None:
    """Let go of what formulas remember of earlier calls: what is not computed again would be missing here."""
    for name, module in list(sys.modules.items()):
        if name.startswith(_REMEMBER) and not name.startswith(_READERS):
            for value in list(vars(module).values()):
                if isinstance(value, _lru_cache_wrapper):
                    value.cache_clear()


def _as_long_as(declaration: Declaration, arguments: Sequence[Any]) -> list[Any]:
    if len(arguments) > len(declaration.arguments):
        raise CalcError("#VALUE!", f"takes at most {len(declaration.arguments)} arguments", function=declaration.name)
    return [*arguments, *[None] * (len(declaration.arguments) - len(arguments))]


def _is_formula(module: str, name: str) -> bool:
    declares = module.startswith(("xlcalc.cell_functions.", "xlcalc.accuracy.")) and name.startswith("_")
    return module.startswith(_FORMULAS) and not module.startswith(_READERS) and not declares


def _says_something(step: Step) -> bool:
    """False for a step that only hands on the result of another, or names a number."""
    handed_on = step.numbers == repr(step.value) and step.formula.endswith((")", "]", ".total"))
    return not handed_on and not _PLAIN.fullmatch(step.formula)


def _step_row(step: Step) -> list[Any]:
    formula, numbers = _readable(step.formula), _readable(step.numbers)
    return [None, step.name, formula, numbers, step.value, step.unit or _unit(step.about), step.about, step.source]


def _unit(about: str) -> str:
    """The unit of a formula's result: its docstring begins with it."""
    return next((_UNITS[word] for word in about.split(maxsplit=2)[:2] if word in _UNITS), "")


def _last(declaration: Declaration, steps: Sequence[Step]) -> Step | None:
    """The step that gives the result: the function's own, or what adjusts it (accuracy/calibration.py)."""
    own = any(step.function == declaration.name for step in steps)
    return steps[-1] if own else None


def _result_row(declaration: Declaration, result: float, last: Step | None) -> list[Any]:
    formula, numbers = (_readable(last.formula), _readable(last.numbers)) if last else ("", "")
    unit = declaration.result.unit
    if last and last.value != result:
        numbers, unit = f"{last.value!r} in the unit asked for", "as asked for"
    return [None, declaration.name, formula, numbers, result, unit, declaration.summary, declaration.source]


def _input_row(name: str, value: Any, unit: str) -> list[Any] | None:
    """An argument as the formula takes it, with a catalog row's source and date; None for a blank without default."""
    if value is None:
        return None
    source = ""
    if isinstance(value, ModelSpec):
        about = "parameters as given" if value.count is not None else _counted(value)
        source = tables.source_text(value.source, value.as_of) if value.source else "given with the call"
        value = value.id or (value.count if value.count is not None else "a configuration of the user")
        return [None, name, "", "", value, "", about, source]
    if isinstance(value, AcceleratorSpec):
        about = value.name if value.id else "given"
        return [None, name, "", "", value.id or value.name, unit, about, "its figures below"]
    if isinstance(value, DType):
        return [None, name, "", "", value.name, "", f"{value.bits:g} bits an element", ""]
    elif isinstance(value, frozenset):
        value = ", ".join(sorted(value))
    return [None, name, "", "", value, unit, "given", source]


def _counted(model: ModelSpec) -> str:
    """A model's type and how sure its count is."""
    assumed = "; ".join(model.architecture.assumed)
    return f"{model.text_config.model_type}, {f'an estimate: {assumed}' if assumed else 'counted exactly'}"


def _figure(frame: FrameType, result: Any) -> Step | None:
    """A figure that the calculation looked up: of the accelerator catalog, or a constant of an estimate."""
    looked_up, names = frame.f_code.co_name, frame.f_locals
    accelerator, row = names.get("self"), names.get("row")
    if looked_up == "constant" and row:
        where = ", ".join(row[key] for key in ("scope", "dtype", "stack") if row.get(key))
        basis = " on ".join(filter(None, [row.get("basis"), row.get("calibrated_on")]))
        about = "; ".join(filter(None, [where and f"for {where}", basis, row.get("note"), row.get("how")]))
        source = tables.source_text(row["source"], row.get("as_of") or "")
        return Step(looked_up, row["name"], "", "", result, about, source, row["unit"])
    if not isinstance(accelerator, AcceleratorSpec) or looked_up not in ("peak", "figure"):
        return None
    field = str(names["field"])
    keys = getattr(accelerator, accelerator.source_field(field))
    source = tables.source_text(keys, accelerator.as_of) if keys else "given with the call"
    about = f"{field} of {accelerator.id or accelerator.name}"
    return Step(looked_up, field, "", "", result, about, source, accelerator.unit(field))


def _readable(expression: str) -> str:
    """Arithmetic as a page prints it: x for products, ^ for powers, no marks of what is private."""
    return _PRIVATE.sub("", expression.replace("**", "^").replace(" * ", " × "))


def as_text(table: Table) -> str:
    """A derivation as a page: what is given, each step with its numbers below it, what each source says."""
    lines: list[str] = []
    for number, name, formula, numbers, value, unit, about, source in table[1:]:
        if name == "note":
            lines += [f"    note: {about}", ""]
            continue
        if formula:
            lines.append(f"{number:>3}. {name} = {formula}")
            lines += [f"     {' ' * len(name)} = {numbers}"] if numbers not in ("", formula, repr(value)) else []
            lines.append(f"     {' ' * len(name)} = {value!r} {unit}".rstrip())
        else:
            lines.append(f"{number:>3}. {name} = {value} {unit}".rstrip())
        lines += [f"     {text}" for text in (about if about != "given" else "", source and f"[{source}]") if text]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"
