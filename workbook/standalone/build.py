"""The templates, and the kit that makes them standalone: their searches are noted while they are calculated."""

from __future__ import annotations

from xlcalc.language.declare import functions

from ..templates.build import template, template_names
from . import kit, searches, serving, stored


def made() -> dict[str, bytes]:
    """The files of the folder `templates/` by name."""
    built = kit.build([one for one in functions() if one.name not in serving.REFUSED])
    files, answers = {}, {}
    for name in template_names():
        asked = searches.Asked({*built.formulas, *serving.REFUSED})
        files[f"{name}.xlsx"] = template(name, asked.functions)
        answers[name] = asked.listed()
    return {**files, stored.NAME: stored.made(built, answers)}
