"""Reports: a template or a workbook with inputs set by name, recalculated, as a workbook, as Markdown or as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from xlcalc.language.cells import EXACT
from xlcalc.language.errors import CalcError
from xlcalc.language.harmless import printable

from . import own_catalog
from .bill import Bill, bill_of
from .checks import FailedCheck, failed, unused, warned
from .files.cells_xml import CellValue
from .files.endings import refuse_ending
from .files.errors import WorkbookError
from .files.package import Package
from .files.recalc import Recalculation, recalculate
from .files.values import MEANING
from .listed import cell_functions, listed_names
from .problems import each_cell, problems
from .settings import EPOCH, day_zero, set_inputs, unknown
from .templates import editions

_MARKS = re.compile(r"[\\`*_{}\[\]<>#|~&$]")
_LIST_MARK = re.compile(r"\A(\d*)([-+.)])(?=\s)")
_CURRENCY = "your currency"
_DAY = "report_date"
_NO_QUANTITY = ("", "date", "name", "text")
"""Units of what is no number."""
_DAYS = 2_958_466
"""Days that Excel has, to the end of 9999."""

Progress = Callable[[str, int], None]
"""Told what is being done, and how many calls of cell functions were made."""


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
    failed: list[FailedCheck]
    """The checks that must hold and do not."""
    left_out: list[str] = field(default_factory=list)
    """What the user's own catalog has and a template has no room for, in sentences."""
    unused: list[str] = field(default_factory=list)
    """The inputs that were set and that the scenario shown does not use, in sentences."""

    @property
    def warned(self) -> list[FailedCheck]:
        """The other checks that do not hold."""
        return warned(self.recalculation.package)

    @property
    def notes(self) -> list[str]:
        """What deserves to be known though nothing is wrong, in sentences."""
        return [*self.unused, *notes(self.recalculation), *self.left_out]

    @property
    def inputs(self) -> list[NamedCell]:
        return [name for name in self.names if name.kind == "input"]

    @property
    def results(self) -> list[NamedCell]:
        return [name for name in self.names if name.kind == "result"]

    @property
    def bill(self) -> Bill | None:
        """The lines of cost, as the Dashboard shows them."""
        return bill_of(self.recalculation.package)


def templates() -> dict[str, str]:
    """The templates and what each is, from the Cover of each."""
    found = {path.name.removesuffix(".xlsx"): path for path in _folder().iterdir() if path.name.endswith(".xlsx")}
    return {name: str(Package.open(path.read_bytes()).value("Cover", "A2")) for name, path in sorted(found.items())}


