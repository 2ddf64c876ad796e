"""The steps of fine-tuning. `{line}` is that step in the same column; other words are names."""

from __future__ import annotations

from .. import style
from ..parts import Block, Cost, Line, TimeRow
from ..shared_inputs import BLEND, FLEXIBLE_RATE, contract_ends, hardware_lines, owed_clock, price_lines

_INT = style.WHOLE


def _memory(part: str) -> str:
    return f'LLM_FINETUNE_MEMORY({{model_id}},{{method}},{{seq_len}},{{micro_batch}},{{rank}},"{part}","GB")'


_MODEL: Block = ("Facts of the model (LLM_* cells)", [
    Line("model_id", "Model", "id", 'IFERROR(LLM_MODEL({model},"id"),{model})', "", style.GENERAL, fact=True),
    Line("parameters", "Parameters", "parameters", "LLM_PARAMS({model_id})", "", _INT, fact=True),
    Line("adapter_parameters", "Parameters of the adapters", "parameters", "LLM_LORA_PARAMS({model_id},{rank})", "All matrices.", _INT,
         fact=True),
    Line("flops_per_token", "FLOP of a full training token", "FLOP/token", "LLM_TRAIN_FLOPS({model_id},1,{seq_len})", "", style.SCIENTIFIC,
         fact=True),
    Line("memory_gb", "Memory needed", "GB", _memory("total"),
         "Weights, gradients, optimizer, activations, working space, on one accelerator.", style.TENTHS, "Memory that the method needs",
         fact=True),
    Line("fixed_gb", "Of it, on each accelerator", "GB", f'{_memory("activations")}+{_memory("workspace")}',
         "Activations and working space of its own sequences: more accelerators do not share them.", style.TENTHS, fact=True),
])  # fmt: skip
_MACHINE: Block = ("Machine and hours", [
    *hardware_lines(),
    Line("peak_listed", "Dense peak as listed", "TFLOP/s",
         "N(INDEX(hardware_peaks,{accelerator_row},MATCH({dtype},hardware_dtypes,0)))", "0 where none is published.", "#,##0.0", fact=True),
    Line("peak_flops", "Dense peak", "FLOP/s", "IF({peak_listed}>0,{peak_listed}*flop_per_tflop,NA())", "", style.SCIENTIFIC),
    Line("tuning_accelerators", "Accelerators", "accelerators",
         "IF({fixed_gb}<{memory_gb_each}*{memory_share},ROUNDUP(({memory_gb}-{fixed_gb})/({memory_gb_each}*{memory_share}-{fixed_gb}),0),1)",
         "As many as hold it, states spread over them; one where its own part alone is too much, and Checks stops.", _INT,
         "Accelerators that hold the run"),
    Line("memory_each", "Memory used of each", "GB", "{fixed_gb}+({memory_gb}-{fixed_gb})/{tuning_accelerators}", "", style.TENTHS),
    Line("paid_factor", "Accelerators paid over those used", "ratio",
         "ROUNDUP({tuning_accelerators}/{node_size},0)*{node_size}/{tuning_accelerators}", "Whole nodes.", style.HUNDREDTHS),
    Line("trained_parameters", "Trained parameters", "parameters", 'IF({method}="full",{parameters},{adapter_parameters})', "", _INT),
    Line("run_tokens", "Training tokens of a run", "tokens", "{examples}*{tokens_per_example}*{epochs}/{packing}", "Padding included.",
         "#,##0"),
    Line("run_flops", "FLOP of a run", "FLOP", '{run_tokens}*{flops_per_token}*IF({method}="full",1,adapter_part)',
         "Frozen weights need no gradient of their own.", style.SCIENTIFIC),
    Line("run_hours", "A run", "accelerator-hours", "{run_flops}/({peak_flops}*{mfu})/seconds_per_hour", "", style.HUNDREDTHS,
         "Accelerator-hours of one run"),
    Line("run_wall_hours", "A run takes", "hours", "{run_hours}/{tuning_accelerators}", "", style.HUNDREDTHS, "Hours that one run takes"),
    Line("sweep_hours", "Sweep", "accelerator-hours", "{sweep_runs}*{run_hours}", "", style.TENTHS),
    Line("failed_hours", "Failed runs", "accelerator-hours", "{failed_share}*{sweep_hours}", "", style.TENTHS),
    Line("evaluation_hours_all", "Evaluation", "accelerator-hours", "{sweep_runs}*{evaluation_hours}", "", style.TENTHS),
    Line("refresh_hours", "Refreshes", "accelerator-hours", "{refreshes}*({run_hours}*(1+{failed_share})+{evaluation_hours})", "",
         style.TENTHS),
    Line("all_hours", "In all", "accelerator-hours", "{sweep_hours}+{failed_hours}+{evaluation_hours_all}+{refresh_hours}", "", style.TENTHS,
         "Accelerator-hours of sweep, failed runs, evaluation and refreshes", True),
    Line("artefact_gb", "Adapter or model to keep", "GB", "{trained_parameters}*bytes_per_weight/bytes_per_gb", "", "0.000"),
    Line("adapters_in_spare", "Adapters in the spare memory", "adapters", "INT(spare_gb/{artefact_gb})", "Of one replica.", _INT),
    Line("plan_start", "Plan starts", "date", "{start_date}", "", style.DATE),
    Line("release", "Release", "date", "EDATE({start_date},{project_months})", "", style.DATE),
    Line("year_end", "First year ends", "date", "EDATE({start_date},MAX(months_per_year,{project_months}))-1", "Or the project.",
         style.DATE),
])  # fmt: skip


