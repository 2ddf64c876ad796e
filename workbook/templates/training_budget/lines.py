"""The steps of the training budget, in order. `{line}` is that step in the same column; other words are names."""

from __future__ import annotations

from .. import style
from ..contracts import BLEND, FLEXIBLE_RATE, committed_lines, contract_ends, owed_clock, whole_units
from ..parts import Block, Cost, Line, TimeRow, part_of
from ..shared_inputs import hardware_lines, price_lines

_BIG, _INT, _GB = style.SCIENTIFIC, style.WHOLE, "#,##0.00"
_PHASES = [
    ("pre", "", "pre-training", "{accelerators}", "{accelerators_paid}"),
    ("long", "long_", "long context", "{long_devices}", "{long_paid}"),
    ("post", "post_", "post-training", "{post_devices}", "{post_paid}"),
]
"""The phases: their names, how the names of their inputs begin, what they are called, their accelerators, and those paid."""
_LATER = _PHASES[1:]


def _phases(formula: str) -> str:
    """The sum of a formula over the phases: <phase>, <of> (how its inputs begin) and <paid> are those of each."""
    return "+".join(
        formula.replace("<phase>", phase).replace("<of>", of).replace("<paid>", paid)
        for phase, of, _, _, paid in _PHASES
    )


_MODEL: Block = ("Facts of the model (LLM_* cells)", [
    Line("model_id", "Model", "id", 'IFERROR(LLM_MODEL({model},"id"),{model})',
         "What the name on Inputs resolves to in the catalog.", style.GENERAL, fact=True),
    Line("parameters", "Parameters", "parameters", "LLM_PARAMS({model_id})", "Exact count from the configuration.", _INT, fact=True),
    Line("active_parameters", "Active parameters per token", "parameters", 'LLM_PARAMS({model_id},"active")',
         "Fewer than all in a mixture of experts.", _INT, fact=True),
    Line("model_context", "Longest context", "tokens", 'IFERROR(LLM_MODEL({model_id},"context"),{seq_len})',
         "As published; the sequence length where none is.", _INT, fact=True),
    *(Line(f"{of}{kind}flops_per_token", f"FLOP of a token, {words}{but}", "FLOP/token", f"LLM_TRAIN_FLOPS({{model_id}},1,{{{of}seq_len}}{recompute})",
           how, _BIG, fact=True)
      for kind, but, recompute, how in (("", "", ",{recompute}", "Forward, backward, attention and recomputation."),
                                        ("plain_", ", once", "", "Without recomputation."))
      for _, of, words, _, _ in _PHASES),
    Line("checkpoint_bytes", "Size of a checkpoint", "bytes", "LLM_CHECKPOINT_SIZE({model_id},{optimizer})",
         "Weights and optimizer state.", _INT, fact=True),
    Line("gradient_bytes", "Gradients", "bytes", 'LLM_WEIGHTS({model_id},"bf16")', "One 16-bit number a parameter.", _INT,
         fact=True),
])  # fmt: skip
_FEWEST = ",".join(f"IF({{{of}tokens}}>0,{devices},{{accelerators}})" for _, of, _, devices, _ in _LATER)
_HARDWARE: Block = ("Hardware", [
    *hardware_lines(),
    Line("peak_listed", "Dense peak as listed", "TFLOP/s", "N(INDEX(hardware_peaks,{accelerator_row},MATCH({dtype},hardware_dtypes,0)))",
         "0 where none is published.", "#,##0.0", fact=True),
    Line("peak_flops", "Dense peak", "FLOP/s", "IF({peak_listed}>0,{peak_listed}*flop_per_tflop,NA())",
         "#N/A where no peak is published for the number format.", _BIG),
    Line("nodes", "Nodes", "nodes", "ROUNDUP({accelerators}/{node_size},0)", "", _INT, "Nodes"),
    Line("accelerators_paid", "Accelerators paid", "devices", "{nodes}*{node_size}", "Whole nodes.", _INT,
         "Accelerators paid: whole nodes"),
    *(line for phase, of, words, devices, _ in _LATER for line in (
        Line(f"{phase}_devices", f"Accelerators, {words}", "devices",
             f"IF(ISNUMBER({{{of}accelerators}}),{{{of}accelerators}},{{accelerators}})", "Its own, or those of pre-training.", _INT),
        Line(f"{phase}_paid", f"Accelerators paid, {words}", "devices", whole_units(devices, "{node_size}"), "Whole nodes.", _INT))),
    Line("system_watts", "Power of one with its server", "W",
         'IF(ISNUMBER({watts}),{watts},IF({tdp_watts}>0,{tdp_watts}*{server_power_factor},"not known"))', "Not known is not 0.", _INT),
    Line("state_gb_each", "Model states on one accelerator", "GB", f"({{checkpoint_bytes}}+{{gradient_bytes}})/MIN({{accelerators}},{_FEWEST})/bytes_per_gb",
         "Weights, gradients and optimizer, spread over all accelerators (ZeRO stage 3) of the phase that has fewest.", _GB),
    Line("state_gb_room", "Memory for model states", "GB", "{memory_gb_each}*state_memory_share", "", _GB),
])  # fmt: skip


