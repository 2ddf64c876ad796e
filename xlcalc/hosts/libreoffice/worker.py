"""Calculates for the add-in: reads [function, arguments] as a line of JSON, writes the answer as one.

The extension carries xlcalc and what it needs, none of it compiled: any Python that xlcalc knows will do.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from typing import Any


def carry(folder: str) -> None:
    """Make this Python import what an extension carries."""
    sys.path[:0] = [os.path.join(folder, "packages"), os.path.join(folder, "dependencies")]


class Calls:
    """The declared functions as Calc calls them."""

    def __init__(self) -> None:
        from xlcalc.hosts.cells import answer
        from xlcalc.language.declare import functions

        self._answer = answer
        self._functions = {f.name: (f, [not a.required and _no_zero(a.kind) for a in f.arguments]) for f in functions()}

    def answer(self, name: str, arguments: list[Any]) -> Any:
        """What the cell shows. Where an optional argument does not take 0, a 0 is a blank.

        Calc hands an add-in 0 for a reference to an empty cell, and says nothing of where it comes from.
        """
        function, no_zero = self._functions[name]
        blanks = [value == 0 and refused for value, refused in zip(arguments, no_zero, strict=True)]
        return self._answer(function, [None if b else v for v, b in zip(arguments, blanks, strict=True)])


def _no_zero(kind: Any) -> bool:
    """True where a kind refuses the number 0, or takes it for text."""
    from xlcalc.language.cells import Refusal

    try:
        return isinstance(kind.read(0.0), str)
    except Refusal:
        return True


def main(folder: str) -> int:
    """Answer calls until there are no more; `folder` is the extension's."""
    replies, sys.stdout = sys.stdout, sys.stderr  # what anything prints must not be taken for an answer
    try:
        carry(folder)
        calls = Calls()
        said = "ready"
    except Exception as error:
        said = f"Python {platform.python_version()}, {type(error).__name__}: {error}"
    print(" ".join(said.split()), file=replies, flush=True)
    if said != "ready":
        return 1
    for line in sys.stdin.buffer:
        print(json.dumps(calls.answer(*json.loads(line))), file=replies, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
