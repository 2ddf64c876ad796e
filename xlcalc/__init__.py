"""xlcalc: what it takes to train and host large language models, as Excel functions and as Python."""

from typing import TYPE_CHECKING

from xlcalc import cell_functions as cell_functions
from xlcalc.language.declare import Declaration, functions
from xlcalc.language.errors import CalcError

if TYPE_CHECKING:
    from pandas import DataFrame

    from xlcalc.workbook.warm import OpenWorkbook

    def __getattr__(name: str) -> Declaration: ...


__version__ = "0.1.0"
__all__ = ["CalcError", "frame", "functions", "open_workbook", *(declaration.name for declaration in functions())]

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
