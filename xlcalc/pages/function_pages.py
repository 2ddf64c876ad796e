"""A function's page: what it gives, a form that runs it, its mathematics, arguments, errors and source.

All that a page says comes from the declaration, from refusals met by giving it wrong arguments, and from the documented
example, which is calculated while the page is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from xlcalc.language.cells import Choice, Number, TableKind, UnitOf, shown
from xlcalc.language.declare import Argument, Declaration
from xlcalc.language.errors import CalcError
from xlcalc.language.kinds import AcceleratorKind, DTypeKind, ModelKind
from xlcalc.language.renderings import example_arguments
from xlcalc.pages import answers, questions
from xlcalc.pages.equations import mathematics
from xlcalc.pages.frame import FILES, file_of, page
from xlcalc.pages.html import Html, anchor, grid, joined, paragraphs, prose, section, tag, void

_WRONG = ("abc", -1, 0, 0.5)  # given in place of each argument to meet its refusals
_FIELDS_SHOWN = 8  # of a form; the optional ones after them open on demand
_LISTS = {ModelKind: "model", AcceleratorKind: "machine", DTypeKind: "format"}
_LISTED = {"instance": "price", "api_model": "API", "region": "grid", "name": "function"}  # texts by argument
_HOW_TO_RUN = """These pages are plain files, with the example calculated when they were written. For a form that runs
the function, start `xlcalc serve`, or write the site with `xlcalc functions --format html -o DIR --pyodide FOLDER`,
which calculates in the browser."""


def function_page(declaration: Declaration, before: Declaration | None, after: Declaration | None, edition: str) -> str:
    """The page of a function between its neighbours, for an edition of the site."""
    values = example_arguments(declaration)
    neighbours = [
        tag("a", f.name, href=file_of("function", f.name), rel=rel)
        for f, rel in ((before, "prev"), (after, "next"))
        if f
    ]
    category = tag("a", declaration.category, href=f"functions.html#{anchor(declaration.category)}")
    main = joined(
        tag("nav", tag("a", "Functions", href="functions.html"), " › ", category, aria_label="Breadcrumb"),
        tag("h1", declaration.name),
        tag("p", tag("code", f"={declaration.name}({declaration.usage})"), class_="usage"),
        paragraphs(declaration.help),
        tag("p", f"Gives {declaration.result.about}.", class_="gives"),
        _calculation(declaration, values, edition),
        _asked(declaration, edition),
        _mathematics(declaration),
        section("Arguments", _arguments(declaration)),
        section("In Python", tag("pre", tag("code", declaration.example), tabindex="0", role="group",
                                 aria_label="Example in Python", class_="doctest")),
        section("Errors", _errors(declaration, values)),
        section("Source", tag("p", prose(declaration.source))),
        tag("nav", *neighbours, aria_label="Neighbouring functions", class_="neighbours"),
    )  # fmt: skip
    return page(f"{declaration.name} · xlcalc", declaration.summary, main, edition)


def _calculation(declaration: Declaration, values: Sequence[Any], edition: str) -> Html:
    """The form with the example in it and the example's answer below."""
    result = tag("div", answers.rendered(declaration, values, declaration(*values)), id="result", aria_live="polite")
    if edition == FILES:
        call = tag("p", tag("code", answers.formula_text(declaration, values)), class_="usage")
        return section("Example", call, result, tag("p", prose(_HOW_TO_RUN), class_="about"))
    return section("Calculate", form(declaration, values), result)


def form(declaration: Declaration, values: Sequence[Any]) -> Html:
    """A field for each argument, the example's values in them."""
    fields = [_field(declaration, *of) for of in zip(declaration.arguments, values, strict=True)]
    given = max((i for i, value in enumerate(values, 1) if value is not None), default=0)
    shown_first = len(fields) if len(fields) <= _FIELDS_SHOWN + 2 else max(given, _FIELDS_SHOWN)
    more = fields[shown_first:]
    return tag(
        "form",
        tag("div", *fields[:shown_first], class_="fields"),
        tag("details", tag("summary", f"{len(more)} more arguments"), tag("div", *more, class_="fields"))
        if more
        else Html(""),
        tag("div", tag("button", "Calculate", class_="primary"),
            tag("progress", "", max="1", value="0", hidden="", aria_label="Loading the calculator"),
            tag("span", "", class_="doing", role="status"), class_="actions"),
        class_="calculate", data_function=declaration.name, novalidate="",
    )  # fmt: skip


