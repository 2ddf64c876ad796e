"""What a formula names that is not there."""

from __future__ import annotations

from .addresses import parse_cell
from .formula_text import tokens
from .prepare import Sheet

NO_NAME = "no such name or function"


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


def unknown_reason(sheet: Sheet, index: int) -> str:
    """Why no engine calculates a formula."""
    defined = {entry.name.lower() for entry in sheet.package.names}
    unknown = [word for word in unknown_words(sheet.formula(index)) if word.lower() not in defined]
    if unknown:
        return f"{unknown[0]}: {NO_NAME}"
    return f"neither engine calculates it ({sheet.doubtful[index] or 'a kind of formula'}): ={sheet.formula(index)}"
