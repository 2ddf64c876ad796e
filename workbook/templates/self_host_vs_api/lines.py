"""The two bills. `{line}` is that step in the same column; other words are names."""

from __future__ import annotations

from .. import style
from ..parts import PAID_BACK, Block, Cost, Line, TimeRow
from ..serving_parts import ACCELERATORS_MONTH, BY_HOUR, FACTS, LATENCY, RATES, SIZE, TRAFFIC, estimate_range
from ..shared_inputs import price_lines
from ..sheets import api_prices

_API: Block = ("The hosted model", [
    *api_prices.LINES,
    Line("api_discount", "Paid of the list", "share", "(1-{batch_share}*{batch_discount})*(1-{volume_discount})", "", style.PERCENT),
    Line("api_now", "Level of prices in the month sized", "factor", "(1-{api_erosion})^(sizing_month_no/months_per_year)", "", "0.000"),
    Line("api_usd_per_request", "A request", "USD",
         "({prompt_tokens}*((1-{api_cached_part})*{api_input_price}+{api_cached_part}*{api_cached_price})"
         "+{output_tokens}*{api_output_price})/million*{api_discount}", "At the start.", style.RATE),
    Line("api_usd", "API in the month sized", "USD/month",
         "MAX({api_commitment},{requests_month}*{api_usd_per_request}*{api_now})*(1+{contingency})*(1+{tax})",
         "Not less than what is committed. Contingency and tax as on the own service.", style.USD, "The hosted model in the month that is sized",
         True),
])  # fmt: skip
_SERVED = Line("served_tokens", "Output tokens of a request", "tokens", "{output_tokens}*{token_factor}",
               "The own model's for the same task.", style.WHOLE)  # fmt: skip
_TRAFFIC: Block = (TRAFFIC[0], [_SERVED if line.name == _SERVED.name else line for line in TRAFFIC[1]])
BLOCKS: list[Block] = [
    FACTS,
    ("Price of an accelerator-hour", price_lines()),
    _TRAFFIC,
    *BY_HOUR,
    SIZE,
    LATENCY,
    RATES,
    _API,
]
COSTS = [
    Cost(Line("cost_accelerators", "Accelerators", "USD/month",
              "({committed}*{committed_rate}+({accelerators_paid}-{committed})*{flexible_rate})*hours_per_month", "", style.USD,
              "Accelerators"), ACCELERATORS_MONTH),
    Cost(Line("cost_operations", "Operations", "USD/month", "{operations_share}*{cost_accelerators}", "", style.USD, "Operations"),
         "operations_share_shown*{paid_cost_accelerators}"),
    Cost(Line("cost_staff", "Staff", "USD/month", "{staff}*{usd_per_person}/months_per_year", "", style.USD, "Staff"),
         "{active}*cost_staff"),
    Cost(Line("cost_once", "Migration and evaluation", "USD/month",
              "IF(sizing_month_no=0,{migration_usd}+{evaluation_usd},0)", "Paid in the first month.", style.USD,
              "Migration and evaluation"), "({number}=0)*(migration_usd_shown+evaluation_usd_shown)"),
]  # fmt: skip
AFTER = [
    TimeRow("api_month", "API for the same work", "USD",
            "{active}*MAX(api_commitment_shown,{requests}*api_usd_per_request*(1-api_erosion_shown)^({number}/months_per_year))"
            "*(1+contingency_shown)*(1+tax_shown)", style.USD, "SUM({all})",
            "The hosted model over the plan"),
    TimeRow("saved", "Saved by the own service, with inflation", "USD", "{api_month}*{inflation_factor}-{nominal}", style.USD, "SUM({all})",
            "Saved over the plan by the own service, with inflation"),
    TimeRow("saved_so_far", "Saved so far", "USD", "SUM({to_date})", style.USD),
    TimeRow("saved_discounted", "Saved, at today's value", "USD", "{saved}*{discount_factor}", style.USD, "SUM({all})",
            "Present value of what the own service saves"),
    TimeRow("payback_month", "Month, where not yet paid back", "month", "({saved_so_far}<0)*({number}+1)", "0",
            PAID_BACK, "Month in which the own service has paid back", "month"),
]  # fmt: skip
RESULTS: list[Block] = [
    estimate_range("{operations_share}"),
    ("Key figures", [
        Line("tokens_month", "Tokens in and out", "tokens/month", "{requests_month}*({prompt_tokens}+{output_tokens})",
             "As the API counts them.", style.TOKENS),
        Line("usd_per_million_tokens", "Own, a million of them", "USD", "IF({tokens_month}=0,0,{total_cost}/{tokens_month}*million)", "",
             style.RATE, "Own hosting for a million tokens in and out"),
        Line("api_usd_per_million", "API, a million of them", "USD", "IF({tokens_month}=0,0,{api_usd}/{tokens_month}*million)", "",
             style.RATE, "The hosted model for a million tokens in and out"),
        Line("saved_month", "Saved by the own service", "USD/month", "{api_usd}-{total_cost}", "Negative: the API is cheaper.", style.USD,
             "Saved by the own service in the month that is sized"),
        Line("cheaper", "Cheaper", "text", 'IF({saved_month}>0,"own service","API")', "", style.GENERAL, "Which one is cheaper"),
        Line("cheaper_by", "By", "USD/month", "ABS({saved_month})", "", style.USD),
        Line("full_usd_per_request", "Own, a request, replicas full", "USD",
             "{price_used}*{replica_accelerators}/({replica_speed}*seconds_per_hour)*{output_tokens}*{token_factor}",
             "Accelerators alone.", style.RATE),
        Line("needed_use", "Use that own replicas need, accelerators alone", "share", "{full_usd_per_request}/({api_usd_per_request}*{api_now})",
             "Accelerators alone; above 100 %: never.", style.PERCENT, "Use of full replicas at which accelerators equal the API"),
    ]),
]  # fmt: skip
