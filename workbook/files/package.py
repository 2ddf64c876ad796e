"""An .xlsx or .xlsm file, opened safely and changed without touching what is not understood.

A `Package` reads a part when it is asked for and keeps changed parts in memory until `save`. Every other part goes
into the saved file as the compressed bytes it came as, in the same order and with the same dates.
"""

from __future__ import annotations

import math
import os
import posixpath
import urllib.parse
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import NamedTuple

from xlcalc import limits
from xlcalc.files import FileError, read_file, write_atomically

from . import xml_text
from .addresses import Area, cell_name, parse_area, parse_cell, split_sheet
from .cells_xml import CellValue, SheetXml
from .errors import WorkbookError
from .excel_tables import Table
from .sheet_grammar import Cell
from .xml_text import attribute
from .zip_parts import ZipParts

__all__ = ["DefinedName", "Package", "WorkbookError"]


_OTHER_FORMATS = {
    "xl/workbook.bin": "is in the binary .xlsb format; save it as .xlsx first.",
    "content.xml": "is an OpenDocument file; save it as .xlsx first.",
    "word/document.xml": "is a Word document, not a workbook.",
    "ppt/presentation.xml": "is a presentation, not a workbook.",
}


class DefinedName(NamedTuple):
    """A name and what it stands for; `sheet` is set where the name is known on one sheet only; `comment` is
    what its author wrote in the Name Manager."""

    name: str
    definition: str
    sheet: str | None
    comment: str = ""
    hidden: bool = False


