"""The template self-host-vs-api: whether to run a model or to buy its tokens, and from which volume on."""

from __future__ import annotations

from .. import style
from ..assemble import build as assemble
from ..book import Book
from ..parts import MONTHLY, Figure, Picture, Template, range_of
from ..serving_parts import SERVING_CLOCK, SERVING_CONSTANTS, SERVING_LISTS
from ..sheets import api_prices, hours
from . import staircase
from .checks import CHECKS
from .inputs import sections
from .lines import AFTER, BLOCKS, COSTS, RESULTS

TEMPLATE = Template(
    title="Self-host or API",
    subject="Whether to run a model yourself or to buy its tokens, and the volume at which one overtakes the other",
    about=[
        "Give the traffic, a hosted model to compare with, and your own model, machine and people on Inputs: the workbook gives both "
        "bills for a month, the volume at which they cross, and cash by month.",
        "Own machines come whole, so their cost is a staircase: see Staircase. Arithmetic is plain Excel; a few =LLM_ cells hold what "
        "one replica gives. Type your own measured speed, and no function is needed.",
        "From the command line: xlcalc report self-host-vs-api --set api_model=gpt-5-mini --set requests_per_day=2e6 -o report.xlsx",
    ],
    scope=[
        "In scope: API input, cached input and output, batch and volume discounts, falling prices; own accelerators with spares, staff, "
        "operations, migration, evaluation, tokens that the other model needs for the same task.",
        "Left out unless you add it: quality of the answers, data protection, lock-in. Both sides serve the same requests, with the same "
        "contingency and tax.",
    ],
    sections=sections,
    overrides={
        "low": {"price_percentile": 0.25, "spare_replicas": 0},
        "high": {"price_percentile": 0.75, "peak_over_mean": 4},
    },
    blocks=BLOCKS, costs=COSTS, basis=MONTHLY, results=RESULTS, clock=SERVING_CLOCK, after=AFTER,
    after_title="Against buying the same work", starts="plan_start", ends="plan_end", checks=CHECKS,
    tiles=[
        Figure("Own, the month sized", "total_cost", style.AMOUNT, range_of("speed of a replica", "prices and load")),
        Figure("API, the same month", "api_usd", style.AMOUNT, '=api_model_shown'),
        Figure("Cheaper", "cheaper", style.GENERAL, '="by "&TEXT(cheaper_by,"$#,##0")&" a month"'),
        Figure("Crosses at", "breakeven_requests", style.WHOLE,
               '=IF(ISNUMBER(breakeven_requests),"requests a day: above it own stays cheaper","its tokens cost more than the API\'s, even full")'),
        Figure("Own, a million tokens", "usd_per_million_tokens", style.USD_CENTS, "USD, in and out"),
        Figure("API, a million tokens", "api_usd_per_million", style.USD_CENTS, "USD, in and out"),
        Figure("Use that own needs", "needed_use", style.PERCENT, "of full replicas, accelerators alone"),
        Figure("Pays back in month", "payback_month", style.GENERAL, "migration and evaluation included"),
    ],
    facts=[
        Figure("Own model", "model_id"), Figure("Accelerator", "accelerator_id"), Figure("Layout of a replica", "replica_layout"),
        Figure("Replicas", "replicas", style.WHOLE), Figure("Accelerators paid", "accelerators_paid", style.WHOLE),
        Figure("Used at mean load", "utilisation", style.PERCENT),
        Figure("Requests a day, month sized", "requests_day", style.WHOLE),
        Figure("Hosted model", "api_model_shown"), Figure("Its input", "api_input_price", '"$"0.00## "a million tokens"'),
        Figure("Its output", "api_output_price", '"$"0.00## "a million tokens"'),
        Figure("Price in use", "price_used", '"$"0.00 "per accelerator-hour"'), Figure("Where from", "price_basis"),
        Figure("Saved over the plan", "saved", style.AMOUNT),
    ],
    compared=[
        Figure("API a month", "api_usd", style.USD), Figure("Saved a month", "saved_month", style.USD),
        Figure("Own, a million tokens", "usd_per_million_tokens", style.USD_CENTS),
        Figure("API, a million tokens", "api_usd_per_million", style.USD_CENTS),
        Figure("Use that own accelerators need", "needed_use", style.PERCENT), Figure("Replicas", "replicas", style.WHOLE),
        Figure("Price of the mix", "price_used", style.USD_CENTS),
        Figure("Own a month, P10", "total_p10", style.USD), Figure("Own a month, P90", "total_p90", style.USD),
    ],
    drivers=[
        ("requests_per_day", "Requests"), ("peak_over_mean", "Peak over mean"), ("speed_factor", "Speed of a replica"),
        ("load_limit", "Load at which the limits hold"), ("price_level", "Prices of accelerators"), ("token_factor", "Tokens for a task"),
        ("staff", "Staff"),
    ],
    headlines=["total_cost", "api_usd", "saved_month", "cheaper", "breakeven_requests", "breakeven_tokens", "needed_use",
               "payback_month", "saved", "checks_ok", "checks_failed", "checks_warned"],
    headline="Own hosting in the month that is sized",
    constants=SERVING_CONSTANTS,
    lists=SERVING_LISTS,
    pictures=[Picture("Own and API, USD a month", "USD a month", ["total_cost", "api_usd"])],
    extra=[staircase.build, api_prices.build, hours.build],
)  # fmt: skip


def build() -> Book:
    return assemble(TEMPLATE)
