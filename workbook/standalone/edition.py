"""A workbook made standalone, and back: what the functions are is added to it, and taken out again to the byte.

Added are sheets at the end (columns of the catalogs, words, searches), defined names, and a mark on each cell whose
answer was searched. A formula that calls a function becomes a dynamic array formula, which Excel shows without `@`; its
text stays.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence

from ..files.errors import WorkbookError
from ..files.package import Package
from ..files.xml_text import escape, escape_string
from . import added_sheets
from . import cover as cover_list
from .searches import Answer
from .stored import Stored, read

_NOTE = "Standalone edition: Excel 365, 2024 and later, for its LAMBDA; more at the end of this sheet"
_NOTES = {
    "Names": "The LLM_* functions are names of this workbook (Formulas > Name Manager); no add-in, macro or Python.",
    "Excel": "Microsoft 365, 2024 and later. LibreOffice and older Excel have no LAMBDA: LLM_* is an error.",
    "Cells on lilac": "Answers of searches for the inputs that this file was made with, kept on the sheet Searches.",
    "#N/A on lilac": "After other inputs an answer may be #N/A or not known; `xlcalc recalc FILE` searches again.",
}
_NOTE_STARTS = "Standalone edition: "
_NOTE_PLACE = re.compile(rb'(<row r="4"[^>]*>(?:(?!</row>).)*?)(?=<c r="[E-Z]|</row>)', re.DOTALL)
_MARK = "xlcalc_searched"
_DXF = (
    b'<dxf><fill><patternFill patternType="solid"><fgColor rgb="FFE9DFF5"/><bgColor rgb="FFE9DFF5"/></patternFill>'
    b"</fill></dxf>"
)
_NO_DXFS = b'<dxfs  count="1">'  # two spaces tell that there were none
_RULE = re.compile(rb"<cfRule [^>]*><formula>" + _MARK.encode() + rb"</formula></cfRule>")
_NO_RULES = re.compile(rb"<conditionalFormatting [^>]*></conditionalFormatting>")
_CALLING = re.compile(rb'<c r="([A-Z]+\d+)"([^>]*)><f>((?:(?!</f>).)*?\bLLM_(?:(?!</f>).)*)</f>')
_CALLED = re.compile(rb'<c r="([A-Z]+\d+)"([^>]*) cm="1"><f t="array" ref="\1">')
_CELL_METADATA = re.compile(rb'<c r="[^>]* cm="')
_METADATA = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<metadata xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    b' xmlns:xda="http://schemas.microsoft.com/office/spreadsheetml/2017/dynamicarray">'
    b'<metadataTypes count="1"><metadataType name="XLDAPR" minSupportedVersion="120000" copy="1" pasteAll="1"'
    b' pasteValues="1" merge="1" splitFirst="1" rowColShift="1" clearFormats="1" clearComments="1" assign="1"'
    b' coerce="1" cellMeta="1"/></metadataTypes><futureMetadata name="XLDAPR" count="1"><bk><extLst>'
    b'<ext uri="{bdbb8cdc-fa1e-496e-a857-3c3f30c029c3}"><xda:dynamicArrayProperties fDynamic="1" fCollapsed="0"/></ext>'
    b'</extLst></bk></futureMetadata><cellMetadata count="1"><bk><rc t="1" v="0"/></bk></cellMetadata></metadata>'
)
_DYNAMIC_ALONE = (b'<metadataTypes count="1">', b'name="XLDAPR"', b'<cellMetadata count="1">')
"""What metadata have that know dynamic arrays alone, as Excel writes them: cells may share them."""
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_RELATIONS_PART, _TYPES_PART = "xl/_rels/workbook.xml.rels", "[Content_Types].xml"
_DATE = (1980, 1, 1, 0, 0, 0)


def is_standalone(package: Package) -> bool:
    return any(name.name == _MARK for name in package.names)


def standalone(package: Package, answers: Sequence[Answer], own: added_sheets.Own | None = None) -> Package:
    """The workbook with the functions in it, and rows of the user's own. Raises WorkbookError for one that cannot take
    them."""
    own = own or {}
    if is_standalone(package):
        own = {**added_sheets.own_rows(package), **own}
        package = addin(package)
    metadata = [part for kind, part in package.related(package.workbook_part) if kind == "sheetMetadata"]
    if metadata and not all(mark in package.read(metadata[0]) for mark in _DYNAMIC_ALONE):
        raise WorkbookError(
            f"{package.label} has cell metadata of its own; the standalone edition is made of templates."
        )
    if taken := [title for title in added_sheets.TITLES if title in package.sheets]:
        raise WorkbookError(f"{package.label} has a sheet {taken[0]}, as the standalone edition adds one: rename yours")
    kit = read()
    workbook = package.read(package.workbook_part)
    sheets, names = added_sheets.sheets(package, kit, answers, own)
    changed = {part: _calling(package.read(part), kit, _dxf_count(package)) for part in package.sheets.values()}
    cover = package.sheets.get("Cover")
    if cover and b'<c r="D4"' not in changed[cover]:
        note = f'<c r="D4" t="inlineStr"><is><t>{escape_string(_NOTE)}</t></is></c>'.encode()
        changed[cover] = _NOTE_PLACE.sub(lambda found: found[1] + note, changed[cover], count=1)
    if cover:
        changed[cover] = cover_list.listed(package, changed[cover], _NOTES, added_sheets.PURPOSES)
    styles = next(part for kind, part in package.related(package.workbook_part) if kind == "styles")
    changed[styles] = _with_dxf(package.read(styles))
    names = {_MARK: "TRUE", **names}
    first = 1 + max(int(n) for n in re.findall(rb'sheetId="(\d+)"', workbook))
    listed = "".join(
        f'<sheet name="{name}" sheetId="{first + i}" state="visible" r:id="xlcalc{i}" />'
        for i, name in enumerate(sheets)
    )
    defined = "".join(f'<definedName name="{name}">{escape(text)}</definedName>' for name, text in names.items())
    workbook = workbook.replace(b"</sheets>", f"{listed}</sheets>".encode(), 1)
    if b"</definedNames>" in workbook:
        workbook = workbook.replace(b"</definedNames>", f"{defined}</definedNames>".encode(), 1)
    else:
        workbook = workbook.replace(b"</sheets>", f"</sheets><definedNames>{defined}</definedNames>".encode(), 1)
    changed[package.workbook_part] = workbook
    added = {f"xl/worksheets/xlcalc{i}.xml": content for i, content in enumerate(sheets.values())}
    if not metadata:
        added["xl/metadata.xml"] = _METADATA
    return Package(_packed(package, {**changed, **_related(package, [*added])}, added), package.label)


def with_own_rows(package: Package) -> Package:
    """A standalone workbook with the columns of the user's own models and machines; its searches stay."""
    return Package(_packed(package, added_sheets.with_own_rows(package), {}), package.label)


