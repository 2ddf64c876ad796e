"""How far each engine calculates as Excel does: `python -m xlcalc.workbook.files.measure FOLDER` writes measured.csv.

FOLDER holds workbooks that Excel saved, and beside it FOLDER.csv.gz (file, sheet, cell, type, value) the values that
count: cells that do not depend on the clock or chance. These workbooks are not part of the project; what was measured
with 212 of them is. Each formula is calculated alone, all other cells holding Excel's values, so that a difference is
its own. Where a formula has several features, the difference is laid to the one that differs most often.

Calls that are made here, with numbers, texts, blanks and truth values, are compared between the engines, for
functions that workbooks use everywhere but test sets hardly use.
"""

from __future__ import annotations

import csv
import gzip
import io
import random
import sys
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from xlcalc.files import write_atomically
from xlcalc.language.errors import CalcError

from .addresses import cell_name
from .callbacks import Callbacks, is_error
from .cells_xml import CellValue
from .doubt import SINCE_1904, Doubt
from .engine import read
from .errors import WorkbookError
from .exact_stage import ExactStage
from .fast_engine import FastEngine, holds
from .made_calls import made_calls
from .package import Package
from .prepare import NOT_CALCULATED, Sheet, book_of, engine_copy
from .results import Results
from .values import formula_value, gave_up, same_value

_SEED = 7


class Compared(NamedTuple):
    """One formula: its features, and whether each engine gave Excel's value; None where it was not asked."""

    features: frozenset[str]
    fast: bool | None
    exact: bool | None
    exact_gives_up: bool


def compare(package: Package, wanted: dict[tuple[str, str], CellValue]) -> Iterator[Compared]:
    """The formulas of a workbook whose values are known, each calculated alone by both engines."""
    doubt = Doubt(book_of(package), (), package.date1904)
    sheets = read(package, ())
    for sheet in sheets:
        sheet.doubtful.clear()
    callbacks = Callbacks({}, None)
    whole = FastEngine(engine_copy(package, sheets), callbacks, None)
    values = {
        sheet.part: sheet.xml.with_cells(
            (cell, sheet.xml.without_formula(cell, NOT_CALCULATED)) for cell in sheet.cells
        )
        for sheet in sheets
    }
    alone = FastEngine(package.transitional_copy(values), callbacks, None)
    stage = ExactStage(package, sheets, callbacks, None)
    for sheet in (sheet for sheet in sheets if holds(sheet.name)):
        for index, place in enumerate(sheet.places):
            excel = wanted.get((sheet.name, cell_name(*place)))
            if excel is None or not same_value(sheet.cached(index), excel):
                continue
            fast = None if index in sheet.problems else _fast(whole, alone, sheet, index)
            answer = stage.calculate({(sheet.name, place)}, _others(sheets, sheet, index), alone.values)
            exact = answer[sheet.name, place].value if answer else CalcError("#NAME?", "")
            yield Compared(
                frozenset(doubt.features(sheet.formula(index), sheet.name, _filled(sheet, index))),
                None if fast is None else same_value(excel, fast),
                same_value(excel, exact),
                isinstance(exact, CalcError) and not same_value(excel, exact),
            )


def blame(compared: list[tuple[frozenset[str], bool]], beside: Counter[str]) -> Counter[str]:
    """The differences of each feature. `beside`: how often it was seen to do well elsewhere."""
    blamed: Counter[str] = Counter()
    while True:
        seen: Counter[str] = Counter()
        wrong: Counter[str] = Counter()
        for features, right in compared:
            if not features & blamed.keys():
                seen.update(features)
                wrong.update(() if right else features)
        if not wrong:
            return blamed
        worst = max(wrong, key=lambda f: (f != SINCE_1904, wrong[f] / (seen[f] + beside[f]), not f.isupper(), wrong[f]))
        blamed[worst] = wrong[worst]


def compare_calls() -> tuple[Counter[str], Counter[str]]:
    """Made calls by feature: how many were compared between the engines, and how many differ."""
    calls = list(dict.fromkeys(made_calls(random.Random(_SEED))))
    package = Package(_book_of_calls([text for _, text in calls]))
    answers = []
    for exactly in (False, True):
        sheets = read(package, ())
        for sheet in sheets:
            sheet.doubtful = dict.fromkeys(range(len(sheet.cells)), "") if exactly else {}
        callbacks = Callbacks({}, None)
        stage = ExactStage(package, sheets, callbacks, None)
        results = Results(FastEngine(engine_copy(package, sheets), callbacks, None), sheets, stage, trust_exact=True)
        results.calculate_fast()
        if exactly:
            results.calculate_exactly([])
        answers.append([*zip(sheets[0].places, results.fast_values(sheets[0]), strict=True)])
    seen: Counter[str] = Counter()
    differ: Counter[str] = Counter()
    for (feature, _), (_, fast), (_, exact) in zip(calls, *answers, strict=True):
        seen[feature] += 1
        differ[feature] += not same_value(exact, fast)
    return seen, differ


