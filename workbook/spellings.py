"""How files spell our functions, by the host that wrote them, and rewriting one spelling into another.

Only names of functions in formula texts change: in cells, defined names, conditional formats, data validations and
table columns. Every other byte of the file stays.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from .formula_text import tokens
from .package import Package
from .xml_text import unescape

SPELLINGS = {
    "plain": "",  # xlcalc, Excel with the add-in before it saves, LibreOffice since it knows CompatibilityName
    "officejs": "_xldudf_",  # xlwings Server and xlwings Lite, without a namespace
    "libreoffice": "ORG.XLCALC.ADDIN.",  # .xlsx files that LibreOffice 7.4 saves
}
# what stands before LLM_...( in a formula: the link to an add-in's file, a host's mark, a namespace
_LINK = r"(?:'[^'!<>]*'!|&apos;[^'!<>]*?&apos;!|\[\d+\]!|xlcalc\.xlam!)"
_BEFORE = _LINK + r"?(?:_xludf\.|_xll\.|ORG\.XLCALC\.ADDIN\.|_xldudf_(?:\w+?_)??)?"
_ELEMENTS = rb"f|formula|formula1|formula2|definedName|calculatedColumnFormula|totalsRowFormula"
_FORMULA = re.compile(rb"(<(?:\w+:)?(?:%b)(?:\s[^<>]*)?>)([^<]+)(</)" % _ELEMENTS)


def convert(package: Package, functions: Collection[str], spelling: str) -> int:
    """Spell every call of `functions` in a workbook's formulas as `spelling` says; how many calls there are."""
    names = "|".join(sorted(functions, key=len, reverse=True))
    call = re.compile(rf"(?<![\w.!\]])({_BEFORE})({names})(?=\s*\()", re.IGNORECASE)
    found = 0

    def formula(match: re.Match[bytes]) -> bytes:
        nonlocal found
        written = match[2].decode()
        are_calls = iter(_are_calls(unescape(match[2]), call))

        def respelled(one: re.Match[str]) -> str:
            nonlocal found
            if not next(are_calls):
                return one[0]
            found += 1
            return SPELLINGS[spelling] + one[2]

        return match[1] + call.sub(respelled, written).encode() + match[3]

    for part in package.parts:
        if part.endswith(".xml") and (part == package.workbook_part or "/worksheets/" in part or "/tables/" in part):
            content = package.read(part)
            changed = _FORMULA.sub(formula, content)
            if changed != content:
                package.replace(part, changed)
    return found


def _are_calls(text: str, call: re.Pattern[str]) -> list[bool]:
    """Of each place that looks like a call, in order: whether it is one, and not part of a text in quotes."""
    quoted: list[tuple[int, int]] = []
    at = 0
    for token in tokens(text):
        if token.kind == "text":
            quoted.append((at, at + len(token.text)))
        at += len(token.text)
    return [not any(first <= m.start() < last for first, last in quoted) for m in call.finditer(text)]


def values_only(package: Package) -> int:
    """Put every formula's value in its place; how many there were."""
    count = 0
    for name, part in package.sheets.items():
        xml = package.sheet(name)
        pieces, done = [], 0
        for cell in xml.formula_cells():
            assert cell.formula is not None
            start = xml.xml.index(cell.formula, cell.start)
            pieces.append(xml.xml[done:start])
            done, count = start + len(cell.formula), count + 1
        package.replace(part, b"".join([*pieces, xml.xml[done:]]))
    return count
