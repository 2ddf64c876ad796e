"""The Staircase sheet: own cost by volume, in steps of whole machines, against the straight line of the API."""

from __future__ import annotations

from openpyxl.chart import LineChart, Reference
from openpyxl.worksheet.worksheet import Worksheet

from .. import charts, style
from ..book import Book
from ..serving_parts import accelerators_of, live

_FIRST, _ROWS = 8, 30
_LAST = _FIRST + _ROWS - 1
_HEADS = ["Step", "Volume over that sized", "Requests a day", "Tokens a month, in and out", "Replicas at the peak", "Accelerators paid",
          "Own (USD/month)", "API (USD/month)", "Own is cheaper here"]  # fmt: skip
_EQUAL = "equal"
"""The row of the volume where both cost the same: which of them is less would be chance."""
_ADDED = "(1+contingency_shown)*(1+tax_shown)"
_OF_PEAK = "IF(accelerators_peak=0,1,accelerators_paid/accelerators_peak)"
"""Fewer are paid where they follow the load."""
_USD = f"staircase_rate*hours_per_month*(1+operations_share_shown)*{_ADDED}"
_WHOLE = 'whole_nodes_shown="yes"'
_LINES = [
    ("staircase_rate", "Accelerator-hour, of all contracts", "USD", style.RATE,
     "IF(accelerators_paid=0,flexible_rate,(committed*committed_rate+(accelerators_paid-committed)*flexible_rate)/accelerators_paid)"),
    ("step_replicas", "A step: replicas that come together in a region", "replicas", style.WHOLE, f"IF({_WHOLE},MAX(1,replicas_a_node),1)"),
    ("step_usd", "A step costs, in all regions", "USD/month", style.USD,
     f"IF({_WHOLE},MAX(1,1/replicas_a_node)*node_size_shown,replica_accelerators)*regions_shown*{_OF_PEAK}*{_USD}"),
    ("flat_usd", "Does not move with the volume", "USD/month", style.USD,
     f"total_cost-(cost_accelerators+cost_operations+cost_once)*{_ADDED}"),
    ("replica_requests", "A replica in each region holds", "requests/day", style.WHOLE,
     "replica_holds*regions_shown/peak_over_mean_shown/served_tokens*seconds_per_day"),
    ("api_usd_per_daily", "API, for each request a day", "USD/month", style.RATE, f"days_per_month*api_usd_per_request*api_now*{_ADDED}"),
    ("api_floor_usd", "API, not less than what is committed", "USD/month", style.USD, f"api_commitment_shown*{_ADDED}"),
    ("step_saves", "A full step saves over the API", "USD/month", style.USD, "step_replicas*replica_requests*api_usd_per_daily-step_usd"),
    ("first_step", "The first step, with least replicas and spares", "step", style.WHOLE,
     "ROUNDUP(ROUND(MAX(min_replicas_shown,spare_replicas_shown+1)/step_replicas,rounding_digits),0)"),
    ("spares_usd", "Spares, as requests at the API", "USD/month", style.USD, "spare_replicas_shown*replica_requests*api_usd_per_daily"),
    ("last_dear_step", "The last step that begins dearer than the API", "step", style.WHOLE,
     'IF(step_saves>0,MAX(first_step,ROUNDUP(ROUND((flat_usd+spares_usd+step_usd+step_saves)/step_saves,rounding_digits),0)-1),"none")'),
    ("first_cheap_step", "The first step that ends cheaper", "step", style.WHOLE,
     'IF(step_saves>0,MAX(first_step,INT(ROUND((flat_usd+spares_usd)/step_saves,rounding_digits))+1),"none")'),
    ("breakeven_requests", "Own stays cheaper from", "requests/day", style.WHOLE,
     'IF(ISNUMBER(last_dear_step),IF(last_dear_step*step_usd+flat_usd>api_floor_usd,(last_dear_step*step_usd+flat_usd)/api_usd_per_daily,0),"never")'),
    ("breakeven_tokens", "that is", "tokens/month, in and out", style.TOKENS,
     'IF(ISNUMBER(breakeven_requests),breakeven_requests*days_per_month*(prompt_tokens_shown+output_tokens_shown),"never")'),
    ("cheaper_from", "and is so at some volumes from", "requests/day: further machines make it dearer again", style.WHOLE,
     'IF(first_step*step_usd+flat_usd<api_floor_usd,0,IF(ISNUMBER(first_cheap_step),(first_cheap_step*step_usd+flat_usd)/api_usd_per_daily,"never"))'),
]  # fmt: skip


