"""What every page has around its content: the head, the search, the way home; and what each page is called."""

from __future__ import annotations

import re
from html import escape

import xlcalc
from xlcalc.pages.html import Html, joined, tag, void

FILES, SERVER, BROWSER = "files", "server", "browser"  # who calculates what a form asks: nobody, a server, the browser
SCRIPTS = {
    FILES: ("index-data.js", "search.js"),
    SERVER: ("index-data.js", "search.js", "ask-server.js", "calculate.js"),
    BROWSER: ("index-data.js", "search.js", "ask-browser.js", "calculate.js"),
}
PLACES = {
    "index.html": "Start",
    "functions.html": "Functions",
    "models.html": "Models",
    "machines.html": "Accelerators",
    "prices.html": "Prices",
}


def file_of(kind: str, name: str) -> str:
    """The file of a function's, a model's or an accelerator's page.

    >>> file_of("function", "LLM_PARAMS"), file_of("model", "our/model 7b")
    ('LLM_PARAMS.html', 'model-our-model-7b.html')
    """
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name)
    return f"{plain}.html" if kind == "function" else f"{kind}-{plain}.html"


def page(title: str, about: str, main: Html, edition: str, here: str = "") -> str:
    """A whole page of an edition; `here` is its file where it is one of the PLACES."""
    box = tag("label", "Search", for_="search"), void(
        "input", type="search", id="search", name="q", autocomplete="off", spellcheck="false",
        placeholder="a function, a model, an accelerator, a question",
    )  # fmt: skip
    places = [tag("a", name, href=file, aria_current="page" if file == here else None) for file, name in PLACES.items()]
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="generator" content="xlcalc">'
        f'<meta name="description" content="{escape(about)}"><title>{escape(title)}</title>'
        '<link rel="icon" href="data:,"><link rel="stylesheet" href="style.css">'
        + "".join(f'<script src="{script}" defer></script>' for script in SCRIPTS[edition])
    )
    body = joined(
        tag("a", "Skip to content", href="#main", class_="skip"),
        tag(
            "header",
            tag("nav", tag("span", "xlcalc", class_="home"), *places, aria_label="Places"),
            tag("form", *box, tag("button", "Search"), action="index.html", role="search"),
        ),
        tag("main", main, id="main", tabindex="-1"),
        tag("footer", f"xlcalc {xlcalc.__version__}"),
    )
    return f'<!doctype html>\n<html lang="en">\n<head>{head}</head>\n<body>{body}</body>\n</html>\n'