def _begins(before: str, phase: str) -> str:
    return f"MAX({before},({{{phase}_tokens}}>0)*N({{{phase}_start}}))"


_TIME: Block = ("Compute and time", [
    Line("all_tokens", "Tokens of all phases", "tokens", "{tokens}+{long_tokens}+{post_tokens}", "", style.TOKENS),
    Line("training_flops", "FLOP that run", "FLOP",
         _phases("{<of>tokens}*{<of>flops_per_token}"),
         "Each phase: tokens times FLOP a token.", _BIG),
    Line("model_flops", "FLOP without recomputation", "FLOP",
         _phases("{<of>tokens}*{<of>plain_flops_per_token}"),
         "What published runs are compared by.", _BIG),
    *(Line(f"{phase}_ideal_days", f"Time at that utilisation, {words}", "days",
           f"{{{of}tokens}}*{{{of}flops_per_token}}/({{peak_flops}}*{devices}*{{mfu}})/seconds_per_day",
           "FLOP over (peak x accelerators x utilisation).", _GB)
      for phase, of, words, devices, _ in _PHASES),
    Line("ideal_days", "Time at that utilisation", "days", _phases("{<phase>_ideal_days}"), "All phases.", _GB),
    Line("ideal_gpu_hours", "Accelerator-hours at it", "accelerator-hours", "{training_flops}/({peak_flops}*{mfu})/seconds_per_hour", "", _INT),
    Line("tokens_per_second", "Training speed", "tokens/s", "{all_tokens}/({ideal_days}*seconds_per_day)", "While it trains.", _INT,
         "Training speed of the cluster while it trains"),
    Line("failures_used", "Stops of one node", "per node and day", "{node_failures_per_day}+{spot_share}*{spot_interruptions_per_day}",
         "Failures, and interruptions of the share on spot.", "0.0000"),
    Line("cluster_failures", "Stops of the cluster", "per day", "{nodes}*{failures_used}", "Of pre-training's nodes.", "0.000"),
    Line("interval_seconds", "Checkpoint interval", "s", "{checkpoint_interval}*seconds_per_minute", "", _INT),
    Line("write_seconds", "Time to write a checkpoint", "s", "{checkpoint_bytes}/({checkpoint_gb_per_second}*bytes_per_gb)",
         "Training stands still for it.", _GB),
    Line("best_interval_minutes", "Interval that loses least", "minutes",
         "IF({cluster_failures}=0,0,SQRT(young_factor*{write_seconds}*seconds_per_day/{cluster_failures})/seconds_per_minute)",
         "Young (1974): root of 2 x write time x mean time between stops.", '#,##0.0;;"no failures"',
         "Checkpoint interval that loses least time"),
    Line("written_share", "Time not spent writing", "share of time", "{interval_seconds}/({interval_seconds}+{write_seconds})", "",
         style.PERCENT),
    Line("lost_share", "Lost to stops", "share of time",
         "MIN(1-tolerance,{cluster_failures}*({recovery_time}*seconds_per_minute+half*{interval_seconds})/seconds_per_day)",
         "Each stop costs its recovery and half an interval.", "0.00%"),
    Line("goodput", "Useful share of the time", "share of time", "{written_share}*(1-{lost_share})", "", style.PERCENT,
         "Share of the time spent training, after stops and checkpoint writing"),
    Line("spot_loss", "Of the hours, lost to interruptions of spot", "ratio",
         "1/{goodput}-1/({written_share}*(1-MIN(1-tolerance,{lost_share}*IF({failures_used}=0,1,{node_failures_per_day}/{failures_used}))))",
         "Published whole runs had no machines that are taken away: it comes on top of theirs.", "0.00"),
    Line("loss_factor", "Hours paid over those at the utilisation", "ratio", "MAX({whole_run_factor},1/{goodput}-{spot_loss})+{spot_loss}",
         "Published whole runs, or stops and writing where these cost more.", "0.00"),
    Line("wall_clock_days", "Duration of the run", "days", "{ideal_days}*{loss_factor}", "All phases, without waits between them.", _GB,
         "Duration of the main run", True),
    Line("failures_total", "Stops during the run", "stops", "{cluster_failures}*{wall_clock_days}", "", style.TENTHS,
         "Stops expected during the run"),
    *(Line(f"{phase}_hours", f"Accelerator-hours, {words}", "accelerator-hours",
           f"{{{phase}_ideal_days}}*{{loss_factor}}*hours_per_day*{paid}", "Whole nodes for the whole time.", _INT)
      for phase, _, words, _, paid in _PHASES),
    Line("gpu_hours", "Accelerator-hours of the run", "accelerator-hours", _phases("{<phase>_hours}"), "All phases.", _INT,
         "Accelerator-hours of the main run", True),
    Line("accelerators_mean", "Accelerators paid, mean of the run", "devices", "{gpu_hours}/({wall_clock_days}*hours_per_day)", "", style.TENTHS),
    Line("experiment_hours", "Experiments", "accelerator-hours",
         "IF(ISNUMBER({experiment_gpu_hours}),{experiment_gpu_hours},{experiment_share}*{gpu_hours})", "Given, or a multiple.", _INT,
         "Accelerator-hours of experiments beside the run"),
    Line("plan_start", "Plan starts", "date", "EDATE({start_date},-MAX({experiment_months},ROUNDUP({ramp_months},0)))",
         "With experiments, or with the first delivery.", style.DATE),
    Line("pre_end", "Pre-training ends", "date", "{start_date}+{pre_ideal_days}*{loss_factor}", "", style.DATE),
    Line("long_begin", "Long context starts", "date", _begins("{pre_end}", "long"), "On its day, but not before pre-training ends.", style.DATE),
    Line("long_end", "Long context ends", "date", "{long_begin}+{long_ideal_days}*{loss_factor}", "", style.DATE),
    Line("post_begin", "Post-training starts", "date", _begins("{long_end}", "post"), "On its day, but not before the phases before end.",
         style.DATE),
    Line("end_date", "Training ends", "date", "{post_begin}+{post_ideal_days}*{loss_factor}", "", style.DATE, "Day on which the main run ends"),
    Line("run_months", "Months of the run", "months", "({end_date}-{start_date})/days_per_month", "With waits between phases.", _GB),
    Line("plan_months_long", "Months from first experiment to the end", "months", "{experiment_months}+{run_months}", "", _GB),
    *contract_ends("start_date", "{end_date}"),
    Line("plan_end", "Last payment", "date",
         "MAX({end_date},({one_year_share}>0)*{contract_end_1y},({three_year_share}>0)*{contract_end_3y})",
         "The end of the run, or of the longest commitment.", style.DATE),
])  # fmt: skip


