"""Everything in the repository that a program writes, and the one command that writes it: `just regenerate`, which is

    python tests/generated.py [--check] [NAME]...

Each generator stands beside its subject and gives the files with their content; this is the list of them. A file is
written only where what it says has changed; `--check` writes nothing and fails where something has.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import operator
import os
import re
import runpy
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
DOCS = ROOT / "docs"
Files = dict[Path, bytes]
os.environ["XLCALC_CATALOG"] = str(TESTS / "no-such-folder")  # what we ship holds nobody's own catalog
if str(TESTS) not in sys.path:
    sys.path.insert(0, str(TESTS))


def _functions() -> Files:
    from xlcalc.pages import reference

    return {DOCS / "functions.md": reference.as_markdown().encode()}


def _catalogs() -> Files:
    from xlcalc.catalog import coverage

    return {DOCS / "catalogs.md": coverage.as_markdown().encode()}


def _shortcomings() -> Files:
    from xlcalc.workbook.files import shortcomings

    page = DOCS / "headless.md"
    return {page: shortcomings.written_into(page.read_text("utf-8")).encode()}


def _templates() -> Files:
    from xlcalc.workbook.standalone import build

    return {ROOT / "templates" / name: content for name, content in build.made().items()}


def _conformance() -> Files:
    from conformance import matrix

    return {matrix.PAGE: matrix.page().encode()}


def _notebook() -> Files:
    import nbclient
    import nbformat

    path = DOCS / "scenario-sweep.ipynb"
    notebook = nbformat.read(path, 4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    nbclient.NotebookClient(notebook, timeout=300, record_timing=False).execute(cwd=str(DOCS))
    notebook.metadata["language_info"] = {"name": "python"}
    return {path: f"{nbformat.writes(notebook)}\n".encode()}


def _made_by(script: str) -> Callable[[], Files]:
    return lambda: runpy.run_path(str(ROOT / script))["made"]()


def _same_text(old: bytes, new: bytes) -> bool:
    return old.replace(b"\r\n", b"\n") == new


def _same_plot(old: bytes, new: bytes) -> bool:
    """Pages alike, and pictures of the same points: each version of Matplotlib draws them a little differently."""
    points = re.compile(rb"<dc:description>(.*?)</dc:description>")
    drawn = points.search(new)
    return points.findall(old) == [drawn[1]] if drawn else _same_text(old, new)


def _same_workbook(old: bytes, new: bytes) -> bool:
    """Part by part, with their order and dates: only the compressor's choices may differ between machines."""
    if old.startswith(b"\x1f\x8b"):  # the kit of the standalone edition
        return gzip.decompress(old) == gzip.decompress(new)

    def parts(data: bytes) -> list[tuple[str, tuple[int, ...], bytes]]:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [(entry.filename, entry.date_time, archive.read(entry)) for entry in archive.infolist()]

    return parts(old) == parts(new)


def _same_file(old: bytes, new: bytes) -> bool:
    return _same_workbook(old, new) if new.startswith(b"PK") else _same_text(old, new)


def _same_notebook(old: bytes, new: bytes) -> bool:
    """The same cells and what they print; of a picture that there is one."""

    def shown(data: bytes) -> list[object]:
        found: list[object] = []
        for cell in json.loads(data)["cells"]:
            outputs = [output.get("data") or output.get("text") or output for output in cell.get("outputs", [])]
            found += [cell["source"], ["image/png" if "image/png" in o else o for o in outputs]]
        return found

    return shown(old) == shown(new)


def _same_matrix(old: bytes, new: bytes) -> bool:
    """The same but for the versions of the hosts, and for the numbers of a host that is missing here."""
    from conformance import matrix

    return matrix.comparable(old.decode(), new.decode()) == matrix.comparable(new.decode(), new.decode())


def _same_ranges(old: bytes, new: bytes) -> bool:
    """The same words with numbers within a hundredth: machines sum in different orders."""
    number = re.compile(rb"-?\d+\.?\d*(?:e-?\d+)?")
    if number.sub(b"#", old) != number.sub(b"#", new):
        return False
    pairs = zip(number.findall(old), number.findall(new), strict=True)
    return all(abs(float(a) - float(b)) <= 0.01 * abs(float(b)) + 1e-4 for a, b in pairs)


@dataclass(frozen=True)
class Generated:
    """A generator: what it writes, and when a file says the same as another."""

    about: str
    make: Callable[[], Files]
    same: Callable[[bytes, bytes], bool] = _same_text
    needs: tuple[str, ...] = ()
    """Packages that it imports, beyond those of the cell functions."""


ALL = {
    "measured": Generated(
        "xlcalc/catalog/measured.csv, from tests/oracles", _made_by("tests/oracles/build_measured.py")
    ),
    "ranges": Generated(
        "xlcalc/catalog/ranges.json and left_out.csv, from the measured cases as they are estimated now",
        _made_by("tests/oracles/build_ranges.py"),
        _same_ranges,
        ("numpy",),
    ),
    "functions": Generated("docs/functions.md, from the declarations", _functions),
    "catalogs": Generated("docs/catalogs.md, counted from the catalogs", _catalogs),
    "shortcomings": Generated("the tables of docs/headless.md, from workbook/files/measured.csv", _shortcomings),
    "accuracy": Generated(
        "the table and the plots of docs/accuracy.md", _made_by("docs/plot_accuracy.py"), _same_plot, ("matplotlib",)
    ),
    "sources": Generated("docs/sources.md, from tests/sources", _made_by("tests/sources/page.py")),
    "conformance": Generated("docs/conformance.md, on every host", _conformance, _same_matrix),
    "templates": Generated("templates/*.xlsx, and the kit of their standalone edition", _templates, _same_workbook),
    "dashboards": Generated(
        "docs/templates: the pictures of the templates, drawn where those have changed",
        _made_by("docs/dashboards.py"),
        operator.eq,
    ),
    "gallery": Generated("docs/gallery: workbooks, pictures, page", _made_by("docs/gallery/make.py"), _same_file),
    "notebook": Generated(
        "the outputs of docs/scenario-sweep.ipynb", _notebook, _same_notebook, ("nbclient", "ipykernel", "pandas")
    ),
}
"""In the order in which they are written: what reads another's file comes after it."""


def stale(name: str) -> Files:
    """The files of a generator that say something else than what it makes now."""
    generated = ALL[name]
    made = generated.make()
    return {path: new for path, new in made.items() if not (path.exists() and generated.same(path.read_bytes(), new))}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    listed = "; ".join(f"{name}: {generated.about}" for name, generated in ALL.items())
    parser.add_argument("names", nargs="*", choices=[[], *ALL], metavar="NAME", help=f"{listed}; all without any")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where something would be written")
    given = parser.parse_args()
    if len(given.names) != 1:  # each in a process of its own, which reads what the one before has written
        check = ["--check"] if given.check else []
        runs = [subprocess.run([sys.executable, __file__, *check, name]).returncode for name in given.names or ALL]
        return max(runs)
    (name,) = given.names
    found = stale(name)
    for path, content in found.items():
        if not given.check:
            path.write_bytes(content)
        print(f"{name}: {path.relative_to(ROOT)} {'is stale' if given.check else 'written'}")
    if not found:
        print(f"{name}: current")
    return int(given.check and bool(found))


if __name__ == "__main__":
    sys.exit(main())
