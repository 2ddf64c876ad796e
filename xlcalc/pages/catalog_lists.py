"""The lists of models, accelerators and prices, and every page of the catalogs by its file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from xlcalc.catalog import instances, prices, tables
from xlcalc.cell_functions.model import LLM_PARAMS
from xlcalc.pages import catalog_pages, charts
from xlcalc.pages.catalog_pages import quantity
from xlcalc.pages.frame import file_of, page
from xlcalc.pages.html import Html, grid, joined, section, tag

_API = ("input", "output", "cached")


def models_list(edition: str) -> str:
    """Every model of the catalog with its size."""
    rows = []
    for row in tables.rows("models"):
        link = tag("a", row["name"], href=file_of("model", row["id"]))
        size = charts.short(LLM_PARAMS(row["id"]), "parameters")
        rows.append([link, tag("code", row["id"]), row["organisation"], row["released"], size, row["as_of"]])
    table = grid(["Model", "In a formula", "Publisher", "Released", "Parameters", "Read"], rows)
    return _list("models.html", "Models", "the models of the catalog", table, edition)


def machines_list(edition: str) -> str:
    """Every accelerator of the catalog with its main figures."""
    rows = [
        [
            tag("a", row["name"], href=file_of("machine", row["id"])),
            tag("code", row["id"]),
            quantity(row["peak_bf16_tflops"], ""),
            quantity(row["memory_gb"], ""),
            quantity(row["bandwidth_gb_s"], ""),
            row["as_of"],
        ]
        for row in tables.rows("accelerators")
    ]
    headers = ["Accelerator", "In a formula", "Peak bf16, TFLOP/s", "Memory, GB", "Bandwidth, GB/s", "Read"]
    table = grid(headers, rows)
    return _list("machines.html", "Accelerators", "the accelerators of the catalog", table, edition)


def prices_list(edition: str) -> str:
    """The newest listed price of every instance, and of every API."""
    instances = [
        [
            tag("code", instances.place_of(row), data_price="LLM_PRICE"),
            f"{row['accelerators']} × {row['accelerator']}" if row["accelerator"] else "",
            *(row[f"{column}_usd_per_hour"] for column in prices.TERMS.values()),
            row["as_of"],
        ]
        for row in prices.newest()
    ]
    apis = [
        [
            tag("code", row["id"], data_price="LLM_API_PRICE"),
            row["provider"],
            *(f"{float(row[f'{c}_usd_per_token']) * 1e6:g}" if row[f"{c}_usd_per_token"] else "" for c in _API),
            row["as_of"],
        ]
        for row in tables.rows("api_prices")
    ]
    terms = [f"USD/h {term.replace('_', ' ')}" for term in prices.TERMS]
    body = joined(
        section("Instances", grid(["In a formula", "Accelerators", *terms, "Read"], instances)),
        section("APIs", grid(["In a formula", "Provider", *(f"USD/M {c}" for c in _API), "Read"], apis)),
    )
    return _list("prices.html", "Prices", "what providers list, and when it was read", body, edition)


def _list(file: str, name: str, about: str, body: Html, edition: str) -> str:
    return page(f"{name} · xlcalc", about, joined(tag("h1", name), body), edition, file)


def model_ids() -> list[str]:
    return [row["id"] for row in tables.rows("models")]


def machine_ids() -> list[str]:
    return [row["id"] for row in tables.rows("accelerators")]


def pages(edition: str) -> dict[str, Callable[[], str]]:
    """Every page about the catalogs by its file, to be made when it is asked for."""
    made: dict[str, Callable[[], str]] = {
        "models.html": partial(models_list, edition),
        "machines.html": partial(machines_list, edition),
        "prices.html": partial(prices_list, edition),
    }
    made |= {file_of("model", name): partial(catalog_pages.model_page, name, edition) for name in model_ids()}
    made |= {file_of("machine", name): partial(catalog_pages.machine_page, name, edition) for name in machine_ids()}
    return made
