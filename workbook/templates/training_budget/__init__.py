"""The template training-budget: what it costs to train a model, and how long it takes."""

from __future__ import annotations

from xlcalc.catalog import prices, tables
from xlcalc.training import compute, failures

from .. import style
from ..book import Book, Source
from ..sheets import (
    calculation,
    cover,
    dashboard,
    estimate,
    hardware,
    inputs,
    models,
    sensitivity,
    sources,
    timeline,
)
from ..sheets import checks as check_sheet
from ..sheets import prices as price_sheet
from ..sheets.inputs import Constant, Driver, Input
from .checks import CHECKS
from .lines import BILL, CASE_BLOCKS, CONSTANT_BLOCKS

TITLE = "Training budget"

LLAMA_3 = Source(
    "Llama 3 (2024), section 3.3",
    "The Llama 3 Herd of Models, sections 3.3.1 and 3.3.4",
    "https://arxiv.org/abs/2407.21783",
    "2024-07-31",
)
BLOOM = Source(
    "BLOOM (2022), section 3.1",
    "BLOOM: A 176B-Parameter Open-Access Multilingual Language Model: 350e9 tokens from 1.6 TB of text",
    "https://arxiv.org/abs/2211.05100",
    "2022-11-09",
)
PALM = Source(
    "PaLM (2022), appendix B",
    "PaLM: Scaling Language Modeling with Pathways, table 3 and appendix B: model FLOP utilisation",
    "https://arxiv.org/abs/2204.02311",
    "2022-04-05",
)
RECOMPUTATION = Source(
    "Korthikanti (2022), section 5",
    "Reducing Activation Recomputation in Large Transformer Models",
    "https://arxiv.org/abs/2205.05198",
    "2022-05-10",
)
ZERO = Source(
    "ZeRO (2020), section 3.1",
    "ZeRO: Memory Optimizations Toward Training Trillion Parameter Models: bytes of model states",
    "https://arxiv.org/abs/1910.02054",
    "2020-05-13",
)
EXPERIMENTS = Source(
    "Cottier (2022)",
    "The replication and emulation of GPT-3: compute of GPT-3 and OPT-175B with trials, and of the final runs alone",
    "https://www.lesswrong.com/posts/qDDeDcYdzoidxXbyb/the-replication-and-emulation-of-gpt-3",
    "2022-12-20",
)
POWER = Source(
    "Epoch AI, training costs",
    "Epoch AI, training-cost-trends: average power and PUE of training clusters",
    "https://github.com/epoch-research/training-cost-trends",
    "2026-11-24",
)
ELECTRICITY = Source(
    "EIA, as YCharts shows it",
    "Average US industrial price of electricity, January 2026, as YCharts shows it",
    "https://ycharts.com/indicators/us_average_retail_price_of_electricity_industrial_sector",
    "2026-04-27",
)


def _catalog_source(name: str, row_id: str) -> tuple[dict[str, str], Source]:
    row = next(r for r in tables.rows(name) if r["id"] == row_id)
    source = tables.sources()[row["source"]]
    return row, Source(row["source"], source["title"], source["url"], row["as_of"])


