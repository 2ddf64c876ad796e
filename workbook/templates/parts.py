"""What a template consists of: the records that its folder fills, and that the builders of `sheets/` lay out.

In the formulas of lines, `{name}` stands for the line or input of that name in the same column, `{@name}` for those of all
scenarios; every other word is a defined name, which holds the value of the scenario shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from . import style
from .book import Book, Source

MONTHS = 60
"""Of Timeline, where a template has no more."""
GIVEN, FREE = ("low", "base", "high"), ("own 1", "own 2", "own 3")
VOLUME, MIX, EFFICIENCY, PRICE, OTHER = GROUPS = ("volume", "mix", "efficiency", "price", "other")
"""What a change of an input is called in the bridge between two scenarios."""
STOP, WARN = "stop", "warning"
EQUAL, AT_MOST, AT_LEAST, SAME = "equal", "at most", "at least", "same"
PROJECT, MONTHLY = "project", "monthly"
"""Whether the lines of cost add up to a whole project, or to one month of a service."""


@dataclass(frozen=True)
class Input:
    """One assumption. A number lies between `least` and `most`; a choice comes from the range named `among`; a text is
    valid where `known` says so."""

    name: str
    label: str
    value: float | str | date | None
    unit: str
    note: str
    source: Source | None = None
    number_format: str = style.GENERAL
    least: float | date | None = None
    most: float | date | None = None
    whole: bool = False
    among: str = ""
    known: str = ""
    """When an entry is valid: of a text, or of a choice that takes more than the list (aliases, the user's own)."""
    blank: str = ""
    """What a blank means, where it is allowed."""
    group: str = OTHER
    basis: str = "your choice"
    """Where the value comes from if no source is cited."""
    fixed: bool = False
    """The same in every scenario."""


Section = tuple[str, list[Input]]


@dataclass(frozen=True)
class Constant:
    name: str
    label: str
    value: float | str
    unit: str
    note: str
    number_format: str = style.WHOLE


@dataclass(frozen=True)
class Line:
    """A step of the calculation. `name` is the defined name of its live value, `result` what the Cover says of it."""

    name: str
    label: str
    unit: str
    formula: str
    how: str = ""
    number_format: str = style.HUNDREDTHS
    result: str = ""
    total: bool = False
    fact: bool = False
    """Looked up or asked of an LLM_* function: computed for every scenario, fetched from the live one elsewhere."""
    array: bool = False
    """An array formula of one cell."""


Block = tuple[str, list[Line]]


@dataclass(frozen=True)
class Cost:
    """A line of the bill: its step of the calculation, and what of it falls into a month (a formula of Timeline)."""

    line: Line
    month: str
    income: bool = False
    """Comes back: neither contingency nor tax is taken on it."""


@dataclass(frozen=True)
class TimeRow:
    """A row of Timeline, of its total alone where `formula` is blank. `{name}` is the row of that name in the same month, `{all}` all months of the row itself,
    `{to_date}` the row above up to the month."""

    name: str
    label: str
    unit: str
    formula: str
    number_format: str = style.PERCENT
    total: str = ""
    """What stands in the column Total, as a formula; nothing where it is blank. The name of the row is its."""
    result: str = ""
    """What the Cover says of the total."""
    total_unit: str = ""
    """The unit of the total, where it is not that of the months."""
    total_format: str = ""
    """Likewise."""


def part_of(start: str, end: str) -> str:
    """The share of an interval that lies in the month."""
    return f"IF({end}<={start},0,MAX(0,MIN({{end}},{end})-MAX({{start}},{start}))/({end}-{start}))"


def range_of(moved: str, others: str) -> str:
    """What a Dashboard says of the total's range: `moved` is all that differs at its ends, `others` what scenarios move too."""
    amounts = f'{style.in_words("total_p10")}&" to "&{style.in_words("total_p90")}&" USD"'
    known = f'IF(total_p10=total_p90,"as sized",{amounts})&", by {moved} alone; scenarios move {others} too"'
    return f'="P10 to P90: "&IF(ISTEXT(total_p90),"not known",{known})'


PAID_BACK = 'IF(INDEX({all},1,COLUMNS({all}))>0,"never",MAX({all})+1)'
"""The total of a row that has the numbers of the months in which something is not yet paid back."""


@dataclass(frozen=True)
class Check:
    """`value` and `limit` are formulas; a check that fails stops the answer, or warns. `place` is the name to go to."""

    label: str
    value: str
    test: str
    limit: str
    severity: str
    advice: str
    place: str
    number_format: str = style.GENERAL
    first: bool = False
    """Stands before all others: where it fails, many fail with it, and the light should name this one."""
    last: bool = False
    """Stands after the others: it warns of what is so as a rule, and the light should name what is not."""


@dataclass(frozen=True)
class Figure:
    """A figure of the Dashboard: what it is called, the name that holds it, how it is shown, and a remark."""

    label: str
    name: str
    number_format: str = style.GENERAL
    remark: str = ""


@dataclass(frozen=True)
class Picture:
    """A chart of the Dashboard over lines of the scenarios: a bar for each scenario."""

    title: str
    y_title: str
    lines: list[str]
    stacked: bool = False
    number_format: str = style.AMOUNT


@dataclass(frozen=True)
class Template:
    title: str
    subject: str
    about: list[str]
    scope: list[str]
    """What the figures hold and what they leave out."""
    sections: Callable[[Book], list[Section]]
    overrides: dict[str, dict[str, float | str]]
    """Inputs that a scenario sets otherwise, by scenario: the other names of the free ones too."""
    blocks: list[Block]
    costs: list[Cost]
    basis: str
    results: list[Block]
    """Steps after the total."""
    clock: list[TimeRow]
    after: Sequence[TimeRow] = field(default=(), kw_only=True)
    """Rows of Timeline below the payments, which may use their totals."""
    after_title: str = field(default="", kw_only=True)
    starts: str
    """The first day that Timeline shows, as a formula."""
    ends: str
    """The last day of the project, as a formula; of a service, the last month that is counted."""
    signed: str = field(default="{owed_usd}", kw_only=True)
    """What of a month's lines is paid at prices that are agreed, and so do not rise with inflation."""
    checks: list[Check]
    tiles: list[Figure]
    facts: list[Figure]
    compared: list[Figure]
    """What the scenarios are compared by; the costs and the total come after it."""
    drivers: list[tuple[str, str]]
    """Inputs that the tornado moves, one at a time, and what they are called."""
    headlines: list[str]
    headline: str
    """What the total is, in words."""
    constants: Sequence[Constant] = ()
    lists: dict[str, list[str]] = field(default_factory=dict)
    pictures: Sequence[Picture] = ()
    rows: Sequence[Figure] = ()
    """What the Dashboard shows of every scenario, a row each, instead of the given ones beside the bill: at most five."""
    extra: Sequence[Callable[[Book], object]] = ()
    """Further sheets of this template alone."""
    scenario_word: str = "Scenario"
    amounts: str = style.AMOUNT
    """How charts of the bill, and lines that come back, show amounts."""
    free: tuple[str, ...] = FREE
    given: tuple[str, ...] = GIVEN
    months: int = MONTHS
    """Columns of Timeline."""
    bridge: tuple[int, int] = (1, 2)
    """The scenarios that the bridge leads from and to, counted from 0."""
