"""What formulas write with: functions of numbers that also know symbols, and the label of a quantity.

Plain numbers go straight through: `term` hands its value on, `where` is Python's own choice, `least` is min. Symbols
leave a node (`symbols.py`), so that a derivation, Excel text and mathematics can be read off.

>>> least(3, 5), where(2 > 1, 10, 20), term("bytes", 7, "bytes", "a paper"), ceil(2.1)
(3, 10, 7, 3)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, wraps
from typing import Any, NamedTuple, TypeVar

from xlcalc.formula.records import Columns
from xlcalc.formula.symbols import ACTIVE, CHOSEN, INPUT, LEAF, TERM, Symbol, active, labelled, node, unrecorded

Result = TypeVar("Result")
Record = TypeVar("Record", bound=NamedTuple)


def term(label: str, value: Any, unit: str = "", source: str | Callable[[], str] = "") -> Any:
    """A quantity that a reader should see: its name in the field's words, its unit, its source.

    It is a row of the derivation, a name of LET, a symbol of the mathematics. What has no label is part of the row
    above. A `source` that costs something to say is a function.
    """
    if not ACTIVE:  # nobody records: no number is a symbol
        return value
    return _labelled(label, value, unit, source)


def detail(label: str, value: Any, unit: str = "", source: str | Callable[[], str] = "") -> Any:
    """`term` of a derivation alone: Excel text and mathematics leave it in the expression that it is part of."""
    if not ACTIVE or is_open():
        return value
    return _labelled(label, value, unit, source)


def terms(record: Record, said: Mapping[str, tuple[str, str, str]]) -> Record:
    """A record of quantities, each under the label, with the unit and the source that `said` has for its field."""
    if not ACTIVE:
        return record
    pairs = zip(record._fields, record, strict=True)
    return type(record)(*[_labelled(said[name][0], value, *said[name][1:]) for name, value in pairs])


def _labelled(label: str, value: Any, unit: str, source: str | Callable[[], str]) -> Any:
    if type(value) is Symbol:
        if value.op == INPUT and not unit:  # an argument under the name that the field gives it
            return labelled(value.nodes, INPUT, value.of, value.value, label, value.unit, value.source)
        if value.op == LEAF:  # a figure keeps its own name
            return value
        inner = value.of[0] if value.op == TERM else value
        return labelled(value.nodes, TERM, (inner,), value.value, label, unit, source or value.source)
    nodes = active()
    if nodes is None or nodes.is_open or not value or not isinstance(value, (int, float)):
        return value  # a constant of the formula, where it is open
    return labelled(nodes, LEAF, (), value, label, unit, source or "given")


def chosen(label: str, value: Any, because: str, *terms: Any, unit: str = "", source: str = "") -> Any:
    """What a search found, and in one sentence why: `because` names the terms that decided it by {0}, {1} ..."""
    if ACTIVE and (nodes := active()) is not None and not nodes.is_open:
        return labelled(nodes, CHOSEN, (because, *terms), plain(value), label, unit, source)
    return value


def is_open() -> bool:
    """Whether arguments and columns are kept open now, and no symbol has a value."""
    return bool(ACTIVE) and (nodes := active()) is not None and nodes.is_open


def is_recording() -> bool:
    """Whether what is computed now is recorded: what formulas remember of earlier calls is then left alone."""
    return active() is not None if ACTIVE else False


def remembered(maxsize: int) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Keep the last results of a function of numbers; while something is recorded it is computed anew."""

    def declare(function: Callable[..., Result]) -> Callable[..., Result]:
        kept = lru_cache(maxsize)(function)

        @wraps(function)
        def remembering(*arguments: Any) -> Result:
            return function(*arguments) if ACTIVE and is_recording() else kept(*arguments)

        remembering.cache_clear = kept.cache_clear  # type: ignore[attr-defined]
        return remembering

    return declare


def searched(search: Callable[..., Result], *arguments: Any) -> Result:
    """What a search finds on plain numbers; none of its steps is recorded."""
    if not ACTIVE or not is_recording():
        return search(*arguments)
    with unrecorded():
        return search(*map(plain, arguments))


def plain(value: Any) -> Any:
    """The number behind a symbol, the record behind columns, also inside a tuple; anything else as it is."""
    if type(value) is Symbol:
        return value.value if value.nodes.guards is None else value.nodes.ask(value, value.value)
    if type(value) is Columns:
        return value.record
    if isinstance(value, tuple):
        inside = map(plain, value)
        return type(value)(*inside) if hasattr(value, "_fields") else tuple(inside)
    return value


