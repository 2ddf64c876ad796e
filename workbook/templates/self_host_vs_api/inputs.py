"""The assumptions of self-host or API."""

from __future__ import annotations

from .. import style
from ..book import Book
from ..contracts import UPFRONT
from ..parts import PRICE, VOLUME, Input, Section
from ..serving_parts import serving_sections
from ..shared_inputs import ASSUMED, YOURS, money_section, price_section
from ..sheets import api_prices


def sections(book: Book) -> list[Section]:
    return [
        *serving_sections("llama-3.3-70b"),
        ("The hosted model", [
            Input("api_model", "Hosted model", "gpt-5-mini", "", "A row of API prices, or of your own contracts there.",
                  among="api_list", group=PRICE),
            api_prices.CACHED,
            Input("batch_share", "Sent as batch", 0, "share of requests", "What may wait for hours.", None, style.PERCENT, 0, 1),
            Input("batch_discount", "Discount on batch", 0.5, "share", "Half is what the large providers list; see your contract.",
                  None, style.PERCENT, 0, 0.99, basis=ASSUMED, group=PRICE),
            Input("volume_discount", "Negotiated discount", 0, "share", "On all of it.", None, style.PERCENT, 0, 0.99, group=PRICE),
            Input("api_commitment", "Committed spend", 0, "USD/month", "After discounts, owed in each month of the plan, used or not. 0: none.",
                  None, style.USD, 0, 1e10, group=PRICE),
            Input("api_erosion", "Prices fall", 0, "share a year", "Of the hosted model. 0: they stay.", None, style.PERCENT, -1, 0.99,
                  group=PRICE),
            Input("token_factor", "Own tokens over the API's", 1, "ratio",
                  "What the own model needs for the same task: other tokenizer, longer answers, retries. From your evaluation.", None,
                  "0.00", 0.05, 20, group=VOLUME),
        ]),
        price_section(UPFRONT),
        ("Beside the accelerators", [
            Input("operations_share", "Operations", 0, "share of accelerators' cost", "Network, monitoring, logs, support.", None,
                  style.PERCENT, 0, 5, basis=YOURS),
            Input("staff", "Staff", 0, "full-time people", "On call and operations, for the own model alone. It decides at small volumes.",
                  None, style.TENTHS, 0, 1e5, basis=YOURS),
            Input("usd_per_person", "Cost of a person", 0, "USD a year", "Salary and overhead.", None, style.USD, 0, 1e8, group=PRICE,
                  basis=YOURS),
            Input("migration_usd", "Migration", 0, "USD once", "Moving prompts, tools and tests.", None, style.USD, 0, 1e10, basis=YOURS),
            Input("evaluation_usd", "Evaluation", 0, "USD once", "Showing that the answers are as good.", None, style.USD, 0, 1e10,
                  basis=YOURS),
        ]),
        money_section(book, "Own service starts"),
    ]  # fmt: skip
