"""The template hosting-budget: how many accelerators a service needs, and what a month of it costs."""

from __future__ import annotations

from .. import style
from ..assemble import build as assemble
from ..book import Book
from ..parts import MONTHLY, Figure, Picture, Template, range_of
from ..serving_parts import SERVING_CLOCK, SERVING_CONSTANTS, SERVING_LISTS
from ..sheets import hours
from .checks import CHECKS
from .inputs import sections
from .lines import AFTER, BLOCKS, COSTS, RESULTS

TEMPLATE = Template(
    title="Hosting budget",
    subject="How many accelerators a language-model service needs, and what it costs by month",
    about=[
        "Give the traffic, the limits on latency and a contract on Inputs: the workbook gives replicas, accelerators and the bill, "
        "for the month that is sized and by month for five years.",
        "Arithmetic is plain Excel. Cells that begin with =LLM_ hold what one replica does within the limits. Type "
        "your own measured speed, and no function is needed.",
        "From the command line: xlcalc report hosting-budget --set model=llama-3.3-70b --set requests_per_day=2e6 -o report.xlsx",
    ],
    scope=[
        "In scope: replicas for the peak with spares and regions, whole nodes, contracts, traffic out, storage of logs, load "
        "balancer, vector store, guard model, support, staff, own lines, contingency, tax; growth month by month.",
        "Left out unless you add it: training, evaluation, migration, the product around the service, differences between days of the "
        "week: the peak stands for them.",
    ],
    sections=sections,
    overrides={
        "low": {"price_percentile": 0.25, "peak_over_mean": 1.5, "growth": 0.0},
        "high": {"price_percentile": 0.75, "peak_over_mean": 4, "growth": 0.1},
    },
    blocks=BLOCKS, costs=COSTS, basis=MONTHLY, results=RESULTS, clock=SERVING_CLOCK, after=AFTER,
    after_title="What it earns", starts="plan_start", ends="plan_end", checks=CHECKS,
    tiles=[
        Figure("Cost of the month sized", "total_cost", style.AMOUNT, range_of("speed of a replica", "prices and load")),
        Figure("A million tokens, in and out", "usd_per_million_tokens", style.USD_CENTS, "USD, all costs, mean load"),
        Figure("Replicas", "replicas", style.WHOLE, '=TEXT(replica_accelerators,"0")&IF(replica_accelerators=1," accelerator"," accelerators")&" each"'),
        Figure("Accelerators paid", "accelerators_paid", style.WHOLE,
               '=IF(autoscale_shown="yes","mean of the hours, "&TEXT(accelerators_peak,"#,##0")&" at the peak","all regions, "&IF(whole_nodes_shown="yes","whole nodes","single ones"))'),
        Figure("First twelve months", "first_year", style.AMOUNT, "USD, see Timeline"),
        Figure("A request", "usd_per_request", style.RATE, "USD, all costs"),
        Figure("Used at mean load", "utilisation", style.PERCENT, "of what the replicas can give"),
        Figure("Headroom at the peak", "headroom", style.PERCENT, "of what they can give"),
    ],
    facts=[
        Figure("Model", "model_id"), Figure("Parameters", "parameters", '0.00,,, "billion"'),
        Figure("Accelerator", "accelerator_id"), Figure("Layout of a replica", "replica_layout"),
        Figure("Number format of the weights", "replica_dtype"),
        Figure("A replica gives", "replica_speed", '#,##0 "output tokens/s"'),
        Figure("First token at the peak", "peak_ttft", '0.00 "s"'), Figure("Each further token", "peak_tpot", '0.000 "s"'),
        Figure("Holds the peak by LLM_FLEET", "fleet_accelerators", style.ACCELERATORS),
        Figure("Requests a day, month sized", "requests_day", style.WHOLE),
        Figure("Peak rate", "peak_rate", '[<0.1]0.0000 "requests/s";#,##0.0 "requests/s"'),
        Figure("Price in use", "price_used", '"$"0.00 "per accelerator-hour"'), Figure("Where from", "price_basis"),
        Figure("Paid over the plan", "paid", style.AMOUNT), Figure("Largest month", "largest_month", style.AMOUNT),
        Figure("Idle cost", "idle_usd", '"$"#,##0 "a month"'), Figure("Margin", "margin_usd", '"$"#,##0 "a month"'),
    ],
    compared=[
        Figure("Replicas", "replicas", style.WHOLE), Figure("Accelerators paid", "accelerators_paid", style.WHOLE),
        Figure("Peak rate", "peak_rate", style.TENTHS), Figure("Used at mean load", "utilisation", style.PERCENT),
        Figure("Price of the mix", "price_used", style.USD_CENTS),
        Figure("A million tokens, in and out", "usd_per_million_tokens", style.USD_CENTS),
        Figure("A million output tokens", "usd_per_million_output", style.USD_CENTS),
        Figure("A request", "usd_per_request", style.RATE),
        Figure("Holds the peak by LLM_FLEET", "fleet_accelerators", style.WHOLE),
        Figure("Total, P10", "total_p10", style.USD), Figure("Total, P90", "total_p90", style.USD),
    ],
    drivers=[
        ("requests_per_day", "Requests"), ("output_tokens", "Output tokens of a request"), ("peak_over_mean", "Peak over mean"),
        ("load_limit", "Load at which the limits hold"), ("speed_factor", "Speed of a replica"), ("price_level", "Prices"),
        ("staff", "Staff"),
    ],
    headlines=["total_cost", "replicas", "accelerators_paid", "usd_per_million_tokens", "usd_per_million_output",
               "usd_per_request", "utilisation", "first_year", "paid", "checks_ok", "checks_failed", "checks_warned"],
    headline="Cost of the month that is sized",
    constants=SERVING_CONSTANTS,
    lists=SERVING_LISTS,
    pictures=[Picture("A million tokens, in and out", "USD", ["usd_per_million_tokens"], number_format=style.USD_CENTS)],
    extra=[hours.build],
)  # fmt: skip


def build() -> Book:
    return assemble(TEMPLATE)
