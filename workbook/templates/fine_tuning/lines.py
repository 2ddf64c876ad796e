"""The steps of fine-tuning. `{line}` is that step in the same column; other words are names."""

from __future__ import annotations

from dataclasses import replace

from .. import style
from ..contracts import BLEND, FLEXIBLE_RATE, committed_lines, contract_ends, owed_clock, whole_units
from ..parts import Block, Cost, Line, TimeRow, part_of
from ..shared_inputs import hardware_lines, price_lines

_INT = style.WHOLE


def _memory(part: str) -> str:
    return f'LLM_FINETUNE_MEMORY({{model_id}},{{method}},{{seq_len}},{{micro_batch}},{{rank}},"{part}","GB")'


_STEP = (
    "{model_id},{accelerator_id},{tuning_accelerators},{tuning_accelerators}*{micro_batch},{seq_len},,,{micro_batch},zero_stage,,{dtype},,,"
    ",,,{method},{rank}"
)
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
    Line("rented_together", "Accelerators rented together", "accelerators",
         "IF({tuning_accelerators}>usual_node,MAX({node_size},usual_node),{node_size})", "As on Inputs; whole nodes where a run needs several.", _INT),
    Line("paid_accelerators", "Accelerators paid", "accelerators", whole_units("{tuning_accelerators}", "{rented_together}"), "", _INT),
    Line("trained_parameters", "Trained parameters", "parameters", 'IF({method}="full",{parameters},{adapter_parameters})', "", _INT),
    Line("run_tokens", "Training tokens of a run", "tokens", "{examples}*{tokens_per_example}*{epochs}/{packing}", "Padding included.",
         "#,##0"),
    Line("run_flops", "FLOP of a run", "FLOP", '{run_tokens}*{flops_per_token}*IF({method}="full",1,adapter_part)',
         "Frozen weights need no gradient of their own.", style.SCIENTIFIC),
    Line("estimate_step", "A step, estimated", "s", f'IFERROR(LLM_STEP_TIME({_STEP}),"not estimated")',
         "From the method's matrices and the machine's rates; MLPerf's and others' fine-tuning runs are what it was measured with.", "0.000",
         fact=True),
    Line("estimate_hours", "A run at that", "accelerator-hours",
         'IF(ISNUMBER({estimate_step}),{run_tokens}/({micro_batch}*{seq_len})*{estimate_step}/seconds_per_hour,"–")', "", style.HUNDREDTHS,
         "Accelerator-hours of a run by the estimate of its steps"),
    Line("mfu_basis", "Where the utilisation comes from", "text",
         'IF(ISNUMBER({mfu}),"your utilisation",IF(ISNUMBER({estimate_hours}),"estimate of the steps","median of Measured runs"))', "",
         style.GENERAL),
    Line("mfu_used", "Utilisation of the peak", "share of peak",
         "IF(ISNUMBER({mfu}),{mfu},IF(ISNUMBER({estimate_hours}),{run_flops}/({estimate_hours}*seconds_per_hour*{peak_flops}),measured_mfu_p50))"
         "*{speed_factor}", "Yours, else that of the estimated step, else the median of Measured runs.", style.PERCENT,
         "Utilisation of the peak that the hours are counted with"),
    Line("run_hours", "A run", "accelerator-hours", "{run_flops}/({peak_flops}*{mfu_used})/seconds_per_hour", "", style.HUNDREDTHS,
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
    Line("year_end", "First year of use ends", "date", "EDATE({release},months_per_year)-1", "", style.DATE),
])  # fmt: skip