def find(source: str) -> Package:
    """A template by its name, or a workbook's file."""
    if is_template(source):
        return Package((_folder() / f"{source}.xlsx").read_bytes(), source)
    if Path(source).suffix or Path(source).exists():
        return Package.open(source)
    known = [path.name.removesuffix(".xlsx") for path in _folder().iterdir() if path.name.endswith(".xlsx")]
    near = get_close_matches(source, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise WorkbookError(f"there is no template {source} ({', '.join(sorted(known))}) and no such file.{hint}")


def opened(source: str) -> tuple[Package, list[str]]:
    """A template with the user's own accelerators and prices in it, and what of them is not, in sentences; or a
    workbook's file as it is."""
    package = find(source)
    return package, own_catalog.fill(package) if is_template(source) else []


def is_template(source: str) -> bool:
    return bool((_folder() / f"{source}.xlsx").is_file())


def named_cells(package: Package) -> list[NamedCell]:
    """The inputs and key results that a workbook's Cover lists."""
    listed, zero = listed_names(package), day_zero(package)
    values = {one.name: shown(package.value(*package.locate(one.name)), one.unit, zero) for one in listed}
    return [NamedCell(one.name, one.kind, unit_in(one.unit, values), one.meaning, values[one.name]) for one in listed]


def unit_in(unit: str, values: Mapping[str, object]) -> str:
    """A unit with the currency that the inputs name."""
    return unit.replace(_CURRENCY, str(values.get("currency") or _CURRENCY))


def dated(package: Package, settings: Mapping[str, str], day: date | None) -> tuple[dict[str, str], datetime | None]:
    """The settings with the report's day, and the moment that TODAY and NOW give: the beginning of that day."""
    if day is None:
        return dict(settings), None
    named = any(entry.name == _DAY for entry in package.names)
    return {**settings, **({_DAY: day.isoformat()} if named else {})}, datetime.combine(day, time()).astimezone()


def make(
    source: str,
    settings: Mapping[str, str],
    progress: Progress | None = None,
    trust: str = "file",
    out: str = "",
    day: date | None = None,
) -> Report:
    """Set inputs by name and recalculate. Raises WorkbookError for a name or a file that is not there, SettingError for
    a setting that the workbook does not take. The values in a template are of these engines: they are not compared.
    `out`: the workbook that will be written, whose ending must tell what is in it. `day`: the report's, not today."""
    whole, left_out = opened(source)
    if out:
        refuse_ending(whole, out)
    package = editions.calculable(whole)
    listed = listed_names(package)
    settings, now = dated(package, settings, day)
    set_inputs(package, settings, listed)
    recalculation = editions.recalculated(whole, package, progress, "engine" if is_template(source) else trust, now)
    inputs = [one.name for one in listed if one.kind == "input"]
    stopped, idle = failed(package, inputs), unused(package, settings)
    return Report(package.label, recalculation, named_cells(package), stopped, left_out, idle)


def calculated(package: Package) -> Package:
    """A template with the values of what it holds now."""
    return recalculate(package, cell_functions(), trust="engine").package


def recalculated(source: Path, out: Path, progress: Progress | None = None, trust: str = "file") -> Recalculation:
    """Recalculate a workbook's file and write it."""
    package = Package.open(source)
    if out != source:
        refuse_ending(package, str(out))
    recalculation = editions.recalculated(package, editions.calculable(package), progress, trust)
    recalculation.package.save(out)
    return recalculation


def notes(recalculation: Recalculation) -> list[str]:
    """What deserves to be known though nothing is wrong, in sentences."""
    said = [f"{n.sheet}!{n.cell} {n.message}" if n.cell else n.message for n in recalculation.notes]
    if recalculation.without_values:
        said.append("the file has no values of a spreadsheet program that the results could be compared with")
    return said


def failures(report: Report) -> list[str]:
    """Names that no catalog has, the checks that must hold and do not, then the cells with an error or without a
    result, in sentences."""
    wrong = {name for check in report.failed for name in check.inputs}
    nothing = [said for one in report.inputs if one.name in wrong and (said := unknown(one.name, one.value))]
    return [*nothing, *(check.sentence() for check in report.failed), *problems(report.recalculation)]


def as_json(report: Report) -> bytes:
    """Inputs, results, lines of cost and errors as JSON."""
    bill = report.bill
    content = {
        "source": report.source,
        "failed_checks": [check.as_json() for check in report.failed],
        "warned_checks": [check.as_json() for check in report.warned],
        "notes": report.notes,
        "inputs": [name._asdict() for name in report.inputs],
        "results": [name._asdict() | quantity(name.value, name.unit) for name in report.results],
        "cost": bill.as_json() if bill else None,
        "errors": each_cell(report.recalculation),
    }
    return (json.dumps(content, indent=1) + "\n").encode()


def quantity(value: float | str | bool | None, unit: str) -> dict[str, object]:
    """The value of a result for a program: null and the reason where a text stands in place of a number."""
    if isinstance(value, str) and (unit not in _NO_QUANTITY or value in MEANING):
        return {"value": None, "reason": value}
    return {"value": value}


def as_markdown(report: Report) -> bytes:
    """Lines of cost, results and inputs as Markdown tables."""
    lines = [f"# {escaped(report.source)}", ""]
    for title, said in (
        ("Failed checks", [*(check.sentence() for check in report.failed), *problems(report.recalculation)]),
        ("Warnings", [check.sentence() for check in report.warned]),
        ("Notes", report.notes),
    ):
        if said:
            lines += [f"## {title}", "", *(f"- {escaped(one)}" for one in said), ""]
    if bill := report.bill:
        lines += [f"## {escaped(bill.title)}", "", row_of_markdown(["Line", *bill.heads])]
        lines.append("|---" + "|---:" * len(bill.heads) + "|")
        lines += [row_of_markdown([label, *values]) for label, values in bill.plain()]
        lines.append("")
    for title, names in (("Results", report.results), ("Inputs", report.inputs)):
        lines += [f"## {title}", "", "| Name | Value | Unit | Meaning |", "|---|---:|---|---|"]
        lines += [row_of_markdown([n.name, n.value, n.unit, n.about]) for n in names]
        lines.append("")
    return ("\n".join(lines).rstrip() + "\n").encode()


def _as_html(report: Report) -> bytes:
    from .report_html import as_html

    return as_html(report)


def _as_pdf(report: Report) -> bytes:
    from .report_pdf import as_pdf

    return as_pdf(report)


FORMATS: dict[str, Callable[[Report], bytes]] = {
    "xlsx": lambda report: report.recalculation.package.to_bytes(),
    "pdf": _as_pdf,
    "html": _as_html,
    "md": as_markdown,
    "json": as_json,
}


def _folder() -> Any:
    return files("xlcalc.templates")


def shown(value: CellValue, unit: str, zero: date = EPOCH) -> float | str | bool | None:
    """What a cell holds, as a report shows it: a date as text (`zero` is the day that the workbook counts from), an
    error as its code."""
    if isinstance(value, CalcError):
        return value.code
    if unit == "date" and isinstance(value, (int, float)) and 0 <= value < _DAYS:
        return (zero + timedelta(days=int(value))).isoformat()
    return value


def row_of_markdown(cells: Iterable[float | str | bool | None]) -> str:
    return f"| {' | '.join(map(_text, cells))} |"


def _text(value: float | str | bool | None) -> str:
    if isinstance(value, (int, float)) and abs(value) > EXACT:
        return f"{value:.6g}"
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None else escaped(str(value))


def escaped(text: str) -> str:
    """A text that Markdown shows as it is."""
    return printable(_LIST_MARK.sub(r"\1\\\2", _MARKS.sub(r"\\\g<0>", " ".join(text.split()))))
