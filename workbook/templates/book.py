"""A template in the making: the workbook, its defined names, what its Cover lists, and the sources it cites."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.utils.indexed_list import IndexedList
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.workbook.properties import CalcProperties
from openpyxl.worksheet.worksheet import Worksheet

from xlcalc.catalog import tables

from ..listed import Listed
from . import style

NAVIGATION = (
    "Cover",
    "Dashboard",
    "Inputs",
    "Scenarios",
    "Calculation",
    "Timeline",
    "Sensitivity",
    "Checks",
    "Sources",
)
_DROPPED = ("Sensitivity", "Sources", "Calculation", "Timeline", "Scenarios", "Cover")
"""Of them, what a sheet of few columns does not link to, first what it misses least."""
_NAVIGATION_ROW = 4
CATALOGS = ("accelerators", "models", "prices")
_CURRENT_EXCEL = 191029  # an older number makes Excel recalculate on opening, which loses the values without the add-in


class Source(NamedTuple):
    """Where a figure comes from: a short key, the title, the address, and the date of the source or of reading it."""

    key: str
    title: str
    address: str
    when: str


def newest_date() -> date:
    """The newest date of any catalog row: it stands for today in a template, so that a build reads no clock."""
    return max(date.fromisoformat(row["as_of"]) for name in CATALOGS for row in tables.rows(name))


class _Looks(IndexedList):  # type: ignore[misc]  # openpyxl has no types
    """A list of looks that knows an object which it is given again: openpyxl hashes one anew for each of 30,000 cells,
    which takes most of the time of a book."""

    def __init__(self, looks: Iterable[object]) -> None:
        super().__init__(looks)
        self._places: dict[int, tuple[object, int]] = {}

    def add(self, value: object) -> int:
        if id(value) not in self._places:
            self._places[id(value)] = value, super().add(value)
        return self._places[id(value)][1]


class Book:
    """Sheets are added in reading order; each registers its names, its listed names and the sources it cites."""

    def __init__(self, title: str, subject: str) -> None:
        self.title = title
        self.as_of = newest_date()
        self.workbook = Workbook()
        self.workbook.remove(self.workbook.active)
        for kind in ("_fonts", "_fills", "_borders", "_alignments", "_protections"):
            setattr(self.workbook, kind, _Looks(getattr(self.workbook, kind)))
        self.workbook._named_styles["Normal"].font = style.font()  # column widths are counted in its digits
        self.listed: list[Listed] = []
        self.cited: dict[str, tuple[Source, list[str]]] = {}
        self.source_cells: list[tuple[Cell, str]] = []
        self.has_cases = False
        self.navigation: tuple[str, ...] = ()
        """The sheets that every sheet has a link to."""
        self._spare: dict[str, tuple[int, int, list[float]]] = {}
        """What a sheet's links leave free: their last row, its last column in use, and the widths of those after it."""
        self._describe(subject)

    def _describe(self, subject: str) -> None:
        properties = self.workbook.properties
        properties.title, properties.subject, properties.creator = self.title, subject, "xlcalc"
        properties.lastModifiedBy = "xlcalc"
        properties.keywords = "LLM, training, hardware, cost, Excel functions"
        properties.description = f"Built by xlcalc from its catalogs as of {self.as_of.isoformat()}."
        properties.created = datetime(self.as_of.year, self.as_of.month, self.as_of.day)
        self.workbook.calculation = CalcProperties(calcId=_CURRENT_EXCEL, fullCalcOnLoad=False)

    def sheet(
        self, name: str, purpose: str, columns: list[float], *, color: str = style.BLUE, freeze: str = "",
        repeated_rows: str = "1:3", pages_wide: int = 1, navigation_rows: int = 1,
    ) -> Worksheet:  # fmt: skip
        """A sheet with its head: title, purpose, the live case and the light of the Checks sheet."""
        sheet = self.workbook.create_sheet(name)
        sheet.sheet_view.showGridLines = False
        sheet.sheet_view.zoomScale = 90
        sheet.sheet_properties.tabColor = color
        style.widths(sheet, columns)
        for column in range(1, len(columns) + 1):
            sheet.cell(1, column).fill = style.fill(style.NAVY)
        title = style.text(sheet, 1, 1, f"{self.title} · {name}" if name != "Cover" else self.title, size=15, bold=True,
                           color=style.WHITE)  # fmt: skip
        title.fill = style.fill(style.NAVY)
        sheet.row_dimensions[1].height = 26
        style.text(sheet, 2, 1, purpose, italic=True, color=style.GREY)
        sheet.row_dimensions[2].height, sheet.row_dimensions[3].height = 16, 16
        if self.has_cases:
            self._light(sheet)
        self._navigate(
            sheet, columns[:-1] if name == "Cover" else columns, navigation_rows
        )  # its last is an edition's for a note
        if freeze:
            sheet.freeze_panes = freeze
        style.print_setup(sheet, self.title, repeated_rows, pages_wide)
        style.protect(sheet)
        return sheet

    def _navigate(self, sheet: Worksheet, columns: list[float], rows: int) -> None:
        """Links to the other sheets, each in the next column that has room for it; the sheet itself in bold."""
        places = list(self.navigation)
        last = _NAVIGATION_ROW + rows - 1
        for row in range(_NAVIGATION_ROW, last + 1):
            while len(found := _columns_for(places, columns)) < len(places) and row == last:
                places.remove(next((one for one in _DROPPED if one in places), places[-1]))
            for place, column in zip(places, found, strict=False):
                self._leads(sheet, row, column, place)
            places = places[len(found) :]
            used = max(found, default=0)
            self._spare[sheet.title] = row, used, columns[used:]

    def lead_to(self, titles: list[str]) -> None:
        """Links to these sheets, too, from every sheet that has room for them beside the others; Cover lists all."""
        for sheet, (row, column, widths) in self._spare.items():
            for title, place in zip(titles, _columns_for(titles, widths), strict=False):
                self._leads(self.workbook[sheet], row, column + place, title)

    @staticmethod
    def _leads(sheet: Worksheet, row: int, column: int, place: str) -> None:
        cell = style.text(sheet, row, column, place, size=9, bold=place == sheet.title)
        style.link(cell, location=f"'{place}'!A1")

    def _light(self, sheet: Worksheet) -> None:
        style.formula(sheet, 3, 1, '="Shown: "&scenario&"   ·   "&checks_light').font = style.font(bold=True)
        for condition, color in (
            ("checks_ok=0", style.RED),
            ("checks_warned>0", style.AMBER),
            ("checks_ok=1", style.GREEN),
        ):
            rule = FormulaRule(formula=[condition], font=Font(bold=True, color=color), stopIfTrue=True)
            sheet.conditional_formatting.add("A3", rule)

    def name(self, name: str, sheet: Worksheet, row: int, column: int, last: tuple[int, int] | None = None) -> None:
        """Give a cell, or the range from it to `last`, a defined name."""
        if name in self.workbook.defined_names:
            raise ValueError(f"the name {name} is given twice")
        area = f"${get_column_letter(column)}${row}"
        if last is not None:
            area += f":${get_column_letter(last[1])}${last[0]}"
        target = f"{quote_sheetname(sheet.title)}!{area}"
        self.workbook.defined_names[name] = DefinedName(name, attr_text=target)

    def order(self, first: list[str]) -> None:
        """Put sheets in front, in this order; the others keep theirs."""
        place = {name: number for number, name in enumerate(first)}
        self.workbook._sheets.sort(key=lambda sheet: place.get(sheet.title, len(place)))

    def open_on(self, name: str) -> None:
        self.workbook.active = self.workbook.sheetnames.index(name)
        for sheet in self.workbook:
            sheet.sheet_view.tabSelected = sheet.title == name

    def list_name(self, name: str, kind: str, unit: str, meaning: str) -> None:
        self.listed.append(Listed(name, kind, unit, meaning))

    def cite(self, sheet: str, source: Source) -> None:
        """Note that `sheet` uses a source."""
        sheets = self.cited.setdefault(source.key, (source, []))[1]
        if sheet not in sheets:
            sheets.append(sheet)

    def cite_catalog(self, cell: Cell) -> None:
        """Note the catalogs' sources whose keys stand in `cell`; a single one becomes a link to the Sources sheet."""
        keys = [key.strip() for key in str(cell.value or "").split(";") if key.strip()]
        for key in keys:
            row = tables.sources()[key]
            self.cite(cell.parent.title, Source(key, row["title"], row["url"], row["date"]))
        if len(keys) == 1:
            self.source_cells.append((cell, keys[0]))


def _columns_for(places: list[str], widths: list[float]) -> list[int]:
    """The columns, from the left, that hold these words; fewer where there is no room for all."""
    found: list[int] = []
    for column, width in enumerate(widths, 1):
        if len(found) < len(places) and width > len(places[len(found)]):
            found.append(column)
    return found
