"""What must hold in self-host or API, and what deserves a look."""

from __future__ import annotations

from .. import style
from ..contracts import SPOT_IS_TAKEN
from ..parts import AT_LEAST, AT_MOST, EQUAL, STOP, WARN, Check
from ..serving_checks import FLEET, IN_TIME, LAYOUT, PEAK, SERVED, STAFF
from ..shared_inputs import price_checks

CHECKS = [
    LAYOUT,
    *price_checks(),
    *SERVED,
    SPOT_IS_TAKEN,
    *IN_TIME,
    FLEET,
    Check("API prices are found", "IF(AND(ISNUMBER(api_input_price),ISNUMBER(api_output_price)),1,0)", EQUAL, "1", STOP,
          "The hosted model has no listed price: choose another, or add your contract on API prices.", "api_model", "0"),
    Check("API bill computed another way",
          "IFERROR(MAX(api_commitment_shown,LLM_API_COST(api_model_shown,prompt_tokens_shown,output_tokens_shown,requests_month,"
          "IF(ISNUMBER(INDEX(api_cached,api_row)),api_cached_part,0))*api_discount*api_now)*(1+contingency_shown)*(1+tax_shown),api_usd)", EQUAL, "api_usd", STOP, "LLM_API_COST against the arithmetic. Where they differ, a formula was changed: restore it.", "api_usd", style.USD_CENTS),
    Check("Staircase agrees with the month sized", "staircase_own", EQUAL, "total_cost-cost_once*(1+contingency_shown)*(1+tax_shown)", STOP,
          "The row of Staircase at the traffic that is sized. Where they differ, a formula was changed: restore it.", "staircase_own", style.USD_CENTS),
    Check("Both cost the same where they cross", "IF(ISNUMBER(breakeven_requests),breakeven_own,breakeven_api)", EQUAL, "breakeven_api", WARN,
          "The row of Staircase at that volume: where a replica takes a part of a node, the crossing is right to a node.", "breakeven_own", style.USD_CENTS),
    PEAK,
    Check("What is committed at the API is used", "api_commitment_shown", AT_MOST,
          "MAX(api_commitment_shown*tolerance,requests_month*api_usd_per_request*api_now)", WARN,
          "The month sized buys less than is committed, and pays for it: commit less.", "api_commitment", style.USD),
    Check("API prices are not stale", "report_date-INDEX(api_as_of,api_row)", AT_MOST, "price_age_limit", WARN,
          "The hosted model's price is old: read the provider's page.", "api_model", '#,##0 "days"'),
    Check("Migration and evaluation are filled in", "migration_usd_shown+evaluation_usd_shown", AT_LEAST, "1", WARN,
          "Migration and evaluation are 0: fill them in, or be sure.", "migration_usd", style.USD),
    *STAFF,
]  # fmt: skip