def addin(package: Package) -> Package:
    """The workbook without what `standalone` added, whichever program saved it since: its sheets are known by their
    titles, for parts and their keys have other names then."""
    if not is_standalone(package):
        return package
    changed: dict[str, bytes | None] = {}
    gone = {package.sheets[title] for title in added_sheets.TITLES if title in package.sheets}
    for sheet, part in package.sheets.items():
        if part not in gone:
            xml = _NO_RULES.sub(b"", _RULE.sub(b"", package.read(part)))
            changed[part] = _CALLED.sub(rb'<c r="\1"\2><f>', xml)
            if sheet == "Cover":
                changed[part] = cover_list.without(package, changed[part] or b"", {*_NOTES, *added_sheets.TITLES})
            if sheet == "Cover" and str(package.value(sheet, "D4")).startswith(_NOTE_STARTS):
                changed[part] = re.sub(rb'<c r="D4"[^>]*>.*?</c>', b"", changed[part] or b"", count=1, flags=re.DOTALL)
    styles = next(part for kind, part in package.related(package.workbook_part) if kind == "styles")
    changed[styles] = _without_dxf(package.read(styles))
    titles = "|".join(added_sheets.TITLES).encode()
    workbook = re.sub(rb'<sheet [^>]*?name="(?:%b)"[^>]*?/>' % titles, b"", package.read(package.workbook_part))
    workbook = re.sub(rb'<definedName name="(?:LLM_|xlcalc_)[^>]*>[^<]*</definedName>', b"", workbook)
    changed[package.workbook_part] = workbook.replace(b"<definedNames></definedNames>", b"")
    if not any(_CELL_METADATA.search(xml) for part, xml in changed.items() if xml and part not in gone):
        gone |= {part for kind, part in package.related(package.workbook_part) if kind == "sheetMetadata"}
    for part in [*gone]:
        folder, _, name = part.rpartition("/")
        gone |= {f"{folder}/_rels/{name}.rels"} & {*package.parts}
    changed[_RELATIONS_PART] = _without(
        rb"<Relationship [^>]*?/>", rb'Target="/?(?:xl/)?([^"]*)"', package.read(_RELATIONS_PART), gone
    )
    changed[_TYPES_PART] = _without(
        rb"<Override [^>]*?/>", rb'PartName="/(?:xl/)?([^"]*)"', package.read(_TYPES_PART), gone
    )
    return Package(_packed(package, {**changed, **dict.fromkeys(gone)}, {}), package.label)


