"""The names of our functions in a workbook's formulas, as one host or another writes them in the file.

docs/formula-text.md says which host writes what, and how that is known. Only those names are rewritten, wherever a
workbook has formulas; every other byte of every part stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from xlcalc.hosts import addin_excel, addin_libreoffice

from .errors import WorkbookError
from .formula_text import bare_function, called
from .package import Package
from .xml_text import characters, is_utf8, unescape

_OFFICE_ADDIN = "_xldudf_"
HOSTS = {
    "plain": "",
    "excel-addin": "",
    "xlwings-server": _OFFICE_ADDIN,
    "xlwings-lite": _OFFICE_ADDIN,
    "libreoffice": f"{addin_libreoffice.IDENTIFIER.upper()}.",
}
"""What stands before a function's name in a file for each host. Excel puts the link to the desktop add-in, `[1]!`,
before it by itself, since only Excel knows where the add-in lies."""

_NAMESPACE = re.compile(r"[A-Za-z]\w*(?:\.\w+)*")
_ATTRIBUTES = rb"""(?:\s(?:[^<>"']|"[^"]*"|'[^']*')*)?"""
_FORMULA = re.compile(
    rb"<(?:[\w.-]+:)?(?:f|formula[12]?|definedName|calculatedColumnFormula|totalsRowFormula)%b(?<!/)>([^<]+)</"
    rb"""|<(?:[\w.-]+:)?cfvo\s(?:[^<>"']|"[^"]*"|'[^']*')*?\sval\s*=\s*(?:"([^"]*)"|'([^']*)')""" % _ATTRIBUTES
)
"""A formula in the element that holds it (groups 1 to 3): a cell's, a conditional format's, a data validation's, a
name's, a table's."""
_LINK = re.compile(r"\[(\d+)\]")


class Converted(NamedTuple):
    """What a conversion did: how many names it rewrote, and the links to the Excel add-in that no formula uses now."""

    calls: int
    unused_links: list[int]


def mark(host: str, namespace: str = "") -> str:
    """What stands before a function's name in a file for a host. Raises WorkbookError for one that is not known.

    >>> mark("libreoffice"), mark("xlwings-server", "finance")
    ('ORG.XLCALC.ADDIN.', '_xldudf_FINANCE_')
    """
    if host not in HOSTS:
        raise WorkbookError(f"there is no host {host}; the hosts are {', '.join(HOSTS)}")
    if not namespace:
        return HOSTS[host]
    if host != "xlwings-server":
        raise WorkbookError(f"only xlwings-server has a namespace; {host} has none")
    if not _NAMESPACE.fullmatch(namespace):
        raise WorkbookError(f"a namespace is letters, digits and _ with dots between; got {namespace!r}")
    return f"{_OFFICE_ADDIN}{namespace.upper().replace('.', '_')}_"


def convert(package: Package, functions: Collection[str], new_mark: str) -> Converted:
    """Write `new_mark` before the name of each of `functions` (in upper case) that a formula calls, in place of what
    stands there. A name that the workbook itself defines (a LAMBDA) is its own, and stays."""
    ours = set(functions) - {name.name.upper() for name in package.names}
    calls = 0

    def respelled(word: str) -> str:
        nonlocal calls
        name = bare_function(word)
        if name not in ours or not _is_our_mark(word[: -len(name)], package):
            return word
        calls += 1
        return new_mark + word[-len(name) :]

    for part in _parts(package):
        xml = package.read(part)
        if not is_utf8(xml) or (b"LLM_" in xml.upper() and (b"<!--" in xml or b"<![CDATA[" in xml)):
            raise WorkbookError(
                f"{package.label} is not converted: its part {part} holds comments or CDATA, or is not in UTF-8;"
                " open and save it in Excel or LibreOffice first."
            )
        converted = _FORMULA.sub(lambda found: _with_formula(found, respelled), xml)
        if converted != xml:
            package.replace(part, converted)
    return Converted(calls, _unused_links(package))


def _parts(package: Package) -> Iterator[str]:
    """The parts that hold formulas."""
    yield package.workbook_part
    for part in package.sheets.values():
        yield part
        yield from (target for kind, target in package.related(part) if kind == "table")


def _with_formula(found: re.Match[bytes], respelled: Callable[[str], str]) -> bytes:
    """What was found, with each function that the formula in it calls written as `respelled` says."""
    group = found.lastindex or 0
    start, end = (at - found.start() for at in found.span(group))
    return found[0][:start] + _respell(found[group], respelled) + found[0][end:]


def _respell(formula: bytes, respelled: Callable[[str], str]) -> bytes:
    if b"LLM_" not in formula.upper():
        return formula
    written, out, done = characters(formula), [], 0
    for start, end, word in called(unescape(formula)):
        new = respelled(word)
        if new != word:
            out += [*written[done:start], new]
            done = end
    return "".join([*out, *written[done:]]).encode()


def _is_our_mark(mark: str, package: Package) -> bool:
    """Is this what a host of ours writes before a function's name, and not a sheet, another add-in, or a parameter?

    Excel has been seen to put a link to some other add-in before an Office add-in's function by mistake
    (https://github.com/OfficeDev/office-js/issues/2568): that is ours all the same.
    """
    place, bang, prefix = mark.rpartition("!")
    if "_xlpm." in prefix.lower():
        return False
    if not bang or prefix.lower().startswith(_OFFICE_ADDIN):
        return True
    link = _LINK.fullmatch(place)
    file = dict(enumerate(package.linked_files, 1)).get(int(link[1]), "") if link else place
    return _is_addin(file)


def _is_addin(file: str) -> bool:
    """Is this the Excel add-in, in whatever folder?"""
    return file.strip("'").replace("\\", "/").rpartition("/")[2].lower() == addin_excel.NAME


def _unused_links(package: Package) -> list[int]:
    links = [n for n, name in enumerate(package.linked_files, 1) if _is_addin(name)]
    formulas = b"\n".join(package.read(part) for part in _parts(package)) if links else b""
    return [n for n in links if b"[%d]" % n not in formulas]