def _fast(whole: FastEngine, alone: FastEngine, sheet: Sheet, index: int) -> CellValue:
    """None where the engine gives up: then the exact one is asked, and nothing is wrong."""
    place = sheet.places[index]
    array = sheet.arrays.get(index)
    cells = [*(array.area.places() if array else ()), place]
    before = [alone.value(sheet.name, row, column) for row, column in cells]
    try:
        for row, column in cells:
            alone.set_value(sheet.name, row, column, None)
        text = whole.formula(sheet.name, *place)
        if not text:
            return None
        alone.set_formula(sheet.name, *place, text)
        value = alone.evaluate_cell(sheet.name, *place)
    except Exception:  # whatever stops the engine
        return None
    finally:
        for (row, column), value_before in zip(cells, before, strict=True):
            alone.set_value(sheet.name, row, column, value_before)
    value = value[0][0] if isinstance(value, list) else value
    return None if is_error(value) and gave_up(value["kind"]) else formula_value(value)


def _filled(sheet: Sheet, index: int) -> int:
    return sheet.arrays[index].filled if index in sheet.arrays else 0


def _others(sheets: list[Sheet], own: Sheet, index: int) -> set[tuple[str, tuple[int, int]]]:
    return {(sheet.name, place) for sheet in sheets for place in sheet.places} - {(own.name, own.places[index])}


def _book_of_calls(formulas: list[str]) -> bytes:
    """A workbook with the values that made calls refer to in columns A to E, and the calls in column H."""
    import openpyxl
    from openpyxl.worksheet.formula import ArrayFormula

    from .made_calls import CELLS

    book = openpyxl.Workbook()
    sheet = book.active
    for column, values in enumerate(CELLS, 1):
        for row, value in enumerate(values, 1):
            sheet.cell(row, column, value)
    for row, text in enumerate(formulas, 1):
        is_array = text.startswith("{")
        sheet.cell(row, 8, ArrayFormula(f"H{row}", f"={text[1:-1]}") if is_array else f"={text}")
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _known(path: Path) -> dict[str, dict[tuple[str, str], CellValue]]:
    found: dict[str, dict[tuple[str, str], CellValue]] = defaultdict(dict)
    with gzip.open(path, "rt", encoding="utf8") as lines:
        for file, sheet, cell, kind, text in csv.reader(lines):
            value: CellValue = text
            if kind == "n":
                value = float(text)
            elif kind == "b":
                value = text == "1"
            elif kind == "e":
                value = CalcError(text, "")
            found[file][sheet, cell] = value
    return found


def main() -> None:
    folder = Path(sys.argv[1])
    compared: list[Compared] = []
    for file, wanted in sorted(_known(folder.with_name(f"{folder.name}.csv.gz")).items()):
        try:
            compared += compare(Package.open(folder / file), wanted)
        except (WorkbookError, zipfile.BadZipFile) as error:
            print(f"{file}: {error}", file=sys.stderr)
    calls, calls_differ = compare_calls()
    fast = [(one.features, one.fast) for one in compared if one.fast is not None]
    exact = [(one.features, bool(one.exact)) for one in compared if not one.exact_gives_up]
    gives_up = [(one.features, bool(one.exact)) for one in compared if one.exact or one.exact_gives_up]
    fast_differs, exact_differs = blame(fast, calls), blame(exact, Counter())
    exact_gives_up = blame(gives_up, Counter())
    seen_fast, seen_exact = (Counter(f for features, _ in found for f in features) for found in (fast, exact))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        [
            "feature",
            "fast_cells",
            "fast_differs",
            "exact_cells",
            "exact_differs",
            "exact_gives_up",
            "calls",
            "calls_differ",
        ]
    )
    for f in sorted({*seen_fast, *seen_exact, *calls}):
        writer.writerow([f, seen_fast[f], fast_differs[f], seen_exact[f], exact_differs[f], exact_gives_up[f],
                         calls[f], calls_differ[f]])  # fmt: skip
    write_atomically(Path(__file__).with_name("measured.csv"), out.getvalue().encode())


if __name__ == "__main__":
    main()
