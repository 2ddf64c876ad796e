"""The Checks sheet: what must hold, what deserves a look, and one light for the whole workbook."""

from __future__ import annotations

from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from ...checks import STOPPED, WARNED
from .. import style
from ..book import Book
from ..parts import AT_LEAST, AT_MOST, EQUAL, PROJECT, SAME, STOP, WARN, Check, Template

HEAD, FIRST = 11, 12
_WIDTHS: list[float] = [54, 20, 20, 10, 10, 20, 84]
_TESTS = {
    EQUAL: "ABS(B{row}-C{row})<=tolerance*MAX(1,ABS(C{row}))",
    AT_MOST: "B{row}<=C{row}",
    AT_LEAST: "B{row}>=C{row}",
    SAME: "B{row}=C{row}",
}
_ADVICE = "What it means, and what to do"


def build(book: Book, checks: list[Check]) -> Worksheet:
    sheet = book.sheet(
        "Checks", "What must hold (stop), what deserves a look (warning), and the line that every sheet shows.",
        _WIDTHS, color=style.RED, freeze=f"B{FIRST}", repeated_rows=f"1:{HEAD}",
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
        failed = "0" if check.severity == STOP else "-1"
        guarded = f"=IF(ISERROR(B{row}),{failed},IF(ISERROR(C{row}),{failed},IF({test},1,{failed})))"
        result = style.formula(sheet, row, 5, guarded, '[=1]"pass";[=0]"FAIL";"look"')
        result.alignment = style.aligned("center")
        target = book.workbook.defined_names[check.place].attr_text
        style.link(style.text(sheet, row, 6, target.replace("$", "").replace("'", ""), size=9), location=target)
        style.note(sheet, row, 7, check.advice, 18)
        for column in range(1, len(_WIDTHS) + 1):
            sheet.cell(row, column).border = style.underline()
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
    areas = [name for name in book.workbook.defined_names if name.endswith("_values")] + ["sensitivity_columns"]
    errors = "+".join(f"IF(ISERROR(SUM({name})),1,0)" for name in areas)
    found = [
        Check("Inputs are within their limits", "COUNTIF(inputs_valid,0)", EQUAL, "0", STOP,
              "Inputs and own lines marked NO in the column Valid?: nothing that is typed is left unused in silence.",
              "inputs_valid"),
        Check("Scenarios are within the limits", "COUNTIF(overrides_valid,0)", EQUAL, "0", STOP,
              "Rows of Scenarios marked NO: an entry outside the limits of its input.", "overrides_valid"),
        Check("Own lines are complete, and all are read",
              "IF(ROWS(own_names)>ROWS(own_totals),ROWS(own_names),ABS(COUNTA(own_names)-COUNT(own_amounts)))", EQUAL, "0", STOP,
              "Each needs a name and a number as its amount; rows can be inserted up to as many as Calculation has lines for.",
              "own_names"),
        Check("No cell shows an error", errors, EQUAL, "0", STOP,
              "Number of areas with error cells. The first one on Calculation is the cause.", "calculation_values"),
        Check("The exchange rate is the currency's", 'IF((currency="USD")=(currency_per_usd_shown=1),0,1)', EQUAL, "0", STOP,
              "Another currency than USD with a rate of 1, or USD with another: type both. A currency pegged at one: 1.0001.", "currency_per_usd"),
        Check("What is shown is the column of its name", "total_cost", EQUAL, "INDEX(total_cost_scenarios,scenario_no)",
              STOP, "The column Shown against that of the chosen scenario.", "total_cost", style.USD_CENTS),
    ]  # fmt: skip
    if "model_id" in book.workbook.defined_names:
        found.append(
            Check("The model's parameters are exact", 'IF(IFERROR(LLM_MODEL(model_id,"count"),"")="estimate",1,0)', EQUAL, "0", WARN,
                  'They are an estimate, and all that rests on them: LLM_MODEL(model,"notes") says what is assumed.', "model_id")
        )  # fmt: skip
    if template.basis == PROJECT:
        found.append(
            Check("Months add up to the total", "SUM(monthly_costs)", EQUAL, "total_cost", STOP,
                  "Timeline against Calculation. An own line that lies outside the months of the plan is one cause.",
                  "monthly_costs", style.USD_CENTS)
        )  # fmt: skip
    return found


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
