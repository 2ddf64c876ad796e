"""What in a formula an engine must do as Excel does: its functions, and the contexts in which engines go wrong.

Each is a feature with a name. `measured.csv` says of each feature in how many cells of real workbooks, saved by Excel,
an engine was compared with Excel's own value, and in how many it differed (`python -m xlcalc.workbook.files.measure`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from .addresses import Area, column_number, parse_cell
from .alike import CELLS
from .call_features import NEITHER, arguments_of, call_features
from .excel_tables import resolve
from .formula_text import Token, bare_function, closed_up, is_relative, local_names, tokens, written
from .mended import by_a_number, is_mended
from .range_functions import (
    AGGREGATES,
    AGGREGATES_OF_FIRST,
    CRITERIA,
    ONE_VALUE,
    ONE_VALUE_AT,
    TAKE_ARRAYS,
    TAKE_RANGES,
)
from .references import Book, any_area

IMPLICIT = "implicit intersection"
ARRAY_FORMULA = "array formula"
ONE_CELL = "array formula in one cell"
REDUCED = "in an aggregate"
OPERATORS = "operators over ranges"
SINCE_1904 = "1904 dates"
ARRAY_CONSTANT = "array constant"
_NEVER_FAST = frozenset((SINCE_1904, ARRAY_CONSTANT, "LOOKUP"))
"""What the fast engine does not have, or does wrong where it was not measured (LOOKUP over blanks), though cells in
which it makes no difference come out right."""
CELLS_COMBINED = "union or intersection of references"
_END_OF_CELLS = ("word", "close", "bracket")
OURS = "a function of ours"
VOLATILE = frozenset(("NOW", "TODAY", "RAND", "RANDBETWEEN", "RANDARRAY", "INFO", "CELL"))
"""Functions that ask the clock, chance or the machine."""
GIVE_ONE_VALUE = ONE_VALUE | {
    "comparison", "&", "%", "^ by a number", "^ of values", "text in arithmetic", "SUMPRODUCT of one array",
    f"{OPERATORS} in SUMPRODUCT", "COUNTIF by number", "COUNTIF by text",
}  # fmt: skip
"""Features of formulas whose result is one value, unless another feature says that they take a range for one."""
ENOUGH = 10
"""Cells and calls that must have been compared, without any difference, before the fast engine is believed."""

TOLERATED = 0.02
"""Share of measured cells in which the exact engine may differ and still be believed."""
_TEXTS = frozenset(
    ("MATCH", "VLOOKUP", "HLOOKUP", "LOOKUP", "XLOOKUP", "XMATCH", "TEXTJOIN", "CONCAT", "N", "T", "TYPE", "INDEX",
     "SUMPRODUCT")
)  # fmt: skip
_OPERATORS = frozenset("+-*/^&=<>%")
_ARITHMETIC = frozenset("+-*/^%")
_OF_SIZES = re.compile(rb"(?:INDEX|(?:SUM|AVERAGE|COUNT|MAX|MIN)IFS?)\(")
"""Functions with features that depend on the sizes of ranges."""
_RANGE = re.compile(rb"\$?([A-Z]{1,3})\$?([0-9]+):\$?([A-Z]{1,3})\$?([0-9]+)")
_LIKE_A_CELL = re.compile(r"[A-Z]{1,3}[0-9]+")
_NOTHING = Token("", "")
_MAX_ARGUMENTS = 254
_MAX_NESTED = 16


@dataclass(frozen=True)
class Measured:
    """In how many cells a feature was compared with Excel's value, and where the engines differed."""

    feature: str
    fast_cells: int
    fast_differs: int
    exact_cells: int
    exact_differs: int
    exact_gives_up: int
    """Where the exact engine gave an error and Excel a value, or another error."""
    calls: int
    """Made calls in which the fast engine was compared with the exact one."""
    calls_differ: int

    @property
    def proves_fast(self) -> bool:
        return self.fast_cells + self.calls >= ENOUGH and not self.fast_differs and not self.calls_differ


