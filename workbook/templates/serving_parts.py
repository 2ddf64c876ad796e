"""What templates about serving share: traffic, service level, replicas and their rates.

`{line}` in a formula is that step in the same column; other words are names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from . import style
from .contracts import BLEND, COMMITMENTS, FLEXIBLE_RATE, committed_lines, whole_units
from .parts import EFFICIENCY, VOLUME, Block, Constant, Input, Line, Section, TimeRow
from .shared_inputs import ASSUMED, TERMS, YOURS, accelerator_input, hardware_lines, model_input

_EXAMPLE = "example: fill in yours"
HOURS_SHEET, HOURS_FIRST, HOURS = "Load by hour", 7, 24
"""The sheet of the hours of a day, the row of the first, and how many there are."""


_QUANTILE = Input(
    "latency_quantile", "Quantile of both", 0.95, "share of requests",
    "At the peak this share of the requests is to be as quick as that: Checks compares.", None, style.PERCENT, 0.5, 0.999, basis=ASSUMED,
)  # fmt: skip

_INCOME = [
    Input("users", "Users", None, "people", "For the cost of one.", None, style.WHOLE, 1, 1e10, blank="not shown", group=VOLUME),
    Input("usd_earned_per_request", "Earned by a request", 0, "USD", "For the margin.", None, '"$"0.0000', 0, 1e6, basis=YOURS),
]  # fmt: skip


def serving_sections(model: str, *, queues: bool = True, income: bool = False) -> list[Section]:
    """Traffic, and the service level with the replicas that hold it. `queues`: what becomes of it at the peak is asked;
    `income`: what the service earns too."""
    return [
        ("Traffic", [
            replace(model_input(model, "A model of the Models sheet; a Hugging Face name works too."), group=EFFICIENCY),  # the same work
            Input("requests_per_day", "Requests a day at the start", 500_000, "requests/day", "Mean of a month. An example.", None,
                  style.WHOLE, 1, 1e12, group=VOLUME, basis=_EXAMPLE),
            Input("growth", "Growth", 0.05, "share a month", "Compounded each month, but for months that are typed on Load by hour. An "
                  "example.", None, style.PERCENT, -0.5, 2, group=VOLUME, basis=_EXAMPLE),
            Input("sizing_month_no", "Month that is sized", 12, "months from the start",
                  "Calculation, Dashboard and Scenarios show this month; Timeline has all.", None, style.WHOLE, 0, 59, True,
                  fixed=True),
            Input("horizon_months", "Months of the plan", 36, "months", "Timeline counts these.", None, style.WHOLE, 1, 60, True),
            Input("peak_over_mean", "Peak over mean rate", 2.5, "ratio", "Of the busiest hour to the mean of the month. An "
                  "assumption: take it from your logs.", None, style.TENTHS, 1, 100, group=VOLUME, basis=ASSUMED),
            Input("prompt_tokens", "Prompt of a request", 2000, "tokens", "Mean, with system prompt and documents. An example.", None,
                  style.WHOLE, 1, 1e7, group=VOLUME, basis=_EXAMPLE),
            Input("output_tokens", "Output of a request", 300, "tokens", "Mean, with reasoning tokens. An example.", None, style.WHOLE,
                  1, 1e6, group=VOLUME, basis=_EXAMPLE),
            Input("cached_share", "Prompt found in the prefix cache", 0, "share", "Of prompt tokens; they need no first pass.", None,
                  style.PERCENT, 0, 0.99, group=EFFICIENCY),
            *(_INCOME if income else []),
        ]),
        ("Service level and replicas", [
            accelerator_input(),
            Input("node_size", "Accelerators in a node", 8, "devices", "Rented together.", None, style.WHOLE, 1, 1024, True),
            Input("ttft_slo", "Limit on the first token", 2, "s", "Of a request at the batch that is planned.", None, "0.00", 0.01,
                  3600),
            Input("tpot_slo", "Limit on each further token", 0.05, "s", "0.05 s are 20 tokens a second for a reader.", None, "0.000",
                  0.001, 60),
            *([_QUANTILE] if queues else []),
            Input("replica_by", "Replica chosen by", "plan", "",
                  "plan: the cheapest layout within both limits, as LLM_SERVE_PLAN finds it. fewest: the fewest accelerators that hold the "
                  "requests below.",
                  among="replica_list", group=EFFICIENCY),
            Input("max_count", "Largest replica of the plan", 8, "accelerators", "Layouts up to this are compared.", None, style.WHOLE, 1,
                  1024, True),
            Input("replica_batch", "Requests at once, of fewest", 32, "requests", "Fewer are quicker each and dearer. An example.", None,
                  style.WHOLE, 1, 4096, True, group=EFFICIENCY, basis=_EXAMPLE),
            Input("replica_format", "Number format, of fewest", "published", "", "Of the weights; a plan compares all that the accelerator "
                  "computes in.", among="format_list", group=EFFICIENCY),
            Input("own_speed", "Own measured speed of a replica", None, "output tokens/s",
                  "What one replica gave within your limits. It wins over the estimate.", None, style.WHOLE, 0.001, 1e9,
                  blank="estimated", group=EFFICIENCY),
            Input("own_accelerators", "Accelerators of that replica", None, "accelerators",
                  "Needed with the own speed; alone it replaces the number of fewest.", None, style.WHOLE, 1, 1e5, True,
                  blank="the plan's, or the fewest"),
            Input("speed_factor", "Speed over that", 1, "factor", "For Sensitivity, or for what your tests show.", None, "0.00", 0.01,
                  100, group=EFFICIENCY),
            Input("load_limit", "Load at which the limits still hold", 0.7, "share of the speed",
                  "Requests come at random: queues grow long before a replica is full. LLM_LATENCY_AT_LOAD shows where. An assumption.",
                  None, style.PERCENT, 0.05, 1, group=EFFICIENCY, basis=ASSUMED),
            Input("regions", "Regions", 1, "regions", "Traffic is split evenly; each has its own spares.", None, style.WHOLE, 1, 100,
                  True),
            Input("spare_replicas", "Spare replicas in a region", 1, "replicas", "N+1: one may fail at the peak.", None, style.WHOLE, 0,
                  1000, True),
            Input("min_replicas", "Least replicas in a region", 1, "replicas", "0: a region without traffic costs nothing.", None,
                  style.WHOLE, 0, 1e5, True),
            Input("autoscale", "Replicas follow the load", "no", "",
                  "yes: paid by the hour, as Load by hour has it; no: for the peak all the time. Committed hardware is always paid.",
                  among="yes_no_list", group=EFFICIENCY),
            Input("whole_nodes", "Whole nodes are paid", "yes", "", "no: single accelerators can be rented.", among="yes_no_list"),
        ]),
    ]  # fmt: skip


_INT = style.WHOLE
_PLAN = (
    "INDEX(LLM_SERVE_PLAN({model_id},{accelerator_id},{prompt_tokens},{output_tokens},{ttft_slo},{tpot_slo},{max_count},1,"
    "{cached_share}),answer_row,{column})"
)
_FORMAT = 'IF({replica_format}="published","",{replica_format})'
_FEWEST = {
    "accelerators": f"LLM_MIN_GPUS({{model_id}},{{accelerator_id}},{{prompt_tokens}}+{{output_tokens}},{{replica_batch}},{_FORMAT})",
    "speed": "LLM_THROUGHPUT({model_id},{accelerator_id},{replica_accelerators},{prompt_tokens},{output_tokens},{replica_batch},"
             "{replica_dtype},,,{cached_share})",
    "layout": '"the quickest"',
    "dtype": 'IF({replica_format}="published",LLM_MODEL({model_id},"published_dtype"),{replica_format})',
    "ttft": "LLM_TTFT({model_id},{accelerator_id},{replica_accelerators},{prompt_tokens}*(1-{cached_share}),1,{replica_dtype})"
            "+{replica_tpot}*half",
    "tpot": "{replica_batch}/{replica_listed}",
}  # fmt: skip


def _replica(column: str, measured: str = '"your own"', known: str = "own_speed") -> str:
    """A fact of the replica: measured, of the fewest accelerators by formulas, or of the plan."""
    plan = _PLAN.replace("{column}", f"column_{column}")
    return f'IF(ISNUMBER({{{known}}}),{measured},IF({{replica_by}}="fewest",{_FEWEST[column]},{plan}))'


def _end(bound: str, column: str) -> str:
    """The speed at an end of measured engines; of a replica that no plan chose it needs LLM_ESTIMATE_BOUND."""
    plan = _PLAN.replace("{column}", f"column_{column}")
    ends = (
        f'IFERROR(LLM_ESTIMATE_BOUND("LLM_THROUGHPUT","{bound}",{{model_id}},{{accelerator_id}},{{replica_accelerators}},'
        '{prompt_tokens},{output_tokens},{replica_batch},{replica_dtype},,,{cached_share}),"–")'
    )
    return f'IF(ISNUMBER({{own_speed}}),{{own_speed}},IF({{replica_by}}="fewest",{ends},{plan}))'


def _in_column(name: str) -> str:
    return f"{{{name}}}"


def live(name: str) -> str:
    """The name of what the scenario shown has of an input or a line."""
    return name if name in ("hour_swing", "replica_accelerators", "replicas_a_node") else f"{name}_shown"


def replicas_at(load: str, speed: str, holds: str, of: Callable[[str], str] = _in_column) -> str:
    """Replicas of all regions in an hour whose load over the mean is `load`, where they follow it, for a mean output
    `speed`. `of` writes the name of an input or a line as the formula's place has it."""
    regions, least, spare, swing = map(of, ("regions", "min_replicas", "spare_replicas", "hour_swing"))
    needed = f"ROUNDUP(ROUND({speed}*(1+({load}-1)*{swing})/{regions}/{holds},rounding_digits),0)"
    return f"{regions}*MAX({least},{needed}+{spare}*({load}>0))"


