"""The workbook as the engine is given it: a copy that is calculated and thrown away.

What the file means and the engine would read otherwise is put in its terms (see `formula_text`); the cells that an
array formula fills are emptied so that it can fill them again; a formula that the engine cannot calculate stands there
with its last value alone, so that the formulas that need it are still calculated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from xlcalc import limits
from xlcalc.language.errors import CalcError

from .addresses import Area, parse_area
from .alike import Alike
from .cells_xml import CellValue, SheetXml
from .comparisons import compares_calculated
from .doubt import GIVE_ONE_VALUE, OURS, VOLATILE, Doubt, shapes, unproven
from .excel_tables import Table
from .formula_text import (
    Context,
    bare_function,
    computes_with_ranges,
    fill_skipped,
    is_relative,
    rewrite,
    solid_tokens,
)
from .mended import MENDED, mended
from .package import Package
from .references import Book, moved
from .sensitive import sensitive
from .sheet_grammar import Cell
from .substitutes import FIT
from .xml_text import attribute, escape, unescape

NOT_CALCULATED = CalcError("#NAME?", "was never calculated")

_CALLED = re.compile(rb"(?<![!\w.\x80-\xff])([!\w.\x80-\xff]+)\(")
_COMPARISON = re.compile(rb"[=<>]|&[lg]t;")
_SKIPPED = re.compile(rb"\(\s*,|,\s*[,)]|&#")
_RANGE_ARITHMETIC = re.compile(rb":[$A-Z0-9]+[-+*/^=&]|[-+*/^=;][^(),:]*:")
_KEPT_BY_ENGINE = re.compile(
    r"""(?:'(?:[^'\[\]]|'')+'|[^'!\[\]()",;*+/&<>=-]+)!\$[A-Z]{1,3}\$\d+(?::\$[A-Z]{1,3}\$\d+)?"""
    r"""|[+-]?[\d.]+(?:[Ee][+-]?\d+)?|"(?:[^"]|"")*"|TRUE|FALSE|\#[A-Z/0?!]+"""
)


@dataclass
class Array:
    """An array formula: the cells it fills now, and whether their number follows from the result."""

    area: Area
    dynamic: bool

    @property
    def filled(self) -> int:
        """How many cells it fills, or may fill; 2 stands for several."""
        return 2 if self.dynamic or self.area.rows * self.area.columns > 1 else 1


@dataclass
class Sheet:
    """A worksheet with its formula cells, and what is special about some of them, by their place in `cells`."""

    package: Package
    name: str
    part: str
    xml: SheetXml
    cells: list[Cell]
    arrays: dict[int, Array] = field(default_factory=dict)
    problems: dict[int, str] = field(default_factory=dict)
    """Why the fast engine cannot calculate a formula."""
    final: set[int] = field(default_factory=set)
    """Those of them that no engine can."""
    doubtful: dict[int, str] = field(default_factory=dict)
    """Formulas that the exact engine must calculate: what in them the fast one is not known to do as Excel does."""
    changing: set[int] = field(default_factory=set)
    """Formulas that call our functions, the clock or chance: what they give may be another value than before."""
    alike: list[Alike] = field(default_factory=list)
    """The formulas by their shape."""
    spreading: list[int] = field(default_factory=list)
    """Formulas whose result may be an array, though they were not entered as one."""
    volatile: int = 0
    """How many ask the clock or chance."""
    fixed: dict[int, str] = field(default_factory=dict)
    """Formulas that keep the value they have, with the reason; none where nothing is to be said of it."""
    rewritten: dict[int, str] = field(default_factory=dict)
    """The formula for the engine, where it is another than the file's."""
    notes: dict[int, str] = field(default_factory=dict)
    """What Excel would calculate otherwise."""

    def cached(self, index: int) -> CellValue:
        """The value that a formula cell had before."""
        return self.package.cell_value(self.xml, self.cells[index])

    def filled_by(self, index: int) -> list[tuple[tuple[int, int], CellValue]]:
        """The cells beside its own that an array formula filled, and their values."""
        return [
            ((cell.row, cell.column), self.package.cell_value(self.xml, cell))
            for cell in self.xml.cells()
            if not cell.calculates and self.arrays[index].area.holds((cell.row, cell.column))
        ]

    def formula(self, index: int) -> str:
        """The formula as it reads in its own cell, also where the file states it once for many cells."""
        text, rows, columns = self.stated(index)
        return moved(unescape(text), rows, columns)

    def stated(self, index: int) -> tuple[bytes, int, int]:
        """The formula as the file states it, and how many rows and columns away from there the cell is."""
        cell = self.cells[index]
        if cell.formula_text or not cell.formula_attributes:
            return cell.formula_text, 0, 0
        first = self._shared.get(attribute(cell.formula_attributes, b"si"))
        if first is None:
            return b"", 0, 0
        return first.formula_text, cell.row - first.row, cell.column - first.column

    @cached_property
    def _shared(self) -> dict[bytes | None, Cell]:
        """The cell that states each shared formula."""
        return {
            attribute(cell.formula_attributes, b"si"): cell
            for cell in self.cells
            if cell.formula_text and cell.formula_attributes and attribute(cell.formula_attributes, b"t") == b"shared"
        }

    @property
    def constants(self) -> set[int]:
        """Formulas that the fast engine is given as values."""
        return {*self.problems, *self.doubtful, *self.fixed}

    @cached_property
    def places(self) -> list[tuple[int, int]]:
        """Row and column of each formula cell."""
        return [(cell.row, cell.column) for cell in self.cells]


