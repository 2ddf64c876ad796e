"""The function reference as pages that a browser opens from disk: an index with a search, one page a function.

All that a page says comes from the declaration, from refusals met by giving it wrong arguments, and from the documented
example: its value and its derivation are calculated while the page is written.
"""

from __future__ import annotations

import inspect
import json
import re
import shlex
from collections.abc import Iterator, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from itertools import groupby, takewhile
from pathlib import Path
from typing import Any

import xlcalc
from xlcalc.files import write_atomically
from xlcalc.language.cells import shown
from xlcalc.language.declare import Argument, Declaration, Table, functions
from xlcalc.language.errors import CalcError
from xlcalc.language.explain import GIVEN, HEADERS, NOTE, explain
from xlcalc.pages.mathematics import example_arguments, mathematics

MANIFEST = "xlcalc-site.json"  # names every file of a site with its hash; a folder without it is not a site of ours
_STYLE, _SEARCH = "style.css", "search.js"
_ADDRESS = re.compile(r"(https?://[^\s<>\"]*[^\s<>\"().,;])")
_CODE = re.compile(r"`([^`]+)`")
_WRONG = ("abc", -1, 0, 0.5)  # given in place of each argument to meet its refusals
_ROWS_SHOWN = 12


class Html(str):
    """Markup. Any other text is escaped where `tag` takes it in."""