def accelerators_of(replicas: str, of: Callable[[str], str] = _in_column) -> str:
    """The accelerators that are paid for so many replicas: whole nodes in each region, none with a part of a replica that fits in one."""
    regions, size, whole, each, fit = map(
        of, ("regions", "node_size", "whole_nodes", "replica_accelerators", "replicas_a_node")
    )
    nodes = f"ROUNDUP(ROUND({replicas}/{regions}/{fit},rounding_digits),0)"
    return f'IF({whole}="yes",{nodes}*{size},{replicas}*{each}/{regions})*{regions}'


def _hour(number: int) -> str:
    return f"'{HOURS_SHEET}'!$C${HOURS_FIRST + number}"


def _whole(count: str) -> str:
    return f'IF({{whole_nodes}}="yes",{whole_units(count, "{node_size}")},{count})'


FACTS: Block = ("What one replica holds (LLM_* cells)", [
    Line("model_id", "Model", "id", 'IFERROR(LLM_MODEL({model},"id"),{model})', "", style.GENERAL, fact=True),
    Line("parameters", "Parameters", "parameters", "LLM_PARAMS({model_id})", "", _INT, fact=True),
    Line("model_context", "Longest context", "tokens", 'IFERROR(LLM_MODEL({model_id},"context"),0)', "", '#,##0;;"not published"', fact=True),
    *hardware_lines(),
    Line("replica_layout", "Layout of a replica", "layout", _replica("layout"),
         "The cheapest layout of LLM_SERVE_PLAN that meets both limits, or the quickest of the fewest accelerators.", style.GENERAL,
         fact=True),
    Line("replica_dtype", "Number format of the weights", "format", _replica("dtype"), "", style.GENERAL, fact=True),
    Line("replica_accelerators", "Accelerators of a replica", "accelerators",
         _replica("accelerators", "{own_accelerators}", "own_accelerators"), "", _INT, "Accelerators of one replica", fact=True),
    Line("replicas_a_node", "Replicas that a node holds", "replicas",
         "IF({replica_accelerators}>{node_size},{node_size}/{replica_accelerators},INT({node_size}/{replica_accelerators}))",
         "Whole ones; a larger replica takes a part of several nodes.", style.HUNDREDTHS),
    Line("replica_listed", "Its speed, estimated or measured", "output tokens/s", _replica("speed", "{own_speed}"),
         "With as many requests at once as the limits allow, or as Inputs say.", _INT, fact=True),
    Line("replica_slow", "A tenth of measured engines is slower", "output tokens/s", _end("low", "slow"),
         "The low end of LLM_ESTIMATE_BOUND: four of five measured engines lie between. Your own speed has no range.", _INT, fact=True),
    Line("replica_fast", "A tenth is faster", "output tokens/s", _end("high", "fast"), "", _INT, fact=True),
    Line("replica_tpot", "Each further token", "s", _replica("tpot"), "", "0.0000", fact=True),
    Line("replica_ttft", "First token", "s", _replica("ttft"),
         "Of the fewest: a prompt alone, after half a step of waiting.", "0.000", fact=True),
    Line("replica_speed", "Speed used", "output tokens/s", "{replica_listed}*{speed_factor}", "", _INT, "Speed of one replica"),
    Line("replica_holds", "Held within the limits", "output tokens/s", "{replica_speed}*{load_limit}", "At the load that queues allow.",
         _INT),
])  # fmt: skip


