"""The Measured runs sheet: fine-tuning steps that others measured, and where the budget's utilisation lies among them."""

from __future__ import annotations

from openpyxl.worksheet.worksheet import Worksheet

import xlcalc
from xlcalc.accuracy.measurements import Measurement, every_published

from .. import style
from ..book import Book
from ..parts import AT_LEAST, AT_MOST, STOP, WARN, Check
from .runs import statistic

_HEAD, _FIRST = 13, 14
_COLUMNS = [
    ("Model", 18, style.GENERAL), ("Method", 9, style.GENERAL), ("Accelerator", 15, style.GENERAL),
    ("Accelerators", 13, style.WHOLE), ("Format", 10, style.GENERAL), ("Sequence, tokens", 11, style.WHOLE),
    ("Sequences a step", 11, style.WHOLE), ("Seconds a step", 11, "0.000"), ("Tokens/s an accelerator", 13, style.WHOLE),
    ("TFLOP of a token, as here", 13, "0.000"), ("Dense peak, TFLOP/s", 12, style.WHOLE), ("Utilisation of the peak", 12, style.PERCENT),
    ("Case", 62, style.GENERAL), ("Source", 24, style.GENERAL), ("Date", 11, style.GENERAL),
]  # fmt: skip
_LEFT = ("Method", "Accelerator", "Format", "Case", "Source", "Date")
_STATISTIC = [
    ("measured_mfu_p10", "A tenth of the measured runs is below", "=PERCENTILE(measured_mfu,tenth)", style.PERCENT),
    ("measured_mfu_p50", "Half of them are below", "=PERCENTILE(measured_mfu,half)", style.PERCENT),
    ("measured_mfu_p90", "Nine tenths are below", "=PERCENTILE(measured_mfu,1-tenth)", style.PERCENT),
    ("measured_runs", "Runs compared", "=COUNT(measured_mfu)", style.WHOLE),
    ("hours_over_measured", "Hours of this budget over those at their median", "=measured_mfu_p50/mfu_used", "0.00"),
    (
        "mfu_rank",
        "Runs that reach less than this budget assumes",
        "=SUMPRODUCT((measured_mfu<mfu_used)*1)",
        style.WHOLE,
    ),
]
CHECKS = [
    Check("Utilisation has been reached before", "mfu_used", AT_MOST, "MAX(MAX(measured_mfu),mfu_ceiling)", STOP,
          "No run reached as much, in fine-tuning or in pre-training: take a lower utilisation.", "mfu", style.PERCENT),
    Check("Utilisation is not above nine in ten measured runs", "mfu_used", AT_MOST, "measured_mfu_p90", WARN,
          "Nine of ten runs on Measured runs reached less: is yours measured?", "mfu", style.PERCENT),
    Check("Utilisation is not below nine in ten measured runs", "mfu_used", AT_LEAST, "measured_mfu_p10", WARN,
          "Nine of ten runs on Measured runs reached more: the budget may pay too many hours.", "mfu", style.PERCENT),
]  # fmt: skip
_TUNED = ("lora", "qlora")


def build(book: Book) -> None:
    sheet = book.sheet(
        "Measured runs",
        "Fine-tuning steps that others measured: the utilisation that they reach, by this workbook's own count of FLOP. Steps alone, "
        "without starts, evaluation and failed runs.",
        [width for _, width, _ in _COLUMNS], color=style.TEAL, freeze=f"B{_FIRST}", repeated_rows=f"1:{_HEAD}",
    )  # fmt: skip
    statistic(book, sheet, _STATISTIC, 6)
    book.list_name(
        "hours_over_measured",
        "result",
        "ratio",
        "Hours of this budget over those at the median utilisation of measured runs",
    )
    style.headings(sheet, _HEAD, [heading for heading, _, _ in _COLUMNS], _LEFT)
    cases = [one for one in every_published() if one.function == "LLM_STEP_TIME" and _is_tuning(one)]
    row = _FIRST - 1
    for row, case in enumerate(sorted(cases, key=lambda one: (one.group, one.accelerator, one.case)), _FIRST):
        _case(book, sheet, row, case)
    sheet.auto_filter.ref = f"A{_HEAD}:{sheet.cell(_HEAD, len(_COLUMNS)).column_letter}{row}"
    book.name("measured_mfu", sheet, _FIRST, 12, (row, 12))


def _is_tuning(case: Measurement) -> bool:
    return "LoRA" in case.group or case.group == "Trainer with PEFT"


def _case(book: Book, sheet: Worksheet, row: int, case: Measurement) -> None:
    given = case.arguments
    method = str(given.get("method") or "full")
    dtype = str(given.get("dtype") or "bf16")
    flops = xlcalc.LLM_TRAIN_FLOPS(given["model"], 1, given["seq_len"])
    peak = xlcalc.LLM_HARDWARE(given["accelerator"], "peak_fp4" if "fp4" in dtype else f"peak_{dtype}")
    share = 2 / 3 if method in _TUNED else 1  # frozen weights have no gradient: the constant adapter_part
    contents = [
        xlcalc.LLM_MODEL(given["model"], "id"), method, given["accelerator"], given["count"], dtype, given["seq_len"],
        given["global_batch"], case.measured, f"=F{row}*G{row}/H{row}/D{row}", flops * share / 1e12,
        peak / 1e12, f"=I{row}*J{row}/K{row}", case.case.rpartition(";")[2].strip(), case.source, case.date,
    ]  # fmt: skip
    for column, (content, (_, _, number_format)) in enumerate(zip(contents, _COLUMNS, strict=True), 1):
        put = style.formula if str(content).startswith("=") else style.value
        cell = put(sheet, row, column, content, number_format)
        words = number_format == style.GENERAL
        cell.alignment = style.aligned("left" if words else "right", indent=int(words and column > 1), shrink=words)
        cell.border = style.underline()
    book.cite_catalog(sheet.cell(row, 14))
