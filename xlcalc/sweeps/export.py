"""What a sweep reads and writes: tables of scenarios, and its answer as Parquet, CSV or a workbook."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow
from pyarrow import compute, csv, parquet

from xlcalc.catalog import table_file
from xlcalc.files import read_file, replacing, write_atomically
from xlcalc.language.cells import EXACT
from xlcalc.language.declare import Table
from xlcalc.language.harmless import printable, unformulated
from xlcalc.sweeps.expressions import SpecError
from xlcalc.sweeps.kept import text_columns, together
from xlcalc.sweeps.run import Sweep
from xlcalc.sweeps.store import Folder

ENDINGS = (".parquet", ".csv", ".xlsx")
MOST_ROWS = 1_048_575  # of a sheet, below its headers


class Answer(NamedTuple):
    """What a sweep comes to: how many scenarios, of them kept, with an error; `best` and `groups` with headers, empty
    where none were asked for; `rows` in memory; `unused`: which inputs count for nothing, in sentences."""

    scenarios: int
    kept: int
    wrong: int
    example: str
    best: Table
    groups: Table
    rows: pyarrow.Table | None
    unused: Sequence[str] = ()


def answer(found: Sweep, rows: pyarrow.Table | None, unused: Sequence[str] = ()) -> Answer:
    part = found.part
    best, groups = _table(part.best), _table(part.groups)
    return Answer(found.scenarios, part.rows, part.wrong, part.example, best, groups, rows, unused)


def scenarios(path: Path) -> tuple[pyarrow.Table, str]:
    """A table with a scenario a row from a CSV or Parquet file, and what tells its content from another's."""
    data = read_file(path)
    try:
        table = _read(data, path)
    except table_file.TableError as error:
        raise SpecError(str(error)) from None
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise SpecError(f"{path.name} cannot be read as a table: {str(error).splitlines()[0][:200]}") from None
    if not len(table) or not table.column_names:
        raise SpecError(f"{path.name} has no scenarios")
    for name, column in zip(table.column_names, table.columns, strict=True):
        ends = compute.min_max(column).as_py().values() if pyarrow.types.is_integer(column.type) else ()
        if any(abs(end or 0) >= EXACT for end in ends):
            raise SpecError(f"{path.name}: {name} has a whole number of {EXACT:.0f} or more, which cells do not hold")
    return table, hashlib.sha256(data).hexdigest()[:16]


def _read(data: bytes, path: Path) -> pyarrow.Table:
    if path.suffix.casefold() == ".parquet":
        return parquet.read_table(io.BytesIO(data))
    try:
        return csv.read_csv(io.BytesIO(table_file.decoded(data, path.name).encode()))
    except pyarrow.ArrowException:
        table_file.lines(data, path.name)  # says in what line
        raise


def refuse(out: Path) -> None:
    """Raise SpecError for a file that is not written."""
    if out.suffix.casefold() not in ENDINGS:
        raise SpecError(f"a sweep is written to {', '.join(ENDINGS)}; got {out.name}")
    if out.suffix.casefold() != ".parquet" and out.is_dir():
        raise SpecError(f"{out} is a folder; name a file")


def folder(out: Path) -> Path:
    """Where the partitions stand: the Parquet folder itself, or one beside the file that is made of it."""
    return out if out.suffix.casefold() == ".parquet" else out.with_name(f".{out.name}.sweep")


def tables(store: Folder) -> Iterator[pyarrow.Table]:
    """The partitions, their words as text."""
    for path in store.partitions():
        yield text_columns(parquet.read_table(path))


def write(out: Path, found: Sweep, made: Answer) -> None:
    """The file: of a sweep that chooses what it chose, else all scenarios that meet the conditions."""
    ending = out.suffix.casefold()
    if ending == ".parquet":
        return
    best = found.part.best
    if ending == ".csv":
        _write_csv(out, [best] if best is not None else tables(found.folder))
    else:
        rows = made.best if best is not None else _all(found)
        write_atomically(out, _workbook({"Scenarios": rows, **({"Summary": made.groups} if made.groups else {})}))
    found.folder.remove()


def _all(found: Sweep) -> Table:
    if found.part.rows > MOST_ROWS:
        raise SpecError(f"a sheet holds {MOST_ROWS:,} scenarios; these are {found.part.rows:,}: write .parquet or ask "
                        "for top")  # fmt: skip
    return _table(together(list(tables(found.folder))))


def _write_csv(out: Path, parts: Iterable[pyarrow.Table]) -> None:
    """All parts into one file."""
    writer = None
    with replacing(out) as stream:
        for part in parts:
            part = _unharmed(part)
            writer = writer or csv.CSVWriter(stream, part.schema)
            writer.write_table(part)
        if writer is not None:
            writer.close()


def _unharmed(table: pyarrow.Table) -> pyarrow.Table:
    """Texts that a spreadsheet program would take for formulas begin with an apostrophe, which it shows as text.
    Control characters are spelt out."""
    for i, field in enumerate(table.schema):
        if pyarrow.types.is_string(field.type):
            words = table.column(i).combine_chunks().dictionary_encode()
            texts = [unformulated(printable(text)) for text in words.dictionary.to_pylist()]
            column = pyarrow.DictionaryArray.from_arrays(words.indices, pyarrow.array(texts, pyarrow.string()))
            table = table.set_column(i, field.name, column.cast(pyarrow.string()))
    return table


def _table(rows: pyarrow.Table | None) -> Table:
    if rows is None:
        return Table()
    columns = [column.to_pylist() for column in rows.columns]
    return Table([list(rows.column_names), *map(list, zip(*columns, strict=True))])


def _workbook(sheets: dict[str, Sequence[Sequence[Any]]]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        for n, row in enumerate(rows):
            cells = []
            for value in row:
                cell = WriteOnlyCell(sheet, printable(value) if isinstance(value, str) else value)
                if isinstance(value, str):
                    cell.data_type = "s"  # never a formula
                if n == 0:
                    cell.font = Font(bold=True)
                cells.append(cell)
            sheet.append(cells)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()
