"""What the candidates are compared for, and what each of them is."""

from __future__ import annotations

from .. import style
from ..book import Book
from ..contracts import UPFRONT
from ..parts import EFFICIENCY, OTHER, Input, Section
from ..serving_parts import serving_sections
from ..shared_inputs import ASSUMED, EPOCH_COSTS, NODE_POWER, money_section, price_section


def sections(book: Book) -> list[Section]:
    return [
        ("The candidate: set otherwise in each column of Scenarios", [
            Input("api_model", "Hosted twin", "deepinfra-llama-3.3-70b-instruct", "", "A row of API prices.", among="api_list", group=OTHER),
            Input("api_cached_share", "Prompt billed as cached", None, "share", "Of prompt tokens, at the hosted twin's cached price.", None,
                  style.PERCENT, 0, 1, blank="as much as own machines find in their cache", group=EFFICIENCY),
            Input("quality", "Quality", None, "your points", "Your score on your own tasks, with its date in the change log.", None,
                  style.HUNDREDTHS, 0, 1e6, blank="not scored"),
            Input("solved_share", "Tasks solved", 1, "share of requests", "From your evaluation; 1: every request counts as a solved task.",
                  None, style.PERCENT, 0.001, 1),
            Input("token_factor", "Tokens for the same task", 1, "ratio", "Other tokenizer, longer reasoning. From your evaluation.", None,
                  "0.00", 0.05, 50),
            Input("training_tokens", "Tokens of its training", 15e12, "tokens", "As its publisher states them: for the compute to "
                  "reproduce it.", None, style.TOKENS, 1, 1e15, basis="example: fill in each"),
            Input("cost_weight", "Weight of cost in the score", 0.5, "share", "The rest is the weight of quality.", None, style.PERCENT, 0, 1,
                  fixed=True),
            Input("least_context", "Context that is needed", 8192, "tokens", "Candidates with less are marked.", None, style.WHOLE, 1, 1e8,
                  True, fixed=True),
        ]),
        *serving_sections("llama-3.3-70b", queues=False),
        price_section(UPFRONT),
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
