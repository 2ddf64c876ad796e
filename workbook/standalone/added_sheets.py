"""The sheets that make a workbook standalone: columns of the catalogs, words, searches; the names of their areas."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ..files.addresses import column_letters
from ..files.package import Package
from ..files.xml_text import escape_string
from . import formats, plans
from . import own as own_of_user
from .names import ARGUMENTS
from .searches import Answer
from .stored import Stored, read
from .stored import value as as_json

Own = dict[tuple[str, str], list[Any]]
"""Rows of the user's own by catalog and id."""
SPARE = 250
"""Rows below a catalog's, for the user's own."""
_HEAD, _FIRST = 5, 6
SHEETS = {
    "models": ("Model columns", "What the formulas read of each model, counted from its configuration: a row a model."),
    "accelerators": ("Machine columns", "What the formulas read of each accelerator, in base units."),
    "prices": ("Price columns", "USD per hour of each listed instance."),
    "api_prices": ("API columns", "USD per token of each listed API."),
    "grid": ("Grid columns", "kg CO2e per kWh of each grid."),
    formats.MODELS: ("Model formats", "What serving reads of a model in a format of its weights; first the published."),
    formats.MACHINES: ("Machine formats", "What serving reads of an accelerator that computes in a format."),
}
_WORDS, _SEARCHES = "Words", "Searches"
PURPOSES = {
    **dict(SHEETS.values()),
    _WORDS: "Numbers that follow from the words of a call, and units.",
    _SEARCHES: "Calls that were searched for this file, with their answers; to the right, the tables that they gave.",
    plans.TITLE: plans.PURPOSE,
}
TITLES = tuple(PURPOSES)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def with_own_rows(package: Package) -> dict[str, bytes]:
    """The sheets of models and accelerators with the rows of the user's catalog, by their parts."""
    kit, changed = read(), {}
    for catalog in own_of_user.CATALOGS:
        title, held = SHEETS[catalog][0], kit.columns[catalog]
        part, first = package.sheets[title], _FIRST + len(held["ids"])
        known = {one: row for (of, one), row in own_rows(package).items() if of == catalog}
        known |= {row[0]: row for row in own_of_user.rows(kit, catalog)}
        xml = _up_to(package.read(part), first)
        rows = "".join(
            f'<row r="{i}">{"".join(_cells(i, row, ""))}</row>' for i, row in enumerate(known.values(), first)
        )
        changed[part] = xml.replace(b"</sheetData>", f"{rows}</sheetData>".encode(), 1)
    return changed


def _up_to(xml: bytes, first: int) -> bytes:
    """A sheet of ours without the rows from `first` on."""
    row = re.compile(rb'<row r="(\d+)"[^>]*>.*?</row>', re.DOTALL)
    return row.sub(lambda found: found[0] if int(found[1]) < first else b"", xml)


def own_rows(package: Package) -> Own:
    """The rows of a standalone workbook that no catalog of ours has."""
    kit, found = read(), {}
    for catalog, (title, _) in SHEETS.items():
        held = kit.columns[catalog]
        width = 1 + len(held["titles"][0]) + len(held["headings"])
        first = _FIRST + len(held["ids"])
        for row in range(first, first + SPARE):
            if package.value(title, f"A{row}") is not None:
                values = [package.value(title, f"{column_letters(column)}{row}") for column in range(1, width + 1)]
                found[catalog, str(values[0])] = [as_json(one) for one in values]
    return found


