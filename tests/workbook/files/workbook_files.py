"""Workbook files for the tests of reading, changing and recalculating them."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import xlsxwriter

UNKNOWN_PART = "xl/unknown/part.bin"
UNKNOWN_BYTES = bytes(range(256)) * 3


def rich_workbook(path: Path) -> Path:
    """A workbook as people make them: styles, a chart, an image, comments, validation, names, a table, array formulas,
    every kind of input, and a part that no program knows."""
    book = xlsxwriter.Workbook(str(path))
    inputs, results = book.add_worksheet("In put"), book.add_worksheet("Calc")
    blue = book.add_format({"font_color": "blue", "bg_color": "#FFFFCC", "num_format": "#,##0.00"})
    bold = book.add_format({"bold": True})
    inputs.write_row("A1", ["item", "amount", "flag"], bold)
    for row, (name, amount) in enumerate([("a", 1), ("b", 2.5), ("c", 0), ("d", None), ("ünï & <é>", 7)], start=2):
        inputs.write(f"A{row}", name)
        if amount is not None:
            inputs.write(f"B{row}", amount, blue)
        else:
            inputs.write_blank(f"B{row}", None, blue)
    inputs.write("C2", True)
    inputs.write("C3", False)
    inputs.write_string("C4", "5")
    inputs.write_comment("B2", "what it is")
    inputs.data_validation("C6", {"validate": "list", "source": "=$A$2:$A$6"})
    inputs.conditional_format("B2:B6", {"type": "cell", "criteria": ">", "value": 2, "format": bold})
    inputs.insert_image("H2", "dot.png", {"image_data": io.BytesIO(_png())})
    inputs.add_table(
        "E1:F4",
        {
            "name": "Prices",
            "columns": [{"header": "id"}, {"header": "usd per hour"}],
            "data": [["x", 2], ["y", 3], ["z", 4]],
        },
    )
    book.define_name("rate", "='In put'!$B$2")
    book.define_name("amounts", "='In put'!$B$2:$B$6")
    book.define_name("Calc!local", "=Calc!$A$1")
    results.write_formula("A1", "=rate*10", blue)
    results.write_formula("A2", "=SUM(amounts)")
    results.write_formula("A3", '=IF(A2>5,"big","small")')
    results.write_formula("A4", "=A2>5")
    results.write_formula("A5", "=1/'In put'!B4")
    chart = book.add_chart({"type": "column"})
    chart.add_series({"categories": "='In put'!$A$2:$A$6", "values": "='In put'!$B$2:$B$6"})
    results.insert_chart("H2", chart)
    book.close()
    add_part(path, UNKNOWN_PART, UNKNOWN_BYTES)
    return path


def formulas_workbook(path: Path, *formulas: str, inputs: dict[str, object] | None = None) -> Path:
    """Formulas in column A of sheet S, one a row; `inputs` are other cells of that sheet."""
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("S")
    for row, formula in enumerate(formulas):
        sheet.write_formula(row, 0, formula, None, "before")
    for cell, value in (inputs or {}).items():
        sheet.write(cell, value)
    book.close()
    return path


def sheet_workbook(rows: str, names: str = "", prefix: str = "") -> bytes:
    """A minimal workbook with one sheet, S, from the XML of its rows."""
    p = f"{prefix}:" if prefix else ""
    space = f'xmlns{":" + prefix if prefix else ""}="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r" Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        f'xmlns:r="{relations}"><sheets><sheet name="S" sheetId="1" r:id="r"/></sheets>'
        f"<definedNames>{names}</definedNames></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r" Type="{relations}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f"<{p}worksheet {space}><{p}sheetData>{rows}</{p}sheetData></{p}worksheet>",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 2, 3, 4, 5, 6)), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def add_part(path: Path, name: str, content: bytes) -> None:
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, (2001, 2, 3, 4, 5, 6)), content)


def members(data: bytes | Path) -> dict[str, bytes]:
    """Name and content of every member, in order."""
    with zipfile.ZipFile(io.BytesIO(data) if isinstance(data, bytes) else data) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def _png() -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0"))
        + chunk(b"IEND", b"")
    )
