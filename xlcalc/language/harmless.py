"""Text from elsewhere (a name in a catalog, what somebody typed) as nothing but text, wherever it is shown."""

from __future__ import annotations

import re

# control characters, among them ESC, with which a terminal is told what to do; and those that turn the line's direction
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
# what a spreadsheet program takes a pasted or imported text for, but not a signed number
_FORMULA = re.compile(r"[=@\t\r\n]|[+-](?![0-9.,]+ ?%?\Z)")


def printable(text: str) -> str:
    """The text with control characters spelt out.

    >>> printable("a\\x1b[31mb"), printable("Größe 5 µm")
    ('a\\\\x1b[31mb', 'Größe 5 µm')
    """
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def unformulated(text: str) -> str:
    """The text for a file or a pipe that a spreadsheet program may read: what it would take for a formula begins with
    an apostrophe.

    >>> unformulated("=1+1"), unformulated("-3.5%"), unformulated("+x"), unformulated("a=b")
    ("'=1+1", '-3.5%', "'+x", 'a=b')
    """
    return f"'{text}" if _FORMULA.match(text) else text
