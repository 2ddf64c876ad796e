"""The function reference, from the declarations: for people as Markdown, for machines as plain data."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from xlcalc.language.declare import Declaration, functions
from xlcalc.pages import software_list
from xlcalc.pages.equations import mathematics


def as_data(declaration: Declaration) -> dict[str, Any]:
    """A declaration as plain data: everything that a host or a page says of a function.

    >>> as_data(functions()[0])["name"]
    'LLM_PARAMS'
    """
    return {
        "name": declaration.name,
        "category": declaration.category,
        "summary": declaration.summary,
        "help": declaration.help,
        "arguments": [
            {
                "name": argument.name,
                "required": argument.required,
                "default": argument.default,
                "unit": argument.unit,
                "help": declaration.argument_help(argument.name),
            }
            for argument in declaration.arguments
        ],
        "result": {"unit": declaration.result.unit, "about": declaration.result.about},
        "source": declaration.source,
        "example": declaration.example,
        "mathematics": mathematics(declaration),
    }


def as_markdown() -> str:
    """The whole reference as one Markdown page."""
    lines = ["# Functions", ""]
    for category, members in groupby(functions(), key=lambda f: f.category):
        lines += [f"## {category}", ""]
        for declaration in members:
            lines += _page(declaration)
    lines += ["## Software", "", software_list.ABOUT, ""]
    lines += ["| " + " | ".join(line) + " |" for line in (software_list.HEADERS, ["---"] * len(software_list.HEADERS))]
    lines += [f"| `{name}` | " + " | ".join(rest) + " |" for name, *rest in software_list.rows()]
    return "\n".join(lines).rstrip("\n") + "\n"


def _page(declaration: Declaration) -> list[str]:
    arguments = [f"- `{a.name}`: {declaration.argument_help(a.name)}" for a in declaration.arguments]
    return [
        f"### {declaration.name}",
        "",
        f"`={declaration.name}({declaration.usage})`",
        "",
        declaration.help,
        "",
        *arguments,
        *([""] if arguments else []),
        f"Gives {declaration.result.about}. Source: {declaration.source}.",
        "",
        "```python",
        declaration.example,
        "```",
        "",
    ]