class Package:
    """A workbook file in memory. `label` is what errors call it."""

    def __init__(self, data: bytes, label: str = "the workbook") -> None:
        self.label = label
        self._data = data
        self._zip = ZipParts(data, label)
        self._changed: dict[str, bytes] = {}
        self.edited: set[tuple[str, tuple[int, int]]] = set()
        """Cells, by sheet, row and column, that were given another content since the file was read."""
        self._sheets: dict[str, SheetXml] = {}
        self._workbook_part = self._find_workbook_part()
        self.sheets = self._list_sheets()
        """Worksheet names, in order, and the part that holds each. Chart sheets have no cells and are left out."""

    @classmethod
    def open(cls, source: str | os.PathLike[str] | bytes) -> Package:
        """A file by its path, or its bytes."""
        if isinstance(source, bytes):
            return cls(source)
        try:
            data = read_file(source)
        except FileNotFoundError as error:
            raise WorkbookError(f"there is no file {source}.") from error
        except OSError as error:
            raise WorkbookError(f"cannot read {source}: {error.strerror or error}.") from error
        except FileError as error:
            raise WorkbookError(str(error)) from None
        return cls(data, str(source))

    def as_it_came(self) -> Package:
        """The file without the changes made here."""
        return Package(self._data, self.label)

    # Parts

    @property
    def parts(self) -> list[str]:
        return self._zip.names

    def read(self, part: str) -> bytes:
        """A part's content, as changed so far."""
        if part in self._changed:
            return self._changed[part]
        if part not in self.parts:
            raise WorkbookError(f"{self.label} has no part {part}.")
        return self._zip.read(part)

    def replace(self, part: str, content: bytes) -> None:
        """Give an existing part new content."""
        if part not in self.parts:
            raise WorkbookError(f"{self.label} has no part {part}.")
        self._changed[part] = content
        self._sheets.pop(part, None)
        if part == self._workbook_part:
            for read in ("names", "_names_by_word"):  # to be read again
                self.__dict__.pop(read, None)

    def to_bytes(self) -> bytes:
        return self._zip.with_changes(self._changed)

    def copy_with(self, changed: dict[str, bytes]) -> bytes:
        """The file with `changed` parts as well, for reading at once: they are not compressed."""
        return self._zip.with_changes({**self._changed, **changed}, compress=False)

    def transitional_copy(self, changed: dict[str, bytes]) -> bytes:
        """The same in the transitional format, where it is in the strict one, for a reader that knows only that."""
        if b"purl.oclc.org" in self.read(self._workbook_part):
            texts = [part for part in self.parts if part.endswith((".xml", ".rels"))]
            changed = {part: xml_text.transitional(changed.get(part) or self.read(part)) for part in texts}
        return self.copy_with(changed)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the file whole or not at all; `path` may be the one it was read from."""
        write_atomically(path, self.to_bytes())

    # Workbook

    @property
    def workbook_part(self) -> str:
        return self._workbook_part

    @cached_property
    def names(self) -> list[DefinedName]:
        """Defined names, in the order of the file, without Excel's own (print areas and the like)."""
        root = self._parse(self._workbook_part)
        order = [element.get("name", "") for element in root.iter() if _local(element) == "sheet"]
        found = []
        for element in root.iter():
            name = element.get("name", "")
            if _local(element) != "definedName" or name.startswith("_xlnm."):
                continue
            scope = element.get("localSheetId")
            sheet = order[int(scope)] if scope and scope.isdigit() and int(scope) < len(order) else None
            about = element.get("comment", ""), element.get("hidden") in ("1", "true")
            found.append(DefinedName(name, "".join(element.itertext()).strip(), sheet, *about))
        return found

    @cached_property
    def _names_by_word(self) -> dict[str, list[DefinedName]]:
        found: dict[str, list[DefinedName]] = {}
        for entry in self.names:
            found.setdefault(entry.name.lower(), []).append(entry)
        return found

    @cached_property
    def calculation(self) -> dict[str, str]:
        """The workbook's settings for calculation (`calcPr`)."""
        return self._settings("calcPr")

    @cached_property
    def date1904(self) -> bool:
        """Are days counted from 1904?"""
        return self._settings("workbookPr").get("date1904", "0").lower() in ("1", "true")

    def _settings(self, element: str) -> dict[str, str]:
        root = self._parse(self._workbook_part)
        return next((dict(found.items()) for found in root.iter() if _local(found) == element), {})

    def locate(self, name: str) -> tuple[str, str]:
        """Sheet and cell of a defined name that stands for one cell, upper and lower case alike."""
        found = self._names_by_word.get(name.lower(), [])
        if not found:
            known = sorted({entry.name for entry in self.names})
            near = get_close_matches(name, known, n=3, cutoff=0.5)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise WorkbookError(f"{self.label} has no name {name}.{hint}")
        entry = min(found, key=lambda candidate: candidate.sheet is not None)
        target = split_sheet(entry.definition)
        cell = parse_cell(target[1]) if target else None
        if target is None or cell is None or target[0] not in self.sheets:
            raise WorkbookError(f"the name {entry.name} stands for {entry.definition}, not for one cell.")
        return target[0], cell_name(*cell)

    @cached_property
    def tables(self) -> list[Table]:
        """The tables of all sheets."""
        found = []
        for sheet, part in self.sheets.items():
            for kind, target in self.related(part):
                if kind == "table":
                    found.append(self._read_table(sheet, target))
        return found

    @cached_property
    def linked_files(self) -> list[str]:
        """The address of the file that each of [1], [2] ... in formulas stands for."""
        targets = self._targets(self._workbook_part)
        keys = [_key(one) for one in self._parse(self._workbook_part).iter() if _local(one) == "externalReference"]
        return [self._linked_file(targets[key][1]) if key in targets else "" for key in keys]

    # Cells

    def sheet(self, name: str) -> SheetXml:
        """A worksheet's cells, as changed so far; kept until the sheet is changed again."""
        part = self._sheet_part(name)
        if part not in self._sheets:
            self._sheets[part] = SheetXml(self.read(part), name)
        return self._sheets[part]

    def value(self, sheet: str, cell: str) -> CellValue:
        """What a cell holds; for a formula, its cached value."""
        xml = self.sheet(sheet)
        found = xml.find(*_one_cell(cell))
        return self.cell_value(xml, found) if found else None

    def rows(self, sheet: str) -> dict[int, dict[int, CellValue]]:
        """What the cells of a sheet hold, by row and column; blank ones are left out."""
        xml = self.sheet(sheet)
        rows: dict[int, dict[int, CellValue]] = {}
        for cell in xml.cells():
            value = self.cell_value(xml, cell)
            if value is not None:
                rows.setdefault(cell.row, {})[cell.column] = value
        return rows

    def cell_value(self, xml: SheetXml, cell: Cell) -> CellValue:
        """What a cell of a sheet holds; for a formula, its cached value."""
        return xml.value(cell, lambda: self.shared_strings)

    def set_cell(self, sheet: str, cell: str, value: bool | int | float | str | None) -> None:
        """Put a value into an input cell; its style stays. Text stays text, whatever it begins with.

        A cell with a formula, or in the range of an array formula, is refused: writing there would break the model.
        """
        self.refuse_formula(sheet, cell)
        _refuse_value(cell, value)
        place = _one_cell(cell)
        part = self._sheet_part(sheet)
        self.replace(part, self.sheet(sheet).place({place: value}, constants=True))
        self.edited.add((next(name for name, listed in self.sheets.items() if listed == part), place))

    def place(self, sheet: str, values: Mapping[tuple[int, int], CellValue]) -> None:
        """Put values into many cells without formulas, by row and column."""
        self.replace(self.sheets[sheet], self.sheet(sheet).place(values, constants=True))
        self.edited |= {(sheet, place) for place in values}

    def refuse_formula(self, sheet: str, cell: str) -> None:
        """Raise WorkbookError for a cell that holds a formula or lies in the range of an array formula."""
        place = _one_cell(cell)
        for formula in self.sheet(sheet).formula_cells():
            if (formula.row, formula.column) == place:
                raise WorkbookError(f"{sheet}!{cell} holds a formula, not an input.")
            area = _array_area(formula.formula_attributes)
            if area is not None and area.holds(place):
                owner = cell_name(formula.row, formula.column)
                raise WorkbookError(f"{sheet}!{cell} belongs to the array formula in {owner}; it is not an input.")

    # Reading

    @cached_property
    def shared_strings(self) -> list[str]:
        for kind, target in self.related(self._workbook_part):
            if kind == "sharedStrings":
                return xml_text.shared_strings(self.read(target))
        return []

    def related(self, part: str) -> list[tuple[str, str]]:
        """Kind and part name of each relation of `part` to another part that is there."""
        return list(self._targets(part).values())

    def _targets(self, part: str) -> dict[str, tuple[str, str]]:
        """The same by the relation's key."""
        relations = self._relations_of(part)
        folder = posixpath.dirname(part)
        return {key: (kind, target) for key, kind, target in self._relations(relations, folder)} if relations else {}

    def _relations_of(self, part: str) -> str | None:
        folder, name = posixpath.split(part)
        return self._zip.find(posixpath.join(folder, "_rels", f"{name}.rels"))

    def _linked_file(self, link: str) -> str:
        relations = self._relations_of(link)
        for element in self._parse(relations).iter() if relations else ():
            if element.get("TargetMode") == "External":
                return urllib.parse.unquote(element.get("Target", ""))
        return ""

    def _relations(self, relations: str, folder: str) -> list[tuple[str, str, str]]:
        found = []
        for element in self._parse(relations).iter():
            if _local(element) != "Relationship" or element.get("TargetMode") == "External":
                continue
            target = urllib.parse.unquote(element.get("Target", ""))
            path = posixpath.normpath(target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target))
            part = self._zip.find(path)
            if part is not None:
                found.append((element.get("Id", ""), element.get("Type", "").rpartition("/")[2], part))
        return found

    def _find_workbook_part(self) -> str:
        root = self._zip.find("_rels/.rels")
        for _, kind, part in self._relations(root, "") if root else []:
            if kind == "officeDocument" and part not in _OTHER_FORMATS:
                return part
        for name in self.parts:
            if name in _OTHER_FORMATS:
                raise WorkbookError(f"{self.label} {_OTHER_FORMATS[name]}")
        raise WorkbookError(f"{self.label} is a zip archive without a workbook in it.")

    def _list_sheets(self) -> dict[str, str]:
        targets = self._targets(self._workbook_part)
        sheets: dict[str, str] = {}
        for element in self._parse(self._workbook_part).iter():
            if _local(element) != "sheet":
                continue
            key = _key(element)
            if key not in targets:
                raise WorkbookError(f"{self.label} is damaged: the part of sheet {element.get('name')} is missing.")
            kind, part = targets[key]
            if kind == "worksheet":
                sheets[element.get("name", "")] = part
        if not sheets:
            raise WorkbookError(f"{self.label} has no worksheet.")
        return sheets

    def _sheet_part(self, name: str) -> str:
        if name in self.sheets:
            return self.sheets[name]
        for sheet, part in self.sheets.items():
            if sheet.lower() == name.lower():
                return part
        raise WorkbookError(f"{self.label} has no sheet {name}; it has {', '.join(self.sheets)}.")

    def _read_table(self, sheet: str, part: str) -> Table:
        root = self._parse(part)
        area = parse_area(root.get("ref", ""))
        columns = tuple(
            xml_text.unescape_string(element.get("name", ""))
            for element in root.iter()
            if _local(element) == "tableColumn"
        )
        if area is None or area.columns != len(columns):
            raise WorkbookError(f"{self.label} is damaged: the table in {part} does not fit its columns.")
        name = root.get("displayName") or root.get("name") or ""
        return Table(
            name, sheet, area, columns, int(root.get("headerRowCount", "1")), int(root.get("totalsRowCount", "0"))
        )

    def _parse(self, part: str) -> ElementTree.Element:
        content = self._changed.get(part) or self._zip.read(part)
        if b"<!DOCTYPE" in content[:4096]:
            raise WorkbookError(f"{self.label} is not read: its part {part} declares entities of its own.")
        try:
            return ElementTree.fromstring(content)
        except (ElementTree.ParseError, LookupError, ValueError) as error:  # the latter two: an encoding that is none
            raise WorkbookError(f"{self.label} is damaged: its part {part} is not XML ({error}).") from error


