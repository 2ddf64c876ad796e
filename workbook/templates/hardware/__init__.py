"""The template hardware: the catalog sheets alone."""

from __future__ import annotations

from ..book import Book
from ..sheets import cover, hardware, models, prices, sources

ABOUT = [
    "The catalogs of xlcalc as sheets: accelerators, instance prices, models, each figure with its source and date.",
    'The same figures come from cells: =LLM_HARDWARE("h100-sxm","bandwidth"), =LLM_MODEL("llama-3.1-8b","n_layers"), '
    '=LLM_PRICE("aws/p5.48xlarge/us-east-1").',
]  # fmt: skip
SCOPE = [
    "In scope: dense peaks, memory, links and power as makers publish them, prices as providers list them, models as their publishers "
    "configure them; rates measured where somebody published them. Left out: quotes, discounts, and whatever no source states.",
]


def build() -> Book:
    book = Book("Hardware, prices and models", "Catalogs of accelerators, instance prices and language models")
    book.navigation = ("Cover", "Hardware", "Prices", "Models", "Sources")
    cover_sheet = cover.start(book)
    hardware.build(book, own_rows=False)
    prices.build(book, choosing=False)
    models.build(book, live=True)
    sources.build(book)
    cover.finish(book, cover_sheet, ABOUT, [], SCOPE)
    return book
