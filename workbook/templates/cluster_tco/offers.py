"""The Offers sheet: up to five offers of a cluster side by side, by the eight lines in which they differ."""

from __future__ import annotations

from openpyxl.formatting.rule import FormulaRule
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from .. import style
from ..book import Book, Source

OFFERS = 5
_HEAD, _FIRST, _COLUMN = 5, 6, 3
EIGHT_LINES = Source(
    "SemiAnalysis (2026)",
    "How Much Do GPU Clusters Really Cost?: offers compared by GPU, storage, network, control plane, support, goodput, set-up, "
    "debugging; the best is 1.00",
    "https://newsletter.semianalysis.com/p/how-much-do-gpu-clusters-really-cost",
    "2026-04-20",
)
_ENTRIES = [
    ("name", "Name of the offer", "", style.GENERAL, ""),
    (
        "gpu",
        "Accelerators",
        "USD/accelerator-hour",
        style.RATE,
        "As quoted, on the hours of all accelerators of Inputs.",
    ),
    ("storage", "Storage", "USD/month", style.USD, "What the offer bills beside the hours; 0 where it is included."),
    ("network", "Network and traffic", "USD/month", style.USD, "Switches, traffic, addresses."),
    ("control", "Control plane, other machines", "USD/month", style.USD, "Login, scheduler, management."),
    ("support", "Support", "share of the four above", style.PERCENT, "Of the four lines above together: 0.05 for 5 %."),
    (
        "goodput",
        "Useful part of the hours",
        "share",
        style.PERCENT,
        "Availability and time lost to failures, as promised: not how much of the hours you have work for.",
    ),
    ("setup", "Set-up", "USD once", style.USD, "Spread over the term."),
    ("debugging", "Debugging", "USD/month", style.USD, "Your people's time on its faults."),
    ("term", "Term", "months", style.WHOLE, "Needed where there is a set-up."),
]
_ROWS = {name: row for row, (name, *_) in enumerate(_ENTRIES, _FIRST)}
_BILL = "{c}{gpu}*$C${hours}+{c}{storage}+{c}{network}+{c}{control}"
_LINES = [
    ("Accelerators", "{c}{gpu}*$C${hours}"), ("Storage", "N({c}{storage})"), ("Network and traffic", "N({c}{network})"),
    ("Control plane, other machines", "N({c}{control})"),
    ("Support", f"({_BILL})*{{c}}{{support}}"),
    ("Hours that are not useful", f"IF(N({{c}}{{goodput}})=0,0,({_BILL})*(1/{{c}}{{goodput}}-1))"),
    ("Set-up, by month of the term", "IF(N({c}{term})=0,0,{c}{setup}/{c}{term})"), ("Debugging", "N({c}{debugging})"),
]  # fmt: skip