def _local(element: ElementTree.Element) -> str:
    """An element's name without its namespace: the strict and the transitional format differ in nothing else here."""
    return element.tag.rpartition("}")[2]


def _key(element: ElementTree.Element) -> str:
    """The key (`r:id`) of the relation that an element names."""
    return next((value for name, value in element.items() if name.endswith("}id")), "")


def _one_cell(text: str) -> tuple[int, int]:
    place = parse_cell(text)
    if place is None:
        raise WorkbookError(f"{text} is not the address of a cell.")
    return place


def _array_area(formula_attributes: bytes) -> Area | None:
    if attribute(formula_attributes, b"t") != b"array":
        return None
    return parse_area((attribute(formula_attributes, b"ref") or b"").decode())


def _refuse_value(cell: str, value: bool | int | float | str | None) -> None:
    if isinstance(value, str) and len(value) > limits.CELL_TEXT:
        raise WorkbookError(f"{cell} cannot hold {len(value):,} characters; a cell takes {limits.CELL_TEXT:,}.")
    if isinstance(value, float) and not math.isfinite(value):
        raise WorkbookError(f"{cell} cannot hold {value}; a cell takes finite numbers.")
    if value is not None and not isinstance(value, (bool, int, float, str)):
        kind = type(value).__name__
        raise WorkbookError(f"{cell} cannot hold a {kind}; a cell takes a number, a text or TRUE/FALSE.")
