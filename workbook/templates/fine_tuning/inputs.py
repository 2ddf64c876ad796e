"""The assumptions of fine-tuning."""

from __future__ import annotations

from .. import style
from ..book import Book, Source
from ..contracts import UPFRONT
from ..parts import EFFICIENCY, PRICE, VOLUME, Input, Section
from ..shared_inputs import ASSUMED, MFU_CEILING, YOURS, accelerator_input, model_input, money_section, price_section

LORA = Source(
    "LoRA (2021)",
    "LoRA: Low-Rank Adaptation of Large Language Models: adapters merged or swapped; 25 % faster training of GPT-3 175B",
    "https://arxiv.org/abs/2106.09685",
    "2021-06-17",
)
_EXAMPLE = "example: fill in yours"


def sections(book: Book) -> list[Section]:
    return [
        ("Model and method", [
            model_input("llama-3.1-8b", "A model of the Models sheet; a Hugging Face name works too.", "Base model"),
            Input("method", "Method", "lora", "", "lora: small matrices beside frozen weights; qlora: the frozen ones in 4 bit; full: all.",
                  LORA, among="method_list", group=EFFICIENCY),
            Input("rank", "Rank of the adapters", 16, "dimensions", "For lora and qlora.", LORA, style.WHOLE, 1, 4096, True, group=EFFICIENCY),
            Input("seq_len", "Sequence length", 4096, "tokens", "Examples are packed into sequences of this length.", None, style.WHOLE, 1,
                  1e7, True, group=VOLUME, basis=_EXAMPLE),
            Input("micro_batch", "Sequences at once on an accelerator", 1, "sequences", "More is faster and takes more memory.", None,
                  style.WHOLE, 1, 1024, True, group=EFFICIENCY),
        ]),
        ("Data", [
            Input("examples", "Examples", 20_000, "examples", "An example: fill in yours.", None, style.WHOLE, 1, 1e10,
                  group=VOLUME, basis=_EXAMPLE),
            Input("tokens_per_example", "Tokens of an example", 1000, "tokens", "Prompt and answer.", None, style.WHOLE, 1, 1e7,
                  group=VOLUME, basis=_EXAMPLE),
            Input("epochs", "Epochs", 3, "passes", "Times that each example is seen.", None, style.TENTHS, 0.01, 1000, group=VOLUME,
                  basis=_EXAMPLE),
            Input("packing", "Share of a packed sequence that is no padding", 0.9, "share", "1 less padding.", None, style.PERCENT, 0.01, 1,
                  basis=ASSUMED, group=EFFICIENCY),
            Input("label_usd", "Labelling of an example", 0, "USD", "By your people or a vendor.", None, style.USD_CENTS, 0, 1e5,
                  group=PRICE, basis=YOURS),
            Input("synthetic_share", "Made by a hosted model", 0, "share of examples", "The rest is labelled.", None, style.PERCENT, 0, 1),
            Input("synthetic_factor", "Tokens generated for a token kept", 2, "ratio", "Rejected drafts included.", None, style.TENTHS, 1,
                  1000, basis=ASSUMED),
            Input("api_model", "Hosted model", "gpt-5-mini", "", "For synthetic data, and for the long prompt that is the alternative.",
                  among="api_list", group=PRICE),
        ]),
        ("Runs and machine", [
            accelerator_input(),
            Input("node_size", "Accelerators rented together", 1, "devices", "1: single ones can be rented, and prices of larger instances count by "
                  "the accelerator. 8: whole nodes of eight are paid.", None, style.WHOLE, 1, 1024, True),
            Input("dtype", "Number format of the matrix products", "bf16", "", "Selects the peak on the Hardware sheet.",
                  among="hardware_dtypes", group=EFFICIENCY),
            Input("mfu", "Own utilisation of the peak", None, "share of peak", "Measure a hundred steps of yours; Measured runs has "
                  "what others reached.", None, style.PERCENT, 0.01, 1, group=EFFICIENCY,
                  blank="the estimate of the steps, else the median of Measured runs"),
            Input("speed_factor", "Speed over that", 1, "factor", "For Sensitivity, or for what your tests show.", None, "0.00", 0.01, 100,
                  group=EFFICIENCY),
            Input("memory_share", "Memory that may be filled", 0.9, "share", "The rest is for buffers.", None, style.PERCENT, 0.1, 1,
                  basis=ASSUMED),
            Input("sweep_runs", "Runs of the sweep", 6, "runs", "Learning rates, ranks, data mixes; the last one counts too.", None,
                  style.WHOLE, 1, 1e5, group=VOLUME, basis=_EXAMPLE),
            Input("failed_share", "Failed runs", 0.2, "share of runs", "Started, and thrown away.", None, style.PERCENT, 0, 10,
                  basis=ASSUMED),
            Input("evaluation_hours", "Evaluation", 4, "accelerator-hours a run", "Benchmarks and your own tests after each run. An example.", None, style.TENTHS, 0, 1e6, basis=_EXAMPLE),
            Input("refreshes", "Refreshes in the first year of use", 2, "times", "Each is one run with its evaluation, and part of the data anew.",
                  None, style.WHOLE, 0, 365, True, basis=_EXAMPLE),
            Input("refresh_data", "New data in a refresh", 0.2, "share of the data", "Labelled or generated again. An example.", None, style.PERCENT, 0, 10, basis=_EXAMPLE),
        ]),
        price_section(UPFRONT),
        ("People, storage and the alternatives", [
            Input("staff_weeks", "Staff", 12, "person-weeks", "Data, runs, evaluation, release. An example.", None, style.TENTHS, 0, 1e5,
                  basis=_EXAMPLE),
            Input("refresh_weeks", "Staff of a refresh", 2, "person-weeks", "An example.", None, style.TENTHS, 0, 1e5, basis=_EXAMPLE),
            Input("usd_per_person", "Cost of a person", 0, "USD a year", "Salary and overhead.", None, style.USD, 0, 1e8, group=PRICE,
                  basis=YOURS),
            Input("project_months", "The project takes", 3, "months", "From the first day to release.", None, style.WHOLE, 1, 36, True,
                  basis=_EXAMPLE),
            Input("versions_kept", "Versions kept", 5, "versions", "Adapters, or whole models.", None, style.WHOLE, 1, 1e4, True),
            Input("storage_usd_per_gb_month", "Storage price", 0.023, "USD/GB-month", "AWS S3 Standard, us-east-1, May 2026: see LLM_PRICE "
                  "catalog of storage.", None, '"$"0.000##', 0, 10, group=PRICE, basis="catalog of storage prices"),
            Input("hosted_usd_per_million", "Hosted tuning", None, "USD/million training tokens", "A provider's price for the same.", None,
                  style.USD_CENTS, 0, 1e5, blank="not compared", group=PRICE),
            *(Input(f"hosted_{part}_usd", f"Hosted, the tuned model's {words}", None, "USD/million tokens", "What the provider that tunes asks to "
                    "serve the result.", None, style.USD_CENTS, 0, 1e5, blank="not compared", group=PRICE)
              for part, words in (("input", "prompt"), ("output", "output"))),
            Input("serving_usd_per_month", "Serving the tuned model", None, "USD/month", "For the uses below: what hosting-budget or a quote says.",
                  None, style.USD, 0, 1e10, blank="the smallest machines that hold them on average, on demand", group=PRICE),
            Input("prompt_tokens", "Other prompt tokens", 500, "tokens a use", "What the tuned model still reads.", None, style.WHOLE, 1, 1e7,
                  group=VOLUME, basis=_EXAMPLE),
            Input("output_tokens", "Output of a use", 300, "tokens a use", "Mean, of either model.", None, style.WHOLE, 1, 1e6, group=VOLUME,
                  basis=_EXAMPLE),
            Input("extra_prompt", "Prompt tokens that tuning saves", 1500, "tokens a use", "Instructions and examples that the long prompt "
                  "has to carry.", None, style.WHOLE, 0, 1e7, group=VOLUME, basis=_EXAMPLE),
            Input("uses_per_month", "Uses a month", 100_000, "uses/month", "Of the tuned model, for the payback.", None, style.WHOLE, 0,
                  1e12, group=VOLUME, basis=_EXAMPLE),
        ]),
        money_section(book, "Project starts", "LoRA"),
        ("Limits of the checks", [MFU_CEILING]),
    ]  # fmt: skip