def requests_of(start: str, growth: str, typed: str, month: str) -> str:
    """Requests a day of a month: typed on Load by hour, and moved as the start is by a scenario, else with growth."""
    return f"IF(ISNUMBER({typed}),{typed}*{start}/requests_per_day,{start}*(1+{growth})^{month})"


TRAFFIC: Block = ("Traffic of the month that is sized", [
    Line("plan_start", "Plan starts", "date", "{start_date}", "", style.DATE),
    Line("plan_end", "Plan ends", "date", "EDATE({start_date}-DAY({start_date})+1,{horizon_months})-1",
         "Calendar months, from that of the start.", style.DATE),
    Line("sizing_month", "Month sized", "date", "EDATE({start_date},sizing_month_no)", "", style.DATE),
    Line("requests_day", "Requests a day", "requests/day", requests_of("{requests_per_day}", "{growth}", "INDEX(requests_typed,sizing_month_no+1)",
         "sizing_month_no"), "With growth, or as typed for the month.", _INT),
    Line("requests_month", "Requests a month", "requests/month", "{requests_day}*days_per_month", "", _INT),
    Line("mean_rate", "Mean rate", "requests/s", "{requests_day}/seconds_per_day", "", style.HUNDREDTHS),
    Line("peak_rate", "Peak rate", "requests/s", "{mean_rate}*{peak_over_mean}", "", style.HUNDREDTHS, "Requests a second at the peak"),
    Line("served_tokens", "Output tokens of a request", "tokens", "{output_tokens}", "As the own model needs them.", _INT),
    Line("mean_speed", "Output at mean load", "tokens/s", "{mean_rate}*{served_tokens}", "", _INT),
    Line("peak_speed", "Output at the peak", "tokens/s", "{peak_rate}*{served_tokens}", "", _INT),
])  # fmt: skip
_BY_HOUR = f"{{accelerators_00}}:{{accelerators_{HOURS - 1}}}"
BY_HOUR: list[Block] = [("Replicas by the hour, where they follow the load", [
    Line("hour_swing", "How far the hours keep their shape", "share",
         "IF(MAX(hour_load)<={peak_over_mean},1,({peak_over_mean}-1)/(MAX(hour_load)-1))",
         "Below 100 %: the busiest hour of Load by hour would exceed the peak, so all hours are drawn nearer to the mean.", style.PERCENT),
    *(Line(f"replicas_{hour:02d}", f"Replicas from {hour:02d}:00", "replicas", replicas_at(_hour(hour), "{mean_speed}", "{replica_holds}"),
           "Of all regions, with spares, for the load of the hour." if hour == 0 else "", _INT) for hour in range(HOURS)),
]), ("Accelerators by the hour", [
    *(Line(f"accelerators_{hour:02d}", f"Accelerators from {hour:02d}:00", "accelerators", accelerators_of(f"{{replicas_{hour:02d}}}"),
           "Whole nodes in each region." if hour == 0 else "", _INT) for hour in range(HOURS)),
])]  # fmt: skip
SIZE: Block = ("Replicas and accelerators", [
    Line("replicas_needed", "Needed in a region at the peak", "replicas", "ROUNDUP(ROUND({peak_speed}/{regions}/{replica_holds},rounding_digits),0)",
         "Whole replicas: a staircase.", _INT),
    Line("replicas", "Replicas of all regions", "replicas", "{regions}*MAX({min_replicas},{replicas_needed}+{spare_replicas})",
         "With spares, and not fewer than the least.", _INT, "Replicas of all regions at the peak"),
    Line("replicas_mean", "Replicas if they follow the load", "replicas", f"SUM({{replicas_00}}:{{replicas_{HOURS - 1}}})/hours_per_day",
         "Mean of the hours.", style.TENTHS),
    Line("replicas_paid", "Replicas paid on average", "replicas", 'IF({autoscale}="yes",{replicas_mean},{replicas})', "", style.TENTHS),
    Line("accelerators_peak", "Accelerators at the peak", "accelerators",
         accelerators_of("{replicas}"), "Whole nodes in each region.", _INT,
         "Accelerators that must be available at the peak"),
    Line("accelerators_used", "Accelerators needed on average", "accelerators",
         f'IF({{autoscale}}="yes",SUM({_BY_HOUR})/hours_per_day,{{accelerators_peak}})',
         "The peak's, or the mean of the hours where replicas follow the load.", style.TENTHS),
    *committed_lines("{accelerators_used}", _whole),
    Line("committed", "Committed", "accelerators", "{committed_1y}+{committed_3y}",
         "Owed in every hour and month of its term, needed or not: see Timeline.", style.TENTHS),
    Line("accelerators_paid", "Accelerators paid", "accelerators",
         f'IF({{autoscale}}="yes",{{committed}}+SUMPRODUCT(({_BY_HOUR}>{{committed}})*({_BY_HOUR}-{{committed}}))/hours_per_day,'
         "{accelerators_used})", "What is committed, and in each hour what is needed beyond it.", style.TENTHS,
         "Accelerators paid in the month that is sized"),
    Line("utilisation", "Used at mean load", "share", "{mean_speed}/({replicas_paid}*{replica_speed})", "", style.PERCENT,
         "Share of the replicas' speed that the mean load uses"),
    Line("headroom", "Headroom at the peak", "share", "1-{peak_speed}/({replicas}*{replica_speed})", "", style.PERCENT,
         "Share of the replicas' speed that is left at the peak"),
])  # fmt: skip