def build(book: Book) -> Worksheet:
    sheet = book.sheet("Staircase", "Own cost by volume, in steps of whole machines, against the straight line of the API.",
                       [10, 16, 18, 22, 12, 14, 18, 18, 16], color=style.TEAL, freeze="A8")  # fmt: skip
    style.text(sheet, 5, 1, "Largest volume over that sized")
    style.entry(sheet, 5, 4, 3, "0.0")
    book.name("staircase_most", sheet, 5, 4)
    style.headings(sheet, 7, _HEADS)
    for row in range(_FIRST, _LAST + 1):
        _volume(
            sheet, row, f"=A{row}/ROWS($A${_FIRST + 1}:$A${_LAST})*staircase_most", f"=ROW()-ROW($A${_FIRST - 1})-1"
        )
    _volume(sheet, _LAST + 1, "=1", "sized")
    _volume(sheet, _LAST + 2, "=IF(ISNUMBER(breakeven_requests),breakeven_requests/requests_day,1)", _EQUAL)
    book.name("staircase_own", sheet, _LAST + 1, 7)
    book.name("breakeven_own", sheet, _LAST + 2, 7)
    book.name("breakeven_api", sheet, _LAST + 2, 8)
    book.name("staircase_values", sheet, _FIRST, 1, (_LAST + 2, len(_HEADS)))
    top = _LAST + 4
    style.section(
        sheet,
        top,
        "Where they cross: own stays cheaper from the last step that begins dearer than the API",
        len(_HEADS),
    )
    for row, (name, label, unit, number_format, content) in enumerate(_LINES, top + 1):
        answer = name in ("breakeven_requests", "breakeven_tokens")
        style.text(sheet, row, 1, label, bold=answer)
        cell = style.formula(sheet, row, 4, f"={content}", number_format)
        cell.font, cell.alignment = style.font(bold=answer), style.aligned("right")
        style.text(sheet, row, 5, unit, color=style.GREY)
        book.name(name, sheet, row, 4)
        for column in range(1, 5):
            sheet.cell(row, column).border = style.underline()
    book.list_name(
        "breakeven_requests", "result", "requests/day", "Requests a day from which own hosting stays cheaper"
    )
    book.list_name("breakeven_tokens", "result", "tokens/month", "Tokens a month from which own hosting stays cheaper")
    _chart(sheet, top + len(_LINES) + 2)
    return sheet


def _volume(sheet: Worksheet, row: int, volume: str, step: str) -> None:
    """A row of the table: both bills of a month at a volume."""
    speed = f"C{row}/seconds_per_day*peak_over_mean_shown*served_tokens"
    replicas = f"regions_shown*MAX(min_replicas_shown,ROUNDUP(ROUND({speed}/regions_shown/replica_holds,rounding_digits),0)+spare_replicas_shown)"
    contents = [
        (step, style.WHOLE), (volume, "0.00"), (f"=requests_day*B{row}", style.WHOLE),
        (f"=C{row}*days_per_month*(prompt_tokens_shown+output_tokens_shown)", style.TOKENS), (f"={replicas}", style.WHOLE),
        (f"={accelerators_of(f'E{row}', live)}*{_OF_PEAK}", style.TENTHS), (f"=F{row}*{_USD}+flat_usd", style.USD),
        (f"=MAX(api_floor_usd,C{row}*api_usd_per_daily)", style.USD), (f"=(G{row}<H{row})*1" if step != _EQUAL else "equal", '[=1]"yes";"no"'),
    ]  # fmt: skip
    for column, (content, number_format) in enumerate(contents, 1):
        write = style.formula if content.startswith("=") else style.value
        cell = write(sheet, row, column, content, number_format)
        cell.alignment, cell.border = style.aligned("right"), style.underline()


def _chart(sheet: Worksheet, top: int) -> None:
    rows = {"min_row": _FIRST, "max_row": _LAST}
    volumes = Reference(sheet, min_col=3, **rows)
    chart = charts.bars(sheet, "Own against API by volume", volumes, [("Own", Reference(sheet, min_col=7, **rows))],
                        x_title="Requests a day", y_title="USD a month", gap=0)  # fmt: skip
    line = LineChart()
    charts.lines(line, "", volumes, [("API", Reference(sheet, min_col=8, **rows))], "", "")
    line.series[0].graphicalProperties.line.solidFill = "000000"
    chart += line
    chart.x_axis.number_format, chart.x_axis.tickLblSkip = style.COUNT, 3
    charts.place(sheet, chart, f"A{top}", f"I{top + 19}")
    sheet.print_area = f"A1:I{top + 20}"
    sheet.page_setup.fitToHeight = 1
