"""`xlcalc report --scenarios FILE`: a workbook with the inputs of each scenario of a file, one after the other.

A CSV file has a line a scenario: the column `name` names it, the others are inputs. A YAML file has the inputs under
the name of each scenario. What is blank stays as the workbook has it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from xlcalc import limits
from xlcalc.catalog.table_file import TableError, lines
from xlcalc.files import read_file

from .bill import Bill
from .listed import Listed
from .report import dated, escaped, find, is_template, quantity, row_of_markdown, unit_in
from .settings import SettingError
from .warm import OpenWorkbook

_NAME = "name"
_NAMED = 3
"""Scenarios that a warning names."""
ENDINGS = (".csv", ".yaml", ".yml")

Shown = float | str | bool | None
Each = Callable[[Sequence["Scenario"]], Iterable["Scenario"]]
"""Gives the scenarios one by one, and may show how far it is."""


class Scenario(NamedTuple):
    name: str
    settings: dict[str, str]
    where: str
    """Its file, and of CSV its line."""


class Outcome(NamedTuple):
    """What a workbook says of a scenario: inputs and results by name, what fails and what it warns of, in sentences,
    and its lines of cost."""

    scenario: Scenario
    inputs: dict[str, Shown]
    results: dict[str, Shown]
    failures: list[str]
    warnings: list[str]
    bill: Bill | None


@dataclass(frozen=True)
class Comparison:
    """The scenarios of a workbook."""

    source: str
    title: str
    listed: list[Listed]
    outcomes: list[Outcome]
    left_out: list[str]
    """What the user's own catalog has and a template has no room for, in sentences."""

    @property
    def failures(self) -> list[str]:
        return [f"{one.scenario.name}: {said}" for one in self.outcomes for said in one.failures]

    @property
    def warned(self) -> list[tuple[str, str]]:
        """Each warning once, after the scenarios that have it."""
        found: dict[str, list[str]] = {}
        for one in self.outcomes:
            for said in one.warnings:
                found.setdefault(said, []).append(one.scenario.name)
        every = len(self.outcomes)
        return [("all scenarios" if len(names) == every > 1 else _few(names), said) for said, names in found.items()]

    @property
    def warnings(self) -> list[str]:
        return [f"{names}: {said}" for names, said in self.warned]

    def results(self) -> list[Listed]:
        """The results, without what the workbook says of its checks: `failures` say more."""
        return [one for one in self.listed if one.kind == "result" and not one.name.startswith("checks_")]

    def changed(self) -> list[Listed]:
        """The inputs that are not the same in all scenarios, or that one of them sets."""
        set_by_one = {name.casefold() for one in self.outcomes for name in one.scenario.settings}
        return [
            one
            for one in self.listed
            if one.kind == "input"
            and (one.name.casefold() in set_by_one or len({str(o.inputs[one.name]) for o in self.outcomes}) > 1)
        ]


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def read(path: Path) -> list[Scenario]:
    """The scenarios of a file. Raises SettingError for a file that holds none."""
    kind = path.suffix.casefold()
    if kind not in ENDINGS:
        raise SettingError(f"scenarios are read from a file that ends in {', '.join(ENDINGS)}; got {path.name}")
    try:
        rows = _of_csv(path) if kind == ".csv" else _of_yaml(path)
    except OSError as error:
        raise SettingError(f"{path.name} cannot be read: {error.strerror}") from None
    if not 0 < len(rows) <= limits.COMPARED:
        raise SettingError(
            f"{path.name} has {len(rows)} scenarios; 1 to {limits.COMPARED} are compared in a workbook, xlcalc sweep"
            " takes more"
        )
    found: list[Scenario] = []
    for number, (line, row) in enumerate(rows, 1):
        name = row.pop(_NAME, "") or str(number)
        if any(one.name.casefold() == name.casefold() for one in found):
            raise SettingError(f"{path.name}{line} is the second scenario named {name}")
        found.append(Scenario(name, {key: value for key, value in row.items() if value}, f"{path.name}{line}"))
    return found


def _of_csv(path: Path) -> list[tuple[str, dict[str, str]]]:
    try:
        return [(f", line {line}", row) for line, row in lines(read_file(path), path.name)]
    except TableError as error:
        raise SettingError(str(error)) from None


