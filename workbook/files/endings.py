"""What a workbook's file may be called: Excel opens it by its ending, and refuses what is not inside."""

from __future__ import annotations

import re
from pathlib import PurePath

from .errors import WorkbookError
from .package import Package

_TYPES = {
    "sheet.macroEnabled": ".xlsm",
    "template.macroEnabled": ".xltm",
    "addin.macroEnabled": ".xlam",
    "template.main": ".xltx",
}
_ABOUT = {".xlsm": "a workbook with macros", ".xlsx": "a workbook without macros"}


class EndingError(WorkbookError):
    """An ending that says something else than what the file is; `str()` is one sentence."""


def ending(package: Package) -> str:
    """The ending for a workbook: .xlsx, or .xlsm where it holds macros.

    A file without the type of its main part is judged by whether it holds macros.
    """
    declared = package.read("[Content_Types].xml").decode("utf-8", "replace")
    part = re.escape("/" + package.workbook_part)
    found = re.search(rf"""<(?:\w+:)?Override\s[^>]*PartName\s*=\s*["']{part}["'][^>]*>""", declared)
    for kind, suffix in _TYPES.items():
        if found and kind in found[0]:
            return suffix
    has_macros = any(name.lower().endswith("vbaproject.bin") for name in package.parts)
    return ".xlsm" if has_macros and not found else ".xlsx"


def refuse_ending(package: Package, out: str) -> None:
    """Raise `EndingError` where `out` has another ending than the workbook."""
    right = ending(package)
    path = PurePath(out)
    if path.suffix.lower() != right:
        what = _ABOUT.get(right, f"a file of the kind {right}")
        given = f"the ending {path.suffix}" if path.suffix else "no ending"
        raise EndingError(
            f"{out} has {given}, but {package.label} is {what} and is written as such; name it {path.stem}{right}."
        )