def _owed(term: str, words: str, devices: str) -> list[Line]:
    """`devices` are those of the commitment that a phase with <paid> accelerators uses."""
    return [
        Line(f"owed_months_{term}", f"Months owed, {words}", "months", f"MAX(months_{term},half*{{ramp_months}}+{{run_months}})",
             "The term, or delivery (half of it on average) and the run where they are longer.", style.TENTHS),
        Line(f"owed_hours_{term}", f"Accelerator-hours owed, {words}", "accelerator-hours",
             f"{{committed_{term}}}*{{owed_months_{term}}}*hours_per_month", "", _INT),
        Line(f"owed_usd_{term}", f"Obligation, {words}", "USD", f"{{owed_hours_{term}}}*{{price_{term}}}", "", style.USD),
        Line(f"used_hours_{term}", f"Used by the run, {words}", "accelerator-hours", _phases(f"{{<phase>_hours}}*{devices}/<paid>"),
             "In each phase no more than its accelerators, those for three years first.", _INT),
    ]  # fmt: skip


_CONTRACT: Block = ("Contracts: what is owed, and what of it is used", [
    BLEND,
    *committed_lines("{accelerators_paid}", lambda count: whole_units(count, "{node_size}")),
    *_owed("3y", "three years", "MIN({committed_3y},<paid>)"), *_owed("1y", "a year", "MIN({committed_1y},MAX(0,<paid>-{committed_3y}))"),
    Line("flexible", "On demand and spot", "accelerators", "MAX(0,{accelerators_paid}-{committed_1y}-{committed_3y})", "", _INT),
    FLEXIBLE_RATE,
    Line("experiment_rate", "Price of an hour of experiments", "USD/accelerator-hour", 'IF({experiment_hours}>0,{flexible_rate},"–")',
         "Before any commitment: on demand, or spot.", style.RATE),
    Line("flexible_hours", "Their hours in the run", "accelerator-hours", "{gpu_hours}-{used_hours_1y}-{used_hours_3y}",
         "What no commitment covers.", _INT),
    Line("unused_hours", "Committed hours not used", "accelerator-hours", "{owed_hours_1y}+{owed_hours_3y}-{used_hours_1y}-{used_hours_3y}",
         "Before and after the run, and by smaller phases.", _INT, "Committed accelerator-hours that the run does not use"),
    Line("committed_used_usd", "Of the obligation, used by the run", "USD", "{used_hours_1y}*{price_1y}+{used_hours_3y}*{price_3y}", "",
         style.USD),
    Line("run_usd", "The run by its hours", "USD", "{flexible_hours}*{flexible_rate}+{committed_used_usd}", "", style.USD),
    Line("run_rate", "Price of an hour of the run", "USD/accelerator-hour", "{run_usd}/{gpu_hours}", "Contracts by their hours.",
         style.RATE),
])  # fmt: skip
_STORE: Block = ("Storage and energy", [
    Line("checkpoint_gb", "Size of a checkpoint", "GB", "{checkpoint_bytes}/bytes_per_gb", "", _GB, "Size of one training checkpoint"),
    Line("dataset_gb", "Dataset", "GB", "{all_tokens}/{tokens_per_byte}/bytes_per_gb", "Text behind the tokens.", _INT),
    Line("storage_tb", "Storage needed", "TB", "({dataset_gb}+{checkpoints_kept}*{checkpoint_gb})/gb_per_tb",
         "Dataset and the checkpoints kept.", style.TENTHS, "Storage needed"),
    Line("energy_run_mwh", "Energy of the run", "MWh",
         'IF(ISNUMBER({system_watts}),{gpu_hours}*{system_watts}*{load}*{pue}/watts_per_kw/kwh_per_mwh,"not known")', "At the meter.",
         style.TENTHS),
    Line("energy_mwh", "Energy with experiments", "MWh",
         'IF(ISNUMBER({energy_run_mwh}),{energy_run_mwh}*(1+{experiment_hours}/{gpu_hours}),"not known")',
         "In proportion to accelerator-hours.", style.TENTHS, "Energy of run and experiments at the meter", True),
    Line("energy_usd", "What that energy costs", "USD",
         'IF(ISNUMBER({energy_mwh}),{energy_mwh}*kwh_per_mwh*{usd_per_kwh},IF({energy_in_price}="yes","not known",NA()))',
         "For information where the price of the hardware contains it.", style.USD, "Cost of the energy, charged or not"),
    Line("carbon_tonnes", "Emissions of the energy", "t CO2e",
         'IF(ISNUMBER({energy_mwh}),{energy_mwh}*kwh_per_mwh*{kg_co2e_per_kwh}/kg_per_tonne,"not known")', "", style.TENTHS,
         "Emissions of the energy"),
    Line("people_usd", "People by role", "USD",
         "({researchers}*{usd_per_researcher}+{engineers}*{usd_per_engineer})/months_per_year"
         "*IF(ISNUMBER({people_months}),{people_months},{plan_months_long})", "For their months, or from the first experiment to the end of the run.",
         style.USD),
])  # fmt: skip
_PRICES: Block = ("Price of an accelerator-hour", price_lines(
    beside="({on_demand_share}+{spot_share}<=0)*(IF(ISNUMBER({experiment_gpu_hours}),{experiment_gpu_hours},{experiment_share})>0)",
))  # fmt: skip
BLOCKS: list[Block] = [_MODEL, _HARDWARE, _PRICES, _TIME, _CONTRACT, _STORE]
COSTS = [
    Cost(Line("cost_compute", "Compute at the utilisation", "USD", "{run_usd}/{loss_factor}", "The run without any loss.",
              style.USD, "Compute"), "cost_compute*{hours_paid}"),
    Cost(Line("cost_failures", "Stops and checkpoints", "USD", "{run_usd}/{loss_factor}*(1/{goodput}-1)",
              "Recovery, repeated work, writing.", style.USD, "Stops and checkpoints"), "cost_failures*{hours_paid}"),
    Cost(Line("cost_other_losses", "Other losses of whole runs", "USD", "{run_usd}/{loss_factor}*({loss_factor}-1/{goodput})",
              "What published runs paid beyond that: rewinds, slow phases, idle time.", style.USD, "Other losses of whole runs"),
         "cost_other_losses*{hours_paid}"),
    Cost(Line("cost_ramp", "Delivery before the run", "USD", "{flexible}*{flexible_rate}*half*{ramp_months}*hours_per_month",
              "Half of the months on average.", style.USD, "Accelerators paid while they arrive"), "cost_ramp*{ramp_share}"),
    Cost(Line("cost_unused", "Committed hours not used", "USD", "{owed_usd_1y}+{owed_usd_3y}-{committed_used_usd}",
              "The obligation less what the run uses.", style.USD, "Committed hours that the run does not use"),
         "cost_unused*{owed_paid}"),
    Cost(Line("cost_experiments", "Experiments", "USD", "{experiment_hours}*{flexible_rate}", "Before the run, so before any commitment.",
              style.USD, "Experiments beside the run"), "cost_experiments*{experiments_done}"),
    Cost(Line("cost_data", "Data and labels", "USD", "{data_usd}", "Before the run, with the experiments.", style.USD, "Data and labels"),
         "cost_data*{experiments_done}"),
    Cost(Line("cost_people", "People", "USD",
              "IF({people_usd}>0,{people_usd},{people_share}/(1-{people_share})"
              "*({cost_compute}+{cost_failures}+{cost_other_losses}+{cost_experiments}))",
              "By role, or a share of cost with them.", style.USD, "People"), "cost_people*{plan_share}"),
    Cost(Line("cost_storage", "Storage", "USD", "{storage_tb}*gb_per_tb*{storage_usd_per_gb_month}*{run_months}", "", style.USD,
              "Storage of dataset and checkpoints"), "cost_storage*{run_share}"),
    Cost(Line("cost_energy", "Energy not in the price", "USD", 'IF({energy_in_price}="yes",0,{energy_usd})',
              "0 where the price contains it: nothing is charged twice.", style.USD, "Energy charged beside the price"),
         "cost_energy*{run_share}"),
]  # fmt: skip


