"""The one error type that a cell, a script or the command line meets."""

from __future__ import annotations

from xlcalc.language.harmless import printable

EXCEL_ERRORS = frozenset(("#VALUE!", "#NUM!", "#N/A", "#REF!", "#DIV/0!", "#NAME?", "#NULL!", "#SPILL!", "#CALC!"))

_LONGEST = 500  # characters of a message


class CalcError(ValueError):
    """A bad argument: an Excel error code and a sentence that says what to change.

    `code` is `#VALUE!` (wrong kind), `#NUM!` (out of domain), `#N/A` (not in the catalog), or the code of an
    error cell that was passed in. `function` and `argument` name where it happened; `reason` is the sentence alone.

    >>> str(CalcError("#NUM!", "must be 0 or more; got -1", function="LLM_KV_CACHE", argument="context"))
    'LLM_KV_CACHE: context must be 0 or more; got -1'
    """

    def __init__(self, code: str, reason: str, *, function: str = "", argument: str = "") -> None:
        self.code, self.reason, self.function, self.argument = code, reason, function, argument
        where = f"{function}: " if function else ""
        text = printable(f"{where}{argument} {reason}" if argument else f"{where}{reason}")
        super().__init__(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}...")
