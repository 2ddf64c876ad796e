"""The Sources sheet: what the figures shown rest on, and the formulas behind the functions that are used. Beside it, in
a budget, the sheet of all sources that its catalogs cite."""

from __future__ import annotations

import re

from openpyxl.formatting.rule import FormulaRule
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet

import xlcalc

from .. import style
from ..book import Book, Source

FIRST = 6
CATALOG_SHEETS = ("Hardware", "Prices", "Models", "API prices")
_WIDTHS: list[float] = [34, 92, 100, 12, 26]
_HEADS = ["Source", "What it is", "Address", "Date", "Used on"]
_LEFT = ("What it is", "Address", "Date", "Used on")
_SHOWN = 16
"""Lines for the sources of the model, the accelerator and the prices shown."""
_FROM = FIRST + 6  # of the list on the sheet of all
_OWN = Source(
    "your own",
    "Rows of your own on Models and Hardware, from your catalog or typed: your config.json, your data sheet",
    "xlcalc models add, xlcalc hardware add", "–",
)  # fmt: skip
_OWN_SHOWN = {
    "used_model": 'ISNUMBER(FIND(";the user\'s ",used_model))*1',
    "used_hardware": '(SUBSTITUTE(used_hardware,";","")="")*1',
}
"""Is the model or accelerator shown such a row? One of the user's hardware has no source."""
_COMPARED = (
    "SUMPRODUCT((prices_source={key})*(prices_accelerator=accelerator_id)*(prices_count>=price_least_size)"
    "*({listed}>0)*((prices_own>0)+(price_own_rows=0)>0))"
)


def build(book: Book) -> Worksheet:
    """In a budget what its figures rest on, beside a sheet of all that its catalogs cite; else all on one sheet."""
    used = _functions_used(book)
    cited = sorted(book.cited.items(), key=lambda item: (item[1][1][0] != "Inputs", item[0].lower()))
    whole = {key: one for key, one in cited if not book.has_cases or set(one[1]) - set(CATALOG_SHEETS)}
    rest = {key: one for key, one in cited if set(one[1]) & set(CATALOG_SHEETS)} if book.has_cases else {}
    places = _catalogs(book, rest) if rest else {}
    sheet = book.sheet(
        "Sources",
        "What the figures shown rest on." if rest
        else "Where every figure comes from. Keys stand in the Source columns of the catalog sheets.",
        _WIDTHS, color=style.GREY, freeze="B6", repeated_rows="1:5",
    )  # fmt: skip
    style.headings(sheet, FIRST - 1, _HEADS, _LEFT)
    row = FIRST
    if rest:
        style.section(sheet, row, "Of the model, the accelerator and the prices shown", len(_WIDTHS))
        row = _shown(sheet, row + 1) + 1
        style.section(sheet, row, "Of the assumptions, and what they are compared with", len(_WIDTHS))
        row += 1
    for key, (source, sheets) in whole.items():
        _row(sheet, row, key, source, [one for one in sheets if one not in CATALOG_SHEETS or not rest])
        if "Inputs" in sheets:
            _typed(sheet, row)
        places[key] = places.get(key, f"Sources!A{row}")
        row += 1
    for cell, key in book.source_cells:
        style.link(cell, location=places[key])
    if used:
        _formulas(sheet, row + 1, used)
    return sheet


def _row(sheet: Worksheet, row: int, key: str, source: Source, sheets: list[str]) -> None:
    style.text(sheet, row, 1, key)
    style.note(sheet, row, 2, source.title)
    address = style.text(sheet, row, 3, source.address, size=8)
    if source is not _OWN:
        style.link(address, source.address)
    style.text(sheet, row, 4, source.when)
    style.text(sheet, row, 5, ", ".join(sheets))
    for column in range(1, len(_WIDTHS) + 1):
        sheet.cell(row, column).border = style.underline()


def _typed(sheet: Worksheet, row: int) -> None:
    """Inputs rest on a source as long as one of them says so: what the reader types does not."""
    cell = sheet.cell(row, 5)
    others = str(cell.value).replace("Inputs, ", "").replace("Inputs", "none: typed otherwise")
    style.formula(sheet, row, 5, f'=IF(SUMPRODUCT((inputs_source=$A{row})*1)>0,"{cell.value}","{others}")')


