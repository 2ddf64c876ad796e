"""The assumptions of the training budget."""

from __future__ import annotations

from datetime import date

from .. import style
from ..book import Book, Source
from ..contracts import UPFRONT
from ..parts import EFFICIENCY, PRICE, VOLUME, Input, Section
from ..shared_inputs import (
    ASSUMED,
    ELECTRICITY,
    EPOCH_COSTS,
    EPOCH_PAPER,
    MFU_CEILING,
    NODE_POWER,
    YOURS,
    accelerator_input,
    catalog_source,
    model_input,
    money_section,
    price_section,
)
from ..sheets import estimate, runs

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
SPOT = Source(
    "Spare Cores (2024)",
    "Spot server termination rate per availability zones: AWS's Spot Instance Advisor has five classes, the highest above "
    "20 % a month",
    "https://sparecores.com/article/spot-instance-terminate-rates-per-az",
    "2024-04-16",
)


def _phase(name: str, words: str) -> list[Input]:
    """What a phase after pre-training may have of its own."""
    return [
        Input(f"{name}_accelerators", f"Accelerators, {words}", None, "devices", "Whole nodes are paid.", None, style.WHOLE, 1, 1e7, True,
              blank="as many as pre-training has"),
        Input(f"{name}_start", f"{words.capitalize()} starts", None, "date", "Accelerators on demand are not paid between phases.", None, style.DATE,
              date(2015, 1, 1), date(2100, 1, 1), blank="when the phase before ends"),
    ]  # fmt: skip


