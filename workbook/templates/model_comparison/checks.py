"""What must hold in the comparison, and what deserves a look."""

from __future__ import annotations

from .. import style
from ..parts import AT_LEAST, AT_MOST, EQUAL, STOP, WARN, Check
from ..serving_checks import (
    HOURS_AGREE,
    HOURS_FILLED,
    OWED_AFTER,
    OWN_REPLICA,
    SEARCHED,
    SIZED_IN_PLAN,
    SLOW_PEAK,
    STILL_COMMITTED,
)
from ..shared_inputs import SPOT_IS_TAKEN, price_checks

CHECKS = [
    SEARCHED,
    *price_checks(),
    HOURS_FILLED,
    HOURS_AGREE,
    SLOW_PEAK,
    STILL_COMMITTED,
    OWED_AFTER,
    OWN_REPLICA,
    SIZED_IN_PLAN,
    SPOT_IS_TAKEN,
    Check("A layout meets the limits", "IF(ISNUMBER(replica_speed),1,0)", EQUAL, "1", STOP,
          "No layout up to the largest replica fits and meets both limits: relax them, or allow a larger replica.", "ttft_slo", "0"),
    Check("Every candidate has a cost", "COUNT(total_cost_scenarios)", EQUAL, "COLUMNS(total_cost_scenarios)", STOP,
          "A candidate does not fit in the largest replica, or is unknown: its column on Calculation shows which.", "total_cost_scenarios", "0"),
    Check("Hosted twin has a price", "IF(ISNUMBER(api_usd_per_million),1,0)", EQUAL, "1", STOP,
          "Choose another row of API prices.", "api_model", "0"),
    Check("The context is long enough", "model_context", AT_LEAST, "least_context", WARN, "The candidate shown has a shorter context: leave it out, or ask for less.",
          "least_context", style.WHOLE),
    Check("Requests fit the context", "prompt_tokens_shown+output_tokens_shown", AT_MOST, "model_context", WARN,
          "Prompt and output together are longer than the published context: shorten them, or choose another candidate.", "prompt_tokens", style.WHOLE),
    Check("Quality is scored", 'IF(ISNUMBER(quality_points),1,0)', EQUAL, "1", WARN,
          "Type your score of each candidate on Scenarios: without it cost alone decides.", "quality", "0"),
]  # fmt: skip