def sheets(
    package: Package, kit: Stored, answers: Sequence[Answer], own: Own
) -> tuple[dict[str, bytes], dict[str, str]]:
    """The sheets that are added, and the names."""
    looks = _looks(package)
    made: dict[str, bytes] = {}
    names = dict(kit.names)
    for catalog, (title, purpose) in SHEETS.items():
        held = kit.columns[catalog]
        other = len(held["titles"][0])
        head = ["id", *["name", "other name"][:other], *held["headings"]]
        rows = [
            [one, *titles, *row] for one, titles, row in zip(held["ids"], held["titles"], held["rows"], strict=True)
        ]
        count = len(rows)
        known = {catalog_id: row for (of, catalog_id), row in own.items() if of == catalog}
        for row in own_of_user.rows(kit, catalog) if catalog in own_of_user.CATALOGS else []:
            known.setdefault(row[0], row)
        rows += list(known.values())[:SPARE]
        made[title] = _sheet(title, purpose, [head], rows, looks)
        last = _FIRST + count - 1 + SPARE
        names[f"xlcalc_{catalog}"] = _area(title, 2 + other, 1 + other + len(held["headings"]), last)
        for column, end in enumerate(["ids", "titles", "others"][: 1 + other], 1):
            names[f"xlcalc_{catalog}_{end}"] = _area(title, column, column, last)
        names.setdefault(f"xlcalc_{catalog}_names", names[f"xlcalc_{catalog}_ids"])
    width = max(map(len, kit.words))
    made[_WORDS] = _sheet(_WORDS, PURPOSES[_WORDS], [["call"]], kit.words, looks)
    names["xlcalc_keys"] = _area(_WORDS, 1, 1, _FIRST + len(kit.words) - 1)
    names["xlcalc_words"] = _area(_WORDS, 2, width, _FIRST + len(kit.words) - 1)
    calls, found = _answers(answers)
    head = [
        "function",
        *(f"argument {i}" for i in range(1, ARGUMENTS + 1)),
        "first row",
        "rows",
        "columns",
        "",
        "answers",
    ]
    lines = max(len(calls), len(found), 1)
    blank = [None] * (ARGUMENTS + 4)
    rows = [
        [*(calls[i] if i < len(calls) else blank), None, *(found[i] if i < len(found) else [])] for i in range(lines)
    ]
    made[_SEARCHES] = _sheet(_SEARCHES, PURPOSES[_SEARCHES], [head], rows, looks)
    last = _FIRST + max(len(calls), 1) - 1
    names["xlcalc_called"] = _area(_SEARCHES, 1, 1, last)
    for i in range(1, ARGUMENTS + 1):
        names[f"xlcalc_argument_{i}"] = _area(_SEARCHES, 1 + i, 1 + i, last)
    names["xlcalc_answer"] = _area(_SEARCHES, ARGUMENTS + 2, ARGUMENTS + 4, last)
    widest = max([len(row) for row in found], default=1)
    names["xlcalc_answers"] = _area(_SEARCHES, ARGUMENTS + 6, ARGUMENTS + 5 + widest, _FIRST + lines - 1)
    asked = plans.rows(package, answers, _FIRST)
    made[plans.TITLE] = _sheet(plans.TITLE, plans.PURPOSE, [plans.head()], asked, looks)
    last = _FIRST + max(len(asked), 1) - 1
    names["xlcalc_plan_keys"] = _area(plans.TITLE, 1, 1, last)
    names["xlcalc_plans"] = _area(plans.TITLE, plans.ARGUMENTS + 2, plans.ARGUMENTS + 1 + plans.WIDTH, last)
    return made, names


def _answers(answers: Sequence[Answer]) -> tuple[list[list[Any]], list[list[Any]]]:
    """A line for each call, and the rows of all answers."""
    calls: list[list[Any]] = []
    found: list[list[Any]] = []
    for name, arguments, rows in answers:
        arguments = [*arguments, *"·" * (ARGUMENTS - len(arguments))]
        calls.append([name, *arguments, len(found) + 1, len(rows), max(map(len, rows))])
        found += rows
    return calls, found


def _area(sheet: str, left: int, right: int, last: int) -> str:
    return f"'{sheet}'!${column_letters(left)}${_FIRST}:${column_letters(right)}${last}"


def _looks(package: Package) -> dict[str, str]:
    """The style numbers of a title, a purpose and a heading, as another sheet has them."""
    part = package.sheets.get("Models")
    xml = package.read(part) if part else b""
    found = {}
    for look, cell in (("title", "A1"), ("purpose", "A2"), ("heading", "A5")):
        match = re.search(rb'<c r="%b" s="(\d+)"' % cell.encode(), xml)
        found[look] = f' s="{match[1].decode()}"' if match else ""
    return found


def _sheet(title: str, purpose: str, heads: list[list[str]], rows: list[list[Any]], looks: dict[str, str]) -> bytes:
    """A sheet of values."""
    parts = [
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{_MAIN}"><sheetPr>'
        '<tabColor rgb="FF8E7CC3"/></sheetPr><sheetViews><sheetView workbookViewId="0" zoomScale="90">'
        f'<pane xSplit="1" ySplit="{_HEAD}" topLeftCell="B{_FIRST}" activePane="bottomRight" state="frozen"/>'
        '</sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/>'
        '<cols><col min="1" max="1" width="38" customWidth="1"/>'
        '<col min="2" max="200" width="18" customWidth="1"/></cols>'
        "<sheetData>",
        f'<row r="1">{_cell("A1", title, looks["title"])}</row>'
        f'<row r="2">{_cell("A2", purpose, looks["purpose"])}</row>',
    ]
    for number_, row in enumerate([*heads, *rows], _HEAD):
        style = looks["heading"] if number_ == _HEAD else ""
        parts.append(f'<row r="{number_}">{"".join(_cells(number_, row, style))}</row>')
    parts.append(
        '</sheetData><sheetProtection sheet="1" formatCells="0" formatColumns="0" formatRows="0"/>'
        '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.6" header="0.5" footer="0.5"/>'
        '<pageSetup orientation="landscape" paperSize="9"/></worksheet>'
    )
    return "".join(parts).encode()


def _cells(row: int, values: list[Any], style: str) -> Iterator[str]:
    for column, value in enumerate(values, 1):
        if value is not None:
            yield _cell(f"{column_letters(column)}{row}", value, style)


def _cell(place: str, value: Any, style: str = "") -> str:
    if isinstance(value, plans.Formula):
        return value.xml(place)
    if isinstance(value, list):
        return f'<c r="{place}"{style} t="e"><v>{value[0]}</v></c>'
    if isinstance(value, bool):
        return f'<c r="{place}"{style} t="b"><v>{int(value)}</v></c>'
    if isinstance(value, (int, float)):
        return f'<c r="{place}"{style}><v>{value!r}</v></c>'
    return f'<c r="{place}"{style} t="inlineStr"><is><t xml:space="preserve">{escape_string(str(value))}</t></is></c>'
