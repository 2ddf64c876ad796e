"""The Checks sheet: what must hold, what deserves a look, and one light for the whole workbook."""

from __future__ import annotations

import re
from itertools import pairwise

from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from ...checks import STOPPED, WARNED
from .. import style
from ..book import Book
from ..parts import AT_LEAST, AT_MOST, EQUAL, GIVEN, PROJECT, SAME, STOP, WARN, Check, Template
from .scenarios import NAME_CELLS

HEAD, FIRST = 11, 12
_WIDTHS: list[float] = [54, 20, 20, 10, 10, 20, 84]
_TESTS = {
    EQUAL: "ABS(B{row}-C{row})<=tolerance*MAX(1,ABS(C{row}))",
    AT_MOST: "B{row}<=C{row}",
    AT_LEAST: "B{row}>=C{row}",
    SAME: "B{row}=C{row}",
}
_ONCE = "+".join(f'(SUMPRODUCT((scenario_list={cell})*(scenario_list<>""))=1)' for cell in NAME_CELLS)
"""How many scenarios have a name, and one that no other has."""
_INCOMPLETE = (
    "IF(ROWS(own_names)>ROWS(own_totals),ROWS(own_names),MAX(COUNTIF(own_valid,0),ABS(COUNTA(own_names)-COUNT(own_amounts)),"
    'SUMPRODUCT((own_amounts<>"")*((own_kinds_chosen="")+(own_kinds_chosen=own_share)*(own_of="")))))'
)
"""How many own lines lack something; rows that were inserted have no mark of their own."""
_ADVICE = "What it means, and what to do"


def build(book: Book, checks: list[Check]) -> Worksheet:
    sheet = book.sheet(
        "Checks", "What must hold (stop), what deserves a look (warning), and the line that every sheet shows.",
        _WIDTHS, color=style.RED, freeze=f"B{FIRST}", repeated_rows=f"1:{HEAD}", navigation_rows=2,
    )  # fmt: skip
    style.headings(sheet, HEAD, ["Check", "Value", "Against", "Kind", "Result", "Where", _ADVICE],
                   ("Kind", "Where", _ADVICE))  # fmt: skip
    last = FIRST + len(checks) - 1
    for row, check in enumerate(checks, FIRST):
        style.text(sheet, row, 1, check.label)
        for column, content in ((2, check.value), (3, check.limit)):
            cell = style.formula(sheet, row, column, f"={content}", check.number_format)
            cell.alignment = style.aligned("right")
        style.text(sheet, row, 4, check.severity, color=style.GREY)
        test = _TESTS[check.test].format(row=row)
        failed, unknown = ("0", "0") if check.severity == STOP else ("-1", '"–"')  # what an error comes of is a stop
        guarded = f"=IF(ISERROR(B{row}),{unknown},IF(ISERROR(C{row}),{unknown},IF({test},1,{failed})))"
        result = style.formula(sheet, row, 5, guarded, '[=1]"pass";[=0]"FAIL";"look"')
        result.alignment = style.aligned("center")
        target = book.workbook.defined_names[check.place].attr_text
        style.link(style.text(sheet, row, 6, target.replace("$", "").replace("'", ""), size=9), location=target)
        style.note(sheet, row, 7, check.advice, 18)
        for column in range(1, len(_WIDTHS) + 1):
            sheet.cell(row, column).border = style.underline()
    sheet.page_setup.fitToHeight = 1
    _light(book, sheet, last)
    results = f"E{FIRST}:E{last}"
    for condition, color in (
        (f"$E{FIRST}=1", style.GREEN),
        (f"$E{FIRST}<0", style.AMBER),
        (f"$E{FIRST}=0", style.RED),
    ):
        rule = FormulaRule(formula=[condition], font=Font(bold=True, color=color), stopIfTrue=True)
        sheet.conditional_formatting.add(results, rule)
    return sheet


