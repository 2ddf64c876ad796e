"""What the candidates are compared for, and what each of them is."""

from __future__ import annotations

from datetime import date

from .. import style
from ..book import Book, Source
from ..contracts import UPFRONT
from ..parts import EFFICIENCY, OTHER, Input, Section
from ..serving_parts import serving_sections
from ..shared_inputs import ASSUMED, EPOCH_COSTS, NODE_POWER, money_section, price_section
from ..sheets import api_prices

_TRAINED = Source(
    "Qwen3 (2025)", "Qwen3 Technical Report: 36 trillion tokens of pre-training", "https://arxiv.org/abs/2505.09388", "2025-05-14",
)  # fmt: skip


def sections(book: Book) -> list[Section]:
    return [
        ("The candidate: set otherwise in each column of Scenarios", [
            Input("api_model", "Hosted twin", "deepinfra-llama-3.3-70b-instruct", "", "A row of API prices.", among="api_list", group=OTHER),
            api_prices.CACHED,
            Input("quality", "Quality", None, "your points", "Your score on your own tasks.", None,
                  style.HUNDREDTHS, 0, 1e6, blank="not scored"),
            Input("quality_source", "Where quality was measured", None, "", "Your test, its version, who ran it.",
                  known="LEN(quality_source)>0", blank="not said"),
            Input("quality_date", "When", None, "date", "The day of that measurement.", None, style.DATE, date(2020, 1, 1), date(2100, 1, 1),
                  blank="not said"),
            Input("solved_share", "Tasks solved", 1, "share of requests", "From your evaluation; 1: every request counts as a solved task.",
                  None, style.PERCENT, 0.001, 1),
            Input("token_factor", "Tokens for the same task", 1, "ratio", "Other tokenizer, longer reasoning. From your evaluation.", None,
                  "0.00", 0.05, 50),
            Input("training_tokens", "Tokens of its training", None, "tokens", "As its publisher states them, to reproduce it: 15e12 of Llama 3.1 "
                  "and 3.3 (model cards), 36e12 of Qwen3; of gpt-oss none is published.", _TRAINED, style.TOKENS, 1, 1e15, blank="not known"),
            Input("licence_allows", "Licence allows your use", None, "", "yes or no, by who has read it; no leaves the candidate out.",
                  among="yes_no_list", blank="not read yet"),
            Input("cost_weight", "Weight of cost in the score", 0.5, "share", "The rest is the weight of quality.", None, style.PERCENT, 0, 1,
                  fixed=True),
            Input("least_context", "Context that is needed", 8192, "tokens", "Candidates with less are marked.", None, style.WHOLE, 1, 1e8,
                  True, fixed=True),
        ]),
        *serving_sections("llama-3.3-70b", queues=False),
        price_section(UPFRONT),
        ("Training it again", [
            Input("training_use", "Utilisation that is paid", 0.32, "share of peak",
                  "Published whole runs paid for 1.25 times the hours of 40 % (median): see training-budget.", None, style.PERCENT, 0.01, 1,
                  basis="median of published runs", group=EFFICIENCY),
        ]),
        ("Energy", [
            Input("server_power_factor", "Server over accelerators", 1.5, "ratio",
                  "An 8-GPU H100 node was measured at up to 8.4 kW, 1,050 W a GPU of 700 W.", NODE_POWER, "0.00", 1, 4),
            Input("load", "Average load", 0.75, "share of power", "While it serves.", EPOCH_COSTS, style.PERCENT, 0.01, 1),
            Input("pue", "Power usage effectiveness", 1.25, "ratio", "Epoch AI: 1.1 for the largest clouds, 1.25 elsewhere.", EPOCH_COSTS,
                  "0.00", 1, 3),
        ]),
        ("Beside the accelerators", [
            Input("operations_share", "Operations and staff", 0.2, "share of accelerators' cost", "An assumption, the same for all.", None,
                  style.PERCENT, 0, 5, basis=ASSUMED),
        ]),
        money_section(book, "Service starts", "llama-3.3-70b"),
    ]  # fmt: skip
