"""The pictures of docs/templates.md, drawn with LibreOffice and poppler's pdftoppm: the Dashboard of each template, of
hardware its first catalog.

They are drawn anew where a template has changed since, which `drawn.json` beside them tells: another LibreOffice, or
other fonts, draw the same workbook a little differently.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path

from xlcalc.workbook import report
from xlcalc.workbook.report_pdf import as_pdf

HERE = Path(__file__).parent / "templates"
RECORD = HERE / "drawn.json"
_DPI = "90"


def made() -> dict[Path, bytes]:
    """The pictures, and of which workbooks they are."""
    known = json.loads(RECORD.read_text("utf-8")) if RECORD.exists() else {}
    now = {name: _content(name) for name in report.templates()}
    pictures = {HERE / f"{name}.png": name for name in now}
    drawn = {
        path: path.read_bytes() if path.exists() and known.get(name) == now[name] else _draw(name)
        for path, name in pictures.items()
    }
    return {**drawn, RECORD: f"{json.dumps(now, indent=1)}\n".encode()}


def _content(name: str) -> str:
    """A template's parts in a few letters."""
    package = report.find(name)
    return sha256(b"".join(package.read(part) for part in sorted(package.parts))).hexdigest()[:16]


def _draw(name: str) -> bytes:
    """The first page that is printed, of hardware the one after its Cover."""
    at = "2" if name == "hardware" else "1"
    with tempfile.TemporaryDirectory() as folder:
        page, picture = Path(folder) / "report.pdf", Path(folder) / "page.png"
        page.write_bytes(as_pdf(report.make(name, {})))
        cropped = ["-x", "46", "-y", "39", "-W", "960", "-H", "660"]
        command = ["pdftoppm", "-png", "-singlefile", "-f", at, "-r", _DPI, *cropped, str(page),
                   str(picture.with_suffix(""))]  # fmt: skip
        subprocess.run(command, check=True)
        return picture.read_bytes()