def _whole(share: str) -> str:
    return f"MIN({{run_paid}},ROUNDUP(ROUND({{{share}}}*{{run_paid}},rounding_digits),0))"


_RATES: Block = ("Rates", [
    BLEND,
    FLEXIBLE_RATE,
    Line("run_paid", "Accelerators paid for a run", "accelerators", "{tuning_accelerators}*{paid_factor}", "", _INT),
    Line("committed_3y", "Committed for three years", "accelerators", _whole("three_year_share"), "Whole accelerators.", _INT),
    Line("committed_1y", "Committed for a year", "accelerators", f"MIN({_whole('one_year_share')},{{run_paid}}-{{committed_3y}})", "", _INT),
    Line("rate", "An hour of a run", "USD/accelerator-hour", "({committed_1y}*{price_1y}+{committed_3y}*{price_3y}+({run_paid}-{committed_1y}-{committed_3y})*{flexible_rate})/{run_paid}*{paid_factor}",
         "Whole accelerators by their contracts, with those of the node that it leaves idle.",
         style.RATE),
    *contract_ends("start_date", "{year_end}"),
    Line("plan_end", "Plan ends", "date",
         "MAX({year_end},({one_year_share}>0)*({contract_end_1y}-1),({three_year_share}>0)*({contract_end_3y}-1))",
         "The first year, or the end of the longest commitment.", style.DATE),
    *(Line(f"owed_usd_{term}", f"Obligation, {words}", "USD",
           f"{{committed_{term}}}*months_{term}*hours_per_month*{{price_{term}}}", "Whole accelerators for the whole term.", style.USD)
      for term, words in (("1y", "a year"), ("3y", "three years"))),
    Line("committed_used_usd", "Of the obligation, used", "USD",
         "({committed_1y}*{price_1y}+{committed_3y}*{price_3y})/{run_paid}*{all_hours}*{paid_factor}", "All runs at the contracts' prices.", style.USD),
    Line("week_usd", "A week of a person", "USD", "{usd_per_person}/weeks_per_year", "", style.USD),
    Line("api_row", "Place on API prices", "row of the list", "MATCH({api_model},api_list,0)", "", _INT),
    Line("data_usd", "Data", "USD",
         "{examples}*((1-{synthetic_share})*{label_usd}+{synthetic_share}*{tokens_per_example}*{synthetic_factor}"
         "*INDEX(api_output,{api_row})/million)", "Labelled and generated.", style.USD),
])  # fmt: skip
BLOCKS: list[Block] = [
    _MODEL,
    _MACHINE,
    ("Price of an accelerator-hour", price_lines(together="MAX({node_size},MIN(usual_node,{tuning_accelerators}))")),
    _RATES,
]