def exact_knows(function: str) -> bool:
    """Does the exact engine have this function of Excel's own? It is loaded for that, so it is asked last."""
    from .exact_engine import has_function

    return has_function(function)


def book_of(package: Package) -> Book:
    """What the formulas of a workbook may name."""
    return Book(
        {name.lower(): name for name in package.sheets},
        {((entry.sheet or "").lower(), entry.name.lower()): entry.definition for entry in package.names},
        {table.name.lower(): table for table in package.tables},
    )


def prepare(package: Package, functions: Collection[str], knows: Callable[[str], bool]) -> list[Sheet]:
    """The worksheets that have formulas. `functions` are the custom functions in upper case; `knows` says whether the
    fast engine has a function of Excel's own."""
    doubt = Doubt(book_of(package), functions, package.date1904)
    tables = {table.name.lower(): table for table in package.tables}
    names = [entry.name for entry in package.names] + [table.name for table in package.tables]
    sheets = []
    for name, part in package.sheets.items():
        xml = package.sheet(name)
        cells = [cell for cell in xml.formula_cells() if cell.calculates]
        if not cells:
            continue
        inlined, refused = _names(package, name, functions)
        sheet = Sheet(package, name, part, xml, cells)
        alike = shapes([cell.formula_text for cell in cells], names)
        _read_formulas(sheet, alike, Context(functions, knows, exact_knows, tables, inlined, refused))
        _classify(sheet, alike, doubt)
        sheets.append(sheet)
    return sheets


def _classify(sheet: Sheet, alike: list[bytes], doubt: Doubt) -> None:
    """Find the formulas that the fast engine may calculate otherwise than Excel, those that may change, and those that
    may fill other cells than their own. `alike`: the shape of each formula."""
    known: dict[bytes | tuple[bytes, int], Alike] = {}
    groups: dict[bytes | None, Alike] = {}
    nothing = Alike(b"")
    for index, cell in enumerate(sheet.cells):
        text = cell.formula_text
        group = attribute(cell.formula_attributes, b"si") if cell.formula_attributes else None
        if not text and group is not None:
            found = groups.get(group, nothing)
        else:
            array = sheet.arrays.get(index)
            filled = array.filled if array else 0
            key: bytes | tuple[bytes, int] = (alike[index], filled) if array else alike[index]
            if key not in known:
                known[key] = _described(doubt, text, sheet.name, filled)
            found = known[key]
            if group is not None:
                groups[group] = found
        found.members.append(index)
        if found.doubt and index not in sheet.final:
            sheet.doubtful[index] = found.doubt
        if found.volatile or found.ours:
            sheet.changing.add(index)
            sheet.volatile += found.volatile
        if found.spreads:
            sheet.spreading.append(index)
    sheet.alike = [*known.values()]


