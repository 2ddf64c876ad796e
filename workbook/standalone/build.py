"""The templates, and the kit that makes them standalone: their searches are noted while they are calculated."""

from __future__ import annotations

from ..templates.build import template, template_names
from . import kit, searches, stored


def made() -> dict[str, bytes]:
    """The files of the folder `templates/` by name."""
    built = kit.build()
    files, answers = {}, {}
    for name in template_names():
        asked = searches.Asked(set(built.formulas))
        files[f"{name}.xlsx"] = template(name, asked.functions)
        answers[name] = asked.listed()
    return {**files, stored.NAME: stored.made(built, answers)}
