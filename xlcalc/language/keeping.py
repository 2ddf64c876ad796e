"""Results kept for the next call, of which some are forgotten where there are more than room for."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

Result = TypeVar("Result")


def kept(room: int) -> Callable[[Callable[[str], Result]], Callable[[str], Result]]:
    """Keep the results of a function of one text.

    Any one of them makes room for another, not the oldest: a sheet that asks for a few more than there is room for,
    again and again in the same order, would find each of them just forgotten.
    """

    def declare(function: Callable[[str], Result]) -> Callable[[str], Result]:
        results: dict[str, Result] = {}
        texts: list[str] = []
        any_of = random.Random(0)

        @wraps(function)
        def keeping(text: str) -> Result:
            try:
                return results[text]
            except KeyError:
                pass
            result = function(text)
            if len(texts) < room:
                texts.append(text)
            else:
                place = any_of.randrange(room)
                results.pop(texts[place], None)
                texts[place] = text
            results[text] = result
            return result

        return keeping

    return declare
