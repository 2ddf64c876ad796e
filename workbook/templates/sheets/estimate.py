"""The Estimate sheet: what the chosen machine is estimated to reach, as a range, calibrated by the user's own runs.

The range is what was measured over what is estimated for published runs (LLM_ESTIMATE_RANGE). Where no layout fits, or
the accelerator is none of the catalog's, the sheet says so and the budget stands on its own assumption.
"""

from __future__ import annotations

from openpyxl.worksheet.worksheet import Worksheet

from xlcalc.cell_functions.audit.calibration import CALIBRATION_COLUMNS
from xlcalc.cell_functions.training.step_plan import PLAN_COLUMNS

from .. import style
from ..book import Book

_WIDTHS: list[float] = [46, 20, 16, 16, 16, 20, 16]
_NONE = '"not estimated"'
PLAN = "LLM_TRAIN_PLAN(model_id,accelerator_id,accelerators_shown,global_batch,seq_len_shown,dtype_shown,1,layout)"
_LAYOUT = [
    ("Rank among all layouts that fit", "rank", style.WHOLE),
    ("Tensor-parallel ranks", "tp", style.WHOLE), ("Pipeline stages", "pp", style.WHOLE),
    ("Context-parallel ranks", "cp", style.WHOLE), ("Expert-parallel ranks", "ep", style.WHOLE),
    ("Data-parallel replicas", "dp", style.WHOLE), ("Model chunks of a stage", "vp", style.WHOLE),
    ("Sequences of a micro-batch", "micro_batch", style.WHOLE), ("ZeRO stage (3 = FSDP)", "zero", style.WHOLE),
    ("Recomputed activations", "recompute", style.GENERAL), ("Seconds of a step", "step seconds", "0.000"),
    ("Utilisation (MFU)", "MFU", style.PERCENT), ("Largest part of the step", "limited by", style.GENERAL),
]  # fmt: skip
_NAMES = {"rank": "plan_rank", "step seconds": "plan_step_time", "MFU": "plan_mfu"}
_OWN = ["model", "accelerator", "count", "global_batch", "seq_len", "tp", "pp", "micro_batch", "zero", "recompute",
        "dtype", "ep", "cp", "vp", "measured", "source"]  # fmt: skip
_OWN_ROWS = 8
_RESULT = [
    ("Case", "case", style.GENERAL), ("Accelerator", "accelerator", style.GENERAL),
    ("Measured, s", "measured", "0.000"), ("Estimated, s", "estimated", "0.000"),
    ("Measured / estimated", "measured / estimated", "0.000"),
    ("Error left", "error left", "+0.0%;-0.0%;0.0%"),
]  # fmt: skip


def build(book: Book) -> Worksheet:
    sheet = book.sheet(
        "Estimate",
        "What the machine is estimated to reach in its fastest layout, or in yours, and a range from measured runs.",
        [*_WIDTHS, *([13.0] * (len(_OWN) - len(_WIDTHS)))], color=style.TEAL, freeze="B5",
    )  # fmt: skip
    row = _layout(book, sheet, 5)
    row = _range(book, sheet, row + 1)
    _own(book, sheet, row + 1)
    return sheet


def _layout(book: Book, sheet: Worksheet, row: int) -> int:
    style.section(sheet, row, "The layout: the fastest that fits in memory, or that of Inputs", len(_OWN))
    row += 1
    style.text(sheet, row, 1, "Line of LLM_TRAIN_PLAN: the last")
    _right(sheet, row, 2, f"=IFERROR(ROWS({PLAN}),{_NONE})", style.WHOLE)
    book.name("estimate_line", sheet, row, 2)
    for label, column, number_format in _LAYOUT:
        row += 1
        number = PLAN_COLUMNS.index(column) + 1
        style.text(sheet, row, 1, label)
        content = f"INDEX({PLAN},estimate_line,C{row})"
        if column == "rank":
            content = f'IF(N({content})>0,{content},"does not fit")'
        elif column in _NAMES:
            content = f"IF(ISNUMBER(plan_rank),{content},{_NONE})"
        if column in _NAMES:
            book.name(_NAMES[column], sheet, row, 2)
        _right(sheet, row, 2, f"=IFERROR({content},{_NONE})", number_format)
        style.value(sheet, row, 3, number, style.WHOLE).font = style.font(size=9, color=style.GREY)
        style.text(sheet, row, 4, "column of LLM_TRAIN_PLAN", size=9, color=style.GREY)
    return row + 1