def given(x: Any) -> bool:
    """Whether a number was given and is not zero; of an open one, whether it is so in this call."""
    if type(x) is Symbol and x.nodes.guards is None:
        return bool(x.value)
    return bool(x)


def is_number(x: Any) -> bool:
    """Whether a value is a plain number, for a shorter way through a formula that is called often."""
    return type(x) is not Symbol


def where(condition: Any, yes: Any, no: Any) -> Any:
    """`yes` where the condition holds, else `no`: IF in Excel. A side with a pitfall is passed as a function."""
    if type(condition) is Symbol and condition.nodes.is_open:
        return node("if", condition, yes() if callable(yes) else yes, no() if callable(no) else no)
    side = yes if condition else no
    return side() if callable(side) else side


def allowed(condition: Any, value: Callable[[], Any], sentence: Callable[[], str]) -> Any:
    """A value where a condition holds. Raises ValueError with a sentence where it does not: #NUM! in Excel."""
    if type(condition) is Symbol and condition.nodes.is_open:
        return node("if", condition, value(), node("refused", condition))
    if not condition:
        raise ValueError(sentence())
    return value()


def stays_open(x: Any) -> bool:
    """Whether a value is a symbol that cannot be asked for its value: one formula for whatever it may be."""
    return type(x) is Symbol and x.nodes.is_open and x.nodes.guards is None


def first(candidates: Iterable[Any], holds: Callable[[Any], Any]) -> Any:
    """The first of some numbers for which a condition holds; the last one where it holds for none before it."""
    *others, found = candidates
    tried = []
    for candidate in others:
        if stays_open(condition := holds(candidate)):
            tried.append((condition, candidate))
        elif condition:
            found = candidate
            break
    for condition, candidate in reversed(tried):
        found = where(condition, candidate, found)
    return found


def least(a: Any, b: Any) -> Any:
    """The smaller of two numbers."""
    if ACTIVE and (type(a) is Symbol or type(b) is Symbol):
        return node("min", a, b)
    return b if b < a else a


def most(a: Any, b: Any) -> Any:
    """The larger of two numbers."""
    if ACTIVE and (type(a) is Symbol or type(b) is Symbol):
        found = node("max", a, b)
        # nothing, such as time that is not waited, is no part of a derivation
        return a if type(a) is not Symbol and a == 0 and found.value == 0 and not found.nodes.is_open else found
    return b if b > a else a


def capped(x: Any, limit: Any) -> Any:
    """x, and no more than a limit where there is one: 0 is none."""
    if type(limit) is Symbol and limit.nodes.is_open:
        return where(limit > 0, least(x, limit), x)
    return least(x, limit) if limit else x


def both(a: Any, b: Any) -> Any:
    """Whether two conditions hold."""
    if type(a) is Symbol:
        return node("and", a, b)
    return a and b


def either(a: Any, b: Any) -> Any:
    """Whether one of two conditions holds."""
    if type(a) is Symbol:
        return node("or", a, b)
    return a or b


def ceil(x: Any) -> Any:
    """The next whole number up."""
    return _whole("ceil", x) if type(x) is Symbol else math.ceil(x)


def floor(x: Any) -> Any:
    """The next whole number down."""
    return _whole("floor", x) if type(x) is Symbol else math.floor(x)


def _whole(op: str, x: Symbol) -> Symbol:
    """Rounded, unless it is a count in any case."""
    return x if type(x.value) is int and not x.nodes.is_open else node(op, x)


def sqrt(x: Any) -> Any:
    """The square root."""
    return node("sqrt", x) if type(x) is Symbol else math.sqrt(x)


def log(x: Any) -> Any:
    """The natural logarithm."""
    return node("ln", x) if type(x) is Symbol else math.log(x)


def log2(x: Any) -> Any:
    """The logarithm to base 2."""
    return node("log2", x) if type(x) is Symbol else math.log2(x)


def exp(x: Any) -> Any:
    """e to the power x."""
    return node("exp", x) if type(x) is Symbol else math.exp(x)


def power(x: Any, y: Any) -> Any:
    """x to the power y, as floats: an error where it is not finite."""
    return x**y if type(x) is Symbol or type(y) is Symbol else math.pow(x, y)


def rounded(value: Any, digits: int) -> Any:
    """A number rounded to so many decimals."""
    return node("round", value, digits) if type(value) is Symbol else round(value, digits)
