"""The Excel add-in (.xlam): xlwings' own add-in file with a VBA function for every cell function, built on any system.

xlwings' generator gives each function's name and arguments; `vba/Bridge.bas` answers them all. What Excel shows of a
function (MacroOptions) stands on the add-in's one sheet, beside its settings, and is registered when the add-in opens.
Calling Python from VBA takes COM, so the add-in calculates in Excel on Windows.
"""

from __future__ import annotations

import io
import os
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from xml.sax.saxutils import escape

from xlcalc import __version__
from xlcalc.files import FileError, write_atomically
from xlcalc.language.declare import functions

NAME = "xlcalc.xlam"
_HOST = "xlcalc.hosts.excel"
_CATEGORY = "LLM Calculator"
_MAX_HELP = 255  # characters, as Excel's Application.MacroOptions takes them
_VBA = Path(__file__).with_name("vba")
_BASE = "quickstart_addin_ribbon.xlam"
_SHEET, _WORKBOOK, _RIBBON, _CORE = (
    "xl/worksheets/sheet1.xml", "xl/workbook.xml", "customUI/customUI.xml", "docProps/core.xml",
)  # fmt: skip
# xlwings reads its settings from the active workbook and from its folder before all others. A workbook that somebody
# sends must not choose which program runs, so those two places are closed.
_CHANGES = (
    ('PROJECT_NAME As String = "myaddin"', 'PROJECT_NAME As String = "xlcalc"'),
    ('If SheetExists(ActiveWorkbook, PROJECT_NAME & ".conf") = True Then', "If False Then 'changed by xlcalc"),
    ('If source = "" Or source = "directory" Then', "If False Then 'changed by xlcalc"),
)
_PYWIN32 = {  # what xlwings.udfs takes from it on import
    "pythoncom": ("CoInitialize",),
    "pywintypes": ("com_error",),
    "win32com": (),
    "win32com.client": ("Dispatch",),
}


class BuildError(Exception):
    """Why the add-in cannot be built or installed, in one sentence."""


def build(python: str | None = None) -> bytes:
    """The add-in's file. It calls the Python at `python`: by default this one on Windows, elsewhere the one on PATH."""
    missing = [name for name in ("xlwings", "pyopenvba") if find_spec(name) is None]
    if missing:
        raise BuildError(f'the add-in is made of {" and ".join(missing)}, missing here: pip install "xlcalc[excel]"')
    if python is None:
        python = sys.executable if sys.platform == "win32" else ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        path.write_bytes(_with_parts(_base(), python))
        _put_modules(path, modules())
        return path.read_bytes()


def modules() -> dict[str, str]:
    """The VBA that is ours, by module."""
    texts = {name: (_VBA / f"{name}.bas").read_text("ascii") for name in ("ThisWorkbook", "Bridge", "Notices")}
    return {**texts, "xlwings_udfs": _udfs(_generated())}


def install(addin: bytes) -> Path:
    """Put the add-in where Excel loads it at every start, for the current user of Windows; gives the path."""
    if sys.platform == "darwin":
        raise BuildError(
            "Excel on the Mac cannot call Python from an add-in: use xlwings Lite (docs/lite.md) or xlcalc serve"
        )
    folder = _startup_folder()
    if folder is None:
        raise BuildError(
            f"Excel is not on this machine: build {NAME} with -o, copy it to %APPDATA%\\Microsoft\\Excel\\XLSTART on a "
            "Windows machine, and run pip install xlcalc[excel] there"
        )
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / NAME
    try:
        write_atomically(target, addin)
    except FileError as error:
        raise BuildError(f"{error} Close Excel, then install again.") from None
    return target


def warning(python: str) -> str:
    """What would keep the add-in from starting this Python, or ''. xlwings' VBA looks for its DLL beside it."""
    version = _xlwings().__version__
    dll = f"xlwings64-{version}.dll"
    if any((folder / dll).is_file() for folder in Path(python).parents[:2]):
        return ""
    return f'{dll} is not beside {python}: run "{python}" -m pip install --force-reinstall xlwings=={version}'


def _startup_folder() -> Path | None:
    roaming = os.environ.get("APPDATA", "") if sys.platform == "win32" else ""
    return Path(roaming, "Microsoft", "Excel", "XLSTART") if roaming else None


# VBA


def _generated() -> str:
    """The wrapper as xlwings writes it for an add-in."""
    host = import_module(_HOST)
    with _windows_only_modules():
        udfs = import_module("xlwings.udfs")
        found = {f.name: udfs.xlfunc(category=_CATEGORY)(getattr(host, f.name)) for f in functions()}
        text = io.StringIO()
        udfs.generate_vba_wrapper(_HOST, SimpleNamespace(**found), text, SimpleNamespace(Name=NAME))
    return text.getvalue()


@contextmanager
def _windows_only_modules() -> Iterator[None]:
    """Empty modules in the place of pywin32, where it is missing: the generator imports it and does not use it."""
    try:
        import_module("pythoncom")
    except ImportError:
        pass
    else:
        yield
        return
    for name, attributes in _PYWIN32.items():
        module = ModuleType(name)
        for attribute in attributes:
            setattr(module, attribute, type(attribute, (Exception,), {}))
        sys.modules[name] = module
    try:
        yield
    finally:
        for name in (*_PYWIN32, "xlwings.udfs"):
            sys.modules.pop(name, None)


