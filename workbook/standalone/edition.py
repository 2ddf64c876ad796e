"""A workbook made standalone, and back: what the functions are is added to it, and taken out again to the byte.

Added are sheets at the end (columns of the catalogs, words, searches), defined names, and a mark on each cell whose
answer was searched. A formula that calls a function becomes a dynamic array formula, which Excel shows without `@`; its
text stays.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any


from ..files.addresses import column_letters
from ..files.errors import WorkbookError
from ..files.package import Package
from ..files.xml_text import escape, escape_string
from . import own as own_of_user
from .names import ARGUMENTS
from .searches import Answer
from .stored import Stored, read, value

Own = dict[tuple[str, str], list[Any]]
"""Rows of the user's own by catalog and id."""
SPARE = 50
"""Rows below a catalog's, for the user's own."""
_HEAD, _FIRST = 5, 6
_SHEETS = {
    "models": ("Model columns", "What the formulas read of each model: counted from its configuration, a row a model."),
    "accelerators": ("Machine columns", "What the formulas read of each accelerator, in base units."),
    "prices": ("Price columns", "USD per hour of each listed instance."),
    "api_prices": ("API columns", "USD per token of each listed API."),
    "grid": ("Grid columns", "kg CO2e per kWh of each grid."),
}
_WORDS, _SEARCHES = "Words", "Searches"
_NOTE = (
    "Standalone edition: the LLM_* functions are names of this workbook (Formulas > Name Manager), for Excel of Microsoft"
    " 365, 2024 and later; no add-in, macro or Python. LibreOffice and older Excel have no LAMBDA: there the values stay"
    " until something recalculates. Cells on lilac are answers of searches, kept on the sheet Searches for the inputs"
    " that this file was made with: after other inputs they give #N/A until `xlcalc recalc FILE` searches again."
)
_NOTE_PLACE = re.compile(rb'(<row r="4"[^>]*>(?:(?!</row>).)*?)(<c r="D4"[^>]*/>)?(?=<c r="[E-Z]|</row>)', re.DOTALL)
_MARK = "xlcalc_searched"
_DXF = b'<dxf><fill><patternFill patternType="solid"><fgColor rgb="FFE9DFF5"/><bgColor rgb="FFE9DFF5"/></patternFill></fill></dxf>'
_RULE = re.compile(
    rb'<conditionalFormatting sqref="[^"]*"><cfRule type="expression" priority="\d+" dxfId="\d+"><formula>'
    + _MARK.encode() + rb"</formula></cfRule></conditionalFormatting>"
)  # fmt: skip
_CALLING = re.compile(rb'<c r="([A-Z]+\d+)"([^>]*)><f>((?:(?!</f>).)*?\bLLM_(?:(?!</f>).)*)</f>')
_CALLED = re.compile(r'<c r="([A-Z]+\d+)"([^>]*) cm="1"><f t="array" ref="\1">'.encode())
_METADATA = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<metadata xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    b' xmlns:xda="http://schemas.microsoft.com/office/spreadsheetml/2017/dynamicarray">'
    b'<metadataTypes count="1"><metadataType name="XLDAPR" minSupportedVersion="120000" copy="1" pasteAll="1"'
    b' pasteValues="1" merge="1" splitFirst="1" rowColShift="1" clearFormats="1" clearComments="1" assign="1" coerce="1"'
    b' cellMeta="1"/></metadataTypes><futureMetadata name="XLDAPR" count="1"><bk><extLst>'
    b'<ext uri="{bdbb8cdc-fa1e-496e-a857-3c3f30c029c3}"><xda:dynamicArrayProperties fDynamic="1" fCollapsed="0"/></ext>'
    b'</extLst></bk></futureMetadata><cellMetadata count="1"><bk><rc t="1" v="0"/></bk></cellMetadata></metadata>'
)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DATE = (1980, 1, 1, 0, 0, 0)


def is_standalone(package: Package) -> bool:
    return any(name.name == _MARK for name in package.names)