def tag(name: str, *content: object, **attributes: object) -> Html:
    """An element; `class_` stands for class, `data_label` for data-label, None leaves an attribute out.

    >>> tag("p", "a < b ", tag("b", "c"), class_="x")
    '<p class="x">a &lt; b <b>c</b></p>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{given}>{_joined(*content)}</{name}>")


def _joined(*content: object) -> Html:
    return Html("".join(c if isinstance(c, Html) else escape(str(c), quote=False) for c in content))


def write(folder: Path) -> int:
    """Write the site into `folder`, made where there is none; the number of its pages.

    Raises ValueError, before anything is written, where the folder holds what an earlier site did not put there under
    the name of a page, a page that was changed since, or files but no site.
    """
    made = {name: text.encode("utf-8") for name, text in pages().items()}
    earlier = _earlier(folder)
    for name in {*made, *earlier}:
        path = folder / name
        if path.is_dir() or (
            path.exists() and _hash(path.read_bytes()) not in (earlier.get(name), _hash(made.get(name)))
        ):
            raise ValueError(f"{path} is not as an earlier site left it: move it away, or name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in made.items():
        write_atomically(folder / name, data)
    for name in earlier.keys() - made.keys():
        (folder / name).unlink(missing_ok=True)
    record = {"written by": f"xlcalc {xlcalc.__version__}", "files": {n: _hash(d) for n, d in made.items()}}
    write_atomically(folder / MANIFEST, json.dumps(record, indent=1).encode("utf-8"))
    return sum(name.endswith(".html") for name in made)


def _earlier(folder: Path) -> dict[str, str]:
    """The files of the site in a folder with their hashes; none where the folder is empty or not there."""
    if not folder.exists():
        return {}
    if not folder.is_dir():
        raise ValueError(f"{folder} is a file: name a folder")
    if not any(folder.iterdir()):
        return {}
    try:
        known = json.loads((folder / MANIFEST).read_text("utf-8"))["files"]
        return {name: str(known[name]) for name in known if Path(name).name == name}
    except (OSError, ValueError, LookupError, TypeError):
        raise ValueError(
            f"{folder} is not empty and holds no earlier site of xlcalc: name a new or an empty folder"
        ) from None


def _hash(data: bytes | None) -> str | None:
    return None if data is None else sha256(data).hexdigest()


def pages() -> dict[str, str]:
    """Every file of the site by its name."""
    known = functions()
    assets = files("xlcalc.pages") / "assets"
    made = {name: (assets / name).read_text("utf-8") for name in (_STYLE, _SEARCH)}
    made["index.html"] = _index(known)
    for before, declaration, after in zip([None, *known], known, [*known[1:], None], strict=False):
        made[_file(declaration)] = _function(declaration, before, after)
    return made


def _file(declaration: Declaration) -> str:
    return f"{declaration.name}.html"


def _page(title: str, about: str, main: Html, *, search: bool) -> str:
    """A whole page; on the index the search filters as one types, elsewhere it leads there."""
    box = tag("label", "Search functions", for_="search") + Html(
        '<input type="search" id="search" name="q" autocomplete="off" spellcheck="false">'
    )
    home = tag("a", "xlcalc functions", href="index.html", class_="home")
    form = tag("form", Html(box), tag("button", "Search"), action="index.html", role="search")
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="generator" content="xlcalc">'
        f'<meta name="description" content="{escape(about)}"><title>{escape(title)}</title>'
        f'<link rel="icon" href="data:,"><link rel="stylesheet" href="{_STYLE}">'
        + (f'<script src="{_SEARCH}" defer></script>' if search else "")
    )
    body = _joined(
        tag("a", "Skip to content", href="#main", class_="skip"),
        tag("header", home, form),
        tag("main", main, id="main", tabindex="-1"),
        tag("footer", f"xlcalc {xlcalc.__version__}"),
    )
    return f'<!doctype html>\n<html lang="en">\n<head>{head}</head>\n<body>{body}</body>\n</html>\n'


def _index(known: Sequence[Declaration]) -> str:
    about = inspect.getdoc(xlcalc) or ""
    sections = [
        tag("section", tag("h2", category, id=_anchor(category)), tag("ul", *map(_entry, members)), class_="category",
            aria_labelledby=_anchor(category))
        for category, members in groupby(known, key=lambda f: f.category)
    ]  # fmt: skip
    errors = (inspect.getdoc(CalcError) or "").partition(">>>")[0]
    main = _joined(
        tag("h1", "Functions"),
        tag("p", _prose(about.partition("\n\n")[0])),
        tag("p", f"{len(known)} functions", id="found", role="status"),
        *sections,
        tag("section", tag("h2", "Errors", id="errors"), _paragraphs(errors)),
    )
    return _page("xlcalc functions", about, main, search=True)


def _entry(declaration: Declaration) -> Html:
    words = f"{declaration.usage} {declaration.help} {declaration.source}"
    link = tag("a", tag("code", declaration.name), href=_file(declaration))
    return tag("li", link, tag("span", _prose(declaration.summary)), data_words=words)


def _anchor(heading: str) -> str:
    return heading.lower().replace(" ", "-")


def _function(declaration: Declaration, before: Declaration | None, after: Declaration | None) -> str:
    values = example_arguments(declaration)
    derivation = explain(declaration, values)
    neighbours = [tag("a", f.name, href=_file(f), rel=rel) for f, rel in ((before, "prev"), (after, "next")) if f]
    category = tag("a", declaration.category, href=f"index.html#{_anchor(declaration.category)}")
    main = _joined(
        tag("nav", tag("a", "Functions", href="index.html"), " › ", category, aria_label="Breadcrumb"),
        tag("h1", declaration.name),
        tag("p", tag("code", f"={declaration.name}({declaration.usage})"), class_="usage"),
        _paragraphs(declaration.help),
        tag("p", f"Gives {declaration.result.about}.", class_="gives"),
        _section("Arguments", _arguments(declaration)),
        _section("Example", _example(declaration, values)),
        _section("Formula", _formula(declaration, values, derivation)),
        _section("Errors", _errors(declaration, values)),
        _section("Source", tag("p", _prose(declaration.source))),
        tag("nav", *neighbours, aria_label="Neighbouring functions", class_="neighbours"),
    )
    return _page(f"{declaration.name} · xlcalc functions", declaration.summary, main, search=False)


def _section(heading: str, content: Html) -> Html:
    anchor = _anchor(heading)
    return tag("section", tag("h2", heading, id=anchor), content, aria_labelledby=anchor)


def _arguments(declaration: Declaration) -> Html:
    if not declaration.arguments:
        return tag("p", "None.")
    rows = [
        [
            tag("code", a.name),
            *map(_prose, (_meaning(declaration, a), a.kind.about, a.unit)),
            _if_blank(declaration, a),
        ]
        for a in declaration.arguments
    ]
    return _grid(["Argument", "Meaning", "Allowed", "Unit", "If blank"], rows)


def _meaning(declaration: Declaration, argument: Argument) -> str:
    """An argument's help without what is allowed and what a blank means: these have columns of their own."""
    return declaration.argument_help(argument.name).partition(argument.kind.about)[0].rstrip(" (;")


