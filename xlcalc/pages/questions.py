"""Questions in plain words, each with the formula that answers it (questions.csv)."""

from __future__ import annotations

import csv
import re
from functools import cache, lru_cache
from importlib.resources import files
from math import log2
from typing import Any, NamedTuple
from urllib.parse import urlencode

from xlcalc.formula.derivation import figure
from xlcalc.language.declare import find
from xlcalc.pages import cell_formula
from xlcalc.pages.answers import plain
from xlcalc.pages.frame import FILES, file_of
from xlcalc.pages.html import Html, tag

SMALL = (
    "a an and are as at be by can could do does for from have how i in is it its long many me much my need of on or "
    "our per should so take that the them there to was we what when where which who will with would you your"
)
"""Words of a question that say nothing of what it asks."""
_SMALL = frozenset(SMALL.split())


class Question(NamedTuple):
    """A question and its formula."""

    text: str
    formula: str
    also: str  # other words that people ask it with

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
    return tuple(Question(row["question"], row["formula"], row["also"]) for row in csv.DictReader(text.splitlines()))


def like(words: str) -> list[Question]:
    """The questions with at least half of the words that any has, the likest first: a word counts the more, the fewer
    have it, and double where the question itself has it."""
    texts = [(q, {*_words(q.text)}, {*_words(f"{q.formula} {q.also}")}) for q in asked()]
    having = {word: sum(word in own or word in more for _, own, more in texts) for word in _wanted(words)}
    told = {word: 1 / log2(1 + n) for word, n in having.items() if n}
    found = []
    for question, own, more in texts:
        shared = told.keys() & (own | more)
        if shared and len(shared) >= len(told) / 2:
            found.append((sum(told[word] * (1 + (word in own)) for word in shared), question))
    return [question for _, question in sorted(found, key=lambda pair: -pair[0])]


def likeness(words: str, text: str) -> int:
    """How many of the words that are no small ones a text has; 0 where it has less than half of them."""
    wanted = _wanted(words)
    shared = len(wanted & {*_words(text)})
    return shared if shared >= len(wanted) / 2 else 0


def _wanted(words: str) -> set[str]:
    """The words that say what is asked; all of them where none does."""
    typed = _words(words)
    return {word for word in typed if word not in _SMALL} or {*typed}


def _words(text: str) -> list[str]:
    return [re.sub(r"(?<=\w{4})(ing|ed|er|est|s)$", "", word) for word in re.findall(r"[a-z0-9]+", text.casefold())]


def entry(question: Question, edition: str) -> Html:
    """A question with its formula and what that gives."""
    link = tag("a", question.text, href=question.href(edition))
    return tag("li", link, tag("code", question.formula), tag("span", f"gives {question.answer()}", class_="about"))
