"""What must hold in the cluster's cost, and what deserves a look."""

from __future__ import annotations

from .. import style
from ..parts import AT_LEAST, AT_MOST, EQUAL, STOP, WARN, Check
from ..shared_inputs import WHOLE_MONTHS, price_checks

CHECKS = [
    *price_checks(mixed=False),
    WHOLE_MONTHS,
    Check("The price of a system is that of this one",
          "(usd_per_system_shown=listed_system_usd)*((accelerator_id<>listed_system_accelerator)+(node_size_shown<>listed_system_size)>0)",
          EQUAL, "0", STOP, "The price is still that of a server with eight H100: type what a system of the chosen accelerator and size costs.",
          "usd_per_system", "0"),
    Check("Capital by PMT equals capital by the factor",
          "IF(discount_rate_shown=0,(capital_today-residual_usd)/life_years,-PMT(discount_rate_shown,life_years,capital_today,-residual_usd))", EQUAL, "capital_year", STOP,
          "Excel's PMT against the capital recovery factor. Where they differ, a formula was changed: restore it.", "capital_year", style.USD_CENTS),
    Check("Depreciation ends at the residual value", "depreciated", EQUAL, "capex-residual_usd", STOP,
          "The months' depreciation against capital less residual value. Where they differ, a formula was changed: restore it.", "depreciated", style.USD_CENTS),
    Check("The loan is repaid within the life", "IF(financed_share_shown>0,loan_months_shown,0)", AT_MOST, "life_months_shown", STOP,
          "Shorten the loan, or lengthen the life.", "loan_months", style.WHOLE),
    Check("Power is known", "IF(ISNUMBER(system_watts),1,0)", EQUAL, "1", STOP,
          "No TDP is published: type watts on Inputs. Missing is not 0.", "watts", "0"),
    Check("Owning beats renting at the use planned", "utilisation_shown", AT_LEAST, "breakeven_use", WARN,
          "Below the use at which owning breaks even with renting on demand: rent, or fill the machines.", "breakeven_use", style.PERCENT),
    Check("Owning beats a commitment for three years", "own_usd_per_hour", AT_MOST, "reserve_usd_per_hour", WARN,
          "A three-year contract is cheaper by the hour: ask for a quote and type it as usd_per_hour_3y.", "reserve_usd_per_hour", style.USD_CENTS),
    Check("Owning beats renting at the high end of prices too", "total_p90", AT_MOST, "rent_month", WARN,
          "At P90 of the prices of systems and electricity, renting the same hours on demand is cheaper: get a quote.", "total_p90", style.USD),
    Check("People who are typed are paid", "((staff_shown>0)<>(usd_per_person_shown>0))*1", EQUAL, "0", STOP,
          "There are people and no cost, or a cost and no people: type both, or neither.", "staff", "0"),
    Check("Offers are numbers within limits",
          'COUNTA(offers_typed)-COUNTIF(offers_typed,">=0")+COUNTIF(offers_support,">1")+COUNTIF(offers_goodput,">1")', EQUAL, "0", STOP,
          "A text, a number below 0, or a share above 1 is typed on Offers and would count for nothing, or wrongly.", "offers_typed", "0"),
    Check("Renting is compared at the offers",
          "IF(ISNUMBER(best_offer_usd_per_hour),1-MIN(1,COUNT(usd_per_hour_shown,usd_per_hour_1y_shown,usd_per_hour_3y_shown)),0)", EQUAL, "0", WARN,
          "Offers are typed, and renting is compared at listed prices: type the best offer's price on Inputs, by its term.", "best_offer_usd_per_hour", "0"),
    Check("Staff is in the total", "IF(cost_staff>0,1,0)", EQUAL, "1", WARN, "No staff is typed, so the total has no people: type how many.", "staff", "0"),
    Check("Storage, control plane, delivery are filled in", "IF(cost_storage+cost_delivery>0,1,0)", EQUAL, "1", WARN,
          "They are 0: fill them in, or be sure.", "storage_usd", "0"),
]  # fmt: skip
