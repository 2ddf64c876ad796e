"""The commands about workbooks: templates, new, recalc, check, diff, report, convert."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from xlcalc.cli import completion
from xlcalc.cli.console import complain, fresh_file, print_rows, progress, remark, target_file, usage_errors
from xlcalc.files import write_atomically

app = typer.Typer(add_completion=False)

Trust = Annotated[
    str,
    typer.Option(
        help="file: where the program that saved the file has another value than the engines, keep and name it;"
        " engine: take the engines' value."
    ),
]
Out = Annotated[Path | None, typer.Option("-o", "--out", help="File to write.")]


@app.command()
def templates(
    names: Annotated[str, typer.Option("--names", help="List the defined names of this template.")] = "",
) -> None:
    """The templates; with --names, the inputs and results of one.

    Example: xlcalc templates --names training-budget
    """
    from xlcalc.workbook import report

    if not names:
        print_rows([["template", "about"], *([name, about] for name, about in report.templates().items())])
        return
    found = report.named_cells(report.find(names))
    print_rows(
        [["name", "kind", "value", "unit", "about"], *([n.name, n.kind, n.value, n.unit, n.about] for n in found)]
    )


@app.command()
def new(
    template: Annotated[str, typer.Argument(help="A template.", autocompletion=completion.templates)],
    out: Out = None,
    edition: Annotated[str, typer.Option(help="addin, standalone or values.")] = "addin",
) -> None:
    """Write a fresh workbook from a template, its values cached.

    Your own accelerators and prices stand in its yellow rows. The edition addin has live formulas, LLM_* and Excel's
    own. In the edition standalone the functions are in the file, as LAMBDA: Excel of Microsoft 365 or 2024 recalculates
    it without add-in, macro or Python; searches keep their answers. The edition values has no formula at all, only what
    each gave: for a reader who has none of the functions and must not see half of a model recalculate.

    Example: xlcalc new training-budget -o budget.xlsx
    Example: xlcalc new training-budget --edition standalone -o budget-standalone.xlsx
    Example: xlcalc new training-budget --edition values -o figures.xlsx
    """
    from xlcalc.workbook import report
    from xlcalc.workbook.files.endings import refuse_ending
    from xlcalc.workbook.templates import editions

    if edition not in editions.EDITIONS:
        raise typer.BadParameter(f"the editions are {', '.join(editions.EDITIONS)}; got {edition!r}")
    target = target_file(out, f"{template}.xlsx")
    fresh, left_out = report.opened(template)
    if fresh.edited:
        fresh = report.calculated(fresh)
    package = editions.edition(fresh, edition, template)
    with usage_errors():
        refuse_ending(package, str(target))
    write_atomically(target, package.to_bytes())
    print(target)
    remark(left_out)


@app.command()
def recalc(
    file: Annotated[Path, typer.Argument(help="A workbook.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="File to write; without it FILE itself.")] = None,
    trust: Trust = "file",
) -> None:
    """Recalculate a workbook without Excel.

    LLM_* and Excel's own functions are calculated; all else in the file stays as it is. First the values that the file
    came with are compared with what the engines make of it. A cell that they calculate otherwise keeps its value and is
    named, and the exit status is 1.

    Example: xlcalc recalc budget.xlsx -o recalculated.xlsx
    """
    from xlcalc.workbook import report
    from xlcalc.workbook.problems import each_cell

    _check_trust(trust)
    with usage_errors():
        result = report.recalculated(file, out or file, progress(), trust)
    print(f"{result.formulas} formulas, {result.custom_calls} LLM_* calls, {result.seconds:.2f} s")
    remark(report.notes(result))
    complain(each_cell(result))


@app.command()
def check(file: Annotated[Path, typer.Argument(help="A workbook.")]) -> None:
    """What an auditor would find in a workbook.

    Failing checks, stale prices in use, errors, constants in formulas, numbers typed over formulas, functions and names
    that are nowhere, formulas that refer to themselves, sums that leave out the row beside them. Exit status 1 where
    there is any; other warnings are notes.

    Example: xlcalc check budget.xlsx
    """
    from xlcalc.workbook.files.package import Package
    from xlcalc.workbook.inspection import findings

    found = findings(Package.open(file))
    remark([one.said for one in found if one.warns])
    wrong = [one for one in found if not one.warns]
    print_rows([["kind", "where", "what"], *([one.kind, one.place, one.said] for one in wrong)])
    if wrong:
        raise typer.Exit(1)


@app.command()
def diff(
    first: Annotated[Path, typer.Argument(help="A workbook.")],
    second: Annotated[Path, typer.Argument(help="Another.")],
) -> None:
    """What differs between two workbooks: inputs, results, rows inserted, what else is typed, formulas.

    Exit status 1 where anything does.

    Example: xlcalc diff budget.xlsx budget-new.xlsx
    """
    from xlcalc.workbook.difference import differences
    from xlcalc.workbook.files.package import Package

    found = differences(Package.open(first), Package.open(second))
    print_rows([["kind", "name", "first", "second"], *(list(one) for one in found)])
    if found:
        raise typer.Exit(1)


@app.command("report")
def make_report(
    source: Annotated[
        str,
        typer.Argument(
            metavar="WORKBOOK_OR_TEMPLATE",
            help="A template or a workbook's file.",
            autocompletion=completion.templates,
        ),
    ],
    out: Out = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE of an input, as often as needed.")
    ] = None,
    format: Annotated[str, typer.Option(help="xlsx, pdf, html, md or json; blank = by the file's ending.")] = "",
    trust: Trust = "file",
    when: Annotated[
        str, typer.Option("--date", help="The report's day, as 2027-01-31: the input report_date, TODAY and NOW.")
    ] = "",
    scenarios: Annotated[
        Path | None,
        typer.Option(help="A file of scenarios to compare: CSV (name, inputs) or YAML (inputs under each name)."),
    ] = None,
) -> None:
    """Set inputs, recalculate, write the report, print the results.

    `xlcalc templates --names TEMPLATE` lists the names that --set takes; the inputs and results of any other workbook
    are its named cells. With --scenarios one workbook (or md, json) compares many sets of inputs; --set holds for all.
    Without -o the file is NAME-report.xlsx here, then NAME-report-2.xlsx.

    Example: xlcalc report training-budget --set model=llama-3.1-70b --set tokens=15e12 -o report.xlsx
    Example: xlcalc report hosting-budget --scenarios scenarios.csv -o compared.xlsx
    """
    from xlcalc.workbook import report

    _check_trust(trust)
    if out is not None and not format and not out.suffix:
        raise typer.BadParameter(f"{out} has no ending; end it in .xlsx, .pdf, .html, .md or .json, or give --format")
    written = out.suffix.lstrip(".").lower() if out else ""
    kind = format or {"xlsm": "xlsx"}.get(written, written) or "xlsx"
    if kind not in report.FORMATS:
        raise typer.BadParameter(f"format is one of {', '.join(report.FORMATS)}; got {kind!r}")
    if kind != "xlsx" and written not in ("", kind):
        raise typer.BadParameter(f"{out} ends in .{written}, but the format is {kind}")
    settings_by_name, day = _settings(settings or []), _day(when)
    if day and "report_date" in map(str.casefold, settings_by_name):
        raise typer.BadParameter("--date and --set report_date give the same day; write one of them")
    if scenarios is not None:
        _compare(source, scenarios, settings_by_name, out, kind, trust, day)
        return
    with usage_errors():
        file = str(out) if out and kind == "xlsx" else ""
        made = report.make(source, settings_by_name, progress(), trust, file, day)
    target = fresh_file(out, f"{Path(source).stem}-report.{kind}")
    write_atomically(target, report.FORMATS[kind](made))
    checks = [[f"CHECK FAILS: {check.name}", check.advice, ""] for check in made.failed]
    print_rows([["result", "value", "unit"], *checks, *([n.name, n.value, n.unit] for n in made.results)])
    print(f"xlcalc: wrote {target}", file=sys.stderr)
    warned = [check.sentence() for check in made.warned]
    remark([*made.notes, *warned])
    complain(report.failures(made))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise typer.BadParameter(f"--date is a day such as 2027-01-31; got {text}") from None


def _compare(
    source: str, file: Path, common: dict[str, str], out: Path | None, kind: str, trust: str, day: date | None
) -> None:
    """One workbook for the scenarios of a file."""
    from xlcalc.workbook import scenarios

    if kind not in scenarios.FORMATS:
        raise typer.BadParameter(f"--scenarios writes {', '.join(scenarios.FORMATS)}; got {kind!r}")

    def shown(these: Sequence[scenarios.Scenario]) -> Iterator[scenarios.Scenario]:
        bar = typer.progressbar(these, label="scenarios", file=sys.stderr, hidden=not sys.stderr.isatty())
        with bar as steps:
            yield from steps

    with usage_errors():
        compared = scenarios.calculate(source, scenarios.read(file), common, shown, trust, day)
    target = fresh_file(out, f"{Path(source).stem}-scenarios.{kind}")
    write_atomically(target, scenarios.FORMATS[kind](compared))
    names = [one.scenario.name for one in compared.outcomes]
    rows = [
        [one.name, one.unit, *(outcome.results[one.name] for outcome in compared.outcomes)]
        for one in compared.results()
    ]
    print_rows([["result", "unit", *names], *rows])
    print(f"xlcalc: wrote {target}", file=sys.stderr)
    remark([*compared.left_out, *compared.warnings])
    complain(compared.failures)


def _settings(texts: list[str]) -> dict[str, str]:
    """The values of --set by name."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise typer.BadParameter(f"--set takes NAME=VALUE; got {text!r}")
        if name.strip().casefold() in map(str.casefold, found):
            raise typer.BadParameter(f"--set gives {name.strip()} twice")
        found[name.strip()] = value
    return found


