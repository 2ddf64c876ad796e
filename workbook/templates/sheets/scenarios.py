"""The Scenarios sheet: the scenarios side by side, the bridge between two of them, and what each sets otherwise."""

from __future__ import annotations

from openpyxl.chart import Reference
from openpyxl.formatting.rule import FormulaRule
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from .. import charts, style
from ..book import Book
from ..parts import Figure, Input, Section, Template
from .calculation import BRIDGE, SCENARIOS, Calculation
from .inputs import validation

NAMES_ROW = 5
_LABEL, _UNIT, _SHOWN, _FIRST = 1, 2, 3, 4
_LAST = _FIRST + SCENARIOS - 1
NAME_CELLS = [f"Scenarios!${get_column_letter(_FIRST + i)}${NAMES_ROW}" for i in range(SCENARIOS)]
_WIDTHS: list[float] = [44, 23, 20, *([18.0] * SCENARIOS), 10, 72]
_STEPS = ["More or less volume", "Mix of contracts and machines", "Efficiency", "Prices", "Everything else"]


def start(book: Book, template: Template, sections: list[Section]) -> tuple[Worksheet, dict[str, int]]:
    """The sheet with its names and the overrides; the results are filled in once they have their places."""
    word = template.scenario_word.lower()
    sheet = book.sheet(
        "Scenarios",
        f"Each {word} beside the others, the bridge between two, and below them the inputs that a {word} sets otherwise.",
        _WIDTHS, color=style.ORANGE, freeze=f"D{NAMES_ROW + 1}", repeated_rows=f"1:{NAMES_ROW}",
    )  # fmt: skip
    style.headings(sheet, NAMES_ROW, ["Result", "Unit", "Shown", *[""] * SCENARIOS, "", ""], ("Unit",))
    names = [*template.given, *template.free]
    for number, name in enumerate(names):
        cell = style.entry(sheet, NAMES_ROW, _FIRST + number, name)
        cell.font, cell.alignment = style.font(bold=True, color=style.INPUT_FONT), style.aligned("center")
    rule = DataValidation(type="textLength", operator="between", formula1="1", formula2="24", showErrorMessage=True,
                          errorTitle="Name", error="A name of 1 to 24 characters, each only once.")  # fmt: skip
    rule.add(f"D{NAMES_ROW}:I{NAMES_ROW}")
    sheet.add_data_validation(rule)
    book.name("scenario_list", sheet, NAMES_ROW, _FIRST, (NAMES_ROW, _LAST))
    return sheet, _overrides(book, sheet, template, sections, _top_of_overrides(template))


def _top_of_overrides(template: Template) -> int:
    results = len(template.compared) + len(template.costs) + 8
    return NAMES_ROW + 1 + results + len(_STEPS) + 8


def _overrides(book: Book, sheet: Worksheet, template: Template, sections: list[Section], row: int) -> dict[str, int]:
    word = template.scenario_word.lower()
    title = f"What a {word} sets otherwise: blank = as on Inputs"
    sheet.row_breaks.append(Break(id=row - 1))
    style.section(sheet, row, title, len(_WIDTHS))
    row += 1
    heads = ["Input", "Unit", "On Inputs", *[""] * SCENARIOS, "Valid?", "Limits"]
    style.headings(sheet, row, heads, ("Unit", "Limits"))
    for number in range(SCENARIOS):
        letter = get_column_letter(_FIRST + number)
        cell = style.formula(sheet, row, _FIRST + number, f"={letter}${NAMES_ROW}")
        cell.font, cell.fill = style.font(bold=True, color=style.WHITE), style.fill(style.NAVY)
        cell.alignment = style.aligned("center")
    rows: dict[str, int] = {}
    first = row + 1
    for title, inputs in sections:
        varied = [one for one in inputs if not one.fixed]
        if not varied:
            continue
        row += 1
        style.text(sheet, row, 1, title, bold=True, color=style.NAVY)
        for one in varied:
            row += 1
            rows[one.name] = row
            _override(
                sheet, row, one, template, int(str(book.workbook.defined_names[one.name].attr_text).rpartition("$")[2])
            )
    book.name("overrides_valid", sheet, first, _LAST + 1, (row, _LAST + 1))
    rule = FormulaRule(formula=[f"AND(ISNUMBER($J{first}),$J{first}=0)"], fill=style.fill("F5B7B1"))
    sheet.conditional_formatting.add(f"D{first}:J{row}", rule)
    return rows