def _if_blank(declaration: Declaration, argument: Argument) -> Html:
    if argument.required:
        return tag("strong", "required")
    if argument.default is not None:
        return tag("code", shown(argument.default).strip('"'))
    said = re.search(r"blank = ([^;]+)", _meaning(declaration, argument))
    return _prose(said[1] if said else "left out")


def _grid(headers: Sequence[str], rows: Sequence[Sequence[Html]]) -> Html:
    """A table that becomes a list of labelled blocks on a phone; the roles keep it a table for a screen reader."""
    head = tag("tr", *(tag("th", h, scope="col", role="columnheader") for h in headers), role="row")
    body = [
        tag(
            "tr",
            *(tag("td", cell, role="cell", data_label=h) for h, cell in zip(headers, row, strict=True)),
            role="row",
        )
        for row in rows
    ]
    parts = tag("thead", head, role="rowgroup"), tag("tbody", *body, role="rowgroup")
    return tag("table", *parts, role="table", class_="grid")


def _errors(declaration: Declaration, values: Sequence[Any]) -> Html:
    met = list(_refusals(declaration, values))
    rows = [
        [
            tag("code", name),
            _joined("a blank" if given is None else shown(given)),
            tag("code", error.code),
            _joined(str(error).removeprefix(f"{declaration.name}: ")),
        ]
        for name, given, error in met
    ]
    table = _grid(["Argument", "Given", "In the cell", "What it says"], rows) if rows else Html("")
    return _joined(table, tag("p", tag("a", "Errors of every function", href="index.html#errors")))


def _refusals(declaration: Declaration, values: Sequence[Any]) -> Iterator[tuple[str, Any, CalcError]]:
    """What is said of wrong values of each argument of a call, each sentence once."""
    for position, argument in enumerate(declaration.arguments):
        said = set()
        for wrong in (None, *_WRONG):
            try:
                declaration(*values[:position], wrong, *values[position + 1 :])
            except CalcError as error:
                kind = error.code, str(error).partition("; got ")[0].replace(f'"{wrong}"', "")
                if kind not in said:
                    said.add(kind)
                    yield argument.name, wrong, error


def _example(declaration: Declaration, values: Sequence[Any]) -> Html:
    result = declaration(*values)
    return _joined(
        tag("h3", "In a cell"),
        tag("p", tag("code", _formula_text(declaration, values)), class_="usage"),
        _value(result, declaration.result.unit if _is_base(declaration, values) else str(values[-1])),
        tag("h3", "In Python"),
        tag("pre", tag("code", declaration.example), tabindex="0", aria_label="Example in Python", class_="doctest"),
        tag("h3", "On the command line"),
        tag("pre", tag("code", _command("call", declaration, values)), tabindex="0", aria_label="Example of a command"),
    )


def _is_base(declaration: Declaration, values: Sequence[Any]) -> bool:
    return not values or declaration.arguments[-1].name != "unit" or values[-1] is None


def _value(result: Any, unit: str) -> Html:
    if not isinstance(result, Table):
        if isinstance(result, str):
            return tag("p", tag("data", _prose(result), value=result))
        return tag("p", tag("data", shown(result), value=shown(result)), f" {unit}" if unit else "", class_="value")
    left_out = len(result) - 1 - _ROWS_SHOWN
    more = tag("p", f"and {left_out} more rows") if left_out > 0 else Html("")
    table = Html(Table(result[: _ROWS_SHOWN + 1])._repr_html_())
    return _joined(tag("div", table, class_="wide", role="region", aria_label="Value", tabindex="0"), more)


