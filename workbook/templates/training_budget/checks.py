"""What must hold in the training budget, and what deserves a look."""

from __future__ import annotations

from .. import style
from ..parts import AT_LEAST, AT_MOST, EQUAL, STOP, WARN, Check
from ..shared_inputs import PEAK_IS_KNOWN, price_checks

_FLOPS = "+".join(
    f"LLM_TRAIN_FLOPS(model_shown,{name}tokens_shown,{name}seq_len_shown,recompute_shown)"
    f"*ROUNDUP({devices}/node_size_shown,0)*node_size_shown/{devices}"
    for name, devices in (("", "accelerators_shown"), ("long_", "long_devices"), ("post_", "post_devices"))
)
CHECKS = [
    PEAK_IS_KNOWN,
    *price_checks(),
    Check("Bill by cause equals bill by contract",
          "cost_compute+cost_failures+cost_other_losses+cost_unused", EQUAL, "by_contract", STOP,
          "The lines by cause against hours and obligations by contract. Where they differ, a formula was changed: restore it.", "by_contract", style.USD_CENTS),
    Check("Hours computed another way",
          f"IFERROR(LLM_GPU_HOURS({_FLOPS},accelerator_shown,mfu_shown,dtype_shown)*(MAX(whole_run_factor_shown,1/goodput-spot_loss)+spot_loss),gpu_hours)",
          EQUAL, "gpu_hours", STOP,
          "LLM_TRAIN_FLOPS and LLM_GPU_HOURS from the inputs, times losses and whole nodes, against the arithmetic of Calculation. Where they differ, a formula was changed: restore it.", "gpu_hours",
          style.WHOLE),
    Check("Model states fit in the accelerators", "state_gb_each", AT_MOST, "state_gb_room", STOP,
          "Weights, gradients and optimizer over all accelerators against the share of memory on Inputs. Take more "
          "accelerators, or larger ones.", "accelerators", '#,##0.00 "GB"'),
    Check("The interval is longer than a write", "interval_seconds", AT_LEAST, "write_seconds", STOP,
          "Checkpoints cannot be written faster than that: lengthen the interval, or write faster.", "checkpoint_interval",
          '#,##0 "s"'),
    Check("Stops leave time to train", "lost_share", AT_MOST, "half", STOP,
          "More than half of the time is lost to stops: shorten recovery and interval, or take fewer nodes.",
          "node_failures_per_day", style.PERCENT),
    Check("Utilisation has been reached before", "mfu_shown", AT_MOST, "mfu_ceiling", STOP,
          "Published large runs reach 30 to 55 % of the dense peak: lower it.", "mfu", style.PERCENT),
    Check("Hours are within published runs, below", "budget_over_reference", AT_LEAST, "reference_p10", WARN,
          "Fewer hours than nine in ten published whole runs paid: what will you do that they did not?", "whole_run_factor", "0.00"),
    Check("Hours are within published runs, above", "budget_over_reference", AT_MOST, "reference_p90", WARN,
          "More hours than nine in ten published whole runs paid: is the factor meant?", "whole_run_factor", "0.00"),
    Check("Utilisation is within the estimate", "mfu_shown", AT_MOST, "IF(ISNUMBER(estimate_mfu_best),estimate_mfu_best,1)", WARN,
          "Above what the fastest layout is estimated to reach, at the quick end of measured runs: lower it, or measure; see Estimate.",
          "estimate_mfu_best", style.PERCENT),
    Check("A layout fits", "IF(ISNUMBER(plan_rank),1,0)", EQUAL, "1", WARN,
          "No layout fits in memory, or not the one of Inputs: clear it, or take more accelerators; see Estimate. A standalone file "
          "keeps answers for the inputs that it was made with; xlcalc recalc FILE searches again.", "plan_rank", "0"),
    Check("What is owed is used", "cost_unused/total_cost", AT_MOST, "quarter", WARN,
          "More than a quarter of the bill is for committed hours that this run does not use: begin the contract with the "
          "experiments as well (which are now paid on demand, before it), commit fewer accelerators, or for a shorter term.", "cost_unused", style.PERCENT),
    Check("Stops leave enough time", "goodput", AT_LEAST, "goodput_floor", WARN,
          "Shorten recovery or the interval: the best interval stands on Calculation.", "goodput", style.PERCENT),
    Check("The run is not too long", "wall_clock_days", AT_MOST, "longest_run", WARN, "Take more accelerators, or fewer tokens.",
          "accelerators", '#,##0 "days"'),
    Check("Sequences fit the model's context", "MAX(seq_len_shown,(post_tokens_shown>0)*post_seq_len_shown)", AT_MOST,
          "model_context", WARN, "Longer than the published context: shorten the sequences, or be sure that the model takes them.", "seq_len", style.WHOLE),
    Check("Storage is a small part", "cost_storage/total_cost", AT_MOST, "storage_ceiling", WARN,
          "Keep fewer checkpoints.", "checkpoints_kept", style.PERCENT),
    Check("Power is known", "IF(ISNUMBER(system_watts),1,0)", EQUAL, "1", WARN,
          "No TDP is published: energy and emissions are not known. Type watts on Inputs.", "watts", "0"),
    Check("People who are typed are paid",
          "((researchers_shown>0)<>(usd_per_researcher_shown>0))+((engineers_shown>0)<>(usd_per_engineer_shown>0))", EQUAL, "0", STOP,
          "A role has people and no cost, or a cost and no people: type both. Else the total would take the share of people.", "usd_per_researcher", "0"),
    Check("Later phases are as they are typed",
          "+".join(f"IF({name}_tokens_shown>0,(N({name}_start_shown)>0)*(N({name}_start_shown)<{name}_begin),"
                   f"(COUNT({name}_start_shown,{name}_accelerators_shown)>0)*1)" for name in ("long", "post")), EQUAL, "0", WARN,
          "A phase has a day before the phase before it ends, and starts when that does; or it has a day or accelerators, but no tokens.",
          "long_tokens", "0"),
    Check("No more tokens are done than planned", "N(tokens_done)", AT_MOST, "all_tokens", STOP,
          "Tokens done so far exceed the tokens of all phases: correct one of them.", "tokens_done", style.TOKENS),
    Check("People do not follow an own price",
          "(people_usd=0)*(people_share_shown>0)*(COUNT(usd_per_hour_shown,usd_per_hour_spot_shown,usd_per_hour_1y_shown,usd_per_hour_3y_shown)>0)",
          EQUAL, "0", WARN, "People are a share of the cost of hours, which your price moves, salaries with it: type people by role.", "researchers", "0"),
    Check("People are in the total", "IF(cost_people>0,1,0)", EQUAL, "1", WARN,
          "Neither roles nor a share are typed, so the total has no people: type one.", "people_share", "0"),
]  # fmt: skip