def _inputs(book: Book) -> list[inputs.Section]:
    storage, storage_source = _catalog_source("storage_prices", "aws/s3/standard/us-east-1")
    grid, grid_source = _catalog_source("grid", "world")
    start = book.as_of.replace(
        year=book.as_of.year + (book.as_of.month + 5 > 12), month=(book.as_of.month + 4) % 12 + 1, day=1
    )
    return [
        ("What is trained", [
            Input("model", "Model", "llama-3.1-8b", "", "A model of the Models sheet; a Hugging Face name works too.",
                  among="models_list", known="NOT(ISERROR(LLM_PARAMS(model)))"),
            Input("tokens", "Training tokens", 15e12, "tokens",
                  "Tokens seen in training, repeats included. Llama 3.1 8B: 15e12.",
                  LLAMA_3, "#,##0", 1, 1e15),
            Input("seq_len", "Sequence length", 8192, "tokens",
                  "Tokens of a training sequence; sets the attention FLOP. 0 leaves attention out.", LLAMA_3,
                  style.WHOLE, 0, 1e8, True),
            Input("global_batch", "Sequences of an optimizer step", 1024, "sequences",
                  "For the Estimate sheet alone. 1,024 x 8,192 are 8 million tokens: Llama 3 405B from early on.",
                  LLAMA_3, style.WHOLE, 1, 1e6, True),
            Input("recompute", "Recomputed activations", "none", "",
                  "none, selective (attention scores) or full (whole forward pass again: a third more FLOP).",
                  RECOMPUTATION,
                  among="recompute_list"),
            Input("optimizer", "Optimizer state in checkpoints", "adam", "",
                  "adam: 14 bytes a parameter; adam_fp32: 12; momentum: 10; adam_8bit: 8; none: weights alone, 2.",
                  ZERO,
                  among="optimizer_list"),
        ]),
        ("On what hardware", [
            Input("accelerator", "Accelerator", "h100-sxm", "",
                  "An accelerator of the Hardware sheet, or an own one added there.",
                  among="hardware_list", known="NOT(ISERROR(hardware_row))"),
            Input("accelerators", "Accelerators", 1024, "devices", "All that run the training at once.", None,
                  style.WHOLE, 1, 1e7, True),
            Input("node_size", "Accelerators in a node", 8, "devices", "They fail together, and are rented together.",
                  None,
                  style.WHOLE, 1, 1024, True),
            Input("dtype", "Number format of the matrix products", "bf16", "",
                  "Selects the peak on the Hardware sheet.",
                  among="hardware_dtypes"),
            Input("layout", "Layout", None, "",
                  "For the Estimate sheet alone: tp8pp4mb2 is 8 tensor-parallel ranks, 4 stages, micro-batches of 2; "
                  "also cp, ep, vp, zero3, selective, full.",
                  known=f"NOT(ISERROR(INDEX({estimate.PLAN},1,1)))", blank="the fastest that fits in memory"),
            Input("mfu", "Utilisation of the peak (MFU)", 0.4, "share of peak",
                  "Share of the dense peak that training reaches. Llama 3 405B: 0.38 to 0.43; PaLM 540B: 0.46. "
                  "With recomputation it is a share of all FLOP that run (HFU).", LLAMA_3, style.PERCENT, 0.01, 1),
        ]),
        ("At what price", [
            Input("price_term", "Price term", "on_demand", "", "Which listed price of the Prices sheet is used.",
                  among="price_terms"),
            Input("instance", "Instance", None, "", "An instance of the Prices sheet.", among="prices_list",
                  blank="the cheapest accelerator-hour for the accelerator and term, own prices and whole nodes first"),
            Input("usd_per_hour", "Own price of an accelerator-hour", None, "USD/accelerator-hour",
                  "Your contract, or the cost of an hour of hardware you own; it wins over the Prices sheet.", None,
                  style.USD_CENTS, 0, 1000, blank="the price of the Prices sheet"),
            Input("storage_usd_per_gb_month", "Storage price", float(storage["usd_per_gb_month"]), "USD/GB-month",
                  "For checkpoints and dataset. AWS S3 Standard, us-east-1.", storage_source, '"$"0.000##', 0, 10),
            Input("price_age_limit", "Oldest price accepted", prices.STALE_AFTER, "days",
                  "Older prices are flagged on Prices and Checks.", None,
                  style.WHOLE, 1, 3650, True),
        ]),
        ("Failures and checkpoints", [
            Input("node_failures_per_day", "Failures of one node", 0.0038, "per node and day",
                  "A rate: 0.01 is once in a hundred days. Llama 3 405B: 419 unexpected stops, 54 days, 2,048 nodes.",
                  LLAMA_3, "0.0000", 0, 1),
            Input("recovery_time", "Recovery time", 10, "minutes",
                  "From a failure to training again. With this and the next line Llama 3's failures leave 90 % of the "
                  "time, as reported.", LLAMA_3, style.TENTHS, 0, 10080),
            Input("checkpoint_interval", "Checkpoint interval", 15, "minutes",
                  "Half of it is lost in each failure. Calculation shows the optimum beside it.", LLAMA_3,
                  style.TENTHS, 0.1, 10080),
            Input("checkpoint_gb_per_second", "Speed of writing checkpoints", 125, "GB/s",
                  "Llama 3's storage sustained 2 TB/s for 16,384 accelerators; in proportion, 1,024 get 125 GB/s.",
                  LLAMA_3,
                  style.TENTHS, 0.01, 1e5),
            Input("checkpoints_kept", "Checkpoints kept", None, "checkpoints", "How many are stored at a time.", None,
                  style.WHOLE, 1, 1e7,
                  True, blank="all of them"),
            Input("tokens_per_byte", "Tokens in a byte of the dataset", 0.25, "tokens/byte",
                  "About 0.25 for English text with a large vocabulary; BLOOM's corpus has 0.22.", BLOOM, "0.00",
                  0.001, 10),
        ]),
        ("Experiments beside the run", [
            Input("experiment_share", "Experiments, share of the run", 0.2, "share of accelerator-hours",
                  "Ablations, trials, failed starts. An assumption: published estimates go higher, 2.5 for OPT-175B.",
                  EXPERIMENTS,
                  style.PERCENT, 0, 100),
            Input("experiment_gpu_hours", "Experiments, accelerator-hours", None, "accelerator-hours",
                  "If you know them.", None,
                  style.WHOLE, 0, 1e12, blank="the share above"),
            Input("experiment_months", "Experiments last", 3, "months",
                  "They are paid evenly in the months before the run starts.", None,
                  style.WHOLE, 1, 18, True),
        ]),
        ("Energy", [
            Input("energy_in_price", "Energy is in the price", "yes", "",
                  "yes for rented hardware: energy is then shown, not charged again. no for hardware you own.",
                  among="yes_no_list"),
            Input("watts", "Power of one accelerator", None, "W", "With its share of the server, if you know it.",
                  None, style.WHOLE, 1, 1e5,
                  blank="the TDP of the Hardware sheet, without the server around it"),
            Input("load", "Average load", 0.8, "share of power",
                  "Average share of the power drawn in training; Epoch AI takes 0.75.", POWER, style.PERCENT, 0, 1),
            Input("pue", "Power usage effectiveness", 1.3, "ratio",
                  "Energy at the meter over energy of the computers: cooling, losses. "
                  "Epoch AI takes 1.1 for the largest clouds, 1.25 elsewhere.", POWER, "0.00", 1, 3),
            Input("usd_per_kwh", "Price of electricity", 0.0929, "USD/kWh", "Average of US industry.", ELECTRICITY,
                  '"$"0.0000', 0, 5),
            Input("kg_co2e_per_kwh", "Carbon intensity of the grid", float(grid["kg_co2e_per_kwh"]), "kg CO2e/kWh",
                  "World average; put in your region's.", grid_source, "0.000", 0, 3),
        ]),
        ("Dates, case and limits", [
            Input("scenario", "Case shown", "base", "",
                  "low, base or high cost: the factors below apply to the inputs.", among="scenario_list"),
            Input("start_date", "Training starts", start, "date", "The first day of the main run.", None, style.DATE,
                  book.as_of.replace(year=2015, month=1, day=1), book.as_of.replace(year=2100, month=1, day=1)),
            Input("report_date", "Date of this report", book.as_of, "date", "Ages of prices are counted to this day.",
                  None, style.DATE,
                  book.as_of.replace(year=2015, month=1, day=1), book.as_of.replace(year=2100, month=1, day=1)),
            Input("state_memory_share", "Memory for model states", 0.7, "share of memory",
                  "Weights, gradients and optimizer may fill this; the rest is for activations and buffers.", None,
                  style.PERCENT, 0.05, 1),
            Input("goodput_floor", "Least useful share of the time", 0.8, "share of time",
                  "Below it, Checks warns of failures.",
                  LLAMA_3, style.PERCENT, 0, 1),
            Input("storage_ceiling", "Highest sensible share of storage", 0.2, "share of the total",
                  "Above it, Checks advises to keep fewer checkpoints.", None, style.PERCENT, 0, 1),
            Input("mfu_ceiling", "Highest believable utilisation", 0.65, "share of peak", "Above it, Checks warns.",
                  PALM, style.PERCENT, 0.01, 1),
        ]),
    ]  # fmt: skip