def _check_trust(trust: str) -> None:
    if trust not in ("file", "engine"):
        raise typer.BadParameter(f"--trust is file or engine; got {trust!r}")


@app.command()
def convert(
    file: Annotated[Path, typer.Argument(help="A workbook.")],
    to: Annotated[
        str, typer.Option("--to", help="plain, excel-addin, xlwings-server, xlwings-lite, libreoffice; or standalone.")
    ],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="File to write; without it FILE itself.")] = None,
    namespace: Annotated[str, typer.Option(help="The namespace of your xlwings Server, if it has one.")] = "",
) -> None:
    """Write a workbook's LLM_* names as another host has them.

    plain is how templates and reports have them, for the Excel add-in, LibreOffice with the extension and xlcalc
    itself. xlwings-server and xlwings-lite are how Excel saves the functions of Office add-ins, and needs them to find
    such a function again; libreoffice is how LibreOffice saves them. Only those names change, in cells, names,
    conditional formats, data validations and tables; converting to plain again gives back the same formulas.

    standalone puts the functions themselves into a workbook made from a template, as `xlcalc new --edition standalone`
    does; converting to plain takes them out again, every part of the file to the byte.

    Example: xlcalc convert budget.xlsx --to xlwings-lite -o budget-lite.xlsx
    """
    from xlcalc.language.declare import functions
    from xlcalc.workbook.files import convert as formulas
    from xlcalc.workbook.files.endings import refuse_ending
    from xlcalc.workbook.files.package import Package
    from xlcalc.workbook.templates import editions

    if to == "standalone":
        with usage_errors():
            editions.converted(Package.open(file), to).save(out or file)
        print(f"the LLM_* functions are in the workbook: {out or file}")
        return
    try:
        new = formulas.mark(to, namespace)
    except ValueError as error:
        raise typer.BadParameter(f"{error}{'' if to in formulas.HOSTS else '; or standalone'}") from None
    package = Package.open(file)
    if out is not None:
        with usage_errors():
            refuse_ending(package, str(out))
    package = editions.converted(package, "addin")
    converted = formulas.convert(package, {function.name for function in functions()}, new)
    package.save(out or file)
    print(f"{converted.calls} LLM_* calls written as {new}LLM_...: {out or file}")
    for number in converted.unused_links:
        print(
            f"xlcalc: no formula uses link {number}, to {package.linked_files[number - 1]}, any more; it stays in the "
            "file until Excel's Data > Workbook Links (Edit Links) > Break Links removes it",
            file=sys.stderr,
        )
