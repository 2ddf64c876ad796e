"""A report as PDF by LibreOffice: the sheets that people print, not the lists of prices and models behind them."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from .files.errors import WorkbookError
from .files.package import Package
from .report import Report
from .templates.editions import edition

PRINTED = ("Dashboard", "Sensitivity", "Checks")
_SECONDS = 180


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
    """A copy with values alone, for LibreOffice has no function of ours, that shows the sheets that are printed."""
    copy = edition(Package(package.to_bytes(), package.label), "values")
    printed = [sheet for sheet in PRINTED if sheet in copy.sheets] or list(copy.sheets)
    workbook = copy.read(copy.workbook_part)

    def hidden(found: re.Match[bytes]) -> bytes:
        name = found[1].decode()
        return found[0] if name in printed else found[0].replace(b'state="visible"', b'state="hidden"')

    workbook = re.sub(rb'<sheet name="([^"]*)"[^>]*/>', hidden, workbook)
    numbers = {
        str(i).encode()
        for i, name in enumerate(re.findall(rb'<sheet name="([^"]*)"', workbook))
        if name.decode() in printed
    }
    workbook = re.sub(  # LibreOffice prints the print area of a hidden sheet too
        rb'<definedName name="_xlnm.Print_Area" localSheetId="(\d+)"[^>]*>[^<]*</definedName>',
        lambda found: found[0] if found[1] in numbers else b"", workbook,
    )  # fmt: skip
    first = list(copy.sheets).index(printed[0])
    workbook = re.sub(rb'activeTab="\d+"', b'activeTab="%d"' % first, workbook)
    copy.replace(copy.workbook_part, workbook)
    return copy
