"""Text and numbers as the XML of a workbook writes them."""

from __future__ import annotations

import re
from typing import TypeAlias

from xlcalc.language.errors import CalcError

Value: TypeAlias = bool | int | float | str | CalcError | None

# Excel writes the newer errors (#SPILL!, #CALC!) as #VALUE! with the real one in a metadata part.
FILE_ERRORS = frozenset(("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"))

_ATTRIBUTE = re.compile(rb"""([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_ENTITY = re.compile(r"&(?:#x([0-9A-Fa-f]+)|#([0-9]+)|(amp|lt|gt|quot|apos));")
_CHARACTER = re.compile(f"{_ENTITY.pattern}|.", re.DOTALL)
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_ESCAPED_CHARACTER = re.compile(r"_x([0-9A-Fa-f]{4})_")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]|_(?=x[0-9A-Fa-f]{4}_)")
_TEXT_RUN = re.compile(rb"<(?:\w+:)?t(?:\s[^<>]*)?>([^<]*)</(?:\w+:)?t\s*>")
_PHONETIC = re.compile(rb"<(?:\w+:)?rPh\b.*?</(?:\w+:)?rPh\s*>", re.DOTALL)
_STRING_ITEM = re.compile(rb"<(?:\w+:)?si\s*/>|<(?:\w+:)?si(?:\s[^<>]*)?>(.*?)</(?:\w+:)?si\s*>", re.DOTALL)


_NAMESPACES = "http://schemas.openxmlformats.org/"
_STRICT = (
    (b"http://purl.oclc.org/ooxml/spreadsheetml/main", f"{_NAMESPACES}spreadsheetml/2006/main".encode()),
    (b"http://purl.oclc.org/ooxml/officeDocument/relationships",
     f"{_NAMESPACES}officeDocument/2006/relationships".encode()),
)  # fmt: skip


def transitional(xml: bytes) -> bytes:
    """A part of the strict format with the namespaces of the transitional one."""
    for strict, usual in _STRICT:
        xml = xml.replace(strict, usual)
    return xml


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: bytes) -> str:
    """Character data as text."""
    decoded = text.decode("utf-8")
    return _ENTITY.sub(_character, decoded) if "&" in decoded else decoded


def characters(text: bytes) -> list[str]:
    """Each character of `unescape(text)` as the file writes it."""
    return [match[0] for match in _CHARACTER.finditer(text.decode("utf-8"))]


def escape_string(text: str) -> str:
    """A cell's text as the file holds it: characters that XML does not have as `_xHHHH_` (ECMA-376, 22.9.2.19)."""
    if text.isascii() and text.isprintable() and "_x" not in text:
        return escape(text)
    return escape(_NOT_IN_XML.sub(lambda match: f"_x{ord(match[0]):04X}_", text))


def unescape_string(text: str) -> str:
    return _ESCAPED_CHARACTER.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def number_text(value: float) -> str:
    """
    >>> number_text(1073741824.0), number_text(0.1), number_text(1e20)
    ('1073741824', '0.1', '1e+20')
    """
    text = repr(float(value))
    return (text[:-2] if value else "0") if text.endswith(".0") else text


def rich_text(element: bytes) -> str:
    """The text of an `<is>` or `<si>`: its runs joined, reading aids (furigana) left out."""
    return "".join(unescape(run) for run in _TEXT_RUN.findall(_PHONETIC.sub(b"", element)))


def _character(match: re.Match[str]) -> str:
    if match[3]:
        return _NAMED[match[3]]
    code = int(match[1], 16) if match[1] else int(match[2])
    return chr(code) if code < 0x110000 else "\ufffd"


def shared_strings(part: bytes) -> list[str]:
    """The texts of a shared strings part, in order."""
    return [unescape_string(rich_text(match[1] or b"")) for match in _STRING_ITEM.finditer(part)]


def is_utf8(xml: bytes) -> bool:
    try:
        xml.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def attribute(attributes: bytes, name: bytes) -> bytes | None:
    """One attribute's text as it is written."""
    if name not in attributes:
        return None
    for match in _ATTRIBUTE.finditer(attributes):
        if match[1] == name:
            return match[2] if match[2] is not None else match[3]
    return None


def cached_value(value: Value) -> tuple[bytes, bytes | None]:
    """A result as a file holds it: the `t` attribute (none for a number) and the text of `<v>`."""
    if isinstance(value, bool):
        return b"b", b"1" if value else b"0"
    if isinstance(value, (int, float)):
        return b"", number_text(value).encode()
    if isinstance(value, str):
        return b"str", escape_string(value).encode()
    if value is None:
        return b"", None
    return b"e", (value.code if value.code in FILE_ERRORS else "#VALUE!").encode()


def constant_value(value: Value, prefix: bytes) -> tuple[bytes, bytes]:
    """A typed-in value as a file holds it: the `t` attribute and the element with the value."""
    if isinstance(value, str):
        keep = b' xml:space="preserve"' if value != value.strip() or "\n" in value else b""
        text = escape_string(value).encode()
        return b"inlineStr", b"<%bis><%bt%b>%b</%bt></%bis>" % (prefix, prefix, keep, text, prefix, prefix)
    kind, result = cached_value(value)
    return kind, b"" if result is None else b"<%bv>%b</%bv>" % (prefix, result, prefix)
