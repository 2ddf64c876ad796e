"""The Staircase sheet: own cost by volume, in steps of whole machines, against the straight line of the API."""

from __future__ import annotations

from openpyxl.chart import LineChart, Reference
from openpyxl.worksheet.worksheet import Worksheet

from .. import charts, style
from ..book import Book
from ..serving_parts import accelerators_of, live

_FIRST, _ROWS = 8, 30
_HEADS = ["Step", "Volume over that sized", "Requests a day", "Tokens a month, in and out", "Replicas at the peak", "Accelerators paid",
          "Own (USD/month)", "API (USD/month)", "Own stays cheaper from here on", "Own is cheaper here"]  # fmt: skip


def build(book: Book) -> Worksheet:
    sheet = book.sheet("Staircase", "Own cost by volume, in steps of whole machines, against the straight line of the API.",
                       [10, 16, 18, 22, 12, 14, 18, 18, 16, 14], color=style.TEAL, freeze="A8")  # fmt: skip
    style.text(sheet, 5, 1, "Largest volume over that sized")
    style.entry(sheet, 5, 4, 3, "0.0")
    book.name("staircase_most", sheet, 5, 4)
    style.headings(sheet, 7, _HEADS)
    last = _FIRST + _ROWS
    for row in range(_FIRST, last + 1):
        own = row == last
        step = f"=A{row}/{_steps(last)}*staircase_most" if not own else "=1"
        speed = f"C{row}/seconds_per_day*peak_over_mean_shown*served_tokens"
        replicas = f"regions_shown*MAX(min_replicas_shown,ROUNDUP(ROUND({speed}/regions_shown/replica_holds,rounding_digits),0)+spare_replicas_shown)"
        whole = f"{accelerators_of(f'E{row}', live)}*IF(accelerators_peak=0,1,accelerators_paid/accelerators_peak)"  # fewer where they follow the load
        rate = "(IF(accelerators_paid=0,0,committed/accelerators_paid)*committed_rate+(1-IF(accelerators_paid=0,0,committed/accelerators_paid))*flexible_rate)"
        accelerators = f"F{row}*{rate}*hours_per_month*(1+operations_share_shown)"
        rest = "subtotal-cost_accelerators-cost_operations-cost_once"
        contents = [
            (f"=ROW()-ROW($A${_FIRST - 1})-1" if not own else "=1", style.WHOLE), (step, "0.00"), (f"=requests_day*B{row}", style.WHOLE),
            (f"=C{row}*days_per_month*(prompt_tokens_shown+output_tokens_shown)", style.TOKENS), (f"={replicas}", style.WHOLE),
            (f"={whole}", style.TENTHS), (f"=({accelerators}+{rest})*(1+contingency_shown)*(1+tax_shown)", style.USD),
            (f"=C{row}*days_per_month*api_usd_per_request*api_now*(1+contingency_shown)*(1+tax_shown)", style.USD),
            (f'=IF(SUMPRODUCT((G{row}:G${last - 1}>H{row}:H${last - 1})*1)=0,1,0)' if not own else f"=(G{row}<=H{row})*1", '[=1]"yes";"no"'),
            (f"=(G{row}<=H{row})*1", '[=1]"yes";"no"'),
        ]  # fmt: skip
        for column, (content, number_format) in enumerate(contents, 1):
            cell = style.formula(sheet, row, column, content, number_format)
            cell.alignment, cell.border = style.aligned("right"), style.underline()
    style.text(sheet, last, 1, "sized", size=9, color=style.GREY)
    book.name("staircase_own", sheet, last, 7)
    rows = f"${_FIRST}:${{c}}${last - 1}"
    flags, requests, tokens = (f"${c}{rows.format(c=c)}" for c in "ICD")
    for row, name, label, values, unit in (
        (
            last + 2,
            "breakeven_requests",
            "Own stays cheaper from",
            requests,
            "requests a day, to the next of the volumes above",
        ),
        (last + 3, "breakeven_tokens", "that is", tokens, "tokens a month, in and out"),
    ):
        style.text(sheet, row, 1, label, bold=True)
        content = f'=IF(SUM({flags})=0,"above "&TEXT(MAX({values}),"#,##0"),INDEX({values},MATCH(1,{flags},0)))'
        style.formula(sheet, row, 4, content, style.WHOLE).font = style.font(bold=True)
        style.text(sheet, row, 5, unit, color=style.GREY)
        book.name(name, sheet, row, 4)
    at_times = f"MATCH(1,$J{rows.format(c='J')},0)"
    style.text(sheet, last + 4, 1, "and is so at some volumes from", bold=True)
    style.formula(sheet, last + 4, 4, f'=IFERROR(INDEX({requests},{at_times}),"none above")', style.WHOLE)
    style.text(sheet, last + 4, 5, "requests a day: a step of machines makes own dearer again", color=style.GREY)
    book.list_name("breakeven_requests", "result", "requests/day", "Requests a day from which own hosting is cheaper")
    book.list_name("breakeven_tokens", "result", "tokens/month", "Tokens a month from which own hosting is cheaper")
    book.name("staircase_values", sheet, _FIRST, 1, (last, 10))
    _chart(sheet, last)
    return sheet


def _steps(last: int) -> str:
    return f"ROWS($A${_FIRST + 1}:$A${last - 1})"


def _chart(sheet: Worksheet, last: int) -> None:
    chart = LineChart()
    rows = {"min_row": _FIRST, "max_row": last - 1}
    series = [("Own", Reference(sheet, min_col=7, **rows)), ("API", Reference(sheet, min_col=8, **rows))]
    charts.lines(
        chart, "Own against API by volume", Reference(sheet, min_col=3, **rows), series, "Requests a day", "USD a month"
    )
    charts.place(sheet, chart, f"A{last + 6}", f"J{last + 25}")
    sheet.print_area = f"A1:J{last + 26}"
    sheet.page_setup.fitToHeight = 1