def _described(doubt: Doubt, formula: bytes, sheet: str, filled: int) -> Alike:
    text = unescape(formula)
    features = doubt.features(text, sheet, filled)
    doubts = ", ".join(unproven(features - {OURS}))
    return Alike(
        formula, doubts, bool(features & VOLATILE), OURS in features, not features <= GIVE_ONE_VALUE, sensitive(text)
    )


def engine_copy(package: Package, sheets: list[Sheet]) -> bytes:
    """The file for the engine."""
    return package.transitional_copy({sheet.part: _for_engine(sheet) for sheet in sheets if _differs(sheet)})


def _names(package: Package, sheet: str, functions: Collection[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The names seen from a sheet that the engine does not keep: those to replace by their definition, and those that
    cannot be, with the reason."""
    visible = {entry.name.lower(): entry for entry in package.names if entry.sheet is None}
    visible |= {entry.name.lower(): entry for entry in package.names if entry.sheet == sheet}
    inlined, refused = {}, {}
    for name, entry in visible.items():
        if name.upper() in functions or _KEPT_BY_ENGINE.fullmatch(entry.definition):
            continue
        if is_relative(entry.definition):
            refused[name] = f"{entry.name}: a name that means other cells in every formula"
        else:
            inlined[name] = entry.definition
    return inlined, refused


def _read_formulas(sheet: Sheet, alike: list[bytes], context: Context) -> None:
    different = set(alike)
    to_rewrite = _to_rewrite(b"\n".join(different), context)
    of_interest = re.compile(b"|".join((to_rewrite.pattern, _SKIPPED.pattern, _RANGE_ARITHMETIC.pattern)))
    comparing = {shape for shape in different if _COMPARISON.search(shape) and _compares_calculated(shape)}
    interesting = {shape for shape in different if of_interest.search(shape)} | comparing
    own_tables = [table for table in context.tables.values() if table.sheet == sheet.name]
    shared_problems: dict[bytes, tuple[str, bool]] = {}
    for index, cell in enumerate(sheet.cells):
        if not cell.formula_attributes and alike[index] not in interesting:
            continue
        text = cell.formula_text
        kind = group = formula = None
        if cell.formula_attributes:
            kind = attribute(cell.formula_attributes, b"t")
            group = attribute(cell.formula_attributes, b"si") if kind == b"shared" else None
            if kind == b"dataTable":
                sheet.problems[index] = "a what-if data table"
                sheet.final.add(index)
                continue
            if group in shared_problems and not text:
                sheet.problems[index], final = shared_problems[group]
                sheet.final |= {index} if final else set()
                continue
            if kind == b"array":
                area = parse_area((attribute(cell.formula_attributes, b"ref") or b"").decode())
                area = area or Area(cell.row, cell.column, cell.row, cell.column)
                if area.rows * area.columns > limits.ARRAY_CELLS:
                    sheet.problems[index] = (
                        f"an array formula over {area.rows * area.columns:,} cells; more than {limits.ARRAY_CELLS:,}"
                        " are not calculated"
                    )
                    sheet.final.add(index)
                    continue
                sheet.arrays[index] = Array(area, dynamic=attribute(cell.attributes, b"cm") is not None)
        if to_rewrite.search(text):
            formula, problem, final = rewrite(unescape(text), context, cell.row, _table_at(own_tables, cell))
            if problem:
                sheet.problems[index] = problem
                sheet.final |= {index} if final else set()
                if group is not None:
                    shared_problems[group] = problem, final
                continue
            formula = mended(formula)
        elif alike[index] in comparing or _SKIPPED.search(text):
            formula = mended(fill_skipped(unescape(text), context.functions))
        if kind is None and _RANGE_ARITHMETIC.search(text):
            taken = computes_with_ranges(unescape(text))
            if taken:
                sheet.notes[index] = (
                    f"takes one cell of {taken}, as Excel does where a formula was not entered as an array;"
                    " for all of them enter it as an array formula, or use SUMPRODUCT"
                )
        if kind == b"array":
            array = sheet.arrays[index]
            formula = formula or unescape(text)
            if not array.dynamic:
                formula = f"{FIT}({formula},{array.area.rows},{array.area.columns})"
        if formula is not None:
            sheet.rewritten[index] = formula


def _compares_calculated(shape: bytes) -> bool:
    return compares_calculated(solid_tokens(unescape(shape)))


def _to_rewrite(formulas: bytes, context: Context) -> re.Pattern[bytes]:
    """Finds, perhaps too often, the formulas that `rewrite` must look at: those with brackets, with tables, with names
    that the engine does not keep, with functions that are not written as the engine knows them, and with powers."""
    words = sorted({*context.inlined, *context.refused, *context.tables})
    found = [rb"\[", rb"\^(?![1-9])", *(rb"(?i:\b%b\b)" % re.escape(escape(word).encode()) for word in words)]
    found += [
        re.escape(written) + rb"\("
        for written in sorted(set(_CALLED.findall(formulas)))
        if _is_foreign(written, context)
    ]
    return re.compile(b"|".join(found))


def _is_foreign(written: bytes, context: Context) -> bool:
    word = written.decode("utf-8", "replace")
    name = bare_function(word)
    if word in context.functions:
        return False
    return "!" in word or name in context.functions or name in MENDED or not context.knows(name)


def _table_at(tables: list[Table], cell: Cell) -> Table | None:
    return next((table for table in tables if table.area.holds((cell.row, cell.column))), None)


def _differs(sheet: Sheet) -> bool:
    return bool(sheet.arrays or sheet.constants or sheet.rewritten)


def _for_engine(sheet: Sheet) -> bytes:
    replacements = [*_changed_formulas(sheet), *_emptied_cells(sheet)]
    return sheet.xml.with_cells(sorted(replacements, key=lambda replacement: replacement[0].start))


def _changed_formulas(sheet: Sheet) -> Iterator[tuple[Cell, bytes]]:
    constants = sheet.constants
    alone = _without_first(sheet, constants)
    for index in sorted(constants | sheet.rewritten.keys() | sheet.arrays.keys() | alone.keys()):
        cell = sheet.cells[index]
        if index in alone:
            yield cell, sheet.xml.with_formula(cell, alone[index])
        elif index in constants:
            yield cell, sheet.xml.without_formula(cell, NOT_CALCULATED)
        else:
            shared = b"" if index in sheet.arrays else cell.formula_attributes
            yield cell, sheet.xml.with_formula(cell, sheet.rewritten[index], shared)


def _without_first(sheet: Sheet, constants: set[int]) -> dict[int, str]:
    """Formulas that are stated in a cell that is given as a value, and their own text."""
    shared = [(index, cell) for index, cell in enumerate(sheet.cells) if b"si" in cell.formula_attributes]
    stated = {
        attribute(cell.formula_attributes, b"si"): index
        for index, cell in shared
        if cell.formula_text and index in constants
    }
    alone = {}
    for index, cell in shared if stated else ():
        first = stated.get(attribute(cell.formula_attributes, b"si"))
        if first is not None and index not in constants and not cell.formula_text:
            top = sheet.cells[first]
            text = sheet.rewritten.get(first, sheet.formula(first))
            alone[index] = moved(text, cell.row - top.row, cell.column - top.column)
    return alone


def _emptied_cells(sheet: Sheet) -> Iterator[tuple[Cell, bytes]]:
    """Cells without a formula that an array formula fills."""
    filled = set()
    constants = sheet.constants
    for index, array in sheet.arrays.items():
        if index not in constants and array.area.rows * array.area.columns > 1:
            filled |= set(array.area.places())
    if filled:
        for cell in sheet.xml.cells():
            if not cell.calculates and (cell.row, cell.column) in filled:
                yield cell, sheet.xml.emptied(cell)
