"""The Hardware sheet: the accelerator catalog as values, and rows for the user's own."""

from __future__ import annotations

from openpyxl.worksheet.worksheet import Worksheet

from xlcalc.catalog import tables

from .. import style
from ..book import Book

HEAD, FIRST = 6, 7
OWN_ROWS = 10
DTYPES = ("fp32", "tf32", "bf16", "fp16", "fp8", "fp4", "int8", "int4")

_PEAKS = [f"peak_{dtype}_{'tops' if dtype.startswith('int') else 'tflops'}" for dtype in DTYPES]
_FIGURE = "#,##0.0###"
# catalog column, heading, width, number format
COLUMNS = [
    ("id", "Accelerator", 25, style.GENERAL),
    ("name", "Name", 74, style.GENERAL),
    ("vendor", "Vendor", 15, style.GENERAL),
    ("kind", "Kind", 7, style.GENERAL),
    ("released", "Released", 10, style.GENERAL),
    *((column, dtype, 9, _FIGURE) for column, dtype in zip(_PEAKS, DTYPES, strict=True)),
    ("achievable_bf16_tflops", "bf16 measured", 10, _FIGURE),
    ("memory_gb", "Memory, GB", 10, _FIGURE),
    ("bandwidth_gb_s", "Memory bandwidth, GB/s", 12, _FIGURE),
    ("scale_up_gb_s", "Scale-up link, GB/s", 11, _FIGURE),
    ("scale_up_domain", "Devices in it", 9, _FIGURE),
    ("scale_out_gb_s", "Scale-out link, GB/s", 11, _FIGURE),
    ("devices_per_node", "Devices a node", 9, _FIGURE),
    ("tdp_w", "Power (TDP), W", 10, _FIGURE),
    ("peak_source", "Source of peaks", 34, style.GENERAL),
    ("achievable_source", "Source of measured", 30, style.GENERAL),
    ("device_source", "Source of memory, bandwidth, power", 40, style.GENERAL),
    ("link_source", "Source of links", 30, style.GENERAL),
    ("as_of", "As of", 12, style.GENERAL),
]
_LEFT = ("Name", "Vendor", "Kind")
_NAMES = [column for column, *_ in COLUMNS]
_SOURCES = ("peak_source", "achievable_source", "device_source", "link_source")


def build(book: Book, *, own_rows: bool) -> Worksheet:
    sheet = book.sheet(
        "Hardware",
        "Accelerators as their makers publish them: dense peaks, links per direction, blank = not published."
        + (" Add your own in the yellow rows at the end." if own_rows else ""),
        [width for _, _, width, _ in COLUMNS],
        color=style.TEAL, freeze=f"B{FIRST}", repeated_rows=f"1:{HEAD}", pages_wide=2,
    )  # fmt: skip
    first_peak = _column(_PEAKS[0])
    band = style.text(sheet, HEAD - 1, first_peak, "Dense peak by number format, TFLOP/s (TOP/s)", bold=True,
                      color=style.NAVY)  # fmt: skip
    band.alignment = style.aligned()
    style.headings(sheet, HEAD, [heading for _, heading, _, _ in COLUMNS], _LEFT)
    rows = tables.rows("accelerators")
    for row, record in enumerate(rows, FIRST):
        for column, (name, _, _, number_format) in enumerate(COLUMNS, 1):
            if name in _SOURCES:
                cell = style.note(sheet, row, column, record[name].replace(";", "; "))
                book.cite_catalog(cell)
            elif number_format == style.GENERAL or not record[name]:
                cell = style.text(sheet, row, column, record[name] or None)
            else:
                number = float(record[name])
                cell = style.value(sheet, row, column, tables.cell(record[name]), style.decimals(number))
            cell.border = style.underline()
    last = FIRST + len(rows) - 1
    if own_rows:
        _own_rows(sheet, last + 1)
    sheet.auto_filter.ref = f"A{HEAD}:{sheet.cell(HEAD, len(COLUMNS)).column_letter}{last}"
    _names(book, sheet, last + (OWN_ROWS if own_rows else 0))
    return sheet


def _own_rows(sheet: Worksheet, first: int) -> None:
    for row in range(first, first + OWN_ROWS):
        for column, (_, _, _, number_format) in enumerate(COLUMNS, 1):
            cell = style.entry(sheet, row, column, None)
            cell.alignment = style.aligned("left" if number_format == style.GENERAL else "right")


def _names(book: Book, sheet: Worksheet, last: int) -> None:
    first_peak, last_peak = _column(_PEAKS[0]), _column(_PEAKS[-1])
    book.name("hardware_list", sheet, FIRST, 1, (last, 1))
    book.name("hardware_peaks", sheet, FIRST, first_peak, (last, last_peak))
    book.name("hardware_sources", sheet, FIRST, _column(_SOURCES[0]), (last, _column(_SOURCES[-1])))
    book.name("hardware_dtypes", sheet, HEAD, first_peak, (HEAD, last_peak))
    for name, column in (("hardware_memory_gb", "memory_gb"), ("hardware_tdp_w", "tdp_w"), ("hardware_names", "name")):
        book.name(name, sheet, FIRST, _column(column), (last, _column(column)))


def _column(name: str) -> int:
    return _NAMES.index(name) + 1