def _once(name: str, label: str, formula: str) -> Cost:
    return Cost(Line(name, label, "USD", formula, "", style.USD, label), f"{name}*{{project_share}}")


def _later(name: str, label: str, formula: str) -> Cost:
    return Cost(Line(name, label, "USD", formula, "", style.USD, label), f"{name}*{{after_share}}")


COSTS = [
    _once("cost_data", "Labels and synthetic data", "{data_usd}"),
    _once("cost_sweep", "Runs of the sweep", "{sweep_hours}*{rate}"),
    _once("cost_failed", "Failed runs", "{failed_hours}*{rate}"),
    _once("cost_evaluation", "Evaluation", "{evaluation_hours_all}*{rate}"),
    Cost(Line("cost_unused", "Committed hours not used", "USD", "MAX(0,{owed_usd_1y}+{owed_usd_3y}-{committed_used_usd})",
              "A commitment is owed for its term; runs take hours.", style.USD, "Committed hours that no run uses"),
         "cost_unused*{owed_cash}"),
    _once("cost_staff", "Staff", "{staff_weeks}*{week_usd}"),
    _later("cost_refresh", "Refreshes: compute and data", "{refresh_hours}*{rate}+{refreshes}*{refresh_data}*{data_usd}"),
    _later("cost_refresh_staff", "Refreshes: staff", "{refreshes}*{refresh_weeks}*{week_usd}"),
    _later("cost_storage", "Storage of versions", "{artefact_gb}*{versions_kept}*{storage_usd_per_gb_month}*months_per_year"),
]  # fmt: skip
_AFTER_END = "MAX(year_end+1,release+1)"
CLOCK = [
    TimeRow("project_share", "Project done in the month", "share",
            "MAX(0,MIN({end},release)-MAX({start},plan_start))/(release-plan_start)"),
    TimeRow("after_share", "Refreshes and storage in the month", "share",
            f"IF(release>year_end,{{project_share}},MAX(0,MIN({{end}},{_AFTER_END})-MAX({{start}},release))/({_AFTER_END}-release))"),
    *owed_clock("plan_start"),
]  # fmt: skip
_STEP = (
    "{model_id},{accelerator_id},{tuning_accelerators},{tuning_accelerators}*{micro_batch},{seq_len},,,{micro_batch},zero_stage,,{dtype},,,"
    ",,,{method},{rank}"
)


def _bound(end: str) -> str:
    return f'IF(ISNUMBER({{estimate_step}}),LLM_ESTIMATE_BOUND("LLM_STEP_TIME","{end}",{_STEP})/{{estimate_step}},"–")'


def _hours(end: str) -> str:
    return f'IF(ISNUMBER({{estimate_hours}}),{{estimate_hours}}*{{bound_{end}}},"–")'


def _total(hours: str) -> str:
    """The total where a run takes so many hours: what runs use of a commitment is no longer unused."""
    used = f"{{committed_used_usd}}*(1+({hours}-{{run_hours}})*{{runs_moved}}/{{all_hours}})"
    unused = f"(MAX(0,{{owed_usd_1y}}+{{owed_usd_3y}}-{used})-{{cost_unused}})*(1+{{contingency}})*(1+{{tax}})"
    return f'IF(ISNUMBER({hours}),{{total_cost}}+({hours}-{{run_hours}})*{{per_hour_moved}}+{unused},"–")'


