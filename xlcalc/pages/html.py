"""Markup of the pages: elements that escape what they take in, and the parts that pages share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

_ADDRESS = re.compile(r"(https?://[^\s<>\"]*[^\s<>\"().,;])")
_CODE = re.compile(r"`([^`]+)`")


class Html(str):
    """Markup. Any other text is escaped where `tag` takes it in."""


def tag(name: str, /, *content: object, **attributes: object) -> Html:
    """An element; `class_` stands for class, `data_label` for data-label, None leaves an attribute out.

    >>> tag("p", "a < b ", tag("b", "c"), class_="x")
    '<p class="x">a &lt; b <b>c</b></p>'
    """
    return Html(f"{_start(name, attributes)}{joined(*content)}</{name}>")


def void(name: str, /, **attributes: object) -> Html:
    """An element that has no content: an input, an option of a list."""
    return _start(name, attributes)


def _start(name: str, attributes: dict[str, object]) -> Html:
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{given}>")


def joined(*content: object) -> Html:
    return Html("".join(c if isinstance(c, Html) else escape(str(c), quote=False) for c in content))


def prose(text: str) -> Html:
    """Text with its `code` set as code and its addresses as links."""
    marked = _CODE.sub(r"<code>\1</code>", escape(text, quote=False))
    return Html(_ADDRESS.sub(r'<a href="\1" rel="noreferrer">\1</a>', marked))


def paragraphs(text: str) -> Html:
    return joined(*(tag("p", prose(part)) for part in text.strip().split("\n\n")))


def anchor(heading: str) -> str:
    return heading.lower().replace(" ", "-")


def section(heading: str, *content: object, class_: str | None = None) -> Html:
    name = anchor(heading)
    return tag("section", tag("h2", heading, id=name), *content, aria_labelledby=name, class_=class_)


def grid(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> Html:
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


def sideways(label: str, content: Html) -> Html:
    """What may be wider than the page: it scrolls by itself, with the keyboard too."""
    return tag("div", content, class_="wide", role="group", aria_label=label, tabindex="0")
