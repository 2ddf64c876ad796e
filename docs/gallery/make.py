"""Writes the gallery: `python docs/gallery/make.py [NAME]...` makes each job's workbook, calculated without Excel, its
picture, and the page that shows them all. The jobs themselves are data: jobs.py."""

from __future__ import annotations

import io
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.chart import LineChart, Reference
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.properties import PageSetupProperties

from xlcalc.catalog import tables
from xlcalc.files import write_atomically
from xlcalc.pages import charts
from xlcalc.workbook.files.recalc import Recalculation, recalculate
from xlcalc.workbook.listed import cell_functions
from xlcalc.workbook.templates import charts as excel_charts
from xlcalc.workbook.templates import style
from xlcalc.workbook.templates.build import packed

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from jobs import ANY, JOBS, Job  # noqa: E402 (beside this file, wherever it is run from)

SHEET = "Job"
_FIRST = 4  # row of the first input


def workbook(job: Job) -> Recalculation:
    """A job's workbook, calculated."""
    book = Workbook()
    book.properties.created = datetime(2026, 11, 28)
    sheet = book.active
    sheet.title = SHEET
    sheet.sheet_view.showGridLines = False
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet["A1"], sheet["A2"] = job.title, job.question
    sheet["A1"].font, sheet["A2"].font = style.font(16, bold=True, color=style.NAVY), style.font(11)
    row = _heading(sheet, _FIRST - 1, ["Given", "", ""])
    for label, name, value, unit in job.inputs:
        sheet.cell(row, 1, label), sheet.cell(row, 2, value), sheet.cell(row, 3, unit)
        _given(sheet.cell(row, 2))
        sheet.cell(row, 2).number_format = "0.0E+00" if isinstance(value, float) and value > 1e9 else ANY
        book.defined_names[name] = DefinedName(name, attr_text=f"{SHEET}!$B${row}")
        row += 1
    results = _heading(sheet, row + 1, ["Results", ""])
    first = results + len(job.results) + 2
    last = first + len(job.table.rows) - 1
    for n, (label, formula, look) in enumerate(job.results):
        sheet.cell(results + n, 1, label), sheet.cell(results + n, 2, formula.format(first=first, last=last))
        sheet.cell(results + n, 2).number_format = look
    if job.table.spilled:
        rows, columns = job.table.size
        place = f"A{first - 1}:{sheet.cell(first - 2 + rows, columns).coordinate}"
        _heading(sheet, first - 1, [""] * columns)
        sheet.cell(first - 1, 1).value = ArrayFormula(place, job.table.spilled)
        for column, look in enumerate(job.table.formats, 1):
            for below in range(first, first - 1 + rows):
                sheet.cell(below, column).number_format = look
    else:
        _heading(sheet, first - 1, job.table.headers)
        for at, values in enumerate(job.table.rows, first):
            for column, (value, look) in enumerate(zip(values, job.table.formats, strict=True), 1):
                cell = sheet.cell(at, column, value.format(r=at) if isinstance(value, str) else value)
                cell.number_format = look
                if cell.data_type != "f":
                    _given(cell)
        _chart(sheet, job, first, last)
    sheet.cell(max(last, first + job.table.size[0]) + 2, 1, job.reading).font = style.font(
        italic=True, color=style.GREY
    )
    for column, width in zip("ABCDEFGH", (34, 22, 22, 18, 22, 26, 22, 22), strict=True):
        sheet.column_dimensions[column].width = width
    buffer = io.BytesIO()
    book.save(buffer)
    return recalculate(buffer.getvalue(), cell_functions())


def _given(cell: Any) -> None:
    """What may be changed: blue on yellow, as in the templates."""
    cell.font, cell.fill = style.font(color=style.INPUT_FONT), style.fill(style.YELLOW)


