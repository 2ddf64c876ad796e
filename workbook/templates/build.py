"""Building the template workbooks: `python -m xlcalc.workbook.templates.build [NAME]...` writes them into
`templates/`, all where none is named.

The same catalogs and code give the same bytes: the clock is not read (the newest date of the catalogs stands for
today), parts are dated alike and stand in a fixed order.
"""

from __future__ import annotations

import io
import re
import sys
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

from xlcalc.files import write_atomically

from ..files.errors import WorkbookError
from ..files.recalc import recalculate
from ..listed import cell_functions
from .book import Book

SHARED = "sheets"
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def build(book: Book, functions: Mapping[str, Callable[..., Any]] | None = None) -> bytes:
    """The book's file, with every formula's value beside it. Raises WorkbookError where a formula has none."""
    recalculated = recalculate(_saved(book), functions or cell_functions())
    if not recalculated.ok:
        wrong = [*recalculated.errors, *recalculated.not_calculated][:5]
        raise WorkbookError(f"{book.title}: {'; '.join(map(str, wrong))}")
    return packed(recalculated.package.to_bytes(), book.as_of)


def template_names() -> list[str]:
    """The templates: each is a folder beside this file that defines `build`, and nothing else lists them."""
    folders = (path for path in Path(__file__).parent.iterdir() if (path / "__init__.py").is_file())
    return sorted(path.name.replace("_", "-") for path in folders if path.name != SHARED)


def template(name: str, functions: Mapping[str, Callable[..., Any]] | None = None) -> bytes:
    """The file of a template, calculated with `functions` or ours."""
    module = import_module(f"{__package__}.{name.replace('-', '_')}")
    return build(module.build(), functions)


def _saved(book: Book) -> bytes:
    buffer = io.BytesIO()
    book.workbook.save(buffer)
    return buffer.getvalue()


def packed(data: bytes, as_of: date) -> bytes:
    """The file with the same dates whenever it is built."""
    stamp = f"{as_of.isoformat()}T00:00:00Z".encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, content)
            entry = zipfile.ZipInfo(name, _ZIP_DATE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            target.writestr(entry, content, compresslevel=9)
    return buffer.getvalue()


def main() -> None:
    folder = Path(str(files("xlcalc.templates")))
    for name in sys.argv[1:] or template_names():
        path = folder / f"{name}.xlsx"
        write_atomically(path, template(name))
        print(path)


if __name__ == "__main__":
    main()