@cache
def measured() -> dict[str, Measured]:
    """What the measurements say of each feature."""
    text = files(__package__ or "").joinpath("measured.csv").read_text("utf8")
    return {row[0]: Measured(row[0], *map(int, row[1:8])) for row in list(csv.reader(text.splitlines()))[1:]}


def unproven(features: Collection[str]) -> list[str]:
    """The features that the fast engine is not known to calculate as Excel does."""
    table = measured()
    return sorted(f for f in features if f in _NEVER_FAST or f not in table or not table[f].proves_fast)


def wrong_in_exact(features: Collection[str], is_error: bool) -> list[str]:
    """The features that the exact engine is known to calculate otherwise than Excel, somewhere, or (if its answer is an
    error) to give up on."""
    table = measured()
    known = [table[f] for f in features if f in table]
    wrong = {
        one.feature
        for one in known
        if one.exact_differs + is_error * one.exact_gives_up > TOLERATED * (one.exact_cells + one.exact_gives_up)
    }
    return sorted(wrong | NEITHER.intersection(features))


def shapes(texts: list[bytes], names: Iterable[str]) -> list[bytes]:
    """Formulas without what distinguishes them from the same ones in other rows and columns: same shape, same features.
    `names` are the workbook's; where one might be taken for a cell (XFE1), formulas stay as they are.

    >>> shapes([b"LOG10(A17)*$B$2+Rate1", b"'Q1'!A5"], ["Rate1"])
    [b'LOG10(A)*A+Rate1', b"'Q1'!A"]
    >>> len({*shapes([b"INDEX(A1:A9,2)", b"INDEX(B1:B8,2)", b"INDEX(A1:B9,2)"], [])})
    2
    """
    if any(_LIKE_A_CELL.fullmatch(name) for name in names):
        return texts
    found = CELLS.sub(b"A", b"\0".join(texts)).split(b"\0")
    by_size = {shape for shape in set(found) if _OF_SIZES.search(shape)}
    if not by_size:
        return found
    return [shape + _sizes(text) if shape in by_size else shape for shape, text in zip(found, texts, strict=True)]


def _sizes(text: bytes) -> bytes:
    """White space that tells apart formulas whose ranges have other sizes: a row, a column or both, and the same as the
    first."""
    sizes = [
        (int(bottom) - int(top), column_number(right) - column_number(left))
        for left, top, right, bottom in _RANGE.findall(text)
    ]
    bits = (bit for rows, columns in sizes for bit in (rows > 0, columns > 0, (rows, columns) == sizes[0]))
    return b"".join(b" " if bit else b"\t" for bit in bits)


