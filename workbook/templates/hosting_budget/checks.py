"""What must hold in the hosting budget, and what deserves a look."""

from __future__ import annotations

from .. import style
from ..contracts import SPOT_IS_TAKEN
from ..parts import AT_LEAST, AT_MOST, EQUAL, STOP, WARN, Check
from ..serving_checks import FLEET, IN_TIME, LAYOUT, PEAK, SERVED, STAFF
from ..shared_inputs import price_checks

CHECKS = [
    LAYOUT,
    *price_checks(),
    Check("Timeline agrees with the month sized", "INDEX(monthly_costs,1,sizing_month_no+1)",
          EQUAL, "IF(AND(sizing_month_no<plan_months,OR(committed=0,AND(upfront_share_shown=0,sizing_month_no<commitment_months))),total_cost,"
          "INDEX(monthly_costs,1,sizing_month_no+1))", STOP,
          "The month's column of Timeline, computed from traffic again, against Calculation: where they differ, a formula was changed. Not compared after a commitment's end, or where it is paid upfront.", "monthly_costs", style.USD_CENTS),
    PEAK,
    *SERVED,
    SPOT_IS_TAKEN,
    *IN_TIME,
    FLEET,
    Check("It still fits without one replica", "peak_speed", AT_MOST, "(replicas-regions_shown)*replica_speed", WARN,
          "With one replica of each region down, the peak exceeds what is left: add a spare.", "spare_replicas", '#,##0 "tokens/s"'),
    Check("Most of it is used", "utilisation", AT_LEAST, "utilisation_floor", WARN,
          "Replicas are mostly idle: scale with the load, share them, or buy tokens instead.", "autoscale", style.PERCENT),
    *STAFF,
    Check("Lines beside the accelerators are filled in", "IF(cost_network+cost_logs+cost_platform>0,1,0)", EQUAL, "1", WARN,
          "Traffic, logs, load balancer and vector store are 0: fill them in, or be sure.", "egress_usd_per_gb", "0"),
]  # fmt: skip