_EXPERIMENTS = "EDATE(start_date_shown,-experiment_months_shown)"
CLOCK = [
    TimeRow("run_share", "Of the run's hours, done in the month", "share",
            f"(pre_hours*{part_of('start_date_shown', 'pre_end')}+long_hours*{part_of('long_begin', 'long_end')}"
            f"+post_hours*{part_of('post_begin', 'end_date')})/gpu_hours"),
    TimeRow("experiments_done", "Experiments done in the month", "share", part_of(_EXPERIMENTS, "start_date_shown")),
    TimeRow("plan_share", "Plan done in the month", "share", part_of(_EXPERIMENTS, "end_date")),
    TimeRow("ramp_share", "Delivery in the month", "share",
            part_of("MAX(plan_start,start_date_shown-MAX(1,ramp_months_shown*days_per_month))", "start_date_shown")),
    *owed_clock("start_date_shown"),
    TimeRow("hours_paid", "Of the run's hours, paid in the month", "share",
            "IF(run_usd=0,{run_share},((run_usd-committed_used_usd)*{run_share}+committed_used_usd*{owed_cash})/run_usd)"),
    TimeRow("owed_paid", "Of unused hours, paid in the month", "share", "{owed_cash}"),
]  # fmt: skip


AFTER = [
    TimeRow("planned_before", "Planned before the run", "USD", "IF({end}<=start_date_shown,{paid},0)", style.USD, "SUM({all})"),
    TimeRow("planned_after", "Planned after the run", "USD", "IF({start}>end_date,{paid},0)", style.USD, "SUM({all})"),
    TimeRow("tokens_share", "Tokens done", "share of all", "", style.PERCENT, "IF(ISNUMBER(tokens_done),tokens_done/all_tokens,0)"),
    TimeRow("earned", "Planned cost of what is done", "USD", "", style.USD,
            "IF(tokens_share=0,0,planned_before+tokens_share*(paid-planned_before-planned_after))"),
    TimeRow("variance_by_tokens", "Actually paid against that", "USD", "", style.USD, "IF(tokens_share=0,0,{actual}-earned)",
            "Paid against what was planned for the tokens that are done"),
    TimeRow("forecast_by_tokens", "Forecast at completion, by tokens done", "USD", "", style.USD,
            "IF(tokens_share*{actual}=0,forecast,planned_after+(paid-planned_after)*{actual}/earned)",
            "Forecast at completion: the total, times paid over planned for the tokens that are done"),
]  # fmt: skip


