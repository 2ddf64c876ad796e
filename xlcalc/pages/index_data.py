"""What the search finds, as a script: functions, questions, models, accelerators, prices, grids, number formats.

The same list fills the drop-downs of the forms.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from xlcalc.catalog import instances, tables
from xlcalc.language.declare import functions
from xlcalc.model.dtypes import DTYPES
from xlcalc.pages import questions
from xlcalc.pages.frame import file_of

FILE = "index-data.js"
_MACS = "; MacBook Air; MacBook Pro; Mac mini; Mac Studio; iMac"  # what an Apple chip is bought in
Entry = tuple[str, str, str, str, str]  # kind, title, about, address, words to be found by


def script(edition: str) -> str:
    """The entries, and the words that say nothing in a search, as a script that works from disk too."""
    rows = json.dumps(list(entries(edition)), ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    return f"var xlcalcSmall = {json.dumps(questions.SMALL)};\nvar xlcalcIndex = {rows};\n"


def entries(edition: str) -> Iterator[Entry]:
    """Everything that can be looked for, in the order of its worth to someone new."""
    for question in questions.asked():
        yield "question", question.text, question.formula, question.href(edition), question.also
    for f in functions():
        yield "function", f.name, f.summary, file_of("function", f.name), f"{f.usage} {f.help} {f.source}"
    for row in tables.rows("models"):
        words = f"{row['id']} {row['hf_id']} {row['aliases']}"
        about = ", ".join(filter(None, (row["name"], row["organisation"], row["released"])))
        yield "model", row["id"], about, file_of("model", row["id"]), words
    for row in tables.rows("accelerators"):
        memory = f"{row['memory_gb']} GB" if row["memory_gb"] else ""
        about = ", ".join(filter(None, (row["name"], row["architecture"], memory)))
        words = f"{row['aliases']}{_MACS if row['vendor'] == 'Apple' else ''}"
        yield "machine", row["id"], about, file_of("machine", row["id"]), words
    seen = set()
    for row in tables.rows("prices"):
        place = instances.place_of(row)
        if place not in seen:
            seen.add(place)
            has = f"{row['accelerators']} × {row['accelerator']}" if row["accelerator"] else ""
            usd = f"{row['on_demand_usd_per_hour']} USD an hour" if row["on_demand_usd_per_hour"] else ""
            yield "price", place, ", ".join(filter(None, (has, usd, row["as_of"]))), "prices.html#instances", ""
    for row in tables.rows("api_prices"):
        yield "API", row["id"], f"API prices of {row['provider']}, {row['as_of']}", "prices.html#apis", ""
    for row in tables.rows("grid"):
        about = f"{row['name']}: {row['kg_co2e_per_kwh']} kg CO2e per kWh"
        yield "grid", row["id"], about, file_of("function", "LLM_CARBON"), ""
    for name in DTYPES:
        yield "format", name, "number format", file_of("function", "LLM_WEIGHTS"), ""