def _catalogs(book: Book, cited: dict[str, tuple[Source, list[str]]]) -> dict[str, str]:
    """The sheet of all sources that the catalogs cite, and which of them the figures shown rest on; the place of each."""
    sheet = book.sheet(
        "Catalog sources", "All that the catalog sheets cite; In use: what the model, accelerator and prices shown rest on.",
        [*_WIDTHS, 10, 10], color=style.GREY, freeze=f"B{_FROM}", repeated_rows=f"1:{_FROM - 1}",
    )  # fmt: skip
    names = book.workbook.defined_names
    keys = []
    for row, (name, label, needed, content) in enumerate(
        (
            ("used_hardware", "Keys of the accelerator shown", "accelerator_row",
             '&";"&'.join(f"INDEX(hardware_sources,accelerator_row,{'+'.join('1' * column)})" for column in range(1, 5))),
            ("used_model", "Keys of the model shown", "model_id", "INDEX(models_source,MATCH(model_id,models_list,0))"),
            ("used_api", "Keys of the hosted model shown", "api_row", "INDEX(api_source,api_row)"),
        ), FIRST,
    ):  # fmt: skip
        if needed not in names:
            continue
        style.text(sheet, row, 1, label)
        text = f'=";"&IFERROR(SUBSTITUTE({content},"; ",";"),"")&";"'
        style.formula(sheet, row, 2, text).font = style.font(9, color=style.GREY)
        book.name(name, sheet, row, 2)
        keys.append(name)
    style.headings(sheet, _FROM - 1, [*_HEADS, "In use", "Number"], _LEFT)
    places = {}
    listed_sources = {**cited, _OWN.key: (_OWN, ["Models", "Hardware"])}
    for row, (key, (source, sheets)) in enumerate(listed_sources.items(), _FROM):
        _row(sheet, row, key, source, [one for one in sheets if one in CATALOG_SHEETS])
        places[key] = f"'Catalog sources'!A{row}"
        tests = [f'ISNUMBER(FIND(";"&$A{row}&";",{name}))*1' for name in keys]
        if source is _OWN:
            tests = [own for name, own in _OWN_SHOWN.items() if name in keys]
        if "Prices" in sheets:
            terms = [term for term in ("on_demand", "1y", "3y", "spot") if f"listed_{term}_used" in names]
            listed = "+".join(f"(prices_{term}>0)*listed_{term}_used" for term in terms)
            used = "+".join(f"listed_{term}_used" for term in terms)
            tests.append(
                f'IF({used}=0,0,IF(instance_shown="–",{_COMPARED.format(key=f"$A{row}", listed=listed)},'
                f"(INDEX(prices_source,MATCH(instance_shown,prices_list,0))=$A{row})*1))"
            )
        style.formula(sheet, row, 6, f"=IF({'+'.join(tests)}>0,1,0)", '[=1]"yes";"–"').alignment = style.aligned(
            "center"
        )
        above = f"SUM(F${_FROM - 1}:F{row})"
        style.formula(sheet, row, 7, f'=IF(F{row}=1,{above},"–")', "0").alignment = style.aligned("center")
    last = _FROM + len(listed_sources) - 1
    for name, column in (("catalog_sources", 1), ("catalog_in_use", 6), ("catalog_numbers", 7)):
        book.name(name, sheet, _FROM, column, (last, 5 if column == 1 else column))
    sheet.auto_filter.ref = f"A{_FROM - 1}:G{last}"
    rule = FormulaRule(formula=[f"$F{_FROM}=1"], fill=style.fill("D6EAD7"))
    sheet.conditional_formatting.add(f"A{_FROM}:G{last}", rule)
    return places


def _shown(sheet: Worksheet, row: int) -> int:
    """The sources in use on the sheet of all, one after the other; the row after them."""
    first = row
    for row in range(first, first + _SHOWN):
        number = f"ROW()-ROW(A${first - 1})"
        for column in range(1, len(_WIDTHS) + 1):
            content = f'=IF({number}>SUM(catalog_in_use),"–",INDEX(catalog_sources,MATCH({number},catalog_numbers,0),COLUMN()))'
            cell = style.formula(sheet, row, column, content)
            cell.alignment = style.aligned("left", wrap=column == 2, indent=int(column > 1))
            cell.font = style.font(9, color=style.GREY) if column > 1 else style.font()
            cell.border = style.underline()
        sheet.row_dimensions[row].height = 38
    row += 1
    more, all_of_them = "more stand on Catalog sources, in green", "what else the catalog sheets cite: Catalog sources"
    content = f'=IF(SUM(catalog_in_use)>ROWS(A{first}:A{row - 1}),"{more}","{all_of_them}")'
    style.formula(sheet, row, 1, content).font = style.font(9, color=style.GREY)
    return row + 1


def _formulas(sheet: Worksheet, row: int, used: list[str]) -> None:
    style.section(sheet, row, "Functions used, and where their formulas come from", len(_WIDTHS))
    for declaration in xlcalc.functions():
        if declaration.name not in used:
            continue
        row += 1
        style.text(sheet, row, 1, declaration.name)
        style.note(sheet, row, 2, declaration.summary)
        style.note(sheet, row, 3, declaration.source)
        for column in range(1, len(_WIDTHS) + 1):
            sheet.cell(row, column).border = style.underline()


def _functions_used(book: Book) -> list[str]:
    found: set[str] = set()
    for sheet in book.workbook:
        for cells in sheet.iter_rows():
            for cell in cells:
                content = cell.value.text if isinstance(cell.value, ArrayFormula) else cell.value
                if isinstance(content, str) and cell.data_type == "f":
                    found.update(re.findall(r"LLM_\w+", content))
    return sorted(found)
