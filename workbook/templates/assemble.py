"""A template's records laid out as a workbook, in reading order."""

from __future__ import annotations

from . import glossary, style
from .book import NAVIGATION, Book
from .parts import Constant, Template
from .sheets import (
    calculation,
    checks,
    cover,
    dashboard,
    hardware,
    inputs,
    models,
    own_lines,
    prices,
    scenarios,
    sensitivity,
    sources,
    timeline,
)

CONSTANTS = [
    Constant("seconds_per_minute", "Seconds in a minute", 60, "s", ""),
    Constant("minutes_per_hour", "Minutes in an hour", 60, "min", ""),
    Constant("hours_per_day", "Hours in a day", 24, "h", ""),
    Constant("days_per_year", "Days in a year", 365, "days", ""),
    Constant("months_per_year", "Months in a year", 12, "months", ""),
    Constant("seconds_per_hour", "Seconds in an hour", "=seconds_per_minute*minutes_per_hour", "s", ""),
    Constant("seconds_per_day", "Seconds in a day", "=seconds_per_hour*hours_per_day", "s", ""),
    Constant("days_per_month", "Days in an average month", "=days_per_year/months_per_year", "days", "", "0.0000"),
    Constant("hours_per_month", "Hours in an average month", "=days_per_month*hours_per_day", "h", "", "#,##0.0"),
    Constant("bytes_per_gb", "Bytes in a GB", 10**9, "bytes", "Decimal: a GiB would be 2^30."),
    Constant("million", "A million", 10**6, "", "", "#,##0"),
    Constant("billion", "A billion", 10**9, "", "", "#,##0"),
    Constant("watts_per_kw", "Watts in a kW", 1000, "W", ""),
    Constant("tenth", "A tenth", 0.1, "", "Of published runs.", style.GENERAL),
    Constant("quarter", "A quarter", 0.25, "", "Of listed prices.", style.GENERAL),
    Constant("half", "Mean of what grows evenly from 0 to 1", 0.5, "", "Average loss of an interval.", style.GENERAL),
    Constant("rounding_digits", "Decimals kept before rounding up", 9, "digits", "2.0000000001 replicas are 2.", style.GENERAL),
    Constant("cent_digits", "Decimals of a cent", 2, "digits", "", style.GENERAL),
    Constant("code_letters", "Letters of a currency's code", 3, "letters", "ISO 4217: USD, EUR.", style.GENERAL),
    Constant("tolerance", "Largest relative difference in checks", 1e-9, "", "Rounding of floating-point numbers.",
             style.SCIENTIFIC),
]  # fmt: skip


def build(template: Template) -> Book:
    book = Book(template.title, template.subject)
    book.has_cases, book.navigation = True, NAVIGATION
    cover_sheet = cover.start(book)
    front = dashboard.start(book)
    sections = template.sections(book)
    lists = {"own_kinds": list(own_lines.KINDS), **template.lists}
    labels = [cost.line.label for cost in template.costs]
    input_sheet = inputs.build(book, sections, [*CONSTANTS, *template.constants], lists, labels)
    own_lines.name_kinds(book, input_sheet)
    scenario_sheet, rows = scenarios.start(book, template, sections)
    steps = calculation.Calculation(book, template.drivers)
    steps.columns()
    steps.inputs([one for _, some in sections for one in some if not one.fixed], rows)
    for block in template.blocks:
        steps.block(block)
    steps.bill(template.costs, template.basis, template.headline)
    for block in template.results:
        steps.block(block)
    steps.finish()
    months = timeline.Timeline(book, template, steps)
    scenarios.finish(book, scenario_sheet, template, steps)
    sensitivity.build(book, steps, template.drivers)
    given = len(book.workbook.worksheets)
    for extra in template.extra:
        extra(book)
    book.lead_to([sheet.title for sheet in book.workbook.worksheets[given:]])
    hardware.build(book, own_rows=True)
    prices.build(book, choosing=True)
    models.build(book, live=False)
    dashboard.finish(book, front, template, steps, months)
    listed = sorted([*checks.common(book, template), *template.checks], key=lambda check: (not check.first, check.last))
    checks.build(book, [*listed, *checks.of_the_whole(book, template)])
    sources.build(book)
    book.order(["Cover", "Dashboard", "Inputs", "Scenarios", "Calculation", "Timeline", "Sensitivity", "Checks"])
    cover.finish(book, cover_sheet, template.about, template.headlines, template.scope)
    glossary.build(book)
    book.open_on("Dashboard")
    return book
