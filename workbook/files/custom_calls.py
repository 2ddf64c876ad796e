"""Calls of custom functions taken out of a formula, for an engine that has none: each becomes a name."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from .addresses import Area
from .formula_text import SKIPPED, Token, bare_function, local_names, tokens
from .references import Reader

Place = tuple[int, int]

PLACEHOLDER = "_xlcalc_"
_MAX_NESTED = 16
_MAX_TOKENS = 20_000
_NOTHING = Token("", "")


@dataclass(frozen=True)
class CustomCall:
    """One call. An argument is None where it was skipped, the cells where it is a reference, else a formula."""

    function: str
    placeholder: str
    arguments: list[str | tuple[str, Area] | None]
    sheet: str
    place: Place
    skipped: Any = SKIPPED


@dataclass
class CustomCalls:
    """The calls of a workbook's formulas, each before those that need its answer within one formula."""

    functions: Collection[str]
    reader: Reader
    used: Callable[[str], Area | None]
    """The cells of a sheet that hold anything."""
    calls: list[CustomCall] = field(default_factory=list)
    _known: dict[str, bool] = field(default_factory=dict)

    def taken_out(self, text: str, sheet: str, place: Place) -> tuple[str, str]:
        """The formula with names for the calls, and why that cannot be done, or nothing."""
        if not self._mentions(text, sheet, 0):
            return text, ""
        parts = self._expanded(tokens(text), sheet, 0)
        if len(parts) > _MAX_TOKENS:
            return text, "a formula whose names unfold to more than can be calculated"
        local = local_names(parts)
        before = len(self.calls)
        out = self._replaced(parts, sheet, place)
        for call in self.calls[before:]:
            words = {
                token.text.lower()
                for argument in call.arguments
                if isinstance(argument, str)
                for token in tokens(argument)
                if token.kind == "word"
            }
            if words & local:
                del self.calls[before:]
                return text, f"{call.function} takes a variable of LET or LAMBDA"
        return out, ""

    def _mentions(self, text: str, sheet: str, depth: int) -> bool:
        """Does the formula, or a name in it, call a custom function?"""
        if depth and text in self._known:
            return self._known[text]
        if depth:
            self._known[text] = False  # a name that is defined by itself
        self._known[text] = self._reads_call(text, sheet, depth)
        return self._known[text]

    def _reads_call(self, text: str, sheet: str, depth: int) -> bool:
        if depth > _MAX_NESTED:
            return False
        for token in tokens(text):
            if token.kind != "word":
                continue
            if bare_function(token.text) in self.functions:
                return True
            definition = self._definition(token.text, sheet)
            if definition is not None and self._mentions(definition, sheet, depth + 1):
                return True
        return False

    def _definition(self, word: str, sheet: str) -> str | None:
        place, _, name = word.rpartition("!")
        return self.reader.book.name(place.strip("'") or sheet, name)

    def _expanded(self, parts: list[Token], sheet: str, depth: int) -> list[Token]:
        out: list[Token] = []
        for token, after in zip(parts, [*parts[1:], _NOTHING], strict=False):
            definition = self._definition(token.text, sheet) if token.kind == "word" and after.kind != "open" else None
            if definition is None or depth > _MAX_NESTED or not self._mentions(definition, sheet, depth):
                out.append(token)
            else:
                inner = self._expanded(tokens(definition), sheet, depth + 1)
                out += [Token("open", "("), *inner, Token("close", ")")]
            if len(out) > _MAX_TOKENS:
                break
        return out

    def _replaced(self, parts: list[Token], sheet: str, place: Place) -> str:
        out: list[str] = []
        index = 0
        while index < len(parts):
            token = parts[index]
            opening = next((at for at in range(index + 1, len(parts)) if parts[at].kind != "space"), None)
            function = bare_function(token.text) if token.kind == "word" else ""
            if function not in self.functions or opening is None or parts[opening].kind != "open":
                out.append(token.text)
                index += 1
                continue
            arguments, index = _arguments(parts, opening)
            given = [self._argument(argument, sheet, place) for argument in arguments]
            placeholder = f"{PLACEHOLDER}{len(self.calls) + 1}"
            self.calls.append(CustomCall(function, placeholder, given, sheet, place))
            out.append(placeholder)
        return "".join(out)

    def _argument(self, parts: list[Token], sheet: str, place: Place) -> str | tuple[str, Area] | None:
        text = self._replaced(parts, sheet, place).strip()
        if not text:
            return None
        solid = [token for token in parts if token.kind != "space"]
        kinds = "".join("w" if token.kind == "word" else token.text[:1] for token in solid)
        if kinds in ("w", "w:w", "w["):
            found = self.reader.references(text, sheet, *place)
            if len(found.areas) == 1 and not found.dynamic and self._is_reference(text, sheet):
                on, area = found.areas[0]
                used = self.used(on)
                if used is not None and (area.rows > used.bottom or area.columns > used.right):
                    area = Area(area.top, area.left, min(area.bottom, max(used.bottom, area.top)),
                                min(area.right, max(used.right, area.left)))  # fmt: skip
                return on, area
        return text

    def _is_reference(self, text: str, sheet: str) -> bool:
        """Is it cells, not a name for a formula that reads some?"""
        for _ in range(_MAX_NESTED):
            definition = self._definition(text, sheet)
            if definition is None:
                return all(token.kind in ("word", "bracket") or token.text == ":" for token in tokens(text))
            text = definition
        return False


def _arguments(parts: list[Token], opening: int) -> tuple[list[list[Token]], int]:
    """The arguments between the parenthesis at `opening` and the one that closes it, and what comes after that."""
    arguments: list[list[Token]] = [[]]
    depth = 0
    for index in range(opening, len(parts)):
        token = parts[index]
        depth += (token.kind == "open" or token.text == "{") - (token.kind == "close" or token.text == "}")
        if depth == 0:
            if len(arguments) == 1 and not any(part.kind != "space" for part in arguments[0]):
                arguments = []
            return arguments, index + 1
        if token.kind == "comma" and depth == 1:
            arguments.append([])
        elif index > opening:
            arguments[-1].append(token)
    return arguments, len(parts)
