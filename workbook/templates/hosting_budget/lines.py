"""The bill of the hosting budget. `{line}` is that step in the same column; other words are names."""

from __future__ import annotations

from .. import style
from ..parts import Block, Cost, Line, TimeRow
from ..serving_parts import ACCELERATORS_MONTH, BY_HOUR, FACTS, LATENCY, RATES, SIZE, TRAFFIC, estimate_range
from ..shared_inputs import price_lines

_INT = style.WHOLE
BLOCKS: list[Block] = [FACTS, ("Price of an accelerator-hour", price_lines()), TRAFFIC, *BY_HOUR, SIZE, LATENCY, RATES, ("Data", [
    Line("gb_per_request", "Sent and logged by a request", "GB", "({prompt_tokens}+{output_tokens})*{bytes_per_token}/bytes_per_gb", "",
         "0.0E+00"),
])]  # fmt: skip
COSTS = [
    Cost(Line("cost_accelerators", "Accelerators", "USD/month",
              "({committed}*{committed_rate}+({accelerators_paid}-{committed})*{flexible_rate})*hours_per_month", "", style.USD,
              "Accelerators"), ACCELERATORS_MONTH),
    Cost(Line("cost_guard", "Guard model", "USD/month", "{guard_share}*{cost_accelerators}", "", style.USD, "Guard model"),
         "guard_share_shown*{paid_cost_accelerators}"),
    Cost(Line("cost_network", "Traffic out", "USD/month",
              "{requests_month}*{output_tokens}*{bytes_per_token}/bytes_per_gb*{egress_usd_per_gb}", "", style.USD, "Traffic out"),
         "{active}*{requests}*output_tokens_shown*bytes_per_token_shown/bytes_per_gb*egress_usd_per_gb_shown"),
    Cost(Line("cost_logs", "Logs", "USD/month", "{requests_month}*{gb_per_request}*{log_usd_per_gb}", "", style.USD, "Logs"),
         "{active}*{requests}*gb_per_request*log_usd_per_gb_shown"),
    Cost(Line("cost_platform", "Load balancer and vector store", "USD/month", "{balancer_usd}+{vector_usd}", "", style.USD,
              "Load balancer and vector store"), "{active}*cost_platform"),
    Cost(Line("cost_support", "Support and software", "USD/month", "{support_share}*{cost_accelerators}", "", style.USD,
              "Support and software"), "support_share_shown*{paid_cost_accelerators}"),
    Cost(Line("cost_staff", "Staff", "USD/month", "{staff}*{usd_per_person}/months_per_year", "", style.USD, "Staff"),
         "{active}*cost_staff"),
]  # fmt: skip
AFTER = [
    TimeRow(
        "earned",
        "Earned",
        "USD",
        "{active}*{requests}*usd_earned_per_request_shown",
        style.USD,
        "SUM({all})",
        "Earned over the plan",
    ),
    TimeRow(
        "margin_plan",
        "Margin",
        "USD",
        "IF(usd_earned_per_request_shown=0,0,{earned}-{paid})",
        style.USD,
        "SUM({all})",
        "Margin over the plan; 0 where no income is typed",
    ),
]
RESULTS: list[Block] = [
    estimate_range("{guard_share}+{support_share}"),
    ("Key figures", [
        Line("tokens_month", "Tokens in and out", "tokens/month", "{requests_month}*({prompt_tokens}+{output_tokens})", "", style.TOKENS),
        Line("usd_per_million_tokens", "A million tokens, in and out", "USD", "IF({tokens_month}=0,0,{total_cost}/{tokens_month}*million)",
             "All costs of the month over its tokens.", style.RATE, "All costs for a million tokens, prompt and output together"),
        Line("usd_per_million_output", "A million output tokens, mean load", "USD",
             "IF({requests_month}=0,0,{total_cost}/({requests_month}*{output_tokens})*million)", "Prompts are paid with them.", style.RATE,
             "All costs for a million output tokens at mean load"),
        Line("usd_per_million_peak", "A million output tokens, at the peak rate", "USD",
             "{total_cost}/({peak_speed}*seconds_per_hour*hours_per_month)*million", "If the peak lasted all month.", style.RATE),
        Line("usd_per_million_full", "A million output tokens, replicas full", "USD",
             "{total_cost}/({replicas_paid}*{replica_speed}*seconds_per_hour*hours_per_month)*million", "The least that it can be.",
             style.RATE, "All costs for a million output tokens if the replicas were always full"),
        Line("usd_per_request", "A request", "USD", "IF({requests_month}=0,0,{total_cost}/{requests_month})", "", style.RATE,
             "All costs for a request"),
        Line("usd_per_user", "A user, a month", "USD/month", 'IF(ISNUMBER({users}),{total_cost}/{users},"–")', "", style.USD_CENTS),
        Line("idle_usd", "Accelerators' cost of idle time", "USD/month", "{cost_accelerators}*(1-MIN(1,{utilisation}))", "", style.USD,
             "Part of the accelerators' cost that the mean load does not use"),
        Line("margin_usd", "Margin", "USD/month", 'IF({usd_earned_per_request}=0,"no income typed",{requests_month}*{usd_earned_per_request}-{total_cost})', "", style.USD,
             "Earned less cost"),
        Line("requests_capacity", "Requests a day that fit", "requests/day",
             "({replicas}-{regions}*{spare_replicas})*{replica_holds}/{output_tokens}/{peak_over_mean}*seconds_per_day",
             "At the same peak over mean, spares kept.", _INT, "Requests a day that the replicas hold"),
    ]),
]  # fmt: skip
