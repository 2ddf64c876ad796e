"""What the Excel add-in asks of the Python that answers it: does it fit, and why does a cell hold an error."""

from __future__ import annotations

import logging
import sys

import xlwings

from xlcalc import __version__
from xlcalc.language.declare import functions

_SHOWN = 5  # sentences in one message box
_LOG = logging.getLogger("xlcalc")


class _Reasons(logging.Handler):
    """Keeps the last sentences that were logged, each once."""

    def __init__(self) -> None:
        super().__init__()
        self.sentences: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        sentence = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            sentence += f": {record.exc_info[1]!r}"
        self.sentences.pop(sentence, None)
        self.sentences[sentence] = None
        while len(self.sentences) > 100:
            del self.sentences[next(iter(self.sentences))]


_reasons = _Reasons()


def start(xlwings_version: str, xlcalc_version: str) -> str:
    """Begin to keep reasons; a sentence where this Python differs from what the add-in was built from, else ''."""
    _LOG.addHandler(_reasons)
    _LOG.setLevel(logging.INFO)
    differs = [
        f"{name} {here} in Python, {built} in the add-in"
        for name, here, built in (
            ("xlwings", xlwings.__version__, xlwings_version),
            ("xlcalc", __version__, xlcalc_version),
        )
        if here != built
    ]
    return f"{'; '.join(differs)}. Build the add-in again: xlcalc addin excel --install" if differs else ""


def report(xlwings_version: str, xlcalc_version: str) -> str:
    """What answers: versions, how many functions, and what to do if they do not fit."""
    python = ".".join(map(str, sys.version_info[:3]))
    parts = f"Python {python}, xlcalc {__version__}, xlwings {xlwings.__version__}: {len(functions())} functions."
    return "\n".join(filter(None, (parts, start(xlwings_version, xlcalc_version))))


def forget() -> None:
    """Drop the reasons kept so far."""
    _reasons.sentences.clear()


def told() -> str:
    """The reasons since `forget`, a line each, as many as a message box holds."""
    sentences = list(_reasons.sentences)
    more = [f"... and {len(sentences) - _SHOWN} more"] if len(sentences) > _SHOWN else []
    return "\n".join(sentences[:_SHOWN] + more)