_RATES: Block = ("Rates", [
    *committed_lines("{paid_accelerators}", lambda count: whole_units(count, "{rented_together}")),
    FLEXIBLE_RATE,
    replace(BLEND, formula="({committed_1y}*{price_1y}+{committed_3y}*{price_3y}+({paid_accelerators}-{committed_1y}-{committed_3y})"
            "*{flexible_rate})/{paid_accelerators}", how="A run takes committed accelerators first."),
    Line("rate", "An hour of a run", "USD/accelerator-hour", "{price_used}*{paid_accelerators}/{tuning_accelerators}",
         "With the accelerators of the node that it leaves idle.", style.RATE),
    *contract_ends("start_date", "{start_date}"),
    Line("plan_end", "Plan ends", "date",
         "MAX({year_end},({committed_1y}>0)*({contract_end_1y}-1),({committed_3y}>0)*({contract_end_3y}-1))",
         "The first year of use, or the end of the longest commitment.", style.DATE),
    *(Line(f"owed_usd_{term}", f"Obligation, {words}", "USD",
           f"{{committed_{term}}}*months_{term}*hours_per_month*{{price_{term}}}", "For the whole term.", style.USD)
      for term, words in (("1y", "a year"), ("3y", "three years"))),
    Line("committed_used_usd", "Of the obligation, used", "USD",
         "({committed_1y}*{price_1y}+{committed_3y}*{price_3y})*{all_hours}/{tuning_accelerators}", "Their part of all runs.", style.USD),
    Line("week_usd", "A week of a person", "USD", "{usd_per_person}/weeks_per_year", "", style.USD),
    Line("api_row", "Place on API prices", "row of the list", "MATCH({api_model},api_list,0)", "", _INT),
    Line("data_usd", "Data", "USD",
         "{examples}*((1-{synthetic_share})*{label_usd}+{synthetic_share}*{tokens_per_example}*{synthetic_factor}"
         "*INDEX(api_output,{api_row})/million)", "Labelled and generated.", style.USD),
])  # fmt: skip
BLOCKS: list[Block] = [
    _MODEL, _MACHINE,
    ("Price of an accelerator-hour", price_lines(together="MAX({node_size},MIN({tuning_accelerators},usual_node))")),
    _RATES,
]  # fmt: skip


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
CLOCK = [
    TimeRow("project_share", "Project done in the month", "share", part_of("plan_start", "release")),
    TimeRow("after_share", "Refreshes and storage in the month", "share", part_of("release", "(year_end+1)")),
    *owed_clock("plan_start"),
]  # fmt: skip


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
        Line("hosted_usd", "Hosted tuning, in place of the runs", "USD",
             'IF(ISNUMBER({hosted_usd_per_million}),{runs_moved}*{examples}*{tokens_per_example}*{epochs}/million*{hosted_usd_per_million}'
             '*(1+{contingency})*(1+{tax}),"–")', "Sweep, failed runs and refreshes; providers bill no padding.", style.USD,
             "Hosted tuning of the same runs"),
        Line("hosted_total", "Total with hosted tuning", "USD",
             'IF(ISNUMBER({hosted_usd}),{total_cost}-{run_hours}*{per_hour_moved}-{cost_unused}*(1+{contingency})*(1+{tax})+{hosted_usd},"–")',
             "Evaluation, data and staff stay.", style.USD, "Total where a provider tunes"),
    ]),
    ("A year of use: the long prompt on the hosted model, or the tuned model on machines of its own", [
        Line("prompt_usd_per_use", "A use with the long prompt", "USD",
             "(({extra_prompt}+{prompt_tokens})*INDEX(api_input,{api_row})+{output_tokens}*INDEX(api_output,{api_row}))/million"
             "*(1+{contingency})*(1+{tax})", "On the hosted model.", style.RATE),
        Line("serving_count", "Smallest machine that serves", "accelerators",
             'IFERROR(LLM_MIN_GPUS({model_id},{accelerator_id},{prompt_tokens}+{output_tokens},serving_batch),"not known")', "", _INT, fact=True),
        Line("serving_replicas", "As many of them", "machines",
             "IF({uses_per_month}=0,0,IFERROR(LLM_REPLICAS({uses_per_month}/days_per_month/seconds_per_day,{prompt_tokens},{output_tokens},"
             '{model_id},{accelerator_id},{serving_count},serving_batch),"not known"))',
             "For the mean of the uses: peaks and spares are for hosting-budget.", _INT, fact=True),
        Line("serving_month", "Serving the tuned model", "USD/month",
             "IF(ISNUMBER({serving_usd_per_month}),{serving_usd_per_month},IF(ISNUMBER({serving_replicas}),"
             'N({serving_count})*{serving_replicas}*{price_on_demand}*hours_per_month,"not known"))', "Yours, else those machines on demand.",
             style.USD, "Serving the tuned model for a month, before contingency and tax"),
        Line("year_prompt", "A year with the long prompt", "USD", "{prompt_usd_per_use}*{uses_per_month}*months_per_year", "", style.USD,
             "A year of the planned uses with the long prompt"),
        Line("year_tuned", "A year with the tuned model", "USD",
             'IF(ISNUMBER({serving_month}),{total_cost}+{serving_month}*months_per_year*(1+{contingency})*(1+{tax}),"not known")',
             "The total, and serving.", style.USD, "A year of the planned uses with the tuned model, tuning included"),
        Line("year_hosted", "A year, tuned and served by a provider", "USD",
             'IF(AND(ISNUMBER({hosted_total}),COUNT({hosted_input_usd},{hosted_output_usd})>1),{hosted_total}+({prompt_tokens}*{hosted_input_usd}'
             '+{output_tokens}*{hosted_output_usd})/million*{uses_per_month}*months_per_year*(1+{contingency})*(1+{tax}),"–")',
             "Total with hosted tuning, and its price of every use.", style.USD, "A year of the planned uses where a provider tunes and serves"),
        Line("saved_month", "Saved a month", "USD",
             'IF(ISNUMBER({year_tuned}),({year_prompt}-{year_tuned}+{total_cost})/months_per_year,"not known")', "Prompt less serving.", style.USD),
        Line("breakeven_months", "Months until tuning is paid", "months",
             'IF(ISNUMBER({saved_month}),IF({saved_month}>0,{total_cost}/{saved_month},"never"),"not known")',
             "Total over what a month saves; never where serving costs more than the long prompt.", style.TENTHS,
             "Months of the planned uses until then"),
        Line("breakeven_uses", "Uses from which tuning pays", "uses",
             "IF(ISNUMBER({breakeven_months}),{breakeven_months}*{uses_per_month},{breakeven_months})", "", _INT,
             "Uses from which tuning and serving are paid by shorter prompts"),
        Line("serving_uses", "Uses a month that pay for serving alone", "uses/month",
             'IF(AND(ISNUMBER({serving_month}),{prompt_usd_per_use}>0),{serving_month}*(1+{contingency})*(1+{tax})/{prompt_usd_per_use},"not known")',
             "On the machines above.", _INT),
    ]),
]  # fmt: skip