DRIVERS = [
    Driver("tokens", "Training tokens", 0.9, 1, 1.2, "Less or more data than planned."),
    Driver("mfu", "Utilisation (MFU)", 1.1, 1, 0.8, "High cost = low utilisation; never above 100 %."),
    Driver("price", "Price of an accelerator-hour", 0.85, 1, 1.25, "A discount, or a market that tightens."),
    Driver("failures", "Failures of nodes", 0.5, 1, 2, "Young or worn hardware fails more."),
    Driver("recovery", "Recovery time", 0.5, 1, 2, "How well restarts are automated."),
    Driver("storage", "Storage price", 1, 1, 1.5, "A faster class of storage."),
    Driver("experiments", "Experiments", 0.5, 1, 3, "The widest unknown: see the note on experiments above."),
]

CONSTANTS = [
    Constant("seconds_per_minute", "Seconds in a minute", 60, "s", ""),
    Constant("minutes_per_hour", "Minutes in an hour", 60, "min", ""),
    Constant("hours_per_day", "Hours in a day", 24, "h", ""),
    Constant("days_per_year", "Days in a year", 365, "days", ""),
    Constant("months_per_year", "Months in a year", 12, "months", ""),
    Constant("seconds_per_hour", "Seconds in an hour", "=seconds_per_minute*minutes_per_hour", "s", ""),
    Constant("seconds_per_day", "Seconds in a day", "=seconds_per_hour*hours_per_day", "s", ""),
    Constant("days_per_month", "Days in an average month", "=days_per_year/months_per_year", "days", "", "0.0000"),
    Constant("bytes_per_gb", "Bytes in a GB", 10**9, "bytes", "Decimal: a GiB would be 2^30."),
    Constant("gb_per_tb", "GB in a TB", 1000, "GB", ""),
    Constant("flop_per_tflop", "FLOP in a TFLOP", 10**12, "FLOP", ""),
    Constant("tokens_per_billion", "Tokens in a billion", 10**9, "tokens", ""),
    Constant("kwh_per_mwh", "kWh in a MWh", 1000, "kWh", ""),
    Constant("kg_per_tonne", "Kilograms in a tonne", 1000, "kg", ""),
    Constant("half", "Mean of what grows evenly from 0 to 1", 0.5, "",
             "Average share of checkpoints stored; average loss of an interval.",
             style.GENERAL),
    Constant("tolerance", "Largest relative difference in checks", 1e-9, "", "Rounding of floating-point numbers.",
             style.SCIENTIFIC),
]  # fmt: skip

