"""Cell functions that calibrate estimates by measurements on a sheet, for a sheet to multiply with."""

from __future__ import annotations

import csv
import re
from typing import Annotated, Any

from xlcalc.accuracy.calibration import estimated, factors_of, is_of, trusted
from xlcalc.accuracy.measurements import FUNCTIONS, Measurement, measurement
from xlcalc.language.cells import Kind, Refusal, clean, is_blank, shown
from xlcalc.language.declare import Declaration, Table, cell_function, find
from xlcalc.language.errors import CalcError
from xlcalc.language.kinds import Accelerator, Name, Positive, Rows

CALIBRATION_COLUMNS = (
    "case", "accelerator", "measured", "estimated", "measured / estimated", "factor", "calibrated", "error left",
    "source",
)  # fmt: skip
_PLACE = "the range of measurements"


class _MeasurementsKind(Kind):
    """Measurements as a range, or as text with commas between columns and semicolons or line ends between rows."""

    about = "a range, or text such as 'model,measured; gpt2,7', whose first row names the columns"

    def takes_range(self, rows: list[list[Any]]) -> bool:
        return not any(isinstance(cell, str) and "," in cell for cell in rows[0])  # else texts, each of its own

    def read(self, value: Any) -> list[tuple[str, dict[str, Any]]]:
        if isinstance(value, str):
            value = [[clean(cell) for cell in line] for line in csv.reader(re.split(r"[;\n]", value)) if line]
        if not (isinstance(value, list) and value):
            raise Refusal("#VALUE!", f"must be {self.about}; got {shown(value)}")
        head = [clean(str(cell or "")).casefold().replace(" ", "_") for cell in value[0]]
        named = [name for name in head if name]
        if "measured" not in named or len(set(named)) < len(named):
            got = ", ".join(named) or "blank cells"
            raise Refusal("#VALUE!", f"must be {self.about}, each once, measured among them; got {got}")
        lines = [{n: cell for n, cell in zip(head, row, strict=False) if n and not is_blank(cell)} for row in value[1:]]
        return [(f"row {i}", line) for i, line in enumerate(lines, 2) if "measured" in line]


_Measurements = Annotated[list[tuple[str, dict[str, Any]]], _MeasurementsKind()]


def _function(name: str) -> Declaration:
    found = find(name)
    if found is None or found.name not in FUNCTIONS:
        raise CalcError("#N/A", f"must be one of {', '.join(FUNCTIONS)}; got {shown(name)}", argument="name")
    return found


def _cases(name: str, lines: list[tuple[str, dict[str, Any]]]) -> list[tuple[Measurement, str, float]]:
    """The measurements of a function with their accelerators and estimates."""
    function = _function(name).name
    read = [measurement({"function": function} | line, _PLACE, row) for row, line in lines]
    return [(one, *estimated(one, _PLACE)) for one in read if is_of(one, function)]


@cell_function(category="Audit", source="the measurements in the range; geometric mean of measured over estimated")
def LLM_CALIBRATION(name: Name, measurements: _Measurements) -> Rows:
    """Your own measurements of an estimate beside it: measured, estimated, the factor of the accelerator, what is left.

    The first row names the columns: `measured` in the function's own unit, arguments of the function by
    their names, and, if you like, `case`, `source`, `as_of`, `unit` and `function` (lines of other functions are left
    out). Rows without a measured value are left out. LLM_CALIBRATION_FACTOR gives the factor to multiply with.

    Args:
        name: the estimate: LLM_STEP_TIME, LLM_TTFT, LLM_TPOT or LLM_THROUGHPUT
        measurements: the range
    Example:
        >>> LLM_CALIBRATION("LLM_TPOT",
        ...     "model,accelerator,count,context,measured,unit; llama-3.1-8b,h100-sxm,1,1024,7,ms")[1][:3]
        ['row 2', 'h100-sxm', 7.0]
    """
    found = _cases(name, measurements)
    factors = factors_of(found)
    table = Table([list(CALIBRATION_COLUMNS)])
    for one, accelerator, estimate in found:
        factor = trusted(factors[accelerator], _PLACE)
        ratio = one.measured / estimate
        table.append([
            one.case, accelerator, one.measured, estimate, ratio, factor, estimate * factor, factor / ratio - 1,
            one.source,
        ])  # fmt: skip
    return table


@cell_function(category="Audit", source="the measurements in the range; geometric mean of measured over estimated")
def LLM_CALIBRATION_FACTOR(name: Name, measurements: _Measurements, accelerator: Accelerator) -> Positive:
    """What to multiply an estimate by on an accelerator: your measurements of it there over what is estimated for them.

    1 where the range has no measurement on that accelerator. A factor outside 0.5 to 2 is an error, since something
    else than efficiency differs then. LLM_CALIBRATION shows the cases and says how the range is laid out.

    Args:
        name: the estimate: LLM_STEP_TIME, LLM_TTFT, LLM_TPOT or LLM_THROUGHPUT
        measurements: the range
    Example:
        >>> LLM_CALIBRATION_FACTOR("LLM_TPOT",
        ...     "model,accelerator,count,context,measured,unit; llama-3.1-8b,h100-sxm,1,1024,7,ms", "h200-sxm")
        1
    """
    factor = factors_of(_cases(name, measurements)).get(accelerator.id)
    return trusted(factor, _PLACE) if factor else 1
