"""The defined names of the kit: each function as LAMBDA, and what their formulas share.

A function reads its arguments as the add-in does (blanks, defaults, limits, whole numbers), finds the rows that its
names stand for and the line of its words, and chooses its formula. Conditions and extremes are written so that a range
in an argument gives a range: MIN, MAX, AND and OR would take all of it at once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from xlcalc.formula import excel
from xlcalc.language.cells import Choice, Number
from xlcalc.language.declare import Argument, Declaration
from xlcalc.language.errors import CalcError
from xlcalc.language.kinds import AcceleratorKind, ModelKind

from .cases import CATALOGS, GIVEN, NUMBER, ROW, UNIT, UNUSED, Asked, Axis
from .formulas import Shape
from .kit import Formula, Given

NOTHING = "·"
"""A blank argument in the list of calls that were searched."""
ARGUMENTS = 30
"""Arguments of a call that was searched."""
_AGGREGATES = re.compile(r"(?<![\w.])(MIN|MAX|AND|OR)\(")


def shared() -> dict[str, str]:
    """The names that the formulas of functions use."""
    p = "_xlpm."
    names = {
        "xlcalc_min": f"_xlfn.LAMBDA({p}a,{p}b,IF({p}b<{p}a,{p}b,{p}a))",
        "xlcalc_max": f"_xlfn.LAMBDA({p}a,{p}b,IF({p}b>{p}a,{p}b,{p}a))",
        "xlcalc_and": f"_xlfn.LAMBDA({p}a,{p}b,IF({p}a,IF({p}b,TRUE,FALSE),FALSE))",
        "xlcalc_or": f"_xlfn.LAMBDA({p}a,{p}b,IF({p}a,TRUE,IF({p}b,TRUE,FALSE)))",
        "xlcalc_number": (
            f"_xlfn.LAMBDA({p}x,{p}least,{p}most,{p}above,{p}whole,IF(ISNUMBER({p}x),"
            f"IF(({p}x>={p}least)*({p}x<={p}most)*(({p}x>{p}least)+({p}above=0)>0)*((INT({p}x)={p}x)+({p}whole=0)>0),"
            f"{p}x,#NUM!),IF(ISERROR({p}x),{p}x,#VALUE!)))"
        ),
        "xlcalc_word": (
            f'_xlfn.LAMBDA({p}x,{p}blank,_xlfn.LET({p}word,SUBSTITUTE(SUBSTITUTE(LOWER(TRIM({p}x))," ","_"),"-","_"),'
            f'IF({p}word="",{p}blank,{p}word)))'
        ),
        "xlcalc_unit": (
            f"_xlfn.LAMBDA({p}of,{p}unit,_xlfn.LET({p}row,_xlfn.XMATCH({p}of&{p}unit,xlcalc_keys),"
            f"{p}name,INDEX(xlcalc_words,{p}row,2),"
            f"IF(ISNUMBER({p}row),IF(EXACT({p}unit,{p}name)+EXACT({p}unit,UPPER({p}unit))+EXACT({p}unit,LOWER({p}unit))"
            f">0,INDEX(xlcalc_words,{p}row,1),#VALUE!),#VALUE!)))"
        ),
        "xlcalc_key": (
            f'_xlfn.LAMBDA({p}x,IF(ROWS({p}x)*COLUMNS({p}x)>1,_xlfn.TEXTJOIN("|",TRUE,{p}x),'
            f'IF({p}x="","{NOTHING}",{p}x)))'
        ),
        "xlcalc_same": (
            f"_xlfn.LAMBDA({p}column,{p}value,IF(ISNUMBER({p}value),IF(ISNUMBER({p}column),"
            f"ABS({p}column-{p}value)<=1E-12*ABS({p}value),FALSE),{p}column={p}value))"
        ),
    }
    for catalog in dict.fromkeys(CATALOGS.values()):
        found = f"_xlfn.XMATCH({p}x,xlcalc_{catalog}_names)"
        if catalog in ("models", "accelerators"):
            found = f"_xlfn.IFNA({found},_xlfn.XMATCH({p}x,xlcalc_{catalog}_titles))"
        if catalog == "models":
            found = f"_xlfn.IFNA({found},_xlfn.XMATCH({p}x,xlcalc_models_others))"
        first = f'_xlfn.XMATCH(SUBSTITUTE(TRIM({p}x)," ","-"),xlcalc_{catalog}_ids)'
        found = f"_xlfn.IFNA({first},{found})"
        names[f"xlcalc_{catalog}_row"] = (
            f'_xlfn.LAMBDA({p}x,IF(ISERROR({p}x),{p}x,IF(ISTEXT({p}x),IF(TRIM({p}x)="",#VALUE!,{found}),#VALUE!)))'
        )
    return names


def function(formula: Formula) -> dict[str, str]:
    """The names of a function: itself, and its formulas where they are too long to stand in one."""
    return _Function(formula).names()


def searched(declaration: Declaration, otherwise: str = "") -> str:
    """A function that is looked up among the calls that were answered when the file was made, `otherwise` a formula."""
    keys = []
    for argument in declaration.arguments:
        own = f"_xlpm.{excel.name(argument.name)}"
        key = f"xlcalc_key({own})"
        keys.append(key if argument.required else f'IF(_xlfn.ISOMITTED({own}),"{NOTHING}",{key})')
    same = "*".join(f"xlcalc_same(xlcalc_argument_{i},{key})" for i, key in enumerate(keys, 1))
    line = f'_xlfn.XMATCH(1,(xlcalc_called="{declaration.name}")*{same})' if keys else (
        f'_xlfn.XMATCH("{declaration.name}",xlcalc_called)'
    )  # fmt: skip
    first, count, width = (f"INDEX(xlcalc_answer,_xlpm.line_,{i})" for i in (1, 2, 3))
    rows = f"INDEX(xlcalc_answers,{first},1):INDEX(xlcalc_answers,{first}+{count}-1,{width})"
    found = f"IF(ISNUMBER(_xlpm.line_),{rows},{otherwise})" if otherwise else rows
    body = let([("line_", line)], found)
    return f"_xlfn.LAMBDA({','.join([*map(parameter, declaration.arguments), body])})"


def lambda_of(asked: Asked, lets: Sequence[tuple[str, str]], result: str, read: Sequence[str] = ()) -> str:
    """A function from what its formula reads and its result: in the unit that is asked for, and #N/A where an argument
    is given that has no place in the formula, unless it is `read` in another way."""
    for axis in asked.axes:
        own = f"_xlpm.{excel.name(axis.argument.name)}"
        if axis.reading == UNIT:
            of = f'"unit|{asked.declaration.result.unit}|"'
            factor = f'IF(_xlfn.ISOMITTED({own}),1,IF({own}="",1,xlcalc_unit({of},{own})))'
            result = f"({result})/{factor}"
        elif axis.reading == UNUSED and axis.argument.name not in read:
            result = f'IF(IF(_xlfn.ISOMITTED({own}),TRUE,{own}=""),{result},#N/A)'
    if lets:
        result = let(lets, result)
    return f"_xlfn.LAMBDA({','.join([*map(parameter, asked.declaration.arguments), result])})"


def let(steps: Iterable[tuple[str, str]], result: str) -> str:
    return f"_xlfn.LET({''.join(f'_xlpm.{name},{text},' for name, text in steps)}{result})"


def elementwise(text: str) -> str:
    """A formula with its conditions and extremes of two written so that a range gives a range."""
    return _AGGREGATES.sub(lambda found: f"xlcalc_{found[1].lower()}(", text)


def parameter(argument: Argument) -> str:
    return f"{'_xlpm' if argument.required else '_xlop'}.{excel.name(argument.name)}"


def word(text: str) -> str:
    """A word as it stands in the key of a line of words."""
    return " ".join(text.split()).lower().replace(" ", "_").replace("-", "_")


class _Function:
    def __init__(self, formula: Formula) -> None:
        self._formula, self._asked = formula, formula.asked
        self._name = formula.asked.declaration.name
        self._keyed = len(formula.lines) > 1 or bool(self._asked.words)

    def names(self) -> dict[str, str]:
        bodies = [_body(shape, slots) for shape, slots in self._formula.shapes]
        lets = list(self._lets())
        parts: dict[str, str] = {}
        if sum(map(len, bodies)) + sum(len(a) + len(b) for a, b in lets) > excel.LIMIT - 1000:
            known = [name for name, _ in lets if name != "which_"]
            for i, body in enumerate(bodies, 1):
                parts[f"{self._name}_{i}_"] = f"_xlfn.LAMBDA({','.join(f'_xlpm.{n}' for n in known)},{body})"
                bodies[i - 1] = f"{self._name}_{i}_({','.join(f'_xlpm.{n}' for n in known)})"
        chosen = self._formula.chooser
        result = bodies[0] if chosen == Given("constant", 1) else f"CHOOSE(_xlpm.which_,{','.join(bodies)})"
        return {**parts, self._name: lambda_of(self._asked, lets, result)}

    def _lets(self) -> Iterator[tuple[str, str]]:
        """What the formulas read, by name."""
        slots = [given for _, slots in self._formula.shapes for given in slots] + [self._formula.chooser]
        read = {given.value for given in slots if given.kind == "argument"}
        catalogs = {given.kind for given in slots}
        if self._keyed:
            found = f"_xlfn.XMATCH({self._key()},xlcalc_keys)"
            words = [axis.argument.kind for axis in self._asked.words]
            choices = all(isinstance(kind, (Choice, ModelKind, AcceleratorKind, Number)) for kind in words)
            yield "line_", f"_xlfn.IFNA({found},#VALUE!)" if choices else found
        for axis in self._asked.axes:
            own, name = f"_xlpm.{excel.name(axis.argument.name)}", axis.argument.name
            number = axis.words[:2] == ("name", "number")
            if axis.reading == ROW and CATALOGS[name] in catalogs:
                row = f"xlcalc_{CATALOGS[name]}_row({own})"
                yield f"{CATALOGS[name]}_", f"IF(ISNUMBER({own}),1,{row})" if number else row
            if name in read:
                yield value_name(name), number_read(axis, own)
        if self._formula.chooser != Given("constant", 1):
            yield "which_", _source(self._formula.chooser)

    def _key(self) -> str:
        parts = [f'"{self._name}"']
        for axis in self._asked.words:
            own, first = f"_xlpm.{excel.name(axis.argument.name)}", f'"{word(axis.words[0])}"'
            if axis.words[:2] == ("name", "number"):
                said = f'IF(ISNUMBER({own}),"number","name")'
            elif axis.reading == GIVEN:
                said = f'IF(_xlfn.ISOMITTED({own}),"",IF({own}="","","given"))'
            else:
                said = f"xlcalc_word({own},{first})"
                optional = f"IF(_xlfn.ISOMITTED({own}),{first},{said})"
                said = f'xlcalc_word({own},"")' if axis.argument.required else optional
            parts.append(said)
        return '&"|"&'.join(parts)


def number_read(axis: Axis, own: str) -> str:
    """A number as the function takes it."""
    kind = axis.argument.kind
    if isinstance(kind, ModelKind):
        kind = Number("parameters", 1)
    elif isinstance(kind, AcceleratorKind):
        kind = Number(kind.figure, 0, above=True)
    assert isinstance(kind, Number)
    low = excel.number(kind.low) if kind.low > -math.inf else f"-{excel.number(excel.LARGEST)}"
    high = excel.number(kind.high) if kind.high < math.inf else excel.number(excel.LARGEST)
    given = own
    if axis.reading == NUMBER and not axis.argument.required:
        default = excel.number(axis.argument.blank)
        given = f'IF(_xlfn.ISOMITTED({own}),{default},IF({own}="",{default},{own}))'
    checked = f"xlcalc_number({given},{low},{high},{int(kind.above)},{int(kind.whole)})"
    if axis.reading == GIVEN:
        return f'IF(_xlfn.ISOMITTED({own}),0,IF({own}="",0,{checked}))'
    if axis.words[:2] == ("name", "number"):
        return f"IF(ISNUMBER({own}),{checked},0)"
    return checked


def value_name(argument: str) -> str:
    return f"{excel.name(argument).rstrip('_')}_value"


def _body(shape: Shape, slots: list[Given]) -> str:
    """A formula's text: columns that it reads more than once have a name."""
    named: dict[Given, str] = {}
    for given in slots:
        if given.kind not in ("argument", "constant") and slots.count(given) > 1:
            named.setdefault(given, f"c{len(named) + 1}_")
    text = shape.pieces[0]
    for given, piece in zip(slots, shape.pieces[1:], strict=True):
        text += (f"_xlpm.{named[given]}" if given in named else _source(given)) + piece
    text = elementwise(text)
    return let([(name, _source(given)) for given, name in named.items()], text) if named else text


def _source(given: Given) -> str:
    """Where a slot's number comes from, as text."""
    if given.kind == "argument":
        return f"_xlpm.{value_name(given.value)}"
    if given.kind == "constant":
        return literal(given.value)
    if given.kind == "words":
        return f"INDEX(xlcalc_words,_xlpm.line_,{given.place + 1})"
    column = given.value if given.value > 0 else f"INDEX(xlcalc_words,_xlpm.line_,{given.place + 1})"
    return f"INDEX(xlcalc_{given.kind},_xlpm.{given.kind}_,{column})"


def literal(value: Any) -> str:
    if isinstance(value, CalcError):
        return value.code
    return f'"{value}"' if isinstance(value, str) else excel.number(value)
