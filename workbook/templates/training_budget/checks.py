"""What must hold in the training budget, and what deserves a look."""

from __future__ import annotations

from .. import style
from ..sheets.checks import AT_LEAST, AT_MOST, EQUAL, SAME, STOP, WARN, Check
from ..sheets.sensitivity import DURATIONS

_VALUES = (
    "prices_used",
    "prices_candidate",
    "models_parameters",
    "calculation_values",
    "estimate_values",
    "timeline_values",
    "dashboard_values",
    "sensitivity_values",
)
_ERRORS = "+".join(f"IF(ISERROR(SUM({name})),1,0)" for name in _VALUES)

CHECKS = [
    Check("Inputs are within their limits", "COUNTIF(inputs_valid,0)", EQUAL, "0", STOP,
          "Inputs marked NO in the column Valid?."),
    Check("No cell shows an error", _ERRORS, EQUAL, "0", STOP,
          "Number of areas with error cells, of Prices, Models, Calculation, Estimate, Timeline, Dashboard and "
          "Sensitivity. The first one on Calculation is the cause."),
    Check("A price is found", "price_selected", AT_LEAST, "0", STOP,
          "No such price on Prices: choose another term, or type usd_per_hour.", '"$"0.00##'),
    Check("The instance carries the chosen accelerator", "price_accelerator", SAME, "accelerator_id", STOP,
          "The instance on Inputs has another accelerator."),
    Check("Total equals LLM_TRAIN_COST, energy charged apart", "total_cost-cost_energy", EQUAL, "bill_total", STOP,
          "The lines of Calculation against the one function that computes the same bill.", style.USD_CENTS),
    Check("Every line equals the function's", "MAX(MAX(bill_difference),-MIN(bill_difference))/MAX(1,total_cost)",
          AT_MOST, "tolerance", STOP,
          "Compute, downtime, repeated work, storage, experiments one by one.", style.SCIENTIFIC),
    Check("Months add up to the total", "SUM(monthly_costs)", EQUAL, "total_cost", STOP,
          "Timeline against Calculation.", style.USD_CENTS),
    Check("The live case is the column of its name", "total_cost", EQUAL, "INDEX(total_cost_cases,scenario_no)", STOP,
          "Live column against low, base or high.", style.USD_CENTS),
    Check("The grid's centre is the live total", "grid_centre", EQUAL, "total_cost", STOP,
          "Only while the factors in the middle of the Sensitivity grid are 1.", style.USD_CENTS),
    Check("One call over ranges gives the grid of days", f"SUM({DURATIONS})", EQUAL, "SUM(days_grid)", STOP,
          "Sensitivity: the functions take whole ranges; the sum of that answer against the sum of the cells.",
          "#,##0.000"),
    Check("Model states fit in the accelerators", "state_gb_each", AT_MOST, "state_gb_room", STOP,
          "Weights, gradients and optimizer over all accelerators against the share of memory on Inputs. "
          "Take more accelerators, or larger ones.",
          '#,##0.00 "GB"'),
    Check("MFU recomputed from the speed", "LLM_MFU(model_id,tokens_per_second,peak_flops,accelerators,seq_len)",
          EQUAL, "model_mfu", STOP,
          "LLM_MFU of the resulting tokens per second.", "0.00%"),
    Check("Peak is the catalog's", "peak_flops", EQUAL,
          'IFERROR(LLM_HARDWARE(accelerator_id,"peak_"&dtype),peak_flops)', WARN,
          "The Hardware sheet was changed; own accelerators are not compared.", style.SCIENTIFIC),
    Check("Price is not stale", "price_age", AT_MOST, "price_age_limit", WARN,
          "Ask for a new quote and type it on Prices or as usd_per_hour, or run: xlcalc prices refresh.",
          '#,##0 "days"'),
    Check("Utilisation is believable", "mfu_used", AT_MOST, "mfu_ceiling", WARN,
          "Published large runs reach 30 to 55 % of the dense peak.",
          style.PERCENT),
    Check("Utilisation is within the estimate", "model_mfu", AT_MOST,
          "IF(ISNUMBER(estimate_mfu_best),estimate_mfu_best,1)", WARN,
          "Above what the fastest layout is estimated to reach, at the quick end of measured runs: see Estimate.",
          style.PERCENT),
    Check("Failures leave enough time", "goodput", AT_LEAST, "goodput_floor", WARN,
          "Shorten recovery or the checkpoint interval: the best interval stands on Calculation.", style.PERCENT),
    Check("Sequences fit the model's context", "seq_len", AT_MOST, "model_context", WARN,
          "Longer than the published context.", style.WHOLE),
    Check("Storage is a small part", "cost_storage/total_cost", AT_MOST, "storage_ceiling", WARN,
          "All checkpoints are kept: give checkpoints_kept on Inputs the number that you would keep.", style.PERCENT),
    Check("Power is known", "power_each", AT_LEAST, "1", WARN,
          "No TDP is published: energy counts as 0. Type watts on Inputs.", '#,##0 "W"'),
    Check("Cases are in order", "MIN(total_cost_cases)", EQUAL, "INDEX(total_cost_cases,1)", WARN,
          "The low case should be the cheapest.", style.USD),
    Check("The run ends within the months shown", "end_date", AT_MOST, "last_month_shown", WARN,
          "What comes later stands in the last column of Timeline.", style.DATE),
]  # fmt: skip
