"""Reading and writing the data files, ours and the user's: CSV in UTF-8, a header, one line a row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches

from xlcalc.files import FileError

Row = dict[str, str]
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_WHOLE = {"accelerators", "context", "devices_per_node", "scale_up_domain", "vcpus", "year"}
UNITS = ("_tflops", "_tops", "_gb_s", "_gb", "_mib", "_w", "_params")
_MOST = 1e15  # of any figure
_LONGEST = 200  # characters of a field, but for lists of aliases and addresses


class TableError(FileError):
    """A data file that cannot be used: `str()` is one sentence that names the file and, where there is one, the line
    and the column."""


def decoded(data: bytes, name: str) -> str:
    """What a file says, with the byte order mark of Excel's "CSV UTF-8" or without. Raises TableError for another
    encoding."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TableError(f'{name}, line {line}: is not UTF-8; in Excel, save it as "CSV UTF-8"') from None


def lines(data: bytes, name: str) -> list[tuple[int, Row]]:
    """The rows of a file with the numbers of their lines; empty lines are left out.

    Raises TableError for what is no table: another encoding, a file that was cut, a line with more or fewer values
    than the header has columns.
    """
    reader = csv.reader(io.StringIO(decoded(data, name), newline=""), strict=True)
    header: list[str] = []
    found: list[tuple[int, Row]] = []
    try:
        for values in reader:
            if not any(map(str.strip, values)):
                continue
            if not header:
                header = _header(values, name)
            elif len(values) == len(header):
                found.append((reader.line_num, dict(zip(header, [v.strip() for v in values], strict=True))))
            else:
                raise TableError(
                    f"{name}, line {reader.line_num}: has {len(values)} values for {len(header)} columns; "
                    "the file was cut, or a comma is missing or too many"
                )
    except csv.Error as error:
        raise TableError(f"{name}, line {reader.line_num}: {error}; the file was cut, or a quote is missing") from None
    if not header:
        raise TableError(f"{name}: is empty; it needs a header with the names of the columns")
    return found


def checked(
    found: Iterable[tuple[int, Row]], name: str, columns: Sequence[str], accelerators: Collection[str] = ()
) -> list[Row]:
    """The rows of a catalog, each figure one that can be: as many of `columns` as are needed, `id` among them.

    `accelerators` are the ids that a row of prices may name. Raises TableError with the line and the column of the
    first figure that cannot be.
    """
    first: dict[str, int] = {}
    rows: list[Row] = []
    for line, row in found:
        for column in row:
            if column not in columns:
                near = get_close_matches(column.casefold(), columns, n=2, cutoff=0.5)
                hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(columns)[:300]}"
                raise TableError(f"{name}, line 1: has a column {column[:60]}, which is none of the catalog's; {hint}")
        for column, value in ("id", row.get("id", "")), *row.items():
            if problem := _problem(column, value):
                raise TableError(f"{name}, line {line}, column {column}: {problem}; got {value[:60]!r}")
        if first.setdefault(row["id"], line) != line:
            raise TableError(f"{name}, line {line}, column id: {row['id']} stands in line {first[row['id']]} as well")
        accelerator = row.get("accelerator")
        if accelerator and accelerator not in accelerators:
            near = get_close_matches(accelerator.casefold(), accelerators, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise TableError(f"{name}, line {line}, column accelerator: no catalog has {accelerator!r}{hint}")
        if accelerator and not row.get("accelerators"):
            raise TableError(f"{name}, line {line}, column accelerators: is blank; how many has the instance?")
        rows.append(row)
    return rows


def text(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """A data file of rows, blank where a row has no value for a column."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _header(values: list[str], name: str) -> list[str]:
    header = [value.strip() for value in values]
    if len(header) == 1 and ";" in header[0]:
        raise TableError(f"{name}, line 1: has semicolons between its columns; commas are needed, and decimal points")
    if twice := [column for column in header if header.count(column) > 1]:
        raise TableError(f"{name}, line 1: has two columns {twice[0]!r}")
    return header


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _problem(column: str, value: str) -> str:
    """What is wrong with a field; nothing where it can stand."""
    if not value:
        return "is needed in every line" if column == "id" else ""
    if column in _WHOLE or column.endswith(UNITS) or "usd_per_" in column or "_per_kwh" in column:
        if not _NUMBER.fullmatch(value):
            return "must be a number with a decimal point and without separators or a currency"
        number = float(value)
        if not 0 < number <= _MOST:
            return f"must be above 0 and at most {_MOST:.0e}, or blank where there is none"
        return "must be a whole number" if column in _WHOLE and not number.is_integer() else ""
    if column in ("as_of", "released"):
        or_less = column == "released"
        day = value + ({4: "-01-01", 7: "-01"}.get(len(value), "") if or_less else "")
        return "" if _is_day(day) else f"must be a date as 2026-11-24{', 2026-11 or 2026' if or_less else ''}"
    if value[0] in "=+-@":
        return "must not begin as a formula does"
    if not value.isprintable():
        return "must be text in one line"
    return f"must have at most {_LONGEST} characters" if column == "id" and len(value) > _LONGEST else ""