def _override(sheet: Worksheet, row: int, one: Input, template: Template, input_row: int) -> None:
    style.text(sheet, row, _LABEL, one.label)
    style.unit(sheet, row, _UNIT, one.unit)
    shown = f'=IF({one.name}="","–",{one.name})' if one.blank else f"={one.name}"
    words = one.number_format == style.GENERAL
    values = [template.overrides.get(name, {}).get(one.name) for name in (*template.given, *template.free)]
    lines = max(style.wrapped_lines(str(value), _WIDTHS[_FIRST]) if words else 1 for value in values)
    look = style.aligned("right", shrink=words and lines == 1, wrap=lines > 1)
    if lines > 1:
        sheet.row_dimensions[row].height = 3 + 13 * lines
    style.formula(sheet, row, _SHOWN, shown, one.number_format).alignment = look
    for number, value in enumerate(values):
        style.entry(sheet, row, _FIRST + number, value, one.number_format).alignment = look
    cells = f"D{row}:I{row}"
    if one.among or one.known:
        each = [f'({letter}{row}<>"")*ISNA(MATCH({letter}{row},{one.among},0))' for letter in "DEFGHI"]
        content = "=1" if one.known else f"=IF({'+'.join(each)}=0,1,0)"
        limits = "from the list" if one.among else "as on Inputs"
    else:
        low, high = f"Inputs!$D${input_row}", f"Inputs!$E${input_row}"
        whole = ",INT(N({at}))=N({at})" if one.whole else ""
        test = f"AND(ISNUMBER({{at}}),N({{at}})>={low},N({{at}})<={high}{whole})"
        each = [f'({at}<>"")*IF({test.format(at=at)},0,1)' for at in (f"{letter}{row}" for letter in "DEFGHI")]
        content = f"=IF({'+'.join(each)}=0,1,0)"
        limits = "the limits of Inputs"
    style.formula(sheet, row, _LAST + 1, content, '[=1]"yes";[=0]"NO"').alignment = style.aligned("center")
    style.text(sheet, row, _LAST + 2, limits, size=9, color=style.GREY)
    least, most = (None if v is None else _limit(v) for v in (one.least, one.most))
    rule = validation(one, least or "0", most or "0", blank=True)
    rule.add(cells)
    sheet.add_data_validation(rule)
    for column in (_LABEL, _UNIT, _SHOWN, _LAST + 1, _LAST + 2):
        sheet.cell(row, column).border = style.underline()


def _limit(limit: object) -> str:
    if hasattr(limit, "toordinal"):
        return str(limit.toordinal() - 693594)
    return repr(limit)


def finish(book: Book, sheet: Worksheet, template: Template, steps: Calculation) -> None:
    row = _side_by_side(book, sheet, template, steps, NAMES_ROW + 1)
    _bridge(book, sheet, steps, row + 1, template.bridge)


def _side_by_side(book: Book, sheet: Worksheet, template: Template, steps: Calculation, row: int) -> int:
    costs = [Figure(cost.line.label, cost.line.name, cost.line.number_format) for cost in template.costs]
    more = [
        Figure("Own lines", "", style.USD), Figure("Contingency", "contingency_usd", style.USD),
        Figure("Tax", "tax_usd", style.USD),
    ]  # fmt: skip
    groups = [("Key figures", template.compared), ("Cost", [*costs, *more, Figure("Total", "total_cost", style.USD)])]
    for title, figures in groups:
        style.section(sheet, row, title, len(_WIDTHS))
        for figure in figures:
            row += 1
            total = figure.name == "total_cost"
            style.text(sheet, row, _LABEL, figure.label, bold=total)
            unit = steps.sheet.cell(steps.rows[figure.name or "total_cost"], _UNIT).value
            style.unit(sheet, row, _UNIT, unit)
            if unit == "text":
                sheet.row_dimensions[row].height = 28
            for column in range(_SHOWN, _LAST + 1):
                scenario = None if column == _SHOWN else column - _FIRST
                cell = style.formula(sheet, row, column, _value(steps, figure.name, scenario), figure.number_format)
                words = figure.number_format == style.GENERAL
                cell.alignment = style.aligned("right", shrink=words and unit != "text", wrap=words and unit == "text")
                if total:
                    cell.font = style.font(bold=True)
            for column in range(1, _LAST + 1):
                sheet.cell(row, column).border = style.underline(style.NAVY if total else style.LINE)
        row += 1
    first = get_column_letter(_FIRST + template.bridge[0])
    style.text(sheet, row, _LABEL, f"Total against {[*template.given, *template.free][template.bridge[0]]}")
    style.text(sheet, row, _UNIT, "share", color=style.GREY)
    for column in range(_SHOWN, _LAST + 1):
        content = f"=IF(${first}{row - 1}=0,0,{get_column_letter(column)}{row - 1}/${first}{row - 1}-1)"
        cell = style.formula(sheet, row, column, content, "+0%;-0%;0%")
        cell.alignment = style.aligned("right")
    rule = FormulaRule(formula=[f"D${NAMES_ROW}=scenario"], fill=style.fill("D6EAD7"))
    sheet.conditional_formatting.add(f"D{NAMES_ROW + 1}:I{row}", rule)
    book.name("scenario_values", sheet, NAMES_ROW + 1, _SHOWN, (row, _LAST))
    return row + 1


