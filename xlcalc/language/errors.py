"""The one error type that a cell, a script or the command line meets."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from xlcalc import limits
from xlcalc.language.harmless import printable

EXCEL_ERRORS = frozenset(("#VALUE!", "#NUM!", "#N/A", "#REF!", "#DIV/0!", "#NAME?", "#NULL!", "#SPILL!", "#CALC!"))


class CalcError(ValueError):
    """A bad argument: an Excel error code and a sentence that says what to change.

    `code` is `#VALUE!` (wrong kind), `#NUM!` (out of domain), `#N/A` (not in the catalog), or the code of an
    error cell that was passed in. `function` and `argument` name where it happened; `reason` is the sentence alone.
    A reason that takes long to find may be given as a function of nothing, which is asked when somebody reads it.

    >>> str(CalcError("#NUM!", "must be 0 or more; got -1", function="LLM_KV_CACHE", argument="context"))
    'LLM_KV_CACHE: context must be 0 or more; got -1'
    """

    def __init__(self, code: str, reason: str | Callable[[], str], *, function: str = "", argument: str = "") -> None:
        super().__init__()
        self.code, self.function, self.argument = code, function, argument
        self._told = reason

    def placed(self, function: str, argument: str) -> CalcError:
        """The same error, of another place."""
        return CalcError(self.code, self._told, function=function, argument=argument)

    @cached_property
    def reason(self) -> str:
        return self._told if isinstance(self._told, str) else self._told()

    def __str__(self) -> str:
        where = f"{self.function}: " if self.function else ""
        text = printable(f"{where}{self.argument} {self.reason}" if self.argument else f"{where}{self.reason}")
        return text if len(text) <= limits.MESSAGE else f"{text[: limits.MESSAGE - 3]}..."

    def __repr__(self) -> str:
        return f"CalcError({str(self)!r})"

    def __reduce__(self) -> tuple[Callable[..., CalcError], tuple[str, ...]]:
        return _error, (self.code, self.reason, self.function, self.argument)


def _error(code: str, reason: str, function: str, argument: str) -> CalcError:
    return CalcError(code, reason, function=function, argument=argument)
