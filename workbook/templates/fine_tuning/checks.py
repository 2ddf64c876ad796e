"""What must hold in fine-tuning, and what deserves a look."""

from __future__ import annotations

from .. import style
from ..contracts import SPOT_IS_TAKEN
from ..parts import AT_LEAST, AT_MOST, EQUAL, STOP, WARN, Check
from ..shared_inputs import PEAK_IS_KNOWN, price_checks
from ..sheets import tuning_runs

CHECKS = [
    PEAK_IS_KNOWN,
    *price_checks(),
    SPOT_IS_TAKEN,
    *tuning_runs.CHECKS,
    Check("Hours computed another way",
          'IFERROR(LLM_GPU_HOURS(LLM_TRAIN_FLOPS(model_shown,examples_shown*tokens_per_example_shown*epochs_shown/packing_shown,seq_len_shown)'
          '*IF(method_shown="full",1,adapter_part),accelerator_shown,mfu_used,dtype_shown),run_hours)', EQUAL, "run_hours", STOP,
          "LLM_TRAIN_FLOPS and LLM_GPU_HOURS from the inputs against the arithmetic. Where they differ, a formula was changed: restore it.", "run_hours", style.HUNDREDTHS),
    Check("Memory fits in the machine", "memory_each", AT_MOST, "memory_gb_each*memory_share_shown", STOP,
          "Fewer or shorter sequences at once, or a larger accelerator: their activations stand on each, however many there are.", "micro_batch", '#,##0.0 "GB"'),
    Check("A run fits in one node of eight", "IF(tuning_accelerators>usual_node,0,1)", EQUAL, "1", WARN,
          "More than a node: check the layout with LLM_TRAIN_PLAN.", "micro_batch", "0"),
    Check("Adapters are smaller than the model", "trained_parameters", AT_MOST, "parameters", STOP, "The rank is too large: lower it.", "rank",
          style.WHOLE),
    Check("Memory fits at the high end of measured runs",
          "IF(ISNUMBER(memory_high),memory_high/memory_gb*memory_each,memory_gb_each+1)", AT_MOST, "memory_gb_each*memory_share_shown", WARN,
          "One run in ten takes more than fits, or it is not known: try one step first, or plan one accelerator more.", "memory_high", '#,##0.0 "GB"'),
    Check("Utilisation is yours or estimated", 'IF(mfu_basis="median of Measured runs",0,1)', EQUAL, "1", WARN,
          "These steps are not estimated (or, in a standalone file, were not when it was made): the median of other runs stands for them. "
          "Type your utilisation.", "mfu", "0"),
    Check("Hours are within measured runs, below", "run_hours", AT_LEAST, "IF(ISNUMBER(hours_p10),hours_p10,run_hours+1)", WARN,
          "Fewer hours than nine in ten measured runs took for these steps, or not estimated: is the utilisation of Inputs measured?", "mfu", style.TENTHS),
    Check("Hours are within measured runs, above", "run_hours", AT_MOST, "IF(ISNUMBER(hours_p90),hours_p90,run_hours-1)", WARN,
          "More hours than nine in ten measured runs took for these steps, or not estimated: is the utilisation of Inputs measured?", "mfu", style.TENTHS),
    Check("What is owed is used", "cost_unused", AT_MOST, "quarter*total_cost", WARN,
          "More than a quarter of the bill is for committed hours that no run uses: tuning takes hours, a commitment a year. Pay on demand.",
          "cost_unused", style.USD),
    Check("The runs fit in the project", "(sweep_hours+failed_hours+evaluation_hours_all)/tuning_accelerators", AT_MOST,
          "project_months_shown*hours_per_month", WARN,
          "One after the other the runs take longer than the project: run several at once, which costs the same, or plan for longer.",
          "project_months", '#,##0 "hours"'),
    Check("A run is short enough to repeat", "run_wall_hours", AT_MOST, "hours_per_day*days_per_month", WARN,
          "More than a month: take more accelerators.", "mfu", '#,##0.0 "hours"'),
    Check("Examples fit in a sequence", "tokens_per_example_shown", AT_MOST, "seq_len_shown", WARN, "Longer ones are cut: lengthen the sequences, or shorten the examples.", "seq_len",
          style.WHOLE),
    Check("Data costs something", "cost_data", AT_LEAST, "1", WARN, "Labels cost nothing: fill in what an example costs.", "label_usd",
          style.USD),
    Check("Staff is in the total", "IF(cost_staff>0,1,0)", EQUAL, "1", WARN, "Staff costs nothing: type what a person costs.",
          "usd_per_person", "0"),
]  # fmt: skip