def _value(steps: Calculation, name: str, scenario: int | None) -> str:
    if name:
        return f"={steps.cell(name, scenario)}"
    costs = [steps.cell(cost, scenario) for cost in steps.costs]
    return f"={steps.cell('subtotal', scenario)}-SUM({costs[0]}:{costs[-1].partition('!')[2]})"


def _bridge(book: Book, sheet: Worksheet, steps: Calculation, row: int, bridge: tuple[int, int]) -> None:
    style.section(
        sheet, row, "Bridge: from the total of one to that of another, one group of inputs at a time", len(_WIDTHS)
    )
    names = [str(sheet.cell(NAMES_ROW, _FIRST + number).value) for number in range(SCENARIOS)]
    style.text(sheet, row + 1, 1, "From, to")
    for column, name, value in ((3, "bridge_from", names[bridge[0]]), (4, "bridge_to", names[bridge[1]])):
        style.entry(sheet, row + 1, column, value)
        book.name(name, sheet, row + 1, column)
        content = f"=MATCH({name},scenario_list,0)"
        style.formula(sheet, row + 1, column + 2, content, '"column "0').alignment = style.aligned("right")
        book.name(f"{name}_no", sheet, row + 1, column + 2)
    rule = DataValidation(type="list", formula1="scenario_list", showErrorMessage=True, errorTitle="Bridge",
                          error="Choose from the list.")  # fmt: skip
    rule.add(f"C{row + 1}:D{row + 1}")
    sheet.add_data_validation(rule)
    top = row + 2
    row_total = steps.across("total_cost")
    unit, word = style.unit_for(f"MAX({row_total})")
    style.formula(sheet, row + 1, 7, f"={unit}", '"in "#,##0" USD"').alignment = style.aligned("right")
    book.name("bridge_unit", sheet, row + 1, 7)
    heads = [
        "Step",
        "Unit",
        "Change",
        "Total after it",
        "Chart: under",
        *(f'="{one}, "&{word}' for one in ("total", "up", "down")),
    ]
    for column, head in enumerate(heads, 1):
        cell = (style.formula if head.startswith("=") else style.text)(sheet, top, column, head)
        cell.font, cell.border = style.font(bold=True, color=style.GREY), style.underline(style.BLUE)
        cell.alignment = style.aligned("left" if column < 3 else "right")
    totals = [f"=INDEX({row_total},bridge_from_no)", *(f"={steps.bridge('total_cost', step)}" for step in range(BRIDGE)),
              f"=INDEX({row_total},bridge_to_no)"]  # fmt: skip
    last = top + len(totals) + 1
    for at, label in enumerate(["=bridge_from", *_STEPS, "=bridge_to"], top + 1):
        (style.formula if label.startswith("=") else style.value)(sheet, at, 1, label)
        style.text(sheet, at, 2, "USD", color=style.GREY)
        contents = {4: f"=D{at - 1}" if at == last else totals[at - top - 1]}
        if at in (top + 1, last):
            contents |= {3: f"=D{at}"} if at < last else {}
            contents[6] = f"=D{at}/bridge_unit"
        else:
            contents |= {3: f"=D{at}-D{at - 1}", 5: f"=MIN(D{at},D{at - 1})/bridge_unit"}
            contents |= {7: f"=MAX(0,C{at})/bridge_unit", 8: f"=MAX(0,-C{at})/bridge_unit"}
        for column, content in contents.items():
            number_format = {3: style.USD if at == top + 1 else CHANGE, 4: style.USD}.get(column, _PART)
            style.formula(sheet, at, column, content, number_format).alignment = style.aligned("right")
        for column in range(1, 9):
            sheet.cell(at, column).border = style.underline()
    rows = {"min_row": top + 1, "max_row": last}
    columns = [
        (Reference(sheet, min_col=column, min_row=top), Reference(sheet, min_col=column, **rows))
        for column in range(5, 9)
    ]
    chart = charts.bars(
        sheet, "From one total to the other", Reference(sheet, min_col=1, **rows), columns, stacked=True, labels=True,
        y_title="USD in the unit of the legend", number_format=_PART,
    )  # fmt: skip
    charts.hollow(chart, 0)
    charts.place(sheet, chart, f"K{NAMES_ROW + 1}", f"K{NAMES_ROW + 17}")


_PART = '[=0]"";[<100]0.0;#,##0'
CHANGE = '+"$"#,##0;-"$"#,##0;"$"0'
