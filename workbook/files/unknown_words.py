"""What a formula names."""

from __future__ import annotations

from .addresses import parse_cell
from .formula_text import tokens


def unknown_words(formula: str) -> list[str]:
    """Words in a formula that are neither cells nor numbers nor truth values: names."""
    parts = tokens(formula)
    found = []
    for token, following in zip(parts, [*parts[1:], None], strict=True):
        word = token.text.rpartition("!")[2]
        if token.kind != "word" or (following and following.kind == "open") or word.upper() in ("TRUE", "FALSE"):
            continue
        if word and not word[0].isdigit() and parse_cell(word) is None and not word.startswith("$"):
            found.append(token.text)
    return found
