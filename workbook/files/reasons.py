"""Why a cell shows an error: what a function of ours said, or the cell that the error comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from xlcalc.language.errors import CalcError

from .addresses import cell_name
from .callbacks import CODES, Callbacks, is_error
from .exact_stage import ExactStage
from .fast_engine import FastEngine, Place
from .formula_text import bare_function, tokens
from .prepare import Sheet
from .results import SheetResults
from .values import MEANING

_MAX_SEARCHED = 10_000
"""Cells of a range that are searched for where an error comes from."""


class Explainer:
    """Explains the errors of one calculation."""

    def __init__(self, engine: FastEngine, stage: ExactStage) -> None:
        self._engine, self._stage = engine, stage

    def explained(self, sheet: Sheet, results: SheetResults, callbacks: Callbacks) -> Iterator[tuple[Place, CalcError]]:
        """The cells of a sheet that show an error, with its reason, in the order of the sheet. It calculates cells
        again, so all values must have been taken before."""
        found: dict[Place, CalcError] = {}
        for index in results.with_errors:
            place = sheet.places[index]
            area = results.areas.get(index)
            shown = {cell: results.filled.get(cell) for cell in area.places()} if area else {}
            shown[place] = results.values[index]
            wrong = {cell: value for cell, value in shown.items() if isinstance(value, CalcError)}
            found.update(self._reasons(sheet, place, wrong, callbacks))
        yield from sorted(found.items())

    def _reasons(
        self, sheet: Sheet, place: Place, wrong: dict[Place, Any], callbacks: Callbacks
    ) -> dict[Place, CalcError]:
        said: dict[str, list[CalcError]] = {}
        formula = self._engine.formula(sheet.name, *place)
        if any(bare_function(token.text) in callbacks.by_name for token in tokens(formula) if token.kind == "word"):
            callbacks.errors.clear()
            self._engine.set_formula(sheet.name, *place, formula)
            self._engine.evaluate_cell(sheet.name, *place)
            for error in callbacks.errors:
                said.setdefault(error.code, []).append(error)
        for error in self._stage.said.get((sheet.name, place), ()):
            said.setdefault(error.code, []).append(error)
        reasons = {}
        for cell, error in wrong.items():
            sentences = said.get(error.code)
            if sentences is None and error.code == "#REF!":  # INDEX of an error, which the engine takes for one cell
                sentences = [CalcError(error.code, str(one)) for alike in said.values() for one in alike]
            if sentences:
                reasons[cell] = sentences.pop(0) if len(sentences) > 1 else sentences[0]
            else:
                reasons[cell] = self._inherited(sheet.name, place, error.code)
        return reasons

    def _inherited(self, sheet: str, place: Place, code: str) -> CalcError:
        for other, area in self._engine.precedents(sheet, *place):
            places = list(area.places()) if area.rows * area.columns <= _MAX_SEARCHED else []
            for source, value in zip(places, self._engine.values(other, places), strict=True):
                if is_error(value) and CODES.get(value["kind"]) == code and (other, source) != (sheet, place):
                    return CalcError(code, f"{MEANING.get(code, 'an error')}, from {other}!{cell_name(*source)}")
        return CalcError(code, MEANING.get(code, "an error"))
