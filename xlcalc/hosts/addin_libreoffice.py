"""The LibreOffice extension: an archive with the add-in's types, its help, and the packages that calculate.

Everything in it comes from the declarations and from this Python: no SDK, no LibreOffice and no network are needed to
build it. What Calc's files must look like:
https://wiki.documentfoundation.org/Documentation/DevGuide/Spreadsheet_Documents#Spreadsheet_Add-Ins
"""

from __future__ import annotations

import inspect
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import get_type_hints
from xml.etree import ElementTree as ET

from xlcalc import __version__
from xlcalc.hosts.libreoffice.typelib import Method, type_library
from xlcalc.language.declare import Declaration, Table, functions
from xlcalc.language.renderings import example_arguments
from xlcalc.pages.answers import formula_text

NAME = "xlcalc.oxt"
IDENTIFIER = "org.xlcalc.AddIn"  # of the extension, and of the service: stored formulas begin with it
_JOB = "org.xlcalc.ExcelNames"
INTERFACE = "org.xlcalc.XFunctions"
_NEEDED = ("platformdirs",)  # by the functions, beside Python
_PYTHON_MISSING = ". On Debian and Ubuntu it needs the package python3-uno, on Fedora libreoffice-pyuno"
_TRIES = 3
"""unopkg of LibreOffice 7.4 ends with std::bad_alloc about once in fifteen runs, and is well the next time."""
_NOT_CARRIED = {"__pycache__", "templates", "workbook"}
_MANIFEST = "http://openoffice.org/2001/manifest"
_REGISTRY = "http://openoffice.org/2001/registry"
_DESCRIPTION = "http://openoffice.org/extensions/description/2006"
_XLINK = "http://www.w3.org/1999/xlink"
_UNOPKG = (
    "/usr/lib/libreoffice/program/unopkg",
    "/opt/libreoffice/program/unopkg",
    "/Applications/LibreOffice.app/Contents/MacOS/unopkg",
    "C:/Program Files/LibreOffice/program/unopkg.com",
    "C:/Program Files (x86)/LibreOffice/program/unopkg.com",
)


class BuildError(Exception):
    """Why the extension cannot be installed, in one sentence."""