def _latency(metric: str) -> str:
    call = (
        "LLM_LATENCY_AT_LOAD({model_id},{accelerator_id},{replica_accelerators},{prompt_tokens},{served_tokens},{rate_each},"
        f'{{latency_quantile}},"{metric}",{{replica_dtype}},,IF({{replica_by}}="fewest","",{{replica_layout}}),,{{cached_share}})'
    )
    return f'IF(ISNUMBER({{own_speed}}),"your own",IFERROR({call},"too much load, or not known"))'


def _fleet(column: str) -> str:
    call = (
        "LLM_FLEET({model_id},{accelerator_id},{peak_rate}/{regions},{prompt_tokens},{served_tokens},{ttft_slo},{tpot_slo},"
        "{latency_quantile},{cached_share},{replica_dtype},,{max_count})"
    )
    return f'IF(ISNUMBER({{own_speed}}),"your own",IFERROR({{regions}}*INDEX({call},answer_row,{column}),"none, or not known"))'


LATENCY: Block = ("Latency at the peak, spares down, and the fleet that holds it (LLM_* cells)", [
    Line("rate_each", "Requests to one replica", "requests/s", "{peak_rate}/MAX(1,{replicas}-{regions}*{spare_replicas})", "",
         style.HUNDREDTHS),
    Line("peak_ttft", "First token, at the quantile", "s", _latency("ttft"), "Requests come at random; queueing included.", "0.000",
         "First token at the peak, at the quantile of Inputs", fact=True),
    Line("peak_tpot", "Each further token, at the quantile", "s", _latency("tpot"), "", "0.0000",
         "Each further token at the peak, at the quantile of Inputs", fact=True),
    Line("fleet_accelerators", "Accelerators that hold the peak, by LLM_FLEET", "accelerators", _fleet("column_fleet"),
         "The cheapest fleet that keeps both limits for the quantile of the requests as they come at random; whole nodes, no spares.",
         _INT, "Accelerators of the cheapest fleet that holds the peak at the quantile (LLM_FLEET)", fact=True),
    Line("fleet_low", "Its low end", "accelerators", _fleet("column_fleet_low"), "A tenth of measured systems would need fewer.",
         _INT, fact=True),
    Line("fleet_high", "Its high end", "accelerators", _fleet("column_fleet_high"), "A tenth would need more.", _INT, fact=True),
])  # fmt: skip
RATES: Block = ("Rates", [
    BLEND,
    Line("commitment_months", "First commitment ends after", "months",
         "IF({one_year_share}>0,months_1y,({three_year_share}>0)*months_3y)", "0 without a commitment.", _INT),
    Line("committed_rate", "Committed hour", "USD/accelerator-hour",
         "IF({committed}=0,0,({committed_1y}*{price_1y}+{committed_3y}*{price_3y})/{committed})", "", style.RATE),
    FLEXIBLE_RATE,
])  # fmt: skip