def standalone(package: Package, answers: Sequence[Answer], own: Own | None = None) -> Package:
    """The workbook with the functions in it, and rows of the user's own. Raises WorkbookError for one that cannot take
    them."""
    own = own or {}
    if is_standalone(package):
        own = {**own_rows(package), **own}
        package = addin(package)
    if any("metadata" in part.rpartition("/")[2] for part in package.parts):
        raise WorkbookError(f"{package.label} has cell metadata of its own; the standalone edition is made of templates.")
    kit = read()
    workbook = package.read(package.workbook_part)
    sheets, names = _sheets(package, kit, answers, own)
    changed = {part: _calling(package.read(part), kit, _dxf_count(package)) for part in package.sheets.values()}
    cover = package.sheets.get("Cover")
    if cover:
        note = f'<c r="D4" t="inlineStr"><is><t>{escape_string(_NOTE)}</t></is></c>'.encode()
        changed[cover] = _NOTE_PLACE.sub(lambda found: found[1] + note, changed[cover], count=1)
    styles = next(part for kind, part in package.related(package.workbook_part) if kind == "styles")
    changed[styles] = _with_dxf(package.read(styles))
    first = 1 + max(int(n) for n in re.findall(rb'sheetId="(\d+)"', workbook))
    listed = "".join(
        f'<sheet name="{name}" sheetId="{first + i}" state="visible" r:id="xlcalc{i}" />' for i, name in enumerate(sheets)
    )
    defined = "".join(f'<definedName name="{name}">{escape(text)}</definedName>' for name, text in names.items())
    workbook = workbook.replace(b"</sheets>", f"{listed}</sheets>".encode(), 1)
    if b"</definedNames>" in workbook:
        workbook = workbook.replace(b"</definedNames>", f"{defined}</definedNames>".encode(), 1)
    else:
        workbook = workbook.replace(b"</sheets>", f"</sheets><definedNames>{defined}</definedNames>".encode(), 1)
    changed[package.workbook_part] = workbook
    added = {f"xl/worksheets/xlcalc{i}.xml": content for i, content in enumerate(sheets.values())}
    relations, types = _related(package, len(added))
    changed |= relations | types
    return Package(_packed(package, changed, {**added, "xl/metadata.xml": _METADATA}), package.label)


def addin(package: Package) -> Package:
    """The workbook without what `standalone` added."""
    if not is_standalone(package):
        return package
    changed: dict[str, bytes | None] = {}
    for sheet, part in package.sheets.items():
        if "/xlcalc" in part:
            changed[part] = None
            continue
        xml = _RULE.sub(b"", package.read(part))
        changed[part] = _CALLED.sub(rb'<c r="\1"\2><f>', xml)
        if sheet == "Cover":
            text = escape_string(_NOTE).encode()
            changed[part] = re.sub(rb'<c r="D4"[^>]*><is><t>%b</t></is></c>' % re.escape(text), b"", changed[part] or b"")
    styles = next(part for kind, part in package.related(package.workbook_part) if kind == "styles")
    changed[styles] = _without_dxf(package.read(styles))
    workbook = re.sub(rb'<sheet name="[^"]*" sheetId="\d+" state="visible" r:id="xlcalc\d+" ?/>', b"",
                      package.read(package.workbook_part))  # fmt: skip
    workbook = re.sub(rb'<definedName name="(?:LLM_|xlcalc_)[^"]*">[^<]*</definedName>', b"", workbook)
    changed[package.workbook_part] = workbook.replace(b"<definedNames></definedNames>", b"")
    relations = "xl/_rels/workbook.xml.rels"
    changed[relations] = re.sub(rb'<Relationship Type="[^"]*" Target="[^"]*" Id="xlcalc\w+" ?/>', b"", package.read(relations))
    types = "[Content_Types].xml"
    own = rb'<Override PartName="/xl/(?:worksheets/xlcalc\d+|metadata)\.xml" ContentType="[^"]*" ?/>'
    changed[types] = re.sub(own, b"", package.read(types))
    changed["xl/metadata.xml"] = None
    return Package(_packed(package, changed, {}), package.label)


def _calling(xml: bytes, kit: Stored, dxf: int) -> bytes:
    """A sheet whose formulas call the functions of the workbook; those that search are marked."""
    marked: list[str] = []

    def dynamic(found: re.Match[bytes]) -> bytes:
        if any(name not in kit.closed for name in re.findall(r"\bLLM_[A-Z_]+(?=\()", found[3].decode())):
            marked.append(found[1].decode())
        return b'<c r="%b"%b cm="1"><f t="array" ref="%b">%b</f>' % (found[1], found[2], found[1], found[3])

    xml = _CALLING.sub(dynamic, xml)
    if not marked:
        return xml
    rule = (
        f'<conditionalFormatting sqref="{" ".join(marked)}"><cfRule type="expression" priority="9999" dxfId="{dxf}">'
        f"<formula>{_MARK}</formula></cfRule></conditionalFormatting>"
    ).encode()
    before = re.search(rb"<(?:dataValidations|hyperlinks|printOptions|pageMargins)\b", xml)
    place = before.start() if before else xml.index(b"</worksheet>")
    return xml[:place] + rule + xml[place:]


