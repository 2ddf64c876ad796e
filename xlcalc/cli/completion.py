"""What the shell offers behind `xlcalc`, once `xlcalc --install-completion` has been run: functions, their arguments'
values, templates, rows of the catalogs. Nothing is imported for it before a shell asks."""

from __future__ import annotations

from collections.abc import Iterable

import typer

Offers = list[tuple[str, str]]  # a word and what it is


def functions(incomplete: str) -> Offers:
    """Functions, with or without LLM_, in the case that was begun with."""
    from xlcalc.language.declare import functions as declared

    prefix = "LLM_" if "LLM_".startswith(incomplete.upper()[:4]) else ""
    names = ((f"{prefix}{f.name[4:]}", f.summary) for f in declared())
    return _beginning(((n.lower() if incomplete.islower() else n, about) for n, about in names), incomplete)


def arguments(ctx: typer.Context, incomplete: str) -> Offers:
    """Values of the next argument of the function that stands before, or names of the later ones."""
    from xlcalc.language.declare import find

    function = find(ctx.params.get("function") or "")
    if function is None:
        return []
    given = ctx.params.get("arguments") or []
    named = {text.partition("=")[0] for text in given if "=" in text}
    name, equals, typed = incomplete.partition("=")
    argument = next((a for a in function.arguments if equals and a.name == name), None)
    if argument is not None:
        return [(f"{name}={word}", about) for word, about in _values(argument.kind, argument.name, typed)]
    place = len(given) - len(named)
    offers = [(f"{a.name}=", a.kind.about) for a in function.arguments[place:] if a.name not in named]
    if place < len(function.arguments) and not named:
        offers = [*_values(function.arguments[place].kind, function.arguments[place].name, incomplete), *offers]
    return _beginning(offers, incomplete)


def _values(kind: object, name: str, typed: str) -> Offers:
    from xlcalc.language.cells import Choice, UnitOf
    from xlcalc.language.kinds import AcceleratorKind, DTypeKind, ModelKind
    from xlcalc.model.dtypes import DTYPES

    if isinstance(kind, (Choice, UnitOf)):
        return _beginning([(word, "") for word in kind.options], typed)
    if isinstance(kind, DTypeKind):
        return _beginning([(word, "") for word in DTYPES], typed)
    catalog = "models" if isinstance(kind, ModelKind) else "accelerators" if isinstance(kind, AcceleratorKind) else ""
    catalog = catalog or {"instance": "prices", "api_model": "api_prices", "region": "grid"}.get(name, "")
    return _rows(catalog, typed) if catalog else []


def _rows(catalog: str, typed: str) -> Offers:
    from xlcalc.catalog import tables

    return _beginning(((row["id"], row.get("name", "")) for row in tables.rows(catalog)), typed)


def models(incomplete: str) -> Offers:
    """Models of the catalog."""
    return _rows("models", incomplete)


def hardware(incomplete: str) -> Offers:
    """Accelerators of the catalog."""
    return _rows("accelerators", incomplete)


def prices(incomplete: str) -> Offers:
    """Instances of the catalog."""
    return _rows("prices", incomplete)


def templates(incomplete: str) -> Offers:
    """Template workbooks."""
    from xlcalc.workbook import report

    return _beginning(report.templates().items(), incomplete)


def _beginning(offers: Iterable[tuple[str, str]], typed: str) -> Offers:
    return [(word, about) for word, about in offers if word.casefold().startswith(typed.casefold())]