def _udfs(generated: str) -> str:
    """Each generated function with one line in it: Bridge makes the call, and an Excel error of whatever fails."""
    pattern = r"^Function (\w+)\((.*?)\)$.*?XLPy\.CallUDF\(\"([\w.]+)\", \"\1\", (Array\(.*?\)), .*?^End Function$"
    found = re.findall(pattern, generated, re.MULTILINE | re.DOTALL)
    if {name for name, *_ in found} != {f.name for f in functions()}:
        raise _unknown("call of every function in the VBA that it generates")
    texts = [
        f'Public Function {name}({arguments})\n    {name} = CallPython("{host}", "{name}", {values})\nEnd Function\n'
        for name, arguments, host, values in found
    ]
    return "\n".join(["'Written by xlwings' generator and xlcalc: do not edit", *texts])


def _put_modules(path: Path, texts: dict[str, str]) -> None:
    from pyopenvba import ExcelFile

    with ExcelFile(path) as workbook:
        project = workbook.vba_project()
        carried = workbook.get_module("xlwings")
        for old, new in _CHANGES:
            if carried.count(old) != 1:
                raise _unknown(f"{old} in its VBA")
            carried = carried.replace(old, new)
        texts = {**texts, "xlwings": carried}
        project.delete_module("RibbonMyAddin")
        for name, text in texts.items():
            text = text.replace("\r\n", "\n").replace("\n", "\r\n")
            if name in workbook.module_names():
                workbook.set_module(name, text)
            else:
                project.add_module(name, text)
        workbook.save()


# The other parts of the file


def _xlwings() -> Any:
    """xlwings, imported where the add-in is built and nowhere else."""
    return import_module("xlwings")


def _unknown(what: str) -> BuildError:
    return BuildError(f"xlcalc does not know the add-in of xlwings {_xlwings().__version__}: there is not one {what}")


def _base() -> bytes:
    return (Path(_xlwings().__file__).parent / _BASE).read_bytes()


def _with_parts(base: bytes, python: str) -> bytes:
    """The file with our settings, help and ribbon; every other part as it is."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(base)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        changed = {
            _SHEET: _sheet(old.read(_SHEET).decode(), _rows(python)).encode(),
            _WORKBOOK: _once('name="_myaddin.conf"', 'name="xlcalc.conf"', old.read(_WORKBOOK).decode()).encode(),
            _RIBBON: (_VBA / "ribbon.xml").read_bytes(),
            _CORE: _core(old.read(_CORE).decode()).encode(),
        }
        for entry in old.infolist():
            new.writestr(entry, changed.get(entry.filename) or old.read(entry), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _core(core: str) -> str:
    """What Excel's list of add-ins says of this one."""
    about = f"LLM_* functions, xlcalc {__version__}, xlwings {_xlwings().__version__}"
    core = _once("<dc:title />", f"<dc:title>{_CATEGORY}</dc:title>", core)
    return _once("<dc:description />", f"<dc:description>{about}</dc:description>", core)


def _rows(python: str) -> list[list[Any]]:
    """Settings of xlwings in columns A and B, the help of the functions from D on: a row each, D the name, E the help,
    F how many arguments, then theirs."""
    settings: list[list[Any]] = [
        ["Interpreter_Win", python],
        ["Interpreter_Mac", None],
        ["PYTHONPATH", None],
        ["UDF Modules", _HOST],
        ["Conda Path", None],
        ["Conda Env", None],
        ["Debug UDFs", False],
        ["Use UDF Server", False],
        ["Show Console", False],
        ["ADD_WORKBOOK_TO_PYTHONPATH", False],
        ["LICENSE_KEY", None],
        ["Built with Python", python],
        ["Built with xlcalc", __version__],
    ]
    help_ = [
        [f.name, f.summary[:_MAX_HELP], len(f.arguments), *(f.argument_help(a.name)[:_MAX_HELP] for a in f.arguments)]
        for f in functions()
    ]
    settings += [[None, None]] * (len(help_) - len(settings))
    help_ += [[]] * (len(settings) - len(help_))
    return [[*left, None, *right] for left, right in zip(settings, help_, strict=True)]


def _sheet(sheet: str, rows: Sequence[Sequence[Any]]) -> str:
    data = "".join(
        f'<row r="{r}">{"".join(_cell(f"{_column(c)}{r}", v) for c, v in enumerate(row) if v not in (None, ""))}</row>'
        for r, row in enumerate(rows, 1)
    )
    area = f"A1:{_column(max(map(len, rows)) - 1)}{len(rows)}"
    sheet, n = re.subn(r"<sheetData>.*</sheetData>", lambda _: f"<sheetData>{data}</sheetData>", sheet, flags=re.DOTALL)
    sheet, m = re.subn(r'<dimension ref="[^"]*" />', f'<dimension ref="{area}" />', sheet)
    if (n, m) != (1, 1):
        raise _unknown("one table of cells on its sheet")
    return sheet


def _cell(place: str, value: str | bool | int) -> str:
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int):
        return f'<c r="{place}"><v>{value}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def _column(index: int) -> str:
    return chr(65 + index) if index < 26 else _column(index // 26 - 1) + chr(65 + index % 26)


def _once(old: str, new: str, text: str) -> str:
    if text.count(old) != 1:
        raise _unknown(old)
    return text.replace(old, new)
