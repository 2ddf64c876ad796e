"""The one error of workbook files."""

from xlcalc.files import FileError


class WorkbookError(FileError):
    """A workbook that cannot be read, or a sheet, name or cell that is not there; `str()` is one sentence."""
