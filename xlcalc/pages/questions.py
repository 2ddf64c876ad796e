"""Questions in plain words, each with the formula that answers it (questions.csv)."""

from __future__ import annotations

import csv
import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple
from urllib.parse import urlencode

from xlcalc.formula.derivation import figure
from xlcalc.language.declare import find
from xlcalc.pages import cell_formula
from xlcalc.pages.answers import plain
from xlcalc.pages.frame import FILES, file_of
from xlcalc.pages.html import Html, tag

_SMALL = frozenset((
    "a", "an", "and", "are", "as", "at", "can", "could", "do", "does", "for", "from", "how", "i", "in", "is", "it",
    "many", "much", "my", "of", "on", "or", "our", "should", "the", "to", "what", "when", "which", "will", "with",
))  # fmt: skip


class Question(NamedTuple):
    """A question and its formula."""

    text: str
    formula: str

    @property
    def functions(self) -> list[str]:
        """The functions that the formula calls, the one that answers first."""
        return re.findall(r"LLM_[A-Z_]+(?=\()", self.formula)

    def values(self) -> list[Any]:
        """The arguments of its function, calls inside it calculated."""
        return cell_formula.parse(self.formula).values(lambda cells: None)

    @lru_cache  # noqa: B019 (as many as the file has)
    def answer(self) -> str:
        """What the formula gives, briefly."""
        function = find(self.functions[0])
        assert function is not None
        values = self.values()
        result = function(*values)
        if isinstance(result, list):
            return f"a table of {len(result) - 1} rows"
        unit = str(function.asked_unit(values) or function.result.unit)
        return f"{figure(result)} {unit}".rstrip() if not isinstance(result, str) else result

    def href(self, edition: str) -> str:
        """Its function's page, its arguments in the form where there is one."""
        page = file_of("function", self.functions[0])
        function = find(self.functions[0])
        assert function is not None
        if edition == FILES:
            return page
        given = {a.name: plain(v) for a, v in zip(function.arguments, self.values(), strict=False) if v is not None}
        return f"{page}?{urlencode(given)}" if given else page


@cache
def asked() -> tuple[Question, ...]:
    """All questions in the order of the file."""
    text = (files("xlcalc.pages") / "questions.csv").read_text("utf-8")
    return tuple(Question(row["question"], row["formula"]) for row in csv.DictReader(text.splitlines()))


def like(words: str) -> list[Question]:
    """The questions with at least half of the words that are no small ones, the likest first."""
    shared = [(likeness(words, f"{q.text} {q.formula}"), q) for q in asked()]
    return [q for n, q in sorted(shared, key=lambda pair: -pair[0]) if n]


def likeness(words: str, text: str) -> int:
    """How many of the words that are no small ones a text has; 0 where it has less than half of them."""
    wanted = {word for word in _words(words) if word not in _SMALL}
    shared = len(wanted & {*_words(text)})
    return shared if shared >= len(wanted) / 2 else 0


def _words(text: str) -> list[str]:
    return [re.sub(r"(?<=\w{4})(ing|ed|er|est|s)$", "", word) for word in re.findall(r"[a-z0-9]+", text.casefold())]


def entry(question: Question, edition: str) -> Html:
    """A question with its formula and what that gives."""
    link = tag("a", question.text, href=question.href(edition))
    return tag("li", link, tag("code", question.formula), tag("span", f"gives {question.answer()}", class_="about"))
