"""Finding a catalog row by what a person types.

A name is looked up as it stands first. Then by its words, in any order: a row is meant where one of its names has no
word that was not typed, and no word was typed that none of its names has. Where several rows are meant, or where only
rows with more words are left, the name is refused with these as choices: a wrong row is worse than a question.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import takewhile

_DROPPED = str.maketrans("", "", " -_\t\u00a0")
_CHOICES = 12  # choices that an error lists
_OFFERS = 4
LONGEST = 200  # characters
_CHUNK = re.compile(r"[^a-z0-9.]+|(?<=[a-z])\.|\.(?![0-9])")
_LETTERS_THEN_NUMBER = re.compile(r"([a-z]{2,})(\d.*)")


class NotInCatalog(LookupError):
    """No row, or several, answer to a name: the text says which are near, `choices` are the ids that it could be.

    What is near is looked for when the text is asked for, since that takes far longer than to find that nothing fits.
    """

    def __init__(self, text: str, choices: Sequence[str] = (), near: Callable[[], str] | None = None) -> None:
        super().__init__(text)
        self.choices = tuple(choices)
        self._near = near

    def __str__(self) -> str:
        return f"{self.args[0]}{self._near() if self._near else ''}"

    def __reduce__(self) -> tuple[type[NotInCatalog], tuple[str, tuple[str, ...]]]:
        return NotInCatalog, (str(self), self.choices)

    def again(self) -> NotInCatalog:
        """The same refusal, to be raised anew."""
        return NotInCatalog(self.args[0], self.choices, self._near)


def key(name: str) -> str:
    """A name without what people vary: case, spaces, hyphens, underscores.

    >>> key("Llama 3.1_8B") == key("llama-3.1-8b")
    True
    """
    return name.casefold().translate(_DROPPED)


def words(text: str) -> list[str]:
    """The words of a text in lower case; a number that follows two letters or more is a word of its own.

    >>> words("llama3.1:70b"), words("H100-SXM5"), words("Qwen3 30B_A3B")
    (['llama', '3.1', '70b'], ['h100', 'sxm', '5'], ['qwen', '3', '30b', 'a3b'])
    """
    found: list[str] = []
    for chunk in _CHUNK.split(text.casefold().replace("+", " plus ")):
        if chunk:
            split = _LETTERS_THEN_NUMBER.fullmatch(chunk)
            found += split.groups() if split else [chunk]
    return found


@dataclass(frozen=True)
class Reading:
    """How the names of one catalog are read: what is rewritten, dropped, or may be left out."""

    rewrite: Callable[[str], str] = str
    organisations: bool = True  # whether what stands before a slash is who publishes it
    dropped: tuple[frozenset[str], ...] = (frozenset(),)  # words that name no row, stage by stage
    optional: re.Pattern[str] = re.compile(r"(?!)")  # words of a row that a name may leave out
    told: Callable[[frozenset[str], frozenset[str]], bool] = lambda typed, missing: False
    """Whether the only row with all the words typed is meant although others of its words are missing."""

    def words(self, name: str) -> list[str]:
        return words(self.rewrite(name))


@dataclass(frozen=True)
class _Stage:
    """The words of every row once those of a stage are dropped."""

    named: dict[str, list[frozenset[str]]] = field(default_factory=dict)  # id -> the words of each of its names
    rows_with: dict[str, set[str]] = field(default_factory=dict)  # word -> ids


class _Alike:
    """Texts by the pairs of letters in them, to find those spelt like another: Dice's coefficient."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._with: dict[str, list[str]] = {}
        self._pairs = {text: len(found) for text in texts if (found := self._of(text))}
        for text in self._pairs:
            for pair in self._of(text):
                self._with.setdefault(pair, []).append(text)

    @staticmethod
    def _of(text: str) -> set[str]:
        return {text[i : i + 2] for i in range(min(len(text), 100) - 1)}

    def nearest(self, text: str, count: int, least: float) -> list[str]:
        pairs = self._of(text)
        shared = Counter(t for pair in pairs for t in self._with.get(pair, ()))
        likeness = {t: 2 * n / (len(pairs) + self._pairs[t]) for t, n in shared.items() if n > 1}
        close = sorted((-like, t) for t, like in likeness.items() if like >= least)
        return [t for _, t in close[:count]]


def _add(ids: dict[str, list[str]], name: str, row: str) -> None:
    found = ids.setdefault(name, [])
    if row not in found:
        found.append(row)