def _range(book: Book, sheet: Worksheet, row: int) -> int:
    style.section(sheet, row, "What to expect", len(_OWN))
    head = ["", "Unit", "Quick", "Expected", "Slow", "As the budget assumes", "Note"]
    style.headings(sheet, row + 1, head, ("Unit", "Note"))
    style.text(sheet, row + 2, 1, "Range asked for")
    for column, bound in ((3, "low"), (4, "expected"), (5, "high")):
        style.text(sheet, row + 2, column, bound).alignment = style.aligned("right")
    factor, calibration, step, tokens, mfu, days, hours, cost = range(row + 3, row + 11)
    measured = f'LLM_ESTIMATE_RANGE("LLM_STEP_TIME",accelerator_id,{{c}}${row + 2})'
    own = 'LLM_CALIBRATION_FACTOR("LLM_STEP_TIME",own_measurements,accelerator_id)'
    none = '"no run of yours on this accelerator below"'
    says = f'=IF(ISNUMBER(D{calibration}),IF(D{calibration}=1,{none},"calibrated by your runs below"),{none})'
    lines = [
        (factor, "Measured over estimated time", "ratio", measured, "0.000", "", "Of published runs: LLM_ACCURACY"),
        (calibration, "Your calibration", "ratio", own, "0.000", "", says),
        (step, "Seconds of a step", "s", f"plan_step_time*{{c}}{factor}*{{c}}{calibration}", "0.000", "",
         "LLM_STEP_TIME of the layout above"),
        (tokens, "Speed", "tokens/s", f"global_batch*seq_len_shown/{{c}}{step}", style.WHOLE, "=tokens_per_second", ""),
        (mfu, "Utilisation (MFU)", "share of peak", f"plan_mfu/{{c}}{factor}/{{c}}{calibration}", style.PERCENT,
         "=mfu_shown", "The budget's comes from Inputs"),
        (days, "The run without failures", "days", f"all_tokens/{{c}}{tokens}/seconds_per_day", "#,##0.0",
         "=ideal_days", ""),
        (hours, "Accelerator-hours", "hours", f"{{c}}{days}*hours_per_day*accelerators_shown", style.WHOLE,
         "=ideal_gpu_hours", ""),
        (cost, "Compute, without failures", "USD", f"{{c}}{hours}*price_used", style.USD, "=cost_compute",
         "At the price of the budget; whole nodes in the budget"),
    ]  # fmt: skip
    for at, label, unit, content, number_format, assumed, origin in lines:
        style.text(sheet, at, 1, label)
        style.text(sheet, at, 2, unit)
        for column, letter in enumerate("CDE", 3):
            text = content.format(c=letter)
            _right(sheet, at, column, f"=IF(ISNUMBER(plan_step_time),{text},{_NONE})", number_format)
        if assumed:
            _right(sheet, at, 6, assumed, number_format)
        put = style.formula if origin.startswith("=") else style.text
        cell = put(sheet, at, 7, origin)
        cell.font, cell.alignment = style.font(size=9, color="595959"), style.aligned("left", indent=1)
        for column in range(1, 8):
            sheet.cell(at, column).border = style.underline()
    for name, at, column, unit, meaning in (
        ("estimate_mfu_best", mfu, 3, "share of peak", "Utilisation at the quick end of the measured range"),
        ("estimate_mfu", mfu, 4, "share of peak", "Utilisation that the fastest layout is estimated to reach"),
        ("estimate_days_quick", days, 3, "days", "The run without failures at the quick end of the range"),
        ("estimate_days", days, 4, "days", "The run without failures as estimated"),
        ("estimate_days_slow", days, 5, "days", "The run without failures at the slow end of the range"),
        ("estimate_calibration", calibration, 4, "ratio", "What your measurements multiply the estimate by"),
    ):
        book.name(name, sheet, at, column)
        book.list_name(name, "result", unit, meaning)
    book.name("estimate_values", sheet, factor, 3, (cost, 5))
    return cost + 1


def _own(book: Book, sheet: Worksheet, row: int) -> None:
    style.section(sheet, row, "Your own runs: one a line, measured in seconds a step; blank = the function's default",
                  len(_OWN))  # fmt: skip
    head = row + 1
    style.headings(sheet, head, _OWN, ("accelerator", "source"))
    for line in range(head + 1, head + 1 + _OWN_ROWS):
        for column, name in enumerate(_OWN, 1):
            cell = style.entry(sheet, line, column, None, "General")
            cell.alignment = style.aligned("left" if name in ("model", "accelerator", "source") else "right")
    book.name("own_measurements", sheet, head, 1, (head + _OWN_ROWS, len(_OWN)))
    row = head + _OWN_ROWS + 2
    style.section(sheet, row, "What they say", len(_OWN))
    style.headings(sheet, row + 1, [label for label, _, _ in _RESULT], ("Accelerator",))
    style.text(sheet, row + 2, 1, "column of LLM_CALIBRATION", size=9, color=style.GREY)
    for column, (_, name, _) in enumerate(_RESULT, 1):
        if column > 1:
            number = CALIBRATION_COLUMNS.index(name) + 1
            style.value(sheet, row + 2, column, number, style.WHOLE).font = style.font(size=9, color=style.GREY)
    table = 'LLM_CALIBRATION("LLM_STEP_TIME",own_measurements)'
    for line in range(row + 3, row + 3 + _OWN_ROWS):
        for column, (_, _, number_format) in enumerate(_RESULT, 1):
            place = "COLUMN($A$1)" if column == 1 else f"{'ABCDEF'[column - 1]}${row + 2}"
            _right(sheet, line, column, f'=IFERROR(INDEX({table},ROW()-ROW($A${row + 1}),{place}),"–")', number_format)


def _right(sheet: Worksheet, row: int, column: int, content: str, number_format: str) -> None:
    style.formula(sheet, row, column, content, number_format).alignment = style.aligned("right")