def _dxf_count(package: Package) -> int:
    styles = next(part for kind, part in package.related(package.workbook_part) if kind == "styles")
    found = re.search(rb'<dxfs count="(\d+)"', package.read(styles))
    return int(found[1]) if found else 0


def _with_dxf(styles: bytes) -> bytes:
    found = re.search(rb'<dxfs count="(\d+)" ?(/?)>', styles)
    if found is None:
        return styles.replace(b"<tableStyles", b'<dxfs count="1">' + _DXF + b"</dxfs><tableStyles", 1)
    count = b'<dxfs count="%d">' % (int(found[1]) + 1)
    if found[2]:
        return styles.replace(found[0], count + _DXF + b"</dxfs>", 1)
    return styles.replace(found[0], count, 1).replace(b"</dxfs>", _DXF + b"</dxfs>", 1)


def _without_dxf(styles: bytes) -> bytes:
    found = re.search(rb'<dxfs count="(\d+)">', styles)
    if found is None or _DXF not in styles:
        return styles
    left = int(found[1]) - 1
    if not left:
        return styles.replace(found[0] + _DXF + b"</dxfs>", b'<dxfs count="0" />', 1)
    return styles.replace(found[0], b'<dxfs count="%d">' % left, 1).replace(_DXF, b"", 1)


def _related(package: Package, sheets: int) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The lists of parts with what is added."""
    relations, types = "xl/_rels/workbook.xml.rels", "[Content_Types].xml"
    more = "".join(
        f'<Relationship Type="{_RELATIONS}/worksheet" Target="/xl/worksheets/xlcalc{i}.xml" Id="xlcalc{i}" />'
        for i in range(sheets)
    )
    more += f'<Relationship Type="{_RELATIONS}/sheetMetadata" Target="/xl/metadata.xml" Id="xlcalcmetadata" />'
    content = "".join(
        f'<Override PartName="/xl/worksheets/xlcalc{i}.xml" ContentType="{_TYPES}.worksheet+xml" />' for i in range(sheets)
    )
    content += f'<Override PartName="/xl/metadata.xml" ContentType="{_TYPES}.sheetMetadata+xml" />'
    return (
        {relations: package.read(relations).replace(b"</Relationships>", f"{more}</Relationships>".encode(), 1)},
        {types: package.read(types).replace(b"</Types>", f"{content}</Types>".encode(), 1)},
    )


def with_own_rows(package: Package) -> Package:
    """The workbook with the rows of the user's catalog; its searches stay."""
    kit, changed = read(), {}
    for catalog in ("models", "accelerators"):
        title, held = _SHEETS[catalog][0], kit.columns[catalog]
        part, first = package.sheets[title], _FIRST + len(held["ids"])
        known = {one: row for (of, one), row in own_rows(package).items() if of == catalog}
        known |= {row[0]: row for row in own_of_user.rows(kit, catalog)}
        xml = re.sub(rb'<row r="(\d+)">.*?</row>', lambda row: row[0] if int(row[1]) < first else b"", package.read(part),
                     flags=re.DOTALL)  # fmt: skip
        rows = "".join(f'<row r="{i}">{"".join(_cells(i, row, ""))}</row>' for i, row in enumerate(known.values(), first))
        changed[part] = xml.replace(b"</sheetData>", f"{rows}</sheetData>".encode(), 1)
    return Package(_packed(package, changed, {}), package.label)


def own_rows(package: Package) -> Own:
    """The rows of a standalone workbook that no catalog of ours has."""
    kit, found = read(), {}
    for catalog, (title, _) in _SHEETS.items():
        held = kit.columns[catalog]
        width = 1 + len(held["titles"][0]) + len(held["headings"])
        first = _FIRST + len(held["ids"])
        for row in range(first, first + SPARE):
            if package.value(title, f"A{row}") is not None:
                values = [package.value(title, f"{column_letters(column)}{row}") for column in range(1, width + 1)]
                found[catalog, str(values[0])] = [value(one) for one in values]
    return found