class Doubt:
    """Finds the features of one workbook's formulas. `functions`: the custom functions, which are no feature."""

    def __init__(self, book: Book, functions: Collection[str], date1904: bool) -> None:
        self._book, self._functions, self._date1904 = book, functions, date1904
        self._of_names: dict[str, set[str]] = {}

    def features(self, text: str, sheet: str, filled: int) -> set[str]:
        """`filled`: how many cells an array formula fills, 0 for another formula."""
        found = {SINCE_1904} if self._date1904 else set()
        array = filled > 0
        if array and not self._is_custom_call(text):
            found.add(ONE_CELL if filled == 1 else ARRAY_FORMULA)
        parts = closed_up(tokens(text))
        self._read([token for token in parts if token.kind != "space"], sheet, array, found, 0)
        for before, token, after in zip(parts, parts[1:], parts[2:], strict=False):
            if token.kind == "space" and before.kind in _END_OF_CELLS and after.kind in ("word", "open"):
                found.add(CELLS_COMBINED)
        return found

    def _is_custom_call(self, text: str) -> bool:
        """Is a formula one call of a custom function and nothing else? How its table fills cells is ours."""
        parts = closed_up(tokens(text))
        if len(parts) < 3 or bare_function(parts[0].text) not in self._functions:
            return False
        depth = 0
        for index, token in enumerate(parts[1:], 1):
            depth += (token.kind == "open") - (token.kind == "close")
            if depth == 0:
                return index == len(parts) - 1
        return False

    def _read(self, parts: list[Token], sheet: str, array: bool, found: set[str], depth: int) -> None:
        local = local_names(parts)
        calls: list[list[object]] = []  # function, argument, does it calculate with arrays
        for index, token in enumerate(parts):
            before = parts[index - 1] if index else _NOTHING
            after = parts[index + 1] if index + 1 < len(parts) else _NOTHING
            in_array = array or any(call[2] for call in calls)
            if token.kind == "open":
                function = bare_function(before.text) if before.kind == "word" else ""
                calls.append([function, 0, function in TAKE_ARRAYS])
            elif token.kind == "close" and calls:
                calls.pop()
            elif token.kind == "comma" and calls:
                calls[-1][1] = int(str(calls[-1][1])) + 1
                if not calls[-1][0]:
                    found.add(CELLS_COMBINED)
                if int(str(calls[-1][1])) >= _MAX_ARGUMENTS:
                    found.add("more than 254 arguments")
            elif token.text == "{":
                found.add(ARRAY_CONSTANT)
                calls.append(["{", 0, False])
                self._range_use(calls[:-1], before, _NOTHING, in_array, found)
            elif token.text == "}" and calls:
                calls.pop()
                if after.text in _OPERATORS:
                    found.add(OPERATORS if in_array else IMPLICIT)
            elif token.kind == "text":
                if _is_arithmetic(before) or _is_arithmetic(after):
                    found.add("text in arithmetic")
                self._literal(calls, before, after, found)
            elif token.kind == "error":
                found.add("error value in a formula")
                self._literal(calls, before, after, found, "an error value")
            elif token.text == "^":
                mends = not in_array and is_mended(parts, index)
                found.add("^ by a number" if by_a_number(parts, index) else "^ of values" if mends else "^")
            elif token.text in ("&", "%", "@", "#"):
                found.add(token.text)
            elif token.text in ("=", "<", ">"):
                found.add("comparison")
            elif token.kind == "bracket" and before.kind != "word":
                if not token.text.startswith(("[@", "[[#This Row]")):
                    self._range_use(calls, before, after, in_array, found)
            elif token.text == "1900":
                found.add("the year 1900")  # which has a 29 February in Excel
            elif token.kind == "word" and after.kind == "open":
                self._function(parts, index, sheet, local, found, depth)
            elif token.kind == "word" and before.text != ":":
                self._operand(parts, index, sheet, calls, in_array, local, found, depth)

    def _function(
        self, parts: list[Token], index: int, sheet: str, local: Collection[str], found: set[str], depth: int
    ) -> None:
        name = bare_function(parts[index].text)
        if name in self._functions:
            found.add(OURS)
            return
        if name.lower() in local:
            return
        definition = self._book.name("", name)
        if definition is not None:
            found.add("LAMBDA")
            if depth <= _MAX_NESTED:
                found |= self._of_name(definition, "", depth)
            return
        arguments = list(arguments_of(parts, index + 1))
        found.update(call_features(name, arguments, lambda argument: self._area(argument, sheet)))

    def _area(self, argument: list[Token], sheet: str) -> Area | None:
        """The cells that an argument names, if it is a plain reference."""
        text = written(argument)
        if len(argument) == 1:
            place, _, name = text.rpartition("!")
            text = self._book.name(place.strip("'") or sheet, name) or text
        return any_area(text.rpartition("!")[2])

    def _operand(
        self, parts: list[Token], index: int, sheet: str, calls: list[list[object]], in_array: bool,
        local: Collection[str], found: set[str], depth: int,
    ) -> None:  # fmt: skip
        token = parts[index]
        before = parts[index - 1] if index else _NOTHING
        word, end = token.text, index
        if word.upper() in ("TRUE", "FALSE"):
            self._literal(calls, before, _after(parts, index), found)
        is_range = _after(parts, index).text == ":"
        if word.lower() in local or (word[0].isdigit() and not is_range):
            return
        place, bang, name = word.rpartition("!")
        if index + 2 < len(parts) and is_range:
            end = index + 2
            if parts[end].kind != "word" or (end + 1 < len(parts) and parts[end + 1].kind == "open"):
                found.add("a range between functions")
            elif "!" in parts[end].text:
                found.add("3-D reference")
            self._range_use(calls, before, _after(parts, end), in_array, found)
            return
        if bang and ":" in place:
            found.add("3-D reference")
        if parse_cell(name):
            return
        table = self._book.tables.get(name.lower())
        if table is not None:
            specifier = parts[index + 1].text if _after(parts, index).kind == "bracket" else "[]"
            end = index + (specifier != "[]")
            cells = "" if "@" in specifier else resolve(table, specifier, 0)
            target = any_area(cells.rpartition("!")[2]) if cells else None
            if "@" not in specifier and "#this row" not in specifier.lower() and not _is_one(target):
                self._range_use(calls, before, _after(parts, end), in_array, found)
            return
        definition = self._book.name(place.strip("'") or sheet, name)
        if definition is None or depth > _MAX_NESTED:
            return
        if bang:
            found.add("a name with its sheet before it")
        if is_relative(definition):
            found.add("a name relative to the cell")
        target = any_area(definition.rpartition("!")[2])
        if target is not None:
            if not _is_one(target):
                self._range_use(calls, before, _after(parts, end), in_array, found)
            return
        found |= self._of_name(definition, sheet, depth)

    def _of_name(self, definition: str, sheet: str, depth: int) -> set[str]:
        """The features of a name's definition, found once: names of names may fan out."""
        if definition not in self._of_names:
            found = self._of_names[definition] = set()
            inner = [part for part in tokens(definition) if part.kind != "space"]
            self._read(inner, sheet, True, found, depth + 1)
        return self._of_names[definition]

    def _range_use(
        self, calls: list[list[object]], before: Token, after: Token, in_array: bool, found: set[str]
    ) -> None:
        """What a range or an array is used for, standing between these two tokens."""
        function = str(calls[-1][0]) if calls else ""
        reduced = in_array and any(_reduces(call) for call in calls)
        where = f" {REDUCED}" if reduced else ""
        for call in reversed(calls):
            if call[2] or (call[0] and call[0] in self._functions) or (reduced and _reduces(call)):
                break
            if in_array and call[1] in ONE_VALUE_AT.get(str(call[0]), ()):
                found.add(f"{call[0]} by several values")
            if in_array and call[0] and call[0] not in TAKE_RANGES and call[0] not in CRITERIA and call[0] != "{":
                found.add(f"{call[0]} over a range{where}")
        if not function or before.text in _OPERATORS or after.text in _OPERATORS:
            within = [str(call[0]) for call in calls if call[2]]
            found.add(f"{OPERATORS} in {within[-1]}" if within else OPERATORS + where if in_array else IMPLICIT)
        elif function in self._functions:
            return
        elif function in CRITERIA and self._is_criterion(calls[-1]):
            found.add(f"{function} by several criteria")
        elif function not in TAKE_RANGES and not in_array:
            found.add(IMPLICIT)

    @staticmethod
    def _literal(
        calls: list[list[object]], before: Token, after: Token, found: set[str], what: str = "a text or truth value"
    ) -> None:
        """A value that is no number written out as an argument of a function of ranges, which may count it or not."""
        function = str(calls[-1][0]) if calls else ""
        alone = before.text in ("(", ",") and after.text in (")", ",")
        if alone and function in TAKE_RANGES - CRITERIA.keys() - _TEXTS:
            found.add(f"{what} among the numbers of {function}")

    @staticmethod
    def _is_criterion(call: list[object]) -> bool:
        first, step = CRITERIA[str(call[0])]
        number = int(str(call[1]))
        return number >= first and (number - first) % step == 0


def _reduces(call: list[object]) -> bool:
    """Does this call make one value of the array that stands in its present argument?"""
    return call[0] in AGGREGATES or (call[0] in AGGREGATES_OF_FIRST and call[1] == 0)


def _is_one(area: Area | None) -> bool:
    return area is not None and area.rows * area.columns == 1


def _is_arithmetic(token: Token) -> bool:
    return token.text in _ARITHMETIC


def _after(parts: list[Token], index: int) -> Token:
    return parts[index + 1] if index + 1 < len(parts) else _NOTHING
