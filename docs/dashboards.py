"""The pictures of docs/templates.md: `python docs/dashboards.py [NAME]...` draws the Dashboard of each template with
LibreOffice and poppler's pdftoppm."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from xlcalc.workbook import report
from xlcalc.workbook.report_pdf import as_pdf

HERE = Path(__file__).parent / "templates"
_DPI = "90"


def draw(name: str) -> None:
    """The first page that is printed."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.pdf"
        page.write_bytes(as_pdf(report.make(name, {})))
        HERE.mkdir(exist_ok=True)
        cropped = ["-x", "74", "-y", "39", "-W", "910", "-H", "652"]
        command = ["pdftoppm", "-png", "-singlefile", "-r", _DPI, *cropped, str(page), str(HERE / name)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    for template in sys.argv[1:] or [name for name in report.templates() if name != "hardware"]:
        draw(template)