def _sheets(
    package: Package, kit: Stored, answers: Sequence[Answer], own: Own
) -> tuple[dict[str, bytes], dict[str, str]]:
    """The sheets that are added, and the names."""
    looks = _looks(package)
    sheets: dict[str, bytes] = {}
    names = {_MARK: "TRUE", **kit.names}
    for catalog, (title, purpose) in _SHEETS.items():
        held = kit.columns[catalog]
        other = len(held["titles"][0])
        head = ["id", *["name", "other name"][:other], *held["headings"]]
        rows = [[one, *titles, *row] for one, titles, row in zip(held["ids"], held["titles"], held["rows"], strict=True)]
        count = len(rows)
        known = {catalog_id: row for (of, catalog_id), row in own.items() if of == catalog}
        for row in own_of_user.rows(kit, catalog) if catalog in ("models", "accelerators") else []:
            known.setdefault(row[0], row)
        rows += list(known.values())[:SPARE]
        sheets[title] = _sheet(title, purpose, [head], rows, looks)
        last = _FIRST + count - 1 + SPARE
        names[f"xlcalc_{catalog}"] = _area(title, 2 + other, 1 + other + len(held["headings"]), last)
        for column, own in enumerate(["ids", "titles", "others"][: 1 + other], 1):
            names[f"xlcalc_{catalog}_{own}"] = _area(title, column, column, last)
        names.setdefault(f"xlcalc_{catalog}_names", names[f"xlcalc_{catalog}_ids"])
    width = max(map(len, kit.words))
    sheets[_WORDS] = _sheet(_WORDS, "Numbers that follow from the words of a call, and units.", [["call"]], kit.words, looks)
    names["xlcalc_keys"] = _area(_WORDS, 1, 1, _FIRST + len(kit.words) - 1)
    names["xlcalc_words"] = _area(_WORDS, 2, width, _FIRST + len(kit.words) - 1)
    calls, found = _answers(answers)
    purpose = "Calls that were searched when this file was made, with their answers; to the right, the tables that they gave."
    head = ["function", *(f"argument {i}" for i in range(1, ARGUMENTS + 1)), "first row", "rows", "columns", "", "answers"]
    lines = max(len(calls), len(found), 1)
    blank = [None] * (ARGUMENTS + 4)
    rows = [
        [*(calls[i] if i < len(calls) else blank), None, *(found[i] if i < len(found) else [])] for i in range(lines)
    ]
    sheets[_SEARCHES] = _sheet(_SEARCHES, purpose, [head], rows, looks)
    last = _FIRST + max(len(calls), 1) - 1
    names["xlcalc_called"] = _area(_SEARCHES, 1, 1, last)
    for i in range(1, ARGUMENTS + 1):
        names[f"xlcalc_argument_{i}"] = _area(_SEARCHES, 1 + i, 1 + i, last)
    names["xlcalc_answer"] = _area(_SEARCHES, ARGUMENTS + 2, ARGUMENTS + 4, last)
    widest = max([len(row) for row in found], default=1)
    names["xlcalc_answers"] = _area(_SEARCHES, ARGUMENTS + 6, ARGUMENTS + 5 + widest, _FIRST + lines - 1)
    return sheets, names


def _answers(answers: Sequence[Answer]) -> tuple[list[list[Any]], list[list[Any]]]:
    """A line for each call, and the rows of all answers."""
    calls, found = [], []
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
        '<cols><col min="1" max="1" width="38" customWidth="1"/><col min="2" max="200" width="18" customWidth="1"/></cols>'
        "<sheetData>",
        f'<row r="1">{_cell("A1", title, looks["title"])}</row><row r="2">{_cell("A2", purpose, looks["purpose"])}</row>',
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
    if isinstance(value, list):
        return f'<c r="{place}"{style} t="e"><v>{value[0]}</v></c>'
    if isinstance(value, bool):
        return f'<c r="{place}"{style} t="b"><v>{int(value)}</v></c>'
    if isinstance(value, (int, float)):
        return f'<c r="{place}"{style}><v>{value!r}</v></c>'
    return f'<c r="{place}"{style} t="inlineStr"><is><t xml:space="preserve">{escape_string(str(value))}</t></is></c>'


def _packed(package: Package, changed: dict[str, bytes] | dict[str, bytes | None], added: dict[str, bytes]) -> bytes:
    """The file with parts changed, added, or, where they are None, left out."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in [*package.parts, *added]:
            content = added[name] if name in added else changed.get(name, b"") if name in changed else package.read(name)
            if content is None:
                continue
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            archive.writestr(entry, content, compresslevel=6)
    return buffer.getvalue()