def _bound(end: str, otherwise: str) -> str:
    hours = "{training_flops},{accelerator_id},reference_mfu,{dtype}"
    return f'IFERROR(LLM_ESTIMATE_BOUND("LLM_GPU_HOURS","{end}",{hours})/LLM_GPU_HOURS({hours}),{otherwise})'


def _total_at(hours: str) -> str:
    """The total of a run of so many hours: each commitment is owed for its term, or for the run where that is longer."""
    months = f"{{run_months}}+({hours}-{{gpu_hours}})/{{accelerators_mean}}/hours_per_month"
    owed = "+".join(
        f"{{committed_{term}}}*{{price_{term}}}*(MAX(months_{term},half*{{ramp_months}}+{months})-{{owed_months_{term}}})"
        for term in ("1y", "3y")
    )
    return (
        f"{{total_cost}}+({hours}-{{gpu_hours}})*{{per_hour_moved}}"
        f"+({owed})*hours_per_month*(1+{{contingency}})*(1+{{tax}})"
    )


RESULTS: list[Block] = [
    ("Key figures", [
        Line("cost_per_month", "Cost per month of the plan", "USD/month", "{total_cost}*days_per_month/({plan_end}-{plan_start})",
             "Total over the months from the first payment to the last.", style.USD,
             "Total cost a month of the plan"),
        Line("usd_per_billion_tokens", "Cost of a billion tokens", "USD", "{total_cost}/({all_tokens}/tokens_per_billion)", "",
             style.USD_CENTS, "Total cost of a billion training tokens"),
        Line("usd_per_gpu_hour", "All-in cost of an accelerator-hour", "USD/accelerator-hour",
             "{total_cost}/({gpu_hours}+{experiment_hours})", "Total over the hours of run and experiments.", style.USD_CENTS,
             "Total cost over the accelerator-hours of run and experiments"),
        Line("by_contract", "The same bill by contract", "USD",
             "{flexible_hours}*{flexible_rate}+{owed_usd_1y}+{owed_usd_3y}", "Checks compares it with the lines.", style.USD),
        Line("tokens_per_parameter", "Tokens per parameter", "tokens", "{all_tokens}/{active_parameters}", "Active parameters.",
             style.TENTHS, "Training tokens per active parameter"),
    ]),
    ("Reference class: published whole runs", [
        Line("experiments_moved", "Experiments that go with an hour", "USD/accelerator-hour",
             "IF(ISNUMBER({experiment_gpu_hours}),0,{experiment_share}*{flexible_rate})", "None where their hours are given.", style.RATE),
        Line("per_hour_moved", "What one more hour costs, commitments apart", "USD/accelerator-hour",
             "({flexible_rate}*{flexible_hours}/{gpu_hours}+{experiments_moved}+IF({people_usd}>0,IF(ISNUMBER({people_months}),0,"
             "{people_usd}/{plan_months_long}/{accelerators_mean}/hours_per_month),{people_share}/(1-{people_share})*({run_rate}+{experiments_moved}))"
             "+{cost_storage}/{gpu_hours}+{cost_energy}/({gpu_hours}+IF(ISNUMBER({experiment_gpu_hours}),{experiment_hours},0)))"
             "*(1+{contingency})*(1+{tax})",
             "Committed hours cost nothing more while their term lasts; what is owed beyond it comes on top.", style.RATE),
        Line("reference_hours", "Hours at the reference utilisation", "accelerator-hours",
             "{model_flops}/({peak_flops}*reference_mfu)/seconds_per_hour", "What published hours were divided by: without recomputation.", _INT),
        Line("reference_hours_p50", "Half of published runs paid less", "accelerator-hours", "{reference_hours}*reference_p50",
             "From Published runs.", _INT, "Accelerator-hours of published runs of this size, median"),
        Line("reference_ratio", "This budget over their median", "ratio", "{gpu_hours}/{reference_hours_p50}", "", "0.00",
             "Hours of this budget over the median of published runs"),
        Line("bound_low", "Measured over estimated, a tenth below", "ratio", _bound("low", "reference_p10"),
             "LLM_ESTIMATE_BOUND: four of five whole runs like it lie between; without the functions the published runs' own.", "0.00",
             fact=True),
        Line("bound_high", "A tenth above", "ratio", _bound("high", "reference_p90"), "", "0.00", fact=True),
        Line("hours_p10", "Hours, a tenth below (P10)", "accelerator-hours", "{reference_hours}*({bound_low}+{spot_loss})", "", _INT),
        Line("hours_p90", "Hours, a tenth above (P90)", "accelerator-hours", "{reference_hours}*({bound_high}+{spot_loss})", "", _INT),
        Line("days_p10", "Duration at P10", "days", "{hours_p10}/{accelerators_mean}/hours_per_day", "", style.TENTHS,
             "Duration at the short end of whole runs"),
        Line("days_p90", "Duration at P90", "days", "{hours_p90}/{accelerators_mean}/hours_per_day", "", style.TENTHS,
             "Duration at the long end of whole runs"),
        Line("total_p10", "Total at the tenth (P10)", "USD", _total_at("{hours_p10}"),
             "What moves with the hours of the run; own lines stay.", style.USD, "Total where hours are those of P10"),
        Line("total_p50", "Total at the median (P50)", "USD", _total_at("({reference_hours_p50}+{reference_hours}*{spot_loss})"), "",
             style.USD, "Total where hours are those of P50"),
        Line("total_p90", "Total at nine tenths (P90)", "USD", _total_at("{hours_p90}"),
             "For runs like this one: on accelerators whose runs differ less, the high case may lie above.", style.USD,
             "Total where hours are those of P90"),
    ]),
    ("Is the compute well spent? (Chinchilla scaling law)", [
        Line("law_flops", "Compute in the law's sense", "FLOP", "law_factor*{active_parameters}*{all_tokens}",
             "6 N D, without attention.", _BIG),
        Line("overtrained", "Tokens over the best number", "ratio",
             'IFERROR({all_tokens}/LLM_OPTIMAL_TOKENS({law_flops}),"needs the functions")',
             "Above 1: a smaller model, cheaper to serve, trained longer than the law asks. Needs the functions.", _GB, fact=True),
    ]),
]  # fmt: skip
