"""The part of a workbook that the exact engine is given: the formulas it is to calculate, and what they read.

A plain package is written anew, with nothing in it that the engine might stumble over: cells, hidden rows, filters,
tables, names, the date system and the setting for iteration.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from xlcalc.language.errors import CalcError

from .addresses import Area, cell_name
from .cells_xml import CellValue
from .package import Package
from .xml_text import escape, escape_string, number_text, transitional

Place = tuple[int, int]

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_FILTER = re.compile(rb"<autoFilter\b[^>]*/>|<autoFilter\b.*?</autoFilter>", re.DOTALL)
_CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml."
_DYNAMIC_ARRAYS = (
    f'<metadata xmlns="{_MAIN}" xmlns:xda="http://schemas.microsoft.com/office/spreadsheetml/2017/dynamicarray">'
    '<metadataTypes count="1"><metadataType name="XLDAPR" minSupportedVersion="120000" copy="1" pasteAll="1"'
    ' pasteValues="1" merge="1" splitFirst="1" rowColShift="1" clearFormats="1" clearComments="1" assign="1"'
    ' coerce="1" cellMeta="1"/></metadataTypes><futureMetadata name="XLDAPR" count="1"><bk><extLst>'
    '<ext uri="{bdbb8cdc-fa1e-496e-a857-3c3f30c029c3}"><xda:dynamicArrayProperties fDynamic="1" fCollapsed="0"/>'
    '</ext></extLst></bk></futureMetadata><cellMetadata count="1"><bk><rc t="1" v="0"/></bk></cellMetadata></metadata>'
)


@dataclass(frozen=True)
class ExactFormula:
    """A formula for the exact engine, and the cells that it fills if it was entered as an array."""

    text: str
    area: Area | None = None
    dynamic: bool = False


@dataclass
class ExactSheet:
    """What of a sheet is calculated (`formulas`), and what is only read (`values`)."""

    name: str
    formulas: dict[Place, ExactFormula] = field(default_factory=dict)
    values: dict[Place, CellValue] = field(default_factory=dict)
    before: dict[Place, CellValue] = field(default_factory=dict)
    """The value that a formula had; where formulas need each other in a circle, Excel goes on from it."""
    hidden: Collection[int] = ()
    """Rows that are hidden."""


def exact_copy(package: Package, sheets: list[ExactSheet], more_names: Iterable[tuple[str, str]]) -> bytes:
    """The file for the exact engine. `more_names`: defined names beside the workbook's own."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        _Writer(package, sheets, archive).write(list(more_names))
    return buffer.getvalue()


