"""What must hold in the comparison, and what deserves a look."""

from __future__ import annotations

from ..contracts import SPOT_IS_TAKEN
from ..parts import EQUAL, SAME, STOP, WARN, Check
from ..serving_checks import LAYOUT, SERVED
from ..shared_inputs import price_checks

CHECKS = [
    LAYOUT,
    *price_checks(),
    *SERVED,
    SPOT_IS_TAKEN,
    Check("Every candidate has a cost", "COUNT(total_cost_scenarios)", EQUAL, "COLUMNS(total_cost_scenarios)", STOP,
          "A candidate does not fit in the largest replica, or is unknown: Cost and quality shows which. The others are compared without it.",
          "front_values", "0", first=True),
    Check("Candidates are called by their own model", "misnamed_all", EQUAL, "0", STOP,
          "A column of Scenarios has the name of one model and holds another: type its name anew.", "scenario_list", "0"),
    Check("Hosted twins are the same models", "other_twins", EQUAL, "0", WARN,
          "A twin on API prices is not called by the model's name: is it the same one?", "api_model", "0"),
    Check("Hosted twin has a price", "IF(ISNUMBER(api_usd_per_million),1,0)", EQUAL, "1", STOP,
          "Choose another row of API prices.", "api_model", "0"),
    Check("The candidate shown is compared", "left_out", SAME, '"–"', WARN, "It has no rank: choose another, or change what it is left out for.",
          "left_out"),
    Check("Licences are read", "licences_unread", EQUAL, "0", WARN,
          "So many candidates' licences nobody has judged: read them, and type yes or no for each on Scenarios.", "licence_allows", "0"),
    Check("Quality is scored", "unscored", EQUAL, "0", WARN,
          "Type your score of each candidate on Scenarios: one without it has no rank, and without any cost alone decides.", "quality", "0"),
]  # fmt: skip