def _formula_text(declaration: Declaration, values: Sequence[Any]) -> str:
    """The example as it is typed into a cell."""
    return f"={declaration.name}({', '.join(_typed(v) for v in values[: _given(values)])})"


def _typed(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    return "" if value is None else shown(value).upper()


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else shown(value)


def _given(values: Sequence[Any]) -> int:
    """How many arguments there are up to the last that is given."""
    return max((i for i, value in enumerate(values, 1) if value is not None), default=0)


def _command(command: str, declaration: Declaration, values: Sequence[Any]) -> str:
    first = list(takewhile(lambda value: value is not None, values))
    named = zip(declaration.arguments[len(first) :], values[len(first) :], strict=True)
    words = [*map(_plain, first), *(f"{a.name}={_plain(v)}" for a, v in named if v is not None)]
    return shlex.join(["xlcalc", command, declaration.name, *words])


def _formula(declaration: Declaration, values: Sequence[Any], derivation: Table) -> Html:
    rows = [dict(zip(HEADERS, row, strict=True)) for row in derivation[1:]]
    steps = [row for row in rows if str(row["step"])[0].isdigit()]
    given = [row for row in rows if row["step"] == GIVEN]
    inputs = [[tag("code", row["quantity"]), _joined(_plain(row["value"])), _prose(_about(row))] for row in given]
    if not any(row["formula"] for row in steps):
        return tag("p", "The example runs no formula: it looks up what is recorded.")
    rest = [_remark(row) for row in rows if row not in steps and row not in given]
    equations = [tag("p", Html(line), class_="mathematics") for line in mathematics(declaration).get("mathml", ())]
    return _joined(
        *([tag("h3", "Mathematics"), *equations] if equations else []),
        tag("p", "The calculation of the example, as it ran; ", tag("code", _command("explain", declaration, values)),
            " prints it, LLM_EXPLAIN spills it into a sheet."),
        tag("h3", "Given"),
        _grid(["Input", "Value", "What it is"], inputs) if inputs else tag("p", "Numbers alone, below."),
        tag("h3", "Steps"),
        tag("ol", *map(_step, steps), *rest, class_="steps"),
    )  # fmt: skip


def _about(row: dict[str, Any]) -> str:
    return "; ".join(filter(None, [row["formula"] if row["step"] == GIVEN else "", row["source"]]))


def _remark(row: dict[str, Any]) -> Html:
    """A note, or what a measured estimate may be."""
    if row["step"] == NOTE:
        return tag("li", tag("p", _prose(row["quantity"]), class_="about"), class_="note")
    return _step(row)


def _step(row: dict[str, Any]) -> Html:
    """One step: quantity = formula = the same with numbers = value, where the formula or figure comes from."""
    value = f"{_plain(row['value'])} {row['unit']}".rstrip()
    sides = list(dict.fromkeys((row["formula"], row["with numbers"], value)))
    lines = [tag("span", "= ", side) for side in sides if side]
    name = f"{row['step']} {row['quantity']}"
    equation = tag("div", tag("span", name, class_="quantity"), tag("span", *lines), class_="equation")
    about = tag("p", _prose(row["source"]), class_="about") if row["source"] else Html("")
    level = str(row["step"]).count(".")
    return tag("li", equation, about, style=f"margin-left: {level * 1.2:g}rem")


def _paragraphs(text: str) -> Html:
    return _joined(*(tag("p", _prose(part)) for part in text.strip().split("\n\n")))


def _prose(text: str) -> Html:
    """Text with its `code` set as code and its addresses as links."""
    marked = _CODE.sub(r"<code>\1</code>", escape(text, quote=False))
    return Html(_ADDRESS.sub(r'<a href="\1" rel="noreferrer">\1</a>', marked))