def build(book: Book) -> Worksheet:
    sheet = book.sheet(
        "Offers", "Up to five offers for the accelerators of Inputs, side by side: fill a column; the best is 1.00.",
        [40, 26, *[20.0] * OFFERS, 84, 12], color=style.TEAL, freeze=f"C{_FIRST}",
    )  # fmt: skip
    book.cite("Offers", EIGHT_LINES)
    style.headings(sheet, _HEAD, ["Offer", "Unit", *(str(n + 1) for n in range(OFFERS))], ("Unit",))
    for row, (name, label, unit, number_format, help_text) in enumerate(_ENTRIES, _FIRST):
        _label(sheet, row, label, unit)
        style.text(sheet, row, _COLUMN + OFFERS, help_text, size=9, color=style.GREY)
        for column in range(_COLUMN, _COLUMN + OFFERS):
            cell = style.entry(sheet, row, column, None, number_format)
            if name == "name":
                cell.alignment = style.aligned("right", wrap=True)
        if name == "name":
            sheet.row_dimensions[row].height = 28
        else:
            _guard(sheet, row, "0.01" if name == "goodput" else "0", "1" if name == "goodput" else "1000000000000")
    for name, rows in (
        ("typed", (_FIRST + 1, _FIRST + len(_ENTRIES) - 1)),
        *((one, (_ROWS[one], _ROWS[one])) for one in ("support", "goodput")),
    ):
        book.name(f"offers_{name}", sheet, rows[0], _COLUMN, (rows[1], _COLUMN + OFFERS - 1))
    row = _FIRST + len(_ENTRIES) + 1
    style.section(sheet, row, "A month, in USD", _COLUMN + OFFERS - 1)
    hours = row + 1
    _label(sheet, hours, "Accelerator-hours of a month", "accelerator-hours")
    style.formula(sheet, hours, _COLUMN, "=accelerators_shown*hours_per_month", style.WHOLE)
    places = {**_ROWS, "hours": hours}
    first = hours + 1
    for row, (label, content) in enumerate(_LINES, first):
        _line(sheet, row, label, "USD/month", content, style.USD, places)
    total = first + len(_LINES)
    missing = 'IF(N({c}{goodput})=0,"useful part missing",IF(AND(N({c}{setup})>0,N({c}{term})=0),"term missing",'
    sums = f"{missing}SUM({{c}}{first}:{{c}}{total - 1})))"
    _line(sheet, total, "In all", "USD/month", sums, style.USD, places, bold=True)
    useful = f'IF(ISNUMBER({{c}}{total}),{{c}}{total}/$C${hours},"–")'
    _line(sheet, total + 1, "A useful accelerator-hour", "USD/accelerator-hour", useful, style.RATE, places, bold=True)
    last = get_column_letter(_COLUMN + OFFERS - 1)
    whole = f"ISNUMBER({{c}}{total})"
    for row, label, unit, content, number_format in (
        (total + 2, "Against the best", "best = 1.00", f"{{c}}{total}/MIN($C{total}:${last}{total})", "0.00"),
        (total + 3, "A useful hour, as on Dashboard", "USD/accelerator-hour",
         f"{{c}}{total + 1}*(1+contingency_shown)*(1+tax_shown)/utilisation_shown", style.RATE),
        (total + 4, "Against owning, as calculated", "ratio", f"{{c}}{total + 3}/own_usd_per_hour", "0.00"),
    ):  # fmt: skip
        _line(sheet, row, label, unit, f'IF({whole},{content},"–")', number_format, places, bold=row == total + 2)
    row = total + 5
    _label(sheet, row, "The best, a useful hour as on Dashboard", "USD/accelerator-hour", bold=True)
    hours_of_all = f"C{total + 3}:{last}{total + 3}"
    cell = style.formula(sheet, row, _COLUMN, f'=IF(COUNT({hours_of_all})=0,"–",MIN({hours_of_all}))', style.RATE)
    cell.alignment, cell.border, cell.font = style.aligned("right"), style.underline(), style.font(bold=True)
    book.name("best_offer_usd_per_hour", sheet, row, _COLUMN)
    book.list_name(
        "best_offer_usd_per_hour", "result", "USD/accelerator-hour", "A useful accelerator-hour by the best of Offers"
    )
    remark = "On Dashboard an hour is useful where it has work: an offer is paid for all hours; contingency and tax are on both. The eight lines are SemiAnalysis'."
    style.text(sheet, row + 1, 1, remark, size=9, color=style.GREY)
    book.name("offers_values", sheet, hours, _COLUMN, (row, _COLUMN + OFFERS - 1))
    best = FormulaRule(formula=[f"C${total + 2}=1"], fill=style.fill("D6EAD7"))
    sheet.conditional_formatting.add(f"C{total}:{get_column_letter(_COLUMN + OFFERS - 1)}{total + 2}", best)
    return sheet


def _label(sheet: Worksheet, row: int, label: str, unit: str, *, bold: bool = False) -> None:
    style.text(sheet, row, 1, label, bold=bold).border = style.underline()
    style.text(sheet, row, 2, unit, color=style.GREY).border = style.underline()


def _line(
    sheet: Worksheet, row: int, label: str, unit: str, content: str, number_format: str, places: dict[str, int],
    *, bold: bool = False,
) -> None:  # fmt: skip
    """A line of all offers; a dash where no price is typed."""
    _label(sheet, row, label, unit, bold=bold)
    for column in range(_COLUMN, _COLUMN + OFFERS):
        letter = get_column_letter(column)
        text = content.format(c=letter, **places)
        cell = style.formula(sheet, row, column, f'=IF(N({letter}{_ROWS["gpu"]})=0,"–",{text})', number_format)
        cell.alignment, cell.border, cell.font = style.aligned("right"), style.underline(), style.font(bold=bold)


def _guard(sheet: Worksheet, row: int, least: str, most: str) -> None:
    rule = DataValidation(type="decimal", operator="between", formula1=least, formula2=most, allow_blank=True,
                          showErrorMessage=True, errorTitle="Offer", error="A number of the unit at the left, or blank.")  # fmt: skip
    rule.add(f"C{row}:{get_column_letter(_COLUMN + OFFERS - 1)}{row}")
    sheet.add_data_validation(rule)
