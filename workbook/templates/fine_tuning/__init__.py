"""The template fine-tuning: what adapting a model costs, once and in the first year of use, and when it pays."""

from __future__ import annotations

from .. import style
from ..assemble import build as assemble
from ..book import Book
from ..contracts import COMMITMENTS
from ..parts import PROJECT, Constant, Figure, Picture, Template
from ..shared_inputs import TERMS
from ..sheets import api_prices, tuning_runs
from .checks import CHECKS
from .inputs import sections
from .lines import BLOCKS, CLOCK, COSTS, RESULTS

_PAYS = (
    '=IF(ISNUMBER(breakeven_uses),"uses, serving included",IF(ISNUMBER(serving_uses),"serving alone takes "&IF(serving_uses>=million,'
    'TEXT(serving_uses/million,"#,##0.0")&"M",TEXT(serving_uses,"#,##0"))&" uses a month","serving is not known"))'
)
TEMPLATE = Template(
    title="Fine-tuning",
    subject="What adapting a model costs, once and in the first year of use, and after how many uses it pays",
    about=[
        "Give the data, the method and the people on Inputs: the workbook gives machine, hours, the bill by line, and the uses from which "
        "the tuned model pays against a long prompt.",
        "The given columns of Scenarios are LoRA, QLoRA and full fine-tuning. Arithmetic is plain Excel; a few =LLM_ cells hold bytes and "
        "FLOP.",
        "From the command line: xlcalc report fine-tuning --set model=llama-3.1-8b --set examples=50000 -o report.xlsx",
    ],
    scope=[
        "In scope: labelling, synthetic data, the sweep with failed runs, evaluation, staff, refreshes and storage in the first year of use, "
        "commitments to their end; own lines, contingency, tax. Serving is beside the total: it decides from when tuning pays.",
        "Left out unless you add it: peaks and spares of serving (see hosting-budget), collection of raw data, reinforcement learning.",
    ],
    sections=sections,
    overrides={"QLoRA": {"method": "qlora"}, "full": {"method": "full"}},
    given=("LoRA", "QLoRA", "full"), bridge=(0, 2), scenario_word="Scenario",
    blocks=BLOCKS, costs=COSTS, basis=PROJECT, results=RESULTS, clock=CLOCK, starts="plan_start", ends="plan_end", signed="MIN({owed_usd},{paid_subtotal})", checks=CHECKS,
    tiles=[
        Figure("Cost of the plan", "total_cost", style.AMOUNT, '=IF(ISNUMBER(total_p10),"by measured steps: "&TEXT(total_p10,"#,##0")&" to "&TEXT(total_p90,"#,##0")&" USD","no range")'
               '&IF(cost_staff=0,"; without staff","")'),
        Figure("Once, without refreshes", "once_usd", style.AMOUNT, "own lines and contingency apart"),
        Figure("Machine", "tuning_accelerators", style.ACCELERATORS, "=accelerator_id"),
        Figure("A run takes", "run_wall_hours", '0.0 "hours"', '=TEXT(run_hours,"#,##0.0")&" accelerator-hours"'),
        Figure("Pays from", "breakeven_uses", '[>=1000000]#,##0.0,,"M";#,##0', _PAYS),
        Figure("Memory needed", "memory_gb", '#,##0.0 "GB"', "in all, model, optimizer, activations"),
        Figure("Accelerator-hours in all", "all_hours", style.WHOLE, "sweep, failed runs, refreshes"),
        Figure("Compute's part", "compute_share", style.PERCENT, "of the plan"),
    ],
    facts=[
        Figure("Base model", "model_id"), Figure("Parameters", "parameters", '0.00,,, "billion"'), Figure("Method", "method_shown"),
        Figure("Trained parameters", "trained_parameters", '[>=1000000000]0.00,,, "billion";#,##0.0,, "million"'),
        Figure("Training tokens of a run", "run_tokens", '#,##0.0,, "million"'),
        Figure("Adapter or model to keep", "artefact_gb", '[>=1]#,##0.0 "GB";0.000 "GB"'),
        Figure("Adapters in a spare 10 GB", "adapters_in_spare", style.WHOLE),
        Figure("Hours come from", "mfu_basis"),
        Figure("Against measured runs", "hours_over_measured", '0.00 "times the hours at their median"'),
        Figure("Price in use", "price_used", '"$"0.00 "per accelerator-hour"'), Figure("Where from", "price_basis"),
        Figure("Total with hosted tuning", "hosted_total", '"$"#,##0'), Figure("A year with the long prompt", "year_prompt", '"$"#,##0'),
        Figure("A year, hosted", "year_hosted", '"$"#,##0'), Figure("A year, own machines", "year_tuned", '"$"#,##0'),
    ],
    compared=[
        Figure("Method", "method"), Figure("Trained parameters", "trained_parameters", style.WHOLE),
        Figure("Memory needed", "memory_gb", style.TENTHS), Figure("Accelerators", "tuning_accelerators", style.WHOLE),
        Figure("A run takes", "run_wall_hours", style.TENTHS), Figure("Accelerator-hours in all", "all_hours", style.WHOLE),
        Figure("Once, without refreshes", "once_usd", style.USD), Figure("Total with hosted tuning", "hosted_total", style.USD),
        Figure("A year with the long prompt", "year_prompt", style.USD), Figure("A year, tuned and served by a provider", "year_hosted", style.USD),
        Figure("A year with the tuned model", "year_tuned", style.USD),
        Figure("Pays from", "breakeven_uses", style.WHOLE),
        Figure("Total, P10", "total_p10", style.USD), Figure("Total, P90", "total_p90", style.USD),
    ],
    drivers=[
        ("examples", "Examples"), ("tokens_per_example", "Tokens of an example"), ("sweep_runs", "Runs of the sweep"), ("speed_factor", "Speed of a run"),
        ("price_level", "Prices"), ("label_usd", "Labelling of an example"), ("staff_weeks", "Staff"),
    ],
    headlines=["total_cost", "once_usd", "tuning_accelerators", "memory_gb", "run_hours", "run_wall_hours", "all_hours",
               "breakeven_uses", "hosted_total", "checks_ok", "checks_failed", "checks_warned"],
    headline="Cost of the project and the first year of use",
    constants=[
        *COMMITMENTS,
        Constant("flop_per_tflop", "FLOP in a TFLOP", 10**12, "FLOP", ""),
        Constant("adapter_part", "FLOP with frozen weights", 2 / 3, "share of full",
                 "Forward and the gradient of activations, not that of weights: 4 N of 6 N.", "0.000"),
        Constant("bytes_per_weight", "Bytes of a stored weight", 2, "bytes", "16 bit."),
        Constant("usual_node", "Accelerators of a usual node", 8, "devices", ""),
        Constant("spare_gb", "Spare memory for adapters", 10, "GB", ""),
        Constant("zero_stage", "ZeRO stage of the estimated step", 3, "stage", "States spread over all accelerators."),
        Constant("serving_batch", "Requests at once on a machine that serves", 16, "requests", "A moderate batch."),
        Constant("weeks_per_year", "Weeks in a year", 52, "weeks", ""),
    ],
    lists={"yes_no_list": ["yes", "no"], "term_list": TERMS, "method_list": ["lora", "qlora", "full"]},
    pictures=[Picture("A year of the planned uses", "USD", ["year_prompt", "year_hosted", "year_tuned"])],
    extra=[tuning_runs.build, api_prices.build],
)  # fmt: skip


def build() -> Book:
    return assemble(TEMPLATE)
