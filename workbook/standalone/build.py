"""Building the kit of the standalone edition from the functions, the catalogs and the templates as they are built."""

from __future__ import annotations

from importlib.resources import files

from ..files.package import Package
from ..templates.build import template_names
from . import kit, searches, stored


def made() -> bytes:
    """The file `templates/standalone.json.gz`."""
    built = kit.build()
    templates = files("xlcalc.templates")
    answers = {
        name: searches.of_workbook(Package((templates / f"{name}.xlsx").read_bytes(), name), set(built.formulas))
        for name in template_names()
    }
    return stored.made(built, answers)