LISTS = {
    "recompute_list": list(compute.RECOMPUTE),
    "optimizer_list": list(failures.CHECKPOINT_BYTES),
    "yes_no_list": ["yes", "no"],
}


def build() -> Book:
    book = Book(TITLE, "What it costs to train a large language model, and how long it takes")
    book.has_cases = True
    cover_sheet = cover.start(book)
    inputs.build(book, _inputs(book), DRIVERS, CONSTANTS, LISTS)
    hardware.build(book, own_rows=True)
    price_sheet.build(book, choosing=True)
    models.build(book)
    steps = calculation.Calculation(book)
    for block in CONSTANT_BLOCKS:
        steps.constants(block)
    steps.columns("Columns: the cases", sensitivity.side_cases())
    for block in CASE_BLOCKS:
        steps.cases(block)
    steps.bill("The bill again, from one function", BILL)
    steps.finish()
    estimate.build(book)
    timeline.build(book)
    dashboard.build(book, steps)
    sensitivity.build(book, steps)
    check_sheet.build(book, CHECKS)
    sources.build(book)
    cover.finish(book, cover_sheet, ABOUT, HEADLINES)
    return book


HEADLINES = [
    "total_cost", "wall_clock_days", "end_date", "gpu_hours", "cost_per_month", "usd_per_billion_tokens", "price_used",
    "energy_mwh", "goodput", "checks_ok", "checks_failed", "checks_warned",
]  # fmt: skip
ABOUT = [
    "Choose a model, an accelerator and a number of them on Inputs: the workbook gives the time and the bill.",
    "Cells that begin with =LLM_ are xlcalc's functions. Their values are stored in the file, which can be read "
    "without them; to recalculate, install the xlcalc add-in, or run: xlcalc recalc FILE.",
    "From the command line: xlcalc report training-budget --set model=llama-3.1-70b --set accelerators=4096 "
    "-o report.xlsx",
]