class Names:
    """Names and aliases of one catalog, each leading to an id."""

    def __init__(
        self, rows: Iterable[Mapping[str, str]], fields: tuple[str, ...], reading: Reading | None = None
    ) -> None:
        self._ids: dict[str, list[str]] = {}
        self._names: dict[str, list[str]] = {}
        self._reading = reading or Reading()
        bare: dict[str, list[str]] = {}  # without the organisation, where no other name says it
        for row in rows:
            names = [row["id"], *(row.get(f, "") for f in fields), *row.get("aliases", "").split(";")]
            self._names[row["id"]] = names = [name for name in map(str.strip, names) if name]
            for name in names:
                _add(self._ids, key(name), row["id"])
                if self._reading.organisations:
                    _add(bare, key(name.rpartition("/")[2]), row["id"])
        self._ids = bare | self._ids
        self._found = lru_cache(maxsize=4096)(self._look)
        self._offers = lru_cache(maxsize=512)(self._near)

    def find(self, name: str) -> str:
        """The id that a name leads to, with or without an organisation before a slash. Raises NotInCatalog."""
        if len(name) > LONGEST:
            raise NotInCatalog("is longer than any name of the catalog")
        found = self._found(name)
        if isinstance(found, NotInCatalog):
            raise found.again()
        return found

    def _look(self, name: str) -> str | NotInCatalog:
        plain = name.rpartition("/")[2] if self._reading.organisations else name
        found = self._ids.get(key(name)) or self._ids.get(key(plain)) or []
        if len(found) > 1:  # us-west-2 is a region of one cloud, us-west2 of another
            spelt = plain.strip().casefold()
            found = [i for i in found if any(n.rpartition("/")[2].casefold() == spelt for n in self._names[i])] or found
        if found:
            return found[0] if len(found) == 1 else _unclear(found)
        typed = self._reading.words(name)
        partly: list[str] = []
        for stage, dropped in zip(self._stages, self._reading.dropped, strict=True):
            wanted = frozenset(typed) - dropped
            ids = self._having(stage, wanted)
            whole = [i for i in ids if any(named <= wanted for named in stage.named[i])]
            if len(whole) == 1:
                return whole[0]
            if whole:
                return _unclear(whole)
            partly = ids or partly
        if len(partly) == 1 and self._is_told(partly[0], typed):
            return partly[0]
        partly = partly or self._beginning(key(plain))
        partly.sort(key=lambda i: not key(i).startswith(key(plain)))  # a tuned Llama is called nemotron too
        return _unclear(partly) if partly else NotInCatalog("is not in the catalog", near=lambda: self._offers(name))

    def _beginning(self, start: str) -> list[str]:
        """Ids of the names that begin so."""
        first = bisect_left(self._sorted, start) if start else len(self._sorted)
        begun = takewhile(lambda k: k.startswith(start), self._sorted[first:])
        return list(dict.fromkeys(i for k in begun for i in self._ids[k]))

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._ids)

    @cached_property
    def _stages(self) -> list[_Stage]:
        read = {i: [frozenset(self._reading.words(name)) for name in names] for i, names in self._names.items()}
        stages = []
        for dropped in self._reading.dropped:
            stage = _Stage()
            for i, names in read.items():
                kept = [left for name in names if (left := name - dropped)]
                hard = (frozenset(w for w in name if not self._reading.optional.fullmatch(w)) for name in kept)
                stage.named[i] = [name for name in hard if name]
                for word in frozenset().union(*kept):
                    stage.rows_with.setdefault(word, set()).add(i)
            stages.append(stage)
        return stages

    def _having(self, stage: _Stage, wanted: frozenset[str]) -> list[str]:
        """Ids of the rows whose names have all these words, in the catalog's order."""
        sets = sorted((stage.rows_with.get(word, set()) for word in wanted), key=len)
        found = set.intersection(*sets) if sets else set()
        return [i for i in self._names if i in found] if found else []

    def _is_told(self, row: str, typed: list[str]) -> bool:
        wanted = frozenset(typed) - self._reading.dropped[-1]
        return any(self._reading.told(wanted, named - wanted) for named in self._stages[-1].named[row])

    @cached_property
    def _words(self) -> _Alike:
        return _Alike(self._stages[-1].rows_with)

    @cached_property
    def _keys(self) -> _Alike:
        return _Alike(self._ids)

    def _near(self, name: str) -> str:
        """The rows that share words with a name, its first and rare ones most; a misspelt word counts as its like."""
        rows_with = self._stages[-1].rows_with
        typed = [word for word in self._reading.words(name) if word not in self._reading.dropped[-1]]
        scores: dict[str, float] = {}
        for place, word in enumerate(typed):
            like = [word] if word in rows_with or not word.isalpha() else self._words.nearest(word, 2, 0.6)
            for known in like:
                ids = rows_with.get(known, ())
                for i in ids:
                    scores[i] = scores.get(i, 0) + (1 if place else 3) / len(ids) ** 0.5
        if scores:
            least = max(scores.values()) / 3
            near = sorted((i for i in self._names if scores.get(i, 0) > least), key=lambda i: -scores[i])
            offers = near[:_OFFERS]
        else:
            close = self._keys.nearest(key(name.rpartition("/")[2]), _OFFERS, 0.4)
            offers = list(dict.fromkeys(i for k in close for i in self._ids[k]))
        return f"; the closest are {', '.join(offers)}" if offers else ""


def _unclear(ids: list[str]) -> NotInCatalog:
    more = len(ids) - _CHOICES
    listed = ", ".join(ids[:_CHOICES]) + (f" and {more} more" if more > 0 else "")
    return NotInCatalog(f"is {'ambiguous' if len(ids) > 1 else 'not exact'}: it could be {listed}", ids)
