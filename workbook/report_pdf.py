"""A report as PDF by LibreOffice: the sheets that people print, not the lists of prices and models behind them."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from .files.errors import WorkbookError
from .files.package import Package
from .files.xml_text import unescape
from .report import Report
from .templates.editions import freeze

PRINTED = ("Dashboard", "Sensitivity", "Checks")
_SECONDS = 180
_SHEET = re.compile(rb'<sheet [^>]*?\bname="([^"]*)"[^>]*/>')
_STATE = re.compile(rb'\sstate="\w+"')
_ACTIVE = re.compile(rb'\sactiveTab="\d+"')
_PRINT_AREA = re.compile(rb'<definedName [^>]*?"_xlnm\.Print_Area"[^>]*?localSheetId="(\d+)"[^>]*>[^<]*</definedName>')


def as_pdf(report: Report) -> bytes:
    """The PDF of a report. Raises WorkbookError where LibreOffice is missing or makes none."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        raise WorkbookError(
            "a PDF needs LibreOffice (the command soffice), which is not installed; html prints as well"
        )
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "report.xlsx"
        _printable(report.recalculation.package).save(source)
        command = [office, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", "pdf",
                   "--outdir", folder, str(source)]  # fmt: skip
        try:
            subprocess.run(command, capture_output=True, timeout=_SECONDS, check=True)
            return (Path(folder) / "report.pdf").read_bytes()
        except (OSError, subprocess.SubprocessError) as error:
            raise WorkbookError(f"LibreOffice made no PDF: {error}") from error


def _printable(package: Package) -> Package:
    """A copy with values alone, for LibreOffice has no function of ours; of a template the sheets that are printed."""
    copy = Package(package.to_bytes(), package.label)
    freeze(copy)
    if PRINTED[0] in copy.sheets:
        copy.replace(copy.workbook_part, _showing(copy.read(copy.workbook_part)))
    return copy


def _showing(workbook: bytes) -> bytes:
    """The workbook's part with all other sheets hidden; LibreOffice prints the print area of a hidden one too."""
    names = [unescape(name) for name in _SHEET.findall(workbook)]

    def hidden(found: re.Match[bytes]) -> bytes:
        if unescape(found[1]) in PRINTED:
            return found[0]
        return _STATE.sub(b"", found[0]).replace(b"<sheet ", b'<sheet state="hidden" ', 1)

    workbook = _PRINT_AREA.sub(lambda area: area[0] if names[int(area[1])] in PRINTED else b"", workbook)
    workbook = _ACTIVE.sub(b"", _SHEET.sub(hidden, workbook))
    return workbook.replace(b"<workbookView ", b'<workbookView activeTab="%d" ' % names.index(PRINTED[0]), 1)