def build(python: str = sys.executable) -> bytes:
    """The extension's file, with the functions that this Python has; `python` is the program that calculates them."""
    declared = functions()
    methods = [Method(f.name, _result(f), [_uno(a.name) for a in f.arguments]) for f in declared]
    about = {
        "python": python,
        "xlcalc": __version__,
        "results": {method.name: method.result for method in methods},
    }
    parts = {
        "META-INF/manifest.xml": _manifest(),
        "description.xml": _description(),
        "description.txt": b"LLM_* functions: what it takes to train and host large language models.\n",
        "CalcAddIns.xcu": _help(declared),
        "Jobs.xcu": _job(),
        "xlcalc.rdb": type_library(INTERFACE, methods),
        "built.json": json.dumps(about, indent=1).encode(),
        **dict(_packages()),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def install(extension: bytes, *settings: str) -> str:
    """Install an extension for the current user with LibreOffice's own tool; a sentence that says so.

    `settings` are LibreOffice's, such as -env:UserInstallation=file:///somewhere for another profile than the usual.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        path.write_bytes(extension)
        command = [_unopkg(), "add", "--force", str(path), *settings]
        if hasattr(os, "geteuid") and os.geteuid() == 0:  # unopkg refuses root, unless another place was named first
            command += ["--bundled", "--deployment-context", "user"]
        for _ in range(_TRIES):
            done = subprocess.run(command, capture_output=True, text=True)
            said = " ".join(f"{done.stdout} {done.stderr}".split()) or "it gave no reason"
            if not (crashed := _crashed(done.returncode, said)):
                break
    if crashed:
        raise BuildError(f"LibreOffice's unopkg crashed {_TRIES} times (exit status {done.returncode}): {said}")
    if done.returncode:
        hint = _PYTHON_MISSING if "python" in said.lower() else ""
        raise BuildError(f"LibreOffice did not install the extension: {said.rstrip('.')}{hint}")
    return f"installed for LibreOffice at {Path(command[0]).resolve().parent}"


def _crashed(status: int, said: str) -> bool:
    """Did it die, of a signal (itself or in a shell), of an exception on Windows, or of an allocation that failed?"""
    return status != 0 and ("bad_alloc" in said or not (0 <= status <= 128 or status == 255))


def _unopkg() -> str:
    found = shutil.which("unopkg") or next((path for path in _UNOPKG if Path(path).is_file()), None)
    if found is None:
        raise BuildError(
            f"LibreOffice's unopkg was not found: build {NAME} with -o and open it with LibreOffice to install it"
        )
    return found


def _result(function: Declaration) -> str:
    """The type of a result: a matrix, or an `any` where it may be one text.

    Texts in a matrix of an add-in do not compare equal to the same text in a cell
    (ScSequenceToMatrix::CreateMixedMatrix leaves them out of the document's pool of strings:
    https://github.com/LibreOffice/core/blob/master/sc/source/core/tool/rangeseq.cxx).
    """
    return "[][]any" if get_type_hints(inspect.unwrap(function))["return"] in (int, float, Table) else "any"


def _uno(argument: str) -> str:
    """An argument's name as UNO IDL has it: with underscores it begins with a capital, and so it is no keyword."""
    return argument.capitalize()


def _help(declared: list[Declaration]) -> bytes:
    """The function wizard's texts, as configuration: Calc shows them without loading the add-in."""
    root = _configuration("CalcAddIns")
    all_functions = _node(_node(_node(root, "AddInInfo"), IDENTIFIER, "replace"), "AddInFunctions")
    for function in declared:
        node = _node(all_functions, function.name, "replace")
        _text(node, "DisplayName", function.name)
        example = formula_text(function, example_arguments(function))
        _text(node, "Description", f"{function.summary} Example: {example} Source: {function.source}")
        ET.SubElement(ET.SubElement(node, "prop", {"oor:name": "Category"}), "value").text = "Add-In"
        _text(node, "CompatibilityName", function.name)  # as .xlsx files have it
        parameters = _node(node, "Parameters")
        for argument in function.arguments:
            parameter = _node(parameters, _uno(argument.name), "replace")
            _text(parameter, "DisplayName", argument.name)
            needed = "required: " if argument.required else ""  # Calc's own mark says "optional" of every `any`
            _text(parameter, "Description", needed + function.argument_help(argument.name))
    return _xml(root)


def _job() -> bytes:
    """What LibreOffice runs after it read a document, shown or not."""
    root = _configuration("Jobs")
    job = _node(_node(root, "Jobs"), _JOB, "replace")
    ET.SubElement(ET.SubElement(job, "prop", {"oor:name": "Service"}), "value").text = _JOB
    _node(_node(_node(_node(root, "Events"), "OnLoadFinished", "fuse"), "JobList"), _JOB, "replace")
    return _xml(root)


def _configuration(name: str) -> ET.Element:
    return ET.Element(
        "oor:component-data", {"xmlns:oor": _REGISTRY, "oor:name": name, "oor:package": "org.openoffice.Office"}
    )


def _node(parent: ET.Element, name: str, change: str = "") -> ET.Element:
    return ET.SubElement(parent, "node", {"oor:name": name} | ({"oor:op": change} if change else {}))


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(ET.SubElement(parent, "prop", {"oor:name": name}), "value", {"xml:lang": "en-US"}).text = text


def _manifest() -> bytes:
    root = ET.Element("manifest:manifest", {"xmlns:manifest": _MANIFEST})
    for kind, path in (
        ("uno-typelibrary;type=RDB", "xlcalc.rdb"),
        ("uno-component;type=Python", "packages/xlcalc/hosts/libreoffice/component.py"),
        ("uno-component;type=Python", "packages/xlcalc/hosts/libreoffice/excel_names.py"),
        ("configuration-data", "CalcAddIns.xcu"),
        ("configuration-data", "Jobs.xcu"),
    ):
        attributes = {"manifest:media-type": f"application/vnd.sun.star.{kind}", "manifest:full-path": path}
        ET.SubElement(root, "manifest:file-entry", attributes)
    return _xml(root)


def _description() -> bytes:
    root = ET.Element("description", {"xmlns": _DESCRIPTION, "xmlns:xlink": _XLINK})
    ET.SubElement(root, "identifier", {"value": IDENTIFIER})
    ET.SubElement(root, "version", {"value": __version__})
    ET.SubElement(ET.SubElement(root, "display-name"), "name", {"lang": "en"}).text = "xlcalc"
    texts = ET.SubElement(root, "extension-description")
    ET.SubElement(texts, "src", {"lang": "en", "xlink:href": "description.txt"})
    return _xml(root)


def _xml(root: ET.Element) -> bytes:
    ET.indent(root)
    return ET.tostring(root, "utf-8", xml_declaration=True)


def _packages() -> Iterator[tuple[str, bytes]]:
    """xlcalc as it is here, and what it needs, with licences."""
    root = Path(__file__).parents[1]
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.is_file() and not _NOT_CARRIED.intersection(inside.parts):
            yield f"packages/xlcalc/{inside.as_posix()}", path.read_bytes()
    for name in sorted(set().union(*map(_required, _NEEDED))):
        for file in distribution(name).files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                yield f"dependencies/{file.as_posix()}", Path(str(file.locate())).read_bytes()


def _required(name: str) -> set[str]:
    """A package and all that it requires here, extras left out."""
    try:
        requirements = distribution(name).requires or ()
    except PackageNotFoundError:
        return set()  # a requirement of other Pythons or platforms
    required = [re.match(r"[\w.-]+", r) for r in requirements if "extra ==" not in r]
    return {name}.union(*(_required(match[0]) for match in required if match))