def common(book: Book, template: Template) -> list[Check]:
    """What must hold in every budget."""
    found = [
        Check("Inputs are within their limits", "COUNTIF(inputs_valid,0)-COUNTIF(own_valid,0)", EQUAL, "0", STOP,
              "Correct the inputs marked NO in the column Valid?: what is typed there would not be used.",
              "inputs_valid", first=True),
        Check("Scenarios are within the limits", "COUNTIF(overrides_valid,0)", EQUAL, "0", STOP,
              "Correct the rows of Scenarios marked NO: an entry is outside the limits of its input.", "overrides_valid",
              first=True),
        Check("Own lines are complete, and all are read",
              _INCOMPLETE, EQUAL, "0", STOP,
              "Each needs a name, a number, a kind, and a share the line that it is of (Share of which line); dates are dates. Rows can be "
              "inserted up to as many as Calculation has lines for.", "own_names", first=True),
        Check("Own prices and actual payments are numbers",
              'COUNTA(prices_own)-COUNTIF(prices_own,">0")+COUNTA(actuals)-COUNT(actuals)', EQUAL, "0", STOP,
              "A text in the yellow column of Prices, a price of 0 or less, or a text among the payments of Timeline would count for nothing.",
              "actuals"),
        Check("Actual payments are no income", "SUMPRODUCT((actuals<0)*(monthly_costs>=0))", EQUAL, "0", WARN,
              "Payments of Timeline below zero in months that the plan pays: a wrong sign? What comes back is an own line below zero.", "actuals"),
        Check("The total is a cost", "total_cost", AT_LEAST, "0", WARN,
              "More comes back than is paid: look at own lines below zero.", "own_names", style.USD),
        Check("Scenarios have names of their own", _ONCE, EQUAL, "COLUMNS(scenario_list)",
              STOP, "Two scenarios have one name, or one has none: only the first would ever be shown.", "scenario_list"),
        Check("The exchange rate is the currency's", 'IF((currency="USD")=(currency_per_usd_shown=1),0,1)', EQUAL, "0", STOP,
              "Type both the currency and its rate: a rate of 1 is that of USD alone. For a currency pegged at one type 1.0001.", "currency_per_usd"),
        Check("The exchange rate is not stale", 'IF(currency="USD",0,ABS(report_date-currency_date))', AT_MOST, "price_age_limit", WARN,
              "The date of the rate lies far from that of the report: read the rate again, and type its date.", "currency_date",
              '#,##0 "days"'),
        Check("What lies in the past is paid", 'SUMPRODUCT((month_ends<=report_date)*(monthly_costs<>0)*(actuals=""))', EQUAL, "0", WARN,
              "So many months lie before the date of the report and nothing is typed as paid: type it on Timeline, 0 too, or correct a date.",
              "actuals", '#,##0 "months"'),
        Check("Inputs are used by a scenario", _overridden(book), EQUAL, "0", WARN,
              "Each scenario has its own of this many inputs, and none has what stands on Inputs, which counts for nothing: type it in a scenario.",
              "overrides_valid", "0"),
        Check("Low, base and high cost in that order", _disorder(book), EQUAL, "0", WARN,
              "What a scenario sets stands against what Inputs have now, as a growth of 10 % under a base of 50 %: set it anew on Scenarios.",
              "overrides_valid", "0"),
        Check("The step of Sensitivity is a share", "ABS(tornado_step)", AT_MOST, "1-tenth", STOP,
              "Type a share of each driver's value, from 1 % to 90 %.", "tornado_step", style.PERCENT),
    ]  # fmt: skip
    if "model_id" in book.workbook.defined_names:
        found.append(
            Check("The model's parameters are exact", '(IFERROR(LLM_MODEL(model_id,"count"),"")="estimate")*1', EQUAL, "0", WARN,
                  'They are an estimate, and all that rests on them: LLM_MODEL(model,"notes") says what is assumed.', "model_id")
        )  # fmt: skip
    return found


