"""xlcalc: what it takes to train and host large language models, as Excel functions and as Python."""

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

from xlcalc import cell_functions as cell_functions
from xlcalc.language.declare import Declaration, functions
from xlcalc.language.errors import CalcError

if TYPE_CHECKING:
    from pandas import DataFrame

    from xlcalc.sweeps.export import Answer
    from xlcalc.workbook.warm import OpenWorkbook

    def __getattr__(name: str) -> Declaration: ...


__version__ = "0.1.0"
__all__ = ["CalcError", "frame", "functions", "open_workbook", "sweep", *(f.name for f in functions())]

globals().update({declaration.name: declaration for declaration in functions()})


def frame(table: list[list[object]]) -> "DataFrame":
    """A spilled table as a pandas DataFrame, its first row the column names.

    >>> frame(LLM_PARAMS_TABLE("llama-3.1-8b")).columns.tolist()
    ['component', 'parameters', 'share']
    """
    try:
        from pandas import DataFrame
    except ImportError:
        raise ImportError('pandas, which makes the frame, is missing: pip install "xlcalc[pandas]"') from None
    made: DataFrame = DataFrame(table[1:], columns=[str(name) for name in table[0]])
    return made


def open_workbook(source: str, trust: str = "file") -> "OpenWorkbook":
    """A template by its name, or a workbook's file, kept open: `set` inputs by name, then ask for `results`.

    >>> with open_workbook("hosting-budget") as book:
    ...     book.set(requests_per_day="20k")
    ...     book.results()["total_cost"] > 0
    True
    """
    from xlcalc.workbook.warm import OpenWorkbook

    return OpenWorkbook(source, trust)


def sweep(
    described: "Mapping[str, Any] | str | PathLike[str]",
    out: "str | PathLike[str] | None" = None,
    *,
    workers: int | None = None,
    cluster: str = "",
) -> "Answer":
    """Cell functions over a grid or a table of many scenarios: what is kept, the best, summaries (docs/sweep.md).

    >>> grid = {"model": ["llama-3.1-8b", "llama-3.1-70b"], "context": [4096, 8192]}
    >>> described = {"scenarios": grid, "results": {"gb": "LLM_KV_CACHE(model, context, unit='GB')"}}
    >>> sweep({**described, "keep": {"top": 1, "by": "max gb"}}).best[1]  # doctest: +SKIP
    ['llama-3.1-70b', 8192.0, 2.68435456, None]
    """
    try:
        from xlcalc import sweeps
    except ImportError as error:
        raise ImportError(f'{error.name}, which sweeps need, is missing: pip install "xlcalc[sweep]"') from None
    return sweeps.sweep(described, out, workers=workers, cluster=cluster)
