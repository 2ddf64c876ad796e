"""The template model-comparison: up to six models for the same work, side by side."""

from __future__ import annotations

from .. import style
from ..assemble import build as assemble
from ..book import Book
from ..parts import MONTHLY, Constant, Figure, Picture, Template
from ..serving_parts import SERVING_CLOCK, SERVING_CONSTANTS, SERVING_LISTS
from ..sheets import api_prices, hours
from . import front
from .checks import CHECKS
from .inputs import sections
from .lines import BLOCKS, COSTS, RESULTS

TEMPLATE = Template(
    title="Model comparison",
    subject="Up to six models for the same work, side by side: size, machine, speed, cost, quality and licence",
    about=[
        "The columns of Scenarios are the candidates: choose a model, its hosted twin and your quality score in each. Inputs hold what "
        "is the same for all: traffic, service level, machine and prices.",
        "Quality scores are yours: none is given, for none would be comparable. Until you type them, cost alone is compared.",
        "From the command line: xlcalc report model-comparison --set requests_per_day=2e6 -o report.xlsx",
    ],
    scope=[
        "In scope: parameters, bytes, smallest machine, speed within the limits, cost of a month and of a million tokens on own machines "
        "and hosted, cost of a solved task, energy, compute to reproduce the training.",
        "Left out unless you add it: quality (yours to measure), safety, languages. Licences are named; you judge them.",
    ],
    sections=sections,
    overrides={
        "llama-3.3-70b": {"model": "llama-3.3-70b", "api_model": "deepinfra-llama-3.3-70b-instruct", "training_tokens": 15e12},
        "gpt-oss-120b": {"model": "gpt-oss-120b", "api_model": "deepinfra-gpt-oss-120b"},
        "qwen3-32b": {"model": "qwen3-32b", "api_model": "deepinfra-qwen3-32b", "training_tokens": 36e12},
        "qwen3-235b-a22b": {"model": "qwen3-235b-a22b", "api_model": "deepinfra-qwen3-235b-a22b-instruct-2507", "training_tokens": 36e12},
        "llama-3.1-8b": {"model": "llama-3.1-8b", "api_model": "deepinfra-meta-llama-3.1-8b-instruct", "training_tokens": 15e12},
        "gpt-oss-20b": {"model": "gpt-oss-20b", "api_model": "deepinfra-gpt-oss-20b"},
    },
    given=("llama-3.3-70b", "gpt-oss-120b", "qwen3-32b"), free=("qwen3-235b-a22b", "llama-3.1-8b", "gpt-oss-20b"), bridge=(0, 1),
    scenario_word="Candidate",
    blocks=BLOCKS, costs=COSTS, basis=MONTHLY, results=RESULTS, clock=SERVING_CLOCK, starts="plan_start", ends="plan_end", checks=CHECKS,
    tiles=[
        Figure("Cheapest on own machines", "cheapest", style.GENERAL, '=IF(ISNUMBER(cheapest_usd),TEXT(cheapest_usd,"$#,##0")&" a month","")'),
        Figure("Cheapest hosted", "cheapest_api", style.GENERAL, '=IF(ISNUMBER(cheapest_api_usd),TEXT(cheapest_api_usd,"$#,##0.00")&" a million tokens","")'),
        Figure("Best by your weights", "best", style.GENERAL, '="score "&TEXT(best_score,"0.00")&" of 1"'),
        Figure("Shown", "model_id", style.GENERAL, '="licence: "&license'),
        Figure("Own, a million tokens", "usd_per_million_tokens", style.USD_CENTS, "USD, in and out, candidate shown"),
        Figure("Hosted, a million tokens", "api_usd_per_million", '"$"0.000', "USD, in and out"),
        Figure("Smallest machine", "least_accelerators", style.ACCELERATORS, "weights as published, and cache"),
        Figure("Accelerators paid", "accelerators_paid", style.WHOLE, "for the traffic of Inputs"),
    ],
    facts=[
        Figure("Parameters", "parameters", '0.00,,, "billion"'), Figure("Active for a token", "active_parameters", '0.00,,, "billion"'),
        Figure("Longest context", "model_context", '#,##0 "tokens"'), Figure("Weights as published", "weights_gb", '#,##0.0 "GB"'),
        Figure("Cache of a token", "cache_bytes", '#,##0 "bytes"'), Figure("Layout of a replica", "replica_layout"),
        Figure("A replica gives", "replica_speed", '#,##0 "output tokens/s"'), Figure("First token", "replica_ttft", '0.00 "s"'),
        Figure("Each further token", "replica_tpot", '0.000 "s"'), Figure("Energy of a million tokens", "kwh_per_million", '0.00 "kWh"'),
        Figure("Compute of its training", "training_flops", '0.0E+00 "FLOP"'), Figure("To train it again", "training_usd", style.AMOUNT),
        Figure("Price in use", "price_used", '"$"0.00 "per accelerator-hour"'), Figure("Where from", "price_basis"),
    ],
    compared=[
        Figure("Model", "model_id"), Figure("Licence", "license"), Figure("Parameters", "parameters", style.WHOLE),
        Figure("Active for a token", "active_parameters", style.WHOLE), Figure("Longest context", "model_context", style.WHOLE),
        Figure("Weights as published", "weights_gb", style.TENTHS), Figure("Weights in 8 bit", "weights_8bit_gb", style.TENTHS),
        Figure("Weights in 4 bit", "weights_4bit_gb", style.TENTHS), Figure("Cache of a token", "cache_bytes", style.WHOLE),
        Figure("Smallest machine", "least_accelerators", style.WHOLE), Figure("Accelerators of a replica", "replica_accelerators", style.WHOLE),
        Figure("A replica gives", "replica_speed", style.WHOLE), Figure("Accelerators paid", "accelerators_paid", style.WHOLE),
        Figure("Own a month, P10", "total_p10", style.USD), Figure("Own a month, P90", "total_p90", style.USD),
        Figure("Own, a million tokens", "usd_per_million_tokens", '"$"0.000'), Figure("Hosted, a million tokens", "api_usd_per_million", '"$"0.000'),
        Figure("Quality, yours", "quality_points", style.GENERAL), Figure("Where it was measured", "quality_measured"),
        Figure("When", "quality_day", style.DATE), Figure("Own, a solved task", "usd_per_solved", style.RATE),
        Figure("Hosted, a solved task", "api_usd_per_solved", style.RATE),
        Figure("Energy of a million tokens", "kwh_per_million", "0.00"), Figure("Compute of its training", "training_flops", style.SCIENTIFIC),
        Figure("To train it again, accelerators alone", "training_usd", style.AMOUNT),
        Figure("Score of cost", "score_cost", "0.00"), Figure("Score of quality", "score_quality", "0.00"), Figure("Weighted score", "score", "0.00"),
        Figure("Not beaten in both", "pareto", '[=1]"yes";"no"'), Figure("Left out, for", "left_out"),
    ],
    drivers=[
        ("requests_per_day", "Requests"), ("output_tokens", "Output tokens of a request"), ("peak_over_mean", "Peak over mean"),
        ("load_limit", "Load at which the limits hold"), ("speed_factor", "Speed of a replica"), ("price_level", "Prices"),
    ],
    headlines=["cheapest", "cheapest_api", "best", "best_score", "total_cost", "usd_per_million_tokens", "api_usd_per_million",
               "least_accelerators", "checks_ok", "checks_failed", "checks_warned"],
    headline="Own hosting of the candidate shown, in the month that is sized",
    constants=[*SERVING_CONSTANTS, Constant("flop_per_tflop", "FLOP in a TFLOP", 10**12, "FLOP", "")],
    lists=SERVING_LISTS,
    rows=[
        Figure("Own a month", "total_cost", style.AMOUNT), Figure("Own, a million", "usd_per_million_tokens", '"$"0.000'),
        Figure("Hosted, a million", "api_usd_per_million", '"$"0.000'), Figure("Quality, yours", "quality_points", style.GENERAL),
        Figure("Weighted score", "score", "0.00"),
    ],
    pictures=[Picture("A million tokens, in and out", "USD", ["usd_per_million_tokens", "api_usd_per_million"], number_format='"$"0.00')],
    extra=[front.build, api_prices.build, hours.build],
)  # fmt: skip


def build() -> Book:
    return assemble(TEMPLATE)
