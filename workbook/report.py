"""Reports: a template or a workbook with inputs set by name, recalculated, as a workbook, as Markdown or as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from xlcalc.language.errors import CalcError

from .files.cells_xml import CellValue
from .files.errors import WorkbookError
from .files.package import Package
from .files.recalc import Recalculation, recalculate
from .templates.build import cell_functions, listed_names

Progress = Callable[[str, int], None]
"""Told what is being done, and how many calls of cell functions were made."""

_EPOCH = date(1899, 12, 30)
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?(%?)")


class NamedCell(NamedTuple):
    """An input or a key result of a workbook, with what its cell holds; dates as text, errors as their code."""

    name: str
    kind: str
    unit: str
    about: str
    value: float | str | bool | None


@dataclass(frozen=True)
class Report:
    """A workbook with its inputs set and everything recalculated."""

    source: str
    recalculation: Recalculation
    names: list[NamedCell]

    @property
    def inputs(self) -> list[NamedCell]:
        return [name for name in self.names if name.kind == "input"]

    @property
    def results(self) -> list[NamedCell]:
        return [name for name in self.names if name.kind == "result"]


def templates() -> dict[str, str]:
    """The templates and what each is, from the Cover of each."""
    found = {path.name.removesuffix(".xlsx"): path for path in _folder().iterdir() if path.name.endswith(".xlsx")}
    return {name: str(Package.open(path.read_bytes()).value("Cover", "A2")) for name, path in sorted(found.items())}


def find(source: str) -> Package:
    """A template by its name, or a workbook's file."""
    template = _folder() / f"{source}.xlsx"
    if template.is_file():
        return Package(template.read_bytes(), source)
    if Path(source).suffix or Path(source).exists():
        return Package.open(source)
    known = [path.name.removesuffix(".xlsx") for path in _folder().iterdir() if path.name.endswith(".xlsx")]
    near = get_close_matches(source, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise WorkbookError(f"there is no template {source} ({', '.join(sorted(known))}) and no such file.{hint}")


def named_cells(package: Package) -> list[NamedCell]:
    """The inputs and key results that a workbook's Cover lists."""
    return [
        NamedCell(one.name, one.kind, one.unit, one.meaning, _shown(package.value(*package.locate(one.name)), one.unit))
        for one in listed_names(package)
    ]


def make(source: str, settings: Mapping[str, str], progress: Progress | None = None) -> Report:
    """Set inputs by name and recalculate. Raises WorkbookError for a name or a file that is not there."""
    package = find(source)
    units = {one.name.casefold(): one.unit for one in listed_names(package)}
    for name, text in settings.items():
        package.set_cell(*package.locate(name), _typed(name, text, units.get(name.casefold(), "")))
    recalculation = recalculate(package, cell_functions(), progress=progress)
    return Report(package.label, recalculation, named_cells(package))


def recalculated(source: Path, out: Path, progress: Progress | None = None) -> Recalculation:
    """Recalculate a workbook's file and write it."""
    return recalculate(source, cell_functions(), out, progress=progress)


def problems(recalculation: Recalculation) -> list[str]:
    """Each cell with an error or without a result, in a sentence."""
    wrong = [f"{e.sheet}!{e.cell} is {e.code}: {e.message}" for e in recalculation.errors]
    kept = [f"{n.sheet}!{n.cell} keeps its old value: {n.reason}" for n in recalculation.not_calculated]
    return [*wrong, *kept]


def as_json(report: Report) -> bytes:
    """Inputs, results and errors as JSON."""
    content = {
        "source": report.source,
        "inputs": [name._asdict() for name in report.inputs],
        "results": [name._asdict() for name in report.results],
        "errors": problems(report.recalculation),
    }
    return (json.dumps(content, indent=1) + "\n").encode()


def as_markdown(report: Report) -> bytes:
    """Inputs and results as Markdown tables."""
    lines = [f"# {report.source}", ""]
    for title, names in (("Results", report.results), ("Inputs", report.inputs)):
        lines += [f"## {title}", "", "| Name | Value | Unit | Meaning |", "|---|---:|---|---|"]
        lines += [f"| {n.name} | {_text(n.value)} | {n.unit} | {n.about} |" for n in names]
        lines.append("")
    lines += [f"- {problem}" for problem in problems(report.recalculation)]
    return ("\n".join(lines).rstrip() + "\n").encode()


FORMATS: dict[str, Callable[[Report], bytes]] = {
    "xlsx": lambda report: report.recalculation.package.to_bytes(),
    "md": as_markdown,
    "json": as_json,
}


def _folder() -> Any:
    return files("xlcalc.templates")


def _typed(name: str, text: str, unit: str) -> bool | int | float | str | None:
    """What a setting puts into a cell: a number, a percentage, a date, TRUE or FALSE, text, or nothing."""
    text = text.strip()
    if unit == "date" and text:
        try:
            return (date.fromisoformat(text) - _EPOCH).days
        except ValueError:
            raise WorkbookError(f"{name} must be a date such as 2027-01-31; got {text!r}.") from None
    if text.upper() in ("TRUE", "FALSE"):
        return text.upper() == "TRUE"
    number = _NUMBER.fullmatch(text)
    if not number:
        return text or None
    value = float(text.rstrip("%"))
    value = value / 100 if number[4] else value
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _shown(value: CellValue, unit: str) -> float | str | bool | None:
    if isinstance(value, CalcError):
        return value.code
    if unit == "date" and isinstance(value, (int, float)):
        return (_EPOCH + timedelta(days=int(value))).isoformat()
    return value


def _text(value: float | str | bool | None) -> str:
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None else str(value).replace("|", "\\|")