def sections(book: Book) -> list[Section]:
    storage, storage_source = catalog_source("storage_prices", "aws/s3/standard/us-east-1")
    grid, grid_source = catalog_source("grid", "world")
    return [
        ("What is trained", [
            model_input("llama-3.1-8b", "A model of the Models sheet; a Hugging Face name works too."),
            Input("tokens", "Pre-training tokens", 15e12, "tokens",
                  "Tokens seen in training, repeats included. Llama 3.1 8B: 15e12.", LLAMA_3, style.TOKENS, 1, 1e15, group=VOLUME),
            Input("seq_len", "Sequence length, pre-training", 8192, "tokens",
                  "Sets the attention FLOP. 0 leaves attention out.", LLAMA_3, style.WHOLE, 0, 1e8, True, group=VOLUME),
            Input("long_tokens", "Long-context tokens", 0, "tokens", "A later phase. Llama 3 405B: "
                  "0.8e12 of its 15.6e12.", LLAMA_3, style.TOKENS, 0, 1e15, group=VOLUME),
            Input("long_seq_len", "Sequence length, long context", 131072, "tokens", "Llama 3: up to 128K.", LLAMA_3, style.WHOLE, 0, 1e8,
                  True, group=VOLUME),
            *_phase("long", "long context"),
            Input("post_tokens", "Post-training tokens", 0, "tokens", "Fine-tuning and preference optimisation, as training "
                  "tokens; generation of samples is no part of it.", None, style.TOKENS, 0, 1e15, group=VOLUME),
            Input("post_seq_len", "Sequence length, post-training", 8192, "tokens", "Sets the attention FLOP.", None, style.WHOLE, 0, 1e8, True, group=VOLUME),
            *_phase("post", "post-training"),
            Input("tokens_done", "Tokens done so far", None, "tokens", "Of all phases, from the run's log: with what was actually paid, typed on "
                  "Timeline, it gives a forecast by progress.", None, style.TOKENS, 0, 1e15, blank="not started", fixed=True),
            Input("global_batch", "Sequences of an optimizer step", 1024, "sequences",
                  "For the Estimate sheet alone. 1,024 x 8,192 are 8 million tokens: Llama 3 405B from early on.",
                  LLAMA_3, style.WHOLE, 1, 1e6, True, fixed=True),
            Input("recompute", "Recomputed activations", "none", "",
                  "none, selective (attention scores) or full (whole forward pass again: a third more FLOP).",
                  RECOMPUTATION, among="recompute_list", group=EFFICIENCY),
            Input("optimizer", "Optimizer state in checkpoints", "adam", "",
                  "adam: 14 bytes a parameter; adam_fp32: 12; momentum: 10; adam_8bit: 8; none: weights alone, 2.",
                  ZERO, among="optimizer_list"),
        ]),
        ("On what hardware, how well used", [
            accelerator_input(),
            Input("accelerators", "Accelerators", 1024, "devices", "All that run the training at once; whole nodes are paid.",
                  None, style.WHOLE, 1, 1e7, True),
            Input("node_size", "Accelerators in a node", 8, "devices", "They fail together, and are rented together.", None,
                  style.WHOLE, 1, 1024, True),
            Input("dtype", "Number format of the matrix products", "bf16", "", "Selects the peak on the Hardware sheet.",
                  among="hardware_dtypes", group=EFFICIENCY),
            Input("mfu", "Utilisation of the peak (MFU)", 0.4, "share of peak",
                  "Share of the dense peak while it trains. Llama 3 405B: 0.38 to 0.43; PaLM 540B: 0.46. With recomputation "
                  "it is a share of all FLOP that run (HFU).", LLAMA_3, style.PERCENT, 0.01, 1, group=EFFICIENCY),
            Input("whole_run_factor", "Published hours over calculated hours", 1.25, "ratio",
                  "What published runs paid over what a utilisation of 40 % needs: median 1.25, where the authors state hours "
                  "1.06, 90th percentile 2.5 (63 runs; 36 of them are on Published runs). The high case takes 2.3, "
                  "within the range of runs on H100. Failures below are part of it.", runs.SOURCE, "0.00", 1, 10,
                  group=EFFICIENCY),
            Input("ramp_months", "Delivery of the accelerators", 0, "months",
                  "They arrive evenly over these months before the run, and each is paid from its arrival.", None, style.TENTHS,
                  0, 24),
            Input("layout", "Layout", None, "",
                  "For the Estimate sheet alone: tp8pp4mb2 is 8 tensor-parallel ranks, 4 stages, micro-batches of 2; "
                  "also cp, ep, vp, zero3, selective, full.",
                  known=f"NOT(ISERROR(INDEX({estimate.PLAN},1,1)))", blank="the fastest that fits in memory", fixed=True),
        ]),
        price_section(UPFRONT),
        ("Failures and checkpoints", [
            Input("node_failures_per_day", "Failures of one node", 0.0038, "per node and day",
                  "A rate: 0.01 is once in a hundred days. Llama 3 405B: 419 unexpected stops, 54 days, 2,048 nodes.",
                  LLAMA_3, "0.0000", 0, 1, group=EFFICIENCY),
            Input("spot_interruptions_per_day", "Interruptions of a spot node", 0.0067, "per node and day",
                  "Added for the share on spot. One node in five a month, the highest class that AWS lists.", SPOT, "0.0000", 0, 10,
                  group=EFFICIENCY),
            Input("recovery_time", "Recovery time", 10, "minutes",
                  "From a failure to training again. With this and the next line Llama 3's failures leave 90 % of the "
                  "time, as reported.", LLAMA_3, style.TENTHS, 0, 10080, group=EFFICIENCY),
            Input("checkpoint_interval", "Checkpoint interval", 15, "minutes",
                  "Half of it is lost in each failure. Calculation shows the optimum beside it.", LLAMA_3,
                  style.TENTHS, 0.1, 10080, group=EFFICIENCY),
            Input("checkpoint_gb_per_second", "Speed of writing checkpoints", 125, "GB/s",
                  "Llama 3's storage sustained 2 TB/s for 16,384 accelerators; in proportion, 1,024 get 125 GB/s.",
                  LLAMA_3, style.TENTHS, 0.01, 1e5, group=EFFICIENCY),
        ]),
        ("Experiments, people and data", [
            Input("experiment_share", "Experiments, as multiple of the run", 1, "times the run's hours",
                  "Ablations, trials, failed starts. Published: OPT-175B 2.5 times; Epoch finds final runs to be 10 to 30 % of "
                  "research compute. 1 is an assumption.", EXPERIMENTS, style.HUNDREDTHS, 0, 100, group=VOLUME),
            Input("experiment_gpu_hours", "Experiments, accelerator-hours", None, "accelerator-hours", "If you know them.", None,
                  style.WHOLE, 0, 1e12, blank="the multiple above", group=VOLUME),
            Input("experiment_months", "Experiments last", 3, "months",
                  "They are paid evenly in the months before the run starts.", None, style.WHOLE, 1, 36, True),
            Input("researchers", "Research staff", 0, "full-time people", "From the first experiment to the end of the run.", None,
                  style.TENTHS, 0, 1e5),
            Input("usd_per_researcher", "Cost of a researcher", 0, "USD a year", "Salary, equity and overhead.", None, style.USD, 0, 1e8,
                  group=PRICE),
            Input("engineers", "Engineers", 0, "full-time people", "As above.", None, style.TENTHS, 0, 1e5),
            Input("usd_per_engineer", "Cost of an engineer", 0, "USD a year", "As above.", None, style.USD, 0, 1e8, group=PRICE),
            Input("people_months", "Months of these people", None, "months", "As many as they are paid for it.", None, style.TENTHS, 0.1, 600,
                  blank="from the first experiment to the end of the run"),
            Input("people_share", "People where none are typed", 0.39, "share of cost with them",
                  "R&D staff is 29 to 49 % of the cost of developing four frontier models; the middle is taken. 0: no people.",
                  EPOCH_PAPER, style.PERCENT, 0, 0.9),
            Input("data_usd", "Data and labels", 0, "USD", "Licences, collection, labelling; paid before the run.", None, style.USD, 0, 1e10,
                  group=PRICE, basis=YOURS),
        ]),
        ("Storage", [
            Input("checkpoints_kept", "Checkpoints kept", 5, "checkpoints", "The last ones; older ones are deleted.", None,
                  style.WHOLE, 1, 1e7, True),
            Input("tokens_per_byte", "Tokens in a byte of the dataset", 0.25, "tokens/byte",
                  "About 0.25 for English text with a large vocabulary; BLOOM's corpus has 0.22.", BLOOM, "0.00", 0.001, 10),
            Input("storage_usd_per_gb_month", "Storage price", float(storage["usd_per_gb_month"]), "USD/GB-month",
                  "For checkpoints and dataset. AWS S3 Standard, us-east-1.", storage_source, '"$"0.000##', 0, 10, group=PRICE),
        ]),
        ("Energy", [
            Input("energy_in_price", "Energy is in the price", "yes", "",
                  "yes for rented hardware: energy is then shown, not charged again. no for hardware you own.",
                  among="yes_no_list"),
            Input("watts", "Power of one accelerator with its server", None, "W", "Measured, if you know it.", None,
                  style.WHOLE, 1, 1e5, blank="TDP times the next line; without a published TDP energy is not known"),
            Input("server_power_factor", "Server over accelerators", 1.5, "ratio",
                  "An 8-GPU H100 node was measured at up to 8.4 kW, 1,050 W a GPU of 700 W.", NODE_POWER, "0.00", 1, 4),
            Input("load", "Average load", 0.75, "share of power", "Average share of that power drawn in training.", EPOCH_COSTS,
                  style.PERCENT, 0.01, 1, group=EFFICIENCY),
            Input("pue", "Power usage effectiveness", 1.25, "ratio",
                  "Energy at the meter over energy of the computers. Epoch AI: 1.1 for the largest clouds, 1.25 elsewhere.",
                  EPOCH_COSTS, "0.00", 1, 3, group=EFFICIENCY),
            Input("usd_per_kwh", "Price of electricity", 0.0929, "USD/kWh", "Average of US industry.", ELECTRICITY,
                  '"$"0.0000', 0, 5, group=PRICE),
            Input("kg_co2e_per_kwh", "Carbon intensity of the grid", float(grid["kg_co2e_per_kwh"]), "kg CO2e/kWh",
                  "World average; put in your region's.", grid_source, "0.000", 0, 3),
        ]),
        money_section(book, "Training starts"),
        ("Limits of the checks", [
            Input("state_memory_share", "Memory for model states", 0.7, "share of memory",
                  "Weights, gradients and optimizer may fill this; the rest is for activations and buffers.", None,
                  style.PERCENT, 0.05, 1, fixed=True),
            Input("goodput_floor", "Least useful share of the time", 0.8, "share of time", "Below it, Checks warns of failures.",
                  LLAMA_3, style.PERCENT, 0, 1, fixed=True),
            Input("storage_ceiling", "Highest sensible share of storage", 0.2, "share of the total",
                  "Above it, Checks advises to keep fewer checkpoints.", None, style.PERCENT, 0, 1, fixed=True, basis=ASSUMED),
            MFU_CEILING,
            Input("longest_run", "Longest believable run", 365, "days", "Above it, Checks warns: take more accelerators.", None,
                  style.WHOLE, 1, 3650, fixed=True, basis=ASSUMED),
        ]),
    ]  # fmt: skip