RESULTS: list[Block] = [
    ("Hours of measured runs beside the budget: P10, P50, P90", [
        Line("estimate_step", "A step, estimated", "s", f'IFERROR(LLM_STEP_TIME({_STEP}),"not estimated")',
             "From the method's matrices and the machine's rates; MLPerf's and others' fine-tuning runs are what it was measured with.", "0.000",
             fact=True),
        Line("estimate_hours", "A run at that", "accelerator-hours",
             'IF(ISNUMBER({estimate_step}),{run_tokens}/({micro_batch}*{seq_len})*{estimate_step}/seconds_per_hour,"–")', "", style.HUNDREDTHS,
             "Accelerator-hours of a run by the estimate of its steps"),
        Line("bound_low", "Measured over estimated, a tenth below", "ratio", _bound("low"),
             "LLM_ESTIMATE_BOUND: four of five measured runs like it lie between.", "0.00", fact=True),
        Line("bound_high", "A tenth above", "ratio", _bound("high"), "", "0.00", fact=True),
        Line("hours_p10", "A run, a tenth below (P10)", "accelerator-hours", _hours("low"), "", style.HUNDREDTHS),
        Line("hours_p90", "A run, a tenth above (P90)", "accelerator-hours", _hours("high"), "", style.HUNDREDTHS),
        Line("hours_over_estimate", "This budget over the estimate", "ratio",
             'IF(ISNUMBER({estimate_hours}),{run_hours}/{estimate_hours},"–")', "Steps alone: what runs lose beside them is in the budget's.",
             "0.00", "Hours of this budget over the estimate of its steps"),
        Line("runs_moved", "Runs, with those that fail", "runs", "({sweep_runs}+{refreshes})*(1+{failed_share})", "", style.TENTHS),
        Line("per_hour_moved", "What one more hour of a run costs", "USD",
             "{runs_moved}*{rate}*(1+{contingency})*(1+{tax})", "In all runs.", style.USD_CENTS),
        Line("total_p10", "Total at the tenth (P10)", "USD", _total("{hours_p10}"), "Runs move with the hours; other lines stay.", style.USD, "Total where runs take the hours of P10"),
        Line("total_p50", "Total at the estimate (P50)", "USD", _total("{estimate_hours}"), "", style.USD,
             "Total where runs take the estimated hours"),
        Line("total_p90", "Total at nine tenths (P90)", "USD", _total("{hours_p90}"), "", style.USD,
             "Total where runs take the hours of P90"),
        Line("memory_high", "Memory, a tenth above", "GB",
             'IFERROR(LLM_ESTIMATE_BOUND("LLM_FINETUNE_MEMORY","high",{model_id},{method},{seq_len},{micro_batch},{rank})/bytes_per_gb,"–")',
             "What nine of ten measured runs stay below.", style.TENTHS, fact=True),
    ]),
    ("Key figures", [
        Line("once_usd", "Once, without refreshes", "USD",
             "{cost_data}+{cost_sweep}+{cost_failed}+{cost_evaluation}+{cost_staff}", "", style.USD, "Cost until release"),
        Line("compute_share", "Compute's part", "share",
             "IF({subtotal}=0,0,({all_hours}*{rate})/{subtotal})", "Of the lines.", style.PERCENT),
        Line("hosted_usd", "Hosted tuning of the same runs", "USD",
             'IF(ISNUMBER({hosted_usd_per_million}),{sweep_runs}*{examples}*{tokens_per_example}*{epochs}/million*{hosted_usd_per_million}*(1+{contingency})*(1+{tax}),'
             '"–")', "In place of compute; providers bill no padding. Contingency and tax as on tuning.", style.USD, "Hosted tuning of the same runs"),
        Line("prompt_usd_per_use", "Long prompt, more a use", "USD", "{extra_prompt}*INDEX(api_input,{api_row})/million*(1+{contingency})*(1+{tax})",
             "On the hosted model; contingency and tax as on tuning.", style.RATE),
        Line("breakeven_uses", "Uses from which tuning pays", "uses", 'IF({prompt_usd_per_use}=0,"never",{total_cost}/{prompt_usd_per_use})',
             "First year over what each use saves in prompt tokens; hosting of the tuned model apart.", _INT,
             "Uses from which the first year is paid by shorter prompts"),
        Line("breakeven_months", "At the uses planned", "months", 'IF(AND(ISNUMBER({breakeven_uses}),{uses_per_month}>0),{breakeven_uses}/{uses_per_month},"never")', "",
             style.TENTHS, "Months of the planned uses until then"),
    ]),
]  # fmt: skip
