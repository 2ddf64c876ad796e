"""The user's own models, accelerators and prices in a workbook: below our models; in the yellow rows of the others, or
over the row of the same id."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from xlcalc.catalog import models, tables, user

from .files.cells_xml import CellValue
from .files.package import Package
from .listed import range_named
from .settings import EPOCH

_OWN_PRICE, _PRICE = "own", "on_demand_usd_per_hour"


def fill(package: Package) -> list[str]:
    """Put them into a template, and say what of them is not in it, in sentences. The cells that read them keep the
    values that they had."""
    listed = [row for row in tables.rows("prices") if row not in tables.shipped("prices")]
    given = [{**row, _OWN_PRICE: row[_PRICE]} for row in listed if user.is_own(row)]
    said = [*fill_specifications(package), *_fill(package, "prices_list", "prices", given)]
    if len(given) < len(listed):
        said.append(
            "a template does not have the prices that prices refresh fetched: give the one you need to prices add"
        )
    return said


def fill_specifications(package: Package) -> list[str]:
    """The same of models and accelerators alone."""
    _below_models(package)
    own = [row for row in tables.rows("accelerators") if row not in tables.shipped("accelerators")]
    return _fill(package, "hardware_list", "accelerators", own)


def _below_models(package: Package) -> None:
    """Put the models into rows below those of the list, which look like its last, and make its names longer."""
    place = range_named(package.names, "models_list")
    if place is None:
        return
    from .templates.sheets.models import own_row

    sheet, area = place
    present = package.rows(sheet)
    places = {present.get(row, {}).get(1): row for row in range(area.top, area.bottom + 1)}
    new = [row["id"] for row in tables.rows("models") if user.is_own(row) and row["id"] not in places]
    if not new:
        return
    bottom = area.bottom + len(new)
    cells = {
        (row, column): value
        for row, name in enumerate(new, area.bottom + 1)
        for column, value in enumerate(own_row(models.by_id(name)), 1)
    }
    package.place(sheet, cells)
    part = package.sheets[sheet]
    xml = package.read(part)
    for letters, look in re.findall(rb'<c r="([A-Z]+)%d"[^>]*? (s="\d+")' % area.bottom, xml):
        rows = b"|".join(b"%d" % row for row in range(area.bottom + 1, bottom + 1))
        xml = re.sub(rb'<c r="(%b(?:%b))"' % (letters, rows), rb'<c r="\1" ' + look, xml)
    package.replace(part, xml)
    names = rb"(<definedName [^>]*name=\"models_\w+\"[^>]*>[^<]*\$)%d(</)" % area.bottom
    workbook = package.read(package.workbook_part)
    package.replace(package.workbook_part, re.sub(names, rb"\g<1>%d\2" % bottom, workbook))


def _formats(catalog: str) -> dict[str, str]:
    """The columns of a catalog's sheet, from the first, and how they show what is in them."""
    from .templates import style  # imports openpyxl, which a report without rows of the user does not need
    from .templates.sheets import hardware, prices

    if catalog == "accelerators":
        return {name: number_format for name, _, _, number_format in hardware.COLUMNS}
    return {**{name: number_format for name, _, _, number_format in prices.COLUMNS}, _OWN_PRICE: style.TENTHS}


def _fill(package: Package, name: str, catalog: str, rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Put the rows of a catalog into the sheet of this range."""
    place = range_named(package.names, name)
    if not rows or place is None:
        return []
    sheet, area = place
    present = package.rows(sheet)
    ids = {present.get(row, {}).get(1): row for row in range(area.top, area.bottom + 1)}
    blank = [row for row in range(area.top, area.bottom + 1) if 1 not in present.get(row, {})]
    cells: dict[tuple[int, int], CellValue] = {}
    formats = _formats(catalog)
    left = []
    for record in rows:
        row = ids.get(record["id"]) or (blank.pop(0) if blank else None)
        if row is None:
            left.append(record["id"])
            continue
        for column, (field, number_format) in enumerate(formats.items(), 1):
            cells[row, column] = _content(record[field], number_format)
    package.place(sheet, cells)
    said = f"{len(left)} {catalog} of your own have no room in the yellow rows of {sheet}: {', '.join(left[:10])}"
    return [said] if left else []


def _content(text: str, number_format: str) -> CellValue:
    """A field of a catalog as its cell holds it."""
    from .templates import style

    if not text or number_format == style.GENERAL:
        return text or None
    return (date.fromisoformat(text) - EPOCH).days if number_format == style.DATE else tables.cell(text)
