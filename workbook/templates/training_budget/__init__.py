"""The template training-budget: what it costs to train a model, and how long it takes."""

from __future__ import annotations

from xlcalc.training import compute, failures

from .. import style
from ..assemble import build as assemble
from ..book import Book
from ..contracts import COMMITMENTS
from ..parts import PROJECT, Constant, Figure, Template, range_of
from ..shared_inputs import TERMS
from ..sheets import estimate, runs
from .checks import CHECKS
from .inputs import sections
from .lines import AFTER, BLOCKS, CLOCK, COSTS, RESULTS

_HOURLY = '"$"0.00 "per accelerator-hour"'
TEMPLATE = Template(
    title="Training budget",
    subject="What it costs to train a large language model, and how long it takes",
    about=[
        "Choose a model, an accelerator, how many of them and a contract on Inputs: the workbook gives time, bill and months.",
        "Arithmetic is plain Excel: change a count, a price or a scenario and everything follows in any spreadsheet program. "
        "Cells that begin with =LLM_ hold facts of model and machine; their values are stored in the file, and a changed model "
        "or accelerator needs the xlcalc add-in, or: xlcalc recalc FILE.",
        "From the command line: xlcalc report training-budget --set model=llama-3.1-70b --set accelerators=4096 -o report.xlsx",
    ],
    scope=[
        "In scope: pre-training, long context and post-training, each with its tokens, accelerators and start; failures, restarts and the other "
        "losses of published runs; contracts for their whole term; experiments, data, people, storage, energy, own lines, contingency, tax.",
        "Left out unless you add it: network and set-up of an own cluster, support, software, egress, office. "
        "Use own lines. Hours start from published whole runs, not from step times: see Reference class on Calculation.",
    ],
    sections=sections,
    overrides={
        "low": {"whole_run_factor": 1.06, "price_percentile": 0.25, "experiment_share": 0.2},
        "high": {"whole_run_factor": 2.3, "price_percentile": 0.75, "experiment_share": 2.5},
    },
    blocks=BLOCKS, costs=COSTS, basis=PROJECT, results=RESULTS, clock=CLOCK, after=AFTER,
    after_title="By tokens done", starts="plan_start", ends="plan_end", checks=CHECKS,
    tiles=[
        Figure("Total cost", "total_cost", style.AMOUNT, range_of("hours of the run", "prices")),
        Figure("Duration of the run", "wall_clock_days", '[<10]0.0 "days";#,##0 "days"',
               '="whole runs: "&TEXT(days_p10,"#,##0.0")&" to "&TEXT(days_p90,"#,##0.0")&" days"'),
        Figure("Accelerator-hours of the run", "gpu_hours", style.COUNT, "whole nodes, failures and losses included"),
        Figure("Ends on", "end_date", style.DATE, "main run"),
        Figure("A billion tokens", "usd_per_billion_tokens", style.USD, "USD, all costs"),
        Figure("Largest month", "largest_month", style.AMOUNT, "USD, see Timeline"),
        Figure("Owed but not used", "cost_unused", style.AMOUNT, "USD, of committed hours"),
        Figure("Energy", "energy_mwh", '[<10]0.00 "MWh";#,##0 "MWh"', "at the meter, run and experiments"),
    ],
    facts=[
        Figure("Model", "model_id"), Figure("Parameters", "parameters", '0.00,,, "billion"'),
        Figure("Training tokens", "all_tokens", style.TOKENS),
        Figure("Accelerator", "accelerator_id"), Figure("Accelerators paid", "accelerators_paid", style.WHOLE),
        Figure("Utilisation of the peak", "mfu_shown", style.PERCENT),
        Figure("Hours over those at it", "loss_factor", '0.00 "times"'),
        Figure("Price in use", "price_used", _HOURLY), Figure("Price of experiments", "experiment_rate", _HOURLY), Figure("Where from", "price_basis"),
        Figure("Contract", "price_term_shown"), Figure("Age of the prices", "price_age", '#,##0 "days"'),
        Figure("Against published runs", "reference_ratio", '0.00 "times their median"'),
        Figure("Runs that paid less for their size", "budget_rank_shown"),
        Figure("Experiments", "experiment_share_shown", '0.0 "times the run"'),
        Figure("Total with inflation", "nominal", style.AMOUNT), Figure("Present value", "present_value", style.AMOUNT),
    ],
    compared=[
        Figure("Duration of the run", "wall_clock_days", style.TENTHS), Figure("Accelerator-hours", "gpu_hours", style.WHOLE),
        Figure("Price of the mix", "price_used", style.USD_CENTS), Figure("Utilisation of the peak", "mfu", style.PERCENT),
        Figure("Energy", "energy_mwh", style.WHOLE), Figure("Ends on", "end_date", style.DATE),
    ],
    drivers=[
        ("tokens", "Training tokens"), ("mfu", "Utilisation (MFU)"), ("whole_run_factor", "Losses of whole runs"),
        ("accelerators", "Accelerators"), ("price_level", "Prices"), ("experiment_share", "Experiments"),
        ("people_share", "Share of people"), ("node_failures_per_day", "Failures of nodes"),
        ("storage_usd_per_gb_month", "Storage price"),
    ],
    headlines=["total_cost", "wall_clock_days", "end_date", "gpu_hours", "cost_per_month", "usd_per_billion_tokens",
               "price_used", "energy_mwh", "goodput", "checks_ok", "checks_failed", "checks_warned"],
    headline="Total cost of the training",
    constants=[
        Constant("gb_per_tb", "GB in a TB", 1000, "GB", ""),
        Constant("flop_per_tflop", "FLOP in a TFLOP", 10**12, "FLOP", ""),
        Constant("tokens_per_billion", "Tokens in a billion", 10**9, "tokens", ""),
        Constant("kwh_per_mwh", "kWh in a MWh", 1000, "kWh", ""),
        Constant("kg_per_tonne", "Kilograms in a tonne", 1000, "kg", ""),
        *COMMITMENTS,
        Constant("young_factor", "Factor of Young's interval", 2, "", "Square root of 2 x writing time x time between failures."),
        Constant("law_factor", "FLOP of a parameter and token in scaling laws", 6, "FLOP", "C = 6 N D."),
        Constant("reference_mfu", "Utilisation that published hours are compared with", 0.4, "share of peak", "", style.PERCENT),
    ],
    lists={"recompute_list": list(compute.RECOMPUTE), "optimizer_list": list(failures.CHECKPOINT_BYTES),
           "yes_no_list": ["yes", "no"], "term_list": TERMS},
    extra=[estimate.build, runs.build],
)  # fmt: skip


def build() -> Book:
    return assemble(TEMPLATE)