def _chart(sheet: Any, job: Job, first: int, last: int) -> None:
    """Excel's own chart of what the picture shows, below the table."""
    categories = Reference(sheet, min_col=(*job.picture.named, 0)[0] + 1, min_row=first, max_row=last)
    series = [
        (job.table.headers[c], Reference(sheet, min_col=c + 1, min_row=first, max_row=last))
        for c in job.picture.columns
    ]
    if job.picture.kind == "bars":
        chart = excel_charts.bars(sheet, job.picture.about, categories, series, horizontal=True, legend=False,
                                  number_format=ANY)  # fmt: skip
        chart.y_axis.scaling.min = 0  # a bar's length is its amount
    else:
        chart = LineChart()
        excel_charts.lines(chart, job.picture.about, categories, series, job.picture.across, "")
        chart.y_axis.number_format = ANY
    excel_charts.place(sheet, chart, f"A{last + 5}", f"D{last + 22}")


def _heading(sheet: Any, row: int, texts: Any) -> int:
    """A row of headers; the row below it."""
    for column, text in enumerate(texts, 1):
        cell = sheet.cell(row, column, text)
        cell.font, cell.fill = style.font(bold=True, color=style.WHITE), style.fill(style.NAVY)
    return row + 1


def table(job: Job, calculated: Recalculation) -> list[list[Any]]:
    """The values of a job's table with its headers."""
    top = _FIRST + len(job.inputs) + 1 + 1 + len(job.results) + 1
    rows, columns = job.table.size if job.table.spilled else (len(job.table.rows) + 1, len(job.table.headers))
    package = calculated.package
    return [
        [package.value(SHEET, f"{chr(65 + column)}{top + row}") for column in range(columns)] for row in range(rows)
    ]


def results(job: Job, calculated: Recalculation) -> list[Any]:
    """The values of a job's results."""
    top = _FIRST + len(job.inputs) + 2
    return [calculated.package.value(SHEET, f"B{top + n}") for n in range(len(job.results))]


def picture(job: Job, calculated: Recalculation) -> str:
    """What a job's picture shows, as SVG."""
    headers, *rows = table(job, calculated)
    about = job.picture.about
    if job.picture.kind == "bars":
        (column,) = job.picture.columns
        named = job.picture.named or (0,)
        names = [_shown(row[named[0]]) for row in rows]
        if len(named) > 1:
            names = [", ".join(f"{headers[c]} {_shown(row[c])}" for c in named) for row in rows]
        return charts.picture(charts.bars(about, about, list(zip(names, [row[column] for row in rows], strict=True))))
    drawn = [
        charts.Line(headers[c], [(row[0], row[c]) for row in rows], ["", *[""] * (len(rows) - 2), headers[c]])
        for c in job.picture.columns
    ]
    return charts.picture(charts.lines(about, charts.Axis(job.picture.across), charts.Axis(about), drawn))


def _shown(value: Any) -> str:
    return f"{value:,g}" if isinstance(value, (int, float)) else str(value)


def page() -> str:
    """The gallery's page."""
    lines = [
        "# Gallery", "",
        "Worked jobs, each a small workbook: change a yellow cell, and Excel with the functions, LibreOffice or",
        "`xlcalc recalc FILE` calculates it again. `python docs/gallery/make.py` writes them all from [data](jobs.py).",
        "",
    ]  # fmt: skip
    for job in JOBS:
        lines += [f"## {job.title}", "", f"{job.question} [{job.name}.xlsx]({job.name}.xlsx)", ""]
        lines += [f"![{job.picture.about}]({job.name}.svg)", "", f"*{job.picture.about}*", ""]
        shown = next((text for row in job.table.rows for text in row if str(text).startswith("=")), "")
        formula = job.formula or job.table.spilled or shown.format(r="…") or job.results[0][1]
        lines += [f"`{formula}`", "", job.reading, ""]
    return "\n".join(lines)


def made() -> dict[Path, bytes]:
    """Every file of the gallery with its content."""
    found: dict[Path, bytes] = {}
    as_of = date.fromisoformat(max(row["as_of"] for row in tables.shipped("prices")))
    for job in JOBS:
        calculated = workbook(job)
        if not calculated.ok:
            raise ValueError(f"{job.name}: {[*calculated.errors, *calculated.not_calculated][:3]}")
        found[HERE / f"{job.name}.xlsx"] = packed(calculated.package.to_bytes(), as_of)
        found[HERE / f"{job.name}.svg"] = picture(job, calculated).encode()
    return {**found, HERE / "README.md": page().encode()}


if __name__ == "__main__":
    for path, data in made().items():
        write_atomically(path, data)
        print(path.relative_to(HERE))
