"""What must hold in the hosting budget, and what deserves a look."""

from __future__ import annotations

from .. import style
from ..parts import AT_LEAST, AT_MOST, EQUAL, STOP, WARN, Check
from ..serving_parts import FLEET, HOURS_AGREE, HOURS_FILLED, IN_TIME, SEARCHED, SLOW_PEAK, STILL_COMMITTED
from ..shared_inputs import price_checks

CHECKS = [
    SEARCHED,
    *price_checks(),
    Check("Timeline agrees with the month sized", "INDEX(monthly_costs,1,sizing_month_no+1)",
          EQUAL, "IF(AND(sizing_month_no<plan_months,OR(committed=0,sizing_month_no<commitment_months)),total_cost,"
          "INDEX(monthly_costs,1,sizing_month_no+1))", STOP,
          "The month's column of Timeline, computed from traffic again, against Calculation; not compared after a commitment's end.", "monthly_costs", style.USD_CENTS),
    Check("A layout meets the limits", "IF(ISNUMBER(replica_speed),1,0)", EQUAL, "1", STOP,
          "No layout up to the largest replica fits and meets both limits: relax them, or allow a larger replica.", "ttft_slo", "0"),
    Check("Own speed has its accelerators",
          "IF(AND(ISNUMBER(own_speed_shown),NOT(ISNUMBER(own_accelerators_shown))),0,1)", EQUAL, "1", STOP,
          "Give the accelerators of the replica that you measured.", "own_accelerators", "0"),
    Check("The peak fits", "peak_speed", AT_MOST, "replicas*replica_speed", STOP, "Output at the peak against all replicas.", "replicas",
          '#,##0 "tokens/s"'),
    HOURS_FILLED,
    HOURS_AGREE,
    SLOW_PEAK,
    STILL_COMMITTED,
    *IN_TIME,
    FLEET,
    Check("It still fits without one replica", "peak_speed", AT_MOST, "(replicas-regions_shown)*replica_speed", WARN,
          "With one replica of each region down, the peak exceeds what is left: add a spare.", "spare_replicas", '#,##0 "tokens/s"'),
    Check("Most of it is used", "utilisation", AT_LEAST, "utilisation_floor", WARN,
          "Replicas are mostly idle: scale with the load, share them, or buy tokens instead.", "autoscale", style.PERCENT),
    Check("Staff is in the total", "IF(cost_staff>0,1,0)", EQUAL, "1", WARN, "No staff is typed: the total has no people.", "staff", "0"),
    Check("Lines beside the accelerators are filled in", "IF(cost_network+cost_logs+cost_platform>0,1,0)", EQUAL, "1", WARN,
          "Traffic, logs, load balancer and vector store are 0: fill them in, or be sure.", "egress_usd_per_gb", "0"),
]  # fmt: skip