def of_the_whole(book: Book, template: Template) -> list[Check]:
    """The last of all: a total without a value has a cause that another check names."""
    areas = [name for name in book.workbook.defined_names if name.endswith("_values")] + ["sensitivity_columns"]
    errors = "+".join(f"IF(ISERROR(SUM({name})),1,0)" for name in areas)
    months = Check("Months add up to the total", _where_whole("SUM(monthly_costs)"), EQUAL, _where_whole("total_cost"), STOP,
                   "Timeline against Calculation. Move own lines into the months of the plan; else a formula was changed: restore it.",
                   "monthly_costs", style.USD_CENTS)  # fmt: skip
    return [
        Check("What is shown is the column of its name", _where_whole("total_cost"), EQUAL, _where_whole("INDEX(total_cost_scenarios,scenario_no)"),
              STOP, "The column Shown against that of the chosen scenario. Where they differ, a formula was changed: restore it.", "total_cost", style.USD_CENTS),
        *([months] if template.basis == PROJECT else []),
        Check("No cell shows an error", errors, EQUAL, "0", STOP,
              "The number of areas with error cells. Look for the first one on Calculation: it is the cause of the others.", "calculation_values"),
    ]  # fmt: skip


def _where_whole(total: str) -> str:
    """A total, or 0 where an own line lacks something: then there may be none, which the check of own lines says."""
    return f"IF(COUNTIF(own_valid,0)>0,0,{total})"


def _overridden(book: Book) -> str:
    """How many inputs every scenario sets otherwise, none of them to what Inputs has."""
    rows = [int(row) for row in re.findall(r"\d+", str(book.workbook.defined_names["overrides_valid"].attr_text))]
    given, *own = (f"Scenarios!${column}${rows[0]}:${column}${rows[1]}" for column in "CDEFGHI")
    differs = "*".join(f'({cells}<>"")*({cells}<>{given})' for cells in own)
    return f"SUMPRODUCT({differs})"


def _disorder(book: Book) -> str:
    """How often a given scenario costs more than the next, where they still have their names."""
    totals = book.workbook["Calculation"][
        str(book.workbook.defined_names["total_cost_scenarios"].attr_text).rpartition("!")[2]
    ][0]
    named = ",".join(f'{cell}="{name}"' for cell, name in zip(NAME_CELLS, GIVEN, strict=False))
    more = "+".join(
        f"(Calculation!{one.coordinate}>Calculation!{other.coordinate})"
        for one, other in pairwise(totals[: len(GIVEN)])
    )
    return f"IF(AND({named}),{more},0)"


def _light(book: Book, sheet: Worksheet, last: int) -> None:
    results, labels = f"E{FIRST}:E{last}", f"A{FIRST}:A{last}"
    stopped = (
        f'"{STOPPED}"&INDEX({labels},MATCH(0,{results},0))&IF(checks_failed>1," and "&(checks_failed-1)&" more","")'
    )
    warned = (
        f'"{WARNED}"&INDEX({labels},MATCH(-1,{results},0))&IF(checks_warned>1," and "&(checks_warned-1)&" more","")'
    )
    rows = [
        ("checks_failed", "Checks that fail", f"=COUNTIF({results},0)", "0", "Checks that fail"),
        ("checks_warned", "Warnings", f"=COUNTIF({results},-1)", "0", "Checks that warn"),
        ("checks_ok", "All stop checks pass", "=IF(checks_failed=0,1,0)", '[=1]"yes";[=0]"NO"',
         "1 where every check that must hold passes"),
        ("checks_light", "In one line", f'=IF(checks_failed>0,{stopped},IF(checks_warned>0,{warned},"All checks pass"))',
         style.GENERAL, "What the line of all sheets says"),
    ]  # fmt: skip
    for row, (name, label, content, number_format, meaning) in enumerate(rows, 6):
        style.text(sheet, row, 1, label, bold=True)
        cell = style.formula(sheet, row, 2, content, number_format)
        cell.font, cell.alignment = style.font(bold=True), style.aligned("left")
        book.name(name, sheet, row, 2)
        book.list_name(name, "result", "", meaning)