def _field(declaration: Declaration, argument: Argument, value: Any) -> Html:
    name, kind = argument.name, argument.kind
    common = {"id": f"field-{name}", "name": name, "aria_describedby": f"about-{name}"}
    default = "" if argument.required else _if_blank(declaration, argument)
    if isinstance(kind, (Choice, UnitOf)):
        words = kind.options if argument.required else ("", *kind.options)
        options = [
            tag("option", word or f"blank: {default}", value=word, selected="" if word == value else None)
            for word in words
        ]
        control = tag("select", *options, **common)
    else:
        control = void(
            "input", **common, type="text", autocomplete="off", spellcheck="false",
            value=None if value is None else answers.plain(value), placeholder=default or None,
            inputmode="decimal" if isinstance(kind, Number) else None,
            data_list=next((listed for of, listed in _LISTS.items() if isinstance(kind, of)), _LISTED.get(name)),
            required="" if argument.required else None,
        )  # fmt: skip
    unit = tag("span", f" in {kind.unit}", class_="about") if kind.unit else Html("")
    return tag("div", tag("label", name, unit, for_=f"field-{name}"), control, class_="field")


def _asked(declaration: Declaration, edition: str) -> Html:
    """The questions in plain words that the function answers."""
    asked = [question for question in questions.asked() if declaration.name in question.functions]
    if not asked:
        return Html("")
    return section("Questions it answers", tag("ul", *(questions.entry(question, edition) for question in asked)))


def _mathematics(declaration: Declaration) -> Html:
    equations = mathematics(declaration).get("mathml", ())
    lines = [tag("p", Html(line), class_="mathematics", tabindex="0", role="group", aria_label="Equation")
             for line in equations]  # fmt: skip
    return section("Mathematics", *lines) if lines else Html("")


def _arguments(declaration: Declaration) -> Html:
    if not declaration.arguments:
        return tag("p", "None.")
    rows = [
        [
            tag("code", a.name),
            tag("span", prose(_meaning(declaration, a)), id=f"about-{a.name}"),
            prose(a.kind.about),
            a.unit,
            tag("strong", "required") if a.required else prose(_if_blank(declaration, a)),
        ]
        for a in declaration.arguments
    ]
    return grid(["Argument", "Meaning", "Allowed", "Unit", "If blank"], rows)


def _meaning(declaration: Declaration, argument: Argument) -> str:
    """An argument's help without what is allowed and what a blank means: these have columns of their own."""
    return declaration.argument_help(argument.name).partition(argument.kind.about)[0].rstrip(" (;")


def _if_blank(declaration: Declaration, argument: Argument) -> str:
    if argument.default is not None:
        return shown(argument.default).strip('"')
    said = re.search(r"blank = ([^;]+)", _meaning(declaration, argument))
    return said[1] if said else "left out"


def _errors(declaration: Declaration, values: Sequence[Any]) -> Html:
    met = list(_refusals(declaration, values))
    rows = [
        [
            tag("code", name),
            "a blank" if given is None else shown(given),
            tag("code", error.code),
            str(error).removeprefix(f"{declaration.name}: "),
        ]
        for name, given, error in met
    ]
    table = grid(["Argument", "Given", "In the cell", "What it says"], rows) if rows else Html("")
    return joined(table, tag("p", tag("a", "Errors of every function", href="functions.html#errors")))


def _refusals(declaration: Declaration, values: Sequence[Any]) -> Iterator[tuple[str, Any, CalcError]]:
    """What is said of wrong values of each argument of a call, each sentence once; of a search as they are read."""
    ask = declaration.read if isinstance(declaration.result, TableKind) else lambda values: declaration(*values)
    for position, argument in enumerate(declaration.arguments):
        said = set()
        for wrong in (None, *_WRONG):
            try:
                ask([*values[:position], wrong, *values[position + 1 :]])
            except CalcError as error:
                kind = error.code, str(error).partition("; got ")[0].replace(f'"{wrong}"', "")
                if kind not in said:
                    said.add(kind)
                    yield argument.name, wrong, error