def _where_known(name: str, formula: str) -> str:
    return f'IF(ISTEXT({{{name}}}),"–",{formula})'


def estimate_range(beside: str) -> Block:
    """P10, P50 and P90 of the month: the same traffic on replicas as fast, or as slow, as measured engines were.
    `beside`: the shares of the accelerators' cost that move with it."""

    def sized(end: str, word: str) -> list[Line]:
        holds = f"({{replica_{end}}}*{{speed_factor}}*{{load_limit}})"
        needed = f"ROUNDUP(ROUND({{peak_speed}}/{{regions}}/{holds},rounding_digits),0)"
        replicas = f"{{regions}}*MAX({{min_replicas}},{needed}+{{spare_replicas}})"
        peak = accelerators_of(f"{{replicas_{end}}}")
        paid = f"MAX({{committed}},{peak}*IF({{accelerators_peak}}=0,1,{{accelerators_paid}}/{{accelerators_peak}}))"
        return [Line(f"replicas_{end}", f"Replicas at the peak, {word}", "replicas", _where_known(f"replica_{end}", replicas), "", _INT),
                Line(f"accelerators_{end}", f"Accelerators paid, {word}", "accelerators", _where_known(f"replica_{end}", paid),
                     "The peak's, by as much fewer as the hours pay now; what is committed stays.", style.TENTHS)]  # fmt: skip

    return ("Range of the estimate: P10, P50, P90", [
        *sized("fast", "fast ones"), *sized("slow", "slow ones"),
        Line("per_accelerator_moved", "What one more accelerator costs", "USD/month",
             f"{{flexible_rate}}*hours_per_month*(1+{beside})*(1+{{contingency}})*(1+{{tax}})",
             "On demand or spot, with what is a share of it.", style.USD),
        Line("total_p10", "Total at the tenth (P10)", "USD/month",
             _where_known("replica_fast", "{total_cost}+({accelerators_fast}-{accelerators_paid})*{per_accelerator_moved}"),
             "Accelerators move, other lines stay.", style.USD, "Cost of the month where replicas are as fast as the fastest tenth measured"),
        Line("total_p50", "Total at the estimate (P50)", "USD/month", "{total_cost}", "Half of measured engines give more.", style.USD),
        Line("total_p90", "Total at nine tenths (P90)", "USD/month",
             _where_known("replica_slow", "{total_cost}+({accelerators_slow}-{accelerators_paid})*{per_accelerator_moved}"), "", style.USD,
             "Cost of the month where replicas are as slow as the slowest tenth measured"),
    ])  # fmt: skip