def _without(element: bytes, named: bytes, xml: bytes, gone: set[str]) -> bytes:
    """A list of parts without those that are gone; each is named by its place in `xl`."""
    places = {part.removeprefix("xl/") for part in gone}

    def kept(found: re.Match[bytes]) -> bytes:
        name = re.search(named, found[0])
        return b"" if name and name[1].decode() in places else found[0]

    return re.sub(element, kept, xml)


def _calling(xml: bytes, kit: Stored, dxf: int) -> bytes:
    """A sheet whose formulas call the functions of the workbook; those that search are marked."""
    marked: list[str] = []

    def dynamic(found: re.Match[bytes]) -> bytes:
        if any(name not in kit.answered for name in re.findall(r"\bLLM_[A-Z_]+(?=\()", found[3].decode())):
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
        return styles.replace(b"<tableStyles", _NO_DXFS + _DXF + b"</dxfs><tableStyles", 1)
    count = b'<dxfs count="%d">' % (int(found[1]) + 1)
    if found[2]:
        return styles.replace(found[0], count + _DXF + b"</dxfs>", 1)
    return styles.replace(found[0], count, 1).replace(b"</dxfs>", _DXF + b"</dxfs>", 1)


def _without_dxf(styles: bytes) -> bytes:
    styles = styles.replace(_NO_DXFS + _DXF + b"</dxfs>", b"")
    found = re.search(rb'<dxfs count="(\d+)">', styles)
    if found is None or _DXF not in styles:
        return styles
    left = int(found[1]) - 1
    if not left:
        return styles.replace(found[0] + _DXF + b"</dxfs>", b'<dxfs count="0" />', 1)
    return styles.replace(found[0], b'<dxfs count="%d">' % left, 1).replace(_DXF, b"", 1)


def _related(package: Package, added: Sequence[str]) -> dict[str, bytes]:
    """The lists of parts with what is added."""
    more = content = ""
    for part in added:
        kind, key = ("worksheet", part[14:-4]) if "/worksheets/" in part else ("sheetMetadata", "xlcalcmetadata")
        more += f'<Relationship Type="{_RELATIONS}/{kind}" Target="/{part}" Id="{key}" />'
        content += f'<Override PartName="/{part}" ContentType="{_TYPES}.{kind}+xml" />'
    return {
        _RELATIONS_PART: package.read(_RELATIONS_PART).replace(
            b"</Relationships>", f"{more}</Relationships>".encode(), 1
        ),
        _TYPES_PART: package.read(_TYPES_PART).replace(b"</Types>", f"{content}</Types>".encode(), 1),
    }


def _packed(package: Package, changed: dict[str, bytes] | dict[str, bytes | None], added: dict[str, bytes]) -> bytes:
    """The file with parts changed, added, or, where they are None, left out."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in [*package.parts, *added]:
            content = (
                added[name] if name in added else changed.get(name, b"") if name in changed else package.read(name)
            )
            if content is None:
                continue
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            archive.writestr(entry, content, compresslevel=6)
    return buffer.getvalue()
