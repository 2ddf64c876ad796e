"""How long a call over a range may take, where a host sets a limit: checked between elements."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from xlcalc.language.errors import CalcError

_limit = threading.local()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Calls of this thread that are not done in time end in an error."""
    _limit.ends, _limit.seconds = time.monotonic() + seconds, seconds
    try:
        yield
    finally:
        _limit.ends = None


def check() -> None:
    """Raise CalcError where the time is over."""
    ends = getattr(_limit, "ends", None)
    if ends is not None and time.monotonic() > ends:
        raise CalcError("#VALUE!", f"takes over {_limit.seconds:g} s here: calculate fewer cells at once")
