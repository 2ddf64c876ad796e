"""What must hold wherever a model is served, and what deserves a look."""

from __future__ import annotations

from . import style
from .parts import AT_LEAST, AT_MOST, EQUAL, STOP, WARN, Check

LAYOUT = Check(
    "A layout meets the limits",
    "IF(COUNTIF(inputs_valid,0)+COUNTIF(overrides_valid,0)>0,1,IF(ISNUMBER(replica_speed),1,0))", EQUAL, "1", STOP,  # entries are named first
    "No layout up to the largest replica fits within both limits: relax them, or allow a larger replica. A standalone file does not know the "
    "replicas of some machines (TPUs): type own_speed and own_accelerators, or search by xlcalc recalc FILE.",
    "max_count", "0", first=True,
)  # fmt: skip
PEAK = Check(
    "The peak fits", "peak_speed", AT_MOST, "replicas*replica_speed", STOP,
    "Output at the peak against all replicas: lower the load at which the limits hold, or raise the least replicas.",
    "replicas", '#,##0 "tokens/s"',
)  # fmt: skip
SLOW_PEAK = Check(
    "The peak fits on slow replicas too", "peak_speed", AT_MOST,
    "IF(ISTEXT(replica_slow),peak_speed-1,replicas*replica_slow*speed_factor_shown)", WARN,
    "If a replica gives what the slowest tenth of measured engines gave, the peak does not fit, or it is not known: measure yours, or "
    "add spares.",
    "replica_slow", '#,##0 "tokens/s"',
)  # fmt: skip


def _in_time(label: str, name: str, limit: str) -> Check:
    return Check(label, f'IF(ISNUMBER({name}),{name},IF({name}="your own",{limit},{limit}+1))', AT_MOST, limit, WARN,
                 "At the peak too many requests wait: lower the load at which the limits hold, or relax the limit.", name, "0.000")  # fmt: skip


HOURS_AGREE = Check(
    "Load by hour agrees with what is paid", "hours_accelerators", EQUAL, "accelerators_paid", STOP,
    "The hours of Load by hour, added one by one, against the accelerators of Calculation.", "hours_accelerators", style.HUNDREDTHS,
)  # fmt: skip
HOURS_FILLED = Check(
    "Every hour of the day has its load", "hours_filled", EQUAL, "hours_per_day", STOP,
    "An hour of Load by hour is blank, negative or no number: 0 is a load, blank is none.", "hours_filled", "0",
)  # fmt: skip
FLEET = Check(
    "The peak is sized by the quantile too", "accelerators_peak", AT_LEAST,
    'IF(ISNUMBER(fleet_low),fleet_low,IF(fleet_low="your own",accelerators_peak,accelerators_peak+1))', WARN,
    "LLM_FLEET, which sizes by the slowest requests and not by a share of the speed, needs more even if engines are quick, or it is not "
    "known: lower the load at which the limits hold.", "fleet_accelerators", style.WHOLE,
)  # fmt: skip
MONTHS_FILLED = Check(
    "Requests typed for a month are numbers", 'COUNTA(requests_typed)-COUNTIF(requests_typed,">=0")', EQUAL, "0", STOP,
    "A text or a negative number among the months of Load by hour would count as blank: type a number, 0 too.", "requests_typed", "0",
)  # fmt: skip
CONTEXT = Check(
    "Requests fit the context", "IF(model_context>0,prompt_tokens_shown+served_tokens,0)", AT_MOST, "model_context", STOP,
    "Prompt and output together are longer than the published context: shorten them, or choose another model.", "prompt_tokens", style.WHOLE,
)  # fmt: skip
OWN_REPLICA = Check(
    "Own speed has its accelerators",
    'IF(OR(ISNUMBER(own_speed_shown)=ISNUMBER(own_accelerators_shown),AND(replica_by_shown="fewest",ISNUMBER(own_accelerators_shown))),0,1)',
    EQUAL, "0", STOP, "Give both, the speed of the replica that you measured and its accelerators, or neither.", "own_accelerators", "0",
)  # fmt: skip
FEWEST_IN_TIME = Check(
    "The fewest accelerators keep both limits",
    'IF(replica_by_shown="fewest",MAX(N(replica_ttft)/ttft_slo_shown,N(replica_tpot)/tpot_slo_shown),0)', AT_MOST, "1", STOP,
    "As a share of the limits: take fewer requests at once, or type more accelerators.", "replica_batch", style.PERCENT,
)  # fmt: skip
SIZED_IN_PLAN = Check(
    "The month sized lies in the plan", "sizing_month_no", AT_MOST, "plan_months-1", STOP,
    "Choose an earlier month, counted from 0, or plan for longer.", "sizing_month_no", "0",
)  # fmt: skip
OWED_AFTER = Check(
    "Commitments end with the plan", "MAX((committed_1y>0)*months_1y,(committed_3y>0)*months_3y)", AT_MOST, "plan_months", WARN,
    "A contract outlasts the plan: Timeline pays it to its end, for nothing. Plan for longer, or commit for less.", "horizon_months", "0",
)  # fmt: skip
STILL_COMMITTED = Check(
    "The commitment runs in the month sized", "IF(committed>0,sizing_month_no+1,0)", AT_MOST,
    "IF(committed>0,commitment_months,0)", WARN,
    "The month is shown at the contract's price, but on Timeline the contract has ended by then and hours are paid on demand: size an "
    "earlier month, or type the price of its renewal.", "sizing_month_no", "0",
)  # fmt: skip
STAFF = [
    Check("Staff is typed with its cost", "((staff_shown>0)<>(usd_per_person_shown>0))*1", EQUAL, "0", STOP,
          "There are people without a cost, or a cost without people, so the total has none: type both.", "staff", "0"),
    Check("Staff is in the total", "IF(cost_staff>0,1,0)", EQUAL, "1", WARN,
          "No staff is typed, so the total has no people: type how many, and what one costs.", "staff", "0"),
]  # fmt: skip
SERVED = [
    CONTEXT,
    MONTHS_FILLED,
    HOURS_FILLED,
    HOURS_AGREE,
    SLOW_PEAK,
    STILL_COMMITTED,
    OWED_AFTER,
    OWN_REPLICA,
    FEWEST_IN_TIME,
    SIZED_IN_PLAN,
]
"""Those of every workbook that serves."""
IN_TIME = [
    _in_time("First tokens are in time at the peak", "peak_ttft", "ttft_slo_shown"),
    _in_time("Further tokens are in time at the peak", "peak_tpot", "tpot_slo_shown"),
]
