"""Contracts for accelerators: what is committed, how long it is owed, what of it is paid in a month, and the rest."""

from __future__ import annotations

from collections.abc import Callable

from . import style
from .parts import AT_MOST, MIX, WARN, Check, Constant, Input, Line, TimeRow, part_of

COMMITMENTS = [
    Constant("months_1y", "Months of a commitment for a year", 12, "months", ""),
    Constant("months_3y", "Months of a commitment for three years", 36, "months", ""),
]
UPFRONT = Input("upfront_share", "Commitments: paid at the start", 0, "share", "The rest is paid month by month over the term.",
                None, style.PERCENT, 0, 1, group=MIX)  # fmt: skip


def contract_ends(start: str, *others: str) -> list[Line]:
    """When each commitment is paid off, and with it the plan."""
    return [
        Line("contract_end_1y", "A commitment for a year would end", "date", f"MAX({','.join(others)},{{{start}}}+months_1y*days_per_month)",
             "With the work where that is longer.", style.DATE),
        Line("contract_end_3y", "A commitment for three years would end", "date",
             f"MAX({','.join(others)},{{{start}}}+months_3y*days_per_month)", "", style.DATE),
    ]  # fmt: skip


def whole_units(count: str, unit: str) -> str:
    """So many, rounded up to whole units."""
    return f"ROUNDUP(ROUND({count}/{unit},rounding_digits),0)*{unit}"


def committed_lines(count: str, whole: Callable[[str], str]) -> list[Line]:
    """What of `count` accelerators is committed, in units as `whole` rounds them: the share for three years, and that for
    a year within the rest, so that no unit is owed twice."""
    three, year = (
        f"{whole(f'{{{share}}}*{count}')},{whole(count)}" for share in ("three_year_share", "one_year_share")
    )
    return [
        Line("committed_3y", "Committed for three years", "accelerators", f"MIN({three})", "Whole, as they are rented.", style.TENTHS),
        Line("committed_1y", "Committed for a year", "accelerators", f"MIN({year}-{{committed_3y}})", "Not more than the rest.",
             style.TENTHS),
    ]  # fmt: skip


def owed_clock(start: str) -> list[TimeRow]:
    """What of the commitments is paid in the month: each over its own term."""

    def cash(term: str) -> str:
        return f"owed_usd_{term}*(upfront_share_shown*{{starts_now}}+(1-upfront_share_shown)*{{owed_share_{term}}})"

    return [
        TimeRow("owed_share_1y", "Commitment for a year: of its term", "share", part_of(start, "contract_end_1y")),
        TimeRow("owed_share_3y", "Commitment for three years: of its term", "share", part_of(start, "contract_end_3y")),
        TimeRow("starts_now", "Commitments: first payment", "1 or 0", f"AND({start}>={{start}},{start}<{{end}})*1", "0"),
        TimeRow("owed_usd", "Commitments: cash", "USD", f"{cash('1y')}+{cash('3y')}", style.USD),
        TimeRow("owed_cash", "Commitments: of all that is owed", "share",
                "IF(owed_usd_1y+owed_usd_3y=0,0,{owed_usd}/(owed_usd_1y+owed_usd_3y))"),
    ]  # fmt: skip


BLEND = Line(
    "price_used", "Price of the mix", "USD/accelerator-hour",
    "{on_demand_share}*{price_on_demand}+IF({spot_share}>0,{spot_share}*{price_spot},0)+{one_year_share}*{price_1y}"
    "+{three_year_share}*{price_3y}", "Each contract by its share.", style.RATE, "Price of an accelerator-hour in use",
)  # fmt: skip


FLEXIBLE_RATE = Line(
    "flexible_rate", "Hour on demand or spot", "USD/accelerator-hour",
    "IF({on_demand_share}+{spot_share}<=0,{price_on_demand},({on_demand_share}*{price_on_demand}+IF({spot_share}>0,{spot_share}"
    "*{price_spot},0))/({on_demand_share}+{spot_share}))", "", style.RATE,
)  # fmt: skip


SPOT_IS_TAKEN = Check(
    "Nothing runs on machines that can be taken away", "spot_share", AT_MOST, "0", WARN,
    "Spot machines are taken away when others pay more, and the bill has no interruptions: add spares or failed runs for them.", "price_term",
    style.PERCENT,
)  # fmt: skip
