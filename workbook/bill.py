"""The lines of cost of a workbook, as its Dashboard shows them, its own lines by their names."""

from __future__ import annotations

from typing import Any, NamedTuple

from xlcalc.language.errors import CalcError

from .checks import Values
from .files.cells_xml import CellValue
from .listed import range_named

_SHEET = "Dashboard"
_OWN = "Own lines"

Line = tuple[str, list[CellValue]]


class Bill(NamedTuple):
    """The lines of cost that the Dashboard shows: heading, heads of the columns, label and values of each line."""

    title: str
    heads: list[str]
    lines: list[Line]

    def as_json(self) -> dict[str, Any]:
        lines = [{"name": label, "values": values} for label, values in self.plain()]
        return {"title": self.title, "columns": self.heads, "lines": lines}

    def plain(self) -> list[tuple[str, list[float | str | bool | None]]]:
        """The lines with errors as their code."""
        return [
            (label, [value.code if isinstance(value, CalcError) else value for value in values])
            for label, values in self.lines
        ]


def bill_of(source: Values) -> Bill | None:
    """The lines of cost on a Dashboard, where it has them: the block under "Cost in USD", to its Total."""
    rows = source.rows(_SHEET) if _SHEET in source.sheets else {}
    for row in sorted(rows):
        for column, value in rows[row].items():
            if isinstance(value, str) and value.startswith("Cost in USD"):
                heads = {c: str(v) for c, v in rows.get(row + 1, {}).items() if c > column and v not in (None, "Share")}
                lines: list[Line] = []
                for line in range(row + 2, max(rows) + 1):
                    cells = rows.get(line, {})
                    if column not in cells:
                        break
                    label, values = str(cells[column]), [cells.get(c) for c in heads]
                    lines += (label == _OWN and _own_lines(source, len(heads))) or [(label, values)]
                    if label == "Total":
                        return Bill(value, list(heads.values()), lines)
    return None


def _own_lines(source: Values, columns: int) -> list[Line]:
    """The own lines that have a name or an amount; their values stand on Calculation in the order of the Dashboard's
    columns."""
    typed, totals = (range_named(source.names, name) for name in ("own_names", "own_totals"))
    if typed is None or totals is None:
        return []
    inputs, steps = source.rows(typed[0]), source.rows(totals[0])
    names, values = typed[1], totals[1]
    found: list[Line] = []
    for number in range(min(names.rows, values.rows)):
        name, amount = (inputs.get(names.top + number, {}).get(names.left + place) for place in (0, 1))
        if name is not None or amount is not None:
            step = steps.get(values.top + number, {})
            found.append((str(name or f"own line {number + 1}"), [step.get(values.left + n) for n in range(columns)]))
    return found