class _AsWritten(yaml.BaseLoader):  # type: ignore[misc]  # PyYAML has no types
    """Gives all values as texts; a key that stands twice would hide the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if str(key.value) in seen:
                raise SettingError(f"line {key.start_mark.line + 1}: {key.value} stands there twice")
            seen.add(str(key.value))
        return dict(super().construct_mapping(node, deep))


def _of_yaml(path: Path) -> list[tuple[str, dict[str, str]]]:
    try:
        # as they are written: 15e12, 2027-01-31, yes
        found = yaml.load(str(read_file(path), "utf-8-sig"), Loader=_AsWritten)
    except SettingError as error:
        raise SettingError(f"{path.name}, {error}") from None
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError) as error:
        raise SettingError(f"{path.name} is no YAML: {' '.join(str(error).split())[:200]}") from None
    rows = []
    for name, settings in found.items() if isinstance(found, dict) else ():
        if isinstance(settings, dict) and all(isinstance(text, str) for text in (name, *settings, *settings.values())):
            rows.append(("", {**settings, _NAME: name}))
        elif settings == "":
            rows.append(("", {_NAME: str(name)}))
        else:
            raise SettingError(
                f"{path.name}: under {str(name)[:60]} stand lines INPUT: VALUE; got {str(settings)[:60]}"
            )
    return rows


def calculate(
    source: str,
    scenarios: Sequence[Scenario],
    common: Mapping[str, str],
    each: Each,
    trust: str = "file",
    day: date | None = None,
) -> Comparison:
    """Every scenario with the settings that all have in common. Raises SettingError, with the scenario's place, for the
    first setting that the workbook does not take, before any is calculated."""
    now = None
    if day is not None:
        common, now = dated(find(source), common, day)
    with OpenWorkbook(source, trust, now) as book:
        for one in scenarios:
            try:
                book.check(_settings(one, common))
            except SettingError as error:
                raise SettingError(f"{one.where}, {one.name}: {error}") from None
        outcomes = []
        for one in each(scenarios):
            book.set_only(_settings(one, common))
            outcomes.append(
                Outcome(
                    one,
                    book.inputs(),
                    book.results(),
                    book.failures(),
                    [*book.unused(), *book.warnings()],
                    book.bill(),
                )
            )
        label = source if is_template(source) else Path(source).name
        title = book.rows("Cover").get(1, {}).get(1)
        currencies = {str(one.inputs.get("currency")) for one in outcomes}
        same = outcomes[0].inputs if len(currencies) == 1 else {}
        listed = [one._replace(unit=unit_in(one.unit, same)) for one in book.listed]
        return Comparison(label, str(title or label), listed, outcomes, book.left_out)


def _settings(scenario: Scenario, common: Mapping[str, str]) -> dict[str, str]:
    """What a scenario sets, and what all have in common and it does not set itself."""
    own = set(map(str.casefold, scenario.settings))
    return {**{name: value for name, value in common.items() if name.casefold() not in own}, **scenario.settings}


def as_json(compared: Comparison) -> bytes:
    units = {one.name: one.unit for one in compared.listed}
    content: list[dict[str, Any]] = []
    for one in compared.outcomes:
        results = {name: quantity(value, units[name]) for name, value in one.results.items()}
        content.append({
            "scenario": one.scenario.name, "settings": one.scenario.settings, "failures": one.failures,
            "warnings": one.warnings,
            "results": {name: said["value"] for name, said in results.items()},
            "reasons": {name: said["reason"] for name, said in results.items() if "reason" in said},
            "inputs": one.inputs, "cost": one.bill.as_json() if one.bill else None,
        })  # fmt: skip
    return (json.dumps({"source": compared.source, "scenarios": content}, indent=1) + "\n").encode()


def as_markdown(compared: Comparison) -> bytes:
    names = [one.scenario.name for one in compared.outcomes]
    said = [f"# {escaped(compared.source)}", ""]
    for title, texts in (("Failed checks", compared.failures), ("Warnings", compared.warnings)):
        if texts:
            said += [f"## {title}", "", *(f"- {escaped(text)}" for text in texts), ""]
    for title, listed, place in (
        ("Results", compared.results(), "results"),
        ("Inputs that differ", compared.changed(), "inputs"),
    ):
        said += [f"## {title}", "", row_of_markdown(["Name", *names, "Unit", "Meaning"])]
        said.append("|---" + "|---:" * len(names) + "|---|---|")
        for one in listed:
            values = [getattr(outcome, place)[one.name] for outcome in compared.outcomes]
            said.append(row_of_markdown([one.name, *values, one.unit, one.meaning]))
        said.append("")
    bills = [one.bill for one in compared.outcomes if one.bill]
    if len(bills) == len(names):
        said += [
            f"## {escaped(bills[0].title)}",
            "",
            row_of_markdown(["Line", *names]),
            "|---" + "|---:" * len(names) + "|",
        ]
        for alike in zip(*(bill.plain() for bill in bills), strict=True):
            said.append(row_of_markdown([alike[0][0], *(values[0] for _, values in alike)]))
    return ("\n".join(said).rstrip() + "\n").encode()


def _as_xlsx(compared: Comparison) -> bytes:
    from .comparison_book import as_xlsx

    return as_xlsx(compared)


FORMATS: dict[str, Callable[[Comparison], bytes]] = {"xlsx": _as_xlsx, "md": as_markdown, "json": as_json}