class _Writer:
    def __init__(self, package: Package, sheets: list[ExactSheet], archive: zipfile.ZipFile) -> None:
        self._package, self._sheets, self._archive = package, sheets, archive
        self._types: list[str] = []

    def write(self, more_names: list[tuple[str, str]]) -> None:
        relations = []
        tables = 0
        for number, sheet in enumerate(self._sheets, 1):
            own: list[str] = []
            part = self._package.sheets[sheet.name]
            for kind, target in self._package.related(part):
                if kind == "table":
                    tables += 1
                    self._put(f"xl/tables/table{tables}.xml", transitional(self._package.read(target)), "table")
                    own.append(_relation(len(own) + 1, "table", f"../tables/table{tables}.xml"))
            xml = self._sheet(sheet, part, len(own))
            self._put(f"xl/worksheets/sheet{number}.xml", xml, "worksheet")
            if own:
                self._relations(f"xl/worksheets/_rels/sheet{number}.xml.rels", own)
            relations.append(_relation(number, "worksheet", f"worksheets/sheet{number}.xml"))
        self._put("xl/metadata.xml", _DYNAMIC_ARRAYS.encode(), "sheetMetadata")
        relations.append(_relation(len(relations) + 1, "sheetMetadata", "metadata.xml"))
        self._relations("xl/_rels/workbook.xml.rels", relations)
        self._put("xl/workbook.xml", self._workbook(more_names), "sheet.main")
        self._relations("_rels/.rels", [_relation(1, "officeDocument", "xl/workbook.xml")])
        self._archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels"'
            ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml"'
            f' ContentType="application/xml"/>{"".join(self._types)}</Types>',
        )

    def _put(self, name: str, content: bytes, kind: str) -> None:
        self._archive.writestr(name, content)
        self._types.append(f'<Override PartName="/{name}" ContentType="{_CONTENT}{kind}+xml"/>')

    def _relations(self, name: str, relations: list[str]) -> None:
        self._archive.writestr(name, f'<Relationships xmlns="{_RELATIONS}">{"".join(relations)}</Relationships>')

    def _workbook(self, more_names: list[tuple[str, str]]) -> bytes:
        numbers = {sheet.name: number for number, sheet in enumerate(self._sheets)}
        listed = "".join(
            f'<sheet name={_quoted(sheet.name)} sheetId="{number}" r:id="rId{number}"/>'
            for number, sheet in enumerate(self._sheets, 1)
        )
        names = [_name(name, definition) for name, definition in more_names]
        for entry in self._package.names:
            if entry.sheet is None or entry.sheet in numbers:
                names.append(_name(entry.name, entry.definition, numbers.get(entry.sheet or "")))
        settings = self._package.calculation
        iteration = "".join(
            f" {key}={_quoted(settings[key])}" for key in ("iterate", "iterateCount", "iterateDelta") if key in settings
        )
        since = ' date1904="1"' if self._package.date1904 else ""
        defined = f"<definedNames>{''.join(names)}</definedNames>" if names else ""
        return (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><workbookPr{since}/><sheets>{listed}</sheets>{defined}'
            f"<calcPr{iteration}/></workbook>"
        ).encode()

    def _sheet(self, sheet: ExactSheet, part: str, tables: int) -> bytes:
        rows: dict[int, dict[int, str]] = defaultdict(dict)
        for (row, column), value in sheet.values.items():
            if value is not None:
                kind, content = _value(value)
                rows[row][column] = f'<c r="{cell_name(row, column)}"{kind}>{content}</c>'
        for (row, column), formula in sheet.formulas.items():
            rows[row][column] = _formula(row, column, formula, sheet.before.get((row, column)))
        for row in sheet.hidden:
            rows.setdefault(row, {})
        written = [
            f'<row r="{row}"{" hidden=" + chr(34) + "1" + chr(34) if row in sheet.hidden else ""}>'
            f"{''.join(rows[row][column] for column in sorted(rows[row]))}</row>"
            for row in sorted(rows)
        ]
        filters = _FILTER.search(self._package.read(part))
        listed = "".join(f'<tablePart r:id="rId{number + 1}"/>' for number in range(tables))
        return (
            f'<worksheet xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheetData>{"".join(written)}</sheetData>'.encode()
            + (filters[0] if filters else b"")
            + (f'<tableParts count="{tables}">{listed}</tableParts>' if tables else "").encode()
            + b"</worksheet>"
        )


def _relation(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


def _quoted(text: str) -> str:
    return '"' + escape(text).replace('"', "&quot;") + '"'


def _name(name: str, definition: str, sheet: int | None = None) -> str:
    scope = "" if sheet is None else f' localSheetId="{sheet}"'
    return f"<definedName name={_quoted(name)}{scope}>{escape(definition)}</definedName>"


def _value(value: CellValue) -> tuple[str, str]:
    if isinstance(value, bool):
        return ' t="b"', f"<v>{int(value)}</v>"
    if isinstance(value, (int, float)):
        return "", f"<v>{number_text(value)}</v>"
    if isinstance(value, CalcError):
        return ' t="e"', f"<v>{value.code}</v>"
    return ' t="str"', f"<v>{escape_string(value or '')}</v>"


def _formula(row: int, column: int, formula: ExactFormula, before: CellValue) -> str:
    attributes = metadata = ""
    if formula.area is not None:
        reference = cell_name(row, column) if formula.dynamic else formula.area.text()
        attributes = f' t="array" ref="{reference}"'
        metadata = ' cm="1"' if formula.dynamic else ""
    kind, content = _value(before) if before is not None else ("", "")
    return f'<c r="{cell_name(row, column)}"{metadata}{kind}><f{attributes}>{escape(formula.text)}</f>{content}</c>'