SERVING_LISTS = {
    "yes_no_list": ["yes", "no"], "term_list": TERMS, "replica_list": ["plan", "fewest"],
    "format_list": ["published", "bf16", "fp8", "nvfp4", "int4"],
}  # fmt: skip
OWED = "({number}<months_1y)*committed_1y+({number}<months_3y)*committed_3y"
"""Accelerators that are owed in a month: each contract for its own term, also beyond the plan."""


def _cash(term: str) -> str:
    months = f"months_{term}"
    share = f"(1-upfront_share_shown)*({{number}}<{months})+upfront_share_shown*({{number}}=0)*{months}"
    return f"committed_{term}*price_{term}*({share})"


ACCELERATORS_MONTH = "{owed_usd}+{active}*{flexible}*flexible_rate*hours_per_month"
"""What the accelerators cost in a month of Timeline."""
SERVING_CLOCK = [
    TimeRow("active", "In the plan", "1 or 0", "({number}<plan_months)*1", "0"),
    TimeRow("requests", "Requests in the month", "requests", "INDEX(requests_by_month,{number}+1)*days_per_month", _INT),
    TimeRow("peak_output", "Output at the peak", "tokens/s",
            "{requests}/days_per_month/seconds_per_day*peak_over_mean_shown*served_tokens", _INT),
    TimeRow("mean_output", "Output at mean load", "tokens/s", "{peak_output}/peak_over_mean_shown", _INT),
    TimeRow("replicas_month", "Replicas at the peak", "replicas",
            "regions_shown*MAX(min_replicas_shown,ROUNDUP(ROUND({peak_output}/regions_shown/replica_holds,rounding_digits),0)"
            "+spare_replicas_shown)", _INT),
    TimeRow("needed", "Accelerators needed", "accelerators",
            f'IF(autoscale_shown="yes",INDEX(month_accelerators,{{number}}+1),{accelerators_of("{replicas_month}", live)})', style.TENTHS),
    TimeRow("owed", "Committed accelerators", "accelerators", OWED, style.TENTHS),
    TimeRow("owed_usd", "Cash for them", "USD", f"({_cash('1y')}+{_cash('3y')})*hours_per_month", style.USD),
    TimeRow("flexible", "Paid beyond them", "accelerators",
            'IF(autoscale_shown="yes",INDEX(month_beyond,{number}+1),MAX(0,{needed}-{owed}))', style.TENTHS),
    TimeRow("unused", "Committed, not needed", "accelerators", "MAX(0,{owed}+{active}*({flexible}-{needed}))", style.TENTHS),
    TimeRow("left", "Headroom at the peak", "share",
            "1-{peak_output}/(MAX({replicas_month},regions_shown*MAX(min_replicas_shown,1))*replica_speed)", style.PERCENT),
]  # fmt: skip
SERVING_CONSTANTS = [
    *COMMITMENTS,
    Constant("answer_row", "Row of the first answer of a table", 2, "row", "Below its headings."),
    Constant("column_fleet", "Column of LLM_FLEET: accelerators", 5, "column", ""),
    Constant("column_fleet_low", "Column of LLM_FLEET: their low end", 13, "column", ""),
    Constant("column_fleet_high", "Column of LLM_FLEET: their high end", 14, "column", ""),
    Constant("column_accelerators", "Column of LLM_SERVE_PLAN: accelerators", 1, "column", ""),
    Constant("column_layout", "Column of LLM_SERVE_PLAN: layout", 2, "column", ""),
    Constant("column_dtype", "Column of LLM_SERVE_PLAN: number format", 3, "column", ""),
    Constant("column_ttft", "Column of LLM_SERVE_PLAN: first token", 5, "column", ""),
    Constant("column_tpot", "Column of LLM_SERVE_PLAN: time of a further token", 6, "column", ""),
    Constant("column_speed", "Column of LLM_SERVE_PLAN: output tokens/s", 7, "column", ""),
    Constant("column_slow", "Column of LLM_SERVE_PLAN: its low end", 13, "column", ""),
    Constant("column_fast", "Column of LLM_SERVE_PLAN: its high end", 14, "column", ""),
]  # fmt: skip
